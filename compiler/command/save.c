/* Text to a file, whole or not at all: it is written beside the file and put in its place in one step, so that a full
 * disk or an end in between leaves what was there. Mode and owner stay; a link and a file with several hard links are
 * refused; what is no regular file is written to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/command/command.h"

bool fd_write(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			errno = done ? errno : EIO;
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static mode_t mode_new(void)
{
	mode_t mask = umask(022);

	umask(mask);
	return 0644 & ~mask;
}

/* Whom it belongs to first: a change of owner takes rights away. Where only somebody else may give it away, it is
 * this user's now, with no more rights than before. */
static bool rights_keep(int fd, const struct stat *was)
{
	if (!was)
		return !fchmod(fd, mode_new());
	if (fchown(fd, was->st_uid, was->st_gid) && fchown(fd, (uid_t)-1, was->st_gid))
		return !fchmod(fd, was->st_mode & 0707);
	return !fchmod(fd, was->st_mode & 0777);
}

/* was: NULL where there is no file yet. */
static bool replace(const char *path, const struct stat *was, const char *p, size_t n)
{
	const char *slash = strrchr(path, '/');
	struct buf name = { 0 };
	bool fine;
	int fd, why;

	buf_printf(&name, "%.*s.kruxc-XXXXXX", slash ? (int)(slash + 1 - path) : 0, path);
	buf_putc(&name, 0);
	fd = mkostemp(name.p, O_CLOEXEC);
	fine = fd >= 0 && fd_write(fd, p, n) && rights_keep(fd, was) && !fsync(fd);
	why = errno;
	if (fd >= 0 && close(fd) && fine) {
		fine = false;
		why = errno;
	}
	if (fine && rename(name.p, path)) {
		fine = false;
		why = errno;
	}
	if (fd >= 0 && !fine)
		unlink(name.p);
	buf_free(&name);
	errno = why;
	return fine;
}

/* A terminal, a pipe: there is nothing that could be lost. */
static bool write_to(const char *path, const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool fine = fd >= 0 && fd_write(fd, p, n);

	if (fd >= 0 && close(fd))
		fine = false;
	return fine;
}

/* The file that will take its place, beside it; false with errno. */
static bool folder_takes(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf name = { 0 };
	int why;

	buf_printf(&name, "%.*s.", slash ? (int)(slash + 1 - path) : 0, path);
	buf_putc(&name, 0);
	why = faccessat(AT_FDCWD, name.p, W_OK | X_OK, AT_EACCESS) ? errno : 0;
	buf_free(&name);
	errno = why;
	return !why;
}

static bool may_save(const char *path, const struct stat *at)
{
	const char *why = NULL;
	struct stat to;

	if (S_ISLNK(at->st_mode) && (stat(path, &to) || S_ISREG(to.st_mode)))
		why = "it is a link; name the file that it leads to";
	else if (S_ISREG(at->st_mode) && at->st_nlink > 1)
		why = "it has several hard links, and its other names would keep the old text; put a copy in its place first";
	else if (S_ISREG(at->st_mode) && (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) || !folder_takes(path)))
		why = strerror(errno);
	if (why)
		command_say("kruxc: cannot write %s: %s", path, why);
	return !why;
}

bool file_may_save(const char *path)
{
	struct stat at;

	return lstat(path, &at) || may_save(path, &at);
}

bool file_save(const char *path, const void *p, size_t n)
{
	struct stat at;
	bool there = lstat(path, &at) == 0, fine = false;

	if (there && !may_save(path, &at))
		return false;
	if (there)
		fine = S_ISREG(at.st_mode) ? replace(path, &at, p, n) : write_to(path, p, n);
	else if (errno == ENOENT)
		fine = replace(path, NULL, p, n);
	if (!fine)
		command_say("kruxc: cannot write %s: %s", path, strerror(errno));
	return fine;
}
