/* The tree of RFC 9162: roots and proofs of Certificate Transparency's test tree, every proof of
 * every small tree against a root computed from its definition, and none of them for another
 * claim. */
#include "runtime/base/err.h"
#include "runtime/record/tree.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <check.h>
#include <string.h>

enum { SMALL = 67 };

static struct krux_err err;
static uint8_t leaves[SMALL][HASH_LEN];

static void setup(void)
{
	err = (struct krux_err){ 0 };
	for (unsigned i = 0; i < SMALL; i++)
		record_leaf((const uint8_t *)&i, sizeof i, leaves[i]);
}

/* MTH of the definition: leaves a..a+n. */
static void mth(uint8_t (*leaf)[HASH_LEN], uint64_t n, uint8_t out[static HASH_LEN])
{
	uint8_t left[HASH_LEN], right[HASH_LEN];
	uint64_t k = 1;

	if (n == 0) {
		krux_sha256(KRUX_STR(""), out);
	} else if (n == 1) {
		memcpy(out, leaf[0], HASH_LEN);
	} else {
		while (k * 2 < n)
			k *= 2;
		mth(leaf, k, left);
		mth(leaf + k, n - k, right);
		tree_node(left, right, out);
	}
}

static int node(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN], struct krux_err *e)
{
	uint64_t *size = ctx;

	(void)e;
	ck_assert_uint_le((index + 1) << level, *size);
	mth(leaves + (index << level), 1ull << level, out);
	return 0;
}

/* ---- Certificate Transparency's tree ---- */

