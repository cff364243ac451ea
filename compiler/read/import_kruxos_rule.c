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

/* One `key: value` as a test; n 0 where it is none of ours. */
static struct krux_str test_of(struct importer *im, const struct yaml_node *key)
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
	right = strcmp(op, "in") ? literal_of(im, v) : list_of(im, v);
	if (!base.n || !krux_str_eq(base, import_identifier(im->arena, base)) || !right.n ||
	    (number && (v->kind != YAML_SCALAR || !is_number(v->text))))
		return (struct krux_str){ 0 };
	if (*size)
		return arena_printf(im->arena, "size(%.*s) %s %.*s", STR_ARG(base), op, STR_ARG(right));
	return arena_printf(im->arena, "%.*s %s %.*s", STR_ARG(base), op, STR_ARG(right));
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
		struct krux_str test;

		if (e->tests > MOST_TESTS)
			return;
		if (e->tests++ == MOST_TESTS) {
			entry_doubt(e, k->at, KRUX_STR("too many conditions in one rule"));
			return;
		}
		test = test_of(im, k);
		if (!test.n) {
			entry_doubt(e, k->at, arena_printf(im->arena, "the condition `%.*s` is not known", STR_ARG(k->text)));
			continue;
		}
		if (text_is(k->text, "path_prefix") && k->next->text.n && k->next->text.p[k->next->text.n - 1] != '/')
			import_review(im, &e->rule.notes, "a prefix also holds for names that only begin so; "
			              "`path under` does not");
		e->rest = e->rest.n ? arena_printf(im->arena, "%.*s and %.*s", STR_ARG(e->rest), STR_ARG(test)) : test;
	}
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
