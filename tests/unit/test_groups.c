/* Control groups of calls: what is in one stands still, goes on and ends at once; what it was limited in and what came of it
 * is known; it is used again. Where there is no cgroup v2 to be had, nothing of it is tried, nor are limits without
 * their controllers: the guest has both. */
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/groups.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 2000, ALL = 100, MOST_KEPT = 96 };
static const struct group_limits wide = { 256 << 20, 100, 0 }, narrow = { 32 << 20, 4, 0 },
	middle = { 48 << 20, 7, 8 << 20 };
static int held[2];

static struct groups groups;
static struct krux_err err;
static int above = -1;
static char name[32];

static void setup(void)
{
	int folder;

	snprintf(name, sizeof name, "krux-test-%d", getpid());
	above = cgroup_own(NULL);
	if (above < 0)
		return;
	folder = cgroup_make(above, name, &err);
	ck_assert_msg(folder >= 0, "%s", err.text);
	cgroup_pass(folder);
	ck_assert_msg(!groups_open(&groups, folder, "call-", ALL, &err), "%s", err.text);
}

static void teardown(void)
{
	if (above < 0)
		return;
	groups_close(&groups);
	ck_assert(!cgroup_remove(above, name, &err));
	close(above);
}

static struct cgroup *take(const struct group_limits *limits)
{
	struct cgroup *one = groups_take(&groups, limits, &err);

	ck_assert_msg(one != NULL, "%s", err.text);
	group_begin(one);
	return one;
}

/* A process in it that does this. */
static pid_t run(const struct cgroup *one, int (*go)(void))
{
	pid_t pid = cgroup_fork(one->fd);

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(go());
	return pid;
}

static int ended(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int nothing(void)
{
	return 0;
}

/* With one below it, which would outlive it. */
static int wait_on(void)
{
	if (fork() < 0)
		return errno;
	while (pause())
		;
	return 0;
}

START_TEST(all_of_it_ends_at_once)
{
	struct group_end end;
	struct cgroup *one;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&wide);
	pid = run(one, wait_on);
	ck_assert(!cgroup_empty(one->fd));
	ck_assert(group_signal(one, SIGKILL));
	ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	ck_assert(cgroup_empty(one->fd));
	groups_give(&groups, one, false, &end);
	ck_assert(end.own && !end.out_of_memory && !end.refused);
	ck_assert_uint_eq(end.has, groups.has);
}
END_TEST

static int pause_on(void)
{
	while (pause())
		;
	return 0;
}

START_TEST(it_stands_still_and_goes_on)
{
	struct group_end end;
	struct cgroup *one, *next;
	uint64_t still = 0;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&wide);
	pid = run(one, wait_on);
	ck_assert(group_signal(one, SIGSTOP));
	for (int i = 0; i < PATIENCE && !still; i++) {
		ck_assert(cgroup_get(one->fd, "cgroup.events", "frozen", &still));
		poll(NULL, 0, 5);
	}
	ck_assert_uint_eq(still, 1);
	ck_assert(group_signal(one, SIGCONT));
	ck_assert(group_signal(one, SIGSTOP));
	/* It ends in that state too, and the next call's knows nothing of it. */
	ck_assert(group_signal(one, SIGKILL));
	ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	groups_give(&groups, one, false, &end);
	next = take(&wide);
	ck_assert_int_eq(ended(run(next, nothing)), 0);
	groups_give(&groups, next, false, &end);
}
END_TEST

static void has_limits(const struct cgroup *one, const struct group_limits *l)
{
	uint64_t n;

	if (groups.has & CGROUP_MEMORY) {
		ck_assert(cgroup_get(one->fd, "memory.max", NULL, &n));
		ck_assert_uint_eq(n, l->memory + l->files);
		ck_assert(cgroup_get(one->fd, "memory.swap.max", NULL, &n));
		ck_assert_uint_eq(n, 0);
		ck_assert(cgroup_get(one->fd, "memory.oom.group", NULL, &n));
		ck_assert_uint_eq(n, 1);
	}
	if (groups.has & CGROUP_PIDS) {
		ck_assert(cgroup_get(one->fd, "pids.max", NULL, &n));
		ck_assert_uint_eq(n, l->pids);
	}
}

START_TEST(it_is_used_again)
{
	struct cgroup *one, *other;
	struct group_end end;

	if (above < 0)
		return;
	one = take(&wide);
	other = take(&narrow);
	has_limits(one, &wide);
	has_limits(other, &narrow);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, false, &end);
	groups_give(&groups, other, false, &end);
	/* That of the same limits first, else the last one, with others. */
	ck_assert_ptr_eq(take(&wide), one);
	groups_give(&groups, one, false, &end);
	ck_assert_ptr_eq(take(&middle), one);
	has_limits(one, &middle);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, false, &end);
}
END_TEST

