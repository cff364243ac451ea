/* An arena, diagnostics and texts for the tests of the grammar. */
#include "tests/unit/parsing.h"

#include <string.h>

struct arena *text_arena;
struct diags *diags;

void parsing_start(void)
{
	text_arena = arena_new();
	diags = diags_new(text_arena);
}

void parsing_end(void)
{
	arena_free(text_arena);
}

void parsing_renew(void)
{
	parsing_end();
	parsing_start();
}

const struct source *parsing_source(struct krux_str text)
{
	struct source *s = ARENA_NEW(text_arena, struct source);

	*s = (struct source){ .name = KRUX_STR("t"), .path = KRUX_STR("t"), .text = arena_str(text_arena, text),
	                      .arena = text_arena };
	return s;
}

struct krux_str parsing_str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

struct span parsing_whole(const struct source *s)
{
	return (struct span){ s, 0, (uint32_t)s->text.n };
}

const struct expr *parsing_condition(const char *text)
{
	const struct source *s = parsing_source(parsing_str(text));

	return condition_parse(text_arena, diags, s->text, parsing_whole(s));
}

char *parsing_said(void)
{
	struct buf b = { 0 };
	char *s;

	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = diags->list[i];
		uint32_t line, col;

		span_place(d->at, &line, &col);
		buf_printf(&b, "%s%u:%u K%04u ", i ? "\n" : "", line, col, d->code);
		buf_str(&b, d->text);
		if (d->expected.n)
			buf_puts(&b, " | "), buf_str(&b, d->expected);
		if (d->fix.n)
			buf_puts(&b, " | "), buf_str(&b, d->fix);
	}
	s = arena_copy(text_arena, b.p, b.n);
	buf_free(&b);
	return s;
}

char *parsing_printed(const struct expr *e)
{
	struct buf b = { 0 };
	char *s;

	expr_print(&b, e);
	s = arena_copy(text_arena, b.p, b.n);
	buf_free(&b);
	return s;
}

struct krux_str parsing_repeat(const char *before, size_t n, const char *middle, const char *after)
{
	struct buf b = { 0 };
	struct krux_str s;

	for (size_t i = 0; i < n; i++)
		buf_puts(&b, before);
	buf_puts(&b, middle);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, after);
	s = arena_str(text_arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return s;
}
