/* Bytes of a program to text that JSON can have. */
#include "runtime/spawn/shown.h"

#include "capspec/canon.h"

#include <string.h>

static const struct { unsigned char first, last; size_t n; } leads[] = {
	{ 0x01, 0x7f, 1 }, { 0xc2, 0xdf, 2 }, { 0xe0, 0xef, 3 }, { 0xf0, 0xf4, 4 },
};

/* Bytes that a character has which begins so; 0: none does. */
static size_t length(unsigned char c)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
		if (c >= leads[i].first && c <= leads[i].last)
			return leads[i].n;
	return 0;
}

/* Bytes of the next character; 0: there is none that begins here. */
static size_t character(const char *p, size_t n)
{
	const size_t k = length((unsigned char)*p);

	return k && n >= k && krux_utf8_valid((struct krux_str){ p, k }) ? k : 0;
}

struct krux_str shown_text(struct krux_pool *pool, const char *p, size_t n, size_t most, bool *cut)
{
	static const char unknown[] = "\xEF\xBF\xBD";
	const size_t room = n > SIZE_MAX / 3 || 3 * n > most ? most : 3 * n;
	char *out = krux_pool_get(pool, room + 1);
	size_t at = 0, to = 0;

	while (out && at < n) {
		size_t k = character(p + at, n - at), bytes = k ? k : sizeof unknown - 1;

		if (to + bytes > room) {
			*cut = true;
			break;
		}
		memcpy(out + to, k ? p + at : unknown, bytes);
		to += bytes;
		at += k ? k : 1;
	}
	return (struct krux_str){ out, to };
}

size_t shown_begun(const char *p, size_t n)
{
	for (size_t k = 1; k <= 3 && k <= n; k++) {
		const unsigned char c = (unsigned char)p[n - k];

		if (length(c) > k)
			return k;
		if ((c & 0xC0) != 0x80)
			return 0;
	}
	return 0;
}
