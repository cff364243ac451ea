/* Receipts to children, and children to their ends. */
#include "runtime/spawn/spawner_part.h"

#include "runtime/base/changeset.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/bundle/loaded.h"
#include "runtime/bundle/trust.h"
#include "runtime/spawn/look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Arguments, the answer and what they are read into. */
static const size_t most_memory = (size_t)512 << 20;

/* Approvers who were added or taken out since count from the next ticket on. */
int approvers_read(struct spawner *s, struct krux_err *err)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_public_key *approver;
	size_t n;

	if (!pool || trust_read(s->options->state->trust, TRUST_APPROVER, pool, &approver, &n, err)) {
		krux_pool_free(pool);
		s->rules.napprovers = 0;
		return -1;
	}
	krux_pool_free(s->trust);
	s->trust = pool;
	s->rules.approver = approver;
	s->rules.napprovers = n;
	return 0;
}

static void said_forget(struct run *run)
{
	loop_timer_clear(&run->owner->loop, &run->looks);
	loop_forget(&run->owner->loop, &run->said);
}

static void run_free(struct spawner *s, struct run *run)
{
	said_forget(run);
	loop_timer_clear(&s->loop, &run->late);
	parent_close(&run->parent);
	run_over(run, NULL);
	run->on = false;
	run->next = s->free;
	s->free = run;
}

static void run_end(struct run *run)
{
	struct spawner *s = run->owner;
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(most_memory);
	struct spawn_result r = { .end = SPAWN_UNKNOWN };
	struct krux_err err;

	s->running--;
	if (!pool)
		spawner_fail(s, "the end of a call", "out of memory");
	else if (spawn_ended(run->cap, &run->parent.end, pool, &r, &err))
		call_broken(s, run->cookie, run->seq, pool, err.text);
	else
		result_tell(s, run->cookie, run->seq, &r, &run->connects, pool);
	run_over(run, &r);
	run_free(s, run);
}

static void run_step(struct run *run)
{
	struct parent *p = &run->parent;

	if (parent_step(p)) {
		run->child_over = true;
		said_forget(run);
		loop_timer_clear(&run->owner->loop, &run->late);
		if (!run->connects.n || run->line_over)
			run_end(run);
		return;
	}
	run_started(run);
	if (p->heard || p->killed)
		said_forget(run);
	if (p->killed)
		loop_timer_clear(&run->owner->loop, &run->late);
}

static void run_ready(struct watch *w, uint32_t events)
{
	(void)events;
	run_step(w->ctx);
}

static void run_late(struct timer *t)
{
	run_step(t->ctx);
}

static int said_watch(struct run *run, struct krux_err *err)
{
	return loop_watch(&run->owner->loop, &run->said, EPOLLIN, err);
}

static void run_unwatched(struct run *run, const char *why)
{
	spawner_say("a call that cannot be watched is ended", why);
	parent_cancel(&run->parent, "it could not be watched");
}

static void run_looks(struct timer *t)
{
	struct run *run = t->ctx;
	struct krux_err err;

	if (said_watch(run, &err) && !run->parent.killed)
		run_unwatched(run, err.text);
}

/* ---- the start of a call ---- */

void run_signal(void *ctx, int signal)
{
	struct run *run = ctx;
	struct message_signal m = { .signal = (uint32_t)signal };
	struct part part = { &m, sizeof m };

	end_tell(run->owner, run->from, MESSAGE_SIGNAL, run->seq, &part, 1, NULL, 0);
}

/* The gate's message, as it is, to the handlers' process. */
static int run_fork(struct run *run, const struct warrant *w, const struct message *m, int workspace, int trash,
                    struct krux_err *err)
{
	struct message_fork head = { .capability = w->index, .flags = (trash < 0 ? 0 : FORK_TRASH) |
		                                                      (run->connects.n ? FORK_LINE : 0) | (run->job ? FORK_STREAM : 0) |
		                                                      (warrant_snapshot(w) ? FORK_SNAPSHOT : 0),
		                     .uid = w->uid };
	struct part part[2] = { { &head, sizeof head }, { m->body, m->n } };
	const size_t changes = w->cap->approves_changes && !w->changes.n ? CHANGESET_BYTES : 0;
	CLEAN_FD int out = -1;
	CLEAN_FD int line = -1;
	CLEAN_FD int stream = -1;
	int fd[5 + WARRANT_BLOBS];
	unsigned n = 0;

