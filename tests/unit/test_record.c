/* Records and blobs: what is written can be read, and nothing else. */
#include "tests/unit/records.h"

#include "runtime/base/file.h"
#include "runtime/base/message.h"
#include "runtime/record/blob.h"
#include "runtime/record/entry.h"
#include "runtime/record/log.h"

#include "capspec/item.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct record as(struct record r, const uint64_t *number, size_t n)
{
	static uint8_t bytes[64];
	struct item_out o = { bytes, sizeof bytes, 0 };

	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < n; i++)
		item_head(&o, ITEM_UINT, number[i]);
	record_str(&r, AUDIT_RUNS_AS, records_item(&o));
	return records_whole(r);
}

static bool written(struct record r)
{
	uint8_t bytes[RECORD_MAX];

	return record_encode(&r, bytes, sizeof bytes) > 0;
}

START_TEST(a_call_runs_as_one_uid)
{
	static const uint64_t number[] = { 70000, 8192, 3 };
	struct record start = { 0 };

	record_set(&start, AUDIT_KIND, AUDIT_KIND_START);
	record_text(&start, AUDIT_ENGINE, "e");
	ck_assert(written(as(records_intent(), number, 1)) && !written(as(records_intent(), number, 2)));
	ck_assert(!written(as(records_intent(), number, 0)) && !written(as(records_intent(), number, 3)));
	ck_assert(written(as(start, number, 2)) && !written(as(start, number, 1)));
	ck_assert(!written(as(records_denied(), number, 1)) && !written(as(records_deferred(), number, 1)));
}
END_TEST

/* A body with that field to a record, and from where it then is. */
START_TEST(what_it_runs_as_comes_first)
{
	static const uint8_t zeros[HASH_LEN];
	const uint64_t number[] = { 70000, 1, 0x200000000 };
	struct record_moment moment;
	const struct record_head head = { 5, zeros, &moment };
	uint8_t body[1024], out[2048];
	const char *why = "";

	record_moment(&moment, zeros, zeros, 1790000000000000000, 5000000000);
	for (size_t i = 0; i < 3; i++) {
		struct record asked = as(records_intent(), number + i, 1), r, back;
		size_t n = record_encode_body(&asked, body, sizeof body), used;

		ck_assert_msg(record_body(body, n, &r, &why), "%s", why);
		n = record_whole(&head, body, n, &r, out, sizeof out);
		ck_assert_uint_gt(n, 0);
		ck_assert_msg(record_decode(out, n, &back, &used, &why), "%s", why);
		ck_assert_uint_eq(used, n);
		ck_assert(records_same(&r, &back));
		ck_assert_uint_eq(back.field[AUDIT_RUNS_AS].s.n, asked.field[AUDIT_RUNS_AS].s.n);
		ck_assert_mem_eq(back.field[AUDIT_RUNS_AS].s.p, asked.field[AUDIT_RUNS_AS].s.p, back.field[AUDIT_RUNS_AS].s.n);
	}
}
END_TEST

/* Whatever the decoder accepts, the encoder writes again byte for byte. */
START_TEST(decoder_accepts_only_what_encoder_writes)
{
	uint8_t bytes[RECORD_MAX], again[RECORD_MAX];
	struct record r = records_whole(records_intent_as()), back;
	size_t n = record_encode(&r, bytes, sizeof bytes), used;
	const char *why;

	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 0; v < 256; v++) {
			uint8_t old = bytes[i];

			bytes[i] = (uint8_t)v;
			if (record_decode(bytes, n, &back, &used, &why)) {
				ck_assert_uint_eq(record_encode(&back, again, sizeof again), used);
				ck_assert_mem_eq(again, bytes, used);
			} else {
				ck_assert_uint_le(used, n);
				ck_assert_uint_gt(strlen(why), 0);
			}
			bytes[i] = old;
		}
	for (size_t i = 0; i < n; i++)
		ck_assert(!record_decode(bytes, i, &back, &used, &why));
}
END_TEST

/* What is asked for is the record without what its writer adds. */
START_TEST(body_is_the_record_without_its_head)
{
	uint8_t body[RECORD_MAX], again[RECORD_MAX];
	struct record r = records_intent(), w = records_whole(r);
	size_t n = record_encode_body(&r, body, sizeof body);

	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(record_encode_body(&w, again, sizeof again), n);
	ck_assert_mem_eq(body, again, n);
	ck_assert_uint_lt(n, record_encode(&w, again, sizeof again));
	ck_assert_uint_eq(record_encode_body(&r, body, n - 1), 0);
	ck_assert_uint_eq(record_encode_body(&r, body, n), n);
}
END_TEST

