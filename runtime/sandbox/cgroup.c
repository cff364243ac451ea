/* The kernel's own files to groups: where version 2 is mounted, /proc/self/mountinfo says; which group
 * is ours, /proc/self/cgroup. */
#include "runtime/sandbox/cgroup.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* In older headers it is missing: Linux 5.7. */
#define INTO_CGROUP 0x200000000ULL

static FILE *kernel_file(const char *path)
{
	return fopen(path, "re");
}

/* Mount point and root of the first mount of cgroup v2: "31 23 0:38 ROOT POINT ... - cgroup2 ...". */
static bool mount_find(char root[static PATH_MAX], char point[static PATH_MAX])
{
	FILE *f = kernel_file("/proc/self/mountinfo");
	CLEAN_FREE char *line = NULL;
	bool found = false;
	size_t cap = 0;

	while (f && !found && getline(&line, &cap, f) > 0)
		found = strstr(line, " - cgroup2 ") &&
			sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) == 2;
	if (f)
		fclose(f);
	return found;
}

static bool group_find(char group[static PATH_MAX])
{
	FILE *f = kernel_file("/proc/self/cgroup");
	CLEAN_FREE char *line = NULL;
	bool found = false;
	size_t cap = 0;

	while (f && !found && getline(&line, &cap, f) > 0)
		found = !strncmp(line, "0::", 3) && sscanf(line, "0::%4095[^\n]", group) == 1;
	if (f)
		fclose(f);
	return found;
}

/* Where this process was before it settled; -1: where it is. */
static int settled = -1;

int cgroup_own(struct krux_err *err)
{
	char root[PATH_MAX], point[PATH_MAX], group[PATH_MAX];
	CLEAN_FREE char *path = NULL;
	CLEAN_FD int fd = -1;
	size_t n;

	if (settled >= 0 && (fd = fcntl(settled, F_DUPFD_CLOEXEC, 3)) < 0)
		return err_set(err, errno, "cgroup v2");
	if (settled >= 0)
		return fd_keep(&fd);
	if (!mount_find(root, point) || !group_find(group))
		return err_set(err, 0, "cgroup v2 is not mounted");
	n = strcmp(root, "/") != 0 ? strlen(root) : 0;
	if (strncmp(root, group, n) != 0)
		return err_set(err, 0, "cgroup v2 is mounted without our own part of it");
	if (asprintf(&path, "%s%s", point, group + n) < 0)
		return err_set(err, ENOMEM, "cgroup v2");
	fd = file_folder(path, err);
	if (fd < 0)
		return err_wrap(err, "cgroup v2");
	if (faccessat(fd, ".", W_OK, AT_EACCESS))
		return err_set(err, errno, "cgroup v2: %s is not delegated to us", path);
	return fd_keep(&fd);
}

int cgroup_set(int group, const char *name, const char *text, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(group, name, O_WRONLY, 0, err);

	return fd < 0 ? -1 : file_write(fd, text, strlen(text), err);
}

bool cgroup_text(int group, const char *name, char text[static CGROUP_TEXT])
{
	CLEAN_FD int fd = file_open(group, name, O_RDONLY, 0, NULL);
	ssize_t n = fd < 0 ? -1 : read(fd, text, CGROUP_TEXT - 1);

	text[n > 0 ? n : 0] = 0;
	return n >= 0;
}

bool cgroup_number(const char *text, const char *word, uint64_t *out)
{
	const size_t n = word ? strlen(word) : 0;
	const char *line = text, *rest;
	char *end;

	while (n && (strncmp(line, word, n) != 0 || line[n] != ' ')) {
		rest = strchr(line, '\n');
		if (!rest)
			return false;
		line = rest + 1;
	}
	errno = 0;
	*out = strtoull(line + n, &end, 10);
	return !errno && end != line + n;
}

