/* A handler's filter is made from its row in capspec/builtins.def, a policy decides about effects. Neither
 * may say less than the other: an effect that the filter stops would be allowed and fail, system calls
 * that no effect speaks of would be free of the policy. */
#include "compiler/model/held.h"

#include <string.h>

#include "capspec/line.h"
#include "capspec/rights.h"
#include "compiler/model/cap_resolve.h"

_Static_assert(LINE_TARGETS == 4, "words below say so");

static const struct {
	struct krux_str name;
	unsigned groups;
} builtins[] = {
#define BUILTIN(name, calls, ...) { { #name, sizeof #name - 1 }, calls },
#include "capspec/builtins.def"
#undef BUILTIN
};

static const struct krux_str runs[] = {
#define RUNS(name) { #name, sizeof #name - 1 },
#define BUILTIN(name, calls, ...)
#include "capspec/builtins.def"
#undef BUILTIN
};

/* What an effect takes of a handler: over one operand, and besides over all that lies below it. */
static const struct {
	bool held;
	unsigned one, tree;
} takes[EFFECT_COUNT] = {
	[EFFECT_NONE] = { true, 0, 0 },
	[EFFECT_READS] = { true, CALLS_LOOK, CALLS_WALK },
	[EFFECT_LISTS] = { true, CALLS_LOOK, CALLS_WALK },
	[EFFECT_CREATES] = { true, CALLS_CHANGE, 0 },
	[EFFECT_WRITES] = { true, CALLS_CHANGE, 0 },
	[EFFECT_DELETES] = { true, CALLS_CHANGE, 0 },
	[EFFECT_CONNECTS] = { true, CALLS_LINE, 0 },
};

/* Groups that have to be spoken of; the other way round. */
static const struct {
	unsigned group;
	const char *can;
	unsigned effects;
} gives[] = {
	{ CALLS_LOOK, "look at files", 1 << EFFECT_READS | 1 << EFFECT_LISTS | 1 << EFFECT_CREATES | 1 << EFFECT_WRITES |
	                               1 << EFFECT_DELETES },
	{ CALLS_WALK, "open what lies below a folder", 1 << EFFECT_READS | 1 << EFFECT_LISTS | 1 << EFFECT_CREATES |
	                                               1 << EFFECT_WRITES | 1 << EFFECT_DELETES },
	{ CALLS_CHANGE, "change files", 1 << EFFECT_CREATES | 1 << EFFECT_WRITES | 1 << EFFECT_DELETES },
	{ CALLS_LINE, "reach other machines", 1 << EFFECT_CONNECTS },
	{ CALLS_WEB, "talk with other machines", 1 << EFFECT_CONNECTS },
	{ CALLS_WATCH, "watch folders", 1 << EFFECT_READS | 1 << EFFECT_LISTS },
};

static const char signal_name[] = "process_signal";

bool builtin_groups(struct krux_str name, unsigned *groups)
{
	for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
		if (krux_str_eq(builtins[i].name, name)) {
			/* PURE brings no call. */
			*groups = builtins[i].groups & ~(unsigned)CALLS_PURE;
			return true;
		}
	return false;
}

bool capability_asks_runs(const struct capability *c)
{
	for (size_t i = 0; c->handler.kind == HANDLER_BUILTIN && i < sizeof runs / sizeof *runs; i++)
		if (krux_str_eq(runs[i], c->handler.name))
			return true;
	return false;
}

bool effect_is_held(const struct capability *c, const struct effect *e)
{
	/* What it may do is what the spawner does for it. */
	if (capability_asks_runs(c))
		return e->kind == EFFECT_NONE || e->kind == EFFECT_STATE;
	return takes[e->kind].held && (e->kind == EFFECT_NONE || e->nargs);
}

bool capability_is_run(const struct capability *c, unsigned *groups)
{
	if (c->handler.kind == HANDLER_COMMAND)
		*groups = command_groups(c);
	else if (c->handler.kind != HANDLER_BUILTIN || !builtin_groups(c->handler.name, groups))
		return false;
	for (size_t i = 0; i < c->neffects; i++)
		if (!effect_is_held(c, &c->effect[i]))
			return false;
	return true;
}

static void effect_check(struct diags *ds, const struct capability *c, const struct effect *e, unsigned groups)
{
	unsigned wants = takes[e->kind].one | (e->nargs && e->arg[0].tree ? takes[e->kind].tree : 0);
	struct diag *d;

	if (!(wants & ~groups))
		return;
	d = diag_error(ds, 1071, e->at, "the handler %.*s cannot do this effect: its filter of system calls stops it",
	               STR_ARG(c->handler.name));
	d->fix = KRUX_STR("leave the effect out, or name the handler that does it");
}

static void handler_check(struct diags *ds, const struct capability *c, unsigned groups)
{
	unsigned effects = 0;
	struct diag *d;

	for (size_t i = 0; i < c->neffects; i++)
		effects |= 1U << c->effect[i].kind;
	if (krux_str_eq(c->handler.name, (struct krux_str){ signal_name, sizeof signal_name - 1 }) && !(effects & 1U << EFFECT_STATE)) {
		d = diag_error(ds, 1072, c->at, "the handler %.*s can end runs of the agent, and no effect of %.*s says so",
		               STR_ARG(c->handler.name), STR_ARG(c->name));
		d->fix = KRUX_STR("declare the effect `state(\"runs\")`, so that policies can decide about it");
	}
	for (size_t i = 0; i < sizeof gives / sizeof *gives; i++) {
		if (!(groups & gives[i].group) || effects & gives[i].effects)
			continue;
		d = diag_error(ds, 1072, c->at, "the handler %.*s can %s, and no effect of %.*s says so",
		               STR_ARG(c->handler.name), gives[i].can, STR_ARG(c->name));
		d->fix = KRUX_STR("declare the effect, so that policies can decide about it");
	}
}

/* Each is told to egress as a place of its own, used or not. */
static void connects_check(struct diags *ds, const struct capability *c)
{
	unsigned n = 0;
	struct diag *d;

	for (size_t i = 0; i < c->neffects; i++) {
		if (c->effect[i].kind != EFFECT_CONNECTS || ++n != LINE_TARGETS + 1)
			continue;
		d = diag_error(ds, 1076, c->effect[i].at, "a call of %.*s could connect to more places than a call has",
		               STR_ARG(c->name));
		d->expected = KRUX_STR("at most 4 `connects`");
		d->fix = KRUX_STR("make two capabilities of it");
	}
}

void held_check(struct cap_ctx *ctx)
{
	const struct capability *c = ctx->cap;
	unsigned groups;

	if (!capability_is_run(c, &groups))
		return;
	connects_check(ctx->diags, c);
	if (c->handler.kind == HANDLER_COMMAND) {
		commands_check(ctx);
		return;
	}
	for (size_t i = 0; i < c->neffects; i++)
		effect_check(ctx->diags, c, &c->effect[i], groups);
	handler_check(ctx->diags, c, groups);
}
