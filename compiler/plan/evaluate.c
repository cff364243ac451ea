/* Deciding one request on the diagram, and attributing it by the rules' own diagrams. */
#include "compiler/plan/evaluate.h"

#include <string.h>

#include "compiler/plan/below.h"

/* ---- voices ---- */

static bool asks(const struct rule *r, const struct dd_request *req, struct dd *m, bool budget,
                 const struct policy *p)
{
	const struct rate *rate = budget ? &r->budget : &r->rate;
	uint64_t answer;

	if (!rate->given || !req->fact_of)
		return false;
	for (uint32_t i = 0; i < dd_nvars(m); i++) {
		const struct dd_var *v = dd_variable(m, i);

		if (!v->is_fact || v->fact != (budget ? KRUX_FACT_BUDGET : KRUX_FACT_RATE) ||
		    !krux_str_eq(v->subject.name, r->id) || !krux_str_eq(v->policy, p->name))
			continue;
		return req->fact_of(req->ctx, i, &answer) && answer >= (budget ? 1 : rate->max);
	}
	return false;
}

static void voice_find(struct dd *m, const struct cite_policy *c, const struct dd_request *req,
                       struct voice *v)
{
	*v = (struct voice){ .policy = c->policy, .verdict = c->policy->deflt };
	for (size_t i = 0; i < c->nrules; i++) {
		const struct rule *r = c->rule[i].rule;

		if ((r->observe && v->would) || dd_eval(m, c->rule[i].match, req) != DD_TRUE)
			continue;
		v->would = v->would ? v->would : r;
		if (r->observe)
			continue;
		v->rule = r;
		v->verdict = r->verdict;
		if (asks(r, req, m, false, c->policy) && r->rate.exceeded < v->verdict)
			v->verdict = r->rate.exceeded;
		if (asks(r, req, m, true, c->policy) && r->budget.exceeded < v->verdict)
			v->verdict = r->budget.exceeded;
		break;
	}
	v->skipped = c->policy->observe;
	v->speaks = v->rule || c->policy->has_default;
}

/* A default speaks only where no file of its layer has a match. */
static void defaults_silence(struct evaluation *e)
{
	bool matched[3] = { false, false, false };

	for (size_t i = 0; i < e->nvoices; i++)
		matched[e->voice[i].policy->layer] |= e->voice[i].rule && !e->voice[i].skipped;
	for (size_t i = 0; i < e->nvoices; i++)
		if (!e->voice[i].rule && matched[e->voice[i].policy->layer])
			e->voice[i].speaks = false;
}

static void voices_find(struct arena *a, struct dd *m, const struct cite_policy *cite, size_t n,
                        const struct dd_request *req, struct evaluation *out)
{
	out->voice = ARENA_ARRAY(a, struct voice, n + 1);
	for (size_t i = 0; i < n; i++)
		if (dd_eval(m, cite[i].applies, req) == DD_TRUE)
			voice_find(m, &cite[i], req, &out->voice[out->nvoices++]);
	defaults_silence(out);
}

static const struct voice *voice_at_verdict(const struct evaluation *e)
{
	for (size_t i = 0; i < e->nvoices; i++)
		if (e->voice[i].speaks && !e->voice[i].skipped && e->voice[i].verdict == e->outcome.verdict)
			return &e->voice[i];
	return NULL;
}

void evaluate(struct arena *a, struct decisions *d, struct dd *m, uint32_t root, const struct build *b,
              const struct capability *cap, const struct dd_request *req, struct evaluation *out)
{
	const struct cite_policy *cite;
	struct evaluation there = { 0 };
	struct dd_request deeper = *req;
	struct below below;
	const struct outcome *o = decisions_outcome(d, dd_eval(m, root, req));
	bool found;
	size_t n;

	*out = (struct evaluation){ .limit = dd_overflow(m) };
	out->undecided = out->limit != NULL;
	if (out->undecided)
		return;
	if (o)
		out->outcome = *o;
	dd_try(m);
	n = decide_cite(m, b, cap, a, &cite);
	out->limit = dd_tried(m);
	if (out->limit)
		return;
	voices_find(a, m, cite, n, req, out);
	out->decided = voice_at_verdict(out);
	if (out->decided)
		return;
	dd_try(m);
	found = below_find(a, d, m, b, cap, req, out->outcome.verdict, &below);
	out->limit = dd_tried(m);
	if (!found || out->limit)
		return;
	/* What was said of the path below, by whom; the voices stay those of the request. */
	deeper.args = &below.args;
	voices_find(a, m, cite, n, &deeper, &there);
	there.outcome = out->outcome;
	out->decided = voice_at_verdict(&there);
	out->below = below.path;
}
