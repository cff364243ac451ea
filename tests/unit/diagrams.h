/* What the tests of diagrams share: a capability with a field of every kind, conditions and
 * requests by hand and at random, and a naive matcher to compare with. */
#ifndef KRUX_DIAGRAMS_H
#define KRUX_DIAGRAMS_H

#include <check.h>

#include "compiler/base/arena.h"
#include "compiler/dd/dd.h"

enum field {
	F_PATH, F_TEXT, F_HOST, F_NUMBER, F_MAYBE, F_ITEMS, F_RECORDS, F_URL, F_BYTES, F_ENUM, F_IP, F_WORD, F_MAP,
	F_NESTED, F_DIGEST, F_INT, F_SECRET, F_CIDR, F_FIELDS
};
/* Of the elements of `records`. */
enum part { P_PATH, P_INT, P_MAYBE };

extern struct arena *arena;
extern struct dd *m;
extern const struct capability every_kind;

/* Fixtures: an arena and a manager of every_kind. */
void diagrams_start(void);
void diagrams_end(void);

/* ---- conditions ---- */

struct subject on_field(enum field);
struct subject on_part(struct subject, unsigned part);       /* of a url or record */
struct subject on_it(struct subject list);
struct subject on_it_part(struct subject list, unsigned part);
struct subject on_size(struct subject);
struct subject on_has(struct subject);
struct subject on_fact(enum subject_kind, const char *name);
const struct cond *text_in(struct subject, enum language_kind, const char *text);
const struct cond *texts_in(struct subject, const char *const *text);    /* literals, up to NULL */
const struct cond *number_in(struct subject, uint64_t lo, uint64_t hi);  /* signed ones are biased here */
const struct cond *c_not(const struct cond *);
const struct cond *c_and(const struct cond *, const struct cond *);
const struct cond *c_or(const struct cond *, const struct cond *);
const struct cond *c_any(struct subject list, const struct cond *);
const struct cond *c_any_tree(struct subject path, const struct cond *);
const struct cond *c_any_below(const char *path, const struct cond *);

/* ---- requests ---- */

struct facts {
	uint64_t time, weekday, label, calls;
};
struct ask {
	struct krux_str agent;
	struct krux_value args;
	struct facts facts;
};
struct krux_value text(const char *);
struct krux_value number(int64_t);
struct krux_value list(size_t n, ...);                    /* of struct krux_value */
/* The field changed in a request. */
void ask_set(struct ask *, enum field, struct krux_value);
struct ask ask_plain(void);
uint32_t ask_eval(uint32_t f, const struct ask *);

/* ---- at random ---- */

void random_start(uint64_t seed);
uint32_t random_below(uint32_t n);
const struct cond *random_cond(unsigned depth);
struct ask random_ask(void);

/* ---- the naive matcher ---- */

bool naive(const struct cond *, const struct ask *);
bool naive_text(const struct value_set *, struct krux_str);

/* A witness as a request, checked to be canonical. */
struct ask ask_witness(const struct dd_witness *);
/* f is what c says, for n random requests; every value has a witness that is right; regions
 * hold what they say. */
void agree(const struct cond *c, uint32_t f, unsigned n);

#endif
