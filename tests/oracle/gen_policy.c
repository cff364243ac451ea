/* Policy files: layers, agents, groups, defines, rates, budgets, observe mode, approvals. */
#include <stdio.h>
#include <string.h>

#include "tests/oracle/gen.h"

static const char *const verdicts[] = { "blocked", "approval-required", "notify", "autonomous" };

static const char *exceeded(struct g_build *g, uint32_t verdict)
{
	return g_one_in(&g->rng, 3) ? "" : arena_printf(g->a, ", exceeded: %s", verdicts[g_below(&g->rng, verdict)]).p;
}

/* A field that a budget can add up, in all of the capabilities. */
static const char *sum(struct g_build *g, const struct o_cap *const *cap, size_t n)
{
	const struct o_type *t = cap[0]->input;

	for (size_t i = 0; i < t->nfields; i++) {
		const struct o_field *f = &t->field[i];
		enum o_kind k = f->type->kind;
		bool plain = k == O_UINT || k == O_SIZE;
		size_t in = 0;
		if (f->optional || (!plain && k != O_STRING && k != O_BYTES && k != O_PATH && k != O_LIST))
			continue;
		for (size_t c = 0; c < n; c++)
			for (size_t j = 0; j < cap[c]->input->nfields; j++)
				in += krux_str_eq(cap[c]->input->field[j].name, f->name);
		if (in == n && !g_one_in(&g->rng, 3))
			return arena_printf(g->a, plain ? "%.*s" : "size(%.*s)", (int)f->name.n, f->name.p).p;
	}
	return NULL;
}

static void clauses(struct g_build *g, struct g_rule *r, uint32_t verdict, const struct o_cap *const *cap, size_t n)
{
	struct g_rng *rng = &g->rng;
	struct buf b = { 0 };
	const char *s = verdict ? sum(g, cap, n) : NULL;

	if (verdict && g_one_in(rng, 4))
		buf_printf(&b, "    rate: { max: %u, per: %s%s }\n", 1 + g_below(rng, 12), g_one_in(rng, 2) ? "1h" : "30s",
		           exceeded(g, verdict));
	if (s && g_one_in(rng, 3))
		buf_printf(&b, "    budget: { sum: %s, max: %u, per: 1d%s }\n", s, 1 + g_below(rng, 40), exceeded(g, verdict));
	if (verdict == 1 && g_one_in(rng, 2))
		buf_printf(&b, "    approval: { ttl: %um, from: [ ops%s }\n", 1 + g_below(rng, 90),
		           g_one_in(rng, 2) ? ", lead ], quorum: 1" : g_one_in(rng, 2) ? ", lead ], quorum: 2" : " ]");
	if (g_one_in(rng, 9))
		buf_puts(&b, "    mode: observe\n");
	if (g_one_in(rng, 5))
		buf_puts(&b, "    reason: Because\n");
	r->rest = arena_str(g->a, (struct krux_str){ b.p ? b.p : "", b.n }).p;
	buf_free(&b);
}

static void rule(struct g_build *g, struct g_rule *r, size_t number)
{
	struct g_rng *rng = &g->rng;
	const struct o_cap *cap[64];
	size_t n = 0;
	uint32_t verdict = g_below(rng, 4);

	*r = (struct g_rule){ .id = arena_printf(g->a, "r%zu", number).p, .rest = "" };
	if (g_one_in(rng, 6)) {
		for (size_t i = 0; i < g->known.n; i++)
			cap[n++] = &g->known.cap[i];
		r->on = g_one_in(rng, 2) ? "\"*\"" : "\"ns.*\"";
	} else {
		size_t first = g_below(rng, (uint32_t)g->known.n);
		const struct o_cap *c = &g->known.cap[first], *d = &g->known.cap[g_below(rng, (uint32_t)g->known.n)];
		bool version = g_one_in(rng, 4), two = g_one_in(rng, 3) && !version;
		for (size_t i = 0; i < g->known.n; i++) {
			const struct o_cap *k = &g->known.cap[i];
			if ((krux_str_eq(k->name, c->name) && (!version || k->minor == c->minor)) || (two && krux_str_eq(k->name, d->name)))
				cap[n++] = k;
		}
		if (version)
			r->on = arena_printf(g->a, "%.*s@%u.%u", (int)c->name.n, c->name.p, c->major, c->minor).p;
		else if (two && !krux_str_eq(c->name, d->name))
			r->on = arena_printf(g->a, "[ %.*s, %.*s ]", (int)c->name.n, c->name.p, (int)d->name.n, d->name.p).p;
		else
			r->on = arena_printf(g->a, "%.*s%s", (int)c->name.n, c->name.p, g_one_in(rng, 4) ? "@1" : "").p;
	}
	r->verdict = verdicts[verdict];
	if (g_one_in(rng, 4))
		r->agent = g_one_in(rng, 2) ? "crew" : arena_printf(g->a, "[ \"%s\", \"%s\" ]", g_agent_patterns[g_below(rng, G_AGENT_PATTERNS)],
		                                                    g_agent_patterns[g_below(rng, G_AGENT_PATTERNS)]).p;
	if (!g_one_in(rng, 12))
		r->when = g_cond_make(g, cap, n, 1 + g_below(rng, 3), verdict >= 2);
	clauses(g, r, verdict, cap, n);
	if (strchr(r->on, '*') && verdict >= 2)
		r->rest = arena_printf(g->a, "%s    up-to: executes\n", r->rest).p;
	if (g_one_in(rng, 8))
		r->rest = arena_printf(g->a, "%s    label: %s\n", r->rest, g_one_in(rng, 2) ? "lab-a" : "[ lab-b, lab-c ]").p;
}

