/* The keys of a policy file, one row each: what reads them, what editors are told of them. */
#ifndef KRUX_POLICYKEYS_H
#define KRUX_POLICYKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_shape {
	SHAPE_TEXT,         /* one scalar: struct ast_word at `to` */
	SHAPE_TEXTS,        /* one scalar or a list of them: struct ast_words at `to` */
	SHAPE_CONDITION,    /* struct ast_word at `to`, const struct expr * at `also` */
	SHAPE_OPERAND,      /* struct ast_word at `to`, const struct operand * at `also` */
	SHAPE_CALL,         /* struct ast_word at `to`, of struct ast_test */
	SHAPE_RECORD,       /* a mapping of `table`, at `to` */
	SHAPE_RECORDS,      /* a list of such: pointer at `to`, count at `also` */
	SHAPE_NAMED,        /* a mapping from names to what the one row of `table` says: pointer
	                       at `to`, count at `also`; the name is a struct ast_word at 0 */
};

/* What a scalar may say. The reader takes any text: names are resolved, and refused, later. */
enum policy_spelling {
	SPELL_TEXT, SPELL_FORMAT, SPELL_ID, SPELL_NAME, SPELL_LAYER, SPELL_MODE, SPELL_VERDICT, SPELL_RANK,
	SPELL_ZONE, SPELL_CAPABILITIES, SPELL_CAPABILITY, SPELL_AGENTS, SPELL_AGENT, SPELL_APPROVER,
	SPELL_CONDITION, SPELL_SUM, SPELL_DURATION, SPELL_AMOUNT, SPELL_COUNT, SPELL_CALL, SPELL_RULE,
	SPELL_TIME, SPELL_WEEKDAY, SPELL_LABEL,
};

struct policy_key {
	const char *name;
	enum policy_shape shape;
	enum policy_spelling spelling;
	bool required;
	uint16_t to, also;          /* offsets in the struct of the table */
	const struct policy_table *table;
	const char *doc;
};

enum policy_head {
	HEAD_NONE,          /* written into the struct around it */
	HEAD_AT,            /* begins with a struct span */
	HEAD_GIVEN,         /* begins with a bool, then a struct span */
};

struct policy_table {
	const char *name, *what;    /* "rule", "a rule" */
	enum policy_head head;
	size_t size;                /* of the struct */
	size_t nkeys;
	const struct policy_key *key;
};

extern const struct policy_table policy_file_keys;

/* For editors and for messages: a regular expression that the text matches (NULL: any), or the
 * words that it must be one of (NULL: not such), an example, and whether digits alone will do. */
struct policy_spelling_row {
	const char *pattern;
	const char *const *words;
	const char *example;
	bool digits;
};
const struct policy_spelling_row *policy_spelling(enum policy_spelling);

#endif
