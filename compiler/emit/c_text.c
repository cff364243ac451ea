/* The table of automata: what is in it once, whole or in parts. */
#include "compiler/emit/c.h"

#include <string.h>

struct c_texts *c_texts_new(struct arena *a)
{
	struct c_texts *t = ARENA_NEW(a, struct c_texts);

	t->a = a;
	t->components = c_words_new(a);
	t->nslots = t->nwholes = 1024;
	t->slot = ARENA_ARRAY(a, struct c_text_slot, t->nslots);
	t->whole = ARENA_ARRAY(a, struct c_text_whole, t->nwholes);
	return t;
}

/* ---- equal instructions once ---- */

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001B3u;
	return h ^ h >> 31;
}

static struct c_text_slot *slot_find(const struct c_texts *t, struct c_text_slot *slot, size_t nslots, const uint8_t *p,
                              uint32_t n)
{
	for (uint64_t h = hash_bytes(0xCBF29CE484222325u, p, n);; h++) {
		struct c_text_slot *s = &slot[h & (nslots - 1)];

		if (!s->n || (s->n == n && !memcmp(t->code + s->at, p, n)))
			return s;
	}
}

static void slots_grow(struct c_texts *t)
{
	struct c_text_slot *bigger = ARENA_ARRAY(t->a, struct c_text_slot, t->nslots * 2);

	for (size_t i = 0; i < t->nslots; i++)
		if (t->slot[i].n)
			*slot_find(t, bigger, t->nslots * 2, t->code + t->slot[i].at, t->slot[i].n) = t->slot[i];
	t->slot = bigger;
	t->nslots *= 2;
}

bool c_texts_intern(struct c_texts *t, uint32_t *at)
{
	uint32_t n = (uint32_t)(t->n - *at);
	struct c_text_slot *s;

	if (t->used * 2 >= t->nslots)
		slots_grow(t);
	s = slot_find(t, t->slot, t->nslots, t->code + *at, n);
	if (s->n) {
		t->n = *at;
		*at = s->at;
		return true;
	}
	*s = (struct c_text_slot){ *at, n };
	t->used++;
	return false;
}

/* ---- whole automata once ---- */

/* An automaton is known by a digest of it: it may be gone when the next one comes. */
static void whole_key(const struct dd_automaton *fa, const uint32_t *class, uint8_t key[static KRUX_SHA256])
{
	struct krux_sha256_state sha;

	krux_sha256_start(&sha);
	krux_sha256_add(&sha, &fa->nstates, sizeof fa->nstates);
	for (uint32_t i = 0; i < fa->nstates; i++) {
		uint32_t row[3] = { class[i], fa->state[i].first, fa->state[i].n };

		krux_sha256_add(&sha, row, sizeof row);
	}
	for (uint32_t i = 0; i < fa->nranges; i++) {
		uint32_t row[3] = { fa->range[i].lo, fa->range[i].hi, fa->range[i].to };

		krux_sha256_add(&sha, row, sizeof row);
	}
	krux_sha256_end(&sha, key);
}

static struct c_text_whole *whole_find(struct c_text_whole *whole, size_t n, const uint8_t *key)
{
	uint64_t h;

	memcpy(&h, key, sizeof h);
	for (;; h++) {
		struct c_text_whole *w = &whole[h & (n - 1)];

		if (!w->used || !memcmp(w->key, key, sizeof w->key))
			return w;
	}
}

static void wholes_grow(struct c_texts *t)
{
	struct c_text_whole *bigger = ARENA_ARRAY(t->a, struct c_text_whole, t->nwholes * 2);

	for (size_t i = 0; i < t->nwholes; i++)
		if (t->whole[i].used)
			*whole_find(bigger, t->nwholes * 2, t->whole[i].key) = t->whole[i];
	t->whole = bigger;
	t->nwholes *= 2;
}

void c_texts_check(const struct c_texts *t, struct diags *ds)
{
	if (t->full)
		diag_error(ds, 9003, (struct span){ 0 }, "the automata of all capabilities come to more than 8 MiB");
}

uint32_t c_texts_add(struct c_texts *t, const struct dd_automaton *fa, const uint32_t *class,
                     struct krux_str what)
{
	struct arena *scratch;
	struct shape shape;
	struct c_text_whole *w;
	uint8_t key[KRUX_SHA256];
	size_t from = t->n;

	if (t->used_wholes * 2 >= t->nwholes)
		wholes_grow(t);
	whole_key(fa, class, key);
	w = whole_find(t->whole, t->nwholes, key);
	if (w->used)
		return w->target;
	scratch = arena_new();
	shape_make(&shape, scratch, fa, class);
	w->used = true;
	w->target = c_code(t, &shape, scratch);
	memcpy(w->key, key, sizeof w->key);
	t->used_wholes++;
	arena_free(scratch);
	if (t->n > from)
		ARENA_PUSH(t->a, t->block, t->nblocks, t->cap_blocks,
		           ((struct c_text_block){ (uint32_t)from, arena_str(t->a, what) }));
	return w->target;
}
