/* Patterns of paths as handlers match them: what LANG.md says of globs. */
#include <check.h>
#include <string.h>

#include "stdlib-caps/common/pathglob.h"

START_TEST(globs_match_as_the_language_says)
{
	static const struct { const char *glob, *path; bool yes; } cases[] = {
		{ "/a/**", "/a", true }, { "/a/**", "/a/b", true }, { "/a/**", "/a/b/c", true }, { "/a/**", "/ab", false },
		{ "/a/**", "/", false }, { "**/.git/**", "/.git", true }, { "**/.git/**", "/x/.git/config", true },
		{ "**/.git/**", "/x/.gitignore", false }, { "**/*.pem", "/k.pem", true }, { "**/*.pem", "/x/k.pem", true },
		{ "**/*.pem", "/x/k.pem/y", false }, { "**/*.pem", "/.pem", true }, { "/a/*/c", "/a/b/c", true },
		{ "/a/*/c", "/a/c", false }, { "/a/*/c", "/a/b/b/c", false }, { "/a/*/c", "/a/.x/c", true },
		{ "/**", "/", true }, { "/**", "/a", true }, { "/a/?", "/a/b", true }, { "/a/?", "/a/\xC3\xA9", true },
		{ "/a/?", "/a/bc", false }, { "*", "/x/y", true }, { "a*b*c", "/aXbYc", true }, { "a*b*c", "/aXbY", false },
		{ "*a*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "**/**/**/x", "/a/b/x", true }, { "**/a/**/b", "/a/b", true }, { "**/a/**/b", "/b/a", false },
	};
	char many[256] = "a";
	struct pathglob g;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *p = cases[i].path;

		ck_assert_ptr_null(pathglob_read(&g, (struct krux_str){ cases[i].glob, strlen(cases[i].glob) }));
		ck_assert_msg(pathglob_match(&g, (struct krux_str){ p, strlen(p) }) == cases[i].yes, "%s %s",
		              cases[i].glob, p);
	}
	for (int i = 0; i < 62; i++)
		strcat(many, "/a");
	ck_assert_ptr_null(pathglob_read(&g, (struct krux_str){ many, strlen(many) }));
	strcat(many, "/a");
	ck_assert_ptr_nonnull(pathglob_read(&g, (struct krux_str){ many, strlen(many) }));
}
END_TEST

static Suite *pathglob_suite(void)
{
	Suite *s = suite_create("pathglob");
	TCase *tc = tcase_create("pathglob");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_test(tc, globs_match_as_the_language_says);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(pathglob_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
