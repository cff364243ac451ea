/* epoll, one timerfd and one signalfd to calls of functions. Timers are a pairing heap through the
 * timers themselves; the timerfd is armed again only when the earliest moment moves forward. */
#include "runtime/base/loop.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

uint64_t loop_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- descriptors ---- */

int loop_watch(struct loop *l, struct watch *w, uint32_t events, struct krux_err *err)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e))
		return err_set(err, errno, "watch a descriptor");
	w->events = events;
	w->on = true;
	return 0;
}

int loop_change(struct loop *l, struct watch *w, uint32_t events, struct krux_err *err)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	if (w->events == events)
		return 0;
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &e))
		return err_set(err, errno, "watch a descriptor");
	w->events = events;
	return 0;
}

void loop_forget(struct loop *l, struct watch *w)
{
	if (!w->on)
		return;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->on = false;
	for (int i = 0; i < l->nbatch; i++)
		if (l->batch[i].data.ptr == w)
			l->batch[i].data.ptr = NULL;
}

/* ---- moments ---- */

static struct timer *heap_meld(struct timer *a, struct timer *b)
{
	struct timer *early = b->at < a->at ? b : a, *late = early == a ? b : a;

	late->prev = early;
	late->next = early->child;
	if (late->next)
		late->next->prev = late;
	early->child = late;
	early->next = early->prev = NULL;
	return early;
}

/* A list of siblings to one heap: two by two from the left, then all from the right. */
static struct timer *heap_gather(struct timer *list)
{
	struct timer *pairs = NULL, *heap = NULL;

	while (list) {
		struct timer *a = list, *b = a->next;

		list = b ? b->next : NULL;
		if (b)
			a = heap_meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *rest = pairs->next;

		heap = heap ? heap_meld(heap, pairs) : pairs;
		pairs = rest;
	}
	if (heap)
		heap->next = heap->prev = NULL;
	return heap;
}

void loop_timer_clear(struct loop *l, struct timer *t)
{
	struct timer *below;

	if (!t->on)
		return;
	t->on = false;
	below = heap_gather(t->child);
	t->child = NULL;
	if (t == l->first) {
		l->first = below;
		return;
	}
	if (t->prev->child == t)
		t->prev->child = t->next;
	else
		t->prev->next = t->next;
	if (t->next)
		t->next->prev = t->prev;
	if (below)
		l->first = heap_meld(l->first, below);
}

void loop_timer_set(struct loop *l, struct timer *t, uint64_t at)
{
	loop_timer_clear(l, t);
	/* What is set while timers run is due in the next turn, so that this one ends. */
	t->at = l->timing && at <= l->now ? l->now + 1 : at;
	t->on = true;
	t->child = t->next = t->prev = NULL;
	l->first = l->first ? heap_meld(l->first, t) : t;
}

/* The alarm may fire too early, never too late: only an earlier moment is worth a system call. */
static int alarm_arm(struct loop *l, struct krux_err *err)
{
	struct itimerspec when = { 0 };
	uint64_t at;

	if (!l->first || (l->armed && l->armed <= l->first->at))
		return 0;
	at = l->first->at ? l->first->at : 1;
	when.it_value.tv_sec = (time_t)(at / 1000000000);
	when.it_value.tv_nsec = (long)(at % 1000000000);
	if (timerfd_settime(l->alarm, TFD_TIMER_ABSTIME, &when, NULL))
		return err_set(err, errno, "set a timer");
	l->armed = at;
	return 0;
}

static void alarm_ready(struct watch *w, uint32_t events)
{
	struct loop *l = w->ctx;
	uint64_t times;

	(void)events;
	if (read(w->fd, &times, sizeof times) == sizeof times)
		l->armed = 0;
}

static void timers_run(struct loop *l)
{
	struct timer *t;

	l->timing = true;
	while ((t = l->first) && t->at <= l->now) {
		loop_timer_clear(l, t);
		t->due(t);
	}
	l->timing = false;
}

/* ---- signals ---- */

static void signals_ready(struct watch *w, uint32_t events)
{
	struct loop *l = w->ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (w->on && read(w->fd, &info, sizeof info) == (ssize_t)sizeof info)
		l->signalled(l->signals_ctx, &info);
}

int loop_signals(struct loop *l, const sigset_t *set,
                 void (*signalled)(void *, const struct signalfd_siginfo *), void *ctx,
                 struct krux_err *err)
{
	if (sigprocmask(SIG_BLOCK, set, NULL))
		return err_set(err, errno, "block signals");
	l->signals = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0)
		return err_set(err, errno, "wait for signals");
	l->signalled = signalled;
	l->signals_ctx = ctx;
	l->on_signals = (struct watch){ .fd = l->signals, .ready = signals_ready, .ctx = l };
	return loop_watch(l, &l->on_signals, EPOLLIN, err);
}

/* ---- turns ---- */

int loop_open(struct loop *l, struct krux_err *err)
{
	*l = (struct loop){ .epoll = -1, .alarm = -1, .signals = -1 };
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->alarm = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	l->now = loop_clock();
	if (l->epoll < 0 || l->alarm < 0) {
		err_set(err, errno, "make an event loop");
		goto fail;
	}
	l->on_alarm = (struct watch){ .fd = l->alarm, .ready = alarm_ready, .ctx = l };
	if (!loop_watch(l, &l->on_alarm, EPOLLIN, err))
		return 0;
fail:
	loop_close(l);
	return -1;
}

void loop_close(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
	if (l->alarm >= 0)
		close(l->alarm);
	if (l->signals >= 0)
		close(l->signals);
	*l = (struct loop){ .epoll = -1, .alarm = -1, .signals = -1 };
}

/* As epoll_wait without an end; l->now is told. */
static int events_look(struct loop *l)
{
	const uint64_t until = l->now + eager_look;
	int n;

	do {
		n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, 0);
		l->now = loop_clock();
	} while (!n && l->now < until);
	eager_looked(&l->eager, n > 0);
	return n;
}

static int events_wait(struct loop *l)
{
	uint64_t from;
	int n = 0;

	l->now = from = loop_clock();
	if (eager_looks(&l->eager) && (n = events_look(l)))
		return n;
	n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, -1);
	l->now = loop_clock();
	eager_waited(&l->eager, l->now - from, n);
	return n;
}

int loop_turn(struct loop *l, struct krux_err *err)
{
	int n;

	if (l->turn)
		l->turn(l->turn_ctx);
	if (l->stopped)
		return 0;
	if (alarm_arm(l, err))
		return -1;
	if (l->look || !l->eager.able) {
		n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, l->look ? 0 : -1);
		l->now = loop_clock();
	} else {
		n = events_wait(l);
	}
	l->look = false;
	if (n < 0 && errno != EINTR)
		return err_set(err, errno, "wait for events");
	l->nbatch = n > 0 ? n : 0;
	for (int i = 0; i < l->nbatch; i++) {
		struct watch *w = l->batch[i].data.ptr;

		if (w)
			w->ready(w, l->batch[i].events);
	}
	l->nbatch = 0;
	timers_run(l);
	return 0;
}

int loop_run(struct loop *l, struct krux_err *err)
{
	while (!l->stopped)
		if (loop_turn(l, err))
			return -1;
	if (l->turn)
		l->turn(l->turn_ctx);
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
