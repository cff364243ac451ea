/* Paths of a condensed diagram as rows in words: what one outcome asks for in two places alike, but for one
 * condition, is one row. */
#include <string.h>

#include "compiler/plan/cond_print.h"
#include "compiler/plan/condense.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

enum { LONGEST = 16 };                     /* steps of a condition that two rows are joined by */

/* ---- clauses in words ---- */

/* Two sets of numbers as one: both sorted, and apart. */
static const struct cond *numbers_join(struct arena *a, const struct cond *x, const struct cond *y)
{
	struct cond *c = ARENA_NEW(a, struct cond);
	struct interval *all = ARENA_ARRAY(a, struct interval, x->set.nintervals + y->set.nintervals);
	size_t i = 0, k = 0, n = 0;

	while (i < x->set.nintervals || k < y->set.nintervals) {
		bool left = k == y->set.nintervals ||
		            (i < x->set.nintervals && x->set.interval[i].lo < y->set.interval[k].lo);
		struct interval next = left ? x->set.interval[i++] : y->set.interval[k++];

		if (n && next.lo <= all[n - 1].hi + 1)
			all[n - 1].hi = next.hi > all[n - 1].hi ? next.hi : all[n - 1].hi;
		else
			all[n++] = next;
	}
	*c = *x;
	c->set.interval = all;
	c->set.nintervals = n;
	return c;
}

static bool are_numbers(const struct cond *x, const struct cond *y)
{
	const struct subject *s = &x->subject, *t = &y->subject;

	return x->kind == COND_TEST && y->kind == COND_TEST && x->set.numeric && y->set.numeric && s->kind == t->kind &&
	       s->depth == t->depth && krux_str_eq(s->access.text, t->access.text) && krux_str_eq(s->name, t->name);
}

/* NULL where some step has none. */
static const struct cond *clause_cond(struct words *w, struct dd *m, const struct clause *c)
{
	const struct cond *a, *b;

	if (c->kind == CLAUSE_STEP) {
		a = words_step(w, m, c->step);
		return a && words_too_large(a) ? NULL : a;
	}
	a = clause_cond(w, m, c->a);
	b = a ? clause_cond(w, m, c->b) : NULL;
	if (b && c->kind == CLAUSE_OR && are_numbers(a, b))
		return numbers_join(w->arena, a, b);
	return b ? words_pair(w->arena, c->kind == CLAUSE_AND ? COND_AND : COND_OR, a, b) : NULL;
}

/* Without all words it is no condition, but it says what there is to say. */
static void rest_print(struct buf *b, struct words *w, struct dd *m, const struct clause *c, bool names)
{
	if (c->kind == CLAUSE_STEP) {
		step_print(b, w, m, c->step, names);
		return;
	}
	buf_putc(b, '(');
	rest_print(b, w, m, c->a, names);
	buf_puts(b, c->kind == CLAUSE_AND ? " and " : " or ");
	rest_print(b, w, m, c->b, names);
	buf_putc(b, ')');
}

bool joined_print(struct buf *b, struct words *w, struct dd *m, const struct clause *c, bool names)
{
	const struct cond *all = clause_cond(w, m, c);

	if (!all)
		rest_print(b, w, m, c, names);
	else if (all->kind != COND_TRUE)
		(names ? cond_print_named : cond_print)(b, all);
	return all && all->kind == COND_OR && !(names && all->name.n);
}

/* ---- rows ---- */

struct part {
	const struct clause *clause;
	uint32_t words;                        /* equal for equal words */
	bool said;                             /* a condition of the language, which can be part of an `or` */
};

struct row {
	struct part *part;
	size_t nparts;
	uint32_t value;
	bool gone;                             /* joined with one before it */
};

struct text {
	struct krux_str words;
	uint64_t hash;
};

struct joining {
	struct arena *a;
	struct words *words;
	struct dd *m;
	const struct decisions *d;
	bool all, *plain;
	struct row *row;
	size_t n, cap;
	struct text *text;
	size_t ntexts, cap_texts;
	uint32_t *slot;                        /* of texts, by hash: 1 + the index; then of rows */
	size_t nslots;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9E3779B97F4A7C15u;
	return h ^ h >> 32;
}

