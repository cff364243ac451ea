/* What a call's confinement costs, beside starting a program without any and with bubblewrap's, in one run:
 * 1,000 of each, back to back, in rounds that alternate so that a slow moment of the machine meets each of them.
 *
 *   bare          vfork, exec and wait of a program that copies a file of 6 bytes (bench/bare.c), static and dynamic
 *   fork          the same by fork, static
 *   bubblewrap    seven namespaces, the host's root read-only, and the dynamic program
 *   cold, warm    a call of filesystem.stat, from the request at the spawner to its answer, all layers on: without
 *                 children that wait, and with them, back to back and, 300 of each, paced: 10 ms after each other
 *   sustained     64 of those calls at once
 *
 * The spawner and the handlers' process are forked from this program, which is larger than krux-handler. */
#include "bench/measure.h"
#include "tests/unit/spawning.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, CALLS = 50, PACED = 15, PAUSE_MS = 10, AT_ONCE = 64, SUSTAINED = 2000 };

static char file[4300];
static struct times bare_static, bare_dynamic, forked, bubblewrap, cold, warm, cold_paced, warm_paced;
static double cold_rate, warm_rate;
static char bare_path[2][4096];

__attribute__((noreturn)) static void give_up(const char *what)
{
	fprintf(stderr, "bench/sandbox: %s\n", what);
	_exit(1);
}

/* ---- programs ---- */

static void child_exec(const char *const *argv)
{
	char *copy[16];
	int null = open("/dev/null", O_WRONLY);
	size_t n = 0;

	for (; argv[n] && n < 15; n++)
		copy[n] = (char *)(uintptr_t)argv[n];
	copy[n] = NULL;
	if (dup2(null, 1) >= 0)
		execvp(copy[0], copy);
	_exit(127);
}

/* ns; 0: there is no such program. */
static double program(const char *const *argv, bool by_fork)
{
	posix_spawn_file_actions_t actions;
	uint64_t from = now_ns();
	int status = 0, no = 0;
	pid_t pid = 0;

	if (by_fork) {
		pid = fork();
		if (!pid)
			child_exec(argv);
	} else {
		/* The C library's is vfork. */
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
		no = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, NULL);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (no || pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		return 0;
	return (double)(now_ns() - from);
}

static void programs(struct times *to, const char *const *argv, bool by_fork)
{
	for (unsigned i = 0; i < CALLS; i++) {
		double ns = program(argv, by_fork);

		if (!ns)
			return;
		times_add(to, ns);
	}
}

/* ---- calls ---- */

static void answer_take(unsigned *n)
{
	struct pollfd p[2] = { { .fd = to_gate.fd, .events = POLLIN }, { .fd = to_recorder.fd, .events = POLLIN } };
	struct message_result result;
	struct krux_err err;
	struct message m;

	int rc;

	if (poll(p, 2, 10000) <= 0)
		give_up("no answer");
	while ((rc = channel_take(&to_recorder, &m, &err)) > 0)
		message_close_fds(&m);
	while (rc >= 0 && (rc = channel_take(&to_gate, &m, &err)) > 0) {
		if (m.kind != MESSAGE_RESULT)
			give_up("a call was refused");
		memcpy(&result, m.body, sizeof result);
		if (result.end != SPAWN_DONE)
			give_up("a call did not end well");
		message_close_fds(&m);
		++*n;
	}
	if (rc < 0)
		give_up("the spawner is gone");
}

static void request_make(struct written *w)
{
	struct record r = written_request(w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	written_encode(w, &r);
}

static void calls(struct times *to, unsigned count, int pause_ms)
{
	static struct written w;

	for (unsigned i = 0; i < count; i++) {
		unsigned n = 0;
		uint64_t from;

		if (pause_ms)
			poll(NULL, 0, pause_ms);
		request_make(&w);
		from = now_ns();
		spawning_run(&w, NULL, w.seq);
		while (!n)
			answer_take(&n);
		if (to)
			times_add(to, (double)(now_ns() - from));
	}
}

/* Calls a second. */
static double calls_sustained(void)
{
	static struct written w;
	unsigned sent = 0, done = 0;
	uint64_t from = now_ns();

	while (done < SUSTAINED) {
		while (sent < SUSTAINED && sent - done < AT_ONCE) {
			request_make(&w);
			spawning_run(&w, NULL, w.seq);
			sent++;
		}
		answer_take(&done);
	}
	return SUSTAINED / ((double)(now_ns() - from) / 1e9);
}

/* ---- all of them ---- */

static void round_of(bool waiting)
{
	spawning_waiting = waiting ? 8 : 0;
	spawning_setup();
	spawning_file("a", "hello\n");
	/* The first calls find nobody who waits. */
	calls(NULL, 10, 0);
	calls(waiting ? &warm : &cold, CALLS, 0);
	calls(waiting ? &warm_paced : &cold_paced, PACED, PAUSE_MS);
}

static void round_programs(void)
{
	const char *const plain[2][3] = { { bare_path[0], file, NULL }, { bare_path[1], file, NULL } };
	const char *const wrapped[] = { "bwrap", "--unshare-all", "--ro-bind", "/", "/", bare_path[1], file, NULL };

	snprintf(file, sizeof file, "%s/a", spawning_place.path);
	programs(&bare_static, plain[0], false);
	programs(&bare_dynamic, plain[1], false);
	programs(&forked, plain[0], true);
	programs(&bubblewrap, wrapped, false);
}

START_TEST(all)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		round_of(false);
		if (i == ROUNDS - 1)
			cold_rate = calls_sustained();
		spawning_teardown();
		round_of(true);
		round_programs();
		if (i == ROUNDS - 1)
			warm_rate = calls_sustained();
		spawning_teardown();
	}
}
END_TEST

