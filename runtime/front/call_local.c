/* One call in one process, from the bundle to the answer. */
#include "runtime/front/call.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/answered.h"
#include "runtime/front/front.h"
#include "runtime/front/places.h"
#include "runtime/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a supervisor should see at once. */
static void notify_print(const struct call *c, const struct gate_answer *a)
{
	const struct krux_cite *v = &a->judgement.voice;

	if (c->quiet || a->end != GATE_RAN ||
	    (a->judgement.verdict != KRUX_NOTIFY && !a->judgement.obligation->notify))
		return;
	fprintf(stderr, "notify: %s called ", c->agent);
	screen_put(stderr, a->request.cap->name);
	fprintf(stderr, " (record %llu), rule ", (unsigned long long)a->record);
	screen_puts(stderr, v->policy);
	fputc('/', stderr);
	screen_puts(stderr, *v->rule ? v->rule : "default");
	fputc('\n', stderr);
}

static int call_make(const struct call *c, struct gate *g, struct krux_str json)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new((size_t)512 << 20);
	struct krux_err err = { 0 };
	struct gate_answer a;
	struct frame f;

	if (!pool)
		return call_fail(EXIT_SYSTEM, "out of memory");
	if (!c->quiet && gate_notice(g))
		fprintf(stderr, "kruxrt call: %s\n", gate_notice(g));
	if (!c->quiet && gate_is_dev(g))
		fputs("kruxrt call: this policy is signed with a development key\n", stderr);
	if (gate_call(g, pool, (struct krux_str){ c->capability, strlen(c->capability) }, json, &a, &err))
		return call_fail(EXIT_SYSTEM, err.text);
	notify_print(c, &a);
	if (!answered_frame(pool, &a, &f))
		return call_fail(EXIT_SYSTEM, "the answer cannot be shown: it is not of its type, or there is no "
		                 "memory");
	return call_answer(c, &f, gate_is_dev(g));
}

static int call_open(const struct call *c, struct state *state, struct krux_str json)
{
	CLEANUP(workspace_close) struct workspace w = { NULL, -1, -1 };
	CLEANUP(places_free) struct places places = { .n = 0 };
	CLEAN_FREE char *own = NULL;
	struct gate_options o = {
		.bundle = c->bundle, .agent = c->agent, .dev = c->dev, .run = spawn_run
	};
	struct krux_err err = { 0 };
	struct gate *g;
	bool untrusted;
	int code;

	if (!o.bundle && asprintf(&own, "%s/bundle.krux", state->path) < 0)
		return call_fail(EXIT_SYSTEM, "out of memory");
	if (own)
		o.bundle = own;
	if (places_add(&places, "bundle", o.bundle, &err) || places_programs(&places, &err))
		return call_fail(EXIT_USAGE, err.text);
	state->places = (const char *const *)places.text;
	if (workspace_open(state, c->workspace, c->agent, &w, &err))
		return call_fail(EXIT_USAGE, err.text);
	g = gate_open(state, &w, &o, &untrusted, &err);
	if (!g)
		return call_fail(untrusted ? EXIT_USAGE : EXIT_SYSTEM, err.text);
	code = call_make(c, g, json);
	gate_close(g);
	return code;
}

int call_local(const struct call *c, struct krux_str json)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct krux_err err = { 0 };

	if (state_open(c->state, &state, &err))
		return call_fail(EXIT_USAGE, err.text);
	return call_open(c, &state, json);
}
