/* JSON: what is read and refused, beside jansson as a second opinion. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/value.h"

static struct krux_pool *pool;

static void setup(void)
{
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static bool read_n(const char *text, size_t n, struct krux_value *out, struct krux_refusal *why)
{
	/* A copy of exactly n bytes, so that a sanitizer sees every byte too far. */
	char *copy = malloc(n ? n : 1);
	bool ok;

	memcpy(copy, text, n);
	ok = krux_json_read(pool, (struct krux_str){ copy, n }, out, why);
	if (ok && out->kind != KRUX_V_NULL) {
		char *again = malloc(6 * n + 64);
		size_t len = krux_json_write(out, again, 6 * n + 64);
		struct krux_value back;

		ck_assert_uint_le(len, 6 * n + 64);
		ck_assert(krux_json_read(pool, (struct krux_str){ krux_pool_copy(pool, again, len), len },
		                         &back, why));
		ck_assert(krux_value_eq(out, &back));
		free(again);
	}
	free(copy);
	return ok;
}

static bool reads(const char *text)
{
	struct krux_value v;
	struct krux_refusal why;

	return read_n(text, strlen(text), &v, &why);
}

static void refused(const char *text, const char *where, const char *reason)
{
	struct krux_refusal why = { "", "" };
	struct krux_value v;

	ck_assert_msg(!read_n(text, strlen(text), &v, &why), "accepted: %s", text);
	ck_assert_str_eq(why.where, where);
	ck_assert_str_eq(why.why, reason);
}

