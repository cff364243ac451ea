/* What an agent, or whoever shares its workspace, may put there to lead a handler astray: links of
 * both kinds, pipes, names of any bytes, trees of any size, names that change while a call runs;
 * and handlers that do not keep what the capability promises. */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capspec/schema.h"
#include "compiler/base/builtin.h"
#include "runtime/base/err.h"
#include "stdlib-caps/common/place.h"
#include "tests/unit/handler_calls.h"

#define SETUP(ns) do { if (!calls_setup(_i, ns)) return; } while (0)

/* ---- links ---- */

START_TEST(symbolic_links_are_not_followed)
{
	static const char *const links[] = { "/workspace/l", "/workspace/d/f", "/workspace/loop", "/workspace/gone" };
	char json[256];

	SETUP("filesystem");
	file_put("outside/f", "outside");
	ck_assert(!symlink("../outside/f", "workspace/l") && !symlink("../outside", "workspace/d") &&
	          !symlink("loop", "workspace/loop") && !symlink("nowhere", "workspace/gone"));
	for (size_t i = 0; i < 4; i++) {
		snprintf(json, sizeof json, "{\"path\":\"%s\"}", links[i]);
		calls_fail("filesystem.read", json, "Symlink");
		calls_fail("filesystem.list", json, "Symlink");
		snprintf(json, sizeof json, "{\"path\":\"%s\",\"content\":\"x\"}", links[i]);
		calls_fail("filesystem.write", json, "Symlink");
		calls_fail("filesystem.append", json, "Symlink");
		snprintf(json, sizeof json, "{\"path\":\"%s\",\"find\":\"o\",\"replace\":\"x\"}", links[i]);
		calls_fail("filesystem.edit", json, "Symlink");
		snprintf(json, sizeof json, "{\"path\":\"%s\",\"text\":\"outside\"}", links[i]);
		calls_fail("filesystem.search_content", json, "Symlink");
		snprintf(json, sizeof json, "{\"source\":\"%s\",\"destination\":\"/workspace/x\"}", links[i]);
		calls_fail("filesystem.copy", json, "Symlink");
		calls_fail("filesystem.move", json, "Symlink");
	}
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/d/f\"}", "Symlink");
	calls_fail("filesystem.stat", "{\"path\":\"/workspace/d/f\"}", "Symlink");
	calls_fail("filesystem.watch", "{\"path\":\"/workspace/d\",\"timeout\":\"100ms\"}", "Symlink");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/d/new/x\",\"content\":\"x\",\"create_parents\":true}",
	           "Symlink");
	calls_ok("filesystem.stat", "{\"path\":\"/workspace/l\"}", "\"type\":\"symlink\"", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"f\"}", "\"total\":0", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"outside\"}", "\"total\":0", NULL);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/d\"}", NULL);
	ck_assert(file_is("outside/f", "outside") && !there("outside/new"));
	calls_teardown();
}
END_TEST

START_TEST(hard_links_are_not_written)
{
	SETUP("filesystem");
	file_put("outside/f", "outside");
	ck_assert(!link("outside/f", "workspace/f"));
	calls_fail("filesystem.write", "{\"path\":\"/workspace/f\",\"content\":\"x\"}", "HardLinked");
	calls_fail("filesystem.append", "{\"path\":\"/workspace/f\",\"content\":\"x\"}", "HardLinked");
	calls_fail("filesystem.edit", "{\"path\":\"/workspace/f\",\"find\":\"outside\",\"replace\":\"x\"}", "HardLinked");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/f\","
	           "\"overwrite\":true}", "HardLinked");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/f\","
	           "\"overwrite\":true}", "HardLinked");
	ck_assert(file_is("outside/f", "outside") && there("workspace/readme.md"));
	calls_ok("filesystem.stat", "{\"path\":\"/workspace/f\"}", "\"links\":2", NULL);
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/f\",\"destination\":\"/workspace/g\"}", NULL);
	calls_teardown();
}
END_TEST

