/* What a child says, and a clock, to how it ended. The child is killed at its deadline or when it says too
 * much; being the first process of its pid namespace, nothing that it might start outlives it. */
#include "runtime/spawn/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
	if (!p->killed && !p->ended)
		p->signal(p->ctx, SIGKILL);
	p->killed = true;
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
	end->reported = p->got == sizeof end->report && end->report.magic == CHILD_MAGIC;
	p->heard = p->got == sizeof end->report && !end->reported;
	return !p->heard;
}

void parent_ended(struct parent *p, const struct birth_end *how)
{
	struct child_end *end = &p->end;

	p->ended = true;
	end->lost = how->lost;
	end->wall_ns = parent_now() - p->started;
	end->cpu_ns = how->cpu_ns;
	end->rss_bytes = how->rss_bytes;
	end->group = how->group;
	end->exited = WIFEXITED(how->status);
	end->code = end->exited ? WEXITSTATUS(how->status) : WTERMSIG(how->status);
}

void parent_close(struct parent *p)
{
	cleanup_fd(&p->in);
	p->in = -1;
}

bool parent_step(struct parent *p)
{
	/* First, since of one that is too late the report is wanted too. */
	while (!p->heard && !p->end.timed_out && piece_take(p))
		;
	if (!p->ended && !p->killed && !p->frozen && parent_now() >= p->deadline) {
		p->end.timed_out = true;
		child_kill(p);
	}
	return p->ended;
}

void parent_cancel(struct parent *p, const char *why)
{
	p->end.cancelled = why;
	child_kill(p);
}

void parent_freeze(struct parent *p)
{
	if (p->frozen || p->killed)
		return;
	p->frozen = parent_now();
	p->signal(p->ctx, SIGSTOP);
}

void parent_thaw(struct parent *p)
{
	if (!p->frozen)
		return;
	p->deadline += parent_now() - p->frozen;
	p->frozen = 0;
	p->signal(p->ctx, SIGCONT);
}

int parent_open(struct parent *p, size_t output, int *out, struct krux_err *err)
{
	int up[2];

	*p = (struct parent){ .in = -1, .max = output + CHILD_SLACK };
	if (pipe2(up, O_CLOEXEC))
		return err_set(err, errno, "make a pipe for the call");
	p->in = up[0];
	*out = up[1];
	if (!fcntl(p->in, F_SETFL, O_NONBLOCK))
		return 0;
	err_set(err, errno, "make a pipe for the call");
	parent_close(p);
	close(*out);
	return -1;
}

void parent_begin(struct parent *p, uint64_t wall_ns, parent_signal_fn *signal, void *ctx)
{
	p->started = parent_now();
	p->deadline = p->started + wall_ns;
	p->signal = signal;
	p->ctx = ctx;
}
