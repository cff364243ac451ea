/* kruxc prove and kruxc test: claims and tests of policies. */
#include <stdio.h>
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/command/command.h"
#include "compiler/command/verify.h"
#include "compiler/plan/call.h"
#include "compiler/plan/prove.h"

/* ---- --that ---- */

static const char that_form[] = "a claim is: never|always VERDICT[,VERDICT...] on CAP[,CAP...] [label LABEL[,LABEL...]] "
                                "[by AGENT[,AGENT...]] [when CONDITION]";

/* The next word up to a blank; n 0 at the end. */
static struct ast_word word_next(const struct source *src, size_t *at)
{
	struct krux_str t = src->text;
	struct ast_word w = { 0 };
	size_t from;

	while (*at < t.n && t.p[*at] == ' ')
		(*at)++;
	from = *at;
	while (*at < t.n && t.p[*at] != ' ')
		(*at)++;
	w.text = (struct krux_str){ t.p + from, *at - from };
	w.at = (struct span){ src, (uint32_t)from, (uint32_t)(*at - from) };
	return w;
}

/* Words with commas between them, and blanks around those, as one. */
static struct ast_word list_next(const struct source *src, size_t *at)
{
	struct ast_word list = word_next(src, at), w = list;
	size_t next = *at;

	while (w.text.n) {
		bool open = w.text.p[w.text.n - 1] == ',';

		w = word_next(src, &next);
		if (!w.text.n || (!open && w.text.p[0] != ','))
			break;
		list.text.n = (size_t)(w.text.p + w.text.n - list.text.p);
		list.at.n = (uint32_t)list.text.n;
		*at = next;
	}
	return list;
}

/* The parts of such a list, with quotes around them or none. */
static struct ast_words words_split(struct arena *a, struct ast_word w)
{
	struct ast_word *item = ARENA_ARRAY(a, struct ast_word, w.text.n + 1);
	struct ast_words list = { item, 0, w.at };
	size_t from = 0;

	for (size_t i = 0; i <= w.text.n; i++) {
		struct ast_word *x = &item[list.n];
		size_t n = i - from;
		const char *p = w.text.p + from;

		if (i < w.text.n && w.text.p[i] != ',')
			continue;
		while (n && *p == ' ') {
			p++;
			n--;
		}
		while (n && p[n - 1] == ' ')
			n--;
		if (n > 1 && p[0] == '"' && p[n - 1] == '"') {
			p++;
			n -= 2;
		}
		x->text = (struct krux_str){ p, n };
		x->at = (struct span){ w.at.src, w.at.at + (uint32_t)(p - w.text.p), (uint32_t)n };
		list.n += n > 0;
		from = i + 1;
	}
	return list;
}

static bool that_read(struct pipeline *p, const char *text, struct ast_prove *out)
{
	const struct source *src =
		source_text(p->arena, p->diags, "--that", (struct krux_str){ text, strlen(text) });
	struct ast_word kind, on, w;
	size_t at = 0;

	*out = (struct ast_prove){ 0 };
	if (!src)
		return false;
	kind = word_next(src, &at);
	out->at = (struct span){ src, 0, (uint32_t)src->text.n };
	out->id.text = KRUX_STR("that");
	out->id.at = kind.at;
	w = list_next(src, &at);
	if (krux_str_eq(kind.text, KRUX_STR("never")))
		out->never = words_split(p->arena, w);
	else if (krux_str_eq(kind.text, KRUX_STR("always")))
		out->always = words_split(p->arena, w);
	else
		return false;
	on = word_next(src, &at);
	if (!krux_str_eq(on.text, KRUX_STR("on")))
		return false;
	out->on = words_split(p->arena, list_next(src, &at));
	w = word_next(src, &at);
	if (krux_str_eq(w.text, KRUX_STR("label"))) {
		out->label = words_split(p->arena, list_next(src, &at));
		w = word_next(src, &at);
	}
	if (krux_str_eq(w.text, KRUX_STR("by"))) {
		out->agent = words_split(p->arena, list_next(src, &at));
		w = word_next(src, &at);
	}
	if (!w.text.n)
		return out->on.n > 0;
	if (!krux_str_eq(w.text, KRUX_STR("when")))
		return false;
	while (at < src->text.n && src->text.p[at] == ' ')
		at++;
	out->when_text.text = (struct krux_str){ src->text.p + at, src->text.n - at };
	out->when_text.at = (struct span){ src, (uint32_t)at, (uint32_t)(src->text.n - at) };
	out->when = condition_parse(p->arena, p->diags, out->when_text.text, out->when_text.at);
	return out->when || p->diags->errors;
}

/* ---- answers ---- */

static void proof_text(struct buf *b, struct pipeline *p, struct krux_str id, const struct proof *proof)
{
	buf_puts(b, proof->holds ? "proved  " : "broken  ");
	escape_screen(b, id);
	if (proof->holds && proof->empty) {
		buf_printf(b, ": of nothing, since no %s\n", proof->capabilities ? "request meets its agents and condition"
		                                                                  : "capability of this build is one of its");
		return;
	}
	if (proof->holds) {
		buf_printf(b, ": over all agents, arguments and facts of %zu capabilit%s\n", proof->capabilities,
		           proof->capabilities == 1 ? "y" : "ies");
		return;
	}
	buf_puts(b, "\n  by ");
	call_print(b, p->manager[proof->cap->index], proof->cap, &proof->witness);
	buf_puts(b, "\n  which is ");
	if (proof->outcome)
		outcome_print(b, p->decisions, proof->outcome);
	buf_printf(b, "; %s\n", history_word(proof->history));
}

