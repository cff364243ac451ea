/* Variables: made when a condition first looks at them, ordered by the capability alone. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/manager.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"

enum { SLOT_HAS, SLOT_VALUE, SLOT_SIZE, SLOT_WIDE, SLOT_WIDE_SIZE };

/* ---- order ---- */

static int str_order(struct krux_str a, struct krux_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Facts by kind, then policy, then name; the rest only tells apart what builds under
 * comparison call the same. */
static int fact_order(const struct dd_var *a, const struct dd_var *b)
{
	int c = (a->fact > b->fact) - (a->fact < b->fact);

	if (!c)
		c = str_order(a->policy, b->policy);
	if (!c)
		c = str_order(a->subject.name, b->subject.name);
	if (!c)
		c = (a->per > b->per) - (a->per < b->per);
	/* The limit of a rate is a cut in a count; that of a budget is part of the question. */
	if (!c && a->fact == KRUX_FACT_BUDGET)
		c = (a->max > b->max) - (a->max < b->max);
	if (!c)
		c = str_order(a->budget.access.text, b->budget.access.text);
	return c ? c : (a->budget.kind > b->budget.kind) - (a->budget.kind < b->budget.kind);
}

static size_t place_level(const struct place *p)
{
	size_t n = 0;

	for (; p->parent; p = p->parent)
		n++;
	return n;
}

/* By the way from the request; a record before its fields, which are in the order declared. */
static int place_order(const struct place *a, const struct place *b)
{
	size_t na = place_level(a), nb = place_level(b);
	size_t longer = na > nb ? na : nb;
	int c = (na > nb) - (na < nb);

	for (; longer > nb; longer--)
		a = a->parent;
	for (longer = na > nb ? na : nb; longer > na; longer--)
		b = b->parent;
	for (; a != b; a = a->parent, b = b->parent)
		c = (a->index > b->index) - (a->index < b->index);
	return c;
}

static int var_order(const struct var *a, const struct var *b)
{
	int c = (a->depth > b->depth) - (a->depth < b->depth);

	if (!c && (!a->place || !b->place))
		return (a->place != NULL) - (b->place != NULL);
	if (!c)
		c = place_order(a->place, b->place);
	return c ? c : (a->slot > b->slot) - (a->slot < b->slot);
}

bool var_before(const struct var *a, const struct var *b)
{
	if (a->pub.is_fact && b->pub.is_fact)
		return fact_order(&a->pub, &b->pub) < 0;
	if (a->pub.is_fact)
		return b->depth > 0;
	if (b->pub.is_fact)
		return a->depth == 0;
	return a->rank < b->rank;
}

static int level_order(const void *pa, const void *pb)
{
	const struct var *a = *(struct var *const *)pa, *b = *(struct var *const *)pb;

	return a == b ? 0 : var_before(a, b) ? -1 : 1;
}

uint32_t dd_level(const struct dd *const_m, uint32_t var)
{
	struct dd *m = (struct dd *)(uintptr_t)const_m;   /* a cache */
	struct var **sorted;

	if (!m->level) {
		sorted = ARENA_ARRAY(m->arena, struct var *, m->nvars);
		m->level = ARENA_ARRAY(m->arena, uint32_t, m->nvars);
		memcpy(sorted, m->var, m->nvars * sizeof *sorted);
		qsort(sorted, m->nvars, sizeof *sorted, level_order);
		for (uint32_t i = 0; i < m->nvars; i++)
			m->level[sorted[i]->number] = i;
	}
	return m->level[var];
}

uint32_t dd_nvars(const struct dd *m)
{
	return (uint32_t)m->nvars;
}

const struct dd_var *dd_variable(const struct dd *m, uint32_t var)
{
	return &m->var[var]->pub;
}

/* ---- making ---- */

static struct var *var_add(struct dd *m, enum dd_kind kind)
{
	struct var *v = ARENA_NEW(m->arena, struct var);

	STORE_ROOM(store.var, store.nvars + 1, store.cap_vars);
	v->m = m;
	v->pub.kind = kind;
	v->pub.size_var = UINT32_MAX;
	v->size = v->of = v->scope = v->domain = NONE;
	v->number = (uint32_t)m->nvars;
	v->self = (uint32_t)store.nvars;
	store.var[store.nvars++] = v;
	ARENA_PUSH(m->arena, m->var, m->nvars, m->cap_vars, v);
	m->level = NULL;
	return v;
}

static void var_rank(struct dd *m, struct var *v)
{
	size_t i = m->nranked;

	ARENA_PUSH(m->arena, m->ranked, m->nranked, m->cap_ranked, v);
	for (; i > 0 && var_order(v, m->ranked[i - 1]) < 0; i--)
		m->ranked[i] = m->ranked[i - 1];
	m->ranked[i] = v;
	for (; i < m->nranked; i++)
		m->ranked[i]->rank = (uint32_t)i;
}

static struct var *place_var(struct dd *m, struct place *p, enum dd_kind kind, unsigned slot)
{
	static const enum subject_kind subject[] = { SUBJECT_HAS, SUBJECT_FIELD, SUBJECT_SIZE, SUBJECT_FIELD, SUBJECT_SIZE };
	struct var *v = var_add(m, kind);

	v->place = p;
	v->depth = p->depth;
	v->scope = p->scope;
	v->slot = slot;
	v->pub.subject.kind = subject[slot];
	v->pub.subject.depth = p->depth > 0;
	v->pub.subject.access = p->access;
	v->pub.subject.type = slot == SLOT_HAS ? &type_flag
	                      : subject[slot] == SUBJECT_SIZE ? &type_count : p->type;
	v->max = p->type->max > UINT32_MAX / 8 ? UINT32_MAX / 8 : (uint32_t)p->type->max;
	if (kind == DD_NUMBER)
		v->pub.domain = number_domain(&v->pub.subject);
	var_rank(m, v);
	return v;
}

static bool has_size(enum krux_tkind kind)
{
	return kind == KRUX_T_STRING || kind == KRUX_T_BYTES || kind == KRUX_T_PATH || kind == KRUX_T_LIST;
}

struct var *place_has(struct dd *m, struct place *p)
{
	if (p->has == NONE && p->optional)
		p->has = place_var(m, p, DD_NUMBER, SLOT_HAS)->self;
	return p->has == NONE ? NULL : var_at(p->has);
}

static struct var *value_make(struct dd *m, struct place *p, enum dd_kind kind, unsigned slot)
{
	struct var *v = place_var(m, p, kind, slot), *size;

	v->octets = p->type->kind == KRUX_T_BYTES;
	if (has_size(p->type->kind)) {
		size = place_var(m, p, DD_NUMBER, slot + 1);
		v->size = size->self;
		size->of = v->self;
		v->pub.size_var = size->number;
	}
	return v;
}

struct var *place_value(struct dd *m, struct place *p)
{
	enum krux_tkind kind = p->type->kind;
	enum dd_kind dd = kind_is_texty(kind) || kind == KRUX_T_BYTES ? DD_STRING
	                  : kind == KRUX_T_LIST ? DD_LIST : DD_NUMBER;
	struct var *v;

	if (p->open)
		return var_at(p->wide);
	if (p->value != NONE)
		return var_at(p->value);
	if (dd == DD_NUMBER && !kind_is_numeric(kind))
		return NULL;
	v = value_make(m, p, dd, SLOT_VALUE);
	v->endless = p->parent && p->parent->type->kind == KRUX_T_PATH;
	p->value = v->self;
	p->size = v->size;
	return v;
}

void place_endless(struct dd *m, struct place *p)
{
	if (p->wide == NONE) {
		p->wide = value_make(m, p, DD_STRING, SLOT_WIDE)->self;
		var_at(p->wide)->endless = true;
	}
	p->open = true;
}

struct var *place_size(struct dd *m, struct place *p)
{
	if (p->open)
		return var_at(var_at(p->wide)->size);
	if (p->size == NONE && has_size(p->type->kind))
		place_value(m, p);
	else if (p->size == NONE && p->type->kind == KRUX_T_MAP)
		p->size = place_var(m, p, DD_NUMBER, SLOT_SIZE)->self;
	return p->size == NONE ? NULL : var_at(p->size);
}

/* ---- places ---- */

static struct place *place_new(struct dd *m, struct place *parent, uint32_t index, const struct krux_type *type)
{
	struct place *p = ARENA_NEW(m->arena, struct place);
	const struct krux_field *field;

	p->parent = parent;
	p->index = index;
	p->type = p->access.type = type;
	p->has = p->value = p->size = p->wide = p->scope = NONE;
	p->nparts = type_parts(type, &field);
	if (p->nparts)
		p->part = ARENA_ARRAY(m->arena, struct place *, p->nparts);
	return p;
}

struct place *place_part(struct dd *m, struct place *p, uint32_t part)
{
	const struct krux_field *field;
	struct place *q;

	if (part >= p->nparts)
		abort();
	if (p->part[part])
		return p->part[part];
	type_parts(p->type, &field);
	q = p->part[part] = place_new(m, p, part, field[part].type);
	q->optional = field[part].optional;
	q->depth = p->depth;
	q->scope = p->scope;
	q->access = p == m->input ? access_field(p->type, part) : access_part(m->arena, &p->access, part);
	return q;
}

struct place *place_at(struct dd *m, struct place *p, const struct access *at)
{
	for (size_t i = 0; i < at->nsteps; i++)
		p = place_part(m, p, at->step[i]);
	return p;
}

struct place *place_element(struct dd *m, struct place *p)
{
	enum krux_tkind kind = p->type->kind;

	if (p->element)
		return p->element;
	p->element = place_new(m, p, 0, kind == KRUX_T_LIST || kind == KRUX_T_MAP ? p->type->elem : p->type);
	p->element->depth = p->depth + 1;
	if (kind != KRUX_T_MAP)
		p->element->scope = place_value(m, p)->self;
	return p->element;
}

struct place *place_anywhere(struct dd *m)
{
	if (!m->anywhere) {
		m->anywhere = place_new(m, m->input, UINT32_MAX, &type_any_path);
		m->anywhere->depth = 1;
	}
	return m->anywhere;
}

/* ---- agent and facts ---- */

struct var *var_agent(struct dd *m)
{
	struct var *v;

	if (m->agent == NONE) {
		v = var_add(m, DD_STRING);
		v->pub.subject.kind = SUBJECT_AGENT;
		v->pub.subject.type = &type_agent;
		v->pub.subject.access.text = KRUX_STR("agent");
		v->max = KRUX_MAX_AGENT;
		var_rank(m, v);
		m->agent = v->self;
	}
	return var_at(m->agent);
}

static uint32_t fact_hash(const struct dd_var *v)
{
	uint64_t h = mix(v->fact, v->per);

	if (v->fact == KRUX_FACT_BUDGET)
		h = mix(h, v->max);
	for (size_t i = 0; i < v->policy.n; i++)
		h = mix(h, (unsigned char)v->policy.p[i]);
	for (size_t i = 0; i < v->subject.name.n; i++)
		h = mix(h, (unsigned char)v->subject.name.p[i]);
	return (uint32_t)(h >> 16);
}

static uint32_t *fact_slot(struct dd *m, const struct dd_var *v)
{
	for (uint32_t h = fact_hash(v);; h++) {
		uint32_t *at = &m->facts.slot[h & (m->facts.cap - 1)];

		if (*at == NONE || !fact_order(&m->var[*at]->pub, v))
			return at;
	}
}

static void facts_grow(struct dd *m)
{
	struct fact_table old = m->facts;

	m->facts.cap = old.cap ? old.cap * 4 : 16;
	m->facts.slot = ARENA_ARRAY(m->arena, uint32_t, m->facts.cap);
	memset(m->facts.slot, 0xFF, m->facts.cap * sizeof *m->facts.slot);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i] != NONE)
			*fact_slot(m, &m->var[old.slot[i]]->pub) = old.slot[i];
}

