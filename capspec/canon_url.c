/* URLs: text, or a record of parts, to the five canonical parts of LANG.md 2.5. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <stdio.h>
#include <string.h>

/* What of buf is not used yet. */
struct room {
	char *p;
	size_t n;
};

static bool why_set(const char **why, const char *text)
{
	*why = text;
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unreserved(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* %XX at p; 1 or 3 characters into to, their number, or 0. */
static size_t escape_canon(const char *p, size_t n, char to[static 3], const char **why)
{
	static const char digits[] = "0123456789ABCDEF";
	int hi = n > 2 ? hex_digit(p[1]) : -1, lo = n > 2 ? hex_digit(p[2]) : -1;
	int c;

	if (hi < 0 || lo < 0) {
		*why = "'%' is followed by two hex digits";
		return 0;
	}
	c = hi << 4 | lo;
	if (c == 0 || c == '/' || c == '\\') {
		*why = "%00, %2F and %5C are not allowed in a URL";
		return 0;
	}
	if (unreserved(c)) {
		to[0] = (char)c;
		return 1;
	}
	to[0] = '%';
	to[1] = digits[hi];
	to[2] = digits[lo];
	return 3;
}

/* Path or query into the room. */
static bool part_canon(struct krux_str in, bool query, struct room *room, struct krux_str *out,
                       const char **why)
{
	size_t n = 0;

	out->p = room->p;
	for (size_t i = 0; i < in.n;) {
		char c = in.p[i], to[3] = { c };
		size_t len = 1;

		if (c <= ' ' || (unsigned char)c >= 0x7F || c == '\\' || c == '#' || (c == '?' && !query))
			return why_set(why, "a URL has no spaces, control characters, '\\', '#' or bytes "
			                    "above 0x7E");
		if (c == '%') {
			len = escape_canon(in.p + i, in.n - i, to, why);
			if (!len)
				return false;
			i += 2;
		}
		i++;
		if (n + len > room->n)
			return why_set(why, "the URL is too long");
		memcpy(room->p + n, to, len);
		n += len;
	}
	room->p += n;
	room->n -= n;
	out->n = n;
	return true;
}

static bool path_canon(struct krux_str in, struct room *room, struct krux_str *out, const char **why)
{
	if (!part_canon(in, false, room, out, why))
		return false;
	for (size_t from = 1; from <= out->n;) {
		const char *p = out->p + from;
		const char *slash = memchr(p, '/', out->n - from);
		size_t len = slash ? (size_t)(slash - p) : out->n - from;

		if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
			return why_set(why, "the path of a URL has no segment '.' or '..'");
		from += len + 1;
	}
	return true;
}

static bool host_canon(struct krux_str in, struct room *room, struct krux_str *out, const char **why)
{
	int n = krux_canon_host(in, room->p, room->n, why);

	if (n < 0)
		return false;
	*out = (struct krux_str){ room->p, (size_t)n };
	room->p += n;
	room->n -= (size_t)n;
	return true;
}

static bool port_read(struct krux_str in, uint16_t *out, const char **why)
{
	unsigned v = 0;

	*why = "a port is 1..65535";
	if (!in.n)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] < '0' || in.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(in.p[i] - '0');
		if (v > 65535)
			return false;
	}
	*out = (uint16_t)v;
	return v > 0;
}

/* host[:port], the host in brackets where it is IPv6. */
static bool authority_canon(struct krux_str in, struct krux_url *out, struct room *room,
                            const char **why)
{
	struct krux_str host = in, port = { NULL, 0 };
	const char *colon = NULL;

	if (in.n && memchr(in.p, '@', in.n))
		return why_set(why, "a URL has no user info");
	if (in.n && in.p[0] == '[') {
		const char *close = memchr(in.p, ']', in.n);

		if (!close)
			return why_set(why, "'[' of the host is not closed");
		host.n = (size_t)(close - in.p) + 1;
		if (host.n < in.n && *(colon = close + 1) != ':')
			return why_set(why, "']' ends the host");
	} else if (in.n) {
		colon = memchr(in.p, ':', in.n);
		if (colon)
			host.n = (size_t)(colon - in.p);
	}
	if (colon) {
		port = (struct krux_str){ colon + 1, in.n - host.n - 1 };
		if (!port_read(port, &out->port, why))
			return false;
	}
	return host_canon(host, room, &out->host, why);
}

/* Is the canonical text within what a URL may have at all. */
static bool length_check(const struct krux_url *url, const char **why)
{
	char text[KRUX_MAX_URL];

	*why = NULL;
	return krux_url_text(url, text, sizeof text) >= 0 || why_set(why, "the URL is too long");
}