static void proof_json(struct buf *b, struct pipeline *p, struct krux_str id, const struct proof *proof)
{
	static const char *const word[] = { "none", "reachable", "unreachable" };

	buf_puts(b, "{\"claim\":\"");
	escape_json(b, id);
	buf_printf(b, "\",\"proved\":%s", proof->holds ? "true" : "false");
	if (proof->empty)
		buf_puts(b, ",\"empty\":true");
	if (!proof->holds) {
		buf_puts(b, ",\"witness\":");
		call_json(b, p->manager[proof->cap->index], proof->cap, &proof->witness, &p->build);
		buf_printf(b, ",\"history\":\"%s\"", word[proof->history]);
		if (proof->outcome) {
			buf_puts(b, ",\"outcome\":");
			outcome_json(b, p->decisions, proof->outcome);
		}
	}
	buf_puts(b, "}\n");
}

static void claim_ask(const struct options *o, struct pipeline *p, struct buf *b, const struct claim *c,
                      size_t *asked, size_t *broken)
{
	struct decided d = { &p->build, p->decisions, p->manager, p->root };
	struct proof proof;

	claim_prove(p->arena, &d, c, &proof);
	++*asked;
	if (proof.limit) {
		diag_error(p->diags, 9001, c->at, "whether %.*s holds for %.*s is not known: to find out needs more %s",
		           STR_ARG(c->id), STR_ARG(proof.cap->name), proof.limit)
			->fix = KRUX_STR("claim less at once: fewer patterns, or one capability");
		return;
	}
	*broken += !proof.holds;
	if (o->json)
		proof_json(b, p, c->id, &proof);
	else
		proof_text(b, p, c->id, &proof);
}

static void claims_ask(const struct options *o, struct pipeline *p, struct buf *b, size_t *asked, size_t *broken)
{
	for (size_t i = 0; i < p->build.npolicies; i++) {
		const struct claim *claim;
		size_t n;

		if (!claims_resolve(p->arena, p->diags, &p->build, &p->build.policy[i], &claim, &n))
			continue;
		for (size_t k = 0; k < n; k++)
			claim_ask(o, p, b, &claim[k], asked, broken);
	}
}

int command_prove(const struct options *o)
{
	struct buf b = { 0 };
	size_t asked = 0, broken = 0;
	bool ok;
	struct pipeline *p = command_load(o, 0, o->nargs, &ok);
	int code = EXIT_YES;

	if (ok && o->that) {
		struct ast_prove ast;
		struct claim claim;

		if (!that_read(p, o->that, &ast)) {
			code = p->diags->errors ? EXIT_USAGE : command_usage(o, "%s", that_form);
			return command_end(p, o, code);
		}
		if (claim_resolve(p->arena, p->diags, &p->build, NULL, &ast, &claim))
			claim_ask(o, p, &b, &claim, &asked, &broken);
	} else if (ok) {
		claims_ask(o, p, &b, &asked, &broken);
		if (!asked && !p->diags->errors && !o->json)
			buf_puts(&b, "no claims: write prove: in a policy, or ask with --that\n");
	}
	if (!p->diags->errors)
		code = !command_output(o, &b) ? EXIT_SYSTEM : broken ? EXIT_NO : EXIT_YES;
	buf_free(&b);
	return command_end(p, o, code);
}

int command_test(const struct options *o)
{
	struct buf b = { 0 };
	struct tally t = { 0 };
	bool ok;
	struct pipeline *p = command_load(o, 0, o->nargs, &ok);
	int code = EXIT_YES;

	if (ok) {
		tests_run(p, &b, o->json, &t);
		claims_ask(o, p, &b, &t.claims, &t.broken);
		if (!o->json) {
			if (!t.tests && !t.claims && !p->diags->errors)
				buf_puts(&b, "no tests: write tests: or prove: in a policy\n");
			unreached_print(&b, &t);
			buf_printf(&b, "%zu passed, %zu failed\n", t.tests - t.failed + t.claims - t.broken, t.failed + t.broken);
		}
	}
	if (!p->diags->errors)
		code = !command_output(o, &b) ? EXIT_SYSTEM : t.failed || t.broken ? EXIT_NO : EXIT_YES;
	buf_free(&b);
	return command_end(p, o, code);
}

/* What a build asks before it writes anything: the same, silent where all is well. */
bool policies_verify(struct pipeline *p, struct buf *b)
{
	struct options o = { .command = "build" };
	struct buf proofs = { 0 }, tests = { 0 };
	struct tally t = { 0 };

	tests_run(p, &tests, false, &t);
	claims_ask(&o, p, &proofs, &t.claims, &t.broken);
	if (t.failed)
		buf_put(b, tests.p, tests.n);
	if (t.broken)
		buf_put(b, proofs.p, proofs.n);
	buf_free(&tests);
	buf_free(&proofs);
	return !t.failed && !t.broken && !p->diags->errors;
}
