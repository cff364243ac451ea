/* Attempts to get out of a call's sandbox. Each is made twice where it makes sense: where `open`
 * runs, under all layers but the last two, and where `run` does. Each says which layer stops it.
 * Everything is tried as root and as an ordinary user. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/attempt.h"

/* Handed to the attempts through the fork. */
static int port;
static char abstract[64];

/* ---- the layers are on ---- */

START_TEST(all_layers_are_on)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, pass, 0, 60 * second);
	ck_assert_uint_eq(attempt_end.report.layers, ((1U << LAYER_COUNT) - 1) & ~(1U << LAYER_IDMAPPED | 1U << LAYER_NFTABLES));
	ck_assert_int_eq(attempt_end.report.failed, 0);
	attempt_teardown();
}
END_TEST

/* ---- stopped before `run`: no name leads out ---- */

static const struct outside { const char *path; int expected; } outside[] = {
	{ "/etc/passwd", ENOENT },
	{ "/workspace", ENOENT },
	{ "/proc/self/root/etc/passwd", ENOENT },
	{ "/proc/1/root", ENOENT },
	{ "/sys/kernel", ENOENT },
	{ "/dev/null", ENOENT },
	{ "../../../../../../etc/passwd", ENOENT },
	{ "..", EACCES },                  /* the empty root itself, which no plan names */
};

static bool outside_open(struct handler_call *c)
{
	int64_t wrong = 0;

	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
		int fd = open(outside[i].path, O_RDONLY);

		if ((fd < 0 ? errno : 0) != outside[i].expected)
			wrong = (int64_t)i + 1;
	}
	return answer(c, wrong);
}

START_TEST(the_empty_root_hides_the_host)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(outside_open, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_teardown();
}
END_TEST

static bool create_in_root(struct handler_call *c)
{
	return result(c, open("/made", O_WRONLY | O_CREAT, 0600));
}

START_TEST(the_empty_root_is_read_only)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(create_in_root, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), EROFS);
	attempt_teardown();
}
END_TEST

static bool descriptors_left(struct handler_call *c)
{
	char buf[8];
	int n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		n++;
		if (fd > 2 && pread(fd, buf, 6, 0) == 6)
			return answer(c, 1000);
	}
	return answer(c, n);
}

START_TEST(leaked_descriptors_are_closed)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(descriptors_left, pass, 0, 60 * second);
	/* 0, 1, 2, the workspace and the pipe. */
	ck_assert_int_le(attempt_answer(), 5);
	attempt_teardown();
}
END_TEST

/* ---- stopped by namespaces and lost privileges ---- */

