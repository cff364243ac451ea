/* The state that follows from records: what each kind does to it, and its encoding. */
#include "tests/unit/records.h"

#include "runtime/record/carry.h"
#include "runtime/record/tree.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct carry *c;
static uint64_t seq, wall;
static uint8_t leaf[HASH_LEN];

static void setup(void)
{
	c = carry_new();
	ck_assert_ptr_nonnull(c);
	seq = 0;
	wall = 1000;
}

static void teardown(void)
{
	carry_free(c);
}

static struct record whole(struct record r)
{
	static const uint8_t zeros[HASH_LEN];

	record_set(&r, AUDIT_SEQ, seq);
	record_bytes(&r, AUDIT_PREV, zeros, HASH_LEN);
	record_bytes(&r, AUDIT_EPOCH, zeros, 16);
	record_bytes(&r, AUDIT_BOOT, zeros, 16);
	record_set(&r, AUDIT_WALL, wall);
	record_set(&r, AUDIT_MONO, wall);
	return r;
}

/* What comes out is what went in, and the same state leads to the same bytes. */
static void check_encoding(void)
{
	const char *why = "";
	size_t n, m;
	uint8_t *bytes = carry_encode(c, &n), *again;
	struct carry *back;

	ck_assert_ptr_nonnull(bytes);
	back = carry_decode((struct krux_str){ (char *)bytes, n }, &why);
	ck_assert_msg(back != NULL, "%s", why);
	again = carry_encode(back, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(bytes, again, n);
	carry_free(back);
	free(bytes);
	free(again);
}

static enum carry_result add(struct record r)
{
	static uint8_t bytes[RECORD_MAX];
	enum carry_result rc;
	const char *why = "";
	struct record back;
	size_t n, used;

	r = whole(r);
	n = record_encode(&r, bytes, sizeof bytes);
	ck_assert_msg(n || !record_decode(bytes, sizeof bytes, &back, &used, &why), "encode");
	ck_assert_uint_gt(n, 0);
	ck_assert(record_decode(bytes, n, &back, &used, &why));
	record_leaf(bytes, n, leaf);
	rc = carry_add(c, &back, (struct krux_str){ (char *)bytes, n }, leaf);
	if (!rc) {
		seq++;
		wall++;
		check_encoding();
	}
	return rc;
}

static struct record kind(enum audit_kind k)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, k);
	return r;
}

static struct record with(struct record r, enum audit_field f, const char *text)
{
	record_text(&r, f, text);
	return r;
}

static struct record with_hash(struct record r, enum audit_field f, const uint8_t *hash)
{
	record_bytes(&r, f, hash, HASH_LEN);
	return r;
}

static const uint8_t key_a[64] = { 1 }, key_b[64] = { 2 };

static struct record act(struct record r, uint8_t n)
{
	static uint8_t bytes[128], nonce[16];
	struct item_out o = { bytes, sizeof bytes, 0 };

	nonce[0] = n;
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "operator");
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)key_a, HASH_LEN });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)key_a, 64 });
	record_str(&r, AUDIT_SIGNERS, records_item(&o));
	record_bytes(&r, AUDIT_NONCE, nonce, 16);
	return r;
}

static struct record decision(const uint8_t *ticket, const uint8_t *key, const char *action)
{
	struct record r = with(with(kind(AUDIT_KIND_SIGNED), AUDIT_NAME, "ann"), AUDIT_ACTION, action);

	record_bytes(&r, AUDIT_SIGNATURE, key, 64);
	return with_hash(with_hash(r, AUDIT_TICKET, ticket), AUDIT_KEY, key);
}

static struct record bundle(uint64_t serial, uint64_t horizon)
{
	struct record r = with(with(kind(AUDIT_KIND_BUNDLE), AUDIT_ENGINE, "x"), AUDIT_POLICY, "team");

