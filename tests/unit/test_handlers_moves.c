/* What changes the name of a whole tree: copy, move, delete and restore, through the real sandbox. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/handler_calls.h"

#define SETUP(ns) do { if (!calls_setup(_i, ns)) return; } while (0)

START_TEST(copy_files_and_folders)
{
	struct stat st;

	SETUP("filesystem");
	mkdir("workspace/notes/sub", 0755);
	file_put("workspace/notes/sub/x", "x");
	chmod("workspace/notes/sub/x", 0700);
	chmod("workspace/notes/sub", 0555);
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/c\"}", "\"files\":3",
	         "\"size\":21", NULL);
	ck_assert(file_is("workspace/c/sub/x", "x") && file_is("workspace/c/hello.txt", "hello\n"));
	ck_assert(!stat("workspace/c/sub/x", &st) && (st.st_mode & 0777) == 0700);
	ck_assert(!stat("workspace/c/sub", &st) && (st.st_mode & 0777) == 0555);
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/c/hello.txt\","
	         "\"overwrite\":true}", "\"sha256\":", NULL);
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/notes\","
	           "\"overwrite\":true}", "Exists");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/c\","
	           "\"overwrite\":true}", "Exists");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/n/x\"}",
	           "ParentNotFound");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace\",\"destination\":\"/workspace/all\"}", "Inside");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/none\",\"destination\":\"/workspace/x\"}", "NotFound");
	calls_teardown();
}
END_TEST

START_TEST(copy_and_move_ask_for_every_path)
{
	SETUP("filesystem");
	mkdir("workspace/d", 0755);
	file_put("workspace/d/secret", "x");
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "NotAllowed");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/d\",\"destination\":\"/workspace/e\"}", "NotAllowed");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/d\",\"recursive\":true}", "NotAllowed");
	ck_assert(there("workspace/d/secret") && !there("workspace/e"));
	calls_teardown();
}
END_TEST

START_TEST(move_renames)
{
	SETUP("filesystem");
	calls_ok("filesystem.move", "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/x/y\","
	         "\"create_parents\":true}", "\"entries\":3", NULL);
	ck_assert(file_is("workspace/x/y/hello.txt", "hello\n") && !there("workspace/notes"));
	calls_ok("filesystem.move", "{\"source\":\"/workspace/x/y/hello.txt\",\"destination\":\"/workspace/readme.md\","
	         "\"overwrite\":true}", NULL);
	ck_assert(file_is("workspace/readme.md", "hello\n"));
	calls_fail("filesystem.move", "{\"source\":\"/workspace/x\",\"destination\":\"/workspace/x/y/z\"}", "Inside");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/x\",\"destination\":\"/workspace/x\"}", "Inside");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/x\",\"destination\":\"/workspace/readme.md\","
	           "\"overwrite\":true}", "Exists");
	calls_teardown();
}
END_TEST

START_TEST(delete_and_restore)
{
	char id[32], json[256];

	SETUP("filesystem");
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/notes\",\"recursive\":true}", "\"entries\":3", NULL);
	ck_assert(!there("workspace/notes"));
	snprintf(id, sizeof id, "%s", calls_member("trash_id"));
	snprintf(json, sizeof json, "{\"trash_id\":\"%s\",\"path\":\"/workspace/notes\"}", id);
	mkdir("workspace/notes", 0755);
	calls_fail("filesystem.restore", json, "Exists");
	rmdir("workspace/notes");
	calls_ok("filesystem.restore", json, "\"entries\":3", "\"type\":\"directory\"", NULL);
	ck_assert(file_is("workspace/notes/hello.txt", "hello\n"));
	calls_fail("filesystem.restore", json, "NotFound");
	snprintf(json, sizeof json, "workspace/.krux/trash/%s", id);
	ck_assert(!there(json));
	/* A link is deleted itself, and comes back itself. */
	ck_assert(!symlink("/etc", "workspace/etc"));
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/etc\"}", "\"entries\":1", NULL);
	snprintf(json, sizeof json, "{\"trash_id\":\"%s\",\"path\":\"/workspace/etc\"}", calls_member("trash_id"));
	calls_ok("filesystem.restore", json, "\"type\":\"symlink\"", NULL);
	ck_assert(there("workspace/etc"));
	mkdir("workspace/hollow", 0755);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/hollow\"}", NULL);
	calls_teardown();
}
END_TEST

START_TEST(trash_expires)
{
	SETUP("filesystem");
	mkdir("workspace/.krux/trash/000000010000000000000001", 0700);
	mkdir("workspace/.krux/trash/000000010000000000000001/item", 0700);
	file_put("workspace/.krux/trash/000000010000000000000001/item/x", "x");
	file_put("workspace/.krux/trash/000000010000000000000001/origin", "/workspace/old");
	mkdir("workspace/.krux/trash/not-one-of-ours", 0700);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/readme.md\"}", NULL);
	ck_assert(!there("workspace/.krux/trash/000000010000000000000001"));
	ck_assert(there("workspace/.krux/trash/ffffffff0000000000000001"));
	ck_assert(there("workspace/.krux/trash/not-one-of-ours"));
	calls_teardown();
}
END_TEST

START_TEST(trash_may_be_elsewhere)
{
	/* What is an agent's own is on a mount of its own, and so is its trash. */
	const char *where = _i == AS_AGENT ? "workspace/.krux/trash" : "trash";
	char json[256];

	SETUP("filesystem");
	mkdir("trash", 0700);
	calls_trash = open("trash", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/readme.md\"}", NULL);
	snprintf(json, sizeof json, "%s/%s/item", where, calls_member("trash_id"));
	ck_assert(there(json));
	snprintf(json, sizeof json, "{\"trash_id\":\"%s\",\"path\":\"/workspace/readme.md\"}", calls_member("trash_id"));
	calls_ok("filesystem.restore", json, NULL);
	ck_assert(there("workspace/readme.md"));
	calls_ok("filesystem.write", "{\"path\":\"/workspace/w\",\"content\":\"x\"}", NULL);
	snprintf(json, sizeof json, "%s/tmp", where);
	ck_assert(there(json) && there("workspace/.krux/trash/tmp") == (_i == AS_AGENT));
	close(calls_trash);
	/* One that cannot be used, as root's is for the owner of the workspace, gives way. */
	calls_trash = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/w\"}", NULL);
	ck_assert(there("workspace/.krux/trash/tmp"));
	close(calls_trash);
	calls_trash = -1;
	calls_teardown();
}
END_TEST

static Suite *moves_suite(void)
{
	Suite *s = suite_create("handlers: moves");
	TCase *tc = tcase_create("handlers: moves");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(copy_files_and_folders);
	ADD(copy_and_move_ask_for_every_path);
	ADD(move_renames);
	ADD(delete_and_restore);
	ADD(trash_expires);
	ADD(trash_may_be_elsewhere);
#undef ADD
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(moves_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
