/* Import: what comes out of tests/fixtures/import, file by file beside its .want; that nothing is
 * lost in silence; that what comes out is taken by the compiler; and that hostile files do no
 * harm. IMPORT=update writes the .want files instead. Run from the root of the tree. */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/model/model.h"
#include "compiler/read/import_draft.h"
#include "tests/unit/reading.h"

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

static struct imports import_text(enum import_kind kind, const char *name, const char *text, size_t n)
{
	const struct source *src = source_text(arena, diags, name, (struct krux_str){ text, n });
	struct imports out = { 0 };

	if (src)
		import_run(arena, diags, kind, &src, 1, &out);
	return out;
}

/* ---- fixtures ---- */

static const struct { enum import_kind kind; const char *name; } fixtures[] = {
	{ IMPORT_KRUXOS, "notes.yaml" }, { IMPORT_KRUXOS, "map.yaml" }, { IMPORT_KRUXOS, "agent.yaml" },
	{ IMPORT_KRUXOS, "rules.yaml" }, { IMPORT_KRUXOS, "match.yaml" }, { IMPORT_KRUXOS, "overrides.yaml" },
	{ IMPORT_KRUXOS, "bare.yaml" }, { IMPORT_KRUXOS, "doubt.yaml" }, { IMPORT_MCP, "tracker.json" },
	{ IMPORT_CLAUDE, "settings.json" },
};

static struct imports import_fixture(size_t i)
{
	struct krux_str path = arena_printf(arena, "tests/fixtures/import/%s", fixtures[i].name);
	const struct source *src = source_read(arena, diags, path.p, fixtures[i].name);
	struct imports out = { 0 };

	ck_assert_msg(src != NULL, "run from the root of the tree");
	ck_assert(import_run(arena, diags, fixtures[i].kind, &src, 1, &out));
	return out;
}

static void put_all(struct buf *b, const struct imports *out)
{
	for (size_t i = 0; i < out->n; i++) {
		buf_printf(b, "==> %.*s\n", STR_ARG(out->file[i].name));
		buf_str(b, out->file[i].text);
	}
	buf_puts(b, "==> warnings\n");
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = diags->list[i];
		uint32_t line, col;

		span_place(d->at, &line, &col);
		buf_printf(b, "%u:%u: K%04u: ", line, col, d->code);
		escape_screen(b, d->text);
		buf_putc(b, '\n');
	}
}

START_TEST(fixture)
{
	struct imports out = import_fixture((size_t)_i);
	struct krux_str path = arena_printf(arena, "tests/fixtures/import/%s.want", fixtures[_i].name);
	struct buf b = { 0 };
	char *want = arena_get(arena, 1 << 20);
	FILE *f;
	size_t n;

	put_all(&b, &out);
	if (getenv("IMPORT")) {
		f = fopen(path.p, "w");
		ck_assert_ptr_nonnull(f);
		fwrite(b.p, 1, b.n, f);
		fclose(f);
	}
	f = fopen(path.p, "r");
	ck_assert_msg(f != NULL, "no %s", path.p);
	n = fread(want, 1, 1 << 20, f);
	fclose(f);
	for (size_t i = 0, line = 1; i < n || i < b.n; line += want[i++] == '\n')
		ck_assert_msg(i < n && i < b.n && want[i] == b.p[i], "differs from line %zu of %s; got:\n%.*s", line, path.p,
		              (int)b.n, b.p);
	buf_free(&b);
}
END_TEST

/* Every loss is said twice: to who imports, and to who reads the result. */
START_TEST(nothing_is_lost_in_silence)
{
	struct imports out = import_fixture((size_t)_i);
	struct buf all = { 0 };

	for (size_t i = 0; i < out.n; i++)
		buf_str(&all, out.file[i].text);
	for (size_t i = 0; i < diags->n; i++) {
		struct buf line = { 0 };

		ck_assert_int_eq(diags->list[i]->level, DIAG_WARNING);
		if (diags->list[i]->code == 6104) {
			ck_assert(str_has((struct krux_str){ all.p, all.n }, "# review: "));
			continue;
		}
		escape_screen(&line, diags->list[i]->text);
		ck_assert_msg(memmem(all.p, all.n, line.p, line.n) != NULL, "not in the output: %.*s", (int)line.n, line.p);
		buf_free(&line);
	}
	buf_free(&all);
}
END_TEST

