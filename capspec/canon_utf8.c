/* UTF-8: which bytes are text, and one scalar at a time. */
#include "capspec/canon.h"

#include <string.h>

/* Length of the scalar that starts at p with n bytes left; 0: invalid. Surrogates, overlong
 * forms and what is beyond U+10FFFF are invalid (Unicode 15, table 3-7). */
static unsigned scalar_length(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xBF;
	unsigned len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xE0)
		lo = 0xA0;
	else if (p[0] == 0xED)
		hi = 0x9F;
	else if (p[0] == 0xF0)
		lo = 0x90;
	else if (p[0] == 0xF4)
		hi = 0x8F;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (unsigned i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

enum { WORD = 8 };
#define HIGH_BITS 0x8080808080808080u

static uint64_t word_get(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

/* Words over all of it, the last one over what the one before it may have had too. */
static bool is_ascii(const unsigned char *p, size_t n)
{
	uint64_t bits = 0;

	if (n < WORD) {
		while (n--)
			bits |= *p++;
		return !(bits & 0x80);
	}
	for (size_t i = 0; i + WORD < n; i += WORD)
		bits |= word_get(p + i);
	return !((bits | word_get(p + n - WORD)) & HIGH_BITS);
}

bool krux_utf8_valid(struct krux_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0;

	if (is_ascii(p, s.n))
		return true;
	while (i < s.n) {
		unsigned len;

		if (s.n - i >= WORD && !(word_get(p + i) & HIGH_BITS)) {
			i += WORD;
			continue;
		}
		if (p[i] < 0x80) {
			i++;
			continue;
		}
		len = scalar_length(p + i, s.n - i);
		if (!len)
			return false;
		i += len;
	}
	return true;
}

uint32_t krux_utf8_get(const char *text, size_t n, unsigned *len)
{
	const unsigned char *p = (const unsigned char *)text;
	static const unsigned char mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t scalar;

	*len = scalar_length(p, n);
	if (!*len) {
		*len = 1;
		return 0xFFFD;
	}
	scalar = p[0] & mask[*len];
	for (unsigned i = 1; i < *len; i++)
		scalar = scalar << 6 | (p[i] & 0x3F);
	return scalar;
}

unsigned krux_utf8_put(uint32_t scalar, char out[static 4])
{
	unsigned char b[4];
	unsigned len;

	if (scalar < 0x80) {
		out[0] = (char)scalar;
		return 1;
	}
	len = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
	for (unsigned i = len - 1; i > 0; i--) {
		b[i] = (unsigned char)(0x80 | (scalar & 0x3F));
		scalar >>= 6;
	}
	b[0] = (unsigned char)((0xF00u >> len & 0xFFu) | scalar);
	memcpy(out, b, len);
	return len;
}

bool krux_agent_valid(struct krux_str s)
{
	if (s.n < 1 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return true;
}
