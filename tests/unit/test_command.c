/* Commands: programs of the host through the real sandbox. What they answer, and what they do not reach. */
#include "tests/unit/commanding.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t second = 1000000000;

START_TEST(it_answers)
{
	if (!commands_setup(_i))
		return;
	commands_sh(0, "/", "echo out; echo err >&2; exit 3");
	DONE();
	HAS("\"status\":3");
	HAS("\"stdout\":\"out\\n\"");
	HAS("\"stderr\":\"err\\n\"");
	HAS("\"truncated\":false");
	commands_sh(0, "/", "printf 'a\\377\\000b'");
	HAS("\"stdout\":\"a\xEF\xBF\xBD\xEF\xBF\xBD" "b\"");
	commands_sh(0, "/", "while :; do echo 0123456789; done | head -c 100000");
	HAS("\"truncated\":true");
	commands_sh(0, "/", "cat /etc/passwd; id -u; pwd; echo $0 $HOME; ls -a /workspace /proc/self/fd");
	HAS("krux:x:");
	HAS("/workspace\\n");
	LACKS("d/b");
	for (unsigned i = 0; i < commands_result.nlayers; i++)
		ck_assert_str_ne(commands_result.layer[i], "empty-root");
	ck_assert_uint_ge(commands_result.nlayers, 14);
	commands_teardown();
}
END_TEST

START_TEST(root_has_no_commands)
{
	if (geteuid() || !commands_setup(ROOT))
		return;
	commands_make(0, "echo");
	ck_assert(commands_call(0, "/"));
	HAS("a workspace of root");
	commands_teardown();
}
END_TEST

/* The accounts of the machine know nobody of that number. */
START_TEST(it_is_one_user)
{
	char text[128];

	if (!commands_setup(_i))
		return;
	commands_sh(R | TREE, "/workspace", "id -u; id -g; stat -c %u:%g /workspace /workspace/a /workspace/d/b /tmp; cat /etc/passwd");
	snprintf(text, sizeof text, "\"stdout\":\"%u\\n%u\\n", commands_uid, commands_uid);
	HAS(text);
	snprintf(text, sizeof text, "n%u:%u\\n%u:%u\\n%u:%u\\n%u:%u\\nkrux:x:%u:%u::", commands_uid, commands_uid, commands_uid, commands_uid,
	         commands_uid, commands_uid, commands_uid, commands_uid, commands_uid, commands_uid);
	HAS(text);
	/* An overlay has its own folders. */
	commands_sh(TREES, "/workspace", "touch /workspace/n /tmp/n; mkdir /workspace/m; cd /workspace; stat -c %u:%g . a d/b n m /tmp /tmp/n | uniq -c | tr -s ' '");
	snprintf(text, sizeof text, "\"stdout\":\" 7 %u:%u\\n\"", commands_uid, commands_uid);
	HAS(text);
	commands_teardown();
}
END_TEST

/* Of a file of somebody else in the workspace it may what the mode says of others, and its folder's owner. */
START_TEST(other_owners_stay_others)
{
	enum { OTHER = 65000 };
	struct stat st;

	if (_i == USER || !commands_setup(_i))
		return;
	commands_put("workspace/read", "read");
	commands_put("workspace/write", "write");
	commands_put("workspace/none", "none");
	commands_put("workspace/gone", "gone");
	commands_put("workspace/group", "group");
	ck_assert(!chmod("workspace/write", 0666) && !chmod("workspace/none", 0600) && !chmod("workspace/group", 0640));
	commands_own();
	ck_assert(!chown("workspace/read", OTHER, OTHER) && !chown("workspace/write", OTHER, OTHER) &&
	          !chown("workspace/none", OTHER, OTHER) && !chown("workspace/gone", OTHER, OTHER) && !chown("workspace/group", OTHER, commands_owner));
	commands_sh(R | TREE, "/workspace", "cd /workspace; cat read write group none; stat -c %u:%g none");
	HAS("\"stdout\":\"readwritegroup65534:65534\\n\"");
	HAS("none: Permission denied");
	commands_sh(TREES, "/workspace", "cd /workspace; printf x > read; printf x > write; printf x > group; cat none; chmod 666 read; rm gone; mv read moved");
	HAS("cannot create read: Permission denied");
	HAS("cannot create group: Permission denied");
	HAS("none: Permission denied");
	HAS("'read': Operation not permitted");
	HAS("\"refused\":[]");
	IS("workspace/write", "x");
	IS("workspace/group", "group");
	IS("workspace/none", "none");
	IS("workspace/gone", "-");
	IS("workspace/moved", "read");
	/* What is put in place is a new file. */
	ck_assert(!stat("workspace/write", &st) && st.st_uid == commands_owner && st.st_gid == commands_owner);
	ck_assert(!stat("workspace/none", &st) && st.st_uid == OTHER && st.st_gid == OTHER);
	commands_teardown();
}
END_TEST

