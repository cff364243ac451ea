/* A whole daemon, kruxrt serve as it is installed, for bench programs. */
#ifndef KRUX_BENCH_SERVED_H
#define KRUX_BENCH_SERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct frame;

struct served {
	char folder[300];              /* all that it has; removed at the end */
	char token[128];
	pid_t pid;
};

/* With a policy of these lines and one agent "bench"; however this process ends, it is told to stop. build: absolute,
 * where the programs are. False: what is missing was said on standard error. */
bool served_start(struct served *, const char *build, const char *policy);
/* A connection of the agent's; -1: there is none. */
int served_connect(const struct served *);
/* The next whole frame; false: there is none, or none that an agent is sent. */
bool served_take(int fd, uint8_t *buf, size_t room, struct frame *out);
/* The agent's folder, opened. */
int served_workspace(const struct served *);
/* Also of one that was not or not wholly started; a second time does nothing. */
void served_stop(struct served *);

#endif
