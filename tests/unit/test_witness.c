/* Witnesses: they read well, are canonical, the same every time, with every required field;
 * defaults; regions that hold them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "tests/unit/diagrams.h"

/* The arguments of a witness as JSON. */
static const char *json(const struct krux_type *t, const struct dd_witness *w)
{
	struct krux_value v;
	char *s;
	size_t n;

	ck_assert(krux_uncanon(arena_pool(arena), t, &w->args, &v));
	n = krux_json_write(&v, NULL, 0);
	s = arena_get(arena, n + 1);
	krux_json_write(&v, s, n);
	return s;
}

static const char *member(const struct cond *c, enum field f)
{
	struct dd_witness w;
	const struct krux_value *v;

	ck_assert(dd_witness(m, arena, dd_cond(m, c), DD_TRUE, &w));
	ask_witness(&w);
	v = krux_value_get(&w.args, every_kind.input->field[f].name.p);
	ck_assert_ptr_nonnull(v);
	return arena_copy(arena, v->str.p, v->str.n);
}

START_TEST(texts_read_well)
{
	struct subject p = on_field(F_PATH), h = on_field(F_HOST), s = on_field(F_TEXT);

	ck_assert_str_eq(member(text_in(p, LANG_UNDER_PATH, "/workspace"), F_PATH), "/workspace/a");
	ck_assert_str_eq(member(text_in(p, LANG_UNDER_PATH, "/etc"), F_PATH), "/etc");
	ck_assert_str_eq(member(c_not(text_in(p, LANG_UNDER_PATH, "/workspace")), F_PATH), "/a");
	ck_assert_str_eq(member(text_in(p, LANG_GLOB, "**/.git/**"), F_PATH), "/.git");
	ck_assert_str_eq(member(text_in(p, LANG_GLOB, "/x/?/*"), F_PATH), "/x/a/a");
	ck_assert_str_eq(member(text_in(h, LANG_UNDER_HOST, "example.com"), F_HOST), "example.com");
	ck_assert_str_eq(member(c_and(text_in(h, LANG_UNDER_HOST, "api.test"), c_not(text_in(h, LANG_LITERALS, "api.test"))), F_HOST),
	                 "a.api.test");
	ck_assert_str_eq(member(text_in(s, LANG_REGEX, "[0-9]{3}"), F_TEXT), "000");
	ck_assert_str_eq(member(text_in(s, LANG_REGEX, "[\\s!]x"), F_TEXT), "!x");
	ck_assert_str_eq(member(number_in(on_size(s), 4, 5), F_TEXT), "hello");
	ck_assert_str_eq(member(number_in(on_size(s), 4, 4), F_TEXT), "aaaa");
	ck_assert_str_eq(member(text_in(on_field(F_WORD), LANG_PREFIX, "a"), F_WORD), "ab");
	ck_assert_str_eq(member(c_not(text_in(on_field(F_CIDR), LANG_LITERALS, "10.0.0.0/8")), F_CIDR), "10.0.0.0/32");
	ck_assert_str_eq(member(text_in(on_field(F_SECRET), LANG_PREFIX, "k"), F_SECRET), "k");
}
END_TEST

/* Nothing is asked: the plainest request. */
START_TEST(plain)
{
	struct dd_witness w;

	ck_assert(dd_witness(m, arena, DD_TRUE, DD_TRUE, &w));
	ask_witness(&w);
	ck_assert_uint_eq(w.nfacts, 0);
	ck_assert_str_eq(json(every_kind.input, &w),
		"{\"path\":\"/workspace/a\",\"text\":\"x\",\"host\":\"example.com\",\"number\":0,\"items\":[],\"records\":[],"
		"\"url\":\"https://example.com/\",\"bytes\":\"\",\"letter\":\"a\",\"ip\":\"10.0.0.1\",\"word\":\"\",\"map\":{},"
		"\"nested\":[],\"digest\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"int\":0,"
		"\"secret\":\"token\",\"cidr\":\"10.0.0.0/8\"}");
}
END_TEST

