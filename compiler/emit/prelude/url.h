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

/* Bytes of the text that the parts stand for. */
static uint64_t url_length(const struct url *u)
{
	uint64_t n = 7 + u->scheme + u->host.n + u->path.n + (u->query.n ? 1 + u->query.n : 0);

	for (uint32_t i = 0; i < u->host.n; i++)
		if (u->host.p[i] == ':') {
			n += 2;                /* brackets */
			break;
		}
	if (u->port == (u->scheme ? 443 : 80))
		return n;
	return n + 2 + (u->port > 9) + (u->port > 99) + (u->port > 999) + (u->port > 9999);
}

static inline bool read_url(struct reader *r, const char *field, uint32_t max, struct url *out)
{
	uint64_t left;

	if (!read_record(r, field, &left) ||
	    !read_field_of(r, &left, field, "host", 4) || !read_host(r, field, max, &out->host) ||
	    !read_field_of(r, &left, field, "path", 4) || !read_text(r, field, max, &out->path) ||
	    !read_field_of(r, &left, field, "port", 4) || !read_uint(r, field, 1, 65535, &out->port) ||
	    !read_field_of(r, &left, field, "query", 5) || !read_text(r, field, max, &out->query) ||
	    !read_field_of(r, &left, field, "scheme", 6) ||
	    !read_enum(r, field, "\4http\5https", 2, &out->scheme) || !read_record_end(r, field, left))
		return false;
	if (!url_path_valid(out->path) || !url_escaped(out->query))
		return refuse(r, field, "is not a canonical url");
	return url_length(out) <= max || refuse(r, field, "is longer than its type allows");
}