START_TEST(memory_holds_blobs_for_another_process)
{
	uint8_t name[HASH_LEN];
	struct krux_str content;
	int fd = blob_memory(KRUX_STR("content"), name, &records_err);
	size_t n;
	const uint8_t *p = memory_map(fd, 100, &n, &records_err);

	ck_assert_ptr_nonnull(p);
	ck_assert(blob_is(p, n, name, &content));
	ck_assert(krux_str_eq(content, KRUX_STR("content")));
	ck_assert(!blob_is(p, n - 1, name, &content));
	ck_assert(!blob_is(p, BLOB_SALT - 1, name, &content));
	name[0] ^= 1;
	ck_assert(!blob_is(p, n, name, &content));
	memory_unmap(p, n);
	close(fd);
}
END_TEST

START_TEST(kinds_have_their_fields)
{
	uint8_t bytes[RECORD_MAX];
	struct record r;

	r = records_whole(records_outcome(1));
	ck_assert_uint_gt(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_outcome(1));
	record_set(&r, AUDIT_END, 5);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_outcome(1));
	record_set(&r, AUDIT_END, 2);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_outcome(1));
	record_text(&r, AUDIT_AGENT, "x");
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	record_set(&r, AUDIT_VERDICT, 4);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	r.have &= ~(1ull << AUDIT_ARGS);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	r.have &= ~(1ull << AUDIT_NONCE);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	record_set(&r, AUDIT_KIND, 12);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	record_str(&r, AUDIT_REASON, (struct krux_str){ "", 0 });
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = records_whole(records_intent());
	record_bytes(&r, AUDIT_REASON, "\xFF", 1);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
}
END_TEST

static bool encodes(struct record r)
{
	uint8_t bytes[RECORD_MAX];

	return record_encode(&r, bytes, sizeof bytes) > 0;
}

static const uint8_t signature[64], hash[HASH_LEN], none[16];

static struct record kind(enum audit_kind k)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, k);
	return records_whole(r);
}

static struct record with(struct record r, enum audit_field f, const char *text)
{
	record_text(&r, f, text);
	return r;
}

static struct record with_hash(struct record r, enum audit_field f)
{
	record_bytes(&r, f, hash, HASH_LEN);
	return r;
}

/* Nonce and one signer. */
static struct record act(struct record r)
{
	static uint8_t bytes[128];
	struct item_out o = { bytes, sizeof bytes, 0 };

	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "operator");
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)hash, HASH_LEN });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signature, 64 });
	record_str(&r, AUDIT_SIGNERS, records_item(&o));
	record_bytes(&r, AUDIT_NONCE, none, 16);
	return r;
}

