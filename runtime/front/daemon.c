/* Signals, messages and ended processes to what the parent does about them. */
#include "runtime/front/daemon.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/daemon_part.h"
#include "runtime/front/orphans.h"
#include "runtime/front/ready.h"

#include "capspec/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t twice_ns = 500000000, exit_ns = 5000000000;

/* The command that the words are of. */
static const char *command = "serve";

void daemon_say(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	fprintf(stderr, "kruxrt %s: ", command);
	screen_puts(stderr, text);
	fputc('\n', stderr);
}

void daemon_fail(struct daemon *d, const struct krux_err *err)
{
	daemon_say("%s", err->text);
	daemon_stop(d, CODE_SYSTEM, true);
}

void daemon_stop(struct daemon *d, int code, bool now)
{
	if (!d->code)
		d->code = code;
	if (!d->stopping)
		ready_say("STOPPING=1", "waiting for the last calls");
	d->stopping = true;
	loop_timer_clear(&d->loop, &d->again);
	for (int i = 0; i < GENERATIONS; i++) {
		struct generation *g = &d->generation[i];

		if (g->state == GENERATION_NONE || g->state == GENERATION_ENDING)
			continue;
		if (now || g->state == GENERATION_STARTING) {
			generation_kill(g);
			continue;
		}
		if (g->state == GENERATION_SERVING && g->gate.pid &&
		    channel_put(&g->gate.channel, MESSAGE_STOP, 0, NULL, 0, NULL))
			generation_kill(g);
		if (g->state == GENERATION_SERVING)
			g->state = GENERATION_LEAVING;
		loop_timer_set(&d->loop, &g->limit, loop_clock() + d->plan->drain_ns);
	}
	d->next = NULL;
	generations_settle(d);
}

/* ---- processes that ended ---- */

static const char *status_words(int status, char out[static 64])
{
	if (WIFSIGNALED(status))
		snprintf(out, 64, "was ended by signal %d%s", WTERMSIG(status),
		         WTERMSIG(status) == SIGSYS ? ", for a system call that it may not make" : "");
	else
		snprintf(out, 64, "exited with %d", WEXITSTATUS(status));
	return out;
}

/* One that speaks with the spawner alone. */
static bool is_below(const struct member *m)
{
	return m->kind == PROCESS_HANDLER || m->kind == PROCESS_WEB || m->kind == PROCESS_EGRESS;
}

/* Nobody has asked for its end, or it did not end in order. */
static void end_report(const struct member *m)
{
	const struct generation *g = m->generation;
	char words[64];

	if (m->refused || (g && m->daemon->plan->start.agent && !m->status) || (g && (g->state == GENERATION_ENDING ||
	                         (g->state == GENERATION_LEAVING && !m->status))))
		return;
	/* It has finished, because its gate is gone; which may be seen only after this. */
	if (g && m->kind == PROCESS_SPAWNER && !m->status)
		return;
	/* Why it could not start, the spawner says; egress leaves where nothing connects, and WEB too. */
	if (g && m->kind != PROCESS_HANDLER && is_below(m) && !m->status)
		return;
	if (g && is_below(m) && (!g->spawner.pid || (g->state == GENERATION_STARTING && WIFEXITED(m->status))))
		return;
	if (g && g->state == GENERATION_STARTING && (g->gate.refused || g->spawner.refused))
		return;
	status_words(m->status, words);
	if (g)
		daemon_say("the %s of generation %llu %s", process_word(m->kind),
		           (unsigned long long)g->n, words);
	else if (!m->daemon->recorder_told || m->status)
		daemon_say("the recorder %s; nothing can be recorded, so nothing is done any more",
		           words);
}

static void messages_take(struct member *m);

static bool generation_serves(const struct generation *g)
{
	return g->state == GENERATION_SERVING || g->state == GENERATION_LEAVING;
}

