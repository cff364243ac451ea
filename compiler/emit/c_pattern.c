/* From the pattern of a string type to the automaton that its decoder runs. */
#include "compiler/emit/c.h"

static const struct dd_automaton *automaton_copy(struct arena *a, const struct dd_automaton *fa)
{
	struct dd_automaton *copy = ARENA_NEW(a, struct dd_automaton);

	*copy = *fa;
	copy->state = (const void *)arena_copy(a, fa->state, fa->nstates * sizeof *fa->state);
	copy->range = (const void *)arena_copy(a, fa->range, fa->nranges * sizeof *fa->range);
	return copy;
}

/* Read off the diagram of a field that has no pattern. */
static uint32_t target_make(struct c_file *f, struct krux_str pattern, struct krux_str path)
{
	struct krux_type plain = { .kind = KRUX_T_STRING, .max = UINT32_MAX };
	struct krux_field field = { .name = KRUX_STR("text"), .type = &plain };
	struct krux_type input = { .kind = KRUX_T_RECORD, .field = &field, .nfields = 1 };
	struct capability cap = { .name = KRUX_STR("a.pattern"), .input = &input };
	struct cond test = { .kind = COND_TEST, .set = { .language = LANG_REGEX, .text = &pattern, .ntexts = 1 } };
	uint16_t step = 0;
	struct dd *m = dd_new(&cap);
	const struct dd_node *n;
	uint32_t root, *class, target;

	test.subject = (struct subject){ .kind = SUBJECT_FIELD, .access = { &step, 1, &plain, field.name },
	                                 .type = &plain };
	root = dd_cond(m, &test);
	n = dd_get(m, root);
	target = root == DD_TRUE ? C_CLASS | 1 : C_CLASS;
	if (dd_overflow(m)) {
		diag_error(f->diags, 9015, (struct span){ 0 }, "the pattern of %.*s needs more %s", STR_ARG(path),
		           dd_overflow(m));
	} else if (n->kind == DD_STRING) {
		class = ARENA_ARRAY(f->a, uint32_t, n->fa->nstates);
		for (uint32_t q = 0; q < n->fa->nstates; q++)
			class[q] = n->fa->state[q].out == DD_TRUE;
		target = c_texts_add(f->texts, automaton_copy(f->a, n->fa), class,
		                     arena_printf(f->a, "pattern \"%.*s\"", STR_ARG(pattern)));
	}
	dd_free(m);
	return target;
}

uint32_t c_pattern(struct c_file *f, struct krux_str pattern, struct krux_str path)
{
	bool known;
	uint32_t *target = c_word(f->patterns, pattern, &known), made;

	f->uses_patterns = true;
	if (known)
		return *target;
	made = target_make(f, pattern, path);
	return *c_word(f->patterns, pattern, &known) = made;
}
