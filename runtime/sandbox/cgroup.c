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
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

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

int cgroup_own(struct krux_err *err)
{
	char root[PATH_MAX], point[PATH_MAX], group[PATH_MAX];
	CLEAN_FREE char *path = NULL;
	CLEAN_FD int fd = -1;
	size_t n;

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

static int file_say(int group, const char *name, const char *text, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(group, name, O_WRONLY, 0, err);

	return fd < 0 ? -1 : file_write(fd, text, strlen(text), err);
}

int cgroup_make(int above, const char *name, struct krux_err *err)
{
	CLEAN_FD int fd = -1;

	if (mkdirat(above, name, 0755) && errno == EEXIST)
		cgroup_remove(above, name, NULL);
	if (mkdirat(above, name, 0755) && errno != EEXIST)
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
	return file_say(group, "cgroup.kill", "1", err);
}

bool cgroup_empty(int group)
{
	CLEAN_FD int fd = file_open(group, "cgroup.events", O_RDONLY, 0, NULL);
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = 0;
	return strstr(text, "populated 0") != NULL;
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
		char *end;
		long pid;

		if (strncmp(e->d_name, prefix, n) != 0)
			continue;
		pid = strtol(e->d_name + n, &end, 10);
		if (pid > 0 && !*end && kill((pid_t)pid, 0) && errno == ESRCH &&
		    group_end(above, e->d_name, err))
			return -1;
	}
	return 0;
}
