/* The recorder's insides. What is appended in one turn of the loop goes to the disk together; then
 * everybody is told, in order. */
#ifndef KRUX_RECORDER_PART_H
#define KRUX_RECORDER_PART_H

#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/log.h"
#include "runtime/record/record_known.h"
#include "runtime/record/recorder.h"
#include "runtime/record/sign.h"

#include "capspec/digest.h"

struct checkpoints;
struct recorder;

enum {
	RECORDER_GENERATIONS = 8,        /* that live at one time */
	RECORDER_TURN = 1024,            /* messages taken before the disk is waited for */
	RECORDER_PENDING = 3 << 20,      /* and bytes of records */
	RECORDER_QUEUE = 64 << 20,       /* bytes that somebody leaves unread before it is cut off */
	RECORDER_BLOB = 64 << 20,
	CHECKPOINT_RECORDS = 4096,
};

enum end_kind { END_GATE, END_SPAWNER };

/* A channel to a gate or a spawner. */
struct end {
	struct recorder *recorder;
	struct generation *generation;
	enum end_kind kind;
	struct channel channel;          /* fd -1: it is gone */
	struct watch watch;
	bool wants_state;                /* asked for a snapshot in this turn */
	uint64_t state_cookie;
};

struct generation {
	bool used;
	uint64_t n;
	struct end end[2];               /* by end_kind */
	bool has_key, has_bundle;
	struct krux_hmac_key key;        /* of its receipts */
	uint8_t bundle[HASH_LEN];
};

/* An intent without an end, and whose it is. */
struct open {
	uint64_t seq, generation;
	bool here;                       /* the gate answers it itself */
};

/* What is told when the disk has it. */
struct pending {
	struct end *from;                /* NULL: the recorder itself */
	uint64_t cookie;
	enum ack_status status;
	bool lazy, echo, receipt;
	uint64_t kind, about;
	struct log_added added;
};

struct recorder {
	const struct recorder_options *options;
	struct loop loop;
	struct channel parent;
	struct watch on_parent;
	struct log *log;
	struct record_known known;       /* of the bodies that were asked for */
	struct checkpoints *checkpoints;
	uint64_t signed_;                /* records below the last checkpoint */
	struct timer on_checkpoint;
	struct generation generation[RECORDER_GENERATIONS];
	struct open *open;               /* by seq */
	size_t nopen, open_room;
	struct pending pending[RECORDER_TURN + 64];
	size_t npending;
	bool stopping;
	int code;                        /* to exit with */
};

/* Opens log and key, records the start. Negative with *err. */
int recorder_open(struct recorder *, struct krux_err *err);
/* Signs what is on disk, where it is more than was signed. */
void recorder_sign(struct recorder *);

/* One APPEND of a gate or spawner. Negative: it said what the contract does not allow. */
int append_take(struct end *, struct message *, struct krux_err *err);
/* A record of the recorder's own about an intent: how it ended is not known. */
void append_unknown(struct recorder *, uint64_t seq, const char *why);

/* Has an operator taken the key back, whatever the trust folder holds. */
bool key_revoked(const struct recorder *, enum trust_role, const uint8_t key[static SIGN_KEY]);
/* Are all its signers operators of the trust folder, whose signatures hold; one at least. */
bool act_holds(struct recorder *, const struct record *);
/* Is this decision one of an approver of the trust folder, who is not the agent itself. */
bool decision_holds(struct recorder *, const struct record *);
/* May this intent of that agent have the ticket: what has accepted it are approvers still. */
bool ticket_fits(struct recorder *, const struct record *);

struct open *open_find(struct recorder *, uint64_t seq);
bool open_add(struct recorder *, const struct open *);
void open_drop(struct recorder *, uint64_t seq);

/* To the disk, then to everybody. */
void recorder_turn(void *recorder);
void end_close(struct end *);
/* The log is not to be saved: everything ends. */
void recorder_fail(struct recorder *, const char *what, const struct krux_err *);

#endif
