/* What a program tries that is one agent's among others': of their processes and the owner's, with files of the workspace, out of
 * its mount, and with what the kernel counts. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/program.h"

/* ---- of others, whose number outside is the argument ---- */

static pid_t other(void)
{
	return (pid_t)strtol(arg, NULL, 10);
}

static int hit(void)
{
	return result(kill(other(), SIGUSR1));
}

/* Where there is anybody but the first process and itself. */
static int hit_all(void)
{
	return result(kill(-1, SIGUSR1));
}

static int trace(void)
{
	return result(ptrace(PTRACE_SEIZE, other(), NULL, NULL));
}

static int memory(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return result(process_vm_readv(other(), &here, 1, &there, 1, 0));
}

static int priority(void)
{
	return result(setpriority(PRIO_PROCESS, (id_t)other(), 19));
}

static int priority_of_user(void)
{
	return result(setpriority(PRIO_USER, (id_t)other(), 19));
}

static int limit(void)
{
	return result(prlimit(other(), RLIMIT_NOFILE, &(const struct rlimit){ 8, 8 }, NULL));
}

static int affinity(void)
{
	const unsigned long first = 1;

	return result(syscall(SYS_sched_setaffinity, other(), sizeof first, &first));
}

/* ---- who it is ---- */

static int is_uid(void)
{
	const uid_t uid = (uid_t)strtoul(arg, NULL, 10);

	return getuid() == uid && geteuid() == uid && getgid() == uid && getegid() == uid && !getgroups(0, NULL) ? 0 : EPERM;
}

/* What it is as a program that is root's and set-user-ID. */
static int is_root(void)
{
	return geteuid() && getegid() ? EPERM : 0;
}

static int execute_as_root(void)
{
	char *const argv[] = { (char[]){ "program" }, (char[]){ "is-root" }, NULL }, *const none[] = { NULL };

	execve(arg, argv, none);
	return errno;
}

static int hold(void)
{
	sleep((unsigned)strtoul(arg, NULL, 10));
	return 0;
}

/* ---- files of the workspace: seen from outside ---- */

static int makes(void)
{
	int fd = open("/workspace/made-755", O_WRONLY | O_CREAT | O_EXCL, 0755);

	if (fd < 0 || close(fd) || mkdir("/workspace/made-700", 0700) || (fd = open("/workspace/made-700/600", O_WRONLY | O_CREAT | O_EXCL, 0600)) < 0)
		return errno;
	return result(symlink("600", "/workspace/made-700/link"));
}

static int without_name(void)
{
	int fd = open("/workspace", O_TMPFILE | O_RDWR, 0644);
	char path[32];

	if (fd < 0 || write(fd, "x", 1) != 1)
		return errno;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return result(linkat(AT_FDCWD, path, AT_FDCWD, "/workspace/made-named", AT_SYMLINK_FOLLOW));
}

static int link_to(void)
{
	return result(link(arg, "/workspace/made-link"));
}

static int move_to(void)
{
	return result(rename(arg, "/workspace/made-moved"));
}

static int become_setuid(void)
{
	int fd = open("/workspace/made-suid", O_WRONLY | O_CREAT, 0755);

	return fd < 0 ? errno : result(fchmod(fd, 06755));
}

/* The argument is "PATH UID". */
static int give(void)
{
	char path[200] = "";
	unsigned uid = 0;

	sscanf(arg, "%199s %u", path, &uid);
	return result(chown(path, uid, uid));
}

/* ---- out of the workspace's mount: the argument is a name that lies beside the workspace on the host ---- */

static int above(void)
{
	struct open_how how = { .flags = O_PATH };
	int fd = open("/workspace", O_RDONLY | O_DIRECTORY);
	char path[256];

	snprintf(path, sizeof path, "../%s", arg);
	if (fd < 0 || syscall(SYS_openat2, fd, path, &how, sizeof how) >= 0)
		return 0;
	if (fchdir(fd) || chdir(".."))
		return errno;
	snprintf(path, sizeof path, "./%s", arg);
	return result(open(path, O_PATH));
}

static int by_handle(void)
{
	struct { struct file_handle h; unsigned char bytes[128]; } f = { .h.handle_bytes = 128 };
	int mount, fd = open("/workspace", O_RDONLY | O_DIRECTORY);

	if (name_to_handle_at(fd, "", &f.h, &mount, AT_EMPTY_PATH))
		return errno;
	return result(open_by_handle_at(fd, &f.h, O_RDONLY));
}

/* In older headers they are missing: Linux 6.8. */
enum { STATMOUNT = 457, LISTMOUNT = 458 };

static int mounts_listed(void)
{
	uint64_t ask[3] = { 24, UINT64_MAX, 0 }, found[16];

	return result(syscall(LISTMOUNT, ask, found, 16, 0));
}

static int mount_told(void)
{
	uint64_t ask[3] = { 24, 1, 1 }, told[64];

	return syscall(STATMOUNT, ask, told, sizeof told, 0) < 0 && errno != ENOENT ? errno : 0;
}

static int tree_opened(void)
{
	return result(syscall(SYS_open_tree, AT_FDCWD, "/workspace", 1));
}

/* ---- counts: as much as there is, kept for some seconds, which are the argument ---- */

/* In each of as many processes as there may be. */
static int used_up(void (*use)(void))
{
	int pair[2], n = 0;
	char c;

	if (pipe(pair))
		return errno;
	for (;; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid)
			continue;
		use();
		(void)!write(pair[1], "x", 1);
		for (;;)
			pause();
	}
	use();
	for (int i = 0; i < n; i++)
		if (read(pair[0], &c, 1) != 1)
			return errno;
	return hold();
}

static void nothing(void)
{
}

static void watches(void)
{
	while (inotify_init1(0) >= 0)
		;
}

static void timers(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	int id;

	while (!syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id))
		;
}

static int all_processes(void)
{
	return used_up(nothing);
}

static int all_watches(void)
{
	return used_up(watches);
}

static int all_timers(void)
{
	return used_up(timers);
}

/* One of each is to be had. */
static int has_watch(void)
{
	return result(inotify_init1(0));
}

static int has_timer(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	int id;

	return result(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
}

const struct attempt_made attempts_of_agents[] = {
	{ "hit", hit }, { "hit-all", hit_all }, { "trace", trace }, { "memory", memory }, { "priority", priority },
	{ "priority-of-user", priority_of_user }, { "limit", limit }, { "affinity", affinity }, { "is-uid", is_uid },
	{ "is-root", is_root }, { "execute-as-root", execute_as_root }, { "hold", hold }, { "makes", makes },
	{ "without-name", without_name }, { "link", link_to }, { "move", move_to }, { "become-setuid", become_setuid },
	{ "give", give }, { "above", above }, { "by-handle", by_handle }, { "mounts-listed", mounts_listed },
	{ "mount-told", mount_told }, { "tree-opened", tree_opened }, { "all-processes", all_processes },
	{ "all-watches", all_watches }, { "all-timers", all_timers }, { "has-watch", has_watch }, { "has-timer", has_timer }, { NULL, NULL },
};
