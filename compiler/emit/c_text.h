/* From minimal automata over scalars to the path-compressed table texts[] of decide.c. */
#ifndef KRUX_C_TEXT_H
#define KRUX_C_TEXT_H

#include "capspec/digest.h"
#include "compiler/base/buf.h"
#include "compiler/dd/dd.h"

/* Class of what no valid text reaches. */
enum { C_ANY = UINT32_MAX };

/* ---- c_shape.c: what is left to tell apart when the input is known to be valid ---- */

/* Targets: a state, or SHAPE_CLASS | class, or SHAPE_DEAD. */
enum { SHAPE_CLASS = 0x80000000u, SHAPE_DEAD = UINT32_MAX };

struct shape_range {
	uint32_t lo, hi, to;
};

enum shape_mode {
	SHAPE_LOOP,              /* stays in itself but for the exceptions */
	SHAPE_FALLBACK,          /* but for the exceptions and the end does what `other` does */
	SHAPE_STEP,              /* but for the exceptions and the end reads one scalar and goes to `other` */
};

struct shape_state {
	enum shape_mode mode;
	uint32_t other;          /* FALLBACK: a LOOP state or a class; STEP: a state */
	uint32_t region;         /* the LOOP state that is held here; SHAPE_DEAD: none */
	uint32_t out;            /* class, or C_ANY */
	uint32_t first, n;       /* exceptions, in exception[]; SHAPE_DEAD is not among them */
	uint32_t uses;           /* of the state by others; 0: not reached */
};

struct shape {
	uint32_t start;          /* a state or a class */
	uint32_t nstates;
	struct shape_state *state;
	struct shape_range *exception;
};

/* class[q]: of texts that end in state q, or C_ANY. */
void shape_make(struct shape *, struct arena *, const struct dd_automaton *, const uint32_t *class);
/* Where c leads from a LOOP state or a class. */
uint32_t shape_next(const struct shape *, uint32_t from, uint32_t c);

/* ---- c_text.c: the table ---- */

/* As in prelude/engine.h. */
enum c_text_op {
	C_OP_RUN, C_OP_UNDER, C_OP_PICK, C_OP_STEP, C_OP_SPAN, C_OP_STRIDE, C_OP_WIDE, C_OP_ENTER,
	C_OP_FIND, C_OP_PAIR, C_OP_SKIP, C_OP_HERE, C_OP_BELOW, C_OP_LEAF
};
enum { C_CLASS = 0x800000, C_HOLD_END = 0xFFFFFE, C_HOLD = 0xFFFFFF };

struct c_texts {
	struct arena *a;
	uint8_t *code;
	size_t n, cap;
	bool full;                   /* beyond what targets can say */
	struct c_text_block { uint32_t at; struct krux_str what; } *block;   /* what was added where */
	size_t nblocks, cap_blocks;
	struct c_text_slot { uint32_t at, n; } *slot;   /* instructions by content; n 0: free */
	size_t nslots, used;
	struct c_words *components;  /* cycles of instructions by content */
	struct c_text_whole {        /* automata that have been added, by digest */
		uint8_t key[KRUX_SHA256];
		uint32_t target;
		bool used;
	} *whole;
	size_t nwholes, used_wholes;
};

struct c_texts *c_texts_new(struct arena *);
/* The target to start at: equal automata, and equal parts of them, are in the table once.
 * `what` is said in a comment. */
uint32_t c_texts_add(struct c_texts *, const struct dd_automaton *, const uint32_t *class,
                     struct krux_str what);
/* K9003 where they did not all fit. */
void c_texts_check(const struct c_texts *, struct diags *);
/* Gives the instruction written from *at on back where there is an equal one: then true, and *at
 * is that one's address. */
bool c_texts_intern(struct c_texts *, uint32_t *at);

/* ---- c_code.c: one automaton's instructions; the target to start at ---- */

uint32_t c_code(struct c_texts *, struct shape *, struct arena *scratch);

/* ---- c_text_print.c: the table in C ---- */

/* Bytes of texts[]. */
size_t c_texts_size(const struct c_texts *);
void c_texts_print(struct buf *, const struct c_texts *);

#endif
