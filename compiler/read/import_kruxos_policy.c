/* KruxOS policies in their six published shapes to a draft: a `capabilities:` map, the same for
 * one agent with nested rules, a `rules:` list or a bare list, `defaults` and `overrides`, and a
 * bare map. Where a restriction cannot be carried over, what it was on is blocked: doubt means
 * deny. */
#include <stdlib.h>
#include <string.h>

#include "compiler/read/import_kruxos_rule.h"

enum { RULE_COST = 64 };

/* Rules of a map have no order but that the narrower pattern wins; lists do. What stands for a
 * pattern that we do not have goes before all that is wider than it. */
enum { ORDER_DOUBT, ORDER_OVERRIDE, ORDER_RULE, ORDER_EXACT, ORDER_STAND_IN, ORDER_NAMESPACE, ORDER_ALL };

struct reading {
	struct importer *im;
	struct draft_policy policy;
	bool lists;                     /* some rules came in a list */
	struct notes doubts;            /* of the file: what could restrict anything */
};

/* What is not understood could be about any capability: all of them are blocked, ahead of all rules. */
static void file_doubt(struct reading *r, struct span at, struct krux_str why)
{
	import_note(r->im, &r->doubts, IMPORT_DENIED, at, "%.*s", STR_ARG(why));
}

/* ---- one rule ---- */

static const char *const prose[] = { "description", "comment", "note", "notes", "id", "name", NULL };

static void tier_take(struct entry *e, const struct yaml_node *v)
{
	enum krux_verdict verdict = KRUX_BLOCKED;

	if (!entry_tier(text_of(v), &verdict))
		entry_doubt(e, v->at, arena_printf(e->im->arena, "the tier %.*s is not known", STR_ARG(text_of(v))));
	if (e->tier_here && verdict != e->rule.verdict)
		import_note(e->im, &e->rule.notes, IMPORT_CHANGED, v->at, "of two tiers the stricter one counts");
	if (!e->tier_here || verdict < e->rule.verdict)
		e->rule.verdict = verdict;
	e->has_tier = e->tier_here = true;
}

static bool is_agent_pattern(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789._*-", s.p[i], 40))
			return false;
	return s.n && s.n <= 64;
}

static void agent_take(struct entry *e, const struct yaml_node *v)
{
	struct krux_str s = text_of(v);

	if (!is_agent_pattern(s)) {
		entry_doubt(e, v->at, KRUX_STR("this is no agent pattern, so the rule is for everyone"));
		return;
	}
	if (e->agent_here && !krux_str_eq(e->rule.agent, s)) {
		e->rule.agent = (struct krux_str){ 0 };
		entry_doubt(e, v->at, KRUX_STR("two agents are named, so the rule is for everyone"));
		return;
	}
	e->rule.agent = s;
	e->agent_here = true;
}

static void rate_take(struct entry *e, const struct yaml_node *k)
{
	if (e->rate_here)
		entry_doubt(e, k->at, KRUX_STR("two rate limits"));
	e->rate = k->next;
	e->rate_here = true;
}

static void keys_read(struct entry *e, const struct yaml_node *map)
{
	static const char *const tier[] = { "tier", "verdict", "permission_tier", "action", NULL };
	static const char *const condition[] = { "condition", "conditions", "when", NULL };
	static const char *const pattern[] = { "capability", "capabilities", "pattern", NULL };
	struct importer *im = e->im;

	for (const struct yaml_node *k = map->child; k; k = k->next->next) {
		const struct yaml_node *v = k->next;

		if (entry_word(k->text, tier))
			tier_take(e, v);
		else if (text_is(k->text, "reason"))
			e->rule.reason = text_of(v);
		else if (text_is(k->text, "rate_limit"))
			rate_take(e, k);
		else if (entry_word(k->text, condition))
			entry_conditions(e, v);
		else if (text_is(k->text, "agent"))
			agent_take(e, v);
		else if (text_is(k->text, "match") && v->kind == YAML_MAPPING)
			keys_read(e, v);
		else if (text_is(k->text, "rules") && v->kind == YAML_SEQUENCE)
			e->nested = v;
		else if (entry_word(k->text, prose))
			import_note(im, &e->rule.notes, IMPORT_LOST, k->at, "%.*s: %.*s", STR_ARG(k->text),
			            STR_ARG(import_line(im->arena, text_of(v))));
		else if (!entry_word(k->text, pattern))
			entry_doubt(e, k->at, arena_printf(im->arena, "`%.*s` is not known, and could be a restriction",
			                             STR_ARG(k->text)));
	}
}

static int name_order(const void *pa, const void *pb)
{
	const struct krux_str *a = pa, *b = pb;
	int c = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

	return c ? c : (a->n > b->n) - (a->n < b->n);
}

