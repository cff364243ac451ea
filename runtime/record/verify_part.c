/* A segment to findings. One record's hash stands in the next one, so a change of record k shows at
 * k + 1 and is reported as k's. After each finding the record at hand is believed, so that one
 * fault is told once and the next one is found too. */
#include "runtime/record/verify_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/file.h"
#include "runtime/record/carry.h"
#include "runtime/record/scan.h"
#include "runtime/record/segment.h"

#include "capspec/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define U(x) ((unsigned long long)(x))

void part_find(struct part *v, enum finding_kind kind, uint64_t seq, uint64_t at, uint64_t length,
               const char *fmt, ...)
{
	struct verify_report *out = &v->r;
	struct finding *f, *grown;
	va_list ap;
	int n;

	*(finding_is_fault(kind) ? &out->faults : &out->notes) += 1;
	if (out->nfindings == FINDINGS_KEPT)
		return;
	if (!(out->nfindings & (out->nfindings - 1))) {
		grown = reallocarray(out->finding, out->nfindings ? 2 * out->nfindings : 1, sizeof *grown);
		if (!grown) {
			v->failed = err_set(&v->err, ENOMEM, "check the log");
			return;
		}
		out->finding = grown;
	}
	f = &out->finding[out->nfindings++];
	*f = (struct finding){ .kind = kind, .seq = seq, .segment = v->number, .at = at, .length = length };
	va_start(ap, fmt);
	n = vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	if (n < 0)
		f->text[0] = 0;
}

/* What a clock may gain on the time since boot and not be told: the two are not read at once. */
static const uint64_t leap_ns = 10000000000;

void part_clocks(struct part *v, uint64_t seq, uint64_t at, uint64_t length, const struct moment *before,
                 const struct moment *now)
{
	if (now->wall < before->wall)
		part_find(v, FINDING_CLOCK, seq, at, length, "the clock of the day went back by %llu ms",
		          U((before->wall - now->wall) / 1000000));
	if (memcmp(now->boot, before->boot, 16) != 0)
		return;
	if (now->mono >= before->mono && now->wall > before->wall &&
	    now->wall - before->wall > leap_ns && now->wall - before->wall - leap_ns > now->mono - before->mono)
		part_find(v, FINDING_CLOCK, seq, at, length, "the clock of the day was set forward by %llu ms",
		          U((now->wall - before->wall - (now->mono - before->mono)) / 1000000));
	if (now->mono < before->mono)
		part_find(v, FINDING_CLOCK, seq, at, length, "the clock since boot went back by %llu ms",
		          U((before->mono - now->mono) / 1000000));
}

static void check_order(struct part *v, const struct scan_item *item, uint64_t seq)
{
	/* The unreadable bytes were record `next`, or stood between two. */
	if (v->gap && seq == v->next + 1)
		return;
	if (seq > v->next)
		part_find(v, FINDING_MISSING, v->next, item->at, item->length,
		          "records %llu to %llu are missing before record %llu", U(v->next), U(seq - 1),
		          U(seq));
	else if (seq < v->next)
		part_find(v, FINDING_REPEATED, seq, item->at, item->length,
		          "it was expected to be record %llu: it stands twice or out of order",
		          U(v->next));
	v->damaged |= seq != v->next;
}

static void check_chain(struct part *v, const struct scan_item *item, uint64_t seq)
{
	/* A gap breaks the chain too; it is told as the gap. */
	if (seq != v->next || !memcmp(item->record->field[AUDIT_PREV].s.p, v->r.leaf, HASH_LEN))
		return;
	part_find(v, FINDING_CHANGED, seq - 1, v->at, v->length,
	          "it does not have the hash that record %llu names", U(seq));
	v->damaged = true;
}

/* The first record of all carries the hash of the origin. */
static void check_beginning(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	uint8_t hash[HASH_LEN];

	if (v->number || r->field[AUDIT_KIND].u != AUDIT_KIND_ORIGIN || r->field[AUDIT_SEQ].u)
		return;
	krux_sha256(r->field[AUDIT_ORIGIN].s, hash);
	if (memcmp(r->field[AUDIT_PREV].s.p, hash, HASH_LEN) != 0)
		part_find(v, FINDING_ORIGIN, 0, item->at, item->length,
		          "it does not carry the hash of the log's origin");
}

static void first_keep(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;

	v->has_first = true;
	v->first_seq = r->field[AUDIT_SEQ].u;
	v->first_at = item->at;
	v->first_length = item->length;
	v->r.first_wall = v->first_wall = r->field[AUDIT_WALL].u;
	v->first_mono = r->field[AUDIT_MONO].u;
	memcpy(v->first_prev, r->field[AUDIT_PREV].s.p, HASH_LEN);
	memcpy(v->first_boot, r->field[AUDIT_BOOT].s.p, sizeof v->first_boot);
	check_beginning(v, item);
}

