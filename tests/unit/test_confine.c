/* kruxc confined for each kind of command: it writes where that writes, and what a policy's text could make of it beyond
 * that is refused. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/landlock.h"
#include "compiler/command/command.h"

/* out/ and given/ are there, with out/old and given/p.yaml; everything else is not. */
static char top[PATH_MAX], tmpdir[PATH_MAX + 8];

static void file_put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof top, "%s/krux-confine.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	ck_assert(mkdtemp(top));
	ck_assert_int_eq(chdir(top), 0);
	ck_assert(!mkdir("out", 0700) && !mkdir("given", 0700) && !mkdir("tmp", 0700));
	ck_assert(!symlink("out", "link"));
	file_put("out/old");
	file_put("given/p.yaml");
	snprintf(tmpdir, sizeof tmpdir, "%s/tmp", top);
	ck_assert_int_eq(setenv("TMPDIR", tmpdir, 1), 0);
}

static void teardown(void)
{
	static const char *const names[] = {
		"out/old", "out/new", "out", "given/p.yaml", "given/new", "given", "tmp/new", "tmp", "link", "new",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		remove(names[i]);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(top), 0);
}

/* ---- files ---- */

static int file_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? errno : 0;
}

/* In a child: the errno of making each file; 255: it could not be confined. */
static int confined(const struct options *o, enum command_writes writes, int (*attempt)(const char *), const char *path)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(command_confine(o, writes) ? attempt(path) : 255);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

static char given[] = "given/p.yaml";
static char *args[] = { given };

/* Which of the places are written: o out, g given, t tmp, h here. */
static const struct {
	enum command_writes writes;
	const char *output;
	bool write;
	const char *where;
} rows[] = {
	{ WRITES_NOTHING, NULL, false, "" },
	{ WRITES_OUTPUT, NULL, false, "" },
	{ WRITES_OUTPUT, "out/new", false, "o" },
	{ WRITES_OUTPUT, "out/old", false, "o" },
	{ WRITES_OUTPUT, "out", false, "o" },
	{ WRITES_OUTPUT, "out/", false, "o" },
	{ WRITES_OUTPUT, "link", false, "o" },
	{ WRITES_OUTPUT, "/dev/null", false, "" },
	{ WRITES_OUTPUT, "nowhere/new", false, "" },
	{ WRITES_OUTPUT, "new", false, "ogth" },         /* it is made here */
	{ WRITES_BUILD, "out", false, "ot" },
	{ WRITES_IN_PLACE, NULL, false, "" },
	{ WRITES_IN_PLACE, NULL, true, "g" },
	{ WRITES_NAMES, NULL, false, "g" },
};
enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(writes_where_the_command_writes)
{
	static const struct { char place; const char *path; } places[] = {
		{ 'o', "out/new" }, { 'o', "out/old" }, { 'g', "given/new" }, { 'g', "given/p.yaml" }, { 't', "tmp/new" }, { 'h', "new" },
	};
	const struct options o = { .output = rows[_i].output, .write = rows[_i].write, .arg = args, .nargs = 1 };

	if (landlock_abi() < 2)
		return;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const bool may = strchr(rows[_i].where, places[i].place) != NULL;

		ck_assert_msg(confined(&o, rows[_i].writes, file_make, places[i].path) == (may ? 0 : EACCES), "row %d, %s", _i,
		              places[i].path);
	}
}
END_TEST

static int file_read(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int file_replace(const char *path)
{
	return mkdir("out/stage", 0700) || rename("out/old", "out/stage/old") || rename("out/stage/old", path) ||
	               rmdir("out/stage") ? errno : 0;
}

static int file_remove(const char *path)
{
	return unlink(path) ? errno : 0;
}

static int device_write(const char *path)
{
	return open(path, O_WRONLY | O_CLOEXEC) < 0 ? errno : 0;
}

START_TEST(does_its_job)
{
	const struct options o = { .output = "out" }, null = { .output = "/dev/null" };

	ck_assert_int_eq(confined(&o, WRITES_NOTHING, file_read, "given/p.yaml"), 0);
	ck_assert_int_eq(confined(&o, WRITES_NOTHING, file_read, "/etc/passwd"), 0);
	ck_assert_int_eq(confined(&o, WRITES_BUILD, file_replace, "out/old"), 0);
	ck_assert_int_eq(confined(&null, WRITES_OUTPUT, device_write, "/dev/null"), 0);
	if (landlock_abi() >= 2)
		ck_assert_int_eq(confined(&o, WRITES_OUTPUT, file_remove, "given/p.yaml"), EACCES);
}
END_TEST

/* ---- system calls ---- */

static int program_run(const char *path)
{
	execl(path, path, NULL);
	return errno;
}

static int socket_make(const char *nothing)
{
	(void)nothing;
	return socket(AF_INET, SOCK_DGRAM, 0) < 0 && socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int parent_read(const char *nothing)
{
	(void)nothing;
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) ? errno : 0;
}

static int namespace_make(const char *nothing)
{
	(void)nothing;
	return unshare(CLONE_NEWUSER) ? errno : 0;
}

START_TEST(makes_no_socket_and_runs_nothing)
{
	const struct options o = { .output = "out" };

	for (int writes = WRITES_NOTHING; writes <= WRITES_NAMES; writes++) {
		ck_assert_int_eq(confined(&o, (enum command_writes)writes, socket_make, NULL), EPERM);
		ck_assert_int_eq(confined(&o, (enum command_writes)writes, parent_read, NULL), EPERM);
		ck_assert_int_eq(confined(&o, (enum command_writes)writes, namespace_make, NULL), EPERM);
		ck_assert_int_eq(confined(&o, (enum command_writes)writes, program_run, "/bin/true"), writes == WRITES_BUILD ? 0 : EPERM);
	}
}
END_TEST

static Suite *confine_suite(void)
{
	Suite *s = suite_create("confine");
	TCase *tc = tcase_create("kruxc");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, writes_where_the_command_writes, 0, ROWS);
	tcase_add_test(tc, does_its_job);
	tcase_add_test(tc, makes_no_socket_and_runs_nothing);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(confine_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
