/* Languages of paths in words: what words_path.c, words_names.c and words_cone.c share. */
#ifndef KRUX_WORDS_PATH_H
#define KRUX_WORDS_PATH_H

#include "compiler/plan/words.h"

enum { LONGEST_PATH = 4096 };

/* ---- words_names.c ---- */

/* Names that lead elsewhere than others do: two states are followed in step, where a text has led,
 * and where it would have led if nothing in it were mentioned. */
struct names;
typedef void name_fn(struct names *, uint32_t state, uint32_t usual, size_t n);
struct names {
	const struct dd *m;
	name_fn *end;                      /* called where a component may end: text[0..n) */
	void *ctx;
	size_t steps;
	bool hard;                         /* too many of them, or endless ones */
	char text[LONGEST_PATH + 8];
};
/* Reads on from text[0..n), where a component begins. */
void names_read(struct names *, uint32_t state, uint32_t usual, size_t n);
/* Where a name that nothing mentions leads from the start of a component; UINT32_MAX: nowhere
 * in particular. */
uint32_t names_usual(const struct dd *, uint32_t start);

/* ---- words_shape.c ---- */

/* What lies below a folder, apart from which answers it gives: equal for equal exceptions. */
struct shape;
struct cone {
	struct shape *shape;
	const uint32_t *answer;            /* the node of each answer in it; the first is the folder's own */
	uint32_t nanswers;
	uint32_t out, below;               /* the folder's own answer; the state after its slash */
	struct dd_text_two two;            /* of below, so that two.state is what is read */
	uint32_t usual;                    /* what unmentioned names give */
};
/* A folder of a node. */
struct folder {
	struct dd *m;
	uint32_t node, var;
	struct krux_str path;              /* without the slash at the end: of the root, empty */
	const struct cone *cone;
};

/* The node that an answer of a state below two.state stands for. */
uint32_t cone_node(const struct dd_text_two *, uint32_t out);
/* NULL: more answers than are worth it. */
const struct cone *cone_read(struct words *, const struct dd *, uint32_t out, uint32_t below);
/* Of each state below the folder, by number: may it lead to `to`; with `other`, elsewhere. */
bool *shape_leads(struct words *, const struct dd *, const struct folder *, uint32_t to, bool other);
uint32_t shape_states(const struct words *);
uint32_t shape_number(const struct words *, uint32_t state);
/* What was found out about it. */
struct exceptions;
struct exceptions **shape_exceptions(struct shape *);

/* ---- words_names.c again ---- */

/* Names of one or more components, perhaps with a star, that lead elsewhere than others do: by
 * themselves, or with all that is below. */
struct pattern {
	struct krux_str name;
	bool exact;
};
struct patterns {
	struct pattern *any, *near;        /* at any depth; in the folder itself */
	size_t nany, nnear;
};
/* What leads to `to` below a cone's folder, with `other` elsewhere, where unmentioned names do not.
 * False: names do not say it. */
bool patterns_read(struct words *, const struct folder *, uint32_t to, bool other, struct patterns *);

/* ---- words_cone.c ---- */

/* What holds of those paths under the folder that lead to `to`; with `other`, elsewhere. The same
 * condition for folders that it is right for. NULL: no words fit. */
const struct cond *cone_words(struct words *, const struct folder *, uint32_t to, bool other);

#endif
