/* Conditions: what each means, typed, for the capability of the examples; and what is refused
 * with which words. */
#include <stdio.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/number.h"
#include "tests/unit/modeling.h"

/* ---- a typed condition as text ---- */

static void number_dump(struct buf *b, krux_u128 v)
{
	char digits[40];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	buf_put(b, digits + n, sizeof digits - n);
}

static void subject_dump(struct buf *b, const struct subject *s)
{
	static const char *const word[] = {
		[SUBJECT_FIELD] = "",
		[SUBJECT_SIZE] = "size:",
		[SUBJECT_HAS] = "has:",
		[SUBJECT_AGENT] = "agent",
		[SUBJECT_TIME] = "time",
		[SUBJECT_WEEKDAY] = "weekday",
		[SUBJECT_LABEL] = "label:",
		[SUBJECT_CALLS] = "calls:",
		[SUBJECT_CONSTANT] = "constant:",
	};

	buf_puts(b, word[s->kind]);
	if (s->depth)
		buf_printf(b, "it%u%s", s->depth, s->access.text.n ? "." : "");
	if (s->name.n)
		buf_str(b, s->name);
	else if (s->kind == SUBJECT_FIELD || s->kind == SUBJECT_SIZE || s->kind == SUBJECT_HAS)
		buf_str(b, s->access.text);
	for (size_t i = 0; s->access.nsteps > 1 && i < s->access.nsteps; i++)
		buf_printf(b, "%s%u", i ? "." : "#", s->access.step[i]);
}

static void set_dump(struct buf *b, const struct subject *s, const struct value_set *v)
{
	static const char *const word[] = {
		[LANG_LITERALS] = " is",           [LANG_UNDER_PATH] = " under",
		[LANG_UNDER_HOST] = " under-host", [LANG_GLOB] = " glob",
		[LANG_AGENT_GLOB] = " agents",     [LANG_REGEX] = " like",
		[LANG_PREFIX] = " starts",         [LANG_SUFFIX] = " ends",
		[LANG_SUBSTRING] = " holds",
	};
	krux_u128 bias = 0;

	if (!v->numeric) {
		buf_puts(b, word[v->language]);
		for (size_t i = 0; i < v->ntexts; i++) {
			buf_putc(b, ' ');
			buf_str(b, v->text[i]);
		}
		return;
	}
	/* Signed numbers are shown without the bias where they are not negative. */
	if (s->type->kind == KRUX_T_INT || s->type->kind == KRUX_T_DECIMAL ||
	    s->type->kind == KRUX_T_DATETIME)
		bias = (krux_u128)1 << 63;
	for (size_t i = 0; i < v->nintervals; i++) {
		buf_putc(b, ' ');
		for (int end = 0; end < 2; end++) {
			krux_u128 k = end ? v->interval[i].hi : v->interval[i].lo;

			buf_puts(b, end ? ".." : k < bias ? "-" : "");
			if (end && k < bias)
				buf_putc(b, '-');
			number_dump(b, k < bias ? bias - k : k - bias);
		}
	}
}

static void cond_dump(struct buf *b, const struct cond *c)
{
	switch (c->kind) {
	case COND_TRUE:
		buf_puts(b, "true");
		break;
	case COND_FALSE:
		buf_puts(b, "false");
		break;
	case COND_NOT:
		buf_puts(b, c->nonempty ? "(all " : "(not ");
		cond_dump(b, c->a);
		if (c->nonempty) {
			buf_puts(b, " some ");
			cond_dump(b, c->nonempty);
		}
		buf_putc(b, ')');
		break;
	case COND_AND:
	case COND_OR:
		buf_puts(b, c->kind == COND_AND ? "(and " : "(or ");
		cond_dump(b, c->a);
		buf_putc(b, ' ');
		cond_dump(b, c->b);
		buf_putc(b, ')');
		break;
	case COND_TEST:
		buf_putc(b, '[');
		subject_dump(b, &c->subject);
		set_dump(b, &c->subject, &c->set);
		buf_putc(b, ']');
		break;
	case COND_ANY:
	case COND_ANY_TREE:
		buf_puts(b, c->kind == COND_ANY ? "(any " : "(any-below ");
		subject_dump(b, &c->list);
		buf_putc(b, ' ');
		cond_dump(b, c->a);
		buf_putc(b, ')');
		break;
	}
}

static void world_dump(struct world *w, struct buf *b)
{
	world_resolve(w);
	if (w->diags->errors)
		world_print(w);
	ck_assert_uint_eq(w->diags->errors, 0);
	cond_dump(b, w->build.policy[0].rule[0].on[0].when);
	buf_putc(b, 0);
}

