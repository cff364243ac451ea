/* What a command's program has changed, to the workspace: what it gets, and what it does not get of programs that want
 * more. */
#include "tests/unit/commanding.h"
#include "tests/unit/without.h"

#include "capspec/rights.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

START_TEST(changes_are_committed)
{
	struct stat st;

	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; printf A > a; printf n > new; chmod 755 new; mkdir -p x/y; printf z > x/y/z; rm d/b; touch d/c");
	DONE();
	HAS("\"status\":0");
	HAS("\"refused\":[]");
	IS("workspace/a", "A");
	IS("workspace/new", "n");
	IS("workspace/x/y/z", "z");
	IS("workspace/d/b", "-");
	IS("workspace/d/c", "c");
	LACKS("/workspace/d/c");
	HAS("\"/workspace/d/b\"");
	HAS("\"/workspace/x/y/z\"");
	ck_assert(!stat("workspace/new", &st) && (st.st_mode & 0777) == 0755);
	ck_assert_uint_eq(st.st_uid, commands_owner);
	ck_assert_uint_eq(st.st_gid, commands_owner);
	/* Deleted things are in the trash. */
	ck_assert(!stat("workspace/.krux/trash", &st));
	commands_teardown();
}
END_TEST

START_TEST(folders_are_replaced)
{
	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; rm -r d; mkdir d; printf 2 > d/g");
	DONE();
	HAS("\"refused\":[]");
	IS("workspace/d/b", "-");
	IS("workspace/d/g", "2");
	commands_sh(TREES, "/workspace", "cd /workspace; rm -r d; printf f > d; rm a; mkdir a; printf i > a/i");
	HAS("\"refused\":[]");
	IS("workspace/d", "f");
	IS("workspace/a/i", "i");
	commands_sh(TREES, "/workspace", "cd /workspace; mv a b; mv b/i b/j; mv d e; rm -rf b/j");
	HAS("\"refused\":[]");
	IS("workspace/a/i", "-");
	IS("workspace/e", "f");
	IS("workspace/b/j", "-");
	commands_teardown();
}
END_TEST

START_TEST(changes_are_refused)
{
	struct stat st;

	if (!commands_setup(_i))
		return;
	commands_denied = "/no";
	commands_sh(TREES, "/workspace", "cd /workspace; printf x > no1; printf x > .bashrc; mkdir .git; printf x > .git/config; printf y > yes;"
	   "mkdir .krux; printf x > .krux/x; ln -s /etc e; mkfifo p; ln a h; printf x > `printf 'q\\377'`; mkdir nodir; printf x > nodir/x");
	DONE();
	IS("workspace/yes", "y");
	IS("workspace/no1", "-");
	IS("workspace/.bashrc", "-");
	IS("workspace/.git/config", "-");
	IS("workspace/.krux/x", "-");
	ck_assert(lstat("workspace/e", &st) && lstat("workspace/p", &st) && lstat("workspace/nodir", &st) && lstat("workspace/q\xff", &st));
	HAS("/workspace/no1");
	HAS("The call may not create it.");
	HAS("programs outside the sandbox run what is there");
	HAS("A symbolic link: commands make none.");
	HAS("A device, a pipe or a socket");
	HAS("/workspace/q\\\\xff");
	commands_denied = NULL;
	/* Only what the effects say. */
	commands_sh(R | W, "/workspace/a", "cd /workspace; printf A > a; printf n > n; rm d/b; rm -r d");
	IS("workspace/a", "A");
	IS("workspace/n", "-");
	IS("workspace/d/b", "b");
	HAS("\"changed\":[\"/workspace/a\"]");
	HAS("The call may not create it.");
	commands_sh(D, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "b");
	HAS("it is a folder");
	commands_denied = "/d/b";
	commands_sh(D | TREE, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "b");
	IS("workspace/d/c", "c");
	HAS("/workspace/d/b: the policy does not allow it.");
	commands_denied = NULL;
	commands_sh(D | TREE, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "-");
	HAS("\"changed\":[\"/workspace/d\"]");
	commands_teardown();
}
END_TEST

START_TEST(trees_keep_what_is_protected)
{
	if (!commands_setup(_i))
		return;
	ck_assert(!mkdir("workspace/r", 0755) && !mkdir("workspace/r/.git", 0755));
	commands_put("workspace/r/.git/config", "c");
	commands_put("workspace/one", "1");
	ck_assert(!link("workspace/one", "workspace/two"));
	commands_put("workspace/suid", "s");
	commands_own();
	commands_sh(TREES, "/workspace", "cd /workspace; rm -r r; printf 3 > one; chmod u+s suid");
	DONE();
	IS("workspace/r/.git/config", "c");
	IS("workspace/one", "1");
	HAS("The file has several names.");
	HAS("with another's rights");
	HAS("/workspace/r");
	commands_teardown();
}
END_TEST

