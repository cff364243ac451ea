/* The option --agent-uids: which ranges there are, and whose they may not be. */
#include "runtime/base/err.h"
#include "runtime/front/agent_uids.h"

#include <check.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct krux_err err;
static struct agent_uids got;

static void taken(const char *option, uint32_t base, uint32_t count)
{
	ck_assert_msg(!agent_uids_read(option, true, &got, &err), "%s: %s", option ? option : "", err.text);
	ck_assert_uint_eq(got.base, base);
	ck_assert_uint_eq(got.count, count);
}

static void refused(const char *option, const char *why)
{
	ck_assert_msg(agent_uids_read(option, true, &got, &err) < 0, "%s", option);
	ck_assert_msg(strstr(err.text, why), "%s: %s", option, err.text);
	ck_assert_uint_eq(got.count, 0);
}

START_TEST(ranges)
{
	static const char form[] = "--agent-uids: a first uid and how many, such as 70000:8192";
	static const char *const none[] = { "", ":", "70000:", ":8192", "70000:0", "x", "70000x", "70000:8x", "-70000", "+70000", " 70000",
		                            "70000:8192:1", "70000:-1", "99999999999999999999", "70000:99999999999999999999" };

	taken(NULL, 70000, 8192);
	taken("80000", 80000, 8192);
	taken("70000:1", 70000, 1);
	taken("65536:458752", 65536, 458752);
	taken("524287:1", 524287, 1);
	taken("1879048192:268435455", 1879048192, 268435455);
	taken("2147483646:1", 2147483646, 1);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		refused(none[i], form);
	refused("65535:1", "does not lie within 65536 to 524287");
	refused("65535:8192", "does not lie within");
	refused("1000", "does not lie within");
	refused("0", "does not lie within");
	refused("65536:458753", "does not lie within");
	refused("524287:2", "does not lie within");
	refused("524288:1", "does not lie within");
	refused("520000", "--agent-uids 520000:8192 does not lie within");
	refused("1879048191:2", "does not lie within");
	refused("1879048192:268435456", "does not lie within");
	refused("2147483647:1", "does not lie within");
	refused("4294967295:1", "does not lie within");
	refused("70000:18446744073709551615", "does not lie within");
}
END_TEST

START_TEST(they_are_roots)
{
	ck_assert(!agent_uids_read(NULL, false, &got, &err));
	ck_assert_uint_eq(got.count, 0);
	ck_assert_int_lt(agent_uids_read("70000:8192", false, &got, &err), 0);
	ck_assert_str_eq(err.text, "--agent-uids is for root: without root all calls run as you");
	ck_assert_uint_eq(got.count, 0);
}
END_TEST

START_TEST(the_daemons_own_are_apart)
{
	const struct agent_uids a = { 70000, 10 };
	struct krux_err why = { 0 };

	for (uint32_t base = 69990; base < 70020; base++) {
		bool apart = base + UIDS <= 70000 || base >= 70010;

		why = (struct krux_err){ 0 };
		agent_uids_check(&a, base, &why);
		ck_assert_msg((strstr(why.text, "the daemon's own are") == NULL) == apart, "%u: %s", base, why.text);
	}
}
END_TEST

/* The process's own, where somebody is it. */
START_TEST(accounts_are_found)
{
	const struct passwd *p = getpwuid(getuid());
	struct agent_uids a = { getuid(), 1 };
	char want[128];

	if (!p)
		return;
	snprintf(want, sizeof want, "account %s has uid %u", p->pw_name, p->pw_uid);
	ck_assert_int_lt(agent_uids_check(&a, 60800, &err), 0);
	ck_assert_msg(strstr(err.text, want), "%s", err.text);
	ck_assert_msg(strstr(err.text, "has to be uids and gids that nobody has: "), "%s", err.text);
}
END_TEST

/* What cannot be read is not free. */
START_TEST(accounts_that_cannot_be_read_are_no_answer)
{
	const struct agent_uids a = { 2147483000, 10 };
	struct rlimit few;

	ck_assert_msg(!agent_uids_check(&a, 60800, &err), "%s", err.text);
	ck_assert(!getrlimit(RLIMIT_NOFILE, &few));
	few.rlim_cur = 0;
	ck_assert(!setrlimit(RLIMIT_NOFILE, &few));
	ck_assert_int_lt(agent_uids_check(&a, 60800, &err), 0);
	ck_assert_int_eq(err.no, EMFILE);
	ck_assert_msg(strstr(err.text, "has to be uids and gids that nobody has: the accounts of this machine"), "%s", err.text);
	few.rlim_cur = few.rlim_max;
	ck_assert(!setrlimit(RLIMIT_NOFILE, &few));
}
END_TEST

static int subordinate(const char *text)
{
	const struct agent_uids a = { 70000, 10 };
	char path[] = "/tmp/krux-subuid-XXXXXX";
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	err = (struct krux_err){ 0 };
	rc = agent_uids_subordinate(&a, path, "uids", &err);
	close(fd);
	unlink(path);
	return rc;
}

START_TEST(subordinate_ids_are_apart)
{
	const struct agent_uids a = { 70000, 10 };

	ck_assert(!agent_uids_subordinate(&a, "/tmp/there/is/no/such/file", "uids", &err));
	ck_assert(!subordinate(""));
	ck_assert(!subordinate("ann:100000:65536\nbob:165536:65536\n"));
	ck_assert(!subordinate("ann:69990:10\nbob:70010:5\n"));
	ck_assert(!subordinate("# ann:70000:5\n\nann\nann:70000\nann:70000:\nann:70000:0\nann:x:5\nann:70000:5:6\n"));
	ck_assert_int_lt(subordinate("ann:100000:65536\nbob:69990:11"), 0);
	ck_assert_msg(strstr(err.text, " gives bob 11 uids from 69990 on"), "%s", err.text);
	ck_assert_int_lt(subordinate("ann:70009:1\n"), 0);
	ck_assert_int_lt(subordinate("ann:1:18446744073709551615\n"), 0);
	ck_assert_int_lt(subordinate("ann:70005:2\n"), 0);
	ck_assert_int_lt(agent_uids_subordinate(&a, "/", "uids", &err), 0);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("agent_uids");
	Suite *s = suite_create("agent_uids");
	SRunner *r;
	int failed;

	tcase_add_test(c, ranges);
	tcase_add_test(c, they_are_roots);
	tcase_add_test(c, the_daemons_own_are_apart);
	tcase_add_test(c, accounts_are_found);
	tcase_add_test(c, accounts_that_cannot_be_read_are_no_answer);
	tcase_add_test(c, subordinate_ids_are_apart);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
