/* The four roads from a request to an answer: the referee, the diagram, the table, compiled C; and the plans
 * of what calls can reach. */
#ifndef KRUX_ORACLE_ROADS_H
#define KRUX_ORACLE_ROADS_H

#include "capspec/krux_abi.h"
#include "compiler/pipeline.h"
#include "tests/oracle/gen.h"

struct table;
struct plan;
struct world {
	struct arena *a;
	struct g_build *g;
	struct pipeline *p;
	struct o_build o;
	size_t *known;                   /* from an index of the compiler's to the referee's */
	struct g_hints *hints;           /* by the referee's index */
	struct table **table;            /* by the compiler's index; NULL: none made */
	struct plan **plan;              /* likewise */
	void *object;
	const struct krux_abi *abi;
	void *scratch;
};

struct totals {                          /* in memory that workers share with their parent */
	uint64_t evaluations, invalid, skipped, builds, policies, rules, dropped, rows, described, undecided;
	uint64_t refused;                /* of what LANG.md allows, or what cannot be read back */
	uint64_t overflows, disagreements, by_table, plans, by_plan, cites, spoiled, below, longer;
	uint64_t code[10000];            /* errors that made the generator drop a rule */
	uint64_t ms_decide, ms_table, ms_plan, ms_cc, ms_all;
	struct o_seen seen;
};
extern struct totals *totals;
uint64_t now_ms(void);

/* Rules that the compiler refuses are dropped. False: nothing could be made of it. */
bool world_make(struct world *, struct arena *, struct g_build *, bool with_c, bool optimise);
void world_free(struct world *);
/* All roads; a description of the first difference in *say, or false. */
bool world_differs(struct world *, struct arena *, size_t cap, const struct g_request *, struct buf *say);
void request_print(struct buf *, const struct world *, size_t cap, const struct g_request *);
/* Prints the least that still differs. */
void shrink(struct g_build *, size_t known, const struct g_request *, bool with_c);

/* An answer with its obligations as one text, the same for every road. Sorts what it is given. */
struct answer_text {
	int verdict, would;
	bool notify;
	uint64_t ttl;
	const char **approval;
	size_t napprovals;
	const char **counter;
	size_t ncounters;
};
const char *answer_print(struct arena *, const struct answer_text *);
const char *approval_text(struct arena *, uint32_t quorum, const char **from, size_t n);
const char *counter_text(struct arena *, struct krux_str policy, struct krux_str rule, bool budget);

/* ---- below.c ---- */

/* A path below the tree of a request, its verdict alone looser than `answer`, said in *say. */
bool below_differs(struct arena *, const struct world *, size_t cap, const struct o_request *, const char *answer,
                   struct buf *say);

/* ---- table.c ---- */

/* NULL: it cannot be read; *why says it. */
struct table *table_read(struct arena *, struct world *, size_t cap, const char **why);
/* The outcome in words of the row that holds; NULL: none, or more than one, said in *say. */
const char *table_find(struct arena *, const struct world *, const struct table *, const struct o_request *, struct buf *say,
                       bool *undecided);
/* A class that no condition of a readable length describes is only named. */
bool table_described(struct krux_str when);

/* ---- plan.c ---- */

/* Of all capabilities; false: one cannot be read, *why says it. */
bool plans_read(struct arena *, struct world *, const char **why);
/* A request that is let through and is outside of the plan, said in *say. */
bool plan_differs(struct arena *, const struct world *, const struct plan *, const struct o_request *, struct buf *say);

/* ---- object.c ---- */

bool object_make(struct world *, bool optimise);
void object_free(struct world *);

#endif
