/* What is wrong with one condition in the capabilities it is typed for. The same finding in
 * several capabilities becomes one diagnostic that lists them. */
#ifndef KRUX_REPORT_H
#define KRUX_REPORT_H

#include "compiler/model/model.h"

struct finding {
	enum diag_level level;
	unsigned code;
	struct span at, other;
	struct krux_str text, expected, fix, other_text;
	bool by_cap;                         /* true in some capabilities only: they are listed */
	const struct capability **cap;
	size_t ncaps, room;
};

struct report {
	struct arena *arena;
	struct finding *list;
	size_t n, room, errors;
	const struct capability *now;        /* the capability at hand */
	const struct diags *said;            /* what it will be handed to */
	struct finding spill;                /* repetitions, and what is beyond the limit */
};

/* Adds one; the row returned may be completed. */
struct finding *report_add(struct report *, enum diag_level, unsigned code, struct span at,
                           bool by_cap, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Is so much wrong already that looking for what was meant takes longer than it helps. */
bool report_is_full(const struct report *);
/* Hands all over as diagnostics and empties the report. */
void report_flush(struct report *, struct diags *);
/* " (in a, b and 3 more)". */
struct krux_str capability_words(struct arena *, const struct capability *const *, size_t n);

#endif
