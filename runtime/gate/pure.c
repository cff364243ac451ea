/* Capabilities without effect whose builtin needs nothing but its arguments and the clock, and that
 * say `answer durable: false`: no child, no wait. Their records are written like all others. */
#include "runtime/gate/gate_part.h"

#include "capspec/canon.h"
#include "stdlib-caps/common/handler.h"

#include <string.h>

bool pure_is(const struct krux_capability *cap)
{
	if (cap->durable || cap->handler.kind != KRUX_HANDLER_BUILTIN)
		return false;
	for (size_t i = 0; i < cap->neffects; i++)
		if (cap->effect[i].kind != KRUX_EFFECT_NONE)
			return false;
	return builtin_pure(cap->handler.name) != NULL;
}

static bool nothing_allowed(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx, (void)field, (void)path;
	return false;
}

static bool error_declared(const struct krux_capability *cap, const char *name)
{
	for (size_t i = 0; i < cap->nerrors; i++)
		if (krux_str_eq(cap->error[i].name, (struct krux_str){ name, strlen(name) }))
			return true;
	return false;
}

bool pure_run(struct gate *g, const struct request *q, bool *done, struct krux_value *output,
              struct krux_str *error, struct krux_str *message)
{
	const struct builtin *b = builtin_pure(q->cap->handler.name);
	struct handler_call c = { .args = &q->args, .pool = g->pool, .workspace = -1, .store = -1, .line = -1,
		                  .confined = "gate", .allows = nothing_allowed, .fd = -1, .temp = -1 };
	struct krux_refusal why;

	for (unsigned i = 0; i < HANDLER_HOST; i++)
		c.host[i] = -1;
	*done = b->open(&c) && b->run(&c);
	if (*done)
		return krux_canon(g->pool, q->cap->output, &c.output, output, &why);
	if (!c.error || !error_declared(q->cap, c.error))
		return false;
	*error = (struct krux_str){ c.error, strlen(c.error) };
	*message = (struct krux_str){ krux_pool_copy(g->pool, c.detail, strlen(c.detail)), strlen(c.detail) };
	return message->p != NULL;
}
