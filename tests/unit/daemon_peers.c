/* What the parent's processes do, as far as it can tell: they say what they are to say, and end when they are to. */
#include "tests/unit/daemon_peers.h"

#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct shared *shared;

void nap(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

bool alive(pid_t pid)
{
	return pid && (!kill(pid, 0) || errno == EPERM);
}

bool flag_wait(const volatile bool *flag)
{
	for (int i = 0; i < 10000 && !*flag; i++)
		nap(1);
	return *flag;
}

/* ---- what they say ---- */

static void say(struct channel *c, enum message_kind kind, uint64_t cookie, const void *p, size_t n)
{
	struct part part = { p, n };

	if (channel_put(c, kind, cookie, &part, 1, NULL) || channel_flush(c, NULL) < 0)
		_exit(0);
}

/* Where the test holds it, when it may; `heard` when nothing of it waits in the socket any more. */
static void ready_say(struct channel *c, enum process_kind kind, uint64_t cookie)
{
	const bool held = shared->hold;
	int waiting = 1;

	if (held && !flag_wait(&shared->may[kind]))
		_exit(3);
	say(c, MESSAGE_READY, cookie, NULL, 0);
	if (!held)
		return;
	shared->said[kind] = true;
	for (int i = 0; shared->hold && i < 10000 && waiting; i++) {
		if (ioctl(c->fd, SIOCOUTQ, &waiting))
			_exit(3);
		nap(1);
	}
	shared->heard[kind] = !waiting;
}

static int refuse(struct channel *c, const char *why, int code)
{
	say(c, MESSAGE_REFUSED, 0, why, strlen(why));
	return code;
}

static void gone_check(uint64_t n, bool known[static 256])
{
	if (n >= 256 || !known[n])
		shared->orders++;
	else
		known[n] = false;
	for (unsigned i = 0; i < shared->ncalls && i < CALLS; i++)
		if (shared->call_of[i] == n && alive(shared->call[i]))
			shared->too_early++;
	shared->gone++;
}

static int recorder(int parent, const struct begin *o)
{
	bool known[256] = { false };
	struct channel c;
	struct message m;
	int rc;

	shared->pid[PROCESS_RECORDER] = getpid();
	if (channel_open(&c, parent, NULL) || fcntl(o->fd[BEGIN_LOG], F_GETFD) < 0 || fcntl(o->fd[BEGIN_KEYS], F_GETFD) < 0)
		return 3;
	if (shared->refuse_log)
		return refuse(&c, "the log is in use", 3);
	say(&c, MESSAGE_READY, 0, NULL, 0);
	for (;;) {
		struct pollfd p = { parent, POLLIN, 0 };
		uint64_t n = 0;

		rc = channel_take(&c, &m, NULL);
		if (rc < 0)
			return 0;
		if (!rc) {
			poll(&p, 1, -1);
			continue;
		}
		if (m.n == sizeof n)
			memcpy(&n, m.body, sizeof n);
		if (m.kind == MESSAGE_STOP)
			return 0;
		if (m.kind == MESSAGE_GENERATION && n < 256)
			known[n] = m.nfds == 2;
		if (m.kind == MESSAGE_GONE)
			gone_check(n, known);
		message_close_fds(&m);
	}
}

/* Starts a call's process, which starts another that nobody waits for: only a subreaper finds it. */
static void call_start(uint64_t generation)
{
	unsigned at = __atomic_fetch_add(&shared->ncalls, 2, __ATOMIC_SEQ_CST) % (CALLS - 1);
	pid_t pid = fork();

	if (!pid) {
		pid_t deeper = fork();

		shared->call_of[at] = shared->call_of[at + 1] = generation;
		if (!deeper) {
			setsid();
			shared->call[at] = getpid();
		} else {
			shared->call[at + 1] = getpid();
		}
		nap(20 + (unsigned)getpid() % 50);
		_exit(0);
	}
}

static int spawner(int parent, const struct begin *o)
{
	struct channel c;
	struct message m;
	int rc;

	signal(SIGCHLD, SIG_IGN);
	shared->pid[PROCESS_SPAWNER] = shared->member[o->generation][PROCESS_SPAWNER] = getpid();
	if (channel_open(&c, parent, NULL))
		return 3;
	ready_say(&c, PROCESS_SPAWNER, 0);
	for (;;) {
		struct pollfd p[3] = { { parent, POLLIN, 0 }, { o->fd[BEGIN_GATE], POLLIN, 0 },
			               { o->fd[BEGIN_HANDLER], POLLIN, 0 } };
		char run[64];

		poll(p, 3, -1);
		if (p[2].revents)
			return 3;
		rc = channel_take(&c, &m, NULL);
		if (rc < 0 || (rc > 0 && m.kind == MESSAGE_STOP))
			return 0;
		if (p[1].revents) {
			if (recv(o->fd[BEGIN_GATE], run, sizeof run, MSG_DONTWAIT) <= 0) {
				nap(30);
				return 0;
			}
			call_start(o->generation);
		}
	}
}

/* Says nothing, and is gone when its spawner is. */
static int handler(int spawner, const struct begin *o)
{
	struct pollfd p = { spawner, POLLIN, 0 };

	shared->pid[PROCESS_HANDLER] = shared->member[o->generation][PROCESS_HANDLER] = getpid();
	poll(&p, 1, -1);
	return 0;
}

/* One packet of the channel between two gates. */
static void handover(const struct message *m, bool old)
{
	char byte = 0;

	if (old) {
		shared->handovers++;
		if (write(m->fd[0], "d", 1) != 1)
			_exit(1);
		_exit(0);
	}
	/* It is not blocking; the old one may take its time. */
	for (int i = 0; i < 1000 && read(m->fd[0], &byte, 1) < 0 && errno == EAGAIN; i++)
		nap(1);
	shared->dones += byte == 'd';
}

static int gate(int parent, const struct begin *o)
{
	struct channel c;
	struct message m;
	int socket = -1, rc;
	struct stat st;

	shared->pid[PROCESS_GATE] = shared->member[o->generation][PROCESS_GATE] = getpid();
	if (channel_open(&c, parent, NULL) || fstat(o->fd[BEGIN_BUNDLE], &st) || fcntl(o->fd[BEGIN_RECORDER], F_GETFD) < 0)
		return 3;
	if (shared->refuse_bundle)
		return refuse(&c, "bundle x: its signature does not hold", 2);
	if (shared->silent)
		nap(100000);
	ready_say(&c, PROCESS_GATE, 1000 + o->generation);
	for (;;) {
		struct pollfd p = { parent, POLLIN, 0 };

		poll(&p, 1, 1);
		if (socket >= 0 && (rc = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
			shared->accepted++;
			close(rc);
		}
		/* The load: a call each millisecond. */
		if (socket >= 0 && !shared->calm && send(o->fd[BEGIN_SPAWNER], "run", 3, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE)
			nap(1);
		rc = channel_take(&c, &m, NULL);
		if (rc < 0)
			return 0;
		if (!rc)
			continue;
		switch (m.kind) {
		case MESSAGE_START:
			socket = m.fd[0];
			close(m.fd[1]);
			fcntl(socket, F_SETFL, O_NONBLOCK);
			shared->bundle_size = (uint64_t)st.st_size;
			shared->starts++;
			/* As where its channel is closed and nobody has seen that yet. */
			if (shared->deaf)
				shutdown(parent, SHUT_RD);
			shared->generation = o->generation;
			if (!shared->deaf)
				break;
			shared->left = flag_wait(&shared->may_leave);
			return 0;
		case MESSAGE_HANDOVER:
			handover(&m, socket >= 0);
			message_close_fds(&m);
			break;
		case MESSAGE_STOP:
			while (shared->stuck)
				nap(100);
			return 0;
		default:
			_exit(9);
		}
	}
}

int peer_run(enum process_kind kind)
{
	static int (*const act[])(int, const struct begin *) = { gate, recorder, spawner, handler };
	struct begin b;
	int code = part_begin(kind, &b);

	if (code)
		return code;
	/* It gets nothing of the state, and is gone when its spawner is. */
	if (kind >= PROCESS_WEB)
		return poll(&(struct pollfd){ BEGIN_CHANNEL, POLLIN, 0 }, 1, -1) < 0;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, b.fd[BEGIN_TRUST], 0);
	return shared == MAP_FAILED ? 3 : act[kind](BEGIN_CHANNEL, &b);
}
