/* Leaves to root and proofs. What a proof is made of comes from ranges of leaves: a range that is a
 * node is asked for, any other is cut at the greatest power of two below its length, as RFC 9162
 * cuts it. */
#include "runtime/record/tree.h"

#include "runtime/base/err.h"

#include "capspec/digest.h"

#include <string.h>

void tree_node(const uint8_t left[static HASH_LEN], const uint8_t right[static HASH_LEN],
               uint8_t out[static HASH_LEN])
{
	char node[1 + 2 * HASH_LEN] = { 1 };

	memcpy(node + 1, left, HASH_LEN);
	memcpy(node + 1 + HASH_LEN, right, HASH_LEN);
	krux_sha256((struct krux_str){ node, sizeof node }, out);
}

void tree_add(struct tree *t, const uint8_t leaf[static HASH_LEN])
{
	uint8_t h[HASH_LEN];
	unsigned k = 0;

	memcpy(h, leaf, HASH_LEN);
	for (; t->size >> k & 1; k++)
		tree_node(t->node[k], h, h);
	memcpy(t->node[k], h, HASH_LEN);
	t->size++;
}

enum { MANY = 64 };

/* Roots over 2^k leaves each, from an odd one that waited in the tree on, to those over twice as many. */
static size_t level_add(struct tree *t, unsigned k, uint8_t (*h)[HASH_LEN], size_t n)
{
	struct krux_str pair[MANY / 2 + 1];
	uint8_t next[MANY / 2 + 1][HASH_LEN];

	if (t->size >> k & 1) {
		memmove(h + 1, h, n * HASH_LEN);
		memcpy(h[0], t->node[k], HASH_LEN);
		n++;
	}
	if (n & 1)
		memcpy(t->node[k], h[n - 1], HASH_LEN);
	for (size_t i = 0; i < n / 2; i++)
		pair[i] = (struct krux_str){ (const char *)h[2 * i], sizeof(uint8_t[2][HASH_LEN]) };
	krux_sha256_tagged(1, pair, n / 2, next);
	memcpy(h, next, n / 2 * HASH_LEN);
	return n / 2;
}

void tree_add_many(struct tree *t, const uint8_t (*leaf)[HASH_LEN], size_t n)
{
	uint8_t h[MANY + 1][HASH_LEN];

	for (size_t some; n; n -= some, leaf += some) {
		size_t left = some = n < MANY ? n : MANY;

		memcpy(h, leaf, some * HASH_LEN);
		for (unsigned k = 0; left; k++)
			left = level_add(t, k, h, left);
		t->size += some;
	}
}

unsigned tree_add_nodes(struct tree *t, const uint8_t leaf[static HASH_LEN],
                        uint8_t done[static TREE_LEVELS][HASH_LEN])
{
	unsigned k = 0;

	memcpy(done[0], leaf, HASH_LEN);
	for (; t->size >> k & 1; k++)
		tree_node(t->node[k], done[k], done[k + 1]);
	memcpy(t->node[k], done[k], HASH_LEN);
	t->size++;
	return k;
}

void tree_root(const struct tree *t, uint8_t root[static HASH_LEN])
{
	bool first = true;

	krux_sha256((struct krux_str){ "", 0 }, root);
	for (unsigned k = 0; k < TREE_LEVELS; k++) {
		if (!(t->size >> k & 1))
			continue;
		if (first)
			memcpy(root, t->node[k], HASH_LEN);
		else
			tree_node(t->node[k], root, root);
		first = false;
	}
}

size_t tree_pack(const struct tree *t, uint8_t out[static TREE_PACKED])
{
	size_t n = 8;

	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(t->size >> (56 - 8 * i));
	for (unsigned k = TREE_LEVELS; k--;)
		if (t->size >> k & 1) {
			memcpy(out + n, t->node[k], HASH_LEN);
			n += HASH_LEN;
		}
	return n;
}

bool tree_unpack(struct tree *t, const uint8_t *p, size_t n)
{
	uint64_t size = 0;

	if (n < 8)
		return false;
	for (unsigned i = 0; i < 8; i++)
		size = size << 8 | p[i];
	if (n != 8 + HASH_LEN * (size_t)__builtin_popcountll(size))
		return false;
	*t = (struct tree){ .size = size };
	p += 8;
	for (unsigned k = TREE_LEVELS; k--;)
		if (size >> k & 1) {
			memcpy(t->node[k], p, HASH_LEN);
			p += HASH_LEN;
		}
	return true;
}

/* ---- ranges of leaves ---- */

struct source {
	tree_node_fn *node;
	void *ctx;
	struct krux_err *err;
};

