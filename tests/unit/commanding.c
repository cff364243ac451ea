/* A script to a capability, and its call to an answer as JSON. */
#include "tests/unit/commanding.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/rights.h"
#include "compiler/emit/filter.h"
#include "tests/unit/without.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/idmap.h"

enum { UID = 65533, AGENT_UID = 70001 };
static const uint64_t second = 1000000000;
static const char shell[] = "/usr/bin/dash";

char commands_root[64], commands_digest[65];
static struct arena *arena;
static struct krux_pool *pool;
static int workspace;
static int users;                      /* whose the mounts of it are; -1: who they are on the disk */
uid_t commands_owner, commands_uid;
struct spawn_result commands_result;
char commands_json[1 << 16];
const char *commands_denied;

/* ---- a world ---- */

void commands_put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_msg(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
	close(fd);
}

const char *commands_get(const char *name)
{
	static char text[4096];
	int fd = open(name, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? "-" : text;
}

void commands_own(void)
{
	char command[64];

	snprintf(command, sizeof command, "chown -hR %u:%u workspace", commands_owner, commands_owner);
	ck_assert(commands_owner == geteuid() || !system(command));
}

void commands_digest_find(void)
{
	static char bytes[1 << 20];
	uint8_t sha[KRUX_SHA256];
	int fd = open(shell, O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof bytes);

	ck_assert(n > 0 && n < (ssize_t)sizeof bytes);
	close(fd);
	krux_sha256((struct krux_str){ bytes, (size_t)n }, sha);
	krux_hex_write(sha, sizeof sha, commands_digest);
}

void commands_again(void)
{
	if (workspace >= 0)
		close(workspace);
	workspace = open("workspace", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(workspace, 0);
}

bool commands_setup(int way)
{
	bool is_root = geteuid() == 0;
	struct krux_err err = { 0 };

	if (!is_root && way != USER)
		return false;
	if (is_root && way == USER)
		ck_assert(!setresgid(UID, UID, UID) && !setresuid(UID, UID, UID));
	snprintf(commands_root, sizeof commands_root, "/tmp/krux-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(commands_root));
	ck_assert(!chmod(commands_root, 0755) && !chdir(commands_root) && !mkdir("workspace", 0755) && !mkdir("workspace/d", 0755));
	commands_put("secret", "secret");
	commands_put("workspace/a", "a");
	commands_put("workspace/d/b", "b");
	commands_put("workspace/d/c", "c");
	commands_owner = way == ROOTS || way == ROOT ? 0 : UID;
	commands_uid = way == AGENT || way == ROOTS ? AGENT_UID : commands_owner;
	commands_own();
	users = -1;
	if (commands_uid != commands_owner)
		users = idmap_namespace(&(struct idmap){ commands_owner, commands_owner, AGENT_UID, AGENT_UID }, &err);
	ck_assert_msg(users >= 0 || commands_uid == commands_owner, "%s", err.text);
	workspace = -1;
	commands_again();
	commands_digest_find();
	arena = arena_new();
	pool = krux_pool_new(0);
	commands_denied = NULL;
	return true;
}

void commands_teardown(void)
{
	char command[sizeof commands_root + 16];

	close(workspace);
	if (users >= 0)
		close(users);
	snprintf(command, sizeof command, "rm -rf %s", commands_root);
	ck_assert(!system(command));
	krux_pool_free(pool);
	arena_free(arena);
}

/* ---- a capability ---- */

static const struct krux_type text = { .kind = KRUX_T_STRING, .max = 4096 }, number = { .kind = KRUX_T_UINT, .hi = 255 },
	flag = { .kind = KRUX_T_BOOL, .hi = 1 }, path_type = { .kind = KRUX_T_PATH, .max = 4096 },
	paths = { .kind = KRUX_T_LIST, .max = 20, .elem = &path_type };
static const struct krux_field refusal_field[] = {
	{ .name = { "path", 4 }, .type = &text }, { .name = { "why", 3 }, .type = &text }
};
static const struct krux_type refusal = { .kind = KRUX_T_RECORD, .field = refusal_field, .nfields = 2 },
	refusals = { .kind = KRUX_T_LIST, .max = 1000, .elem = &refusal };
static const struct krux_field output_fields[] = {
	{ .name = { "status", 6 }, .type = &number }, { .name = { "stdout", 6 }, .type = &text },
	{ .name = { "stderr", 6 }, .type = &text }, { .name = { "truncated", 9 }, .type = &flag },
	{ .name = { "changed", 7 }, .type = &paths }, { .name = { "refused", 7 }, .type = &refusals },
};
static const struct krux_field input_fields[] = { { .name = { "path", 4 }, .type = &path_type } };
static const struct krux_type output_type = { .kind = KRUX_T_RECORD, .field = output_fields, .nfields = 6 },
	input_type = { .kind = KRUX_T_RECORD, .field = input_fields, .nfields = 1 };
const struct krux_type commands_plain = { .kind = KRUX_T_RECORD, .field = output_fields + 1, .nfields = 1 };
static const struct krux_error_def failed = { .name = { "Failed", 6 } };

struct krux_capability commands_cap;
static struct krux_effect effects[5];
static struct krux_argv argv[2];

void commands_make(unsigned what, const char *script)
{
	static const enum krux_effect_kind kinds[] = { KRUX_EFFECT_READS, KRUX_EFFECT_LISTS, KRUX_EFFECT_CREATES,
		                                       KRUX_EFFECT_WRITES, KRUX_EFFECT_DELETES };

	commands_cap = (struct krux_capability){ .name = KRUX_STR("test.run"), .major = 1, .input = &input_type, .output = &output_type,
		.error = &failed, .nerrors = 1, .effect = effects, .durable = true,
		.handler = { .kind = KRUX_HANDLER_COMMAND, .name = { shell, sizeof shell - 1 }, .sha256 = { commands_digest, 64 },
		             .argv = argv, .nargv = 2 } };
	argv[0] = (struct krux_argv){ KRUX_ARGV_CONST, KRUX_STR("-c"), { NULL, 0 } };
	argv[1] = (struct krux_argv){ KRUX_ARGV_CONST, { script, strlen(script) }, { NULL, 0 } };
	for (unsigned i = 0; i < 5; i++)
		if (what >> i & 1)
			effects[commands_cap.neffects++] = (struct krux_effect){ .kind = kinds[i], .nargs = 1,
				.arg = { { .access = KRUX_STR("path"), .tree = what & TREE } } };
	commands_cap.limit[KRUX_LIMIT_MEMORY] = 64 << 20;
	commands_cap.limit[KRUX_LIMIT_CPU] = 2 * second;
	commands_cap.limit[KRUX_LIMIT_WALL] = 60 * second;
	commands_cap.limit[KRUX_LIMIT_PIDS] = 8;
	commands_cap.limit[KRUX_LIMIT_FILES] = 32;
	commands_cap.limit[KRUX_LIMIT_OUTPUT] = 64 << 10;
}

static const struct krux_filter *filter_of(unsigned groups)
{
	struct filter *f = ARENA_NEW(arena, struct filter);
	const char *why;

	ck_assert_msg(filter_make(arena, groups, f, &why), "%s", why);
	return f->program;
}

static bool allows(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx;
	ck_assert(krux_str_eq(field, KRUX_STR("path")));
	return !commands_denied || !memmem(path.p, path.n, commands_denied, strlen(commands_denied));
}

static int mounted(void)
{
	struct krux_err err = { 0 };
	int fd = idmap_mount(workspace, users, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	return fd;
}

int commands_call(unsigned what, const char *path)
{
	static const struct krux_str everything = { "", 0 };
	const struct krux_reach reach = { &everything, 1 };
	const unsigned changes = what & (C | W | D);
	struct krux_layer layer = { .reach = &reach, .nreach = 1,
		.filter = without_of(filter_of(CALLS_RUN | (changes ? CALLS_LOOK | CALLS_WALK | CALLS_CHANGE : 0))),
		.command = filter_of(CALLS_COMMAND),
		.rights = (what & (R | L) || changes ? RIGHT_READ_FOLDERS : 0) | (what & R || changes ? RIGHT_READ_FILES : 0) |
		          (changes ? RIGHT_NAMES | RIGHT_WRITE_FILES : 0) | (what & EXECUTES ? RIGHT_EXECUTE : 0) };
	const struct krux_member member = { KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = { path, strlen(path) } } };
	const struct krux_value args = { .kind = KRUX_V_MAP, .map = { &member, 1 } };
	const int own = users < 0 ? dup(workspace) : mounted(), view = geteuid() ? -1 : mounted();
	const struct spawn_request q = { .cap = &commands_cap, .layer = &layer, .line = -1, .agent = "a", .args = &args, .workspace_fd = own,
		                         .mount_fd = view, .trash_fd = -1, .allows = allows };
	struct krux_err err = { 0 };
	int rc = spawn_run(&q, pool, &commands_result, &err);

	close(own);
	if (view >= 0)
		close(view);
	snprintf(commands_json, sizeof commands_json, "%s", rc ? err.text : commands_result.why);
	if (!rc && commands_result.end == SPAWN_DONE)
		commands_json[krux_json_write(&commands_result.output, commands_json, sizeof commands_json - 1)] = '\0';
	return rc;
}

void commands_sh(unsigned what, const char *path, const char *script)
{
	commands_make(what, script);
	ck_assert_msg(!commands_call(what, path), "%s", commands_json);
}
