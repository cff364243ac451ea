/* One build and its requests, down every road; the answers as texts that are compared. */
#include "tests/oracle/roads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capspec/canon.h"
#include "compiler/base/builtin.h"
#include "compiler/read/read.h"

struct totals *totals;
static const char *const words[] = { "blocked", "approval-required", "notify", "autonomous" };

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void policies_parse(struct world *w)
{
	struct pipeline *p = w->p;
	struct krux_str text = builtin_system_policy();

	p->policyfile = ARENA_ARRAY(p->arena, const struct policyfile *, w->g->npolicies + 2);
	p->capfile = ARENA_ARRAY(p->arena, const struct capfile *, 1);
	p->capfile[0] = capfile_parse(p->arena, p->diags, source_text(p->arena, p->diags, "ns.cap", w->g->caps));
	p->ncapfiles = p->capfile[0] != NULL;
	if (w->g->with_system)
		p->policyfile[p->npolicyfiles++] = policyfile_parse(p->arena, p->diags,
			source_text(p->arena, p->diags, "krux:system.yaml", text));
	for (size_t i = 0; i < w->g->npolicies; i++) {
		struct g_policy *gp = &w->g->policy[i];
		const struct policyfile *f;
		if (gp->gone)
			continue;
		g_policy_text(w->a, gp);
		text = arena_printf(p->arena, "%s.yaml", gp->name);
		f = policyfile_parse(p->arena, p->diags, source_text(p->arena, p->diags, text.p, gp->text));
		if (f)
			p->policyfile[p->npolicyfiles++] = f;
	}
}

/* The generator writes what LANG.md allows, but for tests that a field's range decides. */
static bool expected(unsigned code)
{
	return code == 3011 || code == 3012;
}

/* Drops the rules that the compiler had something against; how many. */
static size_t rules_drop(struct world *w)
{
	size_t dropped = 0;

	for (size_t i = 0; i < w->p->diags->n; i++) {
		const struct diag *d = w->p->diags->list[i];
		if (d->level != DIAG_ERROR)
			continue;
		totals->code[d->code % 10000]++;
		if (!expected(d->code)) {
			totals->refused++;
			printf("seed %llu: K%04u %.*s: %.*s\n", (unsigned long long)w->g->seed, d->code, (int)d->text.n, d->text.p,
			       d->at.src ? (int)d->at.n : 0, d->at.src ? d->at.src->text.p + d->at.at : "");
		}
		for (size_t k = 0; d->at.src && k < w->g->npolicies; k++) {
			struct g_policy *gp = &w->g->policy[k];
			if (gp->gone || d->at.src->text.n != gp->text.n || memcmp(d->at.src->text.p, gp->text.p, gp->text.n))
				continue;
			for (size_t r = 0; r < gp->nrules; r++)
				if (!gp->rule[r].gone && d->at.at >= gp->rule[r].from && d->at.at < gp->rule[r].to) {
					gp->rule[r].gone = true;
					dropped++;
				}
		}
	}
	return dropped;
}

static bool referee_reads(struct world *w)
{
	struct krux_str text = builtin_system_policy();

	w->o = (struct o_build){ .caps = w->g->known };
	w->o.policy = ARENA_ARRAY(w->a, struct o_policy, w->g->npolicies + 2);
	if (w->g->with_system && !o_policy_read(w->a, text, &w->o.policy[w->o.npolicies++], &w->o.why))
		return false;
	for (size_t i = 0; i < w->g->npolicies; i++)
		if (!w->g->policy[i].gone &&
		    !o_policy_read(w->a, w->g->policy[i].text, &w->o.policy[w->o.npolicies++], &w->o.why))
			return false;
	return o_build_bind(w->a, &w->o);
}

