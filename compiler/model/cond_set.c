/* Operators and literals to sets of values: which operator takes what, and that the literal
 * can make a difference. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/model/cond_walk.h"
#include "compiler/model/literal.h"
#include "compiler/model/number.h"
#include "compiler/model/pattern.h"

/* ---- literals ---- */

static void literal_fail(struct walk *w, const struct compared *c, const struct literal_fault *f)
{
	struct finding *d = walk_fail(w, 3010, f->at, true, "the literal does not fit %.*s: %.*s", STR_ARG(c->name),
	                              STR_ARG(f->text));

	d->expected = f->expected;
}

static void canonical_warn(struct walk *w, struct span at, const char *what, struct krux_str canonical)
{
	report_add(w->report, DIAG_WARNING, 3015, at, false, "this %s is not canonical", what)->fix =
		arena_printf(w->arena, "write \"%.*s\"", STR_ARG(canonical));
}

static struct krux_str ip_words(struct walk *w, struct krux_str octets)
{
	uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF };
	char text[64];
	int n;

	memcpy(octets.n == 4 ? ip + 12 : ip, octets.p, octets.n);
	n = krux_ip_text(ip, text, sizeof text);
	return arena_str(w->arena, (struct krux_str){ text, n > 0 ? (size_t)n : 0 });
}

/* The canonical value of a literal, with a warning where it was not written so. */
static bool value_of(struct walk *w, const struct compared *c, const struct literal *l, struct krux_value *out)
{
	struct krux_type widest = type_widest(c->type);
	struct literal_fault f;
	struct krux_str text;

	if (!literal_canon(w->arena, &widest, l, out, &f)) {
		literal_fail(w, c, &f);
		return false;
	}
	switch (c->type->kind) {
	case KRUX_T_PATH: case KRUX_T_HOST: case KRUX_T_CIDR:
		text = out->str;
		break;
	case KRUX_T_IP:
		text = ip_words(w, out->str);
		break;
	default:
		return true;
	}
	if (!krux_str_eq(text, l->text))
		canonical_warn(w, l->at, krux_type_word(c->type->kind), text);
	return true;
}

static bool string_of(struct walk *w, const struct literal *l, struct krux_str *out)
{
	if (l->kind == LIT_STRING) {
		*out = l->text;
		return true;
	}
	walk_fail(w, 3010, l->at, false, "%s stands where a string is expected", literal_words(l->kind))->expected =
		KRUX_STR("a string in quotes");
	return false;
}

/* ---- numbers ---- */

static bool day_of(struct walk *w, const struct literal *l, krux_u128 *out)
{
	for (size_t i = 0; l->kind == LIT_WORD && i < type_weekday.nnames; i++)
		if (krux_str_eq(type_weekday.name[i], l->text)) {
			*out = i;
			return true;
		}
	walk_fail(w, 3010, l->at, false, "this is no day of the week")->expected =
		KRUX_STR("one of mon, tue, wed, thu, fri, sat, sun");
	return false;
}

static bool time_of(struct walk *w, const struct literal *l, krux_u128 *out)
{
	uint32_t t;

	if (l->kind == LIT_TIME && time_read(l->text, &t)) {
		*out = t;
		return true;
	}
	walk_fail(w, 3010, l->at, false, "this is no time of day")->expected =
		KRUX_STR("HH:MM or HH:MM:SS without quotes, 00:00 to 23:59:59");
	return false;
}

static bool key_of(struct walk *w, const struct compared *c, const struct literal *l, krux_u128 *out)
{
	struct krux_value v;

	if (c->class == CLASS_TIME)
		return time_of(w, l, out);
	if (c->class == CLASS_WEEKDAY)
		return day_of(w, l, out);
	if (!value_of(w, c, l, &v))
		return false;
	*out = number_key(c->type, &v);
	return true;
}

static struct krux_str domain_words(struct walk *w, const struct compared *c)
{
	struct krux_type t = *c->type;

