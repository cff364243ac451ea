/* Requests to children: to one that waits, where there is one of that class, else to one that is born for its call; and
 * children to how they ended.
 *
 * A child serves one call. What it gets it gets in one message, which is sent once: where it cannot be sent, the child
 * has got nothing and is ended, and where it was, nobody else gets that call. */
#include "runtime/spawn/template_part.h"

#include "capspec/schema.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/spawn/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- requests that wait for their child to be born ---- */

static void held_forget(struct held *h)
{
	for (unsigned i = 0; i < h->nfds; i++)
		close(h->fd[i]);
	cleanup_fd(&h->folder);
	if (h->body)
		explicit_bzero(h->body, h->n);
	free(h->body);
	*h = (struct held){ .folder = -1 };
}

static int held_keep(struct held *h, const struct message *m, int folder, struct krux_err *err)
{
	*h = (struct held){ .body = malloc(m->n), .n = m->n, .folder = fcntl(folder, F_DUPFD_CLOEXEC, 3) };
	if (h->body)
		memcpy(h->body, m->body, m->n);
	for (; h->body && h->folder >= 0 && h->nfds < m->nfds; h->nfds++) {
		h->fd[h->nfds] = fcntl(m->fd[h->nfds], F_DUPFD_CLOEXEC, 3);
		if (h->fd[h->nfds] < 0)
			break;
	}
	if (h->nfds == m->nfds)
		return 0;
	err_set(err, errno, "a call");
	held_forget(h);
	return -1;
}

static bool held_holds(const struct held *h, const uint8_t *at)
{
	return at && h->body && at >= h->body && at < h->body + h->n;
}

static struct message held_message(const struct call *c)
{
	struct message m = { .kind = MESSAGE_FORK, .cookie = c->cookie, .body = c->held.body, .n = c->held.n,
		             .nfds = c->held.nfds };

	memcpy(m.fd, c->held.fd, sizeof m.fd);
	return m;
}

/* ---- children ---- */

static struct call *call_make(struct template *t)
{
	struct call *c = t->free;

	if (!c)
		return NULL;
	t->free = c->next;
	*c = (struct call){ .owner = t, .on = true, .waits = true, .place = -1, .socket = -1, .held.folder = -1,
		            .birth = { .pidfd = -1, .asks = -1, .go = -1 } };
	return c;
}

/* From now on it is a call's. */
static void call_begin(struct call *c, uint64_t cookie, const struct child_plan *plan)
{
	c->waits = false;
	c->cookie = cookie;
	c->command = plan->command;
	c->background = plan->command && plan->command->handler.background;
	c->owner->ncalls++;
	c->owner->nbackground += c->background;
}

/* Nor from now on. */
static void call_leave(struct call *c)
{
	if (c->waits)
		return;
	c->waits = true;
	c->owner->ncalls--;
	c->owner->nbackground -= c->background;
}

static void place_leave(struct call *c)
{
	if (c->place < 0)
		return;
	pool_gone(&c->owner->pool, c->place);
	c->owner->waiting[c->place] = NULL;
	c->place = -1;
}

static void call_free(struct call *c)
{
	struct template *t = c->owner;
	struct group_end end;

	birth_close(&c->birth);
	if (c->group)
		groups_give(&t->groups, c->group, true, &end);
	if (c->socket >= 0)
		close(c->socket);
	place_leave(c);
	held_forget(&c->held);
	call_leave(c);
	c->on = false;
	c->next = t->free;
	t->free = c;
}

static struct message_ended ended_of(const struct template *t, const struct birth_end *how)
{
	const struct group_end *g = &how->group;
	struct message_ended m = {
		.status = how->status, .lost = how->lost, .cpu_ns = g->timed ? g->cpu_ns : how->cpu_ns, .rss_bytes = how->rss_bytes,
		.flags = (g->own ? ENDED_GROUP : 0) | (g->out_of_memory ? ENDED_MEMORY : 0), .has = g->has, .refused = g->refused,
		.used = g->used,
	};

	if (g->own && t->counts_io && !how->lost) {
		used_set(&m.used, USED_READ, how->read_bytes);
		used_set(&m.used, USED_WRITTEN, how->written_bytes);
	}
	return m;
}

