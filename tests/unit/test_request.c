/* What agents write, made canonical, or refused in words that help. */
#include "tests/unit/tiny_bundle.h"

#include "runtime/request/request.h"

#include "capspec/krux_abi.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct krux_pool *pool;
static struct request_refusal why;

static int find(const char *name, uint32_t n)
{
	for (int i = 0; i < TINY_CAPS; i++)
		if (krux_str_eq(tiny_caps()[i].name, (struct krux_str){ name, n }))
			return i;
	return -1;
}

static const struct krux_abi abi = { .version = KRUX_ABI_VERSION, .ncaps = TINY_CAPS, .find = find };

static void setup(void)
{
	pool = krux_pool_new(0);
	why = (struct request_refusal){ 0 };
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static bool ask(const char *name, const char *json, struct request *q)
{
	return request_name(&abi, tiny_caps(), TINY_CAPS, str(name), q, &why) && request_args(pool, str(json), q, &why);
}

START_TEST(canonical)
{
	static const uint8_t want[] = "\xA1\x64path\x6C/workspace/a";
	struct request q;

	ck_assert_msg(ask("files.read", " { \"path\" : \"//workspace/./a/\" } ", &q), "%s", why.why);
	ck_assert_uint_eq(q.index, 0);
	ck_assert_uint_eq(q.cbor.n, sizeof want - 1);
	ck_assert_mem_eq(q.cbor.p, want, q.cbor.n);
	ck_assert(ask("mail.send", "{\"size\":7,\"to\":\"x\"}", &q));
	ck_assert_mem_eq(q.cbor.p, "\xA2\x62to\x61x\x64size\x07", q.cbor.n);
}
END_TEST

static const struct {
	const char *name, *json, *where, *why, *remedy;
} bad[] = {
	{ "files.raed", "{}", "", "no such capability", "Did you mean files.read?" },
	{ "zzz", "{}", "", "no such capability", "There are files.read, files.walk, mail.send" },
	{ "files.read@7", "{}", "", "no such capability", "There is files.read@1.0" },
	{ "", "{}", "", "no such capability", "There are" },
	{ "files.read", "", "", "not JSON", "files.read takes path (path)" },
	{ "files.read", "{", "", "not JSON", "files.read takes path (path)" },
	{ "files.read", "[]", "", "", "files.read takes path (path)" },
	{ "files.read", "{}", "path", "", "A file." },
	{ "files.read", "{\"path\":7}", "path", "", "A file." },
	{ "files.read", "{\"path\":\"a\"}", "path", "", "A file." },
	{ "files.read", "{\"path\":\"/a/../b\"}", "path", "", "A file." },
	{ "files.read", "{\"path\":\"/a\",\"path\":\"/b\"}", "", "not JSON", "" },
	{ "files.read", "{\"path\":\"/a\",\"limit\":1}", "limit", "", "files.read takes path (path)" },
	{ "mail.send", "{\"to\":\"x\",\"size\":1000001}", "size", "", "How long it is." },
	{ "mail.send", "{\"to\":\"x\",\"size\":-1}", "size", "", "How long it is." },
	{ "mail.send", "{\"to\":\"x\",\"size\":1e3}", "size", "", "How long it is." },
	{ "mail.send", "{\"to\":\"a\\u0000b\",\"size\":1}", "", "", "" },
	{ "mail.send", "{\"to\":\"\xFF\",\"size\":1}", "", "not JSON", "" },
};

START_TEST(refusals_help)
{
	struct request q;

	ck_assert_msg(!ask(bad[_i].name, bad[_i].json, &q), "accepted");
	ck_assert_uint_gt(strlen(why.why), 0);
	ck_assert_msg(strstr(why.why, bad[_i].why) != NULL, "why: %s", why.why);
	if (*bad[_i].where)
		ck_assert_str_eq(why.where, bad[_i].where);
	ck_assert_msg(strstr(why.remedy, bad[_i].remedy) != NULL, "remedy: %s", why.remedy);
}
END_TEST

START_TEST(large_and_deep)
{
	size_t n = 1 << 20;
	char *text = malloc(n + 64);
	struct request q;

	memset(text, '[', n);
	text[n] = 0;
	ck_assert(!ask("files.read", text, &q));
	strcpy(text, "{\"path\":\"/");
	memset(text + 10, 'x', n);
	strcpy(text + 10 + n, "\"}");
	ck_assert(!ask("files.read", text, &q));
	ck_assert_str_eq(why.where, "path");
	memset(text, 'a', n);
	text[n] = 0;
	ck_assert(!request_name(&abi, tiny_caps(), TINY_CAPS, str(text), &q, &why));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *tc = tcase_create("request");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, canonical);
	tcase_add_loop_test(tc, refusals_help, 0, sizeof bad / sizeof *bad);
	tcase_add_test(tc, large_and_deep);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
