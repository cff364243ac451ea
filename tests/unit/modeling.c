/* Files at hand, resolved and checked together. */
#include "tests/unit/modeling.h"

#include <stdio.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/check/explain.h"

void world_start(struct world *w)
{
	*w = (struct world){ .arena = arena_new() };
	w->diags = diags_new(w->arena);
}

void world_end(struct world *w)
{
	arena_free(w->arena);
}

static const struct source *text_source(struct world *w, const char *name, const char *text)
{
	return source_text(w->arena, w->diags, name, (struct krux_str){ text, strlen(text) });
}

void world_cap(struct world *w, const char *text)
{
	const struct source *s = text_source(w, w->ncaps ? "caps/b.cap" : "caps/a.cap", text);
	const struct capfile *f = s ? capfile_parse(w->arena, w->diags, s) : NULL;

	if (f)
		w->cap[w->ncaps++] = f;
}

void world_policy(struct world *w, const char *text)
{
	const struct source *s = text_source(w, w->npolicies ? "b.yaml" : "a.yaml", text);
	const struct policyfile *f = s ? policyfile_parse(w->arena, w->diags, s) : NULL;

	if (f)
		w->policy[w->npolicies++] = f;
}

void world_example(struct world *w)
{
	struct krux_str s = code_example_cap();

	if (!s.n)
		ck_abort_msg("no capability of the examples");
	world_cap(w, arena_copy(w->arena, s.p, s.n));
}

void world_resolve(struct world *w)
{
	if (w->diags->errors ||
	    !capabilities_resolve(w->arena, w->diags, w->cap, w->ncaps, &w->set))
		return;
	if (!w->npolicies) {
		w->resolved = true;
		return;
	}
	if (build_resolve(w->arena, w->diags, &w->set, w->policy, w->npolicies, &w->build))
		w->resolved = build_check(w->arena, w->diags, &w->build);
}

void world_condition(struct world *w, const char *cond)
{
	struct krux_str text =
		arena_printf(w->arena,
	                     "krux: policy/1\nname: demo\nlayer: organization\nrules:\n  - id: "
	                     "one\n    on: example.act\n"
	                     "    when: |-\n      %s\n    verdict: autonomous\ndefault: blocked\n",
	                     cond);

	world_example(w);
	world_policy(w, text.p);
	world_resolve(w);
}

void world_print(struct world *w)
{
	if (w->diags->n)
		diags_print(w->diags, DIAG_TEXT, stderr, false);
}

const struct diag *world_diag(struct world *w, unsigned code)
{
	for (size_t i = 0; i < w->diags->n; i++)
		if (w->diags->list[i]->code == code)
			return w->diags->list[i];
	fprintf(stderr, "expected K%04u, got:\n", code);
	world_print(w);
	ck_abort_msg("K%04u did not come", code);
	return NULL;
}

void world_clean(struct world *w)
{
	world_print(w);
	ck_assert_uint_eq(w->diags->n, 0);
}

static const char *or_usual(const char *given, const char *usual)
{
	return given ? given : usual;
}

const char *demo_cap(struct world *w, const struct clauses *c)
{
	return arena_printf(w->arena,
	                    "namespace demo \"A demonstration.\";\n%s\n%s\ncapability act @1.0 {\n "
	                    " input { %s }\n  output { %s }\n"
	                    "  %s\n  %s\n  %s\n  %s\n  %s\n  %s\n}\n%s",
	                    or_usual(c->types, ""),
	                    or_usual(c->doc, "/// Acts on something.\n/// use: in tests."),
	                    or_usual(c->input, "n : uint \"A number.\";"),
	                    or_usual(c->output, "ok : bool;"),
	                    or_usual(c->errors,
	                             "error Failed \"It failed.\" recover stop \"Give up.\";"),
	                    or_usual(c->effect, "effect none;"), or_usual(c->labels, ""),
	                    or_usual(c->limits, "limits { memory 1MiB; cpu 1s; wall 1s; pids 1; "
	                                        "files 1; output 1KiB; }"),
	                    or_usual(c->handler, "handler builtin \"demo_act\";"),
	                    or_usual(c->examples, "example \"one\" { n: 1 } -> { ok: true };"),
	                    or_usual(c->more, ""))
	        .p;
}

/* ---- handlers ---- */

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
/* Of a kind that nothing holds, so that no command is asked for answers that there are. */
static const char effect[] = "effect reads(path), connects(url), executes(path);";
static const char examples[] = "example \"one\" { path: \"/a\", text: \"\", n: 1, level: 1, word: "
                               "\"a\", pair: \"a\", kind: a, "
			       "url: \"http://a.b/\", list: [], texts: [], data: \"\", rec: { x: "
                               "1, p: \"\" }, key: \"k\", maps: {} } -> { ok: true };";

const char runs_code[] = "labels runs-workspace-code;";

void labelled_start(struct world *w, const char *handler, const char *labels)
{
	struct clauses c = {
		.input = input, .effect = effect, .examples = examples, .handler = handler, .labels = labels
	};

	world_start(w);
	world_cap(w, demo_cap(w, &c));
	world_resolve(w);
}

void handler_start(struct world *w, const char *handler)
{
	labelled_start(w, handler, "");
}

const char *command_clause(struct world *w, const char *program, const char *argv)
{
	return arena_printf(w->arena, "handler command \"%s\" sha256 \"" SHA "\" argv [ %s ];",
	                    program, argv)
	        .p;
}
