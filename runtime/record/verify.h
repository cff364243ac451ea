/* Checks a log without changing it: what is wrong with it, and exactly where. */
#ifndef KRUX_VERIFY_H
#define KRUX_VERIFY_H

#include "runtime/record/record.h"

struct krux_err;

enum finding_kind {
#define FINDING(id, word, fault) FINDING_##id,
#include "runtime/record/findings.def"
#undef FINDING
};

struct finding {
	enum finding_kind kind;
	uint64_t seq;                /* of the record concerned; UINT64_MAX: it has none */
	uint64_t at, length;         /* bytes of the file concerned */
	char text[192];              /* one sentence */
};

struct verify_report {
	uint64_t records, bytes;
	uint64_t kinds[64];          /* records of each kind */
	uint64_t first_wall, last_wall;
	uint8_t leaf[HASH_LEN];      /* of the last record */
	struct krux_str origin;      /* owned */
	bool head;                   /* there was a head file to compare with */
	uint64_t blobs;              /* blobs compared with their names */
	uint64_t faults, notes;      /* all of them; only the first are kept */
	struct finding *finding;     /* in the order found */
	size_t nfindings;
};

/* dir is the log folder, blobs that of the blobs or -1. 0, whatever is found; -1 with *err. */
int verify_log(int dir, int blobs, struct verify_report *out, struct krux_err *err);
void verify_free(struct verify_report *);

const char *finding_word(enum finding_kind);
bool finding_is_fault(enum finding_kind);

#endif
