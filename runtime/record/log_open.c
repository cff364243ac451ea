/* Recovery: the last segment to its longest valid prefix, and to the state that it leads to.
 *
 * A commit is one write and one wait, so a crash leaves at most one commit's worth of bytes that are
 * no records, behind all that was acknowledged. What ends before log/head, or has more behind its
 * end, lost records otherwise: that is an alarm, and nothing is repaired. */
#include "runtime/record/log_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/recount.h"
#include "runtime/record/scan.h"
#include "runtime/record/tree.h"
#include "runtime/record/zeros.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define U(x) ((unsigned long long)(x))

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

static struct { bool known; uint8_t id[16]; } boot;

int log_ask_machine(struct krux_err *err)
{
	if (!boot.known && boot_id(boot.id, err))
		return -1;
	boot.known = true;
	return 0;
}

static int headless(struct krux_err *err)
{
	return err_set(err, 0,
	               "log/head is missing or damaged: whether records are missing at the end of the log cannot be told. "
	               "Put it back, or go on without it: kruxrt audit acknowledge --state DIR --key KEY --reason TEXT");
}

/* A reader that looks whether there is a writer holds the lock for a moment. */
static int lock_take(int fd, bool wait, struct krux_err *err)
{
	const struct timespec pause = { 0, 20000000 };

	for (int tries = 0; flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)); tries++) {
		if (errno == EWOULDBLOCK && tries == 25)
			return err_set(err, 0, "another program writes this log");
		if (errno == EWOULDBLOCK)
			nanosleep(&pause, NULL);
		else if (errno != EINTR)
			return err_set(err, errno, "lock the log");
	}
	return 0;
}

/* Who is told that the head is lost goes on without it. */
static int lock_open(int dir, bool create, bool lost, struct krux_err *err)
{
	struct krux_err why = { 0 };
	int fd = head_open(dir, create, &why);

	if (fd < 0 && why.no == ENOENT && lost)
		return head_open(dir, true, err);
	if (fd < 0 && why.no == ENOENT)
		return headless(err);
	if (fd < 0)
		*err = why;
	return fd;
}

static struct log *log_new(int dir, int blobs, const struct log_options *options, bool create,
                           struct krux_err *err)
{
	struct log *log = calloc(1, sizeof *log);

	if (!log) {
		err_set(err, ENOMEM, "open the log");
		return NULL;
	}
	log->dir = dir;
	log->blobs = blobs;
	log->options = options ? *options : (struct log_options){ .wait = true };
	log->fd = log->head_fd = log->ahead.fd = -1;
	randombytes_buf(log->epoch, sizeof log->epoch);
	log->buf = malloc(LOG_PENDING + 2 * RECORD_MAX);
	if (!log->buf) {
		err_set(err, ENOMEM, "open the log");
		goto fail;
	}
	log->head_fd = lock_open(dir, create, log->options.alarm, err);
	if (log->head_fd >= 0 && !lock_take(log->head_fd, log->options.wait, err) && !log_ask_machine(err)) {
		memcpy(log->boot, boot.id, sizeof log->boot);
		return log;
	}
fail:
	log_close(log);
	return NULL;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	segment_next_drop(log->dir, &log->ahead);
	zeros_end(log->ahead.zeros);
	cleanup_fd(&log->fd);
	cleanup_fd(&log->head_fd);
	carry_free(log->carry);
	free(log->buf);
	free(log);
}

int log_create(int dir, const char *origin, const char *engine, struct krux_err *err)
{
	struct krux_str name = { origin, strlen(origin) };
	struct log *log = log_new(dir, -1, NULL, true, err);
	struct record r = { 0 };
	int rc = -1;

	if (!log)
		return err_wrap(err, "make the log");
	krux_sha256(name, log->leaf);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_ORIGIN);
	record_text(&r, AUDIT_ORIGIN, origin);
	record_text(&r, AUDIT_ENGINE, engine);
	log->carry = carry_new();
	if (!log->carry)
		err_set(err, ENOMEM, "make the log");
	else if (!log_begin(log, 0, err) && !log_append(log, &r, NULL, NULL, err) && !head_mend(log->head_fd, &log->last, err))
		rc = fsync(log->head_fd) || fsync(dir) ? err_set(err, errno, "log: to disk") : 0;
	log_close(log);
	return rc;
}

