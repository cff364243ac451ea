/* Calls that a person approved: the spawner holds the ticket, the signatures and the files that were
 * shown against the policy before it runs them. */
#include "tests/unit/spawning.h"

#include "runtime/approve/quorum.h"
#include "runtime/spawn/look.h"

#include "capspec/item.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct signers {
	uint8_t bytes[1024];
	struct item_out out;
};

static void signers_start(struct signers *s, unsigned n)
{
	s->out = (struct item_out){ s->bytes, sizeof s->bytes, 0 };
	item_head(&s->out, ITEM_LIST, n);
}

static void signers_add(struct signers *s, const struct krux_secret_key *key, const uint8_t *ticket, const char *what)
{
	uint8_t message[64], signature[KRUX_SIGNATURE];
	struct krux_public_key public;

	memcpy(message, ticket, 32);
	memcpy(message + 32, what, strlen(what));
	ck_assert(krux_key_sign(key, APPROVE_DOMAIN, (struct krux_str){ (char *)message, 32 + strlen(what) }, signature));
	krux_key_public(key, &public);
	item_head(&s->out, ITEM_LIST, 3);
	item_text(&s->out, key->name);
	item_str(&s->out, ITEM_BYTES, (struct krux_str){ (char *)public.key, 32 });
	item_str(&s->out, ITEM_BYTES, (struct krux_str){ (char *)signature, sizeof signature });
}

/* A ticket as the tiny policy asks for it: two of anybody, for an hour. */
static void ticket_make(struct written *t, const char *file, uint64_t ttl, const uint8_t *approvals, size_t n)
{
	struct record r = written_request(t, AUDIT_KIND_DEFERRED, file, KRUX_APPROVAL);

	record_set(&r, AUDIT_TTL, ttl);
	record_bytes(&r, AUDIT_APPROVALS, approvals, n);
	written_encode(t, &r);
}

static void release(struct written *w, const struct written *t, const char *file, const struct signers *s)
{
	struct record r = written_request(w, AUDIT_KIND_INTENT, file, KRUX_APPROVAL);

	record_bytes(&r, AUDIT_TICKET, t->leaf, HASH_LEN);
	record_bytes(&r, AUDIT_SIGNERS, s->bytes, s->out.n);
	written_encode(w, &r);
}

static const uint64_t hour = UINT64_C(3600) * 1000000000;
static uint8_t asked[64];
static size_t nasked;

/* What the tiny policy's obligation says, from the object itself. */
static void asked_read(void)
{
	struct item_out o = { asked, sizeof asked, 0 };

	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 2);
	item_head(&o, ITEM_UINT, 1);
	item_head(&o, ITEM_LIST, 1);
	item_text(&o, "ops");
	nasked = o.n;
}

START_TEST(a_ticket_needs_its_approvers)
{
	static struct written t, w;
	struct krux_secret_key ops;
	struct signers s;

	asked_read();
	spawning_approver("ops", &ops);
	mkdirat(spawning_place.fd, "ask", 0755);
	spawning_file("ask/a", "x");
	ticket_make(&t, "/workspace/ask/a", hour, asked, nasked);

	signers_start(&s, 1);
	signers_add(&s, &approver, t.leaf, "accept");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 2);
	expect_refused(w.seq, 2, "not enough");

	signers_start(&s, 1);
	signers_add(&s, &stranger, t.leaf, "accept");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 3);
	expect_refused(w.seq, 3, "no registered approver");

	signers_start(&s, 1);
	signers_add(&s, &ops, t.leaf, "reject");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 4);
	expect_refused(w.seq, 4, "does not hold");

	signers_start(&s, 2);
	signers_add(&s, &ops, t.leaf, "accept");
	signers_add(&s, &ops, t.leaf, "accept");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 5);
	expect_refused(w.seq, 5, "twice");

	signers_start(&s, 1);
	signers_add(&s, &ops, t.leaf, "accept");
	release(&w, &t, "/workspace/ask/b", &s);
	spawning_run(&w, &t, 6);
	expect_refused(w.seq, 6, "another");

	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 7);
	expect_done(w.seq, 7, SPAWN_DONE);
}
END_TEST

