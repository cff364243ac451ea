/* A confined child, and the end of it: of everything it has started, too, since nothing that it starts can leave its
 * group, and what loses its parent becomes a child of kruxc. */
#include "compiler/emit/cc_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compiler/emit/cc_confine.h"

#define MOST_MEMORY ((rlim_t)4 << 30)

enum { TICK_MS = 10, FIRST_OTHER = 3, MOST_DESCRIPTORS = 1 << 16, CLOEXEC_RANGE = 4 };

/* ---- the child ---- */

static void child_limits(void)
{
	static const struct { int what; rlim_t most; } limit[] = {
		{ RLIMIT_CPU, CC_SECONDS }, { RLIMIT_FSIZE, (rlim_t)4 * CC_MOST_OBJECT }, { RLIMIT_CORE, 0 },
#ifndef __SANITIZE_ADDRESS__
		{ RLIMIT_AS, MOST_MEMORY },
#endif
	};

	for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
		struct rlimit now;

		if (getrlimit(limit[i].what, &now))
			_exit(127);
		if (now.rlim_max != RLIM_INFINITY && now.rlim_max < limit[i].most)
			continue;
		now.rlim_cur = now.rlim_max = limit[i].most;
		if (setrlimit(limit[i].what, &now))
			_exit(127);
	}
}

/* Those of whoever started kruxc, too. */
static void descriptors_close(void)
{
	if (!syscall(SYS_close_range, FIRST_OTHER, ~0U, CLOEXEC_RANGE))
		return;
	for (int fd = FIRST_OTHER; fd < MOST_DESCRIPTORS; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

__attribute__((noreturn)) static void child(const struct cc_run *r, pid_t parent, int output)
{
	char *env[] = { (char *)(uintptr_t)r->path, (char[]){ "TMPDIR=." }, (char[]){ "LC_ALL=C" }, NULL };
	char *argv[CC_MOST_ARGS + 1];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *failed;
	size_t n = 0;

	/* A session of its own: no terminal, and a group to end it by. */
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(r->folder) || setsid() < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(127);
	child_limits();
	descriptors_close();
	umask(077);
	for (; n < CC_MOST_ARGS && r->argv[n]; n++)
		argv[n] = strdup(r->argv[n]);
	argv[n] = NULL;
	failed = confinement_put_on(r->confinement);
	if (failed)
		dprintf(2, "kruxc cannot %s: %s\n", failed, strerror(errno));
	else
		execve(r->program, argv, env);
	if (!failed)
		dprintf(2, "%s: %s\n", r->program, strerror(errno));
	_exit(127);
}

/* ---- until it has ended ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What there is to read; false at the end of it. */
static bool output_take(struct cc_run *r, int fd)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n > 0 && r->output.n + (size_t)n <= CC_MOST_OUTPUT)
		buf_put(&r->output, chunk, (size_t)n);
	return n > 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

/* Reads what it says until it has ended, whoever else holds its output, or time is up. */
static void output_read(struct cc_run *r, int fd, pid_t pid)
{
	int64_t end = now_ms() + CC_SECONDS * 1000;
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN } };

	while (!has_ended(pid)) {
		int64_t left = end - now_ms();

		if (left <= 0) {
			r->timed_out = true;
			break;
		}
		/* Without a descriptor for the process: from time to time. */
		if (poll(p, 2, (int)(p[1].fd < 0 && left > TICK_MS ? TICK_MS : left)) > 0 && p[0].revents && !output_take(r, fd))
			p[0].fd = -1;
	}
	if (p[1].fd >= 0)
		close(p[1].fd);
}

/* It is not waited for before: until then its number is nobody else's. */
static void all_end(struct cc_run *r, int fd, pid_t pid)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status;
	pid_t one;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &r->status, 0) < 0 && errno == EINTR)
		;
	while ((one = waitpid(-pid, &status, 0)) > 0 || (one < 0 && errno == EINTR))
		r->left += one > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	while (poll(&p, 1, 0) > 0 && output_take(r, fd))
		;
}

bool cc_run(struct cc_run *r)
{
	const pid_t parent = getpid();
	int pipefd[2], reaps = 0;
	pid_t pid;

	r->output.n = 0;
	r->timed_out = false;
	r->left = 0;
	if (pipe2(pipefd, O_CLOEXEC))
		return false;
	/* What it has written it can take back before it is read here. */
	if (fcntl(pipefd[0], F_SETFL, O_NONBLOCK)) {
		close(pipefd[0]);
		close(pipefd[1]);
		return false;
	}
	if (!prctl(PR_GET_CHILD_SUBREAPER, &reaps))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid)
		child(r, parent, pipefd[1]);
	close(pipefd[1]);
	if (pid > 0) {
		output_read(r, pipefd[0], pid);
		all_end(r, pipefd[0], pid);
	}
	prctl(PR_SET_CHILD_SUBREAPER, reaps);
	close(pipefd[0]);
	return pid > 0;
}
