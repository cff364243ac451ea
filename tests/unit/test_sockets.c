/* What sockets of calls may be used for: each row is run in an interpreter over the instructions that the kernel gets, and,
 * as root, by a process in a group that has them. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/relay.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/sockets.h"
#include "runtime/sandbox/sockets_network.h"
#include "tests/unit/ebpf.h"

enum act { CREATE, CONNECT, SEND, FAST, BIND };
enum { TCP = IPPROTO_TCP, UDP = IPPROTO_UDP, SCTP = IPPROTO_SCTP, MPTCP = 262, UDPLITE = IPPROTO_UDPLITE };

static const struct row {
	enum act act;
	bool passes;
	int type, protocol;
	const char *address;           /* the family is its own */
	int port;                      /* 0: the relay's */
} rows[] = {
	{ CREATE,  true,  SOCK_STREAM, TCP, "0.0.0.0", 0 },
	{ CREATE,  true,  SOCK_STREAM, TCP, "::", 0 },
	{ CREATE,  true,  SOCK_DGRAM, UDP, "0.0.0.0", 0 },
	{ CREATE,  true,  SOCK_DGRAM, UDP, "::", 0 },
	{ CREATE,  false, SOCK_RAW, IPPROTO_ICMP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_RAW, IPPROTO_ICMPV6, "::", 0 },
	{ CREATE,  false, SOCK_RAW, IPPROTO_RAW, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_RAW, TCP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_RAW, UDP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_DGRAM, IPPROTO_ICMP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_DGRAM, UDPLITE, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_STREAM, MPTCP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_STREAM, MPTCP, "::", 0 },
	{ CREATE,  false, SOCK_STREAM, SCTP, "0.0.0.0", 0 },
	{ CREATE,  false, SOCK_SEQPACKET, SCTP, "::", 0 },
	{ CONNECT, true,  SOCK_STREAM, TCP, "127.0.0.1", 0 },
	{ CONNECT, true,  SOCK_STREAM, TCP, "::ffff:127.0.0.1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "127.0.0.1", RELAY_PORT + 1 },
	{ CONNECT, false, SOCK_STREAM, TCP, "127.0.0.1", 0x380c },        /* the relay's, its bytes exchanged */
	{ CONNECT, false, SOCK_STREAM, TCP, "127.0.0.1", 53 },
	{ CONNECT, false, SOCK_STREAM, TCP, "127.0.0.2", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "1.0.0.127", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "0.0.0.0", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "10.1.2.3", 80 },
	{ CONNECT, false, SOCK_STREAM, TCP, "169.254.169.254", 80 },
	{ CONNECT, false, SOCK_STREAM, TCP, "255.255.255.255", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::127.0.0.1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::1:ffff:127.0.0.1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "1::ffff:127.0.0.1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "64:ff9b::127.0.0.1", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "2002:7f00:1::", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::ffff:127.0.0.2", 0 },
	{ CONNECT, false, SOCK_STREAM, TCP, "::ffff:127.0.0.1", 80 },
	{ CONNECT, false, SOCK_STREAM, TCP, "2001:db8::1", 443 },
	{ CONNECT, false, SOCK_DGRAM, UDP, "127.0.0.1", 0 },
	{ CONNECT, false, SOCK_DGRAM, UDP, "::ffff:127.0.0.1", 0 },
	{ CONNECT, false, SOCK_DGRAM, UDP, "1.1.1.1", 53 },
	{ FAST,    true,  SOCK_STREAM, TCP, "127.0.0.1", 0 },
	{ FAST,    false, SOCK_STREAM, TCP, "127.0.0.1", 80 },
	{ FAST,    false, SOCK_STREAM, TCP, "::1", 0 },
	{ SEND,    false, SOCK_DGRAM, UDP, "127.0.0.1", 0 },
	{ SEND,    false, SOCK_DGRAM, UDP, "127.0.0.1", 53 },
	{ SEND,    false, SOCK_DGRAM, UDP, "::1", 53 },
	{ SEND,    false, SOCK_DGRAM, UDP, "::ffff:127.0.0.1", 53 },
	{ BIND,    true,  SOCK_STREAM, TCP, "127.0.0.1", 0 },
	{ BIND,    false, SOCK_STREAM, TCP, "127.0.0.1", RELAY_PORT + 1 },
	{ BIND,    false, SOCK_STREAM, TCP, "127.0.0.2", 0 },
	{ BIND,    false, SOCK_STREAM, TCP, "0.0.0.0", 0 },
	{ BIND,    false, SOCK_STREAM, TCP, "::ffff:127.0.0.1", 0 },
	{ BIND,    false, SOCK_DGRAM, UDP, "127.0.0.1", 0 },
	{ BIND,    false, SOCK_STREAM, TCP, "0.0.0.0", 80 },
	{ BIND,    false, SOCK_STREAM, TCP, "::", 80 },
	{ BIND,    false, SOCK_STREAM, TCP, "::ffff:127.0.0.1", 80 },
	{ BIND,    false, SOCK_DGRAM, UDP, "0.0.0.0", 5353 },
	{ BIND,    false, SOCK_DGRAM, UDP, "::1", 5353 },
};
enum { ROWS = sizeof rows / sizeof *rows };

static int row_family(const struct row *r)
{
	return strchr(r->address, ':') ? AF_INET6 : AF_INET;
}

static uint16_t row_port(const struct row *r)
{
	return htons((uint16_t)(r->port ? r->port : RELAY_PORT));
}

/* ---- in the interpreter ---- */

static bool passes(size_t program, const void *context, size_t size, uint64_t network)
{
	const struct sockets_program *p = &sockets_list[program];
	const struct ebpf e = { context, size, network };
	uint64_t result;

	ck_assert_msg(ebpf_run(p->code, p->n, &e, &result), "%s is no program of ours", p->name);
	ck_assert_uint_le(result, 1);
	return result;
}

static size_t program_of(const struct row *r)
{
	static const size_t program[][2] = {
		[CREATE] = { SOCKETS_sock_create, SOCKETS_sock_create }, [CONNECT] = { SOCKETS_connect4, SOCKETS_connect6 },
		[SEND] = { SOCKETS_sendmsg4, SOCKETS_sendmsg6 }, [FAST] = { SOCKETS_connect4, SOCKETS_connect6 },
		[BIND] = { SOCKETS_bind4, SOCKETS_bind6 },
	};

	return program[r->act][row_family(r) == AF_INET6];
}

static bool row_passes(const struct row *r, uint64_t network)
{
	const int family = row_family(r);
	struct bpf_sock_addr a = { .user_family = (unsigned)family, .family = (unsigned)family, .type = (unsigned)r->type,
		                   .protocol = (unsigned)r->protocol, .user_port = row_port(r) };
	struct bpf_sock s = { .family = (unsigned)family, .type = (unsigned)r->type, .protocol = (unsigned)r->protocol };

	if (r->act == CREATE)
		return passes(program_of(r), &s, sizeof s, network);
	ck_assert_int_eq(inet_pton(family, r->address, family == AF_INET ? (void *)&a.user_ip4 : (void *)a.user_ip6), 1);
	return passes(program_of(r), &a, sizeof a, network);
}

START_TEST(rows_are_what_they_say)
{
	ck_assert_msg(row_passes(&rows[_i], 1) == rows[_i].passes, "%s, type %d, protocol %d, %s, port %d", sockets_list[program_of(&rows[_i])].name,
	              rows[_i].type, rows[_i].protocol, rows[_i].address, rows[_i].port);
	/* In the machine's own network nothing passes but what makes a socket. */
	ck_assert(!row_passes(&rows[_i], SOCKETS_MACHINE) || rows[_i].act == CREATE);
}
END_TEST

/* One of all ports, in IPv4 and mapped. */
START_TEST(one_port_passes)
{
	struct bpf_sock_addr a = { .type = SOCK_STREAM, .protocol = TCP, .user_ip4 = htonl(INADDR_LOOPBACK) };

	for (unsigned port = 0; port < 65536; port++) {
		a.user_port = htons((uint16_t)port);
		memset(a.user_ip6, 0, sizeof a.user_ip6);
		ck_assert_int_eq(passes(SOCKETS_connect4, &a, sizeof a, 1), port == RELAY_PORT);
		ck_assert(!passes(SOCKETS_connect6, &a, sizeof a, 1));
		a.user_ip6[2] = htonl(0xffff);
		a.user_ip6[3] = a.user_ip4;
		ck_assert_int_eq(passes(SOCKETS_connect6, &a, sizeof a, 1), port == RELAY_PORT);
	}
}
END_TEST

/* Whichever bit of an address is another one, it is another address. */
START_TEST(one_address_passes)
{
	struct bpf_sock_addr a = { .type = SOCK_STREAM, .protocol = TCP, .user_port = htons(RELAY_PORT),
		                   .user_ip4 = htonl(INADDR_LOOPBACK), .user_ip6 = { 0, 0, htonl(0xffff), htonl(INADDR_LOOPBACK) } };

	ck_assert(passes(SOCKETS_connect4, &a, sizeof a, 1) && passes(SOCKETS_connect6, &a, sizeof a, 1));
	for (unsigned bit = 0; bit < 128; bit++) {
		a.user_ip6[bit / 32] ^= 1U << bit % 32;
		ck_assert(!passes(SOCKETS_connect6, &a, sizeof a, 1));
		a.user_ip6[bit / 32] ^= 1U << bit % 32;
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		a.user_ip4 ^= 1U << bit;
		ck_assert(!passes(SOCKETS_connect4, &a, sizeof a, 1));
		a.user_ip4 ^= 1U << bit;
	}
}
END_TEST

/* As two instructions, which the loader looks for. */
START_TEST(the_machines_network_stands_in_all_that_pass)
{
	for (size_t k = 0; k < SOCKETS_PROGRAMS; k++) {
		const struct sockets_program *p = &sockets_list[k];
		unsigned found = 0;

		for (size_t i = 0; i + 1 < p->n; i++)
			found += (uint8_t)p->code[i] == (BPF_LD | BPF_IMM | BPF_DW) && p->code[i] >> 32 == (uint32_t)SOCKETS_MACHINE &&
				p->code[i + 1] >> 32 == SOCKETS_MACHINE >> 32;
		ck_assert_uint_eq(found, k == SOCKETS_connect4 || k == SOCKETS_connect6 || k == SOCKETS_bind4);
	}
}
END_TEST

#define INSN(code, dst, src, off, imm) \
	((uint64_t)(uint8_t)(code) | (uint64_t)(dst) << 8 | (uint64_t)(src) << 12 | (uint64_t)(uint16_t)(off) << 16 | (uint64_t)(uint32_t)(imm) << 32)
#define END INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* The interpreter takes nothing that it does not know. */
static const uint64_t strange[][3] = {
	{ END },                                                                        /* nothing was said */
	{ INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 1, 8, 0), END },                           /* beyond what is passed */
	{ INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 1, -4, 0), END },
	{ INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 2, 0, 0), END },                           /* from where nothing is */
	{ INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1), INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0), END },
	{ INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1), INSN(BPF_JMP | BPF_JA, 0, 0, 5, 0), END },
	{ INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns), END },
	{ INSN(BPF_ALU64 | BPF_MUL | BPF_K, 1, 0, 0, 2), INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1), END },
	{ INSN(BPF_ST | BPF_MEM | BPF_W, 1, 0, 0, 1), INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1), END },
	{ INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1) },                              /* it does not end */
};

