/* Calls by class to children made beforehand. A class grows to twice as many when it runs out, and gives up half of
 * what was left over in a window of time. */
#include "runtime/spawn/pool.h"

#include <string.h>

static const uint64_t never = UINT64_MAX;

void pool_init(struct pool *p, unsigned each, unsigned all)
{
	*p = (struct pool){ .each = each < POOL_ALL ? each : POOL_ALL, .all = all < POOL_ALL ? all : POOL_ALL };
}

bool pool_key_same(const struct pool_key *a, const struct pool_key *b)
{
	return !memcmp(a->owner, b->owner, sizeof a->owner) && a->device == b->device && a->inode == b->inode &&
		a->uid == b->uid && a->gid == b->gid && a->disk_uid == b->disk_uid && a->disk_gid == b->disk_gid && a->profile == b->profile;
}

static struct pool_class *class_find(struct pool *p, const struct pool_key *key)
{
	for (size_t i = 0; i < POOL_ALL; i++)
		if (p->kind[i].on && pool_key_same(&p->kind[i].key, key))
			return &p->kind[i];
	return NULL;
}

/* NULL: there are too many, and calls of one more are served without a pool. */
static struct pool_class *class_make(struct pool *p, const struct pool_key *key, uint64_t now)
{
	for (size_t i = 0; i < POOL_ALL; i++)
		if (!p->kind[i].on) {
			p->kind[i] = (struct pool_class){ .on = true, .key = *key, .window = now };
			return &p->kind[i];
		}
	return NULL;
}

static int eldest(const struct pool *p, unsigned kind)
{
	int found = -1;

	for (int i = 0; i < POOL_ALL; i++)
		if (p->place[i].state == POOL_WAITING && p->place[i].kind == kind &&
		    (found < 0 || p->place[i].since < p->place[found].since))
			found = i;
	return found;
}

static void class_grow(struct pool *p, struct pool_class *c)
{
	c->want = c->want ? 2 * c->want : 1;
	if (c->want > p->each)
		c->want = p->each;
}

int pool_take(struct pool *p, const struct pool_key *key, uint64_t now)
{
	struct pool_class *c;
	int place;

	if (!p->all)
		return -1;
	c = class_find(p, key);
	if (!c && !(c = class_make(p, key, now)))
		return -1;
	place = eldest(p, (unsigned)(c - p->kind));
	if (place >= 0) {
		c->has--;
		p->place[place].state = POOL_FREE;
	}
	if (!c->has)
		class_grow(p, c);
	if (!c->asked || c->has < c->least)
		c->least = c->has;
	c->asked = true;
	return place;
}

static unsigned places_taken(const struct pool *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < POOL_ALL; i++)
		n += p->place[i].state != POOL_FREE;
	return n;
}

int pool_due(struct pool *p, bool busy, const struct pool_key **key)
{
	struct pool_class *c = NULL;

	if (places_taken(p) >= p->all)
		return -1;
	/* Who has fewest first. */
	for (size_t i = 0; i < POOL_ALL; i++)
		if (p->kind[i].on && p->kind[i].has < (busy && p->kind[i].want ? 1 : p->kind[i].want) &&
		    (!c || p->kind[i].has < c->has))
			c = &p->kind[i];
	for (int i = 0; c && i < POOL_ALL; i++)
		if (p->place[i].state == POOL_FREE) {
			p->place[i] = (struct pool_place){ POOL_WAITING, (unsigned)(c - p->kind), p->count++ };
			c->has++;
			*key = &c->key;
			return i;
		}
	return -1;
}

static void window_end(struct pool_class *c, uint64_t now)
{
	if (!c->asked)
		c->want = 0;
	else
		c->want -= c->least < c->want ? (c->least + 1) / 2 : c->want - 1;
	c->asked = false;
	c->window = now;
}

static int class_end_one(struct pool *p, struct pool_class *c)
{
	int place = eldest(p, (unsigned)(c - p->kind));

	c->has--;
	p->place[place].state = POOL_ENDING;
	return place;
}

int pool_surplus(struct pool *p, uint64_t now)
{
	for (size_t i = 0; i < POOL_ALL; i++) {
		struct pool_class *c = &p->kind[i];

		if (!c->on)
			continue;
		if (now >= c->window + pool_window)
			window_end(c, now);
		if (c->has > c->want)
			return class_end_one(p, c);
		if (!c->want && !c->asked)
			c->on = false;
	}
	return -1;
}

int pool_revoke(struct pool *p, const uint8_t *owner)
{
	for (size_t i = 0; i < POOL_ALL; i++) {
		struct pool_class *c = &p->kind[i];

		if (!c->on || (owner && memcmp(c->key.owner, owner, POOL_OWNER) != 0))
			continue;
		if (c->has)
			return class_end_one(p, c);
		c->on = false;
	}
	return -1;
}

void pool_gone(struct pool *p, int place)
{
	struct pool_place *q = &p->place[place];

	if (q->state == POOL_WAITING) {
		struct pool_class *c = &p->kind[q->kind];

		c->want = --c->has;
	}
	q->state = POOL_FREE;
}

bool pool_knows(const struct pool *p, const struct pool_key *key)
{
	for (size_t i = 0; i < POOL_ALL; i++)
		if (p->kind[i].on && pool_key_same(&p->kind[i].key, key))
			return true;
	return false;
}

uint64_t pool_next(const struct pool *p, uint64_t now)
{
	uint64_t next = never;

	for (size_t i = 0; i < POOL_ALL; i++)
		if (p->kind[i].on && p->kind[i].window + pool_window < next)
			next = p->kind[i].window + pool_window;
	return next == never ? 0 : next > now ? next : now;
}

unsigned pool_waiting(const struct pool *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < POOL_ALL; i++)
		n += p->place[i].state == POOL_WAITING;
	return n;
}
