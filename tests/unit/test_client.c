/* libkrux: greeting, calls, waiting, cancelling, times. */
#include "tests/unit/client_rig.h"

#include "capspec/key.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- greeting ---- */

START_TEST(hello_says_who_and_how)
{
	struct frame f;

	options.claimed = "a test";
	ck_assert(!krux_open(&options, &k, &fault));
	ck_assert_ptr_null(krux_welcomed(k));
	fake_accept(&gate);
	f = fake_expect(&gate, FRAME_HELLO);
	ck_assert_uint_eq(f.hello.version, 1);
	ck_assert_uint_eq(f.hello.proof, FRAME_PROOF_TOKEN);
	ck_assert_mem_eq(f.hello.token.p, "secret", 6);
	ck_assert_mem_eq(f.hello.agent.p, "builder", 7);
	ck_assert_mem_eq(f.hello.claimed.p, "a test", 6);
	fake_say(&gate, WELCOME "8,65536,100");
	ck_assert(!krux_step(k, &fault));
	ck_assert_str_eq(krux_welcomed(k)->engine, "kruxrt 0");
	ck_assert_uint_eq(krux_welcomed(k)->max_calls, 8);
	ck_assert_uint_eq(krux_welcomed(k)->bundle[31], 31);
	krux_close(k);
	options.token = NULL;
	ck_assert(!krux_open(&options, &k, &fault));
	fake_accept(&gate);
	f = fake_expect(&gate, FRAME_HELLO);
	ck_assert_uint_eq(f.hello.proof, FRAME_PROOF_PEER);
	ck_assert_ptr_null(f.hello.token.p);
}
END_TEST

static char *in_dir(const char *name)
{
	char *path;

	ck_assert_int_gt(asprintf(&path, "%s/%s", gate.dir, name), 0);
	return path;
}

static void file_put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

START_TEST(a_key_signs_the_challenge)
{
	char *stem = in_dir("agent"), *path = in_dir("agent.key"), *public_path = in_dir("agent.pub");
	struct krux_secret_key secret;
	struct krux_public_key public;
	char message[32 + 7];
	struct frame f;

	ck_assert(krux_key_generate("agent", false, &secret, NULL) && krux_key_files_write(stem, &secret, NULL));
	krux_key_public(&secret, &public);
	options.token = NULL;
	options.key_file = path;
	rig_greet();
	fake_say(&gate, "challenge nonce=hex:" HASH);
	ck_assert(!krux_step(k, &fault));
	f = fake_expect(&gate, FRAME_PROVE);
	for (char i = 0; i < 32; i++)
		message[(int)i] = i;
	memcpy(message + 32, "builder", 7);
	ck_assert(krux_key_verify(&public, "krux/hello/1", (struct krux_str){ message, 39 }, f.prove.signature));
	fake_say(&gate, WELCOME "8,65536,100");
	ck_assert(!krux_step(k, &fault) && krux_welcomed(k));
	/* One is enough. */
	fake_say(&gate, "challenge nonce=hex:" HASH);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_PROTOCOL);
	unlink(path);
	unlink(public_path);
	free(path);
	free(public_path);
	free(stem);
}
END_TEST

