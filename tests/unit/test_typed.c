/* What each program that people type may still do once it is confined: every other attempt fails, as root and as an
 * ordinary user, and it goes on. */
#include "runtime/base/err.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/typed.h"
#include "capspec/landlock.h"
#include "capspec/rights.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 65533, COULD_NOT = 250 };
enum { A = 1 << PROCESS_CALLER, O = 1 << PROCESS_CTL, V = 1 << PROCESS_AUDIT, W = 1 << PROCESS_WITNESS, ALL = A | O | V | W };

/* One folder with given/old and made/. */
static char top[64], old[96], new[96], made[96];

static void setup(void)
{
	snprintf(top, sizeof top, "/tmp/krux-typed-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(old, sizeof old, "%s/given", top);
	ck_assert(!mkdir(old, 0700));
	snprintf(made, sizeof made, "%s/made", top);
	ck_assert(!mkdir(made, 0700));
	snprintf(new, sizeof new, "%s/given/new", top);
	snprintf(old, sizeof old, "%s/given/old", top);
	ck_assert_int_ge(close(open(old, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	snprintf(made, sizeof made, "%s/made/new", top);
}

static void setup_user(void)
{
	if (!geteuid())
		ck_assert(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	setup();
}

static void teardown(void)
{
	static const char *const names[] = { "given/old", "given/new", "made/old", "made/new", "given", "made", "" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", top, names[i]);
		remove(path);
	}
	ck_assert_int_eq(access(top, F_OK), -1);
}

typedef int attempt_fn(const void *arg);

/* What the attempt returns in a process confined so. */
static int confined(const struct typed *t, attempt_fn *attempt, const void *arg)
{
	struct krux_err err;
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (typed_confine(t, &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(COULD_NOT);
		}
		_exit(attempt(arg));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != COULD_NOT, "%s: status %x", process_word(t->kind), status);
	return WEXITSTATUS(status);
}

/* ---- system calls ---- */

static const struct forbidden {
	const char *name;
	unsigned kinds;
	long nr;
	long arg[6];
} forbidden[] = {
	{ "socket", ALL & ~W, SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "a Unix socket", ALL & ~W, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "packets", ALL, SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "to a virtual machine's host", ALL, SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } },
	{ "connect", ALL & ~W, SYS_connect, { 0 } },
	{ "bind", ALL, SYS_bind, { 0 } },
	{ "listen", ALL, SYS_listen, { 0 } },
	{ "accept4", ALL, SYS_accept4, { 0 } },
	{ "execve", ALL, SYS_execve, { 0 } },
	{ "execveat", ALL, SYS_execveat, { 0 } },
	{ "fork", ALL, SYS_clone, { SIGCHLD } },
	{ "a namespace with a thread", ALL, SYS_clone, { CLONE_THREAD | CLONE_NEWUSER } },
	{ "clone3", ALL, SYS_clone3, { 0 } },
	{ "ptrace", ALL, SYS_ptrace, { PTRACE_TRACEME } },
	{ "process_vm_readv", ALL, SYS_process_vm_readv, { 1 } },
	{ "process_vm_writev", ALL, SYS_process_vm_writev, { 1 } },
	{ "pidfd_open", ALL, SYS_pidfd_open, { 1 } },
	{ "pidfd_getfd", ALL, SYS_pidfd_getfd, { 0 } },
	{ "kill", ALL, SYS_kill, { 1, 0 } },
	{ "tgkill", ALL, SYS_tgkill, { 1, 1, 0 } },
	{ "seccomp", ALL, SYS_seccomp, { 0 } },
	{ "unshare", ALL, SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", ALL, SYS_setns, { 0 } },
	{ "mount", ALL, SYS_mount, { 0 } },
	{ "open_tree", ALL, SYS_open_tree, { 0 } },
	{ "chroot", ALL, SYS_chroot, { 0 } },
	{ "chdir", ALL, SYS_chdir, { 0 } },
	{ "name_to_handle_at", ALL, SYS_name_to_handle_at, { 0 } },
	{ "open_by_handle_at", ALL, SYS_open_by_handle_at, { 0 } },
	{ "setresuid", ALL, SYS_setresuid, { 0 } },
	{ "capset", ALL, SYS_capset, { 0 } },
	{ "a name for a process", ALL, SYS_prctl, { PR_SET_NAME, (long)"x" } },
	{ "bounds of another process", ALL, SYS_prlimit64, { 1, RLIMIT_NOFILE } },
	{ "bpf", ALL, SYS_bpf, { 0 } },
	{ "perf_event_open", ALL, SYS_perf_event_open, { 0 } },
	{ "userfaultfd", ALL, SYS_userfaultfd, { 0 } },
	{ "io_uring_setup", ALL, SYS_io_uring_setup, { 1 } },
	{ "keyctl", ALL, SYS_keyctl, { 0 } },
	{ "add_key", ALL, SYS_add_key, { 0 } },
	{ "typing into a terminal", ALL, SYS_ioctl, { 0, TIOCSTI } },
	{ "pasting into a console", ALL, SYS_ioctl, { 0, TIOCLINUX } },
	{ "personality", ALL, SYS_personality, { 0 } },
	{ "mknodat", ALL, SYS_mknodat, { 0 } },
	{ "symlinkat", ALL, SYS_symlinkat, { 0 } },
	{ "linkat", ALL, SYS_linkat, { 0 } },
	{ "fchownat", ALL, SYS_fchownat, { -1 } },
	{ "utimensat", ALL, SYS_utimensat, { -1 } },
	{ "fsetxattr", ALL, SYS_fsetxattr, { -1 } },
	{ "unlinkat", A, SYS_unlinkat, { -1 } },
	{ "renameat2", A, SYS_renameat2, { -1 } },
	{ "mkdirat", A, SYS_mkdirat, { -1 } },
	{ "fchown", A, SYS_fchown, { -1 } },
	{ "ftruncate", A | W, SYS_ftruncate, { -1 } },
	{ "memfd_create", ALL, SYS_memfd_create, { 0 } },
	{ "shmget", ALL, SYS_shmget, { 0 } },
	{ "inotify_init1", ALL, SYS_inotify_init1, { 0 } },
	{ "executable memory", ALL, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "memory made executable", ALL, SYS_mprotect, { 0, 4096, PROT_EXEC } },
	{ "memory made executable with a key", ALL, SYS_pkey_mprotect, { 0, 4096, PROT_EXEC, -1 } },
	{ "a number beyond all", ALL, 100000, { 0 } },
};
enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

/* Sanitizers need some. */
static bool sanitized_needs(long nr)
{
	return SANITIZED && (nr == SYS_prctl || nr == SYS_prlimit64 || nr == SYS_kill || nr == SYS_tgkill || nr == SYS_ptrace ||
	                     nr == SYS_clone);
}

static int call(const void *arg)
{
	const struct forbidden *f = arg;

	return syscall(f->nr, f->arg[0], f->arg[1], f->arg[2], f->arg[3], f->arg[4], f->arg[5]) < 0 ? errno : 0;
}

START_TEST(other_system_calls_are_answered)
{
	const struct forbidden *f = &forbidden[_i];

	for (unsigned kind = PROCESS_CALLER; kind <= PROCESS_WITNESS; kind++) {
		const struct typed t = { .kind = kind };

		if (f->kinds >> kind & 1 && !sanitized_needs(f->nr))
			ck_assert_msg(confined(&t, call, f) == ENOSYS, "%s of %s", f->name, process_word(kind));
	}
}
END_TEST

/* A name cache and the addresses of the machine: the C library asks, and goes on without. */
START_TEST(a_witness_makes_sockets_of_the_internet_alone)
{
	static const struct forbidden tries[] = {
		{ "IPv4", W, SYS_socket, { AF_INET, SOCK_STREAM, 0 } }, { "IPv6", W, SYS_socket, { AF_INET6, SOCK_DGRAM, 0 } },
		{ "Unix", W, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } }, { "netlink", W, SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	};
	const struct typed t = { .kind = PROCESS_WITNESS };

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(confined(&t, call, &tries[i]), i < 2 ? 0 : EAFNOSUPPORT);
}
END_TEST

/* ---- files ---- */

static int file_read(const void *path)
{
	return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int file_write(const void *path)
{
	return open(path, O_WRONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int file_make(const void *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0 ? errno : 0;
}

static int folder_list(const void *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? errno : 0;
}

static int file_move(const void *path)
{
	return renameat(AT_FDCWD, old, AT_FDCWD, path) ? errno : 0;
}

/* What each place lets be done in its folder; the same outside of it is refused. */
START_TEST(places_are_the_rows_of_the_table)
{
	static const struct { unsigned right; attempt_fn *attempt; const char *path, *elsewhere; } tries[] = {
		{ RIGHT_READ_FILES, file_read, old, "/etc/passwd" }, { RIGHT_READ_FOLDERS, folder_list, top, "/etc" },
		{ RIGHT_WRITE_FILES, file_write, old, "/dev/null" }, { RIGHT_NAMES | RIGHT_PLAIN_NAMES, file_move, new, "/tmp/krux-typed-new" },
		{ RIGHT_NAMES | RIGHT_PLAIN_NAMES, file_make, made, "/tmp/krux-typed-new" },
	};

	if (landlock_abi() < 2)
		return;
	for (int place = 0; place < PROCESS_PLACES; place++) {
		const struct typed_place at = { (enum process_place_number)place, top, false };
		const struct typed t = { .kind = process_places[place].kind, .place = &at, .n = 1 };
		const unsigned rights = process_places[place].rights;

		if (!process_is_typed(t.kind))
			continue;
		for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
			/* To make a file for writing takes both. */
			const bool may = rights & tries[i].right && (tries[i].attempt != file_make || rights & RIGHT_WRITE_FILES);
			const bool reads = tries[i].right & (RIGHT_READ_FILES | RIGHT_READ_FOLDERS);
			int got;

			if (SANITIZED && reads)
				continue;
			/* krux-call has no system call for some of it either. */
			got = confined(&t, tries[i].attempt, tries[i].elsewhere);
			ck_assert_msg(got == EACCES || got == ENOSYS, "%s elsewhere, try %zu: %d", process_word(t.kind), i, got);
			got = confined(&t, tries[i].attempt, tries[i].path);
			ck_assert_msg(may ? !got : got == EACCES || got == ENOSYS, "%s, %s, try %zu: %d", process_word(t.kind),
			              process_places[place].word, i, got);
			teardown();
			setup();
		}
	}
}
END_TEST

START_TEST(nothing_is_opened_without_a_place)
{
	for (unsigned kind = PROCESS_CALLER; kind <= PROCESS_WITNESS && landlock_abi() >= 2; kind++) {
		const struct typed t = { .kind = kind };

		if (!SANITIZED)
			ck_assert_int_eq(confined(&t, file_read, "/etc/passwd"), EACCES);
		ck_assert_int_eq(confined(&t, file_write, "/dev/null"), EACCES);
		ck_assert_int_eq(confined(&t, file_make, made), EACCES);
		ck_assert_int_eq(confined(&t, file_write, "/proc/self/mem"), EACCES);
	}
}
END_TEST

/* A pipe as a shell hands it over is none of the places that rules are for; what is not there is said by the command. */
START_TEST(what_has_no_rule_is_left_out)
{
	struct typed_place at[3] = { { .place = PLACE_CALLER_GIVEN, .path = "/nowhere/token" }, { .place = PLACE_CALLER_GIVEN } };
	const struct typed t = { .kind = PROCESS_CALLER, .place = at, .n = 3 };
	char pipe_path[32];
	int fd[2];

	ck_assert(!pipe(fd));
	snprintf(pipe_path, sizeof pipe_path, "/dev/fd/%d", fd[0]);
	at[2] = (struct typed_place){ .place = PLACE_CALLER_GIVEN, .path = pipe_path };
	ck_assert_int_eq(confined(&t, file_read, pipe_path), 0);
	ck_assert_int_eq(confined(&t, file_read, "/nowhere/token"), ENOENT);
	at[2] = (struct typed_place){ .place = PLACE_CTL_STATE, .path = old };
	ck_assert_int_eq(confined(&t, file_write, old), landlock_abi() < 2 ? 0 : EACCES);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

START_TEST(what_will_be_made_has_the_folder_around_it)
{
	const struct typed_place at = { PLACE_AUDIT_OUTPUT, made, true };
	const struct typed t = { .kind = PROCESS_AUDIT, .place = &at, .n = 1 };

	ck_assert_int_eq(confined(&t, file_make, made), 0);
	if (landlock_abi() >= 2)
		ck_assert_int_eq(confined(&t, file_make, new), EACCES);
}
END_TEST

/* ---- the code of bundles ---- */

static int maps(const void *arg)
{
	int prot = *(const int *)arg, fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, 4096))
		return errno;
	return mmap(NULL, 4096, prot, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

START_TEST(code_is_mapped_where_bundles_are_run)
{
	static const int prots[] = { PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC };

	for (int bundles = 0; bundles < 2; bundles++) {
		const struct typed t = { .kind = PROCESS_AUDIT, .bundles = bundles };

		ck_assert_int_eq(confined(&t, maps, &prots[0]), bundles ? 0 : ENOSYS);
		ck_assert_int_eq(confined(&t, maps, &prots[1]), ENOSYS);
	}
}
END_TEST

/* ---- ports ---- */

/* Nobody listens there; that it is refused by who is asked says that it was asked. */
static int connects(const void *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_port = htons(*(const uint16_t *)port);
	return fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof a) ? 1 : errno;
}

START_TEST(a_witness_connects_to_its_ports_alone)
{
	static const uint16_t ports[] = { 1, 2 };
	const struct typed t = { .kind = PROCESS_WITNESS, .port = ports, .nports = 1 };

	ck_assert_int_eq(confined(&t, connects, &ports[0]), ECONNREFUSED);
	if (landlock_abi() >= 4)
		ck_assert_int_eq(confined(&t, connects, &ports[1]), EACCES);
}
END_TEST

/* ---- privileges ---- */

static int status_read(const char *field, char *value, size_t n)
{
	char line[256];
	FILE *f = fopen("/proc/thread-self/status", "r");
	size_t len = strlen(field);
	int rc = -1;

	while (f && rc && fgets(line, sizeof line, f))
		if (!strncmp(line, field, len) && line[len] == ':') {
			snprintf(value, n, "%s", line + len + 2);
			rc = 0;
		}
	if (f)
		fclose(f);
	return rc;
}

/* The file is opened before. */
static int privileges_wrong(const void *arg)
{
	const struct typed *t = arg;
	const uint64_t keeps = geteuid() ? 0 : process_rows[t->kind].keeps;
	static const char *const caps[] = { "CapPrm", "CapEff", "CapInh", "CapAmb" };
	struct krux_err err;
	char got[64];

	if (typed_confine(t, &err))
		return 1;
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
		if (status_read(caps[i], got, sizeof got) || strtoull(got, NULL, 16) != (i < 2 ? keeps : 0))
			return 2 + (int)i;
	if (status_read("NoNewPrivs", got, sizeof got) || strcmp(got, "1\n") != 0)
		return 10;
	return status_read("Seccomp", got, sizeof got) || strcmp(got, "2\n") != 0 ? 11 : 0;
}

START_TEST(privileges_are_those_of_the_row)
{
	static const struct typed_place at = { PLACE_AUDIT_STATE, "/proc", false };
	const struct typed t = { .kind = PROCESS_AUDIT, .place = &at, .n = 1 };
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(privileges_wrong(&t));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- who has started others ---- */

/* What ends with its parent does so when that is confined, too: the kernel sends the signal in its name. */
START_TEST(what_ends_with_its_parent_ends)
{
	const struct typed t = { .kind = PROCESS_CALLER, .parent = true };
	struct krux_err err;
	int held[2], status;
	char byte;
	pid_t pid;

	ck_assert(!pipe2(held, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		int ready[2];

		if (pipe2(ready, O_CLOEXEC))
			_exit(1);
		if (!fork()) {
			close(held[0]);
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) || write(ready[1], "", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		close(held[1]);
		_exit(read(ready[0], &byte, 1) != 1 || typed_confine(&t, &err));
	}
	close(held[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(held[0], &byte, 1), 0);     /* nobody holds it any more */
	close(held[0]);
}
END_TEST

/* ---- kernels without ---- */

static void call_take_away(int nr)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert(f && !seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), nr, 0) && !seccomp_load(f));
	seccomp_release(f);
}

/* It goes on with what is left. */
START_TEST(what_the_kernel_lacks_it_does_without)
{
	const struct typed t = { .kind = PROCESS_CALLER };
	const struct forbidden *listen = &forbidden[6], *run = &forbidden[8];
	const bool landlock = landlock_abi() >= 2;

	call_take_away(_i ? SCMP_SYS(seccomp) : SCMP_SYS(landlock_create_ruleset));
	ck_assert_int_eq(confined(&t, file_write, "/dev/null"), _i && landlock ? EACCES : 0);
	ck_assert_int_eq(confined(&t, call, run), _i ? EFAULT : ENOSYS);
	ck_assert_int_eq(confined(&t, call, listen), _i ? ENOTSOCK : ENOSYS);
}
END_TEST

static TCase *cases(const char *name, void (*begin)(void))
{
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, begin, teardown);
	tcase_add_loop_test(c, other_system_calls_are_answered, 0, FORBIDDEN);
	tcase_add_test(c, a_witness_makes_sockets_of_the_internet_alone);
	tcase_add_test(c, places_are_the_rows_of_the_table);
	tcase_add_test(c, nothing_is_opened_without_a_place);
	tcase_add_test(c, what_has_no_rule_is_left_out);
	tcase_add_test(c, what_will_be_made_has_the_folder_around_it);
	tcase_add_test(c, code_is_mapped_where_bundles_are_run);
	tcase_add_test(c, a_witness_connects_to_its_ports_alone);
	tcase_add_test(c, privileges_are_those_of_the_row);
	tcase_add_test(c, what_ends_with_its_parent_ends);
	tcase_add_loop_test(c, what_the_kernel_lacks_it_does_without, 0, 2);
	return c;
}

int main(void)
{
	Suite *s = suite_create("typed");
	SRunner *r;
	int failed;

	suite_add_tcase(s, cases("as it is", setup));
	suite_add_tcase(s, cases("as a user", setup_user));
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
