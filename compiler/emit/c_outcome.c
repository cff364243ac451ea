/* Facts and outcomes by the names that decide.c has for them, and their tables in the ABI. */
#include "compiler/emit/c.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/escape.h"

struct answer {
	uint32_t value;
	struct krux_str name;
};

struct c_outcomes {
	struct arena *a;
	struct answer *answer;                  /* in the order of first use */
	size_t nanswers, cap_answers;
	uint32_t *by_value, nvalues;            /* to index + 1 */
	uint32_t *obligation;                   /* that are used, in the order of first use; 0 first */
	size_t nobligations, cap_obligations;
	uint32_t *by_obligation, ninterned;     /* to index + 1 */
	struct krux_str *fact;                  /* names, by fact; n 0: not used yet */
	uint32_t nfacts;
};

struct c_outcomes *c_outcomes_new(struct arena *a)
{
	struct c_outcomes *o = ARENA_NEW(a, struct c_outcomes);

	o->a = a;
	return o;
}

/* Room for index i in an array of words, zeroed. */
static uint32_t *words_reach(struct arena *a, uint32_t *p, uint32_t *n, uint32_t i)
{
	uint32_t want = *n ? *n : 64, *bigger;

	if (i < *n)
		return p;
	while (want <= i)
		want *= 2;
	bigger = ARENA_ARRAY(a, uint32_t, want);
	if (*n)
		memcpy(bigger, p, *n * sizeof *p);
	*n = want;
	return bigger;
}

static uint32_t obligation_index(struct c_outcomes *o, uint32_t interned)
{
	if (!o->nobligations && interned)
		obligation_index(o, 0);
	o->by_obligation = words_reach(o->a, o->by_obligation, &o->ninterned, interned);
	if (!o->by_obligation[interned]) {
		ARENA_PUSH(o->a, o->obligation, o->nobligations, o->cap_obligations, interned);
		o->by_obligation[interned] = (uint32_t)o->nobligations;
	}
	return o->by_obligation[interned] - 1;
}

static const char *const verdict_id[] = {
#define VERDICT(id, value, word) [value] = #id,
#include "capspec/verdicts.def"
#undef VERDICT
};

static struct krux_str answer_name(struct c_file *f, const struct outcome *out, uint32_t index)
{
	const struct obligation *list;
	struct krux_str name = { verdict_id[out->verdict], strlen(verdict_id[out->verdict]) };

	decisions_obligations(f->decisions, &list);
	if (out->would != out->verdict)
		name = arena_printf(f->a, "%.*s_WOULD_BE_%s", STR_ARG(name), verdict_id[out->would]);
	if (index && !(out->verdict == KRUX_NOTIFY && !list[out->obligation].ncounters))
		name = arena_printf(f->a, "%.*s_%" PRIu32, STR_ARG(name), index);
	return c_name(f->names, name);
}

uint32_t c_answer_index(struct c_file *f, uint32_t value)
{
	struct c_outcomes *o = f->outcomes;
	const struct outcome *out;

	o->by_value = words_reach(o->a, o->by_value, &o->nvalues, value);
	if (!o->by_value[value]) {
		out = decisions_outcome(f->decisions, value);
		if (!out)                       /* of a diagram beyond its limit, which is said when all is written */
			return 0;
		ARENA_PUSH(o->a, o->answer, o->nanswers, o->cap_answers,
		           ((struct answer){ value, answer_name(f, out, obligation_index(o, out->obligation)) }));
		o->by_value[value] = (uint32_t)o->nanswers;
	}
	return o->by_value[value] - 1;
}

struct krux_str c_answer_name(struct c_file *f, uint32_t value)
{
	uint32_t index = c_answer_index(f, value);

	return index < f->outcomes->nanswers ? f->outcomes->answer[index].name : KRUX_STR("UNKNOWN");
}

size_t c_answers_count(const struct c_file *f)
{
	return f->outcomes->nanswers;
}

/* ---- facts ---- */

static const char *const fact_word[] = {
	[KRUX_FACT_TIME] = "TIME", [KRUX_FACT_WEEKDAY] = "WEEKDAY", [KRUX_FACT_LABEL] = "LABEL",
	[KRUX_FACT_CALLS] = "CALLS", [KRUX_FACT_RATE] = "RATE", [KRUX_FACT_BUDGET] = "BUDGET",
};

struct krux_str c_fact_name(struct c_file *f, uint32_t fact)
{
	struct c_outcomes *o = f->outcomes;
	const struct fact *list, *it;
	struct krux_str wanted;

