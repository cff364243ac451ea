/* The daemon's parent with stand-ins for recorder, gate and spawner: starts, reloads, ends, and
 * processes that are killed at random moments while calls run. */
#include "tests/unit/daemon_peers.h"

#include "runtime/base/err.h"
#include "runtime/base/loop.h"
#include "runtime/base/state.h"
#include "runtime/front/daemon.h"
#include "runtime/front/listen.h"
#include "runtime/sandbox/cgroup.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], agent_path[100], supervisor_path[100], bundle_path[100];
static struct listen_socket agent, supervisor;
static struct state state;
static struct krux_err err;
static pid_t daemon_pid;
static int cgroup, cgroup_above, memory;
static uint64_t drain_ns, start_ns;

/* The letter of the process's state in /proc, and its parent; 0: there is none. */
static char state_of(pid_t pid, pid_t *parent)
{
	char path[64], name[64], letter = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%63[^)]) %c %d", name, &letter, parent) != 3)
		letter = 0;
	fclose(f);
	return letter;
}

static bool state_wait(pid_t pid, char letter)
{
	pid_t parent;

	for (int i = 0; i < 10000 && state_of(pid, &parent) != letter; i++)
		nap(1);
	return state_of(pid, &parent) == letter;
}

/* ---- the test's own side ---- */

static void bundle_write(size_t n)
{
	char next[128];
	int fd;

	snprintf(next, sizeof next, "%s.next", bundle_path);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert(fd >= 0 && !ftruncate(fd, (off_t)n));
	close(fd);
	ck_assert(!rename(next, bundle_path));
}

static void daemon_start(void)
{
	int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	daemon_pid = fork();
	if (!daemon_pid) {
		struct daemon_plan plan = {
			.start = { .parts = { { self, self, self, self, self, self } }, .state = &state, .keys = state.log, .engine = "test", .uid_base = 60870 },
			.bundle_path = bundle_path, .bundle = open(bundle_path, O_RDONLY | O_CLOEXEC),
			.agent = &agent, .supervisor = &supervisor, .cgroup = cgroup,
			.start_ns = start_ns, .drain_ns = drain_ns, .leave_ns = 2000000000, .pause_ns = 1000000,
		};
		int code = daemon_run(&plan);

		/* Nothing is left behind. */
		if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
			code = 99;
		_exit(code);
	}
	close(self);
}

static void serving_wait(uint64_t generation)
{
	for (int i = 0; i < 30000 && shared->generation < generation; i++)
		nap(1);
	ck_assert_uint_ge(shared->generation, generation);
}

static int daemon_wait(void)
{
	int status;

	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
	for (int i = 0; i < ROLES; i++)
		ck_assert(!alive(shared->pid[i]));
	for (unsigned i = 0; i < shared->ncalls && i < CALLS; i++)
		ck_assert(!alive(shared->call[i]));
	ck_assert_uint_eq(shared->too_early, 0);
	ck_assert_uint_eq(shared->orders, 0);
	return WEXITSTATUS(status);
}

