/* Groups and defines of a policy file to what their names mean. */
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/pattern.h"
#include "compiler/model/policy_resolve.h"
#include "compiler/model/words.h"

void labels_collect(struct names *out, struct arena *a, const struct capability_set *set)
{
	struct krux_str *label;
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += set->cap[i]->nlabels;
	label = ARENA_ARRAY(a, struct krux_str, n);
	n = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t k = 0; k < set->cap[i]->nlabels; k++)
			label[n++] = set->cap[i]->label[k];
	names_make(out, a, label, n);
}

static bool name_valid(struct krux_str s)
{
	if (!s.n || s.n > KRUX_MAX_NAME || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static void name_check(struct policy_ctx *c, struct ast_word w, const char *what)
{
	if (!name_valid(w.text))
		diag_error(c->diags, 2103, w.at, "this is no name of a %s", what)
			->expected = KRUX_STR(
			"a letter, then letters, digits, '_' and '-', in lower case, at most 63");
}

/* ---- agents ---- */

static bool is_member(const struct scope *s, struct krux_str agent)
{
	for (size_t i = 0; i < s->groups.n; i++)
		for (size_t k = 0; k < s->group[i].n; k++)
			if (krux_str_eq(s->group[i].pattern[k], agent))
				return true;
	return false;
}

/* An agent that no group knows, but that is nearly a group, was perhaps meant as the group. */
static void group_suspect(struct policy_ctx *c, const struct ast_word *w)
{
	struct krux_str near;

	if (w->text.n < 4 || memchr(w->text.p, '*', w->text.n) || c->diags->n > 64 ||
	    c->scope->groups.n > 256)
		return;
	near = diag_nearest(w->text, c->scope->groups.name, c->scope->groups.n);
	if (near.n && !is_member(c->scope, w->text))
		diag_warn(c->diags, 2122, w->at, "`%.*s` is taken for the id of an agent",
		          STR_ARG(w->text))
			->fix = arena_printf(c->arena, "did you mean the group `%.*s`?", STR_ARG(near));
}

static void group_push(struct policy_ctx *c, const struct group *g, struct krux_str **pattern,
                       size_t *n, size_t *room)
{
	for (size_t i = 0; i < g->n && *n <= KRUX_MAX_IN_ITEMS; i++)
		ARENA_PUSH(c->arena, *pattern, *n, *room, g->pattern[i]);
}

void agents_resolve(struct policy_ctx *c, const struct ast_words *words, const char *key,
                    bool in_group, const struct krux_str **out, size_t *n)
{
	struct krux_str *pattern = NULL;
	size_t room = 0;
	const char *why;

	*n = 0;
	*out = NULL;
	if (words->at.src && !words->n)
		diag_error(c->diags, 2130, words->at, "the list of `%s` is empty", key)->expected =
			KRUX_STR("at least one agent pattern");
	for (size_t i = 0; i < words->n && *n <= KRUX_MAX_IN_ITEMS; i++) {
		const struct ast_word *w = &words->item[i];
		uint32_t g = names_find(&c->scope->groups, w->text);

		if (g != NAMES_NONE && in_group) {
			diag_error(c->diags, 2121, w->at,
			           "`%.*s` is a group, and groups hold agents only",
			           STR_ARG(w->text))
				->fix = KRUX_STR("list its patterns");
		} else if (g != NAMES_NONE && c->scope->group[g].differs) {
			diag_error(c->diags, 2120, w->at, "`%.*s` is a group of several files, and not the same in all",
			           STR_ARG(w->text))
				->fix = KRUX_STR("list the patterns that are meant");
		} else if (g != NAMES_NONE) {
			c->scope->group_used[g] = true;
			group_push(c, &c->scope->group[g], &pattern, n, &room);
		} else if (!agent_glob_check(w->text, &why)) {
			diag_error(c->diags, 2120, w->at, "`%.*s` is no agent pattern",
			           STR_ARG(w->text))
				->expected =
				KRUX_STR("1 to 64 of a-z 0-9 . _ -, with * for any run");
		} else {
			if (!in_group)
				group_suspect(c, w);
			ARENA_PUSH(c->arena, pattern, *n, room, w->text);
		}
	}
	if (*n > KRUX_MAX_IN_ITEMS)
		diag_error(c->diags, 9017, words->at, "the list of `%s` has too many patterns", key)
			->expected = arena_printf(c->arena, "at most %s, those of its groups counted", KRUX_SHOWN(IN_ITEMS));
	/* Groups multiply what is written. */
	c->scope->work->nodes += *n / 8;
	*out = pattern;
}

/* ---- scopes ---- */

static void groups_make(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, f->ngroups);
	struct group *group = ARENA_ARRAY(c->arena, struct group, f->ngroups);

	for (size_t i = 0; i < f->ngroups; i++)
		name[i] = f->group[i].name.text;
	names_make(&c->scope->groups, c->arena, name, f->ngroups);
	c->scope->group_used = ARENA_ARRAY(c->arena, bool, f->ngroups);
	c->scope->group = group;
	for (size_t i = 0; i < f->ngroups; i++) {
		name_check(c, f->group[i].name, "group");
		agents_resolve(c, &f->group[i].words, "groups", true, &group[i].pattern,
		               &group[i].n);
	}
}

static void defines_make(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, f->ndefines);

	for (size_t i = 0; i < f->ndefines; i++) {
		name[i] = f->define[i].name.text;
		name_check(c, f->define[i].name, "define");
	}
	names_make(&c->scope->defines, c->arena, name, f->ndefines);
	c->scope->define_used = ARENA_ARRAY(c->arena, bool, f->ndefines);
}