/* ---- defaults ---- */

static const struct krux_value v_limit = { .kind = KRUX_V_UINT, .u = 1048576 };
static const struct krux_value v_mode = { .kind = KRUX_V_TEXT, .str = { "utf8", 4 } };
static const struct krux_value v_name = { .kind = KRUX_V_TEXT, .str = { "name", 4 } };
static const struct krux_str modes[] = { { "base64", 6 }, { "utf8", 4 } };
static const struct krux_type t_limit = { .kind = KRUX_T_UINT, .lo = 1, .hi = 16777216 };
static const struct krux_type t_mode = { .kind = KRUX_T_ENUM, .hi = 1, .name = modes, .nnames = 2 };
static const struct krux_type t_name = { .kind = KRUX_T_STRING, .max = 10 };
static const struct krux_field f_defaults[] = {
	{ .name = { "limit", 5 }, .type = &t_limit, .deflt = &v_limit }, { .name = { "mode", 4 }, .type = &t_mode, .deflt = &v_mode },
	{ .name = { "name", 4 }, .type = &t_name, .deflt = &v_name },
};
static const struct krux_type t_defaults = { .kind = KRUX_T_RECORD, .field = f_defaults, .nfields = 3 };
static const struct capability defaults = { .name = { "test.defaults", 13 }, .input = &t_defaults };
static const uint16_t step[] = { 0, 1, 2 };

static struct subject default_field(unsigned i)
{
	return (struct subject){ .kind = SUBJECT_FIELD, .access = { &step[i], 1, f_defaults[i].type, f_defaults[i].name },
	                         .type = f_defaults[i].type };
}

static const char *default_witness(struct dd *d, uint32_t f, uint32_t value)
{
	struct dd_witness w;

	ck_assert(dd_witness(d, arena, f, value, &w));
	return json(&t_defaults, &w);
}

START_TEST(fields_keep_their_defaults)
{
	struct dd *d = dd_new(&defaults);
	uint32_t f = dd_cond(d, number_in(default_field(0), 100, 2000000));

	ck_assert_str_eq(default_witness(d, f, DD_TRUE), "{\"limit\":1048576,\"mode\":\"utf8\",\"name\":\"name\"}");
	ck_assert_str_eq(default_witness(d, f, DD_FALSE), "{\"limit\":2000001,\"mode\":\"utf8\",\"name\":\"name\"}");
	f = dd_cond(d, number_in(default_field(1), 0, 0));
	ck_assert_str_eq(default_witness(d, f, DD_TRUE), "{\"limit\":1048576,\"mode\":\"base64\",\"name\":\"name\"}");
	f = dd_cond(d, text_in(default_field(2), LANG_PREFIX, "n"));
	ck_assert_str_eq(default_witness(d, f, DD_FALSE), "{\"limit\":1048576,\"mode\":\"utf8\",\"name\":\"x\"}");
	dd_free(d);
}
END_TEST

/* ---- facts, values, order ---- */

static uint32_t any_value(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a != DD_FALSE ? a : b;
}

