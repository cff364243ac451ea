/* What calls may connect to: addresses in a table, then lines of an egress process. */
#include "tests/unit/outside.h"

#include "capspec/canon.h"
#include "runtime/base/err.h"
#include "runtime/egress/address.h"
#include "runtime/egress/egress.h"
#include "runtime/egress/resolver.h"
#include "runtime/sandbox/process.h"
#include "capspec/rights.h"
#include "runtime/sandbox/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- addresses ---- */

static const struct {
	const char *address;
	bool special;
} addresses[] = {
	{ "8.8.8.8", false }, { "1.1.1.1", false }, { "172.15.255.255", false }, { "172.32.0.1", false },
	{ "100.63.255.255", false }, { "100.128.0.1", false }, { "223.255.255.255", false }, { "192.0.1.1", false },
	{ "11.0.0.1", false }, { "9.255.255.255", false }, { "126.255.255.255", false }, { "128.0.0.1", false },
	{ "0.0.0.0", true }, { "0.1.2.3", true }, { "10.0.0.1", true }, { "10.255.255.255", true },
	{ "100.64.0.1", true }, { "100.100.100.200", true }, { "100.127.255.255", true }, { "127.0.0.1", true },
	{ "127.255.255.254", true }, { "169.254.169.254", true }, { "169.254.0.1", true }, { "172.16.0.1", true },
	{ "172.31.255.255", true }, { "192.0.0.8", true }, { "192.0.2.1", true }, { "192.88.99.1", true },
	{ "192.168.0.1", true }, { "198.18.0.1", true }, { "198.19.255.255", true }, { "198.51.100.1", true },
	{ "203.0.113.9", true }, { "224.0.0.1", true }, { "239.255.255.250", true }, { "240.0.0.1", true },
	{ "255.255.255.255", true }, { "168.63.129.16", true }, { "168.63.129.17", false },
	{ "2001:4860:4860::8888", false }, { "2606:4700::1111", false }, { "2a00::1", false }, { "3ffe::1", false },
	{ "::", true }, { "::1", true }, { "::7f00:1", true }, { "::8.8.8.8", true }, { "::ffff:10.0.0.1", true },
	{ "::ffff:127.0.0.1", true }, { "::ffff:8.8.8.8", false }, { "::ffff:0:8.8.8.8", true },
	{ "fe80::1", true }, { "febf::1", true }, { "fec0::1", true }, { "fc00::1", true }, { "fd00:ec2::254", true },
	{ "ff02::1", true }, { "2001:db8::1", true }, { "3fff::1", true }, { "100::1", true }, { "5f00::1", true },
	{ "4000::1", true }, { "2001:2::1", true }, { "2001:20::1", true }, { "2001:1ff:ffff::1", true },
	/* In the registries, and reachable by everybody: name servers of AS112, relays of AMT. */
	{ "192.31.196.1", false }, { "192.52.193.1", false }, { "192.175.48.1", false }, { "2620:4f:8000::1", false },
	/* 6to4, NAT64, Teredo: by whom they lead to; of Teredo the client is written with its bits turned. */
	{ "2002:808:808::1", false }, { "2002:7f00:1::1", true }, { "2002:a00:1::1", true }, { "2002:a9fe:a9fe::", true },
	{ "64:ff9b::8.8.8.8", false }, { "64:ff9b::127.0.0.1", true }, { "64:ff9b::10.0.0.1", true },
	{ "64:ff9b::169.254.169.254", true }, { "64:ff9b:1::8.8.8.8", true }, { "64:ff9b:0:1::8.8.8.8", true },
	{ "2001:0:808:808::f7f7:f7f7", false }, { "2001:0:808:808::80ff:fffe", true }, { "2001:0:a00:1::f7f7:f7f7", true },
};
enum { ADDRESSES = sizeof addresses / sizeof *addresses };

static void address_read(const char *text, uint8_t out[static 16])
{
	const char *why;
	bool v4;

	ck_assert_msg(krux_canon_ip((struct krux_str){ text, strlen(text) }, out, &v4, &why), "%s: %s", text, why);
}

START_TEST(an_address_is_special_or_not)
{
	uint8_t a[16];

	address_read(addresses[_i].address, a);
	ck_assert_msg(!!address_special(a) == addresses[_i].special, "%s: %s", addresses[_i].address,
	              address_special(a) ? address_special(a) : "may be reached");
}
END_TEST

