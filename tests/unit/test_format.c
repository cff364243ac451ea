/* The formatter of capability files: the layout, and that the tree, the comments and, the
 * second time, the text stay the same. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/buf.h"
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

/* ---- a tree as text, without places ---- */

static void text(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, " %s=%zu:", key, s.n);
	buf_str(b, s);
}

static void literal(struct buf *b, const char *key, const struct literal *l)
{
	buf_printf(b, " %s:", key);
	if (!l)
		return;
	buf_printf(b, "%d ", (int)l->kind);
	literal_print(b, l);
}

static void operand(struct buf *b, const struct operand *o)
{
	buf_putc(b, ' ');
	if (o)
		operand_print(b, o);
}

static void type(struct buf *b, const struct ast_type *t);

static void fields(struct buf *b, const struct ast_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text(b, "\n field", f[i].name);
		text(b, "doc", f[i].doc);
		literal(b, "default", f[i].deflt);
		type(b, f[i].type);
	}
}

static void type(struct buf *b, const struct ast_type *t)
{
	text(b, "type", t->word);
	buf_printf(b, " %d%d", t->optional, t->unused);
	literal(b, "lo", t->lo);
	literal(b, "hi", t->hi);
	literal(b, "max", t->max);
	literal(b, "scale", t->scale);
	literal(b, "pattern", t->pattern);
	for (size_t i = 0; i < t->nnames; i++)
		text(b, "name", t->names[i].text);
	if (t->elem)
		type(b, t->elem);
	buf_putc(b, '{');
	fields(b, t->field, t->nfields);
	buf_putc(b, '}');
}

static void effects(struct buf *b, const struct ast_capability *c)
{
	for (size_t i = 0; i < c->neffects; i++) {
		text(b, "\n effect", c->effect[i].word);
		for (size_t k = 0; k < c->effect[i].nargs; k++) {
			const struct ast_effect_arg *a = &c->effect[i].arg[k];

			buf_printf(b, " %d%d", a->tree, a->prunes);
			operand(b, a->operand);
			literal(b, "constant", a->constant);
		}
	}
}

static void handler(struct buf *b, const struct ast_handler *h)
{
	buf_printf(b, "\n handler %d", (int)h->kind);
	text(b, "name", h->name);
	text(b, "sha256", h->sha256);
	text(b, "tool", h->tool);
	for (size_t i = 0; i < h->nargv; i++) {
		buf_printf(b, " %d", (int)h->argv[i].kind);
		text(b, "argv", h->argv[i].text);
		operand(b, h->argv[i].operand);
	}
}

static void capability(struct buf *b, const struct ast_capability *c)
{
	text(b, "\ncapability", c->name);
	text(b, "doc", c->doc);
	buf_printf(b, " %u.%u %u%u%u%u%u%u%u%u%d", c->major, c->minor, c->inputs, c->outputs, c->effect_clauses,
	           c->label_clauses, c->limit_clauses, c->handlers, c->answers, c->changes, c->not_durable);
	fields(b, c->input, c->ninput);
	buf_puts(b, "\n output");
	fields(b, c->output, c->noutput);
	for (size_t i = 0; i < c->nerrors; i++) {
		text(b, "\n error", c->error[i].name);
		text(b, "doc", c->error[i].doc);
		text(b, "recover", c->error[i].recover);
		text(b, "hint", c->error[i].hint);
	}
	effects(b, c);
	for (size_t i = 0; i < c->nlabels; i++)
		text(b, "label", c->label[i].text);
	for (size_t i = 0; i < c->nlimits; i++) {
		text(b, "limit", c->limit[i].word);
		literal(b, "value", c->limit[i].value);
	}
	handler(b, &c->handler);
	for (size_t i = 0; i < c->nexamples; i++) {
		text(b, "\n example", c->example[i].name);
		literal(b, "args", c->example[i].args);
		literal(b, "output", c->example[i].output);
		text(b, "error", c->example[i].error);
	}
}

static char *dumped(const struct capfile *f)
{
	struct buf b = { 0 };
	char *s;

	text(&b, "namespace", f->ns);
	text(&b, "doc", f->doc);
	for (size_t i = 0; i < f->ntypes; i++) {
		text(&b, "\ntype", f->type[i].name);
		type(&b, f->type[i].type);
	}
	for (size_t i = 0; i < f->ncaps; i++)
		capability(&b, &f->cap[i]);
	s = arena_copy(arena, b.p, b.n);
	buf_free(&b);
	return s;
}

/* ---- */

static const struct capfile *parsed(struct krux_str s)
{
	const struct source *src = source_text(arena, diags, "t.cap", s);
	const struct capfile *f = src ? capfile_parse(arena, diags, src) : NULL;

	if (!f || diags->errors) {
		diags_print(diags, DIAG_TEXT, stderr, false);
		ck_abort_msg("does not parse:\n%.*s", STR_ARG(s));
	}
	return f;
}