static bool privileged(struct handler_call *c)
{
	static const struct rlimit more = { 4096, 4096 };
	int64_t wrong = 0;

	/* Each would succeed for root. The number says which did. */
	if (!mount("none", "/", "tmpfs", 0, NULL))
		wrong |= 1;
	if (!umount2("/", MNT_DETACH))
		wrong |= 2;
	if (!sethostname("x", 1))
		wrong |= 4;
	if (!chroot("."))
		wrong |= 8;
	if (!mknodat(c->workspace, "node", S_IFCHR | 0600, 0x103))
		wrong |= 16;
	if (!setrlimit(RLIMIT_NOFILE, &more))
		wrong |= 32;
	if (!setns(c->workspace, 0))
		wrong |= 64;
	if (!fchownat(c->workspace, "inside", 1, 1, 0))
		wrong |= 128;
	if (syscall(SYS_open_by_handle_at, c->workspace, &(struct { unsigned n; int t; char b[8]; }){ 8, 1, { 0 } },
	            O_RDONLY) >= 0)
		wrong |= 256;
	if (!syscall(SYS_pivot_root, ".", "."))
		wrong |= 512;
	if (prctl(PR_GET_DUMPABLE) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		wrong |= 1024;
	return answer(c, wrong);
}

START_TEST(privileges_are_gone)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(privileged, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_teardown();
}
END_TEST

/* Even capabilities in a user namespace of its own change none of the others. */
static bool nested_user(struct handler_call *c)
{
	if (unshare(CLONE_NEWUSER))
		return answer(c, 0);
	return answer(c, !mount("none", "/", "tmpfs", 0, NULL) || !sethostname("x", 1) ? 1 : 0);
}

START_TEST(a_nested_user_namespace_owns_nothing)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(nested_user, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_teardown();
}
END_TEST

/* Who is charged in the namespace around it. */
START_TEST(a_user_namespace_is_whose_it_is_made_as)
{
	static const uid_t owners[] = { 0, 70001 };
	const int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uid_t uid = UINT32_MAX;
	int pair[2], users, status;
	char byte;
	pid_t pid;

	if (geteuid())
		return;
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	pid = fork();
	if (!pid) {
		close(pair[0]);
		if (namespaces_enter_user(owners[_i]) || namespace_say(pair[1], namespace_open(proc, "user")))
			_exit(1);
		_exit((int)read(pair[1], &byte, 1));
	}
	close(pair[1]);
	users = namespace_hear(pair[0], 0);
	ck_assert(users >= 0 && !ioctl(users, NS_GET_OWNER_UID, &uid));
	ck_assert_uint_eq(uid, owners[_i]);
	close(pair[0]);
	close(users);
	close(proc);
	ck_assert(waitpid(pid, &status, 0) == pid && !status);
}
END_TEST

static bool others_killed(struct handler_call *c)
{
	int64_t wrong = 0;

	if (getppid() != 0 || getpid() != 1)
		wrong |= 1;
	if (!kill(attempt_parent, 0) || errno != ESRCH)
		wrong |= 2;
	if (!kill(-1, SIGTERM))
		wrong |= 4;
	if (!ptrace(PTRACE_ATTACH, attempt_parent, NULL, NULL))
		wrong |= 8;
	if (getpriority(PRIO_PROCESS, (id_t)attempt_parent) >= 0 && errno != ESRCH)
		wrong |= 16;
	/* A signal to the parent's group would reach it. */
	if (getpgrp() != 1 || getsid(0) != 1)
		wrong |= 32;
	return answer(c, wrong);
}

START_TEST(the_pid_namespace_hides_other_processes)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(others_killed, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_teardown();
}
END_TEST

static bool network_reached(struct handler_call *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(80),
	                           .sin_addr.s_addr = htonl(0x01010101) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int64_t wrong = 0;

	snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "%s", abstract);
	if (!connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&in, sizeof in))
		wrong |= 1;
	if (!connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&far, sizeof far))
		wrong |= 2;
	if (!connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof un))
		wrong |= 4;
	if (sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, (struct sockaddr *)&in, sizeof in) >= 0)
		wrong |= 8;
	if (socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0)
		wrong |= 16;
	return answer(c, wrong);
}

START_TEST(the_network_namespace_is_empty)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof in;
	int s, u;

	if (!attempt_setup(_i))
		return;
	s = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!bind(s, (struct sockaddr *)&in, n) && !listen(s, 4) && !getsockname(s, (struct sockaddr *)&in, &n));
	port = ntohs(in.sin_port);
	snprintf(abstract, sizeof abstract, "krux-test-%d", getpid());
	snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "%s", abstract);
	u = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert(!bind(u, (struct sockaddr *)&un, sizeof un) && !listen(u, 4));
	attempt_run(network_reached, pass, 0, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	close(s);
	close(u);
	attempt_teardown();
}
END_TEST

static bool forked(struct handler_call *c)
{
	int n = 0;

	for (int i = 0; i < 64; i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		n += pid > 0;
	}
	return answer(c, n);
}

START_TEST(forks_are_limited_and_do_not_outlive_the_call)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(forked, pass, 0, 60 * second);
	/* The kernel does not count the processes of uid 0: there seccomp alone forbids them. */
	ck_assert_int_eq(attempt_answer(), _i == AS_ROOT ? 64 : 0);
	attempt_teardown();
}
END_TEST

/* ---- stopped by Landlock: openat itself is allowed to those who walk ---- */

static int escape_how;

static bool escape_open(struct handler_call *c)
{
	handler_grant(c, openat(c->workspace, ".", O_RDONLY | O_DIRECTORY), RIGHT_READ_FILES | RIGHT_READ_FOLDERS);
	return true;
}

static bool escape_run(struct handler_call *c)
{
	static const char *const paths[] = { "../secret", "link", "../../../../../../etc/passwd", "../workspace/../secret" };

	return result(c, openat(c->workspace, paths[escape_how], O_RDONLY));
}

