/* The Merkle tree over the leaf hashes of records (RFC 9162, 2.1): what it takes to go on adding
 * leaves, its root, and proofs that a leaf is in it and that a tree grew out of an earlier one.
 *
 *     leaf = SHA-256(0x00 || record)        node = SHA-256(0x01 || left || right)
 *
 * The node at (level, index) is the root over the leaves from index << level up to, not with,
 * (index + 1) << level; only nodes whose leaves are all there exist. */
#ifndef KRUX_TREE_H
#define KRUX_TREE_H

#include "runtime/record/record.h"

struct krux_err;

enum { TREE_LEVELS = 64, TREE_PATH = 64 };

/* The right edge: where bit k of size is set, node[k] is the root of the complete tree of 2^k
 * leaves that stands there. A zeroed struct is the empty tree. */
struct tree {
	uint64_t size;                            /* leaves */
	uint8_t node[TREE_LEVELS][HASH_LEN];
};

/* One more leaf: one node hash on average. */
void tree_add(struct tree *, const uint8_t leaf[static HASH_LEN]);
/* n more, which takes half as long for many at once. */
void tree_add_many(struct tree *, const uint8_t (*leaf)[HASH_LEN], size_t n);
/* One more; done[k] becomes the node of level k that this leaf completes, for k from 0 to the
 * returned level. */
unsigned tree_add_nodes(struct tree *, const uint8_t leaf[static HASH_LEN],
                        uint8_t done[static TREE_LEVELS][HASH_LEN]);
/* SHA-256 of nothing for the empty tree. */
void tree_root(const struct tree *, uint8_t root[static HASH_LEN]);
void tree_node(const uint8_t left[static HASH_LEN], const uint8_t right[static HASH_LEN],
               uint8_t out[static HASH_LEN]);

/* size (8 octets, big-endian), then the nodes of its set bits from the highest to the lowest. */
enum { TREE_PACKED = 8 + TREE_LEVELS * HASH_LEN };
size_t tree_pack(const struct tree *, uint8_t out[static TREE_PACKED]);
/* False: these n bytes are no packed tree. */
bool tree_unpack(struct tree *, const uint8_t *p, size_t n);

/* Hands out nodes of a tree; negative with *err where it cannot. */
typedef int tree_node_fn(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN],
                         struct krux_err *err);

/* The hashes of a proof in the order of RFC 9162: from the leaf up. */
struct tree_path {
	size_t n;
	uint8_t hash[TREE_PATH][HASH_LEN];
};

/* The root of the first `size` leaves. */
int tree_root_at(uint64_t size, tree_node_fn *node, void *ctx, uint8_t root[static HASH_LEN],
                 struct krux_err *err);
/* The right edge of the first `size` leaves. */
int tree_at(uint64_t size, tree_node_fn *node, void *ctx, struct tree *out, struct krux_err *err);
/* That leaf `index` is in the tree of `size` leaves; index < size. */
int tree_prove_inclusion(uint64_t index, uint64_t size, tree_node_fn *node, void *ctx,
                         struct tree_path *out, struct krux_err *err);
/* That the tree of `size` leaves starts with that of `old`; old <= size. Empty for 0 and size. */
int tree_prove_consistency(uint64_t old, uint64_t size, tree_node_fn *node, void *ctx,
                           struct tree_path *out, struct krux_err *err);

/* Exact: a path that is too long or too short proves nothing. */
bool tree_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[static HASH_LEN],
                          const struct tree_path *, const uint8_t root[static HASH_LEN]);
bool tree_check_consistency(uint64_t old, uint64_t size, const uint8_t old_root[static HASH_LEN],
                            const uint8_t root[static HASH_LEN], const struct tree_path *);

#endif
