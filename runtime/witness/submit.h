/* One checkpoint to one witness (C2SP tlog-witness, add-checkpoint). */
#ifndef KRUX_WITNESS_SUBMIT_H
#define KRUX_WITNESS_SUBMIT_H

#include "runtime/record/checkpoint.h"
#include "runtime/record/witnesses.h"

struct krux_err;

struct submit {
	int state, log;              /* folders */
	struct note_key key;         /* of the log */
	struct krux_str bytes;       /* the checkpoint as it stands in log/checkpoint */
	struct note note;
	struct checkpoint head;
	struct tile_reader *tiles;   /* of the tree that it signs */
};

enum submit_end {
	SUBMIT_COSIGNED,
	SUBMIT_REFUSED,              /* the witness does not know this log or its key */
	SUBMIT_FORK,                 /* it holds a tree that this log is not a continuation of */
	SUBMIT_BEHIND,               /* it holds a larger tree than this log has */
	SUBMIT_BROKEN,               /* an answer that is none */
};

struct submit_report {
	enum submit_end end;
	uint64_t size;               /* records that the witness holds, as far as it is known */
	uint64_t time;               /* COSIGNED: seconds since 1970 */
	char why[192];
};

/* Reads log/checkpoint, which the log's key must have signed; key: the log's public key. `bytes` is
 * malloc'ed. Negative with *err. */
int submit_open(int state, int log, const uint8_t key[static 32], struct submit *out, struct krux_err *err);
void submit_close(struct submit *);

/* Proves to the witness that the checkpoint goes on from what it saw last, and keeps its
 * cosignature in witness/ID. FORK and BEHIND: both notes are kept as witness/ID.SIZE.ours and
 * .theirs, the second where it is known. Negative with *err when nobody answered, or the tiles
 * of this log cannot be read. */
int submit(const struct submit *, const struct witness *, struct submit_report *out, struct krux_err *err);

#endif
