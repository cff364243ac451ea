/* The gate's life: everything is opened, the last rights go, the state comes from the recorder, the
 * bundle is recorded, then one loop until it is told to stop. */
#include "runtime/gate/gate_part.h"

#include "runtime/bundle/trust.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/zone.h"
#include "runtime/gate/limits.h"
#include "runtime/record/carry.h"

#include "capspec/version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint64_t millisecond = 1000000, second = 1000000000;

enum { EXIT_BUNDLE = 2, EXIT_FAILED = 3, START_MS = 60000, ORPHAN_MS = 500, CARRY_MOST = 1 << 30 };

uint64_t gate_wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
}

/* ---- ending ---- */

void gate_fail(struct gate *g, int code, const struct krux_err *err)
{
	if (code)
		fprintf(stderr, "kruxrt gate: %s\n", err->text);
	g->code = code;
	loop_stop(&g->loop);
}

/* Nobody waits for a person any longer. */
static void waiting_send_away(struct gate *g)
{
	while (g->waiting) {
		struct call *c = g->waiting;

		tell_error(c->session, true, c->id, FRAME_ERROR_DRAINING,
		             "the daemon stops; the ticket stays as it is", 0);
		call_free(g, c);
	}
}

static void gate_drain(struct gate *g)
{
	g->draining = g->retiring = true;
	server_drain(g);
	waiting_send_away(g);
}

static void last_due(struct timer *t)
{
	struct gate *g = t->ctx;

	calls_lost(g);
	waiting_send_away(g);
}

void gate_orphaned(struct gate *g)
{
	gate_drain(g);
	loop_timer_set(&g->loop, &g->last, g->loop.now + ORPHAN_MS * millisecond);
}

/* ---- the parent ---- */

static void parent_say(struct gate *g, enum message_kind kind, uint64_t cookie, struct krux_str body)
{
	struct part part = { body.p, body.n };
	struct krux_err err = { 0 };

	if (g->parent.open)
		channel_put(&g->parent.channel, kind, cookie, &part, 1, &err);
}

void gate_notify(struct gate *g, struct krux_str json)
{
	if (json.n && json.n <= 16384)
		parent_say(g, MESSAGE_NOTIFY, 0, json);
}

bool gate_reload(struct gate *g, uint64_t cookie, struct krux_str path)
{
	if (g->parent.open)
		parent_say(g, MESSAGE_RELOAD, cookie, path);
	return g->parent.open;
}

static int start_take(struct gate *g, struct message *m, struct krux_err *err)
{
	int fd[2] = { m->fd[0], m->fd[1] };

	m->fd[0] = m->fd[1] = -1;
	if (g->options.agent ? server_connect(g, fd[0], err) : server_listen(g, fd[0], fd[1], err))
		return -1;
	g->serving = true;
	/* Where connections come from another gate, its tickets are taken over after them. */
	if (!g->receiving)
		g->renew = true;
	tickets_retry(g);
	return 0;
}

static int handover_take(struct gate *g, struct message *m, struct krux_err *err)
{
	int fd = m->fd[0];

	m->fd[0] = -1;
	if (fd < 0)
		return err_set(err, EPROTO, "a HANDOVER without a channel");
	if (!g->serving)
		g->receiving = true;
	return handover_open(g, fd, !g->serving, err);
}

static int parent_take(struct gate *g, struct message *m, struct krux_err *err)
{
	uint64_t seq = 0;

	switch (m->kind) {
	case MESSAGE_START:
		return start_take(g, m, err);
	case MESSAGE_HANDOVER:
		return handover_take(g, m, err);
	case MESSAGE_RELOAD:
		if (m->n == sizeof seq)
			memcpy(&seq, m->body, sizeof seq);
		supervise_reloaded(g, m->cookie, true, (struct krux_str){ NULL, 0 }, seq);
		return 0;
	case MESSAGE_REFUSED:
		supervise_reloaded(g, m->cookie, false, (struct krux_str){ (const char *)m->body, m->n }, 0);
		return 0;
	case MESSAGE_STOP:
		gate_drain(g);
		return 0;
	default:
		return err_set(err, EPROTO, "the parent says what it has no word for");
	}
}

static void parent_ready(struct watch *w, uint32_t events)
{
	struct link *l = w->ctx;
	struct gate *g = l->gate;
	struct krux_err err = { 0 };
	struct message m;
	int rc;

	(void)events;
	while ((rc = channel_take(&l->channel, &m, &err)) > 0) {
		rc = parent_take(g, &m, &err);
		message_close_fds(&m);
		krux_pool_reset(g->pool);
		if (rc)
			break;
	}
	if (rc < 0)
		gate_fail(g, err.no ? EXIT_FAILED : 0, &err);
}

/* ---- turns ---- */

/* Who is served alone has gone: what it has not waited for is ended, also where the daemon was told to end at the
 * same time, and then so is the gate. */
