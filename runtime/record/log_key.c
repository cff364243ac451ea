/* One line of text to the key of the log; made where the line is still to come. */
#include "runtime/record/log_key.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

static int key_make(int fd, struct krux_secret_key *out, struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	char line[KRUX_KEY_LINE];
	size_t n;
	int rc;

	if (!krux_key_generate("log", false, out, &why))
		return err_set(err, 0, "log.key: %s", why.why);
	n = krux_key_secret_text(out, line);
	rc = file_write(fd, line, n, err);
	sodium_memzero(line, sizeof line);
	if (!rc && fsync(fd))
		rc = err_set(err, errno, "log.key: to disk");
	return rc;
}

int log_key_open(int keys, struct krux_secret_key *out, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(keys, "log.key", O_RDWR | O_NONBLOCK, 0, err);
	struct krux_refusal why = { "", "" };
	char line[KRUX_KEY_LINE];
	struct stat st;
	ssize_t n;
	bool ok;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_set(err, errno, "log.key");
	if (!S_ISREG(st.st_mode) || st.st_mode & 077)
		return err_set(err, 0, "log.key: others than its owner can use this secret key: chmod 600 it");
	if (!st.st_size)
		return key_make(fd, out, err);
	n = pread(fd, line, sizeof line, 0);
	if (n < 0)
		return err_set(err, errno, "log.key");
	ok = krux_key_secret_parse((struct krux_str){ line, (size_t)n }, out, &why);
	sodium_memzero(line, sizeof line);
	return ok ? 0 : err_set(err, 0, "log.key: %s", why.why);
}