	record_set(&r, AUDIT_SERIAL, serial);
	record_set(&r, AUDIT_DEV, 0);
	record_set(&r, AUDIT_HORIZON, horizon);
	return with_hash(with_hash(r, AUDIT_BUNDLE, key_b), AUDIT_KEY, key_a);
}

static struct record counting(uint64_t amount)
{
	static uint8_t bytes[64];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct record r = records_intent();

	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 4);
	item_head(&o, ITEM_UINT, 5);
	item_text(&o, "team");
	item_text(&o, "spend");
	item_head(&o, ITEM_UINT, amount);
	record_str(&r, AUDIT_COUNTERS, records_item(&o));
	return r;
}

START_TEST(intents_stay_open_until_they_end)
{
	ck_assert_int_eq(add(with(with(kind(AUDIT_KIND_ORIGIN), AUDIT_ORIGIN, "o"), AUDIT_ENGINE, "e")), CARRY_OK);
	ck_assert(krux_str_eq(carry_origin(c), KRUX_STR("o")));
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(add(records_intent()), CARRY_OK);
	ck_assert_uint_eq(carry_intents(c), 40);
	ck_assert(krux_str_eq(carry_intent(c, 3)->agent, KRUX_STR("builder")));
	ck_assert_int_eq(add(records_outcome(50)), CARRY_INTENT);
	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t about = 1 + i * 17 % 40;

		ck_assert_int_eq(add(records_outcome(about)), CARRY_OK);
		ck_assert_int_eq(add(records_outcome(about)), CARRY_INTENT);
		ck_assert_ptr_null(carry_intent_find(c, about));
	}
	ck_assert_uint_eq(carry_intents(c), 0);
	ck_assert_uint_eq(carry_next(c), 81);
}
END_TEST

static bool one_label(void *ctx, struct krux_str label)
{
	ck_assert(krux_str_eq(label, KRUX_STR("file-content")));
	++*(int *)ctx;
	return true;
}

START_TEST(labels_and_calls_belong_to_the_workspace)
{
	struct record r = kind(AUDIT_KIND_CLEAR);
	uint8_t list[32];
	struct item_out o = { list, sizeof list, 0 };
	int n = 0;

	add(records_intent());
	add(records_intent());
	carry_labels(c, KRUX_STR("/srv/w"), one_label, &n);
	ck_assert_int_eq(n, 1);
	ck_assert(carry_has_label(c, KRUX_STR("/srv/w"), KRUX_STR("file-content")));
	ck_assert(!carry_has_label(c, KRUX_STR("/srv"), KRUX_STR("file-content")));
	ck_assert_uint_eq(carry_calls_of(c, KRUX_STR("/srv/w"), KRUX_STR("filesystem.read")), 2);
	ck_assert_uint_eq(carry_calls_of(c, KRUX_STR("/srv/w"), KRUX_STR("filesystem.write")), 0);
	item_head(&o, ITEM_LIST, 1);
	item_text(&o, "file-content");
	record_str(&r, AUDIT_LABELS, records_item(&o));
	r = act(with(with(r, AUDIT_WORKSPACE, "/srv/w"), AUDIT_WHY, "done"), 1);
	ck_assert_int_eq(add(r), CARRY_OK);
	ck_assert(!carry_has_label(c, KRUX_STR("/srv/w"), KRUX_STR("file-content")));
	ck_assert_int_eq(add(r), CARRY_NONCE);
	ck_assert_int_eq(add(act(r, 2)), CARRY_OK);
}
END_TEST

