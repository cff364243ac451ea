/* The decision diagram: the only source of what a policy means.
 *
 * A multi-valued decision diagram over one capability's requests. Every node tests one variable:
 *
 *   number   domain of integers on the scale of number_key(), cut into intervals;
 *   string   a minimal deterministic automaton over Unicode scalars whose final states name
 *            the child: the classes of the field are the languages that lead to one child;
 *   list     the same with elements as letters: a state's transitions are themselves a
 *            diagram over the element's variables, whose terminals name the next state. Order
 *            and repetition of elements never matter.
 *
 * Variables are ordered by the capability alone (agent, then each input field in the order
 * declared: presence, value, size; then facts by kind and name). Nodes are hash-consed, so
 * within one manager the same function is the same node, up to what docs/design/001 says of
 * sizes. What no value inhabits leads to the terminal `impossible`. */
#ifndef KRUX_DD_H
#define KRUX_DD_H

#include "compiler/model/model.h"

struct dd;                     /* manager: one capability, any number of functions */

enum dd_kind { DD_TERMINAL, DD_NUMBER, DD_STRING, DD_LIST };

/* Nodes are numbers; equal numbers, equal functions. */
enum { DD_IMPOSSIBLE = 0, DD_FALSE = 1, DD_TRUE = 2 };  /* the first three terminals */
#define DD_STATE 0x80000000u   /* value of the terminal STATE(0) in diagrams over elements */

struct dd_var {
	struct subject subject;      /* what is observed; RATE and BUDGET facts: below */
	enum dd_kind kind;
	struct interval domain;      /* NUMBER */
	uint32_t size_var;           /* STRING, LIST: the variable of its size, or UINT32_MAX */
	bool is_fact;
	enum krux_fact_kind fact;    /* when is_fact */
	struct krux_str policy;      /* RATE, BUDGET: of the rule (subject.name is the rule's id) */
	uint64_t per, max;           /* RATE, BUDGET. A RATE counts 0..2^64-1, and max, where the rule that
	                                first asked cuts, does not tell it from another. A BUDGET is a bool:
	                                1 when the sum so far plus this request's is above max */
	struct subject budget;       /* BUDGET: what is added */
};

struct dd_edge {                 /* NUMBER: from the previous hi + 1 (or the domain's lo) to hi */
	krux_u128 hi;
	uint32_t to;
};

struct dd_range {                /* STRING: scalars lo..hi go to state `to`. Where the value is
	                                bytes, octet k is scalar k + 1 */
	uint32_t lo, hi, to;
};

struct arc {                     /* from the previous hi + 1, or 1 */
	uint32_t hi, to;
};

struct dd_state {
	uint32_t out;                /* node when the value ends here */
	uint32_t first, n;           /* STRING: ranges of range[], sorted, covering 1..0x10FFFF (the
	                                surrogates fall anywhere), neighbours with different targets */
	uint32_t element;            /* LIST: diagram over the element, terminals are DD_STATE + state */
	uint32_t settled;            /* the node that every value from here on leads to, IMPOSSIBLE where
	                                there is none, else UINT32_MAX */
};

struct dd_automaton {
	uint32_t nstates, nranges;   /* state 0 is the start; states in breadth-first order */
	const struct dd_state *state;
	const struct dd_range *range;
};

struct dd_node {
	enum dd_kind kind;
	uint32_t var;                       /* index into the manager's variables, not the order */
	uint32_t nedges;
	const struct dd_edge *edge;         /* NUMBER */
	const struct dd_automaton *fa;      /* STRING, LIST */
	uint32_t value;                     /* TERMINAL: see dd_terminal */
};

struct dd *dd_new(const struct capability *);
void dd_free(struct dd *);
const struct dd_node *dd_get(const struct dd *, uint32_t node);
/* Gives back what dd_get has made of all managers' nodes; it is made again when it is asked for. */
void dd_views_drop(void);
const struct dd_var *dd_variable(const struct dd *, uint32_t var);
bool dd_is_terminal(uint32_t node);
/* The variable that a node tests, which is no terminal. */
uint32_t dd_var_of(const struct dd *, uint32_t node);
uint32_t dd_nvars(const struct dd *);
/* Position of a variable in the order. */
uint32_t dd_level(const struct dd *, uint32_t var);
size_t dd_count(const struct dd *, uint32_t root);     /* nodes, and states of automata, reached */