bool cgroup_get(int group, const char *name, const char *word, uint64_t *out)
{
	char text[CGROUP_TEXT];

	return cgroup_text(group, name, text) && cgroup_number(text, word, out);
}

bool cgroup_again(int fd, char text[static CGROUP_TEXT])
{
	const ssize_t n = fd < 0 ? -1 : pread(fd, text, CGROUP_TEXT - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return n >= 0;
}

/* Any text does it. */
bool cgroup_peak_anew(int peak)
{
	return write(peak, "0", 1) == 1;
}

/* Root can open it for writing also where it cannot be written. */
int cgroup_peak_open(int group, bool *anew)
{
	int fd = file_open(group, "memory.peak", O_RDWR, 0, NULL);

	*anew = fd >= 0 && cgroup_peak_anew(fd);
	return fd >= 0 ? fd : file_open(group, "memory.peak", O_RDONLY, 0, NULL);
}

int cgroup_make(int above, const char *name, struct krux_err *err)
{
	CLEAN_FD int fd = -1;

	if (mkdirat(above, name, 0755) &&
	    (errno != EEXIST || cgroup_remove(above, name, NULL) || mkdirat(above, name, 0755)))
		return err_set(err, errno, "make the cgroup %s", name);
	fd = file_open(above, name, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return -1;
	if (faccessat(fd, "cgroup.kill", W_OK, AT_EACCESS)) {
		err_set(err, errno, "cgroup.kill (Linux 5.14)");
		unlinkat(above, name, AT_REMOVEDIR);
		return -1;
	}
	return fd_keep(&fd);
}

pid_t cgroup_fork(int group)
{
	struct clone_args args = { .flags = INTO_CGROUP, .exit_signal = SIGCHLD,
		                   .cgroup = (uint64_t)(unsigned)group };

	return group < 0 ? fork() : (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int cgroup_kill(int group, struct krux_err *err)
{
	return cgroup_set(group, "cgroup.kill", "1", err);
}

int cgroup_freeze(int group, bool still, struct krux_err *err)
{
	return cgroup_set(group, "cgroup.freeze", still ? "1" : "0", err);
}

bool cgroup_empty(int group)
{
	uint64_t n;

	return cgroup_get(group, "cgroup.events", "populated", &n) && !n;
}

int cgroup_remove(int above, const char *name, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(above, name, O_RDONLY | O_DIRECTORY, 0, err);
	CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			cgroup_remove(fd, e->d_name, NULL);
	if (unlinkat(above, name, AT_REMOVEDIR) && errno != ENOENT)
		return err_set(err, errno, "remove the cgroup %s", name);
	return 0;
}

/* Whoever it belonged to is gone, so nobody else ends what lives in it. */
static int group_end(int above, const char *name, struct krux_err *err)
{
	const struct timespec pause = { 0, 5000000 };
	CLEAN_FD int fd = file_open(above, name, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return -1;
	for (int i = 0; i < 1000 && !cgroup_empty(fd); i++) {
		if (cgroup_kill(fd, err))
			return -1;
		nanosleep(&pause, NULL);
	}
	return cgroup_empty(fd) ? cgroup_remove(above, name, err) :
		err_set(err, 0, "processes of an earlier daemon cannot be ended (cgroup %s)", name);
}

int cgroup_sweep(int above, const char *prefix, struct krux_err *err)
{
	CLEAN_DIR DIR *dir = fdopendir(dup(above));
	size_t n = strlen(prefix);
	struct dirent *e;

	if (!dir)
		return err_set(err, errno, "look at the control groups");
	rewinddir(dir);
	while ((e = readdir(dir))) {
		char *number = strrchr(e->d_name, '-'), *end;
		long pid;

		if (!number || strncmp(e->d_name, prefix, n) != 0)
			continue;
		pid = strtol(number + 1, &end, 10);
		if (pid > 0 && !*end && kill((pid_t)pid, 0) && errno == ESRCH &&
		    group_end(above, e->d_name, err))
			return -1;
	}
	return 0;
}

/* ---- controllers ---- */

static const struct { enum cgroup_controller bit; const char *word, *on, *off; } controllers[] = {
	{ CGROUP_MEMORY, "memory", "+memory", "-memory" }, { CGROUP_PIDS, "pids", "+pids", "-pids" },
};
enum { KINDS = sizeof controllers / sizeof *controllers };

/* Of a line of words. */
static unsigned controllers_in(int group, const char *name)
{
	char text[CGROUP_TEXT], *rest = text, *word;
	unsigned found = 0;

	if (!cgroup_text(group, name, text))
		return 0;
	while ((word = strsep(&rest, " \n")))
		for (size_t i = 0; i < KINDS; i++)
			if (!strcmp(word, controllers[i].word))
				found |= controllers[i].bit;
	return found;
}

/* Processes live in it, and it is not the root of all, which alone has no type. Pids alone could be passed on all the same;
 * then nobody could be moved into a group below. */
static bool is_lived_in(int group)
{
	char text[CGROUP_TEXT];

	return !faccessat(group, "cgroup.type", F_OK, 0) && cgroup_text(group, "cgroup.procs", text) && *text;
}

unsigned cgroup_pass(int group)
{
	const unsigned there = is_lived_in(group) ? 0 : controllers_in(group, "cgroup.controllers");

	for (size_t i = 0; i < KINDS; i++)
		if (there & controllers[i].bit)
			cgroup_set(group, "cgroup.subtree_control", controllers[i].on, NULL);
	return controllers_in(group, "cgroup.subtree_control");
}

static bool may_set(int group, const char *name)
{
	return !faccessat(group, name, W_OK, AT_EACCESS);
}

unsigned cgroup_has(int group)
{
	const bool memory = may_set(group, "memory.max") && may_set(group, "memory.swap.max") && may_set(group, "memory.oom.group");

	return (memory ? CGROUP_MEMORY : 0) | (may_set(group, "pids.max") ? CGROUP_PIDS : 0);
}

/* ---- a place for groups that are limited ---- */

static char settled_name[64];          /* of the group that this process has moved to */
static unsigned settled_passed;        /* what those below may have since then */

static bool lives_alone(int group)
{
	char text[CGROUP_TEXT], *end;

	return cgroup_text(group, "cgroup.procs", text) && strtol(text, &end, 10) == getpid() && *end == '\n' && !end[1];
}

/* Its members are moved by their number; 0 stands for who writes it. */
static int member_move(int group, struct krux_err *err)
{
	return cgroup_set(group, "cgroup.procs", "0", err);
}

void cgroup_settle(const char *name)
{
	const int own = cgroup_own(NULL);
	CLEAN_FD int below = -1;
	unsigned before, could;

	if (own < 0)
		return;
	settled = own;
	before = controllers_in(own, "cgroup.subtree_control");
	could = controllers_in(own, "cgroup.controllers");
	if (cgroup_pass(own) != could && lives_alone(own) && (below = cgroup_make(own, name, NULL)) >= 0) {
		if (!member_move(below, NULL))
			snprintf(settled_name, sizeof settled_name, "%s", name);
		else
			cgroup_remove(own, name, NULL);
		cgroup_pass(own);
	}
	settled_passed = controllers_in(own, "cgroup.subtree_control") & ~before;
}

void cgroup_unsettle(void)
{
	if (settled < 0)
		return;
	/* Refused while a group below passes it on: then it is somebody's. */
	for (size_t i = 0; i < KINDS; i++)
		if (settled_passed & controllers[i].bit)
			cgroup_set(settled, "cgroup.subtree_control", controllers[i].off, NULL);
	if (*settled_name && !member_move(settled, NULL))
		cgroup_remove(settled, settled_name, NULL);
	close(settled);
	settled = -1;
	*settled_name = 0;
}