static void texts_room(struct joining *j)
{
	size_t n = j->nslots ? j->nslots * 2 : 64;

	if (j->ntexts * 2 < j->nslots)
		return;
	j->slot = ARENA_ARRAY(j->a, uint32_t, n);
	j->nslots = n;
	for (size_t i = 0; i < j->ntexts; i++) {
		size_t at = j->text[i].hash & (n - 1);

		while (j->slot[at])
			at = (at + 1) & (n - 1);
		j->slot[at] = (uint32_t)i + 1;
	}
}

static uint32_t text_number(struct joining *j, struct krux_str words)
{
	uint64_t h = words.n;
	size_t at;

	for (size_t i = 0; i < words.n; i++)
		h = mix(h, (unsigned char)words.p[i]);
	texts_room(j);
	for (at = h & (j->nslots - 1); j->slot[at]; at = (at + 1) & (j->nslots - 1))
		if (j->text[j->slot[at] - 1].hash == h && krux_str_eq(j->text[j->slot[at] - 1].words, words))
			return j->slot[at] - 1;
	ARENA_PUSH(j->a, j->text, j->ntexts, j->cap_texts, ((struct text){ arena_str(j->a, words), h }));
	j->slot[at] = (uint32_t)j->ntexts;
	return (uint32_t)j->ntexts - 1;
}

static bool is_window(const struct joining *j, const struct clause *c)
{
	const struct dd_var *v;

	if (c->kind != CLAUSE_STEP)
		return false;
	v = dd_variable(j->m, dd_var_of(j->m, c->step->node));
	return v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET);
}

/* What cannot be said is like nothing else. */
static struct part part_make(struct joining *j, const struct clause *c)
{
	struct part p = { .clause = c, .said = clause_cond(j->words, j->m, c) != NULL };
	struct buf b = { 0 };

