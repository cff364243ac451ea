/* Redis with an append-only file: a server of its own in the bench's folder, reached over a Unix
 * socket, n commands sent at once and n answers waited for. */
#include "bench/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis {
	pid_t pid;
	int fd;
	char *out;
	size_t cap;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench: redis: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void server_run(const char *folder, const char *socket_path, const char *fsync)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path, "--dir", folder,
	       "--save", "", "--appendonly", "yes", "--appendfsync", fsync, "--daemonize", "no", (char *)NULL);
	_exit(127);
}

/* The server makes its socket when it is ready; false: it ended before. */
static bool server_reach(struct redis *r, const struct sockaddr_un *at)
{
	for (unsigned i = 0; i < 500; i++) {
		r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (r->fd >= 0 && !connect(r->fd, (const struct sockaddr *)at, sizeof *at))
			return true;
		close(r->fd);
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid) {
			r->pid = -1;
			return false;
		}
		usleep(10000);
	}
	return false;
}

static void end(struct peer *p)
{
	struct redis *r = p->state;

	if (!r)
		return;
	close(r->fd);
	if (r->pid > 0) {
		kill(r->pid, SIGTERM);
		waitpid(r->pid, NULL, 0);
	}
	free(r->out);
	free(r);
	p->state = NULL;
}

static bool open_as(struct peer *p, const char *folder, const char *fsync, char why[static 128])
{
	struct redis *r = calloc(1, sizeof *r);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char own[PATH_MAX];
	int n;

	if (!r || !realpath(folder, own) || strlen(own) > 64)
		fail(folder);
	snprintf(own + strlen(own), 32, "/redis-%s", fsync);
	if (mkdir(own, 0700))
		fail(own);
	n = snprintf(at.sun_path, sizeof at.sun_path, "%.80s/redis.sock", own);
	if (n < 0)
		fail(own);
	r->pid = fork();
	if (!r->pid)
		server_run(own, at.sun_path, fsync);
	p->state = r;
	if (r->pid > 0 && server_reach(r, &at))
		return true;
	snprintf(why, 128, "redis-server is not there, or does not start");
	r->fd = -1;
	end(p);
	return false;
}

static bool open_always(struct peer *p, const char *folder, char why[static 128])
{
	return open_as(p, folder, "always", why);
}

static bool open_everysec(struct peer *p, const char *folder, char why[static 128])
{
	return open_as(p, folder, "everysec", why);
}

static void send_all(struct redis *r, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = write(r->fd, r->out + done, n - done);

		if (w <= 0)
			fail("write");
		done += (size_t)w;
	}
}

/* Each answer is ":NUMBER" CR LF. */
static void answers_take(struct redis *r, unsigned n)
{
	char in[16384];

	while (n) {
		ssize_t got = read(r->fd, in, sizeof in);

		if (got <= 0)
			fail("read");
		for (ssize_t i = 0; i < got; i++) {
			if (in[i] == '-')
				fail("an error");
			n -= in[i] == '\n';
		}
	}
}

static void put(struct peer *p, const void *value, size_t size, unsigned n)
{
	struct redis *r = p->state;
	size_t need = n * (size + 64), k = 0;

	if (r->cap < need) {
		free(r->out);
		r->cap = need;
		r->out = malloc(need);
		if (!r->out)
			abort();
	}
	for (unsigned i = 0; i < n; i++) {
		k += (size_t)snprintf(r->out + k, need - k, "*3\r\n$5\r\nRPUSH\r\n$3\r\nlog\r\n$%zu\r\n", size);
		memcpy(r->out + k, value, size);
		k += size;
		memcpy(r->out + k, "\r\n", 2);
		k += 2;
	}
	send_all(r, k);
	answers_take(r, n);
}

const struct peer peer_redis_always = { "Redis appendfsync always", open_always, put, end, NULL };
const struct peer peer_redis_everysec = { "Redis appendfsync everysec", open_everysec, put, end, NULL };
