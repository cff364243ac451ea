/* The values of one variable with which a function is true for some request: all of them, and no
 * others. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/diagrams.h"

static const char *const globs[] = { "/**", "/a/**", "/workspace/**", "**/.git/**", "/a/*", "**/x", "/a", "/b/c" };
enum { GLOBS = sizeof globs / sizeof *globs };

static uint32_t path_in(const char *glob)
{
	return dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, glob));
}

static uint32_t number_to(uint64_t hi)
{
	return dd_cond(m, number_in(on_field(F_NUMBER), 0, hi));
}

/* Together with a condition on the variable alone, either has a request where the other has. */
static void exact(uint32_t f, uint32_t all, uint32_t q)
{
	ck_assert_int_eq(dd_satisfiable(m, dd_and(m, f, q)), dd_satisfiable(m, dd_and(m, all, q)));
}

START_TEST(random_functions)
{
	for (int i = 0; i < 40; i++) {
		struct subject path = on_field(F_PATH), n = on_field(F_NUMBER);
		uint32_t f, paths, numbers;

		random_start((uint64_t)_i * 100 + (uint64_t)i + 7);
		f = dd_cond(m, random_cond(4));
		paths = dd_project(m, arena, f, dd_value_at(m, &path.access));
		numbers = dd_project(m, arena, f, dd_value_at(m, &n.access));
		ck_assert(!dd_overflow(m));
		dd_check(m, paths);
		dd_check(m, numbers);
		ck_assert_uint_eq(dd_and(m, f, paths), f);
		for (unsigned k = 0; k < GLOBS; k++) {
			uint32_t g = path_in(globs[k]);

			exact(f, paths, g);
			exact(f, paths, dd_not(m, g));
			exact(f, paths, dd_and(m, g, path_in(globs[random_below(GLOBS)])));
		}
		for (unsigned k = 0; k < 6; k++) {
			uint32_t g = number_to(random_below(200));

			exact(f, numbers, g);
			exact(f, numbers, dd_not(m, g));
		}
		ck_assert_uint_eq(dd_project(m, arena, paths, dd_value_at(m, &path.access)), paths);
	}
}
END_TEST

START_TEST(constants_and_strangers)
{
	struct subject path = on_field(F_PATH);
	uint32_t var = dd_value_at(m, &path.access), below = path_in("/a/**");

	ck_assert_uint_eq(dd_project(m, arena, DD_FALSE, var), DD_FALSE);
	ck_assert_uint_eq(dd_project(m, arena, DD_TRUE, var), DD_TRUE);
	ck_assert_uint_eq(dd_project(m, arena, below, var), below);
	ck_assert_uint_eq(dd_project(m, arena, number_to(5), var), DD_TRUE);
	ck_assert_uint_eq(dd_project(m, arena, dd_and(m, below, number_to(5)), var), below);
	ck_assert_uint_eq(dd_project(m, arena, below, dd_agent_var(m)), DD_TRUE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("project");
	TCase *t = tcase_create("project");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_functions, 0, 6);
	tcase_add_test(t, constants_and_strangers);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
