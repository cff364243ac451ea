/* Sockets of the daemon: made without a moment of wrong rights, taken from systemd by name, never taken
 * from somebody who listens. And what a service manager hears. */
#include "runtime/base/err.h"
#include "runtime/front/listen.h"
#include "runtime/front/ready.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct listen_socket a, b;
static struct krux_err err;
static char folder[64], path[128];

static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/krux-listen-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/agent.sock", folder);
	err = (struct krux_err){ 0 };
	a.fd = b.fd = -1;
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
}

static int reach(const char *where)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), rc;

	snprintf(at.sun_path, sizeof at.sun_path, "%.100s", where);
	rc = connect(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	return rc;
}

START_TEST(a_socket_is_made_with_its_rights)
{
	struct stat st;

	umask(0);
	ck_assert(!listen_make(path, 0600, (gid_t)-1, &a, &err));
	ck_assert(!stat(path, &st));
	ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
	ck_assert_uint_eq(umask(022), 0);
	listen_close(&a);
	umask(077);
	ck_assert(!listen_make(path, 0666, (gid_t)-1, &a, &err));
	ck_assert(!stat(path, &st));
	ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0666);
	listen_close(&a);
	ck_assert(stat(path, &st) < 0);
}
END_TEST

START_TEST(nobody_connects_before_it_listens)
{
	ck_assert(!listen_make(path, 0666, (gid_t)-1, &a, &err));
	ck_assert_int_lt(reach(path), 0);
	ck_assert(!listen_open(&a, &err));
	ck_assert_int_eq(reach(path), 0);
	listen_close(&a);
}
END_TEST

START_TEST(a_socket_in_use_is_refused_and_a_dead_one_replaced)
{
	ck_assert(!listen_make(path, 0666, (gid_t)-1, &a, &err));
	ck_assert(!listen_open(&a, &err));
	ck_assert(listen_make(path, 0666, (gid_t)-1, &b, &err) < 0);
	ck_assert_ptr_nonnull(strstr(err.text, "another process listens there"));
	ck_assert_int_eq(reach(path), 0);
	close(a.fd);                   /* as when its process is killed */
	ck_assert_int_lt(reach(path), 0);
	ck_assert(!listen_make(path, 0666, (gid_t)-1, &b, &err));
	ck_assert(!listen_open(&b, &err));
	a.fd = -1;
	listen_close(&a);              /* leaves the other's file alone */
	ck_assert_int_eq(reach(path), 0);
	listen_close(&b);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
	close(open(path, O_WRONLY | O_CREAT, 0600));
	ck_assert(listen_make(path, 0666, (gid_t)-1, &a, &err) < 0);
	ck_assert_ptr_nonnull(strstr(err.text, "is there and no socket"));
	ck_assert(!unlink(path));
	ck_assert(!symlink("/nowhere", path));
	ck_assert(listen_make(path, 0666, (gid_t)-1, &a, &err) < 0);
}
END_TEST

START_TEST(a_path_too_long_is_refused)
{
	char far[256];

	memset(far, 'x', sizeof far);
	far[0] = '/';
	far[sizeof far - 1] = 0;
	ck_assert(listen_make(far, 0666, (gid_t)-1, &a, &err) < 0);
	ck_assert_ptr_nonnull(strstr(err.text, "a socket's path has at most 107 bytes"));
}
END_TEST

/* ---- from systemd ---- */

enum { PLAIN, INET, LISTENING };

static int high(int kind)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(kind == INET ? AF_INET : AF_UNIX, SOCK_STREAM, 0), far;

	/* An autobound abstract name. */
	if (kind == LISTENING && (bind(fd, (struct sockaddr *)&at, sizeof at.sun_family) || listen(fd, 1)))
		_exit(101);
	far = fcntl(fd, F_DUPFD, 20);
	close(fd);
	return far;
}

/* As systemd starts us, with sockets of these kinds (-1: none) at 3 and 4. */
static void pass(int first, int second, const char *names, pid_t whom)
{
	int fd[2] = { high(first), second >= 0 ? high(second) : -1 };
	char text[16];

	dup2(fd[0], 3);
	close(fd[0]);
	if (second >= 0) {
		dup2(fd[1], 4);
		close(fd[1]);
	}
	snprintf(text, sizeof text, "%d", whom);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", second >= 0 ? "2" : "1", 1);
	if (names)
		setenv("LISTEN_FDNAMES", names, 1);
}