/* Blocks of IANA's registries of special addresses (RFC 6890 and what came after it), of multicast, of what is not
 * unicast yet; whether what comes right before and right after is special too. */
static const struct {
	const char *block;
	bool before, after;
} blocks[] = {
	{ "0.0.0.0/8", true, false }, { "10.0.0.0/8", false, false }, { "100.64.0.0/10", false, false },
	{ "127.0.0.0/8", false, false }, { "169.254.0.0/16", false, false }, { "172.16.0.0/12", false, false },
	{ "192.0.0.0/24", false, false }, { "192.0.2.0/24", false, false }, { "192.88.99.0/24", false, false },
	{ "192.168.0.0/16", false, false }, { "198.18.0.0/15", false, false }, { "198.51.100.0/24", false, false },
	{ "203.0.113.0/24", false, false }, { "224.0.0.0/4", false, true }, { "240.0.0.0/4", true, true },
	{ "168.63.129.16/32", false, false },
	{ "::/96", true, true }, { "64:ff9b:1::/48", true, true }, { "100::/64", true, true }, { "100:0:0:1::/64", true, true },
	{ "2001::/23", false, false }, { "2001:db8::/32", false, false }, { "3fff::/20", false, false },
	{ "4000::/2", false, true }, { "5f00::/16", true, true }, { "fc00::/7", true, true }, { "fe80::/10", true, true },
	{ "fec0::/10", true, true }, { "ff00::/8", true, true },
};
enum { BLOCKS = sizeof blocks / sizeof *blocks };

/* One more or one less, of 128 bits. */
static void address_step(uint8_t a[static 16], bool up)
{
	for (int i = 15; i >= 0; i--) {
		a[i] = (uint8_t)(a[i] + (up ? 1 : -1));
		if (a[i] != (up ? 0 : 255))
			return;
	}
}

START_TEST(a_block_is_special_from_its_first_to_its_last)
{
	const char *why, *block = blocks[_i].block;
	uint8_t first[16], last[16];
	char text[64];
	unsigned prefix;

	ck_assert(krux_canon_cidr((struct krux_str){ block, strlen(block) }, first, &prefix, text, sizeof text, &why));
	memcpy(last, first, sizeof last);
	for (unsigned i = prefix; i < 128; i++)
		last[i / 8] |= (uint8_t)(0x80 >> i % 8);
	ck_assert_ptr_nonnull(address_special(first));
	ck_assert_ptr_nonnull(address_special(last));
	address_step(first, false);
	address_step(last, true);
	ck_assert(!!address_special(first) == blocks[_i].before);
	ck_assert(!!address_special(last) == blocks[_i].after);
}
END_TEST

START_TEST(what_is_named_is_named)
{
	struct named named = { .n = 0 };
	struct krux_err err;
	uint8_t a[16];

	ck_assert(!named_add(&named, "10.1.0.0/16", &err) && !named_add(&named, "fd00::/8", &err));
	ck_assert_int_eq(named_add(&named, "10.0.0.1/8", &err), -1);
	ck_assert_str_eq(err.text, "10.0.0.1/8: the bits after the prefix must be zero");
	ck_assert_int_eq(named_add(&named, "private", &err), -1);
	address_read("10.1.2.3", a);
	ck_assert(address_is_named(&named, a));
	address_read("10.2.0.0", a);
	ck_assert(!address_is_named(&named, a));
	address_read("fd12::1", a);
	ck_assert(address_is_named(&named, a));
	/* What leads there through something else is not. */
	address_read("64:ff9b::10.1.2.3", a);
	ck_assert(!address_is_named(&named, a) && address_special(a));
	while (named.n < NAMED_MOST)
		ck_assert(!named_add(&named, "10.1.0.0/16", &err));
	ck_assert_int_eq(named_add(&named, "10.1.0.0/16", &err), -1);
}
END_TEST

/* ---- lines ---- */

static struct line_reply reply;

static uint32_t ask_for(int line, uint32_t kind, uint32_t target, uint32_t ms, int *fd)
{
	const struct line_ask ask = { .kind = kind, .target = target, .timeout_ms = ms };

	*fd = outside_ask(line, &ask, &reply);
	return reply.status;
}

static void setup(void)
{
	outside_start("127.0.0.0/8");
}

