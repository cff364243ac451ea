/* From the rules of a capability to the comments of its C. */
#include "compiler/emit/c_origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/model/words.h"

enum { MOST_RULES = 40, MOST_TESTS = 6, MOST_CUTS = 3, MOST_TEXT = 90 };

struct test {
	const struct subject *subject;
	const struct cond *cond;
};

struct voice {                       /* a rule, or a default */
	const struct policy *policy;
	const struct rule *rule;     /* NULL: the default */
};

struct c_origins {
	struct arena *a;
	struct test *test;
	size_t ntests, cap_tests;
	struct voice *voice;
	size_t nvoices, cap_voices;
};

static void tests_collect(struct c_origins *o, const struct cond *c)
{
	struct arena *scratch = arena_new();
	const struct cond **todo = NULL;
	size_t n = 0, cap = 0;

	ARENA_PUSH(scratch, todo, n, cap, c);
	while (n) {
		c = todo[--n];
		switch (c->kind) {
		case COND_TEST:
			if (!c->subject.depth)
				ARENA_PUSH(o->a, o->test, o->ntests, o->cap_tests, ((struct test){ &c->subject, c }));
			break;
		case COND_ANY:
		case COND_ANY_TREE:
			if (!c->list.depth)
				ARENA_PUSH(o->a, o->test, o->ntests, o->cap_tests, ((struct test){ &c->list, c }));
			ARENA_PUSH(scratch, todo, n, cap, c->a);
			break;
		case COND_AND:
		case COND_OR:
			ARENA_PUSH(scratch, todo, n, cap, c->b);
			ARENA_PUSH(scratch, todo, n, cap, c->a);
			break;
		case COND_NOT:
			ARENA_PUSH(scratch, todo, n, cap, c->a);
			break;
		default:
			break;
		}
	}
	arena_free(scratch);
}

/* By place in the sources; what has none comes first. */
static int test_order(const void *pa, const void *pb)
{
	const struct test *a = pa, *b = pb;
	struct krux_str x = a->cond->at.src ? a->cond->at.src->name : (struct krux_str){ "", 0 };
	struct krux_str y = b->cond->at.src ? b->cond->at.src->name : (struct krux_str){ "", 0 };
	int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	if (c || x.n != y.n)
		return c ? c : (x.n > y.n) - (x.n < y.n);
	return (a->cond->at.at > b->cond->at.at) - (a->cond->at.at < b->cond->at.at);
}

struct c_origins *c_origins_make(struct arena *a, const struct build *build, const struct capability *cap)
{
	struct c_origins *o = ARENA_NEW(a, struct c_origins);

	o->a = a;
	for (size_t i = 0; i < build->npolicies; i++) {
		const struct policy *p = &build->policy[i];
		const struct meet *meet;
		size_t n = policy_meets(p, cap, &meet);

		for (size_t k = 0; k < n; k++) {
			tests_collect(o, meet[k].rc->when);
			ARENA_PUSH(a, o->voice, o->nvoices, o->cap_voices, ((struct voice){ p, meet[k].rule }));
		}
		if (p->has_default)
			ARENA_PUSH(a, o->voice, o->nvoices, o->cap_voices, ((struct voice){ p, NULL }));
	}
	if (o->ntests)
		qsort(o->test, o->ntests, sizeof *o->test, test_order);
	return o;
}

/* ---- printing ---- */

static void put_place(struct buf *b, struct span at)
{
	if (!at.src)
		return;
	escape_comment(b, at.src->name);
	buf_printf(b, ":%" PRIu32, span_line(at));
}

void c_origin_rules(struct buf *b, const struct c_origins *o)
{
	for (size_t i = 0; i < o->nvoices && i < MOST_RULES; i++) {
		const struct voice *v = &o->voice[i];

		buf_puts(b, " *   ");
		put_place(b, v->rule ? v->rule->at : v->policy->ast ? v->policy->ast->deflt.at : (struct span){ 0 });
		buf_printf(b, "  %.*s/%.*s: %s%s\n", STR_ARG(v->policy->name),
		           v->rule ? (int)v->rule->id.n : 7, v->rule ? v->rule->id.p : "default",
		           verdict_word(v->rule ? v->rule->verdict : v->policy->deflt),
		           v->policy->observe || (v->rule && v->rule->observe) ? " (observed)" : "");
	}
	if (o->nvoices > MOST_RULES)
		buf_printf(b, " *   and %zu more\n", o->nvoices - MOST_RULES);
}