static void member_ended(struct member *m, int status)
{
	struct daemon *d = m->daemon;

	m->pid = 0;
	m->status = status;
	messages_take(m);              /* its last words */
	end_report(m);
	loop_forget(&d->loop, &m->watch);
	member_close(m);
	if (m->generation) {
		if (d->plan->start.agent && status && !is_below(m) && generation_serves(m->generation) && !d->code)
			d->code = CODE_SYSTEM;
		return;
	}
	loop_timer_clear(&d->loop, &d->recorder_limit);
	if (d->recorder_told) {
		if (status && !d->code)
			d->code = CODE_SYSTEM;
		return;
	}
	if (m->refused)
		daemon_say("%s", m->why);
	daemon_stop(d, m->refused && WIFEXITED(status) && WEXITSTATUS(status) == CODE_INPUT ?
	            CODE_INPUT : CODE_SYSTEM, true);
}

static struct member *member_of(struct daemon *d, pid_t pid)
{
	if (d->recorder.pid == pid)
		return &d->recorder;
	for (int i = 0; i < GENERATIONS; i++) {
		struct generation *g = &d->generation[i];

		if (g->state == GENERATION_NONE)
			continue;
		if (g->gate.pid == pid)
			return &g->gate;
		if (g->spawner.pid == pid)
			return &g->spawner;
		if (g->handler.pid == pid)
			return &g->handler;
		if (g->web.pid == pid)
			return &g->web;
		if (g->egress.pid == pid)
			return &g->egress;
	}
	return NULL;
}

static bool was_before(void *daemon, pid_t pid)
{
	const struct daemon *d = daemon;

	for (unsigned i = 0; i < d->nbefore; i++)
		if (d->before[i] == pid)
			return true;
	return false;
}

bool daemon_knows(void *daemon, pid_t pid)
{
	const struct daemon *d = daemon;

	return was_before(daemon, pid) || member_of(daemon, pid) || hook_knows(&d->hook, pid);
}

static bool before_note(void *daemon, pid_t pid)
{
	struct daemon *d = daemon;

	if (d->nbefore < BEFORE)
		d->before[d->nbefore++] = pid;
	return true;
}

static void before_forget(struct daemon *d, pid_t pid)
{
	for (unsigned i = 0; i < d->nbefore; i++)
		if (d->before[i] == pid)
			d->before[i] = d->before[--d->nbefore];
}

static void children_reap(struct daemon *d)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct member *m = member_of(d, pid);

		if (m)
			member_ended(m, status);
		else if (!hook_ended(&d->hook, pid, status))
			before_forget(d, pid);
	}
	generations_settle(d);
}

/* ---- messages ---- */

