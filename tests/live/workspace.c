/* The workspace as a call gets it: as root by mounts that are in nobody's tree, on which it is the agent's. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/sandbox/idmap.h"
#include "runtime/spawn/child.h"

static int users_of(const struct stat *st, struct krux_err *err)
{
	static int users = -1;
	static uid_t owner;

	if (users >= 0 && owner == st->st_uid)
		return users;
	if (users >= 0)
		close(users);
	owner = st->st_uid;
	users = idmap_namespace(&(const struct idmap){ st->st_uid, st->st_gid, AGENT, AGENT }, err);
	return users;
}

bool call_workspace(struct child_plan *plan, bool command, unsigned layers)
{
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	int folder = open("workspace", O_PATH | O_DIRECTORY | O_CLOEXEC), users = -1;
	struct krux_err err = { 0 };
	struct stat st;

	plan->workspace = folder;
	plan->mount = -1;
	plan->idmapped = way != WAY_USER && !(layers & ON(IDMAPPED));
	if (folder < 0 || fstat(folder, &st))
		return cannot("there is no workspace");
	if (plan->idmapped) {
		users = users_of(&st, &err);
		plan->workspace = users < 0 ? -1 : idmap_mount(folder, users, attributes | (command ? 0 : MOUNT_ATTR_NOEXEC), &err);
	}
	if (command && way != WAY_USER && plan->workspace >= 0)
		plan->mount = idmap_mount(folder, users, attributes, &err);
	if (plan->workspace != folder)
		close(folder);
	return !err.text[0] || cannot("%s", err.text);
}

void call_workspace_end(struct child_plan *plan)
{
	close(plan->workspace);
	if (plan->mount >= 0)
		close(plan->mount);
}
