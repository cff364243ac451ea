/* Another gate takes over: what moves to it, what becomes of tickets, and that no client notices. */
#include "tests/unit/gate_steps.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void hand(struct world_gate *g, int fd)
{
	struct krux_err err;

	channel_put_fds(&g->parent, MESSAGE_HANDOVER, 0, NULL, 0, &fd, 1, &err);
}

/* Given by the old gate, and on its way. */
static void leave(int fd[static 2])
{
	struct krux_err err;

	ck_assert(!channel_pair(fd, &err));
	hand(&world.gate[0], fd[0]);
	close(fd[0]);
	world_until(poll(&(struct pollfd){ .fd = fd[1], .events = POLLIN }, 1, 0) == 1);
	world_turn(20);
}

static void arrive(int fd)
{
	hand(&world.gate[1], fd);
	close(fd);
	world_turn(5);
	world_gate_start(&world.gate[1]);
	world_turn(20);
}

static void hand_over(void)
{
	struct krux_err err;
	int fd[2];

	ck_assert(!channel_pair(fd, &err));
	hand(&world.gate[1], fd[1]);
	world_turn(5);
	world_gate_start(&world.gate[1]);
	hand(&world.gate[0], fd[0]);
	close(fd[0]);
	close(fd[1]);
	world_turn(20);
}

START_TEST(connections_move)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor(), *n;

	f = client_answer(c, 1, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	world.runs = RUN_WAITS;
	client_call(d, 1, "filesystem.read", one, 0);
	world_until(world.nruns == 2);
	world_second(NULL);
	hand_over();
	world.runs = RUN_ANSWERS;
	/* The new gate knows what was counted by the old. */
	for (uint64_t id = 2; id <= 4; id++) {
		f = client_answer(c, id, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
		ck_assert_uint_eq(f->answer.end, id < 4 ? FRAME_END_DONE : FRAME_END_DENIED);
	}
	client_send(s, &(struct frame){ .kind = FRAME_S_STATUS, .has_id = true, .id = 4 });
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_ANSWER);
	n = client_agent("builder", "builder-token");
	client_close(n);
	/* What runs is answered by the old one, and then moves too. */
	world_finish(&world.run[1], RUN_ANSWERS);
	answered(d, 1, FRAME_END_DONE);
	f = client_answer(d, 2, "filesystem.read", one);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	f = client_answer(d, 3, "filesystem.read", one);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(c);
	client_close(d);
	client_close(s);
}
END_TEST

static struct frame hello_of(const char *agent, enum frame_proof proof, const char *token)
{
	return (struct frame){ .kind = FRAME_HELLO, .hello = { .version = 1, .agent = { agent, strlen(agent) }, .proof = proof,
		                                               .token = { token, token ? strlen(token) : 0 } } };
}

static void half_send(struct client *c, const struct frame *what, bool second)
{
	uint8_t bytes[512];
	size_t n = frame_encode(what, bytes, sizeof bytes);

	client_raw(c, second ? bytes + n / 2 : bytes, second ? n - n / 2 : n / 2);
}

static void welcomed(struct client *c)
{
	f = client_wait(c);
	ck_assert_ptr_nonnull(f);
	ck_assert_msg(f->kind == FRAME_WELCOME || f->kind == FRAME_S_WELCOME, "%s: %.*s", frame_kind_word(f->kind),
	              f->kind == FRAME_ERROR ? (int)f->error.why.n : 0, f->kind == FRAME_ERROR ? f->error.why.p : "");
}

/* And the spawner was told. */
static void cancel(struct client *c, uint64_t id, const struct world_run *run)
{
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = id });
	world_until(run->cancelled);
}

