/* Names of programs to descriptors that can be executed. */
#include "runtime/sandbox/parts.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include "libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(const struct stat *st)
{
	return (!st->st_uid || st->st_uid == geteuid()) && !(st->st_mode & 022);
}

int parts_folders(char own[static PATH_MAX], char installed[static 2 * PATH_MAX], struct krux_err *err)
{
	ssize_t n = readlink("/proc/self/exe", own, PATH_MAX - 1);
	char *slash;

	if (n <= 0 || n >= PATH_MAX - 1)
		return err_set(err, n < 0 ? errno : ENAMETOOLONG, "find the daemon's programs");
	own[n] = 0;
	slash = strrchr(own, '/');
	if (!slash)
		return err_set(err, 0, "find the daemon's programs: /proc/self/exe is no path");
	slash[slash == own] = 0;
	snprintf(installed, 2 * PATH_MAX, "%s/%s", own, KRUX_LIBEXEC);
	return 0;
}

static int folder_open(const char *path, struct krux_err *err)
{
	CLEAN_FD int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstat(dir, &st))
		return err_set(err, errno, "%s", path);
	if (!is_ours(&st))
		return err_set(err, 0, "%s: others than root and you can write this folder, which programs are "
		               "executed from", path);
	return fd_keep(&dir);
}

static int program_open(int dir, const char *path, const char *name, struct krux_err *err)
{
	CLEAN_FD int fd = openat(dir, name, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_set(err, errno, "%s/%s", path, name);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, 0, "%s/%s: no program", path, name);
	if (!is_ours(&st))
		return err_set(err, 0, "%s/%s: others than root and you can write it", path, name);
	return fd_keep(&fd);
}

/* Bundles that need one of these are refused by the spawner where it is not there. */
static bool can_be_missing(unsigned kind)
{
	return kind == PROCESS_EGRESS || kind == PROCESS_WEB;
}

int parts_open(struct parts *p, struct krux_err *err)
{
	char own[PATH_MAX], installed[2 * PATH_MAX], name[16];
	const char *path = own;
	struct krux_err why;
	CLEAN_FD int dir = -1;

	parts_none(p);
	if (parts_folders(own, installed, err))
		return -1;
	snprintf(name, sizeof name, "krux-%s", process_word(0));
	dir = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || faccessat(dir, name, F_OK, 0))
		path = installed;
	cleanup_fd(&dir);
	dir = folder_open(path, err);
	if (dir < 0)
		return -1;
	for (unsigned i = 0; i < PROCESS_PROGRAMS; i++) {
		snprintf(name, sizeof name, "krux-%s", process_word(i));
		p->program[i] = program_open(dir, path, name, &why);
		if (p->program[i] < 0 && !(can_be_missing(i) && why.no == ENOENT)) {
			*err = why;
			parts_close(p);
			return -1;
		}
	}
	return 0;
}

void parts_none(struct parts *p)
{
	for (unsigned i = 0; i < PROCESS_PROGRAMS; i++)
		p->program[i] = -1;
}

void parts_close(struct parts *p)
{
	for (unsigned i = 0; i < PROCESS_PROGRAMS; i++)
		cleanup_fd(&p->program[i]);
	parts_none(p);
}
