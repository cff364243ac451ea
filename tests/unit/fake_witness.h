/* A witness (C2SP tlog-witness) on loopback, a process of its own, that can be told to misbehave. */
#ifndef FAKE_WITNESS_H
#define FAKE_WITNESS_H

#include "runtime/record/note.h"
#include "runtime/record/record.h"

#include <sys/types.h>

struct fake_witness {
	pid_t pid;
	char url[64];
	struct note_signer signer;
	struct fake_state {              /* shared with the process */
		struct note_key log;         /* the log that it knows */
		uint64_t size, time;
		uint8_t root[HASH_LEN];
		unsigned asked;              /* requests so far */
		/* Answers that are sent instead of the right one, "" for none: status line, type, body. */
		char status[64], type[64];
		char body[128 << 10];
		size_t nbody;
	} *state;
};

void fake_witness_start(struct fake_witness *, const char *name, const struct note_key *log);
void fake_witness_stop(struct fake_witness *);

#endif
