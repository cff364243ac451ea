/* Runs the attempts and says of each which layers stopped it. Usage: live [--only TEXT] [--in FOLDER]
 * Lines: "ok" or "FAIL", "left" for what this machine cannot try, "OPEN" for what nothing holds, as its row says: where
 * something does, it fails; then whose call it is, the group and the attempt. */
#include "tests/live/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "capspec/layers.h"
#include "compiler/emit/filter.h"
#include "compiler/emit/nft.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/sockets.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/parent.h"
#include "tests/live/commands.h"
#include "tests/unit/here.h"

enum { RUN_NS = 1000000000, FILE_RIGHTS = RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES };
static const char *const way_word[WAYS] = { "agent", "root", "user" };
static const char *const way_says[WAYS] = {
	"as root, for a workspace of an agent's uid", "as root, for a workspace of root", "as an ordinary user",
};

enum way way;
char why[256];

static struct { _Atomic unsigned passed, failed, left, open; } *count;       /* shared with the runners */
static const struct attempt *current;
static struct krux_pool *pool;
static const char *only;

bool cannot(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- one call ---- */

static bool attempt_open(struct handler_call *c)
{
	c->fd = openat(c->workspace, current->operand ? current->operand : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->fd < 0)
		return handler_failed(c, errno, (struct krux_str){ "operand", 7 });
	handler_grant(c, c->fd, current->rights ? current->rights : FILE_RIGHTS);
	return true;
}

static bool attempt_run(struct handler_call *c)
{
	c->output = (struct krux_value){ .kind = KRUX_V_UINT, .u = (uint64_t)current->go(c, current->arg) };
	return true;
}

static bool allow(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx, (void)field, (void)path;
	return true;
}

enum {
	all_calls = 0
#define BUILTIN(name, calls, ...) | (calls)
#include "capspec/builtins.def"
#undef BUILTIN
};

/* All that any builtin may, where a narrower filter stops no less; what commands have. */
enum filters { BUILTINS, WAITS, PROGRAM, RELAYS, CONNECTS, FILTERS };

static const struct krux_filter *filter_of(enum filters which)
{
	static const unsigned groups[FILTERS] = {
		[BUILTINS] = all_calls & ~CALLS_PURE, [WAITS] = CALLS_RUN | CALLS_LOOK | CALLS_WALK | CALLS_CHANGE,
		[PROGRAM] = CALLS_COMMAND,
		[RELAYS] = CALLS_RUN | CALLS_LOOK | CALLS_WALK | CALLS_CHANGE | CALLS_LINE | CALLS_RELAY,
		[CONNECTS] = CALLS_COMMAND | CALLS_CONNECT,
	};
	static struct filter *f[FILTERS];
	static struct arena *a;
	const char *no;

	a = a ? a : arena_new();
	if (!f[which]) {
		f[which] = ARENA_NEW(a, struct filter);
		if (!filter_make(a, groups[which], f[which], &no)) {
			fprintf(stderr, "live: %s\n", no);
			_exit(3);
		}
	}
	return f[which]->program;
}

struct ended {
	bool ran, through;
	char how[96];
};

static struct ended broken(const char *what, const char *more)
{
	struct ended e = { 0 };

	snprintf(e.how, sizeof e.how, "%s%s%s", what, *more ? " " : "", more);
	return e;
}

static struct ended answered(const struct child_end *end)
{
	const struct krux_value *v;
	struct krux_refusal r;
	struct krux_value a;
	struct ended e = { .ran = true };

	if (end->exited && (end->code == EXEC_THROUGH || end->code == EXEC_STOPPED)) {
		e.through = end->code == EXEC_THROUGH;
		snprintf(e.how, sizeof e.how, "no more than before");
		return e;
	}
	if (end->exited && end->code > CHILD_SIGNALLED) {
		snprintf(e.how, sizeof e.how, "SIG%s", sigabbrev_np(end->code - CHILD_SIGNALLED));
		return e;
	}
	if (!end->exited) {
		snprintf(e.how, sizeof e.how, end->timed_out ? "its deadline" : "SIG%s", sigabbrev_np(end->code));
		return e;
	}
	if (end->code || !krux_cbor_read(pool, end->answer, end->n, &a, &r))
		return broken("no answer", "");
	v = krux_value_get(&a, "output");
	if (v && v->kind == KRUX_V_MAP)
		v = krux_value_get(v, "status");
	if (!v || v->kind != KRUX_V_UINT)
		return broken("no answer", "of a number");
	e.through = v->u == 0;
	snprintf(e.how, sizeof e.how, "%s", v->u ? strerrorname_np((int)v->u) : "");
	return e;
}

/* ---- a group of its own for each call ---- */

static struct groups groups = { .above = -1 }, bare = { .above = -1 };       /* bare: without eBPF */
static bool sockets_held;

static struct groups *groups_of(unsigned layers)
{
	return layers & ON_SOCKETS ? &bare : &groups;
}

static int groups_make(int top, const char *name, uid_t uid)
{
	const int fd = cgroup_make(top, name, NULL);

	if (fd < 0 || fchown(fd, uid, uid))
		_exit(3);
	cgroup_pass(fd);
	return fd;
}

static void groups_name(char name[static 32], pid_t runner)
{
	snprintf(name, 32, "krux-live-%d", runner);
}

/* Where there is cgroup v2 as root: a part of it that is the user's, with this process in a group of its own, as a daemon
 * has it. Who is not root cannot have eBPF, so an ordinary user's groups have none. */
static void groups_prepare(void)
{
	const uid_t uid = way == WAY_USER ? USER : 0;
	const int above = cgroup_own(NULL);
	char name[32];
	int top, self;

	groups_name(name, getpid());
	if (above < 0 || (top = cgroup_make(above, name, NULL)) < 0)
		return;
	cgroup_pass(top);
	self = cgroup_make(top, "self", NULL);
	groups.above = groups_make(top, "calls", uid);
	bare.above = groups_make(top, "bare", uid);
	sockets_held = way != WAY_USER && !sockets_attach(groups.above, NULL);
	if (self < 0 || cgroup_set(self, "cgroup.procs", "0", NULL) || fchownat(top, "cgroup.procs", uid, uid, 0))
		_exit(3);
	close(self);
	close(top);
	close(above);
}

static void groups_remove(pid_t runner)
{
	const int above = cgroup_own(NULL);
	char name[32];

	groups_name(name, runner);
	if (above >= 0)
		cgroup_remove(above, name, NULL);
	close(above);
}

/* What these layers leave of it; NULL: there are no groups. */
static struct cgroup *group_of(const struct child_plan *plan, unsigned layers)
{
	const struct group_limits limits = {
		.memory = layers & ON_MEMORY ? 1 << 30 : plan->limits.memory + (plan->command ? command_memory(plan) : BUILTIN_ROOM),
		.pids = layers & ON_PIDS ? 1000 : plan->limits.pids + (plan->command != NULL),
	};
	struct krux_err err = { 0 };
	struct groups *from = groups_of(layers);
	struct cgroup *g = from->above < 0 ? NULL : groups_take(from, &limits, &err);

	if (!g && from->above >= 0) {
		fprintf(stderr, "live: %s\n", err.text);
		_exit(3);
	}
	return g;
}

/* Of the packet filter, as a bundle has them. */
static struct krux_str rules_get(void)
{
	static struct buf b;

	if (!b.n)
		nft_batch_write(&b);
	return (struct krux_str){ b.p, b.n };
}

/* With these layers off. */
static struct ended call(const struct attempt *a, unsigned layers)
{
	const struct krux_str folder = { a->plan ? a->plan : "", a->plan ? strlen(a->plan) : 0 };
	const struct krux_reach reach = { &folder, 1 };
	struct krux_layer layer = { .rights = FILE_RIGHTS,
		                    .filter = filter_of(a->connects ? RELAYS : a->command ? WAITS : BUILTINS),
		                    .command = a->command ? filter_of(a->connects ? CONNECTS : PROGRAM) : NULL };
	struct builtin b = { "attempt", attempt_open, attempt_run, 31, { NULL } };
	struct krux_value none = { .kind = KRUX_V_MAP };
	struct child_plan plan = {
		.probe = probe_get(), .builtin = &b, .layer = &layer, .reach = &reach, .args = &none, .mount = -1, .store = -1, .line = -1, .stream = -1, .cgroup = -1, .network = -1,
		.limits = { 8 << 20, a->spins ? RUN_NS : 20ull * RUN_NS, 1, 48, 1 << 20 }, .output = 65536,
		.allows = allow, .blob = { -1, -1, -1 },
	};
	struct child_end end = { 0 };
	struct krux_err err = { 0 };
	struct group_end known = { .own = false };
	bool relayed = true;
	struct cgroup *group;
	struct ended e;
	int no;

	world_fresh();
	if (a->before && !a->before())
		return broken("before:", why);
	if (!call_workspace(&plan, a->command, layers))
		return broken("the workspace:", why);
	current = a;
	if (a->command && !command_plan(a, &plan))
		return broken("the command:", why);
	off_set(layers & ~ON_GROUP);
	group = group_of(&plan, layers);
	plan.cgroup = group ? group->fd : -1;
	if (a->line)
		plan.line = egress_begin(a, layers);
	if (a->connects) {
		plan.rules = rules_get();
		plan.args = egress_arguments();
	}
	no = here_run(&plan, a->wall_ms ? a->wall_ms * 1000000ull : 60ull * RUN_NS, &end, &err);
	call_workspace_end(&plan);
	if (a->line) {
		close(plan.line);
		relayed = egress_end();
	}
	if (group)
		groups_give(groups_of(layers), group, false, &known);
	if (no)
		return broken("nothing ran:", err.text);
	if (!end.reported || end.report.failed)
		e = broken(end.report.what < LAYER_COUNT ? off_word(end.report.what) : "the child", strerror(end.report.failed));
	else
		e = relayed ? answered(&end) : broken("egress", "failed");
	free(end.answer);
	if (known.out_of_memory)
		snprintf(e.how, sizeof e.how, "out of memory");
	if (a->seen && e.ran) {
		bool seen = a->seen();

		if (!seen && e.through)
			snprintf(e.how, sizeof e.how, "no effect");
		e.through = seen;
	}
	return e;
}

/* ---- one attempt ---- */

static void say(bool good, const struct attempt_list *g, const struct attempt *a, const char *text)
{
	good ? count->passed++ : count->failed++;
	printf("%s %s %s: %s: %s\n", good ? "ok  " : "FAIL", way_word[way], g->group, a->name, text);
}

static void leave(const char *group, const char *name, const char *reason)
{
	count->left++;
	printf("left %s %s: %s: %s\n", way_word[way], group, name, reason);
}

/* What can be off for this user: who is not root has no other namespaces without that of users. */
static unsigned switches(unsigned layers)
{
	return way == WAY_USER ? layers & ~(ON(NS_USER) | ON_OWNER) : layers;
}

/* What there is for this user: only root's calls have a uid of their own. */
static unsigned known(unsigned layers)
{
	return way == WAY_USER ? layers & ~ON(IDMAPPED) : layers;
}

/* Asked of the kernel itself: were the daemon's own answer too small, rows would be OPEN for no reason. */
static long landlock_version(void)
{
	static long abi;

	if (!abi)
		abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1U);
	return abi;
}

