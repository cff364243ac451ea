/* Patterns: globs, agent globs and regular expressions as LANG.md 5.3 and 5.4 have them. The
 * one parser of each; the diagram turns the parsed forms into automata. */
#ifndef KRUX_PATTERN_H
#define KRUX_PATTERN_H

#include "compiler/base/arena.h"

struct scalar_range {
	uint32_t lo, hi;             /* Unicode scalars, both ends in */
};

enum regex_kind {
	REGEX_SET,                   /* one scalar out of range[] */
	REGEX_CAT, REGEX_ALT,        /* of item[]; CAT of none is the empty text */
	REGEX_REPEAT,                /* item[0], min to max times */
};

#define REGEX_UNBOUNDED UINT32_MAX

struct regex {
	enum regex_kind kind;
	uint32_t min, max;
	const struct scalar_range
		*range; /* sorted, disjoint, not adjacent; never NUL or surrogates */
	size_t nranges;
	const struct regex *const *item;
	size_t nitems;
};

/* NULL with *why a constant sentence and *at the byte where it went wrong. Nested at most 64
 * deep; beyond 4,096 nodes, repetitions written out, *why is regex_large. */
extern const char regex_large[];
#define REGEX_LARGEST \
	"at most 4,096 characters, classes and groups, each as often as its count says"
const struct regex *regex_parse(struct arena *, struct krux_str, const char **why, size_t *at);
bool regex_check(struct krux_str, const char **why, size_t *at);
/* Can a text of the language start with this scalar. */
bool regex_can_start(const struct regex *, uint32_t scalar);

enum glob_part_kind { GLOB_TEXT, GLOB_RUN, GLOB_ONE };   /* text, `*`, `?` */

struct glob_part {
	enum glob_part_kind kind;
	struct krux_str text;
};

struct glob_component {
	bool any_depth;              /* `**`; no parts */
	const struct glob_part *part;
	size_t nparts;
};

struct glob {                    /* what stands between the slashes */
	const struct glob_component *component;
	size_t n;
};

const struct glob *glob_parse(struct arena *, struct krux_str, const char **why, size_t *at);
bool glob_check(struct krux_str, const char **why, size_t *at);
/* Does a canonical path match. */
bool glob_match(const struct glob *, struct krux_str path);

/* Is it an agent id with `*` for any run. */
bool agent_glob_check(struct krux_str, const char **why);

#endif
