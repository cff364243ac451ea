/* All segments to what counts. */
#include "runtime/record/recount.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/record/carry.h"
#include "runtime/record/scan.h"
#include "runtime/record/segment.h"

#include <errno.h>
#include <fcntl.h>

static int segment_recount(int dir, struct carry *c, uint64_t number, uint64_t end, struct krux_err *err)
{
	CLEAN_FD int fd = segment_open(dir, number, O_RDONLY, err);
	struct scan *s = fd < 0 ? NULL : scan_new(fd, end, err);
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_FAILED;

	while (s && (step = scan_next(s, &item, err)) == SCAN_RECORD)
		if (carry_recount_add(c, item.record))
			break;
	scan_free(s);
	if (step == SCAN_RECORD)
		err_set(err, ENOMEM, "count again");
	else if (step == SCAN_BAD)
		err_set(err, 0, "count again: segment %llu is damaged", (unsigned long long)number);
	return step == SCAN_END ? 0 : -1;
}

int recount(int dir, struct carry *c, const struct record *bundle, uint64_t last, uint64_t end,
            struct krux_err *err)
{
	carry_recount(c, record_has(bundle, AUDIT_HORIZON) ? bundle->field[AUDIT_HORIZON].u : UINT64_MAX);
	/* Without a bundle nothing was decided, so nothing has counted. */
	for (uint64_t n = 0; carry_bundle(c) && n <= last; n++)
		if (segment_recount(dir, c, n, n == last ? end : UINT64_MAX, err))
			return -1;
	return 0;
}
