/* What a call's confinement costs, beside starting a program without any and with bubblewrap's, in one run:
 * 1,000 of each, back to back, and 300 paced (10 ms after each other), in rounds that alternate so that a slow moment of
 * the machine meets each of them.
 *
 *   bare          vfork, exec and wait of a program that copies a file of 6 bytes (bench/bare.c), static and dynamic
 *   fork          the same by fork, static
 *   bubblewrap    seven namespaces, the host's root read-only, and the dynamic program; or cat
 *   cold          a call of filesystem.stat, from the request at the spawner to its answer, all layers on, with nothing
 *                 made before for it: what waits are new network namespaces, for whoever is next
 *   reused        the same with the agent's network and mounts made before, and no child
 *   cold command  the dynamic program as a command, with nothing made before; where it may write, behind an overlay
 *                 (each in a cgroup of its own, where cgroup v2 is there)
 *   warm command  the same with children that wait, in krux-spawner and krux-handler
 *   warm          the builtin's call with children that wait, in krux-spawner and krux-handler
 *   end to end    filesystem.read of an agent of kruxrt serve, both of its records on the disk
 *   at once       64 of those calls under way all the time
 *
 * As root calls run as a uid of their agent, on an idmapped mount of its workspace.
 *
 * Cold and reused are forked from this program, which is larger than krux-handler. */
#include "bench/measure.h"
#include "bench/served.h"
#include "capspec/frame.h"
#include "runtime/base/uids.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/pool.h"
#include "tests/unit/spawning.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, CALLS = 50, PACED = 15, PAUSE_MS = 10, AT_ONCE = 64, SUSTAINED = 2000 };

static char file[4300];
static struct times bare_static, bare_dynamic, forked, forked_paced, bubblewrap;
static struct times cat, bubblewrap_cat, whole, disk;
static char bare_path[2][4096], build_path[4096];

/* The ways to a call at the spawner. */
static struct way {
	const char *name;
	unsigned waiting, together;
	bool programs;
	const char *command;           /* it starts this one */
	bool changes;
	struct times times, paced;
	double rate, cpu_us;           /* calls a second; of all processes, for one call */
} way[] = {
	{ .name = "cold" },
	{ .name = "reused network", .together = POOL_ALL },
	{ .name = "cold command", .command = bare_path[1] },
	{ .name = "cold command that may write", .command = bare_path[1], .changes = true },
	{ .name = "warm command", .waiting = POOL_EACH, .together = POOL_ALL, .programs = true, .command = bare_path[1] },
	{ .name = "warm command that may write", .waiting = POOL_EACH, .together = POOL_ALL, .programs = true, .command = bare_path[1], .changes = true },
	{ .name = "warm", .waiting = POOL_EACH, .together = POOL_ALL, .programs = true },
};
enum { NWAYS = sizeof way / sizeof *way, WARM = NWAYS - 1 };
static double child_kib;               /* of one that waits */
static struct served served;

