/* The next segment, made ahead of its time: zeros that are on disk before records take their places. */
#include "runtime/record/segment.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/zeros.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NEXT "next"
enum { SEND = 1 << 20 };

int segment_next_begin(int dir, struct segment_next *s, uint64_t size, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, NEXT, O_RDWR | O_CREAT | O_TRUNC, 0600, err);

	if (fd < 0)
		return -1;
	/* Where the file system cannot promise room, the zeros find out. */
	if (fallocate(fd, 0, 0, (off_t)size) && errno != EOPNOTSUPP && errno != ENOSYS) {
		err_set(err, errno, "room for the log");
		unlinkat(dir, NEXT, 0);
		return -1;
	}
	*s = (struct segment_next){ .fd = fd_keep(&fd), .size = size, .zeros = s->zeros };
	if (s->zeros)
		zeros_begin(s->zeros, s->fd, size);
	return 0;
}

static int next_fill(struct segment_next *s, uint64_t n, struct krux_err *err)
{
	uint64_t end = s->size - s->done < n ? s->size : s->done + n;

	if (s->fd < 0 || s->done == s->size)
		return 0;
	if (segment_zero(s->fd, s->done, end, err))
		return -1;
	s->done = end;
	/* Much at once is cheaper, and little is left to the one who has to wait for all of it. */
	if (s->done - s->sent >= SEND) {
		segment_send(s->fd, s->sent, s->done - s->sent);
		s->sent = s->done;
	}
	return 0;
}

int segment_next_fill(struct segment_next *s, uint64_t n, struct krux_err *err)
{
	if (s->fd < 0 || !s->zeros)
		return next_fill(s, n, err);
	return zeros_want(s->zeros, n) ? 0 : err_set(err, 0, "zeros ahead of the log");
}

int segment_next_end(int dir, struct segment_next *s, uint64_t number, struct krux_err *err)
{
	char name[SEGMENT_NAME];

	segment_name(number, name);
	if (s->zeros)
		s->done = zeros_take(s->zeros);
	if (next_fill(s, s->size, err))
		return -1;
	if (fsync(s->fd) || renameat(dir, NEXT, dir, name) || fsync(dir))
		return err_set(err, errno, "begin %s", name);
	return fd_keep(&s->fd);
}

void segment_next_drop(int dir, struct segment_next *s)
{
	if (s->fd < 0)
		return;
	if (s->zeros)
		zeros_take(s->zeros);
	cleanup_fd(&s->fd);
	s->fd = -1;
	unlinkat(dir, NEXT, 0);
}
