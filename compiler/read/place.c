/* Where the text of a YAML scalar stands in the source, byte by byte: quoted text loses escapes,
 * folded text its line ends and indentation. */
#include "compiler/read/parse.h"

#include <string.h>

static bool blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static size_t run(struct krux_str t, size_t i)
{
	size_t from = i;

	while (i < t.n && blank(t.p[i]))
		i++;
	return i - from;
}

static size_t scalar(struct krux_str t, size_t i)
{
	size_t n = 1;

	while (i + n < t.n && ((unsigned char)t.p[i + n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* The length of the escape at t.p[i], a backslash; *nothing: it means nothing (a joined line). */
static size_t escape(struct krux_str t, size_t i, bool *nothing)
{
	size_t n;

	*nothing = false;
	if (i + 1 >= t.n)
		return 1;
	switch (t.p[i + 1]) {
	case '\n':
		*nothing = true;
		return 1 + run(t, i + 1);
	case 'x':
		n = 4;
		break;
	case 'u':
		n = 6;
		break;
	case 'U':
		n = 10;
		break;
	default:
		n = 2;
	}
	return n > t.n - i ? t.n - i : n;
}

const uint32_t *place_map(struct arena *a, struct krux_str text, struct span at)
{
	uint32_t *map = ARENA_ARRAY(a, uint32_t, text.n + 1);
	struct krux_str src = { at.src->text.p + at.at, at.n };
	char style = src.n ? src.p[0] : 0;
	size_t i = 0, s = 0, n, m;
	bool nothing;

	if (style == '"' || style == '\'') {
		s = 1;
	} else if (style == '|' || style == '>') {
		while (s < src.n && src.p[s] != '\n')
			s++;
	}
	if (text.n && !blank(text.p[0]))
		s += run(src, s);
	while (i < text.n) {
		if (s >= src.n && i + run(text, i) < text.n)
			return NULL;
		map[i] = at.at + (uint32_t)s;
		if (s >= src.n) {
			n = text.n - i;
		} else if (style == '"' && src.p[s] == '\\') {
			s += escape(src, s, &nothing);
			n = nothing ? 0 : scalar(text, i);
		} else if (blank(text.p[i]) && blank(src.p[s])) {
			n = run(text, i);
			m = run(src, s);
			if (n == m && !memcmp(text.p + i, src.p + s, n))
				n = m = 1;
			s += m;
		} else if (text.p[i] == src.p[s]) {
			n = 1;
			s += style == '\'' && src.p[s] == '\'' ? 2 : 1;
		} else {
			return NULL;
		}
		for (size_t k = 1; k < n; k++)
			map[i + k] = map[i];
		i += n;
	}
	map[i] = at.at + (uint32_t)s;
	return map;
}
