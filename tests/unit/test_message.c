/* Packets between processes: what is put arrives whole and in order, what is no message is refused,
 * and no descriptor is lost. */
#include "runtime/base/err.h"
#include "runtime/base/message.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct channel a, b;

/* Instead of the C library's. The kernel's says the end where a packet, and the end behind it, come after it has looked for
 * packets and before it looks whether the other end is closed; so does this one, each time that it is told to. */
static unsigned early;

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	if (!early)
		return syscall(SYS_recvmsg, fd, m, flags);
	early--;
	return 0;
}
static struct krux_err err;

static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void setup(void)
{
	int fd[2];

	err = (struct krux_err){ 0 };
	ck_assert(!channel_pair(fd, &err));
	ck_assert(!channel_open(&a, fd[0], &err) && !channel_open(&b, fd[1], &err));
}

static void teardown(void)
{
	channel_close(&a);
	channel_close(&b);
}

static void put(const char *text, uint64_t cookie)
{
	struct part part[2] = { { text, strlen(text) / 2 },
		                { text + strlen(text) / 2, strlen(text) - strlen(text) / 2 } };

	ck_assert(!channel_put(&a, MESSAGE_NEWS, cookie, part, 2, &err));
}

START_TEST(messages_arrive_in_order)
{
	struct message m;

	put("first", 1);
	put("", 2);
	put("the third one", 3);
	ck_assert_int_eq(channel_take(&b, &m, &err), 0);
	ck_assert_int_eq(channel_flush(&a, &err), 1);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.kind, MESSAGE_NEWS);
	ck_assert_uint_eq(m.cookie, 1);
	ck_assert_mem_eq(m.body, "first", 5);
	ck_assert_uint_eq((uintptr_t)m.body % 8, 0);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.n, 0);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.n, 13);
	ck_assert_uint_eq(m.cookie, 3);
	ck_assert_int_eq(channel_take(&b, &m, &err), 0);
}
END_TEST

START_TEST(what_the_socket_does_not_take_waits)
{
	static uint8_t big[100000];
	struct part part = { big, sizeof big };
	struct message m;
	unsigned sent = 200, got = 0;

	for (unsigned i = 0; i < sent; i++) {
		big[0] = (uint8_t)i;
		ck_assert(!channel_put(&a, MESSAGE_NEWS, i, &part, 1, &err));
		ck_assert_int_ge(channel_flush(&a, &err), 0);
	}
	ck_assert_int_eq(channel_flush(&a, &err), 0);
	ck_assert_uint_gt(a.queued, 0);
	while (got < sent) {
		int rc = channel_take(&b, &m, &err);

		if (!rc)
			ck_assert_int_ge(channel_flush(&a, &err), 0);
		ck_assert_int_ge(rc, 0);
		if (rc) {
			ck_assert_uint_eq(m.cookie, got);
			ck_assert_uint_eq(m.body[0], (uint8_t)got);
			got++;
		}
	}
	ck_assert_uint_eq(a.queued, 0);
}
END_TEST

START_TEST(a_message_is_at_most_a_packet)
{
	static uint8_t big[MESSAGE_MAX];
	struct part part = { big, MESSAGE_MAX - sizeof(struct message_head) };
	struct message m;

	ck_assert(!channel_put(&a, MESSAGE_NEWS, 0, &part, 1, &err));
	ck_assert_int_eq(channel_flush(&a, &err), 1);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.n, part.n);
	part.n++;
	ck_assert_int_lt(channel_put(&a, MESSAGE_NEWS, 0, &part, 1, &err), 0);
}
END_TEST

START_TEST(descriptors_travel_and_none_is_lost)
{
	unsigned before = descriptors();
	struct part part = { "content", 7 };
	int file = memory_file("test", &part, 1, &err), four[4] = { file, file, file, file };
	struct message m;
	const uint8_t *p;
	size_t n;

	ck_assert_int_ge(file, 0);
	put("before", 1);
	ck_assert(!channel_put_fds(&a, MESSAGE_RUN, 2, &part, 1, four, 4, &err));
	ck_assert(!channel_put_fds(&a, MESSAGE_RUN, 3, NULL, 0, four, 1, &err));
	close(file);
	ck_assert_int_eq(channel_flush(&a, &err), 1);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.nfds, 0);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(m.nfds, 4);
	p = memory_map(m.fd[3], 7, &n, &err);
	ck_assert_ptr_nonnull(p);
	ck_assert_mem_eq(p, "content", 7);
	memory_unmap(p, n);
	ck_assert_ptr_null(memory_map(m.fd[3], 6, &n, &err));
	message_close_fds(&m);
	/* The last is in the packet at hand and not yet taken; closing takes it along. */
	teardown();
	ck_assert_uint_eq(descriptors(), before - 2);
	setup();
}
END_TEST

