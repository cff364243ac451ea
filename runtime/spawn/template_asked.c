/* A request to the plan of its child, and in the child, which alone reads the record, to a yes or no. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/err.h"
#include "runtime/base/uids.h"
#include "runtime/bundle/loaded.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/look.h"

#include "capspec/digest.h"
#include "capspec/limits.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)FORK_OWNER == (int)KRUX_SHA256 && (int)POOL_OWNER == (int)FORK_OWNER, "the digest of a name");

/* What a child reads its arguments into. */
static const size_t most_memory = (size_t)512 << 20;

/* ---- in the child ---- */

static bool owner_agrees(const struct asked *a)
{
	uint8_t owner[KRUX_SHA256];

	krux_sha256(a->warrant.agent, owner);
	return !a->foreign && !memcmp(owner, a->owner, sizeof owner);
}

static bool warrant_of(struct asked *a)
{
	struct krux_pool *pool = krux_pool_new(most_memory);
	struct krux_str blob[WARRANT_BLOBS];
	struct krux_err err;

	requests_forget(a->template, a->body);
	for (unsigned i = 0; i < a->nblobs; i++) {
		blob[i].p = (const char *)memory_map(a->blob[i], KRUX_MAX_ARGS_BYTES_HARD + 32, &blob[i].n, &err);
		if (!blob[i].p)
			return false;
	}
	return pool && !warrant_again(&a->template->rules, a->body, a->n, blob, a->nblobs, pool, &a->warrant, &err) &&
	       a->warrant.index == a->index && a->warrant.uid == a->uid && owner_agrees(a);
}

/* Who shows it the list is believed no more than who asked for the call: it is that of the record. */
static size_t asked_takes(void *ctx, int workspace, int into, uint8_t *out, size_t cap)
{
	struct asked *a = ctx;
	struct look look = { .n = 0 };
	struct krux_err err;
	const char *why;

	if (!warrant_of(a) || (a->warrant.shown.n && look_shown(a->warrant.shown, &look, &err)))
		return 0;
	return look_at(workspace, &look, into, out, cap, &why);
}

static uint32_t asked_decides(void *ctx, int workspace)
{
	struct asked *a = ctx;
	struct krux_err err;

	if (!warrant_of(a) ||
	    child_reach(a->warrant.cap, a->plan->layer, a->warrant.agent, &a->plan->reach, &err))
		return CHILD_DENIED;
	a->plan->changes = a->warrant.changes;
	if (a->plan->snapshot)
		a->again.taken = command_taken();
	return again_decides(&a->again, workspace);
}

static bool asked_allows(void *ctx, struct krux_str field, struct krux_str path)
{
	struct asked *a = ctx;

	return again_allows(&a->again, field, path);
}

/* The pipes and folders are this call's by what came with it; that it is a call for whom this child was made, the
 * process that sent it is not believed. */
bool asked_waits(struct child_plan *plan)
{
	struct asked *a = plan->ctx;
	const struct pool_key key = a->key;
	struct pollfd p = { .fd = plan->socket, .events = POLLIN };
	struct channel *channel = &a->template->request;
	struct pool_key now;
	struct krux_err err;
	struct message m;
	int rc;

	channel->fd = plan->socket;
	while (!(rc = channel_take(channel, &m, &err)))
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return false;
	if (rc < 0 || m.kind != MESSAGE_FORK || asked_plan(a->template, &m, plan, a, &err))
		return false;
	close(channel->fd);
	a->foreign = asked_key(a, plan, &now, &err);
	/* What it has been given does not say so, and the mount that it has is the one that was made for it. */
	now.disk_uid = key.disk_uid;
	now.disk_gid = key.disk_gid;
	a->foreign |= !pool_key_same(&key, &now);
	return true;
}

/* ---- before the fork ---- */

/* Who has put it there has seen to it that no workspace is so by itself. */
static bool is_idmapped(int workspace, uint32_t uid)
{
	struct stat st;

	return uid != AGENT_UID_NONE && !fstat(workspace, &st) && st.st_uid == uid && st.st_gid == uid;
}

