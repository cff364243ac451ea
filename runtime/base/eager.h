/* Whether it pays to look for what comes next for a moment before sleeping: to wake a sleeping processor takes several times
 * as long as most answers. Numbers alone; the waiting is runtime/base/loop.c's. */
#ifndef KRUX_EAGER_H
#define KRUX_EAGER_H

#include <stdbool.h>
#include <stdint.h>

/* Ns. How long to look at most, and what a wait takes at most in which something came so soon that looking may pay: a sleeper's
 * wake-up and that of who has woken it are in that. */
static const uint64_t eager_look = 20000, eager_soon = 120000;

/* Waits in a row that ended soon before it looks; looks in a row for nothing before it rests; waits that it rests, first and at
 * most; looks that paid before it rests as briefly as first. */
enum { EAGER_AFTER = 8, EAGER_MISSES = 2, EAGER_REST = 16, EAGER_REST_MOST = 1 << 16, EAGER_PAID = 64 };

struct eager {
	bool able;                     /* there is another processor for what is waited for */
	unsigned soon, missed, paid;   /* waits, looks and looks, each in a row */
	unsigned rest, next;           /* waits that it still sits out; how many it will the next time */
};

/* Off where this process may use one processor alone. */
void eager_begin(struct eager *);
/* Whether to look before the wait that begins. */
bool eager_looks(const struct eager *);
/* A look has ended, with something or without. */
void eager_looked(struct eager *, bool came);
/* A wait without a look has ended with `came` things, many of which say that there is enough to do. */
void eager_waited(struct eager *, uint64_t ns, int came);

#endif
