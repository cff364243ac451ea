/* Command handlers: which argument templates are refused, with which words, and which are not; and which effects and
 * answers a command may have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/modeling.h"

static const struct { const char *program, *argv; unsigned code; const char *text; } refused[] = {
#include "tests/unit/test_handler.inc"
};

START_TEST(argv_refused)
{
	const struct diag *d;
	struct world w, text;

	world_start(&text);
	handler_start(&w, command_clause(&text, refused[_i].program, refused[_i].argv));
	d = world_diag(&w, refused[_i].code);
	ck_assert_msg(krux_str_eq(d->text,
	                          (struct krux_str){ refused[_i].text, strlen(refused[_i].text) }),
	              "%s [ %s ]: text is\n  %.*s\nexpected\n  %s", refused[_i].program,
	              refused[_i].argv, STR_ARG(d->text), refused[_i].text);
	ck_assert_uint_eq(w.diags->n, 1);
	world_end(&w);
	world_end(&text);
}
END_TEST

/* What a refusal says to write instead. */
static const struct { const char *program, *argv; unsigned code; const char *fix; } mended[] = {
	{ "/usr/bin/sort", "\"-rn\", \"-k2\", \"--\", text", 1066, "write it in parts: \"-r\", \"-n\"" },
	{ "/usr/bin/sort", "\"-k2\", \"--\", text", 1066, "write it in parts: \"-k\", \"2\"" },
	{ "/usr/bin/sort", "\"-nt,\", \"--\", text", 1066, "write it in parts: \"-n\", \"-t\", \",\"" },
	{ "/usr/bin/curl", "\"-sSL\", url", 1066, "write it in parts: \"-s\", \"-S\", \"-L\"" },
	{ "/usr/bin/install", "\"-m644\", \"--\", path, path", 1066, "write it in parts: \"-m\", \"644\"" },
	{ "/usr/bin/find", "\"--\", path", 1066, "leave the \"--\" out, and let nothing behind it begin with '-'" },
	{ "/usr/bin/jq", "\".a\", path, \"--\", path", 1066, "put the \"--\" before `path`" },
	{ "/usr/bin/make", "\"-f\", \"/usr/local/etc/Makefile\", \"all\", \"--\", kind", 1066, "put the \"--\" before \"all\"" },
	{ "/usr/bin/cc", "\"-o\", path, \"--\", \"a.c\"", 1066, "leave the \"--\" out, and let nothing behind it begin with '-'" },
	{ "/usr/bin/jq", "\"--indent=2\", \".a\", path", 1066, "write it in parts: \"--indent\", \"2\"" },
	{ "/usr/bin/wget", "\"--tries\", n, url", 1066, "join its value to it: \"--tries=\" + n" },
	{ "/usr/bin/git", "\"log\", \"--format\", \"%H\", path", 1066, "join its value to it: \"--format=%H\"" },
	{ "/usr/bin/jq", "\"-r\", \"--\", \".a\", path", 1066, "leave the \"--\" out, and let nothing behind it begin with '-'" },
	{ "/usr/bin/sort", "\"--reverse\", \"--\", text", 1066, "write it short: \"-r\"" },
	{ "/usr/bin/curl", "\"--silent\", \"--output\", path, url", 1066, "write it short: \"-s\"" },
	{ "/usr/bin/jq", "\"--raw-output\", \".a\", path", 1066, "write it short: \"-r\"" },
	{ "/usr/bin/tar", "\"czf\", path, \"--\", path", 1066, "write it with its dash: \"-czf\"" },
	{ "/usr/bin/tar", "\"-c\", \"-z\", \"-f\", path, \"--\", path", 1066, "write it in one: \"-czf\"" },
	{ "/usr/bin/wget", "\"--header\", word, url", 1066, "do it by what is known to be harmless, by a builtin, or by "
	  "a constant script of your own that checks what it is given" },
	{ "/usr/bin/awk", "\"{ print }\", \"--\", text", 1066, "do it by what is known to be harmless, by a builtin, or by "
	  "a constant script of your own that checks what it is given" },
	{ "/usr/bin/rg", "\"-e\", text", 1065, "give it a pattern that cannot begin with '-', such as \"[^-].*\"; its usages in "
	  "LANG.md 3.2 have no \"--\" there" },
	{ "/usr/bin/find", "path, \"-name\", text", 1065, "give it a pattern that cannot begin with '-', such as \"[^-].*\"; its "
	  "usages in LANG.md 3.2 have no \"--\" there" },
	{ "/usr/bin/git", "\"log\", \"-L\", text", 1065, "give it a pattern that cannot begin with '-', such as \"[^-].*\"; its "
	  "usages in LANG.md 3.2 have no \"--\" there" },
	{ "/usr/bin/rg", "text", 1065, "put \"--\" before it, or give it a pattern that cannot begin with '-', such as \"[^-].*\"" },
	{ "/usr/bin/git", "\"log\", \"-1\", level", 1065, "put \"--\" before it, or give it a range from 0 on" },
};

