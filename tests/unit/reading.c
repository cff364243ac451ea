/* A text at hand, and the diagnostics that it brings. */
#include "tests/unit/reading.h"

#include <stdio.h>
#include <string.h>

void reading_start(struct reading *r, const char *text, size_t n, bool checked)
{
	struct krux_str t = { text, n };

	r->arena = arena_new();
	r->diags = diags_new(r->arena);
	if (checked) {
		r->src = source_text(r->arena, r->diags, "t", t);
	} else {
		struct source *s = ARENA_NEW(r->arena, struct source);

		s->arena = r->arena;
		s->name = KRUX_STR("t");
		s->text = arena_str(r->arena, t);
		r->src = s;
	}
}

void reading_end(struct reading *r)
{
	arena_free(r->arena);
}

const struct diag *reading_expect(struct reading *r, unsigned code, uint32_t line, uint32_t col)
{
	for (size_t i = 0; i < r->diags->n; i++) {
		const struct diag *d = r->diags->list[i];
		uint32_t l, c;

		span_place(d->at, &l, &c);
		if (d->code == code && l == line && c == col)
			return d;
	}
	fprintf(stderr, "expected K%04u at %u:%u, got:\n", code, line, col);
	diags_print(r->diags, DIAG_TEXT, stderr, false);
	ck_abort_msg("no such diagnostic");
}

void reading_clean(struct reading *r)
{
	if (r->diags->n)
		diags_print(r->diags, DIAG_TEXT, stderr, false);
	ck_assert_uint_eq(r->diags->n, 0);
}

bool str_is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

bool str_has(struct krux_str s, const char *part)
{
	return memmem(s.p, s.n, part, strlen(part)) != NULL;
}
