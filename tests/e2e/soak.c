/* soak KRUXRT STATE BUNDLE AGENTS KILLS SEED [serve's options...]
 *
 * Starts kruxrt serve on the state, lets AGENTS processes append numbered lines, each to its own
 * workspace, through the socket, now and then to a file that a person has to agree to, and kills gate, spawner and
 * handlers KILLS times at random moments, now and then the recorder or all of it, with reloads in between; with 0 there
 * are only reloads, and every hello and call has to be answered. Then ends the daemon in order, where SEED is odd under
 * load, asks another one what waits, and counts. STATE/../wN.token holds each agent's token. */
#include "client/krux.h"
#include "tests/e2e/counts.h"
#include "tests/e2e/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *kruxrt, *state, *bundle;
static char folder[256], socket_path[300], supervisor_path[300];
static unsigned agents;
static pid_t serve, worker[COUNTS_AGENTS], person;

static void nap(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static void die(const char *what)
{
	printf("soak: %s: %s\n", what, strerror(errno));
	if (serve)
		kill(serve, SIGTERM);
	exit(1);
}

/* ---- agents ---- */

static volatile sig_atomic_t stopping;
static bool gentle;                 /* nothing is killed: every connection and call is answered */

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static struct krux *greet(unsigned agent)
{
	char name[16], token[300];
	struct krux_options o = { .size = sizeof o, .socket = socket_path, .agent = name, .token_file = token,
		                  .timeout_ms = 20000 };
	struct krux_fault fault = { 0 };
	struct krux *k = NULL;

	snprintf(name, sizeof name, "w%u", agent);
	snprintf(token, sizeof token, "%s/w%u.token", folder, agent);
	while (!stopping && krux_connect(&o, &k, &fault)) {
		if (gentle && !stopping) {
			printf("soak: agent %u cannot connect: %s: %s\n", agent, krux_code_word(fault.code), fault.text);
			_exit(2);
		}
		if (fault.code == KRUX_E_UNAUTHORISED || fault.code == KRUX_E_SECRET || fault.code == KRUX_E_USAGE) {
			printf("soak: agent %u: %s\n", agent, fault.text);
			_exit(2);
		}
		nap(5);
	}
	return k;
}

/* Each line is asked for once: what came of it stays unknown to an agent that was cut off. */
static bool append(struct krux *k, unsigned agent, unsigned long i, const char *file, FILE *notes)
{
	char json[128];
	struct krux_request q = { .size = sizeof q, .capability = "filesystem.append", .json = json,
		                  .timeout_ms = 60000, .flags = KRUX_JSON };
	struct krux_result *r = NULL;
	struct krux_fault fault = { 0 };
	int code;

	snprintf(json, sizeof json, "{\"path\":\"/workspace/%s\",\"content\":\"%u:%lu\\n\",\"create\":true}", file, agent, i);
	code = krux_call(k, &q, &r, &fault);
	if (!strcmp(file, "asked"))
		queue_told(notes, i, code ? NULL : r->ticket);
	else
		fprintf(notes, "%lu %d %llu %d %s%s%s\n", i, !code && r->end == KRUX_END_DONE,
		        !code && r->has_record ? (unsigned long long)r->record : 0ULL, !code && r->durable,
		        code ? krux_code_word(code) : krux_end_word((int)r->end), !code && r->why ? " " : "",
		        !code && r->why ? r->why : "");
	fflush(notes);
	krux_result_free(r);
	if (code == KRUX_E_TIMEOUT)
		printf("soak: agent %u got no answer for a minute\n", agent);
	return !code || code == KRUX_E_REQUESTS || code == KRUX_E_FROZEN;
}

static void agent_run(unsigned agent)
{
	char path[300];
	struct krux *k = NULL;
	FILE *notes, *asked;
	struct timespec now, last = { 0, 0 };

	signal(SIGTERM, stop);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof path, "%s/w%u.notes", folder, agent);
	notes = fopen(path, "w");
	snprintf(path, sizeof path, "%s/w%u.asked", folder, agent);
	asked = fopen(path, "w");
	for (unsigned long i = 0; notes && asked && !stopping && i < COUNTS_CALLS; i++) {
		bool asks;

		/* A person has four questions a second of each at most. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		asks = i % 16 == 7 && (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 >= 250;
		if (!k && !(k = greet(agent)))
			break;
		if (asks) {
			last = now;
			queue_asks(asked, i);
		}
		/* Hellos meet reloads too. */
		if (append(k, agent, i, asks ? "asked" : "out", asks ? asked : notes) && !(gentle && i % 5 == 4))
			continue;
		krux_close(k);
		k = NULL;
	}
	krux_close(k);
	_exit(notes && asked && !fclose(notes) && !fclose(asked) ? 0 : 1);
}

