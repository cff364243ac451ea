/* The referee: capabilities, policies and requests evaluated naively, from capspec/LANG.md alone.
 * It shares no parser, matcher, normaliser or logic with the compiler; of the project it uses
 * arenas, the tree of krux_value and nothing else. */
#ifndef KRUX_ORACLE_H
#define KRUX_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capspec/value.h"
#include "compiler/base/arena.h"

__extension__ typedef __int128 o_int;
__extension__ typedef unsigned __int128 o_uint;

enum o_kind {
	O_BOOL, O_INT, O_UINT, O_DECIMAL, O_STRING, O_BYTES, O_ENUM, O_PATH, O_URL, O_HOST, O_IP, O_CIDR,
	O_PORT, O_DATETIME, O_DURATION, O_SIZE, O_DIGEST, O_SECRET, O_LIST, O_MAP, O_RECORD,
	O_AGENT, O_TIME, O_WEEKDAY, O_COUNT, OK_COUNT,
};
extern const char *const o_kind_word[OK_COUNT];

/* ---- text: lex.c ---- */

enum o_tok { OT_END, OT_WORD, OT_STRING, OT_NUMBER, OT_ADDRESS, OT_TIME, OT_PUNCT, OT_BAD };
struct o_lex {
	struct arena *a;
	const char *p, *end;
	enum o_tok tok;
	struct krux_str text;        /* STRING: unescaped */
	bool failed;
	bool cap;                    /* '#' and '//' begin comments */
};
void o_lex_begin(struct o_lex *, struct arena *, struct krux_str text);
void o_lex_next(struct o_lex *);
bool o_lex_is(const struct o_lex *, const char *word);     /* a word or punctuation */
bool o_lex_take(struct o_lex *, const char *word);         /* goes on if it is */
void o_lex_want(struct o_lex *, const char *word);         /* fails if it is not */

enum o_lit_kind { OL_STRING, OL_NUMBER, OL_WORD, OL_ADDRESS, OL_TIME, OL_LIST, OL_RANGE, OL_RECORD };
struct o_lit {
	enum o_lit_kind kind;
	struct krux_str text, name;
	struct o_lit *item;
	size_t n;
};
bool o_lit_read(struct o_lex *, struct o_lit *);

/* ---- capabilities: cap.c ---- */

struct o_type {
	enum o_kind kind;
	unsigned scale;
	o_int lo, hi;                /* numbers */
	uint64_t max;
	struct krux_str pattern;
	struct o_nfa *nfa;           /* of the pattern */
	struct krux_str *name;       /* ENUM */
	size_t n;
	struct o_type *elem;         /* LIST, MAP */
	struct o_field *field;       /* RECORD; URL: its five parts */
	size_t nfields;
};
struct o_field {
	struct krux_str name;
	struct o_type *type;
	bool optional;
	struct o_lit *deflt;
};
struct o_effect {
	struct krux_str word;
	struct o_arg { bool tree, prunes, constant; struct krux_str text; uint16_t step[4]; size_t nsteps; } arg[2];
	size_t nargs;
};
struct o_names { struct krux_str *name; size_t n; };
struct o_cap {
	struct krux_str name;
	unsigned major, minor, rank;
	struct o_type *input;
	struct o_effect *effect;
	size_t neffects;
	struct o_names label;
	int tree;                    /* input field of a tree effect without prunes, -1: none */
};
struct o_caps { struct o_cap *cap; size_t n; };
bool o_caps_read(struct arena *, struct krux_str text, struct o_caps *);
const struct o_type *o_type_plain(enum o_kind);
const struct o_type *o_type_connects(void);

/* ---- values: norm*.c, wire.c, unwire.c ---- */

