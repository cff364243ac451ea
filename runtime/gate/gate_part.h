/* What the files of the gate share: one thread, one policy, and what is known of everybody.
 *
 * Data flows so: server.c takes messages from connections, call.c makes decisions and records of
 * them, links.c carries them to recorder and spawner and brings back what these say, tell.c tells
 * the agent; background.c has the calls that are answered before they have ended. defer.c makes tickets, ticket.c keeps them, release.c lets them run, ended.c keeps what no longer waits,
 * supervise.c talks to persons. */
#ifndef KRUX_GATE_PART_H
#define KRUX_GATE_PART_H

#include "capspec/frame.h"
#include "capspec/schema.h"
#include "runtime/approve/quorum.h"
#include "runtime/base/err.h"
#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/bundle/loaded.h"
#include "runtime/decide/judge.h"
#include "runtime/decide/tally.h"
#include "runtime/gate/gate_run.h"
#include "runtime/gate/lend.h"
#include "runtime/record/entry.h"
#include "runtime/request/request.h"
#include "runtime/spawn/look.h"

struct carry;
struct carry_ticket;
struct gate;
struct server;

enum {
	GATE_CALLS = 8192,             /* under way, in all */
	GATE_AGENT_CALLS = 1024,       /* and of one agent */
	GATE_TOLD = 512,               /* answered, and not recorded yet, of one agent: then it waits */
	GATE_OPS = 512,                /* records of other kinds whose ACK is awaited */
	GATE_SEQS = 16384,             /* slots of the table of intents that run */
	GATE_CLAIMED = 255,
	GATE_NONCES = 64,              /* given out and not used */
	GATE_RELOADS = 4
};

/* ---- who ---- */

struct agent {
	struct agent *next;            /* of all */
	char name[65];
	char *workspace;
	enum audit_auth auth;
	uint8_t proof[32];             /* KEY: public key, TOKEN: hash */
	uint64_t uid;                  /* PEER */
	uint32_t runs_as;              /* uid of its calls; AGENT_UID_NONE: their workspace's owner */
	uint64_t seq;                  /* of the record that says all this */
	bool revoked, frozen;
	struct tally_agent *counted;
	struct tally_place *place;
	unsigned nsessions, ntickets, ncalls, ntold, nruns;
	unsigned nkeeping;             /* its calls whose program runs, and whose changes will be approved */
	struct ended *ended;           /* a ring, made for the first ticket */
	size_t ended_room, ended_next, ended_bytes;
	uint64_t due;                  /* ns of CLOCK_BOOTTIME: when its last request is paid for */
};

/* One authenticated connection, as calls see it. */
struct session {
	struct gate *gate;
	struct agent *agent;           /* NULL: nobody yet */
	struct call *first;            /* its calls under way */
	unsigned ncalls;
	enum audit_auth auth;
	uint64_t number, uid;
	char claimed[GATE_CLAIMED + 1];
	/* fd stays the caller's; -1: none */
	void (*send)(struct session *, const struct frame *, int fd);
	/* What was sent leaves now, unless more of this client's messages are at hand. */
	void (*flush)(struct session *);
};

/* ---- calls ---- */

/* The highest bits of a cookie say what it stands for. */
enum { COOKIE_SHIFT = 60, COOKIE_CALL = 1, COOKIE_OP = 2, COOKIE_CARD = 3 };

enum call_stage {
	CALL_FREE,
	CALL_LOOKING,                  /* the spawner looks at the files that a person is to see */
	CALL_RECORDING,                /* its record is not yet on disk */
	CALL_RUNNING,
	CALL_WAITING,                  /* for the end of a ticket */
	CALL_TOLD                      /* answered before its record was written (pure, not durable) */
};

