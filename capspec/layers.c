/* Layers to CBOR and back. What is read is written again and has to be the same bytes, so that nothing is
 * in them that is not meant. */
#include "capspec/layers.h"

#include <stdio.h>
#include <string.h>

static const char format[] = "krux-layers/1";

static struct krux_value number(uint64_t v)
{
	return (struct krux_value){ .kind = KRUX_V_UINT, .u = v };
}

static struct krux_value list(const struct krux_value *item, size_t n)
{
	return (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
}

static struct krux_value map(struct krux_member *m, size_t n)
{
	krux_members_sort(m, n);
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
}

static void member_set(struct krux_member *m, const char *key, struct krux_value v)
{
	*m = (struct krux_member){ { key, strlen(key) }, v };
}

/* ---- writing ---- */

/* One program, as the bytes that a little-endian kernel takes; the machines are such. */
static struct krux_value program_value(const struct krux_filter *f)
{
	return (struct krux_value){ .kind = KRUX_V_BYTES,
		                    .str = { (const char *)f->code, f->n * sizeof *f->code } };
}

static bool filter_value(struct krux_pool *pool, const struct krux_filter *f, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(pool, KRUX_MACHINES * sizeof *m);

	if (!m)
		return false;
	for (unsigned i = 0; i < KRUX_MACHINES; i++)
		member_set(&m[i], krux_machine_word(i), program_value(&f[i]));
	*out = map(m, KRUX_MACHINES);
	return true;
}

/* The place of a filter in the list, which it is added to where it is new. */
static size_t filter_place(const struct krux_filter **seen, size_t *n, const struct krux_filter *f)
{
	size_t i = 0;

	while (i < *n && seen[i] != f)
		i++;
	if (i == *n)
		seen[(*n)++] = f;
	return i;
}

static struct krux_value reach_value(struct krux_pool *pool, const struct krux_reach *r)
{
	struct krux_value *item = krux_pool_get(pool, (r->n + 1) * sizeof *item);

	for (size_t i = 0; item && i < r->n; i++)
		item[i] = (struct krux_value){ .kind = KRUX_V_TEXT, .str = r->folder[i] };
	return list(item, r->n);
}

static bool layer_value(struct krux_pool *pool, const struct krux_layer *l, size_t filter, size_t command,
                        struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(pool, 5 * sizeof *m);
	struct krux_value *reach = krux_pool_get(pool, (l->nreach + 1) * sizeof *reach);

	if (!m || !reach)
		return false;
	*out = map(m, 0);
	if (!l->filter)
		return true;
	for (size_t i = 0; i < l->nreach; i++) {
		reach[i] = reach_value(pool, &l->reach[i]);
		if (!reach[i].list.item)
			return false;
	}
	member_set(&m[0], "filter", number(filter));
	member_set(&m[1], "rights", number(l->rights));
	member_set(&m[2], "reach", list(reach, l->nreach));
	member_set(&m[3], "agents", list(l->state, l->nstates));
	member_set(&m[4], "command", number(command));
	*out = map(m, l->command ? 5 : 4);
	return true;
}

bool krux_layers_write(struct krux_pool *pool, const struct krux_layers *l, struct krux_str *out,
                       struct krux_refusal *refusal)
{
	const struct krux_filter **seen = krux_pool_get(pool, (2 * l->n + 1) * sizeof *seen);
	struct krux_value *cap = krux_pool_get(pool, (l->n + 1) * sizeof *cap), *filter, whole;
	struct krux_member top[3];
	size_t n = 0;
	uint8_t *bytes;

