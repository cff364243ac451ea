/* Where children come from: what they share and what not, and what becomes of calls whose children are not there yet. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

#include "runtime/base/err.h"
#include "runtime/base/loop.h"
#include "runtime/spawn/template_part.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- processes ---- */

static pid_t nest_pid(void)
{
	pid_t pid[WAITING_MOST];

	waiting_until(WAITING_NEST, 1, 1, pid);
	return pid[0];
}

static unsigned descriptors_of(pid_t pid)
{
	char path[64];
	struct dirent *e;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* It has said all that there was to say: no descriptor of a child is left to it. Who is not root cannot see it. */
static void nest_rests(pid_t nest)
{
	enum { STANDARD = 3, CHANNEL, PROC };

	if (geteuid() != 0)
		return;
	for (int i = 0; i < WAITING_PATIENCE && descriptors_of(nest) != PROC; i++)
		poll(NULL, 0, 2);
	ck_assert_uint_eq(descriptors_of(nest), PROC);
}

/* No child waits, and none is made until SIGCONT. */
static pid_t nest_stop(void)
{
	pid_t nest = nest_pid();

	/* A child that it has not spoken of yet would be killed too, and its call be one of another process, which holds open
	 * what the nest waits for the end of while it is stopped itself. */
	nest_rests(nest);
	kill(nest, SIGSTOP);
	waiting_kill();
	return nest;
}

/* ---- what they share ---- */

static ino_t namespace_of(pid_t pid, const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
	ck_assert_msg(!stat(path, &st), "%s", path);
	return st.st_ino;
}

START_TEST(children_of_one_agent_share_mounts_and_network_alone)
{
	static const char *const shared[] = { "mnt", "net" }, *const own[] = { "pid", "ipc", "uts", "user", "cgroup", "time" };
	pid_t pid[WAITING_MOST];

	if (geteuid() != 0)
		return;
	waiting_begin();
	waiting_call(2, SPAWN_DONE);
	waiting_call(3, SPAWN_DONE);
	waiting_ready(pid, 2);
	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
		ck_assert_uint_eq(namespace_of(pid[0], shared[i]), namespace_of(pid[1], shared[i]));
		ck_assert_uint_ne(namespace_of(pid[0], shared[i]), namespace_of(handler_pid, shared[i]));
	}
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		ck_assert_msg(namespace_of(pid[0], own[i]) != namespace_of(pid[1], own[i]), "%s", own[i]);
		ck_assert_msg(namespace_of(pid[0], own[i]) != namespace_of(handler_pid, own[i]), "%s", own[i]);
	}
}
END_TEST

/* Its root is empty, and it has its socket and nothing else. */
START_TEST(a_child_that_waits_has_nothing_but_its_socket)
{
	char path[300], to[256];
	pid_t pid[WAITING_MOST];
	unsigned n, sockets = 0;
	struct dirent *e;
	DIR *dir;

	if (geteuid() != 0)
		return;
	waiting_begin();
	n = waiting_ready(pid, 1);
	snprintf(path, sizeof path, "/proc/%d/fd", pid[n - 1]);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir))) {
		ssize_t k;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd/%s", pid[n - 1], e->d_name);
		k = readlink(path, to, sizeof to - 1);
		ck_assert_int_gt(k, 0);
		to[k] = 0;
		if (!strncmp(to, "socket:", 7))
			sockets++;
#ifndef __SANITIZE_ADDRESS__           /* which speaks on 2 */
		else
			/* /dev/null, of a tree that is not there any more. */
			ck_assert_ptr_nonnull(strstr(to, "/null"));
#endif
	}
	closedir(dir);
	ck_assert_uint_eq(sockets, 1);
	snprintf(path, sizeof path, "/proc/%d/root/", pid[n - 1]);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)))
		ck_assert(e->d_name[0] == '.');
	closedir(dir);
}
END_TEST

/* ---- calls whose children are not there yet ---- */