	krux_sha256(w->agent, head.owner);
	if (parent_open(&run->parent, (size_t)w->cap->limit[KRUX_LIMIT_OUTPUT] + changes, &out, err))
		return -1;
	fd[n++] = out;
	fd[n++] = workspace;
	if (trash >= 0)
		fd[n++] = trash;
	if (run->connects.n) {
		if (line_make(run->owner, w->seq, &run->connects, &line, err))
			return -1;
		fd[n++] = line;
	}
	if (run->job) {
		if (stream_make(run, &stream, err))
			return -1;
		fd[n++] = stream;
	}
	for (unsigned i = 0; i < m->nfds && i < WARRANT_BLOBS; i++)
		fd[n++] = m->fd[i];
	parent_begin(&run->parent, w->cap->limit[KRUX_LIMIT_WALL], run_signal, run);
	return channel_put_fds(&run->from->channel, MESSAGE_FORK, w->seq, part, 2, fd, n, err);
}

/* What the child would find out too, in words. */
int layer_check(const struct spawner *s, const struct warrant *w, struct krux_err *err)
{
	const struct krux_layer *layer = loaded_layer(s->policy, w->cap);

	if (layer && !krux_layer_reach(layer, w->agent))
		return err_set(err, 0, "the plan of %.*s knows no such agent", (int)w->cap->name.n, w->cap->name.p);
	return 0;
}

static int run_start(struct spawner *s, struct run *run, const struct warrant *w, const struct message *m,
                     struct krux_err *err)
{
	CLEANUP(workspace_close) struct workspace place = { NULL, -1 };
	CLEAN_FREE char *path = strndup(w->workspace.p, w->workspace.n);
	CLEAN_FD int trash = -1;

	memcpy(run->agent, w->agent.p, w->agent.n);
	run->agent[w->agent.n] = 0;
	if (is_frozen(s, run->agent))
		return err_set(err, 0, "frozen before it started");
	if (!path || strlen(path) != w->workspace.n)
		return err_set(err, ENOMEM, "workspace");
	run->from = below_find(s, w->cap, err);
	if (w->cap->handler.background && !(run->job = jobs_begin(s->jobs, run->agent, w->seq, w->cap, err)))
		return -1;
	if (!run->from || layer_check(s, w, err) || (!w->changes.n && connects_find(s, w, &run->connects, err)) ||
	    workspace_open(s->options->state, path, run->agent, &place, err))
		return -1;
	if (strcmp(place.path, path) != 0)
		return err_set(err, 0, "workspace: %s leads to another folder now", path);
	/* With a uid of its own its workspace is another mount than the state: what it deletes stays in there. */
	if (w->uid == AGENT_UID_NONE)
		trash = workspace_trash(s->options->state, &place);
	return run_fork(run, w, m, place.fd, trash, err);
}

/* Most calls have ended before they are looked at: what they say is there then, and nobody is woken for it before. One that says
 * more than the pipe has room for waits so long, and one in the background is heard at once. */
static const uint64_t looks_after = UINT64_C(2) * 1000000;

static int run_watch(struct spawner *s, struct run *run, uint64_t deadline, struct krux_err *err)
{
	struct parent *p = &run->parent;

	run->said = (struct watch){ .fd = p->in, .ready = run_ready, .ctx = run };
	run->late = (struct timer){ .due = run_late, .ctx = run };
	p->end.hurried = deadline && deadline < p->deadline;
	if (p->end.hurried)
		p->deadline = deadline;
	loop_timer_set(&s->loop, &run->late, p->deadline);
	run->looks = (struct timer){ .due = run_looks, .ctx = run };
	if (run->job)
		return said_watch(run, err);
	loop_timer_set(&s->loop, &run->looks, p->started + looks_after);
	return 0;
}

static void run_begin(struct spawner *s, const struct message *m, const struct warrant *w, struct krux_pool *pool)
{
	struct run *run = s->free;
	struct krux_err err;

	if (!run) {
		call_broken(s, m->cookie, w->seq, pool, "too many calls are under way");
		return;
	}
	s->free = run->next;
	*run = (struct run){ .owner = s, .cookie = m->cookie, .seq = w->seq, .cap = w->cap, .parent.in = -1, .wrote.fd = -1 };
	if (run_start(s, run, w, m, &err)) {
		run_free(s, run);
		call_broken(s, m->cookie, w->seq, pool, err.text);
		return;
	}
	run->on = true;
	s->running++;
	if (run_watch(s, run, w->deadline, &err))
		run_unwatched(run, err.text);
}

static unsigned blobs_map(const struct message *m, struct krux_str *blob, struct krux_err *err)
{
	unsigned n = 0;

	for (; n < m->nfds && n < WARRANT_BLOBS; n++) {
		blob[n].p = (const char *)memory_map(m->fd[n], KRUX_MAX_ARGS_BYTES_HARD + 32,
		                                     &blob[n].n, err);
		if (!blob[n].p)
			break;
	}
	return n;
}

