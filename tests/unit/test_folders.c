/* Folders of a set of paths: those that a reader would name, and always enough. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/plan/folders.h"
#include "tests/unit/diagrams.h"

static uint32_t path_in(const char *glob)
{
	return dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, glob));
}

/* Alternatives up to NULL. */
static uint32_t paths_in(const char *const *glob)
{
	uint32_t f = DD_FALSE;

	for (; *glob; glob++)
		f = dd_or(m, f, path_in(*glob));
	return f;
}

static const struct {
	const char *glob[6];           /* the set, */
	const char *but;               /* without this */
	const char *read, *changed;    /* folders, each in brackets */
} sets[] = {
	{ { "/workspace/a/**" }, NULL, "(a)", "()" },
	{ { "/workspace/a/**" }, "/workspace/a", "(a)", "(a)" },
	{ { "/workspace/a/*" }, NULL, "(a)", "(a)" },
	{ { "/workspace/a/b*" }, NULL, "(a)", "(a)" },
	{ { "/workspace/a" }, NULL, "(a)", "()" },
	{ { "/workspace/a/b/c" }, NULL, "(a/b/c)", "(a/b)" },
	{ { "/workspace/a/b/c", "/workspace/a/b/d" }, NULL, "(a/b/c)(a/b/d)", "(a/b)" },
	{ { "/workspace/a/x", "/workspace/ab/x" }, NULL, "(a/x)(ab/x)", "(a)(ab)" },
	{ { "/workspace/b/*", "/workspace/a/*" }, NULL, "(a)(b)", "(a)(b)" },
	{ { "/workspace/**" }, NULL, "()", "()" },
	{ { "/workspace" }, NULL, "()", "()" },
	{ { "/**" }, NULL, "()", "()" },
	{ { "**/.git/**" }, NULL, "()", "()" },
	{ { "/workspace/**/x" }, NULL, "()", "()" },
	{ { "/etc/**" }, NULL, "", "" },
	{ { "/workspaces/a" }, NULL, "", "" },
	{ { "/work" }, NULL, "", "" },
	{ { "/etc/**", "/workspace/q/*" }, NULL, "(q)", "(q)" },
	{ { "/workspace/\xC3\xA9/*" }, NULL, "(\xC3\xA9)", "(\xC3\xA9)" },
	{ { "/workspace/a/**", "/workspace/a/b/c" }, NULL, "(a)", "()" },
	{ { "/workspace/a?/x" }, NULL, "()", "()" },
	{ { "/workspace/**" }, "/workspace/.git/**", "()", "()" },
};

static const char *shown(const struct folders *f)
{
	char *text = arena_get(arena, 4096);

	for (size_t i = 0; i < f->n; i++)
		snprintf(text + strlen(text), 4096 - strlen(text), "(%.*s)", (int)f->list[i].n, f->list[i].p);
	return text;
}

START_TEST(sets_have_folders)
{
	uint32_t set = paths_in(sets[_i].glob);
	struct folders read = { .n = 0 }, changed = { .n = 0 };

	if (sets[_i].but)
		set = dd_and(m, set, dd_not(m, path_in(sets[_i].but)));
	folders_add(&read, arena, m, set, false);
	folders_add(&changed, arena, m, set, true);
	ck_assert_str_eq(shown(&read), sets[_i].read);
	ck_assert_str_eq(shown(&changed), sets[_i].changed);
}
END_TEST

START_TEST(what_is_no_automaton)
{
	struct folders f = { .n = 0 };

	folders_add(&f, arena, m, DD_FALSE, true);
	folders_add(&f, arena, m, DD_IMPOSSIBLE, true);
	ck_assert_uint_eq(f.n, 0);
	folders_add(&f, arena, m, DD_TRUE, false);
	ck_assert_str_eq(shown(&f), "()");
}
END_TEST

