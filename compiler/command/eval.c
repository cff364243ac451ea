/* kruxc eval: one call decided, and why. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/command/command.h"
#include "compiler/command/facts.h"
#include "compiler/plan/call.h"
#include "compiler/plan/evaluate.h"
#include "compiler/plan/given.h"
#include "compiler/plan/nearest.h"

static const char *const layer_word[] = { "system", "organization", "agent" };

/* Where a voice stands in the source: the rule's id, or the file's default. */
static struct span voice_at(const struct voice *v)
{
	return v->rule ? v->rule->at : v->policy->ast->deflt.at;
}

static void place_print(struct buf *b, struct span at)
{
	if (!at.src) {
		buf_puts(b, "-");
		return;
	}
	escape_screen(b, at.src->name);
	buf_printf(b, ":%u", span_line(at));
}

static struct krux_str rule_word(const struct voice *v)
{
	return !v ? KRUX_STR("-") : v->rule ? v->rule->id : KRUX_STR("default");
}

static void quoted(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, ",\"%s\":\"", key);
	escape_json(b, s);
	buf_putc(b, '"');
}

/* Without the brace that ends the object. */
static void json_write(struct buf *b, const struct evaluation *e, const struct pipeline *p)
{
	const struct voice *v = e->decided;
	struct buf place = { 0 };

	if (v)
		place_print(&place, voice_at(v));
	buf_printf(b, "{\"verdict\":\"%s\"", verdict_word(e->outcome.verdict));
	quoted(b, "rule", rule_word(v));
	quoted(b, "source", (struct krux_str){ place.p ? place.p : "", place.n });
	quoted(b, "reason", v && v->rule ? v->rule->reason : KRUX_STR(""));
	if (e->below.n)
		quoted(b, "below", e->below);
	if (e->limit)
		quoted(b, "limit", (struct krux_str){ e->limit, strlen(e->limit) });
	buf_printf(b, ",\"would\":\"%s\"", verdict_word(e->outcome.would));
	buf_puts(b, ",\"outcome\":");
	outcome_json(b, p->decisions, &e->outcome);
	buf_puts(b, ",\"voices\":[");
	for (size_t i = 0; i < e->nvoices; i++) {
		const struct voice *x = &e->voice[i];

		buf_printf(b, "%s{\"layer\":\"%s\"", i ? "," : "", layer_word[x->policy->layer]);
		quoted(b, "policy", x->policy->name);
		quoted(b, "rule", x->speaks ? rule_word(x) : KRUX_STR(""));
		place.n = 0;
		place_print(&place, voice_at(x));
		quoted(b, "source", (struct krux_str){ place.p, place.n });
		buf_printf(b, ",\"verdict\":%s%s%s,\"observe\":%s}", x->speaks ? "\"" : "",
		           x->speaks ? verdict_word(x->verdict) : "null", x->speaks ? "\"" : "",
		           x->skipped ? "true" : "false");
	}
	buf_putc(b, ']');
	buf_free(&place);
}

static void text_write(struct buf *b, const struct evaluation *e, const struct pipeline *p)
{
	const struct voice *v = e->decided;

	outcome_print(b, p->decisions, &e->outcome);
	buf_puts(b, "\n  by ");
	buf_str(b, rule_word(v));
	if (v) {
		buf_puts(b, " of ");
		escape_screen(b, v->policy->name);
		buf_puts(b, ", ");
		place_print(b, voice_at(v));
	} else if (e->limit) {
		buf_printf(b, "; who says so was not found, which needs more %s than there are (K9001)", e->limit);
	} else {
		/* The organization has a default, so it is a tree, and below_find has found no such call. */
		buf_puts(b, ", since something below its paths gets that, which is no path of a call");
	}
	if (e->below.n) {
		buf_puts(b, "\n  of ");
		escape_screen(b, e->below);
		buf_puts(b, ", which is below the path of the call");
	}
	if (v && v->rule && v->rule->reason.n) {
		buf_puts(b, "\n  reason: ");
		escape_screen(b, v->rule->reason);
	}
	buf_putc(b, '\n');
}

