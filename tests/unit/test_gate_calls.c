/* The gate's protocol with agents: hello, calls and their ends, limits, each error. */
#include "tests/unit/gate_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
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

static void refused(const struct frame *e, uint64_t id, enum frame_error code)
{
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->kind, FRAME_ERROR);
	ck_assert(e->has_id && e->id == id);
	ck_assert_msg(e->error.code == code, "%s: %.*s", frame_error_word((unsigned)e->error.code), (int)e->error.why.n,
	              e->error.why.p);
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

/* ---- calls ---- */

START_TEST(pure_calls)
{
	struct client *c = client_agent("builder", "builder-token");

	f = client_answer(c, 7, "system.ping", "{\"note\":\"hello\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert(f->answer.has_durable && !f->answer.durable && !f->answer.has_record);
	ck_assert(frame_says(f->answer.output, "dnoteehello"));
	ck_assert(frame_says(f->answer.rule, "gate-test/ping") && frame_says(f->answer.source, "policy.yaml:7"));
	client_call(c, 8, "system.ping", "{\"note\":\"hello\"}", FRAME_FLAG_JSON);
	f = client_wait(c);
	ck_assert_msg(f->id == 8 && frame_says(f->answer.output, "\"utc\":\"20") &&
	              frame_says(f->answer.output, "\"note\":\"hello\""), "%.*s", (int)f->answer.output.n, f->answer.output.p);
	world_until(world_count(AUDIT_KIND_OUTCOME) == 2);
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT), 2);
	ck_assert_uint_eq(world.nruns, 0);
	ck_assert(record_has(world_find(AUDIT_KIND_INTENT), AUDIT_CLAIMED));
	ck_assert_uint_eq(world_find(AUDIT_KIND_INTENT)->field[AUDIT_AUTH].u, AUDIT_AUTH_TOKEN);
	ck_assert(krux_str_eq(world_find(AUDIT_KIND_INTENT)->field[AUDIT_CLAIMED].s, KRUX_STR("a test")));
	client_close(c);
}
END_TEST

