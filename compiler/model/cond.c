/* Conditions as written to conditions typed for one capability. */
#include "compiler/model/cond_walk.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/access.h"
#include "compiler/model/cond_resolve.h"
#include "compiler/model/label.h"

enum { DEEPEST = 256, MOST_DEFINES_DEEP = 64 };

const struct cond cond_true = { .kind = COND_TRUE }, cond_false = { .kind = COND_FALSE };
const struct cond cond_always = { .kind = COND_TRUE };

struct finding *walk_fail(struct walk *w, unsigned code, struct span at, bool by_cap,
                          const char *fmt, ...)
{
	struct krux_str text;
	struct finding *f;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(w->arena, fmt, ap);
	va_end(ap);
	f = report_add(w->report, DIAG_ERROR, code, at, by_cap, "%.*s", STR_ARG(text));
	if (w->use.src) {
		f->other = w->use;
		f->other_text = KRUX_STR("used here");
	}
	return f;
}

struct krux_str walk_near(struct walk *w, struct krux_str name, const struct krux_str *names,
                          size_t n)
{
	enum { TOO_MANY = 4096 };

	return diag_nearest(name, names, n > TOO_MANY || report_is_full(w->report) ? 0 : n);
}

/* ---- nodes ---- */

void walk_charge(struct walk *w, size_t n, struct span at)
{
	w->nodes += n;
	if (w->nodes <= KRUX_MAX_COND_TESTS || w->stop)
		return;
	walk_fail(w, 9013, at, true, "the condition is too large")->expected =
		arena_printf(w->arena, "at most %s tests, with each `and`, `or` and `not`%s", KRUX_SHOWN(COND_TESTS),
		             w->scope->defines.n ? ", those of a define counted wherever it is used" : "");
	w->stop = true;
}

struct cond *cond_node(struct walk *w, enum cond_kind kind, struct span at)
{
	bool joins = kind == COND_NOT || kind == COND_AND || kind == COND_OR;
	struct cond *c;

	walk_charge(w, 1, at);
	/* The half that only joins others does without what tests have; nobody copies it. */
	c = arena_get(w->arena, joins ? offsetof(struct cond, list) : sizeof *c);
	c->kind = kind;
	c->at = at;
	return c;
}

const struct cond *cond_not(struct walk *w, const struct cond *a)
{
	struct cond *c;

	if (a->kind == COND_TRUE)
		return &cond_false;
	if (a->kind == COND_FALSE)
		return &cond_true;
	if (a->kind == COND_NOT)
		return a->a;
	c = cond_node(w, COND_NOT, a->at);
	c->a = a;
	return c;
}

const struct cond *cond_and(struct walk *w, const struct cond *a, const struct cond *b)
{
	struct cond *c;

	if (a->kind == COND_FALSE || b->kind == COND_TRUE)
		return a;
	if (b->kind == COND_FALSE || a->kind == COND_TRUE)
		return b;
	c = cond_node(w, COND_AND, a->at);
	c->a = a;
	c->b = b;
	return c;
}

const struct cond *cond_or(struct walk *w, const struct cond *a, const struct cond *b)
{
	struct cond *c;

	if (a->kind == COND_TRUE || b->kind == COND_FALSE)
		return a;
	if (b->kind == COND_TRUE || a->kind == COND_FALSE)
		return b;
	c = cond_node(w, COND_OR, a->at);
	c->a = a;
	c->b = b;
	return c;
}

/* A balanced tree, so that long chains are not deep. */
static const struct cond *chain_node(struct walk *w, bool and, const struct cond *const *c,
                                     size_t n)
{
	const struct cond *a, *b;

	if (n == 1)
		return c[0];
	a = chain_node(w, and, c, n / 2);
	b = chain_node(w, and, c + n / 2, n - n / 2);
	return and ? cond_and(w, a, b) : cond_or(w, a, b);
}

/* ---- and, or, not ---- */

/* The operands of a chain of the same word, in order; the grammar makes it left-deep. */
static const struct expr **chain_list(struct walk *w, const struct expr *e, size_t *n)
{
	const struct expr **list, *x;
	size_t i;

	*n = 1;
	for (x = e; x->kind == e->kind; x = x->a)
		++*n;
	list = ARENA_ARRAY(w->arena, const struct expr *, *n);
	i = *n;
	for (x = e; x->kind == e->kind; x = x->a)
		list[--i] = x->b;
	list[0] = x;
	return list;
}