START_TEST(tickets_are_used_up_once)
{
	static const struct {
		enum audit_kind kind;
	} ends[] = { { AUDIT_KIND_EXPIRED }, { AUDIT_KIND_STALE }, { AUDIT_KIND_WITHDRAWN } };
	uint8_t ticket[HASH_LEN];
	const struct carry_ticket *t;
	struct record r;

	add(records_deferred());
	memcpy(ticket, leaf, HASH_LEN);
	add(records_deferred());
	ck_assert_uint_eq(carry_tickets(c), 2);
	t = carry_ticket_find(c, ticket);
	ck_assert_ptr_nonnull(t);
	ck_assert(!carry_ticket_over(t, t->expires - 1, t->mono + t->ttl - 1, t->boot));
	ck_assert(carry_ticket_over(t, t->expires, 0, t->boot));
	ck_assert(carry_ticket_over(t, 0, t->mono + t->ttl, t->boot));
	ck_assert(!carry_ticket_over(t, 0, t->mono + t->ttl, key_b));
	ck_assert_int_eq(add(decision(ticket, key_a, "accept")), CARRY_OK);
	ck_assert_int_eq(add(decision(ticket, key_a, "accept")), CARRY_OK);
	ck_assert_int_eq(add(decision(ticket, key_b, "accept")), CARRY_OK);
	ck_assert_uint_eq(carry_ticket_find(c, ticket)->naccepts, 2);
	r = act(with_hash(records_intent(), AUDIT_TICKET, ticket), 1);
	ck_assert_int_eq(add(r), CARRY_OK);
	ck_assert_ptr_null(carry_ticket_find(c, ticket));
	ck_assert_int_eq(add(r), CARRY_TICKET);
	ck_assert_int_eq(add(decision(ticket, key_a, "accept")), CARRY_TICKET);
	for (size_t i = 0; i < 3; i++) {
		memcpy(ticket, carry_ticket(c, 0)->leaf, HASH_LEN);
		r = with(with_hash(kind(ends[i].kind), AUDIT_TICKET, ticket), AUDIT_WHY, "x");
		ck_assert_int_eq(add(r), CARRY_OK);
		ck_assert_int_eq(add(r), CARRY_TICKET);
		add(records_deferred());
	}
	memcpy(ticket, leaf, HASH_LEN);
	ck_assert_int_eq(add(decision(ticket, key_a, "reject")), CARRY_OK);
	ck_assert_uint_eq(carry_tickets(c), 0);
}
END_TEST

START_TEST(windows_forget_what_no_bundle_asks_for)
{
	struct krux_str a = KRUX_STR("builder"), p = KRUX_STR("team"), rule = KRUX_STR("spend");
	uint64_t oldest;

	ck_assert_int_eq(add(bundle(1, 100)), CARRY_OK);
	for (int i = 0; i < 10; i++)
		add(counting(7));
	ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, wall, 0, &oldest), 70);
	ck_assert_uint_eq(oldest, 1001);
	ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, 1010, 3, &oldest), 21);
	ck_assert_uint_eq(carry_sum(c, a, 4, p, rule, 1010, 3, &oldest), 0);
	ck_assert_uint_eq(oldest, UINT64_MAX);
	wall = 1105;
	add(counting(1));
	ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, wall, 0, &oldest), 36);
	/* A clock that goes back brings nothing back, and what is later than now counts. */
	wall = 900;
	add(counting(UINT64_MAX));
	ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, 900, 100, &oldest), 36);
	ck_assert(carry_widens(c, &(struct record){ 0 }) == false);
	{
		struct record wide = bundle(2, 1000);

		ck_assert(carry_widens(c, &wide));
		carry_recount(c, 1000);
		ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, 900, 0, &oldest), 0);
	}
}
END_TEST

START_TEST(memory_of_a_window_is_bounded)
{
	struct krux_str a = KRUX_STR("builder"), p = KRUX_STR("team"), rule = KRUX_STR("spend");
	struct record r = whole(counting(1)), b = whole(bundle(1, 1u << 30));
	uint64_t oldest;

	carry_add(c, &b, KRUX_STR(""), leaf);
	for (uint64_t i = 0; i < (1 << 18) + 5; i++) {
		record_set(&r, AUDIT_SEQ, i + 1);
		record_set(&r, AUDIT_WALL, 1000 + i);
		ck_assert_int_eq(carry_recount_add(c, &r), CARRY_OK);
	}
	ck_assert_uint_eq(carry_sum(c, a, 5, p, rule, 0, 0, &oldest), (1 << 18) + 5);
	ck_assert_uint_eq(oldest, 1005);
}
END_TEST