static bool daemon_lives(void)
{
	siginfo_t info = { .si_pid = 0 };

	return !waitid(P_PID, (id_t)daemon_pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

/* By a descriptor: what has the number by now may be a stranger. */
static bool member_kill(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	pid_t parent = 0;
	bool good = fd >= 0 && state_of(pid, &parent) && parent == daemon_pid &&
		!syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);

	if (fd >= 0)
		close(fd);
	return good;
}

static int daemon_end(void)
{
	kill(daemon_pid, SIGTERM);
	return daemon_wait();
}

/* -1 where it may not be looked at. */
static int descriptors(void)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", daemon_pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int children(void)
{
	char path[64];
	int n = 0, pid;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", daemon_pid, daemon_pid);
	f = fopen(path, "r");
	while (f && fscanf(f, "%d", &pid) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

/* The generation that serves has lost nobody, as far as the test sees into it. */
static bool serves_whole(void)
{
	volatile pid_t *member = shared->member[shared->generation];

	return alive(member[PROCESS_GATE]) && alive(member[PROCESS_SPAWNER]) && alive(member[PROCESS_HANDLER]);
}

static int reach(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), rc;

	memcpy(at.sun_path, agent_path, sizeof agent_path);
	rc = connect(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	return rc;
}

static void paths_make(void)
{
	snprintf(folder, sizeof folder, "/tmp/krux-daemon-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(agent_path, sizeof agent_path, "%.60s/agent", folder);
	snprintf(supervisor_path, sizeof supervisor_path, "%.60s/supervisor", folder);
	snprintf(bundle_path, sizeof bundle_path, "%.60s/bundle", folder);
	bundle_write(10);
	state = (struct state){ folder, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1, -1, -1, -1, NULL };
	state.log = dup(state.fd);
	state.blobs = dup(state.fd);
	state.trust = memory;
	state.trash = dup(state.fd);
}

static void setup(void)
{
	memory = memfd_create("shared", MFD_CLOEXEC);
	ck_assert(memory >= 0 && !ftruncate(memory, sizeof *shared));
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	drain_ns = 300000000;
	start_ns = 30000000000;
	paths_make();
	cgroup = cgroup_above = -1;
	ck_assert(!listen_make(agent_path, 0666, (gid_t)-1, &agent, &err));
	ck_assert(!listen_make(supervisor_path, 0600, (gid_t)-1, &supervisor, &err));
}

static void setup_user(void)
{
	if (!geteuid())
		ck_assert(!setresgid(65533, 65533, 65533) && !setresuid(65533, 65533, 65533));
	setup();
}

static char group[32];

/* Where there is no cgroup v2 to be had, the same without. */
static void setup_cgroup(void)
{
	setup();
	snprintf(group, sizeof group, "krux-test-%d", getpid());
	cgroup_above = cgroup_own(NULL);
	if (cgroup_above >= 0)
		cgroup = cgroup_make(cgroup_above, group, NULL);
}

static void teardown(void)
{
	listen_close(&agent);
	listen_close(&supervisor);
	unlink(bundle_path);
	ck_assert(!rmdir(folder));
	if (cgroup >= 0) {
		/* Of the generations' groups none is left. */
		ck_assert(!unlinkat(cgroup_above, group, AT_REMOVEDIR));
	}
}

START_TEST(it_starts_and_ends)
{
	daemon_start();
	serving_wait(1);
	ck_assert_int_eq(reach(), 0);
	ck_assert_int_eq(daemon_end(), 0);
	ck_assert_uint_eq(shared->gone, 1);
	ck_assert_uint_eq(shared->starts, 1);
}
END_TEST

START_TEST(a_bundle_that_is_refused_ends_it_with_2)
{
	shared->refuse_bundle = true;
	daemon_start();
	ck_assert_int_eq(daemon_wait(), 2);
	ck_assert_uint_eq(shared->starts, 0);
	ck_assert_uint_eq(shared->gone, 1);
	ck_assert_int_lt(reach(), 0);
}
END_TEST

START_TEST(a_log_that_is_refused_ends_it_with_3)
{
	shared->refuse_log = true;
	daemon_start();
	ck_assert_int_eq(daemon_wait(), 3);
	ck_assert_int_eq(shared->pid[PROCESS_GATE], 0);
}
END_TEST

START_TEST(a_generation_that_never_becomes_ready_ends_it_with_3)
{
	shared->silent = true;
	start_ns = 1000000000;
	daemon_start();
	ck_assert_int_eq(daemon_wait(), 3);
}
END_TEST

START_TEST(a_reload_hands_over)
{
	daemon_start();
	for (uint64_t n = 1; n <= 20; n++) {
		serving_wait(n);
		ck_assert_uint_eq(shared->bundle_size, 9 + n);
		ck_assert_int_eq(reach(), 0);
		bundle_write(10 + n);
		kill(daemon_pid, SIGHUP);
	}
	serving_wait(21);
	ck_assert_int_eq(daemon_end(), 0);
	ck_assert_uint_eq(shared->handovers, 20);
	ck_assert_uint_eq(shared->dones, 20);
	ck_assert_uint_eq(shared->gone, 21);
}
END_TEST

START_TEST(a_reload_that_is_refused_changes_nothing)
{
	daemon_start();
	serving_wait(1);
	shared->refuse_bundle = true;
	kill(daemon_pid, SIGHUP);
	for (int i = 0; i < 10000 && !shared->gone; i++)
		nap(1);
	ck_assert_uint_eq(shared->gone, 1);
	shared->refuse_bundle = false;
	bundle_write(77);
	/* What serves is the bundle of before, also when it has to start again. */
	kill(shared->member[1][PROCESS_SPAWNER], SIGKILL);
	serving_wait(3);
	ck_assert_uint_eq(shared->bundle_size, 10);
	ck_assert(!unlink(bundle_path));
	kill(daemon_pid, SIGHUP);
	nap(50);
	ck_assert_int_eq(reach(), 0);
	bundle_write(10);
	ck_assert_int_eq(daemon_end(), 0);
}
END_TEST

START_TEST(a_gate_that_does_not_drain_is_killed)
{
	uint64_t start;

	shared->stuck = true;
	daemon_start();
	serving_wait(1);
	start = loop_clock();
	ck_assert_int_eq(daemon_end(), 0);
	ck_assert_uint_ge(loop_clock() - start, 250000000);
	ck_assert_uint_eq(shared->gone, 1);
}
END_TEST

/* No signal waits for the parent, and it has done what the last one asked for. */
static bool signals_taken(void)
{
	char path[64], line[128];
	unsigned long long waiting = 1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", daemon_pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f) && sscanf(line, "ShdPnd: %llx", &waiting) != 1)
		;
	if (f)
		fclose(f);
	return !waiting && state_wait(daemon_pid, 'S');
}

/* What it is told cannot reach it, since it is about to exit: it may do so by itself. */
START_TEST(a_gate_that_has_closed_its_channel_is_not_killed)
{
	shared->deaf = true;
	drain_ns = 30000000000;
	daemon_start();
	serving_wait(1);
	kill(daemon_pid, SIGTERM);
	for (int i = 0; i < 10000 && !signals_taken(); i++)
		nap(1);
	shared->may_leave = true;
	ck_assert(flag_wait(&shared->left));
	ck_assert_int_eq(daemon_wait(), 0);
}
END_TEST

START_TEST(a_second_signal_does_not_wait)
{
	shared->stuck = true;
	drain_ns = 30000000000;
	daemon_start();
	serving_wait(1);
	kill(daemon_pid, SIGTERM);
	nap(20);
	kill(daemon_pid, SIGINT);      /* too soon to be meant */
	nap(600);
	ck_assert(alive(daemon_pid));
	kill(daemon_pid, SIGTERM);
	ck_assert_int_eq(daemon_wait(), 0);
}
END_TEST

START_TEST(a_recorder_that_dies_ends_everything_with_3)
{
	daemon_start();
	serving_wait(1);
	nap(30);
	kill(shared->pid[PROCESS_RECORDER], SIGKILL);
	ck_assert_int_eq(daemon_wait(), 3);
	ck_assert_uint_eq(shared->gone, 0);
}
END_TEST

/* The parent hears that one of the two is ready, then that it has ended, then, before the end of the other
 * which it kills, that this is ready too. It is stopped in between, and of one that is traced the end is
 * heard when the tracer says so; where that is not allowed, the order is left to luck. */
START_TEST(what_ends_before_the_other_is_ready_never_serves)
{
	static const enum process_kind order[2][2] = { { PROCESS_GATE, PROCESS_SPAWNER },
		                                       { PROCESS_SPAWNER, PROCESS_GATE } };
	const enum process_kind first = order[_i][0], last = order[_i][1];
	volatile pid_t *member = shared->member[2];
	bool traced;

	daemon_start();
	serving_wait(1);
	shared->hold = true;
	kill(daemon_pid, SIGHUP);
	for (int i = 0; i < 10000 && !(member[first] && member[last]); i++)
		nap(1);
	shared->may[first] = true;
	ck_assert(flag_wait(&shared->heard[first]));
	kill(daemon_pid, SIGSTOP);
	ck_assert(state_wait(daemon_pid, 'T'));
	kill(member[first], SIGKILL);
	ck_assert(state_wait(member[first], 'Z'));
	shared->may[last] = true;
	ck_assert(flag_wait(&shared->said[last]));
	traced = !ptrace(PTRACE_SEIZE, member[last], NULL, NULL);
	shared->hold = false;
	kill(daemon_pid, SIGCONT);
	if (traced) {
		ck_assert(state_wait(member[last], 'Z'));
		state_wait(daemon_pid, 'S');
		ck_assert_int_eq(waitpid(member[last], NULL, __WALL), member[last]);
	}
	for (int i = 0; i < 10000 && !shared->gone && daemon_lives(); i++)
		nap(1);
	ck_assert(daemon_lives());
	ck_assert_uint_eq(shared->gone, 1);
	/* The one before still serves. */
	ck_assert_uint_eq(shared->generation, 1);
	ck_assert_uint_eq(shared->handovers, 0);
	ck_assert_int_eq(daemon_end(), 0);
}
END_TEST

/* Gates and spawners at random moments, in between a reload: sockets stay, GONE comes once for each
 * generation and never early, nothing leaks. */
START_TEST(killed_at_random_moments)
{
	pid_t at = 0;
	unsigned kills = getenv("KRUX_KILLS") ? (unsigned)atoi(getenv("KRUX_KILLS")) : 60, ends = 0;
	int before, members = 0, fds = 0;

	daemon_start();
	serving_wait(1);
	before = descriptors();
	srand((unsigned)getpid());
	/* How many ends one generation meets is a matter of how long the next takes to start: so it goes on until enough have served. */
	while ((ends < kills || shared->generation < kills / 4) && shared->generation < 250) {
		static const enum process_kind kinds[] = { PROCESS_GATE, PROCESS_GATE, PROCESS_SPAWNER, PROCESS_HANDLER };
		enum process_kind kind = kinds[rand() % 4];

		nap((unsigned)rand() % 30);
		if (rand() % 8 == 0)
			kill(daemon_pid, SIGHUP);
		/* Of the generation that serves, or of one that just starts. */
		at = rand() % 4 ? shared->member[shared->generation][kind] : shared->pid[kind];
		if (at && member_kill(at))
			ends++;
		ck_assert_int_eq(reach(), 0);
		ck_assert(daemon_lives());
		if (rand() % 4 == 0)
			serving_wait(shared->generation);
	}
	/* While there are calls, some that nobody waits for are the daemon's children too. */
	shared->calm = true;
	for (int i = 0; i < 30000 && alive(at); i++)
		nap(1);
	/* Looked at once: a signal that is still under way may start another generation at any time. */
	for (int i = 0; i < 30000 && !(members == 6 && fds == before && serves_whole()); i++) {
		members = children();
		fds = descriptors();
		nap(1);
	}
	ck_assert_int_eq(members, 6);
	ck_assert_int_eq(fds, before);
	serving_wait(kills / 4);
	ck_assert_int_eq(reach(), 0);
	ck_assert_int_eq(daemon_end(), 0);
	ck_assert_uint_ge(shared->gone, shared->generation);
}
END_TEST

/* The parent itself: what it has started ends with it. */
START_TEST(a_parent_that_is_killed_leaves_nothing)
{
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	daemon_start();
	serving_wait(1);
	nap(50);
	kill(daemon_pid, SIGKILL);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	for (int i = 0; i < 30000 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		nap(1);
	for (int i = 0; i < ROLES; i++)
		ck_assert(!alive(shared->pid[i]));
	if (cgroup >= 0)
		cgroup_remove(cgroup, "generation-1", NULL);
}
END_TEST

static TCase *cases(const char *name, void (*begin)(void))
{
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 300);
	tcase_add_checked_fixture(c, begin, teardown);
	tcase_add_test(c, it_starts_and_ends);
	tcase_add_test(c, a_bundle_that_is_refused_ends_it_with_2);
	tcase_add_test(c, a_log_that_is_refused_ends_it_with_3);
	tcase_add_test(c, a_generation_that_never_becomes_ready_ends_it_with_3);
	tcase_add_test(c, a_reload_hands_over);
	tcase_add_test(c, a_reload_that_is_refused_changes_nothing);
	tcase_add_test(c, a_gate_that_does_not_drain_is_killed);
	tcase_add_test(c, a_gate_that_has_closed_its_channel_is_not_killed);
	tcase_add_test(c, a_second_signal_does_not_wait);
	tcase_add_test(c, a_recorder_that_dies_ends_everything_with_3);
	tcase_add_loop_test(c, what_ends_before_the_other_is_ready_never_serves, 0, 2);
	tcase_add_test(c, killed_at_random_moments);
	tcase_add_test(c, a_parent_that_is_killed_leaves_nothing);
	return c;
}

int main(int argc, char **argv)
{
	Suite *s;
	SRunner *r;
	int failed;

	for (unsigned kind = 0; kind < PROCESS_PROGRAMS; kind++)
		if (argc == 1 && !strncmp(argv[0], "krux-", 5) && !strcmp(argv[0] + 5, process_word(kind)))
			_exit(peer_run(kind));
	s = suite_create("daemon");

	suite_add_tcase(s, cases("root", setup));
	suite_add_tcase(s, cases("user", setup_user));
	suite_add_tcase(s, cases("cgroup", setup_cgroup));
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
