/* Capability files: what is read and what is said of text that is wrong; the examples of the
 * codes of text and syntax; and any text at all. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/explain.h"
#include "tests/unit/parsing.h"

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
	"  handler command \"/usr/bin/git\" sha256 \"ab\" argv [ \"--\", path, \"--x=\" + limit, a.b ?, c * ] background;\n"
	"  answer durable: false;\n"
	"  changes: approve;\n"
	"  example \"whole\" { path: \"/workspace/a.txt\" } -> { content: \"hello\\n\", size: 6 };\n"
	"  example \"none\" { } -> error NotFound;\n"
	"}\n"
	"capability read @2.0 { handler builtin \"b\"; handler mcp \"s\" tool \"t\" resident; }\n";

START_TEST(capfile_tree)
{
	const struct capfile *f = capfile_parse(text_arena, diags, parsing_source(parsing_str(read_cap)));
	const struct ast_capability *c;
	const struct ast_type *t;

	ck_assert_str_eq(parsing_said(), "");
	ck_assert_ptr_nonnull(f);
#define IS(s, words) ck_assert(krux_str_eq((s), parsing_str(words)))
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
	ck_assert(c->handler.background);
	ck_assert(c->not_durable);
	ck_assert_uint_eq(c->changes, 1);
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
		"answer", "durable", "changes", "approve", "example", "builtin", "command", "sha256", "argv", "background", "mcp", "tool", "resident",
		"tree", "prunes", "optional", "unused", "enum", "list", "map", "record", "decimal", "max", "pattern",
		"time", "path", "read", "agent", "string", "uint",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *w = words[i];
		struct krux_str text = arena_printf(text_arena,
			"namespace %s \"d\";\ncapability %s @1.0 {\n  input {\n    %s : enum { %s, a } = %s;\n"
			"    b : record { %s : uint; };\n  }\n  error E \"d\" recover %s.%s \"h\";\n"
			"  effect %s(%s), reads(a.%s);\n  labels %s;\n  limits { %s 1; }\n"
			"  handler command \"/x\" sha256 \"a\" argv [ %s, %s ?, \"a\" + %s ];\n"
			"  example \"x\" { %s: %s } -> { %s: [ %s ] };\n}\n",
			w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w);
		const struct capfile *f = capfile_parse(text_arena, diags, parsing_source(text));

		ck_assert_msg(f && !diags->n && f->ncaps == 1, "%s: %s", w, parsing_said());
		ck_assert(krux_str_eq(f->cap[0].input[0].name, parsing_str(w)));
		ck_assert(krux_str_eq(f->cap[0].example[0].args->item[0].text, parsing_str(w)));
	}
}
END_TEST

#define HEAD "namespace a \"d\";\n"
#define CAP HEAD "capability b @1.0 {\n"
#define CLAUSE_WORDS "a clause (input, output, error, effect, labels, limits, handler, answer, changes, example)"

static const struct { const char *text, *says; } bad_files[] = {
	{ "# nothing\n", "1:1 K0032 this capability file holds nothing but comments | 'namespace'" },
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
	{ CAP "  changes: allow;\n}", "3:12 K0030 unexpected 'allow' in a changes clause | 'approve'" },
	{ CAP "  answer durable: true;\n}", "3:19 K0030 unexpected 'true' in an answer clause | 'false'" },
};

START_TEST(capfile_bad)
{
	capfile_parse(text_arena, diags, parsing_source(parsing_str(bad_files[_i].text)));
	ck_assert_str_eq(parsing_said(), bad_files[_i].says);
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

			text = arena_printf(text_arena, CAP "input { f : %s", parsing_repeat(openers[k], counts[i], "uint;", "").p);
			capfile_parse(text_arena, diags, parsing_source(text));
			ck_assert_uint_gt(diags->n, before);
			if (counts[i] > 64)
				ck_assert_str_eq(diags->list[before]->text.p, "nested too deep");
		}
		text = arena_printf(text_arena, CAP "example \"e\" { a: %s", parsing_repeat("[", counts[i], "", "").p);
		capfile_parse(text_arena, diags, parsing_source(text));
		text = arena_printf(text_arena, CAP "example \"e\" %s", parsing_repeat("{ a: ", counts[i], "", "").p);
		capfile_parse(text_arena, diags, parsing_source(text));
		parsing_renew();
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
		parsing_renew();
		if (!strncmp(open, "```sh", 5))
			continue;
		body = (struct krux_str){ from, (size_t)(to - from) };
		if (!strncmp(open, "```cond", 7))
			condition_parse(text_arena, diags, body, (struct span){ 0 });
		else
			capfile_parse(text_arena, diags, parsing_source(body));
		ck_assert_msg(diags->n > 0, "the example of K%04u brings nothing", codes[i]);
		for (size_t k = 0; k < diags->n; k++)
			ck_assert_msg(diags->list[k]->code == codes[i], "K%04u: %s", codes[i], parsing_said());
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
	const struct source *s = parsing_source(text);
	size_t errors = diags->errors;
	const struct expr *e = condition_parse(text_arena, diags, s->text, parsing_whole(s));
	const struct literal *args;
	struct krux_str cap;

	ck_assert_int_eq(e != NULL, diags->errors == errors);
	if (e)
		ck_assert_str_eq(parsing_printed(parsing_condition(parsing_printed(e))), parsing_printed(e));
	errors = diags->errors;
	ck_assert_int_eq(call_parse(text_arena, diags, s->text, parsing_whole(s), &cap, &args), diags->errors == errors);
	errors = diags->errors;
	ck_assert(capfile_parse(text_arena, diags, s) || diags->errors > errors);
}

START_TEST(anything_damaged)
{
	size_t n = sizeof read_cap - 1;

	for (seed = 1; seed < 3000;) {
		uint32_t keep = seed;
		char text[sizeof read_cap * 2];
		size_t len = n;

		parsing_renew();
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

		parsing_renew();
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
		parsing_renew();
		feed(parsing_repeat(lines[i], (2 << 20) / strlen(lines[i]), "", ""));
		feed(parsing_repeat(lines[i], (1 << 20) / strlen(lines[i]), "", ";}\n"));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("capfile");
	TCase *t = tcase_create("capfile");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, parsing_start, parsing_end);
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