static int raw_send(const void *p, size_t n)
{
	return send(a.fd, p, n, 0) == (ssize_t)n ? 0 : -1;
}

START_TEST(what_is_no_message_is_refused)
{
	static const struct message_head bad[] = {
		{ 0, 0, 0 }, { MESSAGE_KINDS, 0, 0 }, { UINT32_MAX, 0, 0 }, { MESSAGE_NEWS, 1, 0 },
		{ MESSAGE_NEWS, UINT32_MAX, 0 }, { MESSAGE_NEWS, UINT32_MAX - 7, 0 },
	};
	struct message m;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert(!raw_send(&bad[i], sizeof bad[i]));
		ck_assert_int_lt(channel_take(&b, &m, &err), 0);
		teardown();
		setup();
	}
	for (size_t n = 1; n < sizeof *bad; n++) {
		ck_assert(!raw_send(bad, n));
		ck_assert_int_lt(channel_take(&b, &m, &err), 0);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(the_other_end_is_gone)
{
	struct message m;
	int fd = a.fd;

	put("last words", 1);
	ck_assert_int_eq(channel_flush(&a, &err), 1);
	a.fd = -1;
	close(fd);
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_int_lt(channel_take(&b, &m, &err), 0);
	ck_assert_int_eq(err.no, 0);
	ck_assert(!channel_put(&b, MESSAGE_NEWS, 0, NULL, 0, &err));
	ck_assert_int_lt(channel_flush(&b, &err), 0);
}
END_TEST

START_TEST(a_file_that_can_change_is_refused)
{
	int file = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING), null = open("/dev/null", O_RDONLY);
	size_t n;

	ck_assert_ptr_null(memory_map(file, 10, &n, &err));
	ck_assert_ptr_null(memory_map(null, 10, &n, &err));
	ck_assert(!fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
	ck_assert_ptr_null(memory_map(file, 10, &n, &err));
	close(file);
	close(null);
	file = memory_file("nothing", NULL, 0, &err);
	ck_assert_ptr_nonnull(memory_map(file, 0, &n, &err));
	ck_assert_uint_eq(n, 0);
	close(file);
}
END_TEST

START_TEST(what_was_sent_last_is_taken_from_who_read_nothing)
{
	struct channel one, other;
	struct message m;
	int fd[2];

	ck_assert(!channel_pair(fd, &err) && !channel_open(&one, fd[0], &err) && !channel_open(&other, fd[1], &err));
	ck_assert(!channel_put(&one, MESSAGE_ACK, 1, NULL, 0, &err));
	ck_assert_int_eq(channel_flush(&one, &err), 1);
	ck_assert(!channel_put(&other, MESSAGE_APPEND, 2, NULL, 0, &err));
	ck_assert_int_eq(channel_flush(&other, &err), 1);
	channel_close(&other);
	ck_assert_int_eq(channel_take(&one, &m, &err), 1);
	ck_assert_uint_eq(m.cookie, 2);
	ck_assert_int_eq(channel_take(&one, &m, &err), -1);
	ck_assert_int_eq(err.no, 0);
	channel_close(&one);
}
END_TEST

START_TEST(what_was_sent_last_is_taken_when_the_end_was_said_before_it)
{
	struct message m;

	put("the last", 7);
	ck_assert_int_eq(channel_flush(&a, &err), 1);
	channel_close(&a);
	early = 1;
	ck_assert_int_eq(channel_take(&b, &m, &err), 1);
	ck_assert_uint_eq(early, 0);
	ck_assert_uint_eq(m.cookie, 7);
	ck_assert_int_eq(channel_take(&b, &m, &err), -1);
	ck_assert_int_eq(err.no, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("channel");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_was_sent_last_is_taken_from_who_read_nothing);
	tcase_add_test(t, what_was_sent_last_is_taken_when_the_end_was_said_before_it);
	tcase_add_test(t, messages_arrive_in_order);
	tcase_add_test(t, what_the_socket_does_not_take_waits);
	tcase_add_test(t, a_message_is_at_most_a_packet);
	tcase_add_test(t, descriptors_travel_and_none_is_lost);
	tcase_add_test(t, what_is_no_message_is_refused);
	tcase_add_test(t, the_other_end_is_gone);
	tcase_add_test(t, a_file_that_can_change_is_refused);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
