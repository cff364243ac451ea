/* A supervisor's connection to the daemon: questions one after the other, each waited for. */
#ifndef KRUX_SUPERVISOR_H
#define KRUX_SUPERVISOR_H

#include "client/stream.h"

struct krux_err;

struct supervisor {
	struct stream stream;
	uint64_t id;                   /* of the last question */
	char engine[128];
	uint8_t bundle[32];            /* digest of the one that decides */
	bool dev;
	bool greeted;
};

enum supervisor_result {
	SUPERVISOR_OK,
	SUPERVISOR_REFUSED = -1,       /* the daemon said no: *err says why */
	SUPERVISOR_FAILED = -2         /* nobody is there, or it is no daemon */
};

/* Connects to `socket`; NULL: KRUX_SUPERVISOR_SOCKET, else supervisor.sock beside KRUX_SOCKET, else
 * krux/supervisor.sock below XDG_RUNTIME_DIR or /run. Nothing is read yet. */
enum supervisor_result supervisor_reach(struct supervisor *, const char *socket, struct krux_err *err);
/* Hello and welcome, once; before anything is asked. */
enum supervisor_result supervisor_greet(struct supervisor *, struct krux_err *err);
void supervisor_close(struct supervisor *);

/* Asks, with an id of its own, and waits for the answer, which borrows until the next call. */
enum supervisor_result supervisor_ask(struct supervisor *, struct frame *question, enum frame_kind want,
                                      struct frame *answer, struct krux_err *err);
/* The next record of a connection that watches; waits as long as it takes. */
enum supervisor_result supervisor_event(struct supervisor *, struct frame *event, struct krux_err *err);
/* Asks for JSON: the value, in the pool. */
enum supervisor_result supervisor_json(struct supervisor *, struct frame *question, struct krux_pool *,
                                       struct krux_value *out, struct krux_err *err);
/* The exit code of a command that ended so, after its sentence. */
int supervisor_fail(const char *command, enum supervisor_result, const struct krux_err *err);

#endif
