/* Records to the end of a file.
 *
 * Order of an append: the record, fdatasync, then the head file. So the head is never ahead of
 * what is on disk, and a log that ends before its head was damaged by something else than a
 * crash. A failed write or fdatasync ends the writer: pages that failed once are not trusted. */
#include "runtime/record/log.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/head.h"
#include "runtime/record/opens.h"
#include "runtime/record/scan.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

struct log {
	int fd, head_fd;
	bool failed;
	struct head last;            /* count is the next seq, bytes the place of the next record */
	uint8_t epoch[16], boot[16];
	struct opens opens;
	struct log_repair repair;
	uint8_t buf[RECORD_MAX];
};

uint64_t log_wall(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) || t.tv_sec < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t mono_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_BOOTTIME, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* "01234567-89ab-..." to 16 bytes. */
static int boot_id(uint8_t out[static 16], struct krux_err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[64], hex[32];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	size_t k = 0;

	for (ssize_t i = 0; i < n && k < sizeof hex; i++)
		if (text[i] != '-')
			hex[k++] = text[i];
	if (k == sizeof hex && krux_hex_read((struct krux_str){ hex, k }, out, 16))
		return 0;
	return err_set(err, n < 0 ? errno : 0, "%s", path);
}

static struct log *log_new(int dir, bool create, struct krux_err *err)
{
	struct log *log = calloc(1, sizeof *log);

	if (!log) {
		err_set(err, ENOMEM, "open the log");
		return NULL;
	}
	log->fd = log->head_fd = -1;
	randombytes_buf(log->epoch, sizeof log->epoch);
	if (boot_id(log->boot, err))
		goto fail;
	log->fd = file_open(dir, LOG_FILE, O_RDWR | (create ? O_CREAT | O_EXCL : 0), 0600, err);
	if (log->fd < 0)
		goto fail;
	log->head_fd = head_open(dir, create, err);
	if (log->head_fd < 0)
		goto fail;
	while (flock(log->fd, LOCK_EX))
		if (errno != EINTR) {
			err_set(err, errno, "lock the log");
			goto fail;
		}
	return log;
fail:
	log_close(log);
	return NULL;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	cleanup_fd(&log->fd);
	cleanup_fd(&log->head_fd);
	opens_free(&log->opens);
	free(log);
}

struct log_repair log_repaired(const struct log *log)
{
	return log->repair;
}

static int log_write(struct log *log, size_t n, struct krux_err *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t w =
			pwrite(log->fd, log->buf + done, n - done, (off_t)(log->last.bytes + done));

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			int no = errno;

			/* Whether this works or not, nothing is appended after it. */
			if (ftruncate(log->fd, (off_t)log->last.bytes))
				no = errno;
			return err_set(err, no, "append to the log");
		}
		done += (size_t)w;
	}
	return fdatasync(log->fd) ? err_set(err, errno, "log: to disk") : 0;
}

int log_append(struct log *log, struct record *r, uint64_t *seq, uint8_t *leaf,
               struct krux_err *err)
{
	size_t n;

	if (log->failed)
		return err_set(
			err, 0,
			"the log failed before: nothing can be recorded, so nothing is done");
	record_set(r, AUDIT_SEQ, log->last.count);
	record_bytes(r, AUDIT_PREV, log->last.leaf, HASH_LEN);
	record_bytes(r, AUDIT_EPOCH, log->epoch, sizeof log->epoch);
	record_bytes(r, AUDIT_BOOT, log->boot, sizeof log->boot);
	record_set(r, AUDIT_WALL, log_wall());
	record_set(r, AUDIT_MONO, mono_now());
	n = record_encode(r, log->buf, sizeof log->buf);
	if (!n)
		return err_set(err, 0, "this does not fit into a record of the log");
	if (log_write(log, n, err)) {
		log->failed = true;
		return -1;
	}
	if (seq)
		*seq = log->last.count;
	record_leaf(log->buf, n, log->last.leaf);
	if (leaf)
		memcpy(leaf, log->last.leaf, HASH_LEN);
	log->last.count++;
	log->last.bytes += n;
	if (head_write(log->head_fd, &log->last, err)) {
		log->failed = true;
		return -1;
	}
	return 0;
}

int log_create(int dir, const char *origin, const char *engine, struct krux_err *err)
{
	struct log *log = log_new(dir, true, err);
	struct record r = { 0 };
	int rc;

	if (!log)
		return err_wrap(err, "make the log");
	crypto_hash_sha256(log->last.leaf, (const uint8_t *)origin, strlen(origin));
	record_set(&r, AUDIT_KIND, AUDIT_KIND_ORIGIN);
	record_text(&r, AUDIT_ORIGIN, origin);
	record_text(&r, AUDIT_ENGINE, engine);
	rc = log_append(log, &r, NULL, NULL, err);
	if (!rc && (fsync(log->head_fd) || fsync(dir)))
		rc = err_set(err, errno, "log: to disk");
	log_close(log);
	return rc;
}

static int damaged(struct krux_err *err, uint64_t at, const char *what)
{
	return err_set(
		err, 0,
		"the log is damaged at byte %llu: %s; nothing is done until that is cleared up "
		"(kruxrt audit verify shows all of it)",
		(unsigned long long)at, what);
}

/* One more good record; the chain and the head file must agree with it. */
static int log_follow(struct log *log, const struct head *head, const struct scan_item *item,
                      struct krux_err *err)
{
	const struct record *r = &item->record;
	uint64_t kind = r->field[AUDIT_KIND].u, seq = r->field[AUDIT_SEQ].u;
	struct krux_str origin = r->field[AUDIT_ORIGIN].s;

