/* Capabilities and policies: bounds, effects, versions, wildcards, layers; what is refused with
 * which words; hostile shapes. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/claims.h"
#include "tests/unit/modeling.h"

static bool str_is(struct krux_str s, const char *text)
{
	return krux_str_eq(s, (struct krux_str){ text, strlen(text) });
}

static void text_is(const struct diag *d, const char *text)
{
	ck_assert_msg(str_is(d->text, text), "text is\n  %.*s\nexpected\n  %s", STR_ARG(d->text),
	              text);
}

/* ---- capabilities ---- */

static const struct {
	struct clauses c;
	unsigned code;
	const char *text;
} cap_refusals[] = {
#include "tests/unit/test_model_caps.inc"
};

START_TEST(cap_refused)
{
	struct world w;

	world_start(&w);
	world_cap(&w, demo_cap(&w, &cap_refusals[_i].c));
	world_resolve(&w);
	text_is(world_diag(&w, cap_refusals[_i].code), cap_refusals[_i].text);
	world_end(&w);
}
END_TEST

START_TEST(cap_example)
{
	const struct capability *cap;
	struct world w;

	world_start(&w);
	world_example(&w);
	world_resolve(&w);
	world_clean(&w);
	ck_assert_uint_eq(w.set.n, 1);
	cap = w.set.cap[0];
	ck_assert(str_is(cap->name, "example.act"));
	ck_assert(str_is(cap->summary, "Acts on everything at once."));
	ck_assert(str_is(cap->use, "never; it is here to be matched."));
	ck_assert_uint_eq(cap->rank, effect_rank(EFFECT_CONNECTS));
	ck_assert_uint_eq(cap->neffects, 6);
	ck_assert_uint_eq(cap->effect[4].nargs, 2);
	ck_assert(str_is(cap->effect[4].arg[1].access.text, "url.port"));
	ck_assert_uint_eq(cap->limit[LIMIT_MEMORY], 1 << 20);
	ck_assert_uint_eq(cap->limit[LIMIT_WALL], 1000000000);
	ck_assert(cap->durable);
	/* 25 defaults less what is given or optional. */
	ck_assert_uint_eq(cap->example[0].args.map.n, 21);
	world_end(&w);
}
END_TEST

/* max_args is an upper bound: the longest value of each type has that length or less. */
START_TEST(cap_max_args)
{
	struct clauses c = { .input = "a : uint \"A.\"; b : string max 3 \"B.\"; c : list<port> "
		                      "max 2 \"C.\"; d : bool \"D.\";"
		                      "e : enum { x, longer } \"E.\"; f : digest \"F.\"; g : int "
		                      "-5..300 \"G.\"; h : ip \"H.\";",
		             .examples = "example \"one\" { a: 18446744073709551615, b: \"abc\", "
		                         "c: [ 65535, 65535 ], d: true, "
		                         "e: longer, f: "
		                         "\"fffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		                         "fffffffff\", g: 300, "
		                         "h: \"2001:db8::1\" } -> { ok: true };" };
	const struct capability *cap;
	struct world w;
	uint8_t out[256];

	world_start(&w);
	world_cap(&w, demo_cap(&w, &c));
	world_resolve(&w);
	world_clean(&w);
	cap = w.set.cap[0];
	ck_assert_uint_eq(krux_cbor_write(&cap->example[0].args, out, sizeof out), cap->max_args);
	world_end(&w);
}
END_TEST

static const char *version(struct world *w, const char *name, unsigned major, unsigned minor)
{
	return arena_printf(w->arena,
	                    "/// Acts.\n/// use: in tests.\ncapability %s @%u.%u {\n  input { }\n  "
	                    "output { }\n"
	                    "  error E \"e\" recover stop \"h\";\n  effect none;\n"
	                    "  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output "
	                    "1KiB; }\n  handler builtin \"x\";\n"
	                    "  example \"e\" { } -> { };\n}\n",
	                    name, major, minor)
	        .p;
}