static bool compile(struct world *w)
{
	for (int round = 0; round < 8; round++) {
		w->p = pipeline_new();
		policies_parse(w);
		if (!w->p->diags->errors && pipeline_resolve(w->p))
			return true;
		size_t dropped = rules_drop(w);
		totals->dropped += dropped;
		if (!dropped)
			return false;
		pipeline_free(w->p);
		w->p = NULL;
	}
	return false;
}

bool world_make(struct world *w, struct arena *a, struct g_build *g, bool with_c, bool optimise)
{
	const char *why = NULL;
	uint64_t at[4];

	*w = (struct world){ .a = a, .g = g };
	at[0] = now_ms();
	if (!compile(w))
		return false;
	if (!referee_reads(w)) {
		printf("seed %llu: the referee cannot read: %s\n", (unsigned long long)g->seed, w->o.why);
		totals->refused++;
		return false;
	}
	if (!pipeline_decide(w->p)) {
		totals->overflows++;
		return false;
	}
	at[1] = now_ms();
	w->known = ARENA_ARRAY(a, size_t, w->p->caps.n + 1);
	w->hints = ARENA_ARRAY(a, struct g_hints, w->p->caps.n + 1);
	w->table = ARENA_ARRAY(a, struct table *, w->p->caps.n + 1);
	for (size_t i = 0; i < w->p->caps.n; i++) {
		const struct capability *c = w->p->caps.cap[i];
		for (size_t k = 0; k < w->o.caps.n; k++)
			if (krux_str_eq(c->name, w->o.caps.cap[k].name) && c->major == w->o.caps.cap[k].major &&
			    c->minor == w->o.caps.cap[k].minor)
				w->known[i] = k;
		g_hints_collect(a, &w->o, w->known[i], &w->hints[w->known[i]]);
		w->table[i] = table_read(a, w, i, &why);
		if (why) {
			printf("seed %llu: table of %.*s: %s\n", (unsigned long long)g->seed, (int)c->name.n, c->name.p, why);
			totals->refused++;
		}
	}
	at[2] = now_ms();
	if (!plans_read(a, w, &why)) {
		printf("seed %llu: a plan: %s\n", (unsigned long long)g->seed, why);
		totals->refused++;
	}
	at[3] = now_ms();
	if (with_c && !object_make(w, optimise)) {
		printf("seed %llu: decide.c does not build\n", (unsigned long long)g->seed);
		totals->refused++;
		return false;
	}
	totals->ms_decide += at[1] - at[0];
	totals->ms_table += at[2] - at[1];
	totals->ms_plan += at[3] - at[2];
	totals->ms_cc += now_ms() - at[3];
	return true;
}

void world_free(struct world *w)
{
	object_free(w);
	if (w->p)
		pipeline_free(w->p);
	o_tree_forget();
}

/* ---- answers as texts ---- */

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void sorted(struct buf *out, const char **item, size_t n)
{
	if (n)
		qsort(item, n, sizeof *item, by_text);
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? "," : "");
		buf_puts(out, item[i]);
	}
}

const char *approval_text(struct arena *a, uint32_t quorum, const char **from, size_t n)
{
	struct buf b = { 0 };
	const char *out;

	buf_printf(&b, "%u of ", quorum);
	sorted(&b, from, n);
	buf_putc(&b, 0);
	out = arena_copy(a, b.p, b.n);
	buf_free(&b);
	return out;
}

const char *answer_print(struct arena *a, const struct answer_text *t)
{
	struct buf b = { 0 };
	const char *out;

	buf_printf(&b, "%s, would %s", words[t->verdict & 3], words[t->would & 3]);
	buf_printf(&b, "%s, ttl %llu, approvals [", t->notify ? ", notify" : "", (unsigned long long)t->ttl);
	sorted(&b, t->approval, t->napprovals);
	buf_puts(&b, "], counts [");
	sorted(&b, t->counter, t->ncounters);
	buf_puts(&b, "]");
	buf_putc(&b, 0);
	out = arena_copy(a, b.p, b.n);
	buf_free(&b);
	return out;
}

