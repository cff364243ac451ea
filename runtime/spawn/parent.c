/* A plan to how its child ended. The child is killed at its deadline or when it says too much;
 * being the first process of its pid namespace, nothing that it might start outlives it. */
#include "runtime/spawn/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

uint64_t parent_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void child_kill(struct parent *p)
{
	if (!p->killed)
		kill(p->pid, SIGKILL);
	p->killed = true;
}

static void go_close(struct parent *p)
{
	cleanup_fd(&p->go);
	p->go = -1;
}

/* Closing the pipe without a byte is a no. */
static void child_map(struct parent *p)
{
	const struct child_report *r = &p->end.report;
	CLEAN_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char process[16];
	ssize_t k = 0;

	snprintf(process, sizeof process, "%d", p->pid);
	if (proc >= 0 && !namespaces_map(proc, process, r->uid, r->gid))
		k = write(p->go, "", 1);
	if (k <= 0)
		p->end.report.failed = errno;
	go_close(p);
}

/* The report is whole: a wish for a map comes once, before anything of the handler runs. */
static bool report_take(struct parent *p)
{
	if (p->end.report.magic != CHILD_MAGIC)
		return false;
	if (p->end.report.what == CHILD_MAP && p->go >= 0) {
		child_map(p);
		p->got = 0;
		return true;
	}
	p->end.reported = true;
	return true;
}

static bool answer_grow(struct parent *p)
{
	size_t cap = p->cap ? p->cap * 4 : 4096;
	uint8_t *grown;

	if (p->end.n > p->max)
		return false;
	if (cap > p->max)
		cap = p->max + 1;
	grown = realloc(p->end.answer, cap);
	if (!grown)
		return false;
	p->end.answer = grown;
	p->cap = cap;
	return true;
}

/* The next piece of what the child says, to where it belongs. False: no more is to come now. */
static bool piece_take(struct parent *p)
{
	struct child_end *end = &p->end;
	size_t room;
	uint8_t *to;
	ssize_t k;

	if (end->reported && end->n == p->cap && !answer_grow(p)) {
		end->too_much = true;
		child_kill(p);
		p->heard = true;
		return false;
	}
	to = end->reported ? end->answer + end->n : (uint8_t *)&end->report + p->got;
	room = end->reported ? p->cap - end->n : sizeof end->report - p->got;
	k = read(p->in, to, room);
	if (k < 0 && (errno == EINTR || errno == EAGAIN))
		return errno == EINTR;
	if (k <= 0) {
		p->heard = true;
		return false;
	}
	if (end->reported) {
		end->n += (size_t)k;
		return true;
	}
	p->got += (size_t)k;
	if (p->got == sizeof end->report && !report_take(p)) {
		p->heard = true;
		return false;
	}
	return true;
}

static bool child_gone(const struct parent *p)
{
	struct pollfd poll_fd = { .fd = p->pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static void child_reap(struct parent *p)
{
	struct child_end *end = &p->end;
	struct rusage used;
	int status = 0;

	memset(&used, 0, sizeof used);
	while (!end->lost && wait4(p->pid, &status, 0, &used) < 0)
		end->lost = errno != EINTR;
	end->wall_ns = parent_now() - p->started;
	end->cpu_ns = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
		(uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
	end->rss_bytes = (uint64_t)used.ru_maxrss * 1024;
	end->exited = WIFEXITED(status);
	end->code = end->exited ? WEXITSTATUS(status) : WTERMSIG(status);
}

void parent_close(struct parent *p)
{
	go_close(p);
	cleanup_fd(&p->in);
	cleanup_fd(&p->pidfd);
	p->in = p->pidfd = -1;
}

bool parent_step(struct parent *p)
{
	if (!p->killed && !p->frozen && parent_now() >= p->deadline) {
		p->end.timed_out = true;
		child_kill(p);
	}
	while (!p->heard && !p->end.timed_out && piece_take(p))
		;
	if (!child_gone(p))
		return false;
	/* What it said last is in the pipe. */
	while (!p->heard && !p->killed && piece_take(p))
		;
	child_reap(p);
	return true;
}

void parent_cancel(struct parent *p)
{
	p->end.cancelled = true;
	child_kill(p);
}

void parent_freeze(struct parent *p)
{
	if (p->frozen || p->killed)
		return;
	p->frozen = parent_now();
	kill(p->pid, SIGSTOP);
}

void parent_thaw(struct parent *p)
{
	if (!p->frozen)
		return;
	p->deadline += parent_now() - p->frozen;
	p->frozen = 0;
	kill(p->pid, SIGCONT);
}

int parent_start(struct child_plan *plan, uint64_t wall_ns, struct parent *p, struct krux_err *err)
{
	CLEAN_FD int in = -1;
	CLEAN_FD int out = -1;
	CLEAN_FD int wait = -1;
	CLEAN_FD int go = -1;
	int up[2], down[2];

	*p = (struct parent){ .in = -1, .go = -1, .pidfd = -1, .max = plan->output + CHILD_SLACK };
	if (pipe2(up, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	in = up[0];
	out = up[1];
	if (pipe2(down, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	wait = down[0];
	go = down[1];
	if (fcntl(in, F_SETFL, O_NONBLOCK))
		return err_set(err, errno, "make a pipe for the call");
	plan->out = out;
	plan->go = wait;
	plan->uid = geteuid();
	plan->gid = getegid();
	p->started = parent_now();
	p->deadline = p->started + wall_ns;
	p->pid = namespaces_fork(plan->probe, &p->pidfd);
	if (p->pid == 0)
		child_run(plan);
	if (p->pid < 0)
		return err_set(err, errno, "start the call in namespaces of its own");
	p->in = fd_keep(&in);
	p->go = fd_keep(&go);
	return 0;
}

/* Milliseconds until the deadline, rounded up. */
static int time_left(const struct parent *p)
{
	uint64_t now = parent_now();
	uint64_t left = now < p->deadline ? (p->deadline - now + 999999) / 1000000 : 0;

	return left > 1000000 ? 1000000 : (int)left;
}

void parent_wait(struct parent *p)
{
	while (!parent_step(p)) {
		/* While there is something to read, the pipe says all; then the process ends. */
		struct pollfd fd = { .fd = p->heard || p->killed ? p->pidfd : p->in,
			             .events = POLLIN };

		poll(&fd, 1, p->killed ? 1000 : time_left(p));
	}
}

int parent_run(struct child_plan *plan, uint64_t wall_ns, struct child_end *end,
               struct krux_err *err)
{
	struct parent p;

	*end = (struct child_end){ 0 };
	if (parent_start(plan, wall_ns, &p, err))
		return -1;
	parent_wait(&p);
	parent_close(&p);
	*end = p.end;
	return 0;
}
