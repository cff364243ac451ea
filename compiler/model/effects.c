/* Effects: which arguments reach which resource, and that none reaches one unseen. */
#include "compiler/model/cap_resolve.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/base/escape.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"

enum { MOST_EFFECTS = 256 };

static const struct {
	const char *word;
	unsigned rank;
} effects[EFFECT_COUNT] = {
#define EFFECT(id, w, r) [EFFECT_##id] = { w, r },
#include "capspec/effects.def"
#undef EFFECT
};

const char *effect_word(enum effect_kind kind)
{
	return effects[kind].word;
}

unsigned effect_rank(enum effect_kind kind)
{
	return effects[kind].rank;
}

void effect_arg_print(struct buf *b, const struct effect_arg *a)
{
	buf_puts(b, a->tree ? "tree " : "");
	if (a->is_constant) {
		buf_putc(b, '"');
		escape_cap(b, a->constant);
		buf_putc(b, '"');
	} else {
		buf_str(b, a->access.text);
	}
	buf_puts(b, a->prunes ? " prunes" : "");
}

void effect_print(struct buf *b, const struct effect *e)
{
	buf_puts(b, effect_word(e->kind));
	for (size_t i = 0; i < e->nargs; i++) {
		buf_puts(b, i ? ", " : "(");
		effect_arg_print(b, &e->arg[i]);
	}
	buf_puts(b, e->nargs ? ")" : "");
}

/* What an effect of a kind can be of, for messages. */
static struct krux_str effect_expected(enum effect_kind kind)
{
	switch (kind) {
	case EFFECT_NONE:
		return KRUX_STR("none alone, without an argument");
	case EFFECT_CONNECTS:
		return KRUX_STR(
			"connects(host, port) of a host and a port field, or connects(url)");
	case EFFECT_STATE:
		return KRUX_STR("state(key) of a string field or a constant");
	default:
		return KRUX_STR(
			"a field of type path, optional path or list<path>, or a constant path");
	}
}

static bool wrong(struct cap_ctx *c, enum effect_kind kind, struct span at, struct krux_str what)
{
	diag_error(c->diags, 1031, at, "`%s` takes no %.*s", effect_word(kind), STR_ARG(what))
		->expected = effect_expected(kind);
	return false;
}

/* ---- one argument ---- */

static bool constant_resolve(struct cap_ctx *c, enum effect_kind kind, const struct literal *l,
                             struct effect_arg *out)
{
	size_t cap = l->text.n + 8;
	char *text = arena_get(c->arena, cap);
	const char *why = "it is not a string";
	struct diag *d;
	int n = -1;

	out->is_constant = true;
	if (kind == EFFECT_CONNECTS || kind == EFFECT_NONE)
		return wrong(c, kind, l->at, KRUX_STR("constant"));
	if (kind == EFFECT_STATE && l->kind == LIT_STRING && l->text.n) {
		out->constant = l->text;
		return true;
	}
	if (kind != EFFECT_STATE && l->kind == LIT_STRING)
		n = krux_canon_path(l->text, text, cap, &why);
	if (n < 0 || n > KRUX_MAX_PATH) {
		d = diag_error(c->diags, 1031, l->at, "this constant is no %s: %s",
		               kind == EFFECT_STATE ? "key" : "path",
		               n > 0 ? "it is too long" : why);
		d->expected = effect_expected(kind);
		return false;
	}
	out->constant = (struct krux_str){ text, (size_t)n };
	if (!krux_str_eq(out->constant, l->text))
		diag_warn(c->diags, 3015, l->at, "this path is not canonical")->fix =
			arena_printf(c->arena, "write \"%.*s\"", STR_ARG(out->constant));
	return true;
}

static bool type_fits(enum effect_kind kind, size_t index, size_t nargs, const struct krux_type *t,
                      bool optional)
{
	switch (kind) {
	case EFFECT_NONE:
		return false;
	case EFFECT_STATE:
		return t->kind == KRUX_T_STRING && !optional;
	case EFFECT_CONNECTS:
		if (nargs == 1)
			return t->kind == KRUX_T_URL && !optional;
		return t->kind == (index ? KRUX_T_PORT : KRUX_T_HOST) && !optional;
	default:
		return t->kind == KRUX_T_PATH ||
		       (t->kind == KRUX_T_LIST && t->elem->kind == KRUX_T_PATH && !optional);
	}
}

