/* Classes of calls to processes that their children come from, and those children to their processes. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"

#include "runtime/spawn/nest.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What nests and calls allocate on the whole, without asking the kernel: what a nest adds to the heap is a mapping of its
 * own, which each child would have too. What is larger than HEAP_LARGE is one anyway. */
enum { HEAP_ROOM = 1 << 20, HEAP_LARGE = 4 << 20 };

static char *heap_from;

void heap_ready(void)
{
	heap_from = sbrk(0);
	mallopt(M_TOP_PAD, HEAP_ROOM);
	mallopt(M_TRIM_THRESHOLD, HEAP_LARGE);
	mallopt(M_MMAP_THRESHOLD, HEAP_LARGE);
}

/* Zeros are what new pages have: those that have nothing else need not be there. */
void heap_zeros_forget(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const char *end = sbrk(0);
	char *zeros = NULL;
	char *p = heap_from + (page - (uintptr_t)heap_from % page) % page;

	for (; p + page <= end; p += page) {
		if (!*p && !memcmp(p, p + 1, page - 1)) {
			zeros = zeros ? zeros : p;
			continue;
		}
		if (zeros)
			madvise(zeros, (size_t)(p - zeros), MADV_DONTNEED);
		zeros = NULL;
	}
	if (zeros)
		madvise(zeros, (size_t)(p - zeros), MADV_DONTNEED);
}

static void nest_free(struct nest *n)
{
	struct template *t = n->owner;

	if (n->said.on)
		loop_forget(&t->loop, &n->said);
	if (n->ended.on)
		loop_forget(&t->loop, &n->ended);
	channel_close(&n->channel);
	if (n->ended.fd >= 0)
		close(n->ended.fd);
	n->on = false;
}

/* ---- what it says ---- */

static void template_fail(struct template *t)
{
	t->code = TEMPLATE_FAILED;
	loop_stop(&t->loop);
}

static int born_take(struct nest *n, struct message *m)
{
	struct template *t = n->owner;
	struct message_born born;
	struct call *c;

	if (m->kind != MESSAGE_BORN || m->n != sizeof born || m->cookie >= TEMPLATE_CHILDREN)
		return -1;
	memcpy(&born, m->body, sizeof born);
	c = &t->call[m->cookie];
	if (c->nest != n || m->nfds != (born.pid > 0))
		return -1;
	c->nest = NULL;
	n->making--;
	if (born.pid > 0) {
		child_born(c, born.pid, m->fd[0]);
		m->fd[0] = -1;
	} else {
		child_unborn(c);
	}
	return 0;
}

static void nest_said(struct watch *w, uint32_t events)
{
	struct nest *n = w->ctx;
	struct message m;
	int rc = 0, bad = 0;

	(void)events;
	while (!bad && (rc = channel_take(&n->channel, &m, NULL)) > 0) {
		bad = born_take(n, &m);
		message_close_fds(&m);
	}
	if (bad)
		template_fail(n->owner);
	else if (rc < 0)
		loop_forget(&n->owner->loop, &n->said);
}

/* One that a signal ended may have made a child that it did not speak of: there is no end to that child's call that
 * could be seen, so everything ends. One that went by itself has none, and its children are born without it. */
