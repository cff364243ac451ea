/* What the filters of builtins let through, a builtin needs: with any one system call taken away some call of the standard
 * library is ended for it. What no call here needs, and why it stays, is said below. */
#include "tests/unit/handler_calls.h"
#include "tests/unit/outside.h"
#include "tests/unit/web_server.h"
#include "tests/unit/without.h"

#include "capspec/rights.h"
#include "stdlib-caps/network/web.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls that Linux and the C library make elsewhere, or at other times than a test can arrange. */
static const struct without_elsewhere elsewhere[] = {
	{ "clock_gettime", "where the kernel gives no clock without a call" },
	{ "fstat", "glibc from 2.39 on" },
	{ "futex", "what a library does for the first time, and only then" },
	{ "ppoll", "poll of aarch64" },
#ifdef __SANITIZE_ADDRESS__
	{ "brk", "not of their allocator" },
	{ "mremap", "not of their allocator" },
	{ "munmap", "not of their allocator, at once" },
	{ "getpid", "theirs too" },
#endif
	{ NULL, NULL },
};

static uint16_t plain, secure;

/* ---- what happens during a call ---- */

static pid_t later(void (*act)(void))
{
	pid_t pid = fork();

	if (!pid) {
		poll(NULL, 0, without_try > 1 ? 1000 : 300);
		act();
		_exit(0);
	}
	return pid;
}

/* A folder that is watched is moved away. */
static void folder_moves(void)
{
	rename("workspace/notes", "workspace/gone");
}

/* The one that was started last. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		;
	if (f)
		fclose(f);
	return pid == getpid() ? 0 : pid;
}

/* What waits with a limit is begun again when it may go on. */
static void call_stops(void)
{
	pid_t pid = child_of(getppid());

	if (pid <= 0 || kill(pid, SIGSTOP))
		return;
	poll(NULL, 0, 50);
	kill(pid, SIGCONT);
}

/* ---- what is there ---- */

static void much(void)
{
	ck_assert(!truncate("workspace/readme.md", 8 << 20));
}

/* Three bytes below what a call may make a file. */
static void nearly_full(void)
{
	ck_assert(!truncate("workspace/readme.md", (1 << 30) - 3));
}

/* ---- what the C library's allocator does ---- */

static bool memory_run(struct handler_call *c)
{
	/* Beyond what it ever gives from its heap. */
	const size_t much = 36 << 20;
	char *p = malloc(much), *q;

	if (p) {
		memset(p, 1, 4096);
		q = realloc(p, much + (4 << 20));
		free(q ? q : p);
	}
	/* And so much from there that it has to grow. */
	for (int i = 0; i < 64; i++) {
		p = malloc(100 << 10);
		if (p)
			*(volatile char *)p = 1;
	}
	handler_say(c, "IoError", "It has used memory.");
	return false;
}

static const struct builtin *memory_find(struct krux_str name)
{
	static struct builtin b;

	b = *builtin_find(name);
	b.run = memory_run;
	return &b;
}

/* ---- calls ---- */

