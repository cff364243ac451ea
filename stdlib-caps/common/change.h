/* Changing the workspace: one change at a time, prepared aside, put in place by one rename. */
#ifndef KRUX_CHANGE_H
#define KRUX_CHANGE_H

#include "stdlib-caps/common/handler.h"

enum { CHANGE_ID = 24 };

/* To be called first in `open`: waits for the workspace's other changes. Only what is looked up
 * after it keeps its path until the change is made. */
bool change_lock(struct handler_call *);
/* After change_lock: opens the store and the folder of unfinished files, removes what killed calls
 * left there. */
bool change_begin(struct handler_call *);
/* 24 hex digits: 8 of the second since 1970 given, 16 random. */
bool change_id(struct handler_call *, uint64_t second, char id[static CHANGE_ID + 1]);
/* A new empty file among the unfinished ones; the descriptor, or -1 with the call failed. */
int change_file(struct handler_call *, char id[static CHANGE_ID + 1]);
/* All bytes, or the call failed. */
bool change_write(struct handler_call *, int fd, const void *bytes, size_t n, struct krux_str path);
/* Syncs the file, gives it its permissions and its name, syncs the folder. What is there already is
 * replaced when `replace`, else the call fails with Exists. On failure the file is gone. */
bool change_install(struct handler_call *, int fd, const char *id, const struct place *, mode_t,
                    bool replace);
/* Renames and syncs both folders. */
bool change_rename(struct handler_call *, int from, const char *name, const struct place *,
                   bool replace);
/* What overwriting needs: a regular file with one name, or nothing. *there says which. */
bool change_replaceable(struct handler_call *, const struct place *, struct stat *, bool *there);
/* Removes name and all below it, at most *budget entries of it. False: something is left. */
bool change_remove(int folder, const char *name, unsigned *budget);

#endif
