/* Pools and values. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/value.h"

START_TEST(pool_memory)
{
	struct krux_pool *pool = krux_pool_new(0);

	for (size_t n = 0; n < 3000; n++) {
		unsigned char *p = krux_pool_get(pool, n);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		ck_assert(n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0));
		memset(p, 0xFF, n);
	}
	ck_assert_str_eq(krux_pool_copy(pool, "abcd", 3), "abc");
	ck_assert_str_eq(krux_pool_copy(pool, NULL, 0), "");
	krux_pool_free(pool);
	krux_pool_free(NULL);
}
END_TEST

/* What fitted once is given again without more memory, and zeroed. */
START_TEST(pool_again)
{
	static const char zeros[700];
	struct krux_pool *pool = krux_pool_new(200000);
	size_t room;

	krux_pool_reset(pool);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 40; i++) {
			char *p = krux_pool_get(pool, 700);

			ck_assert_ptr_nonnull(p);
			ck_assert_mem_eq(p, zeros, sizeof zeros);
			memset(p, 'x', 700);
		}
		/* A large one is not kept. */
		ck_assert_ptr_nonnull(krux_pool_get(pool, 100000 + (size_t)round));
		krux_pool_reset(pool);
		if (round == 5)
			room = krux_pool_room(pool);
		else if (round > 5)
			ck_assert_uint_eq(krux_pool_room(pool), room);
	}
	krux_pool_free(pool);
}
END_TEST

START_TEST(pool_limit)
{
	struct krux_pool *pool = krux_pool_new(100000);
	size_t got = 0;

	ck_assert_ptr_null(krux_pool_get(pool, 100001));
	ck_assert_ptr_null(krux_pool_get(pool, SIZE_MAX));
	ck_assert_ptr_null(krux_pool_get(pool, SIZE_MAX - 15));
	ck_assert_ptr_null(krux_pool_get(pool, SIZE_MAX / 2));
	ck_assert_ptr_null(krux_pool_copy(pool, "", SIZE_MAX));
	while (krux_pool_get(pool, 100))
		got += 112;
	ck_assert_uint_le(got, 100000);
	ck_assert_uint_ge(got, 90000);
	ck_assert_uint_lt(krux_pool_room(pool), 100000 - got + 1);
	krux_pool_free(pool);
}
END_TEST

static struct krux_value text(const char *s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { s, strlen(s) } };
}

START_TEST(equality)
{
	struct krux_value a = text("x"), b = text("x"), list[2] = { text("p"), text("q") };
	struct krux_value l1 = { .kind = KRUX_V_LIST, .list = { list, 2 } }, l2 = l1;
	struct krux_member m1 = { KRUX_STR("k"), l1 }, m2 = { KRUX_STR("k"), l2 };
	struct krux_value o1 = { .kind = KRUX_V_MAP, .map = { &m1, 1 } };
	struct krux_value o2 = { .kind = KRUX_V_MAP, .map = { &m2, 1 } };

	ck_assert(krux_value_eq(&a, &b));
	b.kind = KRUX_V_BYTES;
	ck_assert(!krux_value_eq(&a, &b));
	ck_assert(krux_value_eq(&o1, &o2));
	m2.value.list.n = 1;
	ck_assert(!krux_value_eq(&o1, &o2));
	m2.value.list.n = 2;
	m2.key = KRUX_STR("K");
	ck_assert(!krux_value_eq(&o1, &o2));
	ck_assert_ptr_eq(krux_value_get(&o1, "k"), &m1.value);
	ck_assert_ptr_null(krux_value_get(&o1, "kk"));
	ck_assert_ptr_null(krux_value_get(&l1, "k"));
}
END_TEST

START_TEST(key_order)
{
	struct krux_member m[] = {
		{ KRUX_STR("b"), { 0 } }, { KRUX_STR("aa"), { 0 } }, { KRUX_STR(""), { 0 } }, { KRUX_STR("a"), { 0 } },
	};
	static struct krux_member many[65536];
	static char name[65536][8];

	ck_assert_ptr_null(krux_members_sort(m, 4));
	ck_assert_uint_eq(m[0].key.n, 0);
	ck_assert_int_eq(m[1].key.p[0], 'a');
	ck_assert_uint_eq(m[3].key.n, 2);
	m[3].key = KRUX_STR("a");
	ck_assert_ptr_nonnull(krux_members_sort(m, 4));
	for (unsigned i = 0; i < 65536; i++) {
		for (unsigned d = 0, v = i * 40503u % 65536; d < 5; d++, v /= 10)
			name[i][4 - d] = (char)('0' + v % 10);
		many[i].key = (struct krux_str){ name[i], 5 };
	}
	ck_assert_ptr_null(krux_members_sort(many, 65536));
	for (unsigned i = 1; i < 65536; i++)
		ck_assert_int_lt(krux_key_cmp(many[i - 1].key, many[i].key), 0);
}
END_TEST

START_TEST(refusal)
{
	struct krux_refusal r;
	char longer[400];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = 0;
	ck_assert(!krux_refuse(&r, longer, longer));
	ck_assert_uint_eq(strlen(r.where), sizeof r.where - 1);
	ck_assert_str_eq(r.why + sizeof r.why - 4, "...");
	ck_assert(!krux_refuse(NULL, "", ""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("value");
	TCase *t = tcase_create("value");
	SRunner *sr;
	int failed;

	tcase_add_test(t, pool_memory);
	tcase_add_test(t, pool_again);
	tcase_add_test(t, pool_limit);
	tcase_add_test(t, equality);
	tcase_add_test(t, key_order);
	tcase_add_test(t, refusal);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
