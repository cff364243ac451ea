/* The C compiler: decide.c to a shared object, the same bytes in any folder at any time. It runs confined: what comes of
 * a policy's text is code to it. */
#ifndef KRUX_CC_H
#define KRUX_CC_H

#include "compiler/base/diag.h"

/* What the user gives it beyond what every compiler gets. */
struct cc_allowed {
	const char *reads;             /* folders and files, parted by ':'; NULL: none */
	const char *missing;           /* of "landlock" and "seccomp", parted by ',': go on where the kernel lacks it */
};

/* All parts of `missing` are names; n 0, or the one that is none. */
struct krux_str cc_missing_wrong(const struct cc_allowed *);
/* What this kernel lacks of the two, in words; NULL: nothing. */
const char *cc_lacks(void);

/* Runs $CC, or the first of gcc, clang and cc in $PATH, without a shell, in a private folder.
 * *version is the first line that it says of itself. Both in the arena. False after a
 * diagnostic. */
bool cc_shared_object(struct arena *, struct diags *, const struct cc_allowed *, struct krux_str c_text,
                      struct krux_str *so, struct krux_str *version);

#endif
