/* One try a feature: 0, or -1 with errno. For a child that ends afterwards. */
#ifndef KRUX_FEATURE_TRY_H
#define KRUX_FEATURE_TRY_H

#define FEATURE(need, name, try, loses, get) int try_##try(void);
#include "runtime/sandbox/features.def"
#undef FEATURE

#endif
