/* Paths of a condensed diagram as rows in words: what one outcome asks for in two places alike, but for one
 * condition, is one row. */
#include <string.h>

#include "compiler/plan/condense.h"

enum { LONGEST = 16 };                     /* steps of a condition that two rows are joined by */

/* ---- rows ---- */

struct part {
	const struct clause *clause;
	uint32_t words;                        /* equal for equal words */
	bool said;                             /* a condition of the language, which can be part of an `or` */
	uint32_t window;                       /* of one rate or budget alone: 1 + its variable */
};

struct row {
	struct part *part;
	size_t nparts;
	uint32_t value;
	bool plain;
	const struct clause **path;            /* what it was */
	size_t npath;
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
	bool all;
	size_t most;
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

/* What cannot be said is like nothing else. */
static struct part part_make(struct joining *j, const struct clause *c)
{
	struct part p = { .clause = c, .said = clause_cond(j->words, j->m, c) != NULL };
	const struct dd_step *window = p.said ? NULL : clause_window(j->a, j->m, c);
	struct buf b = { 0 };

	p.window = window ? 1 + dd_var_of(j->m, window->node) : 0;
	if (p.said || window)
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
	struct row row = { .nparts = path->nclauses, .value = path->value, .plain = path->plain, .npath = path->npath };

	if (path->plain && !j->all)
		return true;
	if (j->n == j->most)
		return false;
	row.part = ARENA_ARRAY(j->a, struct part, row.nparts + 1);
	row.path = ARENA_ARRAY(j->a, const struct clause *, row.npath + 1);
	for (size_t i = 0; i < row.nparts; i++) {
		bool same = before && i < before->nparts && before->part[i].clause == path->clause[i];

		row.part[i] = same ? before->part[i] : part_make(j, path->clause[i]);
		row.path[i] = path->path[i];
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
	if (a->value != b->value || a->nparts != b->nparts || a->part[i].said != b->part[i].said ||
	    (!a->part[i].said && (!a->part[i].window || a->part[i].window != b->part[i].window)))
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
	/* What is not implied in both is not. */
	for (size_t k = 0; k < b->nparts; k++)
		if (a->part[k].clause->implied)
			a->part[k] = b->part[k];
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

/* Without what is implied; rows may differ in that alone. */
static bool implied_drop(struct joining *j)
{
	bool dropped = false;

	for (size_t r = 0; r < j->n; r++) {
		struct row *row = &j->row[r];
		size_t n = 0;

		for (size_t i = 0; i < row->nparts; i++)
			if (!row->part[i].clause->implied)
				row->part[n++] = row->part[i];
		dropped |= n < row->nparts;
		row->nparts = n;
	}
	return dropped;
}

size_t joined_rows(const struct condensed *c, struct arena *a, struct words *words, struct dd *m, bool all, size_t most,
                   const struct joined_row **out)
{
	struct joining j = { .a = a, .words = words, .m = m, .all = all, .most = most };
	struct joined_row *list;
	size_t n = 0;

	condensed_paths(c, a, path_add, &j);
	/* As joined paths, then by their parts: either may be what differs alone. */
	rows_join_all(&j);
	if (parts_split(&j))
		rows_join_all(&j);
	if (implied_drop(&j))
		rows_join_all(&j);
	list = ARENA_ARRAY(a, struct joined_row, j.n + 1);
	for (size_t r = 0; r < j.n; r++) {
		const struct row *row = &j.row[r];
		const struct clause **clause = ARENA_ARRAY(a, const struct clause *, row->nparts + 1);

		for (size_t i = 0; i < row->nparts; i++)
			clause[i] = row->part[i].clause;
		if (!row->gone)
			list[n++] = (struct joined_row){ clause, row->nparts, row->value, row->plain, row->path, row->npath };
	}
	*out = list;
	return n;
}
