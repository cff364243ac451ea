/* Room for the state: what is added to it and taken out of it. */
#include "runtime/record/carry_part.h"

#include <stdlib.h>
#include <string.h>

struct carry *carry_new(void)
{
	struct carry *c = calloc(1, sizeof *c);

	if (c && !(c->origin = name_keep(c, KRUX_STR("")))) {
		carry_free(c);
		return NULL;
	}
	return c;
}

static void items_free(struct table *t)
{
	size_t at = 0;
	void *item;

	while ((item = table_each(t, &at)))
		free(item);
	table_free(t);
}

static void counted_free(struct carry *c)
{
	struct counted *k;
	size_t at = 0;

	while ((k = table_each(&c->counted, &at)))
		free(k->entry);
	items_free(&c->counted);
}

void carry_free(struct carry *c)
{
	struct place *p;
	size_t at = 0;

	if (!c)
		return;
	while ((p = table_each(&c->places, &at)))
		free(p->label);
	for (size_t i = 0; i < c->ntickets; i++)
		free((void *)(uintptr_t)c->ticket[i]->t.accept);
	counted_free(c);
	items_free(&c->names);
	items_free(&c->places);
	items_free(&c->calls);
	items_free(&c->tickets);
	items_free(&c->agents);
	items_free(&c->nonces);
	free(c->serial);
	free(c->intent);
	free(c->ticket);
	free(c->agent);
	free(c->key);
	free(c->freeze);
	free(c);
}

/* Room for one more of `size` bytes in the array whose address is at p; it has n and grows in powers
 * of 2. False: no memory. */
static bool grow(void *p, size_t n, size_t size)
{
	void *array, *grown;

	memcpy(&array, p, sizeof array);
	if (n & (n - 1) || (!n && array))
		return true;
	grown = reallocarray(array, n ? 2 * n : 1, size);
	if (grown)
		memcpy(p, &grown, sizeof grown);
	/* cppcheck-suppress memleak; the address went through memcpy */
	return grown != NULL;
}

const struct name *name_keep(struct carry *c, struct krux_str s)
{
	struct name *n = table_find(&c->names, s);

	if (n)
		return n;
	n = malloc(sizeof *n + s.n + 1);
	if (!n)
		return NULL;
	if (s.n)
		memcpy(n->text, s.p, s.n);
	n->text[s.n] = 0;
	n->key = (struct krux_str){ n->text, s.n };
	if (table_put(&c->names, n))
		return n;
	free(n);
	return NULL;
}

struct place *place_keep(struct carry *c, struct krux_str workspace)
{
	struct place *p = table_find(&c->places, workspace);
	const struct name *name;

	if (p)
		return p;
	name = name_keep(c, workspace);
	p = name ? calloc(1, sizeof *p) : NULL;
	if (!p)
		return NULL;
	p->key = name->key;
	if (table_put(&c->places, p))
		return p;
	free(p);
	return NULL;
}

struct calls *calls_keep(struct carry *c, const struct place *place, const struct name *capability)
{
	struct calls probe = { .of = { place, capability } }, *k;

	k = table_find(&c->calls, (struct krux_str){ (char *)&probe.of, sizeof probe.of });
	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->of = probe.of;
	k->key = (struct krux_str){ (char *)&k->of, sizeof k->of };
	if (table_put(&c->calls, k))
		return k;
	free(k);
	return NULL;
}

struct counted *counted_keep(struct carry *c, const struct counted_of *of)
{
	struct counted *k = table_find(&c->counted, (struct krux_str){ (const char *)of, sizeof *of });

	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->of = *of;
	k->key = (struct krux_str){ (char *)&k->of, sizeof k->of };
	if (table_put(&c->counted, k))
		return k;
	free(k);
	return NULL;
}

bool counted_kept(const struct carry *c, uint64_t when)
{
	uint64_t until;

	return __builtin_add_overflow(when, c->horizon, &until) || until > c->latest;
}

static struct counted_entry *ring_at(const struct counted *k, size_t i)
{
	return &k->entry[(k->first + i) & (k->room - 1)];
}

