/* A gate, its spawner, the process of the handlers and egress, from their start until nothing of them is left. */
#ifndef KRUX_GENERATION_H
#define KRUX_GENERATION_H

#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/front/start.h"

struct daemon;

/* One process that the parent has started. */
struct member {
	struct daemon *daemon;
	struct generation *generation; /* NULL: the recorder's */
	enum process_kind kind;
	pid_t pid;                     /* 0: there is none (any more) */
	int status;                    /* of waitpid, once it has ended */
	bool ready, refused;
	uint64_t seq;                  /* that it was ready with */
	char why[256];                 /* that it refused with */
	struct channel channel;        /* fd -1: closed */
	struct watch watch;
};

enum generation_state {
	GENERATION_NONE,
	GENERATION_STARTING,           /* until both are ready */
	GENERATION_SERVING,
	GENERATION_LEAVING,            /* handed over or stopping: finishes its calls */
	GENERATION_ENDING,             /* killed; until all is reaped */
};

struct generation {
	struct daemon *daemon;
	enum generation_state state;
	uint64_t n;
	struct member gate, spawner;
	struct member handler, web, egress;    /* without a channel to us: they speak with the spawner */
	int bundle;
	char *bundle_path;
	char group[32];                /* its cgroup's name */
	int cgroup, cgroup_main, cgroup_calls; /* -1: none */
	struct timer limit;            /* of the state that it is in */
	bool served;                   /* it was ready once */
	bool known;                    /* to the recorder, which then has to hear that it is gone */
	bool stopped;                  /* its spawner has been told to stop */
};

/* Makes channels and group and starts the processes; takes bundle and bundle_path, also where it
 * fails. The recorder's ends of the two channels go to `recorder`. -1 with *err: what has been started
 * is to be killed. */
int generation_start(struct generation *, const struct start_plan *, uint64_t n, int bundle,
                     char *bundle_path, int cgroup, int recorder[static 2], struct krux_err *err);
/* Kills what lives of it. */
void generation_kill(struct generation *);
/* All its processes have ended, and the group is empty where there is one. */
bool generation_over(struct generation *);
/* Gives back what it held; its processes have ended. */
void generation_close(struct generation *, int cgroup);

/* A process that is not there yet, with our end of the channel to it. */
int member_open(struct member *, int ours, struct krux_err *err);
void member_close(struct member *);

#endif