static struct interval fact_domain(enum krux_fact_kind kind)
{
	static const enum subject_kind subject[] = {
		[KRUX_FACT_TIME] = SUBJECT_TIME, [KRUX_FACT_WEEKDAY] = SUBJECT_WEEKDAY, [KRUX_FACT_LABEL] = SUBJECT_LABEL,
		[KRUX_FACT_CALLS] = SUBJECT_CALLS, [KRUX_FACT_RATE] = SUBJECT_CALLS, [KRUX_FACT_BUDGET] = SUBJECT_LABEL,
	};
	struct subject s = { .kind = subject[kind] };

	return number_domain(&s);
}

struct var *var_fact(struct dd *m, const struct dd_var *like)
{
	uint32_t *at;
	struct var *v;

	if (m->facts.used * 2 >= m->facts.cap)
		facts_grow(m);
	at = fact_slot(m, like);
	if (*at != NONE)
		return m->var[*at];
	v = var_add(m, DD_NUMBER);
	*at = v->number;
	m->facts.used++;
	v->pub = *like;
	v->pub.kind = DD_NUMBER;
	v->pub.is_fact = true;
	v->pub.size_var = UINT32_MAX;
	v->pub.domain = fact_domain(like->fact);
	return v;
}

void vars_begin(struct dd *m)
{
	m->agent = NONE;
	m->input = place_new(m, NULL, 0, m->cap->input);
}