static bool is_about(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && krux_str_eq(a->access.text, b->access.text) && krux_str_eq(a->name, b->name);
}

static void put_test(struct buf *b, struct span at)
{
	struct krux_str text;

	if (!at.src)
		return;
	text = (struct krux_str){ at.src->text.p + at.at, at.n };
	if (text.n > MOST_TEXT) {
		text.n = MOST_TEXT;
		while (text.n && ((unsigned char)text.p[text.n] & 0xC0) == 0x80)
			text.n--;
	}
	escape_comment(b, text);
	buf_puts(b, at.n > text.n ? "... (" : " (");
	put_place(b, at);
	buf_putc(b, ')');
}

static bool same_place(struct span a, struct span b)
{
	return a.src == b.src && a.at == b.at && a.n == b.n;
}

void c_origin_tests(struct buf *b, const struct c_origins *o, const struct dd_var *v)
{
	const struct cond *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < o->ntests; i++) {
		const struct test *t = &o->test[i];

		if (!t->cond->at.src || !is_about(t->subject, &v->subject) || (last && same_place(last->at, t->cond->at)))
			continue;
		last = t->cond;
		if (n++ >= MOST_TESTS)
			continue;
		buf_puts(b, n > 1 ? "\n * " : "");
		put_test(b, t->cond->at);
	}
	if (n > MOST_TESTS)
		buf_printf(b, "\n * and %zu more", n - MOST_TESTS);
}

static bool cuts(const struct cond *c, krux_u128 hi)
{
	for (size_t i = 0; c->kind == COND_TEST && c->set.numeric && i < c->set.nintervals; i++)
		if (c->set.interval[i].hi == hi || (c->set.interval[i].lo && c->set.interval[i].lo - 1 == hi))
			return true;
	return false;
}

void c_origin_cut(struct buf *b, const struct c_origins *o, const struct dd_var *v, krux_u128 hi)
{
	struct krux_str src = { 0 };
	uint32_t line = 0;
	size_t n = 0;

	for (size_t i = 0; i < o->ntests && n < MOST_CUTS; i++) {
		const struct cond *c = o->test[i].cond;

		if (!c->at.src || !is_about(o->test[i].subject, &v->subject) || !cuts(c, hi) ||
		    (n && krux_str_eq(src, c->at.src->name) && span_line(c->at) == line))
			continue;
		buf_puts(b, n++ ? ", " : "");
		put_place(b, c->at);
		src = c->at.src->name;
		line = span_line(c->at);
	}
}

static bool gives(const struct voice *v, enum krux_verdict verdict)
{
	if (!v->rule)
		return v->policy->deflt == verdict;
	return v->rule->verdict == verdict || (v->rule->rate.given && v->rule->rate.exceeded == verdict) ||
	       (v->rule->budget.given && v->rule->budget.exceeded == verdict);
}

void c_origin_outcome(struct buf *b, const struct c_origins *o, const struct outcome *out)
{
	const struct voice *only = NULL;

	for (size_t i = 0; i < o->nvoices; i++) {
		const struct voice *v = &o->voice[i];

		if (v->policy->observe || (v->rule && v->rule->observe) || !gives(v, out->verdict))
			continue;
		if (only)
			return;
		only = v;
	}
	if (!only || out->verdict != out->would)
		return;
	put_place(b, only->rule ? only->rule->at : only->policy->ast ? only->policy->ast->deflt.at : (struct span){ 0 });
	buf_printf(b, " %.*s", only->rule ? (int)only->rule->id.n : 7, only->rule ? only->rule->id.p : "default");
}
