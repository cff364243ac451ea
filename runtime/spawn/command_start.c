/* A call to a program: its arguments, what it may touch, its execution. */
#include "runtime/spawn/command_part.h"

#include "capspec/canon.h"
#include "capspec/layers.h"
#include "capspec/relay.h"
#include "runtime/base/cleanup.h"
#include "runtime/sandbox/view.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- arguments ---- */

/* Of a scalar, as people write it; NULL: out of memory. */
static char *text_of(struct krux_pool *pool, const struct krux_type *t, const struct krux_value *wire)
{
	struct krux_value v;
	char digits[64];
	int n;

	if (!krux_uncanon(pool, t, wire, &v))
		return NULL;
	switch (v.kind) {
	case KRUX_V_TEXT:
	case KRUX_V_NUMBER:
		return krux_pool_copy(pool, v.str.p, v.str.n);
	case KRUX_V_BOOL:
		return krux_pool_copy(pool, v.b ? "true" : "false", v.b ? 4 : 5);
	case KRUX_V_UINT:
	case KRUX_V_NINT:
		n = krux_integer_text(v.kind == KRUX_V_UINT ? (krux_i128)v.u : -1 - (krux_i128)v.u, digits, sizeof digits);
		return n < 0 ? NULL : krux_pool_copy(pool, digits, (size_t)n);
	default:
		return NULL;
	}
}

static size_t items_of(const struct krux_argv *a, const struct krux_value *v)
{
	return a->kind == KRUX_ARGV_CONST ? 1 : !v ? 0 : v->kind == KRUX_V_LIST ? v->list.n : 1;
}

static char *item_text(struct krux_pool *pool, const struct krux_argv *a, const struct krux_type *t,
                       const struct krux_value *v, size_t k)
{
	const bool list = v && v->kind == KRUX_V_LIST;
	char *text, *joined;
	size_t n;

	if (a->kind == KRUX_ARGV_CONST)
		return krux_pool_copy(pool, a->text.p, a->text.n);
	text = text_of(pool, list ? t->elem : t, list ? &v->list.item[k] : v);
	if (!text || a->kind != KRUX_ARGV_JOINED)
		return text;
	n = a->text.n + strlen(text) + 1;
	joined = krux_pool_get(pool, n);
	if (joined)
		snprintf(joined, n, "%.*s%s", (int)a->text.n, a->text.p, text);
	return joined;
}

static char **argv_make(const struct command *k)
{
	const struct krux_capability *cap = k->plan->command;
	const struct krux_value *args = k->call->args;
	struct krux_pool *pool = k->call->pool;
	size_t most = 2, n = 0;
	char **argv;

	for (size_t i = 0; i < cap->handler.nargv; i++)
		most += items_of(&cap->handler.argv[i], krux_access_value(args, cap->handler.argv[i].access));
	argv = krux_pool_get(pool, most * sizeof *argv);
	if (!argv || !(argv[n++] = krux_pool_copy(pool, cap->handler.name.p, cap->handler.name.n)))
		return NULL;
	for (size_t i = 0; i < cap->handler.nargv; i++) {
		const struct krux_argv *a = &cap->handler.argv[i];
		const struct krux_value *v = krux_access_value(args, a->access);
		const struct krux_type *t = a->access.n ? krux_access_type(cap->input, a->access) : NULL;

		for (size_t j = 0; j < items_of(a, v); j++)
			if (!(argv[n++] = item_text(pool, a, t, v, j)))
				return NULL;
	}
	return argv;
}

/* ---- what it may touch ---- */

int folder_above(int root, struct krux_str rest, bool above)
{
	char path[HANDLER_PATH + 1];
	char *slash;
	int fd;

	if (rest.n > HANDLER_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, rest.p, rest.n);
	path[rest.n] = 0;
	while (above || ((fd = place_openat(root, *path ? path : ".", O_PATH, 0)) < 0 && errno == ENOENT && *path)) {
		above = false;
		slash = strrchr(path, '/');
		*(slash ? slash : path) = 0;
	}
	return fd;
}

/* Without any right there is no rule; what cannot be opened is not there for the program either. */
int rule_add_at(int set, const struct child_plan *plan, int fd, unsigned rights)
{
	int rc = fd < 0 || !rights ? 0 : landlock_allow(set, plan->probe->landlock_abi, fd, rights), no = errno;

	if (fd >= 0)
		close(fd);
	errno = no;
	return rc;
}

/* A folder that is no tree is not read: who may read below it may do so at any depth. */
static unsigned read_rights(const struct operand *o, int fd, unsigned execute)
{
	struct stat st;

	if (fd < 0 || (!o->tree && (fstat(fd, &st) || S_ISDIR(st.st_mode))))
		return 0;
	return (o->kind == KRUX_EFFECT_LISTS ? 0 : RIGHT_READ_FILES | execute) | (o->tree ? RIGHT_READ_FOLDERS : 0);
}

static int operand_allow(const struct command *k, int set, const struct operand *o)
{
	const unsigned execute = k->plan->layer->rights & RIGHT_EXECUTE;
	struct krux_str rest;
	const char *path;
	int fd;

	if (k->shown < 0 || !path_inside(o->path, &rest))
		return 0;
	if (operand_changes(o))
		return rule_add_at(set, k->plan, folder_above(k->shown, rest, rest.n != 0),
		                   RIGHT_NAMES | RIGHT_WRITE_FILES | execute);
	path = rest.n ? krux_pool_copy(k->call->pool, rest.p, rest.n) : ".";
	fd = path ? place_openat(k->shown, path, O_PATH, 0) : -1;
	return rule_add_at(set, k->plan, fd, read_rights(o, fd, execute));
}

