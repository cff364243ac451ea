/* What the files of a commit share. */
#ifndef KRUX_CHANGES_PART_H
#define KRUX_CHANGES_PART_H

#include "runtime/spawn/command_part.h"
#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/walk.h"

#include <sys/stat.h>

struct level {
	struct entries in;             /* of upper */
	int lower, merged;             /* the same folder; lower -1: the workspace has none */
	int base;                      /* as the snapshot has it; -1: it has none, or there is no snapshot */
	size_t length;                 /* of its path */
	bool made;                     /* by this walk, which may write in it until it leaves */
	mode_t mode;                   /* then */
};

struct walk_changes {
	struct command *k;
	struct changed *out;
	struct krux_pool *scratch;     /* of one change */
	struct level level[WALK_DEPTH];
	unsigned depth;
	unsigned entries;
	bool expired;                  /* the trash was looked through */
	uint64_t room;                 /* bytes of files to come: holes take no memory, and would be written */
	char path[HANDLER_PATH + HANDLER_NAME + 2];
};

static inline const struct level *top(const struct walk_changes *w)
{
	return &w->level[w->depth];
}

/* The first n bytes of the walk's path; until it goes on. */
static inline struct krux_str path_of(const struct walk_changes *w, size_t n)
{
	return (struct krux_str){ w->path, n };
}

/* ---- changes_tell.c ---- */

/* Makes the lists that the answer has. False: out of memory. */
bool told_begin(struct walk_changes *);
/* Of the first n bytes of the walk's path. */
void changed_tell(struct walk_changes *, size_t n);
void refused_tell(struct walk_changes *, size_t n, const char *why);
/* What a handler's function said of its failure is said of this change. */
void failure_tell(struct walk_changes *, size_t n);
/* The effect that lets the call do that to the path; NULL: none does. */
const struct operand *operand_for(const struct walk_changes *, enum krux_effect_kind, struct krux_str path);
/* Says no, or tells why. */
bool path_may(struct walk_changes *, enum krux_effect_kind, size_t n);
/* Somebody else has not changed it since the program started; or it is told. */
bool path_untouched(struct walk_changes *, const struct stat *lower, size_t n);

/* ---- changes_put.c ---- */

/* What the workspace has there, to the trash. True: nothing is there any more. */
bool change_delete(struct walk_changes *, const char *name, size_t n, const struct stat *lower);
/* A file of the upper folder, put in place or told. sl: what the workspace has there; NULL: nothing. */
void file_change(struct walk_changes *, const char *name, size_t n, const struct stat *su, const struct stat *sl);

#endif
