/* Local times by the C library, which has one zone at a time: TZ. */
#include "compiler/command/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/check/check.h"

enum { QUARTER = 900, QUARTERS = 365 * 96 };

static const time_t year = 1767225600;     /* 2026-01-01T00:00:00Z */

static void zone_set(const char *zone)
{
	if (zone)
		setenv("TZ", zone, 1);
	else
		unsetenv("TZ");
	tzset();
}

bool clock_set(struct krux_str zone)
{
	char name[80];

	if (zone.n >= sizeof name || !zone_known(zone))
		return false;
	snprintf(name, sizeof name, "%.*s", (int)zone.n, zone.p);
	zone_set(name);
	return true;
}

void clock_local(uint64_t wall, uint64_t *seconds, uint64_t *weekday)
{
	time_t t = (time_t)(wall / 1000000000u);
	struct tm tm;

	if (!localtime_r(&t, &tm))
		tm = (struct tm){ 0 };
	*seconds = 3600 * (uint64_t)tm.tm_hour + 60 * (uint64_t)tm.tm_min + (uint64_t)(tm.tm_sec < 60 ? tm.tm_sec : 59);
	*weekday = ((uint64_t)tm.tm_wday + 6) % 7;
}

/* Seconds east of Greenwich, by quarter of an hour. */
static void offsets_read(long *offset)
{
	struct tm tm;

	for (int i = 0; i < QUARTERS; i++) {
		time_t t = year + (time_t)i * QUARTER;

		offset[i] = localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
	}
}

static void local_print(char out[16], time_t t)
{
	static const char day[7][4] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		tm = (struct tm){ 0 };
	snprintf(out, 16, "%.3s %02u:%02u", day[tm.tm_wday % 7], (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100);
}

static void instant_print(struct clock *out, time_t t, long old, long new)
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out->utc, sizeof out->utc, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out->utc[0] = '\0';
	local_print(out->old, t + old);
	local_print(out->new, t + new);
}

bool clock_differs(struct krux_str old, struct krux_str new, struct clock *out)
{
	long *a = calloc(QUARTERS, sizeof *a), *b = calloc(QUARTERS, sizeof *b);
	const char *tz = getenv("TZ");
	char *before = tz ? strdup(tz) : NULL;
	bool known = false, found = false;

	if (a && b && (before || !tz) && clock_set(old)) {
		offsets_read(a);
		known = clock_set(new);
		if (known)
			offsets_read(b);
		zone_set(before);
		for (int i = 0; i < QUARTERS && known && !found; i++) {
			found = a[i] != b[i];
			if (found)
				instant_print(out, year + (time_t)i * QUARTER, a[i], b[i]);
		}
	}
	free(before);
	free(a);
	free(b);
	return found;
}
