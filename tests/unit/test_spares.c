/* Network namespaces made beforehand: each new, each had once, none where they cannot be. */
#include "runtime/spawn/spares.h"

#include "runtime/sandbox/sandbox.h"

#include <check.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct probe root = { .root = true }, user = { .root = false };
static struct spares s;

static void setup(void)
{
	spares_open(&s, &root);
	ck_assert_int_ge(s.socket, 0);
}

static void teardown(void)
{
	spares_close(&s);
}

/* One, when it is there. */
static int take(void)
{
	struct pollfd p = { .fd = s.socket, .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	return spares_take(&s);
}

static ino_t number(const char *path)
{
	struct stat st;

	ck_assert(!stat(path, &st));
	return st.st_ino;
}

static ino_t number_of(int fd)
{
	struct stat st;

	ck_assert(fd >= 0 && !fstat(fd, &st));
	return st.st_ino;
}

/* In it: the loopback is down, and alone. */
static bool is_empty(int fd)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct ifreq lo = { .ifr_name = "lo" };
		struct if_nameindex *all;
		int sock;

		if (namespaces_enter_network(fd) || (sock = socket(AF_INET, SOCK_DGRAM, 0)) < 0 || ioctl(sock, SIOCGIFFLAGS, &lo) ||
		    lo.ifr_flags & IFF_UP || !(all = if_nameindex()))
			_exit(1);
		_exit(!all[0].if_name || strcmp(all[0].if_name, "lo") != 0 || all[1].if_name);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

START_TEST(there_is_none_before_it_is_asked_for)
{
	ck_assert_int_eq(spares_take(&s), -1);
	spares_tend(&s);
	close(take());
}
END_TEST

START_TEST(each_is_new_and_had_once)
{
	ino_t seen[3 * SPARES];
	unsigned n = 0;

	while (n < 3 * SPARES) {
		int fd;

		spares_tend(&s);
		ck_assert_uint_eq(s.due, SPARES);
		fd = take();
		seen[n] = number_of(fd);
		ck_assert_uint_ne(seen[n], number("/proc/self/ns/net"));
		/* One that is gone may be the next again, one that is had not. */
		for (unsigned i = 0; i < n; i++)
			ck_assert_uint_ne(seen[i], seen[n]);
		n++;
	}
}
END_TEST

START_TEST(nothing_is_in_it)
{
	int fd;

	spares_tend(&s);
	fd = take();
	ck_assert(is_empty(fd));
	close(fd);
}
END_TEST

START_TEST(who_made_it_is_not_in_it)
{
	char path[64];

	spares_tend(&s);
	/* All are made: it waits for the next byte. */
	for (unsigned i = 0; i < SPARES; i++)
		close(take());
	snprintf(path, sizeof path, "/proc/%d/ns/net", s.pid);
	ck_assert_uint_eq(number(path), number("/proc/self/ns/net"));
}
END_TEST

START_TEST(not_root_there_is_none)
{
	struct spares none;

	spares_open(&none, &user);
	ck_assert_int_eq(none.socket, -1);
	spares_tend(&none);
	ck_assert_int_eq(spares_take(&none), -1);
	spares_close(&none);
}
END_TEST

START_TEST(what_a_killed_maker_has_made_is_there_and_no_more)
{
	unsigned n = 0;
	int fd;

	spares_tend(&s);
	close(take());
	ck_assert(!kill(s.pid, SIGKILL));
	/* Not reaped: that is spares_close's. */
	ck_assert(!waitid(P_PID, (id_t)s.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT));
	while ((fd = spares_take(&s)) >= 0) {
		ck_assert(is_empty(fd));
		close(fd);
		ck_assert_uint_lt(n++, SPARES);
	}
	spares_tend(&s);
	ck_assert_int_eq(s.socket, -1);
	ck_assert_int_eq(s.pid, 0);
	ck_assert_int_eq(spares_take(&s), -1);
}
END_TEST

START_TEST(not_made_yet_it_is_waited_for_by_nobody)
{
	ck_assert(!kill(s.pid, SIGSTOP));
	ck_assert(!waitid(P_PID, (id_t)s.pid, &(siginfo_t){ 0 }, WSTOPPED));
	spares_tend(&s);
	ck_assert_int_eq(spares_take(&s), -1);
	ck_assert_int_ge(s.socket, 0);
	ck_assert(!kill(s.pid, SIGCONT));
	close(take());
}
END_TEST

START_TEST(closed_it_has_ended)
{
	pid_t pid = s.pid;

	spares_close(&s);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(spares_take(&s), -1);
	spares_tend(&s);
	spares_close(&s);              /* twice is allowed */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spares");
	TCase *t = tcase_create("spares");
	SRunner *r = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	if (!geteuid()) {
		tcase_add_test(t, there_is_none_before_it_is_asked_for);
		tcase_add_test(t, each_is_new_and_had_once);
		tcase_add_test(t, nothing_is_in_it);
		tcase_add_test(t, who_made_it_is_not_in_it);
		tcase_add_test(t, what_a_killed_maker_has_made_is_there_and_no_more);
		tcase_add_test(t, not_made_yet_it_is_waited_for_by_nobody);
		tcase_add_test(t, closed_it_has_ended);
	}
	tcase_add_test(t, not_root_there_is_none);
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
