/* How fast the gate is, beside a bare echo over a Unix socket, SQLite and Redis in the same run. Rounds
 * of all alternate, so that a slow moment of the machine meets each of them.
 *
 *   effect-free   system.ping, which answers `durable: false`, beside an echo of as many bytes: where the scheduler
 *                 puts both, then with client and server on one core, and on two
 *   decision      a call that the policy denies: answered when its record is on disk
 *   sockets       the same through 64 connections at once
 *   crowd         the same on one connection while 1,000 others are there, 50 of them hostile
 *   memory        of gate, recorder and spawner with 1,000 idle connections; that of the handlers' process is told too */
#include "bench/daemon.h"
#include "bench/measure.h"
#include "bench/peers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 60, PINGS = 100, DECISIONS = 200, CONNECTIONS = 64, CROWD = 1000, HOSTILE = 50, RECORD = 420 };

static const char policy[] =
	"krux: policy/1\n"
	"name: bench\n"
	"layer: organization\n"
	"description: One rule that permits, one that forbids.\n"
	"zone: UTC\n"
	"rules:\n"
	"  - id: ping\n"
	"    on: system.ping\n"
	"    verdict: autonomous\n"
	"  - id: secret\n"
	"    on: filesystem.read\n"
	"    when: path under \"/workspace/secret\"\n"
	"    verdict: blocked\n"
	"    reason: It is secret\n"
	"default: blocked\n";

static const char ping[] = "system.ping", read_file[] = "filesystem.read";
static const char secret[] = "{\"path\":\"/workspace/secret/a-file-of-usual-length.txt\"}";

static void fail(const char *what)
{
	fprintf(stderr, "bench/gate: %s\n", what);
	exit(1);
}

/* ---- what our side takes of a processor ---- */

static void used_add(struct used *sum, pid_t pid, double sign)
{
	struct used u = process_used(pid);

	sum->us += sign * u.us;
	sum->waits += sign * u.waits;
}

static void used_round(struct used sum[3], const struct daemon *d, double sign)
{
	const pid_t pid[3] = { getpid(), d->gate, d->recorder };

	for (int i = 0; i < 3; i++)
		used_add(&sum[i], pid[i], sign);
}

/* first 1: the client did something else in between. */
static void used_print(const struct used sum[3], int first, double calls)
{
	static const char *const who[] = { "client", "gate", "recorder" };

	for (int i = first; i < 3; i++)
		printf("%s %s %.1f us of a processor and %.2f waits", i > first ? "," : " ", who[i], sum[i].us / calls,
		       sum[i].waits / calls);
	puts(" a call");
}

/* ---- one after the other ---- */

/* Sends, and waits for a whole answer; ns. */
static double trip(int fd, const uint8_t *message, size_t n, size_t *answer)
{
	uint8_t buf[2048];
	struct frame f;
	uint64_t from = now_ns();

	if (send(fd, message, n, MSG_NOSIGNAL) != (ssize_t)n || !frame_receive(fd, buf, sizeof buf, &f))
		fail("no answer");
	if (f.kind != FRAME_ANSWER) {
		fprintf(stderr, "bench/gate: %.*s\n", f.kind == FRAME_ERROR ? (int)f.error.why.n : 0, f.error.why.p);
		exit(1);
	}
	from = now_ns() - from;
	if (answer)
		*answer = 4 + ((size_t)buf[2] << 8 | buf[3]);
	return (double)from;
}

/* A process that sends back `answer` bytes for each message of n. */
static int echo_start(size_t n, size_t answer, pid_t *pid)
{
	uint8_t buf[4096];
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) || (*pid = fork()) < 0)
		fail("echo");
	if (*pid) {
		close(fd[1]);
		return fd[0];
	}
	close(fd[0]);
	memset(buf, 0, sizeof buf);
	while (recv(fd[1], buf, n, MSG_WAITALL) == (ssize_t)n)
		if (send(fd[1], buf, answer, MSG_NOSIGNAL) != (ssize_t)answer)
			break;
	_exit(0);
}