static void policy(struct g_build *g, struct g_policy *p, size_t i)
{
	static const char *const layers[] = { "organization", "agent", "agent", "organization", "system" };
	struct g_rng *r = &g->rng;
	const char *layer = i ? G_PICK(r, layers) : "organization";
	struct buf b = { 0 };

	*p = (struct g_policy){ .name = arena_printf(g->a, "p%zu", i).p, .nrules = 1 + g_below(r, 3) };
	buf_printf(&b, "krux: policy/1\nname: %s\nlayer: %s\n", p->name, layer);
	if (!strcmp(layer, "agent"))
		buf_printf(&b, "agents: [ \"%s\", \"%s\" ]\n", g_agent_patterns[g_below(r, G_AGENT_PATTERNS)],
		           g_agent_patterns[g_below(r, G_AGENT_PATTERNS)]);
	buf_printf(&b, "groups:\n  crew: [ %s, \"%s\" ]\n", g_one_in(r, 2) ? "builder" : "\"c*\"", g_one_in(r, 2) ? "*s" : "x.y*");
	if (i && g_one_in(r, 9))
		buf_puts(&b, "mode: observe\n");
	buf_puts(&b, "define:\n  office: time in 09:00..17:30 and weekday in mon..fri\n  known: agent in crew or office\n");
	p->head = arena_str(g->a, (struct krux_str){ b.p, b.n }).p;
	buf_free(&b);
	p->rule = ARENA_ARRAY(g->a, struct g_rule, p->nrules);
	for (size_t k = 0; k < p->nrules; k++)
		rule(g, &p->rule[k], k);
	if (!i || g_one_in(r, 3))
		p->deflt = verdicts[g_below(r, 4)];
}

void g_policy_text(struct arena *a, struct g_policy *p)
{
	struct buf b = { 0 };

	buf_puts(&b, p->head);
	buf_puts(&b, "rules:");
	bool some = false;
	for (size_t i = 0; i < p->nrules; i++) {
		struct g_rule *r = &p->rule[i];
		if (r->gone)
			continue;
		if (!some)
			buf_putc(&b, '\n');
		some = true;
		r->from = (uint32_t)b.n;
		buf_printf(&b, "  - id: %s\n    on: %s\n", r->id, r->on);
		if (r->agent) {
			buf_puts(&b, "    agent: ");
			buf_puts(&b, r->agent);
			buf_putc(&b, '\n');
		}
		if (r->when) {
			buf_puts(&b, "    when: >-\n      ");
			g_cond_print(&b, r->when);
			buf_putc(&b, '\n');
		}
		buf_printf(&b, "    verdict: %s\n", r->verdict);
		buf_puts(&b, r->rest);
		r->to = (uint32_t)b.n;
	}
	if (!some)
		buf_puts(&b, " []\n");
	if (p->deflt)
		buf_printf(&b, "default: %s\n", p->deflt);
	p->text = arena_str(a, (struct krux_str){ b.p, b.n });
	buf_free(&b);
}

void g_build_make(struct g_build *g, struct arena *a, uint64_t seed)
{
	struct buf b = { 0 };

	*g = (struct g_build){ .a = a, .rng = { (seed ^ seed >> 31) * 0xD6E8FEB86659FD93u }, .seed = seed };
	g_caps_text(g, &b);
	g->caps = arena_str(a, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	if (!o_caps_read(a, g->caps, &g->known)) {
		fprintf(stderr, "the referee cannot read its own capabilities:\n%.*s\n", (int)g->caps.n, g->caps.p);
		return;
	}
	g->npolicies = 6 + g_below(&g->rng, 5);
	g->policy = ARENA_ARRAY(a, struct g_policy, g->npolicies + 1);
	for (size_t i = 0; i < g->npolicies; i++)
		policy(g, &g->policy[i], i);
	g->with_system = g_one_in(&g->rng, 5);
}
