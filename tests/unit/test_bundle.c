/* Bundles and keys: what is written opens again, and everything else is refused with the reason. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/bundle.h"
#include "capspec/digest.h"

static struct krux_pool *pool;
static struct krux_secret_key key, other;
static struct krux_public_key trust[2];
static struct krux_refusal why;
static char dir[] = "/tmp/krux-test-XXXXXX";

static const struct krux_bundle_file files[] = {
	{ { "manifest.txt", 12 }, { "policy team\n", 12 } },
	{ { "docs/filesystem.read.md", 23 }, { "# read\n", 7 } },
	{ { "src/\xc3\xa9/team.yaml", 16 }, { "", 0 } },
};
static const struct krux_bundle parts = {
	.policy = { "team", 4 }, .serial = 7, .engine = { "0.1", 3 }, .object = { "\177ELF...", 7 },
	.schema = { "\xa0", 1 }, .zone = { "Europe/London", 13 }, .file = files, .nfiles = 3,
};

static void setup(void)
{
	pool = krux_pool_new(0);
	ck_assert(krux_key_generate("builder", false, &key, &why));
	ck_assert(krux_key_generate("other", false, &other, &why));
	krux_key_public(&other, &trust[0]);
	krux_key_public(&key, &trust[1]);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	char command[64];
	static const char *const names[] = { "a.key", "a.pub", "b.key", "b.pub" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(command, sizeof command, "%s/%s", dir, names[i]);
		unlink(command);
	}
	rmdir(dir);
	krux_pool_free(pool);
}

static struct krux_str written(const struct krux_bundle *b, const struct krux_secret_key *with)
{
	struct krux_str out;

	ck_assert_msg(krux_bundle_write(pool, b, with, &out, &why), "%s: %s", why.where, why.why);
	return out;
}

static void refused(struct krux_str bytes, bool dev, const char *where, const char *reason)
{
	struct krux_bundle b;

	ck_assert(!krux_bundle_open(pool, bytes, trust, 2, dev, &b, &why));
	ck_assert_str_eq(why.why, reason);
	ck_assert_str_eq(why.where, where);
}

START_TEST(opens)
{
	struct krux_str bytes = written(&parts, &key), again = written(&parts, &key);
	struct krux_bundle b;

	ck_assert(krux_str_eq(bytes, again));
	ck_assert(krux_bundle_open(pool, bytes, trust, 2, false, &b, &why));
	ck_assert(krux_str_eq(b.policy, parts.policy));
	ck_assert_uint_eq(b.serial, 7);
	ck_assert(krux_str_eq(b.engine, parts.engine));
	ck_assert(krux_str_eq(b.object, parts.object));
	ck_assert(krux_str_eq(b.schema, parts.schema));
	ck_assert(krux_str_eq(b.zone, parts.zone));
	ck_assert_uint_eq(b.nfiles, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert(krux_str_eq(krux_bundle_file(&b, krux_pool_copy(pool, files[i].name.p, files[i].name.n)),
		                      files[i].data));
	ck_assert_ptr_null(krux_bundle_file(&b, "manifest").p);
	ck_assert_ptr_null(krux_bundle_file(&b, "").p);
	ck_assert_str_eq(b.key.name, "builder");
	ck_assert(!b.key.dev);
	/* Parts borrow from the bytes. */
	ck_assert(b.object.p > bytes.p && b.object.p < bytes.p + bytes.n);
}
END_TEST

/* No byte can change, be missing or be added. */
START_TEST(every_byte)
{
	struct krux_str good = written(&parts, &key);
	struct krux_bundle b;

	for (size_t n = 0; n < good.n; n++) {
		char *cut = malloc(n ? n : 1);

		memcpy(cut, good.p, n);
		ck_assert(!krux_bundle_open(pool, (struct krux_str){ cut, n }, trust, 2, true, &b, &why));
		ck_assert_str_eq(why.why, n ? "is truncated" : "is empty");
		free(cut);
	}
	for (size_t i = 0; i < good.n; i++) {
		char *bad = krux_pool_copy(pool, good.p, good.n);

		for (unsigned bit = 0; bit < 8; bit++) {
			bad[i] = (char)(good.p[i] ^ 1 << bit);
			ck_assert_msg(!krux_bundle_open(pool, (struct krux_str){ bad, good.n }, trust, 2, true, &b, &why),
			              "byte %zu bit %u", i, bit);
			ck_assert(why.why[0] != 0);
		}
	}
	ck_assert(!krux_bundle_open(pool, (struct krux_str){ krux_pool_copy(pool, good.p, good.n), good.n + 1 },
	                            trust, 2, true, &b, &why));
	ck_assert_str_eq(why.why, "is damaged: bytes after the value");
}
END_TEST

