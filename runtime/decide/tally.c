/* Events to answers, for all agents and workspaces of a running gate: one cell or one window a
 * query, found by its number. */
#include "runtime/decide/tally.h"

#include "runtime/decide/query.h"
#include "runtime/decide/window.h"

#include <stdlib.h>
#include <string.h>

struct named {
	struct named *next;            /* of the same slot */
	uint32_t hash;
	struct krux_str name;          /* behind the struct that this one begins */
};

struct names {
	struct named **slot;
	uint32_t nslots, n;            /* nslots: a power of 2 */
};

struct tally_agent {
	struct named named;
	struct window window[];        /* by place in tally.counter */
};

struct tally_place {
	struct named named;
	struct cell {
		uint64_t n;
		uint32_t pending;
	} cell[];                      /* by query */
};

struct tally {
	const struct krux_abi *abi;
	uint32_t *order;               /* of query.h */
	uint32_t *window;              /* by query: which window of an agent, or NONE */
	uint32_t *counter;             /* by window: its query */
	uint32_t nwindows, namounts;
	struct names agents, places;
	/* By capability: the labels that its intent sets and the counts that it adds to. */
	struct touched {
		uint32_t first, nlabels, ncalls;
	} *touched;
	uint32_t *touch;
};

enum { NONE = UINT32_MAX, SLOTS = 64 };

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- names ---- */

static uint32_t name_hash(struct krux_str name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u;
	return h;
}

static struct named *names_find(const struct names *t, struct krux_str name, uint32_t hash)
{
	struct named *e = t->nslots ? t->slot[hash & (t->nslots - 1)] : NULL;

	while (e && (e->hash != hash || !krux_str_eq(e->name, name)))
		e = e->next;
	return e;
}

static bool names_grow(struct names *t)
{
	uint32_t n = t->nslots ? 2 * t->nslots : SLOTS;
	struct named **slot = calloc(n, sizeof(struct named *));

	if (!slot)
		return false;
	for (uint32_t i = 0; i < t->nslots; i++)
		for (struct named *e = t->slot[i], *next; e; e = next) {
			next = e->next;
			e->next = slot[e->hash & (n - 1)];
			slot[e->hash & (n - 1)] = e;
		}
	free(t->slot);
	t->slot = slot;
	t->nslots = n;
	return true;
}

/* A zeroed struct of n bytes that begins with its name. */
static void *names_add(struct names *t, struct krux_str name, uint32_t hash, size_t n)
{
	struct named *e;

	if (t->n >= t->nslots && !names_grow(t))
		return NULL;
	e = calloc(1, n + name.n + 1);
	if (!e)
		return NULL;
	if (name.n)
		memcpy((char *)e + n, name.p, name.n);
	e->name = (struct krux_str){ (char *)e + n, name.n };
	e->hash = hash;
	e->next = t->slot[hash & (t->nslots - 1)];
	t->slot[hash & (t->nslots - 1)] = e;
	t->n++;
	return e;
}

static void names_free(struct names *t, void (*each)(const struct tally *, void *),
                       const struct tally *tally)
{
	for (uint32_t i = 0; i < t->nslots; i++)
		for (struct named *e = t->slot[i], *next; e; e = next) {
			next = e->next;
			if (each)
				each(tally, e);
			free(e);
		}
	free(t->slot);
}

/* ---- making ---- */

static bool is_window(const struct krux_fact_def *def)
{
	return def->kind == KRUX_FACT_RATE || def->kind == KRUX_FACT_BUDGET;
}

static bool windows_number(struct tally *t)
{
	const struct krux_abi *abi = t->abi;

	t->window = malloc((abi->nfacts + 1) * sizeof *t->window);
	t->counter = malloc((abi->nfacts + 1) * sizeof *t->counter);
	if (!t->window || !t->counter)
		return false;
	for (uint32_t i = 0; i < abi->nfacts; i++) {
		t->window[i] = is_window(&abi->facts[i]) ? t->nwindows : NONE;
		if (is_window(&abi->facts[i]))
			t->counter[t->nwindows++] = i;
	}
	for (uint32_t i = 0; i < abi->nobligations; i++)
		if (abi->obligations[i].ncounters > t->namounts)
			t->namounts = abi->obligations[i].ncounters;
	return true;
}

