/* A bundle to a gate, a spawner, a handlers' process and an egress process that talk to each other, to the recorder and
 * to the parent. */
#include "runtime/front/generation.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int member_open(struct member *m, int ours, struct krux_err *err)
{
	m->pid = 0;
	m->ready = m->refused = false;
	m->seq = 0;
	m->why[0] = 0;
	return channel_open(&m->channel, ours, err);
}

void member_close(struct member *m)
{
	channel_close(&m->channel);
}

/* Pairs between gate, spawner, recorder and parent. */
enum { GATE_PARENT, SPAWNER_PARENT, GATE_RECORDER, SPAWNER_RECORDER, GATE_SPAWNER, SPAWNER_HANDLER, SPAWNER_WEB, SPAWNER_EGRESS, PAIRS };

static void pairs_close(int pair[PAIRS][2])
{
	for (int i = 0; i < PAIRS; i++) {
		cleanup_fd(&pair[i][0]);
		cleanup_fd(&pair[i][1]);
	}
}

static int pairs_open(int pair[PAIRS][2], struct krux_err *err)
{
	for (int i = 0; i < PAIRS; i++)
		pair[i][0] = pair[i][1] = -1;
	for (int i = 0; i < PAIRS; i++)
		if (channel_pair(pair[i], err))
			return -1;
	return 0;
}

/* Where there are control groups, this has to work: a spawner outside of its group would leave the
 * parent without a way to see that nothing is left. */
static int group_make(struct generation *g, int cgroup, bool sockets, struct krux_err *err)
{
	g->cgroup = g->cgroup_main = g->cgroup_calls = -1;
	if (cgroup < 0)
		return 0;
	snprintf(g->group, sizeof g->group, "generation-%llu", (unsigned long long)g->n);
	g->cgroup = cgroup_make(cgroup, g->group, err);
	if (g->cgroup < 0)
		return -1;
	g->cgroup_main = cgroup_make(g->cgroup, "main", err);
	cgroup_pass(cgroup);
	cgroup_pass(g->cgroup);
	g->cgroup_calls = g->cgroup_main < 0 ? -1 : cgroup_make(g->cgroup, "calls", err);
	if (g->cgroup_calls < 0)
		return -1;
	cgroup_pass(g->cgroup_calls);
	return sockets ? sockets_attach(g->cgroup_calls, err) : 0;
}

/* What it is to know goes through the spawner's end, and then it is the spawner that hears it. */
static int below_start(struct member *m, const struct start_plan *plan, const struct start_generation *own,
                       int pair[2], struct krux_err *err)
{
	struct channel ours;
	pid_t pid;

	if (channel_open(&ours, pair[0], err))
		return -1;
	pid = start_process(plan, m->kind, own, &ours, pair[1], err);
	ours.fd = -1;
	channel_close(&ours);
	if (pid > 0)
		m->pid = pid;
	return pid < 0 ? -1 : 0;
}

static int members_start(struct generation *g, const struct start_plan *plan, int pair[PAIRS][2],
                         struct krux_err *err)
{
	const bool web = plan->parts.program[PROCESS_WEB] >= 0, egress = plan->parts.program[PROCESS_EGRESS] >= 0;
	const struct start_generation own = {
		.n = g->n, .bundle = g->bundle, .bundle_path = g->bundle_path,
		.gate_recorder = pair[GATE_RECORDER][0], .gate_spawner = pair[GATE_SPAWNER][0],
		.spawner_recorder = pair[SPAWNER_RECORDER][0],
		.spawner_gate = pair[GATE_SPAWNER][1],
		.spawner_handler = pair[SPAWNER_HANDLER][0],
		.spawner_web = web ? pair[SPAWNER_WEB][0] : -1, .spawner_egress = egress ? pair[SPAWNER_EGRESS][0] : -1,
		.cgroup_main = g->cgroup_main,
		.cgroup_calls = g->cgroup_calls,
	};
	pid_t pid;

	if (member_open(&g->gate, pair[GATE_PARENT][0], err))
		return -1;
	pair[GATE_PARENT][0] = -1;
	if (member_open(&g->spawner, pair[SPAWNER_PARENT][0], err))
		return -1;
	pair[SPAWNER_PARENT][0] = -1;
	if (below_start(&g->handler, plan, &own, pair[SPAWNER_HANDLER], err) ||
	    (web && below_start(&g->web, plan, &own, pair[SPAWNER_WEB], err)) ||
	    (egress && below_start(&g->egress, plan, &own, pair[SPAWNER_EGRESS], err)))
		return -1;
	pid = start_process(plan, PROCESS_SPAWNER, &own, &g->spawner.channel, pair[SPAWNER_PARENT][1], err);
	if (pid < 0)
		return -1;
	g->spawner.pid = pid;
	pid = start_process(plan, PROCESS_GATE, &own, &g->gate.channel, pair[GATE_PARENT][1], err);
	if (pid < 0)
		return -1;
	g->gate.pid = pid;
	return 0;
}

int generation_start(struct generation *g, const struct start_plan *plan, uint64_t n, int bundle,
                     char *bundle_path, int cgroup, int recorder[static 2], struct krux_err *err)
{
	int pair[PAIRS][2], rc;

	g->n = n;
	g->bundle = bundle;
	g->bundle_path = bundle_path;
	g->served = g->known = g->stopped = false;
	g->state = GENERATION_STARTING;
	g->gate.channel.fd = g->spawner.channel.fd = -1;
	rc = pairs_open(pair, err) || group_make(g, cgroup, plan->sockets, err) ||
		members_start(g, plan, pair, err) ? -1 : 0;
	if (!rc) {
		recorder[0] = fd_keep(&pair[GATE_RECORDER][1]);
		recorder[1] = fd_keep(&pair[SPAWNER_RECORDER][1]);
	}
	pairs_close(pair);
	return rc;
}

void generation_kill(struct generation *g)
{
	if (g->gate.pid)
		kill(g->gate.pid, SIGKILL);
	if (g->spawner.pid)
		kill(g->spawner.pid, SIGKILL);
	if (g->handler.pid)
		kill(g->handler.pid, SIGKILL);
	if (g->web.pid)
		kill(g->web.pid, SIGKILL);
	if (g->egress.pid)
		kill(g->egress.pid, SIGKILL);
	g->state = GENERATION_ENDING;
}

bool generation_over(struct generation *g)
{
	if (g->gate.pid || g->spawner.pid || g->handler.pid || g->web.pid || g->egress.pid)
		return false;
	if (g->cgroup < 0 || cgroup_empty(g->cgroup))
		return true;
	cgroup_kill(g->cgroup, NULL);
	return false;
}

void generation_close(struct generation *g, int cgroup)
{
	member_close(&g->gate);
	member_close(&g->spawner);
	cleanup_fd(&g->bundle);
	cleanup_fd(&g->cgroup_main);
	cleanup_fd(&g->cgroup_calls);
	cleanup_fd(&g->cgroup);
	if (cgroup >= 0)
		cgroup_remove(cgroup, g->group, NULL);
	free(g->bundle_path);
	g->bundle_path = NULL;
	g->bundle = g->cgroup = g->cgroup_main = g->cgroup_calls = -1;
	g->state = GENERATION_NONE;
}
