/* The mounts that a child has for itself, kept by the process that it came from until the child has ended: to take them down
 * waits for all processors, which whoever waits for the end of a call would wait for too. */
#ifndef KRUX_MOUNTS_H
#define KRUX_MOUNTS_H

/* By a child: a byte over a socket, with its mounts if they can be had; proc is /proc, -1: without them. -1 with errno. */
int mounts_say(int socket, int proc);
/* By the other end: that byte. The mounts, -1: they did not come, and -2: nor did the byte. */
int mounts_hear(int socket);

/* Keeps mounts, which it takes, until that process has ended. Where there is no room, they go with it. */
void mounts_keep(int mounts, int pidfd);
/* Waits for the descriptor, and meanwhile gives up what nobody needs any more. -1 with errno. */
int mounts_wait(int fd);

#endif
