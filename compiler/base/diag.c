/* Collecting diagnostics, and finding the name that was meant. */
#include "compiler/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DIAGS = 1000, LONGEST_NAME = 64 };

struct diags *diags_new(struct arena *a)
{
	struct diags *ds = ARENA_NEW(a, struct diags);

	ds->arena = a;
	return ds;
}

struct diag *diag_add(struct diags *ds, enum diag_level level, unsigned code, struct span at,
                      const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	if (level == DIAG_ERROR)
		ds->errors++;
	if (ds->n >= MOST_DIAGS)
		ds->dropped++;
	if (ds->n >= MOST_DIAGS && (level != DIAG_ERROR || ds->errors > 1))
		return &ds->spill;
	d = ARENA_NEW(ds->arena, struct diag);
	ARENA_PUSH(ds->arena, ds->list, ds->n, ds->cap, d);
	d->level = level;
	d->code = code;
	d->at = at;
	va_start(ap, fmt);
	d->text = arena_vprintf(ds->arena, fmt, ap);
	va_end(ap);
	return d;
}

/* Edit distance with transpositions (optimal string alignment), for short names. */
static unsigned distance(struct krux_str a, struct krux_str b)
{
	unsigned row[3][LONGEST_NAME + 1];

	if (a.n > LONGEST_NAME || b.n > LONGEST_NAME)
		return UINT32_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a.n % 3][b.n];
}

struct krux_str diag_nearest(struct krux_str name, const struct krux_str *names, size_t n)
{
	struct krux_str best = { 0 };
	unsigned limit = name.n < 4 ? 1 : name.n < 9 ? 2 : 3, found = limit + 1;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(name, names[i]);

		if (d < found) {
			found = d;
			best = names[i];
		}
	}
	return best;
}