static bool ends(struct krux_str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n > n && !memcmp(s.p + s.n - n, suffix, n);
}

START_TEST(the_compiler_takes_it)
{
	struct imports out = import_fixture((size_t)_i);
	const struct capfile *caps[16];
	struct capability_set set;
	size_t n = 0;

	diags = diags_new(arena);
	for (size_t i = 0; i < out.n; i++) {
		struct krux_str name = arena_str(arena, out.file[i].name);
		const struct source *src = source_text(arena, diags, name.p, out.file[i].text);
		struct buf again = { 0 };

		if (ends(name, ".cap")) {
			caps[n] = capfile_parse(arena, diags, src);
			capfile_format(&again, caps[n++]);
		} else {
			ck_assert_ptr_nonnull(policyfile_parse(arena, diags, src));
			ck_assert(policyfile_format(arena, diags, src, &again));
		}
		/* It is laid out as `kruxc fmt` would. */
		ck_assert(krux_str_eq(out.file[i].text, (struct krux_str){ again.p, again.n }));
		buf_free(&again);
	}
	ck_assert(capabilities_resolve(arena, diags, caps, n, &set));
	if (diags->n)
		diags_print(diags, DIAG_TEXT, stderr, false);
	ck_assert_uint_eq(diags->n, 0);
	ck_assert_uint_ge(set.n, n);
}
END_TEST

/* ---- doubt means deny ---- */

#define CAP "capabilities:\n  a.b:\n"

static const struct { const char *text, *rule; } denied[] = {
	{ CAP "    tier: autonomous\n    until: tomorrow\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    conditions: [ x ]\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    conditions: { size_lt: many }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    conditions: { it's: x }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    rate_limit: 5\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    rate_limit: { max: 5 }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    rate_limit: { max: 5, window: 60, burst: 2 }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: yes\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: [ autonomous ]\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    rate_limit: { max: 5, window: 60 }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    agent: \"no one\"\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    conditions: { path: \"/a/*.md\" }\n", "on: a.b\n    when: path matches \"/a/**/*.md\"\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    conditions: { path: \"docs/**\" }\n", "on: a.b\n    when: path matches \"/**/docs/**\"\n    verdict: blocked" },
	{ CAP "    tier: autonomous\n    conditions: { path: \"/a/x**\", n_lt: 5, m: \"*\" }\n",
	  "on: a.b\n    when: path matches \"/a/x*/**\" and n < 5\n    verdict: blocked" },
	{ CAP "    tier: blocked\n    conditions: { path: \"/a/k[0-9]\" }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: blocked\n    conditions: { path_prefix: \"/a/*\" }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: blocked\n    conditions: { branch: \"release/*\" }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: blocked\n    conditions: { path_in: [ /x, \"~/*\" ] }\n", "on: a.b\n    verdict: blocked" },
	{ "rules:\n  - tier: autonomous\n    only: x\n", "on: \"*\"\n    verdict: blocked" },
	{ "capabilities: { 'a*': notify, 'b.*': autonomous }\n", "on: \"*\"\n    verdict: blocked\n  - id: b.all" },
	{ "capabilities: { 'a.b*': notify, 'a.*': autonomous }\n", "on: \"a.*\"\n    verdict: blocked\n  - id: a.all" },
	{ "defaults: { tier: sure }\n", "default: blocked" },
	{ CAP "    tier: autonomous\n", "default: blocked" },
	{ "version: 1\ndefault: autonomous\na.b: blocked\n", "on: a.b\n    verdict: blocked" },
	{ "default: autonomous\nhours: 9-17\n", "  - id: doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "default: autonomous\ndeny: [ a.b ]\n", "  - id: doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "default: autonomous\nrules: none\n", "  - id: doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "default: autonomous\ncapabilities: [ a.b ]\n", "  - id: doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "default: autonomous\nrules: [ a.b ]\n", "on: \"*\"\n    verdict: blocked" },
	{ "defaults: { tier: autonomous, unless: night }\na.b: notify\n", "default: blocked" },
	{ "default: autonomous\ndefaults: { tier: notify }\na.b: blocked\n", "default: notify" },
	{ CAP "    tier: blocked\n    verdict: autonomous\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    agent: x\n    match: { agent: y }\n", "on: a.b\n    verdict: blocked" },
	{ CAP "    tier: notify\n    rate_limit: { max: 1, window: 60 }\n    match: { rate_limit: { max: 9, window: 60 } }\n",
	  "on: a.b\n    verdict: blocked" },
};

