/* One call without a daemon: the daemon's own programs, started for this call alone, and the connection to them
 * in both hands. They end when the connection does, however this program ends. */
#include "runtime/front/call.h"

#include "client/krux.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/front/front.h"
#include "runtime/front/program.h"

#include "capspec/canon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. Of this program's signals none are changed, so that ^C reaches both. */
static void serve_become(const struct call *c, const char *path, const char *bundle, const char *missing, int theirs) __attribute__((noreturn));

static void serve_become(const struct call *c, const char *path, const char *bundle, const char *missing, int theirs)
{
	const char *argv[24] = { path, "serve", "--only", c->agent, "--state", c->state, "--bundle", bundle,
		                 "--allow-missing", missing };
	size_t n = 10;

	if (c->workspace) {
		argv[n++] = "--workspace";
		argv[n++] = c->workspace;
	}
	if (c->agents) {
		argv[n++] = "--agent-uids";
		argv[n++] = c->agents;
	}
	if (c->reach) {
		argv[n++] = "--reach";
		argv[n++] = c->reach;
	}
	if (c->proxy) {
		argv[n++] = "--proxy";
		argv[n++] = c->proxy;
	}
	if (c->proxy_names)
		argv[n++] = "--proxy-names";
	if (c->dev)
		argv[n++] = "--dev";
	if (dup2(theirs, 0) == 0)
		execv(path, (char **)(uintptr_t)argv);
	fprintf(stderr, "kruxrt call: %s: %s\n", path, strerror(errno));
	_exit(EXIT_SYSTEM);
}

static pid_t serve_start(const struct call *c, int *ours)
{
	CLEAN_FREE char *bundle = NULL;
	CLEAN_FREE char *missing = NULL;
	char path[PROGRAM_PATH];
	int pair[2];
	pid_t pid;

	if (c->bundle ? !(bundle = strdup(c->bundle)) : asprintf(&bundle, "%s/bundle.krux", c->state) < 0)
		return -1;
	/* Control groups are not needed to wait for one call. */
	if (asprintf(&missing, "cgroup%s%s", c->missing ? "," : "", c->missing ? c->missing : "") < 0)
		return -1;
	if (!program_beside("kruxrt", path) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (!pid)
		serve_become(c, path, bundle, missing, pair[1]);
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		*ours = pair[0];
	return pid;
}

/* Its exit code. It ends once the connection has. */
static int serve_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_SYSTEM;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SYSTEM;
}

/* What a supervisor should see at once. */
static void notify_print(const struct call *c, const struct krux_result *r)
{
	size_t n = strcspn(c->capability, "@");

	if (c->quiet || r->decision != KRUX_DECISION_NOTIFY || !r->has_record || !r->rule)
		return;
	fprintf(stderr, "notify: %s called %.*s (record %llu), rule %s\n", c->agent, (int)n, c->capability,
	        (unsigned long long)r->record, r->rule);
}

int call_local(const struct call *c, struct krux_str json)
{
	/* How long it takes until the call has its turn is nobody's to say; a connection that ends is noticed. */
	struct krux_options o = { .connected = 1, .timeout_ms = INT32_MAX };
	struct krux_err err = { 0 };
	struct call_talk t;
	int code, served;
	pid_t pid = serve_start(c, &o.fd);

	if (pid < 0)
		return call_fail(EXIT_SYSTEM, strerror(errno));
	/* What it has started is not its own any more: it waits for that. */
	if (call_confine(c, &err)) {
		close(o.fd);
		serve_end(pid);
		return call_fail(EXIT_SYSTEM, err.text);
	}
	if (!call_talk(c, json, &o, &t)) {
		notify_print(c, t.result);
		code = call_tell(c, &t);
		call_talk_end(&t);
		serve_end(pid);
		return code;
	}
	/* Why there is no answer it has said itself, where it ended for a reason. */
	krux_close(t.connection);
	t.connection = NULL;
	served = serve_end(pid);
	code = served ? served : call_tell(c, &t);
	call_talk_end(&t);
	return code;
}