START_TEST(argv_mended)
{
	const struct diag *d;
	struct world w, text;

	world_start(&text);
	handler_start(&w, command_clause(&text, mended[_i].program, mended[_i].argv));
	d = world_diag(&w, mended[_i].code);
	ck_assert_msg(krux_str_eq(d->fix, (struct krux_str){ mended[_i].fix, strlen(mended[_i].fix) }),
	              "%s [ %s ]: the fix is\n  %.*s\nexpected\n  %s", mended[_i].program, mended[_i].argv, STR_ARG(d->fix),
	              mended[_i].fix);
	/* No "--" is expected where none may stand. */
	if (mended[_i].code == 1065)
		ck_assert_int_eq(!memcmp(d->expected.p, "a constant", 10), !strstr(mended[_i].fix, "have no \"--\" there"));
	world_end(&w);
	world_end(&text);
}
END_TEST

static const struct { const char *program, *argv;
} allowed[] = {
	{ "/usr/bin/git", "\"status\", \"--porcelain\", \"--\", path" },
	{ "/usr/bin/git", "\"log\", \"-n\", n, path, kind, word" },
	{ "/usr/bin/git", "\"log\", \"-n\", n, \"--\", text" },
	{ "/usr/bin/git", "\"-C\", \"/workspace\", \"log\", \"--format=%H\", \"--\", text" },
	{ "/usr/bin/tar", "\"-czf\", path, path" },
	{ "/usr/bin/tar", "\"-C\", path, \"-czf\", \"/tmp/x.tar\", \"--\", text" },
	{ "/usr/bin/grep", "\"-n\", \"-m\", \"5\", \"--\", text, path" },
	{ "/usr/bin/jq", "\"-r\", \"--arg\", \"name\", word, \".[$name]\", path" },
	{ "/opt/query", "\"--\", text, path" },
	{ "/opt/query", "\".a\", \"--indent=2\", path, \"--\", text" },
	{ "/opt/tool", "\"run\", n, \"--max=3\", \"--\", text" },
	{ "/usr/bin/python3", "\"-I\", \"-B\", \"/usr/local/bin/tool.py\", \"--\", text" },
	{ "/usr/bin/git", "\"log\", \"--author=\" + text, \"--\", text" },
	{ "/usr/bin/git", "\"log\", may ?, list *" },
	{ "/usr/bin/git", "\"log\", \"--\", texts *, level, rec.p" },
	{ "/usr/bin/git", "\"log\", \"p\" + text, url, url.host, url.port" },
	{ "/usr/bin/git", "\"log\", \"--\", \"-\" + text" },
	{ "/usr/bin/python3",
	  "\"-I\", \"-B\", \"/usr/local/bin/tool.py\", path, \"--name=\" + text, \"--\", text" },
	{ "/bin/sh", "\"-c\", \"echo hello\"" },
	{ "/bin/sh", "\"/usr/local/bin/run.sh\", path, n" },
	{ "/usr/bin/sed", "\"-n\", \"1,5p\", path" },
	{ "/usr/bin/sed", "\"-n\", \"-e\", \"1,5p\", path" },
	{ "/usr/bin/sed", "\"-l\", \"5\", \"1,5p\", path" },
	{ "/usr/bin/awk", "\"{ print $1 }\", path, kind, n" },
	{ "/usr/bin/awk", "\"-F:\", \"{ print $1 }\", path" },
	{ "/usr/bin/awk", "\"-v\", \"a=1\", \"{ print a }\", path" },
	{ "/usr/bin/make", "\"-f\", \"/usr/local/etc/Makefile\", kind, n" },
	{ "/usr/bin/find", "path, \"-name\", \"*.c\", \"-maxdepth\", n" },
	{ "/usr/bin/env", "\"true\"" },
	{ "/usr/bin/seda", "path" },
	{ "/usr/bin/tar", "\"-xf\", path, \"-C\", path, \"--strip-components=1\", word" },
	{ "/usr/bin/tar", "\"-cf\", \"/out/\" + text, path" },
	{ "/usr/bin/git", "\"status\", \"-s\", path" },
	{ "/usr/bin/git", "\"commit\", \"-s\", \"-m\", word, \"--\", text" },
	{ "/usr/bin/sed", "\"-n\", \"--expression=p\", \"-s\", path" },
	{ "/usr/bin/sed", "\"--\", \"p\", path" },
	{ "/usr/bin/git", "\"--git-dir=/workspace/.git\", \"grep\", \"-e\", word, \"--\", path" },
	{ "/usr/bin/find", "path, \"!\", \"-name\", \"*.\" + text, \"-type\", \"f\"" },
	{ "/usr/bin/git", "\"log\", \"--oneline\", \"--\", text" },
	{ "/usr/bin/sort", "\"-n\", \"-o\", path, \"-u\", \"--\", text" },
	{ "/usr/bin/curl", "\"-s\", \"-o\", path, url" },
	{ "/usr/bin/avr-gcc-12", "\"-c\", \"-o\", path, \"a.c\"" },
	{ "/usr/bin/make", "\"-f\", \"/usr/local/etc/Makefile\", \"test\"" },
	{ "/usr/bin/python3", "\"-c\", \"print(1)\"" },
	{ "/usr/bin/python3", "\"/usr/local/bin/check.py\"" },
	{ "/usr/bin/gcc", "\"-O2\", \"-o\", path, \"a.c\"" },
	{ "/usr/bin/python3", "\"/usr/local/bin/check.py\", path" },
	{ "/usr/bin/python3", "\"/usr/workspace/x.py\", path" },
	{ "/usr/bin/shred", "path" },
	{ "/usr/bin/git", "\"diff\", \"HEAD\", \"--\", text" },
	{ "/usr/bin/git", "\"log\", \"-1\", word, \"--\", text" },
	{ "/usr/bin/git", "\"show\", \"HEAD\", \"--\", path" },
	{ "/usr/bin/git", "\"blame\", \"-w\", \"HEAD\", \"--\", text" },
	{ "/usr/bin/git", "\"ls-tree\", \"-r\", \"HEAD\", \"--\", texts *" },
	{ "/usr/bin/git", "\"grep\", \"-n\", word, \"HEAD\", \"--\", text" },
	{ "/usr/bin/sed", "\"-i\", \"s/a/b/\", \"--\", text" },
	{ "/usr/bin/sed", "\"--\", \"p\", \"--\", path" },
	{ "/usr/bin/jq", "\".a\", \"--\", path" },
	{ "/usr/bin/curl", "\"-o\", path, \"--\", url" },
	{ "/usr/bin/rg", "\"-n\", word, \"--\", text" },
};

