/* Folders of key files to keys. */
#include "runtime/bundle/trust.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *word, *folder;
} roles[TRUST_ROLES] = {
	[TRUST_BUNDLE] = { "bundle", "bundles" },
	[TRUST_APPROVER] = { "approver", "approvers" },
	[TRUST_OPERATOR] = { "operator", "operators" },
	[TRUST_LOG] = { "log", "logs" },
};

const char *trust_role_word(enum trust_role r)
{
	return roles[r].word;
}

const char *trust_role_folder(enum trust_role r)
{
	return roles[r].folder;
}

static int owner_check(int fd, const char *name, struct krux_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, errno, "%s", name);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, 0, "%s: belongs to neither root nor you", name);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, 0, "%s: others can write it", name);
	return 0;
}

static int key_read(int dir, const char *name, struct krux_public_key *out, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, name, O_RDONLY | O_NONBLOCK, 0, err);
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_refusal why = { "", "" };
	size_t n;

	if (fd < 0 || owner_check(fd, name, err))
		return -1;
	text = file_read_fd(fd, name, KRUX_KEY_LINE, &n, err);
	if (!text)
		return -1;
	if (!krux_key_public_parse((struct krux_str){ (char *)text, n }, out, &why))
		return err_set(err, 0, "%s: %s", name, why.why);
	return 0;
}

static bool is_key(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 4 && !strcmp(name + n - 4, ".pub");
}

static int key_order(const void *a, const void *b)
{
	return strcmp(((const struct krux_public_key *)a)->name,
	              ((const struct krux_public_key *)b)->name);
}

int trust_read(int dir, enum trust_role role, struct krux_pool *pool, struct krux_public_key **out,
               size_t *n, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, roles[role].folder, O_RDONLY | O_DIRECTORY, 0, err);
	CLEAN_DIR DIR *list = NULL;
	struct dirent *e;
	int copy;

	*n = 0;
	if (fd < 0 || owner_check(dir, "trust folder", err) ||
	    owner_check(fd, roles[role].folder, err))
		return err_wrap(err, "trust folder");
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	list = copy < 0 ? NULL : fdopendir(copy);
	*out = krux_pool_get(pool, TRUST_KEYS * sizeof **out);
	if (!list || !*out) {
		if (!list)
			cleanup_fd(&copy);
		return err_set(err, ENOMEM, "trust folder");
	}
	while ((e = readdir(list))) {
		if (!is_key(e->d_name))
			continue;
		if (*n == TRUST_KEYS)
			return err_set(err, 0, "trust folder: more than %d keys", TRUST_KEYS);
		if (key_read(fd, e->d_name, &(*out)[*n], err))
			return err_wrap(err, "trust folder: %s", roles[role].folder);
		++*n;
	}
	qsort(*out, *n, sizeof **out, key_order);
	return 0;
}

int trust_add(int dir, enum trust_role role, const struct krux_public_key *key,
              struct krux_err *err)
{
	char line[KRUX_KEY_LINE], name[80];
	CLEAN_FD int fd = file_open(dir, roles[role].folder, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return -1;
	snprintf(name, sizeof name, "%s.pub", key->name);
	return file_create(fd, name, 0644, line, krux_key_public_text(key, line), err);
}

int trust_remove(int dir, enum trust_role role, const char *key, struct krux_err *err)
{
	CLEAN_FD int fd = file_open(dir, roles[role].folder, O_RDONLY | O_DIRECTORY, 0, err);
	char name[80];

	if (fd < 0)
		return -1;
	snprintf(name, sizeof name, "%s.pub", key);
	if (unlinkat(fd, name, 0) || fsync(fd))
		return err_set(err, errno, "%s/%s", roles[role].folder, name);
	return 0;
}
