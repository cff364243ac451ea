/* Segments to a report: each by a thread of its own, then the seams between them, in order. */
#include "runtime/record/verify.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/carry.h"
#include "runtime/record/segment.h"
#include "runtime/record/tree.h"
#include "runtime/record/verify_part.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 64 };

#define U(x) ((unsigned long long)(x))

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

/* ---- side by side ---- */

static void *parts_take(void *ctx)
{
	struct verify *v = ctx;
	uint64_t n;

	while ((n = atomic_fetch_add(&v->taken, 1)) <= v->last)
		part_check(v->order[n], NULL);
	return NULL;
}

static void parts_run(struct verify *v)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned want = v->options->threads ? v->options->threads : cores > 0 ? (unsigned)cores : 1, n = 0;
	const struct timespec pause = { 0, 50000000 };
	pthread_t thread[THREADS];

	if (want > THREADS)
		want = THREADS;
	if (want > v->last + 1)
		want = (unsigned)v->last + 1;
	/* With somebody to tell, this thread does nothing else. */
	while (n + !v->options->progress < want && !pthread_create(&thread[n], NULL, parts_take, v))
		n++;
	if (!v->options->progress || !n)
		parts_take(v);
	while (v->options->progress && atomic_load(&v->done) < v->total && atomic_load(&v->taken) <= v->last + n) {
		v->options->progress(v->options->ctx, atomic_load(&v->done), v->total);
		nanosleep(&pause, NULL);
	}
	while (n)
		pthread_join(thread[--n], NULL);
}

/* ---- the seams ---- */

static void seam_state(struct part *a, struct part *b)
{
	uint8_t *end;
	size_t n;

	if (!b->has_state)
		return;
	if (a->damaged || !a->carry || b->first_seq != a->next) {
		b->r.underived++;
		return;
	}
	end = carry_encode(a->carry, &n);
	if (!end)
		b->failed = err_set(&b->err, ENOMEM, "check the log");
	else if (n != b->nstate || memcmp(end, b->state, n) != 0)
		part_find(b, FINDING_STATE, b->first_seq, b->first_at, b->first_length,
		          "it is not the state that the records before lead to");
	else
		b->r.states++;
	free(end);
}

static void seam_check(struct part *a, struct part *b)
{
	struct moment before = { a->wall, a->mono, a->boot }, now = { b->first_wall, b->first_mono, b->first_boot };

	if (a->gap && b->first_seq == a->next + 1)
		return;
	if (b->first_seq > a->next)
		part_find(b, FINDING_MISSING, a->next, b->first_at, b->first_length,
		          "records %llu to %llu are missing before record %llu", U(a->next),
		          U(b->first_seq - 1), U(b->first_seq));
	else if (b->first_seq < a->next)
		part_find(b, FINDING_REPEATED, b->first_seq, b->first_at, b->first_length,
		          "it was expected to be record %llu: it stands twice or out of order", U(a->next));
	else if (memcmp(b->first_prev, a->r.leaf, HASH_LEN) != 0)
		part_find(a, FINDING_CHANGED, a->next - 1, a->at, a->length,
		          "it does not have the hash that record %llu names", U(b->first_seq));
	part_clocks(b, b->first_seq, b->first_at, b->first_length, &before, &now);
}

/* Its own first record does not tell the state: it is checked again with that of the one before. */
static void part_again(struct part *b, struct part *a)
{
	struct part fresh = { .all = b->all, .number = b->number };
	struct carry *start = a->carry;

	a->carry = NULL;
	part_free(b);
	*b = fresh;
	b->damaged = a->damaged;
	part_check(b, start);
}

/* *last: the last part that holds a record. */
static void seams_check(struct verify *v, struct part **last)
{
	struct part *a = NULL;

	for (uint64_t n = 0; n <= v->last; n++) {
		struct part *b = &v->part[n];

		if (b->absent)
			part_find(b, FINDING_MISSING, a ? a->next : 0, 0, 0, "segment %llu is missing", U(n));
		if (n && b->has_first && !b->has_state) {
			if (a && a->carry)
				part_again(b, a);
			part_find(b, FINDING_STATE, b->first_seq, b->first_at, b->first_length,
			          "a segment does not begin with the state");
		}
		if (!b->has_first)
			continue;
		if (a) {
			seam_state(a, b);
			seam_check(a, b);
		} else if (b->first_seq) {
			part_find(b, FINDING_MISSING, 0, b->first_at, b->first_length,
			          "records 0 to %llu are missing before record %llu", U(b->first_seq - 1),
			          U(b->first_seq));
		}
		if (a) {
			carry_free(a->carry);
			a->carry = NULL;
		}
		b->damaged |= a && a->damaged;
		a = b;
	}
	*last = a;
}

static void check_end(struct verify *v, struct part *last)
{
	struct part *at = last ? last : &v->part[v->last];
	uint64_t next = last ? last->next + last->gap : 0;

	if (!v->has_head)
		part_find(at, FINDING_UNHEADED, UINT64_MAX, at->size, 0,
		          "log/head is missing or damaged: records missing at the end would not be noticed");
	else if (v->slots < HEAD_SLOTS && !v->live)
		part_find(at, FINDING_UNHEADED, UINT64_MAX, at->size, 0,
		          "one half of log/head is damaged: what the last commit wrote would not be missed at the end");
	if (v->has_head && next < v->head.count)
		part_find(at, FINDING_MISSING, next, at->size, 0,
		          "records %llu to %llu at the end are missing", U(next), U(v->head.count - 1));
	for (size_t i = 0; last && last->carry && !v->live && i < carry_intents(last->carry); i++)
		part_find(at, FINDING_OPEN, carry_intent(last->carry, i)->seq, at->size, 0,
		          "this intent has no outcome");
}

