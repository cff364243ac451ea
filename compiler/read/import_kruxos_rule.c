/* Conditions, tiers and rate limits of KruxOS rules to ours; what is not known puts the rule in
 * doubt. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/read/import_kruxos_rule.h"

enum { TEST_COST = 32, MOST_TESTS = 256 };

/* ---- words ---- */

bool entry_tier(struct krux_str s, enum krux_verdict *out)
{
	static const struct { const char *word; enum krux_verdict verdict; } tiers[] = {
		{ "autonomous", KRUX_AUTONOMOUS }, { "allow", KRUX_AUTONOMOUS }, { "notify", KRUX_NOTIFY },
		{ "approval_required", KRUX_APPROVAL }, { "approval-required", KRUX_APPROVAL },
		{ "require_approval", KRUX_APPROVAL }, { "approval", KRUX_APPROVAL },
		{ "blocked", KRUX_BLOCKED }, { "block", KRUX_BLOCKED }, { "deny", KRUX_BLOCKED },
		{ "denied", KRUX_BLOCKED },
	};

	for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
		if (text_is_any_case(s, tiers[i].word)) {
			*out = tiers[i].verdict;
			return true;
		}
	return false;
}

bool entry_word(struct krux_str s, const char *const *words)
{
	for (; *words; words++)
		if (text_is(s, *words))
			return true;
	return false;
}

void entry_doubt(struct entry *e, struct span at, struct krux_str why)
{
	import_note(e->im, &e->rule.notes, IMPORT_DENIED, at, "%.*s", STR_ARG(why));
	e->doubt = true;
}

/* ---- conditions ---- */

/* What a key of `conditions:` ends in, and what that is here. */
static const struct {
	const char *suffix, *op;
	bool number;
} tests[] = {
	{ "_lt", "<", true }, { "_lte", "<=", true }, { "_gt", ">", true }, { "_gte", ">=", true },
	{ "_max", "<=", true }, { "_min", ">=", true },
	{ "_prefix", "starts with", false }, { "_suffix", "ends with", false },
	{ "_contains", "contains", false }, { "_equals", "==", false }, { "_eq", "==", false },
	{ "_glob", "matches", false }, { "_in", "in", false },
};

static bool is_number(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n && s.n <= 18;
}

static struct krux_str literal_of(struct importer *im, const struct yaml_node *v)
{
	if (v->kind != YAML_SCALAR)
		return (struct krux_str){ 0 };
	if (v->style == YAML_PLAIN && is_number(v->text))
		return v->text;
	if (v->style == YAML_PLAIN && text_is_any_case(v->text, "true"))
		return KRUX_STR("true");
	if (v->style == YAML_PLAIN && text_is_any_case(v->text, "false"))
		return KRUX_STR("false");
	return import_quoted(im->arena, v->text);
}

static struct krux_str list_of(struct importer *im, const struct yaml_node *v)
{
	struct buf b = { 0 };
	struct krux_str out = { 0 };
	bool fine = v->kind == YAML_SEQUENCE && v->n && v->n <= 4096;

	for (const struct yaml_node *i = first_of(v); i && fine; i = i->next) {
		struct krux_str item = literal_of(im, i);

		fine = item.n != 0;
		buf_puts(&b, b.n ? ", " : "[ ");
		buf_str(&b, item);
	}
	buf_puts(&b, " ]");
	if (fine)
		out = arena_str(im->arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return out;
}

/* One condition: all that it could mean, and the least; n 0 where there is no such thing here. */
struct test {
	struct krux_str wide, least;
	const char *why;                /* of n 0, where more can be said than "not known" */
};

static bool text_ends(struct krux_str s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && !memcmp(s.p + s.n - n, end, n);
}

static bool text_begins(struct krux_str s, const char *word)
{
	return s.n >= strlen(word) && !memcmp(s.p, word, strlen(word));
}

static bool is_path(struct krux_str field, struct krux_str value)
{
	return text_ends(field, "path") || text_begins(value, "/") || text_begins(value, "~") ||
	       text_begins(value, "**/");
}

/* Would somebody who wrote this have meant a pattern. */
static bool is_pattern(struct krux_str field, const struct yaml_node *v)
{
	struct krux_str s = text_of(v);

	if (text_has(s, "*"))
		return true;
	return is_path(field, s) && (text_has(s, "?") || text_has(s, "[") || text_has(s, "{"));
}

static bool any_pattern(struct krux_str field, const struct yaml_node *v)
{
	bool found = is_pattern(field, v);

	for (const struct yaml_node *i = first_of(v); i && !found; i = i->next)
		found = is_pattern(field, i);
	return found;
}

static struct test pattern_test(struct importer *im, struct krux_str field, const struct yaml_node *v)
{
	struct krux_str wide, least, s = text_of(v);
	struct test t = { .why = "is a pattern that we do not have" };

