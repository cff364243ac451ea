/* Logs: any bytes are read to their end, every record that is taken is the very bytes that the
 * encoder writes, and a log that the writer takes is one that verify finds no fault with. The
 * first byte says whether the head file knows of the last record, of the first, or is missing. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/record/head.h"
#include "runtime/record/log.h"
#include "runtime/record/scan.h"
#include "runtime/record/verify.h"

#define LOG_FILE "00000000.seg"

static int dir = -1;

static char path[] = "/tmp/krux-fuzz-XXXXXX";

static void folder_remove(void)
{
	static const char *const name[] = { LOG_FILE, "00000001.seg", "next", "reserve", "head" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		unlinkat(dir, name[i], 0);
	rmdir(path);
}

static void folder_make(void)
{
	PROMISE(sodium_init() >= 0 && mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PROMISE(dir >= 0 && !atexit(folder_remove));
}

static void log_put(const uint8_t *data, size_t size)
{
	int fd;

	unlinkat(dir, "00000001.seg", 0);
	fd = openat(dir, LOG_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	PROMISE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void head_put(const struct head *h)
{
	struct krux_err err;
	int fd;

	unlinkat(dir, "head", 0);
	if (!h)
		return;
	fd = head_open(dir, true, &err);
	PROMISE(fd >= 0 && !head_write(fd, h, &err));
	close(fd);
}

/* Every record that is taken is written again as it was. */
static struct head log_read(const uint8_t *data, size_t size, struct head *first)
{
	int fd = openat(dir, LOG_FILE, O_RDONLY | O_CLOEXEC);
	struct scan_item item = { 0 };
	struct head head = { 0 };
	static uint8_t again[RECORD_MAX];
	struct krux_err err;
	struct scan *s;
	enum scan_step step;
	uint64_t at = 0;

	PROMISE(fd >= 0 && (s = scan_new(fd, size, &err)));
	while ((step = scan_next(s, &item, &err)) > SCAN_END) {
		PROMISE(item.at == at);
		if (step == SCAN_BAD) {
			PROMISE(item.why && !scan_resync(s, &item, &err) && item.length > 0);
		} else {
			PROMISE(record_encode(item.record, again, sizeof again) == item.length);
			PROMISE(!memcmp(again, data + item.at, item.length));
			head.count = item.record->field[AUDIT_SEQ].u + 1;
			head.bytes = item.at + item.length;
			memcpy(head.leaf, item.leaf, HASH_LEN);
			if (!first->count)
				*first = head;
		}
		at = item.at + item.length;
	}
	PROMISE(step == SCAN_END && at == size);
	scan_free(s);
	close(fd);
	return head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct verify_options one = { .threads = 1 };
	struct verify_report report;
	struct krux_err err = { 0 };
	struct head head, first = { 0 };
	struct log *log;

	if (dir < 0)
		folder_make();
	if (!size)
		return 0;
	log_put(data + 1, size - 1);
	head = log_read(data + 1, size - 1, &first);
	if (data[0] % 3 == 1)
		head = first;
	head_put(data[0] % 3 < 2 ? &head : NULL);
	PROMISE(!verify_log(dir, -1, &one, &report, &err));
	log = log_open(dir, -1, NULL, &err);
	if (log) {
		/* What is cut off was never said to be on disk. */
		for (size_t i = 0; i < report.nfindings; i++)
			PROMISE(!finding_is_fault(report.finding[i].kind) ||
			        report.finding[i].at + report.finding[i].length >= head.bytes);
		log_close(log);
		verify_free(&report);
		PROMISE(!verify_log(dir, -1, &one, &report, &err));
		PROMISE(!report.faults);
	} else {
		PROMISE(err.text[0]);
	}
	verify_free(&report);
	return 0;
}
