/* Conditions, calls, operands and capability files: what is read, where it stands, and what is
 * said of text that is wrong. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/check/explain.h"
#include "compiler/read/read.h"

static struct arena *arena;
static struct diags *diags;

static void setup(void)
{
	arena = arena_new();
	diags = diags_new(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static void renew(void)
{
	teardown();
	setup();
}

static const struct source *source_of(struct krux_str text)
{
	struct source *s = ARENA_NEW(arena, struct source);

	*s = (struct source){ KRUX_STR("t"), arena_str(arena, text), arena, NULL, 0 };
	return s;
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static struct span whole(const struct source *s)
{
	return (struct span){ s, 0, (uint32_t)s->text.n };
}

static const struct expr *condition(const char *text)
{
	const struct source *s = source_of(str(text));

	return condition_parse(arena, diags, s->text, whole(s));
}

/* "line:col K0030 text | expected | fix" of each diagnostic, one a line. */
static char *said(void)
{
	struct buf b = { 0 };
	char *s;

	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = diags->list[i];
		uint32_t line, col;

		span_place(d->at, &line, &col);
		buf_printf(&b, "%s%u:%u K%04u ", i ? "\n" : "", line, col, d->code);
		buf_str(&b, d->text);
		if (d->expected.n)
			buf_puts(&b, " | "), buf_str(&b, d->expected);
		if (d->fix.n)
			buf_puts(&b, " | "), buf_str(&b, d->fix);
	}
	s = arena_copy(arena, b.p, b.n);
	buf_free(&b);
	return s;
}

static char *printed(const struct expr *e)
{
	struct buf b = { 0 };
	char *s;

	expr_print(&b, e);
	s = arena_copy(arena, b.p, b.n);
	buf_free(&b);
	return s;
}

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
	const struct expr *e = condition(good[_i].text);
	const char *want = good[_i].printed ? good[_i].printed : good[_i].text;

	ck_assert_msg(e && !diags->n, "%s: %s", good[_i].text, said());
	ck_assert_str_eq(printed(e), want);
	ck_assert_str_eq(printed(condition(want)), want);
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
	{ "n == 10KB", "1:6 K0020 '10KB' is not a number | decimal digits, or digits and one of KiB MiB GiB ns us ms s m h d" },
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
	ck_assert_ptr_null(condition(bad[_i].text));
	ck_assert_str_eq(said(), bad[_i].says);
}
END_TEST