START_TEST(acts_say_what_they_do)
{
	struct record agent = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, "a"), AUDIT_ACTION, "add"), r;
	struct record add = with(agent, AUDIT_WORKSPACE, "/w");
	struct record key = with(with(with_hash(kind(AUDIT_KIND_KEY), AUDIT_KEY), AUDIT_NAME, "k"), AUDIT_ROLE, "approver");

	ck_assert(!encodes(agent));
	record_set(&add, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	ck_assert(!encodes(add));
	ck_assert(encodes(with_hash(add, AUDIT_TOKEN)));
	ck_assert(encodes(act(with_hash(add, AUDIT_TOKEN))));
	ck_assert(!encodes(with_hash(add, AUDIT_KEY)));
	ck_assert(!encodes(with_hash(with_hash(add, AUDIT_TOKEN), AUDIT_KEY)));
	record_set(&add, AUDIT_AUTH, AUDIT_AUTH_KEY);
	ck_assert(encodes(with_hash(add, AUDIT_KEY)));
	record_set(&add, AUDIT_AUTH, AUDIT_AUTH_PEER);
	ck_assert(!encodes(add));
	record_set(&add, AUDIT_UID, 1000);
	ck_assert(encodes(add));
	record_set(&add, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	ck_assert(!encodes(add));
	r = with(with(kind(AUDIT_KIND_AGENT), AUDIT_NAME, "a"), AUDIT_ACTION, "revoke");
	ck_assert(encodes(r) && encodes(act(r)));
	ck_assert(!encodes(with(r, AUDIT_WORKSPACE, "/w")));
	ck_assert(!encodes(with(r, AUDIT_ACTION, "accept")));
	r = act(r);
	r.have &= ~(1ull << AUDIT_NONCE);
	ck_assert(!encodes(r));
	ck_assert(encodes(key) && encodes(act(with(key, AUDIT_ACTION, "revoke"))));
	ck_assert(!encodes(with(key, AUDIT_ROLE, "king")));
	ck_assert(!encodes(with(key, AUDIT_ACTION, "thaw")));
}
END_TEST

START_TEST(freezes_are_free_and_thaws_are_signed)
{
	struct record freeze = with(kind(AUDIT_KIND_FREEZE), AUDIT_ACTION, "freeze");
	struct record thaw = with(kind(AUDIT_KIND_FREEZE), AUDIT_ACTION, "thaw");

	ck_assert(encodes(freeze) && encodes(with(freeze, AUDIT_AGENT, "a")));
	ck_assert(!encodes(act(freeze)));
	ck_assert(!encodes(thaw) && !encodes(act(thaw)) && !encodes(with(thaw, AUDIT_WHY, "x")));
	ck_assert(encodes(act(with(thaw, AUDIT_WHY, "x"))));
	ck_assert(!encodes(with(freeze, AUDIT_ACTION, "halt")));
}
END_TEST

START_TEST(tickets_and_states_are_whole)
{
	struct record r = records_whole(records_intent()), s;

	ck_assert(!encodes(with_hash(r, AUDIT_TICKET)));
	ck_assert(encodes(act(with_hash(r, AUDIT_TICKET))));
	s = with(with_hash(with_hash(kind(AUDIT_KIND_SIGNED), AUDIT_TICKET), AUDIT_KEY), AUDIT_NAME, "a");
	record_bytes(&s, AUDIT_SIGNATURE, signature, 64);
	ck_assert(encodes(with(s, AUDIT_ACTION, "accept")) && encodes(with(s, AUDIT_ACTION, "reject")));
	ck_assert(!encodes(with(s, AUDIT_ACTION, "add")));
	r = kind(AUDIT_KIND_CARRY);
	ck_assert(!encodes(r));
	record_bytes(&r, AUDIT_STATE, "\x80", 1);
	ck_assert(encodes(r));
	r = act(with(kind(AUDIT_KIND_ACKNOWLEDGED), AUDIT_WHY, "x"));
	ck_assert(encodes(r) && !encodes(with_hash(r, AUDIT_ROOT)));
	record_set(&r, AUDIT_TREE, 1);
	ck_assert(encodes(r) && encodes(with_hash(r, AUDIT_ROOT)));
}
END_TEST

/* Both lists may be there or not, and what is not known is not told. */
static const struct {
	size_t nnetwork;
	uint64_t known;
	const char *usage;
	bool proxied;
} usages[] = {
	{ 0, 0, "\x83\x01\x02\x03", false },
	{ 1, 0, "\x84\x01\x02\x03\x81\x87\x61h\x04\x05\x06\x07\x08\x65proxy", true },
	{ 1, 0, "\x84\x01\x02\x03\x81\x86\x61h\x04\x05\x06\x07\x08", false },
	{ 0, 1 << USED_MEMORY, "\x85\x01\x02\x03\x80\x81\x82\x66memory\x0b", false },
	{ 1, 1 << USED_USER | 1 << USED_PROCESSES,
	  "\x85\x01\x02\x03\x81\x86\x61h\x04\x05\x06\x07\x08\x82\x82\x64user\x09\x82\x69processes\x0f", false },
};
static const char *const no_usages[] = {
	"\x82\x01\x02", "\x84\x01\x02\x03\x80", "\x85\x01\x02\x03\x80\x80", "\x85\x01\x02\x03\x81\x86\x61h\x04\x05\x06\x07\x08\x80",
	"\x85\x01\x02\x03\x80\x81\x82\x66memory\x66memory", "\x85\x01\x02\x03\x80\x81\x81\x66memory",
	"\x84\x01\x02\x03\x81\x87\x61h\x04\x05\x06\x07\x08\x09", "\x86\x01\x02\x03\x80\x81\x82\x66memory\x0b\x80", "\x84\x01\x02\x03\x81\x82\x66memory\x0b",
};

START_TEST(a_usage_says_what_is_known)
{
	struct entry_network network = { { "h", 1 }, 4, 5, 6, 7, 8, false };
	struct krux_pool *pool = krux_pool_new(0);
	struct entry e = { .pool = pool, .blobs = -1 };
	struct entry_end end = { .intent = 1, .end = 3, .usage = { 1, 2, 3 }, .network = &network };
	uint8_t bytes[RECORD_MAX], again[RECORD_MAX];
	struct record r, back;
	const char *why;
	size_t n, used;

	for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
		end.nnetwork = usages[i].nnetwork;
		network.proxied = usages[i].proxied;
		end.used = (struct call_used){ usages[i].known, { 9, 10, 11, 12, 13, 14, 15 } };
		ck_assert(!entry_outcome(&e, &end, &r, &records_err));
		ck_assert_uint_eq(r.field[AUDIT_USAGE].s.n, strlen(usages[i].usage));
		ck_assert_mem_eq(r.field[AUDIT_USAGE].s.p, usages[i].usage, strlen(usages[i].usage));
		r = records_whole(r);
		n = record_encode(&r, bytes, sizeof bytes);
		ck_assert(record_decode(bytes, n, &back, &used, &why));
		ck_assert_uint_eq(record_encode(&back, again, sizeof again), n);
		ck_assert_mem_eq(again, bytes, n);
	}
	for (size_t i = 0; i < sizeof no_usages / sizeof *no_usages; i++) {
		record_bytes(&r, AUDIT_USAGE, no_usages[i], strlen(no_usages[i]));
		n = record_encode(&r, bytes, sizeof bytes);
		ck_assert_msg(!n || !record_decode(bytes, n, &back, &used, &why), "%zu", i);
	}
	krux_pool_free(pool);
}
END_TEST