static void alone_settle(struct gate *g)
{
	if (!g->options.agent || !g->serving || server_count(g, false))
		return;
	calls_revoke(g, agent_find(g, (struct krux_str){ g->options.agent, strlen(g->options.agent) }));
	if (!g->draining)
		gate_drain(g);
}

static void turn(void *ctx)
{
	struct gate *g = ctx;

	alone_settle(g);
	if (g->draining || g->retiring)
		background_end(g);
	links_turn(g);
	links_flush(g);
	server_turn(g);
	links_flush(g);
	if ((g->draining || g->retiring) && g->ncalls == g->nwaiting && server_idle(g))
		loop_stop(&g->loop);
}

static void tick_due(struct timer *t)
{
	struct gate *g = t->ctx;

	if (g->serving)
		tickets_tick(g);
	loop_timer_set(&g->loop, t, g->loop.now + second);
}

/* ---- the start ---- */

static int keys_read(struct gate *g, struct krux_err *err)
{
	struct krux_public_key *key;
	struct stat st;
	size_t n;

	if (trust_read(g->options.trust, TRUST_APPROVER, g->policy->pool, &key, &n, err) ||
	    approvers_set(g, key, n, err) ||
	    trust_read(g->options.trust, TRUST_OPERATOR, g->policy->pool, &g->operator, &g->noperators, err))
		return -1;
	if (fstat(g->options.trust, &st))
		return err_set(err, errno, "the trust folder");
	g->owner = st.st_uid;
	return 0;
}

static void zone_use(struct gate *g)
{
	const struct krux_str *zone = &g->policy->bundle.zone;
	struct krux_err why = { 0 };
	char name[128];

	/* Without it there is no local time, and the policy blocks what depends on it. */
	snprintf(name, sizeof name, "%.*s", (int)zone->n, zone->p);
	if (zone_set(name, &why))
		snprintf(g->notice, sizeof g->notice, "%.120s: the local time is not known", why.text);
}

static int policy_open(struct gate *g, struct krux_err *err)
{
	const struct gate_run_options *o = &g->options;

	g->policy = loaded_open_fd(o->bundle, o->bundle_path, o->trust, o->dev, err);
	if (!g->policy)
		return -1;
	zone_use(g);
	g->tally = tally_new(g->policy->abi);
	g->facts = facts_new(g->policy->abi);
	if (!g->tally || !g->facts)
		return err_set(err, ENOMEM, "load the bundle");
	g->judge = judge_any(g->policy->abi, g->facts, err);
	return g->judge && !calls_open(g, err) ? 0 : -1;
}

static void boot_read(struct gate *g)
{
	char text[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	unsigned k = 0, v;

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i + 1 < n && k < sizeof g->boot; i++)
		if (text[i] != '-' && sscanf(text + i++, "%2x", &v) == 1)
			g->boot[k++] = (uint8_t)v;
}

/* Waits for the recorder's answer, a minute at most. */
static int snapshot_take(struct gate *g, struct krux_err *err)
{
	struct channel *c = &g->recorder.channel;
	uint64_t until = loop_clock() + START_MS * millisecond;
	struct krux_str state;
	struct message m;
	const char *why = "";
	const uint8_t *p;
	size_t n;
	int rc;

	if (channel_put(c, MESSAGE_SNAPSHOT, 0, NULL, 0, err) || channel_flush(c, err) < 0)
		return -1;
	for (;;) {
		struct pollfd f = { .fd = c->fd, .events = POLLIN };

		while ((rc = channel_take(c, &m, err)) > 0 && m.kind != MESSAGE_SNAPSHOT)
			message_close_fds(&m);           /* older than the state that comes */
		if (rc)
			break;
		if (loop_clock() > until)
			return err_set(err, ETIMEDOUT, "the state from the recorder");
		poll(&f, 1, 1000);
	}
	if (rc < 0 || !m.nfds)
		return rc < 0 ? -1 : err_set(err, EPROTO, "the recorder gave no state");
	p = memory_map(m.fd[0], CARRY_MOST, &n, err);
	state = (struct krux_str){ (const char *)p, n };
	g->carry = p ? carry_decode(state, &why) : NULL;
	if (p)
		memory_unmap(p, n);
	message_close_fds(&m);
	if (p && !g->carry)
		return err_set(err, 0, "the state from the recorder: %s", why);
	return g->carry ? 0 : -1;
}

static void bundle_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct krux_err err = { 0 };

	(void)op;
	if (a->status == ACK_OK)
		parent_say(g, MESSAGE_READY, a->seq, (struct krux_str){ NULL, 0 });
	else
		gate_fail(g, EXIT_FAILED, (err_set(&err, 0, "the bundle: %s", ack_text(a->status)), &err));
}

static uint64_t horizon(const struct krux_abi *abi)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < abi->nfacts; i++)
		if (abi->facts[i].per > most)
			most = abi->facts[i].per;
	return most;
}