START_TEST(reasons)
{
	struct krux_str good = written(&parts, &key);
	struct krux_secret_key development, stranger;
	char *bad = krux_pool_copy(pool, good.p, good.n);
	struct krux_bundle b;

	bad[good.n - 1] ^= 1;
	refused((struct krux_str){ bad, good.n }, true, "signature",
	        "does not match: the bundle was changed after it was signed");
	refused(KRUX_STR("#!/bin/sh\n"), true, "", "is no Krux bundle");
	refused((struct krux_str){ "", 0 }, true, "", "is empty");
	ck_assert(krux_key_generate("builder", false, &stranger, &why));
	refused(written(&parts, &stranger), true, "key", "signed with a key that is not trusted here");
	krux_key_development(&development);
	good = written(&parts, &development);
	refused(good, false, "key", "signed with a development key, which works only with --dev");
	ck_assert(krux_bundle_open(pool, good, NULL, 0, true, &b, &why));
	ck_assert(b.key.dev);
	ck_assert_str_eq(b.key.name, "development");
	/* A trusted key that says -dev is one too. */
	ck_assert(krux_key_generate("mine", true, &stranger, &why));
	krux_key_public(&stranger, &trust[0]);
	good = written(&parts, &stranger);
	refused(good, false, "key", "signed with a development key, which works only with --dev");
	ck_assert(krux_bundle_open(pool, good, trust, 2, true, &b, &why));
	/* Nor does its public key lose the mark unnoticed. */
	trust[0].dev = false;
	refused(good, true, "dev", "does not fit the key that signed");
}
END_TEST

/* The trusted key signs a payload that krux_bundle_write would not write. */
static struct krux_str forged(struct krux_str good, const char *from, const char *to, size_t n)
{
	struct krux_refusal r;
	struct krux_value outer;
	struct krux_member m[4];
	uint8_t signature[KRUX_SIGNATURE], *bytes;
	char *payload, *at;
	size_t len;

	ck_assert(krux_cbor_read(pool, (const uint8_t *)good.p, good.n, &outer, &r));
	memcpy(m, outer.map.member, sizeof m);
	len = m[2].value.str.n;
	payload = krux_pool_copy(pool, m[2].value.str.p, len);
	at = memmem(payload, len, from, n);
	ck_assert_ptr_nonnull(at);
	memcpy(at, to, n);
	m[2].value.str.p = payload;
	ck_assert(krux_key_sign(&key, "krux bundle v1", m[2].value.str, signature));
	m[3].value.str.p = (const char *)signature;
	outer.map.member = m;
	bytes = krux_pool_get(pool, good.n);
	ck_assert_uint_eq(krux_cbor_write(&outer, bytes, good.n), good.n);
	return (struct krux_str){ (const char *)bytes, good.n };
}

START_TEST(forgeries)
{
	struct krux_str good = written(&parts, &key);

	refused(forged(good, "policy team\n", "policy hack\n", 12), true, "manifest.txt",
	        "does not have the digest that the manifest says");
	refused(forged(good, "\177ELF...", "\177elf...", 7), true, "decide.so",
	        "does not have the digest that the manifest says");
	refused(forged(good, "schema\x41\xa0", "schema\x41\xa1", 8), true, "schema.cbor",
	        "does not have the digest that the manifest says");
	refused(forged(good, "\x6cmanifest.txt\x4c", "\x6cmanifest.tx_\x4c", 14), true, "manifest.tx_",
	        "has no digest in the manifest");
	refused(forged(good, "docs/filesystem.read.md\x47", "docs/../esystem.read.md\x47", 24), true,
	        "docs/../esystem.read.md", "is no name for a file in a bundle");
	refused(forged(good, "\x64team\x66schema", "\x64TEAM\x66schema", 12), true, "policy",
	        "a policy id is 1 to 64 of a-z 0-9 . _ -");
	refused(forged(good, "\x63" "dev\xf4", "\x63" "dev\xf5", 5), true, "dev", "does not fit the key that signed");
	refused(forged(good, "\x6d" "Europe/London", "\x6d" "../../London.", 14), true, "zone",
	        "is no name of a time zone");
	refused(forged(good, "\x66serial\x07", "\x66serial\x27", 8), true, "serial",
	        "is not what a bundle has here");
}
END_TEST

