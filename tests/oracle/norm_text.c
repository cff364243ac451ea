/* Texts of paths, hosts, addresses and urls to their canonical form (LANG.md 2.3 to 2.5). */
#include <string.h>

#include "tests/oracle/oracle.h"

uint32_t o_scalar(struct krux_str s, size_t *at)
{
	unsigned char c = (unsigned char)s.p[*at];
	unsigned more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
	uint32_t v = more ? c & (0x3Fu >> more) : c;

	for (++*at; more-- && *at < s.n; ++*at)
		v = v << 6 | ((unsigned char)s.p[*at] & 63u);
	return v;
}

bool o_utf8(struct krux_str s)
{
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0) == 0xE0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 9;
		uint32_t v = 0;
		size_t next = i;

		if (more == 9 || s.n - i <= more)
			return false;
		for (unsigned k = 1; k <= more; k++)
			if (((unsigned char)s.p[i + k] & 0xC0) != 0x80)
				return false;
		v = o_scalar(s, &next);
		if ((more == 2 && v < 0x800) || (more == 3 && v < 0x10000) || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000))
			return false;
		i = next;
	}
	return true;
}

bool o_norm_path(struct arena *a, struct krux_str in, uint64_t max, struct krux_str *out)
{
	char *p = arena_get(a, in.n + 2);
	size_t n = 0;

	if (!in.n || in.p[0] != '/' || memchr(in.p, 0, in.n) || !o_utf8(in))
		return false;
	for (size_t i = 0; i < in.n;) {
		size_t from = ++i, len;
		while (i < in.n && in.p[i] != '/')
			i++;
		len = i - from;
		if (len == 2 && !memcmp(in.p + from, "..", 2))
			return false;
		if (!len || (len == 1 && in.p[from] == '.'))
			continue;
		p[n++] = '/';
		memcpy(p + n, in.p + from, len);
		n += len;
	}
	if (!n)
		p[n++] = '/';
	*out = (struct krux_str){ p, n };
	return n <= max;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

static int hex(char c)
{
	return digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool strict_v4(struct krux_str in, uint32_t *out)
{
	size_t i = 0;

	*out = 0;
	for (int part = 0; part < 4; part++) {
		unsigned v = 0;
		size_t from = i;
		if (part && (i >= in.n || in.p[i++] != '.'))
			return false;
		from = i;
		while (i < in.n && digit(in.p[i]) && i - from < 4)
			v = v * 10 + (unsigned)(in.p[i++] - '0');
		if (i == from || v > 255 || (i - from > 1 && in.p[from] == '0'))
			return false;
		*out = *out << 8 | v;
	}
	return i == in.n;
}

/* As inet_aton reads it: one to four parts, each decimal, octal or hexadecimal. */
static bool loose_v4(struct krux_str in, uint32_t *out)
{
	uint64_t part[4];
	unsigned n = 0;

	for (size_t i = 0;; i++) {
		uint64_t v = 0;
		int base = 10;
		size_t from;
		if (n == 4)
			return false;
		if (i < in.n && in.p[i] == '0')
			base = 8;
		if (i + 1 < in.n && in.p[i] == '0' && (in.p[i + 1] | 32) == 'x') {
			base = 16;
			i += 2;
		}
		for (from = i; i < in.n && in.p[i] != '.'; i++) {
			int d = hex(in.p[i]);
			if (d < 0 || d >= base)
				return false;
			v = v * (uint64_t)base + (uint64_t)d;
			if (v > UINT32_MAX)
				return false;
		}
		if (i == from)
			return false;
		part[n++] = v;
		if (i >= in.n)
			break;
	}
	*out = 0;
	for (unsigned k = 0; k + 1 < n; k++) {
		if (part[k] > 255)
			return false;
		*out |= (uint32_t)part[k] << (24 - 8 * k);
	}
	if (part[n - 1] > (uint64_t)UINT32_MAX >> (8 * (n - 1)))
		return false;
	*out |= (uint32_t)part[n - 1];
	return true;
}

static bool v6(struct krux_str in, o_uint *out)
{
	uint16_t g[8] = { 0 };
	unsigned n = 0;
	int gap = -1;
	size_t i = 0;

	if (in.n >= 2 && in.p[0] == ':' && in.p[1] == ':') {
		gap = 0;
		i = 2;
	}
	while (i < in.n) {
		size_t from = i;
		unsigned v = 0;
		uint32_t tail;
		if (n == 8)
			return false;
		while (i < in.n && hex(in.p[i]) >= 0 && i - from < 5)
			v = v * 16 + (unsigned)hex(in.p[i++]);
		if (i < in.n && in.p[i] == '.') {
			if (n > 6 || !strict_v4((struct krux_str){ in.p + from, in.n - from }, &tail))
				return false;
			g[n++] = (uint16_t)(tail >> 16);
			g[n++] = (uint16_t)tail;
			break;
		}
		if (i == from || i - from > 4)
			return false;
		g[n++] = (uint16_t)v;
		if (i == in.n)
			break;
		if (in.p[i++] != ':' || i == in.n)
			return false;
		if (in.p[i] == ':') {
			if (gap >= 0)
				return false;
			gap = (int)n;
			i++;
		}
	}
	if (gap < 0 ? n != 8 : n > 7)
		return false;
	*out = 0;
	for (unsigned k = 0; k < 8; k++) {
		unsigned after = n - (unsigned)(gap < 0 ? (int)n : gap), from = 8 - after;
		uint16_t v = gap < 0 ? g[k] : k < (unsigned)gap ? g[k] : k >= from ? g[(unsigned)gap + k - from] : 0;
		*out = *out << 16 | v;
	}
	return true;
}

bool o_norm_ip(struct krux_str in, struct o_val *out)
{
	uint32_t four;
	o_uint six;

	*out = (struct o_val){ .present = true };
	if (strict_v4(in, &four)) {
		out->v4 = true;
		out->num = (o_int)four;
		return true;
	}
	if (!v6(in, &six))
		return false;
	if (six >> 32 == 0xFFFF) {
		out->v4 = true;
		six &= UINT32_MAX;
	}
	out->num = (o_int)six;
	return true;
}

struct krux_str o_ip_text(struct arena *a, const struct o_val *ip)
{
	o_uint v = (o_uint)ip->num;
	unsigned g[8], best = 0, most = 1;
	char text[64];
	size_t n = 0;

	if (ip->v4)
		return arena_printf(a, "%u.%u.%u.%u", (unsigned)(v >> 24 & 255), (unsigned)(v >> 16 & 255),
		                    (unsigned)(v >> 8 & 255), (unsigned)(v & 255));
	for (unsigned k = 0; k < 8; k++)
		g[k] = (unsigned)(v >> (112 - 16 * k)) & 0xFFFF;
	for (unsigned k = 0; k < 8; k++) {
		unsigned run = 0;
		while (k + run < 8 && !g[k + run])
			run++;
		if (run > most) {
			most = run;
			best = k;
		}
	}
	for (unsigned k = 0; k < 8; k++) {
		if (most > 1 && k == best) {
			text[n++] = ':';
			if (!k)
				text[n++] = ':';
			k += most - 1;
			continue;
		}
		struct krux_str s = arena_printf(a, "%x%s", g[k], k < 7 ? ":" : "");
		memcpy(text + n, s.p, s.n);
		n += s.n;
	}
	return arena_str(a, (struct krux_str){ text, n });
}

bool o_norm_cidr(struct arena *a, struct krux_str in, struct o_val *ip, unsigned *prefix, struct krux_str *text)
{
	const char *slash = memchr(in.p, '/', in.n);
	struct krux_str rest, base;
	unsigned width, n = 0;

	if (!slash)
		return false;
	rest = (struct krux_str){ slash + 1, (size_t)(in.p + in.n - slash - 1) };
	if (!o_norm_ip((struct krux_str){ in.p, (size_t)(slash - in.p) }, ip) || !rest.n || rest.n > 3)
		return false;
	for (size_t i = 0; i < rest.n; i++) {
		if (!digit(rest.p[i]) || (!i && rest.n > 1 && rest.p[0] == '0'))
			return false;
		n = n * 10 + (unsigned)(rest.p[i] - '0');
	}
	width = ip->v4 ? 32 : 128;
	if (n > width || (n < width && (o_uint)ip->num << (128 - width) << n))
		return false;
	*prefix = n;
	base = o_ip_text(a, ip);
	*text = arena_printf(a, "%.*s/%u", (int)base.n, base.p, n);
	return true;
}

static bool numeric_last(struct krux_str s)
{
	size_t from = s.n;
	bool digits = true;

	while (from && s.p[from - 1] != '.')
		from--;
	for (size_t i = from; i < s.n; i++)
		digits = digits && digit(s.p[i]);
	if (digits && from < s.n)
		return true;
	if (s.n - from < 3 || s.p[from] != '0' || s.p[from + 1] != 'x')
		return false;
	for (size_t i = from + 2; i < s.n; i++)
		if (hex(s.p[i]) < 0)
			return false;
	return true;
}

static bool dns(struct krux_str s)
{
	size_t label = 0;

	if (!s.n || s.n > 253)
		return false;
	for (size_t i = 0; i <= s.n; i++) {
		char c = i < s.n ? s.p[i] : '.';
		if (c == '.') {
			if (!label || label > 63 || s.p[i - 1] == '-')
				return false;
			label = 0;
		} else if ((c < 'a' || c > 'z') && !digit(c) && c != '_' && (c != '-' || !label)) {
			return false;
		} else {
			label++;
		}
	}
	return true;
}

bool o_norm_host(struct arena *a, struct krux_str in, struct krux_str *out)
{
	char *p = arena_get(a, in.n + 1);
	struct krux_str s = { p, in.n };
	struct o_val ip = { .v4 = true };
	uint32_t four;

	for (size_t i = 0; i < in.n; i++) {
		if ((unsigned char)in.p[i] >= 0x80 || !in.p[i])
			return false;
		p[i] = in.p[i] >= 'A' && in.p[i] <= 'Z' ? (char)(in.p[i] + 32) : in.p[i];
	}
	if (s.n && p[s.n - 1] == '.')
		s.n--;
	if (memchr(s.p, ':', s.n)) {
		if (s.p[0] == '[' && s.p[s.n - 1] == ']')
			s = (struct krux_str){ s.p + 1, s.n - 2 };
		if (!memchr(s.p, ':', s.n) || !o_norm_ip(s, &ip))
			return false;
		*out = o_ip_text(a, &ip);
		return true;
	}
	if (numeric_last(s)) {
		if (!loose_v4(s, &four))
			return false;
		ip.num = (o_int)four;
		*out = o_ip_text(a, &ip);
		return true;
	}
	*out = s;
	return dns(s);
}

static bool unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static bool decode(struct arena *a, struct krux_str in, struct krux_str *out)
{
	char *p = arena_get(a, in.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%') {
			p[n++] = in.p[i];
			continue;
		}
		if (in.n - i < 3 || hex(in.p[i + 1]) < 0 || hex(in.p[i + 2]) < 0)
			return false;
		int c = hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]);
		if (!c || c == '/' || c == '\\')
			return false;
		if (unreserved(c)) {
			p[n++] = (char)c;
		} else {
			p[n++] = '%';
			p[n++] = "0123456789ABCDEF"[c >> 4];
			p[n++] = "0123456789ABCDEF"[c & 15];
		}
		i += 2;
	}
	*out = (struct krux_str){ p, n };
	return true;
}

