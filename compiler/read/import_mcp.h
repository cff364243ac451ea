/* What the files of the MCP importer share. */
#ifndef KRUX_IMPORT_MCP_H
#define KRUX_IMPORT_MCP_H

#include "compiler/read/import_draft.h"

/* The properties of an object's schema to fields; schema may be NULL. */
void import_mcp_fields(struct importer *, struct draft_cap *, const struct krux_value *schema, bool input);

#endif
