/* Comparisons of numbers, addresses, times and days to intervals. */
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/cond_set.h"
#include "compiler/model/literal.h"
#include "compiler/model/number.h"

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

static bool key_of(struct walk *w, const struct compared *c, const struct literal *l,
                   krux_u128 *out)
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

/* What a value of it can be. */
static struct krux_str domain_words(struct walk *w, const struct compared *c)
{
	struct krux_type t = *c->type;

	if (c->class == CLASS_BOOL || c->class == CLASS_ENUM || c->class == CLASS_WEEKDAY)
		return type_words(w->arena, c->type);
	if (c->class == CLASS_IP)
		return KRUX_STR("any address");
	if (c->class == CLASS_TIME)
		return KRUX_STR("within 00:00..23:59:59");
	/* The type of a size is any count; its domain is what the field allows. */
	if (t.kind == KRUX_T_UINT) {
		t.lo = (krux_i128)c->domain.lo;
		t.hi = (krux_i128)c->domain.hi;
	}
	return arena_printf(w->arena, "within %.*s..%.*s",
	                    STR_ARG(number_words(w->arena, &t, t.lo)),
	                    STR_ARG(number_words(w->arena, &t, t.hi)));
}

static bool covers(const struct compared *c, const struct interval *v, size_t n)
{
	return n == 1 && v[0].lo <= c->domain.lo && v[0].hi >= c->domain.hi;
}

/* Intervals as written to a set; an error where the domain decides the test. */
static bool numbers_finish(struct walk *w, const struct compared *c, struct interval *v, size_t n,
                           struct span at, struct value_set *out)
{
	n = intervals_clip(v, n, c->domain);
	n = intervals_join(v, n);
	*out = (struct value_set){ .numeric = true, .interval = v, .nintervals = n };
	if (c->abstract || (n && !covers(c, v, n)))
		return true;
	walk_fail(w, 3012, at, true, "this is %s true: `%.*s` is %.*s", n ? "always" : "never",
	          STR_ARG(c->name), STR_ARG(domain_words(w, c)))
		->expected = KRUX_STR("a comparison that some values meet and others do not");
	return false;
}

bool order_resolve(struct walk *w, const struct compared *c, enum expr_op op,
                   const struct literal *l, struct span at, struct value_set *out)
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
static bool block_of(struct walk *w, const struct compared *c, const struct literal *l,
                     struct interval *out, size_t *n)
{
	const krux_u128 v4 = (krux_u128)0xFFFF << 32, v4_end = v4 | 0xFFFFFFFF;
	struct compared as = { .class = CLASS_FIXED,
		               .type = kind_widest(KRUX_T_CIDR),
		               .name = c->name };
	struct krux_value v;
	struct interval all;
	uint8_t ip[16];
	char text[64];
	const char *why;
	unsigned prefix;
	krux_u128 mask;

	if (!value_of(w, &as, l, &v) ||
	    !krux_canon_cidr(v.str, ip, &prefix, text, sizeof text, &why))
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

static bool range_of(struct walk *w, const struct compared *c, const struct literal *l,
                     struct interval *out, size_t *n)
{
	krux_u128 lo, hi;

	if (c->class != CLASS_NUMBER && c->class != CLASS_WEEKDAY && c->class != CLASS_TIME) {
		walk_fail(w, 3010, l->at, true, "`%.*s` has no order, so no range of it",
		          STR_ARG(c->name))
			->expected = KRUX_STR("a list of single values");
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
			c->class == CLASS_WEEKDAY ? KRUX_STR("a range goes from mon to sun; list "
		                                             "the days of one that wraps")
						  : KRUX_STR("write the lower end first");
		return false;
	}
	out[(*n)++] = (struct interval){ lo, hi };
	return true;
}

/* One item of `in`; an error where it lies outside of what the field can be. */
static bool number_item(struct walk *w, const struct compared *c, const struct literal *l,
                        struct interval *out, size_t *n)
{
	size_t from = *n;

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
	never_equal(w, c, l, domain_words(w, c));
	return false;
}

bool number_items(struct walk *w, const struct compared *c, const struct literal *item,
                  size_t nitems, struct span at, struct value_set *out)
{
	struct interval *v = ARENA_ARRAY(w->arena, struct interval, 2 * nitems);
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < nitems; i++)
		ok = number_item(w, c, &item[i], v, &n) && ok;
	return ok && numbers_finish(w, c, v, n, at, out);
}
