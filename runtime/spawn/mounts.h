/* The mounts that a child has for itself, kept by the process that it came from until the child has ended: to take them down
 * waits for all processors, which whoever waits for the end of a call would wait for too. */
#ifndef KRUX_MOUNTS_H
#define KRUX_MOUNTS_H

/* Keeps mounts, which it takes, until that process has ended. Where there is no room, they go with it. */
void mounts_keep(int mounts, int pidfd);
/* Waits for the descriptor, and meanwhile gives up what nobody needs any more. -1 with errno. */
int mounts_wait(int fd);

#endif
