/* kruxrt serve: checks and opens everything that the daemon needs, then runs it. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/reach.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/front/agent_uids.h"
#include "runtime/front/daemon.h"
#include "runtime/front/folders.h"
#include "runtime/front/listen.h"
#include "runtime/front/machine.h"
#include "runtime/front/options.h"
#include "runtime/front/owner.h"
#include "runtime/front/places.h"
#include "runtime/egress/proxy.h"
#include "runtime/front/reached.h"
#include "runtime/front/ready.h"
#include "runtime/front/registered.h"
#include "runtime/gate/gate_run.h"
#include "runtime/gate/limits.h"
#include "runtime/sandbox/cgroup.h"

#include "capspec/canon.h"
#include "capspec/version.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

static const char help[] =
"kruxrt serve --bundle FILE --state DIR [options]\n"
"\n"
"The daemon: agents connect to its socket; the policy decides each call, the log\n"
"records it, a sandbox runs it. In the foreground; tells standard error.\n"
"\n"
"  --bundle FILE      the policy, made by kruxc build; opened again on reload\n"
"  --state DIR        the state folder, made by kruxrt init\n"
"  --trust DIR        keys of who may sign, approve and operate (STATE/trust)\n"
"  --socket PATH      where agents connect (XDG_RUNTIME_DIR|/run/krux/agent.sock)\n"
"  --socket-group G   only members of this group can connect there (all can)\n"
"  --supervisor PATH  where you alone connect (supervisor.sock beside it)\n"
"  --uid-base N       as root: gate's uid (60800); --agent-uids N[:COUNT]: calls'\n"
"  --notify-hook PROGRAM  run for each notify verdict; --notify-network: on line\n"
"  --reach CIDR,...   private addresses that calls may connect to (none)\n"
"  --proxy http://H:P  calls connect by way of it; --proxy-names: it finds names\n"
"  --limit NAME=N     what clients may use up: a name that kruxrt status shows\n"
"  --only AGENT       one caller, on standard input; --workspace DIR: its folder\n"
"  --allow-missing F,...  do without these features (kruxrt doctor)\n"
"  --dev              let a development key through; answers and records say so\n"
"\n"
"Sockets named agent and supervisor are taken from systemd; readiness is said.\n"
"SIGHUP: the bundle anew. SIGTERM, SIGINT: finish what runs; twice: do not wait.\n"
"\n"
"Exit: 0 ended when asked to; 2 wrong usage, or no good bundle; 3 system failed.\n";

enum { MOST_LIMITS = 32 };
static const uint64_t second_ns = 1000000000;

struct serve {
	const char *bundle, *state_path, *trust, *socket, *group, *supervisor, *base, *agents, *missing_list, *reach_list, *only, *folder;
	bool dev, help;
	struct state state;
	struct daemon_plan plan;
	struct listen_socket agent, super;
	struct machine machine;
	char *bundle_path;
	struct workspace workspace;    /* of the one who is served alone */
	struct places places;
	struct reached reached;
	const char *limit[MOST_LIMITS + 1];
	int cgroup_above;
	char group_name[32], settled_name[32];
};

