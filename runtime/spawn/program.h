/* The programs of commands: files of the host, copied into memory that nobody can change and checked there, so that what
 * has the digest is what runs. */
#ifndef KRUX_PROGRAM_H
#define KRUX_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

struct krux_capability;
struct krux_err;
struct loaded;

/* A sealed copy of the program of a command, which can be executed. -1 with *err: it cannot be read, is another one than
 * is pinned, or no ELF file (a script would bring its interpreter). */
int program_open(const struct krux_capability *, struct krux_err *err);

struct programs {
	int *fd;                       /* by index of the capabilities; -1: none yet */
	size_t n;
};

/* Opens those of all commands; one that cannot be opened is looked for again by each call. -1 with *err: out of memory. */
int programs_open(struct programs *, const struct loaded *, struct krux_err *err);
/* Some capability of the bundle is a command that is run. */
bool programs_needed(const struct loaded *);
/* One of those connects. */
bool programs_connect(const struct loaded *);
/* Of the i-th capability, a command. The descriptor stays the callee's; -1 with *err. */
int programs_get(struct programs *, const struct krux_capability *, size_t i, struct krux_err *err);
void programs_close(struct programs *);

#endif
