/* From a build to one decision diagram a capability: LANG.md 4.1 on diagrams. */
#ifndef KRUX_DECISION_H
#define KRUX_DECISION_H

#include "compiler/dd/dd.h"

/* What a verdict comes with, interned for the whole build: index 0 is empty. */
struct obligation {
	uint64_t ttl;                          /* 0: no approval */
	const struct approval *approval;       /* sorted, unique, without their ttl */
	size_t napprovals;
	bool notify;
	const uint32_t *counter;               /* sorted indexes into facts */
	size_t ncounters;
};

struct outcome {
	enum krux_verdict verdict, would;
	uint32_t obligation;
};

/* A fact of the build: a row of krux_abi.facts. Two builds that are compared may have two of a rule. */
struct fact {
	enum krux_fact_kind kind;
	struct krux_str policy, name;
	uint64_t per, max;
	struct subject sum;                    /* BUDGET: what is added; its kind and text tell it from another */
};

/* Do both add up the same; two rates do. */
bool fact_sums_alike(const struct fact *, const struct fact *);

/* All that is interned across capabilities. Two builds that are compared share one. */
struct decisions;
struct decisions *decisions_new(struct arena *);
/* The variable that a rate or budget of a rule asks for. rule_cap: where a budget adds up; else NULL. */
struct dd_var decide_window(const struct policy *, const struct rule *, const struct rate *, const struct rule_cap *);
/* Index of the fact that a variable asks for, interned in the order of first use; that order is
 * the order of the source, so it is the same every time. */
uint32_t decisions_fact(struct decisions *, const struct dd_var *);
uint32_t decisions_facts(const struct decisions *, const struct fact **out);
uint32_t decisions_obligations(const struct decisions *, const struct obligation **out);
/* Terminal values of decision diagrams, from 3 on. */
const struct outcome *decisions_outcome(const struct decisions *, uint32_t value);

/* The decision diagram of one capability, in m (made by dd_new of that capability or of the
 * same capability of another build). DD_IMPOSSIBLE and dd_overflow(m) set when a limit is hit; then a
 * K9001 names the rules without which it fits, but where all steps of the build are spent: decide_spent. */
uint32_t decide_build(struct decisions *, struct dd *m, struct diags *, const struct build *,
                      const struct capability *);

/* K9001: all steps of a build are spent, at m[at]. The diagram that took most is looked into for the rules
 * that grew it. m by capability. */
void decide_spent(struct decisions *, struct diags *, const struct build *, struct dd *const *m, size_t at);

/* The same without tree effects, `would` and the last word of "blocked": where every file is
 * silent, the terminal is FALSE. */
uint32_t decide_voices(struct decisions *, struct dd *m, const struct build *, const struct capability *);

/* Have two builds the same rules for a capability that takes the same input in both: then
 * decide_build makes one diagram of both. False: perhaps it does nevertheless. */
bool decide_alike(const struct build *, const struct capability *, const struct build *, const struct capability *);
/* Numbers the facts that decide_build would. */
void decide_facts(struct decisions *, const struct build *, const struct capability *);

/* For attribution: per applicable policy and rule, what decide.c's cite needs, read off the
 * same diagrams. `match` leads to FALSE and TRUE. Rules in order; agent patterns of the
 * rule are part of it, those of the policy are applies. */
struct cite_policy {
	const struct policy *policy;
	uint32_t applies;                       /* over agent; TRUE where the policy binds everyone */
	const struct cite_rule { const struct rule *rule; uint32_t match; } *rule;
	size_t nrules;
};
size_t decide_cite(struct dd *m, const struct build *, const struct capability *,
                   struct arena *, const struct cite_policy **out);

#endif
