/* Open addressing, linear, at most three quarters full. Hashed under a key of this process, so
 * that nobody can choose what collides. Before that a few items that were found lately are looked at, by a
 * hash that costs nothing; who makes keys that collide there gains that they are found the usual way. */
#include "runtime/record/table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(struct krux_str key)
{
	static uint8_t secret[crypto_shorthash_KEYBYTES];
	static bool ready;
	uint64_t h;

	if (!ready) {
		randombytes_buf(secret, sizeof secret);
		ready = true;
	}
	crypto_shorthash((uint8_t *)&h, (const uint8_t *)key.p, key.n, secret);
	return h;
}

enum { RECENT = 64 };

static inline size_t recent_place(struct krux_str key)
{
	uint64_t first = 0, last = 0;

	if (key.n >= sizeof first) {
		first = table_word(key.p);
		last = table_word(key.p + key.n - sizeof last);
	} else if (key.n) {
		memcpy(&first, key.p, key.n);
	}
	first = (first + key.n) * 0x9E3779B97F4A7C15u ^ last;
	return first * 0xD6E8FEB86659FD93u >> 58;
}

void *table_find(const struct table *t, struct krux_str key)
{
	struct krux_str **recent;
	uint64_t h;

	if (!t->n)
		return NULL;
	recent = &t->recent[recent_place(key)];
	if (*recent && table_same(**recent, key))
		return *recent;
	h = hash_of(key);
	for (size_t i = h & (t->room - 1); t->slot[i].item; i = (i + 1) & (t->room - 1))
		if (t->slot[i].hash == h && krux_str_eq(*t->slot[i].item, key))
			return *recent = t->slot[i].item;
	return NULL;
}

static void slot_put(struct table *t, struct table_slot s)
{
	size_t i = s.hash & (t->room - 1);

	while (t->slot[i].item)
		i = (i + 1) & (t->room - 1);
	t->slot[i] = s;
}

static bool table_grow(struct table *t)
{
	struct table grown = { .n = t->n, .room = t->room ? 2 * t->room : 16, .recent = t->recent };

	if (!grown.recent && !(grown.recent = calloc(RECENT, sizeof *grown.recent)))
		return false;
	t->recent = grown.recent;
	grown.slot = calloc(grown.room, sizeof *grown.slot);
	if (!grown.slot)
		return false;
	for (size_t i = 0; i < t->room; i++)
		if (t->slot[i].item)
			slot_put(&grown, t->slot[i]);
	free(t->slot);
	*t = grown;
	return true;
}

bool table_put(struct table *t, void *item)
{
	struct krux_str *key = item;

	if (4 * (t->n + 1) > 3 * t->room && !table_grow(t))
		return false;
	slot_put(t, (struct table_slot){ hash_of(*key), key });
	t->n++;
	return true;
}

void table_remove(struct table *t, const void *item)
{
	const struct krux_str *key = item;
	size_t mask = t->room - 1, i = hash_of(*key) & mask;

	struct krux_str **recent = &t->recent[recent_place(*key)];

	if (*recent == key)
		*recent = NULL;
	while (t->slot[i].item != key)
		i = (i + 1) & mask;
	t->slot[i].item = NULL;
	t->n--;
	/* Those behind it that would not be found any more move up. */
	for (size_t k = (i + 1) & mask; t->slot[k].item; k = (k + 1) & mask) {
		struct table_slot s = t->slot[k];

		t->slot[k].item = NULL;
		slot_put(t, s);
	}
}

void table_free(struct table *t)
{
	free(t->slot);
	free(t->recent);
	*t = (struct table){ 0 };
}

void *table_each(const struct table *t, size_t *at)
{
	while (*at < t->room) {
		struct krux_str *item = t->slot[(*at)++].item;

		if (item)
			return item;
	}
	return NULL;
}

int table_order(struct krux_str a, struct krux_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int item_order(const void *a, const void *b)
{
	return table_order(**(struct krux_str *const *)a, **(struct krux_str *const *)b);
}

void **table_sorted(const struct table *t)
{
	void **item = reallocarray(NULL, t->n ? t->n : 1, sizeof *item);
	size_t at = 0;

	for (size_t i = 0; item && i < t->n; i++)
		item[i] = table_each(t, &at);
	if (item)
		qsort(item, t->n, sizeof *item, item_order);
	return item;
}
