/* The standard capabilities on a workspace, through the real sandbox: their examples, their
 * errors, their bounds. Hostile trees, trees that move and the system are in files of their own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/handler_calls.h"
#include "tests/unit/outside.h"

#define SETUP(ns) do { if (!calls_setup(_i, ns)) return; } while (0)

/* ---- every example of every .cap file ---- */

START_TEST(examples_hold)
{
	SETUP("filesystem");
	outside_start(NULL);
	ck_assert_uint_ge(calls_examples(builtin_find), 20);
	outside_stop();
	calls_teardown();
}
END_TEST

/* ---- read ---- */

START_TEST(read_parts)
{
	SETUP("filesystem");
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\",\"offset\":6}", "\"content\":\"\"",
	         "\"truncated\":false", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\",\"offset\":18446744073709551615}",
	         "\"content\":\"\"", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\",\"limit\":5}", "\"content\":\"hello\"",
	         "\"truncated\":true", "\"next\":5", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/notes/hello.txt\",\"limit\":6}", "\"truncated\":false", NULL);
	/* A limit never cuts a character. */
	file_put("workspace/u", "a\xC3\xA9z");
	calls_ok("filesystem.read", "{\"path\":\"/workspace/u\",\"limit\":2}", "\"content\":\"a\"", "\"next\":1", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/u\",\"offset\":1,\"limit\":2}", "\"content\":\"\xC3\xA9\"", NULL);
	calls_fail("filesystem.read", "{\"path\":\"/workspace/u\",\"offset\":1,\"limit\":1}", "NotUtf8");
	calls_fail("filesystem.read", "{\"path\":\"/workspace/u\",\"offset\":2}", "NotUtf8");
	calls_ok("filesystem.read", "{\"path\":\"/workspace/u\",\"offset\":2,\"limit\":1,\"encoding\":\"base64\"}",
	         "\"content\":\"qQ==\"", "\"next\":3", NULL);
	file_put("workspace/empty", "");
	calls_ok("filesystem.read", "{\"path\":\"/workspace/empty\"}", "\"content\":\"\"", "\"size\":0", NULL);
	calls_teardown();
}
END_TEST

START_TEST(read_much)
{
	enum { N = 17 << 20 };
	char *p = malloc(N);

	SETUP("filesystem");
	memset(p, 'x', N);
	bytes_put("workspace/big", p, N);
	free(p);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/big\",\"limit\":16777216}", "\"next\":16777216", NULL);
	calls_ok("filesystem.read", "{\"path\":\"/workspace/big\",\"limit\":16777216,\"encoding\":\"base64\"}",
	         "\"truncated\":true", NULL);
	calls_teardown();
}
END_TEST

START_TEST(paths_stay_in_scope)
{
	static const char *const outside[] = { "/", "/etc/passwd", "/workspacex", "/workspac" };
	char json[128];

	SETUP("filesystem");
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
		snprintf(json, sizeof json, "{\"path\":\"%s\"}", outside[i]);
		calls_fail("filesystem.read", json, "PathOutOfScope");
		calls_fail("filesystem.stat", json, "PathOutOfScope");
		calls_fail("filesystem.list", json, "PathOutOfScope");
		calls_fail("filesystem.delete", json, "PathOutOfScope");
		snprintf(json, sizeof json, "{\"path\":\"%s\",\"content\":\"\"}", outside[i]);
		calls_fail("filesystem.write", json, "PathOutOfScope");
		calls_fail("filesystem.append", json, "PathOutOfScope");
		snprintf(json, sizeof json, "{\"source\":\"/workspace/notes\",\"destination\":\"%s\"}", outside[i]);
		calls_fail("filesystem.copy", json, "PathOutOfScope");
		calls_fail("filesystem.move", json, "PathOutOfScope");
	}
	calls_fail("filesystem.delete", "{\"path\":\"/workspace\"}", "PathOutOfScope");
	calls_fail("filesystem.move", "{\"source\":\"/workspace\",\"destination\":\"/workspace/x\"}", "PathOutOfScope");
	calls_fail("filesystem.read", "{\"path\":\"/workspace/.krux/trash\"}", "AccessDenied");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/.krux/x\",\"content\":\"\"}", "Protected");
	calls_teardown();
}
END_TEST

/* ---- write, append, edit ---- */

START_TEST(write_keeps_permissions)
{
	struct stat st;

	SETUP("filesystem");
	file_put("workspace/run.sh", "#!/bin/sh\n");
	chmod("workspace/run.sh", 04755);
	calls_ok("filesystem.write", "{\"path\":\"/workspace/run.sh\",\"content\":\"x\"}", "\"created\":false", NULL);
	ck_assert(!stat("workspace/run.sh", &st));
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	calls_ok("filesystem.write", "{\"path\":\"/workspace/new\",\"content\":\"x\"}", "\"created\":true", NULL);
	ck_assert(!stat("workspace/new", &st));
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	calls_teardown();
}
END_TEST

