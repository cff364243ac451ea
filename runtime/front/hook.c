/* Events to processes. Some run, some wait, and when too many wait the newest are dropped: the log has
 * them all the same. */
#include "runtime/front/hook.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/front/daemon_part.h"
#include "runtime/sandbox/process.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t most_time = UINT64_C(10) * 1000000000;

/* ---- the child ---- */

static int files_restrict(bool network)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int null = open("/dev/null", O_PATH | O_CLOEXEC);
	const int at[PROCESS_PLACES] = { [PLACE_HOOK_ROOT] = root, [PLACE_HOOK_SINK] = null };
	struct landlock_grant grant[PROCESS_PLACES];
	const size_t n = process_grants(PROCESS_HOOK, at, grant);
	const int abi = probe_get()->landlock_abi;

	if (root < 0 || null < 0)
		return -1;
	return network ? landlock_files(abi, grant, n) : landlock_restrict(abi, grant, n);
}

static int limits_set(void)
{
	const struct rlimit none = { 0, 0 }, cpu = { 10, 10 }, files = { 64, 64 };

	return setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_CPU, &cpu) ||
	       setrlimit(RLIMIT_NOFILE, &files) ? -1 : 0;
}

static int user_become(const struct hook_plan *p)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) || privileges_become(p->uid, p->uid) ? -1 : 0;
}

static void hook_child(const struct hook_plan *p, int event) __attribute__((noreturn));

static void hook_child(const struct hook_plan *p, int event)
{
	char *argv[] = { (char *)(uintptr_t)p->path, NULL }, *envp[] = { NULL };
	bool root = geteuid() == 0;
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	umask(077);
	if (descriptors_close(&event, 1) || dup2(event, 0) < 0 || lseek(0, 0, SEEK_SET) ||
	    chdir("/") || limits_set() ||
	    (!p->network && unshare(CLONE_NEWNET | (root ? 0 : CLONE_NEWUSER))) ||
	    user_become(p) || privileges_none() || prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    files_restrict(p->network))
		_exit(126);
	execve(p->path, argv, envp);
	_exit(127);
}

/* ---- the parent ---- */

static void run_late(struct timer *t)
{
	struct hook_run *r = t->ctx;

	/* It leads a session of its own: what it has started goes with it. */
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL);
}

static void run_start(struct hook_run *r, int event)
{
	pid_t pid = fork();

	if (!pid)
		hook_child(r->hook->plan, event);
	close(event);
	if (pid < 0) {
		daemon_say("the notify hook cannot be started: %s", strerror(errno));
		return;
	}
	r->pid = pid;
	loop_timer_set(r->hook->loop, &r->late, loop_clock() + most_time);
}

static void next_start(struct hook *h)
{
	for (unsigned i = 0; i < HOOK_RUNS && h->nwait; i++) {
		if (h->run[i].pid)
			continue;
		run_start(&h->run[i], h->wait[h->first]);
		h->first = (h->first + 1) % HOOK_WAITS;
		h->nwait--;
		h->full = false;
	}
}

void hook_open(struct hook *h, const struct hook_plan *plan, struct loop *loop)
{
	*h = (struct hook){ .plan = plan, .loop = loop };
	for (unsigned i = 0; i < HOOK_RUNS; i++)
		h->run[i] = (struct hook_run){ .hook = h,
			                       .late = { .due = run_late, .ctx = &h->run[i] } };
}

void hook_close(struct hook *h)
{
	for (unsigned i = 0; i < HOOK_RUNS; i++)
		if (h->run[i].pid)
			run_late(&h->run[i].late);
	for (; h->nwait; h->nwait--, h->first = (h->first + 1) % HOOK_WAITS)
		close(h->wait[h->first]);
}

void hook_event(struct hook *h, struct krux_str json)
{
	const struct part part[2] = { { json.p, json.n }, { "\n", 1 } };
	struct krux_err err;
	int fd;

	if (!h->plan->path || json.n > HOOK_EVENT)
		return;
	if (h->nwait == HOOK_WAITS) {
		h->dropped++;
		if (!h->full)
			daemon_say("the notify hook is too slow: events are dropped, which the log has");
		h->full = true;
		return;
	}
	fd = memory_file("krux event", part, 2, &err);
	if (fd < 0) {
		daemon_say("the notify hook: %s", err.text);
		return;
	}
	h->wait[(h->first + h->nwait++) % HOOK_WAITS] = fd;
	next_start(h);
}

bool hook_knows(const struct hook *h, pid_t pid)
{
	for (unsigned i = 0; i < HOOK_RUNS; i++)
		if (h->run[i].pid == pid)
			return true;
	return false;
}

bool hook_ended(struct hook *h, pid_t pid, int status)
{
	for (unsigned i = 0; i < HOOK_RUNS; i++) {
		struct hook_run *r = &h->run[i];

		if (r->pid != pid)
			continue;
		r->pid = 0;
		kill(-pid, SIGKILL);   /* what it left behind */
		loop_timer_clear(h->loop, &r->late);
		if (WIFSIGNALED(status))
			daemon_say("the notify hook was ended by signal %d", WTERMSIG(status));
		else if (WEXITSTATUS(status))
			daemon_say("the notify hook exited with %d%s", WEXITSTATUS(status),
			           WEXITSTATUS(status) == 126 ? ": it could not be confined" :
			           WEXITSTATUS(status) == 127 ? ": it could not be run" : "");
		next_start(h);
		return true;
	}
	return false;
}

int hook_check(const struct hook_plan *p, struct krux_err *err)
{
	struct stat st;

	if (!p->path)
		return 0;
	if (*p->path != '/')
		return err_set(err, 0, "--notify-hook: an absolute path");
	if (stat(p->path, &st))
		return err_set(err, errno, "--notify-hook %s", p->path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, 0, "--notify-hook %s: no program", p->path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		return err_set(err, 0, "--notify-hook %s: others than you can write it", p->path);
	if (geteuid() == 0 && !(st.st_mode & 0001))
		return err_set(err, 0, "--notify-hook %s: uid %u, which it runs as, may not run it",
		               p->path, p->uid);
	return 0;
}
