/* The meaning of a policy, step by step as LANG.md 4.1 has it. */
#include <string.h>

#include "tests/oracle/oracle.h"

enum { SILENT = 9 };           /* weaker than any verdict */

struct voice { int rule; int verdict; };   /* rule -1: none matched */

static bool agent_in(const struct o_names *patterns, struct krux_str agent)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (o_agent_glob(patterns->name[i], agent))
			return true;
	return false;
}

static uint64_t count_of(const struct o_count *list, size_t n, const struct o_policy *p, const struct o_rule *r)
{
	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(list[i].policy, p->name) && krux_str_eq(list[i].name, r->id))
			return list[i].n;
	return 0;
}

/* The verdict of a match: the rule's, or what it gives when rate or budget are used up. */
static int after_history(struct o_env *e, const struct o_policy *p, const struct o_rule *r)
{
	const struct o_facts *f = e->rq->facts;
	int v = r->verdict;

	if (r->rate.given && count_of(f->rates, f->nrates, p, r) >= r->rate.max && r->rate.exceeded < v)
		v = r->rate.exceeded;
	if (r->budget.given) {
		struct o_bound over = { .kind = C_OVER,
			.text = arena_printf(e->a, "%.*s/%.*s", (int)p->name.n, p->name.p, (int)r->id.n, r->id.p) };
		if (o_eval(e, &over) && r->budget.exceeded < v)
			v = r->budget.exceeded;
	}
	return v;
}

static struct voice match(struct o_env *e, const struct o_policy *p, bool all)
{
	size_t cap = (size_t)(e->rq->cap - e->build->caps.cap);

	for (size_t i = 0; i < p->nrules; i++) {
		const struct o_rule *r = &p->rule[i];
		if (!r->bound[cap] || (r->observe && !all) || (!r->any_agent && !agent_in(&r->agent, e->rq->agent)) ||
		    !o_eval(e, r->bound[cap]))
			continue;
		return (struct voice){ (int)i, after_history(e, p, r) };
	}
	return (struct voice){ -1, SILENT };
}

static void approve(struct o_answer *out, const struct o_approval *a)
{
	if (!out->ttl || a->ttl < out->ttl)
		out->ttl = a->ttl;
	for (size_t i = 0; i < out->napprovals; i++) {
		bool same = out->approval[i].quorum == a->quorum;
		for (size_t k = 0; k < a->from.n; k++)
			same = same && o_names_have(&out->approval[i].from, a->from.name[k]);
		for (size_t k = 0; k < out->approval[i].from.n; k++)
			same = same && o_names_have(&a->from, out->approval[i].from.name[k]);
		if (same)
			return;
	}
	if (out->napprovals == 64)
		out->overflow = true;
	else
		out->approval[out->napprovals++] = *a;
}

static void count(struct o_answer *out, struct o_counter c)
{
	for (size_t i = 0; i < out->ncounters; i++)
		if (out->counter[i].policy == c.policy && out->counter[i].rule == c.rule && out->counter[i].budget == c.budget)
			return;
	if (out->ncounters == 128)
		out->overflow = true;
	else
		out->counter[out->ncounters++] = c;
}

/* Every file's voice, and the strictest of all layers; `all`: nothing is only observed. */
static int speak(struct o_env *e, bool all, struct o_voice *voice)
{
	const struct o_build *b = e->build;
	int answer = SILENT;

	for (int layer = 0; layer < 3; layer++) {
		int matched = SILENT, deflt = SILENT;
		for (size_t i = 0; i < b->npolicies; i++) {
			const struct o_policy *p = &b->policy[i];
			struct o_voice *v = &voice[i];
			struct voice m;
			if ((int)p->layer != layer)
				continue;
			*v = (struct o_voice){ .rule = -2, .verdict = SILENT };
			v->applies = p->layer != O_AGENTS || agent_in(&p->agents, e->rq->agent);
			v->observed = p->observe;
			if (!v->applies || (p->observe && !all))
				continue;
			m = match(e, p, all);
			if (m.rule >= 0) {
				*v = (struct o_voice){ m.rule, m.verdict, true, p->observe };
				matched = m.verdict < matched ? m.verdict : matched;
			} else if (p->has_default) {
				v->rule = -1;
				v->verdict = p->deflt;
				deflt = p->deflt < deflt ? p->deflt : deflt;
			}
		}
		/* A default speaks only where no file of the layer has matched. */
		for (size_t i = 0; i < b->npolicies; i++)
			if ((int)b->policy[i].layer == layer && voice[i].rule == -1 && matched != SILENT)
				voice[i].verdict = SILENT;
		if (matched == SILENT)
			matched = deflt;
		answer = matched < answer ? matched : answer;
	}
	return answer == SILENT ? 0 : answer;
}

