/* The model: capabilities and policies with every name resolved and every condition typed.
 * This is what the diagram is built from. */
#ifndef KRUX_MODEL_H
#define KRUX_MODEL_H

#include "capspec/krux_abi.h"
#include "capspec/type.h"
#include "compiler/ast/capfile.h"
#include "compiler/ast/policyfile.h"
#include "compiler/base/diag.h"

enum effect_kind {
#define EFFECT(id, word, rank) EFFECT_##id,
#include "capspec/effects.def"
#undef EFFECT
	EFFECT_COUNT
};
const char *effect_word(enum effect_kind);
unsigned effect_rank(enum effect_kind);

enum limit_kind { LIMIT_MEMORY, LIMIT_CPU, LIMIT_WALL, LIMIT_PIDS, LIMIT_FILES, LIMIT_OUTPUT, LIMIT_COUNT };

/* A place inside a request: field, then record fields, or the parts of a url. */
struct access {
	const uint16_t *step;         /* indexes: of the input field, then of record fields; in a url
	                                 0 scheme, 1 host, 2 port, 3 path, 4 query */
	size_t nsteps;
	const struct krux_type *type; /* of the place reached */
	struct krux_str text;         /* "url.host" */
};

struct effect_arg {
	bool tree, prunes;
	bool is_constant;
	struct krux_str constant;     /* canonical */
	struct access access;
};

struct effect {
	enum effect_kind kind;
	struct effect_arg arg[2];     /* CONNECTS has host and port, of a url its two parts */
	size_t nargs;
	struct span at;
};
/* As .cap writes them. */
struct buf;
void effect_arg_print(struct buf *, const struct effect_arg *);
void effect_print(struct buf *, const struct effect *);

struct error_def { struct krux_str name, doc, recover, hint; };

struct argv_item {
	enum argv_kind kind;
	struct krux_str text;
	struct access access;
};

struct handler {
	enum handler_kind kind;
	struct krux_str name, sha256, tool;
	const struct argv_item *argv;
	size_t nargv;
	bool background;                   /* its calls are answered when the program runs */
};

struct example {
	struct krux_str name;
	struct krux_value args;            /* canonical wire form */
	struct krux_value output;          /* as written, uncanonical: compared member by member */
	struct krux_str error;             /* n 0: succeeds */
	struct span at;
};

struct capability {
	uint32_t index;                    /* in the set, sorted by name then version */
	struct krux_str name;              /* "filesystem.read" */
	uint16_t major, minor;
	struct krux_str summary, doc, use;
	const struct krux_type *input, *output;   /* RECORDs */
	const struct error_def *error;
	size_t nerrors;
	const struct effect *effect;
	size_t neffects;
	unsigned rank;                     /* greatest effect rank */
	const struct krux_str *label;
	size_t nlabels;
	uint64_t limit[LIMIT_COUNT];       /* bytes, ns, ns, count, count, bytes */
	struct handler handler;
	bool durable;
	bool approves_changes;             /* a command's: what it has changed waits for a person */
	const struct example *example;
	size_t nexamples;
	uint32_t max_args;                 /* greatest canonical CBOR length of the arguments */
	struct span at;
};

struct capability_set {
	const struct capability *const *cap;
	size_t n;
};

/* ---- conditions, typed for one capability ---- */

enum subject_kind {
	SUBJECT_FIELD,      /* access; element places too: see `depth` */
	SUBJECT_SIZE,       /* size of access */
	SUBJECT_HAS,        /* presence of the optional at access */
	SUBJECT_AGENT,
	SUBJECT_TIME, SUBJECT_WEEKDAY,
	SUBJECT_LABEL,      /* name */
	SUBJECT_CALLS,      /* name: one capability without version */
	SUBJECT_CONSTANT,   /* name: a canonical path; only as the list of ANY_TREE */
};

/* What a test looks at. */
struct subject {
	enum subject_kind kind;
	unsigned depth;                    /* 0: the request; k: the element of the k-th enclosing
	                                      any/all, 1 the innermost. access then starts at it */
	struct access access;
	struct krux_str name;
	const struct krux_type *type;      /* of what is compared; SIZE and CALLS: uint */
};

/* One-sided set of values. Numeric: closed intervals on the order-preserving 128-bit scale of
 * number_key(). Texty: a language. */
enum language_kind {
	LANG_LITERALS,   /* equal to one of text[] */
	LANG_UNDER_PATH, LANG_UNDER_HOST,
	LANG_GLOB,       /* path glob */
	LANG_AGENT_GLOB, /* one of text[] as agent patterns */
	LANG_REGEX, LANG_PREFIX, LANG_SUFFIX, LANG_SUBSTRING,
};

struct interval { krux_u128 lo, hi; };

struct value_set {
	bool numeric;                      /* HAS, LABEL and bool too: 1 is present, set, true */
	const struct interval *interval;   /* sorted, disjoint, not adjacent */
	size_t nintervals;
	enum language_kind language;
	const struct krux_str *text;       /* canonical; a digest's 64 hex digits; the octets of
	                                      bytes. LITERALS: sorted, unique */
	size_t ntexts;
};

