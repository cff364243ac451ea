/* What a person is shown: the record that the ticket is the hash of, and no other; nothing in it passes for what
 * it is not. And what a table says a name may do. */
#include "runtime/base/err.h"
#include "runtime/base/lookalike.h"
#include "runtime/front/card.h"
#include "runtime/front/rights.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct krux_pool *pool;
static struct krux_err err;
static uint8_t bytes[RECORD_MAX];
static size_t nbytes;
static uint8_t leaf[HASH_LEN];

static void setup(void)
{
	pool = krux_pool_new(0);
	err = (struct krux_err){ 0 };
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static struct krux_str list_of(uint8_t *room, size_t size, const char *shape)
{
	struct item_out o = { room, size, 0 };

	for (; *shape; shape++) {
		if (*shape == 's')
			item_text(&o, "security");
		else if (*shape == 'p')
			item_text(&o, "/workspace/a");
		else if (*shape == 'h')
			item_str(&o, ITEM_BYTES, (struct krux_str){ "0123456789abcdef0123456789abcdef", 32 });
		else if (*shape >= 'A')
			item_head(&o, ITEM_LIST, (uint64_t)(*shape - 'A'));
		else
			item_head(&o, ITEM_UINT, (uint64_t)(*shape - '0'));
	}
	return (struct krux_str){ (char *)room, o.n };
}

static void deferred_make(const char *content, size_t n)
{
	static const uint8_t zeros[HASH_LEN] = { 0 };
	static uint8_t args[1024], version[8], approvals[64], shown[128];
	struct item_out o = { args, sizeof args, 0 };
	struct record r = { 0 };

	item_head(&o, ITEM_MAP, 2);
	item_text(&o, "path");
	item_text(&o, "/workspace/a");
	item_text(&o, "content");
	item_str(&o, ITEM_TEXT, (struct krux_str){ content, n });
	record_set(&r, AUDIT_SEQ, 20);
	record_bytes(&r, AUDIT_PREV, zeros, 32);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_DEFERRED);
	record_bytes(&r, AUDIT_EPOCH, zeros, 16);
	record_bytes(&r, AUDIT_BOOT, zeros, 16);
	record_set(&r, AUDIT_WALL, UINT64_C(1700000000000000000));
	record_set(&r, AUDIT_MONO, 5);
	record_text(&r, AUDIT_AGENT, "builder");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	record_set(&r, AUDIT_UID, 1000);
	record_text(&r, AUDIT_WORKSPACE, "/srv/w");
	record_text(&r, AUDIT_CAPABILITY, "filesystem.write");
	record_str(&r, AUDIT_VERSION, list_of(version, sizeof version, "C10"));
	record_bytes(&r, AUDIT_ARGS, args, o.n);
	record_bytes(&r, AUDIT_BUNDLE, zeros, 32);
	record_set(&r, AUDIT_VERDICT, 1);
	record_set(&r, AUDIT_WOULD, 1);
	record_text(&r, AUDIT_RULE, "team/big-write");
	record_text(&r, AUDIT_SOURCE, "team.yaml:12");
	record_text(&r, AUDIT_REASON, "Large writes need review");
	record_bytes(&r, AUDIT_NONCE, zeros, 16);
	record_set(&r, AUDIT_TTL, UINT64_C(3600000000000));
	record_str(&r, AUDIT_APPROVALS, list_of(approvals, sizeof approvals, "BC1Bs"));
	record_text(&r, AUDIT_CLAIMED, "a \xD0\xB0gent");
	record_set(&r, AUDIT_EXPIRES, UINT64_C(1700003600000000000));
	record_str(&r, AUDIT_SHOWN, list_of(shown, sizeof shown, "BDph5"));
	nbytes = record_encode(&r, bytes, sizeof bytes);
	ck_assert_uint_gt(nbytes, 0);
	record_leaf(bytes, nbytes, leaf);
}

/* What the daemon would say. */
static struct krux_value told(void)
{
	char *text = krux_pool_get(pool, 2 * nbytes + 400);
	struct krux_value v;
	size_t n;

	n = (size_t)sprintf(text, "{\"ticket\":\"");
	krux_hex_write(leaf, sizeof leaf, text + n);
	n += 64;
	n += (size_t)sprintf(text + n, "\",\"deferred\":\"");
	krux_hex_write(bytes, nbytes, text + n);
	n += 2 * nbytes;
	n += (size_t)sprintf(text + n, "\",\"accepted_by\":[\"one\"],\"args\":{\"path\":\"/a lie\"}}");
	ck_assert(krux_json_read(pool, (struct krux_str){ text, n }, &v, NULL));
	if (getenv("KRUX_TEST_SHOW"))
		puts(text);
	return v;
}

