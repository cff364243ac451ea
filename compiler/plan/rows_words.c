/* Clauses and rows in words: of steps that are joined one condition, where each has one. */
#include "compiler/plan/cond_print.h"
#include "compiler/plan/condense.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

/* Two sets of numbers as one: both sorted, and apart. */
static struct interval *intervals_join(struct arena *a, const struct interval *x, size_t nx, const struct interval *y,
                                       size_t ny, size_t *joined)
{
	struct interval *all = ARENA_ARRAY(a, struct interval, nx + ny);
	size_t i = 0, k = 0, n = 0;

	while (i < nx || k < ny) {
		bool left = k == ny || (i < nx && x[i].lo < y[k].lo);
		struct interval next = left ? x[i++] : y[k++];

		if (n && next.lo <= all[n - 1].hi + 1)
			all[n - 1].hi = next.hi > all[n - 1].hi ? next.hi : all[n - 1].hi;
		else
			all[n++] = next;
	}
	*joined = n;
	return all;
}

static const struct cond *numbers_join(struct arena *a, const struct cond *x, const struct cond *y)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	*c = *x;
	c->set.interval = intervals_join(a, x->set.interval, x->set.nintervals, y->set.interval, y->set.nintervals,
	                                 &c->set.nintervals);
	return c;
}

static bool are_numbers(const struct cond *x, const struct cond *y)
{
	const struct subject *s = &x->subject, *t = &y->subject;

	return x->kind == COND_TEST && y->kind == COND_TEST && x->set.numeric && y->set.numeric && s->kind == t->kind &&
	       s->depth == t->depth && krux_str_eq(s->access.text, t->access.text) && krux_str_eq(s->name, t->name);
}

const struct cond *clause_cond(struct words *w, struct dd *m, const struct clause *c)
{
	const struct cond *a, *b;

	if (c->kind == CLAUSE_STEP) {
		a = words_step(w, m, c->step);
		return a && words_too_large(a) ? NULL : a;
	}
	a = clause_cond(w, m, c->a);
	b = a ? clause_cond(w, m, c->b) : NULL;
	if (b && c->kind == CLAUSE_OR && are_numbers(a, b))
		return numbers_join(w->arena, a, b);
	return b ? words_pair(w->arena, c->kind == CLAUSE_AND ? COND_AND : COND_OR, a, b) : NULL;
}

const struct dd_step *clause_window(struct arena *a, struct dd *m, const struct clause *c)
{
	const struct dd_step *x, *y;
	const struct dd_var *v;
	struct dd_step *both;

	if (c->kind == CLAUSE_STEP) {
		v = dd_variable(m, dd_var_of(m, c->step->node));
		return v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET) ? c->step : NULL;
	}
	x = c->kind == CLAUSE_OR ? clause_window(a, m, c->a) : NULL;
	y = x ? clause_window(a, m, c->b) : NULL;
	if (!y || dd_var_of(m, x->node) != dd_var_of(m, y->node))
		return NULL;
	both = ARENA_NEW(a, struct dd_step);
	*both = *x;
	both->interval = intervals_join(a, x->interval, x->nintervals, y->interval, y->nintervals, &both->nintervals);
	return both;
}

/* Without all words it is no condition, but it says what there is to say. */
static void rest_print(struct buf *b, struct words *w, struct dd *m, const struct clause *c, bool names)
{
	const struct dd_step *window = clause_window(w->arena, m, c);

	if (window || c->kind == CLAUSE_STEP) {
		step_print(b, w, m, window ? window : c->step, names);
		return;
	}
	buf_putc(b, '(');
	rest_print(b, w, m, c->a, names);
	buf_puts(b, c->kind == CLAUSE_AND ? " and " : " or ");
	rest_print(b, w, m, c->b, names);
	buf_putc(b, ')');
}

bool joined_print(struct buf *b, struct words *w, struct dd *m, const struct clause *c, bool names)
{
	const struct cond *all = clause_cond(w, m, c);

	if (!all)
		rest_print(b, w, m, c, names);
	else if (all->kind != COND_TRUE)
		(names ? cond_print_named : cond_print)(b, all);
	return all && all->kind == COND_OR && !(names && all->name.n);
}

void row_print(struct buf *b, struct words *w, struct dd *m, const struct joined_row *row, bool names)
{
	size_t start = b->n;

	for (size_t i = 0; i < row->nclauses; i++) {
		struct buf part = { 0 };
		bool wrap = joined_print(&part, w, m, row->clause[i], names) && row->nclauses > 1;

		if (part.n) {
			buf_puts(b, b->n > start ? wrap ? " and (" : " and " : wrap ? "(" : "");
			buf_put(b, part.p, part.n);
			buf_puts(b, wrap ? ")" : "");
		}
		buf_free(&part);
	}
	if (b->n == start)
		buf_puts(b, "always");
}
