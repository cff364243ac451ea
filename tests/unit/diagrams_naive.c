/* A condition's truth as LANG.md says it, with nothing shared with the diagram but the parsers of
 * patterns; and the comparison with a diagram. */
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/access.h"
#include "compiler/model/pattern.h"
#include "tests/unit/diagrams.h"

/* ---- texts ---- */

/* Sets of positions in a short text. */
static krux_u128 regex_step(const struct regex *r, struct krux_str s, krux_u128 at)
{
	krux_u128 out = 0, before;

	switch (r->kind) {
	case REGEX_SET:
		for (size_t i = 0; i < s.n; i++) {
			unsigned len;
			uint32_t c;

			if (!(at >> i & 1))
				continue;
			c = krux_utf8_get(s.p + i, s.n - i, &len);
			for (size_t k = 0; k < r->nranges; k++)
				if (r->range[k].lo <= c && c <= r->range[k].hi)
					out |= (krux_u128)1 << (i + len);
		}
		return out;
	case REGEX_CAT:
		for (size_t i = 0; i < r->nitems; i++)
			at = regex_step(r->item[i], s, at);
		return at;
	case REGEX_ALT:
		for (size_t i = 0; i < r->nitems; i++)
			out |= regex_step(r->item[i], s, at);
		return out;
	case REGEX_REPEAT:
		for (uint32_t i = 0; i < r->min; i++)
			at = regex_step(r->item[0], s, at);
		out = at;
		for (uint32_t i = r->min; i < r->max; i++) {
			before = out;
			at = regex_step(r->item[0], s, at);
			out |= at;
			if (out == before)
				break;
		}
		return out;
	}
	return 0;
}

static bool component(const struct glob_component *c, size_t part, struct krux_str s)
{
	const struct glob_part *p = &c->part[part];
	unsigned len;

	if (part == c->nparts)
		return s.n == 0;
	if (p->kind == GLOB_TEXT)
		return s.n >= p->text.n && !memcmp(s.p, p->text.p, p->text.n) &&
		       component(c, part + 1, (struct krux_str){ s.p + p->text.n, s.n - p->text.n });
	if (p->kind == GLOB_RUN && component(c, part + 1, s))
		return true;
	if (!s.n)
		return false;
	krux_utf8_get(s.p, s.n, &len);
	return component(c, part + (p->kind == GLOB_ONE), (struct krux_str){ s.p + len, s.n - len });
}

/* Components i.. of the glob on what is left of the path, which starts with a slash or is empty. */
static bool components(const struct glob *g, size_t i, struct krux_str s)
{
	size_t n = 1;

	if (i == g->n)
		return s.n == 0;
	if (g->component[i].any_depth && components(g, i + 1, s))
		return true;
	if (!s.n)
		return false;
	while (n < s.n && s.p[n] != '/')
		n++;
	if (!g->component[i].any_depth && !component(&g->component[i], 0, (struct krux_str){ s.p + 1, n - 1 }))
		return false;
	return components(g, i + !g->component[i].any_depth, (struct krux_str){ s.p + n, s.n - n });
}

static bool agent(struct krux_str p, struct krux_str s)
{
	if (!p.n)
		return !s.n;
	if (p.p[0] == '*')
		return agent((struct krux_str){ p.p + 1, p.n - 1 }, s) ||
		       (s.n && agent(p, (struct krux_str){ s.p + 1, s.n - 1 }));
	return s.n && p.p[0] == s.p[0] && agent((struct krux_str){ p.p + 1, p.n - 1 }, (struct krux_str){ s.p + 1, s.n - 1 });
}

