/* What went wrong in the world: an errno and one sentence with its context.
 *
 * Functions that can fail take a struct krux_err as their last parameter and return a negative
 * number after filling it; success leaves it alone. Callers add context on the way up. */
#ifndef KRUX_ERR_H
#define KRUX_ERR_H

#include <stdint.h>

struct krux_err {
	int no;             /* errno; 0: not a matter of the system (bad input, a refusal) */
	char text[512];     /* "open the log: log/00000000.seg: Permission denied" */
};

/* Fills it; no != 0 adds what the errno means. Too long a text is cut. err may be NULL; errno
 * stays as it is. Returns -1. */
int err_set(struct krux_err *err, int no, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "context: " in front. Returns -1. */
int err_wrap(struct krux_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__   /* sees one file at a time */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#endif

#endif