	if (c->class == CLASS_BOOL || c->class == CLASS_ENUM || c->class == CLASS_WEEKDAY || c->class == CLASS_IP)
		return type_words(w->arena, c->type);
	if (c->class == CLASS_TIME)
		return KRUX_STR("a time of 00:00 to 23:59:59");
	/* The type of a size is any count; its domain is what the field allows. */
	if (t.kind == KRUX_T_UINT) {
		t.lo = (krux_i128)c->domain.lo;
		t.hi = (krux_i128)c->domain.hi;
	}
	return arena_printf(w->arena, "%.*s is within %.*s..%.*s", STR_ARG(c->name),
	                    STR_ARG(number_words(w->arena, &t, t.lo)), STR_ARG(number_words(w->arena, &t, t.hi)));
}

static bool covers(const struct compared *c, const struct interval *v, size_t n)
{
	return n == 1 && v[0].lo <= c->domain.lo && v[0].hi >= c->domain.hi;
}

/* Intervals as written to a set; an error where the domain decides the test. */
static bool numbers_finish(struct walk *w, const struct compared *c, struct interval *v, size_t n, struct span at,
                           struct value_set *out)
{
	struct finding *f;

	n = intervals_clip(v, n, c->domain);
	n = intervals_join(v, n);
	*out = (struct value_set){ .numeric = true, .interval = v, .nintervals = n };
	if (c->abstract || (n && !covers(c, v, n)))
		return true;
	f = walk_fail(w, 3012, at, true, "the comparison is %s true of %.*s", n ? "always" : "never", STR_ARG(c->name));
	f->expected = domain_words(w, c);
	return false;
}

static bool order_resolve(struct walk *w, const struct compared *c, enum expr_op op, const struct literal *l,
                          struct span at, struct value_set *out)
{
	struct interval *v = ARENA_NEW(w->arena, struct interval);
	krux_u128 key;
	size_t n = 1;

	if (!key_of(w, c, l, &key))
		return false;
	*v = (struct interval){ 0, ~(krux_u128)0 };
	if (op == OP_LT)
		n = key > 0;
	if (op == OP_LT && key)
		v->hi = key - 1;
	if (op == OP_LE)
		v->hi = key;
	if (op == OP_GT)
		n = key != ~(krux_u128)0;
	if (op == OP_GT && n)
		v->lo = key + 1;
	if (op == OP_GE)
		v->lo = key;
	return numbers_finish(w, c, v, n, at, out);
}

/* `10.0.0.0/8`, `::/0`: IPv4 is in no block of IPv6, so that one may leave two intervals. */
static bool block_of(struct walk *w, const struct compared *c, const struct literal *l, struct interval *out, size_t *n)
{
	const krux_u128 v4 = (krux_u128)0xFFFF << 32, v4_end = v4 | 0xFFFFFFFF;
	struct compared as = { .class = CLASS_FIXED, .type = kind_widest(KRUX_T_CIDR), .name = c->name };
	struct krux_value v;
	struct interval all;
	uint8_t ip[16];
	char text[64];
	const char *why;
	unsigned prefix;
	krux_u128 mask;

	if (!value_of(w, &as, l, &v) || !krux_canon_cidr(v.str, ip, &prefix, text, sizeof text, &why))
		return false;
	all.lo = 0;
	for (size_t i = 0; i < 16; i++)
		all.lo = all.lo << 8 | ip[i];
	mask = prefix ? ~(krux_u128)0 << (128 - prefix) : 0;
	all.hi = all.lo | ~mask;
	if (!memchr(v.str.p, ':', v.str.n) || all.hi < v4 || all.lo > v4_end) {
		out[(*n)++] = all;
		return true;
	}
	if (all.lo < v4)
		out[(*n)++] = (struct interval){ all.lo, v4 - 1 };
	if (all.hi > v4_end)
		out[(*n)++] = (struct interval){ v4_end + 1, all.hi };
	return true;
}

