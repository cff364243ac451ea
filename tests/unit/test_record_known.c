/* Records of which more is known than their bytes: that changes nothing of what they are. */
#include "tests/unit/records.h"

#include "runtime/record/record_known.h"

#include "capspec/crc.h"
#include "capspec/item.h"

#include <check.h>
#include <endian.h>
#include <sodium.h>
#include <string.h>

static void check_again(uint8_t *bytes, size_t n)
{
	uint32_t crc = htobe32(krux_crc32c(bytes, n - 7));

	memcpy(bytes + n - sizeof crc, &crc, sizeof crc);
}

struct said {
	bool good;
	struct record r;
	size_t used;
	const char *why;
};

static bool says_same(const struct said *a, const struct said *b)
{
	if (a->good != b->good || a->used != b->used)
		return false;
	return a->good ? records_same(&a->r, &b->r) : !strcmp(a->why, b->why);
}

/* What is known of other records changes nothing of what a record is, nor why it is none. */
static bool known_agrees(const uint8_t *bytes, size_t n, struct record_known *known, struct record_known *hashed)
{
	struct said a, b;

	a.good = record_decode(bytes, n, &a.r, &a.used, &a.why);
	b.good = record_decode_known(bytes, n, known, &b.r, &b.used, &b.why);
	if (b.good && !record_add_up(&(struct krux_str){ (const char *)bytes, b.used }, 1)) {
		b.good = false;
		b.used = 0;
		b.why = record_adds_not_up;
	}
	if (!says_same(&a, &b))
		return false;
	a.good = record_decode_hashed(bytes, n, NULL, &a.r, &a.used, &a.why);
	b.good = record_decode_hashed(bytes, n, hashed, &b.r, &b.used, &b.why);
	return says_same(&a, &b);
}

static struct record later(struct record r)
{
	record_set(&r, AUDIT_WALL, 1790000000000000000);
	record_set(&r, AUDIT_MONO, 5000000000);
	return r;
}

START_TEST(what_is_known_changes_nothing)
{
	static struct record_known known, hashed;
	struct record (*const make[])(void) = { records_intent, records_invalid, records_intent_as };
	uint8_t bytes[2 * RECORD_MAX];

	for (size_t k = 0; k < sizeof make / sizeof *make; k++) {
		struct record r = later(records_whole(make[k]()));
		size_t n = record_encode(&r, bytes, RECORD_MAX);

		ck_assert_uint_gt(n, 0);
		memcpy(bytes + n, bytes, n);
		for (size_t i = 0; i < n; i++) {
			uint8_t old = bytes[i];
			bool same = true;

			for (unsigned v = 0; v < 8; v++) {
				/* Every bit. */
				bytes[i] = old ^ (uint8_t)(1u << v);
				same &= known_agrees(bytes, 2 * n, &known, &hashed);
				/* With a check that is right, as who means it would write it. */
				if (i < n - 7)
					check_again(bytes, n);
				same &= known_agrees(bytes, v & 1 ? n : 2 * n, &known, &hashed);
				bytes[i] = old;
				check_again(bytes, n);
				same &= known_agrees(bytes, 2 * n, &known, &hashed);
			}
			ck_assert_msg(same && known_agrees(bytes, i, &known, &hashed), "kind %zu, byte %zu", k, i);
		}
	}
}
END_TEST

/* Keys and values between the head and the check of a record, to be put together anew. */
struct parts {
	size_t head, nhead, n;
	struct krux_str part[AUDIT_FIELDS];
};

/* head: behind the count of the map, to behind mono. */
static void parts_take(const uint8_t *bytes, size_t n, struct parts *out)
{
	size_t at = bytes[0] == 0xB8 ? 2 : 1;

	out->n = 0;
	out->nhead = bytes[at] == AUDIT_RUNS_AS ? 8 : 7;
	for (unsigned f = 0; at < n - 7; f++) {
		size_t key = item_length(bytes + at, n - at), whole = key + item_length(bytes + at + key, n - at - key);

		if (f >= out->nhead)
			out->part[out->n++] = (struct krux_str){ (const char *)bytes + at, whole };
		at += whole;
		if (f == out->nhead - 1)
			out->head = at;
	}
}

