/* Who is let in, what a client may use up, and what one that is slow, silent or hostile costs others. */
#include "tests/unit/gate_world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct frame *f;

static const struct frame *said_hello(struct client *c, const char *agent, enum frame_proof proof, const char *token)
{
	struct frame h = { .kind = FRAME_HELLO, .hello = { .version = 1, .agent = { agent, strlen(agent) }, .proof = proof } };

	if (token)
		h.hello.token = (struct krux_str){ token, strlen(token) };
	client_send(c, &h);
	return client_wait(c);
}

static void ends_with(struct client *c, enum frame_error code)
{
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(f->kind, FRAME_ERROR);
	ck_assert_uint_eq(f->error.code, code);
	ck_assert_ptr_null(client_wait(c));
	client_close(c);
}

/* ---- hello ---- */

START_TEST(who_is_let_in)
{
	struct client *c = client_connect(false);

	f = said_hello(c, "builder", FRAME_PROOF_TOKEN, "builder-token");
	ck_assert_int_eq(f->kind, FRAME_WELCOME);
	ck_assert(frame_says(f->welcome.agent, "builder") && frame_says(f->welcome.engine, "kruxrt"));
	client_close(c);

	f = said_hello(c = client_connect(false), "builder", FRAME_PROOF_TOKEN, "other-token");
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	f = said_hello(c = client_connect(false), "nobody", FRAME_PROOF_TOKEN, "builder-token");
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	f = said_hello(c = client_connect(false), "keyed", FRAME_PROOF_TOKEN, "keyed-token");
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	/* The uid of the operator is no agent's. */
	f = said_hello(c = client_connect(false), "peer", FRAME_PROOF_PEER, NULL);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	f = said_hello(c = client_connect(false), "builder", FRAME_PROOF_PEER, NULL);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
}
END_TEST

static void prove(struct client *c, const char *agent, const struct krux_secret_key *key)
{
	uint8_t signature[64];
	char message[32 + 64];
	size_t n = strlen(agent);

	ck_assert_int_eq(f->kind, FRAME_CHALLENGE);
	memcpy(message, f->challenge.nonce, 32);
	memcpy(message + 32, agent, n);
	ck_assert(krux_key_sign(key, FRAME_DOMAIN_HELLO, (struct krux_str){ message, 32 + n }, signature));
	client_send(c, &(struct frame){ .kind = FRAME_PROVE, .prove.signature = signature });
	f = client_wait(c);
}

START_TEST(keys_prove)
{
	struct client *c = client_connect(false);

	f = said_hello(c, "keyed", FRAME_PROOF_KEY, NULL);
	prove(c, "keyed", &world_ana);
	ck_assert_int_eq(f->kind, FRAME_WELCOME);
	client_close(c);
	f = said_hello(c = client_connect(false), "keyed", FRAME_PROOF_KEY, NULL);
	prove(c, "keyed", &world_ben);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	/* Whether there is such an agent does not show before. */
	f = said_hello(c = client_connect(false), "nobody", FRAME_PROOF_KEY, NULL);
	prove(c, "nobody", &world_ana);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	f = said_hello(c = client_connect(false), "keyed", FRAME_PROOF_KEY, NULL);
	prove(c, "builder", &world_ana);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
	/* The agent of a token is not known by a key. */
	f = said_hello(c = client_connect(false), "builder", FRAME_PROOF_KEY, NULL);
	prove(c, "builder", &world_ana);
	ends_with(c, FRAME_ERROR_UNAUTHORISED);
}
END_TEST

START_TEST(hello_comes_first)
{
	static const char version[] = "\0\0\0\x10\xA4\0\1\1\2\2gbuilder\3\0";
	struct client *c = client_connect(false);

	client_send(c, &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = 1 });
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_MALFORMED);
	c = client_agent("builder", "builder-token");
	f = said_hello(c, "builder", FRAME_PROOF_TOKEN, "builder-token");
	ends_with(c, FRAME_ERROR_MALFORMED);
	c = client_connect(false);
	client_raw(c, version, sizeof version - 1);
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_VERSION);
	/* Strangers say little. */
	c = client_connect(false);
	client_raw(c, "\0\0\x08\0", 4);
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_MALFORMED);
	c = client_connect(false);
	client_raw(c, "\0\0\0\0", 4);
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_MALFORMED);
}
END_TEST

