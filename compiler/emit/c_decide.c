/* From a decision diagram to C functions. A node that is used once stands where it is used; one
 * that is used more often, or deep down, is a function of its own. */
#include "compiler/emit/c_decide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/emit/c_table.h"

/* Nodes of one capability, and of all of them, that are read as code. */
enum { MOST_NODES = 1000, MOST_IN_ALL = 5000, MOST_DEPTH = 5, MOST_IN_A_ROW = 6 };

static void put_node(struct c_writer *, struct buf *, uint32_t node, unsigned depth);

static void tabs(struct buf *b, unsigned depth)
{
	while (depth--)
		buf_putc(b, '\t');
}

static bool is_signed(const struct krux_type *t)
{
	return t->kind == KRUX_T_INT || t->kind == KRUX_T_DECIMAL || t->kind == KRUX_T_DATETIME;
}

/* ---- values ---- */

struct krux_str c_value(struct c_writer *w, const struct subject *s)
{
	struct krux_str place;
	const struct krux_type *t = s->access.type;

	if (s->kind == SUBJECT_AGENT)
		return KRUX_STR("c->agent");
	place = c_access(w->f->a, w->rec, &s->access, s->kind == SUBJECT_HAS, NULL);
	w->uses_args = true;
	if (s->kind == SUBJECT_SIZE && t->kind == KRUX_T_MAP)
		return arena_printf(w->f->a, "a->%.*s", STR_ARG(place));
	if (s->kind == SUBJECT_SIZE)
		return arena_printf(w->f->a, "a->%.*s.n", STR_ARG(place));
	if (s->kind == SUBJECT_FIELD && t->kind == KRUX_T_DIGEST)
		return arena_printf(w->f->a, "a->%.*s.text", STR_ARG(place));
	return arena_printf(w->f->a, "a->%.*s", STR_ARG(place));
}

/* A number of the diagram's scale as C writes the field. */
static void put_number(struct buf *b, const struct dd_var *v, krux_u128 n)
{
	const struct krux_type *t = v->subject.type;

	if (v->is_fact || v->subject.kind != SUBJECT_FIELD)
		c_unsigned(b, (uint64_t)n);
	else if (t->kind == KRUX_T_IP)
		buf_printf(b, "U128(0x%" PRIx64 ", 0x%" PRIx64 ")", (uint64_t)(n >> 64), (uint64_t)n);
	else if (is_signed(t))
		c_signed(b, (int64_t)((uint64_t)n ^ (uint64_t)1 << 63));
	else
		c_unsigned(b, (uint64_t)n);
}

