/* Folders by name to a Landlock domain. It lies around the one that is put on later, with the rights that
 * `open` has asked for; both hold. What is not there yet is made below the folder that is. */
#include "runtime/spawn/planned.h"

#include "capspec/layers.h"
#include "capspec/relay.h"
#include "capspec/rights.h"
#include "runtime/spawn/command.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A rule at a time, so that the call's own limit of open files is none of the plan's folders. */
struct rules {
	int set, abi;
};

/* A rule without a right is none. */
static int rule_add(const struct rules *r, int fd, unsigned rights)
{
	return rights ? landlock_allow(r->set, r->abi, fd, rights) : 0;
}

/* Opens a folder, or where it can be made, what there is above it; -1 with errno. */
static int nearest_open(int workspace, struct krux_str folder, bool made)
{
	char path[HANDLER_PATH + 1];
	char *slash;
	int fd;

	if (folder.n >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, folder.p, folder.n);
	path[folder.n] = 0;
	while ((fd = place_openat(workspace, *path ? path : ".", O_PATH, 0)) < 0 && errno == ENOENT && made && *path) {
		slash = strrchr(path, '/');
		*(slash ? slash : path) = 0;
	}
	return fd;
}

/* What cannot be opened, such as beyond a link, can be opened by no handler either. */
static int folder_add(const struct rules *r, const struct child_plan *plan, int root, struct krux_str folder, bool made)
{
	int fd = nearest_open(root, folder, made), rc, no;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -1 : 0;
	rc = rule_add(r, fd, plan->layer->rights);
	no = errno;
	close(fd);
	errno = no;
	return rc;
}

/* Where deleted and unfinished things go: as change.c chooses. The workspace's own folder for them is made
 * here where it is missing, since leaving that to the handler would take rights on all of the workspace. */
static int store_add(const struct rules *r, const struct child_plan *plan)
{
	bool usable = plan->store >= 0 && place_same_mount(plan->store, plan->workspace) &&
		!faccessat(plan->store, ".", W_OK | X_OK, AT_EACCESS);

	if (plan->store >= 0 && rule_add(r, plan->store, plan->layer->rights))
		return -1;
	if (!usable)
		mkdirat(plan->workspace, ".krux", 0700);
	return folder_add(r, plan, plan->workspace, KRUX_STR(".krux"), false);
}

/* What the plan leaves the agent of the workspace, or of what stands before it. */
static int reach_add(const struct rules *r, const struct child_plan *plan, int root)
{
	if (rule_add(r, root, plan->layer->rights & RIGHT_READ_FOLDERS))
		return -1;
	for (size_t i = 0; i < plan->reach->n; i++)
		if (folder_add(r, plan, root, plan->reach->folder[i], plan->layer->rights & RIGHT_NAMES))
			return -1;
	return 0;
}

/* The domain is that of the program too. */
static int command_add(const struct rules *r, const struct child_plan *plan)
{
	struct landlock_grant grant[COMMAND_GRANTS];
	unsigned n = command_grants(plan, grant);
	int shown = open("/workspace", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = shown < 0 ? -1 : reach_add(r, plan, shown), no = errno;

	for (unsigned i = 0; !rc && i < n; i++) {
		rc = rule_add(r, grant[i].fd, grant[i].rights);
		no = errno;
	}
	command_grants_close(grant, n);
	if (shown >= 0)
		close(shown);
	errno = no;
	return rc;
}

static int rules_find(const struct rules *r, const struct child_plan *plan, const int *host, size_t nhost)
{
	const unsigned reads = RIGHT_READ_FILES | RIGHT_READ_FOLDERS;

	for (size_t i = 0; i < nhost; i++)
		if (host[i] >= 0 && rule_add(r, host[i], reads))
			return -1;
	if (reach_add(r, plan, plan->workspace) || (plan->command && command_add(r, plan)))
		return -1;
	if (plan->rules.n && landlock_allow_port(r->set, r->abi, RELAY_PORT))
		return -1;
	return plan->layer->rights & RIGHT_NAMES ? store_add(r, plan) : 0;
}

int planned_restrict(const struct child_plan *plan, const int *host, size_t nhost)
{
	struct rules r = { landlock_open(plan->probe->landlock_abi), plan->probe->landlock_abi };
	int no;

	if (r.set < 0)
		return -1;
	if (!rules_find(&r, plan, host, nhost))
		return landlock_enforce(r.set);
	no = errno;
	close(r.set);
	errno = no;
	return -1;
}