static double echo_trip(int fd, const uint8_t *message, size_t n, size_t answer)
{
	uint8_t buf[4096];
	uint64_t from = now_ns();

	if (send(fd, message, n, MSG_NOSIGNAL) != (ssize_t)n || recv(fd, buf, answer, MSG_WAITALL) != (ssize_t)answer)
		fail("echo");
	return (double)(now_ns() - from);
}

/* Where client and server run: places of cores, -1 is where the scheduler puts them. The recorder is never pinned. */
static const struct placement {
	const char *name;
	int client, server;
} placements[] = {
	{ "anywhere", -1, -1 },
	{ "both on one core", 0, 0 },
	{ "on two cores", 0, 1 },
};

static bool placed(const struct placement *at, pid_t server)
{
	return process_pin(0, at->client) && process_pin(server, at->server);
}

static void effect_free_figures(const char *where, struct times *bare, struct times *ours)
{
	double b50 = times_quantile(bare, 0.5), b99 = times_quantile(bare, 0.99);
	double o50 = times_quantile(ours, 0.5), o99 = times_quantile(ours, 0.99);
	char what[96];

	printf("effect-free call, %s: p50 %.1f us, p99 %.1f us; echo: p50 %.1f us, p99 %.1f us\n", where, o50, o99, b50, b99);
	snprintf(what, sizeof what, "effect-free call, %s: p50 to the echo's", where);
	figure_print(what, o50 / b50, "x", 1.6);
	snprintf(what, sizeof what, "effect-free call, %s: p99 to its own p50", where);
	figure_print(what, o99 / o50, "x", 3);
}

static void effect_free_at(const struct daemon *d, const struct placement *at, const uint8_t *message, size_t n)
{
	struct times bare = { 0 }, ours = { 0 };
	int fd = daemon_connect(d, 0), echo;
	struct used used[3] = { { 0 } };
	size_t answer = 0;
	pid_t pid;

	trip(fd, message, n, &answer);
	echo = echo_start(n, answer, &pid);
	if (placed(at, pid) && placed(at, d->gate)) {
		for (unsigned r = 0; r < ROUNDS; r++) {
			for (unsigned i = 0; i < PINGS; i++)
				times_add(&bare, echo_trip(echo, message, n, answer) / 1000);
			used_round(used, d, -1);
			for (unsigned i = 0; i < PINGS; i++)
				times_add(&ours, trip(fd, message, n, NULL) / 1000);
			used_round(used, d, 1);
		}
		effect_free_figures(at->name, &bare, &ours);
		used_print(used, 0, (double)ours.n);
	}
	placed(&placements[0], d->gate);
	close(echo);
	waitpid(pid, NULL, 0);
	close(fd);
	times_free(&bare);
	times_free(&ours);
}

static void effect_free(const struct daemon *d)
{
	uint8_t message[256];
	size_t n = call_encode(1, ping, "{}", message, sizeof message);

	for (size_t i = 0; i < sizeof placements / sizeof *placements; i++)
		effect_free_at(d, &placements[i], message, n);
}

/* ---- decisions with a record ---- */

static bool peer_open(struct peer *p, const struct daemon *d)
{
	char why[128] = "";

	if (p->open(p, d->folder, why))
		return true;
	printf("%s: absent: %s\n", p->name, why);
	return false;
}

static void decisions(const struct daemon *d)
{
	struct peer sqlite = peer_sqlite_full;
	bool there = peer_open(&sqlite, d);
	struct times theirs = { 0 }, ours = { 0 };
	uint8_t message[256], value[RECORD];
	size_t n = call_encode(1, read_file, secret, message, sizeof message);
	int fd = daemon_connect(d, 0);
	struct used used[3] = { { 0 } };
	double o50, t50;

	memset(value, 'v', sizeof value);
	used_round(used, d, -1);
	for (unsigned i = 0; i < DECISIONS + 10; i++) {
		uint64_t from = now_ns();
		double t;

		if (there)
			sqlite.put(&sqlite, value, sizeof value, 1);
		t = (double)(now_ns() - from) / 1000;
		if (there && i >= 10)
			times_add(&theirs, t);
		t = trip(fd, message, n, NULL) / 1000;
		if (i >= 10)
			times_add(&ours, t);
	}
	used_round(used, d, 1);
	o50 = times_quantile(&ours, 0.5);
	printf("decision with durable record, one client: p50 %.1f us, p99 %.1f us", o50, times_quantile(&ours, 0.99));
	if (there) {
		t50 = times_quantile(&theirs, 0.5);
		printf("; SQLite FULL insert: p50 %.1f us\n", t50);
		figure_print("decision with durable record: p50 to SQLite FULL", o50 / t50, "x", 1.1);
		sqlite.close(&sqlite);
	} else {
		puts("");
	}
	used_print(used, 1, DECISIONS + 10);
	close(fd);
	times_free(&ours);
	times_free(&theirs);
}