struct call {
	struct call *next, *prev;      /* of its session; next: of the free ones */
	struct session *session;       /* NULL: gone; what is under way goes on */
	uint64_t id, cookie;
	enum call_stage stage;
	unsigned flags;                /* enum frame_flag */
	enum audit_auth auth;
	uint64_t uid, connection;
	bool cancelled, recorded, claimed, lost, pure;
	/* Of a command in the background: it is among nruns; that its program runs is recorded; what is held is the word that
	 * it does, not its result; it is answered, and goes on. */
	bool counted, begun, early, runs;
	bool release;                  /* nobody's: a ticket lets it run; its answer is for who waits */
	bool renewal;                  /* nobody's: a ticket of another bundle becomes one of this */
	enum audit_kind kind;          /* of the record under way */
	struct agent *agent;
	struct request request;        /* args are good until the end of the turn only */
	struct judgement judgement;
	struct tally_claim claim;
	uint64_t seq, deadline;        /* deadline: ns of CLOCK_BOOTTIME, 0: none */
	bool has_ticket;
	uint8_t ticket[TICKET_LEN], same[32];
	int blob;                      /* memory file of its arguments; -1: none */
	/* Of a run whose changes a person is to approve, and of a call that puts them in place. */
	uint64_t about;                /* seq of the run's intent: it has run, and this is about its changes; 0: it is no such call */
	int changes;                   /* memory file of the change set; -1: none */
	bool salted;                   /* which is the blob that the ticket's record names */
	bool keeps;                    /* it counts among those that may leave one */
	uint8_t *kept;                 /* its arguments, for then */
	size_t kept_n, kept_room;
	struct krux_obligation own;    /* of its judgement, where it has about */
	/* A result that waits for its outcome's record, or that of a pure call for its intent's. */
	uint8_t *held;
	size_t held_room, held_n, held_more;   /* more: behind the n bytes */
	int held_fd;
	struct call *same_slot;        /* in the table of those that run, or of those that wait */
	uint64_t amount[];             /* of the claim */
};

/* An append whose ACK somebody waits for. */
struct op {
	struct op *next;               /* of the free ones */
	uint64_t cookie;
	void (*done)(struct gate *, struct op *, const struct message_ack *);
	uint64_t connection, id;       /* who asked; connection 0: nobody */
	uint8_t ticket[TICKET_LEN];
	char why[160];
};

/* ---- tickets ---- */

/* What the gate knows of a waiting ticket besides its state in `carry`. */
struct card {
	struct card *next;
	uint8_t leaf[TICKET_LEN], same[32];
	struct agent *agent;
	int blob;                      /* of its arguments; -1: they are in the record */
	uint64_t about;                /* seq of the run whose changes wait; 0: the call itself does */
	int changes;                   /* the blob of these; -1: none, or not there yet */
	bool ready;                    /* the arguments are there */
	bool busy;                     /* its end is being recorded, or it is looked at */
	bool old;                      /* of another bundle, and not renewed yet */
};

/* A ticket that is no longer waiting, for those who poll it. */
struct ended {
	uint8_t leaf[TICKET_LEN];
	bool used;
	enum frame_end end;
	uint8_t *frame;                /* its answer, encoded for id 0; NULL: only `end` and `why` */
	const struct krux_capability *cap;   /* with frame */
	size_t n;
	char why[192];
	uint64_t seq;
	bool renewed;                  /* it goes on as another */
	uint8_t next[TICKET_LEN];
};

/* ---- supervisors ---- */

struct nonce {
	uint8_t bytes[16];
	uint64_t given;                /* ns of CLOCK_BOOTTIME; 0: used */
};

struct reload {
	uint64_t connection, id;       /* who asked; connection 0: free */
};

/* ---- the other processes ---- */

struct link {
	struct gate *gate;
	struct channel channel;
	struct watch watch;
	bool open, lazy;               /* lazy: what is gathered may wait a little */
	bool fresh;                    /* something was added since the last turn */
	unsigned gathered, awaited;    /* records that somebody waits for: to leave, and without an ACK */
	uint64_t since;                /* ns: when it began to wait for more; 0: it does not */
	struct timer later;
};

struct gate {
	struct loop loop;
	struct gate_run_options options;
	struct gate_limits limits;
	struct loaded *policy;
	struct tally *tally;
	struct facts *facts;
	struct judge *judge;
	struct krux_pool *pool;        /* of the message at hand; emptied after it */
	struct lend lend;
	struct link parent, recorder, spawner;
	unsigned acked, together;      /* calls that were recorded in this turn; under way with the last that were */
	struct carry *carry;
	struct agent *agents;
	struct krux_public_key *approver;
	size_t napprovers, approver_room;
	struct krux_public_key *operator;
	size_t noperators;
	struct nonce nonce[GATE_NONCES];
	unsigned next_nonce;
	struct reload reload[GATE_RELOADS];
	bool frozen, watched, renew;
	bool draining;                 /* no more calls are taken */
	bool retiring;                 /* no more tickets are released: another gate does, or none */
	bool unrecorded;               /* a call's record was not taken, nor one since: none is answered before its own is */
	bool serving, receiving;       /* START has come; connections come from another gate */
	uint64_t owner;                /* uid of who owns the trust folder: the operator */
	uint64_t signer[64];           /* uids that an approver's or operator's signature came from */
	unsigned nsigners;
	uint8_t boot[16];
	int code;                      /* that gate_run returns */
	char notice[160];              /* such as: the local time is not known */

