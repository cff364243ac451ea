/* The recorder among honest programs: what is answered, who is told, what is left when somebody ends. */
#include "tests/unit/recording.h"
#include "tests/unit/records.h"

#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"

#include "capspec/digest.h"
#include "capspec/item.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct side a, b;
static struct message_ack ack;
static struct message m;

static void setup(void)
{
	recording_setup();
	recording_start();
	side_open(&a, 1);
	builder_add(&a);
}

static enum ack_status gate(struct record r)
{
	return side_append(&a.gate, &r, 0, &ack);
}

static enum ack_status spawner(struct record r)
{
	return side_append(&a.spawner, &r, 0, &ack);
}

static struct record decode(struct krux_str bytes)
{
	struct record r;
	const char *why = "";
	size_t used;

	ck_assert_msg(record_decode((const uint8_t *)bytes.p, bytes.n, &r, &used, &why), "%s", why);
	ck_assert_uint_eq(used, bytes.n);
	return r;
}

static void receipt_check(const struct side *s)
{
	static const char domain[] = "krux/receipt/1";
	uint8_t number[16] = { 0 }, want[32];
	struct krux_str part[3] = { { domain, sizeof domain }, { (char *)number, 16 }, { (char *)ack.leaf, 32 } };
	struct krux_hmac_key key;

	number[7] = (uint8_t)s->n;
	number[15] = (uint8_t)ack.seq;
	krux_hmac_key(&key, (struct krux_str){ (const char *)s->key, MESSAGE_KEY });
	krux_hmac_sha256(&key, part, 3, want);
	ck_assert_mem_eq(want, ack.receipt, 32);
}

START_TEST(an_intent_gets_a_receipt_and_its_end)
{
	static const uint8_t none[32];
	uint8_t leaf[HASH_LEN];
	struct record r;
	uint64_t seq;

	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	r = decode(appended);
	ck_assert_uint_eq(r.field[AUDIT_SEQ].u, ack.seq);
	record_leaf((const uint8_t *)appended.p, appended.n, leaf);
	ck_assert_mem_eq(leaf, ack.leaf, HASH_LEN);
	receipt_check(&a);
	seq = ack.seq;
	/* Its own spawner says how it ended, once; the gate cannot. */
	ck_assert_int_eq(gate(records_outcome(seq)), ACK_MALFORMED);
	ck_assert_int_eq(spawner(records_outcome(seq)), ACK_OK);
	ck_assert(side_hear(&a.gate, MESSAGE_NEWS, &m));
	r = decode((struct krux_str){ (const char *)m.body, m.n });
	ck_assert_uint_eq(r.field[AUDIT_KIND].u, AUDIT_KIND_OUTCOME);
	ck_assert_uint_eq(r.field[AUDIT_ABOUT].u, seq);
	ck_assert_int_eq(spawner(records_outcome(seq)), ACK_MALFORMED);
	/* What the gate answers itself needs no receipt. */
	r = intent_record();
	ck_assert_int_eq(side_append(&a.gate, &r, APPEND_HERE | APPEND_LAZY, &ack), ACK_OK);
	ck_assert_mem_eq(ack.receipt, none, 32);
	seq = ack.seq;
	ck_assert_int_eq(spawner(records_outcome(seq)), ACK_MALFORMED);
	ck_assert_int_eq(gate(records_outcome(seq)), ACK_OK);
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
}
END_TEST

START_TEST(only_registered_agents_ask)
{
	struct record r = intent_record();

	record_text(&r, AUDIT_AGENT, "other");
	ck_assert_int_eq(gate(r), ACK_AGENT);
	r = intent_record();
	record_text(&r, AUDIT_WORKSPACE, "/srv/other");
	ck_assert_int_eq(gate(r), ACK_AGENT);
	r = intent_record();
	record_set(&r, AUDIT_UID, 1001);
	ck_assert_int_eq(gate(r), ACK_AGENT);
	r = intent_record();
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	ck_assert_int_eq(gate(r), ACK_AGENT);
	/* A name is given once; and taken back at once. */
	ck_assert_int_eq(gate(act(agent_record("builder", "/srv/w"), &operator_key, 3)), ACK_AGENT);
	r = (struct record){ 0 };
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, "builder");
	record_text(&r, AUDIT_ACTION, "revoke");
	ck_assert_int_eq(gate(r), ACK_SIGNATURE);
	ck_assert_int_eq(gate(act(r, &stranger_key, 4)), ACK_SIGNATURE);
	ck_assert_int_eq(gate(act(r, &approver_key, 4)), ACK_SIGNATURE);
	r = act(r, &operator_key, 4);
	ck_assert_int_eq(gate(r), ACK_OK);
	ck_assert_int_eq(gate(intent_record()), ACK_AGENT);
	ck_assert_int_eq(gate(act(agent_record("builder", "/srv/w"), &operator_key, 5)), ACK_OK);
	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	/* No act serves twice. */
	ck_assert_int_eq(gate(r), ACK_SIGNATURE);
}
END_TEST

