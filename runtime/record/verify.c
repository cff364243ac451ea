/* A log to findings. One record's hash stands in the next one, so a change of record k shows
 * at k + 1 and is reported as k's. After each finding the record at hand is believed, so that
 * one fault is told once and the next one is found too. */
#include "runtime/record/verify.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/blob.h"
#include "runtime/record/head.h"
#include "runtime/record/log.h"
#include "runtime/record/opens.h"
#include "runtime/record/scan.h"

#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { KEPT = 1000 };

struct verify {
	struct verify_report *out;
	struct head head;
	int blobs;
	uint64_t next;               /* seq expected */
	bool gap;                    /* unreadable bytes were passed over since the record before */
	uint64_t at, length;         /* place of the record before */
	uint64_t wall, mono;
	uint8_t boot[16];
	struct opens opens;
	struct krux_err *err;
	bool failed;
};

static const struct {
	const char *word;
	bool fault;
} findings[] = {
#define FINDING(id, word, fault) { word, fault },
#include "runtime/record/findings.def"
#undef FINDING
};

const char *finding_word(enum finding_kind k)
{
	return findings[k].word;
}

bool finding_is_fault(enum finding_kind k)
{
	return findings[k].fault;
}

static void __attribute__((format(printf, 6, 7)))
find(struct verify *v, enum finding_kind kind, uint64_t seq, uint64_t at, uint64_t length,
     const char *fmt, ...)
{
	struct verify_report *out = v->out;
	struct finding *f, *grown;
	va_list ap;
	int n;

	*(findings[kind].fault ? &out->faults : &out->notes) += 1;
	if (out->nfindings == KEPT)
		return;
	if (!(out->nfindings & (out->nfindings - 1))) {
		grown = reallocarray(out->finding, out->nfindings ? 2 * out->nfindings : 1,
		                     sizeof *grown);
		if (!grown) {
			v->failed = err_set(v->err, ENOMEM, "check the log");
			return;
		}
		out->finding = grown;
	}
	f = &out->finding[out->nfindings++];
	*f = (struct finding){ .kind = kind, .seq = seq, .at = at, .length = length };
	va_start(ap, fmt);
	n = vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	if (n < 0)
		f->text[0] = 0;
}

#define U(x) ((unsigned long long)(x))

static void check_order(struct verify *v, const struct scan_item *item, uint64_t seq)
{
	/* The unreadable bytes were record `next`, or stood between two. */
	if (v->gap && seq == v->next + 1)
		return;
	if (seq > v->next)
		find(v, FINDING_MISSING, v->next, item->at, item->length,
		     "records %llu to %llu are missing before record %llu", U(v->next), U(seq - 1),
		     U(seq));
	else if (seq < v->next)
		find(v, FINDING_REPEATED, seq, item->at, item->length,
		     "it was expected to be record %llu: it stands twice or out of order",
		     U(v->next));
}

static void check_chain(struct verify *v, const struct scan_item *item, uint64_t seq)
{
	const char *prev = item->record.field[AUDIT_PREV].s.p;

	/* A gap breaks the chain too; it is told as the gap. */
	if (!seq || !v->out->records || seq != v->next || !memcmp(prev, v->out->leaf, HASH_LEN))
		return;
	find(v, FINDING_CHANGED, seq - 1, v->at, v->length,
	     "it does not have the hash that record %llu names", U(seq));
}

static void check_origin(struct verify *v, const struct scan_item *item, uint64_t seq)
{
	const struct record *r = &item->record;
	bool is_origin = r->field[AUDIT_KIND].u == AUDIT_KIND_ORIGIN;
	struct krux_str name = r->field[AUDIT_ORIGIN].s;
	uint8_t hash[HASH_LEN];

	if (is_origin != (seq == 0)) {
		find(v, FINDING_ORIGIN, seq, item->at, item->length,
		     is_origin ? "an origin stands where the log goes on"
		               : "the log does not begin with its origin");
		return;
	}
	if (!is_origin)
		return;
	crypto_hash_sha256(hash, (const uint8_t *)name.p, name.n);
	if (memcmp(r->field[AUDIT_PREV].s.p, hash, HASH_LEN) != 0)
		find(v, FINDING_ORIGIN, seq, item->at, item->length,
		     "it does not carry the hash of the log's origin");
	if (!v->out->origin.n) {
		char *copy = malloc(name.n + 1);

		if (copy) {
			memcpy(copy, name.p, name.n);
			v->out->origin.p = copy;
			v->out->origin.n = name.n;
		}
	}
}

