/* Tiles: the files that C2SP tlog-tiles names for a size, their content, proofs out of them, and
 * what happens where some are missing or say something else. */
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/tiles.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct krux_err err;
static char path[] = "/tmp/krux-tiles-XXXXXX";
static int dir;

static void setup(void)
{
	err = (struct krux_err){ 0 };
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int forget(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(name);
}

static void teardown(void)
{
	close(dir);
	nftw(path, forget, 16, FTW_DEPTH | FTW_PHYS);
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
}

static struct krux_str record(uint64_t i)
{
	static char text[32];

	return (struct krux_str){ text, (size_t)snprintf(text, sizeof text, "record %llu", (unsigned long long)i) };
}

static void add(struct tiles *t, uint64_t to)
{
	for (uint64_t i = tiles_tree(t)->size; i < to; i++) {
		struct krux_str r = record(i);
		uint8_t leaf[HASH_LEN];

		record_leaf((const uint8_t *)r.p, r.n, leaf);
		ck_assert(!tiles_add(t, r, leaf, &err));
	}
}

static struct tiles *fresh(unsigned flags)
{
	static const struct tree none;
	struct tiles *t = tiles_open(dir, &none, flags, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static long size_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) ? -1 : (long)st.st_size;
}

START_TEST(files_of_70000_records)
{
	struct tiles *t = fresh(0);
	char name[64];

	add(t, 70000);
	ck_assert(!tiles_commit(t, true, &err));
	for (unsigned i = 0; i < 273; i++) {
		snprintf(name, sizeof name, "tile/0/%03u", i);
		ck_assert_int_eq(size_of(name), 8192);
	}
	ck_assert_int_eq(size_of("tile/0/273"), -1);
	ck_assert_int_eq(size_of("tile/0/273.p/112"), 112 * 32);
	ck_assert_int_eq(size_of("tile/1/000"), 8192);
	ck_assert_int_eq(size_of("tile/1/001.p/17"), 17 * 32);
	ck_assert_int_eq(size_of("tile/2/000.p/1"), 32);
	ck_assert_int_eq(size_of("tile/3"), -1);
	tiles_close(t);
}
END_TEST

START_TEST(a_large_index_is_cut_in_threes)
{
	struct tree at = { .size = 1234067ull * TILE_WIDTH };
	struct tiles *t;
	uint8_t leaf[HASH_LEN] = { 0 };

	/* The nodes of the right edge stand in tiles that this test does not make. */
	for (unsigned k = 0; k < TREE_LEVELS; k++)
		at.node[k][0] = (uint8_t)k;
	ck_assert_ptr_null(tiles_open(dir, &at, 0, &err));
	ck_assert_int_eq(err.no, 0);
	ck_assert_ptr_nonnull(strstr(err.text, "tile/1/x004/820.p/147 is missing"));
	t = fresh(0);
	for (unsigned i = 0; i < TILE_WIDTH * 1001; i++)
		ck_assert(!tiles_add(t, KRUX_STR(""), leaf, &err));
	ck_assert_int_eq(size_of("tile/0/999"), 8192);
	ck_assert_int_eq(size_of("tile/0/x001/000"), 8192);
	tiles_close(t);
}
END_TEST

START_TEST(partial_files_go_when_the_tile_is_whole)
{
	struct tiles *t = fresh(0);

	for (uint64_t n = 10; n <= 300; n += 10) {
		add(t, n);
		ck_assert(!tiles_commit(t, false, &err));
		if (n < 256)
			ck_assert_int_eq(size_of("tile/0/000.p/10"), 320);
	}
	ck_assert_int_eq(size_of("tile/0/000"), 8192);
	ck_assert_int_eq(size_of("tile/0/000.p"), -1);
	ck_assert_int_eq(size_of("tile/0/001.p/44"), 44 * 32);
	ck_assert_int_eq(size_of("tile/1/000.p/1"), 32);
	tiles_close(t);
}
END_TEST

static struct tile_reader *reader(const struct tree *t)
{
	uint8_t root[HASH_LEN];
	struct tile_reader *r;

	tree_root(t, root);
	r = tile_reader_open(dir, t->size, root, &err);
	ck_assert_msg(r != NULL, "%s", err.text);
	return r;
}

START_TEST(proofs_out_of_files)
{
	struct tiles *t = fresh(0);
	struct tile_reader *r;
	struct tree_path proof;
	uint8_t root[HASH_LEN], old[HASH_LEN], leaf[HASH_LEN];
	struct tree half;

	add(t, 30000);
	half = *tiles_tree(t);
	ck_assert(!tiles_commit(t, false, &err));
	add(t, 66666);
	ck_assert(!tiles_commit(t, false, &err));
	tree_root(tiles_tree(t), root);
	tree_root(&half, old);
	r = reader(tiles_tree(t));
	for (uint64_t i = 0; i < 66666; i += 911) {
		struct krux_str s = record(i);

		record_leaf((const uint8_t *)s.p, s.n, leaf);
		ck_assert_msg(!tree_prove_inclusion(i, 66666, tiles_node, r, &proof, &err), "%s", err.text);
		ck_assert(tree_check_inclusion(i, 66666, leaf, &proof, root));
	}
	ck_assert(!tree_prove_consistency(30000, 66666, tiles_node, r, &proof, &err));
	ck_assert(tree_check_consistency(30000, 66666, old, root, &proof));
	ck_assert_int_lt(tiles_node(r, 0, 66666, leaf, &err), 0);
	ck_assert_int_lt(tiles_node(r, 8, 260, leaf, &err), 0);
	ck_assert_int_lt(tiles_node(r, 40, 0, leaf, &err), 0);
	tile_reader_close(r);
	/* An earlier size, whose partial tiles are whole by now or still there. */
	r = reader(&half);
	ck_assert(!tree_root_at(30000, tiles_node, r, leaf, &err));
	ck_assert_mem_eq(leaf, old, HASH_LEN);
	tile_reader_close(r);
	/* A size that no checkpoint had, and a root that is not the tree's. */
	ck_assert_ptr_null(tile_reader_open(dir, 66667, root, &err));
	ck_assert_ptr_null(tile_reader_open(dir, 66666, old, &err));
	ck_assert_int_eq(err.no, 0);
	ck_assert_str_eq(err.text, "log/tile is not the tree that was signed; kruxrt audit tiles makes tiles again");
	tiles_close(t);
}
END_TEST

START_TEST(no_hash_comes_from_a_tile_that_is_not_the_trees)
{
	static const char *const files[] = { "tile/0/000", "tile/0/100", "tile/0/260.p/106", "tile/1/000" };
	struct tiles *t = fresh(0);
	uint8_t root[HASH_LEN], before;
	struct tile_reader *r;
	struct tree_path proof;
	unsigned refused;
	int fd;

	add(t, 66666);
	ck_assert(!tiles_commit(t, false, &err));
	tree_root(tiles_tree(t), root);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		fd = openat(dir, files[i], O_RDWR);
		ck_assert_int_eq(pread(fd, &before, 1, 700), 1);
		ck_assert_int_eq(pwrite(fd, (uint8_t[]){ before ^ 1 }, 1, 700), 1);
		r = tile_reader_open(dir, 66666, root, &err);
		refused = !r;
		for (uint64_t k = 0; r && k < 66666; k += 128)
			refused += tree_prove_inclusion(k, 66666, tiles_node, r, &proof, &err) < 0;
		ck_assert_msg(refused, "%s", files[i]);
		ck_assert_int_eq(err.no, 0);
		tile_reader_close(r);
		ck_assert_int_eq(pwrite(fd, &before, 1, 700), 1);
		close(fd);
	}
	r = reader(tiles_tree(t));
	for (uint64_t k = 0; k < 66666; k += 128)
		ck_assert(!tree_prove_inclusion(k, 66666, tiles_node, r, &proof, &err));
	tile_reader_close(r);
	tiles_close(t);
}
END_TEST