	if (!s.n || !is_path(field, s))
		return t;
	entry_glob(im->arena, s, &wide, &least);
	if (wide.n)
		t.wide = arena_printf(im->arena, "%.*s matches %.*s", STR_ARG(field), STR_ARG(wide));
	if (least.n)
		t.least = arena_printf(im->arena, "%.*s matches %.*s", STR_ARG(field), STR_ARG(least));
	return t;
}

/* A list with patterns among it. */
static struct test patterns_test(struct importer *im, struct krux_str field, const struct yaml_node *list)
{
	struct buf wide = { 0 }, least = { 0 };
	struct test out = { .why = "has a pattern that we do not have" };
	bool fine = list->n <= MOST_TESTS, both = true;

	for (const struct yaml_node *i = first_of(list); i && fine; i = i->next) {
		struct krux_str value = literal_of(im, i);
		struct test t;

		if (is_pattern(field, i)) {
			t = pattern_test(im, field, i);
		} else {
			t.wide = value.n ? arena_printf(im->arena, "%.*s == %.*s", STR_ARG(field), STR_ARG(value)) : value;
			t.least = t.wide;
		}
		fine = t.wide.n != 0;
		both &= t.least.n != 0;
		buf_printf(&wide, "%s%.*s", wide.n ? " or " : "(", STR_ARG(t.wide));
		buf_printf(&least, "%s%.*s", least.n ? " or " : "(", STR_ARG(t.least));
	}
	if (fine)
		out.wide = arena_printf(im->arena, "%.*s)", (int)wide.n, wide.p);
	if (fine && both)
		out.least = arena_printf(im->arena, "%.*s)", (int)least.n, least.p);
	buf_free(&wide);
	buf_free(&least);
	return out;
}

static struct test test_of(struct importer *im, const struct yaml_node *key)
{
	const struct yaml_node *v = key->next;
	struct krux_str base = key->text, right;
	const char *op = "==", *size = "";
	bool number = false;

	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		size_t n = strlen(tests[i].suffix);

		if (base.n > n && !memcmp(base.p + base.n - n, tests[i].suffix, n)) {
			base.n -= n;
			op = tests[i].op;
			number = tests[i].number;
			break;
		}
	}
	if (number && base.n > 5 && !memcmp(base.p + base.n - 5, "_size", 5)) {
		base.n -= 5;
		size = "size";
	}
	if (!base.n || !krux_str_eq(base, import_identifier(im->arena, base)))
		return (struct test){ 0 };
	if (!strcmp(op, "matches") || (!strcmp(op, "==") && is_pattern(base, v)))
		return pattern_test(im, base, v);
	if (!strcmp(op, "in") && any_pattern(base, v))
		return patterns_test(im, base, v);
	if (text_has(text_of(v), "*"))
		return (struct test){ .why = "has a pattern where we take plain text" };
	right = strcmp(op, "in") ? literal_of(im, v) : list_of(im, v);
	if (!right.n || (number && (v->kind != YAML_SCALAR || !is_number(v->text))))
		return (struct test){ 0 };
	right = *size ? arena_printf(im->arena, "size(%.*s) %s %.*s", STR_ARG(base), op, STR_ARG(right))
	              : arena_printf(im->arena, "%.*s %s %.*s", STR_ARG(base), op, STR_ARG(right));
	return (struct test){ right, right, NULL };
}

static struct krux_str both(struct arena *a, struct krux_str rest, struct krux_str test)
{
	return rest.n ? arena_printf(a, "%.*s and %.*s", STR_ARG(rest), STR_ARG(test)) : test;
}

static void test_add(struct entry *e, const struct yaml_node *k)
{
	struct importer *im = e->im;
	struct test test = test_of(im, k);

	if (!test.wide.n) {
		entry_doubt(e, k->at, arena_printf(im->arena, "the condition `%.*s` %s", STR_ARG(k->text),
		                                   test.why ? test.why : "is not known"));
		if (test.why)
			import_review(im, &e->rule.notes, "what `%.*s` is meant to hold for", STR_ARG(k->text));
		return;
	}
	if (!krux_str_eq(test.wide, test.least)) {
		e->loose = e->loose.src ? e->loose : k->at;
		e->no_least |= !test.least.n;
	}
	if (any_pattern(k->text, k->next))
		import_review(im, &e->rule.notes, "what has a star is read as a pattern, and `/**` holds for the folder too");
	if (text_is(k->text, "path_prefix") && k->next->text.n && k->next->text.p[k->next->text.n - 1] != '/')
		import_review(im, &e->rule.notes, "a prefix also holds for names that only begin so; "
		              "`path under` does not");
	e->rest = both(im->arena, e->rest, test.wide);
	e->least = both(im->arena, e->least, test.least);
}

