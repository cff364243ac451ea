/* What a process is to know goes into its channel; then fork, no signal but KILL, own process group, no
 * descriptor but channel and program, and exec by descriptor, without arguments and environment. */
#include "runtime/front/start.h"

#include "runtime/base/begin.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SYSTEM_FAILED = 3 };

/* ---- what it is told ---- */

static void recorder_begin(const struct start_plan *p, struct begin *b)
{
	b->engine = p->engine;
	b->agents = p->agents;
	b->missing = p->missing;
	b->fd[BEGIN_LOG] = p->state->log;
	b->fd[BEGIN_BLOBS] = p->state->blobs;
	b->fd[BEGIN_KEYS] = p->keys;
}

static void gate_begin(const struct start_plan *p, const struct start_generation *g, struct begin *b)
{
	b->limits = p->limits;
	b->places = p->places;
	b->fd[BEGIN_RECORDER] = g->gate_recorder;
	b->fd[BEGIN_SPAWNER] = g->gate_spawner;
}

/* Of the state, what a workspace can be found with. */
static void spawner_begin(const struct start_plan *p, const struct start_generation *g, struct begin *b)
{
	b->state_path = p->state->path;
	b->places = p->places;
	b->fd[BEGIN_STATE] = p->state->fd;
	b->fd[BEGIN_TRASH] = p->state->trash;
	b->fd[BEGIN_RECORDER] = g->spawner_recorder;
	b->fd[BEGIN_GATE] = g->spawner_gate;
	b->fd[BEGIN_HANDLER] = g->spawner_handler;
	b->fd[BEGIN_EGRESS] = g->spawner_egress;
	b->fd[BEGIN_WEB] = g->spawner_web;
}

static void handler_begin(const struct start_plan *p, const struct start_generation *g, struct begin *b)
{
	b->agents = p->agents;
	b->fd[BEGIN_GROUP] = g->cgroup_calls;
	b->sockets = p->sockets && g->cgroup_calls >= 0;
}

static uid_t uid_of(const struct start_plan *p, enum process_kind kind)
{
	return p->uid_base + (kind == PROCESS_RECORDER ? UID_RECORDER : kind == PROCESS_EGRESS ? UID_EGRESS : UID_GATE);
}

static int process_tell(const struct start_plan *p, enum process_kind kind, const struct start_generation *g,
                        struct channel *to, struct krux_err *err)
{
	const uid_t id = uid_of(p, kind);
	struct begin b = { .kind = kind, .dev = p->dev, .waived = p->waived, .uid = id, .gid = (gid_t)id,
		           .parent = getpid(), .agent = p->agent, .workspace = p->workspace };

	for (unsigned i = 0; i < BEGIN_FDS; i++)
		b.fd[i] = -1;
	if (kind == PROCESS_EGRESS) {
		b.reached = p->reached;
		b.proxy = p->proxy;
		b.proxy_names = p->proxy_names;
		return begin_put(to, &b, err);
	}
	b.fd[BEGIN_TRUST] = p->state->trust;
	if (g) {
		b.generation = g->n;
		b.bundle_path = g->bundle_path;
		b.fd[BEGIN_BUNDLE] = g->bundle;
	}
	if (kind == PROCESS_RECORDER)
		recorder_begin(p, &b);
	else if (kind == PROCESS_GATE)
		gate_begin(p, g, &b);
	else if (kind == PROCESS_SPAWNER)
		spawner_begin(p, g, &b);
	else if (kind == PROCESS_HANDLER || kind == PROCESS_WEB)
		handler_begin(p, g, &b);
	return begin_put(to, &b, err);
}

/* ---- how it starts ---- */

/* The parent alone listens to the terminal and to the service manager. */
static void signals_leave(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
}

static int descriptors_leave(int channel, int *program)
{
	const int keep[] = { channel, *program };

	if (descriptors_only(keep, 2))
		return -1;
	if (*program == BEGIN_CHANNEL)
		*program = fcntl(*program, F_DUPFD_CLOEXEC, BEGIN_CHANNEL + 1);
	if (channel == BEGIN_CHANNEL)
		return *program < 0 ? -1 : fcntl(channel, F_SETFD, 0);
	return *program < 0 || dup2(channel, BEGIN_CHANNEL) < 0 ? -1 : 0;
}

/* In the child. */
static void process_become(enum process_kind kind, int program, int channel) __attribute__((noreturn));

static void process_become(enum process_kind kind, int program, int channel)
{
	char name[16], *argv[] = { name, NULL }, *envp[] = { NULL };

	snprintf(name, sizeof name, "krux-%s", process_word(kind));
	signals_leave();
	if (!descriptors_leave(channel, &program))
		execveat(program, "", argv, envp, AT_EMPTY_PATH);
	fprintf(stderr, "kruxrt serve: execute %s: %s\n", name, strerror(errno));
	_exit(SYSTEM_FAILED);
}

pid_t start_process(const struct start_plan *p, enum process_kind kind, const struct start_generation *g,
                    struct channel *ours, int theirs, struct krux_err *err)
{
	pid_t pid;

	if (process_tell(p, kind, g, ours, err))
		return err_wrap(err, "start the %s", process_word(kind));
	fflush(stdout);
	fflush(stderr);
	pid = cgroup_fork(kind == PROCESS_RECORDER || kind == PROCESS_GATE ? -1 : g->cgroup_main);
	if (pid < 0)
		return err_set(err, errno, "start the %s", process_word(kind));
	if (!pid)
		process_become(kind, p->parts.program[kind], theirs);
	return pid;
}
