/* What names mean in one policy file. Opaque outside of compiler/model and compiler/check. */
#ifndef KRUX_SCOPE_H
#define KRUX_SCOPE_H

#include "compiler/model/names.h"

struct group {
	const struct krux_str *pattern;
	size_t n;
};

struct scope {
	const struct capability_set *caps;
	const struct policyfile *file;       /* NULL: outside of any file */
	struct names defines, groups, rules; /* in the order of the file */
	const struct group *group;
	bool *define_used, *group_used;
	struct names labels;                 /* that some capability sets */
};

#endif
