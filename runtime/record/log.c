/* Records to segments.
 *
 * Order of a commit: the records, fdatasync, then log/head. So the head is never ahead of what is on
 * disk, and a log that ends before its head was damaged by something else than a crash. After a
 * failed write or fdatasync nothing of that commit counts, and its pages are not written again. */
#include "runtime/record/log_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/recount.h"
#include "runtime/record/tree.h"
#include "runtime/record/zeros.h"

#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) || t.tv_sec < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t log_wall(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t log_mono(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

const struct carry *log_carry(const struct log *log)
{
	return log->carry;
}

const uint8_t *log_epoch(const struct log *log)
{
	return log->epoch;
}

const uint8_t *log_boot(const struct log *log)
{
	return log->boot;
}

const struct tree *log_tree(const struct log *log)
{
	return carry_tree(log->carry);
}

const uint8_t *log_last(const struct log *log)
{
	return log->leaf;
}

size_t log_pending(const struct log *log)
{
	return log->adding ? log->nbuf : 0;
}

uint64_t log_dropped(const struct log *log)
{
	return log->dropped;
}

uint64_t log_alarm(const struct log *log)
{
	return log->alarm;
}

bool log_headless(const struct log *log)
{
	return log->headless;
}

void log_expect(struct log *log, uint64_t records)
{
	if (records > log->next && records > carry_acknowledged(log->carry) && records > log->alarm)
		log->alarm = records;
}

void log_distrust(struct log *log, uint64_t records)
{
	if (records > log->alarm)
		log->alarm = records;
}

enum log_result log_fail(struct log *log)
{
	log->failed = true;
	return LOG_FAILED;
}

/* ---- adding ---- */

/* What is taken when there is no room but the reserve: what ends things, and what an operator does. */
static bool is_urgent(uint64_t kind)
{
	switch (kind) {
	case AUDIT_KIND_INTENT:
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_DENIED:
	case AUDIT_KIND_INVALID:
	case AUDIT_KIND_NOTIFY:
	case AUDIT_KIND_REFUSED:
	case AUDIT_KIND_SIGNED:
		return false;
	default:
		return true;
	}
}

static enum log_result room_look(struct log *log, struct krux_err *err);

static enum log_result log_admits(struct log *log, const struct record *r, struct krux_err *err)
{
	uint64_t kind = r->field[AUDIT_KIND].u;

	if (log->failed) {
		err_set(err, 0, "the log failed before: nothing can be recorded, so nothing is done");
		return LOG_FAILED;
	}
	if (log->alarm && kind != AUDIT_KIND_ACKNOWLEDGED) {
		err_set(err, 0,
		        "the log ends at record %llu and is known to have had %llu: nothing is done until an "
		        "operator acknowledges the loss",
		        (unsigned long long)log->next, (unsigned long long)log->alarm);
		return LOG_REFUSED;
	}
	if (log->headless && kind != AUDIT_KIND_ACKNOWLEDGED) {
		err_set(err, 0, "log/head is lost: nothing is done until an operator acknowledges it");
		return LOG_REFUSED;
	}
	if (log->full && !is_urgent(kind) && room_look(log, err) == LOG_FAILED)
		return LOG_FAILED;
	if (log->full && !is_urgent(kind)) {
		err_set(err, ENOSPC, "the log");
		return LOG_FULL;
	}
	return LOG_OK;
}

/* r, whose body stands at the end of buf at `body`, becomes a record there. */
static enum log_result body_add(struct log *log, struct krux_str body, struct record *r,
                                struct log_added *added, struct krux_err *err)
{
	struct record_head h = { log->next, log->leaf, &log->moment };
	uint8_t *out = log->buf + log->nbuf, leaf[HASH_LEN];
	size_t n = record_whole(&h, (const uint8_t *)body.p, body.n, r, out, RECORD_MAX);
	enum carry_result rc;