START_TEST(silence_is_ended)
{
	struct client *c = client_connect(false), *d = client_agent("builder", "builder-token");

	/* The fixture of this case waits 300 ms. */
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_TIMEOUT);
	client_raw(d, "\0\0\0\x05\xA2", 5);
	f = client_wait(d);
	ends_with(d, FRAME_ERROR_TIMEOUT);
}
END_TEST

/* ---- limits ---- */

START_TEST(one_id_at_a_time)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	frame_refuses(client_wait(c), 1, FRAME_ERROR_ID);
	world_finish(&world.run[0], RUN_ANSWERS);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(c);
}
END_TEST

START_TEST(limits_have_their_errors)
{
	struct client *c = client_agent("builder", "builder-token"), *d, *e[4];

	/* The fixture: 2 calls, 3 connections of an agent, 5 in all, 10 requests a second, 1 MiB. */
	world.runs = RUN_WAITS;
	for (uint64_t id = 1; id <= 3; id++)
		client_call(c, id, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	frame_refuses(client_wait(c), 3, FRAME_ERROR_CALLS);
	client_raw(c, "\0\x50\0\0\xA5", 5);
	f = client_wait(c);
	ends_with(c, FRAME_ERROR_BYTES);
	for (int i = 0; i < 3; i++)
		e[i] = client_agent("other", "other-token");
	d = client_connect(false);
	f = said_hello(d, "other", FRAME_PROOF_TOKEN, "other-token");
	ends_with(d, FRAME_ERROR_CONNECTIONS);
	e[3] = client_connect(false);
	c = client_connect(false);
	d = client_connect(false);
	f = client_wait(d);
	ends_with(d, FRAME_ERROR_CONNECTIONS);
	client_close(e[3]);
	client_close(c);
	for (uint64_t id = 0; id < 12; id++)
		client_send(e[0], &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = id });
	for (uint64_t id = 0; id < 10; id++) {
		f = client_wait(e[0]);
		if (f->kind == FRAME_ERROR)
			break;
	}
	f = client_wait(e[0]);
	if (f->kind == FRAME_PONG)
		f = client_wait(e[0]);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_REQUESTS && f->error.has_retry);
	/* It is not read for so long, and then again. */
	f = client_wait(e[0]);
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 3; i++)
		client_close(e[i]);
	for (unsigned i = 0; i < world.nruns; i++)
		world_finish(&world.run[i], RUN_ANSWERS);
}
END_TEST

/* Who says nothing keeps out who says nothing, of his own uid. */
START_TEST(strangers_are_few)
{
	struct client *known = client_agent("builder", "builder-token"), *c[3], *s, *more;
	char path[128];

	for (int i = 0; i < 3; i++)
		c[i] = client_connect(false);
	/* A challenge is no welcome. */
	f = said_hello(c[0], "keyed", FRAME_PROOF_KEY, NULL);
	ck_assert_int_eq(f->kind, FRAME_CHALLENGE);
	more = client_connect(false);
	f = client_wait(more);
	ends_with(more, FRAME_ERROR_STRANGERS);
	s = client_supervisor();
	client_send(s, &(struct frame){ .kind = FRAME_S_STATUS, .has_id = true, .id = 1 });
	f = client_wait(s);
	ck_assert_msg(frame_says(f->s_answer.json, "\"strangers\":3,\"strangers_refused\":1,"), "%.*s", (int)f->s_answer.json.n,
	              f->s_answer.json.p);
	client_close(s);
	/* Those who are known, and other users, notice nothing. */
	f = client_answer(known, 1, "system.ping", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	if (!geteuid()) {
		snprintf(path, sizeof path, "%s/agents", world.root);
		ck_assert(!chmod(world.root, 0755) && !chmod(path, 0777) && !seteuid(65534));
		more = client_connect(false);
		ck_assert(!seteuid(0));
		f = said_hello(more, "other", FRAME_PROOF_TOKEN, "other-token");
		ck_assert_int_eq(f->kind, FRAME_WELCOME);
		client_close(more);
	}
	/* One that goes, or says hello, makes room. */
	client_close(c[0]);
	c[0] = client_connect(false);
	f = said_hello(c[0], "builder", FRAME_PROOF_TOKEN, "builder-token");
	ck_assert_int_eq(f->kind, FRAME_WELCOME);
	more = client_agent("other", "other-token");
	client_close(more);
	for (int i = 0; i < 3; i++)
		client_close(c[i]);
	client_close(known);
}
END_TEST

/* ---- hostile clients ---- */

static uint64_t seed = 42;

static uint8_t random_byte(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint8_t)seed;
}

