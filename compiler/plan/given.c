/* Facts by name to answers of queries, and a witness's answers back to facts by name. A budget's
 * query is whether it is used up; what is given and shown is the sum before the request. */
#include "compiler/plan/given.h"

#include <string.h>

#include "compiler/base/escape.h"

/* ---- names to answers ---- */

static uint64_t count_of(const struct given_count *list, size_t n, struct krux_str name)
{
	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(list[i].name, name))
			return list[i].n;
	return 0;
}

static uint64_t window_of(const struct given_count *list, size_t n, const struct dd_var *v)
{
	size_t p = v->policy.n, r = v->subject.name.n;

	for (size_t i = 0; i < n; i++) {
		struct krux_str s = list[i].name;

		if (s.n == p + 1 + r && s.p[p] == '/' && !memcmp(s.p, v->policy.p, p) &&
		    !memcmp(s.p + p + 1, v->subject.name.p, r))
			return list[i].n;
	}
	return 0;
}

/* The value of a uint or size field, or the size of one, in canonical arguments. */
static uint64_t summed(const struct krux_value *args, const struct subject *s)
{
	const struct krux_value *v = args;
	struct krux_str rest = s->access.text;

	while (v && rest.n) {
		const char *dot = memchr(rest.p, '.', rest.n);
		struct krux_str name = { rest.p, dot ? (size_t)(dot - rest.p) : rest.n };
		const struct krux_value *next = NULL;

		for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++)
			if (krux_str_eq(v->map.member[i].key, name))
				next = &v->map.member[i].value;
		v = next;
		rest = dot ? (struct krux_str){ dot + 1, rest.n - name.n - 1 } : (struct krux_str){ 0 };
	}
	return !v ? 0 : v->kind == KRUX_V_UINT ? v->u : krux_value_size(v);
}

bool given_over(const struct dd_var *v, uint64_t sum, const struct krux_value *args)
{
	return sum > v->max || summed(args, &v->budget) > v->max - sum;
}

bool given_fact(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct given_facts *g = ctx;
	const struct dd_var *v = dd_variable(g->m, var);
	struct krux_str name = v->subject.name;

	*answer = 0;
	if (v->is_fact && v->fact == KRUX_FACT_RATE) {
		*answer = window_of(g->rates, g->nrates, v);
		return true;
	}
	if (v->is_fact && v->fact == KRUX_FACT_BUDGET) {
		*answer = given_over(v, window_of(g->budgets, g->nbudgets, v), g->args);
		return true;
	}
	switch (v->subject.kind) {
	case SUBJECT_TIME:
		*answer = g->time;
		return true;
	case SUBJECT_WEEKDAY:
		*answer = g->weekday;
		return true;
	case SUBJECT_LABEL:
		for (size_t i = 0; i < g->nlabels; i++)
			*answer |= krux_str_eq(g->label[i], name);
		return true;
	case SUBJECT_CALLS:
		*answer = count_of(g->calls, g->ncalls, name);
		return true;
	default:
		return false;
	}
}

/* ---- answers to names ---- */

static bool is_window(const struct dd_var *v, bool budget)
{
	return v->is_fact && v->fact == (budget ? KRUX_FACT_BUDGET : KRUX_FACT_RATE);
}

static bool is_of(const struct dd_var *v, enum subject_kind kind)
{
	return !is_window(v, false) && !is_window(v, true) && v->subject.kind == kind;
}

static bool sums_same(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && krux_str_eq(a->access.text, b->access.text);
}

/* Has a rule of the build this window. */
static bool window_known(const struct build *b, const struct dd_var *v)
{
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policy *p = &b->policy[i];

		for (size_t k = 0; krux_str_eq(p->name, v->policy) && k < p->nrules; k++) {
			const struct rule *r = &p->rule[k];
			const struct rate *rate = is_window(v, true) ? &r->budget : &r->rate;

			if (krux_str_eq(r->id, v->subject.name) && rate->given && rate->per == v->per &&
			    (!is_window(v, true) || (r->non && sums_same(&r->on[0].budget, &v->budget))))
				return true;
		}
	}
	return false;
}

