/* Command handlers: which argument templates are refused, with which words, and which are not; and which effects and
 * answers a command may have. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/model/program_name.h"
#include "compiler/model/usage.h"
#include "tests/unit/modeling.h"

#define SHA "0000000000000000000000000000000000000000000000000000000000000000"

static const char input[] =
	"path : path \"A path.\"; text : string max 20 \"Text.\"; n : uint \"A number.\"; level : "
        "int \"Signed.\"; "
	"word : string max 9 pattern \"[a-z]+\" \"A word.\"; pair : string max 9 pattern "
        "\"[a-z=]+\" \"A pair.\"; "
	"kind : enum { a, b } \"A kind.\"; may : optional uint \"Perhaps.\"; url : url \"A "
        "place.\"; "
	"list : list<uint> max 3 \"Numbers.\"; texts : list<string max 9> max 3 \"Texts.\"; "
	"data : bytes max 9 \"Octets.\"; rec : record { x : int; p : string max 3; } \"A "
        "record.\"; key : secret \"A key.\"; "
	"maps : map<string, uint> max 3 \"A map.\";";
static const char effect[] = "effect reads(path), connects(url);";
static const char examples[] = "example \"one\" { path: \"/a\", text: \"\", n: 1, level: 1, word: "
                               "\"a\", pair: \"a\", kind: a, "
			       "url: \"http://a.b/\", list: [], texts: [], data: \"\", rec: { x: "
                               "1, p: \"\" }, key: \"k\", maps: {} } -> { ok: true };";

static const char runs_code[] = "labels runs-workspace-code;";

static void labelled_start(struct world *w, const char *handler, const char *labels)
{
	struct clauses c = {
		.input = input, .effect = effect, .examples = examples, .handler = handler, .labels = labels
	};

	world_start(w);
	world_cap(w, demo_cap(w, &c));
	world_resolve(w);
}

static void handler_start(struct world *w, const char *handler)
{
	labelled_start(w, handler, "");
}

static const char *command(struct world *w, const char *program, const char *argv)
{
	return arena_printf(w->arena, "handler command \"%s\" sha256 \"" SHA "\" argv [ %s ];",
	                    program, argv)
	        .p;
}

static const struct { const char *program, *argv; unsigned code; const char *text; } refused[] = {
#include "tests/unit/test_handler.inc"
};

START_TEST(argv_refused)
{
	const struct diag *d;
	struct world w, text;

	world_start(&text);
	handler_start(&w, command(&text, refused[_i].program, refused[_i].argv));
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
	handler_start(&w, command(&text, mended[_i].program, mended[_i].argv));
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
	handler_start(&w, command(&text, allowed[_i].program, allowed[_i].argv));
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

		labelled_start(&w, command(&text, program, argv), labelled ? runs_code : "labels file-content;");
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
		labelled_start(&w, command(&text, never[i].program, never[i].argv), runs_code);
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
#define FAILED "error Failed \"It failed.\" recover stop \"Give up.\";"
#define REFUSAL "list<record { path : string max 9; why : string max 9; }> max 3"

static void promise_start(struct world *w, const char *effects, const char *output, const char *errors)
{
	world_start(w);
	world_cap(w, demo_cap(w, &(struct clauses){ .input = "path : path \"A path.\";", .effect = effects, .output = output,
	                                            .errors = errors, .handler = TOOL,
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
	  "status, stdout, stderr, truncated, changed, refused", "" },
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
};

START_TEST(promises_refused)
{
	const struct diag *d;
	struct world w;

	promise_start(&w, promises[_i].effects, promises[_i].output, promises[_i].errors);
	d = world_diag(&w, promises[_i].code);
	ck_assert_uint_eq(w.diags->n, 1);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->text)).p, promises[_i].text);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->expected)).p, promises[_i].expected);
	ck_assert_str_eq(arena_printf(w.arena, "%.*s", STR_ARG(d->fix)).p, promises[_i].fix);
	world_end(&w);
}
END_TEST

START_TEST(promises_kept)
{
	static const struct { const char *effects, *output, *errors; } kept[] = {
		{ "effect reads(path);", "", FAILED },
		{ "effect reads(tree path), lists(tree path);", "status : uint 0..255; stdout : string max 9; truncated : bool;",
		  "error Gone \"It is gone.\" recover stop \"Give up.\";" },
		{ "effect reads(path), writes(tree path prunes), creates(path), deletes(path);",
		  "stdout : bytes max 9; stderr : string max 9; changed : list<path> max 3; refused : " REFUSAL ";", FAILED },
		/* What nothing holds a command to yet is not run, and may say what it likes. */
		{ "effect reads(tree path prunes), executes(path);", "lines : uint;", FAILED },
	};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct world w;

		promise_start(&w, kept[i].effects, kept[i].output, kept[i].errors);
		world_clean(&w);
		world_end(&w);
	}
}
END_TEST

