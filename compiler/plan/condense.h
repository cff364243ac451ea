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
	bool implied;                          /* STEP: of a rate or budget, and nothing else can be there */
};

const struct clause *clause_pair(struct arena *, enum clause_kind, const struct clause *, const struct clause *);

/* Requests for which all clauses hold. */
struct joined_row {
	const struct clause *const *clause;    /* in the order of the diagram's variables; none: always */
	size_t nclauses;
	uint32_t value;                        /* terminal value */
	bool plain;
	const struct clause *const *path;      /* as clause, of a path that the row holds: what condense has joined */
	size_t npath;
};

/* What a path to a terminal is: a row; a plain one, which a table in text leaves for its last line; or of requests
 * that there are none of. */
enum path_kind { PATH_ROW, PATH_PLAIN, PATH_NEVER };
typedef enum path_kind path_kind_fn(const void *ctx, uint32_t value);
/* Of decisions, as ctx: plain is what is blocked, would be too, and owes nothing. */
path_kind_fn outcome_path_kind;

/* The diagram's nodes with what has been joined. */
struct condensed;
struct condensed *condense(struct arena *, struct dd *, path_kind_fn *kind, const void *ctx, uint32_t root);
/* How many paths are left that are rows, or with `all` plain ones too; UINT64_MAX for as many or more. */
uint64_t condensed_count(const struct condensed *, bool all);
/* Calls back for each of all those, those of the diagram's first values first; stop by false. */
typedef bool path_fn(void *ctx, const struct joined_row *);
void condensed_paths(const struct condensed *, struct arena *, path_fn *, void *ctx);

/* One of the diagram's own regions that the row holds; its steps live in the arena. */
struct dd_region row_region(struct arena *, const struct joined_row *);

/* ---- rows_words.c ---- */

/* As a condition of the language; NULL where some step of it has no words. */
const struct cond *clause_cond(struct words *, struct dd *, const struct clause *);
/* Of one rate or budget alone, for which the language has no words: all of its numbers, in the arena; else NULL. */
const struct dd_step *clause_window(struct arena *, struct dd *, const struct clause *);
/* A clause in words; nothing where it always holds. With `names` a long set is called by its name. True: it is
 * an `or`, which takes parentheses in a chain of `and`. */
bool joined_print(struct buf *, struct words *, struct dd *, const struct clause *, bool names);
/* All that holds in a row, as region_print says it. */
void row_print(struct buf *, struct words *, struct dd *, const struct joined_row *, bool names);

/* ---- rows_join.c ---- */

/* The first `most` paths as rows, in that order; those of one outcome that differ in one clause alone are one. No two
 * rows hold for the same request. Without `all` the plain ones are left out. */
size_t joined_rows(const struct condensed *, struct arena *, struct words *, struct dd *, bool all, size_t most,
                   const struct joined_row **out);

#endif
