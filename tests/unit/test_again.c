/* The second decision, in the child of a call: by the record alone, and path by path below a tree that is pruned. */
#include "tests/unit/tiny_bundle.h"

#include "capspec/canon.h"
#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/bundle/trust.h"
#include "runtime/decide/judge.h"
#include "runtime/spawn/again.h"
#include "runtime/spawn/child.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct loaded *policy;
static struct krux_pool *pool;
static struct krux_err err;
static struct warrant warrant;
static struct again again;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	struct krux_secret_key key;
	struct krux_public_key public;
	char path[128];
	uint8_t *object;
	size_t n;
	int trust;

	strcpy(root, "/tmp/krux-again-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	trust = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(!mkdirat(trust, "bundles", 0700) && krux_key_generate("signer", false, &key, NULL));
	krux_key_public(&key, &public);
	ck_assert_msg(!trust_add(trust, TRUST_BUNDLE, &public, &err), "%s", err.text);
	object = tiny_object((const char *const[]){ NULL }, &n);
	snprintf(path, sizeof path, "%s/bundle", root);
	ck_assert(object && tiny_bundle(path, &key, 1, "UTC", (struct krux_str){ (char *)object, n }, tiny_caps()));
	free(object);
	policy = loaded_open(path, trust, false, &err);
	ck_assert_msg(policy != NULL, "%s", err.text);
	close(trust);
	pool = krux_pool_new(0);
}

static void forget(void)
{
	judge_free(again.judge);
	facts_free(again.facts);
	again = (struct again){ 0 };
}

static void teardown(void)
{
	forget();
	krux_pool_free(pool);
	loaded_close(policy);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A call of builder with this one path, and the verdict that its record has. */
static uint32_t decides(const char *capability, const char *path, uint8_t verdict)
{
	struct krux_member *m = krux_pool_get(pool, sizeof *m);
	uint8_t *cbor;
	size_t n;

	*m = (struct krux_member){ KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = { path, strlen(path) } } };
	warrant = (struct warrant){ .agent = KRUX_STR("builder"), .verdict = verdict };
	warrant.value = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 1 } };
	n = krux_cbor_write(&warrant.value, NULL, 0);
	cbor = krux_pool_get(pool, n);
	krux_cbor_write(&warrant.value, cbor, n);
	warrant.args = (struct krux_str){ (char *)cbor, n };
	warrant.index = (uint32_t)policy->abi->find(capability, (uint32_t)strlen(capability));
	forget();
	again = (struct again){ .abi = policy->abi, .warrant = &warrant };
	return again_decides(&again, -1);
}

START_TEST(the_verdict_has_to_be_the_recorded_one)
{
	ck_assert_uint_eq(decides("files.read", "/workspace/a", KRUX_AUTONOMOUS), 0);
	ck_assert_uint_eq(decides("files.read", "/workspace/loud", KRUX_NOTIFY), 0);
	ck_assert_uint_ne(decides("files.read", "/workspace/loud", KRUX_AUTONOMOUS), 0);
	ck_assert_uint_ne(decides("files.read", "/workspace/secret", KRUX_AUTONOMOUS), 0);
	ck_assert_uint_ne(decides("files.read", "/workspace/secret", KRUX_BLOCKED), 0);
	/* What approvers were asked for stands in the ticket, and there is none. */
	ck_assert_uint_ne(decides("files.read", "/workspace/ask", KRUX_APPROVAL), 0);
}
END_TEST

/* What a call that runs from a snapshot was approved with, and what its snapshot has. */
static uint32_t agrees(const char *shown, size_t nshown, const char *taken, size_t ntaken)
{
	ck_assert_uint_eq(decides("files.read", "/workspace/a", KRUX_AUTONOMOUS), 0);
	forget();
	warrant.shown = (struct krux_str){ shown, nshown };
	again = (struct again){ .abi = policy->abi, .warrant = &warrant, .taken = { taken, ntaken } };
	return again_decides(&again, -1);
}

START_TEST(a_snapshot_is_what_was_shown)
{
	ck_assert_uint_eq(agrees("abc", 3, "abc", 3), 0);
	ck_assert_uint_eq(agrees("abc", 3, "abd", 3), CHILD_STALE);
	ck_assert_uint_eq(agrees("abc", 3, "", 0), CHILD_STALE);
	/* Nothing was there, and nothing is. */
	ck_assert_uint_eq(agrees(NULL, 0, "\x80", 1), 0);
	ck_assert_uint_eq(agrees(NULL, 0, "abc", 3), CHILD_STALE);
	ck_assert_uint_eq(agrees(NULL, 0, "", 0), CHILD_STALE);
}
END_TEST

/* Facts that the record does not hold are not known, and what depends on them is blocked. */
START_TEST(facts_are_those_of_the_record)
{
	ck_assert_uint_ne(decides("mail.send", "/workspace/a", KRUX_AUTONOMOUS), 0);
}
END_TEST

START_TEST(paths_below_are_decided)
{
	static const char *const asks[] = { "/workspace/a", "/workspace/secret", "/workspace/secret/x", "/workspace/ask", "/etc",
		                            "/workspace/loud", "relative", "", "/workspace", "/workspace/b/c" };
	char allowed[sizeof asks / sizeof *asks + 1] = "";

	ck_assert_uint_eq(decides("files.walk", "/workspace", KRUX_AUTONOMOUS), 0);
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
		allowed[i] = again_allows(&again, KRUX_STR("path"), (struct krux_str){ asks[i], strlen(asks[i]) }) ? 'Y' : 'N';
	ck_assert_str_eq(allowed, "YNNNNNNNYY");
	/* A call that is only let through with a notice does not hide below one that is not. */
	ck_assert_uint_eq(decides("files.walk", "/workspace/loud", KRUX_NOTIFY), 0);
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
		allowed[i] = again_allows(&again, KRUX_STR("path"), (struct krux_str){ asks[i], strlen(asks[i]) }) ? 'Y' : 'N';
	ck_assert_str_eq(allowed, "YNNNNYNNYY");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("again");
	TCase *tc = tcase_create("again");
	SRunner *sr;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_verdict_has_to_be_the_recorded_one);
	tcase_add_test(tc, a_snapshot_is_what_was_shown);
	tcase_add_test(tc, facts_are_those_of_the_record);
	tcase_add_test(tc, paths_below_are_decided);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
