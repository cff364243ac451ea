/* Signatures in records: of operators under acts, of approvers under tickets. */
#ifndef KRUX_SIGN_H
#define KRUX_SIGN_H

#include "runtime/record/record.h"

enum { SIGN_KEY = 32, SIGN_LEN = 64 };

struct signer {
	struct krux_str name;
	const uint8_t *key, *signature;      /* SIGN_KEY and SIGN_LEN bytes */
};
/* The i-th of a record's signers. False: there are no more. */
bool signer_at(const struct record *, size_t i, struct signer *);

/* Over "krux/operator/1" NUL || the record's body without signers. */
bool signer_holds_act(const struct signer *, const struct record *);
/* Over "krux/approve/1" NUL || ticket || "accept" or "reject". */
bool signer_holds_decision(const struct signer *, const uint8_t ticket[static HASH_LEN], const char *action);

#endif
