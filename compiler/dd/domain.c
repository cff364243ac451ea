/* Which strings a field can hold, as one canonical automaton a kind or pattern. What LANG.md 2
 * bounds by a length (paths, agents, labels of hosts) is bounded by lengths, not by states. */
#include <stdlib.h>
#include <string.h>

#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/host.h"
#include "compiler/dd/language.h"
#include "compiler/dd/pair.h"

/* A component that is `.` or `..` may go on, but not end. */
#define PATH "/|(/([^/.][^/]*|\\.[^/.][^/]*|\\.\\.[^/]+))+"
#define NAME "[a-z0-9._\\-]+"
#define HEX64 "[0-9a-f]{64}"
/* Only compared with canonical literals, so any superset will do. */
#define BLOCK "([0-9.]+|[0-9a-f:]+)/[0-9]+"

static struct raw raw;

/* ---- raw to canonical: TRUE where possible ---- */

static uint32_t canonical(void)
{
	struct graph *g = graph_begin();
	uint32_t all = raw_state(&raw, true), out;

	raw_arc(&raw, LAST_SCALAR, all);
	if (raw.start == RAW_NONE) {
		graph_end(g);
		return DEAD;
	}
	graph_state(g, raw.start == RAW_ALL ? all : 0, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t q = g->a[i];

		graph_out(g, i, raw.accept[q] ? DD_TRUE : DD_IMPOSSIBLE);
		for (uint32_t j = raw.first[q]; j < raw.first[q + 1]; j++) {
			uint32_t to = raw.arc[j].to;

			graph_arc(g, raw.arc[j].hi, to == RAW_NONE ? (uint32_t)DEAD
			                            : graph_state(g, to == RAW_ALL ? all : to, 0));
		}
	}
	graph_finish(g);
	out = g->canon[0];
	graph_end(g);
	return out;
}

static uint32_t of_regex(struct krux_str pattern)
{
	struct arena *a = scratch_open();
	const char *why;
	size_t at;
	const struct regex *r = regex_parse(a, pattern, &why, &at);

	if (!r)
		abort();
	raw_regex(&raw, r);
	scratch_close();
	return canonical();
}

static uint32_t of_scalars(uint32_t most)
{
	raw_begin(&raw);
	raw_state(&raw, true);
	raw_arc(&raw, most, 0);
	if (most < LAST_SCALAR)
		raw_arc(&raw, LAST_SCALAR, RAW_NONE);
	return canonical();
}

static uint32_t start_of(const struct domain *d)
{
	switch (d->kind) {
	case KRUX_T_PATH:
		return of_regex(KRUX_STR(PATH));
	case KRUX_T_HOST:
		return host_state();
	case KRUX_T_CIDR:
		return of_regex(KRUX_STR(BLOCK));
	case KRUX_T_DIGEST:
		return of_regex(KRUX_STR(HEX64));
	case KRUX_T_SECRET:
	case KRUX_T_COUNT:
		return of_regex(KRUX_STR(NAME));
	case KRUX_T_BYTES:
		return of_scalars(256);
	default:
		return d->pattern.n ? of_regex(d->pattern) : of_scalars(LAST_SCALAR);
	}
}

/* ---- the states that a domain needs by number ---- */

static void domain_fill(struct domain *d, uint32_t start)
{
	struct graph *g = graph_begin();
	uint32_t k;

	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct state *s = state_at(g->a[i]);
		uint32_t first = s->first, n = s->n;

		graph_out(g, i, s->out == DD_TRUE ? DD_FALSE : DD_IMPOSSIBLE);
		for (uint32_t j = first; j < first + n; j++)
			graph_arc(g, store.arc[j].hi, store.arc[j].to == DEAD ? (uint32_t)DEAD
			                              : graph_state(g, store.arc[j].to, 0));
	}
	d->n = g->n;
	k = g->n;
	d->possible = store_get(k);
	d->first = store_get((k + 1u) * sizeof *d->first);
	d->arc = store_get(g->narcs * sizeof *d->arc);
	d->yes = store_get(k * sizeof *d->yes);
	d->no = store_get(k * sizeof *d->no);
	graph_finish(g);
	for (uint32_t i = 0; i < k; i++) {
		d->possible[i] = g->out[i] == DD_FALSE;
		d->first[i] = g->first[i];
		d->yes[i] = g->a[i];
		d->no[i] = g->canon[i];
	}
	d->first[k] = g->narcs;
	for (uint32_t j = 0; j < g->narcs; j++) {
		uint32_t to = g->arc[j].to;

		d->arc[j] = (struct arc){ g->arc[j].hi, to & GRAPH_NEW ? to & ~GRAPH_NEW : RAW_NONE };
	}
	graph_end(g);
}

static uint32_t domain_find(enum krux_tkind kind, struct krux_str pattern)
{
	struct domain *d;

	for (uint32_t i = 0; i < store.ndomains; i++) {
		d = store.domain[i];
		if (d->kind == kind && krux_str_eq(d->pattern, pattern))
			return i;
	}
	STORE_ROOM(store.domain, store.ndomains + 1, store.cap_domains);
	d = store_get(sizeof *d + pattern.n);
	*d = (struct domain){ .kind = kind, .octets = kind == KRUX_T_BYTES, .pattern = { (char *)(d + 1), pattern.n } };
	if (pattern.n)
		memcpy(d + 1, pattern.p, pattern.n);
	domain_fill(d, start_of(d));
	store.domain[store.ndomains] = d;
	return (uint32_t)store.ndomains++;
}

const struct domain *domain_of(struct var *v)
{
	if (v->domain == NONE && v->pub.subject.kind == SUBJECT_AGENT)
		v->domain = domain_find(KRUX_T_COUNT, (struct krux_str){ 0 });
	else if (v->domain == NONE)
		v->domain = domain_find(v->pub.subject.type->kind, v->pub.subject.type->kind == KRUX_T_STRING
		                        ? v->pub.subject.type->pattern : (struct krux_str){ 0 });
	return store.domain[v->domain];
}

void domains_cut(uint32_t n)
{
	store.ndomains = n;
	raw_free(&raw);
}