void call_take(struct spawner *s, const struct message *m)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(most_memory);
	struct krux_str blob[WARRANT_BLOBS];
	struct krux_err err = { 0 };
	uint64_t seq = 0;
	struct message_run run = { .nticket = 0 };
	struct warrant w;
	unsigned n = blobs_map(m, blob, &err);

	if (m->n >= sizeof run)
		memcpy(&run, m->body, sizeof run);
	if (run.nticket && approvers_read(s, &err))
		spawner_say("approvers", err.text);
	if (!pool || n != m->nfds)
		gate_refuse(s, m->cookie, pool ? err.text : "out of memory");
	else if (warrant_read(&s->rules, m->body, m->n, blob, n, pool, &w, &seq, &err))
		seq ? call_broken(s, m->cookie, seq, pool, err.text) : gate_refuse(s, m->cookie, err.text);
	else if (jobs_asked(w.cap))
		runs_asked(s, m, &w, pool);
	else
		run_begin(s, m, &w, pool);
	while (n--)
		memory_unmap((const uint8_t *)blob[n].p, blob[n].n);
}

static int look_start(struct spawner *s, const struct message *m, struct krux_err *err)
{
	CLEANUP(workspace_close) struct workspace place = { NULL, -1 };
	CLEAN_FREE char *path = NULL;
	struct part part = { m->body, m->n };
	struct look look;

	if (look_read(m->body, m->n, &look, err))
		return -1;
	path = strndup(look.workspace.p, look.workspace.n);
	if (!path || strlen(path) != look.workspace.n)
		return err_set(err, 0, "workspace");
	if (workspace_open(s->options->state, path, "", &place, err) ||
	    strcmp(place.path, path) != 0)
		return -1;
	end_tell(s, &s->handler, MESSAGE_LOOK, m->cookie, &part, 1, &place.fd, 1);
	return 0;
}

/* ---- the end of a call ---- */

static struct run *run_find(struct spawner *s, uint64_t seq)
{
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (s->run[i].on && s->run[i].seq == seq)
			return &s->run[i];
	return NULL;
}

void call_ended(struct spawner *s, const struct message *m)
{
	struct run *run = run_find(s, m->cookie);
	struct message_ended ended;

	if (!run || m->n != sizeof ended)
		return;
	memcpy(&ended, m->body, sizeof ended);
	parent_ended(&run->parent, &(struct birth_end){ .status = ended.status, .lost = ended.lost,
	                                                .cpu_ns = ended.cpu_ns, .rss_bytes = ended.rss_bytes,
	                                                .group = { .own = ended.flags & ENDED_GROUP, .has = ended.has,
	                                                           .out_of_memory = ended.flags & ENDED_MEMORY,
	                                                           .refused = ended.refused, .used = ended.used } });
	run_step(run);
}

/* Its line is closed: by its child's end, or before. */
void call_lined(struct spawner *s, const struct message *m)
{
	struct run *run = run_find(s, m->cookie);

	if (!run || m->n != run->connects.n * sizeof *run->connects.used)
		return;
	memcpy(run->connects.used, m->body, m->n);
	run->line_over = true;
	if (run->child_over)
		run_end(run);
}

void call_unborn(struct spawner *s, const struct message *m)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct run *run = run_find(s, m->cookie);
	char why[256];

	if (!run)
		return;
	if (!pool) {
		spawner_fail(s, "the end of a call", "out of memory");
		return;
	}
	snprintf(why, sizeof why, "%.*s", (int)m->n, (const char *)m->body);
	s->running--;
	call_broken(s, run->cookie, run->seq, pool, why);
	run_free(s, run);
}

void call_cancel(struct spawner *s, const struct message *m)
{
	static const char *const words[] = {
		[CANCEL_ASKED] = "cancelled", [CANCEL_GENERATION] = "the daemon's processes that it belonged to have ended",
		[CANCEL_AGENT] = "its agent was taken out or registered anew",
	};
	struct message_cancel c = { .why = CANCEL_ASKED };

	if (m->n == sizeof c)
		memcpy(&c, m->body, sizeof c);
	if (c.why >= sizeof words / sizeof *words)
		c.why = CANCEL_ASKED;
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (s->run[i].on && s->run[i].cookie == m->cookie && !s->run[i].child_over && !s->run[i].parent.killed) {
			parent_cancel(&s->run[i].parent, words[c.why]);
			if (c.why == CANCEL_AGENT && s->run[i].job)
				job_disown(s->run[i].job);
		}
}

void look_take(struct spawner *s, const struct message *m)
{
	struct krux_err err;

	if (look_start(s, m, &err))
		end_tell(s, &s->gate, MESSAGE_LOOK, m->cookie, &(struct part){ NULL, 0 }, 1, NULL, 0);
}