__attribute__((noreturn)) static void give_up(const char *what)
{
	fprintf(stderr, "bench/sandbox: %s\n", what);
	served_stop(&served);
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

static void programs(struct times *to, const char *const *argv, bool by_fork, unsigned count, int pause_ms)
{
	for (unsigned i = 0; i < count; i++) {
		double ns;

		if (pause_ms)
			poll(NULL, 0, pause_ms);
		ns = program(argv, by_fork);
		if (ns <= 0)
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

/* KiB of its own that a child of the handlers' process holds while it waits, on average. */
static double children_kib(void)
{
	DIR *proc = opendir("/proc");
	double sum = 0, n = 0;
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		char path[300], line[256], comm[32] = "";
		int parent = 0, kib;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%*d (%31[^)]) %*c %d", comm, &parent) != 2 || parent != handler_pid || strcmp(comm, "krux-call") != 0) {
			if (f)
				fclose(f);
			continue;
		}
		fclose(f);
		snprintf(path, sizeof path, "/proc/%s/smaps_rollup", e->d_name);
		f = fopen(path, "re");
		n++;
		while (f && fgets(line, sizeof line, f))
			if (sscanf(line, "Private_Dirty: %d", &kib) == 1 || sscanf(line, "Private_Clean: %d", &kib) == 1)
				sum += kib;
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return n > 0 ? sum / n : 0;
}

static double children_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* ---- all of them ---- */

static void round_of(struct way *w, bool last)
{
	const double before = children_us();

	spawning_waiting = w->waiting;
	spawning_together = w->together;
	spawning_programs = w->programs ? build_path : NULL;
	spawning_command = w->command;
	spawning_changes = w->changes;
	spawning_setup();
	spawning_file("a", "hello\n");
	/* The first calls find nobody who waits. */
	calls(NULL, 10, 0);
	calls(&w->times, CALLS, 0);
	calls(&w->paced, PACED, PAUSE_MS);
	if (last && w->waiting)
		child_kib = children_kib();
	if (last)
		w->rate = calls_sustained();
	spawning_teardown();
	if (last)
		w->cpu_us = (children_us() - before) / (10 + CALLS + PACED + SUSTAINED);
}

static void round_programs(void)
{
	const char *const plain[2][3] = { { bare_path[0], file, NULL }, { bare_path[1], file, NULL } };
	const char *const wrapped[] = { "bwrap", "--unshare-all", "--ro-bind", "/", "/", bare_path[1], file, NULL };
	FILE *f;

	snprintf(file, sizeof file, "%s/bench/hello", build_path);
	f = fopen(file, "we");
	if (!f || fputs("hello\n", f) < 0 || fclose(f))
		give_up(file);
	programs(&bare_static, plain[0], false, CALLS, 0);
	programs(&bare_dynamic, plain[1], false, CALLS, 0);
	programs(&forked, plain[0], true, CALLS, 0);
	programs(&forked_paced, plain[0], true, PACED, PAUSE_MS);
	programs(&bubblewrap, wrapped, false, CALLS, 0);
}

static void round_cats(void)
{
	const char *const cats[] = { "cat", file, NULL };
	const char *const wrapped[] = { "bwrap", "--unshare-all", "--ro-bind", "/", "/", "cat", file, NULL };

	programs(&cat, cats, false, CALLS, 0);
	programs(&bubblewrap_cat, wrapped, false, CALLS, 0);
}

/* ---- end to end ---- */

static int agent = -1;

static void whole_start(void)
{
	static const char policy[] = "krux: policy/1\nname: bench\nlayer: organization\n"
		"description: The agent of the bench reads its files.\nzone: UTC\nrules:\n  - id: read\n"
		"    on: filesystem.read\n    verdict: autonomous\ndefault: blocked\n";
	int workspace, fd;

	if (!served_start(&served, build_path, policy) || (agent = served_connect(&served)) < 0)
		give_up("no daemon");
	workspace = served_workspace(&served);
	fd = openat(workspace, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "hello\n", 6) != 6)
		give_up("the agent's folder");
	close(fd);
	close(workspace);
}

static void round_whole(void)
{
	static const char read_file[] = "filesystem.read", args[] = "{\"path\":\"/workspace/a\"}";
	static uint64_t id;
	uint8_t buf[4096];
	struct frame f;

	/* Two to be warm. */
	for (unsigned i = 0; i < CALLS + 2; i++) {
		struct frame call = { .kind = FRAME_CALL, .has_id = true, .id = ++id,
			              .call = { .capability = { read_file, strlen(read_file) }, .json = { args, strlen(args) } } };
		size_t n = frame_encode(&call, buf, sizeof buf);
		uint64_t from = now_ns();

		if (send(agent, buf, n, MSG_NOSIGNAL) != (ssize_t)n || !served_take(agent, buf, sizeof buf, &f) ||
		    f.kind != FRAME_ANSWER || f.answer.end != FRAME_END_DONE)
			give_up("no answer from the daemon");
		if (i >= 2)
			times_add(&whole, (double)(now_ns() - from));
	}
}

/* What a call waits for twice: 512 bytes more of a file on the disk. */
static void round_disk(void)
{
	static const char bytes[512];
	char name[400];
	int fd;

	snprintf(name, sizeof name, "%s/disk", served.folder);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < CALLS; i++) {
		uint64_t from = now_ns();

		if (fd < 0 || write(fd, bytes, sizeof bytes) != sizeof bytes || fdatasync(fd))
			give_up(name);
		times_add(&disk, (double)(now_ns() - from));
	}
	close(fd);
}

START_TEST(all)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned k = 0; k < NWAYS; k++)
			round_of(&way[k], i == ROUNDS - 1);
		round_programs();
	}
	/* In rounds of its own: the kernel is busy for a while with what cold calls have left. */
	for (unsigned i = 0; i < ROUNDS; i++) {
		round_cats();
		round_whole();
		round_disk();
	}
}
END_TEST