	if (!seen || !cap)
		return krux_refuse(refusal, "", "out of memory");
	for (size_t i = 0; i < l->n; i++) {
		const struct krux_layer *layer = &l->list[i];
		size_t own = layer->filter ? filter_place(seen, &n, layer->filter) : 0;
		size_t command = layer->filter && layer->command ? filter_place(seen, &n, layer->command) : 0;

		if (!layer_value(pool, layer, own, command, &cap[i]))
			return krux_refuse(refusal, "", "out of memory");
	}
	filter = krux_pool_get(pool, (n + 1) * sizeof *filter);
	for (size_t i = 0; i < n; i++)
		if (!filter || !filter_value(pool, seen[i], &filter[i]))
			return krux_refuse(refusal, "", "out of memory");
	member_set(&top[0], "format", (struct krux_value){ .kind = KRUX_V_TEXT, .str = KRUX_STR(format) });
	member_set(&top[1], "filters", list(filter, n));
	member_set(&top[2], "capabilities", list(cap, l->n));
	whole = map(top, 3);
	out->n = krux_cbor_write(&whole, NULL, 0);
	bytes = krux_pool_get(pool, out->n);
	if (!bytes)
		return krux_refuse(refusal, "", "out of memory");
	krux_cbor_write(&whole, bytes, out->n);
	out->p = (const char *)bytes;
	return true;
}

/* ---- reading ---- */

struct reading {
	struct krux_pool *pool;
	struct krux_refusal *refusal;
	struct krux_filter (*filter)[KRUX_MACHINES];
	size_t nfilters;
};

static const struct krux_value *list_get(struct reading *r, const struct krux_value *v, const char *key)
{
	const struct krux_value *got = krux_value_get(v, key);

	if (got && got->kind == KRUX_V_LIST)
		return got;
	krux_refuse(r->refusal, key, "no list");
	return NULL;
}

static bool program_read(struct reading *r, const struct krux_value *v, enum krux_machine m,
                         struct krux_filter *out)
{
	const struct krux_value *bytes = v->kind == KRUX_V_MAP ? krux_value_get(v, krux_machine_word(m)) : NULL;
	const char *wrong;

	if (!bytes || bytes->kind != KRUX_V_BYTES || bytes->str.n % sizeof *out->code)
		return krux_refuse(r->refusal, "filters", "no program for each machine");
	out->n = bytes->str.n / sizeof *out->code;
	out->code = (const struct krux_bpf *)krux_pool_copy(r->pool, bytes->str.p, bytes->str.n);
	if (!out->code)
		return krux_refuse(r->refusal, "filters", "out of memory");
	wrong = krux_bpf_wrong(out);
	return !wrong || krux_refuse(r->refusal, "filters", wrong);
}

static bool filters_read(struct reading *r, const struct krux_value *v)
{
	r->filter = krux_pool_get(r->pool, (v->list.n + 1) * sizeof *r->filter);
	if (!r->filter)
		return krux_refuse(r->refusal, "filters", "out of memory");
	for (size_t i = 0; i < v->list.n; i++)
		for (unsigned m = 0; m < KRUX_MACHINES; m++)
			if (!program_read(r, &v->list.item[i], m, &r->filter[i][m]))
				return false;
	r->nfilters = v->list.n;
	return true;
}

/* A path below a folder, in its one form; "" is the folder. */
static bool folder_valid(struct krux_str s)
{
	size_t from = 0;

	if (s.n > 4096 || memchr(s.p, 0, s.n))
		return false;
	while (s.n && from <= s.n) {
		const char *slash = memchr(s.p + from, '/', s.n - from);
		size_t n = slash ? (size_t)(slash - s.p) - from : s.n - from;

		if (!n || (n == 1 && s.p[from] == '.') || (n == 2 && !memcmp(s.p + from, "..", 2)))
			return false;
		from += n + 1;
	}
	return true;
}

static bool reach_read(struct reading *r, const struct krux_value *v, struct krux_reach *out)
{
	struct krux_str *folder;

	if (v->kind != KRUX_V_LIST)
		return krux_refuse(r->refusal, "reach", "no list");
	if (v->list.n > KRUX_REACH_MOST)
		return krux_refuse(r->refusal, "reach", "too many folders");
	folder = krux_pool_get(r->pool, (v->list.n + 1) * sizeof *folder);
	for (size_t i = 0; folder && i < v->list.n; i++) {
		if (v->list.item[i].kind != KRUX_V_TEXT || !folder_valid(v->list.item[i].str))
			return krux_refuse(r->refusal, "reach", "no folder of a workspace");
		folder[i] = v->list.item[i].str;
		folder[i].p = krux_pool_copy(r->pool, folder[i].p, folder[i].n);
		if (!folder[i].p)
			return krux_refuse(r->refusal, "reach", "out of memory");
	}
	*out = (struct krux_reach){ folder, v->list.n };
	return folder || krux_refuse(r->refusal, "reach", "out of memory");
}

/* Pairs rise to 127 and lead to states that are there. */
static bool state_valid(const struct krux_value *v, size_t nreach, size_t nstates)
{
	const struct krux_value *item = v->list.item;
	uint64_t from = 0;

	if (v->kind != KRUX_V_LIST || v->list.n < 3 || v->list.n % 2 != 1)
		return false;
	for (size_t i = 0; i < v->list.n; i++)
		if (item[i].kind != KRUX_V_UINT)
			return false;
	for (size_t i = 1; i < v->list.n; i += 2) {
		if (item[i].u <= from || item[i].u > 127 || item[i + 1].u >= nstates)
			return false;
		from = item[i].u;
	}
	return item[0].u <= nreach && from == 127;
}

static bool agents_read(struct reading *r, const struct krux_value *v, struct krux_layer *out)
{
	const struct krux_value *agents = list_get(r, v, "agents");

	if (!agents)
		return false;
	for (size_t i = 0; i < agents->list.n; i++)
		if (!state_valid(&agents->list.item[i], out->nreach, agents->list.n))
			return krux_refuse(r->refusal, "agents", "no automaton over names");
	out->state = agents->list.item;
	out->nstates = agents->list.n;
	return true;
}

static bool layer_read(struct reading *r, const struct krux_value *v, struct krux_layer *out)
{
	const struct krux_value *filter = v->kind == KRUX_V_MAP ? krux_value_get(v, "filter") : NULL, *rights, *reach,
		*command;
	struct krux_reach *list;

	if (!filter)
		return true;
	rights = krux_value_get(v, "rights");
	reach = list_get(r, v, "reach");
	if (filter->kind != KRUX_V_UINT || filter->u >= r->nfilters)
		return krux_refuse(r->refusal, "capabilities", "a filter that is not there");
	if (!rights || rights->kind != KRUX_V_UINT || rights->u > 31)
		return krux_refuse(r->refusal, "rights", "none that there are");
	list = reach ? krux_pool_get(r->pool, (reach->list.n + 1) * sizeof *list) : NULL;
	if (!list)
		return krux_refuse(r->refusal, "reach", "no list");
	for (size_t i = 0; i < reach->list.n; i++)
		if (!reach_read(r, &reach->list.item[i], &list[i]))
			return false;
	command = krux_value_get(v, "command");
	if (command && (command->kind != KRUX_V_UINT || command->u >= r->nfilters))
		return krux_refuse(r->refusal, "capabilities", "a filter that is not there");
	*out = (struct krux_layer){ .filter = r->filter[filter->u], .command = command ? r->filter[command->u] : NULL,
		                    .rights = (unsigned)rights->u, .reach = list, .nreach = reach->list.n };
	return agents_read(r, v, out);
}

const struct krux_reach *krux_layer_reach(const struct krux_layer *l, struct krux_str agent)
{
	size_t state = 0;
	uint64_t class;

	if (!l->nstates)
		return l->nreach ? l->reach : NULL;
	for (size_t i = 0; i < agent.n; i++) {
		const struct krux_value *pair = l->state[state].list.item + 1;
		uint8_t c = (uint8_t)agent.p[i];

		if (!c || c > 127)
			return NULL;
		while (pair->u < c)
			pair += 2;
		state = pair[1].u;
	}
	class = l->state[state].list.item[0].u;
	return class < l->nreach ? &l->reach[class] : NULL;
}

static bool same_again(struct krux_pool *pool, struct krux_str bytes, const struct krux_layers *l,
                       struct krux_refusal *refusal)
{
	struct krux_str again;