static bool range_of(struct walk *w, const struct compared *c, const struct literal *l, struct interval *out, size_t *n)
{
	krux_u128 lo, hi;

	if (c->class != CLASS_NUMBER && c->class != CLASS_WEEKDAY && c->class != CLASS_TIME) {
		walk_fail(w, 3010, l->at, true, "%.*s has no order, so no range of it", STR_ARG(c->name))->expected =
			KRUX_STR("a list of single values");
		return false;
	}
	if (!key_of(w, c, &l->item[0], &lo) || !key_of(w, c, &l->item[1], &hi))
		return false;
	if (c->class == CLASS_TIME) {
		/* Half-open, and wrapping where the end is not after the start. */
		if (hi > lo) {
			out[(*n)++] = (struct interval){ lo, hi - 1 };
			return true;
		}
		out[(*n)++] = (struct interval){ lo, 86399 };
		if (hi)
			out[(*n)++] = (struct interval){ 0, hi - 1 };
		return true;
	}
	if (lo > hi) {
		walk_fail(w, 3017, l->at, false, "the range holds nothing")->fix =
			c->class == CLASS_WEEKDAY ? KRUX_STR("a range goes from mon to sun; list the days of one that wraps")
			                          : KRUX_STR("write the lower end first");
		return false;
	}
	out[(*n)++] = (struct interval){ lo, hi };
	return true;
}

/* One item of `in`; an error where it lies outside of what the field can be. */
static bool number_item(struct walk *w, const struct compared *c, const struct literal *l, struct interval *out, size_t *n)
{
	size_t from = *n;
	struct finding *f;

	if (l->kind == LIT_RANGE) {
		if (!range_of(w, c, l, out, n))
			return false;
	} else if (c->class == CLASS_IP && memchr(l->text.p ? l->text.p : "", '/', l->text.n)) {
		if (!block_of(w, c, l, out, n))
			return false;
	} else {
		struct interval one;

		if (!key_of(w, c, l, &one.lo))
			return false;
		one.hi = one.lo;
		out[(*n)++] = one;
	}
	for (size_t i = from; i < *n; i++)
		if (c->abstract || (out[i].lo <= c->domain.hi && out[i].hi >= c->domain.lo))
			return true;
	f = walk_fail(w, 3011, l->at, true, "%.*s is never that", STR_ARG(c->name));
	f->expected = domain_words(w, c);
	return false;
}

static bool number_items(struct walk *w, const struct compared *c, const struct literal *item, size_t nitems,
                         struct span at, struct value_set *out)
{
	struct interval *v = ARENA_ARRAY(w->arena, struct interval, 2 * nitems);
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < nitems; i++)
		ok = number_item(w, c, &item[i], v, &n) && ok;
	return ok && numbers_finish(w, c, v, n, at, out);
}

/* ---- texts ---- */

static bool pattern_has(struct krux_str pattern, struct krux_str s)
{
	struct krux_pool *pool = krux_pool_new(0);
	const char *why;
	struct krux_pattern *p = pool ? krux_pattern_compile(pool, pattern, &why) : NULL;
	bool has = p && krux_pattern_match(p, s);

	krux_pool_free(pool);
	return has;
}

static bool text_fits(struct walk *w, const struct compared *c, struct krux_str s, struct span at)
{
	struct finding *f;

	if (c->abstract || (s.n <= c->type->max && (!c->type->pattern.n || pattern_has(c->type->pattern, s))))
		return true;
	f = walk_fail(w, 3011, at, true, "%.*s is never that", STR_ARG(c->name));
	f->expected = type_words(w->arena, c->type);
	return false;
}

static int text_order(const void *a, const void *b)
{
	return name_order(*(const struct krux_str *)a, *(const struct krux_str *)b);
}

static bool text_items(struct walk *w, const struct compared *c, const struct literal *item, size_t nitems,
                       struct value_set *out)
{
	struct krux_str *text = ARENA_ARRAY(w->arena, struct krux_str, nitems);
	bool ok = true;
	size_t n = 0;

