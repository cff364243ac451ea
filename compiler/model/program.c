/* The one question to the file system in the model: what the path of a program or a script is a link to. */
#include "compiler/model/program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/model/program_name.h"

struct krux_str program_target(struct arena *a, struct krux_str path)
{
	char *text = arena_copy(a, path.p, path.n), real[PATH_MAX];

	if (memchr(path.p, 0, path.n) || !realpath(text, real))
		return (struct krux_str){ 0 };
	return arena_str(a, (struct krux_str){ real, strlen(real) });
}

struct krux_str program_real(struct arena *a, struct krux_str path)
{
	return program_file(program_target(a, path));
}