struct object {
	struct buf *out;
	const char *comma;            /* of the object */
	bool open;                    /* a member of it was begun */
};

static void member_begin(struct object *o, const char *key, char bracket)
{
	if (!o->open)
		buf_printf(o->out, "%s\"%s\":%c", o->comma, key, bracket);
	else
		buf_putc(o->out, ',');
	o->open = true;
	o->comma = ",";
}

static void member_end(struct object *o, char bracket)
{
	if (o->open)
		buf_putc(o->out, bracket);
	o->open = false;
}

static void name_write(struct object *o, const struct dd_var *v)
{
	buf_putc(o->out, '"');
	if (v->policy.n) {
		escape_json(o->out, v->policy);
		buf_putc(o->out, '/');
	}
	escape_json(o->out, v->subject.name);
	buf_putc(o->out, '"');
}

static void clock_write(struct object *o, const struct dd *m, const struct dd_witness *w)
{
	static const char day[7][4] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	for (size_t i = 0; i < w->nfacts; i++) {
		const struct dd_var *v = dd_variable(m, w->fact[i].var);
		uint64_t t = w->fact[i].value;

		if (!t || (!is_of(v, SUBJECT_TIME) && !is_of(v, SUBJECT_WEEKDAY)))
			continue;
		if (is_of(v, SUBJECT_WEEKDAY))
			buf_printf(o->out, "%s\"weekday\":\"%s\"", o->comma, day[t % 7]);
		else
			buf_printf(o->out, "%s\"time\":\"%02u:%02u:%02u\"", o->comma, (unsigned)(t / 3600),
			           (unsigned)(t / 60 % 60), (unsigned)(t % 60));
		o->comma = ",";
	}
}

/* What the window has to hold for the answer; of a budget, the least sum with which it is over. */
static uint64_t window_holds(const struct dd_var *v, uint64_t answer, const struct krux_value *args)
{
	uint64_t adds;

	if (!answer || is_window(v, false))
		return answer;
	adds = summed(args, &v->budget);
	return adds > v->max ? 0 : v->max - adds == UINT64_MAX ? UINT64_MAX : v->max - adds + 1;
}

static bool window_same(const struct dd_var *v, const struct dd_var *w)
{
	return krux_str_eq(v->policy, w->policy) && krux_str_eq(v->subject.name, w->subject.name);
}

/* A rule may stand in two builds with two budgets: over both is over the larger. */
static void windows_write(struct object *o, const struct dd *m, const struct dd_witness *w, const struct build *b,
                          bool budget)
{
	for (size_t i = 0; i < w->nfacts; i++) {
		const struct dd_var *v = dd_variable(m, w->fact[i].var);
		bool written = !is_window(v, budget) || !window_known(b, v);
		uint64_t most = 0;

		for (size_t k = 0; k < w->nfacts && !written; k++) {
			const struct dd_var *x = dd_variable(m, w->fact[k].var);
			uint64_t n;

			if (!is_window(x, budget) || !window_known(b, x) || !window_same(v, x))
				continue;
			written = k < i;
			n = window_holds(x, w->fact[k].value, &w->args);
			most = n > most ? n : most;
		}
		if (written || !most)
			continue;
		member_begin(o, budget ? "budgets" : "rates", '{');
		name_write(o, v);
		buf_printf(o->out, ":%llu", (unsigned long long)most);
	}
	member_end(o, '}');
}

void given_json(struct buf *b, const struct dd *m, const struct dd_witness *w, const struct build *build)
{
	struct object o = { b, "", false };

	buf_putc(b, '{');
	clock_write(&o, m, w);
	for (size_t i = 0; i < w->nfacts; i++) {
		if (!w->fact[i].value || !is_of(dd_variable(m, w->fact[i].var), SUBJECT_LABEL))
			continue;
		member_begin(&o, "labels", '[');
		name_write(&o, dd_variable(m, w->fact[i].var));
	}
	member_end(&o, ']');
	for (size_t i = 0; i < w->nfacts; i++) {
		if (!w->fact[i].value || !is_of(dd_variable(m, w->fact[i].var), SUBJECT_CALLS))
			continue;
		member_begin(&o, "calls", '{');
		name_write(&o, dd_variable(m, w->fact[i].var));
		buf_printf(b, ":%llu", (unsigned long long)w->fact[i].value);
	}
	member_end(&o, '}');
	windows_write(&o, m, w, build, false);
	windows_write(&o, m, w, build, true);
	buf_putc(b, '}');
}

