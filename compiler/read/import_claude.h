/* What the files of the importer of settings share. */
#ifndef KRUX_IMPORT_CLAUDE_H
#define KRUX_IMPORT_CLAUDE_H

#include "compiler/read/import_draft.h"

enum order { ORDER_DENY, ORDER_ASK, ORDER_ALLOW, ORDER_MODE, ORDER_READ };

struct settings {
	struct importer *im;
	struct draft_policy policy;
	bool capped;                    /* something could restrict anything: what is allowed is asked for */
	bool plans;                     /* nothing but reading is allowed */
	bool asks_none;                 /* what is asked for is denied */
};

/* One entry of a list, Tool or Tool(what), to a rule. */
void claude_entry(struct settings *, enum order, struct krux_str text);
/* It is an entry of a tool that is known, in any case. */
bool claude_is_entry(struct settings *, struct krux_str text);
/* A key that could deny anything: everything is blocked. */
void claude_unknown(struct settings *, const char *where, struct krux_str key);
/* A key beside permissions: what restricts something, at any depth, denies what it is understood to name, and else
 * caps what is allowed. */
void claude_beside(struct settings *, const struct krux_member *);

#endif
