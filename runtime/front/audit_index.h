/* What each sealed segment of a log holds, in short, so that query can pass over those that hold nothing
 * it asks for: index/%08x in the state folder. An index can be deleted at any time and is made again by the
 * next query. It is never trusted with more than that: what is printed comes from the log, verify does
 * not look at it, and --no-index reads everything. */
#ifndef KRUX_AUDIT_INDEX_H
#define KRUX_AUDIT_INDEX_H

#include "runtime/front/audit_filter.h"

enum { INDEX_BITS = 1 << 15 };

struct index_segment {
	uint64_t bytes;              /* of the segment */
	uint64_t first_wall, last_wall;      /* least and greatest */
	uint64_t kinds;              /* bit k: there are records of kind k */
	uint64_t verdicts;
	uint8_t words[INDEX_BITS / 8];       /* bits of the hashes of names that occur */
};

void index_begin(struct index_segment *);
void index_add(struct index_segment *, const struct record *);
/* Keeps it; without a folder that can be written nothing is kept, and nothing is said. */
void index_keep(int state, int log, uint64_t segment, const struct index_segment *);
/* May this segment hold what is asked for. True in every doubt: no index, a damaged one, one of another
 * segment, or the open segment. */
bool index_may_hold(int state, int log, uint64_t segment, const struct audit_filter *);

#endif
