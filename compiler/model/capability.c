/* Capability files to the sorted set of capabilities. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/cap_resolve.h"
#include "compiler/model/kinds.h"
#include "compiler/model/lookup.h"

struct pass {
	struct arena *arena;
	struct diags *diags;
	const struct capfile *const *file;
	size_t nfiles;
	struct namespace *ns;
	struct names names;             /* of the namespaces */
	size_t places;
	struct capability **cap;
	const struct ast_capability **ast;   /* beside cap */
	size_t n;
};

/* ---- namespaces ---- */

static struct krux_str folder_of(const struct capfile *f)
{
	const char *slash;

	if (f->src->folder.n)
		return f->src->folder;
	slash = f->src->name.n ? memrchr(f->src->name.p, '/', f->src->name.n) : NULL;

	return (struct krux_str){ f->src->name.p, slash ? (size_t)(slash - f->src->name.p) : 0 };
}

static void types_declare(struct pass *p, struct namespace *ns, size_t n)
{
	struct krux_str *name = ARENA_ARRAY(p->arena, struct krux_str, n);
	struct diag *d;

	for (size_t i = 0; i < n; i++)
		name[i] = ns->type[i].ast->name;
	names_make(&ns->types, p->arena, name, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t first = names_first(&ns->types, i);

		if (first == i)
			continue;
		d = diag_error(p->diags, 1002, ns->type[i].ast->at,
		               "the type `%.*s` is declared twice", STR_ARG(name[i]));
		d->other = ns->type[first].ast->at;
		d->other_text = KRUX_STR("first declared here");
	}
}

/* One namespace is all files that say its name; they lie in one folder. */
static void namespaces_make(struct pass *p)
{
	struct krux_str *name = ARENA_ARRAY(p->arena, struct krux_str, p->nfiles);
	size_t *ntypes = ARENA_ARRAY(p->arena, size_t, p->nfiles);
	struct diag *d;

	p->ns = ARENA_ARRAY(p->arena, struct namespace, p->nfiles);
	for (size_t i = 0; i < p->nfiles; i++)
		name[i] = p->file[i]->ns;
	names_make(&p->names, p->arena, name, p->nfiles);
	for (uint32_t i = 0; i < p->nfiles; i++)
		ntypes[names_first(&p->names, i)] += p->file[i]->ntypes;
	for (uint32_t i = 0; i < p->nfiles; i++) {
		const struct capfile *f = p->file[i];
		struct namespace *ns = &p->ns[names_first(&p->names, i)];

		if (!ns->name.n) {
			ns->name = f->ns;
			ns->folder = folder_of(f);
			ns->at = f->ns_at;
			ns->type = ARENA_ARRAY(p->arena, struct named_type, ntypes[i]);
			ns->types.n = 0;
		} else if (!krux_str_eq(ns->folder, folder_of(f))) {
			d = diag_error(p->diags, 1020, f->ns_at,
			               "the namespace `%.*s` is spread over two folders",
			               STR_ARG(f->ns));
			d->expected = KRUX_STR("all files of a namespace in one folder");
			d->other = ns->at;
			d->other_text = KRUX_STR("the other folder");
		}
		for (size_t k = 0; k < f->ntypes; k++)
			ns->type[ns->types.n++].ast = &f->type[k];
	}
	for (size_t i = 0; i < p->nfiles; i++)
		if (p->ns[i].name.n)
			types_declare(p, &p->ns[i], p->ns[i].types.n);
}

/* Types that nothing uses are checked too. */
static void types_check(struct pass *p, struct namespace *ns)
{
	struct cap_ctx c = { .arena = p->arena,
		             .diags = p->diags,
		             .ns = ns,
		             .string_max = KRUX_MAX_STRING,
		             .places = &p->places };

	for (size_t i = 0; i < ns->types.n; i++) {
		const struct ast_typedef *t = ns->type[i].ast;
		struct ast_type use = { .at = t->at, .word = t->name };

		if (!ns->type[i].made)
			type_resolve(&c, &use);
		if (kind_find(t->name) != KRUX_T_COUNT)
			diag_error(p->diags, 1002, t->at, "`%.*s` is a type of the language",
			           STR_ARG(t->name));
	}
}

