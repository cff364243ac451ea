/* krux-spawner: what kruxrt serve executes as its spawner. */
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/sandbox/part.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/spawn/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int confine(void *ctx, struct krux_err *err)
{
	const struct spawner_options *o = ctx;
	CLEAN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int at[PROCESS_PLACES] = {
		[PLACE_SPAWNER_ROOT] = root, [PLACE_SPAWNER_TRUST] = o->state->trust, [PLACE_SPAWNER_TRASH] = o->state->trash,
	};
	struct landlock_grant grant[PROCESS_PLACES];

	if (root < 0)
		return err_set(err, errno, "/");
	return process_confine(PROCESS_SPAWNER, grant, process_grants(PROCESS_SPAWNER, at, grant), err);
}

int main(void)
{
	struct spawner_options o = { .confine = confine, .confine_ctx = &o };
	struct state state;
	struct begin b;
	int code = part_begin(PROCESS_SPAWNER, &b);

	if (code)
		_exit(code);
	/* Of the state, what a workspace can be found with. */
	state = (struct state){ .path = (char *)(uintptr_t)b.state_path, .fd = b.fd[BEGIN_STATE], .log = -1,
		                .blobs = -1, .trust = b.fd[BEGIN_TRUST], .trash = b.fd[BEGIN_TRASH],
		                .places = b.places };
	o.bundle = b.fd[BEGIN_BUNDLE];
	o.bundle_path = b.bundle_path;
	o.state = &state;
	o.dev = b.dev;
	o.waived = b.waived;
	o.generation = b.generation;
	o.recorder = b.fd[BEGIN_RECORDER];
	o.gate = b.fd[BEGIN_GATE];
	o.handler = b.fd[BEGIN_HANDLER];
	o.web = b.fd[BEGIN_WEB];
	o.egress = b.fd[BEGIN_EGRESS];
	_exit(spawner_run(BEGIN_CHANNEL, &o));
}