START_TEST(who_is_served_alone_is_as_claimed)
{
	struct record r;

	side_gone(&a);
	ck_assert_int_eq(recording_stop(), 0);
	recording_alone = "someone";
	recording_start();
	recording_alone = NULL;
	side_open(&a, 1);
	r = intent_record();
	record_text(&r, AUDIT_AGENT, "someone");
	record_text(&r, AUDIT_WORKSPACE, "/srv/alone");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	ck_assert_int_eq(gate(r), ACK_OK);
	/* Not in another folder, not as known, and nobody else. */
	record_text(&r, AUDIT_WORKSPACE, "/srv/w");
	ck_assert_int_eq(gate(r), ACK_AGENT);
	record_text(&r, AUDIT_WORKSPACE, "/srv/alone");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	ck_assert_int_eq(gate(r), ACK_AGENT);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	record_text(&r, AUDIT_AGENT, "someone.else");
	ck_assert_int_eq(gate(r), ACK_AGENT);
}
END_TEST

/* ---- what calls run as ---- */

/* The recorder anew, with this range. */
static void again(uint32_t base, uint32_t count)
{
	side_gone(&a);
	ck_assert_int_eq(recording_stop(), 0);
	recording_uids = (struct agent_uids){ base, count };
	recording_start();
	side_open(&a, 1);
}

static struct record intent_as(const char *agent, uint64_t uid)
{
	static uint8_t bytes[16];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct record r = intent_record();

	record_text(&r, AUDIT_AGENT, agent);
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_UINT, uid);
	record_bytes(&r, AUDIT_RUNS_AS, bytes, o.n);
	return r;
}

static struct record revoked(const char *name, uint8_t nonce)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, "revoke");
	return act(r, &operator_key, nonce);
}

START_TEST(a_gate_names_no_uid_but_the_agents)
{
	struct record r;

	ck_assert_int_eq(gate(intent_as("builder", 70001)), ACK_MALFORMED);
	again(70000, 3);
	ck_assert_int_eq(gate(act(agent_record("other", "/srv/w"), &operator_key, 1)), ACK_OK);
	ck_assert_int_eq(gate(intent_record()), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", 0)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", 70000)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", 70002)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", AGENT_UID_NONE)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", 70001)), ACK_OK);
	receipt_check(&a);
	ck_assert_uint_eq(record_runs_as(&(struct record){ 0 }), AGENT_UID_NONE);
	r = decode(appended);
	ck_assert_uint_eq(record_runs_as(&r), 70001);
	ck_assert_int_eq(spawner(records_outcome(ack.seq)), ACK_OK);
	/* Nor for what it answers itself. */
	r = intent_as("builder", 70002);
	ck_assert_int_eq(side_append(&a.gate, &r, APPEND_HERE | APPEND_LAZY, &ack), ACK_MALFORMED);
	/* Whoever comes back has the uid that it had; who is taken out keeps it from others. */
	ck_assert_int_eq(gate(revoked("builder", 2)), ACK_OK);
	ck_assert_int_eq(gate(act(agent_record("third", "/srv/w"), &operator_key, 3)), ACK_AGENT);
	ck_assert_int_eq(gate(act(agent_record("builder", "/srv/w"), &operator_key, 4)), ACK_OK);
	ck_assert_int_eq(gate(intent_as("builder", 70001)), ACK_OK);
	ck_assert_int_eq(spawner(records_outcome(ack.seq)), ACK_OK);
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
}
END_TEST

