/* krux-gate: what kruxrt serve executes as its gate. */
#include "runtime/base/err.h"
#include "runtime/gate/gate_run.h"
#include "runtime/gate/limits.h"
#include "runtime/sandbox/part.h"

#include <stddef.h>
#include <unistd.h>

static int confine(void *ctx, struct krux_err *err)
{
	(void)ctx;
	return process_confine(PROCESS_GATE, NULL, 0, err);
}

int main(void)
{
	struct gate_run_options o = { .confine = confine };
	struct gate_limits limits = { 0 };
	struct krux_err err = { 0 };
	struct begin b;
	int code = part_begin(PROCESS_GATE, &b);

	if (code)
		_exit(code);
	for (const char *const *limit = b.limits; *limit; limit++)
		if (limits_set(&limits, *limit, &err))
			_exit(3);              /* kruxrt has looked before */
	o.limits = &limits;
	o.bundle = b.fd[BEGIN_BUNDLE];
	o.bundle_path = b.bundle_path;
	o.trust = b.fd[BEGIN_TRUST];
	o.dev = b.dev;
	o.waived = b.waived;
	o.places = b.places;
	o.generation = b.generation;
	o.agent = b.agent;
	o.workspace = b.workspace;
	o.recorder = b.fd[BEGIN_RECORDER];
	o.spawner = b.fd[BEGIN_SPAWNER];
	_exit(gate_run(BEGIN_CHANNEL, &o));
}
