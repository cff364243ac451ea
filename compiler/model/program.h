/* Programs and scripts as the machine that compiles has them. What it does not have is known by its name alone. */
#ifndef KRUX_PROGRAM_H
#define KRUX_PROGRAM_H

#include "compiler/base/arena.h"

/* The path once all links are followed, and the file name of that; n 0: there is no such file here. */
struct krux_str program_target(struct arena *, struct krux_str path);
struct krux_str program_real(struct arena *, struct krux_str path);

#endif
