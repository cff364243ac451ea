/* Receipts to children, and children to their ends. */
#include "runtime/spawn/spawner_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/bundle/loaded.h"
#include "runtime/bundle/trust.h"
#include "runtime/spawn/again.h"

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

static void run_end(struct run *run)
{
	struct spawner *s = run->owner;
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(most_memory);
	struct spawn_result r = { .end = SPAWN_UNKNOWN };
	struct krux_err err;

	loop_forget(&s->loop, &run->said);
	loop_forget(&s->loop, &run->ended);
	loop_timer_clear(&s->loop, &run->late);
	run->on = false;
	s->running--;
	if (!pool)
		spawner_fail(s, "the end of a call", "out of memory");
	else if (spawn_finish(&run->spawned, pool, &r, &err))
		call_broken(s, run->cookie, run->seq, pool, err.text);
	else
		result_tell(s, run->cookie, run->seq, &r, pool);
	run->next = s->free;
	s->free = run;
}

static void run_step(struct run *run)
{
	struct parent *p = &run->spawned.child;

	if (spawn_step(&run->spawned)) {
		run_end(run);
		return;
	}
	if (p->heard || p->killed)
		loop_forget(&run->owner->loop, &run->said);
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

/* ---- the start of a call ---- */

static int run_start(struct spawner *s, struct run *run, const struct warrant *w,
                     struct krux_err *err)
{
	CLEANUP(workspace_close) struct workspace place = { NULL, -1, -1 };
	struct again again = { .abi = s->policy->abi, .warrant = w };
	struct spawn_request q = {
		.cap = w->cap, .layer = loaded_layer(s->policy, w->cap), .args = &w->value, .allows = again_allows, .decides = again_decides,
		.ctx = &again, .agent = run->agent, .waived = s->options->waived,
	};
	CLEAN_FREE char *path = strndup(w->workspace.p, w->workspace.n);

	memcpy(run->agent, w->agent.p, w->agent.n);
	run->agent[w->agent.n] = 0;
	if (is_frozen(s, run->agent))
		return err_set(err, 0, "frozen before it started");
	if (!path || strlen(path) != w->workspace.n)
		return err_set(err, ENOMEM, "workspace");
	if (workspace_open(s->options->state, path, run->agent, &place, err))
		return -1;
	if (strcmp(place.path, path) != 0)
		return err_set(err, 0, "workspace: %s leads to another folder now", path);
	q.workspace_fd = place.fd;
	q.trash_fd = place.trash;
	return spawn_start(&q, &run->spawned, err);
}

static int run_watch(struct spawner *s, struct run *run, uint64_t deadline, struct krux_err *err)
{
	struct parent *p = &run->spawned.child;

	run->said = (struct watch){ .fd = p->in, .ready = run_ready, .ctx = run };
	run->ended = (struct watch){ .fd = p->pidfd, .ready = run_ready, .ctx = run };
	run->late = (struct timer){ .due = run_late, .ctx = run };
	if (deadline && deadline < p->deadline)
		p->deadline = deadline;
	loop_timer_set(&s->loop, &run->late, p->deadline);
	if (loop_watch(&s->loop, &run->said, EPOLLIN, err) ||
	    loop_watch(&s->loop, &run->ended, EPOLLIN, err))
		return -1;
	return 0;
}

static void run_begin(struct spawner *s, uint64_t cookie, const struct warrant *w,
                      struct krux_pool *pool)
{
	struct run *run = s->free;
	struct krux_err err;

	if (!run) {
		call_broken(s, cookie, w->seq, pool, "too many calls are under way");
		return;
	}
	s->free = run->next;
	*run = (struct run){ .owner = s, .cookie = cookie, .seq = w->seq };
	if (run_start(s, run, w, &err)) {
		run->next = s->free;
		s->free = run;
		call_broken(s, cookie, w->seq, pool, err.text);
		return;
	}
	run->on = true;
	s->running++;
	if (run_watch(s, run, w->deadline, &err)) {
		spawner_say("a call that cannot be watched is ended", err.text);
		parent_cancel(&run->spawned.child);
		parent_wait(&run->spawned.child);
		run_end(run);
	}
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
	else if (!warrant_read(&s->rules, m->body, m->n, blob, n, pool, &w, &seq, &err))
		run_begin(s, m->cookie, &w, pool);
	else if (seq)
		call_broken(s, m->cookie, seq, pool, err.text);
	else
		gate_refuse(s, m->cookie, err.text);
	while (n--)
		memory_unmap((const uint8_t *)blob[n].p, blob[n].n);
}

static void looked(void *ctx, uint64_t cookie, const uint8_t *item, size_t n)
{
	struct spawner *s = ctx;
	struct part part = { item, n };

	end_tell(s, &s->gate, MESSAGE_LOOK, cookie, &part, 1, NULL, 0);
}

static int look_start(struct spawner *s, const struct message *m, struct krux_err *err)
{
	CLEANUP(workspace_close) struct workspace place = { NULL, -1, -1 };
	CLEAN_FREE char *path = NULL;
	struct looking *l = NULL;
	struct look look;

	for (size_t i = 0; i < LOOKING_MOST; i++)
		if (!s->looking[i].on)
			l = &s->looking[i];
	if (!l)
		return err_set(err, 0, "too many files are looked at");
	if (look_read(m->body, m->n, &look, err))
		return -1;
	path = strndup(look.workspace.p, look.workspace.n);
	if (!path || strlen(path) != look.workspace.n)
		return err_set(err, 0, "workspace");
	if (workspace_open(s->options->state, path, "", &place, err) ||
	    strcmp(place.path, path) != 0)
		return -1;
	l->loop = &s->loop;
	l->cookie = m->cookie;
	l->done = looked;
	l->ctx = s;
	return looking_start(l, place.fd, &look, err);
}

void call_cancel(struct spawner *s, uint64_t cookie)
{
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (s->run[i].on && s->run[i].cookie == cookie)
			parent_cancel(&s->run[i].spawned.child);
}

void look_take(struct spawner *s, const struct message *m)
{
	struct krux_err err;

	if (look_start(s, m, &err))
		looked(s, m->cookie, NULL, 0);
}
