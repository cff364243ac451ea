/* Effects and arguments to paths. */
#include "runtime/spawn/operands.h"

#include <string.h>

/* Other effects have no paths. */
static bool kind_has_paths(enum krux_effect_kind kind)
{
	switch (kind) {
	case KRUX_EFFECT_LISTS:
	case KRUX_EFFECT_READS:
	case KRUX_EFFECT_CREATES:
	case KRUX_EFFECT_WRITES:
	case KRUX_EFFECT_DELETES:
		return true;
	default:
		return false;
	}
}

static const struct krux_value *value_of(const struct krux_effect *e, const struct krux_value *args)
{
	return e->arg[0].is_constant ? NULL : krux_access_value(args, e->arg[0].access);
}

static size_t count(const struct krux_effect *e, const struct krux_value *args)
{
	const struct krux_value *v = value_of(e, args);

	if (!kind_has_paths(e->kind) || !e->nargs)
		return 0;
	if (e->arg[0].is_constant)
		return 1;
	return !v ? 0 : v->kind == KRUX_V_LIST ? v->list.n : v->kind == KRUX_V_TEXT;
}

const struct operand *operands_find(struct krux_pool *pool, const struct krux_capability *cap,
                                    const struct krux_value *args, size_t *n)
{
	struct operand *list;
	size_t most = 1;

	for (size_t i = 0; i < cap->neffects; i++)
		most += count(&cap->effect[i], args);
	list = krux_pool_get(pool, most * sizeof *list);
	*n = 0;
	for (size_t i = 0; list && i < cap->neffects; i++) {
		const struct krux_effect *e = &cap->effect[i];
		const struct krux_value *v = value_of(e, args);

		for (size_t k = 0; k < count(e, args); k++)
			list[(*n)++] = (struct operand){ .kind = e->kind, .tree = e->arg[0].tree,
				.path = !v ? e->arg[0].constant : v->kind == KRUX_V_LIST ? v->list.item[k].str : v->str,
				.field = v && v->kind == KRUX_V_TEXT ? e->arg[0].access : (struct krux_str){ NULL, 0 } };
	}
	return list;
}

bool operand_changes(const struct operand *o)
{
	return o->kind == KRUX_EFFECT_CREATES || o->kind == KRUX_EFFECT_WRITES || o->kind == KRUX_EFFECT_DELETES;
}

bool operand_covers(const struct operand *o, struct krux_str path)
{
	size_t n = o->path.n;

	if (path.n < n || memcmp(path.p, o->path.p, n) != 0)
		return false;
	return path.n == n || (o->tree && (path.p[n] == '/' || (n && o->path.p[n - 1] == '/')));
}