struct o_val {
	bool present, v4;            /* v4: IP */
	o_int num;                   /* numbers, bool, enum index; IP: the address */
	struct krux_str s;
	struct o_val *item;          /* LIST, MAP; RECORD and URL: by field */
	size_t n;
	struct krux_str *key;        /* MAP */
	uint64_t most;               /* of a path that an effect word holds: its size is no more */
};
/* The canonical value of a JSON-like value; false: invalid. */
bool o_norm(struct arena *, const struct o_type *, const struct krux_value *raw, struct o_val *out);
/* A literal of a capability or policy as the JSON-like value that it stands for. */
void o_lit_value(struct arena *, const struct o_lit *, struct krux_value *out);
bool o_norm_path(struct arena *, struct krux_str in, uint64_t max, struct krux_str *out);
bool o_norm_host(struct arena *, struct krux_str in, struct krux_str *out);
bool o_norm_url(struct arena *, struct krux_str in, struct o_val *out);
bool o_norm_ip(struct krux_str in, struct o_val *out);
bool o_norm_cidr(struct arena *, struct krux_str in, struct o_val *ip, unsigned *prefix, struct krux_str *text);
struct krux_str o_ip_text(struct arena *, const struct o_val *ip);
bool o_norm_datetime(struct krux_str in, o_int *ns);
bool o_norm_duration(struct krux_str in, o_int *ns);
bool o_norm_integer(struct krux_str in, bool suffix, o_int *out);
bool o_norm_decimal(struct krux_str in, unsigned scale, o_int *out);
bool o_utf8(struct krux_str);
uint32_t o_scalar(struct krux_str, size_t *at);           /* the scalar at *at, moved past */
/* The wire form. */
void o_wire(struct arena *, const struct o_type *, const struct o_val *, struct krux_value *out);
/* Could o_wire have made it. */
bool o_unwire(struct arena *, const struct o_type *, const struct krux_value *);

/* ---- matching: match.c, nfa.c ---- */

bool o_under_path(struct krux_str base, struct krux_str path);
bool o_under_host(struct krux_str base, struct krux_str host);
bool o_glob(struct krux_str glob, struct krux_str path);
bool o_agent_glob(struct krux_str glob, struct krux_str agent);
bool o_starts(struct krux_str s, struct krux_str with);
bool o_ends(struct krux_str s, struct krux_str with);
bool o_contains(struct krux_str s, struct krux_str with);

struct o_nfa;                    /* of a regular expression, or of any of the tests above */
struct o_nfa *o_nfa_regex(struct arena *, struct krux_str);     /* NULL: malformed */
bool o_nfa_match(const struct o_nfa *, struct krux_str);
/* A text that matches; choices come from rand. */
struct krux_str o_nfa_sample(struct arena *, const struct o_nfa *, uint64_t (*rand)(void *), void *ctx);

/* ---- conditions: cond.c, bind.c ---- */

enum o_ckind {
	C_TRUE, C_FALSE, C_NOT, C_AND, C_OR, C_NAME, C_HAS, C_LABEL, C_ANY, C_ALL, C_TEST,
	C_RATE, C_OVER,              /* of tables */
};
enum o_op { W_EQ, W_NE, W_LT, W_LE, W_GT, W_GE, W_IN, W_UNDER, W_MATCHES, W_LIKE, W_STARTS, W_ENDS,
	W_CONTAINS, W_OPS };
extern const char *const o_op_word[W_OPS];

struct o_operand {
	bool size, it, calls;
	struct krux_str name[6];
	size_t n;
	struct krux_str cap;         /* calls */
};
struct o_cond {
	enum o_ckind kind;
	enum o_op op;
	struct o_cond *a, *b;
	struct o_operand operand;
	struct o_lit lit;
	struct krux_str text;        /* label; policy/rule */
};
/* NULL: not a condition. */
struct o_cond *o_cond_read(struct arena *, struct krux_str text);
bool o_operand_read(struct o_lex *, struct o_operand *);

struct o_const {                 /* one alternative of the right side */
	o_int lo, hi;                /* numbers */
	struct o_val val;            /* texts, urls, addresses */
	bool cidr;
	unsigned prefix;             /* of 128 for IPv6, of 32 for IPv4 */
	struct o_nfa *nfa;           /* LIKE */
};
struct o_place {                 /* what an operand means in one capability */
	enum { P_FIELD, P_IT, P_AGENT, P_TIME, P_WEEKDAY, P_CALLS, P_WORD } kind;
	unsigned depth;              /* IT: how many any/all outwards */
	bool size;
	uint16_t step[6];
	size_t nsteps;
	const struct o_type *type;   /* before size is taken */
	struct krux_str name;        /* effect word, capability */
};
struct o_bound {
	enum o_ckind kind;
	enum o_op op;
	struct o_bound *a, *b;
	struct o_place place;
	struct o_const *con;
	size_t ncons;
	struct krux_str text;
	int atom;                    /* tests of the tree's path: number of it, from 1 */
};
struct o_policy;
/* NULL: a name or literal has no meaning here. */
struct o_bound *o_bind(struct arena *, const struct o_cap *, const struct o_policy *, const struct o_cond *);
bool o_bind_place(const struct o_cap *, const struct o_operand *, struct o_place *);

