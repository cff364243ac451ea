/* Lines of text to a tree head and back. */
#include "runtime/record/checkpoint.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static bool refuse(const char **why, const char *what)
{
	*why = what;
	return false;
}

/* Takes one line with its LF off the front; an empty one is none. */
static bool line_take(struct krux_str *rest, struct krux_str *line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!end || end == rest->p)
		return false;
	*line = (struct krux_str){ rest->p, (size_t)(end - rest->p) };
	rest->p += line->n + 1;
	rest->n -= line->n + 1;
	return true;
}

bool checkpoint_number(struct krux_str s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n || s.n > 19 || (s.p[0] == '0' && s.n > 1))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return v <= INT64_MAX;
}

bool checkpoint_hash(struct krux_str s, uint8_t out[static HASH_LEN])
{
	uint8_t raw[36];
	const char *why;
	size_t n;

	if (s.n != 44 || !krux_base64_read(s, raw, &n, &why) || n != HASH_LEN)
		return false;
	memcpy(out, raw, HASH_LEN);
	return true;
}

bool checkpoint_parse(struct krux_str text, struct checkpoint *out, const char **why)
{
	struct krux_str line, rest;

	*out = (struct checkpoint){ .size = 0 };
	if (!line_take(&text, &out->origin))
		return refuse(why, "has no origin");
	if (!line_take(&text, &line) || !checkpoint_number(line, &out->size))
		return refuse(why, "has no size in its second line");
	if (!line_take(&text, &line) || !checkpoint_hash(line, out->root))
		return refuse(why, "has no root hash in its third line");
	out->extension = rest = text;
	while (rest.n)
		if (!line_take(&rest, &line))
			return refuse(why, "has an extension line that is empty or does not end");
	return true;
}

size_t checkpoint_text(const struct checkpoint *c, char out[static CHECKPOINT_TEXT])
{
	size_t n;

	if (!note_name_valid(c->origin) || c->size > INT64_MAX)
		return 0;
	n = (size_t)snprintf(out, CHECKPOINT_TEXT, "%.*s\n%llu\n", (int)c->origin.n, c->origin.p,
	                     (unsigned long long)c->size);
	n += krux_base64_write((struct krux_str){ (const char *)c->root, HASH_LEN }, out + n);
	out[n++] = '\n';
	return n;
}
