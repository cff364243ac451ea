/* What the files of the spawner share. */
#ifndef KRUX_SPAWNER_PART_H
#define KRUX_SPAWNER_PART_H

#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/spawn/parent.h"
#include "runtime/spawn/spawn.h"
#include "runtime/spawn/spawner.h"
#include "runtime/spawn/warrant.h"

#include "capspec/limits.h"

enum { MOST_CALLS = 256, MOST_FROZEN = 64 };
struct spawner;

/* One call under way. */
struct run {
	struct spawner *owner;
	struct run *next;              /* free, or under way */
	bool on;
	uint64_t cookie, seq;          /* the gate's; seq is what it is called to the handlers' process */
	const struct krux_capability *cap;
	struct parent parent;
	struct watch said;
	struct timer late;
	char agent[KRUX_MAX_AGENT + 1];
};

/* One channel. */
struct end {
	struct watch watch;
	struct channel channel;
	bool gone;
};

struct spawner {
	const struct spawner_options *options;
	struct loop loop;
	struct end parent, gate, recorder, handler;
	struct loaded *policy;
	struct krux_pool *trust;       /* approvers */
	struct warrant_rules rules;
	struct run *run, *free;
	size_t running;
	bool all_frozen, stopping;
	char frozen[MOST_FROZEN][KRUX_MAX_AGENT + 1];
	size_t nfrozen;
	int code;
};

/* ---- spawner_tell.c: what the others are told ---- */

void spawner_say(const char *what, const char *why);
/* Ends the process with exit code 3. */
void spawner_fail(struct spawner *, const char *what, const char *why);
void end_gone(struct spawner *, struct end *);
void end_tell(struct spawner *, struct end *, enum message_kind, uint64_t cookie, const struct part *,
              unsigned nparts, const int *fd, unsigned nfds);
void gate_refuse(struct spawner *, uint64_t cookie, const char *why);
/* How the call of an intent ended: to the recorder, then to the gate. */
void result_tell(struct spawner *, uint64_t cookie, uint64_t seq, struct spawn_result *,
                 struct krux_pool *);
/* Nothing ran: recorded so, and the gate is told why. */
void call_broken(struct spawner *, uint64_t cookie, uint64_t seq, struct krux_pool *,
                 const char *why);

/* ---- spawner_call.c: calls from receipt to end ---- */

int approvers_read(struct spawner *, struct krux_err *err);
void call_take(struct spawner *, const struct message *);
void call_cancel(struct spawner *, uint64_t cookie);
void look_take(struct spawner *, const struct message *);
/* What the handlers' process says of calls: that one has ended, or did not start. */
void call_ended(struct spawner *, const struct message *);
void call_unborn(struct spawner *, const struct message *);

/* ---- spawner_freeze.c: who stands still ---- */

bool is_frozen(const struct spawner *, const char *agent);
/* The record of a freeze or a thaw. */
void freeze_take(struct spawner *, const struct message *);

#endif
