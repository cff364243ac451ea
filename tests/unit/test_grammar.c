/* Conditions, calls and operands: what is read, where it stands, and what is said of text that
 * is wrong. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/parsing.h"

/* ---- conditions ---- */

/* Text, and how it is printed (NULL: the same). */
static const struct { const char *text, *printed; } good[] = {
	{ "true", NULL },
	{ "in_workspace and size(content) > 10KiB", NULL },
	{ "path under \"/workspace\" and not path matches \"**/.git/**\"", NULL },
	{ "workspace has \"file-content\" and not all(connects, it.host in [ \"api.example.com\" ])", NULL },
	{ "any(reads, it under \"/etc\") or any(writes, it under \"/etc\")", NULL },
	{ "a or b and c", NULL },
	{ "(a or b) and c", NULL },
	{ "not (a and b)", NULL },
	{ "not a and b", NULL },
	{ "not not a", NULL },
	{ "((a))", "a" },
	{ "a and (b and c)", "a and b and c" },
	{ "(a or b) or (c or d)", "a or b or c or d" },
	{ "size==3", "size == 3" },
	{ "size(size) == 3", NULL },
	{ "any == 1 or all == 2 or any.x == 3", NULL },
	{ "any(any, it)", NULL },
	{ "any(xs, any(it.ys, it == 1))", NULL },
	{ "has size and has workspace and has url.host", NULL },
	{ "workspace == 1 and workspace.x == 2 and workspace.calls == 3", NULL },
	{ "workspace.calls(filesystem.read) < 3", NULL },
	{ "workspace.calls(filesystem.list@1) < 3 and workspace.calls(a.b@1.0) < 3", NULL },
	{ "in in [ in ]", NULL },
	{ "input > 1 and error == error and type != type", NULL },
	{ "x.and.or.not == 1", NULL },
	{ "name starts with \"a\" and name ends with \"b\" and name contains \"c\"", NULL },
	{ "name like \"[a-z]+\"", NULL },
	{ "ip in 10.0.0.0/8", NULL },
	{ "ip in [ 10.0.0.1, 10.0.0.0/8, \"::1/128\" ]", NULL },
	{ "n in -5..-1 or n in [ 1_000, 2..3, 1.50 ]", NULL },
	{ "time in 09:00..17:30 or time >= 23:59:59", NULL },
	{ "weekday in mon..fri", NULL },
	{ "agent in [ builder, \"ci-*\" ]", NULL },
	{ "d < 5s and d > 100ms and s <= 3GiB", NULL },
	{ "t == \"a\\\"\\\\\\n\\t\\u{1F600}\\u{0041}\"", "t == \"a\\\"\\\\\\n\\t\xF0\x9F\x98\x80" "A\"" },
	{ "a # why\nand // because\nb", "a and b" },
	{ "has it.f or it", NULL },
	{ "in-workspace and x == utf-8", NULL },
};

START_TEST(condition_good)
{
	const struct expr *e = parsing_condition(good[_i].text);
	const char *want = good[_i].printed ? good[_i].printed : good[_i].text;

	ck_assert_msg(e && !diags->n, "%s: %s", good[_i].text, parsing_said());
	ck_assert_str_eq(parsing_printed(e), want);
	ck_assert_str_eq(parsing_printed(parsing_condition(want)), want);
}
END_TEST

#define TEST_WORDS "a test such as size(content) < 10KiB, 'not' or '('"
#define OP_WORDS "an operator (== != < <= > >= in under matches like contains, starts with, ends with)"

