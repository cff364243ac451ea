/* A process of the daemon to a running one: forked, stripped, confined when it has started. */
#ifndef KRUX_START_H
#define KRUX_START_H

#include "runtime/gate/gate_run.h"
#include "runtime/record/recorder.h"
#include "runtime/sandbox/process.h"
#include "runtime/spawn/spawner.h"

#include <stdbool.h>
#include <stdint.h>

struct krux_err;
struct state;

/* What does not change while the daemon runs. Borrowed. */
struct start_plan {
	int (*recorder)(int parent_channel, const struct recorder_options *);
	int (*gate)(int parent_channel, const struct gate_run_options *);
	int (*spawner)(int parent_channel, const struct spawner_options *);
	const struct state *state;
	int keys;                      /* the folder with log.key */
	const char *engine;
	bool dev;
	const char *const *waived, *const *missing;
	uid_t uid_base;                /* as root: gate + 0, recorder + 1 */
};

/* What belongs to one generation. The descriptors stay the caller's. */
struct start_generation {
	uint64_t n;
	int bundle;
	const char *bundle_path;
	int gate_recorder, gate_spawner;       /* the gate's ends */
	int spawner_recorder, spawner_gate;    /* the spawner's */
	int cgroup, cgroup_main;               /* the generation's, and where the spawner itself is */
};

/* Forks the process; `channel` is its end of the channel to its parent. g is NULL for the recorder. Its pid,
 * or -1 with *err. */
pid_t start_process(const struct start_plan *, enum process_kind, const struct start_generation *g,
                    int channel, struct krux_err *err);

#endif
