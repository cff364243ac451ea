/* The gate: talks to agents and supervisors, decides, and opens nothing after its start. */
#ifndef KRUX_GATE_RUN_H
#define KRUX_GATE_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;

/* What clients may use up, by the names of limits.def; 0 in a field: the usual one. */
struct gate_limits {
#define GATE_LIMIT(field, name, usual, least, most, what) uint64_t field;
#include "runtime/gate/limits.def"
};

struct gate_run_options {
	int bundle;                    /* the file, open for reading */
	const char *bundle_path;       /* for messages, and what a reload without a path names */
	int trust;                     /* folder */
	bool dev;
	const char *const *waived;     /* NULL-terminated; NULL: none */
	const char *const *places;     /* that no agent may reach, as reach_check takes them; NULL: none */
	uint64_t generation;
	/* Who is served alone, on one connection that START brings, and in which folder: its name is only claimed.
	 * NULL: all that are registered, on listening sockets. */
	const char *agent, *workspace;
	int recorder, spawner;         /* channels */
	const struct gate_limits *limits;   /* NULL: the usual ones */
	/* Called once, when the bundle is mapped and everything is opened, before READY: from then
	 * on no file can be opened and nothing be mapped executable. NULL in tests. */
	int (*confine)(void *ctx, struct krux_err *err);
	void *confine_ctx;
};

/* 0 after STOP, HANDOVER or the end of a channel; 2: the bundle cannot be used (said by REFUSED on
 * the parent's channel before); 3: the system failed. Takes parent_channel. */
int gate_run(int parent_channel, const struct gate_run_options *);

#endif
