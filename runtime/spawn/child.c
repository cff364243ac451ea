/* A forked process to an answer: layer after layer goes on, operands are opened, the last two
 * layers close the door, the handler runs. One call, then gone.
 *
 * The order is that of layers.def. Before the empty root the child reads what the builtin needs of
 * the host; `open` runs without any privilege and with what the plan leaves this agent; `run` under
 * narrower Landlock and seccomp too. */
#include "runtime/spawn/child.h"

#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/relay.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/planned.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct child {
	struct child_plan *plan;
	bool shared;                   /* forked from who has put on what is shared */
	struct child_report report;
	struct handler_call call;
	int proc;
	int listener;                  /* of its relay, where it has one */
	uint64_t inherited;
	char confined[256];
};

static void out_write(const struct child *ch, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t k = write(ch->plan->out, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			_exit(CHILD_BROKEN);
		p += k;
		n -= (size_t)k;
	}
}

/* One that was made to wait has nobody to tell, until its call comes: that is then refused, and says why. One that its maker
 * listens to has none before all of this is on: it ends, and its call goes to another child. */
static bool answer_find(struct child *ch)
{
	struct child_plan *plan = ch->plan;

	return plan->out >= 0 || (ch->shared && plan->ask < 0 && plan->waits && plan->waits(plan) && plan->out >= 0);
}

static void layer_on(struct child *ch, enum layer layer, int result)
{
	if (!result) {
		ch->report.layers |= 1U << layer;
		return;
	}
	ch->report.failed = errno ? errno : EINVAL;
	ch->report.what = layer;
	if (answer_find(ch))
		out_write(ch, &ch->report, sizeof ch->report);
	_exit(CHILD_BROKEN);
}

