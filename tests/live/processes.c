/* Processes: others, more than one, and more of everything than the limits give. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Set in a child, read outside. */
static volatile pid_t *survivor;

static long hit(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(kill(victim, SIGUSR1));
}

static long hit_thread(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(syscall(SYS_tgkill, victim, victim, SIGUSR1));
}

static long hit_by_descriptor(struct handler_call *c, const void *arg)
{
	int fd = (int)syscall(SYS_pidfd_open, victim, 0);

	(void)c, (void)arg;
	return fd < 0 ? errno : result_of(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
}

static long hit_group(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(kill(0, SIGUSR1));
}

static long hit_all(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(kill(-1, SIGUSR1));
}

static long attach(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(ptrace(PTRACE_SEIZE, victim, NULL, NULL));
}

static long is_secret(const char *text, ssize_t n)
{
	return n < 0 ? errno : n >= 6 && !memcmp(text, "secret", 6) ? 0 : EBADMSG;
}

static long memory_of(struct handler_call *c, const void *arg)
{
	char text[8] = "";
	struct iovec here = { text, 6 }, there = { victim_secret, 6 };

	(void)c, (void)arg;
	return is_secret(text, process_vm_readv(victim, &here, 1, &there, 1, 0));
}

static long memory_file_of(struct handler_call *c, const void *arg)
{
	char text[64];
	int fd;

	(void)c, (void)arg;
	snprintf(text, sizeof text, "/proc/%d/mem", victim);
	fd = openat(AT_FDCWD, text, O_RDONLY);
	return fd < 0 ? errno : is_secret(text, pread(fd, text, 6, (off_t)(uintptr_t)victim_secret));
}

static long descriptor_of(struct handler_call *c, const void *arg)
{
	int fd = (int)syscall(SYS_pidfd_open, victim, 0);

	(void)c, (void)arg;
	return fd < 0 ? errno : result_of(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

/* What is seen of the victim itself, which the next attempt has anew where it was changed. */
static long priority_of(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(setpriority(PRIO_PROCESS, (id_t)victim, 1));
}

static bool priority_was_changed(void)
{
	bool was = getpriority(PRIO_PROCESS, (id_t)victim) != 0;

	if (was)
		victim_renew();
	return was;
}

static long limits_of(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(prlimit(victim, RLIMIT_CORE, &(const struct rlimit){ 0, 0 }, NULL));
}

static bool limits_were_changed(void)
{
	char path[64], line[256];
	bool was = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/limits", victim);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		was |= !strncmp(line, "Max core file size", 18) && !strstr(line, "unlimited");
	if (f)
		fclose(f);
	if (was)
		victim_renew();
	return was;
}

/* Those that it has. */
static long processors_of(struct handler_call *c, const void *arg)
{
	cpu_set_t set;

	(void)c, (void)arg;
	return sched_getaffinity(0, sizeof set, &set) || sched_setaffinity(victim, sizeof set, &set) ? errno : 0;
}

/* Ptrace is refused by Yama where it is told to, whoever asks. */
static bool ptrace_is_open(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int n = 0;

	if (f) {
		if (fscanf(f, "%d", &n) != 1)
			n = 0;
		fclose(f);
	}
	return !n || cannot("kernel.yama.ptrace_scope is %d", n);
}

/* ---- more than one ---- */

static long bomb(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno;
		if (!pid)
			for (;;)
				pause();
	}
	return 0;
}

static long survive(struct handler_call *c, const void *arg)
{
	pid_t pid;

	(void)c, (void)arg;
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		setsid();
		for (;;)
			pause();
	}
	*survivor = pid;
	return 0;
}

static bool survivor_begins(void)
{
	if (!survivor) {
		survivor = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (survivor == MAP_FAILED)
			abort();
	}
	*survivor = 0;
	return true;
}

/* In a pid namespace of its own it has number 2. */
static bool survives(void)
{
	return *survivor > 2 && !kill(*survivor, SIGKILL);
}

/* ---- more than the limits ---- */

/* Than its group has too, which is 16 MiB more than the process. */
enum { MORE_MIB = 48 };

static long private_memory(struct handler_call *c, const void *arg)
{
	(void)c;
	for (int mib = 0; mib < MORE_MIB; mib++) {
		void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, *(const int *)arg | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return errno;
		memset(p, 1, 1 << 20);
	}
	return 0;
}
static const int is_private = MAP_PRIVATE, is_shared = MAP_SHARED;

static long heap(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	for (int mib = 0; mib < MORE_MIB; mib++) {
		void *p = sbrk(1 << 20);

		if (p == (void *)-1)
			return errno;
		memset(p, 1, 1 << 20);
	}
	return 0;
}

static long stack(struct handler_call *c, const void *arg)
{
	volatile char page[65536];

	page[0] = page[65535] = 1;
	return *(const int *)arg == 0 ? 0 : stack(c, &(const int){ *(const int *)arg - 1 }) + (page[0] - 1);
}
static const int stack_pages = 1600;   /* of 64 KiB */

static long spin(struct handler_call *c, const void *arg)
{
	struct timespec t;

	(void)c, (void)arg;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec < 6);
	return 0;
}