START_TEST(landlock_keeps_run_beneath_its_operands)
{
	if (!attempt_setup(_i))
		return;
	for (escape_how = 0; escape_how < 4; escape_how++) {
		attempt_run(escape_open, escape_run, CALLS_LOOK | CALLS_WALK, 60 * second);
		ck_assert_int_eq(attempt_answer(), EACCES);
	}
	attempt_teardown();
}
END_TEST

static bool read_allowed_run(struct handler_call *c)
{
	return result(c, openat(c->workspace, "inside", escape_how, 0600));
}

START_TEST(landlock_gives_only_the_rights_named)
{
	if (!attempt_setup(_i))
		return;
	escape_how = O_RDONLY;
	attempt_run(escape_open, read_allowed_run, CALLS_LOOK | CALLS_WALK, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_run(pass, read_allowed_run, CALLS_LOOK | CALLS_WALK, 60 * second);
	ck_assert_int_eq(attempt_answer(), EACCES);
	escape_how = O_WRONLY;
	attempt_run(escape_open, read_allowed_run, CALLS_LOOK | CALLS_WALK | CALLS_CHANGE, 60 * second);
	ck_assert_int_eq(attempt_answer(), EACCES);
	attempt_teardown();
}
END_TEST

/* Which Landlock before version 3 does not tell from reading. */
START_TEST(seccomp_lets_nothing_be_emptied_by_opening)
{
	static const int flags[] = { O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT | O_TRUNC };

	if (!attempt_setup(_i))
		return;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		escape_how = flags[i];
		attempt_run(escape_open, read_allowed_run, CALLS_LOOK | CALLS_WALK | CALLS_CHANGE, 60 * second);
		ck_assert(!attempt_end.exited);
		ck_assert_int_eq(attempt_end.code, SIGSYS);
	}
	attempt_teardown();
}
END_TEST

static bool names_run(struct handler_call *c)
{
	int64_t wrong = 0;

	if (!unlinkat(c->workspace, "inside", 0))
		wrong |= 1;
	if (!mkdirat(c->workspace, "new", 0700))
		wrong |= 2;
	if (!renameat2(c->workspace, "inside", c->workspace, "moved", RENAME_NOREPLACE))
		wrong |= 4;
	if (!unlinkat(c->workspace, "../secret", 0))
		wrong |= 8;
	if (!renameat2(c->workspace, "../secret", c->workspace, "stolen", RENAME_NOREPLACE))
		wrong |= 16;
	return answer(c, wrong);
}

START_TEST(landlock_keeps_names)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(escape_open, names_run, CALLS_LOOK | CALLS_WALK | CALLS_CHANGE, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	ck_assert(!access("workspace/inside", F_OK) && !access("secret", F_OK));
	attempt_teardown();
}
END_TEST

/* ---- stopped by limits ---- */

static bool spin_run(struct handler_call *c)
{
	volatile uint64_t i = 0;

	while (!i || i != UINT64_MAX)
		i++;
	return answer(c, 0);
}

START_TEST(a_spinning_call_is_killed_by_its_cpu_limit)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, spin_run, 0, 20 * second);
	ck_assert(!attempt_end.exited && attempt_end.code == SIGKILL && !attempt_end.timed_out);
	ck_assert_uint_ge(attempt_end.cpu_ns, 400000000);
	attempt_teardown();
}
END_TEST

static bool sleep_run(struct handler_call *c)
{
	for (;;)
		poll(NULL, 0, 100000);
	return answer(c, 0);
}

START_TEST(a_sleeping_call_is_killed_at_its_deadline)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, sleep_run, CALLS_WATCH, second / 5);
	ck_assert(attempt_end.timed_out && !attempt_end.exited && attempt_end.code == SIGKILL);
	ck_assert_uint_lt(attempt_end.wall_ns, 60 * second);
	attempt_teardown();
}
END_TEST

#if !SANITIZED
static bool hog_run(struct handler_call *c)
{
	int64_t mib = 0;

	while (mib < 1024) {
		void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		memset(p, 1, 1 << 20);
		mib++;
	}
	return answer(c, mib);
}

START_TEST(memory_ends_at_its_limit)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, hog_run, 0, 5 * second);
	ck_assert_int_le(attempt_answer(), 64);
	attempt_teardown();
}
END_TEST
#endif

