/* A command against what this runtime makes of one: the effects that the kernel can hold a program to, the answers that
 * there are, and that it can say how it ended. */
#include "compiler/model/held.h"

#include <string.h>

#include "capspec/rights.h"
#include "compiler/model/cap_resolve.h"

enum output { OUTPUT_RUN, OUTPUT_EXIT, OUTPUT_TEXT, OUTPUT_FLAG, OUTPUT_PATHS, OUTPUT_REFUSED };

static const struct {
	struct krux_str name;
	enum output type;
	const char *words;
} outputs[] = {
#define OUTPUT(name, type, words, what) { { #name, sizeof #name - 1 }, OUTPUT_##type, words },
#include "capspec/command_outputs.def"
};

bool effect_changes(const struct effect *e)
{
	return e->kind == EFFECT_CREATES || e->kind == EFFECT_WRITES || e->kind == EFFECT_DELETES;
}

unsigned command_groups(const struct capability *c)
{
	unsigned groups = CALLS_RUN;

	for (size_t i = 0; i < c->neffects; i++) {
		if (effect_changes(&c->effect[i]))
			groups |= CALLS_LOOK | CALLS_WALK | CALLS_CHANGE;
		if (c->effect[i].kind == EFFECT_CONNECTS)
			groups |= CALLS_LINE | CALLS_RELAY;
	}
	return groups;
}

unsigned program_groups(const struct capability *c)
{
	return CALLS_COMMAND | (command_groups(c) & CALLS_RELAY ? CALLS_CONNECT : 0);
}

bool command_executes_workspace(const struct capability *c)
{
	for (size_t i = 0; i < c->nlabels; i++)
		if (krux_str_eq(c->label[i], KRUX_STR("runs-workspace-code")))
			return true;
	return false;
}

/* ---- effects ---- */

/* A program is not asked about each path, and Landlock knows no folder without what is below it. */
static void effect_check(struct diags *ds, const struct capability *c, const struct effect *e)
{
	const bool tree = e->nargs && e->arg[0].tree, prunes = e->nargs && e->arg[0].prunes;
	struct diag *d;

	if ((e->kind == EFFECT_READS || e->kind == EFFECT_LISTS) && prunes) {
		d = diag_error(ds, 1073, e->at, "the program %.*s leaves out nothing of what it may read",
		               STR_ARG(c->handler.name));
		d->fix = KRUX_STR("leave `prunes` out: then the strictest verdict of all that is below counts");
	} else if (e->kind == EFFECT_LISTS && !tree) {
		d = diag_error(ds, 1073, e->at, "the program %.*s can list what is below a folder that it can list",
		               STR_ARG(c->handler.name));
		d->fix = KRUX_STR("write `tree` before the folder");
	}
}

/* ---- answers ---- */

static bool is_text(const struct krux_type *t)
{
	return t->kind == KRUX_T_STRING && !t->pattern.n;
}

static bool record_fits(const struct krux_type *t)
{
	return t->kind == KRUX_T_RECORD && t->nfields == 2 && krux_str_eq(t->field[0].name, KRUX_STR("path")) &&
	       krux_str_eq(t->field[1].name, KRUX_STR("why")) && is_text(t->field[0].type) && is_text(t->field[1].type);
}

static bool type_fits(enum output output, const struct krux_type *t)
{
	switch (output) {
	case OUTPUT_RUN:
		return t->kind == KRUX_T_UINT && t->lo == 0 && t->hi == UINT64_MAX;
	case OUTPUT_EXIT:
		return t->kind == KRUX_T_UINT && t->lo == 0 && t->hi >= 255;
	case OUTPUT_TEXT:
		return is_text(t) || t->kind == KRUX_T_BYTES;
	case OUTPUT_FLAG:
		return t->kind == KRUX_T_BOOL;
	case OUTPUT_PATHS:
		return t->kind == KRUX_T_LIST && t->elem->kind == KRUX_T_PATH;
	default:
		return t->kind == KRUX_T_LIST && record_fits(t->elem);
	}
}

/* Known when the program has ended, which an answer of a background command comes before. */
static bool is_later(const struct capability *c, enum output output)
{
	return c->handler.background && output != OUTPUT_RUN;
}

/* A run has a number where it goes on behind its answer, and what it writes is asked for by that. */
static bool background_refuse(struct cap_ctx *ctx, enum output output, const struct krux_field *f, struct span at)
{
	const bool background = ctx->cap->handler.background;
	struct diag *d;

	if (background ? output != OUTPUT_TEXT : output != OUTPUT_RUN)
		return false;
	d = diag_error(ctx->diags, 1074, at, background ? "a command in the background does not answer the field `%.*s`"
	                                                : "no command answers the field `%.*s` that is not in the background",
	               STR_ARG(f->name));
	d->fix = background ? KRUX_STR("leave it out: process.output tells what a run has written, of both streams")
	                    : KRUX_STR("write `background` behind `argv [ ... ]`, or leave the field out");
	return true;
}