static const struct { const char *cond, *dump; } meanings[] = {
#include "tests/unit/test_cond.inc"
};

START_TEST(cond_meaning)
{
	struct world w;
	struct buf b = { 0 };
	const char *c = meanings[_i].cond;

	world_start(&w);
	world_example(&w);
	/* A rule that blocks may say `all` of an empty list. */
	world_policy(
		&w, arena_printf(w.arena,
	                         "krux: policy/1\nname: demo\nlayer: organization\ngroups:\n  "
	                         "builders: [ \"ci-*\", builder ]\n"
	                         "define:\n  small: count < 10\n  secret: it matches "
	                         "\"**/.ssh/**\"\nrules:\n  - id: one\n    on: example.act\n"
	                         "    when: |-\n      %s\n    verdict: blocked\ndefault: blocked\n",
	                         c)
			    .p);
	world_dump(&w, &b);
	ck_assert_msg(!strcmp(b.p, meanings[_i].dump), "%s\n  is       %s\n  expected %s", c, b.p,
	              meanings[_i].dump);
	buf_free(&b);
	world_end(&w);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	const char *cond;
	unsigned code;
	const char *text, *expected, *fix;
} refusals[] = {
#include "tests/unit/test_cond_refused.inc"
};

static void words_check(const char *cond, const char *what, struct krux_str is, const char *should)
{
	if (should)
		ck_assert_msg(krux_str_eq(is, (struct krux_str){ should, strlen(should) }),
		              "%s: %s is\n  %.*s\nexpected\n  %s", cond, what, STR_ARG(is), should);
}

START_TEST(cond_refused)
{
	const char *c = refusals[_i].cond;
	const struct diag *d;
	struct world w;

	world_start(&w);
	world_condition(&w, c);
	d = world_diag(&w, refusals[_i].code);
	words_check(c, "text", d->text, refusals[_i].text);
	words_check(c, "expected", d->expected, refusals[_i].expected);
	words_check(c, "fix", d->fix, refusals[_i].fix);
	world_end(&w);
}
END_TEST

/* ---- several capabilities ---- */

static const char two_caps[] =
	"namespace two \"Two.\";\n"
	"/// Reads.\n/// use: in tests.\ncapability read @1.0 {\n"
	"  input { path : path \"A path.\"; deep : optional uint \"How deep.\"; }\n  output { }\n"
	"  error E \"e\" recover stop \"h\";\n  effect reads(path);\n"
	"  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n"
	"  handler builtin \"x\";\n  example \"e\" { path: \"/a\" } -> { };\n}\n"
	"/// Copies.\n/// use: in tests.\ncapability copy @1.0 {\n"
	"  input { from : path \"A path.\"; to : path \"A path.\"; deep : uint \"How deep.\"; }\n  "
        "output { }\n"
	"  error E \"e\" recover stop \"h\";\n  effect reads(tree from), writes(tree to prunes), "
        "creates(to), deletes(\"/x\");\n"
	"  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n"
	"  handler builtin \"x\";\n  example \"e\" { from: \"/a\", to: \"/b\", deep: 1 } -> { "
        "};\n}\n";

static void two_start(struct world *w, const char *cond)
{
	world_start(w);
	world_cap(w, two_caps);
	world_policy(
		w, arena_printf(w->arena,
	                        "krux: policy/1\nname: demo\nlayer: organization\nrules:\n  - id: "
	                        "one\n    on: \"two.*\"\n"
	                        "    when: |-\n      %s\n    verdict: blocked\ndefault: blocked\n",
	                        cond)
			   .p);
}

static void two_dump(const char *cond, const char *copy, const char *read)
{
	const char *const expected[] = { copy, read };
	struct world w;

	two_start(&w, cond);
	world_resolve(&w);
	world_print(&w);
	ck_assert(w.resolved);
	for (size_t i = 0; i < 2; i++) {
		struct buf b = { 0 };

		cond_dump(&b, w.build.policy[0].rule[0].on[i].when);
		buf_putc(&b, 0);
		ck_assert_str_eq(b.p, expected[i]);
		buf_free(&b);
	}
	world_end(&w);
}

