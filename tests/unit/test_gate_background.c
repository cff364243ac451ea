/* The gate and commands in the background: answered when the program runs and the record says so, and nobody's from then
 * on; how many there may be; what ends them. */
#include "tests/unit/gate_steps.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/krux-background-XXXXXX", bundle[64];
static struct client *c;

static void once(void)
{
	const char *build = getenv("BUILD");
	char text[512];

	world_once();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(text, sizeof text, "%s/signer", folder);
	ck_assert(krux_key_files_write(text, &world_stranger, NULL));
	snprintf(text, sizeof text, "%s/kruxc build tests/fixtures/background -o %s/out --key %s/signer.key --serial 1 >%s/log 2>&1 || "
	         "{ cat %s/log; exit 1; }", build ? build : "build", folder, folder, folder, folder);
	ck_assert_int_eq(system(text), 0);
	snprintf(bundle, sizeof bundle, "%s/out/bundle.krux", folder);
	world_bundle = bundle;
}

static void finally(void)
{
	char text[128];

	snprintf(text, sizeof text, "rm -rf %s", folder);
	ck_assert_int_eq(system(text), 0);
	world_finally();
}

static void setup(void)
{
	world_setup();
	world.runs = RUN_WAITS;
	c = client_agent("builder", "builder-token");
}

static void teardown(void)
{
	client_close(c);
	world_teardown();
}

static struct world_run *call(struct client *from, uint64_t id)
{
	const unsigned n = world.nruns;
	char json[32];

	snprintf(json, sizeof json, "{\"n\":%u}", (unsigned)id);
	client_call(from, id, "demo.serve", json, FRAME_FLAG_JSON);
	world_until(world.nruns == n + 1);
	return &world.run[n % 64];
}

static void begins(struct client *from, struct world_run *run, uint64_t id)
{
	char text[32];

	world_started(run);
	world_says_started(run);
	answered(from, id, FRAME_END_DONE);
	snprintf(text, sizeof text, "{\"run\":%llu}", (unsigned long long)run->seq);
	ck_assert_msg(frame_says(f->answer.output, text), "%.*s", (int)f->answer.output.n, f->answer.output.p);
	ck_assert_uint_eq(f->answer.record, run->seq);
}

/* Its outcome is nobody's answer. */
START_TEST(answered_when_it_runs)
{
	struct world_run *run = call(c, 1);

	ck_assert(client_quiet(c));
	begins(c, run, 1);
	world_finish(run, RUN_KILLED);
	ck_assert(client_quiet(c));
	/* The number is free again, and the gate is as it was. */
	begins(c, call(c, 1), 1);
}
END_TEST

START_TEST(not_without_its_record)
{
	struct world_run *run = call(c, 1);

	world_says_started(run);
	ck_assert(client_quiet(c));
	world_started(run);
	answered(c, 1, FRAME_END_DONE);
	run = call(c, 2);
	world_started(run);
	ck_assert(client_quiet(c));
	/* Said twice it is said once. */
	world_says_started(run);
	world_says_started(run);
	answered(c, 2, FRAME_END_DONE);
	ck_assert(client_quiet(c));
}
END_TEST

START_TEST(ended_before_it_runs)
{
	struct world_run *run = call(c, 1);

	world_finish(run, RUN_KILLED);
	answered(c, 1, FRAME_END_KILLED);
	run = call(c, 2);
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = 2 });
	answered(c, 2, FRAME_END_KILLED);
	ck_assert(run->cancelled);
	/* What is said of it afterwards is said of nobody. */
	world_says_started(run);
	ck_assert(client_quiet(c));
}
END_TEST

/* What comes from recorder and spawner comes in any order; without a record of its start it has none. */
START_TEST(ended_at_once)
{
	struct world_run *run = call(c, 1);

	world_says_started(run);
	world_finish(run, RUN_KILLED);
	answered(c, 1, FRAME_END_KILLED);
	run = call(c, 2);
	world_says_started(run);
	ck_assert(client_quiet(c));
	world_finish(run, RUN_KILLED);
	answered(c, 2, FRAME_END_KILLED);
	begins(c, call(c, 3), 3);
	ck_assert(client_quiet(c));
}
END_TEST

START_TEST(so_many_at_a_time)
{
	struct client *other = client_agent("other", "other-token");
	struct world_run *first = NULL, *run;

	for (uint64_t id = 1; id <= RUNS_AGENT; id++) {
		run = call(c, id);
		first = first ? first : run;
		begins(c, run, id);
	}
	client_call(c, 20, "demo.serve", "{}", 0);
	f = client_wait(c);
	frame_refuses(f, 20, FRAME_ERROR_CALLS);
	ck_assert(frame_says(f->error.why, "this agent has 8 runs in the background, which is the most"));
	begins(other, call(other, 1), 1);
	world_finish(first, RUN_KILLED);
	ck_assert(client_quiet(c));
	begins(c, call(c, 21), 21);
	client_close(other);
}
END_TEST

/* Its connection is its caller's alone. */
START_TEST(goes_on_without_a_client)
{
	struct client *other = client_agent("builder", "builder-token");
	struct world_run *run = call(other, 1);

	begins(other, run, 1);
	client_close(other);
	ck_assert(client_quiet(c));
	ck_assert(!run->cancelled);
	world_revoke("builder");
	world_until(run->cancelled);
}
END_TEST

START_TEST(ends_with_its_gate)
{
	struct world_run *run = call(c, 1), *late;

	begins(c, run, 1);
	late = call(c, 2);
	world_stop(&world.gate[0]);
	world_until(run->cancelled && late->cancelled);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
}
END_TEST

START_TEST(let_run_by_a_person)
{
	struct client *s = client_supervisor();
	struct world_run *run;

	client_call(c, 1, "demo.asked", "{}", FRAME_FLAG_WAIT | FRAME_FLAG_JSON);
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_ANSWER && f->answer.end == FRAME_END_DEFERRED && f->answer.ticket);
	memcpy(ticket, f->answer.ticket, sizeof ticket);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_until(world.nruns == 1);
	run = &world.run[0];
	ck_assert(client_quiet(c));
	begins(c, run, 1);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DONE);
	world_finish(run, RUN_KILLED);
	/* What there is to be known of the ticket is what it was answered. */
	ask(c, 3, FRAME_TICKET_POLL);
	answered(c, 3, FRAME_END_DONE);
	client_close(s);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("background");
	Suite *s = suite_create("gate_background");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, once, finally);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, answered_when_it_runs);
	tcase_add_test(t, not_without_its_record);
	tcase_add_test(t, ended_before_it_runs);
	tcase_add_test(t, ended_at_once);
	tcase_add_test(t, so_many_at_a_time);
	tcase_add_test(t, goes_on_without_a_client);
	tcase_add_test(t, ends_with_its_gate);
	tcase_add_test(t, let_run_by_a_person);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