const char *counter_text(struct arena *a, struct krux_str policy, struct krux_str rule, bool budget)
{
	return arena_printf(a, "%.*s/%.*s %s", (int)policy.n, policy.p, (int)rule.n, rule.p, budget ? "budget" : "rate").p;
}

static const char *referee_text(struct arena *a, const struct world *w, const struct o_answer *o)
{
	const char **approval = ARENA_ARRAY(a, const char *, o->napprovals + 1);
	const char **counter = ARENA_ARRAY(a, const char *, o->ncounters + 1);

	for (size_t i = 0; i < o->napprovals; i++) {
		const char **from = ARENA_ARRAY(a, const char *, o->approval[i].from.n + 1);
		for (size_t k = 0; k < o->approval[i].from.n; k++)
			from[k] = arena_str(a, o->approval[i].from.name[k]).p;
		approval[i] = approval_text(a, o->approval[i].quorum, from, o->approval[i].from.n);
	}
	for (size_t i = 0; i < o->ncounters; i++) {
		const struct o_policy *p = &w->o.policy[o->counter[i].policy];
		counter[i] = counter_text(a, p->name, p->rule[o->counter[i].rule].id, o->counter[i].budget);
	}
	return answer_print(a, &(struct answer_text){ o->verdict, o->would, o->notify, o->ttl, approval, o->napprovals, counter, o->ncounters });
}

/* ---- facts ---- */

struct asked { struct arena *a; const struct world *w; const struct o_request *rq; const struct dd *m; bool unknown; };

static uint64_t listed(const struct o_count *list, size_t n, struct krux_str policy, struct krux_str name)
{
	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(list[i].policy, policy) && krux_str_eq(list[i].name, name))
			return list[i].n;
	return 0;
}

static uint64_t fact(const struct o_facts *f, enum krux_fact_kind kind, struct krux_str policy, struct krux_str name)
{
	switch (kind) {
	case KRUX_FACT_TIME: return f->time;
	case KRUX_FACT_WEEKDAY: return f->weekday;
	case KRUX_FACT_LABEL: return o_names_have(&f->labels, name);
	case KRUX_FACT_CALLS: return listed(f->calls, f->ncalls, policy, name);
	case KRUX_FACT_RATE: return listed(f->rates, f->nrates, policy, name);
	case KRUX_FACT_BUDGET: return listed(f->budgets, f->nbudgets, policy, name);
	}
	return 0;
}

static bool diagram_fact(void *ctx, uint32_t var, uint64_t *answer)
{
	struct asked *q = ctx;
	const struct dd_var *v = dd_variable(q->m, var);

	*answer = fact(q->rq->facts, v->fact, v->policy, v->subject.name);
	if (v->fact == KRUX_FACT_BUDGET) {
		struct o_bound over = { .kind = C_OVER, .text = arena_printf(q->a, "%.*s/%.*s", (int)v->policy.n, v->policy.p,
		                                                             (int)v->subject.name.n, v->subject.name.p) };
		*answer = o_holds(q->a, &q->w->o, q->rq, &over);
	}
	return true;
}

static bool compiled_fact(void *ctx, uint32_t id, uint64_t *answer)
{
	struct asked *q = ctx;
	const struct krux_fact_def *d = &q->w->abi->facts[id];

	*answer = fact(q->rq->facts, d->kind, o_str(d->policy), o_str(d->name));
	return true;
}

/* ---- roads ---- */

