/* kruxrt call, in its two ways: through the daemon, or through its programs, started for one call. */
#ifndef KRUX_CALL_H
#define KRUX_CALL_H

#include "client/krux.h"

#include "capspec/frame.h"

struct krux_err;

struct call {
	const char *capability, *json, *state, *bundle, *agent, *workspace, *reach, *proxy, *agents, *missing;
	bool proxy_names;
	const char *socket, *token_file, *key_file, *deadline;
	uint64_t deadline_ms;          /* 0: none */
	bool dev, quiet, wait, help;
};

/* Each returns the exit code. */
int call_daemon(const struct call *, struct krux_str json);
int call_local(const struct call *, struct krux_str json);

/* A connection, and the call that was made on it. */
struct call_talk {
	struct krux *connection;
	struct krux_result *result;    /* NULL: there is none, and why is in fault */
	struct krux_fault fault;
	int dev;
};

/* From here on the process opens the token or key that it was given, and says and hears no more than its connection does. */
int call_confine(const struct call *, struct krux_err *err);
/* Connects by these options, and makes the call. A krux_code; *t is to be ended in any case. */
int call_talk(const struct call *, struct krux_str json, struct krux_options *, struct call_talk *t);
/* Prints what came of it; the exit code. */
int call_tell(const struct call *, const struct call_talk *);
void call_talk_end(struct call_talk *);

/* Prints the sentence; code. */
int call_fail(int code, const char *why);
/* The answer: to standard output as JSON, to standard error in words unless quiet. */
int call_answer(const struct call *, const struct frame *, bool dev);

#endif