START_TEST(the_store_is_not_led_astray)
{
	SETUP("system");
	ck_assert(!symlink("../outside", "workspace/.krux"));
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"x\"}", "IoError");
	ck_assert(!unlink("workspace/.krux") && !mkdir("workspace/.krux", 0700) &&
	          !symlink("../../outside", "workspace/.krux/trash"));
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"x\"}", "IoError");
	ck_assert(!unlink("workspace/.krux/trash") && !rmdir("workspace/.krux"));
	file_put("workspace/.krux", "");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"x\"}", "IoError");
	ck_assert(!rmdir("outside"));
	calls_teardown();
}
END_TEST

/* ---- other things than files ---- */

START_TEST(pipes_and_sockets_stop_nobody)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "workspace/sock" };
	int s;

	SETUP("filesystem");
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert(!mkfifo("workspace/pipe", 0644) && !bind(s, (struct sockaddr *)&un, sizeof un));
	calls_fail("filesystem.read", "{\"path\":\"/workspace/pipe\"}", "NotAFile");
	calls_fail("filesystem.read", "{\"path\":\"/workspace/sock\"}", "NotAFile");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/pipe\",\"content\":\"x\"}", "NotAFile");
	calls_fail("filesystem.append", "{\"path\":\"/workspace/pipe\",\"content\":\"x\"}", "NotAFile");
	calls_ok("filesystem.list", "{}", "\"name\":\"pipe\",\"type\":\"other\"", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"x\"}", NULL);
	calls_fail("filesystem.search_content", "{\"path\":\"/workspace/pipe\",\"text\":\"x\"}", "NotAFile");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/pipe\",\"destination\":\"/workspace/x\"}", "Special");
	mkdir("workspace/d", 0755);
	ck_assert(!rename("workspace/pipe", "workspace/d/pipe") && !symlink("x", "workspace/d/link"));
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "Special");
	ck_assert(!there("workspace/e"));
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\","
	         "\"skip_special\":true}", "\"skipped\":2", "\"files\":0", NULL);
	calls_ok("filesystem.move", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/f\"}", "\"entries\":3", NULL);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/f\",\"recursive\":true}", NULL);
	close(s);
	calls_teardown();
}
END_TEST

/* What a deletion left is read without waiting: a pipe has no writer, a device may never answer. */
START_TEST(pipes_in_the_trash_stop_nobody)
{
	static const char folder[] = "workspace/.krux/trash/ffffffff00000000000000aa";
	static const char json[] = "{\"trash_id\":\"ffffffff00000000000000aa\",\"path\":\"/workspace/x\"}";
	char path[128];

	SETUP("filesystem");
	snprintf(path, sizeof path, "%s/origin", folder);
	ck_assert(!mkdir(folder, 0755) && !mkfifo(path, 0644));
	calls_fail("filesystem.restore", json, "NotFound");
	ck_assert_uint_lt(calls_result.wall_ns, 5000000000u);
	ck_assert(!unlink(path) && !mkdir(path, 0755));
	calls_fail("filesystem.restore", json, "NotFound");
	ck_assert(!rmdir(path));
	file_put(path, "/workspace/x");
	snprintf(path, sizeof path, "%s/item", folder);
	ck_assert(!mkfifo(path, 0644));
	calls_ok("filesystem.restore", json, "\"type\":\"other\"", NULL);
	calls_teardown();
}
END_TEST

START_TEST(names_of_any_bytes)
{
	SETUP("filesystem");
	mkdir("workspace/d", 0755);
	file_put("workspace/d/new\nline", "x");
	file_put("workspace/d/\"\\", "x");
	calls_ok("filesystem.list", "{\"path\":\"/workspace/d\"}", "\"total\":2", "new\\nline", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/d/new\\nline\"}", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"new*\"}", "\"total\":1", NULL);
	file_put("workspace/d/\xFF\xFE", "x");
	file_put("workspace/d/\xC3", "x");
	calls_ok("filesystem.list", "{\"path\":\"/workspace/d\"}", "\"total\":2", "\"skipped\":2", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"*\",\"path\":\"/workspace/d\"}", "\"total\":2", "\"skipped\":2", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"x\",\"path\":\"/workspace/d\"}", "\"total\":2", NULL);
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "NotAllowed");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "NotAllowed");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/d\",\"recursive\":true}", "NotAllowed");
	ck_assert(there("workspace/d/\xFF\xFE"));
	calls_teardown();
}
END_TEST