START_TEST(a_nest_that_is_killed_costs_no_call)
{
	pid_t nest, pid[WAITING_MOST];

	waiting_begin();
	waiting_ready(pid, 1);
	nest = nest_pid();
	nest_rests(nest);
	kill(nest, SIGKILL);
	/* What it is asked for while it ends is the next test's. */
	waiting_until(WAITING_NEST, 0, 0, pid);
	for (uint64_t i = 2; i < 12; i++)
		waiting_call(i, SPAWN_DONE);
	ck_assert_int_ne(nest_pid(), nest);
	ck_assert_int_eq(waitpid(handler_pid, NULL, WNOHANG), 0);
}
END_TEST

/* It may have made a child that nobody will know of. */
START_TEST(one_that_is_killed_while_it_makes_a_child_ends_everything)
{
	struct written w;
	int status;
	pid_t nest;

	waiting_begin();
	nest = nest_stop();
	waiting_put(&w, "/workspace/a", 2);
	waiting_read();
	kill(nest, SIGKILL);
	ck_assert_int_eq(waitpid(handler_pid, &status, 0), handler_pid);
	ck_assert(WIFEXITED(status));
	/* For teardown. */
	handler_pid = fork();
	if (!handler_pid)
		_exit(0);
}
END_TEST

START_TEST(the_deadline_holds_where_no_child_is_made)
{
	struct message_run head;
	struct part part[2];
	struct written w;
	struct record r;
	pid_t nest;

	waiting_begin();
	nest = nest_stop();
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	written_encode(&w, &r);
	head = spawning_head(&w, 0);
	head.deadline = loop_clock() + 100000000;
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ w.bytes, w.n };
	spawning_put(&to_gate, MESSAGE_RUN, 2, part, 2, NULL, 0);
	expect_done(w.seq, 2, SPAWN_KILLED);
	ck_assert_ptr_nonnull(strstr(spawning_why, "the caller's deadline, after "));
	kill(nest, SIGCONT);
	waiting_call(3, SPAWN_DONE);
}
END_TEST

START_TEST(a_call_that_waits_for_its_child_can_be_cancelled)
{
	struct written w;
	pid_t nest;

	waiting_begin();
	nest = nest_stop();
	waiting_put(&w, "/workspace/a", 2);
	spawning_put(&to_gate, MESSAGE_CANCEL, 2, NULL, 0, NULL, 0);
	expect_done(w.seq, 2, SPAWN_KILLED);
	ck_assert_str_eq(spawning_why, "cancelled");
	kill(nest, SIGCONT);
	waiting_call(3, SPAWN_DONE);
}
END_TEST

/* The news of it and calls come on two channels: calls are made until one is refused. */
static unsigned freeze_while_calls_wait(uint64_t cookie)
{
	struct pollfd p = { .fd = to_gate.fd, .events = POLLIN };
	struct written w;
	unsigned held = 0;

	spawning_freeze("freeze", "builder");
	for (int i = 0; i < 100; i++) {
		waiting_put(&w, "/workspace/a", cookie + held);
		if (poll(&p, 1, 100) > 0) {
			expect_refused(w.seq, cookie + held, "frozen");
			return held;
		}
		held++;
	}
	ck_abort_msg("nothing is refused");
}

START_TEST(a_call_that_waits_for_its_child_stands_still_while_frozen)
{
	struct pollfd p = { .fd = to_gate.fd, .events = POLLIN };
	pid_t nest, pid[WAITING_MOST];
	struct message m;
	struct written w;
	unsigned calls;

	waiting_begin();
	nest = nest_stop();
	waiting_put(&w, "/workspace/a", 2);
	waiting_read();
	calls = 1 + freeze_while_calls_wait(4);
	kill(nest, SIGCONT);
	/* They are there, with their calls, and say nothing; where they came from is gone. */
	waiting_until(WAITING_NEST, 0, 0, pid);
	ck_assert_uint_eq(waiting_until(WAITING_CHILD, calls, calls, pid), calls);
	ck_assert_int_eq(poll(&p, 1, 100), 0);
	spawning_freeze("thaw", "builder");
	for (unsigned i = 0; i < calls; i++) {
		ck_assert(spawning_take(&to_gate, MESSAGE_RESULT, &m));
		memcpy(&spawning_result, m.body, sizeof spawning_result);
		ck_assert_uint_eq(spawning_result.end, SPAWN_DONE);
		message_close_fds(&m);
	}
}
END_TEST

