/* libkrux: calls to a Krux daemon from C.
 *
 * A connection belongs to one agent. Any number of calls may be under way on it; their results come
 * in any order. Use it blocking:
 *
 *     struct krux_options o = { .size = sizeof o, .agent = "builder", .token_file = "builder.token" };
 *     struct krux_request q = { .size = sizeof q, .capability = "filesystem.read",
 *                               .json = "{\"path\": \"/workspace/a.txt\"}", .flags = KRUX_JSON };
 *     struct krux_result *r;
 *     struct krux_fault f;
 *     struct krux *k;
 *
 *     if (krux_connect(&o, &k, &f) || krux_call(k, &q, &r, &f))
 *         errx(1, "%s", f.text);
 *     if (r->end == KRUX_END_DONE)
 *         fwrite(r->output, 1, r->output_len, stdout);
 *     krux_result_free(r);
 *     krux_close(k);
 *
 * or inside a loop of your own: krux_open, krux_submit, then krux_step whenever krux_fd is ready for
 * krux_events or krux_timeout has passed; results come to callbacks, or are taken with krux_next.
 *
 * Threads: a connection serves one thread at a time, and callbacks run in the thread that calls
 * krux_step or a function that blocks. Two connections share nothing; the library has no state of its
 * own, installs no signal handlers, and never writes to standard output or error. A child of fork()
 * must not use its parent's connections; every descriptor is close-on-exec.
 *
 * Structs that you fill begin with their size, so that later versions can add members; those that the
 * library hands out grow at their end only. */
#ifndef KRUX_H
#define KRUX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define KRUX_VERSION_MAJOR 0
#define KRUX_VERSION_MINOR 1

/* "0.1.0": of the library that is loaded. Constant. */
const char *krux_version(void);

/* ---- what can go wrong ---- */

/* The closed list of codes: functions return KRUX_OK or one of these. */
enum krux_code {
	KRUX_OK = 0,
	/* here */
	KRUX_E_USAGE = -1,         /* wrong use of this interface; nothing was done */
	KRUX_E_MEMORY = -2,
	KRUX_E_SYSTEM = -3,        /* a system call failed: fault.no is the errno */
	KRUX_E_CONNECT = -4,       /* nobody listens there: fault.no */
	KRUX_E_SECRET = -5,        /* the key or token file cannot be used: text says why */
	KRUX_E_TIMEOUT = -6,       /* the time that you gave is over */
	KRUX_E_CLOSED = -7,        /* the daemon closed the connection, or it broke */
	KRUX_E_PROTOCOL = -8,      /* the other side sent what is no message of the protocol */
	KRUX_E_TOO_LARGE = -9,     /* a message or a result is larger than the limit */
	/* said by the daemon; 16 + its number */
	KRUX_E_MALFORMED = -17,    /* it could not read what we sent */
	KRUX_E_VERSION = -18,      /* it speaks another version */
	KRUX_E_UNAUTHORISED = -19, /* no such agent, or its proof does not hold */
	KRUX_E_REVOKED = -20,      /* the agent has been taken out */
	KRUX_E_CONNECTIONS = -21,  /* too many connections of this agent, or of all */
	KRUX_E_CALLS = -22,        /* too many calls under way */
	KRUX_E_BYTES = -23,        /* too many bytes under way */
	KRUX_E_REQUESTS = -24,     /* too many requests a second: fault.retry_ms */
	KRUX_E_ID = -25,
	KRUX_E_SLOW = -26,         /* we took too long to send a message */
	KRUX_E_DRAINING = -27,     /* it stops; nothing was done */
	KRUX_E_FROZEN = -28,       /* an operator has frozen this agent, or all; nothing was done */
	KRUX_E_UNRECORDED = -29,   /* the log cannot be written; nothing was done */
	KRUX_E_TICKET = -30,       /* no such ticket of this agent */
	KRUX_E_CAPABILITY = -31,   /* there is no such capability to describe */
	KRUX_E_STRANGERS = -32     /* too many connections of this uid have not said hello */
};

/* "timeout", "unauthorised"; NULL for what is no code. Constant. */
const char *krux_code_word(int code);

/* Where a function takes one it may be NULL; it is filled when that function fails. */
struct krux_fault {
	int code;                  /* what the function returned */
	int no;                    /* errno, or 0 */
	uint32_t retry_ms;         /* when trying again makes sense; 0: unknown or never */
	char text[244];            /* one sentence, UTF-8; may hold what the daemon said */
};

/* ---- connections ---- */

struct krux;