/* ---- reading the last segment ---- */

struct reading {
	struct log *log;
	const struct head *head;
	bool trusting;               /* compare no record's own check, since the next names its hash */
	uint64_t limit;              /* bytes to read */
	uint64_t records;            /* read so far */
	bool head_differs;
	bool behind;                 /* segments behind it hold what is no record: only where the head is lost */
	char why[192];               /* what ended it */
	uint64_t why_at;
};

struct carry *log_state(int blobs, const struct record *r, const char **why)
{
	struct item_in in = { (const uint8_t *)r->field[AUDIT_STATE_BLOB].s.p, NULL, NULL };
	CLEAN_FREE uint8_t *bytes = NULL;
	struct krux_str name, content;
	struct krux_err err;
	uint64_t two, size;
	size_t n;

	if (record_has(r, AUDIT_STATE))
		return carry_decode(r->field[AUDIT_STATE].s, why);
	in.end = in.p + r->field[AUDIT_STATE_BLOB].s.n;
	*why = "its blob is missing or was changed";
	if (!item_take(&in, ITEM_LIST, &two) || !item_take_str(&in, ITEM_BYTES, &name) ||
	    !item_take(&in, ITEM_UINT, &size) || size > SIZE_MAX / 2)
		return NULL;
	bytes = blob_read(blobs, (const uint8_t *)name.p, (size_t)size + BLOB_SALT, &n, &err);
	if (!bytes || !blob_is(bytes, n, (const uint8_t *)name.p, &content) || content.n != size)
		return NULL;
	return carry_decode(content, why);
}

/* What stands first in a segment tells the state before it. */
static const char *first_take(struct reading *in, const struct record *r)
{
	struct log *log = in->log;
	uint64_t kind = r->field[AUDIT_KIND].u, seq = r->field[AUDIT_SEQ].u;
	const char *why = "it does not fit into the log";

	if (log->segment == 0) {
		if (kind != AUDIT_KIND_ORIGIN || seq != 0)
			return "the log does not begin with its origin";
		krux_sha256(r->field[AUDIT_ORIGIN].s, log->leaf);
		log->carry = carry_new();
		return log->carry ? NULL : "no memory";
	}
	if (kind != AUDIT_KIND_CARRY)
		return "a segment does not begin with the state";
	log->carry = log_state(log->blobs, r, &why);
	if (!log->carry)
		return why;
	if (carry_next(log->carry) != seq || carry_tree(log->carry)->size != seq)
		return "a state that is not that of its place";
	log->next = seq;
	memcpy(log->leaf, r->field[AUDIT_PREV].s.p, HASH_LEN);
	if (in->head->count == seq && memcmp(log->leaf, in->head->leaf, HASH_LEN) != 0)
		in->head_differs = true;
	return NULL;
}

static const char *record_take(struct reading *in, const struct scan_item *item)
{
	struct log *log = in->log;
	const struct record *r = item->record;
	const char *why;
	enum carry_result rc;

	if (!in->records && (why = first_take(in, r)))
		return why;
	if (r->field[AUDIT_SEQ].u != log->next)
		return "records are missing or out of order";
	if (memcmp(r->field[AUDIT_PREV].s.p, log->leaf, HASH_LEN) != 0)
		return "the record before it is not the one that was written";
	if (in->records && (r->field[AUDIT_KIND].u == AUDIT_KIND_ORIGIN || r->field[AUDIT_KIND].u == AUDIT_KIND_CARRY))
		return "an origin or a state that does not belong there";
	if (carry_widens(log->carry, r) && carry_bundle(log->carry))
		return NULL;
	rc = carry_add(log->carry, r, item->bytes, item->leaf);
	if (rc)
		return carry_result_text(rc);
	return NULL;
}

