/* The contract between a compiled policy (decide.c, one shared object a bundle) and the
 * program that loads it.
 *
 * The object exports one symbol, `krux_abi_1`. It allocates nothing, calls nothing but the
 * fact callback, keeps no state, has no relocations outside itself. A zeroed answer blocks. */
#ifndef KRUX_ABI_H
#define KRUX_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KRUX_ABI_VERSION 1

enum krux_verdict {
#define VERDICT(id, value, word) KRUX_##id = value,
#include "verdicts.def"
#undef VERDICT
};

/* Facts: what a verdict may read besides agent and arguments. */
enum krux_fact_kind {
	KRUX_FACT_TIME,     /* local seconds since midnight, 0..86399 */
	KRUX_FACT_WEEKDAY,  /* 0 = Monday .. 6 */
	KRUX_FACT_LABEL,    /* 0 or 1: is `name` set on the workspace */
	KRUX_FACT_CALLS,    /* intents of capability `name` in the workspace so far */
	KRUX_FACT_RATE,     /* intents in the last `per` ns whose match in `policy` was rule `name` */
	KRUX_FACT_BUDGET,   /* sum over the same of the budgeted quantity */
};

struct krux_fact_def {
	enum krux_fact_kind kind;
	const char *policy;   /* RATE, BUDGET: policy name; else "" */
	const char *name;     /* label, capability, or rule id */
	uint64_t per;         /* RATE, BUDGET: window, ns */
	uint64_t max;         /* RATE, BUDGET: as the rule states it */
	const char *sum;      /* BUDGET: what an intent adds, a field or the size of one, as in
	                         "length", "range.bytes" or "size(content)"; else "" */
};

/* Answers query `id` (index into facts[]) for the agent and workspace at hand. False: no
 * answer is known; the verdict is then blocked. */
typedef bool krux_fact_fn(void *ctx, uint32_t id, uint64_t *answer);

struct krux_approval {
	uint32_t quorum;
	uint32_t nfrom;               /* 0: any registered approver */
	const char *const *from;
};

/* What has to happen besides the verdict. obligations[0] is empty. */
struct krux_obligation {
	uint64_t ttl;                 /* ns; 0: no approval in it */
	uint32_t napprovals;
	const struct krux_approval *approval;
	bool notify;
	uint32_t ncounters;           /* facts of kind RATE and BUDGET that this intent counts in */
	const uint32_t *counter;      /* indexes into facts[] */
};

struct krux_answer {
	uint8_t verdict;
	uint8_t would;                /* with every observe rule enforced */
	uint16_t failed;              /* 1: a fact had no answer; verdict is then blocked */
	uint32_t obligation;          /* index into obligations[] */
};

struct krux_cap_def {
	const char *name;             /* "filesystem.read" */
	uint16_t major, minor;
	const char *const *labels;    /* set on the workspace with the intent */
	uint32_t nlabels;
	uint32_t max_args;            /* greatest length of its canonical arguments, bytes */
};

/* One voice: which rule of which file matched, or its default. */
struct krux_cite {
	const char *policy;
	const char *rule;             /* "" for a default, or where no file speaks */
	const char *file;             /* as given to the compiler, relative */
	uint32_t line;
	const char *reason;           /* "" if none */
	uint8_t layer;                /* 0 system, 1 organization, 2 agent */
	uint8_t verdict;              /* after rate and budget */
	bool observe;
};

/* Why decode refused: a field path of the type and a constant sentence. */
struct krux_decode_error {
	const char *field;
	const char *why;
	uint32_t offset;              /* in the argument bytes */
};

struct krux_abi {
	uint32_t version;             /* KRUX_ABI_VERSION */
	uint32_t scratch;             /* bytes that decode fills, aligned to 16 */
	uint32_t ncaps, nfacts, nobligations;
	const struct krux_cap_def *caps;
	const struct krux_fact_def *facts;
	const struct krux_obligation *obligations;

	/* Index of "name", "name@major" or "name@major.minor"; the highest version where several
	 * fit; -1 for none. */
	int (*find)(const char *name, uint32_t n);
	/* Strictly decodes canonical CBOR arguments against the input type of `cap`. scratch
	 * borrows from args. False with *err filled. */
	bool (*decode)(uint32_t cap, const uint8_t *args, uint32_t n, void *scratch,
	               struct krux_decode_error *err);
	/* agent is a valid agent id; scratch is what decode of the same cap has filled. */
	struct krux_answer (*decide)(uint32_t cap, const char *agent, uint32_t nagent,
	                             const void *scratch, krux_fact_fn *fact, void *ctx);
	/* The match of every applicable file, in build order; at most max are written, the number
	 * there are is returned. */
	uint32_t (*cite)(uint32_t cap, const char *agent, uint32_t nagent, const void *scratch,
	                 krux_fact_fn *fact, void *ctx, struct krux_cite *out, uint32_t max);
};

extern const struct krux_abi krux_abi_1;

#endif
