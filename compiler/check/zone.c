/* The time zone of a build against the list that this machine has. */
#include <stdio.h>
#include <sys/stat.h>

#include "compiler/check/check.h"

static const char zones[] = "/usr/share/zoneinfo";

bool zone_known(struct krux_str zone)
{
	char path[256];
	struct stat st;

	if (krux_str_eq(zone, KRUX_STR("UTC")))
		return true;
	return snprintf(path, sizeof path, "%s/%.*s", zones, STR_ARG(zone)) < (int)sizeof path && !stat(path, &st) &&
	       S_ISREG(st.st_mode);
}

void check_zone(struct diags *ds, const struct build *b)
{
	struct stat st;

	/* A machine without the list decides nothing: the runtime refuses what it does not know. */
	if (stat(zones, &st) || b->zone.n > 64 || zone_known(b->zone))
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
