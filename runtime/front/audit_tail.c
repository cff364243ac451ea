/* kruxrt audit tail: the end of the log as lines, and what is added to it. Takes no lock: a
 * record that is half written is waited for. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/reader.h"
#include "runtime/record/segment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct tail {
	int log;                     /* folder */
	bool follow, json;
	uint64_t count;              /* how many at first; 0: all */
};

static int print_record(const struct tail *t, const struct scan_item *item, struct krux_err *err)
{
	bool ok;

	errno = 0;
	ok = t->json ? audit_print_json(item->record, item->leaf, stdout) : audit_print_line(item->record, stdout);
	if (!ferror(stdout))
		return ok ? 0 : err_set(err, ENOMEM, "print");
	return err_set(err, errno ? errno : EIO, "print");
}

static void print_bad(const struct tail *t, const struct scan_item *item)
{
	fprintf(t->json ? stderr : stdout, "? %llu bytes from %llu are no record: %s\n",
	        (unsigned long long)item->length, (unsigned long long)item->at, item->why);
}

/* Goes through what is there; those before number `from` are passed over. *n is how many there
 * were. */
static int tail_pass(const struct tail *t, struct reader *r, uint64_t from, bool print, uint64_t *n,
                     struct krux_err *err)
{
	struct scan_item item = { 0 };
	enum scan_step step;

	while ((step = reader_next(r, &item, err)) > SCAN_END) {
		if (step == SCAN_RECORD) {
			if (print && *n >= from && print_record(t, &item, err))
				return -1;
			++*n;
			continue;
		}
		if (reader_resync(r, &item, err))
			return -1;
		if (print)
			print_bad(t, &item);
	}
	return step == SCAN_END ? 0 : -1;
}

/* From which segment on, and how many of its records are too early: segments are counted from the
 * last one back. */
static int tail_first(const struct tail *t, uint64_t *segment, uint64_t *from, struct krux_err *err)
{
	uint64_t last, n;

	*from = *segment = 0;
	if (!t->count)
		return 0;
	if (segment_last(t->log, &last, err) <= 0)
		return -1;
	for (*segment = last;; --*segment) {
		struct reader *r = reader_open(t->log, *segment, err);
		int rc;

		n = 0;
		rc = r ? tail_pass(t, r, 0, false, &n, err) : -1;
		reader_close(r);
		if (rc)
			return -1;
		*from = n > t->count ? n - t->count : 0;
		if (n >= t->count || !*segment)
			return 0;
	}
}

static int tail_run(const struct tail *t, struct krux_err *err)
{
	const struct timespec pause = { 0, 200000000 };
	uint64_t segment, from = 0, n = 0;
	struct reader *r;
	int rc;

	if (tail_first(t, &segment, &from, err))
		return -1;
	r = reader_open(t->log, segment, err);
	if (!r)
		return -1;
	rc = tail_pass(t, r, from, true, &n, err);
	while (!rc && t->follow) {
		fflush(stdout);
		nanosleep(&pause, NULL);
		rc = tail_pass(t, r, from, true, &n, err);
	}
	reader_close(r);
	return rc;
}

static bool number(const char *s, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

int audit_tail(int argc, char **argv)
{
	const char *path = NULL, *count = NULL, *operand[1];
	struct tail t = { .log = -1, .count = 10 };
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--json", .flag = &t.json },
		{ .name = "-f", .flag = &t.follow },
		{ .name = "-n", .value = &count },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct krux_err err = { 0 };
	size_t n;
	int rc;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (!path || (count && !number(count, &t.count))) {
		fputs(path ? "kruxrt audit tail: -n takes a number\n"
		           : "kruxrt audit tail: --state DIR is missing\n",
		      stderr);
		return EXIT_USAGE;
	}
	rc = audit_open(&(struct audit_opening){ .state = path }, &state, &err);
	t.log = state.log;
	if (!rc)
		rc = tail_run(&t, &err);
	if (!rc)
		return EXIT_YES;
	fputs("kruxrt audit tail: ", stderr);
	screen_puts(stderr, err.text);
	fputc('\n', stderr);
	return state.path ? EXIT_SYSTEM : EXIT_USAGE;
}
