/* A class of calls to a process that their children are forked from: what they have in common is put on once, and each
 * child gets the rest of its own. It reads numbers and descriptors, and a request never: that goes from the handlers'
 * process to the child. */
#include "runtime/spawn/nest.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/message.h"
#include "runtime/spawn/mounts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Gives the child the map of its user namespace when it asks, and keeps what it brings. One that ends instead is seen by its
 * parent. */
static void child_hear(const struct child_plan *plan, pid_t pid, int pidfd, int asks)
{
	struct pollfd p[2] = { { .fd = asks, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int mounts = -2;

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[0].revents & POLLIN)
		mounts = namespace_hear(asks, 0);
	if (mounts >= 0)
		mounts_keep(mounts, pidfd);
	if (mounts >= -1 && plan->probe->root && !child_shared_map(pid, plan->owner, plan->group))
		(void)!write(asks, "", 1);
}

static void born_say(int channel, uint64_t cookie, pid_t pid, int pidfd, int no)
{
	const struct message_born born = { .pid = pid, .no = no };
	const struct part part = { &born, sizeof born };
	struct pollfd p = { .fd = channel, .events = POLLOUT };
	int rc;

	while (!(rc = message_send(channel, MESSAGE_BORN, cookie, &part, 1, &pidfd, pid > 0, NULL)))
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			_exit(CHILD_BROKEN);
	if (rc < 0)
		_exit(CHILD_BROKEN);
}

static void child_bear(struct child_plan *plan, struct message *m, int channel)
{
	const bool says = plan->probe->root || plan->command;
	CLEAN_FD int pidfd = -1;
	CLEAN_FD int asks = -1;
	CLEAN_FD int ask = -1;
	int pair[2], no = 0;
	pid_t pid = -1;

	if (m->kind != MESSAGE_BEAR || !m->nfds || m->nfds > 2)
		_exit(CHILD_BROKEN);
	if (says) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			born_say(channel, m->cookie, -1, -1, errno);
			return;
		}
		asks = pair[0];
		ask = pair[1];
	}
	plan->ask = plan->go = ask;
	plan->socket = m->fd[0];
	plan->cgroup = m->nfds > 1 ? m->fd[1] : -1;
	pid = namespaces_fork_own(plan->probe, plan->command, plan->rules.n, plan->cgroup, &pidfd);
	if (!pid)
		child_run(plan);
	if (pid < 0)
		no = errno;
	/* Before anybody hears of the child: what is sent to one that has ended is to fail. */
	message_close_fds(m);
	if (pid > 0 && says)
		child_hear(plan, pid, pidfd, asks);
	born_say(channel, m->cookie, pid, pidfd, no);
}

void nest_run(struct child_plan *plan, int socket)
{
	struct channel channel;
	struct message m;
	int rc;

	prctl(PR_SET_NAME, "krux-nest");
	child_share(plan, socket);
	if (channel_open(&channel, socket, NULL))
		_exit(CHILD_BROKEN);
	for (;;) {
		while ((rc = channel_take(&channel, &m, NULL)) > 0) {
			child_bear(plan, &m, socket);
			message_close_fds(&m);
		}
		if (rc < 0 || (mounts_wait(socket) && errno != EINTR))
			_exit(0);
	}
}