START_TEST(goes_on_where_it_was)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 511, 65535, 65536, 65537, 70000 };
	struct tiles *t = fresh(0);
	struct tree at;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		add(t, sizes[i]);
		ck_assert(!tiles_commit(t, true, &err));
		at = *tiles_tree(t);
		tiles_close(t);
		t = tiles_open(dir, &at, TILES_AGAIN, &err);
		ck_assert_msg(t != NULL, "%s", err.text);
		tiles_fresh(t);
	}
	tiles_close(t);
	/* After a crash: the tree of the carry record is older than the tiles. */
	at.size = 0;
	t = tiles_open(dir, &at, TILES_AGAIN, &err);
	add(t, 70000);
	ck_assert(!tiles_commit(t, false, &err));
	tiles_close(t);
}
END_TEST

START_TEST(tiles_that_say_something_else_are_not_gone_on_with)
{
	struct tiles *t = fresh(0);
	struct tree at;
	int fd;

	add(t, 1000);
	ck_assert(!tiles_commit(t, true, &err));
	at = *tiles_tree(t);
	tiles_close(t);
	fd = openat(dir, "tile/0/003.p/232", O_RDWR);
	ck_assert_int_eq(pwrite(fd, "x", 1, 31 * 32), 1);
	ck_assert_ptr_null(tiles_open(dir, &at, 0, &err));
	ck_assert_int_eq(err.no, 0);
	ck_assert_str_eq(err.text, "log/tile/0/003.p/232 is not that of the log; kruxrt audit tiles makes tiles again");
	ck_assert(!ftruncate(fd, 100));
	ck_assert_ptr_null(tiles_open(dir, &at, 0, &err));
	ck_assert_int_eq(err.no, 0);
	close(fd);
	/* Whole ones that a crash left wrong are written over. */
	fd = openat(dir, "tile/0/001", O_RDWR);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
	close(fd);
	t = fresh(TILES_AGAIN);
	add(t, 1000);
	ck_assert(!tiles_commit(t, true, &err));
	tiles_close(t);
	t = tiles_open(dir, &at, 0, &err);
	ck_assert_ptr_nonnull(t);
	tiles_close(t);
}
END_TEST

