/* A folder with another owner: a mount of it by which what is one uid's on the disk is another's, and what that one makes
 * there is the first one's. The mount is a descriptor and in nobody's tree, and is gone with the last copy of it. */
#ifndef KRUX_IDMAP_H
#define KRUX_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

struct krux_err;

struct idmap {
	uid_t owner;                   /* on the disk */
	gid_t group;
	uid_t uid;                     /* as who they are seen */
	gid_t gid;
};

/* A user namespace for such mounts, in which nobody is: owner is seen as uid, all others as themselves, but that uid itself,
 * whose files on the disk are nobody's. Groups alike. Makes a process, which has ended by then. -1 with *err, whose no is
 * EOPNOTSUPP where the process's own does not have all ids, as root of some containers: there can be no such mounts. */
int idmap_namespace(const struct idmap *, struct krux_err *err);

/* The mount, as a path (O_PATH), of the folder and all that is mounted below it, with those attributes (MOUNT_ATTR_NOSUID
 * and others) besides; what is mounted on the machine afterwards, or on it, is not seen on the other. What is mounted below shows its
 * owners as they are, and so does the folder where users is -1. -1 with *err, whose no is EOPNOTSUPP where the
 * kernel, the file system or the mount that the folder lies on has none; the text names the file system then. */
int idmap_mount(int folder, int users, uint64_t attributes, struct krux_err *err);

#endif