static const struct { const char *text, *says; } bad[] = {
	{ "", "1:1 K0032 a condition is missing here | " TEST_WORDS },
	{ "  # nothing\n", "1:1 K0032 a condition is missing here | " TEST_WORDS },
	{ "a and", "1:6 K0032 the text ends inside a condition | " TEST_WORDS },
	{ "(a", "1:3 K0031 missing ')' at the end of a condition | ')' before the end" },
	{ "(((a)", "1:6 K0031 missing ')' at the end of a condition | ')' before the end" },
	{ "a = 3", "1:3 K0030 unexpected '=' in a condition | " OP_WORDS ", '.', 'and', 'or' or the end | write '=='" },
	{ "a == 3 && !b || c", "1:8 K0016 '&&' means nothing here | write 'and'\n"
	                       "1:11 K0016 '!' means nothing here | write 'not'\n"
	                       "1:14 K0016 '||' means nothing here | write 'or'" },
	{ "a == 'b'", "1:6 K0016 ''b'' means nothing here | write strings in double quotes: \"text\"" },
	{ "path under /etc", "1:12 K0016 '/etc' means nothing here | write paths in double quotes" },
	{ "ip == fe80::1", "1:7 K0016 'fe80::1' means nothing here | write IPv6 addresses in double quotes" },
	{ "x not in [ 1 ]", "1:3 K0030 unexpected 'not' in a condition | " OP_WORDS ", '.', 'and', 'or' or the end"
	                    " | write 'not' before the test: not x in [ ... ]" },
	{ "3 < a", "1:1 K0030 unexpected '3' in a condition | " TEST_WORDS
	           " | write the field on the left and the value on the right" },
	{ "x in 1, 2", "1:7 K0030 unexpected ',' in a condition | '..', 'and', 'or' or the end"
	               " | write several values in brackets: [ 1, 2 ]" },
	{ "x in [1 2]", "1:8 K0031 missing ',' in a list | ',' before '2'" },
	{ "x in []", "1:7 K0030 unexpected ']' in a list | a value" },
	{ "x in { 1 }", "1:6 K0030 unexpected '{' in a condition | a value or '['"
	                " | write lists in brackets: [ \"a\", \"b\" ]" },
	{ "a is b", "1:3 K0030 unexpected 'is' in a condition | " OP_WORDS ", '.', 'and', 'or' or the end | write '=='" },
	{ "a mathces \"b\"", "1:3 K0030 unexpected 'mathces' in a condition | " OP_WORDS
	                     ", '.', 'and', 'or' or the end | did you mean 'matches'?" },
	{ "a starts \"x\"", "1:9 K0031 missing 'with' in a condition | 'with' before \"x\"" },
	{ "a.b. == 1", "1:6 K0030 unexpected '==' in a condition | a name" },
	{ "a == \"x", "1:6 K0017 this string does not end on its line | '\"'" },
	{ "any(xs, it == \"x)", "1:15 K0017 this string does not end on its line | '\"'" },
	{ "a == \"\\q\\u{}\\u{D800}\\u{110000}\\u{0}\\u41\"",
	  "1:7 K0018 '\\q' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0\n"
	  "1:9 K0018 '\\u{}' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0\n"
	  "1:13 K0018 '\\u{D800}' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0\n"
	  "1:21 K0018 '\\u{110000}' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0\n"
	  "1:31 K0018 '\\u{0}' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0\n"
	  "1:36 K0018 '\\u' is not an escape | \\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0" },
	{ "n == 10KB", "1:6 K0020 '10KB' is not a number | decimal digits, or digits and one of KiB MiB GiB ns us ms s m h d | write 10KiB" },
	{ "n == 1.5KiB", "1:6 K0020 '1.5KiB' is not a number | whole numbers before a unit" },
	{ "n == 1__0 or n == 1_", "1:6 K0020 '1__0' is not a number | single '_' between digits only, as in 1_000\n"
	                          "1:19 K0020 '1_' is not a number | single '_' between digits only, as in 1_000" },
	{ "n == 0x10", "1:6 K0020 '0x10' is not a number | decimal digits, or digits and one of KiB MiB GiB ns us ms s m h d" },
	{ "ip in 10.0.0/8", "1:7 K0021 '10.0.0/8' is not an address | "
	                    "four decimal numbers, such as 10.0.0.1, or a block, such as 10.0.0.0/8" },
	{ "time > 24:00", "1:8 K0021 '24:00' is not a time of day | HH:MM or HH:MM:SS, from 00:00 to 23:59:59" },
	{ "time > 9:30", "1:8 K0021 '9:30' is not a time of day | HH:MM or HH:MM:SS, from 00:00 to 23:59:59" },
	{ "d > 2026-01-01", "1:5 K0021 '2026-01-01' is not a number | write dates in double quotes: \"2026-01-31T12:00:00Z\"" },
	{ "workspace.calls(a.b@70000) > 1", "1:20 K0022 '@70000' is not a version | "
	                                    "@MAJOR.MINOR, each 0 to 65535 without leading zeros" },
	{ "maxResults > 1", "1:1 K0023 'maxResults' is not a name | lower-case letters, digits and '_', beginning with a letter "
	                    "(errors and named types: letters and digits beginning with a capital) | write 'max_results'" },
	{ "Foo == 1", "1:1 K0030 unexpected 'Foo' in a condition | " TEST_WORDS " | write it in lower case" },
	{ "a\t==\t1", "1:2 K0015 a tab outside comments and strings | blanks; there are 2 tabs" },
	{ "a $$ b", "1:3 K0016 '$$' means nothing here" },
	{ "a == \xE2\x80\x9C" "b\xE2\x80\x9D", "1:6 K0016 a typographic quotation mark | write strings in plain double quotes: \"text\"\n"
	                                       "1:8 K0016 a typographic quotation mark | write strings in plain double quotes: \"text\"" },
	{ "\xC3\xA9 == 1", "1:1 K0016 '\xC3\xA9' means nothing here" },
	{ "a == 1 b == 2", "1:8 K0030 unexpected 'b' in a condition | '..', 'and', 'or' or the end" },
	{ "a == b == c", "1:8 K0030 unexpected '==' in a condition | '..', 'and', 'or' or the end" },
	{ "a )", "1:3 K0030 unexpected ')' in a condition | " OP_WORDS ", '.', 'and', 'or' or the end" },
	{ "size content > 3", "1:6 K0030 unexpected 'content' in a condition | " OP_WORDS ", '.', '(', 'and', 'or' or the end" },
	{ "\xEF\xBB\xBF" "a", "1:1 K0016 '\xEF\xBB\xBF' means nothing here" },
};