static int program_restrict(const struct command *k)
{
	struct landlock_grant grant[COMMAND_GRANTS];
	const int abi = k->plan->probe->landlock_abi;
	unsigned n = command_grants(k->plan, grant);
	int set = landlock_open(abi);

	if (set < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (grant[i].fd != k->upper && grant[i].fd != k->base && landlock_allow(set, abi, grant[i].fd, grant[i].rights))
			return -1;
	for (size_t i = 0; i < k->noperands; i++)
		if (operand_allow(k, set, &k->operand[i]))
			return -1;
	if (k->listener >= 0 && landlock_allow_port(set, abi, RELAY_PORT))
		return -1;
	return landlock_enforce(set);
}

/* ---- the program's process ---- */

/* To the first process, over a pipe that execution closes. */
struct fault {
	uint32_t what;
	int32_t no;
};

static void fault_say(int to, uint32_t what) __attribute__((noreturn));

static void fault_say(int to, uint32_t what)
{
	const struct fault f = { what, errno ? errno : EINVAL };

	(void)!write(to, &f, sizeof f);
	_exit(CHILD_BROKEN);
}

/* What has a handler loses it by execution, and what is ignored is ignored by the first process: that is this one signal. */
static void signals_plain(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int streams_set(const int out[static 2])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (dup2(out[i] >= 0 ? out[i] : null, i + 1) < 0)
			return -1;
	return 0;
}

static int limits_set(const struct command *k)
{
	struct rlimits limits = k->plan->limits;

	limits.pids++;                 /* the first process counts */
	return rlimits_set(&limits);
}

struct start {
	struct command *command;
	char **argv;
	int out[2], to;
};

static int program_become(void *ctx)
{
	const struct start *s = ctx;
	struct command *k = s->command;
	const int to = s->to;

	const char *const environment[] = { "PATH=/usr/bin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", "USER=krux",
		"LOGNAME=krux", "TERM=dumb", k->listener < 0 ? NULL : "https_proxy=" RELAY_URL, "HTTPS_PROXY=" RELAY_URL,
		"http_proxy=" RELAY_URL, "HTTP_PROXY=" RELAY_URL,
		"all_proxy=" RELAY_URL, "ALL_PROXY=" RELAY_URL, NULL };

	signals_plain();
	if (setsid() < 0 || streams_set(s->out) || chdir("/workspace") || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		fault_say(to, LAYER_DESCRIPTORS);
	if (program_restrict(k))
		fault_say(to, LAYER_LANDLOCK);
	if (limits_set(k))
		fault_say(to, LAYER_RLIMITS);
	if (seccomp_restrict(k->plan->layer->command))
		fault_say(to, LAYER_SECCOMP);
	syscall(SYS_execveat, k->plan->program, "", s->argv, environment, AT_EMPTY_PATH);
	fault_say(to, CHILD_START);
}

static void fault_take(struct command *k, int from)
{
	struct fault f;
	ssize_t n;

	while ((n = read(from, &f, sizeof f)) < 0 && errno == EINTR)
		;
	if (n == 0)
		return;
	k->failed = n == (ssize_t)sizeof f ? f.what : CHILD_START;
	k->no = n == (ssize_t)sizeof f ? f.no : EIO;
}

/* Our end and the program's; -1: nobody wants to hear it. */
static int stream_open(bool wanted, int *ours, int *its)
{
	int pair[2];

	*ours = *its = -1;
	if (!wanted)
		return 0;
	if (pipe2(pair, O_CLOEXEC))
		return -1;
	*ours = pair[0];
	*its = pair[1];
	return 0;
}

/* In the background it writes to who is asked for it later, and nothing of it is kept here. */
static int streams_open(struct command *k, int its[static 2])
{
	const bool failed = !output_field(k, "status");

	if (k->plan->stream < 0)
		return stream_open(output_field(k, "stdout"), &k->out[0], &its[0]) ||
		       stream_open(failed || output_field(k, "stderr"), &k->out[1], &its[1]);
	its[0] = k->plan->stream;
	its[1] = fcntl(k->plan->stream, F_DUPFD_CLOEXEC, 3);
	return its[1] < 0;
}

/* As vfork does, on a stack of its own: until it executes, the new process has this one's memory, of which no copy is made,
 * and this one stands still, which would wait for that anyway. All else is its own: descriptors, folder, signals, limits,
 * Landlock domain and filter. Sanitizers would take what it leaves on that stack for this one's. */
static pid_t program_fork(struct start *s)
{
	enum { STACK = 64 << 10, FLAGS = SANITIZED ? SIGCHLD : CLONE_VM | CLONE_VFORK | SIGCHLD };
	_Alignas(16) char stack[STACK];

	return clone(program_become, stack + STACK, FLAGS, s);
}

bool program_start(struct command *k)
{
	struct start s = { .command = k, .argv = argv_make(k), .out = { -1, -1 } };
	int pair[2];

	if (!s.argv)
		errno = ENOMEM;
	if (!s.argv || pipe2(pair, O_CLOEXEC) || streams_open(k, s.out) || (s.to = pair[1], k->pid = program_fork(&s)) < 0) {
		k->failed = CHILD_START;
		k->no = errno;
		return false;
	}
	close(pair[1]);
	for (int i = 0; i < 2; i++)
		if (s.out[i] >= 0)
			close(s.out[i]);
	fault_take(k, pair[0]);
	close(pair[0]);
	return !k->no;
}
