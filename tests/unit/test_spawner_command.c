/* Commands through a spawner and its handlers' process: children that wait for them, and what they leave to each other. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

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

static const char shell[] = "/usr/bin/dash";

/* ---- what a program sees of the calls before ---- */

/* It dies where it finds anything. */
static const char nothing_left[] = "[ -e /tmp/left ] && kill -9 $$; : > /tmp/left; [ -e /workspace/left ] && kill -9 $$\n"
	": > /workspace/left; printf 'x' > /workspace/other; ls -d /proc/[0-9]* > /dev/null; exit 0\n";

START_TEST(calls_leave_nothing_to_the_next)
{
	waiting_begin();
	spawning_file("a", nothing_left);
	for (uint64_t i = 2; i < 22; i++)
		waiting_call(i, SPAWN_DONE);
}
END_TEST

/* ---- freezing ---- */

/* State of the program of the one call that runs; 0: there is none. */
static char program_state(void)
{
	pid_t pid[WAITING_MOST];
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char found = 0;
	unsigned n = waiting_processes(WAITING_CHILD, pid);

	ck_assert_ptr_nonnull(proc);
	while (!found && (e = readdir(proc))) {
		char path[300], state = 0;
		int parent = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
		f = fopen(path, "re");
		if (f && fscanf(f, "%*d (%*[^)]) %c %d", &state, &parent) == 2)
			for (unsigned i = 0; i < n; i++)
				if (parent == pid[i] && state != 'Z')
					found = state;
		if (f)
			fclose(f);
	}
	closedir(proc);
	return found;
}

static void state_until(const char *states)
{
	char state = 0;

	for (int i = 0; i < WAITING_PATIENCE; i++) {
		state = program_state();
		if (state && strchr(states, state))
			return;
		poll(NULL, 0, 5);
	}
	ck_abort_msg("the program is in state %c, not one of %s", state ? state : '-', states);
}

