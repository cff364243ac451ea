/* What a plan does not name, no handler reaches, whatever the policy and the handler think: the kernel says
 * no. What it names works as ever. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/layers.h"
#include "tests/unit/handler_calls.h"

#define SETUP(ns) \
	if (!calls_setup(_i, ns)) \
		return
#define LEAVES(...) leaves((const struct krux_str[]){ __VA_ARGS__ }, sizeof((const struct krux_str[]){ __VA_ARGS__ }) / sizeof(struct krux_str))

static void leaves(const struct krux_str *folder, size_t n)
{
	static struct krux_str list[8];
	static struct krux_reach reach;

	ck_assert_uint_le(n, 8);
	for (size_t i = 0; i < n; i++)
		list[i] = folder[i];
	reach = (struct krux_reach){ list, n };
	calls_reach = &reach;
}

START_TEST(reads_stay_in_their_folders)
{
	SETUP("filesystem");
	LEAVES(KRUX_STR("notes"));
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\"}", "hello", NULL);
	calls_fail("filesystem.read", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	calls_fail("filesystem.read", "{\"path\":\"/workspace/data/bytes.bin\",\"encoding\":\"base64\"}", "AccessDenied");
	/* To list and to look is to open folders, which a plan does not narrow. */
	calls_ok("filesystem.list", "{\"path\":\"/workspace/data\"}", "bytes.bin", NULL);
	calls_ok("filesystem.stat", "{\"path\":\"/workspace/readme.md\"}", NULL);
	LEAVES(KRUX_STR("readme.md"), KRUX_STR("none/at/all"));
	calls_ok("filesystem.read", "{\"path\":\"/workspace/readme.md\"}", NULL);
	calls_fail("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\"}", "AccessDenied");
	calls_fail("filesystem.read", "{\"path\":\"/workspace/none/at/all\"}", "NotFound");
	calls_teardown();
}
END_TEST

START_TEST(searches_skip_what_is_not_left)
{
	SETUP("filesystem");
	LEAVES(KRUX_STR("notes"));
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/notes\",\"text\":\"hello\"}", "hello.txt", NULL);
	file_put("workspace/notes/needle", "needle\n");
	file_put("workspace/data/needle", "needle\n");
	calls_ok("filesystem.search_content", "{\"text\":\"needle\"}", "\"total\":1", "\"/workspace/notes/needle\"", NULL);
	calls_fail("filesystem.read", "{\"path\":\"/workspace/data/needle\"}", "AccessDenied");
	calls_teardown();
}
END_TEST

START_TEST(changes_stay_in_their_folders)
{
	SETUP("filesystem");
	calls_ok("filesystem.write", "{\"path\":\"/workspace/drafts/a\",\"content\":\"\",\"create_parents\":true}", NULL);
	LEAVES(KRUX_STR("drafts"));
	calls_ok("filesystem.write", "{\"path\":\"/workspace/drafts/a\",\"content\":\"a\"}", NULL);
	calls_ok("filesystem.append", "{\"path\":\"/workspace/drafts/a\",\"content\":\"b\"}", NULL);
	calls_ok("filesystem.write", "{\"path\":\"/workspace/drafts/x/y\",\"content\":\"a\",\"create_parents\":true}", NULL);
	ck_assert(file_is("workspace/drafts/a", "ab"));
	calls_fail("filesystem.write", "{\"path\":\"/workspace/other\",\"content\":\"a\"}", "AccessDenied");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/readme.md\",\"content\":\"a\"}", "AccessDenied");
	calls_fail("filesystem.append", "{\"path\":\"/workspace/readme.md\",\"content\":\"a\"}", "AccessDenied");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	calls_fail("filesystem.move", "{\"source\":\"/workspace/readme.md\",\"destination\":\"/workspace/drafts/r\"}", "AccessDenied");
	ck_assert(!there("workspace/other") && there("workspace/readme.md") && !there("workspace/drafts/r"));
	calls_teardown();
}
END_TEST

/* The folder of unfinished things is made before the domain is: making it takes rights on no more than it. */
START_TEST(the_first_change_of_a_workspace)
{
	SETUP("filesystem");
	mkdir("workspace/drafts", 0755);
	ck_assert(!rename("workspace/.krux", "outside/.krux"));
	LEAVES(KRUX_STR("drafts"));
	calls_fail("filesystem.append", "{\"path\":\"/workspace/readme.md\",\"content\":\"a\"}", "AccessDenied");
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	ck_assert(there("workspace/.krux") && there("workspace/readme.md"));
	ck_assert(!rename("workspace/.krux", "outside/.krux2"));
	calls_ok("filesystem.write", "{\"path\":\"/workspace/drafts/a\",\"content\":\"a\"}", NULL);
	calls_teardown();
}
END_TEST

