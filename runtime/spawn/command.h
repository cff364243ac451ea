/* Commands: a program in the place of a builtin's `run`. Two processes: the first of the call, which waits for the program
 * and commits what it changed, and the program with all that it starts. */
#ifndef KRUX_COMMAND_H
#define KRUX_COMMAND_H

#include "runtime/spawn/child.h"

#include <signal.h>

enum { COMMAND_GRANTS = 20, COMMAND_FILES = 256 };    /* files: the first process's, beyond its limit */

/* Stands where a builtin does: `open` starts the program, `run` waits for it, commits and answers. */
extern const struct builtin command_handler;

/* Signals that a command's first process takes, since it is not stopped itself but stops what it has started: SIGSTOP
 * and SIGCONT to it. What children are forked from has them blocked, and so do these until the call has ended. */
int command_signal(int signal);
void command_signals_add(sigset_t *);
void command_signals_block(void);

/* One that the first process of a command in the background passes on to the program. */
bool command_passes(int signal);

/* Before any of the following: whose call it is. */
void command_begin(const struct child_plan *);
/* Where the program of a call that connects finds its relay: the command's from now on. */
void command_listens(int listener);
/* Bytes that the first process may use beyond the call's limit, which is the program's. */
uint64_t command_memory(const struct child_plan *);
/* The root that the program sees, in two steps as view.h has them. -1 with errno. */
int command_view_share(const struct child_plan *, int proc);
int command_view_own(void);
/* Of a call that runs from a snapshot: the field `shown` of that, which the second step has taken. */
struct krux_str command_taken(void);
/* What the plan's domain has to hold besides the plan's folders, for program and first process together. */
void command_grants_close(const struct landlock_grant *, unsigned n);
unsigned command_grants(const struct child_plan *, struct landlock_grant out[static COMMAND_GRANTS]);
/* The last domain of the first process. -1 with errno. */
int command_restrict(struct handler_call *);
/* Why the program could not be started, when `open` has failed so: the layer, or CHILD_START, and errno. False: it was
 * started. */
bool command_failed(uint32_t *what, int32_t *no);

#endif
