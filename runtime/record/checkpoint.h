/* Checkpoints (C2SP tlog-checkpoint): origin, size and root of the tree, as the text of a note. */
#ifndef KRUX_CHECKPOINT_H
#define KRUX_CHECKPOINT_H

#include "runtime/record/note.h"
#include "runtime/record/record.h"

enum { CHECKPOINT_TEXT = 512 };

struct checkpoint {
	struct krux_str origin;
	uint64_t size;
	uint8_t root[HASH_LEN];
	struct krux_str extension;   /* lines, opaque; n 0: none */
};

/* The text of a note to a checkpoint; borrows. */
bool checkpoint_parse(struct krux_str text, struct checkpoint *, const char **why);
/* Without extension lines; 0: no such origin. */
size_t checkpoint_text(const struct checkpoint *, char out[static CHECKPOINT_TEXT]);

/* A number as these formats write it: decimal, no leading zero, below 2^63. */
bool checkpoint_number(struct krux_str, uint64_t *out);
/* A hash in base64. */
bool checkpoint_hash(struct krux_str, uint8_t out[static HASH_LEN]);

#endif
