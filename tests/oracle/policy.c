/* Policy files to rules (LANG.md 4), by way of libyaml's documents. */
#include <string.h>
#include <yaml.h>

#include "tests/oracle/oracle.h"

struct reader {
	struct arena *a;
	yaml_document_t doc;
	struct o_policy *p;
	const char *why;
};

static struct krux_str text(struct reader *r, const yaml_node_t *n)
{
	if (!n || n->type != YAML_SCALAR_NODE)
		return (struct krux_str){ "", 0 };
	return arena_str(r->a, (struct krux_str){ (const char *)n->data.scalar.value, n->data.scalar.length });
}

static yaml_node_t *get(struct reader *r, const yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (o_is(text(r, yaml_document_get_node(&r->doc, p->key)), key))
			return yaml_document_get_node(&r->doc, p->value);
	return NULL;
}

static size_t length(const yaml_node_t *n)
{
	if (!n)
		return 0;
	return n->type == YAML_SEQUENCE_NODE ? (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) :
	       n->type == YAML_MAPPING_NODE ? (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start) : 1;
}

static yaml_node_t *item(struct reader *r, yaml_node_t *n, size_t i)
{
	return n->type == YAML_SEQUENCE_NODE ? yaml_document_get_node(&r->doc, n->data.sequence.items.start[i]) : n;
}

/* One word, or a list of them. */
static struct o_names names(struct reader *r, yaml_node_t *n)
{
	struct o_names out = { ARENA_ARRAY(r->a, struct krux_str, length(n) + 1), length(n) };

	for (size_t i = 0; i < out.n; i++)
		out.name[i] = text(r, item(r, n, i));
	return out;
}

static int verdict(struct krux_str s)
{
	static const char *const words[] = { "blocked", "approval-required", "notify", "autonomous" };

	for (int i = 0; i < 4; i++)
		if (o_is(s, words[i]))
			return i;
	return -1;
}

static uint64_t number(struct reader *r, yaml_node_t *n, bool duration, uint64_t otherwise)
{
	o_int v;

	if (!n)
		return otherwise;
	if (!(duration ? o_norm_duration(text(r, n), &v) : o_norm_integer(text(r, n), true, &v)))
		r->why = "a number";
	return (uint64_t)v;
}

/* Patterns, with the groups of the file put in. */
static struct o_names agents(struct reader *r, yaml_node_t *n)
{
	struct o_names raw = names(r, n), out = { 0 };
	size_t cap = 0;

	for (size_t i = 0; i < raw.n; i++) {
		const struct o_group *g = NULL;
		for (size_t k = 0; k < r->p->ngroups; k++)
			if (krux_str_eq(r->p->group[k].name, raw.name[i]))
				g = &r->p->group[k];
		for (size_t k = 0; g && k < g->pattern.n; k++)
			ARENA_PUSH(r->a, out.name, out.n, cap, g->pattern.name[k]);
		if (!g)
			ARENA_PUSH(r->a, out.name, out.n, cap, raw.name[i]);
	}
	return out;
}

static struct o_rate rate(struct reader *r, yaml_node_t *n)
{
	struct o_rate out = { .given = n != NULL };
	yaml_node_t *sum = get(r, n, "sum");

	if (!n)
		return out;
	out.max = number(r, get(r, n, "max"), false, 0);
	out.per = number(r, get(r, n, "per"), true, 0);
	out.exceeded = get(r, n, "exceeded") ? verdict(text(r, get(r, n, "exceeded"))) : 0;
	if (sum) {
		struct o_lex x;
		o_lex_begin(&x, r->a, text(r, sum));
		o_lex_next(&x);
		if (!o_operand_read(&x, &out.sum))
			r->why = "sum of a budget";
	}
	return out;
}

static void rule(struct reader *r, yaml_node_t *n, struct o_rule *out)
{
	yaml_node_t *when = get(r, n, "when"), *agent = get(r, n, "agent"), *approval = get(r, n, "approval");
	yaml_node_t *label = get(r, n, "label");

	*out = (struct o_rule){ .id = text(r, get(r, n, "id")), .on = names(r, get(r, n, "on")), .any_agent = !agent,
	                        .label = names(r, label), .any_label = !label };
	if (agent)
		out->agent = agents(r, agent);
	if (when && !(out->when = o_cond_read(r->a, text(r, when))))
		r->why = "a condition";
	out->verdict = verdict(text(r, get(r, n, "verdict")));
	out->observe = o_is(text(r, get(r, n, "mode")), "observe");
	out->approval.ttl = number(r, get(r, approval, "ttl"), true, 3600000000000);
	out->approval.quorum = (uint32_t)number(r, get(r, approval, "quorum"), false, 1);
	out->approval.from = names(r, get(r, approval, "from"));
	out->rate = rate(r, get(r, n, "rate"));
	out->budget = rate(r, get(r, n, "budget"));
	if (out->verdict < 0)
		r->why = "a verdict";
}