/* What still runs at the gate that leaves can be ended, whatever was asked for behind it. */
START_TEST(cancels_reach_the_old_gate)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token");
	uint8_t lots[3000];

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	client_call(c, 2, "filesystem.read", "{\"path\":\"/workspace/b\"}", 0);
	world_until(world.nruns == 2);
	client_call(d, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 3);
	world_second(NULL);
	hand_over();
	cancel(c, 1, &world.run[0]);
	ck_assert(!world.run[1].cancelled && !world.run[2].cancelled);
	f = client_wait(c);
	ck_assert(f->id == 1 && f->answer.end == FRAME_END_KILLED);
	/* For the next gate, and behind it one for this. */
	world.runs = RUN_ANSWERS;
	client_call(c, 3, "filesystem.read", "{\"path\":\"/workspace/c\"}", 0);
	cancel(c, 2, &world.run[1]);
	f = client_wait(c);
	ck_assert(f->id == 2 && f->answer.end == FRAME_END_KILLED);
	f = client_wait(c);
	ck_assert(f->id == 3 && f->answer.end == FRAME_END_DONE);
	ck_assert_ptr_eq(world.run[3].gate, &world.gate[1]);
	f = client_answer(c, 4, "filesystem.read", "{\"path\":\"/workspace/c\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	/* In pieces. */
	{
		struct frame q = { .kind = FRAME_CANCEL, .has_id = true, .id = 1 };
		size_t n = frame_encode(&q, lots, sizeof lots);

		for (size_t i = 0; i < n; i++) {
			ck_assert(!world.run[2].cancelled);
			client_raw(d, lots + i, 1);
			world_turn(10);
		}
	}
	world_until(world.run[2].cancelled);
	f = client_wait(d);
	ck_assert(f->id == 1 && f->answer.end == FRAME_END_KILLED);
	f = client_answer(d, 2, "filesystem.read", "{\"path\":\"/workspace/c\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
	client_close(d);
}
END_TEST

/* More than is read for that waits for the next gate, and nothing of it is lost. */
START_TEST(what_is_asked_meanwhile_waits)
{
	struct client *c = client_agent("builder", "builder-token");
	char json[4096];
	uint64_t id;

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	world_second(NULL);
	hand_over();
	snprintf(json, sizeof json, "{\"path\":\"/workspace/%03000d\"}", 1);
	for (id = 2; id < 32; id++)
		client_call(c, id, "filesystem.read", json, 0);
	world_turn(50);
	ck_assert_uint_eq(world.nruns, 1);
	world.runs = RUN_ANSWERS;
	world_finish(&world.run[0], RUN_ANSWERS);
	for (id = 1; id < 32; id++) {
		f = client_wait(c);
		ck_assert(f->id == id);
	}
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT) + world_count(AUDIT_KIND_INVALID), 31);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
}
END_TEST

static void sent_away(struct client *c)
{
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_DRAINING && !f->has_id);
	ck_assert(frame_says(f->error.why, "connect again"));
	ck_assert_ptr_null(client_wait(c));
}

/* Who is still here is told, when what was asked has been answered; the tickets stay. */
START_TEST(the_next_gate_dies)
{
	struct client *idle = client_agent("builder", "builder-token"), *busy = client_agent("other", "other-token"),
		      *waits = client_agent("builder", "builder-token"), *s = client_supervisor(), *gone;
	int fd[2];

	defer(waits, 1, one, FRAME_FLAG_WAIT);
	world.runs = RUN_WAITS;
	client_call(busy, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	leave(fd);
	/* Those that moved go with it. */
	close(fd[1]);
	ck_assert_ptr_null(client_wait(idle));
	ck_assert_ptr_null(client_wait(waits));
	ck_assert_ptr_null(client_wait(s));
	/* What runs is cancelled where it was asked to be, and answered. */
	client_call(busy, 2, "filesystem.read", "{\"path\":\"/workspace/b\"}", 0);
	cancel(busy, 1, &world.run[0]);
	f = client_wait(busy);
	ck_assert(f && f->kind == FRAME_ANSWER && f->id == 1 && f->answer.end == FRAME_END_KILLED);
	sent_away(busy);
	ck_assert_uint_eq(world.nruns, 1);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	world_second(NULL);
	world_gate_start(&world.gate[1]);
	gone = client_agent("builder", "builder-token");
	ask(gone, 5, FRAME_TICKET_POLL);
	answered(gone, 5, FRAME_END_DEFERRED);
	client_close(idle);
	client_close(busy);
	client_close(waits);
	client_close(s);
	client_close(gone);
}
END_TEST

START_TEST(the_next_gate_was_dead)
{
	struct client *idle = client_agent("builder", "builder-token"), *waits = client_agent("builder", "builder-token"),
		      *s = client_supervisor(), *silent = client_connect(false);
	struct krux_err err;
	int fd[2];

	defer(waits, 1, one, FRAME_FLAG_WAIT);
	ck_assert(!channel_pair(fd, &err));
	close(fd[1]);
	hand(&world.gate[0], fd[0]);
	close(fd[0]);
	sent_away(idle);
	sent_away(waits);
	sent_away(silent);
	sent_away(s);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	ck_assert_uint_eq(world_count(AUDIT_KIND_WITHDRAWN), 0);
	client_close(idle);
	client_close(waits);
	client_close(s);
	client_close(silent);
}
END_TEST

/* Whatever of hello was sent, before or while the gates change, is answered as if they did not. */
START_TEST(strangers_move)
{
	struct frame token = hello_of("builder", FRAME_PROOF_TOKEN, "builder-token"), key = hello_of("keyed", FRAME_PROOF_KEY, NULL),
		     nobody = hello_of("nobody", FRAME_PROOF_KEY, NULL), ping = { .kind = FRAME_PING, .has_id = true, .id = 9 };
	struct client *silent = client_connect(false), *half = client_connect(false), *proving = client_connect(false),
		      *none = client_connect(false), *super = client_connect(true), *early = client_connect(false);
	uint8_t signature[64];
	char message[32 + 5];

	half_send(half, &token, false);
	client_send(proving, &key);
	f = client_wait(proving);
	ck_assert_int_eq(f->kind, FRAME_CHALLENGE);
	memcpy(message, f->challenge.nonce, 32);
	memcpy(message + 32, "keyed", 5);
	ck_assert(krux_key_sign(&world_ana, FRAME_DOMAIN_HELLO, (struct krux_str){ message, sizeof message }, signature));
	client_send(none, &nobody);
	f = client_wait(none);
	ck_assert_int_eq(f->kind, FRAME_CHALLENGE);
	world_second(NULL);
	/* These lie in the sockets while nobody reads. */
	client_send(early, &token);
	client_send(early, &ping);
	hand_over();
	half_send(half, &token, true);
	client_send(silent, &token);
	client_send(proving, &(struct frame){ .kind = FRAME_PROVE, .prove.signature = signature });
	client_send(none, &(struct frame){ .kind = FRAME_PROVE, .prove.signature = signature });
	client_send(super, &(struct frame){ .kind = FRAME_S_HELLO, .s_hello.version = 1 });
	welcomed(early);
	f = client_wait(early);
	ck_assert(f->kind == FRAME_PONG && f->id == 9);
	welcomed(half);
	welcomed(silent);
	welcomed(proving);
	welcomed(super);
	f = client_wait(none);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_UNAUTHORISED);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	f = client_answer(proving, 1, "system.ping", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(silent);
	client_close(half);
	client_close(proving);
	client_close(none);
	client_close(super);
	client_close(early);
}
END_TEST

/* A supervisor hears from the gate that he asked, and moves then. */
START_TEST(supervisors_get_their_answers)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, two, 0);
	world_second(NULL);
	world.held = true;
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	world_until(world_count(AUDIT_KIND_SIGNED) == 1);
	hand_over();
	world_ack();
	done(s);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	done(s);
	client_close(c);
	client_close(s);
}
END_TEST