static void call_ready(struct watch *w, uint32_t events)
{
	struct call *c = w->ctx;
	struct template *t = c->owner;
	struct message_ended ended;
	struct birth_end how;

	(void)events;
	birth_reap(&c->birth, &how);
	if (c->group)
		groups_give(&t->groups, c->group, !c->command && WIFEXITED(how.status), &how.group);
	c->group = NULL;
	loop_forget(&t->loop, &c->ended);
	if (c->birth.asks >= 0)
		loop_forget(&t->loop, &c->asks);
	if (!c->waits) {
		ended = ended_of(t, &how);
		template_say(t, MESSAGE_ENDED, c->cookie, &ended, sizeof ended);
	}
	call_free(c);
}

static void call_asks(struct watch *w, uint32_t events)
{
	struct call *c = w->ctx;

	(void)events;
	loop_forget(&c->owner->loop, w);
	birth_map(&c->birth);
}

/* Its process is there. One that cannot be watched is ended at once: nothing of a handler has run. */
static bool call_watch(struct call *c)
{
	struct template *t = c->owner;
	struct krux_err err;

	c->ended = (struct watch){ .fd = c->birth.pidfd, .ready = call_ready, .ctx = c };
	c->asks = (struct watch){ .fd = c->birth.asks, .ready = call_asks, .ctx = c };
	if (!loop_watch(&t->loop, &c->ended, EPOLLIN, &err) &&
	    (c->birth.asks < 0 || !loop_watch(&t->loop, &c->asks, EPOLLIN, &err)))
		return true;
	kill(c->birth.pid, SIGKILL);
	call_ready(&c->ended, 0);
	return false;
}

/* Nobody waits for it any more: its child is ended when it is born. */
static void call_drop(struct call *c)
{
	const struct message_ended ended = { .status = SIGKILL };

	template_say(c->owner, MESSAGE_ENDED, c->cookie, &ended, sizeof ended);
	held_forget(&c->held);
	call_leave(c);
}

/* A group of its own reaches all that a call has started; without one, the first process of a command is told. A child that
 * waits has started nothing, and its group can be another's if it was not killed as a whole. */
static void call_say(struct call *c, int signal)
{
	if (!c->group || c->waits || !group_signal(c->group, signal))
		kill(c->birth.pid, c->command ? command_signal(signal) : signal);
}

/* One that is not born yet gets it then. */
static void call_signal(struct call *c, int signal)
{
	if (signal == SIGKILL)
		c->killed = true;
	else
		c->stopped = signal == SIGSTOP;
	if (c->birth.pid > 0)
		call_say(c, signal);
	else if (c->killed && !c->waits)
		call_drop(c);
}

static void call_kill(struct call *c)
{
	call_signal(c, SIGKILL);
}

static struct call *call_find(struct template *t, uint64_t cookie)
{
	for (size_t i = 0; i < TEMPLATE_CHILDREN; i++)
		if (t->call[i].on && !t->call[i].waits && t->call[i].cookie == cookie)
			return &t->call[i];
	return NULL;
}

/* ---- calls ---- */

/* folder -1: the workspace is the host's folder. */
static int call_plan(struct template *t, const struct message *m, int folder, struct child_plan *plan, struct asked *asked,
                     struct krux_err *err)
{
	if (asked_plan(t, m, plan, asked, err))
		return -1;
	asked->folder = folder < 0 ? plan->workspace : folder;
	return 0;
}

/* In a child of this process, with nothing made before. */
static int call_cold(struct template *t, const struct message *m, int folder, struct krux_err *err)
{
	struct child_plan plan;
	struct asked asked;
	struct call *c;
	int network, rc;

	if (call_plan(t, m, folder, &plan, &asked, err))
		return -1;
	c = call_make(t);
	if (!c)
		return err_set(err, 0, "too many calls are under way");
	c->command = plan.command;
	c->limits = call_limits(&asked, &plan);
	if (call_group(t, &c->limits, &c->group, err)) {
		call_free(c);
		return -1;
	}
	if (c->group && c->command)
		group_begin(c->group);
	plan.cgroup = c->group ? c->group->fd : -1;
	plan.network = network = spares_take(&t->spares);
	rc = workspace_mount(&asked, &plan, err) || birth_start(&plan, &c->birth, err) ? -1 : 0;
	cleanup_fd(&network);
	cleanup_fd(&plan.mount);
	if (rc) {
		/* What waits may be what the machine has too little of. */
		pool_empty(t, NULL);
		call_free(c);
		return -1;
	}
	call_begin(c, m->cookie, &plan);
	call_watch(c);
	return 0;
}

