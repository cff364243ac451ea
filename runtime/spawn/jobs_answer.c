/* Calls about runs to answers, from the table of jobs alone. */
#include "runtime/spawn/answer.h"
#include "runtime/spawn/jobs.h"

#include "capspec/canon.h"
#include "capspec/schema.h"
#include "runtime/spawn/shown.h"
#include "stdlib-caps/common/answer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct asking {
	struct jobs *jobs;
	const struct krux_capability *cap;
	struct krux_str agent;
	const struct krux_value *args;
	struct krux_pool *pool;
	struct spawn_result *out;
	struct job *job;
	int signal;
};

static uint64_t number(const struct asking *q, const char *field)
{
	const struct krux_value *v = krux_value_get(q->args, field);

	return v && v->kind == KRUX_V_UINT ? v->u : 0;
}

static const char *state_word(const struct job *j)
{
	return j->state == JOB_RUNS ? "running" : "ended";
}

static void fail(struct asking *q, const char *error, const char *message)
{
	q->out->error = (struct krux_str){ error, strlen(error) };
	q->out->message = q->out->recorded_message = (struct krux_str){ message, strlen(message) };
	q->out->end = SPAWN_ERROR;
}

static void give(struct asking *q, struct answer *a)
{
	struct krux_refusal why;
	struct krux_value v;

	if (!answer_end(a, &v)) {
		fail(q, "Unavailable", "The daemon has not enough memory.");
		return;
	}
	if (!krux_canon(q->pool, q->cap->output, &v, &q->out->output, &why)) {
		spawn_why(q->out, SPAWN_BROKEN, "answer %.40s: %.70s", why.where, why.why);
		return;
	}
	q->out->recorded = q->out->output;
	q->out->end = SPAWN_DONE;
}

/* Of another agent, of nobody, forgotten: the same words. */
static bool job_take(struct asking *q)
{
	q->job = jobs_find(q->jobs, q->agent, number(q, "run"));
	if (!q->job)
		fail(q, "UnknownRun", "There is no such run of this agent.");
	return q->job;
}

/* ---- process.list ---- */

static int by_seq(const void *a, const void *b)
{
	const struct job *const *x = a, *const *y = b;

	return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

static void list(struct asking *q)
{
	const struct job *found[JOBS_MOST];
	struct krux_value item[JOBS_MOST];
	struct answer a;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < JOBS_MOST; i++) {
		const struct job *j = &q->jobs->job[i];

		if (jobs_find(q->jobs, q->agent, j->seq) == j)
			found[n++] = j;
	}
	qsort(found, n, sizeof *found, by_seq);
	for (; k < n; k++) {
		answer_begin(&a, q->pool);
		answer_uint(&a, "run", found[k]->seq);
		answer_text(&a, "capability", found[k]->cap->name);
		answer_word(&a, "state", state_word(found[k]));
		answer_time(&a, "started", found[k]->started);
		answer_uint(&a, "written", found[k]->output.total);
		if (!answer_end(&a, &item[k])) {
			fail(q, "Unavailable", "The daemon has not enough memory.");
			return;
		}
	}
	answer_begin(&a, q->pool);
	answer_list(&a, "runs", item, n);
	give(q, &a);
}

/* ---- process.status ---- */

static void paths_give(struct answer *a, const struct krux_value *result, const char *field)
{
	const struct krux_value *v = krux_value_get(result, field);

	if (v && v->kind == KRUX_V_LIST)
		answer_list(a, field, v->list.item, v->list.n);
}

static void result_give(struct asking *q, struct answer *a)
{
	const struct job *j = q->job;
	const struct krux_value *v;
	struct krux_value result;
	struct krux_refusal why;
	bool more = j->less;

	if (j->result && krux_cbor_read(q->pool, j->result, j->nresult, &result, &why)) {
		if ((v = krux_value_get(&result, "status")) && v->kind == KRUX_V_UINT)
			answer_uint(a, "status", v->u);
		paths_give(a, &result, "changed");
		paths_give(a, &result, "refused");
		v = krux_value_get(&result, "truncated");
		more |= v && v->kind == KRUX_V_BOOL && v->b;
	}
	answer_bool(a, "truncated", more);
}