/* One more good record; NULL, or why it is none. */
static const char *record_follow(struct reading *in, const struct scan_item *item, struct krux_err *err)
{
	struct log *log = in->log;
	const char *why = record_take(in, item);

	if (why)
		return why;
	if (carry_next(log->carry) == log->next &&
	    recount(log->dir, log->carry, item->record, log->segment, item->at, err))
		return "what was counted before cannot be read";
	if (carry_next(log->carry) == log->next && carry_add(log->carry, item->record, item->bytes, item->leaf))
		return "no memory";
	carry_leaf(log->carry, item->leaf);
	memcpy(log->leaf, item->leaf, HASH_LEN);
	log->next++;
	log->at = item->at + item->length;
	in->records++;
	if (log->next == in->head->count &&
	    (memcmp(log->leaf, in->head->leaf, HASH_LEN) != 0 ||
	     (log->segment == in->head->segment && log->at != in->head->bytes)))
		in->head_differs = true;
	return NULL;
}

/* 0: the prefix is found; 1: read again without trust; -1 with *err. */
static int segment_read(struct reading *in, struct krux_err *err)
{
	struct log *log = in->log;
	struct scan *s = scan_new(log->fd, in->limit, err);
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_FAILED;
	const char *why = NULL;

	if (!s)
		return -1;
	carry_free(log->carry);
	log->carry = NULL;
	log->at = log->next = in->records = 0;
	in->head_differs = false;
	scan_trust(s, in->trusting);
	while (!why && (step = scan_next(s, &item, err)) == SCAN_RECORD) {
		why = record_follow(in, &item, err);
		in->why_at = item.at;
	}
	if (step == SCAN_BAD) {
		why = item.why;
		in->why_at = item.why_at;
	}
	if (why)
		snprintf(in->why, sizeof in->why, "%.190s", why);
	else
		in->why[0] = 0;
	/* Without the next one to name its hash, the last has to add up by itself. */
	if (step != SCAN_FAILED && in->trusting &&
	    (step == SCAN_RECORD || in->head_differs || (in->records && !scan_last_adds_up(s))))
		step = SCAN_STEPS;
	scan_free(s);
	return step == SCAN_FAILED ? -1 : step == SCAN_STEPS;
}

/* Opens segment `number` and reads it. */
static int segment_take(struct reading *in, uint64_t number, uint64_t limit, struct krux_err *err)
{
	struct log *log = in->log;
	struct stat st;
	int rc;

	cleanup_fd(&log->fd);
	log->segment = number;
	log->fd = segment_open(log->dir, number, O_RDWR, err);
	if (log->fd < 0 || fstat(log->fd, &st))
		return log->fd < 0 ? -1 : err_set(err, errno, "log");
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "a segment of the log is not a regular file");
	log->size = (uint64_t)st.st_size;
	in->limit = limit < log->size ? limit : log->size;
	in->trusting = true;
	rc = segment_read(in, err);
	if (rc > 0) {
		in->trusting = false;
		rc = segment_read(in, err);
	}
	return rc;
}

/* ---- opening ---- */

static int damaged(struct log *log, const struct reading *in, uint64_t records, struct krux_err *err)
{
	log->alarm = records > carry_acknowledged(log->carry) ? records : carry_acknowledged(log->carry) + 1;
	log->cut = true;
	if (log->options.alarm)
		return 0;
	return err_set(err, 0,
	               "the log is damaged at byte %llu of segment %llu: %s; nothing is done until that is "
	               "cleared up (kruxrt audit verify shows all of it)",
	               U(in->why[0] ? in->why_at : log->at), U(log->segment),
	               in->why[0] ? in->why : "records at its end are missing");
}

/* Segments that were begun and hold no record that counts go away. */
static int last_find(struct reading *in, struct krux_err *err)
{
	struct log *log = in->log;
	uint64_t number, content;
	int found = segment_last(log->dir, &number, err);

	if (found <= 0)
		return found ? -1 : err_set(err, 0, "the log has no segments");
	for (;;) {
		char name[SEGMENT_NAME];

		if (segment_take(in, number, UINT64_MAX, err))
			return -1;
		if (in->records)
			return 0;
		if (!number)
			return err_set(err, 0, "the log is damaged at byte 0 of segment 0: %s", in->why);
		if (log->headless) {
			if (segment_content(log->fd, 0, log->size, &content, err))
				return -1;
			in->behind |= content > 2 * RECORD_MAX;
			number--;
			continue;
		}
		/* It may be what is left of a good one: then the head knows more than the one before. */
		if (in->head->segment >= number) {
			if (segment_take(in, number - 1, UINT64_MAX, err) || !in->records)
				return err_set(err, 0, "the log is damaged from segment %llu on", U(number - 1));
			return 0;
		}
		/* Its first commit is the state alone. */
		if (segment_content(log->fd, 0, log->size, &content, err))
			return -1;
		if (content > 2 * RECORD_MAX)
			return err_set(err, 0, "the log is damaged at byte 0 of segment %llu: %s", U(number), in->why);
		segment_name(number--, name);
		if (unlinkat(log->dir, name, 0))
			return err_set(err, errno, "log/%s", name);
	}
}

