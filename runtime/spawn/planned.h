/* What the bundle's plan leaves a call of one agent, put on before anything of the workspace is opened. */
#ifndef KRUX_PLANNED_H
#define KRUX_PLANNED_H

#include "runtime/spawn/child.h"

/* Landlock with the plan's folders and rights, and what the handler was given of the host. 0, or -1 with
 * errno. */
int planned_restrict(const struct child_plan *, const int *host, size_t nhost);

#endif