/* A child that waits does not know yet whose call it gets. */
START_TEST(limits_change_before_its_call)
{
	struct cgroup *one;
	struct group_end end;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&narrow);
	pid = run(one, pause_on);
	ck_assert(!groups_limit(&groups, one, &wide, &err));
	has_limits(one, &wide);
	ck_assert(!groups_limit(&groups, one, &middle, &err));
	has_limits(one, &middle);
	ck_assert(!kill(pid, SIGKILL));
	ended(pid);
	groups_give(&groups, one, true, &end);
	ck_assert_ptr_eq(take(&middle), one);
	groups_give(&groups, one, true, &end);
}
END_TEST

static int hold(void)
{
	char *p = mmap(NULL, 24 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || (memset(p, 1, 24 << 20), write(held[1], "", 1)) != 1)
		return 1;
	return pause_on();
}

/* The kernel would look for memory to take back, and then end what is in it, while its writer waits. */
START_TEST(a_limit_is_not_set_below_what_is_used)
{
	struct cgroup *one;
	struct group_end end;
	char byte;
	pid_t pid;

	if (above < 0 || !(groups.has & CGROUP_MEMORY))
		return;
	ck_assert(!pipe(held));
	one = take(&wide);
	pid = run(one, hold);
	ck_assert_int_eq(read(held[0], &byte, 1), 1);
	ck_assert(groups_limit(&groups, one, &narrow, &err));
	ck_assert_str_eq(err.text, "too much of earlier calls lies in the control group: Device or resource busy");
	has_limits(one, &wide);
	ck_assert(!kill(pid, SIGKILL));
	ended(pid);
	groups_give(&groups, one, true, &end);
	close(held[0]);
	close(held[1]);
}
END_TEST

/* Who has not left it makes it nobody else's, and is ended when it is looked at once more. */
START_TEST(one_that_is_not_empty_is_not_used_again)
{
	struct cgroup *one, *next;
	struct group_end end;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&wide);
	pid = run(one, wait_on);
	groups_give(&groups, one, false, &end);
	ck_assert(groups_tend(&groups));
	next = take(&wide);
	ck_assert_ptr_ne(next, one);
	groups_give(&groups, next, false, &end);
	ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
	for (int i = 0; i < PATIENCE && groups.leaving; i++) {
		poll(NULL, 0, 5);
		groups_tend(&groups);
	}
	/* What was killed once is made anew. */
	ck_assert(!groups.leaving && one->fd < 0);
}
END_TEST

/* Who is a moment longer there than its parent hears of its end: then the group is as good as before. */
START_TEST(one_that_is_empty_soon_is_used_again)
{
	struct group_end end;
	struct cgroup *one;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&wide);
	pid = run(one, pause_on);
	groups_give(&groups, one, true, &end);
	ck_assert(!kill(pid, SIGKILL));
	ended(pid);
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	groups_tend(&groups);
	ck_assert(!groups.leaving);
	ck_assert_ptr_eq(take(&wide), one);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, true, &end);
}
END_TEST

/* Whoever is in one that is kept. */
START_TEST(one_that_others_have_entered_is_not_used_again)
{
	struct cgroup *one, *next;
	struct group_end end;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&wide);
	groups_give(&groups, one, false, &end);
	ck_assert(!groups_tend(&groups));
	pid = run(one, pause_on);
	next = take(&wide);
	ck_assert_ptr_ne(next, one);
	ck_assert_int_eq(ended(run(next, nothing)), 0);
	groups_give(&groups, next, false, &end);
	ck_assert(groups_tend(&groups) && !groups_tend(&groups));
	ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
}
END_TEST

/* It would be refused a process by one that nobody has waited for. */
START_TEST(one_that_still_counts_somebody_is_not_used_again)
{
	const struct group_limits single = { 64 << 20, 1, 0 };
	struct group_end end;
	struct cgroup *one;
	siginfo_t info;
	pid_t pid;

	if (above < 0)
		return;
	one = take(&single);
	pid = run(one, nothing);
	ck_assert(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	groups_give(&groups, one, true, &end);
	one = take(&single);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, true, &end);
	ck_assert_int_eq(ended(pid), 0);
}
END_TEST