/* Every place in a tree is where its words stand. */
START_TEST(condition_places)
{
	static const char text[] = "a.b  under \"/x\" and\n  size( c ) in [ 1, 2 .. 3 ] or not has it.q";
	const struct source *s = source_of(str(text));
	const struct expr *e = condition_parse(arena, diags, s->text, whole(s));
	const struct expr *and = e->a, *has = e->b->a;

#define AT_IS(x, words) ck_assert(krux_str_eq(((struct krux_str){ s->text.p + (x)->at.at, (x)->at.n }), str(words)))
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
	const struct source *s = source_of(str(scalars[_i].file));
	struct span at = { s, scalars[_i].at, scalars[_i].n };
	const struct expr *e = condition_parse(arena, diags, str(scalars[_i].text), at);
	uint32_t line, col;

	ck_assert_msg(e != NULL, "%s", said());
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

static struct krux_str repeat(const char *before, size_t n, const char *middle, const char *after)
{
	struct buf b = { 0 };
	struct krux_str s;

	for (size_t i = 0; i < n; i++)
		buf_puts(&b, before);
	buf_puts(&b, middle);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, after);
	s = arena_str(arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return s;
}

START_TEST(condition_chains_stay_shallow)
{
	struct krux_str text = repeat("a == 1 or b == 2 and c == 3 or ", 30000, "d", "");
	const struct expr *e = condition(text.p);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_le(depth(e), 20);
	ck_assert_str_eq(printed(e), text.p);
}
END_TEST

START_TEST(condition_nesting)
{
	static const size_t counts[] = { 64, 65, 1000, 10000, 1000000 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		bool fits = counts[i] <= 64;

		ck_assert_int_eq(condition(repeat("(", counts[i], "a", ")").p) != NULL, fits);
		ck_assert_int_eq(condition(repeat("any(xs, ", counts[i], "it", ")").p) != NULL, fits);
		ck_assert_int_eq(condition(repeat("size(", counts[i], "x", ")").p) != NULL, false);
		if (!fits)
			ck_assert_str_eq(diags->list[0]->text.p, "nested too deep");
		ck_assert_uint_eq(diags->n, fits ? 1 : 3);
		renew();
	}
	ck_assert_ptr_nonnull(condition(repeat("not ", 64, "a", "").p));
	ck_assert_ptr_null(condition(repeat("not ", 10000, "a", "").p));
	ck_assert_str_eq(diags->list[0]->text.p, "nested too deep");
}
END_TEST

START_TEST(condition_hostile)
{
	struct span nowhere = { 0 };
	char nul[] = "a\0b";

	ck_assert_ptr_null(condition_parse(arena, diags, (struct krux_str){ nul, 3 }, nowhere));
	ck_assert_ptr_null(condition_parse(arena, diags, str("a == \"\xFF\""), nowhere));
	ck_assert_str_eq(said(), "1:1 K0013 a NUL byte\n1:1 K0012 this text is not valid UTF-8");
	ck_assert_ptr_nonnull(condition_parse(arena, diags, str("a"), nowhere));
	ck_assert_ptr_null(condition_parse(arena, diags, str("a ="), nowhere));
	/* A place that lies about its source. */
	ck_assert_ptr_nonnull(condition_parse(arena, diags, str("a == \"x\""),
	                                      (struct span){ source_of(str("abc")), 2, 4000000000u }));
}
END_TEST

START_TEST(condition_limits)
{
	struct krux_str longest = repeat("a", 63, "", ""), longer = repeat("a", 64, "", ""), s;

	ck_assert_ptr_nonnull(condition(longest.p));
	ck_assert_ptr_null(condition(longer.p));
	ck_assert_str_eq(said(), "1:1 K0023 this name has 64 bytes | at most 63 bytes");
	s = repeat("x", 65536, "", "");
	ck_assert_ptr_nonnull(condition(arena_printf(arena, "a == \"%s\"", s.p).p));
	ck_assert_ptr_null(condition(arena_printf(arena, "a == \"%sx\"", s.p).p));
	ck_assert_uint_eq(diags->list[1]->code, 19);
}
END_TEST

/* ---- calls and operands ---- */

START_TEST(call_good)
{
	const struct source *s = source_of(str("filesystem.list@1.0 { path: \"/a\", n: -3, deep: [ { x: true }, [] ], \"k y\": 1 }"));
	const struct literal *args;
	struct krux_str cap;
	struct buf b = { 0 };

	ck_assert(call_parse(arena, diags, s->text, whole(s), &cap, &args));
	ck_assert_str_eq(cap.p, "filesystem.list@1.0");
	ck_assert_uint_eq(args->kind, LIT_RECORD);
	ck_assert_uint_eq(args->nitems, 4);
	ck_assert(krux_str_eq(args->item[0].name, str("path")));
	ck_assert_uint_eq(args->item[0].name_at.at, 22);
	ck_assert_uint_eq(args->item[0].kind, LIT_STRING);
	literal_print(&b, args);
	buf_putc(&b, 0);
	ck_assert_str_eq(b.p, "{ path: \"/a\", n: -3, deep: [ { x: true }, [ ] ], \"k y\": 1 }");
	buf_free(&b);
	s = source_of(str("a.b {}"));
	ck_assert(call_parse(arena, diags, s->text, whole(s), &cap, &args));
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
	const struct source *s = source_of(str(bad_calls[_i].text));
	const struct literal *args;
	struct krux_str cap;

	ck_assert(!call_parse(arena, diags, s->text, whole(s), &cap, &args));
	ck_assert_str_eq(said(), bad_calls[_i].says);
}
END_TEST

START_TEST(operand_alone)
{
	static const char *const operands[] = { "size", "size(content)", "url.port", "workspace.calls(a.b)", "size(it.x)" };

	for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
		const struct source *s = source_of(str(operands[i]));
		const struct operand *o = operand_parse(arena, diags, s->text, whole(s));
		struct buf b = { 0 };

		ck_assert_ptr_nonnull(o);
		operand_print(&b, o);
		ck_assert(krux_str_eq((struct krux_str){ b.p, b.n }, s->text));
		buf_free(&b);
	}
	ck_assert_ptr_null(operand_parse(arena, diags, str("size == 3"), (struct span){ 0 }));
	ck_assert_ptr_null(operand_parse(arena, diags, str("3"), (struct span){ 0 }));
	ck_assert_ptr_null(operand_parse(arena, diags, str(""), (struct span){ 0 }));
	ck_assert_uint_eq(diags->errors, 3);
}
END_TEST

