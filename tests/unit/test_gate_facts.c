/* What the gate knows of earlier calls, what it records of what it knew, and the one that it serves alone. */
#include "tests/unit/gate_world.h"
#include "tests/unit/tiny_bundle.h"

#include "capspec/canon.h"
#include "runtime/record/carry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char bundle[] = "/tmp/krux-facts-XXXXXX", elsewhere[] = "/tmp/krux-facts-XXXXXX";
static struct client *c;
static const struct frame *f;
static uint64_t id;

static void bundle_make(char *path, const char *zone, struct krux_str object)
{
	close(mkstemp(path));
	ck_assert(tiny_bundle(path, &world_stranger, 1, zone, object, tiny_caps()));
}

static void once(void)
{
	uint8_t *object;
	size_t n;

	world_once();
	object = tiny_object((const char *const[]){ NULL }, &n);
	ck_assert_ptr_nonnull(object);
	bundle_make(bundle, "UTC", (struct krux_str){ (char *)object, n });
	bundle_make(elsewhere, "Mars/Olympus", (struct krux_str){ (char *)object, n });
	free(object);
	world_bundle = bundle;
}

static void finally(void)
{
	unlink(bundle);
	unlink(elsewhere);
	world_finally();
}

static void setup(void)
{
	world_setup();
	world.runs = RUN_KILLED;
	c = client_agent("builder", "builder-token");
}

static void teardown(void)
{
	client_close(c);
	world_teardown();
}

/* The verdict, and whether it ran. */
static void ran(const char *capability, const char *json)
{
	f = client_answer(c, ++id, capability, json);
	ck_assert_uint_eq(f->answer.end, FRAME_END_KILLED);
}

static void denied(const char *capability, const char *json)
{
	f = client_answer(c, ++id, capability, json);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DENIED);
}

static const char *as_json(struct krux_str cbor)
{
	static char text[4096];
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;
	size_t n;

	ck_assert(krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &v, NULL));
	n = krux_json_write(&v, text, sizeof text - 1);
	ck_assert_uint_lt(n, sizeof text);
	text[n] = 0;
	krux_pool_free(pool);
	return text;
}

START_TEST(labels_stick_to_the_workspace)
{
	ran("mail.send", "{\"to\":\"x\",\"size\":1}");
	ran("files.read", "{\"path\":\"/workspace/a\"}");
	denied("mail.send", "{\"to\":\"x\",\"size\":1}");
	ck_assert(frame_says(f->answer.rule, "tiny/mail"));
	/* Another agent in a folder of its own has a history of its own; the same folder has the same one. */
	client_close(c);
	c = client_agent("other", "other-token");
	ran("mail.send", "{\"to\":\"x\",\"size\":1}");
	client_close(c);
	c = world_alone("other", "/srv/builder");
	client_send(c, &(struct frame){ .kind = FRAME_HELLO, .hello = { .version = FRAME_PROTOCOL, .agent = KRUX_STR("other") } });
	ck_assert_int_eq(client_wait(c)->kind, FRAME_WELCOME);
	denied("mail.send", "{\"to\":\"x\",\"size\":1}");
}
END_TEST

