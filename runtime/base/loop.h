/* One thread that waits for descriptors, moments and signals. Watches and timers lie in the structs
 * of those who own them; the loop allocates nothing after loop_open. */
#ifndef KRUX_LOOP_H
#define KRUX_LOOP_H

#include "runtime/base/eager.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct krux_err;
struct signalfd_siginfo;

enum { LOOP_BATCH = 64 };

/* A descriptor that is waited for. The loop does not own fd. */
struct watch {
	int fd;
	void (*ready)(struct watch *, uint32_t events);   /* EPOLLIN, EPOLLOUT, EPOLLHUP ... */
	void *ctx;
	uint32_t events;               /* set by loop_watch and loop_change */
	bool on;
};

/* A moment. It may be set again, also from `due` itself. */
struct timer {
	void (*due)(struct timer *);
	void *ctx;
	uint64_t at;                   /* ns of CLOCK_BOOTTIME */
	bool on;
	struct timer *child, *next, *prev;   /* a pairing heap; prev: elder sibling or parent */
};

struct loop {
	int epoll, alarm, signals;     /* signals -1: none asked for */
	struct watch on_alarm, on_signals;
	struct timer *first;           /* the earliest */
	uint64_t armed;                /* when alarm fires; 0: it does not */
	uint64_t now;                  /* ns of CLOCK_BOOTTIME, read once a turn */
	struct epoll_event batch[LOOP_BATCH];
	int nbatch;
	bool timing, stopped;          /* timing: timers run just now */
	bool look;                     /* set by `turn`: what is there is taken, and then turn is called again
	                                  without waiting */
	struct eager eager;            /* off, unless eager_begin was called: before it waits, it looks for a moment */
	void (*signalled)(void *ctx, const struct signalfd_siginfo *);
	void *signals_ctx;
	/* Called each time before waiting, and when loop_run ends: the place to flush what was
	 * gathered. */
	void (*turn)(void *ctx);
	void *turn_ctx;
};

int loop_open(struct loop *, struct krux_err *err);
/* Also in a forked child that does not use it: descriptors only are closed. */
void loop_close(struct loop *);

/* Starts, changes and ends the watch for w->fd; `events` are those of epoll, level-triggered. A
 * watch that was ended is not called any more, not in the same turn either. */
int loop_watch(struct loop *, struct watch *, uint32_t events, struct krux_err *err);
int loop_change(struct loop *, struct watch *, uint32_t events, struct krux_err *err);
void loop_forget(struct loop *, struct watch *);

/* Sets t to `at`, in place of what it was set to. */
void loop_timer_set(struct loop *, struct timer *t, uint64_t at);
void loop_timer_clear(struct loop *, struct timer *t);

/* Blocks these signals and hands them to `signalled` instead. Once a loop. */
int loop_signals(struct loop *, const sigset_t *,
                 void (*signalled)(void *ctx, const struct signalfd_siginfo *), void *ctx,
                 struct krux_err *err);

/* One turn: waits at most until something happens. -1 with *err when the system failed. */
int loop_turn(struct loop *, struct krux_err *err);
/* Turns until loop_stop. */
int loop_run(struct loop *, struct krux_err *err);
void loop_stop(struct loop *);

/* ns of CLOCK_BOOTTIME, suspended time included. */
uint64_t loop_clock(void);

#endif
