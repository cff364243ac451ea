/* Decision diagrams as tables. A row is what paths of the diagram come to: what holds, and what is decided.
 * The rows change only where the meaning does. For programs each row stands by itself; for people
 * what rows share is said once (table_text.c). */
#include "compiler/emit/table.h"

#include "capspec/limits.h"
#include "compiler/base/escape.h"
#include "compiler/emit/table_text.h"
#include "compiler/plan/call.h"
#include "compiler/plan/condense.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/words.h"

bool table_fits(struct diags *ds, const struct dd *m, const struct capability *cap, uint64_t nrows)
{
	struct diag *d;

	/* Words are tried out on the diagram, and a diagram beyond its limit answers nothing more. */
	if (dd_overflow(m)) {
		diag_error(ds, 9001, cap->at, "the decision table of %.*s needs more %s", STR_ARG(cap->name),
		           dd_overflow(m));
		return false;
	}
	if (nrows <= KRUX_MAX_ROWS)
		return true;
	d = diag_error(ds, 9002, cap->at, "the decision table of %.*s has more than %d rows", STR_ARG(cap->name),
	               KRUX_MAX_ROWS);
	d->expected = KRUX_STR("rules that can be read one after the other: what one decides does not depend on many others");
	return false;
}

bool tables_fit(struct diags *ds, const struct decisions *d, struct dd *const *m, const uint32_t *root,
                const struct capability_set *caps)
{
	bool fit = true;

	for (size_t i = 0; i < caps->n; i++) {
		struct arena *a = arena_new();

		fit &= table_fits(ds, m[i], caps->cap[i], condensed_count(condense(a, m[i], outcome_path_kind, d, root[i]), false));
		arena_free(a);
	}
	return fit;
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

/* ---- JSON ---- */

struct writing {
	struct buf *b;
	struct words *words;
	const struct decisions *d;
	struct dd *m;
	size_t n;
};

static void row_write(struct writing *w, const struct joined_row *row)
{
	struct buf when = { 0 };

	row_print(&when, w->words, w->m, row, true);
	buf_puts(w->b, w->n++ ? ",{\"when\":\"" : "{\"when\":\"");
	escape_json(w->b, (struct krux_str){ when.p, when.n });
	buf_puts(w->b, "\",\"outcome\":");
	outcome_json(w->b, w->d, decisions_outcome(w->d, row->value));
	buf_putc(w->b, '}');
	buf_free(&when);
}

static void json_write(struct buf *b, struct diags *ds, struct words *words, const struct decisions *d, struct dd *m,
                       uint32_t root, const struct capability *cap)
{
	struct writing w = { .b = b, .words = words, .d = d, .m = m };
	struct arena *a = arena_new();
	const struct condensed *c = condense(a, m, outcome_path_kind, d, root);
	const struct joined_row *row;
	size_t n = 0;

	buf_puts(b, "{\"capability\":\"");
	escape_json(b, cap->name);
	buf_printf(b, "\",\"version\":\"%u.%u\",%s\"rows\":[", cap->major, cap->minor,
	           cap->handler.background ? "\"background\":true," : "");
	if (table_fits(ds, m, cap, condensed_count(c, true)))
		n = joined_rows(c, a, words, m, true, SIZE_MAX, &row);
	for (size_t i = 0; i < n; i++)
		row_write(&w, &row[i]);
	buf_puts(b, "]}");
	arena_free(a);
}

void tables_json(struct buf *b, struct diags *ds, const struct decisions *d, struct dd *const *m, const uint32_t *root,
                 const struct capability_set *caps)
{
	struct arena *a = arena_new();
	struct words *words = words_new(a);
	struct buf tables = { 0 };

	for (size_t i = 0; i < caps->n; i++) {
		buf_puts(&tables, i ? ",\n" : "");
		json_write(&tables, ds, words, d, m[i], root[i], caps->cap[i]);
	}
	buf_puts(b, "{\"define\":");
	names_json(b, words);
	buf_puts(b, ",\"tables\":[");
	buf_put(b, tables.p ? tables.p : "", tables.n);
	buf_puts(b, "]}\n");
	buf_free(&tables);
	arena_free(a);
}
