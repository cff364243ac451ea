/* Commands: programs of the host through the real sandbox. What they answer, what of their changes the workspace gets, and
 * what it does not get of programs that want more. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/rights.h"
#include "capspec/schema.h"
#include "compiler/emit/filter.h"
#include "runtime/base/err.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/parent.h"
#include "runtime/spawn/program.h"
#include "runtime/spawn/spawn.h"
#include "tests/unit/here.h"

enum { AGENT, USER, WAYS, ROOT };
enum { UID = 65533 };
static const uint64_t second = 1000000000;
static const char shell[] = "/usr/bin/dash";

static char root[64], digest[65];
static struct arena *arena;
static struct krux_pool *pool;
static int workspace;
static struct spawn_result result;
static char json[1 << 16];
static const char *denied;                     /* the policy refuses paths that hold this */

/* ---- a world ---- */

static void file_put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_msg(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
	close(fd);
}

/* Nothing there: "-". */
static const char *file_get(const char *name)
{
	static char text[4096];
	int fd = open(name, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? "-" : text;
}

static int own_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return lchown(path, UID, UID);
}

static void digest_find(void)
{
	static char bytes[1 << 20];
	uint8_t sha[KRUX_SHA256];
	int fd = open(shell, O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof bytes);

	ck_assert(n > 0 && n < (ssize_t)sizeof bytes);
	close(fd);
	krux_sha256((struct krux_str){ bytes, (size_t)n }, sha);
	krux_hex_write(sha, sizeof sha, digest);
}

