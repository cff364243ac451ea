/* Children that wait for calls: each serves one call of one agent, whatever is done to it before, meanwhile and
 * after, and no call is served twice. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/spawn/child.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/template_part.h"

#include "capspec/digest.h"
#include "capspec/item.h"
#include "capspec/schema.h"

#include <check.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the children of the handlers' process ---- */

static unsigned children(pid_t pid[static WAITING_MOST])
{
	return waiting_processes(WAITING_CHILD, pid);
}

static void children_are(unsigned least, unsigned most)
{
	pid_t pid[WAITING_MOST];

	waiting_until(WAITING_CHILD, least, most, pid);
}

static void nothing_more_is_told(void)
{
	struct message m;
	struct pollfd p = { .fd = to_recorder.fd, .events = POLLIN };

	waiting_call(9999, SPAWN_DONE);
	ck_assert_int_eq(channel_take(&to_recorder, &m, &spawning_err), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
}

/* ---- tests ---- */

START_TEST(a_call_of_a_child_that_waited_says_the_same_layers)
{
	char cold[512];
	size_t n;

	spawning_file("a", "hello\n");
	waiting_call(1, SPAWN_DONE);
	n = spawning_record.field[AUDIT_LAYERS].s.n;
	ck_assert_uint_lt(n, sizeof cold);
	memcpy(cold, spawning_record.field[AUDIT_LAYERS].s.p, n);
	for (uint64_t i = 2; i < 6; i++) {
		children_are(1, WAITING_MOST);
		waiting_call(i, SPAWN_DONE);
		ck_assert_uint_eq(spawning_record.field[AUDIT_LAYERS].s.n, n);
		ck_assert_int_eq(memcmp(cold, spawning_record.field[AUDIT_LAYERS].s.p, n), 0);
		ck_assert_uint_gt(spawning_result.rss_bytes, 0);
	}
}
END_TEST

START_TEST(each_child_serves_one_call)
{
	pid_t before[WAITING_MOST], after[WAITING_MOST];
	unsigned n, m, same = 0;

	waiting_begin();
	for (uint64_t i = 2; i < 20; i++)
		waiting_call(i, SPAWN_DONE);
	n = children(before);
	for (uint64_t i = 20; i < 20 + WAITING_MOST; i++)
		waiting_call(i, SPAWN_DONE);
	m = children(after);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < m; k++)
			same += before[i] == after[k];
	ck_assert_uint_eq(same, 0);
	ck_assert_uint_le(m, POOL_EACH + 1);
}
END_TEST

START_TEST(a_child_that_is_killed_while_it_waits_costs_no_call)
{
	waiting_begin();
	for (uint64_t i = 2; i < 40; i++) {
		waiting_kill();
		waiting_call(i, SPAWN_DONE);
	}
	nothing_more_is_told();
}
END_TEST

/* The killing goes on beside the calls: each of them ends once, done or killed. */
START_TEST(children_killed_at_every_moment_end_their_calls_once)
{
	enum { CALLS = 400 };
	static struct written w[CALLS];
	unsigned done = 0, killed = 0;
	pid_t pid[WAITING_MOST];

	waiting_begin();
	for (unsigned i = 0; i < CALLS; i++) {
		unsigned n = children(pid);
		struct message m;

		/* Before, between and after sending and serving, by the turn of things. */
		if (n && i % 3 == 0)
			kill(pid[i % n], SIGKILL);
		waiting_put(&w[i], "/workspace/a", i + 2);
		for (unsigned spin = 0; spin < (i % 16) * 2000; spin++)
			__asm__ volatile("" ::: "memory");
		n = i % 3 == 1 ? children(pid) : n;
		if (n && i % 3)
			kill(pid[(i / 3) % n], SIGKILL);
		spawning_outcome(w[i].seq);
		ck_assert(spawning_take(&to_gate, MESSAGE_RESULT, &m));
		ck_assert_uint_eq(m.cookie, i + 2);
		memcpy(&spawning_result, m.body, sizeof spawning_result);
		ck_assert_msg(spawning_result.end == SPAWN_DONE || spawning_result.end == SPAWN_KILLED, "%.*s",
		              (int)spawning_result.nwhy,
		              m.body + sizeof spawning_result + spawning_result.nerror + spawning_result.nmessage);
		done += spawning_result.end == SPAWN_DONE;
		killed += spawning_result.end == SPAWN_KILLED;
	}
	ck_assert_uint_eq(done + killed, CALLS);
	ck_assert_uint_gt(done, 0);
	/* Who was killed last may still be ending. */
	waiting_kill();
	nothing_more_is_told();
}
END_TEST

