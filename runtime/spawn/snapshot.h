/* Snapshots: all that a call which runs the workspace's code will see of it, to one digest of names, modes and contents, and
 * to a copy of just the bytes that were hashed. */
#ifndef KRUX_SNAPSHOT_H
#define KRUX_SNAPSHOT_H

#include "capspec/digest.h"
#include "capspec/value.h"

/* Of all that a call names. */
enum { SNAPSHOT_DEPTH = 64, SNAPSHOT_ENTRIES = 65536, SNAPSHOT_BYTES = 256 << 20 };
/* Of the copy: each file takes whole pages, and folders above a tree are made too. */
enum { SNAPSHOT_COPY_BYTES = SNAPSHOT_BYTES + SNAPSHOT_ENTRIES * 4096, SNAPSHOT_COPY_ENTRIES = SNAPSHOT_ENTRIES + 4096 };

struct snapshot {
	int workspace;                 /* on whose file system everything lies */
	int into;                      /* an empty folder, whose owner makes the copy; -1: none is made */
	uint64_t entries, bytes;       /* that there may be more; SNAPSHOT_ENTRIES, SNAPSHOT_BYTES at first */
	const char *why;               /* set by what returns false: a constant sentence; NULL: it cannot be read or copied */
};

/* All below an open folder, which is at `rest` below the workspace, n 0: itself. Symbolic links are what they say; whatever is
 * no file, folder or link is refused. Krux's own folder in the workspace is left out, and empty in the copy. */
bool snapshot_tree(struct snapshot *, int folder, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *entries,
                   uint64_t *bytes);
/* A regular file there, open for reading: the digest of its content alone. */
bool snapshot_file(struct snapshot *, int fd, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *bytes);

#endif