START_TEST(a_call_runs)
{
	struct client *c = client_agent("builder", "builder-token");

	f = client_answer(c, 1, "filesystem.read", "{\"path\":\"/workspace/a.txt\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_uint_eq(f->answer.verdict, 3);
	ck_assert(f->answer.has_durable && f->answer.durable && f->answer.has_record);
	ck_assert(frame_says(f->answer.output, "gcontentehello"));
	ck_assert_uint_eq(f->answer.record, world_find(AUDIT_KIND_INTENT)->field[AUDIT_SEQ].u);
	ck_assert_uint_eq(world.nruns, 1);
	client_call(c, 2, "filesystem.read@1", "{\"path\":\"/workspace/a.txt\"}", FRAME_FLAG_JSON | FRAME_FLAG_PROGRESS);
	f = client_wait(c);
	ck_assert(f->kind == FRAME_PROGRESS && frame_says(f->progress.stage, "recorded"));
	f = client_wait(c);
	ck_assert(f->kind == FRAME_PROGRESS && frame_says(f->progress.stage, "running"));
	f = client_wait(c);
	ck_assert(frame_says(f->answer.output, "\"content\":\"hello\""));
	client_close(c);
}
END_TEST

/* Canonical arguments go as they are; what is not canonical is refused with its place. */
START_TEST(canonical_arguments)
{
	static const char good[] = "\xA4""dpath\x70/workspace/a.txt""elimit\x1A\0\x10\0\0""foffset\0""hencoding""dutf8";
	static const char bad[] = "\xA4""dpath\x71/workspace//a.txt""elimit\x1A\0\x10\0\0""foffset\0""hencoding""dutf8";
	struct client *c = client_agent("builder", "builder-token");
	struct frame q = { .kind = FRAME_CALL, .has_id = true, .id = 3,
		           .call = { .capability = KRUX_STR("filesystem.read"), .args = { good, sizeof good - 1 } } };

	client_send(c, &q);
	f = client_wait(c);
	ck_assert_msg(f->kind == FRAME_ANSWER && f->answer.end == FRAME_END_DONE, "%.*s: %.*s", (int)f->answer.where.n,
	              f->answer.where.p, (int)f->answer.why.n, f->answer.why.p);
	q.call.args = (struct krux_str){ bad, sizeof bad - 1 };
	client_send(c, &q);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	ck_assert(frame_says(f->answer.where, "path") && frame_says(f->answer.remedy, "path"));
	q.call.args = KRUX_STR("\xA0\xA0");
	client_send(c, &q);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	client_close(c);
}
END_TEST

START_TEST(refusals_help)
{
	struct client *c = client_agent("builder", "builder-token");

	f = client_answer(c, 1, "filesystem.read", "{\"path\":\"/workspace/secret/x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DENIED);
	ck_assert_uint_eq(f->answer.verdict, 0);
	ck_assert(frame_says(f->answer.rule, "gate-test/secret") && frame_says(f->answer.reason, "It is secret") &&
	          frame_says(f->answer.source, "policy.yaml:10") && frame_says(f->answer.remedy, "choose arguments"));
	ck_assert_uint_eq(f->answer.record, world_find(AUDIT_KIND_DENIED)->field[AUDIT_SEQ].u);
	f = client_answer(c, 2, "filesystem.raed", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	ck_assert(frame_says(f->answer.remedy, "Did you mean filesystem.read?"));
	f = client_answer(c, 3, "filesystem.read", "{\"path\":\"../x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	ck_assert(frame_says(f->answer.where, "path"));
	f = client_answer(c, 4, "filesystem.read", "\x01{");
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	ck_assert_uint_eq(world_count(AUDIT_KIND_INVALID), 3);
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
}
END_TEST

START_TEST(ends_of_calls)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_ERROR;
	f = client_answer(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_ERROR);
	ck_assert(frame_says(f->answer.error, "NotFound") && frame_says(f->answer.message, "not there") && f->answer.recover.n);
	world.runs = RUN_KILLED;
	f = client_answer(c, 2, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_KILLED);
	ck_assert(frame_says(f->answer.why, "wall 5s"));
	world.runs = RUN_REFUSES;
	f = client_answer(c, 3, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_BROKEN);
	ck_assert(frame_says(f->answer.why, "lacks everything"));
	world.runs = RUN_LONG;
	f = client_answer(c, 4, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert(f->answer.has_size && f->answer.size == 99998 && c->file >= 0);
	ck_assert_int_eq(lseek(c->file, 0, SEEK_END), 99998);
	client_close(c);
}
END_TEST

START_TEST(notify_is_seen)
{
	struct client *c = client_agent("builder", "builder-token");

	f = client_answer(c, 1, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
	ck_assert_uint_eq(f->answer.verdict, 2);
	world_until(world_count(AUDIT_KIND_NOTIFY) && world.nevents);
	ck_assert_uint_eq(world_count(AUDIT_KIND_NOTIFY), 1);
	ck_assert_uint_eq(world.nevents, 1);
	ck_assert_msg(strstr(world.event, "\"agent\":\"builder\"") && strstr(world.event, "\"rule\":\"gate-test/write\""), "%s",
	              world.event);
	client_close(c);
}
END_TEST

/* ---- facts ---- */

/* Four calls in one packet, none recorded yet: the fourth is over the rate of three. */
START_TEST(rates_are_not_raced_past)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token");
	unsigned denied = 0;

	world.held = true;
	for (uint64_t id = 1; id <= 4; id++)
		client_call(c, id, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}", 0);
	ck_assert(client_quiet(c));
	world_ack();
	for (int i = 0; i < 4; i++) {
		f = client_wait(c);
		ck_assert_int_eq(f->kind, FRAME_ANSWER);
		if (f->answer.end != FRAME_END_DENIED)
			continue;
		denied++;
		ck_assert(f->answer.has_retry && f->answer.retry > 3500000 && frame_says(f->answer.remedy, "Try again in 3"));
		ck_assert_uint_eq(f->id, 4);
	}
	ck_assert_uint_eq(denied, 1);
	/* The rate is the agent's. */
	f = client_answer(d, 1, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(c);
	client_close(d);
}
END_TEST

/* What could not be recorded did not happen. */
START_TEST(unrecorded_does_not_count)
{
	struct client *c = client_agent("builder", "builder-token");

	world.refuse_kind = AUDIT_KIND_INTENT;
	world.refuse_status = ACK_FULL;
	for (uint64_t id = 1; id < 6; id++) {
		client_call(c, id, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}", 0);
		refused(client_wait(c), id, FRAME_ERROR_UNRECORDED);
	}
	world.refuse_status = 0;
	f = client_answer(c, 7, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
}
END_TEST

/* Once a record was not taken, effect-free calls wait for theirs as all others do, until one is. */
START_TEST(what_is_answered_first_needs_a_log_that_works)
{
	struct client *c = client_agent("builder", "builder-token");
	unsigned first = 0;

	world.refuse_kind = AUDIT_KIND_INTENT;
	world.refuse_status = ACK_FULL;
	for (;; first++) {
		client_call(c, first + 1, "system.ping", "{}", 0);
		f = client_wait(c);
		if (f->kind != FRAME_ANSWER)
			break;
		ck_assert(f->answer.end == FRAME_END_DONE && !f->answer.durable);
		ck_assert_uint_lt(first, 512);
	}
	refused(f, first + 1, FRAME_ERROR_UNRECORDED);
	ck_assert_uint_ge(first, 1);
	for (unsigned id = 1; id < 4; id++) {
		client_call(c, id, "system.ping", "{}", 0);
		refused(client_wait(c), id, FRAME_ERROR_UNRECORDED);
	}
	ck_assert(!world_count(AUDIT_KIND_INTENT) && !world.nruns);
	world.refuse_status = 0;
	world.runs = RUN_ERROR;
	f = client_answer(c, 1, "system.ping", "{}");
	ck_assert(f->kind == FRAME_ANSWER && f->answer.has_record);
	ck_assert_uint_eq(world.nruns, 1);
	f = client_answer(c, 2, "system.ping", "{}");
	ck_assert(f->answer.end == FRAME_END_DONE && !f->answer.has_record && !f->answer.durable);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
}
END_TEST

START_TEST(budgets_add_up)
{
	struct client *c = client_agent("builder", "builder-token");
	char json[1200];

	snprintf(json, sizeof json, "{\"path\":\"/workspace/a\",\"content\":\"%0700d\"}", 1);
	f = client_answer(c, 1, "filesystem.write", json);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	f = client_answer(c, 2, "filesystem.write", json);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DENIED);
	ck_assert(f->answer.has_retry && frame_says(f->answer.remedy, "The budget of this rule is used up. Try again in 3"));
	ck_assert(frame_says(world_find(AUDIT_KIND_DENIED)->field[AUDIT_WHY].s, "the budget of this rule is used up"));
	snprintf(json, sizeof json, "{\"path\":\"/workspace/a\",\"content\":\"%01025d\"}", 1);
	f = client_answer(c, 4, "filesystem.write", json);
	ck_assert(f->answer.end == FRAME_END_DENIED && !f->answer.has_retry);
	ck_assert(frame_says(f->answer.remedy, "size(content) of this call is 1025, and the budget of this rule is at most 1024"));
	f = client_answer(c, 3, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(c);
}
END_TEST

/* ---- ending early ---- */

START_TEST(cancelled_before_it_ran)
{
	struct client *c = client_agent("builder", "builder-token");

	world.held = true;
	client_call(c, 5, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world_count(AUDIT_KIND_INTENT) == 1);
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = 5 });
	ck_assert(client_quiet(c));
	world_ack();
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_CANCELLED);
	ck_assert_uint_eq(world.run[0].deadline, 1);
	client_close(c);
}
END_TEST

START_TEST(cancelled_while_it_runs)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_WAITS;
	client_call(c, 5, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = 9 });
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = 5 });
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_KILLED);
	ck_assert(world.run[0].cancelled);
	client_close(c);
}
END_TEST

