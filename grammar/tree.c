/* What the grammar's actions make: nodes of syntax trees from tokens and smaller nodes. */
#include "grammar/tree.h"

#include <string.h>

struct literal *tree_literal(struct parse *p, enum literal_kind kind, struct token t)
{
	struct literal *l = ARENA_NEW(p->arena, struct literal);

	l->kind = kind;
	l->at = AT(t);
	l->text = t.text;
	return l;
}

struct literal *tree_list(struct parse *p, enum literal_kind kind, struct literals *items,
                                  struct token first, struct token last)
{
	struct literal *l = ARENA_NEW(p->arena, struct literal);

	l->kind = kind;
	l->at = FROM_TO(first, last);
	l->item = items ? items->item : NULL;
	l->nitems = items ? items->n : 0;
	return l;
}

struct literal *tree_range(struct parse *p, struct literal *lo, struct literal *hi)
{
	struct literal *l = ARENA_NEW(p->arena, struct literal), *pair = ARENA_ARRAY(p->arena, struct literal, 2);

	pair[0] = *lo;
	pair[1] = *hi;
	l->kind = LIT_RANGE;
	l->at = span_join(lo->at, hi->at);
	l->item = pair;
	l->nitems = 2;
	return l;
}

struct operand *tree_operand(struct parse *p, enum operand_kind kind, struct span at,
                                   const struct names *names)
{
	struct operand *o = ARENA_NEW(p->arena, struct operand);

	o->kind = kind;
	o->at = at;
	o->name = names ? names->item : NULL;
	o->nnames = names ? names->n : 0;
	return o;
}

struct names *tree_name(struct parse *p, struct token first)
{
	struct names *names = ARENA_NEW(p->arena, struct names);

	names->item = ARENA_NEW(p->arena, struct krux_str);
	names->item[0] = first.text;
	names->n = names->cap = 1;
	names->at = AT(first);
	return names;
}

struct krux_str tree_dotted(struct parse *p, const struct names *names, struct krux_str version)
{
	size_t n = names->n - 1 + version.n, k = 0;
	char *s;

	for (size_t i = 0; i < names->n; i++)
		n += names->item[i].n;
	s = arena_get(p->arena, n + 1);
	for (size_t i = 0; i < names->n; i++) {
		if (i)
			s[k++] = '.';
		memcpy(s + k, names->item[i].p, names->item[i].n);
		k += names->item[i].n;
	}
	if (version.n)
		memcpy(s + k, version.p, version.n);
	return (struct krux_str){ s, n };
}

struct expr *tree_expr(struct parse *p, enum expr_kind kind, struct span at)
{
	struct expr *e = ARENA_NEW(p->arena, struct expr);

	e->kind = kind;
	e->at = at;
	return e;
}

struct expr *tree_pair(struct parse *p, enum expr_kind kind, const struct expr *a, const struct expr *b)
{
	struct expr *e = tree_expr(p, kind, span_join(a->at, b->at));

	e->a = a;
	e->b = b;
	return e;
}

static size_t chain_length(const struct expr *e, enum expr_kind kind)
{
	size_t n = 1;

	for (; e->kind == kind; e = e->a)
		n += chain_length(e->b, kind);
	return n;
}

/* Fills out[..*n) from its end with the links of a chain. */
static void chain_links(const struct expr *e, enum expr_kind kind, const struct expr **out, size_t *n)
{
	for (; e->kind == kind; e = e->a)
		chain_links(e->b, kind, out, n);
	out[--*n] = e;
}

static const struct expr *chain_halve(struct parse *p, enum expr_kind kind, const struct expr **link, size_t n)
{
	size_t half = (n + 1) / 2;

	if (n == 1)
		return *link;
	return tree_pair(p, kind, chain_halve(p, kind, link, half), chain_halve(p, kind, link + half, n - half));
}

const struct expr *tree_chain(struct parse *p, const struct expr *e)
{
	enum expr_kind kind = e->kind;
	const struct expr **link;
	size_t n, k;

	if ((kind != EXPR_OR && kind != EXPR_AND) || (e->a->kind != kind && e->b->kind != kind))
		return e;
	k = n = chain_length(e, kind);
	link = ARENA_ARRAY(p->arena, const struct expr *, n);
	chain_links(e, kind, link, &k);
	return chain_halve(p, kind, link, n);
}