static struct krux_str formatted(const struct capfile *f)
{
	struct buf b = { 0 };
	struct krux_str s;

	capfile_format(&b, f);
	s = arena_str(arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return s;
}

/* Formats, and holds what must hold of any file. */
static struct krux_str same(struct krux_str s)
{
	const struct capfile *f = parsed(s), *g;
	struct krux_str once = formatted(f);

	g = parsed(once);
	ck_assert_str_eq(dumped(g), dumped(f));
	ck_assert_str_eq(formatted(g).p, once.p);
	return once;
}

static const char ugly[] =
	"# top comment\n"
	"namespace   demo    \"D\\u{41}emo.\" ; // trailing\n"
	"type Small=uint 1..10;\n"
	"type Entry = record { // opening\n"
	" name:string max 255 \"Name.\"; # trailing name\n"
	" // own line\n"
	" kind : enum { file, dir, // in enum\n"
	"   link } ; } ;\n"
	"type Pair = record { a : uint; b : record { c : string max 10; d : map<string,list<uint max 3> max 4> max 5; }; };\n"
	"\n"
	"\n"
	"// about the capability\n"
	"///Reads.  \n"
	"///   indented\n"
	"/// use: always.\n"
	"capability read@1.0{ // head\n"
	"input{path:path \"Absolute path of a regular file, with a documentation that is long enough to go past.\";\n"
	"  # before b\n"
	"  b:optional uint 1..5=3;\n"
	"\n"
	"\n"
	"  c : list<record { x : uint; y : string max 3 \"doc\"; }> max 10 = [ { x: 1, y: \"a\" }, { x: 2, y: \"b\" } ] \"Many.\";\n"
	"  // last\n"
	" }\n"
	"output { }\n"
	"error NotFound \"No file there.\" recover filesystem.list \"List the folder.\";\n"
	"error Xy \"No.\" recover retry \"Again.\";\n"
	"effect reads(tree path prunes),connects(host,port),none,state(\"key\");\n"
	"labels a,b-c ;\n"
	"limits { memory 64MiB ; cpu 1s; }\n"
	"limits { memory 64MiB ; # why\n"
	"cpu 1s; }\n"
	"handler command \"/usr/bin/git\" sha256 \"0123456789012345678901234567890123456789012345678901234567890123\" argv[\"status\",\"--opt=\"+path,b?,c *,\"--\"];\n"
	"answer durable:false;\n"
	"changes:approve ;\n"
	"example \"x\" { path : \"/a\", c: [{x:1,y:\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},{x:1,y:\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}], \"k y\": -3 }->{};\n"
	"example \"y\" { } -> error NotFound; // bye\n"
	"} // end of read\n"
	"/// Second.\n"
	"/// use: never.\n"
	"capability write @1.0 { input { } output{} handler mcp \"srv\" tool \"t\" resident; }\n"
	"// fin";

static const char pretty[] =
	"# top comment\n"
	"namespace demo \"DAemo.\";  // trailing\n"
	"\n"
	"type Small = uint 1..10;\n"
	"type Entry = record {  // opening\n"
	"  name : string max 255  \"Name.\";  # trailing name\n"
	"  // own line\n"
	"  // in enum\n"
	"  kind : enum { file, dir, link };\n"
	"};\n"
	"type Pair = record {\n"
	"  a : uint;\n"
	"  b : record { c : string max 10; d : map<string, list<uint max 3> max 4> max 5; };\n"
	"};\n"
	"\n"
	"// about the capability\n"
	"/// Reads.\n"
	"///   indented\n"
	"/// use: always.\n"
	"capability read @1.0 {  // head\n"
	"  input {\n"
	"    path : path\n"
	"        \"Absolute path of a regular file, with a documentation that is long enough to go past.\";\n"
	"    # before b\n"
	"    b    : optional uint 1..5 = 3;\n"
	"\n"
	"    c    : list<record {\n"
	"      x : uint;\n"
	"      y : string max 3  \"doc\";\n"
	"    }> max 10 = [ { x: 1, y: \"a\" }, { x: 2, y: \"b\" } ] \"Many.\";\n"
	"    // last\n"
	"  }\n"
	"  output { }\n"
	"  error NotFound \"No file there.\" recover filesystem.list \"List the folder.\";\n"
	"  error Xy       \"No.\"            recover retry \"Again.\";\n"
	"  effect  reads(tree path prunes), connects(host, port), none, state(\"key\");\n"
	"  labels  a, b-c;\n"
	"  limits  { memory 64MiB; cpu 1s; }\n"
	"  limits  {\n"
	"    memory 64MiB;  # why\n"
	"    cpu 1s;\n"
	"  }\n"
	"  handler command \"/usr/bin/git\"\n"
	"      sha256 \"0123456789012345678901234567890123456789012345678901234567890123\"\n"
	"      argv [ \"status\", \"--opt=\" + path, b ?, c *, \"--\" ];\n"
	"  answer  durable: false;\n"
	"  changes: approve;\n"
	"  example \"x\" { path: \"/a\", c: [ { x: 1, y: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" }, { x: 1,\n"
	"      y: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" } ], \"k y\": -3 }\n"
	"      -> { };\n"
	"  example \"y\" { } -> error NotFound;  // bye\n"
	"}  // end of read\n"
	"\n"
	"/// Second.\n"
	"/// use: never.\n"
	"capability write @1.0 {\n"
	"  input { }\n"
	"  output { }\n"
	"  handler mcp \"srv\" tool \"t\" resident;\n"
	"}\n"
	"\n"
	"// fin\n";

