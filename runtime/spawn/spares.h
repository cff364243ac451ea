/* Network namespaces that were made before anybody needs one: to make one takes longer than all other namespaces of a call
 * together. Each is new and has no interface that is up; who takes it has it alone. */
#ifndef KRUX_SPARES_H
#define KRUX_SPARES_H

#include <stdbool.h>
#include <sys/types.h>

struct probe;

enum { SPARES = 4 };

struct spares {
	pid_t pid;                     /* who makes them; 0: nobody does */
	int socket;                    /* to it, in which they wait too; -1: there is none */
	unsigned due;                  /* asked for or in the socket */
};

/* As root: starts who makes them, and ends with the caller. Another's are owned by the user namespace of each call. Where it
 * cannot be had there are none. */
void spares_open(struct spares *, const struct probe *);
/* One that is the caller's from now on; -1: there is none, and a process is forked into a new one instead. */
int spares_take(struct spares *);
/* Asks for what is missing. */
void spares_tend(struct spares *);
void spares_close(struct spares *);

#endif
