/* Values: comparing them, finding and ordering their members, refusing them. */
#include "capspec/value.h"

#include <stdlib.h>
#include <string.h>

bool krux_str_eq(struct krux_str a, struct krux_str b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

bool krux_str_skip(struct krux_str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static bool map_eq(const struct krux_value *a, const struct krux_value *b)
{
	if (a->map.n != b->map.n)
		return false;
	for (size_t i = 0; i < a->map.n; i++)
		if (!krux_str_eq(a->map.member[i].key, b->map.member[i].key) ||
		    !krux_value_eq(&a->map.member[i].value, &b->map.member[i].value))
			return false;
	return true;
}

static bool list_eq(const struct krux_value *a, const struct krux_value *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++)
		if (!krux_value_eq(&a->list.item[i], &b->list.item[i]))
			return false;
	return true;
}

bool krux_value_eq(const struct krux_value *a, const struct krux_value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case KRUX_V_NULL:
		return true;
	case KRUX_V_BOOL:
		return a->b == b->b;
	case KRUX_V_UINT:
	case KRUX_V_NINT:
		return a->u == b->u;
	case KRUX_V_BYTES:
	case KRUX_V_TEXT:
	case KRUX_V_NUMBER:
		return krux_str_eq(a->str, b->str);
	case KRUX_V_LIST:
		return list_eq(a, b);
	case KRUX_V_MAP:
	case KRUX_V_UMAP:
		return map_eq(a, b);
	}
	return false;
}

const struct krux_value *krux_value_get(const struct krux_value *map, const char *key)
{
	struct krux_str k = { key, strlen(key) };

	if (map->kind != KRUX_V_MAP && map->kind != KRUX_V_UMAP)
		return NULL;
	for (size_t i = 0; i < map->map.n; i++)
		if (krux_str_eq(map->map.member[i].key, k))
			return &map->map.member[i].value;
	return NULL;
}

uint64_t krux_value_size(const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_BYTES:
	case KRUX_V_TEXT:
		return v->str.n;
	case KRUX_V_LIST:
		return v->list.n;
	case KRUX_V_MAP:
		return v->map.n;
	default:
		return 0;
	}
}

/* So few are put in order by moving each to its place. */
enum { FEW = 16 };

int krux_key_cmp(struct krux_str a, struct krux_str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n ? memcmp(a.p, b.p, a.n) : 0;
}

static int member_cmp(const void *a, const void *b)
{
	return krux_key_cmp(((const struct krux_member *)a)->key,
	                    ((const struct krux_member *)b)->key);
}

static void few_sort(struct krux_member *m, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct krux_member moved = m[i];
		size_t k = i;

		for (; k && krux_key_cmp(m[k - 1].key, moved.key) > 0; k--)
			m[k] = m[k - 1];
		m[k] = moved;
	}
}

const struct krux_str *krux_members_sort(struct krux_member *m, size_t n)
{
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = krux_key_cmp(m[i - 1].key, m[i].key) < 0;
	if (sorted)
		return NULL;
	if (n <= FEW)
		few_sort(m, n);
	else
		qsort(m, n, sizeof *m, member_cmp);
	for (size_t i = 1; i < n; i++)
		if (krux_str_eq(m[i - 1].key, m[i].key))
			return &m[i].key;
	return NULL;
}

static void text_cut(char *to, size_t cap, const char *from)
{
	size_t n = strlen(from);

	if (n < cap) {
		memcpy(to, from, n + 1);
		return;
	}
	memcpy(to, from, cap - 4);
	memcpy(to + cap - 4, "...", 4);
}

#undef krux_refuse
bool krux_refuse(struct krux_refusal *r, const char *where, const char *why)
{
	if (r) {
		text_cut(r->where, sizeof r->where, where);
		text_cut(r->why, sizeof r->why, why);
	}
	return false;
}
