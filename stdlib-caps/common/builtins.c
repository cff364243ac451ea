/* The table of builtin handlers, from builtins.def. */
#include <string.h>

#include "stdlib-caps/common/handler.h"

static const struct builtin builtins[] = {
#define WEB(name, calls, ...)
#define RUNS(name)
#define BUILTIN(name, calls, ...) { #name, name##_open, name##_run, calls, { __VA_ARGS__ } },
#include "capspec/builtins.def"
#undef BUILTIN
};

const struct builtin *builtin_find(struct krux_str name)
{
	for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
		if (krux_str_eq(name,
		                (struct krux_str){ builtins[i].name, strlen(builtins[i].name) }))
			return &builtins[i];
	return NULL;
}
