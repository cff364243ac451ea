/* The relay inside, between a program that says anything and an egress that answers anything: all three ends are this
 * process's own. */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/spawn/tunnel.h"

/* Turns without anything to do that show nothing more is coming; for what is, as long as a machine may take. */
enum { TURNS = 200, PATIENCE_MS = 20000 };

static struct tunnels tunnels;
static struct sockaddr_in here;
static int egress;                     /* the other end of the line */
static char heard[1 << 16];
static uint8_t hello[512];
static size_t nhello;

static const struct message_target targets[] = { { .port = 443, .host = "a.test" }, { .port = 8443, .host = "10.0.0.1" },
	                                         { .port = 80, .host = "p.test" }, { .port = 80, .host = "p.test", .plain = 1 } };

static void setup(void)
{
	socklen_t n = sizeof here;
	int pair[2], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	here = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&here, n) && !listen(fd, 64));
	ck_assert(!getsockname(fd, (struct sockaddr *)&here, &n));
	ck_assert(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	egress = pair[1];
	tunnels_open(&tunnels, fd, pair[0], targets, 4);
}

static void teardown(void)
{
	tunnels_close(&tunnels);
	close(egress);
}

/* ---- the ends ---- */

/* When there is something to do for the relay, or to be read of fd (-1: of nobody). */
static void turn_for(int fd, int timeout_ms)
{
	struct pollfd p[TUNNEL_POLLS + 1];
	const unsigned n = tunnels_poll(&tunnels, p);

	p[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	ck_assert_int_ge(poll(p, n + 1, timeout_ms), 0);
	tunnels_step(&tunnels);
}

static void turn(void)
{
	turn_for(-1, 0);
}

static int program(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	ck_assert(fd >= 0 && !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
	ck_assert(!connect(fd, (struct sockaddr *)&here, sizeof here));
	return fd;
}

static void say(int fd, const void *p, size_t n)
{
	ck_assert_int_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* So many bytes, or what comes before the end. */
static size_t hear(int fd, size_t want)
{
	size_t n = 0;
	ssize_t k = 1;

	for (int i = 0; i < 64 * TURNS && k && n < want; i++) {
		turn_for(fd, PATIENCE_MS);
		k = recv(fd, heard + n, want - n, MSG_DONTWAIT);
		n += k > 0 ? (size_t)k : 0;
		ck_assert(k >= 0 || errno == EAGAIN);
	}
	heard[n] = 0;
	return n;
}

static void is_silent(int fd)
{
	char byte;

	for (int i = 0; i < TURNS; i++) {
		turn();
		ck_assert(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	}
}

/* All that comes, to the end. */
static void told(int fd, const char *text)
{
	hear(fd, sizeof heard - 1);
	ck_assert_msg(strstr(heard, text), "'%s' without '%s'", heard, text);
	ck_assert_int_eq(recv(fd, heard, 1, MSG_DONTWAIT), 0);
	close(fd);
}

/* The target that the relay asks egress for. */
static unsigned asked(void)
{
	struct line_ask ask = { 0, 0, 0, 0 };
	ssize_t k = -1;

	for (int i = 0; i < TURNS && k < 0; i++) {
		turn_for(egress, PATIENCE_MS);
		k = recv(egress, &ask, sizeof ask, MSG_DONTWAIT);
	}
	ck_assert_int_eq(k, (ssize_t)sizeof ask);
	ck_assert_uint_eq(ask.kind, LINE_CONNECT);
	return ask.target;
}

/* with: -1: no connection comes along. */
static void answer(uint32_t status, int with)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct line_reply r = { .status = status, .n = status == LINE_OK };
	struct iovec v = { &r, sizeof r };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (with >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof room;
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof with), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &with, sizeof with);
	}
	ck_assert_int_eq(sendmsg(egress, &m, 0), (ssize_t)sizeof r);
}

static void hello_make(const char *name)
{
	const size_t n = strlen(name), list = n ? 9 + n : 0, body = 34 + 1 + 4 + 2 + 2 + list;
	uint8_t *p = hello;

	memset(hello, 0, sizeof hello);
	*p++ = 22, *p++ = 3, *p++ = 1, *p++ = 0, *p++ = (uint8_t)(body + 4);
	*p++ = 1, *p++ = 0, *p++ = 0, *p++ = (uint8_t)body;
	p += 34 + 1;
	p[1] = 2, p[2] = 0x13, p[3] = 1, p += 4;
	*p++ = 1, *p++ = 0;
	p[1] = (uint8_t)list, p += 2;
	if (n) {
		p += 2;
		p[1] = (uint8_t)(n + 5), p[3] = (uint8_t)(n + 3), p += 5;
		p[1] = (uint8_t)n, p += 2;
		memcpy(p, name, n);
		p += n;
	}
	nhello = (size_t)(p - hello);
	ck_assert_uint_eq(nhello, body + 9);
}

static const char connect_a[] = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n";
static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";

/* A program that was let through, and what stands for its host. */
static int program_connected(const char *head, unsigned target, int *host)
{
	int pair[2], fd = program();

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	say_text(fd, head);
	ck_assert_uint_eq(asked(), target);
	answer(LINE_OK, pair[1]);
	close(pair[1]);
	*host = pair[0];
	ck_assert_uint_eq(hear(fd, sizeof yes - 1), sizeof yes - 1);
	ck_assert_str_eq(heard, yes);
	return fd;
}

/* ---- what passes ---- */

START_TEST(bytes_pass_both_ways)
{
	int host, fd = program_connected(connect_a, 0, &host);

	hello_make("A.test");
	for (size_t i = 0; i < nhello; i++) {
		ck_assert_int_lt(recv(host, heard, 1, MSG_DONTWAIT), 0);
		say(fd, hello + i, 1);
		turn();
	}
	ck_assert_uint_eq(hear(host, nhello), nhello);
	ck_assert(!memcmp(heard, hello, nhello));
	say_text(host, "hello");
	ck_assert_uint_eq(hear(fd, 5), 5);
	say_text(fd, "not TLS at all");
	ck_assert_uint_eq(hear(host, 14), 14);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(hear(host, 1), 0);
	say_text(host, "late");
	close(host);
	ck_assert_uint_eq(hear(fd, sizeof heard - 1), 4);
	close(fd);
}
END_TEST

START_TEST(all_of_it_may_come_at_once)
{
	char all[1024];
	int pair[2], fd = program();

	hello_make("a.test");
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	memcpy(all, connect_a, sizeof connect_a - 1);
	memcpy(all + sizeof connect_a - 1, hello, nhello);
	say(fd, all, sizeof connect_a - 1 + nhello);
	ck_assert_uint_eq(asked(), 0);
	answer(LINE_OK, pair[1]);
	close(pair[1]);
	ck_assert_uint_eq(hear(pair[0], nhello), nhello);
	ck_assert(!memcmp(heard, hello, nhello));
	close(pair[0]);
	close(fd);
}
END_TEST

START_TEST(an_address_takes_no_name)
{
	static const char head[] = "CONNECT 10.0.0.1:8443 HTTP/1.1\r\n\r\n";
	int host, fd = program_connected(head, 1, &host);

	hello_make("");
	say(fd, hello, nhello);
	ck_assert_uint_eq(hear(host, nhello), nhello);
	close(host);
	close(fd);
}
END_TEST

/* However much its program has to say, of what its host does not take no more is held than there is room for. */
START_TEST(who_is_slow_is_waited_for)
{
	static char piece[4096];
	int host, small = 4096, fd = program_connected(connect_a, 0, &host);
	size_t sent = 0, came = 0, n;

	setsockopt(host, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	hello_make("a.test");
	say(fd, hello, nhello);
	ck_assert_uint_eq(hear(host, nhello), nhello);
	for (int i = 0; i < 64 * TURNS; i++) {
		ssize_t k = send(fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);

		turn();
		if (k < 0)
			break;
		sent += (size_t)k;
	}
	ck_assert(tunnels.tunnel[0].out.n <= sizeof tunnels.tunnel[0].out.bytes);
	close(fd);
	ck_assert(tunnels_flush(&tunnels));
	for (int i = 0; i < 64 * TURNS && (n = hear(host, sizeof heard - 1)) > 0; i++)
		came += n;
	ck_assert_uint_eq(came, sent);
	ck_assert(!tunnels_flush(&tunnels));
	close(host);
}
END_TEST

/* A program that is gone before it has heard all breaks its connection off: what it has said arrives, however much its host
 * says meanwhile. */
START_TEST(who_breaks_off_has_said_what_it_has_said)
{
	static char piece[64 << 10];
	int host, fd = program_connected(connect_a, 0, &host);
	size_t came = 0;
	ssize_t k = 1;

	hello_make("a.test");
	say(fd, hello, nhello);
	ck_assert_uint_eq(hear(host, nhello), nhello);
	say_text(host, "unheard");
	is_silent(egress);
	say(fd, piece, sizeof piece);
	close(fd);
	ck_assert(tunnels_flush(&tunnels));
	while (send(host, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	for (int i = 0; i < 64 * TURNS && k; i++) {
		turn_for(host, PATIENCE_MS);
		k = recv(host, heard, sizeof heard, MSG_DONTWAIT);
		came += k > 0 ? (size_t)k : 0;
		k = k < 0 && errno == ECONNRESET ? 0 : k;
	}
	ck_assert_int_eq(k, 0);
	ck_assert_uint_eq(came, sizeof piece);
	ck_assert(!tunnels_flush(&tunnels));
	close(host);
}
END_TEST

/* ---- without TLS ---- */

static const char post[] = "POST http://p.test/a HTTP/1.1\r\nHost: p.test\r\nContent-Length: 5\r\n\r\n";
static const char posted[] = "POST /a HTTP/1.1\r\nHost: p.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

/* What stands for the host of the one target that is plain, once it is asked for; another is the same place with TLS. */
static int plain_host(void)
{
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	ck_assert_uint_eq(asked(), 3);
	answer(LINE_OK, pair[1]);
	close(pair[1]);
	return pair[0];
}

/* 0: with what follows it at once; 1: byte by byte. What follows is nobody's. */
START_TEST(a_request_is_passed_on_alone)
{
	static const char more[] = "helloGET http://p.test/b HTTP/1.1\r\nHost: p.test\r\n\r\n";
	int fd = program(), host;

	if (!_i) {
		char all[512];

		snprintf(all, sizeof all, "%s%s", post, more);
		say_text(fd, all);
		host = plain_host();
	} else {
		say_text(fd, post);
		host = plain_host();
		for (const char *c = more; *c; c++) {
			say(fd, c, 1);
			turn();
		}
	}
	ck_assert_uint_eq(hear(host, sizeof posted - 1), sizeof posted - 1);
	ck_assert_str_eq(heard, posted);
	is_silent(host);
	say_text(host, "HTTP/1.1 200 OK\r\n\r\nyes");
	close(host);
	ck_assert_uint_eq(hear(fd, sizeof heard - 1), 22);
	ck_assert(strstr(heard, "yes"));
	close(fd);
}
END_TEST

/* Also of a program that is gone before anybody was asked. */
START_TEST(a_request_needs_no_one_who_waits_for_it)
{
	int fd = program(), host;
	size_t n = 0;
	ssize_t k;

	say_text(fd, post);
	say_text(fd, "hello");
	close(fd);
	for (int i = 0; i < TURNS && !tunnels_flush(&tunnels); i++)
		turn_for(-1, PATIENCE_MS);
	ck_assert(tunnels_flush(&tunnels));
	host = plain_host();
	for (int i = 0; i < 64 * TURNS && n < sizeof posted; i++) {
		turn_for(host, PATIENCE_MS);
		k = recv(host, heard + n, sizeof heard - n, MSG_DONTWAIT);
		if (!k)
			break;
		n += k > 0 ? (size_t)k : 0;
	}
	heard[n] = 0;
	ck_assert_str_eq(heard, posted);
	ck_assert(!tunnels_flush(&tunnels));
	close(host);
}
END_TEST

/* The longest there is, with as much of its body as is read with it. */
START_TEST(a_long_request_has_room)
{
	static char head[OPENING_HEAD + 1], body[32 << 10];
	int fd = program(), host, n;
	size_t want, came = 0;

	n = snprintf(head, sizeof head, "PUT http://p.test HTTP/1.1\r\nHost: p.test\r\nContent-Length: %zu\r\nX: ", sizeof body);
	memset(head + n, 'x', OPENING_HEAD - 4 - (size_t)n);
	memcpy(head + OPENING_HEAD - 4, "\r\n\r\n", 4);
	say(fd, head, OPENING_HEAD);
	say(fd, body, sizeof body);
	host = plain_host();
	/* http://p.test becomes /, and Connection is new. */
	want = OPENING_HEAD - 12 + strlen("Connection: close\r\n") + sizeof body;
	while (came < want && (n = (int)hear(host, want - came < 4096 ? want - came : 4096)) > 0)
		came += (size_t)n;
	ck_assert_uint_eq(came, want);
	is_silent(host);
	close(host);
	close(fd);
}
END_TEST

/* ---- what does not ---- */

static const struct { const char *head, *told; } refused[] = {
	{ "CONNECT b.test:443 HTTP/1.1\r\n\r\n", "403 Forbidden\r\n" },
	{ "CONNECT b.test:443 HTTP/1.1\r\n\r\n", "krux: this call may not connect to b.test, port 443.\n" },
	{ "CONNECT a.test:8443 HTTP/1.1\r\n\r\n", "krux: this call may not connect to a.test, port 8443.\n" },
	{ "CONNECT 10.0.0.1:443 HTTP/1.1\r\n\r\n", "403 Forbidden\r\n" },
	{ "CONNECT sub.a.test:443 HTTP/1.1\r\n\r\n", "403 Forbidden\r\n" },
	{ "GET / HTTP/1.1\r\n\r\n", "The relay takes CONNECT, and requests to http://HOST in full, and nothing else." },
	{ "GET http://a.test:443/ HTTP/1.1\r\nHost: a.test:443\r\n\r\n", "krux: this call may not speak to a.test, port 443, without TLS: use https.\n" },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "krux: this call may not connect to a.test, port 80.\n" },
	{ "GET http://p.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The Host of the request is another than its target." },
	{ "CONNECT a.test:443 HTTP/1.1\r\nContent-Length: 1\r\n\r\n", "A CONNECT has no body." },
	{ "\x16\x03\x01\x02", "403 Forbidden\r\n" },
};

START_TEST(everything_else_is_told_why_not)
{
	int fd = program();

	say_text(fd, refused[_i].head);
	told(fd, refused[_i].told);
	is_silent(egress);
}
END_TEST

static const char *const names[] = { "b.test", "", "a.test.b.test", "sub.a.test", "10.0.0.1" };

START_TEST(another_name_ends_it)
{
	int host, fd = program_connected(connect_a, 0, &host);

	hello_make(names[_i]);
	say(fd, hello, nhello);
	ck_assert_uint_eq(hear(fd, 7), 7);
	ck_assert(!memcmp(heard, "\x15\x03\x03\x00\x02\x02\x70", 7));
	/* Its host has heard nothing but the end. */
	ck_assert_int_eq(recv(host, heard, 1, MSG_DONTWAIT), 0);
	close(host);
	close(fd);
}
END_TEST

START_TEST(what_is_no_tls_ends_it)
{
	int host, fd = program_connected(connect_a, 0, &host);

	say_text(fd, "GET / HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(hear(fd, 7), 7);
	ck_assert_int_eq(recv(host, heard, 1, MSG_DONTWAIT), 0);
	close(host);
	close(fd);
}
END_TEST

/* What its host says before it was asked is kept from who has not asked. */
START_TEST(the_host_speaks_second)
{
	int host, fd = program_connected(connect_a, 0, &host);

	say_text(host, "220 ready");
	is_silent(fd);
	hello_make("a.test");
	say(fd, hello, nhello);
	ck_assert_uint_eq(hear(fd, 9), 9);
	close(host);
	close(fd);
}
END_TEST

static const struct { uint32_t status; const char *told; } statuses[] = {
	{ LINE_REFUSED, "403 Forbidden" }, { LINE_NO_NAME, "502 Bad Gateway" }, { LINE_NO_ANSWER, "504 Gateway Timeout" },
	{ LINE_CLOSED, "takes no connection at this port" }, { LINE_UNREACHABLE, "cannot be reached" },
	{ LINE_TIMEOUT, "504 Gateway Timeout" }, { LINE_LIMIT, "503 Service Unavailable" }, { LINE_OK, "502 Bad Gateway" },
};

START_TEST(what_egress_says_is_said)
{
	int fd = program();

	say_text(fd, connect_a);
	ck_assert_uint_eq(asked(), 0);
	answer(statuses[_i].status, -1);
	told(fd, statuses[_i].told);
}
END_TEST

START_TEST(without_egress_there_is_no_connection)
{
	int one = program(), two = program();

	say_text(one, connect_a);
	say_text(two, connect_a);
	ck_assert_uint_eq(asked(), 0);
	shutdown(egress, SHUT_RDWR);
	told(one, "502 Bad Gateway");
	told(two, "502 Bad Gateway");
}
END_TEST

/* ---- how many ---- */

START_TEST(one_is_asked_for_at_a_time)
{
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = program();
		say_text(fd[i], connect_a);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(asked(), 0);
		is_silent(egress);
		answer(LINE_CLOSED, -1);
	}
	is_silent(egress);
	for (int i = 0; i < 3; i++)
		told(fd[i], "502 Bad Gateway");
}
END_TEST

START_TEST(who_is_one_too_many_waits)
{
	int fd[TUNNELS + 1];

	for (int i = 0; i <= TUNNELS; i++)
		fd[i] = program();
	say_text(fd[TUNNELS], "GET / HTTP/1.1\r\n\r\n");
	is_silent(fd[TUNNELS]);
	for (int i = 0; i < TUNNELS; i++)
		close(fd[i]);
	told(fd[TUNNELS], "403 Forbidden");
}
END_TEST

START_TEST(in_all_they_are_so_many)
{
	for (unsigned n = 1; n <= TUNNELS_MOST; n++) {
		close(program());
		for (int i = 0; i < TURNS && tunnels.taken < n; i++)
			turn_for(-1, PATIENCE_MS);
		ck_assert_uint_eq(tunnels.taken, n);
	}
	ck_assert_int_lt(tunnels.listener, 0);
}
END_TEST

START_TEST(who_goes_leaves_nothing)
{
	int host, fd = program();

	say_text(fd, connect_a);
	ck_assert_uint_eq(asked(), 0);
	close(fd);
	answer(LINE_CLOSED, -1);
	close(program_connected(connect_a, 0, &host));
	ck_assert_uint_eq(hear(host, 1), 0);
	for (unsigned i = 0; i < TUNNELS; i++) {
		for (int k = 0; k < TURNS && tunnels.tunnel[i].state != TUNNEL_FREE; k++)
			turn_for(-1, PATIENCE_MS);
		ck_assert_int_eq(tunnels.tunnel[i].state, TUNNEL_FREE);
	}
	close(host);
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	Suite *s = suite_create("tunnel");
	TCase *t = tcase_create("tunnels");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	tcase_add_test(t, bytes_pass_both_ways);
	tcase_add_test(t, all_of_it_may_come_at_once);
	tcase_add_test(t, an_address_takes_no_name);
	tcase_add_test(t, who_is_slow_is_waited_for);
	tcase_add_test(t, who_breaks_off_has_said_what_it_has_said);
	tcase_add_loop_test(t, a_request_is_passed_on_alone, 0, 2);
	tcase_add_test(t, a_request_needs_no_one_who_waits_for_it);
	tcase_add_test(t, a_long_request_has_room);
	tcase_add_loop_test(t, everything_else_is_told_why_not, 0, COUNT(refused));
	tcase_add_loop_test(t, another_name_ends_it, 0, COUNT(names));
	tcase_add_test(t, what_is_no_tls_ends_it);
	tcase_add_test(t, the_host_speaks_second);
	tcase_add_loop_test(t, what_egress_says_is_said, 0, COUNT(statuses));
	tcase_add_test(t, without_egress_there_is_no_connection);
	tcase_add_test(t, one_is_asked_for_at_a_time);
	tcase_add_test(t, who_is_one_too_many_waits);
	tcase_add_test(t, in_all_they_are_so_many);
	tcase_add_test(t, who_goes_leaves_nothing);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