/* Log2 of the greatest power of two below n; n > 1. */
static unsigned half(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* The root over n leaves from a on, which is a multiple of the power of two at or above n. */
static int range_root(const struct source *s, uint64_t a, uint64_t n, uint8_t out[static HASH_LEN])
{
	uint8_t right[HASH_LEN];
	unsigned k;

	if (!(n & (n - 1))) {
		k = (unsigned)__builtin_ctzll(n);
		return s->node(s->ctx, k, a >> k, out, s->err);
	}
	k = half(n);
	if (range_root(s, a, 1ull << k, out) || range_root(s, a + (1ull << k), n - (1ull << k), right))
		return -1;
	tree_node(out, right, out);
	return 0;
}

static int path_put(const struct source *s, struct tree_path *path, uint64_t a, uint64_t n)
{
	if (path->n == TREE_PATH)
		return err_set(s->err, 0, "a tree this large has no proofs here");
	return range_root(s, a, n, path->hash[path->n++]);
}

static int inclusion(const struct source *s, uint64_t index, uint64_t a, uint64_t n, struct tree_path *path)
{
	uint64_t cut;

	if (n == 1)
		return 0;
	cut = 1ull << half(n);
	if (index < cut)
		return inclusion(s, index, a, cut, path) || path_put(s, path, a + cut, n - cut) ? -1 : 0;
	return inclusion(s, index - cut, a + cut, n - cut, path) || path_put(s, path, a, cut) ? -1 : 0;
}

/* whole: the old tree is the whole of this range's start, so its root is known to the reader. */
static int consistency(const struct source *s, uint64_t old, uint64_t a, uint64_t n, bool whole,
                       struct tree_path *path)
{
	uint64_t cut;

	if (old == n)
		return whole ? 0 : path_put(s, path, a, n);
	cut = 1ull << half(n);
	if (old <= cut)
		return consistency(s, old, a, cut, whole, path) || path_put(s, path, a + cut, n - cut) ? -1 : 0;
	return consistency(s, old - cut, a + cut, n - cut, false, path) || path_put(s, path, a, cut) ? -1 : 0;
}

int tree_root_at(uint64_t size, tree_node_fn *node, void *ctx, uint8_t root[static HASH_LEN],
                 struct krux_err *err)
{
	const struct source s = { node, ctx, err };

	if (size)
		return range_root(&s, 0, size, root);
	krux_sha256((struct krux_str){ "", 0 }, root);
	return 0;
}

int tree_at(uint64_t size, tree_node_fn *node, void *ctx, struct tree *out, struct krux_err *err)
{
	*out = (struct tree){ .size = size };
	for (unsigned k = 0; k < TREE_LEVELS; k++)
		if (size >> k & 1 && node(ctx, k, (size >> k) - 1, out->node[k], err))
			return -1;
	return 0;
}

int tree_prove_inclusion(uint64_t index, uint64_t size, tree_node_fn *node, void *ctx,
                         struct tree_path *out, struct krux_err *err)
{
	const struct source s = { node, ctx, err };

	out->n = 0;
	if (index >= size)
		return err_set(err, 0, "the tree of %llu records has no record %llu",
		               (unsigned long long)size, (unsigned long long)index);
	return inclusion(&s, index, 0, size, out);
}

int tree_prove_consistency(uint64_t old, uint64_t size, tree_node_fn *node, void *ctx,
                           struct tree_path *out, struct krux_err *err)
{
	const struct source s = { node, ctx, err };

	out->n = 0;
	if (old > size)
		return err_set(err, 0, "a tree of %llu records does not grow to %llu",
		               (unsigned long long)old, (unsigned long long)size);
	return old ? consistency(&s, old, 0, size, true, out) : 0;
}

/* ---- what a proof proves: RFC 9162, 2.1.3.2 and 2.1.4.2 ---- */

bool tree_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[static HASH_LEN],
                          const struct tree_path *path, const uint8_t root[static HASH_LEN])
{
	uint64_t at = index, last = size - 1;
	uint8_t h[HASH_LEN];

	if (index >= size)
		return false;
	memcpy(h, leaf, HASH_LEN);
	for (size_t i = 0; i < path->n; i++) {
		if (!last)
			return false;
		if (at & 1 || at == last) {
			tree_node(path->hash[i], h, h);
			for (; at && !(at & 1); at >>= 1)
				last >>= 1;
		} else {
			tree_node(h, path->hash[i], h);
		}
		at >>= 1;
		last >>= 1;
	}
	return !last && !memcmp(h, root, HASH_LEN);
}

static bool is_empty_root(const uint8_t root[static HASH_LEN])
{
	uint8_t empty[HASH_LEN];

	krux_sha256((struct krux_str){ "", 0 }, empty);
	return !memcmp(root, empty, HASH_LEN);
}

bool tree_check_consistency(uint64_t old, uint64_t size, const uint8_t old_root[static HASH_LEN],
                            const uint8_t root[static HASH_LEN], const struct tree_path *path)
{
	uint64_t at = old - 1, last = size - 1;
	uint8_t a[HASH_LEN], b[HASH_LEN];
	size_t i = 0;

	if (old > size)
		return false;
	if (old == size)
		return !path->n && !memcmp(old_root, root, HASH_LEN);
	if (!old)
		return !path->n && is_empty_root(old_root);
	for (; at & 1; at >>= 1)
		last >>= 1;
	/* A complete old tree is a node of the new one; the proof leaves its root out. */
	if (at && !path->n)
		return false;
	memcpy(a, at ? path->hash[i++] : old_root, HASH_LEN);
	memcpy(b, a, HASH_LEN);
	for (; i < path->n; i++) {
		if (!last)
			return false;
		if (at & 1 || at == last) {
			tree_node(path->hash[i], a, a);
			tree_node(path->hash[i], b, b);
			for (; at && !(at & 1); at >>= 1)
				last >>= 1;
		} else {
			tree_node(b, path->hash[i], b);
		}
		at >>= 1;
		last >>= 1;
	}
	return !last && !memcmp(a, old_root, HASH_LEN) && !memcmp(b, root, HASH_LEN);
}