static void versions_start(struct world *w)
{
	world_start(w);
	world_cap(w, arena_printf(w->arena, "namespace a \"A.\";\n%s%s%s%s",
	                          version(w, "zap", 1, 0), version(w, "act", 2, 0),
	                          version(w, "act", 1, 10), version(w, "act", 1, 9))
	                     .p);
	world_cap(w, arena_printf(w->arena, "namespace ab \"B.\";\n%s", version(w, "act", 1, 0)).p);
	world_resolve(w);
}

static void find_is(const struct world *w, const char *name, unsigned major, unsigned minor)
{
	const struct capability *c =
		capability_find(&w->set, (struct krux_str){ name, strlen(name) });

	if (!major) {
		ck_assert_msg(!c, "%s", name);
		return;
	}
	ck_assert_msg(c && c->major == major && c->minor == minor, "%s", name);
}

static size_t match_count(const struct world *w, const char *pattern)
{
	const struct capability *out[8];

	return capability_match(&w->set, (struct krux_str){ pattern, strlen(pattern) }, out);
}

START_TEST(cap_versions)
{
	struct world w;

	versions_start(&w);
	world_clean(&w);
	ck_assert_uint_eq(w.set.n, 5);
	for (uint32_t i = 0; i < w.set.n; i++)
		ck_assert_uint_eq(w.set.cap[i]->index, i);
	find_is(&w, "a.act", 2, 0);
	find_is(&w, "a.act@1", 1, 10);
	find_is(&w, "a.act@1.9", 1, 9);
	find_is(&w, "a.act@3", 0, 0);
	find_is(&w, "a.ac", 0, 0);
	find_is(&w, "a.*", 0, 0);
	find_is(&w, "a", 0, 0);
	find_is(&w, "", 0, 0);
	find_is(&w, "a.act@", 0, 0);
	find_is(&w, "a.act@01", 0, 0);
	find_is(&w, "a.act@1.", 0, 0);
	find_is(&w, "a.act@99999", 0, 0);
	ck_assert_uint_eq(match_count(&w, "*"), 5);
	ck_assert_uint_eq(match_count(&w, "a.*"), 4);
	ck_assert_uint_eq(match_count(&w, "ab.*"), 1);
	ck_assert_uint_eq(match_count(&w, "a.act"), 3);
	ck_assert_uint_eq(match_count(&w, "a.act@1"), 2);
	ck_assert_uint_eq(match_count(&w, "a.act@1.10"), 1);
	ck_assert_uint_eq(match_count(&w, "a.a*"), 0);
	ck_assert_uint_eq(match_count(&w, "**"), 0);
	ck_assert_uint_eq(match_count(&w, ".*"), 0);
	ck_assert_uint_eq(match_count(&w, "c.*"), 0);
	world_end(&w);
}
END_TEST

/* A declared string takes the bound of the output that uses it. */
START_TEST(cap_output_bound)
{
	struct clauses c = { .types = "type Text = record { s : string; };",
		             .input = "n : uint \"A number.\"; t : Text \"Text.\";",
		             .output = "ok : bool; t : Text; s : string;",
		             .examples =
		                     "example \"one\" { n: 1, t: { s: \"x\" } } -> { ok: true };" };
	const struct capability *cap;
	struct world w;

	world_start(&w);
	world_cap(&w, demo_cap(&w, &c));
	world_resolve(&w);
	world_clean(&w);
	cap = w.set.cap[0];
	ck_assert_uint_eq(cap->input->field[1].type->field[0].type->max, 65536);
	ck_assert_uint_eq(cap->output->field[1].type->field[0].type->max, 1024);
	ck_assert_uint_eq(cap->output->field[2].type->max, 1024);
	ck_assert(str_is(cap->output->field[1].type->type_name, "Text"));
	world_end(&w);
}
END_TEST