START_TEST(denied_calls_leave_no_label)
{
	denied("files.read", "{\"path\":\"/workspace/secret\"}");
	f = client_answer(c, ++id, "files.read", "{\"path\":\"/workspace/ask\"}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DEFERRED);
	f = client_answer(c, ++id, "files.read", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_INVALID);
	ran("mail.send", "{\"to\":\"x\",\"size\":1}");
}
END_TEST

/* A failed run counts: its intent was there. */
START_TEST(failures_count)
{
	ran("mail.send", "{\"to\":\"x\",\"size\":1}");
	world.runs = RUN_ERROR;
	f = client_answer(c, ++id, "mail.send", "{\"to\":\"x\",\"size\":1}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_ERROR);
	denied("mail.send", "{\"to\":\"x\",\"size\":1}");
	ck_assert_uint_eq(world.nruns, 2);
}
END_TEST

START_TEST(records_say_all)
{
	const struct record *r;
	const char *facts;

	ran("mail.send", "{\"to\":\"x\",\"size\":60}");
	ran("mail.send", "{\"to\":\"x\",\"size\":7}");
	r = world_find(AUDIT_KIND_INTENT);
	ck_assert_str_eq(as_json(r->field[AUDIT_ARGS].s), "{\"to\":\"x\",\"size\":7}");
	ck_assert_str_eq(as_json(r->field[AUDIT_COUNTERS].s), "[[4,\"tiny\",\"mail\",1],[5,\"tiny\",\"mail\",7]]");
	facts = as_json(r->field[AUDIT_FACTS].s);
	ck_assert_msg(strstr(facts, "[2,\"\",\"file-content\",0,0],[4,\"tiny\",\"mail\",3600000000000,1],"
	                            "[5,\"tiny\",\"mail\",3600000000000,60]]") != NULL, "%s", facts);
	ck_assert(!record_has(r, AUDIT_LABELS));
	ran("files.read", "{\"path\":\"/workspace/loud\"}");
	r = world_find(AUDIT_KIND_INTENT);
	ck_assert_str_eq(as_json(r->field[AUDIT_LABELS].s), "[\"file-content\"]");
	ck_assert(!record_has(r, AUDIT_FACTS));
	ck_assert(krux_str_eq(r->field[AUDIT_AGENT].s, KRUX_STR("builder")));
	ck_assert(krux_str_eq(r->field[AUDIT_RULE].s, KRUX_STR("tiny/loud")));
	f = client_answer(c, ++id, "files.read", "{\"path\":\"/workspace/ask\"}");
	r = world_find(AUDIT_KIND_DEFERRED);
	ck_assert_str_eq(as_json(r->field[AUDIT_APPROVALS].s), "[[1,[\"ops\"]]]");
	ck_assert_uint_eq(r->field[AUDIT_TTL].u, 3600000000000);
}
END_TEST

/* An unknown zone: no local time, and what asks for it is blocked. */
START_TEST(no_zone_blocks)
{
	client_close(c);
	world_stop(&world.gate[0]);
	ck_assert_int_eq(world_ended(&world.gate[0]), 0);
	world_second(elsewhere);
	world_gate_start(&world.gate[1]);
	c = client_agent("builder", "builder-token");
	denied("mail.send", "{\"to\":\"x\",\"size\":1}");
	ck_assert(frame_says(f->answer.remedy, "not known") || frame_says(f->answer.reason, "not known"));
	ran("files.walk", "{\"path\":\"/workspace/a\"}");
}
END_TEST

/* Beyond what stands in the record itself they come along as a file. */
START_TEST(long_arguments_go_to_a_blob)
{
	char json[8192];

	strcpy(json, "{\"path\":\"/workspace/");
	memset(json + 20, 'a', 9 + 4096 - 20);
	strcpy(json + 9 + 4096, "\"}");
	ran("files.walk", json);
	ck_assert(record_has(world_find(AUDIT_KIND_INTENT), AUDIT_ARGS_BLOB));
	ck_assert(!record_has(world_find(AUDIT_KIND_INTENT), AUDIT_ARGS));
}
END_TEST

/* ---- one who is served alone ---- */

static void alone(const char *agent)
{
	client_close(c);
	c = world_alone(agent, "/srv/alone");
	client_send(c, &(struct frame){ .kind = FRAME_HELLO,
	                                .hello = { .version = FRAME_PROTOCOL, .agent = { agent, strlen(agent) } } });
	ck_assert_int_eq(client_wait(c)->kind, FRAME_WELCOME);
}

START_TEST(who_is_alone_is_as_claimed)
{
	const struct record *r;

	alone("nobody.knows");
	ran("files.read", "{\"path\":\"/workspace/a\"}");
	r = world_find(AUDIT_KIND_INTENT);
	ck_assert(krux_str_eq(r->field[AUDIT_AGENT].s, KRUX_STR("nobody.knows")));
	ck_assert(krux_str_eq(r->field[AUDIT_WORKSPACE].s, KRUX_STR("/srv/alone")));
	ck_assert_uint_eq(r->field[AUDIT_AUTH].u, AUDIT_AUTH_CLAIMED);
	ck_assert_uint_eq(r->field[AUDIT_UID].u, getuid());
	/* Its end is the gate's. */
	client_close(c);
	ck_assert_int_eq(world_ended(&world.gate[1]), 0);
	/* What an agent of that name is registered for does not matter. */
	c = client_agent("builder", "builder-token");
	alone("builder");
	ran("files.walk", "{\"path\":\"/workspace/a\"}");
	r = world_find(AUDIT_KIND_INTENT);
	ck_assert(krux_str_eq(r->field[AUDIT_WORKSPACE].s, KRUX_STR("/srv/alone")));
	ck_assert_uint_eq(r->field[AUDIT_AUTH].u, AUDIT_AUTH_CLAIMED);
}
END_TEST

/* Nobody is left who could want what still runs. */
START_TEST(who_is_alone_and_leaves_ends_its_calls)
{
	alone("nobody");
	world.runs = RUN_WAITS;
	client_call(c, ++id, "files.read", "{\"path\":\"/workspace/a\"}", 0);
	world_until(world.nruns == 1);
	ck_assert(!world.run[0].cancelled);
	close(c->fd);
	c->fd = -1;
	ck_assert_int_eq(world_ended(&world.gate[1]), 0);
	ck_assert(world.run[0].cancelled);
	ck_assert_uint_eq(world_count(AUDIT_KIND_OUTCOME), 1);
}
END_TEST

START_TEST(no_other_is_served_there)
{
	client_close(c);
	c = world_alone("nobody", "/srv/alone");
	client_send(c, &(struct frame){ .kind = FRAME_HELLO, .hello = { .version = FRAME_PROTOCOL, .agent = KRUX_STR("other") } });
	f = client_wait(c);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_UNAUTHORISED);
	ck_assert_int_eq(world_ended(&world.gate[1]), 0);
}
END_TEST

/* ---- what calls run as ---- */

/* One less than there are agents. */
static void setup_uids(void)
{
	world_uids = (struct agent_uids){ 70000, 4 };
	setup();
	world_uids.count = 0;
}

START_TEST(calls_run_as_their_agents_uid)
{
	struct client *s;

	ran("files.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(record_runs_as(world_find(AUDIT_KIND_INTENT)), 70001);
	client_close(c);
	c = client_agent("other", "other-token");
	ran("files.walk", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(record_runs_as(world_find(AUDIT_KIND_INTENT)), 70002);
	s = client_supervisor();
	client_send(s, &(struct frame){ .kind = FRAME_S_AGENTS, .has_id = true, .id = 1 });
	f = client_wait(s);
	ck_assert(frame_says(f->s_answer.json, "\"runs_as\":70001,") && frame_says(f->s_answer.json, "\"runs_as\":70003,") &&
	          !frame_says(f->s_answer.json, "\"runs_as\":70004"));
	client_close(s);
	/* Who is served alone has the first, whatever an agent of that name has. */
	alone("builder");
	ran("files.read", "{\"path\":\"/workspace/a\"}");
	ck_assert_uint_eq(record_runs_as(world_find(AUDIT_KIND_INTENT)), 70000);
}
END_TEST

static void setup_few(void)
{
	world_uids = (struct agent_uids){ 70000, 2 };
	setup();
	world_uids.count = 0;
}

START_TEST(no_uid_is_left_for_another)
{
	client_close(c);
	c = client_agent("other", "other-token");
	client_call(c, ++id, "files.read", "{\"path\":\"/workspace/a\"}", 0);
	f = client_wait(c);
	ck_assert_int_eq(f->kind, FRAME_ERROR);
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("facts");
	TCase *t = tcase_create("facts"), *u;
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, once, finally);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, labels_stick_to_the_workspace);
	tcase_add_test(t, denied_calls_leave_no_label);
	tcase_add_test(t, failures_count);
	tcase_add_test(t, records_say_all);
	tcase_add_test(t, no_zone_blocks);
	tcase_add_test(t, long_arguments_go_to_a_blob);
	tcase_add_test(t, who_is_alone_is_as_claimed);
	tcase_add_test(t, who_is_alone_and_leaves_ends_its_calls);
	tcase_add_test(t, no_other_is_served_there);
	suite_add_tcase(s, t);
	u = tcase_create("uids");
	tcase_add_unchecked_fixture(u, once, finally);
	tcase_add_checked_fixture(u, setup_uids, teardown);
	tcase_set_timeout(u, 60);
	tcase_add_test(u, calls_run_as_their_agents_uid);
	suite_add_tcase(s, u);
	u = tcase_create("few uids");
	tcase_add_unchecked_fixture(u, once, finally);
	tcase_add_checked_fixture(u, setup_few, teardown);
	tcase_set_timeout(u, 60);
	tcase_add_test(u, no_uid_is_left_for_another);
	suite_add_tcase(s, u);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
