/* JSON arguments to an answer in JSON, through the compiler's model of the capability, the
 * canonical form, the sandbox, and the check of the output type. */
#include "tests/unit/handler_calls.h"

#include "tests/unit/outside.h"
#include "tests/unit/without.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/schema.h"
#include "compiler/emit/layers.h"
#include "compiler/read/read.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/idmap.h"

enum { USER = 65533, JSON_MAX = 64 << 20 };

const char *calls_base = "/tmp";
char calls_root[64];
struct spawn_result calls_result;
struct krux_err calls_err;
const struct krux_reach *calls_reach;
int calls_trash = -1;
builtin_find_fn *calls_find;

static struct capability_set set;
static struct krux_pool *pool;
static int source_tree = -1, workspace = -1;
static char *json_text;

/* ---- definitions ---- */

const struct capability_set *calls_set(void)
{
	static const char *const files[] = { "stdlib-caps/filesystem/filesystem.cap", "stdlib-caps/network/network.cap",
		                             "stdlib-caps/system/system.cap" };
	enum { FILES = sizeof files / sizeof *files };
	const struct capfile *parsed[FILES];
	struct arena *a;
	struct diags *d;

	if (set.n)
		return &set;
	a = arena_new();
	d = diags_new(a);
	for (size_t i = 0; i < FILES; i++) {
		const struct source *src = source_read(a, d, files[i], files[i]);

		parsed[i] = src ? capfile_parse(a, d, src) : NULL;
	}
	if (!d->errors)
		capabilities_resolve(a, d, parsed, FILES, &set);
	if (d->errors)
		diags_print(d, 0, stderr, false);
	ck_assert_uint_eq(d->errors, 0);
	return &set;
}

static struct krux_capability of_model(const struct capability *m)
{
	struct krux_error_def *error = krux_pool_get(pool, m->nerrors * sizeof *error + 1);
	struct krux_capability cap = {
		.name = m->name, .input = m->input, .output = m->output, .error = error, .nerrors = m->nerrors,
		.handler = { .kind = KRUX_HANDLER_BUILTIN, .name = m->handler.name },
	};

	for (size_t i = 0; i < m->nerrors; i++)
		error[i].name = m->error[i].name;
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		cap.limit[i] = m->limit[i];
	return cap;
}

struct krux_capability *calls_capability(const char *name)
{
	const struct capability *m = capability_find(calls_set(), (struct krux_str){ name, strlen(name) });
	struct krux_capability *cap = krux_pool_get(pool, sizeof *cap);

	ck_assert_msg(m != NULL, "%s", name);
	*cap = of_model(m);
	return cap;
}

/* ---- the workspace ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path) && 0;
}

static void tree_remove(const char *path)
{
	nftw(path, remove_one, 32, FTW_PHYS);
	nftw(path, unlink_one, 32, FTW_DEPTH | FTW_PHYS);
}

static void tree_copy(int from, int to)
{
	struct dirent *d;
	DIR *dir = fdopendir(from);

	ck_assert_ptr_nonnull(dir);
	while ((d = readdir(dir))) {
		char buf[4096];
		ssize_t n;
		int in, out;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		in = openat(dirfd(dir), d->d_name, O_RDONLY);
		if (d->d_type == DT_DIR) {
			mkdirat(to, d->d_name, 0755);
			out = openat(to, d->d_name, O_RDONLY | O_DIRECTORY);
			tree_copy(in, out);
			close(out);
			continue;
		}
		out = openat(to, d->d_name, O_WRONLY | O_CREAT, 0644);
		while ((n = read(in, buf, sizeof buf)) > 0)
			ck_assert_int_eq(write(out, buf, (size_t)n), n);
		close(in);
		close(out);
	}
	closedir(dir);
}

void calls_refill(const char *ns)
{
	char path[128];
	int from;

	if (workspace >= 0)
		close(workspace);
	tree_remove("workspace");
	ck_assert(!mkdir("workspace", 0755));
	workspace = open("workspace", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "stdlib-caps/%s/fixture", ns);
	from = openat(source_tree, path, O_RDONLY | O_DIRECTORY);
	if (from >= 0)
		tree_copy(from, workspace);
}

static bool as_agent;

bool calls_setup(int way, const char *ns)
{
	pool = krux_pool_new(0);
	calls_set();
	source_tree = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (way != AS_USER && geteuid() != 0)
		return false;
	as_agent = way == AS_AGENT;
	umask(022);
	snprintf(calls_root, sizeof calls_root, "%s/krux-handlers-XXXXXX", calls_base);
	ck_assert_ptr_nonnull(mkdtemp(calls_root));
	if (way == AS_USER && geteuid() == 0) {
		ck_assert(!chown(calls_root, USER, USER));
		ck_assert(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	}
	ck_assert(!chdir(calls_root) && !mkdir("outside", 0755));
	calls_refill(ns);
	return true;
}

void calls_teardown(void)
{
	tree_remove(calls_root);
	krux_pool_free(pool);
	free(json_text);
}

/* ---- calls ---- */