static bool scheme_skip(struct krux_str *in, bool *https)
{
	static const char word[] = "https";
	size_t n = 0;

	while (n < in->n && n < 5 && (in->p[n] | 32) == word[n])
		n++;
	if (n < 4 || in->n - n < 3 || memcmp(in->p + n, "://", 3) != 0)
		return false;
	*https = n == 5;
	in->p += n + 3;
	in->n -= n + 3;
	return true;
}

bool krux_canon_url(struct krux_str in, struct krux_url *out, const char **why)
{
	struct room room = { out->buf, sizeof out->buf };
	struct krux_str rest = in, authority, path, query = { NULL, 0 };
	const char *mark;
	size_t n = 0;

	if (!in.n || !scheme_skip(&rest, &out->https))
		return why_set(why, "a URL starts with http:// or https://");
	out->port = out->https ? 443 : 80;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
		n++;
	authority = (struct krux_str){ rest.p, n };
	path = (struct krux_str){ rest.p + n, rest.n - n };
	mark = path.n ? memchr(path.p, '?', path.n) : NULL;
	if (mark) {
		query = (struct krux_str){ mark + 1, path.n - (size_t)(mark - path.p) - 1 };
		path.n = (size_t)(mark - path.p);
	}
	if (path.n && path.p[0] == '#')
		return why_set(why, "a URL has no fragment");
	if (!path.n)
		path = KRUX_STR("/");
	return authority_canon(authority, out, &room, why) &&
	       path_canon(path, &room, &out->path, why) &&
	       part_canon(query, true, &room, &out->query, why) && length_check(out, why);
}

bool krux_canon_url_parts(const struct krux_value *map, struct krux_url *out, const char **why)
{
	struct room room = { out->buf, sizeof out->buf };
	const struct krux_value *scheme = krux_value_get(map, "scheme"), *host = krux_value_get(map, "host");
	const struct krux_value *port = krux_value_get(map, "port"), *path = krux_value_get(map, "path");
	const struct krux_value *query = krux_value_get(map, "query");
	krux_i128 number = 0;

	*why = "the parts of a URL are scheme, host, port, path and query";
	if (map->kind != KRUX_V_MAP || map->map.n != 5 || !scheme || !host || !port || !path || !query ||
	    scheme->kind != KRUX_V_TEXT || host->kind != KRUX_V_TEXT || path->kind != KRUX_V_TEXT ||
	    query->kind != KRUX_V_TEXT)
		return false;
	out->https = krux_str_eq(scheme->str, KRUX_STR("https"));
	if (!out->https && !krux_str_eq(scheme->str, KRUX_STR("http")))
		return why_set(why, "the scheme of a URL is http or https");
	if (port->kind == KRUX_V_UINT)
		number = port->u;
	else if (port->kind != KRUX_V_NUMBER || !krux_read_integer(port->str, &number, why))
		return why_set(why, "a port is 1..65535");
	if (number < 1 || number > 65535)
		return why_set(why, "a port is 1..65535");
	out->port = (uint16_t)number;
	if (!path->str.n || path->str.p[0] != '/')
		return why_set(why, "the path of a URL starts with '/'");
	return host_canon(host->str, &room, &out->host, why) &&
	       path_canon(path->str, &room, &out->path, why) &&
	       part_canon(query->str, true, &room, &out->query, why) && length_check(out, why);
}

int krux_url_text(const struct krux_url *url, char *out, size_t cap)
{
	bool v6 = memchr(url->host.p, ':', url->host.n) != NULL;
	bool port = url->port != (url->https ? 443 : 80);
	char head[KRUX_MAX_HOST + 32];
	size_t n;

	n = (size_t)snprintf(head, sizeof head, "%s://%s", url->https ? "https" : "http", v6 ? "[" : "");
	memcpy(head + n, url->host.p, url->host.n);
	n += url->host.n;
	if (v6)
		head[n++] = ']';
	if (port)
		n += (size_t)snprintf(head + n, sizeof head - n, ":%u", (unsigned)url->port);
	if (n + url->path.n + (url->query.n != 0) + url->query.n > cap)
		return -1;
	memcpy(out, head, n);
	memcpy(out + n, url->path.p, url->path.n);
	n += url->path.n;
	if (url->query.n) {
		out[n++] = '?';
		memcpy(out + n, url->query.p, url->query.n);
		n += url->query.n;
	}
	return (int)n;
}
