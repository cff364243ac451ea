/* One call, from what an agent asks to what it is told. */
#ifndef KRUX_GATE_H
#define KRUX_GATE_H

#include "runtime/base/state.h"
#include "runtime/decide/judge.h"
#include "runtime/request/request.h"
#include "runtime/spawn/spawn.h"

struct gate;

typedef int gate_run_fn(const struct spawn_request *, struct krux_pool *, struct spawn_result *,
                        struct krux_err *);

struct gate_options {
	const char *bundle;              /* path */
	const char *agent;               /* a valid agent id */
	bool dev;                        /* development keys are let through */
	const char *const *waived;       /* NULL-terminated, or NULL */
	gate_run_fn *run;                /* spawn_run */
};

/* Loads the bundle, opens the log, learns the history. State and workspace are borrowed. NULL
 * with *err; *untrusted says that the bundle is at fault, and not the system. */
struct gate *gate_open(const struct state *, const struct workspace *, const struct gate_options *,
                       bool *untrusted, struct krux_err *err);
void gate_close(struct gate *);

enum gate_end { GATE_INVALID, GATE_DENIED, GATE_DEFERRED, GATE_RAN };

struct gate_answer {
	enum gate_end end;
	uint64_t record;                 /* seq of the record of the call */
	struct request request;          /* but for INVALID by its name */
	struct request_refusal refusal;  /* INVALID */
	struct judgement judgement;      /* all others */
	uint8_t ticket[32];              /* DEFERRED */
	struct spawn_result result;      /* RAN */
	bool started;                    /* RAN: false: nothing ran, result.why says why */
};

/* One call and one only: what it says of history is true for the first. The pool takes what the
 * answer points at. Negative with *err: the system failed; whatever ran is recorded. */
int gate_call(struct gate *, struct krux_pool *, struct krux_str capability, struct krux_str json,
              struct gate_answer *out, struct krux_err *err);

/* What was put right when the log was opened, in words; NULL: nothing. */
const char *gate_notice(const struct gate *);
bool gate_is_dev(const struct gate *);

#endif
