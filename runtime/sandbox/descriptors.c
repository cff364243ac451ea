/* Open descriptors to the few that the call needs. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

enum { KEEP_MAX = 16 };

static int int_cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int descriptors_close(const int *keep, size_t n)
{
	int sorted[KEEP_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned from = 3;

	if (null < 0 || n > KEEP_MAX)
		return -1;
	for (size_t i = 0; i < n; i++)
		sorted[i] = keep[i];
	qsort(sorted, n, sizeof *sorted, int_cmp);
	for (int fd = 0; fd < 3; fd++) {
#if SANITIZED
		if (fd == 2)
			continue;      /* where the sanitizer speaks */
#endif
		if (dup2(null, fd) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < (int)from)
			continue;
		if (sorted[i] > (int)from && close_range(from, (unsigned)sorted[i] - 1, 0))
			return -1;
		from = (unsigned)sorted[i] + 1;
	}
	return close_range(from, ~0U, 0);
}
