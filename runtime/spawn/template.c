/* Requests of the spawner to children, and how they ended to messages.
 *
 * A request names a capability by its number in the bundle and brings descriptors; the rest of it, the
 * record, is bytes that this process hands on to the child that it forks. So nothing that an agent wrote
 * is decoded where the next call's child comes from. */
#include "runtime/spawn/template.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/bundle/loaded.h"
#include "runtime/spawn/again.h"
#include "runtime/spawn/birth.h"
#include "runtime/spawn/looking.h"

#include "capspec/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CALLS = 256, EXIT_BUNDLE = 2, EXIT_FAILED = 3 };

/* What a child reads its arguments into. */
static const size_t most_memory = (size_t)512 << 20;

struct template;

/* One call under way. */
struct call {
	struct template *owner;
	struct call *next;             /* free */
	bool on;
	uint64_t cookie;
	struct birth birth;
	struct watch ended, asks;
};

struct template {
	const struct template_options *options;
	struct loop loop;
	struct channel channel;
	struct watch watch;
	struct loaded *policy;
	struct warrant_rules rules;
	struct call *call, *free;
	struct looking *looking;       /* LOOKING_MOST of them */
	int code;
};

static void spawner_say(struct template *t, enum message_kind kind, uint64_t cookie, const void *p, size_t n)
{
	struct part part = { p, n };

	/* Without memory for it the spawner would wait for ever: it is to see that this process ends. */
	if (channel_put(&t->channel, kind, cookie, &part, 1, NULL)) {
		t->code = EXIT_FAILED;
		loop_stop(&t->loop);
	}
}

/* ---- in the child ---- */

/* What a child is to find out of its request, and from what. */
struct asked {
	struct template *template;
	struct child_plan *plan;
	uint32_t index;
	const uint8_t *body;           /* of a message RUN */
	size_t n;
	const int *blob;
	unsigned nblobs;
	struct warrant warrant;
	struct again again;
};

/* What was on its way for somebody else when this copy was made. What had arrived is overwritten already. */
static void others_forget(struct template *t)
{
	for (size_t i = 0; i < LOOKING_MOST; i++)
		if (t->looking[i].on)
			explicit_bzero(t->looking[i].item, t->looking[i].n);
	explicit_bzero(t->channel.out, t->channel.nout);
}

static uint32_t asked_decides(void *ctx, int workspace)
{
	struct asked *a = ctx;
	struct krux_pool *pool = krux_pool_new(most_memory);
	struct krux_str blob[WARRANT_BLOBS];
	struct krux_err err;

	others_forget(a->template);
	for (unsigned i = 0; i < a->nblobs; i++) {
		blob[i].p = (const char *)memory_map(a->blob[i], KRUX_MAX_ARGS_BYTES_HARD + 32, &blob[i].n, &err);
		if (!blob[i].p)
			return CHILD_DENIED;
	}
	if (!pool || warrant_again(&a->template->rules, a->body, a->n, blob, a->nblobs, pool, &a->warrant, &err) ||
	    a->warrant.index != a->index ||
	    child_reach(a->warrant.cap, a->plan->layer, a->warrant.agent, &a->plan->reach, &err))
		return CHILD_DENIED;
	return again_decides(&a->again, workspace);
}

static bool asked_allows(void *ctx, struct krux_str field, struct krux_str path)
{
	struct asked *a = ctx;

	return again_allows(&a->again, field, path);
}

/* ---- calls ---- */

static void call_ready(struct watch *w, uint32_t events)
{
	struct call *c = w->ctx;
	struct template *t = c->owner;
	struct message_ended ended;
	struct birth_end how;

	(void)events;
	birth_reap(&c->birth, &how);
	loop_forget(&t->loop, &c->ended);
	if (c->birth.asks >= 0)
		loop_forget(&t->loop, &c->asks);
	birth_close(&c->birth);
	ended = (struct message_ended){ .status = how.status, .lost = how.lost, .cpu_ns = how.cpu_ns,
		                        .rss_bytes = how.rss_bytes };
	spawner_say(t, MESSAGE_ENDED, c->cookie, &ended, sizeof ended);
	c->on = false;
	c->next = t->free;
	t->free = c;
}