START_TEST(other_file_systems_are_not_entered)
{
	/* Before the workspace is opened, which then belongs to the new mount namespace. */
	bool mounts = geteuid() == 0 && !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);

	SETUP("filesystem");
	if (mounts && geteuid() == 0) {
		mkdir("workspace/mnt", 0755);
		ck_assert(!mount("none", "workspace/mnt", "tmpfs", 0, NULL));
		file_put("workspace/mnt/f", "x");
		calls_fail("filesystem.read", "{\"path\":\"/workspace/mnt/f\"}", "AccessDenied");
		calls_fail("filesystem.write", "{\"path\":\"/workspace/mnt/g\",\"content\":\"x\"}", "AccessDenied");
		calls_ok("filesystem.search", "{\"pattern\":\"f\"}", "\"total\":0", NULL);
		umount2("workspace/mnt", MNT_DETACH);
		/* Below an operand, a folder and a file: all or nothing. */
		mkdir("workspace/d", 0755);
		mkdir("workspace/d/mnt", 0755);
		file_put("workspace/d/f", "x");
		file_put("workspace/mounted", "x");
		ck_assert(!mount("none", "workspace/d/mnt", "tmpfs", 0, NULL));
		calls_fail("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "AccessDenied");
		calls_ok("filesystem.search_content", "{\"text\":\"x\",\"path\":\"/workspace/d\"}", "\"total\":1", "\"skipped\":1", NULL);
		umount2("workspace/d/mnt", MNT_DETACH);
		ck_assert(!mount("workspace/mounted", "workspace/d/f", NULL, MS_BIND, NULL));
		calls_fail("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "AccessDenied");
		calls_ok("filesystem.search_content", "{\"text\":\"x\",\"path\":\"/workspace/d\"}", "\"total\":0", "\"skipped\":1", NULL);
		umount2("workspace/d/f", MNT_DETACH);
		ck_assert(!there("workspace/e"));
	}
	calls_teardown();
}
END_TEST

/* ---- protected names ---- */

/* A path that the glob matches: what comes before, x for a star within a name, y for what comes
 * below. */
static void protected_sample(const char *glob, const char *before, char *out, size_t cap)
{
	size_t n = strlen(glob);
	bool tree = n > 3 && !strcmp(glob + n - 3, "/**");

	snprintf(out, cap, "%s%.*s%s", before, (int)(tree ? n - 6 : n - 3), glob + 3, tree ? "/y" : "");
	for (char *star = out; (star = strchr(star, '*')); star++)
		*star = 'x';
}

static const char *const protected_globs[] = {
#define PROTECTED(glob) glob,
#include "capspec/protected.def"
#undef PROTECTED
};

START_TEST(protected_names_are_the_system_policys)
{
	struct krux_str policy = builtin_system_policy();
	size_t stated = 0;
	char quoted[128];

	for (size_t i = 0; i < sizeof protected_globs / sizeof *protected_globs; i++) {
		snprintf(quoted, sizeof quoted, "it matches \"%s\"", protected_globs[i]);
		ck_assert_msg(memmem(policy.p, policy.n, quoted, strlen(quoted)) != NULL, "%s", quoted);
	}
	for (const char *p = policy.p; (p = memmem(p, (size_t)(policy.p + policy.n - p), "it matches \"", 12)); p++)
		stated++;
	ck_assert_uint_eq(stated, sizeof protected_globs / sizeof *protected_globs);
}
END_TEST

START_TEST(protected_names_stay)
{
	char path[256], json[512];

	SETUP("filesystem");
	for (size_t i = 0; i < sizeof protected_globs / sizeof *protected_globs; i++) {
		protected_sample(protected_globs[i], i % 2 ? "/workspace/" : "/workspace/a/b/", path, sizeof path);
		snprintf(json, sizeof json, "{\"path\":\"%s\",\"content\":\"x\",\"create_parents\":true}", path);
		calls_fail("filesystem.write", json, "Protected");
		snprintf(json, sizeof json, "{\"path\":\"%s\"}", path);
		calls_ok("filesystem.stat", json, "\"protected\":true", NULL);
		calls_fail("filesystem.delete", json, "Protected");
		snprintf(json, sizeof json, "{\"source\":\"/workspace/readme.md\",\"destination\":\"%s\","
		         "\"create_parents\":true}", path);
		calls_fail("filesystem.copy", json, "Protected");
		calls_fail("filesystem.move", json, "Protected");
	}
	ck_assert(!there("workspace/a") && !there("workspace/.git"));
	calls_teardown();
}
END_TEST

START_TEST(protected_names_stay_in_trees)
{
	SETUP("filesystem");
	mkdir("workspace/r", 0755);
	mkdir("workspace/r/.git", 0755);
	mkdir("workspace/r/.git/hooks", 0755);
	file_put("workspace/r/.git/hooks/pre-commit", "#!/bin/sh\n");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/r\",\"destination\":\"/workspace/s\"}", "Protected");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/r/.git\",\"destination\":\"/workspace/s\"}", "Protected");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/r\",\"destination\":\"/workspace/s\"}", "Protected");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/r\",\"recursive\":true}", "Protected");
	/* A harmless tree that its new name would make one. */
	mkdir("workspace/g", 0755);
	mkdir("workspace/g/hooks", 0755);
	file_put("workspace/g/hooks/pre-commit", "#!/bin/sh\n");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/g\",\"destination\":\"/workspace/.git\"}", "Protected");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/g\",\"destination\":\"/workspace/.git\"}", "Protected");
	ck_assert(!there("workspace/.git") && !there("workspace/s") && there("workspace/g/hooks/pre-commit"));
	/* The copy of what is below .git under another name runs nowhere. */
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/r/.git\",\"destination\":\"/workspace/s\"}", NULL);
	calls_teardown();
}
END_TEST