START_TEST(cap_two_folders)
{
	struct world w;
	const struct source *s;
	struct krux_str text;

	world_start(&w);
	world_cap(&w, arena_printf(w.arena, "namespace a \"A.\";\n%s", version(&w, "one", 1, 0)).p);
	text = arena_printf(w.arena, "namespace a \"A.\";\n%s", version(&w, "two", 1, 0));
	s = source_text(w.arena, w.diags, "elsewhere/a.cap", text);
	w.cap[w.ncaps++] = capfile_parse(w.arena, w.diags, s);
	world_resolve(&w);
	text_is(world_diag(&w, 1020), "the namespace `a` is spread over two folders");
	world_end(&w);
}
END_TEST

/* Two files of one folder share their types. */
START_TEST(cap_two_files)
{
	struct clauses c = { .input = "n : Small \"A number.\";" };
	struct world w;

	world_start(&w);
	world_cap(&w, "namespace demo \"More.\";\ntype Small = uint 1..5;\n");
	world_cap(&w, demo_cap(&w, &c));
	world_resolve(&w);
	world_clean(&w);
	ck_assert(w.set.cap[0]->input->field[0].type->hi == 5);
	world_end(&w);
}
END_TEST

/* ---- hostile capabilities ---- */

/* Types that double with each name: 2^60 places when written out. */
START_TEST(cap_doubling)
{
	struct buf b = { 0 };
	struct world w;

	buf_puts(&b, "namespace demo \"A.\";\ntype T0 = uint;\n");
	for (int i = 1; i <= 60; i++)
		buf_printf(&b, "type T%d = record { a : T%d; b : T%d; };\n", i, i - 1, i - 1);
	buf_putc(&b, 0);
	world_start(&w);
	world_cap(&w, b.p);
	world_resolve(&w);
	world_diag(&w, 1014);
	world_end(&w);
	buf_free(&b);
}
END_TEST

/* A chain of names is as deep as nesting. */
START_TEST(cap_deep)
{
	struct buf b = { 0 };
	struct world w;

	buf_puts(&b, "namespace demo \"A.\";\ntype T0 = uint;\n");
	for (int i = 1; i <= 2000; i++)
		buf_printf(&b, "type T%d = list<T%d> max 1;\n", i, i - 1);
	buf_putc(&b, 0);
	world_start(&w);
	world_cap(&w, b.p);
	world_resolve(&w);
	world_diag(&w, 1014);
	world_end(&w);
	world_start(&w);
	b.n = 0;
	buf_puts(&b, "namespace demo \"A.\";\n");
	for (int i = 2000; i >= 1; i--)
		buf_printf(&b, "type T%d = list<T%d> max 1;\n", i, i - 1);
	buf_puts(&b, "type T0 = T2000;\n");
	buf_putc(&b, 0);
	world_cap(&w, b.p);
	world_resolve(&w);
	ck_assert(w.diags->errors);
	world_end(&w);
	buf_free(&b);
}
END_TEST

/* ---- policies ---- */

static const struct { const char *policy; unsigned code; const char *text; } policy_refusals[] = {
#include "tests/unit/test_model_policies.inc"
};

START_TEST(policy_refused)
{
	struct world w;

	world_start(&w);
	world_example(&w);
	world_policy(&w, policy_refusals[_i].policy);
	world_resolve(&w);
	text_is(world_diag(&w, policy_refusals[_i].code), policy_refusals[_i].text);
	world_end(&w);
}
END_TEST

static const char good_policy[] =
	"krux: policy/1\nname: demo\nlayer: organization\nzone: Europe/London\n"
	"groups:\n  builders: [ builder, \"ci-*\" ]\n"
	"define:\n  inside: path under \"/workspace\"\n"
	"rules:\n"
	"  - id: one\n    on: \"*\"\n    agent: [ builders, builder, ops ]\n    when: inside\n    verdict: "
        "notify\n    up-to: connects\n"
	"    reason: Seen\n    rate: { max: 10, per: 1h, exceeded: approval-required }\n"
	"    budget: { sum: size(content), max: 10MiB, per: 1d }\n    approval: { ttl: 30m, from: "
        "[ zoe, ann, zoe ], quorum: 2 }\n"
	"  - id: two\n    on: [ example.act@1.0, example.act, \"example.*\" ]\n    verdict: "
        "blocked\n    mode: observe\n"
	"default: approval-required\n"
	"prove:\n  - id: p\n    never: [ autonomous, notify ]\n    on: \"*\"\n    agent: "
        "builders\n    when: not inside\n"
	"tests:\n"
	"  - call: 'example.act { path: \"/a//b\", count: 5 }'\n    as: ops\n"
	"    facts: { time: \"09:30:15\", weekday: wed, labels: [ file-content, a ], calls: { "
        "example.act: 7 }, rates: { one: 10, demo/one: 3 } }\n"
	"    expect: blocked\n    by: two\n    would: notify\n"
	"  - call: 'example.act { path: \"/a\", count: 5 }'\n    as: ops\n    expect: "
        "approval-required\n    by: default\n";