START_TEST(strange_programs_are_not_run)
{
	const uint64_t passed = 0;
	const struct ebpf e = { &passed, sizeof passed, 1 };
	uint64_t result;

	ck_assert(!ebpf_run(strange[_i], 3, &e, &result));
}
END_TEST

/* ---- in the kernel ---- */

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert(!ioctl(fd, SIOCGIFFLAGS, &r));
	r.ifr_flags |= IFF_UP;
	ck_assert(!ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

/* A network of its own, in which somebody listens where the relay would, and root may ping. */
static void network_make(void)
{
	const struct sockaddr_in relay = { AF_INET, htons(RELAY_PORT), { htonl(INADDR_LOOPBACK) }, { 0 } };
	int fd;

	ck_assert(!unshare(CLONE_NEWNET));
	loopback_up();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!bind(fd, (const struct sockaddr *)&relay, sizeof relay) && !listen(fd, ROWS));
	fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(fd, "0 0", 3), 3);
	close(fd);
}

static int row_try(const struct row *r)
{
	const int fd = socket(row_family(r), r->type | SOCK_CLOEXEC, r->protocol);
	struct sockaddr_storage to = { .ss_family = (sa_family_t)row_family(r) };
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to;
	struct sockaddr_in *four = (struct sockaddr_in *)&to;
	const socklen_t n = to.ss_family == AF_INET6 ? sizeof *six : sizeof *four;
	long rc = 0;
	int no;

	if (fd < 0)
		return errno;
	four->sin_port = row_port(r);
	inet_pton(to.ss_family, r->address, to.ss_family == AF_INET6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr);
	if (r->act == CONNECT)
		rc = connect(fd, (const struct sockaddr *)&to, n);
	else if (r->act == BIND)
		rc = bind(fd, (const struct sockaddr *)&to, n);
	else if (r->act != CREATE)
		rc = sendto(fd, "x", 1, r->act == FAST ? MSG_FASTOPEN : 0, (const struct sockaddr *)&to, n);
	no = rc < 0 ? errno : 0;
	close(fd);
	return no;
}