START_TEST(a_ticket_that_is_over_or_another_is_refused)
{
	static struct written t, u, w;
	struct krux_secret_key ops;
	struct signers s;

	asked_read();
	spawning_approver("ops", &ops);
	ticket_make(&t, "/workspace/ask/a", 1, asked, nasked);
	signers_start(&s, 1);
	signers_add(&s, &ops, t.leaf, "accept");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 1);
	expect_refused(w.seq, 1, "expired");
	ticket_make(&u, "/workspace/ask/a", hour, asked, nasked);
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &u, 2);
	expect_refused(w.seq, 2, "another ticket");
	/* Fewer approvers than the policy asks for: the child sees it. */
	ticket_make(&u, "/workspace/ask/a", hour, (const uint8_t[]){ 0x81, 0x82, 1, 0x80 }, 4);
	signers_start(&s, 1);
	signers_add(&s, &approver, u.leaf, "accept");
	release(&w, &u, "/workspace/ask/a", &s);
	spawning_run(&w, &u, 3);
	expect_done(w.seq, 3, SPAWN_BROKEN);
}
END_TEST

START_TEST(what_approvers_saw_has_to_be_as_it_was)
{
	static struct written t, w;
	struct krux_secret_key ops;
	struct item_out o;
	uint8_t shown[512];
	struct message m;
	struct signers s;
	struct record r;
	struct part part;

	asked_read();
	spawning_approver("ops", &ops);
	mkdirat(spawning_place.fd, "ask", 0755);
	spawning_file("ask/a", "what they saw");
	o = (struct item_out){ shown, sizeof shown, 0 };
	item_head(&o, ITEM_LIST, 2);
	item_text(&o, spawning_place.path);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "/workspace/ask/a");
	item_text(&o, "/workspace/ask/nothing");
	item_text(&o, "/workspace/ask");
	part = (struct part){ shown, o.n };
	spawning_put(&to_gate, MESSAGE_LOOK, 5, &part, 1, NULL, 0);
	ck_assert(spawning_take(&to_gate, MESSAGE_LOOK, &m));
	ck_assert_uint_eq(m.cookie, 5);
	ck_assert_uint_gt(m.n, 32);
	ck_assert_uint_le(m.n, sizeof shown);
	memcpy(shown, m.body, m.n);
	ck_assert_uint_eq(shown[0], 0x83);
	o.n = m.n;

	r = written_request(&t, AUDIT_KIND_DEFERRED, "/workspace/ask/a", KRUX_APPROVAL);
	record_set(&r, AUDIT_TTL, hour);
	record_bytes(&r, AUDIT_APPROVALS, asked, nasked);
	record_bytes(&r, AUDIT_SHOWN, shown, o.n);
	written_encode(&t, &r);
	signers_start(&s, 1);
	signers_add(&s, &ops, t.leaf, "accept");
	spawning_file("ask/a", "what they did");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 1);
	expect_done(w.seq, 1, SPAWN_BROKEN);
	ck_assert_ptr_nonnull(strstr(spawning_why, "changed"));
	spawning_file("ask/a", "what they saw");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 2);
	expect_done(w.seq, 2, SPAWN_DONE);
}
END_TEST

/* The ticket is signed, and its call ends so. */
static void run_shown(const struct krux_secret_key *ops, struct written *t, uint64_t cookie, uint32_t done)
{
	static struct written w;
	struct signers s;

	signers_start(&s, 1);
	signers_add(&s, ops, t->leaf, "accept");
	release(&w, t, "/workspace/ask/a", &s);
	spawning_run(&w, t, cookie);
	expect_done(w.seq, cookie, done);
}

static void ticket_shown(struct written *t, const uint8_t *shown, size_t n)
{
	struct record r = written_request(t, AUDIT_KIND_DEFERRED, "/workspace/ask/a", KRUX_APPROVAL);

	record_set(&r, AUDIT_TTL, hour);
	record_bytes(&r, AUDIT_APPROVALS, asked, nasked);
	record_bytes(&r, AUDIT_SHOWN, shown, n);
	written_encode(t, &r);
}

