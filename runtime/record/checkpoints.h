/* The checkpoints of this log: signed, written, and read again.
 *
 *     log/checkpoint      the last one, replaced at once
 *     log/checkpoints     earlier ones too, each behind its length in two octets; thinned out when
 *                         it gets long
 *     witness/ID          the last one that a witness cosigned, with its line
 *
 * Two lines sign each: the log's stable key under the log's origin, and under ORIGIN/epoch a key
 * that lives in memory only, made at each start and certified by the log key in a record. So a
 * log key that was stolen later cannot forge what an earlier start said. */
#ifndef KRUX_CHECKPOINTS_H
#define KRUX_CHECKPOINTS_H

#include "capspec/key.h"
#include "runtime/record/checkpoint.h"
#include "runtime/record/tree.h"

#include <stddef.h>

struct checkpoints;
struct krux_err;
struct witness;

enum { EPOCH_LEN = 16 };

/* The key of the log as signature lines name it. False: no log may have this origin. */
bool log_note_key(struct note_key *, struct krux_str origin, const uint8_t key[static 32]);
/* The same for the key of an epoch. */
bool epoch_note_key(struct note_key *, struct krux_str origin, const uint8_t key[static 32]);

/* Makes the key of this epoch. log: the folder, borrowed. Copies what it keeps of the key, which
 * the caller then wipes. NULL with *err. */
struct checkpoints *checkpoints_open(int log, struct krux_str origin, const struct krux_secret_key *,
                                     const uint8_t epoch[static EPOCH_LEN], struct krux_err *err);
void checkpoints_close(struct checkpoints *);
/* The certify record of this start: kind, key and signature; borrows. */
void checkpoints_certify(const struct checkpoints *, struct record *out);
/* Signs and writes one. Only of records that are on disk. Refuses a tree that is smaller than the
 * last one signed, or another of its size. After a crash the one before may stand there. */
int checkpoints_write(struct checkpoints *, uint64_t size, const uint8_t root[static HASH_LEN],
                      struct krux_err *err);

/* Does the certify record hold: signed by the log key for this origin and the record's epoch. */
bool certify_check(const struct krux_public_key *log, struct krux_str origin, const struct record *);

/* What the log's key signed so far, from the files above; sorted by size. */
struct checkpoint_list {
	struct checkpoint_seen {
		uint64_t size;
		uint8_t root[HASH_LEN];
		unsigned witnesses;          /* of those given, with a good cosignature on it */
		bool differs;                /* checkpoint_list_step found another tree */
	} *seen;
	size_t n, cap;
	size_t ignored;              /* entries that are no checkpoint signed by this log's key */
	size_t torn;                 /* bytes at the end of log/checkpoints that are no whole entry */
	size_t at;                   /* cursor of checkpoint_list_step */
};

/* state: the state folder, or -1 and the files of witnesses are not looked at. What cannot be
 * read as a checkpoint of this log is counted as ignored, not refused. */
int checkpoint_list_read(int log, int state, const struct note_key *key, const struct witness *,
                         size_t nwitnesses, struct checkpoint_list *out, struct krux_err *err);
void checkpoint_list_free(struct checkpoint_list *);
/* Calls each with the note of every whole entry of log/checkpoints, in order, until it returns negative. How many bytes
 * stand behind the last one; -1 with *err, or as each returned. A file that cannot be read has none. */
typedef int checkpoint_fn(void *ctx, struct krux_str note, struct krux_err *err);
ptrdiff_t checkpoint_history_each(int log, checkpoint_fn *each, void *ctx, struct krux_err *err);
/* Called with the tree at growing sizes, each size once: false when a checkpoint of exactly this
 * size has another root. Costs a comparison where there is none. */
bool checkpoint_list_step(struct checkpoint_list *, const struct tree *);
/* The greatest of all; NULL: none. A log that ends before it lost records: an alarm. */
const struct checkpoint_seen *checkpoint_list_last(const struct checkpoint_list *);
/* The greatest that at least so many witnesses cosigned; NULL: none. */
const struct checkpoint_seen *checkpoint_list_witnessed(const struct checkpoint_list *, unsigned witnesses);

#endif
