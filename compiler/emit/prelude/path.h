/* Paths arrive canonical: absolute, no empty component, no `.`, no `..`, no slash at the end. */

static bool path_valid(struct text s)
{
	const uint8_t *p = s.p, *end = s.p + s.n;

	if (!s.n || *p != '/')
		return false;
	if (s.n == 1)
		return true;
	if (end[-1] == '/')
		return false;
	while (p < end) {
		/* A slash with a slash or a dot after it; the last byte is neither a slash nor seen twice. */
		uint64_t w = peek8(p, end, s.p), slash = zero_bytes(w ^ spread('/'));
		uint64_t next = zero_bytes(w ^ spread('/')) | zero_bytes(w ^ spread('.'));
		uint64_t pair = slash & next >> 8;
		const uint8_t *c;

		if (!pair) {
			p += 7;
			continue;
		}
		c = p + first_byte(pair) + 1;
		if (*c == '/')
			return false;
		c += c + 1 < end && c[1] == '.' ? 2 : 1;
		if (c == end || *c == '/')
			return false;
		p = c;
	}
	return true;
}

static inline bool read_path(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	if (!read_text(r, field, max, out))
		return false;
	return path_valid(*out) || refuse(r, field, "is not a canonical path");
}
