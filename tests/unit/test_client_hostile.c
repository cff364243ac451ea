/* libkrux and what a daemon should not do: whatever comes, every request gets one result and nothing
 * leaks. */
#include "tests/unit/client_rig.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- large outputs ---- */

START_TEST(large_outputs_are_mapped)
{
	struct krux_request q = rig_request("{}");
	int fd = fake_memory(100000, 'x', true);
	unsigned before;
	struct krux_result *r;

	rig_ready("8,65536,100");
	before = rig_descriptors();
	rig_submit(&q);
	fake_say_fds(&gate, &fd, 1, "answer id=1 end=3 size=100000");
	r = rig_stepped(1);
	ck_assert_uint_eq(r->output_len, 100000);
	ck_assert_mem_eq(r->output, "xxxx", 4);
	ck_assert_int_eq(((const char *)r->output)[99999], 'x');
	ck_assert_int_ge(r->output_fd, 0);
	ck_assert(fcntl(r->output_fd, F_GETFD) & FD_CLOEXEC);
	krux_result_free(r);
	ck_assert_uint_eq(rig_descriptors(), before);
	krux_close(k);
	/* More than was said to be taken. */
	options.max_output = 99999;
	rig_ready("8,65536,100");
	rig_submit(&q);
	fake_say_fds(&gate, &fd, 1, "answer id=1 end=3 size=100000 record=3");
	r = rig_stepped(1);
	ck_assert(r->code == KRUX_E_TOO_LARGE && !r->output && r->record == 3);
	krux_result_free(r);
	rig_submit(&q);
	fake_say(&gate, "answer id=2 end=3 output=1");
	krux_result_free(rig_stepped(2));
	ck_assert_uint_eq(rig_descriptors(), before);
	close(fd);
}
END_TEST

START_TEST(bad_memory_files_end_it)
{
	int good = fake_memory(5000, 'x', true), open_one = fake_memory(5000, 'x', false), many[20];
	const struct {
		const int *fd;
		unsigned n;
		const char *text;
	} rows[] = {
		{ NULL, 0, "answer id=1 end=3 size=5000" },
		{ &good, 1, "answer id=1 end=3 size=5001" },
		{ &good, 1, "answer id=1 end=3 size=4999" },
		{ &open_one, 1, "answer id=1 end=3 size=5000" },
		{ &gate.listener, 1, "answer id=1 end=3 size=0" },
		{ many, 20, "answer id=1 end=3 output=1" },
	};
	unsigned before = 0;

	for (int i = 0; i < 20; i++)
		many[i] = good;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct krux_request q = rig_request("{}");
		struct krux_result *r;

		rig_ready("8,65536,100");
		if (!before)
			before = rig_descriptors();
		rig_submit(&q);
		if (rows[i].n)
			fake_say_fds(&gate, rows[i].fd, rows[i].n, "%s", rows[i].text);
		else
			fake_say(&gate, "%s", rows[i].text);
		ck_assert_msg(krux_step(k, &fault) == KRUX_E_PROTOCOL, "row %zu", i);
		r = krux_next(k);
		ck_assert_int_eq(r->code, KRUX_E_PROTOCOL);
		krux_result_free(r);
		krux_close(k);
		k = NULL;
		ck_assert_uint_eq(rig_descriptors(), before - 1);
	}
	close(good);
	close(open_one);
}
END_TEST

/* ---- a daemon that is none ---- */

START_TEST(hostile_answers_end_it)
{
	static const char *const rows[] = {
		"answer id=2 end=3 output=1",            /* of no call */
		"answer id=0 end=3 output=1",
		"answer id=18446744073709551615 end=3",
		"pong id=1",                             /* in the way of another kind */
		"description id=1 json=\"[]\"",
		"progress id=7 stage=x",
		"challenge nonce=hex:" HASH,
		WELCOME "1,1,1",                         /* twice */
		"hello version=1 agent=builder proof=0", /* what we say */
		"s-done id=1 record=1",                  /* another protocol's */
	};
	static const struct {
		const char *p;
		size_t n;
	} raw[] = {
		{ "\0\0\0\0", 4 }, { "\xFF\xFF\xFF\xFF", 4 }, { "\0\0\0\1\xA0", 5 },
		{ "\0\0\0\5\xA2\0\x18\x43\xF6", 9 }, { "GET / HTTP/1.1\r\n\r\n", 18 },
	};
	size_t nrows = sizeof rows / sizeof *rows;

	for (size_t i = 0; i < nrows + sizeof raw / sizeof *raw; i++) {
		struct krux_request q = rig_request("{}");
		struct krux_result *r;

		rig_ready("8,65536,100");
		rig_submit(&q);
		if (i < nrows)
			fake_say(&gate, "%s", rows[i]);
		else
			fake_bytes(&gate, raw[i - nrows].p, raw[i - nrows].n);
		ck_assert_msg(krux_step(k, &fault) == KRUX_E_PROTOCOL, "row %zu", i);
		ck_assert_uint_gt(strlen(fault.text), 10);
		r = krux_next(k);
		ck_assert_int_eq(r->code, KRUX_E_PROTOCOL);
		krux_result_free(r);
		ck_assert_ptr_null(krux_next(k));
		krux_close(k);
		k = NULL;
	}
	/* Another agent's welcome; another version. */
	rig_greet();
	fake_say(&gate, "welcome version=1 agent=other bundle=hex:" HASH " dev=false engine=e limits=1,1,1");
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_PROTOCOL);
	krux_close(k);
	rig_greet();
	fake_bytes(&gate, "\0\0\0\6\xA2\0\x18\x40\1\2", 10);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_VERSION);
	krux_close(k);
	/* A welcome before the key was proved. */
	rig_greet();
	fake_say(&gate, "answer id=1 end=3");
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_PROTOCOL);
}
END_TEST

