/* Numbers to places: the last segment that starts at or before the record, then record by record. */
#include "runtime/record/reader_at.h"

#include "runtime/base/err.h"
#include "runtime/record/segment.h"

static struct reader *none(struct reader *r, enum scan_step step, uint64_t seq, struct krux_err *err)
{
	reader_close(r);
	if (step != SCAN_FAILED)
		err_set(err, 0, "the log has no record %llu", (unsigned long long)seq);
	return NULL;
}

struct reader *reader_at(int log, uint64_t seq, struct scan_item *item, struct krux_err *err)
{
	struct reader *r = NULL;
	enum scan_step step;
	uint64_t number;
	int found = segment_last(log, &number, err);

	if (found <= 0)
		return none(NULL, found < 0 ? SCAN_FAILED : SCAN_END, seq, err);
	for (;; number--) {
		r = reader_open(log, number, err);
		if (!r)
			return NULL;
		step = reader_next(r, item, err);
		if (step == SCAN_FAILED || (step == SCAN_RECORD && item->record->field[AUDIT_SEQ].u <= seq))
			break;
		if (!number)
			return none(r, step, seq, err);
		reader_close(r);
	}
	while (step == SCAN_RECORD && item->record->field[AUDIT_SEQ].u < seq)
		step = reader_next(r, item, err);
	return step == SCAN_RECORD && item->record->field[AUDIT_SEQ].u == seq ? r : none(r, step, seq, err);
}
