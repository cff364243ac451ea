/* Agents and supervisors of a gate that a test plays all others for. */
#include "tests/unit/gate_world.h"

#include "runtime/base/loop.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client *client_of(int fd)
{
	struct client *c = calloc(1, sizeof *c);

	c->fd = fd;
	c->file = -1;
	ck_assert_int_ge(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

struct client *client_connect(bool supervisor)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", world.root, supervisor ? "supervisors" : "agents");
	ck_assert(!connect(fd, (struct sockaddr *)&a, sizeof a));
	return client_of(fd);
}

void client_close(struct client *c)
{
	close(c->fd);
	if (c->file >= 0)
		close(c->file);
	free(c->body);
	free(c);
	world_turn(5);
}

void client_raw(struct client *c, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t k = send(c->fd, at, n, MSG_NOSIGNAL);

		if (k > 0) {
			at += k;
			n -= (size_t)k;
		} else if (errno != EAGAIN) {
			return;
		} else {
			world_turn(5);
		}
	}
}

void client_send(struct client *c, const struct frame *f)
{
	size_t n = frame_encode(f, NULL, 0);
	uint8_t *p = malloc(n);

	ck_assert_uint_gt(n, 0);
	frame_encode(f, p, n);
	client_raw(c, p, n);
	free(p);
}

/* 1: a frame is there, 0: none yet, -1: the end. */
static int client_take(struct client *c)
{
	unsigned to = FRAME_TO_AGENT | FRAME_TO_SUPERVISOR;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * 8)];
	} control;
	struct iovec v = { c->buf + c->n, sizeof c->buf - c->n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	const char *why = "";
	size_t length;
	ssize_t k;

	for (;;) {
		if (c->n >= 4) {
			length = (size_t)c->buf[0] << 24 | (size_t)c->buf[1] << 16 | (size_t)c->buf[2] << 8 | c->buf[3];
			ck_assert_uint_lt(length, sizeof c->buf - 4);
			if (c->n >= 4 + length)
				break;
		}
		v.iov_base = c->buf + c->n;
		v.iov_len = sizeof c->buf - c->n;
		m.msg_controllen = sizeof control;
		k = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (k < 0 && errno == EAGAIN)
			return 0;
		if (k <= 0)
			return -1;
		for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
			memcpy(&c->file, CMSG_DATA(h), sizeof c->file);
		c->n += (size_t)k;
	}
	free(c->body);
	c->body = malloc(length + 1);
	memcpy(c->body, c->buf + 4, length);
	memmove(c->buf, c->buf + 4 + length, c->n -= 4 + length);
	ck_assert_msg(!frame_decode(to, (struct krux_str){ (char *)c->body, length }, &c->last, &why), "%s", why);
	return 1;
}

const struct frame *client_wait(struct client *c)
{
	uint64_t until = loop_clock() + UINT64_C(20000000000);
	int rc;

	while (!(rc = client_take(c))) {
		ck_assert_msg(loop_clock() < until, "no frame comes");
		while (gates_turn())
			;
		gates_wait(c->fd, 5);
	}
	return rc > 0 ? &c->last : NULL;
}

void frame_refuses(const struct frame *e, uint64_t id, enum frame_error code)
{
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->kind, FRAME_ERROR);
	ck_assert(e->has_id && e->id == id);
	ck_assert_msg(e->error.code == code, "%s: %.*s", frame_error_word((unsigned)e->error.code), (int)e->error.why.n,
	              e->error.why.p);
}

bool client_quiet(struct client *c)
{
	static const struct frame ping = { .kind = FRAME_PING, .has_id = true, .id = 0x7175696574 };

	gates_turn();
	client_send(c, &ping);
	return client_wait(c) && c->last.kind == FRAME_PONG && c->last.id == ping.id;
}

struct client *client_agent(const char *name, const char *token)
{
	struct client *c = client_connect(false);
	struct frame f = { .kind = FRAME_HELLO, .hello = { .version = 1, .agent = { name, strlen(name) }, .proof = FRAME_PROOF_TOKEN,
	                                                   .token = { token, strlen(token) }, .claimed = KRUX_STR("a test") } };

	client_send(c, &f);
	ck_assert_ptr_nonnull(client_wait(c));
	ck_assert_int_eq(c->last.kind, FRAME_WELCOME);
	return c;
}

struct client *client_supervisor(void)
{
	struct client *c = client_connect(true);

	client_send(c, &(struct frame){ .kind = FRAME_S_HELLO, .s_hello.version = 1 });
	ck_assert_ptr_nonnull(client_wait(c));
	ck_assert_int_eq(c->last.kind, FRAME_S_WELCOME);
	return c;
}

void client_call(struct client *c, uint64_t id, const char *capability, const char *json, unsigned flags)
{
	struct frame f = { .kind = FRAME_CALL, .has_id = true, .id = id,
		           .call = { .capability = { capability, strlen(capability) }, .json = { json, strlen(json) },
		                     .flags = flags, .has_flags = flags != 0 } };

	client_send(c, &f);
}

const struct frame *client_answer(struct client *c, uint64_t id, const char *capability, const char *json)
{
	const struct frame *f;

	client_call(c, id, capability, json, 0);
	f = client_wait(c);
	ck_assert_ptr_nonnull(f);
	ck_assert_msg(f->kind == FRAME_ANSWER, "%s: %.*s", frame_kind_word(f->kind),
	              f->kind == FRAME_ERROR ? (int)f->error.why.n : 0, f->kind == FRAME_ERROR ? f->error.why.p : "");
	ck_assert_uint_eq(f->id, id);
	return f;
}

bool frame_says(struct krux_str s, const char *text)
{
	return s.p && memmem(s.p, s.n, text, strlen(text));
}

void client_decide(struct client *c, uint64_t id, const uint8_t *ticket, const char *decision, const char *name,
                   const struct krux_secret_key *key)
{
	uint8_t signature[64];
	char message[38];
	struct frame f = { .kind = FRAME_S_DECIDE, .has_id = true, .id = id,
		           .s_decide = { .ticket = ticket, .decision = { decision, 6 }, .approver = { name, strlen(name) },
		                         .signature = signature } };

	memcpy(message, ticket, 32);
	memcpy(message + 32, decision, 6);
	ck_assert(krux_key_sign(key, FRAME_DOMAIN_APPROVE, (struct krux_str){ message, 38 }, signature));
	client_send(c, &f);
}