START_TEST(doubt_means_deny)
{
	struct imports out = import_text(IMPORT_KRUXOS, "x.yaml", denied[_i].text, strlen(denied[_i].text));

	ck_assert_uint_eq(out.n, 1);
	ck_assert_uint_ge(diags->n, 1);
	ck_assert_msg(str_has(out.file[0].text, denied[_i].rule), "got:\n%.*s", STR_ARG(out.file[0].text));
}
END_TEST

/* A rule that blocks is only widened, one that permits only narrowed. */
static const struct { const char *rule, *when; } patterns[] = {
	{ "tier: blocked, conditions: { path: \"/a/secret/**\" }", "path matches \"/a/secret/**\"\n    verdict: blocked" },
	{ "tier: notify, conditions: { path: \"/a/**\" }", "path matches \"/a/**\"\n    verdict: notify" },
	{ "tier: blocked, conditions: { path: \"**/.git/**\" }", "path matches \"/**/.git/**\"\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path: \"/a/*.pem\" }", "path matches \"/a/**/*.pem\"\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path: \"*.pem\" }", "path matches \"/**/*.pem\"\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path: \"/a/*\" }", "path matches \"/a/**\"\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path: \"/a/x?y/z\" }", "path matches \"/a/x*/**/z\"\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path_glob: \"/a/*id_*\" }", "path matches \"/a/**/*id_*/**\"\n    verdict: blocked" },
	{ "tier: autonomous, conditions: { path: \"/a/*.md\" }", "path matches \"/a/*.md\"\n    verdict: autonomous" },
	{ "tier: blocked, conditions: { path_in: [ \"/a/*\", /b ], n_lt: 3 }",
	  "(path matches \"/a/**\" or path == \"/b\") and n < 3\n    verdict: blocked" },
	{ "tier: blocked, conditions: { path: /a/b }", "path == \"/a/b\"\n    verdict: blocked" },
};

START_TEST(patterns_of_paths)
{
	struct krux_str text = arena_printf(arena, "capabilities: { a.b: { %s } }\n", patterns[_i].rule);
	struct imports out = import_text(IMPORT_KRUXOS, "x.yaml", text.p, text.n);

	ck_assert_uint_eq(out.n, 1);
	ck_assert_msg(str_has(out.file[0].text, patterns[_i].when), "got:\n%.*s", STR_ARG(out.file[0].text));
}
END_TEST

START_TEST(agents_of_a_file)
{
	static const struct { const char *agent, *want; } files[] = {
		{ "\"*\"", "agents: \"*\"\n" }, { "\"dev-*\"", "agents: \"dev-*\"\n" }, { "builder-7", "agents: builder-7\n" },
		{ "Builder 7", "agents: builder-7\n" }, { "\"dev-?\"", "agents: \"*\"\n" }, { "[ a, b ]", "agents: \"*\"\n" },
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct krux_str text = arena_printf(arena, "agent: %s\ncapabilities: { a.b: blocked }\n", files[i].agent);
		struct imports out = import_text(IMPORT_KRUXOS, "x.yaml", text.p, text.n);

		ck_assert_msg(str_has(out.file[0].text, files[i].want), "got:\n%.*s", STR_ARG(out.file[0].text));
		ck_assert_uint_eq(diags->n, i > 2 ? i - 2 : 0);
	}
}
END_TEST