/* Drops what nobody counts any more, wherever it stands; entries are in the order of the records. */
static void ring_clean(const struct carry *c, struct counted *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		if (counted_kept(c, ring_at(k, i)->when))
			*ring_at(k, n++) = *ring_at(k, i);
	k->n = n;
}

static void ring_merge(struct counted *k)
{
	struct counted_entry *a = ring_at(k, 0), *b = ring_at(k, 1);

	if (a->when > b->when)
		b->when = a->when;
	if (__builtin_add_overflow(a->amount, b->amount, &b->amount))
		b->amount = UINT64_MAX;
	k->first++;
	k->n--;
}

bool counted_push(struct carry *c, struct counted *k, uint64_t when, uint64_t amount)
{
	while (k->n && !counted_kept(c, ring_at(k, 0)->when)) {
		k->first++;
		k->n--;
	}
	if (!counted_kept(c, when))
		return true;
	if (k->n == COUNTED_MOST)
		ring_clean(c, k);
	if (k->n == COUNTED_MOST)
		ring_merge(k);
	if (k->n == k->room) {
		size_t room = k->room ? 2 * k->room : 4;
		struct counted_entry *grown = reallocarray(NULL, room, sizeof *grown);

		if (!grown)
			return false;
		for (size_t i = 0; i < k->n; i++)
			grown[i] = *ring_at(k, i);
		free(k->entry);
		k->entry = grown;
		k->room = room;
		k->first = 0;
	}
	k->n++;
	*ring_at(k, k->n - 1) = (struct counted_entry){ when, amount };
	return true;
}

void carry_recount(struct carry *c, uint64_t horizon)
{
	counted_free(c);
	c->horizon = horizon;
}

bool label_keep(struct carry *c, struct place *p, struct krux_str label)
{
	const struct name *name;
	size_t i = 0;

	while (i < p->nlabels && table_order(p->label[i]->key, label) < 0)
		i++;
	if (i < p->nlabels && krux_str_eq(p->label[i]->key, label))
		return true;
	name = name_keep(c, label);
	if (!name || !grow(&p->label, p->nlabels, sizeof *p->label))
		return false;
	memmove(p->label + i + 1, p->label + i, (p->nlabels - i) * sizeof *p->label);
	p->label[i] = name;
	p->nlabels++;
	return true;
}

void label_drop(struct place *p, struct krux_str label)
{
	for (size_t i = 0; i < p->nlabels; i++)
		if (krux_str_eq(p->label[i]->key, label)) {
			p->nlabels--;
			memmove(p->label + i, p->label + i + 1, (p->nlabels - i) * sizeof *p->label);
			return;
		}
}

bool serial_keep(struct carry *c, struct krux_str policy, uint64_t serial)
{
	size_t i = 0;

	while (i < c->nserials && table_order(c->serial[i].policy->key, policy) < 0)
		i++;
	if (i == c->nserials || !krux_str_eq(c->serial[i].policy->key, policy)) {
		const struct name *name = name_keep(c, policy);

		if (!name || !grow(&c->serial, c->nserials, sizeof *c->serial))
			return false;
		memmove(c->serial + i + 1, c->serial + i, (c->nserials - i) * sizeof *c->serial);
		c->serial[i].policy = name;
		c->nserials++;
	}
	c->serial[i].serial = serial;
	return true;
}

void serial_bind(struct carry *c, struct krux_str policy)
{
	for (size_t i = 0; i < c->nserials; i++)
		if (krux_str_eq(c->serial[i].policy->key, policy)) {
			c->serial[0] = c->serial[i];
			c->nserials = 1;
			return;
		}
}

/* ---- intents ---- */

bool intent_keep(struct carry *c, const struct carry_intent *in)
{
	struct carry_intent *grown;
	size_t n = c->nintents - c->first;

	if (c->nintents == c->intents_room) {
		if (c->first > c->intents_room / 2) {
			memmove(c->intent, c->intent + c->first, n * sizeof *c->intent);
		} else {
			size_t room = c->intents_room ? 2 * c->intents_room : 16;

			grown = reallocarray(NULL, room, sizeof *grown);
			if (!grown)
				return false;
			if (n)
				memcpy(grown, c->intent + c->first, n * sizeof *grown);
			free(c->intent);
			c->intent = grown;
			c->intents_room = room;
		}
		c->first = 0;
		c->nintents = n;
	}
	c->intent[c->nintents++] = *in;
	return true;
}

