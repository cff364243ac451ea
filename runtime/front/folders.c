/* One mount of each, made and closed: what counts is whether it works. */
#include "runtime/front/folders.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/front/machine.h"
#include "runtime/front/registered.h"
#include "runtime/sandbox/idmap.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>

void folders_close(struct folders *f)
{
	cleanup_fd(&f->users);
	f->users = -1;
}

int folders_try(struct folders *f, int folder, struct krux_err *err)
{
	/* Whose files become whose makes no difference. */
	static const struct idmap any = { .owner = 0, .group = 0, .uid = 1, .gid = 1 };
	CLEAN_FD int mount = -1;

	if (f->users < 0)
		f->users = idmap_namespace(&any, err);
	if (f->users < 0)
		return -1;
	mount = idmap_mount(folder, f->users, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	return mount < 0 ? -1 : 0;
}

static int refuse(const struct registered_agent *a, const struct krux_err *why, struct krux_err *err)
{
	if (why->no != EOPNOTSUPP)
		return err_set(err, 0, "agent %s: workspace %.200s: %s", a->name, a->workspace, why->text);
	return err_set(err, 0, "agent %s: workspace %.200s: %s; --allow-missing " FOLDERS_FEATURE " lets calls run as the owner of such "
	               "folders (kruxrt doctor --state DIR says more)", a->name, a->workspace, why->text);
}

int folders_check(struct machine *m, const struct registered_agent *list, size_t n, struct krux_err *err)
{
	CLEANUP(folders_close) struct folders f = FOLDERS_NONE;
	const struct registered_agent *first = NULL;
	struct krux_err said = { 0 };
	size_t lacking = 0;

	for (size_t i = 0; i < n; i++) {
		CLEAN_FD int fd = file_folder(list[i].workspace, NULL);
		struct krux_err why = { 0 };

		/* What is not there has no calls, until it is. */
		if (fd < 0 || !folders_try(&f, fd, &why))
			continue;
		if (why.no != EOPNOTSUPP || !feature_is_waived(FEATURE_IS_idmapped, m->waived))
			return refuse(&list[i], &why, err);
		if (!lacking++) {
			first = &list[i];
			said = why;
		}
	}
	if (lacking > 1)
		machine_lacks(m, FEATURE_IS_idmapped, "%zu workspaces, that of agent %s first: %s", lacking, first->name, said.text);
	else if (lacking)
		machine_lacks(m, FEATURE_IS_idmapped, "the workspace of agent %s: %s", first->name, said.text);
	return 0;
}
