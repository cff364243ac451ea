/* What can be waived, and that trying what the machine has leaves nothing behind. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/front/machine.h"

START_TEST(names_are_unique_and_words_are_there)
{
	for (unsigned i = 0; i < FEATURES; i++) {
		const struct feature *f = &feature_list[i];

		ck_assert(*f->name && *f->loses && *f->get);
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(f->name, feature_list[k].name);
		ck_assert_int_eq(feature_can_be_waived(f->name), f->need == FEATURE_WAIVABLE || f->need == FEATURE_LIMITS || f->need == FEATURE_WORKSPACE);
	}
	ck_assert(!feature_can_be_waived(""));
	ck_assert(!feature_can_be_waived("cgrou"));
}
END_TEST

/* What calls stand on is never among what can be waived. */
START_TEST(these_are_needed)
{
	static const char *const needed[] = {
		"namespaces.mount", "namespaces.pid", "namespaces.net", "namespaces.ipc", "namespaces.uts",
		"namespaces.cgroup", "namespaces.time", "namespaces.user", "no-new-privileges", "seccomp", "landlock",
	};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		struct machine m = { .names = NULL };
		struct krux_err err = { 0 };

		ck_assert(machine_waive(&m, needed[i], &err) < 0);
		ck_assert_ptr_nonnull(strstr(err.text, "cannot be waived; these can: cgroup, cgroup.kill"));
		machine_free(&m);
	}
}
END_TEST

START_TEST(a_name_covers_what_comes_after_its_dot)
{
	const char *const group[] = { "cgroup", NULL }, *const one[] = { "cgroup.memory", NULL }, *const none[] = { NULL };

	ck_assert(feature_is_waived(FEATURE_IS_cgroup, group));
	ck_assert(feature_is_waived(FEATURE_IS_cgroup_kill, group));
	ck_assert(feature_is_waived(FEATURE_IS_cgroup_memory, one));
	ck_assert(!feature_is_waived(FEATURE_IS_cgroup, one));
	ck_assert(!feature_is_waived(FEATURE_IS_cgroup_kill, one));
	ck_assert(!feature_is_waived(FEATURE_IS_cgroup, none));
	ck_assert(!feature_is_waived(FEATURE_IS_nftables, group));
}
END_TEST

static const struct {
	const char *list;
	bool good;
	size_t n;
} lists[] = {
	{ NULL, true, 0 }, { "", true, 0 }, { "cgroup", true, 1 }, { "cgroup.memory,cgroup.kill", true, 2 },
	{ "idmapped-mounts", true, 1 }, { "idmapped-mounts,cgroup", true, 2 }, { "idmapped", false, 0 },
	{ "cgroup,", true, 1 }, { ",cgroup", false, 0 }, { "cgroup,,cgroup.kill", false, 0 }, { "Cgroup", false, 0 },
	{ " cgroup", false, 0 }, { "cgroup seccomp", false, 0 }, { "everything", false, 0 },
	/* What no start and no command asks for is there or not when a call needs it, whatever was named. */
	{ "overlay", false, 0 }, { "egress", false, 0 }, { "cgroup,egress.web", false, 0 }, { "ebpf", false, 0 },
};

START_TEST(lists_are_read)
{
	struct machine m = { .names = NULL };
	struct krux_err err = { 0 };
	size_t n = 0;

	ck_assert_int_eq(!machine_waive(&m, lists[_i].list, &err), lists[_i].good);
	while (lists[_i].good && m.waived[n])
		n++;
	ck_assert_uint_eq(n, lists[_i].n);
	machine_free(&m);
}
END_TEST

/* Where the tests run, calls run: nothing that they need is missing. */
START_TEST(this_machine_is_able)
{
	struct machine m = { .names = NULL };
	struct krux_err err = { 0 };
	struct features f;

	ck_assert(!features_try(&f));
	ck_assert_msg(!machine_waive(&m, "cgroup", &err), "%s", err.text);
	ck_assert_msg(!machine_check(&m, &err), "%s", err.text);
	ck_assert_int_ge(f.landlock_abi, 2);
	ck_assert_int_eq(f.root, geteuid() == 0);
	for (unsigned i = 0; i < FEATURES; i++)
		if (feature_list[i].need == FEATURE_NEEDED)
			ck_assert_int_eq(f.no[i], 0);
	machine_free(&m);
}
END_TEST

START_TEST(an_ordinary_user_has_to_waive)
{
	struct machine m = { .names = NULL };
	struct krux_err err = { 0 };

	if (geteuid() != 0)
		return;
	ck_assert(!setresgid(65533, 65533, 65533) && !setresuid(65533, 65533, 65533));
	ck_assert(!machine_waive(&m, NULL, &err));
	ck_assert(machine_check(&m, &err) < 0);
	ck_assert_ptr_nonnull(strstr(err.text, "--allow-missing cgroup"));
	machine_free(&m);
	ck_assert(!machine_waive(&m, "cgroup", &err));
	ck_assert_msg(!machine_check(&m, &err), "%s", err.text);
	ck_assert_ptr_nonnull(strstr(m.missing[0], "cgroup: "));
	machine_free(&m);
}
END_TEST

static Suite *feature_suite(void)
{
	Suite *s = suite_create("feature");
	TCase *tc = tcase_create("feature");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_test(tc, names_are_unique_and_words_are_there);
	tcase_add_test(tc, these_are_needed);
	tcase_add_test(tc, a_name_covers_what_comes_after_its_dot);
	tcase_add_loop_test(tc, lists_are_read, 0, sizeof lists / sizeof *lists);
	tcase_add_test(tc, this_machine_is_able);
	tcase_add_test(tc, an_ordinary_user_has_to_waive);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(feature_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