START_TEST(format_layout)
{
	ck_assert_str_eq(same((struct krux_str){ ugly, sizeof ugly - 1 }).p, pretty);
}
END_TEST

START_TEST(format_small)
{
	static const struct { const char *in, *out; } pairs[] = {
		{ "namespace a \"b\";", "namespace a \"b\";\n" },
		{ "\n\n# c\n\n\n\nnamespace a \"b\";\n\n\n\n", "# c\n\nnamespace a \"b\";\n" },
		{ "namespace // x\n a # y\n \"b\" ;", "// x\n# y\nnamespace a \"b\";\n" },
		{ "namespace a \"b\";type A=uint;type B=A;", "namespace a \"b\";\n\ntype A = uint;\ntype B = A;\n" },
		{ "namespace a \"b\"; capability c @1.0{}// d", "namespace a \"b\";\n\ncapability c @1.0 { }  // d\n" },
		{ "namespace a \"b\"; capability c // x\n @1.0 {// y\n}// z\n// w",
		  "namespace a \"b\";\n\n// x\ncapability c @1.0 {  // y\n}  // z\n\n// w\n" },
		{ "namespace a \"\tb\\u{202E}\";", "namespace a \"\\tb\\u{202E}\";\n" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		ck_assert_str_eq(same((struct krux_str){ pairs[i].in, strlen(pairs[i].in) }).p, pairs[i].out);
}
END_TEST

/* What the project ships. */
START_TEST(format_shipped)
{
	static char folder[] = "stdlib-caps";
	char *paths[] = { folder };
	struct inputs in;
	size_t caps = 0;

	ck_assert(inputs_find(arena, diags, paths, 1, &in));
	for (size_t i = 0; i < in.n; i++) {
		const struct source *s;

		if (strcmp(in.path[i] + strlen(in.path[i]) - 4, ".cap"))
			continue;
		s = source_read(arena, diags, in.path[i], in.shown[i]);
		ck_assert_ptr_nonnull(s);
		same(s->text);
		caps++;
	}
	ck_assert_uint_ge(caps, 2);
}
END_TEST

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Blanks, line ends and numbered comments between any two tokens of the laid-out text. */
START_TEST(format_any_blanks)
{
	for (uint32_t round = 1; round <= 400; round++) {
		struct buf b = { 0 };
		bool quoted = false, stop = false;
		unsigned comments = 0;
		struct krux_str out;

		teardown();
		setup();
		seed = round;
		for (const char *p = pretty; *p; p++) {
			if ((p[0] == '/' && p[1] == '/') || (p[0] == '#' && !quoted))
				stop = true;
			else if (*p == '"')
				quoted = !quoted;
			else if (*p == '\n')
				stop = false;
			buf_putc(&b, *p);
			if (quoted || stop || (*p != ' ' && *p != '\n' && *p != ';' && *p != '{'))
				continue;
			switch (rnd(12)) {
			case 0:
				buf_puts(&b, "\n");
				break;
			case 1:
				buf_puts(&b, " \n\n\n ");
				break;
			case 2:
				buf_printf(&b, " // c%u.\n", comments++);
				break;
			case 3:
				buf_printf(&b, "\n# c%u.\n", comments++);
				break;
			}
		}
		out = same((struct krux_str){ b.p, b.n });
		for (unsigned i = 0; i < comments; i++) {
			const char *mark = arena_printf(arena, " c%u.", i).p, *at = strstr(out.p, mark);

			ck_assert_msg(at && !strstr(at + 1, mark), "round %u: comment %u\n%s", round, i, out.p);
		}
		buf_free(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("format");
	TCase *t = tcase_create("format");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, format_layout);
	tcase_add_test(t, format_small);
	tcase_add_test(t, format_shipped);
	tcase_add_test(t, format_any_blanks);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