static struct queue_place place(void)
{
	return (struct queue_place){ kruxrt, state, folder, supervisor_path, agents };
}

static void person_run(void)
{
	struct queue_place q = place();

	signal(SIGTERM, stop);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	queue_decide(&q, &stopping);
	_exit(0);
}

/* ---- the daemon ---- */

static bool reachable(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	snprintf(at.sun_path, sizeof at.sun_path, "%.107s", socket_path);
	rc = connect(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	return !rc;
}

static char **serve_options;
static int nserve_options;

static void serve_exec(void)
{
	const char *argv[32] = { kruxrt, "serve", "--state", state, "--bundle", bundle, "--socket",
		                 socket_path, "--supervisor", supervisor_path };
	char path[300];
	int n = 10;

	for (int i = 0; i < nserve_options && i < 20; i++)
		argv[n++] = serve_options[i];
	if (geteuid())
		argv[n] = "--allow-missing=cgroup";
	snprintf(path, sizeof path, "%s/serve.log", folder);
	if (!freopen(path, "a", stderr))
		_exit(3);
	execv(kruxrt, (char **)(uintptr_t)argv);
	_exit(127);
}

/* What is left of a killed one may hold the state for a moment. */
static void serve_start(void)
{
	for (int tries = 0; tries < 300; tries++) {
		serve = fork();
		if (!serve)
			serve_exec();
		while (waitpid(serve, NULL, WNOHANG) == 0) {
			bool once = reachable();

			/* What a killed one left may answer for a moment. */
			nap(once ? 300 : 10);
			if (once && waitpid(serve, NULL, WNOHANG) == 0 && reachable())
				return;
		}
		nap(20);
	}
	die("the daemon did not start");
}

/* A child of `parent` by the name that it has given itself; 0: there is none just now. */
static pid_t child_find(pid_t parent, const char *name)
{
	char path[64], comm[32];
	pid_t found = 0;
	FILE *f, *g;
	int pid;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
	f = fopen(path, "r");
	while (f && fscanf(f, "%d", &pid) == 1) {
		snprintf(path, sizeof path, "/proc/%d/comm", pid);
		g = fopen(path, "r");
		if (g && fgets(comm, sizeof comm, g) && !strncmp(comm, name, strlen(name)))
			found = pid;
		if (g)
			fclose(g);
	}
	if (f)
		fclose(f);
	return found;
}

/* How much the agents have noted so far. */
static unsigned long progress(void)
{
	unsigned long n = 0;
	char path[300];
	struct stat st;

	for (unsigned a = 0; a < agents; a++) {
		snprintf(path, sizeof path, "%s/w%u.notes", folder, a);
		n += stat(path, &st) ? 0 : (unsigned long)st.st_size;
	}
	return n;
}

/* Until something more has been answered: the daemon gets on. */
static void progress_wait(void)
{
	unsigned long before = progress();

	for (int i = 0; i < 6000; i++) {
		if (progress() != before)
			return;
		nap(10);
	}
	die("nothing is answered any more");
}

/* The process that a kill is meant for. */
static pid_t victim_find(int which)
{
	pid_t handler = child_find(serve, "krux-handler");

	switch (which) {
	case 0:
		return child_find(serve, "krux-gate");
	case 1:
		return child_find(serve, "krux-spawner");
	case 2:
		return handler;
	default:
		return handler ? child_find(handler, "") : 0;   /* one that runs a call */
	}
}

/* The recorder, or the parent: everything ends, and starts again. */
static void all_kill(bool parent)
{
	pid_t pid = parent ? serve : child_find(serve, "krux-recorder");

	if (!pid || kill(pid, SIGKILL))
		die("no recorder");
	waitpid(serve, NULL, 0);
	serve_start();
}

static unsigned kills_make(unsigned kills)
{
	unsigned made = 0;
	pid_t pid;

	while (made < kills) {
		/* In the middle of calls, or of a start. */
		if (rand() % 2)
			progress_wait();
		nap((unsigned)rand() % (rand() % 4 ? 60 : 400));
		if (rand() % 20 == 0)
			kill(serve, SIGHUP);
		if (made % 25 == 10) {
			all_kill(made % 50 == 10);
			made++;
			continue;
		}
		pid = victim_find(rand() % 4);
		if (pid && !kill(pid, SIGKILL))
			made++;
		if (waitpid(serve, NULL, WNOHANG) != 0)
			die("the daemon ended");
	}
	progress_wait();
	return made;
}

static void reloads_make(void)
{
	for (int i = 0; i < 12; i++) {
		nap((unsigned)rand() % 400);
		kill(serve, SIGHUP);
	}
}

static int ended(pid_t pid, const char *who)
{
	int status;

	for (int i = 0; i < 12000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (status)
				printf("soak: %s ended with %x\n", who, status);
			return status != 0;
		}
		nap(10);
	}
	printf("soak: %s does not end\n", who);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 1;
}

