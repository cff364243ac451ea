/* The greatest signed tree to a comparison. Its last record is mostly in the last segment, which begins
 * with the tree before it, so that little is read. */
#include "runtime/record/expected.h"

#include "runtime/base/err.h"
#include "runtime/record/carry.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"
#include "runtime/record/segment.h"
#include "runtime/record/tree.h"

#include <string.h>

/* The tree as it was before the segment of this number, by what the segment says. False: it says nothing. */
static bool segment_tree(int dir, int blobs, uint64_t number, struct tree *out, struct krux_err *err)
{
	struct reader *r = reader_open(dir, number, err);
	struct scan_item item = { 0 };
	struct carry *state = NULL;
	const char *why;

	*out = (struct tree){ .size = 0 };
	if (r && reader_next(r, &item, err) == SCAN_RECORD && item.record->field[AUDIT_KIND].u == AUDIT_KIND_CARRY)
		state = log_state(blobs, item.record, &why);
	if (state)
		*out = *carry_tree(state);
	carry_free(state);
	reader_close(r);
	return state || !number;
}

static int root_read(int dir, uint64_t number, struct tree *t, uint64_t size, struct krux_err *err)
{
	struct reader *r = reader_open(dir, number, err);
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_RECORD;

	while (r && t->size < size && (step = reader_next(r, &item, err)) == SCAN_RECORD)
		tree_add(t, item.leaf);
	reader_close(r);
	if (!r || step == SCAN_FAILED)
		return -1;
	return t->size == size ? 0 : err_set(err, 0, "the log cannot be read up to record %llu", (unsigned long long)size);
}

/* The root over the first `size` records, which the log has. */
static int root_at(struct log *log, int dir, int blobs, uint64_t size, uint8_t root[static HASH_LEN],
                   struct krux_err *err)
{
	struct tree t = *log_tree(log);
	uint64_t number;
	int found;

	if (t.size != size) {
		found = segment_last(dir, &number, err);
		if (found <= 0)
			return found ? -1 : err_set(err, 0, "the log has no segments");
		while (!segment_tree(dir, blobs, number, &t, err) || t.size > size)
			if (!number--)
				return err_set(err, 0, "the log's segments do not say what stands before them");
		if (root_read(dir, number, &t, size, err))
			return -1;
	}
	tree_root(&t, root);
	return 0;
}

int expected_check(struct log *log, int dir, int blobs, int state, const struct krux_public_key *key,
                   struct expected *out, struct krux_err *err)
{
	const struct carry *c = log_carry(log);
	const struct checkpoint_seen *last;
	struct checkpoint_list list = { .n = 0 };
	uint8_t root[HASH_LEN];
	struct note_key note;

	*out = (struct expected){ .records = 0 };
	if (!log_note_key(&note, carry_origin(c), key->key))
		return err_set(err, 0, "the log has an origin that no log may have");
	if (checkpoint_list_read(dir, state, &note, NULL, 0, &list, err))
		return -1;
	last = checkpoint_list_last(&list);
	if (last) {
		out->records = last->size;
		memcpy(out->root, last->root, HASH_LEN);
	}
	checkpoint_list_free(&list);
	log_expect(log, out->records);
	if (!out->records || out->records > carry_next(c) || out->records <= carry_acknowledged(c))
		return 0;
	if (root_at(log, dir, blobs, out->records, root, err))
		return -1;
	out->other = memcmp(root, out->root, HASH_LEN) != 0;
	if (out->other)
		log_distrust(log, out->records);
	return 0;
}
