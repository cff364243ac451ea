/* Deterministic CBOR: what is written, what is refused, beside libcbor as a second opinion. */
#include <cbor.h>
#include <check.h>
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

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; *hex; hex++) {
		unsigned v;

		if (*hex == ' ')
			continue;
		ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
		hex++;
	}
	return n;
}

static bool read_n(const uint8_t *p, size_t n, struct krux_value *out, struct krux_refusal *why)
{
	uint8_t *copy = malloc(n ? n : 1), *again;
	bool ok;

	memcpy(copy, p, n);
	ok = krux_cbor_read(pool, copy, n, out, why);
	if (ok) {
		struct cbor_load_result result;
		cbor_item_t *item = cbor_load(copy, n, &result);

		again = malloc(n);
		ck_assert_uint_eq(krux_cbor_write(out, again, n), n);
		ck_assert_mem_eq(again, p, n);
		ck_assert_ptr_nonnull(item);
		ck_assert_uint_eq(result.read, n);
		ck_assert_uint_eq(cbor_serialize(item, again, n), n);
		ck_assert_mem_eq(again, p, n);
		cbor_decref(&item);
		free(again);
	}
	free(copy);
	return ok;
}

static void reads(const char *hex)
{
	uint8_t p[512];
	size_t n = unhex(hex, p);
	struct krux_refusal why = { "", "" };
	struct krux_value v;

	ck_assert_msg(read_n(p, n, &v, &why), "%s: %s %s", hex, why.where, why.why);
	/* Every prefix is truncated, every byte more is too much. */
	for (size_t cut = 0; cut < n; cut++)
		ck_assert(!read_n(p, cut, &v, &why));
	p[n] = 0;
	ck_assert(!read_n(p, n + 1, &v, &why));
	ck_assert_str_eq(why.why, "bytes after the value");
}

static void refused(const char *hex, const char *where, const char *reason)
{
	uint8_t p[512];
	struct krux_refusal why = { "", "" };
	struct krux_value v;

	ck_assert_msg(!read_n(p, unhex(hex, p), &v, &why), "accepted: %s", hex);
	ck_assert_str_eq(why.where, where);
	ck_assert_str_eq(why.why, reason);
}

static const char *const good[] = {
	"00", "17", "18 18", "18 ff", "19 0100", "19 ffff", "1a 00010000", "1a ffffffff",
	"1b 0000000100000000", "1b ffffffffffffffff", "20", "38 18", "3b ffffffffffffffff",
	"40", "43 010203", "60", "63 616263", "62 c3a9", "80", "83 01 02 03", "a0", "a1 61 61 01",
	"a2 61 62 01 62 61 61 02", "a2 01 02 03 04", "a3 00 f4 17 f5 18 18 f6", "81 81 81 a1 60 f6",
	"a1 1b ffffffffffffffff 40", "82 a1 01 61 61 a1 61 31 61 61",
};

START_TEST(accepts)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		reads(good[i]);
}
END_TEST

START_TEST(refuses)
{
	static const char shortest[] = "not the shortest form of its number";

	refused("", "byte 0", "empty");
	refused("18", "byte 0", "truncated");
	refused("18 17", "byte 0", shortest);
	refused("19 00ff", "byte 0", shortest);
	refused("1a 0000ffff", "byte 0", shortest);
	refused("1b 00000000ffffffff", "byte 0", shortest);
	refused("82 01 58 01 00", "byte 2", shortest);
	refused("1c", "byte 0", "a reserved head");
	refused("1f", "byte 0", "of indefinite length");
	refused("5f 41 00 ff", "byte 0", "of indefinite length");
	refused("9f ff", "byte 0", "of indefinite length");
	refused("bf ff", "byte 0", "of indefinite length");
	refused("ff", "byte 0", "of indefinite length");
	refused("61 ff", "byte 0", "text that is not valid UTF-8");
	refused("63 eda080", "byte 0", "text that is not valid UTF-8");
	refused("42 00", "byte 0", "truncated");
	refused("5b ffffffffffffffff 00", "byte 0", "truncated");
	refused("9b ffffffffffffffff 00", "byte 0", "truncated");
	refused("bb ffffffffffffffff 00 00", "byte 0", "truncated");
	refused("9a 00ffffff", "byte 0", "truncated");
	refused("82 01", "byte 0", "truncated");
	refused("a1 61 61", "byte 3", "truncated");
	refused("a1 01 00 00", "byte 3", "bytes after the value");
	refused("a2 61 61 01 61 61 02", "byte 4", "a map key that is there twice");
	refused("a2 61 62 01 61 61 02", "byte 4", "a map key out of order");
	refused("a2 62 61 61 01 61 62 02", "byte 5", "a map key out of order");
	refused("a2 02 01 01 02", "byte 3", "a map key out of order");
	refused("a2 18 18 01 17 02", "byte 4", "a map key out of order");
	refused("a2 01 02 61 61 02", "byte 3", "a map with both text and unsigned keys");
	refused("a1 20 01", "byte 1", "a map key that is neither text nor unsigned");
	refused("a1 f6 01", "byte 1", "a map key that is neither text nor unsigned");
	refused("a1 80 01", "byte 1", "a map key that is neither text nor unsigned");
	refused("c0 60", "byte 0", "a tag");
	refused("d9 d9f7 00", "byte 0", "a tag");
	refused("f7", "byte 0", "a simple value or float that is not in the subset");
	refused("e0", "byte 0", "a simple value or float that is not in the subset");
	refused("f8 14", "byte 0", "a simple value or float that is not in the subset");
	refused("f8 ff", "byte 0", "a simple value or float that is not in the subset");
	refused("f9 0000", "byte 0", "a simple value or float that is not in the subset");
	refused("fb 3ff0000000000000", "byte 0", "a simple value or float that is not in the subset");
}
END_TEST

