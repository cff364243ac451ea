/* Notes, checkpoints and proofs as text: the vectors of Go's sumdb/note, the examples of C2SP
 * signed-note, tlog-cosignature and tlog-proof, and what is refused with which words. */
#include "runtime/record/checkpoint.h"
#include "runtime/record/note.h"
#include "runtime/record/proof.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PETER_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_SEED "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define ENOCH_KEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT "If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
#define SOFA "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define SOFA_LOG "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define SOFA_W1 "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static struct note_key key(const char *text)
{
	struct note_key k;
	const char *why = "";

	ck_assert_msg(note_key_parse(str(text), &k, &why), "%s: %s", text, why);
	return k;
}

static bool key_is_good(struct krux_str text)
{
	struct note_key k;
	const char *why = NULL;

	return note_key_parse(text, &k, &why);
}

static struct note parsed(const char *text)
{
	struct note n;
	const char *why = "";

	ck_assert_msg(note_parse(str(text), &n, &why), "%s", why);
	return n;
}

static const char *refused(const char *text)
{
	static struct note n;
	const char *why = NULL;

	ck_assert(!note_parse(str(text), &n, &why));
	return why;
}

/* ---- keys ---- */

START_TEST(verifier_keys)
{
	char text[] = PETER_KEY, out[NOTE_KEY_TEXT];
	struct note_key k = key(PETER_KEY), w = key("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2");
	size_t n = note_key_text(&k, out);

	ck_assert_uint_eq(k.id, 0xc74f20a3);
	ck_assert_int_eq(k.type, NOTE_ED25519);
	ck_assert_uint_eq(n, strlen(PETER_KEY));
	ck_assert_mem_eq(out, PETER_KEY, n);
	ck_assert_int_eq(w.type, NOTE_COSIGNATURE);
	ck_assert_str_eq(w.name, "remora.n621.de");
	/* No part of it and nothing like it. */
	for (size_t i = 0; i <= sizeof text - 1; i++)
		for (size_t j = i; j <= sizeof text - 1; j++)
			ck_assert((i == 0 && j == sizeof text - 1) ||
			          !key_is_good((struct krux_str){ text + i, j - i }));
	for (size_t i = 0; i < sizeof text - 1; i++) {
		text[i]++;
		ck_assert_msg(!key_is_good(str(text)), "%s", text);
		text[i]--;
	}
	ck_assert(!key_is_good(str("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")));
	ck_assert(!key_is_good(str("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")));
	ck_assert(!key_is_good(str("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")));
}
END_TEST

