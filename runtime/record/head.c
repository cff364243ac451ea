/* Two slots of 128 bytes, used in turn: "kruxhead", count, segment and bytes as big-endian numbers,
 * leaf, then SHA-256 of these, zeros. A write that a crash tears loses one slot at most. */
#include "runtime/record/head.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/segment.h"

#include "capspec/digest.h"

#include <errno.h>
#include <fcntl.h>

#include <string.h>

enum { SLOT = 128, CHECKED = 8 + 8 + 8 + 8 + HASH_LEN };

static void number_put(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t number_get(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static bool slot_read(const uint8_t *slot, struct head *out)
{
	uint8_t sum[HASH_LEN];

	krux_sha256((struct krux_str){ (const char *)slot, CHECKED }, sum);
	if (memcmp(slot, "kruxhead", 8) != 0 || memcmp(slot + CHECKED, sum, sizeof sum) != 0)
		return false;
	for (unsigned i = CHECKED + sizeof sum; i < SLOT; i++)
		if (slot[i])
			return false;
	out->count = number_get(slot + 8);
	out->segment = number_get(slot + 16);
	out->bytes = number_get(slot + 24);
	memcpy(out->leaf, slot + 32, HASH_LEN);
	return out->count > 0;
}

int head_read(int logdir, struct head *out, struct krux_err *err)
{
	struct krux_err why = { 0 };
	CLEAN_FD int fd = file_open(logdir, "head", O_RDONLY | O_NONBLOCK, 0, &why);
	uint8_t slots[2 * SLOT] = { 0 };
	struct head h;
	int found = 0;

	if (fd < 0)
		return why.no == ENOENT ? 0 : err_set(err, why.no, "head");
	if (pread(fd, slots, sizeof slots, 0) < 0)
		return err_set(err, errno, "head");
	for (int i = 0; i < 2; i++)
		if (slot_read(slots + i * SLOT, &h)) {
			if (!found++ || h.count > out->count)
				*out = h;
		}
	return found;
}

int head_open(int logdir, bool create, struct krux_err *err)
{
	return file_open(logdir, "head", O_RDWR | (create ? O_CREAT | O_EXCL : 0), 0600, err);
}

static int slot_write(int fd, const struct head *h, int i, struct krux_err *err)
{
	uint8_t slot[SLOT] = "kruxhead";

	number_put(slot + 8, h->count);
	number_put(slot + 16, h->segment);
	number_put(slot + 24, h->bytes);
	memcpy(slot + 32, h->leaf, HASH_LEN);
	krux_sha256((struct krux_str){ (const char *)slot, CHECKED }, slot + CHECKED);
	return segment_write(fd, slot, SLOT, i ? SLOT : 0, err);
}

int head_write(int fd, const struct head *h, struct krux_err *err)
{
	return slot_write(fd, h, h->count & 1, err);
}

int head_mend(int fd, const struct head *h, struct krux_err *err)
{
	uint8_t slots[2 * SLOT] = { 0 };
	struct head was;

	if (pread(fd, slots, sizeof slots, 0) < 0)
		return err_set(err, errno, "head");
	for (int i = 0; i < 2; i++)
		if (!slot_read(slots + i * SLOT, &was) && slot_write(fd, h, i, err))
			return -1;
	return 0;
}
