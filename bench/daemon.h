/* A recorder, a gate, a spawner and its handlers, each in a process of its own, for bench programs. */
#ifndef KRUX_BENCH_DAEMON_H
#define KRUX_BENCH_DAEMON_H

#include "capspec/frame.h"
#include "runtime/gate/gate_run.h"

#include <sys/types.h>

struct daemon {
	char folder[256];              /* state/ and the sockets are in it */
	pid_t recorder, gate, spawner; /* spawner 0: a channel that nobody reads */
	pid_t handler;                 /* where there is a spawner */
	int parent[3];
};

/* With a policy of these lines, and `agents` agents "a0", "a1", ... whose token is their name. Ends the program
 * where it cannot. */
void daemon_start(struct daemon *, const char *policy, unsigned agents, bool spawner, const struct gate_limits *);
void daemon_stop(struct daemon *);
/* MiB of memory that gate, recorder and spawner hold of their own (Pss of each, summed); each[3] is that of the handlers'
 * process, which is not in the sum. They are forks of the bench, so that each has its share of what is the bench's. */
double daemon_mib(const struct daemon *, double each[4]);

/* A connection that has said hello; -1: the gate refuses it. */
int daemon_connect(const struct daemon *, unsigned agent);
int daemon_socket(const struct daemon *, const char *name);
/* A whole frame from a blocking socket into buf; false: the end. */
bool frame_receive(int fd, uint8_t *buf, size_t room, struct frame *out);
size_t call_encode(uint64_t id, const char *capability, const char *json, uint8_t *buf, size_t room);

#endif