START_TEST(a_connection_breaks_anywhere)
{
	uint8_t bytes[256];
	size_t n = fake_encode(bytes, sizeof bytes, "answer id=1 end=3 output=\"{}\" record=17");

	for (size_t cut = 0; cut < n; cut++) {
		struct krux_request q = rig_request("{}");
		struct krux_result *r;

		rig_ready("1,65536,100");
		rig_submit(&q);
		rig_submit(&q);
		fake_bytes(&gate, bytes, cut);
		if (cut % 2)
			ck_assert(!krux_step(k, &fault));
		fake_hang_up(&gate);
		ck_assert_int_eq(krux_step(k, &fault), KRUX_E_CLOSED);
		if (cut > 4)
			ck_assert_ptr_nonnull(strstr(fault.text, "in the middle"));
		r = krux_next(k);
		ck_assert(r->id == 1 && r->code == KRUX_E_CLOSED && r->sent);
		krux_result_free(r);
		r = krux_next(k);
		ck_assert(r->id == 2 && r->code == KRUX_E_CLOSED && !r->sent);
		krux_result_free(r);
		krux_close(k);
		k = NULL;
	}
	/* The last word counts more than the end. */
	rig_ready("1,65536,100");
	fake_say(&gate, "error code=11 why=\"the daemon stops\"");
	ck_assert(!krux_step(k, &fault));
	fake_hang_up(&gate);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_DRAINING);
	ck_assert_str_eq(fault.text, "the daemon stops");
}
END_TEST

static void *reader_thread(void *n)
{
	struct frame f;

	for (int i = 0; i < 5; i++) {
		ck_assert(fake_take(&gate, &f));
		ck_assert(f.kind == FRAME_CALL && f.call.json.n == *(size_t *)n);
	}
	for (int i = 0; i < 5; i++)
		fake_expect(&gate, FRAME_CANCEL);
	return NULL;
}

START_TEST(a_daemon_that_does_not_read_holds_nobody)
{
	struct krux_request q = rig_request(NULL);
	size_t n = 1 << 20;
	char *json = malloc(n + 1);
	struct krux_result *r;
	pthread_t thread;

	memset(json, ' ', n);
	json[n] = 0;
	json[0] = '{';
	json[n - 1] = '}';
	q.json = json;
	q.timeout_ms = 50;
	rig_ready("8,99999999,100");
	for (int i = 0; i < 5; i++)
		rig_submit(&q);
	ck_assert(krux_events(k) == (POLLIN | POLLOUT));
	rig_wait_ms(60);
	for (uint64_t i = 1; i <= 5; i++) {
		r = i == 1 ? rig_stepped(i) : krux_next(k);
		ck_assert_int_eq(r->code, KRUX_E_TIMEOUT);
		krux_result_free(r);
	}
	/* Nothing of what was begun is lost. */
	pthread_create(&thread, NULL, reader_thread, &n);
	while (krux_events(k) & POLLOUT) {
		poll(&(struct pollfd){ .fd = krux_fd(k), .events = POLLOUT }, 1, 1000);
		ck_assert(!krux_step(k, &fault));
	}
	pthread_join(thread, NULL);
	free(json);
}
END_TEST

START_TEST(nothing_stays_open)
{
	unsigned before = rig_descriptors();

	for (int i = 0; i < 50; i++) {
		struct krux_request q = rig_request("{}");
		int fd = fake_memory(10, 'x', true);

		rig_ready("1,65536,100");
		rig_submit(&q);
		rig_submit(&q);
		fake_say_fds(&gate, &fd, 1, "answer id=1 end=3 size=10");
		close(fd);
		if (i % 2)
			ck_assert(!krux_step(k, &fault));
		krux_close(k);
		k = NULL;
		fake_hang_up(&gate);
	}
	ck_assert_uint_eq(rig_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client hostile");
	TCase *tc = tcase_create("client hostile");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_test(tc, large_outputs_are_mapped);
	tcase_add_test(tc, bad_memory_files_end_it);
	tcase_add_test(tc, hostile_answers_end_it);
	tcase_add_test(tc, a_connection_breaks_anywhere);
	tcase_add_test(tc, a_daemon_that_does_not_read_holds_nobody);
	tcase_add_test(tc, nothing_stays_open);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
