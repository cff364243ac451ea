/* A state folder as `init`, `call` or another version left it, to one that the processes of the daemon
 * can use. What is given away is looked at first: the recorder's uid could have put something there. */
#include "runtime/front/owner.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 8 };

static int tree_give(int dir, const char *name, uid_t uid, unsigned deep, struct krux_err *err);

static int entries_give(int fd, uid_t uid, unsigned deep, struct krux_err *err)
{
	CLEAN_FD int copy = file_open(fd, ".", O_RDONLY | O_DIRECTORY, 0, err);
	CLEAN_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!dir)
		return -1;
	(void)fd_keep(&copy);
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    tree_give(fd, e->d_name, uid, deep, err))
			return -1;
	return 0;
}

/* Contents first, so that what was interrupted starts again. */
static int tree_give(int dir, const char *name, uid_t uid, unsigned deep, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, name, O_RDONLY | O_NONBLOCK, 0, err);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return fd < 0 ? -1 : err_set(err, errno, "%s", name);
	if (S_ISDIR(st.st_mode)) {
		if (!deep)
			return err_set(err, 0, "%s: a folder deeper than any that is made", name);
		if (entries_give(fd, uid, deep - 1, err))
			return err_wrap(err, "%s", name);
	} else if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		return err_set(err, 0, "%s: neither a folder nor a file of one name", name);
	}
	if (st.st_uid == uid)
		return 0;
	if (st.st_uid && st.st_uid != uid)
		return err_set(err, 0, "%s: belongs to uid %u; to root or the recorder it should",
		               name, st.st_uid);
	return fchown(fd, uid, (gid_t)uid) ? err_set(err, errno, "%s", name) : 0;
}

static int folder_give(const struct state *s, const char *name, uid_t uid, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(s->fd, name, O_RDONLY | O_DIRECTORY, 0, err);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return fd < 0 ? -1 : err_set(err, errno, "%s", name);
	/* A log may be large: it is walked through when it changes hands, not each time. */
	if (st.st_uid == uid && !(st.st_mode & 077))
		return 0;
	if (fchmod(fd, 0700))
		return err_set(err, errno, "%s", name);
	return tree_give(s->fd, name, uid, DEEPEST, err);
}

/* Nobody but root, or the operator, may be able to change what is trusted. */
static int trust_check(int trust, struct krux_err *err)
{
	struct stat st;

	if (fstat(trust, &st))
		return err_set(err, errno, "trust");
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		return err_set(err, 0, "the trust folder has to belong to %s and be writable for nobody "
		               "else", geteuid() ? "root or you" : "root");
	return 0;
}

/* As root the recorder has to get through the folder to its one file, and sees no other. */
static int keys_settle(int keys, uid_t recorder, struct krux_err *err)
{
	CLEAN_FD int key = file_open(keys, "log.key", O_RDONLY | O_CREAT, 0600, err);
	struct stat st;

	if (key < 0 || fstat(key, &st))
		return key < 0 ? -1 : err_set(err, errno, "log.key");
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_mode & 077)
		return err_set(err, 0, "log.key: has to be a file of one name with mode 0600");
	if (geteuid())
		return 0;
	if (st.st_uid && st.st_uid != recorder)
		return err_set(err, 0, "log.key: belongs to uid %u", st.st_uid);
	if (fchown(key, recorder, (gid_t)recorder) || fchmod(keys, 0711))
		return err_set(err, errno, "log.key");
	return 0;
}

uid_t owner_base(const struct state *s)
{
	struct stat log;

	return !fstat(s->log, &log) && log.st_uid > UID_RECORDER ? log.st_uid - UID_RECORDER : UID_BASE;
}

int owner_settle(const struct state *s, uid_t recorder, int *keys, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(s->fd, "keys", O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0 || keys_settle(fd, recorder, err))
		return err_wrap(err, "%s/keys", s->path);
	if (trust_check(s->trust, err))
		return -1;
	if (!geteuid() && (folder_give(s, "log", recorder, err) ||
	                   folder_give(s, "blobs", recorder, err)))
		return err_wrap(err, "%s", s->path);
	*keys = fd_keep(&fd);
	return 0;
}