/* Decisions a second while 64 connections have one call each under way. */
static double crowd_rate(const int *fd, unsigned n, const uint8_t *message, size_t size, unsigned total)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t from = now_ns();
	unsigned done = 0, sent = 0;

	for (unsigned i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd[i] };

		epoll_ctl(epoll, EPOLL_CTL_ADD, fd[i], &e);
		if (send(fd[i], message, size, MSG_NOSIGNAL) != (ssize_t)size)
			fail("send");
		sent++;
	}
	while (done < total) {
		struct epoll_event e[CONNECTIONS];
		int k = epoll_wait(epoll, e, CONNECTIONS, 10000);

		if (k <= 0)
			fail("no answer");
		for (int i = 0; i < k; i++) {
			uint8_t buf[2048];
			struct frame f;

			if (!frame_receive(e[i].data.fd, buf, sizeof buf, &f) || f.kind != FRAME_ANSWER)
				fail("no answer");
			done++;
			if (sent < total && send(e[i].data.fd, message, size, MSG_NOSIGNAL) == (ssize_t)size)
				sent++;
		}
	}
	close(epoll);
	return (double)done / (double)(now_ns() - from) * 1e9;
}

static void sockets(const struct daemon *d)
{
	struct peer redis = peer_redis_always;
	bool there = peer_open(&redis, d);
	struct times theirs = { 0 }, ours = { 0 };
	uint8_t message[256], value[RECORD];
	size_t n = call_encode(1, read_file, secret, message, sizeof message);
	struct used used[3] = { { 0 } };
	int fd[CONNECTIONS];
	double o50, t50;

	memset(value, 'v', sizeof value);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if ((fd[i] = daemon_connect(d, i % 8)) < 0)
			fail("connect");
	for (unsigned r = 0; r < 30; r++) {
		uint64_t from = now_ns();

		for (unsigned i = 0; there && i < 16; i++)
			redis.put(&redis, value, sizeof value, CONNECTIONS);
		if (there)
			times_add(&theirs, 16.0 * CONNECTIONS / (double)(now_ns() - from) * 1e9);
		used_round(used, d, -1);
		times_add(&ours, crowd_rate(fd, CONNECTIONS, message, n, 16 * CONNECTIONS));
		used_round(used, d, 1);
	}
	o50 = times_quantile(&ours, 0.5);
	printf("decisions with durable record, 64 connections: %.0f a second", o50);
	if (there) {
		t50 = times_quantile(&theirs, 0.5);
		printf("; Redis, appendfsync always, 64 pipelined: %.0f a second\n", t50);
		figure_least("64 connections: to Redis with 64 pipelined", o50 / t50, "x", 1.5);
		redis.close(&redis);
	} else {
		puts("");
	}
	used_print(used, 0, 30 * 16 * CONNECTIONS);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		close(fd[i]);
	times_free(&ours);
	times_free(&theirs);
}

/* ---- a crowd ---- */

