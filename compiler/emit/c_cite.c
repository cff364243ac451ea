/* From policies and rules to the tables that say which of them matched. */
#include "compiler/emit/c_cite.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/emit/c_table.h"

struct match { uint32_t rule, when, budget; };
struct voice { uint32_t policy, applies, from, to; };

struct c_cites {
	struct arena *a;
	const struct build *build;
	struct c_words *words;                  /* to offset + 1 */
	struct buf word;
	uint32_t *first_rule;                   /* of each policy, in rules[] */
	struct buf rules, policies;
	struct match *match;
	size_t nmatches, cap_matches;
	struct voice *voice;
	size_t nvoices, cap_voices;
	uint32_t *of;                           /* by capability: its first voice */
	size_t ncaps, cap_caps;
};

uint32_t c_cites_word(struct c_cites *c, struct krux_str text)
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

static uint32_t rate_fact(struct c_file *f, const struct policy *p, const struct rule *r, const struct rate *rate)
{
	struct dd_var v = { .kind = DD_NUMBER, .is_fact = true, .policy = p->name, .per = rate->per, .max = rate->max,
	                    .fact = rate->budget ? KRUX_FACT_BUDGET : KRUX_FACT_RATE };

	v.subject.name = r->id;
	return decisions_fact(f->decisions, &v);
}

static void put_rule(struct c_cites *c, struct c_file *f, const struct policy *p, const struct rule *r)
{
	struct buf *b = &c->rules;

	buf_printf(b, "\t{ %" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %d, %d, %d, %d, ", c_cites_word(c, r->id),
	           c_cites_word(c, r->reason), r->at.src ? span_line(r->at) : 0, r->verdict, r->rate.exceeded,
	           r->budget.exceeded, r->observe);
	if (r->rate.given) {
		struct krux_str name = c_fact_name(f, rate_fact(f, p, r, &r->rate));
		buf_printf(b, "%.*s + 1, %" PRIu64 "u", STR_ARG(name), r->rate.max);
	} else {
		buf_puts(b, "0, 0");
	}
	buf_puts(b, " },  /* ");
	escape_comment(b, r->id);
	buf_puts(b, " */\n");
}

struct c_cites *c_cites_new(struct c_file *f)
{
	struct c_cites *c = ARENA_NEW(f->a, struct c_cites);
	uint32_t rules = 0;

	c->a = f->a;
	c->build = f->build;
	c->words = c_words_new(f->a);
	c_cites_word(c, (struct krux_str){ "", 0 });
	c->first_rule = ARENA_ARRAY(f->a, uint32_t, f->build->npolicies + 1);
	for (size_t i = 0; i < f->build->npolicies; i++) {
		const struct policy *p = &f->build->policy[i];
		struct span at = p->ast ? p->ast->deflt.at : (struct span){ 0 };
		struct krux_str file = p->ast && p->ast->src ? p->ast->src->name
		                       : source_name(p->nrules ? p->rule[0].at : at);

		c->first_rule[i] = rules;
		rules += (uint32_t)p->nrules;
		buf_printf(&c->policies, "\t{ %" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %d, ", c_cites_word(c, p->name),
		           c_cites_word(c, file), at.src ? span_line(at) : 0, p->layer);
		if (p->has_default)
			buf_printf(&c->policies, "%d", p->deflt);
		else
			buf_puts(&c->policies, "NO_VERDICT");
		buf_printf(&c->policies, ", %d },  /* %.*s */\n", p->observe, STR_ARG(p->name));
		for (size_t k = 0; k < p->nrules; k++)
			put_rule(c, f, p, &p->rule[k]);
	}
	return c;
}

void c_cites_free(struct c_cites *c)
{
	buf_free(&c->word);
	buf_free(&c->rules);
	buf_free(&c->policies);
}

static uint32_t end_yes(void *ctx, uint32_t value)
{
	(void)ctx;
	return value == DD_TRUE;
}

static const struct rule_cap *meeting(const struct rule *r, const struct capability *cap)
{
	for (size_t i = 0; i < r->non; i++)
		if (r->on[i].cap->index == cap->index)
			return &r->on[i];
	return NULL;
}

