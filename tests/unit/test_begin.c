/* What a program of the daemon is told first: all of it arrives, and what was meant for another
 * program, or said by another build, is refused in words. */
#include "runtime/base/begin.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KIND = 1 };

static struct channel to;
static int from;
static struct krux_err err;
static struct begin got;

static void setup(void)
{
	int fd[2];

	err = (struct krux_err){ 0 };
	ck_assert(!channel_pair(fd, &err) && !channel_open(&to, fd[0], &err));
	from = fd[1];
}

static void teardown(void)
{
	channel_close(&to);
	close(from);
}

static struct begin nothing(void)
{
	struct begin b = { .kind = KIND };

	for (unsigned i = 0; i < BEGIN_FDS; i++)
		b.fd[i] = -1;
	return b;
}

/* The message as it went out, to be sent changed. */
static size_t taken(uint8_t *bytes, size_t room)
{
	struct channel c;
	struct message m;
	size_t n;

	ck_assert(!channel_open(&c, from, &err));
	ck_assert_int_eq(channel_take(&c, &m, &err), 1);
	n = m.n;
	ck_assert_uint_le(n, room);
	memcpy(bytes, m.body, n);
	message_close_fds(&m);
	c.fd = -1;
	channel_close(&c);
	return n;
}

static void send_bytes(enum message_kind kind, const uint8_t *bytes, size_t n)
{
	ck_assert(!channel_put(&to, kind, 0, &(struct part){ bytes, n }, 1, &err));
	ck_assert_int_eq(channel_flush(&to, &err), 1);
}

static void refused(const char *text)
{
	ck_assert_int_lt(begin_take(from, KIND, &got, &err), 0);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

START_TEST(all_of_it_arrives)
{
	const char *const waived[] = { "cgroup", "ebpf", NULL }, *const missing[] = { "", NULL },
		   *const limits[] = { "calls=1", "bytes=2", NULL }, *const places[] = { "bundle=/b", NULL };
	struct begin b = nothing();

	b.dev = b.sockets = true;
	b.generation = UINT64_C(1) << 40;
	b.uid = 60800;
	b.gid = 60801;
	b.parent = getpid();
	b.agents = (struct agent_uids){ 70000, 8192 };
	b.engine = "kruxrt";
	b.state_path = "";
	b.workspace = "/srv/builder";
	b.proxy = "http://10.0.0.1:3128";
	b.proxy_names = true;
	b.waived = waived;
	b.missing = missing;
	b.limits = limits;
	b.places = places;
	b.fd[BEGIN_TRUST] = b.fd[BEGIN_SPAWNER] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert(!begin_put(&to, &b, &err));
	ck_assert(!begin_take(from, KIND, &got, &err));
	ck_assert(got.dev && got.sockets);
	ck_assert_uint_eq(got.generation, b.generation);
	ck_assert_uint_eq(got.uid, b.uid);
	ck_assert_uint_eq(got.gid, b.gid);
	ck_assert_int_eq(got.parent, b.parent);
	ck_assert_uint_eq(got.agents.base, 70000);
	ck_assert_uint_eq(got.agents.count, 8192);
	ck_assert_str_eq(got.engine, "kruxrt");
	ck_assert_ptr_null(got.bundle_path);
	ck_assert_str_eq(got.state_path, "");
	ck_assert_ptr_null(got.agent);
	ck_assert_str_eq(got.workspace, "/srv/builder");
	ck_assert_str_eq(got.proxy, "http://10.0.0.1:3128");
	ck_assert(got.proxy_names);
	ck_assert_str_eq(got.waived[0], "cgroup");
	ck_assert_str_eq(got.waived[1], "ebpf");
	ck_assert_ptr_null(got.waived[2]);
	ck_assert_str_eq(got.missing[0], "");
	ck_assert_ptr_null(got.missing[1]);
	ck_assert_str_eq(got.limits[0], "calls=1");
	ck_assert_str_eq(got.limits[1], "bytes=2");
	ck_assert_ptr_null(got.limits[2]);
	ck_assert_str_eq(got.places[0], "bundle=/b");
	ck_assert_ptr_null(got.places[1]);
	for (unsigned i = 0; i < BEGIN_FDS; i++)
		ck_assert((got.fd[i] >= 0) == (b.fd[i] >= 0));
	ck_assert_int_ge(fcntl(got.fd[BEGIN_TRUST], F_GETFD), 0);
	ck_assert_int_ne(got.fd[BEGIN_TRUST], got.fd[BEGIN_SPAWNER]);
	begin_free(&got);
	close(b.fd[BEGIN_TRUST]);
}
END_TEST

START_TEST(another_build_is_refused)
{
	struct begin b = nothing();
	uint8_t bytes[256];
	size_t n;

	ck_assert(!begin_put(&to, &b, &err));
	n = taken(bytes, sizeof bytes);
	bytes[0] ^= 1;
	send_bytes(MESSAGE_BEGIN, bytes, n);
	refused("not of one build");
	/* However short what it says is. */
	send_bytes(MESSAGE_BEGIN, bytes, 8);
	refused("not of one build");
}
END_TEST

START_TEST(another_program_is_refused)
{
	struct begin b = nothing();

	b.kind = KIND + 1;
	ck_assert(!begin_put(&to, &b, &err));
	refused("another than kruxrt means to start");
}
END_TEST

/* Cut at every byte, and with a text that does not end. */
START_TEST(what_is_not_whole_is_refused)
{
	struct begin b = nothing();
	uint8_t bytes[256];
	size_t n;

	b.engine = "kruxrt";
	ck_assert(!begin_put(&to, &b, &err));
	n = taken(bytes, sizeof bytes);
	for (size_t i = 0; i < n; i++) {
		send_bytes(MESSAGE_BEGIN, bytes, i);
		refused("what kruxrt says first");
	}
	bytes[n - 1] = 'x';
	send_bytes(MESSAGE_BEGIN, bytes, n);
	refused("what kruxrt says first");
	send_bytes(MESSAGE_STOP, bytes, n);
	refused("what kruxrt says first");
}
END_TEST

/* As it says, so many descriptors come along: no fewer. */
START_TEST(descriptors_are_counted)
{
	struct begin b = nothing();
	uint8_t bytes[256];
	size_t n;

	b.fd[BEGIN_LOG] = 0;
	ck_assert(!begin_put(&to, &b, &err));
	n = taken(bytes, sizeof bytes);
	send_bytes(MESSAGE_BEGIN, bytes, n);
	refused("what kruxrt says first");
}
END_TEST

START_TEST(a_full_channel_is_said)
{
	struct begin b = nothing();
	int rc = 0;

	for (int i = 0; i < 100000 && !rc; i++)
		rc = begin_put(&to, &b, &err);
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(err.no, EAGAIN);
	ck_assert_str_ne(err.text, "");
}
END_TEST

START_TEST(nobody_says_anything)
{
	teardown();
	setup();
	channel_close(&to);
	refused("the other process is gone");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("begin");
	TCase *c = tcase_create("begin");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, all_of_it_arrives);
	tcase_add_test(c, another_build_is_refused);
	tcase_add_test(c, another_program_is_refused);
	tcase_add_test(c, what_is_not_whole_is_refused);
	tcase_add_test(c, descriptors_are_counted);
	tcase_add_test(c, a_full_channel_is_said);
	tcase_add_test(c, nobody_says_anything);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