/* What a name holds is its own matter, as long as it is text. */
START_TEST(names_hold_anything)
{
	static const char *const names[] = { "q\001", "q\nq", "q\033[2J", " ", "-q", "\\", "...", "*", "\"", "q\u0301", "\u202eq", "q\177" };

	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; for n in 'q\\001' 'q\\nq' 'q\\033[2J' ' ' '\\055q' '\\\\' '...' '*' '\"' 'q\\314\\201' "
	            "'\\342\\200\\256q' 'q\\177'; do f=`printf \"${n}X\"`; printf x > \"./${f%X}\"; done");
	DONE();
	HAS("\"status\":0");
	HAS("\"refused\":[]");
	HAS("\"/workspace/q\\u001b[2J\"");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];

		snprintf(path, sizeof path, "workspace/%s", names[i]);
		IS(path, "x");
	}
	commands_teardown();
}
END_TEST

/* The answer keeps to its limit whatever they are called: the names would take four times as much as they have. */
START_TEST(names_that_are_no_text_are_cut)
{
	if (!commands_setup(_i))
		return;
	commands_make(TREES, "cd /workspace; n=`printf 'q\\377\\377\\377'`; n=$n$n$n; n=$n$n$n$n; n=$n$n$n$n; i=0\n"
	                "while [ $i -lt 20 ]; do : > $n$i; i=$((i+1)); done; printf x > new");
	commands_cap.limit[KRUX_LIMIT_OUTPUT] = 8 << 10;
	ck_assert(!commands_call(TREES, "/workspace"));
	DONE();
	HAS("\"truncated\":true");
	HAS("A name that is not UTF-8");
	IS("workspace/new", "x");
	commands_teardown();
}
END_TEST

/* However many: none takes memory that the next one needs. */
START_TEST(many_folders_are_deleted)
{
	char name[64];
	struct stat st;

	if (!commands_setup(_i))
		return;
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof name, "workspace/d/f%d", i);
		ck_assert(!mkdir(name, 0755));
	}
	commands_own();
	commands_make(TREES, "cd /workspace/d; rmdir f*");
	commands_cap.limit[KRUX_LIMIT_MEMORY] = 8 << 20;
	ck_assert(!commands_call(TREES, "/workspace"));
	DONE();
	HAS("\"status\":0");
	HAS("\"refused\":[]");
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof name, "workspace/d/f%d", i);
		ck_assert(stat(name, &st));
	}
	IS("workspace/d/b", "b");
	commands_teardown();
}
END_TEST

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? 0 : st.st_mode & 07777;
}

/* Folders are filled before they get the mode that the program gave them. */
START_TEST(modes_are_kept)
{
	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; mkdir r g; printf x > r/f; chmod 444 r/f; chmod 555 r; chmod 1775 g; mkdir u; chmod 0 u");
	DONE();
	HAS("\"status\":0");
	ck_assert_uint_eq(mode_of("workspace/r"), 0555);
	ck_assert_uint_eq(mode_of("workspace/r/f"), 0444);
	ck_assert_uint_eq(mode_of("workspace/g"), 0775);
	ck_assert(!chmod("workspace/r", 0755));
	IS("workspace/r/f", "x");
	HAS("{\"why\":\"The folder cannot be opened.\",\"path\":\"/workspace/u\"}");
	commands_teardown();
}
END_TEST

/* What costs a program no memory is not put in the workspace a thousand times. */
START_TEST(content_is_no_more_than_memory)
{
	struct stat st;

	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; printf x > one; ln one two; ln a b; printf y > alone; ln alone gone; rm gone");
	DONE();
	IS("workspace/one", "-");
	IS("workspace/two", "-");
	IS("workspace/b", "-");
	IS("workspace/a", "a");
	IS("workspace/alone", "y");
	HAS("The program has given it several names.");
	commands_make(TREES, "cd /workspace; truncate -s 700M hole1; truncate -s 700M hole2; truncate -s 1M hole3");
	commands_cap.limit[KRUX_LIMIT_MEMORY] = 8 << 20;
	ck_assert(!commands_call(TREES, "/workspace"));
	DONE();
	ck_assert(stat("workspace/hole1", &st) && stat("workspace/hole2", &st));
	ck_assert(!stat("workspace/hole3", &st) && st.st_size == 1 << 20);
	HAS("All files together would be more than limits.memory.");
	commands_teardown();
}
END_TEST

