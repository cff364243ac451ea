/* Zeros ahead of the log: by a thread that writes what is wanted, lets go of a file when it is told to, and is no
 * danger to the log when it is killed or cannot write. */
#include "runtime/record/zeros.h"

#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/segment.h"
#include "tests/unit/records.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, TRIES = 20000, KILLS = 12, BATCH = 64 };

static int file(int flags)
{
	int fd = openat(records_dir, "zeros", flags | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Half a millisecond; as often as TRIES. */
static void pause_a_little(int *tries)
{
	ck_assert_int_lt(++*tries, TRIES);
	nanosleep(&(struct timespec){ 0, 500000 }, NULL);
}

static void size_reach(int fd, off_t size)
{
	struct stat st;

	for (int tries = 0; !fstat(fd, &st) && st.st_size < size;)
		pause_a_little(&tries);
}

START_TEST(what_is_wanted_is_written)
{
	struct zeros *z = zeros_start(&records_err);
	const uint64_t size = 5 * MIB / 2;
	uint64_t end;
	int fd = file(O_RDWR);

	ck_assert_ptr_nonnull(z);
	zeros_begin(z, fd, size);
	/* Less than is worth it waits for more. */
	ck_assert(zeros_want(z, MIB / 2));
	ck_assert_uint_eq(zeros_take(z), 0);
	zeros_begin(z, fd, size);
	ck_assert(zeros_want(z, MIB / 2) && zeros_want(z, MIB / 2));
	size_reach(fd, MIB);
	ck_assert_uint_eq(zeros_take(z), MIB);
	/* What is left at the end is written whatever it is. */
	zeros_begin(z, fd, size);
	ck_assert(zeros_want(z, UINT64_MAX));
	size_reach(fd, (off_t)size);
	ck_assert_uint_eq(zeros_take(z), size);
	ck_assert(!segment_content(fd, 0, size, &end, &records_err) && !end);
	close(fd);
	zeros_end(z);
}
END_TEST

START_TEST(a_file_is_let_go_of)
{
	struct zeros *z = zeros_start(&records_err);
	int fd = file(O_RDWR);
	uint64_t done, end;
	struct stat st;

	ck_assert_ptr_nonnull(z);
	for (unsigned i = 0; i < 20; i++) {
		zeros_begin(z, fd, 64 * MIB);
		ck_assert(zeros_want(z, 64 * MIB));
		done = zeros_take(z);
		/* From here on the bytes are somebody else's. */
		ck_assert_int_eq(pwrite(fd, "record", 6, (off_t)done), 6);
		ck_assert(!segment_content(fd, 0, done + 6, &end, &records_err));
		ck_assert_uint_eq(end, done + 6);
		ck_assert(!fstat(fd, &st) && (uint64_t)st.st_size == done + 6);
		ck_assert(!ftruncate(fd, 0));
	}
	close(fd);
	zeros_end(z);
	zeros_end(NULL);
}
END_TEST

START_TEST(a_file_that_takes_none_is_told)
{
	struct zeros *z = zeros_start(&records_err);
	int fd = file(O_RDONLY);

	ck_assert_ptr_nonnull(z);
	zeros_begin(z, fd, 4 * MIB);
	for (int tries = 0; zeros_want(z, MIB);)
		pause_a_little(&tries);
	ck_assert_uint_eq(zeros_take(z), 0);
	close(fd);
	/* The next one is none the worse. */
	fd = file(O_RDWR);
	zeros_begin(z, fd, MIB);
	ck_assert(zeros_want(z, MIB));
	size_reach(fd, MIB);
	ck_assert_uint_eq(zeros_take(z), MIB);
	close(fd);
	zeros_end(z);
}
END_TEST

/* ---- the log ---- */

static struct log *writer(void)
{
	struct log *log = log_open(records_dir, records_blobs, NULL, &records_err);

	ck_assert_msg(log && !log_zeros_start(log, &records_err), "%s", records_err.text);
	return log;
}

static void batch_commit(struct log *log)
{
	for (int i = 0; i < BATCH; i++) {
		struct record r = records_denied();

		ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_OK);
	}
	ck_assert_int_eq(log_commit(log, &records_err), LOG_OK);
}

static uint64_t records_verified(void)
{
	struct verify_report r = records_verify();
	uint64_t n = r.records;

	ck_assert_msg(!r.faults, "%s", r.nfindings ? r.finding[0].text : "");
	verify_free(&r);
	return n;
}

/* Segments of 1, 2, 4 and 8 MiB. */
START_TEST(a_log_goes_on_into_such_segments)
{
	uint64_t last = 0, records;
	struct log *log;

	records_log();
	log = writer();
	while (last < 3) {
		batch_commit(log);
		ck_assert_int_eq(segment_last(records_dir, &last, &records_err), 1);
	}
	records = carry_next(log_carry(log));
	ck_assert_uint_eq(records_verified(), records);
	log_close(log);
	log = writer();
	batch_commit(log);
	log_close(log);
	ck_assert_uint_ge(records_verified(), records + BATCH);
}
END_TEST

/* Each time one is on disk, a byte is. */
__attribute__((noreturn)) static void child(int told)
{
	struct log *log = writer();

	for (;;) {
		batch_commit(log);
		if (write(told, "", 1) != 1)
			_exit(1);
	}
}

START_TEST(a_writer_is_killed_at_any_moment)
{
	uint64_t records = 0;
	uint32_t seed = 1;
	struct log *log;

	records_log();
	for (unsigned i = 0; i < KILLS; i++) {
		unsigned batches = 20 + (seed >> 16) % 100;
		char byte;
		int told[2];
		pid_t pid;

		seed = seed * 1664525 + 1013904223;
		ck_assert(!pipe2(told, O_CLOEXEC));
		pid = fork();
		if (!pid)
			child(told[1]);
		close(told[1]);
		for (unsigned n = 0; n < batches; n++) {
			ck_assert_int_eq(read(told[0], &byte, 1), 1);
			records += BATCH;
		}
		ck_assert(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
		close(told[0]);
		/* More may have been on disk than was told. */
		ck_assert_uint_ge(records_verified(), records);
	}
	log = writer();
	batch_commit(log);
	log_close(log);
	ck_assert_uint_ge(records_verified(), records + BATCH);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("zeros");
	TCase *t = tcase_create("zeros");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, records_setup, records_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_is_wanted_is_written);
	tcase_add_test(t, a_file_is_let_go_of);
	tcase_add_test(t, a_file_that_takes_none_is_told);
	tcase_add_test(t, a_log_goes_on_into_such_segments);
	tcase_add_test(t, a_writer_is_killed_at_any_moment);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
