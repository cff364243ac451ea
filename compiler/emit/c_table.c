/* From diagrams to rows of variables[] and diagrams[]. */
#include "compiler/emit/c_table.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/emit/c_decide.h"

/* As in prelude/diagram.h. */
enum { NODE_NUMBER, NODE_ADDRESS, NODE_TEXT, NODE_OCTETS, NODE_LIST };

struct work {
	struct c_file *f;
	struct dd *m;
	const struct c_record *rec;
	c_end_fn *end;
	void *ctx;
	struct c_nodes nodes;
	uint32_t *at;                        /* by node: where it stands */
};

struct c_tables *c_tables_new(struct arena *a)
{
	struct c_tables *t = ARENA_NEW(a, struct c_tables);

	t->a = a;
	t->nodes = c_words_new(a);
	t->variables = c_words_new(a);
	return t;
}

/* ---- variables ---- */

static uint32_t variable_add(struct c_tables *t, struct krux_str text)
{
	bool known;
	uint32_t *index = c_word(t->variables, text, &known);

	if (!known) {
		*index = (uint32_t)t->nvariables;
		ARENA_PUSH(t->a, t->variable, t->nvariables, t->cap_variables, text);
	}
	return *index;
}

static const char *variable_kind(const struct subject *s)
{
	const struct krux_type *t = s->kind == SUBJECT_FIELD ? s->type : s->access.type;

	if (s->kind == SUBJECT_HAS)
		return "BOOL";
	if (s->kind == SUBJECT_SIZE)
		return t->kind == KRUX_T_LIST ? "COUNT" : t->kind == KRUX_T_MAP ? "WORD" : "SIZE";
	switch (t->kind) {
	case KRUX_T_BOOL:
		return "BOOL";
	case KRUX_T_ENUM:
		return "WORD";
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
	case KRUX_T_DATETIME:
		return "SIGNED";
	case KRUX_T_UINT:
	case KRUX_T_SIZE:
	case KRUX_T_DURATION:
	case KRUX_T_PORT:
		return "NUMBER";
	case KRUX_T_IP:
		return "ADDRESS";
	case KRUX_T_LIST:
		return "LIST";
	default:
		return "TEXT";
	}
}

static uint32_t variable_of(struct c_file *f, const struct c_record *rec, const struct subject *s)
{
	const struct c_record *behind = NULL;
	struct krux_str place;
	const char *kind;

	if (s->kind == SUBJECT_AGENT)
		return variable_add(f->tables, KRUX_STR("{ .kind = VARIABLE_AGENT }"));
	place = c_access(f->a, rec, &s->access, s->kind == SUBJECT_HAS, &behind);
	kind = variable_kind(s);
	return variable_add(f->tables,
		arena_printf(f->a, "{ .kind = VARIABLE_%s, .of = %" PRIu32 ", .at = __builtin_offsetof(struct %.*s, %.*s%s) }",
		             kind, !strcmp(kind, "LIST") ? behind->number : 0, STR_ARG(rec->tag), STR_ARG(place),
		             s->kind == SUBJECT_FIELD && s->type->kind == KRUX_T_DIGEST ? ".text" : ""));
}

uint32_t c_table_budget(struct c_file *f, const struct c_record *rec, const struct subject *sum, uint32_t fact,
                        uint64_t max)
{
	struct krux_str name = c_fact_name(f, fact);

	return variable_add(f->tables, arena_printf(f->a, "{ .kind = VARIABLE_OVER, .at = %" PRIu32 ", .fact = %.*s, .max = %"
	                    PRIu64 "u }", variable_of(f, rec, sum), STR_ARG(name), max));
}

static uint32_t fact_variable(struct work *w, const struct dd_var *v)
{
	uint32_t fact = decisions_fact(w->f->decisions, v);
	struct krux_str name;

	if (v->fact == KRUX_FACT_BUDGET)
		return c_table_budget(w->f, w->rec, &v->budget, fact, v->max);
	name = c_fact_name(w->f, fact);
	return variable_add(w->f->tables, arena_printf(w->f->a, "{ .kind = VARIABLE_FACT, .fact = %.*s }", STR_ARG(name)));
}

/* ---- nodes ---- */

struct row {
	struct arena *a;
	uint32_t *word;
	size_t n, cap;
};

static void row_put(struct row *r, uint32_t word)
{
	ARENA_PUSH(r->a, r->word, r->n, r->cap, word);
}

static uint32_t place_of(struct work *w, uint32_t node)
{
	const struct dd_node *dd = dd_get(w->m, node);

	if (dd->kind == DD_TERMINAL)
		return C_END | w->end(w->ctx, dd->value);
	return w->at[c_node_of(&w->nodes, node) - w->nodes.list];
}

static uint32_t row_add(struct c_tables *t, const struct row *r)
{
	bool known;
	uint32_t *at = c_word(t->nodes, (struct krux_str){ (const char *)r->word, r->n * sizeof *r->word }, &known);

	if (known)
		return *at;
	*at = (uint32_t)t->nwords;
	ARENA_PUSH(t->a, t->node, t->nnodes, t->cap_nodes, t->nwords);
	for (size_t i = 0; i < r->n; i++)
		ARENA_PUSH(t->a, t->word, t->nwords, t->cap_words, r->word[i]);
	return *at;
}