/* What lies behind the head may be with the system only, even if a write to the disk failed before:
 * it is written again, as if it were new. */
static int tail_again(struct log *log, uint64_t from, struct krux_err *err)
{
	uint8_t buf[64 << 10];

	while (from < log->at) {
		uint64_t want = log->at - from < sizeof buf ? log->at - from : sizeof buf;
		ssize_t n = pread(log->fd, buf, (size_t)want, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, n ? errno : EIO, "read the end of the log");
		if (segment_write(log->fd, buf, (size_t)n, from, err))
			return -1;
		from += (uint64_t)n;
	}
	return 0;
}

static enum log_result say_recovered(struct log *log, uint64_t n, const char *why, struct krux_err *err)
{
	uint8_t hash[HASH_LEN], dropped[64];
	struct item_out o = { dropped, sizeof dropped, 0 };
	struct record r = { 0 };

	if (segment_hash(log->fd, log->at, n, hash, err))
		return log_fail(log);
	log->dropped = n;
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)hash, HASH_LEN });
	item_head(&o, ITEM_UINT, n);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_RECOVERED);
	record_text(&r, AUDIT_WHY, why);
	record_bytes(&r, AUDIT_DROPPED, dropped, o.n);
	/* The bytes go with the sealing of their segment. */
	if (log_rotate(log, err) || log_add(log, &r, NULL, err))
		return LOG_FAILED;
	return log_commit(log, err);
}

/* What is cut off after an alarm is kept beside the log. */
static int cut_keep(struct log *log, uint64_t n, struct krux_err *err)
{
	char name[] = "00000000.cut";
	CLEAN_FREE uint8_t *bytes = NULL;
	ssize_t got;

	snprintf(name, sizeof name, "%08x.cut", (unsigned)log->segment);
	bytes = malloc(n);
	got = bytes ? pread(log->fd, bytes, n, (off_t)log->at) : -1;
	if (got < 0)
		return err_set(err, bytes ? errno : ENOMEM, "keep the end of the log");
	return file_create(log->dir, name, 0600, bytes, (size_t)got, err);
}

enum log_result log_cut(struct log *log, struct krux_err *err)
{
	uint64_t end = log->at, segment = log->segment, last;
	bool lost = log->headless;
	int found;

	log->alarm = 0;
	log->cut = log->headless = false;
	if (lost && tail_again(log, 0, err))
		return log_fail(log);
	if (segment_content(log->fd, log->at, log->size, &end, err) ||
	    (end > log->at && cut_keep(log, end - log->at, err)))
		return log_fail(log);
	/* Segments behind it, with records that follow from none, are set aside. */
	while ((found = segment_last(log->dir, &last, err)) > 0 && last > segment) {
		char name[SEGMENT_NAME], aside[] = "00000000.cut";

		segment_name(last, name);
		snprintf(aside, sizeof aside, "%08x.cut", (unsigned)last);
		if (renameat(log->dir, name, log->dir, aside)) {
			err_set(err, errno, "log/%s", name);
			return log_fail(log);
		}
	}
	if (found < 0)
		return log_fail(log);
	return say_recovered(log, end - log->at,
	                     lost ? "log/head is lost, which says how many records were on disk; an operator acknowledges it"
	                          : "records that were on disk are missing; an operator acknowledges it", err);
}