START_TEST(nobody_who_is_known_by_a_uid_is_in_the_range)
{
	struct record r = agent_record("peer", "/srv/w");
	char text[256];

	r.have &= ~(1ull << AUDIT_TOKEN | 1ull << AUDIT_KEY);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, 70009);
	ck_assert_int_eq(gate(act(r, &operator_key, 1)), ACK_OK);
	again(70000, 9);
	side_gone(&a);
	ck_assert_int_eq(recording_stop(), 0);
	recording_uids = (struct agent_uids){ 70000, 10 };
	ck_assert_int_eq(recording_refused(text, sizeof text), 3);
	ck_assert_str_eq(text, "--agent-uids 70000:10: agent peer is known by uid 70009: calls have to run as others");
	recording_uids = (struct agent_uids){ 0, 0 };
	recording_start();
	side_open(&a, 1);
	ck_assert_int_eq(gate(revoked("peer", 2)), ACK_OK);
	again(70000, 10);
	side_gone(&a);
	ck_assert_int_eq(recording_stop(), 0);
}
END_TEST

START_TEST(the_range_is_that_of_the_last_start)
{
	char text[256];

	again(70000, 3);
	ck_assert_int_eq(gate(intent_as("builder", 70001)), ACK_OK);
	again(80000, 2);
	ck_assert_int_eq(gate(intent_as("builder", 70001)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_as("builder", 80001)), ACK_OK);
	ck_assert_int_eq(gate(act(agent_record("other", "/srv/w"), &operator_key, 1)), ACK_AGENT);
	again(0, 0);
	ck_assert_int_eq(gate(intent_as("builder", 80001)), ACK_MALFORMED);
	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	ck_assert_int_eq(gate(act(agent_record("other", "/srv/w"), &operator_key, 1)), ACK_OK);
	side_gone(&a);
	ck_assert_int_eq(recording_stop(), 0);
	recording_uids = (struct agent_uids){ 70000, 2 };
	ck_assert_int_eq(recording_refused(text, sizeof text), 3);
	ck_assert_str_eq(text, "--agent-uids 70000:2: agents registered in this log, those that were taken out among them: 2; "
	                       "COUNT has to be 3 at least");
	/* Who is served alone has the first, and needs no more. */
	recording_uids.count = 1;
	recording_alone = "someone";
	recording_start();
	recording_alone = NULL;
	side_open(&a, 1);
	{
		struct record r = intent_as("someone", 70000);

		record_text(&r, AUDIT_WORKSPACE, "/srv/alone");
		record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
		ck_assert_int_eq(gate(r), ACK_OK);
	}
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
}
END_TEST

START_TEST(a_freeze_holds_and_a_thaw_is_signed)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_FREEZE);
	record_text(&r, AUDIT_ACTION, "freeze");
	ck_assert_int_eq(gate(r), ACK_OK);
	ck_assert(side_hear(&a.spawner, MESSAGE_NEWS, &m));
	ck_assert_int_eq(gate(intent_record()), ACK_FROZEN);
	record_text(&r, AUDIT_ACTION, "thaw");
	record_text(&r, AUDIT_WHY, "it was a test");
	ck_assert_int_eq(gate(act(r, &stranger_key, 6)), ACK_SIGNATURE);
	ck_assert_int_eq(gate(act(r, &operator_key, 6)), ACK_OK);
	ck_assert_int_eq(gate(intent_record()), ACK_OK);
}
END_TEST

static struct record deferred(void)
{
	struct record r = records_deferred();

	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_TTL, 60000000000);
	return r;
}

/* Who is taken out, and then there again, has no ticket of before. */
START_TEST(a_ticket_is_of_one_registration)
{
	uint8_t ticket[HASH_LEN];
	struct record r = { 0 };

	ck_assert_int_eq(gate(deferred()), ACK_OK);
	memcpy(ticket, ack.leaf, HASH_LEN);
	ck_assert_int_eq(gate(decision(ticket, &approver_key, "accept")), ACK_OK);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, "builder");
	record_text(&r, AUDIT_ACTION, "revoke");
	ck_assert_int_eq(gate(act(r, &operator_key, 4)), ACK_OK);
	ck_assert_int_eq(gate(act(agent_record("builder", "/srv/w"), &operator_key, 5)), ACK_OK);
	ck_assert_int_eq(gate(with_ticket(intent_record(), ticket, &approver_key)), ACK_TICKET);
	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	recording_stop();
	recording_verify();
}
END_TEST