START_TEST(facts_and_values)
{
	struct dd_var rate = { .fact = KRUX_FACT_RATE, .policy = KRUX_STR("p"), .subject.name = KRUX_STR("mail"), .per = 1, .max = 10 };
	struct dd_var budget = { .fact = KRUX_FACT_BUDGET, .policy = KRUX_STR("p"), .subject.name = KRUX_STR("mail"), .per = 1, .max = 99 };
	uint32_t over = dd_fact_at_least(m, &rate, 10), spent = dd_fact_at_least(m, &budget, 1), f;
	struct dd_witness w;

	f = dd_ite(m, over, dd_terminal(m, 4), dd_ite(m, spent, dd_terminal(m, 5), DD_FALSE));
	f = dd_apply(m, 1 | DD_UNIT_LEFT | DD_IDEMPOTENT, any_value, NULL, f, dd_terminal(m, 6));
	dd_check(m, f);
	ck_assert(dd_witness(m, arena, f, 4, &w));
	ck_assert_uint_eq(w.nfacts, 1);
	ck_assert_uint_eq(w.fact[0].value, 10);
	ck_assert_int_eq(dd_variable(m, w.fact[0].var)->fact, KRUX_FACT_RATE);
	ck_assert(dd_witness(m, arena, f, 5, &w));
	ck_assert_uint_eq(w.nfacts, 1);
	ck_assert_uint_eq(w.fact[0].value, 1);
	ck_assert(dd_witness(m, arena, f, 6, &w));
	ck_assert_uint_eq(w.nfacts, 0);
	ck_assert(!dd_witness(m, arena, f, 7, &w));
	ck_assert(!dd_witness(m, arena, f, DD_FALSE, &w));
	ck_assert_uint_eq(dd_fact_at_least(m, &rate, 10), over);
	ck_assert_uint_eq(dd_fact_at_least(m, &rate, 0), DD_TRUE);
}
END_TEST

static bool region_note(void *ctx, const struct dd_region *r)
{
	char *s = ctx;
	struct dd_witness w;
	size_t n = strlen(s);

	ck_assert(dd_region_witness(m, arena, r, &w));
	snprintf(s + n, 4096 - n, "%u %.*s %s\n", r->value, (int)w.agent.n, w.agent.p,
	         arena_copy(arena, krux_value_get(&w.args, "path")->str.p, krux_value_get(&w.args, "path")->str.n));
	return true;
}

/* What came before in the store does not show. */
START_TEST(same_every_time)
{
	char first[4096] = "", again[4096] = "";

	for (int i = 0; i < 2; i++) {
		struct subject p = on_field(F_PATH), agent = { .kind = SUBJECT_AGENT, .type = on_field(F_TEXT).type };
		uint32_t f;

		if (i)
			for (int k = 0; k < 20; k++)
				dd_cond(m, random_cond(3));
		f = dd_ite(m, dd_cond(m, text_in(agent, LANG_AGENT_GLOB, "ci-*")), dd_terminal(m, 4), dd_terminal(m, 5));
		f = dd_ite(m, dd_cond(m, text_in(p, LANG_GLOB, "**/.git/**")), dd_terminal(m, 3), f);
		f = dd_ite(m, dd_cond(m, text_in(p, LANG_UNDER_PATH, "/workspace")), f, dd_terminal(m, 6));
		dd_regions(m, arena, f, region_note, i ? again : first);
		diagrams_end();
		diagrams_start();
		random_start(9);
	}
	ck_assert_str_eq(first, again);
	ck_assert_str_eq(first, "6 agent /a\n5 agent /workspace/a\n3 agent /workspace/.git\n6 ci- /a\n4 ci- /workspace/a\n3 ci- /workspace/.git\n");
}
END_TEST

static bool region_stop(void *ctx, const struct dd_region *r)
{
	(void)r;
	return ++*(int *)ctx < 2;
}

START_TEST(regions_stop)
{
	int n = 0;

	dd_regions(m, arena, dd_cond(m, random_cond(4)), region_stop, &n);
	ck_assert_int_le(n, 2);
	n = 0;
	dd_regions(m, arena, DD_TRUE, region_stop, &n);
	ck_assert_int_eq(n, 1);
	n = 0;
	dd_regions(m, arena, DD_IMPOSSIBLE, region_stop, &n);
	ck_assert_int_eq(n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("witness");
	TCase *t = tcase_create("witness");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, texts_read_well);
	tcase_add_test(t, plain);
	tcase_add_test(t, fields_keep_their_defaults);
	tcase_add_test(t, facts_and_values);
	tcase_add_test(t, same_every_time);
	tcase_add_test(t, regions_stop);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
