/* Texts: what was written to the one text of a type, and URLs to their parts. */
#include "capspec/canon_part.h"

#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

static struct krux_pattern *pattern_get(struct canon *c, struct krux_str pattern, const char **why)
{
	struct compiled *k = *c->compiled;

	while (k && k->text != pattern.p)
		k = k->next;
	if (k)
		return k->pattern;
	*why = "out of memory";
	k = krux_pool_get(c->pool, sizeof *k);
	if (!k)
		return NULL;
	k->text = pattern.p;
	k->pattern = krux_pattern_compile(c->pool, pattern, why);
	if (!k->pattern)
		return NULL;
	k->next = *c->compiled;
	*c->compiled = k;
	return k->pattern;
}

static bool pattern_check(struct canon *c, struct krux_str pattern, struct krux_str s)
{
	const char *why = NULL;
	struct krux_pattern *p = pattern_get(c, pattern, &why);

	if (!p)
		return canon_refuse(c, "the pattern of its type: %s", why);
	return krux_pattern_match(p, s) ||
	       canon_refuse(c, "does not match the pattern \"%.*s\"",
	              (int)(pattern.n < 150 ? pattern.n : 150), pattern.p);
}

bool canon_string_check(struct canon *c, const struct krux_type *t, struct krux_str s)
{
	if (!krux_utf8_valid(s))
		return canon_refuse(c, "is not valid UTF-8");
	if (s.n && memchr(s.p, 0, s.n))
		return canon_refuse(c, "holds a NUL");
	if (s.n > t->max)
		return canon_refuse(c, "has %zu bytes, at most %llu are allowed", s.n,
		              (unsigned long long)t->max);
	return !t->pattern.n || pattern_check(c, t->pattern, s);
}

static bool secret_check(struct canon *c, struct krux_str s)
{
	return krux_agent_valid(s) || canon_refuse(c, "the name of a secret is 1 to 64 of a-z 0-9 . _ -");
}

static bool enum_check(struct canon *c, const struct krux_type *t, struct krux_str s)
{
	char names[200];
	size_t n = 0;

	for (size_t i = 0; i < t->nnames; i++)
		if (krux_str_eq(t->name[i], s))
			return true;
	for (size_t i = 0; i < t->nnames; i++) {
		if (n + t->name[i].n + 8 > sizeof names) {
			n += (size_t)snprintf(names + n, sizeof names - n, ", ...");
			break;
		}
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%.*s", i ? ", " : "",
		                      (int)t->name[i].n, t->name[i].p);
	}
	return canon_refuse(c, "must be one of %.*s", (int)n, names);
}

/* Kinds whose canonical text may differ from what was written. */
static bool rewritten_canon(struct canon *c, const struct krux_type *t, struct krux_str in,
                            struct krux_str *out)
{
	size_t cap = t->kind == KRUX_T_PATH ? in.n + 1 : KRUX_MAX_HOST + 1;
	char *to = krux_pool_get(c->pool, cap);
	const char *why;
	uint8_t ip[16];
	unsigned prefix;
	int n;

	if (!to)
		return canon_memory_refuse(c);
	if (t->kind == KRUX_T_PATH)
		n = krux_canon_path(in, to, cap, &why);
	else if (t->kind == KRUX_T_HOST)
		n = krux_canon_host(in, to, cap, &why);
	else
		n = krux_canon_cidr(in, ip, &prefix, to, cap, &why) ? (int)strlen(to) : -1;
	if (n < 0)
		return canon_refuse(c, "%s", why);
	if ((uint64_t)n > t->max)
		return canon_refuse(c, "has %d bytes, at most %llu are allowed", n, (unsigned long long)t->max);
	*out = (struct krux_str){ to, (size_t)n };
	return true;
}

bool canon_text(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                       struct krux_value *out)
{
	if (in->kind != KRUX_V_TEXT)
		return canon_kind_refuse(c, t->kind == KRUX_T_ENUM ? "one of its names" : krux_type_word(t->kind),
		                   in);
	*out = *in;
	switch (t->kind) {
	case KRUX_T_STRING:
		return canon_string_check(c, t, in->str);
	case KRUX_T_ENUM:
		return enum_check(c, t, in->str);
	case KRUX_T_SECRET:
		return secret_check(c, in->str);
	default:
		return rewritten_canon(c, t, in->str, &out->str);
	}
}

static struct krux_value text_value(const char *p, size_t n)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { p, n } };
}

static bool url_put(struct canon *c, const struct krux_url *url, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(c->pool, 5 * sizeof *m);
	char *text = krux_pool_get(c->pool, url->host.n + url->path.n + url->query.n);

	if (!m || !text)
		return canon_memory_refuse(c);
	m[0] = (struct krux_member){ KRUX_STR("host"), text_value(text, url->host.n) };
	memcpy(text, url->host.p, url->host.n);
	text += url->host.n;
	m[1] = (struct krux_member){ KRUX_STR("path"), text_value(text, url->path.n) };
	memcpy(text, url->path.p, url->path.n);
	text += url->path.n;
	m[2] = (struct krux_member){ KRUX_STR("port"), { .kind = KRUX_V_UINT, .u = url->port } };
	m[3] = (struct krux_member){ KRUX_STR("query"), text_value(text, url->query.n) };
	memcpy(text, url->query.p, url->query.n);
	m[4] = (struct krux_member){ KRUX_STR("scheme"), url->https ? text_value("https", 5)
	                                                            : text_value("http", 4) };
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 5 } };
	return true;
}

bool canon_url(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                      struct krux_value *out)
{
	char text[KRUX_MAX_URL];
	struct krux_url url;
	const char *why;

	if (in->kind != KRUX_V_TEXT && in->kind != KRUX_V_MAP)
		return canon_kind_refuse(c, "a URL", in);
	if (!(in->kind == KRUX_V_TEXT ? krux_canon_url(in->str, &url, &why)
	                              : krux_canon_url_parts(in, &url, &why)))
		return canon_refuse(c, "%s", why);
	if (t->max < sizeof text && krux_url_text(&url, text, (size_t)t->max) < 0)
		return canon_refuse(c, "is longer than %llu bytes", (unsigned long long)t->max);
	return url_put(c, &url, out);
}
