/* The nearest rule and change in words and as JSON. */
#include "compiler/plan/nearest.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/escape.h"
#include "compiler/plan/call.h"
#include "compiler/plan/cond_print.h"
#include "compiler/plan/words.h"

/* ---- in words ---- */

static void rule_print(struct buf *b, const struct nearest_rule *n)
{
	const struct rule *r = n->rule;

	buf_printf(b, "\nnearest rule that would say more, %s by ", verdict_word(r->verdict));
	buf_str(b, r->id);
	buf_puts(b, ", ");
	escape_screen(b, r->at.src ? r->at.src->name : KRUX_STR("-"));
	buf_printf(b, ":%u, ", span_line(r->at));
	if (!n->agent && !n->nclauses) {
		buf_puts(b, n->below ? "holds, but what lies below the path decides\n"
		         : n->used_up ? "holds, but its rate or budget is used up\n"
		                       : "holds, but an earlier rule or a stricter file decides\n");
		return;
	}
	buf_puts(b, "asks for\n");
	if (n->agent) {
		buf_puts(b, "  agent");
		for (size_t i = 0; i < r->nagents; i++) {
			buf_puts(b, i ? " or " : " ");
			escape_screen(b, r->agent[i]);
		}
		buf_putc(b, '\n');
	}
	for (size_t i = 0; i < n->nclauses; i++) {
		buf_puts(b, "  ");
		cond_print(b, n->clause[i]);
		buf_putc(b, '\n');
	}
	if (n->more)
		buf_printf(b, "  and %zu more\n", n->more);
}

static bool has_name(const char *text, size_t n, struct krux_str name)
{
	return memmem(text, n, name.p, name.n) != NULL;
}

/* What the names mean that the text behind `from` has. */
static void names_print(struct buf *b, size_t from, const struct words *words)
{
	size_t end = b->n;

	for (size_t i = 0; i < words->nnamed; i++) {
		struct krux_str name = words->named[i].c->name;

		if (!has_name(b->p + from, end - from, name))
			continue;
		buf_puts(b, "  where ");
		buf_str(b, name);
		buf_puts(b, " is ");
		buf_str(b, words->named[i].text);
		buf_putc(b, '\n');
	}
}

void nearest_print(struct buf *b, const struct capability *cap, const struct nearest *n)
{
	const struct nearest_change *c = &n->change;
	size_t from;

	if (n->rule.rule)
		rule_print(b, &n->rule);
	if (n->rule_limit)
		buf_printf(b, "\nthe nearest rule is not known: to look for it needs more %s (K9001)\n", n->rule_limit);
	if (n->change_limit)
		buf_printf(b, "\n%s: to look at all needs more %s (K9001)\n",
		           c->found ? "there may be a smaller change than this" : "no change was found", n->change_limit);
	if (!c->found) {
		buf_puts(b, n->change_limit ? "" : "\nno request for this capability has another verdict\n");
		return;
	}
	if (c->others)
		buf_puts(b, "\nno other arguments alone have another verdict; ");
	else
		buf_puts(b, "\n");
	buf_printf(b, "smallest change %sthat would make it %s:\n", c->others ? "" : "of the arguments ",
	           verdict_word(c->verdict));
	if (c->args) {
		buf_puts(b, "  such as ");
		value_print(b, cap->input, c->args, 120);
		buf_puts(b, "\n  which is one with\n");
	}
	from = b->n;
	for (size_t i = 0; i < c->nwhere; i++) {
		buf_puts(b, "  ");
		cond_print_named(b, c->where[i]);
		buf_putc(b, '\n');
	}
	for (size_t i = 0; i < c->nunsaid; i++) {
		buf_puts(b, "  ");
		buf_str(b, c->unsaid[i]);
		buf_puts(b, " in a set too large for words\n");
	}
	if (c->window)
		buf_puts(b, "  another state of the rule's rate or budget\n");
	names_print(b, from, n->words);
}

/* ---- as JSON ---- */

static void text_json(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, "\"%s\":\"", key);
	escape_json(b, s);
	buf_putc(b, '"');
}