START_TEST(condition_bad)
{
	ck_assert_ptr_null(parsing_condition(bad[_i].text));
	ck_assert_str_eq(parsing_said(), bad[_i].says);
}
END_TEST

/* Every place in a tree is where its words stand. */
START_TEST(condition_places)
{
	static const char text[] = "a.b  under \"/x\" and\n  size( c ) in [ 1, 2 .. 3 ] or not has it.q";
	const struct source *s = parsing_source(parsing_str(text));
	const struct expr *e = condition_parse(text_arena, diags, s->text, parsing_whole(s));
	const struct expr *and = e->a, *has = e->b->a;

#define AT_IS(x, words) ck_assert(krux_str_eq(((struct krux_str){ s->text.p + (x)->at.at, (x)->at.n }), parsing_str(words)))
	AT_IS(e, text);
	AT_IS(and, "a.b  under \"/x\" and\n  size( c ) in [ 1, 2 .. 3 ]");
	AT_IS(and->a, "a.b  under \"/x\"");
	AT_IS(and->a->operand, "a.b");
	AT_IS(and->a->right, "\"/x\"");
	AT_IS(and->b->operand, "size( c )");
	AT_IS(and->b->operand->inner, "c");
	AT_IS(and->b->right, "[ 1, 2 .. 3 ]");
	AT_IS(&and->b->right->item[1], "2 .. 3");
	AT_IS(&and->b->right->item[1].item[1], "3");
	AT_IS(e->b, "not has it.q");
	AT_IS(has, "has it.q");
	AT_IS(has->operand, "it.q");
}
END_TEST

/* A YAML scalar as it stands in a file, what YAML makes of it, and the line, column and length
 * of the operand of its last test. */
static const struct { const char *file; uint32_t at, n; const char *text; uint32_t line, col, len; } scalars[] = {
	{ "when: a and bc == 1", 6, 13, "a and bc == 1", 1, 13, 2 },
	{ "when: 'a and bc == \"''\"'", 6, 18, "a and bc == \"'\"", 1, 14, 2 },
	{ "when: \"a == \\\"x\\\" and bc == 1\"", 6, 23, "a == \"x\" and bc == 1", 1, 23, 2 },
	{ "when: \"\\x61 and \\u0062c == 1\"", 6, 22, "a and bc == 1", 1, 17, 7 },
	{ "when: a and\n  bc == 1\n", 6, 15, "a and bc == 1", 2, 3, 2 },
	{ "when: >-\n  a and\n  bc == 1\n", 6, 20, "a and bc == 1", 3, 3, 2 },
	{ "when: |\n  a and\n  bc == 1\n", 6, 19, "a and\nbc == 1\n", 3, 3, 2 },
	{ "when: \"a \\\n  and bc == 1\"", 6, 19, "a and bc == 1", 2, 7, 2 },
	{ "when: nothing alike", 6, 13, "a and bc == 1", 1, 7, 13 },
};

