/* Nodes of syntax trees, made by the actions of cap.y. All memory is the arena's. */
#ifndef KRUX_GRAMMAR_TREE_H
#define KRUX_GRAMMAR_TREE_H

#include "grammar/cap.h"

/* Lists that grow while they are read. */
struct literals { struct literal *item; size_t n, cap; };
struct names { struct krux_str *item; size_t n, cap; struct span at; };
struct fields { struct ast_field *item; size_t n, cap; };
struct argvs { struct ast_argv *item; size_t n, cap; };
struct docs { struct token *item; size_t n, cap; };

/* A capability while its clauses come. */
struct cap_draft {
	struct ast_capability cap;
	struct fields input, output;
	struct ast_error *error;
	struct ast_effect *effect;
	struct literal *label;
	struct ast_limit *limit;
	struct ast_example *example;
	size_t errors, effects, labels, limits, examples;
};

#define PUSH(p, list, value) ARENA_PUSH((p)->arena, (list)->item, (list)->n, (list)->cap, (value))
/* The places of a token, and from one to another. */
#define AT(t) cap_span(p, (t).at, (t).n)
#define FROM_TO(a, b) cap_span(p, (a).at, (b).at + (b).n - (a).at)

struct literal *tree_literal(struct parse *, enum literal_kind, struct token);
/* LIST or RECORD of items (NULL: none) in brackets. */
struct literal *tree_list(struct parse *, enum literal_kind, struct literals *items, struct token first,
                          struct token last);
struct literal *tree_range(struct parse *, struct literal *lo, struct literal *hi);

struct names *tree_name(struct parse *, struct token first);
/* "a.b.c", with "@1.0" where given. */
struct krux_str tree_dotted(struct parse *, const struct names *, struct krux_str version);
struct operand *tree_operand(struct parse *, enum operand_kind, struct span at, const struct names *);

struct expr *tree_expr(struct parse *, enum expr_kind, struct span at);
struct expr *tree_pair(struct parse *, enum expr_kind, const struct expr *a, const struct expr *b);
/* a or b or c ... as a tree of halves, however it was put in parentheses: passes that walk
 * conditions then go no deeper than nesting and the logarithm of their length. */
const struct expr *tree_chain(struct parse *, const struct expr *);
struct expr *tree_test(struct parse *, const struct operand *left, enum expr_op, const struct literal *right);
struct expr *tree_quantifier(struct parse *, enum expr_kind, struct span at, const struct operand *list,
                             const struct expr *body);

struct ast_type *tree_type(struct parse *, struct token word);
/* A bound may be given once. */
void tree_bound(struct parse *, const struct literal **slot, struct literal *value, const char *what);
/* Names that end up in requests and file names have no '-'; `what`: whose name it is. */
struct krux_str tree_identifier(struct parse *, struct token, const char *what);
void tree_docs_unwanted(struct parse *, const struct docs *);
/* Begins p->draft; ends it and adds it to p->file. */
void tree_capability(struct parse *, const struct docs *, struct token name, struct token version);
void tree_capability_end(struct parse *);
void tree_fields(struct parse *, struct fields *to, const struct fields *from);

#endif