/* ---- trees of any size ---- */

static void deep_make(const char *top, int levels)
{
	int dir = open("workspace", O_RDONLY | O_DIRECTORY), next;

	for (int i = 0; i < levels; i++) {
		const char *name = i ? "d" : top;

		ck_assert(!mkdirat(dir, name, 0755));
		next = openat(dir, name, O_RDONLY | O_DIRECTORY);
		close(dir);
		dir = next;
	}
	close(dir);
}

START_TEST(deep_trees_end)
{
	SETUP("filesystem");
	deep_make("deep", 80);
	calls_ok("filesystem.search", "{\"pattern\":\"d\",\"limit\":1000}", "\"complete\":false", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"zzz\"}", "\"complete\":false", NULL);
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/deep\",\"destination\":\"/workspace/x\"}", "TooLarge");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/deep\",\"destination\":\"/workspace/x\"}", "TooLarge");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/deep\",\"recursive\":true}", "TooLarge");
	ck_assert(!there("workspace/x"));
	/* A deletion may well leave deep trees in the trash. */
	deep_make("less", 60);
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/less\",\"destination\":\"/workspace/y\"}", NULL);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/y\",\"recursive\":true}", "\"entries\":60", NULL);
	calls_teardown();
}
END_TEST

START_TEST(large_folders_end)
{
	char name[64];

	if (_i != AS_USER)
		return;
	SETUP("filesystem");
	mkdir("workspace/big", 0755);
	for (int i = 0; i < 10001; i++) {
		snprintf(name, sizeof name, "workspace/big/%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0644));
	}
	calls_ok("filesystem.list", "{\"path\":\"/workspace/big\",\"limit\":1}", "\"total\":10001", NULL);
	calls_ok("filesystem.search", "{\"path\":\"/workspace/big\",\"pattern\":\"*\",\"limit\":1}", "\"total\":10001",
	         "\"complete\":true", NULL);
	calls_fail("filesystem.move", "{\"source\":\"/workspace/big\",\"destination\":\"/workspace/x\"}", "TooLarge");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/big\",\"recursive\":true}", "TooLarge");
	unlink("workspace/big/0");
	calls_ok("filesystem.move", "{\"source\":\"/workspace/big\",\"destination\":\"/workspace/x\"}", "\"entries\":10001",
	         NULL);
	calls_teardown();
}
END_TEST