/* What cannot be seen of the workspace is not taken for gone. */
START_TEST(what_cannot_be_seen_is_told)
{
	struct stat st;

	if (!commands_setup(_i))
		return;
	/* To an overlay that is a deleted name: no program sees it. */
	ck_assert(!mkdir("workspace/v", 0755) && !mknod("workspace/v/w", S_IFCHR | 0600, 0));
	commands_own();
	ck_assert(!chmod("workspace/d", 0444));
	commands_sh(TREES, "/workspace", "cd /workspace; chmod 755 d; rm d/b; printf x > v/x");
	ck_assert(!chmod("workspace/d", 0755));
	DONE();
	HAS("\"status\":0");
	HAS("\"changed\":[\"/workspace/v/x\"]");
	HAS("\"/workspace/d/b\"");
	HAS("It cannot be looked at.");
	LACKS("/workspace/v/w");
	IS("workspace/d/b", "b");
	ck_assert(!lstat("workspace/v/w", &st) && S_ISCHR(st.st_mode));
	commands_teardown();
}
END_TEST

/* What is the runtime's own in the workspace, above all what was deleted, is nothing that a program sees or changes. */
START_TEST(the_trash_is_not_shown)
{
	static const char look[] = "cd /workspace; ls -a; ls .krux; cat .krux/trash/*/item; cat .krux/*/*/item; true";

	if (!commands_setup(_i))
		return;
	for (int i = 0; i < 2; i++) {
		commands_sh(TREES, "/workspace", look);
		DONE();
		LACKS(".krux\\n");
		LACKS("gone");
		HAS("\"refused\":[]");
		commands_sh(R | L | TREE, "/workspace", look);
		DONE();
		LACKS("trash\\n");
		LACKS("gone");
		commands_put("workspace/b", "gone");
		commands_own();
		commands_sh(TREES, "/workspace", "rm /workspace/b");
		HAS("\"changed\":[\"/workspace/b\"]");
	}
	commands_sh(TREES, "/workspace", "cd /workspace; mkdir .krux; printf x > .krux/x");
	HAS("\"refused\":[{\"why\":\"/workspace/.krux belongs to Krux.\",\"path\":\"/workspace/.krux\"}]");
	IS("workspace/.krux/x", "-");
	commands_teardown();
}
END_TEST

START_TEST(old_deletions_are_forgotten)
{
	static const char old[] = "workspace/.krux/trash/0000000100000000000000ff";
	struct stat st;

	if (!commands_setup(_i))
		return;
	ck_assert(!mkdir("workspace/.krux", 0700) && !mkdir("workspace/.krux/trash", 0700) && !mkdir(old, 0700));
	commands_own();
	commands_sh(TREES, "/workspace", "printf x > /workspace/x");
	DONE();
	ck_assert(!stat(old, &st));
	commands_sh(TREES, "/workspace", "rm /workspace/x");
	DONE();
	HAS("\"changed\":[\"/workspace/x\"]");
	ck_assert(stat(old, &st));
	commands_teardown();
}
END_TEST

/* Trees have an end, and the answer has room for what is told of them. */
START_TEST(what_is_deep_or_much_is_cut)
{
	char path[sizeof "workspace" + 2 * 65] = "workspace";
	struct stat st;

	if (!commands_setup(_i))
		return;
	commands_sh(TREES, "/workspace", "cd /workspace; i=0; while [ $i -lt 70 ]; do mkdir p; cd p; i=$((i+1)); done; printf x > end");
	DONE();
	HAS("\"status\":0");
	HAS("It is more than 64 folders deep.");
	commands_sh(TREES, "/workspace", "cd /workspace; mkdir m; ln -s `seq 2000` m");
	DONE();
	HAS("\"status\":0");
	HAS("A symbolic link: commands make none.");
	HAS("\"truncated\":true");
	for (int i = 0; i < 64; i++)
		strcat(path, "/p");
	ck_assert(!stat(path, &st));
	strcat(path, "/p");
	ck_assert(stat(path, &st));
	commands_teardown();
}
END_TEST

/* A folder that is made anew, over names whose paths are too long for anybody to be asked about. */
START_TEST(what_is_hidden_and_too_long_is_told)
{
	char part[201], script[512], name[64];

	if (!commands_setup(_i))
		return;
	memset(part, 'p', 200);
	part[200] = '\0';
	ck_assert(!chdir("workspace"));
	/* "/workspace", 20 names of 200, one of 56: 4087 bytes. */
	for (int i = 0; i < 20; i++)
		ck_assert(!mkdir(part, 0755) && !chdir(part));
	memset(name, 'q', 56);
	name[56] = '\0';
	ck_assert(!mkdir(name, 0755) && !chdir(name));
	commands_put("too-long-a-name", "x");
	commands_put("short", "x");
	ck_assert(!chdir(commands_root));
	commands_own();
	snprintf(script, sizeof script, "cd /workspace; i=0; while [ $i -lt 20 ]; do cd %s; i=$((i+1)); done; rm -r %s && mkdir %s", part,
	         name, name);
	commands_sh(TREES, "/workspace", script);
	DONE();
	HAS("\"status\":0");
	HAS("It holds a path of more than 4096 bytes.");
	HAS("/short\"");
	LACKS("too-long");
	commands_teardown();
}
END_TEST

