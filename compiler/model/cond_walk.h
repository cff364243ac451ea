/* What the parts of cond_resolve share. Inside compiler/model only. */
#ifndef KRUX_COND_WALK_H
#define KRUX_COND_WALK_H

#include "compiler/model/kinds.h"
#include "compiler/model/report.h"
#include "compiler/model/scope.h"

/* Which optional places are known to be present, by number (walk.presence). */
enum { MOST_PRESENCES = 256 };
struct known {
	uint64_t bit[MOST_PRESENCES / 64];
};

struct presence {
	uint32_t owner;                  /* 0: the request; else the any whose element it is in */
	struct access access;
};

enum place_kind { PLACE_SUBJECT, PLACE_CONSTANT, PLACE_PAIR, PLACE_EFFECT };

/* What an operand stands for. */
struct place {
	enum place_kind kind;
	struct subject subject;          /* SUBJECT; PAIR: the host */
	struct subject port;             /* PAIR */
	struct krux_str constant;        /* CONSTANT: a canonical path */
	enum effect_kind effect;         /* EFFECT */
	uint32_t owner;
	const struct krux_type *root; /* the record that access starts in; NULL: it has no parts */
	bool sized;                      /* size(..) of it was asked for */
	bool abstract;                   /* through an effect word: no bound of a field is meant */
};

/* The element that `it` stands for. */
struct binder {
	struct place it;
};

struct walk {
	struct arena *arena;
	struct report *report;
	const struct scope *scope;
	const struct capability *cap;
	const struct binder *it;
	struct known known;
	struct presence *presence;       /* made when the first is asked for */
	size_t npresences, room;
	uint32_t owners;                 /* given so far */
	size_t nodes;
	unsigned depth, defines;         /* of nesting */
	uint32_t define_end;             /* defines before this one may be used */
	struct span use;                 /* of the outermost define at hand */
	bool stop;                       /* a limit was hit, and said so */
};

/* A condition and what it says of presence where it holds and where it does not. */
struct typed {
	const struct cond *cond;
	struct known yes, no;
};

extern const struct cond cond_true, cond_false;

struct finding *walk_fail(struct walk *, unsigned code, struct span at, bool by_cap,
                          const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* ---- cond.c ---- */
/* A name that was perhaps meant. */
struct krux_str walk_near(struct walk *, struct krux_str, const struct krux_str *names, size_t n);
/* Counts work, so that what defines and wildcards multiply ends somewhere. */
void walk_charge(struct walk *, size_t n, struct span at);
struct typed expr_resolve(struct walk *, const struct expr *);
struct cond *cond_node(struct walk *, enum cond_kind, struct span at);
const struct cond *cond_not(struct walk *, const struct cond *);
const struct cond *cond_and(struct walk *, const struct cond *, const struct cond *);
const struct cond *cond_or(struct walk *, const struct cond *, const struct cond *);

/* ---- cond_place.c ---- */
/* "url.host", "it.name", "size(tags)". */
struct krux_str operand_text(struct arena *, const struct operand *);
/* False after a finding. */
bool place_of(struct walk *, const struct operand *, struct place *out);
/* The condition that all optional places on the way (`last`: the place itself too) are present;
 * an error where that is not known. */
const struct cond *place_guard(struct walk *, const struct place *, struct span at);
/* The same without asking whether it is known; marks them in *yes. n: how many there are. */
const struct cond *place_present(struct walk *, const struct place *, struct span at,
                                 struct known *yes, size_t *n);
void known_add(struct known *, const struct known *);

/* ---- cond_list.c ---- */
struct typed quantifier_resolve(struct walk *, const struct expr *);
/* `list contains literal`. */
const struct cond *contains_resolve(struct walk *, const struct place *, const struct expr *);
/* Number of elements of an effect word, in a set. */
const struct cond *effect_size(struct walk *, const struct place *, const struct value_set *,
                               struct span at);

/* ---- cond_test.c ---- */
struct typed test_resolve_expr(struct walk *, const struct expr *);
/* place == literal, with its guard. */
const struct cond *equal_resolve(struct walk *, const struct place *, const struct literal *,
                                 struct span at);
/* subject in set, decided where the set is empty or everything. */
const struct cond *test_node(struct walk *, const struct subject *, const struct value_set *,
                             struct span at);
/* The test that a flag is set, a place present, a list not empty. */
const struct cond *flag_node(struct walk *, const struct subject *, struct span at);
const struct cond *some_node(struct walk *, const struct subject *list, struct span at);

/* ---- cond_set.c, cond_number.c, cond_text.c ---- */
enum operand_class {
	CLASS_NUMBER,
	CLASS_BOOL,
	CLASS_ENUM,
	CLASS_IP,
	CLASS_TEXT,
	CLASS_PATH,
	CLASS_HOST,
	CLASS_FIXED,
	CLASS_BYTES,
	CLASS_URL,
	CLASS_LIST,
	CLASS_NONE,
	CLASS_AGENT,
	CLASS_TIME,
	CLASS_WEEKDAY,
	CLASS_EFFECT,
	CLASS_COUNT
};
/* What a test compares: the type, its class, and the domain of numbers. */
struct compared {
	enum operand_class class;
	const struct krux_type *type;
	struct interval domain;
	struct krux_str name;            /* for messages */
	bool abstract;
};
/* The set of an operator (not NE) and a literal; false after a finding. */
bool set_resolve(struct walk *, const struct compared *, enum expr_op, const struct literal *,
                 struct span at, struct value_set *out);
/* Is a constant path in the set. */
bool set_has_path(struct walk *, const struct value_set *, struct krux_str path);

#endif