static void setup_unnamed(void)
{
	outside_start(NULL);
}

static void all_read(int fd, char *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = read(fd, to + at, n - at);

		ck_assert_int_gt(k, 0);
		at += (size_t)k;
	}
}

START_TEST(bytes_go_both_ways_and_are_counted)
{
	struct message_target t;
	struct message_lined used;
	uint16_t port;
	int listener = outside_listen(&port), line, fd, host, other;
	char text[8];

	t = outside_target("here.test", port);
	line = outside_line(7, &t, 1);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd), LINE_OK);
	ck_assert_int_ge(fd, 0);
	host = accept(listener, NULL, NULL);
	ck_assert_int_eq(write(fd, "hello", 5), 5);
	all_read(host, text, 5);
	ck_assert(!memcmp(text, "hello", 5));
	ck_assert_int_eq(write(host, "yes", 3), 3);
	all_read(fd, text, 3);
	/* The end of one way leaves the other. */
	ck_assert(!shutdown(fd, SHUT_WR));
	ck_assert_int_eq(read(host, text, 1), 0);
	ck_assert_int_eq(write(host, "late", 4), 4);
	all_read(fd, text, 4);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &other), LINE_OK);
	close(line);
	outside_over(7, &used, 1);
	ck_assert_uint_eq(used.connections, 2);
	ck_assert_uint_eq(used.sent, 5);
	ck_assert_uint_eq(used.received, 7);
	ck_assert_uint_eq(used.refused, 0);
	/* With the line everything ends. */
	ck_assert_int_eq(read(fd, text, 1), 0);
	ck_assert_int_eq(read(other, text, 1), 0);
	close(fd);
	close(other);
	close(host);
	close(listener);
}
END_TEST

/* More than all buffers on the way hold, to a reader who starts late. */
START_TEST(a_slow_reader_holds_up_the_writer)
{
	enum { MANY = 8 << 20 };
	struct message_target t;
	struct message_lined used;
	uint16_t port;
	int listener = outside_listen(&port), line, fd, host, status;
	char *bytes = calloc(1, MANY);
	size_t sent = 0;
	ssize_t k;
	pid_t pid;

	t = outside_target("127.0.0.1", port);
	line = outside_line(1, &t, 1);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd), LINE_OK);
	host = accept(listener, NULL, NULL);
	ck_assert(!fcntl(fd, F_SETFL, O_NONBLOCK));
	for (int quiet = 0; quiet < 20 && sent < MANY;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		k = write(fd, bytes + sent, MANY - sent);
		sent += k > 0 ? (size_t)k : 0;
		quiet = poll(&p, 1, 50) ? 0 : quiet + 1;
	}
	ck_assert_uint_lt(sent, MANY);
	pid = fork();
	if (!pid) {
		ck_assert(!fcntl(fd, F_SETFL, 0));
		while (sent < MANY && (k = write(fd, bytes + sent, MANY - sent)) > 0)
			sent += (size_t)k;
		_exit(sent < MANY || shutdown(fd, SHUT_WR));
	}
	all_read(host, bytes, MANY);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.sent, MANY);
	free(bytes);
	close(fd);
	close(host);
	close(listener);
}
END_TEST

static const struct {
	const char *host;
	uint32_t lookup, connect;      /* with nothing named */
	uint32_t refused;
} hosts[] = {
	{ "here.test", LINE_REFUSED, LINE_REFUSED, 1 },
	{ "inside.test", LINE_REFUSED, LINE_REFUSED, 1 },
	{ "mixed.test", LINE_REFUSED, LINE_REFUSED, 2 },
	{ "none.test", LINE_NO_NAME, LINE_NO_NAME, 0 },
	{ "other.test", LINE_NO_ANSWER, LINE_NO_ANSWER, 0 },
	{ "127.0.0.1", LINE_REFUSED, LINE_REFUSED, 1 },
	{ "::1", LINE_REFUSED, LINE_REFUSED, 1 },
	{ "169.254.169.254", LINE_REFUSED, LINE_REFUSED, 1 },
	{ "64:ff9b::7f00:1", LINE_REFUSED, LINE_REFUSED, 1 },
};
enum { HOSTS = sizeof hosts / sizeof *hosts };