static unsigned cut;              /* by the last */

static char *printed(const struct card *c, bool full)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cut = card_print(c, full, f);
	fclose(f);
	return text;
}

START_TEST(a_card_is_the_ticket_s_record)
{
	struct krux_value v;
	struct card c;
	char *text;

	deferred_make("hello\n\x1B[2J\xE2\x80\xAE", 13);
	v = told();
	ck_assert_msg(card_check(pool, &v, &c, &err), "%s", err.text);
	text = printed(&c, false);
	ck_assert_ptr_nonnull(strstr(text, "path: \"/workspace/a\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "content: \"hello\\n\\x1B[2J\\u{202E}\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "filesystem.write@1.0"));
	ck_assert_ptr_nonnull(strstr(text, "team/big-write, team.yaml:12"));
	ck_assert_ptr_nonnull(strstr(text, "/workspace/a, 5 bytes, SHA-256 3031"));
	ck_assert_ptr_nonnull(strstr(text, "1 of security"));
	ck_assert_ptr_nonnull(strstr(text, "2023-11-14T23:13:20Z"));
	ck_assert_ptr_nonnull(strstr(text, "calls itself \"a \\u{430}gent\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "\\u{430} looks like a"));
	ck_assert_ptr_nonnull(strstr(text, "common look-alikes are named"));
	ck_assert_ptr_null(strstr(text, "a lie"));
	ck_assert_ptr_null(strchr(text, 0x1B));
	free(text);
}
END_TEST

START_TEST(another_call_is_not_shown)
{
	struct krux_value v;
	struct card c;

	deferred_make("x", 1);
	for (size_t i = 0; i < nbytes; i++) {
		bytes[i] ^= 1;
		v = told();
		ck_assert(!card_check(pool, &v, &c, &err));
		bytes[i] ^= 1;
	}
	leaf[0] ^= 1;
	v = told();
	ck_assert(!card_check(pool, &v, &c, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "ANOTHER CALL"));
	ck_assert(krux_json_read(pool, KRUX_STR("{\"ticket\":\"00\"}"), &v, NULL));
	ck_assert(!card_check(pool, &v, &c, &err));
	ck_assert(krux_json_read(pool, KRUX_STR("[]"), &v, NULL));
	ck_assert(!card_check(pool, &v, &c, &err));
}
END_TEST

START_TEST(long_texts_are_cut_and_named)
{
	char content[900];
	struct krux_value v;
	struct card c;
	char *text;

	/* The limit counts bytes, and cuts no character. */
	memset(content, 'x', sizeof content);
	deferred_make(content, sizeof content);
	v = told();
	ck_assert(card_check(pool, &v, &c, &err));
	text = printed(&c, false);
	ck_assert_ptr_null(strstr(text, "--full"));
	ck_assert_uint_eq(cut, 0);
	free(text);
	{
		struct krux_member m = { KRUX_STR("a"), { .kind = KRUX_V_TEXT } };
		char *big = krux_pool_get(pool, 3000);

		memset(big, 'y', 3000);
		memcpy(big + 1999, "\xC3\xA9", 2);
		m.value.str = (struct krux_str){ big, 3000 };
		c.args = (struct krux_value){ .kind = KRUX_V_MAP, .map = { &m, 1 } };
		text = printed(&c, false);
		ck_assert_ptr_nonnull(strstr(text, "... 1999 of 3000 bytes, SHA-256 of all "));
		ck_assert_uint_eq(cut, 1);
		free(text);
		text = printed(&c, true);
		ck_assert_uint_eq(cut, 0);
		ck_assert_ptr_null(strstr(text, "--full"));
		ck_assert_ptr_nonnull(strstr(text, "\\u{E9}yyy"));
		free(text);
	}
}
END_TEST

START_TEST(look_alikes_are_known)
{
	ck_assert_int_eq(lookalike(0x430), 'a');
	ck_assert_int_eq(lookalike(0xFF0F), '/');
	ck_assert_int_eq(lookalike(0x3BF), 'o');
	ck_assert_int_eq(lookalike(0x2215), '/');
	ck_assert_int_eq(lookalike('a'), 0);
	ck_assert_int_eq(lookalike(0x4E00), 0);
	/* Each once, and none is ASCII. */
	for (uint32_t c = 0; c < 128; c++)
		ck_assert_int_eq(lookalike(c), 0);
}
END_TEST

/* ---- rights ---- */

static const char table[] =
"define:\n"
"  paths_1: path matches \"**/.git/**\" or path matches \"** or agent == \\\"x\\\"\"\n"
"  mine: agent matches \"ci-*\" or agent == \"builder\"\n"
"\n"
"a.always@1.0\n"
"  autonomous | always\n"
"\n"
"b.group@1.0\n"
"  blocked                                    | not (agent matches \"ci-*\" or agent == \"builder\")\n"
"  approval-required (1 of anyone, within 1h) | (agent matches \"ci-*\" or agent == \"builder\") and not path under \"/w\"\n"
"  notify, counts in t/r rate                 | (agent matches \"ci-*\" or agent == \"builder\") and path under \"/w\" and rate(\"t/r\") < 6\n"
"\n"
"c.regex@1.0\n"
"  blocked | agent like \"a|([\\\\-.0-9_b-z])[a-z]*\"\n"
"  notify  | agent like \"ali(ce|sa)\" and not paths_1\n"
"\n"
"d.defined@2.1\n"
"  notify  | mine and size(content) <= 1MiB\n"
"  blocked | not mine\n"
"\n"
"e.others@1.0\n"
"  autonomous | not agent in [\"alice\", \"bob\"] and any(reads, it under \"/etc and agent == \\\"q\\\"\")\n"
"  blocked    | otherwise\n"
"\n"
"f.nested@1.0\n"
"  mine:\n"
"    path under \"/w | x:\":\n"
"      autonomous | agent == \"builder\" and size < 5\n"
"      notify     | not agent == \"builder\"\n"
"    notify     | path under \"/v\"\n"
"  not mine and path under \"/a\":\n"
"    size < 5:\n"
"      notify     | agent == \"bob\"\n"
"      approval-required (1 of ops, within 1h) | agent == \"alice\"\n"
"  blocked    | otherwise\n";

static const char *right(const char *agent, const char *cap)
{
	static const char *const word[] = { "blocked", "approval-required", "notify", "autonomous" };
	struct rights r;
	const char *found = "missing";

	ck_assert(rights_of_table((struct krux_str){ table, sizeof table - 1 },
	                          (struct krux_str){ agent, strlen(agent) }, pool, &r));
	for (int v = 0; v < RIGHTS_VERDICTS; v++)
		for (size_t i = 0; i < r.n[v]; i++)
			if (krux_str_eq(r.cap[v][i], (struct krux_str){ cap, strlen(cap) }))
				found = word[v];
	return found;
}

START_TEST(rights_are_what_the_table_says)
{
	static const char *const rows[][7] = {
		/* agent      always        group      regex      defined    others        nested */
		{ "builder", "autonomous", "notify",  "blocked", "notify",  "autonomous", "autonomous" },
		{ "ci-",     "autonomous", "notify",  "blocked", "notify",  "autonomous", "notify" },
		{ "ci",      "autonomous", "blocked", "blocked", "blocked", "autonomous", "blocked" },
		{ "alice",   "autonomous", "blocked", "notify",  "blocked", "blocked", "approval-required" },
		{ "alisa",   "autonomous", "blocked", "notify",  "blocked", "autonomous", "blocked" },
		{ "bob",     "autonomous", "blocked", "blocked", "blocked", "blocked", "notify" },
	};
	static const char *const caps[] = { "a.always@1.0", "b.group@1.0", "c.regex@1.0", "d.defined@2.1", "e.others@1.0", "f.nested@1.0" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; k < 6; k++)
			ck_assert_msg(!strcmp(right(rows[i][0], caps[k]), rows[i][k + 1]), "%s %s: %s", rows[i][0],
			              caps[k], right(rows[i][0], caps[k]));
}
END_TEST

START_TEST(what_is_not_understood_counts)
{
	static const char *const rows[] = {
		"a@1.0\n  notify | agent has wings\n", "a@1.0\n  notify | not agent has wings\n",
		"a@1.0\n  notify | ((((\n", "a@1.0\n  notify | agent == \"other\"junk\n",
		"a@1.0\n  notify | agent in [\"x\" and path\n", "a@1.0\n  notify | paths_9\n",
		"a@1.0\n agent == \"other\":\n    agent == \"me\":\n  notify | always\n", "a@1.0\n  agent is odd:\n    notify | always\n",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rights r;

		ck_assert(rights_of_table((struct krux_str){ rows[i], strlen(rows[i]) }, KRUX_STR("me"), pool, &r));
		ck_assert_msg(r.n[KRUX_NOTIFY] == 1, "%s", rows[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("card");
	TCase *tc = tcase_create("card");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_card_is_the_ticket_s_record);
	tcase_add_test(tc, another_call_is_not_shown);
	tcase_add_test(tc, long_texts_are_cut_and_named);
	tcase_add_test(tc, look_alikes_are_known);
	tcase_add_test(tc, rights_are_what_the_table_says);
	tcase_add_test(tc, what_is_not_understood_counts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
