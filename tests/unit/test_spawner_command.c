/* Commands through a spawner and its handlers' process: children that wait for them, and what they leave to each other. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

#include <check.h>
#include <dirent.h>
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

START_TEST(a_program_stands_still_while_frozen)
{
	struct written w;

	waiting_begin();
	spawning_file("a", "until [ -s /workspace/a.go ]; do :; done\n");
	waiting_put(&w, "/workspace/a", 2);
	state_until("RSD");
	spawning_freeze("freeze", "builder");
	state_until("T");
	spawning_freeze("thaw", "builder");
	state_until("RSD");
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

static void rootless_setup(void)
{
	spawning_command = shell;
	spawning_changes = true;
	spawning_rootless = true;
	spawning_setup();
}

static void add(Suite *s, const char *name, void (*setup)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_checked_fixture(t, setup, spawning_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, calls_leave_nothing_to_the_next);
	tcase_add_test(t, a_program_stands_still_while_frozen);
	tcase_add_test(t, a_freeze_that_is_over_holds_nothing);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("spawner_command");
	SRunner *r = srunner_create(s);
	int failed;

	add(s, "programs", command_setup);
	add(s, "read only", read_only_setup);
	add(s, "rootless", rootless_setup);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