static struct record policy_of(struct record r, const char *policy, uint64_t serial)
{
	record_text(&r, AUDIT_POLICY, policy);
	record_set(&r, AUDIT_SERIAL, serial);
	return r;
}

static bool fits(const char *policy, uint64_t serial)
{
	struct krux_err err = { 0 };

	return !carry_bundle_check(c, (struct krux_str){ policy, strlen(policy) }, serial, &err);
}

START_TEST(the_first_bundle_binds_to_its_policy)
{
	struct record let = with_hash(kind(AUDIT_KIND_ROLLBACK), AUDIT_BUNDLE, key_a);

	ck_assert(fits("team", 1) && fits("other", 1));
	add(bundle(5, 0));
	ck_assert(fits("team", 5) && !fits("team", 4) && !fits("other", 9));
	/* An operator lets another come next; until it does, the first goes on. */
	ck_assert_int_eq(add(act(policy_of(let, "other", 2), 31)), CARRY_OK);
	ck_assert(fits("team", 5) && !fits("team", 4) && fits("other", 2) && !fits("other", 1));
	add(policy_of(bundle(2, 0), "other", 2));
	ck_assert(fits("other", 2) && !fits("team", 9));
	ck_assert_int_eq(add(act(policy_of(let, "team", 3), 32)), CARRY_OK);
	add(policy_of(bundle(2, 0), "other", 4));
	ck_assert(fits("other", 4) && !fits("other", 3) && !fits("team", 9));
}
END_TEST

START_TEST(serials_freezes_and_agents)
{
	struct record r = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, "bob"), AUDIT_ACTION, "add");
	const struct carry_agent *a;
	uint64_t serial;

	add(bundle(5, 0));
	add(bundle(3, 0));
	ck_assert(carry_serial(c, KRUX_STR("team"), &serial) && serial == 5);
	{
		struct record dev = bundle(9, 0);

		record_set(&dev, AUDIT_DEV, 1);
		add(dev);
	}
	ck_assert(carry_serial(c, KRUX_STR("team"), &serial) && serial == 5);
	ck_assert(!carry_serial(c, KRUX_STR("tea"), &serial));
	{
		struct record back = with(kind(AUDIT_KIND_ROLLBACK), AUDIT_POLICY, "team");

		record_set(&back, AUDIT_SERIAL, 3);
		ck_assert_int_eq(add(act(with_hash(back, AUDIT_BUNDLE, key_a), 7)), CARRY_OK);
	}
	ck_assert(carry_serial(c, KRUX_STR("team"), &serial) && serial == 3);
	r = with_hash(with(r, AUDIT_WORKSPACE, "/srv/bob"), AUDIT_TOKEN, key_a);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	ck_assert_int_eq(add(act(r, 8)), CARRY_OK);
	ck_assert_int_eq(add(act(with(r, AUDIT_NAME, "ann"), 9)), CARRY_OK);
	ck_assert(krux_str_eq(carry_agent(c, 0)->name, KRUX_STR("ann")));
	r = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, "bob"), AUDIT_ACTION, "revoke");
	ck_assert_int_eq(add(act(r, 10)), CARRY_OK);
	a = carry_agent_find(c, KRUX_STR("bob"));
	ck_assert(a && a->revoked && krux_str_eq(a->workspace, KRUX_STR("/srv/bob")));
	r = with(kind(AUDIT_KIND_FREEZE), AUDIT_ACTION, "freeze");
	add(with(r, AUDIT_AGENT, "bob"));
	ck_assert(carry_frozen(c, KRUX_STR("bob")) && !carry_frozen(c, KRUX_STR("ann")));
	ck_assert(!carry_frozen(c, KRUX_STR("")));
	add(r);
	ck_assert(carry_frozen(c, KRUX_STR("ann")) && carry_frozen(c, KRUX_STR("")));
	r = with(with(kind(AUDIT_KIND_FREEZE), AUDIT_ACTION, "thaw"), AUDIT_WHY, "well");
	add(act(r, 11));
	ck_assert(carry_frozen(c, KRUX_STR("bob")) && !carry_frozen(c, KRUX_STR("ann")));
	r = with(with(with_hash(kind(AUDIT_KIND_KEY), AUDIT_KEY, key_a), AUDIT_NAME, "k"), AUDIT_ROLE, "approver");
	add(r);
	ck_assert_uint_eq(carry_key(c, 0)->revoked, 0);
	add(act(with(r, AUDIT_ACTION, "revoke"), 12));
	ck_assert_uint_eq(carry_key(c, 0)->revoked, seq - 1);
	ck_assert(carry_key_revoked(c, KRUX_STR("approver"), key_a) && !carry_key_revoked(c, KRUX_STR("operator"), key_a));
	add(act(with(r, AUDIT_ACTION, "add"), 13));
	ck_assert(!carry_key_revoked(c, KRUX_STR("approver"), key_a));
	/* One that only the trust folder held. */
	add(act(with(with_hash(r, AUDIT_KEY, key_b), AUDIT_ACTION, "revoke"), 14));
	ck_assert(carry_key_revoked(c, KRUX_STR("approver"), key_b));
}
END_TEST

