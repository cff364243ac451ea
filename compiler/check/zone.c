/* The time zone of a build against the list that this machine has. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler/check/check.h"

static const char zones[] = "/usr/share/zoneinfo";

/* What stands beside the zones of that list and is none: what a machine has chosen, or zones by another count of
 * seconds. Refused with a list and without, so that a policy means the same everywhere. */
static bool zone_of_machine(struct krux_str zone)
{
	static const char *const names[] = { "localtime", "posixrules", "posix", "right", "Factory" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);

		if (zone.n >= n && !memcmp(zone.p, names[i], n) && (zone.n == n || zone.p[n] == '/'))
			return true;
	}
	return false;
}

bool zone_known(struct krux_str zone)
{
	char path[256], magic[4] = { 0 };
	bool known = false;
	int fd;

	if (krux_str_eq(zone, KRUX_STR("UTC")))
		return true;
	if (zone_of_machine(zone) || snprintf(path, sizeof path, "%s/%.*s", zones, STR_ARG(zone)) >= (int)sizeof path)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		known = read(fd, magic, sizeof magic) == sizeof magic && !memcmp(magic, "TZif", sizeof magic);
		close(fd);
	}
	return known;
}

void check_zone(struct diags *ds, const struct build *b)
{
	/* A machine without the list decides nothing more: the runtime refuses what it does not know. */
	if (b->zone.n > 64 || zone_known(b->zone) || (access(zones, F_OK) && !zone_of_machine(b->zone)))
		return;
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct ast_word *zone = &b->policy[i].ast->zone;

		if (zone->at.src && krux_str_eq(zone->text, b->zone)) {
			diag_error(ds, 2106, zone->at, "there is no time zone `%.*s`",
			           STR_ARG(b->zone))
				->expected = KRUX_STR("a name such as Europe/London or UTC");
			return;
		}
	}
}
