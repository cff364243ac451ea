/* What a command's run leaves to be approved: how its program ended, what it said, and every change that could be made, with
 * what was there before. It is the content of a blob, which a ticket's record names, so that whoever has the ticket's hash
 * knows every byte of it; docs/design/020-change-sets.md has the form.
 *
 * Written by the first process of the call; read by the one that puts it in place and by the approver's program. */
#ifndef KRUX_CHANGESET_H
#define KRUX_CHANGESET_H

#include "capspec/item.h"

#include <stdbool.h>

enum {
	CHANGESET_BYTES = 4 << 20,     /* of all of it */
	CHANGESET_CHANGES = 16384,
	CHANGESET_COMPARED = 256 << 10,    /* of a file that is there before and after, for what was there to be in it */
	CHANGESET_HASHED = 16 << 20,   /* of what was there, for its digest to be in it */
	CHANGESET_HASH = 32
};

enum change_what { CHANGE_FILE, CHANGE_FOLDER, CHANGE_DELETE, CHANGE_WHATS };

/* What was at a path. With a digest, its content is bound too, not only that it is the same file. */
struct change_was {
	bool there, hashed;
	uint32_t mode;                 /* as stat has it, with the type */
	uint64_t inode, size;
	uint8_t digest[CHANGESET_HASH];
};

struct change {
	enum change_what what;
	struct krux_str path;          /* canonical, below /workspace */
	uint32_t mode;                 /* FILE, FOLDER: permissions */
	struct change_was was;
	bool compared;                 /* FILE: `old` is what was there, text and not long, of `was`'s size and digest */
	struct krux_str old, content;
};

struct changeset {
	uint64_t started;              /* ns since 1970: what has changed since was not seen by the program */
	uint64_t status;               /* with which the program ended */
	struct krux_str out[2];        /* stdout and stderr, as the answer takes them */
	bool cut;                      /* which do not have all, or the next list */
	uint64_t nrefused, nchanges;
	/* What was refused: read by changeset_refused; the changes by changeset_change. */
	struct item_in refused, changes;
};

/* One change behind those that are in `o`, which holds changes alone. */
void changeset_add(struct item_out *o, const struct change *);
/* The beginning: everything but the changes, which follow it byte by byte. refused: pairs of path and why. */
void changeset_begin(struct item_out *o, const struct changeset *, const struct krux_str (*refused)[2]);

/* False with a constant *why: it is none. All of it has been looked at then, so that the following cannot fail. */
bool changeset_read(struct krux_str bytes, struct changeset *out, const char **why);
/* It is one that a ticket of that time can be for. What has changed since its run began is not put in place, so a later
 * beginning would let more be; false with a constant *why. */
bool changeset_waited(struct krux_str bytes, uint64_t ticket, const char **why);
/* The next ones; false: there is none. */
bool changeset_refused(struct changeset *, struct krux_str *path, struct krux_str *why);
bool changeset_change(struct changeset *, struct change *out);

/* Is it text that a terminal can show the lines of: valid UTF-8 without NUL. */
bool changeset_text(struct krux_str);

#endif
