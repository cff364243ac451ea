/* Listening, hello, and which message goes where. */
#include "runtime/gate/server.h"

#include "runtime/record/registry.h"

#include "capspec/version.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 8 };           /* in one turn: others have theirs */
static const uint64_t millisecond = 1000000;

/* ---- hello ---- */

static const char stranger[] = "there is no such agent, or its proof does not hold";

/* One uid has to be one agent, none of the daemon's processes nor of its calls, and nobody who may say yes: not root, not the operator,
 * not a person who has signed anything here. */
static bool peer_holds(const struct gate *g, const struct agent *a, uint64_t uid)
{
	const struct registry_rules rules = { NULL, g->owner, geteuid() };

	if (a->auth != AUDIT_AUTH_PEER || a->uid != uid || !uid || uid == g->owner || registry_uid_daemon(&rules, uid) ||
	    registry_uid_calls(g->carry, uid))
		return false;
	for (unsigned i = 0; i < g->nsigners; i++)
		if (g->signer[i] == uid)
			return false;
	for (const struct agent *b = g->agents; b; b = b->next)
		if (b != a && !b->revoked && b->auth == AUDIT_AUTH_PEER && b->uid == uid)
			return false;
	return true;
}

/* Who is served alone has come by the parent, and is taken at its word. */
static bool claim_holds(const struct gate *g, const struct agent *a)
{
	return g->options.agent && !strcmp(a->name, g->options.agent);
}

static void welcome(struct connection *c, struct agent *a)
{
	struct gate *g = c->server->gate;
	struct frame f = { .kind = FRAME_WELCOME, .welcome = {
		.version = FRAME_PROTOCOL,
		.agent = { a->name, strlen(a->name) }, .bundle = g->policy->bundle.digest,
		.dev = g->policy->bundle.key.dev, .engine = KRUX_STR("kruxrt " KRUX_VERSION),
		.limits = { g->limits.calls, FRAME_MAX, g->limits.requests },
	} };

	if (a->revoked) {
		connection_fail(c, FRAME_ERROR_REVOKED, "the agent has been taken out");
		return;
	}
	if (a->nsessions >= g->limits.per_agent) {
		connection_fail(c, FRAME_ERROR_CONNECTIONS, "this agent has too many connections");
		return;
	}
	c->session.agent = a;
	c->session.auth = a->auth;
	a->nsessions++;
	connection_known(c);
	connection_send(&c->session, &f, -1);
}

static void hello(struct connection *c, const struct frame *f)
{
	static const struct agent nobody = { .auth = AUDIT_AUTH_TOKEN };
	struct gate *g = c->server->gate;
	struct agent *a = agent_find(g, f->hello.agent);
	struct frame challenge = { .kind = FRAME_CHALLENGE, .challenge.nonce = c->nonce };
	bool holds = false;

	snprintf(c->session.claimed, sizeof c->session.claimed, "%.*s", (int)f->hello.claimed.n,
	         f->hello.claimed.p ? f->hello.claimed.p : "");
	if (f->hello.proof == FRAME_PROOF_KEY) {
		/* Whether there is such an agent shows only when the proof does. */
		c->proving = a;
		c->state = CONNECTION_PROVING;
		randombytes_buf(c->nonce, sizeof c->nonce);
		connection_send(&c->session, &challenge, -1);
		return;
	}
	if (f->hello.proof == FRAME_PROOF_TOKEN && f->hello.token.p)
		holds = agent_token_holds(a ? a : &nobody, f->hello.token) && a;
	else if (f->hello.proof == FRAME_PROOF_PEER)
		holds = a && (claim_holds(g, a) || peer_holds(g, a, c->session.uid));
	if (holds)
		welcome(c, a);
	else
		connection_fail(c, FRAME_ERROR_UNAUTHORISED, stranger);
}

static void prove(struct connection *c, const struct frame *f)
{
	struct agent *a = c->proving;

	if (a && agent_key_holds(a, c->nonce, f->prove.signature))
		welcome(c, a);
	else
		connection_fail(c, FRAME_ERROR_UNAUTHORISED, stranger);
}

/* ---- messages of agents ---- */

static void describe(struct connection *c, const struct frame *f)
{
	struct gate *g = c->server->gate;
	struct frame d = { .kind = FRAME_DESCRIPTION, .has_id = true, .id = f->id };
	struct request_refusal refusal;
	struct request q;

	if (!f->describe.capability.p)
		d.description.json = report_capabilities(g);
	else if (request_name(g->policy->abi, g->policy->cap, g->policy->ncaps, f->describe.capability, &q, &refusal))
		d.description.json = report_capability(g, q.cap);
	if (d.description.json.n)
		connection_send(&c->session, &d, -1);
	else
		tell_error(&c->session, true, f->id, FRAME_ERROR_CAPABILITY, "there is no such capability", 0);
}