/* The bundle that a supervisor has named, opened as a file and nothing else. */
static int bundle_open(const char *path, struct krux_err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_set(err, errno, "bundle %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "bundle %s: not a regular file", path);
	return fd_keep(&fd);
}

static void reload_ask(struct daemon *d, struct member *m, struct krux_str path, uint64_t cookie)
{
	struct reload r = { .asked = true, .bundle = -1, .cookie = cookie,
		            .generation = m ? m->generation->n : 0 };
	struct krux_err err = { 0 };
	struct part part = { err.text, 0 };

	r.path = path.n ? strndup(path.p, path.n) : strdup(d->plan->bundle_path);
	if (!r.path)
		err_set(&err, ENOMEM, "reload");
	else if (*r.path != '/' && path.n)
		err_set(&err, 0, "reload: a bundle is named by an absolute path");
	else if ((r.bundle = bundle_open(r.path, &err)) >= 0) {
		generations_reload(d, &r);
		return;
	}
	free(r.path);
	daemon_say("%s", err.text);
	part.n = strlen(err.text);
	if (m && channel_put(&m->channel, MESSAGE_REFUSED, cookie, &part, 1, &err))
		daemon_fail(d, &err);
}

/* What one has said before its end is not true any more, and its channel is closed. */
static bool all_ready(const struct generation *g)
{
	return g->gate.pid && g->gate.ready && g->spawner.pid && g->spawner.ready && g->handler.pid;
}

static void member_ready(struct member *m, uint64_t seq)
{
	struct generation *g = m->generation;

	m->ready = true;
	m->seq = seq;
	if (!g)
		generations_next(m->daemon);
	else if (g->state == GENERATION_STARTING && all_ready(g))
		generations_ready(m->daemon, g);
}

static bool message_act(struct member *m, const struct message *in)
{
	/* Of the dead, only why. */
	if (!m->pid && in->kind != MESSAGE_REFUSED)
		return true;
	switch (in->kind) {
	case MESSAGE_READY:
		if (m->ready || in->n)
			return false;
		member_ready(m, in->cookie);
		return true;
	case MESSAGE_REFUSED:
		m->refused = true;
		snprintf(m->why, sizeof m->why, "%.*s", (int)in->n, (const char *)in->body);
		return true;
	case MESSAGE_RELOAD:
		if (m->kind != PROCESS_GATE || in->n > KRUX_MAX_PATH ||
		    memchr(in->body, 0, in->n))
			return false;
		reload_ask(m->daemon, m, (struct krux_str){ (const char *)in->body, in->n },
		           in->cookie);
		return true;
	case MESSAGE_NOTIFY:
		if (m->kind != PROCESS_GATE || in->n > HOOK_EVENT)
			return false;
		hook_event(&m->daemon->hook, (struct krux_str){ (const char *)in->body, in->n });
		return true;
	default:
		return false;
	}
}

/* It has closed its channel: it is about to exit, or has lost its way. */
static void member_left(struct member *m)
{
	struct daemon *d = m->daemon;
	struct timer *t = m->generation ? &m->generation->limit : &d->recorder_limit;
	uint64_t at = loop_clock() + exit_ns;

	loop_forget(&d->loop, &m->watch);
	if (m->pid && (!t->on || at < t->at))
		loop_timer_set(&d->loop, t, at);
}

static void messages_take(struct member *m)
{
	struct krux_err err = { 0 };
	struct message in;
	bool good;
	int rc;

	while (m->channel.fd >= 0 && (rc = channel_take(&m->channel, &in, &err)) != 0) {
		if (rc < 0 && !err.no) {
			member_left(m);
			return;
		}
		good = rc > 0 && message_act(m, &in);
		if (rc > 0)
			message_close_fds(&in);
		if (good)
			continue;
		daemon_say("the %s sent what it may not send; it is killed", process_word(m->kind));
		loop_forget(&m->daemon->loop, &m->watch);
		if (m->pid)
			kill(m->pid, SIGKILL);
		return;
	}
}

static void member_heard(struct watch *w, uint32_t events)
{
	struct member *m = w->ctx;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		messages_take(m);
}

int daemon_hear(struct daemon *d, struct member *m, struct krux_err *err)
{
	m->watch = (struct watch){ .fd = m->channel.fd, .ready = member_heard, .ctx = m };
	return loop_watch(&d->loop, &m->watch, EPOLLIN, err);
}

static void member_flush(struct daemon *d, struct member *m)
{
	struct krux_err err = { 0 };
	int rc;

	if (!m->pid || m->channel.fd < 0 || !m->watch.on)
		return;
	rc = channel_flush(&m->channel, &err);
	/* It has closed its channel already, which is not heard yet. */
	if (rc < 0 && err.no == EPIPE)
		member_left(m);
	else if (rc < 0 || loop_change(&d->loop, &m->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, NULL))
		kill(m->pid, SIGKILL);
}

/* Before each wait. */
static void turn_end(void *ctx)
{
	struct daemon *d = ctx;

	member_flush(d, &d->recorder);
	for (int i = 0; i < GENERATIONS; i++) {
		if (d->generation[i].state == GENERATION_NONE)
			continue;
		member_flush(d, &d->generation[i].gate);
		member_flush(d, &d->generation[i].spawner);
	}
}

/* ---- signals and moments ---- */

static void signalled(void *ctx, const struct signalfd_siginfo *info)
{
	struct daemon *d = ctx;

	switch (info->ssi_signo) {
	case SIGCHLD:
		children_reap(d);
		break;
	case SIGHUP:
		if (!d->stopping && !d->plan->start.agent)
			reload_ask(d, NULL, (struct krux_str){ NULL, 0 }, 0);
		break;
	default:
		/* Some that ask once signal twice: the process and its group. */
		if (d->stopping && loop_clock() - d->stop_asked < twice_ns)
			break;
		if (d->stopping)
			daemon_say("asked to end twice: calls are not waited for any more");
		else
			d->stop_asked = loop_clock();
		daemon_stop(d, 0, d->stopping);
	}
}

static void again_due(struct timer *t)
{
	generations_next(t->ctx);
}

static void tick_due(struct timer *t)
{
	children_reap(t->ctx);
}

static void recorder_late(struct timer *t)
{
	struct daemon *d = t->ctx;

	daemon_say("the recorder does not end; it is killed");
	kill(d->recorder.pid, SIGKILL);
	d->recorder_told = false;
}

/* ---- from start to end ---- */

static int recorder_begin(struct daemon *d, struct krux_err *err)
{
	struct member *m = &d->recorder;
	int pair[2];
	pid_t pid;

	if (channel_pair(pair, err))
		return -1;
	*m = (struct member){ .daemon = d, .kind = PROCESS_RECORDER };
	if (member_open(m, pair[0], err)) {
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	pid = start_process(&d->plan->start, PROCESS_RECORDER, NULL, &m->channel, pair[1], err);
	close(pair[1]);
	if (pid < 0)
		return -1;
	m->pid = pid;
	return daemon_hear(d, m, err);
}

/* The subreaper of all that it starts, with nothing to read from outside. */
static int parent_begin(struct daemon *d, struct krux_err *err)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || prctl(PR_SET_DUMPABLE, 0) ||
	    setrlimit(RLIMIT_CORE, &none))
		return err_set(err, errno, "prepare the daemon");
	if (orphans_kill(before_note, d) < 0)
		return err_set(err, 0, "the kernel does not list our children; is /proc mounted?");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return loop_signals(&d->loop, &set, signalled, d, err);
}

