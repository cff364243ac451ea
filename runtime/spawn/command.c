/* The first process of a command's call: from a workspace to the program's root, from there to a program that runs, and
 * from its end to changes and an answer. It is the first of its pid namespace, so that nothing of the program outlives
 * it, and no signal of the program reaches it. */
#include "runtime/spawn/command_part.h"

#include "capspec/item.h"
#include "capspec/layers.h"
#include "runtime/base/changeset.h"
#include "runtime/sandbox/view.h"
#include "runtime/spawn/look.h"
#include "runtime/spawn/snapshot.h"
#include "runtime/spawn/targets.h"
#include "runtime/spawn/tunnel.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Each takes the other out of the queue, so that however many came unheard, the last of them is what is heard. */
enum { FREEZE = SIGTSTP, THAW = SIGCONT, ERROR_SHOWN = 400, FLUSH_MS = 5000 };

static const int passed[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };

static struct view view = { .upper = -1, .lower = -1 };
static struct command self;            /* a process serves one call */
static struct tunnels tunnels;         /* of a call that connects */

/* ---- what it is given ---- */

static uint64_t now_real(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool has_paths(const struct krux_capability *cap, bool only_changes)
{
	for (size_t i = 0; i < cap->neffects; i++) {
		enum krux_effect_kind kind = cap->effect[i].kind;

		if (kind == KRUX_EFFECT_CREATES || kind == KRUX_EFFECT_WRITES || kind == KRUX_EFFECT_DELETES ||
		    (!only_changes && (kind == KRUX_EFFECT_READS || kind == KRUX_EFFECT_LISTS)))
			return true;
	}
	return false;
}

/* ---- its snapshot ---- */

static uint8_t taken[LOOK_ITEM];
static size_t ntaken;

__attribute__((noreturn)) static void snapshot_be(const struct child_plan *plan, int into, int out)
{
	static uint8_t item[LOOK_ITEM];
	size_t n, done = 0;
	ssize_t k;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((plan->probe->root && privileges_become(plan->owner, plan->group)) || privileges_none())
		_exit(1);
	umask(0);
	n = plan->takes(plan->ctx, plan->workspace, into, item, sizeof item);
	for (; done < n; done += (size_t)k)
		if ((k = write(out, item + done, n - done)) <= 0)
			_exit(1);
	_exit(!n);
}

/* Where it fails nothing is taken, and the call is refused as one whose files have changed. */
static int snapshot_take(void *ctx, int folder)
{
	const struct child_plan *plan = ctx;
	int pair[2], status = 0;
	ssize_t n;
	pid_t pid;

	self.started = now_real();
	if (pipe2(pair, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		snapshot_be(plan, folder, pair[1]);
	close(pair[1]);
	ntaken = 0;
	while (pid > 0 && ntaken < sizeof taken && (n = read(pair[0], taken + ntaken, sizeof taken - ntaken)) != 0)
		if (n > 0)
			ntaken += (size_t)n;
		else if (errno != EINTR)
			break;
	close(pair[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		ntaken = 0;
	return pid < 0 ? -1 : 0;
}

struct krux_str command_taken(void)
{
	static const char nothing[] = { (char)(ITEM_LIST << 5) };

	/* Where no effect names a path there is nothing to be seen. */
	return view.fill ? (struct krux_str){ (const char *)taken, ntaken } : (struct krux_str){ nothing, sizeof nothing };
}

int command_view_share(const struct child_plan *plan, int proc)
{
	const struct krux_capability *cap = plan->command;
	const int workspace = plan->probe->root ? plan->mount : plan->workspace;

	view = (struct view){
		.workspace = has_paths(cap, false) ? workspace : -1, .changes = has_paths(cap, true), .hidden = PLACE_RESERVED,
		.executes = plan->layer->rights & RIGHT_EXECUTE, .root = plan->probe->root, .size = plan->limits.memory,
		.owner = plan->owner, .group = plan->group, .upper = -1, .lower = -1,
	};
	if (plan->snapshot && view.workspace >= 0) {
		view.fill = snapshot_take;
		view.ctx = (void *)(uintptr_t)plan;
		view.filled = SNAPSHOT_COPY_BYTES;
		view.entries = SNAPSHOT_COPY_ENTRIES;
	}
	return view_share(proc, &view);
}

int command_view_own(void)
{
	return view_own(&view);
}

static unsigned place_rights(unsigned i, unsigned execute)
{
	switch (i) {
	case VIEW_PROC:
		return RIGHT_READ_FILES | RIGHT_READ_FOLDERS;
	case VIEW_DEV:
		return RIGHT_READ_FILES | RIGHT_WRITE_FILES;
	case VIEW_ETC:
		return RIGHT_READ_FILES;
	case VIEW_TMP:
		return RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES | execute;
	default:
		return RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_EXECUTE;
	}
}

unsigned command_grants(const struct child_plan *plan, struct landlock_grant out[static COMMAND_GRANTS])
{
	const char *path;
	unsigned n = 0;

	for (unsigned i = 0; (path = view_place(i)) && n < COMMAND_GRANTS - 2; i++) {
		/* What stands in /etc has its rights from that; links lead to what is in the list. */
		int fd = i == VIEW_WORKSPACE || (i >= VIEW_HOST && !strncmp(path, "/etc/", 5)) ? -1 :
			open(path, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			out[n++] = (struct landlock_grant){ fd, place_rights(i, plan->layer->rights & RIGHT_EXECUTE) };
	}
	if (view.upper >= 0)
		out[n++] = (struct landlock_grant){ view.upper, RIGHT_READ_FILES | RIGHT_READ_FOLDERS };
	if (view.lower >= 0)
		out[n++] = (struct landlock_grant){ view.lower, RIGHT_READ_FOLDERS };
	return n;
}

void command_grants_close(const struct landlock_grant *grant, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (grant[i].fd != view.upper && grant[i].fd != view.lower)
			close(grant[i].fd);
}

bool command_passes(int signal)
{
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (passed[i] == signal)
			return true;
	return false;
}

int command_signal(int signal)
{
	return signal == SIGSTOP ? FREEZE : signal == SIGCONT ? THAW : signal;
}

void command_signals_add(sigset_t *set)
{
	sigaddset(set, FREEZE);
	sigaddset(set, THAW);
}

void command_signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	command_signals_add(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool command_failed(uint32_t *what, int32_t *no)
{
	*what = self.failed;
	*no = self.no;
	return self.no;
}

/* ---- before the program runs ---- */

/* Where changes will be put; between now and then other calls may change the workspace. */
static bool store_open(struct command *k)
{
	k->lock = place_openat(k->plan->workspace, ".", O_RDONLY | O_DIRECTORY, 0);
	if (k->lock < 0)
		return false;
	while (flock(k->lock, LOCK_EX))
		if (errno != EINTR)
			return false;
	return change_begin(k->call) && !flock(k->lock, LOCK_UN);
}

/* Those that are passed on to a program in the background come here alone. */
static int signals_open(bool background)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	command_signals_add(&set);
	for (size_t i = 0; background && i < sizeof passed / sizeof *passed; i++)
		sigaddset(&set, passed[i]);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The line is the tunnels' own. False: there is nothing that its program could connect by. */
static bool network_open(struct command *k)
{
	struct message_target target[LINE_TARGETS];
	int n;

	if (k->listener < 0)
		return true;
	n = targets_find(k->plan->command, k->call->args, target);
	if (n <= 0 || k->call->line < 0) {
		errno = ENETDOWN;
		return false;
	}
	tunnels_open(&tunnels, k->listener, k->call->line, target, (unsigned)n);
	return true;
}

static bool command_open(struct handler_call *c)
{
	struct command *k = &self;

	/* Who is the first of a namespace ends all others in it, and nobody else. */
	if (getpid() != 1)
		_exit(CHILD_BROKEN);
	k->call = c;
	k->changes = view.changes;
	k->upper = view.upper;
	k->base = view.lower;
	k->shown = view.workspace < 0 ? -1 : open("/workspace", O_PATH | O_DIRECTORY | O_CLOEXEC);
	k->signals = signals_open(k->plan->stream >= 0);
	k->operand = operands_find(c->pool, k->plan->command, c->args, &k->noperands);
	if (!k->operand || k->signals < 0 || (!k->plan->changes.n && !network_open(k)) || (k->changes && !store_open(k))) {
		k->failed = CHILD_START;
		k->no = errno ? errno : ENOMEM;
		return false;
	}
	command_pause(k);
	if (k->plan->changes.n)
		return true;
	if (!k->started)
		k->started = now_real();
	return program_start(k);
}

/* What it keeps: the changes, the names of folders, and the folders that changes go to, all with the same rights, since
 * nothing is moved to where more could be done with it. */
int command_restrict(struct handler_call *c)
{
	const unsigned rights = RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES;
	const struct command *k = &self;
	struct krux_str rest;
	/* Nothing is said of signals: the program's processes have to be ended, and are in no domain below this one. */
	int set = landlock_open_files(k->plan->probe->landlock_abi);

	if (set < 0)
		return -1;
	if (k->base >= 0 && rule_add_at(set, k->plan, dup(k->base), RIGHT_READ_FOLDERS))
		return -1;
	if (k->changes && (rule_add_at(set, k->plan, dup(k->upper), RIGHT_READ_FILES | RIGHT_READ_FOLDERS) ||
	                   rule_add_at(set, k->plan, dup(c->store), rights) ||
	                   rule_add_at(set, k->plan, dup(c->workspace), RIGHT_READ_FOLDERS) ||
	                   rule_add_at(set, k->plan, dup(k->shown), RIGHT_READ_FOLDERS)))
		return -1;
	for (size_t i = 0; i < k->noperands; i++)
		if (operand_changes(&k->operand[i]) && path_inside(k->operand[i].path, &rest) &&
		    rule_add_at(set, k->plan, folder_above(c->workspace, rest, rest.n != 0), rights))
			return -1;
	return landlock_enforce(set);
}

/* ---- while it runs ---- */

/* As was said last. A signal from outside of the namespace has no sender in it, and none inside can say that of its own.
 * Where Landlock stops none of those, one may have taken the place of ours: a call whose program sends any ends, so that
 * no freeze goes unheard. */
static bool is_frozen(struct command *k)
{
	struct signalfd_siginfo s;

	while (read(k->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		/* All of its processes have it, as those of a terminal have what is typed there. */
		if (k->pid && command_passes((int)s.ssi_signo) && !s.ssi_pid && s.ssi_code == SI_USER)
			kill(-1, (int)s.ssi_signo);
		if (s.ssi_signo != FREEZE && s.ssi_signo != THAW)
			continue;
		if (s.ssi_pid || s.ssi_code != SI_USER)
			_exit(CHILD_SIGNALLED + (int)s.ssi_signo);
		k->frozen = s.ssi_signo == FREEZE;
	}
	return k->frozen;
}

void command_pause(struct command *k)
{
	struct pollfd p = { .fd = k->signals, .events = POLLIN };

	while (is_frozen(k))
		while (poll(&p, 1, -1) < 0 && errno == EINTR)
			;
}

/* All of its processes stop: one that forks meanwhile has the signal first. */
static void program_pause(struct command *k)
{
	if (!is_frozen(k))
		return;
	kill(-1, SIGSTOP);
	command_pause(k);
	kill(-1, SIGCONT);
}

static void stream_open(struct command *k, struct stream *s, int i, const char *field, size_t least)
{
	const struct krux_field *f = output_field(k, field);
	size_t most = f ? (size_t)f->type->max : least;

	if (most > k->plan->output)
		most = k->plan->output;
	*s = (struct stream){ .fd = k->out[i], .p = krux_pool_get(k->call->pool, most + 1), .most = most };
	if (!s->p)
		s->most = 0;
}

static void stream_read(struct stream *s)
{
	char rest[4096];
	size_t room = s->most - s->n;
	ssize_t n = room ? read(s->fd, s->p + s->n, room) : read(s->fd, rest, sizeof rest);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
	} else if (room) {
		s->n += (size_t)n;
	} else {
		s->cut = true;
	}
}

/* Takes what has ended; the program itself takes all others with it. False: nothing is left. */
static bool processes_reap(struct command *k, int *status)
{
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != k->pid)
			continue;
		*status = how;
		k->pid = 0;
		kill(-1, SIGKILL);
	}
	return pid == 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* What it has sent before it ended is passed on, as long as its host takes it within a moment. */
static bool network_waits(const struct command *k, bool left, int64_t *until, int *timeout)
{
	const int64_t now = now_ms();

	*timeout = -1;
	if (left || k->listener < 0 || !tunnels_flush(&tunnels))
		return false;
	*until = *until ? *until : now + FLUSH_MS;
	if (*until <= now)
		return false;
	*timeout = (int)(*until - now);
	return true;
}

static int program_wait(struct command *k, struct stream stream[static 2])
{
	int64_t until = 0;
	bool left = true;
	int status = 0, timeout;

	while (network_waits(k, left, &until, &timeout) || left || stream[0].fd >= 0 || stream[1].fd >= 0) {
		struct pollfd p[3 + TUNNEL_POLLS] = { { .fd = stream[0].fd, .events = POLLIN }, { .fd = stream[1].fd, .events = POLLIN },
			                              { .fd = k->signals, .events = POLLIN } };
		const unsigned n = k->listener < 0 ? 0 : tunnels_poll(&tunnels, p + 3);

		if (poll(p, 3 + n, timeout) < 0 && errno != EINTR)
			_exit(CHILD_BROKEN);
		for (int i = 0; i < 2; i++)
			if (stream[i].fd >= 0 && p[i].revents)
				stream_read(&stream[i]);
		if (p[2].revents)
			program_pause(k);
		if (n)
			tunnels_step(&tunnels);
		left = left && processes_reap(k, &status);
	}
	return status;
}

/* Before anything is committed: what is cut has to be said, and there is no field for it. */
static void too_much(const struct command *k, const struct stream stream[static 2])
{
	if ((stream[0].cut && output_field(k, "stdout")) || (stream[1].cut && output_field(k, "stderr")))
		_exit(CHILD_TOO_MUCH);
}

static bool command_run(struct handler_call *c)
{
	struct command *k = &self;
	struct stream stream[2];
	struct changed changed = { .n = 0 };
	int status;

	(void)c;
	if (k->plan->changes.n)
		return changes_approved_run(k);
	stream_open(k, &stream[0], 0, "stdout", 0);
	stream_open(k, &stream[1], 1, "stderr", ERROR_SHOWN);
	status = program_wait(k, stream);
	/* Nothing is read of what the program has written to others once what it has changed is looked at. */
	if (k->listener >= 0)
		tunnels_close(&tunnels);
	if (WIFSIGNALED(status))
		_exit(CHILD_SIGNALLED + WTERMSIG(status));
	changed.room = k->plan->output;
	streams_ready(k, stream, &changed.room);
	if (!output_field(k, "truncated"))
		too_much(k, stream);
	if (k->changes && (output_field(k, "status") || !WEXITSTATUS(status))) {
		if (k->plan->command->approves_changes)
			changes_keep(k, WEXITSTATUS(status), stream, &changed);
		else
			changes_commit(k, &changed);
	}
	return command_answer(k, WEXITSTATUS(status), stream, &changed);
}

const struct builtin command_handler = { "command", command_open, command_run, 0, { NULL } };

uint64_t command_memory(const struct child_plan *plan)
{
	const uint64_t kept = plan->command && plan->command->approves_changes ? 6 * (uint64_t)CHANGESET_BYTES : 0;

	return 8 * (uint64_t)plan->output + ((uint64_t)16 << 20) + kept;
}

void command_begin(const struct child_plan *plan)
{
	self = (struct command){ .plan = plan, .upper = -1, .shown = -1, .base = -1, .lock = -1, .listener = -1, .out = { -1, -1 },
		                 .signals = -1 };
}

void command_listens(int listener)
{
	self.listener = listener;
}