START_TEST(there_are_no_more_than_so_many)
{
	struct cgroup *all[ALL];
	struct group_end end;

	if (above < 0)
		return;
	for (int i = 0; i < ALL; i++)
		all[i] = take(i & 1 ? &wide : &narrow);
	ck_assert_ptr_null(groups_take(&groups, &wide, &err));
	ck_assert_str_eq(err.text, "too many control groups are in use");
	for (int i = 0; i < ALL; i++)
		groups_give(&groups, all[i], false, &end);
	ck_assert(!groups_tend(&groups));
	ck_assert_uint_eq(groups.nidle, MOST_KEPT);
	/* All are those of other limits: one gives way. */
	for (int i = 0; i < ALL; i++)
		all[i] = take(&(const struct group_limits){ 64 << 20, 7, 0 });
	for (int i = 0; i < ALL; i++)
		groups_give(&groups, all[i], false, &end);
}
END_TEST

static int hog(void)
{
	for (int i = 0; i < 64; i++) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		memset(p, 1, 1 << 20);
	}
	return 0;
}

START_TEST(memory_has_a_limit)
{
	struct group_end end;
	struct cgroup *one;
	int status;

	if (above < 0 || !(groups.has & CGROUP_MEMORY))
		return;
	one = take(&narrow);
	status = ended(run(one, hog));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	groups_give(&groups, one, false, &end);
	ck_assert(end.out_of_memory);
	/* The next call has not been ended, and has all of the memory. */
	ck_assert_ptr_eq(take(&narrow), one);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, false, &end);
	ck_assert(!end.out_of_memory);
	one = take(&wide);
	ck_assert_int_eq(ended(run(one, hog)), 0);
	groups_give(&groups, one, false, &end);
	ck_assert(!end.out_of_memory);
}
END_TEST

static int bomb(void)
{
	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno;
		if (!pid)
			for (;;)
				pause();
	}
	return 0;
}

static int shared = -1;

static int write_shared(void)
{
	static char part[1 << 20];

	for (int i = 0; i < 12; i++)
		if (write(shared, part, sizeof part) != sizeof part)
			return errno;
	return 0;
}

/* A file in memory stays after the call that wrote it: the next ones do not pay for it. */
START_TEST(what_stays_is_not_the_next_ones)
{
	struct group_end end;
	struct cgroup *one;

	if (above < 0 || !(groups.has & CGROUP_MEMORY))
		return;
	shared = memfd_create("workspace", MFD_CLOEXEC);
	ck_assert_int_ge(shared, 0);
	for (int i = 0; i < 10; i++) {
		one = take(&narrow);
		ck_assert_int_eq(ended(run(one, write_shared)), 0);
		groups_give(&groups, one, false, &end);
		ck_assert(!end.out_of_memory);
	}
	close(shared);
}
END_TEST

/* Of a workspace in memory, which may be filled; beyond that it is the call's memory again. */
START_TEST(files_in_memory_can_have_room_of_their_own)
{
	const struct group_limits roomy = { narrow.memory, narrow.pids, 24 << 20 };
	struct group_end end;
	struct cgroup *one;
	int status;

	if (above < 0 || !(groups.has & CGROUP_MEMORY))
		return;
	shared = memfd_create("workspace", MFD_CLOEXEC);
	ck_assert_int_ge(shared, 0);
	one = take(&roomy);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ended(run(one, write_shared)), 0);
	groups_give(&groups, one, false, &end);
	ck_assert(!end.out_of_memory);
	/* With that in it, it is nobody else's. */
	one = take(&roomy);
	has_limits(one, &roomy);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	status = ended(run(one, hog));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	groups_give(&groups, one, false, &end);
	ck_assert(end.out_of_memory);
	close(shared);
}
END_TEST

START_TEST(processes_have_a_limit)
{
	struct group_end end;
	struct cgroup *one;
	int status;

	if (above < 0 || !(groups.has & CGROUP_PIDS))
		return;
	one = take(&narrow);
	status = ended(run(one, bomb));
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EAGAIN);
	ck_assert(group_signal(one, SIGKILL));
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	groups_give(&groups, one, false, &end);
	ck_assert_uint_eq(end.refused, 1);
	one = take(&narrow);
	ck_assert_int_eq(ended(run(one, nothing)), 0);
	groups_give(&groups, one, false, &end);
	ck_assert_uint_eq(end.refused, 0);
}
END_TEST

/* ---- those that are left ---- */

static bool is_there(const char *group)
{
	return !faccessat(groups.above, group, F_OK, 0);
}