	if (!n) {
		err_set(err, 0, "this does not fit into a record of the log");
		return LOG_REFUSED;
	}
	carry_hash(log->carry, (struct krux_str){ (char *)out, n }, leaf);
	rc = carry_add(log->carry, r, (struct krux_str){ (char *)out, n }, leaf);
	if (rc) {
		err_set(err, 0, "not recorded: %s", carry_result_text(rc));
		return rc == CARRY_MEMORY ? log_fail(log) : LOG_REFUSED;
	}
	carry_leaf(log->carry, leaf);
	if (added) {
		*added = (struct log_added){ .seq = h.seq, .wall = log->moment.wall, .bytes = { (char *)out, n } };
		memcpy(added->leaf, leaf, HASH_LEN);
	}
	memcpy(log->leaf, leaf, HASH_LEN);
	log->nbuf += n;
	log->adding = true;
	log->next++;
	return LOG_OK;
}

/* The operator's word names all that is known to be lost. */
static enum log_result word_take(struct log *log, const struct record *r, struct krux_err *err)
{
	if (carry_try(log->carry, r)) {
		err_set(err, 0, "not recorded: %s", carry_result_text(carry_try(log->carry, r)));
		return LOG_REFUSED;
	}
	if (log->alarm && (!record_has(r, AUDIT_TREE) || r->field[AUDIT_TREE].u < log->alarm)) {
		err_set(err, 0, "not recorded: it must name the %llu records that were there",
		        (unsigned long long)log->alarm);
		return LOG_REFUSED;
	}
	if (log->headless && !record_has(r, AUDIT_ACTION)) {
		err_set(err, 0, "not recorded: it must say that log/head is lost");
		return LOG_REFUSED;
	}
	/* What stands behind the last record is set aside. */
	return log_cut(log, err);
}

enum log_result log_add_body(struct log *log, struct krux_str body, struct record *r,
                             struct log_added *added, struct krux_err *err)
{
	enum log_result rc = log_admits(log, r, err);

	if (!rc && (log->alarm || log->headless))
		rc = word_take(log, r, err);
	if (!rc && log_pending(log) > LOG_PENDING)
		rc = log_commit(log, err);
	/* Those that are written together arrived together. */
	if (!rc && !log->adding) {
		record_moment(&log->moment, log->epoch, log->boot, log_wall(), log_mono());
		log->nbuf = log->given = 0;
	}
	if (!rc && carry_widens(log->carry, r) && (log_give(log, err) || recount(log->dir, log->carry, r, log->segment, log->at, err)))
		rc = log_fail(log);
	return rc ? rc : body_add(log, body, r, added, err);
}

enum log_result log_add(struct log *log, struct record *r, struct log_added *added, struct krux_err *err)
{
	uint8_t body[RECORD_MAX];
	size_t n = record_encode_body(r, body, sizeof body);
	struct record checked;
	const char *why;

	/* Nobody is to write what nobody could read. */
	if (!n || !record_body(body, n, &checked, &why)) {
		err_set(err, 0, "this is no record of the log: %s", n ? why : "it does not fit");
		return LOG_REFUSED;
	}
	return log_add_body(log, (struct krux_str){ (char *)body, n }, &checked, added, err);
}

enum log_result log_say(struct log *log, enum audit_kind kind, const char *why, struct krux_err *err)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, kind);
	record_text(&r, AUDIT_WHY, why);
	return log_add(log, &r, NULL, err);
}

/* ---- to the disk ---- */

enum log_result log_give(struct log *log, struct krux_err *err)
{
	size_t n = log->nbuf - log->given;

	if (!n)
		return LOG_OK;
	if (segment_write(log->fd, log->buf + log->given, n, log->at, err))
		return log_fail(log);
	log->given = log->nbuf;
	log->at += n;
	log->unsynced += n;
	return LOG_OK;
}

static enum log_result log_sync(struct log *log, struct krux_err *err)
{
	if (fdatasync(log->fd)) {
		err_set(err, errno, "log: to disk");
		return log_fail(log);
	}
	log->unsynced = 0;
	log->last = (struct head){ .count = log->next, .segment = log->segment, .bytes = log->at };
	memcpy(log->last.leaf, log->leaf, HASH_LEN);
	return head_write(log->head_fd, &log->last, err) ? log_fail(log) : LOG_OK;
}

