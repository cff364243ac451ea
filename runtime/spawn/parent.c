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

struct parent {
	struct child_end *end;
	pid_t pid;
	int in, go, pidfd;             /* go: -1 once it is used */
	uint64_t started, deadline;    /* ns on the monotonic clock */
	size_t cap, max;               /* of the answer */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Milliseconds until the deadline, rounded up; 0: it is over. */
static int time_left(const struct parent *p)
{
	uint64_t now = now_ns();
	uint64_t left = now < p->deadline ? (p->deadline - now + 999999) / 1000000 : 0;

	return left > 1000000 ? 1000000 : (int)left;
}

/* Waits for the descriptor; false at the deadline. */
static bool wait_for(const struct parent *p, int fd)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int left = time_left(p), n = poll(&poll_fd, 1, left);

		if (n > 0)
			return true;
		if (!left || (n < 0 && errno != EINTR))
			return false;
	}
}

/* The next piece of what the child says: bytes, 0 at the end, -1 at the deadline. */
static ssize_t piece_read(const struct parent *p, void *to, size_t n)
{
	for (;;) {
		ssize_t k;

		if (!wait_for(p, p->in))
			return -1;
		k = read(p->in, to, n);
		if (k >= 0 || errno != EINTR)
			return k < 0 ? 0 : k;
	}
}

static bool report_take(struct parent *p)
{
	char *to = (char *)&p->end->report;
	size_t got = 0;

	while (got < sizeof p->end->report) {
		ssize_t k = piece_read(p, to + got, sizeof p->end->report - got);

		if (k < 0)
			p->end->timed_out = true;
		if (k <= 0)
			return false;
		got += (size_t)k;
	}
	return p->end->report.magic == CHILD_MAGIC;
}

/* Closing the pipe without a byte is a no. */
static void child_map(struct parent *p)
{
	const struct child_report *r = &p->end->report;
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char process[16];
	ssize_t k = 0;

	snprintf(process, sizeof process, "%d", p->pid);
	if (proc >= 0 && !namespaces_map(proc, process, r->uid, r->gid))
		k = write(p->go, "", 1);
	if (proc >= 0)
		close(proc);
	if (k <= 0)
		p->end->report.failed = errno;
	close(p->go);
	p->go = -1;
}

static bool report_read(struct parent *p)
{
	if (!report_take(p))
		return false;
	/* It asks once, before anything of the handler runs. */
	if (p->end->report.what == CHILD_MAP && p->go >= 0) {
		child_map(p);
		if (!report_take(p))
			return false;
	}
	p->end->reported = true;
	return true;
}

static void answer_read(struct parent *p)
{
	struct child_end *end = p->end;

	for (;;) {
		ssize_t k;

		if (end->n == p->cap) {
			size_t cap = p->cap ? p->cap * 4 : 4096;
			uint8_t *grown;

			if (end->n > p->max ||
			    !(grown = realloc(end->answer, cap > p->max ? p->max + 1 : cap))) {
				end->too_much = true;
				return;
			}
			end->answer = grown;
			p->cap = cap > p->max ? p->max + 1 : cap;
		}
		k = piece_read(p, end->answer + end->n, p->cap - end->n);
		if (k < 0)
			end->timed_out = true;
		if (k <= 0)
			return;
		end->n += (size_t)k;
	}
}

static void child_reap(struct parent *p)
{
	struct child_end *end = p->end;
	struct rusage used;
	int status = 0;

	if (!end->timed_out && !end->too_much && !wait_for(p, p->pidfd))
		end->timed_out = true;
	if (end->timed_out || end->too_much)
		kill(p->pid, SIGKILL);
	memset(&used, 0, sizeof used);
	while (!end->lost && wait4(p->pid, &status, 0, &used) < 0)
		end->lost = errno != EINTR;
	end->wall_ns = now_ns() - p->started;
	end->cpu_ns = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
		(uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
	end->rss_bytes = (uint64_t)used.ru_maxrss * 1024;
	end->exited = WIFEXITED(status);
	end->code = end->exited ? WEXITSTATUS(status) : WTERMSIG(status);
}

int parent_run(struct child_plan *plan, uint64_t wall_ns, struct child_end *end,
               struct krux_err *err)
{
	CLEAN_FD int pidfd = -1;
	CLEAN_FD int in = -1;
	CLEAN_FD int out = -1;
	CLEAN_FD int wait = -1;
	struct parent p = { .end = end, .go = -1, .max = plan->output + CHILD_SLACK };
	int up[2], down[2];

	*end = (struct child_end){ 0 };
	if (pipe2(up, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	in = up[0];
	out = up[1];
	if (pipe2(down, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	wait = down[0];
	p.go = down[1];
	plan->out = out;
	plan->go = wait;
	plan->uid = geteuid();
	plan->gid = getegid();
	p.started = now_ns();
	p.deadline = p.started + wall_ns;
	p.pid = namespaces_fork(plan->probe, &pidfd);
	if (p.pid == 0)
		child_run(plan);
	if (p.pid < 0) {
		err_set(err, errno, "start the call in namespaces of its own");
		close(p.go);
		return -1;
	}
	close(fd_keep(&out));
	p.in = in;
	p.pidfd = pidfd;
	if (report_read(&p))
		answer_read(&p);
	if (p.go >= 0)
		close(p.go);
	child_reap(&p);
	return 0;
}
