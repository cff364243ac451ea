/* kruxc diff: what changed between two sets of sources, region by region. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/command/clock.h"
#include "compiler/command/command.h"
#include "compiler/plan/call.h"
#include "compiler/plan/diff.h"
#include "compiler/plan/given.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

struct printer {
	const struct options *o;
	struct arena *arena;
	const struct build *old, *new;
	struct words *words;
	struct buf out;
	size_t changes, widening;
	const struct capability *last; /* whose heading is printed */
};

static void name_print(struct buf *b, const struct capability *cap)
{
	buf_str(b, cap->name);
	buf_printf(b, "@%u.%u", cap->major, cap->minor);
}

/* The capability, once above all that is said of it. */
static void heading_write(struct printer *p, const struct capability *cap)
{
	if (p->last == cap)
		return;
	buf_puts(&p->out, p->changes > 1 ? "\n" : "");
	name_print(&p->out, cap);
	buf_putc(&p->out, '\n');
	p->last = cap;
}

static void window_write(struct buf *b, bool json, const struct fact *f, const struct fact *g)
{
	const char *kind = f->kind == KRUX_FACT_RATE ? "rate" : "budget";

	if (json)
		buf_printf(b, "{\"kind\":\"%s\",\"rule\":\"", kind);
	else
		buf_printf(b, "\n      and the %s of ", kind);
	(json ? escape_json : escape_screen)(b, f->policy);
	buf_putc(b, '/');
	(json ? escape_json : escape_screen)(b, f->name);
	buf_puts(b, json ? "\",\"new\":\"" : f->kind == KRUX_FACT_RATE ? " counts " : " is ");
	window_terms(b, g->kind, g->max, &g->sum, g->per);
	buf_puts(b, json ? "\",\"old\":\"" : ", was ");
	window_terms(b, f->kind, f->max, &f->sum, f->per);
	buf_puts(b, json ? "\"}" : "");
}

/* One and the same rule that counts otherwise: both outcomes name it alike. */
static void windows_write(struct buf *b, bool json, const struct decisions *d, const struct change *c)
{
	const struct obligation *all;
	const struct fact *fact;
	size_t n = 0;

	decisions_obligations(d, &all);
	decisions_facts(d, &fact);
	for (size_t i = 0; i < all[c->from->obligation].ncounters; i++)
		for (size_t k = 0; k < all[c->to->obligation].ncounters; k++) {
			const struct fact *f = &fact[all[c->from->obligation].counter[i]];
			const struct fact *g = &fact[all[c->to->obligation].counter[k]];

			if (f == g || f->kind != g->kind || !krux_str_eq(f->policy, g->policy) || !krux_str_eq(f->name, g->name))
				continue;
			if (json)
				buf_puts(b, n++ ? "," : ",\"windows\":[");
			window_write(b, json, f, g);
		}
	buf_puts(b, n ? "]" : "");
}

static void region_write(struct printer *p, const struct decisions *d, const struct change *c)
{
	struct buf *b = &p->out;

	heading_write(p, c->cap);
	buf_puts(b, c->widens ? "  + " : "  - ");
	outcome_print(b, d, c->from);
	buf_puts(b, "  ->  ");
	outcome_print(b, d, c->to);
	windows_write(b, false, d, c);
	buf_puts(b, "\n      where ");
	row_print(b, p->words, c->m, c->row, true);
	buf_puts(b, "\n      such as ");
	call_print(b, c->m, c->call, &c->witness);
	buf_putc(b, '\n');
}

/* Which requests are decided otherwise is not worked out: an instant shows that the question is. */
static void zone_write(struct printer *p, const struct change *c)
{
	struct krux_str old = p->old->zone, new = p->new->zone;
	struct buf *b = &p->out;
	struct clock at;
	bool known = clock_differs(old, new, &at);

	if (p->o->json) {
		buf_puts(b, "{\"change\":\"zone\",\"widens\":true,\"capability\":\"");
		name_print(b, c->cap);
		buf_printf(b, "\",\"old\":\"%.*s\",\"new\":\"%.*s\"", STR_ARG(old), STR_ARG(new));
		if (known)
			buf_printf(b, ",\"witness\":{\"instant\":\"%s\",\"old_time\":\"%s\",\"new_time\":\"%s\"}", at.utc, at.old, at.new);
		buf_puts(b, "}\n");
		return;
	}
	heading_write(p, c->cap);
	buf_printf(b,
	           "  + its rules read the local time, which was that of %.*s and is that of %.*s\n"
	           "      not compared, and taken as wider: regions below are those of equal local times\n",
	           STR_ARG(old), STR_ARG(new));
	if (known)
		buf_printf(b, "      such as %s: %s before, %s now\n", at.utc, at.old, at.new);
}