START_TEST(secrets_that_others_can_read_are_refused)
{
	char *path = in_dir("token");
	struct frame f;

	options.token = NULL;
	options.token_file = path;
	ck_assert_int_eq(krux_open(&options, &k, &fault), KRUX_E_SECRET);
	file_put(path, "secret\n", 0644);
	ck_assert_int_eq(krux_open(&options, &k, &fault), KRUX_E_SECRET);
	ck_assert_ptr_nonnull(strstr(fault.text, "chmod 600"));
	ck_assert_ptr_null(k);
	file_put(path, " \n", 0600);
	ck_assert_int_eq(krux_open(&options, &k, &fault), KRUX_E_SECRET);
	file_put(path, "secret\n", 0600);
	ck_assert(!krux_open(&options, &k, &fault));
	while (gate.fd < 0 || !fake_take(&gate, &f))
		fake_accept(&gate);
	ck_assert_uint_eq(f.hello.token.n, 6);
	options.key_file = path;
	options.token_file = NULL;
	krux_close(k);
	ck_assert_int_eq(krux_open(&options, &k, &fault), KRUX_E_SECRET);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(what_is_wrong_with_options_is_said)
{
	struct krux_options o = { 0 };

	ck_assert_int_eq(krux_open(&o, &k, &fault), KRUX_E_USAGE);
	ck_assert_int_eq(krux_open(NULL, &k, NULL), KRUX_E_USAGE);
	o = options;
	o.agent = "Not An Agent";
	ck_assert_int_eq(krux_open(&o, &k, &fault), KRUX_E_USAGE);
	o = options;
	o.key_file = "x";
	ck_assert_int_eq(krux_open(&o, &k, &fault), KRUX_E_USAGE);
	o = options;
	o.claimed = "\xFF";
	ck_assert_int_eq(krux_open(&o, &k, &fault), KRUX_E_USAGE);
	o = options;
	o.socket = "/nowhere/at/all";
	ck_assert_int_eq(krux_connect(&o, &k, &fault), KRUX_E_CONNECT);
	ck_assert_int_eq(fault.no, ENOENT);
	ck_assert_str_eq(krux_code_word(KRUX_E_CONNECT), "connect");
	ck_assert_str_eq(krux_code_word(KRUX_E_UNRECORDED), "unrecorded");
	ck_assert_str_eq(krux_code_word(KRUX_E_SLOW), "slow");
	ck_assert_ptr_null(krux_code_word(1));
	ck_assert_ptr_null(krux_code_word(-16));
	ck_assert_ptr_null(krux_code_word(-33));
	ck_assert_str_eq(krux_end_word(KRUX_END_WITHDRAWN), "withdrawn");
	ck_assert_str_eq(krux_decision_word(KRUX_DECISION_APPROVAL), "approval-required");
	ck_assert_ptr_null(krux_decision_word(-1));
	/* Members of a later version, all zero, and not. */
	{
		struct {
			struct krux_options o;
			uint64_t later;
		} big = { options, 0 };

		big.o.size = sizeof big;
		ck_assert(!krux_open(&big.o, &k, &fault));
		krux_close(k);
		big.later = 1;
		ck_assert_int_eq(krux_open(&big.o, &k, &fault), KRUX_E_USAGE);
	}
}
END_TEST

START_TEST(a_connection_that_is_there_is_used)
{
	struct krux_options o = options;
	unsigned before = rig_descriptors();
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	gate.fd = pair[1];
	o.socket = "/nowhere/at/all";
	o.connected = 1;
	o.fd = pair[0];
	ck_assert_msg(!krux_open(&o, &k, &fault), "%s", fault.text);
	ck_assert_int_eq(krux_fd(k), pair[0]);
	ck_assert_int_eq(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	fake_expect(&gate, FRAME_HELLO);
	fake_say(&gate, WELCOME "4,65536,100");
	ck_assert(!krux_step(k, &fault) && krux_welcomed(k));
	krux_close(k);
	k = NULL;
	fake_hang_up(&gate);
	ck_assert_uint_eq(rig_descriptors(), before);
	/* What is no socket is noticed. */
	o.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(krux_open(&o, &k, &fault), KRUX_OK);
	ck_assert_uint_eq(rig_descriptors(), before);
}
END_TEST

START_TEST(a_refused_hello_is_told)
{
	struct krux_request q = rig_request("{}");

	rig_greet();
	rig_submit(&q);
	fake_say(&gate, "error code=3 why=\"no such agent\"");
	fake_hang_up(&gate);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_UNAUTHORISED);
	ck_assert_str_eq(fault.text, "no such agent");
	ck_assert_uint_eq(krux_pending(k), 0);
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_UNAUTHORISED);
	ck_assert_int_eq(krux_step(k, NULL), KRUX_E_UNAUTHORISED);
	ck_assert_int_eq(krux_timeout(k), -1);
	{
		struct krux_result *r = krux_next(k);

		ck_assert_int_eq(r->code, KRUX_E_UNAUTHORISED);
		ck_assert_int_eq(r->sent, 0);
		krux_result_free(r);
	}
}
END_TEST

