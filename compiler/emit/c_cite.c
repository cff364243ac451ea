/* From policies and rules to the tables that say which of them matched. */
#include "compiler/emit/c_cite.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/emit/c_table.h"

/* As in prelude/cite.h. */
struct match { uint32_t rule, text, when; };
struct voice { uint32_t policy, applies, from, to, variable; };
struct rate_row { struct krux_str fact; uint64_t most; };

/* Rules that are read one a line. */
enum { READABLE = 1000 };

struct c_cites {
	struct arena *a;
	const struct build *build;
	struct c_words *words;                  /* to offset + 1 */
	struct buf word;
	uint32_t *first_rule;                   /* of each policy, in rules[] */
	struct buf policies;
	struct rate_row *rate;
	size_t nrates, cap_rates;
	uint32_t nrules;
	bool tight;                             /* too many to be read */
	struct krux_str *rule;                  /* initialisers */
	struct match *match;
	size_t nmatches, cap_matches;
	struct c_words *runs;                   /* of matches, to where they start in match[] */
	struct voice *voice;
	size_t nvoices, cap_voices;
	uint32_t *of;                           /* by capability: its first voice */
	size_t ncaps, cap_caps;
};

/* Offset of a text in words[]. */
static uint32_t word_add(struct c_cites *c, struct krux_str text)
{
	bool known;
	uint32_t *at = c_word(c->words, text, &known);

	if (!known) {
		*at = (uint32_t)c->word.n;
		buf_str(&c->word, text);
		buf_putc(&c->word, 0);
	}
	return *at;
}

static struct krux_str source_name(struct span at)
{
	return at.src ? at.src->name : (struct krux_str){ "", 0 };
}

static uint32_t rate_add(struct c_cites *c, struct c_file *f, const struct policy *p, const struct rule *r)
{
	struct dd_var v = decide_window(p, r, &r->rate, NULL);
	struct rate_row row = { c_fact_name(f, decisions_fact(f->decisions, &v)), r->rate.max };

	ARENA_PUSH(c->a, c->rate, c->nrates, c->cap_rates, row);
	return (uint32_t)c->nrates;
}

/* What is 0 at the end is left out. */
static void rule_add(struct c_cites *c, struct c_file *f, const struct policy *p, const struct rule *r)
{
	uint32_t row[8] = { word_add(c, r->id), word_add(c, r->reason), r->at.src ? span_line(r->at) : 0, r->verdict,
	                    r->observe, r->rate.exceeded, r->budget.exceeded, r->rate.given ? rate_add(c, f, p, r) : 0 };
	size_t n = 8;

	while (n > 1 && !row[n - 1])
		n--;
	c->rule[c->nrules++] = c_row(c->a, c->tight, row, n);
}

struct c_cites *c_cites_new(struct c_file *f)
{
	struct c_cites *c = ARENA_NEW(f->a, struct c_cites);
	size_t rules = 0;

	c->a = f->a;
	c->build = f->build;
	c->words = c_words_new(f->a);
	c->runs = c_words_new(f->a);
	for (size_t i = 0; i < f->build->npolicies; i++)
		rules += f->build->policy[i].nrules;
	c->rule = ARENA_ARRAY(f->a, struct krux_str, rules + 1);
	c->tight = rules > READABLE;
	word_add(c, (struct krux_str){ "", 0 });
	c->first_rule = ARENA_ARRAY(f->a, uint32_t, f->build->npolicies + 1);
	for (size_t i = 0; i < f->build->npolicies; i++) {
		const struct policy *p = &f->build->policy[i];
		struct span at = p->ast ? p->ast->deflt.at : (struct span){ 0 };
		struct krux_str file = p->ast && p->ast->src ? p->ast->src->name
		                       : source_name(p->nrules ? p->rule[0].at : at);

		c->first_rule[i] = c->nrules;
		buf_printf(&c->policies, "\t{ %" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %d, ", word_add(c, p->name),
		           word_add(c, file), at.src ? span_line(at) : 0, p->layer);
		if (p->has_default)
			buf_printf(&c->policies, "%d", p->deflt);
		else
			buf_puts(&c->policies, "NO_VERDICT");
		buf_printf(&c->policies, ", %d },  /* %.*s */\n", p->observe, STR_ARG(p->name));
		for (size_t k = 0; k < p->nrules; k++)
			rule_add(c, f, p, &p->rule[k]);
	}
	return c;
}

void c_cites_free(struct c_cites *c)
{
	buf_free(&c->word);
	buf_free(&c->policies);
}

/* 0, 1, or the variable of a budget and 2. */
static uint32_t end_yes(void *ctx, uint32_t value)
{
	const uint32_t *yes = ctx;

	return value == DD_TRUE ? *yes : 0;
}

static const struct rule_cap *meeting(const struct rule *r, const struct capability *cap)
{
	for (size_t i = 0; i < r->non; i++)
		if (r->on[i].cap->index == cap->index)
			return &r->on[i];
	return NULL;
}

/* A rule's match, after those of the voice so far. */
static void match_add(struct c_cites *c, struct c_file *f, const struct capability *cap, const struct c_record *rec,
                      struct dd *m, struct voice *v, const struct rule *r, uint32_t when)
{
	const struct policy *p = &c->build->policy[v->policy];
	struct match match = { c->first_rule[v->policy] + r->index, 0, 0 };
	uint32_t yes = 1;
	struct c_test t;