static bool is_row(const char *file)
{
	return usage_knows((struct krux_str){ file, strlen(file) });
}

START_TEST(program_names)
{
	static const char *const yes[] = {
		"sh",       "bash",       "dash",     "zsh",        "ksh",       "fish", "python",
		"python3",  "python3.11", "perl",     "perl5.36.0", "ruby3.1",   "node", "node18",
		"php8.2",   "lua5.4",     "tclsh8.6", "awk",        "gawk",      "mawk", "sed",
		"env",      "xargs",      "find",     "make",       "su",        "sudo", "doas",
		"nsenter",  "unshare",    "chroot",   "busybox",    "ssh",       "gdb",  "vi",
		"vim",      "vim.basic",  "ex",       "emacs",      "emacs-nox", "ed",   "expect",
		"bash-5.1",
		"bash-static", "zsh-static", "busybox.static", "perl5.36-x86_64-linux-gnu", "gdb-multiarch", "jimsh", "R",
		"arm-none-eabi-gcc-12.2.1", "avr-gcc", "riscv64-unknown-elf-ld", "x86_64-w64-mingw32-gcc-posix", "llvm-nm-17",
		"python3-config", "git-shell", "dpkg-deb", "npm", "pip3.11", "tcpdump", "ip",
		"Rscript", "qemu-aarch64", "qemu-x86_64-static", "tcc", "m4", "psql", "sqlite3", "x86_64-linux-gnu-gcc-12",
		"x86_64-linux-gnu-perl", "nice", "timeout", "setsid", "git", "rsync", "tar", "lua5.4-static",
		"gsed", "gfind", "gxargs", "genv", "gsort-9", "gtimeout", "scan-build-14", "scan-build-py-14", "bsd-csh", "js102", "sotruss",
		"fakeroot-sysv", "fakeroot-tcp", "valgrind.bin", "rexx", "regina", "gdbtui", "mvnDebug", "msgexec", "msgfilter",
		"memusage", "heaptrack", "not-14", "debconf", "debconf-apt-progress", "fstab-decode", "pg_virtualenv",
		"gp-collect-app", "x86_64-linux-gnu-gp-collect-app", "bats", "instantfpc", "cobcrun", "llvm-jitlink-14", "gio",
		"redis-server", "mtrace", "rksh", "miniperl", "igawk", "gnused", "gnufind", "gnutar", "gnuenv", "find.real", "bsdsed", "star",
		"sudo-rs", "uutils", "coreutils", "toybox-x86", "hush", "rga", "jdb", "jrunscript", "cobc", "gnatmake-12", "osascript",
		"babashka", "docker-compose", "podman-remote", "terragrunt", "snakemake", "sh.bin",
	};
	static const char *const no[] = { "shred", "edit",     "exiv2",  "finder", "suspend",
		                          "sedx",  "makeinfo", "luacheck", "",
		                          "rust", "m4a", "ipcs", "argcc", "-linux-", "zipinfo", "Rsync", "static", "-static", "gcat", "gg", "g", "jsx", "gnu", "gnucat", "notes" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		ck_assert_msg(is_row(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		ck_assert_msg(!is_row(no[i]), "%s", no[i]);
}
END_TEST

/* A link to a program is that program, where it can be seen. */
START_TEST(program_links)
{
	char folder[] = "/tmp/krux-link-XXXXXX", path[64], real[] = "/bin/sh";
	struct world w, text;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/tool", folder);
	ck_assert_int_eq(symlink(real, path), 0);
	world_start(&text);
	handler_start(&w, command(&text, path, "\"-c\", path"));
	world_diag(&w, 1066);
	world_end(&w);
	world_end(&text);
	unlink(path);
	rmdir(folder);
}
END_TEST

static void script_is(const char *path, const char *why)
{
	struct world w, text;

	world_start(&text);
	handler_start(&w, command(&text, "/usr/bin/perl", arena_printf(text.arena, "\"%s\", path", path).p));
	ck_assert_msg(w.diags->n == 1 && krux_str_eq(w.diags->list[0]->text, (struct krux_str){ why, strlen(why) }),
	              "%s: %zu complaints, first: %.*s", path, w.diags->n,
	              w.diags->n ? (int)w.diags->list[0]->text.n : 0, w.diags->n ? w.diags->list[0]->text.p : "");
	world_end(&w);
	world_end(&text);
}

/* Scripts are where their links lead. Which of these links a machine has differs; certificates are links everywhere. */
START_TEST(script_links)
{
	static const char *const folders[] = { "/usr/bin", "/etc/alternatives", "/etc/ssl/certs" };
	char path[512], real[PATH_MAX];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		DIR *d = opendir(folders[i]);
		struct dirent *e;
		int n = 0;

		while (d && n < 40 && (e = readdir(d))) {
			snprintf(path, sizeof path, "%s/%s", folders[i], e->d_name);
			if (e->d_type != DT_LNK || strpbrk(path, "\"\\ ") || !realpath(path, real))
				continue;
			if (strstr(real, "/lib/") || strstr(real, "/share/"))
				script_is(path, "`perl` is refused: the file that is run is part of a library, which may run what it is given");
			else if (strncmp(real, "/usr/", 5) && strncmp(real, "/etc/", 5))
				script_is(path, "`perl` is refused: the file that is run is no constant file of the host that a command sees");
			else if (strstr(real, "/vim.") || strstr(real, "/nano"))
				script_is(path, "`perl` is refused: a script of that name may run what it is given");
			else
				continue;
			n++;
		}
		if (d)
			closedir(d);
	}
}
END_TEST

/* ---- usages.def against itself ---- */

static const struct usage_row { const char *names, *line; bool labelled; } rows[] = {
#define USAGE(names, line) { names, line, false },
#define CODE_USAGE(names, line) { names, line, true },
#define RUNS_CODE(names) { names, NULL, true },
#define NO_USAGE(names) { names, NULL, false },
#include "compiler/model/usages.def"
#undef USAGE
#undef CODE_USAGE
#undef RUNS_CODE
#undef NO_USAGE
};

static size_t word_length(const char *p)
{
	return strcspn(p, " ])");
}

/* What stands for a word of a line; fields where it takes one. */
static void word_add(struct arena *a, struct krux_str *argv, const char *word, size_t n)
{
	static const struct { const char *name, *item; } given[] = {
		{ "CONST", "\"x\"" }, { "-NUMBER", "\"-12\"" }, { "FILE", "\"/usr/x\"" }, { "CODE", "\"run\"" }, { "WORD", "n" }, { "PATH", "path" }, { "URL", "url" }, { "ANY", "word" },
		{ "CONST...", "\"x\", \"y\"" }, { "WORD...", "n, kind" }, { "PATH...", "path, list *" }, { "URL...", "url" },
		{ "ANY...", "word, may ?" }, { "DATA...", "path, \"-x\", \"--y=\" + text" },
	};
	const char *comma = argv->n ? ", " : "", *equals = memchr(word, '=', n);
	int rest = (int)n;

	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		const char *name = given[i].name, *item = given[i].item;
		size_t length = strlen(name);
		bool joined = equals && n - (size_t)(equals + 1 - word) == length && !memcmp(equals + 1, name, length);

		if (n == length && !memcmp(word, name, n))
			*argv = arena_printf(a, "%.*s%s%s", STR_ARG(*argv), comma, item);
		else if (joined && *item == '"')
			*argv = arena_printf(a, "%.*s%s\"%.*s%s", STR_ARG(*argv), comma, rest - (int)length, word, item + 1);
		else if (joined)
			*argv = arena_printf(a, "%.*s%s\"%.*s\" + %s", STR_ARG(*argv), comma, rest - (int)length, word, item);
		else
			continue;
		return;
	}
	*argv = arena_printf(a, "%.*s%s\"%.*s\"", STR_ARG(*argv), comma, rest, word);
}

/* Adds option number `pick` of a set, with its values. False: it has fewer. */
static bool set_add(struct arena *a, struct krux_str *argv, const char *p, size_t pick)
{
	for (size_t i = 0; *p != ']' && *p != ')'; i++) {
		bool values = *p == '-';

		do {
			if (i == pick)
				word_add(a, argv, p, word_length(p));
			p += word_length(p);
			p += *p == ' ';
		} while (values && *p != '-' && *p != ']' && *p != ')');
		if (i == pick)
			return true;
	}
	return false;
}

/* A command by that line, with option `pick` of each set that has it. False: none has. */
static bool line_argv(struct arena *a, const char *line, size_t pick, struct krux_str *argv)
{
	bool some = false, one;

	*argv = KRUX_STR("");
	for (const char *p = line; *p; p += *p == ' ') {
		const char *end = *p == '[' ? strchr(p, ']') : *p == '(' ? strchr(p, ')') : NULL;

		if (!end) {
			word_add(a, argv, p, word_length(p));
			p += word_length(p);
			continue;
		}
		one = set_add(a, argv, p + 1, pick);
		if (!one && *p == '(')
			set_add(a, argv, p + 1, 0);
		some = some || one;
		p = end + 1;
	}
	return some;
}

static struct krux_str plain_name(const char *names)
{
	size_t star = *names == '*', n = strcspn(names + star, "* ");

	return (struct krux_str){ names + star, n };
}

static void command_is(const char *names, struct krux_str argv, bool labelled, unsigned code)
{
	char program[64];
	struct world w, text;
	struct krux_str name = plain_name(names);

	snprintf(program, sizeof program, "/usr/bin/%.*s", STR_ARG(name));
	world_start(&text);
	labelled_start(&w, command(&text, program, argv.p), labelled ? runs_code : "");
	ck_assert_msg(w.diags->n == (code != 0), "%s [ %s ]: %zu complaints, first: %.*s", program, argv.p, w.diags->n,
	              w.diags->n ? (int)w.diags->list[0]->text.n : 0, w.diags->n ? w.diags->list[0]->text.p : "");
	if (code)
		world_diag(&w, code);
	world_end(&w);
	world_end(&text);
}

/* Is a name of the row, but for that word of it, the name or the plainer one. */
static bool row_is(const struct usage_row *row, const char *but, struct krux_str name, struct krux_str plainer)
{
	struct krux_str list = { row->names, strlen(row->names) }, other;
	char one[64];

	while ((other = word_next(&list)).n) {
		snprintf(one, sizeof one, "%.*s", STR_ARG(other));
		if (other.p != but && (program_is(one, name) || program_is(one, plainer)))
			return true;
	}
	return false;
}

/* Each name is there for something that the others of its row do not know; and of a row without a line, those of all
 * rows, but for one that other names begin with too. */
START_TEST(usage_names)
{
	struct krux_str list = { rows[_i].names, strlen(rows[_i].names) }, word;

	while ((word = word_next(&list)).n) {
		bool many = *word.p == '*' || word.p[word.n - 1] == '*';
		struct krux_str name = word, plainer;

		name.p += *name.p == '*';
		name.n = (size_t)(word.p + word.n - name.p) - (word.p[word.n - 1] == '*');
		plainer = program_plainer(name);
		for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++)
			if (i == _i || (!rows[_i].line && !many && rows[i].labelled == rows[_i].labelled && !(rows[i].labelled && rows[i].line)))
				ck_assert_msg(!row_is(&rows[i], word.p, name, plainer), "`%.*s` is among `%s`", STR_ARG(word), rows[i].names);
	}
}
END_TEST

