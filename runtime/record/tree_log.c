/* Records to the few nodes that somebody asks for: the list of them is sorted by the record that
 * completes each, so that one pass in little memory finds all. */
#include "runtime/record/tree_log.h"

#include "runtime/base/err.h"
#include "runtime/record/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WANTED = 512 };

struct wanted {
	uint64_t last;               /* the record that completes it */
	unsigned level;
	uint8_t hash[HASH_LEN];
};

struct nodes {
	bool collect;
	uint64_t size;
	struct tree tree;
	size_t n, at;
	struct wanted node[WANTED];
};

static int wanted_order(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (x->level > y->level) - (x->level < y->level);
}

static int node_get(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN],
                    struct krux_err *err)
{
	struct nodes *n = ctx;
	struct wanted key = { .last = ((index + 1) << level) - 1, .level = level }, *found;

	if (n->collect) {
		if (n->n == WANTED)
			return err_set(err, 0, "a proof of too many parts");
		n->node[n->n++] = key;
		memset(out, 0, HASH_LEN);
		return 0;
	}
	found = bsearch(&key, n->node, n->n, sizeof key, wanted_order);
	if (!found)
		return err_set(err, 0, "the tree has no such node");
	memcpy(out, found->hash, HASH_LEN);
	return 0;
}

static int record_take(struct nodes *n, const struct scan_item *item, struct krux_err *err)
{
	uint64_t seq = n->tree.size;
	uint8_t done[TREE_LEVELS][HASH_LEN];

	if (item->record->field[AUDIT_SEQ].u != seq)
		return err_set(err, 0, "the log: record %llu is missing", (unsigned long long)seq);
	tree_add_nodes(&n->tree, item->leaf, done);
	for (; n->at < n->n && n->node[n->at].last == seq; n->at++)
		memcpy(n->node[n->at].hash, done[n->node[n->at].level], HASH_LEN);
	return 0;
}

static int records_read(int log, struct nodes *n, struct krux_err *err)
{
	struct reader *r = reader_open(log, 0, err);
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_RECORD;
	int rc = r ? 0 : -1;

	while (!rc && n->tree.size < n->size && (step = reader_next(r, &item, err)) == SCAN_RECORD)
		rc = record_take(n, &item, err);
	reader_close(r);
	if (!rc && step == SCAN_BAD)
		rc = err_set(err, 0, "the log is damaged: %s", item.why);
	if (!rc && (step == SCAN_FAILED || n->tree.size < n->size))
		rc = step == SCAN_FAILED ? -1 : err_set(err, 0, "the log ends after %llu records",
		                                       (unsigned long long)n->tree.size);
	return rc;
}

int tree_from_log(int log, uint64_t size, tree_make_fn *make, void *ctx, struct krux_err *err)
{
	struct nodes *n = calloc(1, sizeof *n);
	int rc;

	if (!n)
		return err_set(err, ENOMEM, "the tree");
	n->size = size;
	n->collect = true;
	rc = make(ctx, node_get, n, err);
	n->collect = false;
	qsort(n->node, n->n, sizeof *n->node, wanted_order);
	if (!rc)
		rc = records_read(log, n, err);
	if (!rc)
		rc = make(ctx, node_get, n, err);
	free(n);
	return rc;
}
