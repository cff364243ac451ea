/* Policy files by their keys: every key reaches its place in the tree, every mistake its code
 * and place. And the JSON Schema that editors get from the same table. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit/policyschema.h"
#include "compiler/read/policykeys.h"
#include "tests/unit/reading.h"

static struct reading r;

static const struct policyfile *parse(const char *text)
{
	reading_start(&r, text, strlen(text), true);
	return r.src ? policyfile_parse(r.arena, r.diags, r.src) : NULL;
}

static bool word_is(struct ast_word w, const char *text)
{
	return w.at.src && str_is(w.text, text);
}

static const char whole[] =
	"krux: policy/1\n"
	"name: all\n"
	"layer: agent\n"
	"agents: [ builder, \"ci-*\" ]\n"
	"description: Everything at once.\n"
	"zone: Europe/London\n"
	"groups:\n"
	"  builders: builder\n"
	"  robots: [ a, b ]\n"
	"define:\n"
	"  here: path under \"/workspace\"\n"
	"mode: observe\n"
	"rules:\n"
	"  - id: one\n"
	"    on: filesystem.read\n"
	"    agent: builders\n"
	"    when: here and\n"
	"      size(content) > 10KiB\n"
	"    verdict: approval-required\n"
	"    up-to: reads\n"
	"    reason: 'because: so'\n"
	"    approval: { ttl: 1h, from: [ ops, dev ], quorum: 2 }\n"
	"    rate: { max: 10, per: 1h, exceeded: blocked }\n"
	"    budget: { sum: size(content), max: 10MiB, per: 1d }\n"
	"    mode: enforce\n"
	"  - { id: two, on: [ \"*\" ], verdict: no }\n"
	"default: blocked\n"
	"prove:\n"
	"  - id: claim\n"
	"    never: autonomous\n"
	"    always: [ blocked, notify ]\n"
	"    on: \"filesystem.*\"\n"
	"    agent: \"ci-*\"\n"
	"    when: any(reads, it under \"/etc\")\n"
	"tests:\n"
	"  - call: filesystem.read@1.0 { path: \"/a\", n: 3 }\n"
	"    as: me\n"
	"    facts: { time: \"09:30\", weekday: mon, labels: x, calls: { a.b: 3 }, rates: { one: 4, p/two: 5 },\n"
	"             budgets: { one: 6 } }\n"
	"    expect: blocked\n"
	"    by: one\n"
	"    would: notify\n";

START_TEST(every_key)
{
	const struct policyfile *f = parse(whole);
	const struct ast_rule *rule;
	const struct ast_test *test;

	reading_clean(&r);
	ck_assert(word_is(f->krux, "policy/1") && word_is(f->name, "all") && word_is(f->layer, "agent"));
	ck_assert(word_is(f->description, "Everything at once.") && word_is(f->zone, "Europe/London"));
	ck_assert(word_is(f->mode, "observe") && word_is(f->deflt, "blocked"));
	ck_assert_uint_eq(f->agents.n, 2);
	ck_assert(word_is(f->agents.item[1], "ci-*"));
	ck_assert_uint_eq(f->ngroups, 2);
	ck_assert(word_is(f->group[0].name, "builders") && f->group[0].words.n == 1);
	ck_assert(word_is(f->group[1].words.item[1], "b"));
	ck_assert_uint_eq(f->ndefines, 1);
	ck_assert(word_is(f->define[0].name, "here") && f->define[0].expr);
	ck_assert_uint_eq(f->nrules, 2);
	rule = f->rule;
	ck_assert(word_is(rule->id, "one") && rule->on.n == 1 && word_is(rule->agent.item[0], "builders"));
	ck_assert(word_is(rule->when_text, "here and size(content) > 10KiB"));
	ck_assert_int_eq(rule->when->kind, EXPR_AND);
	ck_assert(word_is(rule->verdict, "approval-required") && word_is(rule->up_to, "reads"));
	ck_assert(word_is(rule->reason, "because: so") && word_is(rule->mode, "enforce"));
	ck_assert(rule->approval.given && word_is(rule->approval.ttl, "1h"));
	ck_assert(rule->approval.from.n == 2 && word_is(rule->approval.quorum, "2"));
	ck_assert(rule->rate.given && word_is(rule->rate.max, "10") && word_is(rule->rate.exceeded, "blocked"));
	ck_assert(rule->budget.given && word_is(rule->budget.per, "1d") && !rule->budget.exceeded.at.src);
	ck_assert_int_eq(rule->budget.sum_operand->kind, OPERAND_SIZE);
	ck_assert_uint_eq(span_line(rule->at), 14);
	ck_assert(word_is(f->rule[1].verdict, "no") && !f->rule[1].when && !f->rule[1].when_text.at.src);
	ck_assert(!f->rule[1].rate.given);
	ck_assert(word_is(f->prove[0].never.item[0], "autonomous") && f->prove[0].always.n == 2 && f->prove[0].when);
	test = f->test;
	ck_assert(str_is(test->capability, "filesystem.read@1.0"));
	ck_assert_uint_eq(test->args->nitems, 2);
	ck_assert(word_is(test->as, "me") && word_is(test->expect, "blocked") && word_is(test->by, "one"));
	ck_assert(word_is(test->would, "notify") && word_is(test->time, "09:30") && word_is(test->weekday, "mon"));
	ck_assert(test->labels.n == 1 && test->ncalls == 1 && test->nrates == 2);
	ck_assert(word_is(test->calls[0].name, "a.b") && word_is(test->rates[1].value, "5"));
	ck_assert(test->nbudgets == 1 && word_is(test->budgets[0].name, "one"));
	reading_end(&r);
}
END_TEST

#define HEAD "krux: policy/1\nname: x\nlayer: organization\n"
#define RULE HEAD "rules:\n  - id: a\n    on: a.b\n    verdict: blocked\n"

static const struct {
	const char *text;
	unsigned code;
	uint32_t line, col;
	const char *fix;                /* a part of it; NULL: any */
} wrong[] = {
	{ "name: x\nlayer: system\n", 2024, 1, 1, "kruxc import" },
	{ "name: x\nkrux: policy/1\nlayer: system\n", 2024, 1, 1, "to the top" },
	{ "krux: policy/2\nname: x\nlayer: system\n", 2024, 1, 7, "policy/1" },
	{ "- krux: policy/1\n", 2024, 1, 1, NULL },
	{ "policy/1\n", 2024, 1, 1, NULL },
	{ "krux: [ policy/1 ]\n", 2024, 1, 7, NULL },
	{ "krux: policy/1\nlayer: system\n", 2021, 1, 1, "name:" },
	{ "krux: policy/1\nnmae: x\nlayer: system\n", 2020, 2, 1, "did you mean `name`?" },
	{ HEAD "colour: red\n", 2020, 4, 1, NULL },
	{ HEAD "rules: x\n", 2022, 4, 8, "- id:" },
	{ HEAD "rules: { id: a }\n", 2022, 4, 8, NULL },
	{ HEAD "rules:\n  - x\n", 2022, 5, 5, "- id:" },
	{ HEAD "rules:\n", 2023, 4, 7, NULL },
	{ HEAD "rules:\n  - id: a\n    verdict: blocked\n", 2021, 5, 5, "on:" },
	{ HEAD "rules:\n  - id: a\n    on: { a: b }\n    verdict: blocked\n", 2022, 6, 9, NULL },
	{ HEAD "rules:\n  - id: a\n    on: [ a, [ b ] ]\n    verdict: blocked\n", 2022, 6, 14, NULL },
	{ RULE "    whn: true\n", 2020, 8, 5, "did you mean `when`?" },
	{ RULE "    when:\n", 2023, 8, 10, NULL },
	{ RULE "    when: [ a ]\n", 2022, 8, 11, "when: path under" },
	{ RULE "    reason: { a: b }\n", 2022, 8, 13, NULL },
	{ RULE "    rate: 5\n", 2022, 8, 11, "{ max:" },
	{ RULE "    rate: { max: 5 }\n", 2021, 8, 13, "per:" },
	{ RULE "    rate: { max: 5, per: 1h, exeeded: x }\n", 2020, 8, 30, "exceeded" },
	{ RULE "    budget: { max: 5, per: 1h }\n", 2021, 8, 15, "sum:" },
	{ HEAD "groups: [ a ]\n", 2022, 4, 9, NULL },
	{ HEAD "groups: { a: { b: c } }\n", 2022, 4, 14, NULL },
	{ HEAD "define: { a: [ b ] }\n", 2022, 4, 14, "write a:" },
	{ HEAD "tests:\n  - call: { a: b }\n    as: x\n    expect: blocked\n", 2022, 5, 11, "single quotes" },
	{ HEAD "tests:\n  - call: a.b {}\n    as: x\n", 2021, 5, 5, "expect:" },
	{ HEAD "tests:\n  - call: a.b {}\n    as: x\n    expect: blocked\n    facts: { hour: 3 }\n", 2020, 8, 14, NULL },
	{ HEAD "prove:\n  - never: [ notify ]\n    on: \"*\"\n", 2021, 5, 5, "id:" },
};