/* It has the call and does nothing: the deadline holds, and nobody else gets the call. */
START_TEST(a_child_that_stands_still_is_killed_at_the_deadline)
{
	struct message_run head;
	struct part part[2];
	struct written w;
	struct record r;
	pid_t pid[WAITING_MOST];
	unsigned n;

	waiting_begin();
	n = children(pid);
	for (unsigned i = 0; i < n; i++)
		kill(pid[i], SIGSTOP);
	r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	written_encode(&w, &r);
	head = spawning_head(&w, 0);
	head.deadline = loop_clock() + 100000000;
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ w.bytes, w.n };
	spawning_put(&to_gate, MESSAGE_RUN, 2, part, 2, NULL, 0);
	expect_done(w.seq, 2, SPAWN_KILLED);
	ck_assert_ptr_nonnull(strstr(spawning_why, "the caller's deadline, after "));
	waiting_kill();
	nothing_more_is_told();
}
END_TEST

START_TEST(a_call_that_a_child_has_got_can_be_cancelled)
{
	struct written w;
	pid_t pid[WAITING_MOST];
	unsigned n;

	waiting_begin();
	n = children(pid);
	for (unsigned i = 0; i < n; i++)
		kill(pid[i], SIGSTOP);
	waiting_put(&w, "/workspace/a", 2);
	spawning_put(&to_gate, MESSAGE_CANCEL, 2, NULL, 0, NULL, 0);
	expect_done(w.seq, 2, SPAWN_KILLED);
	ck_assert_str_eq(spawning_why, "cancelled");
}
END_TEST

START_TEST(a_freeze_ends_what_waits)
{
	struct written w;

	waiting_begin();
	spawning_freeze("freeze", "somebody");
	waiting_call(2, SPAWN_DONE);
	children_are(1, WAITING_MOST);
	spawning_freeze("freeze", "builder");
	children_are(0, 0);
	waiting_put(&w, "/workspace/a", 3);
	expect_refused(w.seq, 3, "frozen");
	children_are(0, 0);
}
END_TEST

START_TEST(a_freeze_of_all_ends_what_waits)
{
	waiting_begin();
	spawning_freeze("freeze", NULL);
	children_are(0, 0);
}
END_TEST

START_TEST(an_agent_that_is_revoked_has_nothing_that_waits)
{
	struct written w;
	struct record r = { 0 };
	struct part part;

	waiting_begin();
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_ACTION, "revoke");
	record_text(&r, AUDIT_NAME, "builder");
	written_encode(&w, &r);
	part = (struct part){ w.bytes, w.n };
	spawning_put(&to_recorder, MESSAGE_NEWS, 0, &part, 1, NULL, 0);
	children_are(0, 0);
}
END_TEST

START_TEST(what_waits_ends_with_the_handlers_process)
{
	pid_t pid[WAITING_MOST];
	unsigned n;
	int left = 1;

	waiting_begin();
	n = children(pid);
	ck_assert_uint_gt(n, 0);
	kill(handler_pid, SIGKILL);
	for (int i = 0; i < WAITING_PATIENCE && left; i++) {
		left = 0;
		for (unsigned k = 0; k < n; k++)
			left += waiting_lives(pid[k]);
		poll(NULL, 0, 5);
	}
	ck_assert_int_eq(left, 0);
}
END_TEST

START_TEST(what_waits_ends_when_nobody_asks)
{
	waiting_begin();
	/* A class that nobody asks for in a whole window of 5 s is given up. */
	children_are(0, 0);
}
END_TEST

/* ---- what a child finds in its memory ---- */