static void nap(long ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static int plain(const struct daemon *d)
{
	int fd = daemon_socket(d, "a");

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Ten each: silent strangers, halves of messages, one byte at a time, floods that are not read,
 * garbage that comes again and again. */
static void hostile(const struct daemon *d)
{
	uint8_t message[256], garbage[512];
	size_t n = call_encode(1, ping, "{}", message, sizeof message);
	int fd[HOSTILE];

	setpriority(PRIO_PROCESS, 0, 10);
	memset(garbage, 0xA5, sizeof garbage);
	for (unsigned i = 0; i < HOSTILE; i++) {
		fd[i] = i < 10 || i >= 40 ? plain(d) : daemon_connect(d, 20 + i % 10);
		if (fd[i] < 0)
			_exit(1);
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
		if (i >= 10 && i < 20)
			(void)!send(fd[i], message, n / 2, MSG_NOSIGNAL);
	}
	for (unsigned turn = 0;; turn++) {
		for (unsigned i = 20; i < 30; i++)
			(void)!send(fd[i], message + turn % n, 1, MSG_NOSIGNAL);
		for (unsigned i = 30; i < 40; i++)
			for (unsigned k = 0; k < 64 && send(fd[i], message, n, MSG_NOSIGNAL) > 0; k++)
				;
		for (unsigned i = 40; i < HOSTILE; i++) {
			if (send(fd[i], garbage, sizeof garbage, MSG_NOSIGNAL) > 0)
				continue;
			close(fd[i]);
			fd[i] = plain(d);
		}
		nap(2);
	}
}

static double decision_p99(int fd)
{
	struct times t = { 0 };
	uint8_t message[256];
	size_t n = call_encode(1, read_file, secret, message, sizeof message);
	double p99;

	/* No faster than the daemon's own limit lets an agent be. */
	for (unsigned i = 0; i < 1000; i++) {
		times_add(&t, trip(fd, message, n, NULL) / 1000);
		nap(2);
	}
	p99 = times_quantile(&t, 0.99);
	times_free(&t);
	return p99;
}

static void crowd(const struct daemon *d)
{
	int *fd = calloc(CROWD, sizeof *fd), mine = daemon_connect(d, 0);
	double quiet = 0, loud = 0, each[4], mib;
	pid_t pid;

	for (unsigned i = 0; i < CROWD; i++)
		if ((fd[i] = daemon_connect(d, 1 + i % 19)) < 0)
			fail("a thousand connections");
	mib = daemon_mib(d, each);
	printf("1,000 idle connections: gate %.1f MiB, recorder %.1f MiB, spawner %.1f MiB, handlers' process %.1f MiB\n", each[0],
	       each[1], each[2], each[3]);
	figure_print("memory of gate, recorder and spawner", mib, "MiB", 24);
	/* The hostile ones are among the thousand. */
	for (unsigned i = 0; i < HOSTILE; i++)
		close(fd[i]);
	for (unsigned round = 0; round < 3; round++) {
		double p99 = decision_p99(mine);

		quiet = !round || p99 < quiet ? p99 : quiet;
		pid = fork();
		if (!pid)
			hostile(d);
		nap(300);
		p99 = decision_p99(mine);
		loud = !round || p99 < loud ? p99 : loud;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		nap(300);
	}
	printf("decision with durable record, p99: %.1f us among 1,000 connections, %.1f us with 50 of them hostile\n", quiet, loud);
	figure_print("decision p99 with 50 hostile connections", loud / quiet, "x", 3);
	for (unsigned i = HOSTILE; i < CROWD; i++)
		close(fd[i]);
	close(mine);
	free(fd);
}

/* Is this part asked for; all are where none is named. */
static bool asked(int argc, char **argv, const char *part)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], part))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const struct gate_limits limits = { .requests = 200000 };
	struct rlimit files;
	struct daemon d;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	daemon_start(&d, policy, 8, false, &limits);
	if (asked(argc, argv, "effect-free"))
		effect_free(&d);
	if (asked(argc, argv, "decision"))
		decisions(&d);
	if (asked(argc, argv, "sockets"))
		sockets(&d);
	daemon_stop(&d);
	/* The crowd meets the limits that the daemon has by itself. */
	if (asked(argc, argv, "crowd")) {
		daemon_start(&d, policy, 30, true, NULL);
		crowd(&d);
		daemon_stop(&d);
	}
	printf("%u figures beyond their bars\n", figures_beyond());
	return 0;
}
