/* A time zone file and a moment to an offset. The second, 64-bit block of the file lists the
 * changes; after the last one the rule in its last line holds, which the C library evaluates. */
#include "stdlib-caps/system/zone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct block {
	uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
	const uint8_t *times, *types, *infos;
	size_t size;           /* with the header */
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* width: bytes of a time in this block. */
static bool block_read(const uint8_t *p, size_t n, size_t width, struct block *b)
{
	if (n < 44 || memcmp(p, "TZif", 4) != 0)
		return false;
	*b = (struct block){ .isutcnt = be32(p + 20), .isstdcnt = be32(p + 24),
	                     .leapcnt = be32(p + 28), .timecnt = be32(p + 32),
	                     .typecnt = be32(p + 36), .charcnt = be32(p + 40), .times = p + 44 };
	if (b->isutcnt > ZONE_MAX || b->isstdcnt > ZONE_MAX || b->leapcnt > ZONE_MAX ||
	    b->timecnt > ZONE_MAX || b->typecnt > 256 || !b->typecnt || b->charcnt > ZONE_MAX)
		return false;
	b->types = b->times + b->timecnt * width;
	b->infos = b->types + b->timecnt;
	b->size = 44 + b->timecnt * (width + 1) + b->typecnt * 6 + b->charcnt +
	          b->leapcnt * (width + 4) + b->isstdcnt + b->isutcnt;
	return b->size <= n;
}

static bool type_offset(const struct block *b, unsigned type, int32_t *offset)
{
	if (type >= b->typecnt)
		return false;
	*offset = (int32_t)be32(b->infos + type * 6);
	return *offset > -100000 && *offset < 100000;
}

/* A rule as POSIX has it for TZ: "CET-1CEST,M3.5.0,M10.5.0/3". */
static bool rule_offset(const uint8_t *p, size_t n, int64_t second, int32_t *offset)
{
	time_t t = (time_t)second;
	const uint8_t *end;
	char rule[128];
	struct tm tm;

	if (n < 2 || p[0] != '\n' || !(end = memchr(p + 1, '\n', n - 1)) || end == p + 1 ||
	    (size_t)(end - p) > sizeof rule)
		return false;
	n = (size_t)(end - p - 1);
	memcpy(rule, p + 1, n);
	rule[n] = '\0';
	if (setenv("TZ", rule, 1))
		return false;
	tzset();
	if (!localtime_r(&t, &tm))
		return false;
	*offset = (int32_t)tm.tm_gmtoff;
	return true;
}

bool zone_offset(const uint8_t *file, size_t n, int64_t second, int32_t *offset)
{
	struct block first, b;
	uint32_t lo = 0, hi;
	size_t at;

	if (n > ZONE_MAX || !block_read(file, n, 4, &first) || file[4] < '2')
		return false;
	at = first.size;
	if (!block_read(file + at, n - at, 8, &b))
		return false;
	for (hi = b.timecnt; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (be64(b.times + (size_t)mid * 8) <= second)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == b.timecnt && rule_offset(file + at + b.size, n - at - b.size, second, offset))
		return true;
	return type_offset(&b, lo ? b.types[lo - 1] : 0, offset);
}
