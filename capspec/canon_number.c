/* Number literals: integers, decimals and durations, LANG.md 2.1. Exact: no floating point, and
 * what does not fit is refused, never wrapped or clipped. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <stdio.h>
#include <string.h>

static const char too_large[] = "the number is too large";

/* Far beyond every type, far below the end of the scale. */
#define LARGEST ((krux_u128)1 << 80)

/* Digits with '_' between them, from *i on, after what *v holds. */
static bool digits_read(struct krux_str s, size_t *i, krux_u128 *v, unsigned *count,
                        const char **why)
{
	bool digit = false;

	*count = 0;
	for (; *i < s.n; ++*i) {
		char c = s.p[*i];

		if (c == '_' && digit && *i + 1 < s.n && s.p[*i + 1] >= '0' && s.p[*i + 1] <= '9') {
			digit = false;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digit = true;
		*v = *v * 10 + (unsigned)(c - '0');
		if (*v > LARGEST) {
			*why = too_large;
			return false;
		}
		++*count;
	}
	return *count > 0;
}

static bool suffix_read(struct krux_str s, size_t i, unsigned *shift)
{
	static const char names[] = "KMG";
	const char *name;

	*shift = 0;
	if (i == s.n)
		return true;
	if (s.n - i != 3 || s.p[i + 1] != 'i' || s.p[i + 2] != 'B')
		return false;
	name = memchr(names, s.p[i], 3);
	*shift = name ? 10 * (unsigned)(name - names + 1) : 0;
	return name != NULL;
}

bool krux_read_integer(struct krux_str in, krux_i128 *out, const char **why)
{
	bool minus = in.n && in.p[0] == '-';
	size_t i = in.n && (in.p[0] == '-' || in.p[0] == '+');
	krux_u128 v = 0;
	unsigned count, shift;

	*why = "is no whole number";
	if (!digits_read(in, &i, &v, &count, why))
		return false;
	if (!suffix_read(in, i, &shift)) {
		*why = i < in.n && (in.p[i] == '.' || in.p[i] == 'e' || in.p[i] == 'E') ?
		       "is no whole number" : "a suffix of a number is KiB, MiB or GiB";
		return false;
	}
	v <<= shift;
	*out = minus ? -(krux_i128)v : (krux_i128)v;
	*why = NULL;
	return true;
}

bool krux_read_decimal(struct krux_str in, unsigned scale, krux_i128 *out, const char **why)
{
	bool minus = in.n && in.p[0] == '-';
	size_t i = in.n && (in.p[0] == '-' || in.p[0] == '+');
	krux_u128 v = 0;
	unsigned count, fraction = 0;

	*why = "is no decimal number";
	if (scale > KRUX_MAX_SCALE || !digits_read(in, &i, &v, &count, why))
		return false;
	if (v > (krux_u128)UINT64_MAX) {
		*why = too_large;
		return false;
	}
	if (i < in.n && in.p[i] == '.') {
		i++;
		if (in.n - i > 2 * KRUX_MAX_SCALE) {
			*why = "has too many digits after the point";
			return false;
		}
		if (!digits_read(in, &i, &v, &fraction, why))
			return false;
	}
	if (i != in.n)
		return false;
	if (fraction > scale) {
		*why = "has too many digits after the point";
		return false;
	}
	for (; fraction < scale; fraction++)
		v *= 10;
	*out = minus ? -(krux_i128)v : (krux_i128)v;
	*why = NULL;
	return true;
}

static const struct unit {
	const char *word;
	uint64_t ns;
} units[] = {
	{ "d", 86400000000000 }, { "h", 3600000000000 }, { "m", 60000000000 }, { "s", 1000000000 },
	{ "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
};

bool krux_read_duration(struct krux_str in, uint64_t *ns, const char **why)
{
	krux_u128 v = 0;
	unsigned count;
	size_t i = 0;

	*why = "a duration is digits and one of ns us ms s m h d";
	if (!digits_read(in, &i, &v, &count, why))
		return false;
	for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
		if (!krux_str_eq((struct krux_str){ in.p + i, in.n - i },
		                 (struct krux_str){ units[u].word, strlen(units[u].word) }))
			continue;
		if (v > INT64_MAX / units[u].ns) {
			*why = "the duration is too long";
			return false;
		}
		*ns = (uint64_t)v * units[u].ns;
		*why = NULL;
		return true;
	}
	return false;
}

static int text_put(const char *text, int n, char *out, size_t cap)
{
	if (n < 0 || (size_t)n > cap)
		return -1;
	memcpy(out, text, (size_t)n);
	return n;
}

int krux_duration_text(uint64_t ns, char *out, size_t cap)
{
	char text[32];
	size_t u = ns ? 0 : 3;
	int n;

	while (ns % units[u].ns)
		u++;
	n = snprintf(text, sizeof text, "%llu%s", (unsigned long long)(ns / units[u].ns), units[u].word);
	return text_put(text, n, out, cap);
}

/* The digits of rest and what stands before them, in front of text[at..48); to out. */
static int digits_put(bool minus, krux_u128 rest, char text[static 48], size_t at, char *out, size_t cap)
{
	do {
		text[--at] = (char)('0' + (unsigned)(rest % 10));
		rest /= 10;
	} while (rest);
	if (minus)
		text[--at] = '-';
	return text_put(text + at, (int)(48 - at), out, cap);
}

int krux_integer_text(krux_i128 v, char *out, size_t cap)
{
	char text[48];

	return digits_put(v < 0, v < 0 ? -(krux_u128)v : (krux_u128)v, text, sizeof text, out, cap);
}

int krux_decimal_text(int64_t v, unsigned scale, char *out, size_t cap)
{
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char text[48];
	size_t i = sizeof text;

	for (; scale && rest % 10 == 0; scale--)
		rest /= 10;
	for (unsigned digit = 0; digit < scale; digit++) {
		text[--i] = (char)('0' + (unsigned)(rest % 10));
		rest /= 10;
	}
	if (scale)
		text[--i] = '.';
	return digits_put(v < 0, rest, text, i, out, cap);
}
