/* What becomes of bytes that are on their way when a connection or a call ends. */
#include "tests/unit/outside.h"

#include "runtime/egress/egress.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 << 20 };

static int listener, line;
static struct message_lined used;
static char bytes[64 << 10];

static void setup(void)
{
	struct message_target t;
	uint16_t port;

	outside_start("127.0.0.0/8");
	listener = outside_listen(&port);
	t = outside_target("127.0.0.1", port);
	line = outside_line(1, &t, 1);
}

static void teardown(void)
{
	close(listener);
	outside_stop();
}

static int connection(int *host)
{
	const struct line_ask ask = { .kind = LINE_CONNECT };
	struct line_reply reply;
	int fd = outside_ask(line, &ask, &reply);

	ck_assert_uint_eq(reply.status, LINE_OK);
	*host = accept(listener, NULL, NULL);
	ck_assert_int_ge(*host, 0);
	return fd;
}

/* All that the way to the host holds, when nobody reads it. */
static size_t fill(int fd)
{
	size_t sent = 0;

	for (int quiet = 0; quiet < 20 && sent < MOST;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t k = send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += k > 0 ? (size_t)k : 0;
		quiet = poll(&p, 1, 20) ? 0 : quiet + 1;
	}
	ck_assert_uint_lt(sent, MOST);
	return sent;
}

static size_t read_to_the_end(int fd)
{
	size_t n = 0;
	ssize_t k;

	while ((k = read(fd, bytes, sizeof bytes)) > 0)
		n += (size_t)k;
	ck_assert_int_eq(k, 0);
	return n;
}

/* Of calls that end: 0, the child has read all; 1, not what its host has said; 2, it keeps its connection. */
START_TEST(what_was_sent_before_the_end_arrives)
{
	int host, fd = connection(&host);
	size_t sent;

	if (_i == 1)
		ck_assert_int_eq(write(host, "unheard", 7), 7);
	sent = fill(fd);
	if (_i != 2)
		close(fd);
	close(line);
	if (_i == 2) {
		ck_assert_int_eq(read(fd, bytes, 1), 0);
		ck_assert(send(fd, bytes, 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
		close(fd);
	}
	ck_assert_uint_eq(read_to_the_end(host), sent);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.sent, sent);
	ck_assert_uint_eq(used.received, _i == 1 ? 7 : 0);
	close(host);
}
END_TEST

/* Nor is its end waited for, where it has all. */
START_TEST(a_host_need_not_end)
{
	int host, fd = connection(&host);

	ck_assert_int_eq(write(fd, "hello", 5), 5);
	close(fd);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.sent, 5);
	ck_assert_uint_eq(read_to_the_end(host), 5);
	close(host);
}
END_TEST

START_TEST(a_host_that_takes_nothing_is_waited_for_and_no_longer)
{
	int host, fd = connection(&host);
	size_t sent = fill(fd);

	close(fd);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_gt(used.sent, 0);
	ck_assert_uint_le(used.sent, sent);
	close(host);
}
END_TEST

/* Nor does one that says something for ever. */
START_TEST(a_host_that_never_stops_keeps_nobody)
{
	int host, fd = connection(&host), status;
	pid_t pid = fork();

	if (!pid) {
		close(fd);
		close(line);
		while (send(host, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
			;
		_exit(0);
	}
	close(host);
	ck_assert_int_eq(read(fd, bytes, 5), 5);
	close(fd);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_ge(used.received, 5);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What a host has said before it broke off is heard, though nothing of what it was told is taken. */
START_TEST(a_host_that_breaks_off_is_heard)
{
	const struct linger at_once = { 1, 0 };
	int host, fd = connection(&host);

	fill(fd);
	ck_assert_int_eq(write(host, "no", 2), 2);
	ck_assert_int_eq(read(fd, bytes, 2), 2);
	ck_assert_int_eq(write(host, "more", 4), 4);
	ck_assert(!setsockopt(host, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
	close(host);
	ck_assert_int_eq(read(fd, bytes, sizeof bytes), 4);
	ck_assert_int_le(read(fd, bytes, 1), 0);
	close(fd);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.received, 6);
}
END_TEST

/* Hosts that keep their connections, and say nothing, hold no place of a call that has closed them: who asks for one
 * meanwhile waits. */
START_TEST(a_place_is_held_no_longer_than_it_is_used)
{
	int host[4 * LINE_STREAMS], fd[LINE_STREAMS];

	for (int i = 0; i < 4 * LINE_STREAMS; i++) {
		if (i >= LINE_STREAMS)
			close(fd[i % LINE_STREAMS]);
		fd[i % LINE_STREAMS] = connection(&host[i]);
		/* One way only keeps it. */
		shutdown(fd[i % LINE_STREAMS], SHUT_WR);
		ck_assert_int_eq(read(host[i], bytes, 1), 0);
	}
	for (int i = 3 * LINE_STREAMS; i < 4 * LINE_STREAMS; i++) {
		ck_assert_int_eq(write(host[i], "late", 4), 4);
		ck_assert_int_eq(read(fd[i % LINE_STREAMS], bytes, 4), 4);
		close(fd[i % LINE_STREAMS]);
	}
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.connections, 4 * LINE_STREAMS);
	for (int i = 0; i < 4 * LINE_STREAMS; i++)
		close(host[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("egress ends");
	TCase *t = tcase_create("ends");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, what_was_sent_before_the_end_arrives, 0, 3);
	tcase_add_test(t, a_host_need_not_end);
	tcase_add_test(t, a_host_that_takes_nothing_is_waited_for_and_no_longer);
	tcase_add_test(t, a_host_that_never_stops_keeps_nobody);
	tcase_add_test(t, a_host_that_breaks_off_is_heard);
	tcase_add_test(t, a_place_is_held_no_longer_than_it_is_used);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