START_TEST(depth)
{
	uint8_t p[1 << 16];
	struct krux_refusal why;
	struct krux_value v, deeper;

	memset(p, 0x81, sizeof p);
	p[64] = 0x00;
	ck_assert(read_n(p, 65, &v, &why));
	p[64] = 0x80;
	ck_assert(!read_n(p, 65, &v, &why));
	ck_assert_str_eq(why.why, "nested more than 64 deep");
	ck_assert_str_eq(why.where, "byte 64");
	p[64] = 0x81;
	ck_assert(!read_n(p, sizeof p, &v, &why));
	/* Writing holds the same line. */
	p[64] = 0x00;
	ck_assert(krux_cbor_read(pool, p, 65, &v, &why));
	deeper = (struct krux_value){ .kind = KRUX_V_LIST, .list = { &v, 1 } };
	ck_assert_uint_eq(krux_cbor_write(&deeper, NULL, 0), 0);
	ck_assert_uint_eq(krux_cbor_write(&v, NULL, 0), 65);
}
END_TEST

/* Claims without bytes behind them take no memory, at any depth. */
START_TEST(bounded)
{
	struct krux_pool *small = krux_pool_new(1 << 16);
	uint8_t p[60 * 5 + 65536] = { 0 };
	struct krux_refusal why;
	struct krux_value v;

	for (unsigned i = 0; i < 60; i++)
		memcpy(p + 5 * i, "\x9a\x00\x01\x00\x00", 5);
	ck_assert(!krux_cbor_read(small, p, sizeof p, &v, &why));
	ck_assert_str_eq(why.why, "truncated");
	ck_assert_uint_ge(krux_pool_room(small), (1 << 16) - 1);
	memcpy(p, "\x9a\x00\x01\x00\x00", 5);
	memset(p + 5, 0, 65536);
	ck_assert(!krux_cbor_read(small, p, 5 + 65536, &v, &why));
	ck_assert_str_eq(why.why, "out of memory");
	ck_assert(krux_cbor_read(pool, p, 5 + 65536, &v, &why));
	ck_assert_uint_eq(v.list.n, 65536);
	krux_pool_free(small);
}
END_TEST

START_TEST(writes)
{
	struct krux_member m[] = {
		{ KRUX_STR("bb"), { .kind = KRUX_V_UINT, .u = 1 } }, { KRUX_STR("a"), { .kind = KRUX_V_NULL } },
		{ KRUX_STR("c"), { .kind = KRUX_V_BOOL, .b = true } },
	};
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { m, 3 } };
	struct krux_value number = { .kind = KRUX_V_NUMBER, .str = KRUX_STR("1") };
	uint8_t want[16], got[16];
	size_t n = unhex("a3 61 61 f6 61 63 f5 62 62 62 01", want);

	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), n);
	ck_assert_mem_eq(got, want, n);
	ck_assert_uint_eq(krux_cbor_write(&v, got, 3), n);
	m[2].key = KRUX_STR("a");
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), 0);
	ck_assert_uint_eq(krux_cbor_write(&number, got, sizeof got), 0);
	v.kind = KRUX_V_UMAP;
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), 0);
	m[0].key = KRUX_STR("10");
	m[1].key = KRUX_STR("9");
	m[2].key = KRUX_STR("18446744073709551615");
	n = unhex("a3 09 f6 0a 01 1b ffffffffffffffff f5", want);
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), n);
	ck_assert_mem_eq(got, want, n);
	m[2].key = KRUX_STR("18446744073709551616");
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), 0);
	m[2].key = KRUX_STR("01");
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), 0);
	m[2].key = KRUX_STR("");
	ck_assert_uint_eq(krux_cbor_write(&v, got, sizeof got), 0);
}
END_TEST

/* Every byte of every good text, set to every value: what is accepted is what would be written,
 * and libcbor reads it alike. */
START_TEST(mutations)
{
	static const char longer[] =
		"a4 62 6970 44 7f000001 64 66726565 f4 64 70617468 68 2f 776f726b2f61 67 656e7472696573 82"
		"a2 61 6e 18 64 64 70617468 62 2f61 a1 61 6e 39 0100";
	unsigned accepted = 0;

	for (size_t i = 0; i <= sizeof good / sizeof *good; i++) {
		uint8_t p[512];
		size_t n = unhex(i < sizeof good / sizeof *good ? good[i] : longer, p);

		for (size_t at = 0; at < n; at++) {
			uint8_t was = p[at];

			for (unsigned b = 0; b < 256; b++) {
				struct krux_refusal why;
				struct krux_value v;

				p[at] = (uint8_t)b;
				accepted += read_n(p, n, &v, &why);
			}
			p[at] = was;
		}
		teardown();
		setup();
	}
	ck_assert_uint_gt(accepted, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cbor");
	TCase *t = tcase_create("cbor");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, accepts);
	tcase_add_test(t, refuses);
	tcase_add_test(t, depth);
	tcase_add_test(t, bounded);
	tcase_add_test(t, writes);
	tcase_add_test(t, mutations);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