START_TEST(what_is_special_is_not_reached)
{
	uint16_t port;
	int listener = outside_listen(&port), fd, line;
	struct message_target t = outside_target(hosts[_i].host, port);
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct message_lined used;

	line = outside_line(1, &t, 1);
	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 0, 0, &fd), hosts[_i].lookup);
	ck_assert_uint_eq(reply.n, 0);
	ck_assert_uint_eq(reply.refused, hosts[_i].refused);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd), hosts[_i].connect);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.connections, 0);
	ck_assert_uint_eq(used.refused, hosts[_i].refused);
	close(listener);
}
END_TEST

/* A name that leads elsewhere from its second answer on: it is asked for once a call, and each answer is checked. */
START_TEST(a_name_that_turns_stays_where_it_was)
{
	uint16_t port;
	int listener = outside_listen(&port), fd[2], line;
	struct message_target t = outside_target("turns.test", port);
	struct message_lined used;

	line = outside_line(1, &t, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd[i]), LINE_OK);
		ck_assert_uint_eq(reply.address[0][12], 127);
	}
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.connections, 2);
	line = outside_line(2, &t, 1);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd[1]), LINE_REFUSED);
	close(line);
	outside_over(2, &used, 1);
	ck_assert_uint_eq(used.connections, 0);
	close(listener);
}
END_TEST

START_TEST(of_several_addresses_those_that_may_be_reached_are)
{
	struct message_target t = outside_target("mixed.test", 443);
	struct message_lined used;
	int fd, line = outside_line(1, &t, 1);

	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 0, 0, &fd), LINE_OK);
	ck_assert_uint_eq(reply.n, 1);
	ck_assert_uint_eq(reply.refused, 1);
	ck_assert_uint_eq(reply.address[0][12], 127);
	close(line);
	outside_over(1, &used, 1);
}
END_TEST

START_TEST(a_port_that_nobody_has_is_closed)
{
	uint16_t port;
	int listener = outside_listen(&port), fd, line;
	struct message_target t = outside_target("here.test", port);
	struct message_lined used;

	close(listener);
	line = outside_line(1, &t, 1);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd), LINE_CLOSED);
	ck_assert_int_eq(fd, -1);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.connections, 0);
}
END_TEST

START_TEST(a_name_server_that_says_nothing_is_waited_for_no_longer_than_asked)
{
	struct message_target t = outside_target("silent.test", 443);
	struct message_lined used;
	int fd, line = outside_line(1, &t, 1);

	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 0, 50, &fd), LINE_NO_ANSWER);
	/* And a call that ends while it is asked for leaves nothing. */
	ck_assert_int_eq(write(line, &(struct line_ask){ .kind = LINE_LOOKUP }, sizeof(struct line_ask)),
	                 sizeof(struct line_ask));
	close(line);
	outside_over(1, &used, 1);
}
END_TEST

/* Each name keeps its place until its process is gone, also when nobody waits for it any more: there are never more of
 * those. */
START_TEST(so_many_names_are_looked_up_and_no_more)
{
	struct message_target t[3] = { outside_target("late.test", 1), outside_target("here.test", 1),
		                       outside_target("silent.test", 1) };
	struct message_lined used[3];
	int fd, line = outside_line(1, t, 3);

	for (int i = 0; i < RESOLVER_MOST - 1; i++)
		ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 0, 1, &fd), LINE_NO_ANSWER);
	/* The last place. With this answer those that are late have theirs. */
	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 1, 0, &fd), LINE_OK);
	for (int i = 0; i < RESOLVER_MOST; i++)
		ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 2, 1, &fd), LINE_NO_ANSWER);
	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 2, 1, &fd), LINE_LIMIT);
	close(line);
	outside_over(1, used, 3);
	/* Nor does a call's end give a place back; who asks for no name needs none. */
	t[0] = outside_target("127.0.0.1", 1);
	line = outside_line(2, t, 3);
	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 2, 0, &fd), LINE_LIMIT);
	ck_assert_uint_eq(ask_for(line, LINE_LOOKUP, 0, 0, &fd), LINE_OK);
	close(line);
	outside_over(2, used, 3);
}
END_TEST