	if (seq != log->last.count)
		return damaged(err, item->at, "records are missing or out of order");
	if ((kind == AUDIT_KIND_ORIGIN) != (seq == 0))
		return damaged(err, item->at, "the record of the origin is not where it belongs");
	if (seq == 0)
		crypto_hash_sha256(log->last.leaf, (const uint8_t *)origin.p, origin.n);
	if (memcmp(r->field[AUDIT_PREV].s.p, log->last.leaf, HASH_LEN) != 0)
		return damaged(err, item->at,
		               "the record before it is not the one that was written");
	if (kind == AUDIT_KIND_INTENT && !opens_add(&log->opens, seq))
		return err_set(err, ENOMEM, "read the log");
	if ((kind == AUDIT_KIND_OUTCOME || kind == AUDIT_KIND_UNKNOWN) &&
	    !opens_remove(&log->opens, r->field[AUDIT_ABOUT].u))
		return damaged(err, item->at, "an outcome without its intent");
	memcpy(log->last.leaf, item->leaf, HASH_LEN);
	log->last.count = seq + 1;
	log->last.bytes = item->at + item->length;
	if (log->last.count == head->count &&
	    (log->last.bytes != head->bytes || memcmp(log->last.leaf, head->leaf, HASH_LEN) != 0))
		return damaged(err, item->at, "this record is not the one that was written");
	return 0;
}

static int hash_range(int fd, uint64_t from, uint64_t n, uint8_t out[static HASH_LEN],
                      struct krux_err *err)
{
	crypto_hash_sha256_state s;
	uint8_t buf[4096];

	crypto_hash_sha256_init(&s);
	while (n) {
		ssize_t got = pread(fd, buf, n < sizeof buf ? (size_t)n : sizeof buf, (off_t)from);

		if (got <= 0)
			return err_set(err, errno, "read the end of the log");
		crypto_hash_sha256_update(&s, buf, (size_t)got);
		from += (uint64_t)got;
		n -= (uint64_t)got;
	}
	crypto_hash_sha256_final(&s, out);
	return 0;
}

/* Cuts off what a crash left of the last append, and records it. */
static int log_cut(struct log *log, uint64_t n, struct krux_err *err)
{
	uint8_t hash[HASH_LEN], dropped[64];
	struct item_out o = { dropped, sizeof dropped, 0 };
	struct record r = { 0 };

	if (hash_range(log->fd, log->last.bytes, n, hash, err))
		return -1;
	if (ftruncate(log->fd, (off_t)log->last.bytes) || fdatasync(log->fd))
		return err_set(err, errno, "cut off the torn end of the log");
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)hash, HASH_LEN });
	item_head(&o, ITEM_UINT, n);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_RECOVERED);
	record_text(&r, AUDIT_WHY,
	            "the end of the log was no whole record, as a crash leaves it; it was cut off");
	record_bytes(&r, AUDIT_DROPPED, dropped, o.n);
	log->repair.dropped = n;
	return log_append(log, &r, NULL, NULL, err);
}

static int log_scan(struct log *log, const struct head *head, log_each_fn *each, void *ctx,
                    uint64_t *torn, struct krux_err *err)
{
	struct scan_item item = { 0 };
	enum scan_step step;
	struct stat st;
	struct scan *s;
	int rc = 0;

	*torn = 0;
	if (fstat(log->fd, &st))
		return err_set(err, errno, "log");
	s = scan_new(log->fd, (uint64_t)st.st_size, err);
	if (!s)
		return -1;
	while (!rc && (step = scan_next(s, &item, err)) == SCAN_RECORD) {
		rc = log_follow(log, head, &item, err);
		if (!rc && each)
			rc = each(ctx, &item.record, err);
	}
	if (!rc && step == SCAN_BAD) {
		rc = scan_resync(s, &item, err);
		/* One append was under way at most: all that is left must be what it left. */
		*torn = item.length;
		if (!rc && (log->last.bytes < head->bytes || item.length > RECORD_MAX ||
		            scan_at(s) < (uint64_t)st.st_size))
			rc = damaged(err, item.why_at, item.why);
	} else if (!rc && step == SCAN_FAILED) {
		rc = -1;
	}
	scan_free(s);
	if (!rc && log->last.bytes < head->bytes)
		rc = damaged(err, log->last.bytes, "records at its end are missing");
	return rc;
}

/* Intents of a program that is gone. The lock was free, so none of them is still running. */
static int log_close_intents(struct log *log, struct krux_err *err)
{
	while (log->opens.n) {
		struct record r = { 0 };

		record_set(&r, AUDIT_KIND, AUDIT_KIND_UNKNOWN);
		record_set(&r, AUDIT_ABOUT, log->opens.seq[0]);
		record_text(&r, AUDIT_WHY,
		            "the program ended before it could record how the call ended");
		if (log_append(log, &r, NULL, NULL, err))
			return -1;
		opens_remove(&log->opens, log->opens.seq[0]);
		log->repair.unknown++;
	}
	return 0;
}

struct log *log_open(int dir, log_each_fn *each, void *ctx, struct krux_err *err)
{
	struct head head = { 0 };
	struct log *log;
	uint64_t torn;
	int found;

	log = log_new(dir, false, err);
	if (!log)
		return NULL;
	found = head_read(dir, &head, err);
	if (found < 0)
		goto fail;
	if (!found) {
		err_set(err, 0,
		        "log/head is missing or unreadable: whether the log is whole cannot be "
		        "told");
		goto fail;
	}
	if (log_scan(log, &head, each, ctx, &torn, err) ||
	    (torn && log_cut(log, torn, err)) || log_close_intents(log, err))
		goto fail;
	return log;
fail:
	log_close(log);
	return NULL;
}
