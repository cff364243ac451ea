/* The compiler on one screen: text to trees, trees to model, model to diagrams. What is printed
 * or written from there on is read off the diagrams, by compiler/plan and compiler/emit. */
#include "compiler/pipeline.h"

#include <string.h>

#include "compiler/base/builtin.h"
#include "compiler/check/check.h"

struct pipeline *pipeline_new(void)
{
	struct arena *a = arena_new();
	struct pipeline *p = ARENA_NEW(a, struct pipeline);

	p->arena = a;
	p->diags = diags_new(a);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->manager && i < p->caps.n; i++)
		dd_free(p->manager[i]);
	arena_free(p->arena);
}

static bool is_cap(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".cap");
}

static void parse_one(struct pipeline *p, const struct source *src, bool cap)
{
	if (cap) {
		const struct capfile *f = capfile_parse(p->arena, p->diags, src);
		if (f)
			p->capfile[p->ncapfiles++] = f;
	} else {
		const struct policyfile *f = policyfile_parse(p->arena, p->diags, src);
		if (f)
			p->policyfile[p->npolicyfiles++] = f;
	}
}

bool pipeline_read(struct pipeline *p, const struct inputs_given *given)
{
	struct inputs main = { 0 }, extra = { 0 };
	size_t n;

	if (!inputs_find(p->arena, p->diags, given->path, given->npaths, &main) ||
	    !inputs_find(p->arena, p->diags, given->capdir, given->ncapdirs, &extra))
		return false;
	n = main.n + extra.n + 1;
	p->source = ARENA_ARRAY(p->arena, const struct source *, n);
	p->capfile = ARENA_ARRAY(p->arena, const struct capfile *, n);
	p->policyfile = ARENA_ARRAY(p->arena, const struct policyfile *, n);
	parse_one(p, source_text(p->arena, p->diags, "krux:system.yaml", builtin_system_policy()), false);
	for (size_t i = 0; i < main.n + extra.n; i++) {
		const struct inputs *in = i < main.n ? &main : &extra;
		size_t k = i < main.n ? i : i - main.n;
		const struct source *src;

		if (in == &extra && !is_cap(in->path[k]))
			continue;
		src = source_read(p->arena, p->diags, in->path[k], in->shown[k]);
		if (!src)
			continue;
		p->source[p->nsources++] = src;
		parse_one(p, src, is_cap(in->path[k]));
	}
	return !p->diags->errors;
}

bool pipeline_resolve(struct pipeline *p)
{
	if (!capabilities_resolve(p->arena, p->diags, p->capfile, p->ncapfiles, &p->caps))
		return false;
	if (!build_resolve(p->arena, p->diags, &p->caps, p->policyfile, p->npolicyfiles, &p->build))
		return false;
	build_index(p->arena, &p->build);
	return build_check(p->arena, p->diags, &p->build) && !p->diags->errors;
}

bool pipeline_decide(struct pipeline *p)
{
	p->decisions = decisions_new(p->arena);
	p->manager = ARENA_ARRAY(p->arena, struct dd *, p->caps.n + 1);
	p->root = ARENA_ARRAY(p->arena, uint32_t, p->caps.n + 1);
	for (size_t i = 0; i < p->caps.n; i++) {
		p->manager[i] = dd_new(p->caps.cap[i]);
		p->root[i] = decide_build(p->decisions, p->manager[i], p->diags, &p->build, p->caps.cap[i]);
		if (dd_spent(p->manager[i])) {
			decide_spent(p->decisions, p->diags, &p->build, p->manager, i);
			break;
		}
	}
	return !p->diags->errors;
}

bool pipeline_run(struct pipeline *p, const struct inputs_given *given)
{
	return pipeline_read(p, given) && pipeline_resolve(p) && pipeline_decide(p);
}
