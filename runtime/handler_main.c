/* krux-handler: what kruxrt serve executes as the process that children of calls are forked from. */
#include "runtime/sandbox/part.h"
#include "runtime/spawn/pool.h"
#include "runtime/spawn/template.h"
#include "stdlib-caps/common/handler.h"

#include <stddef.h>
#include <unistd.h>

static int confine(enum template_runs runs, struct krux_err *err)
{
	return runs ? process_confine_commands(runs == TEMPLATE_CONNECTS, err) : process_confine(PROCESS_HANDLER, NULL, 0, err);
}

int main(void)
{
	struct template_options o = { .each = POOL_EACH, .all = POOL_ALL, .commands = true, .groups = "call-", .find = builtin_find, .confine = confine };
	struct begin b;
	int code = part_begin(PROCESS_HANDLER, &b);

	if (code)
		_exit(code);
	o.bundle = b.fd[BEGIN_BUNDLE];
	o.bundle_path = b.bundle_path;
	o.trust = b.fd[BEGIN_TRUST];
	o.dev = b.dev;
	o.group = b.fd[BEGIN_GROUP];
	o.sockets = b.sockets;
	o.agents = b.agents;
	o.waived = b.waived;
	_exit(template_run(BEGIN_CHANNEL, &o));
}
