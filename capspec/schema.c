/* Capabilities as the runtime knows them: words of their parts, and places in arguments. */
#include "capspec/schema.h"

#include <string.h>

#include "capspec/limits.h"

static const struct {
	const char *word;
	unsigned rank;
} effects[] = {
#define EFFECT(id, w, r) [KRUX_EFFECT_##id] = { w, r },
#include "capspec/effects.def"
#undef EFFECT
};

const char *krux_effect_word(enum krux_effect_kind kind)
{
	return (unsigned)kind < KRUX_EFFECT_COUNT ? effects[kind].word : "?";
}

unsigned krux_effect_rank(enum krux_effect_kind kind)
{
	return (unsigned)kind < KRUX_EFFECT_COUNT ? effects[kind].rank : effects[KRUX_EFFECT_EXECUTES].rank;
}

const char *krux_limit_word(enum krux_limit_kind kind)
{
	static const char *const words[] = { "memory", "cpu", "wall", "pids", "files", "output" };

	return (unsigned)kind < KRUX_LIMIT_COUNT ? words[kind] : "?";
}

static const struct krux_str schemes[] = { { "http", 4 }, { "https", 5 } };

/* Parts of a url as places; the path and the query are what canon makes of them. */
static const struct krux_type *url_part_type(struct krux_str name)
{
	static const struct krux_type part[] = {
		{ .kind = KRUX_T_ENUM, .hi = 1, .name = schemes, .nnames = 2 },
		{ .kind = KRUX_T_HOST, .max = KRUX_MAX_HOST },
		{ .kind = KRUX_T_PORT, .lo = 1, .hi = 65535 },
		{ .kind = KRUX_T_STRING, .max = KRUX_MAX_URL },
	};
	static const char *const names[] = { "scheme", "host", "port", "path", "query" };

	for (size_t i = 0; i < 5; i++)
		if (krux_str_eq(name, (struct krux_str){ names[i], strlen(names[i]) }))
			return &part[i < 3 ? i : 3];
	return NULL;
}

/* The first name of a place; what follows its '.' stays in *access. */
static struct krux_str name_take(struct krux_str *access)
{
	const char *dot = access->n ? memchr(access->p, '.', access->n) : NULL;
	struct krux_str name = { access->p, dot ? (size_t)(dot - access->p) : access->n };

	access->p = dot ? dot + 1 : NULL;
	access->n = dot ? access->n - name.n - 1 : 0;
	return name;
}

const struct krux_type *krux_access_type(const struct krux_type *t, struct krux_str access)
{
	while (t && access.p) {
		struct krux_str name = name_take(&access);
		const struct krux_type *next = t->kind == KRUX_T_URL ? url_part_type(name) : NULL;

		for (size_t i = 0; t->kind == KRUX_T_RECORD && i < t->nfields; i++)
			if (krux_str_eq(t->field[i].name, name))
				next = t->field[i].type;
		t = next;
	}
	return t;
}

const struct krux_value *krux_access_value(const struct krux_value *v, struct krux_str access)
{
	while (v && access.p) {
		struct krux_str name = name_take(&access);
		const struct krux_value *next = NULL;

		for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++)
			if (krux_str_eq(v->map.member[i].key, name))
				next = &v->map.member[i].value;
		v = next;
	}
	return v;
}