	uint8_t *call_memory;
	size_t call_size;
	struct call *call_free;
	unsigned ncalls, nwaiting;     /* that are not free; those of them at CALL_WAITING */
	unsigned ntold;                /* and at CALL_TOLD */
	unsigned nruns;                /* of commands in the background, from their intent to their outcome */
	unsigned nkeeping;             /* of all agents */
	struct call *by_seq[GATE_SEQS];
	struct op ops[GATE_OPS], *op_free;
	unsigned nops;                 /* that are not free */

	struct call *waiting;          /* by same_slot: calls at CALL_WAITING */
	struct card *cards;
	unsigned ncards;
	struct timer tick, last;       /* tick: each second; last: the end of draining */

	struct server *server;
	uint64_t started;              /* ns since 1970 */
	uint64_t counts[FRAME_ENDS];   /* answers by end */
	uint8_t drawn[64][16];         /* random numbers for records, drawn together */
	unsigned ndrawn;
	_Alignas(16) uint8_t body[RECORD_MAX];/* of the record at hand */
};

/* ---- agents.c ---- */

/* All agents of carry, and what they counted. Negative: no memory. */
int agents_fill(struct gate *, struct krux_err *err);
/* The registration of this name has changed. Sessions that it no longer covers are ended. */
int agents_change(struct gate *, struct krux_str name, struct krux_err *err);
void agents_freeze(struct gate *);
void agents_free(struct gate *);
struct agent *agent_find(const struct gate *, struct krux_str name);
bool agent_token_holds(const struct agent *, struct krux_str token);
bool agent_key_holds(const struct agent *, const uint8_t nonce[static 32], const uint8_t signature[static 64]);
/* One request more. 0: it may; else ns until it may. */
uint64_t agent_charge(struct gate *, struct agent *);

/* ---- call.c ---- */

int calls_open(struct gate *, struct krux_err *err);
void calls_close(struct gate *);
/* A frame CALL of an agent. */
void call_begin(struct session *, const struct frame *);
void call_stop(struct session *, uint64_t id);
/* The connection is gone. */
void calls_orphan(struct session *);
/* The agent is taken out: what runs of its is killed, what does not yet never will. */
void calls_revoke(struct gate *, const struct agent *);
struct call *call_find(const struct session *, uint64_t id);
struct call *call_at(struct gate *, uint64_t cookie);
void calls_each(struct gate *, const struct agent *, void (*each)(struct gate *, struct call *));
struct call *call_of_seq(struct gate *, uint64_t seq);

/* session NULL: nobody asks, a ticket is released. NULL: too many are under way. */
struct call *call_new(struct gate *, struct session *, struct agent *, uint64_t id, unsigned flags);
void call_free(struct gate *, struct call *);
/* Its session hears of it no more. */
void call_leave(struct call *);
/* Its run is over: nothing more comes for its seq, and its result is dropped. */
void call_over(struct gate *, struct call *);
/* It is answered, and its record is on its way. */
void call_told(struct gate *, struct call *);
/* Are so many of an agent's answered calls not recorded yet that it has to wait. */
bool calls_owed(const struct gate *, const struct agent *);
/* It waits for the end of c->ticket. */
void call_waits(struct gate *, struct call *);
/* Reads canonical arguments of the capability in c->request. False with the refusal. */
bool call_args(struct gate *, struct call *, struct krux_str cbor, struct request_refusal *);
/* The verdict with the facts of now, in c->judgement. */
void call_decide(struct gate *, struct call *);
/* What follows from the verdict. shown: what the spawner saw for the approver; NULL: it was not
 * asked yet. */
void call_settle(struct gate *, struct call *, const struct krux_str *shown);
/* The record of a decided call, of kind INTENT, DEFERRED or DENIED. False where it cannot be
 * appended: the agent is told, and the call is no more. */
bool call_record(struct gate *, struct call *, enum audit_kind, const struct entry_ticket *);
void call_acked(struct gate *, struct call *, const struct message_ack *, struct krux_str record);
void call_result(struct gate *, struct call *, struct message *);
void call_refused(struct gate *, struct call *, struct krux_str why);
/* Its outcome, or that it is unknown, is on disk. */
void call_outcome(struct gate *, struct call *, const struct record *);
/* The spawner is gone: what ran and has no outcome by now is unknown. */
void calls_lost(struct gate *);