START_TEST(nobody_gets_one_that_others_live_in)
{
	CLEAN_FD int fd = -1;
	pid_t pid;

	if (above < 0)
		return;
	fd = cgroup_make(groups.above, "other", &err);
	ck_assert_int_ge(fd, 0);
	pid = run(&(struct cgroup){ .fd = fd }, pause_on);
	ck_assert_int_lt(cgroup_make(groups.above, "other", &err), 0);
	ck_assert_str_eq(err.text, "make the cgroup other: Device or resource busy");
	ck_assert(!cgroup_kill(fd, &err));
	ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
	close(cgroup_make(groups.above, "other", &err));
	ck_assert(!cgroup_remove(groups.above, "other", &err) && !is_there("other"));
}
END_TEST

/* Of a daemon that was killed, the group that it went to as well. */
START_TEST(what_is_left_is_swept)
{
	static const char *const left[] = { "krux-", "krux-self-", "krux-try-" };
	char gone[32], ours[32];
	CLEAN_FD int fd = -1;
	pid_t owner = fork(), pid;

	if (!owner)
		_exit(0);
	ended(owner);
	if (above < 0)
		return;
	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		snprintf(gone, sizeof gone, "%s%d", left[i], owner);
		snprintf(ours, sizeof ours, "%s%d", left[i], getpid());
		fd = cgroup_make(groups.above, gone, &err);
		ck_assert_int_ge(fd, 0);
		close(cgroup_make(groups.above, ours, &err));
		pid = run(&(struct cgroup){ .fd = fd }, pause_on);
		ck_assert_msg(!cgroup_sweep(groups.above, "krux-", &err), "%s", err.text);
		ck_assert_int_eq(WTERMSIG(ended(pid)), SIGKILL);
		ck_assert(!is_there(gone) && is_there(ours));
		ck_assert(!cgroup_remove(groups.above, ours, &err));
		cleanup_fd(&fd);
		fd = -1;
	}
}
END_TEST

/* ---- a daemon's own group ---- */

static bool others_have(int group)
{
	int below = cgroup_make(group, "one", NULL);
	bool has = below >= 0 && cgroup_has(below) == CGROUP_CONTROLLERS;

	close(below);
	cgroup_remove(group, "one", NULL);
	return has;
}

/* Alone in a group it goes out of the way of those below, and back; number of the step that went wrong. */
static int settle(void)
{
	int own = cgroup_own(NULL), now, rc = 0;
	uint64_t n;

	if (own < 0 || others_have(own))
		return 1;
	cgroup_settle("self");
	now = cgroup_own(NULL);
	/* Groups are made where they would have been. */
	if (!others_have(now) || cgroup_get(own, "cgroup.procs", NULL, &n))
		rc = 2;
	close(now);
	cgroup_unsettle();
	if (!rc && (others_have(own) || !cgroup_get(own, "cgroup.procs", NULL, &n) || n != (uint64_t)getpid() ||
	            !faccessat(own, "self", F_OK, 0)))
		rc = 3;
	return rc;
}

/* Where others live too it stays, and nothing changes. */
static int settle_among_others(void)
{
	int own = cgroup_own(NULL), rc = 0;
	pid_t other = fork();
	uint64_t n;

	if (!other)
		while (pause())
			;
	cgroup_settle("self");
	if (others_have(own) || !faccessat(own, "self", F_OK, 0) || !cgroup_get(own, "cgroup.procs", NULL, &n))
		rc = 1;
	cgroup_unsettle();
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	return rc;
}

START_TEST(a_daemon_makes_way_for_its_groups)
{
	struct group_end end;
	struct cgroup *one;

	if (above < 0 || groups.has != CGROUP_CONTROLLERS)
		return;
	one = take(&wide);
	ck_assert_int_eq(ended(run(one, settle)), 0);
	ck_assert_int_eq(ended(run(one, settle_among_others)), 0);
	groups_give(&groups, one, false, &end);
}
END_TEST

/* ---- what a call used ---- */

enum { BURNT_MS = 200 };

static uint64_t burnt_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* In one that nobody waits for. */
static int burn(void)
{
	int fd[2] = { -1, -1 };
	const bool piped = !pipe(fd);
	pid_t pid = fork();
	char byte;

	if (pid) {
		close(fd[1]);
		return !piped || pid < 0 || read(fd[0], &byte, 1) != 0;
	}
	while (burnt_ms() < BURNT_MS)
		;
	return 0;
}

static int touch(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	memset(p, 1, n);
	return 0;
}

static int touch_much(void)
{
	return touch(20 << 20);
}

