/* From the classes of an automaton to a short text of each, for comments. */
#include "compiler/emit/c_decide.h"

#include <string.h>

#include "capspec/canon.h"

enum { MOST_STATES = 20000, LONGEST = 60 };

struct step {
	uint32_t from, scalar;
	bool seen;
};

/* The scalar of a range that reads best. */
static uint32_t readable(uint32_t lo, uint32_t hi)
{
	static const uint32_t first[] = { 'a', 'A', '0', '/', '.', '-', '_' };

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		if (first[i] >= lo && first[i] <= hi)
			return first[i];
	if (lo < ' ' && hi >= ' ')
		return ' ';
	return lo;
}

static struct krux_str spell(struct arena *a, const struct step *step, uint32_t q)
{
	char text[4 * LONGEST];
	size_t at = sizeof text;
	unsigned length = 0;

	for (; q; q = step[q].from) {
		char scalar[4];
		unsigned n = krux_utf8_put(step[q].scalar, scalar);

		if (length++ == LONGEST)
			return (struct krux_str){ 0 };
		at -= n;
		memcpy(text + at, scalar, n);
	}
	return arena_str(a, (struct krux_str){ text + at, sizeof text - at });
}

const struct krux_str *c_samples(struct arena *a, const struct c_node *node)
{
	const struct dd_automaton *fa = node->dd->fa;
	struct krux_str *sample = ARENA_ARRAY(a, struct krux_str, node->nchildren + 1);
	struct arena *scratch;
	struct step *step;
	uint32_t *todo, n = 0;

	if (fa->nstates > MOST_STATES)
		return sample;
	scratch = arena_new();
	step = ARENA_ARRAY(scratch, struct step, fa->nstates);
	todo = ARENA_ARRAY(scratch, uint32_t, fa->nstates);
	step[0].seen = true;
	todo[n++] = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t q = todo[i], class = node->class[q];

		if (class != C_ANY && !sample[class].n && q)
			sample[class] = spell(a, step, q);
		for (uint32_t k = fa->state[q].first; k < fa->state[q].first + fa->state[q].n; k++) {
			uint32_t to = fa->range[k].to;

			if (step[to].seen)
				continue;
			step[to] = (struct step){ q, readable(fa->range[k].lo, fa->range[k].hi), true };
			todo[n++] = to;
		}
	}
	arena_free(scratch);
	return sample;
}
