/* What entitles a call to run: the receipt of its intent, that record, and for a call that a person
 * had to approve the deferred record and the approvers' signatures. The gate that sends them is not
 * believed; everything the call is comes from the record. Pure but for the clock. */
#ifndef KRUX_WARRANT_H
#define KRUX_WARRANT_H

#include "capspec/digest.h"
#include "capspec/key.h"
#include "capspec/schema.h"
#include "runtime/base/message.h"
#include "runtime/record/record.h"

struct krux_err;

/* Receipts are for one seq each and used once. Seqs grow; those far behind the greatest count as
 * used. */
enum { USED_WINDOW = 1 << 16 };
struct used {
	uint64_t greatest;
	bool any;
	uint64_t bit[USED_WINDOW / 64];
};
/* Takes seq; false: it was taken before. */
bool used_take(struct used *, uint64_t seq);

struct warrant_rules {
	struct krux_hmac_key key;      /* of this generation */
	uint64_t generation;
	uint8_t bundle[HASH_LEN];      /* the policy that this process has loaded */
	const struct krux_capability *cap;
	size_t ncaps;
	const struct krux_public_key *approver;
	size_t napprovers;
	struct used used;
};

struct warrant {
	struct record intent;          /* borrows from the message's body */
	uint64_t seq, deadline;
	const struct krux_capability *cap;
	uint32_t index;
	struct krux_str agent, workspace;
	struct krux_str args;          /* canonical, as recorded */
	struct krux_value value;       /* the same, read */
	struct krux_str facts;         /* the list; n 0: none were read */
	struct krux_str approvals;     /* of the ticket; n 0: without one */
	struct krux_str shown;         /* the files that its approvers saw; n 0: none */
	struct krux_str changes;       /* that its approvers saw: it puts them in place, and its program does not run; n 0: none */
	uint8_t verdict;
	uint32_t uid;                  /* that it runs as; AGENT_UID_NONE: its workspace's owner */
};

enum { WARRANT_BLOBS = 3 };
/* body and n: the whole message RUN. blob: the memory files that came along, mapped, in the order of the
 * records' fields, first the intent's. Everything in *out borrows from these and from the pool. Negative with *err: it
 * must not run; *seq is 0 where not even the receipt holds, else the intent's, which is then used. */
int warrant_read(struct warrant_rules *, const uint8_t *body, size_t n, const struct krux_str *blob,
                 unsigned nblobs, struct krux_pool *, struct warrant *out, uint64_t *seq,
                 struct krux_err *err);

/* Was it approved by people who were shown what it will run: it runs from a snapshot of just that. */
bool warrant_snapshot(const struct warrant *);

/* The same in the child of the call, of what the spawner has read: record and ticket are decoded anew and held
 * against bundle and each other. Receipt, times and signatures are the spawner's word. */
int warrant_again(const struct warrant_rules *, const uint8_t *body, size_t n, const struct krux_str *blob,
                  unsigned nblobs, struct krux_pool *, struct warrant *out, struct krux_err *err);

/* What the recorder and the spawner both compute. */
void receipt_make(const struct krux_hmac_key *, uint64_t generation, uint64_t seq,
                  const uint8_t leaf[static HASH_LEN], uint8_t out[static HASH_LEN]);

#endif
