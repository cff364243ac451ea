/* The witnesses that the operator trusts, one a line of trust/witnesses:
 *
 *     witness.example/w1+8d66cf3f+BO3... https://witness.example/w1
 *
 * the key as the witness publishes it, and the address that takes checkpoints; empty lines and
 * lines that start with # say nothing. */
#ifndef KRUX_WITNESSES_H
#define KRUX_WITNESSES_H

#include "runtime/record/note.h"

struct krux_err;

enum { WITNESSES_MAX = 32, WITNESS_URL = 512, WITNESS_FILE = 64 };

struct witness {
	struct note_key key;
	char url[WITNESS_URL];       /* without a "/" at its end */
};

/* trust: the folder. No such file: none. Negative with *err when it cannot be understood. */
int witnesses_read(int trust, struct witness out[static WITNESSES_MAX], size_t *n, struct krux_err *err);
/* Where the checkpoint that it cosigned last stands: witness/ID, below the state folder. */
void witness_file(const struct note_key *, char out[static WITNESS_FILE]);

#endif
