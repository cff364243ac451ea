/* What calls that the policy lets through can reach, by approval or at once: for each class of agents
 * that it tells apart, and for each operand of an effect, exactly the values that some such call can
 * have. */
#ifndef KRUX_REACH_H
#define KRUX_REACH_H

#include "compiler/dd/decision.h"
#include "compiler/plan/folders.h"
#include "compiler/plan/words.h"

struct reach_operand {
	const struct effect *effect;
	const struct effect_arg *arg;
	struct krux_str what;              /* a condition of LANG.md 5; "always": any value of its type */
};

struct reach_class {
	struct krux_str agents;            /* a condition on the agent; n 0: all that there are */
	const struct reach_operand *operand;   /* in the order of the effects; constants too */
	size_t noperands;                  /* 0 where `never` */
	bool never;                        /* no call of these agents is let through */
	struct folders folders;            /* that hold what is read, and what changes with the folder above it */
};

struct reach {
	const struct capability *cap;
	const struct reach_class *list;
	size_t n;
	/* An agent's name to its class: where it ends, class[state]; n: no such agent. NULL: there is one class.
	 * A view of m: gone with dd_views_drop. */
	const struct dd_automaton *agents;
	const uint32_t *class;
};

/* root is the capability's decision diagram in m. What is too large for words says so. */
void reach_find(struct arena *, struct words *, struct dd *m, const struct decisions *, uint32_t root,
                const struct capability *, struct reach *out);

#endif
