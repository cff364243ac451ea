/* What tests of tickets and of gates that follow each other do again and again. */
#ifndef KRUX_GATE_STEPS_H
#define KRUX_GATE_STEPS_H

#include "tests/unit/gate_world.h"

extern const struct frame *f;     /* what came last */
extern uint8_t ticket[32];        /* of the last deferred call */
extern const char one[], two[];   /* arguments of a deletion that takes one approver, and two */

/* Makes a call that is deferred, and keeps its ticket. */
void defer(struct client *, uint64_t id, const char *json, unsigned flags);
/* About that ticket. */
void ask(struct client *, uint64_t id, enum frame_ticket what);
void answered(struct client *, uint64_t id, enum frame_end);
/* By a supervisor's connection: it is recorded; it is refused for this reason. */
void done(struct client *);
void refused(struct client *, const char *why);
/* Decides until it is recorded, where what was decided before may still be under way. Ids from this one on. */
void decided(struct client *, uint64_t id, const uint8_t card[static 32], const char *verdict, const char *who,
             const struct krux_secret_key *);

#endif
