/* Checks a log without changing it: what is wrong with it, and exactly where. Segments are checked
 * side by side, each from the state that it begins with; then the seams. */
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
	uint64_t segment;            /* number of the file concerned, */
	uint64_t at, length;         /* and the bytes of it */
	char text[192];              /* one sentence */
};

struct verify_options {
	unsigned threads;            /* 0: one for each processor */
	/* Called now and then: bytes read, and how many there are. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

struct verify_report {
	uint64_t records, bytes, segments;
	uint64_t kinds[64];          /* records of each kind */
	uint64_t first_wall, last_wall;
	uint64_t last_seq;
	uint8_t leaf[HASH_LEN];      /* of the last record */
	uint8_t root[HASH_LEN];      /* of the tree of all records; where nothing is wrong */
	struct krux_str origin;      /* owned */
	unsigned head;               /* slots of log/head that are whole: 2, but for a live log; 0: there is none to compare with */
	bool live;                   /* the log is being written: its end is not looked at */
	uint64_t blobs;              /* blobs compared with their names */
	uint64_t states;             /* carry records derived again */
	uint64_t underived;          /* those that were not, since records before them are damaged */
	uint64_t signatures;         /* that hold */
	uint64_t unsigned_;          /* of keys that the log does not name: not checked */
	uint64_t faults, notes;      /* all of them; only the first are kept */
	struct finding *finding;     /* in the order of the log */
	size_t nfindings;
};

/* dir is the log folder, blobs that of the blobs or -1. options NULL: the defaults. 0, whatever is
 * found; -1 with *err. */
int verify_log(int dir, int blobs, const struct verify_options *, struct verify_report *out,
               struct krux_err *err);
void verify_free(struct verify_report *);

const char *finding_word(enum finding_kind);
bool finding_is_fault(enum finding_kind);

#endif