START_TEST(deadlines_go_along)
{
	struct client *c = client_agent("builder", "builder-token");
	struct frame q = { .kind = FRAME_CALL, .has_id = true, .id = 3,
		           .call = { .capability = KRUX_STR("filesystem.read"), .json = KRUX_STR("{\"path\":\"/workspace/a\"}"),
		                     .deadline = 60000, .has_deadline = true } };

	client_send(c, &q);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_uint_gt(world.run[0].deadline, UINT64_C(60000000000));
	client_close(c);
}
END_TEST

/* The client is gone; what runs goes on and is recorded. */
START_TEST(orphans_go_on)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token");

	world.runs = RUN_WAITS;
	client_call(c, 5, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	client_close(c);
	ck_assert(client_quiet(d) && !world.run[0].cancelled);
	world_finish(&world.run[0], RUN_ANSWERS);
	ck_assert(client_quiet(d));
	ck_assert_uint_eq(world_count(AUDIT_KIND_OUTCOME), 1);
	client_close(d);
}
END_TEST

START_TEST(the_spawner_dies)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	channel_close(&world.gate[0].spawner);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_UNKNOWN);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
}
END_TEST

START_TEST(the_recorder_dies)
{
	struct client *c = client_agent("builder", "builder-token");

	channel_close(&world.gate[0].recorder);
	ck_assert_ptr_null(client_wait(c));
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
}
END_TEST