/* Leaves out, doubles, swaps or changes a part, or takes one of another record. */
static void parts_change(struct parts *p, const struct parts *other)
{
	size_t i = randombytes_uniform((uint32_t)p->n), k = randombytes_uniform((uint32_t)p->n);
	struct krux_str kept = p->part[i];

	switch (randombytes_uniform(5)) {
	case 0:
		memmove(p->part + i, p->part + i + 1, (--p->n - i) * sizeof *p->part);
		break;
	case 1:
		memmove(p->part + i + 1, p->part + i, (p->n++ - i) * sizeof *p->part);
		break;
	case 2:
		p->part[i] = p->part[k];
		p->part[k] = kept;
		break;
	case 3:
		p->part[i] = other->part[randombytes_uniform((uint32_t)other->n)];
		break;
	default:
		memmove(p->part + i + 1, p->part + i, (p->n++ - i) * sizeof *p->part);
		p->part[i] = other->part[randombytes_uniform((uint32_t)other->n)];
	}
}

/* The head of `bytes`, these parts, and a check that is right. */
static size_t parts_put(const uint8_t *bytes, const struct parts *p, uint8_t *out)
{
	static const uint8_t check[] = { 0x18, AUDIT_CHECK, 0x44, 0, 0, 0, 0 };
	size_t skip = bytes[0] == 0xB8 ? 2 : 1;
	struct item_out o = { out, RECORD_MAX, 0 };

	item_head(&o, ITEM_MAP, 1 + p->nhead + p->n);
	memcpy(out + o.n, bytes + skip, p->head - skip);
	o.n += p->head - skip;
	for (size_t i = 0; i < p->n; i++) {
		memcpy(out + o.n, p->part[i].p, p->part[i].n);
		o.n += p->part[i].n;
	}
	memcpy(out + o.n, check, sizeof check);
	check_again(out, o.n + sizeof check);
	return o.n + sizeof check;
}

/* Fields that are missing, doubled, out of order or others, before and behind what is known. */
START_TEST(what_is_known_has_no_border)
{
	static struct record_known known, hashed;
	struct record (*const make[])(void) = { records_intent, records_deferred, records_denied, records_invalid, records_intent_as };
	static uint8_t bytes[5][RECORD_MAX];
	struct parts whole_ones[5];
	uint8_t out[RECORD_MAX];
	size_t n[5], good = 0;
	unsigned taken = 0;

	for (size_t k = 0; k < 5; k++) {
		struct record r = later(records_whole(make[k]()));

		n[k] = record_encode(&r, bytes[k], RECORD_MAX);
		ck_assert_uint_gt(n[k], 0);
		parts_take(bytes[k], n[k], &whole_ones[k]);
	}
	for (unsigned i = 0; i < 200000; i++) {
		size_t k = randombytes_uniform(5), used;
		struct parts p = whole_ones[k];
		struct record r;
		const char *why;

		for (unsigned c = randombytes_uniform(4); c && p.n > 1; c--)
			parts_change(&p, &whole_ones[randombytes_uniform(5)]);
		used = parts_put(bytes[k], &p, out);
		ck_assert_msg(known_agrees(out, used, &known, &hashed), "turn %u, kind %zu", i, k);
		good += record_decode(out, used, &r, &used, &why);
		taken += known.kind[r.field[AUDIT_KIND].u].n > 0;
	}
	/* Both ways are taken often, and what is known is used. */
	ck_assert_uint_gt(good, 50000);
	ck_assert_uint_lt(good, 150000);
	ck_assert_uint_gt(taken, 150000);
}
END_TEST

static bool body_agrees(const uint8_t *body, size_t n, struct record_known *known)
{
	struct said a = { 0 }, b = { 0 };

	a.good = record_body(body, n, &a.r, &a.why);
	b.good = record_body_known(body, n, known, &b.r, &b.why);
	return says_same(&a, &b);
}

/* The same of bodies: every bit of them, and every length. */
START_TEST(what_is_known_of_bodies_changes_nothing)
{
	static struct record_known known;
	struct record (*const make[])(void) = { records_intent, records_deferred, records_denied, records_invalid, records_intent_as };
	uint8_t body[RECORD_MAX];

	for (size_t k = 0; k < sizeof make / sizeof *make; k++) {
		struct record r = make[k]();
		size_t n = record_encode_body(&r, body, sizeof body);
		const char *why;

		ck_assert(record_body(body, n, &r, &why));
		for (size_t i = 0; i < 8 * n; i++) {
			bool same = body_agrees(body, n, &known);

			body[i / 8] ^= (uint8_t)(1u << i % 8);
			same &= body_agrees(body, n, &known);
			body[i / 8] ^= (uint8_t)(1u << i % 8);
			same &= body_agrees(body, n, &known) && body_agrees(body, i / 8, &known);
			ck_assert_msg(same, "kind %zu, bit %zu", k, i);
		}
	}
}
END_TEST

