/* Regions in words. */
#include "compiler/plan/rows.h"

#include "capspec/canon.h"
#include "compiler/base/escape.h"
#include "compiler/plan/cond_print.h"
#include "compiler/plan/words.h"
#include "compiler/plan/words_cover.h"

/* Has the rule another window, in another build: then its name alone does not say which. */
static bool has_twin(const struct dd *m, const struct dd_var *v)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dd_nvars(m); i++) {
		const struct dd_var *w = dd_variable(m, i);

		n += w->is_fact && w->fact == v->fact && krux_str_eq(w->policy, v->policy) &&
		     krux_str_eq(w->subject.name, v->subject.name);
	}
	return n > 1;
}

void window_terms(struct buf *b, enum krux_fact_kind kind, uint64_t max, const struct subject *sum, uint64_t per)
{
	char text[48];

	if (kind == KRUX_FACT_BUDGET)
		buf_printf(b, sum->kind == SUBJECT_SIZE ? "%llu of size(%.*s) " : "%llu of %.*s ", (unsigned long long)max,
		           STR_ARG(sum->access.text));
	buf_puts(b, "per ");
	buf_put(b, text, (size_t)krux_duration_text(per, text, sizeof text));
}

void window_twin_print(struct buf *b, const struct dd *m, const struct dd_var *v, const char *before, const char *after)
{
	if (!has_twin(m, v))
		return;
	buf_puts(b, before);
	window_terms(b, v->fact, v->max, &v->budget, v->per);
	buf_puts(b, after);
}

static void rule_name(struct buf *b, const struct dd *m, const struct dd_var *v)
{
	buf_puts(b, "(\"");
	escape_cap(b, v->policy);
	buf_putc(b, '/');
	escape_cap(b, v->subject.name);
	buf_putc(b, '"');
	window_twin_print(b, m, v, " ", "");
	buf_putc(b, ')');
}

/* Rates are counts that a policy cuts in two or three; budgets are kept or not. */
static void window_print(struct buf *b, const struct dd *m, const struct dd_var *v, const struct dd_step *step)
{
	if (v->fact == KRUX_FACT_BUDGET) {
		buf_puts(b, step->interval[0].hi ? "over" : "not over");
		rule_name(b, m, v);
		return;
	}
	buf_puts(b, step->nintervals > 1 ? "(" : "");
	for (size_t i = 0; i < step->nintervals; i++) {
		const struct interval *iv = &step->interval[i];

		buf_puts(b, i ? " or rate" : "rate");
		rule_name(b, m, v);
		if (!iv->lo)
			buf_printf(b, " < %llu", (unsigned long long)iv->hi + 1);
		else if (iv->hi >= v->domain.hi)
			buf_printf(b, " >= %llu", (unsigned long long)iv->lo);
		else
			buf_printf(b, " in %llu..%llu", (unsigned long long)iv->lo, (unsigned long long)iv->hi);
	}
	buf_puts(b, step->nintervals > 1 ? ")" : "");
}

static bool is_window(const struct dd_var *v)
{
	return v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET);
}

/* Text that stands in a chain of `and`. */
static void clause_print(struct buf *b, const struct cond *c, bool names)
{
	bool wrap = c->kind == COND_OR && !(names && c->name.n);

	buf_puts(b, wrap ? "(" : "");
	(names ? cond_print_named : cond_print)(b, c);
	buf_puts(b, wrap ? ")" : "");
}

/* With one of its values: no two rows hold for the same request, so that rows which are alike otherwise have others. */
static void too_large_print(struct buf *b, struct words *w, struct dd *m, const struct dd_step *step)
{
	const struct subject s = words_subject(m, dd_var_of(m, step->node));
	const struct krux_str value = word_shortest(w->arena, m, dd_class(m, step->node, *step->to));

	buf_puts(b, "{too large for words: ");
	subject_print(b, &s);
	buf_printf(b, " in a class of an automaton of %u states",
	           dd_class_automaton(m, w->arena, step->node, *step->to)->nstates);
	if (value.p) {
		buf_puts(b, ", \"");
		escape_cap(b, value);
		buf_puts(b, "\" among them");
	}
	buf_putc(b, '}');
}

bool step_print(struct buf *b, struct words *w, struct dd *m, const struct dd_step *step, bool names)
{
	const struct dd_var *v = dd_variable(m, dd_var_of(m, step->node));
	const struct cond *c;

	if (is_window(v)) {
		window_print(b, m, v, step);
		return true;
	}
	c = words_step(w, m, step);
	if (c && c->kind == COND_TRUE)
		return true;
	if (c && !words_too_large(c)) {
		clause_print(b, c, names);
		return true;
	}
	too_large_print(b, w, m, step);
	return false;
}

bool region_print(struct buf *b, struct words *w, struct dd *m, const struct dd_region *r, bool names)
{
	size_t start = b->n;
	bool whole = true;

	for (size_t i = 0; i < r->nsteps; i++) {
		size_t before = b->n, joined;

		buf_puts(b, before > start ? " and " : "");
		joined = b->n;
		whole &= step_print(b, w, m, &r->step[i], names);
		if (b->n == joined)
			b->n = before;
	}
	if (b->n == start)
		buf_puts(b, "always");
	return whole;
}

void names_define(struct buf *b, const struct words *words)
{
	buf_puts(b, words->nnamed ? "define:\n" : "");
	for (size_t i = 0; i < words->nnamed; i++) {
		buf_puts(b, "  ");
		buf_str(b, words->named[i].c->name);
		buf_puts(b, ": ");
		buf_str(b, words->named[i].text);
		buf_putc(b, '\n');
	}
}

void names_json(struct buf *b, const struct words *words)
{
	buf_putc(b, '{');
	for (size_t i = 0; i < words->nnamed; i++) {
		buf_puts(b, i ? ",\"" : "\"");
		escape_json(b, words->named[i].c->name);
		buf_puts(b, "\":\"");
		escape_json(b, words->named[i].text);
		buf_putc(b, '"');
	}
	buf_putc(b, '}');
}