/* Also where the daemon had closed before we sent. */
START_TEST(why_it_closed_is_told)
{
	struct krux_request q = rig_request("{}");
	struct krux_result *r;

	rig_ready("8,65536,100");
	fake_say(&gate, "error code=4 why=\"the agent has been taken out\"");
	fake_hang_up(&gate);
	rig_submit(&q);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_REVOKED);
	ck_assert_str_eq(fault.text, "the agent has been taken out");
	r = krux_next(k);
	ck_assert_int_eq(r->code, KRUX_E_REVOKED);
	krux_result_free(r);
}
END_TEST

START_TEST(a_closed_connection_is_told)
{
	struct krux_request q = rig_request("{}");
	struct krux_result *r;

	rig_ready("8,65536,100");
	fake_hang_up(&gate);
	ck_assert_int_eq(krux_call(k, &q, &r, &fault), KRUX_E_CLOSED);
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_CLOSED);
}
END_TEST

/* ---- calls ---- */

static const char *const script[] = {
	WELCOME "8,65536,100",
	"progress id=1 stage=running",
	"answer id=2 end=1 verdict=0 would=3 rule=\"a/b\" source=\"f.yaml:3\" reason=why remedy=\"do without\" "
	"record=18 retry=1500",
	"answer id=1 end=3 verdict=3 record=17 output=\"{}\" durable=false",
	"answer id=3 end=4 verdict=2 error=NotFound message=\"No file there.\" recover=filesystem.list hint=h",
	"answer id=4 end=0 where=path why=\"it is relative\"",
	"answer id=5 end=2 verdict=1 ticket=hex:" HASH,
	"error id=6 code=12 why=frozen retry=10",
};
enum { ANSWERS = 6 };

static void answers_check(struct krux_result *const r[static ANSWERS + 1])
{
	ck_assert_int_eq(r[1]->code, KRUX_OK);
	ck_assert_int_eq(r[1]->end, KRUX_END_DONE);
	ck_assert_int_eq(r[1]->decision, KRUX_DECISION_AUTONOMOUS);
	ck_assert_int_eq(r[1]->would, KRUX_DECISION_AUTONOMOUS);
	ck_assert_str_eq(r[1]->output, "{}");
	ck_assert_uint_eq(r[1]->output_len, 2);
	ck_assert_int_eq(r[1]->output_fd, -1);
	ck_assert(r[1]->has_record && r[1]->record == 17 && !r[1]->durable && r[1]->sent);
	ck_assert_int_eq(r[2]->end, KRUX_END_DENIED);
	ck_assert_int_eq(r[2]->would, KRUX_DECISION_AUTONOMOUS);
	ck_assert_str_eq(r[2]->source, "f.yaml:3");
	ck_assert_str_eq(r[2]->remedy, "do without");
	ck_assert_uint_eq(r[2]->retry_ms, 1500);
	ck_assert_ptr_null(r[2]->output);
	ck_assert_str_eq(r[3]->error, "NotFound");
	ck_assert_str_eq(r[3]->recover, "filesystem.list");
	ck_assert(!r[3]->has_record && r[3]->durable);
	ck_assert_int_eq(r[4]->end, KRUX_END_INVALID);
	ck_assert_int_eq(r[4]->decision, -1);
	ck_assert_str_eq(r[4]->why, "it is relative");
	ck_assert_uint_eq(r[5]->ticket[31], 31);
	ck_assert_int_eq(r[6]->code, KRUX_E_FROZEN);
	ck_assert_uint_eq(r[6]->retry_ms, 10);
	for (uint64_t i = 1; i <= ANSWERS; i++) {
		ck_assert_uint_eq(r[i]->id, i);
		krux_result_free(r[i]);
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

START_TEST(answers_come_in_any_pieces)
{
	static uint8_t bytes[4096];
	size_t n = 0, welcome = 0;

	for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
		n += fake_encode(bytes + n, sizeof bytes - n, script[i]);
		if (!i)
			welcome = n;
	}
	/* Cut at every byte, and every third time into small pieces from there on; answers come after the
	 * welcome has been seen, since calls are sent then. */
	for (size_t cut = 0; cut <= n; cut++) {
		struct krux_result *r[ANSWERS + 1] = { NULL }, *one;
		struct krux_request q = rig_request("{}");
		size_t step = cut % 3 == 2 ? 1 + cut % 7 : n;

		rig_greet();
		for (int i = 0; i < ANSWERS; i++)
			rig_submit(&q);
		for (size_t at = 0, to; at < n; at = to) {
			to = at < cut ? cut : least(at + step, n);
			if (at < welcome)
				to = least(to, welcome);
			fake_bytes(&gate, bytes + at, to - at);
			ck_assert_msg(!krux_step(k, &fault), "cut %zu: %s", cut, fault.text);
		}
		while ((one = krux_next(k))) {
			ck_assert_ptr_null(r[one->id]);
			r[one->id] = one;
		}
		answers_check(r);
		ck_assert_uint_eq(krux_pending(k), 0);
		krux_close(k);
		k = NULL;
	}
}
END_TEST

START_TEST(the_limits_of_the_daemon_are_kept)
{
	struct krux_request q = rig_request("{}");
	struct frame f;

	rig_ready("3,65536,100");
	for (int i = 0; i < 10; i++)
		rig_submit(&q);
	for (unsigned i = 1; i <= 3; i++)
		ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, i);
	for (unsigned i = 3; i >= 1; i--)
		fake_say(&gate, "answer id=%u end=3 output=1", i);
	ck_assert(!krux_step(k, &fault));
	for (unsigned i = 4; i <= 6; i++) {
		f = fake_expect(&gate, FRAME_CALL);
		ck_assert_uint_eq(f.id, i);
		ck_assert_uint_eq(f.call.flags, KRUX_JSON);
		ck_assert_mem_eq(f.call.json.p, "{}", 2);
	}
	ck_assert_uint_eq(krux_pending(k), 7);
	/* Bytes: what is larger than all of them goes alone. */
	krux_close(k);
	rig_ready("100,300,100");
	q.json = "{\"x\": \"0123456789012345678901234567890123456789012345678901234567890123456789\"}";
	for (int i = 0; i < 4; i++)
		rig_submit(&q);
	fake_expect(&gate, FRAME_CALL);
	fake_expect(&gate, FRAME_CALL);
	ck_assert_uint_eq(krux_pending(k), 4);
	fake_say(&gate, "answer id=1 end=3");
	ck_assert(!krux_step(k, &fault));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 3);
	krux_close(k);
	rig_ready("100,10,100");
	rig_submit(&q);
	rig_submit(&q);
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 1);
	fake_say(&gate, "error id=1 code=7 why=many");
	ck_assert(!krux_step(k, &fault));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 2);
}
END_TEST

