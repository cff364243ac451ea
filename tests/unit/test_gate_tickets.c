/* Calls that wait for a person: accepted, rejected, withdrawn, late, joined, stale. */
#include "tests/unit/gate_steps.h"
#include "tests/unit/still.h"

#include <check.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

START_TEST(accepted_and_run)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	ck_assert(frame_says(f->answer.rule, "gate-test/delete-one") && frame_says(f->answer.remedy, "A person has to approve"));
	ck_assert_uint_eq(world.nruns, 0);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	ck_assert(record_has(&world.run[0].intent, AUDIT_SIGNERS));
	ck_assert_mem_eq(world.run[0].intent.field[AUDIT_TICKET].s.p, ticket, 32);
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT), 1);
	ck_assert_uint_eq(world_count(AUDIT_KIND_SIGNED), 1);
	/* Late. */
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	refused(s, "no such ticket waits");
	ck_assert_uint_eq(world.nruns, 1);
	/* Who asks for the ticket later hears the same. */
	ask(c, 9, FRAME_TICKET_POLL);
	answered(c, 9, FRAME_END_DONE);
	ck_assert(frame_says(f->answer.output, "hello"));
	world_until(world_count(AUDIT_KIND_REFUSED) == 1);
	client_close(c);
	client_close(s);
}
END_TEST

/* Two ways out, in the answer and in the record: a person now, or the clock. */
START_TEST(used_up_rates_are_waited_for_or_approved)
{
	struct client *c = client_agent("builder", "builder-token");
	static const char look[] = "{\"path\":\"/workspace/seldom\"}";

	still_now();
	f = client_answer(c, 1, "filesystem.stat", look);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	still_on(3000);
	f = client_answer(c, 2, "filesystem.stat", look);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DEFERRED);
	ck_assert_uint_eq(f->answer.retry, 600000);
	ck_assert(frame_says(f->answer.remedy, "a person has to approve this call") &&
	          frame_says(f->answer.remedy, "try again in 600 seconds"));
	ck_assert(frame_says(world_find(AUDIT_KIND_DEFERRED)->field[AUDIT_WHY].s,
	                     "the rate of this rule is used up, and has room for this call in 600 seconds"));
	/* Asked again, it is the same ticket and less to wait. */
	still_on(1);
	f = client_answer(c, 3, "filesystem.stat", look);
	ck_assert_uint_eq(f->answer.retry, 599000);
	ck_assert_uint_eq(world_count(AUDIT_KIND_DEFERRED), 1);
	still_on(599);
	f = client_answer(c, 4, "filesystem.stat", look);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	client_close(c);
}
END_TEST

START_TEST(quorums)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, two, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	ck_assert(client_quiet(c));
	client_decide(s, 2, ticket, "accept", "ana", &world_ana);
	refused(s, "accepted it already");
	client_decide(s, 3, ticket, "accept", "ben", &world_ana);
	refused(s, "does not hold");
	client_decide(s, 4, ticket, "accept", "zoe", &world_stranger);
	refused(s, "no registered approver");
	client_decide(s, 5, ticket, "accept", "ben", &world_ben);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	world_until(world_count(AUDIT_KIND_REFUSED) == 3);
	client_close(c);
	client_close(s);
}
END_TEST

/* Of two who are needed one is taken out after it has accepted: it takes another one. */
START_TEST(who_is_taken_out_does_not_count)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();
	struct krux_secret_key other;

	defer(c, 1, two, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_key("approver", &world_ana, "revoke");
	ck_assert(client_quiet(c));
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	done(s);
	ck_assert(client_quiet(c));
	ck_assert_uint_eq(world.nruns, 0);
	client_decide(s, 3, ticket, "accept", "ana", &world_ana);
	refused(s, "no registered approver");
	ck_assert(krux_key_generate("ana", false, &other, NULL));
	world_key("approver", &other, "add");
	ck_assert(client_quiet(c));
	client_decide(s, 4, ticket, "accept", "ana", &other);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(s);
}
END_TEST