static int bundle_record(struct gate *g, struct krux_err *err)
{
	const struct krux_bundle *b = &g->policy->bundle;
	struct record r = { 0 };

	if (carry_key_revoked(g->carry, KRUX_STR("bundle"), b->key.key))
		return err_set(err, 0, "bundle %s: an operator has taken back the key %s that signed it",
		               g->options.bundle_path, b->key.name);
	/* Development bundles bind nothing, and are bound by nothing. */
	if (!b->key.dev && carry_bundle_check(g->carry, b->policy, b->serial, err))
		return err_wrap(err, "bundle %s", g->options.bundle_path);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_BUNDLE);
	record_text(&r, AUDIT_ENGINE, "kruxrt " KRUX_VERSION);
	record_bytes(&r, AUDIT_BUNDLE, b->digest, sizeof b->digest);
	record_str(&r, AUDIT_POLICY, b->policy);
	record_set(&r, AUDIT_SERIAL, b->serial);
	record_set(&r, AUDIT_DEV, b->key.dev);
	record_bytes(&r, AUDIT_KEY, b->key.key, sizeof b->key.key);
	record_set(&r, AUDIT_HORIZON, horizon(g->policy->abi));
	return append_op(g, &r, bundle_done) ? 0 : err_set(err, ENOMEM, "record the bundle");
}

static int gate_open(struct gate *g, int parent, struct krux_err *err)
{
	g->started = gate_wall();
	if (g->options.limits)
		g->limits = *g->options.limits;
	limits_fill(&g->limits);
	boot_read(g);
	for (unsigned i = GATE_OPS; i--;) {
		g->ops[i].cookie = (uint64_t)COOKIE_OP << COOKIE_SHIFT | i;
		g->ops[i].next = g->op_free;
		g->op_free = &g->ops[i];
	}
	g->pool = krux_pool_new(0);
	if (!g->pool || !lend_open(&g->lend, g->limits.bytes))
		return err_set(err, ENOMEM, "start");
	g->loop.turn = turn;
	g->loop.turn_ctx = g;
	g->tick = (struct timer){ .due = tick_due, .ctx = g };
	g->last = (struct timer){ .due = last_due, .ctx = g };
	if (link_open(&g->parent, g, parent, parent_ready, err) ||
	    link_open(&g->recorder, g, g->options.recorder, recorder_ready, err) ||
	    link_open(&g->spawner, g, g->options.spawner, spawner_ready, err))
		return -1;
	return server_open(g, err);
}

static int gate_start(struct gate *g, struct krux_err *err)
{
	const struct gate_run_options *o = &g->options;

	if (policy_open(g, err) || keys_read(g, err)) {
		g->code = EXIT_BUNDLE;
		return -1;
	}
	if (o->confine && o->confine(o->confine_ctx, err))
		return -1;
	if (snapshot_take(g, err))
		return -1;
	if (*g->notice)
		fprintf(stderr, "kruxrt gate: %s\n", g->notice);
	approvers_leave(g);
	if (agents_fill(g, err) || tickets_open(g, err))
		return -1;
	if (bundle_record(g, err)) {
		g->code = EXIT_BUNDLE;
		return -1;
	}
	loop_timer_set(&g->loop, &g->tick, loop_clock() + second);
	return 0;
}

static void gate_close(struct gate *g)
{
	server_close(g);
	tickets_close(g);
	calls_close(g);
	agents_free(g);
	link_close(&g->spawner);
	link_close(&g->recorder);
	link_close(&g->parent);
	loop_close(&g->loop);
	judge_free(g->judge);
	facts_free(g->facts);
	tally_free(g->tally);
	carry_free(g->carry);
	loaded_close(g->policy);
	free(g->approver);
	lend_close(&g->lend);
	krux_pool_free(g->pool);
	free(g);
}

int gate_run(int parent_channel, const struct gate_run_options *options)
{
	struct gate *g = calloc(1, sizeof *g);
	struct krux_err err = { 0 };
	int code;

	if (!g || sodium_init() < 0 || loop_open(&g->loop, &err)) {
		free(g);
		close(parent_channel);
		return EXIT_FAILED;
	}
	g->options = *options;
	eager_begin(&g->loop.eager);
	if (!gate_open(g, parent_channel, &err) && !gate_start(g, &err)) {
		if (loop_run(&g->loop, &err))
			gate_fail(g, EXIT_FAILED, &err);
		/* What could wait for more to come has nothing to wait for. */
		g->recorder.lazy = g->loop.look = false;
		links_flush(g);
		code = g->code;
	} else {
		code = g->code ? g->code : EXIT_FAILED;
		parent_say(g, MESSAGE_REFUSED, 0, (struct krux_str){ err.text, strlen(err.text) });
		links_flush(g);
	}
	gate_close(g);
	return code;
}
