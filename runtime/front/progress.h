/* How far long work is, for somebody who looks at it: one line on standard error that is written over,
 * where that is a terminal and after the first second. */
#ifndef KRUX_PROGRESS_H
#define KRUX_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;              /* "checked" */
	uint64_t start, last;          /* ns of the monotonic clock */
	bool terminal, shown;
};

void progress_begin(struct progress *, const char *what);
/* ctx is the struct progress; bytes. */
void progress_tell(void *ctx, uint64_t done, uint64_t total);
/* Takes the line away. */
void progress_end(struct progress *);

#endif
