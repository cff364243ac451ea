/* Policies to try the runtime with: tests/unit/tiny/policy.c compiled, and bundles with it. */
#ifndef KRUX_TINY_BUNDLE_H
#define KRUX_TINY_BUNDLE_H

#include "capspec/bundle.h"
#include "capspec/schema.h"

/* Compiles it with further flags of the C compiler and linker ("-DFAULT=1"), NULL-terminated.
 * The object, caller frees; NULL where the compiler fails. */
uint8_t *tiny_object(const char *const *flags, size_t *n);

/* Its capabilities, in the order of its indexes; 3 of them. */
const struct krux_capability *tiny_caps(void);
enum { TINY_CAPS = 3 };

/* A signed bundle in the file `path`. */
bool tiny_bundle(const char *path, const struct krux_secret_key *, uint64_t serial, const char *zone,
                 struct krux_str object);

#endif