struct expr *tree_test(struct parse *p, const struct operand *left, enum expr_op op, const struct literal *right)
{
	struct expr *e = tree_expr(p, EXPR_TEST, span_join(left->at, right->at));

	e->op = op;
	e->operand = left;
	e->right = right;
	return e;
}

struct expr *tree_quantifier(struct parse *p, enum expr_kind kind, struct span at, const struct operand *list,
                               const struct expr *body)
{
	struct expr *e = tree_expr(p, kind, at);

	e->operand = list;
	e->a = body;
	return e;
}

struct ast_type *tree_type(struct parse *p, struct token word)
{
	struct ast_type *t = ARENA_NEW(p->arena, struct ast_type);

	t->at = AT(word);
	t->word = word.text;
	return t;
}

void tree_bound(struct parse *p, const struct literal **slot, struct literal *value, const char *what)
{
	if (*slot)
		CAP_ERROR(p, 35, value->at, "a second %s for one type", what);
	*slot = value;
}

struct krux_str tree_identifier(struct parse *p, struct token t, const char *what)
{
	struct diag *d;

	if (memchr(t.text.p, '-', t.text.n) && (d = CAP_ERROR(p, 23, AT(t), "'%.*s' has a '-'", STR_ARG(t.text))))
		d->expected = arena_printf(p->arena, "lower-case letters, digits and '_' in the name of %s", what);
	return t.text;
}

void tree_docs_unwanted(struct parse *p, const struct docs *docs)
{
	if (docs->n)
		CAP_ERROR(p, 33, AT(docs->item[0]), "documentation of something that has none");
}

/* "///" lines to text: without the strokes and one blank, joined by LF. */
static struct krux_str docs_text(struct parse *p, const struct docs *docs)
{
	size_t n = 0, k = 0;
	char *s;

	for (size_t i = 0; i < docs->n; i++)
		n += docs->item[i].text.n;
	s = arena_get(p->arena, n + 1);
	for (size_t i = 0; i < docs->n; i++) {
		struct krux_str t = docs->item[i].text;
		size_t from = t.n > 3 && t.p[3] == ' ' ? 4 : 3;

		while (t.n > from && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t'))
			t.n--;
		if (i)
			s[k++] = '\n';
		memcpy(s + k, t.p + from, t.n - from);
		k += t.n - from;
	}
	return (struct krux_str){ s, k };
}

void tree_capability(struct parse *p, const struct docs *docs, struct token name, struct token version)
{
	struct cap_draft *d = p->draft = ARENA_NEW(p->arena, struct cap_draft);
	const char *dot = memchr(version.text.p, '.', version.text.n);
	struct diag *e;

	d->cap.at = AT(name);
	d->cap.name = tree_identifier(p, name, "a capability");
	for (const char *s = version.text.p + 1; s < (dot ? dot : version.text.p + version.text.n); s++)
		d->cap.major = d->cap.major * 10 + (unsigned)(*s - '0');
	for (const char *s = dot ? dot + 1 : ""; dot && s < version.text.p + version.text.n; s++)
		d->cap.minor = d->cap.minor * 10 + (unsigned)(*s - '0');
	if (!dot && (e = CAP_ERROR(p, 22, AT(version), "'%.*s' is not a whole version", STR_ARG(version.text))))
		e->fix = arena_printf(p->arena, "write '%.*s.0'", STR_ARG(version.text));
	if (docs->n) {
		d->cap.doc = docs_text(p, docs);
		d->cap.doc_at = FROM_TO(docs->item[0], docs->item[docs->n - 1]);
	}
}

void tree_capability_end(struct parse *p)
{
	struct cap_draft *d = p->draft;
	struct ast_capability *c = &d->cap;

	c->input = d->input.item;
	c->ninput = d->input.n;
	c->output = d->output.item;
	c->noutput = d->output.n;
	c->error = d->error;
	c->effect = d->effect;
	c->label = d->label;
	c->limit = d->limit;
	c->example = d->example;
	ARENA_PUSH(p->arena, p->cap, p->file->ncaps, p->caps_cap, *c);
	p->file->cap = p->cap;
}

void tree_fields(struct parse *p, struct fields *to, const struct fields *from)
{
	for (size_t i = 0; i < from->n; i++)
		PUSH(p, to, from->item[i]);
}