static void call_asks(struct watch *w, uint32_t events)
{
	struct call *c = w->ctx;

	(void)events;
	loop_forget(&c->owner->loop, w);
	birth_map(&c->birth);
}

/* Descriptors of a request: the answer's pipe, the workspace, perhaps the trash, then the blobs. */
static int plan_take(struct template *t, const struct message *m, struct child_plan *plan, struct asked *a,
                     struct krux_err *err)
{
	const struct krux_capability *cap;
	struct message_fork head;
	unsigned at = 2;

	if (m->n < sizeof head)
		return err_set(err, 0, "a request that is cut short");
	memcpy(&head, m->body, sizeof head);
	if (head.flags & FORK_TRASH)
		at++;
	if (head.capability >= t->policy->ncaps || m->nfds < at || m->nfds - at > WARRANT_BLOBS)
		return err_set(err, 0, "a request that is none");
	cap = &t->policy->cap[head.capability];
	if (child_plan_make(cap, loaded_layer(t->policy, cap), plan, err))
		return -1;
	*a = (struct asked){ .template = t, .plan = plan, .index = head.capability, .body = m->body + sizeof head,
		             .n = m->n - sizeof head, .blob = plan->blob, .nblobs = m->nfds - at,
		             .again = { .abi = t->policy->abi, .warrant = &a->warrant } };
	plan->args = &a->warrant.value;
	plan->out = m->fd[0];
	plan->workspace = m->fd[1];
	plan->store = head.flags & FORK_TRASH ? m->fd[2] : -1;
	for (unsigned i = 0; i < a->nblobs; i++)
		plan->blob[i] = m->fd[at + i];
	plan->decides = asked_decides;
	plan->allows = asked_allows;
	plan->ctx = a;
	return 0;
}

static int call_start(struct template *t, const struct message *m, struct krux_err *err)
{
	struct call *c = t->free;
	struct child_plan plan;
	struct asked asked;

	if (!c)
		return err_set(err, 0, "too many calls are under way");
	if (plan_take(t, m, &plan, &asked, err))
		return -1;
	*c = (struct call){ .owner = t, .next = c->next, .cookie = m->cookie };
	if (birth_start(&plan, &c->birth, err))
		return -1;
	t->free = c->next;
	c->on = true;
	c->ended = (struct watch){ .fd = c->birth.pidfd, .ready = call_ready, .ctx = c };
	c->asks = (struct watch){ .fd = c->birth.asks, .ready = call_asks, .ctx = c };
	if (!loop_watch(&t->loop, &c->ended, EPOLLIN, err) && !loop_watch(&t->loop, &c->asks, EPOLLIN, err))
		return 0;
	/* One that cannot be watched is not there: nothing of its handler has run. */
	kill(c->birth.pid, SIGKILL);
	call_ready(&c->ended, 0);
	return 0;
}

static struct call *call_find(struct template *t, uint64_t cookie)
{
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (t->call[i].on && t->call[i].cookie == cookie)
			return &t->call[i];
	return NULL;
}

static void call_signal(struct template *t, const struct message *m)
{
	struct call *c = call_find(t, m->cookie);
	struct message_signal s;

	if (m->n != sizeof s)
		return;
	memcpy(&s, m->body, sizeof s);
	if (c && (s.signal == SIGKILL || s.signal == SIGSTOP || s.signal == SIGCONT))
		kill(c->birth.pid, (int)s.signal);
}

/* ---- files that approvers are to see ---- */

static void looked(void *ctx, uint64_t cookie, const uint8_t *item, size_t n)
{
	spawner_say(ctx, MESSAGE_LOOK, cookie, item, n);
}

static void look_take(struct template *t, const struct message *m)
{
	struct looking *l = NULL;

	for (size_t i = 0; i < LOOKING_MOST; i++)
		if (!t->looking[i].on)
			l = &t->looking[i];
	if (l && m->nfds == 1) {
		l->loop = &t->loop;
		l->cookie = m->cookie;
		l->done = looked;
		l->ctx = t;
		if (!looking_start(l, m->fd[0], m->body, m->n, NULL))
			return;
	}
	looked(t, m->cookie, NULL, 0);
}

/* ---- the spawner ---- */

