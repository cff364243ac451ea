/* Starts, bytes and ends of commands in the background to a table of them. */
#include "runtime/spawn/jobs.h"

#include "runtime/base/err.h"
#include "runtime/spawn/shown.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_real(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool goes_on(const struct job *j)
{
	return j->state == JOB_BEGINS || j->state == JOB_RUNS;
}

static unsigned ended_of(const struct jobs *jobs, const char *agent)
{
	unsigned n = 0;

	for (size_t i = 0; i < JOBS_MOST; i++)
		n += jobs->job[i].state == JOB_ENDED && !strcmp(jobs->job[i].agent, agent);
	return n;
}

/* A free one, or the eldest that has ended, of the agent that has most of those: who starts many loses its own. */
static struct job *place_find(struct jobs *jobs)
{
	struct job *found = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < JOBS_MOST; i++) {
		struct job *j = &jobs->job[i];
		unsigned n;

		if (j->state == JOB_NONE)
			return j;
		if (goes_on(j))
			continue;
		n = ended_of(jobs, j->agent);
		if (!found || n > most || (n == most && j->ended < found->ended)) {
			found = j;
			most = n;
		}
	}
	return found;
}

struct job *jobs_begin(struct jobs *jobs, const char *agent, uint64_t seq, const struct krux_capability *cap, struct krux_err *err)
{
	unsigned all = 0, own = 0;
	struct job *j;

	for (size_t i = 0; i < JOBS_MOST; i++) {
		all += goes_on(&jobs->job[i]);
		own += goes_on(&jobs->job[i]) && !strcmp(jobs->job[i].agent, agent);
	}
	if (own >= RUNS_AGENT || all >= RUNS_ALL) {
		err_set(err, 0, own >= RUNS_AGENT ? "this agent has %d runs in the background, which is the most"
		                                  : "there are %d runs in the background, which is the most",
		        own >= RUNS_AGENT ? RUNS_AGENT : RUNS_ALL);
		return NULL;
	}
	j = place_find(jobs);
	job_forget(j);
	j->state = JOB_BEGINS;
	j->seq = seq;
	j->cap = cap;
	snprintf(j->agent, sizeof j->agent, "%s", agent);
	return j;
}

void job_forget(struct job *j)
{
	ring_close(&j->output);
	free(j->result);
	*j = (struct job){ .state = JOB_NONE };
	ring_init(&j->output, JOB_OUTPUT);
}

void job_started(struct job *j)
{
	j->state = JOB_RUNS;
	j->started = now_real();
}

/* What is kept of it, lists to so many items. True: that is less than there was. */
static bool result_cut(const struct krux_value *all, size_t most, struct krux_member kept[static JOB_FIELDS], size_t *n)
{
	static const char *const fields[JOB_FIELDS] = { "status", "changed", "refused", "truncated" };
	bool cut = false;

	*n = 0;
	for (size_t i = 0; all->kind == KRUX_V_MAP && i < all->map.n; i++)
		for (size_t k = 0; k < JOB_FIELDS; k++) {
			struct krux_member m = all->map.member[i];

			if (!krux_str_eq(m.key, (struct krux_str){ fields[k], strlen(fields[k]) }))
				continue;
			if (m.value.kind == KRUX_V_LIST && m.value.list.n > most) {
				m.value.list.n = most;
				cut = true;
			}
			if (*n < JOB_FIELDS)
				kept[(*n)++] = m;
		}
	return cut;
}

/* Of a long one with half of its paths, and half of those: with what it ended is always told. */
static void result_keep(struct job *j, const struct krux_value *all)
{
	struct krux_member kept[JOB_FIELDS];
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { .member = kept } };
	size_t most = JOB_PATHS, n;

	while (j->less = result_cut(all, most, kept, &v.map.n), (n = krux_cbor_write(&v, NULL, 0)) > JOB_RESULT && most)
		most /= 2;
	j->result = n && n <= JOB_RESULT ? malloc(n) : NULL;
	j->nresult = j->result ? krux_cbor_write(&v, j->result, n) : 0;
	j->less |= !j->result;
}

void job_ended(struct job *j, const struct spawn_result *r)
{
	if (j->state != JOB_RUNS || !*j->agent) {
		job_forget(j);
		return;
	}
	j->state = JOB_ENDED;
	j->ended = now_real();
	j->end = r->end;
	if (r->end == SPAWN_ERROR)
		snprintf(j->why, sizeof j->why, "%.*s: %.*s", (int)r->error.n, r->error.p,
		         (int)(r->message.n < 90 ? r->message.n : 90), r->message.n ? r->message.p : "");
	else
		snprintf(j->why, sizeof j->why, "%.127s", r->why);
	j->why[strlen(j->why) - shown_begun(j->why, strlen(j->why))] = 0;
	if (r->end == SPAWN_DONE)
		result_keep(j, &r->output);
}

static bool is_of(const struct job *j, struct krux_str agent)
{
	return strlen(j->agent) == agent.n && !memcmp(j->agent, agent.p, agent.n);
}

void job_disown(struct job *j)
{
	*j->agent = 0;
	if (!goes_on(j))
		job_forget(j);
}

void jobs_disown(struct jobs *jobs, struct krux_str agent)
{
	for (size_t i = 0; i < JOBS_MOST; i++)
		if (jobs->job[i].state != JOB_NONE && is_of(&jobs->job[i], agent))
			job_disown(&jobs->job[i]);
}

/* All are looked at, whichever it is: how long it takes says nothing of what others have. */
struct job *jobs_find(struct jobs *jobs, struct krux_str agent, uint64_t seq)
{
	struct job *found = NULL;

	for (size_t i = 0; i < JOBS_MOST; i++) {
		struct job *j = &jobs->job[i];
		const bool is_own = is_of(j, agent);

		if ((j->state == JOB_RUNS || j->state == JOB_ENDED) && j->seq == seq && is_own)
			found = j;
	}
	return found;
}

void jobs_close(struct jobs *jobs)
{
	for (size_t i = 0; jobs && i < JOBS_MOST; i++)
		job_forget(&jobs->job[i]);
	free(jobs);
}
