/* Texts in a set to canonical states over a domain. Inside compiler/dd only. */
#ifndef KRUX_DD_LANGUAGE_H
#define KRUX_DD_LANGUAGE_H

#include "compiler/dd/manager.h"
#include "compiler/model/pattern.h"

/* Targets of raw arcs that are no states: nothing matches from there, or everything. */
#define RAW_NONE NONE
#define RAW_ALL (NONE - 1)

/* A deterministic automaton as it comes, not minimal and over all strings. State 0 starts. */
struct raw {
	uint32_t n, narcs;
	uint32_t start;              /* 0, or one of the above */
	uint8_t *accept;
	uint32_t *first;             /* of n + 1 */
	struct arc *arc;
	size_t cap_accept, cap_first, cap_arcs;
};

void raw_begin(struct raw *);
uint32_t raw_state(struct raw *, bool accept);      /* arcs that follow are its */
void raw_arc(struct raw *, uint32_t hi, uint32_t to);
void raw_free(struct raw *);

/* What strings a field has, and the states for "all of them" and "none of them". */
struct domain {
	enum krux_tkind kind;        /* COUNT: agents */
	struct krux_str pattern;     /* of strings */
	bool octets;
	uint32_t n;
	uint8_t *possible;
	uint32_t *first;
	struct arc *arc;             /* targets are states here, or RAW_NONE */
	uint32_t *yes, *no;          /* canonical: TRUE and FALSE where possible */
};
const struct domain *domain_of(struct var *);

/* TRUE for values of v in the set, FALSE for others, impossible for what is no value. */
uint32_t language_state(struct var *v, const struct value_set *);

/* ---- nfa.c ---- */
void raw_regex(struct raw *, const struct regex *);
void raw_glob(struct raw *, const struct glob *);
void raw_agents(struct raw *, const struct krux_str *pattern, size_t n);
void raw_under_host(struct raw *, struct krux_str name);
void nfa_free(void);

/* Forgets what was made after the first n. */
void languages_cut(uint32_t n);
void domains_cut(uint32_t n);

#endif
