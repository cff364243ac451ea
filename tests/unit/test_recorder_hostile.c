/* A program in the gate's place, or the spawner's, that says what it has no right to say: it costs its own
 * generation at most. The other one goes on, and the log is whole. */
#include "tests/unit/recording.h"
#include "tests/unit/records.h"

#include "runtime/record/blob.h"
#include "runtime/record/log.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct side bad, good;
static struct message_ack ack;
static struct message m;

static void setup(void)
{
	recording_setup();
	recording_start();
	side_open(&good, 1);
	builder_add(&good);
	side_open(&bad, 2);
}

/* The honest generation is served, and the log is whole. */
static void teardown(void)
{
	struct record r = intent_record();

	ck_assert_int_eq(side_append(&good.gate, &r, 0, &ack), ACK_OK);
	r = records_outcome(ack.seq);
	ck_assert_int_eq(side_append(&good.spawner, &r, 0, &ack), ACK_OK);
	side_gone(&bad);
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
	recording_teardown();
}

/* Every kind that a gate or a spawner may not say is refused, and stays out of the log. */
START_TEST(foreign_kinds_are_refused)
{
	for (unsigned k = 0; k < 64; k++) {
		uint8_t bytes[sizeof(struct message_append) + 64];
		struct message_append head = { 0, 0 };
		struct record r = { 0 };
		size_t n;

		record_set(&r, AUDIT_KIND, k);
		record_text(&r, AUDIT_WHY, "I say so");
		n = record_encode_body(&r, bytes + sizeof head, 64);
		memcpy(bytes, &head, sizeof head);
		for (int side = 0; side < 2; side++) {
			struct channel *c = side ? &bad.spawner : &bad.gate;

			/* That something was refused is a gate's to say. */
			if (!side && k == AUDIT_KIND_REFUSED)
				continue;
			side_say(c, MESSAGE_APPEND, k, bytes, sizeof head + n);
			ck_assert(side_hear(c, MESSAGE_ACK, &m));
			memcpy(&ack, m.body, sizeof ack);
			ck_assert_int_ne(ack.status, ACK_OK);
			ck_assert_uint_eq(ack.nrecord, 0);
		}
	}
}
END_TEST

/* Fields that the recorder alone sets. */
START_TEST(heads_are_not_the_gates_to_set)
{
	struct record r = intent_record();
	uint8_t bytes[sizeof(struct message_append) + 2048] = { 0 };
	static const uint8_t zeros[32];
	size_t n;

	record_set(&r, AUDIT_SEQ, 5);
	record_bytes(&r, AUDIT_PREV, zeros, 32);
	record_bytes(&r, AUDIT_EPOCH, zeros, 16);
	record_bytes(&r, AUDIT_BOOT, zeros, 16);
	record_set(&r, AUDIT_WALL, 1);
	record_set(&r, AUDIT_MONO, 1);
	n = record_encode(&r, bytes + sizeof(struct message_append), 2048);
	ck_assert_uint_gt(n, 0);
	side_say(&bad.gate, MESSAGE_APPEND, 1, bytes, sizeof(struct message_append) + n);
	ck_assert(side_hear(&bad.gate, MESSAGE_ACK, &m));
	memcpy(&ack, m.body, sizeof ack);
	ck_assert_int_eq(ack.status, ACK_MALFORMED);
}
END_TEST

START_TEST(ends_of_others_are_not_its_to_say)
{
	struct record r = intent_record();
	uint64_t theirs, own;

	ck_assert_int_eq(side_append(&good.gate, &r, 0, &ack), ACK_OK);
	theirs = ack.seq;
	r = intent_record();
	ck_assert_int_eq(side_append(&bad.gate, &r, 0, &ack), ACK_OK);
	own = ack.seq;
	for (uint64_t about = 0; about < own + 3; about++) {
		r = records_outcome(about);
		ck_assert_int_eq(side_append(&bad.gate, &r, 0, &ack), ACK_MALFORMED);
		ck_assert_int_eq(side_append(&bad.spawner, &r, 0, &ack), about == own ? ACK_OK : ACK_MALFORMED);
	}
	r = records_outcome(theirs);
	ck_assert_int_eq(side_append(&good.spawner, &r, 0, &ack), ACK_OK);
}
END_TEST

