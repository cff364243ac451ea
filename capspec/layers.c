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

bool krux_layers_write(struct krux_pool *pool, const struct krux_layers *l, struct krux_str *out,
                       struct krux_refusal *refusal)
{
	const struct krux_filter **seen = krux_pool_get(pool, (l->n + 1) * sizeof *seen);
	struct krux_value *cap = krux_pool_get(pool, (l->n + 1) * sizeof *cap), *filter, whole;
	struct krux_member *m = krux_pool_get(pool, (l->n + 1) * sizeof *m), top[3];
	size_t n = 0;
	uint8_t *bytes;

	if (!seen || !cap || !m)
		return krux_refuse(refusal, "", "out of memory");
	for (size_t i = 0; i < l->n; i++) {
		if (l->list[i].filter)
			member_set(&m[i], "filter", number(filter_place(seen, &n, l->list[i].filter)));
		cap[i] = map(&m[i], l->list[i].filter ? 1 : 0);
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

static bool layer_read(struct reading *r, const struct krux_value *v, struct krux_layer *out)
{
	const struct krux_value *filter = v->kind == KRUX_V_MAP ? krux_value_get(v, "filter") : NULL;

	if (!filter)
		return true;
	if (filter->kind != KRUX_V_UINT || filter->u >= r->nfilters)
		return krux_refuse(r->refusal, "capabilities", "a filter that is not there");
	out->filter = r->filter[filter->u];
	return true;
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