static bool setup(int way)
{
	bool is_root = geteuid() == 0;

	if (!is_root && way != USER)
		return false;
	if (is_root && way == USER)
		ck_assert(!setresgid(UID, UID, UID) && !setresuid(UID, UID, UID));
	snprintf(root, sizeof root, "/tmp/krux-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert(!chmod(root, 0755) && !chdir(root) && !mkdir("workspace", 0755) && !mkdir("workspace/d", 0755));
	file_put("secret", "secret");
	file_put("workspace/a", "a");
	file_put("workspace/d/b", "b");
	file_put("workspace/d/c", "c");
	if (way == AGENT)
		ck_assert(!nftw("workspace", own_one, 16, FTW_PHYS));
	workspace = open("workspace", O_PATH | O_DIRECTORY | O_CLOEXEC);
	digest_find();
	arena = arena_new();
	pool = krux_pool_new(0);
	denied = NULL;
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	close(workspace);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	krux_pool_free(pool);
	arena_free(arena);
}

/* ---- a capability ---- */

enum { R = 1, L = 2, C = 4, W = 8, D = 16, TREE = 32, EXECUTES = 64 };

static const struct krux_type text = { .kind = KRUX_T_STRING, .max = 4096 }, number = { .kind = KRUX_T_UINT, .hi = 255 },
	flag = { .kind = KRUX_T_BOOL, .hi = 1 }, path_type = { .kind = KRUX_T_PATH, .max = 4096 },
	paths = { .kind = KRUX_T_LIST, .max = 20, .elem = &path_type };
static const struct krux_field refusal_field[] = {
	{ .name = { "path", 4 }, .type = &text }, { .name = { "why", 3 }, .type = &text }
};
static const struct krux_type refusal = { .kind = KRUX_T_RECORD, .field = refusal_field, .nfields = 2 },
	refusals = { .kind = KRUX_T_LIST, .max = 20, .elem = &refusal };
static const struct krux_field output_fields[] = {
	{ .name = { "status", 6 }, .type = &number }, { .name = { "stdout", 6 }, .type = &text },
	{ .name = { "stderr", 6 }, .type = &text }, { .name = { "truncated", 9 }, .type = &flag },
	{ .name = { "changed", 7 }, .type = &paths }, { .name = { "refused", 7 }, .type = &refusals },
};
static const struct krux_field input_fields[] = { { .name = { "path", 4 }, .type = &path_type } };
static const struct krux_type output_type = { .kind = KRUX_T_RECORD, .field = output_fields, .nfields = 6 },
	plain_type = { .kind = KRUX_T_RECORD, .field = output_fields + 1, .nfields = 1 },
	input_type = { .kind = KRUX_T_RECORD, .field = input_fields, .nfields = 1 };
static const struct krux_error_def failed = { .name = { "Failed", 6 } };

static struct krux_capability cap;
static struct krux_effect effects[5];
static struct krux_argv argv[2];

static void capability_make(unsigned what, const char *script)
{
	static const enum krux_effect_kind kinds[] = { KRUX_EFFECT_READS, KRUX_EFFECT_LISTS, KRUX_EFFECT_CREATES,
		                                       KRUX_EFFECT_WRITES, KRUX_EFFECT_DELETES };

	cap = (struct krux_capability){ .name = KRUX_STR("test.run"), .major = 1, .input = &input_type, .output = &output_type,
		.error = &failed, .nerrors = 1, .effect = effects, .durable = true,
		.handler = { .kind = KRUX_HANDLER_COMMAND, .name = { shell, sizeof shell - 1 }, .sha256 = { digest, 64 },
		             .argv = argv, .nargv = 2 } };
	argv[0] = (struct krux_argv){ KRUX_ARGV_CONST, KRUX_STR("-c"), { NULL, 0 } };
	argv[1] = (struct krux_argv){ KRUX_ARGV_CONST, { script, strlen(script) }, { NULL, 0 } };
	for (unsigned i = 0; i < 5; i++)
		if (what >> i & 1)
			effects[cap.neffects++] = (struct krux_effect){ .kind = kinds[i], .nargs = 1,
				.arg = { { .access = KRUX_STR("path"), .tree = what & TREE } } };
	cap.limit[KRUX_LIMIT_MEMORY] = 64 << 20;
	cap.limit[KRUX_LIMIT_CPU] = 2 * second;
	cap.limit[KRUX_LIMIT_WALL] = 10 * second;
	cap.limit[KRUX_LIMIT_PIDS] = 8;
	cap.limit[KRUX_LIMIT_FILES] = 32;
	cap.limit[KRUX_LIMIT_OUTPUT] = 64 << 10;
}

static const struct krux_filter *filter_of(unsigned groups)
{
	struct filter *f = ARENA_NEW(arena, struct filter);
	const char *why;

	ck_assert_msg(filter_make(arena, groups, f, &why), "%s", why);
	return f->program;
}

static bool allows(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx;
	ck_assert(krux_str_eq(field, KRUX_STR("path")));
	return !denied || !memmem(path.p, path.n, denied, strlen(denied));
}

/* One call with these effects of `path`. */
static int call(unsigned what, const char *path)
{
	static const struct krux_str everything = { "", 0 };
	const struct krux_reach reach = { &everything, 1 };
	const unsigned changes = what & (C | W | D);
	struct krux_layer layer = { .reach = &reach, .nreach = 1,
		.filter = filter_of(CALLS_RUN | (changes ? CALLS_LOOK | CALLS_WALK | CALLS_CHANGE : 0)),
		.command = filter_of(CALLS_COMMAND),
		.rights = (what & (R | L) || changes ? RIGHT_READ_FOLDERS : 0) | (what & R || changes ? RIGHT_READ_FILES : 0) |
		          (changes ? RIGHT_NAMES | RIGHT_WRITE_FILES : 0) | (what & EXECUTES ? RIGHT_EXECUTE : 0) };
	const struct krux_member member = { KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = { path, strlen(path) } } };
	const struct krux_value args = { .kind = KRUX_V_MAP, .map = { &member, 1 } };
	const struct spawn_request q = { .cap = &cap, .layer = &layer, .line = -1, .agent = "a", .args = &args, .workspace_fd = workspace,
		                         .trash_fd = -1, .allows = allows };
	struct krux_err err = { 0 };
	int rc = spawn_run(&q, pool, &result, &err);

	snprintf(json, sizeof json, "%s", rc ? err.text : result.why);
	if (!rc && result.end == SPAWN_DONE)
		json[krux_json_write(&result.output, json, sizeof json - 1)] = '\0';
	return rc;
}

