/* A system call as an attempt. */
#ifndef KRUX_LIVE_RAW_H
#define KRUX_LIVE_RAW_H

#include "tests/live/live.h"

struct raw {
	long nr;
	int reached;                   /* an errno that only who got as far is given; 0: none */
	long arg[6];
};
go_fn raw;

#endif
