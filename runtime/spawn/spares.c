/* A byte to a network namespace. A process of its own enters one after the other and hands each over, since what is handed
 * over has to have been somebody's; it goes back to its own before, so that nobody is in it. */
#include "runtime/spawn/spares.h"

#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whatever it cannot do it ends for, and then there are no spares. */
__attribute__((noreturn)) static void maker_be(int socket)
{
	const int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int own = proc < 0 ? -1 : openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	const int keep[] = { socket, proc, own };
	char byte;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "krux-spares");
	if (own < 0 || descriptors_rest(keep, 3))
		_exit(1);
	while (read(socket, &byte, 1) == 1) {
		if (unshare(CLONE_NEWNET) || (fd = namespace_open(proc, "net")) < 0 || namespaces_enter_network(own) ||
		    namespace_say(socket, fd))
			_exit(1);
		close(fd);
	}
	_exit(0);
}

void spares_open(struct spares *s, const struct probe *probe)
{
	int pair[2];

	*s = (struct spares){ .socket = -1 };
	if (!probe->root || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	s->pid = fork();
	if (!s->pid)
		maker_be(pair[1]);
	close(pair[1]);
	s->socket = pair[0];
	if (s->pid < 0) {
		s->pid = 0;
		spares_close(s);
	}
}

/* What failed may not the next time. Otherwise who makes them has ended, and is not left to be a zombie. */
static bool is_for_now(void)
{
	return errno == EAGAIN || errno == EINTR;
}

int spares_take(struct spares *s)
{
	int fd;

	if (!s->due || s->socket < 0)
		return -1;
	errno = 0;
	fd = namespace_hear(s->socket, MSG_DONTWAIT);
	s->due -= fd >= -1;
	if (fd == -2 && !is_for_now())
		spares_close(s);
	return fd < 0 ? -1 : fd;
}

void spares_tend(struct spares *s)
{
	while (s->socket >= 0 && s->due < SPARES) {
		if (send(s->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
			s->due++;
		else if (is_for_now())
			return;
		else
			spares_close(s);
	}
}

void spares_close(struct spares *s)
{
	if (s->socket >= 0)
		close(s->socket);
	if (s->pid) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	*s = (struct spares){ .socket = -1 };
}