/* What a server says of its tools binds it to nothing, and its names are not always ours. */
static const struct { const char *tool, *want; } hinted[] = {
	{ "\"name\": \"delete_file\", \"annotations\": { \"readOnlyHint\": true }, \"inputSchema\": { \"required\": [ \"file_path\" ],"
	  "\"properties\": { \"file_path\": { \"type\": \"string\" } } }",
	  "effect  reads(file_path), writes(file_path), deletes(file_path), state(\"x\");" },
	{ "\"name\": \"get\", \"annotations\": { \"readOnlyHint\": true }, \"inputSchema\": { \"required\": [ \"url\" ],"
	  "\"properties\": { \"url\": { \"type\": \"string\" } } }", "effect  connects(url), state(\"x\");" },
	{ "\"name\": \"get\", \"inputSchema\": { \"properties\": { \"url\": { \"type\": \"string\", \"format\": \"uri\" } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ "\"name\": \"do\", \"annotations\": { \"readOnlyHint\": true }, \"inputSchema\": { \"properties\": {"
	  "\"shell_command\": { \"type\": \"string\" }, \"files\": { \"type\": \"array\", \"items\": { \"type\": \"string\" } } } }",
	  "effect  reads(files), writes(files), state(\"x\"), executes(\"/bin/sh\");" },
#define FIELDS "\"name\": \"do\", \"annotations\": { \"readOnlyHint\": true }, \"inputSchema\": { \"required\": [ \"o\", \"l\", \"host\", \"port\" ], \"properties\": { "
#define TEXT "{ \"type\": \"string\" }"
#define RECORD(needed, members) "{ \"type\": \"object\", \"required\": [ " needed " ], \"properties\": { " members " } }"
	{ FIELDS "\"o\": " RECORD("\"url\", \"path\"", "\"url\": " TEXT ", \"path\": " TEXT) " } }",
	  "effect  connects(o.url), reads(o.path), writes(o.path), state(\"x\");" },
	{ FIELDS "\"o\": " RECORD("\"in\"", "\"in\": " RECORD("", "\"path\": " TEXT)) " } }",
	  "effect  reads(o.in.path), writes(o.in.path), state(\"x\");" },
	{ FIELDS "\"o\": " RECORD("", "\"url\": " TEXT) " } }", "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"x\": " RECORD("\"url\"", "\"url\": " TEXT) " } }", "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"x\": " RECORD("\"paths\"", "\"paths\": { \"type\": \"array\", \"items\": " TEXT " }") " } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"o\": " RECORD("\"paths\"", "\"paths\": { \"type\": \"array\", \"items\": " TEXT " }") " } }",
	  "effect  reads(o.paths), writes(o.paths), state(\"x\");" },
	{ FIELDS "\"o\": " RECORD("\"command\"", "\"command\": " TEXT) " } }", "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"type\": \"array\", \"items\": " RECORD("\"path\"", "\"path\": " TEXT) " } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"type\": \"array\", \"items\": { \"type\": \"string\", \"format\": \"uri\" } } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"type\": \"array\", \"prefixItems\": [ { \"format\": \"hostname\" } ] } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"type\": \"object\", \"additionalProperties\": " RECORD("", "\"file\": " TEXT) " } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"anyOf\": [ " TEXT ", " RECORD("", "\"file\": " TEXT) " ] } } }",
	  "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"files\": { \"type\": \"object\" } } }", "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"host\": " TEXT " } }", "effect  state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"host\": " TEXT ", \"port\": { \"type\": \"integer\" } } }", "effect  connects(host, port), state(\"x\");" },
	{ FIELDS "\"o\": { \"$ref\": \"#/d\" } }, \"d\": " RECORD("\"path\"", "\"path\": " TEXT ", \"o\": { \"$ref\": \"#/d\" }") " }",
	  "effect  reads(o.path), writes(o.path), state(\"x\"), executes(\"/bin/sh\");" },
	{ FIELDS "\"l\": { \"type\": \"array\", \"items\": { \"type\": \"array\", \"items\": { \"type\": \"object\" } } } } }",
	  "list<list<map<string, string max 4096> max " },
	{ FIELDS "\"o\": { \"type\": \"string\", \"maxLength\": 4000000 }, \"l\": { \"type\": \"string\", \"maxLength\": 4000000 } } }",
	  "o : string max 8388603" },
	{ "\"name\": \"look\", \"annotations\": { \"readOnlyHint\": true }", "effect  state(\"x\");" },
	{ "\"name\": \"a b\"", "handler mcp \"x\" tool \"a_b\" resident;" },
	{ "\"name\": \"-x\" }, { \"name\": \"x\"", "handler mcp \"x\" tool \"x_2\" resident;" },
	{ "\"name\": \"get-it\" }, { \"name\": \"get_it_2\" }, { \"name\": \"get_it\"",
	  "# renamed: the tool `get-it` is x.get_it_3 here" },
	{ "\"name\": \"a\\u001bb\"", "handler mcp \"x\" tool \"a_b\" resident;" },
};

/* A weak effect is only for what neither name nor description nor field gives a reason to doubt; bounds are kept. */
static const struct { const char *tool, *want; } worded[] = {
#include "tests/unit/test_import.inc"
};

