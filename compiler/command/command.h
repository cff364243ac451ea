/* Commands of kruxc. Each takes parsed options and returns the exit code: 0 yes or same, 1 no or
 * differs, 2 wrong usage or bad input, 3 the system failed. */
#ifndef KRUX_COMMAND_H
#define KRUX_COMMAND_H

#include <stdio.h>

#include "compiler/pipeline.h"

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

struct options {
	const char *command;
	char **arg;                   /* what is no option */
	size_t nargs;
	char **capdir;                /* -I */
	size_t ncapdirs;
	const char *output;           /* -o */
	const char *key;
	const char *agent;
	const char *facts;
	const char *that;             /* prove --that */
	const char *id;               /* policy id of a bundle */
	const char *compiler_reads, *allow_missing;      /* as struct cc_allowed has them */
	uint64_t serial;
	enum diag_format format;
	bool json, explain, deny_widening, strict, check, write, dev;
};

typedef int command_fn(const struct options *);

command_fn command_build, command_check, command_fmt, command_table, command_schema, command_doc, command_eval,
	command_test, command_diff, command_prove, command_replay, command_import, command_explain,
	command_keygen, command_completion;

/* ---- confine.c ---- */

enum command_writes {
	WRITES_NOTHING,
	WRITES_OUTPUT,                /* what -o names */
	WRITES_BUILD,                 /* that, and what the C compiler, which it starts, works in */
	WRITES_IN_PLACE,              /* its arguments, with --write */
	WRITES_NAMES,                 /* files beside its arguments */
};
/* For good, before anything is read. Where the kernel has no Landlock or no seccomp, without that. False after an error
 * message. */
bool command_confine(const struct options *, enum command_writes);

/* ---- shared by commands ---- */

/* Reads, resolves and decides what the positional arguments from `first` to `last` and -I name. */
struct pipeline *command_load(const struct options *, size_t first, size_t last, bool *ok);
/* False, after a diagnostic, where -o names a file that was read; command_load has looked. */
bool output_check(const struct options *, struct pipeline *);
/* The same of one file that is to be written. */
bool output_spares(struct pipeline *, const char *output, char *const *input, size_t n);
/* Prints diagnostics and frees; the exit code for them, or `code` when there was no error. */
int command_end(struct pipeline *, const struct options *, int code);
/* The same where diagnostics are what the command is for: JSON and SARIF are its output. */
int command_end_output(struct pipeline *, const struct options *, int code);
/* Writes text to -o or standard output; false after an error message. */
struct buf;
bool command_output(const struct options *, const struct buf *);
/* To a file, in place of what it was, whole or not at all (save.c); false after an error message. */
bool file_save(const char *path, const void *p, size_t n);
/* False after the error message that file_save would have for it as it stands; a disk may still be full. */
bool file_may_save(const char *path);
/* All of it; false with errno. */
bool fd_write(int fd, const char *p, size_t n);
/* EXIT_SYSTEM, after an error message, where standard output took less than was written. */
int command_output_end(int code);
/* One line on standard error; names and texts of users in it are escaped. */
void command_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Text of users on a terminal, escaped. */
void screen_print(FILE *, const char *);
/* Prints `kruxc COMMAND: text` and returns EXIT_USAGE. */
int command_usage(const struct options *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
