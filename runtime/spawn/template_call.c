/* Requests to children: to one that waits, where there is one of that class, else to one that is born with its call;
 * and children to how they ended.
 *
 * A child serves one call. What it gets it gets in one message, which is sent once: where it cannot be sent, the child
 * has got nothing and is ended, and where it was, nobody else gets that call. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- children ---- */

static struct call *call_make(struct template *t)
{
	struct call *c = t->free;

	if (!c)
		return NULL;
	t->free = c->next;
	*c = (struct call){ .owner = t, .place = -1, .socket = -1, .birth = { .pidfd = -1, .asks = -1, .go = -1 } };
	return c;
}

static void call_free(struct call *c)
{
	struct template *t = c->owner;

	birth_close(&c->birth);
	if (c->socket >= 0)
		close(c->socket);
	if (c->place >= 0) {
		pool_gone(&t->pool, c->place);
		t->waiting[c->place] = NULL;
	}
	if (c->on && !c->waits)
		t->ncalls--;
	c->on = false;
	c->next = t->free;
	t->free = c;
}

static void call_ready(struct watch *w, uint32_t events)
{
	struct call *c = w->ctx;
	struct template *t = c->owner;
	struct message_ended ended;
	struct birth_end how;

	(void)events;
	birth_reap(&c->birth, &how);
	loop_forget(&t->loop, &c->ended);
	if (c->birth.asks >= 0)
		loop_forget(&t->loop, &c->asks);
	if (!c->waits) {
		pool_stir(&t->pool, t->ncalls > 1, loop_clock());
		ended = (struct message_ended){ .status = how.status, .lost = how.lost, .cpu_ns = how.cpu_ns,
			                        .rss_bytes = how.rss_bytes };
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
static void call_watch(struct call *c)
{
	struct template *t = c->owner;
	struct krux_err err;

	c->on = true;
	if (!c->waits)
		t->ncalls++;
	c->ended = (struct watch){ .fd = c->birth.pidfd, .ready = call_ready, .ctx = c };
	c->asks = (struct watch){ .fd = c->birth.asks, .ready = call_asks, .ctx = c };
	if (!loop_watch(&t->loop, &c->ended, EPOLLIN, &err) && !loop_watch(&t->loop, &c->asks, EPOLLIN, &err))
		return;
	kill(c->birth.pid, SIGKILL);
	call_ready(&c->ended, 0);
}

/* ---- children that wait ---- */

/* It is reaped when it is gone. */
static void child_end(struct call *c)
{
	kill(c->birth.pid, SIGKILL);
}

static int child_make(struct template *t, struct call *c, const struct pool_key *key)
{
	struct asked asked = { .template = t, .key = *key };
	struct child_plan plan = { .probe = probe_get(), .builtin = (const struct builtin *)(uintptr_t)key->profile,
		                   .workspace = -1, .store = -1, .out = -1, .ask = -1, .go = -1, .blob = { -1, -1 },
		                   .owner = key->uid, .group = key->gid, .waits = asked_waits, .ctx = &asked };
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	c->socket = pair[0];
	if (channel_open(&asked.channel, pair[1], NULL)) {
		close(pair[1]);
		return -1;
	}
	plan.socket = pair[1];
	rc = birth_start(&plan, &c->birth, NULL);
	channel_close(&asked.channel);
	return rc;
}

/* Where it fails, the next call is born cold, and says why it cannot be. */
static void child_await(struct template *t, int place, const struct pool_key *key)
{
	struct call *c = call_make(t);

	if (!c) {
		pool_gone(&t->pool, place);
		return;
	}
	c->waits = true;
	c->place = place;
	t->waiting[place] = c;
	if (child_make(t, c, key))
		call_free(c);
	else
		call_watch(c);
}

void pool_empty(struct template *t, const uint8_t *owner)
{
	int place;

	while ((place = pool_revoke(&t->pool, owner)) >= 0)
		child_end(t->waiting[place]);
}

/* One child a turn: calls that came meanwhile go first. */
void pool_tend(struct template *t)
{
	const uint64_t now = loop_clock();
	const struct pool_key *key;
	uint64_t next;
	int place;

	while ((place = pool_surplus(&t->pool, now)) >= 0)
		child_end(t->waiting[place]);
	place = pool_due(&t->pool, now, &key);
	if (place >= 0) {
		child_await(t, place, key);
		t->loop.look = true;
	}
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

/* ---- calls ---- */

/* The request, as it is, to the eldest child of its class that takes it. */
static bool call_hand_over(struct template *t, const struct message *m, const struct pool_key *key)
{
	const struct part part = { m->body, m->n };
	const uint64_t now = loop_clock();
	int place;

	while ((place = pool_take(&t->pool, key, now)) >= 0) {
		struct call *c = t->waiting[place];

		t->waiting[place] = NULL;
		c->place = -1;
		birth_hand_over(&c->birth);
		if (message_send(c->socket, MESSAGE_FORK, m->cookie, &part, 1, m->fd, m->nfds, NULL) > 0) {
			c->waits = false;
			c->cookie = m->cookie;
			t->ncalls++;
			close(c->socket);
			c->socket = -1;
			return true;
		}
		child_end(c);
	}
	return false;
}

int template_call(struct template *t, const struct message *m, struct krux_err *err)
{
	struct child_plan plan;
	struct pool_key key;
	struct asked asked;
	struct call *c;

	if (t->ncalls == TEMPLATE_CALLS)
		return err_set(err, 0, "too many calls are under way");
	if (asked_plan(t, m, &plan, &asked, err) || asked_key(&asked, &plan, &key, err))
		return -1;
	pool_stir(&t->pool, true, loop_clock());
	if (call_hand_over(t, m, &key))
		return 0;
	c = call_make(t);
	if (!c)
		return err_set(err, 0, "too many calls are under way");
	c->cookie = m->cookie;
	if (birth_start(&plan, &c->birth, err)) {
		/* What waits may be what the machine has too little of. */
		pool_empty(t, NULL);
		call_free(c);
		return -1;
	}
	call_watch(c);
	return 0;
}

static struct call *call_find(struct template *t, uint64_t cookie)
{
	for (size_t i = 0; i < TEMPLATE_CHILDREN; i++)
		if (t->call[i].on && !t->call[i].waits && t->call[i].cookie == cookie)
			return &t->call[i];
	return NULL;
}

void template_signal(struct template *t, const struct message *m)
{
	struct call *c = call_find(t, m->cookie);
	struct message_signal s;

	if (m->n != sizeof s)
		return;
	memcpy(&s, m->body, sizeof s);
	if (c && (s.signal == SIGKILL || s.signal == SIGSTOP || s.signal == SIGCONT))
		kill(c->birth.pid, (int)s.signal);
}

/* ---- from start to end ---- */

int children_open(struct template *t, struct krux_err *err)
{
	t->call = calloc(TEMPLATE_CHILDREN, sizeof *t->call);
	if (!t->call)
		return err_set(err, ENOMEM, "handlers");
	for (size_t i = TEMPLATE_CHILDREN; i--;) {
		t->call[i].next = t->free;
		t->free = &t->call[i];
	}
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
		kill(c->birth.pid, SIGKILL);
		birth_close(&c->birth);
		if (c->socket >= 0)
			close(c->socket);
	}
	free(t->call);
}