	if (!f->as_code)
		return arena_printf(f->a, "%" PRIu32, fact);
	decisions_facts(f->decisions, &list);
	it = &list[fact];
	if (fact >= o->nfacts) {
		uint32_t n = o->nfacts ? o->nfacts : 64;
		struct krux_str *bigger;

		while (n <= fact)
			n *= 2;
		bigger = ARENA_ARRAY(o->a, struct krux_str, n);
		if (o->nfacts)
			memcpy(bigger, o->fact, o->nfacts * sizeof *bigger);
		o->fact = bigger;
		o->nfacts = n;
	}
	if (o->fact[fact].n)
		return o->fact[fact];
	wanted = arena_printf(f->a, "%s%s%.*s%s%.*s", fact_word[it->kind], it->policy.n ? "_" : "", STR_ARG(it->policy),
	                      it->name.n ? "_" : "", STR_ARG(it->name));
	return o->fact[fact] = c_name(f->names, wanted);
}

/* ---- printing ---- */

static void put_duration(struct buf *b, uint64_t ns)
{
	static const struct { uint64_t ns; const char *word; } unit[] = {
		{ 86400000000000u, "d" }, { 3600000000000u, "h" }, { 60000000000u, "m" }, { 1000000000u, "s" },
		{ 1000000u, "ms" }, { 1000u, "us" },
	};

	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
		if (ns % unit[i].ns == 0) {
			buf_printf(b, "%" PRIu64 "%s", ns / unit[i].ns, unit[i].word);
			return;
		}
	buf_printf(b, "%" PRIu64 "ns", ns);
}

static void put_approval(struct buf *b, const struct approval *a)
{
	buf_printf(b, "%" PRIu32 " of", a->quorum);
	for (size_t i = 0; i < a->nfrom; i++) {
		buf_puts(b, i ? ", " : " ");
		escape_comment(b, a->from[i]);
	}
	if (!a->nfrom)
		buf_puts(b, " anyone");
}

/* What an obligation asks for, in words. */
static void put_obligation(struct buf *b, struct c_file *f, const struct obligation *o)
{
	for (size_t i = 0; i < o->napprovals; i++) {
		buf_puts(b, i ? ", and by " : " approved by ");
		put_approval(b, &o->approval[i]);
	}
	if (o->ttl) {
		buf_puts(b, " within ");
		put_duration(b, o->ttl);
	}
	if (o->notify)
		buf_puts(b, o->napprovals ? ", notify" : " notify");
	for (size_t i = 0; i < o->ncounters && i < 8; i++) {
		struct krux_str name = c_fact_name(f, o->counter[i]);

		buf_printf(b, "%s %.*s", i ? "," : " counts in", STR_ARG(name));
	}
	if (o->ncounters > 8)
		buf_printf(b, " and %zu more", o->ncounters - 8);
}

void c_outcomes_declare(struct buf *b, struct c_file *f)
{
	const struct obligation *obligation;
	const struct fact *fact;
	uint32_t nfacts = decisions_facts(f->decisions, &fact);

	decisions_obligations(f->decisions, &obligation);
	buf_puts(b, "/* ---- facts and answers ---- */\n\n");
	if (nfacts && f->as_code) {
		buf_puts(b, "enum {\n");
		for (uint32_t i = 0; i < nfacts; i++) {
			struct krux_str name = c_fact_name(f, i);
			buf_printf(b, "\t%.*s,\n", STR_ARG(name));
		}
		buf_puts(b, "};\n\n");
	}
	for (size_t i = 0; i < f->outcomes->nanswers; i++) {
		const struct answer *a = &f->outcomes->answer[i];
		const struct outcome *out = decisions_outcome(f->decisions, a->value);

		buf_printf(b, "#define %.*s ANSWER(%s, %s, %" PRIu32 ")", STR_ARG(a->name), verdict_id[out->verdict],
		           verdict_id[out->would], obligation_index(f->outcomes, out->obligation));
		if (out->obligation) {
			buf_puts(b, "  /*");
			put_obligation(b, f, &obligation[out->obligation]);
			buf_puts(b, " */");
		}
		buf_putc(b, '\n');
	}
	buf_putc(b, '\n');
}

/* What an intent adds to a budget, in the words of the ABI. */
static struct krux_str budget_sum(struct c_file *f, const struct fact *it)
{
	struct krux_str of = it->sum.access.text;

	return it->kind == KRUX_FACT_BUDGET && it->sum.kind == SUBJECT_SIZE ? arena_printf(f->a, "size(%.*s)", STR_ARG(of)) : of;
}

