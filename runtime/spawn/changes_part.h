/* What the files of a commit share. */
#ifndef KRUX_CHANGES_PART_H
#define KRUX_CHANGES_PART_H

#include "runtime/base/changeset.h"
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
	struct kept *kept;             /* nothing is put in place: what could be is kept for a person; NULL: it is put */
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

/* ---- changes.c ---- */

/* A walk that is nowhere yet. Never NULL. */
struct walk_changes *changes_begin(struct command *, struct changed *);
/* Through all that the overlay's upper folder holds, under the workspace's lock. */
void changes_walk(struct walk_changes *);

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

/* May what the workspace has there go to the trash, and all below it; or it is told. */
bool change_deletable(struct walk_changes *, const char *name, size_t n, const struct stat *lower);
/* It goes there, or is kept as to be deleted. True: nothing is there any more, or will be. */
bool change_delete(struct walk_changes *, const char *name, size_t n, const struct stat *lower);
/* A file of the upper folder, put in place or told. sl: what the workspace has there; NULL: nothing. */
void file_change(struct walk_changes *, const char *name, size_t n, const struct stat *su, const struct stat *sl);

/* New content of a file under its name, at once: of an open file, or these bytes where that is -1. */
struct new_content {
	int from;
	struct krux_str bytes;
	uint64_t size;
	mode_t mode;
};
void change_put(struct walk_changes *, const char *name, size_t n, const struct new_content *, bool there);

/* ---- changes_keep.c ---- */

/* Changes that wait for a person, as runtime/base/changeset.h has them. */
struct kept {
	struct item_out out;
	uint64_t n;
	bool over;                     /* they are too many, or too much, for anybody to look at */
};
bool kept_begin(struct kept *, struct krux_pool *);
void kept_delete(struct walk_changes *, const char *name, size_t n, const struct stat *lower);
void kept_folder(struct walk_changes *, size_t n, mode_t);
/* The content of `from`; lower: what the workspace has there, NULL: nothing. */
void kept_file(struct walk_changes *, const char *name, size_t n, int from, const struct stat *upper, const struct stat *lower);
/* What was there, as far as a change set says it. */
void kept_was(const struct walk_changes *, const char *name, const struct stat *, struct change_was *out);

#endif