/* The request, once, to the child, whose call it is from now on. False: the child is gone, or its group cannot have the
 * call's limits. */
static bool call_give(struct call *c, const struct message *m)
{
	const struct part part = { m->body, m->n };

	if (c->group && groups_limit(&c->owner->groups, c->group, &c->limits, NULL))
		return false;
	birth_hand_over(&c->birth);
	/* Of a builtin the kernel says so when it is waited for, being one process. */
	if (c->group && c->command)
		group_begin(c->group);
	if (message_send(c->socket, MESSAGE_FORK, m->cookie, &part, 1, m->fd, m->nfds, NULL) <= 0)
		return false;
	close(c->socket);
	c->socket = -1;
	return true;
}

/* Its child is none: the request goes to another, and what is said of the call is said of that one. */
static void call_again(struct call *c)
{
	struct template *t = c->owner;
	struct message m = held_message(c);
	struct krux_err err = { 0 };
	struct call *again;

	call_leave(c);
	if (call_cold(t, &m, c->held.folder, &err))
		template_say(t, MESSAGE_REFUSED, m.cookie, err.text, strlen(err.text));
	else if (c->stopped && (again = call_find(t, m.cookie)))
		call_signal(again, SIGSTOP);
	held_forget(&c->held);
}

void child_born(struct call *c, pid_t pid, int pidfd)
{
	struct message m;

	c->birth = (struct birth){ .pid = pid, .pidfd = pidfd, .asks = -1, .go = -1 };
	if (!call_watch(c))
		return;
	if (c->killed || c->stopped)
		call_say(c, c->killed ? SIGKILL : SIGSTOP);
	if (c->killed || c->waits)
		return;
	m = held_message(c);
	if (call_give(c, &m)) {
		held_forget(&c->held);
	} else {
		kill(pid, SIGKILL);
		call_again(c);
	}
}

void child_unborn(struct call *c)
{
	if (!c->waits)
		call_again(c);
	call_free(c);
}

/* ---- children that wait ---- */

/* It is reaped when it is gone. */
void pool_empty(struct template *t, const uint8_t *owner)
{
	int place;

	while ((place = pool_revoke(&t->pool, owner)) >= 0)
		call_kill(t->waiting[place]);
}

/* Where it fails, the next call says why. */
static void child_await(struct template *t, int place, const struct pool_key *key)
{
	struct call *c = call_make(t);

	if (!c) {
		pool_gone(&t->pool, place);
		return;
	}
	c->place = place;
	t->waiting[place] = c;
	if (nest_bear(t, c, key, NULL, NULL))
		call_free(c);
}

void pool_tend(struct template *t)
{
	const uint64_t now = loop_clock();
	const struct pool_key *key;
	uint64_t next;
	int place;

	while ((place = pool_surplus(&t->pool, now)) >= 0)
		call_kill(t->waiting[place]);
	while ((place = pool_due(&t->pool, t->ncalls > t->nbackground, &key)) >= 0)
		child_await(t, place, key);
	nests_tend(t);
	/* While calls go on, they are to have the processors. */
	if (t->ncalls == t->nbackground)
		spares_tend(&t->spares);
	next = pool_next(&t->pool, now);
	if (next)
		loop_timer_set(&t->loop, &t->tend, next);
	else
		loop_timer_clear(&t->loop, &t->tend);
}

/* The turn does it. */
static void tend_due(struct timer *timer)
{
	(void)timer;
}

/* ---- messages ---- */