static uint64_t size_of(const struct log *log, uint64_t number)
{
	uint64_t max = log->options.segment ? log->options.segment : LOG_SEGMENT;
	uint64_t size = number < 16 ? (uint64_t)LOG_SEGMENT_FIRST << number : max;

	return size < max ? size : max;
}

/* Zeros for the next segment, a little with each commit, once this one is half full. A failure shows
 * when the segment is needed. */
static void log_prepare(struct log *log, uint64_t written)
{
	struct krux_err ignored;

	if (log->full || log->at < log->size / 2)
		return;
	if (log->ahead.fd < 0 && segment_next_begin(log->dir, &log->ahead, size_of(log, log->segment + 1), &ignored))
		return;
	if (segment_next_fill(&log->ahead, 2 * written + (16 << 10), &ignored))
		segment_next_drop(log->dir, &log->ahead);
}

int log_zeros_start(struct log *log, struct krux_err *err)
{
	/* What was begun is begun again. */
	segment_next_drop(log->dir, &log->ahead);
	log->ahead.zeros = zeros_start(err);
	return log->ahead.zeros ? 0 : -1;
}

enum log_result log_write(struct log *log, struct krux_err *err)
{
	uint64_t before = log->at;

	if (log->failed || log_give(log, err))
		return LOG_FAILED;
	log->adding = false;
	log_prepare(log, log->at - before);
	if (log->unsynced > LOG_UNSYNCED || log->at + LOG_MARGIN > log->size)
		return log_commit(log, err);
	return LOG_OK;
}

enum log_result log_commit(struct log *log, struct krux_err *err)
{
	uint64_t written;

	if (log->failed) {
		err_set(err, 0, "the log failed before");
		return LOG_FAILED;
	}
	if (log_give(log, err))
		return LOG_FAILED;
	log->adding = false;
	written = log->unsynced;
	if (!written)
		return LOG_OK;
	/* While zeros are written the disk takes the records, where that is more than a moment. */
	if (log->at >= log->size / 2 && written >= LOG_SEND)
		segment_send(log->fd, log->at - written, written);
	log_prepare(log, written);
	if (log_sync(log, err))
		return LOG_FAILED;
	return log->at + LOG_MARGIN > log->size ? log_rotate(log, err) : LOG_OK;
}

int log_append(struct log *log, struct record *r, uint64_t *seq, uint8_t *leaf, struct krux_err *err)
{
	struct log_added added;

	if (log_add(log, r, &added, err) || log_commit(log, err))
		return -1;
	if (seq)
		*seq = added.seq;
	if (leaf)
		memcpy(leaf, added.leaf, HASH_LEN);
	return 0;
}

/* ---- segments ---- */

int log_reserve(struct log *log, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(log->dir, LOG_RESERVE_FILE, O_WRONLY | O_CREAT | O_EXCL, 0600, err);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	if (fallocate(fd, 0, 0, LOG_RESERVE) && errno != EOPNOTSUPP && errno != ENOSYS)
		err_set(err, errno, "the reserve of the log");
	else if (!segment_zero(fd, 0, LOG_RESERVE, err) && !fsync(fd))
		return 0;
	unlinkat(log->dir, LOG_RESERVE_FILE, 0);
	return -1;
}

static int next_make(struct log *log, uint64_t number, uint64_t size, struct krux_err *err)
{
	if (log->ahead.fd < 0 && segment_next_begin(log->dir, &log->ahead, size, err))
		return -1;
	return segment_next_end(log->dir, &log->ahead, number, err);
}

enum log_result log_begin(struct log *log, uint64_t number, struct krux_err *err)
{
	uint64_t size = log->ahead.fd < 0 ? size_of(log, number) : log->ahead.size;
	int fd;

