/* A decision diagram as few rows: the regions of its paths, joined where they say the same. */
#ifndef KRUX_CONDENSE_H
#define KRUX_CONDENSE_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

struct words;

/* What leads from a node to another: a step of the diagram, or steps joined. */
struct clause {
	enum clause_kind { CLAUSE_STEP, CLAUSE_AND, CLAUSE_OR } kind;
	const struct dd_step *step;            /* STEP */
	const struct clause *a, *b;            /* AND, OR */
	uint32_t nsteps;                       /* in all */
};

const struct clause *clause_pair(struct arena *, enum clause_kind, const struct clause *, const struct clause *);

/* Requests for which all clauses hold. */
struct joined_row {
	const struct clause *const *clause;    /* in the order of the diagram's variables; none: always */
	size_t nclauses;
	uint32_t value;                        /* terminal value */
};

/* The diagram's nodes with what has been joined. */
struct condensed;
struct condensed *condense(struct arena *, struct dd *, const struct decisions *, uint32_t root);
/* How many paths are left whose outcome is not plainly blocked, or with `all` in all; UINT64_MAX for as
 * many or more. */
uint64_t condensed_count(const struct condensed *, bool all);
/* Calls back for each path, those of the diagram's first values first; stop by false. */
typedef bool path_fn(void *ctx, const struct joined_row *);
void condensed_paths(const struct condensed *, struct arena *, path_fn *, void *ctx);

/* Blocked, would be too, and nothing owed: what a table in text leaves for its last line. */
bool outcome_is_plain(const struct outcome *);

/* The paths as rows, in that order; those of one outcome that differ in one clause alone are one. No two
 * rows hold for the same request. Without `all` the plain ones are left out, and *plain is whether there
 * was one. */
size_t joined_rows(const struct condensed *, struct arena *, struct words *, struct dd *, const struct decisions *,
                   bool all, const struct joined_row **out, bool *plain);

/* A clause in words; nothing where it always holds. With `names` a long set is called by its name. True: it is
 * an `or`, which takes parentheses in a chain of `and`. */
bool joined_print(struct buf *, struct words *, struct dd *, const struct clause *, bool names);

#endif
