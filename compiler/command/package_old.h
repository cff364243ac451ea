/* The package that was built into a folder before, by its manifest. */
#ifndef KRUX_PACKAGE_OLD_H
#define KRUX_PACKAGE_OLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capspec/digest.h"

#define PACKAGE_BUNDLE "bundle.krux"
#define PACKAGE_MANIFEST "manifest.txt"

struct arena;

struct old_part {
	const char *name;
	uint8_t digest[KRUX_SHA256];
};

struct old_package {
	bool there;                     /* there is a manifest, and a build wrote it */
	struct old_part *part;
	size_t n;
};

/* What the manifest in the folder `out` says; all in the arena. */
struct old_package old_package_read(struct arena *, int out);
/* The file of that name is the old package's to write over. */
bool old_package_names(const struct old_package *, const char *name);

/* A part that a later package may not have: such a name, in one of a package's folders. A manifest that somebody wrote
 * himself removes nothing else. */
bool old_part_may_go(const struct old_part *);

enum old_state { OLD_GONE, OLD_AS_BUILT, OLD_CHANGED };

/* Of one that may go; what stands in its place and is no file was changed, and so was what cannot be read. What is
 * behind a link in place of its folder is not looked at: gone. */
enum old_state old_part_state(struct arena *, int out, const struct old_part *);
/* False with errno; gone is fine. */
bool old_part_remove(struct arena *, int out, const struct old_part *);

#endif