/* ---- capability files ---- */

static const char read_cap[] =
	"namespace filesystem \"Files of the agent's workspace.\";\n"
	"type Name = string max 255 pattern \"[a-z]+\";\n"
	"\n"
	"/// Reads a file, whole or in part.\n"
	"///\n"
	"///   use: to get contents.\n"
	"capability read @1.20 {\n"
	"  input {\n"
	"    path     : path unused             \"Absolute path.\";\n"
	"    limit    : optional uint 1..16MiB = 1MiB;\n"
	"    encoding : enum { utf8, base64 } = utf8  \"How.\";\n"
	"    entries  : list<record { x : decimal 2 0..9.99; y : map<string, Name> max 3; }> max 10;\n"
	"    type     : decimal 3;\n"
	"  }\n"
	"  output { content : string; }\n"
	"  error NotFound  \"No file there.\" recover filesystem.list \"List the folder.\";\n"
	"  error NotUtf8   \"Not UTF-8.\" recover retry \"Use base64.\";\n"
	"  effect  reads(tree path prunes), connects(url.host, url.port), state(\"k\"), lists(tree), none;\n"
	"  labels  file-content, b;\n"
	"  limits  { memory 64MiB; cpu 1s; }\n"
	"  handler command \"/usr/bin/git\" sha256 \"ab\" argv [ \"--\", path, \"--x=\" + limit, a.b ?, c * ];\n"
	"  answer durable: false;\n"
	"  example \"whole\" { path: \"/workspace/a.txt\" } -> { content: \"hello\\n\", size: 6 };\n"
	"  example \"none\" { } -> error NotFound;\n"
	"}\n"
	"capability read @2.0 { handler builtin \"b\"; handler mcp \"s\" tool \"t\" resident; }\n";

