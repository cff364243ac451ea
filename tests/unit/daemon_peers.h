/* What stands in for recorder, gate, spawner and handlers' process under a real parent: this test's program again,
 * executed under their names. What all processes of a test see is a file without a name, which only its descriptor
 * leads to: they get it as the folder of trusted keys. */
#ifndef KRUX_DAEMON_PEERS_H
#define KRUX_DAEMON_PEERS_H

#include "runtime/sandbox/part.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CALLS = 4096, ROLES = PROCESS_WEB };      /* that the test sees into */

struct shared {
	volatile pid_t pid[ROLES];             /* the last of each kind */
	volatile pid_t member[256][ROLES];     /* and of each generation */
	volatile uint64_t generation;          /* the last that serves */
	volatile unsigned starts, handovers, dones, gone, accepted;
	volatile unsigned too_early;           /* GONE while something of the generation lived */
	volatile unsigned orders;              /* GONE out of order, or twice, or of an unknown one */
	volatile pid_t call[CALLS];            /* processes of calls, by generation */
	volatile uint64_t call_of[CALLS];
	volatile unsigned ncalls;
	volatile bool refuse_bundle, refuse_log, silent, stuck;
	volatile bool deaf, may_leave, left;   /* a gate that takes nothing more, until it may end, as it then has */
	volatile bool calm;                    /* gates ask for no more calls */
	volatile bool hold, may[ROLES];        /* when gate and spawner may say READY, */
	volatile bool said[ROLES], heard[ROLES]; /* have said it, and the parent has it */
	volatile uint64_t bundle_size;
};

/* The test maps it; a stand-in does so itself. */
extern struct shared *shared;

/* What a process of the kind does, to its exit code. */
int peer_run(enum process_kind);

void nap(unsigned ms);
bool alive(pid_t);
/* False: it was not set for ten seconds. */
bool flag_wait(const volatile bool *);

#endif
