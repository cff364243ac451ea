/* Key files: written once and never over another, read only when they are what they should be. */
#include "capspec/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path is where; what went wrong is why. */
static bool file_refuse(struct krux_refusal *r, const char *path, const char *what)
{
	const char *system = errno ? strerrordesc_np(errno) : NULL;
	char why[160];

	if (!system)
		return krux_refuse(r, path, what);
	snprintf(why, sizeof why, "%s: %s", what, system);
	return krux_refuse(r, path, why);
}

static bool all_write(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0;
}

static bool file_write(const char *path, mode_t mode, const char *p, size_t n, struct krux_refusal *r)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	bool ok;

	if (fd < 0)
		return file_refuse(r, path, "cannot be made");
	ok = fchmod(fd, mode) == 0 && all_write(fd, p, n);
	if (!ok)
		file_refuse(r, path, "cannot be written");
	if (close(fd) < 0 && ok) {
		ok = false;
		file_refuse(r, path, "cannot be written");
	}
	if (!ok)
		unlink(path);
	return ok;
}

bool krux_key_files_write(const char *stem, const struct krux_secret_key *key, struct krux_refusal *r)
{
	char secret_path[4096], public_path[4096], line[KRUX_KEY_LINE];
	struct krux_public_key public;
	size_t n = strlen(stem);
	bool ok;

	if (n + 5 > sizeof secret_path)
		return krux_refuse(r, "", "the path is too long");
	snprintf(secret_path, sizeof secret_path, "%s.key", stem);
	snprintf(public_path, sizeof public_path, "%s.pub", stem);
	krux_key_public(key, &public);
	n = krux_key_public_text(&public, line);
	if (!file_write(public_path, 0644, line, n, r))
		return false;
	n = krux_key_secret_text(key, line);
	ok = file_write(secret_path, 0600, line, n, r);
	sodium_memzero(line, sizeof line);
	if (!ok)
		unlink(public_path);
	return ok;
}

/* Is it a file that only its owner can use. */
static bool private_check(const struct stat *st, const char *path, struct krux_refusal *r)
{
	errno = 0;
	if (st->st_mode & 077)
		return file_refuse(r, path, "others than its owner can use this secret key: chmod 600 it");
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return file_refuse(r, path, "this secret key belongs to somebody else");
	return true;
}

/* The whole file; its length, or -1. */
static ssize_t text_read(int fd, const char *path, char *text, size_t cap, struct krux_refusal *r)
{
	size_t n = 0;

	while (n < cap) {
		ssize_t got = read(fd, text + n, cap - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			file_refuse(r, path, "cannot be read");
			return -1;
		}
		if (!got)
			return (ssize_t)n;
		n += (size_t)got;
	}
	errno = 0;
	file_refuse(r, path, "is too long for a key file");
	return -1;
}

/* A small regular file into text, and whose it is; its length, or -1. */
static ssize_t file_read(const char *path, char *text, size_t cap, struct stat *st, struct krux_refusal *r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = -1;

	if (fd < 0) {
		file_refuse(r, path, "cannot be opened");
		return -1;
	}
	errno = 0;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		file_refuse(r, path, "is no regular file");
	else
		n = text_read(fd, path, text, cap, r);
	close(fd);
	return n;
}

bool krux_key_secret_read(const char *path, struct krux_secret_key *out, struct krux_refusal *r)
{
	char text[KRUX_KEY_LINE];
	struct stat st;
	ssize_t n = file_read(path, text, sizeof text, &st, r);
	struct krux_str line = { text, n < 0 ? 0 : (size_t)n };
	struct krux_refusal none = { { 0 }, { 0 } };
	struct krux_public_key public;
	/* Everybody may read a public key: what is wrong is that it is one. */
	bool ok = n >= 0 && (krux_key_public_parse(line, &public, &none) || private_check(&st, path, r)) &&
	          krux_key_secret_parse(line, out, r);

	sodium_memzero(text, sizeof text);
	return ok;
}

bool krux_key_public_read(const char *path, struct krux_public_key *out, struct krux_refusal *r)
{
	char text[KRUX_KEY_LINE];
	struct stat st;
	ssize_t n = file_read(path, text, sizeof text, &st, r);

	return n >= 0 && krux_key_public_parse((struct krux_str){ text, (size_t)n }, out, r);
}
