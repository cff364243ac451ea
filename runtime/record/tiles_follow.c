/* Records to tiles, from where the tiles ended. */
#include "runtime/record/tiles_follow.h"

#include "runtime/base/err.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/reader_at.h"
#include "runtime/record/tiles.h"

#include <errno.h>

/* The tree of the greatest checkpoint whose edge can be read; empty where there is none. */
static int edge_find(int log, const struct checkpoint_list *list, struct tree *out, struct krux_err *err)
{
	*out = (struct tree){ 0 };
	for (size_t i = list->n; i--;) {
		struct krux_err why = { 0 };
		struct tile_reader *r = tile_reader_open(log, list->seen[i].size, list->seen[i].root, &why);
		int rc = r ? tree_at(list->seen[i].size, tiles_node, r, out, &why) : -1;

		tile_reader_close(r);
		if (!rc)
			return 0;
		*out = (struct tree){ 0 };
		if (why.no && why.no != ENOENT)
			return err_set(err, 0, "%s", why.text);
	}
	return 0;
}

static int record_take(struct tiles *t, struct checkpoint_list *list, const struct scan_item *item,
                       struct krux_err *err)
{
	if (tiles_add(t, item->bytes, item->leaf, err))
		return -1;
	while (list->at < list->n && list->seen[list->at].size < tiles_tree(t)->size)
		list->at++;
	if (list->at == list->n || list->seen[list->at].size != tiles_tree(t)->size ||
	    !checkpoint_list_step(list, tiles_tree(t)))
		return 0;
	return tiles_commit(t, false, err);
}

/* Up to the last checkpoint: behind it the right edge would be nobody's. */
static int records_take(int log, struct tiles *t, struct checkpoint_list *list, struct krux_err *err)
{
	uint64_t from = tiles_tree(t)->size, end = checkpoint_list_last(list)->size;
	struct scan_item item = { 0 };
	struct reader *r = reader_at(log, from, &item, err);
	enum scan_step step = SCAN_RECORD;
	int rc = r ? record_take(t, list, &item, err) : -1;

	while (!rc && tiles_tree(t)->size < end && (step = reader_next(r, &item, err)) == SCAN_RECORD)
		rc = record_take(t, list, &item, err);
	reader_close(r);
	if (rc || step == SCAN_FAILED)
		return -1;
	if (step != SCAN_RECORD)
		return err_set(err, 0, "the log cannot be read behind record %llu, and its key has signed %llu",
		               (unsigned long long)tiles_tree(t)->size - 1, (unsigned long long)end);
	return 0;
}

int tiles_follow(int log, struct checkpoint_list *list, struct krux_err *err)
{
	struct tree edge;
	struct tiles *t;
	int rc;

	list->at = 0;
	if (edge_find(log, list, &edge, err))
		return -1;
	if (!list->n || edge.size == checkpoint_list_last(list)->size)
		return 0;
	t = tiles_open(log, &edge, TILES_AGAIN, err);
	if (!t)
		return -1;
	rc = records_take(log, t, list, err);
	tiles_close(t);
	return rc;
}
