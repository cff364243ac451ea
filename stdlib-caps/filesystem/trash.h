/* The trash: one folder a deletion, ID/origin with the path it had, ID/item the thing itself. */
#ifndef KRUX_TRASH_H
#define KRUX_TRASH_H

#include "stdlib-caps/common/change.h"

enum { TRASH_DAYS = 7 };

/* Makes the folder of a new deletion, with its origin on disk. The folder, or -1 with the call
 * failed. */
int trash_add(struct handler_call *, struct krux_str origin, uint64_t second,
              char id[static CHANGE_ID + 1]);
/* Opens one and reads its origin into a buffer of HANDLER_PATH + 1. -1 with the call failed. */
int trash_open(struct handler_call *, struct krux_str id, char *origin);
/* Removes what is left of a folder whose item is gone. */
void trash_drop(struct handler_call *, const char *id);
/* Removes for good what was deleted more than TRASH_DAYS before `second`, some of it a call. */
void trash_expire(struct handler_call *, uint64_t second);

#endif
