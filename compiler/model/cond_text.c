/* Comparisons of texts to languages. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/cond_set.h"
#include "compiler/model/literal.h"
#include "compiler/model/pattern.h"

static bool pattern_has(struct krux_str pattern, struct krux_str s)
{
	struct krux_pool *pool = krux_pool_new(0);
	const char *why;
	struct krux_pattern *p = pool ? krux_pattern_compile(pool, pattern, &why) : NULL;
	bool has = p && krux_pattern_match(p, s);

	krux_pool_free(pool);
	return has;
}

static bool text_fits(struct walk *w, const struct compared *c, struct krux_str s,
                      const struct literal *l)
{
	if (c->abstract ||
	    (s.n <= c->type->max && (!c->type->pattern.n || pattern_has(c->type->pattern, s))))
		return true;
	never_equal(w, c, l, type_words(w->arena, c->type));
	return false;
}

int text_order(const void *a, const void *b)
{
	return name_order(*(const struct krux_str *)a, *(const struct krux_str *)b);
}

bool text_items(struct walk *w, const struct compared *c, const struct literal *item, size_t nitems,
                       struct value_set *out)
{
	struct krux_str *text = ARENA_ARRAY(w->arena, struct krux_str, nitems);
	bool ok = true;
	size_t n = 0;

	for (size_t i = 0; i < nitems; i++) {
		struct krux_value v;

		if (item[i].kind == LIT_RANGE) {
			walk_fail(w, 3010, item[i].at, true,
			          "`%.*s` has no order, so no range of it", STR_ARG(c->name))
				->expected = KRUX_STR("a list of single values");
			ok = false;
			continue;
		}
		ok = value_of(w, c, &item[i], &v) && ok;
		if (!ok)
			continue;
		text[i] = c->type->kind == KRUX_T_DIGEST ? item[i].text : v.str;
		ok = (c->type->kind == KRUX_T_BYTES || text_fits(w, c, text[i], &item[i])) && ok;
	}
	if (!ok)
		return false;
	qsort(text, nitems, sizeof *text, text_order);
	for (size_t i = 0; i < nitems; i++)
		if (!n || name_order(text[n - 1], text[i]))
			text[n++] = text[i];
	*out = (struct value_set){ .language = LANG_LITERALS, .text = text, .ntexts = n };
	return true;
}

bool language_of(struct walk *w, enum language_kind kind, struct krux_str s, struct value_set *out)
{
	struct krux_str *text = ARENA_NEW(w->arena, struct krux_str);

	*text = s;
	*out = (struct value_set){ .language = kind, .text = text, .ntexts = 1 };
	return true;
}

bool under_resolve(struct walk *w, const struct compared *c, const struct literal *l,
                   struct value_set *out)
{
	struct krux_value v;
	const char *why;
	uint8_t ip[16];
	bool v4;

	if (!value_of(w, c, l, &v))
		return false;
	if (c->class == CLASS_PATH)
		return language_of(w, LANG_UNDER_PATH, v.str, out);
	if (krux_canon_ip(v.str, ip, &v4, &why)) {
		walk_fail(w, 3010, l->at, false, "nothing is under an address")->expected =
			KRUX_STR("a DNS name such as \"example.com\"");
		return false;
	}
	return language_of(w, LANG_UNDER_HOST, v.str, out);
}

bool matches_resolve(struct walk *w, const struct compared *c, const struct literal *l,
                     struct value_set *out)
{
	struct finding *f;
	struct krux_str s;
	const char *why;
	size_t at;

	if (!string_of(w, l, &s))
		return false;
	if (c->class == CLASS_AGENT) {
		if (agent_glob_check(s, &why))
			return language_of(w, LANG_AGENT_GLOB, s, out);
		walk_fail(w, 3021, l->at, false, "%s", why);
		return false;
	}
	if (glob_check(s, &why, &at))
		return language_of(w, LANG_GLOB, s, out);
	f = walk_fail(w, 3018, literal_byte(l, at), false, "the glob is wrong at byte %zu: %s",
	              at + 1, why);
	if (!at && s.n && s.n < 100)
		f->fix = arena_printf(w->arena, "write \"**/%.*s\" for any folder", STR_ARG(s));
	return false;
}

bool like_resolve(struct walk *w, const struct literal *l, struct value_set *out)
{
	struct krux_str s;
	const char *why;
	size_t at;

	if (!string_of(w, l, &s))
		return false;
	if (regex_check(s, &why, &at))
		return language_of(w, LANG_REGEX, s, out);
	if (why == regex_large)
		walk_fail(w, 9015, l->at, false, "%s", why)->expected = KRUX_STR(REGEX_LARGEST);
	else
		walk_fail(w, 3019, literal_byte(l, at), false,
		          "the expression is wrong at byte %zu: %s", at + 1, why);
	return false;
}

bool piece_resolve(struct walk *w, const struct compared *c, enum language_kind kind,
                   const struct literal *l, struct value_set *out)
{
	struct krux_str s;

	if (!string_of(w, l, &s))
		return false;
	if (s.n)
		return language_of(w, kind, s, out);
	walk_fail(w, 3012, l->at, false, "this is always true of `%.*s`", STR_ARG(c->name))
		->expected = KRUX_STR("a string that is not empty");
	return false;
}

static bool path_under(struct krux_str root, struct krux_str path)
{
	if (root.n == 1)
		return true;
	return path.n >= root.n && !memcmp(path.p, root.p, root.n) &&
	       (path.n == root.n || path.p[root.n] == '/');
}

bool set_has_path(struct walk *w, const struct value_set *s, struct krux_str path)
{
	struct krux_str t = s->text[0];
	const char *why;
	size_t at;

	switch (s->language) {
	case LANG_LITERALS:
		for (size_t i = 0; i < s->ntexts; i++)
			if (krux_str_eq(s->text[i], path))
				return true;
		return false;
	case LANG_UNDER_PATH:
		return path_under(t, path);
	case LANG_GLOB:
		return glob_match(glob_parse(w->arena, t, &why, &at), path);
	case LANG_REGEX:
		return pattern_has(t, path);
	case LANG_PREFIX:
		return path.n >= t.n && !memcmp(path.p, t.p, t.n);
	case LANG_SUFFIX:
		return path.n >= t.n && !memcmp(path.p + path.n - t.n, t.p, t.n);
	case LANG_SUBSTRING:
		return memmem(path.p, path.n, t.p, t.n) != NULL;
	default:
		return false;
	}
}
