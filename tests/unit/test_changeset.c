/* Change sets: what is written is read, and nothing else is. */
#include "runtime/base/changeset.h"

#include "capspec/digest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint8_t body[4096], whole[8192];
static struct item_out changes, all;

static void setup(void)
{
	changes = (struct item_out){ body, sizeof body, 0 };
	all = (struct item_out){ whole, sizeof whole, 0 };
}

static struct change file_made(const char *path)
{
	return (struct change){ .what = CHANGE_FILE, .path = { path, strlen(path) }, .mode = 0644, .content = KRUX_STR("x\n") };
}

static struct krux_str set_of(const struct change *c, size_t n)
{
	static const struct krux_str refused[1][2] = { { KRUX_STR("/workspace/no"), KRUX_STR("The call may not create it.") } };
	struct changeset s = { .started = 5, .status = 1, .out = { KRUX_STR("said\n"), KRUX_STR("") }, .cut = true, .nrefused = 1,
		               .nchanges = n };

	for (size_t i = 0; i < n; i++)
		changeset_add(&changes, &c[i]);
	changeset_begin(&all, &s, refused);
	item_raw(&all, (struct krux_str){ (char *)body, changes.n });
	ck_assert_uint_le(all.n, all.cap);
	return (struct krux_str){ (char *)whole, all.n };
}

static bool is_set(struct krux_str s)
{
	struct changeset out;
	const char *why;

	return changeset_read(s, &out, &why);
}

START_TEST(read_again)
{
	struct change c[3] = { file_made("/workspace/a"), { .what = CHANGE_FOLDER, .path = KRUX_STR("/workspace/f"), .mode = 0700 },
		               { .what = CHANGE_DELETE, .path = KRUX_STR("/workspace/f/g..h"),
		                 .was = { .there = true, .mode = S_IFLNK | 0777, .inode = 77, .size = 3 } } }, out;
	struct krux_str path, why;
	struct changeset s;
	const char *no;

	c[0].was = (struct change_was){ .there = true, .hashed = true, .mode = S_IFREG | 0600, .inode = UINT64_MAX, .size = 4 };
	c[0].compared = true;
	c[0].old = KRUX_STR("old\n");
	krux_sha256(c[0].old, c[0].was.digest);
	ck_assert(changeset_read(set_of(c, 3), &s, &no));
	ck_assert(s.started == 5 && s.status == 1 && s.cut && s.nrefused == 1 && s.nchanges == 3);
	ck_assert(krux_str_eq(s.out[0], KRUX_STR("said\n")) && !s.out[1].n);
	ck_assert(changeset_refused(&s, &path, &why) && krux_str_eq(path, KRUX_STR("/workspace/no")));
	ck_assert(!changeset_refused(&s, &path, &why));
	ck_assert(changeset_change(&s, &out));
	ck_assert(out.what == CHANGE_FILE && krux_str_eq(out.path, c[0].path) && out.mode == 0644 && out.was.there && out.was.hashed);
	ck_assert(out.was.mode == (S_IFREG | 0600) && out.was.inode == UINT64_MAX && out.was.size == 4);
	ck_assert(!memcmp(out.was.digest, c[0].was.digest, sizeof out.was.digest));
	ck_assert(out.compared && krux_str_eq(out.old, KRUX_STR("old\n")) && krux_str_eq(out.content, KRUX_STR("x\n")));
	ck_assert(changeset_change(&s, &out) && out.what == CHANGE_FOLDER && out.mode == 0700 && !out.was.there);
	ck_assert(changeset_change(&s, &out) && out.what == CHANGE_DELETE && S_ISLNK(out.was.mode) && !out.was.hashed);
	ck_assert(!changeset_change(&s, &out));
}
END_TEST

static const char *const paths[] = {
	"", "/", "/workspace", "/workspace/", "/workspace//a", "/workspace/a/", "/workspace/./a", "/workspace/../a", "/workspace/a/..",
	"/workspaces/a", "/etc/passwd", "workspace/a",
};

START_TEST(path_refused)
{
	struct change c = file_made(paths[_i]);

	ck_assert(!is_set(set_of(&c, 1)));
}
END_TEST

START_TEST(no_sense_refused)
{
	struct change c = file_made("/workspace/a");

	ck_assert(!is_set(set_of(&c, 0)));
	setup();
	c.mode = 04755;
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c = file_made("/workspace/a");
	c.compared = true;             /* with nothing */
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c = file_made("/workspace/a");
	c.was = (struct change_was){ .there = true, .mode = S_IFLNK | 0777 };
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c.what = CHANGE_DELETE;        /* and has content */
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c = (struct change){ .what = CHANGE_DELETE, .path = KRUX_STR("/workspace/a") };
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c = (struct change){ .what = CHANGE_WHATS, .path = KRUX_STR("/workspace/a") };
	ck_assert(!is_set(set_of(&c, 1)));
}
END_TEST

/* A difference is from what is there, as the digest has it, and from nothing else. */
START_TEST(old_is_bound)
{
	struct change c = file_made("/workspace/a");

	c.was = (struct change_was){ .there = true, .hashed = true, .mode = S_IFREG | 0644, .size = 4 };
	c.compared = true;
	c.old = KRUX_STR("old\n");
	krux_sha256(c.old, c.was.digest);
	ck_assert(is_set(set_of(&c, 1)));
	setup();
	c.old = KRUX_STR("odd\n");
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c.old = KRUX_STR("old\n");
	c.was.size = 5;
	ck_assert(!is_set(set_of(&c, 1)));
	setup();
	c.was.size = 4;
	c.was.hashed = false;
	ck_assert(!is_set(set_of(&c, 1)));
}
END_TEST

START_TEST(began_before_its_ticket)
{
	struct change c = file_made("/workspace/a");
	struct krux_str set = set_of(&c, 1);
	const char *why;

	ck_assert(changeset_waited(set, 5, &why) && !changeset_waited(set, 4, &why));
	ck_assert_str_eq(why, "a change set of a run that began after its ticket was made");
	ck_assert(!changeset_waited((struct krux_str){ set.p, set.n - 1 }, 5, &why));
}
END_TEST

/* Whatever byte of it is another, and wherever it ends, nothing is read that is not there. */
START_TEST(hostile)
{
	struct change c[2] = { file_made("/workspace/a"), file_made("/workspace/b") };
	struct krux_str set = set_of(c, 2);

	for (size_t n = 0; n < set.n; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, whole, n);
		ck_assert(!is_set((struct krux_str){ (char *)cut, n }));
		free(cut);
	}
	for (size_t i = 0; i < set.n; i++)
		for (unsigned bit = 0; bit < 256; bit++) {
			uint8_t was = whole[i];
			struct changeset s;
			const char *why;

			whole[i] = (uint8_t)bit;
			if (changeset_read(set, &s, &why)) {
				struct krux_str path, reason;
				struct change out;
				uint64_t n = 0, nr = 0;

				while (changeset_change(&s, &out))
					n++;
				while (changeset_refused(&s, &path, &reason))
					nr++;
				ck_assert(n == s.nchanges && nr == s.nrefused);
			}
			whole[i] = was;
		}
	whole[set.n] = 0;
	ck_assert(!is_set((struct krux_str){ set.p, set.n + 1 }));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("changeset");
	TCase *t = tcase_create("changeset");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, read_again);
	tcase_add_loop_test(t, path_refused, 0, sizeof paths / sizeof *paths);
	tcase_add_test(t, no_sense_refused);
	tcase_add_test(t, old_is_bound);
	tcase_add_test(t, began_before_its_ticket);
	tcase_add_test(t, hostile);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