/* ---- tell.c ---- */

void tell_invalid(struct call *, const struct request_refusal *);
/* What an agent is told to do while its changes wait. */
extern const char changes_remedy[];
void tell_refusal(struct call *);                       /* denied, and deferred with its ticket */
void tell_end(struct gate *, struct call *, enum frame_end, const char *why);
/* From the held result. */
void tell_result(struct gate *, struct call *);
/* From the record of an outcome, where the result is lost. */
void tell_record(struct gate *, struct call *, const struct record *);
/* An answer with its output as CBOR, here or in *fd, to one with it as JSON. *fd is then a new one or -1; the one
 * before stays the caller's. */
void tell_json(struct gate *, const struct krux_capability *, struct frame *, int *fd);
/* Of a call that the gate ran itself; output NULL: the error. */
void tell_pure(struct gate *, struct call *, const struct krux_value *output, struct krux_str error,
                 struct krux_str message);
void tell_progress(struct call *, const char *stage);
void tell_error(struct session *, bool has_id, uint64_t id, enum frame_error, const char *why,
                  uint64_t retry_ms);

/* ---- pure.c ---- */

/* May the gate answer calls of this capability itself. */
bool pure_is(const struct krux_capability *);
/* Runs it. done: *output is of the output type; else *error is one of its errors. False: it gave
 * neither. */
bool pure_run(struct gate *, const struct request *, bool *done, struct krux_value *output,
              struct krux_str *error, struct krux_str *message);

/* ---- background.c: commands in the background ---- */

/* May one more begin; else the agent is told why not. */
bool background_admit(struct gate *, struct call *);
/* Its intent is on its way; it is over. */
void background_count(struct gate *, struct call *);
void background_uncount(struct gate *, struct call *);
/* The spawner says that its program runs; that is on disk. */
void background_started(struct gate *, struct call *, const struct message *);
void background_begun(struct gate *, struct call *);
/* Its result is here: what was held for it is not needed. */
void background_result(struct gate *, struct call *);
/* All of them are to end, since this gate does. */
void background_end(struct gate *);

/* ---- links.c ---- */

int link_open(struct link *, struct gate *, int fd, void (*ready)(struct watch *, uint32_t), struct krux_err *err);
void link_close(struct link *);
/* Before the loop waits: first whether it does. */
void links_turn(struct gate *);
void links_flush(struct gate *);
void recorder_ready(struct watch *, uint32_t events);
void spawner_ready(struct watch *, uint32_t events);
/* The body of a record to the recorder. Negative with *err: it is no record, or there is no memory. */
int append(struct gate *, const struct record *, uint64_t cookie, uint32_t flags,
           struct entry_memory *, struct krux_err *err);
/* The same for an op; NULL: too many are under way, or the record is none. */
struct op *append_op(struct gate *, const struct record *,
                     void (*done)(struct gate *, struct op *, const struct message_ack *));
/* And where nobody waits. */
void append_only(struct gate *, const struct record *);
int spawner_run_call(struct gate *, struct call *, const struct message_ack *, struct krux_str record,
                     struct krux_str ticket, struct krux_err *err);
void spawner_cancel(struct gate *, const struct call *, enum cancel_why);
/* False: it cannot be asked. */
bool spawner_look(struct gate *, uint64_t cookie, struct krux_str workspace, const struct krux_str *path, size_t n);
const char *ack_text(uint32_t status);

/* ---- news.c ---- */

/* A record that this gate did not append. Negative with *err: it does not follow. */
int news_take(struct gate *, struct krux_str bytes, struct krux_err *err);
/* One that it did. */
int news_own(struct gate *, struct krux_str bytes, const struct record *, const uint8_t *leaf, struct krux_err *err);
void approvers_leave(struct gate *);
int approvers_set(struct gate *, const struct krux_public_key *, size_t n, struct krux_err *err);

/* ---- ended.c: what is kept of an agent's tickets for those who poll ---- */