/* The field `shown` that the spawner answers with. */
static size_t look(const char *path, uint8_t *shown, size_t cap)
{
	struct item_out o = { shown, cap, 0 };
	struct message m;
	struct part part;

	item_head(&o, ITEM_LIST, 2);
	item_text(&o, spawning_place.path);
	item_head(&o, ITEM_LIST, 1);
	item_text(&o, path);
	part = (struct part){ shown, o.n };
	spawning_put(&to_gate, MESSAGE_LOOK, 6, &part, 1, NULL, 0);
	ck_assert(spawning_take(&to_gate, MESSAGE_LOOK, &m));
	ck_assert_uint_le(m.n, cap);
	memcpy(shown, m.body, m.n);
	return m.n;
}

START_TEST(what_lies_below_has_to_be_as_it_was)
{
	static struct written t, w;
	struct krux_secret_key ops;
	uint8_t shown[512], again[512];
	struct signers s;
	struct record r;
	size_t n;

	asked_read();
	spawning_approver("ops", &ops);
	mkdirat(spawning_place.fd, "ask", 0755);
	mkdirat(spawning_place.fd, "ask/below", 0755);
	spawning_file("ask/a", "one");
	spawning_file("ask/below/b", "two");
	n = look("/workspace/ask/", shown, sizeof shown);
	ck_assert_uint_eq(shown[0], 0x81);
	ck_assert_ptr_nonnull(memmem(shown, n, "/workspace/ask/", 15));
	ck_assert_uint_eq(shown[n - 1], 3);

	r = written_request(&t, AUDIT_KIND_DEFERRED, "/workspace/ask/a", KRUX_APPROVAL);
	record_set(&r, AUDIT_TTL, hour);
	record_bytes(&r, AUDIT_APPROVALS, asked, nasked);
	record_bytes(&r, AUDIT_SHOWN, shown, n);
	written_encode(&t, &r);
	signers_start(&s, 1);
	signers_add(&s, &ops, t.leaf, "accept");
	spawning_file("ask/below/c", "added");
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 1);
	expect_done(w.seq, 1, SPAWN_BROKEN);
	ck_assert_ptr_nonnull(strstr(spawning_why, "changed"));
	ck_assert_int_eq(unlinkat(spawning_place.fd, "ask/below/c", 0), 0);
	ck_assert_uint_eq(look("/workspace/ask/", again, sizeof again), n);
	ck_assert_mem_eq(again, shown, n);
	release(&w, &t, "/workspace/ask/a", &s);
	spawning_run(&w, &t, 2);
	expect_done(w.seq, 2, SPAWN_DONE);
	spawning_file("ask/below/b", "longer");
	look("/workspace/ask/", again, sizeof again);
	ck_assert_int_ne(memcmp(again, shown, n), 0);

	/* A file is one, whatever was asked for; of a folder that is no root of a tree there is the entry alone. */
	n = look("/workspace/ask/a/", shown, sizeof shown);
	ck_assert_ptr_null(memmem(shown, n, "ask/a/", 6));
	ck_assert_uint_eq(shown[0], 0x81);
	n = look("/workspace/ask", shown, sizeof shown);
	ck_assert_uint_eq(shown[0], 0x81);
	ck_assert_uint_eq(shown[1], 0x82);
	spawning_file("ask/more", "below");
	ck_assert_uint_eq(look("/workspace/ask", again, sizeof again), n);
	ck_assert_mem_eq(again, shown, n);
}
END_TEST

