/* What supervisors are told, and what they do but for deciding tickets: freeze, register, take out, reload. */
#include "tests/unit/gate_steps.h"

#include "capspec/item.h"

#include <check.h>
#include <string.h>

START_TEST(what_supervisors_read)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, "{\"path\":\"/workspace/a\\u202E\\u001b[31mb\"}", 0);
	client_send(s, &(struct frame){ .kind = FRAME_S_TICKETS, .has_id = true, .id = 1 });
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_ANSWER);
	ck_assert_msg(frame_says(f->s_answer.json, "\\u202e") || frame_says(f->s_answer.json, "\\u202E"), "%.*s",
	              (int)f->s_answer.json.n, f->s_answer.json.p);
	ck_assert(!frame_says(f->s_answer.json, "\x1b") && !frame_says(f->s_answer.json, "\xE2\x80\xAE"));
	ck_assert(frame_says(f->s_answer.json, "\"capability\":\"filesystem.delete\"") &&
	          frame_says(f->s_answer.json, "\"claimed\":\"a test\"") && frame_says(f->s_answer.json, "\"quorum\":1"));
	client_send(s, &(struct frame){ .kind = FRAME_S_TICKETS, .has_id = true, .id = 2, .s_tickets.ticket = ticket });
	f = client_wait(s);
	ck_assert(frame_says(f->s_answer.json, "{\"ticket\":\""));
	client_send(s, &(struct frame){ .kind = FRAME_S_TICKETS, .has_id = true, .id = 3, .s_tickets.ticket = world.prev });
	f = client_wait(s);
	client_send(s, &(struct frame){ .kind = FRAME_S_STATUS, .has_id = true, .id = 4 });
	f = client_wait(s);
	ck_assert(frame_says(f->s_answer.json, "\"tickets\":1") && frame_says(f->s_answer.json, "\"policy\":"));
	ck_assert_msg(frame_says(f->s_answer.json, "\"limits\":{\"connections\":4096,") &&
	              frame_says(f->s_answer.json, "\"requests\":100000,"), "%.*s", (int)f->s_answer.json.n, f->s_answer.json.p);
	client_send(s, &(struct frame){ .kind = FRAME_S_AGENTS, .has_id = true, .id = 5 });
	f = client_wait(s);
	ck_assert(frame_says(f->s_answer.json, "\"name\":\"builder\"") && frame_says(f->s_answer.json, "\"auth\":\"token\""));
	client_send(s, &(struct frame){ .kind = FRAME_S_PROPOSE, .has_id = true, .id = 6, .s_propose.ticket = ticket });
	f = client_wait(s);
	ck_assert_msg(frame_says(f->s_answer.json, "on: filesystem.delete@1") &&
	              frame_says(f->s_answer.json, "agent: \\\"builder\\\"") && frame_says(f->s_answer.json, "u{202E}"), "%.*s",
	              (int)f->s_answer.json.n, f->s_answer.json.p);
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(watching)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	client_send(s, &(struct frame){ .kind = FRAME_S_WATCH, .has_id = true, .id = 1 });
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_ANSWER);
	client_answer(c, 1, "filesystem.read", "{\"path\":\"/workspace/secret\"}");
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_EVENT);
	ck_assert(frame_says(f->s_event.record, "It is secret"));
	client_answer(c, 2, "filesystem.read", "{\"path\":\"/workspace/a\"}");
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_EVENT);
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_EVENT);
	client_close(c);
	client_close(s);
}
END_TEST

/* ---- acts ---- */

static void act_send(struct client *s, const struct record *r, const struct krux_secret_key *k)
{
	uint8_t body[1024], signature[64];
	size_t n = record_encode_body(r, body, sizeof body);
	struct frame q = { .kind = FRAME_S_ACT, .has_id = true, .id = 5,
		           .s_act = { .act = { (char *)body, n }, .operator = KRUX_STR("operator"), .signature = signature } };

	ck_assert_uint_gt(n, 0);
	ck_assert(krux_key_sign(k, FRAME_DOMAIN_OPERATOR, (struct krux_str){ (char *)body, n }, signature));
	client_send(s, &q);
}

static void nonce_get(struct client *s, uint8_t out[static 16])
{
	client_send(s, &(struct frame){ .kind = FRAME_S_NONCE, .has_id = true, .id = 4 });
	f = client_wait(s);
	ck_assert_int_eq(f->kind, FRAME_S_GIVEN);
	memcpy(out, f->s_given.nonce, 16);
}