START_TEST(argv_allowed)
{
	struct world w, text;

	world_start(&text);
	handler_start(&w, command_clause(&text, allowed[_i].program, allowed[_i].argv));
	world_clean(&w);
	ck_assert_uint_eq(w.set.cap[0]->handler.kind, HANDLER_COMMAND);
	world_end(&w);
	world_end(&text);
}
END_TEST

/* What runs code of the workspace, and with the label may. */
static const struct { const char *program, *argv; } workspace_code[] = {
	{ "/usr/bin/make", "\"test\"" },
	{ "/usr/bin/make", "" },
	{ "/usr/bin/make", "\"-j4\", \"CFLAGS=-O2\", \"test\"" },
	{ "/usr/bin/make", "\"-f\", \"/workspace/Makefile\", \"test\"" },
	{ "/usr/bin/make", "\"-C\", path, \"--jobs=\" + n, \"--\", kind" },
	{ "/usr/bin/gmake", "kind" },
	{ "/usr/bin/cc", "\"-Wall\", \"-o\", path, path, \"-lm\"" },
	{ "/usr/bin/gcc-12", "\"-c\", path" },
	{ "/usr/bin/npm", "\"test\"" },
	{ "/usr/bin/npm", "\"run\", kind" },
	{ "/usr/bin/node", "\"/usr/share/nodejs/npm/bin/npm-cli.js\", \"test\"" },
	{ "/usr/bin/node", "\"--test\"" },
	{ "/usr/bin/node", "\"--test\", path" },
	{ "/usr/bin/node", "\"index.js\"" },
	{ "/usr/bin/pytest", "\"-q\"" },
	{ "/usr/bin/pytest", "\"-q\", path" },
	{ "/usr/bin/python3", "\"-m\", \"pytest\"" },
	{ "/usr/bin/python3", "\"-B\", \"-m\", \"pytest\", \"-q\", path" },
	{ "/usr/bin/python3", "\"-m\", \"unittest\", \"discover\", \"-s\", path" },
	{ "/usr/bin/python3", "\"-m\", \"unittest\", word" },
	{ "/usr/bin/python3.11", "\"setup.py\", \"build\"" },
	{ "/usr/bin/python3", "\"/usr/bin/pytest-3\"" },
	{ "/bin/sh", "\"/workspace/run.sh\"" },
	{ "/bin/sh", "\"-e\", \"run.sh\"" },
	{ "/usr/bin/cargo", "\"test\", \"--offline\"" },
};