static int fail(const struct serve *s, int code, const struct krux_err *err)
{
	fputs(s->only ? "kruxrt call: " : "kruxrt serve: ", stderr);
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

/* ---- options ---- */

static int base_read(struct serve *s, struct krux_err *err)
{
	char *end;
	unsigned long n;

	s->plan.start.uid_base = UID_BASE;
	if (!s->base)
		return 0;
	errno = 0;
	n = strtoul(s->base, &end, 10);
	if (errno || *end || *s->base < '1' || *s->base > '9' || n > INT_MAX - (UIDS - 1))
		return err_set(err, 0, "--uid-base: a number of users, such as 60800");
	s->plan.start.uid_base = (uid_t)n;
	return 0;
}

/* Apart from the daemon's own. */
static int agents_check(const struct start_plan *p, struct krux_err *err)
{
	return p->agents.count ? agent_uids_check(&p->agents, p->uid_base, err) : 0;
}

static int limits_read(const struct serve *s, struct krux_err *err)
{
	struct gate_limits limits = { 0 };

	for (const char *const *limit = s->limit; *limit; limit++)
		if (limits_set(&limits, *limit, err))
			return -1;
	return 0;
}

static int group_find(const struct serve *s, gid_t *out, struct krux_err *err)
{
	struct group *g;

	*out = (gid_t)-1;
	if (!s->group)
		return 0;
	g = getgrnam(s->group);
	if (!g)
		return err_set(err, 0, "--socket-group: there is no group %s", s->group);
	*out = g->gr_gid;
	return 0;
}

static int only_check(const struct serve *s, struct krux_err *err)
{
	if (!s->only)
		return s->folder ? err_set(err, 0, "--workspace is that of --only AGENT") : 0;
	if (s->socket || s->group || s->supervisor)
		return err_set(err, 0, "--only: nobody else connects, so there are no sockets");
	if (!krux_agent_valid((struct krux_str){ s->only, strlen(s->only) }))
		return err_set(err, 0, "--only: an agent is 1 to 64 of a-z 0-9 . _ -");
	return 0;
}

/* ---- opening ---- */

static int state_refuse(const struct serve *s, struct krux_err *err)
{
	if (errno != EWOULDBLOCK)
		return err_set(err, errno, "%s", s->state_path);
	return err_set(err, 0, s->only ? "%s: a daemon serves this state; call it by --socket PATH"
	                               : "%s: another daemon serves this state", s->state_path);
}

/* One caller after the other. Whoever goes meanwhile has no turn: the kernel kills who waits for it, and one who went
 * before that was asked for has ended the connection. */
static int turn_take(const struct serve *s, struct krux_err *err)
{
	struct pollfd caller = { .fd = 0, .events = 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || poll(&caller, 1, 0) < 0)
		return err_set(err, errno, "wait for a turn");
	if (caller.revents & POLLHUP)
		return err_set(err, 0, "who calls has gone");
	if (flock(s->state.blobs, LOCK_EX))
		return err_set(err, errno, "%s", s->state_path);
	/* From here on the end of the connection is what ends it, in order. */
	return prctl(PR_SET_PDEATHSIG, 0) ? err_set(err, errno, "wait for a turn") : 0;
}

static int state_take(struct serve *s, struct krux_err *err)
{
	const struct timespec pause = { 0, 50000000 };
	int rc = -1;

	if (state_open(s->state_path, &s->state, err))
		return -1;
	if (s->only && turn_take(s, err))
		return -1;
	/* Recorder and spawner hold it too: after a daemon that was killed, they are about to end. */
	for (int i = 0; i < 60 && (rc = flock(s->state.fd, LOCK_EX | LOCK_NB)) && errno == EWOULDBLOCK; i++)
		nanosleep(&pause, NULL);
	if (rc)
		return state_refuse(s, err);
	if (!s->trust)
		return 0;
	close(s->state.trust);
	s->state.trust = file_folder(s->trust, err);
	return s->state.trust < 0 ? -1 : 0;
}

/* Absolute, links and all: what a later reload opens may be another file of that name. */
static int bundle_open(struct serve *s, struct krux_err *err)
{
	CLEAN_FREE char *here = *s->bundle == '/' ? NULL : getcwd(NULL, 0);
	struct stat st;

	if (asprintf(&s->bundle_path, "%s%s%s", here ? here : "", here ? "/" : "", s->bundle) < 0)
		return err_set(err, ENOMEM, "--bundle");
	s->plan.bundle = open(s->bundle_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (s->plan.bundle < 0 || fstat(s->plan.bundle, &st))
		return err_set(err, errno, "bundle %s", s->bundle);
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "bundle %s: not a regular file", s->bundle);
	s->plan.bundle_path = s->bundle_path;
	return 0;
}

static int socket_make(const char *path, const char *name, mode_t mode, gid_t group,
                       struct listen_socket *out, struct krux_err *err)
{
	CLEAN_FREE char *usual = path ? NULL : listen_default(name, err);

	if (!path && !usual)
		return -1;
	return listen_make(path ? path : usual, mode, group, out, err);
}

/* Beside the agents' one, where clients look for it. */
static int supervisors_make(const struct serve *s, struct listen_socket *out, struct krux_err *err)
{
	const char *slash = s->socket ? strrchr(s->socket, '/') : NULL;
	CLEAN_FREE char *beside = NULL;

	if (s->socket && !s->supervisor &&
	    asprintf(&beside, "%.*ssupervisor.sock", slash ? (int)(slash + 1 - s->socket) : 0, s->socket) < 0)
		return err_set(err, ENOMEM, "--supervisor");
	return socket_make(s->supervisor ? s->supervisor : beside, "supervisor.sock", 0600, (gid_t)-1, out, err);
}

static int sockets_take(struct serve *s, struct krux_err *err)
{
	int passed = s->only ? listen_connected(0, &s->agent, err) : listen_inherit(&s->agent, &s->super, err);
	gid_t group;

	if (s->only)
		return passed;
	if (passed < 0 || group_find(s, &group, err))
		return -1;
	if (passed && (s->socket || s->supervisor || s->group))
		return err_set(err, 0, "systemd passes the sockets: --socket, --socket-group and "
		               "--supervisor are for its .socket units to say");
	if (passed)
		return 0;
	return supervisors_make(s, &s->super, err) ||
		socket_make(s->socket, "agent.sock", s->group ? 0660 : 0666, group, &s->agent, err) ?
		-1 : 0;
}

static int socket_place(struct places *p, const char *what, const struct listen_socket *l, struct krux_err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t n = sizeof at - 1;

	if (l->path)
		return places_add(p, what, l->path, err);
	if (getsockname(l->fd, (struct sockaddr *)&at, &n))
		return err_set(err, errno, "%s", what);
	/* One without a path is in nobody's reach. */
	return *at.sun_path ? places_add(p, what, at.sun_path, err) : 0;
}

/* Whoever can write there is the daemon, or says what it does. */
static int places_take(struct serve *s, struct krux_err *err)
{
	struct places *p = &s->places;

	if (places_add(p, REACH_STATE, s->state.path, err) || (s->trust && places_add(p, REACH_TRUST, s->trust, err)) ||
	    places_add(p, "bundle", s->bundle_path, err) ||
	    (!s->only && (socket_place(p, "agents' socket", &s->agent, err) ||
	                  socket_place(p, "supervisors' socket", &s->super, err))) ||
	    places_programs(p, err) ||
	    (s->plan.hook.path && places_add(p, "notify hook", s->plan.hook.path, err)))
		return -1;
	s->plan.start.places = (const char *const *)p->text;
	return 0;
}

/* Who is served alone has its folder now; others when they are registered. */
static int only_take(struct serve *s, struct krux_err *err)
{
	struct start_plan *start = &s->plan.start;

	if (!s->only)
		return 0;
	s->state.places = start->places;
	if (workspace_open(&s->state, s->folder, s->only, &s->workspace, err))
		return -1;
	start->agent = s->only;
	start->workspace = s->workspace.path;
	/* A daemon may have served this state with other uids than the usual ones. */
	if (!s->base && !geteuid())
		start->uid_base = owner_base(&s->state);
	return 0;
}

/* As root calls run as their agent's uid, which their workspaces have to allow. */
static int folders_take(struct serve *s, struct krux_err *err)
{
	CLEANUP(registered_free) struct registered all = { .n = 0 };
	const struct registered_agent only = { s->only, s->workspace.path };

	if (geteuid())
		return 0;
	if (s->only)
		return folders_check(&s->machine, &only, 1, err);
	return registered_read(&s->state, &all, err) || folders_check(&s->machine, all.agent, all.n, err) ? -1 : 0;
}

/* What a daemon that was killed left in its groups ends before its calls are called unknown. The machine was
 * checked: who has no groups waived them. */
static int cgroup_take(struct serve *s, struct krux_err *err)
{
	struct krux_err why = { 0 };

	snprintf(s->group_name, sizeof s->group_name, "krux-%d", getpid());
	s->cgroup_above = cgroup_own(&why);
	if (s->cgroup_above >= 0) {
		if (cgroup_sweep(s->cgroup_above, "krux-", err))
			return -1;
		s->plan.cgroup = cgroup_make(s->cgroup_above, s->group_name, &why);
	}
	if (s->plan.cgroup >= 0 || feature_is_waived(FEATURE_IS_cgroup, s->machine.waived))
		return 0;
	return err_set(err, why.no, "%s", why.text);
}

static void cgroup_give_back(struct serve *s)
{
	if (s->plan.cgroup >= 0) {
		close(s->plan.cgroup);
		cgroup_remove(s->cgroup_above, s->group_name, NULL);
	}
	cleanup_fd(&s->cgroup_above);
	cgroup_unsettle();
}

/* ---- serving ---- */

/* Egress reads it again. */
static int proxy_check(const struct start_plan *p, struct krux_err *err)
{
	struct proxy proxy;

	if (!p->proxy)
		return p->proxy_names ? err_set(err, 0, "--proxy-names goes with --proxy") : 0;
	return proxy_read(&proxy, p->proxy, err) ? err_wrap(err, "--proxy %s", p->proxy) : 0;
}

static int serve_open(struct serve *s, int *code, struct krux_err *err)
{
	struct start_plan *start = &s->plan.start;

	*code = EXIT_USAGE;
	if (only_check(s, err) || base_read(s, err) || agent_uids_read(s->agents, !geteuid(), &start->agents, err) ||
	    machine_waive(&s->machine, s->missing_list, err) || limits_read(s, err) ||
	    reached_read(&s->reached, s->reach_list, err) || proxy_check(start, err))
		return -1;
	start->reached = s->reached.block;
	s->plan.hook.uid = start->uid_base + UID_HOOK;
	if (hook_check(&s->plan.hook, err))
		return -1;
	*code = EXIT_SYSTEM;
	snprintf(s->settled_name, sizeof s->settled_name, "krux-self-%d", getpid());
	cgroup_settle(s->settled_name);
	if (machine_check(&s->machine, err) || parts_open(&start->parts, err))
		return -1;
	*code = EXIT_USAGE;
	if (state_take(s, err) || bundle_open(s, err) || sockets_take(s, err) || places_take(s, err) ||
	    only_take(s, err) || agents_check(start, err))
		return -1;
	*code = EXIT_SYSTEM;
	return folders_take(s, err) || owner_settle(&s->state, start->uid_base + UID_RECORDER, &start->keys, err) || cgroup_take(s, err) ?
		-1 : 0;
}

static int serve_run(struct serve *s)
{
	struct daemon_plan *p = &s->plan;

	p->start.state = &s->state;
	p->start.engine = "kruxrt " KRUX_VERSION;
	p->start.dev = s->dev;
	p->start.sockets = s->machine.sockets;
	p->start.waived = s->machine.waived;
	p->start.missing = s->machine.missing;
	p->start.limits = s->limit;
	p->agent = &s->agent;
	p->supervisor = &s->super;
	p->start_ns = 60 * second_ns;
	p->drain_ns = 30 * second_ns;
	p->leave_ns = 600 * second_ns;
	p->pause_ns = second_ns / 10;
	return daemon_run(p);
}

static void serve_close(struct serve *s)
{
	listen_close(&s->agent);
	listen_close(&s->super);
	cgroup_give_back(s);
	parts_close(&s->plan.start.parts);
	cleanup_fd(&s->plan.start.keys);
	workspace_close(&s->workspace);
	state_close(&s->state);
	free(s->bundle_path);
	places_free(&s->places);
	reached_free(&s->reached);
	machine_free(&s->machine);
}

int serve_command(int argc, char **argv)
{
	struct serve s = { .cgroup_above = -1, .plan = { .bundle = -1, .cgroup = -1, .start.keys = -1 },
		           .state = { NULL, -1, -1, -1, -1, -1, NULL }, .workspace = { NULL, -1 },
		           .agent.fd = -1, .super.fd = -1 };
	const struct option_spec specs[] = {
		{ .name = "--bundle", .value = &s.bundle },
		{ .name = "--state", .value = &s.state_path },
		{ .name = "--trust", .value = &s.trust },
		{ .name = "--socket", .value = &s.socket },
		{ .name = "--socket-group", .value = &s.group },
		{ .name = "--supervisor", .value = &s.supervisor },
		{ .name = "--uid-base", .value = &s.base },
		{ .name = "--agent-uids", .value = &s.agents },
		{ .name = "--notify-hook", .value = &s.plan.hook.path },
		{ .name = "--notify-network", .flag = &s.plan.hook.network },
		{ .name = "--limit", .list = s.limit, .nlist = MOST_LIMITS + 1 },
		{ .name = "--allow-missing", .value = &s.missing_list },
		{ .name = "--reach", .value = &s.reach_list },
		{ .name = "--proxy", .value = &s.plan.start.proxy },
		{ .name = "--proxy-names", .flag = &s.plan.start.proxy_names },
		{ .name = "--only", .value = &s.only },
		{ .name = "--workspace", .value = &s.folder },
		{ .name = "--dev", .flag = &s.dev },
		{ .name = "--help", .flag = &s.help },
		{ .name = NULL },
	};
	struct krux_err err = { 0 };
	const char *operand[1];
	size_t n;
	int code;

	if (!options_parse("serve", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (s.help || !s.bundle || !s.state_path) {
		fputs(help, s.help ? stdout : stderr);
		return s.help ? EXIT_YES : EXIT_USAGE;
	}
	parts_none(&s.plan.start.parts);
	/* Who calls is waited for by somebody else than a service manager. */
	if (!s.only)
		ready_begin();
	if (serve_open(&s, &code, &err)) {
		fail(&s, code, &err);
		cleanup_fd(&s.plan.bundle);
	} else {
		code = serve_run(&s);
	}
	serve_close(&s);
	return code;
}
