/* What approvers see of the places that a call names, as a record's field `shown` has it: of a file its path, digest and
 * size. A path that ends in a slash is asked for as the root of a tree: a folder is listed as that, with the digest of
 * everything below and the number of entries; all else without the slash. Where nothing is, the path alone is listed; of
 * what is neither (a link, a pipe, a folder that is no tree) the path and the digest of its entry. A path that ends in two is asked for with its contents, as a snapshot has
 * them: a folder is listed with one slash, the digest of names, modes and contents, the number of entries and that of bytes. */
#ifndef KRUX_LOOK_H
#define KRUX_LOOK_H

#include "capspec/digest.h"
#include "capspec/value.h"

struct krux_err;

enum { LOOK_FILES = 16, LOOK_PATH = 4097 };
enum { LOOK_ENTRIES = 65536, LOOK_DEPTH = 64 };         /* of a tree; more is refused */
enum { LOOK_ITEM = LOOK_FILES * (LOOK_PATH + 64) };
static const uint64_t look_size = UINT64_C(64) << 20;   /* of a file */

struct look {
	struct krux_str workspace;     /* canonical path on the host */
	struct krux_str path[LOOK_FILES];      /* "/workspace/..." */
	bool whole[LOOK_FILES];        /* it was asked for with its contents; the path is without the second slash */
	size_t n;
};

/* The body of a message LOOK. Negative: it is none. */
int look_read(const uint8_t *body, size_t n, struct look *, struct krux_err *err);
/* The paths of a field `shown`. */
int look_shown(struct krux_str shown, struct look *, struct krux_err *err);
/* Writes the list of all of them, beneath the folder and through no link, with no more than the file system's blocking;
 * its length, 0: it does not fit, a file is larger than look_size, a tree too large, or changes meanwhile, or something
 * cannot be read: then *why is a constant sentence, or NULL. into: an empty folder that gets a copy of all of
 * it (snapshot.h), -1: none. What was asked for with contents is listed whole or not at all. */
size_t look_at(int workspace, const struct look *, int into, uint8_t *out, size_t cap, const char **why);

/* The digest of everything below an open folder, and how many entries that is. False: more than LOOK_ENTRIES, deeper
 * than LOOK_DEPTH, or it cannot be read. */
bool look_tree(int folder, uint8_t digest[static KRUX_SHA256], uint64_t *entries);
/* Of what is open, which may be by O_PATH, as of an entry of a tree: what it is and, if it is no folder, when it was changed. */
bool look_entry(int fd, uint8_t digest[static KRUX_SHA256]);

#endif
