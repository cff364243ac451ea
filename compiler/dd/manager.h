/* A manager and its variables. Inside compiler/dd only. */
#ifndef KRUX_DD_MANAGER_H
#define KRUX_DD_MANAGER_H

#include "compiler/dd/store.h"

struct place;
struct lengths;

struct var {
	struct dd_var pub;
	struct dd *m;
	uint32_t number;                 /* in m */
	uint32_t self;                   /* in store.var */
	uint32_t size, of;               /* in store.var: of a text or list, and the other way; or NONE */
	uint32_t rank;                   /* among the variables of m that are no facts */
	unsigned depth;                  /* of elements: 0 is the request */
	uint32_t scope;                  /* the list or path whose element it belongs to, or NONE */
	unsigned slot;                   /* of a place: presence, value, size, value and size of what is endless */
	struct place *place;
	uint32_t domain;                 /* STRING: in store.domain, NONE: not made yet */
	bool octets;                     /* STRING: of bytes */
	uint32_t max;                    /* bytes or elements */
	bool endless;                    /* STRING: what is longer is a value too, and has the size max */
	const struct lengths *lengths;   /* STRING, LIST: sizes of the domain, once asked */
};

/* What rules have asked of a value, each once. */
struct asked {
	const struct value_set **set;
	size_t n, cap;
};

/* A place of a request or of an element, with its variables; NONE where it has none, or none
 * was asked for yet. */
struct place {
	const struct krux_type *type;
	struct access access;
	struct place *parent;
	uint32_t index;                  /* in parent */
	unsigned depth;
	uint32_t scope;
	bool optional;
	uint32_t has, value, size;
	uint32_t wide;                   /* the value, endless */
	bool open;                       /* conditions see that one, until the tree below is summed up */
	struct place **part;             /* of records and urls; NULL where not asked for */
	size_t nparts;
	struct place *element;           /* of lists; of a path, what lies at or below it */
	struct asked asked;
};

struct fact_table {
	uint32_t *slot;                  /* open addressing: number of a variable, or NONE */
	size_t cap, used;
};

struct dd {
	const struct capability *cap;
	struct arena *arena;
	const char *overflow;
	struct mark mark;
	bool alone;                      /* nobody else has made anything since */
	uint32_t nodes;                  /* made */
	uint64_t work;                   /* done, in states of graphs */
	uint64_t steps, most_steps;      /* taken, see steps_add */
	bool trying;                     /* between dd_attempt and its end */
	bool aside;                      /* its steps are not those of the build: it explains an error */
	struct var **var;
	size_t nvars, cap_vars;
	struct var **ranked;             /* those that are no facts, in order */
	size_t nranked, cap_ranked;
	struct place *input, *anywhere;
	uint32_t agent;
	struct asked agent_asked;
	struct fact_table facts;
	uint32_t *level;                 /* of each variable; NULL: to be made again */
	struct op_of { unsigned id; uint32_t key; } *op;
	size_t nops, cap_ops;
	struct dd_node **terminal;       /* views of them, open addressing */
	size_t nterminals, terminals_cap;
	bool inhabited_asked, inhabited;
};

static inline struct var *var_at(uint32_t v)
{
	return store.var[v];
}

/* Is a before b in the order; a and b of one manager. */
bool var_before(const struct var *a, const struct var *b);

void vars_begin(struct dd *);
/* The place at an access, which starts in a record or url, or is an element itself. */
struct place *place_at(struct dd *, struct place *from, const struct access *);
struct place *place_part(struct dd *, struct place *, uint32_t part);
/* The element of a list; of a path what lies at or below it. */
struct place *place_element(struct dd *, struct place *);
/* A path below some constant. */
struct place *place_anywhere(struct dd *);
struct var *place_has(struct dd *, struct place *);
/* The value; for bytes, their octets. NULL: the type has none. */
struct var *place_value(struct dd *, struct place *);
struct var *place_size(struct dd *, struct place *);
/* Of a path: from now on its value is one that may be longer than the type allows. */
void place_endless(struct dd *, struct place *);
/* The variable of a fact, made where it is new. */
struct var *var_fact(struct dd *, const struct dd_var *);
struct var *var_agent(struct dd *);

/* All nodes are gone. */
void manager_forget(struct dd *);

#endif