static void check_tool(const char *tool, const char *want, size_t least)
{
	struct krux_str text = arena_printf(arena, "[ { %s } ]\n", tool);
	struct imports out = import_text(IMPORT_MCP, "x.json", text.p, text.n);
	const struct capfile *cap;
	struct capability_set set;

	ck_assert_uint_eq(out.n, 1);
	ck_assert_uint_ge(diags->n, least);
	ck_assert_msg(str_has(out.file[0].text, want), "got:\n%.*s", STR_ARG(out.file[0].text));
	diags = diags_new(arena);
	cap = capfile_parse(arena, diags, source_text(arena, diags, "x.cap", out.file[0].text));
	ck_assert(capabilities_resolve(arena, diags, &cap, 1, &set));
	ck_assert_uint_eq(diags->n, 0);
}

START_TEST(tools_are_not_believed)
{
	check_tool(hinted[_i].tool, hinted[_i].want, 2);
}
END_TEST

START_TEST(words_make_effects_stronger)
{
	check_tool(worded[_i].tool, worded[_i].want, 1);
}
END_TEST

/* Files of one name in several folders, and what is said to have one name: nothing takes the place of another. */
static const struct { enum import_kind kind; const char *name, *text, *first, *second, *within; } twice[] = {
	{ IMPORT_CLAUDE, "settings.json", "{ \"permissions\": { \"deny\": [ \"Edit\" ] } }\n", "settings.yaml",
	  "settings-2.yaml", "\nname: settings-2\n" },
	{ IMPORT_MCP, "tools.json", "[ { \"name\": \"a\" } ]\n", "tools.cap", "tools-2.cap", "namespace tools " },
	{ IMPORT_KRUXOS, "p.yaml", "name: q\n" CAP "    tier: notify\n", "q.yaml", "q-2.yaml",
	  "# renamed: the policy q is q-2 here: another file of this import has that name\n" },
	{ IMPORT_KRUXOS, "c.yaml", "- { name: a.b, purpose: x }\n", "a.cap", "a-2.cap", "namespace a " },
};

START_TEST(no_file_takes_the_place_of_another)
{
	struct krux_str text = { twice[_i].text, strlen(twice[_i].text) };
	const struct source *src[] = { source_text(arena, diags, twice[_i].name, text), source_text(arena, diags, twice[_i].name, text) };
	struct imports out = { 0 };

	ck_assert(import_run(arena, diags, twice[_i].kind, src, 2, &out));
	ck_assert_uint_eq(out.n, 2);
	ck_assert_msg(str_is(out.file[0].name, twice[_i].first), "%.*s", STR_ARG(out.file[0].name));
	ck_assert_msg(str_is(out.file[1].name, twice[_i].second), "%.*s", STR_ARG(out.file[1].name));
	ck_assert_msg(str_has(out.file[1].text, twice[_i].within), "got:\n%.*s", STR_ARG(out.file[1].text));
}
END_TEST

/* The namespaces of the library are those that no server gets. */
START_TEST(no_server_is_of_the_library)
{
	static const char *const dirs[] = { "filesystem", "network", "process", "system" };

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		struct krux_str name = arena_printf(arena, "a/%s.json", dirs[i]), tools = KRUX_STR("[ { \"name\": \"a\" } ]"), want;
		struct imports out = import_text(IMPORT_MCP, name.p, tools.p, tools.n);

		ck_assert_uint_eq(out.n, 1);
		want = arena_printf(arena, "\nnamespace %s_server ", dirs[i]);
		ck_assert_msg(str_has(out.file[0].text, want.p), "got:\n%.*s", STR_ARG(out.file[0].text));
		want = arena_printf(arena, "handler mcp \"%s\" tool ", dirs[i]);
		ck_assert(str_has(out.file[0].text, want.p));
	}
}
END_TEST

