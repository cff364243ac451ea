/* Sources in bundles: what is written any gzip reads, and what is read is written so. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capspec/gzip.h"
#include "compiler/emit/gzip.h"

enum { MOST = 1 << 20 };

static struct krux_pool *pool;

static void setup(void)
{
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 16;
}

/* Letters of an alphabet of n; now and then a piece of what stands before. */
static struct krux_str text_make(uint64_t seed, size_t size, unsigned n)
{
	char *p = krux_pool_get(pool, size + 1);

	for (size_t at = 0; at < size;) {
		size_t length = 1 + next(&seed) % 400, from;

		if (at && next(&seed) % 3) {
			from = next(&seed) % at;
			for (size_t i = 0; i < length && at < size; i++)
				p[at++] = p[from + i];
			continue;
		}
		for (size_t i = 0; i < length % 20 + 1 && at < size; i++)
			p[at++] = (char)(next(&seed) % n);
	}
	return (struct krux_str){ p, size };
}

static struct krux_str written(struct krux_str text)
{
	struct buf b = { 0 };
	struct krux_str file;

	gzip_write(&b, text);
	file = (struct krux_str){ krux_pool_copy(pool, b.p, b.n), b.n };
	buf_free(&b);
	return file;
}

START_TEST(reads_what_was_written)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 257, 258, 259, 1000, 32767, 32768, 32769, 100000, 300000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (unsigned letters = 1; letters <= 256; letters *= 4) {
			struct krux_str text = text_make(i * 7 + letters, sizes[i], letters), file = written(text), again;

			again = krux_gzip_read(pool, file, MOST);
			ck_assert_ptr_nonnull(again.p);
			ck_assert(krux_str_eq(text, again));
			ck_assert(krux_str_eq(file, written(text)));
		}
}
END_TEST

/* All lengths and all distances. */
START_TEST(copies_of_every_length)
{
	char *p = krux_pool_get(pool, MOST);
	struct krux_str text = { p, 0 }, again;
	uint64_t seed = 5;

	for (unsigned length = 1; length < 300; length++) {
		size_t from = text.n > 32768 ? text.n - 1 - next(&seed) % 32767 : 0;

		for (unsigned i = 0; text.n && i < length; i++)
			p[text.n++] = p[from + i];
		for (unsigned i = 0; i < 150; i++)
			p[text.n++] = (char)next(&seed);
	}
	again = krux_gzip_read(pool, written(text), MOST);
	ck_assert(again.p && krux_str_eq(text, again));
	ck_assert_uint_eq(krux_deflate_length(0).least, 3);
	ck_assert_uint_eq(krux_deflate_length(27).least, 227);
	ck_assert_uint_eq(krux_deflate_length(28).least, 258);
	ck_assert_uint_eq(krux_deflate_distance(29).least, 24577);
	ck_assert_uint_eq(krux_deflate_distance(29).bits, 13);
	ck_assert_uint_eq(krux_crc32(KRUX_STR("123456789")), 0xCBF43926u);
}
END_TEST

START_TEST(any_gzip_reads_it)
{
	struct krux_str text = text_make(3, 200000, 90), file = written(text);
	char name[] = "/tmp/krux-gzip-XXXXXX", command[128];
	char *got = krux_pool_get(pool, text.n + 1);
	int fd = mkstemp(name);
	FILE *f;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, file.p, file.n), (ssize_t)file.n);
	close(fd);
	snprintf(command, sizeof command, "gzip -dc < %s", name);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(got, 1, text.n + 1, f), text.n);
	ck_assert_int_eq(pclose(f), 0);
	unlink(name);
	ck_assert(!memcmp(got, text.p, text.n));
}
END_TEST

START_TEST(refuses_what_is_damaged)
{
	struct krux_str text = text_make(9, 900, 20), file = written(text), again;
	char *p = krux_pool_get(pool, file.n + 1);

	for (size_t n = 0; n < file.n; n++)
		ck_assert_ptr_null(krux_gzip_read(pool, (struct krux_str){ file.p, n }, MOST).p);
	memcpy(p, file.p, file.n);
	ck_assert_ptr_null(krux_gzip_read(pool, (struct krux_str){ p, file.n + 1 }, MOST).p);
	for (size_t i = 0; i < file.n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			p[i] = (char)(p[i] ^ 1 << bit);
			again = krux_gzip_read(pool, (struct krux_str){ p, file.n }, MOST);
			/* Of the head, time and system say nothing; the bits behind the last block neither. */
			ck_assert(!again.p || krux_str_eq(again, text));
			ck_assert(!again.p || (i >= 4 && i < 10) || i + 9 == file.n);
			p[i] = file.p[i];
		}
	ck_assert_ptr_null(krux_gzip_read(pool, file, text.n - 1).p);
	ck_assert_ptr_nonnull(krux_gzip_read(pool, file, text.n).p);
}
END_TEST

/* By hand: a stored block and a fixed one; a block with codes of its own. */
START_TEST(blocks_by_kind)
{
	static const char stored[] = "\x1F\x8B\x08\0\0\0\0\0\0\x03" "\x01\x03\x00\xFC\xFF" "abc" "\xC2\x41\x24\x35\x03\0\0\0";
	static const char wrong[] = "\x1F\x8B\x08\0\0\0\0\0\0\x03" "\x01\x03\x00\xFC\xFE" "abc" "\xC2\x41\x24\x35\x03\0\0\0";
	static const char own[] = "\x1F\x8B\x08\0\0\0\0\0\0\x03" "\x05\x03\x00\xFC\xFF" "abc" "\xC2\x41\x24\x35\x03\0\0\0";
	struct krux_str got = krux_gzip_read(pool, (struct krux_str){ stored, sizeof stored - 1 }, MOST);

	ck_assert(got.p && krux_str_eq(got, KRUX_STR("abc")));
	ck_assert_ptr_null(krux_gzip_read(pool, (struct krux_str){ wrong, sizeof wrong - 1 }, MOST).p);
	ck_assert_ptr_null(krux_gzip_read(pool, (struct krux_str){ own, sizeof own - 1 }, MOST).p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gzip");
	TCase *t = tcase_create("files");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reads_what_was_written);
	tcase_add_test(t, copies_of_every_length);
	tcase_add_test(t, any_gzip_reads_it);
	tcase_add_test(t, refuses_what_is_damaged);
	tcase_add_test(t, blocks_by_kind);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
