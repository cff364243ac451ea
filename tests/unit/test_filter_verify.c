/* What a filter must not be: changed in one place, with a door that no table shows, or no filter at all. */
#include <check.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <string.h>

#include "capspec/rights.h"
#include "compiler/emit/layers.h"
#include "tests/unit/filtering.h"

#define KILL SECCOMP_RET_KILL_PROCESS

/* ---- verifying finds a fault ---- */

/* Long programs end with what was to be jumped to from nearby. */
static bool is_reached(const struct krux_filter *p, size_t i)
{
	if (!i || BPF_CLASS(p->code[i - 1].code) == BPF_LD || BPF_CLASS(p->code[i - 1].code) == BPF_ALU)
		return true;
	for (size_t k = 0; k < i; k++)
		if (BPF_CLASS(p->code[k].code) == BPF_JMP &&
		    (BPF_OP(p->code[k].code) == BPF_JA ? k + 1 + p->code[k].k == i
		                                       : k + 1 + p->code[k].jt == i || k + 1 + p->code[k].jf == i))
			return true;
	return false;
}

START_TEST(one_changed_instruction_is_found)
{
	const struct filter *f = filtering_made(_i ? CALLS_COMMAND | CALLS_CONNECT : CALLS_LOOK | CALLS_WALK | CALLS_CHANGE);
	struct diags *ds = diags_new(filtering_arena);
	struct capability c = { .name = KRUX_STR("t.t") };
	size_t missed = 0, n = 0;

	ck_assert_uint_eq(filter_verify(filtering_arena, f).n, 0);
	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		for (size_t i = 0; i < f->program[m].n; i++) {
			struct filter bad = *f;
			size_t size = f->program[m].n * sizeof(struct krux_bpf);
			struct krux_bpf *code = (struct krux_bpf *)arena_copy(filtering_arena, f->program[m].code, size);

			if (code[i].code != (BPF_RET | BPF_K) || !is_reached(&f->program[m], i))
				continue;
			code[i].k = code[i].k == SECCOMP_RET_ALLOW ? KILL : SECCOMP_RET_ALLOW;
			bad.program[m].code = code;
			n++;
			missed += filter_accept(filtering_arena, ds, &c, &bad);
		}
	ck_assert_uint_ge(n, 4);
	ck_assert_uint_eq(missed, 0);
	ck_assert(ds->n == n && ds->list[0]->code == 6005);
}
END_TEST

#define LOAD(k) { BPF_LD | BPF_W | BPF_ABS, 0, 0, k }
#define RET(k) { BPF_RET | BPF_K, 0, 0, k }
#define JEQ(k, t, f) { BPF_JMP | BPF_JEQ | BPF_K, t, f, k }
#define AND(k) { BPF_ALU | BPF_AND | BPF_K, 0, 0, k }

/* What opens a door that no call of the table shows: an argument, a number beyond all, another machine. */
static const struct krux_bpf doors[][4] = {
	{ LOAD(16), JEQ(0xDEADBEEF, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(60), JEQ(7, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(8), JEQ(0x1000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), JEQ(5000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), { BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0xFFFFFFFE }, RET(SECCOMP_RET_ALLOW) },
	{ LOAD(4), JEQ(0xC00000F3, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), AND(0xFFFF), JEQ(5000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), { BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x2000 }, RET(SECCOMP_RET_ALLOW) },
	{ LOAD(16), JEQ(0xDEADBEEF, 0, 1), RET(KILL) },
};

START_TEST(a_hidden_door_is_found)
{
	const struct filter *f = filtering_made(_i % 2 ? CALLS_COMMAND : CALLS_LOOK | CALLS_WALK | CALLS_CHANGE);
	const size_t n = doors[_i / 2][3].code ? 4 : 3;

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		const struct krux_filter *p = &f->program[m];
		struct krux_bpf *code = ARENA_ARRAY(filtering_arena, struct krux_bpf, n + p->n);
		struct filter bad = *f;

		memcpy(code, doors[_i / 2], n * sizeof *code);
		memcpy(code + n, p->code, p->n * sizeof *code);
		bad.program[m] = (struct krux_filter){ code, n + p->n };
		ck_assert_ptr_null(krux_bpf_wrong(&bad.program[m]));
		ck_assert_uint_gt(filter_verify(filtering_arena, &bad).n, 0);
	}
}
END_TEST

/* ---- what is no filter ---- */

static const struct {
	const char *why;
	struct krux_bpf code[4];
	size_t n;
} wrong[] = {
	{ "1 to 4096", { RET(KILL) }, 0 },
	{ NULL, { RET(KILL) }, 1 },
	{ NULL, { LOAD(60), RET(SECCOMP_RET_ALLOW) }, 2 },
	{ "from elsewhere", { LOAD(64), RET(KILL) }, 2 },
	{ "from elsewhere", { LOAD(2), RET(KILL) }, 2 },
	{ "does not end", { LOAD(0) }, 1 },
	{ "does not end", { RET(KILL), LOAD(0) }, 2 },
	{ NULL, { JEQ(1, 0, 1), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { JEQ(1, 0, 2), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { JEQ(1, 255, 0), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { { BPF_JMP | BPF_JA, 0, 0, UINT32_MAX }, RET(KILL) }, 2 },
	{ NULL, { { BPF_JMP | BPF_JA, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "neither allows", { RET(SECCOMP_RET_TRACE) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_LOG) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_USER_NOTIF) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_TRAP) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_KILL_THREAD) }, 1 },
	{ "something to say", { RET(SECCOMP_RET_ALLOW | 1) }, 1 },
	{ "error number", { RET(SECCOMP_RET_ERRNO) }, 1 },
	{ "error number", { RET(SECCOMP_RET_ERRNO | 4096) }, 1 },
	{ NULL, { RET(SECCOMP_RET_ERRNO | 4095) }, 1 },
	{ "no filter needs", { { BPF_LD | BPF_IMM, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_ST, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_RET | 0x10, 0, 0, 0 }, RET(KILL) }, 2 },
};

START_TEST(programs_that_are_no_filters)
{
	const struct krux_filter f = { wrong[_i].code, wrong[_i].n };
	const char *why = krux_bpf_wrong(&f);

	if (wrong[_i].why)
		ck_assert_msg(why && strstr(why, wrong[_i].why), "row %d: %s", _i, why ? why : "none");
	else
		ck_assert_msg(!why, "row %d: %s", _i, why);
}
END_TEST

START_TEST(filters_have_a_greatest_length)
{
	struct krux_bpf *code = ARENA_ARRAY(filtering_arena, struct krux_bpf, KRUX_BPF_MOST + 1);
	struct krux_filter f = { code, KRUX_BPF_MOST };

	for (size_t i = 0; i <= KRUX_BPF_MOST; i++)
		code[i] = (struct krux_bpf)RET(KILL);
	ck_assert_ptr_null(krux_bpf_wrong(&f));
	f.n++;
	ck_assert_ptr_nonnull(krux_bpf_wrong(&f));
}
END_TEST

static Suite *filter_verify_suite(void)
{
	Suite *s = suite_create("filter_verify");
	TCase *tc = tcase_create("filter verify");

	tcase_add_checked_fixture(tc, filtering_setup, filtering_teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, one_changed_instruction_is_found, 0, 2);
	tcase_add_loop_test(tc, a_hidden_door_is_found, 0, 2 * (sizeof doors / sizeof *doors));
	tcase_add_loop_test(tc, programs_that_are_no_filters, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tc, filters_have_a_greatest_length);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(filter_verify_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
