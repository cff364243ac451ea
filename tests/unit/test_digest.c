/* SHA-256 and HMAC: known answers of FIPS 180-4's examples and RFC 4231, every way of compressing
 * against libsodium, pieces of any length. */
#include "capspec/canon.h"
#include "capspec/crc.h"
#include "capspec/digest.h"
#include "capspec/digest_block.h"

#include <check.h>
#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *hex(const uint8_t *p)
{
	static char out[2 * KRUX_SHA256 + 1];

	krux_hex_write(p, KRUX_SHA256, out);
	return out;
}

START_TEST(known_answers)
{
	static const struct {
		const char *text, *hex;
	} row[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
		  "klmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	uint8_t out[KRUX_SHA256];

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		krux_sha256((struct krux_str){ row[i].text, strlen(row[i].text) }, out);
		ck_assert_str_eq(hex(out), row[i].hex);
	}
}
END_TEST

START_TEST(a_million_in_pieces)
{
	struct krux_sha256_state s;
	char a[1000];
	uint8_t out[KRUX_SHA256];
	size_t left = 1000000;

	memset(a, 'a', sizeof a);
	krux_sha256_start(&s);
	for (size_t n = 0; left; n = (n * 7 + 3) % sizeof a) {
		size_t take = n < left ? n : left;

		krux_sha256_add(&s, a, take);
		left -= take;
	}
	krux_sha256_end(&s, out);
	ck_assert_str_eq(hex(out), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(as_libsodium_has_it)
{
	uint8_t data[5000], ours[KRUX_SHA256], theirs[KRUX_SHA256];

	for (unsigned i = 0; i < 3000; i++) {
		size_t n = randombytes_uniform(sizeof data + 1), cut = randombytes_uniform((uint32_t)n + 1);
		struct krux_str part[2] = { { (char *)data, cut }, { (char *)data + cut, n - cut } };

		randombytes_buf(data, n);
		krux_sha256_parts(part, 2, ours);
		crypto_hash_sha256(theirs, data, n);
		ck_assert_mem_eq(ours, theirs, KRUX_SHA256);
	}
}
END_TEST

START_TEST(both_ways_compress_alike)
{
	const struct digest_engine *cpu = digest_engine_cpu();
	uint32_t a[8], b[8];
	uint8_t data[16 * 64 + 1];

	ck_assert_str_eq(krux_sha256_engine(), cpu ? cpu->name : "libsodium");
	for (unsigned i = 0; cpu && i < 1000; i++) {
		size_t n = 1 + randombytes_uniform(16);

		randombytes_buf(a, sizeof a);
		memcpy(b, a, sizeof b);
		randombytes_buf(data, sizeof data);
		/* From odd places too. */
		cpu->block(a, data + (i & 1), n);
		digest_engine_sodium.block(b, data + (i & 1), n);
		ck_assert_mem_eq(a, b, sizeof a);
	}
}
END_TEST

/* Some blocks to messages of a random number of blocks each, and to what they digest to. Returns the number of
 * messages. */
static size_t queue_make(uint8_t (*block)[64], size_t n, struct digest_step *step, uint8_t (*want)[KRUX_SHA256],
                         uint8_t (*got)[KRUX_SHA256])
{
	size_t messages = 0;
	uint32_t h[8];

	memcpy(h, digest_start, sizeof h);
	randombytes_buf(block, n * sizeof *block);
	for (size_t i = 0; i < n; i++) {
		bool ends = i + 1 == n || !randombytes_uniform(3);

		step[i] = (struct digest_step){ block[i], ends ? got[messages] : NULL };
		digest_engine_sodium.block(h, block[i], 1);
		for (unsigned k = 0; ends && k < 8; k++) {
			uint32_t word = htobe32(h[k]);

			memcpy(want[messages] + sizeof word * k, &word, sizeof word);
			h[k] = digest_start[k];
		}
		messages += ends;
	}
	return messages;
}

static void lanes_check(const struct digest_engine *e)
{
	static uint8_t block[2][9][64], want[2][9][KRUX_SHA256], got[2][9][KRUX_SHA256];
	struct digest_step step[2][9];
	size_t n[2], messages[2];

	for (unsigned k = 0; k < 2; k++) {
		n[k] = randombytes_uniform(10);
		messages[k] = queue_make(block[k], n[k], step[k], want[k], got[k]);
	}
	memset(got, 0, sizeof got);
	e->lanes(step[0], n[0], step[1], n[1]);
	for (unsigned k = 0; k < 2; k++)
		ck_assert_mem_eq(want[k], got[k], messages[k] * KRUX_SHA256);
}

START_TEST(two_side_by_side_are_two)
{
	for (unsigned i = 0; i < 500; i++) {
		lanes_check(&digest_engine_sodium);
		if (digest_engine_cpu())
			lanes_check(digest_engine_cpu());
	}
}
END_TEST

/* Lengths on both sides of each block's end, and of what a lane can hold, in every order. */
START_TEST(many_are_as_each_by_itself)
{
	static uint8_t data[2200], got[40][KRUX_SHA256];
	static const uint8_t tag = 7;
	struct krux_str message[40];

	randombytes_buf(data, sizeof data);
	for (unsigned round = 0; round < 600; round++) {
		size_t n = round % 41;

		for (size_t i = 0; i < n; i++) {
			size_t length = round < 100 ? (round + i) % 140 : randombytes_uniform(i % 5 ? 500 : 2200);

			message[i] = (struct krux_str){ (char *)data + randombytes_uniform(2200 - (uint32_t)length), length };
		}
		krux_sha256_tagged(tag, message, n, got);
		for (size_t i = 0; i < n; i++) {
			uint8_t want[KRUX_SHA256];

			krux_sha256_parts((struct krux_str[]){ { (const char *)&tag, 1 }, message[i] }, 2, want);
			ck_assert_mem_eq(got[i], want, KRUX_SHA256);
		}
	}
	for (size_t length = 900; length < 1100; length++) {
		uint8_t want[KRUX_SHA256];

		message[0] = (struct krux_str){ (char *)data, length };
		krux_sha256_tagged(tag, message, 1, got);
		krux_sha256_parts((struct krux_str[]){ { (const char *)&tag, 1 }, message[0] }, 2, want);
		ck_assert_mem_eq(got[0], want, KRUX_SHA256);
	}
}
END_TEST

/* Of any lengths, and any number of them. */
START_TEST(many_crcs_are_the_single_ones)
{
	static char data[4096];
	struct krux_str part[11];
	uint32_t crc[11];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 167 >> 3);
	for (size_t n = 0; n <= 11; n++)
		for (size_t turn = 0; turn < 40; turn++) {
			for (size_t i = 0; i < n; i++)
				part[i] = (struct krux_str){ data + 3 * i, (turn * 37 + i * i * 11) % 1500 };
			krux_crc32c_many(part, n, crc);
			for (size_t i = 0; i < n; i++)
				ck_assert_uint_eq(crc[i], krux_crc32c_plain(part[i].p, part[i].n));
		}
}
END_TEST

/* RFC 3720, B.4, and the check value of the catalogue of CRCs. */
START_TEST(crc_has_its_known_answers)
{
	uint8_t data[300];
	uint32_t want[2] = { 0x8A9136AA, 0x62A8AB43 };

	ck_assert_uint_eq(krux_crc32c("123456789", 9), 0xE3069283);
	ck_assert_uint_eq(krux_crc32c("", 0), 0);
	memset(data, 0, 32);
	ck_assert_uint_eq(krux_crc32c(data, 32), want[0]);
	memset(data, 0xFF, 32);
	ck_assert_uint_eq(krux_crc32c(data, 32), want[1]);
	for (size_t n = 0; n <= sizeof data; n++) {
		randombytes_buf(data, sizeof data);
		ck_assert_uint_eq(krux_crc32c(data, n), krux_crc32c_plain(data, n));
	}
}
END_TEST

START_TEST(a_state_forks)
{
	struct krux_sha256_state one, two;
	uint8_t a[KRUX_SHA256], b[KRUX_SHA256];

	krux_sha256_start(&one);
	krux_sha256_add(&one, "ab", 2);
	two = one;
	krux_sha256_add(&one, "c", 1);
	krux_sha256_end(&one, a);
	ck_assert_str_eq(hex(a), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	krux_sha256_end(&two, b);
	krux_sha256(KRUX_STR("ab"), a);
	ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

static void hmac(struct krux_str key, struct krux_str message, const char *want)
{
	struct krux_hmac_key k;
	struct krux_str part[2] = { { message.p, message.n / 2 },
		                    { message.p + message.n / 2, message.n - message.n / 2 } };
	uint8_t out[KRUX_SHA256], again[KRUX_SHA256];

	krux_hmac_key(&k, key);
	krux_hmac_sha256(&k, part, 2, out);
	ck_assert_str_eq(hex(out), want);
	krux_hmac_sha256(&k, &message, 1, again);
	ck_assert(krux_hmac_equal(out, again));
	again[31] ^= 1;
	ck_assert(!krux_hmac_equal(out, again));
}

START_TEST(hmac_of_rfc_4231)
{
	char b[131], dd[50], cd[50], aa[131], key[25];

	memset(b, 0x0b, 20);
	hmac((struct krux_str){ b, 20 }, KRUX_STR("Hi There"),
	     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac(KRUX_STR("Jefe"), KRUX_STR("what do ya want for nothing?"),
	     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(aa, 0xaa, sizeof aa);
	memset(dd, 0xdd, sizeof dd);
	hmac((struct krux_str){ aa, 20 }, (struct krux_str){ dd, 50 },
	     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	memset(cd, 0xcd, sizeof cd);
	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (char)(i + 1);
	hmac((struct krux_str){ key, 25 }, (struct krux_str){ cd, 50 },
	     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	hmac((struct krux_str){ aa, 131 }, KRUX_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
	     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac((struct krux_str){ aa, 131 },
	     KRUX_STR("This is a test using a larger than block-size key and a larger than block-size data. "
	              "The key needs to be hashed before being used by the HMAC algorithm."),
	     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, known_answers);
	tcase_add_test(t, a_million_in_pieces);
	tcase_add_test(t, as_libsodium_has_it);
	tcase_add_test(t, both_ways_compress_alike);
	tcase_add_test(t, two_side_by_side_are_two);
	tcase_add_test(t, many_are_as_each_by_itself);
	tcase_add_test(t, crc_has_its_known_answers);
	tcase_add_test(t, many_crcs_are_the_single_ones);
	tcase_add_test(t, a_state_forks);
	tcase_add_test(t, hmac_of_rfc_4231);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
