/* Proofs that a record is in the log (C2SP tlog-proof): index, path and a signed checkpoint in
 * one text that can be checked without the log. */
#ifndef KRUX_PROOF_H
#define KRUX_PROOF_H

#include "runtime/record/checkpoint.h"
#include "runtime/record/tree.h"

enum { PROOF_EXTRA = 8192 };

struct proof {
	struct krux_str extra;       /* base64 as it stands there; n 0: none. Signed by nobody. */
	uint64_t index;
	struct tree_path path;
	struct note note;
	struct checkpoint checkpoint;
};

/* Any bytes to a proof; borrows. */
bool proof_parse(struct krux_str, struct proof *, const char **why);
/* Its text; out NULL: only the length. note: the checkpoint's bytes. */
size_t proof_text(uint64_t index, const struct tree_path *, struct krux_str note, char *out, size_t cap);
/* Is the leaf at the place that the proof says, under its checkpoint's root. The signatures are
 * note_verify's matter. */
bool proof_check(const struct proof *, const uint8_t leaf[static HASH_LEN]);

#endif