static bool name_writes(const char *name, size_t n)
{
	struct krux_bundle_file f = { { name, n }, { "", 0 } };
	struct krux_bundle b = parts;
	struct krux_str out;

	b.file = &f;
	b.nfiles = 1;
	return krux_bundle_write(pool, &b, &key, &out, &why);
}

START_TEST(names)
{
	static const char *const bad[] = {
		"", "/a", "a/", "a//b", "a/./b", ".", "..", "../a", "a/..", "a\nb", "a\\b", "\x7f", "\xff", "decide.so",
		"schema.cbor",
	};
	struct krux_bundle_file twice[] = { { { "a", 1 }, { "", 0 } }, { { "a", 1 }, { "", 0 } } };
	struct krux_bundle b = parts;
	struct krux_str out;
	char longest[257];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!name_writes(bad[i], strlen(bad[i])), "%s", bad[i]);
	ck_assert(!name_writes("a\0b", 3));
	ck_assert(name_writes("a..b/.c d", 9));
	memset(longest, 'a', sizeof longest);
	ck_assert(name_writes(longest, 255));
	ck_assert(!name_writes(longest, 256));
	b.file = twice;
	b.nfiles = 2;
	ck_assert(!krux_bundle_write(pool, &b, &key, &out, &why));
	ck_assert_str_eq(why.why, "is in the bundle twice");
	b = parts;
	b.policy = KRUX_STR("Team");
	ck_assert(!krux_bundle_write(pool, &b, &key, &out, &why));
	for (const char *const *zone = (const char *const[]){ "/UTC", "UTC/", "a//b", "../etc", "a b", "a\n", NULL };
	     *zone; zone++) {
		b = parts;
		b.zone = (struct krux_str){ *zone, strlen(*zone) };
		ck_assert(!krux_bundle_write(pool, &b, &key, &out, &why));
		ck_assert_str_eq(why.why, "is no name of a time zone");
	}
	b = parts;
	b.nfiles = 0;
	ck_assert(krux_bundle_write(pool, &b, &key, &out, &why));
}
END_TEST

/* ---- keys ---- */

START_TEST(domains)
{
	uint8_t signature[KRUX_SIGNATURE];

	ck_assert(krux_key_sign(&key, "a", KRUX_STR("message"), signature));
	ck_assert(krux_key_verify(&trust[1], "a", KRUX_STR("message"), signature));
	ck_assert(!krux_key_verify(&trust[1], "b", KRUX_STR("message"), signature));
	ck_assert(!krux_key_verify(&trust[1], "am", KRUX_STR("essage"), signature));
	ck_assert(!krux_key_verify(&trust[1], "", KRUX_STR("a\0message"), signature));
	ck_assert(!krux_key_verify(&trust[0], "a", KRUX_STR("message"), signature));
}
END_TEST

START_TEST(development)
{
	struct krux_secret_key a, b;
	struct krux_public_key public;
	char line[KRUX_KEY_LINE];
	size_t n;

	krux_key_development(&a);
	krux_key_development(&b);
	ck_assert_mem_eq(a.seed, b.seed, sizeof a.seed);
	krux_key_public(&a, &public);
	n = krux_key_public_text(&public, line);
	ck_assert_uint_gt(n, 40);
	ck_assert_int_eq(strncmp(line, "krux-public-key-ed25519-dev:", 28), 0);
	ck_assert_int_eq(strncmp(line + n - 13, " development\n", 13), 0);
	krux_key_wipe(&a);
	for (size_t i = 0; i < sizeof a.seed; i++)
		ck_assert_uint_eq(a.seed[i], 0);
}
END_TEST

START_TEST(lines)
{
	struct krux_secret_key secret;
	struct krux_public_key public;
	char line[KRUX_KEY_LINE + 1] = "", bad[KRUX_KEY_LINE + 1];
	size_t n = krux_key_secret_text(&key, line);

	ck_assert(krux_key_secret_parse((struct krux_str){ line, n }, &secret, &why));
	ck_assert_mem_eq(secret.seed, key.seed, sizeof key.seed);
	ck_assert(krux_key_secret_parse((struct krux_str){ line, n - 1 }, &secret, &why));
	ck_assert(!krux_key_public_parse((struct krux_str){ line, n }, &public, &why));
	ck_assert_str_eq(why.why, "is a secret key: the public key is wanted, the file that ends in .pub");
	for (size_t cut = 0; cut < n - strlen("builder\n"); cut++)
		ck_assert(!krux_key_secret_parse((struct krux_str){ line, cut }, &secret, &why));
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, line, sizeof bad);
		bad[i] = '!';
		ck_assert(!krux_key_secret_parse((struct krux_str){ bad, n }, &secret, &why));
		ck_assert_uint_eq(secret.seed[0], 0);
	}
	ck_assert(!krux_key_generate("No", false, &secret, &why));
	ck_assert(!krux_key_generate("", false, &secret, &why));
	krux_key_public(&key, &public);
	n = krux_key_public_text(&public, line);
	ck_assert(krux_key_public_parse((struct krux_str){ line, n }, &trust[0], &why));
	ck_assert_mem_eq(&trust[0], &public, sizeof public);
	ck_assert(!krux_key_secret_parse((struct krux_str){ line, n }, &secret, &why));
}
END_TEST

