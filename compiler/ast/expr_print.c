/* Conditions and literals back to source text. */
#include "compiler/ast/expr.h"
#include "compiler/base/buf.h"
#include "compiler/base/escape.h"

static const char *const op_words[] = {
#define OPERATOR(id, word) word,
#include "capspec/operators.def"
#undef OPERATOR
};

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Would the lexer read this as one name? */
static bool name_plain(struct krux_str s)
{
	if (!s.n || s.n > 63 || s.p[0] < 'a' || s.p[0] > 'z' || !name_char(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!name_char(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static void string_print(struct buf *b, struct krux_str s)
{
	buf_putc(b, '"');
	escape_cap(b, s);
	buf_putc(b, '"');
}

static void items_print(struct buf *b, const struct literal *l, const char *open, const char *close)
{
	buf_puts(b, open);
	for (size_t i = 0; i < l->nitems; i++) {
		buf_puts(b, i ? ", " : " ");
		if (l->kind == LIT_RECORD) {
			if (name_plain(l->item[i].name))
				buf_str(b, l->item[i].name);
			else
				string_print(b, l->item[i].name);
			buf_puts(b, ": ");
		}
		literal_print(b, &l->item[i]);
	}
	buf_puts(b, " ");
	buf_puts(b, close);
}

void literal_print(struct buf *b, const struct literal *l)
{
	switch (l->kind) {
	case LIT_STRING:
		string_print(b, l->text);
		break;
	case LIT_NUMBER:
	case LIT_WORD:
	case LIT_ADDRESS:
	case LIT_TIME:
		buf_str(b, l->text);
		break;
	case LIT_LIST:
		items_print(b, l, "[", "]");
		break;
	case LIT_RECORD:
		items_print(b, l, "{", "}");
		break;
	case LIT_RANGE:
		literal_print(b, &l->item[0]);
		buf_puts(b, "..");
		literal_print(b, &l->item[1]);
		break;
	}
}

void operand_print(struct buf *b, const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_SIZE:
		buf_puts(b, "size(");
		operand_print(b, o->inner);
		buf_puts(b, ")");
		return;
	case OPERAND_CALLS:
		buf_puts(b, "workspace.calls(");
		buf_str(b, o->text);
		buf_puts(b, ")");
		return;
	case OPERAND_IT:
		buf_puts(b, "it");
		break;
	case OPERAND_NAME:
		break;
	}
	for (size_t i = 0; i < o->nnames; i++) {
		if (i || o->kind == OPERAND_IT)
			buf_putc(b, '.');
		buf_str(b, o->name[i]);
	}
}

static void quantifier_print(struct buf *b, const char *word, const struct expr *e)
{
	buf_puts(b, word);
	operand_print(b, e->operand);
	buf_puts(b, ", ");
	expr_print(b, e->a);
	buf_putc(b, ')');
}

/* In parentheses where `and`, `or` or `not` outside would take it apart. */
static void part_print(struct buf *b, const struct expr *e, bool loose)
{
	if (loose)
		buf_putc(b, '(');
	expr_print(b, e);
	if (loose)
		buf_putc(b, ')');
}

void expr_print(struct buf *b, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_OR:
		expr_print(b, e->a);
		buf_puts(b, " or ");
		expr_print(b, e->b);
		break;
	case EXPR_AND:
		part_print(b, e->a, e->a->kind == EXPR_OR);
		buf_puts(b, " and ");
		part_print(b, e->b, e->b->kind == EXPR_OR);
		break;
	case EXPR_NOT:
		buf_puts(b, "not ");
		part_print(b, e->a, e->a->kind == EXPR_OR || e->a->kind == EXPR_AND);
		break;
	case EXPR_TRUE:
		buf_puts(b, "true");
		break;
	case EXPR_FALSE:
		buf_puts(b, "false");
		break;
	case EXPR_HAS:
		buf_puts(b, "has ");
		/* fall through */
	case EXPR_NAME:
		operand_print(b, e->operand);
		break;
	case EXPR_LABEL:
		buf_puts(b, "workspace has ");
		literal_print(b, e->right);
		break;
	case EXPR_ANY:
		quantifier_print(b, "any(", e);
		break;
	case EXPR_ALL:
		quantifier_print(b, "all(", e);
		break;
	case EXPR_TEST:
		operand_print(b, e->operand);
		buf_putc(b, ' ');
		buf_puts(b, op_words[e->op]);
		buf_putc(b, ' ');
		literal_print(b, e->right);
		break;
	}
}