/* Set by whatever ran into a limit (LANG.md 8); results are then meaningless. NULL: none. */
const char *dd_overflow(const struct dd *);
/* Was that the limit of all diagrams of a build together: then no other manager can go on either. */
bool dd_spent(const struct dd *);
uint64_t dd_steps_taken(const struct dd *);
/* The managers that there are belong to so many builds; one, where nobody says. */
void dd_allow(unsigned builds);

/* What is only tried: between the two a limit of its own holds, and running into one does no harm
 * to what was there before. False: that happened, and what was made meanwhile is meaningless. */
struct dd_attempt {
	uint64_t work, most_steps;
};
struct dd_attempt dd_attempt(struct dd *);
/* The same with all that is left. */
struct dd_attempt dd_attempt_large(struct dd *);
bool dd_attempt_end(struct dd *, const struct dd_attempt *);

/* What is asked beyond the answer, within what is left of the limits: between the two a limit that
 * is met does no harm to what was there before. The second gives what ran out, or NULL; what was made
 * meanwhile is then meaningless, and whoever tries once more meets the limit at once. Not where
 * dd_overflow is set already. */
void dd_try(struct dd *);
const char *dd_tried(struct dd *);

/* ---- building ---- */

/* A terminal carrying `value`; 0 impossible, 1 false, 2 true, from 3 on the caller's. */
uint32_t dd_terminal(struct dd *, uint32_t value);
uint32_t dd_cond(struct dd *, const struct cond *);            /* to FALSE and TRUE */
/* A variable, by number, in a set of its kind; not for lists. For elements of lists too, which
 * dd_cond reaches inside of `any` only. */
uint32_t dd_test(struct dd *, uint32_t var, const struct value_set *);
uint32_t dd_agent(struct dd *, const struct krux_str *pattern, size_t n);   /* some pattern matches */
/* The same of a policy's rules: their tests are borrowed for as long as the manager is there, see dd_asked. */
uint32_t dd_rule_cond(struct dd *, const struct cond *);
uint32_t dd_rule_agent(struct dd *, const struct krux_str *pattern, size_t n);
uint32_t dd_fact_at_least(struct dd *, const struct dd_var *fact, uint64_t min);
uint32_t dd_not(struct dd *, uint32_t);
uint32_t dd_and(struct dd *, uint32_t, uint32_t);
/* Of many, by halves: one after the other, each would walk all that there is by then. None: TRUE. */
uint32_t dd_and_all(struct dd *, const uint32_t *f, size_t n);
uint32_t dd_or(struct dd *, uint32_t, uint32_t);
uint32_t dd_ite(struct dd *, uint32_t cond, uint32_t then, uint32_t otherwise);
/* Laws of an operation, or-ed into its id; they save work where one side is constant. */
enum dd_law {
	DD_UNIT_LEFT = 1 << 16,     /* op(FALSE, b) is b */
	DD_UNIT_RIGHT = 1 << 17,    /* op(a, FALSE) is a */
	DD_IDEMPOTENT = 1 << 18,    /* op(a, a) is a */
	DD_LEFT_WINS = 1 << 19,     /* op(a, b) is a where a is not FALSE */
};
/* op on terminals, memoised under `id` (1..65535, unique for op and ctx); impossible absorbs
 * without asking op. */
typedef uint32_t dd_op(void *ctx, uint32_t a, uint32_t b);     /* terminal values to value */
uint32_t dd_apply(struct dd *, unsigned id, dd_op *op, void *ctx, uint32_t a, uint32_t b);
typedef uint32_t dd_map_op(void *ctx, uint32_t a);
uint32_t dd_map(struct dd *, dd_map_op *op, void *ctx, uint32_t a);
/* From here to dd_tree of the same path, conditions are made for what may be longer than the field
 * allows, and has the field's max as its size then; what they give goes into dd_tree only. */
void dd_tree_begin(struct dd *, const struct access *path);
/* f with the path at `access` replaced by itself and everything below it, combined with op
 * (associative, commutative, idempotent). LANG.md 4.1, tree. */
uint32_t dd_tree(struct dd *, const struct access *path, unsigned id, dd_op *op, void *ctx, uint32_t f);

/* Over one variable and its size alone: TRUE for the values with which f is anything but FALSE and
 * impossible for some request. */
uint32_t dd_project(struct dd *, struct arena *, uint32_t f, uint32_t var);
/* f with a field of the input, by index, taken as the value everywhere; NULL: as absent. */
uint32_t dd_substitute(struct dd *, struct arena *, uint32_t f, uint32_t field, const struct krux_value *);
/* TRUE where a field of the input is present. */
uint32_t dd_given(struct dd *, uint32_t field);
/* The variables of the value at a place of the arguments, and of the agent. */
uint32_t dd_value_at(struct dd *, const struct access *);
uint32_t dd_agent_var(struct dd *);
/* The sets that rules so far have asked about, of a string: the first use of each, in order. None where there are
 * more than DD_MOST_ASKED. Borrowed from the rules. */