START_TEST(accepts)
{
	static const char *const good[] = {
		"null", " true\n", "false", "0", "-0", "12", "-1.5e+10", "1E5", "0.0", "\"\"", "[]", "{}",
		"[1,[2,[]],{}]", "{\"a\":1,\"b\":[true,null]}", "\"\\u00e9\\ud83d\\ude00\\n\\/\"",
		"123456789012345678901234567890", "\"\xc3\xa9\"", "{\"\":{\"\":{}}}", "\t\r\n [ 1 , 2 ] ",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(reads(good[i]), "%s", good[i]);
}
END_TEST

START_TEST(refuses)
{
	refused("", "1:1", "expected a JSON value");
	refused("  \n x", "2:2", "expected a JSON value");
	refused("tru", "1:1", "expected a JSON value");
	refused("nan", "1:1", "expected a JSON value");
	refused("+1", "1:1", "expected a JSON value");
	refused(".5", "1:1", "expected a JSON value");
	refused("-", "1:1", "expected a JSON value");
	refused("01", "1:1", "a number has no leading zeros");
	refused("-00", "1:1", "a number has no leading zeros");
	refused("1.", "1:1", "a number has digits after its point");
	refused("1e", "1:1", "a number has digits in its exponent");
	refused("1e+", "1:1", "a number has digits in its exponent");
	refused("1 2", "1:3", "text after the value");
	refused("[1,]", "1:4", "expected a JSON value");
	refused("[1", "1:1", "the array does not end");
	refused("[1 2]", "1:4", "expected ',' or ']'");
	refused("{\"a\" 1}", "1:6", "expected ':'");
	refused("{\"a\":1,}", "1:8", "expected a key in quotes");
	refused("{a:1}", "1:2", "expected a key in quotes");
	refused("{\"a\":1", "1:1", "the object does not end");
	refused("{\"a\":1 \"b\":2}", "1:8", "expected ',' or '}'");
	refused("\"abc", "1:1", "the string does not end");
	refused("\"\\", "1:1", "the string does not end");
	refused("\"\\\"", "1:1", "the string does not end");
	refused("\"\\x\"", "1:2", "no such escape");
	refused("\"\\u12\"", "1:4", "\\u takes four hex digits");
	refused("\"\\u12g4\"", "1:6", "\\u takes four hex digits");
	refused("\"\\ud800\"", "1:2", "a surrogate stands alone");
	refused("\"\\ud800\\u0041\"", "1:2", "a surrogate stands alone");
	refused("\"\\udc00\"", "1:2", "a surrogate stands alone");
	refused("\"\\u0000\"", "1:2", "a string holds no NUL");
	refused("\"a\nb\"", "1:3", "a string holds no raw control characters");
	refused("\"\xc3\"", "1:2", "not valid UTF-8");
	refused("\"\xc3\xa9\xed\xa0\x80\"", "1:3", "not valid UTF-8");
	refused("\xef\xbb\xbf{}", "1:1", "expected a JSON value");
	refused("[\n{\"a\":1,\"a\":2}]", "2:1", "the object has a key twice");
	refused("{\"a\":1,\"\\u0061\":2}", "1:1", "the object has a key twice");
	refused("// c\n1", "1:1", "expected a JSON value");
	refused("'a'", "1:1", "expected a JSON value");
}
END_TEST

START_TEST(refuses_nul)
{
	struct krux_refusal why;
	struct krux_value v;

	ck_assert(!read_n("1\0", 2, &v, &why));
	ck_assert(!read_n("\"\0\"", 3, &v, &why));
	ck_assert_str_eq(why.why, "a string holds no NUL");
}
END_TEST

START_TEST(depth)
{
	char text[20001];

	memset(text, '[', sizeof text - 1);
	text[sizeof text - 1] = 0;
	refused(text, "1:65", "nested more than 64 deep");
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	text[128] = 0;
	ck_assert(reads(text));
}
END_TEST

/* Memory follows the input: a pool's limit ends it, and many keys do not take quadratic time. */
START_TEST(bounded)
{
	struct krux_pool *small = krux_pool_new(1 << 16);
	size_t n = 1 << 20;
	char *text = malloc(n + 16), *p = text;
	struct krux_refusal why;
	struct krux_value v;

	for (size_t i = 0; i < n; i++)
		text[i] = i % 2 ? ',' : '1';
	text[0] = '[';
	text[1] = '1';
	text[2] = ',';
	text[n - 1] = ']';
	text[n - 2] = '1';
	for (size_t i = 3; i < n - 2; i++)
		text[i] = i % 2 ? '1' : ',';
	ck_assert(!krux_json_read(small, (struct krux_str){ text, n }, &v, &why));
	ck_assert_str_eq(why.why, "out of memory");
	krux_pool_free(small);
	*p++ = '{';
	for (unsigned i = 0; i < 65536; i++)
		p += sprintf(p, "%s\"%x\":0", i ? "," : "", i * 2654435761u);
	*p++ = '}';
	ck_assert(krux_json_read(pool, (struct krux_str){ text, (size_t)(p - text) }, &v, &why));
	ck_assert_uint_eq(v.map.n, 65536);
	free(text);
}
END_TEST

START_TEST(writes)
{
	static const uint8_t octets[] = { 0, 1, 254, 255 };
	struct krux_member m[] = {
		{ KRUX_STR("a\"\\\n\x01\x7f"), { .kind = KRUX_V_NINT, .u = UINT64_MAX } },
		{ KRUX_STR("\u202e\u2066\u00e9\U0001F600\ufeff\x85"), { .kind = KRUX_V_NULL } },
		{ KRUX_STR("b"), { .kind = KRUX_V_BYTES, .str = { (const char *)octets, 4 } } },
		{ KRUX_STR("n"), { .kind = KRUX_V_NUMBER, .str = KRUX_STR("1.50") } },
		{ KRUX_STR("d"), { .kind = KRUX_V_NUMBER, .str = KRUX_STR("5s") } },
		{ KRUX_STR("i"), { .kind = KRUX_V_NINT, .u = 4 } },
	};
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { m, 6 } };
	const char *want = "{\"a\\\"\\\\\\n\\u0001\\u007f\":-18446744073709551616,"
	                   "\"\\u202e\\u2066\u00e9\U0001F600\\ufeff\\ufffd\":null,\"b\":\"AAH+/w==\","
	                   "\"n\":1.50,\"d\":\"5s\",\"i\":-5}";
	char buf[512];
	size_t n = krux_json_write(&v, buf, sizeof buf);

	ck_assert_uint_eq(n, strlen(want));
	ck_assert_mem_eq(buf, want, n);
	ck_assert_uint_eq(krux_json_write(&v, NULL, 0), n);
	ck_assert_uint_eq(krux_json_write(&v, buf, 10), n);
}
END_TEST

