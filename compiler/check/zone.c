/* The time zone of a build against the list that this machine has. */
#include <stdio.h>
#include <sys/stat.h>

#include "compiler/check/check.h"

static const char zones[] = "/usr/share/zoneinfo";

void check_zone(struct diags *ds, const struct build *b)
{
	char path[256];
	struct stat st;

	/* A machine without the list decides nothing: the runtime refuses what it does not know. */
	if (krux_str_eq(b->zone, KRUX_STR("UTC")) || stat(zones, &st) || b->zone.n > 64)
		return;
	snprintf(path, sizeof path, "%s/%.*s", zones, STR_ARG(b->zone));
	if (!stat(path, &st) && S_ISREG(st.st_mode))
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