static double line(const char *what, struct times *t)
{
	if (!t->n)
		printf("  %-46s is not there\n", what);
	else
		printf("  %-46s %9.0f %9.0f %9.0f   (%zu)\n", what, times_quantile(t, 0.5) / 1e3, times_quantile(t, 0.9) / 1e3,
		       times_quantile(t, 0.99) / 1e3, t->n);
	return times_quantile(t, 0.5);
}

static void report(void)
{
	double dynamic, by_fork, bwrap, warm_p50, cold_p50, back_to_back;

	printf("sandbox: us                                            p50       p90       p99\n");
	line("vfork, exec, wait: static", &bare_static);
	dynamic = line("vfork, exec, wait: dynamic", &bare_dynamic);
	by_fork = line("fork, exec, wait: static", &forked);
	bwrap = line("bubblewrap (Debian's package), dynamic", &bubblewrap);
	line("a call at the spawner, cold, back to back", &cold);
	back_to_back = line("a call at the spawner, warm, back to back", &warm);
	cold_p50 = line("a call at the spawner, cold, paced", &cold_paced);
	warm_p50 = line("a call at the spawner, warm, paced", &warm_paced);
	printf("  %-46s %9.0f\n", "64 calls at once, cold: calls a second", cold_rate);
	figure_print("warm call, paced / fork, exec of a static program", warm_p50 / by_fork, "x", 0.5);
	figure_print("the same back to back, children replaced as they go", back_to_back / by_fork, "x", 0.5);
	figure_least("64 calls at once, one-shot children replaced, a second", warm_rate, "/s", 800);
	if (bwrap > dynamic)
		printf("  (call - bare) / (bubblewrap - bare), bare dynamic, paced: cold %.3f, warm %.3f\n",
		       (cold_p50 - dynamic) / (bwrap - dynamic), (warm_p50 - dynamic) / (bwrap - dynamic));
	printf("  not measured: a warm call end to end / bubblewrap (bar 0.15), a warm command (0.08), a cold\n"
	       "  command (0.30): there are no commands, and bench/gate measures the gate\n");
}

static void paths_find(const char *build)
{
	snprintf(bare_path[0], sizeof bare_path[0], "%s/bench/bare_static", build);
	snprintf(bare_path[1], sizeof bare_path[1], "%s/bench/bare", build);
	for (int i = 0; i < 2; i++) {
		char *full = realpath(bare_path[i], NULL);

		if (!full)
			give_up("bench/bare and bench/bare_static are to be built too");
		snprintf(bare_path[i], sizeof bare_path[i], "%s", full);
		free(full);
	}
}

int main(void)
{
	const char *build = getenv("BUILD");
	Suite *s = suite_create("sandbox");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	paths_find(build ? build : "build");
	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_set_timeout(t, 600);
	tcase_add_test(t, all);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	/* The tests' own spawner, in this process: its checks are theirs. */
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	if (failed)
		srunner_print(r, CK_VERBOSE);
	srunner_free(r);
	if (!failed)
		report();
	return failed != 0;
}