/* ---- jansson ---- */

static bool same(const struct krux_value *v, const json_t *j)
{
	const struct krux_member *m;

	switch (v->kind) {
	case KRUX_V_NULL:
		return json_is_null(j);
	case KRUX_V_BOOL:
		return v->b ? json_is_true(j) : json_is_false(j);
	case KRUX_V_NUMBER:
		return json_is_number(j);
	case KRUX_V_TEXT:
		return json_is_string(j) && json_string_length(j) == v->str.n &&
		       memcmp(json_string_value(j), v->str.p, v->str.n) == 0;
	case KRUX_V_LIST:
		if (!json_is_array(j) || json_array_size(j) != v->list.n)
			return false;
		for (size_t i = 0; i < v->list.n; i++)
			if (!same(&v->list.item[i], json_array_get(j, i)))
				return false;
		return true;
	case KRUX_V_MAP:
		if (!json_is_object(j) || json_object_size(j) != v->map.n)
			return false;
		for (m = v->map.member; m < v->map.member + v->map.n; m++) {
			const json_t *other = json_object_get(j, krux_pool_copy(pool, m->key.p, m->key.n));

			if (!other || !same(&m->value, other))
				return false;
		}
		return true;
	default:
		return false;
	}
}

/* Both agree, but for what jansson reads and we do not: numbers as wide as ours it cannot. */
static void compare(const char *text, size_t n)
{
	json_error_t error;
	json_t *j = json_loadb(text, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	struct krux_refusal why = { "", "" };
	struct krux_value v;
	bool ok = krux_json_read(pool, (struct krux_str){ text, n }, &v, &why);

	if (ok && !j) {
		ck_assert_msg(json_error_code(&error) == json_error_numeric_overflow,
		              "only we read %.*s: %s", (int)n, text, error.text);
	} else if (!ok && j) {
		ck_assert_msg(strstr(why.why, "64 deep") != NULL, "only jansson reads %.*s: %s", (int)n, text,
		              why.why);
	} else if (ok) {
		ck_assert_msg(same(&v, j), "read differently: %.*s", (int)n, text);
	}
	json_decref(j);
}

START_TEST(second_opinion)
{
	static const char *const seeds[] = {
		"{\"path\":\"/a/b\",\"n\":[1,-2.5e3,0],\"t\":true,\"f\":false,\"z\":null}",
		"[\"\\ud83d\\ude00\\u00e9\xc3\xa9\",{\"k\":[[],{}]},\"\\b\\f\\n\\r\\t\\\\\\/\\\"\"]",
		" [ 1 , { \"a\" : \"b\" , \"c\" : [ ] } ] ",
	};
	static const char bytes[] = "\"\\{}[]:,0123456789eE+-.tfnul \n\t\x01\xc3\xa9\xff\x80/u";
	unsigned random = 12345;

	for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
		size_t n = strlen(seeds[s]);

		for (size_t cut = 0; cut <= n; cut++)
			compare(seeds[s], cut);
		for (unsigned round = 0; round < 20000; round++) {
			char text[128];

			memcpy(text, seeds[s], n);
			for (unsigned k = 0; k <= round % 4; k++) {
				random = random * 1103515245 + 12345;
				text[(random >> 8) % n] = bytes[(random >> 20) % (sizeof bytes - 1)];
			}
			compare(text, n);
			if (round % 512 == 0) {
				teardown();
				setup();
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, accepts);
	tcase_add_test(t, refuses);
	tcase_add_test(t, refuses_nul);
	tcase_add_test(t, depth);
	tcase_add_test(t, bounded);
	tcase_add_test(t, writes);
	tcase_add_test(t, second_opinion);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
