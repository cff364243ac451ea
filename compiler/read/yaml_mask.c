/* Calls in policies are written without quotes, `- call: filesystem.read { path: "/a" }`, which
 * YAML does not know. This hides what would trouble it: the text in, a text of as many scalars
 * out. Wherever the guess of what is a call is wrong, unmasking makes it harmless. */
#include "compiler/read/yaml.h"

#include <string.h>

#include "compiler/base/buf.h"

/* The last two scalars of Unicode, private use. A source that holds them itself is not masked. */
static const char mask_colon[] = "\xF4\x8F\xBF\xBC", mask_hash[] = "\xF4\x8F\xBF\xBD";
enum {
	MASK = 4,
	MOST_UNCLOSED = 64,     /* each is sought to the end of the file */
};

static size_t blanks(struct krux_str t, size_t i)
{
	while (i < t.n && t.p[i] == ' ')
		i++;
	return i;
}

/* From the start of a line: the offset of `{` in `[- ]call: name {`, or 0; *column is where
 * `call` stands in the line. */
static size_t call_open(struct krux_str t, size_t line, size_t *column)
{
	static const char key[] = "call:";
	size_t from, i = blanks(t, line);

	while (i + 1 < t.n && t.p[i] == '-' && t.p[i + 1] == ' ')
		i = blanks(t, i + 1);
	if (t.n - i <= sizeof key || memcmp(t.p + i, key, sizeof key - 1) != 0 || t.p[i + sizeof key - 1] != ' ')
		return 0;
	*column = i - line;
	from = i = blanks(t, i + sizeof key - 1);
	while (i < t.n && ((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= '0' && t.p[i] <= '9') ||
	                   t.p[i] == '.' || t.p[i] == '_' || t.p[i] == '-' || t.p[i] == '@'))
		i++;
	if (i == from || t.p[from] == '-' || t.p[from] == '@')
		return 0;
	i = blanks(t, i);
	return i < t.n && t.p[i] == '{' ? i : 0;
}

/* Past the `}` that closes the `{` at i, in lines indented deeper than `column`; 0 if none. */
static size_t call_close(struct krux_str t, size_t i, size_t column)
{
	size_t depth = 0;
	bool quoted = false;

	for (; i < t.n; i++) {
		char c = t.p[i];

		if (quoted && c == '\\' && i + 1 < t.n) {
			i++;
		} else if (c == '\n') {
			size_t word = blanks(t, i + 1);

			if (quoted || (word < t.n && t.p[word] != '\n' && word - i - 1 <= column))
				return 0;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && c == '{') {
			depth++;
		} else if (!quoted && c == '}' && !--depth) {
			return i + 1;
		}
	}
	return 0;
}

static size_t line_end(struct krux_str t, size_t i)
{
	const char *lf = memchr(t.p + i, '\n', t.n - i);

	return lf ? (size_t)(lf - t.p) : t.n;
}

static bool has(struct krux_str t, const char *mark)
{
	return memmem(t.p, t.n, mark, MASK) != NULL;
}

struct krux_str yaml_mask(struct arena *a, struct krux_str t)
{
	struct buf b = { 0 };
	struct krux_str out = t;
	size_t kept = 0, column, open, close;
	unsigned unclosed = 0;

	if (!memmem(t.p, t.n, "call:", 5) || has(t, mask_colon) || has(t, mask_hash))
		return t;
	for (size_t i = 0; i < t.n && unclosed < MOST_UNCLOSED; i = line_end(t, close) + 1) {
		close = i;
		open = call_open(t, i, &column);
		if (!open)
			continue;
		close = call_close(t, open, column);
		if (!close) {
			unclosed++;
			close = line_end(t, open);
		}
		for (size_t k = open; k < close; k++) {
			if (t.p[k] != ':' && t.p[k] != '#')
				continue;
			buf_put(&b, t.p + kept, k - kept);
			buf_put(&b, t.p[k] == ':' ? mask_colon : mask_hash, MASK);
			kept = k + 1;
		}
	}
	if (kept) {
		buf_put(&b, t.p + kept, t.n - kept);
		out = arena_str(a, (struct krux_str){ b.p, b.n });
	}
	buf_free(&b);
	return out;
}

struct krux_str yaml_unmask(struct arena *a, struct krux_str t)
{
	char *out;
	size_t n = 0;

	if (!has(t, mask_colon) && !has(t, mask_hash))
		return t;
	out = arena_get(a, t.n + 1);
	for (size_t i = 0; i < t.n; i++) {
		if (t.n - i >= MASK && !memcmp(t.p + i, mask_colon, MASK))
			out[n++] = ':', i += MASK - 1;
		else if (t.n - i >= MASK && !memcmp(t.p + i, mask_hash, MASK))
			out[n++] = '#', i += MASK - 1;
		else
			out[n++] = t.p[i];
	}
	return (struct krux_str){ out, n };
}