START_TEST(workspace_code_labelled)
{
	struct world w, text;

	world_start(&text);
	for (int labelled = 0; labelled < 2; labelled++) {
		const char *program = workspace_code[_i].program, *argv = workspace_code[_i].argv;

		labelled_start(&w, command_clause(&text, program, argv), labelled ? runs_code : "labels file-content;");
		ck_assert_msg(w.diags->n == !labelled, "%s [ %s ], %s the label: %zu complaints, first: %.*s", program, argv,
		              labelled ? "with" : "without", w.diags->n, w.diags->n ? (int)w.diags->list[0]->text.n : 0,
		              w.diags->n ? w.diags->list[0]->text.p : "");
		if (!labelled) {
			const struct diag *d = world_diag(&w, 1068);
			const char *file = strrchr(program, '/') + 1;

			ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->text)).p,
			                 arena_printf(w.arena, "`%s` runs code that lies in the workspace, and no label says so", file).p);
			ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->fix)).p, "add `labels runs-workspace-code;`");
		}
		world_end(&w);
	}
	world_end(&text);
}
END_TEST

/* The label lets nobody say what is run but by a name that the capability lists, or by a path. */
START_TEST(workspace_code_refused)
{
	static const struct { const char *program, *argv; } never[] = {
		{ "/usr/bin/make", "word" }, { "/usr/bin/make", "\"X=\" + text" }, { "/usr/bin/make", "\"--eval=\" + text" },
		{ "/usr/bin/npm", "\"run\", word" }, { "/usr/bin/npm", "\"exec\", kind" }, { "/usr/bin/npx", "kind" },
		{ "/usr/bin/node", "path" }, { "/usr/bin/node", "\"-e\", word" }, { "/usr/bin/node", "\"--import\", path, \"x.js\"" },
		{ "/usr/bin/python3", "\"-m\", word" }, { "/usr/bin/python3", "\"-c\", word" }, { "/usr/bin/python3", "path" },
		{ "/usr/bin/pytest", "\"-p\", word, path" }, { "/bin/sh", "\"-c\", word" }, { "/bin/sh", "path" },
		{ "/usr/bin/cc", "\"-wrapper\", word, path" }, { "/usr/bin/cargo", "kind" }, { "/usr/bin/env", "path" },
	};
	struct world w, text;

	world_start(&text);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		labelled_start(&w, command_clause(&text, never[i].program, never[i].argv), runs_code);
		ck_assert_msg(w.diags->n == 1, "%s [ %s ]: %zu complaints", never[i].program, never[i].argv, w.diags->n);
		world_diag(&w, 1066);
		world_end(&w);
	}
	world_end(&text);
}
END_TEST

