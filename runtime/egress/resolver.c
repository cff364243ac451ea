/* A name to addresses, each in a process of its own. */
#include "runtime/egress/resolver.h"

#include "runtime/base/err.h"
#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RESOLVER_FAILED = 3 };

static void address_take(const struct sockaddr *a, struct resolved *out)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	uint8_t *to = out->address[out->n];

	if (a->sa_family == AF_INET) {
		memcpy(to, mapped, sizeof mapped);
		memcpy(to + 12, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	} else if (a->sa_family == AF_INET6) {
		memcpy(to, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
	} else {
		return;
	}
	out->n++;
}

/* The name as it is: to no other domain that this machine's names are looked for in. */
static void name_look_up(const char *host, struct resolved *out)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int rc;

	*out = (struct resolved){ .status = LINE_NO_ANSWER };
	if (res_init())
		return;
	_res.options &= ~(RES_DEFNAMES | RES_DNSRCH);
	rc = getaddrinfo(host, NULL, &hints, &list);
	if (rc == EAI_NONAME || rc == EAI_NODATA)
		out->status = LINE_NO_NAME;
	if (rc)
		return;
	for (const struct addrinfo *a = list; a && out->n < LINE_ADDRESSES; a = a->ai_next)
		address_take(a->ai_addr, out);
	out->status = out->n ? LINE_OK : LINE_NO_NAME;
}

/* It ends with its work or with its time. */
static void lookup_run(const char *host, int pipe) __attribute__((noreturn));

static void lookup_run(const char *host, int pipe)
{
	struct resolved r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(RESOLVER_SECONDS);
	name_look_up(host, &r);
	(void)!write(pipe, &r, sizeof r);
	_exit(0);
}

static void lookup_take(int socket, struct message *m)
{
	if (m->kind != MESSAGE_LOOKUP || m->nfds != 1 || !m->n || m->n > LINE_HOST || m->body[m->n - 1])
		_exit(RESOLVER_FAILED);
	if (!fork()) {
		close(socket);
		lookup_run((const char *)m->body, m->fd[0]);
	}
	/* A fork that failed closes the pipe without a word, which is an answer too. */
	message_close_fds(m);
}

void resolver_run(int socket, int (*confine)(void *ctx), void *ctx)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };
	struct channel channel;
	struct message m;
	int rc;

	prctl(PR_SET_NAME, "krux-resolver");
	signal(SIGCHLD, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || channel_open(&channel, socket, NULL) || confine(ctx))
		_exit(RESOLVER_FAILED);
	for (;;) {
		while ((rc = channel_take(&channel, &m, NULL)) > 0)
			lookup_take(socket, &m);
		if (rc < 0 || (poll(&p, 1, -1) < 0 && errno != EINTR))
			_exit(0);
	}
}

int resolver_ask(int socket, const char *host, int *out, struct krux_err *err)
{
	const struct part name = { host, strlen(host) + 1 };
	int pair[2], rc;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK))
		return err_set(err, errno, "look a name up");
	rc = message_send(socket, MESSAGE_LOOKUP, 0, &name, 1, &pair[1], 1, err);
	close(pair[1]);
	if (rc <= 0) {
		close(pair[0]);
		return rc ? -1 : err_set(err, 0, "too many names are looked up");
	}
	*out = pair[0];
	return 0;
}