START_TEST(a_call_has_so_many_connections_and_no_more)
{
	uint16_t port;
	int listener = outside_listen(&port), fd[LINE_STREAMS + 1], line;
	struct message_target t = outside_target("here.test", port);
	struct message_lined used;
	unsigned made = LINE_STREAMS;

	line = outside_line(1, &t, 1);
	for (int i = 0; i < LINE_STREAMS; i++)
		ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd[i]), LINE_OK);
	ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd[LINE_STREAMS]), LINE_LIMIT);
	for (int i = 0; i < LINE_STREAMS; i++) {
		close(fd[i]);
		close(accept(listener, NULL, NULL));
	}
	/* Of those that follow each is closed before the next; when that is noticed is egress's matter. */
	for (int i = 0; i < 100000 && made < LINE_CONNECTIONS; i++) {
		if (ask_for(line, LINE_CONNECT, 0, 0, &fd[0]) != LINE_OK)
			continue;
		made++;
		close(fd[0]);
		close(accept(listener, NULL, NULL));
	}
	ck_assert_uint_eq(made, LINE_CONNECTIONS);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(ask_for(line, LINE_CONNECT, 0, 0, &fd[0]), LINE_LIMIT);
	close(line);
	outside_over(1, &used, 1);
	ck_assert_uint_eq(used.connections, LINE_CONNECTIONS);
	close(listener);
}
END_TEST

START_TEST(so_many_calls_have_a_line_and_no_more)
{
	const struct message_target t[LINE_TARGETS] = { outside_target("127.0.0.1", 1), outside_target("127.0.0.1", 2),
		                                        outside_target("127.0.0.1", 3), outside_target("127.0.0.1", 4) };
	struct message_lined used[LINE_TARGETS];
	int line[EGRESS_LINES], over, fd;
	char byte;

	/* One after the other, so that none waits in the socket. */
	for (int i = 0; i < EGRESS_LINES; i++) {
		line[i] = outside_line((uint64_t)i, t, 1);
		ck_assert_uint_eq(ask_for(line[i], LINE_LOOKUP, 0, 0, &fd), LINE_OK);
	}
	over = outside_line(EGRESS_LINES, t, LINE_TARGETS);
	outside_over(EGRESS_LINES, used, LINE_TARGETS);
	for (int i = 0; i < LINE_TARGETS; i++)
		ck_assert(!used[i].connections && !used[i].refused && !used[i].sent && !used[i].received);
	ck_assert_int_eq(read(over, &byte, 1), 0);
	close(over);
	/* Where one ends there is room for another. */
	close(line[0]);
	outside_over(0, used, 1);
	line[0] = outside_line(0, t, 1);
	for (int i = 0; i < EGRESS_LINES; i++) {
		ck_assert_uint_eq(ask_for(line[i], LINE_LOOKUP, 0, 0, &fd), LINE_OK);
		close(line[i]);
		outside_over((uint64_t)i, used, 1);
	}
}
END_TEST

/* What is no ask ends the line; other lines go on. */
static const struct {
	const char *what;
	struct line_ask ask;
	size_t n;
} wrong[] = {
	{ "another target", { .kind = LINE_LOOKUP, .target = 2 }, sizeof(struct line_ask) },
	{ "a target far away", { .kind = LINE_CONNECT, .target = UINT32_MAX }, sizeof(struct line_ask) },
	{ "another kind", { .kind = 3 }, sizeof(struct line_ask) },
	{ "no kind", { .kind = 0 }, sizeof(struct line_ask) },
	{ "too short", { .kind = LINE_LOOKUP }, sizeof(struct line_ask) - 1 },
	{ "nothing but a kind", { .kind = LINE_LOOKUP }, 4 },
};
enum { WRONG = sizeof wrong / sizeof *wrong };

START_TEST(what_is_no_ask_ends_the_line)
{
	struct message_target t[2] = { outside_target("127.0.0.1", 1), outside_target("127.0.0.1", 2) };
	struct message_lined used[2];
	int other = outside_line(2, t, 2), line = outside_line(1, t, 2), fd;
	char byte;

	ck_assert_int_eq(write(line, &wrong[_i].ask, wrong[_i].n), (ssize_t)wrong[_i].n);
	outside_over(1, used, 2);
	ck_assert_int_eq(read(line, &byte, 1), 0);
	close(line);
	ck_assert_uint_eq(ask_for(other, LINE_LOOKUP, 1, 0, &fd), LINE_OK);
	close(other);
	outside_over(2, used, 2);
}
END_TEST

