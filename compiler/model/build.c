/* Policy files and capabilities to the build: what the diagram is made from. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/policy_resolve.h"
#include "compiler/model/words.h"

static const char *const layer_words[] = { "system", "organization", "agent", NULL };
static const char *const mode_words[] = { "enforce", "observe", NULL };

/* ---- one file ---- */

static struct span file_at(const struct policyfile *f)
{
	if (f->name.at.src)
		return f->name.at;
	return f->krux.at.src ? f->krux.at : (struct span){ .src = f->src };
}

static void agents_of_file(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;
	struct diag *d;

	agents_resolve(c, &f->agents, "agents", false, &c->policy->agent, &c->policy->nagents);
	if (c->policy->layer == LAYER_AGENT && !f->agents.at.src) {
		d = diag_error(c->diags, 2105, file_at(f),
		               "a file of layer `agent` says whom it binds");
		d->expected = KRUX_STR("`agents:` with a list of agent patterns");
	} else if (c->policy->layer != LAYER_AGENT && f->agents.at.src) {
		d = diag_error(c->diags, 2105, f->agents.at,
		               "a file of layer `%s` binds every agent",
		               layer_words[c->policy->layer]);
		d->fix = KRUX_STR("leave out `agents`, or write `layer: agent`");
	}
}

static bool zone_valid(struct krux_str s)
{
	if (!s.n || s.n > 64 || s.p[0] == '/' || s.p[s.n - 1] == '/')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		      (ch >= '0' && ch <= '9') || strchr("_+-", ch) ||
		      (ch == '/' && s.p[i - 1] != '/')) ||
		    !ch)
			return false;
	}
	return true;
}

static void zone_check(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;

	if (!word_given(f->zone))
		return;
	if (c->policy->layer != LAYER_ORGANIZATION)
		diag_error(c->diags, 2106, f->zone.at,
		           "the time zone of a build stands in a file of layer `organization`")
			->fix = KRUX_STR("move it there");
	else if (!zone_valid(f->zone.text))
		diag_error(c->diags, 2106, f->zone.at, "`%.*s` is no name of a time zone",
		           STR_ARG(f->zone.text))
			->expected = KRUX_STR("a name such as Europe/London or UTC");
}

static void policy_resolve(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;
	struct policy *p = c->policy;
	unsigned layer = LAYER_SYSTEM, mode = 0;

	p->ast = f;
	p->name = f->name.text;
	p->description = f->description.text;
	if (word_given(f->name))
		id_check(c->diags, f->name, "policy");
	if (word_given(f->layer))
		choice_read(c->diags, 2102, f->layer, layer_words, "layer", &layer);
	if (word_given(f->mode))
		choice_read(c->diags, 2102, f->mode, mode_words, "mode", &mode);
	p->layer = layer;
	p->observe = mode == 1;
	p->has_default = word_given(f->deflt);
	if (p->has_default)
		verdict_read(c->diags, 2102, f->deflt, &p->deflt);
	scope_make(c);
	p->scope = c->scope;
	agents_of_file(c);
	zone_check(c);
	rules_resolve(c);
}

/* ---- the build ---- */

static int policy_order(const void *pa, const void *pb)
{
	const struct policy *a = pa, *b = pb;
	int c;

	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	c = name_order(a->name, b->name);
	return c ? c : name_order(a->ast->src->name, b->ast->src->name);
}

static void names_check(struct diags *ds, struct arena *a, const struct policyfile *const *file,
                        size_t n)
{
	struct krux_str *name = ARENA_ARRAY(a, struct krux_str, n);
	struct names names;
	struct diag *d;

	for (size_t i = 0; i < n; i++)
		name[i] = file[i]->name.text;
	names_make(&names, a, name, n);
	for (uint32_t i = 0; i < n; i++)
		if (names_first(&names, i) != i && name[i].n) {
			d = diag_error(ds, 2104, file_at(file[i]),
			               "two policies of this build are named `%.*s`",
			               STR_ARG(name[i]));
			d->other = file_at(file[names_first(&names, i)]);
			d->other_text = KRUX_STR("the other one");
		}
}

/* One organization file speaks for every call, and at most one zone is given. */
static void organization_check(struct diags *ds, struct build *b)
{
	const struct policyfile *zone = NULL, *any = NULL;
	bool given = false, has_default = false;
	struct diag *d;

	b->zone = KRUX_STR("UTC");
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policy *p = &b->policy[i];

		given |= !krux_str_eq(p->name, KRUX_STR("krux-system"));
		if (!any || p->layer != LAYER_SYSTEM)
			any = p->ast;
		if (p->layer != LAYER_ORGANIZATION)
			continue;
		has_default = has_default || (p->has_default && !p->observe);
		if (!word_given(p->ast->zone))
			continue;
		if (zone && !krux_str_eq(zone->zone.text, p->ast->zone.text)) {
			d = diag_error(ds, 2106, p->ast->zone.at, "the build has two time zones");
			d->other = zone->zone.at;
			d->other_text = KRUX_STR("the other one");
		}
		zone = p->ast;
		b->zone = p->ast->zone.text;
	}
	/* One that is there and wrong has been reported. */
	for (size_t i = 0; i < b->npolicies && ds->errors; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every policy has its file */
		has_default = has_default || word_given(b->policy[i].ast->deflt);
	if (has_default)
		return;
	d = diag_error(ds, 2107, any && given ? file_at(any) : (struct span){ 0 },
	               given ? "no file of layer `organization` has a default" : "there is no policy among the files");
	d->expected = KRUX_STR("one enforced file with `layer: organization` and `default: "
	                       "blocked`, or another verdict");
}

static bool limits_check(struct diags *ds, const struct policyfile *const *file, size_t n)
{
	size_t rules = 0;

	for (size_t i = 0; i < n; i++)
		rules += file[i]->nrules;
	if (rules <= KRUX_MAX_RULES)
		return true;
	diag_error(ds, 9011, file_at(file[n - 1]), "the build has %zu rules", rules)->expected =
		arena_printf(ds->arena, "at most %s", KRUX_SHOWN(RULES));
	return false;
}

bool build_resolve(struct arena *a, struct diags *ds, const struct capability_set *caps,
                   const struct policyfile *const *file, size_t n, struct build *out)
{
	struct policy *policy = ARENA_ARRAY(a, struct policy, n);
	struct work *work = work_new(a, caps);
	size_t before = ds->errors;
	struct names labels;

	*out = (struct build){ .caps = *caps, .policy = policy, .npolicies = n };
	if (!limits_check(ds, file, n))
		return false;
	labels_collect(&labels, a, caps);
	names_check(ds, a, file, n);
	for (size_t i = 0; i < n; i++) {
		struct policy_ctx c = { .arena = a,
			                .diags = ds,
			                .caps = caps,
			                .labels = &labels,
			                .file = file[i],
			                .policy = &policy[i],
			                .work = work,
			                .report = { .arena = a, .said = ds } };

		policy_resolve(&c);
	}
	if (n)
		qsort(policy, n, sizeof *policy, policy_order);
	organization_check(ds, out);
	return ds->errors == before;
}
