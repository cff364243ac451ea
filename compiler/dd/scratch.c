/* Arenas for the work at hand, kept where a limit finds them, and for the next that asks. */
#include <stdlib.h>

#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"

static struct arena **open;          /* those in use first */
static size_t nopen, nmade, cap_open;

struct arena *scratch_open(void)
{
	STORE_ROOM(open, nopen + 1, cap_open);
	if (nopen == nmade)
		open[nmade++] = arena_new();
	return open[nopen++];
}

void scratch_close(void)
{
	arena_clear(open[--nopen]);
}

size_t scratch_depth(void)
{
	return nopen;
}

void scratch_release(size_t n)
{
	while (nopen > n)
		scratch_close();
}

void scratch_free(void)
{
	while (nmade)
		arena_free(open[--nmade]);
	nopen = 0;
	ROOM_FREE(open, cap_open);
}