/* Before its first ticket. False: no memory. */
bool ended_open(const struct gate *, struct agent *);
void ended_close(struct agent *);
/* NULL: none of that name is kept. */
struct ended *ended_find(const struct agent *, const uint8_t leaf[static TICKET_LEN]);
/* It waits no longer, and did not run (why), or ran (NULL). */
struct ended *ended_keep(struct agent *, const uint8_t leaf[static TICKET_LEN], uint64_t seq, const char *why);
/* What its call was answered, kept as long as there is room. Sets the frame's id. */
void ended_answer(const struct gate *, struct agent *, struct ended *, const struct krux_capability *, struct frame *);

/* ---- defer.c: calls that wait ---- */

/* A decided call that a person has to approve: joins a card, or becomes one, after the spawner has
 * looked at the files that it names. */
void ticket_defer(struct gate *, struct call *, const struct krux_str *shown);
/* Its record is on disk. */
void ticket_deferred(struct gate *, struct call *, const struct message_ack *);
void ticket_looked(struct gate *, uint64_t cookie, struct krux_str shown);
/* The places in the workspace that a call's effects name, and an approver is to see, as the spawner takes them. More than
 * TICKET_PATHS: there are too many of them. */
enum { TICKET_PATHS = LOOK_FILES };
size_t ticket_paths(struct gate *, const struct request *, struct krux_str path[static TICKET_PATHS]);

/* ---- changes.c: changes that wait ---- */

/* Why no run may begin that could leave any; NULL: it may. */
const char *changes_full(const struct gate *, const struct agent *);
/* Before the intent of a run, which then counts among them. False: no memory. */
bool changes_expect(struct gate *, struct call *);
/* It leaves none, or they are a card's. */
void changes_forget(struct gate *, struct call *);
/* Its judgement is about changes: asks for approvals whatever the verdict, and counts in nothing. */
void changes_judged(struct call *);
/* Maps the change set; NULL: there is none, or no memory. */
const uint8_t *changes_map(const struct call *, size_t *n, struct krux_str *content);
/* The blob that a record names, of these, takes its place: the last of them. */
void changes_salted(struct call *, struct entry_memory *);
/* The run is over, and has left a change set. */
void changes_defer(struct gate *, struct call *);
/* What became of that: the policy denies it; it could not be recorded; it is on disk, and this is its card (NULL: no memory). */
void changes_denied(struct gate *, struct call *);
void changes_unrecorded(struct gate *, struct call *);
void changes_deferred(struct gate *, struct call *, struct card *);

/* ---- ticket.c: cards, and what agents ask of them ---- */

/* Cards for all tickets that carry has. */
int tickets_open(struct gate *, struct krux_err *err);
void tickets_close(struct gate *);
struct card *card_find(const struct gate *, const uint8_t leaf[static TICKET_LEN]);
struct card *card_at(const struct gate *, uint64_t cookie);
uint64_t card_cookie(const struct card *);
/* NULL: no memory. */
struct card *card_new(struct gate *, const uint8_t leaf[static TICKET_LEN], struct agent *);
/* What stands for the same request of the same agent; and the card that waits for it, or NULL. */
void card_same(const struct agent *, struct krux_str capability, uint64_t major, uint64_t minor, struct krux_str args,
               uint8_t out[static 32]);
struct card *card_of_same(const struct gate *, const struct agent *, const uint8_t same[static 32]);
/* What it was deferred with. False: there is no such ticket (NULL). */
bool ticket_record(const struct carry_ticket *, struct record *);
/* It is no longer waiting: who waits is told, unless its call runs now (why NULL). */
void ticket_gone(struct gate *, const uint8_t leaf[static TICKET_LEN], const char *why, uint64_t seq);
/* The same without telling anybody: it goes on as another. */
void ticket_voided(struct gate *, struct card *, const char *why, uint64_t seq);
/* It goes on as that one: who asks for it, or waits for it, comes to that. */
void ticket_renewed(struct gate *, const struct agent *, const uint8_t old[static TICKET_LEN],
                    const uint8_t leaf[static TICKET_LEN]);
/* It does not go on after all. */
void ticket_unrenewed(struct gate *, const struct agent *, const uint8_t leaf[static TICKET_LEN]);
/* All that its call takes is there. */
bool card_whole(const struct card *);
void ticket_blob(struct gate *, uint64_t cookie, struct message *);
void ticket_frame(struct session *, const struct frame *);
/* The answer of a call that a ticket let run. */
void ticket_answered(struct gate *, struct call *, struct frame *, int fd);
/* The session waits for the end of a ticket, as call `id`. */
bool ticket_wait(struct session *, uint64_t id, unsigned flags, const uint8_t leaf[static TICKET_LEN]);
/* Ends a call that waits for a ticket: it is told that the ticket waits on. False: that is released already, and what
 * comes of it is what there is to tell. */
