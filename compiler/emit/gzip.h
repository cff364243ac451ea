/* Texts to gzip files that capspec/gzip.h reads. */
#ifndef KRUX_EMIT_GZIP_H
#define KRUX_EMIT_GZIP_H

#include "compiler/base/buf.h"

/* The same text gives the same bytes, on every machine. */
void gzip_write(struct buf *, struct krux_str text);

#endif