static void voices_write(struct buf *b, const struct evaluation *e)
{
	buf_puts(b, "\nlayers, the strictest wins:\n");
	for (size_t i = 0; i < e->nvoices; i++) {
		const struct voice *v = &e->voice[i];

		buf_printf(b, "  %-13s", layer_word[v->policy->layer]);
		escape_screen(b, v->policy->name);
		if (v->speaks) {
			buf_printf(b, ": %s by ", verdict_word(v->verdict));
			buf_str(b, rule_word(v));
			buf_puts(b, ", ");
			place_print(b, voice_at(v));
		} else {
			buf_puts(b, ": silent");
		}
		buf_puts(b, v->skipped ? " (observe)\n" : "\n");
	}
}

/* The call as given on the command line; NULL after a message. */
static const struct capability *call_read(const struct options *o, struct pipeline *p, struct krux_value *args)
{
	struct krux_str name = { o->arg[1], strlen(o->arg[1]) }, json = { o->arg[2], strlen(o->arg[2]) }, near;
	const struct capability *cap = capability_find(&p->caps, name);
	struct krux_refusal why = { { 0 }, { 0 } };
	struct krux_value given;

	if (!cap) {
		struct krux_str *names = ARENA_ARRAY(p->arena, struct krux_str, p->caps.n + 1);

		for (size_t i = 0; i < p->caps.n; i++)
			names[i] = p->caps.cap[i]->name;
		near = diag_nearest(name, names, p->caps.n);
		command_usage(o, "there is no capability '%s'%s%.*s%s", o->arg[1], near.n ? "; did you mean '" : "",
		              STR_ARG(near), near.n ? "'?" : "");
		return NULL;
	}
	if (!krux_json_read(arena_pool(p->arena), json, &given, &why)) {
		command_usage(o, "the arguments are not JSON: %s: %s", why.where, why.why);
		return NULL;
	}
	if (!krux_canon(arena_pool(p->arena), cap->input, &given, args, &why)) {
		command_usage(o, "invalid request: %s%s%s", why.where, *why.where ? ": " : "", why.why);
		return NULL;
	}
	return cap;
}

static int decide(const struct options *o, struct pipeline *p, struct buf *b)
{
	struct given_facts facts = { 0 };
	struct krux_value args;
	const struct capability *cap = call_read(o, p, &args);
	struct evaluation e;
	struct nearest near;
	struct dd_request req = { .agent = { o->agent, strlen(o->agent) }, .args = &args, .fact_of = given_fact,
	                          .ctx = &facts };

	if (!cap || !facts_read(o, p, &facts))
		return EXIT_USAGE;
	facts.m = p->manager[cap->index];
	facts.args = &args;
	evaluate(p->arena, p->decisions, p->manager[cap->index], p->root[cap->index], &p->build, cap, &req, &e);
	if (o->explain)
		nearest_find(p->arena, p->decisions, p->manager[cap->index], p->root[cap->index], &p->build, cap, &req,
		             &facts, &e, &near);
	if (o->json) {
		json_write(b, &e, p);
		if (o->explain)
			nearest_json(b, cap, &near);
		buf_puts(b, "}\n");
	} else {
		text_write(b, &e, p);
		if (o->explain) {
			voices_write(b, &e);
			nearest_print(b, cap, &near);
		}
	}
	return e.outcome.verdict >= KRUX_NOTIFY ? EXIT_YES : EXIT_NO;
}

int command_eval(const struct options *o)
{
	struct buf b = { 0 };
	struct pipeline *p;
	bool ok;
	int code = EXIT_USAGE;

	if (!o->agent)
		return command_usage(o, "--agent is missing: who calls?");
	if (!krux_agent_valid((struct krux_str){ o->agent, strlen(o->agent) }))
		return command_usage(o, "'%s' is no agent id: 1 to 64 of a-z, 0-9, '.', '_', '-'", o->agent);
	p = command_load(o, 0, 1, &ok);
	if (ok)
		code = decide(o, p, &b);
	if (b.n && !command_output(o, &b))
		code = EXIT_SYSTEM;
	buf_free(&b);
	return command_end(p, o, code);
}
