/* Open descriptors to the few that the call needs. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

enum { KEEP_MAX = 20 };

static int int_cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all from 3 on but those n, which are sorted here. */
static int others_close(const int *keep, size_t n)
{
	int sorted[KEEP_MAX] = { 0 };
	unsigned from = 3;

	for (size_t i = 0; i < n; i++)
		sorted[i] = keep[i];
	qsort(sorted, n, sizeof *sorted, int_cmp);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < (int)from)
			continue;
		if (sorted[i] > (int)from && close_range(from, (unsigned)sorted[i] - 1, 0))
			return -1;
		from = (unsigned)sorted[i] + 1;
	}
	return close_range(from, ~0U, 0);
}

/* These to /dev/null. */
static int standard_close(int first, int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int fd = first; fd <= last; fd++) {
#if SANITIZED
		if (fd == 2)
			continue;      /* where the sanitizer speaks */
#endif
		if (dup2(null, fd) < 0)
			return -1;
	}
	return 0;
}

int descriptors_rest(const int *keep, size_t n)
{
	return n > KEEP_MAX ? -1 : others_close(keep, n);
}

int descriptors_close(const int *keep, size_t n)
{
	return n > KEEP_MAX || standard_close(0, 2) ? -1 : others_close(keep, n);
}

int descriptors_only(const int *keep, size_t n)
{
	return n > KEEP_MAX || standard_close(0, 1) ? -1 : others_close(keep, n);
}
