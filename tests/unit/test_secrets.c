/* What a handler names as secret is in the answer and not in the record. */
#include "tests/unit/attempt.h"
#include "tests/unit/tiny_bundle.h"

#include "capspec/rights.h"
#include "runtime/spawn/answer.h"
#include "runtime/spawn/redact.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct krux_pool *pool;

static void setup(void)
{
	pool = krux_pool_new(0);
	ck_assert(attempt_setup(AS_ROOT));
}

static void teardown(void)
{
	attempt_teardown();
	krux_pool_free(pool);
}

static const struct krux_str two[] = { { "pass", 4 }, { "password", 8 } };

static void becomes(const char *text, const char *want)
{
	struct krux_str out, s = { text, strlen(text) };

	ck_assert(redact_str(pool, two, 2, s, &out));
	ck_assert_msg(out.n == strlen(want) && !memcmp(out.p, want, out.n), "%.*s", (int)out.n, out.p);
}

START_TEST(every_occurrence_is_replaced_and_nothing_else)
{
	becomes("", "");
	becomes("nothing", "nothing");
	becomes("pass", REDACTED);
	becomes("passpass", REDACTED REDACTED);
	becomes("a password, passing", "a " REDACTED ", " REDACTED "ing");
	becomes("papass", "pa" REDACTED);
	becomes("pas", "pas");
}
END_TEST

START_TEST(values_are_replaced_at_any_depth)
{
	struct krux_member inner[] = {
		{ KRUX_STR("pass"), { .kind = KRUX_V_UINT, .u = 1 } },
		{ KRUX_STR("password"), { .kind = KRUX_V_BYTES, .str = KRUX_STR("\0pass\0") } },
	};
	struct krux_value item[] = { { .kind = KRUX_V_MAP, .map = { inner, 2 } }, { .kind = KRUX_V_BOOL, .b = true } };
	struct krux_value list = { .kind = KRUX_V_LIST, .list = { item, 2 } }, out;
	uint8_t bytes[256];
	size_t n;

	ck_assert(redact_value(pool, two, 2, &list, &out));
	n = krux_cbor_write(&out, bytes, sizeof bytes);
	ck_assert_uint_gt(n, 0);
	ck_assert_ptr_null(memmem(bytes, n, "pass", 4));
	ck_assert_uint_eq(out.list.item[0].map.n, 2);
	ck_assert_uint_eq(out.list.item[0].map.member[0].value.u, 1);
	/* What was given is as it was. */
	ck_assert_uint_eq(inner[0].key.n, 4);
}
END_TEST

static bool tell(struct handler_call *c)
{
	struct krux_member *m = krux_pool_get(c->pool, sizeof *m);

	if (!handler_secret(c, KRUX_STR("hunter2"), "IoError"))
		return false;
	m->key = KRUX_STR("content");
	m->value = (struct krux_value){ .kind = KRUX_V_TEXT, .str = KRUX_STR("the word is hunter2.") };
	c->output = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 1 } };
	return true;
}

static bool blurt(struct handler_call *c)
{
	return handler_secret(c, KRUX_STR("hunter2"), "IoError") &&
	       handler_fail(c, "NotFound", "no user with hunter2");
}

static bool too_many(struct handler_call *c)
{
	for (int i = 0; i <= HANDLER_SECRETS; i++)
		if (!handler_secret(c, KRUX_STR("hunter2"), "NotFound"))
			return false;
	return true;
}

static struct spawn_result taken(void)
{
	struct spawn_result out = { .end = SPAWN_UNKNOWN };

	ck_assert(attempt_end.exited && !attempt_end.code);
	answer_read(&tiny_caps()[0], pool, (struct krux_str){ (char *)attempt_end.answer, attempt_end.n }, &out);
	return out;
}

static bool holds(const struct krux_value *v, const char *text)
{
	char bytes[512];
	size_t n = krux_cbor_write(v, (uint8_t *)bytes, sizeof bytes);

	return memmem(bytes, n, text, strlen(text));
}

START_TEST(the_answer_has_it_and_the_record_has_not)
{
	struct spawn_result out;

	attempt_run(pass, tell, CALLS_COMMON, second);
	out = taken();
	ck_assert_int_eq(out.end, SPAWN_DONE);
	ck_assert(holds(&out.output, "hunter2"));
	ck_assert(!holds(&out.recorded, "hunter2"));
	ck_assert(holds(&out.recorded, "the word is " REDACTED "."));
	attempt_run(pass, blurt, CALLS_COMMON, second);
	out = taken();
	ck_assert_int_eq(out.end, SPAWN_ERROR);
	ck_assert(krux_str_eq(out.message, KRUX_STR("no user with hunter2")));
	ck_assert(krux_str_eq(out.recorded_message, KRUX_STR("no user with " REDACTED)));
	attempt_run(pass, too_many, CALLS_COMMON, second);
	out = taken();
	ck_assert_int_eq(out.end, SPAWN_ERROR);
}
END_TEST

/* A handler that lies about its secrets gives no answer. */
START_TEST(what_are_no_secrets_is_no_answer)
{
	static const char *const answers[] = {
		"\xA2\x66output\xA1\x67" "content\x61x\x67secrets\x80",
		"\xA2\x66output\xA1\x67" "content\x61x\x67secrets\x61x",
		"\xA2\x66output\xA1\x67" "content\x61x\x67secrets\x81\x61x",
		"\xA2\x66output\xA1\x67" "content\x61x\x67secreta\x81\x41x",
		"\xA1\x67secrets\x81\x41x",
	};
	static const char good[] = "\xA2\x66output\xA1\x67" "content\x61x\x67secrets\x81\x41x";
	struct spawn_result out;

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		out = (struct spawn_result){ .end = SPAWN_UNKNOWN };
		answer_read(&tiny_caps()[0], pool, (struct krux_str){ answers[i], strlen(answers[i]) }, &out);
		ck_assert_msg(out.end == SPAWN_BROKEN, "%zu", i);
	}
	out = (struct spawn_result){ .end = SPAWN_UNKNOWN };
	answer_read(&tiny_caps()[0], pool, (struct krux_str){ good, sizeof good - 1 }, &out);
	ck_assert_int_eq(out.end, SPAWN_DONE);
	ck_assert(!holds(&out.recorded, "x"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("secrets");
	TCase *t = tcase_create("secrets");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_occurrence_is_replaced_and_nothing_else);
	tcase_add_test(t, values_are_replaced_at_any_depth);
	tcase_add_test(t, the_answer_has_it_and_the_record_has_not);
	tcase_add_test(t, what_are_no_secrets_is_no_answer);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
