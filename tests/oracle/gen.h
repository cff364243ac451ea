/* Random capabilities, policies and requests, the same from the same seed. */
#ifndef KRUX_ORACLE_GEN_H
#define KRUX_ORACLE_GEN_H

#include "compiler/base/buf.h"
#include "tests/oracle/oracle.h"

struct g_rng { uint64_t s; };
uint64_t g_next(struct g_rng *);
uint32_t g_below(struct g_rng *, uint32_t n);            /* 0..n-1 */
bool g_one_in(struct g_rng *, uint32_t n);
#define G_PICK(r, array) ((array)[g_below((r), sizeof(array) / sizeof *(array))])

/* A condition that is still a tree, so that it can be shrunk. */
struct g_cond {
	enum { G_LEAF, G_NOT, G_AND, G_OR, G_ANY, G_ALL } kind;
	const char *text;             /* LEAF: the test; ANY, ALL: the list */
	struct g_cond *a, *b;
};
struct g_rule {
	const char *id;
	const char *on, *agent, *rest;    /* YAML behind `on:` and `agent:`; further lines */
	struct g_cond *when;              /* NULL: always */
	const char *verdict;
	bool gone;
	uint32_t from, to;                /* bytes in the text made last */
};
struct g_policy {
	const char *name, *head, *deflt;  /* head: lines up to `rules:`; deflt NULL: silence */
	struct g_rule *rule;
	size_t nrules;
	bool gone;
	struct krux_str text;             /* made by g_policy_text */
};
struct g_build {
	struct arena *a;
	struct g_rng rng;
	uint64_t seed;
	struct krux_str caps;
	struct o_caps known;              /* caps, as the referee reads them */
	struct g_policy *policy;
	size_t npolicies;
	bool with_system;
};
void g_build_make(struct g_build *, struct arena *, uint64_t seed);
void g_policy_text(struct arena *, struct g_policy *);
void g_caps_text(struct g_build *, struct buf *out);

/* gen_cond.c: a condition that type-checks in all of the capabilities. */
struct g_cond *g_cond_make(struct g_build *, const struct o_cap *const *cap, size_t n, unsigned depth, bool permits);
void g_cond_print(struct buf *, const struct g_cond *);
const char *g_quote(struct arena *, struct krux_str);
extern const char *const g_agent_patterns[];
enum { G_AGENT_PATTERNS = 8 };

/* gen_value.c: requests near the edges of what conditions say. */
struct g_hint { const struct o_bound *test; const struct o_const *con; const struct o_type *type; };
struct g_hints { struct g_hint *hint; size_t n; };
void g_hints_collect(struct arena *, const struct o_build *, size_t cap, struct g_hints *);
struct g_request {
	struct krux_str agent;
	struct krux_value args;
	struct o_facts facts;
};
void g_request_make(struct arena *, struct g_rng *, const struct o_build *, size_t cap, const struct g_hints *,
                    struct g_request *out);

/* unwire.c: one byte of n changed, added or left out, or the rest cut off; has room for one more.
 * The new length. */
size_t g_bytes_spoil(struct g_rng *, uint8_t *p, size_t n);

#endif
