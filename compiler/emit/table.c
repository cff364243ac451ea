/* Decision diagrams as tables. A row is a path of the diagram: what holds, and what is decided.
 * The rows change only where the meaning does. For programs each row stands by itself; for people
 * what rows share is said once (table_text.c). */
#include "compiler/emit/table.h"

#include "compiler/base/escape.h"
#include "compiler/emit/table_text.h"
#include "compiler/plan/call.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

struct row {
	struct krux_str when;
	uint32_t value;
};

struct rows {
	struct arena *arena;
	struct words *words;
	struct dd *m;
	struct row *list;
	size_t n, cap;
	bool too_many;
};

static bool row_add(void *ctx, const struct dd_region *region)
{
	struct rows *r = ctx;
	struct buf when = { 0 };
	struct row row = { .value = region->value };

	if (r->n == TABLE_MOST_ROWS) {
		r->too_many = true;
		return false;
	}
	region_print(&when, r->words, r->m, region, false);
	row.when = arena_str(r->arena, (struct krux_str){ when.p, when.n });
	ARENA_PUSH(r->arena, r->list, r->n, r->cap, row);
	buf_free(&when);
	return true;
}

bool table_fits(struct diags *ds, const struct dd *m, const struct capability *cap, bool too_many)
{
	if (too_many)
		diag_error(ds, 9002, cap->at, "the decision table of %.*s has more than %d rows", STR_ARG(cap->name),
		           TABLE_MOST_ROWS);
	/* Words are tried out on the diagram, and a diagram beyond its limit answers nothing more. */
	else if (dd_overflow(m))
		diag_error(ds, 9001, cap->at, "the decision table of %.*s needs more %s", STR_ARG(cap->name),
		           dd_overflow(m));
	return !too_many && !dd_overflow(m);
}

void tables_write(struct buf *b, struct diags *ds, const struct decisions *d, struct dd *const *m, const uint32_t *root,
                  const struct capability_set *caps)
{
	struct arena *a = arena_new();
	struct words *words = words_new(a);
	struct buf tables = { 0 };

	for (size_t i = 0; i < caps->n; i++) {
		buf_puts(&tables, i ? "\n" : "");
		table_text(&tables, ds, words, d, m[i], root[i], caps->cap[i]);
	}
	names_define(b, words);
	buf_puts(b, words->nnamed ? "\n" : "");
	buf_put(b, tables.p ? tables.p : "", tables.n);
	buf_free(&tables);
	arena_free(a);
}

static void json_write(struct buf *b, struct diags *ds, struct words *words, const struct decisions *d, struct dd *m,
                       uint32_t root, const struct capability *cap)
{
	struct rows r = { .arena = arena_new(), .words = words, .m = m };

	dd_regions(m, r.arena, root, row_add, &r);
	if (table_fits(ds, m, cap, r.too_many)) {
		buf_puts(b, "{\"capability\":\"");
		escape_json(b, cap->name);
		buf_printf(b, "\",\"version\":\"%u.%u\",\"rows\":[", cap->major, cap->minor);
		for (size_t i = 0; i < r.n; i++) {
			buf_puts(b, i ? ",{\"when\":\"" : "{\"when\":\"");
			escape_json(b, r.list[i].when);
			buf_puts(b, "\",\"outcome\":");
			outcome_json(b, d, decisions_outcome(d, r.list[i].value));
			buf_putc(b, '}');
		}
		buf_puts(b, "]}");
	}
	arena_free(r.arena);
}

void table_json(struct buf *b, struct diags *ds, const struct decisions *d, struct dd *m, uint32_t root,
                const struct capability *cap)
{
	struct arena *a = arena_new();

	json_write(b, ds, words_new(a), d, m, root, cap);
	arena_free(a);
}

void tables_json(struct buf *b, struct diags *ds, const struct decisions *d, struct dd *const *m, const uint32_t *root,
                 const struct capability_set *caps)
{
	struct arena *a = arena_new();
	struct words *words = words_new(a);

	buf_puts(b, "[");
	for (size_t i = 0; i < caps->n; i++) {
		buf_puts(b, i ? ",\n" : "");
		json_write(b, ds, words, d, m[i], root[i], caps->cap[i]);
	}
	buf_puts(b, "]\n");
	arena_free(a);
}
