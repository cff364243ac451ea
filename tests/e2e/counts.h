/* What happened, counted outside of the daemon: lines in the agents' files, answers that they got, and
 * the log as `kruxrt audit tail` prints it. */
#ifndef KRUX_TEST_COUNTS_H
#define KRUX_TEST_COUNTS_H

#include <stdint.h>

enum { COUNTS_AGENTS = 16, COUNTS_CALLS = 1 << 17 };

/* One call: agent a wants the line "a:i" at the end of its file. */
struct counted {
	uint8_t lines;                 /* in the file */
	uint8_t intents, outcomes, unknowns;   /* in the log */
	uint8_t asked, done, durable;  /* the agent sent it; was told that it is done */
	uint64_t intent;               /* its record */
	uint64_t told;                 /* the record that the agent was told */
};

struct counts {
	struct counted call[COUNTS_AGENTS][COUNTS_CALLS];
	unsigned long asked, done, lines, intents, unknowns, wrong;
};

/* Reads a workspace's file, an agent's own notes ("I done record durable" a line), and the log. Each
 * says on stdout what is wrong in itself. */
void counts_file(struct counts *, unsigned agent, const char *path);
void counts_notes(struct counts *, unsigned agent, const char *path);
/* An agent's notes of what a person has to agree to: "I TICKET" a line, and before it was asked for "I -". */
void counts_asked(struct counts *, unsigned agent, const char *path);
void counts_log(struct counts *, const char *path);
/* Holds the three against each other: no effect without an intent, none twice, no answer that the
 * log does not know, no intent without an end. The number of contradictions. */
unsigned long counts_check(struct counts *, unsigned agents);

#endif
