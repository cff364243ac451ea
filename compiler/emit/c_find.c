/* From the names of capabilities to a hash table with few collisions: of some seeds, the one
 * with which names stand nearest to where their hash says. */
#include "compiler/emit/c_find.h"

#include <inttypes.h>
#include <string.h>

enum { SEEDS = 32 };

struct named {
	struct krux_str name;
	uint32_t first, versions;
};

struct finder {
	struct named *named;
	uint32_t n;
	uint32_t nslots;                     /* a power of two, at least twice n */
	uint32_t seed;
	uint32_t *slot;                      /* index into named + 1 */
};

static uint64_t word_at(const char *p, size_t n)
{
	uint64_t x = 0;

	for (size_t i = 0; i < n && i < 8; i++)
		x |= (uint64_t)(unsigned char)p[i] << 8 * i;
	return x;
}

/* As name_hash of prelude/lookup.h. */
static uint64_t name_hash(struct krux_str s, uint32_t seed)
{
	uint64_t h = (s.n + (uint64_t)seed) * 0x9E3779B97F4A7C15u;

	for (size_t i = 0; i < s.n; i += 8) {
		h = (h ^ word_at(s.p + i, s.n - i)) * 0xD6E8FEB86659FD93u;
		h ^= h >> 32;
	}
	return h;
}

static void names_collect(struct finder *f, struct arena *a, const struct capability_set *set)
{
	f->named = ARENA_ARRAY(a, struct named, set->n + 1);
	for (uint32_t i = 0; i < set->n; i++) {
		if (f->n && krux_str_eq(f->named[f->n - 1].name, set->cap[i]->name))
			f->named[f->n - 1].versions++;
		else
			f->named[f->n++] = (struct named){ set->cap[i]->name, i, 1 };
	}
}

/* Fills the slots; how many are looked at to find every name once. */
static uint64_t place(struct finder *f, uint32_t seed)
{
	uint64_t looks = 0;

	memset(f->slot, 0, f->nslots * sizeof *f->slot);
	f->seed = seed;
	for (uint32_t i = 0; i < f->n; i++)
		for (uint64_t h = name_hash(f->named[i].name, seed);; h++) {
			looks++;
			if (f->slot[h & (f->nslots - 1)])
				continue;
			f->slot[h & (f->nslots - 1)] = i + 1;
			break;
		}
	return looks;
}

static void put_table(struct buf *b, struct arena *a, const struct finder *f)
{
	size_t line = 0;

	buf_printf(b, "enum { NAME_SLOTS = %" PRIu32 ", NAME_SEED = %" PRIu32 " };\n\n", f->nslots, f->seed);
	buf_puts(b, "static const struct named named[NAME_SLOTS] = {");
	for (uint32_t i = 0; i < f->nslots; i++) {
		const struct named *n = f->slot[i] ? &f->named[f->slot[i] - 1] : NULL;

		if (n)
			c_item(b, &line, false, arena_printf(a, "[%" PRIu32 "] = { %" PRIu32 ", %zu, %" PRIu32 " }", i, n->first, n->name.n,
			                              n->versions));
	}
	buf_puts(b, "\n};\n\n");
}

void c_find_print(struct buf *b, struct arena *a, const struct capability_set *set)
{
	struct finder f = { .nslots = 2 };
	uint64_t best = UINT64_MAX;
	uint32_t seed = 0;

	names_collect(&f, a, set);
	while (f.nslots < f.n * 2)
		f.nslots *= 2;
	f.slot = ARENA_ARRAY(a, uint32_t, f.nslots);
	for (uint32_t i = 0; i < SEEDS; i++) {
		uint64_t looks = place(&f, i);

		if (looks < best) {
			best = looks;
			seed = i;
		}
	}
	place(&f, seed);
	put_table(b, a, &f);
}