static void rest_write(struct printer *p, const struct change *c)
{
	const char *all = c->rest == UINT64_MAX ? "at least " : "";
	struct buf *b = &p->out;

	if (p->o->json) {
		buf_puts(b, "{\"change\":\"rest\",\"capability\":\"");
		name_print(b, c->cap);
		buf_printf(b, "\",\"regions\":%llu,\"widens\":%s}\n", (unsigned long long)c->rest, c->widens ? "true" : "false");
		return;
	}
	heading_write(p, c->cap);
	buf_printf(b, "  %c %s%llu more regions%s%s\n", c->widens ? '+' : '-', all, (unsigned long long)c->rest,
	           p->o->deny_widening ? " that widen" : "",
	           p->o->deny_widening ? "" : c->widens ? ", and some region of it widens" : ", and none widens");
}

/* The old build's facts, where a rule with another window asks for others. */
static void old_facts_json(struct printer *p, const struct change *c)
{
	struct buf old = { 0 }, new = { 0 };

	given_json(&old, c->m, &c->witness, p->old);
	given_json(&new, c->m, &c->witness, p->new);
	if (old.n != new.n || memcmp(old.p, new.p, old.n) != 0) {
		buf_puts(&p->out, ",\"old_facts\":");
		buf_put(&p->out, old.p, old.n);
	}
	buf_free(&old);
	buf_free(&new);
}

static void region_json(struct printer *p, const struct decisions *d, const struct change *c)
{
	struct buf *b = &p->out, where = { 0 };

	row_print(&where, p->words, c->m, c->row, true);
	buf_printf(b, "{\"change\":\"verdict\",\"widens\":%s,\"capability\":\"", c->widens ? "true" : "false");
	name_print(b, c->cap);
	buf_puts(b, "\",\"where\":\"");
	escape_json(b, (struct krux_str){ where.p, where.n });
	buf_puts(b, "\",\"old\":");
	outcome_json(b, d, c->from);
	buf_puts(b, ",\"new\":");
	outcome_json(b, d, c->to);
	windows_write(b, true, d, c);
	buf_puts(b, ",\"witness\":");
	call_json(b, c->m, c->call, &c->witness, p->new);
	old_facts_json(p, c);
	buf_puts(b, "}\n");
	buf_free(&where);
}

static void capability_write(struct printer *p, const struct change *c)
{
	static const char *const word[] = { [CHANGE_REGION] = "verdict", [CHANGE_ADDED] = "added",
	                                    [CHANGE_REMOVED] = "removed", [CHANGE_INPUT] = "input" };
	struct buf *b = &p->out;

	if (p->o->json) {
		buf_printf(b, "{\"change\":\"%s\",\"capability\":\"", word[c->kind]);
		name_print(b, c->cap);
		buf_puts(b, "\"");
		if (c->kind == CHANGE_INPUT) {
			buf_printf(b, ",\"breaking\":%s,\"why\":\"", c->breaking ? "true" : "false");
			escape_json(b, c->why);
			buf_puts(b, "\",\"what\":\"");
			escape_json(b, c->what);
			buf_printf(b, "\",\"widens\":%s,\"not_compared\":\"", c->widens ? "true" : "false");
			escape_json(b, c->unequal);
			buf_putc(b, '"');
		}
		buf_puts(b, "}\n");
		return;
	}
	if (c->kind != CHANGE_INPUT) {
		buf_puts(b, p->changes > 1 ? "\n" : "");
		name_print(b, c->cap);
		buf_printf(b, " %s\n", word[c->kind]);
		return;
	}
	heading_write(p, c->cap);
	buf_puts(b, c->widens ? "  + " : "  - ");
	buf_puts(b, "its definition changed: ");
	escape_screen(b, c->what);
	if (c->breaking) {
		buf_puts(b, "\n      breaking: ");
		escape_screen(b, c->why);
	}
	if (c->unequal.n) {
		buf_puts(b, "\n      not compared, and taken as wider: ");
		escape_screen(b, c->unequal);
	}
	buf_putc(b, '\n');
}