START_TEST(bundles_hold_the_records)
{
	struct tiles *t = fresh(TILES_ENTRIES);
	uint8_t *file, *leaves;
	size_t n, k, at = 0;

	add(t, 300);
	ck_assert(!tiles_commit(t, false, &err));
	ck_assert_ptr_null(tiles_open(dir, tiles_tree(t), TILES_ENTRIES, &err));
	tiles_close(t);
	file = file_read(dir, "tile/entries/000", 1 << 20, &n, &err);
	leaves = file_read(dir, "tile/0/000", 8192, &k, &err);
	ck_assert(file && leaves && k == 8192);
	for (unsigned i = 0; i < 256; i++) {
		size_t length = (size_t)file[at] << 8 | file[at + 1];
		uint8_t leaf[HASH_LEN];

		record_leaf(file + at + 2, length, leaf);
		ck_assert_mem_eq(leaf, leaves + (size_t)i * HASH_LEN, HASH_LEN);
		at += 2 + length;
	}
	ck_assert_uint_eq(at, n);
	free(file);
	free(leaves);
	ck_assert_int_eq(size_of("tile/entries/001.p/44"), 44 * 12);
	ck_assert_int_eq(size_of("tile/entries/001"), -1);
}
END_TEST

START_TEST(a_full_disk_is_said_and_the_tree_grows)
{
	struct tiles *t = fresh(0);
	int fd = openat(dir, "tile", O_WRONLY | O_CREAT, 0600);

	/* A file where the folder should be. */
	add(t, 255);
	ck_assert_int_lt(tiles_add(t, KRUX_STR("x"), (const uint8_t[HASH_LEN]){ 1 }, &err), 0);
	ck_assert_uint_eq(tiles_tree(t)->size, 256);
	ck_assert_int_lt(tiles_commit(t, false, &err), 0);
	tiles_close(t);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tiles");
	TCase *t = tcase_create("tiles");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, files_of_70000_records);
	tcase_add_test(t, a_large_index_is_cut_in_threes);
	tcase_add_test(t, partial_files_go_when_the_tile_is_whole);
	tcase_add_test(t, proofs_out_of_files);
	tcase_add_test(t, no_hash_comes_from_a_tile_that_is_not_the_trees);
	tcase_add_test(t, goes_on_where_it_was);
	tcase_add_test(t, tiles_that_say_something_else_are_not_gone_on_with);
	tcase_add_test(t, bundles_hold_the_records);
	tcase_add_test(t, a_full_disk_is_said_and_the_tree_grows);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
