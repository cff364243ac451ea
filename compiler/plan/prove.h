/* Claims about all requests: proved on the diagrams, or broken by a call. */
#ifndef KRUX_PROVE_H
#define KRUX_PROVE_H

#include "compiler/dd/decision.h"
#include "compiler/model/claims.h"

/* What a history of calls would have to bring about for the witness to be possible. */
enum history {
	HISTORY_NONE,        /* the very first call can be it */
	HISTORY_REACHABLE,   /* calls that the policy lets through add to each fact that it needs; whether to all of
	                        them together, and so much, is not asked */
	HISTORY_UNREACHABLE, /* no sequence of calls can: nothing adds to one of them */
};

struct proof {
	bool holds;
	bool empty;                          /* no request at all is what it is about */
	const char *limit;                   /* of the diagram, that was met: nothing is known but cap. Else NULL */
	size_t capabilities;                 /* looked at */
	const struct capability *cap;        /* that breaks it */
	struct dd_witness witness;
	const struct outcome *outcome;
	enum history history;
};

/* Diagrams of a whole build. */
struct decided {
	const struct build *build;
	struct decisions *decisions;
	struct dd *const *manager;
	const uint32_t *root;
};

void claim_prove(struct arena *, const struct decided *, const struct claim *, struct proof *out);
const char *history_word(enum history);

#endif