static size_t body_put(uint64_t kind, const struct parts *p, uint8_t *out)
{
	struct item_out o = { out, RECORD_MAX, 0 };

	item_head(&o, ITEM_MAP, 1 + p->n);
	item_head(&o, ITEM_UINT, AUDIT_KIND);
	item_head(&o, ITEM_UINT, kind);
	for (size_t i = 0; i < p->n; i++)
		item_raw(&o, p->part[i]);
	return o.n;
}

/* Bodies of fields that are missing, doubled, out of order or others. */
START_TEST(what_is_known_of_bodies_has_no_border)
{
	static struct record_known known;
	static uint8_t bytes[4][RECORD_MAX];
	struct record (*const make[])(void) = { records_intent, records_deferred, records_denied, records_invalid };
	struct parts whole_ones[4];
	uint8_t out[RECORD_MAX];
	uint64_t kind[4];
	size_t good = 0;

	for (size_t k = 0; k < 4; k++) {
		struct record r = later(records_whole(make[k]()));

		kind[k] = r.field[AUDIT_KIND].u;
		parts_take(bytes[k], record_encode(&r, bytes[k], RECORD_MAX), &whole_ones[k]);
	}
	for (unsigned i = 0; i < 200000; i++) {
		size_t k = randombytes_uniform(4), n;
		struct parts p = whole_ones[k];
		struct record r;
		const char *why;

		for (unsigned c = randombytes_uniform(4); c && p.n > 1; c--)
			parts_change(&p, &whole_ones[randombytes_uniform(4)]);
		n = body_put(kind[k], &p, out);
		ck_assert_msg(body_agrees(out, n, &known), "turn %u, kind %zu", i, k);
		good += record_body(out, n, &r, &why);
	}
	ck_assert_uint_gt(good, 50000);
	ck_assert_uint_lt(good, 150000);
}
END_TEST

static struct record notify(void)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_NOTIFY);
	record_set(&r, AUDIT_ABOUT, 4);
	record_text(&r, AUDIT_AGENT, "claude");
	record_text(&r, AUDIT_CAPABILITY, "filesystem.read");
	record_text(&r, AUDIT_RULE, "team/read");
	return r;
}

/* One that the writer of the log alone sets. */
static struct krux_str writers_field(enum audit_field f)
{
	static const char sixteen[16];
	static uint8_t bytes[32];
	struct item_out o = { bytes, sizeof bytes, 0 };

	item_head(&o, ITEM_UINT, f);
	if (f < AUDIT_WALL)
		item_str(&o, ITEM_BYTES, (struct krux_str){ sixteen, sizeof sixteen });
	else
		item_head(&o, ITEM_UINT, 1ull << 40);
	return (struct krux_str){ (const char *)bytes, o.n };
}

/* Such a field before those of a body, and then less and less of all that. */
START_TEST(what_is_known_of_bodies_is_no_field_of_the_writer)
{
	static struct record_known known;
	static uint8_t bytes[RECORD_MAX], out[RECORD_MAX];
	struct record (*const make[])(void) = { notify, records_intent, records_deferred, records_denied };

	for (size_t k = 0; k < sizeof make / sizeof *make; k++)
		for (enum audit_field f = AUDIT_EPOCH; f <= AUDIT_MONO; f++) {
			struct record r = later(records_whole(make[k]()));
			struct parts p;

			parts_take(bytes, record_encode(&r, bytes, sizeof bytes), &p);
			memmove(p.part + 1, p.part, p.n++ * sizeof *p.part);
			p.part[0] = writers_field(f);
			known = (struct record_known){ 0 };
			for (; p.n; p.n--)
				ck_assert_msg(body_agrees(out, body_put(r.field[AUDIT_KIND].u, &p, out), &known),
				              "kind %zu, field %d, %zu fields", k, (int)f, p.n);
		}
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("record_known");
	TCase *tc = tcase_create("record_known");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_is_known_changes_nothing);
	tcase_add_test(tc, what_is_known_has_no_border);
	tcase_add_test(tc, what_is_known_of_bodies_changes_nothing);
	tcase_add_test(tc, what_is_known_of_bodies_has_no_border);
	tcase_add_test(tc, what_is_known_of_bodies_is_no_field_of_the_writer);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
