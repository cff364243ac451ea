/* The parent of the daemon: one recorder, one generation that serves, perhaps one that starts and
 * some that end. It decides nothing and holds no key. docs/design/006-processes.md. */
#ifndef KRUX_DAEMON_H
#define KRUX_DAEMON_H

#include "runtime/front/hook.h"
#include "runtime/front/start.h"

#include <stddef.h>
#include <stdint.h>

struct listen_socket;

struct daemon_plan {
	struct start_plan start;
	struct hook_plan hook;
	const char *bundle_path;       /* of the first generation, and of a reload that names none */
	int bundle;                    /* it, open; the daemon takes it */
	/* Where start.agent is served alone, `agent` is the connection to it, and `supervisor` nothing. */
	const struct listen_socket *agent, *supervisor;
	int cgroup;                    /* where each generation gets a group; -1: nowhere */
	uint64_t start_ns;             /* a generation is ready within this, or killed */
	uint64_t drain_ns;             /* after SIGTERM its calls may take so long */
	uint64_t leave_ns;             /* and so long after a hand-over */
	uint64_t pause_ns;             /* between the starts of two generations; twice as long after each that
	                                * did not become ready, up to 5 s */
};

/* Until SIGTERM or SIGINT has ended it in order. The exit code: 0; 2: the first bundle cannot be used; 3:
 * the system or the recorder failed. Says on stderr what happens. */
int daemon_run(const struct daemon_plan *);

#endif
