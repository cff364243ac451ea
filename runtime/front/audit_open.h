/* How each command of krux-audit begins, once it knows what it was told. */
#ifndef KRUX_AUDIT_OPEN_H
#define KRUX_AUDIT_OPEN_H

#include <stdbool.h>
#include <stddef.h>

struct krux_err;
struct state;

enum audit_writes {
	AUDIT_WRITES_NOTHING,
	AUDIT_WRITES_INDEX,            /* of a log that has a sealed segment; the folder is made */
	AUDIT_WRITES_LOG,
	AUDIT_APPENDS,                 /* to the log: its blobs and its own key too */
};
enum { AUDIT_GIVEN = 32, AUDIT_OUTPUTS = 2 };

struct audit_opening {
	const char *state;             /* NULL: it needs none */
	const char *const *given;      /* files to read, NULL after the last, AUDIT_GIVEN at most; NULL: none */
	const char *output[AUDIT_OUTPUTS];     /* files to make; NULL: none */
	enum audit_writes writes;
	bool bundles;                  /* it runs the code of bundles */
};

/* Opens the state folder, and confines this process: from here on it opens that, what was given and what it writes.
 * Only then is anything read that others have written. */
int audit_open(const struct audit_opening *, struct state *, struct krux_err *err);

#endif
