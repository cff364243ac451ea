/* Builtins in control groups of their own, through a spawner and its handlers' process: what is said of them, what reaches
 * them, and that each of many calls which are cancelled, late and frozen ends once and for a reason that is known. Where there
 * is no cgroup v2 to be had, the same without. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

#include "runtime/base/loop.h"
#include "runtime/sandbox/cgroup.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- groups ---- */

/* Groups of calls that are there, and how many of them stand still. */
static unsigned groups_count(unsigned *still)
{
	DIR *dir = fdopendir(openat(spawning_group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	*still = 0;
	while ((e = readdir(dir))) {
		uint64_t frozen = 0;
		int fd;

		if (e->d_type != DT_DIR || strncmp(e->d_name, "call-", 5) != 0)
			continue;
		fd = openat(spawning_group, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*still += fd >= 0 && cgroup_get(fd, "cgroup.events", "frozen", &frozen) && frozen;
		close(fd);
		n++;
	}
	closedir(dir);
	return n;
}

static void all_go_on(void)
{
	unsigned still = 1;

	for (int i = 0; i < WAITING_PATIENCE && still; i++) {
		groups_count(&still);
		poll(NULL, 0, 5);
	}
	ck_assert_uint_eq(still, 0);
}

static bool has_word(enum audit_field f, const char *word)
{
	const struct krux_str list = spawning_record.field[f].s;
	uint8_t item[32] = { (uint8_t)(0x60 | strlen(word)) };

	memcpy(item + 1, word, strlen(word));
	return memmem(list.p, list.n, item, strlen(word) + 1) != NULL;
}

START_TEST(what_was_on_and_used_is_told)
{
	const bool there = spawning_group >= 0;
	unsigned still;

	waiting_begin();
	for (uint64_t i = 2; i < 42; i++) {
		waiting_call(i, SPAWN_DONE);
		ck_assert_int_eq(there, has_word(AUDIT_LAYERS, "cgroup"));
		ck_assert(!has_word(AUDIT_USAGE, "user"));
		ck_assert_int_eq(there, has_word(AUDIT_USAGE, "written"));
		ck_assert_int_eq(has_word(AUDIT_LAYERS, "cgroup.pids"), has_word(AUDIT_USAGE, "processes"));
	}
	if (!there)
		return;
	ck_assert_uint_lt(groups_count(&still), 24);
	ck_assert_int_eq(!faccessat(spawning_group, "call-0/memory.max", F_OK, 0), has_word(AUDIT_LAYERS, "cgroup.memory"));
}
END_TEST

/* The agent's number of what waits would be seen in it, and the place of the daemon. */
START_TEST(its_group_namespace_begins_there)
{
	char path[64], text[256] = "";
	pid_t pid[WAITING_MOST];
	ssize_t n;
	int fd;

	waiting_begin();
	if (spawning_group < 0)
		return;
	waiting_until(WAITING_CHILD, 1, WAITING_MOST, pid);
	/* Seen from here, where it is. */
	snprintf(path, sizeof path, "/proc/%d/cgroup", pid[0]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	close(fd);
	ck_assert_ptr_nonnull(strstr(text, "/call-"));
}
END_TEST

/* ---- signals ---- */

static bool call_is_over(void)
{
	struct pollfd p = { .fd = to_gate.fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* A call whose child got it while it was stopped, and does nothing. One that is not ready yet would keep its maker waiting. Those that served calls before may still be ending, so that
 * a call may get one that is not stopped: then the next does. */
static uint64_t stopped_call(struct written *w, uint64_t deadline)
{
	static uint64_t cookie = 1;
	pid_t pid[WAITING_MOST];

	for (int i = 0; i < 100; i++) {
		const unsigned n = waiting_ready(pid, 1);
		struct record r = written_request(w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
		struct message_run head;
		struct part part[2];

		for (unsigned k = 0; k < n; k++)
			kill(pid[k], SIGSTOP);
		cookie++;
		written_encode(w, &r);
		head = spawning_head(w, 0);
		head.deadline = deadline;
		part[0] = (struct part){ &head, sizeof head };
		part[1] = (struct part){ w->bytes, w->n };
		spawning_put(&to_gate, MESSAGE_RUN, cookie, part, 2, NULL, 0);
		for (int k = 0; k < 20 && !call_is_over(); k++)
			poll(NULL, 0, 10);
		if (!call_is_over())
			return cookie;
		expect_done(w->seq, cookie, SPAWN_DONE);
	}
	ck_abort_msg("no child stands still");
}

static void children_go_on(void)
{
	pid_t pid[WAITING_MOST];
	unsigned n = waiting_processes(WAITING_CHILD, pid);

	for (unsigned i = 0; i < n; i++)
		kill(pid[i], SIGCONT);
}

/* The same, and its group stands still. One that was slow rather than stopped may be over before the freeze. */
static uint64_t frozen_call(struct written *w)
{
	for (int i = 0; i < 100; i++) {
		const uint64_t cookie = stopped_call(w, 0);
		unsigned still = 0;

		spawning_freeze("freeze", "builder");
		for (int k = 0; k < WAITING_PATIENCE && !still && !call_is_over(); k++) {
			groups_count(&still);
			poll(NULL, 0, 5);
		}
		if (still) {
			ck_assert_uint_eq(still, 1);
			return cookie;
		}
		expect_done(w->seq, cookie, SPAWN_DONE);
		spawning_freeze("thaw", "builder");
		spawning_heard();
		waiting_call(cookie + 1000, SPAWN_DONE);
	}
	ck_abort_msg("nothing stands still");
}

START_TEST(a_freeze_reaches_it)
{
	uint64_t cookie, i;
	struct written w;

	waiting_begin();
	if (spawning_group < 0)
		return;
	cookie = frozen_call(&w);
	children_go_on();
	spawning_freeze("thaw", "builder");
	all_go_on();
	expect_done(w.seq, cookie, SPAWN_DONE);
	/* It was not killed, so that it is of use again. */
	for (i = cookie + 1; i < cookie + 9; i++)
		waiting_call(i, SPAWN_DONE);
}
END_TEST

START_TEST(a_cancel_reaches_it)
{
	struct written w;
	uint64_t cookie;

	waiting_begin();
	cookie = stopped_call(&w, 0);
	spawning_put(&to_gate, MESSAGE_CANCEL, cookie, NULL, 0, NULL, 0);
	expect_done(w.seq, cookie, SPAWN_KILLED);
	ck_assert_str_eq(spawning_why, "cancelled");
	/* The next child's group is none that was killed. */
	waiting_kill();
	for (uint64_t i = cookie + 1; i < cookie + 9; i++)
		waiting_call(i, SPAWN_DONE);
}
END_TEST

START_TEST(a_deadline_reaches_it)
{
	struct written w;
	uint64_t cookie;

	waiting_begin();
	cookie = stopped_call(&w, loop_clock() + 3000000000);
	expect_done(w.seq, cookie, SPAWN_KILLED);
	ck_assert_ptr_nonnull(strstr(spawning_why, "the caller's deadline, after "));
}
END_TEST

/* A cancel that comes while it stands still ends it all the same. */
START_TEST(what_stands_still_can_be_cancelled)
{
	struct written w;
	uint64_t cookie;

	waiting_begin();
	if (spawning_group < 0)
		return;
	cookie = frozen_call(&w);
	spawning_put(&to_gate, MESSAGE_CANCEL, cookie, NULL, 0, NULL, 0);
	expect_done(w.seq, cookie, SPAWN_KILLED);
	spawning_freeze("thaw", "builder");
	spawning_heard();
	all_go_on();
	waiting_call(cookie + 1, SPAWN_DONE);
}
END_TEST

/* ---- many ---- */

static uint32_t seed;

static unsigned below(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

enum { CALLS = 1500, TOGETHER = 24 };

static struct tally {
	unsigned sent, ended, recorded, done, cancelled, late, frozen;
} tally;

static bool ended[CALLS];

/* Another end than these is a mistake of ours. */
static void end_take(const struct message *m)
{
	struct message_result r = { .end = SPAWN_BROKEN };
	char why[256];

	ck_assert_uint_lt(m->cookie, CALLS);
	ck_assert_msg(!ended[m->cookie], "call %u ended twice", (unsigned)m->cookie);
	ended[m->cookie] = true;
	tally.ended++;
	if (m->kind == MESSAGE_RESULT) {
		memcpy(&r, m->body, sizeof r);
		snprintf(why, sizeof why, "%.*s", (int)r.nwhy, m->body + sizeof r + r.nerror + r.nmessage);
	} else {
		snprintf(why, sizeof why, "%.*s", (int)m->n, m->body);
	}
	if (r.end == SPAWN_DONE)
		tally.done++;
	else if (r.end == SPAWN_KILLED && !strcmp(why, "cancelled"))
		tally.cancelled++;
	else if (r.end == SPAWN_KILLED && !strncmp(why, "the caller's deadline, after ", 29))
		tally.late++;
	else if (m->kind == MESSAGE_REFUSED && !strcmp(why, "its time was over before it could start"))
		tally.late++;
	else if (m->kind == MESSAGE_REFUSED && !strcmp(why, "frozen before it started"))
		tally.frozen++;
	else
		ck_abort_msg("call %u ended with %u: %s", (unsigned)m->cookie, r.end, why);
}

static void ends_take(int wait_ms)
{
	struct pollfd p[2] = { { .fd = to_gate.fd, .events = POLLIN }, { .fd = to_recorder.fd, .events = POLLIN } };
	struct message m;
	int rc;

	poll(p, 2, wait_ms);
	while ((rc = channel_take(&to_gate, &m, &spawning_err)) > 0) {
		if (m.kind == MESSAGE_RESULT || m.kind == MESSAGE_REFUSED)
			end_take(&m);
		message_close_fds(&m);
	}
	ck_assert_int_eq(rc, 0);
	while ((rc = channel_take(&to_recorder, &m, &spawning_err)) > 0) {
		tally.recorded += m.kind == MESSAGE_APPEND;
		message_close_fds(&m);
	}
	ck_assert_int_eq(rc, 0);
}

static void call_put(uint64_t cookie)
{
	static struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct message_run head;
	struct part part[2];

	written_encode(&w, &r);
	head = spawning_head(&w, 0);
	head.deadline = loop_clock() + (below(5) ? 600000000000 : below(3000) * 1000);
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ w.bytes, w.n };
	spawning_put(&to_gate, MESSAGE_RUN, cookie, part, 2, NULL, 0);
	tally.sent++;
}

START_TEST(each_of_many_ends_once_and_it_is_known_how)
{
	bool frozen = false;
	unsigned still;

	waiting_begin();
	memset(ended, 0, sizeof ended);
	tally = (struct tally){ 0 };
	seed = 1;
	for (unsigned turn = 0; tally.ended < CALLS; turn++) {
		if (tally.sent < CALLS && tally.sent - tally.ended < TOGETHER)
			call_put(tally.sent);
		if (tally.sent && !below(6))
			spawning_put(&to_gate, MESSAGE_CANCEL, tally.sent - 1 - below(tally.sent < 8 ? tally.sent : 8), NULL, 0, NULL, 0);
		if (frozen || !below(25)) {
			spawning_freeze(frozen ? "thaw" : "freeze", "builder");
			frozen = !frozen;
		}
		ends_take(tally.sent == CALLS || tally.sent - tally.ended == TOGETHER ? 20 : 0);
		ck_assert_uint_lt(turn, 100000);
	}
	for (int i = 0; i < WAITING_PATIENCE && tally.recorded < CALLS; i++)
		ends_take(5);
	ck_assert_uint_eq(tally.recorded, CALLS);
	ck_assert_uint_eq(tally.done + tally.cancelled + tally.late + tally.frozen, CALLS);
	ck_assert_uint_gt(tally.done, 0);
	ck_assert_uint_gt(tally.cancelled + tally.late, 0);
	if (frozen)
		spawning_freeze("thaw", "builder");
	/* Those that were killed were taken down. */
	if (spawning_group >= 0)
		ck_assert_uint_le(groups_count(&still), 96 + TOGETHER);
}
END_TEST

/* ---- as who ---- */

static char group_name[32];
static int group_above = -1;

static void grouped_setup(void)
{
	snprintf(group_name, sizeof group_name, "krux-test-%d", getpid());
	group_above = cgroup_own(NULL);
	if (group_above >= 0) {
		spawning_group = cgroup_make(group_above, group_name, NULL);
		cgroup_pass(spawning_group);
	}
	spawning_setup();
}

static void programs_setup(void)
{
	const char *build = getenv("BUILD");

	spawning_programs = realpath(build ? build : "build", NULL);
	ck_assert_ptr_nonnull(spawning_programs);
	grouped_setup();
}

static void grouped_teardown(void)
{
	spawning_teardown();
	if (spawning_group < 0)
		return;
	for (int i = 0; i < WAITING_PATIENCE && !cgroup_empty(spawning_group); i++)
		poll(NULL, 0, 5);
	ck_assert(cgroup_empty(spawning_group));
	ck_assert(!cgroup_remove(group_above, group_name, NULL));
}

static void add(Suite *s, const char *name, void (*setup)(void), void (*teardown)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, what_was_on_and_used_is_told);
	tcase_add_test(t, its_group_namespace_begins_there);
	tcase_add_test(t, a_freeze_reaches_it);
	tcase_add_test(t, a_cancel_reaches_it);
	tcase_add_test(t, a_deadline_reaches_it);
	tcase_add_test(t, what_stands_still_can_be_cancelled);
	tcase_add_test(t, each_of_many_ends_once_and_it_is_known_how);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("spawner_group");
	SRunner *r = srunner_create(s);
	int failed;

	add(s, "groups", grouped_setup, grouped_teardown);
	add(s, "programs", programs_setup, grouped_teardown);
	add(s, "no groups", spawning_setup, spawning_teardown);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