/* ---- one capability ---- */

static void clauses_check(struct cap_ctx *c)
{
	const struct ast_capability *ast = c->ast;
	const struct { const char *word; size_t n; bool required, once;
	} clause[] = {
		{ "input", ast->inputs, true, true },
		{ "output", ast->outputs, true, true },
		{ "error", ast->nerrors, true, false },
		{ "effect", ast->effect_clauses, true, true },
		{ "labels", ast->label_clauses, false, true },
		{ "limits", ast->limit_clauses, true, true },
		{ "handler", ast->handlers, true, true },
		{ "answer", ast->answers, false, true },
		{ "changes", ast->changes, false, true },
		{ "example", ast->nexamples, true, false },
	};
	struct krux_str missing = { 0 };

	for (size_t i = 0; i < sizeof clause / sizeof *clause; i++) {
		if (clause[i].required && !clause[i].n)
			missing = arena_printf(c->arena, "%.*s%s%s", STR_ARG(missing),
			                       missing.n ? ", " : "", clause[i].word);
		if (clause[i].once && clause[i].n > 1)
			diag_error(c->diags, 1023, ast->at, "`%.*s` has %zu clauses `%s`",
			           STR_ARG(ast->name), clause[i].n, clause[i].word)
				->expected = KRUX_STR("one");
	}
	if (missing.n)
		diag_error(c->diags, 1022, ast->at, "the capability `%.*s` lacks %.*s",
		           STR_ARG(ast->name), STR_ARG(missing))
			->expected = KRUX_STR("input, output, error, effect, limits, handler and "
		                              "example in every capability");
}

static void args_check(struct cap_ctx *c)
{
	uint64_t n = type_wire_max(c->cap->input);
	struct diag *d;

	c->cap->max_args = (uint32_t)n;
	if (n <= KRUX_MAX_ARGS_BYTES_HARD)
		return;
	d = diag_error(c->diags, 1070, c->ast->at, "the arguments of `%.*s` can have %llu bytes",
	               STR_ARG(c->ast->name), (unsigned long long)n);
	d->expected = arena_printf(c->arena,
	                           "at most %d bytes (16 MiB + 64 KiB) by the bounds of the fields",
	                           KRUX_MAX_ARGS_BYTES_HARD);
	d->fix = KRUX_STR("give the strings, paths and lists of the input smaller bounds");
}

static struct capability *capability_resolve(struct pass *p, struct namespace *ns,
                                             const struct ast_capability *ast)
{
	struct capability *cap = ARENA_NEW(p->arena, struct capability);
	struct cap_ctx c = { .arena = p->arena, .diags = p->diags, .ns = ns, .places = &p->places,
	                     .string_max = KRUX_MAX_STRING, .ast = ast, .cap = cap };
	size_t before;

	cap->name = arena_printf(p->arena, "%.*s.%.*s", STR_ARG(ns->name), STR_ARG(ast->name));
	cap->major = (uint16_t)ast->major;
	cap->minor = (uint16_t)ast->minor;
	cap->durable = !ast->not_durable;
	cap->approves_changes = ast->changes;
	cap->at = ast->at;
	clauses_check(&c);
	doc_resolve(&c);
	limits_resolve(&c);
	labels_resolve(&c);
	errors_resolve(&c);
	cap->input = record_resolve(&c, ast->input, ast->ninput, ast->at, true);
	c.string_max = cap->limit[LIMIT_OUTPUT] ? cap->limit[LIMIT_OUTPUT] : KRUX_MAX_STRING;
	cap->output = record_resolve(&c, ast->output, ast->noutput, ast->at, false);
	if (!cap->input)
		return cap;
	args_check(&c);
	before = c.diags->errors;
	effects_resolve(&c);
	handler_resolve(&c);
	if (c.diags->errors == before)
		changes_check(&c);
	if (c.diags->errors == before)
		held_check(&c);
	if (cap->output)
		examples_resolve(&c);
	return cap;
}

/* ---- all of them ---- */

static int version_order(const struct capability *a, const struct capability *b)
{
	int c = name_order(a->name, b->name);

	if (c)
		return c;
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	return (a->minor > b->minor) - (a->minor < b->minor);
}

