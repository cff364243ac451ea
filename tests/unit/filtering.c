/* Groups to their filter. */
#include "tests/unit/filtering.h"

#include <check.h>

struct arena *filtering_arena;

void filtering_setup(void)
{
	filtering_arena = arena_new();
}

void filtering_teardown(void)
{
	arena_free(filtering_arena);
}

const struct filter *filtering_made(unsigned groups)
{
	struct filter *f = ARENA_NEW(filtering_arena, struct filter);
	const char *why;

	ck_assert_msg(filter_make(filtering_arena, groups, f, &why), "%s", why);
	return f;
}