START_TEST(condition_scalar_places)
{
	const struct source *s = parsing_source(parsing_str(scalars[_i].file));
	struct span at = { s, scalars[_i].at, scalars[_i].n };
	const struct expr *e = condition_parse(text_arena, diags, parsing_str(scalars[_i].text), at);
	uint32_t line, col;

	ck_assert_msg(e != NULL, "%s", parsing_said());
	at = e->b->operand->at;
	span_place(at, &line, &col);
	ck_assert_uint_eq(line, scalars[_i].line);
	ck_assert_uint_eq(col, scalars[_i].col);
	ck_assert_uint_eq(at.n, scalars[_i].len);
}
END_TEST

static unsigned depth(const struct expr *e)
{
	unsigned a = e->a ? depth(e->a) : 0, b = e->b ? depth(e->b) : 0;

	return 1 + (a > b ? a : b);
}

START_TEST(condition_chains_stay_shallow)
{
	struct krux_str text = parsing_repeat("a == 1 or b == 2 and c == 3 or ", 30000, "d", "");
	const struct expr *e = parsing_condition(text.p);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_le(depth(e), 20);
	ck_assert_str_eq(parsing_printed(e), text.p);
}
END_TEST

START_TEST(condition_nesting)
{
	static const size_t counts[] = { 64, 65, 1000, 10000, 1000000 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		bool fits = counts[i] <= 64;

		ck_assert_int_eq(parsing_condition(parsing_repeat("(", counts[i], "a", ")").p) != NULL, fits);
		ck_assert_int_eq(parsing_condition(parsing_repeat("any(xs, ", counts[i], "it", ")").p) != NULL, fits);
		ck_assert_int_eq(parsing_condition(parsing_repeat("size(", counts[i], "x", ")").p) != NULL, false);
		if (!fits)
			ck_assert_str_eq(diags->list[0]->text.p, "nested too deep");
		ck_assert_uint_eq(diags->n, fits ? 1 : 3);
		parsing_renew();
	}
	ck_assert_ptr_nonnull(parsing_condition(parsing_repeat("not ", 64, "a", "").p));
	ck_assert_ptr_null(parsing_condition(parsing_repeat("not ", 10000, "a", "").p));
	ck_assert_str_eq(diags->list[0]->text.p, "nested too deep");
}
END_TEST

START_TEST(condition_hostile)
{
	struct span nowhere = { 0 };
	char nul[] = "a\0b";

	ck_assert_ptr_null(condition_parse(text_arena, diags, (struct krux_str){ nul, 3 }, nowhere));
	ck_assert_ptr_null(condition_parse(text_arena, diags, parsing_str("a == \"\xFF\""), nowhere));
	ck_assert_str_eq(parsing_said(), "1:1 K0013 a NUL byte\n1:1 K0012 this text is not valid UTF-8");
	ck_assert_ptr_nonnull(condition_parse(text_arena, diags, parsing_str("a"), nowhere));
	ck_assert_ptr_null(condition_parse(text_arena, diags, parsing_str("a ="), nowhere));
	/* A place that lies about its source. */
	ck_assert_ptr_nonnull(condition_parse(text_arena, diags, parsing_str("a == \"x\""),
	                                      (struct span){ parsing_source(parsing_str("abc")), 2, 4000000000u }));
}
END_TEST

START_TEST(condition_limits)
{
	struct krux_str longest = parsing_repeat("a", 63, "", ""), longer = parsing_repeat("a", 64, "", ""), s;

	ck_assert_ptr_nonnull(parsing_condition(longest.p));
	ck_assert_ptr_null(parsing_condition(longer.p));
	ck_assert_str_eq(parsing_said(), "1:1 K0023 this name has 64 bytes | at most 63 bytes");
	s = parsing_repeat("x", 65536, "", "");
	ck_assert_ptr_nonnull(parsing_condition(arena_printf(text_arena, "a == \"%s\"", s.p).p));
	ck_assert_ptr_null(parsing_condition(arena_printf(text_arena, "a == \"%sx\"", s.p).p));
	ck_assert_uint_eq(diags->list[1]->code, 19);
}
END_TEST

/* ---- calls and operands ---- */