struct told {
	char stages[200];
	unsigned done;
	int code;
	uint64_t again;
};

static void on_progress(void *ctx, uint64_t id, const char *stage, const struct krux_result *deferred)
{
	struct told *t = ctx;
	size_t n = strlen(t->stages);

	snprintf(t->stages + n, sizeof t->stages - n, "%lu:%s%s ", id, stage, deferred ? "!" : "");
	ck_assert_int_eq(!strcmp(stage, "deferred"), deferred != NULL);
	if (deferred)
		ck_assert_uint_eq(deferred->ticket[1], 1);
	ck_assert_int_eq(krux_step(k, NULL), KRUX_E_USAGE);
	ck_assert_int_eq(krux_ping(k, 1, NULL), KRUX_E_USAGE);
	krux_close(k);
}

static void on_done(void *ctx, struct krux_result *r)
{
	struct krux_request q = rig_request("{}");
	struct told *t = ctx;

	ck_assert_ptr_eq(r->ctx, ctx);
	t->done++;
	t->code = r->code;
	krux_result_free(r);
	q.done = on_done;
	q.ctx = t;
	if (t->again) {
		t->again--;
		krux_submit(k, &q, NULL, NULL);
	}
}

START_TEST(a_deferred_call_waits)
{
	struct krux_request q = rig_request("{}");
	struct told t = { .stages = "", .again = 2 };

	q.flags = KRUX_WAIT | KRUX_PROGRESS | KRUX_JSON;
	q.progress = on_progress;
	q.done = on_done;
	q.ctx = &t;
	rig_ready("1,65536,100");
	rig_submit(&q);
	fake_say(&gate, "progress id=1 stage=recorded");
	fake_say(&gate, "answer id=1 end=2 ticket=hex:" HASH);
	ck_assert(!krux_step(k, &fault));
	ck_assert_str_eq(t.stages, "1:recorded 1:deferred! ");
	ck_assert_uint_eq(t.done, 0);
	/* While it waits it does not stand in the way of others. */
	fake_expect(&gate, FRAME_CALL);
	q.done = NULL;
	rig_submit(&q);
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 2);
	fake_say(&gate, "answer id=1 end=2 ticket=hex:" HASH);
	fake_say(&gate, "answer id=1 end=3 output=1");
	fake_say(&gate, "answer id=2 end=3 output=1");
	ck_assert(!krux_step(k, &fault));
	ck_assert_uint_eq(t.done, 1);
	krux_result_free(krux_next(k));
	/* What a callback submitted. */
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 3);
	fake_say(&gate, "answer id=3 end=3 output=1");
	ck_assert(!krux_step(k, &fault));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 4);
	fake_hang_up(&gate);
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_CLOSED);
	ck_assert_uint_eq(t.done, 3);
	ck_assert_int_eq(t.code, KRUX_E_CLOSED);
	ck_assert_uint_eq(krux_pending(k), 0);
}
END_TEST

