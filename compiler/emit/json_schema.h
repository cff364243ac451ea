/* Types as JSON Schema, for MCP tools and for people's editors. A schema accepts every value
 * that the type accepts; what JSON Schema cannot say (bytes instead of characters, canonical
 * forms) is left to krux_canon. */
#ifndef KRUX_JSON_SCHEMA_H
#define KRUX_JSON_SCHEMA_H

#include "capspec/type.h"
#include "compiler/base/buf.h"

void json_schema_type(struct buf *, const struct krux_type *);

#endif
