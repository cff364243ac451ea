/* A value to its copy, leaf by leaf. */
#include "runtime/spawn/redact.h"

#include <stdio.h>
#include <string.h>

static const struct krux_str mark = { REDACTED, sizeof REDACTED - 1 };

/* The length of the longest secret at p; 0: none is there. */
static size_t secret_at(const struct krux_str *secret, size_t n, const char *p, size_t left)
{
	size_t best = 0;

	for (size_t i = 0; i < n; i++)
		if (secret[i].n > best && secret[i].n <= left && !memcmp(secret[i].p, p, secret[i].n))
			best = secret[i].n;
	return best;
}

/* Writes the copy to `to`, or only counts where that is NULL. */
static size_t copy(const struct krux_str *secret, size_t n, struct krux_str s, char *to)
{
	size_t length = 0;

	for (size_t i = 0; i < s.n;) {
		size_t hit = secret_at(secret, n, s.p + i, s.n - i);

		if (to && hit)
			memcpy(to + length, mark.p, mark.n);
		else if (to)
			to[length] = s.p[i];
		length += hit ? mark.n : 1;
		i += hit ? hit : 1;
	}
	return length;
}

static bool has_secret(const struct krux_str *secret, size_t n, struct krux_str s)
{
	for (size_t i = 0; i < n; i++)
		if (secret[i].n && secret[i].n <= s.n && memmem(s.p, s.n, secret[i].p, secret[i].n))
			return true;
	return false;
}

bool redact_str(struct krux_pool *pool, const struct krux_str *secret, size_t n, struct krux_str s,
                struct krux_str *out)
{
	char *p;

	*out = s;
	if (!has_secret(secret, n, s))
		return true;
	out->n = copy(secret, n, s, NULL);
	p = krux_pool_get(pool, out->n);
	if (!p)
		return false;
	copy(secret, n, s, p);
	out->p = p;
	return true;
}

static bool key_taken(const struct krux_member *member, size_t n, struct krux_str key)
{
	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(member[i].key, key))
			return true;
	return false;
}

static bool key_redact(struct krux_pool *pool, const struct krux_str *secret, size_t n,
                       struct krux_str key, const struct krux_member *before, size_t nbefore,
                       struct krux_str *out)
{
	char text[32];
	int k;

	if (!redact_str(pool, secret, n, key, out))
		return false;
	if (out->p == key.p || !key_taken(before, nbefore, *out))
		return true;
	k = snprintf(text, sizeof text, REDACTED "%zu", nbefore);
	out->p = krux_pool_copy(pool, text, (size_t)k);
	out->n = (size_t)k;
	return out->p;
}

static bool map_redact(struct krux_pool *pool, const struct krux_str *secret, size_t n,
                       const struct krux_value *v, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(pool, v->map.n * sizeof *m);

	if (!m && v->map.n)
		return false;
	for (size_t i = 0; i < v->map.n; i++)
		if (!key_redact(pool, secret, n, v->map.member[i].key, m, i, &m[i].key) ||
		    !redact_value(pool, secret, n, &v->map.member[i].value, &m[i].value))
			return false;
	out->map.member = m;
	return true;
}

static bool list_redact(struct krux_pool *pool, const struct krux_str *secret, size_t n,
                        const struct krux_value *v, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(pool, v->list.n * sizeof *item);

	if (!item && v->list.n)
		return false;
	for (size_t i = 0; i < v->list.n; i++)
		if (!redact_value(pool, secret, n, &v->list.item[i], &item[i]))
			return false;
	out->list.item = item;
	return true;
}

bool redact_value(struct krux_pool *pool, const struct krux_str *secret, size_t n,
                  const struct krux_value *v, struct krux_value *out)
{
	*out = *v;
	switch (v->kind) {
	case KRUX_V_TEXT:
	case KRUX_V_BYTES:
		return redact_str(pool, secret, n, v->str, &out->str);
	case KRUX_V_LIST:
		return list_redact(pool, secret, n, v, out);
	case KRUX_V_MAP:
		return map_redact(pool, secret, n, v, out);
	default:
		return true;
	}
}