enum { DD_MOST_ASKED = 512 };
size_t dd_asked(const struct dd *, uint32_t var, const struct value_set *const **out);

/* ---- asking ---- */

/* Is there a request that leads anywhere but to FALSE and impossible. */
bool dd_satisfiable(struct dd *, uint32_t f);
/* Do f and g differ for some request that exists. Exact. */
bool dd_differ(struct dd *, uint32_t f, uint32_t g);

/* A request, as facts and canonical arguments. */
struct dd_request {
	struct krux_str agent;
	const struct krux_value *args;     /* canonical wire map */
	krux_fact_fn *fact_of;             /* by dd_var number instead of ABI id; NULL: all zero */
	void *ctx;
};
/* The terminal value that f gives a request. */
uint32_t dd_eval(struct dd *, uint32_t f, const struct dd_request *);

/* A request for which f has the terminal value; short, readable values ("/workspace/a", "x",
 * 0), the same every time. False when there is none. Facts not in fact[] are zero. */
struct dd_witness {
	struct krux_str agent;
	struct krux_value args;
	struct dd_fact_value { uint32_t var; uint64_t value; } *fact;
	size_t nfacts;
};
bool dd_witness(struct dd *, struct arena *, uint32_t f, uint32_t value, struct dd_witness *out);

/* A region: one set of values for each variable on a path from the root to a terminal. */
struct dd_step {
	uint32_t node;                     /* whose variable is tested */
	const uint32_t *to;                /* the child that all of these values lead to */
	struct interval *interval;         /* NUMBER: the values, sorted */
	size_t nintervals;
};
struct dd_region {
	const struct dd_step *step;
	size_t nsteps;
	uint32_t value;                    /* terminal value */
};
/* Calls back for every path whose region holds a request, in canonical order; stop by false. */
typedef bool dd_region_fn(void *ctx, const struct dd_region *);
void dd_regions(struct dd *, struct arena *, uint32_t f, dd_region_fn *fn, void *ctx);

/* The steps from a node that is no terminal, one for each child, in canonical order; they live in the arena. */
size_t dd_steps(struct dd *, struct arena *, uint32_t node, const struct dd_step **out);

/* TRUE where the variable of `node` has a value that leads to the child `to`. */
uint32_t dd_class(struct dd *, uint32_t node, uint32_t to);
/* The same as an automaton, of a list or string: `out` is TRUE in the class, else FALSE or IMPOSSIBLE. */
const struct dd_automaton *dd_class_automaton(struct dd *, struct arena *, uint32_t node, uint32_t to);

/* ---- strings, state by state ---- */

/* Where a text has come to. States are numbered for all managers alike: equal numbers, equal
 * functions of the rest of the text. */
struct dd_text {
	uint32_t out;                      /* when the text ends here */
	uint32_t settled;                  /* as in struct dd_state */
	uint32_t n;
	uint32_t first;                    /* arcs, for dd_text_arc */
};
uint32_t dd_text_start(const struct dd *, uint32_t node);
struct dd_text dd_text_at(const struct dd *, uint32_t state);
struct arc dd_text_arc(const struct dd_text *, uint32_t i);
uint32_t dd_text_step(const struct dd *, uint32_t state, uint32_t scalar);
/* Where the rest leads to two nodes alone: the state that leads to FALSE instead of lo and to TRUE
 * instead of hi, whose arcs are there; else the state itself, and false. */
struct dd_text_two {
	uint32_t state, lo, hi;
};
bool dd_text_two(const struct dd *, uint32_t state, struct dd_text_two *);
/* TRUE where the rest leads to `out`, else FALSE; with `other` the other way around. */
uint32_t dd_text_class(struct dd *, uint32_t state, uint32_t out, bool other);
/* A whole text's state as a node of a variable, which has to be of the same domain as the state. */
uint32_t dd_text_node(struct dd *, uint32_t var, uint32_t start);
/* Equal for variables of equal domains. */
uint32_t dd_text_domain(struct dd *, uint32_t var);
/* A request inside a region that dd_regions has shown. */
bool dd_region_witness(struct dd *, struct arena *, const struct dd_region *, struct dd_witness *out);

/* Our own invariants: ordered, reduced, total, disjoint, minimal. Aborts with what is wrong. */
void dd_check(const struct dd *, uint32_t f);

#endif
