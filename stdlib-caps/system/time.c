/* system.time: the clock and a zone to the time there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/system/zone.h"

enum { LOCAL = 96 };

bool system_time_open(struct handler_call *c)
{
	struct krux_str zone = arg_text(c, "timezone");
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
	                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	char name[65];

	if (!zone.n || zone.n >= sizeof name || zone.p[0] == '/')
		return handler_fail(c, "InvalidTimezone", "That is not the name of a time zone.");
	memcpy(name, zone.p, zone.n);
	name[zone.n] = '\0';
	if (!strcmp(name, "UTC"))
		return true;
	/* The database itself is made of links, all inside it. */
	c->fd = c->host[0] < 0 ? -1 : (int)syscall(SYS_openat2, c->host[0], name, &how, sizeof how);
	if (c->fd < 0 || fstat(c->fd, &c->st) || !S_ISREG(c->st.st_mode))
		return handler_fail(c, "InvalidTimezone",
		                    "%s: there is no such time zone on this machine.", name);
	return true;
}

static bool zone_read(struct handler_call *c, int64_t second, int32_t *offset)
{
	uint8_t *file = krux_pool_get(c->pool, ZONE_MAX + 1);
	size_t n = 0;
	ssize_t k = 0;

	*offset = 0;
	if (c->fd < 0)
		return true;
	while (file && n <= ZONE_MAX && (k = read(c->fd, file + n, ZONE_MAX + 1 - n)) > 0)
		n += (size_t)k;
	return (file && k >= 0 && zone_offset(file, n, second, offset)) ||
	       handler_fail(c, "InvalidTimezone", "The machine's file for it is not a time zone.");
}

static bool local_text(char out[static LOCAL], int64_t second, int32_t offset, const char **weekday)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	time_t t = (time_t)(second + offset);
	int minutes = abs(offset) / 60;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return false;
	*weekday = days[tm.tm_wday];
	snprintf(out, LOCAL, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", tm.tm_year + 1900,
	         tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	         offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return true;
}

bool system_time_run(struct handler_call *c)
{
	char *local = krux_pool_get(c->pool, LOCAL);
	const char *weekday;
	struct timespec now;
	int32_t offset;
	struct answer a;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!zone_read(c, now.tv_sec, &offset))
		return false;
	if (!local || !local_text(local, now.tv_sec, offset, &weekday))
		return handler_fail(c, "InvalidTimezone", "The time there cannot be told.");
	answer_begin(&a, c->pool);
	answer_time(&a, "utc", now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	answer_int(&a, "unix_epoch", now.tv_sec);
	answer_int(&a, "unix_epoch_ms", now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000);
	answer_word(&a, "local", local);
	answer_text(&a, "timezone", arg_text(c, "timezone"));
	answer_int(&a, "offset", offset);
	answer_word(&a, "weekday", weekday);
	return answer_give(&a, c, "InvalidTimezone");
}
