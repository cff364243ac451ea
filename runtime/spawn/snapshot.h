/* Snapshots: all that a call which runs the workspace's code will see of it, to one digest of names, modes and contents, and
 * to a copy of just the bytes that were hashed. */
#ifndef KRUX_SNAPSHOT_H
#define KRUX_SNAPSHOT_H

#include "capspec/digest.h"
#include "capspec/value.h"

enum { SNAPSHOT_DEPTH = 64 };
/* What a copy takes beyond: files take whole pages, and folders above a tree are made too. */
enum { SNAPSHOT_ROOM = 256 << 20, SNAPSHOT_ABOVE = 4096 };
static const uint64_t snapshot_entries = 65536, snapshot_bytes = UINT64_C(256) << 20;     /* of all that a call names */

struct snapshot {
	int workspace;                 /* on whose file system everything lies */
	int into;                      /* an empty folder, whose owner makes the copy; -1: none is made */
	uint64_t entries, bytes;       /* that there may be more; snapshot_entries, snapshot_bytes at first */
	const char *why;               /* set by what returns false: a constant sentence; NULL: it cannot be read or copied */
};

/* All below an open folder, which is at `rest` below the workspace, n 0: itself. Symbolic links are what they say; whatever is
 * no file, folder or link is refused. Krux's own folder in the workspace is left out, and empty in the copy. */
bool snapshot_tree(struct snapshot *, int folder, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *entries,
                   uint64_t *bytes);
/* A regular file there, open for reading: the digest of its content alone. */
bool snapshot_file(struct snapshot *, int fd, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *bytes);

#endif