/* In `a and b` what a says of presence where it holds is known in b; in `a or b` what it says
 * where it does not hold. */
static struct typed chain_resolve(struct walk *w, const struct expr *e)
{
	bool and = e->kind == EXPR_AND;
	struct known outer = w->known;
	struct typed all = { 0 };
	const struct cond **cond;
	const struct expr **list;
	size_t n;

	list = chain_list(w, e, &n);
	cond = ARENA_ARRAY(w->arena, const struct cond *, n);
	for (size_t i = 0; i < n; i++) {
		struct typed t = expr_resolve(w, list[i]);
		const struct known *sum = and ? &t.yes : &t.no, *common = and ? &t.no : &t.yes;
		struct known *all_sum = and? &all.yes : &all.no,
			     *all_common = and? &all.no : &all.yes;

		cond[i] = t.cond;
		known_add(all_sum, sum);
		known_add(&w->known, sum);
		for (size_t k = 0; k < MOST_PRESENCES / 64; k++)
			all_common->bit[k] =
				i ? all_common->bit[k] & common->bit[k] : common->bit[k];
	}
	w->known = outer;
	all.cond = chain_node(w, and, cond, n);
	return all;
}

static struct typed not_resolve(struct walk *w, const struct expr *e)
{
	struct typed t;
	struct known yes;
	bool odd = false;

	for (; e->kind == EXPR_NOT; e = e->a)
		odd = !odd;
	t = expr_resolve(w, e);
	if (!odd)
		return t;
	t.cond = cond_not(w, t.cond);
	yes = t.yes;
	t.yes = t.no;
	t.no = yes;
	return t;
}

/* ---- names ---- */

static struct typed define_resolve(struct walk *w, uint32_t i, const struct operand *o)
{
	const struct ast_define *d = &w->scope->file->define[i];
	uint32_t end = w->define_end;
	struct span use = w->use;
	struct typed t = { .cond = &cond_true };

	w->scope->define_used[i] = true;
	if (i >= w->define_end) {
		struct finding *f = walk_fail(w, 3002, o->at, false,
		                              i == w->define_end ? "`%.*s` uses itself"
		                                                 : "`%.*s` is defined further down",
		                              STR_ARG(o->name[0]));

		f->expected = KRUX_STR("a define uses only those before it");
		f->other = d->name.at;
		f->other_text = KRUX_STR("defined here");
		return t;
	}
	if (!d->expr)
		return t;
	if (w->defines == MOST_DEFINES_DEEP) {
		walk_fail(w, 9014, o->at, false, "defines use one another more than %d deep",
		          MOST_DEFINES_DEEP);
		return t;
	}
	if (!w->use.src)
		w->use = o->at;
	w->defines++;
	w->define_end = i;
	t = expr_resolve(w, d->expr);
	w->define_end = end;
	w->defines--;
	w->use = use;
	return t;
}

static struct typed name_resolve(struct walk *w, const struct expr *e)
{
	const struct operand *o = e->operand;
	struct typed t = { .cond = &cond_true };
	uint32_t define = NAMES_NONE;
	struct finding *f;
	struct place p;

	if (o->kind == OPERAND_NAME && o->nnames == 1)
		define = names_find(&w->scope->defines, o->name[0]);
	if (define != NAMES_NONE && field_find(w->cap->input, o->name[0]) < 0)
		return define_resolve(w, define, o);
	if (!place_of(w, o, &p))
		return t;
	if (p.kind == PLACE_SUBJECT && p.subject.kind == SUBJECT_FIELD &&
	    p.subject.type->kind == KRUX_T_BOOL) {
		t.cond = cond_and(w, place_guard(w, &p, e->at), flag_node(w, &p.subject, e->at));
		return t;
	}
	f = walk_fail(w, p.kind == PLACE_EFFECT ? 3026 : 3004, e->at, true,
	              "`%.*s` alone is no condition", STR_ARG(operand_text(w->arena, o)));
	f->expected = KRUX_STR("a define, a field of type bool, or a comparison with a value");
	if (p.kind == PLACE_EFFECT)
		f->fix = arena_printf(w->arena, "write `any(%s, ...)` or `all(%s, ...)`",
		                      effect_word(p.effect), effect_word(p.effect));
	return t;
}

