/* A gate in a process of its own, and all others played by the test: recorder, spawner, parent,
 * agents and supervisors. */
#ifndef KRUX_GATE_WORLD_H
#define KRUX_GATE_WORLD_H

#include "capspec/frame.h"
#include "capspec/key.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/gate/gate_run.h"
#include "runtime/record/carry.h"

#include <sys/types.h>

enum { WORLD_RECORDS = 4096, WORLD_SEEN = 512 };

struct world_gate {
	pid_t pid;
	struct channel recorder, spawner, parent;
	bool on, ready;
	uint64_t generation;
	int status;                    /* of waitpid, when it has ended */
};

struct world_run {
	uint64_t cookie, seq, deadline;
	struct record intent;
	bool cancelled;
	struct world_gate *gate;
};

extern struct world {
	char root[64], bundle[128];
	int trust;
	struct world_gate gate[2];     /* the one of now, and the one before or after it */
	struct carry *carry;
	uint64_t seq;
	uint8_t prev[32];
	/* every record, and where it lies */
	uint8_t *bytes;
	size_t nbytes, at[WORLD_RECORDS];
	unsigned nrecords;
	/* what the spawner does with a RUN */
	enum { RUN_ANSWERS, RUN_WAITS, RUN_REFUSES, RUN_ERROR, RUN_KILLED, RUN_LONG, RUN_DIES } runs;
	struct world_run run[64];
	unsigned nruns;
	uint32_t looked;               /* what the spawner sees in files: changes their digests */
	bool blind;                    /* it sees it when world_see is called */
	struct world_sight {
		struct world_gate *gate;   /* NULL: nobody has asked it to look */
		uint64_t cookie;
		uint8_t seen[4096];
		size_t n;
	} sight;
	/* what the recorder refuses: a status for the next append, or for all of a kind */
	uint32_t refuse_kind, refuse_status;
	unsigned refused;              /* so often */
	bool held;                     /* ACKs wait */
	unsigned nevents;              /* MESSAGE_NOTIFY */
	char event[1024];
	char reload_path[256];
	uint64_t reload_cookie;
	unsigned nreloads;
} world;
extern struct gate_limits world_limits;   /* of gates that start */
extern struct agent_uids world_uids;      /* that calls run as, from the next setup on; none: as their workspace's owner */
extern const char *world_bundle;          /* of gates that start, instead of that of tests/fixtures/gate */

/* Keys: of approvers ana and ben, of an operator, and one that nobody knows. */
extern struct krux_secret_key world_ana, world_ben, world_operator, world_stranger;

/* Builds the policy of tests/fixtures/gate once. */
void world_once(void);
void world_finally(void);
/* A fresh log with agents builder (token "builder-token"), other (token "other-token"), keyed (key) and
 * peer (this uid), then a gate that listens. */
void world_setup(void);
void world_teardown(void);
/* Another gate of the same state, with this bundle (NULL: the same). */
void world_second(const char *bundle);
struct client;
/* A gate of the same state that serves this one alone, in that folder. */
struct client *world_alone(const char *agent, const char *workspace);
/* A bundle of the same policy, in which deleting one file asks for two. */
const char *world_other(void);
/* The gate ends by itself; its exit code. */
int world_ended(struct world_gate *);
void world_gate_start(struct world_gate *);
void world_stop(struct world_gate *);

/* Plays all others for a while. What is to happen is waited for by one of the next two. */
void world_turn(int ms);
/* Plays all others until it is so; fails the test where it never is. */
#define world_until(so) \
	do { \
		for (int turns_ = 0; !(so); turns_++) { \
			ck_assert_msg(turns_ < 60000, "never: %s", #so); \
			world_turn(1); \
		} \
	} while (0)
/* One round; did anything happen. And waits for the next, or for a descriptor more. */
bool gates_turn(void);
void gates_wait(int extra, int ms);
/* Appends as the recorder does by itself, and tells all gates. */
uint64_t world_append(struct record *);
/* An agent with that proof: 32 bytes of a key or of a token's hash, or the uid of its peer. */
void world_agent(const char *name, enum audit_auth, const uint8_t *proof, uint64_t uid);
/* An agent with the token "NAME-token", and its end. */
void world_register(const char *name);
void world_revoke(const char *name);
/* A key of a person is given that role, or taken back. */
void world_key(const char *role, const struct krux_secret_key *, const char *action);
void world_ack(void);                        /* lets held ACKs go */
void world_finish(struct world_run *, int how);
/* The program of a call in the background runs: the spawner says so, its record says so. */
void world_says_started(struct world_run *);
void world_started(struct world_run *);
void world_see(void);

/* The last record of a kind, or NULL. */
const struct record *world_find(enum audit_kind);
unsigned world_count(enum audit_kind);

/* ---- clients ---- */

struct client {
	int fd;
	uint8_t buf[1 << 17];
	size_t n;
	struct frame last;             /* borrows from body */
	uint8_t *body;
	int file;                      /* that came along; -1 */
};

struct client *client_connect(bool supervisor);
/* Of a connected socket, which it takes. */
struct client *client_of(int fd);
/* And has said hello. */
struct client *client_agent(const char *name, const char *token);
struct client *client_supervisor(void);
void client_close(struct client *);
void client_send(struct client *, const struct frame *);
void client_raw(struct client *, const void *, size_t n);
/* The next frame within 5 s; NULL: the connection is at its end. Fails the test when there is none. */
const struct frame *client_wait(struct client *);
/* It is the error that this request is refused by. */
void frame_refuses(const struct frame *, uint64_t id, enum frame_error);
/* The gate has read all that this client, and before it others, sent, and has answered this one nothing. */
bool client_quiet(struct client *);
/* Sends a call with JSON arguments. */
void client_call(struct client *, uint64_t id, const char *capability, const char *json, unsigned flags);
/* And waits for its answer. */
const struct frame *client_answer(struct client *, uint64_t id, const char *capability, const char *json);
bool frame_says(struct krux_str, const char *text);
/* A decision signed by that key. */
void client_decide(struct client *, uint64_t id, const uint8_t *ticket, const char *decision,
                   const char *name, const struct krux_secret_key *);

#endif
