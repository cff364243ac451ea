/* A waiting call, for the person who decides it: nothing but what its ticket names. */
#ifndef KRUX_CARD_H
#define KRUX_CARD_H

#include "runtime/base/changeset.h"
#include "runtime/record/record.h"

struct krux_err;

struct card {
	uint8_t ticket[HASH_LEN];
	struct record record;          /* the deferred one, which has exactly this hash */
	struct krux_value args;        /* canonical */
	bool args_told;                /* they are not in the record, which has their hash alone: they are the
	                                  daemon's word */
	bool has_changes;              /* what waits is that these are put in place */
	struct changeset changes;
	const struct krux_value *told; /* all that the daemon says */
	struct krux_str line;          /* the rule's, from its source; n 0: not known */
};

/* Holds the daemon's answer about one ticket against the ticket. False with *err: it gives no record, or another
 * than the ticket's: reasons to sign nothing. Everything is in the pool or borrows from `told`. */
bool card_check(struct krux_pool *, const struct krux_value *told, struct card *out, struct krux_err *err);
/* Finds the line of the rule in a bundle file, which has to be the very one that decided. Negative with *err. */
int card_source(struct card *, struct krux_pool *, const char *bundle, struct krux_err *err);
/* All of it, for a terminal. full: long texts too. Returns how many texts it has cut, and lines of changes it has left out. */
unsigned card_print(const struct card *, bool full, void *file /* FILE * */);

#endif
