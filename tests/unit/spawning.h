/* A spawner in a process of its own, for tests that are its parent, its recorder and its gate. Its
 * policy is tests/unit/tiny/policy.c with the real filesystem.stat. */
#ifndef KRUX_TEST_SPAWNING_H
#define KRUX_TEST_SPAWNING_H

#include "capspec/key.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/record/record.h"
#include "runtime/spawn/spawn.h"

#include <sys/types.h>

enum { GENERATION = 7 };

extern struct state spawning_state;
extern int spawning_group;                     /* cgroup below which calls of commands get theirs; -1: none */
extern bool spawning_waives;                   /* the operator does without limits of groups */
extern struct workspace spawning_place;       /* of the agent "builder" */
extern struct krux_err spawning_err;
extern struct krux_secret_key approver;       /* "anna", whom the spawner trusts */
extern struct krux_secret_key stranger;       /* "anna" too, whom it does not */
extern struct channel to_parent, to_gate, to_recorder;   /* the test's ends */
extern pid_t spawning_pid, handler_pid;
extern uint64_t written_next;                 /* seq of the next record */
extern const char *spawning_programs;         /* folder of krux-spawner and krux-handler, to be executed from the next
                                                 setup on; NULL: forked from the test */
extern bool spawning_rootless;                /* from the next setup on, which makes an ordinary user of the test */
/* Most children that wait for calls, of one class and in all, from the next setup on; programs have their own. */
extern unsigned spawning_waiting, spawning_together;

/* What calls run as from the next setup on: the agent as the first of these, on a mount of its workspace. None: as the
 * workspace's owner. */
extern struct agent_uids spawning_agents;

/* Of the next setup: a program that filesystem.stat runs, given its path, instead of looking itself; whether it may write
 * that path. The workspace is another user's then. NULL: none. */
extern const char *spawning_command;
extern bool spawning_changes;
extern bool spawning_patient;                 /* calls may take ten minutes, from the next setup on */

void spawning_once(void);                     /* unchecked fixture: compiles the policy */
void spawning_finally(void);
void spawning_setup(void);
void spawning_teardown(void);

/* The next message of this kind within a few seconds; others are passed over. */
bool spawning_take(struct channel *, enum message_kind, struct message *);
void spawning_put(struct channel *, enum message_kind, uint64_t cookie, const struct part *, unsigned n,
                  const int *fd, unsigned nfds);
/* A new approver. */
void spawning_approver(const char *name, struct krux_secret_key *);
void spawning_file(const char *name, const char *text);

/* ---- records as the recorder writes them ---- */

struct written {
	uint8_t bytes[RECORD_MAX], leaf[HASH_LEN], args[4300];
	size_t n;
	uint64_t seq;
	int blob;                      /* -1: none */
};


/* A request of builder for filesystem.stat, to be added to and then encoded; args lie in *w. */
struct record written_request(struct written *, enum audit_kind, const char *file, enum krux_verdict);
void written_encode(struct written *, struct record *);

/* RUN with the right receipt; ticket may be NULL. */
struct message_run spawning_head(const struct written *intent, size_t nticket);
void spawning_run(const struct written *intent, const struct written *ticket, uint64_t cookie);

/* The record of that, as news from the recorder; agent NULL: everybody. */
void spawning_freeze(const char *action, const char *agent);
/* The spawner has read all that the recorder has told it. */
void spawning_heard(void);

/* ---- what came of it ---- */

extern struct record spawning_record;         /* the outcome */
extern struct message_result spawning_result;
extern char spawning_why[256];

void spawning_outcome(uint64_t seq);
void expect_done(uint64_t seq, uint64_t cookie, enum spawn_end);
/* Nothing ran, and the gate is told a sentence with this in it; seq 0: it was no receipt either. */
void expect_refused(uint64_t seq, uint64_t cookie, const char *text);

#endif
