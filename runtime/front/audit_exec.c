/* kruxrt audit: the program krux-audit, which stands beside this one. What reads logs for people is in
 * none of the daemon's processes. */
#include "runtime/front/front.h"

#include "runtime/base/screen.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char name[] = "krux-audit";

int audit_exec(int argc, char **argv)
{
	char path[PATH_MAX + sizeof name], *slash;
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char **all = calloc((size_t)argc + 2, sizeof *all);

	if (n > 0 && n < PATH_MAX && all) {
		path[n] = 0;
		slash = strrchr(path, '/');
		memcpy(slash ? slash + 1 : path, name, sizeof name);
		all[0] = path;
		memcpy(all + 1, argv, (size_t)argc * sizeof *all);
		execv(path, all);
	}
	fputs("kruxrt audit: ", stderr);
	screen_puts(stderr, n > 0 ? path : name);
	fprintf(stderr, ": %s\n", strerror(errno));
	free(all);
	return EXIT_SYSTEM;
}