static void handler_is(const char *handler, unsigned code)
{
	struct world w;

	handler_start(&w, handler);
	if (code)
		world_diag(&w, code);
	else
		world_clean(&w);
	world_end(&w);
}

START_TEST(handler_names)
{
	handler_is("handler builtin \"demo_act\";", 0);
	handler_is("handler builtin \"\";", 1067);
	handler_is("handler builtin \"Demo\";", 1067);
	handler_is("handler builtin \"demo-act\";", 1067);
	handler_is("handler builtin \"../demo\";", 1067);
	handler_is("handler mcp \"server-1\" tool \"read_file\" resident;", 0);
	handler_is("handler mcp \"server 1\" tool \"read_file\" resident;", 1067);
	handler_is("handler mcp \"server\" tool \"\" resident;", 1067);
	handler_is("handler mcp \"server\" tool \"a b\" resident;", 1067);
	handler_is("handler command \"git\" sha256 \"" SHA "\" argv [ ];", 1060);
	handler_is("handler command \"/usr//bin/git\" sha256 \"" SHA "\" argv [ ];", 1060);
	handler_is("handler command \"/\" sha256 \"" SHA "\" argv [ ];", 1060);
	handler_is("handler command \"/usr/../bin/git\" sha256 \"" SHA "\" argv [ ];", 1060);
	handler_is("handler command \"/usr/bin/git\" sha256 \"0\" argv [ ];", 1061);
	handler_is("handler command \"/usr/bin/git\" sha256 "
	           "\"A000000000000000000000000000000000000000000000000000000000000000\" argv [ ];",
	           1061);
}
END_TEST

/* A command of n arguments; of those that may be many, each is counted once. */
static const char *many(struct arena *a, const char *program, const char *first, size_t n)
{
	struct krux_str argv = arena_printf(a, "%s", first);

	while (--n)
		argv = arena_printf(a, "%.*s, list *", STR_ARG(argv));
	return arena_printf(a, "handler command \"%s\" sha256 \"" SHA "\" argv [ %.*s ];", program, STR_ARG(argv)).p;
}

START_TEST(argv_many)
{
	struct arena *a = arena_new();

	handler_is(many(a, "/usr/bin/git", "\"log\"", 256), 0);
	handler_is(many(a, "/usr/bin/git", "\"log\"", 257), 9018);
	handler_is(many(a, "/opt/tool", "n", 256), 0);
	handler_is(many(a, "/opt/tool", "n", 257), 9018);
	arena_free(a);
}
END_TEST

#define TOOL "handler command \"/opt/tool\" sha256 \"" SHA "\" argv [ path ];"
#define LATER "handler command \"/opt/tool\" sha256 \"" SHA "\" argv [ path ] background;"
#define NONE "error Gone \"It is gone.\" recover stop \"Give up.\";"
#define FAILED "error Failed \"It failed.\" recover stop \"Give up.\";"
#define REFUSAL "list<record { path : string max 9; why : string max 9; }> max 3"

