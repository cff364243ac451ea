/* Codes: each has a title and a text, and the example in its text brings exactly that code. */
#include <stdio.h>
#include <string.h>

#include "compiler/check/explain.h"
#include "tests/unit/modeling.h"

static const unsigned codes[] = {
#define CODE(number, title) number,
#include "capspec/codes.def"
#undef CODE
};

/* Those that resolving and build_check find. */
static bool is_ours(unsigned code)
{
	return (code > 1000 && code < 2000) || (code > 2100 && code < 4000) ||
	       (code > 5000 && code < 5050) || (code > 9010 && code < 9020);
}

/* Examples of these would take a second folder or far too much text: tests/extra/explained.sh makes
 * them, and runs all the others once more as the compiler does. */
static bool has_no_example(unsigned code)
{
	return code == 1020 || code == 3016 || code == 9011 || code == 9012 || code == 9016 ||
	       code == 9017 || code == 9018;
}

static void block_add(struct world *w, struct krux_str kind, struct krux_str body)
{
	char *text = arena_copy(w->arena, body.p, body.n);

	if (krux_str_eq(kind, KRUX_STR("cap"))) {
		world_cap(w, text);
	} else if (krux_str_eq(kind, KRUX_STR("policy"))) {
		if (!w->ncaps)
			world_example(w);
		world_policy(w, text);
	} else {
		ck_assert(krux_str_eq(kind, KRUX_STR("cond")));
		text[strcspn(text, "\n")] = 0;
		world_condition(w, text);
	}
}

/* The number of blocks. */
static size_t example_run(struct world *w, struct krux_str text)
{
	const char *p = text.p, *open;
	size_t n = 0;
	bool done = false;

	while ((open = strstr(p, "```"))) {
		const char *lf = strchr(open, '\n'), *close = strstr(lf, "\n```");
		struct krux_str kind = { open + 3, (size_t)(lf - open) - 3 };

		ck_assert_ptr_nonnull(close);
		block_add(w, kind, (struct krux_str){ lf + 1, (size_t)(close - lf) });
		done = krux_str_eq(kind, KRUX_STR("cond"));
		p = close + 4;
		n++;
	}
	if (n && !done)
		world_resolve(w);
	return n;
}

START_TEST(code_examples)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct world w;
		bool only = true;

		if (!is_ours(codes[i]) || has_no_example(codes[i]))
			continue;
		world_start(&w);
		ck_assert_msg(code_text(codes[i]).n, "K%04u has no text", codes[i]);
		ck_assert_msg(example_run(&w, code_text(codes[i])), "K%04u has no example",
		              codes[i]);
		for (size_t k = 0; k < w.diags->n; k++)
			only = only && w.diags->list[k]->code == codes[i];
		if (!w.diags->n || !only) {
			world_print(&w);
			ck_abort_msg("the example of K%04u brings %s", codes[i],
			             w.diags->n ? "another code" : "nothing");
		}
		world_end(&w);
	}
}
END_TEST

START_TEST(code_order)
{
	for (size_t i = 1; i < sizeof codes / sizeof *codes; i++)
		ck_assert_msg(codes[i - 1] < codes[i], "K%04u is out of order", codes[i]);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		ck_assert_msg(code_text(codes[i]).n, "K%04u has no text", codes[i]);
	for (unsigned i = 0; i < code_nrows; i++)
		ck_assert_msg(!code_rows[i].code || code_title(code_rows[i].code),
		              "K%04u has a text, but no title", code_rows[i].code);
}
END_TEST

START_TEST(code_printed)
{
	struct buf b = { 0 };

	ck_assert(code_explain(&b, 3018));
	buf_putc(&b, 0);
	ck_assert_ptr_nonnull(strstr(b.p, "K3018: malformed glob\n\nA glob starts with"));
	ck_assert_ptr_nonnull(strstr(b.p, "This condition gets it, in a rule that permits:\n\n    path matches \"*.pem\"\n\n"
	                              "of a capability with\n\n    path    : path "));
	ck_assert_ptr_null(strstr(b.p, "```"));
	buf_free(&b);
	ck_assert(!code_explain(&b, 999));
	ck_assert_ptr_null(code_title(0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("check");
	TCase *t = tcase_create("check");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, code_examples);
	tcase_add_test(t, code_order);
	tcase_add_test(t, code_printed);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