START_TEST(write_refuses)
{
	SETUP("filesystem");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/notes\",\"content\":\"x\"}", "NotAFile");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/readme.md/x\",\"content\":\"x\"}", "ParentNotFound");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/readme.md/x/y\",\"content\":\"x\",\"create_parents\":true}",
	           "ParentNotFound");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"A\",\"encoding\":\"base64\"}", "BadContent");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"AP9=\",\"encoding\":\"base64\"}",
	           "BadContent");
	calls_fail("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"\",\"if_sha256\":"
	           "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}", "Changed");
	ck_assert(!there("workspace/x"));
	file_put("workspace/x", "");
	calls_ok("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"y\",\"if_sha256\":"
	         "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}", NULL);
	ck_assert(file_is("workspace/x", "y"));
	if (geteuid() != 0) {
		mkdir("workspace/ro", 0555);
		calls_fail("filesystem.write", "{\"path\":\"/workspace/ro/x\",\"content\":\"x\"}", "AccessDenied");
		/* Not ParentNotFound, whose hint is to use create_parents. */
		calls_fail("filesystem.write", "{\"path\":\"/workspace/ro/a/b\",\"content\":\"x\","
		           "\"create_parents\":true}", "AccessDenied");
		chmod("workspace/readme.md", 0);
		calls_fail("filesystem.read", "{\"path\":\"/workspace/readme.md\"}", "AccessDenied");
	}
	calls_teardown();
}
END_TEST

START_TEST(names_of_any_length)
{
	char json[8300], name[300];

	SETUP("filesystem");
	memset(name, 'n', sizeof name);
	snprintf(json, sizeof json, "{\"path\":\"/workspace/%.255s\",\"content\":\"x\"}", name);
	calls_ok("filesystem.write", json, NULL);
	snprintf(json, sizeof json, "{\"path\":\"/workspace/%.256s\",\"content\":\"x\"}", name);
	calls_fail("filesystem.write", json, "NameTooLong");
	strcpy(json, "{\"path\":\"/workspace");
	for (int i = 0; i < 2042; i++)
		strcat(json, "/a");
	strcat(json, "\"}");
	calls_fail("filesystem.read", json, "NotFound");
	calls_ok("filesystem.stat", json, "\"exists\":false", NULL);
	calls_teardown();
}
END_TEST

START_TEST(append_grows)
{
	SETUP("filesystem");
	for (int i = 0; i < 3; i++)
		calls_ok("filesystem.append", "{\"path\":\"/workspace/log\",\"content\":\"line\\n\",\"create\":true}", NULL);
	ck_assert(file_is("workspace/log", "line\nline\nline\n"));
	calls_ok("filesystem.append", "{\"path\":\"/workspace/log\",\"content\":\"AA==\",\"encoding\":\"base64\"}",
	         "\"size\":16", "\"appended\":1", NULL);
	calls_fail("filesystem.append", "{\"path\":\"/workspace/no/log\",\"content\":\"x\",\"create\":true}",
	           "ParentNotFound");
	calls_fail("filesystem.append", "{\"path\":\"/workspace/notes\",\"content\":\"x\"}", "NotAFile");
	calls_teardown();
}
END_TEST

START_TEST(edit_counts)
{
	SETUP("filesystem");
	file_put("workspace/a", "aaaa");
	calls_fail("filesystem.edit", "{\"path\":\"/workspace/a\",\"find\":\"aa\",\"replace\":\"b\"}", "CountDiffers");
	ck_assert(memmem(calls_result.message.p, calls_result.message.n, "2 times", 7) != NULL);
	calls_ok("filesystem.edit", "{\"path\":\"/workspace/a\",\"find\":\"aa\",\"replace\":\"b\",\"expected\":2}", NULL);
	ck_assert(file_is("workspace/a", "bb"));
	calls_ok("filesystem.edit", "{\"path\":\"/workspace/a\",\"find\":\"bb\",\"replace\":\"\"}", "\"size\":0", NULL);
	bytes_put("workspace/a", "x\xFFy", 3);
	calls_fail("filesystem.edit", "{\"path\":\"/workspace/a\",\"find\":\"x\",\"replace\":\"y\"}", "NotUtf8");
	calls_fail("filesystem.edit", "{\"path\":\"/workspace/none\",\"find\":\"x\",\"replace\":\"y\"}", "NotFound");
	ck_assert(!truncate("workspace/a", (16 << 20) + 1));
	calls_fail("filesystem.edit", "{\"path\":\"/workspace/a\",\"find\":\"x\",\"replace\":\"y\"}", "TooLarge");
	calls_teardown();
}
END_TEST

