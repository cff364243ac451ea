/* Commands in the background: the start of a program to a record and an answer, what it writes to a ring, and calls about
 * runs to answers and signals. */
#include "runtime/spawn/spawner_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Read at once; a stream of which so much was there is read again a little later, so that a program that writes without
 * end waits and the spawner does not. */
enum { STREAM_READ = 64 << 10, STREAM_MUCH = 16 << 10, STREAM_LAST = 4 << 20 };
static const uint64_t stream_pause = UINT64_C(10) * 1000000;

/* ---- what it writes ---- */

static void stream_end(struct run *run)
{
	if (run->wrote.fd < 0)
		return;
	loop_forget(&run->owner->loop, &run->wrote);
	loop_timer_clear(&run->owner->loop, &run->reads);
	close(run->wrote.fd);
	run->wrote.fd = -1;
}

/* Bytes that were there; 0: none just now; -1: it has ended. */
static ssize_t stream_take(struct run *run)
{
	uint8_t bytes[STREAM_READ];
	ssize_t n;

	while ((n = read(run->wrote.fd, bytes, sizeof bytes)) < 0 && errno == EINTR)
		;
	if (n > 0)
		ring_add(&run->job->output, bytes, (size_t)n);
	return n < 0 && errno == EAGAIN ? 0 : n ? n : -1;
}

static void stream_ready(struct watch *w, uint32_t events)
{
	struct run *run = w->ctx;
	const ssize_t n = stream_take(run);

	(void)events;
	if (n < 0) {
		stream_end(run);
	} else if (n >= STREAM_MUCH) {
		loop_forget(&run->owner->loop, w);
		loop_timer_set(&run->owner->loop, &run->reads, parent_now() + stream_pause);
	}
}

static void stream_again(struct timer *t)
{
	struct run *run = t->ctx;
	struct krux_err err;

	if (loop_watch(&run->owner->loop, &run->wrote, EPOLLIN, &err)) {
		spawner_say("what a program writes is not read any more", err.text);
		stream_end(run);
	}
}

int stream_make(struct run *run, int *its, struct krux_err *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for what the program writes");
	*its = pair[1];
	run->wrote = (struct watch){ .fd = pair[0], .ready = stream_ready, .ctx = run };
	run->reads = (struct timer){ .due = stream_again, .ctx = run };
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK))
		return err_set(err, errno, "make a pipe for what the program writes");
	return loop_watch(&run->owner->loop, &run->wrote, EPOLLIN, err);
}

/* ---- start and end ---- */

/* What the caller's patience was about is the answer, which is here. */
void run_started(struct run *run)
{
	const struct child_end *end = &run->parent.end;
	struct parent *p = &run->parent;

	if (!run->job || run->job->state != JOB_BEGINS || !end->reported || end->report.failed || end->report.what || p->killed)
		return;
	job_started(run->job);
	p->deadline = p->started + run->cap->limit[KRUX_LIMIT_WALL];
	p->end.hurried = false;
	if (!p->frozen)
		loop_timer_set(&run->owner->loop, &run->late, p->deadline);
	started_tell(run->owner, run->cookie, run->seq, run->cap);
}

/* Nobody writes any more; what was written is still to be read. */
void run_over(struct run *run, const struct spawn_result *r)
{
	const struct spawn_result nothing = { .end = SPAWN_UNKNOWN };
	size_t done = 0;
	ssize_t n;

	if (!run->job)
		return;
	while (run->wrote.fd >= 0 && done < STREAM_LAST && (n = stream_take(run)) > 0)
		done += (size_t)n;
	stream_end(run);
	job_ended(run->job, r ? r : &nothing);
	run->job = NULL;
}

void run_unrecorded(struct spawner *s, uint64_t seq)
{
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (s->run[i].on && s->run[i].job && s->run[i].seq == seq && !s->run[i].child_over && !s->run[i].parent.killed)
			parent_cancel(&s->run[i].parent, "that it runs could not be recorded");
}

void runs_end(struct spawner *s, const char *why)
{
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (s->run[i].on && s->run[i].job && !s->run[i].child_over && !s->run[i].parent.killed)
			parent_cancel(&s->run[i].parent, why);
}

/* ---- calls about runs ---- */

static void job_signal(struct spawner *s, const struct job *job, int signal)
{
	for (size_t i = 0; i < MOST_CALLS; i++) {
		struct run *run = &s->run[i];

		if (!run->on || run->job != job || run->child_over || run->parent.killed)
			continue;
		if (signal == SIGKILL)
			parent_cancel(&run->parent, "by process.signal");
		else
			run_signal(run, signal);
	}
}

void runs_asked(struct spawner *s, const struct message *m, const struct warrant *w, struct krux_pool *pool)
{
	static const struct connects none;
	const uint64_t began = parent_now();
	char agent[KRUX_MAX_AGENT + 1];
	struct spawn_result r;
	struct krux_err err;
	struct job *job;
	int signal;

	memcpy(agent, w->agent.p, w->agent.n);
	agent[w->agent.n] = 0;
	if (is_frozen(s, agent) || layer_check(s, w, &err)) {
		call_broken(s, m->cookie, w->seq, pool, is_frozen(s, agent) ? "frozen before it started" : err.text);
		return;
	}
	jobs_answer(s->jobs, w->cap, w->agent, &w->value, pool, &r, &job, &signal);
	if (signal)
		job_signal(s, job, signal);
	r.wall_ns = parent_now() - began;
	result_tell(s, m->cookie, w->seq, &r, &none, pool);
}