START_TEST(cond_by_capability)
{
	two_dump("any(reads, it under \"/a\")", "(any-below from [it1 under /a])",
	         "[path under /a]");
	two_dump("any(writes, it under \"/a\")", "[to under /a]", "false");
	two_dump("all(writes, it under \"/a\")", "[to under /a]", "(all false some false)");
	two_dump("all(reads, it under \"/a\")", "(not (any-below from (not [it1 under /a])))",
	         "[path under /a]");
	two_dump("any(deletes, it under \"/\")", "true", "false");
	two_dump("any(deletes, size(it) > 2 or it == \"/y\" or it like \"/y+\" or it matches "
	         "\"/*/z\")",
	         "false", "false");
	two_dump("any(deletes, it starts with \"/x\" and it ends with \"x\" and it contains \"/\" "
	         "and it like \"/[a-z]\")",
	         "true", "false");
	two_dump("size(creates) > 0", "true", "false");
	two_dump("any(creates, true)", "true", "false");
	two_dump("any(connects, it.port == 443 and it.host under \"example.com\")", "false",
	         "false");
	two_dump("reads contains \"/a\"", "(any-below from [it1 is /a])", "[path is /a]");
}
END_TEST

START_TEST(cond_lists_capabilities)
{
	const struct diag *d;
	struct world w;

	two_start(&w, "deep > 1");
	world_resolve(&w);
	d = world_diag(&w, 3013);
	words_check("deep", "text", d->text, "`deep` may be absent (in two.read)");
	world_end(&w);
	two_start(&w, "paht under \"/a\"");
	world_resolve(&w);
	d = world_diag(&w, 3001);
	words_check("paht", "text", d->text, "nothing is called `paht` (in two.copy and two.read)");
	words_check("paht", "fix", d->fix, NULL);
	ck_assert_uint_eq(w.diags->n, 1);
	world_end(&w);
	two_start(&w, "any(connects, it.hots == \"a.b\")");
	world_resolve(&w);
	world_diag(&w, 3006);
	ck_assert_uint_eq(w.diags->n, 1);
	world_end(&w);
}
END_TEST

/* ---- all in rules that permit ---- */

static const char *const permitting[] = {
	"any(paths, true) and all(paths, it under \"/a\")",
	"all(paths, it under \"/a\") and size(paths) > 0",
	"size(paths) in 1..3 and flag and all(paths, it under \"/a\")",
	"size(paths) != 0 and all(paths, it under \"/a\")",
	"paths contains \"/a\" and all(paths, it under \"/a\")",
	"size(paths) == 0 or all(paths, it under \"/a\")",
	"not (size(paths) == 0 or not all(paths, it under \"/a\"))",
	"all(reads, it under \"/a\")",
	"all(deletes, it under \"/tmp\")",
	"has target and all(writes, it under \"/a\")",
	"any(writes, true) and all(writes, it under \"/a\")",
	"not all(paths, it under \"/a\")",
	"not any(paths, it under \"/a\")",
	"any(items, size(it.sub) > 0 and all(it.sub, it > 3))",
	"not any(items, not (any(it.sub, true) and all(it.sub, it > 3)))",
};

static const char *const not_permitting[] = {
	"all(paths, it under \"/a\") or size(paths) == 0",
	"all(paths, it under \"/a\") or all(paths, it under \"/b\")",
	"size(tags) > 0 and all(paths, it under \"/a\")",
	"(size(paths) > 0 or flag) and all(paths, it under \"/a\")",
	"not any(paths, true) and all(paths, it under \"/a\")",
	"any(items, size(it.sub) > 0) and any(items, all(it.sub, it > 3))",
	"any(items, any(it.sub, true) or all(it.sub, it > 3) and flag or all(it.sub, it > 4))",
};

START_TEST(all_permits)
{
	struct world w;

	world_start(&w);
	world_condition(&w, permitting[_i]);
	world_clean(&w);
	world_end(&w);
}
END_TEST

START_TEST(all_does_not_permit)
{
	struct world w;

	world_start(&w);
	world_condition(&w, not_permitting[_i]);
	world_diag(&w, 3020);
	world_end(&w);
}
END_TEST