/* The same policy: the ticket stays, with its signatures. */
START_TEST(tickets_survive)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, two, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_second(NULL);
	hand_over();
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
	client_close(s);
}
END_TEST

/* What a ticket let run is answered by the gate that runs it. */
START_TEST(tickets_that_run)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	world.runs = RUN_WAITS;
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_until(world.nruns == 1);
	world_second(NULL);
	hand_over();
	world_finish(&world.run[0], RUN_ANSWERS);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_send(c, &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = 2 });
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_PONG);
	client_close(c);
	client_close(s);
}
END_TEST

/* Who waits is told by the next gate what happened on the way there. */
START_TEST(tickets_end_on_the_way)
{
	struct client *c = client_agent("builder", "builder-token");
	struct record r = { 0 };
	int fd[2];

	defer(c, 1, one, FRAME_FLAG_WAIT);
	world_second(NULL);
	leave(fd);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_EXPIRED);
	record_bytes(&r, AUDIT_TICKET, ticket, 32);
	record_text(&r, AUDIT_WHY, "its time is over");
	world_append(&r);
	world_turn(20);
	arrive(fd[1]);
	answered(c, 1, FRAME_END_WITHDRAWN);
	client_close(c);
}
END_TEST

/* A registration that ends on the way ends the connection, though the name is there again. */
START_TEST(agents_change_on_the_way)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token");
	int fd[2];

	world_second(NULL);
	leave(fd);
	world_revoke("builder");
	world_register("builder");
	world_turn(20);
	arrive(fd[1]);
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_REVOKED);
	client_send(d, &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = 1 });
	f = client_wait(d);
	ck_assert(f && f->kind == FRAME_PONG);
	client_close(c);
	client_close(d);
}
END_TEST

/* Another policy with the same obligations: another ticket, signatures void, and who waits waits for
 * that one. */
