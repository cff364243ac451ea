/* kruxrt audit tail: the end of the log as lines, and what is added to it. Takes no lock: a
 * record that is half written is waited for. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/log.h"
#include "runtime/record/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct tail {
	int fd;
	bool follow, json;
	uint64_t count;              /* how many at first; 0: all */
};

static int log_size(int fd, uint64_t *size, struct krux_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, errno, "log");
	*size = (uint64_t)st.st_size;
	return 0;
}

static int print_record(const struct tail *t, const struct scan_item *item, struct krux_err *err)
{
	bool ok = t->json ? audit_print_json(&item->record, item->leaf, stdout)
	                  : audit_print_line(&item->record, stdout);

	if (!ok || ferror(stdout))
		return err_set(err, ok ? EIO : ENOMEM, "print");
	return 0;
}

static void print_bad(const struct tail *t, const struct scan_item *item)
{
	fprintf(t->json ? stderr : stdout, "? %llu bytes from %llu are no record: %s\n",
	        (unsigned long long)item->length, (unsigned long long)item->at, item->why);
}

/* Goes through the records up to `end`; those before number `from` are passed over. *n is how
 * many there were. Stops at an unfinished end. */
static int tail_pass(const struct tail *t, struct scan *s, uint64_t from, bool print, uint64_t *n,
                     struct krux_err *err)
{
	struct scan_item item = { 0 };
	enum scan_step step;

	while ((step = scan_next(s, &item, err)) > SCAN_END) {
		if (step == SCAN_RECORD) {
			if (print && *n >= from && print_record(t, &item, err))
				return -1;
			++*n;
			continue;
		}
		/* What may still be written is no matter of this pass. */
		if (t->follow && item.length <= RECORD_MAX)
			return 0;
		if (scan_resync(s, &item, err))
			return -1;
		if (print)
			print_bad(t, &item);
	}
	return step == SCAN_END ? 0 : -1;
}

static int tail_first(const struct tail *t, uint64_t size, uint64_t *from, struct krux_err *err)
{
	struct scan *s = scan_new(t->fd, size, err);
	uint64_t n = 0;
	int rc;

	if (!s)
		return -1;
	rc = tail_pass(t, s, 0, false, &n, err);
	scan_free(s);
	*from = t->count && n > t->count ? n - t->count : 0;
	return rc;
}

static int tail_run(const struct tail *t, struct krux_err *err)
{
	const struct timespec pause = { 0, 200000000 };
	uint64_t size = 0, from = 0, n = 0;
	struct scan *s;
	int rc;

	if (log_size(t->fd, &size, err) || tail_first(t, size, &from, err))
		return -1;
	s = scan_new(t->fd, size, err);
	if (!s)
		return -1;
	rc = tail_pass(t, s, from, true, &n, err);
	while (!rc && t->follow) {
		fflush(stdout);
		nanosleep(&pause, NULL);
		rc = log_size(t->fd, &size, err);
		if (!rc && size > scan_at(s)) {
			scan_extend(s, size);
			rc = tail_pass(t, s, from, true, &n, err);
		}
	}
	scan_free(s);
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
	struct tail t = { .fd = -1, .count = 10 };
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--json", .flag = &t.json },
		{ .name = "-f", .flag = &t.follow },
		{ .name = "-n", .value = &count },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1 };
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
	rc = state_open(path, &state, &err);
	if (!rc)
		t.fd = rc = file_open(state.log, LOG_FILE, O_RDONLY | O_NONBLOCK, 0, &err);
	if (rc >= 0)
		rc = tail_run(&t, &err);
	cleanup_fd(&t.fd);
	if (rc >= 0)
		return EXIT_YES;
	fputs("kruxrt audit tail: ", stderr);
	screen_puts(stderr, err.text);
	fputc('\n', stderr);
	return state.path ? EXIT_SYSTEM : EXIT_USAGE;
}