static void facts_print(struct buf *b, struct c_file *f)
{
	static const char *const kind[] = {
		[KRUX_FACT_TIME] = "KRUX_FACT_TIME", [KRUX_FACT_WEEKDAY] = "KRUX_FACT_WEEKDAY",
		[KRUX_FACT_LABEL] = "KRUX_FACT_LABEL", [KRUX_FACT_CALLS] = "KRUX_FACT_CALLS",
		[KRUX_FACT_RATE] = "KRUX_FACT_RATE", [KRUX_FACT_BUDGET] = "KRUX_FACT_BUDGET",
	};
	const struct fact *list;
	uint32_t n = decisions_facts(f->decisions, &list);

	buf_printf(b, "static const struct krux_fact_def facts[%" PRIu32 "] = {\n", n + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct krux_str name = c_fact_name(f, i);

		if (f->as_code)
			buf_printf(b, "\t[%.*s] = { %s, ", STR_ARG(name), kind[list[i].kind]);
		else
			buf_printf(b, "\t{ %s, ", kind[list[i].kind]);
		c_string(b, list[i].policy);
		buf_puts(b, ", ");
		c_string(b, list[i].name);
		buf_printf(b, ", %" PRIu64 "u, %" PRIu64 "u, ", list[i].per, list[i].max);
		c_string(b, list[i].kind == KRUX_FACT_BUDGET ? budget_sum(f, &list[i]) : (struct krux_str){ "", 0 });
		buf_puts(b, " },\n");
	}
	buf_puts(b, "};\n\n");
}

static void obligation_arrays(struct buf *b, struct c_file *f, const struct obligation *o, size_t index)
{
	for (size_t k = 0; k < o->napprovals; k++) {
		if (!o->approval[k].nfrom)
			continue;
		buf_printf(b, "static const char *const from_%zu_%zu[] = {", index, k);
		for (size_t i = 0; i < o->approval[k].nfrom; i++) {
			buf_puts(b, i ? ", " : " ");
			c_string(b, o->approval[k].from[i]);
		}
		buf_puts(b, " };\n");
	}
	if (o->napprovals)
		buf_printf(b, "static const struct krux_approval approvals_%zu[] = {", index);
	for (size_t k = 0; k < o->napprovals; k++) {
		buf_printf(b, "%s{ %" PRIu32 ", %zu, ", k ? ", " : " ", o->approval[k].quorum, o->approval[k].nfrom);
		if (o->approval[k].nfrom)
			buf_printf(b, "from_%zu_%zu }", index, k);
		else
			buf_puts(b, "0 }");
	}
	buf_puts(b, o->napprovals ? " };\n" : "");
	if (o->ncounters)
		buf_printf(b, "static const uint32_t counters_%zu[] = {", index);
	for (size_t k = 0; k < o->ncounters; k++) {
		struct krux_str name = c_fact_name(f, o->counter[k]);
		buf_printf(b, "%s%.*s", k ? ", " : " ", STR_ARG(name));
	}
	buf_puts(b, o->ncounters ? " };\n" : "");
}

static void obligations_print(struct buf *b, struct c_file *f)
{
	struct c_outcomes *o = f->outcomes;
	const struct obligation *list;

	decisions_obligations(f->decisions, &list);
	obligation_index(o, 0);
	for (size_t i = 0; i < o->nobligations; i++)
		obligation_arrays(b, f, &list[o->obligation[i]], i);
	buf_puts(b, "static const struct krux_obligation obligations[] = {\n");
	for (size_t i = 0; i < o->nobligations; i++) {
		const struct obligation *it = &list[o->obligation[i]];

		buf_printf(b, "\t{ %" PRIu64 "u, %zu, ", it->ttl, it->napprovals);
		if (it->napprovals)
			buf_printf(b, "approvals_%zu", i);
		else
			buf_putc(b, '0');
		buf_printf(b, ", %d, %zu, ", it->notify, it->ncounters);
		if (it->ncounters)
			buf_printf(b, "counters_%zu },\n", i);
		else
			buf_puts(b, "0 },\n");
	}
	buf_puts(b, "};\n\n");
}

void c_outcomes_print(struct buf *b, struct c_file *f)
{
	facts_print(b, f);
	obligations_print(b, f);
	if (!f->by_table)
		return;
	buf_printf(b, "static const struct krux_answer answers[%zu] = {\n", f->outcomes->nanswers);
	for (size_t i = 0; i < f->outcomes->nanswers; i++)
		buf_printf(b, "\t%.*s,\n", STR_ARG(f->outcomes->answer[i].name));
	buf_puts(b, "};\n\n");
}