/* "a.b.*": the capabilities of this import that it holds for, or none. */
static bool on_each(struct entry *e, struct krux_str pattern)
{
	struct importer *im = e->im;
	struct krux_str prefix = import_capability_name(im->arena, (struct krux_str){ pattern.p, pattern.n - 2 });

	if (!prefix.n || !import_afford(im, im->known.size))
		return false;
	prefix = arena_printf(im->arena, "%.*s_", STR_ARG(prefix));
	for (size_t i = 0; i < im->known.size; i++) {
		struct krux_str s = im->known.slot[i];

		if (s.p && s.n > prefix.n && !memcmp(s.p, prefix.p, prefix.n))
			draft_on(im, &e->rule, s);
	}
	if (e->rule.non)
		qsort(e->rule.on, e->rule.non, sizeof *e->rule.on, name_order);
	return e->rule.non != 0;
}

static void pattern_take(struct entry *e, struct krux_str pattern, struct span at)
{
	struct importer *im = e->im;
	struct krux_str ours = import_capability_name(im->arena, pattern);
	const char *dot = pattern.n ? memchr(pattern.p, '.', pattern.n) : NULL;

	if (ours.n) {
		draft_on(im, &e->rule, ours);
		if (!krux_str_eq(ours, pattern))
			import_note(im, &e->rule.notes, IMPORT_RENAMED, at, "%.*s is %.*s here: a capability has one "
			            "namespace and one name", STR_ARG(pattern), STR_ARG(ours));
		return;
	}
	e->stand_in = true;
	if (pattern.n > 2 && pattern.p[pattern.n - 1] == '*' && pattern.p[pattern.n - 2] == '.' && on_each(e, pattern)) {
		import_note(im, &e->rule.notes, IMPORT_CHANGED, at, "%.*s stands for the capabilities of today: a star "
		            "only follows a namespace", STR_ARG(pattern));
		return;
	}
	if (dot && !memchr(pattern.p, '*', (size_t)(dot - pattern.p)) && dot > pattern.p)
		ours = arena_printf(im->arena, "%.*s.*",
		                    STR_ARG(import_identifier(im->arena, (struct krux_str){ pattern.p, (size_t)(dot - pattern.p) })));
	else
		ours = KRUX_STR("*");
	draft_on(im, &e->rule, ours);
	entry_doubt(e, at, arena_printf(im->arena, "no pattern here means %.*s; the next wider one is blocked", STR_ARG(pattern)));
}

static unsigned order_of(const struct entry *e, unsigned order)
{
	struct krux_str on = e->rule.on[0];

	if (order < ORDER_EXACT)
		return order;
	if (e->stand_in)
		return ORDER_STAND_IN;
	return text_is(on, "*") ? ORDER_ALL : on.p[on.n - 1] == '*' ? ORDER_NAMESPACE : ORDER_EXACT;
}

static void entry_finish(struct reading *r, struct entry *e, struct span at)
{
	struct importer *im = e->im;
	bool restricts = e->rest.n || e->rate || e->doubt;
	struct draft_rule *rule;

	if (!e->has_tier && !restricts) {
		if (!e->nested)
			import_note(im, &r->policy.notes, IMPORT_LOST, at, "%.*s has no tier, so it says nothing",
			            STR_ARG(e->rule.id));
		return;
	}
	if (!e->has_tier)
		entry_doubt(e, at, KRUX_STR("a restriction without a tier"));
	entry_choose(e);
	if (e->rate && !e->doubt && e->rule.verdict != KRUX_BLOCKED)
		entry_rate(e);
	else if (e->rate)
		import_note(im, &e->rule.notes, IMPORT_LOST, e->rate->at, "the rate limit: the rule blocks");
	if (e->doubt) {
		e->rule.verdict = KRUX_BLOCKED;
		e->rule.rate.given = false;
		e->rule.when = e->rest;
	}
	rule = draft_rule(im, &r->policy, e->rule.id);
	e->rule.id = rule->id;
	*rule = e->rule;
}

