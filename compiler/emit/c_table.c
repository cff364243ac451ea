/* From diagrams to rows of variables[] and diagrams[]. */
#include "compiler/emit/c_table.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/emit/c_decide.h"

/* As in prelude/diagram.h. */
enum { NODE_NUMBER, NODE_ADDRESS, NODE_TEXT, NODE_OCTETS, NODE_LIST, NODE_ALL, NODE_BITS = 3 };
enum { MOST_TESTS = 16 };
enum { READABLE = 8192 };                    /* words that are read one node a line */

/* Tests of numbers that a node and those behind it make one after the other, where all that is asked is
 * whether all of them hold. */
struct chain {
	uint32_t yes, no;                    /* nodes */
	unsigned n;
	struct { const struct c_node *node; bool above; } test[MOST_TESTS];
};

struct work {
	struct c_file *f;
	struct dd *m;
	const struct c_record *rec;
	c_end_fn *end;
	void *ctx;
	struct c_nodes nodes;
	uint32_t *at;                        /* by node: where it stands */
	bool *needed;                        /* by node: is it gone on to, and not only part of a chain */
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
		return variable_add(f->tables, KRUX_STR("{ VARIABLE_AGENT }"));
	place = c_access(f->a, rec, &s->access, s->kind == SUBJECT_HAS, &behind);
	kind = variable_kind(s);
	return variable_add(f->tables,
		arena_printf(f->a, "{ VARIABLE_%s, %" PRIu32 ", __builtin_offsetof(struct %.*s, %.*s%s) }",
		             kind, !strcmp(kind, "LIST") ? behind->number : 0, STR_ARG(rec->tag), STR_ARG(place),
		             s->kind == SUBJECT_FIELD && s->type->kind == KRUX_T_DIGEST ? ".text" : ""));
}

uint32_t c_table_budget(struct c_file *f, const struct c_record *rec, const struct subject *sum, uint32_t fact,
                        uint64_t max)
{
	struct krux_str name = c_fact_name(f, fact);

	return variable_add(f->tables, arena_printf(f->a, "{ VARIABLE_OVER, 0, %" PRIu32 ", %.*s, %" PRIu64 "u }", variable_of(f, rec, sum), STR_ARG(name), max));
}

