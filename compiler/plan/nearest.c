/* The nearest rule and the nearest region. Both are searched, not guessed: the clauses of every
 * rule are asked about this request, and so is every step of every region. */
#include "compiler/plan/nearest.h"

#include "compiler/base/escape.h"
#include "compiler/plan/call.h"
#include "compiler/plan/cond_print.h"
#include "compiler/plan/words.h"

enum { MOST_CLAUSES = 16 };

struct failed {
	const struct cond *clause[MOST_CLAUSES];
	size_t n, more;
	bool agent;                   /* the rule is for other agents */
};

static void clauses_ask(struct dd *m, const struct cond *c, const struct dd_request *req, struct failed *f)
{
	if (c->kind == COND_AND) {
		clauses_ask(m, c->a, req, f);
		clauses_ask(m, c->b, req, f);
		return;
	}
	if (dd_eval(m, dd_cond(m, c), req) == DD_TRUE)
		return;
	if (f->n < MOST_CLAUSES)
		f->clause[f->n++] = c;
	else
		f->more++;
}

static struct failed rule_ask(struct dd *m, const struct meet *meet, const struct dd_request *req)
{
	struct failed f = { 0 };
	const struct rule *r = meet->rule;

	clauses_ask(m, meet->rc->when, req, &f);
	f.agent = r->nagents && dd_eval(m, dd_agent(m, r->agent, r->nagents), req) != DD_TRUE;
	return f;
}

static void rule_write(struct buf *b, const struct rule *r, const struct failed *f)
{
	buf_printf(b, "\nnearest rule that would say more, %s by ", verdict_word(r->verdict));
	buf_str(b, r->id);
	buf_puts(b, ", ");
	escape_screen(b, r->at.src ? r->at.src->name : KRUX_STR("-"));
	buf_printf(b, ":%u, ", span_line(r->at));
	if (!f->agent && !f->n) {
		buf_puts(b, "holds, but an earlier rule or a stricter file decides\n");
		return;
	}
	buf_puts(b, "asks for\n");
	if (f->agent) {
		buf_puts(b, "  agent");
		for (size_t i = 0; i < r->nagents; i++) {
			buf_puts(b, i ? " or " : " ");
			escape_screen(b, r->agent[i]);
		}
		buf_putc(b, '\n');
	}
	for (size_t i = 0; i < f->n; i++) {
		buf_puts(b, "  ");
		cond_print(b, f->clause[i]);
		buf_putc(b, '\n');
	}
}

static void nearest_rule(struct buf *b, struct dd *m, const struct build *build, const struct capability *cap,
                         const struct dd_request *req, const struct evaluation *e)
{
	const struct rule *best = NULL;
	struct failed least = { 0 };
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < build->npolicies; i++) {
		const struct meet *meet;
		size_t n = policy_meets(&build->policy[i], cap, &meet);

		for (size_t k = 0; k < n; k++) {
			struct failed f;
			size_t count;

			if (meet[k].rule->verdict <= e->outcome.verdict || meet[k].rule->observe)
				continue;
			f = rule_ask(m, &meet[k], req);
			count = f.n + f.more + f.agent;
			if (count < fewest) {
				fewest = count;
				least = f;
				best = meet[k].rule;
			}
		}
	}
	if (best)
		rule_write(b, best, &least);
}

/* ---- the nearest region ---- */

struct search {
	struct arena *arena;
	struct dd *m;
	const struct decisions *d;
	const struct dd_request *req;
	enum krux_verdict now;
	size_t fewest;
	bool looser;                  /* the best so far lets more through */
	enum krux_verdict then;
	const struct cond *change[MOST_CLAUSES];
	size_t nchanges;
	bool window;                  /* a rate or budget is part of the change */
};

static bool region_ask(void *ctx, const struct dd_region *r)
{
	struct search *s = ctx;
	const struct outcome *o = decisions_outcome(s->d, r->value);
	const struct dd_step *off[MOST_CLAUSES];
	size_t n = 0;
	bool looser;

	if (!o || o->verdict == s->now)
		return true;
	looser = o->verdict > s->now;
	for (size_t i = 0; i < r->nsteps; i++) {
		if (dd_eval(s->m, dd_class(s->m, r->step[i].node, *r->step[i].to), s->req) == DD_TRUE)
			continue;
		if (n == MOST_CLAUSES)
			return true;
		off[n++] = &r->step[i];
	}
	if (!n || n > s->fewest || (n == s->fewest && (looser <= s->looser)))
		return true;
	s->fewest = n;
	s->looser = looser;
	s->then = o->verdict;
	s->nchanges = 0;
	s->window = false;
	for (size_t i = 0; i < n; i++) {
		const struct cond *c = words_step(s->arena, s->m, off[i]);

		if (c)
			s->change[s->nchanges++] = c;
		else
			s->window = true;
	}
	return true;
}

void nearest_write(struct buf *b, struct arena *a, const struct decisions *d, struct dd *m, uint32_t root,
                   const struct build *build, const struct capability *cap, const struct dd_request *req,
                   const struct evaluation *e)
{
	struct search s = { .arena = a, .m = m, .d = d, .req = req, .now = e->outcome.verdict, .fewest = SIZE_MAX };

	nearest_rule(b, m, build, cap, req, e);
	dd_regions(m, a, root, region_ask, &s);
	if (s.fewest == SIZE_MAX) {
		buf_puts(b, "\nno request for this capability has another verdict\n");
		return;
	}
	buf_printf(b, "\nsmallest change that would make it %s:\n", verdict_word(s.then));
	for (size_t i = 0; i < s.nchanges; i++) {
		buf_puts(b, "  ");
		cond_print(b, s.change[i]);
		buf_putc(b, '\n');
	}
	if (s.window)
		buf_puts(b, "  another state of the rule's rate or budget\n");
}