static void message_act(struct template *t, const struct message *m)
{
	struct krux_err err = { 0 };

	switch (m->kind) {
	case MESSAGE_FORK:
		if (call_start(t, m, &err))
			spawner_say(t, MESSAGE_REFUSED, m->cookie, err.text, strlen(err.text));
		break;
	case MESSAGE_SIGNAL:
		call_signal(t, m);
		break;
	case MESSAGE_LOOK:
		look_take(t, m);
		break;
	default:
		t->code = EXIT_FAILED;
		loop_stop(&t->loop);
	}
}

static void spawner_ready(struct watch *w, uint32_t events)
{
	struct template *t = w->ctx;
	struct krux_err err = { 0 };
	struct message m;
	int rc;

	(void)events;
	while ((rc = channel_take(&t->channel, &m, &err)) > 0) {
		message_act(t, &m);
		message_close_fds(&m);
		/* The next child, perhaps another agent's, is a copy of this process. */
		channel_wipe(&t->channel);
	}
	if (rc < 0) {
		if (err.no)
			t->code = EXIT_FAILED;
		loop_stop(&t->loop);
	}
}

static void turn(void *ctx)
{
	struct template *t = ctx;
	int rc = channel_flush(&t->channel, NULL);

	if (rc < 0 || loop_change(&t->loop, &t->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, NULL))
		loop_stop(&t->loop);
}

/* ---- from start to end ---- */

static int template_open(struct template *t, struct krux_err *err)
{
	const struct template_options *o = t->options;

	t->code = EXIT_FAILED;
	t->call = calloc(MOST_CALLS, sizeof *t->call);
	t->looking = calloc(LOOKING_MOST, sizeof *t->looking);
	if (!t->call || !t->looking)
		return err_set(err, ENOMEM, "handlers");
	for (size_t i = MOST_CALLS; i--;) {
		t->call[i].next = t->free;
		t->free = &t->call[i];
	}
	t->policy = loaded_open_fd(o->bundle, o->bundle_path, o->trust, o->dev, err);
	if (!t->policy) {
		t->code = EXIT_BUNDLE;
		return -1;
	}
	t->rules.cap = t->policy->cap;
	t->rules.ncaps = t->policy->ncaps;
	memcpy(t->rules.bundle, t->policy->bundle.digest, HASH_LEN);
	probe_get();
	if (o->confine && o->confine(o->confine_ctx, err))
		return -1;
	t->loop.turn = turn;
	t->loop.turn_ctx = t;
	if (loop_watch(&t->loop, &t->watch, EPOLLIN, err))
		return -1;
	t->code = 0;
	return 0;
}

/* What still runs has this process for a parent, and the kernel ends it. */
static void template_close(struct template *t)
{
	for (size_t i = 0; t->call && i < MOST_CALLS; i++)
		if (t->call[i].on) {
			kill(t->call[i].birth.pid, SIGKILL);
			birth_close(&t->call[i].birth);
		}
	for (size_t i = 0; t->looking && i < LOOKING_MOST; i++)
		looking_stop(&t->looking[i]);
	loop_close(&t->loop);
	channel_close(&t->channel);
	loaded_close(t->policy);
	free(t->call);
	free(t->looking);
	free(t);
}

int template_run(int channel, const struct template_options *options)
{
	struct template *t = calloc(1, sizeof *t);
	struct krux_err err = { 0 };
	int code;

	if (!t || loop_open(&t->loop, &err)) {
		free(t);
		close(channel);
		return EXIT_FAILED;
	}
	t->options = options;
	t->channel.fd = -1;
	t->watch = (struct watch){ .fd = channel, .ready = spawner_ready, .ctx = t };
	if (channel_open(&t->channel, channel, &err)) {
		close(channel);
		t->code = EXIT_FAILED;
	} else if (template_open(t, &err)) {
		spawner_say(t, MESSAGE_REFUSED, (uint64_t)t->code, err.text, strlen(err.text));
		channel_flush(&t->channel, NULL);
	} else {
		spawner_say(t, MESSAGE_READY, 0, NULL, 0);
		if (loop_run(&t->loop, &err))
			t->code = EXIT_FAILED;
	}
	code = t->code;
	template_close(t);
	return code;
}
