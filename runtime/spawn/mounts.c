/* Mounts and who has them to mounts that nobody has. A mount namespace is there as long as a process is in it or has it open. */
#include "runtime/spawn/mounts.h"

#include "runtime/spawn/pool.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static struct pollfd watched[1 + POOL_ALL];  /* the first is what is waited for; then processes */
static int kept[1 + POOL_ALL];
static unsigned nwatched = 1;

void mounts_keep(int mounts, int pidfd)
{
	int fd = nwatched == sizeof kept / sizeof *kept ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0) {
		close(mounts);
		return;
	}
	watched[nwatched] = (struct pollfd){ .fd = fd, .events = POLLIN };
	kept[nwatched++] = mounts;
}

int mounts_wait(int fd)
{
	watched[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	do {
		if (poll(watched, nwatched, -1) < 0)
			return -1;
		for (unsigned i = nwatched; --i;) {
			if (!watched[i].revents)
				continue;
			close(watched[i].fd);
			close(kept[i]);
			watched[i] = watched[--nwatched];
			kept[i] = kept[nwatched];
		}
	} while (!watched[0].revents);
	return 0;
}
