/* Which workspaces a daemon of root's takes: those that can be mounted as the agent's, and others where that is waived. */
#include "runtime/base/err.h"
#include "runtime/front/folders.h"
#include "runtime/front/machine.h"
#include "runtime/front/registered.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONE "the folder lies on the file system overlay, which has no idmapped mounts on this kernel"

static struct machine m;
static struct krux_err err;
/* The first two have none, the third is not there, the last has them. */
static const struct registered_agent agents[] = {
	{ "ann", "/tmp/all/ann" }, { "bob", "/tmp/all/bob" }, { "cid", "/tmp/none" }, { "dan", "/tmp/low" },
};

/* In a mount namespace of its own, with an overlay at /tmp/all. False: only root has one. */
static bool overlay_made(void)
{
	if (geteuid())
		return false;
	ck_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ck_assert(!mount("none", "/tmp", "tmpfs", 0, "size=1m,mode=0755") && !chdir("/tmp"));
	ck_assert(!mkdir("low", 0755) && !mkdir("up", 0755) && !mkdir("work", 0755) && !mkdir("all", 0755));
	ck_assert(!mount("none", "all", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
	ck_assert(!mkdir("all/ann", 0755) && !mkdir("all/bob", 0755));
	return true;
}

static void waive(const char *list)
{
	m = (struct machine){ .names = NULL };
	err = (struct krux_err){ 0 };
	ck_assert_msg(!machine_waive(&m, list, &err), "%s", err.text);
}

START_TEST(one_without_is_refused)
{
	if (!overlay_made())
		return;
	waive(NULL);
	ck_assert_msg(!folders_check(&m, agents + 2, 2, &err), "%s", err.text);
	ck_assert_msg(!folders_check(&m, agents, 0, &err), "%s", err.text);
	ck_assert_int_eq(folders_check(&m, agents, 4, &err), -1);
	ck_assert_str_eq(err.text, "agent ann: workspace /tmp/all/ann: " NONE "; --allow-missing idmapped-mounts lets calls run as the "
	                 "owner of such folders (kruxrt doctor --state DIR says more)");
	ck_assert_ptr_null(m.missing[0]);
	machine_free(&m);
	waive("cgroup");
	ck_assert_int_eq(folders_check(&m, agents + 1, 1, &err), -1);
	machine_free(&m);
}
END_TEST

START_TEST(waived_it_is_missing)
{
	static const char loses[] = ": calls run as the owner of the workspace, not as a uid that is the agent's alone";
	char text[400];

	if (!overlay_made())
		return;
	waive("idmapped-mounts");
	ck_assert_msg(!folders_check(&m, agents + 2, 2, &err), "%s", err.text);
	ck_assert_ptr_null(m.missing[0]);
	ck_assert_msg(!folders_check(&m, agents + 1, 3, &err), "%s", err.text);
	snprintf(text, sizeof text, "idmapped-mounts: the workspace of agent bob: " NONE "%s", loses);
	ck_assert_str_eq(m.missing[0], text);
	ck_assert_ptr_null(m.missing[1]);
	machine_free(&m);
	waive("cgroup,idmapped-mounts");
	ck_assert_msg(!folders_check(&m, agents, 4, &err), "%s", err.text);
	snprintf(text, sizeof text, "idmapped-mounts: 2 workspaces, that of agent ann first: " NONE "%s", loses);
	ck_assert_str_eq(m.missing[0], text);
	machine_free(&m);
}
END_TEST

/* One user namespace serves for all, and nothing is left open. */
START_TEST(trying_leaves_nothing)
{
	struct folders f = FOLDERS_NONE;
	int folder, before, after;

	if (!overlay_made())
		return;
	folder = open("/tmp/all/ann", O_PATH | O_DIRECTORY | O_CLOEXEC);
	before = dup(0);
	ck_assert(folder >= 0 && before >= 0 && !close(before));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(folders_try(&f, folder, &err), -1);
		ck_assert_int_eq(err.no, EOPNOTSUPP);
		ck_assert_str_eq(err.text, NONE);
	}
	folders_close(&f);
	ck_assert_int_eq(f.users, -1);
	after = dup(0);
	ck_assert_int_eq(after, before);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("folders");
	TCase *tc = tcase_create("folders");
	SRunner *r;
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_test(tc, one_without_is_refused);
	tcase_add_test(tc, waived_it_is_missing);
	tcase_add_test(tc, trying_leaves_nothing);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