static int log_recover(struct log *log, struct reading *in, struct krux_err *err)
{
	const struct head *head = in->head;
	uint64_t end;

	if (segment_content(log->fd, log->at, log->size, &end, err))
		return -1;
	if (log->headless) {
		log->cut = true;
		log->last = (struct head){ .count = log->next, .segment = log->segment, .bytes = log->at };
		memcpy(log->last.leaf, log->leaf, HASH_LEN);
		return in->behind || end - log->at > LOG_UNSYNCED + LOG_PENDING + 2 * RECORD_MAX ?
		               damaged(log, in, log->next + 1, err) : 0;
	}
	if (log->next < head->count || in->head_differs)
		return damaged(log, in, head->count > log->next ? head->count : log->next, err);
	/* Not all of it can be what one commit left. */
	if (end - log->at > LOG_UNSYNCED + LOG_PENDING + 2 * RECORD_MAX)
		return damaged(log, in, log->next + 1, err);
	log->last = *head;
	if (end == log->at && log->next == head->count) {
		log->last.segment = log->segment;
		log->last.bytes = log->at;
		return log->at + LOG_MARGIN > log->size && log_rotate(log, err) ? -1 : 0;
	}
	if (tail_again(log, head->segment == log->segment ? head->bytes : 0, err))
		return -1;
	if (end == log->at)
		return log_rotate(log, err) ? -1 : 0;
	return say_recovered(log, end - log->at,
	                     "the end of the log was no whole record, as a crash leaves it; it was cut off",
	                     err) ? -1 : 0;
}

struct log *log_open(int dir, int blobs, const struct log_options *options, struct krux_err *err)
{
	struct head head = { 0 };
	struct log *log = log_new(dir, blobs, options, false, err);
	struct reading in = { .log = log, .head = &head };
	int found;

	if (!log)
		return NULL;
	found = head_read(dir, &head, err);
	log->headless = !found && log->options.alarm;
	if (!found && !log->headless)
		headless(err);
	if ((found > 0 || log->headless) && !last_find(&in, err) && !log_recover(log, &in, err) &&
	    (log->headless || found == HEAD_SLOTS || !head_mend(log->head_fd, &log->last, err))) {
		/* Without room for it the log goes on as long as there is room for records. */
		log_reserve(log, &(struct krux_err){ 0 });
		return log;
	}
	log_close(log);
	return NULL;
}

enum log_result log_again(struct log *log, struct krux_err *err)
{
	struct head head = log->last;
	struct reading in = { .log = log, .head = &head };
	uint64_t last;
	int found;

	segment_next_drop(log->dir, &log->ahead);
	log->nbuf = log->given = 0;
	log->adding = false;
	while ((found = segment_last(log->dir, &last, err)) > 0 && last > head.segment) {
		char name[SEGMENT_NAME];

		segment_name(last, name);
		if (unlinkat(log->dir, name, 0)) {
			err_set(err, errno, "log/%s", name);
			return LOG_FAILED;
		}
	}
	if (found <= 0 || segment_take(&in, head.segment, head.bytes, err))
		return LOG_FAILED;
	if (log->next != head.count || in.head_differs) {
		err_set(err, 0, "what is on disk is not what was written");
		return LOG_FAILED;
	}
	log->failed = log->full = false;
	if (segment_content(log->fd, log->at, log->size, &last, err))
		return log_fail(log);
	return say_recovered(log, last - log->at,
	                     "the system failed to write to the disk: what it was given last is cut off",
	                     err);
}

enum log_result log_settle(struct log *log, uint64_t *unknown, struct krux_err *err)
{
	enum log_result rc = LOG_OK;

	*unknown = 0;
	while (!rc && carry_intents(log->carry)) {
		struct record r = { 0 };

		record_set(&r, AUDIT_KIND, AUDIT_KIND_UNKNOWN);
		record_set(&r, AUDIT_ABOUT, carry_intent(log->carry, 0)->seq);
		record_text(&r, AUDIT_WHY, "the program ended before it could record how the call ended");
		rc = log_add(log, &r, NULL, err);
		++*unknown;
	}
	for (size_t i = 0; !rc && i < carry_tickets(log->carry);) {
		const struct carry_ticket *t = carry_ticket(log->carry, i);
		uint8_t leaf[HASH_LEN];
		struct record r = { 0 };

		if (!carry_ticket_over(t, log_wall(), log_mono(), log->boot)) {
			i++;
			continue;
		}
		memcpy(leaf, t->leaf, HASH_LEN);
		record_set(&r, AUDIT_KIND, AUDIT_KIND_EXPIRED);
		record_bytes(&r, AUDIT_TICKET, leaf, HASH_LEN);
		rc = log_add(log, &r, NULL, err);
	}
	return rc ? rc : log_commit(log, err);
}
