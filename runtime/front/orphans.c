/* The kernel's list of our children to those that are not ours. */
#include "runtime/front/orphans.h"

#include "runtime/base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int orphan(pid_t pid, bool (*known)(void *, pid_t), void *ctx)
{
	if (known(ctx, pid))
		return 0;
	/* A child that we have not waited for keeps its number: this hits no other process. */
	kill(pid, SIGKILL);
	return 1;
}

/* CONFIG_PROC_CHILDREN: "12 345 6 ". -1: the kernel is built without. */
static int by_children(bool (*known)(void *, pid_t), void *ctx)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	int n = 0, pid;

	if (!f)
		return -1;
	while (fscanf(f, "%d", &pid) == 1)
		n += orphan(pid, known, ctx);
	fclose(f);
	return n;
}

/* The parent of a process: the second word after its name, which may hold anything but ends with
 * the last parenthesis. */
static pid_t parent_of(int proc, const char *pid)
{
	char path[64], text[512], *end;
	int ppid = -1, fd;
	ssize_t n;

	snprintf(path, sizeof path, "%.20s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &ppid) == 1 ? ppid : -1;
}

static int by_parents(bool (*known)(void *, pid_t), void *ctx)
{
	CLEAN_DIR DIR *dir = opendir("/proc");
	struct dirent *e;
	int n = 0;

	if (!dir)
		return -1;
	while ((e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    parent_of(dirfd(dir), e->d_name) == getpid())
			n += orphan((pid_t)strtol(e->d_name, NULL, 10), known, ctx);
	return n;
}

int orphans_kill(bool (*known)(void *, pid_t), void *ctx)
{
	int n = by_children(known, ctx);

	return n >= 0 ? n : by_parents(known, ctx);
}
