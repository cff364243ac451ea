/* One request decided, where the limits of the compiler do not let the rest be looked for. */
#include "tests/unit/modeling.h"

#include <string.h>

#include "compiler/dd/decision.h"
#include "compiler/dd/manager.h"
#include "compiler/plan/given.h"
#include "compiler/plan/nearest.h"

static const char caps[] =
	"namespace demo \"An example.\";\n"
	"/// Acts.\n/// use: in examples.\n"
	"capability act @1.0 {\n"
	"  input { path : path max 100 \"Where.\"; }\n"
	"  output { }\n"
	"  error Failed \"It failed.\" recover stop \"Give up.\";\n"
	"  effect reads(path);\n"
	"  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }\n"
	"  handler mcp \"demo\" tool \"act\" resident;\n"
	"  example \"one\" { path: \"/a\" } -> { };\n"
	"}\n";

/* Its diagram is one terminal, the same in every manager. */
static const char policy[] =
	"krux: policy/1\nname: demo\nlayer: organization\nrules:\n"
	"  - { id: wide, on: demo.act, when: 'path matches \"**/a/**\"', verdict: notify }\n"
	"  - { id: loose, on: demo.act, mode: observe, when: 'path under \"/b\"', verdict: autonomous }\n"
	"default: notify\n";

static bool no_fact(void *ctx, uint32_t var, uint64_t *answer)
{
	(void)ctx;
	(void)var;
	*answer = 0;
	return true;
}

struct bench {
	struct world w;
	struct decisions *d;
	struct dd *m;
	uint32_t root;
	struct krux_member member;
	struct krux_value args;
	struct dd_request req;
};

static void bench_start(struct bench *b)
{
	struct world *w = &b->w;
	struct dd *m;

	world_start(w);
	world_cap(w, caps);
	world_policy(w, policy);
	world_resolve(w);
	ck_assert(w->resolved);
	build_index(w->arena, &w->build);
	b->d = decisions_new(w->arena);
	m = dd_new(w->set.cap[0]);
	b->root = decide_voices(b->d, m, &w->build, w->set.cap[0]);
	dd_free(m);
	b->m = dd_new(w->set.cap[0]);
	b->member = (struct krux_member){ .key = KRUX_STR("path") };
	b->member.value = (struct krux_value){ .kind = KRUX_V_TEXT, .str = KRUX_STR("/a") };
	b->args = (struct krux_value){ .kind = KRUX_V_MAP, .map = { &b->member, 1 } };
	b->req = (struct dd_request){ .agent = KRUX_STR("a"), .args = &b->args, .fact_of = no_fact };
}

static void bench_end(struct bench *b)
{
	dd_free(b->m);
	world_end(&b->w);
}

static void decided(struct bench *b, struct evaluation *e)
{
	evaluate(b->w.arena, b->d, b->m, b->root, &b->w.build, b->w.set.cap[0], &b->req, e);
	ck_assert(!e->undecided);
	ck_assert_int_eq(e->outcome.verdict, KRUX_NOTIFY);
}

START_TEST(who_decided)
{
	struct evaluation e;
	struct bench b;

	bench_start(&b);
	decided(&b, &e);
	ck_assert_ptr_null(e.limit);
	ck_assert_ptr_nonnull(e.decided);
	ck_assert(krux_str_eq(e.decided->rule->id, KRUX_STR("wide")));
	bench_end(&b);
}
END_TEST

/* The verdict stands, each time; nobody is named in place of who was not found. */
START_TEST(who_decided_is_too_much)
{
	struct evaluation e;
	struct bench b;

	bench_start(&b);
	b.m->most_steps = 0;
	for (int i = 0; i < 3; i++) {
		decided(&b, &e);
		ck_assert_str_eq(e.limit, "steps");
		ck_assert_ptr_null(e.decided);
		ck_assert_uint_eq(e.nvoices, 0);
		ck_assert_ptr_null(dd_overflow(b.m));
	}
	bench_end(&b);
}
END_TEST

/* A clause that could not be asked is not one that fails. */
START_TEST(nearest_is_too_much)
{
	struct evaluation e = { .outcome.verdict = KRUX_BLOCKED };
	const struct given_facts facts = { 0 };
	struct nearest near;
	struct buf text = { 0 };
	struct bench b;

	bench_start(&b);
	b.m->most_steps = 0;
	nearest_find(b.w.arena, b.d, b.m, b.root, &b.w.build, b.w.set.cap[0], &b.req, &facts, &e, &near);
	ck_assert_str_eq(near.rule_limit, "steps");
	ck_assert_ptr_null(near.rule.rule);
	nearest_print(&text, b.w.set.cap[0], &near);
	buf_putc(&text, 0);
	ck_assert_ptr_nonnull(strstr(text.p, "the nearest rule is not known: to look for it needs more steps (K9001)\n"));
	text.n = 0;
	nearest_json(&text, b.w.set.cap[0], &near);
	buf_putc(&text, 0);
	ck_assert_ptr_nonnull(strstr(text.p, ",\"nearest_limit\":\"steps\",\"nearest\":null"));
	buf_free(&text);
	ck_assert_ptr_null(dd_overflow(b.m));
	bench_end(&b);
}
END_TEST

/* A manager that others have led to its limits decides nothing, and that is no "blocked". */
START_TEST(nothing_is_decided)
{
	struct evaluation e;
	struct bench b;

	bench_start(&b);
	b.m->overflow = "nodes";
	evaluate(b.w.arena, b.d, b.m, b.root, &b.w.build, b.w.set.cap[0], &b.req, &e);
	ck_assert(e.undecided);
	ck_assert_str_eq(e.limit, "nodes");
	bench_end(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("evaluate");
	TCase *t = tcase_create("evaluate");
	SRunner *r;
	int failed;

	tcase_add_test(t, who_decided);
	tcase_add_test(t, who_decided_is_too_much);
	tcase_add_test(t, nearest_is_too_much);
	tcase_add_test(t, nothing_is_decided);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