	if (p.said || is_window(j, c))
		joined_print(&b, j->words, j->m, c, true);
	else
		buf_printf(&b, "?%zu", j->ntexts);
	p.words = text_number(j, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return p;
}

static bool path_add(void *ctx, const struct joined_row *path)
{
	struct joining *j = ctx;
	const struct row *before = j->n ? &j->row[j->n - 1] : NULL;
	struct row row = { .nparts = path->nclauses, .value = path->value };

	if (!j->all && outcome_is_plain(decisions_outcome(j->d, path->value))) {
		*j->plain = true;
		return true;
	}
	row.part = ARENA_ARRAY(j->a, struct part, row.nparts + 1);
	for (size_t i = 0; i < row.nparts; i++) {
		bool same = before && i < before->nparts && before->part[i].clause == path->clause[i];

		row.part[i] = same ? before->part[i] : part_make(j, path->clause[i]);
	}
	ARENA_PUSH(j->a, j->row, j->n, j->cap, row);
	return true;
}

/* ---- joining ---- */

static uint64_t part_hash(const struct row *r, size_t i)
{
	return mix(mix(1, i), r->part[i].words);
}

/* Do they differ in part i alone. */
static bool rows_alike(const struct row *a, const struct row *b, size_t i)
{
	if (a->value != b->value || a->nparts != b->nparts || !a->part[i].said || !b->part[i].said)
		return false;
	for (size_t k = 0; k < a->nparts; k++)
		if (k != i && a->part[k].words != b->part[k].words)
			return false;
	return true;
}

static uint32_t clause_meaning(struct dd *m, const struct clause *c)
{
	if (c->kind == CLAUSE_STEP)
		return dd_class(m, c->step->node, *c->step->to);
	return (c->kind == CLAUSE_AND ? dd_and : dd_or)(m, clause_meaning(m, c->a), clause_meaning(m, c->b));
}

/* Does it hold whatever the request. */
static bool is_everything(struct dd *m, const struct clause *c)
{
	struct dd_attempt attempt = dd_attempt(m);
	bool yes = !dd_differ(m, clause_meaning(m, c), DD_TRUE);

	return dd_attempt_end(m, &attempt) && yes;
}

/* False: there would be too much to say. */
static bool rows_join(struct joining *j, struct row *a, struct row *b, size_t i)
{
	const struct clause *x = a->part[i].clause, *y = b->part[i].clause;

	if (x->nsteps + (uint64_t)y->nsteps > LONGEST)
		return false;
	b->gone = true;
	if (a->part[i].words == b->part[i].words)
		return true;
	y = clause_pair(j->a, CLAUSE_OR, x, y);
	if (!is_everything(j->m, y)) {
		a->part[i] = part_make(j, y);
		return true;
	}
	memmove(&a->part[i], &a->part[i + 1], (a->nparts - i - 1) * sizeof *a->part);
	a->nparts--;
	return true;
}

/* Each row with one before it, by one part; those behind first, since what rows begin with is shared
 * anyway. False: nothing was joined. */
static bool pass(struct joining *j, uint32_t *slot, size_t nslots, size_t i)
{
	bool joined = false;

	memset(slot, 0, nslots * sizeof *slot);
	for (size_t r = 0; r < j->n; r++) {
		struct row *row = &j->row[r];
		uint64_t h = mix(row->value, row->nparts);
		size_t at;

		if (row->gone || i >= row->nparts)
			continue;
		for (size_t k = 0; k < row->nparts; k++)
			h += k == i ? 0 : part_hash(row, k);
		for (at = h & (nslots - 1); slot[at]; at = (at + 1) & (nslots - 1))
			if (rows_alike(&j->row[slot[at] - 1], row, i))
				break;
		if (!slot[at])
			slot[at] = (uint32_t)r + 1;
		else if (i < j->row[slot[at] - 1].nparts)
			joined |= rows_join(j, &j->row[slot[at] - 1], row, i);
	}
	return joined;
}

static void rows_join_all(struct joining *j)
{
	size_t nslots = 16, most = 0;
	uint32_t *slot;
	bool again = true;

	while (nslots < j->n * 2)
		nslots *= 2;
	slot = ARENA_ARRAY(j->a, uint32_t, nslots);
	for (size_t r = 0; r < j->n; r++)
		most = j->row[r].nparts > most ? j->row[r].nparts : most;
	while (again) {
		again = false;
		for (size_t i = most; i-- > 0;)
			again |= pass(j, slot, nslots, i);
	}
}

static void part_push(struct joining *j, struct row *row, size_t *cap, const struct part *p)
{
	const struct clause *c = p->clause;

	if (c->kind == CLAUSE_AND) {
		struct part a = part_make(j, c->a), b = part_make(j, c->b);

		part_push(j, row, cap, &a);
		part_push(j, row, cap, &b);
		return;
	}
	ARENA_PUSH(j->a, row->part, row->nparts, *cap, *p);
}

/* What is joined by `and` at the top stands by itself, so that rows can share its beginning. */
static bool parts_split(struct joining *j)
{
	bool split = false;

	for (size_t r = 0; r < j->n; r++) {
		struct row old = j->row[r], *row = &j->row[r];
		size_t cap = 0, i = 0;

		while (i < old.nparts && old.part[i].clause->kind != CLAUSE_AND)
			i++;
		if (i == old.nparts || old.gone)
			continue;
		split = true;
		row->part = NULL;
		row->nparts = 0;
		for (i = 0; i < old.nparts; i++)
			part_push(j, row, &cap, &old.part[i]);
	}
	return split;
}

size_t joined_rows(const struct condensed *c, struct arena *a, struct words *words, struct dd *m,
                   const struct decisions *d, bool all, const struct joined_row **out, bool *plain)
{
	struct joining j = { .a = a, .words = words, .m = m, .d = d, .all = all, .plain = plain };
	struct joined_row *list;
	size_t n = 0;

	*plain = false;
	condensed_paths(c, a, path_add, &j);
	/* As joined paths, then by their parts: either may be what differs alone. */
	rows_join_all(&j);
	if (parts_split(&j))
		rows_join_all(&j);
	list = ARENA_ARRAY(a, struct joined_row, j.n + 1);
	for (size_t r = 0; r < j.n; r++) {
		const struct row *row = &j.row[r];
		const struct clause **clause = ARENA_ARRAY(a, const struct clause *, row->nparts + 1);

		for (size_t i = 0; i < row->nparts; i++)
			clause[i] = row->part[i].clause;
		if (!row->gone)
			list[n++] = (struct joined_row){ clause, row->nparts, row->value };
	}
	*out = list;
	return n;
}