static bool one_text(enum language_kind kind, struct krux_str t, struct krux_str s)
{
	const struct regex *r;
	const char *why;
	size_t at;

	switch (kind) {
	case LANG_LITERALS:
		return krux_str_eq(t, s);
	case LANG_UNDER_PATH:
		return t.n == 1 || (s.n >= t.n && !memcmp(s.p, t.p, t.n) && (s.n == t.n || s.p[t.n] == '/'));
	case LANG_UNDER_HOST:
		return s.n >= t.n && !memcmp(s.p + s.n - t.n, t.p, t.n) && (s.n == t.n || s.p[s.n - t.n - 1] == '.');
	case LANG_GLOB:
		return components(glob_parse(arena, t, &why, &at), 0, s.n == 1 ? KRUX_STR("") : s);
	case LANG_AGENT_GLOB:
		return agent(t, s);
	case LANG_REGEX:
		ck_assert_uint_lt(s.n, 128);
		r = regex_parse(arena, t, &why, &at);
		ck_assert_ptr_nonnull(r);
		return regex_step(r, s, 1) >> s.n & 1;
	case LANG_PREFIX:
		return s.n >= t.n && !memcmp(s.p, t.p, t.n);
	case LANG_SUFFIX:
		return s.n >= t.n && !memcmp(s.p + s.n - t.n, t.p, t.n);
	case LANG_SUBSTRING:
		return memmem(s.p, s.n, t.p, t.n) != NULL;
	}
	return false;
}

bool naive_text(const struct value_set *set, struct krux_str s)
{
	for (size_t i = 0; i < set->ntexts; i++)
		if (one_text(set->language, set->text[i], s))
			return true;
	return false;
}

/* ---- conditions ---- */

struct at {
	const struct ask *q;
	const struct krux_value *it[8];      /* innermost last */
	const struct krux_type *type[8];
	size_t n;
};

static const struct krux_value *follow(const struct at *at, const struct subject *s)
{
	const struct krux_value *v = s->depth ? at->it[at->n - s->depth] : &at->q->args;
	const struct krux_type *t = s->depth ? at->type[at->n - s->depth] : every_kind.input;
	const struct krux_field *f;

	for (size_t i = 0; v && i < s->access.nsteps; i++) {
		const struct krux_value *next = NULL;

		type_parts(t, &f);
		for (size_t k = 0; k < v->map.n; k++)
			if (krux_str_eq(v->map.member[k].key, f[s->access.step[i]].name))
				next = &v->map.member[k].value;
		t = f[s->access.step[i]].type;
		v = next;
	}
	return v;
}

static bool test(const struct at *at, const struct cond *c)
{
	const struct krux_value *v = NULL;
	char hex[64];
	krux_u128 key = 0;

	if (c->subject.kind == SUBJECT_AGENT)
		return naive_text(&c->set, at->q->agent);
	if (c->subject.kind <= SUBJECT_HAS)
		v = follow(at, &c->subject);
	switch (c->subject.kind) {
	case SUBJECT_HAS:
		key = v != NULL;
		break;
	case SUBJECT_SIZE:
		if (!v)
			return false;
		key = v->kind == KRUX_V_LIST ? v->list.n : v->kind == KRUX_V_MAP ? v->map.n : v->str.n;
		break;
	case SUBJECT_TIME:
		key = at->q->facts.time;
		break;
	case SUBJECT_WEEKDAY:
		key = at->q->facts.weekday;
		break;
	case SUBJECT_LABEL:
		key = at->q->facts.label;
		break;
	case SUBJECT_CALLS:
		key = at->q->facts.calls;
		break;
	default:
		if (!v)
			return false;
		if (c->set.numeric) {
			key = number_key(c->subject.type, v);
			break;
		}
		if (c->subject.type->kind != KRUX_T_DIGEST)
			return naive_text(&c->set, v->str);
		krux_hex_write((const uint8_t *)v->str.p, 32, hex);
		return naive_text(&c->set, (struct krux_str){ hex, 64 });
	}
	for (size_t i = 0; i < c->set.nintervals; i++)
		if (c->set.interval[i].lo <= key && key <= c->set.interval[i].hi)
			return true;
	return false;
}