static void put_number(struct work *w, struct row *r, const struct c_node *n)
{
	const struct dd_var *v = n->var;
	bool wide = !v->is_fact && v->subject.kind == SUBJECT_FIELD && v->subject.type->kind == KRUX_T_IP;
	uint32_t variable = v->is_fact ? fact_variable(w, v) : variable_of(w->f, w->rec, &v->subject);

	row_put(r, (wide ? NODE_ADDRESS : NODE_NUMBER) << 24 | variable);
	row_put(r, n->nedges);
	for (uint32_t i = 0; i + 1 < n->nedges; i++)
		for (unsigned k = 0; k < (wide ? 4 : 2); k++)
			row_put(r, (uint32_t)(n->edge[i].hi >> 32 * k));
	for (uint32_t i = 0; i < n->nedges; i++)
		row_put(r, place_of(w, n->child[n->edge[i].child]));
}

static uint32_t state_end(void *ctx, uint32_t value)
{
	(void)ctx;
	return value - DD_STATE;
}

static void put_list(struct work *w, struct row *r, const struct c_node *n)
{
	const struct dd_automaton *fa = n->dd->fa;
	const struct c_record *item;

	c_access(w->f->a, w->rec, &n->var->subject.access, false, &item);
	row_put(r, NODE_LIST << 24 | variable_of(w->f, w->rec, &n->var->subject));
	for (uint32_t q = 0; q < fa->nstates; q++) {
		row_put(r, c_table(w->f, w->m, item, fa->state[q].element, state_end, NULL));
		row_put(r, place_of(w, n->child[n->class[q] == C_ANY ? 0 : n->class[q]]));
	}
}

static void put_text(struct work *w, struct row *r, const struct c_node *n)
{
	bool octets = n->var->subject.kind == SUBJECT_FIELD && n->var->subject.type->kind == KRUX_T_BYTES;
	struct krux_str what = n->var->subject.kind == SUBJECT_AGENT ? KRUX_STR("agent") : n->var->subject.access.text;

	row_put(r, (octets ? NODE_OCTETS : NODE_TEXT) << 24 | variable_of(w->f, w->rec, &n->var->subject));
	row_put(r, octets ? c_octets_add(w->f, n->dd->fa, n->class)
	                  : c_texts_add(w->f->texts, n->dd->fa, n->class, what));
	for (uint32_t i = 0; i < n->nchildren; i++)
		row_put(r, place_of(w, n->child[i]));
}

static uint32_t rank(void *ctx, uint32_t value)
{
	const struct work *w = ctx;

	return w->end(w->ctx, value);
}

uint32_t c_table(struct c_file *f, struct dd *m, const struct c_record *rec, uint32_t root, c_end_fn *end, void *ctx)
{
	struct work w = { .f = f, .m = m, .rec = rec, .end = end, .ctx = ctx };
	struct arena *scratch;
	uint32_t at;

	if (dd_get(m, root)->kind == DD_TERMINAL)
		return C_END | end(ctx, dd_get(m, root)->value);
	scratch = arena_new();
	c_nodes_make(&w.nodes, scratch, m, root, UINT32_MAX, rank, &w);
	w.at = ARENA_ARRAY(scratch, uint32_t, w.nodes.n);
	for (uint32_t i = 0; i < w.nodes.n; i++) {
		const struct c_node *n = &w.nodes.list[i];
		struct row r = { .a = scratch };

		if (n->dd->kind == DD_NUMBER)
			put_number(&w, &r, n);
		else if (n->dd->kind == DD_STRING)
			put_text(&w, &r, n);
		else
			put_list(&w, &r, n);
		w.at[i] = row_add(f->tables, &r);
	}
	at = w.at[w.nodes.n - 1];
	arena_free(scratch);
	return at;
}

/* ---- printing ---- */

void c_variables_print(struct buf *b, const struct c_tables *t)
{
	buf_printf(b, "static const struct variable variables[%zu] = {\n", t->nvariables + 1);
	for (size_t i = 0; i < t->nvariables; i++) {
		buf_puts(b, "\t");
		buf_str(b, t->variable[i]);
		buf_puts(b, ",\n");
	}
	buf_puts(b, "};\n\n");
}

void c_diagrams_print(struct buf *b, const struct c_tables *t)
{
	size_t node = 0;

	buf_printf(b, "static const uint32_t diagrams[%zu] = {", t->nwords + 1);
	for (size_t i = 0; i < t->nwords; i++) {
		if (node < t->nnodes && t->node[node] == i)
			buf_printf(b, "\n\t/* %zu */", t->node[node++]);
		buf_printf(b, t->word[i] > 9 ? " %#" PRIx32 "," : " %" PRIx32 ",", t->word[i]);
	}
	buf_puts(b, "\n};\n\n");
}
