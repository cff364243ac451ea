/* krux-recorder: what kruxrt serve executes as its recorder. */
#include "runtime/record/recorder.h"
#include "runtime/sandbox/part.h"
#include "runtime/sandbox/sandbox.h"

#include <unistd.h>

static int confine(void *ctx, struct krux_err *err)
{
	const struct recorder_options *o = ctx;
	const int at[PROCESS_PLACES] = {
		[PLACE_RECORDER_LOG] = o->log, [PLACE_RECORDER_BLOBS] = o->blobs, [PLACE_RECORDER_KEYS] = o->keys,
		[PLACE_RECORDER_TRUST] = o->trust,
	};
	struct landlock_grant grant[PROCESS_PLACES];

	return process_confine(PROCESS_RECORDER, grant, process_grants(PROCESS_RECORDER, at, grant), err);
}

int main(void)
{
	struct recorder_options o = { .confine = confine, .confine_ctx = &o };
	struct begin b;
	int code = part_begin(PROCESS_RECORDER, &b);

	if (code)
		_exit(code);
	o.log = b.fd[BEGIN_LOG];
	o.blobs = b.fd[BEGIN_BLOBS];
	o.keys = b.fd[BEGIN_KEYS];
	o.trust = b.fd[BEGIN_TRUST];
	o.engine = b.engine;
	o.dev = b.dev;
	o.waived = b.waived;
	o.missing = b.missing;
	o.agent = b.agent;
	o.workspace = b.workspace;
	o.agents = b.agents;
	_exit(recorder_run(BEGIN_CHANNEL, &o));
}
