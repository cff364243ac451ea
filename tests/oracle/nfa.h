/* Regular expressions as machines that are stepped one scalar at a time. */
#ifndef KRUX_ORACLE_NFA_H
#define KRUX_ORACLE_NFA_H

#include "tests/oracle/oracle.h"

struct o_nfa {
	struct o_node {
		enum { N_SET, N_SPLIT, N_END } kind;
		uint32_t a, b;              /* where to go on; SPLIT: both */
		uint32_t *range;            /* SET: pairs lo, hi */
		size_t nranges;
		bool negated;
	} *node;
	size_t n, cap;
	uint32_t start;
};

/* A set of states is a sorted array of those that are SET or END. */
struct o_states { uint32_t *at; size_t n; bool accepts; };
void o_nfa_start(struct arena *, const struct o_nfa *, struct o_states *);
void o_nfa_step(struct arena *, const struct o_nfa *, const struct o_states *, uint32_t c, struct o_states *);

#endif
