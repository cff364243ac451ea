/* From a LIST node to a loop over the elements: each element's diagram says what is known of
 * the list after it. */
#include "compiler/emit/c_decide.h"

#include <inttypes.h>

/* A state that no element leaves. */
static bool is_final(const struct c_writer *w, const struct dd_automaton *fa, uint32_t q)
{
	const struct dd_node *n = dd_get(w->m, fa->state[q].element);

	return n->kind == DD_TERMINAL && n->value - DD_STATE == q;
}

/* Does every element either say nothing or settle the matter. */
static bool only_start(const struct c_writer *w, const struct dd_automaton *fa)
{
	for (uint32_t q = 1; q < fa->nstates; q++)
		if (!is_final(w, fa, q))
			return false;
	return !is_final(w, fa, 0);
}

static void put_loop(struct c_writer *w, struct buf *b, const struct c_node *node, const struct c_record *item,
                     const struct krux_str *step)
{
	const struct dd_automaton *fa = node->dd->fa;

	buf_puts(b, "\tstruct krux_decode_error none;\n"
	         "\tstruct reader r = { .p = list->p, .end = list->end, .start = list->p, .err = &none };\n");
	buf_printf(b, "\tstruct %.*s item;\n\tuint32_t state = 0;\n\n", STR_ARG(item->tag));
	if (only_start(w, fa)) {
		buf_printf(b, "\tfor (uint32_t i = 0; i < list->n && !state && decode_%.*s(&r, &item); i++)\n"
		           "\t\tstate = %.*s(c, &item);\n", STR_ARG(item->tag), STR_ARG(step[0]));
		return;
	}
	buf_printf(b, "\tfor (uint32_t i = 0; i < list->n && decode_%.*s(&r, &item); i++)\n\t\tswitch (state) {\n",
	           STR_ARG(item->tag));
	for (uint32_t q = 0; q < fa->nstates; q++) {
		if (is_final(w, fa, q))
			continue;
		buf_printf(b, "\t\tcase %" PRIu32 ":\n\t\t\tstate = %.*s(c, &item);\n\t\t\tbreak;\n", q, STR_ARG(step[q]));
	}
	buf_puts(b, "\t\tdefault:\n\t\t\ti = list->n - 1;\n\t\t\tbreak;\n\t\t}\n");
}

static void put_result(struct buf *b, const struct c_node *node)
{
	bool same = true;

	for (uint32_t q = 0; q < node->dd->fa->nstates; q++)
		same &= node->class[q] == q || node->class[q] == C_ANY;
	if (same) {
		buf_puts(b, "\treturn state;\n}\n\n");
		return;
	}
	buf_puts(b, "\tswitch (state) {\n");
	for (uint32_t k = 1; k < node->nchildren; k++) {
		for (uint32_t q = 0; q < node->dd->fa->nstates; q++)
			if (node->class[q] == k)
				buf_printf(b, "\tcase %" PRIu32 ":\n", q);
		buf_printf(b, "\t\treturn %" PRIu32 ";\n", k);
	}
	buf_puts(b, "\tdefault:\n\t\treturn 0;\n\t}\n}\n\n");
}

struct krux_str c_list_call(struct c_writer *w, const struct c_node *node)
{
	const struct dd_automaton *fa = node->dd->fa;
	struct krux_str *step = ARENA_ARRAY(w->f->a, struct krux_str, fa->nstates), name;
	const struct c_record *item;
	struct buf *b = &w->f->code;

	c_access(w->f->a, w->rec, &node->var->subject.access, false, &item);
	name = c_name(w->f->names, arena_printf(w->f->a, "%.*s_list", STR_ARG(w->prefix)));
	for (uint32_t q = 0; q < fa->nstates; q++) {
		struct c_writer element = { .f = w->f, .m = w->m, .rec = item, .element = true };

		if (is_final(w, fa, q))
			continue;
		element.prefix = arena_printf(w->f->a, "%.*s_%" PRIu32, STR_ARG(name), q);
		step[q] = c_functions(&element, fa->state[q].element);
	}
	buf_printf(b, "/* What is known of the elements of %.*s, after each. */\n", STR_ARG(node->var->subject.access.text));
	buf_printf(b, "static uint32_t %.*s(const struct call *c, const struct list *list)\n{\n", STR_ARG(name));
	put_loop(w, b, node, item, step);
	put_result(b, node);
	return arena_printf(w->f->a, "%.*s(c, &%.*s)", STR_ARG(name), STR_ARG(c_value(w, &node->var->subject)));
}