/* What people call the values lo..hi of an enum, a weekday, a time of day. */
static void put_names(struct buf *b, const struct dd_var *v, krux_u128 lo, krux_u128 hi)
{
	static const char *const day[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	const struct krux_type *t = v->subject.type;
	unsigned from = (unsigned)lo, to = (unsigned)hi;

	if (v->is_fact && v->fact == KRUX_FACT_WEEKDAY && hi < 7)
		buf_printf(b, from == to ? "  /* %s */" : "  /* %s..%s */", day[from], day[to]);
	if (v->is_fact && v->fact == KRUX_FACT_TIME)
		buf_printf(b, "  /* %02u:%02u:%02u..%02u:%02u:%02u */", from / 3600, from / 60 % 60, from % 60, to / 3600,
		           to / 60 % 60, to % 60);
	if (v->is_fact || v->subject.kind != SUBJECT_FIELD || t->kind != KRUX_T_ENUM || hi - lo > 3)
		return;
	buf_puts(b, "  /*");
	for (krux_u128 i = lo; i <= hi && i < t->nnames; i++)
		buf_printf(b, "%s %.*s", i > lo ? "," : "", STR_ARG(t->name[(size_t)i]));
	buf_puts(b, " */");
}

static void put_cut(struct c_writer *w, struct buf *b, const struct dd_var *v, krux_u128 lo, krux_u128 hi)
{
	struct buf text = { 0 };

	if (w->origins) {
		c_origin_cut(&text, w->origins, v, hi);
		if (!text.n && lo)
			c_origin_cut(&text, w->origins, v, lo - 1);
	}
	if (text.n) {
		buf_puts(b, "  /* ");
		buf_put(b, text.p, text.n);
		buf_puts(b, " */");
	}
	buf_free(&text);
}

/* ---- ends ---- */

static void put_end(struct c_writer *w, struct buf *b, uint32_t value)
{
	struct krux_str name;
	struct buf text = { 0 };

	if (w->element) {
		buf_printf(b, "return %" PRIu32 ";\n", value - DD_STATE);
		return;
	}
	name = c_answer_name(w->f, value);
	buf_printf(b, "return %.*s;", STR_ARG(name));
	if (w->origins && decisions_outcome(w->f->decisions, value))
		c_origin_outcome(&text, w->origins, decisions_outcome(w->f->decisions, value));
	if (text.n) {
		buf_puts(b, "  /* ");
		buf_put(b, text.p, text.n);
		buf_puts(b, " */");
	}
	buf_free(&text);
	buf_putc(b, '\n');
}

static bool is_simple(struct c_writer *w, uint32_t node)
{
	return dd_get(w->m, node)->kind == DD_TERMINAL || c_node_of(&w->nodes, node)->mark;
}

/* What follows `if (...)`: a comment, if there is one, and the branch. */
static void put_branch(struct c_writer *w, struct buf *b, const struct buf *comment, uint32_t node, unsigned depth)
{
	bool block = !is_simple(w, node);

	buf_puts(b, block ? " {" : "");
	buf_put(b, comment->p, comment->n);
	buf_putc(b, '\n');
	put_node(w, b, node, depth + 1);
	if (block) {
		tabs(b, depth);
		buf_puts(b, "}\n");
	}
}

/* ---- numbers ---- */

struct number {
	const struct c_node *node;
	struct krux_str value;               /* C */
	krux_u128 lo;                        /* least value that is possible */
	bool flag;                           /* 0 or 1 */
};

static bool is_flag(const struct dd_var *v)
{
	if (v->is_fact)
		return v->fact == KRUX_FACT_LABEL || v->fact == KRUX_FACT_BUDGET;
	return v->subject.kind == SUBJECT_HAS ||
	       (v->subject.kind == SUBJECT_FIELD && v->subject.type->kind == KRUX_T_BOOL);
}

enum compare { UP_TO, BETWEEN, ABOVE };

/* The child for the values lo..hi, or for those above hi. */
static void put_if(struct c_writer *w, struct buf *b, const struct number *n, krux_u128 lo, krux_u128 hi,
                   enum compare compare, uint32_t child, unsigned depth)
{
	const struct dd_var *v = n->node->var;
	struct buf line = { 0 };

	tabs(b, depth);
	buf_puts(b, "if (");
	if (n->flag) {
		buf_printf(b, "%s%.*s", compare == ABOVE ? "" : "!", STR_ARG(n->value));
	} else if (compare == ABOVE) {
		buf_printf(b, "%.*s > ", STR_ARG(n->value));
		put_number(b, v, hi);
	} else if (compare == BETWEEN && lo != hi) {
		buf_printf(b, "%.*s >= ", STR_ARG(n->value));
		put_number(b, v, lo);
		buf_printf(b, " && %.*s <= ", STR_ARG(n->value));
		put_number(b, v, hi);
	} else {
		buf_printf(b, "%.*s %s ", STR_ARG(n->value), lo == hi ? "==" : "<=");
		put_number(b, v, hi);
	}
	buf_putc(b, ')');
	if (compare != ABOVE)
		put_names(&line, v, lo, hi);
	put_cut(w, &line, v, lo, hi);
	put_branch(w, b, &line, child, depth);
	buf_free(&line);
}

/* Edges from..to-1, the values below are known to be taken. */
static void put_edges(struct c_writer *w, struct buf *b, const struct number *n, uint32_t from, uint32_t to,
                      krux_u128 lo, unsigned depth)
{
	const struct c_case *e = n->node->edge;

	if (to - from > MOST_IN_A_ROW) {
		uint32_t mid = from + (to - from) / 2;

		tabs(b, depth);
		buf_printf(b, "if (%.*s <= ", STR_ARG(n->value));
		put_number(b, n->node->var, e[mid - 1].hi);
		buf_puts(b, ") {\n");
		put_edges(w, b, n, from, mid, lo, depth + 1);
		tabs(b, depth);
		buf_puts(b, "}\n");
		put_edges(w, b, n, mid, to, e[mid - 1].hi + 1, depth);
		return;
	}
	if (to - from == 3 && e[from].child == e[from + 2].child) {
		put_if(w, b, n, e[from].hi + 1, e[from + 1].hi, BETWEEN, n->node->child[e[from + 1].child], depth);
		put_node(w, b, n->node->child[e[from].child], depth);
		return;
	}
	if (to - from == 2 && is_simple(w, n->node->child[e[from + 1].child]) &&
	    !is_simple(w, n->node->child[e[from].child])) {
		put_if(w, b, n, lo, e[from].hi, ABOVE, n->node->child[e[from + 1].child], depth);
		put_node(w, b, n->node->child[e[from].child], depth);
		return;
	}
	for (uint32_t i = from; i + 1 < to; i++) {
		put_if(w, b, n, lo, e[i].hi, UP_TO, n->node->child[e[i].child], depth);
		lo = e[i].hi + 1;
	}
	put_node(w, b, n->node->child[e[to - 1].child], depth);
}

/* Asks for a fact into `n` or `over`. */
static void put_fact(struct c_writer *w, struct buf *b, const struct dd_var *v, unsigned depth)
{
	struct krux_str name = c_fact_name(w->f, decisions_fact(w->f->decisions, v));

	tabs(b, depth);
	if (v->fact == KRUX_FACT_BUDGET) {
		struct krux_str sum = c_value(w, &v->budget);

		w->uses_over = true;
		buf_printf(b, "if (!fact_over(c, %.*s, %.*s, ", STR_ARG(name), STR_ARG(sum));
		c_unsigned(b, v->max);
		buf_puts(b, ", &over))\n");
	} else {
		w->uses_fact = true;
		buf_printf(b, "if (!fact(c, %.*s, &n))\n", STR_ARG(name));
	}
	tabs(b, depth + 1);
	buf_puts(b, "return UNKNOWN;\n");
}

static void put_number_node(struct c_writer *w, struct buf *b, const struct c_node *node, unsigned depth)
{
	const struct dd_var *v = node->var;
	struct number n = { .node = node, .flag = is_flag(v), .lo = v->domain.lo };

	if (v->is_fact) {
		put_fact(w, b, v, depth);
		n.value = v->fact == KRUX_FACT_BUDGET ? KRUX_STR("over") : KRUX_STR("n");
	} else {
		n.value = c_value(w, &v->subject);
	}
	put_edges(w, b, &n, 0, node->nedges, n.lo, depth);
}

/* ---- texts and lists ---- */

static void put_tests(struct c_writer *w, struct buf *b, const struct dd_var *v)
{
	struct buf text = { 0 };

	if (w->origins)
		c_origin_tests(&text, w->origins, v);
	if (text.n) {
		buf_puts(b, "/* ");
		buf_put(b, text.p, text.n);
		buf_puts(b, " */\n");
	}
	buf_free(&text);
}

static bool is_octets(const struct subject *s)
{
	return s->kind == SUBJECT_FIELD && s->type->kind == KRUX_T_BYTES;
}

/* The call that says which of the children it is. */
static struct krux_str class_call(struct c_writer *w, const struct c_node *node)
{
	struct krux_str value, what;
	uint32_t target;

	if (node->dd->kind == DD_LIST)
		return c_list_call(w, node);
	value = c_value(w, &node->var->subject);
	what = arena_printf(w->f->a, "%.*s: %.*s", STR_ARG(w->prefix), STR_ARG(value));
	if (is_octets(&node->var->subject))
		return arena_printf(w->f->a, "octets_class(%" PRIu32 ", %.*s)",
		                    c_octets_add(w->f, node->dd->fa, node->class), STR_ARG(value));
	target = c_texts_add(w->f->texts, node->dd->fa, node->class, what);
	return arena_printf(w->f->a, "text_class(0x%x, %.*s)", target, STR_ARG(value));
}

static void put_sample(struct buf *b, struct krux_str text)
{
	if (!text.n)
		return;
	buf_puts(b, "  /* such as \"");
	escape_comment(b, text);
	buf_puts(b, "\" */");
}

static void put_classes(struct c_writer *w, struct buf *b, const struct c_node *node, unsigned depth)
{
	struct krux_str call = class_call(w, node);
	const struct krux_str *sample = node->dd->kind == DD_STRING && !is_octets(&node->var->subject)
	                                ? c_samples(w->f->a, node) : NULL;

	tabs(b, depth);
	if (node->nchildren == 2) {
		struct buf comment = { 0 };
		uint32_t first = !is_simple(w, node->child[0]) && is_simple(w, node->child[1]);

		buf_printf(b, "if (%.*s == %" PRIu32 ")", STR_ARG(call), first);
		if (sample)
			put_sample(&comment, sample[first]);
		put_branch(w, b, &comment, node->child[first], depth);
		put_node(w, b, node->child[!first], depth);
		buf_free(&comment);
		return;
	}
	buf_printf(b, "switch (%.*s) {\n", STR_ARG(call));
	for (uint32_t i = 0; i < node->nchildren; i++) {
		tabs(b, depth);
		if (i + 1 == node->nchildren)
			buf_puts(b, "default:");
		else
			buf_printf(b, "case %" PRIu32 ":", i);
		if (sample)
			put_sample(b, sample[i]);
		buf_putc(b, '\n');
		put_node(w, b, node->child[i], depth + 1);
	}
	tabs(b, depth);
	buf_puts(b, "}\n");
}

/* ---- functions ---- */

/* Statements that return what a node decides. */
static void put_node(struct c_writer *w, struct buf *b, uint32_t node, unsigned depth)
{
	const struct dd_node *dd = dd_get(w->m, node);
	const struct c_node *n;

	if (dd->kind == DD_TERMINAL) {
		tabs(b, depth);
		put_end(w, b, dd->value);
		return;
	}
	n = c_node_of(&w->nodes, node);
	if (n->mark && n != w->at) {
		tabs(b, depth);
		buf_printf(b, "return %.*s(c, a);\n", STR_ARG(w->fn[n->mark]));
		w->uses_args = true;
		return;
	}
	if (n->nchildren == 1)
		put_node(w, b, n->child[0], depth);
	else if (n->dd->kind == DD_NUMBER)
		put_number_node(w, b, n, depth);
	else
		put_classes(w, b, n, depth);
}

static void put_head(struct c_writer *w, struct buf *b, const struct c_node *n, bool root)
{
	buf_printf(b, "static %s%.*s(const struct call *c, ", w->element ? "uint32_t " : "struct krux_answer ",
	           STR_ARG(w->fn[n->mark]));
	if (root)
		buf_puts(b, "const void *args)\n{\n");
	else
		buf_printf(b, "const struct %.*s *a)\n{\n", STR_ARG(w->rec->tag));
	if (root && w->uses_args)
		buf_printf(b, "\tconst struct %.*s *a = args;\n", STR_ARG(w->rec->tag));
	if (w->uses_fact)
		buf_puts(b, "\tuint64_t n;\n");
	if (w->uses_over)
		buf_puts(b, "\tbool over;\n");
	if ((root && w->uses_args) || w->uses_fact || w->uses_over)
		buf_putc(b, '\n');
}

static void put_function(struct c_writer *w, struct c_node *n)
{
	struct buf body = { 0 }, *b = &w->f->code;

	w->uses_args = w->uses_fact = w->uses_over = false;
	w->at = n;
	put_node(w, &body, n->node, 1);
	if (n->dd->kind != DD_NUMBER)
		put_tests(w, b, n->var);
	put_head(w, b, n, n == &w->nodes.list[w->nodes.n - 1]);
	buf_put(b, body.p, body.n);
	buf_puts(b, "}\n\n");
	buf_free(&body);
}

/* Marks the nodes that get functions of their own, from 1. */
static void functions_mark(struct c_writer *w)
{
	uint32_t *depth = ARENA_ARRAY(w->f->a, uint32_t, w->nodes.n + 1), n = 0;

	for (uint32_t i = w->nodes.n; i-- > 0;) {
		struct c_node *node = &w->nodes.list[i];

		node->mark = i + 1 == w->nodes.n || node->uses > 1 || depth[i] > MOST_DEPTH;
		for (uint32_t k = 0; k < node->nchildren; k++) {
			struct c_node *child = c_node_of(&w->nodes, node->child[k]);

			if (child)
				depth[child - w->nodes.list] = node->mark ? 1 : depth[i] + 1;
		}
	}
	for (uint32_t i = 0; i < w->nodes.n; i++)
		if (w->nodes.list[i].mark)
			w->nodes.list[i].mark = ++n;
	w->fn = ARENA_ARRAY(w->f->a, struct krux_str, n + 1);
	for (uint32_t i = 1; i < n; i++)
		w->fn[i] = c_name(w->f->names, arena_printf(w->f->a, "%.*s_%" PRIu32, STR_ARG(w->prefix), i));
	w->fn[n] = c_name(w->f->names, w->prefix);
}

/* Terminals in the order of what they say, so that equal policies number their classes alike. */
static uint32_t rank(void *ctx, uint32_t value)
{
	const struct c_writer *w = ctx;
	const struct outcome *o;

	if (w->element)
		return value;
	o = decisions_outcome(w->f->decisions, value);
	return !o ? 0 : (uint32_t)o->verdict << 28 | value;
}

/* A function without tests. */
static void put_constant(struct c_writer *w, uint32_t root)
{
	struct buf *b = &w->f->code;

	w->fn = ARENA_ARRAY(w->f->a, struct krux_str, 1);
	w->fn[0] = c_name(w->f->names, w->prefix);
	buf_printf(b, "static %s%.*s(const struct call *c, const void *args)\n{\n",
	           w->element ? "uint32_t " : "struct krux_answer ", STR_ARG(w->fn[0]));
	put_node(w, b, root, 1);
	buf_puts(b, "}\n\n");
}

/* Takes what a diagram and the elements of its lists come to from *left. */
static bool fits(struct c_writer *w, uint32_t root, uint32_t *left)
{
	struct arena *scratch = arena_new();
	struct c_nodes nodes;
	bool ok = c_nodes_make(&nodes, scratch, w->m, root, *left, rank, w);

	if (ok)
		*left -= nodes.n;
	for (uint32_t i = 0; ok && i < nodes.n; i++) {
		const struct dd_node *dd = nodes.list[i].dd;

		for (uint32_t q = 0; ok && dd->kind == DD_LIST && q < dd->fa->nstates; q++) {
			struct c_writer element = { .f = w->f, .m = w->m, .element = true };

			ok = *left && fits(&element, dd->fa->state[q].element, left);
			*left -= ok && *left;
		}
	}
	arena_free(scratch);
	return ok;
}

struct krux_str c_functions(struct c_writer *w, uint32_t root)
{
	uint32_t left = MOST_NODES;

	if (!w->element && !fits(w, root, &left))
		return (struct krux_str){ 0 };
	c_nodes_make(&w->nodes, w->f->a, w->m, root, MOST_NODES, rank, w);
	if (!w->nodes.n) {
		put_constant(w, root);
		return w->fn[0];
	}
	functions_mark(w);
	for (uint32_t i = 0; i < w->nodes.n; i++)
		if (w->nodes.list[i].mark)
			put_function(w, &w->nodes.list[i]);
	return w->fn[w->nodes.list[w->nodes.n - 1].mark];
}

static uint32_t end_answer(void *ctx, uint32_t value)
{
	const struct c_writer *w = ctx;

	return c_answer_index(w->f, value);
}

bool c_reads_as_code(struct c_file *f, struct dd *const *manager, const uint32_t *root)
{
	uint32_t left = MOST_IN_ALL;
	bool ok = true;

	for (size_t i = 0; ok && i < f->build->caps.n; i++) {
		struct c_writer w = { .f = f, .m = manager[i] };
		uint32_t one = MOST_NODES < left ? MOST_NODES : left, before = one;

		if (fits(&w, root[i], &one))
			left -= before - one;
		else
			ok = before == MOST_NODES;
		dd_views_drop();
	}
	return ok;
}

/* A diagram that nobody would read as code. */
static struct c_decision by_table(struct c_writer *w, uint32_t root)
{
	w->f->by_table = true;
	return (struct c_decision){ .at = c_table(w->f, w->m, w->rec, root, end_answer, w) };
}

struct c_decision c_decide(struct c_file *f, const struct capability *cap, const struct c_record *rec, struct dd *m,
                           uint32_t root)
{
	struct c_writer w = { .f = f, .m = m, .rec = rec };
	struct krux_str name;

	if (!f->as_code)
		return by_table(&w, root);
	w.origins = c_origins_make(f->a, f->build, cap);
	w.prefix = arena_printf(f->a, "decide_%.*s", STR_ARG(c_capability(f, cap)));
	buf_printf(&f->code, "/* %.*s@%u.%u\n", STR_ARG(cap->name), cap->major, cap->minor);
	c_origin_rules(&f->code, w.origins);
	buf_puts(&f->code, " */\n\n");
	name = c_functions(&w, root);
	if (!name.n)
		buf_puts(&f->code, "/* More to tell apart than is read as code: decided by diagrams[]. */\n\n");
	return name.n ? (struct c_decision){ .function = name } : by_table(&w, root);
}