static const struct {
	const char *p;
	size_t n;
	const char *root;
} ct[] = {
	{ "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "\0", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8,
	  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
	  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

static void same(const uint8_t hash[static HASH_LEN], const char *hex)
{
	char text[2 * HASH_LEN + 1];

	krux_hex_write(hash, HASH_LEN, text);
	text[2 * HASH_LEN] = 0;
	ck_assert_str_eq(text, hex);
}

static void same_path(const struct tree_path *path, const char *const *want)
{
	size_t n = 0;

	for (; want[n]; n++) {
		ck_assert_uint_lt(n, path->n);
		same(path->hash[n], want[n]);
	}
	ck_assert_uint_eq(path->n, n);
}

static void ct_leaves(void)
{
	for (unsigned i = 0; i < 8; i++)
		record_leaf((const uint8_t *)ct[i].p, ct[i].n, leaves[i]);
}

START_TEST(roots_of_certificate_transparency)
{
	struct tree t = { 0 };
	uint8_t root[HASH_LEN];

	ct_leaves();
	tree_root(&t, root);
	same(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (unsigned i = 0; i < 8; i++) {
		tree_add(&t, leaves[i]);
		tree_root(&t, root);
		same(root, ct[i].root);
	}
}
END_TEST

START_TEST(proofs_of_certificate_transparency)
{
	static const struct {
		uint64_t a, size;
		bool inclusion;
		const char *path[4];
	} row[] = {
		{ 0, 1, true, { NULL } },
		{ 0, 8, true,
		  { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
		{ 5, 8, true,
		  { "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
		    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
		{ 2, 3, true, { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
		{ 1, 5, true,
		  { "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
		{ 1, 1, false, { NULL } },
		{ 1, 8, false,
		  { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
		{ 6, 8, false,
		  { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
		{ 2, 5, false,
		  { "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
	};
	struct tree_path path;

	ct_leaves();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		uint64_t size = row[i].size;
		int rc = row[i].inclusion ?
		         tree_prove_inclusion(row[i].a, size, node, &size, &path, &err) :
		         tree_prove_consistency(row[i].a, size, node, &size, &path, &err);

		ck_assert_int_eq(rc, 0);
		same_path(&path, row[i].path);
	}
}
END_TEST

/* ---- every small tree ---- */

START_TEST(roots_are_those_of_the_definition)
{
	uint8_t want[HASH_LEN], got[HASH_LEN], done[TREE_LEVELS][HASH_LEN];
	struct tree t = { 0 }, u = { 0 }, at;

	for (uint64_t n = 1; n <= SMALL; n++) {
		unsigned top = tree_add_nodes(&u, leaves[n - 1], done);

		tree_add(&t, leaves[n - 1]);
		ck_assert_mem_eq(&t, &u, sizeof t);
		for (unsigned k = 0; k <= top; k++) {
			mth(leaves + (n - (1ull << k)), 1ull << k, want);
			ck_assert_mem_eq(done[k], want, HASH_LEN);
		}
		mth(leaves, n, want);
		tree_root(&t, got);
		ck_assert_mem_eq(got, want, HASH_LEN);
		ck_assert(!tree_root_at(n, node, &n, got, &err));
		ck_assert_mem_eq(got, want, HASH_LEN);
		ck_assert(!tree_at(n, node, &n, &at, &err));
		tree_root(&at, got);
		ck_assert_mem_eq(got, want, HASH_LEN);
	}
}
END_TEST

/* From any size, any number at once. */
START_TEST(many_at_once_are_one_by_one)
{
	static uint8_t many[300][HASH_LEN];

	for (unsigned i = 0; i < 300; i++)
		record_leaf((const uint8_t *)&i, sizeof i, many[i]);
	for (size_t n = 0; n <= 130; n++)
		for (size_t m = 0; m <= 130; m += n % 7 + 1) {
			struct tree t = { 0 }, u = { 0 };

			tree_add_many(&t, many, n);
			tree_add_many(&t, many + n, m);
			for (size_t i = 0; i < n + m; i++)
				tree_add(&u, many[i]);
			ck_assert_uint_eq(t.size, u.size);
			for (unsigned k = 0; k < TREE_LEVELS; k++)
				if (u.size >> k & 1)
					ck_assert_mem_eq(t.node[k], u.node[k], HASH_LEN);
		}
}
END_TEST

START_TEST(a_leaf_is_where_it_is_and_nowhere_else)
{
	struct tree_path path;
	uint8_t root[HASH_LEN];

	for (uint64_t n = 1; n <= SMALL; n++)
		for (uint64_t i = 0; i < n; i++) {
			mth(leaves, n, root);
			ck_assert(!tree_prove_inclusion(i, n, node, &n, &path, &err));
			ck_assert(tree_check_inclusion(i, n, leaves[i], &path, root));
			for (uint64_t j = 0; j <= n; j++)
				ck_assert(j == i || !tree_check_inclusion(j, n, leaves[i], &path, root));
			for (size_t k = 0; k < path.n; k++) {
				path.hash[k][i % HASH_LEN] ^= 0x10;
				ck_assert(!tree_check_inclusion(i, n, leaves[i], &path, root));
				path.hash[k][i % HASH_LEN] ^= 0x10;
			}
			ck_assert(!tree_check_inclusion(i, n, leaves[(i + 1) % SMALL], &path, root));
			memcpy(path.hash[path.n++], root, HASH_LEN);
			ck_assert(!tree_check_inclusion(i, n, leaves[i], &path, root));
			path.n -= 2;
			ck_assert(path.n > TREE_PATH || !tree_check_inclusion(i, n, leaves[i], &path, root));
		}
	ck_assert_int_lt(tree_prove_inclusion(5, 5, node, &(uint64_t){ 5 }, &path, &err), 0);
}
END_TEST

START_TEST(a_tree_grew_out_of_its_own_past)
{
	struct tree_path path;
	uint8_t before[HASH_LEN], after[HASH_LEN];

	for (uint64_t n = 0; n <= SMALL; n++)
		for (uint64_t old = 0; old <= n; old++) {
			mth(leaves, old, before);
			mth(leaves, n, after);
			ck_assert(!tree_prove_consistency(old, n, node, &n, &path, &err));
			ck_assert(tree_check_consistency(old, n, before, after, &path));
			if (old < n) {
				ck_assert(!tree_check_consistency(old + 1, n, before, after, &path));
				ck_assert(!tree_check_consistency(n, old, after, before, &path));
			}
			if (old) {
				before[3] ^= 1;
				ck_assert(!tree_check_consistency(old, n, before, after, &path));
				before[3] ^= 1;
			}
			if (old && old < n) {
				after[3] ^= 1;
				ck_assert(!tree_check_consistency(old, n, before, after, &path));
				after[3] ^= 1;
			}
			for (size_t k = 0; k < path.n; k++) {
				path.hash[k][7] ^= 1;
				ck_assert(!tree_check_consistency(old, n, before, after, &path));
				path.hash[k][7] ^= 1;
			}
			memcpy(path.hash[path.n++], after, HASH_LEN);
			ck_assert(!tree_check_consistency(old, n, before, after, &path));
		}
	ck_assert_int_lt(tree_prove_consistency(6, 5, node, &(uint64_t){ 5 }, &path, &err), 0);
}
END_TEST

/* ---- large ones: all leaves are alike, so that a node depends on its level alone ---- */

static int alike(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN], struct krux_err *e)
{
	uint8_t (*at)[HASH_LEN] = ctx;

	(void)index;
	(void)e;
	memcpy(out, at[level], HASH_LEN);
	return 0;
}

START_TEST(large_trees)
{
	static const uint64_t size[] = { 1ull << 32, (1ull << 40) + 1, (1ull << 62) + 12345, INT64_MAX };
	uint8_t at[TREE_LEVELS][HASH_LEN], root[HASH_LEN], before[HASH_LEN];
	struct tree_path path;

	memcpy(at[0], leaves[0], HASH_LEN);
	for (unsigned k = 1; k < TREE_LEVELS; k++)
		tree_node(at[k - 1], at[k - 1], at[k]);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		const uint64_t index[] = { 0, 1, size[i] / 3, size[i] - 2, size[i] - 1 };

		ck_assert(!tree_root_at(size[i], alike, at, root, &err));
		for (size_t k = 0; k < sizeof index / sizeof *index; k++) {
			ck_assert(!tree_prove_inclusion(index[k], size[i], alike, at, &path, &err));
			ck_assert(tree_check_inclusion(index[k], size[i], leaves[0], &path, root));
			ck_assert(!tree_check_inclusion(index[k], size[i], leaves[1], &path, root));
			ck_assert(!tree_root_at(index[k], alike, at, before, &err));
			ck_assert(!tree_prove_consistency(index[k], size[i], alike, at, &path, &err));
			ck_assert(tree_check_consistency(index[k], size[i], before, root, &path));
			ck_assert_uint_le(path.n, TREE_PATH);
		}
	}
}
END_TEST

START_TEST(packed_and_back)
{
	uint8_t packed[TREE_PACKED];
	struct tree t = { 0 }, back;

	for (unsigned i = 0; i <= SMALL; i++) {
		size_t n = tree_pack(&t, packed);

		ck_assert(tree_unpack(&back, packed, n));
		ck_assert_uint_eq(back.size, t.size);
		for (unsigned k = 0; k < TREE_LEVELS; k++)
			ck_assert(!(t.size >> k & 1) || !memcmp(back.node[k], t.node[k], HASH_LEN));
		ck_assert(!tree_unpack(&back, packed, n - 1));
		ck_assert(!tree_unpack(&back, packed, n + 1));
		ck_assert(!tree_unpack(&back, packed, 0));
		if (i < SMALL)
			tree_add(&t, leaves[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("merkle");
	TCase *t = tcase_create("tree");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, roots_of_certificate_transparency);
	tcase_add_test(t, proofs_of_certificate_transparency);
	tcase_add_test(t, roots_are_those_of_the_definition);
	tcase_add_test(t, many_at_once_are_one_by_one);
	tcase_add_test(t, a_leaf_is_where_it_is_and_nowhere_else);
	tcase_add_test(t, a_tree_grew_out_of_its_own_past);
	tcase_add_test(t, large_trees);
	tcase_add_test(t, packed_and_back);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