static bool memory_holds(pid_t pid, const char *text, size_t n)
{
	char name[64], line[512];
	static char bytes[1 << 16];
	FILE *maps;
	bool found = false;
	int mem;

	snprintf(name, sizeof name, "/proc/%d/mem", pid);
	mem = open(name, O_RDONLY | O_CLOEXEC);
	snprintf(name, sizeof name, "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	ck_assert(mem >= 0 && maps);
	while (!found && fgets(line, sizeof line, maps)) {
		unsigned long from, to;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w' || to - from > (64UL << 20))
			continue;
		for (; from < to && !found; from += sizeof bytes - n) {
			ssize_t k = pread(mem, bytes, sizeof bytes, (off_t)from);

			found = k > 0 && memmem(bytes, (size_t)k, text, n);
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

/* A process of root's may look into those of the handlers. */
START_TEST(nothing_of_an_earlier_call_is_in_a_child_that_waits)
{
	static const char tail[] = "6d61726b6572-of-one-call";
	char file[64];
	struct written w;
	struct message m;
	pid_t pid[WAITING_MOST];
	unsigned n;

	if (geteuid() != 0)
		return;
	/* The words are in no program as a whole. */
	snprintf(file, sizeof file, "/workspace/%c%s", 'q', tail);
	waiting_begin();
	for (uint64_t i = 2; i < 12; i++) {
		waiting_put(&w, file, i);
		spawning_outcome(w.seq);
		ck_assert(spawning_take(&to_gate, MESSAGE_RESULT, &m));
		children_are(1, WAITING_MOST);
	}
	n = children(pid);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memory_holds(pid[i], file + strlen("/workspace/"), strlen(file) - strlen("/workspace/")));
	ck_assert(!memory_holds(handler_pid, file + strlen("/workspace/"), strlen(file) - strlen("/workspace/")));
	ck_assert(memory_holds(getpid(), file, strlen(file)));
}
END_TEST

/* ---- requests of somebody else, should the handlers' process ever send one ---- */

static const struct template_options options = { .find = builtin_find };
static struct template template = { .options = &options };

static uint32_t asked_as = AGENT_UID_NONE;

static uint32_t decided(const struct written *w, const char *agent, const struct pool_key *key, int workspace)
{
	struct asked asked = { .template = &template, .key = *key };
	struct child_plan plan = { .ctx = &asked };
	struct message_run run = spawning_head(w, 0);
	struct message_fork head = { .capability = 0, .uid = asked_as };
	struct part part[3] = { { &head, sizeof head }, { &run, sizeof run }, { w->bytes, w->n } };
	int fd[2] = { dup(STDOUT_FILENO), dup(workspace) }, pair[2], status;
	pid_t pid;

	krux_sha256((struct krux_str){ agent, strlen(agent) }, head.owner);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	plan.socket = pair[1];
	ck_assert_int_eq(channel_open(&template.request, -1, &spawning_err), 0);
	ck_assert_int_eq(message_send(pair[0], MESSAGE_FORK, w->seq, part, 3, fd, 2, &spawning_err), 1);
	fflush(NULL);
	pid = fork();
	/* What a child allocates ends with it. */
	if (!pid)
		_exit(asked_waits(&plan) ? (int)plan.decides(plan.ctx, plan.workspace) : 255);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	channel_close(&template.request);
	close(pair[0]);
	close(pair[1]);
	close(fd[0]);
	close(fd[1]);
	return (uint32_t)WEXITSTATUS(status);
}

START_TEST(a_child_refuses_a_request_of_somebody_else)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);
	struct pool_key key = { .profile = 0 }, other;
	char bundle[4300];
	struct stat st;

	written_encode(&w, &r);
	snprintf(bundle, sizeof bundle, "%s/../bundle", spawning_state.path);
	template.policy = loaded_open(bundle, spawning_state.trust, false, &spawning_err);
	ck_assert_msg(template.policy != NULL, "%s", spawning_err.text);
	template.rules = (struct warrant_rules){ .cap = template.policy->cap, .ncaps = template.policy->ncaps };
	memcpy(template.rules.bundle, template.policy->bundle.digest, HASH_LEN);
	ck_assert(!fstat(spawning_place.fd, &st));
	key.device = st.st_dev;
	key.inode = st.st_ino;
	key.uid = st.st_uid;
	key.gid = st.st_gid;
	krux_sha256(KRUX_STR("builder"), key.owner);
	ck_assert_uint_eq(decided(&w, "builder", &key, spawning_place.fd), 0);

	ck_assert_uint_eq(decided(&w, "other", &key, spawning_place.fd), CHILD_DENIED);
	other = key;
	krux_sha256(KRUX_STR("other"), other.owner);
	ck_assert_uint_eq(decided(&w, "builder", &other, spawning_place.fd), CHILD_DENIED);
	ck_assert_uint_eq(decided(&w, "other", &other, spawning_place.fd), CHILD_DENIED);
	ck_assert_uint_eq(decided(&w, "builder", &key, spawning_state.trust), CHILD_DENIED);
	other = key;
	other.uid++;
	ck_assert_uint_eq(decided(&w, "builder", &other, spawning_place.fd), CHILD_DENIED);
	other = key;
	other.profile++;
	ck_assert_uint_eq(decided(&w, "builder", &other, spawning_place.fd), CHILD_DENIED);
	loaded_close(template.policy);
}
END_TEST

/* What the spawner says that it runs as, and what its record says. */
START_TEST(a_child_runs_as_its_record_says)
{
	static const struct agent_uids some = { 70000, 3 };
	struct template_options as = options;
	char bundle[4300];
	struct stat st;
	struct pool_key key = { .profile = 0 };

	snprintf(bundle, sizeof bundle, "%s/../bundle", spawning_state.path);
	template.policy = loaded_open(bundle, spawning_state.trust, false, &spawning_err);
	ck_assert_msg(template.policy != NULL, "%s", spawning_err.text);
	template.rules = (struct warrant_rules){ .cap = template.policy->cap, .ncaps = template.policy->ncaps };
	memcpy(template.rules.bundle, template.policy->bundle.digest, HASH_LEN);
	as.agents = some;
	template.options = &as;
	ck_assert(!fstat(spawning_place.fd, &st));
	key.device = st.st_dev;
	key.inode = st.st_ino;
	key.uid = st.st_uid;
	key.gid = st.st_gid;
	krux_sha256(KRUX_STR("builder"), key.owner);
	for (uint32_t said = 70000; said < 70003; said++) {
		const uint8_t uid[] = { 0x81, 0x1A, 0, 1, 0x11, (uint8_t)said };
		struct written w;
		struct record r = written_request(&w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

		record_bytes(&r, AUDIT_RUNS_AS, uid, sizeof uid);
		written_encode(&w, &r);
		for (asked_as = 70000; asked_as < 70003; asked_as++)
			ck_assert_uint_eq(decided(&w, "builder", &key, spawning_place.fd), asked_as == said ? 0 : CHILD_DENIED);
	}
	asked_as = AGENT_UID_NONE;
	template.options = &options;
	loaded_close(template.policy);
}
END_TEST

/* ---- what it runs as ---- */

static bool planned_as(const struct agent_uids *agents, uint32_t uid)
{
	const struct template_options as = { .find = builtin_find, .agents = *agents };
	struct template t = { .options = &as, .policy = template.policy };
	struct message_fork head = { .capability = 0, .uid = uid };
	struct message m = { .kind = MESSAGE_FORK, .body = (const uint8_t *)&head, .n = sizeof head, .fd = { 0, 0 }, .nfds = 2 };
	struct child_plan plan = { .ctx = NULL };
	struct krux_err err = { 0 };
	struct asked asked;

	if (!asked_plan(&t, &m, &plan, &asked, &err)) {
		ck_assert_uint_eq(asked.uid, uid);
		return true;
	}
	ck_assert_str_eq(err.text, "a request for a uid that is no agent's");
	return false;
}

START_TEST(a_uid_is_one_of_those_that_the_parent_told_of)
{
	static const struct agent_uids none = { 0, 0 }, one = { 70000, 1 }, some = { 70000, 3 };
	char bundle[4300];

	snprintf(bundle, sizeof bundle, "%s/../bundle", spawning_state.path);
	template.policy = loaded_open(bundle, spawning_state.trust, false, &spawning_err);
	ck_assert_msg(template.policy != NULL, "%s", spawning_err.text);
	ck_assert(planned_as(&some, 70000) && planned_as(&some, 70002) && planned_as(&one, 70000));
	ck_assert(!planned_as(&some, 69999) && !planned_as(&some, 70003) && !planned_as(&one, 70001));
	ck_assert(!planned_as(&some, 0) && !planned_as(&some, AGENT_UID_NONE));
	ck_assert(planned_as(&none, AGENT_UID_NONE));
	ck_assert(!planned_as(&none, 0) && !planned_as(&none, 70000) && !planned_as(&none, AGENT_UID_NONE - 1));
	loaded_close(template.policy);
}
END_TEST

/* ---- what groups of calls are to have ---- */

START_TEST(a_workspace_in_memory_has_room_of_its_own)
{
	const struct krux_effect effect[] = { { .kind = KRUX_EFFECT_READS }, { .kind = KRUX_EFFECT_WRITES } };
	struct krux_capability cap = { .effect = effect, .neffects = 2, .limit = { [KRUX_LIMIT_MEMORY] = 64 << 20, [KRUX_LIMIT_PIDS] = 1, [KRUX_LIMIT_OUTPUT] = 1 << 20 } };
	struct loaded policy = { .cap = &cap, .ncaps = 1 };
	struct template t = { .policy = &policy, .memory = UINT64_C(4) << 30 };
	struct asked asked = { .template = &t };
	struct child_plan plan = { .workspace = open("/", O_PATH | O_CLOEXEC), .output = 1 << 20 };
	struct group_limits l = call_limits(&asked, &plan);
	struct statfs fs;

	ck_assert_uint_eq(l.memory, (64 << 20) + BUILTIN_ROOM);
	ck_assert_uint_eq(l.pids, 1);
	ck_assert(!fstatfs(plan.workspace, &fs));
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		ck_assert_uint_eq(l.files, 0);
	plan.command = &cap;
	l = call_limits(&asked, &plan);
	ck_assert_uint_eq(l.memory, (64 << 20) + command_memory(&plan));
	ck_assert_uint_eq(l.pids, 2);
	plan.snapshot = true;
	ck_assert_uint_gt(call_limits(&asked, &plan).memory, l.memory);
	close(plan.workspace);
	/* Of a size that nobody has set. */
	plan = (struct child_plan){ .workspace = memfd_create("workspace", MFD_CLOEXEC) };
	ck_assert_uint_eq(call_limits(&asked, &plan).files, t.memory);
	/* A command commits what its limit is, at most. */
	plan.command = &cap;
	ck_assert_uint_eq(call_limits(&asked, &plan).files, 64 << 20);
	cap.neffects = 1;
	ck_assert_uint_eq(call_limits(&asked, &plan).files, 0);
	close(plan.workspace);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spawner_pool");
	TCase *t = tcase_create("children");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, spawning_setup, spawning_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_call_of_a_child_that_waited_says_the_same_layers);
	tcase_add_test(t, each_child_serves_one_call);
	tcase_add_test(t, a_child_that_is_killed_while_it_waits_costs_no_call);
	tcase_add_test(t, children_killed_at_every_moment_end_their_calls_once);
	tcase_add_test(t, a_child_that_stands_still_is_killed_at_the_deadline);
	tcase_add_test(t, a_call_that_a_child_has_got_can_be_cancelled);
	tcase_add_test(t, a_freeze_ends_what_waits);
	tcase_add_test(t, a_freeze_of_all_ends_what_waits);
	tcase_add_test(t, an_agent_that_is_revoked_has_nothing_that_waits);
	tcase_add_test(t, what_waits_ends_with_the_handlers_process);
	tcase_add_test(t, what_waits_ends_when_nobody_asks);
	tcase_add_test(t, nothing_of_an_earlier_call_is_in_a_child_that_waits);
	tcase_add_test(t, a_child_refuses_a_request_of_somebody_else);
	tcase_add_test(t, a_child_runs_as_its_record_says);
	tcase_add_test(t, a_uid_is_one_of_those_that_the_parent_told_of);
	tcase_add_test(t, a_workspace_in_memory_has_room_of_its_own);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
