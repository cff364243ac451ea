/* A handler of the test's own to how its call ended. */
#include "tests/unit/attempt.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/layers.h"
#include "compiler/emit/filter.h"
#include "runtime/base/err.h"

enum { USER = 65533 };

int attempt_workspace;
pid_t attempt_parent;
struct child_end attempt_end;

static char root[64];
static int secret;
static struct krux_pool *pool;
static struct krux_value no_args = { .kind = KRUX_V_MAP };

static bool become(int way)
{
	if (geteuid() != 0)
		return way == AS_USER;
	if (way == AS_USER)
		ck_assert(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	return true;
}

bool attempt_setup(int way)
{
	int fd;

	if (!become(way))
		return false;
	snprintf(root, sizeof root, "/tmp/krux-sandbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert(!chdir(root));
	ck_assert(!mkdir("workspace", 0755));
	fd = open("secret", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(write(fd, "secret", 6), 6);
	close(fd);
	ck_assert(!symlink("../secret", "workspace/link"));
	fd = open("workspace/inside", O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(write(fd, "inside", 6), 6);
	close(fd);
	attempt_workspace = open("workspace", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Not O_CLOEXEC, on purpose: a leaked descriptor. */
	secret = open("secret", O_RDONLY);
	pool = krux_pool_new(0);
	attempt_parent = getpid();
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void attempt_teardown(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	krux_pool_free(pool);
	close(attempt_workspace);
	close(secret);
}

static bool allow(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx, (void)field, (void)path;
	return true;
}

/* As kruxc puts it into a bundle. */
static const struct krux_filter *filter_of(unsigned calls)
{
	static struct arena *a;
	struct filter *f;
	const char *why;

	if (!a)
		a = arena_new();
	f = ARENA_NEW(a, struct filter);
	ck_assert_msg(filter_make(a, calls, f, &why), "%s", why);
	return f->program;
}

void attempt_run(handler_fn *open_fn, handler_fn *run, unsigned calls, uint64_t wall)
{
	static const struct krux_str everything = { "", 0 };
	const struct krux_reach reach = { &everything, 1 };
	struct krux_layer layer = { .rights = 31 };
	struct builtin b = { "attempt", open_fn, run, calls, { NULL } };
	struct child_plan plan = {
		.probe = probe_get(), .builtin = &b, .layer = &layer, .reach = &reach, .args = &no_args, .workspace = attempt_workspace, .mount = -1, .store = -1, .line = -1, .stream = -1, .cgroup = -1, .network = -1,
		.limits = { 64 << 20, 1000000000, 1, 32, 1 << 20 }, .output = 65536, .allows = allow, .blob = { -1, -1, -1 },
	};
	struct krux_err err = { 0 };

	layer.filter = filter_of(calls);
	ck_assert_msg(!probe_missing(plan.probe), "%s", probe_missing(plan.probe));
	free(attempt_end.answer);
	ck_assert_msg(!here_run(&plan, wall, &attempt_end, &err), "%s", err.text);
}

int64_t attempt_answer(void)
{
	const struct krux_value *v;
	struct krux_refusal r;
	struct krux_value a;

	ck_assert_msg(attempt_end.exited && attempt_end.code == 0, "%s %d", attempt_end.exited ? "exit" : "signal", attempt_end.code);
	ck_assert_msg(krux_cbor_read(pool, attempt_end.answer, attempt_end.n, &a, &r), "%s", r.why);
	v = krux_value_get(&a, "output");
	ck_assert_ptr_nonnull(v);
	return v->kind == KRUX_V_UINT ? (int64_t)v->u : -1 - (int64_t)v->u;
}

bool answer(struct handler_call *c, int64_t n)
{
	c->output = (struct krux_value){ .kind = KRUX_V_UINT, .u = (uint64_t)n };
	return true;
}

bool result(struct handler_call *c, long n)
{
	return answer(c, n < 0 ? errno : 0);
}

bool pass(struct handler_call *c)
{
	(void)c;
	return true;
}
