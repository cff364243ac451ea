/* A decided call to a child, and what the child said to a result. What comes back is input like any
 * other: it is decoded strictly and held against the output type and the errors that the capability
 * declares before anybody sees it. */
#include "runtime/spawn/answer.h"
#include "runtime/spawn/spawned.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/base/err.h"

/* A copy of a folder tree is the largest thing that a call writes. */
static const uint64_t file_size = UINT64_C(1) << 30;

/* ---- before ---- */

static int plan_make(const struct spawn_request *q, struct child_plan *plan, struct krux_err *err)
{
	const struct krux_capability *cap = q->cap;
	const char *missing;

	if (cap->handler.kind != KRUX_HANDLER_BUILTIN)
		return err_set(err, 0,
		               "%.*s is not run by a builtin handler; this program runs no others",
		               (int)cap->name.n, cap->name.p);
	*plan = (struct child_plan){
		.probe = probe_get(),
		.builtin = builtin_find(cap->handler.name),
		.args = q->args,
		.limits = { cap->limit[KRUX_LIMIT_MEMORY], cap->limit[KRUX_LIMIT_CPU],
		            (unsigned)cap->limit[KRUX_LIMIT_PIDS],
		            (unsigned)cap->limit[KRUX_LIMIT_FILES], file_size },
		.output = (size_t)cap->limit[KRUX_LIMIT_OUTPUT],
		.workspace = q->workspace_fd,
		.store = q->trash_fd,
		.allows = q->allows,
		.decides = q->decides,
		.ctx = q->ctx,
	};
	if (!plan->builtin)
		return err_set(err, 0, "there is no builtin handler \"%.*s\"",
		               (int)cap->handler.name.n, cap->handler.name.p);
	if (!q->layer || !q->layer->filter)
		return err_set(err, 0, "the bundle has no filter of system calls for %.*s; kruxc build makes "
		               "one with all that this version runs", (int)cap->name.n, cap->name.p);
	plan->layer = q->layer;
	plan->reach = krux_layer_reach(q->layer, (struct krux_str){ q->agent, strlen(q->agent) });
	if (!plan->reach)
		return err_set(err, 0, "the plan of %.*s knows no such agent", (int)cap->name.n, cap->name.p);
	missing = probe_missing(plan->probe);
	if (missing)
		return err_set(err, 0, "this machine lacks %s, which no call runs without",
		               missing);
	return 0;
}

/* ---- after ---- */

static bool layers_list(struct krux_pool *pool, const struct child_plan *plan, uint32_t on,
                        struct spawn_result *out)
{
	char text[32];

	for (unsigned i = 0; i < LAYER_COUNT; i++) {
		if (!(on >> i & 1))
			continue;
		out->layer[out->nlayers] = layer_word(i);
		if (i == LAYER_LANDLOCK) {
			int n = snprintf(text, sizeof text, "landlock.%d",
			                 plan->probe->landlock_abi);

			out->layer[out->nlayers] = krux_pool_copy(pool, text, (size_t)n);
			if (!out->layer[out->nlayers])
				return false;
		}
		out->nlayers++;
	}
	return true;
}

static void killed_take(const struct krux_capability *cap, const struct child_end *end,
                        struct spawn_result *out)
{
	char text[64];
	int n;

	if (end->timed_out) {
		n = krux_duration_text(cap->limit[KRUX_LIMIT_WALL], text, sizeof text);
		spawn_why(out, SPAWN_KILLED, "wall %.*s", n, text);
	} else if (end->too_much || (end->exited && end->code == CHILD_TOO_MUCH)) {
		spawn_why(out, SPAWN_KILLED, "output %llu bytes",
		        (unsigned long long)cap->limit[KRUX_LIMIT_OUTPUT]);
	} else if (end->exited) {
		spawn_why(out, SPAWN_BROKEN, "the handler ended with %d and without an answer",
		        end->code);
	} else if (end->code == SIGSYS) {
		spawn_why(out, SPAWN_KILLED, "a system call that is not allowed");
	} else if (end->code == SIGKILL && end->cpu_ns >= cap->limit[KRUX_LIMIT_CPU] / 2) {
		/* The limit counts ticks, which a busy machine sees more of than were used. */
		n = krux_duration_text(cap->limit[KRUX_LIMIT_CPU], text, sizeof text);
		spawn_why(out, SPAWN_KILLED, "cpu %.*s", n, text);
	} else {
		spawn_why(out, SPAWN_KILLED, "signal %d", end->code);
	}
}

/* Nothing of the handler ran: a layer could not be put on. */
static int layer_failed(const struct child_end *end, struct krux_err *err)
{
	const struct child_report *r = &end->report;

	if (r->what < LAYER_COUNT)
		return err_set(err, r->failed, "put on %s", layer_word(r->what));
	return err_set(err, r->failed, "confine the call");
}

static void result_take(const struct spawned *s, struct krux_pool *pool, struct spawn_result *out)
{
	const struct child_end *end = &s->child.end;
	char *copy;

	if (end->lost) {
		spawn_why(out, SPAWN_UNKNOWN, "how the call ended could not be seen");
		return;
	}
	if (end->reported && !layers_list(pool, &s->plan, end->report.layers, out)) {
		spawn_why(out, SPAWN_UNKNOWN, "out of memory");
		return;
	}
	if (end->cancelled) {
		spawn_why(out, SPAWN_KILLED, "cancelled");
		return;
	}
	if (!end->exited || end->code || !end->reported || end->timed_out || end->too_much) {
		killed_take(s->cap, end, out);
		return;
	}
	if (end->report.what == CHILD_DENIED) {
		spawn_why(out, SPAWN_BROKEN, "decided again, the policy does not allow the call");
		return;
	}
	if (end->report.what == CHILD_STALE) {
		spawn_why(out, SPAWN_BROKEN, "a file that the approvers saw has changed since");
		return;
	}
	copy = krux_pool_copy(pool, end->answer, end->n);
	if (copy)
		answer_read(s->cap, pool, (struct krux_str){ copy, end->n }, out);
	else
		spawn_why(out, SPAWN_UNKNOWN, "out of memory");
}

int spawn_start(const struct spawn_request *q, struct spawned *s, struct krux_err *err)
{
	*s = (struct spawned){ .cap = q->cap };
	if (plan_make(q, &s->plan, err) ||
	    parent_start(&s->plan, q->cap->limit[KRUX_LIMIT_WALL], &s->child, err))
		return -1;
	return 0;
}

bool spawn_step(struct spawned *s)
{
	return parent_step(&s->child);
}

int spawn_finish(struct spawned *s, struct krux_pool *pool, struct spawn_result *out,
                 struct krux_err *err)
{
	struct child_end *end = &s->child.end;
	int result = 0;

	*out = (struct spawn_result){ .end = SPAWN_UNKNOWN };
	out->cpu_ns = end->cpu_ns;
	out->wall_ns = end->wall_ns;
	out->rss_bytes = end->rss_bytes;
	if (end->reported && end->report.failed)
		result = layer_failed(end, err);
	else
		result_take(s, pool, out);
	free(end->answer);
	end->answer = NULL;
	parent_close(&s->child);
	return result;
}

int spawn_run(const struct spawn_request *q, struct krux_pool *pool, struct spawn_result *out,
              struct krux_err *err)
{
	struct spawned s;

	if (spawn_start(q, &s, err))
		return -1;
	parent_wait(&s.child);
	return spawn_finish(&s, pool, out, err);
}
