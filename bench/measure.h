/* Time and processes, for bench programs. */
#ifndef KRUX_MEASURE_H
#define KRUX_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ns, monotonic. */
uint64_t now_ns(void);
/* ns of processor time that all threads of this process took. */
uint64_t cpu_ns(void);

/* Times of batches; adding beyond the room is an error of the program. */
struct times {
	double *ns;                          /* of one call, by batch */
	size_t n, cap;
};
void times_add(struct times *, double ns);
/* The value that `share` (0.5, 0.99) of the batches do not exceed; sorts. */
double times_quantile(struct times *, double share);
void times_free(struct times *);

struct ran {
	bool ok;                             /* it could be run, and ended with `code` */
	int code;
	double seconds;
	double cpu;                          /* seconds of processor time, its children's too */
	double mib;                          /* the most memory that it or a child of it held */
};
/* Runs a program to its end, its output to /dev/null unless `output` names a file; where verbose
 * the command is printed first. */
struct ran run_program(const char *const *argv, const char *output);

/* What a process of one thread has used so far. */
struct used {
	double us;                           /* of a processor */
	double waits;                        /* how often it gave the processor up to wait for something */
};
struct used process_used(pid_t);
/* Runs it on the core of this place among those that this program may use, -1: on any. False: there are not so many. */
bool process_pin(pid_t, int core);

/* Beside a figure: what it is compared with, and whether it is within. */
void figure_print(const char *what, double value, const char *unit, double bar);
/* The same of a figure that has to be at least its bar. */
void figure_least(const char *what, double value, const char *unit, double bar);
/* Figures beyond their bars so far. */
unsigned figures_beyond(void);

#endif
