/* Diagrams against the naive matcher: every kind of test alone, then conditions at random;
 * algebra; canonicity; growth; limits. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/diagrams.h"

START_TEST(random_conditions)
{
	for (int i = 0; i < 60; i++) {
		const struct cond *c;

		random_start((uint64_t)_i * 1000 + (uint64_t)i + 1);
		c = random_cond(4);
		agree(c, dd_cond(m, c), 40);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dd");
	TCase *t = tcase_create("dd");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_conditions, 0, 20);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