void c_cites_add(struct c_cites *c, struct c_file *f, const struct capability *cap, const struct c_record *rec,
                 struct dd *m)
{
	struct arena *scratch = arena_new();
	const struct cite_policy *list;
	size_t n = decide_cite(m, f->build, cap, scratch, &list);

	ARENA_PUSH(c->a, c->of, c->ncaps, c->cap_caps, (uint32_t)c->nvoices);
	for (size_t i = 0; i < n && !dd_overflow(m); i++) {
		uint32_t policy = (uint32_t)(list[i].policy - f->build->policy);
		struct voice v = { policy, c_table(f, m, rec, list[i].applies, end_yes, NULL), (uint32_t)c->nmatches, 0 };

		for (size_t k = 0; k < list[i].nrules; k++) {
			const struct rule *r = list[i].rule[k].rule;
			struct match match = { c->first_rule[policy] + r->index, 0, 0 };

			match.when = c_table(f, m, rec, list[i].rule[k].match, end_yes, NULL);
			if (match.when == C_END)
				continue;
			if (r->budget.given)
				match.budget = 1 + c_table_budget(f, rec, &meeting(r, cap)->budget,
				                                  rate_fact(f, list[i].policy, r, &r->budget), r->budget.max);
			ARENA_PUSH(c->a, c->match, c->nmatches, c->cap_matches, match);
		}
		v.to = (uint32_t)c->nmatches;
		ARENA_PUSH(c->a, c->voice, c->nvoices, c->cap_voices, v);
	}
	arena_free(scratch);
}

/* ---- printing ---- */

static void put_word(struct buf *b, uint32_t w)
{
	buf_printf(b, w > 9 ? "%#" PRIx32 : "%" PRIx32, w);
}

static void words_print(struct buf *b, const struct c_cites *c)
{
	buf_printf(b, "static const char words[%zu] =\n", c->word.n + 8);
	for (size_t at = 0, n; at < c->word.n; at += n + 1) {
		n = strlen(c->word.p + at);
		buf_puts(b, "\t\"");
		escape_c(b, (struct krux_str){ c->word.p + at, n });
		buf_puts(b, "\\000\"\n");
	}
	buf_puts(b, "\t\"\";\n\n");
}

void c_cites_print(struct buf *b, const struct c_cites *c)
{
	words_print(b, c);
	buf_printf(b, "static const struct policy policies[%zu] = {\n", c->build->npolicies + 1);
	buf_put(b, c->policies.p, c->policies.n);
	buf_puts(b, "};\n\nstatic const struct rule rules[] = {\n");
	buf_put(b, c->rules.p, c->rules.n);
	buf_printf(b, "\t{ 0 }\n};\n\nstatic const struct match matches[%zu] = {\n", c->nmatches + 1);
	for (size_t i = 0; i < c->nmatches; i++) {
		buf_puts(b, "\t{ ");
		buf_printf(b, "%" PRIu32 ", ", c->match[i].rule);
		put_word(b, c->match[i].when);
		buf_printf(b, ", %" PRIu32 " },\n", c->match[i].budget);
	}
	buf_printf(b, "};\n\nstatic const struct voice voices[%zu] = {\n", c->nvoices + 1);
	for (size_t i = 0; i < c->nvoices; i++) {
		buf_printf(b, "\t{ %" PRIu32 ", ", c->voice[i].policy);
		put_word(b, c->voice[i].applies);
		buf_printf(b, ", %" PRIu32 ", %" PRIu32 " },\n", c->voice[i].from, c->voice[i].to);
	}
	buf_printf(b, "};\n\n/* The first voice of each capability. */\nstatic const uint32_t voice_of[%zu] = {", c->ncaps + 1);
	for (size_t i = 0; i < c->ncaps; i++)
		buf_printf(b, "%s%" PRIu32 ",", i % 12 ? " " : "\n\t", c->of[i]);
	buf_printf(b, "%s%zu\n};\n\n", c->ncaps % 12 ? " " : "\n\t", c->nvoices);
}
