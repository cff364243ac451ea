/* Dates: RFC 3339 text to nanoseconds since 1970 UTC and back, LANG.md 2.6. */
#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_YEAR = 1677, LAST_YEAR = 2262, SECOND = 1000000000 };   /* of the ends of int64 */

#define OUTSIDE "must be within 1677-09-21T00:12:43.145224192Z..2262-04-11T23:47:16.854775807Z"

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years start in March, so that a
 * leap day ends its year. */
static int64_t days_from_date(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned year, day;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year = (unsigned)(y - era * 400);
	day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(year * 365 + year / 4 - year / 100 + day) - 719468;
}

static void date_from_days(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t era;
	unsigned doe, year, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = (unsigned)(days - era * 146097);
	year = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * year + year / 4 - year / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = era * 400 + year + (*m <= 2);
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && y % 4 == 0 && (y % 100 || y % 400 == 0) ? 29 : days[m - 1];
}

struct scan {
	const char *p, *end;
};

/* Exactly n digits, within lo..hi. */
static bool number_scan(struct scan *s, unsigned n, unsigned lo, unsigned hi, unsigned *out)
{
	unsigned v = 0;

	if ((size_t)(s->end - s->p) < n)
		return false;
	for (; n; n--, s->p++) {
		if (*s->p < '0' || *s->p > '9')
			return false;
		v = v * 10 + (unsigned)(*s->p - '0');
	}
	*out = v;
	return v >= lo && v <= hi;
}

static bool char_scan(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool fraction_scan(struct scan *s, int64_t *ns)
{
	int64_t unit = SECOND;

	*ns = 0;
	if (!char_scan(s, '.'))
		return true;
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		unit /= 10;
		if (!unit)
			return false;
		*ns += unit * (*s->p - '0');
	}
	return unit < SECOND;
}

/* Z or +hh:mm, in minutes. */
static bool offset_scan(struct scan *s, int *minutes)
{
	unsigned h, m;
	bool minus;

	*minutes = 0;
	if (char_scan(s, 'Z') || char_scan(s, 'z'))
		return true;
	minus = char_scan(s, '-');
	if ((!minus && !char_scan(s, '+')) || !number_scan(s, 2, 0, 23, &h) || !char_scan(s, ':') ||
	    !number_scan(s, 2, 0, 59, &m))
		return false;
	*minutes = minus ? -(int)(h * 60 + m) : (int)(h * 60 + m);
	return true;
}

bool krux_read_datetime(struct krux_str in, int64_t *ns, const char **why)
{
	struct scan s = { in.p, in.n ? in.p + in.n : in.p };
	unsigned y, mon, d, h, min, sec;
	int64_t fraction, seconds;
	krux_i128 all;
	int offset;

	*why = OUTSIDE;
	if (number_scan(&s, 4, 0, 9999, &y) && (y < FIRST_YEAR || y > LAST_YEAR))
		return false;
	*why = "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z";
	s.p = in.p;
	if (!number_scan(&s, 4, FIRST_YEAR, LAST_YEAR, &y) || !char_scan(&s, '-') ||
	    !number_scan(&s, 2, 1, 12, &mon) || !char_scan(&s, '-') || !number_scan(&s, 2, 1, 31, &d) ||
	    (!char_scan(&s, 'T') && !char_scan(&s, 't')))
		return false;
	if (d > month_days(y, mon)) {
		*why = "the month has no such day";
		return false;
	}
	if (!number_scan(&s, 2, 0, 23, &h) || !char_scan(&s, ':') || !number_scan(&s, 2, 0, 59, &min) ||
	    !char_scan(&s, ':') || !number_scan(&s, 2, 0, 60, &sec))
		return false;
	if (sec == 60) {
		*why = "leap seconds are not known here";
		return false;
	}
	if (!fraction_scan(&s, &fraction)) {
		*why = "a second has 1 to 9 fraction digits";
		return false;
	}
	if (!offset_scan(&s, &offset) || s.p != s.end)
		return false;
	seconds = days_from_date(y, mon, d) * 86400 + h * 3600 + min * 60 + sec - offset * 60;
	all = (krux_i128)seconds * SECOND + fraction;
	*why = OUTSIDE;
	if (all < INT64_MIN || all > INT64_MAX)
		return false;
	*ns = (int64_t)all;
	*why = NULL;
	return true;
}

int krux_datetime_text(int64_t ns, char *out, size_t cap)
{
	int64_t seconds = ns / SECOND, fraction = ns % SECOND, days, rest, y;
	unsigned m, d;
	char text[48];
	int n;

	if (fraction < 0) {
		fraction += SECOND;
		seconds--;
	}
	days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
	rest = seconds - days * 86400;
	date_from_days(days, &y, &m, &d);
	n = snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", (int)y, m, d,
	             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	if (fraction) {
		n += snprintf(text + n, sizeof text - (size_t)n, ".%09d", (int)fraction);
		while (text[n - 1] == '0')
			n--;
	}
	text[n++] = 'Z';
	if ((size_t)n > cap)
		return -1;
	memcpy(out, text, (size_t)n);
	return n;
}
