/* Acts of an operator: a record, signed here with a key that stays here, appended by the daemon, or by
 * this process where the daemon does not run. */
#ifndef KRUX_ACT_H
#define KRUX_ACT_H

#include "runtime/front/supervisor.h"
#include "runtime/record/record.h"

struct act_place {
	struct supervisor *daemon;     /* the connection; NULL: none is made */
	const char *socket;            /* the daemon's; NULL: where supervisor_reach looks */
	const char *state;             /* or a stopped state; NULL: the daemon */
	const char *operator;          /* path of NAME.key */
};

/* Adds a nonce and the signature to the record and has it appended. *seq is its number. */
enum supervisor_result act_do(const struct act_place *, struct record *, uint64_t *seq, struct krux_err *err);

#endif