/* Garbage, changed messages, cut messages, floods: the honest client is answered all along. */
START_TEST(hostile_clients_cost_themselves)
{
	struct client *good = client_agent("builder", "builder-token"), *flood = client_agent("other", "other-token");
	struct frame q = { .kind = FRAME_CALL, .has_id = true, .id = 3,
		           .call = { .capability = KRUX_STR("filesystem.read"), .json = KRUX_STR("{\"path\":\"/workspace/a\"}") } };
	uint8_t base[256], bad[256];
	size_t n = frame_encode(&q, base, sizeof base);

	for (unsigned round = 0; round < 150; round++) {
		struct client *c = round & 1 ? client_agent("other", "other-token") : client_connect(false);

		memcpy(bad, base, n);
		for (unsigned k = 0; k < 1 + round % 5; k++)
			bad[round % 7 ? random_byte() % n : 4 + random_byte() % (n - 4)] ^= (uint8_t)(1 << random_byte() % 8);
		client_raw(c, bad, round % 3 ? n : random_byte() % n);
		/* It never reads what comes back. */
		for (int i = 0; i < 20; i++)
			send(flood->fd, base, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (round % 10 == 0) {
			f = client_answer(good, round, "system.ping", "{}");
			ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
		}
		client_close(c);
	}
	f = client_answer(good, 1000, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(flood);
	client_close(good);
}
END_TEST

/* One byte at a time is a message all the same. */
START_TEST(slow_is_no_crime)
{
	struct client *c = client_agent("builder", "builder-token");
	struct frame q = { .kind = FRAME_PING, .has_id = true, .id = 77 };
	uint8_t buf[64];
	size_t n = frame_encode(&q, buf, sizeof buf);

	for (size_t i = 0; i < n; i++) {
		client_raw(c, buf + i, 1);
		world_turn(1);
	}
	f = client_wait(c);
	ck_assert(f->kind == FRAME_PONG && f->id == 77);
	client_close(c);
}
END_TEST

static void setup_impatient(void)
{
	world_limits = (struct gate_limits){ .hello_ms = 300, .message_ms = 300 };
	world_setup();
}

static void setup_narrow(void)
{
	world_limits = (struct gate_limits){ .connections = 5, .per_agent = 3, .calls = 2, .requests = 10, .bytes = 1 << 20 };
	world_setup();
}

static void setup_suspicious(void)
{
	world_limits = (struct gate_limits){ .strangers = 3 };
	world_setup();
}

static void setup_wide(void)
{
	world_limits = (struct gate_limits){ .requests = 100000 };
	world_setup();
}

static TCase *tcase(Suite *s, const char *name, void (*setup)(void))
{
	TCase *c = tcase_create(name);

	tcase_add_unchecked_fixture(c, world_once, world_finally);
	tcase_add_checked_fixture(c, setup, world_teardown);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	return c;
}

int main(void)
{
	Suite *s = suite_create("gate_clients");
	SRunner *r = srunner_create(s);
	TCase *c = tcase(s, "clients", setup_wide);
	int failed;

	tcase_add_test(c, who_is_let_in);
	tcase_add_test(c, keys_prove);
	tcase_add_test(c, hello_comes_first);
	tcase_add_test(c, one_id_at_a_time);
	tcase_add_test(c, hostile_clients_cost_themselves);
	tcase_add_test(c, slow_is_no_crime);
	tcase_add_test(tcase(s, "impatient", setup_impatient), silence_is_ended);
	tcase_add_test(tcase(s, "narrow", setup_narrow), limits_have_their_errors);
	tcase_add_test(tcase(s, "suspicious", setup_suspicious), strangers_are_few);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