enum cond_kind {
	COND_TRUE, COND_FALSE, COND_NOT, COND_AND, COND_OR,   /* a, b */
	COND_TEST,                 /* subject in set */
	COND_ANY,                  /* some element of list satisfies a; all(x, c) is not any(x, not c) */
	COND_ANY_TREE,             /* some path at or below the path at list satisfies a (it = path) */
};

struct cond {
	enum cond_kind kind;
	struct span at;                    /* of the test as written */
	struct krux_str name;              /* in tables: what stands for it there; else empty */
	union {                            /* by kind: policies have them by the hundred thousand */
		struct {
			const struct cond *a, *b;
			const struct cond *nonempty;   /* NOT: written as all(xs, ..), where xs can be empty:
			                                  what says that xs has an element. Else NULL */
			struct subject list;           /* ANY, ANY_TREE: what is ranged over; its depth counts
			                                  from outside of this any */
		};
		struct {                       /* TEST */
			struct subject subject;
			struct value_set set;
		};
	};
};

/* Numbers on one unsigned scale: signed types are biased by 2^63, bool and enum are their
 * index, ip is the address with IPv4 as ::ffff:a.b.c.d, decimal is scaled, the rest is itself. */
krux_u128 number_key(const struct krux_type *, const struct krux_value *wire);
/* The closed range of a numeric type, size, fact or count on that scale. */
struct interval number_domain(const struct subject *);

/* Types an expression for one capability: effect words expanded, defines inlined, all turned
 * into any, != into not ==. Tests of an optional field stand as (has f and test). An effect
 * word over plain fields becomes the `or` of its elements, over a list field ANY, over a tree
 * ANY_TREE; a test of a constant is decided here. NULL after diagnostics. */
struct scope;
const struct cond *cond_resolve(struct arena *, struct diags *, const struct scope *,
                                const struct capability *, const struct expr *);
/* What names mean outside of any file: the capabilities, no groups and no defines. */
const struct scope *scope_plain(struct arena *, const struct capability_set *);

/* ---- policies ---- */

enum layer { LAYER_SYSTEM, LAYER_ORGANIZATION, LAYER_AGENT };

struct approval {
	uint64_t ttl;                      /* ns */
	uint32_t quorum;
	const struct krux_str *from;       /* sorted, unique; none: anyone */
	size_t nfrom;
};

struct rate {
	bool given, budget;
	uint64_t max, per;                 /* per in ns */
	enum krux_verdict exceeded;
	const struct operand *sum;         /* budget */
};

struct rule_cap {                      /* a rule meets a capability */
	const struct capability *cap;
	const struct cond *when;           /* TRUE where the rule has no `when` */
	struct subject budget;             /* of this capability, if the rule has a budget */
};

struct rule {
	struct krux_str id, reason;
	uint32_t index;                    /* in its policy */
	const struct krux_str *agent;      /* patterns, groups resolved; none: everyone */
	size_t nagents;
	enum krux_verdict verdict;
	bool observe;
	struct approval approval;
	struct rate rate, budget;
	const struct rule_cap *on;         /* sorted by capability index */
	size_t non;
	const struct ast_rule *ast;
	struct span at;                    /* of the id */
};

struct meet {                          /* a rule that matches some capability by name */
	const struct rule *rule;
	const struct rule_cap *rc;
};

struct policy {
	struct krux_str name, description;
	enum layer layer;
	bool observe;
	const struct krux_str *agent;      /* patterns; layer agent only */
	size_t nagents;
	bool has_default;
	enum krux_verdict deflt;
	const struct rule *rule;
	size_t nrules;
	const struct policyfile *ast;
	const struct scope *scope;
	const struct meet *meet;           /* by capability, then rule; set by build_index */
	const uint32_t *meet_from;         /* [capability index], one more at the end */
};

struct build {
	struct capability_set caps;
	const struct policy *policy;       /* by layer, then name */
	size_t npolicies;
	struct krux_str zone;
};

/* Resolves capability files. */
bool capabilities_resolve(struct arena *, struct diags *, const struct capfile *const *, size_t n,
                          struct capability_set *out);
/* Resolves policy files against capabilities. */
bool build_resolve(struct arena *, struct diags *, const struct capability_set *,
                   const struct policyfile *const *, size_t n, struct build *out);
/* Fills meet and meet_from of every policy: once, after build_resolve. */
void build_index(struct arena *, struct build *);
/* What names mean where somebody asks about a build: its groups, too. One that files have otherwise is an error where
 * it is used. */
const struct scope *scope_outside(struct arena *, const struct build *);
/* The rules of a policy that can match a capability, in order. */
size_t policy_meets(const struct policy *, const struct capability *, const struct meet **out);
/* Capabilities that a pattern of `on` matches. */
size_t capability_match(const struct capability_set *, struct krux_str pattern,
                        const struct capability **out /* room for n */);
/* Index of "name", "name@1" or "name@1.0": the highest that fits; NULL: none. */
const struct capability *capability_find(const struct capability_set *, struct krux_str name);
/* Does an agent pattern match an id. */
bool agent_match(struct krux_str pattern, struct krux_str agent);

#endif