	if (r->budget.given) {
		struct dd_var sum = decide_window(p, r, &r->budget, meeting(r, cap));

		yes = 2 + c_table_budget(f, rec, &sum.budget, decisions_fact(f->decisions, &sum), r->budget.max);
	}
	t = c_table_test(f, m, rec, when, end_yes, &yes);
	if (t.variable && !v->variable)
		v->variable = t.variable;
	if (t.variable && t.variable == v->variable)
		match.text = t.text;
	match.when = t.variable == v->variable || !t.variable ? t.when : c_table(f, m, rec, when, end_yes, &yes);
	if (match.text || match.when != C_NO)
		ARENA_PUSH(c->a, c->match, c->nmatches, c->cap_matches, match);
}

/* Voices that say the same share their matches. */
static void voice_end(struct c_cites *c, struct voice *v)
{
	size_t n = c->nmatches - v->from;
	bool known;
	uint32_t *from = c_word(c->runs, (struct krux_str){ (const char *)(c->match + v->from), n * sizeof *c->match }, &known);

	if (known) {
		c->nmatches = v->from;
		v->from = *from;
	}
	*from = v->from;
	v->to = v->from + (uint32_t)n;
	ARENA_PUSH(c->a, c->voice, c->nvoices, c->cap_voices, *v);
}

void c_cites_add(struct c_cites *c, struct c_file *f, const struct capability *cap, const struct c_record *rec,
                 struct dd *m)
{
	struct arena *scratch = arena_new();
	const struct cite_policy *list;
	size_t n = decide_cite(m, f->build, cap, scratch, &list);
	uint32_t yes = 1;

	ARENA_PUSH(c->a, c->of, c->ncaps, c->cap_caps, (uint32_t)c->nvoices);
	for (size_t i = 0; i < n && !dd_overflow(m); i++) {
		struct voice v = { .policy = (uint32_t)(list[i].policy - f->build->policy), .from = (uint32_t)c->nmatches };

		v.applies = c_table(f, m, rec, list[i].applies, end_yes, &yes);
		for (size_t k = 0; k < list[i].nrules; k++)
			match_add(c, f, cap, rec, m, &v, list[i].rule[k].rule, list[i].rule[k].match);
		voice_end(c, &v);
	}
	arena_free(scratch);
}

/* ---- printing ---- */

static void words_print(struct buf *b, struct c_cites *c)
{
	size_t line = 0, n;

	buf_printf(b, "static const char words[%zu] =", c->word.n + 8);
	buf_putc(&c->word, 0);
	c->word.n--;
	for (size_t at = 0; at < c->word.n; at += n + 1) {
		n = strlen(c->word.p + at);
		if (!c->tight || !line || b->n - line > 100) {
			buf_puts(b, line ? "\"\n\t\"" : "\n\t\"");
			line = b->n;
		}
		escape_c(b, (struct krux_str){ c->word.p + at, n });
		/* A digit behind it would be part of it. */
		buf_puts(b, c->tight && !(c->word.p[at + n + 1] >= '0' && c->word.p[at + n + 1] <= '9') ? "\\0" : "\\000");
	}
	buf_puts(b, "\";\n\n");
}

static void rules_print(struct buf *b, const struct c_cites *c)
{
	size_t line = 0;

	buf_printf(b, "static const struct rate rates[%zu] = {", c->nrates + 1);
	for (size_t i = 0; i < c->nrates; i++)
		c_item(b, &line, false, arena_printf(c->a, "{ %.*s, %" PRIu64 "u }", STR_ARG(c->rate[i].fact), c->rate[i].most));
	buf_printf(b, "\n};\n\nstatic const struct rule rules[%" PRIu32 "] = {", c->nrules + 1);
	line = 0;
	for (size_t p = 0, i = 0; p < c->build->npolicies; p++)
		for (size_t k = 0; k < c->build->policy[p].nrules; k++, i++) {
			if (c->tight) {
				c_item(b, &line, true, c->rule[i]);
				continue;
			}
			buf_printf(b, "\n\t%.*s,  /* ", STR_ARG(c->rule[i]));
			escape_comment(b, c->build->policy[p].rule[k].id);
			buf_puts(b, " */");
		}
	buf_puts(b, "\n};\n\n");
}

void c_cites_print(struct buf *b, struct c_cites *c)
{
	size_t line = 0;

	words_print(b, c);
	buf_printf(b, "static const struct policy policies[%zu] = {\n", c->build->npolicies + 1);
	buf_put(b, c->policies.p, c->policies.n);
	buf_puts(b, "};\n\n");
	rules_print(b, c);
	buf_printf(b, "static const struct match matches[%zu] = {", c->nmatches + 1);
	for (size_t i = 0; i < c->nmatches; i++)
		c_item(b, &line, c->tight, c_row(c->a, c->tight, (const uint32_t *)&c->match[i], 3));
	buf_printf(b, "\n};\n\nstatic const struct voice voices[%zu] = {", c->nvoices + 1);
	line = 0;
	for (size_t i = 0; i < c->nvoices; i++)
		c_item(b, &line, c->tight, c_row(c->a, c->tight, (const uint32_t *)&c->voice[i], 5));
	buf_printf(b, "\n};\n\n/* The first voice of each capability. */\nstatic const uint32_t voice_of[%zu] = {", c->ncaps + 1);
	line = 0;
	for (size_t i = 0; i < c->ncaps; i++)
		c_item(b, &line, c->tight, arena_printf(c->a, "%" PRIu32, c->of[i]));
	c_item(b, &line, c->tight, arena_printf(c->a, "%zu", c->nvoices));
	buf_puts(b, "\n};\n\n");
}
