/* The programs of the daemon's other processes, as files that were opened when the daemon started: what
 * takes their place on the disk later does not run in it. */
#ifndef KRUX_PARTS_H
#define KRUX_PARTS_H

#include "runtime/sandbox/process.h"

#include <limits.h>

struct krux_err;

struct parts {
	int program[PROCESS_PROGRAMS];    /* -1: not opened */
};

/* Opens krux-gate and the others in this program's own folder, or else in the one that they are
 * installed in. Refuses what others than root and the operator could have written, and where one is missing; but
 * krux-egress and krux-web, which are for calls that connect, may be. */
int parts_open(struct parts *, struct krux_err *err);
/* The folder of the program that runs, and the one where `make install` puts the others. */
int parts_folders(char own[static PATH_MAX], char installed[static 2 * PATH_MAX], struct krux_err *err);
/* As parts that were not opened are. */
void parts_none(struct parts *);
void parts_close(struct parts *);

#endif