START_TEST(capfile_tree)
{
	const struct capfile *f = capfile_parse(arena, diags, source_of(str(read_cap)));
	const struct ast_capability *c;
	const struct ast_type *t;

	ck_assert_str_eq(said(), "");
	ck_assert_ptr_nonnull(f);
#define IS(s, words) ck_assert(krux_str_eq((s), str(words)))
	IS(f->ns, "filesystem");
	IS(f->doc, "Files of the agent's workspace.");
	ck_assert_uint_eq(f->ntypes, 1);
	IS(f->type[0].name, "Name");
	IS(f->type[0].type->max->text, "255");
	IS(f->type[0].type->pattern->text, "[a-z]+");
	ck_assert_uint_eq(f->ncaps, 2);
	c = &f->cap[0];
	IS(c->name, "read");
	ck_assert_uint_eq(c->major, 1);
	ck_assert_uint_eq(c->minor, 20);
	IS(c->doc, "Reads a file, whole or in part.\n\n  use: to get contents.");
	ck_assert_uint_eq(span_line(c->doc_at), 4);
	ck_assert_uint_eq(c->ninput, 5);
	ck_assert(c->input[0].type->unused && !c->input[0].type->optional);
	IS(c->input[0].doc, "Absolute path.");
	t = c->input[1].type;
	ck_assert(t->optional);
	IS(t->word, "uint");
	IS(t->lo->text, "1");
	IS(t->hi->text, "16MiB");
	IS(c->input[1].deflt->text, "1MiB");
	ck_assert_uint_eq(c->input[2].type->nnames, 2);
	IS(c->input[2].type->names[1].text, "base64");
	t = c->input[3].type;
	IS(t->word, "list");
	IS(t->max->text, "10");
	IS(t->elem->word, "record");
	ck_assert_uint_eq(t->elem->nfields, 2);
	IS(t->elem->field[0].type->scale->text, "2");
	IS(t->elem->field[0].type->hi->text, "9.99");
	IS(t->elem->field[1].type->elem->word, "Name");
	IS(c->input[4].name, "type");
	IS(c->input[4].type->scale->text, "3");
	ck_assert_ptr_null(c->input[4].type->lo);
	ck_assert_uint_eq(c->nerrors, 2);
	IS(c->error[0].recover, "filesystem.list");
	ck_assert_uint_eq(c->error[0].recover_at.n, 15);
	IS(c->error[1].hint, "Use base64.");
	ck_assert_uint_eq(c->neffects, 5);
	ck_assert_uint_eq(c->effect_clauses, 1);
	ck_assert(c->effect[0].arg[0].tree && c->effect[0].arg[0].prunes);
	ck_assert_uint_eq(c->effect[1].nargs, 2);
	IS(c->effect[1].arg[1].operand->name[1], "port");
	IS(c->effect[2].arg[0].constant->text, "k");
	ck_assert(!c->effect[3].arg[0].tree);
	IS(c->effect[3].arg[0].operand->name[0], "tree");
	ck_assert_uint_eq(c->effect[4].nargs, 0);
	IS(c->label[0].text, "file-content");
	ck_assert_uint_eq(c->nlimits, 2);
	IS(c->limit[1].value->text, "1s");
	ck_assert_uint_eq(c->handler.kind, HANDLER_COMMAND);
	ck_assert_uint_eq(c->handler.nargv, 5);
	ck_assert_uint_eq(c->handler.argv[0].kind, ARGV_CONST);
	ck_assert_uint_eq(c->handler.argv[1].kind, ARGV_FIELD);
	ck_assert_uint_eq(c->handler.argv[2].kind, ARGV_JOINED);
	IS(c->handler.argv[2].text, "--x=");
	ck_assert_uint_eq(c->handler.argv[3].kind, ARGV_OPTIONAL);
	ck_assert_uint_eq(c->handler.argv[4].kind, ARGV_EACH);
	ck_assert(c->not_durable);
	ck_assert_uint_eq(c->nexamples, 2);
	IS(c->example[0].name, "whole");
	IS(c->example[0].output->item[0].text, "hello\n");
	IS(c->example[1].error, "NotFound");
	ck_assert_ptr_null(c->example[1].output);
	ck_assert_uint_eq(f->cap[1].handlers, 2);
	ck_assert_uint_eq(f->cap[1].handler.kind, HANDLER_MCP);
	ck_assert_uint_eq(f->cap[1].doc.n, 0);
}
END_TEST

/* Every word may name a field, a member, a limit and an effect. */
START_TEST(capfile_words_are_names)
{
	static const char *const words[] = {
		"and", "or", "not", "true", "false", "in", "under", "matches", "like", "starts", "ends", "with",
		"contains", "has", "any", "all", "it", "size", "workspace", "calls", "namespace", "type",
		"capability", "input", "output", "error", "recover", "effect", "labels", "limits", "handler",
		"answer", "durable", "example", "builtin", "command", "sha256", "argv", "mcp", "tool", "resident",
		"tree", "prunes", "optional", "unused", "enum", "list", "map", "record", "decimal", "max", "pattern",
		"time", "path", "read", "agent", "string", "uint",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *w = words[i];
		struct krux_str text = arena_printf(arena,
			"namespace %s \"d\";\ncapability %s @1.0 {\n  input {\n    %s : enum { %s, a } = %s;\n"
			"    b : record { %s : uint; };\n  }\n  error E \"d\" recover %s.%s \"h\";\n"
			"  effect %s(%s), reads(a.%s);\n  labels %s;\n  limits { %s 1; }\n"
			"  handler command \"/x\" sha256 \"a\" argv [ %s, %s ?, \"a\" + %s ];\n"
			"  example \"x\" { %s: %s } -> { %s: [ %s ] };\n}\n",
			w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w);
		const struct capfile *f = capfile_parse(arena, diags, source_of(text));

		ck_assert_msg(f && !diags->n && f->ncaps == 1, "%s: %s", w, said());
		ck_assert(krux_str_eq(f->cap[0].input[0].name, str(w)));
		ck_assert(krux_str_eq(f->cap[0].example[0].args->item[0].text, str(w)));
	}
}
END_TEST