/* ---- counting ---- */

static int log_dump(const char *to)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!freopen(to, "w", stdout))
			_exit(3);
		execl(kruxrt, kruxrt, "audit", "tail", "--state", state, "-n", "100000000", "--json", (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

static int log_verify(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl(kruxrt, kruxrt, "audit", "verify", "--state", state, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

static unsigned long count(unsigned kills, bool loaded_end)
{
	struct counts *c = calloc(1, sizeof *c);
	struct queue_place q = place();
	unsigned long wrong;
	char path[400];

	if (!c)
		return 1;
	for (unsigned a = 0; a < agents; a++) {
		snprintf(path, sizeof path, "%s/workspaces/w%u/out", state, a);
		counts_file(c, a, path);
		snprintf(path, sizeof path, "%s/workspaces/w%u/asked", state, a);
		counts_file(c, a, path);
		snprintf(path, sizeof path, "%s/w%u.notes", folder, a);
		counts_notes(c, a, path);
		snprintf(path, sizeof path, "%s/w%u.asked", folder, a);
		counts_asked(c, a, path);
	}
	snprintf(path, sizeof path, "%s/log.json", folder);
	if (log_dump(path)) {
		printf("soak: the log cannot be printed\n");
		free(c);
		return 1;
	}
	counts_log(c, path);
	counts_check(c, agents);
	/* A daemon that answers nothing does nothing wrong either. At an end under load calls are
	 * refused. */
	if (c->done < kills || !c->done || (!kills && !loaded_end && c->done != c->asked)) {
		printf("soak: only %lu of %lu calls were acknowledged\n", c->done, c->asked);
		c->wrong++;
	}
	wrong = c->wrong + queue_check(&q, path);
	free(c);
	return wrong;
}

int main(int argc, char **argv)
{
	unsigned kills, seed;
	unsigned long wrong = 0;
	struct queue_place q;
	char *slash;

	if (argc < 7)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	kruxrt = argv[1];
	state = argv[2];
	bundle = argv[3];
	agents = (unsigned)atoi(argv[4]);
	kills = (unsigned)atoi(argv[5]);
	seed = (unsigned)atoi(argv[6]);
	gentle = !kills && seed % 2 == 0;
	snprintf(folder, sizeof folder, "%s", state);
	slash = strrchr(folder, '/');
	if (!slash || agents > COUNTS_AGENTS)
		return 2;
	*slash = 0;
	snprintf(socket_path, sizeof socket_path, "%s/agent.sock", folder);
	snprintf(supervisor_path, sizeof supervisor_path, "%s/supervisor.sock", folder);
	srand(seed);
	serve_options = argv + 7;
	nserve_options = argc - 7;
	serve_start();
	for (unsigned a = 0; a < agents; a++) {
		worker[a] = fork();
		if (!worker[a])
			agent_run(a);
	}
	person = fork();
	if (!person)
		person_run();
	if (kills)
		kills = kills_make(kills);
	else
		reloads_make();
	/* It has seen nothing before something was accepted, which a slow machine takes its time for. */
	q = place();
	for (int i = 0; i < 600 && !queue_accepted(&q); i++)
		nap(100);
	nap(500);
	if (seed % 2) {
		kill(serve, SIGTERM);
		wrong += (unsigned long)ended(serve, "the daemon");
	}
	for (unsigned a = 0; a < agents; a++)
		kill(worker[a], SIGTERM);
	for (unsigned a = 0; a < agents; a++)
		wrong += (unsigned long)ended(worker[a], "an agent");
	kill(person, SIGTERM);
	wrong += (unsigned long)ended(person, "the person");
	if (seed % 2 == 0) {
		kill(serve, SIGTERM);
		wrong += (unsigned long)ended(serve, "the daemon");
	}
	serve_start();
	wrong += (unsigned long)queue_list(&q);
	kill(serve, SIGTERM);
	wrong += (unsigned long)ended(serve, "the daemon after it");
	wrong += count(kills, seed % 2);
	wrong += (unsigned long)log_verify();
	printf("%u kills, seed %u: %s\n", kills, seed, wrong ? "wrong" : "good");
	return wrong != 0;
}