/* To the eldest child of its class that takes it, or that will when it is born. */
static bool call_hand_over(struct template *t, const struct message *m, const struct asked *asked, const struct pool_key *key,
                           const struct group_limits *limits)
{
	const uint64_t now = loop_clock();
	int place;

	while ((place = pool_take(&t->pool, key, now)) >= 0) {
		struct call *c = t->waiting[place];

		t->waiting[place] = NULL;
		c->place = -1;
		c->limits = *limits;
		c->command = asked->plan->command;
		if (c->nest ? !held_keep(&c->held, m, asked->folder, NULL) : call_give(c, m)) {
			call_begin(c, m->cookie, asked->plan);
			return true;
		}
		call_kill(c);
	}
	return false;
}

static bool call_bear(struct template *t, const struct message *m, const struct asked *asked, const struct pool_key *key,
                      const struct group_limits *limits)
{
	struct call *c = pool_knows(&t->pool, key) ? call_make(t) : NULL;

	if (!c)
		return false;
	c->limits = *limits;
	if (held_keep(&c->held, m, asked->folder, NULL) || nest_bear(t, c, key, asked, NULL)) {
		call_free(c);
		return false;
	}
	call_begin(c, m->cookie, asked->plan);
	return true;
}

int template_call(struct template *t, const struct message *m, int folder, struct krux_err *err)
{
	struct group_limits limits;
	struct child_plan plan;
	struct pool_key key;
	struct asked asked;

	if (t->ncalls == TEMPLATE_CALLS)
		return err_set(err, 0, "too many calls are under way");
	if (call_plan(t, m, folder, &plan, &asked, err) || asked_key(&asked, &plan, &key, err))
		return -1;
	/* Which says why it is refused, or sees what no other call does. */
	if ((plan.command && plan.probe->root && !key.uid) || plan.snapshot)
		return call_cold(t, m, folder, err);
	t->limits = limits = call_limits(&asked, &plan);
	return call_hand_over(t, m, &asked, &key, &limits) || call_bear(t, m, &asked, &key, &limits) ? 0 : call_cold(t, m, folder, err);
}

void template_signal(struct template *t, const struct message *m)
{
	struct call *c = call_find(t, m->cookie);
	struct message_signal s;

	if (m->n != sizeof s)
		return;
	memcpy(&s, m->body, sizeof s);
	if (c && (s.signal == SIGKILL || s.signal == SIGSTOP || s.signal == SIGCONT))
		call_signal(c, (int)s.signal);
	else if (c && c->command && c->birth.pid > 0 && s.signal < NSIG && command_passes((int)s.signal))
		kill(c->birth.pid, (int)s.signal);
}

/* ---- from start to end ---- */

int children_open(struct template *t, struct krux_err *err)
{
	t->call = calloc(TEMPLATE_CHILDREN, sizeof *t->call);
	t->nest = calloc(TEMPLATE_NESTS, sizeof *t->nest);
	if (!t->call || !t->nest)
		return err_set(err, ENOMEM, "handlers");
	for (size_t i = TEMPLATE_CHILDREN; i--;) {
		t->call[i].next = t->free;
		t->free = &t->call[i];
	}
	/* Linux can be built without. */
	t->counts_io = !access("/proc/self/io", F_OK);
	t->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	pool_init(&t->pool, t->options->each, t->options->all);
	t->tend = (struct timer){ .due = tend_due };
	return 0;
}

/* What still runs has this process for a parent, and the kernel ends it. */
void children_close(struct template *t)
{
	for (size_t i = 0; t->call && i < TEMPLATE_CHILDREN; i++) {
		struct call *c = &t->call[i];

		if (!c->on)
			continue;
		if (c->birth.pid > 0)
			kill(c->birth.pid, SIGKILL);
		birth_close(&c->birth);
		held_forget(&c->held);
		if (c->socket >= 0)
			close(c->socket);
	}
	nests_close(t);
	free(t->call);
}

void requests_forget(struct template *t, const uint8_t *own)
{
	for (size_t i = 0; t->looking && i < LOOKING_MOST; i++)
		if (t->looking[i].on)
			explicit_bzero(t->looking[i].item, t->looking[i].n);
	for (size_t i = 0; t->call && i < TEMPLATE_CHILDREN; i++)
		if (t->call[i].held.body && !held_holds(&t->call[i].held, own))
			explicit_bzero(t->call[i].held.body, t->call[i].held.n);
	channel_forget(&t->channel);
}