static struct record thaw(const uint8_t *nonce, const char *agent)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_FREEZE);
	record_text(&r, AUDIT_ACTION, "thaw");
	record_text(&r, AUDIT_WHY, "all is well");
	record_text(&r, AUDIT_AGENT, agent);
	record_bytes(&r, AUDIT_NONCE, nonce, 16);
	return r;
}

START_TEST(freezing)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor();
	struct frame q = { .kind = FRAME_S_FREEZE, .has_id = true, .id = 1, .s_freeze = { .agent = KRUX_STR("builder"), .reason = KRUX_STR("odd") } };
	uint8_t nonce[16];
	struct record r;

	defer(c, 1, one, FRAME_FLAG_WAIT);
	client_send(s, &q);
	done(s);
	client_call(c, 2, "filesystem.read", one, 0);
	f = client_wait(c);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_FROZEN);
	f = client_answer(d, 1, "filesystem.read", one);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	/* What is accepted meanwhile waits. */
	client_decide(s, 2, ticket, "accept", "ana", &world_ana);
	done(s);
	ck_assert(client_quiet(c));
	/* Only an operator thaws, with a fresh nonce. */
	nonce_get(s, nonce);
	r = thaw(nonce, "builder");
	act_send(s, &r, &world_ana);
	refused(s, "does not hold");
	act_send(s, &r, &world_operator);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	act_send(s, &r, &world_operator);
	refused(s, "nonce");
	f = client_answer(c, 3, "filesystem.read", one);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	/* All. */
	q.s_freeze.agent = (struct krux_str){ NULL, 0 };
	client_send(s, &q);
	done(s);
	client_call(d, 2, "system.ping", "{}", 0);
	f = client_wait(d);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_FROZEN);
	q.s_freeze.agent = KRUX_STR("nobody");
	client_send(s, &q);
	refused(s, "no such agent");
	ck_assert_uint_eq(world_count(AUDIT_KIND_FREEZE), 3);
	client_close(c);
	client_close(d);
	client_close(s);
}
END_TEST

static struct record revocation(const uint8_t *nonce, const char *name)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, "revoke");
	record_bytes(&r, AUDIT_NONCE, nonce, 16);
	return r;
}

static struct record addition(const uint8_t *nonce, const char *workspace, uint64_t uid)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, "new");
	record_text(&r, AUDIT_ACTION, "add");
	record_text(&r, AUDIT_WORKSPACE, workspace);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, uid);
	record_bytes(&r, AUDIT_NONCE, nonce, 16);
	return r;
}

START_TEST(agents_that_could_do_nothing_are_refused)
{
	static const struct {
		const char *workspace;
		uint64_t uid;
		const char *why;
	} row[] = {
		{ "/", 4001, "state folder /srv/daemon/state lies in its reach" },
		{ "/srv/daemon", 4001, "state folder /srv/daemon/state lies in its reach" },
		{ "/srv/daemon/state/log", 4001, "it lies in the state folder" },
		{ "/srv/daemon/state/workspaces", 4001, "it lies in the state folder" },
		{ "/etc/krux", 4001, "bundle /etc/krux/b lies in its reach" },
		{ "/srv/builder/below", 4001, "it lies in that of agent builder, /srv/builder" },
		{ "workspace", 4001, "no absolute path" },
		{ "/srv/new", 0, "uid 0 is root's" },
	};
	struct client *s = client_supervisor();
	uint8_t nonce[16];
	struct record r;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nonce_get(s, nonce);
		r = addition(nonce, row[i].workspace, row[i].uid);
		act_send(s, &r, &world_operator);
		refused(s, row[i].why);
	}
	nonce_get(s, nonce);
	r = addition(nonce, "/srv/daemon/state/workspaces/new", 4001);
	act_send(s, &r, &world_operator);
	done(s);
	client_close(s);
}
END_TEST

START_TEST(revocation_ends_connections)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor();
	struct frame h = { .kind = FRAME_HELLO, .hello = { .version = 1, .agent = KRUX_STR("builder"), .proof = FRAME_PROOF_TOKEN,
	                                                   .token = KRUX_STR("builder-token") } };
	uint8_t nonce[16];
	struct record r;

	nonce_get(s, nonce);
	r = revocation(nonce, "builder");
	act_send(s, &r, &world_operator);
	done(s);
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_REVOKED);
	ck_assert_ptr_null(client_wait(c));
	client_close(c);
	c = client_connect(false);
	client_send(c, &h);
	f = client_wait(c);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_REVOKED);
	client_close(c);
	f = client_answer(d, 1, "system.ping", "{}");
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	/* An intent is no act. */
	nonce_get(s, nonce);
	r = revocation(nonce, "other");
	record_set(&r, AUDIT_KIND, AUDIT_KIND_NOTIFY);
	act_send(s, &r, &world_operator);
	refused(s, "no act of an operator");
	client_close(d);
	client_close(s);
}
END_TEST

