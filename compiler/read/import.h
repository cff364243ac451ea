/* Files of other systems to ours. What cannot be carried over exactly is a warning with its
 * reason, and a comment at the place in the output; what had to be invented is marked
 * `# review:`. */
#ifndef KRUX_IMPORT_H
#define KRUX_IMPORT_H

#include "compiler/base/diag.h"

enum import_kind {
	IMPORT_KRUXOS,      /* capability YAML to .cap, policy YAML in its six shapes to a policy */
	IMPORT_MCP,         /* a saved answer to tools/list to .cap */
	IMPORT_CLAUDE,      /* settings JSON with permissions.allow, ask, deny to a policy */
};

struct imported {
	struct krux_str name;       /* "filesystem.cap", "deploy-bot.yaml": unique in one answer */
	struct krux_str text;
};

struct imports {
	const struct imported *file;
	size_t n;
};

/* False after errors; warnings alone leave a result. */
bool import_run(struct arena *, struct diags *, enum import_kind, const struct source *const *src,
                size_t n, struct imports *out);

#endif
