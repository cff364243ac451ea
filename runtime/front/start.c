/* fork, then: own process group, no signal but KILL, no descriptor but its own, no privilege but its
 * own; and when it has opened what it needs, Landlock and seccomp. */
#include "runtime/front/start.h"

#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/sandbox/cgroup.h"
#include "capspec/rights.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SYSTEM_FAILED = 3 };

static int gate_confine(void *ctx, struct krux_err *err)
{
	(void)ctx;
	return process_confine(PROCESS_GATE, NULL, 0, err);
}

static int spawner_confine(void *ctx, struct krux_err *err)
{
	(void)ctx;
	return process_confine(PROCESS_SPAWNER, NULL, 0, err);
}

static int recorder_confine(void *ctx, struct krux_err *err)
{
	const struct recorder_options *o = ctx;
	const unsigned reads = RIGHT_READ_FILES | RIGHT_READ_FOLDERS;
	const unsigned all = reads | RIGHT_NAMES | RIGHT_WRITE_FILES;
	const struct landlock_grant grant[] = {
		{ o->log, all }, { o->blobs, all }, { o->keys, reads | RIGHT_WRITE_FILES },
		{ o->trust, reads },
	};

	return process_confine(PROCESS_RECORDER, grant, sizeof grant / sizeof *grant, err);
}

static int recorder_start(const struct start_plan *p, int channel)
{
	struct recorder_options o = {
		.log = p->state->log, .blobs = p->state->blobs, .keys = p->keys,
		.trust = p->state->trust, .engine = p->engine, .dev = p->dev, .waived = p->waived,
		.missing = p->missing, .confine = recorder_confine,
	};

	o.confine_ctx = &o;
	return p->recorder(channel, &o);
}

static int gate_start(const struct start_plan *p, const struct start_generation *g, int channel)
{
	const struct gate_run_options o = {
		.bundle = g->bundle, .bundle_path = g->bundle_path, .trust = p->state->trust,
		.dev = p->dev, .waived = p->waived, .generation = g->n,
		.recorder = g->gate_recorder, .spawner = g->gate_spawner, .confine = gate_confine,
	};

	return p->gate(channel, &o);
}

static int spawner_start(const struct start_plan *p, const struct start_generation *g,
                         int channel)
{
	/* Of the state, what a workspace can be found with. */
	const struct state state = { .path = p->state->path, .fd = p->state->fd, .log = -1,
		                     .blobs = -1, .trust = p->state->trust,
		                     .trash = p->state->trash };
	const struct spawner_options o = {
		.bundle = g->bundle, .bundle_path = g->bundle_path, .state = &state, .dev = p->dev,
		.waived = p->waived, .generation = g->n, .recorder = g->spawner_recorder,
		.gate = g->spawner_gate, .cgroup = g->cgroup, .confine = spawner_confine,
	};

	return p->spawner(channel, &o);
}

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

static int descriptors_leave(const struct start_plan *p, enum process_kind kind,
                             const struct start_generation *g, int channel)
{
	const struct state *s = p->state;

	switch (kind) {
	case PROCESS_RECORDER: {
		const int keep[] = { channel, s->log, s->blobs, s->trust, p->keys };

		return descriptors_only(keep, sizeof keep / sizeof *keep);
	}
	case PROCESS_GATE: {
		const int keep[] = { channel, g->bundle, s->trust, g->gate_recorder,
			             g->gate_spawner };

		return descriptors_only(keep, sizeof keep / sizeof *keep);
	}
	default: {
		const int keep[] = { channel, g->bundle, s->fd, s->trust, s->trash,
			             g->spawner_recorder, g->spawner_gate, g->cgroup };

		return descriptors_only(keep, sizeof keep / sizeof *keep);
	}
	}
}

/* As a child: its exit code. */
static int process_run(const struct start_plan *p, enum process_kind kind,
                       const struct start_generation *g, int channel, pid_t parent)
{
	const uid_t id = p->uid_base + (kind == PROCESS_RECORDER);
	struct krux_err err = { 0 };
	char name[16];

	signals_leave();
	snprintf(name, sizeof name, "krux-%s", process_word(kind));
	prctl(PR_SET_NAME, name);
	if (descriptors_leave(p, kind, g, channel)) {
		err_set(&err, errno, "close what is the parent's");
	} else if (!process_begin(kind, id, (gid_t)id, &err)) {
		/* The recorder writes down what it has when its channel closes; the others have
		 * nothing to finish without a parent. */
		if (kind != PROCESS_RECORDER && prctl(PR_SET_PDEATHSIG, SIGKILL))
			return SYSTEM_FAILED;
		if (getppid() != parent)
			return SYSTEM_FAILED;
		return kind == PROCESS_RECORDER ? recorder_start(p, channel) :
			kind == PROCESS_GATE ? gate_start(p, g, channel) :
			spawner_start(p, g, channel);
	}
	fprintf(stderr, "kruxrt serve: %s: %s\n", process_word(kind), err.text);
	return SYSTEM_FAILED;
}

pid_t start_process(const struct start_plan *p, enum process_kind kind,
                    const struct start_generation *g, int channel, struct krux_err *err)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	fflush(stderr);
	pid = cgroup_fork(kind == PROCESS_SPAWNER ? g->cgroup_main : -1);
	if (pid < 0)
		return err_set(err, errno, "start the %s", process_word(kind));
	if (!pid)
		_exit(process_run(p, kind, g, channel, parent));
	return pid;
}