/* One pattern with a tier, or with attributes; the nested rules come first. */
static void entry_read(struct reading *r, struct krux_str pattern, struct span at, const struct yaml_node *v,
                       unsigned order)
{
	struct krux_str id = text_is(pattern, "*") ? KRUX_STR("everything") : pattern;
	struct entry e = { .im = r->im, .rule = { .id = id } };

	if (!import_afford(r->im, RULE_COST))
		return;
	if (pattern.n > 2 && pattern.p[pattern.n - 1] == '*' && pattern.p[pattern.n - 2] == '.')
		e.rule.id = arena_printf(r->im->arena, "%.*s.all", (int)pattern.n - 2, pattern.p);
	pattern_take(&e, pattern, at);
	e.rule.order = order_of(&e, order);
	if (v->kind == YAML_MAPPING)
		keys_read(&e, v);
	else if (v->kind == YAML_SCALAR)
		tier_take(&e, v);
	else
		entry_doubt(&e, v->at, KRUX_STR("a list where a tier was expected"));
	for (const struct yaml_node *i = first_of(e.nested); i && import_afford(r->im, RULE_COST); i = i->next) {
		struct entry inner = { .im = r->im, .rule = e.rule, .rest = e.rest, .least = e.least,
		                       .loose = e.loose, .no_least = e.no_least, .tests = e.tests, .doubt = e.doubt };

		inner.rule.notes = (struct notes){ 0 };
		inner.rule.verdict = KRUX_BLOCKED;
		if (i->kind == YAML_MAPPING)
			keys_read(&inner, i);
		else
			entry_doubt(&inner, i->at, KRUX_STR("this is no rule"));
		if (inner.nested)
			entry_doubt(&inner, inner.nested->at, KRUX_STR("rules within rules within rules"));
		entry_finish(r, &inner, i->at);
	}
	entry_finish(r, &e, at);
}

/* ---- lists of rules ---- */

static void item_read(struct reading *r, const struct yaml_node *item, unsigned order)
{
	const struct yaml_node *match = yaml_get(item, "match"), *pattern = yaml_get(item, "capability");

	if (!pattern && match)
		pattern = yaml_get(match, "capability");
	if (!pattern)
		pattern = yaml_get(item, "pattern");
	r->lists = true;
	if (item->kind != YAML_MAPPING) {
		entry_read(r, KRUX_STR("*"), item->at, item, order);
	} else if (pattern && pattern->kind == YAML_SEQUENCE) {
		for (const struct yaml_node *i = pattern->child; i; i = i->next)
			entry_read(r, text_of(i), i->at, item, order);
	} else if (pattern && text_of(pattern).n) {
		entry_read(r, pattern->text, pattern->at, item, order);
	} else {
		/* It is for some capabilities that nobody knows: for all, and blocked where it permits. */
		entry_read(r, KRUX_STR("*"), item->child ? item->child->at : item->at, item, order);
	}
}

static void list_read(struct reading *r, const struct yaml_node *list, unsigned order)
{
	if (list->kind != YAML_SEQUENCE) {
		file_doubt(r, list->at, KRUX_STR("this is no list of rules"));
		return;
	}
	for (const struct yaml_node *i = list->child; i; i = i->next)
		item_read(r, i, order);
}

/* ---- files ---- */

static void map_read(struct reading *r, const struct yaml_node *map)
{
	if (map->kind != YAML_MAPPING) {
		file_doubt(r, map->at, KRUX_STR("this is no map of capabilities"));
		return;
	}
	for (const struct yaml_node *k = map->child; k; k = k->next->next)
		entry_read(r, k->text, k->at, k->next, ORDER_EXACT);
}

static void default_read(struct reading *r, const struct yaml_node *v)
{
	const struct yaml_node *tier = v->kind == YAML_MAPPING ? yaml_get(v, "tier") : v;
	struct notes *notes = &r->policy.default_notes;
	enum krux_verdict verdict = KRUX_BLOCKED;

	if (!tier || !entry_tier(text_of(tier), &verdict))
		import_note(r->im, notes, IMPORT_DENIED, v->at, "the default tier is not known");
	for (const struct yaml_node *k = v->kind == YAML_MAPPING ? v->child : NULL; k; k = k->next->next) {
		if (text_is(k->text, "tier"))
			continue;
		if (entry_word(k->text, prose) || text_is(k->text, "log")) {
			import_note(r->im, notes, IMPORT_LOST, k->at, "`%.*s` of the defaults", STR_ARG(k->text));
			continue;
		}
		import_note(r->im, notes, IMPORT_DENIED, k->at, "`%.*s` of the defaults is not known, and could be a restriction",
		            STR_ARG(k->text));
		verdict = KRUX_BLOCKED;
	}
	if (r->policy.has_default && verdict != r->policy.deflt)
		import_note(r->im, notes, IMPORT_CHANGED, v->at, "of two defaults the stricter one counts");
	if (!r->policy.has_default || verdict < r->policy.deflt)
		r->policy.deflt = verdict;
	r->policy.has_default = true;
}

/* Whom the file is for. What could be a pattern is for everyone: a file of this layer only adds
 * to what others block. */
static void file_agent_take(struct reading *r, const struct yaml_node *v, struct krux_str text)
{
	struct importer *im = r->im;
	bool pattern = !text.n || text_has(text, "*") || text_has(text, "?") || text_has(text, "[") || text_has(text, "{");

	if (is_agent_pattern(text)) {
		r->policy.agent = text;
	} else if (pattern) {
		r->policy.agent = KRUX_STR("*");
		import_note(im, &r->policy.notes, IMPORT_DENIED, v->at, "this is no agent pattern, so the file is for everyone");
	} else {
		r->policy.agent = import_id(im->arena, text);
		import_note(im, &r->policy.notes, IMPORT_RENAMED, v->at, "the agent %.*s has the id %.*s here", STR_ARG(text),
		            STR_ARG(r->policy.agent));
	}
}

