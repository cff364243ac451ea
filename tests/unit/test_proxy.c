/* The operator's proxy: what it is called, what it is asked, what it answers, and connections by way of one that answers well
 * or badly. */
#include "tests/unit/outside.h"

#include "runtime/base/err.h"
#include "runtime/egress/proxy.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

/* ---- what it is called ---- */

static const struct { const char *url, *host; unsigned port; const char *why; } urls[] = {
	{ "http://proxy.test:3128", "proxy.test", 3128, NULL },
	{ "http://Proxy.Test.:3128/", "proxy.test", 3128, NULL },
	{ "http://10.0.0.1:1", "10.0.0.1", 1, NULL },
	{ "http://[FD00::1]:65535", "fd00::1", 65535, NULL },
	{ "http://proxy.test", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:0", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:65536", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:3128x", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:3128//", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://proxy.test:3128/a", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://:3128", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://fd00::1:3128", "", 0, "a proxy is written http://HOST:PORT" },
	{ "https://proxy.test:3128", "", 0, "a proxy is written http://HOST:PORT" },
	{ "socks5://proxy.test:3128", "", 0, "a proxy is written http://HOST:PORT" },
	{ "proxy.test:3128", "", 0, "a proxy is written http://HOST:PORT" },
	{ "", "", 0, "a proxy is written http://HOST:PORT" },
	{ "http://me:secret@proxy.test:3128", "", 0, "a proxy that asks for a name and a password is not spoken to" },
};

START_TEST(a_proxy_is_a_host_and_a_port)
{
	struct krux_err err = { 0 };
	struct proxy p;

	ck_assert_int_eq(proxy_read(&p, urls[_i].url, &err), urls[_i].why ? -1 : 0);
	ck_assert_str_eq(p.host, urls[_i].host);
	ck_assert_str_eq(err.text, urls[_i].why ? urls[_i].why : "");
	if (!urls[_i].why)
		ck_assert_uint_eq(p.port, urls[_i].port);
}
END_TEST

START_TEST(it_is_asked_for_a_name_or_an_address)
{
	static const uint8_t v4[16] = { [10] = 0xFF, [11] = 0xFF, 9, 9, 9, 9 }, v6[16] = { 0x20, 1, [15] = 2 };
	struct message_target t = outside_target("a.test", 443);
	char text[PROXY_ASK];

	ck_assert_uint_eq(proxy_ask(&t, NULL, text), strlen(text));
	ck_assert_str_eq(text, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
	proxy_ask(&t, v4, text);
	ck_assert_str_eq(text, "CONNECT 9.9.9.9:443 HTTP/1.1\r\nHost: 9.9.9.9:443\r\n\r\n");
	proxy_ask(&t, v6, text);
	ck_assert_str_eq(text, "CONNECT [2001::2]:443 HTTP/1.1\r\nHost: [2001::2]:443\r\n\r\n");
	memset(t.host, 'a', sizeof t.host - 1);
	ck_assert_uint_eq(proxy_ask(&t, NULL, text), strlen(text));
	ck_assert_uint_eq(strlen(text), 2 * (sizeof t.host - 1) + strlen("CONNECT :443 HTTP/1.1\r\nHost: :443\r\n\r\n"));
}
END_TEST

/* ---- what it answers ---- */

static const struct { const char *text; enum proxy_said said; unsigned status; size_t rest; } answers[] = {
	{ "HTTP/1.1 200 Connection established\r\n\r\n", PROXY_WHOLE, 200, 0 },
	{ "HTTP/1.0 200\r\n\r\n", PROXY_WHOLE, 200, 0 },
	{ "HTTP/1.1 200 \r\nVia: 1.1 a\r\nx:\t\r\n\r\n220 ready\r\n\r\n", PROXY_WHOLE, 200, 13 },
	{ "HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", PROXY_WHOLE, 407, 0 },
	{ "HTTP/1.1 301 Elsewhere\r\nLocation: http://b.test/\r\n\r\n", PROXY_WHOLE, 301, 0 },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", PROXY_WHOLE, 100, 19 },
	{ "", PROXY_MORE, 0, 0 },
	{ "HTTP/1.1 200 OK\r\n", PROXY_MORE, 0, 0 },
	{ "HTTP/1.1 200 OK\r\nVia: a\r\n\r", PROXY_MORE, 0, 0 },
	{ "garbage", PROXY_MORE, 0, 0 },
	{ "\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/2.0 200 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.2 200 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "http/1.1 200 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ " HTTP/1.1 200 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1  200 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 20 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 2000 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 099 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 600 OK\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\nVia: a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\rVia: a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\r\n\nVia: a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\r\nVia a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\r\nVia: a\r\n more\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\r\n: a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 OK\r\nVia : a\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "\x16\x03\x03", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 O\x01K\r\n\r\n", PROXY_NOTHING, 0, 0 },
	{ "HTTP/1.1 200 O\x7fK\r\n\r\n", PROXY_NOTHING, 0, 0 },
};

/* At once, and byte by byte. */
START_TEST(its_answer_is_one_or_not)
{
	const char *text = answers[_i].text;
	const size_t n = strlen(text);
	struct proxy_answer once = { .n = 0 }, more = { .n = 0 };
	enum proxy_said said = PROXY_MORE;

	ck_assert_int_eq(proxy_answer((struct krux_str){ text, n }, &once), answers[_i].said);
	for (size_t i = 1; i <= n && said == PROXY_MORE; i++)
		said = proxy_answer((struct krux_str){ text, i }, &more);
	ck_assert_int_eq(said, answers[_i].said);
	if (said != PROXY_WHOLE)
		return;
	ck_assert_uint_eq(once.status, answers[_i].status);
	ck_assert_uint_eq(more.status, answers[_i].status);
	ck_assert_uint_eq(once.n, n - answers[_i].rest);
	ck_assert_uint_eq(more.n, once.n);
}
END_TEST

START_TEST(its_answer_has_an_end)
{
	static char text[2 * PROXY_HEAD];
	static const char end[] = "\r\n\r\n";
	struct proxy_answer a = { .n = 0 };
	size_t n = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nx: ");

	memset(text + n, 'x', sizeof text - n);
	ck_assert_int_eq(proxy_answer((struct krux_str){ text, PROXY_HEAD - 1 }, &a), PROXY_MORE);
	ck_assert_int_eq(proxy_answer((struct krux_str){ text, PROXY_HEAD }, &a), PROXY_NOTHING);
	a = (struct proxy_answer){ .n = 0 };
	ck_assert_int_eq(proxy_answer((struct krux_str){ text, sizeof text }, &a), PROXY_NOTHING);
	a = (struct proxy_answer){ .n = 0 };
	memcpy(text + PROXY_HEAD - sizeof end + 1, end, sizeof end - 1);
	ck_assert_int_eq(proxy_answer((struct krux_str){ text, sizeof text }, &a), PROXY_WHOLE);
	ck_assert_uint_eq(a.n, PROXY_HEAD);
}
END_TEST

/* ---- connections by way of it ---- */

static int listener, line;
static bool away;
static struct message_lined used;
static char heard[4096];

static void begin(const char *host, uint16_t target_port, bool names, const char *named)
{
	struct message_target t = outside_target(host, target_port);
	uint16_t port;

	listener = outside_listen(&port);
	/* None of egress either. */
	if (away)
		close(listener);
	snprintf(outside_proxy.host, sizeof outside_proxy.host, "127.0.0.1");
	outside_proxy.port = port;
	outside_proxy.names = names;
	outside_start(named);
	line = outside_line(1, &t, 1);
}

static void end(void)
{
	close(line);
	outside_over(1, &used, 1);
	close(listener);
	outside_stop();
	outside_proxy = (struct proxy){ .port = 0 };
}

static void ask(void)
{
	const struct line_ask a = { .kind = LINE_CONNECT, .timeout_ms = 20000 };

	ck_assert_int_eq(write(line, &a, sizeof a), sizeof a);
}

/* What it was asked; its end of that connection. */
static int proxy_asked(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	size_t n = 0;
	int fd;

	ck_assert_int_eq(poll(&p, 1, 60000), 1);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	do {
		ssize_t k = read(fd, heard + n, sizeof heard - 1 - n);

		ck_assert_int_gt(k, 0);
		n += (size_t)k;
		heard[n] = 0;
	} while (!strstr(heard, "\r\n\r\n"));
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hear(int fd, const char *text)
{
	for (size_t n = 0; n < strlen(text);) {
		ssize_t k = read(fd, heard + n, strlen(text) - n);

		ck_assert_int_gt(k, 0);
		n += (size_t)k;
		heard[n] = 0;
	}
	ck_assert_str_eq(heard, text);
}

/* 0: in one piece with what follows; 1: byte by byte. */
START_TEST(bytes_pass_by_way_of_it)
{
	static const char yes[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n220 ready";
	struct line_reply r;
	int fd, host;

	begin("here.test", 4430, false, "127.0.0.0/8");
	ask();
	host = proxy_asked();
	ck_assert_str_eq(heard, "CONNECT 127.0.0.1:4430 HTTP/1.1\r\nHost: 127.0.0.1:4430\r\n\r\n");
	for (size_t i = 0; i < sizeof yes - 1; i += _i ? 1 : sizeof yes - 1) {
		ck_assert_int_gt(send(host, yes + i, _i ? 1 : sizeof yes - 1, MSG_NOSIGNAL), 0);
		poll(NULL, 0, _i ? 1 : 0);
	}
	fd = outside_heard(line, &r);
	ck_assert_uint_eq(r.status, LINE_OK);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.address[0][12], 127);
	hear(fd, "220 ready");
	say(fd, "hello");
	hear(host, "hello");
	close(host);
	ck_assert_int_eq(read(fd, heard, 1), 0);
	close(fd);
	end();
	ck_assert_uint_eq(used.connections, 1);
	ck_assert_uint_eq(used.sent, 5);
	ck_assert_uint_eq(used.received, 9);
	ck_assert_uint_eq(used.proxied, 1);
}
END_TEST

static const struct { const char *says; uint32_t status; } bad[] = {
	{ "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", LINE_PROXY_REFUSED },
	{ "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", LINE_PROXY_REFUSED },
	{ "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n", LINE_PROXY_REFUSED },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", LINE_PROXY_REFUSED },
	{ "HTTP/1.1 500 Broken\r\n\r\n", LINE_PROXY_REFUSED },
	{ "HTTP/1.1 502 Bad Gateway\r\n\r\n", LINE_UNREACHABLE },
	{ "HTTP/1.1 503 Service Unavailable\r\n\r\n", LINE_UNREACHABLE },
	{ "HTTP/1.1 504 Gateway Timeout\r\n\r\n", LINE_TIMEOUT },
	{ "220 ready\r\n\r\n", LINE_PROXY_GONE },
	{ "HTTP/1.1 200 OK\n\n", LINE_PROXY_GONE },
	{ "\x15\x03\x03", LINE_PROXY_GONE },
	{ "", LINE_PROXY_GONE },
};

/* It closes then. */
START_TEST(other_answers_are_no_connection)
{
	struct line_reply r;
	int host;

	begin("here.test", 443, false, "127.0.0.0/8");
	ask();
	host = proxy_asked();
	say(host, bad[_i].says);
	shutdown(host, SHUT_WR);
	ck_assert_int_eq(outside_heard(line, &r), -1);
	ck_assert_uint_eq(r.status, bad[_i].status);
	close(host);
	end();
	ck_assert_uint_eq(used.connections, 0);
	ck_assert_uint_eq(used.received, 0);
	ck_assert_uint_eq(used.proxied, 1);
}
END_TEST

/* Nor one that has no end. */
START_TEST(an_endless_head_is_no_answer)
{
	struct line_reply r;
	int host;

	begin("here.test", 443, false, "127.0.0.0/8");
	ask();
	host = proxy_asked();
	say(host, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 2 * PROXY_HEAD && send(host, "x: y\r\n", 6, MSG_NOSIGNAL) > 0; i++)
		;
	ck_assert_int_eq(outside_heard(line, &r), -1);
	ck_assert_uint_eq(r.status, LINE_PROXY_GONE);
	close(host);
	end();
}
END_TEST

START_TEST(a_silent_one_is_waited_for_as_long_as_asked)
{
	const struct line_ask a = { .kind = LINE_CONNECT, .timeout_ms = 100 };
	struct line_reply r;
	int host;

	begin("here.test", 443, false, "127.0.0.0/8");
	ck_assert_int_eq(write(line, &a, sizeof a), sizeof a);
	host = proxy_asked();
	ck_assert_int_eq(outside_heard(line, &r), -1);
	ck_assert_uint_eq(r.status, LINE_TIMEOUT);
	close(host);
	end();
}
END_TEST

START_TEST(one_that_is_not_there_is_said)
{
	const struct line_ask a = { .kind = LINE_CONNECT };
	struct line_reply r;

	away = true;
	begin("here.test", 443, false, "127.0.0.0/8");
	ck_assert_int_eq(outside_ask(line, &a, &r), -1);
	ck_assert_uint_eq(r.status, LINE_PROXY_GONE);
	listener = -1;
	end();
	ck_assert_uint_eq(used.proxied, 0);
}
END_TEST

static const struct { const char *host; bool names; uint32_t status; } not_asked[] = {
	{ "10.0.0.1", false, LINE_REFUSED }, { "127.0.0.1", false, LINE_REFUSED }, { "inside.test", false, LINE_REFUSED },
	{ "here.test", false, LINE_REFUSED }, { "none.test", false, LINE_NO_NAME }, { "10.0.0.1", true, LINE_REFUSED },
	{ "::1", true, LINE_REFUSED }, { "169.254.169.254", true, LINE_REFUSED }, { "localhost", true, LINE_NO_ANSWER },
	{ "a.localhost", true, LINE_NO_ANSWER },
};

/* Its own address may be one that calls may not reach; theirs may not. */
START_TEST(it_is_not_asked_for_what_may_not_be_reached)
{
	const struct line_ask a = { .kind = LINE_CONNECT };
	struct pollfd p;
	struct line_reply r;

	begin(not_asked[_i].host, 443, not_asked[_i].names, NULL);
	ck_assert_int_eq(outside_ask(line, &a, &r), -1);
	ck_assert_uint_eq(r.status, not_asked[_i].status);
	p = (struct pollfd){ .fd = listener, .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	end();
	ck_assert_uint_eq(used.proxied, 0);
}
END_TEST

/* What the name leads to is the proxy's to know: here it leads to nobody. */
START_TEST(it_is_told_names_where_the_operator_wants_it)
{
	const struct line_ask lookup = { .kind = LINE_LOOKUP };
	struct line_reply r;
	int fd, host;

	begin("none.test", 443, true, NULL);
	ck_assert_int_eq(outside_ask(line, &lookup, &r), -1);
	ck_assert_uint_eq(r.status, LINE_NO_NAME);
	for (int i = 0; i < 2; i++) {
		ask();
		host = proxy_asked();
		ck_assert_str_eq(heard, "CONNECT none.test:443 HTTP/1.1\r\nHost: none.test:443\r\n\r\n");
		say(host, "HTTP/1.1 200 OK\r\n\r\n");
		fd = outside_heard(line, &r);
		ck_assert_uint_eq(r.status, LINE_OK);
		ck_assert_uint_eq(r.n, 0);
		close(fd);
		close(host);
	}
	end();
	ck_assert_uint_eq(used.connections, 2);
}
END_TEST

/* mixed.test has two addresses, of which one may be reached; two.test two. */
START_TEST(it_is_asked_for_each_address)
{
	static const char *const addresses[] = { "CONNECT 127.0.0.1:443 ", "CONNECT 127.0.0.2:443 " };
	struct line_reply r;
	int fd, host;

	begin("two.test", 443, false, "127.0.0.0/8");
	ask();
	for (int i = 0; i < 2; i++) {
		host = proxy_asked();
		ck_assert_msg(!strncmp(heard, addresses[i], strlen(addresses[i])), "%s", heard);
		say(host, i ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 502 Bad Gateway\r\n\r\n");
		if (!i)
			close(host);
	}
	fd = outside_heard(line, &r);
	ck_assert_uint_eq(r.status, LINE_OK);
	ck_assert_uint_eq(r.address[0][15], 2);
	close(fd);
	close(host);
	end();
	ck_assert_uint_eq(used.connections, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("proxy");
	TCase *t = tcase_create("answers"), *c = tcase_create("connections");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_proxy_is_a_host_and_a_port, 0, COUNT(urls));
	tcase_add_test(t, it_is_asked_for_a_name_or_an_address);
	tcase_add_loop_test(t, its_answer_is_one_or_not, 0, COUNT(answers));
	tcase_add_test(t, its_answer_has_an_end);
	suite_add_tcase(s, t);
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, bytes_pass_by_way_of_it, 0, 2);
	tcase_add_loop_test(c, other_answers_are_no_connection, 0, COUNT(bad));
	tcase_add_test(c, an_endless_head_is_no_answer);
	tcase_add_test(c, a_silent_one_is_waited_for_as_long_as_asked);
	tcase_add_test(c, one_that_is_not_there_is_said);
	tcase_add_loop_test(c, it_is_not_asked_for_what_may_not_be_reached, 0, COUNT(not_asked));
	tcase_add_test(c, it_is_told_names_where_the_operator_wants_it);
	tcase_add_test(c, it_is_asked_for_each_address);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