/* How each row ended in a process of that group. */
static int *rows_try(int group)
{
	int *no = mmap(NULL, ROWS * sizeof *no, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), status;
	pid_t pid;

	ck_assert_ptr_ne(no, MAP_FAILED);
	pid = cgroup_fork(group);
	if (!pid) {
		for (size_t i = 0; i < ROWS; i++)
			no[i] = row_try(&rows[i]);
		_exit(0);
	}
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	return no;
}

struct place {
	int above, group;
	char name[32];
};

/* False: there is none here, for which the other machine that tests run on has to stand in. */
static bool place_make(struct place *p)
{
	struct krux_err err = { 0 };

	snprintf(p->name, sizeof p->name, "krux-sockets-%d", getpid());
	p->above = cgroup_own(&err);
	if (geteuid() || p->above < 0)
		return false;
	p->group = cgroup_make(p->above, p->name, &err);
	ck_assert_msg(p->group >= 0, "%s", err.text);
	return true;
}

static void place_remove(struct place *p)
{
	close(p->group);
	ck_assert(!cgroup_remove(p->above, p->name, NULL));
	close(p->above);
}

/* What a kernel has not is refused by that. */
static bool is_refused(const struct row *r, int no)
{
	return no == EPERM || (r->act == CREATE && (no == EPROTONOSUPPORT || no == ESOCKTNOSUPPORT));
}

