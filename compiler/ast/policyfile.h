/* Syntax of a policy file: the YAML document with its conditions parsed; names unresolved. */
#ifndef KRUX_AST_POLICYFILE_H
#define KRUX_AST_POLICYFILE_H

#include "compiler/ast/expr.h"

struct ast_word {                     /* a scalar and where it stands */
	struct krux_str text;             /* n 0 and no span: absent */
	struct span at;
};

struct ast_words {
	const struct ast_word *item;
	size_t n;
	struct span at;
};

struct ast_approval {
	bool given;
	struct span at;
	struct ast_word ttl, quorum;
	struct ast_words from;
};

struct ast_rate {                     /* rate, and budget with sum */
	bool given;
	struct span at;
	struct ast_word max, per, exceeded, sum;
	const struct operand *sum_operand; /* parsed from sum */
};

struct ast_rule {
	struct span at;
	struct ast_word id, verdict, up_to, reason, mode;
	struct ast_words on, label, agent;
	struct ast_word when_text;        /* absent: always */
	const struct expr *when;          /* NULL when absent or when it did not parse */
	struct ast_approval approval;
	struct ast_rate rate, budget;
};

struct ast_named_words { struct ast_word name; struct ast_words words; };
struct ast_define { struct ast_word name, text; const struct expr *expr; };

struct ast_fact { struct ast_word name, value; };
struct ast_test {
	struct span at;
	struct ast_word call_text, as, expect, by, would;
	struct krux_str capability;       /* parsed from call_text */
	const struct literal *args;
	struct ast_word time, weekday;    /* facts */
	struct ast_words labels;
	const struct ast_fact *calls, *rates, *budgets;
	size_t ncalls, nrates, nbudgets;
};

struct ast_prove {
	struct span at;
	struct ast_word id, when_text;
	struct ast_words never, always, on, label, agent;
	const struct expr *when;
};

struct policyfile {
	const struct source *src;
	struct ast_word krux, name, layer, description, zone, mode, deflt;
	struct ast_words agents;
	const struct ast_named_words *group;
	size_t ngroups;
	const struct ast_define *define;
	size_t ndefines;
	const struct ast_rule *rule;
	size_t nrules;
	const struct ast_prove *prove;
	size_t nproves;
	const struct ast_test *test;
	size_t ntests;
};

#endif
