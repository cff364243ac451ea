/* From a difference to the least build and request that still show it. */
#include <stdio.h>
#include <string.h>

#include "tests/oracle/roads.h"

struct shrinking { struct g_build *g; size_t known; struct g_request *rq; bool with_c; unsigned tries; };

/* Does it still differ; what is said goes to *say. */
static bool fails(struct shrinking *s, struct buf *say)
{
	struct arena *a = arena_new();
	struct world w;
	bool yes = false;

	s->tries++;
	s->g->a = a;
	if (world_make(&w, a, s->g, s->with_c, false))
		for (size_t i = 0; i < w.p->caps.n && !yes; i++)
			if (w.known[i] == s->known) {
				yes = world_differs(&w, a, i, s->rq, say);
				if (yes)
					request_print((buf_puts(say, "\n"), say), &w, i, s->rq);
			}
	world_free(&w);
	arena_free(a);
	return yes;
}

static bool better(struct shrinking *s)
{
	struct buf say = { 0 };
	bool yes = s->tries < 400 && fails(s, &say);

	buf_free(&say);
	return yes;
}

static bool flag(struct shrinking *s, bool *gone)
{
	if (*gone)
		return false;
	*gone = true;
	if (better(s))
		return true;
	*gone = false;
	return false;
}

static bool text(struct shrinking *s, const char **at, const char *with)
{
	const char *was = *at;

	if (was == with || (was && with && !strcmp(was, with)))
		return false;
	*at = with;
	if (better(s))
		return true;
	*at = was;
	return false;
}

static bool cond(struct shrinking *s, struct g_cond **at)
{
	struct g_cond *was = *at;
	bool any = false;

	if (!was)
		return false;
	if (was->kind == G_NOT || was->kind == G_AND || was->kind == G_OR) {
		for (int side = 0; side < 2; side++) {
			*at = side ? was->b : was->a;
			if (*at && better(s)) {
				cond(s, at);
				return true;
			}
		}
		*at = was;
	}
	if (was->a)
		any = cond(s, &was->a);
	if (was->b)
		any = cond(s, &was->b) || any;
	return any;
}

static bool rule(struct shrinking *s, struct g_rule *r)
{
	struct g_cond *when = r->when;
	bool any = false;

	if (r->gone)
		return false;
	if (flag(s, &r->gone))
		return true;
	any = text(s, &r->rest, "") || any;
	any = text(s, &r->agent, NULL) || any;
	r->when = NULL;
	if (when && better(s))
		return true;
	r->when = when;
	return cond(s, &r->when) || any;
}

static bool arguments(struct shrinking *s)
{
	struct krux_value *v = &s->rq->args;
	struct krux_member *m = (struct krux_member *)(uintptr_t)v->map.member;
	bool any = false;

	for (size_t i = 0; i < v->map.n; i++) {
		struct krux_member was = m[i];
		memmove(m + i, m + i + 1, (v->map.n - i - 1) * sizeof *m);
		v->map.n--;
		if (better(s)) {
			any = true;
			i--;
			continue;
		}
		memmove(m + i + 1, m + i, (v->map.n - i) * sizeof *m);
		v->map.n++;
		m[i] = was;
	}
	return any;
}

void shrink(struct g_build *g, size_t known, const struct g_request *rq, bool with_c)
{
	struct g_request least = *rq;
	struct shrinking s = { g, known, &least, with_c, 0 };
	struct totals *was = totals, scratch = { 0 };
	struct buf say = { 0 };
	bool again = true;

	totals = &scratch;
	s.with_c = false;
	if (!better(&s))
		s.with_c = with_c;
	while (again && s.tries < 400) {
		again = false;
		if (g->with_system && !(g->with_system = false, better(&s)))
			g->with_system = true;
		for (size_t i = 0; i < g->npolicies; i++) {
			struct g_policy *p = &g->policy[i];
			if (p->gone || (again = flag(&s, &p->gone) || again, p->gone))
				continue;
			for (size_t r = 0; r < p->nrules; r++)
				again = rule(&s, &p->rule[r]) || again;
			again = text(&s, &p->deflt, NULL) || again;
		}
		again = arguments(&s) || again;
	}
	if (fails(&s, &say)) {
		printf("shrunk in %u steps:\n", s.tries);
		for (size_t i = 0; i < g->npolicies; i++) {
			struct arena *a = arena_new();
			if (!g->policy[i].gone) {
				g_policy_text(a, &g->policy[i]);
				printf("%.*s\n", (int)g->policy[i].text.n, g->policy[i].text.p);
			}
			arena_free(a);
		}
		printf("%.*s\n", (int)say.n, say.p);
	}
	fflush(stdout);
	buf_free(&say);
	totals = was;
}