static void judge_one(struct o_env *e, struct o_answer *out)
{
	static const struct o_approval plain = { .ttl = 3600000000000, .quorum = 1 };
	const struct o_build *b = e->build;
	struct o_voice unseen[64];

	out->verdict = speak(e, false, out->voice);
	out->would = speak(e, true, unseen);
	out->notify = out->verdict == 2;
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct o_voice *v = &out->voice[i];
		const struct o_rule *r = v->rule >= 0 ? &b->policy[i].rule[v->rule] : NULL;
		if (v->rule == -2 || v->verdict == SILENT)
			continue;
		if (out->verdict == 1 && v->verdict == 1)
			approve(out, r ? &r->approval : &plain);
		if (out->verdict == 1 && v->verdict == 2)
			out->notify = true;
		if (out->verdict && r && r->rate.given)
			count(out, (struct o_counter){ (uint32_t)i, (uint32_t)v->rule, false });
		if (out->verdict && r && r->budget.given)
			count(out, (struct o_counter){ (uint32_t)i, (uint32_t)v->rule, true });
	}
}

/* Adds what one more path of a tree asks for. */
static void join(struct o_answer *sum, const struct o_answer *one)
{
	struct o_answer counted = *sum;

	for (size_t i = 0; i < one->ncounters; i++)
		count(&counted, one->counter[i]);
	memcpy(sum->counter, counted.counter, sizeof sum->counter);
	sum->ncounters = counted.ncounters;
	sum->overflow |= counted.overflow || one->overflow;
	if (one->would < sum->would)
		sum->would = one->would;
	if (one->verdict < sum->verdict)
		sum->verdict = one->verdict;
	/* What is blocked asks for nothing; else notify survives an approval. */
	sum->notify = sum->verdict && (sum->notify || one->notify);
	if (!sum->verdict) {
		sum->ttl = 0;
		sum->napprovals = 0;
		return;
	}
	for (size_t i = 0; i < one->napprovals; i++) {
		struct o_approval a = one->approval[i];
		a.ttl = one->ttl;
		approve(sum, &a);
	}
}

void o_judge_path(struct arena *a, const struct o_build *b, const struct o_request *rq, struct krux_str path,
                  struct o_answer *out)
{
	struct o_request one = *rq;
	struct o_env e = { .a = a, .build = b, .rq = &one };

	one.added = &rq->args;
	one.args.item = ARENA_ARRAY(a, struct o_val, rq->args.n);
	memcpy(one.args.item, rq->args.item, rq->args.n * sizeof *one.args.item);
	one.args.item[rq->cap->tree].s = path;
	memset(out, 0, sizeof *out);
	judge_one(&e, out);
	out->overflow |= e.overflow;
}

void o_judge(struct arena *a, const struct o_build *b, const struct o_request *rq, struct o_answer *out)
{
	struct o_env e = { .a = a, .build = b, .rq = rq };
	const struct o_paths *below;
	struct o_request one = *rq;

	memset(out, 0, sizeof *out);
	judge_one(&e, out);
	out->overflow |= e.overflow;
	if (rq->cap->tree < 0)
		return;
	below = o_tree_below(a, b, rq->cap, rq->args.item[rq->cap->tree].s);
	out->overflow |= below->overflow;
	one.added = &rq->args;
	one.args.item = ARENA_ARRAY(a, struct o_val, rq->args.n);
	memcpy(one.args.item, rq->args.item, rq->args.n * sizeof *one.args.item);
	for (size_t i = 1; i < below->n && !out->overflow; i++) {
		static struct o_answer next;
		memset(&next, 0, sizeof next);
		one.args.item[rq->cap->tree].s = below->path[i];
		e.rq = &one;
		judge_one(&e, &next);
		join(out, &next);
		out->overflow |= e.overflow;
	}
	if (!out->verdict)
		out->ncounters = 0;
}
