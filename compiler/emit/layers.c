/* One filter for each set of groups that some capability's handler has, verified; and what Landlock leaves
 * the calls of each class of agents. */
#include "compiler/emit/layers.h"

#include "capspec/rights.h"
#include "compiler/emit/filter.h"
#include "compiler/model/held.h"
#include "compiler/plan/reach.h"

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

/* ---- Landlock ---- */

/* What the handler keeps below the folders: to look, and what its effects are. */
static unsigned rights_of(const struct capability *c)
{
	const unsigned changes = RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES;
	unsigned rights = c->handler.kind == HANDLER_COMMAND && command_executes_workspace(c) ? RIGHT_EXECUTE : 0;

	for (size_t i = 0; i < c->neffects; i++)
		switch (c->effect[i].kind) {
		case EFFECT_LISTS:
			rights |= RIGHT_READ_FOLDERS;
			break;
		case EFFECT_READS:
			rights |= RIGHT_READ_FOLDERS | RIGHT_READ_FILES;
			break;
		case EFFECT_CREATES:
		case EFFECT_WRITES:
		case EFFECT_DELETES:
			rights |= changes;
			break;
		default:
			break;
		}
	return rights;
}

static struct krux_value number(uint64_t v)
{
	return (struct krux_value){ .kind = KRUX_V_UINT, .u = v };
}

/* Names are ASCII: what lies beyond is left out. */
static struct krux_value state_of(struct arena *a, const struct reach *r, uint32_t i)
{
	const struct dd_state *s = &r->agents->state[i];
	struct krux_value *item = ARENA_ARRAY(a, struct krux_value, 2 * s->n + 1);
	size_t n = 0;

	item[n++] = number(r->class[i]);
	for (uint32_t k = 0; k < s->n; k++) {
		const struct dd_range *range = &r->agents->range[s->first + k];

		if (range->lo > 127)
			break;
		item[n++] = number(range->hi < 127 ? range->hi : 127);
		item[n++] = number(range->to);
	}
	return (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
}

static void reach_convert(struct arena *a, const struct reach *r, struct krux_layer *out)
{
	static const struct krux_str everything = { "", 0 };
	static const struct krux_reach whole = { &everything, 1 };
	struct krux_reach *reach;
	struct krux_value *state;

	out->reach = &whole;
	out->nreach = 1;
	if (!r)
		return;
	out->reach = reach = ARENA_ARRAY(a, struct krux_reach, r->n + 1);
	out->nreach = r->n;
	for (size_t i = 0; i < r->n; i++)
		reach[i] = (struct krux_reach){ r->list[i].folders.list, r->list[i].folders.n };
	if (!r->agents)
		return;
	out->state = state = ARENA_ARRAY(a, struct krux_value, r->agents->nstates + 1);
	out->nstates = r->agents->nstates;
	for (uint32_t i = 0; i < r->agents->nstates; i++)
		state[i] = state_of(a, r, i);
}

/* No agent may make any call of it. */
static bool is_never(const struct reach *r)
{
	for (size_t i = 0; r && i < r->n; i++)
		if (!r->list[i].never)
			return false;
	return r && r->n;
}

bool layers_make(struct arena *a, struct diags *ds, const struct capability_set *set,
                 const struct reach *reach, struct layers *out)
{
	struct krux_layer *layer = ARENA_ARRAY(a, struct krux_layer, set->n + 1);
	const struct filter **filter = ARENA_ARRAY(a, const struct filter *, set->n + 1);
	const struct filter **program = ARENA_ARRAY(a, const struct filter *, set->n + 1);
	struct making k = { .a = a, .ds = ds };
	unsigned groups;

	for (size_t i = 0; i < set->n; i++) {
		const struct capability *c = set->cap[i];

		if (!capability_is_run(c, &groups))
			continue;
		filter[i] = filter_get(&k, groups, c);
		if (c->handler.kind == HANDLER_COMMAND)
			program[i] = filter_get(&k, program_groups(c), c);
		if (!filter[i] || (c->handler.kind == HANDLER_COMMAND && !program[i]))
			return false;
		/* Readers have its filter; the runtime runs nothing of it, and gets nothing ready for it. */
		if (reach && is_never(&reach[i]))
			continue;
		layer[i] = (struct krux_layer){ .filter = filter[i]->program, .rights = rights_of(c),
			                        .command = program[i] ? program[i]->program : NULL };
		reach_convert(a, reach ? &reach[i] : NULL, &layer[i]);
		/* Nobody puts it on, so that it is no reader's either. */
		if (capability_asks_runs(c))
			filter[i] = NULL;
	}
	*out = (struct layers){ { layer, set->n }, reach, filter, program };
	return true;
}