static bool dotless(struct krux_str path)
{
	for (size_t i = 0, from = 0; i <= path.n; i++)
		if (i == path.n || path.p[i] == '/') {
			size_t len = i - from;
			if ((len == 1 && path.p[from] == '.') || (len == 2 && path.p[from] == '.' && path.p[from + 1] == '.'))
				return false;
			from = i + 1;
		}
	return true;
}

static bool authority(struct arena *a, struct krux_str s, struct o_val *part)
{
	size_t host = s.n;
	o_int port;

	if (s.n && s.p[0] == '[') {
		const char *close = memchr(s.p, ']', s.n);
		if (!close)
			return false;
		host = (size_t)(close - s.p) + 1;
	} else {
		const char *colon = memchr(s.p, ':', s.n);
		if (colon)
			host = (size_t)(colon - s.p);
	}
	if (host < s.n) {
		if (s.p[host] != ':' || host + 1 == s.n)
			return false;
		for (size_t i = host + 1; i < s.n; i++)
			if (!digit(s.p[i]))
				return false;
		if (!o_norm_integer((struct krux_str){ s.p + host + 1, s.n - host - 1 }, false, &port) || port < 1 || port > 65535)
			return false;
		part[2].num = port;
	}
	return o_norm_host(a, (struct krux_str){ s.p, host }, &part[1].s);
}