START_TEST(mistakes)
{
	const struct diag *d;

	parse(wrong[_i].text);
	d = reading_expect(&r, wrong[_i].code, wrong[_i].line, wrong[_i].col);
	ck_assert_uint_eq(r.diags->n, 1);
	ck_assert(d->fix.n || d->expected.n);
	if (wrong[_i].fix)
		ck_assert(str_has(d->fix, wrong[_i].fix));
	reading_end(&r);
}
END_TEST

START_TEST(all_mistakes_at_once)
{
	ck_assert_ptr_nonnull(parse("krux: policy/1\nnmae: x\nlayer: [ a ]\nrules:\n  - id: a\n    whn: x\n"
	                            "    on: &x a.b\n    on: c\n    when: path undr \"/\"\n"));
	reading_expect(&r, 2020, 2, 1);
	reading_expect(&r, 2022, 3, 8);
	reading_expect(&r, 2021, 5, 5);
	reading_expect(&r, 2020, 6, 5);
	reading_expect(&r, 2003, 7, 9);
	reading_expect(&r, 2016, 8, 5);
	ck_assert_uint_eq(r.diags->n, 7);
	reading_end(&r);
}
END_TEST

/* Places inside conditions are places in the file, however YAML wrote them. */
START_TEST(places_in_conditions)
{
	parse(RULE "    when: size(a) > 1 and b === 2\n");
	ck_assert_uint_eq(span_line(r.diags->list[0]->at), 8);
	reading_end(&r);
	parse(RULE "    when: 'size(a) > 1 and b === 2'\n");
	ck_assert_uint_eq(span_line(r.diags->list[0]->at), 8);
	reading_end(&r);
	parse(RULE "    when: size(a) > 1 and\n      b === 2\n");
	ck_assert_uint_eq(span_line(r.diags->list[0]->at), 9);
	reading_end(&r);
}
END_TEST

