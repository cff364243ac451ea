/* One sliding window: what one agent's intents add to one rate or budget.
 *
 * What was recorded at `when` counts in (now - per, now], and later than now too, where the clock
 * was set back. What is submitted and not yet recorded counts whatever the time is, so that no two
 * calls can share the last room. */
#ifndef KRUX_WINDOW_H
#define KRUX_WINDOW_H

#include "capspec/type.h"

/* Beyond so many intents the two oldest become one, which counts until the later of them is
 * over: memory is bounded, and nothing more is let through. */
enum { WINDOW_MOST = 1 << 18 };

struct window {
	uint64_t per;                  /* ns; 0: nothing ever leaves */
	struct window_entry {
		uint64_t when, amount;
	} *entry;                      /* a ring, by `when`; room is a power of 2 */
	uint32_t room, first, n;
	uint32_t past;                 /* the first so many have left, and are kept for a clock that is set back */
	uint64_t edge;                 /* what is not later has left; 0: nothing has */
	krux_u128 sum;                 /* of those that count */
	krux_u128 pending;             /* of those that are not recorded yet */
};

/* Room for `expected` entries at first. False: no memory. */
bool window_open(struct window *, uint64_t per, uint32_t expected);
void window_close(struct window *);

/* The sum at a moment, ns since 1970; it stops at 2^64-1. The clock may go back: what left less
 * than `per` before the latest moment is found again. */
uint64_t window_sum(struct window *, uint64_t now);
/* An intent is submitted; then it is either recorded at `when`, or not at all. */
void window_claim(struct window *, uint64_t amount);
void window_record(struct window *, uint64_t when, uint64_t amount);
void window_forget(struct window *, uint64_t amount);
/* One that was recorded before. */
void window_add(struct window *, uint64_t when, uint64_t amount);

/* Ns from now until `amount` more makes at most max; 0: it does now, UINT64_MAX: it never will. */
uint64_t window_wait(struct window *, uint64_t now, uint64_t max, uint64_t amount);

#endif