/* ---- what calls run as ---- */

static struct record numbers(struct record r, uint64_t first, uint64_t second)
{
	static uint8_t bytes[32];
	struct item_out o = { bytes, sizeof bytes, 0 };

	item_head(&o, ITEM_LIST, second ? 2 : 1);
	item_head(&o, ITEM_UINT, first);
	if (second)
		item_head(&o, ITEM_UINT, second);
	record_str(&r, AUDIT_RUNS_AS, records_item(&o));
	return r;
}

/* count 0: without. */
static enum carry_result start(uint64_t base, uint64_t count)
{
	struct record r = with(kind(AUDIT_KIND_START), AUDIT_ENGINE, "e");

	return add(count ? numbers(r, base, count) : r);
}

static void registered(const char *name, const char *action)
{
	static uint8_t nonce = 100;
	struct record r = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, name), AUDIT_ACTION, action);

	if (!strcmp(action, "add")) {
		r = with_hash(with(r, AUDIT_WORKSPACE, "/srv/w"), AUDIT_TOKEN, key_a);
		record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	}
	ck_assert_int_eq(add(act(r, nonce++)), CARRY_OK);
}

/* uid 0: it says none. */
static enum carry_result intent_of(const char *agent, enum audit_auth auth, uint64_t uid)
{
	struct record r = with(records_intent(), AUDIT_AGENT, agent);

	record_set(&r, AUDIT_AUTH, auth);
	return add(uid ? numbers(r, uid, 0) : r);
}

static uint32_t runs_as(const char *agent)
{
	return carry_runs_as(c, (struct krux_str){ agent, strlen(agent) }, AUDIT_AUTH_TOKEN);
}