	for (size_t i = 0; i < nitems; i++) {
		struct krux_value v;

		if (item[i].kind == LIT_RANGE) {
			walk_fail(w, 3010, item[i].at, true, "%.*s has no order, so no range of it", STR_ARG(c->name))->expected =
				KRUX_STR("a list of single values");
			ok = false;
			continue;
		}
		ok = value_of(w, c, &item[i], &v) && ok;
		if (!ok)
			continue;
		text[i] = c->type->kind == KRUX_T_DIGEST ? item[i].text : v.str;
		ok = (c->type->kind == KRUX_T_BYTES || text_fits(w, c, text[i], item[i].at)) && ok;
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

static bool language_of(struct walk *w, enum language_kind kind, struct krux_str s, struct value_set *out)
{
	struct krux_str *text = ARENA_NEW(w->arena, struct krux_str);

	*text = s;
	*out = (struct value_set){ .language = kind, .text = text, .ntexts = 1 };
	return true;
}

static bool under_resolve(struct walk *w, const struct compared *c, const struct literal *l, struct value_set *out)
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

static bool matches_resolve(struct walk *w, const struct compared *c, const struct literal *l, struct value_set *out)
{
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
	walk_fail(w, 3018, l->at, false, "the glob is wrong at byte %zu: %s", at + 1, why)->expected =
		KRUX_STR("components between slashes; ** for any depth, * and ? inside of one");
	return false;
}

static bool like_resolve(struct walk *w, const struct literal *l, struct value_set *out)
{
	struct krux_str s;
	const char *why;
	size_t at;

	if (!string_of(w, l, &s))
		return false;
	if (regex_check(s, &why, &at))
		return language_of(w, LANG_REGEX, s, out);
	walk_fail(w, why == regex_large ? 9015 : 3019, l->at, false, "the expression is wrong at byte %zu: %s", at + 1,
	          why)->expected = KRUX_STR("a regular expression that the whole value matches");
	return false;
}

static bool piece_resolve(struct walk *w, const struct compared *c, enum language_kind kind, const struct literal *l,
                          struct value_set *out)
{
	struct krux_str s;

	if (!string_of(w, l, &s))
		return false;
	if (s.n)
		return language_of(w, kind, s, out);
	walk_fail(w, 3012, l->at, false, "the comparison is always true of %.*s", STR_ARG(c->name))->expected =
		KRUX_STR("a string that is not empty");
	return false;
}

/* ---- agents ---- */

static void group_add(struct walk *w, uint32_t g, struct krux_str **text, size_t *n, size_t *room)
{
	w->scope->group_used[g] = true;
	for (size_t i = 0; i < w->scope->group[g].n; i++)
		ARENA_PUSH(w->arena, *text, *n, *room, w->scope->group[g].pattern[i]);
}

static bool agent_item(struct walk *w, const struct literal *l, struct krux_str **text, size_t *n, size_t *room)
{
	uint32_t g = l->kind == LIT_WORD ? names_find(&w->scope->groups, l->text) : NAMES_NONE;
	struct krux_str near;
	struct finding *f;
	const char *why;

	if (g != NAMES_NONE) {
		group_add(w, g, text, n, room);
		return true;
	}
	if (l->kind == LIT_STRING && agent_glob_check(l->text, &why)) {
		ARENA_PUSH(w->arena, *text, *n, *room, l->text);
		return true;
	}
	near = l->kind == LIT_WORD ? diag_nearest(l->text, w->scope->groups.name, w->scope->groups.n)
	                           : (struct krux_str){ 0 };
	if (l->kind == LIT_WORD)
		f = walk_fail(w, 3021, l->at, false, "there is no group %.*s", STR_ARG(l->text));
	else
		f = walk_fail(w, 3021, l->at, false, "this is no agent pattern");
	f->expected = KRUX_STR("a group of this file, or patterns in quotes such as [ \"builder\", \"ci-*\" ]");
	if (near.n)
		f->fix = arena_printf(w->arena, "did you mean %.*s?", STR_ARG(near));
	return false;
}

static bool agents_resolve(struct walk *w, const struct literal *l, struct value_set *out)
{
	const struct literal *item = l->kind == LIT_LIST ? l->item : l;
	size_t nitems = l->kind == LIT_LIST ? l->nitems : 1, n = 0, room = 0, k = 0;
	struct krux_str *text = NULL;
	bool ok = true;

	if (l->kind == LIT_STRING) {
		walk_fail(w, 3010, l->at, false, "in takes a group or a list of patterns")->fix =
			arena_printf(w->arena, "write [ \"%.*s\" ], or use matches", STR_ARG(l->text));
		return false;
	}
	for (size_t i = 0; i < nitems; i++)
		ok = agent_item(w, &item[i], &text, &n, &room) && ok;
	if (!ok)
		return false;
	if (n)
		qsort(text, n, sizeof *text, text_order);
	for (size_t i = 0; i < n; i++)
		if (!k || name_order(text[k - 1], text[i]))
			text[k++] = text[i];
	*out = (struct value_set){ .language = LANG_AGENT_GLOB, .text = text, .ntexts = k };
	return true;
}

static bool agent_equal(struct walk *w, const struct literal *l, struct value_set *out)
{
	if (l->kind == LIT_STRING && krux_agent_valid(l->text))
		return language_of(w, LANG_LITERALS, l->text, out);
	walk_fail(w, 3021, l->at, false, "this is no agent id")->expected =
		KRUX_STR("an id in quotes, of 1 to 64 of a-z 0-9 . _ -; `agent in` takes groups, `agent matches` a pattern");
	return false;
}

/* ---- in ---- */

static bool list_check(struct walk *w, const struct compared *c, const struct literal *l)
{
	struct finding *f;

	if (l->kind == LIT_LIST && l->nitems && l->nitems <= KRUX_MAX_IN_ITEMS)
		return true;
	if (l->kind == LIT_LIST) {
		f = walk_fail(w, 3016, l->at, false, "the list of in has %zu items", l->nitems);
		f->expected = KRUX_STR("1 to 4096 items");
		return false;
	}
	if (l->kind == LIT_RANGE || (c->class == CLASS_IP && (l->kind == LIT_ADDRESS || l->kind == LIT_STRING)))
		return true;
	f = walk_fail(w, 3010, l->at, false, "in takes a list, not %s", literal_words(l->kind));
	f->expected = c->class == CLASS_NUMBER ? KRUX_STR("[ 1, 5..9 ] or 1..9") :
	              c->class == CLASS_TIME ? KRUX_STR("a window such as 09:00..17:30") :
	              KRUX_STR("a list such as [ a, b ]");
	f->fix = KRUX_STR("compare a single value by ==");
	return false;
}

static bool in_resolve(struct walk *w, const struct compared *c, const struct literal *l, struct span at,
                       struct value_set *out)
{
	bool list = l->kind == LIT_LIST;

	if (c->class == CLASS_AGENT) {
		if (list && !list_check(w, c, l))
			return false;
		return agents_resolve(w, l, out);
	}
	if (!list_check(w, c, l))
		return false;
	if (list && c->class == CLASS_TIME) {
		walk_fail(w, 3010, l->at, false, "time is in one window, not in a list")->fix =
			KRUX_STR("write time in 09:00..12:00 or time in 13:00..17:00");
		return false;
	}
	if (c->class == CLASS_TEXT || c->class == CLASS_PATH || c->class == CLASS_HOST || c->class == CLASS_FIXED)
		return text_items(w, c, list ? l->item : l, list ? l->nitems : 1, out);
	return number_items(w, c, list ? l->item : l, list ? l->nitems : 1, at, out);
}

bool set_resolve(struct walk *w, const struct compared *c, enum expr_op op, const struct literal *l, struct span at,
                 struct value_set *out)
{
	switch (op) {
	case OP_EQ: case OP_NE:
		if (c->class == CLASS_AGENT)
			return agent_equal(w, l, out);
		if (c->type->kind == KRUX_T_BYTES || kind_is_texty(c->type->kind))
			return text_items(w, c, l, 1, out);
		return number_items(w, c, l, 1, at, out);
	case OP_LT: case OP_LE: case OP_GT: case OP_GE:
		return order_resolve(w, c, op, l, at, out);
	case OP_IN:
		return in_resolve(w, c, l, at, out);
	case OP_UNDER:
		return under_resolve(w, c, l, out);
	case OP_MATCHES:
		return matches_resolve(w, c, l, out);
	case OP_LIKE:
		return like_resolve(w, l, out);
	case OP_STARTS:
		return piece_resolve(w, c, LANG_PREFIX, l, out);
	case OP_ENDS:
		return piece_resolve(w, c, LANG_SUFFIX, l, out);
	case OP_CONTAINS:
		return piece_resolve(w, c, LANG_SUBSTRING, l, out);
	}
	return false;
}

/* ---- constants ---- */

static bool path_under(struct krux_str root, struct krux_str path)
{
	if (root.n == 1)
		return true;
	return path.n >= root.n && !memcmp(path.p, root.p, root.n) && (path.n == root.n || path.p[root.n] == '/');
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
