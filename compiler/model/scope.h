/* What names mean in one policy file. Opaque outside of compiler/model and compiler/check. */
#ifndef KRUX_SCOPE_H
#define KRUX_SCOPE_H

#include "compiler/model/names.h"

struct group {
	const struct krux_str *pattern;
	size_t n;
	bool differs;                        /* outside of any file: two have such a group, and not the same */
};

/* Work done for all files of a build together, so that it ends somewhere. */
struct work {
	size_t nodes;                        /* of typed conditions, and what counts as such */
	size_t meets;                        /* of rules or claims and capabilities */
	uint32_t *seen;                      /* [capability]: 2 * turn, +1 by its own name */
	uint32_t turn;
};

struct scope {
	const struct capability_set *caps;
	struct work *work;
	const struct policyfile *file;       /* NULL: outside of any file */
	struct names defines, groups, rules; /* in the order of the file */
	const struct group *group;
	bool *define_used, *group_used;
	struct names labels;                 /* that some capability sets */
};

#endif
