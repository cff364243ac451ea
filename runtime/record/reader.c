/* Segments to records. Where zeros follow, or what is not a record yet, the open segment ends; a sealed
 * one is left only after it was looked at once more, since the last records may have come just
 * before the next segment. */
#include "runtime/record/reader.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/record/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct reader {
	int dir, fd;
	uint64_t segment;
	struct scan *scan;
	bool sealed;             /* the next one was there before this one was last looked at */
};

static int reader_take(struct reader *r, uint64_t segment, struct krux_err *err)
{
	int fd = segment_open(r->dir, segment, O_RDONLY | O_NONBLOCK, err);
	struct scan *scan = fd < 0 ? NULL : scan_new(fd, UINT64_MAX, err);

	if (!scan) {
		cleanup_fd(&fd);
		return -1;
	}
	scan_free(r->scan);
	cleanup_fd(&r->fd);
	r->fd = fd;
	r->scan = scan;
	r->segment = segment;
	r->sealed = false;
	return 0;
}

struct reader *reader_open(int dir, uint64_t segment, struct krux_err *err)
{
	struct reader *r = calloc(1, sizeof *r);

	if (!r) {
		err_set(err, ENOMEM, "read the log");
		return NULL;
	}
	r->dir = dir;
	r->fd = -1;
	if (!reader_take(r, segment, err))
		return r;
	reader_close(r);
	return NULL;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	scan_free(r->scan);
	cleanup_fd(&r->fd);
	free(r);
}

uint64_t reader_segment(const struct reader *r)
{
	return r->segment;
}

static bool is_there(const struct reader *r, uint64_t segment)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(segment, name);
	return !fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* Is what stands here zeros to the end; 1, 0, -1 with *err. */
static int is_blank(const struct reader *r, uint64_t at, struct krux_err *err)
{
	uint8_t first[64] = { 0 };
	ssize_t n = pread(r->fd, first, sizeof first, (off_t)at);

	if (n < 0)
		return err_set(err, errno, "read the log");
	for (ssize_t i = 0; i < n; i++)
		if (first[i])
			return 0;
	return 1;
}

enum scan_step reader_next(struct reader *r, struct scan_item *item, struct krux_err *err)
{
	for (;;) {
		enum scan_step step = scan_next(r->scan, item, err);
		int blank = 0;

		if (step == SCAN_BAD) {
			blank = is_blank(r, item->at, err);
			if (blank < 0)
				return SCAN_FAILED;
		}
		if (step != SCAN_END && step != SCAN_BAD)
			return step;
		if (r->sealed && step == SCAN_BAD && !blank)
			return SCAN_BAD;
		if (!r->sealed) {
			r->sealed = is_there(r, r->segment + 1);
			scan_extend(r->scan, UINT64_MAX);
			if (!r->sealed)
				return SCAN_END;
		} else if (reader_take(r, r->segment + 1, err)) {
			return SCAN_FAILED;
		}
	}
}

int reader_resync(struct reader *r, struct scan_item *item, struct krux_err *err)
{
	struct stat st;
	uint64_t end;

	if (fstat(r->fd, &st))
		return err_set(err, errno, "log");
	if (segment_content(r->fd, item->at, (uint64_t)st.st_size, &end, err))
		return -1;
	scan_zeros(r->scan, end);
	return scan_resync(r->scan, item, err);
}

int reader_each(int dir, reader_each_fn *each, void *ctx, struct krux_err *err)
{
	struct reader *r = reader_open(dir, 0, err);
	struct scan_item item = { 0 };
	enum scan_step step;
	int rc = 0;

	if (!r)
		return -1;
	while (!rc && (step = reader_next(r, &item, err)) == SCAN_RECORD)
		rc = each(ctx, &item, err);
	if (!rc && step == SCAN_BAD)
		rc = err_set(err, 0, "segment %llu, byte %llu: %s", (unsigned long long)r->segment,
		             (unsigned long long)item.why_at, item.why);
	else if (!rc && step == SCAN_FAILED)
		rc = -1;
	reader_close(r);
	return rc;
}
