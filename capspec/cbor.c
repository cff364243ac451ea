/* Values to deterministic CBOR (RFC 8949 section 4.2.1) and back. Reading is two passes: the
 * first, which takes no memory, refuses whatever writing would not have written; the second
 * builds, and can rely on every count it meets. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UINT = 0, NINT = 1, BYTES = 2, TEXT = 3, LIST = 4, MAP = 5, SIMPLE = 7 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

/* ---- writing ---- */

struct out {
	uint8_t *p;
	size_t cap, n;
};

static void put(struct out *o, const void *p, size_t n)
{
	if (n && o->n + n <= o->cap)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void put_long_head(struct out *o, unsigned major, uint64_t v)
{
	unsigned len = v < 24 ? 0 : v <= 0xFF ? 1 : v <= 0xFFFF ? 2 : v <= 0xFFFFFFFF ? 4 : 8;
	unsigned info = v < 24 ? (unsigned)v : len == 1 ? 24 : len == 2 ? 25 : len == 4 ? 26 : 27;
	uint8_t head[9] = { (uint8_t)(major << 5 | info) };

	for (unsigned i = 0; i < len; i++)
		head[1 + i] = (uint8_t)(v >> 8 * (len - 1 - i));
	put(o, head, 1 + len);
}

static inline void put_head(struct out *o, unsigned major, uint64_t v)
{
	if (v < 24 && o->n < o->cap)
		o->p[o->n++] = (uint8_t)(major << 5 | (unsigned)v);
	else
		put_long_head(o, major, v);
}

/* The number that a key of a UMAP spells; false when it spells none. */
static bool key_number(struct krux_str key, uint64_t *out)
{
	uint64_t v = 0;

	if (!key.n || (key.n > 1 && key.p[0] == '0'))
		return false;
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] < '0' || key.p[i] > '9' ||
		    __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(key.p[i] - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

static bool value_write(struct out *, const struct krux_value *, unsigned depth);

static bool member_write(struct out *o, const struct krux_member *m, bool number, unsigned depth)
{
	uint64_t key;

	if (number) {
		if (!key_number(m->key, &key))
			return false;
		put_head(o, UINT, key);
	} else {
		put_head(o, TEXT, m->key.n);
		put(o, m->key.p, m->key.n);
	}
	return value_write(o, &m->value, depth);
}

static int member_order(const void *a, const void *b)
{
	return krux_key_cmp((*(const struct krux_member *const *)a)->key,
	                    (*(const struct krux_member *const *)b)->key);
}

/* Members that are not in order yet; canonical values never come here. */
static bool unsorted_write(struct out *o, const struct krux_value *v, unsigned depth)
{
	const struct krux_member **order = reallocarray(NULL, v->map.n, sizeof *order);
	bool ok = order != NULL;

	for (size_t i = 0; ok && i < v->map.n; i++)
		order[i] = &v->map.member[i];
	if (ok)
		qsort(order, v->map.n, sizeof *order, member_order);
	for (size_t i = 0; ok && i < v->map.n; i++)
		ok = (!i || !krux_str_eq(order[i - 1]->key, order[i]->key)) &&
		     member_write(o, order[i], v->kind == KRUX_V_UMAP, depth);
	free(order);
	return ok;
}

static bool map_write(struct out *o, const struct krux_value *v, unsigned depth)
{
	put_head(o, MAP, v->map.n);
	for (size_t i = 1; i < v->map.n; i++)
		if (krux_key_cmp(v->map.member[i - 1].key, v->map.member[i].key) >= 0)
			return unsorted_write(o, v, depth);
	for (size_t i = 0; i < v->map.n; i++)
		if (!member_write(o, &v->map.member[i], v->kind == KRUX_V_UMAP, depth))
			return false;
	return true;
}

static bool value_write(struct out *o, const struct krux_value *v, unsigned depth)
{
	switch (v->kind) {
	case KRUX_V_NULL:
		put_head(o, SIMPLE, SIMPLE_NULL);
		return true;
	case KRUX_V_BOOL:
		put_head(o, SIMPLE, v->b ? SIMPLE_TRUE : SIMPLE_FALSE);
		return true;
	case KRUX_V_UINT:
		put_head(o, UINT, v->u);
		return true;
	case KRUX_V_NINT:
		put_head(o, NINT, v->u);
		return true;
	case KRUX_V_BYTES:
	case KRUX_V_TEXT:
		put_head(o, v->kind == KRUX_V_BYTES ? BYTES : TEXT, v->str.n);
		put(o, v->str.p, v->str.n);
		return true;
	case KRUX_V_LIST:
		if (depth == KRUX_MAX_DEPTH)
			return false;
		put_head(o, LIST, v->list.n);
		for (size_t i = 0; i < v->list.n; i++)
			if (!value_write(o, &v->list.item[i], depth + 1))
				return false;
		return true;
	case KRUX_V_MAP:
	case KRUX_V_UMAP:
		return depth < KRUX_MAX_DEPTH && map_write(o, v, depth + 1);
	case KRUX_V_NUMBER:
		break;
	}
	return false;
}

size_t krux_cbor_write(const struct krux_value *v, uint8_t *buf, size_t cap)
{
	struct out o = { buf, cap, 0 };

	return value_write(&o, v, 0) ? o.n : 0;
}

/* ---- reading ---- */

struct in {
	struct krux_pool *pool;
	const uint8_t *start, *p, *end;
	struct krux_refusal *refusal;
	const char *why;          /* set by a refusing check */
	const uint8_t *at;
};

static bool in_refuse(struct in *in, const uint8_t *at, const char *why)
{
	in->at = at;
	in->why = why;
	return false;
}

static bool head_check(struct in *in, unsigned *major, uint64_t *v)
{
	const uint8_t *at = in->p;
	unsigned info, len;

	if (in->p == in->end)
		return in_refuse(in, at, "truncated");
	*major = *in->p >> 5;
	info = *in->p++ & 31;
	*v = info;
	if (info < 24)
		return true;
	if (info == 31)
		return in_refuse(in, at, "of indefinite length");
	if (info > 27)
		return in_refuse(in, at, "a reserved head");
	len = 1u << (info - 24);
	if ((size_t)(in->end - in->p) < len)
		return in_refuse(in, at, "truncated");
	*v = 0;
	for (unsigned i = 0; i < len; i++)
		*v = *v << 8 | *in->p++;
	if (*v < (len == 1 ? 24 : 1ull << 4 * len) && *major != SIMPLE)
		return in_refuse(in, at, "not the shortest form of its number");
	return true;
}

static bool run_check(struct in *in, unsigned major, uint64_t n, const uint8_t *at)
{
	if (n > (size_t)(in->end - in->p))
		return in_refuse(in, at, "truncated");
	if (major == TEXT && !krux_utf8_valid((struct krux_str){ (const char *)in->p, (size_t)n }))
		return in_refuse(in, at, "text that is not valid UTF-8");
	in->p += n;
	return true;
}

static bool key_check(struct in *in, unsigned *want, const uint8_t **prev, size_t *nprev)
{
	const uint8_t *at = in->p;
	unsigned major;
	uint64_t v;
	size_t n;
	int order;

	if (!head_check(in, &major, &v))
		return false;
	if (major != TEXT && major != UINT)
		return in_refuse(in, at, "a map key that is neither text nor unsigned");
	if (*prev && major != *want)
		return in_refuse(in, at, "a map with both text and unsigned keys");
	if (major == TEXT && !run_check(in, TEXT, v, at))
		return false;
	n = (size_t)(in->p - at);
	if (*prev) {
		order = memcmp(*prev, at, n < *nprev ? n : *nprev);
		if (order > 0 || (order == 0 && *nprev > n))
			return in_refuse(in, at, "a map key out of order");
		if (order == 0 && *nprev == n)
			return in_refuse(in, at, "a map key that is there twice");
	}
	*want = major;
	*prev = at;
	*nprev = n;
	return true;
}

static bool value_check(struct in *in, unsigned depth)
{
	const uint8_t *at = in->p, *prev = NULL;
	unsigned major, want = 0;
	size_t nprev = 0;
	uint64_t n;

	if (!head_check(in, &major, &n))
		return false;
	switch (major) {
	case UINT:
	case NINT:
		return true;
	case BYTES:
	case TEXT:
		return run_check(in, major, n, at);
	case LIST:
	case MAP:
		if (depth == KRUX_MAX_DEPTH)
			return in_refuse(in, at, "nested more than 64 deep");
		/* An item takes a byte, a member two. */
		if (n > (size_t)(in->end - in->p) / (major == MAP ? 2 : 1))
			return in_refuse(in, at, "truncated");
		for (uint64_t i = 0; i < n; i++)
			if ((major == MAP && !key_check(in, &want, &prev, &nprev)) ||
			    !value_check(in, depth + 1))
				return false;
		return true;
	case SIMPLE:
		if (in->p - at == 1 && n >= SIMPLE_FALSE && n <= SIMPLE_NULL)
			return true;
		return in_refuse(in, at, "a simple value or float that is not in the subset");
	default:
		return in_refuse(in, at, "a tag");
	}
}

/* The head at p, which a check has passed. */
static unsigned head_take(struct in *in, uint64_t *v)
{
	unsigned major = *in->p >> 5, info = *in->p & 31, len = info < 24 ? 0 : 1u << (info - 24);

	in->p++;
	*v = len ? 0 : info;
	for (unsigned i = 0; i < len; i++)
		*v = *v << 8 | *in->p++;
	return major;
}

static struct krux_str run_take(struct in *in, uint64_t n)
{
	struct krux_str s = { (const char *)in->p, (size_t)n };

	in->p += n;
	return s;
}

static bool key_take(struct in *in, struct krux_str *key, unsigned *major)
{
	char text[24];
	uint64_t v;

	*major = head_take(in, &v);
	if (*major == TEXT) {
		*key = run_take(in, v);
		return true;
	}
	key->n = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	key->p = krux_pool_copy(in->pool, text, key->n);
	return key->p != NULL;
}

static bool value_take(struct in *, struct krux_value *);

static bool map_take(struct in *in, size_t n, struct krux_value *out)
{
	struct krux_member *member = krux_pool_get(in->pool, n * sizeof *member);
	unsigned major = TEXT;

	if (!member)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!key_take(in, &member[i].key, &major) || !value_take(in, &member[i].value))
			return false;
	out->kind = major == TEXT ? KRUX_V_MAP : KRUX_V_UMAP;
	out->map.member = member;
	out->map.n = n;
	return true;
}

static bool list_take(struct in *in, size_t n, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(in->pool, n * sizeof *item);

	if (!item)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!value_take(in, &item[i]))
			return false;
	out->kind = KRUX_V_LIST;
	out->list.item = item;
	out->list.n = n;
	return true;
}

