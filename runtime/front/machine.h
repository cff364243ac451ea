/* What the machine lacks against what its operator does without. */
#ifndef KRUX_MACHINE_H
#define KRUX_MACHINE_H

#include "runtime/sandbox/feature.h"

struct krux_err;

struct machine {
	char *names;                             /* of --allow-missing */
	const char *waived[FEATURES + 1];        /* in it; NULL-terminated */
	const char *missing[FEATURES + 1];       /* waived and not there, with what that loses; so too */
	char text[FEATURES][400];                /* of missing */
	bool sockets;                            /* calls can get eBPF for their sockets */
};

/* The value of --allow-missing, NULL: none. -1 with *err: a name is none of a feature that can be waived. */
int machine_waive(struct machine *, const char *list, struct krux_err *err);
/* Tries what calls need. -1 with *err: something is missing that calls need, or that is not waived. */
int machine_check(struct machine *, struct krux_err *err);
/* One that is waived is not there: the text says where or why not. */
void machine_lacks(struct machine *, enum feature_number, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void machine_free(struct machine *);

#endif