int asked_key(const struct asked *a, const struct child_plan *plan, struct pool_key *out, struct krux_err *err)
{
	struct stat st;

	if (fstat(plan->workspace, &st))
		return err_set(err, errno, "workspace");
	*out = (struct pool_key){ .device = st.st_dev, .inode = st.st_ino };
	/* Rootless all children are the operator's, and see no other owner's number. */
	if (plan->probe->root) {
		out->uid = st.st_uid;
		out->gid = st.st_gid;
	}
	if (plan->probe->root && plan->command && a->folder >= 0) {
		if (fstat(a->folder, &st))
			return err_set(err, errno, "workspace");
		out->disk_uid = st.st_uid;
		out->disk_gid = st.st_gid;
	}
	memcpy(out->owner, a->owner, sizeof out->owner);
	/* Files of the host are opened before there is a call, so they are those of one builtin; what a program sees is
	 * put together then. */
	if (plan->command)
		out->profile = (uint64_t)(uintptr_t)plan->command;
	else if (plan->builtin->host[0])
		out->profile = (uint64_t)(uintptr_t)plan->builtin;
	return 0;
}

/* Descriptors of a request: the answer's pipe, the workspace, perhaps the trash, perhaps a line, of a command in the background what its
 * program writes to, then the blobs. */
int asked_plan(struct template *t, const struct message *m, struct child_plan *plan, struct asked *a,
               struct krux_err *err)
{
	const struct krux_capability *cap;
	struct message_fork head;
	unsigned at = 2;
	int trash = -1, line = -1, stream = -1;

	if (m->n < sizeof head)
		return err_set(err, 0, "a request that is cut short");
	memcpy(&head, m->body, sizeof head);
	if (head.flags & FORK_TRASH)
		trash = (int)at++;
	if (head.flags & FORK_LINE)
		line = (int)at++;
	if (head.flags & FORK_STREAM)
		stream = (int)at++;
	if (head.reserved || head.capability >= t->policy->ncaps || m->nfds < at || m->nfds - at > WARRANT_BLOBS)
		return err_set(err, 0, "a request that is none");
	if (!agent_uids_may(&t->options->agents, head.uid))
		return err_set(err, 0, "a request for a uid that is no agent's");
	/* The state's trash is on another mount than what is an agent's. */
	if (trash >= 0 && head.uid != AGENT_UID_NONE)
		return err_set(err, 0, "a request that is none");
	cap = &t->policy->cap[head.capability];
	if ((stream >= 0) != cap->handler.background)
		return err_set(err, 0, "a request that is none");
	if (child_plan_make(cap, loaded_layer(t->policy, cap), t->policy->relay, t->options->find, plan, err))
		return -1;
	if (plan->command && (limits_check(t, err) || (plan->program = programs_get(&t->programs, cap, head.capability, err)) < 0))
		return -1;
	/* The group is to be who says no, since it counts that. */
	if (plan->command && t->groups.has & CGROUP_PIDS)
		plan->limits.pids++;
	*a = (struct asked){ .template = t, .plan = plan, .index = head.capability, .uid = head.uid, .folder = -1, .body = m->body + sizeof head,
		             .n = m->n - sizeof head, .blob = plan->blob, .nblobs = m->nfds - at,
		             .again = { .abi = t->policy->abi, .warrant = &a->warrant } };
	memcpy(a->owner, head.owner, sizeof a->owner);
	plan->args = &a->warrant.value;
	plan->out = m->fd[0];
	plan->workspace = m->fd[1];
	plan->idmapped = is_idmapped(m->fd[1], head.uid);
	plan->store = trash < 0 ? -1 : m->fd[trash];
	plan->line = line < 0 ? -1 : m->fd[line];
	plan->stream = stream < 0 ? -1 : m->fd[stream];
	plan->seq = m->cookie;
	for (unsigned i = 0; i < a->nblobs; i++)
		plan->blob[i] = m->fd[at + i];
	plan->snapshot = plan->command && head.flags & FORK_SNAPSHOT;
	plan->takes = asked_takes;
	plan->decides = asked_decides;
	plan->allows = asked_allows;
	plan->ctx = a;
	return 0;
}