/* A word of the condition language names a field wherever it cannot begin a test of its own. */
START_TEST(condition_words_are_names)
{
	static const char *const words[] = { "in", "under", "matches", "and", "or", "with", "starts", "contains", "size",
		"any", "all", "workspace", "calls", "input", "type", "error", "max", "read", "time" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *w = words[i];
		struct krux_str text = arena_printf(arena, "%s == %s and has %s and x.%s > 3 and %s in [ %s, %s..%s ] and not %s",
		                                    w, w, w, w, w, w, w, w, w);
		const struct expr *e = condition(text.p);

		ck_assert_msg(e && !diags->n, "%s: %s", w, said());
		ck_assert_str_eq(printed(e), text.p);
	}
}
END_TEST

#define HEAD "namespace a \"d\";\n"
#define CAP HEAD "capability b @1.0 {\n"
#define CLAUSE_WORDS "a clause (input, output, error, effect, labels, limits, handler, answer, example)"

static const struct { const char *text, *says; } bad_files[] = {
	{ "# nothing\n", "1:1 K0032 a capability file is missing here | 'namespace'" },
	{ "capability a @1.0 { }", "1:1 K0030 unexpected 'capability' in a capability file | 'namespace'" },
	{ "namespace a;", "1:12 K0030 unexpected ';' in the namespace line | a string" },
	{ "namespace Files \"d\";", "1:11 K0030 unexpected 'Files' in the namespace line | a name | write it in lower case" },
	{ "namespace my-files \"d\";", "1:11 K0023 'my-files' has a '-' | lower-case letters, digits and '_' in the name of a namespace" },
	{ HEAD "type A = uint", "2:14 K0031 missing ';' at the end of a type | ';' before the end" },
	{ HEAD "/// d\ntype A = uint;", "2:1 K0033 documentation of something that has none" },
	{ HEAD "/// d\n", "2:6 K0032 the text ends inside a capability file | 'type', 'capability' or documentation (///)" },
	{ HEAD "capability b @1 { }", "2:14 K0022 '@1' is not a whole version | write '@1.0'" },
	{ HEAD "capability b { }", "2:14 K0030 unexpected '{' in the first line of a capability | a version such as @1.0" },
	{ CAP, "2:20 K0031 missing '}' at the end of a capability | '}' before the end" },
	{ CAP "  input { a : uint }\n}", "3:19 K0031 missing ';' at the end of a field of input | ';' before '}'" },
	{ CAP "  input { a uint; }\n}", "3:12 K0031 missing ':' in a field of input | ':' before 'uint'" },
	{ CAP "  input { a : uint\n    b : uint;\n  c : uint \"d\"\n }\n}",
	  "3:19 K0031 missing ';' at the end of a field of input | ';' before 'b'\n"
	  "5:15 K0031 missing ';' at the end of a field of input | ';' before '}'" },
	{ CAP "  input { a : uint;\n  output { b : uint; }\n}", "3:20 K0031 missing '}' at the end of input | '}' before 'output'" },
	{ CAP "  input { a : uint foo \"d\"; }\n}",
	  "3:20 K0030 unexpected 'foo' in a field of input | ';', '=', 'unused', 'max', 'pattern', a string or a number" },
	{ CAP "  inptu { a : uint; }\n}", "3:3 K0030 unexpected 'inptu' in a capability | " CLAUSE_WORDS " or '}' | did you mean 'input'?" },
	{ CAP "  input { a : list<uint; b : map<uint, uint> max 3; }\n}",
	  "3:24 K0030 unexpected ';' in a field of input | '>', 'max', 'pattern' or a number\n"
	  "3:34 K0034 keys of a map are strings | write 'map<string, ...>'" },
	{ CAP "  input { a : string max 3 max 4; b : uint 1..2 3..4; }\n}",
	  "3:32 K0035 a second 'max' for one type\n3:49 K0035 a second range for one type" },
	{ CAP "  /// d\n  /// e\n  input { }\n}", "3:3 K0033 documentation of something that has none"
	      " | write '//' for a comment; '///' stands before a capability" },
	{ CAP "  effect reads(a;\n  labels a b;\n  handler builtin x;\n  labels \"a\";\n  error not_found \"d\" recover retry \"h\";\n}",
	  "3:17 K0031 missing ')' at the end of an effect clause | ')' before ';'\n"
	  "4:11 K0031 missing ',' in a labels clause | ',' before 'b'\n"
	  "5:19 K0030 unexpected 'x' in a handler clause | a string | write it in double quotes\n"
	  "6:10 K0030 unexpected \"a\" in a labels clause | a name | write it without quotes\n"
	  "7:9 K0030 unexpected 'not_found' in an error clause | a Name beginning with a capital | write it with a capital, as in NotFound" },
	{ CAP "  frob x;\n  frob y { a; } z;\n  input { }\n}",
	  "3:3 K0030 unexpected 'frob' in a capability | " CLAUSE_WORDS " or '}'\n"
	  "4:3 K0030 unexpected 'frob' in a capability | " CLAUSE_WORDS " or '}'" },
	{ CAP "  input {\n    a : uint;\n/// next\ncapability c @1.0 { }\n",
	  "4:14 K0031 missing '}' at the end of input | '}' before documentation" },
	{ CAP "}\n}\ntype A = uint;\ntype b = uint;\n",
	  "4:1 K0030 unexpected '}' in a capability file | 'type', 'capability', documentation (///) or the end\n"
	  "6:6 K0030 unexpected 'b' in a type | a Name beginning with a capital | write it with a capital, as in NotFound" },
	{ CAP "\tinput { }\n\toutput { }\n}", "3:1 K0015 a tab outside comments and strings | blanks; there are 2 tabs" },
	{ CAP "  example \"x { a: 1 } -> { };\n  labels b\n}",
	  "3:11 K0017 this string does not end on its line | '\"'\n"
	  "4:11 K0031 missing ';' at the end of a labels clause | ';' before '}'" },
	{ CAP "  answer durable: true;\n}", "3:19 K0030 unexpected 'true' in an answer clause | 'false'" },
};

