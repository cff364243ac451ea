/* Diagnostics as text for people, JSON lines for programs. */
#include "compiler/base/diag_sarif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"

enum { WIDEST_LINE = 160 };

int diag_order(const void *pa, const void *pb)
{
	const struct diag *a = *(struct diag *const *)pa, *b = *(struct diag *const *)pb;
	struct krux_str na = a->at.src ? a->at.src->name : KRUX_STR(""),
	                nb = b->at.src ? b->at.src->name : KRUX_STR("");
	int c = memcmp(na.p, nb.p, na.n < nb.n ? na.n : nb.n);

	if (c)
		return c;
	if (na.n != nb.n)
		return na.n < nb.n ? -1 : 1;
	if (a->at.at != b->at.at)
		return a->at.at < b->at.at ? -1 : 1;
	if (a->code != b->code)
		return a->code < b->code ? -1 : 1;
	c = memcmp(a->text.p, b->text.p, a->text.n < b->text.n ? a->text.n : b->text.n);
	return c ? c : (a->text.n > b->text.n) - (a->text.n < b->text.n);
}

/* The bytes of the line that holds `at`, without its LF. */
static struct krux_str line_of(struct span at, uint32_t *col_bytes)
{
	struct krux_str t = at.src->text;
	size_t from = at.at > t.n ? t.n : at.at, to = from;

	while (from && t.p[from - 1] != '\n')
		from--;
	while (to < t.n && t.p[to] != '\n')
		to++;
	*col_bytes = at.at > t.n ? (uint32_t)(t.n - from) : (uint32_t)(at.at - from);
	return (struct krux_str){ t.p + from, to - from };
}

/* Columns that escaped text takes on a screen: scalars, near enough. */
static size_t width_of(struct krux_str s)
{
	struct buf b = { 0 };
	size_t w = 0;

	escape_screen(&b, s);
	for (size_t i = 0; i < b.n; i++)
		w += ((unsigned char)b.p[i] & 0xC0) != 0x80;
	buf_free(&b);
	return w;
}

static size_t scalar_start(struct krux_str s, size_t i)
{
	while (i && ((unsigned char)s.p[i] & 0xC0) == 0x80)
		i--;
	return i;
}

/* The source line with carets under the span; long lines are shown around it. */
static void print_marked(struct buf *b, struct span at)
{
	uint32_t col, line, c;
	struct krux_str l = line_of(at, &col);
	size_t n = at.n, from = 0, w;

	span_place(at, &line, &c);
	if (n > l.n - col)
		n = l.n - col;
	if (l.n > WIDEST_LINE) {
		from = col > 40 ? scalar_start(l, col - 40) : 0;
		l.p += from;
		l.n -= from;
		if (l.n > WIDEST_LINE)
			l.n = scalar_start(l, WIDEST_LINE);
		if (n > l.n - (col - from))
			n = l.n - (col - from);
	}
	buf_printf(b, "%6u | ", line);
	escape_screen(b, l);
	buf_puts(b, "\n       | ");
	w = width_of((struct krux_str){ l.p, col - from });
	while (w--)
		buf_putc(b, ' ');
	w = width_of((struct krux_str){ l.p + (col - from), n });
	if (!w)
		w = 1;
	while (w--)
		buf_putc(b, '^');
	buf_putc(b, '\n');
}

static void print_place(struct buf *b, struct span at)
{
	uint32_t line, col;

	span_place(at, &line, &col);
	if (at.src) {
		escape_screen(b, at.src->path);
		buf_printf(b, ":%u:%u: ", line, col);
	} else {
		buf_puts(b, "kruxc: ");
	}
}

static void print_text(struct buf *b, const struct diag *d, bool colour)
{
	const char *word = d->level == DIAG_ERROR ? "error" : "warning";

	print_place(b, d->at);
	if (colour)
		buf_printf(b, "\033[1;%dm", d->level == DIAG_ERROR ? 31 : 35);
	buf_printf(b, "%s[K%04u]", word, d->code);
	if (colour)
		buf_puts(b, "\033[0m");
	buf_puts(b, ": ");
	escape_screen(b, d->text);
	buf_putc(b, '\n');
	if (d->at.src && d->at.src->text.n)
		print_marked(b, d->at);
	if (d->expected.n) {
		buf_puts(b, "       = expected: ");
		escape_screen(b, d->expected);
		buf_putc(b, '\n');
	}
	if (d->fix.n) {
		buf_puts(b, "       = fix: ");
		escape_screen(b, d->fix);
		buf_putc(b, '\n');
	}
	if (d->other.src) {
		buf_puts(b, "       = ");
		print_place(b, d->other);
		escape_screen(b, d->other_text);
		buf_putc(b, '\n');
	}
}

static void json_pair(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, ",\"%s\":\"", key);
	escape_json(b, s);
	buf_putc(b, '"');
}

static void print_json(struct buf *b, const struct diag *d)
{
	uint32_t line, col;

	buf_printf(b, "{\"level\":\"%s\",\"code\":\"K%04u\"", d->level == DIAG_ERROR ? "error" : "warning",
	           d->code);
	if (d->at.src) {
		span_place(d->at, &line, &col);
		json_pair(b, "file", d->at.src->path);
		buf_printf(b, ",\"line\":%u,\"column\":%u", line, col);
	}
	json_pair(b, "text", d->text);
	if (d->expected.n)
		json_pair(b, "expected", d->expected);
	if (d->fix.n)
		json_pair(b, "fix", d->fix);
	if (d->other.src) {
		span_place(d->other, &line, &col);
		json_pair(b, "other_file", d->other.src->path);
		buf_printf(b, ",\"other_line\":%u,\"other_column\":%u", line, col);
		json_pair(b, "other_text", d->other_text);
	}
	buf_puts(b, "}\n");
}

void diags_print(struct diags *ds, enum diag_format format, void *file, bool colour)
{
	struct buf b = { 0 };

	if (ds->n)
		qsort(ds->list, ds->n, sizeof *ds->list, diag_order);
	if (format == DIAG_SARIF)
		sarif_print(&b, ds);
	for (size_t i = 0; format != DIAG_SARIF && i < ds->n; i++) {
		/* The same thing said twice of the same place is said once. */
		if (i && !diag_order(&ds->list[i - 1], &ds->list[i]))
			continue;
		if (format == DIAG_TEXT)
			print_text(&b, ds->list[i], colour);
		else
			print_json(&b, ds->list[i]);
	}
	if (ds->dropped && format == DIAG_TEXT)
		buf_printf(&b, "kruxc: %zu more not shown\n", ds->dropped);
	if (b.n)
		fwrite(b.p, 1, b.n, file);
	buf_free(&b);
}
