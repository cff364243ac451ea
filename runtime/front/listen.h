/* The two sockets of the daemon: made here, or handed over by systemd. */
#ifndef KRUX_LISTEN_H
#define KRUX_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct krux_err;

struct listen_socket {
	int fd;
	char *path;                    /* NULL: systemd's */
	dev_t dev;                     /* of the file that we have made, to remove no other */
	ino_t ino;
	struct timespec made;
};

/* The sockets that systemd passes (LISTEN_FDS), by their names agent and supervisor; takes these
 * variables out of the environment. 0: none were passed, 1: both are there; -1 with *err. */
int listen_inherit(struct listen_socket *agent, struct listen_socket *supervisor,
                   struct krux_err *err);
/* A connected Unix stream socket at that descriptor, which stays open. */
int listen_connected(int fd, struct listen_socket *out, struct krux_err *err);
/* Binds a socket at `path` with this mode and group ((gid_t)-1: as it is); nobody can connect until
 * listen_open. A socket file where nobody listens any more is replaced, anything else refused. */
int listen_make(const char *path, mode_t mode, gid_t group, struct listen_socket *out,
                struct krux_err *err);
int listen_open(const struct listen_socket *, struct krux_err *err);
/* Closes it and removes the file that we have made. */
void listen_close(struct listen_socket *);

/* Where the sockets are without other orders: "/run/krux/agent.sock" for root, else below
 * $XDG_RUNTIME_DIR. Makes that folder. Caller frees; NULL with *err. */
char *listen_default(const char *name, struct krux_err *err);

#endif