/* Descriptors that a child sends are none of egress's. */
START_TEST(descriptors_do_not_arrive)
{
	struct line_ask ask = { .kind = LINE_LOOKUP };
	struct message_target t = outside_target("127.0.0.1", 1);
	const struct cmsghdr head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec v = { &ask, sizeof ask };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	struct message_lined used;
	int line = outside_line(1, &t, 1), pipes[2];
	char byte;

	ck_assert(!pipe(pipes));
	memcpy(room, &head, sizeof head);
	memcpy(room + CMSG_LEN(0), &pipes[1], sizeof(int));
	ck_assert_int_eq(sendmsg(line, &m, 0), sizeof ask);
	close(pipes[1]);
	/* The last writer is gone. */
	ck_assert_int_eq(read(pipes[0], &byte, 1), 0);
	close(line);
	outside_over(1, &used, 1);
	close(pipes[0]);
}
END_TEST

START_TEST(a_second_ask_before_the_reply_ends_the_line)
{
	struct line_ask ask = { .kind = LINE_LOOKUP };
	struct message_target t = outside_target("silent.test", 1);
	struct message_lined used;
	int line = outside_line(1, &t, 1);

	ck_assert_int_eq(write(line, &ask, sizeof ask), sizeof ask);
	ck_assert_int_eq(write(line, &ask, sizeof ask), sizeof ask);
	outside_over(1, &used, 1);
	close(line);
}
END_TEST

/* ---- the resolver, under its own filter ---- */

static int resolver_confine(void *ctx)
{
	struct landlock_grant grant = { open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC), RIGHT_READ_FILES };
	struct krux_err err;

	(void)ctx;
	return process_begin(PROCESS_RESOLVER, 60863, 60863, &err) || process_confine(PROCESS_RESOLVER, &grant, 1, &err);
}

START_TEST(the_machines_own_resolver_is_asked)
{
	struct pollfd p = { .events = POLLIN };
	struct resolved r = { .status = LINE_STATUSES };
	struct krux_err err;
	int pair[2], status;
	pid_t pid;

	ck_assert(!channel_pair(pair, &err));
	pid = fork();
	if (!pid) {
		close(pair[0]);
		resolver_run(pair[1], resolver_confine, NULL);
	}
	close(pair[1]);
	ck_assert(!resolver_ask(pair[0], "localhost", &p.fd, &err));
	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	ck_assert_int_eq(read(p.fd, &r, sizeof r), sizeof r);
	ck_assert_uint_eq(r.status, LINE_OK);
	ck_assert_uint_ge(r.n, 1);
	ck_assert(r.address[0][12] == 127 || r.address[0][15] == 1);
	close(p.fd);
	close(pair[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("egress");
	TCase *c = tcase_create("addresses"), *l = tcase_create("lines"), *u = tcase_create("unnamed");
	SRunner *r;
	int failed;

	tcase_add_loop_test(c, an_address_is_special_or_not, 0, ADDRESSES);
	tcase_add_loop_test(c, a_block_is_special_from_its_first_to_its_last, 0, BLOCKS);
	tcase_add_test(c, what_is_named_is_named);
	tcase_add_test(c, the_machines_own_resolver_is_asked);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(l, setup, outside_stop);
	tcase_set_timeout(l, 60);
	tcase_add_test(l, bytes_go_both_ways_and_are_counted);
	tcase_add_test(l, a_slow_reader_holds_up_the_writer);
	tcase_add_test(l, a_name_that_turns_stays_where_it_was);
	tcase_add_test(l, of_several_addresses_those_that_may_be_reached_are);
	tcase_add_test(l, a_port_that_nobody_has_is_closed);
	tcase_add_test(l, a_name_server_that_says_nothing_is_waited_for_no_longer_than_asked);
	tcase_add_test(l, so_many_names_are_looked_up_and_no_more);
	tcase_add_test(l, a_call_has_so_many_connections_and_no_more);
	tcase_add_test(l, so_many_calls_have_a_line_and_no_more);
	tcase_add_loop_test(l, what_is_no_ask_ends_the_line, 0, WRONG);
	tcase_add_test(l, descriptors_do_not_arrive);
	tcase_add_test(l, a_second_ask_before_the_reply_ends_the_line);
	suite_add_tcase(s, l);
	tcase_add_checked_fixture(u, setup_unnamed, outside_stop);
	tcase_add_loop_test(u, what_is_special_is_not_reached, 0, HOSTS);
	suite_add_tcase(s, u);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
