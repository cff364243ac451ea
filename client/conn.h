/* A connection from the inside: its stream, its requests, its results. */
#ifndef KRUX_CONN_H
#define KRUX_CONN_H

#include "client/krux.h"
#include "client/stream.h"

#include "capspec/key.h"

enum conn_stage {
	CONN_GREETED,                  /* hello is sent */
	CONN_PROVED,                   /* and the challenge answered */
	CONN_READY,
	CONN_BROKEN                    /* fault says why; no requests are left */
};

enum { CONN_BUCKETS = 256 };

/* A request until its result is there. */
struct pending {
	struct pending *next;          /* in its bucket */
	struct pending *before, *after; /* in the order of submission */
	uint64_t id;
	uint8_t *bytes;                /* encoded, until it is sent */
	size_t n;
	int64_t until;                 /* ns of CLOCK_MONOTONIC; 0: no limit */
	enum frame_kind kind;
	uint32_t flags;
	bool sent, deferred, cancelled;
	bool abandoned;                /* its result was given; an answer may still come */
	krux_progress_fn *progress;
	krux_done_fn *done;
	void *ctx;
};

/* A result and what it points at. */
struct outcome {
	struct krux_result pub;        /* first: the library's users hold this */
	struct outcome *next;
	const void *map;
	size_t nmap;
	char text[];
};

struct krux {
	struct stream stream;
	enum conn_stage stage;
	bool inside;                   /* a callback is running */
	struct krux_fault fault;       /* BROKEN: why; before: the last error that named no call, or code 0 */
	int64_t until;                 /* of the greeting */
	char agent[65];
	uint8_t proof;                 /* enum frame_proof */
	struct krux_secret_key key;    /* PROOF_KEY */
	size_t max_output;
	struct krux_welcome welcome;
	char engine[256];
	uint64_t last_id;
	struct pending *bucket[CONN_BUCKETS];
	struct pending *first, *last;  /* all */
	struct pending *unsent;        /* the first that is not */
	size_t npending;               /* without a result */
	uint64_t under_way, bytes;     /* sent and not answered */
	int64_t earliest;              /* no request's time is over before this; 0: none has a limit */
	struct outcome *ready, *ready_last;
};

int64_t conn_now(void);            /* ns of CLOCK_MONOTONIC */
/* The moment that many milliseconds from now; 0 for 0. */
int64_t conn_until(uint32_t ms);

/* Ends every request with this code, and the connection. Returns code. */
int conn_break(struct krux *, const struct krux_fault *);
/* A message to the daemon that is no request. */
int conn_send(struct krux *, const struct frame *, struct krux_fault *);
/* Sends as many requests as the daemon's limits allow. */
int conn_send_requests(struct krux *, struct krux_fault *);

struct pending *pending_find(const struct krux *, uint64_t id);
/* The request has its result, which goes to its callback or into the row; NULL: there was no memory for one.
 * Takes the outcome, frees the request. */
void pending_finish(struct krux *, struct pending *, struct outcome *);
/* The same for a request whose answer may still come, and then means nothing: pending_drop frees it. */
void pending_abandon(struct krux *, struct pending *, struct outcome *);
void pending_drop(struct krux *, struct pending *);
void pending_free_all(struct krux *);

/* NULL: no memory. Of an answer: *code is one that ends the connection, or KRUX_OK. */
struct outcome *outcome_fault(const struct pending *, const struct krux_fault *);
struct outcome *outcome_answer(struct krux *, const struct pending *, const struct frame *, int *code,
                               struct krux_fault *);
struct outcome *outcome_end(const struct pending *, enum krux_end, struct krux_str output);

#endif