static void field_check(struct cap_ctx *ctx, const struct krux_field *f, struct span at)
{
	static const char all[] =
#define OUTPUT(name, type, words, what) ", " #name
#include "capspec/command_outputs.def"
		;
	struct diag *d;

	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
		if (!krux_str_eq(outputs[i].name, f->name))
			continue;
		if (background_refuse(ctx, outputs[i].type, f, at))
			return;
		if (f->optional == is_later(ctx->cap, outputs[i].type) && type_fits(outputs[i].type, f->type))
			return;
		d = diag_error(ctx->diags, 1074, at, "a command does not answer this field as it is declared");
		d->expected = arena_printf(ctx->arena, "%.*s : %s%s", STR_ARG(f->name),
		                           is_later(ctx->cap, outputs[i].type) ? "optional " : "", outputs[i].words);
		return;
	}
	d = diag_error(ctx->diags, 1074, at, "no command answers the field `%.*s`", STR_ARG(f->name));
	d->expected = (struct krux_str){ all + 2, sizeof all - 3 };
}

static bool has_field(const struct krux_type *record, struct krux_str name)
{
	for (size_t i = 0; i < record->nfields; i++)
		if (krux_str_eq(record->field[i].name, name))
			return true;
	return false;
}

static bool has_error(const struct capability *c, struct krux_str name)
{
	for (size_t i = 0; i < c->nerrors; i++)
		if (krux_str_eq(c->error[i].name, name))
			return true;
	return false;
}

static void answers_check(struct cap_ctx *ctx)
{
	const struct capability *c = ctx->cap;
	struct diag *d;

	for (size_t i = 0; i < c->output->nfields; i++)
		field_check(ctx, &c->output->field[i], ctx->ast->output[i].at);
	if (c->handler.background && !has_field(c->output, KRUX_STR("run"))) {
		d = diag_error(ctx->diags, 1077, c->at, "nobody could ask for the run of the program %.*s, whose number is not answered",
		               STR_ARG(c->handler.name));
		d->expected = KRUX_STR("`run : uint` in the output");
	}
	if (!has_field(c->output, KRUX_STR("status")) && !has_error(c, KRUX_STR("Failed"))) {
		d = diag_error(ctx->diags, 1075, c->at, "nobody would hear that the program %.*s failed",
		               STR_ARG(c->handler.name));
		d->expected = c->handler.background ? KRUX_STR("`status : optional uint` in the output, or `error Failed`")
		                                    : KRUX_STR("`status : uint` in the output, or `error Failed`");
	}
	if (command_groups(c) & CALLS_CHANGE && !has_field(c->output, KRUX_STR("refused"))) {
		d = diag_error(ctx->diags, 1075, c->at, "nobody would hear which changes of the program %.*s were refused",
		               STR_ARG(c->handler.name));
		d->expected = c->handler.background
		              ? KRUX_STR("`refused : optional list<record { path : string; why : string; }>` in the output")
		              : KRUX_STR("`refused : list<record { path : string; why : string; }>` in the output");
	}
}

void changes_check(struct cap_ctx *ctx)
{
	const struct capability *c = ctx->cap;
	const bool command = c->handler.kind == HANDLER_COMMAND;
	struct diag *d;

	if (!c->approves_changes)
		return;
	if (command && c->handler.background) {
		d = diag_error(ctx->diags, 1078, ctx->ast->changes_at,
		               "`%.*s` runs in the background, where nothing waits for a person yet", STR_ARG(c->name));
		d->expected = KRUX_STR("a command that is not in the background");
		return;
	}
	if (command && command_groups(c) & CALLS_CHANGE)
		return;
	d = diag_error(ctx->diags, 1078, ctx->ast->changes_at,
	               command ? "no effect of `%.*s` changes a file, so there is nothing to approve"
	                       : "`%.*s` is no command: what it changes is in place when it ends", STR_ARG(c->name));
	d->expected = KRUX_STR("a command with an effect `creates`, `writes` or `deletes`");
	d->fix = command ? KRUX_STR("leave out `changes: approve`")
	                 : KRUX_STR("let the policy ask for the call itself: `verdict: approval-required`");
}

void commands_check(struct cap_ctx *ctx)
{
	for (size_t i = 0; i < ctx->cap->neffects; i++)
		effect_check(ctx->diags, ctx->cap, &ctx->cap->effect[i]);
	if (ctx->cap->output)
		answers_check(ctx);
}
