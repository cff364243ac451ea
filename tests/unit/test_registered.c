/* Who is registered, as a confined process reads it from a state folder. */
#include "tests/unit/records.h"

#include "runtime/base/state.h"
#include "runtime/front/registered.h"
#include "runtime/record/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64];
static struct state state;

static void setup(void)
{
	strcpy(root, "/tmp/krux-registered-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	records_err = (struct krux_err){ 0 };
	ck_assert_msg(!state_make(root, &state, &records_err), "%s", records_err.text);
	records_dir = state.log;
	records_blobs = state.blobs;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	state_close(&state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct log *begin(void)
{
	struct log *log;

	ck_assert_msg(!log_create(state.log, "krux.test/1", "krux 0", &records_err), "%s", records_err.text);
	log = log_open(state.log, state.blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	return log;
}

START_TEST(those_who_are_not_taken_out)
{
	struct log *log = begin();
	struct registered all;

	ck_assert_msg(!registered_read(&state, &all, &records_err), "%s", records_err.text);
	ck_assert_uint_eq(all.n, 0);
	registered_free(&all);
	records_append(log, records_agent("zoe", "/srv/with a\nline"));
	records_append(log, records_agent("ann", "/srv/ann"));
	records_append(log, records_agent("bob", "/srv/bob"));
	records_append(log, records_agent("bob", NULL));
	ck_assert_msg(!registered_read(&state, &all, &records_err), "%s", records_err.text);
	ck_assert_uint_eq(all.n, 2);
	ck_assert_str_eq(all.agent[0].name, "ann");
	ck_assert_str_eq(all.agent[0].workspace, "/srv/ann");
	ck_assert_str_eq(all.agent[1].name, "zoe");
	ck_assert_str_eq(all.agent[1].workspace, "/srv/with a\nline");
	registered_free(&all);
	log_close(log);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* More than a pipe holds at once. */
START_TEST(many)
{
	enum { MANY = 3000 };
	struct log *log = begin();
	struct registered all;
	char name[16], workspace[64];

	for (unsigned i = 0; i < MANY; i++) {
		struct record r;

		snprintf(name, sizeof name, "a%04u", i);
		snprintf(workspace, sizeof workspace, "/srv/of/the/agent/of/this/name/%s", name);
		r = records_agent(name, workspace);
		ck_assert_msg(!log_add(log, &r, NULL, &records_err), "%s", records_err.text);
	}
	ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
	log_close(log);
	ck_assert_msg(!registered_read(&state, &all, &records_err), "%s", records_err.text);
	ck_assert_uint_eq(all.n, MANY);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(strtoul(all.agent[i].name + 1, NULL, 10), i);
	registered_free(&all);
}
END_TEST

START_TEST(why_not)
{
	struct registered all;

	ck_assert_int_eq(registered_read(&state, &all, &records_err), -1);
	ck_assert_str_eq(records_err.text, "who is registered: the log has no records");
	ck_assert(!all.text && !all.agent);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("registered");
	TCase *tc = tcase_create("registered");
	SRunner *r;
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, those_who_are_not_taken_out);
	tcase_add_test(tc, many);
	tcase_add_test(tc, why_not);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