static void promise_start(struct world *w, const char *tool, const char *effects, const char *output, const char *errors)
{
	world_start(w);
	world_cap(w, demo_cap(w, &(struct clauses){ .input = "path : path \"A path.\";", .effect = effects, .output = output,
	                                            .errors = *errors ? errors : NONE, .handler = tool,
	                                            .examples = "example \"one\" { path: \"/a\" } -> { };" }));
	world_resolve(w);
}

/* What a command says of itself and this runtime cannot make true. */
static const struct { const char *effects, *output, *errors; unsigned code; const char *text, *expected, *fix; } promises[] = {
	{ "effect reads(tree path prunes);", "", FAILED, 1073, "the program /opt/tool leaves out nothing of what it may read", "",
	  "leave `prunes` out: then the strictest verdict of all that is below counts" },
	{ "effect lists(path);", "", FAILED, 1073, "the program /opt/tool can list what is below a folder that it can list", "",
	  "write `tree` before the folder" },
	{ "effect reads(path);", "lines : uint;", FAILED, 1074, "no command answers the field `lines`",
	  "run, status, stdout, stderr, truncated, changed, refused", "" },
	{ "effect reads(path);", "status : uint 0..100;", FAILED, 1074, "a command does not answer this field as it is declared",
	  "status : uint", "" },
	{ "effect reads(path);", "stdout : optional string max 9;", FAILED, 1074,
	  "a command does not answer this field as it is declared", "stdout : string or bytes", "" },
	{ "effect reads(path);", "stderr : string max 9 pattern \"a*\";", FAILED, 1074,
	  "a command does not answer this field as it is declared", "stderr : string or bytes", "" },
	{ "effect reads(path);", "truncated : uint;", FAILED, 1074, "a command does not answer this field as it is declared",
	  "truncated : bool", "" },
	{ "effect writes(path);", "changed : list<string max 9> max 3; refused : " REFUSAL ";", FAILED, 1074,
	  "a command does not answer this field as it is declared", "changed : list of path", "" },
	{ "effect writes(path);", "refused : list<path> max 3;", FAILED, 1074, "a command does not answer this field as it is declared",
	  "refused : list of record { path : string; why : string; }", "" },
	{ "effect reads(path);", "stdout : bytes max 9;", "error Gone \"It is gone.\" recover stop \"Give up.\";", 1075,
	  "nobody would hear that the program /opt/tool failed", "`status : uint` in the output, or `error Failed`", "" },
	{ "effect deletes(path);", "status : uint;", FAILED, 1075,
	  "nobody would hear which changes of the program /opt/tool were refused",
	  "`refused : list<record { path : string; why : string; }>` in the output", "" },
	{ "effect reads(path);", "run : uint;", FAILED, 1074, "no command answers the field `run` that is not in the background", "",
	  "write `background` behind `argv [ ... ]`, or leave the field out" },
	{ "effect reads(path);", "status : uint;", FAILED " changes: approve;", 1078,
	  "no effect of `demo.act` changes a file, so there is nothing to approve",
	  "a command with an effect `creates`, `writes` or `deletes`", "leave out `changes: approve`" },
	{ "effect writes(path);", "refused : " REFUSAL ";", FAILED " changes: approve; changes: approve;", 1023,
	  "`act` has 2 clauses `changes`", "one", "" },
};