START_TEST(tickets_are_renewed)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();
	uint8_t first[32];

	defer(c, 1, two, FRAME_FLAG_WAIT);
	memcpy(first, ticket, 32);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_second(world_other());
	hand_over();
	world_until(carry_tickets(world.carry) == 1 && memcmp(carry_ticket(world.carry, 0)->leaf, first, 32) != 0);
	memcpy(ticket, carry_ticket(world.carry, 0)->leaf, 32);
	ck_assert(memcmp(ticket, first, 32) != 0);
	ck_assert_uint_eq(carry_ticket(world.carry, 0)->naccepts, 0);
	ck_assert_uint_eq(world_count(AUDIT_KIND_EXPIRED), 1);
	client_decide(s, 2, first, "accept", "ben", &world_ben);
	refused(s, "no such ticket waits");
	client_decide(s, 3, ticket, "accept", "ben", &world_ben);
	done(s);
	ck_assert(client_quiet(c));
	client_decide(s, 4, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	/* By its first name too. */
	memcpy(ticket, first, 32);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DONE);
	client_close(c);
	client_close(s);
}
END_TEST

/* Another policy that asks for something else: expired. */
START_TEST(tickets_do_not_widen)
{
	struct client *c = client_agent("builder", "builder-token");

	defer(c, 1, one, FRAME_FLAG_WAIT);
	world_second(world_other());
	hand_over();
	answered(c, 1, FRAME_END_WITHDRAWN);
	ck_assert(frame_says(f->answer.why, "asks for something else"));
	client_close(c);
}
END_TEST

/* ---- under load ---- */

static void bytes_read(int fd, uint8_t *p, size_t n)
{
	for (ssize_t k; n; p += k, n -= (size_t)k) {
		k = recv(fd, p, n, 0);
		if (k <= 0)
			_exit(2);
	}
}

/* The next message is of this kind. */
static void kind_read(int fd, enum frame_kind kind)
{
	uint8_t head[4], body[1024];
	struct frame got;
	const char *why;
	size_t n;

	bytes_read(fd, head, sizeof head);
	n = (size_t)head[2] << 8 | head[3];
	if (head[0] || head[1] || n > sizeof body)
		_exit(3);
	bytes_read(fd, body, n);
	if (frame_decode(FRAME_TO_AGENT, (struct krux_str){ (char *)body, n }, &got, &why) || got.kind != kind)
		_exit(4);
}

static void frame_write(int fd, const struct frame *what)
{
	uint8_t bytes[512];
	size_t n = frame_encode(what, bytes, sizeof bytes);

	if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(5);
}

/* Connects, says hello, pings, goes, again and again; ends with 0 when it was told to, and with another
 * code when anything was not answered. */
static void restless(int until)
{
	struct frame hello = hello_of("builder", FRAME_PROOF_TOKEN, "builder-token"), ping = { .kind = FRAME_PING, .has_id = true };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char byte;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/agents", world.root);
	while (recv(until, &byte, 1, MSG_DONTWAIT) < 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&at, sizeof at))
			_exit(1);
		frame_write(fd, &hello);
		kind_read(fd, FRAME_WELCOME);
		for (ping.id = 1; ping.id < 4; ping.id++) {
			frame_write(fd, &ping);
			kind_read(fd, FRAME_PONG);
		}
		close(fd);
	}
	_exit(0);
}

/* Gates change all the time, and every hello and ping is answered. */
START_TEST(nothing_is_lost)
{
	enum { CLIENTS = 4, CHANGES = 12 };
	pid_t pid[CLIENTS];
	int pair[2], status;

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	for (int i = 0; i < CLIENTS; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			close(pair[1]);
			restless(pair[0]);
		}
	}
	close(pair[0]);
	for (int i = 0; i < CHANGES; i++) {
		world_second(NULL);
		hand_over();
		ck_assert_int_eq(world_ended(&world.gate[0]), 0);
		world.gate[0] = world.gate[1];
		world.gate[1] = (struct world_gate){ .on = false };
	}
	/* Gates hold copies of it. */
	shutdown(pair[1], SHUT_RDWR);
	close(pair[1]);
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

static void setup(void)
{
	world_limits = (struct gate_limits){ .requests = 100000 };
	world_setup();
}

int main(void)
{
	TCase *c = tcase_create("handover");
	Suite *s = suite_create("gate_handover");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(c, world_once, world_finally);
	tcase_add_checked_fixture(c, setup, world_teardown);
	tcase_add_test(c, connections_move);
	tcase_add_test(c, cancels_reach_the_old_gate);
	tcase_add_test(c, what_is_asked_meanwhile_waits);
	tcase_add_test(c, the_next_gate_dies);
	tcase_add_test(c, the_next_gate_was_dead);
	tcase_add_test(c, strangers_move);
	tcase_add_test(c, supervisors_get_their_answers);
	tcase_add_test(c, tickets_survive);
	tcase_add_test(c, tickets_that_run);
	tcase_add_test(c, tickets_end_on_the_way);
	tcase_add_test(c, agents_change_on_the_way);
	tcase_add_test(c, tickets_are_renewed);
	tcase_add_test(c, tickets_do_not_widen);
	tcase_add_test(c, nothing_is_lost);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