/* How many queries a capability touches; to != NULL: and which. */
static uint32_t touch_list(const struct tally *t, uint32_t cap, uint32_t *to, uint32_t *nlabels)
{
	const struct krux_cap_def *def = &t->abi->caps[cap];
	uint32_t n = 0, some, at;

	for (uint32_t i = 0; i < def->nlabels; i++) {
		at = query_find(t->abi, t->order, KRUX_FACT_LABEL, KRUX_STR(""), str(def->labels[i]), &some);
		for (uint32_t k = 0; k < some; k++, n++)
			if (to)
				to[n] = t->order[at + k];
	}
	*nlabels = n;
	at = query_find(t->abi, t->order, KRUX_FACT_CALLS, KRUX_STR(""), str(def->name), &some);
	for (uint32_t k = 0; k < some; k++, n++)
		if (to)
			to[n] = t->order[at + k];
	return n;
}

static bool touches_list(struct tally *t)
{
	uint32_t n = 0, nlabels;

	t->touched = calloc(t->abi->ncaps + 1, sizeof *t->touched);
	if (!t->touched)
		return false;
	for (uint32_t c = 0; c < t->abi->ncaps; c++) {
		uint32_t some = touch_list(t, c, NULL, &nlabels);

		t->touched[c] = (struct touched){ n, nlabels, some - nlabels };
		n += some;
	}
	t->touch = calloc(n + 1, sizeof *t->touch);
	for (uint32_t c = 0; t->touch && c < t->abi->ncaps; c++)
		touch_list(t, c, t->touch + t->touched[c].first, &nlabels);
	return t->touch != NULL;
}

struct tally *tally_new(const struct krux_abi *abi)
{
	struct tally *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->abi = abi;
	t->order = query_sort(abi);
	if (t->order && windows_number(t) && touches_list(t))
		return t;
	tally_free(t);
	return NULL;
}

static void agent_close(const struct tally *t, void *agent)
{
	struct tally_agent *a = agent;

	for (uint32_t i = 0; i < t->nwindows; i++)
		window_close(&a->window[i]);
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	names_free(&t->agents, agent_close, t);
	names_free(&t->places, NULL, t);
	free(t->order);
	free(t->window);
	free(t->counter);
	free(t->touched);
	free(t->touch);
	free(t);
}

uint32_t tally_amounts(const struct tally *t)
{
	return t->namounts;
}

/* ---- agents and workspaces ---- */

/* A rate that is kept holds no more than its greatest number. */
static uint32_t expected(const struct krux_fact_def *def)
{
	return def->kind == KRUX_FACT_RATE && def->max < 256 ? (uint32_t)def->max : 64;
}

struct tally_agent *tally_agent(struct tally *t, struct krux_str name)
{
	uint32_t hash = name_hash(name);
	struct tally_agent *a = (struct tally_agent *)names_find(&t->agents, name, hash);
	bool ok = true;

	if (a)
		return a;
	a = names_add(&t->agents, name, hash, sizeof *a + t->nwindows * sizeof *a->window);
	for (uint32_t i = 0; a && i < t->nwindows; i++) {
		const struct krux_fact_def *def = &t->abi->facts[t->counter[i]];

		ok = window_open(&a->window[i], def->per, expected(def)) && ok;
	}
	if (a && !ok) {
		/* It is the first of its slot. */
		t->agents.slot[hash & (t->agents.nslots - 1)] = a->named.next;
		t->agents.n--;
		agent_close(t, a);
		free(a);
		a = NULL;
	}
	return a;
}

struct tally_place *tally_place(struct tally *t, struct krux_str workspace)
{
	uint32_t hash = name_hash(workspace);
	struct tally_place *p = (struct tally_place *)names_find(&t->places, workspace, hash);

	if (!p)
		p = names_add(&t->places, workspace, hash,
		              sizeof *p + t->abi->nfacts * sizeof *p->cell);
	return p;
}

bool tally_knows_agent(const struct tally *t, struct krux_str name)
{
	return names_find(&t->agents, name, name_hash(name)) != NULL;
}

bool tally_knows_place(const struct tally *t, struct krux_str workspace)
{
	return names_find(&t->places, workspace, name_hash(workspace)) != NULL;
}

/* ---- what happened ---- */

static void add(uint64_t *to, uint64_t n)
{
	if (__builtin_add_overflow(*to, n, to))
		*to = UINT64_MAX;
}

static void label_set(struct tally *t, struct tally_place *p, struct krux_str label, uint64_t n)
{
	uint32_t some, at = query_find(t->abi, t->order, KRUX_FACT_LABEL, KRUX_STR(""), label, &some);

	for (uint32_t i = 0; i < some; i++)
		p->cell[t->order[at + i]].n = n;
}