/* Lines that the machine's mounts have. */
static int mounts_count(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int c, n = 0;

	ck_assert_ptr_nonnull(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Mounts of the workspace that others are told of, and one in it. */
START_TEST(mounts_stay_where_they_are)
{
	int before;

	if (_i == USER || !commands_setup(_i))
		return;
	ck_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ck_assert(!mount("workspace", "workspace", NULL, MS_BIND, NULL) && !mount(NULL, "workspace", NULL, MS_SHARED, NULL));
	ck_assert(!mkdir("workspace/.krux", 0700));
	commands_own();
	ck_assert(!mount("none", "workspace/d", "tmpfs", 0, "size=64k"));
	commands_put("workspace/d/inside", "inside");
	ck_assert(!chmod("workspace/d/inside", 0666));
	commands_again();
	before = mounts_count();
	commands_sh(R | TREE, "/workspace", "cat /workspace/a /workspace/d/inside; ls -A /workspace/.krux; touch /workspace/.krux/x");
	HAS("\"stdout\":\"a\"");
	HAS("d/inside: No such file");
	commands_sh(TREES, "/workspace", "cd /workspace; cat d/inside; printf x > d/x; printf A > a");
	HAS("d/inside: No such file");
	HAS("\"path\":\"/workspace/d\"");
	IS("workspace/a", "A");
	IS("workspace/d/x", "-");
	IS("workspace/d/inside", "inside");
	ck_assert_int_eq(mounts_count(), before);
	ck_assert(!umount2("workspace/d", MNT_DETACH));
	IS("workspace/d/x", "-");
	ck_assert(!umount2("workspace", MNT_DETACH));
	commands_teardown();
}
END_TEST

/* What a program could have again by being executed. */
START_TEST(no_capability_is_within_its_bounds)
{
	if (!commands_setup(_i))
		return;
	commands_sh(0, "/workspace", "while read a b; do [ $a = CapBnd: ] && echo bounds $b; done < /proc/self/status; true");
	HAS("bounds 0000000000000000");
	commands_teardown();
}
END_TEST

START_TEST(it_fails)
{
	if (!commands_setup(_i))
		return;
	commands_make(C | TREE, "echo sorry >&2; echo x > /workspace/new; exit 2");
	commands_cap.output = &commands_plain;
	ck_assert(!commands_call(C | TREE, "/workspace"));
	ck_assert(commands_result.end == SPAWN_ERROR && krux_str_eq(commands_result.error, KRUX_STR("Failed")));
	ck_assert(memmem(commands_result.message.p, commands_result.message.n, "status 2: sorry", 15));
	IS("workspace/new", "-");
	commands_sh(TREES, "/workspace", "echo x > /workspace/new; kill -9 $$");
	ck_assert(commands_result.end == SPAWN_KILLED);
	ck_assert_str_eq(commands_result.why, "signal 9");
	IS("workspace/new", "-");
	/* A program whose digest is another. */
	commands_make(0, "echo");
	commands_digest[0] = commands_digest[0] == '0' ? '1' : '0';
	ck_assert(commands_call(0, "/"));
	HAS("is not the program whose SHA-256");
	commands_digest_find();
	commands_teardown();
}
END_TEST

START_TEST(it_is_held_to_time)
{
	if (!commands_setup(_i))
		return;
	commands_make(TREES, "echo x > /workspace/new; sleep 60 & sleep 60");
	commands_cap.limit[KRUX_LIMIT_WALL] = second / 2;
	ck_assert(!commands_call(TREES, "/workspace"));
	ck_assert(commands_result.end == SPAWN_KILLED);
	ck_assert_str_eq(commands_result.why, "wall 500ms");
	IS("workspace/new", "-");
	commands_make(0, "while :; do :; done");
	commands_cap.limit[KRUX_LIMIT_WALL] = 50 * second;
	commands_cap.limit[KRUX_LIMIT_CPU] = second;
	ck_assert(!commands_call(0, "/"));
	ck_assert(commands_result.end == SPAWN_KILLED);
	ck_assert_str_eq(commands_result.why, "cpu 1s");
	/* What it leaves behind ends with it. */
	commands_sh(TREES, "/workspace", "(sleep 1; echo late > /workspace/late) & echo early > /workspace/early");
	DONE();
	IS("workspace/early", "early\n");
	IS("workspace/late", "-");
	commands_teardown();
}
END_TEST

START_TEST(it_reads_what_it_may)
{
	if (!commands_setup(_i))
		return;
	commands_sh(R, "/workspace/a", "cd /workspace; cat a; cat d/b; ls d; ls .");
	HAS("\"stdout\":\"a\"");
	HAS("d/b: Permission denied");
	LACKS("\"c\\n");
	commands_sh(R | TREE, "/workspace/d", "cd /workspace; cat a; cat d/b; ls d");
	HAS("\"stdout\":\"bb\\nc\\n\"");
	HAS("a: Permission denied");
	commands_sh(L | TREE, "/workspace", "cd /workspace; ls; cat a");
	HAS("\"stdout\":\"a\\nd\\n\"");
	HAS("a: Permission denied");
	/* It is read-only where nothing changes. */
	commands_sh(R | TREE, "/workspace", "cd /workspace; printf x > a; rm d/b; printf x > new");
	IS("workspace/a", "a");
	IS("workspace/d/b", "b");
	HAS("Read-only file system");
	HAS("\"refused\":[]");
	commands_teardown();
}
END_TEST

START_TEST(it_reaches_nothing_else)
{
	char script[512];

	if (!commands_setup(_i))
		return;
	snprintf(script, sizeof script, "cat %s/secret /proc/1/environ /etc/shadow /proc/1/root/etc/hostname; ls / /root /home /proc/1/fd; "
	         "cat /proc/kallsyms; ls /sys; printf x > /usr/x; printf x > /new; ln -s %s/secret /workspace/l; cat /workspace/l", commands_root, commands_root);
	commands_sh(TREES, "/workspace", script);
	DONE();
	HAS("\"stdout\":\"\"");
	LACKS("\"secret");
	commands_sh(TREES, "/workspace", "cp /usr/bin/true /workspace/t; cp /usr/bin/true /tmp/t; chmod 755 /workspace/t /tmp/t; /workspace/t && echo ran; /tmp/t && echo ran");
	HAS("\"stdout\":\"\"");
	commands_sh(TREES | EXECUTES, "/workspace", "cp /usr/bin/true /workspace/t; chmod 755 /workspace/t; /workspace/t && echo ran");
	HAS("\"stdout\":\"ran\\n\"");
	commands_sh(TREES, "/workspace", "unshare -U true; unshare -n true; mount -t tmpfs none /tmp; nsenter -t 1 -m true; kill -9 1; kill -STOP 1; echo here");
	HAS("\"stdout\":\"here\\n\"");
	commands_sh(0, "/", "i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; echo more");
	LACKS("more");
	commands_sh(0, "/", "head -c 200000000 /dev/zero > /tmp/big; wc -c < /tmp/big; echo $(head -c 100000000 /dev/zero | tail -c 90000000 | wc -c)");
	HAS("No space left");
	LACKS("200000000");
	commands_teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("command");
	TCase *tc = tcase_create("command");
	SRunner *runner;
	int bad;

#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(it_answers);
	tcase_add_test(tc, root_has_no_commands);
	ADD(it_is_one_user);
	ADD(other_owners_stay_others);
	ADD(mounts_stay_where_they_are);
	ADD(no_capability_is_within_its_bounds);
	ADD(it_fails);
	ADD(it_is_held_to_time);
	ADD(it_reads_what_it_may);
	ADD(it_reaches_nothing_else);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad != 0;
}
