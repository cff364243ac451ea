/* What each generation is, to what happens next: one starts when none serves, takes over when it is
 * ready, leaves when another does, and is gone when nothing of it is left. */
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/front/daemon_part.h"
#include "runtime/front/listen.h"
#include "runtime/front/orphans.h"
#include "runtime/front/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const uint64_t tick_ns = 5000000;
static const uint64_t most_pause_ns = 5000000000;
/* For a gate that has handed over and whose spawner is dead: nothing that it waits for takes longer. */
static const uint64_t widow_ns = 10000000000;
static const uint64_t exit_ns = 5000000000;
static const uint64_t recorder_stop_ns = 60000000000;

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- a reload ---- */

static void restart_settle(struct daemon *);

static struct generation *generation_numbered(struct daemon *d, uint64_t n)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state != GENERATION_NONE && d->generation[i].n == n)
			return &d->generation[i];
	return NULL;
}

static void reload_forget(struct reload *r)
{
	cleanup_fd(&r->bundle);
	free(r->path);
	*r = (struct reload){ .bundle = -1 };
}

/* To the gate that asked, where there is one and it lives. */
static void reload_answer(struct daemon *d, const struct reload *r, enum message_kind kind,
                          const void *p, size_t n)
{
	struct generation *g = r->generation ? generation_numbered(d, r->generation) : NULL;
	struct part part = { p, n };
	struct krux_err err = { 0 };

	if (g && g->gate.pid &&
	    channel_put(&g->gate.channel, kind, r->cookie, &part, 1, &err))
		daemon_fail(d, &err);
}

static void reload_refuse(struct daemon *d, struct reload *r, const char *why)
{
	daemon_say("not reloaded: %s", why);
	reload_answer(d, r, MESSAGE_REFUSED, why, strlen(why));
	reload_forget(r);
}

/* The new bundle serves: from now on it is what generations are made from. */
static void reload_done(struct daemon *d, const struct generation *g)
{
	uint64_t seq = g->gate.seq;

	reload_answer(d, &d->reload, MESSAGE_RELOAD, &seq, sizeof seq);
	close(d->bundle);
	free(d->bundle_path);
	d->bundle = d->reload.bundle;
	d->bundle_path = d->reload.path;
	d->reload = (struct reload){ .bundle = -1 };
}

void generations_reload(struct daemon *d, const struct reload *asked)
{
	struct reload r = *asked;

	if (d->stopping) {
		reload_refuse(d, &r, "the daemon ends");
	} else if (d->reload.asked) {
		reload_refuse(d, &r, "another reload is under way");
	} else {
		d->reload = r;
		ready_say("RELOADING=1", NULL);
		restart_settle(d);
	}
}

/* ---- one that starts ---- */

static void limit_due(struct timer *t)
{
	struct generation *g = t->ctx;

	if (g->state == GENERATION_STARTING)
		daemon_say("generation %llu did not become ready in time",
		           (unsigned long long)g->n);
	else
		daemon_say("generation %llu has not ended in time; its calls are ended",
		           (unsigned long long)g->n);
	/* Of one that starts, only its processes: what that means is for settle to say. */
	if (g->gate.pid)
		kill(g->gate.pid, SIGKILL);
	if (g->spawner.pid)
		kill(g->spawner.pid, SIGKILL);
}

static struct generation *slot_find(struct daemon *d)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state == GENERATION_NONE)
			return &d->generation[i];
	return NULL;
}

static int generation_introduce(struct daemon *d, struct generation *g, int recorder[static 2],
                                struct krux_err *err)
{
	struct part part = { &g->n, sizeof g->n };
	int rc = channel_put_fds(&d->recorder.channel, MESSAGE_GENERATION, 0, &part, 1, recorder, 2,
	                         err);

	g->known = !rc;
	close(recorder[0]);
	close(recorder[1]);
	return rc || daemon_hear(d, &g->gate, err) || daemon_hear(d, &g->spawner, err) ? -1 : 0;
}