static void sh(unsigned what, const char *path, const char *script)
{
	capability_make(what, script);
	ck_assert_msg(!call(what, path), "%s", json);
}

#define HAS(text) ck_assert_msg(strstr(json, text), "%s\nin %s", text, json)
#define LACKS(text) ck_assert_msg(!strstr(json, text), "%s\nin %s", text, json)
#define IS(file, text) ck_assert_str_eq(file_get(file), text)
#define DONE() ck_assert_msg(result.end == SPAWN_DONE, "%d: %s", result.end, json)
#define TREES (R | L | C | W | D | TREE)

START_TEST(it_answers)
{
	if (!setup(_i))
		return;
	sh(0, "/", "echo out; echo err >&2; exit 3");
	DONE();
	HAS("\"status\":3");
	HAS("\"stdout\":\"out\\n\"");
	HAS("\"stderr\":\"err\\n\"");
	HAS("\"truncated\":false");
	sh(0, "/", "printf 'a\\377\\000b'");
	HAS("\"stdout\":\"a\xEF\xBF\xBD\xEF\xBF\xBD" "b\"");
	sh(0, "/", "while :; do echo 0123456789; done | head -c 100000");
	HAS("\"truncated\":true");
	sh(0, "/", "cat /etc/passwd; id -u; pwd; echo $0 $HOME; ls -a /workspace /proc/self/fd");
	HAS("krux:x:");
	HAS("/workspace\\n");
	LACKS("d/b");
	for (unsigned i = 0; i < result.nlayers; i++)
		ck_assert_str_ne(result.layer[i], "empty-root");
	ck_assert_uint_ge(result.nlayers, 14);
	teardown();
}
END_TEST

START_TEST(root_has_no_commands)
{
	if (geteuid() || !setup(ROOT))
		return;
	capability_make(0, "echo");
	ck_assert(call(0, "/"));
	HAS("a workspace of root");
	teardown();
}
END_TEST

START_TEST(it_fails)
{
	if (!setup(_i))
		return;
	capability_make(C | TREE, "echo sorry >&2; echo x > /workspace/new; exit 2");
	cap.output = &plain_type;
	ck_assert(!call(C | TREE, "/workspace"));
	ck_assert(result.end == SPAWN_ERROR && krux_str_eq(result.error, KRUX_STR("Failed")));
	ck_assert(memmem(result.message.p, result.message.n, "status 2: sorry", 15));
	IS("workspace/new", "-");
	sh(TREES, "/workspace", "echo x > /workspace/new; kill -9 $$");
	ck_assert(result.end == SPAWN_KILLED);
	ck_assert_str_eq(result.why, "signal 9");
	IS("workspace/new", "-");
	/* A program whose digest is another. */
	capability_make(0, "echo");
	digest[0] = digest[0] == '0' ? '1' : '0';
	ck_assert(call(0, "/"));
	HAS("is not the program whose SHA-256");
	digest_find();
	teardown();
}
END_TEST

START_TEST(it_is_held_to_time)
{
	if (!setup(_i))
		return;
	capability_make(TREES, "echo x > /workspace/new; sleep 60 & sleep 60");
	cap.limit[KRUX_LIMIT_WALL] = second / 2;
	ck_assert(!call(TREES, "/workspace"));
	ck_assert(result.end == SPAWN_KILLED);
	ck_assert_str_eq(result.why, "wall 500ms");
	IS("workspace/new", "-");
	capability_make(0, "while :; do :; done");
	cap.limit[KRUX_LIMIT_WALL] = 50 * second;
	cap.limit[KRUX_LIMIT_CPU] = second;
	ck_assert(!call(0, "/"));
	ck_assert(result.end == SPAWN_KILLED);
	ck_assert_str_eq(result.why, "cpu 1s");
	/* What it leaves behind ends with it. */
	sh(TREES, "/workspace", "(sleep 1; echo late > /workspace/late) & echo early > /workspace/early");
	DONE();
	IS("workspace/early", "early\n");
	IS("workspace/late", "-");
	teardown();
}
END_TEST