/* Where the relay listens already, nobody else does. */
static bool is_let_through(const struct row *r, int no)
{
	return !no || (r->act == BIND && no == EADDRINUSE);
}

/* `own`: the daemon, who attaches the programs, is in that network itself. */
static void kernel_agrees(bool own)
{
	struct krux_err err = { 0 };
	struct place p;
	int *no;

	if (!place_make(&p))
		return;
	if (own)
		network_make();
	ck_assert_msg(!sockets_attach(p.group, &err), "%s", err.text);
	if (!own)
		network_make();
	no = rows_try(p.group);
	place_remove(&p);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		const bool expected = r->passes && (!own || r->act == CREATE);

		ck_assert_msg(expected ? is_let_through(r, no[i]) : is_refused(r, no[i]), "%s, type %d, protocol %d, %s, port %d: %s", sockets_list[program_of(r)].name,
		              r->type, r->protocol, r->address, r->port, strerror(no[i]));
	}
}

START_TEST(the_kernel_agrees)
{
	kernel_agrees(false);
}
END_TEST

START_TEST(the_kernel_agrees_in_the_machines_network)
{
	kernel_agrees(true);
}
END_TEST

/* The rows would tell something of other groups only if these were refused as well. */
START_TEST(other_groups_are_as_before)
{
	struct krux_err err = { 0 };
	struct place p;

	if (!place_make(&p))
		return;
	ck_assert_msg(!sockets_attach(p.group, &err), "%s", err.text);
	network_make();
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_int_ne(row_try(&rows[i]), EPERM);
	place_remove(&p);
}
END_TEST

/* A group below has them as well, and nobody in it can take them off. */
START_TEST(groups_below_have_them)
{
	struct krux_err err = { 0 };
	struct place p;
	int below, *no;

	if (!place_make(&p))
		return;
	ck_assert_msg(!sockets_attach(p.group, &err), "%s", err.text);
	network_make();
	below = cgroup_make(p.group, "below", &err);
	no = rows_try(below);
	close(below);
	place_remove(&p);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert(rows[i].passes ? is_let_through(&rows[i], no[i]) : is_refused(&rows[i], no[i]));
}
END_TEST

START_TEST(an_ordinary_user_cannot)
{
	struct krux_err err = { 0 };
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert(geteuid() || (!setresgid(65533, 65533, 65533) && !setresuid(65533, 65533, 65533)));
	ck_assert_int_eq(sockets_attach(here, &err), -1);
	ck_assert_str_eq(err.text, "eBPF for sockets of calls: sock_create: Operation not permitted");
}
END_TEST

static Suite *sockets_suite(void)
{
	Suite *s = suite_create("sockets");
	TCase *tc = tcase_create("sockets");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, rows_are_what_they_say, 0, ROWS);
	tcase_add_test(tc, one_port_passes);
	tcase_add_test(tc, one_address_passes);
	tcase_add_test(tc, the_machines_network_stands_in_all_that_pass);
	tcase_add_loop_test(tc, strange_programs_are_not_run, 0, sizeof strange / sizeof *strange);
	tcase_add_test(tc, the_kernel_agrees);
	tcase_add_test(tc, the_kernel_agrees_in_the_machines_network);
	tcase_add_test(tc, other_groups_are_as_before);
	tcase_add_test(tc, groups_below_have_them);
	tcase_add_test(tc, an_ordinary_user_cannot);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(sockets_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