/* What a revoked agent has under way is killed or ends; what others have does not. */
START_TEST(revocation_ends_calls)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor();
	uint8_t nonce[16], waiting[32], others[32];
	struct record r;

	world.runs = RUN_WAITS;
	client_call(c, 1, "filesystem.read", one, 0);
	client_call(d, 1, "filesystem.read", one, 0);
	defer(c, 2, one, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	defer(d, 2, two, 0);
	memcpy(others, ticket, 32);
	defer(c, 3, two, 0);
	memcpy(waiting, ticket, 32);
	world_until(world.nruns == 3);
	nonce_get(s, nonce);
	r = revocation(nonce, "builder");
	act_send(s, &r, &world_operator);
	done(s);
	world_until(world_count(AUDIT_KIND_OUTCOME) == 2);
	for (unsigned i = 0; i < world.nruns; i++)
		ck_assert_int_eq(world.run[i].cancelled, krux_str_eq(world.run[i].intent.field[AUDIT_AGENT].s, KRUX_STR("builder")));
	world_until(world_count(AUDIT_KIND_EXPIRED) == 1);
	ck_assert_mem_eq(world_find(AUDIT_KIND_EXPIRED)->field[AUDIT_TICKET].s.p, waiting, 32);
	ck_assert(frame_says(world_find(AUDIT_KIND_EXPIRED)->field[AUDIT_WHY].s, "has been taken out"));
	client_decide(s, 2, waiting, "accept", "ana", &world_ana);
	refused(s, "no such ticket waits");
	client_decide(s, 3, others, "accept", "ana", &world_ana);
	done(s);
	for (unsigned i = 0; i < world.nruns; i++)
		if (!world.run[i].cancelled)
			world_finish(&world.run[i], RUN_ANSWERS);
	answered(d, 1, FRAME_END_DONE);
	client_close(c);
	client_close(d);
	client_close(s);
}
END_TEST

/* A ticket that is just being decided ends all the same. */
START_TEST(revocation_ends_busy_tickets)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();
	uint8_t nonce[16];
	struct record r;
	unsigned agents = world_count(AUDIT_KIND_AGENT);

	defer(c, 1, two, 0);
	nonce_get(s, nonce);
	world.held = true;
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	r = revocation(nonce, "builder");
	act_send(s, &r, &world_operator);
	world_until(world_count(AUDIT_KIND_SIGNED) == 1 && world_count(AUDIT_KIND_AGENT) > agents);
	world_ack();
	done(s);
	done(s);
	world_until(world_count(AUDIT_KIND_EXPIRED) == 1);
	ck_assert_uint_eq(carry_tickets(world.carry), 0);
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(reloading)
{
	struct client *s = client_supervisor();
	struct frame q = { .kind = FRAME_S_RELOAD, .has_id = true, .id = 9, .s_reload.bundle = KRUX_STR("/some/where") };
	struct krux_err err;

	client_send(s, &q);
	world_until(world.nreloads == 1);
	ck_assert_str_eq(world.reload_path, "/some/where");
	channel_put(&world.gate[0].parent, MESSAGE_REFUSED, world.reload_cookie, &(struct part){ "it is not signed", 16 }, 1, &err);
	refused(s, "it is not signed");
	client_send(s, &q);
	world_until(world.nreloads == 2);
	channel_put(&world.gate[0].parent, MESSAGE_RELOAD, world.reload_cookie, &(struct part){ &(uint64_t){ 77 }, 8 }, 1, &err);
	done(s);
	ck_assert_uint_eq(f->s_done.record, 77);
	client_close(s);
}
END_TEST

static void setup(void)
{
	world_limits = (struct gate_limits){ .requests = 100000 };
	world_setup();
}

int main(void)
{
	TCase *c = tcase_create("acts");
	Suite *s = suite_create("gate_acts");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(c, world_once, world_finally);
	tcase_add_checked_fixture(c, setup, world_teardown);
	tcase_add_test(c, what_supervisors_read);
	tcase_add_test(c, watching);
	tcase_add_test(c, freezing);
	tcase_add_test(c, agents_that_could_do_nothing_are_refused);
	tcase_add_test(c, revocation_ends_connections);
	tcase_add_test(c, revocation_ends_calls);
	tcase_add_test(c, revocation_ends_busy_tickets);
	tcase_add_test(c, reloading);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