static const char *diagram(struct arena *a, const struct world *w, size_t cap, const struct o_request *rq,
                           const struct krux_value *args)
{
	struct asked q = { .a = a, .w = w, .rq = rq, .m = w->p->manager[cap] };
	const struct dd_request request = { .agent = rq->agent, .args = args, .fact_of = diagram_fact, .ctx = &q };
	uint32_t value = dd_eval(w->p->manager[cap], w->p->root[cap], &request);
	const struct outcome *o;
	const struct obligation *list, *ob;
	const struct fact *facts;

	if (value < 3)
		return arena_printf(a, "terminal %u", value).p;
	o = decisions_outcome(w->p->decisions, value);
	decisions_obligations(w->p->decisions, &list);
	decisions_facts(w->p->decisions, &facts);
	ob = &list[o->obligation];
	const char **approval = ARENA_ARRAY(a, const char *, ob->napprovals + 1);
	const char **counter = ARENA_ARRAY(a, const char *, ob->ncounters + 1);
	for (size_t i = 0; i < ob->napprovals; i++) {
		const char **from = ARENA_ARRAY(a, const char *, ob->approval[i].nfrom + 1);
		for (size_t k = 0; k < ob->approval[i].nfrom; k++)
			from[k] = arena_str(a, ob->approval[i].from[k]).p;
		approval[i] = approval_text(a, ob->approval[i].quorum, from, ob->approval[i].nfrom);
	}
	for (size_t i = 0; i < ob->ncounters; i++)
		counter[i] = counter_text(a, facts[ob->counter[i]].policy, facts[ob->counter[i]].name,
		                          facts[ob->counter[i]].kind == KRUX_FACT_BUDGET);
	return answer_print(a, &(struct answer_text){ (int)o->verdict, (int)o->would, ob->notify, ob->ttl, approval, ob->napprovals, counter, ob->ncounters });
}

static bool compiled_decode(const struct world *w, size_t cap, const uint8_t *p, size_t n, struct krux_decode_error *err)
{
	return w->abi->decode((uint32_t)cap, p, (uint32_t)n, w->scratch, err);
}

static const char *compiled(struct arena *a, const struct world *w, size_t cap, const struct o_request *rq)
{
	struct asked q = { .a = a, .w = w, .rq = rq };
	struct krux_answer o = w->abi->decide((uint32_t)cap, rq->agent.p, (uint32_t)rq->agent.n, w->scratch, compiled_fact, &q);
	const struct krux_obligation *ob;

	if (o.obligation >= w->abi->nobligations || o.failed)
		return arena_printf(a, "obligation %u, failed %u", o.obligation, o.failed).p;
	ob = &w->abi->obligations[o.obligation];
	const char **approval = ARENA_ARRAY(a, const char *, ob->napprovals + 1);
	const char **counter = ARENA_ARRAY(a, const char *, ob->ncounters + 1);
	for (size_t i = 0; i < ob->napprovals; i++) {
		const char **from = ARENA_ARRAY(a, const char *, ob->approval[i].nfrom + 1);
		for (size_t k = 0; k < ob->approval[i].nfrom; k++)
			from[k] = ob->approval[i].from[k];
		approval[i] = approval_text(a, ob->approval[i].quorum, from, ob->approval[i].nfrom);
	}
	for (size_t i = 0; i < ob->ncounters; i++) {
		const struct krux_fact_def *f = &w->abi->facts[ob->counter[i]];
		counter[i] = counter_text(a, o_str(f->policy), o_str(f->name), f->kind == KRUX_FACT_BUDGET);
	}
	return answer_print(a, &(struct answer_text){ o.verdict, o.would, ob->notify, ob->ttl, approval, ob->napprovals, counter, ob->ncounters });
}