START_TEST(policy_model)
{
	const struct policy *p;
	const struct rule *r;
	struct world w;

	world_start(&w);
	world_example(&w);
	world_policy(&w, good_policy);
	world_resolve(&w);
	world_clean(&w);
	ck_assert(str_is(w.build.zone, "Europe/London"));
	p = &w.build.policy[0];
	ck_assert(p->has_default && p->deflt == KRUX_APPROVAL && !p->observe &&
	          p->layer == LAYER_ORGANIZATION);
	ck_assert_uint_eq(p->nrules, 2);
	r = &p->rule[0];
	ck_assert_uint_eq(r->nagents, 4);
	ck_assert(str_is(r->agent[1], "ci-*") && str_is(r->agent[3], "ops"));
	ck_assert(r->rate.given && r->rate.max == 10 && r->rate.exceeded == KRUX_APPROVAL &&
	          !r->rate.budget);
	ck_assert(r->rate.per == 3600000000000);
	ck_assert(r->budget.given && r->budget.budget && r->budget.max == 10 << 20 &&
	          r->budget.exceeded == KRUX_BLOCKED);
	ck_assert(r->on[0].budget.kind == SUBJECT_SIZE &&
	          str_is(r->on[0].budget.access.text, "content"));
	ck_assert(r->approval.quorum == 2 && r->approval.nfrom == 2 &&
	          str_is(r->approval.from[0], "ann"));
	ck_assert(r->approval.ttl == 1800000000000);
	ck_assert_uint_eq(p->rule[1].non, 1);
	ck_assert(p->rule[1].observe && p->rule[1].approval.quorum == 1);
	ck_assert(p->rule[1].on[0].when->kind == COND_TRUE);
	world_end(&w);
}
END_TEST

