/* Connections: bytes to messages and back, within limits. What a client does with its own end costs
 * only itself: a slow one waits for itself, a silent one is dropped, a flood is read no faster than
 * its agent may ask. */
#ifndef KRUX_SERVER_H
#define KRUX_SERVER_H

#include "runtime/gate/gate_part.h"

enum {
	SERVER_BUDGET = 16,            /* messages of one connection in one turn */
	SERVER_HIGH = 256 << 10,       /* bytes that wait for a client: then it is read no more */
	SERVER_WATCHED = 1 << 20,      /* and then a supervisor that watches is dropped */
	SERVER_STRANGER = 1024         /* bytes of a message before it is known who sends it */
};

enum connection_role { ROLE_AGENT, ROLE_SUPERVISOR };
enum connection_state { CONNECTION_HELLO, CONNECTION_PROVING, CONNECTION_OPEN, CONNECTION_CLOSING };

/* Descriptors leave with the bytes at `at`. */
struct out_fd {
	size_t at;
	int fd;
};

struct connection {
	struct session session;        /* first: a session is its connection */
	struct connection *next, *prev;
	struct server *server;
	struct watch watch;
	struct timer timer;
	enum connection_role role;
	enum connection_state state;
	struct agent *proving;
	uint8_t nonce[32];
	struct frame_reader reader;
	uint8_t *rest;                 /* read, and not looked at yet */
	size_t rest_room, rest_at, rest_n;
	size_t looked;                 /* of the rest: where no more cancels have been looked for */
	uint8_t *out;
	size_t out_room, out_at, out_n;
	struct out_fd *fds;
	size_t fds_room, nfds;
	bool watching, dirty, waiting, dead, again;
	bool more;                     /* messages of this turn are still to be looked at */
	uint64_t hello_by, whole_by, taken_by, resume_at;   /* ns of CLOCK_BOOTTIME; 0: none */
	struct connection *next_dirty, *next_again;
	struct connection *next_stranger, *prev_stranger;
	bool stranger;                 /* it has not said who it is */
};

struct server {
	struct gate *gate;
	struct watch listener[2];      /* by role */
	struct timer later, resting;   /* later: what is left of this turn's budget; resting: after EMFILE */
	struct connection *first, *dirty, *again, *dead;
	struct connection *strangers;
	unsigned count[2], nstrangers;
	uint64_t turned_away;          /* strangers, of whom there were too many */
	uint64_t numbers;
	bool leaving;                  /* to the next gate */
	struct channel next_gate, from_gate;   /* fd -1: none; both, while a chain of gates is leaving */
	struct watch on_next, on_from;
	bool receiving, done;
	uint8_t in[LEND_MIDDLE];
};

/* ---- connection.c ---- */

/* Takes fd. NULL: no memory, fd is closed. */
struct connection *connection_new(struct server *, enum connection_role, int fd, uint64_t uid);
void connection_end(struct connection *);
/* It has said who it is. */
void connection_known(struct connection *);
/* Says why, then ends it. */
void connection_fail(struct connection *, enum frame_error, const char *why);
void connection_send(struct session *, const struct frame *, int fd);
/* Sends what it takes; ends it where the other side is gone. */
void connection_flush(struct connection *);
/* Looks at n bytes that came from it, or at those that were left; keeps what this turn has no time
 * for. */
void connection_take(struct connection *, const uint8_t *p, size_t n);
/* Is it between messages, with nothing under way but waiting for what others do. */
bool connection_still(const struct connection *);
/* The timer for the first of its moments. */
void connection_timer(struct connection *);
/* Memory of those that were ended. */
void connections_bury(struct server *);

/* ---- server.c ---- */

/* A whole message. */
void server_frame(struct connection *, const struct frame *);
void server_again(struct connection *);

/* ---- handover.c ---- */

/* To the next gate, if it is still. True: it is gone. */
bool handover_try(struct connection *);
/* Has it calls under way here, while all other messages are for the next gate: then what it cancels is read. */
bool handover_reads(const struct connection *);
void handover_read(struct connection *);
/* The same for what was read before. */
void handover_look(struct connection *);
/* All are gone. */
void handover_done(struct server *);

#endif
