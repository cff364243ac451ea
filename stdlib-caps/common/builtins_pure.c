/* The builtins that need no sandbox, since there is nothing that they could reach. */
#include <string.h>

#include "stdlib-caps/common/handler.h"

static const struct builtin builtins[] = {
#define BUILTIN(name, calls, ...)
#define PURE(name) { #name, name##_open, name##_run, CALLS_PURE, { NULL } },
#include "capspec/builtins.def"
#undef BUILTIN
};

const struct builtin *builtin_pure(struct krux_str name)
{
	for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
		if (krux_str_eq(name, (struct krux_str){ builtins[i].name, strlen(builtins[i].name) }))
			return &builtins[i];
	return NULL;
}