START_TEST(names)
{
	static const char *const good[] = { "a", "example.com/log", "krux/0123", "\xc3\xa9", "a-b_c~d" };
	static const char *const bad[] = { "", "a b", "a+b", "a\tb", "a\xc2\xa0" "b", "a\xe2\x80\x83" "b",
		"a\xe3\x80\x80", "\xff", "a\x01", "a\x7f", "a\xc2\x85", "a\xe2\x80\xa8" };
	char longest[NOTE_NAME + 2];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(note_name_valid(str(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!note_name_valid(str(bad[i])), "%zu", i);
	memset(longest, 'a', sizeof longest);
	ck_assert(note_name_valid((struct krux_str){ longest, NOTE_NAME }));
	ck_assert(!note_name_valid((struct krux_str){ longest, NOTE_NAME + 1 }));
}
END_TEST

/* ---- signatures ---- */

START_TEST(signs_as_go_does)
{
	struct note_signer s;
	uint8_t raw[33];
	char line[NOTE_LINE];
	const char *why;
	size_t n;

	ck_assert(krux_base64_read(str(PETER_SEED), raw, &n, &why) && n == 33 && raw[0] == NOTE_ED25519);
	ck_assert(note_signer_make(&s, str("PeterNeumann"), NOTE_ED25519, raw + 1));
	ck_assert_uint_eq(s.public.id, 0xc74f20a3);
	n = note_sign(&s, str(TEXT), 0, line);
	ck_assert_uint_eq(n, strlen(PETER));
	ck_assert_mem_eq(line, PETER, n);
	ck_assert(!note_signer_make(&s, str("Peter Neumann"), NOTE_ED25519, raw + 1));
}
END_TEST

START_TEST(opens_as_go_does)
{
	struct note_key keys[] = { key(PETER_KEY), key(ENOCH_KEY) };
	struct note n = parsed(TEXT "\n" PETER ENOCH);

	ck_assert(krux_str_eq(n.text, str(TEXT)));
	ck_assert_uint_eq(n.nlines, 2);
	ck_assert(krux_str_eq(n.line[0].name, str("PeterNeumann")));
	ck_assert(krux_str_eq(n.line[1].line, str(ENOCH)));
	ck_assert_uint_eq(n.line[1].id, 0xaf0cfe78);
	ck_assert_int_eq(note_verify(&n, keys, 1), 1);
	ck_assert_int_eq(n.line[0].check, NOTE_GOOD);
	ck_assert_int_eq(n.line[1].check, NOTE_NOT_CHECKED);
	ck_assert_int_eq(note_verify(&n, keys, 2), 2);
	ck_assert_int_eq(note_verify(&n, keys, 0), 0);
	/* A key counts once, however often it signed. */
	n = parsed(TEXT "\n" PETER PETER ENOCH ENOCH);
	ck_assert_int_eq(note_verify(&n, keys, 1), 1);
	/* A line that is not what its key would have made spoils it all. */
	n = parsed(TEXT "\n" PETER "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5nABCD2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n");
	ck_assert_int_eq(note_verify(&n, keys, 2), -1);
	ck_assert_int_eq(n.line[1].check, NOTE_BAD);
	ck_assert_int_eq(note_verify(&n, keys, 1), 1);
	n = parsed("No" TEXT "\n" PETER ENOCH);
	ck_assert_int_eq(note_verify(&n, keys, 2), -1);
}
END_TEST

START_TEST(notes_that_are_none)
{
	static char many[(NOTE_LINES + 1) * sizeof PETER + sizeof TEXT + 1];

	ck_assert_str_eq(refused(""), "has no blank line before its signatures");
	ck_assert_str_eq(refused(TEXT), "has no blank line before its signatures");
	ck_assert_str_eq(refused(TEXT "\n"), "has no signatures");
	ck_assert_str_eq(refused("\n" PETER), "has no blank line before its signatures");
	ck_assert_str_eq(refused(TEXT "\n— PeterNeumann x08go/Zabcde"), "ends in the middle of a signature line");
	ck_assert_str_eq(refused("\x01" TEXT "\n" PETER), "has control characters");
	ck_assert_str_eq(refused("\r" TEXT "\n" PETER), "has control characters");
	ck_assert_str_eq(refused("\xff" TEXT "\n" PETER), "is not UTF-8");
	ck_assert_str_eq(refused(TEXT "\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"),
	                 "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n" PETER "Unexpected line.\n"), "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n— a x08go/Y\n"), "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n— a+b AAAAAAA=\n"), "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n— a AAAA\n"), "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n- a AAAAAAA=\n"), "has a signature line that is none");
	ck_assert_str_eq(refused(TEXT "\n— a  AAAAAAA=\n"), "has a signature line that is none");
	strcpy(many, TEXT "\n");
	for (unsigned i = 0; i <= NOTE_LINES; i++)
		strcat(many, PETER);
	ck_assert_str_eq(refused(many), "has more than 64 signatures");
	many[strlen(many) - strlen(PETER)] = 0;
	ck_assert_uint_eq(parsed(many).nlines, NOTE_LINES);
}
END_TEST

START_TEST(the_example_of_signed_note)
{
	struct note n = parsed("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
	                       "ed è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/"
	                       "iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n");

	/* The text ends at the last empty line, not the first. */
	ck_assert_uint_eq(n.nlines, 1);
	ck_assert_uint_eq(n.text.n, strlen("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
	                                   "ed è subito sera.\n"));
	ck_assert(krux_str_eq(n.line[0].name, str("quasimodo.example/salvatore")));
}
END_TEST