	return krux_layers_write(pool, l, &again, refusal) &&
	       (krux_str_eq(bytes, again) || krux_refuse(refusal, "", "holds what it should not"));
}

bool krux_layers_read(struct krux_pool *pool, struct krux_str bytes, size_t n, struct krux_layers *out,
                      struct krux_refusal *refusal)
{
	struct krux_layer *layer = krux_pool_get(pool, (n + 1) * sizeof *layer);
	struct reading r = { .pool = pool, .refusal = refusal };
	const struct krux_value *filters, *caps;
	struct krux_value whole;

	if (!layer)
		return krux_refuse(refusal, "", "out of memory");
	if (!krux_cbor_read(pool, (const uint8_t *)bytes.p, bytes.n, &whole, refusal))
		return false;
	if (whole.kind != KRUX_V_MAP)
		return krux_refuse(refusal, "", "no map");
	filters = list_get(&r, &whole, "filters");
	caps = filters ? list_get(&r, &whole, "capabilities") : NULL;
	if (!caps || !filters_read(&r, filters))
		return false;
	if (caps->list.n != n)
		return krux_refuse(refusal, "capabilities", "not those of the policy");
	for (size_t i = 0; i < n; i++)
		if (!layer_read(&r, &caps->list.item[i], &layer[i]))
			return false;
	*out = (struct krux_layers){ layer, n };
	return same_again(pool, bytes, out, refusal);
}