bool ticket_unwait(struct gate *, struct call *);
/* Does it wait for a person: its call does not run here, nor is its end being recorded. */
bool ticket_rests(const struct gate *, const uint8_t leaf[static TICKET_LEN]);
/* News of tickets from another generation. */
void tickets_follow(struct gate *, const struct record *, const uint8_t leaf[static HASH_LEN]);
/* Appends the end of a ticket that is not used. */
void ticket_end(struct gate *, struct card *, enum audit_kind, const char *why);

/* ---- release.c: approvers' decisions, and what follows ---- */

/* A decision from a supervisor, whose connection is told when it is recorded. NULL, or why it is
 * refused. */
const char *ticket_decide(struct gate *, uint64_t connection, uint64_t uid, const struct frame *);
/* Were enough signatures given, and does nothing hold it; then it is released. */
void ticket_try(struct gate *, struct card *);
void tickets_retry(struct gate *);
/* The agent is taken out: its tickets end. */
void tickets_revoke(struct gate *, const struct agent *);
/* What the spawner sees now of the files that were shown. */
void ticket_seen(struct gate *, struct card *, struct krux_str shown);
/* A release whose record was refused; one that is recorded. */
void ticket_unreleased(struct gate *, const struct call *, uint32_t status);
void ticket_released(struct gate *, struct call *);
/* Once a second: those whose time is over, and those of another bundle. */
void tickets_tick(struct gate *);
/* The quorum of an agent's tickets. */
struct quorum ticket_quorum(const struct gate *, const struct agent *);
/* Is who has accepted it with the i-th signature an approver still. */
bool accept_counts(const struct gate *, const struct carry_ticket *, size_t i);

/* ---- server.c and connection.c ---- */

int server_open(struct gate *, struct krux_err *err);
void server_close(struct gate *);
/* Takes the descriptors. */
int server_listen(struct gate *, int agents, int supervisors, struct krux_err *err);
/* One connection that is there already. Takes it. */
int server_connect(struct gate *, int fd, struct krux_err *err);
/* No more connections and no more messages; then nothing but what is under way. */
void server_drain(struct gate *);
bool server_idle(const struct gate *);
/* Ends the sessions of an agent. */
void server_expel(struct gate *, const struct agent *, enum frame_error, const char *why);
/* To all supervisors that watch. */
void server_event(struct gate *, struct krux_str record);
/* To the supervisor's connection of that number, if it is still there. */
void server_reply(struct gate *, uint64_t connection, const struct frame *);
/* What was gathered in this turn leaves. */
void server_turn(struct gate *);
unsigned server_count(const struct gate *, bool supervisors);
/* Connections that have not said who they are, and how many more of them were sent away. */
unsigned server_strangers(const struct gate *, uint64_t *turned_away);

/* ---- handover.c ---- */

/* The other gate is at the end of this channel, which is taken: connections go to it, or come from
 * it where this gate does not serve yet. */
int handover_open(struct gate *, int channel, bool receive, struct krux_err *err);

/* ---- supervise.c ---- */

void supervise(struct gate *, uint64_t connection, uint64_t uid, const struct frame *);
/* A reload that a supervisor asked for has come to an end. */
void supervise_reloaded(struct gate *, uint64_t cookie, bool ok, struct krux_str why, uint64_t seq);

/* ---- report.c: JSON for supervisors and agents, in the pool; n 0: no memory ---- */

struct krux_str report_status(struct gate *);
struct krux_str report_agents(struct gate *);
struct krux_str report_tickets(struct gate *, const uint8_t *leaf);
struct krux_str report_event(struct gate *, const struct record *notify, uint64_t seq);
struct krux_str report_capability(struct gate *, const struct krux_capability *);
struct krux_str report_capabilities(struct gate *);

/* ---- gate_run.c ---- */

uint64_t gate_wall(void);
/* The spawner is gone: what it ran gets a little time for its news, then the gate ends. */
void gate_orphaned(struct gate *);
/* Something without which the gate cannot go on: it ends with this code. */
void gate_fail(struct gate *, int code, const struct krux_err *err);
void gate_notify(struct gate *, struct krux_str json);
/* Asks the parent for another bundle. False: the parent is gone. */
bool gate_reload(struct gate *, uint64_t cookie, struct krux_str path);

#endif