/* ---- names that change while a call runs ---- */

static pid_t swapper(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* d is a folder of the workspace and a link to outside, in turns, as fast as can be. */
	for (;;)
		renameat2(AT_FDCWD, "workspace/d", AT_FDCWD, "workspace/e", RENAME_EXCHANGE);
}

START_TEST(swapped_folders_lead_nowhere)
{
	struct timespec now;
	time_t end;
	pid_t pid;

	SETUP("filesystem");
	mkdir("workspace/d", 0755);
	file_put("workspace/d/f", "inside");
	file_put("outside/f", "outside");
	ck_assert(!symlink("../outside", "workspace/e"));
	pid = swapper();
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (end = now.tv_sec + 1; now.tv_sec < end; clock_gettime(CLOCK_MONOTONIC, &now)) {
		const char *got = calls_json("filesystem.read", "{\"path\":\"/workspace/d/f\"}");

		ck_assert_msg(strstr(got, "\"content\":\"outside\"") == NULL, "%s", got);
		calls_json("filesystem.write", "{\"path\":\"/workspace/d/w\",\"content\":\"x\"}");
		calls_json("filesystem.append", "{\"path\":\"/workspace/d/f\",\"content\":\"\"}");
		calls_json("filesystem.copy", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/d/c\","
		           "\"overwrite\":true}");
		got = calls_json("filesystem.search_content", "{\"text\":\"outside\"}");
		ck_assert_msg(strstr(got, "\"total\":0") != NULL, "%s", got);
		got = calls_json("filesystem.list", "{\"path\":\"/workspace/d\"}");
		ck_assert_msg(strstr(got, "\"size\":7") == NULL, "%s", got);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* How often it was the folder is chance; when nobody swaps any more, it is. */
	if (readlink("workspace/d", (char[2]){ 0 }, 1) > 0)
		renameat2(AT_FDCWD, "workspace/d", AT_FDCWD, "workspace/e", RENAME_EXCHANGE);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/d/f\"}", "\"content\":\"inside\"", NULL);
	ck_assert(file_is("outside/f", "outside") && !there("outside/w") && !there("outside/c"));
	calls_teardown();
}
END_TEST