/* A signature on another ticket, or another word, is none on this. */
START_TEST(signatures_are_bound)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();
	uint8_t first[32], signature[64];
	char message[38];
	struct frame q = { .kind = FRAME_S_DECIDE, .has_id = true, .id = 1,
		           .s_decide = { .ticket = ticket, .decision = KRUX_STR("accept"), .approver = KRUX_STR("ana"),
		                         .signature = signature } };

	defer(c, 1, one, 0);
	memcpy(first, ticket, 32);
	defer(c, 2, "{\"path\":\"/workspace/b\"}", 0);
	ck_assert(memcmp(first, ticket, 32) != 0);
	memcpy(message, first, 32);
	memcpy(message + 32, "accept", 6);
	ck_assert(krux_key_sign(&world_ana, FRAME_DOMAIN_APPROVE, (struct krux_str){ message, 38 }, signature));
	client_send(s, &q);
	refused(s, "does not hold");
	memcpy(message, ticket, 32);
	memcpy(message + 32, "reject", 6);
	ck_assert(krux_key_sign(&world_ana, FRAME_DOMAIN_APPROVE, (struct krux_str){ message, 38 }, signature));
	client_send(s, &q);
	refused(s, "does not hold");
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(nobody_approves_himself)
{
	struct client *c = client_connect(false), *s = client_supervisor();
	struct frame h = { .kind = FRAME_HELLO, .hello = { .version = 1, .agent = KRUX_STR("keyed"), .proof = FRAME_PROOF_KEY } };
	uint8_t signature[64];
	char message[37];

	client_send(c, &h);
	f = client_wait(c);
	memcpy(message, f->challenge.nonce, 32);
	memcpy(message + 32, "keyed", 5);
	ck_assert(krux_key_sign(&world_ana, FRAME_DOMAIN_HELLO, (struct krux_str){ message, 37 }, signature));
	client_send(c, &(struct frame){ .kind = FRAME_PROVE, .prove.signature = signature });
	f = client_wait(c);
	ck_assert_int_eq(f->kind, FRAME_WELCOME);
	defer(c, 1, one, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	refused(s, "does not approve its own");
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(rejected)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "reject", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_WITHDRAWN);
	ck_assert(frame_says(f->answer.why, "rejected by ana"));
	client_decide(s, 2, ticket, "accept", "ben", &world_ben);
	refused(s, "no such ticket waits");
	ask(c, 3, FRAME_TICKET_POLL);
	answered(c, 3, FRAME_END_WITHDRAWN);
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(withdrawn)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	ask(d, 1, FRAME_TICKET_WITHDRAW);
	f = client_wait(d);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_TICKET);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DEFERRED);
	ask(c, 3, FRAME_TICKET_WITHDRAW);
	answered(c, 1, FRAME_END_WITHDRAWN);
	answered(c, 3, FRAME_END_WITHDRAWN);
	ck_assert_uint_eq(world_count(AUDIT_KIND_WITHDRAWN), 1);
	client_decide(s, 2, ticket, "accept", "ana", &world_ana);
	refused(s, "no such ticket waits");
	client_close(c);
	client_close(d);
	client_close(s);
}
END_TEST

static void cancel(struct client *c, uint64_t id)
{
	client_send(c, &(struct frame){ .kind = FRAME_CANCEL, .has_id = true, .id = id });
}

/* Nobody may take it for a call that will not run. */
START_TEST(cancelled_it_waits_on)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	cancel(c, 1);
	answered(c, 1, FRAME_END_DEFERRED);
	ck_assert_mem_eq(f->answer.ticket, ticket, 32);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DEFERRED);
	/* Who waits for the ticket itself is told the same. */
	ask(c, 3, FRAME_TICKET_WAIT);
	cancel(c, 3);
	answered(c, 3, FRAME_END_DEFERRED);
	ck_assert_uint_eq(world_count(AUDIT_KIND_WITHDRAWN), 0);
	/* Released, it comes too late. */
	ask(c, 4, FRAME_TICKET_WAIT);
	world.runs = RUN_WAITS;
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_until(world.nruns == 1);
	cancel(c, 4);
	ck_assert(client_quiet(c));
	world_finish(&world.run[0], RUN_ANSWERS);
	answered(c, 4, FRAME_END_DONE);
	client_close(c);
	client_close(s);
}
END_TEST

/* Before its record was on disk: it is deferred, and waited for no more. */
START_TEST(cancelled_before_it_waits)
{
	struct client *c = client_agent("builder", "builder-token");

	world.held = true;
	client_call(c, 1, "filesystem.delete", one, FRAME_FLAG_WAIT);
	world_until(world_count(AUDIT_KIND_DEFERRED) == 1);
	cancel(c, 1);
	ck_assert(client_quiet(c));
	world_ack();
	answered(c, 1, FRAME_END_DEFERRED);
	answered(c, 1, FRAME_END_DEFERRED);
	client_close(c);
}
END_TEST

