/* Globs, agent patterns, regular expressions, and the patterns of the parts of a url. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/buf.h"
#include "compiler/model/kinds.h"
#include "compiler/model/pattern.h"

START_TEST(agent_patterns)
{
	static const struct { const char *pattern, *agent; bool matches;
	} rows[] = {
		{ "*", "a", true },         { "ci-*", "ci-", true },    { "ci-*", "ci", false },
		{ "*a*b*", "xaybz", true }, { "*a*b*", "xbya", false }, { "a", "a", true },
		{ "a", "aa", false },       { "*aab", "aaab", true },   { "a*a", "a", false },
		{ "**", "", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(
			agent_match((struct krux_str){ rows[i].pattern, strlen(rows[i].pattern) },
		                    (struct krux_str){ rows[i].agent, strlen(rows[i].agent) }) ==
				rows[i].matches,
			"%s %s", rows[i].pattern, rows[i].agent);
}
END_TEST

START_TEST(path_globs)
{
	static const struct { const char *glob, *path; bool matches;
	} rows[] = {
		{ "/a/**", "/a", true },
		{ "/a/**", "/a/b", true },
		{ "/a/**", "/a/b/c", true },
		{ "/a/**", "/ab", false },
		{ "/a/**", "/", false },
		{ "**/.git/**", "/.git", true },
		{ "**/.git/**", "/x/.git/config", true },
		{ "**/.git/**", "/x/.gitignore", false },
		{ "**/*.pem", "/k.pem", true },
		{ "**/*.pem", "/x/k.pem", true },
		{ "**/*.pem", "/x/k.pem/y", false },
		{ "**/*.pem", "/.pem", true },
		{ "/a/*/c", "/a/b/c", true },
		{ "/a/*/c", "/a/c", false },
		{ "/a/*/c", "/a/b/b/c", false },
		{ "/a/*/c", "/a/.x/c", true },
		{ "/**", "/", true },
		{ "/**", "/a", true },
		{ "/a/?", "/a/b", true },
		{ "/a/?", "/a/\xC3\xA9", true },
		{ "/a/?", "/a/bc", false },
		{ "**/a/**/a", "/a/b/a/c/a", true },
		{ "**/a/b", "/a/a/b", true },
		{ "/*a*b", "/xaxab", true },
		{ "/a*", "/", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena *a = arena_new();
		const char *why;
		size_t at;
		const struct glob *g = glob_parse(
			a, (struct krux_str){ rows[i].glob, strlen(rows[i].glob) }, &why, &at);

		ck_assert_ptr_nonnull(g);
		ck_assert_msg(
			glob_match(g, (struct krux_str){ rows[i].path, strlen(rows[i].path) }) ==
				rows[i].matches,
			"%s %s", rows[i].glob, rows[i].path);
		arena_free(a);
	}
}
END_TEST

/* Whatever this parser takes, the one that the runtime holds values to takes as well. */
START_TEST(regex_agree)
{
	static const char *const pieces[] = {
		"a",
		"[a-z]",
		"[^/]",
		"\\d",
		"\\w",
		"\\s",
		".",
		"(",
		")",
		"|",
		"*",
		"+",
		"?",
		"{2}",
		"{1,3}",
		"{2,}",
		"{",
		"}",
		"[",
		"]",
		"^",
		"$",
		"-",
		"/",
		"\\.",
		"\\n",
		"\\-",
		"\xC3\xA9",
		"[\xC3\xA0-\xC3\xBF]",
		"[]",
		"[a-]",
		"[-a]",
		"[\\d_]",
		"\\q",
		"()",
		"(|a)",
		"[\\d-z]",
		"[z-a]",
		"[[]",
		"\\",
	};
	struct krux_pool *pool;
	uint32_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		struct buf b = { 0 };
		struct krux_str s;
		const char *why, *why2 = "";
		size_t at;
		bool ours, theirs;

		for (int k = 0; k < 1 + i % 7; k++) {
			seed = seed * 1664525 + 1013904223;
			buf_puts(&b, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
		}
		s = (struct krux_str){ b.p, b.n };
		pool = krux_pool_new(0);
		ours = regex_check(s, &why, &at);
		theirs = krux_pattern_compile(pool, s, &why2) != NULL;
		ck_assert_msg(!ours || theirs, "%.*s: %s", (int)b.n, b.p, why2);
		if (ours != theirs && getenv("SHOW"))
			fprintf(stderr, "only the runtime takes %.*s: %s\n", (int)b.n, b.p, why);
		krux_pool_free(pool);
		buf_free(&b);
	}
}
END_TEST

/* The patterns of the parts of a url hold of what canonicalisation makes. */
START_TEST(url_part_patterns)
{
	static const char *const urls[] = {
		"http://a.b",
		"https://a.b/x/y",
		"http://a.b//x//",
		"http://a.b/a%7Eb/%C3%A9?x=%20y",
		"http://a.b/.x/..y/.../x..",
		"http://a.b/%3a?%25&a=b/c?d",
		"http://a.b/~!@$&*()_+-=[]{}|;:'\",<>`",
		"http://a.b/?\"<>[]{}|`'",
		"http://a.b/%01%7f%80%ff",
	};

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct krux_pool *pool = krux_pool_new(0);
		struct krux_url u;
		const char *why = "";

		ck_assert_msg(
			krux_canon_url((struct krux_str){ urls[i], strlen(urls[i]) }, &u, &why),
			"%s: %s", urls[i], why);
		ck_assert_msg(
			krux_pattern_match(
				krux_pattern_compile(pool, url_part[URL_PATH].type->pattern, &why),
				u.path),
			"%s", urls[i]);
		ck_assert_msg(
			krux_pattern_match(
				krux_pattern_compile(pool, url_part[URL_QUERY].type->pattern, &why),
				u.query),
			"%s", urls[i]);
		krux_pool_free(pool);
	}
}
END_TEST

static bool part_has(unsigned part, const char *text)
{
	struct krux_pool *pool = krux_pool_new(0);
	const char *why;
	bool has =
		krux_pattern_match(krux_pattern_compile(pool, url_part[part].type->pattern, &why),
	                           (struct krux_str){ text, strlen(text) });

	krux_pool_free(pool);
	return has;
}

START_TEST(url_part_outside)
{
	static const char *const paths[] = {
		"",      "a",    "/.",   "/..",  "/a/./b", "/a/..", "/a?b", "/a#b",  "/a b",
		"/a\\b", "/%41", "/%2F", "/%00", "/%zz",   "/%c3",  "/%",   "/\x7F", "/\xC3\xA9",
	};
	static const char *const queries[] = { "a#b", "a b", "%41", "%5C", "%2f", "\\", "%" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		ck_assert_msg(!part_has(URL_PATH, paths[i]), "%s", paths[i]);
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
		ck_assert_msg(!part_has(URL_QUERY, queries[i]), "%s", queries[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("patterns");
	TCase *t = tcase_create("patterns");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, agent_patterns);
	tcase_add_test(t, path_globs);
	tcase_add_test(t, regex_agree);
	tcase_add_test(t, url_part_patterns);
	tcase_add_test(t, url_part_outside);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
