/* What each process of the daemon may still do once it is confined: every other attempt fails or
 * ends them, as root and as an ordinary user. */
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/sandbox/process.h"
#include "capspec/rights.h"
#include "tests/unit/attempt.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UID = 60870 };
enum { G = 1 << PROCESS_GATE, R = 1 << PROCESS_RECORDER, S = 1 << PROCESS_SPAWNER, H = 1 << PROCESS_HANDLER | 1 << PROCESS_WEB,
       E = 1 << PROCESS_EGRESS,
       N = 1 << PROCESS_RESOLVER, INSIDE = G | R | S | H, ALL = INSIDE | E | N };


/* What a confined process does; exits with the number that it returns. */
typedef int attempt_fn(const void *arg);

static struct landlock_grant grant[1];
static size_t ngrants;

/* The wait status of a process of this kind that does this. */
static int confined(enum process_kind kind, attempt_fn *attempt, const void *arg)
{
	struct krux_err err;
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (process_begin(kind, UID, UID, &err) || process_confine(kind, grant, ngrants, &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(250);
		}
		_exit(attempt(arg));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 250, "could not be confined");
	return status;
}

static int returned(enum process_kind kind, attempt_fn *attempt, const void *arg)
{
	int status = confined(kind, attempt, arg);

	ck_assert_msg(WIFEXITED(status), "%s: signal %d", process_word(kind), WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void setup(void)
{
	ngrants = 0;
}

/* ---- system calls ---- */

struct forbidden {
	const char *name;
	unsigned kinds;                /* 1 << enum process_kind */
	long nr;
	long arg[6];
};

static const struct forbidden forbidden[] = {
	{ "socket", INSIDE, SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "a Unix socket", INSIDE | E, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "netlink", INSIDE | E, SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "packets", ALL, SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "to a virtual machine's host", ALL, SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } },
	{ "algorithms of the kernel", ALL, SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 } },
	{ "a pair of Unix sockets", G | R | N, SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "a pair of other sockets", ALL, SYS_socketpair, { AF_TIPC, SOCK_STREAM, 0 } },
	{ "connect", INSIDE, SYS_connect, { 0 } },
	{ "bind", ALL, SYS_bind, { 0 } },
	{ "listen", ALL, SYS_listen, { 0 } },
	{ "accept4", ALL & ~G, SYS_accept4, { 0 } },
	{ "execve", ALL, SYS_execve, { 0 } },
	{ "execveat", ALL, SYS_execveat, { 0 } },
	{ "fork", G | R | S | E, SYS_clone, { SIGCHLD } },
	{ "a namespace with a thread", R | S | E, SYS_clone, { CLONE_THREAD | CLONE_NEWUSER } },
	{ "a namespace with a process", N, SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "clone3", G | S | E, SYS_clone3, { 0 } },
	{ "ptrace", ALL, SYS_ptrace, { PTRACE_TRACEME } },
	{ "process_vm_readv", ALL, SYS_process_vm_readv, { 1 } },
	{ "process_vm_writev", ALL, SYS_process_vm_writev, { 1 } },
	{ "pidfd_getfd", ALL, SYS_pidfd_getfd, { 0 } },
	{ "kill", ALL & ~H, SYS_kill, { 1, 0 } },
	{ "pidfd_send_signal", ALL, SYS_pidfd_send_signal, { 0 } },
	{ "wait4", ALL & ~H, SYS_wait4, { 0 } },
	{ "seccomp", ALL & ~H, SYS_seccomp, { 0 } },
	{ "unshare", ALL & ~H, SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", ALL, SYS_setns, { 0 } },
	{ "mount", ALL & ~H, SYS_mount, { 0 } },
	{ "chroot", ALL, SYS_chroot, { 0 } },
	{ "chdir", ALL & ~H, SYS_chdir, { 0 } },
#if !SANITIZED
	{ "openat", E, SYS_openat, { AT_FDCWD, (long)"/etc/hosts", O_RDONLY } },
#endif
	{ "name_to_handle_at", ALL, SYS_name_to_handle_at, { 0 } },
	{ "open_by_handle_at", ALL, SYS_open_by_handle_at, { 0 } },
	{ "setresuid", ALL & ~H, SYS_setresuid, { 0 } },
	{ "capset", ALL & ~H, SYS_capset, { 0 } },
	{ "prctl", ALL & ~H, SYS_prctl, { PR_SET_DUMPABLE, 1 } },
	{ "prlimit64", ALL & ~H, SYS_prlimit64, { 0 } },
	{ "bpf", ALL, SYS_bpf, { 0 } },
	{ "perf_event_open", ALL, SYS_perf_event_open, { 0 } },
	{ "userfaultfd", ALL, SYS_userfaultfd, { 0 } },
	{ "io_uring_setup", ALL, SYS_io_uring_setup, { 1 } },
	{ "keyctl", ALL, SYS_keyctl, { 0 } },
	{ "finit_module", ALL, SYS_finit_module, { 0 } },
	{ "kexec_load", ALL, SYS_kexec_load, { 0 } },
	{ "reboot", ALL, SYS_reboot, { 0 } },
	{ "clock_settime", ALL, SYS_clock_settime, { 0 } },
	{ "ioctl", ALL, SYS_ioctl, { 0, 0x5412 } },
	{ "personality", ALL, SYS_personality, { 0 } },
	{ "mknodat", ALL, SYS_mknodat, { 0 } },
	{ "symlinkat", ALL, SYS_symlinkat, { 0 } },
	{ "fchown", ALL, SYS_fchown, { 0 } },
	{ "unlinkat", G | S | E | N, SYS_unlinkat, { 0 } },
	{ "renameat2", G | S | E | N, SYS_renameat2, { 0 } },
	{ "mkdirat", G | E | N, SYS_mkdirat, { 0 } },
	{ "statfs", ALL & ~H, SYS_statfs, { 0 } },
	{ "pwrite64", ALL & ~R, SYS_pwrite64, { 0 } },
	{ "shmget", ALL, SYS_shmget, { 0 } },
	{ "executable memory", ALL, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "memory made executable", ALL, SYS_mprotect, { 0, 4096, PROT_EXEC } },
	{ "memory made executable with a key", ALL, SYS_pkey_mprotect, { 0, 4096, PROT_EXEC, -1 } },
	{ "a number beyond all", ALL, 100000, { 0 } },
#ifdef __x86_64__
	{ "x32", ALL, SYS_getpid | 0x40000000, { 0 } },
	{ "arch_prctl", ALL, SYS_arch_prctl, { 0 } },
	{ "modify_ldt", ALL, SYS_modify_ldt, { 0 } },
	{ "iopl", ALL, SYS_iopl, { 3 } },
#endif
};
enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

static int call(const void *arg)
{
	const struct forbidden *f = arg;

	syscall(f->nr, f->arg[0], f->arg[1], f->arg[2], f->arg[3], f->arg[4], f->arg[5]);
	return 0;
}

/* Sanitizers need some of them. */
static bool sanitized_needs(long nr)
{
	return SANITIZED && (nr == SYS_prctl || nr == SYS_prlimit64 || nr == SYS_kill);
}

START_TEST(other_system_calls_end_it)
{
	const struct forbidden *f = &forbidden[_i];

	for (int kind = 0; kind < PROCESS_KINDS; kind++) {
		int status;

		if (!(f->kinds >> kind & 1) || sanitized_needs(f->nr))
			continue;
		status = confined(kind, call, f);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s in the %s: status %x",
		              f->name, process_word(kind), status);
	}
}
END_TEST