static void host_open(struct child *ch, int how)
{
	const struct child_plan *plan = ch->plan;

	for (unsigned i = 0; i < HANDLER_HOST; i++)
		ch->call.host[i] = plan->builtin && plan->builtin->host[i] ?
			open(plan->builtin->host[i], how | O_CLOEXEC | O_NOCTTY) : -1;
	ch->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* An open file of its own for what was opened as a path: one that is shared would have one position for all. */
static void host_open_again(struct child *ch)
{
	for (unsigned i = 0; i < HANDLER_HOST; i++) {
		int *fd = &ch->call.host[i], path = *fd;
		char name[32];

		if (path < 0)
			continue;
		snprintf(name, sizeof name, "self/fd/%d", path);
		*fd = openat(ch->proc, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		close(path);
	}
}

/* What the fork brought along does not count against the call: bytes of data mapped now. */
static uint64_t inherited_bytes(const struct child *ch)
{
	unsigned long long data = 0;
	char text[128];
	int fd = openat(ch->proc, "self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%*u %*u %*u %*u %*u %llu", &data) != 1)
		return 0;
	return data * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void namespaces_on(struct child *ch)
{
	static const char name[] = "krux";
	const struct probe *probe = ch->plan->probe;

	if (ch->proc < 0)
		layer_on(ch, LAYER_NS_MOUNT, -1);
	if (ch->plan->network >= 0) {
		layer_on(ch, LAYER_NS_NET, namespaces_enter_network(ch->plan->network));
		close(ch->plan->network);
		ch->plan->network = -1;        /* children of this process are in it too */
	}
	if (!probe->root)
		layer_on(ch, LAYER_NS_USER,
		         namespaces_map_self(ch->proc, ch->plan->uid, ch->plan->gid));
	for (unsigned i = LAYER_NS_MOUNT; i <= LAYER_NS_TIME; i++)
		layer_on(ch, i, 0);
	/* A signal to the process group goes to all of it, also outside of the namespace. */
	layer_on(ch, LAYER_NS_PID, setsid() < 0);
	layer_on(ch, LAYER_NS_UTS, sethostname(name, sizeof name - 1));
	if (ch->plan->cgroup >= 0)
		layer_on(ch, LAYER_NS_CGROUP, namespaces_enter_group());
}

/* What a command reaches by TCP is its first process, by one port. The rules are there before there is anything to be
 * reached, and before the user namespace in which nobody could change them. */
static void network_on(struct child *ch)
{
	const struct krux_str rules = ch->plan->rules;

	ch->listener = -1;
	if (!rules.n)
		return;
	layer_on(ch, LAYER_NFTABLES, network_rules(rules.p, rules.n));
	ch->listener = network_listen(RELAY_PORT);
	layer_on(ch, LAYER_NS_NET, ch->listener < 0);
	command_listens(ch->listener);
}

static void descriptors_on(struct child *ch)
{
	const struct child_plan *plan = ch->plan;
	int keep[HANDLER_HOST + 15] = { plan->workspace, plan->store, plan->out, plan->ask, plan->go,
		                        ch->proc, plan->blob[0], plan->blob[1], plan->socket, plan->line,
		                        plan->program, ch->listener, plan->stream, plan->blob[2], plan->mount };
	const size_t n = sizeof keep / sizeof *keep;

	memcpy(keep + 15, ch->call.host, sizeof ch->call.host);
	layer_on(ch, LAYER_DESCRIPTORS, ch->shared ? descriptors_rest(keep, n) : descriptors_close(keep, n));
}

/* To who has put on what it shares. */
static int child_says(const struct child *ch)
{
	const int mounts = ch->plan->command ? namespace_open(ch->proc, "mnt") : -1;
	const int rc = namespace_say(ch->plan->ask, mounts), no = errno;

	if (mounts >= 0)
		close(mounts);
	errno = no;
	return rc;
}

/* The parent alone may map a user namespace that is root's onto another uid. */
static int map_wait(struct child *ch)
{
	char go = 0;

	if ((ch->shared ? !child_says(ch) : write(ch->plan->ask, &go, 1) == 1) && read(ch->plan->go, &go, 1) == 1)
		return 0;
	errno = EPERM;
	return -1;
}

static void privileges_off(struct child *ch)
{
	if (ch->plan->probe->root)
		layer_on(ch, LAYER_NS_USER, namespaces_enter_user(ch->plan->idmapped ? ch->plan->owner : 0) || map_wait(ch) ||
			 privileges_become(ch->plan->owner, ch->plan->group));
	else if (ch->shared && ch->plan->command)
		layer_on(ch, LAYER_NS_MOUNT, child_says(ch));
	if (ch->plan->ask >= 0)
		close(ch->plan->ask);
	if (ch->plan->go >= 0 && ch->plan->go != ch->plan->ask)
		close(ch->plan->go);
	close(ch->proc);
	umask(022);
	layer_on(ch, LAYER_PRIVILEGES, privileges_drop(ch->plan->command));
	/* Changing the uid has cleared it. */
	layer_on(ch, LAYER_PRIVILEGES, prctl(PR_SET_PDEATHSIG, SIGKILL));
}

static void limits_on(struct child *ch)
{
	struct rlimits limits = ch->plan->limits;

	limits.memory += ch->inherited;
	/* The first process of a command, which the program is not: it has limits of its own. */
	if (ch->plan->command) {
		limits.memory += command_memory(ch->plan);
		limits.pids++;
		limits.files += COMMAND_FILES;
	}
	layer_on(ch, LAYER_RLIMITS, rlimits_set(&limits));
}

static void door_close(struct child *ch)
{
	struct landlock_grant grant[HANDLER_GRANTS];
	const struct handler_call *c = &ch->call;

	for (unsigned i = 0; i < c->ngrants; i++)
		grant[i] = (struct landlock_grant){ c->grant[i].fd, c->grant[i].rights };
	layer_on(ch, LAYER_LANDLOCK, ch->plan->command ? command_restrict(&ch->call) :
	         landlock_restrict(ch->plan->probe->landlock_abi, grant, c->ngrants));
	layer_on(ch, LAYER_SECCOMP, seccomp_restrict(ch->plan->layer->filter));
}

static struct krux_value text_value(const char *s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { s, strlen(s) } };
}

static void answer_write(struct child *ch, bool ok)
{
	struct handler_call *c = &ch->call;
	struct krux_member member[4];
	struct krux_value answer = { .kind = KRUX_V_MAP, .map = { member, 0 } };
	uint8_t *buf;
	size_t n = 0;

	if (ok) {
		member[n++] = (struct krux_member){ KRUX_STR("output"), c->output };
	} else {
		member[n++] = (struct krux_member){ KRUX_STR("error"),
			                            text_value(c->error ? c->error : "") };
		member[n++] = (struct krux_member){ KRUX_STR("message"), text_value(c->detail) };
	}
	if (ok && c->changes.n)
		member[n++] = (struct krux_member){ KRUX_STR("changes"), { .kind = KRUX_V_BYTES, .str = c->changes } };
	if (c->nsecrets)
		member[n++] = (struct krux_member){
			KRUX_STR("secrets"),
			{ .kind = KRUX_V_LIST, .list = { c->secret, c->nsecrets } }
		};
	answer.map.n = n;
	n = krux_cbor_write(&answer, NULL, 0);
	if (!n || n > ch->plan->output + c->changes.n + CHILD_SLACK)
		_exit(CHILD_TOO_MUCH);
	buf = malloc(n);
	if (!buf || krux_cbor_write(&answer, buf, n) != n)
		_exit(CHILD_BROKEN);
	out_write(ch, buf, n);
}

#define LAYER(id, word) _Static_assert(sizeof(word) < 32, "room for each word of a layer and a space");
#include "runtime/sandbox/layers.def"
#undef LAYER

static void confined_words(struct child *ch)
{
	char *end = ch->confined;

	for (unsigned i = 0; i < LAYER_COUNT && end < ch->confined + sizeof ch->confined - 32; i++)
		if (ch->report.layers >> i & 1) {
			if (end > ch->confined)
				*end++ = ' ';
			end = stpcpy(end, layer_word(i));
		}
	ch->call.confined = ch->confined;
}

/* The first of a pid namespace would never hear what came to it unblocked. */
static void signals_reset(bool command)
{
	sigset_t blocked;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&blocked);
	if (command)
		command_signals_add(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void root_share(struct child *ch)
{
	layer_on(ch, LAYER_ROOT, ch->plan->command ? command_view_share(ch->plan, ch->proc) : root_empty());
	if (ch->plan->mount >= 0)
		close(ch->plan->mount);
	ch->plan->mount = -1;
}

/* An empty one has nothing that is one call's. */
static void root_own(struct child *ch)
{
	if (ch->plan->command)
		layer_on(ch, LAYER_ROOT, command_view_own());
}

/* What no call says anything about. */
static void child_confine(struct child *ch)
{
	signals_reset(ch->plan->command);
	if (ch->plan->command)
		command_begin(ch->plan);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_open(ch, O_RDONLY);
	ch->inherited = inherited_bytes(ch);
	namespaces_on(ch);
	network_on(ch);
	descriptors_on(ch);
	root_share(ch);
	root_own(ch);
	privileges_off(ch);
}

/* The same where the rest is on. The namespaces that are its own are new already. */
static void child_confine_own(struct child *ch)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_open_again(ch);
	namespaces_on(ch);
	network_on(ch);
	descriptors_on(ch);
	root_own(ch);
	privileges_off(ch);
}

static _Alignas(PAGE) struct child self;   /* a child serves one call */

void child_share(struct child_plan *plan, int channel)
{
	plan->socket = channel;
	self = (struct child){ .plan = plan, .listener = -1, .report.magic = CHILD_MAGIC };
	signals_reset(plan->command);
	if (plan->command)
		command_begin(plan);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_open(&self, O_PATH);
	self.inherited = inherited_bytes(&self);
	namespaces_on(&self);
	descriptors_on(&self);
	root_share(&self);
	/* It is mounted; each call brings its own. */
	if (plan->workspace >= 0)
		close(plan->workspace);
	plan->workspace = -1;
	self.shared = true;
}

int child_shared_map(pid_t pid, uid_t uid, gid_t gid)
{
	char process[16];

	snprintf(process, sizeof process, "%d", pid);
	return namespaces_map(self.proc, process, uid, gid);
}

static void call_begin(struct child *ch)
{
	const struct child_plan *plan = ch->plan;
	struct handler_call *c = &ch->call;

	c->args = plan->args;
	c->workspace = plan->workspace;
	c->store = plan->store;
	c->line = plan->line;
	c->allows = plan->allows;
	c->allows_ctx = plan->ctx;
	c->fd = c->temp = -1;
	c->confined = "";
	c->pool = krux_pool_new((size_t)(plan->limits.memory + (plan->command ? command_memory(plan) : 0)));
	if (plan->idmapped)
		layer_on(ch, LAYER_IDMAPPED, 0);
	limits_on(ch);
}

/* `open` has failed since the program did not start: nothing ran. */
static void start_check(struct child *ch)
{
	if (!ch->plan->command || !command_failed(&ch->report.what, &ch->report.failed))
		return;
	out_write(ch, &ch->report, sizeof ch->report);
	_exit(CHILD_BROKEN);
}

/* Pages that are written soon, all at once; one after the other where the kernel is older than Linux 5.14. */
static void pages_have(char *from, const char *end)
{
	char *first = from - (uintptr_t)from % PAGE;

	if (madvise(first, (size_t)(end - first), MADV_POPULATE_WRITE))
		for (volatile char *p = from; p < end; p += PAGE) {
			const char same = *p;

			*p = same;
		}
}

/* What most calls write and run is there before they come: no more of it than they use, since what is touched for
 * nothing has to be taken down too. */
static void pages_touch(const struct child_plan *plan)
{
	enum { HEAP = 24 << 10, STACK = 12 << 10 };
	uint8_t digest[KRUX_SHA256];
	char stack[STACK];
	char *heap = malloc(HEAP);

	pages_have(stack, (const char *)(plan + 1));
	if (heap)
		pages_have(heap, heap + HEAP);
	free(heap);
	krux_sha256(KRUX_STR(""), digest);
}

void child_run(struct child_plan *plan)
{
	struct handler_call *c = &self.call;
	bool ok;

	prctl(PR_SET_NAME, "krux-call");
	if (self.shared) {
		child_confine_own(&self);
	} else {
		self = (struct child){ .plan = plan, .report.magic = CHILD_MAGIC };
		child_confine(&self);
	}
	if (plan->waits) {
		pages_touch(plan);
		if (!plan->waits(plan))
			_exit(CHILD_UNGIVEN);
	}
	call_begin(&self);
	if (plan->decides)
		self.report.what = plan->decides(plan->ctx, plan->workspace);
	for (unsigned i = 0; i < sizeof plan->blob / sizeof *plan->blob; i++)
		if (plan->blob[i] >= 0)
			close(plan->blob[i]);
	if (self.report.what) {
		out_write(&self, &self.report, sizeof self.report);
		_exit(0);
	}
	layer_on(&self, LAYER_LANDLOCK, planned_restrict(plan, c->host, HANDLER_HOST));
	ok = c->pool && plan->builtin->open(c);
	if (!ok) {
		start_check(&self);
		self.report.what = CHILD_OPENED;
	} else {
		door_close(&self);
		confined_words(&self);
	}
	out_write(&self, &self.report, sizeof self.report);
	ok = ok && plan->builtin->run(c);
	answer_write(&self, ok);
	_exit(0);
}
