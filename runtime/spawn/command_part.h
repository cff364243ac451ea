/* What the files of commands share. */
#ifndef KRUX_COMMAND_PART_H
#define KRUX_COMMAND_PART_H

#include "runtime/spawn/command.h"
#include "runtime/spawn/operands.h"

struct command {
	const struct child_plan *plan;
	struct handler_call *call;
	const struct operand *operand;
	size_t noperands;
	bool changes;                  /* there is an overlay */
	int upper, shown;              /* its upper folder; /workspace as the program sees it; -1: none */
	int base;                      /* the snapshot that it sees in the workspace's place; -1: none */
	int lock;                      /* the workspace, for its lock */
	int listener;                  /* -1: it connects to nothing */
	uint64_t started;              /* ns since 1970 */
	pid_t pid;
	int out[2], signals;           /* what the program writes, our ends; -1: nobody reads it */
	bool frozen;                   /* as it was heard of `signals` */
	uint32_t failed;               /* what could not be put on; 0 with no 0: nothing */
	int32_t no;
};

/* ---- command_start.c ---- */

/* Forks the program's process and waits until it is executed. False: command_failed says why. */
bool program_start(struct command *);
/* The nearest folder at or above a path below the workspace that `root` stands for, opened as a path; `above`: not the
 * path itself. -1 with errno. */
int folder_above(int root, struct krux_str rest, bool above);
/* What `shown` grants to the program or the first process for an operand. */
int rule_add_at(int set, const struct child_plan *, int fd, unsigned rights);

/* ---- command_answer.c ---- */

struct stream {
	int fd;                        /* -1: at its end */
	char *p;
	size_t n, most;                /* of p */
	bool cut;
};

enum { MOST_PATHS = 1024 };

/* What became of the changes. */
struct changed {
	struct krux_value *list, *refused;
	size_t n, nrefused;
	size_t room;                   /* bytes that the answer has left for them */
	bool cut;
};

const struct krux_field *output_field(const struct command *, const char *name);
/* What was read, as the answer has it; both together no more than there is room for. */
void streams_ready(struct command *, struct stream stream[static 2], size_t *room);
bool command_answer(struct command *, int status, struct stream stream[static 2], const struct changed *);

/* ---- changes.c ---- */

/* Commits what the overlay's upper folder holds. */
void changes_commit(struct command *, struct changed *);
/* Keeps it for a person instead: the call's `changes`, or nothing where nothing could be put in place. */
void changes_keep(struct command *, int status, const struct stream stream[static 2], struct changed *);
/* `run` of a call whose program has run, and whose changes were approved: they are in the plan. Puts them in place, all
 * or none, and answers what that program said. */
bool changes_approved_run(struct command *);
/* Before the program and between changes: waits while the call is frozen. */
void command_pause(struct command *);

#endif
