#include "tests/unit/outside.h"

#include "runtime/base/err.h"
#include "runtime/egress/egress.h"
#include "runtime/egress/resolver.h"
#include "tests/unit/names.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct proxy outside_proxy;
static struct channel to_egress;
static pid_t egress_pid, names_pid;

/* ---- names ---- */

static void address_add(struct resolved *r, uint8_t a, uint8_t d)
{
	uint8_t address[16] = { [10] = 0xFF, [11] = 0xFF, [12] = a, [15] = d };

	r->status = LINE_OK;
	memcpy(r->address[r->n++], address, 16);
}

static void name_answer(const char *name, int to)
{
	static int late[RESOLVER_MOST];
	static unsigned nlate;
	static bool turned;
	struct resolved r = { .status = LINE_NO_ANSWER };

	if (!strcmp(name, "silent.test")) {
		(void)!dup(to);
		return;
	}
	if (!strcmp(name, "late.test") && nlate < RESOLVER_MOST) {
		late[nlate++] = dup(to);
		return;
	}
	while (nlate)
		close(late[--nlate]);
	if (!strcmp(name, "none.test"))
		r.status = LINE_NO_NAME;
	if (!strcmp(name, "inside.test") || !strcmp(name, "mixed.test") || (!strcmp(name, "turns.test") && turned))
		address_add(&r, 10, 1);
	if (!strcmp(name, "here.test") || !strcmp(name, "mixed.test") || (!strcmp(name, "turns.test") && !turned))
		address_add(&r, 127, 1);
	if (!strcmp(name, "two.test")) {
		address_add(&r, 127, 1);
		address_add(&r, 127, 2);
	}
	turned |= !strcmp(name, "turns.test");
	ck_assert_int_eq(write(to, &r, sizeof r), sizeof r);
}

/* ---- the process ---- */

void outside_start(const char *named)
{
	struct egress_options o = { .resolver = -1, .proxy = outside_proxy };
	struct krux_err err;
	struct message m;
	struct pollfd p;
	int names[2], pair[2];

	ck_assert(!channel_pair(names, &err) && !channel_pair(pair, &err));
	names_pid = fork();
	if (!names_pid) {
		close(names[0]);
		close(pair[0]);
		close(pair[1]);
		names_run(names[1], name_answer);
	}
	close(names[1]);
	o.resolver = names[0];
	if (named)
		ck_assert(!named_add(&o.named, named, &err));
	egress_pid = fork();
	if (!egress_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		_exit(egress_run(pair[1], &o));
	}
	close(pair[1]);
	close(names[0]);
	ck_assert(!channel_open(&to_egress, pair[0], &err));
	p = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(channel_take(&to_egress, &m, &err), 1);
	ck_assert_uint_eq(m.kind, MESSAGE_READY);
}

bool outside_on(void)
{
	return egress_pid > 0;
}

void outside_stop(void)
{
	int status;

	channel_close(&to_egress);
	ck_assert_int_eq(waitpid(egress_pid, &status, 0), egress_pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(waitpid(names_pid, &status, 0), names_pid);
	egress_pid = names_pid = 0;
}

/* ---- lines ---- */

struct message_target outside_target(const char *host, uint16_t port)
{
	struct message_target t = { .port = port };

	strncpy(t.host, host, sizeof t.host - 1);
	return t;
}

int outside_line(uint64_t cookie, const struct message_target *t, unsigned n)
{
	const struct part part = { t, n * sizeof *t };
	struct krux_err err;
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ck_assert(!channel_put_fds(&to_egress, MESSAGE_LINE, cookie, &part, 1, &pair[1], 1, &err));
	ck_assert_int_eq(channel_flush(&to_egress, &err), 1);
	close(pair[1]);
	return pair[0];
}

int outside_ask(int line, const struct line_ask *ask, struct line_reply *out)
{
	ck_assert_int_eq(write(line, ask, sizeof *ask), sizeof *ask);
	return outside_heard(line, out);
}

int outside_heard(int line, struct line_reply *out)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec v = { out, sizeof *out };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	struct pollfd p = { .fd = line, .events = POLLIN };
	const struct cmsghdr *c;
	int fd = -1;

	ck_assert_int_eq(poll(&p, 1, 60000), 1);
	ck_assert_int_eq(recvmsg(line, &m, MSG_CMSG_CLOEXEC), sizeof *out);
	c = CMSG_FIRSTHDR(&m);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

void outside_over(uint64_t cookie, struct message_lined *used, unsigned n)
{
	struct pollfd p = { .fd = to_egress.fd, .events = POLLIN };
	struct krux_err err;
	struct message m;
	int rc;

	while (!(rc = channel_take(&to_egress, &m, &err)))
		ck_assert_int_eq(poll(&p, 1, 60000), 1);
	ck_assert_int_eq(rc, 1);
	ck_assert_uint_eq(m.kind, MESSAGE_LINED);
	ck_assert_uint_eq(m.cookie, cookie);
	ck_assert_uint_eq(m.n, n * sizeof *used);
	memcpy(used, m.body, m.n);
}

int outside_listen(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof a;

	ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a) && !listen(fd, 16));
	ck_assert(!getsockname(fd, (struct sockaddr *)&a, &n));
	*port = ntohs(a.sin_port);
	return fd;
}