START_TEST(cosignatures)
{
	uint8_t seed[32] = { 7 };
	struct note_signer w;
	char text[2048], line[NOTE_LINE];
	struct note n = parsed(SOFA "\n" SOFA_LOG SOFA_W1);
	struct note_key keys[2];

	/* Its keys are not published: kept, and said to be not checked. */
	ck_assert_uint_eq(n.line[1].id, 0x8d66cf3f);
	ck_assert_int_eq(note_verify(&n, NULL, 0), 0);
	ck_assert_int_eq(n.line[1].check, NOTE_NOT_CHECKED);
	ck_assert(note_signer_make(&w, str("witness.example/w"), NOTE_COSIGNATURE, seed));
	line[note_sign(&w, str(SOFA), 1679315147, line)] = 0;
	snprintf(text, sizeof text, SOFA "\n" SOFA_LOG "%s", line);
	n = parsed(text);
	keys[0] = w.public;
	ck_assert_int_eq(note_verify(&n, keys, 1), 1);
	ck_assert_uint_eq(n.line[1].time, 1679315147);
	/* The same key under the plain type has another id, and its signature is of something else. */
	ck_assert(note_key_make(&keys[1], str("witness.example/w"), NOTE_ED25519, w.public.key));
	ck_assert_uint_ne(keys[1].id, keys[0].id);
	keys[1].id = keys[0].id;
	ck_assert_int_eq(note_verify(&n, &keys[1], 1), -1);
	/* The time is signed. */
	snprintf(text, sizeof text, SOFA "\n%s", line);
	text[strlen(SOFA) + 1 + strlen("— witness.example/w ") + 15]++;
	n = parsed(text);
	ck_assert_int_eq(note_verify(&n, keys, 1), -1);
	ck_assert_uint_eq(note_sign(&w, str(SOFA), 1ull << 63, line), 0);
}
END_TEST

/* ---- checkpoints ---- */