#if defined(__x86_64__) && !SANITIZED
static int old_abi(const void *arg)
{
	long r = 20;                   /* getpid of i386 */

	(void)arg;
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return 0;
}

START_TEST(calls_of_another_architecture_end_it)
{
	for (int kind = 0; kind < PROCESS_KINDS; kind++) {
		int status = confined(kind, old_abi, NULL);

		ck_assert(WIFSIGNALED(status));
	}
}
END_TEST
#endif

/* ---- files ---- */

static int open_one(const void *path)
{
	return open(path, O_RDONLY) < 0 ? errno : 0;
}

static int open_beneath(const void *name)
{
	return file_open(grant[0].fd, name, O_RDONLY, 0, NULL) < 0 ? errno : 0;
}

static int create_beneath(const void *name)
{
	return file_open(grant[0].fd, name, O_WRONLY | O_CREAT, 0600, NULL) < 0 ? errno : 0;
}

#if !SANITIZED                     /* which reads files of its own */
START_TEST(the_gate_opens_nothing)
{
	ck_assert_int_eq(returned(PROCESS_GATE, open_one, "/dev/null"), EACCES);
	ck_assert_int_eq(returned(PROCESS_GATE, open_one, "/etc/passwd"), EACCES);
	ck_assert_int_eq(returned(PROCESS_GATE, open_one, "/proc/self/mem"), EACCES);
	grant[0] = (struct landlock_grant){ open("/etc", O_PATH | O_DIRECTORY), RIGHT_READ_FILES };
	ck_assert_int_eq(returned(PROCESS_GATE, open_beneath, "passwd"), EACCES);
}
END_TEST
#endif