bool o_norm_url(struct arena *a, struct krux_str in, struct o_val *out)
{
	struct o_val *part = ARENA_ARRAY(a, struct o_val, 5);
	struct krux_str rest, path, query = { "", 0 };
	size_t i;

	*out = (struct o_val){ .present = true, .item = part, .n = 5 };
	for (i = 0; i < 5; i++)
		part[i].present = true;
	for (i = 0; i < in.n; i++)
		if ((unsigned char)in.p[i] <= 0x20 || (unsigned char)in.p[i] > 0x7E || in.p[i] == '\\' || in.p[i] == '#')
			return false;
	for (i = 0; i < in.n && in.p[i] != ':'; i++)
		if ((in.p[i] | 32) != "https"[i < 5 ? i : 4])
			return false;
	if ((i != 4 && i != 5) || in.n < i + 3 || memcmp(in.p + i, "://", 3))
		return false;
	part[0].num = i == 5;
	part[2].num = i == 5 ? 443 : 80;
	rest = (struct krux_str){ in.p + i + 3, in.n - i - 3 };
	for (i = 0; i < rest.n && rest.p[i] != '/' && rest.p[i] != '?'; i++)
		if (rest.p[i] == '@')
			return false;
	if (!authority(a, (struct krux_str){ rest.p, i }, part))
		return false;
	path = (struct krux_str){ rest.p + i, rest.n - i };
	for (i = 0; i < path.n && path.p[i] != '?'; i++)
		;
	if (i < path.n)
		query = (struct krux_str){ path.p + i + 1, path.n - i - 1 };
	path.n = i;
	if (!decode(a, path, &part[3].s) || !decode(a, query, &part[4].s) || !dotless(part[3].s))
		return false;
	if (!part[3].s.n)
		part[3].s = o_str("/");
	return true;
}
