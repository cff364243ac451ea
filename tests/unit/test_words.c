/* Words of path classes mean the class: folders at random, with what is left out below them, and
 * folders whose own names are among those; and what is too large is said to be. Words of lists mean theirs. */
#include <stdio.h>
#include <string.h>

#include "compiler/plan/words.h"
#include "tests/unit/diagrams.h"

static struct words *words;
static unsigned said, large;

static void start(void)
{
	diagrams_start();
	words = words_new(arena);
	said = large = 0;
}

static bool region_check(void *ctx, const struct dd_region *r)
{
	(void)ctx;
	for (size_t i = 0; i < r->nsteps; i++) {
		const struct dd_step *s = &r->step[i];
		uint32_t var = dd_var_of(m, s->node);
		const struct cond *c = words_step(words, m, s);

		if (dd_variable(m, var)->kind != DD_STRING)
			continue;
		ck_assert_ptr_nonnull(c);
		if (words_too_large(c)) {
			large++;
			continue;
		}
		said++;
		ck_assert_uint_eq(words_meaning(m, var, c), dd_class(m, s->node, *s->to));
		ck_assert_ptr_eq(words_step(words, m, s), c);
	}
	return true;
}

static uint32_t path_in(enum language_kind kind, const char *path)
{
	return dd_cond(m, text_in(on_field(F_PATH), kind, arena_printf(arena, "%s", path).p));
}

static const char *const name[] = { "a", "b", "ab", ".git", ".ssh", ".a", "hooks", "c.d" };
enum { NAMES = sizeof name / sizeof *name };

static const char *random_path(unsigned most)
{
	struct krux_str s = KRUX_STR("");

	for (unsigned n = 1 + random_below(most); n; n--)
		s = arena_printf(arena, "%.*s/%s", STR_ARG(s), name[random_below(NAMES)]);
	return s.p;
}

static uint32_t random_glob(void)
{
	static const char *const shape[] = {
		"**/%s", "**/%s/**", "**/%s/a", "**/%s/*/b", "**/%s*", "**/*%s", "/a/%s/**", "/a/*/%s", "/a/?/%s"
	};
	/* The first are what people write. */
	unsigned k = random_below(4) ? random_below(3) : random_below(sizeof shape / sizeof *shape);
	const char *n = name[random_below(NAMES)], *star = strchr(shape[k], 's');
	char text[64];

	snprintf(text, sizeof text, "%.*s%s%s", (int)(star - shape[k] - 1), shape[k], n, star + 1);
	return path_in(LANG_GLOB, text);
}

static uint32_t random_policy(void)
{
	uint32_t f = random_below(3) ? DD_FALSE : dd_terminal(m, 3);

	for (unsigned n = 1 + random_below(5); n; n--) {
		uint32_t to = dd_terminal(m, 3 + random_below(4)),
		         where = random_below(3) ? path_in(LANG_UNDER_PATH, random_path(3)) : path_in(LANG_LITERALS, random_path(3));

		f = dd_ite(m, where, to, f);
	}
	for (unsigned n = random_below(4); n; n--)
		f = dd_ite(m, random_glob(), random_below(4) ? dd_terminal(m, 3) : dd_terminal(m, 9), f);
	return f;
}

START_TEST(path_classes)
{
	for (int i = 0; i < 12; i++) {
		random_start((uint64_t)_i * 1000 + (uint64_t)i + 1);
		dd_regions(m, arena, random_policy(), region_check, NULL);
	}
	ck_assert_uint_gt(said, 24);
	ck_assert_uint_lt(large, said / 10);
}
END_TEST

static bool list_check(void *ctx, const struct dd_region *r)
{
	(void)ctx;
	for (size_t i = 0; i < r->nsteps; i++) {
		const struct dd_step *s = &r->step[i];
		const struct cond *c = words_step(words, m, s);

		if (dd_variable(m, dd_var_of(m, s->node))->kind != DD_LIST)
			continue;
		ck_assert_ptr_nonnull(c);
		said++;
		ck_assert(!dd_differ(m, dd_cond(m, c), dd_class(m, s->node, *s->to)));
	}
	return true;
}

/* Some elements, or all: of some text, and of some size, which a text has or has not by itself. */
static const struct cond *random_list(void)
{
	static const char *const element[] = { "a", "ab", "abc", "b", "\u00e9" };
	struct subject items = on_field(F_ITEMS), it = on_it(items);
	const struct cond *c = text_in(it, random_below(2) ? LANG_LITERALS : LANG_PREFIX,
	                               element[random_below(sizeof element / sizeof *element)]),
	                  *size = number_in(on_size(it), random_below(2), 1 + random_below(3));

	c = random_below(2) ? c_not(c) : c;
	c = random_below(3) ? c_and(c, random_below(2) ? size : c_not(size)) : random_below(2) ? c : size;
	c = random_below(2) ? c_any(items, c) : c_not(c_any(items, c_not(c)));
	return random_below(3) ? c : c_and(c, number_in(on_size(items), random_below(2), 1 + random_below(2)));
}

START_TEST(list_classes)
{
	for (int i = 0; i < 50; i++) {
		uint32_t f = dd_terminal(m, 3);

		random_start((uint64_t)_i * 1000 + (uint64_t)i + 1);
		for (uint32_t n = 0; n < 3; n++)
			f = dd_ite(m, dd_cond(m, random_list()), dd_terminal(m, 4 + n), f);
		dd_regions(m, arena, f, list_check, NULL);
	}
	ck_assert_uint_gt(said, 100);
}
END_TEST

/* The same exceptions below many folders are found once, and named. */
START_TEST(many_folders)
{
	uint32_t f = dd_terminal(m, 3), without = DD_FALSE;
	char text[64];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof text, "/workspace/%03d", i * 7);
		f = dd_ite(m, path_in(LANG_UNDER_PATH, text), dd_terminal(m, 4 + (uint32_t)i), f);
	}
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof text, i % 3 ? "**/.x%d/**" : "**/.x%d", i);
		without = dd_or(m, without, path_in(LANG_GLOB, text));
	}
	f = dd_ite(m, without, dd_terminal(m, 3), f);
	dd_regions(m, arena, f, region_check, NULL);
	ck_assert_uint_eq(said, 201);
	ck_assert_uint_eq(words->nnamed, 1);
	ck_assert_ptr_null(dd_overflow(m));
}
END_TEST

/* Running into a limit leaves what was there. */
START_TEST(attempts)
{
	uint32_t f = path_in(LANG_UNDER_PATH, "/a"), g = DD_FALSE;
	struct dd_attempt attempt = dd_attempt(m);

	for (int i = 0; i < 26 && !dd_overflow(m); i++) {
		char text[64];

		snprintf(text, sizeof text, "/(.*/)?%c(.|/){20}", 'a' + i);
		g = dd_ite(m, path_in(LANG_REGEX, text), dd_terminal(m, 3 + (uint32_t)i), g);
	}
	ck_assert_ptr_nonnull(dd_overflow(m));
	ck_assert(!dd_attempt_end(m, &attempt));
	ck_assert_ptr_null(dd_overflow(m));
	ck_assert_uint_eq(path_in(LANG_UNDER_PATH, "/a"), f);
	ck_assert_uint_eq(dd_not(m, dd_not(m, f)), f);
	attempt = dd_attempt(m);
	ck_assert(dd_attempt_end(m, &attempt));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, path_classes, 0, 4);
	tcase_add_loop_test(t, list_classes, 0, 4);
	tcase_add_test(t, many_folders);
	tcase_add_test(t, attempts);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