START_TEST(nothing_unfinished_is_left)
{
	SETUP("filesystem");
	calls_ok("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"x\"}", NULL);
	calls_fail("filesystem.copy", "{\"source\":\"/workspace/notes\",\"destination\":\"/workspace/data\"}", "Exists");
	ck_assert(!rmdir("workspace/.krux/trash/tmp"));
	/* And what a killed call left goes with the next change. */
	mkdir("workspace/.krux/trash/tmp", 0700);
	mkdir("workspace/.krux/trash/tmp/left", 0700);
	file_put("workspace/.krux/trash/tmp/left/x", "x");
	calls_ok("filesystem.write", "{\"path\":\"/workspace/x\",\"content\":\"x\"}", NULL);
	ck_assert(!there("workspace/.krux/trash/tmp/left"));
	calls_teardown();
}
END_TEST

/* ---- list ---- */

static void pages_check(const char *order, unsigned expected)
{
	char json[700], cursor[400] = "", names[1400][16];
	unsigned n = 0;

	for (;;) {
		const struct krux_value *entries, *next;

		snprintf(json, sizeof json, "{\"path\":\"/workspace/many\",\"limit\":300,%s%s}", order, cursor);
		calls_ok("filesystem.list", json, NULL);
		entries = krux_value_get(&calls_result.output, "entries");
		for (size_t i = 0; i < entries->list.n; i++) {
			struct krux_str name = krux_value_get(&entries->list.item[i], "name")->str;

			snprintf(names[n++], 16, "%.*s", (int)name.n, name.p);
		}
		next = krux_value_get(&calls_result.output, "next");
		if (!next)
			break;
		snprintf(cursor, sizeof cursor, ",\"cursor\":\"%.*s\"", (int)next->str.n, next->str.p);
	}
	ck_assert_uint_eq(n, expected);
	qsort(names, n, 16, (int (*)(const void *, const void *))strcmp);
	for (unsigned i = 1; i < n; i++)
		ck_assert_str_ne(names[i - 1], names[i]);
}

START_TEST(list_pages)
{
	char name[64];

	SETUP("filesystem");
	mkdir("workspace/many", 0755);
	for (int i = 0; i < 700; i++) {
		snprintf(name, sizeof name, "workspace/many/f%d", i);
		bytes_put(name, "0123456789", (size_t)(i % 10));
	}
	pages_check("\"sort_by\":\"name\"", 700);
	pages_check("\"sort_by\":\"size\",\"descending\":true", 700);
	pages_check("\"sort_by\":\"modified\"", 700);
	calls_fail("filesystem.list", "{\"cursor\":\"x\"}", "BadCursor");
	calls_fail("filesystem.list", "{\"cursor\":\"/a\"}", "BadCursor");
	calls_fail("filesystem.list", "{\"cursor\":\"1/a/b\"}", "BadCursor");
	calls_teardown();
}
END_TEST

/* ---- search ---- */

START_TEST(search_patterns)
{
	SETUP("filesystem");
	mkdir("workspace/src", 0755);
	mkdir("workspace/src/sub", 0755);
	file_put("workspace/src/a.c", "");
	file_put("workspace/src/sub/b.c", "");
	file_put("workspace/src/.c", "");
	calls_ok("filesystem.search", "{\"pattern\":\"*.c\"}", "\"total\":2", "src/a.c", "src/sub/b.c", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"src/*.c\"}", "\"total\":1", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"src/**\"}", "\"total\":4", NULL);
	calls_ok("filesystem.search", "{\"path\":\"/workspace/src\",\"pattern\":\"**/b.?\"}", "\"total\":1", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"/workspace/*/a.c\"}", "\"total\":1", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"*.c\",\"include_hidden\":true}", "\"total\":3", NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"*\",\"limit\":2}", "\"total\":10", "\"next\":\"/workspace/data/bytes.bin\"",
	         NULL);
	calls_ok("filesystem.search", "{\"pattern\":\"*\",\"limit\":2,\"cursor\":\"/workspace/data/bytes.bin\"}",
	         "\"path\":\"/workspace/notes\"", NULL);
	calls_fail("filesystem.search", "{\"pattern\":\"a**\"}", "BadPattern");
	calls_fail("filesystem.search", "{\"pattern\":\"../*\"}", "BadPattern");
	calls_fail("filesystem.search", "{\"pattern\":\"[a]\"}", "BadPattern");
	calls_fail("filesystem.search", "{\"path\":\"/workspace/readme.md\",\"pattern\":\"*\"}", "NotADirectory");
	calls_teardown();
}
END_TEST