START_TEST(calls_are_cancelled)
{
	struct krux_request q = rig_request("{}");
	struct krux_result *r;

	rig_ready("1,65536,100");
	rig_submit(&q);
	rig_submit(&q);
	fake_expect(&gate, FRAME_CALL);
	ck_assert(!krux_cancel(k, 2, &fault));
	r = krux_next(k);
	ck_assert(r->id == 2 && r->end == KRUX_END_CANCELLED && !r->sent && r->code == KRUX_OK);
	krux_result_free(r);
	ck_assert(!krux_cancel(k, 1, &fault));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CANCEL).id, 1);
	fake_say(&gate, "answer id=1 end=5 why=cancelled");
	r = rig_stepped(1);
	ck_assert_int_eq(r->end, KRUX_END_KILLED);
	krux_result_free(r);
	ck_assert_int_eq(krux_cancel(k, 1, &fault), KRUX_E_USAGE);
	ck_assert_int_eq(krux_cancel(k, 99, &fault), KRUX_E_USAGE);
}
END_TEST

START_TEST(a_cancelled_wait_ends)
{
	static const uint8_t leaf[32] = { 1 };
	struct krux_request q = rig_request("{}");
	struct krux_result *r;
	uint64_t id;

	rig_ready("1,65536,100");
	q.flags = KRUX_WAIT;
	rig_submit(&q);
	fake_expect(&gate, FRAME_CALL);
	fake_say(&gate, "answer id=1 end=2 ticket=hex:" HASH);
	ck_assert(!krux_step(k, &fault));
	ck_assert_ptr_null(krux_next(k));
	ck_assert(!krux_cancel(k, 1, &fault));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CANCEL).id, 1);
	fake_say(&gate, "answer id=1 end=2 ticket=hex:" HASH);
	r = rig_stepped(1);
	ck_assert(r->end == KRUX_END_DEFERRED && r->ticket);
	krux_result_free(r);
	ck_assert(!krux_submit_ticket(k, KRUX_TICKET_WAIT, leaf, &q, &id, &fault));
	fake_expect(&gate, FRAME_TICKET);
	ck_assert(!krux_cancel(k, id, &fault));
	fake_expect(&gate, FRAME_CANCEL);
	fake_say(&gate, "answer id=2 end=2 ticket=hex:" HASH);
	r = rig_stepped(id);
	ck_assert_int_eq(r->end, KRUX_END_DEFERRED);
	krux_result_free(r);
	ck_assert_uint_eq(krux_pending(k), 0);
}
END_TEST

