/* The spawner runs what it has a receipt for, once, and nothing else, whatever the gate says. */
#include "tests/unit/spawning.h"

#include "runtime/record/blob.h"
#include "runtime/spawn/warrant.h"

#include "capspec/item.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- tests ---- */

START_TEST(a_receipt_runs_its_call_once)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	spawning_file("a", "hello\n");
	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	expect_done(w.seq, 1, SPAWN_DONE);
	ck_assert(record_has(&spawning_record, AUDIT_RESULT));
	ck_assert(record_has(&spawning_record, AUDIT_LAYERS));
	spawning_run(&w, NULL, 2);
	expect_refused(0, 2, "used before");
}
END_TEST

START_TEST(an_answer_that_is_none_is_told)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/link/x", KRUX_AUTONOMOUS);

	/* The handler's error for a link is none that this bundle declares. */
	ck_assert_int_eq(symlinkat("a", spawning_place.fd, "link"), 0);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	expect_done(w.seq, 1, SPAWN_BROKEN);
	ck_assert_uint_gt(spawning_result.nwhy, 0);
}
END_TEST

START_TEST(another_record_than_the_receipts_does_not_run)
{
	struct written w, x;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct record q = written_request(&x, AUDIT_KIND_INTENT, "/workspace/b", KRUX_AUTONOMOUS);
	struct message_run head;
	struct part part[2];

	written_encode(&w, &r);
	written_next--;
	written_encode(&x, &q);
	head = spawning_head(&w, 0);
	head.nrecord = (uint32_t)x.n;
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ x.bytes, x.n };
	spawning_put(&to_gate, MESSAGE_RUN, 1, part, 2, NULL, 0);
	expect_refused(0, 1, "receipt");
	for (size_t i = 0; i < sizeof head.receipt * 8; i += 37) {
		head = spawning_head(&w, 0);
		head.receipt[i / 8] ^= (uint8_t)(1 << i % 8);
		part[1] = (struct part){ w.bytes, w.n };
		spawning_put(&to_gate, MESSAGE_RUN, 2, part, 2, NULL, 0);
		expect_refused(0, 2, "receipt");
	}
	head = spawning_head(&w, 0);
	head.generation++;
	spawning_put(&to_gate, MESSAGE_RUN, 3, part, 2, NULL, 0);
	expect_refused(0, 3, "receipt");
	spawning_run(&w, NULL, 4);
	expect_done(w.seq, 4, SPAWN_DONE);
}
END_TEST

START_TEST(lengths_that_lie_are_refused)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct message_run head;
	struct part part[2];

	written_encode(&w, &r);
	head = spawning_head(&w, 0);
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ w.bytes, w.n };
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t lie[4] = { 0, (uint32_t)w.n - 1, (uint32_t)w.n + 1, UINT32_MAX };

		head.nrecord = lie[i];
		spawning_put(&to_gate, MESSAGE_RUN, i, part, 2, NULL, 0);
		expect_refused(0, i, "");
	}
	head.nrecord = (uint32_t)w.n - 1;
	head.nticket = 1;
	spawning_put(&to_gate, MESSAGE_RUN, 9, part, 2, NULL, 0);
	expect_refused(0, 9, "");
	part[0].n = 5;
	spawning_put(&to_gate, MESSAGE_RUN, 10, part, 1, NULL, 0);
	expect_refused(0, 10, "short");
}
END_TEST

/* The gate says autonomous; the child, with the policy, does not. */
START_TEST(a_gate_that_lies_about_the_verdict_gets_nothing_run)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/secret/a", KRUX_AUTONOMOUS);

	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	expect_done(w.seq, 1, SPAWN_BROKEN);
	ck_assert_ptr_nonnull(strstr(spawning_why, "decided again"));
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_NOTIFY);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 2);
	expect_done(w.seq, 2, SPAWN_BROKEN);
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_BLOCKED);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 3);
	expect_refused(w.seq, 3, "blocked");
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/ask/a", KRUX_APPROVAL);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 4);
	expect_refused(w.seq, 4, "approve");
}
END_TEST

START_TEST(another_bundle_or_workspace_does_not_run)
{
	static const uint8_t zeros[HASH_LEN];
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	record_bytes(&r, AUDIT_BUNDLE, zeros, HASH_LEN);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	expect_refused(w.seq, 1, "another bundle");
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	record_text(&r, AUDIT_WORKSPACE, spawning_state.path);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 2);
	expect_refused(w.seq, 2, "workspace");
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	record_text(&r, AUDIT_CAPABILITY, "filesystem.delete");
	written_encode(&w, &r);
	spawning_run(&w, NULL, 3);
	expect_refused(w.seq, 3, "no such capability");
}
END_TEST

/* ---- blobs ---- */