static bool tree_fits(struct cap_ctx *c, enum effect_kind kind, const struct ast_effect_arg *ast,
                      const struct effect_arg *out, bool optional)
{
	struct diag *d;

	if (!ast->tree && !ast->prunes)
		return true;
	if (ast->tree && kind != EFFECT_STATE && kind != EFFECT_CONNECTS && !out->is_constant &&
	    !optional && out->access.nsteps == 1 && out->access.type->kind == KRUX_T_PATH)
		return true;
	d = diag_error(c->diags, 1032, ast->at, ast->tree ? "`tree` takes a plain path field only"
	                                                  : "`prunes` follows a tree only");
	d->expected = KRUX_STR("`tree field` or `tree field prunes`, of an input field of type "
	                       "path that is never absent");
	return false;
}

static bool arg_resolve(struct cap_ctx *c, enum effect_kind kind, const struct ast_effect *ast,
                        size_t i, struct effect_arg *out)
{
	const struct ast_effect_arg *arg = &ast->arg[i];
	const struct krux_type *in = NULL;
	enum access_fault fault;
	bool optional = false;
	size_t name;

	out->tree = arg->tree;
	out->prunes = arg->prunes;
	if (!arg->operand)
		return constant_resolve(c, kind, arg->constant, out) &&
		       tree_fits(c, kind, arg, out, false);
	fault = access_find(c->arena, c->cap->input, arg->operand, &out->access, &optional, &name,
	                    &in);
	if (fault != ACCESS_OK) {
		access_complain(c->diags, 1035, fault, arg->operand, name, in);
		return false;
	}
	if (in->kind == KRUX_T_URL)
		return wrong(c, kind, arg->at, KRUX_STR("part of a url"));
	if (!type_fits(kind, i, ast->nargs, out->access.type, optional))
		return wrong(c, kind, arg->at,
		             arena_printf(c->arena, "%s%s field", optional ? "optional " : "",
		                          krux_type_word(out->access.type->kind)));
	return tree_fits(c, kind, arg, out, optional);
}

/* connects(url) is connects(url.host, url.port). */
static void url_split(struct cap_ctx *c, struct effect *e)
{
	struct access url = e->arg[0].access;

	e->arg[0].access = access_part(c->arena, &url, URL_HOST);
	e->arg[1].access = access_part(c->arena, &url, URL_PORT);
	e->nargs = 2;
}

/* ---- one effect ---- */

static bool arg_eq(const struct effect_arg *a, const struct effect_arg *b)
{
	if (a->is_constant != b->is_constant)
		return false;
	return a->is_constant ? krux_str_eq(a->constant, b->constant)
	                      : access_eq(&a->access, &b->access);
}

static bool effect_kind_find(struct cap_ctx *c, const struct ast_effect *ast,
                             enum effect_kind *kind)
{
	struct krux_str words[EFFECT_COUNT], near;
	struct diag *d;

	for (unsigned k = 0; k < EFFECT_COUNT; k++) {
		words[k] = (struct krux_str){ effect_word(k), strlen(effect_word(k)) };
		if (krux_str_eq(words[k], ast->word)) {
			*kind = k;
			return true;
		}
	}
	near = diag_nearest(ast->word, words, EFFECT_COUNT);
	d = diag_error(c->diags, 1030, ast->at, "there is no effect `%.*s`", STR_ARG(ast->word));
	d->expected = KRUX_STR(
		"none, lists, reads, creates, writes, state, deletes, connects or executes");
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

static bool effect_resolve(struct cap_ctx *c, const struct ast_effect *ast, struct effect *out)
{
	size_t most, least;
	bool ok = true;

	out->at = ast->at;
	out->nargs = ast->nargs;
	if (!effect_kind_find(c, ast, &out->kind))
		return false;
	least = out->kind != EFFECT_NONE;
	most = out->kind == EFFECT_CONNECTS ? 2 : least;
	if (ast->nargs < least || ast->nargs > most)
		return wrong(c, out->kind, ast->at,
		             ast->nargs ? KRUX_STR("such number of arguments")
		                        : KRUX_STR("empty list of arguments"));
	for (size_t i = 0; i < ast->nargs; i++)
		ok = arg_resolve(c, out->kind, ast, i, &out->arg[i]) && ok;
	if (ok && out->kind == EFFECT_CONNECTS && ast->nargs == 1)
		url_split(c, out);
	return ok;
}

static bool effect_is_new(struct cap_ctx *c, const struct effect *all, size_t i)
{
	struct diag *d;

	for (size_t k = 0; k < i; k++) {
		bool none = all[i].kind == EFFECT_NONE || all[k].kind == EFFECT_NONE;

		if (!none && (all[k].kind != all[i].kind || all[k].nargs != all[i].nargs ||
		              !arg_eq(&all[k].arg[0], &all[i].arg[0]) ||
		              !arg_eq(&all[k].arg[1], &all[i].arg[1])))
			continue;
		d = diag_error(c->diags, 1034, all[i].at,
		               none ? "`none` stands beside another effect"
		                    : "the effect is stated twice");
		d->other = all[k].at;
		d->other_text = none ? KRUX_STR("the other effect") : KRUX_STR("first stated here");
		return false;
	}
	return true;
}

/* ---- arguments that name a resource ---- */

static bool is_bound(const struct cap_ctx *c, const struct access *at)
{
	for (size_t i = 0; i < c->cap->neffects; i++) {
		const struct effect *e = &c->cap->effect[i];

		for (size_t k = 0; k < e->nargs; k++) {
			struct access reached = e->arg[k].access;

			if (at->type->kind == KRUX_T_URL && reached.nsteps)
				reached.nsteps--;
			if (!e->arg[k].is_constant && reached.nsteps && access_eq(&reached, at))
				return true;
		}
	}
	return false;
}

static void unbound(struct cap_ctx *c, const struct access *at, const struct krux_type *t,
                    struct span where, bool reachable)
{
	struct diag *d =
		diag_error(c->diags, 1033, where, "`%.*s` holds %s that no effect is bound to",
	                   STR_ARG(at->text), kind_words(t->kind));