/* All keys of a mapping, or of a list of mappings, must hold. */
void entry_conditions(struct entry *e, const struct yaml_node *map)
{
	struct importer *im = e->im;

	if (map->kind == YAML_SEQUENCE) {
		for (const struct yaml_node *i = map->child; i; i = i->next)
			entry_conditions(e, i);
		return;
	}
	if (map->kind != YAML_MAPPING) {
		entry_doubt(e, map->at, arena_printf(im->arena, "the condition %.*s is not known", STR_ARG(import_line(im->arena, map->text))));
		return;
	}
	for (const struct yaml_node *k = map->child; k && import_afford(im, TEST_COST); k = k->next->next) {
		if (e->tests > MOST_TESTS)
			return;
		if (e->tests++ == MOST_TESTS) {
			entry_doubt(e, k->at, KRUX_STR("too many conditions in one rule"));
			return;
		}
		test_add(e, k);
	}
}

void entry_choose(struct entry *e)
{
	struct importer *im = e->im;
	enum krux_verdict v = e->rule.verdict;

	if (e->loose.src && !e->doubt && v != KRUX_BLOCKED && (v != KRUX_AUTONOMOUS || e->no_least || e->rate)) {
		entry_doubt(e, e->loose, KRUX_STR("the pattern can be read in two ways, and neither is safe here"));
		import_review(im, &e->rule.notes, "which paths are meant");
	}
	if (e->loose.src)
		import_note(im, &e->rule.notes, IMPORT_CHANGED, e->loose, "the pattern can be read in two ways: the rule %s",
		            e->doubt || v == KRUX_BLOCKED ? "holds for all that could be meant"
		                                          : "holds for what is meant in any case");
	e->rule.when = e->doubt || v == KRUX_BLOCKED ? e->rest : e->least;
}

/* ---- rates ---- */

void entry_rate(struct entry *e)
{
	static const struct { const char *key; uint64_t seconds; } windows[] = {
		{ "max_per_second", 1 }, { "max_per_minute", 60 }, { "max_per_hour", 3600 }, { "max_per_day", 86400 },
	};
	static const char *const beyond[] = { "on_exceed", "escalate_to", "exceeded", NULL };
	struct importer *im = e->im;
	struct draft_rate *rate = &e->rule.rate;
	struct krux_str max = { 0 };
	uint64_t seconds = 0;
	bool named = false, fine = e->rate->kind == YAML_MAPPING;
	char text[32];
	int n;

	for (const struct yaml_node *k = fine ? e->rate->child : NULL; k; k = k->next->next) {
		struct krux_str v = text_of(k->next);
		bool known = true;

		if (text_is(k->text, "max")) {
			max = v;
		} else if (text_is(k->text, "window") || text_is(k->text, "window_seconds")) {
			fine &= is_number(v) && v.n < 10;
			seconds = fine ? strtoull(v.p, NULL, 10) : 0;
		} else if (entry_word(k->text, beyond)) {
			named = true;
			known = entry_tier(v, &rate->exceeded);
		} else {
			known = false;
			for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
				if (text_is(k->text, windows[i].key)) {
					fine &= !max.n;
					max = v;
					seconds = windows[i].seconds;
					known = true;
				}
		}
		if (!known)
			entry_doubt(e, k->at, arena_printf(im->arena, "`%.*s` of a rate limit is not known", STR_ARG(k->text)));
	}
	if (!fine || !is_number(max) || !seconds) {
		entry_doubt(e, e->rate->at, KRUX_STR("this rate limit is not known"));
		return;
	}
	n = krux_duration_text(seconds * 1000000000u, text, sizeof text);
	rate->given = true;
	rate->max = max;
	rate->per = arena_printf(im->arena, "%.*s", n < 0 ? 0 : n, text);
	if (named && rate->exceeded >= e->rule.verdict) {
		import_note(im, &e->rule.notes, IMPORT_CHANGED, e->rate->at, "beyond the rate limit the verdict is blocked: "
		            "it must be stricter than %s", draft_verdict_word(e->rule.verdict));
		rate->exceeded = KRUX_BLOCKED;
	}
	if (!named)
		import_review(im, &e->rule.notes, "the verdict beyond the rate limit");
	import_say(im, &e->rule.notes, KRUX_STR("The rate counts for each agent, in a sliding window."));
}
