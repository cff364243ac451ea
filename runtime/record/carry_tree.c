/* Leaves to the tree of the state, when there is something to gain from doing it: many at once, or a node beside
 * the leaf of the next record, which waits for itself at every round. */
#include "runtime/record/carry_part.h"

#include "capspec/digest.h"

#include <string.h>

/* The next node over what waits; false: nothing does. What is left of a leaf that is being added stands in
 * pair[1], the root over 2^level leaves. */
static bool node_next(struct carry *c, struct krux_sha256_job *node)
{
	for (;;) {
		if (!c->adding) {
			if (c->nadded == c->nleaves)
				break;
			memcpy(c->pair[1], c->leaf[c->nadded++], HASH_LEN);
			c->level = 0;
			c->adding = true;
		}
		if (c->tree.size >> c->level & 1)
			break;
		memcpy(c->tree.node[c->level], c->pair[1], HASH_LEN);
		c->tree.size++;
		c->adding = false;
	}
	if (!c->adding) {
		c->nleaves = c->nadded = 0;
		return false;
	}
	memcpy(c->pair[0], c->tree.node[c->level], HASH_LEN);
	*node = (struct krux_sha256_job){ 1, { (const char *)c->pair, sizeof c->pair }, c->above };
	return true;
}

static void node_take(struct carry *c)
{
	memcpy(c->pair[1], c->above, HASH_LEN);
	c->level++;
}

void waiting_add(const struct carry *c, struct tree *t)
{
	uint8_t h[HASH_LEN];
	unsigned k = c->level;

	if (c->adding) {
		memcpy(h, c->pair[1], HASH_LEN);
		for (; t->size >> k & 1; k++)
			tree_node(t->node[k], h, h);
		memcpy(t->node[k], h, HASH_LEN);
		t->size++;
	}
	tree_add_many(t, (const uint8_t (*)[HASH_LEN])c->leaf + c->nadded, c->nleaves - c->nadded);
}

struct tree *carry_tree(struct carry *c)
{
	waiting_add(c, &c->tree);
	c->nleaves = c->nadded = 0;
	c->adding = false;
	return &c->tree;
}

void carry_leaf(struct carry *c, const uint8_t leaf[static HASH_LEN])
{
	memcpy(c->leaf[c->nleaves++], leaf, HASH_LEN);
	if (c->nleaves == CARRY_LEAVES)
		carry_tree(c);
}

void carry_hash(struct carry *c, struct krux_str record, uint8_t leaf[static HASH_LEN])
{
	struct krux_sha256_job job[2] = { { 0, record, leaf } };
	bool node = node_next(c, &job[1]);

	krux_sha256_jobs(job, node ? 2 : 1);
	if (node)
		node_take(c);
}