static int touch_more(void)
{
	return touch(40 << 20);
}

/* Nothing lives in it when its call has ended: what is not waited for is a moment longer there. */
static struct group_end used_by(struct cgroup *one, int (*go)(void))
{
	struct group_end end;

	ck_assert_int_eq(ended(run(one, go)), 0);
	for (int i = 0; i < PATIENCE && !cgroup_empty(one->fd); i++)
		poll(NULL, 0, 5);
	groups_give(&groups, one, false, &end);
	return end;
}

START_TEST(the_time_is_that_of_all_its_processes)
{
	struct group_end end;
	struct cgroup *one;

	if (above < 0)
		return;
	one = take(&wide);
	end = used_by(one, burn);
	ck_assert(end.timed && used_knows(&end.used, USED_USER) && used_knows(&end.used, USED_SYSTEM));
	ck_assert_uint_ge(end.cpu_ns, BURNT_MS * UINT64_C(1000000));
	/* Of calls before, and of a child before its call, nothing counts. */
	ck_assert_ptr_eq(take(&wide), one);
	end = used_by(one, nothing);
	ck_assert_uint_lt(end.cpu_ns, BURNT_MS * UINT64_C(1000000));
	ck_assert_ptr_eq(take(&wide), one);
	ck_assert_int_eq(ended(run(one, burn)), 0);
	group_begin(one);
	end = used_by(one, nothing);
	ck_assert_uint_lt(end.cpu_ns, BURNT_MS * UINT64_C(1000000));
}
END_TEST

/* Where nothing counts anew, a call that needs less than one before it has no number. */
START_TEST(the_greatest_is_its_own)
{
	const uint64_t much = 20 << 20, more = 40 << 20;
	struct group_end end;
	struct cgroup *one;
	bool anew;

	if (above < 0 || !(groups.has & CGROUP_MEMORY) || (one = take(&wide), faccessat(one->fd, "memory.peak", F_OK, 0)))
		return;
	end = used_by(one, touch_much);
	ck_assert(used_knows(&end.used, USED_MEMORY) && !used_knows(&end.used, USED_BEFORE));
	ck_assert_uint_ge(end.used.n[USED_MEMORY], much);
	ck_assert_uint_lt(end.used.n[USED_MEMORY], more);
	ck_assert_ptr_eq(take(&wide), one);
	anew = one->mark.own;
	end = used_by(one, nothing);
	ck_assert_int_eq(used_knows(&end.used, USED_MEMORY), anew);
	if (anew)
		ck_assert_uint_lt(end.used.n[USED_MEMORY], much);
	ck_assert_ptr_eq(take(&wide), one);
	end = used_by(one, touch_more);
	ck_assert(used_knows(&end.used, USED_MEMORY) && used_knows(&end.used, USED_BEFORE));
	ck_assert_uint_ge(end.used.n[USED_MEMORY], more);
}
END_TEST

/* As without cgroup v2. */
START_TEST(there_may_be_none)
{
	struct groups none;

	ck_assert(!groups_open(&none, -1, "call-", ALL, &err));
	ck_assert_uint_eq(none.has, 0);
	groups_close(&none);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("groups");
	TCase *t = tcase_create("groups");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_of_it_ends_at_once);
	tcase_add_test(t, it_stands_still_and_goes_on);
	tcase_add_test(t, it_is_used_again);
	tcase_add_test(t, limits_change_before_its_call);
	tcase_add_test(t, a_limit_is_not_set_below_what_is_used);
	tcase_add_test(t, one_that_is_not_empty_is_not_used_again);
	tcase_add_test(t, one_that_is_empty_soon_is_used_again);
	tcase_add_test(t, one_that_others_have_entered_is_not_used_again);
	tcase_add_test(t, one_that_still_counts_somebody_is_not_used_again);
	tcase_add_test(t, there_are_no_more_than_so_many);
	tcase_add_test(t, nobody_gets_one_that_others_live_in);
	tcase_add_test(t, what_is_left_is_swept);
	tcase_add_test(t, memory_has_a_limit);
	tcase_add_test(t, what_stays_is_not_the_next_ones);
	tcase_add_test(t, files_in_memory_can_have_room_of_their_own);
	tcase_add_test(t, processes_have_a_limit);
	tcase_add_test(t, a_daemon_makes_way_for_its_groups);
	tcase_add_test(t, there_may_be_none);
	tcase_add_test(t, the_time_is_that_of_all_its_processes);
	tcase_add_test(t, the_greatest_is_its_own);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