/* Groups of calls that are there, and whether one of them stands still. */
static unsigned groups_count(bool *still)
{
	DIR *dir = fdopendir(openat(spawning_group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	*still = false;
	while ((e = readdir(dir))) {
		uint64_t frozen = 0;
		int fd;

		if (e->d_type != DT_DIR || *e->d_name == '.')
			continue;
		fd = openat(spawning_group, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*still |= fd >= 0 && cgroup_get(fd, "cgroup.events", "frozen", &frozen) && frozen;
		close(fd);
		n++;
	}
	closedir(dir);
	return n;
}

/* Through its group, where it has one: who stands still so is in no state of its own. */
static void stands_until(bool stands)
{
	bool still = !stands;

	if (spawning_group < 0) {
		state_until(stands ? "T" : "RSD");
		return;
	}
	for (int i = 0; i < WAITING_PATIENCE && still != stands; i++) {
		groups_count(&still);
		poll(NULL, 0, 5);
	}
	ck_assert_int_eq(still, stands);
}

static bool has_word(enum audit_field f, const char *word)
{
	const struct krux_str list = spawning_record.field[f].s;
	uint8_t item[32] = { (uint8_t)(0x60 | strlen(word)) };

	/* As CBOR: its head says how long it is. */
	ck_assert_uint_lt(strlen(word), 24);
	memcpy(item + 1, word, strlen(word));
	return memmem(list.p, list.n, item, strlen(word) + 1) != NULL;
}

static bool has_layer(const char *word)
{
	return has_word(AUDIT_LAYERS, word);
}

static bool has_used(const char *word)
{
	return has_word(AUDIT_USAGE, word);
}

static bool group_has(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "call-0/%s", name);
	return !faccessat(spawning_group, path, F_OK, 0);
}

START_TEST(groups_are_used_again)
{
	bool still;

	waiting_begin();
	spawning_file("a", "exit 0\n");
	for (uint64_t i = 2; i < 42; i++)
		waiting_call(i, SPAWN_DONE);
	/* What the record says was on. */
	ck_assert_int_eq(spawning_group >= 0, has_layer("cgroup"));
	ck_assert_int_eq(spawning_group >= 0, has_used("user"));
	ck_assert_int_eq(spawning_group >= 0, has_used("written"));
	if (spawning_group < 0)
		return;
	ck_assert_uint_lt(groups_count(&still), 20);
	ck_assert_int_eq(group_has("memory.max"), has_layer("cgroup.memory"));
	ck_assert_int_eq(group_has("pids.max"), has_layer("cgroup.pids"));
}
END_TEST

START_TEST(a_program_stands_still_while_frozen)
{
	struct written w;

	waiting_begin();
	spawning_file("a", "until [ -s /workspace/a.go ]; do :; done\n");
	waiting_put(&w, "/workspace/a", 2);
	state_until("RSD");
	spawning_freeze("freeze", "builder");
	stands_until(true);
	spawning_freeze("thaw", "builder");
	stands_until(false);
	waiting_kill();
	expect_done(w.seq, 2, SPAWN_KILLED);
}
END_TEST

/* A freeze and its end that nobody has heard yet; also before the child is there, since a freeze ends those that wait. */
START_TEST(a_freeze_that_is_over_holds_nothing)
{
	struct written w;

	waiting_begin();
	spawning_file("a.go", "");
	spawning_file("a", "until [ -s /workspace/a.go ]; do :; done\n");
	for (uint64_t i = 2; i < 12; i++) {
		waiting_put(&w, "/workspace/a", i);
		for (int n = 0; n < 10; n++) {
			spawning_freeze("freeze", "builder");
			spawning_freeze("thaw", "builder");
		}
		spawning_file("a.go", "go");
		expect_done(w.seq, i, SPAWN_DONE);
		spawning_file("a.go", "");
	}
}
END_TEST

/* ---- limits that are missing ---- */

START_TEST(without_its_limits_nothing_runs)
{
	struct written w;

	spawning_file("a", "exit 0\n");
	waiting_put(&w, "/workspace/a", 2);
	expect_refused(w.seq, 2, "this machine lacks cgroup.memory");
	ck_assert_ptr_nonnull(strstr(spawning_why, "--allow-missing cgroup.memory"));
}
END_TEST

/* ---- as who ---- */

static void command_setup(void)
{
	const char *build = getenv("BUILD");

	spawning_command = shell;
	spawning_changes = true;
	spawning_programs = realpath(build ? build : "build", NULL);
	ck_assert_ptr_nonnull(spawning_programs);
	spawning_setup();
}

static void read_only_setup(void)
{
	spawning_command = shell;
	spawning_setup();
}

static void strict_setup(void)
{
	spawning_waives = false;
	command_setup();
}

static void rootless_setup(void)
{
	spawning_command = shell;
	spawning_changes = true;
	spawning_rootless = true;
	spawning_setup();
}

static char group_name[32];
static int group_above = -1;

/* Where there is no cgroup v2 to be had, the same without. */
static void grouped_setup(void)
{
	snprintf(group_name, sizeof group_name, "krux-test-%d", getpid());
	group_above = cgroup_own(NULL);
	if (group_above >= 0) {
		spawning_group = cgroup_make(group_above, group_name, NULL);
		cgroup_pass(spawning_group);
	}
	command_setup();
}

static void grouped_teardown(void)
{
	spawning_teardown();
	if (spawning_group < 0)
		return;
	/* Children of who was killed end by themselves, and not at once. */
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
	tcase_set_timeout(t, 120);
	tcase_add_test(t, calls_leave_nothing_to_the_next);
	tcase_add_test(t, groups_are_used_again);
	tcase_add_test(t, a_program_stands_still_while_frozen);
	tcase_add_test(t, a_freeze_that_is_over_holds_nothing);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("spawner_command");
	TCase *strict = tcase_create("no group");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(strict, spawning_once, spawning_finally);
	tcase_add_checked_fixture(strict, strict_setup, spawning_teardown);
	tcase_add_test(strict, without_its_limits_nothing_runs);
	suite_add_tcase(s, strict);

	add(s, "programs", command_setup, spawning_teardown);
	add(s, "groups", grouped_setup, grouped_teardown);
	add(s, "read only", read_only_setup, spawning_teardown);
	add(s, "rootless", rootless_setup, spawning_teardown);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
