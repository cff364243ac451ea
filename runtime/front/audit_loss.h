/* Losses that an operator has acknowledged: which checkpoints the log need not have the records of any more. */
#ifndef KRUX_AUDIT_LOSS_H
#define KRUX_AUDIT_LOSS_H

#include "runtime/record/record.h"
#include "runtime/record/sign.h"

struct checkpoint_list;
struct checkpoint_seen;
struct krux_err;
struct state;

/* All zero before the first record. */
struct losses {
	struct loss {
		uint64_t kept;               /* records that were there still */
		uint64_t lost;               /* that there had been */
		uint64_t seq;                /* of the operator's word */
		bool has_root;
		uint8_t root[HASH_LEN];      /* of the greatest tree that was signed */
		uint64_t size;               /* of that */
		uint8_t by[SIGN_KEY];
	} *loss;
	struct operator_gone {               /* keys of operators that were taken back */
		uint64_t seq;
		uint8_t key[SIGN_KEY], by[SIGN_KEY];
	} *gone;
	size_t n, ngone;
	uint8_t epoch[16];           /* of the records since `start` */
	uint64_t start;
};

/* Called with every record in order. Negative with *err: no memory. */
int losses_take(struct losses *, const struct record *, struct krux_err *err);
/* After the last: what no operator has signed goes. Operators are those of the trust folder, and whom one of them took
 * back later, in the first `size` records, which are known to be what the log's key has signed. list: what it signed.
 * Negative with *err. */
int losses_judge(struct losses *, const struct state *, const struct checkpoint_list *, uint64_t size,
                 struct krux_err *err);
/* That this tree is not the log's is known. It was signed before the loss: nothing up to that size is after it. */
bool losses_cover(const struct losses *, const struct checkpoint_seen *);
void losses_free(struct losses *);

#endif
