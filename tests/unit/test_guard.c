/* Whoever is about to hold a secret key cannot be dumped or looked into, whether or not there is one in the end. */
#include "capspec/guard.h"
#include "compiler/command/command.h"
#include "runtime/base/err.h"
#include "runtime/front/act.h"
#include "runtime/record/record.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of runtime/front/front.h, whose exit codes have the names of the compiler's. */
int init_command(int, char **);
int audit_command(int, char **);
int call_command(int, char **);
int agents_command(int, char **);
int approvals_command(int, char **);
int keys_command(int, char **);

static char root[64];

static void setup(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	strcpy(root, "/tmp/krux-guard-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chdir(root), 0);
	/* What the programs say is not looked at. */
	ck_assert(null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void is_guarded(void)
{
	struct rlimit r;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &r), 0);
	ck_assert(r.rlim_cur == 0 && r.rlim_max == 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
}

/* Its exit code, with these words. */
static int ran(int (*command)(int, char **), const char *line)
{
	char words[256], *argv[16], *at = words;
	int argc = 0;

	snprintf(words, sizeof words, "%s", line);
	for (char *w; argc < 15 && (w = strsep(&at, " ")) != NULL;)
		argv[argc++] = w;
	argv[argc] = NULL;
	return command(argc, argv);
}

START_TEST(the_guard)
{
	struct krux_refusal why;

	ck_assert(krux_guard(&why));
	is_guarded();
	ck_assert(krux_guard(&why));
}
END_TEST

START_TEST(kruxc_keygen)
{
	char name[] = "ana", *arg[] = { name, NULL };
	struct options o = { .command = "keygen", .arg = arg, .nargs = 1 };

	ck_assert_int_eq(command_keygen(&o), EXIT_YES);
	is_guarded();
}
END_TEST

START_TEST(kruxc_build)
{
	char name[] = "none.yaml", *arg[] = { name, NULL };
	struct options o = { .command = "build", .arg = arg, .nargs = 1, .output = "out", .key = "none.key" };

	ck_assert_int_eq(command_build(&o), EXIT_USAGE);
	is_guarded();
}
END_TEST

START_TEST(operators)
{
	struct act_place at = { .state = root, .operator = "none.key" };
	struct krux_err err = { 0 };
	struct record r = { 0 };
	uint64_t seq;

	ck_assert_int_eq(act_do(&at, &r, &seq, &err), SUPERVISOR_FAILED);
	ck_assert_msg(strstr(err.text, "none.key") != NULL, "%s", err.text);
	is_guarded();
}
END_TEST

/* Each makes or reads a key in its own way. */
START_TEST(kruxrt_init_and_acknowledge)
{
	ck_assert_int_eq(ran(init_command, "--state state"), EXIT_YES);
	is_guarded();
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_eq(ran(audit_command, "acknowledge --state state --key state/keys/operator.key --reason test"), EXIT_NO);
	is_guarded();
}
END_TEST

START_TEST(kruxrt_call)
{
	ck_assert_int_ne(ran(call_command, "system.ping {} --as builder --key none.key --socket none.sock"), EXIT_YES);
	is_guarded();
}
END_TEST

START_TEST(kruxrt_agents_add)
{
	ck_assert_int_ne(ran(agents_command, "add builder --workspace /srv --token --operator none.key --socket none.sock"), EXIT_YES);
	is_guarded();
}
END_TEST

START_TEST(kruxrt_approvals)
{
	ck_assert_int_ne(ran(approvals_command, "accept 0011 --key none.key --socket none.sock"), EXIT_YES);
	is_guarded();
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_ne(ran(approvals_command, "reject 0011 --key none.key --socket none.sock"), EXIT_YES);
	is_guarded();
	/* Who only looks has no key. */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_ne(ran(approvals_command, "list --socket none.sock"), EXIT_YES);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

START_TEST(kruxrt_keys)
{
	ck_assert_int_eq(ran(init_command, "--state state"), EXIT_YES);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_ne(ran(keys_command, "revoke approver --role approver --operator none.key --state state"), EXIT_YES);
	is_guarded();
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("guard");
	Suite *s = suite_create("guard");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_guard);
	tcase_add_test(c, kruxc_keygen);
	tcase_add_test(c, kruxc_build);
	tcase_add_test(c, operators);
	tcase_add_test(c, kruxrt_init_and_acknowledge);
	tcase_add_test(c, kruxrt_call);
	tcase_add_test(c, kruxrt_agents_add);
	tcase_add_test(c, kruxrt_approvals);
	tcase_add_test(c, kruxrt_keys);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