/* cite: each applicable file's match. */
static bool cites_differ(struct arena *a, const struct world *w, size_t cap, const struct o_request *rq,
                         const struct o_answer *o, struct buf *say)
{
	struct asked q = { .a = a, .w = w, .rq = rq };
	struct krux_cite cite[64];
	uint32_t n = w->abi->cite((uint32_t)cap, rq->agent.p, (uint32_t)rq->agent.n, w->scratch, compiled_fact, &q, cite, 64);

	for (size_t i = 0; i < w->o.npolicies; i++) {
		const struct o_policy *p = &w->o.policy[i];
		const struct o_voice *v = &o->voice[i];
		const struct krux_cite *c = NULL;
		struct krux_str rule = v->rule >= 0 ? p->rule[v->rule].id : o_str("");
		for (uint32_t k = 0; k < n && k < 64 && !c; k++)
			if (o_is(p->name, cite[k].policy) && !cite[k].observe)
				c = &cite[k];
		if (p->observe)
			continue;
		totals->cites++;
		if (!c && v->applies && v->rule >= 0)
			buf_printf(say, "cite has nothing of file %s", arena_str(a, p->name).p);
		else if (c && !v->applies)
			buf_printf(say, "cite has file %s, which does not apply", c->policy);
		else if (c && !o_is(rule, c->rule))
			buf_printf(say, "cite in file %s: '%s', the referee says '%s'", c->policy, c->rule, arena_str(a, rule).p);
		else if (c && v->rule >= 0 && c->verdict != v->verdict)
			buf_printf(say, "cite in file %s: verdict %u, the referee says %d", c->policy, c->verdict, v->verdict);
		if (say->n)
			return true;
	}
	return false;
}

static bool differs(struct buf *say, const char *road, const char *got, const char *want)
{
	if (!strcmp(got, want))
		return false;
	buf_puts(say, road);
	buf_puts(say, ": ");
	buf_puts(say, got);
	buf_puts(say, "\n  referee: ");
	buf_puts(say, want);
	return true;
}

static bool canon_differs(struct arena *a, const struct world *w, size_t cap, const struct g_request *g, struct o_val *val,
                          struct krux_value *wire, bool *valid, struct buf *say)
{
	struct krux_refusal why = { 0 };
	struct krux_value mine;
	const struct o_type *t = w->o.caps.cap[w->known[cap]].input;
	bool ok = o_norm(a, t, &g->args, val);
	bool theirs = krux_canon(arena_pool(a), w->p->caps.cap[cap]->input, &g->args, wire, &why);

	*valid = ok;
	if (ok != theirs) {
		buf_printf(say, "the referee says the arguments are %s, krux_canon %s %s", ok ? "valid" : "invalid", why.where, why.why);
		return true;
	}
	if (!ok)
		return false;
	o_wire(a, t, val, &mine);
	if (krux_value_eq(&mine, wire))
		return false;
	char text[4096];
	buf_puts(say, "canonical forms differ; the referee: ");
	buf_put(say, text, krux_json_write(&mine, text, sizeof text) % sizeof text);
	buf_puts(say, ", krux_canon: ");
	buf_put(say, text, krux_json_write(wire, text, sizeof text) % sizeof text);
	return true;
}

/* Bytes that are nearly those of the arguments; left alone where they are still canonical. */
static bool decoders_differ(struct arena *a, struct world *w, size_t cap, const uint8_t *bytes, size_t n, struct buf *say)
{
	struct krux_decode_error err = { 0 };
	struct krux_refusal why;
	struct krux_value v;
	uint8_t *p = arena_get(a, n + 2);
	struct g_rng r = { w->g->seed };
	bool mine, theirs;

	for (size_t i = 0; i < n; i++)
		r.s = (r.s ^ bytes[i]) * 0x9E3779B97F4A7C15u;
	if (!n || g_one_in(&r, 2))
		return false;
	memcpy(p, bytes, n);
	n = g_bytes_spoil(&r, p, n);
	mine = krux_cbor_read(arena_pool(a), p, n, &v, &why) && o_unwire(a, w->o.caps.cap[w->known[cap]].input, &v);
	theirs = compiled_decode(w, cap, p, n, &err);
	totals->spoiled++;
	if (mine == theirs)
		return false;
	buf_printf(say, "the compiled decoder %s, the referee %s: %s %s\n ", theirs ? "accepts" : "refuses", mine ? "accepts" : "refuses",
	           theirs ? "" : err.field, theirs ? "" : err.why);
	for (size_t i = 0; i < n && i < 2000; i++)
		buf_printf(say, " %02x", p[i]);
	return true;
}

