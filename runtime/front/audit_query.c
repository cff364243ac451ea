/* kruxrt audit query and export: records that a filter lets through, in one of several languages. Takes
 * no lock, so that it works while the daemon writes; what is half written is not there yet. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/decide/judge.h"
#include "runtime/front/audit_filter.h"
#include "runtime/front/audit_index.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/csv.h"
#include "runtime/front/front.h"
#include "runtime/front/ocsf.h"
#include "runtime/front/options.h"
#include "runtime/record/checkpoint.h"
#include "runtime/record/head.h"
#include "runtime/record/reader.h"

#include "capspec/canon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An intent whose end is still to come; OCSF has one event for both. */
struct waiting {
	uint64_t seq;
	uint8_t leaf[HASH_LEN];
	size_t n;
	uint8_t *bytes;
};

struct query;
struct format {
	const char *word;
	bool exports;                /* of export, else of query */
	int (*print)(struct query *, const struct scan_item *, struct krux_err *err);
	void (*begin)(struct query *);
};

struct query {
	struct audit_filter filter;
	struct audit_seen seen;
	const struct format *format;
	int blobs;
	uint64_t limit, printed, passed;     /* passed: records that the format has no place for */
	uint64_t next;                       /* seq behind the last record read */
	/* The index: of the segment that is being read, where it is read whole. */
	bool indexed, damaged;
	int state, log;
	uint64_t segment;
	struct index_segment summary;
	char origin[256];
	struct waiting *waiting;
	size_t nwaiting, capwaiting;
};

static struct krux_str text_of(const struct record *r, enum audit_field f)
{
	return record_has(r, f) ? r->field[f].s : (struct krux_str){ "", 0 };
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static const char *time_text(const struct record *r, char out[static 64])
{
	int n = krux_datetime_text((int64_t)r->field[AUDIT_WALL].u, out, 63);

	out[n > 0 ? n : 0] = 0;
	return out;
}

/* The arguments as JSON, from the pool; "" where there are none that can be read. */
static struct krux_str args_json(const struct query *q, const struct record *r, struct krux_pool *pool)
{
	struct krux_value v;
	struct krux_str cbor;
	size_t n;
	char *text;

	if (!audit_args(q->blobs, r, &cbor) || !krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &v, NULL))
		return (struct krux_str){ "", 0 };
	n = krux_json_write(&v, NULL, 0);
	text = krux_pool_get(pool, n);
	if (!text)
		return (struct krux_str){ "", 0 };
	krux_json_write(&v, text, n);
	return (struct krux_str){ text, n };
}

/* ---- a table ---- */

enum { SEQ = 8, TIME = 30, KIND = 9, AGENT = 12, CAPABILITY = 24, VERDICT = 17, RULE = 24 };

static void cell(struct krux_str s, int width)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	screen_put(f, s);
	if (!fclose(f))
		printf("%-*s ", width, text);
	free(text);
}

static void table_begin(struct query *q)
{
	(void)q;
	printf("%*s %-*s %-*s %-*s %-*s %-*s %-*s %s\n", SEQ, "SEQ", TIME, "TIME", KIND, "KIND", AGENT, "AGENT",
	       CAPABILITY, "CAPABILITY", VERDICT, "VERDICT", RULE, "RULE", "ARGUMENTS OR END");
}

static int table_print(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(256 << 20);
	const struct record *r = item->record;
	char time[64];

	if (!pool)
		return err_set(err, ENOMEM, "query");
	printf("%*llu %-*s %-*s ", SEQ, (unsigned long long)r->field[AUDIT_SEQ].u, TIME, time_text(r, time), KIND,
	       record_kind_word(r->field[AUDIT_KIND].u));
	cell(text_of(r, AUDIT_AGENT), AGENT);
	cell(text_of(r, record_has(r, AUDIT_ASKED) ? AUDIT_ASKED : AUDIT_CAPABILITY), CAPABILITY);
	printf("%-*s ", VERDICT, record_has(r, AUDIT_VERDICT) ?
	       krux_verdict_text((uint8_t)r->field[AUDIT_VERDICT].u) : "");
	cell(text_of(r, AUDIT_RULE), RULE);
	if (record_has(r, AUDIT_ABOUT))
		printf("of %llu ", (unsigned long long)r->field[AUDIT_ABOUT].u);
	if (record_has(r, AUDIT_END))
		printf("%s ", audit_end_word(r->field[AUDIT_END].u));
	if (record_has(r, AUDIT_ARGS_BLOB))
		fputs("(blob) ", stdout);
	screen_json(stdout, args_json(q, r, pool));
	screen_put(stdout, text_of(r, AUDIT_WHY));
	putchar('\n');
	return 0;
}

