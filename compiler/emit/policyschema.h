/* A JSON Schema (draft-07) of policy files, for editors: the reader's own table of keys. */
#ifndef KRUX_POLICYSCHEMA_H
#define KRUX_POLICYSCHEMA_H

#include "compiler/base/buf.h"

void policyschema_write(struct buf *);

#endif