static const struct {
	const char *name, *json;       /* "#": the server's port, "@": that of the one with TLS */
	void (*before)(void), (*meanwhile)(void);
	builtin_find_fn *find;         /* NULL: what kruxrt has */
} made[] = {
	{ .name = "filesystem.stat", .json = "{\"path\":\"/workspace\"}", .find = memory_find },
	{ .name = "filesystem.read", .json = "{\"path\":\"/workspace/readme.md\"}" },
	{ .name = "filesystem.read", .json = "{\"path\":\"/workspace/readme.md\",\"encoding\":\"base64\"}", .before = much },
	{ .name = "filesystem.write", .json = "{\"path\":\"/workspace/new\",\"content\":\"x\"}" },
	{ .name = "filesystem.write", .json = "{\"path\":\"/workspace/readme.md\",\"content\":\"x\",\"mode\":\"overwrite\"}" },
	{ .name = "filesystem.append", .json = "{\"path\":\"/workspace/readme.md\",\"content\":\"x\"}" },
	{ .name = "filesystem.append", .json = "{\"path\":\"/workspace/readme.md\",\"content\":\"0123456789\"}", .before = nearly_full },
	{ .name = "filesystem.edit", .json = "{\"path\":\"/workspace/notes/hello.txt\",\"find\":\"hello\",\"replace\":\"good day\"}" },
	{ .name = "filesystem.list", .json = "{\"path\":\"/workspace\"}" },
	{ .name = "filesystem.stat", .json = "{\"path\":\"/workspace/readme.md\"}" },
	{ .name = "filesystem.search", .json = "{\"path\":\"/workspace\",\"pattern\":\"*.txt\"}" },
	{ .name = "filesystem.search_content", .json = "{\"path\":\"/workspace\",\"text\":\"e\"}" },
	{ .name = "filesystem.copy", .json = "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/copy\"}" },
	{ .name = "filesystem.move", .json = "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/moved\"}" },
	{ .name = "filesystem.delete", .json = "{\"path\":\"/workspace/notes\",\"recursive\":true}" },
	{ .name = "filesystem.restore", .json = "{\"trash_id\":\"ffffffff0000000000000001\",\"path\":\"/workspace/lost.txt\"}" },
	{ .name = "system.ping", .json = "{}" },
	{ .name = "system.time", .json = "{\"timezone\":\"Europe/London\"}" },
	{ .name = "system.info", .json = "{}" },
	{ .name = "system.health", .json = "{}" },
	{ .name = "network.check_port", .json = "{\"host\":\"here.test\",\"port\":#,\"timeout_ms\":2000}" },
	{ .name = "network.dns_lookup", .json = "{\"host\":\"here.test\"}" },
	{ .name = "network.fetch", .json = "{\"url\":\"http://here.test:#/ok\"}" },
	{ .name = "network.download", .json = "{\"url\":\"http://here.test:#/ok\",\"path\":\"/workspace/ok\"}" },
	{ .name = "network.fetch", .json = "{\"url\":\"https://here.test:@/ok\"}" },
	{ .name = "filesystem.watch", .json = "{\"path\":\"/workspace\",\"timeout\":\"100ms\"}" },
	{ .name = "system.metrics", .json = "{}" },
	{ .name = "filesystem.watch", .json = "{\"path\":\"/workspace\",\"recursive\":true,\"timeout\":\"2s\"}", .meanwhile = folder_moves },
	{ .name = "filesystem.watch", .json = "{\"path\":\"/workspace\",\"timeout\":\"1s\"}", .meanwhile = call_stops },
};
enum { MADE = sizeof made / sizeof *made };

static builtin_find_fn *finder_of(size_t i)
{
	if (made[i].find)
		return made[i].find;
	return !strcmp(made[i].name, "network.fetch") || !strcmp(made[i].name, "network.download") ? builtin_web : builtin_find;
}

static const char *answer_of(size_t i)
{
	const size_t n = strcspn(made[i].json, "#@");
	pid_t pid = -1;
	const char *got;
	char json[256];

	calls_refill("filesystem");
	calls_find = finder_of(i);
	snprintf(json, sizeof json, "%s", made[i].json);
	if (made[i].json[n])
		snprintf(json + n, sizeof json - n, "%u%s", made[i].json[n] == '#' ? plain : secure, made[i].json + n + 1);
	if (made[i].before)
		made[i].before();
	if (made[i].meanwhile)
		pid = later(made[i].meanwhile);
	got = calls_json(made[i].name, json);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return got;
}

static unsigned groups_of(size_t i)
{
	char name[64];
	const struct builtin *b;

	snprintf(name, sizeof name, "%s", made[i].name);
	*strchr(name, '.') = '_';
	b = finder_of(i)((struct krux_str){ name, strlen(name) });
	ck_assert_msg(b, "%s", name);
	return b->calls;
}

static bool is_ended(size_t i, unsigned row_groups)
{
	if (row_groups && !(groups_of(i) & row_groups))
		return false;
	answer_of(i);
	return calls_result.end == SPAWN_KILLED && !strcmp(calls_result.why, "a system call that is not allowed");
}

START_TEST(what_is_let_through_is_needed)
{
	if (!calls_setup(_i, "filesystem"))
		return;
	signal(SIGXFSZ, SIG_IGN);
	plain = server_start(SERVER_PLAIN);
	secure = server_start(SERVER_TLS);
	outside_start("127.0.0.0/8");
	/* With all of them none is ended. */
	for (size_t i = 0; i < MADE; i++) {
		const char *got = answer_of(i), *want = made[i].before == nearly_full || made[i].find ? "{\"error\":\"" : "{\"output\":";

		ck_assert_msg(!strncmp(got, want, strlen(want)), "%s %s: %s", made[i].name, made[i].json, got);
	}
	without_each(CALLS_LOOK | CALLS_WALK | CALLS_CHANGE | CALLS_WATCH | CALLS_MACHINE | CALLS_LINE | CALLS_WEB, true, MADE, is_ended, elsewhere);
	server_stop();
	outside_stop();
	calls_teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("calls needed");
	TCase *c = tcase_create("core");
	SRunner *r = srunner_create(s);
	char path[] = "/tmp/krux-web-XXXXXX";
	int failed;

	close(mkstemp(path));
	server_certify(path);
	web_ready(path);
	unlink(path);
	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, what_is_let_through_is_needed, 0, WAYS);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
