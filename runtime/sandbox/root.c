/* The host's tree to an empty folder: no path leads anywhere any more, descriptors alone do. */
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

int root_empty(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	/* Nothing of what follows reaches the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	/* Any folder will do; /proc is known to be there. */
	if (mount("none", "/proc", "tmpfs", flags, "size=4k,nr_inodes=2,mode=0555") ||
	    chdir("/proc"))
		return -1;
	/* New and old root in one place: the old one lies on top and is taken off. */
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		return -1;
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL))
		return -1;
	return chdir("/");
}
