/* Calls: what is answered, what is recorded, how they end, what they use up. */
#include "tests/unit/gate_world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct frame *f;

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
		frame_refuses(client_wait(c), id, FRAME_ERROR_UNRECORDED);
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
	frame_refuses(f, first + 1, FRAME_ERROR_UNRECORDED);
	ck_assert_uint_ge(first, 1);
	for (unsigned id = 1; id < 4; id++) {
		client_call(c, id, "system.ping", "{}", 0);
		frame_refuses(client_wait(c), id, FRAME_ERROR_UNRECORDED);
	}
	/* Nor does a call that is refused for another reason say that there is room. */
	world.refuse_status = ACK_FROZEN;
	client_call(c, 1, "filesystem.write", "{\"path\":\"/workspace/a\",\"content\":\"x\"}", 0);
	frame_refuses(client_wait(c), 1, FRAME_ERROR_FROZEN);
	world.refuse_status = ACK_FULL;
	client_call(c, 2, "system.ping", "{}", 0);
	frame_refuses(client_wait(c), 2, FRAME_ERROR_UNRECORDED);
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
	ck_assert_uint_eq(world.run[0].deadline, RUN_CANCELLED);
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
	frame_refuses(client_wait(c), 2, FRAME_ERROR_DRAINING);
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

/* ---- describe ---- */

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
	frame_refuses(client_wait(c), 1, FRAME_ERROR_CAPABILITY);
	client_send(c, &(struct frame){ .kind = FRAME_TICKET, .has_id = true, .id = 2, .ticket.ticket = world.prev });
	frame_refuses(client_wait(c), 2, FRAME_ERROR_TICKET);
	client_send(c, &(struct frame){ .kind = FRAME_PING, .has_id = true, .id = 3 });
	f = client_wait(c);
	ck_assert(f->kind == FRAME_PONG && f->id == 3);
	client_close(c);
}
END_TEST

static void setup(void)
{
	world_limits = (struct gate_limits){ .requests = 100000 };
	world_setup();
}

int main(void)
{
	Suite *s = suite_create("gate_calls");
	SRunner *r = srunner_create(s);
	TCase *c = tcase_create("calls");
	int failed;

	tcase_add_unchecked_fixture(c, world_once, world_finally);
	tcase_add_checked_fixture(c, setup, world_teardown);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
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
	tcase_add_test(c, descriptions);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
