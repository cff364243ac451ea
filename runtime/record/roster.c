/* The state at the head of the last segment, and the records about agents since. Nothing is repaired, and no lock taken: what is
 * no record yet, or was cut by a crash, ends it as it ends the log. */
#include "runtime/record/roster.h"

#include "runtime/base/err.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"
#include "runtime/record/segment.h"

/* The state before its first record; *none: it has no record yet. */
static struct carry *state_take(struct reader *r, int blobs, struct scan_item *item, bool *none, struct krux_err *err)
{
	enum scan_step step = reader_next(r, item, err);
	const char *why = "no memory";
	struct carry *c;

	*none = step == SCAN_END || step == SCAN_BAD;
	if (step != SCAN_RECORD)
		return NULL;
	if (item->record->field[AUDIT_KIND].u == AUDIT_KIND_CARRY)
		c = log_state(blobs, item->record, &why);
	else
		c = carry_new();
	if (!c)
		err_set(err, 0, "the log: the state that segment %llu begins with: %s",
		        (unsigned long long)reader_segment(r), why);
	return c;
}

static int agents_take(struct reader *r, struct carry *c, struct krux_err *err)
{
	struct scan_item item = { 0 };
	enum scan_step step;

	while ((step = reader_next(r, &item, err)) == SCAN_RECORD) {
		enum carry_result rc = CARRY_OK;

		if (item.record->field[AUDIT_KIND].u == AUDIT_KIND_AGENT)
			rc = carry_add(c, item.record, item.bytes, item.leaf);
		if (rc)
			return err_set(err, 0, "the log: record %llu: %s",
			               (unsigned long long)item.record->field[AUDIT_SEQ].u, carry_result_text(rc));
	}
	return step == SCAN_FAILED ? -1 : 0;
}

/* *none: it has no record yet. */
static struct carry *segment_roster(int log, int blobs, uint64_t number, bool *none, struct krux_err *err)
{
	struct reader *r = reader_open(log, number, err);
	struct scan_item item = { 0 };
	struct carry *c;

	*none = false;
	c = r ? state_take(r, blobs, &item, none, err) : NULL;
	if (c && agents_take(r, c, err)) {
		carry_free(c);
		c = NULL;
	}
	reader_close(r);
	return c;
}

struct carry *roster_read(int log, int blobs, struct krux_err *err)
{
	struct carry *c = NULL;
	bool none = true;
	uint64_t number;
	int found = segment_last(log, &number, err);

	if (found < 0)
		return NULL;
	/* A crash may leave the last one empty. */
	for (number += found > 0; !c && none && number; number--)
		c = segment_roster(log, blobs, number - 1, &none, err);
	if (!c && none)
		err_set(err, 0, "the log has no records");
	return c;
}