/* Every folder of the library that has capabilities is one of those. */
START_TEST(the_library_has_no_other_namespace)
{
	glob_t found;

	ck_assert_int_eq(glob("stdlib-caps/*/*.cap", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *dir = found.gl_pathv[i] + strlen("stdlib-caps/");
		struct krux_str ns = { dir, strcspn(dir, "/") }, other;

		ck_assert_msg(!import_server(arena, ns, &other) && !krux_str_eq(ns, other), "%s", found.gl_pathv[i]);
	}
	globfree(&found);
}
END_TEST

START_TEST(tiers)
{
	static const struct { const char *word, *verdict; } words[] = {
		{ "autonomous", "autonomous" }, { "notify", "notify" }, { "blocked", "blocked" },
		{ "approval_required", "approval-required" }, { "require_approval", "approval-required" },
		{ "approval", "approval-required" }, { "Approval_Required", "approval-required" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct krux_str text = arena_printf(arena, "defaults: { tier: %s }\n", words[i].word);
		struct imports out = import_text(IMPORT_KRUXOS, "x.yaml", text.p, text.n);

		ck_assert(str_has(out.file[0].text, arena_printf(arena, "\ndefault: %s\n", words[i].verdict).p));
	}
}
END_TEST

/* ---- refused ---- */

static const struct { enum import_kind kind; const char *text; unsigned code; uint32_t line; } refused[] = {
	{ IMPORT_KRUXOS, "text\n", 6101, 1 },
	{ IMPORT_KRUXOS, "[]\n", 6101, 1 },
	{ IMPORT_KRUXOS, "a: b\n", 6101, 1 },
	{ IMPORT_KRUXOS, "a: *b\n", 2004, 1 },
	{ IMPORT_KRUXOS, "- name: noname\n  purpose: x\n", 6101, 1 },
	{ IMPORT_KRUXOS, "- name: [ a ]\n  purpose: x\n", 6101, 1 },
	{ IMPORT_KRUXOS, "{ \"tools\": [ { \"name\": \"a\", \"inputSchema\": {} } ] }\n", 6101, 1 },
	{ IMPORT_KRUXOS, "{ \"result\": { \"tools\": [ { \"name\": \"a\", \"inputSchema\": {} } ] } }\n", 6101, 1 },
	{ IMPORT_KRUXOS, "[ { \"name\": \"a\", \"inputSchema\": {} } ]\n", 6101, 1 },
	{ IMPORT_MCP, "[ { \"name\": \"a.b\", \"purpose\": \"x\" } ]\n", 6101, 1 },
	{ IMPORT_MCP, "{\n  \"tools\": [ }\n", 6101, 2 },
	{ IMPORT_MCP, "[ { \"name\": \"a\" },\n{ \"name\": \"a\" } ]\n", 6101, 2 },
	{ IMPORT_MCP, "{}\n", 6101, 1 },
	{ IMPORT_MCP, "{ \"tools\": [] }\n", 6101, 1 },
	{ IMPORT_MCP, "[ 1, 2 ]x\n", 6101, 1 },
	{ IMPORT_CLAUDE, "{}\n", 6101, 1 },
	{ IMPORT_CLAUDE, "{ \"permissions\": [] }\n", 6101, 1 },
	{ IMPORT_CLAUDE, "permissions: {}\n", 6101, 1 },
	{ IMPORT_CLAUDE, "{ \"permissions\": {\n\"allow\": [ \"Edit\" ], \"deny\": \"Edit\" } }\n", 6101, 2 },
	{ IMPORT_CLAUDE, "{ \"permissions\": {\n\"deny\": { \"Edit\": true } } }\n", 6101, 2 },
	{ IMPORT_CLAUDE, "{ \"permissions\": {\n\"deny\": [ [ \"Edit\" ], 1 ] } }\n", 6101, 2 },
	{ IMPORT_CLAUDE, "{ \"permissions\": {\n\"deny\": [ \"\" ] } }\n", 6101, 2 },
	{ IMPORT_CLAUDE, "{ \"permissions\": {\n\"ask\": null } }\n", 6101, 2 },
};

START_TEST(refuses)
{
	import_text(refused[_i].kind, "x.yaml", refused[_i].text, strlen(refused[_i].text));
	for (size_t i = 0; i < diags->n; i++)
		if (diags->list[i]->code == refused[_i].code && diags->list[i]->level == DIAG_ERROR &&
		    span_line(diags->list[i]->at) == refused[_i].line)
			return;
	diags_print(diags, DIAG_TEXT, stderr, false);
	ck_abort_msg("no such error");
}
END_TEST

/* ---- hostile texts ---- */

START_TEST(text_of_users_stays_text)
{
	static const char caps[] =
		"- name: \"a.b\\\"; }\"\n  version: \"1.0\\n} x\"\n  purpose: \"Does.\\n\\\"} capability x @1.0 {\"\n"
		"  when_to_use: \"x\\n# y\\n\\u202Ez\"\n  inputs:\n"
		"    - { name: \"p\\\"\\n\", type: \"path; }\", default: \"\\\"; }\\n\", description: \"d\\\\\\\"; } {\" }\n"
		"  errors:\n    - { type: \"x; }\", description: \"\\\"; }\", recovery: [ { action: a, description: \"\\\"\" } ] }\n"
		"  tags: [ \"a\\nb: c\" ]\n  \"k\\ney\": 1\n";
	static const char policy[] =
		"name: \"x\\ny: z\"\ndescription: \"a\\n\\\"b: # c\"\n\"k: v\\n- x\": 1\ncapabilities:\n"
		"  \"a.b\\n\": { tier: notify, reason: \"r\\n  verdict: autonomous\", note: \"n\\n# o\" }\n"
		"  'c.\"d': { tier: autonomous, conditions: { path_prefix: \"/\\\" or true or path under \\\"/\\n\" } }\n";
	static const char tools[] =
		"{ \"tools\": [ { \"name\": \"a\\\"; } \\n\", \"description\": \"x.\\n} y\", \"inputSchema\": { \"type\": \"object\","
		" \"properties\": { \"p\\n\": { \"enum\": [ \"a\\\"b\", \"c\\nd\" ], \"description\": \"\\\"; }\" },"
		" \"q\": { \"type\": \"string\", \"pattern\": \"\\\";\\n\", \"default\": \"\\\"; }\" } } } } ] }";
	static const char settings[] =
		"{ \"permissions\": { \"allow\": [ \"Read(a\\\" or true or path under \\\"/)\", \"Edit(x\\ny)\","
		" \"mcp__a\\n__b: c\", \"WebFetch(domain:a\\\"b)\", \"X\\n- id: y\" ], \"a\\nb\": 1 } }";
	struct imports out[4] = {
		import_text(IMPORT_KRUXOS, "x.yaml", caps, sizeof caps - 1),
		import_text(IMPORT_KRUXOS, "x.yaml", policy, sizeof policy - 1),
		import_text(IMPORT_MCP, "x.json", tools, sizeof tools - 1),
		import_text(IMPORT_CLAUDE, "x.json", settings, sizeof settings - 1),
	};
	const struct policyfile *f;
	const struct capfile *c;

	ck_assert_uint_eq(diags->errors, 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(out[i].n, 1);
	c = capfile_parse(arena, diags, source_text(arena, diags, "y", out[0].file[0].text));
	ck_assert(c && c->ncaps == 1 && c->cap->ninput == 1 && c->cap->nerrors == 1);
	f = policyfile_parse(arena, diags, source_text(arena, diags, "y", out[1].file[0].text));
	ck_assert(f && f->nrules == 3);
	ck_assert_int_eq(f->rule[2].when->kind, EXPR_TEST);
	c = capfile_parse(arena, diags, source_text(arena, diags, "y", out[2].file[0].text));
	ck_assert(c && c->ncaps == 1 && c->cap->ninput == 2);
	f = policyfile_parse(arena, diags, source_text(arena, diags, "y", out[3].file[0].text));
	ck_assert(f && f->nrules >= 1);
	for (size_t i = 0; i < f->nrules; i++)
		ck_assert(!f->rule[i].when || f->rule[i].when->kind == EXPR_TEST);
	ck_assert_uint_eq(diags->errors, 0);
}
END_TEST

#define LONG63 "a12345678901234567890123456789012345678901234567890123456789012"

/* Each of these asks for far more than it says; it must end soon, with a result or an error. */
static const struct { enum import_kind kind; const char *head, *again, *between, *tail; size_t times; } large[] = {
	{ IMPORT_KRUXOS, "rules:\n", "  - { capability: a.b, tier: notify }\n", "", "", 20000 },
	{ IMPORT_KRUXOS, "rules:\n", "  - { capability: [ a.b, a.b ], tier: notify, conditions: { x_lt: 1 } }\n", "", "", 15000 },
	{ IMPORT_KRUXOS, "rules:\n  - tier: notify\n    capability: a.b\n    conditions: [ ", "{ x_lt: 1 }", ", ", " ]\n", 50000 },
	{ IMPORT_KRUXOS, "rules:\n  - tier: notify\n    capability: [ ", "a.b", ", ", " ]\n    conditions: { a_lt: 1, b_lt: 2 }\n", 35000 },
	{ IMPORT_KRUXOS, "", "- { name: a.b, purpose: x }\n", "", "", 30000 },
	{ IMPORT_KRUXOS, "- name: a.b\n  purpose: x\n  tags: [ ", "x", ", ", " ]\n", 50000 },
	{ IMPORT_KRUXOS, "- name: a.b\n  purpose: x\n  inputs:\n", "    - { name: x, type: Object }\n", "", "", 30000 },
	{ IMPORT_KRUXOS, "- name: a.b\n  purpose: \"", "x ", "", "\"\n", 200000 },
	{ IMPORT_KRUXOS, "- name: a.b\n  purpose: x\n  errors:\n    - type: X\n      recovery: [ ",
	  "{ description: a.b.c a.b.c }", ", ", " ]\n", 50000 },
	{ IMPORT_MCP, "{ \"tools\": [ ", "{ \"name\": \"" LONG63 "%\" }", ", ", " ] }", 20000 },
	{ IMPORT_MCP, "{ \"tools\": [ { \"name\": \"a\", \"inputSchema\": { \"$defs\": { \"r\": { \"properties\": { \"a\": "
	  "{ \"$ref\": \"#/$defs/s\" }, \"b\": { \"$ref\": \"#/$defs/s\" } } }, \"s\": { \"properties\": { \"a\": { \"$ref\": "
	  "\"#/$defs/r\" } } } }, \"properties\": { \"x0\": {}", ", \"x%\": { \"$ref\": \"#/$defs/r\" }", "", " } } } ] }", 60 },
	{ IMPORT_MCP, "{ \"tools\": [ { \"name\": \"a\", \"inputSchema\": { \"properties\": { \"x\": { \"enum\": [ ", "\"a\"", ", ",
	  " ] } } } } ] }", 50000 },
	{ IMPORT_CLAUDE, "{ \"permissions\": { \"deny\": [ ", "\"Read(a/**)\"", ", ", " ] } }", 15000 },
	{ IMPORT_CLAUDE, "{ \"permissions\": { \"deny\": [ \"Read(", "**/a/", "", ")\" ] } }", 50000 },
};

START_TEST(survives)
{
	struct buf b = { 0 };

	buf_puts(&b, large[_i].head);
	for (size_t i = 0; i < large[_i].times; i++) {
		const char *percent = strchr(large[_i].again, '%');

		buf_puts(&b, i ? large[_i].between : "");
		if (percent)
			buf_printf(&b, "%.*s%zu%s", (int)(percent - large[_i].again), large[_i].again, i + 1, percent + 1);
		else
			buf_puts(&b, large[_i].again);
	}
	buf_puts(&b, large[_i].tail);
	import_text(large[_i].kind, "x.yaml", b.p, b.n);
	ck_assert_uint_ge(diags->n, 1);
	buf_free(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("import");
	TCase *t = tcase_create("import");
	SRunner *run;
	int failed, n = sizeof fixtures / sizeof *fixtures;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, fixture, 0, n);
	tcase_add_loop_test(t, nothing_is_lost_in_silence, 0, n);
	tcase_add_loop_test(t, the_compiler_takes_it, 0, n);
	tcase_add_loop_test(t, doubt_means_deny, 0, sizeof denied / sizeof *denied);
	tcase_add_test(t, agents_of_a_file);
	tcase_add_loop_test(t, tools_are_not_believed, 0, sizeof hinted / sizeof *hinted);
	tcase_add_loop_test(t, words_make_effects_stronger, 0, sizeof worded / sizeof *worded);
	tcase_add_loop_test(t, patterns_of_paths, 0, sizeof patterns / sizeof *patterns);
	tcase_add_loop_test(t, no_file_takes_the_place_of_another, 0, sizeof twice / sizeof *twice);
	tcase_add_test(t, no_server_is_of_the_library);
	tcase_add_test(t, the_library_has_no_other_namespace);
	tcase_add_test(t, tiers);
	tcase_add_loop_test(t, refuses, 0, sizeof refused / sizeof *refused);
	tcase_add_test(t, text_of_users_stays_text);
	tcase_add_loop_test(t, survives, 0, sizeof large / sizeof *large);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