/* ---- CSV ---- */

static void csv_begin(struct query *q)
{
	(void)q;
	fputs("seq,time,kind,agent,workspace,capability,version,verdict,would,rule,source,reason,about,end,error,why,"
	      "arguments,leaf\r\n", stdout);
}

static void csv_number(const struct record *r, enum audit_field f, bool first)
{
	char text[24] = "";

	if (record_has(r, f))
		snprintf(text, sizeof text, "%llu", (unsigned long long)r->field[f].u);
	csv_put(stdout, str(text), first);
}

static const char *verdict_of(const struct record *r, enum audit_field f)
{
	return record_has(r, f) ? krux_verdict_text((uint8_t)r->field[f].u) : "";
}

static int csv_print(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(256 << 20);
	const struct record *r = item->record;
	char time[64], version[48], leaf[2 * HASH_LEN];

	if (!pool)
		return err_set(err, ENOMEM, "query");
	csv_number(r, AUDIT_SEQ, true);
	csv_put(stdout, str(time_text(r, time)), false);
	csv_put(stdout, str(record_kind_word(r->field[AUDIT_KIND].u)), false);
	csv_screen(stdout, text_of(r, AUDIT_AGENT));
	csv_screen(stdout, text_of(r, AUDIT_WORKSPACE));
	csv_screen(stdout, text_of(r, record_has(r, AUDIT_ASKED) ? AUDIT_ASKED : AUDIT_CAPABILITY));
	audit_version(r, version);
	csv_put(stdout, str(version), false);
	csv_put(stdout, str(verdict_of(r, AUDIT_VERDICT)), false);
	csv_put(stdout, str(verdict_of(r, AUDIT_WOULD)), false);
	csv_screen(stdout, text_of(r, AUDIT_RULE));
	csv_screen(stdout, text_of(r, AUDIT_SOURCE));
	csv_screen(stdout, text_of(r, AUDIT_REASON));
	csv_number(r, AUDIT_ABOUT, false);
	csv_put(stdout, str(record_has(r, AUDIT_END) ? audit_end_word(r->field[AUDIT_END].u) : ""), false);
	csv_screen(stdout, text_of(r, AUDIT_ERROR));
	csv_screen(stdout, text_of(r, AUDIT_WHY));
	csv_put(stdout, args_json(q, r, pool), false);
	krux_hex_write(item->leaf, HASH_LEN, leaf);
	csv_put(stdout, (struct krux_str){ leaf, sizeof leaf }, false);
	csv_end(stdout);
	return 0;
}

/* ---- JSON, CBOR ---- */

static int json_print(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	(void)q;
	return audit_print_json(item->record, item->leaf, stdout) ? 0 : err_set(err, ENOMEM, "query");
}

static int cbor_print(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	(void)q;
	(void)err;
	fwrite(item->bytes.p, 1, item->bytes.n, stdout);
	return 0;
}

/* ---- OCSF ---- */

static int event_print(struct query *q, const struct record *r, const uint8_t *leaf, const struct record *end,
                       struct krux_err *err)
{
	struct krux_str args = { "", 0 };

	if (!audit_args(q->blobs, r, &args))
		args.n = 0;
	return ocsf_print(r, leaf, str(q->origin), end, args, stdout) ? 0 : err_set(err, ENOMEM, "export");
}

