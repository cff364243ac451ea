/* The queue of approvals, counted: the tickets that agents were told, what a person was told of the decisions, what the
 * log has, and what the daemon says still waits. */
#ifndef KRUX_TEST_QUEUE_H
#define KRUX_TEST_QUEUE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct queue_place {
	const char *kruxrt, *state, *folder, *supervisor;
	unsigned agents;
};

/* An agent notes in FOLDER/wN.asked that it asks, and what ticket it was told (NULL: none). */
void queue_asks(FILE *, unsigned long i);
void queue_told(FILE *, unsigned long i, const uint8_t *ticket);
/* Accepts most of what the agents note, rejects some and leaves some, until *stop. */
void queue_decide(const struct queue_place *, const volatile sig_atomic_t *stop);
/* One was accepted. */
bool queue_accepted(const struct queue_place *);
/* Keeps what the daemon says that waits. Not 0: it does not say. */
int queue_list(const struct queue_place *);
/* Holds them against each other and against the log: no ticket is lost, none is used twice, and nothing runs that nobody
 * accepted. The number of contradictions, which it says on stdout. */
unsigned long queue_check(const struct queue_place *, const char *log);

#endif
