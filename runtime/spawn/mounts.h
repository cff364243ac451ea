/* The mounts that a child has for itself, kept by the process that it came from until the child has ended: to take them down
 * waits for all processors, which whoever waits for the end of a call would wait for too. */
#ifndef KRUX_MOUNTS_H
#define KRUX_MOUNTS_H

/* The caller's namespace of that name ("mnt", "net"); proc is /proc. -1 with errno. */
int namespace_open(int proc, const char *name);
/* A byte over a socket, with a namespace, -1: without. -1 with errno. */
int namespace_say(int socket, int fd);
/* By the other end: that byte, with flags of recvmsg. The namespace, -1: it did not come, and -2: nor did the byte. */
int namespace_hear(int socket, int flags);

/* Keeps mounts, which it takes, until that process has ended. Where there is no room, they go with it. */
void mounts_keep(int mounts, int pidfd);
/* Waits for the descriptor, and meanwhile gives up what nobody needs any more. -1 with errno. */
int mounts_wait(int fd);

#endif