/* ---- has ---- */

static struct typed has_resolve(struct walk *w, const struct expr *e)
{
	struct typed t = { .cond = &cond_true };
	struct place p;
	size_t n;

	if (!place_of(w, e->operand, &p))
		return t;
	t.cond = place_present(w, &p, e->at, &t.yes, &n);
	if (!n || p.subject.kind != SUBJECT_FIELD)
		walk_fail(w, 3014, e->at, true, "`%.*s` is never absent",
		          STR_ARG(operand_text(w->arena, e->operand)))
			->expected = KRUX_STR("has of a field that is declared optional");
	return t;
}

static struct typed label_resolve(struct walk *w, const struct expr *e)
{
	struct typed t = { .cond = &cond_true };
	struct subject s = { .kind = SUBJECT_LABEL, .name = e->right->text, .type = &type_flag };
	struct krux_str near;
	struct finding *f;

	if (e->right->kind != LIT_STRING || !label_valid(s.name)) {
		walk_fail(w, 3023, e->right->at, false, "this is no label")->expected =
			KRUX_STR(LABEL_WORDS);
		return t;
	}
	if (names_find(&w->scope->labels, s.name) == NAMES_NONE) {
		near = walk_near(w, s.name, w->scope->labels.name, w->scope->labels.n);
		f = report_add(w->report, DIAG_WARNING, 3024, e->right->at, false,
		               "no capability of this build sets the label `%.*s`",
		               STR_ARG(s.name));
		f->expected = KRUX_STR(
			"a label that some capability sets: else it is never on a workspace");
		if (near.n)
			f->fix = arena_printf(w->arena, "did you mean \"%.*s\"?", STR_ARG(near));
	}
	t.cond = flag_node(w, &s, e->at);
	return t;
}

/* ---- all of them ---- */

static struct typed kind_resolve(struct walk *w, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_OR: case EXPR_AND:
		return chain_resolve(w, e);
	case EXPR_NOT:
		return not_resolve(w, e);
	case EXPR_TRUE:
		return (struct typed){ .cond = &cond_true };
	case EXPR_FALSE:
		return (struct typed){ .cond = &cond_false };
	case EXPR_NAME:
		return name_resolve(w, e);
	case EXPR_HAS:
		return has_resolve(w, e);
	case EXPR_LABEL:
		return label_resolve(w, e);
	case EXPR_ANY: case EXPR_ALL:
		return quantifier_resolve(w, e);
	case EXPR_TEST:
		return test_resolve_expr(w, e);
	}
	return (struct typed){ .cond = &cond_true };
}

struct typed expr_resolve(struct walk *w, const struct expr *e)
{
	struct typed t = { .cond = &cond_true };

	if (w->stop)
		return t;
	if (w->depth == DEEPEST) {
		walk_fail(w, 9014, e->at, false, "the condition is nested more than %d deep",
		          DEEPEST);
		w->stop = true;
		return t;
	}
	w->depth++;
	t = kind_resolve(w, e);
	w->depth--;
	return t;
}

const struct cond *cond_report(struct arena *a, struct report *r, const struct scope *scope,
                               const struct capability *cap, const struct expr *e, size_t *nodes)
{
	struct walk w = { .arena = a, .report = r, .scope = scope, .cap = cap,
	                  .define_end = (uint32_t)scope->defines.n };
	size_t before = r->errors;
	struct typed t;

	r->now = cap;
	t = expr_resolve(&w, e);
	*nodes += w.nodes;
	return r->errors == before ? t.cond : NULL;
}

const struct cond *cond_resolve(struct arena *a, struct diags *ds, const struct scope *scope,
                                const struct capability *cap, const struct expr *e)
{
	struct report r = { .arena = a, .said = ds };
	size_t nodes = 0;
	const struct cond *c = cond_report(a, &r, scope, cap, e, &nodes);

	report_flush(&r, ds);
	return c;
}