/* ---- what cannot be ---- */

/* Where what the request adds is within so much of the budget. */
static uint32_t within(struct arena *a, struct dd *m, const struct dd_var *v, uint64_t room)
{
	struct interval *over = ARENA_NEW(a, struct interval);
	struct cond c = { .kind = COND_TEST, .subject = v->budget };

	*over = (struct interval){ (krux_u128)room + 1, UINT64_MAX };
	if (room == UINT64_MAX)
		return DD_TRUE;
	c.set = (struct value_set){ .numeric = true, .interval = over, .nintervals = 1 };
	return dd_not(m, dd_cond(m, &c));
}

uint32_t given_sums(struct arena *a, struct dd *m, const struct given_facts *g)
{
	uint32_t *answers = ARENA_ARRAY(a, uint32_t, dd_nvars(m) + 1);
	size_t n = 0;

	for (uint32_t i = 0, nvars = dd_nvars(m); i < nvars; i++) {
		struct dd_var v = *dd_variable(m, i);
		uint64_t sum;
		uint32_t fits;

		if (!is_window(&v, true))
			continue;
		sum = window_of(g->budgets, g->nbudgets, &v);
		fits = sum > v.max ? DD_FALSE : within(a, m, &v, v.max - sum);
		answers[n++] = dd_ite(m, dd_fact_at_least(m, &v, 1), dd_not(m, fits), fits);
	}
	return dd_and_all(m, answers, n);
}

uint32_t given_alone(struct arena *a, struct dd *m, const struct dd_var *budget)
{
	return dd_or(m, dd_not(m, dd_fact_at_least(m, budget, 1)), dd_not(m, within(a, m, budget, budget->max)));
}

/* A longer window counts as much as a shorter one. Two of a rule's are from two builds, each cut where its
 * own build cuts. */
static uint32_t longer_counts(struct dd *m, const struct dd_var *shorter, const struct dd_var *longer)
{
	const uint64_t cut[] = { shorter->max, longer->max };
	uint32_t all = DD_TRUE;

	for (int i = 0; i < 2; i++)
		all = dd_and(m, all, dd_or(m, dd_not(m, dd_fact_at_least(m, shorter, cut[i])),
		                          dd_fact_at_least(m, longer, cut[i])));
	return all;
}

static uint32_t rates_possible(struct dd *m)
{
	uint32_t all = DD_TRUE, n = dd_nvars(m);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n && is_window(dd_variable(m, i), false); k++) {
			struct dd_var v = *dd_variable(m, i), w = *dd_variable(m, k);

			if (is_window(&w, false) && window_same(&v, &w) && w.per > v.per)
				all = dd_and(m, all, longer_counts(m, &v, &w));
		}
	return all;
}

uint32_t given_possible(struct arena *a, struct dd *m)
{
	uint32_t nvars = dd_nvars(m), all, *answers = ARENA_ARRAY(a, uint32_t, nvars + 1);
	size_t n = 0;

	for (uint32_t i = 0; i < nvars; i++) {
		struct dd_var v = *dd_variable(m, i), w;

		if (!is_window(&v, true))
			continue;
		all = dd_or(m, dd_fact_at_least(m, &v, 1), within(a, m, &v, v.max));
		for (uint32_t k = 0; k < nvars; k++) {
			w = *dd_variable(m, k);
			/* A longer window holds as much, and more is more than less. */
			if (k != i && is_window(&w, true) && window_same(&v, &w) && w.per >= v.per && w.max <= v.max &&
			    sums_same(&v.budget, &w.budget))
				all = dd_and(m, all, dd_or(m, dd_not(m, dd_fact_at_least(m, &v, 1)),
				                          dd_fact_at_least(m, &w, 1)));
		}
		answers[n++] = all;
	}
	return dd_and(m, rates_possible(m), dd_and_all(m, answers, n));
}
