/* From a decision diagram to the lines of its table: what several rows have in common stands above
 * them once, and what is blocked, with nothing owed, is what is left. */
#include "compiler/emit/table_text.h"

#include "compiler/plan/call.h"
#include "compiler/plan/condense.h"
#include "compiler/plan/words.h"

/* A row and the conditions that it joins, in the order of the diagram's variables. */
struct row {
	const struct part {
		const struct clause *clause;
		struct krux_str words;     /* n 0: holds always */
		bool either;               /* an `or`, which takes parentheses */
	} *part;
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
};

/* ---- reading ---- */

/* The words of a clause; those of the row before where it has the same one. */
static struct part part_make(struct rows *r, const struct clause *c, const struct row *before, size_t i)
{
	struct part p = { .clause = c };
	struct buf b = { 0 };

	if (before && i < before->nparts && before->part[i].clause == c)
		return before->part[i];
	p.either = joined_print(&b, r->words, r->m, c, true);
	p.words = arena_str(r->arena, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return p;
}

static void row_add(struct rows *r, const struct joined_row *joined)
{
	const struct outcome *o = decisions_outcome(r->d, joined->value);
	const struct row *before = r->n ? &r->list[r->n - 1] : NULL;
	struct part *part = ARENA_ARRAY(r->arena, struct part, joined->nclauses + 1);
	struct row row = { .part = part, .nparts = joined->nclauses };
	struct buf what = { 0 };

	for (size_t i = 0; i < joined->nclauses; i++)
		part[i] = part_make(r, joined->clause[i], before, i);
	outcome_print(&what, r->d, o);
	row.what = arena_str(r->arena, (struct krux_str){ what.p, what.n });
	ARENA_PUSH(r->arena, r->list, r->n, r->cap, row);
	buf_free(&what);
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
	size_t n = 0, all = 0;

	for (size_t i = from; i < to; i++)
		all += row->part[i].words.n != 0;
	for (size_t i = from; i < to; i++) {
		bool wrap = row->part[i].either && all > 1;

		if (!row->part[i].words.n)
			continue;
		buf_puts(b, n++ ? wrap ? " and (" : " and " : wrap ? "(" : "");
		buf_str(b, row->part[i].words);
		buf_puts(b, wrap ? ")" : "");
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
	       (a->part[i].words.p == b->part[i].words.p || krux_str_eq(a->part[i].words, b->part[i].words));
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
	const struct condensed *c = condense(r.arena, m, outcome_path_kind, d, root);
	const struct joined_row *row;
	size_t width = 0, n = 0;
	uint64_t npaths = condensed_count(c, false);
	bool otherwise = false;

	if (table_fits(ds, m, cap, npaths)) {
		n = joined_rows(c, r.arena, words, m, false, SIZE_MAX, &row);
		otherwise = condensed_count(c, true) > npaths;
	}
	for (size_t i = 0; i < n; i++)
		row_add(&r, &row[i]);
	if (n || otherwise) {
		if (otherwise)
			width = 7;
		for (size_t i = 0; i < r.n; i++)
			width = r.list[i].what.n > width ? r.list[i].what.n : width;
		buf_str(b, cap->name);
		buf_printf(b, "@%u.%u%s\n", cap->major, cap->minor, cap->handler.background ? ", in the background" : "");
		rows_print(b, r.list, r.n, 0, 0, width);
		if (otherwise) {
			outcome_put(b, 0, KRUX_STR("blocked"), width);
			buf_puts(b, r.n ? "otherwise\n" : "always\n");
		}
	}
	arena_free(r.arena);
}
