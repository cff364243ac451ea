/* Paths that the operator gives to open folders. */
#include "runtime/base/state.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/reach.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const struct state closed = { NULL, -1, -1, -1, -1, -1, NULL };

void state_close(struct state *s)
{
	free(s->path);
	cleanup_fd(&s->fd);
	cleanup_fd(&s->log);
	cleanup_fd(&s->blobs);
	cleanup_fd(&s->trust);
	cleanup_fd(&s->trash);
	*s = closed;
}

static int folder_open(int dir, const char *name, struct krux_err *err)
{
	return file_open(dir, name, O_RDONLY | O_DIRECTORY, 0, err);
}

static int parts_open(struct state *s, struct krux_err *err)
{
	if ((s->log = folder_open(s->fd, "log", err)) < 0 ||
	    (s->blobs = folder_open(s->fd, "blobs", err)) < 0 ||
	    (s->trust = folder_open(s->fd, "trust", err)) < 0 ||
	    (s->trash = folder_open(s->fd, "trash", err)) < 0)
		return -1;
	return 0;
}

static bool is_empty(const char *path)
{
	CLEAN_DIR DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return false;
	return dir != NULL;
}

int state_make(const char *path, struct state *out, struct krux_err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} part[] = {
		{ "log", 0700 },           { "blobs", 0700 },           { "trust", 0755 },
		{ "trust/bundles", 0755 }, { "trust/approvers", 0755 }, { "trust/operators", 0755 },
		{ "trust/logs", 0755 },    { "witness", 0700 },
		{ "keys", 0700 },          { "trash", 0700 },           { "workspaces", 0700 },
	};

	*out = closed;
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_set(err, errno, "%s", path);
	if (!is_empty(path))
		return err_set(err, 0, "%s: is there already and not empty; nothing was changed",
		               path);
	out->fd = file_folder(path, err);
	if (out->fd < 0 || !(out->path = file_path(out->fd, err)))
		goto fail;
	if (fchmod(out->fd, 0700)) {
		err_set(err, errno, "%s", path);
		goto fail;
	}
	for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
		CLEAN_FD int fd = file_mkdir(out->fd, part[i].name, part[i].mode, err);

		if (fd < 0)
			goto fail;
		if (fchmod(fd, part[i].mode)) {
			err_set(err, errno, "%s", part[i].name);
			goto fail;
		}
	}
	if (!parts_open(out, err))
		return 0;
fail:
	state_close(out);
	return -1;
}

static int owner_check(int fd, const char *path, struct krux_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, errno, "%s", path);
	if (st.st_uid != geteuid())
		return err_set(
			err, 0,
			"%s: belongs to another user; only who owns the state folder can use it",
			path);
	if (st.st_mode & 077)
		return err_set(err, 0, "%s: others can reach into it; its mode must be 0700", path);
	return 0;
}

int state_open(const char *path, struct state *out, struct krux_err *err)
{
	*out = closed;
	out->fd = file_folder(path, err);
	if (out->fd < 0 || owner_check(out->fd, path, err) ||
	    !(out->path = file_path(out->fd, err)))
		goto fail;
	if (!parts_open(out, err))
		return 0;
	err_wrap(err, "%s is no state folder; kruxrt init makes one", path);
fail:
	state_close(out);
	return -1;
}

/* One folder a workspace, so that what one threw away is not another's. */
int workspace_trash(const struct state *s, const struct workspace *w)
{
	uint8_t digest[KRUX_SHA256];
	struct stat mine, theirs;
	char name[33];
	int fd;

	if (fstat(s->trash, &mine) || fstat(w->fd, &theirs))
		return -1;
	if (mine.st_dev != theirs.st_dev)
		return -1;
	krux_sha256((struct krux_str){ w->path, strlen(w->path) }, digest);
	krux_hex_write(digest, 16, name);
	name[32] = 0;
	fd = folder_open(s->trash, name, NULL);
	if (fd >= 0)
		return fd;
	if (mkdirat(s->trash, name, 0700) && errno != EEXIST)
		return -1;
	return folder_open(s->trash, name, NULL);
}

/* workspaces/AGENT; the agent's name is one component, as krux_agent_valid says. */
static int own_open(const struct state *s, const char *agent, struct krux_err *err)
{
	CLEAN_FD int all = folder_open(s->fd, "workspaces", err);

	if (all < 0)
		return -1;
	if (agent[0] == '.' || !krux_agent_valid((struct krux_str){ agent, strlen(agent) }))
		return err_set(err, 0,
		               "an agent whose name begins with a dot needs a folder given");
	if (mkdirat(all, agent, 0700) && errno != EEXIST)
		return err_set(err, errno, "%s", agent);
	return folder_open(all, agent, err);
}

int workspace_fits(int fd, const char *path, struct krux_err *err)
{
	static const uint32_t none[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		                         DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, DEVPTS_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return err_set(err, errno, "workspace %s", path);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if ((uint32_t)fs.f_type == none[i])
			return err_set(err, 0, "workspace %s: there are no files but the kernel's own", path);
	if (!krux_utf8_valid((struct krux_str){ path, strlen(path) }))
		return err_set(err, 0, "workspace: its path is not UTF-8, which records hold");
	return 0;
}

static int reach(const struct state *s, const char *path, struct krux_err *err)
{
	CLEAN_FREE char *state = NULL;

	if (asprintf(&state, REACH_STATE "=%s", s->path) < 0)
		return err_set(err, ENOMEM, "workspace %s", path);
	return reach_check((const char *const[]){ state, NULL }, path, err) || reach_check(s->places, path, err) ? -1 : 0;
}

int workspace_open(const struct state *s, const char *path, const char *agent,
                   struct workspace *out, struct krux_err *err)
{
	*out = (struct workspace){ NULL, -1 };
	out->fd = path ? file_folder(path, err) : own_open(s, agent, err);
	if (out->fd < 0) {
		err_wrap(err, "workspace");
		return -1;
	}
	out->path = file_path(out->fd, err);
	if (!out->path || workspace_fits(out->fd, out->path, err) || reach(s, out->path, err))
		goto fail;
	return 0;
fail:
	workspace_close(out);
	return -1;
}

void workspace_close(struct workspace *w)
{
	free(w->path);
	cleanup_fd(&w->fd);
	*w = (struct workspace){ NULL, -1 };
}
