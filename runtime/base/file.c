/* Paths to descriptors and descriptors to bytes. */
#include "runtime/base/file.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Root may write in a folder that belongs to a process without privileges: what it makes there has to
 * be that process's too. */
static int file_give(int dir, int fd)
{
	struct stat above, st;

	if (geteuid() || fstat(dir, &above) || !above.st_uid || fstat(fd, &st) || st.st_uid)
		return 0;
	return fchown(fd, above.st_uid, above.st_gid);
}

int file_open(int dir, const char *name, int flags, mode_t mode, struct krux_err *err)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY)),
		.mode = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dir, name, &how, sizeof how);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0)
		return err_set(err, errno, "%s", name);
	if (flags & O_CREAT && file_give(dir, (int)fd)) {
		err_set(err, errno, "%s: give it to the folder's owner", name);
		close((int)fd);
		return -1;
	}
	return (int)fd;
}

int file_folder(const char *path, struct krux_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : err_set(err, errno, "%s", path);
}

int file_mkdir(int dir, const char *name, mode_t mode, struct krux_err *err)
{
	int fd;

	if (mkdirat(dir, name, mode))
		return err_set(err, errno, "%s", name);
	fd = file_open(dir, name, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0 || !file_give(dir, fd))
		return fd;
	err_set(err, errno, "%s: give it to the folder's owner", name);
	close(fd);
	return -1;
}

uint8_t *file_read_fd(int fd, const char *name, size_t max, size_t *n, struct krux_err *err)
{
	CLEAN_FREE uint8_t *p = NULL;
	uint8_t *whole;
	struct stat st;
	size_t got = 0, cap;

	if (fstat(fd, &st)) {
		err_set(err, errno, "%s", name);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, 0, "%s: not a regular file", name);
		return NULL;
	}
	if ((uint64_t)st.st_size > max) {
		err_set(err, 0, "%s: larger than %zu bytes", name, max);
		return NULL;
	}
	cap = (size_t)st.st_size;
	p = malloc(cap + 1);
	if (!p) {
		err_set(err, ENOMEM, "%s", name);
		return NULL;
	}
	while (got < cap) {
		ssize_t r = pread(fd, p + got, cap - got, (off_t)got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			err_set(err, errno, "%s", name);
			return NULL;
		}
		if (!r)
			break;
		got += (size_t)r;
	}
	p[got] = 0;
	*n = got;
	whole = p;
	p = NULL;
	return whole;
}

uint8_t *file_read(int dir, const char *name, size_t max, size_t *n, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, name, O_RDONLY | O_NONBLOCK, 0, err);

	return fd < 0 ? NULL : file_read_fd(fd, name, max, n, err);
}

uint8_t *file_read_path(const char *path, size_t max, size_t *n, struct krux_err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		err_set(err, errno, "%s", path);
		return NULL;
	}
	return file_read_fd(fd, path, max, n, err);
}

int file_write(int fd, const void *p, size_t n, struct krux_err *err)
{
	const uint8_t *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_set(err, errno, "write");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

int file_create(int dir, const char *name, mode_t mode, const void *p, size_t n,
                struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, name, O_WRONLY | O_CREAT | O_EXCL, mode, err);

	if (fd < 0)
		return -1;
	if (mode & 077 && fchmod(fd, mode))
		return err_set(err, errno, "%s", name);
	if (file_write(fd, p, n, err))
		return err_wrap(err, "%s", name);
	if (fsync(fd) || fsync(dir))
		return err_set(err, errno, "%s: to disk", name);
	return 0;
}

int file_replace(int dir, const char *name, mode_t mode, const void *p, size_t n, struct krux_err *err)
{
	CLEAN_FD int fd = -1;
	char beside[256];

	if ((size_t)snprintf(beside, sizeof beside, "%s.new", name) >= sizeof beside)
		return err_set(err, ENAMETOOLONG, "%s", name);
	fd = file_open(dir, beside, O_WRONLY | O_CREAT | O_TRUNC, mode, err);
	if (fd < 0)
		return -1;
	if (file_write(fd, p, n, err))
		return err_wrap(err, "%s", beside);
	if (fdatasync(fd) || renameat(dir, beside, dir, name))
		return err_set(err, errno, "%s: to disk", name);
	return 0;
}

char *file_path(int fd, struct krux_err *err)
{
	char link[64], path[PATH_MAX];
	ssize_t n;
	char *copy;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0 || (size_t)n >= sizeof path - 1 || path[0] != '/') {
		err_set(err, n < 0 ? errno : ENAMETOOLONG, "path of an open folder");
		return NULL;
	}
	path[n] = 0;
	copy = strdup(path);
	if (!copy)
		err_set(err, ENOMEM, "path of an open folder");
	return copy;
}

bool file_under(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (n == 1)
		return true;
	return !strncmp(a, b, n) && (b[n] == 0 || b[n] == '/');
}
