/* What a child said to a result. It is input like any other: decoded strictly and held against the
 * output type and the errors that the capability declares before anybody sees it. */
#include "runtime/spawn/answer.h"
#include "runtime/spawn/parent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"

static const struct { unsigned has; const char *word; } group_words[] = {
	{ CGROUP_MEMORY, "cgroup.memory" }, { CGROUP_PIDS, "cgroup.pids" }, { GROUP_SOCKETS, "ebpf" },
};
_Static_assert(LAYER_COUNT + 1 + sizeof group_words / sizeof *group_words <= SPAWN_MAX_LAYERS, "layers of a result");

static bool layers_list(struct krux_pool *pool, const struct child_end *end, bool command, struct spawn_result *out)
{
	const uint32_t on = end->report.layers;
	char text[32];

	for (unsigned i = 0; i < LAYER_COUNT; i++) {
		if (!(on >> i & 1))
			continue;
		out->layer[out->nlayers] = i == LAYER_ROOT && command ? "command-root" : layer_word(i);
		if (i == LAYER_LANDLOCK) {
			int n = snprintf(text, sizeof text, "landlock.%d",
			                 probe_get()->landlock_abi);

			out->layer[out->nlayers] = krux_pool_copy(pool, text, (size_t)n);
			if (!out->layer[out->nlayers])
				return false;
		}
		out->nlayers++;
	}
	if (end->group.own)
		out->layer[out->nlayers++] = "cgroup";
	for (unsigned i = 0; i < sizeof group_words / sizeof *group_words; i++)
		if (end->group.has & group_words[i].has)
			out->layer[out->nlayers++] = group_words[i].word;
	return true;
}

static void killed_take(const struct krux_capability *cap, const struct child_end *end,
                        struct spawn_result *out)
{
	/* That of the first process of the call, or of a command's program. */
	const bool exited = end->exited && end->code <= CHILD_SIGNALLED;
	const int code = end->exited && !exited ? end->code - CHILD_SIGNALLED : end->code;
	char text[64];
	int n;

	if (end->timed_out && end->hurried) {
		n = krux_duration_text(end->wall_ns - end->wall_ns % 1000000, text, sizeof text);
		spawn_why(out, SPAWN_KILLED, "the caller's deadline, after %.*s", n, text);
	} else if (end->timed_out) {
		n = krux_duration_text(cap->limit[KRUX_LIMIT_WALL], text, sizeof text);
		spawn_why(out, SPAWN_KILLED, "wall %.*s", n, text);
	} else if (end->too_much || (exited && code == CHILD_TOO_MUCH)) {
		spawn_why(out, SPAWN_KILLED, "output %llu bytes",
		        (unsigned long long)cap->limit[KRUX_LIMIT_OUTPUT]);
	} else if (end->group.out_of_memory) {
		spawn_why(out, SPAWN_KILLED, "memory %llu bytes, of all its processes and files in memory together",
		          (unsigned long long)cap->limit[KRUX_LIMIT_MEMORY]);
	} else if (exited && code == CHILD_UNGIVEN && !end->reported) {
		spawn_why(out, SPAWN_BROKEN, "the process of the call could not read what it was given");
	} else if (exited) {
		spawn_why(out, SPAWN_BROKEN, "the handler ended with %d and without an answer", code);
	} else if (code == SIGSYS) {
		spawn_why(out, SPAWN_KILLED, "a system call that is not allowed");
	} else if (code == SIGKILL && end->cpu_ns >= cap->limit[KRUX_LIMIT_CPU] / 2) {
		/* The limit counts ticks, which a busy machine sees more of than were used. */
		n = krux_duration_text(cap->limit[KRUX_LIMIT_CPU], text, sizeof text);
		spawn_why(out, SPAWN_KILLED, "cpu %.*s", n, text);
	} else {
		spawn_why(out, SPAWN_KILLED, "signal %d", code);
	}
}

/* Without memory for it, as it was. */
static void text_add(struct krux_pool *pool, struct krux_str *s, const char *more)
{
	const size_t n = s->n + strlen(more) + 3;
	char *p = krux_pool_get(pool, n);

	if (p)
		*s = (struct krux_str){ p, (size_t)snprintf(p, n, "%.*s; %s", (int)s->n, s->p, more) };
}

/* What a program makes of a process that it could not have is its own; that it could not is no secret of its. */
static void refused_say(const struct krux_capability *cap, const struct child_end *end, struct krux_pool *pool,
                        struct spawn_result *out)
{
	const size_t n = strlen(out->why);
	char text[96];

	if (!end->group.refused)
		return;
	snprintf(text, sizeof text, "it was refused more than %llu processes at once, %llu times",
	         (unsigned long long)cap->limit[KRUX_LIMIT_PIDS], (unsigned long long)end->group.refused);
	if (out->end == SPAWN_KILLED) {
		snprintf(out->why + n, sizeof out->why - n, "; %s", text);
	} else if (out->end == SPAWN_ERROR) {
		text_add(pool, &out->message, text);
		text_add(pool, &out->recorded_message, text);
	}
}

/* Nothing of the handler ran: a layer could not be put on. */
static int layer_failed(const struct child_end *end, struct krux_err *err)
{
	const struct child_report *r = &end->report;

	if (r->what == CHILD_START)
		return err_set(err, r->failed, "start the program");
	if (r->what < LAYER_COUNT)
		return err_set(err, r->failed, "put on %s", layer_word(r->what));
	return err_set(err, r->failed, "confine the call");
}

static void result_take(const struct krux_capability *cap, const struct child_end *end, struct krux_pool *pool,
                        struct spawn_result *out)
{
	char *copy;

	if (end->lost) {
		spawn_why(out, SPAWN_UNKNOWN, "how the call ended could not be seen");
		return;
	}
	if (end->reported && !layers_list(pool, end, cap->handler.kind == KRUX_HANDLER_COMMAND, out)) {
		spawn_why(out, SPAWN_UNKNOWN, "out of memory");
		return;
	}
	if (end->cancelled) {
		spawn_why(out, SPAWN_KILLED, "%s", end->cancelled);
		return;
	}
	if (!end->exited || end->code || !end->reported || end->timed_out || end->too_much) {
		killed_take(cap, end, out);
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
		answer_read(cap, pool, (struct krux_str){ copy, end->n }, out);
	else
		spawn_why(out, SPAWN_UNKNOWN, "out of memory");
}

int spawn_ended(const struct krux_capability *cap, struct child_end *end, struct krux_pool *pool,
                struct spawn_result *out, struct krux_err *err)
{
	int result = 0;

	*out = (struct spawn_result){ .end = SPAWN_UNKNOWN };
	out->cpu_ns = end->cpu_ns;
	out->wall_ns = end->wall_ns;
	out->rss_bytes = end->rss_bytes;
	out->used = end->group.used;
	if (end->reported && end->report.failed)
		result = layer_failed(end, err);
	else
		result_take(cap, end, pool, out);
	refused_say(cap, end, pool, out);
	free(end->answer);
	end->answer = NULL;
	return result;
}