/* Each message is paid for; who has nothing left is told once, and then not read for that long. */
static bool paid(struct connection *c, const struct frame *f)
{
	struct gate *g = c->server->gate;
	uint64_t wait = agent_charge(g, c->session.agent);

	if (!wait)
		return true;
	c->resume_at = g->loop.now + wait;
	tell_error(&c->session, f->has_id, f->id, FRAME_ERROR_REQUESTS, "too many requests a second of this agent",
	             wait / millisecond + 1);
	return false;
}

static void agent_frame(struct connection *c, const struct frame *f)
{
	struct session *s = &c->session;
	struct frame pong = { .kind = FRAME_PONG, .has_id = true, .id = f->id };

	if (f->kind == FRAME_CANCEL) {
		call_stop(s, f->id);
		return;
	}
	if (!paid(c, f))
		return;
	switch (f->kind) {
	case FRAME_CALL:
		call_begin(s, f);
		return;
	case FRAME_TICKET:
		ticket_frame(s, f);
		return;
	case FRAME_PING:
		connection_send(s, &pong, -1);
		return;
	case FRAME_DESCRIBE:
		describe(c, f);
		return;
	default:
		connection_fail(c, FRAME_ERROR_MALFORMED, "a message that does not belong there");
	}
}

static void supervisor_hello(struct connection *c)
{
	struct gate *g = c->server->gate;
	struct frame f = { .kind = FRAME_S_WELCOME, .s_welcome = {
		.version = FRAME_PROTOCOL,
		.engine = KRUX_STR("kruxrt " KRUX_VERSION), .bundle = g->policy->bundle.digest,
		.dev = g->policy->bundle.key.dev,
	} };

	connection_known(c);
	connection_send(&c->session, &f, -1);
}

static void supervisor_frame(struct connection *c, const struct frame *f)
{
	if (f->kind == FRAME_S_WATCH) {
		c->watching = true;
		c->server->gate->watched = true;
	}
	supervise(c->server->gate, c->session.number, c->session.uid, f);
}

void server_frame(struct connection *c, const struct frame *f)
{
	bool agent = c->role == ROLE_AGENT;
	enum frame_kind first = agent ? FRAME_HELLO : FRAME_S_HELLO;

	if (c->state == CONNECTION_HELLO && f->kind == first && agent)
		hello(c, f);
	else if (c->state == CONNECTION_HELLO && f->kind == first)
		supervisor_hello(c);
	else if (c->state == CONNECTION_PROVING && f->kind == FRAME_PROVE)
		prove(c, f);
	else if (c->state != CONNECTION_OPEN || f->kind == first || f->kind == FRAME_PROVE)
		connection_fail(c, FRAME_ERROR_MALFORMED, "a message that does not belong there");
	else if (agent)
		agent_frame(c, f);
	else
		supervisor_frame(c, f);
}

/* ---- turns ---- */

void server_again(struct connection *c)
{
	struct server *s = c->server;

	if (c->again)
		return;
	c->again = true;
	c->next_again = s->again;
	s->again = c;
	if (!s->later.on)
		loop_timer_set(&s->gate->loop, &s->later, 1);
}

/* The others have had their turn. */
static void later_due(struct timer *t)
{
	struct server *s = t->ctx;
	struct connection *c = s->again, *next;

	s->again = NULL;
	for (; c; c = next) {
		next = c->next_again;
		c->again = false;
		if (c->dead)
			continue;
		connection_take(c, NULL, 0);
		if (!c->dead)
			c->watch.ready(&c->watch, 0);
	}
}

void server_turn(struct gate *g)
{
	struct server *s = g->server;
	struct connection *c;

	if (s->leaving)
		for (c = s->first; c; c = c->next)
			handover_look(c);
	while ((c = s->dirty)) {
		s->dirty = c->next_dirty;
		c->dirty = false;
		if (!c->dead)
			connection_flush(c);
	}
	if (s->leaving)
		for (struct connection *next = s->first; (c = next);) {
			next = c->next;
			handover_try(c);
		}
	if (s->leaving && !s->receiving && !s->first && !s->done)
		handover_done(s);
	/* A connection that is due again is still on its list. */
	if (!s->again)
		connections_bury(s);
}

/* ---- listening ---- */