/* An effect of an optional path and a list has an element where either has one. */
START_TEST(all_mixed)
{
	static const struct { const char *cond; bool permits; } rows[] = {
		{ "any(reads, true) and all(reads, it under \"/a\")", true },
		{ "(has o or size(l) > 0) and all(reads, it under \"/a\")", true },
		{ "has o and all(reads, it under \"/a\")", true },
		{ "size(reads) > 0 and all(reads, it under \"/a\")", true },
		{ "(has o or n == 1) and all(reads, it under \"/a\")", false },
		{ "all(reads, it under \"/a\")", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct clauses c = { .input = "n : uint \"N.\"; o : optional path \"O.\"; l : "
			                      "list<path> max 3 \"L.\";",
			             .effect = "effect reads(o), reads(l);",
			             .examples =
			                     "example \"one\" { n: 1, l: [] } -> { ok: true };" };
		struct world w;

		world_start(&w);
		world_cap(&w, demo_cap(&w, &c));
		world_policy(
			&w,
			arena_printf(
				w.arena,
				"krux: policy/1\nname: demo\nlayer: organization\nrules:\n  - id: "
		                "one\n    on: demo.act\n"
				"    when: |-\n      %s\n    verdict: notify\ndefault: blocked\n",
				rows[i].cond)
				.p);
		world_resolve(&w);
		ck_assert_msg(w.resolved == rows[i].permits, "%s", rows[i].cond);
		world_end(&w);
	}
}
END_TEST

/* ---- hostile ---- */

static void long_chain(const char *between, const char *last)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "count == %d %s ", i % 100 + 1, between);
	buf_puts(&b, last);
	buf_putc(&b, 0);
	world_condition(&w, b.p);
	world_clean(&w);
	buf_free(&b);
	world_end(&w);
}

START_TEST(cond_long)
{
	long_chain("or", "flag");
	long_chain("and", "flag");
	long_chain("and not", "flag");
}
END_TEST

START_TEST(cond_nots)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "not ");
	buf_puts(&b, "flag");
	buf_putc(&b, 0);
	world_condition(&w, b.p);
	ck_assert(w.resolved || w.diags->errors);
	buf_free(&b);
	world_end(&w);
}
END_TEST

START_TEST(cond_many_items)
{
	struct buf b = { 0 };
	struct world w;

	for (int over = 0; over < 2; over++) {
		world_start(&w);
		buf_puts(&b, "level == 1 or size in [");
		for (int i = 0; i < 4096 + over; i++)
			buf_printf(&b, "%s%d", i ? ", " : "", i * 2);
		buf_puts(&b, "]");
		buf_putc(&b, 0);
		world_condition(&w, b.p);
		if (over)
			world_diag(&w, 3016);
		else
			world_clean(&w);
		buf_free(&b);
		world_end(&w);
	}
}
END_TEST

/* Each test and each `or` counts. */
START_TEST(cond_at_the_limit)
{
	for (int over = 0; over < 2; over++) {
		struct buf b = { 0 };
		struct world w;

		world_start(&w);
		buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\nrules:\n  - id: one\n    on: example.act\n"
		             "    when: count == 1");
		for (int i = 1; i < KRUX_MAX_COND_TESTS / 2 + over; i++)
			buf_puts(&b, " or count == 1");
		buf_puts(&b, "\n    verdict: blocked\ndefault: blocked\n");
		buf_putc(&b, 0);
		world_example(&w);
		world_policy(&w, b.p);
		world_resolve(&w);
		ck_assert_uint_eq(w.diags->errors, (unsigned)over);
		if (over)
			ck_assert_uint_eq(w.diags->list[0]->code, 9013);
		buf_free(&b);
		world_end(&w);
	}
}
END_TEST

START_TEST(cond_doubling)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\ndefine:\n  d0: flag\n");
	for (int i = 1; i < 64; i++)
		buf_printf(&b,
		           "  d%d: any(tags, d%d) and all(items, d%d or it.name == \"x\") or d%d "
		           "and count == 1\n",
		           i, i - 1, i - 1, i - 1);
	buf_puts(&b, "rules:\n  - id: one\n    on: example.act\n    when: d63\n    verdict: "
	             "blocked\ndefault: blocked\n");
	buf_putc(&b, 0);
	world_example(&w);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert(w.diags->errors &&
	          (w.diags->list[0]->code == 9013 || w.diags->list[0]->code == 9014));
	buf_free(&b);
	world_end(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cond");
	TCase *t = tcase_create("cond");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, cond_meaning, 0, sizeof meanings / sizeof *meanings);
	tcase_add_loop_test(t, cond_refused, 0, sizeof refusals / sizeof *refusals);
	tcase_add_loop_test(t, all_permits, 0, sizeof permitting / sizeof *permitting);
	tcase_add_loop_test(t, all_does_not_permit, 0,
	                    sizeof not_permitting / sizeof *not_permitting);
	tcase_add_test(t, all_mixed);
	tcase_add_test(t, cond_by_capability);
	tcase_add_test(t, cond_lists_capabilities);
	tcase_add_test(t, cond_long);
	tcase_add_test(t, cond_nots);
	tcase_add_test(t, cond_many_items);
	tcase_add_test(t, cond_at_the_limit);
	tcase_add_test(t, cond_doubling);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
