/* States of a component to blocks of equal states. A state's signature is its output and its
 * arcs to blocks; whenever a block splits, all parts but the largest become new blocks, and
 * only the states that lead to one of those are looked at again (Hopcroft's smaller half). */
#include "compiler/dd/graph.h"

#include <stdlib.h>
#include <string.h>

void refine_free(struct refine *r)
{
	ROOM_FREE(r->block, r->cap_block);
	ROOM_FREE(r->some, r->cap_some);
	ROOM_FREE(r->first, r->cap_first);
	ROOM_FREE(r->arc, r->cap_arcs);
	ROOM_FREE(r->local, r->cap_local);
	ROOM_FREE(r->pos, r->cap_pos);
	ROOM_FREE(r->chain, r->cap_chain);
	ROOM_FREE(r->sig, r->cap_sig);
	ROOM_FREE(r->is_dirty, r->cap_is_dirty);
	ROOM_FREE(r->elem, r->cap_elem);
	ROOM_FREE(r->pred_first, r->cap_pred_first);
	ROOM_FREE(r->pred, r->cap_pred);
	ROOM_FREE(r->dirty, r->cap_dirty);
	ROOM_FREE(r->moved, r->cap_moved);
	ROOM_FREE(r->start, r->cap_start);
	ROOM_FREE(r->len, r->cap_len);
	ROOM_FREE(r->groups, r->cap_groups);
	ROOM_FREE(r->group, r->cap_group);
	ROOM_FREE(r->slot, r->cap_slot);
	ROOM_FREE(r->touched, r->cap_touched);
	ROOM_FREE(r->work, r->cap_work);
}

static void rooms_make(struct refine *r, uint32_t n, uint32_t k)
{
	uint32_t slots = 4;

	while (slots < 2 * k)
		slots *= 2;
	STORE_ROOM(r->block, n, r->cap_block);
	STORE_ROOM(r->local, n, r->cap_local);
	STORE_ROOM(r->pos, n, r->cap_pos);
	STORE_ROOM(r->chain, n, r->cap_chain);
	STORE_ROOM(r->sig, n, r->cap_sig);
	STORE_ROOM(r->is_dirty, n, r->cap_is_dirty);
	STORE_ROOM(r->some, k, r->cap_some);
	STORE_ROOM(r->first, k + 1u, r->cap_first);
	STORE_ROOM(r->elem, k, r->cap_elem);
	STORE_ROOM(r->pred_first, k + 2u, r->cap_pred_first);
	STORE_ROOM(r->dirty, k, r->cap_dirty);
	STORE_ROOM(r->moved, k, r->cap_moved);
	STORE_ROOM(r->start, k, r->cap_start);
	STORE_ROOM(r->len, k, r->cap_len);
	STORE_ROOM(r->groups, k, r->cap_groups);
	STORE_ROOM(r->group, k, r->cap_group);
	STORE_ROOM(r->slot, slots, r->cap_slot);
	STORE_ROOM(r->touched, k, r->cap_touched);
}

static bool is_member(const struct graph *g, uint32_t to)
{
	return (to & GRAPH_NEW) && g->canon[to & ~GRAPH_NEW] == NONE;
}

/* Where an arc leads: a canonical state, or a block. */
static uint32_t target(const struct graph *g, uint32_t to)
{
	uint32_t canon;

	if (!(to & GRAPH_NEW))
		return to;
	canon = g->canon[to & ~GRAPH_NEW];
	return canon != NONE ? canon : GRAPH_NEW | g->refine->block[to & ~GRAPH_NEW];
}

