/* Filters with a call less than the compiler makes them, so that tests can see who needs it. */
#ifndef KRUX_TEST_WITHOUT_H
#define KRUX_TEST_WITHOUT_H

#include "compiler/emit/filter.h"

extern const char *without_call;      /* the system call; NULL, as at first: none */

extern int without_try;               /* 1, 2, 3: when what happens during a call may be too early */

/* The programs, one a machine, with without_call taken away: it ends the process. Until the next time. */
const struct krux_filter *without_of(const struct krux_filter *);
/* Each system call that the table lets through for one of these groups, and for everyone where `common` is, is needed by
 * one of n calls: without it `run` says that this one was ended. Those that are needed elsewhere are not tried: `why` is
 * for readers. The last has no name. */
struct without_elsewhere {
	const char *call, *why;
};
void without_each(unsigned groups, bool common, size_t n, bool (*run)(size_t i, unsigned row_groups), const struct without_elsewhere *);

#endif