static bool change_print(void *ctx, const struct decisions *d, const struct change *c)
{
	struct printer *p = ctx;

	p->changes++;
	/* A capability that is new is not called harmless. */
	p->widening += c->kind == CHANGE_ADDED || c->widens;
	if (c->kind == CHANGE_ZONE)
		zone_write(p, c);
	else if (c->kind == CHANGE_REST)
		rest_write(p, c);
	else if (c->kind != CHANGE_REGION)
		capability_write(p, c);
	else if (p->o->json)
		region_json(p, d, c);
	else
		region_write(p, d, c);
	return true;
}

/* That there is nothing is said too: an empty answer could be one that was cut off. */
static void nothing_write(struct printer *p)
{
	bool wider = p->o->deny_widening;

	if (p->o->json)
		buf_printf(&p->out, "{\"change\":\"none\",\"widens\":false,\"looked_for\":\"%s\"}\n", wider ? "widening" : "any");
	else
		buf_puts(&p->out, wider ? "nothing is let through that was not\n" : "same: no request is decided differently\n");
}

/* Everything but the diagrams, which diff makes itself, both builds in one manager. */
static struct pipeline *side_load(const struct options *o, size_t i, bool *ok)
{
	struct pipeline *p = pipeline_new();
	struct inputs_given given = { .path = o->arg + i, .npaths = 1, .capdir = o->capdir, .ncapdirs = o->ncapdirs };

	*ok = pipeline_read(p, &given) && pipeline_resolve(p);
	return p;
}

static void version_write(struct printer *p, const struct capability *older, const struct capability *newer,
                          struct krux_str why)
{
	struct buf *b = &p->out;

	buf_puts(b, p->o->json ? "{\"change\":\"version\",\"capability\":\"" : "");
	name_print(b, newer);
	buf_puts(b, p->o->json ? "\",\"breaking\":true,\"older\":\"" : " is breaking for callers of ");
	name_print(b, older);
	buf_puts(b, p->o->json ? "\",\"why\":\"" : ": ");
	(p->o->json ? escape_json : escape_screen)(b, why);
	buf_puts(b, p->o->json ? "\"}\n" : "\n");
}

/* New minor versions that stand beside an older one say whether its callers can move on. */
static void versions_report(struct printer *p, const struct capability_set *set)
{
	struct krux_str why;

	for (size_t i = 0; i + 1 < set->n; i++) {
		const struct capability *a = set->cap[i], *b = set->cap[i + 1];

		if (!krux_str_eq(a->name, b->name) || a->major != b->major)
			continue;
		if (!capability_compatible(p->arena, a, b, &why))
			version_write(p, a, b, why);
	}
}

/* What names of long sets mean: behind the text, ahead of the lines of JSON. */
static void names_write(struct printer *p)
{
	struct buf all = { 0 };

	if (!p->words->nnamed)
		return;
	if (!p->o->json) {
		buf_putc(&p->out, '\n');
		names_define(&p->out, p->words);
		return;
	}
	buf_puts(&all, "{\"change\":\"define\",\"define\":");
	names_json(&all, p->words);
	buf_puts(&all, "}\n");
	buf_put(&all, p->out.p, p->out.n);
	buf_free(&p->out);
	p->out = all;
}

int command_diff(const struct options *o)
{
	bool ok_old, ok_new;
	struct pipeline *old = side_load(o, 0, &ok_old), *new = side_load(o, 1, &ok_new);
	struct printer p = { .o = o, .arena = new->arena, .old = &old->build, .new = &new->build,
	                     .words = words_new(new->arena) };
	int code = EXIT_YES;

	if (ok_old && ok_new && builds_diff(p.words, new->diags, &old->build, &new->build, o->deny_widening, change_print, &p)) {
		versions_report(&p, &new->build.caps);
		names_write(&p);
		code = o->deny_widening ? (p.widening ? EXIT_NO : EXIT_YES) : p.changes ? EXIT_NO : EXIT_YES;
		if (!(o->deny_widening ? p.widening : p.changes))
			nothing_write(&p);
		if (!command_output(o, &p.out))
			code = EXIT_SYSTEM;
	}
	buf_free(&p.out);
	if (!ok_old)
		code = EXIT_USAGE;
	command_end(old, o, EXIT_YES);
	return command_end(new, o, code);
}
