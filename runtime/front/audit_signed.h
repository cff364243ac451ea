/* What was signed about a log, held against the log. */
#ifndef KRUX_AUDIT_SIGNED_H
#define KRUX_AUDIT_SIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct krux_err;
struct state;

enum { SIGNED_LINES = 16, SIGNED_LINE = 224, SIGNED_FILES = 16 };

struct signed_report {
	bool key;                    /* the key of the log is known */
	size_t checkpoints;          /* good ones, but for: */
	size_t acknowledged;         /* of records whose loss an operator has acknowledged */
	bool since;                  /* the last such word is in a tree that was signed; or there was none */
	uint64_t last, witnessed;    /* records of the greatest; of the greatest that a witness cosigned */
	unsigned witnesses;          /* on that */
	unsigned epochs;             /* keys of starts that the log's key certified */
	bool no_last, no_history;    /* log/checkpoint, log/checkpoints is not there */
	bool elsewhere;              /* a checkpoint that was held elsewhere was compared */
	uint64_t faults;             /* all; the first ones in words: */
	char fault[SIGNED_LINES][SIGNED_LINE];
};

/* file: checkpoints that the reader held elsewhere, NULL behind the last. live: one may just be written. Negative with
 * *err. */
int audit_signed(const struct state *, const char *const *file, bool live, struct signed_report *out,
                 struct krux_err *err);

#endif