void generations_next(struct daemon *d)
{
	struct generation *g = slot_find(d);
	struct krux_err err = { 0 };
	struct reload *r = &d->reload;
	int recorder[2], bundle;
	char *path;

	if (d->stopping || d->next)
		return;
	if (!g)
		return;                /* until one of those that leave is gone */
	loop_timer_clear(&d->loop, &d->again);
	r->running = r->asked;
	bundle = fcntl(r->asked ? r->bundle : d->bundle, F_DUPFD_CLOEXEC, 3);
	path = strdup(r->asked ? r->path : d->bundle_path);
	*g = (struct generation){ .daemon = d, .state = GENERATION_STARTING, .bundle = bundle, .bundle_path = path,
		                  .cgroup = -1, .cgroup_main = -1, .cgroup_calls = -1,
		                  .limit = { .due = limit_due, .ctx = g } };
	g->gate = (struct member){ .daemon = d, .generation = g, .kind = PROCESS_GATE,
		                   .channel.fd = -1 };
	g->spawner = (struct member){ .daemon = d, .generation = g, .kind = PROCESS_SPAWNER,
		                      .channel.fd = -1 };
	g->handler = (struct member){ .daemon = d, .generation = g, .kind = PROCESS_HANDLER,
		                      .channel.fd = -1 };
	g->web = (struct member){ .daemon = d, .generation = g, .kind = PROCESS_WEB, .channel.fd = -1 };
	g->egress = (struct member){ .daemon = d, .generation = g, .kind = PROCESS_EGRESS,
		                     .channel.fd = -1 };
	d->next = g;
	d->last_start = loop_clock();
	if (bundle < 0 || !path)
		err_set(&err, errno, "another generation");
	if (*err.text || generation_start(g, &d->plan->start, ++d->count, bundle, path, d->plan->cgroup,
	                     recorder, &err) ||
	    generation_introduce(d, g, recorder, &err)) {
		snprintf(g->gate.why, sizeof g->gate.why, "%.255s", err.text);
		g->gate.refused = true;
		limit_due(&g->limit);
		loop_timer_set(&d->loop, &d->tick, 0);
		return;
	}
	loop_timer_set(&d->loop, &g->limit, loop_clock() + d->plan->start_ns);
}

static const char *why_of(const struct generation *g)
{
	return g->gate.refused ? g->gate.why :
		g->spawner.refused ? g->spawner.why : "a process of it ended";
}

/* What a refusing process exited with says whose fault it is; the other may have been killed then. */
static bool refused_input(const struct member *m)
{
	return m->refused && WIFEXITED(m->status) && WEXITSTATUS(m->status) == CODE_INPUT;
}

static int code_of(const struct generation *g)
{
	return refused_input(&g->gate) || refused_input(&g->spawner) ? CODE_INPUT : CODE_SYSTEM;
}

static void start_failed(struct daemon *d, struct generation *g)
{
	if (g->gate.pid || g->spawner.pid) {
		/* Until it has ended, its exit code is not known. */
		if (g->gate.pid)
			kill(g->gate.pid, SIGKILL);
		if (g->spawner.pid)
			kill(g->spawner.pid, SIGKILL);
		return;
	}
	g->state = GENERATION_ENDING;
	d->next = NULL;
	if (!d->ever) {
		daemon_say("%s", why_of(g));
		daemon_stop(d, code_of(g), true);
	} else if (d->reload.running) {
		reload_refuse(d, &d->reload, why_of(g));
		ready_say("READY=1", "the last reload was refused");
	} else {
		d->failed++;
		daemon_say("generation %llu could not start: %s", (unsigned long long)g->n, why_of(g));
	}
}

/* ---- one that is ready ---- */

static int hand_over(struct generation *old, struct generation *g, struct krux_err *err)
{
	int pair[2], rc;

	if (channel_pair(pair, err))
		return -1;
	rc = channel_put_fds(&old->gate.channel, MESSAGE_HANDOVER, 0, NULL, 0, &pair[0], 1, err) ||
		channel_put_fds(&g->gate.channel, MESSAGE_HANDOVER, 0, NULL, 0, &pair[1], 1, err);
	close(pair[0]);
	close(pair[1]);
	return rc ? -1 : 0;
}

static int listening_begin(struct daemon *d, struct krux_err *err)
{
	if (listen_open(d->plan->supervisor, err) || listen_open(d->plan->agent, err))
		return -1;
	if (d->plan->start.agent)
		return 0;
	daemon_say("generation 1 serves %s%s%s%s%s", d->bundle_path,
	           d->plan->agent->path ? "; agents: " : "",
	           d->plan->agent->path ? d->plan->agent->path : "",
	           d->plan->supervisor->path ? "; supervisors: " : "",
	           d->plan->supervisor->path ? d->plan->supervisor->path : "");
	ready_say("READY=1", "serving");
	return 0;
}

void generations_ready(struct daemon *d, struct generation *g)
{
	const int sockets[2] = { d->plan->agent->fd, d->plan->supervisor->fd };
	struct generation *old = d->serving;
	struct krux_err err = { 0 };

	g->state = GENERATION_SERVING;
	g->served = true;
	loop_timer_clear(&d->loop, &g->limit);
	d->failed = 0;
	d->next = NULL;
	if (d->reload.running) {
		reload_done(d, g);
		ready_say("READY=1", "serving a new bundle");
	}
	if (d->ever)
		daemon_say("generation %llu serves %s", (unsigned long long)g->n, d->bundle_path);
	if (old && old->state == GENERATION_SERVING && old->gate.pid) {
		if (hand_over(old, g, &err)) {
			daemon_fail(d, &err);
			return;
		}
		old->state = GENERATION_LEAVING;
		loop_timer_set(&d->loop, &old->limit, loop_clock() +
			(old->spawner.pid ? d->plan->leave_ns : sooner(widow_ns, d->plan->leave_ns)));
	}
	if ((!d->ever && listening_begin(d, &err)) ||
	    channel_put_fds(&g->gate.channel, MESSAGE_START, 0, NULL, 0, sockets, sockets[1] < 0 ? 1 : 2, &err)) {
		daemon_fail(d, &err);
		return;
	}
	d->serving = g;
	d->ever = true;
	if (d->reload.asked)
		generations_next(d);
}

