/* The gate: talks to agents and supervisors, decides, and opens nothing after its start. */
#ifndef KRUX_GATE_RUN_H
#define KRUX_GATE_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;

/* What clients may use up; 0 in a field: as gate_limits_default has it. */
struct gate_limits {
	uint32_t connections;          /* of agents, in all */
	uint32_t per_agent;            /* of one agent */
	uint32_t supervisors;          /* connections of supervisors */
	uint32_t calls;                /* under way on one connection */
	uint32_t requests;             /* a second, of one agent */
	uint32_t tickets;              /* that wait, of one agent */
	uint64_t bytes;                /* of messages and answers under way, of all */
	uint32_t hello_ms;             /* until a connection has said who it is */
	uint32_t message_ms;           /* from the first byte of a message to its last, and for a client
	                                  to take an answer */
};
extern const struct gate_limits gate_limits_default;

struct gate_run_options {
	int bundle;                    /* the file, open for reading */
	const char *bundle_path;       /* for messages, and what a reload without a path names */
	int trust;                     /* folder */
	bool dev;
	const char *const *waived;     /* NULL-terminated; NULL: none */
	uint64_t generation;
	int recorder, spawner;         /* channels */
	const struct gate_limits *limits;   /* NULL: gate_limits_default */
	/* Called once, when the bundle is mapped and everything is opened, before READY: from then
	 * on no file can be opened and nothing be mapped executable. NULL in tests. */
	int (*confine)(void *ctx, struct krux_err *err);
	void *confine_ctx;
};

/* 0 after STOP, HANDOVER or the end of a channel; 2: the bundle cannot be used (said by REFUSED on
 * the parent's channel before); 3: the system failed. Takes parent_channel. */
int gate_run(int parent_channel, const struct gate_run_options *);

#endif