/* Defers n calls and withdraws each; answers of both. */
static void withdraw_many(struct client *c, unsigned n)
{
	char json[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(json, sizeof json, "{\"path\":\"/workspace/many/%u\"}", i);
		defer(c, 2 * i + 1, json, 0);
		ask(c, 2 * i + 2, FRAME_TICKET_WITHDRAW);
		answered(c, 2 * i + 2, FRAME_END_WITHDRAWN);
	}
}

/* What was answered is kept for who asked; only his own later ones take its place. */
START_TEST(answers_are_kept_by_agent)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("other", "other-token"),
		      *s = client_supervisor();
	uint8_t first[32];

	defer(c, 1, one, FRAME_FLAG_WAIT);
	memcpy(first, ticket, 32);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	withdraw_many(d, 300);
	memcpy(ticket, first, 32);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DONE);
	ck_assert(frame_says(f->answer.output, "hello"));
	withdraw_many(c, 64);
	memcpy(ticket, first, 32);
	ask(c, 500, FRAME_TICKET_POLL);
	f = client_wait(c);
	ck_assert(f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_TICKET);
	client_close(c);
	client_close(d);
	client_close(s);
}
END_TEST

/* An answer that is too large to be kept, and one that came as a file: that they ran is known. */
START_TEST(what_is_not_kept_did_run)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	world.runs = RUN_LONG;
	defer(c, 1, one, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	ck_assert(f->answer.has_size);
	ask(c, 2, FRAME_TICKET_POLL);
	answered(c, 2, FRAME_END_DONE);
	ck_assert(!f->answer.has_size && !f->answer.output.p && frame_says(f->answer.why, "is in the log, record "));
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(time_runs_out)
{
	struct client *c = client_agent("builder", "builder-token");

	client_call(c, 1, "filesystem.append", "{\"path\":\"/workspace/a\",\"content\":\"x\"}", FRAME_FLAG_WAIT);
	answered(c, 1, FRAME_END_DEFERRED);
	answered(c, 1, FRAME_END_WITHDRAWN);
	ck_assert(frame_says(f->answer.why, "time is over"));
	ck_assert_uint_eq(world_count(AUDIT_KIND_EXPIRED), 1);
	client_close(c);
}
END_TEST

/* The same call of the same agent joins the card; another agent's does not. */
START_TEST(the_same_joins)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("builder", "builder-token"),
		      *e = client_agent("other", "other-token"), *s = client_supervisor();
	uint8_t first[32];

	defer(c, 1, one, FRAME_FLAG_WAIT);
	memcpy(first, ticket, 32);
	defer(d, 1, one, FRAME_FLAG_WAIT);
	ck_assert_mem_eq(first, ticket, 32);
	defer(e, 1, one, 0);
	ck_assert(memcmp(first, ticket, 32) != 0);
	ck_assert_uint_eq(world_count(AUDIT_KIND_DEFERRED), 2);
	client_decide(s, 1, first, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	answered(d, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(d);
	client_close(e);
	client_close(s);
}
END_TEST

/* Twice before the first is on disk: one card stays. */
START_TEST(the_same_at_once)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	world.held = true;
	client_call(c, 1, "filesystem.delete", one, FRAME_FLAG_WAIT);
	client_call(c, 2, "filesystem.delete", one, FRAME_FLAG_WAIT);
	ck_assert(client_quiet(c));
	world_ack();
	answered(c, 1, FRAME_END_DEFERRED);
	memcpy(ticket, f->answer.ticket, 32);
	answered(c, 2, FRAME_END_DEFERRED);
	ck_assert_mem_eq(f->answer.ticket, ticket, 32);
	ck_assert(client_quiet(c));
	world_until(carry_tickets(world.carry) == 1);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	f = client_wait(c);
	ck_assert_uint_eq(f->answer.end, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(s);
}
END_TEST

START_TEST(stale_files)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	world.looked = 7;
	defer(c, 1, one, FRAME_FLAG_WAIT);
	ck_assert(record_has(world_find(AUDIT_KIND_DEFERRED), AUDIT_SHOWN));
	/* What is deleted with all below it is asked for as a tree. */
	ck_assert(memmem(world_find(AUDIT_KIND_DEFERRED)->field[AUDIT_SHOWN].s.p,
	                 world_find(AUDIT_KIND_DEFERRED)->field[AUDIT_SHOWN].s.n, "/workspace/a/", 13));
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 1, FRAME_END_DONE);
	defer(c, 2, one, FRAME_FLAG_WAIT);
	world.looked = 8;
	client_decide(s, 2, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 2, FRAME_END_WITHDRAWN);
	ck_assert(frame_says(f->answer.why, "has changed"));
	ck_assert_uint_eq(world_count(AUDIT_KIND_STALE), 1);
	ck_assert_uint_eq(world.nruns, 1);
	/* Nor may there be one where nothing was shown. */
	world.looked = 0;
	defer(c, 3, one, FRAME_FLAG_WAIT);
	world.looked = 8;
	client_decide(s, 3, ticket, "accept", "ana", &world_ana);
	done(s);
	answered(c, 3, FRAME_END_WITHDRAWN);
	ck_assert_uint_eq(world_count(AUDIT_KIND_STALE), 2);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(s);
}
END_TEST

