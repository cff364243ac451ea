/* Whose signatures count for a log: its own key, the witnesses'. */
#ifndef KRUX_AUDIT_TRUST_H
#define KRUX_AUDIT_TRUST_H

#include "runtime/record/checkpoints.h"
#include "runtime/record/witnesses.h"

struct krux_err;
struct state;

struct audit_trust {
	struct note_key log;
	struct krux_public_key key;  /* the same */
	struct witness witness[WITNESSES_MAX];
	size_t nwitnesses;
};

/* From the trust folder; the name of the log is that of its first record. Negative with *err. */
int audit_trust_read(const struct state *, struct audit_trust *, struct krux_err *err);

/* The checkpoint to prove under: the greatest that holds at least `size` records and that most
 * witnesses cosigned. Its bytes, with all good cosignatures behind its own lines; malloc'ed. NULL with
 * *err; err->no is 0 when there is none. */
char *audit_checkpoint(const struct state *, const struct audit_trust *, uint64_t size, size_t *n,
                       struct krux_err *err);

#endif