static void policy(struct reader *r, yaml_node_t *root)
{
	struct o_policy *p = r->p;
	yaml_node_t *n;
	struct krux_str layer = text(r, get(r, root, "layer"));

	p->name = text(r, get(r, root, "name"));
	p->layer = o_is(layer, "system") ? O_SYSTEM : o_is(layer, "organization") ? O_ORGANIZATION : O_AGENTS;
	p->observe = o_is(text(r, get(r, root, "mode")), "observe");
	n = get(r, root, "groups");
	p->group = ARENA_ARRAY(r->a, struct o_group, length(n) + 1);
	for (size_t i = 0; i < length(n); i++) {
		yaml_node_pair_t *pair = &n->data.mapping.pairs.start[i];
		p->group[i].pattern = names(r, yaml_document_get_node(&r->doc, pair->value));
		p->group[i].name = text(r, yaml_document_get_node(&r->doc, pair->key));
		p->ngroups = i + 1;
	}
	n = get(r, root, "define");
	p->define = ARENA_ARRAY(r->a, struct o_define, length(n) + 1);
	for (size_t i = 0; i < length(n); i++) {
		yaml_node_pair_t *pair = &n->data.mapping.pairs.start[i];
		p->define[i].name = text(r, yaml_document_get_node(&r->doc, pair->key));
		p->define[i].cond = o_cond_read(r->a, text(r, yaml_document_get_node(&r->doc, pair->value)));
		if (!p->define[i].cond)
			r->why = "a define";
		p->ndefines = i + 1;
	}
	p->agents = names(r, get(r, root, "agents"));
	n = get(r, root, "default");
	p->has_default = n != NULL;
	p->deflt = n ? verdict(text(r, n)) : 0;
	n = get(r, root, "rules");
	p->rule = ARENA_ARRAY(r->a, struct o_rule, length(n) + 1);
	for (size_t i = 0; i < length(n); i++)
		rule(r, item(r, n, i), &p->rule[p->nrules++]);
}

bool o_policy_read(struct arena *a, struct krux_str yaml, struct o_policy *out, const char **why)
{
	struct reader r = { .a = a, .p = out };
	yaml_parser_t parser;
	bool ok;

	*out = (struct o_policy){ 0 };
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.p, yaml.n);
	ok = yaml_parser_load(&parser, &r.doc) && yaml_document_get_root_node(&r.doc);
	if (ok)
		policy(&r, yaml_document_get_root_node(&r.doc));
	else
		r.why = "YAML";
	if (ok)
		yaml_document_delete(&r.doc);
	yaml_parser_delete(&parser);
	*why = r.why;
	return !r.why;
}

bool o_on(const struct o_build *b, struct krux_str pattern, const struct o_cap *c)
{
	const char *version = memchr(pattern.p, '@', pattern.n);
	struct krux_str name = { pattern.p, version ? (size_t)(version - pattern.p) : pattern.n };
	unsigned v[2] = { 0 }, parts = 0;

	(void)b;
	if (o_is(pattern, "*"))
		return true;
	if (o_ends(pattern, o_str(".*")))
		return o_starts(c->name, (struct krux_str){ pattern.p, pattern.n - 1 });
	if (!krux_str_eq(name, c->name))
		return false;
	for (size_t i = name.n; i < pattern.n; i++) {
		if (pattern.p[i] == '@' || pattern.p[i] == '.')
			parts++;
		else
			v[parts - 1] = v[parts - 1] * 10 + (unsigned)(pattern.p[i] - '0');
	}
	return (parts < 1 || v[0] == c->major) && (parts < 2 || v[1] == c->minor);
}

bool o_names_have(const struct o_names *names, struct krux_str s)
{
	for (size_t i = 0; i < names->n; i++)
		if (krux_str_eq(names->name[i], s))
			return true;
	return false;
}

static int by_layer(const struct o_policy *a, const struct o_policy *b)
{
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c;

	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	c = memcmp(a->name.p, b->name.p, n);
	return c ? c : a->name.n < b->name.n ? -1 : 1;
}

bool o_build_bind(struct arena *a, struct o_build *b)
{
	static const struct o_cond always = { .kind = C_TRUE };

	for (size_t i = 1; i < b->npolicies; i++)
		for (size_t k = i; k && by_layer(&b->policy[k], &b->policy[k - 1]) < 0; k--) {
			struct o_policy swap = b->policy[k];
			b->policy[k] = b->policy[k - 1];
			b->policy[k - 1] = swap;
		}
	for (size_t p = 0; p < b->npolicies; p++)
		for (size_t r = 0; r < b->policy[p].nrules; r++) {
			struct o_rule *rule = &b->policy[p].rule[r];
			rule->bound = ARENA_ARRAY(a, struct o_bound *, b->caps.n + 1);
			for (size_t c = 0; c < b->caps.n; c++) {
				bool on = false, label = rule->any_label;
				for (size_t i = 0; i < rule->on.n; i++)
					on = on || o_on(b, rule->on.name[i], &b->caps.cap[c]);
				for (size_t i = 0; i < rule->label.n; i++)
					label = label || o_names_have(&b->caps.cap[c].label, rule->label.name[i]);
				if (!on || !label)
					continue;
				rule->bound[c] = o_bind(a, &b->caps.cap[c], &b->policy[p], rule->when ? rule->when : &always);
				if (!rule->bound[c]) {
					b->why = arena_printf(a, "rule %.*s in %.*s", (int)rule->id.n, rule->id.p,
					                      (int)b->caps.cap[c].name.n, b->caps.cap[c].name.p).p;
					return false;
				}
			}
		}
	return true;
}
