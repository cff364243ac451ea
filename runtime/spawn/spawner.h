/* The spawner: makes a sandbox for an unused receipt of exactly that request, and for nothing
 * else. */
#ifndef KRUX_SPAWNER_H
#define KRUX_SPAWNER_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;
struct state;

struct spawner_options {
	int bundle;                    /* the file, open for reading */
	const char *bundle_path;       /* for messages */
	const struct state *state;     /* trust, trash, workspaces */
	bool dev;
	const char *const *waived;     /* NULL-terminated; NULL: none */
	uint64_t generation;
	int recorder, gate, handler;   /* channels; handler: to the process that children are forked from */
	int web;                       /* to the one for those that need libcurl; -1: no call of theirs is run */
	int egress;                    /* to the process that connects for them; -1: no call that connects is run */
	/* Called once, when the bundle is read, before READY. NULL in tests. */
	int (*confine)(void *ctx, struct krux_err *err);
	void *confine_ctx;
};

/* Until STOP, or until gate or recorder are gone and the last child has ended. 0, or 2 and 3 as
 * gate_run. Takes parent_channel. */
int spawner_run(int parent_channel, const struct spawner_options *);

#endif