/* Of a record that is no honest recorder's: it has known of no range, and neither has the handlers' process. */
START_TEST(no_call_runs_as_what_the_parent_has_not_told)
{
	static const uint8_t as[][10] = { { 0x81, 0x1A, 0, 1, 0x11, 0x71 }, { 0x81, 0 }, { 0x81, 0x1A, 0xFF, 0xFF, 0xFF, 0xFF } };
	static const size_t n[] = { 6, 2, 6 };

	for (size_t i = 0; i < 3; i++) {
		struct written w;
		struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

		record_bytes(&r, AUDIT_RUNS_AS, as[i], n[i]);
		written_encode(&w, &r);
		spawning_run(&w, NULL, 40 + i);
		expect_refused(w.seq, 40 + i, i < 2 ? "a request for a uid that is no agent's" : "it runs as what is no uid");
	}
}
END_TEST

START_TEST(large_arguments_come_as_the_blob_that_is_recorded)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct krux_str args = r.field[AUDIT_ARGS].s;
	uint8_t name[HASH_LEN], pair[64];
	struct item_out o = { pair, sizeof pair, 0 };
	int blob = blob_memory(args, name, &spawning_err), wrong;
	uint8_t ignored[HASH_LEN];

	spawning_file("a", "hello\n");
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, args.n);
	r.have &= ~(1ull << AUDIT_ARGS);
	record_bytes(&r, AUDIT_ARGS_BLOB, pair, o.n);
	written_encode(&w, &r);
	w.blob = blob;
	spawning_run(&w, NULL, 1);
	expect_done(w.seq, 1, SPAWN_DONE);

	written_encode(&w, &r);
	w.blob = wrong = blob_memory(args, ignored, &spawning_err);
	spawning_run(&w, NULL, 2);
	expect_refused(w.seq, 2, "blob");
	written_encode(&w, &r);
	w.blob = -1;
	spawning_run(&w, NULL, 3);
	expect_refused(w.seq, 3, "blob");
	w.blob = open("/dev/null", O_RDONLY);
	spawning_run(&w, NULL, 4);
	expect_refused(0, 4, "");
	close(w.blob);
	close(wrong);
	close(blob);
}
END_TEST

/* ---- what the handlers' process keeps, and so the next call's child finds ---- */

static bool memory_holds(pid_t pid, const char *text)
{
	static char bytes[1 << 16];
	const size_t n = strlen(text);
	char name[64], line[512], mode[8];
	unsigned long from, to;
	bool found = false;
	FILE *maps;
	int mem;

	snprintf(name, sizeof name, "/proc/%d/mem", pid);
	mem = open(name, O_RDONLY | O_CLOEXEC);
	snprintf(name, sizeof name, "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	ck_assert(mem >= 0 && maps);
	while (!found && fgets(line, sizeof line, maps)) {
		/* Beyond 64 MiB lie a sanitizer's own maps. */
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w' || to - from > 64UL << 20)
			continue;
		for (; from < to && !found; from += sizeof bytes - n) {
			size_t want = to - from < sizeof bytes ? to - from : sizeof bytes;
			ssize_t k = pread(mem, bytes, want, (off_t)from);

			found = k > 0 && memmem(bytes, (size_t)k, text, n);
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

static void call_make(const char *file)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, file, KRUX_AUTONOMOUS);
	struct message m;

	written_encode(&w, &r);
	spawning_run(&w, NULL, w.seq);
	spawning_outcome(w.seq);
	ck_assert(spawning_take(&to_gate, MESSAGE_RESULT, &m));
}

static void look_at_one(const char *file)
{
	uint8_t bytes[4096];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct message m;

	item_head(&o, ITEM_LIST, 2);
	item_text(&o, spawning_place.path);
	item_head(&o, ITEM_LIST, 1);
	item_text(&o, file);
	spawning_put(&to_gate, MESSAGE_LOOK, 1, &(struct part){ bytes, o.n }, 1, NULL, 0);
	ck_assert(spawning_take(&to_gate, MESSAGE_LOOK, &m));
	ck_assert(memmem(m.body, m.n, file, strlen(file)));
}

START_TEST(nothing_of_a_request_stays_where_children_come_from)
{
	char file[512] = "/workspace/";
	const size_t at = strlen(file);

	/* Long, so that the next one does not write over all of it; and the whole of it is in no program. */
	for (size_t i = at; i < at + 200; i++)
		file[i] = (char)('a' + i * i % 23);
	spawning_file(file + at, "hello\n");
	call_make(file);
	call_make("/workspace/a");
	ck_assert(!memory_holds(handler_pid, file + at + 100));
	look_at_one(file);
	/* One at a time: when this has ended, the answer before it was sent. */
	call_make("/workspace/a");
	ck_assert(!memory_holds(handler_pid, file + at + 100));
	ck_assert(memory_holds(getpid(), file + at + 100));
}
END_TEST

/* ---- freezing, deadlines, the end ---- */

START_TEST(nothing_starts_while_frozen)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	spawning_file("a", "");
	spawning_freeze("freeze", "builder");
	spawning_heard();
	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	expect_refused(w.seq, 1, "frozen");
	spawning_freeze("freeze", NULL);
	spawning_freeze("freeze", "somebody");
	spawning_heard();
	written_encode(&w, &r);
	spawning_run(&w, NULL, 2);
	expect_refused(w.seq, 2, "frozen");
}
END_TEST

START_TEST(a_deadline_that_is_past_runs_nothing)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct message_run head;
	struct part part[2];

	written_encode(&w, &r);
	head = spawning_head(&w, 0);
	head.deadline = _i ? RUN_CANCELLED : 2;
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ w.bytes, w.n };
	spawning_put(&to_gate, MESSAGE_RUN, 1, part, 2, NULL, 0);
	expect_refused(w.seq, 1, _i ? "cancelled before" : "its time was over");
}
END_TEST