static uint32_t fact_variable(struct work *w, const struct dd_var *v)
{
	uint32_t fact = decisions_fact(w->f->decisions, v);
	struct krux_str name;

	if (v->fact == KRUX_FACT_BUDGET)
		return c_table_budget(w->f, w->rec, &v->budget, fact, v->max);
	name = c_fact_name(w->f, fact);
	return variable_add(w->f->tables, arena_printf(w->f->a, "FACT(%.*s)", STR_ARG(name)));
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

static uint32_t end_at(uint32_t says)
{
	return says << 1 | 1;
}

static uint32_t place_of(struct work *w, uint32_t node)
{
	const struct dd_node *dd = dd_get(w->m, node);

	if (dd->kind == DD_TERMINAL)
		return end_at(w->end(w->ctx, dd->value));
	return w->at[c_node_of(&w->nodes, node) - w->nodes.list];
}

static uint32_t row_add(struct c_tables *t, const struct row *r)
{
	bool known;
	uint32_t *at = c_word(t->nodes, (struct krux_str){ (const char *)r->word, r->n * sizeof *r->word }, &known);

	if (known)
		return *at;
	*at = (uint32_t)t->nwords * 2;
	ARENA_PUSH(t->a, t->node, t->nnodes, t->cap_nodes, t->nwords);
	for (size_t i = 0; i < r->n; i++)
		ARENA_PUSH(t->a, t->word, t->nwords, t->cap_words, r->word[i]);
	return *at;
}

static void row_begin(struct row *r, uint32_t kind, uint32_t variable)
{
	row_put(r, variable << NODE_BITS | kind);
}

static uint32_t number_variable(struct work *w, const struct dd_var *v)
{
	return v->is_fact ? fact_variable(w, v) : variable_of(w->f, w->rec, &v->subject);
}

static bool is_wide(const struct dd_var *v)
{
	return !v->is_fact && v->subject.kind == SUBJECT_FIELD && v->subject.type->kind == KRUX_T_IP;
}

/* One cut, at a number of one word. */
static bool is_cut(const struct c_node *n)
{
	return n && n->dd->kind == DD_NUMBER && n->nedges == 2 && !is_wide(n->var) && n->edge[0].hi <= UINT32_MAX;
}

static uint32_t cut_child(const struct c_node *n, bool above)
{
	return n->child[n->edge[above].child];
}

/* From n on, where it goes on if its number is above the cut, or if not. */
static void chain_follow(const struct work *w, const struct c_node *n, bool above, struct chain *c)
{
	c->n = 0;
	c->no = cut_child(n, !above);
	for (;;) {
		c->test[c->n].node = n;
		c->test[c->n++].above = above;
		c->yes = cut_child(n, above);
		n = c_node_of(&w->nodes, c->yes);
		if (!is_cut(n) || n->uses > 1 || c->n == MOST_TESTS)
			return;
		above = cut_child(n, false) == c->no;
		if (!above && cut_child(n, true) != c->no)
			return;
	}
}

/* The longer of both ways; false: n is no cut. */
static bool chain_find(const struct work *w, const struct c_node *n, struct chain *c)
{
	struct chain other;

	if (!is_cut(n))
		return false;
	chain_follow(w, n, false, c);
	chain_follow(w, n, true, &other);
	if (other.n > c->n)
		*c = other;
	return true;
}

static void put_chain(struct work *w, struct row *r, const struct chain *c)
{
	row_begin(r, NODE_ALL, c->n);
	row_put(r, place_of(w, c->yes));
	row_put(r, place_of(w, c->no));
	for (unsigned i = 0; i < c->n; i++) {
		row_put(r, number_variable(w, c->test[i].node->var) << 1 | c->test[i].above);
		row_put(r, (uint32_t)c->test[i].node->edge[0].hi);
	}
}

static void put_number(struct work *w, struct row *r, const struct c_node *n)
{
	bool wide = is_wide(n->var);

	row_begin(r, wide ? NODE_ADDRESS : NODE_NUMBER, number_variable(w, n->var));
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
	row_begin(r, NODE_LIST, variable_of(w->f, w->rec, &n->var->subject));
	for (uint32_t q = 0; q < fa->nstates; q++) {
		row_put(r, c_table(w->f, w->m, item, fa->state[q].element, state_end, NULL));
		row_put(r, place_of(w, n->child[n->class[q] == C_ANY ? 0 : n->class[q]]));
	}
}

static uint32_t text_add(struct work *w, const struct c_node *n)
{
	struct krux_str what = n->var->subject.kind == SUBJECT_AGENT ? KRUX_STR("agent") : n->var->subject.access.text;

	return c_texts_add(w->f->texts, n->dd->fa, n->class, what);
}

static bool is_octets(const struct c_node *n)
{
	return n->var->subject.kind == SUBJECT_FIELD && n->var->subject.type->kind == KRUX_T_BYTES;
}

static void put_text(struct work *w, struct row *r, const struct c_node *n)
{
	bool octets = is_octets(n);

	row_begin(r, octets ? NODE_OCTETS : NODE_TEXT, variable_of(w->f, w->rec, &n->var->subject));
	row_put(r, octets ? c_octets_add(w->f, n->dd->fa, n->class) : text_add(w, n));
	for (uint32_t i = 0; i < n->nchildren; i++)
		row_put(r, place_of(w, n->child[i]));
}

static uint32_t rank(void *ctx, uint32_t value)
{
	const struct work *w = ctx;

	return w->end(w->ctx, value);
}

static void need(struct work *w, uint32_t node)
{
	const struct c_node *n = c_node_of(&w->nodes, node);

	if (n)
		w->needed[n - w->nodes.list] = true;
}

/* What the node itself goes on to, past those that are tests of its chain. */
static void need_children(struct work *w, const struct c_node *n)
{
	struct chain chain;

	if (chain_find(w, n, &chain)) {
		need(w, chain.yes);
		need(w, chain.no);
		return;
	}
	for (uint32_t i = 0; i < n->nchildren; i++)
		need(w, n->child[i]);
}

static uint32_t node_write(struct work *w, struct arena *scratch, const struct c_node *n)
{
	struct row r = { .a = scratch };
	struct chain chain;

	if (chain_find(w, n, &chain))
		put_chain(w, &r, &chain);
	else if (n->dd->kind == DD_NUMBER)
		put_number(w, &r, n);
	else if (n->dd->kind == DD_STRING)
		put_text(w, &r, n);
	else
		put_list(w, &r, n);
	return row_add(w->f->tables, &r);
}

/* All that the nodes marked so far lead to; parents come after their children. */
static void nodes_write(struct work *w, struct arena *scratch)
{
	for (uint32_t i = w->nodes.n; i-- > 0;)
		if (w->needed[i])
			need_children(w, &w->nodes.list[i]);
	for (uint32_t i = 0; i < w->nodes.n; i++)
		if (w->needed[i])
			w->at[i] = node_write(w, scratch, &w->nodes.list[i]);
}

static void work_begin(struct work *w, struct arena *scratch, uint32_t root)
{
	c_nodes_make(&w->nodes, scratch, w->m, root, UINT32_MAX, rank, w);
	w->at = ARENA_ARRAY(scratch, uint32_t, w->nodes.n + 1);
	w->needed = ARENA_ARRAY(scratch, bool, w->nodes.n + 1);
}

uint32_t c_table(struct c_file *f, struct dd *m, const struct c_record *rec, uint32_t root, c_end_fn *end, void *ctx)
{
	struct work w = { .f = f, .m = m, .rec = rec, .end = end, .ctx = ctx };
	struct arena *scratch = arena_new();
	uint32_t at;

	work_begin(&w, scratch, root);
	need(&w, root);
	nodes_write(&w, scratch);
	at = place_of(&w, root);
	arena_free(scratch);
	return at;
}

struct c_test c_table_test(struct c_file *f, struct dd *m, const struct c_record *rec, uint32_t root, c_end_fn *end,
                           void *ctx)
{
	struct work w = { .f = f, .m = m, .rec = rec, .end = end, .ctx = ctx };
	struct arena *scratch = arena_new();
	const struct c_node *n;
	struct c_test t = { 0 };

	work_begin(&w, scratch, root);
	n = c_node_of(&w.nodes, root);
	if (n && n->dd->kind == DD_STRING && !is_octets(n) && n->nchildren == 2 &&
	    dd_get(m, n->child[0])->kind == DD_TERMINAL && place_of(&w, n->child[0]) == C_NO) {
		t.variable = variable_of(f, rec, &n->var->subject) + 1;
		t.text = text_add(&w, n) + 1;
		root = n->child[1];
	}
	need(&w, root);
	nodes_write(&w, scratch);
	t.when = place_of(&w, root);
	arena_free(scratch);
	return t;
}

/* ---- printing ---- */

void c_variables_print(struct buf *b, const struct c_tables *t)
{
	size_t line = 0;

	buf_printf(b, "static const struct variable variables[%zu] = {", t->nvariables + 1);
	for (size_t i = 0; i < t->nvariables; i++)
		c_item(b, &line, false, t->variable[i]);
	buf_puts(b, "\n};\n\n");
}

void c_diagrams_print(struct buf *b, const struct c_tables *t)
{
	size_t node = 0, line = 0;

	buf_printf(b, "static const uint32_t diagrams[%zu] = {", t->nwords + 1);
	for (size_t i = 0; i < t->nwords; i++) {
		if (t->nwords <= READABLE && node < t->nnodes && t->node[node] == i) {
			buf_printf(b, "\n\t/* %zu */", 2 * t->node[node++]);
			line = b->n;
		}
		c_item(b, &line, t->nwords > READABLE, arena_printf(t->a, "%" PRIu32, t->word[i]));
	}
	buf_puts(b, "\n};\n\n");
}
