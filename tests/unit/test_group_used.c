/* Files of a group, as kernels have them, to what a call used. */
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/group_used.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before its call and after: "cpu.stat", "memory.peak", "pids.peak"; NULL: there is none. */
enum { KINDS = 3, BOTH = CGROUP_CONTROLLERS };
static const struct {
	const char *before[KINDS], *after[KINDS];
	unsigned has;
	uint64_t pids;                 /* its limit */
	bool again;
	const char *told;
} files[] = {
	{ { NULL }, { NULL }, BOTH, 9, false, "" },
	{ { "usage_usec 0\nuser_usec 0\nsystem_usec 0\n", "0\n", "0\n" }, { "usage_usec 9\nuser_usec 5\nsystem_usec 4\n", "700\n", "3\n" }, BOTH, 9, false,
	  "cpu 9000 0:5000 1:4000 2:700 6:3" },
	{ { "usage_usec 9\nuser_usec 5\nsystem_usec 4\n", NULL, "3\n" },
	  { "usage_usec 12\nuser_usec 7\nsystem_usec 5\n", NULL, "3\n" }, BOTH, 9, true, "cpu 3000 0:2000 1:1000" },
	{ { "usage_usec 9\nuser_usec 5\nsystem_usec 4\n", "700\n", "3\n" },
	  { "usage_usec 9\nuser_usec 5\nsystem_usec 4\n", "500\n", "4\n" }, BOTH, 9, true, "cpu 0 0:0 1:0 2:500 3:100 6:4" },
	{ { "usage_usec 9\n", NULL, NULL }, { "usage_usec 9\n", NULL, "4\n" }, BOTH, 9, true, "6:4" },
	{ { "", "", "" }, { "usage_usec x\n", "max\n", "\n" }, BOTH, 9, false, "" },
	/* Of one process nobody has to count it. */
	{ { "usage_usec 9\n", NULL, "3\n" }, { "usage_usec 9\n", NULL, "3\n" }, BOTH, 1, true, "6:1" },
	/* Without a controller nothing of it is asked. */
	{ { "usage_usec 9\n", "700\n", "3\n" }, { "usage_usec 9\n", "800\n", "4\n" }, 0, 1, true, "" },
};

static void files_put(int folder, const char *const text[static KINDS])
{
	static const char *const names[] = { "cpu.stat", "memory.peak", "pids.peak" };

	for (int i = 0; i < KINDS; i++) {
		int fd = text[i] ? openat(folder, names[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

		if (!text[i])
			unlinkat(folder, names[i], 0);
		else
			ck_assert_int_eq(write(fd, text[i], strlen(text[i])), (ssize_t)strlen(text[i]));
		if (fd >= 0)
			close(fd);
	}
}

static void used_text(const struct group_end *end, char *text, size_t n)
{
	size_t k = (size_t)snprintf(text, n, end->timed ? "cpu %llu" : "", (unsigned long long)end->cpu_ns);

	for (int i = 0; i < USED_KINDS && k < n; i++)
		if (used_knows(&end->used, i))
			k += (size_t)snprintf(text + k, n - k, "%s%d:%llu", k ? " " : "", i, (unsigned long long)end->used.n[i]);
}

START_TEST(what_its_files_say_is_told)
{
	static const char *const none[KINDS];
	char path[] = "/tmp/krux-used-XXXXXX", text[256] = "";
	struct group_end end = { .own = true };
	struct cgroup one = { .limits.pids = files[_i].pids };

	ck_assert_ptr_nonnull(mkdtemp(path));
	one.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files_put(one.fd, files[_i].before);
	group_used_open(&one, files[_i].has);
	one.mark.processes = files[_i].again ? 3 : 0;
	if (files[_i].again)
		group_used_start(&one, 100);
	group_begin(&one);
	files_put(one.fd, files[_i].after);
	group_used_take(&one, files[_i].has, &end);
	group_used_close(&one);
	used_text(&end, text, sizeof text);
	ck_assert_str_eq(text, files[_i].told);
	files_put(one.fd, none);
	close(one.fd);
	ck_assert(!rmdir(path));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("group_used");
	TCase *t = tcase_create("group_used");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, what_its_files_say_is_told, 0, sizeof files / sizeof *files);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
