/* One escaper for each output language. Text of users reaches an output only through these. */
#ifndef KRUX_ESCAPE_H
#define KRUX_ESCAPE_H

#include "compiler/base/buf.h"

/* For terminals: control, bidirectional, zero-width and invalid bytes as \n, \t, \xNN or \u{N}. */
void escape_screen(struct buf *, struct krux_str);
/* Inside "..." of JSON; the quotes are the caller's. */
void escape_json(struct buf *, struct krux_str);
/* Inside "..." of C: no trigraphs, no digit after an octal escape. */
void escape_c(struct buf *, struct krux_str);
/* Inside a C comment: as for a screen, and never its end. */
void escape_comment(struct buf *, struct krux_str);
/* Inside "..." of .cap and of conditions. */
void escape_cap(struct buf *, struct krux_str);
/* A YAML scalar, double-quoted where plain would not do. */
void escape_yaml(struct buf *, struct krux_str);
/* A path inside a URI: everything but / and what needs no escape as %XX, so that no part of it is
 * taken for a scheme, a query or a fragment. */
void escape_uri(struct buf *, struct krux_str);
/* Running text of Markdown. */
void escape_markdown(struct buf *, struct krux_str);

#endif