START_TEST(the_recorder_opens_beneath_its_folders_alone)
{
	char path[] = "/tmp/krux-process-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(path));
	if (!geteuid())
		ck_assert(!chown(path, UID, UID));
	grant[0] = (struct landlock_grant){ open(path, O_RDONLY | O_DIRECTORY),
		RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES };
	ngrants = 1;
	ck_assert_int_eq(returned(PROCESS_RECORDER, create_beneath, "made"), 0);
	ck_assert_int_eq(returned(PROCESS_RECORDER, open_beneath, "made"), 0);
	ck_assert_int_eq(returned(PROCESS_RECORDER, open_one, "/etc/passwd"), EACCES);
	ck_assert_int_eq(returned(PROCESS_RECORDER, open_one, "/dev/null"), EACCES);
	grant[0].rights = RIGHT_READ_FILES;
	ck_assert_int_eq(returned(PROCESS_RECORDER, open_beneath, "made"), 0);
	ck_assert_int_eq(returned(PROCESS_RECORDER, create_beneath, "other"), EACCES);
	ck_assert(!unlinkat(grant[0].fd, "made", 0) && !rmdir(path));
	close(grant[0].fd);
}
END_TEST

/* Workspaces lie anywhere, so folders can be opened, and nothing in them. */
START_TEST(the_spawner_opens_folders_alone)
{
	char path[] = "/tmp/krux-process-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(path));
	grant[0] = (struct landlock_grant){ open("/", O_PATH | O_DIRECTORY), RIGHT_READ_FOLDERS };
	ngrants = 1;
	ck_assert_int_eq(returned(PROCESS_SPAWNER, open_one, path), 0);
	ck_assert_int_eq(returned(PROCESS_SPAWNER, open_one, "/etc/passwd"), EACCES);
	ck_assert_int_eq(returned(PROCESS_SPAWNER, open_one, "/dev/null"), EACCES);
	close(grant[0].fd);
	grant[0].fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(returned(PROCESS_SPAWNER, create_beneath, "made"), EACCES);
	close(grant[0].fd);
	ck_assert(!rmdir(path));
}
END_TEST

/* ---- privileges ---- */

static int privileges(const void *arg)
{
	unsigned wrong = 0;

	(void)arg;
	wrong |= geteuid() != UID ? 1 : 0;
	wrong |= getegid() != UID ? 2 : 0;
	/* Through the file: a confined process may not ask. */
	return (int)wrong;
}

static int state_of(enum process_kind kind, const char *field, char *value, size_t n)
{
	struct krux_err err;
	char line[256];
	FILE *f;
	size_t len = strlen(field);

	if (process_begin(kind, UID, UID, &err) || !(f = fopen("/proc/thread-self/status", "r")))
		return -1;
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, field, len) && line[len] == ':') {
			snprintf(value, n, "%s", line + len + 2);
			fclose(f);
			return 0;
		}
	fclose(f);
	return -1;
}

static void field_check(enum process_kind kind, const char *field, const char *want)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		char got[256] = "";

		if (state_of(kind, field, got, sizeof got) || strncmp(got, want, strlen(want)) != 0) {
			fprintf(stderr, "%s %s: %s", process_word(kind), field, got);
			_exit(1);
		}
		_exit(prctl(PR_GET_DUMPABLE) ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s in the %s", field, process_word(kind));
}

START_TEST(privileges_are_gone)
{
	bool root = !geteuid();

	for (int kind = 0; kind < PROCESS_KINDS; kind++) {
		/* dac_override, dac_read_search; and sys_admin, setuid, setgid, setfcap, chown, fowner, kill; and net_admin */
		const char *keeps = root && kind == PROCESS_SPAWNER ? "0000000000000006" :
			root && kind == PROCESS_HANDLER ? "00000000802010ef" :
			root && kind == PROCESS_WEB ? "00000000802000ef" : "0000000000000000";

		field_check(kind, "NoNewPrivs", "1");
		field_check(kind, "CapInh", "0000000000000000");
		field_check(kind, "CapAmb", "0000000000000000");
		field_check(kind, "CapPrm", keeps);
		field_check(kind, "CapEff", keeps);
		if (root)
			field_check(kind, "CapBnd", keeps);
		field_check(kind, "Groups", root ? " \n" : "");
	}
	if (root)
		ck_assert_int_eq(returned(PROCESS_GATE, privileges, NULL) | returned(PROCESS_RECORDER, privileges, NULL), 0);
}
END_TEST