/* Each option of each line is read as it is meant; one that no line has is refused, before them and with a value. */
START_TEST(usage_lines)
{
	const struct usage_row *row = &rows[_i];
	struct arena *a = arena_new();
	struct krux_str argv;
	bool more = true;

	for (size_t pick = 0; row->line && (more || !pick); pick++) {
		more = line_argv(a, row->line, pick, &argv);
		command_is(row->names, argv, row->labelled, 0);
		if (row->labelled)
			command_is(row->names, argv, false, 1068);
		command_is(row->names, arena_printf(a, "\"--krux-unknown\", %.*s, path", STR_ARG(argv)), row->labelled, 1066);
		command_is(row->names, arena_printf(a, "\"--krux-unknown=\" + text, %.*s", STR_ARG(argv)), row->labelled, 1066);
		command_is(row->names, arena_printf(a, "\"-%%\", path, %.*s", STR_ARG(argv)), row->labelled, 1066);
	}
	for (const char *p = row->names; *p && !row->line; p += strcspn(p, " "), p += *p == ' ') {
		command_is(p, KRUX_STR("url"), row->labelled, 1066);
		command_is(p, KRUX_STR("\"--krux-unknown=\" + text"), row->labelled, 1066);
		command_is(p, KRUX_STR("\"--krux-unknown\""), row->labelled, 0);
		if (row->labelled)
			command_is(p, KRUX_STR("\"--krux-unknown\""), false, 1068);
	}
	arena_free(a);
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
	tcase_add_test(t, promises_kept);
	tcase_add_test(t, handler_names);
	tcase_add_test(t, argv_many);
	tcase_add_loop_test(t, usage_lines, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, usage_names, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, program_names);
	tcase_add_test(t, program_links);
	tcase_add_test(t, script_links);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
