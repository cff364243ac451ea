/* What the files of the spawner share. */
#ifndef KRUX_SPAWNER_PART_H
#define KRUX_SPAWNER_PART_H

#include "capspec/line.h"
#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/spawn/jobs.h"
#include "runtime/spawn/parent.h"
#include "runtime/spawn/spawn.h"
#include "runtime/spawn/spawner.h"
#include "runtime/spawn/warrant.h"

#include "capspec/limits.h"

enum { MOST_CALLS = 256, MOST_FROZEN = 64 };
struct spawner;

/* What a call was allowed to connect to, and what came of it. */
struct connects {
	unsigned n;                    /* 0: nothing, and it has no line */
	struct message_target target[LINE_TARGETS];
	struct message_lined used[LINE_TARGETS];
};

/* One call under way. */
struct run {
	struct spawner *owner;
	struct run *next;              /* free, or under way */
	bool on;
	uint64_t cookie, seq;          /* the gate's; seq is what it is called to the handlers' process */
	const struct krux_capability *cap;
	struct end *from;              /* where its child comes from */
	struct parent parent;
	struct watch said;
	struct timer looks;            /* when what it says is looked at, before it has ended */
	struct timer late;
	char agent[KRUX_MAX_AGENT + 1];
	struct connects connects;
	struct job *job;               /* of a command in the background; NULL: it is none */
	struct watch wrote;            /* what its program writes */
	struct timer reads;            /* when that is read again */
	bool child_over, line_over;    /* of a call that has a line both have to end before it has */
};

/* One channel. */
struct end {
	struct watch watch;
	struct channel channel;
	bool on;                       /* of web and egress: it is there */
	bool ready;                    /* of web: it has said so */
	bool gone;
};

struct spawner {
	const struct spawner_options *options;
	struct loop loop;
	struct end parent, gate, recorder, handler, web, egress;
	struct loaded *policy;
	struct krux_pool *trust;       /* approvers */
	struct warrant_rules rules;
	struct run *run, *free;
	struct jobs *jobs;
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
void result_tell(struct spawner *, uint64_t cookie, uint64_t seq, struct spawn_result *, const struct connects *,
                 struct krux_pool *);
/* The program of an intent runs: to the recorder, then to the gate what its agent is answered. */
void started_tell(struct spawner *, uint64_t cookie, uint64_t seq, const struct krux_capability *);
/* Nothing ran: recorded so, and the gate is told why. */
void call_broken(struct spawner *, uint64_t cookie, uint64_t seq, struct krux_pool *,
                 const char *why);

/* ---- spawner_call.c: calls from receipt to end ---- */

int approvers_read(struct spawner *, struct krux_err *err);
void call_take(struct spawner *, const struct message *);
void call_cancel(struct spawner *, const struct message *);
void look_take(struct spawner *, const struct message *);
/* The plan knows that agent. */
int layer_check(const struct spawner *, const struct warrant *, struct krux_err *err);
/* What the handlers' process says of calls: that one has ended, or did not start. */
void call_ended(struct spawner *, const struct message *);
void call_lined(struct spawner *, const struct message *);
void call_unborn(struct spawner *, const struct message *);

/* ---- spawner_run.c: commands in the background ---- */

/* The stream of a program: our end is watched, *its is the program's; caller closes. */
int stream_make(struct run *, int *its, struct krux_err *err);
/* Has its program begun, and nobody heard of it: the recorder and the gate are told. */
void run_started(struct run *);
/* Its call has ended so. */
void run_over(struct run *, const struct spawn_result *);
/* What was said of it is not in the log; an outcome's run is none any more. */
void run_unrecorded(struct spawner *, uint64_t seq);
/* There is nobody left whose runs they are. */
void runs_end(struct spawner *, const char *why);
/* A call about runs, which takes no child. */
void runs_asked(struct spawner *, const struct message *, const struct warrant *, struct krux_pool *);
/* To the child of a call. */
void run_signal(void *run, int signal);

/* ---- spawner_line.c: calls that connect ---- */

/* Ends the channels to processes that no capability of the bundle needs: they leave. -1 with *err: it needs one that is
 * not there. */
int below_settle(struct spawner *, struct krux_err *err);
/* Where children of that capability come from; NULL with *err: from nowhere. */
struct end *below_find(struct spawner *, const struct krux_capability *, struct krux_err *err);
/* Hosts and ports of a call's effects, from its decided arguments. -1 with *err: there is no line for them. */
int connects_find(const struct spawner *, const struct warrant *, struct connects *, struct krux_err *err);
/* The line of a call: one end goes to egress, the other is the child's; caller closes. */
int line_make(struct spawner *, uint64_t seq, const struct connects *, int *child, struct krux_err *err);
/* What egress says. */
void egress_take(struct spawner *, struct message *);

/* ---- spawner_freeze.c: who stands still ---- */

bool is_frozen(const struct spawner *, const char *agent);
/* The record of a freeze or a thaw. */
void freeze_take(struct spawner *, const struct message *);

#endif