/* The first of its children but `but`, 0: there is none. */
static pid_t child_of(pid_t pid, pid_t but)
{
	char name[64], list[256];
	long child = 0;
	char *p = list;
	ssize_t n;
	int fd;

	snprintf(name, sizeof name, "/proc/%d/task/%d/children", pid, pid);
	fd = open(name, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
	if (fd >= 0)
		close(fd);
	list[n > 0 ? n : 0] = '\0';
	while ((child = strtol(p, &p, 10)) > 0 && child == but)
		;
	return (pid_t)child;
}

/* The kernel's clock for files goes in steps: the next one has come. */
static void tick_pass(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_REALTIME, &from);
	for (int i = 0; i < 100000000; i++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (now.tv_sec > from.tv_sec || (now.tv_sec == from.tv_sec && now.tv_nsec > from.tv_nsec))
			return;
	}
}

/* When the program is there, changes what it changes, and lets it end. */
static void other_change(pid_t test)
{
	const struct timespec pause = { 0, 2000000 };
	pid_t first, program = 0;

	for (int i = 0; i < 2000 && !program; i++) {
		first = child_of(test, getpid());
		program = first ? child_of(first, 0) : 0;
		nanosleep(&pause, NULL);
	}
	tick_pass();
	commands_put("workspace/a", "theirs");
	commands_put("workspace/d/b", "theirs");
	commands_put("workspace/e/x", "theirs");
	commands_put("workspace/go", "now");
}

/* Somebody else changes the workspace meanwhile. */
START_TEST(changes_meanwhile_are_kept)
{
	pid_t other, test = getpid();

	if (!commands_setup(_i))
		return;
	ck_assert(!mkdir("workspace/e", 0755));
	commands_put("workspace/e/x", "x");
	commands_put("workspace/e/y", "y");
	commands_put("workspace/go", "");
	commands_own();
	commands_make(TREES, "cd /workspace; printf mine > a; printf new > n; rm -r d e; mkdir e; until [ -s go ]; do :; done");
	other = fork();
	if (!other) {
		other_change(test);
		_exit(0);
	}
	ck_assert(!commands_call(TREES, "/workspace"));
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	DONE();
	IS("workspace/a", "theirs");
	IS("workspace/n", "new");
	HAS("It was changed while the program ran.");
	/* Also below what was deleted, and in what was made anew. */
	IS("workspace/d/b", "theirs");
	IS("workspace/d/c", "c");
	HAS("/workspace/d/b was changed meanwhile.");
	IS("workspace/e/x", "theirs");
	HAS("\"/workspace/e/x\"");
	IS("workspace/e/y", "-");
	commands_teardown();
}
END_TEST

/* ---- the first process of a call ---- */

static const char *const acts[] = { "printf A > /workspace/a", "sleep 100 > /dev/null 2>&1 &" };

static bool is_ended(size_t i, unsigned row_groups)
{
	(void)row_groups;
	commands_make(TREES, acts[i]);
	return !commands_call(TREES, "/workspace") && commands_result.end == SPAWN_KILLED &&
	       !strcmp(commands_result.why, "a system call that is not allowed");
}

START_TEST(what_it_may_call_is_needed)
{
	static const struct without_elsewhere elsewhere[] = { { "ppoll", "poll of aarch64" }, { NULL, NULL } };

	if (!commands_setup(_i))
		return;
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		commands_sh(TREES, "/workspace", acts[i]);
		DONE();
	}
	without_each(CALLS_RUN, false, sizeof acts / sizeof *acts, is_ended, elsewhere);
	commands_teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("changes");
	TCase *tc = tcase_create("changes");
	SRunner *runner;
	int bad;

#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(changes_are_committed);
	ADD(folders_are_replaced);
	ADD(changes_are_refused);
	ADD(trees_keep_what_is_protected);
	ADD(names_hold_anything);
	ADD(names_that_are_no_text_are_cut);
	ADD(many_folders_are_deleted);
	ADD(modes_are_kept);
	ADD(content_is_no_more_than_memory);
	ADD(what_cannot_be_seen_is_told);
	ADD(the_trash_is_not_shown);
	ADD(old_deletions_are_forgotten);
	ADD(what_is_deep_or_much_is_cut);
	ADD(what_is_hidden_and_too_long_is_told);
	ADD(changes_meanwhile_are_kept);
	ADD(what_it_may_call_is_needed);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad != 0;
}
