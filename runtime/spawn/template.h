/* The handlers' process: what children of calls are forked from. It holds the handlers and the policy and does
 * not read what a call says; its child does, once it has no rights left. */
#ifndef KRUX_TEMPLATE_H
#define KRUX_TEMPLATE_H

#include "runtime/base/uids.h"

#include <stdbool.h>

struct builtin;
struct krux_err;
struct krux_str;

/* What calls of its bundle are run here. */
enum template_runs { TEMPLATE_BUILTINS, TEMPLATE_COMMANDS, TEMPLATE_CONNECTS };

struct template_options {
	int bundle;                    /* the file, open for reading */
	const char *bundle_path;       /* for messages */
	int trust;                     /* folder */
	bool dev;
	bool commands;                 /* it runs commands, and has their programs */
	int group;                     /* folder of the cgroup below which its calls get theirs; -1: none */
	const char *groups;            /* the word that their names begin with, which no other process's do */
	bool sockets;                  /* which has eBPF for their sockets */
	struct agent_uids agents;      /* that its children may become; none: they are their workspace's owner */
	const char *const *waived;     /* features that it does without, NULL-terminated; NULL: none */
	unsigned each, all;            /* most children that wait for calls: of one agent and class, in all; 0: none */
	const struct builtin *(*find)(struct krux_str name);   /* the builtins that its children may be */
	/* Called once, when the bundle is mapped, before READY. NULL in tests. */
	int (*confine)(enum template_runs, struct krux_err *err);
};

/* Until its one channel, to the spawner, closes; what runs then ends with it. 0; 2: the bundle cannot be used; 3:
 * the system failed. */
int template_run(int spawner_channel, const struct template_options *);

#endif
