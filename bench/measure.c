/* Clocks, quantiles, children. */
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned beyond;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void times_add(struct times *t, double ns)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 1024;
		t->ns = realloc(t->ns, t->cap * sizeof *t->ns);
		if (!t->ns)
			abort();
	}
	t->ns[t->n++] = ns;
}

static int ns_order(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

double times_quantile(struct times *t, double share)
{
	if (!t->n)
		return 0;
	qsort(t->ns, t->n, sizeof *t->ns, ns_order);
	return t->ns[(size_t)(share * (double)(t->n - 1))];
}

void times_free(struct times *t)
{
	free(t->ns);
	*t = (struct times){ 0 };
}

/* In between stands a process that waits for the program, so that its children's memory is
 * counted by itself. */
__attribute__((noreturn)) static void middle(const char *const *argv, const char *output, int report)
{
	struct rusage used;
	double report_of[2];
	pid_t pid = fork();
	int status;

	if (!pid) {
		char *copy[64];
		size_t n = 0;
		int fd = open(output ? output : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666);

		for (; argv[n] && n < 63; n++)
			copy[n] = strdup(argv[n]);
		copy[n] = NULL;
		if (fd < 0 || dup2(fd, 1) < 0)
			_exit(127);
		execvp(copy[0], copy);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		_exit(127);
	getrusage(RUSAGE_CHILDREN, &used);
	report_of[0] = (double)used.ru_maxrss / 1024;
	report_of[1] = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	if (write(report, report_of, sizeof report_of) != (ssize_t)sizeof report_of)
		_exit(127);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

struct ran run_program(const char *const *argv, const char *output)
{
	struct ran r = { .code = 127 };
	uint64_t from = now_ns();
	double report[2] = { 0 };
	int fd[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fd))
		return r;
	pid = fork();
	if (!pid)
		middle(argv, output, fd[1]);
	close(fd[1]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)) {
		r.code = WEXITSTATUS(status);
		r.ok = read(fd[0], report, sizeof report) == (ssize_t)sizeof report;
		r.mib = report[0];
		r.cpu = report[1];
	}
	close(fd[0]);
	r.seconds = (double)(now_ns() - from) / 1e9;
	return r;
}

struct used process_used(pid_t pid)
{
	struct used u = { 0 };
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof line, f))
		u.us = strtod(line, NULL) / 1000;
	if (f)
		fclose(f);
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "voluntary_ctxt_switches: %lf", &u.waits) == 1)
			break;
	if (f)
		fclose(f);
	return u;
}

bool process_pin(pid_t pid, int core)
{
	static cpu_set_t all;
	cpu_set_t one;
	int n = -1;

	if (!CPU_COUNT(&all) && sched_getaffinity(0, sizeof all, &all))
		return false;
	if (core < 0)
		return !sched_setaffinity(pid, sizeof all, &all);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && ++n == core) {
			CPU_SET(i, &one);
			return !sched_setaffinity(pid, sizeof one, &one);
		}
	return false;
}

static void figure(const char *what, double value, const char *unit, const char *sign, double bar, bool in)
{
	beyond += !in;
	printf("  %-58s %10.4g %-4s bar %s%6.4g  %s\n", what, value, unit, sign, bar, in ? "within" : "BEYOND");
	fflush(stdout);
}

void figure_print(const char *what, double value, const char *unit, double bar)
{
	figure(what, value, unit, "", bar, value <= bar);
}

void figure_least(const char *what, double value, const char *unit, double bar)
{
	figure(what, value, unit, ">=", bar, value >= bar);
}

unsigned figures_beyond(void)
{
	return beyond;
}