	fd = next_make(log, number, size, err);
	if (fd < 0 && err->no == ENOSPC) {
		segment_next_drop(log->dir, &log->ahead);
		if (!unlinkat(log->dir, LOG_RESERVE_FILE, 0)) {
			log->full = true;
			log->retry = log_mono() + 1000000000u;
			size = size < LOG_SMALL ? size : LOG_SMALL;
			fd = next_make(log, number, size, err);
		}
	}
	if (fd < 0) {
		segment_next_drop(log->dir, &log->ahead);
		return log_fail(log);
	}
	cleanup_fd(&log->fd);
	log->fd = fd;
	log->segment = number;
	log->size = size;
	log->at = log->unsynced = 0;
	return LOG_OK;
}

static bool state_field(struct log *log, struct krux_str state, struct record *r, uint8_t *item,
                        size_t room, struct krux_err *err)
{
	struct item_out o = { item, room, 0 };
	uint8_t name[HASH_LEN];

	if (state.n <= RECORD_MAX - 2 * RECORD_HEAD) {
		record_str(r, AUDIT_STATE, state);
		return true;
	}
	if (blob_put(log->blobs, state, name, err))
		return false;
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, state.n);
	record_bytes(r, AUDIT_STATE_BLOB, item, o.n);
	return true;
}

/* The first record of a segment. What was handed out of buf stays where it is. */
static enum log_result state_add(struct log *log, struct krux_err *err)
{
	CLEAN_FREE uint8_t *state = NULL;
	struct record r = { 0 };
	uint8_t item[64];
	size_t n;

	state = carry_encode(log->carry, &n);
	if (!state) {
		err_set(err, ENOMEM, "the state of the log");
		return log_fail(log);
	}
	record_set(&r, AUDIT_KIND, AUDIT_KIND_CARRY);
	if (!state_field(log, (struct krux_str){ (char *)state, n }, &r, item, sizeof item, err))
		return log_fail(log);
	return log_add(log, &r, NULL, err) ? log_fail(log) : LOG_OK;
}

enum log_result log_rotate(struct log *log, struct krux_err *err)
{
	uint8_t *kept = log->buf;
	size_t nkept = log->nbuf;
	bool was_full = log->full;
	enum log_result rc;

	if (ftruncate(log->fd, (off_t)log->at) || fsync(log->fd)) {
		err_set(err, errno, "seal a segment of the log");
		return log_fail(log);
	}
	rc = log_begin(log, log->segment + 1, err);
	if (rc)
		return rc;
	log->buf = malloc(4 * RECORD_MAX);
	log->nbuf = log->given = 0;
	log->adding = false;
	if (!log->buf) {
		err_set(err, ENOMEM, "the log");
		rc = log_fail(log);
	}
	if (!rc)
		rc = state_add(log, err);
	if (!rc && log->full && !was_full)
		rc = log_say(log, AUDIT_KIND_FULL, "the disk is full: calls are denied until there is room", err);
	if (!rc && (log_give(log, err) || log_sync(log, err)))
		rc = LOG_FAILED;
	/* Not with every commit, but now: so that it is never behind by more than a segment. */
	if (!rc && fdatasync(log->head_fd)) {
		err_set(err, errno, "log/head: to disk");
		rc = log_fail(log);
	}
	free(log->buf);
	log->buf = kept;
	log->nbuf = log->given = nkept;
	log->adding = false;
	return rc;
}

/* Once a second: is there room for the reserve and a segment again. */
static enum log_result room_look(struct log *log, struct krux_err *err)
{
	struct krux_err why = { 0 };

	if (log_mono() < log->retry)
		return LOG_OK;
	log->retry = log_mono() + 1000000000u;
	if (log_reserve(log, &why) ||
	    segment_next_begin(log->dir, &log->ahead, size_of(log, log->segment + 1), &why))
		return LOG_OK;
	log->full = false;
	return log_say(log, AUDIT_KIND_FULL, "there is room on the disk again", err) ? LOG_FAILED : LOG_OK;
}
