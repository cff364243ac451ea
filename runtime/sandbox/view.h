/* What a command's program sees: a root of its own with the host's programs, and the workspace or an overlay over it. */
#ifndef KRUX_VIEW_H
#define KRUX_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct view {
	/* As root a mount of the folder that is in nobody's tree (idmap.h), and goes into this one; else the folder, which is mounted
	 * by its path. -1: /workspace is empty. */
	int workspace;
	/* Fills an empty folder, which is the owner's, with what /workspace is to show, before anybody sees it; -1 with errno.
	 * NULL: that is the workspace. */
	int (*fill)(void *ctx, int folder);
	void *ctx;
	uint64_t filled, entries;  /* most bytes and names that it puts there */
	bool changes;              /* an overlay stands before it, else it is read-only */
	const char *hidden;        /* the name of a folder in it that is not shown */
	bool executes;             /* what lies in /workspace and /tmp can be executed */
	bool root;                 /* the caller is root outside of any user namespace */
	uint64_t size;             /* most bytes that overlay and /tmp hold together */
	uid_t owner;               /* of /tmp and of the overlay's root */
	gid_t group;
	int upper;                 /* made: the folder that has the overlay's changes; -1: there is none */
	int lower;                 /* made: what was filled, read-only; -1: nothing was */
};

/* In two steps, of which the first may be that of a process whose children take the second, each in a mount namespace of
 * its own. Both -1 with errno.
 * The caller's root from now on: read-only, with what is of the host and the workspace. proc: the host's /proc. */
int view_share(int proc, const struct view *);
/* What is written, and processes: /tmp, the overlay, /proc. */
int view_own(struct view *);

/* Folders and files of it that its user may need, in the order of what is asked for. */
enum view_place { VIEW_PROC, VIEW_DEV, VIEW_ETC, VIEW_TMP, VIEW_WORKSPACE, VIEW_HOST };
/* The path of the i-th place from VIEW_HOST on, of what it has of the host; NULL: there are no more. */
const char *view_place(unsigned i);

#endif
