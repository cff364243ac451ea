/* Whoever is about to hold a secret key cannot be dumped or looked into, whether or not there is one in the end. */
#include "capspec/guard.h"
#include "compiler/command/command.h"
#include "runtime/base/err.h"
#include "runtime/front/act.h"
#include "runtime/record/record.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of runtime/front/front.h, whose exit codes have the names of the compiler's. */
int init_command(int, char **);
int audit_command(int, char **);
int call_command(int, char **);
int agents_command(int, char **);
int approvals_command(int, char **);
int keys_command(int, char **);

static char root[64];

/* A program that has confined itself cannot be asked by itself any more: a thread from before it did tells. */
struct told {
	int code, dumpable;
	struct rlimit core;
};

static struct {
	sem_t ask;
	int to;
	struct told told;
} teller;

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

static void look(struct told *t)
{
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &t->core), 0);
	t->dumpable = prctl(PR_GET_DUMPABLE);
}

static void guarded(const struct told *t)
{
	ck_assert(t->core.rlim_cur == 0 && t->core.rlim_max == 0);
	ck_assert_int_eq(t->dumpable, 0);
}

static void is_guarded(void)
{
	struct told t;

	look(&t);
	guarded(&t);
}

static void *tell(void *none)
{
	while (sem_wait(&teller.ask))
		;
	look(&teller.told);
	_exit(write(teller.to, &teller.told, sizeof teller.told) != sizeof teller.told);
	return none;
}

static int words_run(int (*command)(int, char **), const char *line)
{
	char words[256], *argv[16], *at = words;
	int argc = 0;

	snprintf(words, sizeof words, "%s", line);
	for (char *w; argc < 15 && (w = strsep(&at, " ")) != NULL;)
		argv[argc++] = w;
	argv[argc] = NULL;
	return command(argc, argv);
}

/* What came of it with these words, in a process of its own. */
static struct told ran(int (*command)(int, char **), const char *line)
{
	pthread_t thread;
	struct told t;
	int pair[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(pair), 0);
	pid = fork();
	if (!pid) {
		teller.to = pair[1];
		if (sem_init(&teller.ask, 0, 0) || pthread_create(&thread, NULL, tell, NULL))
			_exit(1);
		teller.told.code = words_run(command, line);
		sem_post(&teller.ask);
		for (;;)
			pthread_join(thread, NULL);
	}
	ck_assert_int_gt(pid, 0);
	close(pair[1]);
	ck_assert_int_eq(read(pair[0], &t, sizeof t), sizeof t);
	close(pair[0]);
	ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
	return t;
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
	struct told t = ran(init_command, "--state state");

	ck_assert_int_eq(t.code, EXIT_YES);
	guarded(&t);
	t = ran(audit_command, "acknowledge --state state --key state/keys/operator.key --reason test");
	ck_assert_int_eq(t.code, EXIT_NO);
	guarded(&t);
}
END_TEST

static void fails_guarded(int (*command)(int, char **), const char *line)
{
	struct told t = ran(command, line);

	ck_assert_int_ne(t.code, EXIT_YES);
	guarded(&t);
}

START_TEST(kruxrt_call)
{
	fails_guarded(call_command, "system.ping {} --as builder --key none.key --socket none.sock");
}
END_TEST

START_TEST(kruxrt_agents_add)
{
	ck_assert_int_eq(ran(init_command, "--state state").code, EXIT_YES);
	fails_guarded(agents_command, "add builder --workspace /srv --token --operator none.key --state state");
}
END_TEST

START_TEST(kruxrt_approvals)
{
	struct told t;

	fails_guarded(approvals_command, "accept 0011 --key none.key --socket none.sock");
	fails_guarded(approvals_command, "reject 0011 --key none.key --socket none.sock");
	/* Who only looks has no key. */
	t = ran(approvals_command, "list --socket none.sock");
	ck_assert_int_ne(t.code, EXIT_YES);
	ck_assert_int_eq(t.dumpable, 1);
}
END_TEST

START_TEST(kruxrt_keys)
{
	ck_assert_int_eq(ran(init_command, "--state state").code, EXIT_YES);
	fails_guarded(keys_command, "revoke approver --role approver --operator none.key --state state");
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