START_TEST(more_calls_than_there_is_room_for_are_refused)
{
	static struct written w[TEMPLATE_CALLS + 8];
	unsigned done = 0, refused = 0;
	struct message m;
	pid_t nest;

	waiting_begin();
	nest = nest_stop();
	for (size_t i = 0; i < TEMPLATE_CALLS + 8; i++)
		waiting_put(&w[i], "/workspace/a", 2 + i);
	while (refused < 8 && spawning_take(&to_gate, MESSAGE_REFUSED, &m)) {
		ck_assert_ptr_nonnull(memmem(m.body, m.n, "too many calls are under way", 28));
		refused++;
	}
	ck_assert_uint_eq(refused, 8);
	kill(nest, SIGCONT);
	while (done < TEMPLATE_CALLS && spawning_take(&to_gate, MESSAGE_RESULT, &m)) {
		memcpy(&spawning_result, m.body, sizeof spawning_result);
		/* So many take longer than one may, where the machine is slow. */
		ck_assert(spawning_result.end == SPAWN_DONE || (spawning_result.end == SPAWN_KILLED && memmem(m.body, m.n, "wall 5s", 7)));
		message_close_fds(&m);
		done++;
	}
	ck_assert_uint_eq(done, TEMPLATE_CALLS);
}
END_TEST

/* ---- without root ---- */

/* As an ordinary user, in a workspace of a group that no user namespace of a call knows. */
static void rootless_setup(void)
{
	const gid_t another = 65532;

	ck_assert(!setgroups(1, &another));
	spawning_rootless = true;
	spawning_setup();
	ck_assert(!fchownat(spawning_place.fd, "", (uid_t)-1, another, AT_EMPTY_PATH));
}

START_TEST(without_root_children_come_from_a_nest_too)
{
	struct written w;
	pid_t nest;

	ck_assert_int_ne(geteuid(), 0);
	waiting_begin();
	nest = nest_pid();
	for (uint64_t i = 2; i < 10; i++)
		waiting_call(i, SPAWN_DONE);
	ck_assert_int_eq(nest_stop(), nest);
	waiting_put(&w, "/workspace/a", 10);
	waiting_read();
	kill(nest, SIGCONT);
	expect_done(w.seq, 10, SPAWN_DONE);
	ck_assert_int_eq(nest_pid(), nest);
}
END_TEST

/* ---- the programs, with the filters that they put on themselves ---- */

static void programs_setup(void)
{
	const char *build = getenv("BUILD");

	spawning_programs = realpath(build ? build : "build", NULL);
	ck_assert_ptr_nonnull(spawning_programs);
	spawning_setup();
}

START_TEST(the_programs_do_the_same)
{
	pid_t pid[WAITING_MOST];

	waiting_begin();
	for (uint64_t i = 2; i < 10; i++)
		waiting_call(i, SPAWN_DONE);
	spawning_freeze("freeze", "builder");
	waiting_until(WAITING_NEST, 0, 0, pid);
	ck_assert_int_eq(waitpid(handler_pid, NULL, WNOHANG), 0);
}
END_TEST

static TCase *tests(const char *name, void (*setup)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, setup, spawning_teardown);
	tcase_set_timeout(t, 120);
	return t;
}

int main(void)
{
	Suite *s = suite_create("spawner_nest");
	TCase *t = tests("forked", spawning_setup), *programs = tests("programs", programs_setup);
	TCase *rootless = tests("rootless", rootless_setup);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, children_of_one_agent_share_mounts_and_network_alone);
	tcase_add_test(t, a_child_that_waits_has_nothing_but_its_socket);
	tcase_add_test(t, a_nest_that_is_killed_costs_no_call);
	tcase_add_test(t, one_that_is_killed_while_it_makes_a_child_ends_everything);
	tcase_add_test(t, the_deadline_holds_where_no_child_is_made);
	tcase_add_test(t, a_call_that_waits_for_its_child_can_be_cancelled);
	tcase_add_test(t, a_call_that_waits_for_its_child_stands_still_while_frozen);
	tcase_add_test(t, more_calls_than_there_is_room_for_are_refused);
	tcase_add_test(programs, the_programs_do_the_same);
	tcase_add_test(rootless, without_root_children_come_from_a_nest_too);
	suite_add_tcase(s, t);
	suite_add_tcase(s, programs);
	suite_add_tcase(s, rootless);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