void tally_label(struct tally *t, struct tally_place *p, struct krux_str label)
{
	label_set(t, p, label, 1);
}

void tally_clear(struct tally *t, struct tally_place *p, struct krux_str label)
{
	label_set(t, p, label, 0);
}

void tally_calls(struct tally *t, struct tally_place *p, struct krux_str capability, uint64_t n)
{
	uint32_t some, at = query_find(t->abi, t->order, KRUX_FACT_CALLS, KRUX_STR(""), capability, &some);

	for (uint32_t i = 0; i < some; i++)
		add(&p->cell[t->order[at + i]].n, n);
}

void tally_count(struct tally *t, struct tally_agent *a, enum krux_fact_kind kind,
                 struct krux_str policy, struct krux_str rule, uint64_t when, uint64_t amount)
{
	uint32_t some = 0, at;

	if (kind != KRUX_FACT_RATE && kind != KRUX_FACT_BUDGET)
		return;
	at = query_find(t->abi, t->order, kind, policy, rule, &some);
	for (uint32_t i = 0; i < some; i++)
		window_add(&a->window[t->window[t->order[at + i]]], when, amount);
}

/* ---- what is under way ---- */

/* Those that share the names of query `id` are one counter. */
static uint32_t sharing(const struct tally *t, uint32_t id, uint32_t *at)
{
	const struct krux_fact_def *def = &t->abi->facts[id];
	uint32_t some;

	*at = query_find(t->abi, t->order, def->kind, str(def->policy), str(def->name), &some);
	return some;
}

enum step { CLAIM, RECORD, FORGET };

static void claim_step(struct tally *t, const struct tally_claim *c, enum step step, uint64_t when)
{
	const struct touched *touched = &t->touched[c->cap];
	const uint32_t *id = t->touch + touched->first;

	for (uint32_t i = 0; i < touched->nlabels + touched->ncalls; i++) {
		struct cell *cell = &c->place->cell[id[i]];

		if (step == CLAIM)
			cell->pending++;
		else
			cell->pending--;
		if (step == RECORD && i < touched->nlabels)
			cell->n = 1;
		else if (step == RECORD)
			add(&cell->n, 1);
	}
	for (uint32_t i = 0; i < c->obligation->ncounters; i++) {
		uint32_t at, some = sharing(t, c->obligation->counter[i], &at);

		for (uint32_t k = 0; k < some; k++) {
			struct window *w = &c->agent->window[t->window[t->order[at + k]]];

			if (step == CLAIM)
				window_claim(w, c->amount[i]);
			else if (step == RECORD)
				window_record(w, when, c->amount[i]);
			else
				window_forget(w, c->amount[i]);
		}
	}
}

void tally_submit(struct tally *t, struct tally_claim *c, const struct krux_value *args)
{
	for (uint32_t i = 0; i < c->obligation->ncounters; i++) {
		const struct krux_fact_def *def = &t->abi->facts[c->obligation->counter[i]];

		c->amount[i] = def->kind == KRUX_FACT_RATE ? 1 : query_amount(args, def->sum);
	}
	claim_step(t, c, CLAIM, 0);
}

void tally_record(struct tally *t, const struct tally_claim *c, uint64_t when)
{
	claim_step(t, c, RECORD, when);
}

void tally_forget(struct tally *t, const struct tally_claim *c)
{
	claim_step(t, c, FORGET, 0);
}

/* ---- answers ---- */

bool tally_answer(const struct tally *t, struct tally_agent *a, const struct tally_place *p,
                  uint32_t id, uint64_t now, uint64_t *answer)
{
	const struct krux_fact_def *def = &t->abi->facts[id];

	switch (def->kind) {
	case KRUX_FACT_LABEL:
		*answer = p->cell[id].n || p->cell[id].pending;
		return true;
	case KRUX_FACT_CALLS:
		*answer = p->cell[id].n;
		add(answer, p->cell[id].pending);
		return true;
	case KRUX_FACT_RATE:
	case KRUX_FACT_BUDGET:
		*answer = window_sum(&a->window[t->window[id]], now);
		return true;
	default:
		return false;
	}
}

uint64_t tally_wait(const struct tally *t, struct tally_agent *a, uint32_t id, uint64_t now,
                    uint64_t amount)
{
	const struct krux_fact_def *def = &t->abi->facts[id];

	return is_window(def) ? window_wait(&a->window[t->window[id]], now, def->max, amount) : 0;
}
