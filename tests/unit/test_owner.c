/* Who owns what in a state folder that a daemon serves. */
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/front/owner.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDER = 60871 };

static struct state state;
static struct krux_err err;
static char folder[64];
static int keys;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/krux-owner-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert(!state_make(folder, &state, &err));
	ck_assert(!file_create(state.log, "00000000.seg", 0600, "x", 1, &err));
	ck_assert(!mkdirat(state.log, "tile", 0700));
	keys = -1;
}

static void setup_user(void)
{
	if (!geteuid())
		ck_assert(!setresgid(65533, 65533, 65533) && !setresuid(65533, 65533, 65533));
	setup();
}

static void teardown(void)
{
	state_close(&state);
	if (keys >= 0)
		close(keys);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uid_t owner_of(const char *name)
{
	struct stat st;

	ck_assert(!fstatat(state.fd, name, &st, AT_SYMLINK_NOFOLLOW));
	return st.st_uid;
}

START_TEST(the_log_becomes_the_recorders)
{
	uid_t recorder = geteuid() ? geteuid() : RECORDER;
	struct stat st;

	if (!geteuid())
		ck_assert_uint_eq(owner_base(&state), UID_BASE);
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(!owner_settle(&state, RECORDER, &keys, &err), "%s", err.text);
		close(keys);
	}
	ck_assert_uint_eq(owner_of("log"), recorder);
	ck_assert_uint_eq(owner_of("log/00000000.seg"), recorder);
	ck_assert_uint_eq(owner_of("log/tile"), recorder);
	ck_assert_uint_eq(owner_of("blobs"), recorder);
	if (!geteuid())
		ck_assert_uint_eq(owner_base(&state), RECORDER - UID_RECORDER);
	ck_assert_uint_eq(owner_of("keys/log.key"), recorder);
	ck_assert_uint_eq(owner_of("keys"), geteuid());
	ck_assert_uint_eq(owner_of("trust"), geteuid());
	ck_assert_uint_eq(owner_of("workspaces"), geteuid());
	ck_assert(!fstatat(state.fd, "keys/log.key", &st, 0));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	keys = -1;
}
END_TEST

START_TEST(what_root_makes_later_is_the_recorders_too)
{
	if (geteuid())
		return;
	ck_assert(!owner_settle(&state, RECORDER, &keys, &err));
	ck_assert(!file_create(state.log, "00000001.seg", 0600, "y", 1, &err));
	ck_assert_uint_eq(owner_of("log/00000001.seg"), RECORDER);
	close(file_mkdir(state.log, "more", 0700, &err));
	ck_assert_uint_eq(owner_of("log/more"), RECORDER);
	ck_assert(!file_create(state.fd, "mine", 0600, "y", 1, &err));
	ck_assert_uint_eq(owner_of("mine"), 0);
}
END_TEST

static void refused(const char *why)
{
	ck_assert(owner_settle(&state, RECORDER, &keys, &err) < 0);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

START_TEST(a_trust_folder_that_others_write_is_refused)
{
	ck_assert(!fchmod(state.trust, 0777));
	refused("the trust folder has to belong to");
}
END_TEST

START_TEST(a_log_key_that_others_read_is_refused)
{
	ck_assert(!mknodat(state.fd, "keys/log.key", S_IFREG | 0644, 0));
	ck_assert(!fchmodat(state.fd, "keys/log.key", 0644, 0));
	refused("has to be a file of one name with mode 0600");
}
END_TEST

/* As root only: what is given away may not be a name for somebody else's file. */
START_TEST(links_are_not_given_away)
{
	if (geteuid())
		return;
	ck_assert(!symlinkat("/etc/passwd", state.log, "link"));
	refused("link");
	ck_assert(!unlinkat(state.log, "link", 0));
	ck_assert(!linkat(state.log, "00000000.seg", state.fd, "other", 0));
	refused("neither a folder nor a file of one name");
	ck_assert(!unlinkat(state.fd, "other", 0));
	ck_assert(!fchownat(state.log, "00000000.seg", 12345, 12345, 0));
	refused("belongs to uid 12345");
}
END_TEST

int main(void)
{
	void (*const begin[])(void) = { setup, setup_user };
	Suite *s = suite_create("owner");
	SRunner *r;
	int failed;

	for (int i = 0; i < 2; i++) {
		TCase *c = tcase_create(i ? "user" : "root");

		tcase_add_checked_fixture(c, begin[i], teardown);
		tcase_add_test(c, the_log_becomes_the_recorders);
		tcase_add_test(c, what_root_makes_later_is_the_recorders_too);
		tcase_add_test(c, a_trust_folder_that_others_write_is_refused);
		tcase_add_test(c, a_log_key_that_others_read_is_refused);
		tcase_add_test(c, links_are_not_given_away);
		suite_add_tcase(s, c);
	}
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
