/* A folder and the daemon's own places to a yes, or to the place that stands against it. Names alone decide: the
 * paths are canonical. */
#include "runtime/base/reach.h"

#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <string.h>

/* Below STATE/workspaces, in a folder of its own. */
static bool is_own(const char *state, const char *workspace)
{
	static const char own[] = "/workspaces/";
	size_t n = strlen(state);

	return !strncmp(workspace, state, n) && !strncmp(workspace + n, own, sizeof own - 1) &&
	       workspace[n + sizeof own - 1];
}

static bool is_place(const char *place, const char *what)
{
	size_t n = strlen(what);

	return !strncmp(place, what, n) && place[n] == '=';
}

static int place_check(const char *place, const char *workspace, struct krux_err *err)
{
	const char *path = strchr(place, '=');
	bool state = is_place(place, REACH_STATE);

	if (!path)
		return err_set(err, 0, "a place of the daemon without a path");
	path++;
	if (file_under(workspace, path))
		return err_set(err, 0, "workspace %s: the %.*s %s lies in its reach", workspace,
		               (int)(path - 1 - place), place, path);
	if ((state || is_place(place, REACH_TRUST)) && file_under(path, workspace) &&
	    !(state && is_own(path, workspace)))
		return err_set(err, 0, "workspace %s: it lies in the %.*s %s", workspace, (int)(path - 1 - place), place,
		               path);
	return 0;
}

int reach_check(const char *const *places, const char *workspace, struct krux_err *err)
{
	for (; places && *places; places++)
		if (place_check(*places, workspace, err))
			return -1;
	return 0;
}