static size_t intent_place(const struct carry *c, uint64_t seq)
{
	size_t lo = c->first, hi = c->nintents;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->intent[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct carry_intent *carry_intent_find(const struct carry *c, uint64_t seq)
{
	size_t i = intent_place(c, seq);

	return i < c->nintents && c->intent[i].seq == seq ? &c->intent[i] : NULL;
}

bool intent_drop(struct carry *c, uint64_t seq)
{
	size_t i = intent_place(c, seq);

	if (i == c->nintents || c->intent[i].seq != seq)
		return false;
	/* The shorter side moves. */
	if (i - c->first < c->nintents - i) {
		memmove(c->intent + c->first + 1, c->intent + c->first, (i - c->first) * sizeof *c->intent);
		c->first++;
	} else {
		c->nintents--;
		memmove(c->intent + i, c->intent + i + 1, (c->nintents - i) * sizeof *c->intent);
	}
	return true;
}

/* ---- tickets ---- */

static uint64_t expiry(const struct record *r)
{
	uint64_t end;

	if (__builtin_add_overflow(r->field[AUDIT_WALL].u, r->field[AUDIT_TTL].u, &end))
		end = UINT64_MAX;
	if (record_has(r, AUDIT_EXPIRES) && r->field[AUDIT_EXPIRES].u < end)
		end = r->field[AUDIT_EXPIRES].u;
	return end;
}

bool ticket_keep(struct carry *c, const struct record *r, struct krux_str bytes,
                 const uint8_t leaf[static HASH_LEN])
{
	const struct name *agent = name_keep(c, r->field[AUDIT_AGENT].s),
			  *workspace = name_keep(c, r->field[AUDIT_WORKSPACE].s),
			  *capability = name_keep(c, r->field[AUDIT_CAPABILITY].s);
	struct ticket *t;

	if (!agent || !workspace || !capability || !grow(&c->ticket, c->ntickets, sizeof *c->ticket))
		return false;
	t = calloc(1, sizeof *t + bytes.n);
	if (!t)
		return false;
	memcpy(t->bytes, bytes.p, bytes.n);
	t->t = (struct carry_ticket){
		.seq = r->field[AUDIT_SEQ].u, .wall = r->field[AUDIT_WALL].u, .mono = r->field[AUDIT_MONO].u,
		.ttl = r->field[AUDIT_TTL].u, .expires = expiry(r), .bytes = { t->bytes, bytes.n },
		.agent = agent->key, .workspace = workspace->key, .capability = capability->key,
	};
	memcpy(t->t.leaf, leaf, HASH_LEN);
	memcpy(t->t.boot, r->field[AUDIT_BOOT].s.p, sizeof t->t.boot);
	t->key = (struct krux_str){ (char *)t->t.leaf, HASH_LEN };
	if (!table_put(&c->tickets, t)) {
		free(t);
		return false;
	}
	c->ticket[c->ntickets++] = t;
	return true;
}

bool accept_keep(struct ticket *t, const struct carry_accept *a, struct carry *c)
{
	struct carry_accept *list = (struct carry_accept *)(uintptr_t)t->t.accept;
	const struct name *name = name_keep(c, a->name);

	if (!name || !grow(&list, t->t.naccepts, sizeof *list))
		return false;
	list[t->t.naccepts] = *a;
	list[t->t.naccepts].name = name->key;
	t->t.accept = list;
	t->t.naccepts++;
	return true;
}

struct ticket *ticket_find(const struct carry *c, const uint8_t leaf[static HASH_LEN])
{
	return table_find(&c->tickets, (struct krux_str){ (const char *)leaf, HASH_LEN });
}

void ticket_drop(struct carry *c, struct ticket *t)
{
	size_t lo = 0, hi = c->ntickets;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->ticket[mid]->t.seq < t->t.seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	table_remove(&c->tickets, t);
	c->ntickets--;
	memmove(c->ticket + lo, c->ticket + lo + 1, (c->ntickets - lo) * sizeof *c->ticket);
	free((void *)(uintptr_t)t->t.accept);
	free(t);
}

/* ---- agents, keys, freezes, nonces ---- */

bool agent_keep(struct carry *c, const struct carry_agent *a)
{
	struct agent *known = table_find(&c->agents, a->name);
	const struct name *name = name_keep(c, a->name), *workspace = name_keep(c, a->workspace);
	size_t i = c->nagents;

	if (!name || !workspace)
		return false;
	if (!known) {
		known = grow(&c->agent, c->nagents, sizeof *c->agent) ? calloc(1, sizeof *known) : NULL;
		if (!known)
			return false;
		known->key = name->key;
		if (!table_put(&c->agents, known)) {
			free(known);
			return false;
		}
		while (i && table_order(c->agent[i - 1]->key, name->key) > 0)
			i--;
		memmove(c->agent + i + 1, c->agent + i, (c->nagents - i) * sizeof *c->agent);
		c->agent[i] = known;
		c->nagents++;
	}
	known->a = *a;
	known->a.name = name->key;
	known->a.workspace = workspace->key;
	return true;
}

static int agent_order(const void *a, const void *b)
{
	const struct agent *x = *(struct agent *const *)a, *y = *(struct agent *const *)b;

	return (x->a.seq > y->a.seq) - (x->a.seq < y->a.seq);
}

bool agents_number(struct carry *c)
{
	struct agent **order = reallocarray(NULL, c->nagents + 1, sizeof *order);

	if (!order)
		return false;
	for (size_t i = 0; i < c->nagents; i++)
		order[i] = c->agent[i];
	if (c->nagents)
		qsort(order, c->nagents, sizeof *order, agent_order);
	for (size_t i = 0; i < c->nagents; i++)
		order[i]->a.place = i;
	free(order);
	c->numbered = true;
	return true;
}

bool key_keep(struct carry *c, const struct carry_key *k)
{
	const struct name *role = name_keep(c, k->role), *name = name_keep(c, k->name);

	if (!role || !name || !grow(&c->key, c->nkeys, sizeof *c->key))
		return false;
	c->key[c->nkeys] = *k;
	c->key[c->nkeys].role = role->key;
	c->key[c->nkeys].name = name->key;
	c->nkeys++;
	return true;
}

bool freeze_keep(struct carry *c, struct krux_str agent, uint64_t seq)
{
	const struct name *name;
	size_t i = 0;

	while (i < c->nfreezes && table_order(c->freeze[i].agent->key, agent) < 0)
		i++;
	if (i < c->nfreezes && krux_str_eq(c->freeze[i].agent->key, agent))
		return true;
	name = name_keep(c, agent);
	if (!name || !grow(&c->freeze, c->nfreezes, sizeof *c->freeze))
		return false;
	memmove(c->freeze + i + 1, c->freeze + i, (c->nfreezes - i) * sizeof *c->freeze);
	c->freeze[i] = (struct freeze){ name, seq };
	c->nfreezes++;
	return true;
}

void freeze_drop(struct carry *c, struct krux_str agent)
{
	for (size_t i = 0; i < c->nfreezes; i++)
		if (krux_str_eq(c->freeze[i].agent->key, agent)) {
			c->nfreezes--;
			memmove(c->freeze + i, c->freeze + i + 1, (c->nfreezes - i) * sizeof *c->freeze);
			return;
		}
}

bool nonce_keep(struct carry *c, const uint8_t nonce[static 16])
{
	struct nonce *n = calloc(1, sizeof *n);

	if (!n)
		return false;
	memcpy(n->bytes, nonce, sizeof n->bytes);
	n->key = (struct krux_str){ (char *)n->bytes, sizeof n->bytes };
	if (table_put(&c->nonces, n))
		return true;
	free(n);
	return false;
}
