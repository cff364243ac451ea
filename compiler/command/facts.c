/* Facts from the command line. */
#include "compiler/command/facts.h"

#include <string.h>

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

static bool counts_read(struct pipeline *p, const struct krux_value *v, const struct given_count **list,
                        size_t *n)
{
	struct given_count *c;

	if (v->kind != KRUX_V_MAP)
		return false;
	c = ARENA_ARRAY(p->arena, struct given_count, v->map.n + 1);
	for (size_t i = 0; i < v->map.n; i++) {
		const struct krux_value *k = &v->map.member[i].value;

		c[i].name = v->map.member[i].key;
		if (k->kind != KRUX_V_NUMBER || !k->str.n || k->str.n > 19)
			return false;
		for (size_t j = 0; j < k->str.n; j++) {
			if (k->str.p[j] < '0' || k->str.p[j] > '9')
				return false;
			c[i].n = c[i].n * 10 + (uint64_t)(k->str.p[j] - '0');
		}
	}
	*list = c;
	*n = v->map.n;
	return true;
}

static bool fact_read(struct pipeline *p, struct krux_str key, const struct krux_value *v, struct given_facts *out)
{
	if (krux_str_eq(key, KRUX_STR("time")))
		return v->kind == KRUX_V_TEXT && time_read(v->str, &out->time);
	if (krux_str_eq(key, KRUX_STR("weekday")))
		return v->kind == KRUX_V_TEXT && weekday_read(v->str, &out->weekday);
	if (krux_str_eq(key, KRUX_STR("labels")))
		return labels_read(p, v, out);
	if (krux_str_eq(key, KRUX_STR("calls")))
		return counts_read(p, v, &out->calls, &out->ncalls);
	if (krux_str_eq(key, KRUX_STR("rates")))
		return counts_read(p, v, &out->rates, &out->nrates);
	return false;
}

bool facts_read(const struct options *o, struct pipeline *p, struct given_facts *out)
{
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
	for (size_t i = 0; i < v.map.n; i++)
		if (!fact_read(p, v.map.member[i].key, &v.map.member[i].value, out)) {
			command_usage(o, "--facts: '%.*s' is no fact, or not of its form; facts are time, weekday, labels, "
			              "calls and rates", STR_ARG(v.map.member[i].key));
			return false;
		}
	return true;
}