START_TEST(a_ticket_is_used_up_once)
{
	uint8_t ticket[HASH_LEN];
	struct record r;

	ck_assert_int_eq(gate(deferred()), ACK_OK);
	memcpy(ticket, ack.leaf, HASH_LEN);
	/* Nobody has accepted it yet, and only an approver can. */
	ck_assert_int_eq(gate(with_ticket(intent_record(), ticket, &approver_key)), ACK_TICKET);
	ck_assert_int_eq(gate(decision(ticket, &stranger_key, "accept")), ACK_SIGNATURE);
	r = decision(ticket, &approver_key, "accept");
	record_bytes(&r, AUDIT_SIGNATURE, r.field[AUDIT_SIGNATURE].s.p, 64);
	((uint8_t *)(uintptr_t)r.field[AUDIT_SIGNATURE].s.p)[0] ^= 1;
	ck_assert_int_eq(gate(r), ACK_SIGNATURE);
	ck_assert_int_eq(gate(decision(ticket, &approver_key, "accept")), ACK_OK);
	/* For another call than the one that was shown it is none. */
	r = with_ticket(intent_record(), ticket, &approver_key);
	record_text(&r, AUDIT_CAPABILITY, "filesystem.write");
	ck_assert_int_eq(gate(r), ACK_TICKET);
	r = with_ticket(intent_record(), ticket, &approver_key);
	record_bytes(&r, AUDIT_ARGS, "\xA1\x61z\x01", 4);
	ck_assert_int_eq(gate(r), ACK_TICKET);
	ck_assert_int_eq(gate(with_ticket(intent_record(), ticket, &approver_key)), ACK_OK);
	ck_assert_int_eq(gate(with_ticket(intent_record(), ticket, &approver_key)), ACK_TICKET);
	ck_assert_int_eq(gate(decision(ticket, &approver_key, "reject")), ACK_TICKET);
	ck_assert_int_eq(gate(deferred()), ACK_OK);
	memcpy(ticket, ack.leaf, HASH_LEN);
	ck_assert_int_eq(gate(decision(ticket, &approver_key, "reject")), ACK_OK);
	ck_assert_int_eq(gate(with_ticket(intent_record(), ticket, &approver_key)), ACK_TICKET);
	recording_stop();
	recording_verify();
}
END_TEST

/* Two uses of one ticket in the same packet. */
START_TEST(a_ticket_is_used_up_once_in_one_turn)
{
	uint8_t ticket[HASH_LEN];
	struct record r;
	int ok = 0;

	gate(deferred());
	memcpy(ticket, ack.leaf, HASH_LEN);
	gate(decision(ticket, &approver_key, "accept"));
	r = with_ticket(intent_record(), ticket, &approver_key);
	for (uint64_t i = 0; i < 8; i++)
		side_append_only(&a.gate, &r, 0, i);
	for (uint64_t i = 0; i < 8; i++) {
		ck_assert(side_hear(&a.gate, MESSAGE_ACK, &m));
		ck_assert_uint_eq(m.cookie, i);
		memcpy(&ack, m.body, sizeof ack);
		ok += ack.status == ACK_OK;
		ck_assert(ack.status == ACK_OK || ack.status == ACK_TICKET);
	}
	ck_assert_int_eq(ok, 1);
}
END_TEST

START_TEST(the_state_comes_before_the_news)
{
	struct carry *c;
	const char *why;
	const uint8_t *p;
	size_t n;
	struct record in = intent_record();

	side_open(&b, 2);
	for (uint64_t i = 0; i < 20; i++)
		side_append_only(&a.gate, &in, 0, i);
	side_say(&b.gate, MESSAGE_SNAPSHOT, 77, NULL, 0);
	ck_assert(side_hear(&b.gate, MESSAGE_SNAPSHOT, &m));
	ck_assert_uint_eq(m.cookie, 77);
	p = memory_map(m.fd[0], 1 << 20, &n, &recording_err);
	c = carry_decode((struct krux_str){ (const char *)p, n }, &why);
	ck_assert_ptr_nonnull(c);
	message_close_fds(&m);
	/* From here on every record of the others is news, and follows from the state. */
	for (int i = 0; i < 5; i++)
		side_append_only(&a.gate, &in, 0, 100);
	for (uint64_t next = carry_next(c), seen = 0; seen < 5;) {
		struct record r;
		uint8_t leaf[HASH_LEN];

		ck_assert(side_hear(&b.gate, MESSAGE_NEWS, &m));
		r = decode((struct krux_str){ (const char *)m.body, m.n });
		ck_assert_uint_ge(r.field[AUDIT_SEQ].u, next);
		next = r.field[AUDIT_SEQ].u + 1;
		record_leaf(m.body, m.n, leaf);
		ck_assert_int_eq(carry_add(c, &r, (struct krux_str){ (const char *)m.body, m.n }, leaf), CARRY_OK);
		if (carry_intents(c) == 25)
			break;
		seen += carry_intents(c) > 20;
	}
	carry_free(c);
	memory_unmap(p, n);
}
END_TEST