static void preds_find(struct graph *g, const uint32_t *members, uint32_t k)
{
	struct refine *r = g->refine;
	uint32_t *first = r->pred_first, total = 0;

	memset(first, 0, (k + 2u) * sizeof *first);
	for (uint32_t i = 0; i < k; i++)
		for (uint32_t j = g->first[members[i]]; j < g->first[members[i] + 1]; j++)
			if (is_member(g, g->arc[j].to)) {
				first[r->local[g->arc[j].to & ~GRAPH_NEW] + 2]++;
				total++;
			}
	STORE_ROOM(r->pred, total + 1u, r->cap_pred);
	for (uint32_t i = 0; i < k; i++)
		first[i + 2] += first[i + 1];
	for (uint32_t i = 0; i < k; i++)
		for (uint32_t j = g->first[members[i]]; j < g->first[members[i] + 1]; j++)
			if (is_member(g, g->arc[j].to))
				r->pred[first[r->local[g->arc[j].to & ~GRAPH_NEW] + 1]++] = members[i];
}

static uint64_t signature(const struct graph *g, uint32_t s)
{
	const struct arc *arc = g->arc + g->first[s], *end = g->arc + g->first[s + 1];
	uint64_t h = mix(g->refine->seed, g->out[s]);
	uint32_t to = target(g, arc->to);

	for (; arc + 1 < end; arc++) {
		uint32_t next = target(g, arc[1].to);

		if (next != to)
			h = mix(h, (uint64_t)arc->hi << 32 | to);
		to = next;
	}
	return mix(h, to);
}

/* The group of what is in the block of s with its signature. */
static void group_add(struct refine *r, uint32_t s, uint32_t mask)
{
	uint32_t block = r->block[s];
	uint64_t h = mix(r->sig[s], block);

	for (;; h++) {
		uint32_t *at = &r->slot[h & mask], i = *at;

		if (i == NONE) {
			i = *at = r->ngroups++;
			if (r->groups[block] == NONE)
				r->touched[r->ntouched++] = block;
			r->group[i] = (struct group){ block, NONE, 0, r->groups[block] };
			r->groups[block] = i;
		}
		if (r->group[i].block == block && (r->group[i].head == NONE || r->sig[r->group[i].head] == r->sig[s])) {
			r->chain[s] = r->group[i].head;
			r->group[i].head = s;
			r->group[i].count++;
			return;
		}
	}
}

static void part_move(struct refine *r, uint32_t from, uint32_t n)
{
	uint32_t b = r->nblocks++;

	r->start[b] = from;
	r->len[b] = n;
	r->groups[b] = NONE;
	for (uint32_t i = from; i < from + n; i++) {
		r->block[r->elem[i]] = b;
		r->moved[r->nmoved++] = r->elem[i];
	}
}

/* Puts the groups of a block behind what nobody looked at, and makes blocks of all but the
 * largest part. */
static void block_split(struct refine *r, uint32_t b)
{
	uint32_t end = r->start[b] + r->len[b], from = r->start[b], rest, largest = NONE, most, at;

	rest = r->len[b];
	for (uint32_t i = r->groups[b]; i != NONE; i = r->group[i].next)
		rest -= r->group[i].count;
	if (!rest && r->group[r->groups[b]].next == NONE)
		return;
	most = rest;
	for (uint32_t i = r->groups[b]; i != NONE; i = r->group[i].next) {
		if (r->group[i].count > most) {
			most = r->group[i].count;
			largest = i;
		}
		for (uint32_t s = r->group[i].head; s != NONE; s = r->chain[s]) {
			uint32_t other = r->elem[--end];

			r->elem[r->pos[s]] = other;
			r->pos[other] = r->pos[s];
			r->elem[end] = s;
			r->pos[s] = end;
		}
	}
	at = r->start[b] + r->len[b];
	for (uint32_t i = r->groups[b]; i != NONE; i = r->group[i].next) {
		at -= r->group[i].count;
		if (i == largest) {
			r->start[b] = at;
			r->len[b] = r->group[i].count;
		} else {
			part_move(r, at, r->group[i].count);
		}
	}
	if (largest == NONE)
		r->len[b] = rest;
	else if (rest)
		part_move(r, from, rest);
}

