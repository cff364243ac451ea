/* The decision table as it is printed, read back: each row's words are a condition that the
 * referee parses and evaluates like any other. Half of the tables are read as text, half as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/table.h"
#include "tests/oracle/table.h"

enum { MOST_ROWS = 40 };

struct table {
	struct row { struct krux_str when; struct o_bound *holds; const char *outcome; } *row;
	size_t n, cap;
	bool described;              /* some row is only described */
	const char *otherwise;       /* where no row holds; NULL: one always does */
};

struct reading {
	struct arena *a;
	struct world *w;
	size_t cap;
	struct table *t;
	const char **why;
};

static struct krux_str field(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = krux_value_get(map, key);

	return v && (v->kind == KRUX_V_TEXT || v->kind == KRUX_V_NUMBER) ? v->str : o_str("");
}

int table_verdict(struct krux_str s)
{
	static const char *const words[] = { "blocked", "approval-required", "notify", "autonomous" };
	int i = 0;

	while (i < 4 && !o_is(s, words[i]))
		i++;
	return i;
}

static const char *outcome(struct arena *a, const struct krux_value *v)
{
	const struct krux_value *approvals = krux_value_get(v, "approvals"), *counters = krux_value_get(v, "counters");
	const struct krux_value *notify = krux_value_get(v, "notify");
	struct answer_text t = { .verdict = table_verdict(field(v, "verdict")), .would = table_verdict(field(v, "would")) };

	if (t.verdict > 3 || t.would > 3 || !notify || notify->kind != KRUX_V_BOOL || !approvals || !counters)
		return NULL;
	t.notify = notify->b;
	t.ttl = strtoull(arena_str(a, field(v, "ttl_ns")).p, NULL, 10);
	t.approval = ARENA_ARRAY(a, const char *, approvals->list.n + 1);
	t.counter = ARENA_ARRAY(a, const char *, counters->list.n + 1);
	for (; t.napprovals < approvals->list.n; t.napprovals++) {
		const struct krux_value *p = &approvals->list.item[t.napprovals], *list = krux_value_get(p, "from");
		const char **from = ARENA_ARRAY(a, const char *, list->list.n + 1);
		for (size_t i = 0; i < list->list.n; i++)
			from[i] = arena_str(a, list->list.item[i].str).p;
		t.approval[t.napprovals] = approval_text(a, (uint32_t)strtoul(arena_str(a, field(p, "quorum")).p, NULL, 10), from, list->list.n);
	}
	for (; t.ncounters < counters->list.n; t.ncounters++) {
		const struct krux_value *c = &counters->list.item[t.ncounters];
		t.counter[t.ncounters] = counter_text(a, field(c, "policy"), field(c, "rule"), o_is(field(c, "kind"), "budget"));
	}
	return answer_print(a, &t);
}

bool table_described(struct krux_str when)
{
	return memmem(when.p, when.n, "{too large for words: ", 22) != NULL;
}

static bool row_add(void *ctx, struct krux_str when, const struct o_policy *names, const char *outcome)
{
	static const struct o_cond always = { .kind = C_TRUE };
	struct reading *r = ctx;
	struct row row = { .when = when, .outcome = outcome };
	const struct o_cond *cond = o_is(when, "always") ? &always : o_cond_read(r->a, when);

	if (!when.p) {
		r->t->otherwise = outcome;
		return true;
	}
	row.holds = cond ? o_bind(r->a, &r->w->o.caps.cap[r->w->known[r->cap]], names, cond) : NULL;
	if (!row.holds && table_described(when)) {
		r->t->described = true;
		totals->described++;
		return true;
	}
	if (!row.holds) {
		*r->why = arena_printf(r->a, "no condition: %.*s", (int)when.n, when.p).p;
		return false;
	}
	totals->rows++;
	ARENA_PUSH(r->a, r->t->row, r->t->n, r->t->cap, row);
	return true;
}

/* The names of long sets, as the text has them under `define:`. */
static const struct o_policy *names_read(struct reading *r, const struct krux_value *define)
{
	struct o_policy *names = ARENA_NEW(r->a, struct o_policy);

	if (!define || define->kind != KRUX_V_MAP)
		return NULL;
	names->define = ARENA_ARRAY(r->a, struct o_define, define->map.n + 1);
	for (size_t i = 0; i < define->map.n; i++) {
		struct o_define *d = &names->define[names->ndefines++];

		d->name = define->map.member[i].key;
		d->cond = o_cond_read(r->a, define->map.member[i].value.str);
		if (!d->cond)
			return NULL;
	}
	return names;
}

static bool json_read(struct reading *r, struct krux_str text)
{
	struct krux_value v;
	struct krux_refusal refusal = { 0 };
	const struct krux_value *tables, *rows = NULL;
	const struct o_policy *names;

	if (!krux_json_read(arena_pool(r->a), text, &v, &refusal)) {
		*r->why = arena_printf(r->a, "no JSON: %s %s", refusal.where, refusal.why).p;
		return false;
	}
	tables = krux_value_get(&v, "tables");
	if (tables && tables->kind == KRUX_V_LIST && tables->list.n == 1)
		rows = krux_value_get(&tables->list.item[0], "rows");
	names = names_read(r, krux_value_get(&v, "define"));
	if (!names || !rows || rows->kind != KRUX_V_LIST) {
		*r->why = "no rows";
		return false;
	}
	for (size_t i = 0; i < rows->list.n; i++) {
		const struct krux_value *row = &rows->list.item[i];
		const char *said = outcome(r->a, krux_value_get(row, "outcome"));

		if (!said)
			*r->why = "a row has no outcome";
		if (!said || !row_add(r, field(row, "when"), names, said))
			return false;
	}
	return true;
}

static bool count_region(void *ctx, const struct dd_region *region)
{
	size_t *n = ctx;

	(void)region;
	return ++*n <= MOST_ROWS;
}

/* NULL without a reason: more rows than are worth it. */
struct table *table_read(struct arena *a, struct world *w, size_t cap, const char **why)
{
	struct reading r = { a, w, cap, ARENA_NEW(a, struct table), why };
	struct capability_set one = { .cap = &w->p->caps.cap[cap], .n = 1 };
	struct buf b = { 0 };
	struct krux_str text;
	size_t regions = 0;
	bool as_text = (w->g->seed + cap) % 2;

	*why = NULL;
	dd_regions(w->p->manager[cap], a, w->p->root[cap], count_region, &regions);
	if (regions > MOST_ROWS)
		return NULL;
	if (as_text)
		tables_write(&b, w->p->diags, w->p->decisions, &w->p->manager[cap], &w->p->root[cap], &one);
	else
		tables_json(&b, w->p->diags, w->p->decisions, &w->p->manager[cap], &w->p->root[cap], &one);
	text = arena_str(a, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return (as_text ? table_text_read(a, text, row_add, &r, why) : json_read(&r, text)) ? r.t : NULL;
}

const char *table_find(struct arena *a, const struct world *w, const struct table *t, const struct o_request *rq, struct buf *say,
                       bool *undecided)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (!o_holds(a, &w->o, rq, t->row[i].holds))
			continue;
		if (found) {
			buf_puts(say, "table: two rows hold: ");
			buf_str(say, found->when);
			buf_puts(say, "\n  and: ");
			buf_str(say, t->row[i].when);
			return NULL;
		}
		found = &t->row[i];
	}
	if (!found && t->described)
		*undecided = true;
	else if (!found && !t->otherwise)
		buf_puts(say, "table: no row holds");
	return found ? found->outcome : t->described ? NULL : t->otherwise;
}