START_TEST(changes_are_committed)
{
	struct stat st;

	if (!setup(_i))
		return;
	sh(TREES, "/workspace", "cd /workspace; printf A > a; printf n > new; chmod 755 new; mkdir -p x/y; printf z > x/y/z; rm d/b; touch d/c");
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
	if (_i == AGENT)
		ck_assert_uint_eq(st.st_uid, UID);
	/* Deleted things are in the trash. */
	ck_assert(!stat("workspace/.krux/trash", &st));
	teardown();
}
END_TEST

START_TEST(folders_are_replaced)
{
	if (!setup(_i))
		return;
	sh(TREES, "/workspace", "cd /workspace; rm -r d; mkdir d; printf 2 > d/g");
	DONE();
	HAS("\"refused\":[]");
	IS("workspace/d/b", "-");
	IS("workspace/d/g", "2");
	sh(TREES, "/workspace", "cd /workspace; rm -r d; printf f > d; rm a; mkdir a; printf i > a/i");
	HAS("\"refused\":[]");
	IS("workspace/d", "f");
	IS("workspace/a/i", "i");
	sh(TREES, "/workspace", "cd /workspace; mv a b; mv b/i b/j; mv d e; rm -rf b/j");
	HAS("\"refused\":[]");
	IS("workspace/a/i", "-");
	IS("workspace/e", "f");
	IS("workspace/b/j", "-");
	teardown();
}
END_TEST