START_TEST(what_a_generation_leaves_open_is_unknown)
{
	struct record r;
	uint64_t seq[3];

	side_open(&b, 2);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(gate(intent_record()), ACK_OK);
		seq[i] = ack.seq;
	}
	r = intent_record();
	ck_assert_int_eq(side_append(&b.gate, &r, 0, &ack), ACK_OK);
	/* The spawner of the other one cannot end it, its own still can with its last words. */
	r = records_outcome(seq[0]);
	ck_assert_int_eq(side_append(&b.spawner, &r, 0, &ack), ACK_MALFORMED);
	r = records_outcome(seq[1]);
	side_append_only(&a.spawner, &r, 0, 1);
	side_gone(&a);
	for (int unknown = 0; unknown < 2;) {
		ck_assert(side_hear(&b.gate, MESSAGE_NEWS, &m));
		r = decode((struct krux_str){ (const char *)m.body, m.n });
		if (r.field[AUDIT_KIND].u == AUDIT_KIND_UNKNOWN) {
			ck_assert_uint_ne(r.field[AUDIT_ABOUT].u, seq[1]);
			unknown++;
		}
	}
	r = intent_record();
	ck_assert_int_eq(side_append(&b.gate, &r, 0, &ack), ACK_OK);
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
}
END_TEST

START_TEST(an_older_bundle_takes_an_operator)
{
	struct record r, old = bundle_record(1);

	side_open(&b, 5);
	side_gone(&b);
	side_bare(&b, 6);
	ck_assert_int_eq(side_append(&b.gate, &old, 0, &ack), ACK_SIGNATURE);
	r = (struct record){ 0 };
	record_set(&r, AUDIT_KIND, AUDIT_KIND_ROLLBACK);
	record_text(&r, AUDIT_POLICY, "team");
	record_set(&r, AUDIT_SERIAL, 1);
	record_bytes(&r, AUDIT_BUNDLE, ack.leaf, HASH_LEN);
	ck_assert_int_eq(gate(act(r, &operator_key, 9)), ACK_OK);
	ck_assert_int_eq(side_append(&b.gate, &old, 0, &ack), ACK_OK);
}
END_TEST

START_TEST(another_policy_takes_an_operator)
{
	struct record r, other = bundle_record(9);

	record_text(&other, AUDIT_POLICY, "other");
	side_open(&b, 5);
	side_gone(&b);
	side_bare(&b, 6);
	ck_assert_int_eq(side_append(&b.gate, &other, 0, &ack), ACK_SIGNATURE);
	r = (struct record){ 0 };
	record_set(&r, AUDIT_KIND, AUDIT_KIND_ROLLBACK);
	record_text(&r, AUDIT_POLICY, "other");
	record_set(&r, AUDIT_SERIAL, 9);
	record_bytes(&r, AUDIT_BUNDLE, ack.leaf, HASH_LEN);
	record_text(&r, AUDIT_WHY, "the team has moved");
	ck_assert_int_eq(gate(act(r, &operator_key, 9)), ACK_OK);
	ck_assert_int_eq(side_append(&b.gate, &other, 0, &ack), ACK_OK);
}
END_TEST

static struct record taken_back(const char *role, const struct krux_secret_key *key)
{
	static struct krux_public_key public;
	struct record r = { 0 };

	krux_key_public(key, &public);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_text(&r, AUDIT_ROLE, role);
	record_text(&r, AUDIT_NAME, public.name);
	record_bytes(&r, AUDIT_KEY, public.key, sizeof public.key);
	record_text(&r, AUDIT_ACTION, "revoke");
	return r;
}