/* That many files below /workspace, of which the second is named twice. */
static const char *gather(unsigned n)
{
	static char json[4096];
	size_t at = (size_t)snprintf(json, sizeof json, "{\"to\":\"/workspace/f1\",\"from\":[\"/workspace/f0\"");

	for (unsigned i = 1; i < n; i++)
		at += (size_t)snprintf(json + at, sizeof json - at, ",\"/workspace/f%u\"", i);
	snprintf(json + at, sizeof json - at, "]}");
	return json;
}

/* All that an effect names: each of a list, and what the capability names itself. */
START_TEST(every_place_is_looked_at)
{
	struct client *c = client_agent("builder", "builder-token");
	struct krux_str shown;

	world.looked = 7;
	f = client_answer(c, 1, "team.gather", gather(15));
	ck_assert_uint_eq(f->answer.end, FRAME_END_DEFERRED);
	shown = world_find(AUDIT_KIND_DEFERRED)->field[AUDIT_SHOWN].s;
	ck_assert_uint_eq((uint8_t)shown.p[0], 0x90);
	ck_assert(memmem(shown.p, shown.n, "/workspace/f0", 13) && memmem(shown.p, shown.n, "/workspace/f14", 14));
	ck_assert(memmem(shown.p, shown.n, "/workspace/always", 17));
	client_call(c, 2, "team.gather", gather(16), 0);
	f = client_wait(c);
	frame_refuses(f, 2, FRAME_ERROR_UNRECORDED);
	ck_assert(frame_says(f->error.why, "it names more than 16 places in the workspace, which no approval can be bound to; nothing was done"));
	ck_assert_uint_eq(world_count(AUDIT_KIND_DEFERRED), 1);
	client_close(c);
}
END_TEST

/* It is accepted, and the spawner is asked to look. */
static void accept_blindly(struct client *s, uint64_t id, const struct krux_secret_key *key, const char *name)
{
	world.blind = true;
	client_decide(s, id, ticket, "accept", name, key);
	done(s);
	world_until(world.sight.gate);
}

/* While it looked its agent was taken out, and is there again. */
START_TEST(taken_out_during_the_look)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	world.looked = 7;
	defer(c, 1, one, 0);
	accept_blindly(s, 1, &world_ana, "ana");
	world_revoke("builder");
	world_register("builder");
	f = client_wait(c);
	ck_assert(f && f->kind == FRAME_ERROR && f->error.code == FRAME_ERROR_REVOKED);
	world_see();
	world_until(world_count(AUDIT_KIND_EXPIRED) == 1);
	ck_assert(frame_says(world_find(AUDIT_KIND_EXPIRED)->field[AUDIT_WHY].s, "has been taken out"));
	ck_assert_uint_eq(world.nruns, 0);
	client_close(c);
	client_close(s);
}
END_TEST

