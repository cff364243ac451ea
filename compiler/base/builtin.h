/* Text that is part of the compiler. */
#ifndef KRUX_BUILTIN_H
#define KRUX_BUILTIN_H

#include "capspec/value.h"

/* The system layer's own file, stdlib-caps/policies/system.yaml, in every build. */
struct krux_str builtin_system_policy(void);

#endif