void scope_make(struct policy_ctx *c)
{
	struct krux_str *rule = ARENA_ARRAY(c->arena, struct krux_str, c->file->nrules);

	c->scope = ARENA_NEW(c->arena, struct scope);
	c->scope->caps = c->caps;
	c->scope->work = c->work;
	c->scope->file = c->file;
	c->scope->labels = *c->labels;
	groups_make(c);
	defines_make(c);
	for (size_t i = 0; i < c->file->nrules; i++)
		rule[i] = c->file->rule[i].id.text;
	names_make(&c->scope->rules, c->arena, rule, c->file->nrules);
}

struct work *work_new(struct arena *a, const struct capability_set *caps)
{
	struct work *w = ARENA_NEW(a, struct work);

	w->seen = ARENA_ARRAY(a, uint32_t, caps->n);
	return w;
}

static bool group_same(const struct group *a, const struct group *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!krux_str_eq(a->pattern[i], b->pattern[i]))
			return false;
	return true;
}

const struct scope *scope_outside(struct arena *a, const struct build *b)
{
	struct scope *s = (struct scope *)(uintptr_t)scope_plain(a, &b->caps);
	struct krux_str *name;
	struct group *group;
	size_t n = 0;

	for (size_t i = 0; i < b->npolicies; i++)
		n += b->policy[i].scope->groups.n;
	name = ARENA_ARRAY(a, struct krux_str, n);
	group = ARENA_ARRAY(a, struct group, n);
	n = 0;
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct scope *file = b->policy[i].scope;

		for (size_t k = 0; k < file->groups.n; k++, n++) {
			name[n] = file->groups.name[k];
			group[n] = file->group[k];
		}
	}
	names_make(&s->groups, a, name, n);
	s->group = group;
	s->group_used = ARENA_ARRAY(a, bool, n);
	for (uint32_t i = 0; i < n; i++) {
		struct group *first = &group[names_first(&s->groups, i)];

		first->differs |= !group_same(first, &group[i]);
	}
	return s;
}

const struct scope *scope_plain(struct arena *a, const struct capability_set *caps)
{
	struct scope *s = ARENA_NEW(a, struct scope);

	s->caps = caps;
	s->work = work_new(a, caps);
	labels_collect(&s->labels, a, caps);
	return s;
}
