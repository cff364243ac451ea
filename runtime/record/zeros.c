/* A file and a number to zeros in it. The thread takes a piece at a time, and sends it to the disk at once: much at
 * once is cheaper, and nothing is left to the one who has to wait for all of it. */
#include "runtime/record/zeros.h"

#include "runtime/base/err.h"
#include "runtime/record/segment.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { PIECE = 1 << 20, STACK = 64 << 10 };

struct zeros {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted, idle;
	/* Under the lock. */
	int fd;                          /* -1: none */
	uint64_t size, target, done;     /* of the file, wanted, written */
	bool busy, failed, ending;
};

/* The next piece; 0: not yet. */
static uint64_t piece_next(const struct zeros *z)
{
	uint64_t left = z->target - z->done;

	if (z->fd < 0 || z->failed || (left < PIECE && z->target < z->size))
		return 0;
	return left < PIECE ? left : PIECE;
}

static void *thread_run(void *ctx)
{
	struct zeros *z = ctx;

	pthread_mutex_lock(&z->lock);
	while (!z->ending) {
		const int fd = z->fd;
		uint64_t at = z->done, n = piece_next(z);
		struct krux_err why;
		bool ok;

		if (!n) {
			pthread_cond_wait(&z->wanted, &z->lock);
			continue;
		}
		z->busy = true;
		pthread_mutex_unlock(&z->lock);
		ok = !segment_zero(fd, at, at + n, &why);
		if (ok)
			segment_send(fd, at, n);
		pthread_mutex_lock(&z->lock);
		z->busy = false;
		z->failed = !ok;
		z->done += ok ? n : 0;
		pthread_cond_signal(&z->idle);
	}
	pthread_mutex_unlock(&z->lock);
	return NULL;
}

/* Signals are for those who know what they mean. */
static int thread_start(struct zeros *z)
{
	sigset_t all, before;
	pthread_attr_t small;
	int rc = pthread_attr_init(&small);

	if (rc)
		return rc;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_setstacksize(&small, STACK);
	rc = pthread_create(&z->thread, &small, thread_run, z);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
	return rc;
}

struct zeros *zeros_start(struct krux_err *err)
{
	struct zeros *z = calloc(1, sizeof *z);
	int rc = ENOMEM;

	if (z) {
		z->fd = -1;
		pthread_mutex_init(&z->lock, NULL);
		pthread_cond_init(&z->wanted, NULL);
		pthread_cond_init(&z->idle, NULL);
		rc = thread_start(z);
	}
	if (!rc)
		return z;
	free(z);
	err_set(err, rc, "a thread that writes zeros");
	return NULL;
}

void zeros_end(struct zeros *z)
{
	if (!z)
		return;
	pthread_mutex_lock(&z->lock);
	z->ending = true;
	pthread_cond_signal(&z->wanted);
	pthread_mutex_unlock(&z->lock);
	pthread_join(z->thread, NULL);
	pthread_cond_destroy(&z->idle);
	pthread_cond_destroy(&z->wanted);
	pthread_mutex_destroy(&z->lock);
	free(z);
}

void zeros_begin(struct zeros *z, int fd, uint64_t size)
{
	pthread_mutex_lock(&z->lock);
	z->fd = fd;
	z->size = size;
	z->target = z->done = 0;
	z->failed = false;
	pthread_mutex_unlock(&z->lock);
}

bool zeros_want(struct zeros *z, uint64_t n)
{
	bool failed;

	pthread_mutex_lock(&z->lock);
	z->target = z->size - z->target < n ? z->size : z->target + n;
	failed = z->failed;
	if (!z->busy && piece_next(z))
		pthread_cond_signal(&z->wanted);
	pthread_mutex_unlock(&z->lock);
	return !failed;
}

uint64_t zeros_take(struct zeros *z)
{
	uint64_t done;

	pthread_mutex_lock(&z->lock);
	z->fd = -1;
	while (z->busy)
		pthread_cond_wait(&z->idle, &z->lock);
	done = z->done;
	pthread_mutex_unlock(&z->lock);
	return done;
}