START_TEST(policy_tests)
{
	const struct policy *p;
	const struct claim *claim;
	struct test_case t;
	struct world w;
	size_t n;

	world_start(&w);
	world_example(&w);
	world_policy(&w, good_policy);
	world_resolve(&w);
	ck_assert(w.resolved);
	p = &w.build.policy[0];
	ck_assert(test_resolve(w.arena, w.diags, &w.build, p, &p->ast->test[0], &t));
	ck_assert(str_is(krux_value_get(&t.args, "path")->str, "/a/b"));
	ck_assert_uint_eq(t.time, 9 * 3600 + 30 * 60 + 15);
	ck_assert_uint_eq(t.weekday, 2);
	ck_assert(t.nlabels == 2 && str_is(t.label[0], "a"));
	ck_assert(t.ncalls == 1 && t.calls[0].n == 7);
	ck_assert(t.nrates == 2 && t.rates[0].rule == &p->rule[0] && t.rates[1].n == 3);
	ck_assert(t.has_by && t.by == &p->rule[1] && t.has_would && t.would == KRUX_NOTIFY &&
	          t.expect == KRUX_BLOCKED);
	ck_assert(test_resolve(w.arena, w.diags, &w.build, p, &p->ast->test[1], &t));
	ck_assert(t.has_by && !t.by && !t.has_would && !t.time && !t.weekday);
	ck_assert(claims_resolve(w.arena, w.diags, &w.build, p, &claim, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert(claim->has_never && !claim->has_always &&
	          claim->never == (1u << KRUX_AUTONOMOUS | 1u << KRUX_NOTIFY));
	ck_assert(claim->non == 1 && claim->nagents == 2 && claim->on[0].when->kind == COND_NOT);
	world_end(&w);
}
END_TEST

static struct world *layered(struct world *w, const char *second)
{
	world_start(w);
	world_example(w);
	world_policy(w, "krux: policy/1\nname: z\nlayer: agent\nagents: [ \"ci-*\" ]\nrules:\n  - "
	                "id: a\n    on: example.act\n"
	                "    verdict: notify\n");
	world_policy(w, second);
	world_resolve(w);
	return w;
}

START_TEST(policy_layers)
{
	struct world w;

	layered(&w, "krux: policy/1\nname: y\nlayer: organization\ndefault: blocked\n");
	world_clean(&w);
	ck_assert(w.build.policy[0].layer == LAYER_ORGANIZATION &&
	          w.build.policy[1].layer == LAYER_AGENT);
	ck_assert(str_is(w.build.zone, "UTC"));
	ck_assert_uint_eq(w.build.policy[1].nagents, 1);
	world_end(&w);
	layered(&w,
	        "krux: policy/1\nname: y\nlayer: organization\nmode: observe\ndefault: blocked\n");
	world_diag(&w, 2107);
	world_end(&w);
	layered(&w, "krux: policy/1\nname: y\nlayer: system\ndefault: blocked\n");
	world_diag(&w, 2107);
	world_end(&w);
	layered(&w, "krux: policy/1\nname: z\nlayer: organization\ndefault: blocked\n");
	text_is(world_diag(&w, 2104), "two policies of this build are named `z`");
	world_end(&w);
}
END_TEST

START_TEST(policy_two_zones)
{
	struct world w;

	world_start(&w);
	world_example(&w);
	world_policy(&w,
	             "krux: policy/1\nname: a\nlayer: organization\nzone: UTC\ndefault: blocked\n");
	world_policy(&w, "krux: policy/1\nname: b\nlayer: organization\nzone: Europe/Paris\n");
	world_resolve(&w);
	text_is(world_diag(&w, 2106), "the build has two time zones");
	world_end(&w);
}
END_TEST

/* ---- hostile policies ---- */

/* Very many rules that match very much end in one error, soon. */
START_TEST(policy_floods)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	buf_puts(&b, "namespace many \"Many.\";\n");
	for (int i = 0; i < 100; i++)
		buf_puts(&b, version(&w, arena_printf(w.arena, "c%d", i).p, 1, 0));
	buf_putc(&b, 0);
	world_cap(&w, b.p);
	b.n = 0;
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\nrules:\n");
	/* Each star counts, though a capability is matched once. */
	buf_puts(&b, "  - { id: much, verdict: blocked, on: [ \"*\"");
	for (int i = 0; i < 45000; i++)
		buf_puts(&b, ", \"*\"");
	buf_puts(&b, " ] }\n  - { id: more, on: \"*\", verdict: blocked }\n");
	buf_puts(&b, "default: blocked\n");
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert(krux_str_eq(world_diag(&w, 9016)->expected, KRUX_STR("at most 4,194,304, counted for every rule")));
	ck_assert_uint_eq(w.diags->n, 1);
	buf_free(&b);
	world_end(&w);
}
END_TEST

/* Groups of groups of patterns, by way of lists of groups, stay bounded. */
START_TEST(policy_groups)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	world_example(&w);
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\ngroups:\n  g: [ a0");
	for (int i = 1; i < 4096; i++)
		buf_printf(&b, ", a%d", i);
	buf_puts(&b, " ]\nrules:\n  - { id: ok, on: example.act, agent: g, verdict: blocked }\n"
	             "  - { id: over, on: example.act, agent: [ g");
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, ", g");
	buf_puts(&b,
	         " ], verdict: blocked }\n"
	         "  - { id: when, on: example.act, when: \"agent in [g, g]\", verdict: blocked }\n"
	         "default: blocked\n");
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert(krux_str_eq(world_diag(&w, 9017)->expected, KRUX_STR("at most 4,096, those of its groups counted")));
	ck_assert_uint_eq(w.diags->n, 2);
	ck_assert_uint_eq(w.build.policy[0].rule[0].nagents, 4096);
	buf_free(&b);
	world_end(&w);
}
END_TEST