static void refuse(int fd, enum frame_error code, const char *why)
{
	struct frame f = { .kind = FRAME_ERROR, .error = { .code = code, .why = { why, strlen(why) } } };
	uint8_t buf[256];
	size_t n = frame_encode(&f, buf, sizeof buf);

	if (n && n <= sizeof buf)
		(void)!send(fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* Are so many connections of this uid silent that there may be no more. */
static bool crowded(const struct server *s, enum connection_role role, uint64_t uid)
{
	uint64_t n = 0;

	if (role != ROLE_AGENT)
		return false;
	for (const struct connection *c = s->strangers; c; c = c->next_stranger)
		n += c->role == role && c->session.uid == uid;
	return n >= s->gate->limits.strangers;
}

static void resting_due(struct timer *t)
{
	struct server *s = t->ctx;
	struct krux_err err = { 0 };

	for (int i = 0; i < 2; i++)
		if (s->listener[i].fd >= 0 && !s->listener[i].on)
			loop_watch(&s->gate->loop, &s->listener[i], EPOLLIN, &err);
}

static void accepting(struct watch *w, uint32_t events)
{
	struct server *s = w->ctx;
	struct gate *g = s->gate;
	enum connection_role role = w == &s->listener[ROLE_AGENT] ? ROLE_AGENT : ROLE_SUPERVISOR;
	uint64_t limit = role == ROLE_AGENT ? g->limits.connections : g->limits.supervisors;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct ucred who = { .uid = (uid_t)-1 };
		socklen_t len = sizeof who;
		int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			/* Those who wait are let in when others have gone. */
			loop_forget(&g->loop, w);
			loop_timer_set(&g->loop, &s->resting, g->loop.now + 100 * millisecond);
		}
		if (fd < 0)
			return;
		if (s->count[role] >= limit) {
			refuse(fd, FRAME_ERROR_CONNECTIONS, "there are too many connections");
		} else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len)) {
			close(fd);
		} else if (crowded(s, role, who.uid)) {
			s->turned_away++;
			refuse(fd, FRAME_ERROR_STRANGERS, "too many connections of this user have not said hello");
		} else {
			connection_new(s, role, fd, who.uid);
		}
	}
}

int server_open(struct gate *g, struct krux_err *err)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(err, ENOMEM, "make room for connections");
	s->gate = g;
	s->listener[0].fd = s->listener[1].fd = s->next_gate.fd = s->from_gate.fd = -1;
	s->later = (struct timer){ .due = later_due, .ctx = s };
	s->resting = (struct timer){ .due = resting_due, .ctx = s };
	g->server = s;
	return 0;
}

static void listeners_close(struct server *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->listener[i].fd < 0)
			continue;
		loop_forget(&s->gate->loop, &s->listener[i]);
		close(s->listener[i].fd);
		s->listener[i].fd = -1;
	}
	loop_timer_clear(&s->gate->loop, &s->resting);
}

void server_close(struct gate *g)
{
	struct server *s = g->server;

	if (!s)
		return;
	while (s->first)
		connection_end(s->first);
	connections_bury(s);
	listeners_close(s);
	loop_timer_clear(&g->loop, &s->later);
	if (s->next_gate.fd >= 0) {
		loop_forget(&g->loop, &s->on_next);
		channel_close(&s->next_gate);
	}
	if (s->from_gate.fd >= 0) {
		loop_forget(&g->loop, &s->on_from);
		channel_close(&s->from_gate);
	}
	free(s);
	g->server = NULL;
}

int server_listen(struct gate *g, int agents, int supervisors, struct krux_err *err)
{
	int fd[2] = { agents, supervisors };

	listeners_close(g->server);
	for (int i = 0; i < 2; i++) {
		g->server->listener[i] = (struct watch){ .fd = fd[i], .ready = accepting, .ctx = g->server };
		if (fd[i] >= 0 && loop_watch(&g->loop, &g->server->listener[i], EPOLLIN, err))
			return -1;
	}
	return 0;
}

int server_connect(struct gate *g, int fd, struct krux_err *err)
{
	struct ucred who;
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len)) {
		close(fd);
		return err_set(err, errno, "the connection of the one who is served");
	}
	return connection_new(g->server, ROLE_AGENT, fd, who.uid) ? 0 : err_set(err, ENOMEM, "a connection");
}

void server_drain(struct gate *g)
{
	listeners_close(g->server);
}

bool server_idle(const struct gate *g)
{
	const struct server *s = g->server;

	for (const struct connection *c = s->first; c; c = c->next)
		if (c->out_n)
			return false;
	return !s->leaving || s->done;
}

unsigned server_count(const struct gate *g, bool supervisors)
{
	return g->server->count[supervisors ? ROLE_SUPERVISOR : ROLE_AGENT];
}

unsigned server_strangers(const struct gate *g, uint64_t *turned_away)
{
	*turned_away = g->server->turned_away;
	return g->server->nstrangers;
}

/* ---- to many ---- */

void server_expel(struct gate *g, const struct agent *a, enum frame_error code, const char *why)
{
	for (struct connection *c = g->server->first, *next; c; c = next) {
		next = c->next;
		if (c->session.agent == a)
			connection_fail(c, code, why);
	}
}

void server_event(struct gate *g, struct krux_str record)
{
	struct frame f = { .kind = FRAME_S_EVENT, .s_event.record = record };
	bool anybody = false;

	if (!g->watched)
		return;
	for (struct connection *c = g->server->first, *next; c; c = next) {
		next = c->next;
		if (c->role != ROLE_SUPERVISOR || !c->watching)
			continue;
		anybody = true;
		connection_send(&c->session, &f, -1);
	}
	g->watched = anybody;
}

void server_reply(struct gate *g, uint64_t connection, const struct frame *f)
{
	for (struct connection *c = g->server->first; c; c = c->next)
		if (c->session.number == connection) {
			connection_send(&c->session, f, -1);
			return;
		}
}