/* One look at everything that is to be looked at. */
static void round_make(struct graph *g)
{
	struct refine *r = g->refine;
	uint32_t mask = 3;

	while (mask + 1 < 2 * r->ndirty)
		mask = 2 * mask + 1;
	memset(r->slot, 0xFF, (mask + 1u) * sizeof *r->slot);
	r->ngroups = r->ntouched = r->nmoved = 0;
	for (uint32_t i = 0; i < r->ndirty; i++) {
		steps_add(g->first[r->dirty[i] + 1] - g->first[r->dirty[i]]);
		r->is_dirty[r->dirty[i]] = 0;
		r->sig[r->dirty[i]] = signature(g, r->dirty[i]);
	}
	for (uint32_t i = 0; i < r->ndirty; i++)
		group_add(r, r->dirty[i], mask);
	for (uint32_t i = 0; i < r->ntouched; i++)
		block_split(r, r->touched[i]);
	for (uint32_t i = 0; i < r->ntouched; i++)
		r->groups[r->touched[i]] = NONE;
	r->ndirty = 0;
	for (uint32_t i = 0; i < r->nmoved; i++) {
		uint32_t l = r->local[r->moved[i]];

		for (uint32_t j = r->pred_first[l]; j < r->pred_first[l + 1]; j++) {
			uint32_t p = r->pred[j];

			if (!r->is_dirty[p]) {
				r->is_dirty[p] = 1;
				r->dirty[r->ndirty++] = p;
			}
		}
	}
}

/* The merged arcs of s at r->arc + from; their number. */
static uint32_t arcs_merge(struct graph *g, uint32_t s, uint32_t from)
{
	struct refine *r = g->refine;
	uint32_t n = from;

	STORE_ROOM(r->arc, from + g->first[s + 1] - g->first[s], r->cap_arcs);
	for (uint32_t j = g->first[s]; j < g->first[s + 1]; j++) {
		uint32_t to = target(g, g->arc[j].to);

		if (n > from && r->arc[n - 1].to == to)
			r->arc[n - 1].hi = g->arc[j].hi;
		else
			r->arc[n++] = (struct arc){ g->arc[j].hi, to };
	}
	return n - from;
}

/* Blocks as states; false where two unequal states had one signature. */
static bool quotient_make(struct graph *g)
{
	struct refine *r = g->refine;
	uint32_t n = 0;

	for (uint32_t b = 0; b < r->nblocks; b++) {
		r->some[b] = r->elem[r->start[b]];
		r->first[b] = n;
		n += arcs_merge(g, r->some[b], n);
	}
	r->first[r->nblocks] = n;
	for (uint32_t b = 0; b < r->nblocks; b++)
		for (uint32_t i = r->start[b] + 1; i < r->start[b] + r->len[b]; i++) {
			uint32_t k = arcs_merge(g, r->elem[i], n);

			if (g->out[r->elem[i]] != g->out[r->some[b]] || k != r->first[b + 1] - r->first[b] ||
			    memcmp(r->arc + n, r->arc + r->first[b], k * sizeof *r->arc) != 0)
				return false;
		}
	return true;
}

void refine_blocks(struct graph *g, const uint32_t *members, uint32_t k)
{
	struct refine *r = g->refine;

	rooms_make(r, g->n, k);
	for (uint32_t i = 0; i < k; i++)
		r->local[members[i]] = i;
	preds_find(g, members, k);
	r->seed = 0;
	do {
		r->seed++;
		r->nblocks = 1;
		r->start[0] = 0;
		r->len[0] = k;
		r->groups[0] = NONE;
		for (uint32_t i = 0; i < k; i++) {
			r->block[members[i]] = 0;
			r->elem[i] = r->dirty[i] = members[i];
			r->pos[members[i]] = i;
			r->is_dirty[members[i]] = 1;
		}
		r->ndirty = k;
		while (r->ndirty)
			round_make(g);
	} while (!quotient_make(g));
}
