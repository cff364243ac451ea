/* krux-spawner: what kruxrt serve executes as its spawner. */
#include "runtime/base/state.h"
#include "runtime/sandbox/part.h"
#include "runtime/spawn/spawner.h"

#include <stdint.h>
#include <unistd.h>

static int confine(void *ctx, struct krux_err *err)
{
	(void)ctx;
	return process_confine(PROCESS_SPAWNER, NULL, 0, err);
}

int main(void)
{
	struct spawner_options o = { .confine = confine };
	struct state state;
	struct begin b;
	int code = part_begin(PROCESS_SPAWNER, &b);

	if (code)
		_exit(code);
	/* Of the state, what a workspace can be found with. */
	state = (struct state){ .path = (char *)(uintptr_t)b.state_path, .fd = b.fd[BEGIN_STATE], .log = -1,
		                .blobs = -1, .trust = b.fd[BEGIN_TRUST], .trash = b.fd[BEGIN_TRASH] };
	o.bundle = b.fd[BEGIN_BUNDLE];
	o.bundle_path = b.bundle_path;
	o.state = &state;
	o.dev = b.dev;
	o.waived = b.waived;
	o.generation = b.generation;
	o.recorder = b.fd[BEGIN_RECORDER];
	o.gate = b.fd[BEGIN_GATE];
	_exit(spawner_run(BEGIN_CHANNEL, &o));
}
