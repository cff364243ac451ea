/* What seccomp allows a confined handler to call: every other system call ends it, as root and as
 * an ordinary user. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/attempt.h"
#include "tests/unit/foreign.h"

struct forbidden {
	const char *name;
	long nr;
	long arg[6];
};

static const struct forbidden forbidden[] = {
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "connect", SYS_connect, { 0 } },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1 } },
	{ "mount", SYS_mount, { 0 } },
	{ "umount2", SYS_umount2, { 0 } },
	{ "move_mount", SYS_move_mount, { 0 } },
	{ "fsopen", SYS_fsopen, { 0 } },
	{ "open_tree", SYS_open_tree, { 0 } },
	{ "pivot_root", SYS_pivot_root, { 0 } },
	{ "chroot", SYS_chroot, { 0 } },
	{ "fchdir", SYS_fchdir, { 0 } },
	{ "execve", SYS_execve, { 0 } },
	{ "execveat", SYS_execveat, { 0 } },
	{ "memfd_create", SYS_memfd_create, { 0 } },
	{ "clone", SYS_clone, { SIGCHLD } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", SYS_setns, { 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1 } },
	{ "bpf", SYS_bpf, { 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0 } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "keyctl", SYS_keyctl, { 0 } },
	{ "add_key", SYS_add_key, { 0 } },
	{ "finit_module", SYS_finit_module, { 0 } },
	{ "kexec_load", SYS_kexec_load, { 0 } },
	{ "reboot", SYS_reboot, { 0 } },
	{ "kill", SYS_kill, { 1, SIGKILL } },
	{ "tgkill", SYS_tgkill, { 1, 1, SIGKILL } },
	{ "pidfd_open", SYS_pidfd_open, { 1 } },
	{ "personality", SYS_personality, { ADDR_NO_RANDOMIZE } },
	{ "ioctl", SYS_ioctl, { 0, 0x5412 } },
	{ "ioctl with high bits", SYS_ioctl, { 0, 0x100005412 } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "capset", SYS_capset, { 0 } },
	{ "setrlimit", SYS_setrlimit, { RLIMIT_NOFILE } },
	{ "prlimit64", SYS_prlimit64, { 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { 0 } },
	{ "openat2", SYS_openat2, { 0 } },
	{ "linkat", SYS_linkat, { 0 } },
	{ "symlinkat", SYS_symlinkat, { 0 } },
	{ "mknodat", SYS_mknodat, { 0 } },
	{ "truncate", SYS_truncate, { 0 } },
	{ "fchmodat", SYS_fchmodat, { 0 } },
	{ "seccomp", SYS_seccomp, { 0 } },
	{ "landlock_create_ruleset", SYS_landlock_create_ruleset, { 0 } },
	{ "shmget", SYS_shmget, { 0 } },
	{ "mq_open", SYS_mq_open, { 0 } },
	{ "sendmsg", SYS_sendmsg, { 0 } },
	{ "dup", SYS_dup, { 0 } },
	{ "fcntl", SYS_fcntl, { 0 } },
	{ "executable memory", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "shared memory", SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0 } },
	{ "memory made executable", SYS_mprotect, { 0, 4096, PROT_EXEC } },
	{ "a number beyond all", 100000, { 0 } },
#ifdef __x86_64__
	{ "modify_ldt", SYS_modify_ldt, { 0 } },
	{ "iopl", SYS_iopl, { 3 } },
	{ "x32 getpid", 0x40000000 | SYS_getpid, { 0 } },
#endif
};

/* Of a handler that changes files. */
static const struct forbidden forbidden_changes[] = {
	{ "a set-user-ID bit", SYS_fchmod, { -1, 04755 } },
	{ "a set-group-ID bit", SYS_fchmod, { -1, 02755 } },
	{ "a file made with a set-user-ID bit", SYS_openat, { -1, (long)"", O_WRONLY | O_CREAT, 04755 } },
	{ "a file emptied as it is opened", SYS_openat, { -1, (long)"", O_WRONLY | O_TRUNC } },
};

static const struct forbidden *forbidden_now;

static bool forbidden_run(struct handler_call *c)
{
	const struct forbidden *f = forbidden_now;

	return result(c, syscall(f->nr, f->arg[0], f->arg[1], f->arg[2], f->arg[3], f->arg[4], f->arg[5]));
}

static void forbidden_all(const struct forbidden *list, size_t n, unsigned groups)
{
	for (size_t i = 0; i < n; i++) {
		forbidden_now = &list[i];
		attempt_run(pass, forbidden_run, groups, 60 * second);
		ck_assert_msg(!attempt_end.exited && attempt_end.code == SIGSYS, "%s: %s %d", list[i].name,
		              attempt_end.exited ? "exit" : "signal", attempt_end.code);
	}
}

START_TEST(seccomp_kills_what_is_not_listed)
{
	if (!attempt_setup(_i))
		return;
	forbidden_all(forbidden, sizeof forbidden / sizeof *forbidden, CALLS_LOOK);
	forbidden_all(forbidden_changes, sizeof forbidden_changes / sizeof *forbidden_changes, CALLS_LOOK | CALLS_WALK | CALLS_CHANGE);
	attempt_teardown();
}
END_TEST

#if defined __x86_64__
static bool foreign_run(struct handler_call *c)
{
	return answer(c, foreign_getpid());
}

START_TEST(seccomp_kills_foreign_calls)
{
	if (!foreign_calls_are_there()) {
		fprintf(stderr, "NOT TRIED: int 0x80, which this machine does not have; tests/live has it in the guest\n");
		return;
	}
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, foreign_run, CALLS_LOOK, 60 * second);
	ck_assert(!attempt_end.exited);
	ck_assert_int_eq(attempt_end.code, SIGSYS);
	attempt_teardown();
}
END_TEST
#endif

static bool soft_run(struct handler_call *c)
{
	int64_t wrong = 0;

	if (syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0 || errno != ENOENT)
		wrong |= 1;
	if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
		wrong |= 2;
	return answer(c, wrong);
}

START_TEST(seccomp_refuses_what_the_library_tries)
{
	if (!attempt_setup(_i))
		return;
	attempt_run(pass, soft_run, CALLS_LOOK, 60 * second);
	ck_assert_int_eq(attempt_answer(), 0);
	attempt_teardown();
}
END_TEST

static Suite *seccomp_suite(void)
{
	Suite *s = suite_create("seccomp");
	TCase *tc = tcase_create("calls");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(seccomp_kills_what_is_not_listed);
#if defined __x86_64__
	ADD(seccomp_kills_foreign_calls);
#endif
	ADD(seccomp_refuses_what_the_library_tries);
#undef ADD
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(seccomp_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