static void status(struct asking *q)
{
	static const char *const ends[] = {
		[SPAWN_UNKNOWN] = "unknown", [SPAWN_DONE] = "done", [SPAWN_ERROR] = "error", [SPAWN_KILLED] = "killed",
		[SPAWN_BROKEN] = "broken",
	};
	const struct job *j;
	struct answer a;

	if (!job_take(q))
		return;
	j = q->job;
	answer_begin(&a, q->pool);
	answer_uint(&a, "run", j->seq);
	answer_text(&a, "capability", j->cap->name);
	answer_word(&a, "state", state_word(j));
	answer_time(&a, "started", j->started);
	answer_uint(&a, "kept", ring_first(&j->output));
	answer_uint(&a, "written", j->output.total);
	if (j->state == JOB_ENDED) {
		answer_time(&a, "ended", j->ended);
		answer_word(&a, "end", ends[j->end]);
		if (*j->why)
			answer_word(&a, "why", j->why);
		result_give(q, &a);
	}
	give(q, &a);
}

/* ---- process.output ---- */

static void output(struct asking *q)
{
	const uint64_t wanted = number(q, "from");
	const size_t limit = number(q, "limit") < JOB_OUTPUT ? (size_t)number(q, "limit") : JOB_OUTPUT;
	struct krux_str text = { NULL, 0 };
	uint64_t from = wanted;
	bool cut = false;
	struct answer a;
	uint8_t *bytes;
	size_t n = 0;

	if (!job_take(q))
		return;
	bytes = krux_pool_get(q->pool, limit + 1);
	if (bytes) {
		n = ring_copy(&q->job->output, &from, bytes, limit);
		/* The rest of a character comes with the next bytes, if there are to be any. */
		if (q->job->state == JOB_RUNS || from + n < q->job->output.total)
			n -= shown_begun((const char *)bytes, n);
		text = shown_text(q->pool, (const char *)bytes, n, 3 * n, &cut);
	}
	if (!text.p) {
		fail(q, "Unavailable", "The daemon has not enough memory.");
		return;
	}
	answer_begin(&a, q->pool);
	answer_text(&a, "text", text);
	answer_uint(&a, "from", from);
	answer_uint(&a, "next", from + n);
	answer_uint(&a, "lost", from > wanted ? from - wanted : 0);
	answer_uint(&a, "written", q->job->output.total);
	answer_word(&a, "state", state_word(q->job));
	give(q, &a);
}

/* ---- process.signal ---- */

static void signal_send(struct asking *q)
{
	static const struct { const char *word; int signal; } signals[] = {
		{ "term", SIGTERM }, { "int", SIGINT }, { "hup", SIGHUP }, { "usr1", SIGUSR1 }, { "usr2", SIGUSR2 }, { "kill", SIGKILL },
	};
	const struct krux_value *v = krux_value_get(q->args, "signal");
	struct answer a;

	if (!job_take(q))
		return;
	if (q->job->state == JOB_ENDED) {
		fail(q, "Ended", "The run has ended.");
		return;
	}
	for (size_t i = 0; v && v->kind == KRUX_V_TEXT && i < sizeof signals / sizeof *signals; i++)
		if (krux_str_eq(v->str, (struct krux_str){ signals[i].word, strlen(signals[i].word) }))
			q->signal = signals[i].signal;
	if (!q->signal) {
		spawn_why(q->out, SPAWN_BROKEN, "a signal that is none");
		return;
	}
	answer_begin(&a, q->pool);
	give(q, &a);
}

/* ---- which ---- */

static const struct {
	struct krux_str name;
	void (*answer)(struct asking *);
} builtins[] = {
	{ { "process_list", 12 }, list }, { { "process_status", 14 }, status }, { { "process_output", 14 }, output },
	{ { "process_signal", 14 }, signal_send },
};

static size_t builtin_of(const struct krux_capability *cap)
{
	const size_t n = sizeof builtins / sizeof *builtins;
	size_t i = 0;

	while (i < n && !krux_str_eq(builtins[i].name, cap->handler.name))
		i++;
	return cap->handler.kind == KRUX_HANDLER_BUILTIN ? i : n;
}

bool jobs_asked(const struct krux_capability *cap)
{
	return builtin_of(cap) < sizeof builtins / sizeof *builtins;
}

void jobs_answer(struct jobs *jobs, const struct krux_capability *cap, struct krux_str agent, const struct krux_value *args,
                 struct krux_pool *pool, struct spawn_result *out, struct job **job, int *signal)
{
	struct asking q = { .jobs = jobs, .cap = cap, .agent = agent, .args = args, .pool = pool, .out = out };

	*out = (struct spawn_result){ .end = SPAWN_UNKNOWN, .layer = { "spawner" }, .nlayers = 1 };
	builtins[builtin_of(cap)].answer(&q);
	*job = q.job;
	*signal = out->end == SPAWN_DONE ? q.signal : 0;
}