/* While it looked one of two who had accepted it was taken out: it takes another one. */
START_TEST(approver_taken_out_during_the_look)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();
	struct krux_secret_key other;

	world.looked = 7;
	defer(c, 1, two, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	accept_blindly(s, 2, &world_ben, "ben");
	world_key("approver", &world_ana, "revoke");
	ck_assert(client_quiet(c));
	world_see();
	ck_assert(client_quiet(c));
	ck_assert_uint_eq(world_count(AUDIT_KIND_INTENT), 0);
	ck_assert(krux_key_generate("ana", false, &other, NULL));
	world_key("approver", &other, "add");
	ck_assert(client_quiet(c));
	accept_blindly(s, 3, &other, "ana");
	world_see();
	answered(c, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(s);
}
END_TEST

/* The recorder knew first that it may not be used now, and it waits on. */
START_TEST(refused_it_waits_on)
{
	struct client *c = client_agent("builder", "builder-token"), *s = client_supervisor();

	defer(c, 1, one, FRAME_FLAG_WAIT);
	world.refuse_kind = AUDIT_KIND_INTENT;
	world.refuse_status = ACK_TICKET;
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	world_until(world.refused == 1);
	ck_assert(client_quiet(c));
	world.refuse_status = ACK_OK;
	decided(s, 2, ticket, "accept", "ben", &world_ben);
	answered(c, 1, FRAME_END_DONE);
	ck_assert_uint_eq(world.nruns, 1);
	client_close(c);
	client_close(s);
}
END_TEST

static int unread(const struct client *c)
{
	int n;

	ck_assert(!ioctl(c->fd, SIOCOUTQ, &n));
	return n;
}

/* What waits for a ticket while there is no room for its answer goes, and takes nobody along. */
START_TEST(no_room_for_answers)
{
	struct client *c = client_agent("builder", "builder-token"), *d = client_agent("builder", "builder-token"),
		      *full = client_agent("other", "other-token"), *s = client_supervisor();
	static const uint8_t head[] = { 0, 0x0f, 0xf8, 0, 0 };   /* of a message of 1 MiB less 2 KiB */

	defer(c, 1, one, FRAME_FLAG_WAIT);
	ask(c, 2, FRAME_TICKET_WAIT);
	ask(c, 3, FRAME_TICKET_WAIT);
	ck_assert(client_quiet(c));
	client_raw(full, head, sizeof head);
	world_until(!unread(full));
	ask(d, 1, FRAME_TICKET_WITHDRAW);
	ck_assert_ptr_null(client_wait(c));
	ck_assert_ptr_null(client_wait(d));
	client_close(full);
	client_close(c);
	client_close(d);
	c = client_agent("builder", "builder-token");
	for (uint64_t id = 1; id < 4; id++)
		defer(c, id, one, FRAME_FLAG_WAIT);
	client_decide(s, 1, ticket, "accept", "ana", &world_ana);
	done(s);
	for (unsigned all = 0; all != 0xe;) {
		f = client_wait(c);
		ck_assert(f && f->kind == FRAME_ANSWER && f->answer.end == FRAME_END_DONE && f->id < 4 && !(all >> f->id & 1));
		all |= 1U << f->id;
	}
	client_close(c);
	client_close(s);
}
END_TEST

static void setup(void)
{
	world_limits = (struct gate_limits){ .requests = 100000 };
	world_setup();
}

static void setup_small(void)
{
	world_limits = (struct gate_limits){ .requests = 100000, .bytes = 1 << 20 };
	world_setup();
}

int main(void)
{
	TCase *c = tcase_create("tickets"), *small = tcase_create("small");
	Suite *s = suite_create("gate_tickets");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(c, world_once, world_finally);
	tcase_add_checked_fixture(c, still_end, NULL);
	tcase_add_checked_fixture(c, setup, world_teardown);
	tcase_add_test(c, accepted_and_run);
	tcase_add_test(c, used_up_rates_are_waited_for_or_approved);
	tcase_add_test(c, quorums);
	tcase_add_test(c, who_is_taken_out_does_not_count);
	tcase_add_test(c, signatures_are_bound);
	tcase_add_test(c, nobody_approves_himself);
	tcase_add_test(c, rejected);
	tcase_add_test(c, withdrawn);
	tcase_add_test(c, cancelled_it_waits_on);
	tcase_add_test(c, cancelled_before_it_waits);
	tcase_add_test(c, answers_are_kept_by_agent);
	tcase_add_test(c, what_is_not_kept_did_run);
	tcase_add_test(c, time_runs_out);
	tcase_add_test(c, the_same_joins);
	tcase_add_test(c, the_same_at_once);
	tcase_add_test(c, stale_files);
	tcase_add_test(c, every_place_is_looked_at);
	tcase_add_test(c, taken_out_during_the_look);
	tcase_add_test(c, approver_taken_out_during_the_look);
	tcase_add_test(c, refused_it_waits_on);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	tcase_add_unchecked_fixture(small, world_once, world_finally);
	tcase_add_checked_fixture(small, setup_small, world_teardown);
	tcase_add_test(small, no_room_for_answers);
	tcase_set_timeout(small, 120);
	suite_add_tcase(s, small);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