/* The trust folder still holds them. */
START_TEST(keys_that_were_taken_back_count_no_more)
{
	uint8_t ticket[HASH_LEN], accepted[HASH_LEN];

	gate(deferred());
	memcpy(accepted, ack.leaf, HASH_LEN);
	ck_assert_int_eq(gate(decision(accepted, &approver_key, "accept")), ACK_OK);
	gate(deferred());
	memcpy(ticket, ack.leaf, HASH_LEN);
	ck_assert_int_eq(gate(act(taken_back("approver", &approver_key), &operator_key, 11)), ACK_OK);
	ck_assert_int_eq(gate(decision(ticket, &approver_key, "accept")), ACK_SIGNATURE);
	/* Nor does what it has accepted before. */
	ck_assert_int_eq(gate(with_ticket(intent_record(), accepted, &approver_key)), ACK_TICKET);
	ck_assert_int_eq(gate(act(taken_back("operator", &operator_key), &operator_key, 12)), ACK_OK);
	ck_assert_int_eq(gate(act(taken_back("log", &operator_key), &operator_key, 13)), ACK_SIGNATURE);
}
END_TEST

START_TEST(bundles_of_a_key_that_was_taken_back_are_refused)
{
	struct record r = { 0 }, last = bundle_record(9);

	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_text(&r, AUDIT_ROLE, "bundle");
	record_text(&r, AUDIT_NAME, "signer");
	record_str(&r, AUDIT_KEY, last.field[AUDIT_KEY].s);
	record_text(&r, AUDIT_ACTION, "revoke");
	ck_assert_int_eq(gate(act(r, &operator_key, 14)), ACK_OK);
	side_gone(&a);
	side_bare(&b, 6);
	ck_assert_int_eq(side_append(&b.gate, &last, 0, &ack), ACK_SIGNATURE);
}
END_TEST

static struct record blob_record(const uint8_t name[static HASH_LEN], uint64_t size)
{
	static uint8_t field[64];
	struct item_out o = { field, sizeof field, 0 };
	struct record r = deferred();

	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, size);
	r.have &= ~(1ull << AUDIT_ARGS);
	record_str(&r, AUDIT_ARGS_BLOB, records_item(&o));
	return r;
}

START_TEST(blobs_come_with_their_record)
{
	uint8_t name[HASH_LEN], bytes[2048];
	struct message_append head = { 0, 0 };
	struct part part[2] = { { &head, sizeof head }, { bytes, 0 } };
	struct record r;
	int fd = blob_memory(KRUX_STR("much"), name, &recording_err);
	const uint8_t *p;
	size_t n;

	r = blob_record(name, 4);
	ck_assert_int_eq(gate(r), ACK_MALFORMED);
	part[1].n = record_encode_body(&r, bytes, sizeof bytes);
	ck_assert(!channel_put_fds(&a.gate, MESSAGE_APPEND, 5, part, 2, &fd, 1, &recording_err));
	ck_assert_int_eq(channel_flush(&a.gate, &recording_err), 1);
	ck_assert(side_hear(&a.gate, MESSAGE_ACK, &m));
	memcpy(&ack, m.body, sizeof ack);
	ck_assert_int_eq(ack.status, ACK_OK);
	ck_assert_int_eq(blob_check(recording_state.blobs, name, 4, &recording_err), BLOB_WHOLE);
	/* And can be asked for while the ticket waits. */
	side_say(&a.gate, MESSAGE_BLOB, 6, name, sizeof name);
	ck_assert(side_hear(&a.gate, MESSAGE_BLOB, &m));
	ck_assert_uint_eq(m.nfds, 1);
	p = memory_map(m.fd[0], 100, &n, &recording_err);
	ck_assert_uint_eq(n, BLOB_SALT + 4);
	memory_unmap(p, n);
	message_close_fds(&m);
	name[0] ^= 1;
	side_say(&a.gate, MESSAGE_BLOB, 7, name, sizeof name);
	ck_assert(side_hear(&a.gate, MESSAGE_BLOB, &m));
	ck_assert_uint_eq(m.nfds, 0);
	close(fd);
	recording_stop();
	recording_verify();
}
END_TEST

