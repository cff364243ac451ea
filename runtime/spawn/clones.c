/* A workspace and an agent to a mount. Two tables, and whatever falls out of them is made again. */
#include "runtime/spawn/clones.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t builtins = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/* It is of the process's own namespace of mounts, and each open file is told by itself. */
int clones_listen(void)
{
	return open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
}

void clones_open(struct clones *c)
{
	*c = (struct clones){ .told = clones_listen() };
	for (size_t i = 0; i < CLONES_MOST; i++)
		c->clone[i].fd = c->users[i].fd = -1;
}

void clones_drop(struct clones *c)
{
	for (size_t i = 0; i < CLONES_MOST; i++) {
		cleanup_fd(&c->clone[i].fd);
		c->clone[i].fd = -1;
	}
}

void clones_close(struct clones *c)
{
	clones_drop(c);
	for (size_t i = 0; i < CLONES_MOST; i++) {
		cleanup_fd(&c->users[i].fd);
		c->users[i].fd = -1;
	}
	cleanup_fd(&c->told);
	c->told = -1;
}

/* Since the last time, or nobody knows. */
static bool mounts_changed(const struct clones *c)
{
	struct pollfd p = { .fd = c->told, .events = POLLPRI };

	return c->told < 0 || poll(&p, 1, 0) < 0 || p.revents & (POLLPRI | POLLERR);
}

static bool map_same(const struct idmap *a, const struct idmap *b)
{
	return a->owner == b->owner && a->group == b->group && a->uid == b->uid && a->gid == b->gid;
}

/* ---- user namespaces ---- */

static struct clone_users *users_find(struct clones *c, const struct idmap *map)
{
	struct clone_users *eldest = &c->users[0];

	for (size_t i = 0; i < CLONES_MOST; i++) {
		if (c->users[i].fd >= 0 && map_same(&c->users[i].map, map))
			return &c->users[i];
		if (c->users[i].used < eldest->used)
			eldest = &c->users[i];
	}
	cleanup_fd(&eldest->fd);
	*eldest = (struct clone_users){ .fd = -1, .map = *map };
	return eldest;
}

static int users_get(struct clones *c, const struct idmap *map, struct krux_err *err)
{
	struct clone_users *u = users_find(c, map);

	if (u->fd < 0)
		u->fd = idmap_namespace(map, err);
	if (u->fd >= 0)
		u->used = ++c->count;
	return u->fd;
}

/* ---- mounts ---- */

static int place_find(int workspace, uid_t agent, struct clone *out, struct krux_err *err)
{
	const unsigned wanted = STATX_MNT_ID | STATX_INO | STATX_UID | STATX_GID;
	struct statx st;

	if (statx(workspace, "", AT_EMPTY_PATH, wanted, &st))
		return err_set(err, errno, "workspace");
	*out = (struct clone){
		.fd = -1, .mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
		.device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor, .inode = st.stx_ino,
		.map = { .owner = st.stx_uid, .group = st.stx_gid, .uid = agent, .gid = agent },
	};
	return 0;
}

static bool place_same(const struct clone *a, const struct clone *b)
{
	return a->mount == b->mount && a->device == b->device && a->inode == b->inode && map_same(&a->map, &b->map);
}

static struct clone *clone_find(struct clones *c, const struct clone *place)
{
	struct clone *eldest = &c->clone[0];

	for (size_t i = 0; i < CLONES_MOST; i++) {
		if (c->clone[i].fd >= 0 && place_same(&c->clone[i], place))
			return &c->clone[i];
		if (c->clone[i].used < eldest->used)
			eldest = &c->clone[i];
	}
	cleanup_fd(&eldest->fd);
	*eldest = *place;
	return eldest;
}

static int clone_make(struct clones *c, int workspace, const struct idmap *map, uint64_t attributes, struct krux_err *err)
{
	const int users = users_get(c, map, err);

	return users < 0 ? -1 : idmap_mount(workspace, users, attributes, err);
}

int clones_get(struct clones *c, int workspace, uid_t agent, struct krux_err *err)
{
	struct clone place, *clone;

	if (place_find(workspace, agent, &place, err))
		return -1;
	if (mounts_changed(c))
		clones_drop(c);
	clone = clone_find(c, &place);
	if (clone->fd < 0)
		clone->fd = clone_make(c, workspace, &place.map, builtins, err);
	if (clone->fd >= 0)
		clone->used = ++c->count;
	return clone->fd;
}

int clones_make(struct clones *c, int workspace, uid_t agent, uint64_t attributes, struct krux_err *err)
{
	struct clone place;

	return place_find(workspace, agent, &place, err) ? -1 : clone_make(c, workspace, &place.map, attributes, err);
}
