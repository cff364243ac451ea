/* The C compiler: decide.c to a shared object, the same bytes in any folder at any time. */
#ifndef KRUX_CC_H
#define KRUX_CC_H

#include "compiler/base/diag.h"

/* Runs $CC, or the first of gcc, clang and cc in $PATH, without a shell, in a private folder.
 * *version is the first line that it says of itself. Both in the arena. False after a
 * diagnostic. */
bool cc_shared_object(struct arena *, struct diags *, struct krux_str c_text, struct krux_str *so,
                      struct krux_str *version);

#endif