static int ended(void)
{
	int status = -1;

	for (int i = 0; i < 1200; i++) {
		if (waitpid(spawning_pid, &status, WNOHANG) == spawning_pid) {
			spawning_pid = fork();
			if (!spawning_pid)
				_exit(0);
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		usleep(50000);
	}
	return -2;
}

START_TEST(it_ends_with_stop)
{
	spawning_put(&to_parent, MESSAGE_STOP, 0, NULL, 0, NULL, 0);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(it_ends_when_its_gate_does)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	channel_close(&to_gate);
	spawning_outcome(w.seq);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

/* Whether what ran has ended, nobody can say then: no outcome is told, and so the recorder calls it unknown. */
START_TEST(it_ends_when_the_handlers_do)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct message m;

	kill(handler_pid, SIGSTOP);
	written_encode(&w, &r);
	spawning_run(&w, NULL, 1);
	kill(handler_pid, SIGKILL);
	ck_assert_int_eq(ended(), 3);
	ck_assert(!spawning_take(&to_recorder, MESSAGE_APPEND, &m));
}
END_TEST

START_TEST(it_ends_when_its_recorder_does)
{
	channel_close(&to_recorder);
	ck_assert_int_eq(ended(), 3);
}
END_TEST

START_TEST(a_gate_that_talks_nonsense_is_let_go)
{
	spawning_put(&to_gate, MESSAGE_READY, 0, NULL, 0, NULL, 0);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(many_calls_at_once)
{
	enum { MANY = 60 };
	static struct written w[MANY];
	struct record r;
	struct message m;
	unsigned done = 0, told = 0;

	spawning_file("a", "hello\n");
	for (unsigned i = 0; i < MANY; i++) {
		r = written_request(&w[i], AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
		written_encode(&w[i], &r);
		spawning_run(&w[i], NULL, i);
	}
	while (told < MANY && spawning_take(&to_recorder, MESSAGE_APPEND, &m))
		told++;
	while (done < MANY && spawning_take(&to_gate, MESSAGE_RESULT, &m)) {
		memcpy(&spawning_result, m.body, sizeof spawning_result);
		ck_assert_uint_eq(spawning_result.end, SPAWN_DONE);
		done++;
	}
	ck_assert_uint_eq(told, MANY);
	ck_assert_uint_eq(done, MANY);
}
END_TEST

START_TEST(receipts_are_used_in_any_order_and_once)
{
	static struct used u;

	ck_assert(used_take(&u, 100) && !used_take(&u, 100));
	ck_assert(used_take(&u, 50) && used_take(&u, 99) && !used_take(&u, 50));
	ck_assert(used_take(&u, 100 + USED_WINDOW - 1));
	ck_assert(!used_take(&u, 100) && !used_take(&u, 99) && !used_take(&u, 98));
	ck_assert(used_take(&u, 101) && !used_take(&u, 101));
	ck_assert(used_take(&u, 10 * USED_WINDOW));
	ck_assert(!used_take(&u, 101) && used_take(&u, 10 * USED_WINDOW - 1));
	ck_assert(used_take(&u, UINT64_MAX - 1) && !used_take(&u, UINT64_MAX - 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spawner");
	TCase *t = tcase_create("calls");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, spawning_setup, spawning_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_receipt_runs_its_call_once);
	tcase_add_test(t, an_answer_that_is_none_is_told);
	tcase_add_test(t, another_record_than_the_receipts_does_not_run);
	tcase_add_test(t, lengths_that_lie_are_refused);
	tcase_add_test(t, a_gate_that_lies_about_the_verdict_gets_nothing_run);
	tcase_add_test(t, another_bundle_or_workspace_does_not_run);
	tcase_add_test(t, no_call_runs_as_what_the_parent_has_not_told);
	tcase_add_test(t, large_arguments_come_as_the_blob_that_is_recorded);
	tcase_add_test(t, nothing_of_a_request_stays_where_children_come_from);
	tcase_add_test(t, nothing_starts_while_frozen);
	tcase_add_loop_test(t, a_deadline_that_is_past_runs_nothing, 0, 2);
	tcase_add_test(t, it_ends_with_stop);
	tcase_add_test(t, it_ends_when_its_gate_does);
	tcase_add_test(t, it_ends_when_the_handlers_do);
	tcase_add_test(t, it_ends_when_its_recorder_does);
	tcase_add_test(t, a_gate_that_talks_nonsense_is_let_go);
	tcase_add_test(t, many_calls_at_once);
	tcase_add_test(t, receipts_are_used_in_any_order_and_once);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