	d->expected = KRUX_STR("every path, url and host among the arguments named by an effect, "
	                       "or marked unused");
	if (!reachable)
		d->fix = KRUX_STR("make it a field of its own and name it in the effect clause, or "
		                  "write `unused` behind the type");
	else if (t->kind == KRUX_T_PATH)
		d->fix = arena_printf(
			c->arena,
			"add `reads(%.*s)`, `writes(%.*s)` or the like to the effect clause, or "
			"write `unused` behind its type",
			STR_ARG(at->text), STR_ARG(at->text));
	else
		d->fix = arena_printf(
			c->arena,
			"add `connects(%.*s%s)` to the effect clause, or write `unused` behind "
			"its type",
			STR_ARG(at->text), t->kind == KRUX_T_HOST ? ", port" : "");
}

/* `at` is the nearest place that an effect can name; reachable: it is the place itself. */
static void resources_check(struct cap_ctx *c, const struct access *at, const struct krux_type *t,
                            bool reachable, struct span where)
{
	bool bound = reachable && is_bound(c, at);

	if (t->unused) {
		if (bound)
			diag_error(c->diags, 1013, where,
			           "`%.*s` is marked unused, but an effect names it",
			           STR_ARG(at->text))
				->fix = KRUX_STR("leave `unused` out");
		return;
	}
	if (bound)
		return;
	switch (t->kind) {
	case KRUX_T_PATH: case KRUX_T_URL: case KRUX_T_HOST:
		unbound(c, at, t, where, reachable);
		break;
	case KRUX_T_LIST: case KRUX_T_MAP:
		resources_check(c, at, t->elem, reachable && t->elem->kind == KRUX_T_PATH, where);
		break;
	case KRUX_T_RECORD:
		for (unsigned i = 0; i < t->nfields; i++) {
			struct access part = reachable ? access_part(c->arena, at, i) : *at;

			resources_check(c, &part, t->field[i].type, reachable, where);
		}
		break;
	default:
		break;
	}
}

void effects_resolve(struct cap_ctx *c)
{
	const struct ast_capability *ast = c->ast;
	struct effect *effect = ARENA_ARRAY(c->arena, struct effect, ast->neffects);
	size_t before = c->diags->errors;

	if (ast->neffects > MOST_EFFECTS) {
		diag_error(c->diags, 1034, ast->at, "a capability has %zu effects", ast->neffects)
			->expected = KRUX_STR("at most 256");
		return;
	}
	for (size_t i = 0; i < ast->neffects; i++)
		if (effect_resolve(c, &ast->effect[i], &effect[i]) && effect_is_new(c, effect, i) &&
		    effects[effect[i].kind].rank > c->cap->rank)
			c->cap->rank = effects[effect[i].kind].rank;
	c->cap->effect = effect;
	c->cap->neffects = ast->neffects;
	for (size_t i = 0; i < ast->neffects; i++)
		if (ast->not_durable && effects[effect[i].kind].rank > effects[EFFECT_READS].rank) {
			struct diag *d = diag_error(c->diags, 1036, effect[i].at,
			                            "`%s` changes something, so its outcome is "
			                            "durable before the answer",
			                            effect_word(effect[i].kind));

			d->fix = KRUX_STR("leave out `answer durable: false`");
			break;
		}
	if (c->diags->errors != before)
		return;
	for (unsigned i = 0; i < c->cap->input->nfields; i++) {
		struct access at = access_field(c->cap->input, i);

		resources_check(c, &at, at.type, true, ast->input[i].at);
	}
}
