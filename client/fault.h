/* What went wrong, for who called the library. */
#ifndef KRUX_FAULT_H
#define KRUX_FAULT_H

#include "client/krux.h"

struct frame;

/* Fills *fault, which may be NULL; no != 0 adds what the errno means. Returns code. */
int fault_set(struct krux_fault *fault, int code, int no, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__   /* sees one file at a time */
#define fault_set(fault, code, ...) (fault_set(fault, code, __VA_ARGS__), (code))
#endif
/* From an error message of the daemon. */
int fault_frame(struct krux_fault *fault, const struct frame *error);

#endif
