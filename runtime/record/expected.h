/* Is the log what its key has signed: not shorter, and no other one. */
#ifndef KRUX_EXPECTED_H
#define KRUX_EXPECTED_H

#include "runtime/record/record.h"

struct krux_err;
struct krux_public_key;
struct log;

struct expected {
	uint64_t records;            /* of the greatest tree that was signed; 0: none was */
	uint8_t root[HASH_LEN];
	bool other;                  /* the log's first `records` are not those */
};

/* Compares the log with the greatest checkpoint that this key signed, unless an operator knows of its loss;
 * where it is shorter or another, log_alarm says so from then on. dir and blobs are the log's; state: the
 * state folder, with the files of witnesses, or -1. Negative with *err. */
int expected_check(struct log *log, int dir, int blobs, int state, const struct krux_public_key *key,
                   struct expected *out, struct krux_err *err);

#endif
