/* What a child brings, and until when it is kept. */
#include "runtime/spawn/mounts.h"

#include "runtime/sandbox/sandbox.h"
#include "runtime/spawn/pool.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2], proc;

static void setup(void)
{
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(proc, 0);
}

static void teardown(void)
{
	close(pair[0]);
	close(pair[1]);
	close(proc);
}

/* A process that waits to be ended, and its pidfd. */
static pid_t waiter(int *pidfd)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ck_assert(pid > 0 && *pidfd >= 0);
	return pid;
}

static void end(pid_t pid, int pidfd)
{
	ck_assert(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	close(pidfd);
}

/* A descriptor to be kept, and in *other one that sees when nobody has it. */
static int thing(int *other)
{
	int p[2];

	ck_assert(!pipe2(p, O_CLOEXEC));
	*other = p[0];
	return p[1];
}

static bool is_gone(int other)
{
	struct pollfd p = { .fd = other, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

START_TEST(the_mounts_of_who_says_so)
{
	struct stat own, got;
	int fd;

	ck_assert(!namespace_say(pair[0], namespace_open(proc, "mnt")));
	fd = namespace_hear(pair[1], 0);
	ck_assert_int_ge(fd, 0);
	ck_assert(!stat("/proc/self/ns/mnt", &own) && !fstat(fd, &got));
	ck_assert_uint_eq(own.st_dev, got.st_dev);
	ck_assert_uint_eq(own.st_ino, got.st_ino);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	ck_assert(!namespace_say(pair[0], namespace_open(proc, "net")));
	fd = namespace_hear(pair[1], MSG_DONTWAIT);
	ck_assert(!stat("/proc/self/ns/net", &own) && !fstat(fd, &got));
	ck_assert_uint_eq(own.st_ino, got.st_ino);
	close(fd);
	ck_assert_int_eq(namespace_hear(pair[1], MSG_DONTWAIT), -2);
}
END_TEST

START_TEST(a_word_without_mounts)
{
	ck_assert(!namespace_say(pair[0], -1));
	ck_assert_int_eq(namespace_hear(pair[1], 0), -1);
	/* A folder where there is nothing of the kind. */
	ck_assert_int_lt(namespace_open(open("/tmp", O_PATH | O_CLOEXEC), "mnt"), 0);
}
END_TEST

START_TEST(who_ends_without_a_word)
{
	close(pair[0]);
	ck_assert_int_eq(namespace_hear(pair[1], 0), -2);
}
END_TEST

START_TEST(kept_until_its_process_has_ended)
{
	int pidfd[2], other[2];
	pid_t first = waiter(&pidfd[0]), second = waiter(&pidfd[1]);

	mounts_keep(thing(&other[0]), pidfd[0]);
	mounts_keep(thing(&other[1]), pidfd[1]);
	end(first, pidfd[0]);
	ck_assert_int_eq(write(pair[0], "", 1), 1);
	ck_assert(!mounts_wait(pair[1]));
	ck_assert(is_gone(other[0]));
	ck_assert(!is_gone(other[1]));
	end(second, pidfd[1]);
	ck_assert(!mounts_wait(pair[1]));
	ck_assert(is_gone(other[1]));
}
END_TEST

/* It does not come back for the end of a process alone. */
START_TEST(given_up_while_it_waits)
{
	int pidfd, other, status, fd = thing(&other);
	pid_t pid = waiter(&pidfd), helper = fork();
	struct pollfd p = { .fd = other, .events = POLLIN };

	if (!helper) {
		mounts_keep(fd, pidfd);
		_exit(mounts_wait(pair[1]) != 0);
	}
	close(fd);
	end(pid, pidfd);
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(waitpid(helper, NULL, WNOHANG), 0);
	ck_assert_int_eq(write(pair[0], "", 1), 1);
	ck_assert_int_eq(waitpid(helper, &status, 0), helper);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(one_too_many_is_not_kept)
{
	int pidfd, other, last;
	pid_t pid = waiter(&pidfd);

	for (unsigned i = 0; i < POOL_ALL; i++) {
		mounts_keep(thing(&other), pidfd);
		ck_assert(!is_gone(other));
	}
	mounts_keep(thing(&last), pidfd);
	ck_assert(is_gone(last));
	ck_assert(!is_gone(other));
	end(pid, pidfd);
	ck_assert_int_eq(write(pair[0], "", 1), 1);
	ck_assert(!mounts_wait(pair[1]));
	ck_assert(is_gone(other));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mounts");
	TCase *t = tcase_create("mounts");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_mounts_of_who_says_so);
	tcase_add_test(t, a_word_without_mounts);
	tcase_add_test(t, who_ends_without_a_word);
	tcase_add_test(t, kept_until_its_process_has_ended);
	tcase_add_test(t, given_up_while_it_waits);
	tcase_add_test(t, one_too_many_is_not_kept);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