START_TEST(what_was_not_there_has_to_be_absent)
{
	static const char *const asked_as[] = { "/workspace/ask/a", "/workspace/ask/a/", "/workspace/ask/no/a" };
	static struct written t;
	struct krux_secret_key ops;
	uint8_t shown[512];
	size_t n;

	asked_read();
	spawning_approver("ops", &ops);
	mkdirat(spawning_place.fd, "ask", 0755);
	for (size_t i = 0; i < 3; i++) {
		n = look(asked_as[i], shown, sizeof shown);
		ck_assert_uint_eq(shown[0], 0x81);
		ck_assert_uint_eq(shown[1], 0x81);
		ck_assert_int_eq(shown[n - 1], 'a');
	}
	n = look(asked_as[0], shown, sizeof shown);
	ticket_shown(&t, shown, n);
	spawning_file("ask/a", "precious");
	run_shown(&ops, &t, 1, SPAWN_BROKEN);
	ck_assert_ptr_nonnull(strstr(spawning_why, "changed"));
	ck_assert_int_eq(unlinkat(spawning_place.fd, "ask/a", 0), 0);
	run_shown(&ops, &t, 2, SPAWN_DONE);
}
END_TEST

START_TEST(what_is_no_file_has_to_be_the_same)
{
	static struct written t;
	struct krux_secret_key ops;
	uint8_t shown[512];
	size_t n;

	asked_read();
	spawning_approver("ops", &ops);
	mkdirat(spawning_place.fd, "ask", 0755);
	ck_assert_int_eq(symlinkat("one", spawning_place.fd, "ask/a"), 0);
	n = look("/workspace/ask/a/", shown, sizeof shown);
	ck_assert_uint_eq(shown[1], 0x82);
	ticket_shown(&t, shown, n);
	ck_assert_int_eq(unlinkat(spawning_place.fd, "ask/a", 0), 0);
	ck_assert_int_eq(symlinkat("two", spawning_place.fd, "ask/a"), 0);
	run_shown(&ops, &t, 1, SPAWN_BROKEN);
	ck_assert_ptr_nonnull(strstr(spawning_why, "changed"));
	/* What lies behind a link is not looked at. */
	n = look("/workspace/ask/a/b", shown, sizeof shown);
	ck_assert_ptr_nonnull(memmem(shown, n, "behind a link", 13));
}
END_TEST

/* It could be bound to nothing, and so there is no list of it. */
START_TEST(a_file_that_is_too_large_is_refused)
{
	uint8_t shown[512];
	size_t n;
	int fd;

	fd = openat(spawning_place.fd, "large", O_WRONLY | O_CREAT, 0666);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)look_size + 1), 0);
	n = look("/workspace/large", shown, sizeof shown);
	ck_assert_uint_eq(shown[0] >> 5, ITEM_TEXT);
	ck_assert_ptr_nonnull(memmem(shown, n, "more than 64 MiB", 16));
	ck_assert_int_eq(ftruncate(fd, 1), 0);
	look("/workspace/large", shown, sizeof shown);
	ck_assert_uint_eq(shown[0], 0x81);
	ck_assert_uint_eq(shown[1], 0x83);
	close(fd);
}
END_TEST

START_TEST(a_tree_that_is_too_deep_is_refused)
{
	char path[2 * 70 + 8] = "deep";
	uint8_t shown[512];

	mkdirat(spawning_place.fd, path, 0755);
	for (unsigned i = 1; i < LOOK_DEPTH; i++) {
		strcat(path, "/d");
		mkdirat(spawning_place.fd, path, 0755);
	}
	ck_assert_uint_gt(look("/workspace/deep/", shown, sizeof shown), 1);
	strcat(path, "/d");
	mkdirat(spawning_place.fd, path, 0755);
	ck_assert_uint_eq(look("/workspace/deep/", shown, sizeof shown), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ticket");
	TCase *t = tcase_create("calls");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, spawning_setup, spawning_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_ticket_needs_its_approvers);
	tcase_add_test(t, a_ticket_that_is_over_or_another_is_refused);
	tcase_add_test(t, what_approvers_saw_has_to_be_as_it_was);
	tcase_add_test(t, what_lies_below_has_to_be_as_it_was);
	tcase_add_test(t, what_was_not_there_has_to_be_absent);
	tcase_add_test(t, what_is_no_file_has_to_be_the_same);
	tcase_add_test(t, a_file_that_is_too_large_is_refused);
	tcase_add_test(t, a_tree_that_is_too_deep_is_refused);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
