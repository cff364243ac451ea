/* Urls arrive as records: host, path, port, query and scheme, in the order of their keys. */

struct url {
	struct text host, path, query;
	uint64_t port;
	uint32_t scheme;               /* 0 http, 1 https */
};

static inline bool url_unreserved(uint32_t c)
{
	return is_digit((uint8_t)c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

/* Value of the upper-case hex digit, -1 for none. */
static inline int url_hex(uint8_t c)
{
	return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Printable ASCII without `#` and `\`; escapes only of what needs one. */
static bool url_escaped(struct text s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		int hi, lo, v;

		if (c <= ' ' || c > 0x7E || c == '#' || c == '\\')
			return false;
		if (c != '%')
			continue;
		if (s.n - i < 3)
			return false;
		hi = url_hex(s.p[i + 1]);
		lo = url_hex(s.p[i + 2]);
		v = hi * 16 + lo;
		if (hi < 0 || lo < 0 || !v || v == '/' || v == '\\' || url_unreserved((uint32_t)v))
			return false;
		i += 2;
	}
	return true;
}

/* Starts with a slash, no segment `.` or `..`, no `?`. */
static bool url_path_valid(struct text s)
{
	uint32_t from = 1;

	if (!s.n || s.p[0] != '/' || !url_escaped(s))
		return false;
	for (uint32_t i = 1; i <= s.n; i++) {
		uint32_t len = i - from;

		if (i < s.n && s.p[i] == '?')
			return false;
		if (i < s.n && s.p[i] != '/')
			continue;
		if ((len == 1 || len == 2) && s.p[from] == '.' && s.p[i - 1] == '.')
			return false;
		from = i + 1;
	}
	return true;
}
