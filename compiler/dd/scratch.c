/* Arenas for the work at hand, kept where a limit finds them. */
#include <stdlib.h>

#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"

static struct arena **open;
static size_t nopen, cap_open;

struct arena *scratch_open(void)
{
	STORE_ROOM(open, nopen + 1, cap_open);
	open[nopen] = arena_new();
	return open[nopen++];
}

void scratch_close(void)
{
	arena_free(open[--nopen]);
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
	ROOM_FREE(open, cap_open);
}