static char *path(const char *name)
{
	char text[128];

	return krux_pool_copy(pool, text, (size_t)snprintf(text, sizeof text, "%s/%s", dir, name));
}

START_TEST(key_files)
{
	struct krux_secret_key secret;
	struct krux_public_key public;
	struct stat st;

	ck_assert_msg(krux_key_files_write(path("a"), &key, &why), "%s", why.why);
	ck_assert_int_eq(stat(path("a.key"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(krux_key_secret_read(path("a.key"), &secret, &why));
	ck_assert_mem_eq(secret.seed, key.seed, sizeof key.seed);
	ck_assert(krux_key_public_read(path("a.pub"), &public, &why));
	ck_assert_mem_eq(public.key, trust[1].key, sizeof public.key);
	ck_assert(!krux_key_secret_read(path("a.pub"), &secret, &why));
	ck_assert_str_eq(why.why, "is a public key: the secret key is wanted, the file that ends in .key");
	ck_assert(!krux_key_public_read(path("a.key"), &public, &why));
	ck_assert_str_eq(why.why, "is a secret key: the public key is wanted, the file that ends in .pub");
	/* Never over another key. */
	ck_assert(!krux_key_files_write(path("a"), &other, &why));
	ck_assert_str_eq(why.why, "cannot be made: File exists");
	ck_assert_int_eq(rename(path("a.pub"), path("b.pub")), 0);
	ck_assert(!krux_key_files_write(path("a"), &other, &why));
	ck_assert_int_ne(access(path("a.pub"), F_OK), 0);
	for (unsigned mode = 0; mode < 0100; mode++) {
		ck_assert_int_eq(chmod(path("a.key"), 0600 | mode), 0);
		ck_assert_int_eq(krux_key_secret_read(path("a.key"), &secret, &why), mode == 0);
	}
	ck_assert_str_eq(why.why, "others than its owner can use this secret key: chmod 600 it");
	ck_assert(!krux_key_secret_read(path("none"), &secret, &why));
	ck_assert_str_eq(why.why, "cannot be opened: No such file or directory");
	ck_assert(!krux_key_public_read(dir, &public, &why));
	ck_assert_str_eq(why.why, "is no regular file");
	ck_assert_int_eq(mkfifo(path("b.key"), 0600), 0);
	ck_assert(!krux_key_secret_read(path("b.key"), &secret, &why));
	ck_assert_str_eq(why.why, "is no regular file");
	ck_assert_int_eq(truncate(path("b.pub"), 1000000), 0);
	ck_assert(!krux_key_public_read(path("b.pub"), &public, &why));
	ck_assert_str_eq(why.why, "is too long for a key file");
}
END_TEST

/* FIPS 180-4 examples. */
START_TEST(sha256)
{
	static const uint8_t abc[] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	const struct krux_str three[] = { KRUX_STR("a"), { NULL, 0 }, KRUX_STR("bc") };
	uint8_t out[KRUX_SHA256];

	krux_sha256(KRUX_STR("abc"), out);
	ck_assert_mem_eq(out, abc, sizeof abc);
	krux_sha256_parts(three, 3, out);
	ck_assert_mem_eq(out, abc, sizeof abc);
	krux_sha256((struct krux_str){ NULL, 0 }, out);
	ck_assert_uint_eq(out[0], 0xe3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bundle");
	TCase *t = tcase_create("bundle");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, opens);
	tcase_add_test(t, every_byte);
	tcase_add_test(t, reasons);
	tcase_add_test(t, forgeries);
	tcase_add_test(t, names);
	tcase_add_test(t, domains);
	tcase_add_test(t, development);
	tcase_add_test(t, lines);
	tcase_add_test(t, key_files);
	tcase_add_test(t, sha256);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
