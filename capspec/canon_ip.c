/* Addresses and blocks: text to 16 octets and to canonical text (RFC 4291, RFC 5952). IPv4 is
 * kept as ::ffff:a.b.c.d, and text that says ::ffff:a.b.c.d is IPv4. */
#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { [10] = 0xFF, [11] = 0xFF };

/* Four decimal numbers without leading zeros. */
static bool v4_read(struct krux_str s, uint8_t out[static 4])
{
	size_t i = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned v = 0, digits = 0;

		if (part && (i == s.n || s.p[i++] != '.'))
			return false;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
			if (++digits > 3 || (digits > 1 && v == 0))
				return false;
			v = v * 10 + (unsigned)(s.p[i] - '0');
		}
		if (!digits || v > 255)
			return false;
		out[part] = (uint8_t)v;
	}
	return i == s.n;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hex digits at *i. */
static bool group_read(struct krux_str s, size_t *i, uint8_t out[static 2])
{
	unsigned v = 0, digits = 0;

	for (; *i < s.n && hex_digit(s.p[*i]) >= 0; ++*i) {
		if (++digits > 4)
			return false;
		v = v << 4 | (unsigned)hex_digit(s.p[*i]);
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return digits > 0;
}

/* Groups into out as they come; *n octets, *gap where "::" stood or -1. */
static bool groups_read(struct krux_str s, uint8_t out[static 16], unsigned *n, int *gap)
{
	size_t i = 0;

	if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
		*gap = 0;
		i = 2;
	}
	while (i < s.n) {
		size_t dots = i;

		while (dots < s.n && s.p[dots] >= '0' && s.p[dots] <= '9')
			dots++;
		if (dots < s.n && s.p[dots] == '.') {
			if (*n > 12 || !v4_read((struct krux_str){ s.p + i, s.n - i }, out + *n))
				return false;
			*n += 4;
			return true;
		}
		if (*n == 16 || !group_read(s, &i, out + *n))
			return false;
		*n += 2;
		if (i == s.n)
			return true;
		if (s.p[i++] != ':' || i == s.n)
			return false;
		if (s.p[i] == ':') {
			if (*gap >= 0)
				return false;
			*gap = (int)*n;
			i++;
		}
	}
	return true;
}

static bool v6_read(struct krux_str s, uint8_t out[static 16])
{
	uint8_t octets[16];
	unsigned n = 0, tail;
	int gap = -1;

	if (!groups_read(s, octets, &n, &gap))
		return false;
	if (gap < 0 ? n != 16 : n > 14)
		return false;
	memset(out, 0, 16);
	tail = gap < 0 ? 0 : n - (unsigned)gap;
	memcpy(out, octets, n - tail);
	memcpy(out + 16 - tail, octets + n - tail, tail);
	return true;
}

bool krux_canon_ip(struct krux_str in, uint8_t out[static 16], bool *v4, const char **why)
{
	*why = "is no IPv4 or IPv6 address";
	*v4 = false;
	if (!in.n)
		return false;
	if (memchr(in.p, '%', in.n)) {
		*why = "an address has no zone";
		return false;
	}
	if (!memchr(in.p, ':', in.n)) {
		memcpy(out, v4_prefix, 12);
		*v4 = true;
		return v4_read(in, out + 12);
	}
	if (!v6_read(in, out))
		return false;
	*v4 = memcmp(out, v4_prefix, 12) == 0;
	return true;
}

/* Where the longest run of at least two zero groups starts, and its length. */
static unsigned zeros_find(const uint8_t ip[static 16], unsigned *len)
{
	unsigned best = 8, run = 0;

	*len = 1;
	for (unsigned i = 0; i < 8; i++) {
		run = ip[2 * i] | ip[2 * i + 1] ? 0 : run + 1;
		if (run > *len) {
			*len = run;
			best = i + 1 - run;
		}
	}
	return best;
}

int krux_ip_text(const uint8_t ip[static 16], char *out, size_t cap)
{
	char text[48];
	unsigned len, gap;
	int n = 0;

	if (memcmp(ip, v4_prefix, 12) == 0) {
		n = snprintf(text, sizeof text, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
	} else {
		gap = zeros_find(ip, &len);
		for (unsigned i = 0; i < 8; i++) {
			if (i == gap) {
				text[n++] = ':';
				if (i == 0)
					text[n++] = ':';
				i += len - 1;
				continue;
			}
			n += snprintf(text + n, sizeof text - (size_t)n, i == 7 ? "%x" : "%x:",
			              (unsigned)ip[2 * i] << 8 | ip[2 * i + 1]);
		}
	}
	if ((size_t)n > cap)
		return -1;
	memcpy(out, text, (size_t)n);
	return n;
}

/* One to three decimal digits, no leading zero, at most max. */
static bool prefix_read(struct krux_str s, unsigned max, unsigned *out)
{
	unsigned v = 0;

	if (!s.n || s.n > 3 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.p[i] - '0');
	}
	*out = v;
	return v <= max;
}

bool krux_canon_cidr(struct krux_str in, uint8_t out[static 16], unsigned *prefix,
                     char *text, size_t cap, const char **why)
{
	const char *slash = in.n ? memchr(in.p, '/', in.n) : NULL;
	char line[64];
	bool dotted, v4;
	size_t naddr;
	int n;

	*why = "a block is written address/prefix";
	if (!slash)
		return false;
	naddr = (size_t)(slash - in.p);
	dotted = !memchr(in.p, ':', naddr);
	if (!krux_canon_ip((struct krux_str){ in.p, naddr }, out, &v4, why))
		return false;
	*why = dotted ? "an IPv4 prefix is 0..32" : "an IPv6 prefix is 0..128";
	if (!prefix_read((struct krux_str){ slash + 1, in.n - naddr - 1 }, dotted ? 32 : 128, prefix))
		return false;
	if (dotted)
		*prefix += 96;
	*why = "the bits after the prefix must be zero";
	for (unsigned i = *prefix; i < 128; i++)
		if (out[i / 8] >> (7 - i % 8) & 1)
			return false;
	/* A prefix shorter than 96 that starts with ::ffff:0:0 has set bits after it. */
	n = krux_ip_text(out, line, sizeof line);
	n += snprintf(line + n, sizeof line - (size_t)n, "/%u", v4 ? *prefix - 96 : *prefix);
	*why = "the block is too long";
	if ((size_t)n >= cap)
		return false;
	memcpy(text, line, (size_t)n + 1);
	*why = NULL;
	return true;
}