struct krux_options {
	size_t size;               /* sizeof(struct krux_options) */
	const char *socket;        /* path; NULL: $KRUX_SOCKET, else $XDG_RUNTIME_DIR/krux/agent.sock where
	                              that is there, else /run/krux/agent.sock */
	const char *agent;         /* [a-z0-9._-]{1,64} */
	/* One of three proofs; with none of them the daemon looks at the uid of this process. */
	const char *token;         /* as kruxrt agents add printed it */
	const char *token_file;    /* a file with it; refused where others than its owner can read it */
	const char *key_file;      /* NAME.key, made by kruxc keygen; the same holds */
	const char *claimed;       /* what this program says of itself, up to 255 bytes: it is recorded,
	                              and decides nothing; NULL: nothing */
	uint32_t timeout_ms;       /* for krux_connect, and until the daemon has answered hello; 0: 10 s */
	size_t max_output;         /* largest result that is taken; 0: 256 MiB */
	int connected;             /* 1: `fd` is a connection to the daemon; `socket` is not looked at */
	int fd;                    /* a connected Unix stream socket: taken, but where the code is KRUX_E_USAGE */
};

/* Connects and proves who the agent is. Blocks until the daemon has answered. *out is the caller's,
 * to krux_close. */
int krux_connect(const struct krux_options *, struct krux **out, struct krux_fault *);
/* The same without waiting for the answer: krux_step does the rest, and calls that are submitted
 * meanwhile are sent when it has come. */
int krux_open(const struct krux_options *, struct krux **out, struct krux_fault *);
/* Closes; calls under way are forgotten here and go on there: cancel first what shall not run, and
 * take back its tickets. Their results are freed, no callbacks run. NULL is allowed. Not from a callback. */
void krux_close(struct krux *);

struct krux_welcome {
	const char *agent, *engine;
	uint8_t bundle[32];        /* digest of the policy bundle that decides */
	int dev;                   /* 1: it is signed with a development key */
	uint64_t max_calls;        /* under way on this connection; more wait here until there is room */
	uint64_t max_bytes;        /* of them; the same */
	uint64_t max_requests;     /* a second; more are answered KRUX_E_REQUESTS */
};

/* What the daemon said; NULL: it has not yet. Lives as long as the connection. */
const struct krux_welcome *krux_welcomed(const struct krux *);

/* ---- requests ---- */

enum krux_flag {
	KRUX_WAIT = 1,             /* a call that a person has to approve: wait for the decision */
	KRUX_PROGRESS = 2,         /* say how far it is, to the progress callback */
	KRUX_JSON = 4              /* give the output as JSON; canonical CBOR without */
};

struct krux_result;

/* What a call does at the moment: "recorded", "running", "waiting"; or "deferred", then with the result
 * that holds the ticket (borrowed), NULL otherwise. */
typedef void krux_progress_fn(void *ctx, uint64_t id, const char *stage, const struct krux_result *deferred);
/* The end of a request. The result is the callback's to free. It may submit and cancel; it must not
 * block or close. */
typedef void krux_done_fn(void *ctx, struct krux_result *);

struct krux_request {
	size_t size;               /* sizeof(struct krux_request) */
	const char *capability;    /* "filesystem.read", or "filesystem.read@1" */
	const char *json;          /* arguments, a JSON object, or */
	size_t json_len;           /* 0: up to its NUL */
	const void *cbor;          /* canonical CBOR (capspec/wire.cddl: arguments) */
	size_t cbor_len;
	uint32_t deadline_ms;      /* the daemon ends the call then; 0: the capability's own. A longer one than
	                              the capability's changes nothing */
	uint32_t timeout_ms;       /* after this the call is cancelled and its result is KRUX_E_TIMEOUT, even
	                              when the daemon says nothing at all; 0: never */
	uint32_t flags;            /* a sum of krux_flag */
	krux_progress_fn *progress; /* or NULL */
	krux_done_fn *done;        /* NULL: take the result with krux_next or krux_wait */
	void *ctx;                 /* given to both, and in the result */
};

/* The arguments are copied. *id is the number of the call on this connection, never used twice. */
int krux_submit(struct krux *, const struct krux_request *, uint64_t *id, struct krux_fault *);
/* A ticket of this agent: look, wait for the decision, or take it back. Of the request flags,
 * timeout_ms, the callbacks and ctx count. The result tells as that of the call would: deferred while it
 * waits. */
enum krux_ticket_what { KRUX_TICKET_POLL, KRUX_TICKET_WAIT, KRUX_TICKET_WITHDRAW };
int krux_submit_ticket(struct krux *, enum krux_ticket_what, const uint8_t ticket[32],
                       const struct krux_request *, uint64_t *id, struct krux_fault *);
/* The definition of request.capability for agents, or with NULL the list of all: the output, as JSON.
 * timeout_ms, callbacks and ctx count. */
int krux_submit_describe(struct krux *, const struct krux_request *, uint64_t *id, struct krux_fault *);
/* Is the daemon there. timeout_ms, callbacks and ctx count. */
int krux_submit_ping(struct krux *, const struct krux_request *, uint64_t *id, struct krux_fault *);

/* Asks the daemon to end a call; its result says what came of it (KRUX_END_CANCELLED: nothing ran;
 * KRUX_END_DEFERRED: nothing ran yet, but its ticket waits on, and the call runs when it is approved, unless
 * the ticket is taken back). One that was not sent yet ends at once. KRUX_E_USAGE: no such call is under way. */