/* ---- ends ---- */

/* One of a generation's processes has ended, or more. */
static void generation_settle(struct daemon *d, struct generation *g)
{
	bool gate = g->gate.pid, spawner = g->spawner.pid;
	uint64_t soon = loop_clock() + exit_ns;

	/* Spawner and handlers' process each end when the other is gone: this one at once, that one when it has
	 * told what it knows. */
	if (!spawner && g->handler.pid)
		kill(g->handler.pid, SIGKILL);
	if (!spawner && g->web.pid)
		kill(g->web.pid, SIGKILL);
	if (!spawner && g->egress.pid)
		kill(g->egress.pid, SIGKILL);
	if (spawner && !g->handler.pid && (!g->limit.on || soon < g->limit.at))
		loop_timer_set(&d->loop, &g->limit, soon);
	if (gate && spawner)
		return;
	if (g->state == GENERATION_STARTING) {
		start_failed(d, g);
		return;
	}
	if (!gate && !spawner) {
		g->state = GENERATION_ENDING;
		return;
	}
	if (g->state == GENERATION_SERVING && !gate) {
		g->state = GENERATION_LEAVING;
		loop_timer_set(&d->loop, &g->limit, loop_clock() + d->plan->leave_ns);
	}
	if (g->state == GENERATION_LEAVING && !gate && d->stopping && !g->stopped) {
		g->stopped = true;
		if (channel_put(&g->spawner.channel, MESSAGE_STOP, 0, NULL, 0, NULL))
			generation_kill(g);
	}
}

static void generation_gone(struct daemon *d, struct generation *g)
{
	struct part part = { &g->n, sizeof g->n };
	struct krux_err err = { 0 };

	loop_timer_clear(&d->loop, &g->limit);
	if (g->known && d->recorder.pid &&
	    channel_put(&d->recorder.channel, MESSAGE_GONE, 0, &part, 1, &err))
		daemon_fail(d, &err);
	loop_forget(&d->loop, &g->gate.watch);
	loop_forget(&d->loop, &g->spawner.watch);
	generation_close(g, d->plan->cgroup);
	if (d->serving == g)
		d->serving = NULL;
}

/* Kills and reaps what dead spawners left; then those generations that are over are gone. */
static void ends_settle(struct daemon *d)
{
	bool dead = false, wait = false;

	for (int i = 0; i < GENERATIONS; i++)
		dead |= d->generation[i].state != GENERATION_NONE && !d->generation[i].spawner.pid;
	if (!dead)
		return;
	if (orphans_kill(daemon_knows, d) != 0) {
		loop_timer_set(&d->loop, &d->tick, loop_clock() + tick_ns);
		return;
	}
	for (int i = 0; i < GENERATIONS; i++) {
		struct generation *g = &d->generation[i];

		if (g->state != GENERATION_ENDING)
			continue;
		if (generation_over(g))
			generation_gone(d, g);
		else
			wait = true;
	}
	if (wait)
		loop_timer_set(&d->loop, &d->tick, loop_clock() + tick_ns);
}

/* Only once every generation is gone, so that what it still has to write is complete. */
static void stop_settle(struct daemon *d)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state != GENERATION_NONE)
			return;
	if (!d->recorder.pid) {
		loop_stop(&d->loop);
	} else if (!d->recorder_told) {
		d->recorder_told = true;
		loop_timer_set(&d->loop, &d->recorder_limit, loop_clock() + recorder_stop_ns);
		if (channel_put(&d->recorder.channel, MESSAGE_STOP, 0, NULL, 0, NULL))
			kill(d->recorder.pid, SIGKILL);
	}
}

static void restart_settle(struct daemon *d)
{
	const struct generation *s = d->serving;
	uint64_t pause = d->plan->pause_ns;

	if (!d->ever || d->next)
		return;
	if (d->reload.asked) {
		generations_next(d);
		return;
	}
	if (d->again.on)
		return;
	if (s && s->state == GENERATION_SERVING && s->gate.pid && s->spawner.pid)
		return;
	if (d->plan->start.agent) {
		daemon_stop(d, 0, false);
		return;
	}
	for (unsigned i = 0; i < d->failed && pause < most_pause_ns; i++)
		pause *= 2;
	loop_timer_set(&d->loop, &d->again, d->last_start + sooner(pause, most_pause_ns));
}

void generations_settle(struct daemon *d)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state != GENERATION_NONE)
			generation_settle(d, &d->generation[i]);
	ends_settle(d);
	if (d->stopping)
		stop_settle(d);
	else
		restart_settle(d);
}
