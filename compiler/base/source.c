/* Places in source files: byte offsets to lines and columns. */
#include "compiler/base/source.h"


/* Sources are const to everybody; the table of lines is a cache, made when the first place is
 * asked for. */
static void source_index(struct source *s)
{
	uint32_t n = 1, k = 1;

	for (size_t i = 0; i < s->text.n; i++)
		n += s->text.p[i] == '\n';
	s->line = ARENA_ARRAY(s->arena, uint32_t, n);
	for (size_t i = 0; i < s->text.n; i++)
		if (s->text.p[i] == '\n')
			s->line[k++] = (uint32_t)i + 1;
	s->nlines = n;
}

void span_place(struct span at, uint32_t *line, uint32_t *col)
{
	struct source *s = (struct source *)(uintptr_t)at.src;
	uint32_t lo = 0, hi;

	*line = *col = 1;
	if (!s)
		return;
	if (!s->line)
		source_index(s);
	hi = s->nlines;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (s->line[mid] <= at.at)
			lo = mid;
		else
			hi = mid;
	}
	*line = lo + 1;
	for (uint32_t i = s->line[lo]; i < at.at && i < s->text.n; i++)
		*col += ((unsigned char)s->text.p[i] & 0xC0) != 0x80;
}

uint32_t span_line(struct span at)
{
	uint32_t line, col;

	span_place(at, &line, &col);
	return line;
}

struct span span_join(struct span first, struct span last)
{
	if (!first.src)
		return last;
	if (last.src == first.src && last.at + last.n > first.at)
		first.n = last.at + last.n - first.at;
	return first;
}