/* ---- what came of it ---- */

static double line(const char *what, const char *way_name, struct times *t)
{
	char name[80];

	snprintf(name, sizeof name, "%s%s", what, way_name);
	if (!t->n)
		printf("  %-46s is not there\n", name);
	else
		printf("  %-46s %9.0f %9.0f %9.0f   (%zu)\n", name, times_quantile(t, 0.5) / 1e3, times_quantile(t, 0.9) / 1e3,
		       times_quantile(t, 0.99) / 1e3, t->n);
	return times_quantile(t, 0.5);
}

static void report(void)
{
	double dynamic, by_fork, by_fork_paced, bwrap, cat_p50, bwrap_cat, whole_p50;

	printf("sandbox: us                                            p50       p90       p99\n");
	line("vfork, exec, wait: static", "", &bare_static);
	dynamic = line("vfork, exec, wait: dynamic", "", &bare_dynamic);
	by_fork = line("fork, exec, wait: static", "", &forked);
	by_fork_paced = line("fork, exec, wait: static, paced", "", &forked_paced);
	bwrap = line("bubblewrap (Debian's package), dynamic", "", &bubblewrap);
	cat_p50 = line("vfork, exec, wait: cat", "", &cat);
	bwrap_cat = line("bubblewrap, cat", "", &bubblewrap_cat);
	for (unsigned k = 0; k < NWAYS; k++)
		line("a call at the spawner, ", way[k].name, &way[k].times);
	for (unsigned k = 0; k < NWAYS; k++)
		line("the same paced, ", way[k].name, &way[k].paced);
	whole_p50 = line("a call end to end, warm", "", &whole);
	line("512 bytes to the disk: write, fdatasync", "", &disk);
	for (unsigned k = 0; k < NWAYS; k++)
		printf("  64 calls at once, %-28s %9.0f a second, %.0f us of the processors each\n", way[k].name, way[k].rate,
		       way[k].cpu_us);
	printf("  a child that waits: %.0f KiB of its own\n", child_kib);
	figure_print("warm call, back to back / fork, exec of a static program", times_quantile(&way[WARM].times, 0.5) / by_fork, "x", 0.5);
	figure_print("the same, both paced", times_quantile(&way[WARM].paced, 0.5) / by_fork_paced, "x", 0.5);
	figure_least("64 calls at once, one-shot children replaced, a second", way[WARM].rate, "/s", 800);
	if (bwrap_cat > cat_p50)
		figure_print("end to end: (call - bare cat) / (bubblewrap cat - bare cat)", (whole_p50 - cat_p50) / (bwrap_cat - cat_p50), "x",
		             0.15);
	for (unsigned k = 0; k < NWAYS && bwrap > dynamic; k++) {
		double part = (times_quantile(&way[k].times, 0.5) - dynamic) / (bwrap - dynamic);

		if (way[k].command)
			figure_print(way[k].name, part, "x", way[k].waiting ? 0.08 : 0.30);
		else
			printf("  (call - bare) / (bubblewrap - bare), bare dynamic, back to back: %s %.3f\n", way[k].name, part);
	}
}

static void paths_find(const char *build)
{
	char *folder = realpath(build, NULL);

	if (!folder)
		give_up(build);
	snprintf(build_path, sizeof build_path, "%s", folder);
	free(folder);
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

/* As in the daemon, with what controllers there are. */
static int group_above = -1;
static char group_name[32];

static void group_make(void)
{
	group_above = cgroup_own(NULL);
	snprintf(group_name, sizeof group_name, "krux-bench-%d", getpid());
	spawning_group = group_above < 0 ? -1 : cgroup_make(group_above, group_name, NULL);
	if (spawning_group >= 0)
		cgroup_pass(spawning_group);
}

static void group_end(void)
{
	for (int i = 0; spawning_group >= 0 && i < 1000 && !cgroup_empty(spawning_group); i++)
		poll(NULL, 0, 5);
	if (spawning_group >= 0)
		cgroup_remove(group_above, group_name, NULL);
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
	group_make();
	if (!geteuid())
		spawning_agents = (struct agent_uids){ AGENT_UIDS_BASE, AGENT_UIDS_COUNT };
	whole_start();
	/* The tests' own spawner, in this process: its checks are theirs. */
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	if (failed)
		srunner_print(r, CK_VERBOSE);
	srunner_free(r);
	served_stop(&served);
	group_end();
	if (!failed)
		report();
	return failed != 0;
}
