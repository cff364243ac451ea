/* MCP tool definitions, one a capability, as a tools/list answer has them. */
#ifndef KRUX_TOOLS_H
#define KRUX_TOOLS_H

#include "compiler/base/buf.h"
#include "compiler/model/model.h"

void tools_write(struct buf *, const struct capability_set *);

#endif
