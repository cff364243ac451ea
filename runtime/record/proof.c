/* Lines of text to a proof and back. */
#include "runtime/record/proof.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static const char first[] = "c2sp.org/tlog-proof@v1\n";

static bool refuse(const char **why, const char *what)
{
	*why = what;
	return false;
}

static bool line_take(struct krux_str *rest, struct krux_str *line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!end)
		return false;
	*line = (struct krux_str){ rest->p, (size_t)(end - rest->p) };
	rest->p += line->n + 1;
	rest->n -= line->n + 1;
	return true;
}

static bool extra_valid(struct krux_str base64)
{
	uint8_t raw[PROOF_EXTRA];
	const char *why;
	size_t n;

	return base64.n && base64.n <= PROOF_EXTRA && krux_base64_read(base64, raw, &n, &why);
}

bool proof_parse(struct krux_str s, struct proof *out, const char **why)
{
	struct krux_str line;

	memset(out, 0, sizeof *out);
	if (s.n > NOTE_MAX + PROOF_EXTRA + 64 * TREE_PATH)
		return refuse(why, "is too long");
	if (!krux_str_skip(&s, first))
		return refuse(why, "is no proof: it starts with c2sp.org/tlog-proof@v1");
	if (!line_take(&s, &line))
		return refuse(why, "ends too early");
	if (krux_str_skip(&line, "extra ")) {
		out->extra = line;
		if (!extra_valid(line))
			return refuse(why, "has extra data that is not base64");
		if (!line_take(&s, &line))
			return refuse(why, "ends too early");
	}
	if (!krux_str_skip(&line, "index ") || !checkpoint_number(line, &out->index))
		return refuse(why, "does not say which record it is about");
	for (;;) {
		if (!line_take(&s, &line))
			return refuse(why, "ends too early");
		if (!line.n)
			break;
		if (out->path.n == TREE_PATH || !checkpoint_hash(line, out->path.hash[out->path.n++]))
			return refuse(why, "has a line that is no hash");
	}
	return note_parse(s, &out->note, why) && checkpoint_parse(out->note.text, &out->checkpoint, why);
}

static void put(char *out, size_t cap, size_t *n, const char *p, size_t len)
{
	if (out && *n <= cap && len <= cap - *n)
		memcpy(out + *n, p, len);
	*n += len;
}

size_t proof_text(uint64_t index, const struct tree_path *path, struct krux_str note, char *out, size_t cap)
{
	char line[64];
	int k = snprintf(line, sizeof line, "index %llu\n", (unsigned long long)index);
	size_t n = 0;

	put(out, cap, &n, first, sizeof first - 1);
	put(out, cap, &n, line, (size_t)k);
	for (size_t i = 0; i < path->n; i++) {
		size_t length = krux_base64_write((struct krux_str){ (const char *)path->hash[i], HASH_LEN }, line);

		line[length++] = '\n';
		put(out, cap, &n, line, length);
	}
	put(out, cap, &n, "\n", 1);
	put(out, cap, &n, note.p, note.n);
	return n;
}

bool proof_check(const struct proof *p, const uint8_t leaf[static HASH_LEN])
{
	return tree_check_inclusion(p->index, p->checkpoint.size, leaf, &p->path, p->checkpoint.root);
}