/* A bundle is named once; another one's digest decides nothing here. */
START_TEST(bundles_are_said_once)
{
	struct record r = bundle_record(3), in = intent_record();
	uint8_t other[HASH_LEN] = { 9 };

	ck_assert_int_eq(side_append(&bad.gate, &r, 0, &ack), ACK_MALFORMED);
	record_bytes(&in, AUDIT_BUNDLE, other, HASH_LEN);
	ck_assert_int_eq(side_append(&bad.gate, &in, 0, &ack), ACK_MALFORMED);
}
END_TEST

static void blob_say(int fd, uint64_t size, const uint8_t *name)
{
	uint8_t bytes[2048], field[64];
	struct item_out o = { field, sizeof field, 0 };
	struct message_append head = { 0, 0 };
	struct part part[2] = { { &head, sizeof head }, { bytes, 0 } };
	struct record r = intent_record();

	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, size);
	r.have &= ~(1ull << AUDIT_ARGS);
	record_str(&r, AUDIT_ARGS_BLOB, records_item(&o));
	part[1].n = record_encode_body(&r, bytes, sizeof bytes);
	ck_assert(!channel_put_fds(&bad.gate, MESSAGE_APPEND, 5, part, 2, &fd, 1, &recording_err));
	ck_assert_int_eq(channel_flush(&bad.gate, &recording_err), 1);
	ck_assert(side_hear(&bad.gate, MESSAGE_ACK, &m));
	memcpy(&ack, m.body, sizeof ack);
	close(fd);
}

START_TEST(blobs_are_what_they_are_named_for)
{
	uint8_t name[HASH_LEN], other[HASH_LEN] = { 7 };
	int fd = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING), null;

	/* One that could still change, one that is no memory file, a wrong name, a wrong size. */
	ck_assert_int_eq(write(fd, "0123456789012345678901234567890123456789", 40), 40);
	blob_say(fd, 8, other);
	ck_assert_int_eq(ack.status, ACK_MALFORMED);
	null = open("/dev/zero", O_RDONLY);
	blob_say(null, 8, other);
	ck_assert_int_eq(ack.status, ACK_MALFORMED);
	fd = blob_memory(KRUX_STR("much"), name, &recording_err);
	blob_say(fd, 4, other);
	ck_assert_int_eq(ack.status, ACK_MALFORMED);
	fd = blob_memory(KRUX_STR("much"), name, &recording_err);
	blob_say(fd, 5, name);
	ck_assert_int_eq(ack.status, ACK_MALFORMED);
	ck_assert_int_eq(blob_check(recording_state.blobs, name, 4, &recording_err), BLOB_GONE);
	/* And one that fits no field. */
	fd = blob_memory(KRUX_STR("much"), name, &recording_err);
	{
		uint8_t bytes[2048];
		struct message_append head = { 0, 0 };
		struct record r = intent_record();
		struct part part[2] = { { &head, sizeof head }, { bytes, record_encode_body(&r, bytes, sizeof bytes) } };

		ck_assert(!channel_put_fds(&bad.gate, MESSAGE_APPEND, 6, part, 2, &fd, 1, &recording_err));
		channel_flush(&bad.gate, &recording_err);
		ck_assert(side_hear(&bad.gate, MESSAGE_ACK, &m));
		memcpy(&ack, m.body, sizeof ack);
		ck_assert_int_eq(ack.status, ACK_MALFORMED);
		close(fd);
	}
}
END_TEST

/* Whatever is no message of this contract ends the channel, and nothing else. */
static const struct {
	enum message_kind kind;
	const char *body;
	size_t n;
	bool spawner;
} nonsense[] = {
	{ MESSAGE_APPEND, "", 0, false },
	{ MESSAGE_APPEND, "\xFF\0\0\0\0\0\0\0", 8, false },
	{ MESSAGE_APPEND, "\0\0\0\0\1\0\0\0", 8, false },
	{ MESSAGE_APPEND, "\2\0\0\0\0\0\0\0", 8, true },
	{ MESSAGE_KEY_NEW, "01234567890123456789012345678901", 32, false },
	{ MESSAGE_KEY_NEW, "01234567890123456789012345678901", 32, true },
	{ MESSAGE_SNAPSHOT, "", 0, true },
	{ MESSAGE_BLOB, "short", 5, false },
	{ MESSAGE_BLOB, "01234567890123456789012345678901", 32, true },
	{ MESSAGE_NEWS, "x", 1, false },
	{ MESSAGE_ACK, "x", 1, false },
	{ MESSAGE_GENERATION, "12345678", 8, false },
	{ MESSAGE_GONE, "\1\0\0\0\0\0\0\0", 8, false },
	{ MESSAGE_STOP, "", 0, false },
	{ MESSAGE_RUN, "", 0, true },
};