static unsigned holds(const struct attempt *a)
{
	unsigned h = known(a->hold[way]);

	if (!(groups.has & CGROUP_MEMORY))
		h &= ~ON_MEMORY;
	if (!(groups.has & CGROUP_PIDS))
		h &= ~ON_PIDS;
	if (!sockets_held)
		h &= ~ON_SOCKETS;
	return landlock_version() < a->abi ? h & ~a->from : h;
}

/* What nothing holds: that it does get through is looked at as well. */
static void attempt_open_still(const struct attempt_list *g, const struct attempt *a)
{
	struct ended e = call(a, 0);
	char text[256];

	if (e.through) {
		count->open++;
		printf("OPEN %s %s: %s: %s\n", way_word[way], g->group, a->name, a->open);
		return;
	}
	snprintf(text, sizeof text, "%s%s, where its row says OPEN: %s", e.ran ? "" : "broken: ", e.how, a->open);
	say(false, g, a, text);
}

static void attempt(const struct attempt_list *g, const struct attempt *a)
{
	unsigned h = holds(a), all = switches(h);
	char text[1024];
	struct ended e;
	size_t n;

	if (a->before && (world_fresh(), !a->before())) {
		leave(g->group, a->name, why);
		return;
	}
	if (!h && a->open) {
		attempt_open_still(g, a);
		return;
	}
	e = call(a, 0);
	n = (size_t)snprintf(text, sizeof text, "%s%s", e.ran ? "" : "broken: ", e.through ? "it gets THROUGH" : e.how);
	if (e.through || !e.ran || a->only_together) {
		say(e.ran && !e.through, g, a, text);
		return;
	}
	for (unsigned i = 0; i < OFF_COUNT; i++) {
		if (!(h & 1U << i) || (h & ~(1U << i)) == 0)
			continue;
		e = call(a, all & ~(1U << i));
		n += (size_t)snprintf(text + n, sizeof text - n, "; %s%s alone: %s", e.ran ? "" : "broken: ", off_word(i),
		                      e.through ? "THROUGH" : e.how);
		if (e.through || !e.ran) {
			say(false, g, a, text);
			return;
		}
	}
	/* What cannot be off holds by itself, so that nothing is to be seen of the others together. */
	if (!all || all != h) {
		say(true, g, a, text);
		return;
	}
	e = call(a, all);
	if (e.ran && (!strcmp(e.how, "ENOSYS") || !strcmp(e.how, "EAFNOSUPPORT"))) {
		leave(g->group, a->name, "this kernel does not have it");
		return;
	}
	snprintf(text + n, sizeof text - n, "; without %s: %s%s",
	         (all & (all - 1)) ? "them" : off_word((unsigned)__builtin_ctz(all)),
	         e.ran ? "" : "broken: ", e.through ? "through" : e.how);
	say(e.through, g, a, text);
}

