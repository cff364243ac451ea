/* A list of paths to the item of a field, by way of a process. */
#include "runtime/spawn/looking.h"

#include "capspec/item.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t most_time = UINT64_C(10) * 1000000000;

static void child_look(int workspace, const uint8_t *body, size_t nbody, int out) __attribute__((noreturn));

static void child_look(int workspace, const uint8_t *body, size_t nbody, int out)
{
	static uint8_t item[LOOK_ITEM];
	int keep[2] = { workspace, out };
	struct item_out said = { item, sizeof item, 0 };
	struct krux_err err;
	struct look look;
	const char *why;
	struct stat st;
	size_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fstat(workspace, &st) || descriptors_close(keep, 2) ||
	    (geteuid() == 0 && privileges_become(st.st_uid, st.st_gid)) || privileges_none() ||
	    look_read(body, nbody, &look, &err))
		_exit(1);
	n = look_at(workspace, &look, -1, item, sizeof item, &why);
	if (!n && why) {
		item_text(&said, why);
		n = said.n;
	}
	for (size_t done = 0; done < n;) {
		ssize_t k = write(out, item + done, n - done);

		if (k <= 0)
			_exit(1);
		done += (size_t)k;
	}
	_exit(0);
}

static void looking_end(struct looking *l)
{
	int status = 0;

	loop_forget(l->loop, &l->said);
	loop_timer_clear(l->loop, &l->late);
	close(l->said.fd);
	/* It has ended, or says no more and is not waited for. */
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
	l->on = false;
	l->done(l->ctx, l->cookie, l->item, WIFEXITED(status) && !WEXITSTATUS(status) ? l->n : 0);
	/* Another agent's child may be forked from here next. */
	explicit_bzero(l->item, l->n);
}

static void looking_ready(struct watch *w, uint32_t events)
{
	struct looking *l = w->ctx;
	ssize_t k = read(w->fd, l->item + l->n, sizeof l->item - l->n);

	(void)events;
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0)
		looking_end(l);
	else
		l->n += (size_t)k;
}

static void looking_late(struct timer *t)
{
	struct looking *l = t->ctx;

	kill(l->pid, SIGKILL);
}

int looking_start(struct looking *l, int workspace, const uint8_t *body, size_t n, struct krux_err *err)
{
	CLEAN_FD int in = -1;
	CLEAN_FD int out = -1;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return err_set(err, errno, "look at files");
	in = fd[0];
	out = fd[1];
	l->n = 0;
	if (fcntl(in, F_SETFL, O_NONBLOCK))
		return err_set(err, errno, "look at files");
	l->pid = fork();
	if (!l->pid)
		child_look(workspace, body, n, out);
	if (l->pid < 0)
		return err_set(err, errno, "look at files");
	l->said = (struct watch){ .fd = in, .ready = looking_ready, .ctx = l };
	l->late = (struct timer){ .due = looking_late, .ctx = l };
	if (loop_watch(l->loop, &l->said, EPOLLIN, err)) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
		return -1;
	}
	loop_timer_set(l->loop, &l->late, loop_clock() + most_time);
	l->on = true;
	fd_keep(&in);
	return 0;
}

void looking_stop(struct looking *l)
{
	if (l->on)
		looking_end(l);
}