static void check_reference(struct verify *v, const struct scan_item *item, uint64_t seq)
{
	const struct record *r = &item->record;
	uint64_t kind = r->field[AUDIT_KIND].u, about = r->field[AUDIT_ABOUT].u;
	bool ok = true;

	if (kind == AUDIT_KIND_INTENT) {
		/* Numbers that go back are told already; the set stays sorted. */
		if ((!v->opens.n || v->opens.seq[v->opens.n - 1] < seq) &&
		    !opens_add(&v->opens, seq))
			v->failed = err_set(v->err, ENOMEM, "check the log");
	} else if (kind == AUDIT_KIND_OUTCOME || kind == AUDIT_KIND_UNKNOWN) {
		ok = opens_remove(&v->opens, about);
	} else if (kind == AUDIT_KIND_NOTIFY) {
		ok = about < seq;
	}
	if (!ok)
		find(v, FINDING_REFERENCE, seq, item->at, item->length,
		     "it is about record %llu, which is no intent that still waits for an outcome",
		     U(about));
}

static void check_clocks(struct verify *v, const struct scan_item *item, uint64_t seq)
{
	const struct record *r = &item->record;
	uint64_t wall = r->field[AUDIT_WALL].u, mono = r->field[AUDIT_MONO].u;
	bool same_boot =
		v->out->records && !memcmp(v->boot, r->field[AUDIT_BOOT].s.p, sizeof v->boot);

	if (v->out->records && wall < v->wall)
		find(v, FINDING_CLOCK, seq, item->at, item->length,
		     "the clock of the day went back by %llu ms", U((v->wall - wall) / 1000000));
	if (same_boot && mono < v->mono)
		find(v, FINDING_CLOCK, seq, item->at, item->length,
		     "the clock since boot went back by %llu ms", U((v->mono - mono) / 1000000));
	if (!v->out->records)
		v->out->first_wall = wall;
	v->out->last_wall = v->wall = wall;
	v->mono = mono;
	memcpy(v->boot, r->field[AUDIT_BOOT].s.p, sizeof v->boot);
}

static void check_blob(struct verify *v, const struct scan_item *item, uint64_t seq,
                       enum audit_field f)
{
	struct krux_str field = item->record.field[f].s, name;
	struct item_in in;
	uint64_t two, size;