START_TEST(changes_are_refused)
{
	struct stat st;

	if (!setup(_i))
		return;
	denied = "/no";
	sh(TREES, "/workspace", "cd /workspace; printf x > no1; printf x > .bashrc; mkdir .git; printf x > .git/config; printf y > yes;"
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
	denied = NULL;
	/* Only what the effects say. */
	sh(R | W, "/workspace/a", "cd /workspace; printf A > a; printf n > n; rm d/b; rm -r d");
	IS("workspace/a", "A");
	IS("workspace/n", "-");
	IS("workspace/d/b", "b");
	HAS("\"changed\":[\"/workspace/a\"]");
	HAS("The call may not create it.");
	sh(D, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "b");
	HAS("it is a folder");
	denied = "/d/b";
	sh(D | TREE, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "b");
	IS("workspace/d/c", "c");
	HAS("/workspace/d/b: the policy does not allow it.");
	denied = NULL;
	sh(D | TREE, "/workspace/d", "cd /workspace; rm d/b d/c; rmdir d");
	IS("workspace/d/b", "-");
	HAS("\"changed\":[\"/workspace/d\"]");
	teardown();
}
END_TEST

START_TEST(trees_keep_what_is_protected)
{
	if (!setup(_i))
		return;
	ck_assert(!mkdir("workspace/r", 0755) && !mkdir("workspace/r/.git", 0755));
	file_put("workspace/r/.git/config", "c");
	file_put("workspace/one", "1");
	ck_assert(!link("workspace/one", "workspace/two"));
	file_put("workspace/suid", "s");
	if (_i == AGENT)
		ck_assert(!nftw("workspace", own_one, 16, FTW_PHYS));
	sh(TREES, "/workspace", "cd /workspace; rm -r r; printf 3 > one; chmod u+s suid");
	DONE();
	IS("workspace/r/.git/config", "c");
	IS("workspace/one", "1");
	HAS("The file has several names.");
	HAS("with another's rights");
	HAS("/workspace/r");
	teardown();
}
END_TEST

START_TEST(it_reads_what_it_may)
{
	if (!setup(_i))
		return;
	sh(R, "/workspace/a", "cd /workspace; cat a; cat d/b; ls d; ls .");
	HAS("\"stdout\":\"a\"");
	HAS("d/b: Permission denied");
	LACKS("\"c\\n");
	sh(R | TREE, "/workspace/d", "cd /workspace; cat a; cat d/b; ls d");
	HAS("\"stdout\":\"bb\\nc\\n\"");
	HAS("a: Permission denied");
	sh(L | TREE, "/workspace", "cd /workspace; ls; cat a");
	HAS("\"stdout\":\"a\\nd\\n\"");
	HAS("a: Permission denied");
	/* It is read-only where nothing changes. */
	sh(R | TREE, "/workspace", "cd /workspace; printf x > a; rm d/b; printf x > new");
	IS("workspace/a", "a");
	IS("workspace/d/b", "b");
	HAS("Read-only file system");
	HAS("\"refused\":[]");
	teardown();
}
END_TEST

START_TEST(it_reaches_nothing_else)
{
	char script[512];

	if (!setup(_i))
		return;
	snprintf(script, sizeof script, "cat %s/secret /proc/1/environ /etc/shadow /proc/1/root/etc/hostname; ls / /root /home /proc/1/fd; "
	         "cat /proc/kallsyms; ls /sys; printf x > /usr/x; printf x > /new; ln -s %s/secret /workspace/l; cat /workspace/l", root, root);
	sh(TREES, "/workspace", script);
	DONE();
	HAS("\"stdout\":\"\"");
	LACKS("\"secret");
	sh(TREES, "/workspace", "cp /usr/bin/true /workspace/t; cp /usr/bin/true /tmp/t; chmod 755 /workspace/t /tmp/t; /workspace/t && echo ran; /tmp/t && echo ran");
	HAS("\"stdout\":\"\"");
	sh(TREES | EXECUTES, "/workspace", "cp /usr/bin/true /workspace/t; chmod 755 /workspace/t; /workspace/t && echo ran");
	HAS("\"stdout\":\"ran\\n\"");
	sh(TREES, "/workspace", "unshare -U true; unshare -n true; mount -t tmpfs none /tmp; nsenter -t 1 -m true; kill -9 1; kill -STOP 1; echo here");
	HAS("\"stdout\":\"here\\n\"");
	sh(0, "/", "i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; echo more");
	LACKS("more");
	sh(0, "/", "head -c 200000000 /dev/zero > /tmp/big; wc -c < /tmp/big; echo $(head -c 100000000 /dev/zero | tail -c 90000000 | wc -c)");
	HAS("No space left");
	LACKS("200000000");
	teardown();
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
	file_put("workspace/a", "theirs");
	file_put("workspace/go", "now");
}

/* Somebody else changes the workspace meanwhile. */
START_TEST(changes_meanwhile_are_kept)
{
	pid_t other, test = getpid();

	if (!setup(_i))
		return;
	file_put("workspace/go", "");
	capability_make(TREES, "cd /workspace; printf mine > a; printf new > n; until [ -s go ]; do :; done");
	other = fork();
	if (!other) {
		other_change(test);
		_exit(0);
	}
	ck_assert(!call(TREES, "/workspace"));
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	DONE();
	IS("workspace/a", "theirs");
	IS("workspace/n", "new");
	HAS("It was changed while the program ran.");
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("command");
	TCase *tc = tcase_create("command");
	SRunner *runner;
	int bad;

#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(it_answers);
	tcase_add_test(tc, root_has_no_commands);
	ADD(it_fails);
	ADD(it_is_held_to_time);
	ADD(changes_are_committed);
	ADD(folders_are_replaced);
	ADD(changes_are_refused);
	ADD(trees_keep_what_is_protected);
	ADD(it_reads_what_it_may);
	ADD(it_reaches_nothing_else);
	ADD(changes_meanwhile_are_kept);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad != 0;
}