/* A key that is no word of a policy, but names capabilities. */
static bool is_pattern(struct krux_str key)
{
	return text_has(key, ".") || text_has(key, "*");
}

static void key_read(struct reading *r, const struct yaml_node *k)
{
	static const char *const about[] = { "version", "schema", "apiVersion", "api_version", "kind", "metadata", "author",
		"owner", "created", "updated", "id", "title", "comment", "note", "notes", "labels", "tags", NULL };
	const struct yaml_node *v = k->next;
	struct notes *notes = &r->policy.notes;
	struct krux_str text = import_line(r->im->arena, text_of(v));

	if (text_is(k->text, "name")) {
		r->policy.name = text;
		if (!krux_str_eq(import_id(r->im->arena, text), text))
			import_note(r->im, notes, IMPORT_RENAMED, v->at, "the policy %.*s has another name here", STR_ARG(text));
	} else if (text_is(k->text, "description")) {
		r->policy.description = text;
	} else if (text_is(k->text, "agent")) {
		file_agent_take(r, v, text);
	} else if (text_is(k->text, "extends")) {
		import_note(r->im, notes, IMPORT_LOST, v->at, "extends %.*s: here the strictest layer decides, so an agent's "
		            "file never loosens another; to allow an agent more, put a rule with `agent:` before the "
		            "others of %.*s", STR_ARG(text), STR_ARG(text));
	} else if (text_is(k->text, "defaults") || text_is(k->text, "default") || text_is(k->text, "default_tier")) {
		default_read(r, v);
	} else if (text_is(k->text, "capabilities")) {
		map_read(r, v);
	} else if (text_is(k->text, "rules")) {
		list_read(r, v, ORDER_RULE);
	} else if (text_is(k->text, "overrides") && v->kind == YAML_MAPPING) {
		map_read(r, v);
	} else if (text_is(k->text, "overrides")) {
		list_read(r, v, ORDER_OVERRIDE);
	} else if (is_pattern(k->text)) {
		entry_read(r, k->text, k->at, v, ORDER_EXACT);
	} else if (entry_word(k->text, about)) {
		import_note(r->im, notes, IMPORT_LOST, k->at, "`%.*s` has no counterpart", STR_ARG(k->text));
	} else {
		file_doubt(r, k->at, arena_printf(r->im->arena, "`%.*s` is not known, and could be a restriction of anything",
		                                  STR_ARG(k->text)));
	}
}

/* A map without any key of a policy, but with patterns. */
static bool is_bare(const struct yaml_node *root)
{
	static const char *const keys[] = { "capabilities", "rules", "overrides", "defaults", "default", "agent",
		"extends", NULL };
	bool patterns = false;

	for (const struct yaml_node *k = root->child; k; k = k->next->next) {
		if (entry_word(k->text, keys))
			return false;
		patterns |= is_pattern(k->text);
	}
	return patterns;
}

void import_kruxos_policy(struct importer *im, const struct yaml_node *root)
{
	struct reading r = { .im = im };

	import_say(im, &r.policy.notes, KRUX_STR("Imported from KruxOS. What is marked `review:` was invented."));
	if (root->kind == YAML_SEQUENCE)
		list_read(&r, root, ORDER_RULE);
	else if (is_bare(root))
		map_read(&r, root);
	else
		for (const struct yaml_node *k = root->child; k; k = k->next->next)
			key_read(&r, k);
	if (!r.policy.name.n)
		r.policy.name = r.policy.agent.n && !text_has(r.policy.agent, "*") ? r.policy.agent : import_stem(im->src);
	if (r.doubts.n) {
		struct draft_rule *rule = draft_rule(im, &r.policy, KRUX_STR("doubt"));

		draft_on(im, rule, KRUX_STR("*"));
		rule->notes = r.doubts;
		rule->order = ORDER_DOUBT;
	}
	if (r.policy.nrules == (r.doubts.n != 0) && !r.policy.has_default) {
		diag_error(im->diags, IMPORT_NO_SHAPE, ((struct span){ im->src, 0, 0 }),
		           "neither capabilities nor a policy: no rule was found")->expected =
			KRUX_STR("a list of capabilities, or one of the six shapes of a KruxOS policy");
		return;
	}
	if (r.lists && r.policy.nrules > 1)
		import_review(im, &r.policy.notes, "the first rule that matches decides");
	if (!r.policy.has_default && !r.policy.agent.n) {
		r.policy.has_default = true;
		import_review(im, &r.policy.default_notes, "the source named no default");
	}
	draft_policy_add(im, &r.policy);
}
