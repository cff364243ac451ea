/* Findings in many capabilities to one diagnostic each. */
#include "compiler/model/report.h"

#include <stdarg.h>

enum { MOST_FINDINGS = 128, MOST_NAMED = 6, ENOUGH = 64 };

bool report_is_full(const struct report *r)
{
	return r->errors + r->said->errors > ENOUGH;
}

struct finding *report_add(struct report *r, enum diag_level level, unsigned code, struct span at,
                           bool by_cap, const char *fmt, ...)
{
	struct finding *f, new = { .level = level, .code = code, .at = at, .by_cap = by_cap };
	va_list ap;

	if (level == DIAG_ERROR)
		r->errors++;
	va_start(ap, fmt);
	new.text = arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < r->n; i++) {
		f = &r->list[i];
		if (f->code != code || f->at.at != at.at || f->at.src != at.src ||
		    !krux_str_eq(f->text, new.text))
			continue;
		if (f->cap[f->ncaps - 1] != r->now)
			ARENA_PUSH(r->arena, f->cap, f->ncaps, f->room, r->now);
		return &r->spill;
	}
	if (r->n == MOST_FINDINGS)
		return &r->spill;
	ARENA_PUSH(r->arena, new.cap, new.ncaps, new.room, r->now);
	ARENA_PUSH(r->arena, r->list, r->n, r->room, new);
	return &r->list[r->n - 1];
}

struct krux_str capability_words(struct arena *a, const struct capability *const *cap, size_t n)
{
	struct krux_str s = KRUX_STR(" (in");
	size_t shown = n > MOST_NAMED + 1 ? MOST_NAMED : n;

	for (size_t i = 0; i < shown; i++) {
		bool versions = (i && krux_str_eq(cap[i]->name, cap[i - 1]->name)) ||
		                (i + 1 < n && krux_str_eq(cap[i]->name, cap[i + 1]->name));

		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s),
		                 !i           ? " "
		                 : i + 1 == n ? " and "
		                              : ", ",
		                 STR_ARG(cap[i]->name));
		if (versions)
			s = arena_printf(a, "%.*s@%u.%u", STR_ARG(s), cap[i]->major, cap[i]->minor);
	}
	return shown < n ? arena_printf(a, "%.*s and %zu more)", STR_ARG(s), n - shown)
	                 : arena_printf(a, "%.*s)", STR_ARG(s));
}

void report_flush(struct report *r, struct diags *ds)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->list[i];
		struct krux_str where = { 0 };
		struct diag *d;

		if (f->by_cap && f->cap[0])
			where = capability_words(r->arena, f->cap, f->ncaps);
		d = diag_add(ds, f->level, f->code, f->at, "%.*s%.*s", STR_ARG(f->text),
		             STR_ARG(where));
		d->expected = f->expected;
		d->fix = f->fix;
		d->other = f->other;
		d->other_text = f->other_text;
	}
	*r = (struct report){ .arena = r->arena, .said = r->said };
}
