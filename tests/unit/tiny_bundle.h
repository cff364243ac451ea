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

/* The same with the real filesystem.stat in place of files.read; the object is compiled with
 * -DREAL. */
const struct krux_capability *tiny_real_caps(const struct krux_type *input, const struct krux_type *output);

/* The same, and the first of them is a command: `program`, given its path, with a second effect that writes it where
 * `changes`. */
const struct krux_capability *tiny_command_caps(const struct krux_type *input, const char *program, bool changes);

/* A signed bundle in the file `path`, with TINY_CAPS capabilities. */
bool tiny_bundle(const char *path, const struct krux_secret_key *, uint64_t serial, const char *zone,
                 struct krux_str object, const struct krux_capability *caps);

#endif
