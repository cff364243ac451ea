/* Who has to accept a ticket, and whose signatures count. */
#include "runtime/approve/quorum.h"

#include "capspec/item.h"
#include "runtime/base/err.h"

#include <check.h>
#include <sodium.h>
#include <string.h>

enum { KEYS = 4 };
static struct krux_secret_key secret[KEYS], stranger;
static struct krux_public_key key[KEYS];
static struct quorum all;                     /* the last key is registered nowhere */
static const char *const names[KEYS] = { "ana", "ben", "ops", "zoe" };
static uint8_t ticket[32];
static struct krux_err err;

static void setup(void)
{
	for (int i = 0; i < KEYS; i++) {
		ck_assert(krux_key_generate(names[i], false, &secret[i], NULL));
		krux_key_public(&secret[i], &key[i]);
	}
	ck_assert(krux_key_generate("ana", false, &stranger, NULL));
	randombytes_buf(ticket, sizeof ticket);
	all = (struct quorum){ key, KEYS - 1, KRUX_STR("builder"), NULL };
}

static void sign(const struct krux_secret_key *k, const uint8_t t[static 32], const char *word, uint8_t out[64])
{
	char message[38];

	memcpy(message, t, 32);
	memcpy(message + 32, word, 6);
	ck_assert(krux_key_sign(k, "krux/approve/1", (struct krux_str){ message, 38 }, out));
}

/* ---- lists as a record has them ---- */

static uint8_t wrote[8192], wanted[1024];

struct who {
	int i;
	const char *word, *name;
	bool strange, other;
};

static struct krux_str signers(const struct who *w, size_t n)
{
	struct item_out o = { wrote, sizeof wrote, 0 };
	uint8_t signature[64], foreign[32] = { 1 };

	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < n; i++) {
		const char *name = w[i].name ? w[i].name : names[w[i].i];

		sign(w[i].strange ? &stranger : &secret[w[i].i], w[i].other ? foreign : ticket,
		     w[i].word ? w[i].word : "accept", signature);
		item_head(&o, ITEM_LIST, 3);
		item_text(&o, name);
		item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)key[w[i].i].key, 32 });
		item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)signature, 64 });
	}
	return (struct krux_str){ (char *)wrote, o.n };
}

/* "2 ana ben; 1" */
static struct krux_str approvals(const char *text)
{
	struct item_out o = { wanted, sizeof wanted, 0 };
	char copy[128], *each, *save = NULL, *inner;
	uint64_t n = *text ? 1 : 0;

	for (const char *p = text; *p; p++)
		n += *p == ';';
	item_head(&o, ITEM_LIST, n);
	strcpy(copy, text);
	for (each = strtok_r(copy, ";", &save); each; each = strtok_r(NULL, ";", &save)) {
		const char *word[8];
		uint64_t count = 0;

		for (word[0] = strtok_r(each, " ", &inner); word[count]; word[count] = strtok_r(NULL, " ", &inner))
			count++;
		item_head(&o, ITEM_LIST, 2);
		item_head(&o, ITEM_UINT, (uint64_t)(word[0][0] - '0'));
		item_head(&o, ITEM_LIST, count - 1);
		for (uint64_t i = 1; i < count; i++)
			item_text(&o, word[i]);
	}
	return (struct krux_str){ (char *)wanted, o.n };
}

static bool met(const char *text, const struct who *w, size_t n)
{
	return !quorum_holds(&all, ticket, approvals(text), signers(w, n), &err);
}

START_TEST(enough)
{
	const struct who ana = { 0 }, both[] = { { .i = 0 }, { .i = 1 } }, three[] = { { .i = 2 }, { .i = 1 }, { .i = 0 } };

	ck_assert(met("1", &ana, 1));
	ck_assert(met("", &ana, 1));
	ck_assert(met("0", &ana, 1));
	ck_assert(met("1 ana", &ana, 1));
	ck_assert(met("1 ops ana", &ana, 1));
	ck_assert(met("2", both, 2));
	ck_assert(met("2 ana ben", both, 2));
	ck_assert(met("1 ana;1 ben", both, 2));
	ck_assert(met("2 ana ben;1 ops;3", three, 3));
	/* One and the same may serve several. */
	ck_assert(met("1 ana;1", &ana, 1));
}
END_TEST

START_TEST(not_enough)
{
	const struct who ana = { 0 }, both[] = { { .i = 0 }, { .i = 1 } };

	ck_assert(!met("1", NULL, 0));
	ck_assert(!met("", NULL, 0));
	ck_assert_str_eq(err.text, "nobody has accepted it");
	ck_assert(!met("2", &ana, 1));
	ck_assert_str_eq(err.text, "not enough of those who may have accepted it");
	ck_assert(!met("1 ops", &ana, 1));
	ck_assert(!met("1 ana;1 ops", both, 2));
	ck_assert(!met("2 ana", both, 2));
	/* A name that is listed twice is one person. */
	ck_assert(!met("2 ana ana", both, 2));
	ck_assert(!met("9", both, 2));
}
END_TEST

START_TEST(false_signers)
{
	const struct who twice[] = { { .i = 0 }, { .i = 0 } }, reject = { .word = "reject" }, strange = { .strange = true },
	                 unknown = { .i = 3 }, other = { .other = true }, under = { .i = 0, .name = "ben" };

	ck_assert(!met("1", twice, 2));
	ck_assert_str_eq(err.text, "an approver has signed twice");
	ck_assert(!met("1", &reject, 1));
	ck_assert_str_eq(err.text, "a signature does not hold");
	ck_assert(!met("1", &strange, 1));
	ck_assert(!met("1", &other, 1));
	ck_assert(!met("1", &unknown, 1));
	ck_assert_str_eq(err.text, "a signer is no registered approver");
	ck_assert(!met("1", &under, 1));
}
END_TEST

START_TEST(self_approval)
{
	const struct who ana = { 0 };

	all.agent = KRUX_STR("ana");
	ck_assert(!met("1", &ana, 1));
	ck_assert_str_eq(err.text, "an agent has approved its own call");
	all.agent = KRUX_STR("x");
	all.agent_key = key[0].key;
	ck_assert(!met("1", &ana, 1));
	all.agent_key = key[1].key;
	ck_assert(met("1", &ana, 1));
}
END_TEST

/* Every cut and every changed byte of the signers is refused. */
START_TEST(garbage)
{
	const struct who both[] = { { .i = 0 }, { .i = 1 } };
	struct krux_str s = signers(both, 2), a = approvals("2 ana ben");

	for (size_t n = 0; n < s.n; n++)
		ck_assert(quorum_holds(&all, ticket, a, (struct krux_str){ s.p, n }, &err));
	for (size_t i = 0; i < s.n; i++) {
		wrote[i] ^= 1;
		ck_assert(quorum_holds(&all, ticket, a, s, &err));
		wrote[i] ^= 1;
	}
	for (size_t n = 0; n < a.n; n++)
		ck_assert(quorum_holds(&all, ticket, (struct krux_str){ a.p, n }, s, &err));
	ck_assert(!quorum_holds(&all, ticket, a, s, &err));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("quorum");
	Suite *s = suite_create("quorum");
	SRunner *r = srunner_create(s);
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, enough);
	tcase_add_test(c, not_enough);
	tcase_add_test(c, false_signers);
	tcase_add_test(c, self_approval);
	tcase_add_test(c, garbage);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