static void nest_ended(struct watch *w, uint32_t events)
{
	struct nest *n = w->ctx;
	struct template *t = n->owner;
	int status = 0;

	if (n->said.on)
		nest_said(&n->said, events);
	while (waitpid(n->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n->making && !WIFEXITED(status)) {
		template_fail(t);
		return;
	}
	for (size_t i = 0; n->making && i < TEMPLATE_CHILDREN; i++)
		if (t->call[i].on && t->call[i].nest == n) {
			t->call[i].nest = NULL;
			n->making--;
			child_unborn(&t->call[i]);
		}
	nest_free(n);
}

/* ---- start and end ---- */

static struct nest *nest_find(struct template *t, const struct pool_key *key)
{
	for (size_t i = 0; i < TEMPLATE_NESTS; i++)
		if (t->nest[i].on && !t->nest[i].closing && pool_key_same(&t->nest[i].key, key))
			return &t->nest[i];
	return NULL;
}

/* The command that a class is for; NULL: it is for builtins. */
static const struct krux_capability *command_of(const struct template *t, const struct pool_key *key)
{
	for (size_t i = 0; i < t->policy->ncaps; i++)
		if ((uint64_t)(uintptr_t)&t->policy->cap[i] == key->profile)
			return &t->policy->cap[i];
	return NULL;
}

/* Of a command: its program and its workspace, which a child's root has. */
static int nest_plan_command(struct template *t, const struct krux_capability *cap, const struct asked *first, struct child_plan *plan,
                             struct krux_err *err)
{
	if (!first)
		return err_set(err, 0, "a command's workspace is not at hand");
	if (child_plan_make(cap, loaded_layer(t->policy, cap), t->policy->relay, t->options->find, plan, err))
		return -1;
	plan->program = programs_get(&t->programs, cap, (size_t)(cap - t->policy->cap), err);
	plan->workspace = first->folder;
	return plan->program < 0 ? -1 : workspace_mount(first, plan, err);
}

/* Made before the fork: in a user namespace without a map nobody can tell who he is. */
static int nest_plan(struct template *t, const struct pool_key *key, const struct asked *first, struct asked *asked,
                     struct child_plan *plan, struct krux_err *err)
{
	const struct krux_capability *cap = command_of(t, key);

	*plan = (struct child_plan){ .probe = probe_get(), .builtin = cap ? NULL : (const struct builtin *)(uintptr_t)key->profile,
		                     .program = -1, .workspace = -1, .mount = -1, .store = -1, .line = -1, .stream = -1, .socket = -1,
		                     .cgroup = -1, .network = -1, .out = -1, .ask = -1, .go = -1, .blob = { -1, -1, -1 } };
	if (cap && nest_plan_command(t, cap, first, plan, err))
		return -1;
	plan->uid = geteuid();
	plan->gid = getegid();
	plan->owner = plan->probe->root ? key->uid : plan->uid;
	plan->group = plan->probe->root ? key->gid : plan->gid;
	/* No call runs as one of these but by such a mount: template_workspace.c. */
	plan->idmapped = t->options->agents.count && agent_uids_may(&t->options->agents, key->uid);
	plan->waits = asked_waits;
	plan->ctx = asked;
	return 0;
}

/* Of what is free at the heap's end, pages that were written once: they would be copied, where new ones are made. */
static void heap_end_forget(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), n = mallinfo2().keepcost;
	char *p = n > 4 * page ? malloc(n - 2 * page) : NULL;

	/* Whole pages inside of it. */
	if (p)
		madvise(p + page - (uintptr_t)p % page, (n - 4 * page) & ~(page - 1), MADV_DONTNEED);
	free(p);
}

/* Each child is a copy, which takes time to make and as much to take down: what the handlers' process alone needs is
 * given back, and what is free then to the kernel. */
static void nest_shed(struct template *t)
{
	for (size_t i = 0; i < TEMPLATE_NESTS; i++)
		if (t->nest[i].channel.in)
			channel_close(&t->nest[i].channel);
	channel_close(&t->channel);
	free(t->looking);
	free(t->call);
	free(t->nest);
	free(t->groups.group);
	t->looking = NULL;
	t->call = NULL;
	t->nest = NULL;
	t->groups.group = NULL;
	malloc_trim(HEAP_ROOM);
}

/* Blocks that were free between older ones. They would be taken first, and each lies on a page that every child would
 * have to copy: so the nest takes them, largest first, until malloc has the end of the heap alone. */
static struct hole { struct hole *next; } *holes;

static bool hole_take(size_t n, uintptr_t top)
{
	enum { SMALL = 1032 };         /* malloc keeps such blocks by themselves when they are freed */
	struct hole *h = malloc(n);
	const bool older = h && (uintptr_t)h < top;

	if (older || (h && n <= SMALL)) {
		h->next = holes;
		holes = h;
	} else {
		free(h);
	}
	return older;
}

static void holes_take(void)
{
	for (size_t n = HEAP_ROOM / 2; n >= sizeof *holes; n -= (n + 7) / 8) {
		const uintptr_t top = (uintptr_t)sbrk(0) - mallinfo2().keepcost;

		while (hole_take(n, top))
			;
	}
}

/* What each child would get for itself. */
static int nest_ready(struct template *t)
{
	if (channel_open(&t->request, -1, NULL))
		return -1;
	holes_take();
	/* What was tried for holes has left words all over the heap's end. */
	heap_end_forget();
	return 0;
}

