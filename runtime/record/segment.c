/* Segments as files: names, and what stands in them. */
#include "runtime/record/segment.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include "capspec/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

void segment_name(uint64_t number, char out[static SEGMENT_NAME])
{
	snprintf(out, SEGMENT_NAME, "%08x.seg", (unsigned)number);
}

static bool name_number(const char *name, uint64_t *number)
{
	char again[SEGMENT_NAME], *end;

	if (strlen(name) != SEGMENT_NAME - 1 || strcmp(name + 8, ".seg") != 0)
		return false;
	*number = strtoull(name, &end, 16);
	segment_name(*number, again);
	return end == name + 8 && !strcmp(name, again);
}

int segment_last(int dir, uint64_t *number, struct krux_err *err)
{
	int copy = file_open(dir, ".", O_RDONLY | O_DIRECTORY, 0, err);
	CLEAN_DIR DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	uint64_t n;
	int found = 0;

	if (!list) {
		cleanup_fd(&copy);
		return err_set(err, errno, "read the log's folder");
	}
	*number = 0;
	while ((e = readdir(list)))
		if (name_number(e->d_name, &n) && (!found || n > *number)) {
			*number = n;
			found = 1;
		}
	return found;
}

int segment_open(int dir, uint64_t number, int flags, struct krux_err *err)
{
	char name[SEGMENT_NAME];

	segment_name(number, name);
	return file_open(dir, name, flags, 0600, err);
}

int segment_write(int fd, const void *p, size_t n, uint64_t at, struct krux_err *err)
{
	const uint8_t *bytes = p;

	while (n) {
		ssize_t w = pwrite(fd, bytes, n, (off_t)at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_set(err, w ? errno : EIO, "write to the log");
		bytes += w;
		at += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

void segment_send(int fd, uint64_t at, uint64_t n)
{
	sync_file_range(fd, (off_t)at, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int segment_zero(int fd, uint64_t at, uint64_t end, struct krux_err *err)
{
	static uint8_t zeros[64 << 10];

	for (uint64_t n; at < end; at += n) {
		n = end - at < sizeof zeros ? end - at : sizeof zeros;
		if (segment_write(fd, zeros, (size_t)n, at, err))
			return -1;
	}
	return 0;
}

uint64_t segment_data(int fd, uint64_t at, uint64_t size)
{
	off_t data = at < size ? lseek(fd, (off_t)at, SEEK_DATA) : (off_t)size;

	if (data < 0)
		return errno == ENXIO ? size : at;
	return (uint64_t)data < size ? (uint64_t)data : size;
}

int segment_content(int fd, uint64_t from, uint64_t size, uint64_t *end, struct krux_err *err)
{
	uint64_t word, at = from;
	uint8_t buf[64 << 10];

	*end = from;
	while ((at = segment_data(fd, at, size)) < size) {
		uint64_t want = size - at < sizeof buf ? size - at : sizeof buf;
		ssize_t n = pread(fd, buf, (size_t)want, (off_t)at);
		size_t i = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "read the log");
		if (!n)
			break;
		/* Nearly always it is zeros to the end. */
		if (!buf[0] && !memcmp(buf, buf + 1, (size_t)n - 1))
			i = (size_t)n;
		for (; i + sizeof word <= (size_t)n; i += sizeof word) {
			memcpy(&word, buf + i, sizeof word);
			if (word)
				for (size_t k = 0; k < sizeof word; k++)
					if (buf[i + k])
						*end = at + i + k + 1;
		}
		for (; i < (size_t)n; i++)
			if (buf[i])
				*end = at + i + 1;
		at += (uint64_t)n;
	}
	return 0;
}

int segment_hash(int fd, uint64_t from, uint64_t n, uint8_t out[static HASH_LEN], struct krux_err *err)
{
	struct krux_sha256_state s;
	uint8_t buf[16 << 10];

	krux_sha256_start(&s);
	while (n) {
		ssize_t got = pread(fd, buf, n < sizeof buf ? (size_t)n : sizeof buf, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, got ? errno : EIO, "read the end of the log");
		krux_sha256_add(&s, buf, (size_t)got);
		from += (uint64_t)got;
		n -= (uint64_t)got;
	}
	krux_sha256_end(&s, out);
	return 0;
}