static int capability_order(const void *pa, const void *pb)
{
	const struct capability *a = *(struct capability *const *)pa,
				*b = *(struct capability *const *)pb;
	int c = version_order(a, b);

	return c ? c : (a->index > b->index) - (a->index < b->index);
}

static void set_make(struct pass *p, struct capability_set *out)
{
	struct diag *d;

	if (p->n)
		qsort(p->cap, p->n, sizeof *p->cap, capability_order);
	for (size_t i = 0; i < p->n; i++) {
		if (i && !version_order(p->cap[i - 1], p->cap[i])) {
			d = diag_error(p->diags, 1021, p->cap[i]->at,
			               "the capability `%.*s@%u.%u` is declared twice",
			               STR_ARG(p->cap[i]->name), p->cap[i]->major,
			               p->cap[i]->minor);
			d->other = p->cap[i - 1]->at;
			d->other_text = KRUX_STR("first declared here");
		}
		p->cap[i]->index = (uint32_t)i;
	}
	*out = (struct capability_set){ (const struct capability *const *)p->cap, p->n };
}

struct krux_str capability_near(struct arena *a, const struct diags *ds,
                                const struct capability_set *set, struct krux_str name)
{
	struct krux_str *names;

	if (ds->errors > 64)
		return (struct krux_str){ 0 };
	names = ARENA_ARRAY(a, struct krux_str, set->n);
	for (size_t i = 0; i < set->n; i++)
		names[i] = set->cap[i]->name;
	return name_near(ds, name, names, set->n);
}

/* After all are known. */
static void recovery_check(struct pass *p, const struct capability_set *set,
                           const struct ast_capability *ast)
{
	for (size_t i = 0; i < ast->nerrors; i++) {
		const struct ast_error *e = &ast->error[i];
		struct krux_str near;
		struct diag *d;

		if (krux_str_eq(e->recover, KRUX_STR("retry")) ||
		    krux_str_eq(e->recover, KRUX_STR("ask")) ||
		    krux_str_eq(e->recover, KRUX_STR("stop")) || capability_find(set, e->recover))
			continue;
		near = capability_near(p->arena, p->diags, set, e->recover);
		d = diag_error(p->diags, 1051, e->recover_at.src ? e->recover_at : e->at,
		               "there is no capability `%.*s` to recover with",
		               STR_ARG(e->recover));
		d->expected = KRUX_STR("retry, ask, stop or a capability of this build");
		if (near.n)
			d->fix = arena_printf(p->arena, "did you mean `%.*s`?", STR_ARG(near));
	}
}

bool capabilities_resolve(struct arena *a, struct diags *ds, const struct capfile *const *file,
                          size_t n, struct capability_set *out)
{
	struct pass p = { .arena = a, .diags = ds, .file = file, .nfiles = n };
	size_t before = ds->errors, ncaps = 0;

	namespaces_make(&p);
	for (size_t i = 0; i < n; i++) {
		types_check(&p, &p.ns[i]);
		ncaps += file[i]->ncaps;
	}
	if (ncaps > KRUX_MAX_CAPABILITIES) {
		diag_error(ds, 9012, file[0]->ns_at, "the build has %zu capabilities", ncaps)
			->expected = arena_printf(a, "at most %s", KRUX_SHOWN(CAPABILITIES));
		*out = (struct capability_set){ 0 };
		return false;
	}
	p.cap = ARENA_ARRAY(a, struct capability *, ncaps);
	p.ast = ARENA_ARRAY(a, const struct ast_capability *, ncaps);
	for (uint32_t i = 0; i < n; i++)
		for (size_t k = 0; k < file[i]->ncaps; k++) {
			struct namespace *ns = &p.ns[names_first(&p.names, i)];

			p.ast[p.n] = &file[i]->cap[k];
			p.cap[p.n] = capability_resolve(&p, ns, &file[i]->cap[k]);
			p.cap[p.n]->index = (uint32_t)p.n;
			p.n++;
		}
	set_make(&p, out);
	for (size_t i = 0; i < p.n; i++)
		recovery_check(&p, out, p.ast[i]);
	return ds->errors == before;
}