/* The same of one in the background. */
static const struct { const char *effects, *output, *errors; unsigned code; const char *text, *expected, *fix; } later[] = {
	{ "effect reads(path);", "status : optional uint;", "", 1077,
	  "nobody could ask for the run of the program /opt/tool, whose number is not answered", "`run : uint` in the output", "" },
	{ "effect reads(path);", "run : uint; status : uint;", "", 1074, "a command does not answer this field as it is declared",
	  "status : optional uint", "" },
	{ "effect reads(path);", "run : optional uint; status : optional uint;", "", 1074,
	  "a command does not answer this field as it is declared", "run : uint", "" },
	{ "effect reads(path);", "run : uint 0..9; status : optional uint;", "", 1074,
	  "a command does not answer this field as it is declared", "run : uint", "" },
	{ "effect reads(path);", "run : uint; status : optional uint; stdout : optional string max 9;", "", 1074,
	  "a command in the background does not answer the field `stdout`", "",
	  "leave it out: process.output tells what a run has written, of both streams" },
	{ "effect reads(path);", "run : uint;", "", 1075, "nobody would hear that the program /opt/tool failed",
	  "`status : optional uint` in the output, or `error Failed`", "" },
	{ "effect writes(path);", "run : uint; status : optional uint; refused : optional " REFUSAL ";", NONE " changes: approve;", 1078,
	  "`demo.act` runs in the background, where nothing waits for a person yet", "a command that is not in the background", "" },
	{ "effect writes(path);", "run : uint; status : optional uint;", "", 1075,
	  "nobody would hear which changes of the program /opt/tool were refused",
	  "`refused : optional list<record { path : string; why : string; }>` in the output", "" },
};

static void promise_refused(const char *tool, const char *effects, const char *output, const char *errors, unsigned code,
                            const char *text, const char *expected, const char *fix)
{
	const struct diag *d;
	struct world w;

	promise_start(&w, tool, effects, output, errors);
	d = world_diag(&w, code);
	ck_assert_uint_eq(w.diags->n, 1);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->text)).p, text);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->expected)).p, expected);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->fix)).p, fix);
	world_end(&w);
}

START_TEST(promises_refused)
{
	promise_refused(TOOL, promises[_i].effects, promises[_i].output, promises[_i].errors, promises[_i].code, promises[_i].text,
	                promises[_i].expected, promises[_i].fix);
}
END_TEST

START_TEST(later_refused)
{
	promise_refused(LATER, later[_i].effects, later[_i].output, later[_i].errors, later[_i].code, later[_i].text,
	                later[_i].expected, later[_i].fix);
}
END_TEST

START_TEST(promises_kept)
{
	static const struct { const char *effects, *output, *errors, *tool; } kept[] = {
		{ "effect reads(path);", "", FAILED, TOOL },
		{ "effect reads(tree path), lists(tree path);", "status : uint 0..255; stdout : string max 9; truncated : bool;",
		  NONE, TOOL },
		{ "effect reads(path), writes(tree path prunes), creates(path), deletes(path);",
		  "stdout : bytes max 9; stderr : string max 9; changed : list<path> max 3; refused : " REFUSAL ";", FAILED, TOOL },
		{ "effect reads(path), writes(path);", "run : uint; status : optional uint; changed : optional list<path> max 3;"
		  "refused : optional " REFUSAL "; truncated : optional bool;", "", LATER },
		{ "effect reads(path);", "run : uint;", FAILED, LATER },
		{ "effect writes(tree path prunes);", "refused : " REFUSAL ";", FAILED " changes: approve;", TOOL },
		/* What nothing holds a command to yet is not run, and may say what it likes. */
		{ "effect reads(tree path prunes), executes(path);", "lines : uint;", FAILED, TOOL },
	};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct world w;

		promise_start(&w, kept[i].tool, kept[i].effects, kept[i].output, kept[i].errors);
		world_clean(&w);
		world_end(&w);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handler");
	TCase *t = tcase_create("handler");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, argv_refused, 0, sizeof refused / sizeof *refused);
	tcase_add_loop_test(t, argv_mended, 0, sizeof mended / sizeof *mended);
	tcase_add_loop_test(t, argv_allowed, 0, sizeof allowed / sizeof *allowed);
	tcase_add_loop_test(t, workspace_code_labelled, 0, sizeof workspace_code / sizeof *workspace_code);
	tcase_add_test(t, workspace_code_refused);
	tcase_add_loop_test(t, promises_refused, 0, sizeof promises / sizeof *promises);
	tcase_add_loop_test(t, later_refused, 0, sizeof later / sizeof *later);
	tcase_add_test(t, promises_kept);
	tcase_add_test(t, handler_names);
	tcase_add_test(t, argv_many);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
