/* Byte buffers that grow. */
#include "compiler/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void buf_room(struct buf *b, size_t n)
{
	size_t want = b->cap ? b->cap : 256;

	if (n > SIZE_MAX / 2 - b->n) {
		fputs("kruxc: out of memory\n", stderr);
		exit(3);
	}
	while (want < b->n + n)
		want *= 2;
	if (want == b->cap)
		return;
	b->p = realloc(b->p, want);
	if (!b->p) {
		fputs("kruxc: out of memory\n", stderr);
		exit(3);
	}
	b->cap = want;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return;
	buf_room(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_str(struct buf *b, struct krux_str s)
{
	buf_put(b, s.p, s.n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	buf_room(b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
