/* How a program of the daemon starts that kruxrt has executed. */
#ifndef KRUX_PART_H
#define KRUX_PART_H

#include "runtime/base/begin.h"
#include "runtime/sandbox/process.h"

/* The first thing in main: takes what the parent says, gives up what this kind of process does not keep
 * (process_begin), and ends with the parent from then on; the recorder, which has to finish, does not.
 * 0, or the exit code, with the reason told to the parent. */
int part_begin(enum process_kind, struct begin *out);

#endif