static int waiting_add(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	struct waiting *w;

	if (q->nwaiting == q->capwaiting) {
		size_t cap = q->capwaiting ? 2 * q->capwaiting : 64;

		w = reallocarray(q->waiting, cap, sizeof *w);
		if (!w)
			return err_set(err, ENOMEM, "export");
		q->waiting = w;
		q->capwaiting = cap;
	}
	w = &q->waiting[q->nwaiting];
	*w = (struct waiting){ item->record->field[AUDIT_SEQ].u, { 0 }, item->bytes.n, malloc(item->bytes.n) };
	if (!w->bytes)
		return err_set(err, ENOMEM, "export");
	memcpy(w->leaf, item->leaf, HASH_LEN);
	memcpy(w->bytes, item->bytes.p, w->n);
	q->nwaiting++;
	return 0;
}

/* The intent, with its end or without. */
static int waiting_print(struct query *q, struct waiting *w, const struct record *end, struct krux_err *err)
{
	struct record r;
	const char *why;
	size_t used;
	struct waiting it = *w;
	int rc = record_decode(it.bytes, it.n, &r, &used, &why) ? event_print(q, &r, it.leaf, end, err)
	                                                        : err_set(err, 0, "%s", why);

	free(it.bytes);
	*w = q->waiting[--q->nwaiting];
	return rc;
}

static int ocsf_take(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	const struct record *r = item->record;

	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		return waiting_add(q, item, err);
	case AUDIT_KIND_DENIED:
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_INVALID:
		return event_print(q, r, item->leaf, NULL, err);
	case AUDIT_KIND_OUTCOME:
	case AUDIT_KIND_UNKNOWN:
		for (size_t i = 0; i < q->nwaiting; i++)
			if (q->waiting[i].seq == r->field[AUDIT_ABOUT].u)
				return waiting_print(q, &q->waiting[i], r, err);
		return 0;
	default:
		q->passed++;
		q->printed--;
		return 0;
	}
}

/* ---- the way through the log ---- */

static const struct format formats[] = {
	{ "table", false, table_print, table_begin },
	{ "json", false, json_print, NULL },
	{ "csv", false, csv_print, csv_begin },
	{ "jsonl", true, json_print, NULL },
	{ "cbor", true, cbor_print, NULL },
	{ "ocsf", true, ocsf_take, NULL },
};

static int record_take(struct query *q, const struct scan_item *item, struct krux_err *err)
{
	const struct record *r = item->record;
	int rc;

	q->next = r->field[AUDIT_SEQ].u + 1;
	if (record_has(r, AUDIT_ORIGIN))
		snprintf(q->origin, sizeof q->origin, "%.*s", (int)r->field[AUDIT_ORIGIN].s.n, r->field[AUDIT_ORIGIN].s.p);
	rc = audit_filter_match(&q->filter, q->blobs, &q->seen, r, err);
	if (rc <= 0)
		return rc;
	q->printed++;
	errno = 0;
	if (q->format->print(q, item, err))
		return -1;
	return ferror(stdout) ? err_set(err, errno ? errno : EIO, "print") : 0;
}

/* The first segment from `segment` on that may hold something; a filter about requests holds on until the
 * ends of those that were found are found too. */
static uint64_t segment_next(const struct query *q, uint64_t segment)
{
	while (q->indexed && !q->seen.open && !index_may_hold(q->state, q->log, segment, &q->filter))
		segment++;
	return segment;
}

/* Another segment begins: what the last one held is known now. NULL with *err. */
static struct reader *segment_take(struct query *q, struct reader *r, struct krux_err *err)
{
	uint64_t now = reader_segment(r), to;

	if (q->indexed && !q->damaged)
		index_keep(q->state, q->log, q->segment, &q->summary);
	index_begin(&q->summary);
	q->damaged = false;
	to = segment_next(q, now);
	q->segment = to;
	if (to == now)
		return r;
	reader_close(r);
	return reader_open(q->log, to, err);
}

