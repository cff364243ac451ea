/* Faults of the system on demand: a library that is loaded before all others (LD_PRELOAD). */
#ifndef KRUX_FAULT_H
#define KRUX_FAULT_H

/* After `after` more calls of this function (pwrite, fdatasync, fsync, fallocate), `times` of them fail
 * with errno `no`; no 0: pwrite writes half. Counts in forked children too, which share it.
 * For "step", what a change of the workspace is made of: openat that makes a file, write, fchmod, fsync, mkdirat,
 * renameat2 and unlinkat on the file system of the caller's current folder; no 0: the process ends before it.
 * For "room": fallocate has `after` bytes to give, and log/reserve gives its own back; times 0: no end. */
typedef void fault_fn(const char *call, int after, int times, int no);
#define FAULT_SYMBOL "krux_fault"
/* How many calls of it there were since the last krux_fault. */
typedef int fault_calls_fn(const char *call);
#define FAULT_CALLS_SYMBOL "krux_fault_calls"

#endif
