/* From a decision diagram to the lines of its table: what several rows have in common stands above
 * them once, and what is blocked, with nothing owed, is what is left. */
#include "compiler/emit/table_text.h"

#include "compiler/plan/call.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

/* A row and the conditions that it joins, in the order of the diagram's variables. */
struct row {
	const struct krux_str *part;       /* n 0: holds always */
	const struct dd_step *step;        /* of each part, for the next row */
	size_t nparts;
	struct krux_str what;
};

struct rows {
	struct arena *arena;
	struct words *words;
	const struct decisions *d;
	struct dd *m;
	struct row *list;
	size_t n, cap;
	bool otherwise;                    /* something is blocked */
	bool too_many;
};

/* ---- reading ---- */

static bool is_blocked(const struct outcome *o)
{
	return o->verdict == KRUX_BLOCKED && o->would == KRUX_BLOCKED && !o->obligation;
}

/* The words of a step; those of the row before where it took the same one. */
static struct krux_str part_words(struct rows *r, const struct dd_step *step, const struct row *before, size_t i)
{
	struct buf b = { 0 };
	struct krux_str text;

	if (before && i < before->nparts && before->step[i].node == step->node && before->step[i].to == step->to)
		return before->part[i];
	step_print(&b, r->words, r->m, step, true);
	text = arena_str(r->arena, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return text;
}

static bool row_add(void *ctx, const struct dd_region *region)
{
	struct rows *r = ctx;
	const struct outcome *o = decisions_outcome(r->d, region->value);
	const struct row *before = r->n ? &r->list[r->n - 1] : NULL;
	struct krux_str *part = ARENA_ARRAY(r->arena, struct krux_str, region->nsteps + 1);
	struct row row = { .part = part, .nparts = region->nsteps };
	struct buf what = { 0 };

	if (is_blocked(o)) {
		r->otherwise = true;
		return true;
	}
	if (r->n == TABLE_MOST_ROWS) {
		r->too_many = true;
		return false;
	}
	for (size_t i = 0; i < region->nsteps; i++)
		part[i] = part_words(r, &region->step[i], before, i);
	row.step = (const void *)arena_copy(r->arena, region->step, region->nsteps * sizeof *region->step);
	outcome_print(&what, r->d, o);
	row.what = arena_str(r->arena, (struct krux_str){ what.p, what.n });
	ARENA_PUSH(r->arena, r->list, r->n, r->cap, row);
	buf_free(&what);
	return true;
}

/* ---- printing ---- */

static void indent(struct buf *b, size_t depth)
{
	for (size_t i = 0; i <= depth; i++)
		buf_puts(b, "  ");
}

/* Parts from..to, joined; how many had words. */
static size_t parts_print(struct buf *b, const struct row *row, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		if (!row->part[i].n)
			continue;
		buf_puts(b, n++ ? " and " : "");
		buf_str(b, row->part[i]);
	}
	return n;
}

static void outcome_put(struct buf *b, size_t depth, struct krux_str what, size_t width)
{
	indent(b, depth);
	buf_str(b, what);
	for (size_t i = what.n; i < width; i++)
		buf_putc(b, ' ');
	buf_puts(b, " | ");
}

static bool same_part(const struct row *a, const struct row *b, size_t i)
{
	return i < a->nparts && i < b->nparts &&
	       (a->part[i].p == b->part[i].p || krux_str_eq(a->part[i], b->part[i]));
}

/* How many parts n rows begin with that are the same in all. */
static size_t parts_shared(const struct row *row, size_t n, size_t done)
{
	size_t shared = row[0].nparts;

	for (size_t i = 1; i < n; i++) {
		size_t k = done;

		while (k < shared && same_part(&row[0], &row[i], k))
			k++;
		shared = k;
	}
	return shared;
}

/* Rows that stand together, of which the first `done` parts have been said. */
static void rows_print(struct buf *b, const struct row *row, size_t n, size_t done, size_t depth, size_t width)
{
	for (size_t i = 0, to; i < n; i = to) {
		size_t shared;

		for (to = i + 1; to < n && same_part(&row[i], &row[to], done);)
			to++;
		if (to == i + 1) {
			outcome_put(b, depth, row[i].what, width);
			if (!parts_print(b, &row[i], done, row[i].nparts))
				buf_puts(b, "always");
			buf_putc(b, '\n');
			continue;
		}
		shared = parts_shared(row + i, to - i, done);
		indent(b, depth);
		parts_print(b, &row[i], done, shared);
		buf_puts(b, ":\n");
		rows_print(b, row + i, to - i, shared, depth + 1, width);
	}
}

void table_text(struct buf *b, struct diags *ds, struct words *words, const struct decisions *d, struct dd *m,
                uint32_t root, const struct capability *cap)
{
	struct rows r = { .arena = arena_new(), .words = words, .d = d, .m = m };
	size_t width = 0;

	dd_regions(m, r.arena, root, row_add, &r);
	if (table_fits(ds, m, cap, r.too_many)) {
		if (r.otherwise)
			width = 7;
		for (size_t i = 0; i < r.n; i++)
			width = r.list[i].what.n > width ? r.list[i].what.n : width;
		buf_str(b, cap->name);
		buf_printf(b, "@%u.%u\n", cap->major, cap->minor);
		rows_print(b, r.list, r.n, 0, 0, width);
		if (r.otherwise) {
			outcome_put(b, 0, KRUX_STR("blocked"), width);
			buf_puts(b, r.n ? "otherwise\n" : "always\n");
		}
	}
	arena_free(r.arena);
}