static void check_head(struct part *v, const struct scan_item *item, uint64_t seq)
{
	const struct head *h = &v->all->head;

	if (!v->all->has_head || seq + 1 != h->count)
		return;
	if (memcmp(item->leaf, h->leaf, HASH_LEN) != 0 ||
	    (v->number == h->segment && item->at + item->length != h->bytes))
		part_find(v, FINDING_HEAD, seq, item->at, item->length,
		          "it is not the record that was written last");
}

static void check_record(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	uint64_t seq = r->field[AUDIT_SEQ].u;
	struct moment before = { v->wall, v->mono, v->boot };
	struct moment now = { r->field[AUDIT_WALL].u, r->field[AUDIT_MONO].u,
		              (const uint8_t *)r->field[AUDIT_BOOT].s.p };

	if (v->r.records) {
		check_order(v, item, seq);
		check_chain(v, item, seq);
		part_clocks(v, seq, item->at, item->length, &before, &now);
	} else {
		first_keep(v, item);
	}
	part_record(v, item);
	check_head(v, item, seq);
	v->r.kinds[r->field[AUDIT_KIND].u & 63]++;
	v->r.records++;
	v->r.bytes = item->at + item->length;
	v->r.last_seq = seq;
	v->r.last_wall = v->wall = now.wall;
	v->mono = now.mono;
	memcpy(v->boot, now.boot, sizeof v->boot);
	memcpy(v->r.leaf, item->leaf, HASH_LEN);
	v->gap = false;
	v->next = seq == UINT64_MAX ? seq : seq + 1;
	v->at = item->at;
	v->length = item->length;
}

static void check_bad(struct part *v, const struct scan_item *item)
{
	const struct head *h = &v->all->head;
	bool last = v->number == v->all->last && item->at + item->length >= v->size;
	bool behind = v->all->has_head && (h->segment < v->number || (h->segment == v->number && item->at >= h->bytes));

	v->gap = true;
	if (last && behind && v->all->live)
		return;
	v->damaged = true;
	if (last && behind)
		part_find(v, FINDING_TORN, UINT64_MAX, item->at, item->length,
		          "%llu bytes are no whole record, as a crash leaves it: %s", U(item->length),
		          item->why);
	else
		part_find(v, FINDING_UNREADABLE, v->r.records ? v->next : UINT64_MAX, item->at, item->length,
		          "%s (byte %llu)", item->why, U(item->why_at));
}

/* Behind the last record of the open segment there are zeros; of a sealed one there is nothing. */
static int zeros_leave(struct part *v, struct scan *s, const struct scan_item *item, int fd)
{
	uint64_t end;

	if (v->number != v->all->last)
		return 0;
	if (segment_content(fd, item->at, v->size, &end, &v->err))
		return -1;
	v->size = end;
	scan_zeros(s, end);
	return end == item->at;
}

static void part_scan(struct part *v, struct scan *s, int fd)
{
	struct scan_item item = { 0 };
	uint64_t told = 0;
	enum scan_step step = SCAN_FAILED;

	while (!v->failed && (step = scan_next(s, &item, &v->err)) > SCAN_END) {
		if (step == SCAN_RECORD) {
			check_record(v, &item);
		} else {
			int zeros = zeros_leave(v, s, &item, fd);

			if (zeros < 0 || (!zeros && scan_resync(s, &item, &v->err))) {
				step = SCAN_FAILED;
				break;
			}
			if (!zeros)
				check_bad(v, &item);
		}
		if (scan_at(s) - told > 256 << 10) {
			atomic_fetch_add(&v->all->done, scan_at(s) - told);
			told = scan_at(s);
		}
	}
	v->failed |= step != SCAN_END;
	atomic_fetch_add(&v->all->done, scan_at(s) - told);
}

void part_check(struct part *v, struct carry *start)
{
	CLEAN_FD int fd = segment_open(v->all->dir, v->number, O_RDONLY | O_NONBLOCK, &v->err);
	struct scan *s = NULL;
	struct stat st;

	v->carry = start;
	if (!v->number && !start)
		v->carry = carry_new();
	if (fd < 0 && errno == ENOENT) {
		v->absent = true;
		return;
	}
	if (fd >= 0 && !fstat(fd, &st) && !S_ISREG(st.st_mode))
		err_set(&v->err, 0, "segment %llu of the log is not a regular file", U(v->number));
	else if (fd >= 0) {
		v->size = (uint64_t)st.st_size;
		s = scan_new(fd, v->size, &v->err);
	}
	if (!s) {
		v->failed = true;
		return;
	}
	part_scan(v, s, fd);
	scan_free(s);
}

void part_free(struct part *v)
{
	carry_free(v->carry);
	free(v->state);
	verify_free(&v->r);
}
