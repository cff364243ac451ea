/* Requests of the spawner to children, and how they ended to messages.
 *
 * A request names a capability by its number in the bundle and brings descriptors; the rest of it, the
 * record, is bytes that this process hands on to the child that it forks. So nothing that an agent wrote
 * is decoded where the next call's child comes from. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/spawn/command.h"
#include "runtime/bundle/loaded.h"

#include "capspec/crc.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_BUNDLE = 2, EXIT_FAILED = TEMPLATE_FAILED };

void template_say(struct template *t, enum message_kind kind, uint64_t cookie, const void *p, size_t n)
{
	struct part part = { p, n };

	/* Without memory for it the spawner would wait for ever: it is to see that this process ends. */
	if (channel_put(&t->channel, kind, cookie, &part, 1, NULL)) {
		t->code = EXIT_FAILED;
		loop_stop(&t->loop);
	}
}

/* ---- files that approvers are to see ---- */

static void looked(void *ctx, uint64_t cookie, const uint8_t *item, size_t n)
{
	template_say(ctx, MESSAGE_LOOK, cookie, item, n);
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

static void call_take(struct template *t, struct message *m)
{
	struct krux_err err = { 0 };
	CLEAN_FD int folder = -1;

	if (workspace_take(t, m, &folder, &err) || template_call(t, m, folder, &err))
		template_say(t, MESSAGE_REFUSED, m->cookie, err.text, strlen(err.text));
}

static void message_act(struct template *t, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_FORK:
		call_take(t, m);
		break;
	case MESSAGE_SIGNAL:
		template_signal(t, m);
		break;
	case MESSAGE_LOOK:
		look_take(t, m);
		break;
	case MESSAGE_EMPTY:
		pool_empty(t, m->n == FORK_OWNER ? m->body : NULL);
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
	/* When what was to be said has been. */
	if (groups_tend(&t->groups))
		t->loop.look = true;
	if (!t->loop.stopped)
		pool_tend(t);
}

/* ---- from start to end ---- */

static enum template_runs runs_of(const struct template *t)
{
	if (!t->options->commands || !programs_needed(t->policy))
		return TEMPLATE_BUILTINS;
	return programs_connect(t->policy) ? TEMPLATE_CONNECTS : TEMPLATE_COMMANDS;
}

static int template_open(struct template *t, struct krux_err *err)
{
	const struct template_options *o = t->options;

	t->code = EXIT_FAILED;
	t->looking = calloc(LOOKING_MOST, sizeof *t->looking);
	if (!t->looking)
		return err_set(err, ENOMEM, "handlers");
	if (children_open(t, err))
		return -1;
	t->policy = loaded_open_fd(o->bundle, o->bundle_path, o->trust, o->dev, err);
	if (!t->policy) {
		t->code = EXIT_BUNDLE;
		return -1;
	}
	t->rules.cap = t->policy->cap;
	t->rules.ncaps = t->policy->ncaps;
	memcpy(t->rules.bundle, t->policy->bundle.digest, HASH_LEN);
	/* What is found out once is found out here, not by each child again: the processor takes long to say what it is. */
	probe_get();
	place_ready();
	krux_crc32c("", 0);
	if (o->commands && programs_open(&t->programs, t->policy, err))
		return -1;
	if (groups_open(&t->groups, o->group, o->groups, TEMPLATE_CHILDREN, err))
		return -1;
	if (o->sockets)
		t->groups.has |= GROUP_SOCKETS;
	command_signals_block();
	if (o->confine && o->confine(runs_of(t), err))
		return -1;
	spares_open(&t->spares, probe_get());
	if (workspaces_open(t, err))
		return -1;
	t->loop.turn = turn;
	t->loop.turn_ctx = t;
	if (loop_watch(&t->loop, &t->watch, EPOLLIN, err))
		return -1;
	t->code = 0;
	return 0;
}

static void template_close(struct template *t)
{
	children_close(t);
	spares_close(&t->spares);
	workspaces_close(t);
	for (size_t i = 0; t->looking && i < LOOKING_MOST; i++)
		looking_stop(&t->looking[i]);
	loop_close(&t->loop);
	channel_close(&t->channel);
	programs_close(&t->programs);
	groups_close(&t->groups);
	loaded_close(t->policy);
	free(t->looking);
	free(t);
}

int template_run(int channel, const struct template_options *options)
{
	struct krux_err err = { 0 };
	struct template *t;
	int code;

	heap_ready();
	t = calloc(1, sizeof *t);
	if (!t || loop_open(&t->loop, &err)) {
		free(t);
		close(channel);
		return EXIT_FAILED;
	}
	t->options = options;
	t->groups.above = -1;
	t->spares.socket = t->mounts.fd = -1;
	t->channel.fd = -1;
	clones_open(&t->clones);
	t->watch = (struct watch){ .fd = channel, .ready = spawner_ready, .ctx = t };
	if (channel_open(&t->channel, channel, &err)) {
		close(channel);
		t->code = EXIT_FAILED;
	} else if (template_open(t, &err)) {
		template_say(t, MESSAGE_REFUSED, (uint64_t)t->code, err.text, strlen(err.text));
		channel_flush(&t->channel, NULL);
	} else {
		heap_zeros_forget();
		template_say(t, MESSAGE_READY, 0, NULL, 0);
		if (loop_run(&t->loop, &err))
			t->code = EXIT_FAILED;
	}
	code = t->code;
	template_close(t);
	return code;
}
