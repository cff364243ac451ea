/* What a bundle tells the kernel of each capability: who has a filter, and that all of it comes back. */
#include <check.h>
#include <string.h>

#include "capspec/layers.h"
#include "capspec/rights.h"
#include "compiler/emit/layers.h"
#include "tests/unit/filtering.h"

/* ---- who has one ---- */

static const struct {
	const char *handler;
	enum effect_kind kind;
	bool run;
} runs[] = {
	{ "system_ping", EFFECT_NONE, true },
	{ "filesystem_read", EFFECT_READS, true },
	{ "network_check_port", EFFECT_CONNECTS, true },
	{ "system_ping", EFFECT_STATE, false },
	{ "system_ping", EFFECT_EXECUTES, false },
	{ "system_pong", EFFECT_NONE, false },
};

START_TEST(what_nothing_enforces_has_no_filter)
{
	const struct effect e = { .kind = runs[_i].kind, .nargs = runs[_i].kind != EFFECT_NONE };
	struct capability c = { .name = KRUX_STR("t.t"), .effect = &e, .neffects = 1,
		                .handler = { .kind = HANDLER_BUILTIN, .name = { runs[_i].handler, strlen(runs[_i].handler) } } };
	const struct capability *one = &c;
	const struct capability_set set = { &one, 1 };
	struct layers layers;

	ck_assert(layers_make(filtering_arena, diags_new(filtering_arena), &set, NULL, &layers));
	ck_assert_int_eq(layers.filter[0] != NULL, runs[_i].run);
	ck_assert_ptr_eq(layers.kernel.list[0].filter, runs[_i].run ? layers.filter[0]->program : NULL);
}
END_TEST

/* ---- in a bundle ---- */

#define U(n) { .kind = KRUX_V_UINT, .u = n }
#define LIST(a) { .kind = KRUX_V_LIST, .list = { a, sizeof a / sizeof *a } }
#define REACH(layer, name) krux_layer_reach(layer, KRUX_STR(name))

START_TEST(layers_come_back)
{
	const struct filter *one = filtering_made(CALLS_LOOK), *two = filtering_made(CALLS_LOOK | CALLS_WALK), *program = filtering_made(CALLS_COMMAND);
	const struct krux_str folder[] = { KRUX_STR("a/b"), KRUX_STR("c") };
	const struct krux_reach reach[] = { { folder, 2 }, { NULL, 0 } };
	/* "b" is in the first class, what begins with "c" in the second. */
	const struct krux_value start[] = { U(2), U('a'), U(1), U('b'), U(2), U('c'), U(3), U(127), U(1) },
		dead[] = { U(2), U(127), U(1) }, b[] = { U(0), U(127), U(1) }, c[] = { U(1), U(127), U(3) };
	const struct krux_value state[] = { LIST(start), LIST(dead), LIST(b), LIST(c) };
	const struct krux_layer list[] = {
		{ .filter = one->program, .rights = 3, .reach = reach, .nreach = 2, .state = state, .nstates = 4 },
		{ .filter = NULL }, { .filter = two->program, .reach = reach, .nreach = 1 },
		{ .filter = one->program, .command = program->program },
	};
	const struct krux_layers in = { list, 4 };
	struct krux_refusal why = { "", "" };
	struct krux_layers out;
	struct krux_str bytes;
	char *cut;

	ck_assert(krux_layers_write(arena_pool(filtering_arena), &in, &bytes, &why));
	ck_assert_uint_lt(bytes.n, 2 * (one->program[0].n + two->program[0].n + program->program[0].n) * sizeof(struct krux_bpf) + 300);
	ck_assert_msg(krux_layers_read(arena_pool(filtering_arena), bytes, 4, &out, &why), "%s", why.why);
	ck_assert_ptr_null(out.list[1].filter);
	ck_assert_ptr_null(out.list[0].command);
	ck_assert_uint_eq(out.list[3].command[1].n, program->program[1].n);
	ck_assert_ptr_eq(out.list[0].filter, out.list[3].filter);
	ck_assert_uint_eq(out.list[2].filter[1].n, two->program[1].n);
	ck_assert(!memcmp(out.list[2].filter[1].code, two->program[1].code, two->program[1].n * sizeof(struct krux_bpf)));
	ck_assert_ptr_eq(REACH(&out.list[0], "b"), &out.list[0].reach[0]);
	ck_assert_ptr_eq(REACH(&out.list[0], "c"), &out.list[0].reach[1]);
	ck_assert_ptr_eq(REACH(&out.list[0], "ci-7"), &out.list[0].reach[1]);
	ck_assert_ptr_null(REACH(&out.list[0], "bb"));
	ck_assert_ptr_null(REACH(&out.list[0], ""));
	ck_assert_ptr_null(REACH(&out.list[0], "c\xC3\xA9"));
	ck_assert_ptr_eq(REACH(&out.list[2], "anybody"), &out.list[2].reach[0]);
	ck_assert_ptr_null(REACH(&out.list[3], "anybody"));
	ck_assert(krux_str_eq(out.list[0].reach[0].folder[1], KRUX_STR("c")));
	ck_assert(!krux_layers_read(arena_pool(filtering_arena), bytes, 3, &out, &why));
	ck_assert_str_eq(why.why, "not those of the policy");
	cut = arena_copy(filtering_arena, bytes.p, bytes.n);
	cut[bytes.n / 2] ^= 0x10;
	ck_assert(!krux_layers_read(arena_pool(filtering_arena), (struct krux_str){ cut, bytes.n - 1 }, 4, &out, &why));
}
END_TEST

START_TEST(layers_have_so_many_folders)
{
	const struct filter *one = filtering_made(CALLS_LOOK);
	struct krux_str many[KRUX_REACH_MOST + 1] = { { "a", 1 } };
	struct krux_refusal why = { "", "" };

	for (size_t i = 0; i <= KRUX_REACH_MOST; i++)
		many[i] = many[0];
	for (unsigned n = KRUX_REACH_MOST; n <= KRUX_REACH_MOST + 1; n++) {
		const struct krux_reach reach = { many, n };
		const struct krux_layer layer = { .filter = one->program, .reach = &reach, .nreach = 1 };
		struct krux_layers out;
		struct krux_str bytes;

		ck_assert(krux_layers_write(arena_pool(filtering_arena), &(struct krux_layers){ &layer, 1 }, &bytes, &why));
		ck_assert_int_eq(krux_layers_read(arena_pool(filtering_arena), bytes, 1, &out, &why), n == KRUX_REACH_MOST);
	}
	ck_assert_str_eq(why.why, "too many folders");
}
END_TEST

static Suite *layers_suite(void)
{
	Suite *s = suite_create("layers");
	TCase *tc = tcase_create("layers");

	tcase_add_checked_fixture(tc, filtering_setup, filtering_teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, what_nothing_enforces_has_no_filter, 0, sizeof runs / sizeof *runs);
	tcase_add_test(tc, layers_come_back);
	tcase_add_test(tc, layers_have_so_many_folders);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(layers_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