	if (v->blobs < 0 || !record_has(&item->record, f))
		return;
	in = (struct item_in){ (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	if (!item_take(&in, ITEM_LIST, &two) ||
	    !item_take_str(&in, ITEM_BYTES, &name) || !item_take(&in, ITEM_UINT, &size))
		return;
	switch (blob_check(v->blobs, (const uint8_t *)name.p, size, v->err)) {
	case BLOB_WHOLE:
		v->out->blobs++;
		break;
	case BLOB_GONE:
		find(v, FINDING_GONE, seq, item->at, item->length, "its %s was erased or lost",
		     record_field_word(f));
		break;
	case BLOB_CHANGED:
		find(v, FINDING_BLOB, seq, item->at, item->length, "its %s was changed",
		     record_field_word(f));
		break;
	default:
		v->failed = true;
	}
}

static void check_record(struct verify *v, const struct scan_item *item)
{
	const struct record *r = &item->record;
	uint64_t seq = r->field[AUDIT_SEQ].u;
	const char *why;

	check_order(v, item, seq);
	check_chain(v, item, seq);
	check_origin(v, item, seq);
	check_reference(v, item, seq);
	check_clocks(v, item, seq);
	if (!record_check_values(r, &why))
		find(v, FINDING_UNREADABLE, seq, item->at, item->length, "%s", why);
	check_blob(v, item, seq, AUDIT_ARGS_BLOB);
	check_blob(v, item, seq, AUDIT_FACTS_BLOB);
	check_blob(v, item, seq, AUDIT_RESULT_BLOB);
	if (seq + 1 == v->head.count && (item->at + item->length != v->head.bytes ||
	                                 memcmp(item->leaf, v->head.leaf, HASH_LEN) != 0))
		find(v, FINDING_HEAD, seq, item->at, item->length,
		     "it is not the record that was written last");
	v->out->kinds[r->field[AUDIT_KIND].u & 63]++;
	v->out->records++;
	v->out->bytes = item->at + item->length;
	memcpy(v->out->leaf, item->leaf, HASH_LEN);
	v->gap = false;
	v->next = seq == UINT64_MAX ? seq : seq + 1;
	v->at = item->at;
	v->length = item->length;
}

static void check_bad(struct verify *v, const struct scan_item *item, uint64_t end)
{
	bool last = item->at + item->length >= end;

	if (last && item->length <= RECORD_MAX && item->at >= v->head.bytes && v->out->head)
		find(v, FINDING_TORN, UINT64_MAX, item->at, item->length,
		     "%llu bytes are no whole record, as a crash leaves it: %s", U(item->length),
		     item->why);
	else
		find(v, FINDING_UNREADABLE, v->next, item->at, item->length, "%s (byte %llu)",
		     item->why, U(item->why_at));
	v->gap = true;
}

static void check_end(struct verify *v, uint64_t end)
{
	if (!v->out->head)
		find(v, FINDING_UNHEADED, UINT64_MAX, end, 0,
		     "there is no head file: records missing at the end would not be noticed");
	else if (v->next + v->gap < v->head.count)
		find(v, FINDING_MISSING, v->next + v->gap, end, 0,
		     "records %llu to %llu at the end are missing", U(v->next + v->gap),
		     U(v->head.count - 1));
	for (size_t i = 0; i < v->opens.n; i++)
		find(v, FINDING_OPEN, v->opens.seq[i], end, 0, "this intent has no outcome");
}

static int verify_scan(struct verify *v, int fd, uint64_t end, struct krux_err *err)
{
	struct scan *s = scan_new(fd, end, err);
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_FAILED;

	if (!s)
		return -1;
	while (!v->failed && (step = scan_next(s, &item, err)) > SCAN_END) {
		if (step == SCAN_RECORD) {
			check_record(v, &item);
		} else {
			if (scan_resync(s, &item, err)) {
				step = SCAN_FAILED;
				break;
			}
			check_bad(v, &item, end);
		}
	}
	scan_free(s);
	if (step == SCAN_END)
		check_end(v, end);
	return step == SCAN_END && !v->failed ? 0 : -1;
}

int verify_log(int dir, int blobs, struct verify_report *out, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, LOG_FILE, O_RDONLY | O_NONBLOCK, 0, err);
	struct verify v = { .out = out, .blobs = blobs, .err = err };
	struct stat st;
	int found, rc;

	*out = (struct verify_report){ 0 };
	if (fd < 0)
		return -1;
	/* A call that is under way ends first: its records are then whole. */
	while (flock(fd, LOCK_SH))
		if (errno != EINTR)
			return err_set(err, errno, "lock the log");
	found = head_read(dir, &v.head, err);
	if (found < 0)
		return -1;
	out->head = found > 0;
	if (fstat(fd, &st))
		return err_set(err, errno, "log");
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "the log is not a regular file");
	rc = verify_scan(&v, fd, (uint64_t)st.st_size, err);
	opens_free(&v.opens);
	if (rc)
		verify_free(out);
	return rc;
}

void verify_free(struct verify_report *r)
{
	free(r->finding);
	free((void *)(uintptr_t)r->origin.p);
	*r = (struct verify_report){ 0 };
}
