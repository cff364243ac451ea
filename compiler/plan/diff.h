/* What changed between two builds: exact regions, read off one diagram of both. */
#ifndef KRUX_DIFF_H
#define KRUX_DIFF_H

#include "compiler/plan/condense.h"

enum change_kind {
	CHANGE_REGION,      /* requests whose verdict or obligations differ */
	CHANGE_ZONE,        /* rules for the capability read the local time, which is another now; its
	                       regions compare equal local times, so that this one always widens */
	CHANGE_REST,        /* regions of the capability that are not shown */
	CHANGE_ADDED,       /* a capability that the old build does not have */
	CHANGE_REMOVED,
	CHANGE_INPUT,       /* its input or its effects changed: comes before the regions of the calls that
	                       both builds take */
};

struct change {
	enum change_kind kind;
	const struct capability *cap;      /* of the new build; of the old one when REMOVED */
	const struct capability *call;     /* REGION: what the witness is a call of: cap with the input that
	                                      callers of both give */
	const struct capability *old;
	struct dd *m;                      /* REGION: the manager of both */
	const struct joined_row *row;      /* REGION: what holds in it */
	const struct outcome *from, *to;
	struct dd_witness witness;
	bool widens;                       /* lets more through, or asks for less before it does; REST: some
	                                      region of the capability does */
	uint64_t rest;                     /* REST: how many, UINT64_MAX for as many or more */
	bool breaking;                     /* INPUT: calls that were right no longer are */
	struct krux_str why;               /* INPUT, breaking: the first reason */
	struct krux_str what;              /* INPUT: what was changed, and how */
	struct krux_str unequal;           /* INPUT: why no call is right for both in a way that regions can
	                                      show; n 0: regions follow */
};

typedef bool change_fn(void *ctx, const struct decisions *, const struct change *);

enum { DIFF_MOST_REGIONS = 65536 };

/* Calls back for each change in the order of capabilities; false stops. Regions are the rows of joined_rows, whose words
 * are made along. Of them at most DIFF_MOST_REGIONS in all, then how many more there are, by capability, not
 * all of them joined; with `wider` only of those that widen, and the first of each capability. False after an
 * overflow, which is reported. */
bool builds_diff(struct words *, struct diags *, const struct build *old, const struct build *new, bool wider,
                 change_fn *fn, void *ctx);

/* Are calls that were right for `old` right for `new`; else why not. */
bool capability_compatible(struct arena *, const struct capability *old, const struct capability *new,
                           struct krux_str *why);
/* The same arguments with the same defaults, bound to the same effects: a request of the one is one of
 * the other. */
bool capability_same_input(const struct capability *, const struct capability *);
bool effects_same(const struct capability *, const struct capability *);
/* The same values, parts and defaults of parts. */
bool type_same(const struct krux_type *, const struct krux_type *);
/* NULL: none, which is the same as none. */
bool value_same(const struct krux_value *, const struct krux_value *);

#endif
