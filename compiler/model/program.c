/* The one question to the file system in the model: what a program's path is a link to. */
#include "compiler/model/usage.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct krux_str program_real(struct arena *a, struct krux_str path)
{
	char *text = arena_copy(a, path.p, path.n), real[PATH_MAX];
	const char *slash;

	if (!realpath(text, real))
		return (struct krux_str){ 0 };
	slash = strrchr(real, '/');
	return arena_str(a, (struct krux_str){ slash + 1, strlen(slash + 1) });
}
