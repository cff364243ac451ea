/* From automata of byte fields to rows of octets[] (prelude/octets.h): scalar k + 1 of the
 * diagram is byte k. */
#include "compiler/emit/c.h"

#include <inttypes.h>

/* Ranges of a state that speak of bytes, neighbours with one target together. */
static uint32_t pairs(const struct dd_automaton *fa, uint32_t q, struct dd_range *out)
{
	const struct dd_state *s = &fa->state[q];
	uint32_t n = 0;

	for (uint32_t i = s->first; i < s->first + s->n && fa->range[i].lo <= 256; i++) {
		uint32_t hi = fa->range[i].hi < 256 ? fa->range[i].hi : 256;

		out[n++] = (struct dd_range){ fa->range[i].lo - 1, hi - 1, fa->range[i].to };
	}
	return n == 1 && out[0].to == q ? 0 : n;
}

uint32_t c_octets_add(struct c_file *f, const struct dd_automaton *fa, const uint32_t *class)
{
	struct arena *scratch = arena_new();
	uint32_t *row = ARENA_ARRAY(scratch, uint32_t, fa->nstates + 1);
	struct dd_range pair[256];
	uint32_t start = (uint32_t)f->noctets, at = start;

	for (uint32_t q = 0; q < fa->nstates; q++) {
		row[q] = at;
		at += 2 + 2 * pairs(fa, q, pair);
	}
	for (uint32_t q = 0; q < fa->nstates; q++) {
		uint32_t n = pairs(fa, q, pair);

		ARENA_PUSH(f->a, f->octet, f->noctets, f->cap_octets, class[q] == C_ANY ? 0 : class[q]);
		ARENA_PUSH(f->a, f->octet, f->noctets, f->cap_octets, n);
		for (uint32_t i = 0; i < n; i++) {
			ARENA_PUSH(f->a, f->octet, f->noctets, f->cap_octets, pair[i].hi);
			ARENA_PUSH(f->a, f->octet, f->noctets, f->cap_octets, row[pair[i].to]);
		}
	}
	arena_free(scratch);
	return start;
}

void c_octets_print(struct buf *b, const struct c_file *f)
{
	buf_printf(b, "static const uint32_t octets[%zu] = {", f->noctets);
	for (size_t i = 0; i < f->noctets; i++)
		buf_printf(b, "%s%" PRIu32 ",", i % 12 ? " " : "\n\t", f->octet[i]);
	buf_puts(b, "\n};\n\n");
}
