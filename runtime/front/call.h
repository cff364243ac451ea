/* kruxrt call, in its two ways: through the daemon, or all in this process. */
#ifndef KRUX_CALL_H
#define KRUX_CALL_H

#include "capspec/frame.h"

struct krux_err;

struct call {
	const char *capability, *json, *state, *bundle, *agent, *workspace;
	const char *socket, *token_file, *key_file, *deadline;
	uint64_t deadline_ms;          /* 0: none */
	bool dev, quiet, wait, help;
};

/* Each returns the exit code. */
int call_daemon(const struct call *, struct krux_str json);
int call_local(const struct call *, struct krux_str json);

/* Prints the sentence; code. */
int call_fail(int code, const char *why);
/* The answer: to standard output as JSON, to standard error in words unless quiet. */
int call_answer(const struct call *, const struct frame *, bool dev);

#endif
