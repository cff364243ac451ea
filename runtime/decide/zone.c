/* libc knows the rules of time zones; what it does not know it silently takes for UTC, so the
 * zone's file is looked for first. */
#include "runtime/decide/zone.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool usable;

static bool name_valid(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	size_t n = strlen(name);

	return n && n <= 64 && strspn(name, letters) == n && name[0] != '/' && name[n - 1] != '/';
}

/* Follows links: distributions make some zones links to others. */
static int zone_find(const char *name, struct krux_err *err)
{
	CLEAN_FD int fd = -1;
	char path[128], magic[4];

	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(err, errno, "time zone %s", name);
	if (read(fd, magic, sizeof magic) != sizeof magic ||
	    memcmp(magic, "TZif", sizeof magic) != 0)
		return err_set(err, 0, "time zone %s: no such zone", name);
	return 0;
}

int zone_set(const char *name, struct krux_err *err)
{
	char tz[80];

	usable = false;
	if (!name_valid(name))
		return err_set(err, 0, "time zone %s: not a name of a zone", name);
	if (!strcmp(name, "UTC")) {
		snprintf(tz, sizeof tz, "UTC0");
	} else {
		if (zone_find(name, err))
			return -1;
		snprintf(tz, sizeof tz, ":/usr/share/zoneinfo/%s", name);
	}
	if (setenv("TZ", tz, 1))
		return err_set(err, errno, "time zone %s", name);
	tzset();
	usable = true;
	return 0;
}

bool zone_time(uint64_t wall, uint64_t *seconds, uint64_t *weekday)
{
	time_t t = (time_t)(wall / 1000000000u);
	struct tm tm;

	if (!usable || !localtime_r(&t, &tm))
		return false;
	*seconds = 3600 * (uint64_t)tm.tm_hour + 60 * (uint64_t)tm.tm_min +
	           (uint64_t)(tm.tm_sec < 60 ? tm.tm_sec : 59);
	*weekday = ((uint64_t)tm.tm_wday + 6) % 7;
	return true;
}
