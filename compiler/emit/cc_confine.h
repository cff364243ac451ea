/* What holds the C compiler: first a list of places with rights and a filter, opened and made by kruxc, then put on by
 * the child before it becomes the compiler. */
#ifndef KRUX_CC_CONFINE_H
#define KRUX_CC_CONFINE_H

#include "capspec/bpf.h"
#include "capspec/landlock.h"
#include "compiler/base/diag.h"
#include "compiler/emit/cc.h"

struct confinement {
	int abi;                            /* of Landlock; 0: waived and missing */
	const struct krux_filter *filter;   /* of this machine; NULL: waived and missing */
	struct landlock_grant *grant;
	const char **place;                 /* the name of each grant */
	size_t n, nsystem;                  /* of them those that every compiler has; the last is its folder */
};

/* For a compiler by its path, which works in that folder. Opens what confinement_close closes, also after a failure.
 * False after a diagnostic: the machine lacks what nobody has waived, or a place that was named cannot be read. */
bool confinement_make(struct arena *, struct diags *, const struct cc_allowed *, const char *program, const char *folder,
                      struct confinement *);
void confinement_close(struct confinement *);

/* In the child, for good: no new privileges, no capability but to look, the places, the filter. NULL, or what could not
 * be done, with errno. */
const char *confinement_put_on(const struct confinement *);

/* What it may do, and how it gets more: for who reads that something was refused. */
struct krux_str confinement_words(struct arena *, const struct confinement *);

#endif