static void conds_json(struct buf *b, const struct cond *const *c, size_t n, bool names)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		struct buf words = { 0 };

		(names ? cond_print_named : cond_print)(&words, c[i]);
		buf_puts(b, i ? ",\"" : "\"");
		escape_json(b, (struct krux_str){ words.p, words.n });
		buf_putc(b, '"');
		buf_free(&words);
	}
	buf_putc(b, ']');
}

static void rule_json(struct buf *b, const struct nearest_rule *n)
{
	const struct rule *r = n->rule;
	struct buf place = { 0 };

	buf_putc(b, '{');
	text_json(b, "policy", n->policy->name);
	buf_putc(b, ',');
	text_json(b, "rule", r->id);
	buf_putc(b, ',');
	if (r->at.src) {
		buf_str(&place, r->at.src->name);
		buf_printf(&place, ":%u", span_line(r->at));
	}
	text_json(b, "source", (struct krux_str){ place.p ? place.p : "", place.n });
	buf_free(&place);
	buf_printf(b, ",\"verdict\":\"%s\",\"matches\":%s,\"used_up\":%s,\"failed\":", verdict_word(r->verdict),
	           n->agent || n->nclauses ? "false" : "true", n->used_up ? "true" : "false");
	conds_json(b, n->clause, n->nclauses, false);
	buf_printf(b, ",\"failed_more\":%zu,\"agents\":[", n->more);
	for (size_t i = 0; n->agent && i < r->nagents; i++) {
		buf_puts(b, i ? ",\"" : "\"");
		escape_json(b, r->agent[i]);
		buf_putc(b, '"');
	}
	buf_puts(b, "]}");
}

static void args_json(struct buf *b, const struct capability *cap, const struct krux_value *args)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;
	char *text = NULL;
	size_t n;

	if (pool && krux_uncanon(pool, cap->input, args, &v)) {
		n = krux_json_write(&v, NULL, 0);
		text = krux_pool_get(pool, n + 1);
		if (text)
			buf_put(b, text, krux_json_write(&v, text, n + 1));
	}
	if (!text)
		buf_puts(b, "null");
	krux_pool_free(pool);
}

static void limit_json(struct buf *b, const char *key, const char *limit)
{
	if (!limit)
		return;
	buf_putc(b, ',');
	text_json(b, key, (struct krux_str){ limit, strlen(limit) });
}

/* Each condition, and what the names in them mean. */
static void where_json(struct buf *b, const struct nearest_change *c, const struct words *words)
{
	size_t from = b->n, end;
	const char *comma = "";

	conds_json(b, c->where, c->nwhere, true);
	end = b->n;
	buf_puts(b, ",\"define\":{");
	for (size_t i = 0; i < words->nnamed; i++) {
		struct krux_str name = words->named[i].c->name;

		if (!has_name(b->p + from, end - from, name))
			continue;
		buf_printf(b, "%s\"%.*s\":\"", comma, STR_ARG(name));
		escape_json(b, words->named[i].text);
		buf_putc(b, '"');
		comma = ",";
	}
	buf_putc(b, '}');
}

void nearest_json(struct buf *b, const struct capability *cap, const struct nearest *n)
{
	const struct nearest_change *c = &n->change;

	limit_json(b, "nearest_limit", n->rule_limit);
	limit_json(b, "change_limit", n->change_limit);
	buf_puts(b, ",\"nearest\":");
	if (n->rule.rule)
		rule_json(b, &n->rule);
	else
		buf_puts(b, "null");
	if (!c->found) {
		buf_puts(b, ",\"change\":null");
		return;
	}
	buf_printf(b, ",\"change\":{\"verdict\":\"%s\",\"arguments_suffice\":%s,\"where\":", verdict_word(c->verdict),
	           c->others ? "false" : "true");
	where_json(b, c, n->words);
	buf_puts(b, ",\"unsaid\":[");
	for (size_t i = 0; i < c->nunsaid; i++) {
		buf_puts(b, i ? ",\"" : "\"");
		escape_json(b, c->unsaid[i]);
		buf_putc(b, '"');
	}
	buf_printf(b, "],\"window\":%s,\"args\":", c->window ? "true" : "false");
	if (c->args)
		args_json(b, cap, c->args);
	else
		buf_puts(b, "null");
	buf_putc(b, '}');
}
