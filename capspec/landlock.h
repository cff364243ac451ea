/* Landlock (capspec/landlock.def) put on the calling process, for good: the same for calls, for Krux's own processes and
 * for the C compiler. 0, or -1 with errno. */
#ifndef KRUX_LANDLOCK_H
#define KRUX_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

struct landlock_grant {
	int fd;                    /* folder or file; O_PATH is enough */
	unsigned rights;           /* enum handler_right */
};

/* What the kernel has; 0: none. */
int landlock_abi(void);

/* These grants, and nothing else of files, TCP, abstract sockets and signals to others. */
int landlock_restrict(int abi, const struct landlock_grant *, size_t n);
/* The same one by one: a set of rules, which the last closes, whether or not it could put it on. */
int landlock_open(int abi);
/* The same without a word about the network and signals. */
int landlock_open_files(int abi);
int landlock_allow(int set, int abi, int fd, unsigned rights);
/* To connect to that port by TCP; before ABI 4 there is nothing to be said of ports. */
int landlock_allow_port(int set, int abi, uint16_t port);
int landlock_enforce(int set);
/* The same without a word about the network. */
int landlock_files(int abi, const struct landlock_grant *, size_t n);

#endif
