/* Limits of the gate by name: what is taken, what is refused with which words, and that the manual
 * has the same table. */
#include "runtime/base/err.h"
#include "runtime/gate/gate_run.h"
#include "runtime/gate/limits.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gate_limits limits;
static struct krux_err err;

static const char *refused(const char *text)
{
	err = (struct krux_err){ 0 };
	ck_assert_int_lt(limits_set(&limits, text, &err), 0);
	return err.text;
}

START_TEST(names_set_fields)
{
	limits = (struct gate_limits){ 0 };
	ck_assert(!limits_set(&limits, "connections=1", &err));
	ck_assert(!limits_set(&limits, "bytes=68719476736", &err));
	ck_assert_uint_eq(limits.connections, 1);
	ck_assert_uint_eq(limits.bytes, UINT64_C(68719476736));
	limits_fill(&limits);
	ck_assert_uint_eq(limits.connections, 1);
	ck_assert_uint_eq(limits.calls, 64);
	for (size_t i = 0; limits_name(i); i++)
		ck_assert_uint_gt(limits_value(&limits, i), 0);
}
END_TEST

START_TEST(mistakes_are_named)
{
	static const char *const wrong[] = { "calls=", "calls=0", "calls=1025", "calls=+1", "calls=01", "calls=1k", "calls= 1",
		                             "calls=-1", "calls=99999999999999999999999" };

	limits = (struct gate_limits){ 0 };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_str_eq(refused(wrong[i]), "--limit calls: a number from 1 to 1024");
	ck_assert(strstr(refused("call=1"), "NAME is one of connections, agent-connections, "));
	ck_assert(strstr(refused("calls"), " and message-ms"));
	refused("");
	refused("=1");
	ck_assert(!limits_set(&limits, "calls=2", &err));
	ck_assert_str_eq(refused("calls=2"), "--limit calls: it was given twice");
}
END_TEST

/* One row each, with the bounds of limits.def, in the manual of kruxrt serve. */
START_TEST(the_manual_has_them)
{
	static const struct { const char *name, *what; uint64_t usual, least, most; } row[] = {
#define GATE_LIMIT(field, name, usual, least, most, what) { name, what, usual, least, most },
#include "runtime/gate/limits.def"
	};
	FILE *f = fopen("docs/man/kruxrt-serve.8.scd", "r");
	static char text[1 << 16];
	char line[256];
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		snprintf(line, sizeof line, "|  *%s*\n:  %s\n:  %llu\n:  %llu to %llu\n", row[i].name, row[i].what,
		         (unsigned long long)row[i].usual, (unsigned long long)row[i].least, (unsigned long long)row[i].most);
		ck_assert_msg(strstr(text, line), "not in the manual:\n%s", line);
	}
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("limits");
	Suite *s = suite_create("limits");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, names_set_fields);
	tcase_add_test(c, mistakes_are_named);
	tcase_add_test(c, the_manual_has_them);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