START_TEST(call_good)
{
	const struct source *s = parsing_source(parsing_str("filesystem.list@1.0 { path: \"/a\", n: -3, deep: [ { x: true }, [] ], \"k y\": 1 }"));
	const struct literal *args;
	struct krux_str cap;
	struct buf b = { 0 };

	ck_assert(call_parse(text_arena, diags, s->text, parsing_whole(s), &cap, &args));
	ck_assert_str_eq(cap.p, "filesystem.list@1.0");
	ck_assert_uint_eq(args->kind, LIT_RECORD);
	ck_assert_uint_eq(args->nitems, 4);
	ck_assert(krux_str_eq(args->item[0].name, parsing_str("path")));
	ck_assert_uint_eq(args->item[0].name_at.at, 22);
	ck_assert_uint_eq(args->item[0].kind, LIT_STRING);
	literal_print(&b, args);
	buf_putc(&b, 0);
	ck_assert_str_eq(b.p, "{ path: \"/a\", n: -3, deep: [ { x: true }, [ ] ], \"k y\": 1 }");
	buf_free(&b);
	s = parsing_source(parsing_str("a.b {}"));
	ck_assert(call_parse(text_arena, diags, s->text, parsing_whole(s), &cap, &args));
	ck_assert_uint_eq(args->nitems, 0);
}
END_TEST

static const struct { const char *text, *says; } bad_calls[] = {
	{ "filesystem.read", "1:16 K0032 the text ends inside a call | '.', '{' or a version such as @1.0" },
	{ "a.b { x = 1 }", "1:9 K0030 unexpected '=' in a record | ':' | write ':'" },
	{ "a.b { x: 1", "1:11 K0031 missing '}' at the end of a record | '}' before the end" },
	{ "a.b { x: 1, }", "1:13 K0030 unexpected '}' in a record | a name or a string" },
	{ "a.b { x: 1 } y", "1:14 K0030 unexpected 'y' in a call | the end" },
	{ "a.b (1)", "1:5 K0030 unexpected '(' in a call | '.', '{' or a version such as @1.0" },
};

START_TEST(call_bad)
{
	const struct source *s = parsing_source(parsing_str(bad_calls[_i].text));
	const struct literal *args;
	struct krux_str cap;

	ck_assert(!call_parse(text_arena, diags, s->text, parsing_whole(s), &cap, &args));
	ck_assert_str_eq(parsing_said(), bad_calls[_i].says);
}
END_TEST

START_TEST(operand_alone)
{
	static const char *const operands[] = { "size", "size(content)", "url.port", "workspace.calls(a.b)", "size(it.x)" };

	for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
		const struct source *s = parsing_source(parsing_str(operands[i]));
		const struct operand *o = operand_parse(text_arena, diags, s->text, parsing_whole(s));
		struct buf b = { 0 };

		ck_assert_ptr_nonnull(o);
		operand_print(&b, o);
		ck_assert(krux_str_eq((struct krux_str){ b.p, b.n }, s->text));
		buf_free(&b);
	}
	ck_assert_ptr_null(operand_parse(text_arena, diags, parsing_str("size == 3"), (struct span){ 0 }));
	ck_assert_ptr_null(operand_parse(text_arena, diags, parsing_str("3"), (struct span){ 0 }));
	ck_assert_ptr_null(operand_parse(text_arena, diags, parsing_str(""), (struct span){ 0 }));
	ck_assert_uint_eq(diags->errors, 3);
}
END_TEST

/* A word of the condition language names a field wherever it cannot begin a test of its own. */
START_TEST(condition_words_are_names)
{
	static const char *const words[] = { "in", "under", "matches", "and", "or", "with", "starts", "contains", "size",
		"any", "all", "workspace", "calls", "input", "type", "error", "max", "read", "time" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *w = words[i];
		struct krux_str text = arena_printf(text_arena, "%s == %s and has %s and x.%s > 3 and %s in [ %s, %s..%s ] and not %s",
		                                    w, w, w, w, w, w, w, w, w);
		const struct expr *e = parsing_condition(text.p);

		ck_assert_msg(e && !diags->n, "%s: %s", w, parsing_said());
		ck_assert_str_eq(parsing_printed(e), text.p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grammar");
	TCase *t = tcase_create("grammar");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, parsing_start, parsing_end);
	tcase_add_loop_test(t, condition_good, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(t, condition_bad, 0, sizeof bad / sizeof *bad);
	tcase_add_test(t, condition_places);
	tcase_add_loop_test(t, condition_scalar_places, 0, sizeof scalars / sizeof *scalars);
	tcase_add_test(t, condition_chains_stay_shallow);
	tcase_add_test(t, condition_nesting);
	tcase_add_test(t, condition_hostile);
	tcase_add_test(t, condition_limits);
	tcase_add_test(t, condition_words_are_names);
	tcase_add_test(t, call_good);
	tcase_add_loop_test(t, call_bad, 0, sizeof bad_calls / sizeof *bad_calls);
	tcase_add_test(t, operand_alone);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
