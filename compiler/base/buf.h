/* A growing byte buffer for text that is being written. Malloc-backed; caller frees. */
#ifndef KRUX_BUF_H
#define KRUX_BUF_H

#include "capspec/value.h"

struct buf {
	char *p;
	size_t n, cap;
};

void buf_put(struct buf *, const void *p, size_t n);
void buf_puts(struct buf *, const char *s);
void buf_putc(struct buf *, char c);
void buf_str(struct buf *, struct krux_str);
/* Only for our own words and numbers; text of users goes through an escaper. */
void buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *);

#endif
