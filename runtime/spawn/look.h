/* What approvers see of files: path, digest and size of each, as a record's field `shown` has it. */
#ifndef KRUX_LOOK_H
#define KRUX_LOOK_H

#include "capspec/value.h"

struct krux_err;

enum { LOOK_FILES = 16, LOOK_PATH = 4096 };
enum { LOOK_ITEM = LOOK_FILES * (LOOK_PATH + 64) };
static const uint64_t look_size = UINT64_C(64) << 20;   /* of a file */

struct look {
	struct krux_str workspace;     /* canonical path on the host */
	struct krux_str path[LOOK_FILES];      /* "/workspace/..." */
	size_t n;
};

/* The body of a message LOOK. Negative: it is none. */
int look_read(const uint8_t *body, size_t n, struct look *, struct krux_err *err);
/* The paths of a field `shown`. */
int look_shown(struct krux_str shown, struct look *, struct krux_err *err);
/* Writes the list of those that are regular files of at most look_size bytes, beneath the folder and
 * through no link, with no more than the file system's blocking; its length, 0: it does not fit. */
size_t look_at(int workspace, const struct look *, uint8_t *out, size_t cap);

#endif
