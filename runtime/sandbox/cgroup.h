/* Control groups of version 2, for the daemon and what it runs. Nothing here touches those of
 * version 1. */
#ifndef KRUX_CGROUP_H
#define KRUX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct krux_err;

/* Controllers that calls are limited with, as bits. */
enum cgroup_controller { CGROUP_MEMORY = 1, CGROUP_PIDS = 2, CGROUP_CONTROLLERS = 3 };

/* Opens the group that the calling process is in, or was in before it settled, to make others below it: as root wherever
 * cgroup v2 is mounted, as anybody else where that part of the tree was delegated. -1 with *err: there is none. */
int cgroup_own(struct krux_err *err);
/* Lets groups below that one have controllers. The kernel refuses that where processes live in it, unless it is the root
 * of all: where the caller lives there alone, it moves itself into a group NAME below, once. What cannot be had is seen by
 * its files, which are missing. */
void cgroup_settle(const char *name);
/* Takes back what cgroup_settle did, once nothing else is below. */
void cgroup_unsettle(void);
/* Lets those below a group have its controllers, unless processes live in it and it is not the root of all. Those that they
 * have then. */
unsigned cgroup_pass(int group);
/* Controllers with which a group can be limited as calls are: memory where swap can be kept from it too. */
unsigned cgroup_has(int group);
/* A new group below `above`; an empty one of that name that was left behind is removed before. -1 with *err, where one
 * cannot be: what lives in it would share what is limited and ended. */
int cgroup_make(int above, const char *name, struct krux_err *err);
/* Forks into a group (-1: stays where it is). As fork. */
pid_t cgroup_fork(int group);
/* Writes one of the group's files, such as "memory.max". */
int cgroup_set(int group, const char *name, const char *text, struct krux_err *err);
/* One of its files, as far as there is room. False: there is none. */
enum { CGROUP_TEXT = 4096 };
bool cgroup_text(int group, const char *name, char text[static CGROUP_TEXT]);
/* The number after a word that a line of such a file begins with, such as "oom_kill" in "memory.events", or the whole of it
 * (word NULL). False: there is no such word, or no number. */
bool cgroup_number(const char *text, const char *word, uint64_t *out);
/* Both. */
bool cgroup_get(int group, const char *name, const char *word, uint64_t *out);
/* cgroup_text of one of its files that is open for reading already, which takes a quarter of the time; -1: there is none. */
bool cgroup_again(int fd, char text[static CGROUP_TEXT]);
/* The greatest memory of a group, open for reading; -1: Linux before 5.19, or no such controller. *anew: cgroup_peak_anew lets
 * it count anew from now on for who reads that descriptor (Linux 6.12). */
int cgroup_peak_open(int group, bool *anew);
bool cgroup_peak_anew(int peak);
/* Kills all that is in it and below, at once. */
int cgroup_kill(int group, struct krux_err *err);
/* All that is in it and below stands still, or goes on. What is killed ends all the same. */
int cgroup_freeze(int group, bool still, struct krux_err *err);
/* Nothing lives in it or below. */
bool cgroup_empty(int group);
/* Removes an empty group and those below it. */
int cgroup_remove(int above, const char *name, struct krux_err *err);
/* Ends and removes the groups whose name begins with the prefix and ends with a hyphen and the number of a process that
 * is gone: it was killed before it could. Nothing of them lives when it returns 0. */
int cgroup_sweep(int above, const char *prefix, struct krux_err *err);

#endif
