/* The state folder and whom it trusts: what others could have written, or reach, is not used. */
#include "tests/unit/tiny_bundle.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/bundle/loaded.h"
#include "runtime/bundle/trust.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], state_path[128], bundle_path[128];
static struct state state;
static struct krux_secret_key key, stranger;
static struct krux_err err;
static struct krux_str object;
static uint8_t *object_bytes;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static unsigned names_in(int fd)
{
	DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void bundle(const struct krux_secret_key *k, uint64_t serial, const char *zone)
{
	ck_assert(tiny_bundle(bundle_path, k, serial, zone, object, tiny_caps()));
}

static void once(void)
{
	size_t n;

	object_bytes = tiny_object((const char *const[]){ NULL }, &n);
	ck_assert_ptr_nonnull(object_bytes);
	object = (struct krux_str){ (char *)object_bytes, n };
}

static void finally(void)
{
	free(object_bytes);
}

static void setup(void)
{
	struct krux_public_key public;

	strcpy(root, "/tmp/krux-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(state_path, sizeof state_path, "%s/state", root);
	snprintf(bundle_path, sizeof bundle_path, "%s/bundle", root);
	ck_assert_msg(!state_make(state_path, &state, &err), "%s", err.text);
	ck_assert(krux_key_generate("signer", false, &key, NULL) && krux_key_generate("stranger", false, &stranger, NULL));
	krux_key_public(&key, &public);
	ck_assert_msg(!trust_add(state.trust, TRUST_BUNDLE, &public, &err), "%s", err.text);
	bundle(&key, 1, "UTC");
}

static void teardown(void)
{
	state_close(&state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Is it taken; what it holds is given back. */
static bool loads(bool dev)
{
	struct loaded *l = loaded_open(bundle_path, state.trust, dev, &err);

	loaded_close(l);
	return l != NULL;
}

START_TEST(only_trusted_bundles)
{
	struct krux_secret_key dev;

	ck_assert(loads(false));
	bundle(&stranger, 1, "UTC");
	ck_assert(!loads(true));
	krux_key_development(&dev);
	bundle(&dev, 1, "UTC");
	ck_assert(!loads(false));
	ck_assert_msg(loads(true), "%s", err.text);
}
END_TEST

START_TEST(changed_bundles_are_refused)
{
	struct stat st;
	uint8_t *p;
	FILE *f;

	ck_assert_int_eq(stat(bundle_path, &st), 0);
	p = malloc((size_t)st.st_size);
	f = fopen(bundle_path, "re");
	ck_assert_uint_eq(fread(p, 1, (size_t)st.st_size, f), (size_t)st.st_size);
	fclose(f);
	for (long i = 0; i < st.st_size; i += 97) {
		p[i] ^= 4;
		f = fopen(bundle_path, "we");
		fwrite(p, 1, (size_t)st.st_size, f);
		fclose(f);
		ck_assert_msg(!loads(true), "byte %ld", i);
		p[i] ^= 4;
	}
	free(p);
}
END_TEST

START_TEST(trust_is_checked)
{
	char path[200];

	snprintf(path, sizeof path, "%s/trust/bundles", state_path);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert(!loads(false));
	ck_assert_int_eq(chmod(path, 0755), 0);
	snprintf(path, sizeof path, "%s/trust/bundles/signer.pub", state_path);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert(!loads(false));
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_msg(loads(false), "%s", err.text);
	snprintf(path, sizeof path, "%s/trust/bundles/link.pub", state_path);
	ck_assert_int_eq(symlink("signer.pub", path), 0);
	ck_assert(!loads(false));
}
END_TEST

START_TEST(workspace_must_not_reach_the_state)
{
	struct workspace w;
	char path[200];

	ck_assert_int_lt(workspace_open(&state, root, "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, "/", "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, state_path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/log", state_path);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/workspaces", state_path);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, "..", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, ".hidden", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, "a/b", &w, &err), 0);
	snprintf(path, sizeof path, "%s/link", root);
	ck_assert_int_eq(symlink(state_path, path), 0);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/w", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(workspace_open(&state, path, "builder", &w, &err), 0);
	/* Made for who needs it, once. */
	ck_assert_uint_eq(names_in(state.trash), 0);
	for (int i = 0; i < 2; i++) {
		CLEAN_FD int trash = workspace_trash(&state, &w);

		ck_assert_int_ge(trash, 0);
		ck_assert_uint_eq(names_in(state.trash), 1);
	}
	workspace_close(&w);
	/* The trust folder may lie elsewhere; so do bundle and sockets. */
	{
		char inside[220], place[240];
		const char *const places[] = { place, NULL };

		snprintf(inside, sizeof inside, "%s/trust", path);
		snprintf(place, sizeof place, "trust folder=%s", inside);
		state.places = places;
		ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
		ck_assert_msg(strstr(err.text, "trust folder") && strstr(err.text, "in its reach"), "%s", err.text);
		ck_assert_int_eq(mkdir(inside, 0700), 0);
		ck_assert_int_lt(workspace_open(&state, inside, "builder", &w, &err), 0);
		state.places = NULL;
	}
	ck_assert_int_lt(workspace_open(&state, "/proc/self/fd", "builder", &w, &err), 0);
	ck_assert_msg(strstr(err.text, "the kernel's own") != NULL, "%s", err.text);
}
END_TEST

START_TEST(state_is_private)
{
	struct state s;

	ck_assert_int_lt(state_make(state_path, &s, &err), 0);
	ck_assert_int_eq(chmod(state_path, 0750), 0);
	ck_assert_int_lt(state_open(state_path, &s, &err), 0);
	ck_assert_int_eq(chmod(state_path, 0700), 0);
	ck_assert_int_eq(state_open(state_path, &s, &err), 0);
	state_close(&s);
	ck_assert_int_lt(state_open(root, &s, &err), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");
	SRunner *sr;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, once, finally);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_trusted_bundles);
	tcase_add_test(tc, changed_bundles_are_refused);
	tcase_add_test(tc, trust_is_checked);
	tcase_add_test(tc, workspace_must_not_reach_the_state);
	tcase_add_test(tc, state_is_private);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