START_TEST(capfile_bad)
{
	capfile_parse(arena, diags, source_of(str(bad_files[_i].text)));
	ck_assert_str_eq(said(), bad_files[_i].says);
}
END_TEST

START_TEST(capfile_nesting)
{
	static const size_t counts[] = { 20, 70, 10000, 1000000 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		static const char *const openers[] = { "list<", "record { a : ", "map<string, " };
		struct krux_str text;

		for (size_t k = 0; k < 3; k++) {
			size_t before = diags->n;

			text = arena_printf(arena, CAP "input { f : %s", repeat(openers[k], counts[i], "uint;", "").p);
			capfile_parse(arena, diags, source_of(text));
			ck_assert_uint_gt(diags->n, before);
			if (counts[i] > 64)
				ck_assert_str_eq(diags->list[before]->text.p, "nested too deep");
		}
		text = arena_printf(arena, CAP "example \"e\" { a: %s", repeat("[", counts[i], "", "").p);
		capfile_parse(arena, diags, source_of(text));
		text = arena_printf(arena, CAP "example \"e\" %s", repeat("{ a: ", counts[i], "", "").p);
		capfile_parse(arena, diags, source_of(text));
		renew();
	}
}
END_TEST

/* ---- capspec/codes ---- */

/* The examples of the codes of this pass bring their own code and no other; those fenced as sh
 * are tests/extra/explained.sh's. */
START_TEST(codes_explained)
{
	static const unsigned codes[] = {
#define CODE(number, title) number,
#include "capspec/codes.def"
#undef CODE
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes && codes[i] < 1000; i++) {
		const char *text = code_text(codes[i]).p, *open = text ? strstr(text, "```") : NULL, *from, *to;
		struct krux_str body;

		ck_assert_msg(open != NULL, "K%04u has no example", codes[i]);
		from = strchr(open, '\n') + 1;
		to = strstr(from, "\n```");
		ck_assert_ptr_nonnull(to);
		renew();
		if (!strncmp(open, "```sh", 5))
			continue;
		body = (struct krux_str){ from, (size_t)(to - from) };
		if (!strncmp(open, "```cond", 7))
			condition_parse(arena, diags, body, (struct span){ 0 });
		else
			capfile_parse(arena, diags, source_of(body));
		ck_assert_msg(diags->n > 0, "the example of K%04u brings nothing", codes[i]);
		for (size_t k = 0; k < diags->n; k++)
			ck_assert_msg(diags->list[k]->code == codes[i], "K%04u: %s", codes[i], said());
	}
}
END_TEST