START_TEST(many_rules)
{
	struct buf b = { 0 };
	const struct policyfile *f;

	buf_puts(&b, HEAD "rules:\n");
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "  - id: r%d\n    on: [ filesystem.read, a.b%d ]\n    when: path under \"/workspace/p%d\"\n"
		           "    verdict: notify\n", i, i, i);
	reading_start(&r, b.p, b.n, true);
	f = policyfile_parse(r.arena, r.diags, r.src);
	reading_clean(&r);
	ck_assert_uint_eq(f->nrules, 10000);
	ck_assert(word_is(f->rule[9999].id, "r9999") && f->rule[9999].when);
	reading_end(&r);
	buf_free(&b);
}
END_TEST

START_TEST(templates)
{
	static const char *const name[] = { "system", "personal-permissive", "team-moderate", "enterprise-restrictive" };
	char path[128];

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		snprintf(path, sizeof path, "stdlib-caps/policies/%s.yaml", name[i]);
		r.arena = arena_new();
		r.diags = diags_new(r.arena);
		r.src = source_read(r.arena, r.diags, path, path);
		ck_assert_ptr_nonnull(policyfile_parse(r.arena, r.diags, r.src));
		reading_clean(&r);
		reading_end(&r);
	}
}
END_TEST

/* ---- the schema ---- */

/* Every key of the table stands in the schema's properties, and nothing else does. */
static void check_table(json_t *root, json_t *schema, const struct policy_table *t)
{
	json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required");
	size_t needed = 0;

	ck_assert_uint_eq(json_object_size(properties), t->nkeys);
	ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
	for (size_t i = 0; i < t->nkeys; i++) {
		const struct policy_key *k = &t->key[i];
		json_t *p = json_object_get(properties, k->name);

		ck_assert_msg(p != NULL, "no property %s", k->name);
		ck_assert_str_eq(json_string_value(json_object_get(p, "description")), k->doc);
		needed += k->required;
		if (k->shape == SHAPE_RECORD || k->shape == SHAPE_RECORDS)
			check_table(root, json_object_get(json_object_get(root, "definitions"), k->table->name), k->table);
	}
	ck_assert_uint_eq(json_array_size(required), needed);
}

START_TEST(schema)
{
	struct buf b = { 0 };
	json_error_t error;
	json_t *root, *verdict;

	policyschema_write(&b);
	root = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(root != NULL, "%d: %s", error.line, error.text);
	ck_assert_str_eq(json_string_value(json_object_get(root, "$schema")), "http://json-schema.org/draft-07/schema#");
	check_table(root, root, &policy_file_keys);
	verdict = json_object_get(json_object_get(json_object_get(root, "properties"), "default"), "enum");
	ck_assert_uint_eq(json_array_size(verdict), 4);
	json_decref(root);
	buf_free(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policyfile");
	TCase *t = tcase_create("policyfile");
	SRunner *run;
	int failed;

	tcase_add_test(t, every_key);
	tcase_add_loop_test(t, mistakes, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(t, all_mistakes_at_once);
	tcase_add_test(t, places_in_conditions);
	tcase_add_test(t, many_rules);
	tcase_add_test(t, templates);
	tcase_add_test(t, schema);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