/* ---- the report ---- */

static int report_add(struct verify_report *out, struct part *p, struct krux_err *err)
{
	const struct verify_report *r = &p->r;
	size_t n = r->nfindings < FINDINGS_KEPT - out->nfindings ? r->nfindings : FINDINGS_KEPT - out->nfindings;
	struct finding *grown;

	if (n) {
		grown = reallocarray(out->finding, out->nfindings + n, sizeof *grown);
		if (!grown)
			return err_set(err, ENOMEM, "check the log");
		out->finding = grown;
		memcpy(out->finding + out->nfindings, r->finding, n * sizeof *grown);
		out->nfindings += n;
	}
	for (size_t k = 0; k < sizeof r->kinds / sizeof *r->kinds; k++)
		out->kinds[k] += r->kinds[k];
	if (r->records) {
		if (!out->records)
			out->first_wall = r->first_wall;
		out->last_wall = r->last_wall;
		out->last_seq = r->last_seq;
		memcpy(out->leaf, r->leaf, HASH_LEN);
	}
	if (r->origin.n && !out->origin.n) {
		out->origin = r->origin;
		p->r.origin = (struct krux_str){ NULL, 0 };
	}
	out->segments += !p->absent;
	out->records += r->records;
	out->bytes += r->bytes;
	out->blobs += r->blobs;
	out->states += r->states;
	out->underived += r->underived;
	out->signatures += r->signatures;
	out->unsigned_ += r->unsigned_;
	out->faults += r->faults;
	out->notes += r->notes;
	return 0;
}

static int report_make(struct verify *v, struct part *last, struct verify_report *out, struct krux_err *err)
{
	out->head = v->slots;
	out->live = v->live;
	for (uint64_t n = 0; n <= v->last; n++) {
		if (v->part[n].failed) {
			*err = v->part[n].err;
			return -1;
		}
		if (report_add(out, &v->part[n], err))
			return -1;
	}
	if (last && last->carry && !out->faults)
		tree_root(carry_tree(last->carry), out->root);
	return 0;
}

/* ---- all of it ---- */

static int larger_first(const void *a, const void *b)
{
	const struct part *const *x = a, *const *y = b;

	return (*x)->size < (*y)->size ? 1 : (*x)->size > (*y)->size ? -1 : 0;
}

/* The largest are begun first, so that no thread is left with a large one at the end. */
static int sizes_add(struct verify *v, struct krux_err *err)
{
	for (uint64_t n = 0; n <= v->last; n++) {
		char name[SEGMENT_NAME];
		struct stat st;

		v->part[n] = (struct part){ .all = v, .number = n };
		segment_name(n, name);
		if (!fstatat(v->dir, name, &st, AT_SYMLINK_NOFOLLOW))
			v->total += v->part[n].size = (uint64_t)st.st_size;
		else if (errno != ENOENT)
			return err_set(err, errno, "log/%s", name);
		v->order[n] = &v->part[n];
	}
	qsort(v->order, v->last + 1, sizeof *v->order, larger_first);
	return 0;
}

/* The head first: what is written while this reads is behind it. */
static int verify_open(struct verify *v, struct krux_err *err)
{
	/* Only to be read: the folder may be a copy that nobody can write. */
	CLEAN_FD int lock = file_open(v->dir, "head", O_RDONLY | O_NONBLOCK, 0, err);
	int found;

	if (lock < 0 && errno != ENOENT)
		return -1;
	v->live = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	found = head_read(v->dir, &v->head, err);
	if (found < 0)
		return -1;
	v->has_head = found > 0;
	v->slots = (unsigned)found;
	found = segment_last(v->dir, &v->last, err);
	if (found <= 0)
		return found ? -1 : err_set(err, 0, "the log has no segments");
	if (v->last > 1u << 24)
		return err_set(err, 0, "the log has a segment that cannot be its own");
	v->part = calloc(v->last + 1, sizeof *v->part);
	v->order = calloc(v->last + 1, sizeof *v->order);
	return v->part && v->order ? sizes_add(v, err) : err_set(err, ENOMEM, "check the log");
}

int verify_log(int dir, int blobs, const struct verify_options *options, struct verify_report *out,
               struct krux_err *err)
{
	static const struct verify_options defaults;
	struct verify v = { .dir = dir, .blobs = blobs, .options = options ? options : &defaults };
	struct part *last;
	int rc;

	*out = (struct verify_report){ 0 };
	rc = verify_open(&v, err);
	if (!rc) {
		/* What is made once in a process is made before there are threads. */
		carry_free(carry_new());
		parts_run(&v);
		seams_check(&v, &last);
		check_end(&v, last);
		rc = report_make(&v, last, out, err);
	}
	for (uint64_t n = 0; v.part && n <= v.last; n++)
		part_free(&v.part[n]);
	free(v.part);
	free(v.order);
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