/* Whatever was acknowledged is there after the recorder is killed; the count is the test's own. */
START_TEST(a_killed_recorder_loses_nothing)
{
	static uint64_t acked[100000];
	struct record in = intent_record();
	unsigned seed = 1;
	size_t n = 0;

	for (int round = 0; round < 20 || (n < 200 && round < 200); round++) {
		struct timespec pause = { 0, 0 };
		struct log *log;
		pid_t killer;
		int status;

		if (round) {
			recording_start();
			side_open(&a, (uint64_t)round + 1);
			in = intent_record();
		}
		pause.tv_nsec = rand_r(&seed) % 12000000;
		killer = fork();
		if (!killer) {
			nanosleep(&pause, NULL);
			kill(recording_pid, SIGKILL);
			_exit(0);
		}
		for (uint64_t sent = 0;; sent++) {
			struct part part[2];
			struct message_append head = { 0, 0 };
			uint8_t body[1024];
			int rc = 1;

			part[0] = (struct part){ &head, sizeof head };
			part[1] = (struct part){ body, record_encode_body(&in, body, sizeof body) };
			if (channel_put(&a.gate, MESSAGE_APPEND, sent, part, 2, &recording_err) ||
			    channel_flush(&a.gate, &recording_err) < 0)
				break;
			while (sent % 8 == 7 && (rc = channel_take(&a.gate, &m, &recording_err)) > 0) {
				memcpy(&ack, m.body, sizeof ack);
				if (m.kind == MESSAGE_ACK && ack.status == ACK_OK && n < 100000)
					acked[n++] = ack.seq;
				message_close_fds(&m);
			}
			if (rc < 0)
				break;
		}
		waitpid(killer, &status, 0);
		/* What was said before the end is still there to be read. */
		while (channel_take(&a.gate, &m, &recording_err) > 0) {
			memcpy(&ack, m.body, sizeof ack);
			if (m.kind == MESSAGE_ACK && ack.status == ACK_OK && n < 100000)
				acked[n++] = ack.seq;
		}
		recording_kill();
		channel_close(&a.gate);
		channel_close(&a.spawner);
		log = log_open(recording_state.log, recording_state.blobs, NULL, &recording_err);
		ck_assert_msg(log != NULL, "round %d: %s", round, recording_err.text);
		if (n)
			ck_assert_uint_gt(carry_next(log_carry(log)), acked[n - 1]);
		log_close(log);
		recording_verify();
	}
	ck_assert_uint_ge(n, 200);
	for (size_t i = 1; i < n; i++)
		ck_assert_uint_gt(acked[i], acked[i - 1]);
}
END_TEST

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof line, "cd %s && %s", recording_state.path, command);
	ck_assert_int_eq(system(line), 0);
}

/* The segments and the head of before beside the checkpoints of after. */
START_TEST(a_log_shorter_than_its_checkpoint_is_refused)
{
	char text[512];

	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	ck_assert_int_eq(recording_stop(), 0);
	shell("cp -r log kept");
	channel_close(&a.gate);
	channel_close(&a.spawner);
	recording_start();
	side_open(&a, 2);
	ck_assert_int_eq(gate(intent_record()), ACK_OK);
	ck_assert_int_eq(recording_stop(), 0);
	shell("cp kept/*.seg kept/head log/");
	ck_assert_int_eq(recording_refused(text, sizeof text), 3);
	ck_assert_msg(strstr(text, "records are lost"), "%s", text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder");
	TCase *tc = tcase_create("recorder");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, recording_teardown);
	tcase_add_test(tc, an_intent_gets_a_receipt_and_its_end);
	tcase_add_test(tc, only_registered_agents_ask);
	tcase_add_test(tc, who_is_served_alone_is_as_claimed);
	tcase_add_test(tc, a_gate_names_no_uid_but_the_agents);
	tcase_add_test(tc, nobody_who_is_known_by_a_uid_is_in_the_range);
	tcase_add_test(tc, the_range_is_that_of_the_last_start);
	tcase_add_test(tc, a_freeze_holds_and_a_thaw_is_signed);
	tcase_add_test(tc, a_ticket_is_of_one_registration);
	tcase_add_test(tc, a_ticket_is_used_up_once);
	tcase_add_test(tc, a_ticket_is_used_up_once_in_one_turn);
	tcase_add_test(tc, the_state_comes_before_the_news);
	tcase_add_test(tc, what_a_generation_leaves_open_is_unknown);
	tcase_add_test(tc, an_older_bundle_takes_an_operator);
	tcase_add_test(tc, another_policy_takes_an_operator);
	tcase_add_test(tc, keys_that_were_taken_back_count_no_more);
	tcase_add_test(tc, bundles_of_a_key_that_was_taken_back_are_refused);
	tcase_add_test(tc, blobs_come_with_their_record);
	tcase_add_test(tc, a_killed_recorder_loses_nothing);
	tcase_add_test(tc, a_log_shorter_than_its_checkpoint_is_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