static void runner(void)
{
	static const struct attempt_list *const lists[] = {
		&files_list, &processes_list, &calls_list, &privileged_list, &network_list, &egress_list, &leftovers_list,
		&commands_list,
	};

	struct krux_err err = { 0 };

	pool = krux_pool_new(0);
	if (groups_open(&groups, groups.above, "call-", 4, &err) || groups_open(&bare, bare.above, "call-", 4, &err)) {
		fprintf(stderr, "live: %s\n", err.text);
		_exit(3);
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (size_t j = 0; j < lists[i]->n; j++)
			if (lists[i]->list[j].ways && !(lists[i]->list[j].ways & 1U << way))
				continue;
			else if (!only || strstr(lists[i]->list[j].name, only) || strstr(lists[i]->group, only))
				attempt(lists[i], &lists[i]->list[j]);
	groups_close(&groups);
	groups_close(&bare);
	world_end();
}

/* A runner for each way, at the same time, since they wait most of it. */
static pid_t runner_begin(FILE *says)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (dup2(fileno(says), 1) != 1)
		_exit(3);
	if (!geteuid())
		groups_prepare();
	if (world_make(way))
		runner();
	else
		leave("all", "attempts", why);
	fflush(stdout);
	_exit(0);
}

static void runner_end(pid_t pid, FILE *says)
{
	char line[2048];
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		printf("FAIL %s: the runner broke off\n", way_word[way]);
		count->failed++;
	}
	groups_remove(pid);
	printf("== %s\n", way_says[way]);
	rewind(says);
	while (fgets(line, sizeof line, says))
		fputs(line, stdout);
	fclose(says);
}

int main(int argc, char **argv)
{
	FILE *says[WAYS];
	pid_t pid[WAYS];

	for (int i = 1; i < argc; i += 2)
		if (i + 1 < argc && !strcmp(argv[i], "--only"))
			only = argv[i + 1];
		else if (i + 1 < argc && !strcmp(argv[i], "--in"))
			place = argv[i + 1];
		else
			return fprintf(stderr, "usage: live [--only TEXT] [--in FOLDER]\n"), 2;
	count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED)
		return 3;
	for (way = 0; way < WAYS; way++) {
		says[way] = tmpfile();
		if (!says[way])
			return 3;
		pid[way] = runner_begin(says[way]);
	}
	for (way = 0; way < WAYS; way++)
		runner_end(pid[way], says[way]);
	printf("%u left, %u open\n%u passed, %u failed\n", count->left, count->open, count->passed, count->failed);
	return count->failed != 0;
}