__attribute__((noreturn)) static void nest_be(struct template *t, struct child_plan *plan, int socket)
{
	requests_forget(t, NULL);
	explicit_bzero(t->channel.in, t->channel.nin);
	nest_shed(t);
	if (nest_ready(t))
		_exit(CHILD_BROKEN);
	nest_run(plan, socket);
}

static int nest_fork(struct template *t, struct nest *n, const struct pool_key *key, struct child_plan *plan, struct krux_err *err)
{
	int pair[2], network;

	*n = (struct nest){ .owner = t, .key = *key, .limits = t->limits, .ended.fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return err_set(err, errno, "make a channel between processes");
	if (channel_open(&n->channel, pair[0], err)) {
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	plan->network = network = spares_take(&t->spares);
	n->pid = namespaces_fork_shared(probe_get(), network < 0, &n->ended.fd);
	if (!n->pid)
		nest_be(t, plan, pair[1]);
	cleanup_fd(&network);
	close(pair[1]);
	if (n->pid < 0) {
		err_set(err, errno, "start a process for the calls of an agent");
		nest_free(n);
		return -1;
	}
	n->on = true;
	n->said = (struct watch){ .fd = pair[0], .ready = nest_said, .ctx = n };
	n->ended = (struct watch){ .fd = n->ended.fd, .ready = nest_ended, .ctx = n };
	if (!loop_watch(&t->loop, &n->said, EPOLLIN, err) && !loop_watch(&t->loop, &n->ended, EPOLLIN, err))
		return 0;
	kill(n->pid, SIGKILL);
	nest_ended(&n->ended, 0);
	return -1;
}

static int nest_start(struct template *t, struct nest *n, const struct pool_key *key, const struct asked *first, struct krux_err *err)
{
	struct asked asked = { .template = t, .key = *key };
	struct child_plan plan;
	int rc;

	if (nest_plan(t, key, first, &asked, &plan, err))
		return -1;
	rc = nest_fork(t, n, key, &plan, err);
	cleanup_fd(&plan.mount);
	return rc;
}

int nest_bear(struct template *t, struct call *c, const struct pool_key *key, const struct asked *first, struct krux_err *err)
{
	struct nest *n = nest_find(t, key);
	int pair[2], fd[2], rc;

	for (size_t i = 0; !n && i < TEMPLATE_NESTS; i++)
		if (!t->nest[i].on) {
			n = &t->nest[i];
			if (nest_start(t, n, key, first, err))
				return -1;
		}
	if (!n)
		return err_set(err, 0, "too many agents");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return err_set(err, errno, "make a pipe for the call");
	/* Right most of the time; what it gets is held against those of its call. */
	if (c->limits.memory)
		n->limits = c->limits;
	if (call_group(t, &n->limits, &c->group, err)) {
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	fd[0] = pair[1];
	fd[1] = c->group ? c->group->fd : -1;
	rc = message_send(n->channel.fd, MESSAGE_BEAR, (uint64_t)(c - t->call), NULL, 0, fd, c->group ? 2 : 1, err);
	close(pair[1]);
	if (rc <= 0) {
		close(pair[0]);
		return rc ? -1 : err_set(err, 0, "too many children are on their way");
	}
	c->socket = pair[0];
	c->nest = n;
	n->making++;
	return 0;
}

/* Those that nobody asks for any more end when what they were asked for is there. */
void nests_tend(struct template *t)
{
	for (size_t i = 0; i < TEMPLATE_NESTS; i++) {
		struct nest *n = &t->nest[i];

		if (!n->on)
			continue;
		if (!n->closing && !pool_knows(&t->pool, &n->key))
			n->closing = true;
		if (n->closing && !n->making && n->said.on) {
			loop_forget(&t->loop, &n->said);
			channel_close(&n->channel);
		}
	}
}

void nests_close(struct template *t)
{
	for (size_t i = 0; t->nest && i < TEMPLATE_NESTS; i++)
		if (t->nest[i].on) {
			kill(t->nest[i].pid, SIGKILL);
			channel_close(&t->nest[i].channel);
			close(t->nest[i].ended.fd);
		}
	free(t->nest);
}