static void daemon_init(struct daemon *d, const struct daemon_plan *plan)
{
	*d = (struct daemon){ .plan = plan, .bundle = plan->bundle, .reload.bundle = -1,
		              .again = { .due = again_due, .ctx = d },
		              .tick = { .due = tick_due, .ctx = d },
		              .recorder_limit = { .due = recorder_late, .ctx = d } };
	d->recorder.channel.fd = -1;
	d->bundle_path = strdup(plan->bundle_path);
	for (int i = 0; i < GENERATIONS; i++)
		d->generation[i].bundle = -1;
}

/* What cannot be reaped in order any more goes at once. */
static void all_kill(struct daemon *d)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state != GENERATION_NONE)
			generation_kill(&d->generation[i]);
	if (d->recorder.pid)
		kill(d->recorder.pid, SIGKILL);
	while (orphans_kill(was_before, d) > 0)
		waitpid(-1, NULL, 0);
	for (int i = 0; i < GENERATIONS; i++)
		if (d->generation[i].state != GENERATION_NONE)
			generation_close(&d->generation[i], d->plan->cgroup);
	member_close(&d->recorder);
}

int daemon_run(const struct daemon_plan *plan)
{
	struct krux_err err = { 0 };
	static struct daemon d;        /* large, and one */

	if (plan->start.agent)
		command = "call";
	daemon_init(&d, plan);
	if (!d.bundle_path || loop_open(&d.loop, &err)) {
		close(plan->bundle);
		return CODE_SYSTEM;
	}
	d.loop.turn = turn_end;
	d.loop.turn_ctx = &d;
	hook_open(&d.hook, &plan->hook, &d.loop);
	if (parent_begin(&d, &err) || recorder_begin(&d, &err) || loop_run(&d.loop, &err)) {
		daemon_say("%s", err.text);
		all_kill(&d);
		d.code = CODE_SYSTEM;
	}
	hook_close(&d.hook);
	loop_close(&d.loop);
	member_close(&d.recorder);
	close(d.bundle);
	free(d.bundle_path);
	cleanup_fd(&d.reload.bundle);
	free(d.reload.path);
	return d.code;
}