START_TEST(a_record_has_a_limit)
{
	char *text = malloc(RECORD_MAX + 1);
	uint8_t *bytes = malloc(2 * RECORD_MAX);
	struct record r = records_whole(records_intent());
	struct log *log;

	memset(text, 'x', RECORD_MAX);
	text[RECORD_MAX] = 0;
	record_text(&r, AUDIT_REASON, text);
	ck_assert_uint_eq(record_encode(&r, bytes, 2 * RECORD_MAX), 0);
	records_log();
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_int_lt(log_append(log, &r, NULL, NULL, &records_err), 0);
	records_append(log, records_denied());
	log_close(log);
	free(text);
	free(bytes);
}
END_TEST

START_TEST(blobs_keep_their_content)
{
	uint8_t name[HASH_LEN], again[HASH_LEN];
	char path[80] = "blobs/";
	struct bytes b;

	ck_assert_int_eq(blob_put(records_blobs, KRUX_STR("content"), name, &records_err), 0);
	ck_assert_int_eq(blob_put(records_blobs, KRUX_STR("content"), again, &records_err), 0);
	ck_assert_mem_ne(name, again, HASH_LEN);
	ck_assert_int_eq(blob_check(records_blobs, name, 7, &records_err), BLOB_WHOLE);
	ck_assert_int_eq(blob_check(records_blobs, name, 8, &records_err), BLOB_CHANGED);
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(path + 6 + 2 * i, 3, "%02x", name[i]);
	b = records_get(path);
	b.p[b.n - 1] ^= 1;
	records_put(path, b.p, b.n);
	free(b.p);
	ck_assert_int_eq(blob_check(records_blobs, name, 7, &records_err), BLOB_CHANGED);
	ck_assert_int_eq(unlinkat(records_dir, path, 0), 0);
	ck_assert_int_eq(blob_check(records_blobs, name, 7, &records_err), BLOB_GONE);
	ck_assert_int_eq(symlinkat("/dev/null", records_dir, path), 0);
	ck_assert_int_eq(blob_check(records_blobs, name, 7, &records_err), BLOB_CHANGED);
}
END_TEST

/* capspec/audit.cddl names every key and kind of capspec/audit.def. */
START_TEST(cddl_has_every_key_and_kind)
{
	size_t n;
	char *text = (char *)file_read_path("capspec/audit.cddl", 1 << 20, &n, &records_err), want[64];

	ck_assert_msg(text != NULL, "%s", records_err.text);
	for (unsigned f = 0; f < AUDIT_FIELDS; f++) {
		if (!record_field_schema(f) || f == AUDIT_KIND)
			continue;
		snprintf(want, sizeof want, "%u: ", f);
		ck_assert_msg(strstr(text, want), "no key %u (%s)", f, record_field_word(f));
	}
	for (unsigned k = 0; k < 64; k++) {
		if (!record_kind_word(k))
			continue;
		snprintf(want, sizeof want, "head, 3: %u,", k);
		ck_assert_msg(strstr(text, want), "no kind %u", k);
		snprintf(want, sizeof want, "\n%s = {", record_kind_word(k));
		ck_assert_msg(strstr(text, want), "no rule %s", record_kind_word(k));
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("record");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, records_setup, records_teardown);
	tcase_add_test(tc, decoder_accepts_only_what_encoder_writes);
	tcase_add_test(tc, a_call_runs_as_one_uid);
	tcase_add_test(tc, what_it_runs_as_comes_first);
	tcase_add_test(tc, body_is_the_record_without_its_head);
	tcase_add_test(tc, memory_holds_blobs_for_another_process);
	tcase_add_test(tc, kinds_have_their_fields);
	tcase_add_test(tc, acts_say_what_they_do);
	tcase_add_test(tc, freezes_are_free_and_thaws_are_signed);
	tcase_add_test(tc, tickets_and_states_are_whole);
	tcase_add_test(tc, a_usage_says_what_is_known);
	tcase_add_test(tc, a_record_has_a_limit);
	tcase_add_test(tc, blobs_keep_their_content);
	tcase_add_test(tc, cddl_has_every_key_and_kind);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
