/* Folders by name to a Landlock domain. It lies around the one that is put on later, with the rights that
 * `open` has asked for; both hold. What is not there yet is made below the folder that is. */
#include "runtime/spawn/planned.h"

#include "capspec/layers.h"
#include "capspec/rights.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { GRANTS = 64 };

struct grants {
	struct landlock_grant list[GRANTS];
	size_t n;
	int opened[GRANTS];            /* here, and to be closed */
	size_t nopened;
};

/* A rule without a right is none. */
static int grant_add(struct grants *g, int fd, unsigned rights)
{
	if (!rights)
		return 0;
	if (g->n == GRANTS) {
		errno = E2BIG;
		return -1;
	}
	g->list[g->n++] = (struct landlock_grant){ fd, rights };
	return 0;
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
static int folder_add(struct grants *g, const struct child_plan *plan, struct krux_str folder)
{
	int fd = g->nopened < GRANTS ? nearest_open(plan->workspace, folder, plan->layer->rights & RIGHT_NAMES) : -1;

	if (fd < 0)
		return 0;
	g->opened[g->nopened++] = fd;
	return grant_add(g, fd, plan->layer->rights);
}

/* Where deleted and unfinished things go: as change.c chooses. A folder for them that is missing is made in
 * the workspace's own. */
static int store_add(struct grants *g, const struct child_plan *plan)
{
	int own = place_openat(plan->workspace, ".krux", O_PATH | O_DIRECTORY, 0);
	bool usable = plan->store >= 0 && change_same_mount(plan->store, plan->workspace) &&
		!faccessat(plan->store, ".", W_OK | X_OK, AT_EACCESS);

	if (plan->store >= 0 && grant_add(g, plan->store, plan->layer->rights))
		return -1;
	if (own >= 0) {
		close(own);
		return folder_add(g, plan, KRUX_STR(".krux"));
	}
	return usable ? 0 : folder_add(g, plan, (struct krux_str){ "", 0 });
}

static int grants_find(struct grants *g, const struct child_plan *plan, const int *host, size_t nhost)
{
	const unsigned reads = RIGHT_READ_FILES | RIGHT_READ_FOLDERS;

	for (size_t i = 0; i < nhost; i++)
		if (host[i] >= 0 && grant_add(g, host[i], reads))
			return -1;
	if (grant_add(g, plan->workspace, plan->layer->rights & RIGHT_READ_FOLDERS))
		return -1;
	for (size_t i = 0; i < plan->reach->n; i++)
		if (folder_add(g, plan, plan->reach->folder[i]))
			return -1;
	return plan->layer->rights & RIGHT_NAMES ? store_add(g, plan) : 0;
}

int planned_restrict(const struct child_plan *plan, const int *host, size_t nhost)
{
	struct grants g = { .n = 0 };
	int rc = grants_find(&g, plan, host, nhost);
	int no;

	if (!rc)
		rc = landlock_restrict(plan->probe->landlock_abi, g.list, g.n);
	no = errno;
	while (g.nopened)
		close(g.opened[--g.nopened]);
	errno = no;
	return rc;
}