START_TEST(times_run_out)
{
	struct krux_request q = rig_request("{}");
	struct krux_result *r;

	rig_ready("1,65536,100");
	ck_assert_int_eq(krux_timeout(k), -1);
	q.timeout_ms = 40;
	rig_submit(&q);
	ck_assert_int_le(krux_timeout(k), 40);
	ck_assert_int_gt(krux_timeout(k), 0);
	rig_submit(&q);
	q.timeout_ms = 0;
	rig_submit(&q);
	rig_wait_ms(60);
	ck_assert_int_eq(krux_timeout(k), 0);
	r = rig_stepped(1);
	ck_assert(r->code == KRUX_E_TIMEOUT && r->sent);
	krux_result_free(r);
	r = krux_next(k);
	ck_assert(r->id == 2 && r->code == KRUX_E_TIMEOUT && !r->sent);
	krux_result_free(r);
	fake_expect(&gate, FRAME_CALL);
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CANCEL).id, 1);
	/* Its answer comes late and is nobody's, the next call is sent then. */
	ck_assert_uint_eq(krux_pending(k), 1);
	fake_say(&gate, "answer id=1 end=3 output=1");
	ck_assert(!krux_step(k, &fault));
	ck_assert_ptr_null(krux_next(k));
	ck_assert_uint_eq(fake_expect(&gate, FRAME_CALL).id, 3);
	/* Twice is once too often. */
	fake_say(&gate, "answer id=1 end=3 output=1");
	ck_assert_int_eq(krux_step(k, &fault), KRUX_E_PROTOCOL);
	r = krux_next(k);
	ck_assert(r->id == 3 && r->code == KRUX_E_PROTOCOL);
	krux_result_free(r);
}
END_TEST

START_TEST(a_silent_daemon_is_left)
{
	int64_t start = rig_now_ms();

	options.timeout_ms = 100;
	ck_assert_int_eq(krux_connect(&options, &k, &fault), KRUX_E_TIMEOUT);
	ck_assert_ptr_null(k);
	ck_assert_int_ge(rig_now_ms() - start, 99);
	ck_assert_int_lt(rig_now_ms() - start, 5000);
	fake_accept(&gate);
	options.timeout_ms = 2000;
	rig_ready("1,65536,100");
	start = rig_now_ms();
	ck_assert_int_eq(krux_ping(k, 100, &fault), KRUX_E_TIMEOUT);
	ck_assert_int_lt(rig_now_ms() - start, 5000);
	/* The connection lives. */
	fake_say(&gate, "pong id=1");
	ck_assert(!krux_step(k, &fault));
}
END_TEST

/* ---- other requests ---- */

START_TEST(requests_are_checked)
{
	struct krux_request q = rig_request("{}");
	char *long_json = malloc((size_t)18 << 20);

	rig_ready("8,65536,100");
	q.size = 0;
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	ck_assert_int_eq(krux_submit(k, NULL, NULL, &fault), KRUX_E_USAGE);
	q = rig_request(NULL);
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	q.json = "{}";
	q.cbor = "\xA0";
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	q = rig_request("\xFF");
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	q = rig_request("{}");
	q.capability = "";
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	q = rig_request("{}");
	q.flags = 8;
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_USAGE);
	q = rig_request(long_json);
	memset(long_json, ' ', (size_t)18 << 20);
	q.json_len = (size_t)18 << 20;
	ck_assert_int_eq(krux_submit(k, &q, NULL, &fault), KRUX_E_TOO_LARGE);
	q = rig_request("{}");
	q.done = on_done;
	ck_assert_int_eq(krux_call(k, &q, &(struct krux_result *){ NULL }, &fault), KRUX_E_USAGE);
	ck_assert_int_eq(krux_submit_ticket(k, KRUX_TICKET_POLL, NULL, &q, NULL, &fault), KRUX_E_USAGE);
	ck_assert_int_eq(krux_wait(k, 99, 0, &(struct krux_result *){ NULL }, &fault), KRUX_E_USAGE);
	ck_assert_uint_eq(krux_pending(k), 0);
	ck_assert(krux_events(k) == POLLIN);
	free(long_json);
}
END_TEST

