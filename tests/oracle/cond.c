/* Conditions to trees (LANG.md 5): `not` before `and` before `or`. */
#include <string.h>

#include "tests/oracle/oracle.h"

const char *const o_op_word[W_OPS] = {
	"==", "!=", "<", "<=", ">", ">=", "in", "under", "matches", "like", "starts", "ends", "contains",
};

static struct o_cond *node(struct o_lex *x, enum o_ckind kind)
{
	struct o_cond *c = ARENA_NEW(x->a, struct o_cond);

	c->kind = kind;
	return c;
}

/* Is the token after this word an opening parenthesis. */
static bool call_follows(const struct o_lex *x)
{
	struct o_lex next = *x;

	o_lex_next(&next);
	return o_lex_is(&next, "(");
}

bool o_operand_read(struct o_lex *x, struct o_operand *out)
{
	*out = (struct o_operand){ 0 };
	if (o_lex_is(x, "size") && call_follows(x)) {
		o_lex_next(x);
		o_lex_next(x);
		o_operand_read(x, out);
		out->size = true;
		o_lex_want(x, ")");
		return !x->failed;
	}
	if (x->tok != OT_WORD)
		x->failed = true;
	while (!x->failed && out->n < 6) {
		out->name[out->n++] = x->text;
		o_lex_next(x);
		if (out->n == 2 && o_is(out->name[0], "workspace") && o_is(out->name[1], "calls") && o_lex_take(x, "(")) {
			const char *from = x->text.p;
			while (x->tok == OT_WORD || o_lex_is(x, ".") || o_lex_is(x, "@") || x->tok == OT_NUMBER) {
				out->cap = (struct krux_str){ from, (size_t)(x->text.p + x->text.n - from) };
				o_lex_next(x);
			}
			o_lex_want(x, ")");
			out->calls = true;
			break;
		}
		if (!o_lex_take(x, "."))
			break;
	}
	if (out->n && o_is(out->name[0], "it")) {
		out->it = true;
		memmove(out->name, out->name + 1, --out->n * sizeof *out->name);
	}
	return !x->failed;
}

static struct o_cond *either(struct o_lex *x);

static struct o_cond *quantified(struct o_lex *x, enum o_ckind kind)
{
	struct o_cond *c = node(x, kind);

	o_lex_next(x);
	o_lex_want(x, "(");
	o_operand_read(x, &c->operand);
	o_lex_want(x, ",");
	c->a = either(x);
	o_lex_want(x, ")");
	return c;
}

static struct o_cond *history(struct o_lex *x, enum o_ckind kind)
{
	struct o_cond *c = node(x, kind);

	o_lex_next(x);
	o_lex_want(x, "(");
	c->text = x->text;
	o_lex_next(x);
	o_lex_want(x, ")");
	return c;
}

static bool operation(struct o_lex *x, enum o_op *out)
{
	for (int i = 0; i < W_OPS; i++)
		if (o_lex_is(x, o_op_word[i])) {
			o_lex_next(x);
			if (i == W_STARTS || i == W_ENDS)
				o_lex_want(x, "with");
			*out = (enum o_op)i;
			return true;
		}
	return false;
}

static struct o_cond *test(struct o_lex *x)
{
	struct o_cond *c;

	if (o_lex_is(x, "any") && call_follows(x))
		return quantified(x, C_ANY);
	if (o_lex_is(x, "all") && call_follows(x))
		return quantified(x, C_ALL);
	if (o_lex_is(x, "over") && call_follows(x))
		return history(x, C_OVER);
	if (o_lex_is(x, "rate") && call_follows(x)) {
		c = history(x, C_RATE);
		if (!operation(x, &c->op) || !o_lit_read(x, &c->lit))
			x->failed = true;
		return c;
	}
	c = node(x, C_TEST);
	if (o_lex_is(x, "has")) {
		struct o_lex before = *x;
		o_lex_next(x);
		if (x->tok == OT_WORD && !operation(&(struct o_lex){ .tok = x->tok, .text = x->text, .a = x->a, .p = x->p, .end = x->end }, &c->op)) {
			c->kind = C_HAS;
			o_operand_read(x, &c->operand);
			return c;
		}
		*x = before;
	}
	if (o_lex_is(x, "workspace")) {
		struct o_lex before = *x;
		o_lex_next(x);
		if (o_lex_take(x, "has")) {
			c->kind = C_LABEL;
			c->text = x->text;
			o_lex_next(x);
			return c;
		}
		*x = before;
	}
	if ((o_lex_is(x, "true") || o_lex_is(x, "false"))) {
		c->kind = o_lex_is(x, "true") ? C_TRUE : C_FALSE;
		o_lex_next(x);
		return c;
	}
	o_operand_read(x, &c->operand);
	if (!operation(x, &c->op)) {
		c->kind = C_NAME;
		return c;
	}
	if (!o_lit_read(x, &c->lit))
		x->failed = true;
	return c;
}

static struct o_cond *negation(struct o_lex *x)
{
	struct o_cond *c;

	if (o_lex_is(x, "not")) {
		c = node(x, C_NOT);
		o_lex_next(x);
		c->a = negation(x);
		return c;
	}
	if (o_lex_take(x, "(")) {
		c = either(x);
		o_lex_want(x, ")");
		return c;
	}
	return test(x);
}

static struct o_cond *both(struct o_lex *x)
{
	struct o_cond *c = negation(x);

	while (!x->failed && o_lex_take(x, "and")) {
		struct o_cond *d = node(x, C_AND);
		d->a = c;
		d->b = negation(x);
		c = d;
	}
	return c;
}

static struct o_cond *either(struct o_lex *x)
{
	struct o_cond *c = both(x);

	while (!x->failed && o_lex_take(x, "or")) {
		struct o_cond *d = node(x, C_OR);
		d->a = c;
		d->b = both(x);
		c = d;
	}
	return c;
}

struct o_cond *o_cond_read(struct arena *a, struct krux_str text)
{
	struct o_lex x;
	struct o_cond *c;

	o_lex_begin(&x, a, text);
	o_lex_next(&x);
	c = either(&x);
	return x.failed || x.tok != OT_END ? NULL : c;
}