static bool holds(struct at *at, const struct cond *c)
{
	const struct krux_value *v;
	bool found = false;

	switch (c->kind) {
	case COND_TRUE:
	case COND_FALSE:
		return c->kind == COND_TRUE;
	case COND_NOT:
		return !holds(at, c->a);
	case COND_AND:
		return holds(at, c->a) && holds(at, c->b);
	case COND_OR:
		return holds(at, c->a) || holds(at, c->b);
	case COND_TEST:
		return test(at, c);
	case COND_ANY:
		v = follow(at, &c->list);
		at->type[at->n++] = c->list.type->elem;
		for (size_t i = 0; v && i < v->list.n && !found; i++) {
			at->it[at->n - 1] = &v->list.item[i];
			found = holds(at, c->a);
		}
		at->n--;
		return found;
	case COND_ANY_TREE:
		break;
	}
	ck_abort_msg("no naive answer");
	return false;
}

bool naive(const struct cond *c, const struct ask *q)
{
	struct at at = { .q = q };

	return holds(&at, c);
}

/* ---- comparing ---- */

struct ask ask_witness(const struct dd_witness *w)
{
	struct ask q = { .agent = w->agent, .args = w->args };
	struct krux_value json, again;
	struct krux_refusal why = { { 0 }, { 0 } };

	for (size_t i = 0; i < w->nfacts; i++)
		switch (dd_variable(m, w->fact[i].var)->fact) {
		case KRUX_FACT_TIME:
			q.facts.time = w->fact[i].value;
			break;
		case KRUX_FACT_WEEKDAY:
			q.facts.weekday = w->fact[i].value;
			break;
		case KRUX_FACT_LABEL:
			q.facts.label = w->fact[i].value;
			break;
		default:
			q.facts.calls = w->fact[i].value;
			break;
		}
	ck_assert(krux_agent_valid(w->agent));
	ck_assert(krux_uncanon(arena_pool(arena), every_kind.input, &w->args, &json));
	ck_assert_msg(krux_canon(arena_pool(arena), every_kind.input, &json, &again, &why), "%s: %s", why.where, why.why);
	ck_assert(krux_value_eq(&again, &w->args));
	return q;
}

struct compare {
	const struct cond *c;
	uint32_t f;
	size_t n;
	struct ask ask;
	size_t holding;
};

static bool region_right(void *ctx, const struct dd_region *r)
{
	struct compare *x = ctx;
	struct dd_witness w;
	struct ask q;
	bool inside = true;

	ck_assert(dd_region_witness(m, arena, r, &w));
	q = ask_witness(&w);
	ck_assert_uint_eq(ask_eval(x->f, &q), r->value);
	ck_assert_uint_eq(naive(x->c, &q), r->value == DD_TRUE);
	for (size_t i = 0; i < r->nsteps; i++) {
		uint32_t class = dd_class(m, r->step[i].node, *r->step[i].to);

		ck_assert_uint_eq(ask_eval(class, &q), DD_TRUE);
		inside &= ask_eval(class, &x->ask) == DD_TRUE;
	}
	x->holding += inside;
	return ++x->n < 40;
}

void agree(const struct cond *c, uint32_t f, unsigned n)
{
	struct compare x = { .c = c, .f = f, .ask = random_ask() };
	bool seen[2] = { false, false };

	ck_assert_ptr_null(dd_overflow(m));
	dd_check(m, f);
	for (unsigned i = 0; i < n; i++) {
		struct ask q = random_ask();
		bool yes = naive(c, &q);

		seen[yes] = true;
		ck_assert_uint_eq(ask_eval(f, &q), yes ? DD_TRUE : DD_FALSE);
	}
	for (uint32_t value = DD_FALSE; value <= DD_TRUE; value++) {
		struct dd_witness w;
		struct ask q;

		if (!dd_witness(m, arena, f, value, &w)) {
			ck_assert(!seen[value == DD_TRUE]);
			continue;
		}
		q = ask_witness(&w);
		ck_assert_uint_eq(ask_eval(f, &q), value);
		ck_assert_uint_eq(naive(c, &q), value == DD_TRUE);
	}
	dd_regions(m, arena, f, region_right, &x);
	ck_assert_uint_ge(x.n, 1);
	if (x.n < 40)
		ck_assert_uint_eq(x.holding, 1);
}