/* What the tests call secret, no policy allows. */
static bool allows(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx, (void)field;
	return memmem(path.p, path.n, "secret", 6) == NULL;
}

static const struct krux_layer *layer_of(const struct krux_capability *cap)
{
	static struct krux_layer narrowed;
	static struct layers layers;
	struct arena *a;
	struct diags *d;

	if (!layers.kernel.n) {
		a = arena_new();
		d = diags_new(a);
		ck_assert(layers_make(a, d, calls_set(), NULL, &layers));
	}
	for (size_t i = 0; i < set.n; i++) {
		if (!krux_str_eq(set.cap[i]->name, cap->name))
			continue;
		narrowed = layers.kernel.list[i];
		if (calls_reach)
			narrowed.reach = calls_reach;
		narrowed.filter = without_of(narrowed.filter);
		return &narrowed;
	}
	return NULL;
}

/* Of one that connects; egress is the test's. */
static int line_of(const struct krux_capability *cap, const struct krux_value *args)
{
	const bool url = krux_value_get(args, "url") != NULL;
	const struct krux_value *host = krux_access_value(args, url ? KRUX_STR("url.host") : KRUX_STR("host")),
				*port = krux_access_value(args, url ? KRUX_STR("url.port") : KRUX_STR("port"));
	struct message_target t = { .port = port ? (uint16_t)port->u : 0 };

	if (!host || !outside_on() || strncmp(cap->name.p, "network.", 8) != 0)
		return -1;
	ck_assert_uint_lt(host->str.n, sizeof t.host);
	memcpy(t.host, host->str.p, host->str.n);
	return outside_line(0, &t, 1);
}

static int workspace_as(void)
{
	enum { AGENT = 70001 };
	const struct idmap map = { .owner = 0, .group = 0, .uid = AGENT, .gid = AGENT };
	struct krux_err err = { 0 };
	CLEAN_FD int users = idmap_namespace(&map, &err);
	int fd = users < 0 ? -1 : idmap_mount(workspace, users, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	return fd;
}

bool calls_spawn(const struct krux_capability *cap, const struct krux_value *args)
{
	CLEAN_FD int own = as_agent ? workspace_as() : -1;
	struct spawn_request q = { .cap = cap, .layer = layer_of(cap), .args = args, .agent = "tester", .workspace_fd = as_agent ? own : workspace,
	                           .trash_fd = calls_trash, .allows = allows, .line = line_of(cap, args), .find = calls_find };
	int rc = spawn_run(&q, pool, &calls_result, &calls_err);

	if (q.line >= 0)
		close(q.line);
	return !rc;
}

static const char *json_of(const struct krux_value *v)
{
	size_t n;

	if (!json_text)
		json_text = malloc(JSON_MAX);
	n = krux_json_write(v, json_text, JSON_MAX - 1);
	ck_assert_uint_lt(n, JSON_MAX);
	json_text[n] = '\0';
	return json_text;
}

const char *calls_json(const char *name, const char *json)
{
	const struct krux_capability *cap = calls_capability(name);
	const struct spawn_result *r = &calls_result;
	struct krux_value in, args, out;
	struct krux_refusal refusal;
	struct krux_member m[2];

	ck_assert_msg(krux_json_read(pool, (struct krux_str){ json, strlen(json) }, &in, &refusal), "%s: %s",
	              refusal.where, refusal.why);
	ck_assert_msg(krux_canon(pool, cap->input, &in, &args, &refusal), "%s: %s", refusal.where, refusal.why);
	ck_assert_msg(calls_spawn(cap, &args), "%s", calls_err.text);
	out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 1 } };
	if (r->end == SPAWN_DONE) {
		m[0].key = KRUX_STR("output");
		ck_assert(krux_uncanon(pool, cap->output, &r->output, &m[0].value));
	} else if (r->end == SPAWN_ERROR) {
		out.map.n = 2;
		m[0] = (struct krux_member){ KRUX_STR("error"), { .kind = KRUX_V_TEXT, .str = r->error } };
		m[1] = (struct krux_member){ KRUX_STR("message"), { .kind = KRUX_V_TEXT, .str = r->message } };
	} else {
		m[0] = (struct krux_member){ KRUX_STR("killed"), { .kind = KRUX_V_TEXT, .str = { r->why, strlen(r->why) } } };
	}
	return json_of(&out);
}

