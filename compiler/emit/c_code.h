/* Between the two halves of writing one automaton: which states make one instruction together
 * and in which order (c_order.c), and the instructions (c_code.c). */
#ifndef KRUX_C_CODE_H
#define KRUX_C_CODE_H

#include "compiler/emit/c_text.h"

enum { C_RUN_MAX = 255, C_SKIP_MAX = 4, C_PICK_MAX = 8 };

/* Is it a state, and one that has to be told what is held when it is entered from `region`. */
bool c_needs_enter(const struct shape *, uint32_t to, uint32_t region);
/* Do the exceptions of a state end below U+0080. */
bool c_is_ascii(const struct shape *, const struct shape_state *);

/* The one scalar that leads on from a state which else, its end included, does as `other` does;
 * 0 where the state is not so. */
uint32_t c_single(const struct shape *, uint32_t q);
/* The state behind q in the same run, or SHAPE_DEAD. Needs uses. */
uint32_t c_run_next(const struct shape *, uint32_t q);

/* What a run that ends with q can look at besides: the end of the text, and one byte. */
struct c_boundary {
	uint32_t end;                /* class of a text that ends here */
	uint32_t byte;               /* next, and not read: on to `to` */
	uint32_t to;                 /* a class, or a LOOP state that reads the byte itself */
};
bool c_boundary(const struct shape *, uint32_t q, struct c_boundary *out);

/* The state behind the one stop byte of loop q, where the loop goes on at it but for one or two
 * bytes: then both are skipped to at once. SHAPE_DEAD where it is not so. */
uint32_t c_pair_second(const struct shape *, uint32_t q);

/* States reached from the start, by strongly connected components of what instructions speak
 * of, each component after those that it speaks of. Sets uses. */
struct c_order {
	uint32_t *state;
	uint32_t n;
	uint32_t *component;         /* per state */
	uint32_t *end;               /* per component: one past its last in state[] */
	uint32_t ncomponents;
	bool *cyclic;                /* per component: some member speaks of a member */
};
void c_order_make(struct c_order *, struct arena *, struct shape *);

#endif
