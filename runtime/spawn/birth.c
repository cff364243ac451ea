/* A plan to a process. */
#include "runtime/spawn/birth.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void map_end(struct birth *b)
{
	cleanup_fd(&b->asks);
	cleanup_fd(&b->go);
	b->asks = b->go = -1;
}

int birth_start(struct child_plan *plan, struct birth *b, struct krux_err *err)
{
	CLEAN_FD int ask = -1;
	CLEAN_FD int wait = -1;
	int up[2], down[2];
	struct stat st;

	*b = (struct birth){ .pidfd = -1, .asks = -1, .go = -1 };
	if (plan->workspace >= 0) {
		if (fstat(plan->workspace, &st))
			return err_set(err, errno, "workspace");
		plan->owner = st.st_uid;
		plan->group = st.st_gid;
	}
	/* Limits of a user's processes do not hold for root. */
	if (plan->command && !plan->owner)
		return err_set(err, 0, "a workspace of root: no limit of processes would hold for the program; give it another owner");
	if (pipe2(up, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	b->asks = up[0];
	ask = up[1];
	if (pipe2(down, O_CLOEXEC)) {
		map_end(b);
		return err_set(err, errno, "make a pipe for the call");
	}
	wait = down[0];
	b->go = down[1];
	b->uid = plan->owner;
	b->gid = plan->group;
	plan->ask = ask;
	plan->go = wait;
	plan->uid = geteuid();
	plan->gid = getegid();
	b->pid = plan->network < 0 ? namespaces_fork(plan->probe, plan->cgroup, &b->pidfd)
	                           : namespaces_fork_joining(plan->probe, plan->cgroup, &b->pidfd);
	if (b->pid == 0)
		child_run(plan);
	if (b->pid < 0) {
		map_end(b);
		return err_set(err, errno, "start the call in namespaces of its own");
	}
	return 0;
}

/* Closing the pipe without a byte is a no. */
void birth_map(struct birth *b)
{
	CLEAN_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char process[16], byte;
	ssize_t n;

	snprintf(process, sizeof process, "%d", b->pid);
	n = read(b->asks, &byte, 1);
	if (n == 1 && proc >= 0 && !namespaces_map(proc, process, b->uid, b->gid))
		n = write(b->go, "", 1);
	(void)n;                       /* who does not read it any more has ended */
	map_end(b);
}

bool birth_gone(const struct birth *b)
{
	struct pollfd p = { .fd = b->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Of its processor's time, before it is reaped; 0 where that cannot be seen. The clock's number is made as the kernel
 * reads it: clock_getcpuclockid asks with clock_getres first, which nobody else needs. */
static uint64_t birth_used(const struct birth *b)
{
	enum { WHOLE_PROCESS = 2 };
	const clockid_t clock = (clockid_t)(~(unsigned)b->pid << 3 | WHOLE_PROCESS);
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void birth_hand_over(struct birth *b)
{
	b->used_ns = birth_used(b);
}

/* The unit of ru_inblock and ru_oublock. */
enum { BLOCK = 512 };

void birth_reap(struct birth *b, struct birth_end *end)
{
	struct rusage used;

	*end = (struct birth_end){ .status = 0 };
	memset(&used, 0, sizeof used);
	while (!end->lost && wait4(b->pid, &end->status, 0, &used) < 0)
		end->lost = errno != EINTR;
	end->cpu_ns = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
		(uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
	end->cpu_ns -= b->used_ns < end->cpu_ns ? b->used_ns : end->cpu_ns;
	end->rss_bytes = (uint64_t)used.ru_maxrss * 1024;
	end->read_bytes = (uint64_t)used.ru_inblock * BLOCK;
	end->written_bytes = (uint64_t)used.ru_oublock * BLOCK;
}

void birth_close(struct birth *b)
{
	map_end(b);
	cleanup_fd(&b->pidfd);
	b->pidfd = -1;
}