static int query_run(struct query *q, int log, struct krux_err *err)
{
	struct scan_item item = { 0 };
	enum scan_step step = SCAN_END;
	struct head head = { 0 };
	struct reader *r;
	int rc;

	index_begin(&q->summary);
	q->segment = segment_next(q, 0);
	if (head_read(log, &head, err) < 0 || !(r = reader_open(log, q->segment, err)))
		return -1;
	rc = 0;
	if (q->format->begin)
		q->format->begin(q);
	while (!rc && q->printed < q->limit && (step = reader_next(r, &item, err)) > SCAN_END) {
		if (reader_segment(r) != q->segment) {
			uint64_t here = reader_segment(r);

			r = segment_take(q, r, err);
			if (!r)
				return -1;
			if (q->segment != here)
				continue;
		}
		if (step == SCAN_RECORD) {
			index_add(&q->summary, item.record);
			rc = record_take(q, &item, err);
			continue;
		}
		q->damaged = true;
		rc = reader_resync(r, &item, err);
		fprintf(stderr, "kruxrt audit: %llu bytes are no record: kruxrt audit verify says more\n",
		        (unsigned long long)item.length);
	}
	reader_close(r);
	while (!rc && q->nwaiting)
		rc = waiting_print(q, &q->waiting[0], NULL, err);
	if (rc || step == SCAN_FAILED)
		return -1;
	return q->printed < q->limit ? audit_whole(&head, q->next, err) : 0;
}

static bool format_find(struct query *q, const char *word, bool exports)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i].exports == exports && !strcmp(formats[i].word, word))
			q->format = &formats[i];
	return q->format != NULL;
}

static int complain(const char *command, const struct krux_err *err, int code)
{
	fprintf(stderr, "kruxrt audit %s: ", command);
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

static int command(const char *name, bool exports, int argc, char **argv)
{
	static struct query q = { .limit = UINT64_MAX };
	const char *path = NULL, *format = NULL, *limit = NULL, *operand[1];
	bool no_index = false, opened = false;
	struct audit_opening opening = { .state = NULL };
	struct audit_filter *f = &q.filter;
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path }, { .name = "--format", .value = &format },
		{ .name = "--limit", .value = &limit }, { .name = "--agent", .value = &f->agent },
		{ .name = "--capability", .value = &f->capability }, { .name = "--verdict", .value = &f->verdict },
		{ .name = "--rule", .value = &f->rule }, { .name = "--kind", .value = &f->kind },
		{ .name = "--since", .value = &f->since }, { .name = "--until", .value = &f->until },
		{ .name = "--workspace", .value = &f->workspace }, { .name = "--no-index", .flag = &no_index },
		{ .name = "--arg", .list = f->arg, .nlist = FILTER_ARGS + 1 }, { .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct krux_err err = { 0 };
	int rc;
	size_t n;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	q.indexed = !exports && !no_index;
	opening.state = path;
	opening.writes = q.indexed ? AUDIT_WRITES_INDEX : AUDIT_WRITES_NOTHING;
	if (!path)
		err_set(&err, 0, "--state DIR is missing");
	else if (!format_find(&q, format ? format : exports ? "" : "table", exports))
		err_set(&err, 0, exports ? "--format is jsonl, cbor or ocsf" : "--format is table, json or csv");
	else if (limit && !checkpoint_number(str(limit), &q.limit))
		err_set(&err, 0, "--limit takes a number");
	else if (!audit_filter_read(f, &err))
		opened = !audit_open(&opening, &state, &err);
	if (!opened)
		return complain(name, &err, state.path ? EXIT_SYSTEM : EXIT_USAGE);
	q.blobs = state.blobs;
	q.state = state.fd;
	q.log = state.log;
	rc = query_run(&q, state.log, &err);
	if (fflush(stdout) && !rc)
		rc = err_set(&err, errno, "print");
	free(q.seen.seq);
	free(q.waiting);
	if (rc)
		return complain(name, &err, EXIT_SYSTEM);
	if (q.passed)
		fprintf(stderr, "%llu records are no calls: OCSF 6003 has no place for them\n", (unsigned long long)q.passed);
	return q.printed ? EXIT_YES : EXIT_NO;
}

int audit_query(int argc, char **argv)
{
	return command("query", false, argc, argv);
}

int audit_export(int argc, char **argv)
{
	return command("export", true, argc, argv);
}
