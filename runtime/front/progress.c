/* Bytes and time to a line. */
#include "runtime/front/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 40 };

static const uint64_t second = 1000000000;

static uint64_t now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t))
		return 0;
	return (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, const char *what)
{
	*p = (struct progress){ .what = what, .start = now(), .terminal = isatty(STDERR_FILENO) };
}

void progress_tell(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	uint64_t t = now(), left;
	char bar[WIDTH + 1];
	size_t full;

	if (!p->terminal || t - p->start < second || t - p->last < second / 5 || !total)
		return;
	if (done > total)
		done = total;
	p->last = t;
	p->shown = true;
	full = (size_t)((double)done / (double)total * WIDTH);
	memset(bar, '.', WIDTH);
	memset(bar, '#', full);
	bar[WIDTH] = 0;
	left = done ? (uint64_t)((double)(t - p->start) / (double)done * (double)(total - done) / (double)second) : 0;
	fprintf(stderr, "\r%s [%s] %llu of %llu MiB, %llu s left \033[K", p->what, bar,
	        (unsigned long long)(done >> 20), (unsigned long long)(total >> 20), (unsigned long long)left);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}