START_TEST(stopping)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	world_stop(&world.gate[0]);
	client_call(c, 2, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	refused(client_wait(c), 2, FRAME_ERROR_DRAINING);
	world_finish(&world.run[0], RUN_ANSWERS);
	f = client_wait(c);
	ck_assert(f->id == 1 && f->answer.end == FRAME_END_DONE);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	client_close(c);
}
END_TEST

START_TEST(what_was_answered_is_recorded_before_it_stops)
{
	struct client *c = client_agent("builder", "builder-token");

	f = client_answer(c, 1, "system.ping", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	world_stop(&world.gate[0]);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT), 1);
	ck_assert_uint_eq(world_count(AUDIT_KIND_OUTCOME), 1);
	client_close(c);
}
END_TEST

/* ---- limits ---- */

START_TEST(one_id_at_a_time)
{
	struct client *c = client_agent("builder", "builder-token");

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	client_call(c, 1, "filesystem.read", "{\"path\":\"/workspace/a\"}", 0);
	refused(client_wait(c), 1, FRAME_ERROR_ID);
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
	refused(client_wait(c), 3, FRAME_ERROR_CALLS);
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

START_TEST(descriptions)
{
	struct client *c = client_agent("builder", "builder-token");
	struct frame q = { .kind = FRAME_DESCRIBE, .has_id = true, .id = 1 };

	client_send(c, &q);
	f = client_wait(c);
	ck_assert_int_eq(f->kind, FRAME_DESCRIPTION);
	ck_assert(frame_says(f->description.json, "\"name\":\"system.ping\""));
	q.describe.capability = KRUX_STR("filesystem.read");
	client_send(c, &q);
	f = client_wait(c);
	ck_assert(frame_says(f->description.json, "\"name\":\"offset\"") && frame_says(f->description.json, "\"NotFound\""));
	q.describe.capability = KRUX_STR("nothing");
	client_send(c, &q);
	refused(client_wait(c), 1, FRAME_ERROR_CAPABILITY);
	client_send(c, &(struct frame){ .kind = FRAME_TICKET, .has_id = true, .id = 2, .ticket.ticket = world.prev });
	refused(client_wait(c), 2, FRAME_ERROR_TICKET);
	client_send(c, &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = 3 });
	f = client_wait(c);
	ck_assert(f->kind == FRAME_PONG && f->id == 3);
	client_close(c);
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
	Suite *s = suite_create("gate_calls");
	SRunner *r = srunner_create(s);
	TCase *c = tcase(s, "calls", setup_wide);
	int failed;

	tcase_add_test(c, who_is_let_in);
	tcase_add_test(c, keys_prove);
	tcase_add_test(c, hello_comes_first);
	tcase_add_test(c, pure_calls);
	tcase_add_test(c, a_call_runs);
	tcase_add_test(c, canonical_arguments);
	tcase_add_test(c, refusals_help);
	tcase_add_test(c, ends_of_calls);
	tcase_add_test(c, notify_is_seen);
	tcase_add_test(c, rates_are_not_raced_past);
	tcase_add_test(c, unrecorded_does_not_count);
	tcase_add_test(c, what_is_answered_first_needs_a_log_that_works);
	tcase_add_test(c, budgets_add_up);
	tcase_add_test(c, cancelled_before_it_ran);
	tcase_add_test(c, cancelled_while_it_runs);
	tcase_add_test(c, deadlines_go_along);
	tcase_add_test(c, orphans_go_on);
	tcase_add_test(c, the_spawner_dies);
	tcase_add_test(c, the_recorder_dies);
	tcase_add_test(c, stopping);
	tcase_add_test(c, what_was_answered_is_recorded_before_it_stops);
	tcase_add_test(c, one_id_at_a_time);
	tcase_add_test(c, descriptions);
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
