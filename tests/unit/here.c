/* A plan to how its child ended, and a request to its result, without anything else happening meanwhile. */
#include "tests/unit/here.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/spawn/parent.h"
#include "runtime/spawn/program.h"

#include "capspec/schema.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

static void child_signal(void *ctx, int signal)
{
	const struct birth *b = ctx;

	kill(b->pid, signal);
}

/* Milliseconds until the deadline, rounded up. */
static int time_left(const struct parent *p)
{
	uint64_t now = parent_now();
	uint64_t left = now < p->deadline ? (p->deadline - now + 999999) / 1000000 : 0;

	return left > 1000000 ? 1000000 : (int)left;
}

static void wait_for(struct parent *p, struct birth *b)
{
	struct birth_end how;

	while (!parent_step(p)) {
		/* While there is something to read, the pipe says all; then the process ends. */
		struct pollfd fd[3] = { { .fd = p->heard || p->killed ? -1 : p->in, .events = POLLIN },
			                { .fd = b->pidfd, .events = POLLIN }, { .fd = b->asks, .events = POLLIN } };

		poll(fd, 3, p->killed ? 1000 : time_left(p));
		if (fd[2].revents)
			birth_map(b);
		if (!birth_gone(b))
			continue;
		birth_reap(b, &how);
		parent_ended(p, &how);
	}
}

int here_run(struct child_plan *plan, uint64_t wall_ns, struct child_end *end, struct krux_err *err)
{
	CLEAN_FD int out = -1;
	struct parent p;
	struct birth b;

	*end = (struct child_end){ 0 };
	if (parent_open(&p, plan->output, &out, err))
		return -1;
	plan->out = out;
	parent_begin(&p, wall_ns, child_signal, &b);
	if (birth_start(plan, &b, err)) {
		parent_close(&p);
		return -1;
	}
	cleanup_fd(&out);
	out = -1;
	wait_for(&p, &b);
	birth_close(&b);
	parent_close(&p);
	*end = p.end;
	return 0;
}

int spawn_run(const struct spawn_request *q, struct krux_pool *pool, struct spawn_result *out,
              struct krux_err *err)
{
	CLEAN_FD int program = -1;
	struct child_plan plan;
	struct child_end end;

	if (child_plan_make(q->cap, q->layer, (struct krux_str){ NULL, 0 }, q->find ? q->find : builtin_find, &plan, err) ||
	    child_reach(q->cap, q->layer, (struct krux_str){ q->agent, strlen(q->agent) }, &plan.reach, err))
		return -1;
	if (plan.command && (program = plan.program = program_open(q->cap, err)) < 0)
		return -1;
	plan.args = q->args;
	plan.workspace = q->workspace_fd;
	if (plan.command)
		plan.mount = q->mount_fd;
	plan.store = q->trash_fd;
	plan.line = q->line;
	plan.allows = q->allows;
	plan.decides = q->decides;
	plan.ctx = q->ctx;
	return here_run(&plan, q->cap->limit[KRUX_LIMIT_WALL], &end, err) ||
		spawn_ended(q->cap, &end, pool, out, err) ? -1 : 0;
}