START_TEST(search_shows_only_what_is_allowed)
{
	SETUP("filesystem");
	mkdir("workspace/secrets", 0755);
	file_put("workspace/secrets/a.txt", "needle\n");
	file_put("workspace/notes/secret.txt", "needle\n");
	calls_ok("filesystem.search", "{\"pattern\":\"*.txt\"}", "\"total\":2", "\"skipped\":2", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"needle\"}", "\"total\":0", NULL);
	calls_teardown();
}
END_TEST

START_TEST(search_content_lines)
{
	char line[3000];

	SETUP("filesystem");
	file_put("workspace/a", "one x\ntwo\nthree X x x\n");
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/a\",\"text\":\"x\"}", "\"total\":2", "\"line\":1",
	         "\"line\":3", "\"offset\":10", "\"text\":\"three X x x\"", NULL);
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/a\",\"text\":\"X\",\"ignore_case\":true,\"limit\":1}",
	         "\"total\":2", "\"truncated\":true", "\"text\":\"one x\"", NULL);
	memset(line, 'y', sizeof line);
	memcpy(line + 2000, "needle", 6);
	bytes_put("workspace/long", line, sizeof line);
	calls_ok("filesystem.search_content", "{\"text\":\"needle\"}", "\"total\":1", "needle", NULL);
	bytes_put("workspace/latin", "caf\xE9 needle\n", 12);
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/latin\",\"text\":\"needle\"}", "caf? needle", NULL);
	calls_ok("filesystem.search_content", "{\"text\":\"needle\",\"files\":\"l*\"}", "\"files\":2", NULL);
	bytes_put("workspace/a", "x\0needle", 8);
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/a\",\"text\":\"needle\"}", "\"total\":0",
	         "\"skipped\":1", NULL);
	ck_assert(!truncate("workspace/a", (16 << 20) + 1));
	calls_ok("filesystem.search_content", "{\"path\":\"/workspace/a\",\"text\":\"needle\"}", "\"skipped\":1", NULL);
	calls_fail("filesystem.search_content", "{\"text\":\"x\",\"files\":\"{a}\"}", "BadPattern");
	calls_teardown();
}
END_TEST

/* ---- watch ---- */

static pid_t later(void (*act)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	usleep(500000);
	act();
	_exit(0);
}

static void act_files(void)
{
	file_put("workspace/notes/new", "x");
	rename("workspace/notes/hello.txt", "workspace/notes/hi.txt");
	unlink("workspace/notes/list.txt");
	file_put("workspace/notes/secret", "x");
	mkdir("workspace/notes/secretdir", 0755);
}

START_TEST(watch_tells)
{
	pid_t pid;

	SETUP("filesystem");
	pid = later(act_files);
	calls_ok("filesystem.watch", "{\"path\":\"/workspace/notes\",\"timeout\":\"30s\"}",
	         "{\"path\":\"/workspace/notes/new\",\"event\":\"created\"}",
	         "{\"path\":\"/workspace/notes/hello.txt\",\"event\":\"moved_from\"}",
	         "{\"path\":\"/workspace/notes/hi.txt\",\"event\":\"moved_to\"}",
	         "{\"path\":\"/workspace/notes/list.txt\",\"event\":\"deleted\"}", "\"timed_out\":false", NULL);
	ck_assert_ptr_null(strstr(calls_json("filesystem.watch", "{\"timeout\":\"100ms\"}"), "secret"));
	waitpid(pid, NULL, 0);
	calls_refill("filesystem");
	pid = later(act_files);
	calls_ok("filesystem.watch", "{\"recursive\":true,\"timeout\":\"30s\",\"limit\":1}", "\"truncated\":true", NULL);
	waitpid(pid, NULL, 0);
	calls_fail("filesystem.watch", "{\"path\":\"/workspace/readme.md\"}", "NotADirectory");
	calls_teardown();
}
END_TEST

static Suite *handlers_suite(void)
{
	Suite *s = suite_create("handlers");
	TCase *tc = tcase_create("handlers");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(examples_hold);
	ADD(read_parts);
	ADD(read_much);
	ADD(paths_stay_in_scope);
	ADD(write_keeps_permissions);
	ADD(write_refuses);
	ADD(names_of_any_length);
	ADD(append_grows);
	ADD(edit_counts);
	ADD(nothing_unfinished_is_left);
	ADD(list_pages);
	ADD(search_patterns);
	ADD(search_shows_only_what_is_allowed);
	ADD(search_content_lines);
	ADD(watch_tells);
#undef ADD
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(handlers_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