int krux_cancel(struct krux *, uint64_t id, struct krux_fault *);

/* ---- results ---- */

enum krux_end {
	KRUX_END_INVALID,          /* the arguments do not fit, or there is no such capability: where, why */
	KRUX_END_DENIED,           /* by policy: rule, source, reason, remedy */
	KRUX_END_DEFERRED,         /* a person has to approve: ticket; the call, or what its program has changed, which remedy says */
	KRUX_END_DONE,             /* output */
	KRUX_END_ERROR,            /* one of the capability's own errors: error, message, recover, hint */
	KRUX_END_KILLED,           /* by a limit, a cancellation or a freeze: why */
	KRUX_END_BROKEN,           /* the handler gave no well-formed answer, or nothing ran: why */
	KRUX_END_UNKNOWN,          /* it ran and how it ended is not known; it is not run again: why */
	KRUX_END_CANCELLED,        /* before anything ran */
	KRUX_END_WITHDRAWN         /* the ticket is withdrawn, expired, rejected or stale: why */
};

/* The order of strictness: blocked is the strictest. */
enum krux_decision { KRUX_DECISION_BLOCKED, KRUX_DECISION_APPROVAL, KRUX_DECISION_NOTIFY,
                     KRUX_DECISION_AUTONOMOUS };

/* "denied"; "approval-required"; NULL for other numbers. Constant. */
const char *krux_end_word(int end);
const char *krux_decision_word(int decision);

/* Texts are UTF-8, end at their first NUL, are NULL where there is none, and live as long as the
 * result. They may hold what other programs wrote: escape them before a terminal shows them. */
struct krux_result {
	uint64_t id;
	void *ctx;
	int code;                  /* KRUX_OK: the daemon answered, and `end` holds. Else there is no answer: why
	                              and retry_ms. After KRUX_E_CLOSED, _PROTOCOL and _TIMEOUT of a call
	                              that was sent it may have run: the daemon's log knows; do not repeat it
	                              blindly */
	int sent;                  /* 0: no byte of it has left this process */
	enum krux_end end;
	int decision, would;       /* enum krux_decision; -1: not said. would: with every rule that only
	                              observes enforced */
	const char *rule, *source, *reason, *remedy;
	int has_record;
	uint64_t record;           /* number of its record in the log */
	const uint8_t *ticket;     /* 32 bytes, or NULL */
	const void *output;        /* NULL: none */
	size_t output_len;         /* in bytes; JSON has a NUL behind it where it came in the message */
	int output_fd;             /* of a large output, which is mapped from it: a sealed memory file that
	                              nobody can change. Closed with the result; dup() it to keep it. -1 else */
	const char *error, *message, *recover, *hint;
	const char *where, *why;
	int durable;               /* 1: the record of its end is on disk */
	uint32_t retry_ms;         /* until a used-up rate or budget has room; 0: not a matter of waiting */
};

/* NULL is allowed. */
void krux_result_free(struct krux_result *);

/* ---- in a loop of your own ---- */

/* For poll(2): the descriptor, never to be read or closed by others; and POLLIN, perhaps POLLOUT. */
int krux_fd(const struct krux *);
short krux_events(const struct krux *);
/* Milliseconds until krux_step has to be called even if nothing comes; -1: it need not. */
int krux_timeout(const struct krux *);
/* Sends and receives what can be without waiting, and runs the callbacks. KRUX_OK, or why the connection
 * is of no use any more; then every request has ended with that code, and krux_close is all that is
 * left to do. */
int krux_step(struct krux *, struct krux_fault *);
/* The next result without a callback, now the caller's; NULL: none has come. */
struct krux_result *krux_next(struct krux *);
/* Requests without a result. */
size_t krux_pending(const struct krux *);

/* ---- blocking ---- */

/* Each waits while other requests go on and their callbacks run; signals do not end it. Not from a
 * callback. */

/* Waits for the result of a request without a `done` callback, at most timeout_ms (0: as long as it
 * takes). KRUX_OK: *out is the caller's, look at its code. KRUX_E_TIMEOUT: it is still under way. */
int krux_wait(struct krux *, uint64_t id, uint32_t timeout_ms, struct krux_result **out,
              struct krux_fault *);

/* These submit, wait and return the code of the result: KRUX_OK: *out is the caller's. request.done must be
 * NULL. */
int krux_call(struct krux *, const struct krux_request *, struct krux_result **out, struct krux_fault *);
int krux_ticket(struct krux *, enum krux_ticket_what, const uint8_t ticket[32],
                const struct krux_request *, struct krux_result **out, struct krux_fault *);
int krux_describe(struct krux *, const char *capability, uint32_t timeout_ms, struct krux_result **out,
                  struct krux_fault *);
int krux_ping(struct krux *, uint32_t timeout_ms, struct krux_fault *);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
