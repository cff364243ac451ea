/* What a command changed, where the disk fails or the call is ended at any one step of putting it in place: each path is as
 * it was or as the program left it, the answer says which, and the next call finds nothing of this one. */
#include "tests/unit/commanding.h"
#include "tests/unit/faulty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 200 };

static const char script[] = "cd /workspace; printf A > a; printf n > new; rm d/b; mkdir x; printf z > x/z";

static void none(void)
{
	faulty_set("step", 0, 0, 0);
	faulty_set("fsync", 0, 0, 0);
}

static bool is_there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* ---- the trash ---- */

static int is_entry(const struct dirent *e)
{
	return strlen(e->d_name) == 24;
}

static int trash_count(void)
{
	struct dirent **e;
	int n = scandir("workspace/.krux/trash", &e, is_entry, NULL);

	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++)
		free(e[i]);
	free(e);
	return n;
}

/* The one deletion that has a thing in it holds that. False: there is none. */
static bool trash_has(const char *origin, const char *text)
{
	struct dirent **e;
	char path[320];
	bool found = false;
	int n = scandir("workspace/.krux/trash", &e, is_entry, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "workspace/.krux/trash/%s/item", e[i]->d_name);
		if (is_there(path)) {
			ck_assert(!found);
			found = true;
			IS(path, text);
			snprintf(path, sizeof path, "workspace/.krux/trash/%s/origin", e[i]->d_name);
			IS(path, origin);
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return found;
}

static void nothing_unfinished(void)
{
	DIR *dir = opendir("workspace/.krux/trash/tmp");
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)))
		ck_assert_msg(e->d_name[0] == '.', "%s", e->d_name);
	closedir(dir);
}

/* ---- one failure ---- */

/* Is the path in that list of the answer. */
static bool is_said(const char *list, const char *path)
{
	char word[64];
	const char *from = strstr(commands_json, list), *to = from ? strchr(from, ']') : NULL, *at;

	ck_assert_msg(to != NULL, "%s", commands_json);
	snprintf(word, sizeof word, "\"%s\"", path);
	at = strstr(from, word);
	return at && at < to;
}

/* Says the answer of a path what happened to it? */
static void path_said(const char *path, bool is_changed)
{
	if (commands_result.end != SPAWN_DONE)
		return;
	ck_assert_msg(is_said("\"changed\"", path) == is_changed, "%s %d: %s", path, is_changed, commands_json);
	if (!is_changed)
		ck_assert_msg(is_said("\"refused\"", path) || !strcmp(path, "/workspace/x/z"), "%s: %s", path, commands_json);
}

static bool file_done(const char *file, const char *before, const char *after)
{
	char path[64];
	const char *text;
	bool done;

	snprintf(path, sizeof path, "/%s", file);
	text = commands_get(file);
	done = !strcmp(text, after);
	ck_assert_msg(done || !strcmp(text, before), "%s: %s", file, text);
	path_said(path, done);
	return done;
}

static void workspace_again(void)
{
	ck_assert(!system("rm -rf workspace/x workspace/new workspace/.krux"));
	commands_put("workspace/a", "a");
	commands_put("workspace/d/b", "b");
	commands_own();
}

/* False: it did not come to that step. */
static bool step_failed(int step, int no)
{
	bool reached;

	workspace_again();
	commands_make(TREES, script);
	faulty_set("step", step, 1, no);
	commands_call(TREES, "/workspace");
	reached = faulty_calls("step") > step;
	none();
	file_done("workspace/a", "a", "A");
	file_done("workspace/new", "-", "n");
	file_done("workspace/x/z", "-", "z");
	path_said("/workspace/x", is_there("workspace/x"));
	path_said("/workspace/d/b", !is_there("workspace/d/b"));
	ck_assert(trash_has("/workspace/d/b", "b") != is_there("workspace/d/b"));
	if (!reached)
		ck_assert(!strcmp(commands_get("workspace/x/z"), "z") && !is_there("workspace/d/b"));
	commands_sh(TREES, "/workspace", "cd /workspace; printf 2 > again");
	DONE();
	HAS("\"changed\":[\"/workspace/again\"]");
	ck_assert(!unlink("workspace/again"));
	nothing_unfinished();
	return reached;
}

enum { FAILS, ENDS, KINDS };

START_TEST(any_one_step_fails)
{
	int step = 0;

	if (!commands_setup(getuid() ? USER : AGENT))
		return;
	while (step < STEPS && step_failed(step, _i == ENDS ? 0 : step % 2 ? EIO : ENOSPC))
		step++;
	ck_assert_int_gt(step, 20);
	ck_assert_int_lt(step, STEPS);
	commands_teardown();
}
END_TEST

/* What each of them had open is closed, and its folder of the trash gone. */
START_TEST(many_steps_fail)
{
	enum { FILES = 200 };
	char name[64];

	if (!commands_setup(getuid() ? USER : AGENT))
		return;
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "workspace/d/f%d", i);
		commands_put(name, "f");
	}
	commands_own();
	commands_make(TREES, "cd /workspace/d; rm f*");
	faulty_set("fsync", 0, 10 * FILES, EIO);
	ck_assert(!commands_call(TREES, "/workspace"));
	none();
	DONE();
	HAS("\"changed\":[]");
	HAS("Input/output error");
	LACKS("Too many open files");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "workspace/d/f%d", i);
		IS(name, "f");
	}
	ck_assert_int_eq(trash_count(), 0);
	commands_teardown();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("commit");
	TCase *tc = tcase_create("commit");
	SRunner *runner;
	int bad;

	(void)argc;
	faulty_load(argv);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, any_one_step_fails, 0, KINDS);
	tcase_add_test(tc, many_steps_fail);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad != 0;
}
