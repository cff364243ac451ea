/* Regions in words. */
#include "compiler/plan/rows.h"

#include "compiler/base/escape.h"
#include "compiler/plan/cond_print.h"
#include "compiler/plan/words.h"

static void rule_name(struct buf *b, const struct dd_var *v)
{
	buf_puts(b, "(\"");
	escape_cap(b, v->policy);
	buf_putc(b, '/');
	escape_cap(b, v->subject.name);
	buf_puts(b, "\")");
}

/* Rates are counts that a policy cuts in two or three; budgets are kept or not. */
static void window_print(struct buf *b, const struct dd_var *v, const struct dd_step *step)
{
	if (v->fact == KRUX_FACT_BUDGET) {
		buf_puts(b, step->interval[0].hi ? "over" : "not over");
		rule_name(b, v);
		return;
	}
	for (size_t i = 0; i < step->nintervals; i++) {
		const struct interval *iv = &step->interval[i];

		buf_puts(b, i ? " or rate" : "rate");
		rule_name(b, v);
		if (!iv->lo)
			buf_printf(b, " < %llu", (unsigned long long)iv->hi + 1);
		else if (iv->hi >= v->domain.hi)
			buf_printf(b, " >= %llu", (unsigned long long)iv->lo);
		else
			buf_printf(b, " in %llu..%llu", (unsigned long long)iv->lo, (unsigned long long)iv->hi);
	}
}

static bool is_window(const struct dd_var *v)
{
	return v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET);
}

/* Text that stands in a chain of `and`. */
static void clause_print(struct buf *b, const struct cond *c)
{
	bool wrap = c->kind == COND_OR;

	buf_puts(b, wrap ? "(" : "");
	cond_print(b, c);
	buf_puts(b, wrap ? ")" : "");
}

/* ---- classes said before ---- */

struct words_kept {
	uint32_t node, to;                  /* node 0: free; terminals are no steps */
	const struct cond *c;
};

static struct words_kept *kept_at(struct words_kept *slot, size_t cap, uint32_t node, uint32_t to)
{
	size_t at = (node * 0x9E3779B1u ^ to * 0x85EBCA77u) & (cap - 1);

	while (slot[at].node && (slot[at].node != node || slot[at].to != to))
		at = (at + 1) & (cap - 1);
	return &slot[at];
}

static void memo_room(struct arena *a, struct words_memo *m)
{
	size_t cap = m->cap ? m->cap * 2 : 64;
	struct words_kept *slot;

	if (m->n * 2 < m->cap)
		return;
	slot = ARENA_ARRAY(a, struct words_kept, cap);
	for (size_t i = 0; i < m->cap; i++)
		if (m->slot[i].node)
			*kept_at(slot, cap, m->slot[i].node, m->slot[i].to) = m->slot[i];
	m->slot = slot;
	m->cap = cap;
}

static const struct cond *words_known(struct arena *a, struct dd *m, struct words_memo *memo,
                                      const struct dd_step *step)
{
	struct words_kept *k;

	memo_room(a, memo);
	k = kept_at(memo->slot, memo->cap, step->node, *step->to);
	if (!k->node) {
		const struct cond *c = words_step(a, m, step);
		struct cond *copy;

		/* A step's intervals are the caller's, and change with the next region. */
		if (c && c->kind == COND_TEST && c->set.numeric && c->set.interval == step->interval) {
			struct interval *own = ARENA_ARRAY(a, struct interval, c->set.nintervals + 1);

			for (size_t i = 0; i < c->set.nintervals; i++)
				own[i] = c->set.interval[i];
			copy = ARENA_NEW(a, struct cond);
			*copy = *c;
			copy->set.interval = own;
			c = copy;
		}
		*k = (struct words_kept){ step->node, *step->to, c };
		memo->n++;
	}
	return k->c;
}

bool region_print(struct buf *b, struct arena *a, struct dd *m, const struct dd_region *r)
{
	return region_print_next(b, a, m, NULL, r);
}

bool region_print_next(struct buf *b, struct arena *a, struct dd *m, struct words_memo *memo,
                       const struct dd_region *r)
{
	const char *join = "";
	bool whole = true;

	for (size_t i = 0; i < r->nsteps; i++) {
		const struct dd_step *step = &r->step[i];
		const struct dd_var *v = dd_variable(m, dd_get(m, step->node)->var);
		const struct cond *c;

		if (step->language == NULL && is_window(v)) {
			buf_puts(b, join);
			window_print(b, v, step);
			join = " and ";
			continue;
		}
		c = memo ? words_known(a, m, memo, step) : words_step(a, m, step);
		if (c && c->kind == COND_TRUE)
			continue;
		buf_puts(b, join);
		join = " and ";
		if (!c || words_too_large(c)) {
			buf_printf(b, "{too large for words: a class of an automaton of %u states}",
			           step->language ? step->language->nstates : 0);
			whole = false;
			continue;
		}
		clause_print(b, c);
	}
	if (!*join)
		buf_puts(b, "always");
	return whole;
}
