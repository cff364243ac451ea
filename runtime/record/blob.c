/* name = SHA-256("krux/blob/1" || salt || content); the file is salt || content. */
#include "runtime/record/blob.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

static void file_name(const uint8_t name[static HASH_LEN], char out[static 2 * HASH_LEN + 1])
{
	krux_hex_write(name, HASH_LEN, out);
	out[2 * HASH_LEN] = 0;
}

static void hash_start(struct krux_sha256_state *s)
{
	krux_sha256_start(s);
	krux_sha256_add(s, "krux/blob/1", 11);
}

static void name_make(const uint8_t salt[static BLOB_SALT], struct krux_str content,
                      uint8_t name[static HASH_LEN])
{
	struct krux_sha256_state s;

	hash_start(&s);
	krux_sha256_add(&s, salt, BLOB_SALT);
	krux_sha256_add(&s, content.p, content.n);
	krux_sha256_end(&s, name);
}

int blob_memory(struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err)
{
	uint8_t salt[BLOB_SALT];
	struct part part[2] = { { salt, sizeof salt }, { content.p, content.n } };

	randombytes_buf(salt, sizeof salt);
	name_make(salt, content, name);
	return memory_file("krux blob", part, 2, err);
}

int blob_again(int fd, struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err)
{
	size_t n;
	const uint8_t *p = memory_map(fd, BLOB_SALT + content.n, &n, err);
	bool same;

	if (!p)
		return -1;
	same = n == BLOB_SALT + content.n && !memcmp(p + BLOB_SALT, content.p, content.n);
	if (same)
		name_make(p, content, name);
	memory_unmap(p, n);
	if (!same)
		return err_set(err, 0, "the blob holds something else");
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_set(err, errno, "a blob once more") : fd;
}

bool blob_is(const uint8_t *p, size_t n, const uint8_t name[static HASH_LEN], struct krux_str *content)
{
	uint8_t made[HASH_LEN];

	if (n < BLOB_SALT)
		return false;
	*content = (struct krux_str){ (const char *)p + BLOB_SALT, n - BLOB_SALT };
	name_make(p, *content, made);
	return !memcmp(made, name, HASH_LEN);
}

int blob_put(int dir, struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err)
{
	uint8_t salt[BLOB_SALT];
	char path[2 * HASH_LEN + 1];
	CLEAN_FD int fd = -1;

	randombytes_buf(salt, sizeof salt);
	name_make(salt, content, name);
	file_name(name, path);
	fd = file_open(dir, path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return err_wrap(err, "make a blob");
	if (file_write(fd, salt, sizeof salt, err) || file_write(fd, content.p, content.n, err)) {
		unlinkat(dir, path, 0);
		return err_wrap(err, "blob %s", path);
	}
	if (fsync(fd) || fsync(dir))
		return err_set(err, errno, "blob %s: to disk", path);
	return 0;
}

int blob_write(int dir, const uint8_t name[static HASH_LEN], const uint8_t *p, size_t n,
               struct krux_err *err)
{
	char path[2 * HASH_LEN + 1];
	struct stat st;

	file_name(name, path);
	if (!fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (!file_create(dir, path, 0600, p, n, err))
		return 0;
	unlinkat(dir, path, 0);
	return err_wrap(err, "blob");
}

uint8_t *blob_read(int dir, const uint8_t name[static HASH_LEN], size_t max, size_t *n,
                   struct krux_err *err)
{
	char path[2 * HASH_LEN + 1];

	file_name(name, path);
	return file_read(dir, path, max, n, err);
}

int blob_check(int dir, const uint8_t name[static HASH_LEN], uint64_t size, struct krux_err *err)
{
	uint8_t buf[16384], sum[HASH_LEN];
	char path[2 * HASH_LEN + 1];
	struct krux_sha256_state s;
	CLEAN_FD int fd = -1;
	struct stat st;
	ssize_t n;

	file_name(name, path);
	fd = file_open(dir, path, O_RDONLY | O_NONBLOCK, 0, err);
	/* ELOOP: a symbolic link stands for it, which this program never makes. */
	if (fd < 0)
		return errno == ENOENT ? BLOB_GONE : errno == ELOOP ? BLOB_CHANGED : -1;
	if (fstat(fd, &st))
		return err_set(err, errno, "blob %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size - BLOB_SALT != size)
		return BLOB_CHANGED;
	hash_start(&s);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		krux_sha256_add(&s, buf, (size_t)n);
	if (n < 0)
		return err_set(err, errno, "blob %s", path);
	krux_sha256_end(&s, sum);
	return memcmp(sum, name, HASH_LEN) ? BLOB_CHANGED : BLOB_WHOLE;
}
