/* krux-egress: what kruxrt serve executes as the process that connects for calls. */
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/egress/egress.h"
#include "runtime/egress/resolver.h"
#include "runtime/sandbox/part.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SYSTEM_FAILED = 3 };

static int confine(void *ctx, struct krux_err *err)
{
	(void)ctx;
	return process_confine(PROCESS_EGRESS, NULL, 0, err);
}

/* Where resolv.conf really lies is replaced by other programs, file by file. */
static int resolv_folder(void)
{
	char path[PATH_MAX], *slash;

	if (!realpath("/etc/resolv.conf", path) || !(slash = strrchr(path, '/')) || slash == path)
		return -1;
	*slash = 0;
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The files of the machine's resolver: hosts, nsswitch.conf, gai.conf, and resolv.conf. */
static int resolver_confine(void *ctx)
{
	CLEAN_FD int etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int run = resolv_folder();
	const int at[PROCESS_PLACES] = { [PLACE_RESOLVER_ETC] = etc, [PLACE_RESOLVER_CONF] = run };
	struct landlock_grant grant[PROCESS_PLACES];

	(void)ctx;
	return etc < 0 ? -1 : process_confine(PROCESS_RESOLVER, grant, process_grants(PROCESS_RESOLVER, at, grant), NULL);
}

/* Before anything else is there: it gets no channel but that to this process. */
static int resolver_start(void)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	pid = fork();
	if (!pid) {
		close(pair[0]);
		close(BEGIN_CHANNEL);
		resolver_run(pair[1], resolver_confine, NULL);
	}
	close(pair[1]);
	return pid < 0 ? -1 : pair[0];
}

int main(void)
{
	struct egress_options o = { .confine = confine };
	struct krux_err err;
	struct begin b;
	int code = part_begin(PROCESS_EGRESS, &b);

	if (code)
		_exit(code);
	for (unsigned i = 0; b.reached && b.reached[i]; i++)
		if (named_add(&o.named, b.reached[i], &err))
			_exit(SYSTEM_FAILED);
	if (b.proxy && proxy_read(&o.proxy, b.proxy, &err))
		_exit(SYSTEM_FAILED);
	o.proxy.names = b.proxy_names;
	o.resolver = resolver_start();
	_exit(o.resolver < 0 ? SYSTEM_FAILED : egress_run(BEGIN_CHANNEL, &o));
}