static int both_taken(void)
{
	if (listen_inherit(&a, &b, &err) != 1 || a.fd != 4 || b.fd != 3)
		return 1;
	if (fcntl(3, F_GETFD) != FD_CLOEXEC || !(fcntl(4, F_GETFL) & O_NONBLOCK) || getenv("LISTEN_FDS"))
		return 2;
	if (listen_open(&a, &err))
		return 3;
	listen_close(&a);
	listen_close(&b);
	return fcntl(3, F_GETFD) < 0 ? 0 : 4;
}

static const struct passed {
	int first, second;
	const char *names;
	const char *why;               /* "": both are taken; NULL: none */
	bool other;                    /* for another process */
} passed[] = {
	{ LISTENING, LISTENING, "supervisor:agent", "", false },
	{ LISTENING, LISTENING, "agent:supervisor", NULL, true },
	{ LISTENING, PLAIN, "agent:supervisor", "the socket supervisor that systemd passes is no listening", false },
	{ INET, LISTENING, "agent:supervisor", "the socket agent that systemd passes is no listening", false },
	{ LISTENING, -1, "agent", "no socket with the name supervisor", false },
	{ LISTENING, LISTENING, "agent:agent", "two sockets with the name agent", false },
	{ LISTENING, LISTENING, "agent:krux.socket", "is named krux.socket", false },
	{ LISTENING, LISTENING, NULL, "is named nothing", false },
};

static int passed_check(const struct passed *p)
{
	int rc;

	pass(p->first, p->second, p->names, p->other ? 1 : getpid());
	if (p->why && !*p->why)
		return both_taken();
	rc = listen_inherit(&a, &b, &err);
	if (!p->why)
		return rc;
	return rc == -1 && strstr(err.text, p->why) ? 0 : 5;
}

/* In a process of its own, since 3 and 4 belong to the test's runner. */
START_TEST(sockets_of_systemd_are_found_by_name_and_checked)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(passed_check(&passed[_i]));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- readiness ---- */

static void heard(const char *name, size_t n)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char text[512] = "", env[128];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(at.sun_path, name, n);
	ck_assert(!bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
	snprintf(env, sizeof env, "%s%.*s", *name ? "" : "@", (int)(n - !*name), name + !*name);
	setenv("NOTIFY_SOCKET", env, 1);
	ready_begin();
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ready_say("READY=1", "serving");
	ck_assert_int_gt(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 0);
	ck_assert_ptr_eq(strstr(text, "READY=1\nMONOTONIC_USEC="), text);
	ck_assert_ptr_nonnull(strstr(text, "\nSTATUS=serving\n"));
	close(fd);
	ready_say("STOPPING=1", NULL); /* nobody hears it: no harm */
}

START_TEST(a_service_manager_hears_that_it_is_ready)
{
	char abstract[64];
	int n = snprintf(abstract, sizeof abstract, "%ckrux-test-%d", 0, getpid());

	heard(path, strlen(path));
	heard(abstract, (size_t)n);
}
END_TEST

START_TEST(without_one_nothing_is_said)
{
	unsetenv("NOTIFY_SOCKET");
	ready_begin();
	ready_say("READY=1", NULL);
	setenv("NOTIFY_SOCKET", "relative", 1);
	ready_begin();
	ready_say("READY=1", NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("listen");
	TCase *c = tcase_create("listen");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_socket_is_made_with_its_rights);
	tcase_add_test(c, nobody_connects_before_it_listens);
	tcase_add_test(c, a_socket_in_use_is_refused_and_a_dead_one_replaced);
	tcase_add_test(c, what_is_no_socket_is_left_alone);
	tcase_add_test(c, a_path_too_long_is_refused);
	tcase_add_loop_test(c, sockets_of_systemd_are_found_by_name_and_checked, 0, sizeof passed / sizeof *passed);
	tcase_add_test(c, a_service_manager_hears_that_it_is_ready);
	tcase_add_test(c, without_one_nothing_is_said);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
