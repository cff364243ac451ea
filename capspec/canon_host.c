/* Hosts: a DNS name in lower case or an address in its one text, LANG.md 2.4. Every number that
 * an old resolver would read as IPv4 leaves as four decimal numbers. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <string.h>

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool hex(char c)
{
	return digit(c) || (c >= 'a' && c <= 'f');
}

/* All digits, or 0x and hex digits. */
static bool label_numeric(struct krux_str s)
{
	size_t i = 0;

	if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'x') {
		for (i = 2; i < s.n && hex(s.p[i]);)
			i++;
		return i == s.n;
	}
	while (i < s.n && digit(s.p[i]))
		i++;
	return s.n && i == s.n;
}

/* Decimal, octal after 0, hexadecimal after 0x, as inet_aton; at most 2^32 - 1. */
static bool part_read(struct krux_str s, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;
	size_t i = 0;

	if (!s.n)
		return false;
	if (s.n > 1 && s.p[0] == '0') {
		base = s.p[1] == 'x' ? 16 : 8;
		i = base == 16 ? 2 : 1;
		if (i == s.n)
			return false;
	}
	for (; i < s.n; i++) {
		unsigned d = digit(s.p[i]) ? (unsigned)(s.p[i] - '0') :
		             hex(s.p[i]) ? (unsigned)(s.p[i] - 'a' + 10) : 99;

		if (d >= base)
			return false;
		v = v * base + d;
		if (v > UINT32_MAX)
			return false;
	}
	*out = v;
	return true;
}

/* One to four parts; the last fills what the others leave. */
static bool aton_read(struct krux_str s, uint8_t out[static 16])
{
	uint32_t address = 0;

	memset(out, 0, 10);
	out[10] = out[11] = 0xFF;
	for (unsigned part = 0; part < 4; part++) {
		const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
		size_t n = dot ? (size_t)(dot - s.p) : s.n;
		uint64_t v;

		if (!part_read((struct krux_str){ s.p, n }, &v))
			return false;
		if (!dot) {
			if (v > UINT32_MAX >> 8 * part)
				return false;
			address |= (uint32_t)v;
			for (unsigned i = 0; i < 4; i++)
				out[12 + i] = (uint8_t)(address >> (24 - 8 * i));
			return true;
		}
		if (v > 255)
			return false;
		address |= (uint32_t)v << (24 - 8 * part);
		s.p += n + 1;
		s.n -= n + 1;
	}
	return false;
}

static bool label_valid(struct krux_str s, const char **why)
{
	*why = "a label of a host has 1 to 63 characters";
	if (s.n < 1 || s.n > KRUX_MAX_LABEL_DNS)
		return false;
	*why = "a label of a host neither starts nor ends with '-'";
	if (s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	*why = "a host has letters, digits, '-', '_' and '.' only";
	for (size_t i = 0; i < s.n; i++)
		if (!digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-' &&
		    s.p[i] != '_')
			return false;
	return true;
}

static bool name_valid(struct krux_str s, const char **why)
{
	for (size_t from = 0; from <= s.n;) {
		const char *dot = from < s.n ? memchr(s.p + from, '.', s.n - from) : NULL;
		size_t to = dot ? (size_t)(dot - s.p) : s.n;

		if (!label_valid((struct krux_str){ s.p + from, to - from }, why))
			return false;
		from = to + 1;
	}
	return true;
}

static int address_put(const uint8_t ip[static 16], char *out, size_t cap, const char **why)
{
	int n = krux_ip_text(ip, out, cap);

	*why = n < 0 ? "the host is too long" : NULL;
	return n;
}

/* Text with ':', brackets or not. */
static int v6_canon(struct krux_str s, char *out, size_t cap, const char **why)
{
	uint8_t ip[16];
	bool v4;

	if (s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s.p++;
		s.n -= 2;
	}
	if (!memchr(s.p, ':', s.n) || !krux_canon_ip(s, ip, &v4, why))
		return -1;
	return address_put(ip, out, cap, why);
}

int krux_canon_host(struct krux_str in, char *out, size_t cap, const char **why)
{
	char low[KRUX_MAX_HOST + 1] = "";
	struct krux_str s = { low, in.n }, last;
	uint8_t ip[16];
	size_t from;

	*why = "a host has 1 to 253 characters";
	if (in.n && in.p[in.n - 1] == '.')
		s.n--;
	if (s.n < 1 || s.n > KRUX_MAX_HOST)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		low[i] = in.p[i] >= 'A' && in.p[i] <= 'Z' ? (char)(in.p[i] + 32) : in.p[i];
		if ((unsigned char)in.p[i] >= 0x80) {
			*why = "a host is ASCII: write punycode";
			return -1;
		}
	}
	*why = "is no IPv4 or IPv6 address";
	if (memchr(low, ':', s.n))
		return v6_canon(s, out, cap, why);
	for (from = s.n; from > 0 && low[from - 1] != '.';)
		from--;
	last = (struct krux_str){ low + from, s.n - from };
	if (label_numeric(last))
		return aton_read(s, ip) ? address_put(ip, out, cap, why) : -1;
	if (!name_valid(s, why))
		return -1;
	*why = "the host is too long";
	if (s.n > cap)
		return -1;
	memcpy(out, low, s.n);
	*why = NULL;
	return (int)s.n;
}
