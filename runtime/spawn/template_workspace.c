/* The host's folder in a request to the folder that the agent's uid owns: who makes a child finds in it as whom it runs. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/sandbox/feature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char feature[] = "idmapped-mounts";

/* Without such a mount it would run as the folder's owner, who is to be nobody's agent. */
static int waived_take(const struct template *t, int workspace, struct krux_err *err)
{
	const struct agent_uids *agents = &t->options->agents;
	const struct krux_err why = *err;
	struct stat st;

	if (!t->options->waived || !feature_name_is_waived(feature, t->options->waived))
		return err_set(err, 0, "workspace: %s; calls run there, as its owner, only where kruxrt serve was told so: "
		               "--allow-missing %s", why.text, feature);
	if (fstat(workspace, &st))
		return err_set(err, errno, "workspace");
	if (agent_uids_may(agents, st.st_uid) || agent_uids_may(agents, st.st_gid))
		return err_set(err, 0, "workspace: its owner is one of the uids that agents have");
	return 0;
}

int workspace_take(struct template *t, struct message *m, int *folder, struct krux_err *err)
{
	struct message_fork head;
	int clone;

	*folder = -1;
	/* What is none is refused by who reads it. */
	if (m->n < sizeof head || m->nfds < 2)
		return 0;
	memcpy(&head, m->body, sizeof head);
	if (!t->options->agents.count || !agent_uids_may(&t->options->agents, head.uid))
		return 0;
	clone = clones_get(&t->clones, m->fd[1], head.uid, err);
	if (clone < 0)
		return err->no == EOPNOTSUPP ? waived_take(t, m->fd[1], err) : -1;
	clone = fcntl(clone, F_DUPFD_CLOEXEC, 3);
	if (clone < 0)
		return err_set(err, errno, "workspace");
	*folder = m->fd[1];
	m->fd[1] = clone;
	return 0;
}

/* Another one for each, since it becomes a part of that root, in which nothing may be changed through it. */
int workspace_mount(const struct asked *a, struct child_plan *plan, struct krux_err *err)
{
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (!plan->command || !plan->probe->root)
		return 0;
	plan->mount = a->plan->idmapped ? clones_make(&a->template->clones, a->folder, a->uid, attributes, err)
	                                : idmap_mount(a->folder, -1, attributes, err);
	return plan->mount < 0 ? -1 : 0;
}

/* ---- the machine's mounts ---- */

/* What is kept is of those that were. Before a call it is looked at too, since this may come after it. */
static void mounts_told(struct watch *w, uint32_t events)
{
	struct template *t = w->ctx;

	if (events & (EPOLLPRI | EPOLLERR))
		clones_drop(&t->clones);
}

int workspaces_open(struct template *t, struct krux_err *err)
{
	t->mounts = (struct watch){ .fd = -1, .ready = mounts_told, .ctx = t };
	if (!t->options->agents.count)
		return 0;
	t->mounts.fd = clones_listen();
	if (t->mounts.fd < 0)
		return err_set(err, errno, "/proc/self/mountinfo");
	return loop_watch(&t->loop, &t->mounts, EPOLLPRI, err);
}

void workspaces_close(struct template *t)
{
	if (t->mounts.on)
		loop_forget(&t->loop, &t->mounts);
	if (t->mounts.fd >= 0)
		close(t->mounts.fd);
	clones_close(&t->clones);
}
