/* Attempts to get out of a call's sandbox: a handler of the test's own, run as a call is. */
#ifndef KRUX_TEST_ATTEMPT_H
#define KRUX_TEST_ATTEMPT_H

#include "runtime/spawn/parent.h"
#include "tests/unit/here.h"

enum { AS_ROOT, AS_USER, WAYS };

/* Set by attempt_setup and reached by the attempts through the fork. */
extern int attempt_workspace;
extern pid_t attempt_parent;
/* How the last one ended. */
extern struct child_end attempt_end;

static const uint64_t second = 1000000000;

/* Becomes an ordinary user where asked and goes to a new folder with workspace/inside, a link out
 * of it, and secret beside it. False: this way cannot be tested. */
bool attempt_setup(int way);
void attempt_teardown(void);
/* One call with these two functions, limited to 64 MiB, 1 s of processor, 1 process, 32
 * descriptors, files of 1 MiB, 64 KiB of answer. */
void attempt_run(handler_fn *open, handler_fn *run, unsigned calls, uint64_t wall);
/* The number that the attempt answered. */
int64_t attempt_answer(void);

/* For attempts: answers n, or errno where n is negative and 0 where not. */
bool answer(struct handler_call *, int64_t n);
bool result(struct handler_call *, long n);
/* Does nothing, and leaves what `open` has answered. */
bool pass(struct handler_call *);

#endif
