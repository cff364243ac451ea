/* Which rules meet which capabilities: an index, so that no pass is rules times capabilities. */
#include "compiler/model/model.h"

static void policy_index(struct arena *a, struct policy *p, size_t ncaps)
{
	uint32_t *from = ARENA_ARRAY(a, uint32_t, ncaps + 2),
		 *next = ARENA_ARRAY(a, uint32_t, ncaps + 2);
	struct meet *meet;

	for (size_t i = 0; i < p->nrules; i++)
		for (size_t k = 0; k < p->rule[i].non; k++)
			from[p->rule[i].on[k].cap->index + 1]++;
	for (size_t c = 0; c < ncaps; c++)
		from[c + 1] += from[c];
	for (size_t c = 0; c <= ncaps; c++)
		next[c] = from[c];
	meet = ARENA_ARRAY(a, struct meet, from[ncaps] + 1);
	for (size_t i = 0; i < p->nrules; i++)
		for (size_t k = 0; k < p->rule[i].non; k++) {
			const struct rule_cap *rc = &p->rule[i].on[k];

			meet[next[rc->cap->index]++] = (struct meet){ &p->rule[i], rc };
		}
	p->meet = meet;
	p->meet_from = from;
}

void build_index(struct arena *a, struct build *b)
{
	struct policy *list = ARENA_ARRAY(a, struct policy, b->npolicies + 1);

	for (size_t i = 0; i < b->npolicies; i++) {
		list[i] = b->policy[i];
		policy_index(a, &list[i], b->caps.n);
	}
	b->policy = list;
}

size_t policy_meets(const struct policy *p, const struct capability *cap, const struct meet **out)
{
	*out = p->meet + p->meet_from[cap->index];
	return p->meet_from[cap->index + 1] - p->meet_from[cap->index];
}