static void *daemon_thread(void *arg)
{
	struct frame f;

	(void)arg;
	fake_accept(&gate);
	fake_expect(&gate, FRAME_HELLO);
	fake_say(&gate, WELCOME "8,65536,100");
	while (fake_take(&gate, &f)) {
		unsigned id = (unsigned)f.id;

		rig_wait_ms(5);
		switch (f.kind) {
		case FRAME_PING:
			fake_say(&gate, "pong id=%u", id);
			break;
		case FRAME_DESCRIBE:
			if (f.describe.capability.p)
				fake_say(&gate, "error id=%u code=15 why=none", id);
			else
				fake_say(&gate, "description id=%u json=\"[1]\"", id);
			break;
		case FRAME_TICKET:
			if (f.ticket.what == FRAME_TICKET_WAIT)
				fake_say(&gate, "answer id=%u end=2 ticket=hex:" HASH, id);
			fake_say(&gate, "answer id=%u end=%d why=rejected", id, f.ticket.what ? 9 : 2);
			break;
		case FRAME_CALL:
			fake_say(&gate, "answer id=%u end=3 output=hex:a0 record=%u", id, id);
			break;
		default:
			break;
		}
	}
	return NULL;
}

static void nothing(int no)
{
	(void)no;
}

START_TEST(blocking_calls_wait)
{
	uint8_t ticket[32] = { 0, 1 };
	struct krux_request q = rig_request(NULL);
	struct krux_result *r, *other;
	uint64_t id;
	pthread_t thread;

	/* A signal a millisecond changes nothing. */
	signal(SIGALRM, nothing);
	ualarm(1000, 1000);
	pthread_create(&thread, NULL, daemon_thread, NULL);
	ck_assert_msg(!krux_connect(&options, &k, &fault), "%s", fault.text);
	ck_assert_msg(!krux_ping(k, 4000, &fault), "%s", fault.text);
	q.cbor = "\xA0";
	q.cbor_len = 1;
	q.flags = 0;
	id = rig_submit(&q);
	ck_assert(!krux_call(k, &q, &r, &fault));
	ck_assert(r->end == KRUX_END_DONE && r->record == id + 1 && r->output_len == 1);
	krux_result_free(r);
	ck_assert(!krux_wait(k, id, 0, &other, &fault) && other->record == id);
	krux_result_free(other);
	ck_assert(!krux_describe(k, NULL, 0, &r, &fault));
	ck_assert_str_eq(r->output, "[1]");
	krux_result_free(r);
	ck_assert_int_eq(krux_describe(k, "a.b", 0, &r, &fault), KRUX_E_CAPABILITY);
	ck_assert_ptr_null(r);
	ck_assert_str_eq(fault.text, "none");
	q = (struct krux_request){ .size = sizeof q };
	ck_assert(!krux_ticket(k, KRUX_TICKET_POLL, ticket, &q, &r, &fault) && r->end == KRUX_END_DEFERRED);
	krux_result_free(r);
	ck_assert(!krux_ticket(k, KRUX_TICKET_WAIT, ticket, &q, &r, &fault) && r->end == KRUX_END_WITHDRAWN);
	ck_assert_str_eq(r->why, "rejected");
	krux_result_free(r);
	ck_assert(!krux_ticket(k, KRUX_TICKET_WITHDRAW, ticket, &q, &r, &fault) && r->end == KRUX_END_WITHDRAWN);
	krux_result_free(r);
	ualarm(0, 0);
	krux_close(k);
	k = NULL;
	pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client");
	TCase *tc = tcase_create("client");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_test(tc, hello_says_who_and_how);
	tcase_add_test(tc, a_key_signs_the_challenge);
	tcase_add_test(tc, secrets_that_others_can_read_are_refused);
	tcase_add_test(tc, what_is_wrong_with_options_is_said);
	tcase_add_test(tc, a_connection_that_is_there_is_used);
	tcase_add_test(tc, a_refused_hello_is_told);
	tcase_add_test(tc, why_it_closed_is_told);
	tcase_add_test(tc, a_closed_connection_is_told);
	tcase_add_test(tc, answers_come_in_any_pieces);
	tcase_add_test(tc, the_limits_of_the_daemon_are_kept);
	tcase_add_test(tc, a_deferred_call_waits);
	tcase_add_test(tc, calls_are_cancelled);
	tcase_add_test(tc, a_cancelled_wait_ends);
	tcase_add_test(tc, times_run_out);
	tcase_add_test(tc, a_silent_daemon_is_left);
	tcase_add_test(tc, requests_are_checked);
	tcase_add_test(tc, blocking_calls_wait);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