START_TEST(each_agent_keeps_its_uid)
{
	ck_assert_int_eq(start(70000, 4), CARRY_OK);
	ck_assert_uint_eq(carry_uids(c).base, 70000);
	ck_assert_uint_eq(carry_uids(c).count, 4);
	/* In the order in which they came, not of their names. */
	registered("zoe", "add");
	registered("ann", "add");
	ck_assert_uint_eq(runs_as("zoe"), 70001);
	ck_assert_uint_eq(runs_as("ann"), 70002);
	ck_assert_uint_eq(runs_as("bob"), AGENT_UID_NONE);
	registered("zoe", "revoke");
	registered("bob", "add");
	ck_assert_uint_eq(runs_as("bob"), 70003);
	registered("zoe", "add");
	ck_assert_uint_eq(runs_as("zoe"), 70001);
	/* One more than there are. */
	registered("eve", "add");
	ck_assert_uint_eq(runs_as("eve"), AGENT_UID_NONE);
	ck_assert_uint_eq(carry_runs_as(c, KRUX_STR("nobody"), AUDIT_AUTH_CLAIMED), 70000);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_TOKEN, 70001), CARRY_OK);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_TOKEN, 70002), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_TOKEN, 70000), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_TOKEN, 0), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_CLAIMED, 70001), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("zoe", AUDIT_AUTH_CLAIMED, 70000), CARRY_OK);
	ck_assert_int_eq(intent_of("eve", AUDIT_AUTH_TOKEN, 70004), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("eve", AUDIT_AUTH_TOKEN, AGENT_UID_NONE), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("nobody", AUDIT_AUTH_TOKEN, 70001), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("nobody", AUDIT_AUTH_TOKEN, UINT64_C(1) << 32 | 70001), CARRY_RUNS_AS);
}
END_TEST

START_TEST(what_calls_run_as_is_of_the_last_start)
{
	ck_assert_int_eq(start(70000, 3), CARRY_OK);
	registered("zoe", "add");
	registered("ann", "add");
	ck_assert_int_eq(start(80000, 8), CARRY_OK);
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 70002), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 80002), CARRY_OK);
	/* Places are kept where there are no uids, and given. */
	ck_assert_int_eq(start(0, 0), CARRY_OK);
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 80002), CARRY_RUNS_AS);
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 0), CARRY_OK);
	registered("bob", "add");
	registered("zoe", "revoke");
	ck_assert_int_eq(start(70000, 1), CARRY_OK);
	ck_assert_uint_eq(runs_as("ann"), AGENT_UID_NONE);
	ck_assert_int_eq(start(70000, 2), CARRY_OK);
	ck_assert_uint_eq(runs_as("zoe"), 70001);
	ck_assert_uint_eq(runs_as("ann"), AGENT_UID_NONE);
	ck_assert_int_eq(start(70000, 9), CARRY_OK);
	ck_assert_uint_eq(runs_as("bob"), 70003);
	/* Numbers that are no uids. */
	ck_assert_int_eq(start(AGENT_UID_NONE - 1, 1), CARRY_OK);
	ck_assert_int_eq(start(AGENT_UID_NONE, 1), CARRY_UNREADABLE);
	ck_assert_int_eq(start(AGENT_UID_NONE - 1, 2), CARRY_UNREADABLE);
	ck_assert_int_eq(start(1, UINT64_C(1) << 32), CARRY_UNREADABLE);
}
END_TEST

/* A log that has known no places: its state is as it was, and all that are registered get one with the first range, as
 * the state alone can tell, so that who reads it from there finds the same. */
START_TEST(an_older_log_is_continued)
{
	struct record r = kind(AUDIT_KIND_START);
	const char *why = "";
	struct carry *later;
	uint8_t *bytes;
	size_t n;

	registered("zoe", "add");
	registered("ann", "add");
	registered("zoe", "revoke");
	registered("bob", "add");
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 0), CARRY_OK);
	ck_assert_int_eq(intent_of("ann", AUDIT_AUTH_TOKEN, 70001), CARRY_RUNS_AS);
	bytes = carry_encode(c, &n);
	ck_assert_uint_eq(bytes[1], 1);
	later = carry_decode((struct krux_str){ (char *)bytes, n }, &why);
	ck_assert_msg(later != NULL, "%s", why);
	free(bytes);
	ck_assert_int_eq(start(70000, 16), CARRY_OK);
	bytes = carry_encode(c, &n);
	ck_assert_uint_eq(bytes[1], 2);
	free(bytes);
	ck_assert_uint_eq(runs_as("ann"), 70001);
	ck_assert_uint_eq(runs_as("zoe"), 70002);
	ck_assert_uint_eq(runs_as("bob"), 70003);
	seq--;
	r = whole(numbers(with(r, AUDIT_ENGINE, "e"), 70000, 16));
	ck_assert_int_eq(carry_add(later, &r, (struct krux_str){ "", 0 }, leaf), CARRY_OK);
	for (size_t i = 0; i < carry_agents(c); i++)
		ck_assert_uint_eq(carry_agent(c, i)->place, carry_agent(later, i)->place);
	carry_free(later);
	seq++;
	registered("eve", "add");
	ck_assert_uint_eq(runs_as("eve"), 70004);
}
END_TEST

