/* A process of the daemon: forked, stripped, and another program from then on, which is told on its
 * channel what it is to do. */
#ifndef KRUX_START_H
#define KRUX_START_H

#include "runtime/base/uids.h"
#include "runtime/sandbox/parts.h"
#include "runtime/sandbox/process.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct krux_err;
struct state;

/* What does not change while the daemon runs. Borrowed. */
struct start_plan {
	struct parts parts;
	const struct state *state;
	int keys;                      /* the folder with log.key */
	const char *engine;
	bool dev;
	const char *const *waived, *const *missing;
	const char *const *limits;     /* of the gate: NAME=N, NULL-terminated; NULL: the usual ones */
	const char *const *places;     /* that no agent may reach, NULL-terminated */
	const char *proxy;             /* that connects for calls; NULL: none */
	bool proxy_names;              /* it looks names up */
	const char *const *reached;    /* blocks of special addresses that calls may reach, NULL-terminated; NULL: none */
	const char *agent, *workspace; /* who is served alone; NULL: all that are registered */
	uid_t uid_base;                /* as root: of the uids that base/uids.h counts */
	struct agent_uids agents;      /* as root: that calls run as */
	bool sockets;                  /* calls get eBPF for their sockets, where they are in groups */
};

/* What belongs to one generation. The descriptors stay the caller's. */
struct start_generation {
	uint64_t n;
	int bundle;
	const char *bundle_path;
	int gate_recorder, gate_spawner;       /* the gate's ends */
	int spawner_recorder, spawner_gate, spawner_handler, spawner_web, spawner_egress;   /* the spawner's */
	int cgroup_main;                       /* where spawner, handlers' processes and egress are; -1: nowhere */
	int cgroup_calls;                      /* below which the handlers' process makes groups for calls; -1: nowhere */
};

/* Starts the process; `ours` and `theirs` are the ends of its channel to its parent, or of handlers' process and egress to
 * their spawner, whose end is `ours` until then. g is NULL for the recorder. Its pid, or -1 with *err. */
pid_t start_process(const struct start_plan *, enum process_kind, const struct start_generation *g,
                    struct channel *ours, int theirs, struct krux_err *err);

#endif
