/* Syntax of conditions and literals, as written: nothing is resolved. Made by grammar/cap.y
 * for conditions in policies and for literals in capability files alike. */
#ifndef KRUX_AST_EXPR_H
#define KRUX_AST_EXPR_H

#include "compiler/base/source.h"

enum literal_kind {
	LIT_STRING,   /* text: unescaped */
	LIT_NUMBER,   /* text as written: 12, -3, 1.50, 10KiB, 5s */
	LIT_WORD,     /* true, false, an enum name, a weekday, a group */
	LIT_ADDRESS,  /* text as written: 10.0.0.1, 10.0.0.0/8 */
	LIT_TIME,     /* text as written: 09:30, 23:59:59 */
	LIT_LIST,     /* item */
	LIT_RANGE,    /* item[0] .. item[1] */
	LIT_RECORD,   /* item with name; also the arguments of examples and test calls */
};

struct literal {
	enum literal_kind kind;
	struct span at;
	struct krux_str text;
	struct krux_str name;         /* as a member of a LIT_RECORD (identifier or string) */
	struct span name_at;
	const struct literal *item;   /* LIST, RANGE, RECORD */
	size_t nitems;
};

enum operand_kind {
	OPERAND_NAME,   /* name[0].name[1]...: a field, `agent`, `time`, `weekday`, an effect word */
	OPERAND_IT,     /* it.name[0]... */
	OPERAND_SIZE,   /* size(inner) */
	OPERAND_CALLS,  /* workspace.calls(capability): text is the capability pattern */
};

struct operand {
	enum operand_kind kind;
	struct span at;
	const struct krux_str *name;
	size_t nnames;
	struct krux_str text;
	const struct operand *inner;
};

enum expr_kind {
	EXPR_OR, EXPR_AND, EXPR_NOT,      /* a, b */
	EXPR_TRUE, EXPR_FALSE,
	EXPR_NAME,                        /* operand: a define or a bool field */
	EXPR_HAS,                         /* has operand */
	EXPR_LABEL,                       /* workspace has right */
	EXPR_ANY, EXPR_ALL,               /* any(operand, a) */
	EXPR_TEST,                        /* operand op right */
};

enum expr_op {
#define OPERATOR(id, word) OP_##id,
#include "capspec/operators.def"
#undef OPERATOR
};

struct expr {
	enum expr_kind kind;
	enum expr_op op;
	struct span at;
	const struct expr *a, *b;
	const struct operand *operand;
	const struct literal *right;
};

/* Source text that parses back to the same tree; minimal parentheses. */
struct buf;
void expr_print(struct buf *, const struct expr *);
void literal_print(struct buf *, const struct literal *);
void operand_print(struct buf *, const struct operand *);

#endif
