/* The checkpoints of this log: signed, written, and read again.
 *
 *     log/checkpoint      the last one, replaced at once
 *     log/checkpoints     all of them, each behind its length in two octets; thinned out when long
 *     witness/NAME        the last one that the witness NAME cosigned
 *
 * Two lines sign each: the log's stable key under the log's origin, and under ORIGIN/epoch a key
 * that lives in memory only, made at each start and certified by the log key in a record. So a
 * log key that was stolen later cannot forge what an earlier start said. */
#ifndef KRUX_CHECKPOINTS_H
#define KRUX_CHECKPOINTS_H

#include "capspec/key.h"
#include "runtime/record/checkpoint.h"
#include "runtime/record/tree.h"

struct checkpoints;
struct krux_err;

enum { EPOCH_LEN = 16 };

/* Makes the key of this epoch. log: the folder. Copies what it keeps of the key, which the
 * caller then wipes. */
struct checkpoints *checkpoints_open(int log, struct krux_str origin, const struct krux_secret_key *,
                                     const uint8_t epoch[static EPOCH_LEN], struct krux_err *err);
void checkpoints_close(struct checkpoints *);
/* The certify record of this start: kind, key and signature; borrows. */
void checkpoints_certify(const struct checkpoints *, struct record *out);
/* Signs and writes one, on disk when it returns. Only of records that are on disk, and never
 * of a tree that does not go on from the one before. */
int checkpoints_write(struct checkpoints *, uint64_t size, const uint8_t root[static HASH_LEN],
                      struct krux_err *err);

/* Does the certify record hold: signed by the log key for this origin and epoch. */
bool certify_check(const struct krux_public_key *log, struct krux_str origin,
                   const struct record *);

/* What the log's key signed so far, from the files of this folder and the witnesses'; sorted by size. */
struct checkpoint_list {
	struct checkpoint_seen {
		uint64_t size;
		uint8_t root[HASH_LEN];
		unsigned witnesses;          /* good cosignatures on it */
	} *seen;
	size_t n;
	size_t ignored;              /* files or entries that are no checkpoint of this log and key */
	size_t at;                   /* cursor of checkpoint_list_step */
};

/* state: the state folder, which has log/ and may have witness/. */
int checkpoint_list_read(int state, struct krux_str origin, const struct krux_public_key *log,
                         struct checkpoint_list *out, struct krux_err *err);
void checkpoint_list_free(struct checkpoint_list *);
/* Called with the tree at growing sizes, each size once: false when a checkpoint of exactly this
 * size has another root. Costs a comparison where there is none. */
bool checkpoint_list_step(struct checkpoint_list *, const struct tree *);
/* The greatest size of all, 0: none. A log that ends before it lost records: an alarm. */
uint64_t checkpoint_list_max(const struct checkpoint_list *);

#endif