/* Two agents of one place would have one uid. */
START_TEST(no_state_gives_one_place_twice)
{
	const char *why = "";
	uint8_t *bytes;
	size_t n, tail;

	ck_assert_int_eq(start(70000, 16), CARRY_OK);
	registered("ann", "add");
	registered("bob", "add");
	bytes = carry_encode(c, &n);
	/* The last of an agent is its place: behind revoked 0 and the number of its record. */
	for (tail = n; tail-- > 2;)
		if (bytes[tail - 2] == 0 && bytes[tail - 1] == 2 && bytes[tail] == 1)
			break;
	ck_assert_uint_gt(tail, 2);
	for (unsigned place = 0; place < 3; place++) {
		struct carry *back;

		bytes[tail] = (uint8_t)place;
		back = carry_decode((struct krux_str){ (char *)bytes, n }, &why);
		ck_assert((back != NULL) == (place == 1));
		carry_free(back);
	}
	free(bytes);
}
END_TEST

/* As the state has it that calls run as. */
static struct record counted(int as_root, uint64_t amount)
{
	struct record r = counting(amount);

	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	return as_root ? numbers(r, 70000, 0) : r;
}

/* Any byte changed: refused, or another state that comes out the same. */
START_TEST(decoder_accepts_only_what_encoder_writes)
{
	uint8_t *bytes, *again;
	const char *why;
	size_t n, m, taken = 0;
	struct record r;

	if (_i)
		start(70000, 16);
	add(bundle(1, 1000));
	add(counted(_i, 7));
	add(counted(_i, 8));
	add(records_deferred());
	add(decision(leaf, key_a, "accept"));
	r = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, "bob"), AUDIT_ACTION, "add");
	r = with(r, AUDIT_WORKSPACE, "/srv/bob");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, 7);
	add(act(r, 8));
	add(with(kind(AUDIT_KIND_FREEZE), AUDIT_ACTION, "freeze"));
	tree_add(carry_tree(c), leaf);
	bytes = carry_encode(c, &n);
	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct carry *back;

			bytes[i] ^= (uint8_t)(1 << bit);
			back = carry_decode((struct krux_str){ (char *)bytes, n }, &why);
			if (back) {
				again = carry_encode(back, &m);
				ck_assert_uint_eq(m, n);
				ck_assert_mem_eq(again, bytes, n);
				free(again);
				taken++;
			}
			carry_free(back);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_null(carry_decode((struct krux_str){ (char *)bytes, i }, &why));
	ck_assert_uint_gt(taken, 0);
	free(bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("carry");
	TCase *tc = tcase_create("carry");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, intents_stay_open_until_they_end);
	tcase_add_test(tc, labels_and_calls_belong_to_the_workspace);
	tcase_add_test(tc, tickets_are_used_up_once);
	tcase_add_test(tc, windows_forget_what_no_bundle_asks_for);
	tcase_add_test(tc, memory_of_a_window_is_bounded);
	tcase_add_test(tc, the_first_bundle_binds_to_its_policy);
	tcase_add_test(tc, serials_freezes_and_agents);
	tcase_add_test(tc, each_agent_keeps_its_uid);
	tcase_add_test(tc, what_calls_run_as_is_of_the_last_start);
	tcase_add_test(tc, an_older_log_is_continued);
	tcase_add_test(tc, no_state_gives_one_place_twice);
	tcase_add_loop_test(tc, decoder_accepts_only_what_encoder_writes, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