void calls_ok(const char *name, const char *json, ...)
{
	const char *got = calls_json(name, json), *want;
	va_list ap;

	ck_assert_msg(!strncmp(got, "{\"output\":", 10), "%s %s: %.2000s", name, json, got);
	va_start(ap, json);
	while ((want = va_arg(ap, const char *)))
		ck_assert_msg(strstr(got, want) != NULL, "%s %s: %.2000s, without %s", name, json, got, want);
	va_end(ap);
}

void calls_fail(const char *name, const char *json, const char *error)
{
	const char *got = calls_json(name, json);
	char want[128];

	snprintf(want, sizeof want, "{\"error\":\"%s\",", error);
	ck_assert_msg(!strncmp(got, want, strlen(want)), "%s %.300s: %.2000s, not %s", name, json, got, error);
	ck_assert_msg(calls_result.message.n > 0, "%s without a sentence", error);
}

const char *calls_member(const char *field)
{
	const struct krux_value *v = krux_value_get(&calls_result.output, field);
	char text[32];

	ck_assert_msg(v != NULL, "%s", field);
	if (v->kind == KRUX_V_TEXT)
		return krux_pool_copy(pool, v->str.p, v->str.n);
	snprintf(text, sizeof text, "%llu", (unsigned long long)v->u);
	return krux_pool_copy(pool, text, strlen(text));
}

/* ---- files ---- */

void bytes_put(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

void file_put(const char *path, const char *text)
{
	bytes_put(path, text, strlen(text));
}

bool file_is(const char *path, const char *text)
{
	size_t n = strlen(text);
	char *buf = malloc(n + 2);
	int fd = open(path, O_RDONLY);
	ssize_t k = fd < 0 ? -1 : read(fd, buf, n + 1);
	bool same = k == (ssize_t)n && !memcmp(buf, text, n);

	if (fd >= 0)
		close(fd);
	free(buf);
	return same;
}

bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* ---- examples ---- */

static const struct krux_field *field_named(const struct krux_type *record, struct krux_str name)
{
	for (size_t i = 0; i < record->nfields; i++)
		if (krux_str_eq(record->field[i].name, name))
			return &record->field[i];
	return NULL;
}

static void example_check(const struct capability *m, const struct example *e)
{
	struct krux_capability *cap = calls_capability(m->name.p);
	struct krux_refusal refusal;
	struct krux_value want;

	ck_assert(calls_spawn(cap, &e->args));
	if (e->error.n) {
		ck_assert_msg(calls_result.end == SPAWN_ERROR && krux_str_eq(calls_result.error, e->error),
		              "%.*s \"%.*s\": %d %.*s %s", (int)m->name.n, m->name.p, (int)e->name.n, e->name.p,
		              calls_result.end, (int)calls_result.error.n, calls_result.error.p, calls_result.why);
	} else {
		ck_assert_msg(calls_result.end == SPAWN_DONE, "%.*s \"%.*s\": %d %.*s: %.*s %s", (int)m->name.n,
		              m->name.p, (int)e->name.n, e->name.p, calls_result.end, (int)calls_result.error.n,
		              calls_result.error.p, (int)calls_result.message.n, calls_result.message.p,
		              calls_result.why);
		for (size_t i = 0; i < e->output.map.n; i++) {
			const struct krux_member *member = &e->output.map.member[i];
			const struct krux_field *f = field_named(m->output, member->key);
			char key[64];
			const struct krux_value *got;

			snprintf(key, sizeof key, "%.*s", (int)member->key.n, member->key.p);
			got = krux_value_get(&calls_result.output, key);
			ck_assert_ptr_nonnull(f);
			ck_assert(krux_canon(pool, f->type, &member->value, &want, &refusal));
			ck_assert_msg(got && krux_value_eq(got, &want), "%.*s \"%.*s\": %s", (int)m->name.n,
			              m->name.p, (int)e->name.n, e->name.p, key);
		}
	}
}

unsigned calls_examples(builtin_find_fn *find)
{
	const struct capability_set *all = calls_set();
	unsigned n = 0;

	calls_find = find;
	for (size_t i = 0; i < all->n; i++) {
		const struct capability *m = all->cap[i];

		if (!find(m->handler.name))
			continue;
		ck_assert_uint_ge(m->nexamples, 1);
		for (size_t k = 0; k < m->nexamples; k++, n++) {
			calls_refill(!strncmp(m->name.p, "system", 6) ? "system" : "filesystem");
			example_check(m, &m->example[k]);
		}
	}
	return n;
}