static int core_limit(enum process_kind kind)
{
	struct krux_err err;
	struct rlimit r;

	if (process_begin(kind, UID, UID, &err) || getrlimit(RLIMIT_CORE, &r))
		return 1;
	return r.rlim_cur || r.rlim_max;
}

START_TEST(there_are_no_core_files)
{
	for (int kind = 0; kind < PROCESS_KINDS; kind++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			_exit(core_limit(kind));
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

static int reads_memory(const void *arg)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/mem", *(const int *)arg);
	return open(path, O_RDONLY) >= 0;
}

/* Of two processes with the same uid, neither reads the other's memory. */
START_TEST(the_memory_of_one_is_closed_to_the_others)
{
	struct krux_err err;
	int ready[2], go[2], status;
	pid_t other;
	char byte;

	ck_assert(!pipe(ready) && !pipe(go));
	other = fork();
	if (!other) {
		close(go[1]);
		_exit(process_begin(PROCESS_RECORDER, UID, UID, &err) || write(ready[1], "", 1) != 1 ||
		      read(go[0], &byte, 1) < 0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	{
		pid_t pid = fork();

		if (!pid)
			_exit(process_begin(PROCESS_GATE, UID, UID, &err) || reads_memory(&other) ? 1 : 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	close(go[1]);
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- what has to go on working ---- */

static bool all_on(struct handler_call *c)
{
	return answer(c, 0);
}

static bool renames_open(struct handler_call *c)
{
	int fd;

	if (mkdirat(c->workspace, "folder", 0755))
		return false;
	fd = openat(c->workspace, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return false;
	c->grant[c->ngrants].fd = fd;
	c->grant[c->ngrants++].rights = RIGHT_NAMES;
	c->fd = fd;
	return true;
}

/* As new content gets its place: from another folder. */
static bool renames(struct handler_call *c)
{
	return result(c, renameat(c->fd, "inside", c->fd, "folder/inside"));
}

static int renames_between_folders(const void *arg)
{
	(void)arg;
	attempt_run(renames_open, renames, CALLS_CHANGE, second * 10);
	return (int)attempt_answer();
}

static int runs_a_call(const void *arg)
{
	(void)arg;
	attempt_run(pass, all_on, 0, second * 10);
	return attempt_end.report.layers == (((1U << LAYER_COUNT) - 1) & ~(1U << LAYER_IDMAPPED | 1U << LAYER_NFTABLES)) && !attempt_end.report.failed ? 0 : 1;
}

START_TEST(a_call_can_still_be_confined)
{
	if (!attempt_setup(_i))
		return;
	ck_assert_int_eq(returned(PROCESS_HANDLER, runs_a_call, NULL), 0);
	ck_assert_int_eq(returned(PROCESS_HANDLER, renames_between_folders, NULL), 0);
	attempt_teardown();
}
END_TEST

/* ---- a handlers' process whose commands connect ---- */

struct socket_try { int family, type, protocol, want; };

static int socket_try(const void *arg)
{
	const struct socket_try *t = arg;

	return socket(t->family, t->type, t->protocol) < 0 ? errno : 0;
}

/* In a network that is its own, as root: nothing is up there, and nothing is but the loopback. */
static int reaches(const void *arg)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)arg;
	return connect(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&to, sizeof to) ? errno : 0;
}

static int power_over_networks(const void *arg)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } data[2];

	(void)arg;
	return syscall(SYS_capget, &head, data) ? 255 : (int)((data[0].effective | data[0].permitted) >> 12 & 1);
}

static int with_commands(bool connect, attempt_fn *attempt, const void *arg)
{
	struct krux_err err;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(process_begin(PROCESS_HANDLER, UID, UID, &err) || process_confine_commands(connect, &err) ? 250 : attempt(arg));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(sockets_are_for_commands_that_connect)
{
	static const struct socket_try tries[] = {
		{ AF_INET, SOCK_STREAM, 0, 0 }, { AF_NETLINK, SOCK_RAW, 12, 0 }, { AF_INET6, SOCK_STREAM, 0, ENOSYS },
		{ AF_UNIX, SOCK_STREAM, 0, ENOSYS }, { AF_PACKET, SOCK_RAW, 0, ENOSYS }, { AF_VSOCK, SOCK_STREAM, 0, ENOSYS },
	};

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		ck_assert_int_eq(with_commands(true, socket_try, &tries[i]), tries[i].want);
		ck_assert_int_eq(with_commands(false, socket_try, &tries[i]), ENOSYS);
	}
	if (!geteuid())
		ck_assert_int_eq(with_commands(true, reaches, NULL), ENETUNREACH);
	ck_assert_int_eq(with_commands(true, power_over_networks, NULL), !geteuid());
	ck_assert_int_eq(with_commands(false, power_over_networks, NULL), 0);
}
END_TEST

static int talks(const void *arg)
{
	const int *pair = arg;
	char byte;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (p == MAP_FAILED || file < 0 || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK))
		return 1;
	return write(pair[1], "a", 1) != 1 || read(pair[0], &byte, 1) != 1;
}

START_TEST(all_can_talk)
{
	int pair[2];

	ck_assert(!pipe(pair));
	for (int kind = 0; kind < PROCESS_EGRESS; kind++)
		ck_assert_int_eq(returned(kind, talks, pair), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* Nobody listens there; that it is refused by who is asked says that it was asked. */
static int connects(const void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)arg;
	return fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof a) ? 1 : errno;
}

static int makes_packets(const void *arg)
{
	(void)arg;
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) < 0 ? errno : 0;
}

START_TEST(egress_and_its_resolver_connect)
{
	ck_assert_int_eq(returned(PROCESS_EGRESS, connects, NULL), ECONNREFUSED);
	ck_assert_int_eq(returned(PROCESS_RESOLVER, connects, NULL), ECONNREFUSED);
	ck_assert_int_eq(returned(PROCESS_EGRESS, makes_packets, NULL), EPERM);
	ck_assert_int_eq(returned(PROCESS_RESOLVER, makes_packets, NULL), EPERM);
}
END_TEST

START_TEST(the_resolver_reads_its_folder_alone)
{
	grant[0] = (struct landlock_grant){ open("/etc", O_PATH | O_DIRECTORY), RIGHT_READ_FILES };
	ngrants = 1;
	ck_assert_int_eq(returned(PROCESS_RESOLVER, open_one, "/etc/passwd"), 0);
	ck_assert_int_eq(returned(PROCESS_RESOLVER, open_one, "/dev/null"), EACCES);
	ck_assert_int_eq(returned(PROCESS_RESOLVER, open_one, "/proc/self/maps"), EACCES);
	close(grant[0].fd);
}
END_TEST

START_TEST(grants_are_the_rows_of_the_table)
{
	for (int kind = 0; kind < PROCESS_ROWS; kind++) {
		struct landlock_grant out[PROCESS_PLACES];
		int at[PROCESS_PLACES];
		size_t n, rows = 0;

		for (int i = 0; i < PROCESS_PLACES; i++)
			at[i] = i % 2 ? -1 : 100 + i;
		n = process_grants((enum process_kind)kind, at, out);
		for (int i = 0; i < PROCESS_PLACES; i++)
			if ((int)process_places[i].kind == kind && at[i] >= 0) {
				ck_assert_uint_lt(rows, n);
				ck_assert(out[rows].fd == at[i] && out[rows].rights == process_places[i].rights);
				rows++;
			}
		ck_assert_uint_eq(rows, n);
	}
}
END_TEST

static void become_user(void)
{
	if (!geteuid())
		ck_assert(!setresgid(65533, 65533, 65533) && !setresuid(65533, 65533, 65533));
	setup();
}

static TCase *cases(const char *name, void (*begin)(void))
{
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_loop_test(c, other_system_calls_end_it, 0, FORBIDDEN);
#if defined(__x86_64__) && !SANITIZED
	tcase_add_test(c, calls_of_another_architecture_end_it);
#endif
#if !SANITIZED
	tcase_add_test(c, the_gate_opens_nothing);
#endif
	tcase_add_test(c, the_recorder_opens_beneath_its_folders_alone);
	tcase_add_test(c, the_spawner_opens_folders_alone);
	tcase_add_test(c, privileges_are_gone);
	tcase_add_test(c, there_are_no_core_files);
	tcase_add_test(c, the_memory_of_one_is_closed_to_the_others);
	tcase_add_test(c, all_can_talk);
	tcase_add_test(c, egress_and_its_resolver_connect);
	tcase_add_test(c, the_resolver_reads_its_folder_alone);
	tcase_add_test(c, grants_are_the_rows_of_the_table);
	return c;
}

int main(void)
{
	Suite *s = suite_create("process");
	TCase *c = tcase_create("calls");
	SRunner *r;
	int failed;

	suite_add_tcase(s, cases("root", setup));
	suite_add_tcase(s, cases("user", become_user));
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, sockets_are_for_commands_that_connect);
	tcase_add_loop_test(c, a_call_can_still_be_confined, 0, WAYS);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