/* ---- anything ---- */

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Whatever is refused is said why; whatever is taken prints as something that reads the same. */
static void feed(struct krux_str text)
{
	const struct source *s = source_of(text);
	size_t errors = diags->errors;
	const struct expr *e = condition_parse(arena, diags, s->text, whole(s));
	const struct literal *args;
	struct krux_str cap;

	ck_assert_int_eq(e != NULL, diags->errors == errors);
	if (e)
		ck_assert_str_eq(printed(condition(printed(e))), printed(e));
	errors = diags->errors;
	ck_assert_int_eq(call_parse(arena, diags, s->text, whole(s), &cap, &args), diags->errors == errors);
	errors = diags->errors;
	ck_assert(capfile_parse(arena, diags, s) || diags->errors > errors);
}

START_TEST(anything_damaged)
{
	size_t n = sizeof read_cap - 1;

	for (seed = 1; seed < 3000;) {
		uint32_t keep = seed;
		char text[sizeof read_cap * 2];
		size_t len = n;

		renew();
		memcpy(text, read_cap, n);
		for (uint32_t k = rnd(4) + 1; k; k--) {
			size_t at = rnd((uint32_t)len), cut = rnd(12);

			if (rnd(2) && at + cut < len) {
				memmove(text + at, text + at + cut, len - at - cut);
				len -= cut;
			} else {
				static const char signs[] = "{}[]()<>;:,.=\"\\/#@*?+-&|!'\n\t 09azAZ\xC3\xA9";

				text[at] = signs[rnd(sizeof signs - 1)];
			}
		}
		feed((struct krux_str){ text, len });
		seed = keep + 1;
	}
}
END_TEST

START_TEST(anything_of_tokens)
{
	static const char *const tokens[] = { "a", "it", "size", "(", ")", "[", "]", "{", "}", ",", ".", "..", "==", "in",
		"and", "or", "not", "has", "any", "all", "workspace", "calls", "1", "\"s\"", "09:30", "10.0.0.1", "@1.0",
		"starts", "with", "true", "under", ";", ":", "=", "<", ">", "input", "capability", "type", "N", "///d\n",
		"namespace", "record", "list", "enum", "max" };

	for (uint32_t i = 0; i < 20000; i++) {
		struct buf b = { 0 };

		renew();
		seed = i;
		for (uint32_t n = rnd(24); n; n--) {
			buf_puts(&b, tokens[rnd(sizeof tokens / sizeof *tokens)]);
			buf_putc(&b, ' ');
		}
		feed((struct krux_str){ b.p ? b.p : "", b.n });
		buf_free(&b);
	}
}
END_TEST

START_TEST(anything_large)
{
	static const char *const lines[] = { "a ", "\"", "{", ";", "///\n", "capability x @1.0 { input { a } } ;\n", "\xC3\xA9",
		"type A = ", "\\", "1..", "x \"y\n", "not ", "/", ":::", "or " };

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		renew();
		feed(repeat(lines[i], (2 << 20) / strlen(lines[i]), "", ""));
		feed(repeat(lines[i], (1 << 20) / strlen(lines[i]), "", ";}\n"));
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
	tcase_add_checked_fixture(t, setup, teardown);
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
	tcase_add_test(t, capfile_tree);
	tcase_add_test(t, capfile_words_are_names);
	tcase_add_loop_test(t, capfile_bad, 0, sizeof bad_files / sizeof *bad_files);
	tcase_add_test(t, capfile_nesting);
	tcase_add_test(t, codes_explained);
	tcase_add_test(t, anything_damaged);
	tcase_add_test(t, anything_of_tokens);
	tcase_add_test(t, anything_large);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