/* As many as a plan names, of which the last ten lie in one folder; then one more. */
START_TEST(many_are_joined)
{
	static const char *const add[] = { "/workspace/z/*", "/workspace/a/b/new/*" };
	static const char *const now[] = { "(d052)(d053)(z)", "(a/b)(d000)" };

	for (size_t which = 0; which < 2; which++) {
		struct folders f = { .n = 0 };
		uint32_t set = DD_FALSE;
		char glob[64];

		for (int i = 0; i < KRUX_REACH_MOST; i++) {
			snprintf(glob, sizeof glob, i < 10 ? "/workspace/a/b/c%03d/*" : "/workspace/d%03d/*", i < 10 ? i : i - 10);
			set = dd_or(m, set, path_in(glob));
		}
		folders_add(&f, arena, m, set, true);
		ck_assert_uint_eq(f.n, KRUX_REACH_MOST);
		ck_assert(!f.joined);
		folders_add(&f, arena, m, dd_or(m, set, path_in(add[which])), true);
		ck_assert(f.joined);
		ck_assert_uint_eq(f.n, KRUX_REACH_MOST - 10 + (which ? 1 : 2));
		ck_assert_ptr_nonnull(strstr(shown(&f), now[which]));
		ck_assert_ptr_null(strstr(shown(&f), "a/b/"));
	}
}
END_TEST

/* Names of a few characters are many folders all the same: the search comes to an end. */
START_TEST(names_without_end)
{
	struct krux_str like = KRUX_STR("/workspace/[a-z]{3}/[a-z]{3}/[a-z]{3}/[a-z]{3}/[a-z]{3}/x");
	struct subject path = on_field(F_PATH);
	struct cond c = { .kind = COND_TEST, .subject = path };
	struct folders f = { .n = 0 };

	c.set = (struct value_set){ .language = LANG_REGEX, .text = &like, .ntexts = 1 };
	folders_add(&f, arena, m, dd_cond(m, &c), true);
	ck_assert_str_eq(shown(&f), "()");
	ck_assert(f.joined);
}
END_TEST

/* What has nothing in common becomes all of it. */
START_TEST(too_many_become_all)
{
	struct folders f = { .n = 0 };
	uint32_t set = DD_FALSE;

	for (int i = 0; i <= KRUX_REACH_MOST; i++) {
		char glob[64];

		snprintf(glob, sizeof glob, "/workspace/d%03d/*", i);
		set = dd_or(m, set, path_in(glob));
	}
	folders_add(&f, arena, m, set, true);
	ck_assert_str_eq(shown(&f), "()");
	ck_assert(f.joined);
}
END_TEST

/* Nothing of a set in the workspace is outside its folders. */
START_TEST(folders_hold_the_set)
{
	struct subject path = on_field(F_PATH);

	for (int i = 0; i < 60; i++) {
		struct folders f = { .n = 0 };
		uint32_t set, held = DD_FALSE;
		char glob[512];

		random_start((uint64_t)_i * 1000 + (uint64_t)i);
		set = dd_project(m, arena, dd_cond(m, random_cond(4)), dd_value_at(m, &path.access));
		if (i % 2)
			set = dd_and(m, set, paths_in(sets[random_below(14)].glob));
		folders_add(&f, arena, m, set, i % 3 == 0);
		for (size_t k = 0; k < f.n; k++) {
			snprintf(glob, sizeof glob, "/workspace%s%.*s/**", f.list[k].n ? "/" : "", (int)f.list[k].n, f.list[k].p);
			held = dd_or(m, held, path_in(glob));
		}
		set = dd_and(m, set, path_in("/workspace/**"));
		ck_assert_msg(!dd_satisfiable(m, dd_and(m, set, dd_not(m, held))), "seed %d.%d: %s", _i, i, shown(&f));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("folders");
	TCase *t = tcase_create("folders");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, sets_have_folders, 0, sizeof sets / sizeof *sets);
	tcase_add_test(t, what_is_no_automaton);
	tcase_add_test(t, many_are_joined);
	tcase_add_test(t, too_many_become_all);
	tcase_add_test(t, names_without_end);
	tcase_add_loop_test(t, folders_hold_the_set, 0, 4);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
