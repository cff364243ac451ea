/* A decision table in text, read back by LANG.md 5.5: names, conditions above others, outcomes in words,
 * and what is left. */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/table.h"

enum { DEEPEST = 128 };

struct reader {
	struct arena *a;
	struct o_policy *names;
	struct krux_str above[DEEPEST + 1];     /* by depth: all conditions down to it, n 0: none */
	table_row_fn *row;
	void *ctx;
	const char **why;
};

static bool fail(struct reader *r, const char *why, struct krux_str line)
{
	*r->why = arena_printf(r->a, "%s: %.*s", why, (int)line.n, line.p).p;
	return false;
}

static bool take(struct krux_str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || memcmp(s->p, word, n))
		return false;
	*s = (struct krux_str){ s->p + n, s->n - n };
	return true;
}

/* What stands before the first of the marks, or all; the rest stays. */
static struct krux_str until(struct krux_str *s, const char *marks)
{
	struct krux_str head = { s->p, 0 };

	while (head.n < s->n && !strchr(marks, s->p[head.n]))
		head.n++;
	*s = (struct krux_str){ s->p + head.n, s->n - head.n };
	return head;
}

/* ---- outcomes ---- */

static bool verdict_take(struct krux_str *s, int *verdict)
{
	struct krux_str word = until(s, " ,");

	*verdict = table_verdict(word);
	return *verdict <= 3;
}

/* "2 of ops+finance", "1 of anyone". */
static bool approval_take(struct arena *a, struct krux_str *s, struct answer_text *t)
{
	struct krux_str number = until(s, " "), who;
	const char **from = NULL;
	size_t n = 0, cap = 0;

	if (!number.n || !take(s, " of "))
		return false;
	do {
		who = until(s, "+ ,)");
		if (!o_is(who, "anyone"))
			ARENA_PUSH(a, from, n, cap, arena_str(a, who).p);
	} while (take(s, "+"));
	t->approval[t->napprovals++] = approval_text(a, (uint32_t)strtoul(arena_str(a, number).p, NULL, 10), from, n);
	return true;
}

static bool approvals_take(struct arena *a, struct krux_str *s, struct answer_text *t)
{
	o_int ns;

	do
		if (!approval_take(a, s, t))
			return false;
	while (take(s, " and "));
	if (!take(s, ", within ") || !o_norm_duration(until(s, ")"), &ns))
		return false;
	t->ttl = (uint64_t)ns;
	return take(s, ")");
}

/* "policy/rule rate". */
static bool counter_take(struct arena *a, struct krux_str *s, struct answer_text *t)
{
	struct krux_str policy = until(s, "/"), rule;
	bool budget;

	if (!take(s, "/"))
		return false;
	rule = until(s, " ");
	budget = take(s, " budget");
	if (!budget && !take(s, " rate"))
		return false;
	t->counter[t->ncounters++] = counter_text(a, policy, rule, budget);
	return true;
}

static const char *outcome(struct arena *a, struct krux_str s)
{
	struct answer_text t = { .approval = ARENA_ARRAY(a, const char *, s.n), .counter = ARENA_ARRAY(a, const char *, s.n) };
	bool counts = false;

	if (!verdict_take(&s, &t.verdict))
		return NULL;
	t.would = t.verdict;
	t.notify = t.verdict == 2;
	if (take(&s, " (") && !approvals_take(a, &s, &t))
		return NULL;
	while (take(&s, ", ")) {
		if (take(&s, "would be ")) {
			if (!verdict_take(&s, &t.would) || s.n)
				return NULL;
		} else if (!counts && take(&s, "counts in ")) {
			counts = true;
			if (!counter_take(a, &s, &t))
				return NULL;
		} else if (!counts && take(&s, "notify")) {
			t.notify = true;
		} else if (!counts || !counter_take(a, &s, &t)) {
			return NULL;
		}
	}
	return s.n ? NULL : answer_print(a, &t);
}

/* ---- lines ---- */

static bool define_read(struct reader *r, struct krux_str line)
{
	struct o_define *d = &r->names->define[r->names->ndefines];
	struct krux_str rest = line;

	if (!take(&rest, "  "))
		return fail(r, "no name", line);
	d->name = until(&rest, ":");
	d->cond = take(&rest, ": ") ? o_cond_read(r->a, rest) : NULL;
	r->names->ndefines++;
	return d->cond || fail(r, "no definition", line);
}

static struct krux_str both(struct arena *a, struct krux_str above, struct krux_str cond)
{
	return above.n ? arena_printf(a, "%.*s and (%.*s)", STR_ARG(above), STR_ARG(cond))
	               : arena_printf(a, "(%.*s)", STR_ARG(cond));
}

static bool row_read(struct reader *r, struct krux_str above, struct krux_str line)
{
	const char *bar = memmem(line.p, line.n, " | ", 3);
	struct krux_str what = { line.p, bar ? (size_t)(bar - line.p) : 0 }, when;
	const char *said;

	while (what.n && what.p[what.n - 1] == ' ')
		what.n--;
	said = bar ? outcome(r->a, what) : NULL;
	if (!said)
		return fail(r, "no row", line);
	when = (struct krux_str){ bar + 3, line.n - (size_t)(bar + 3 - line.p) };
	if (o_is(when, "otherwise"))
		return above.n ? fail(r, "otherwise below a condition", line)
		               : r->row(r->ctx, (struct krux_str){ NULL, 0 }, NULL, said);
	if (o_is(when, "always"))
		when = above.n ? above : when;
	else
		when = both(r->a, above, when);
	return r->row(r->ctx, when, r->names, said);
}

static bool line_read(struct reader *r, struct krux_str line)
{
	struct krux_str text = line, above = { NULL, 0 };
	size_t depth = 0;

	while (take(&text, "  "))
		depth++;
	if (!depth || depth > DEEPEST || !text.n)
		return fail(r, "no line of a table", line);
	if (depth > 1) {
		above = r->above[depth - 1];
		if (!above.n)
			return fail(r, "nothing above", line);
	}
	for (size_t i = depth; i <= DEEPEST; i++)
		r->above[i] = (struct krux_str){ NULL, 0 };
	if (text.p[text.n - 1] != ':')
		return row_read(r, above, text);
	r->above[depth] = both(r->a, above, (struct krux_str){ text.p, text.n - 1 });
	return true;
}

bool table_text_read(struct arena *a, struct krux_str text, table_row_fn *row, void *ctx, const char **why)
{
	struct reader r = { .a = a, .row = row, .ctx = ctx, .why = why };
	bool defines = false;

	r.names = ARENA_NEW(a, struct o_policy);
	r.names->define = ARENA_ARRAY(a, struct o_define, text.n + 1);
	while (text.n) {
		struct krux_str line = until(&text, "\n");

		take(&text, "\n");
		if (!line.n)
			continue;
		if (line.p[0] != ' ')
			defines = o_is(line, "define:");
		else if (!(defines ? define_read : line_read)(&r, line))
			return false;
	}
	return true;
}
