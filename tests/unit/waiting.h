/* Children that wait for calls, seen from outside: the processes of the spawner in tests/unit/spawning.h, and calls
 * of it that they serve. */
#ifndef KRUX_TEST_WAITING_H
#define KRUX_TEST_WAITING_H

#include "runtime/spawn/spawn.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct written;

enum { WAITING_MOST = 128, WAITING_PATIENCE = 2000 };

#define WAITING_CHILD "krux-call"
#define WAITING_NEST "krux-nest"

/* Children of the handlers' process that live, by what they call themselves: a process that has no name yet is none. */
unsigned waiting_processes(const char *name, pid_t pid[static WAITING_MOST]);
/* When there are so many; a test in which there never are fails. */
unsigned waiting_until(const char *name, unsigned least, unsigned most, pid_t pid[static WAITING_MOST]);
/* The same of children, when all of them wait rather than being on their way to it: so many at least. */
unsigned waiting_ready(pid_t pid[static WAITING_MOST], unsigned least);
bool waiting_lives(pid_t);
/* All children, and whoever is made meanwhile. */
void waiting_kill(void);

/* A call of filesystem.stat is sent; is sent and ends so. */
void waiting_put(struct written *, const char *file, uint64_t cookie);
void waiting_call(uint64_t cookie, enum spawn_end);
/* /workspace/a is there, call 1 has been, and a child waits, ready or not. */
void waiting_begin(void);
/* What the gate has said so far is with the handlers' process: it answers what comes after it. */
void waiting_read(void);

#endif