START_TEST(changes_take_turns)
{
	pid_t pid[3];
	struct stat st;

	SETUP("filesystem");
	file_put("workspace/log", "");
	for (int p = 0; p < 3; p++) {
		pid[p] = fork();
		if (pid[p])
			continue;
		for (int i = 0; i < 20; i++) {
			if (i % 2)
				calls_ok("filesystem.append", "{\"path\":\"/workspace/log\",\"content\":\"1234567\\n\"}", NULL);
			else
				calls_ok("filesystem.edit", "{\"path\":\"/workspace/notes/list.txt\",\"find\":\"three\\n\","
				         "\"replace\":\"three\\n\"}", NULL);
		}
		_exit(0);
	}
	for (int p = 0; p < 3; p++) {
		int status;

		waitpid(pid[p], &status, 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert(!stat("workspace/log", &st));
	ck_assert_int_eq(st.st_size, 3 * 10 * 8);
	calls_teardown();
}
END_TEST

/* What waits for its turn has looked up nothing yet: the folder may get a protected name meanwhile. */
START_TEST(turns_begin_before_the_look_up)
{
	int lock, status;
	pid_t pid;

	SETUP("filesystem");
	ck_assert(!mkdir("workspace/x", 0755));
	lock = open("workspace", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(lock >= 0 && !flock(lock, LOCK_EX));
	pid = fork();
	if (!pid) {
		close(lock);
		calls_fail("filesystem.write", "{\"path\":\"/workspace/x/config\",\"content\":\"evil\"}",
		           "ParentNotFound");
		_exit(0);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	ck_assert(!rename("workspace/x", "workspace/.git"));
	close(lock);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert(!there("workspace/.git/config"));
	calls_teardown();
}
END_TEST

START_TEST(killed_calls_leave_nothing)
{
	struct krux_capability *copy;
	struct krux_member m[2] = { { KRUX_STR("source"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("/workspace/many") } },
	                            { KRUX_STR("destination"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("/workspace/c") } } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { m, 2 } };
	char name[64];

	SETUP("filesystem");
	mkdir("workspace/many", 0755);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "workspace/many/%d", i);
		file_put(name, "x");
	}
	copy = calls_capability("filesystem.copy");
	copy->limit[KRUX_LIMIT_WALL] = 10000000;
	ck_assert(calls_spawn(copy, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_KILLED);
	ck_assert_str_eq(calls_result.why, "wall 10ms");
	ck_assert(!there("workspace/c"));
	calls_ok("filesystem.write", "{\"path\":\"/workspace/w\",\"content\":\"\"}", NULL);
	ck_assert(!rmdir("workspace/.krux/trash/tmp"));
	calls_teardown();
}
END_TEST

/* ---- handlers that break their promise ---- */

START_TEST(answers_are_held_to_their_type)
{
	struct krux_member m = { KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("/workspace/readme.md") } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { &m, 1 } };
	struct krux_capability *cap;

	SETUP("filesystem");
	cap = calls_capability("filesystem.stat");
	ck_assert(calls_spawn(cap, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_DONE);
	ck_assert_uint_eq(calls_result.nlayers, 14);
	ck_assert_uint_gt(calls_result.rss_bytes, 0);
	cap->output = calls_capability("filesystem.read")->output;
	ck_assert(calls_spawn(cap, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_BROKEN);
	/* An error that the capability does not declare. */
	cap = calls_capability("filesystem.list");
	ck_assert(calls_spawn(cap, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_ERROR);
	cap->nerrors = 0;
	ck_assert(calls_spawn(cap, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_BROKEN);
	/* Too much for its limit. */
	cap = calls_capability("filesystem.stat");
	cap->limit[KRUX_LIMIT_OUTPUT] = 0;
	ck_assert(calls_spawn(cap, &args));
	ck_assert_int_eq(calls_result.end, SPAWN_DONE);
	calls_teardown();
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
	struct krux_value args = { .kind = KRUX_V_MAP };
	struct krux_capability *cap;

	SETUP("filesystem");
	cap = calls_capability("filesystem.stat");
	cap->handler.name = KRUX_STR("filesystem_none");
	ck_assert(!calls_spawn(cap, &args));
	ck_assert_ptr_nonnull(strstr(calls_err.text, "no builtin handler \"filesystem_none\""));
	cap->handler.kind = KRUX_HANDLER_COMMAND;
	ck_assert(!calls_spawn(cap, &args));
	ck_assert_ptr_nonnull(strstr(calls_err.text, "filesystem.stat"));
	calls_teardown();
}
END_TEST

static Suite *hostile_suite(void)
{
	Suite *s = suite_create("handlers: hostile");
	TCase *tc = tcase_create("hostile");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(symbolic_links_are_not_followed);
	ADD(hard_links_are_not_written);
	ADD(the_store_is_not_led_astray);
	ADD(pipes_and_sockets_stop_nobody);
	ADD(pipes_in_the_trash_stop_nobody);
	ADD(names_of_any_bytes);
	ADD(other_file_systems_are_not_entered);
	ADD(protected_names_stay);
	ADD(protected_names_stay_in_trees);
	ADD(deep_trees_end);
	ADD(large_folders_end);
	ADD(swapped_folders_lead_nowhere);
	ADD(changes_take_turns);
	ADD(turns_begin_before_the_look_up);
	ADD(killed_calls_leave_nothing);
	ADD(answers_are_held_to_their_type);
	ADD(what_is_missing_is_refused);
#undef ADD
	tcase_add_test(tc, protected_names_are_the_system_policys);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(hostile_suite());
	int failed;

	/* In memory where that is possible: much is made and synced here. */
	if (!access("/dev/shm", W_OK))
		calls_base = "/dev/shm";
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