bool world_differs(struct world *w, struct arena *a, size_t cap, const struct g_request *g, struct buf *say)
{
	static struct o_answer answer;
	struct o_request rq = { .cap = &w->o.caps.cap[w->known[cap]], .agent = g->agent, .facts = &g->facts };
	struct krux_value wire;
	struct krux_decode_error err = { 0 };
	const char *got, *want, *row;
	bool valid, undecided = false;

	say->n = 0;
	if (canon_differs(a, w, cap, g, &rq.args, &wire, &valid, say))
		return true;
	if (!valid) {
		totals->invalid++;
		return false;
	}
	o_seen = &totals->seen;
	o_judge(a, &w->o, &rq, &answer);
	o_seen = NULL;
	got = diagram(a, w, cap, &rq, &wire);
	if (rq.cap->tree >= 0 && below_differs(a, w, cap, &rq, got, say))
		return true;
	if (answer.overflow) {
		totals->skipped++;
		return false;
	}
	want = referee_text(a, w, &answer);
	if (differs(say, "diagram", got, want))
		return true;
	if (w->table[cap]) {
		row = table_find(a, w, w->table[cap], &rq, say, &undecided);
		if (!row && !undecided)
			return true;
		if (row && differs(say, "table", row, want))
			return true;
		totals->by_table += row != NULL;
		totals->undecided += undecided;
	}
	if (answer.verdict && w->plan[cap] && plan_differs(a, w, w->plan[cap], &rq, say))
		return true;
	if (w->abi) {
		size_t n = krux_cbor_write(&wire, NULL, 0);
		uint8_t *p = arena_get(a, n + 1);
		krux_cbor_write(&wire, p, n);
		if (decoders_differ(a, w, cap, p, n, say))
			return true;
		if (!compiled_decode(w, cap, p, n, &err)) {
			buf_printf(say, "the compiled decoder refuses what is canonical: %s %s", err.field, err.why);
			return true;
		}
		if (differs(say, "compiled", compiled(a, w, cap, &rq), want) || cites_differ(a, w, cap, &rq, &answer, say))
			return true;
	}
	totals->evaluations++;
	return false;
}

void request_print(struct buf *b, const struct world *w, size_t cap, const struct g_request *g)
{
	static char text[70000];
	const struct capability *c = w->p->caps.cap[cap];
	size_t n = krux_json_write(&g->args, text, sizeof text);

	buf_str(b, c->name);
	buf_printf(b, "@%u.%u ", c->major, c->minor);
	buf_put(b, text, n < sizeof text ? n : sizeof text);
	buf_puts(b, "\n  as ");
	buf_str(b, g->agent);
	buf_printf(b, ", time %02u:%02u:%02u, weekday %u, labels", g->facts.time / 3600, g->facts.time / 60 % 60, g->facts.time % 60,
	           g->facts.weekday);
	for (size_t i = 0; i < g->facts.labels.n; i++) {
		buf_putc(b, ' ');
		buf_str(b, g->facts.labels.name[i]);
	}
	for (size_t i = 0; i < g->facts.ncalls; i++)
		buf_printf(b, ", calls %llu", (unsigned long long)g->facts.calls[i].n);
	for (int budget = 0; budget < 2; budget++)
		for (size_t i = 0; i < (budget ? g->facts.nbudgets : g->facts.nrates); i++) {
			const struct o_count *c2 = budget ? &g->facts.budgets[i] : &g->facts.rates[i];
			buf_puts(b, budget ? ", budget " : ", rate ");
			buf_str(b, c2->policy);
			buf_putc(b, '/');
			buf_str(b, c2->name);
			buf_printf(b, " %llu", (unsigned long long)c2->n);
		}
	buf_putc(b, '\n');
}