/* Each label of a long list is looked up, and not compared with each of each capability. */
START_TEST(policy_labels)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	buf_puts(&b, "namespace many \"Many.\";\n");
	for (int i = 0; i < 500; i++) {
		buf_puts(&b, version(&w, arena_printf(w.arena, "c%d", i).p, 1, 0));
		b.n -= 2;                /* "}\n" */
		for (int k = 0; k < 20; k++)
			buf_printf(&b, "%s l%d-%d", k ? "," : " labels", i, k);
		buf_puts(&b, "; }\n");
	}
	buf_putc(&b, 0);
	world_cap(&w, b.p);
	b.n = 0;
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\nrules:\n");
	for (int i = 0; i < 10; i++) {
		buf_printf(&b, "  - { id: r%d, on: \"*\", verdict: blocked, label: [ l%d-19", i, i);
		for (int k = 0; k < 20000; k++)
			buf_printf(&b, ", x%d", k);
		buf_puts(&b, " ] }\n");
	}
	buf_puts(&b, "default: blocked\n");
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert_uint_eq(w.diags->errors, 0);
	for (size_t i = 0; i < 10; i++)
		ck_assert_uint_eq(w.build.policy[0].rule[i].non, 1);
	buf_free(&b);
	world_end(&w);
}
END_TEST

/* One long expression in a define, typed for many capabilities by many rules. */
START_TEST(policy_long_literals)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	buf_puts(&b, "namespace many \"Many.\";\n");
	for (int i = 0; i < 50; i++)
		buf_puts(&b, version(&w, arena_printf(w.arena, "c%d", i).p, 1, 0));
	buf_putc(&b, 0);
	world_cap(&w, b.p);
	b.n = 0;
	buf_puts(&b,
	         "krux: policy/1\nname: demo\nlayer: organization\ndefine:\n  long: agent like \"");
	for (int i = 0; i < 60000; i++)
		buf_puts(&b, i % 1000 ? "a" : "\\\\d");
	buf_puts(&b, "\"\n");
	buf_puts(&b, "rules:\n");
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "  - { id: r%d, on: \"*\", when: long, verdict: blocked }\n", i);
	buf_puts(&b, "default: blocked\n");
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert(w.diags->errors);
	buf_free(&b);
	world_end(&w);
}
END_TEST

/* Unknown names in every rule: nothing is looked for a million times. */
START_TEST(policy_unknown_names)
{
	struct buf b = { 0 };
	struct world w;

	world_start(&w);
	world_example(&w);
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\nrules:\n");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b,
		           "  - { id: r%d, on: example.a%d, agent: A, when: x%d == 1, verdict: "
		           "blockt }\n",
		           i, i, i);
	buf_puts(&b, "default: blocked\n");
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	world_resolve(&w);
	ck_assert_uint_ge(w.diags->errors, 5000);
	buf_free(&b);
	world_end(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, cap_refused, 0, sizeof cap_refusals / sizeof *cap_refusals);
	tcase_add_loop_test(t, policy_refused, 0, sizeof policy_refusals / sizeof *policy_refusals);
	tcase_add_test(t, cap_example);
	tcase_add_test(t, cap_max_args);
	tcase_add_test(t, cap_versions);
	tcase_add_test(t, cap_output_bound);
	tcase_add_test(t, cap_two_folders);
	tcase_add_test(t, cap_two_files);
	tcase_add_test(t, cap_doubling);
	tcase_add_test(t, cap_deep);
	tcase_add_test(t, policy_model);
	tcase_add_test(t, policy_tests);
	tcase_add_test(t, policy_layers);
	tcase_add_test(t, policy_two_zones);
	tcase_add_test(t, policy_floods);
	tcase_add_test(t, policy_groups);
	tcase_add_test(t, policy_labels);
	tcase_add_test(t, policy_long_literals);
	tcase_add_test(t, policy_unknown_names);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