/* ---- policies: policy.c ---- */

enum o_layer { O_SYSTEM, O_ORGANIZATION, O_AGENTS };
struct o_approval { uint64_t ttl; uint32_t quorum; struct o_names from; };
struct o_rate { bool given; uint64_t max, per; int exceeded; struct o_operand sum; };
struct o_rule {
	struct krux_str id;
	struct o_names on, label, agent;
	bool any_label;
	bool any_agent, observe;
	struct o_cond *when;
	int verdict;
	struct o_approval approval;
	struct o_rate rate, budget;
	struct o_bound **bound;      /* by capability; NULL: the rule does not concern it */
};
struct o_policy {
	struct krux_str name;
	enum o_layer layer;
	bool observe, has_default;
	int deflt;
	struct o_names agents;
	struct o_group { struct krux_str name; struct o_names pattern; } *group;
	size_t ngroups;
	struct o_define { struct krux_str name; struct o_cond *cond; } *define;
	size_t ndefines;
	struct o_rule *rule;
	size_t nrules;
};
struct o_build { struct o_caps caps; struct o_policy *policy; size_t npolicies; const char *why; };
bool o_policy_read(struct arena *, struct krux_str yaml, struct o_policy *, const char **why);
/* Binds every rule in every capability that it names. */
bool o_build_bind(struct arena *, struct o_build *);
bool o_on(const struct o_build *, struct krux_str pattern, const struct o_cap *);

/* ---- judging: judge.c, tree.c ---- */

struct o_facts {
	unsigned time, weekday;
	struct o_names labels;
	struct o_count { struct krux_str policy, name; uint64_t n; } *calls, *rates, *budgets;
	size_t ncalls, nrates, nbudgets;
};
struct o_request {
	const struct o_cap *cap;
	struct krux_str agent;
	struct o_val args;
	const struct o_val *added;   /* what budgets add is read from these; NULL: from args */
	const struct o_facts *facts;
};
struct o_counter { uint32_t policy, rule; bool budget; };
struct o_answer {
	int verdict, would;
	bool notify;
	uint64_t ttl;
	struct o_approval approval[64];
	size_t napprovals;
	struct o_counter counter[128];
	size_t ncounters;
	struct o_voice { int rule; int verdict; bool applies, observed; } voice[64];  /* by policy; rule -1: default,
	                                                                    -2: silence */
	bool overflow;               /* more than there is room for, or a tree too large */
};
void o_judge(struct arena *, const struct o_build *, const struct o_request *, struct o_answer *);
/* The same call, in which the tree's field holds one path and nothing below it. */
void o_judge_path(struct arena *, const struct o_build *, const struct o_request *, struct krux_str, struct o_answer *);
bool o_holds(struct arena *, const struct o_build *, const struct o_request *, const struct o_bound *);

struct o_env {
	struct arena *a;
	const struct o_build *build;
	const struct o_request *rq;
	const struct o_val *it[66];
	const struct o_type *it_type[66];
	unsigned depth;
	bool overflow;
};
bool o_eval(struct o_env *, const struct o_bound *);

/* Paths at or below `root`, one for each way in which anything that the build says can tell
 * them apart; the root first. */
struct o_paths { struct krux_str *path; size_t n; bool overflow; };
const struct o_paths *o_tree_below(struct arena *, const struct o_build *, const struct o_cap *, struct krux_str root);
void o_tree_forget(void);

/* Both outcomes of each operator on each kind of operand. */
struct o_seen { uint64_t hit[W_OPS][OK_COUNT][4][2]; uint64_t has[2], label[2], any[2], all[2]; };
extern struct o_seen *o_seen;
enum { SEEN_PLAIN, SEEN_SIZE, SEEN_IT, SEEN_LIST };

/* ---- small ---- */
bool o_is(struct krux_str, const char *);
struct krux_str o_str(const char *);
bool o_names_have(const struct o_names *, struct krux_str);

#endif
