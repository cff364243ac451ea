/* Examples: calls and answers as written, held against the types. */
#include "compiler/model/access.h"
#include "compiler/model/cap_resolve.h"
#include "compiler/model/literal.h"

static void args_resolve(struct cap_ctx *c, const struct ast_example *ast, struct example *out)
{
	struct literal_fault f;
	struct diag *d;

	if (literal_canon(c->arena, c->cap->input, ast->args, &out->args, &f))
		return;
	d = diag_error(c->diags, 1055, f.at, "the arguments do not fit the input: %.*s",
	               STR_ARG(f.text));
	d->expected = f.expected;
}

/* Only what the example names is compared, so absent fields are no fault. */
static void output_resolve(struct cap_ctx *c, const struct ast_example *ast, struct example *out)
{
	struct literal_fault f;
	struct krux_value v;
	struct diag *d;
	bool ok = literal_value(c->arena, c->cap->output, ast->output, &out->output, &f);

	for (size_t i = 0; ok && i < ast->output->nitems; i++) {
		const struct literal *item = &ast->output->item[i];
		int field = field_find(c->cap->output, item->name);

		ok = field >= 0 &&
		     literal_canon(c->arena, c->cap->output->field[field].type, item, &v, &f);
	}
	if (ok)
		return;
	d = diag_error(c->diags, 1056, f.at, "the answer does not fit the output: %.*s",
	               STR_ARG(f.text));
	d->expected = f.expected;
}

static void error_resolve(struct cap_ctx *c, const struct ast_example *ast, struct example *out)
{
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, c->cap->nerrors), near;
	struct diag *d;

	out->error = ast->error;
	for (size_t i = 0; i < c->cap->nerrors; i++) {
		name[i] = c->cap->error[i].name;
		if (krux_str_eq(name[i], ast->error))
			return;
	}
	near = name_near(c->diags, ast->error, name, c->cap->nerrors);
	d = diag_error(c->diags, 1057, ast->at, "the capability declares no error `%.*s`",
	               STR_ARG(ast->error));
	d->expected = KRUX_STR("one of its errors");
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
}

void examples_resolve(struct cap_ctx *c)
{
	size_t n = c->ast->nexamples;
	struct example *example = ARENA_ARRAY(c->arena, struct example, n);
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, n);
	struct names names;
	struct diag *d;

	for (size_t i = 0; i < n; i++) {
		const struct ast_example *ast = &c->ast->example[i];

		example[i].name = name[i] = ast->name;
		example[i].at = ast->at;
		args_resolve(c, ast, &example[i]);
		if (ast->output)
			output_resolve(c, ast, &example[i]);
		else
			error_resolve(c, ast, &example[i]);
	}
	names_make(&names, c->arena, name, n);
	for (uint32_t i = 0; i < n; i++)
		if (names_first(&names, i) != i) {
			d = diag_error(c->diags, 1058, c->ast->example[i].at,
			               "two examples are named \"%.*s\"", STR_ARG(name[i]));
			d->other = c->ast->example[names_first(&names, i)].at;
			d->other_text = KRUX_STR("the first one");
		}
	c->cap->example = example;
	c->cap->nexamples = n;
}
