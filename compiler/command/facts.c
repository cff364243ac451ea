/* Facts from the command line. */
#include "compiler/command/facts.h"

#include <string.h>

struct reader {
	const struct options *o;
	struct pipeline *p;
	struct given_facts *out;
	struct given_count *rate, *budget;
	size_t cap_rates, cap_budgets;
	bool said;                    /* what is wrong */
};

static bool reader_fail(struct reader *r, const char *key, struct krux_str name, const char *why)
{
	command_usage(r->o, "--facts: %s: '%.*s' %s", key, STR_ARG(name), why);
	r->said = true;
	return false;
}

static bool digits2(const char *p, unsigned *out)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	return true;
}

static bool time_read(struct krux_str s, uint64_t *out)
{
	unsigned h, m, sec = 0;

	if ((s.n != 5 && s.n != 8) || !digits2(s.p, &h) || s.p[2] != ':' || !digits2(s.p + 3, &m))
		return false;
	if (s.n == 8 && (s.p[5] != ':' || !digits2(s.p + 6, &sec)))
		return false;
	*out = h * 3600u + m * 60u + sec;
	return h < 24 && m < 60 && sec < 60;
}

static bool weekday_read(struct krux_str s, uint64_t *out)
{
	static const char day[7][4] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	for (uint64_t i = 0; i < 7; i++)
		if (s.n == 3 && !memcmp(s.p, day[i], 3)) {
			*out = i;
			return true;
		}
	return false;
}

static bool labels_read(struct pipeline *p, const struct krux_value *v, struct given_facts *out)
{
	struct krux_str *label;

	if (v->kind != KRUX_V_LIST)
		return false;
	label = ARENA_ARRAY(p->arena, struct krux_str, v->list.n + 1);
	for (size_t i = 0; i < v->list.n; i++) {
		if (v->list.item[i].kind != KRUX_V_TEXT)
			return false;
		label[i] = v->list.item[i].str;
	}
	out->label = label;
	out->nlabels = v->list.n;
	return true;
}

static bool count_read(const struct krux_value *v, uint64_t *out)
{
	*out = 0;
	if (v->kind != KRUX_V_NUMBER || !v->str.n)
		return false;
	for (size_t i = 0; i < v->str.n; i++)
		if (v->str.p[i] < '0' || v->str.p[i] > '9' || __builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(v->str.p[i] - '0'), out))
			return false;
	return true;
}

static bool calls_read(struct reader *r, const struct krux_value *v)
{
	struct given_count *c;

	if (v->kind != KRUX_V_MAP)
		return false;
	c = ARENA_ARRAY(r->p->arena, struct given_count, v->map.n + 1);
	for (size_t i = 0; i < v->map.n; i++) {
		struct krux_str name = v->map.member[i].key;

		c[i].name = name;
		if (!count_read(&v->map.member[i].value, &c[i].n))
			return false;
		if (memchr(name.p, '@', name.n) || !capability_find(&r->p->caps, name))
			return reader_fail(r, "calls", name, "is no capability's name without a version");
	}
	r->out->calls = c;
	r->out->ncalls = v->map.n;
	return true;
}

/* The one rule called `rule` or `policy/rule`, under its full name. NULL after a message. */
static const struct rule *rule_find(struct reader *r, const char *key, struct krux_str name, struct krux_str *full)
{
	const struct rule *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->p->build.npolicies; i++) {
		const struct policy *p = &r->p->build.policy[i];

		for (size_t k = 0; k < p->nrules; k++) {
			struct krux_str id = arena_printf(r->p->arena, "%.*s/%.*s", STR_ARG(p->name), STR_ARG(p->rule[k].id));

			if (!krux_str_eq(name, id) && !krux_str_eq(name, p->rule[k].id))
				continue;
			found = &p->rule[k];
			*full = id;
			n++;
		}
	}
	if (n == 1)
		return found;
	reader_fail(r, key, name, n ? "is a rule of several policies; say policy/rule" : "is no rule of these policies");
	return NULL;
}

/* `rates` give the sum of a budget too where the rule has no rate. */
static bool windows_read(struct reader *r, const char *key, const struct krux_value *v, bool budget)
{
	if (v->kind != KRUX_V_MAP)
		return false;
	for (size_t i = 0; i < v->map.n; i++) {
		struct given_count c;
		const struct rule *rule;

		if (!count_read(&v->map.member[i].value, &c.n))
			return false;
		rule = rule_find(r, key, v->map.member[i].key, &c.name);
		if (!rule)
			return false;
		if (!rule->budget.given && (budget || !rule->rate.given))
			return reader_fail(r, key, v->map.member[i].key,
			                   budget ? "has no budget" : "has neither a rate nor a budget");
		if (budget || !rule->rate.given)
			ARENA_PUSH(r->p->arena, r->budget, r->out->nbudgets, r->cap_budgets, c);
		else
			ARENA_PUSH(r->p->arena, r->rate, r->out->nrates, r->cap_rates, c);
	}
	r->out->rates = r->rate;
	r->out->budgets = r->budget;
	return true;
}

static bool fact_read(struct reader *r, struct krux_str key, const struct krux_value *v)
{
	if (krux_str_eq(key, KRUX_STR("time")))
		return v->kind == KRUX_V_TEXT && time_read(v->str, &r->out->time);
	if (krux_str_eq(key, KRUX_STR("weekday")))
		return v->kind == KRUX_V_TEXT && weekday_read(v->str, &r->out->weekday);
	if (krux_str_eq(key, KRUX_STR("labels")))
		return labels_read(r->p, v, r->out);
	if (krux_str_eq(key, KRUX_STR("calls")))
		return calls_read(r, v);
	if (krux_str_eq(key, KRUX_STR("rates")))
		return windows_read(r, "rates", v, false);
	if (krux_str_eq(key, KRUX_STR("budgets")))
		return windows_read(r, "budgets", v, true);
	return false;
}

bool facts_read(const struct options *o, struct pipeline *p, struct given_facts *out)
{
	struct reader r = { .o = o, .p = p, .out = out };
	struct krux_refusal why = { { 0 }, { 0 } };
	struct krux_value v;

	if (!o->facts)
		return true;
	if (!krux_json_read(arena_pool(p->arena), (struct krux_str){ o->facts, strlen(o->facts) }, &v, &why)) {
		command_usage(o, "--facts is not JSON: %s: %s", why.where, why.why);
		return false;
	}
	if (v.kind != KRUX_V_MAP) {
		command_usage(o, "--facts takes an object such as {\"time\":\"09:30\"}");
		return false;
	}
	for (size_t i = 0; i < v.map.n; i++) {
		if (fact_read(&r, v.map.member[i].key, &v.map.member[i].value))
			continue;
		if (!r.said)
			command_usage(o, "--facts: '%.*s' is no fact, or not of its form; facts are time, weekday, "
			              "labels, calls, rates and budgets", STR_ARG(v.map.member[i].key));
		return false;
	}
	return true;
}