START_TEST(checkpoints)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "has no origin" },
		{ "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "has no origin" },
		{ "a\n", "has no size in its second line" },
		{ "a\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "has no size in its second line" },
		{ "a\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "has no size in its second line" },
		{ "a\n+1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "has no size in its second line" },
		{ "a\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "has no size in its second line" },
		{ "a\n1\n", "has no root hash in its third line" },
		{ "a\n1\nAAAA\n", "has no root hash in its third line" },
		{ "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "has no root hash in its third line" },
		{ "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "has no root hash in its third line" },
		{ "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
		  "has an extension line that is empty or does not end" },
		{ "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nx\n\n",
		  "has an extension line that is empty or does not end" },
	};
	char out[CHECKPOINT_TEXT];
	struct checkpoint c;
	const char *why = "";
	size_t n;

	ck_assert_msg(checkpoint_parse(str(SOFA), &c, &why), "%s", why);
	ck_assert(krux_str_eq(c.origin, str("example.com/behind-the-sofa")));
	ck_assert_uint_eq(c.size, 20852163);
	ck_assert_uint_eq(c.extension.n, 0);
	n = checkpoint_text(&c, out);
	ck_assert(krux_str_eq((struct krux_str){ out, n }, str(SOFA)));
	ck_assert(checkpoint_parse(str(SOFA "one\ntwo\n"), &c, &why));
	ck_assert(krux_str_eq(c.extension, str("one\ntwo\n")));
	ck_assert(checkpoint_parse(str("a b\n9223372036854775807\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), &c, &why));
	/* Read it may be, but no log of ours is called so. */
	ck_assert_uint_eq(checkpoint_text(&c, out), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!checkpoint_parse(str(bad[i].text), &c, &why), "%s", bad[i].text);
		ck_assert_str_eq(why, bad[i].why);
	}
}
END_TEST

/* ---- proofs ---- */

#define HASH1 "Mzh2uIPDaJNQjU9Zw4XUiTyNSdO2BnfBIFQ9tsYVeyI="

START_TEST(proofs)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "wrong-header\nindex 0\n\n" SOFA "\n" SOFA_LOG, "is no proof: it starts with c2sp.org/tlog-proof@v1" },
		{ "c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\n" SOFA "\n" SOFA_LOG,
		  "has extra data that is not base64" },
		{ "c2sp.org/tlog-proof@v1\n\n\n" SOFA "\n" SOFA_LOG, "does not say which record it is about" },
		{ "c2sp.org/tlog-proof@v1\nindex notanumber\n\n" SOFA "\n" SOFA_LOG,
		  "does not say which record it is about" },
		{ "c2sp.org/tlog-proof@v1\nindex -5\n\n" SOFA "\n" SOFA_LOG, "does not say which record it is about" },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\n" SOFA "\n" SOFA_LOG, "has a line that is no hash" },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n"
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\n" SOFA
		  "\n" SOFA_LOG, "has a line that is no hash" },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n", "ends too early" },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n", "has no blank line before its signatures" },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n\n" TEXT "\n" PETER, "has no size in its second line" },
	};
	struct tree_path path = { .n = 1 };
	struct proof p;
	char out[2048];
	const char *why = "";
	size_t n;

	ck_assert(checkpoint_hash(str(HASH1), path.hash[0]));
	n = proof_text(123, &path, str(SOFA "\n" SOFA_LOG SOFA_W1), out, sizeof out);
	ck_assert(krux_str_eq((struct krux_str){ out, n },
	                      str("c2sp.org/tlog-proof@v1\nindex 123\n" HASH1 "\n\n" SOFA "\n" SOFA_LOG SOFA_W1)));
	ck_assert_uint_eq(proof_text(123, &path, str(SOFA "\n" SOFA_LOG SOFA_W1), NULL, 0), n);
	ck_assert_msg(proof_parse((struct krux_str){ out, n }, &p, &why), "%s", why);
	ck_assert_uint_eq(p.index, 123);
	ck_assert_uint_eq(p.path.n, 1);
	ck_assert_mem_eq(p.path.hash[0], path.hash[0], HASH_LEN);
	ck_assert_uint_eq(p.note.nlines, 2);
	ck_assert_uint_eq(p.checkpoint.size, 20852163);
	ck_assert(proof_parse(str("c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 0\n\n" SOFA "\n" SOFA_LOG), &p, &why));
	ck_assert(krux_str_eq(p.extra, str("ZXh0cmE=")));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!proof_parse(str(bad[i].text), &p, &why), "%s", bad[i].text);
		ck_assert_str_eq(why, bad[i].why);
	}
}
END_TEST

START_TEST(a_proof_is_of_one_leaf)
{
	uint8_t one[HASH_LEN], two[HASH_LEN];
	struct checkpoint c = { .origin = str("krux/test"), .size = 2 };
	struct tree_path path = { .n = 1 };
	struct proof p = { .index = 1 };

	record_leaf((const uint8_t *)"1", 1, one);
	record_leaf((const uint8_t *)"2", 1, two);
	tree_node(one, two, c.root);
	memcpy(path.hash[0], one, HASH_LEN);
	p.path = path;
	p.checkpoint = c;
	ck_assert(proof_check(&p, two));
	ck_assert(!proof_check(&p, one));
	p.index = 0;
	ck_assert(!proof_check(&p, two));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("note");
	TCase *t = tcase_create("note");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, verifier_keys);
	tcase_add_test(t, names);
	tcase_add_test(t, signs_as_go_does);
	tcase_add_test(t, opens_as_go_does);
	tcase_add_test(t, notes_that_are_none);
	tcase_add_test(t, the_example_of_signed_note);
	tcase_add_test(t, cosignatures);
	tcase_add_test(t, checkpoints);
	tcase_add_test(t, proofs);
	tcase_add_test(t, a_proof_is_of_one_leaf);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