START_TEST(folders_that_are_made_first)
{
	SETUP("filesystem");
	LEAVES(KRUX_STR("new/deep"));
	calls_ok("filesystem.write", "{\"path\":\"/workspace/new/deep/a\",\"content\":\"a\",\"create_parents\":true}", NULL);
	ck_assert(file_is("workspace/new/deep/a", "a"));
	/* Now they are there, so that what lies beside them is closed. */
	calls_fail("filesystem.write", "{\"path\":\"/workspace/new/b\",\"content\":\"a\"}", "AccessDenied");
	calls_teardown();
}
END_TEST

START_TEST(moves_between_two_folders)
{
	SETUP("filesystem");
	LEAVES(KRUX_STR("notes"), KRUX_STR("out"));
	calls_ok("filesystem.move", "{\"source\":\"/workspace/notes/hello.txt\",\"destination\":\"/workspace/out/a/b\","
	         "\"create_parents\":true}", NULL);
	ck_assert(file_is("workspace/out/a/b", "hello\n"));
	calls_ok("filesystem.copy", "{\"source\":\"/workspace/out/a/b\",\"destination\":\"/workspace/notes/c\"}", NULL);
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/out/a\",\"recursive\":true}", NULL);
	ck_assert(file_is("workspace/notes/c", "hello\n") && !there("workspace/out/a"));
	calls_teardown();
}
END_TEST

START_TEST(the_trash_elsewhere)
{
	SETUP("filesystem");
	ck_assert(!mkdir("trash", 0700));
	calls_trash = open("trash", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	LEAVES(KRUX_STR("notes"));
	calls_ok("filesystem.delete", "{\"path\":\"/workspace/notes/hello.txt\"}", NULL);
	/* What is an agent's own has its trash on its own mount. */
	ck_assert(there("workspace/.krux/trash/tmp") == (_i == AS_AGENT) && !there("workspace/notes/hello.txt"));
	calls_fail("filesystem.delete", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	close(calls_trash);
	calls_trash = -1;
	calls_teardown();
}
END_TEST

START_TEST(links_are_not_followed_to_it)
{
	SETUP("filesystem");
	ck_assert(!symlink("../outside", "workspace/link") && !symlink("data", "workspace/near"));
	LEAVES(KRUX_STR("link"), KRUX_STR("near"), KRUX_STR("../outside"));
	calls_fail("filesystem.read", "{\"path\":\"/workspace/data/bytes.bin\",\"encoding\":\"base64\"}", "AccessDenied");
	calls_teardown();
}
END_TEST

/* As many as a plan names, which are more than the call may have files open: the last one counts too. */
START_TEST(as_many_as_a_plan_names)
{
	static struct krux_str list[KRUX_REACH_MOST];
	static struct krux_reach reach = { list, KRUX_REACH_MOST };

	SETUP("filesystem");
	for (size_t i = 0; i < KRUX_REACH_MOST; i++)
		list[i] = i + 1 < KRUX_REACH_MOST ? KRUX_STR("data") : KRUX_STR("notes");
	calls_reach = &reach;
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\"}", "hello", NULL);
	calls_fail("filesystem.read", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	calls_teardown();
}
END_TEST

START_TEST(nothing_left_is_nothing)
{
	SETUP("filesystem");
	calls_reach = &(const struct krux_reach){ NULL, 0 };
	calls_fail("filesystem.read", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	calls_ok("filesystem.stat", "{\"path\":\"/workspace/readme.md\"}", NULL);
	calls_teardown();
}
END_TEST

static void forget(void)
{
	calls_reach = NULL;
}

static Suite *planned_suite(void)
{
	Suite *s = suite_create("planned");
	TCase *tc = tcase_create("planned");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, forget, NULL);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(reads_stay_in_their_folders);
	ADD(searches_skip_what_is_not_left);
	ADD(changes_stay_in_their_folders);
	ADD(the_first_change_of_a_workspace);
	ADD(folders_that_are_made_first);
	ADD(moves_between_two_folders);
	ADD(the_trash_elsewhere);
	ADD(links_are_not_followed_to_it);
	ADD(as_many_as_a_plan_names);
	ADD(nothing_left_is_nothing);
#undef ADD
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(planned_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