/* False only when memory runs out. */
static bool value_take(struct in *in, struct krux_value *out)
{
	uint64_t n;

	switch (head_take(in, &n)) {
	case UINT:
		out->kind = KRUX_V_UINT;
		out->u = n;
		return true;
	case NINT:
		out->kind = KRUX_V_NINT;
		out->u = n;
		return true;
	case BYTES:
		out->kind = KRUX_V_BYTES;
		out->str = run_take(in, n);
		return true;
	case TEXT:
		out->kind = KRUX_V_TEXT;
		out->str = run_take(in, n);
		return true;
	case LIST:
		return list_take(in, (size_t)n, out);
	case MAP:
		return map_take(in, (size_t)n, out);
	default:
		out->kind = n == SIMPLE_NULL ? KRUX_V_NULL : KRUX_V_BOOL;
		if (n != SIMPLE_NULL)
			out->b = n == SIMPLE_TRUE;
		return true;
	}
}

bool krux_cbor_valid(const uint8_t *p, size_t n)
{
	struct in in = { .start = p, .p = p, .end = p + n };

	return n && value_check(&in, 0) && in.p == in.end;
}

bool krux_cbor_read(struct krux_pool *pool, const uint8_t *p, size_t n, struct krux_value *out,
                    struct krux_refusal *refusal)
{
	struct in in = { .pool = pool, .start = p, .p = p, .refusal = refusal };
	struct krux_value v = { 0 };
	char where[32];

	if (!n)
		return krux_refuse(refusal, "byte 0", "empty");
	in.end = p + n;
	if (!value_check(&in, 0) || (in.p != in.end && !in_refuse(&in, in.p, "bytes after the value"))) {
		snprintf(where, sizeof where, "byte %zu", (size_t)(in.at - in.start));
		return krux_refuse(refusal, where, in.why);
	}
	in.p = p;
	if (!value_take(&in, &v))
		return krux_refuse(refusal, "", "out of memory");
	*out = v;
	return true;
}