START_TEST(nonsense_ends_the_channel)
{
	struct channel *c = nonsense[_i].spawner ? &bad.spawner : &bad.gate;

	side_say(c, nonsense[_i].kind, 1, nonsense[_i].body, nonsense[_i].n);
	ck_assert(is_closed(c));
}
END_TEST

/* Bytes that are no packet at all. */
START_TEST(garbage_ends_the_channel)
{
	uint8_t bytes[512];
	unsigned seed = (unsigned)_i;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)rand_r(&seed);
	ck_assert_int_eq(send(bad.gate.fd, bytes, 1 + (size_t)_i * 31 % sizeof bytes, MSG_NOSIGNAL),
	                 1 + _i * 31 % (int)sizeof bytes);
	ck_assert(is_closed(&bad.gate));
}
END_TEST

/* Random bodies, most of them near to a good one. */
START_TEST(mangled_bodies_are_refused)
{
	struct record r = intent_record();
	uint8_t body[2048], bytes[sizeof(struct message_append) + 2048] = { 0 };
	size_t n = record_encode_body(&r, body, sizeof body), taken = 0;
	unsigned seed = 7;

	for (int i = 0; i < 1000; i++) {
		uint8_t *p = bytes + sizeof(struct message_append);

		memcpy(p, body, n);
		for (int k = rand_r(&seed) % 3; k >= 0; k--)
			p[(unsigned)rand_r(&seed) % n] = (uint8_t)rand_r(&seed);
		side_say(&bad.gate, MESSAGE_APPEND, (uint64_t)i, bytes, sizeof(struct message_append) + n);
		ck_assert(side_hear(&bad.gate, MESSAGE_ACK, &m));
		ck_assert_uint_eq(m.cookie, (uint64_t)i);
		memcpy(&ack, m.body, sizeof ack);
		taken += ack.status == ACK_OK;
	}
	/* Some changed a nonce, which is the gate's to choose. */
	ck_assert_uint_lt(taken, 500);
}
END_TEST

/* Somebody who asks and asks and never listens: the others do not wait for it, and it is cut off. */
START_TEST(who_does_not_listen_is_cut_off)
{
	struct record r = intent_record();
	struct message_append head = { APPEND_ECHO, 0 };
	uint8_t body[2048];
	struct part part[2] = { { &head, sizeof head }, { body, 0 } };
	int rounds = 0;

	part[1].n = record_encode_body(&r, body, sizeof body);
	while (rounds < 300) {
		int rc;

		for (int i = 0; i < 50; i++)
			ck_assert(!channel_put(&bad.gate, MESSAGE_APPEND, 1, part, 2, &recording_err));
		rc = channel_flush(&bad.gate, &recording_err);
		if (rc < 0)
			break;
		if (!rc)
			poll(&(struct pollfd){ .fd = bad.gate.fd, .events = POLLOUT }, 1, 20);
		if (rounds++ % 100 == 0) {
			r = intent_record();
			ck_assert_int_eq(side_append(&good.gate, &r, 0, &ack), ACK_OK);
		}
		if (bad.gate.queued > 8 << 20)
			break;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder_hostile");
	TCase *tc = tcase_create("recorder_hostile");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, foreign_kinds_are_refused);
	tcase_add_test(tc, heads_are_not_the_gates_to_set);
	tcase_add_test(tc, ends_of_others_are_not_its_to_say);
	tcase_add_test(tc, bundles_are_said_once);
	tcase_add_test(tc, blobs_are_what_they_are_named_for);
	tcase_add_loop_test(tc, nonsense_ends_the_channel, 0, (int)(sizeof nonsense / sizeof *nonsense));
	tcase_add_loop_test(tc, garbage_ends_the_channel, 0, 16);
	tcase_add_test(tc, mangled_bodies_are_refused);
	tcase_add_test(tc, who_does_not_listen_is_cut_off);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