static long sleep_on(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &(const struct timespec){ 60, 0 }, NULL);
}

static long open_more(struct handler_call *c, const void *arg)
{
	(void)arg;
	for (int i = 0; i < 64; i++)
		if (openat(c->fd, "inside", O_RDONLY) < 0)
			return errno;
	return 0;
}

static long large_file(struct handler_call *c, const void *arg)
{
	static char block[65536];
	int fd = openat(c->fd, "large", O_WRONLY | O_CREAT, 0600);

	(void)arg;
	if (fd < 0)
		return errno;
	for (int i = 0; i < 32; i++)
		if (write(fd, block, sizeof block) != sizeof block)
			return errno;
	return 0;
}

/* Each within the limit of a file. */
static long many_files(struct handler_call *c, const void *arg)
{
	static char block[65536];

	(void)arg;
	for (int i = 0; i < 4; i++) {
		const char name[] = { 'f', (char)('0' + i), '\0' };
		int fd = openat(c->fd, name, O_WRONLY | O_CREAT, 0600);

		if (fd < 0)
			return errno;
		for (int n = 0; n < 8; n++)
			if (write(fd, block, sizeof block) != sizeof block)
				return errno;
		close(fd);
	}
	return 0;
}

static long crash(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	__builtin_trap();
}

static bool cores_are_files(void)
{
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "re");
	int first = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return (first != '|' && first != '/') || cannot("core files go elsewhere by kernel.core_pattern");
}

static bool left_a_core(void)
{
	glob_t g;
	bool found = !glob("core*", 0, NULL, &g) && g.gl_pathc;

	for (size_t i = 0; found && i < g.gl_pathc; i++)
		unlink(g.gl_pathv[i]);
	globfree(&g);
	return found;
}

static const char *groups_file;

static long join(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(openat(AT_FDCWD, groups_file, O_WRONLY));
}

static bool groups_are_there(void)
{
	static const char *const at[] = { "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs" };

	for (size_t i = 0; i < 2; i++)
		if (!access(at[i], F_OK)) {
			groups_file = at[i];
			return true;
		}
	return cannot("no control groups of version 2");
}

/* Of the same uid, where the call's is the owner's. */
#define OTHERS(more) EACH(ON(IDMAPPED) | ON(SECCOMP) | ON(NS_PID) | (more))
/* Who has fewer capabilities than root's processes changes nothing of how they run. */
#define SCHEDULED { ON(IDMAPPED) | ON(SECCOMP) | ON(NS_PID), ON(IDMAPPED) | ON(SECCOMP) | ON(NS_PID) | ON(PRIVILEGES), \
	            ON(SECCOMP) | ON(NS_PID) }
