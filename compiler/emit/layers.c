/* One filter for each set of groups that some capability's handler has, verified. */
#include "compiler/emit/layers.h"

#include "compiler/model/held.h"
#include "compiler/emit/filter.h"

struct making {
	struct arena *a;
	struct diags *ds;
	const struct filter **made;
	size_t n, cap;
};

bool filter_accept(struct arena *a, struct diags *ds, const struct capability *c, const struct filter *f)
{
	struct krux_str broken = filter_verify(a, f);

	if (broken.n)
		diag_error(ds, 6005, c->at, "the filter of %.*s is not what its table says: %.*s", STR_ARG(c->name),
		           STR_ARG(broken));
	return !broken.n;
}

static const struct filter *filter_get(struct making *k, unsigned groups, const struct capability *c)
{
	struct filter *f;
	const char *why;

	for (size_t i = 0; i < k->n; i++)
		if (k->made[i]->groups == groups)
			return k->made[i];
	f = ARENA_NEW(k->a, struct filter);
	if (!filter_make(k->a, groups, f, &why)) {
		diag_error(k->ds, 6004, c->at, "the filter of %.*s cannot be made: %s", STR_ARG(c->name), why);
		return NULL;
	}
	if (!filter_accept(k->a, k->ds, c, f))
		return NULL;
	ARENA_PUSH(k->a, k->made, k->n, k->cap, f);
	return f;
}

bool layers_make(struct arena *a, struct diags *ds, const struct capability_set *set, struct layers *out)
{
	struct krux_layer *layer = ARENA_ARRAY(a, struct krux_layer, set->n + 1);
	const struct filter **filter = ARENA_ARRAY(a, const struct filter *, set->n + 1);
	struct making k = { .a = a, .ds = ds };
	unsigned groups;

	for (size_t i = 0; i < set->n; i++) {
		const struct capability *c = set->cap[i];

		if (!capability_is_run(c, &groups))
			continue;
		filter[i] = filter_get(&k, groups, c);
		if (!filter[i])
			return false;
		layer[i].filter = filter[i]->program;
	}
	*out = (struct layers){ { layer, set->n }, filter };
	return true;
}