static bool files_open(struct handler_call *c)
{
	int64_t n = 0;

	while (n < 1000 && dup(c->workspace) >= 0)
		n++;
	return answer(c, errno == EMFILE ? n : 1000);
}

START_TEST(descriptors_end_at_their_limit)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(files_open, pass, 0, 60 * second);
	/* Nothing is left for the last layers: the call fails as a whole. */
	ck_assert(attempt_end.report.failed != 0);
	ck_assert_uint_eq(attempt_end.report.what, LAYER_LANDLOCK);
	attempt_teardown();
}
END_TEST

static bool disk_open(struct handler_call *c)
{
	c->fd = openat(c->workspace, "big", O_WRONLY | O_CREAT, 0600);
	return c->fd >= 0;
}

static bool disk_run(struct handler_call *c)
{
	static char block[65536];
	int64_t n = 0;

	while (n < 100 && write(c->fd, block, sizeof block) == sizeof block)
		n++;
	return answer(c, errno == EFBIG ? n : 1000);
}

START_TEST(a_file_ends_at_its_limit)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(disk_open, disk_run, CALLS_LOOK, 60 * second);
	ck_assert_int_eq(attempt_answer(), 16);
	attempt_teardown();
}
END_TEST

static bool crash_run(struct handler_call *c)
{
	(void)c;
	__builtin_trap();
}

START_TEST(a_crash_leaves_no_core)
{
	struct dirent *d;
	DIR *dir;

	if (!attempt_setup(_i))
		return;
	attempt_run(pass, crash_run, 0, 5 * second);
	ck_assert(attempt_end.code != 0);
	dir = opendir(".");
	while ((d = readdir(dir)))
		ck_assert_ptr_null(strstr(d->d_name, "core"));
	closedir(dir);
	attempt_teardown();
}
END_TEST

static char flood[200000];

static bool flood_run(struct handler_call *c)
{
	memset(flood, 'x', sizeof flood);
	c->output = (struct krux_value){ .kind = KRUX_V_TEXT, .str = { flood, sizeof flood } };
	return true;
}

/* The handler's own writing, past the child's. */
static bool flood_raw_run(struct handler_call *c)
{
	memset(flood, 'x', sizeof flood);
	for (int fd = 3; fd < 16; fd++)
		while (write(fd, flood, sizeof flood) > 0)
			;
	return answer(c, 0);
}

START_TEST(an_answer_ends_at_its_limit)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, flood_run, 0, 60 * second);
	ck_assert(attempt_end.exited && attempt_end.code == CHILD_TOO_MUCH);
	attempt_run(pass, flood_raw_run, 0, 5 * second);
	ck_assert(attempt_end.too_much && !attempt_end.exited);
	ck_assert_uint_le(attempt_end.n, 65536 + CHILD_SLACK + 1);
	attempt_teardown();
}
END_TEST

static Suite *sandbox_suite(void)
{
	Suite *s = suite_create("sandbox");
	TCase *tc = tcase_create("attempts");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(all_layers_are_on);
	ADD(the_empty_root_hides_the_host);
	ADD(the_empty_root_is_read_only);
	ADD(leaked_descriptors_are_closed);
	ADD(privileges_are_gone);
	ADD(a_nested_user_namespace_owns_nothing);
	tcase_add_loop_test(tc, a_user_namespace_is_whose_it_is_made_as, 0, 2);
	ADD(the_pid_namespace_hides_other_processes);
	ADD(the_network_namespace_is_empty);
	ADD(forks_are_limited_and_do_not_outlive_the_call);
	ADD(landlock_keeps_run_beneath_its_operands);
	ADD(landlock_gives_only_the_rights_named);
	ADD(seccomp_lets_nothing_be_emptied_by_opening);
	ADD(landlock_keeps_names);
	ADD(a_spinning_call_is_killed_by_its_cpu_limit);
	ADD(a_sleeping_call_is_killed_at_its_deadline);
#if !SANITIZED
	ADD(memory_ends_at_its_limit);
#endif
	ADD(descriptors_end_at_their_limit);
	ADD(a_file_ends_at_its_limit);
	ADD(a_crash_leaves_no_core);
	ADD(an_answer_ends_at_its_limit);
#undef ADD
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(sandbox_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
