/* krux-web: the handlers' process of those that need libcurl and certificates. */
#include "runtime/sandbox/part.h"
#include "runtime/spawn/pool.h"
#include "runtime/spawn/template.h"
#include "stdlib-caps/network/web.h"

#include <stddef.h>
#include <unistd.h>

/* No command is asked of it. */
static int confine(enum template_runs runs, struct krux_err *err)
{
	(void)runs;
	return process_confine(PROCESS_WEB, NULL, 0, err);
}

int main(void)
{
	struct template_options o = { .each = POOL_EACH, .all = POOL_ALL, .groups = "web-", .find = builtin_web, .confine = confine };
	struct begin b;
	int code = part_begin(PROCESS_WEB, &b);

	if (code)
		_exit(code);
	web_ready(NULL);
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