/* Of root's processes another of root's without capabilities reads nothing. */
#define TRACED(more) { ON(IDMAPPED) | (more) | LANDLOCKS | ON(NS_USER), ON(IDMAPPED) | (more) | LANDLOCKS | ON(NS_USER) | ON(PRIVILEGES), \
	               (more) | LANDLOCKS | ON(NS_USER) }

static const struct attempt list[] = {
	{ "signal to a process outside", hit, .seen = victim_was_hit, .hold = OTHERS(LANDLOCKS), .from = LANDLOCKS, .abi = 6 },
	{ "signal to a thread outside", hit_thread, .seen = victim_was_hit,
	  .hold = OTHERS(LANDLOCKS), .from = LANDLOCKS, .abi = 6 },
	{ "signal by a pidfd", hit_by_descriptor, .seen = victim_was_hit,
	  .hold = OTHERS(LANDLOCKS), .from = LANDLOCKS, .abi = 6 },
	{ "signal to its process group", hit_group, .seen = victim_was_hit, .hold = OTHERS(LANDLOCKS),
	  .from = LANDLOCKS, .abi = 6 },
	{ "signal to all", hit_all, .seen = victim_was_hit, .only_together = true },
	{ "ptrace", attach, NULL, ptrace_is_open, .hold = TRACED(ON(SECCOMP) | ON(NS_PID)) },
	{ "process_vm_readv", memory_of, NULL, ptrace_is_open, .hold = TRACED(ON(SECCOMP) | ON(NS_PID)) },
	{ "pidfd_getfd", descriptor_of, NULL, ptrace_is_open, .hold = TRACED(ON(SECCOMP) | ON(NS_PID)) },
	{ "memory of another in /proc", memory_file_of, NULL, ptrace_is_open, .hold = TRACED(ON(ROOT)) },
	{ "priority of a process outside", priority_of, .seen = priority_was_changed, .hold = SCHEDULED },
	{ "limits of a process outside", limits_of, .seen = limits_were_changed, .hold = OTHERS(0) },
	{ "processors of a process outside", processors_of, .hold = SCHEDULED },
	{ "fork bomb", bomb, .hold = EACH(ON(RLIMITS) | ON(SECCOMP) | ON_PIDS) },
	{ "process that outlives the call", survive, NULL, survivor_begins, .seen = survives,
	  .hold = EACH(ON(RLIMITS) | ON(SECCOMP) | ON(NS_PID) | ON_PIDS) },
	{ "private memory", private_memory, &is_private, .hold = EACH(ON(RLIMITS) | ON_MEMORY) },
	{ "shared memory", private_memory, &is_shared, .hold = EACH(ON(SECCOMP) | ON_MEMORY) },
	{ "heap", heap, .hold = EACH(ON(RLIMITS) | ON_MEMORY) },
	{ "stack", stack, &stack_pages, .hold = { 0 } },
	{ "spin", spin, .hold = EACH(ON(RLIMITS)), .ways = 1 << WAY_AGENT, .spins = true },
	{ "sleep past the deadline", sleep_on, .hold = { 0 }, .wall_ms = 5000 },
	{ "descriptors", open_more, .hold = EACH(ON(RLIMITS)) },
	{ "large file", large_file, .hold = EACH(ON(RLIMITS)) },
	{ "many files", many_files, .open = "a disk can be filled: a call's limit is that of one file" },
	/* Who becomes another uid, or maps itself, is not dumpable by that. */
	{ "core file", crash, NULL, cores_are_files, .seen = left_a_core, .ways = 1 << WAY_ROOT,
	  .hold = EACH(ON(IDMAPPED) | ON(RLIMITS) | ON(PRIVILEGES) | ON(ROOT) | LANDLOCKS) },
	{ "join another control group", join, NULL, groups_are_there, .hold = { 0, ON(IDMAPPED) | ON(ROOT) | LANDLOCKS, 0 } },
};
const struct attempt_list processes_list = { "processes", list, sizeof list / sizeof *list };
