/* The hand-written policy as kruxc would deliver it. */
#include "tests/unit/tiny_bundle.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/rights.h"
#include "compiler/model/held.h"
#include "compiler/emit/filter.h"

extern char **environ;

uint8_t *tiny_object(const char *const *flags, size_t *n)
{
	char path[] = "/tmp/krux-tiny-XXXXXX";
	const char *argv[32] = { "cc", "-I.", "-std=gnu11", "-O1", "-ffreestanding", "-fPIC", "-fvisibility=hidden", "-shared",
	                         "-nostdlib", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
	                         "-Wl,-z,now,--build-id=none", "tests/unit/tiny/policy.c", "-o", path };
	int fd = mkstemp(path), status = 1;
	uint8_t *p = NULL;
	struct stat st;
	size_t k = 0;
	pid_t pid;

	if (fd < 0)
		return NULL;
	while (argv[k])
		k++;
	for (; *flags; flags++)
		argv[k++] = *flags;
	if (!posix_spawnp(&pid, "cc", NULL, NULL, (char **)(uintptr_t)argv, environ))
		waitpid(pid, &status, 0);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!status && fd >= 0 && !fstat(fd, &st)) {
		*n = (size_t)st.st_size;
		p = malloc(*n);
		if (p && read(fd, p, *n) != (ssize_t)*n) {
			free(p);
			p = NULL;
		}
	}
	close(fd);
	unlink(path);
	return p;
}

/* ---- schema ---- */

static const struct krux_type path_type = { .kind = KRUX_T_PATH, .max = 4096 };
static const struct krux_type name_type = { .kind = KRUX_T_STRING, .max = 256 };
static const struct krux_type size_type = { .kind = KRUX_T_UINT, .lo = 0, .hi = 1000000 };
static const struct krux_type content_type = { .kind = KRUX_T_STRING, .max = 65536 };

static const struct krux_field read_fields[] = { { .name = KRUX_STR("path"), .doc = KRUX_STR("A file."), .type = &path_type } };
static const struct krux_field send_fields[] = {
	{ .name = KRUX_STR("to"), .doc = KRUX_STR("Who gets it."), .type = &name_type },
	{ .name = KRUX_STR("size"), .doc = KRUX_STR("How long it is."), .type = &size_type },
};
static const struct krux_field answer_fields[] = {
	{ .name = KRUX_STR("content"), .doc = KRUX_STR("What it holds."), .type = &content_type },
};
static const struct krux_type read_input = { .kind = KRUX_T_RECORD, .field = read_fields, .nfields = 1 };
static const struct krux_type send_input = { .kind = KRUX_T_RECORD, .field = send_fields, .nfields = 2 };
static const struct krux_type output = { .kind = KRUX_T_RECORD, .field = answer_fields, .nfields = 1 };

static const struct krux_error_def errors[] = {
	{ KRUX_STR("NotFound"), KRUX_STR("No file is there."), KRUX_STR("retry"), KRUX_STR("Look for it.") },
};
static const struct krux_effect reads[] = { { KRUX_EFFECT_READS, { { .access = KRUX_STR("path") } }, 1 } };
static const struct krux_effect lists[] = {
	{ KRUX_EFFECT_LISTS, { { .access = KRUX_STR("path"), .tree = true, .prunes = true } }, 1 },
};
static const struct krux_effect nothing[] = { { KRUX_EFFECT_NONE, { { .is_constant = false } }, 0 } };
static const struct krux_str labels[] = { KRUX_STR("file-content") };

#define COMMON \
	.major = 1, .minor = 0, .summary = KRUX_STR("Tries."), .doc = KRUX_STR("Tries."), .use = KRUX_STR("to try."), \
	.error = errors, .nerrors = 1, .limit = { 1 << 26, 1000000000, 5000000000, 1, 16, 1 << 17 }, .durable = true
#define TINY .output = &output, .handler = { .kind = KRUX_HANDLER_BUILTIN, .name = KRUX_STR("tiny") }

const struct krux_capability *tiny_caps(void)
{
	static const struct krux_capability caps[TINY_CAPS] = {
		{ COMMON, TINY, .name = KRUX_STR("files.read"), .input = &read_input, .effect = reads, .neffects = 1,
		  .label = labels, .nlabels = 1, .rank = 1, .max_args = 4200 },
		{ COMMON, TINY, .name = KRUX_STR("files.walk"), .input = &read_input, .effect = lists, .neffects = 1, .rank = 1,
		  .max_args = 4200 },
		{ COMMON, TINY, .name = KRUX_STR("mail.send"), .input = &send_input, .effect = nothing, .neffects = 1,
		  .max_args = 400 },
	};

	return caps;
}

const struct krux_capability *tiny_real_caps(const struct krux_type *input, const struct krux_type *answer)
{
	static struct krux_capability caps[TINY_CAPS];
	const struct krux_capability *tiny = tiny_caps();

	caps[0] = (struct krux_capability){
		COMMON, .name = KRUX_STR("filesystem.stat"), .input = input, .output = answer, .effect = reads, .neffects = 1,
		.handler = { .kind = KRUX_HANDLER_BUILTIN, .name = KRUX_STR("filesystem_stat") }, .rank = 1, .max_args = 4200,
	};
	caps[1] = tiny[1];
	caps[1].name = KRUX_STR("goo.walk");
	caps[2] = tiny[2];
	return caps;
}

static const struct krux_type status_type = { .kind = KRUX_T_UINT, .hi = 255 }, word_type = { .kind = KRUX_T_STRING, .max = 256 };
static const struct krux_field refused_fields[] = {
	{ .name = KRUX_STR("path"), .doc = KRUX_STR("What."), .type = &name_type }, { .name = KRUX_STR("why"), .doc = KRUX_STR("Why."), .type = &name_type },
};
static const struct krux_type refused_type = { .kind = KRUX_T_RECORD, .field = refused_fields, .nfields = 2 },
	refused_list = { .kind = KRUX_T_LIST, .max = 4, .elem = &refused_type };
static const struct krux_field command_fields[] = {
	{ .name = KRUX_STR("status"), .doc = KRUX_STR("Its end."), .type = &status_type },
	{ .name = KRUX_STR("stdout"), .doc = KRUX_STR("What it says."), .type = &word_type },
	{ .name = KRUX_STR("refused"), .doc = KRUX_STR("What was refused."), .type = &refused_list },
};
static const struct krux_type command_output = { .kind = KRUX_T_RECORD, .field = command_fields, .nfields = 3 };
static const struct krux_effect reads_writes[] = {
	{ KRUX_EFFECT_READS, { { .access = KRUX_STR("path") } }, 1 }, { KRUX_EFFECT_WRITES, { { .access = KRUX_STR("path") } }, 1 },
};
static const struct krux_argv path_argv[] = { { KRUX_ARGV_FIELD, { NULL, 0 }, KRUX_STR("path") } };

static bool program_digest(const char *program, char out[static 65])
{
	uint8_t digest[KRUX_SHA256], piece[4096];
	struct krux_sha256_state state;
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	krux_sha256_start(&state);
	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		krux_sha256_add(&state, piece, (size_t)n);
	krux_sha256_end(&state, digest);
	if (fd >= 0)
		close(fd);
	krux_hex_write(digest, sizeof digest, out);
	return !n;
}

const struct krux_capability *tiny_command_caps(const struct krux_type *input, const char *program, bool changes)
{
	static struct krux_capability caps[TINY_CAPS];
	static char digest[65];
	const struct krux_capability *tiny = tiny_real_caps(input, &command_output);

	for (size_t i = 0; i < TINY_CAPS; i++)
		caps[i] = tiny[i];
	if (!program_digest(program, digest))
		return NULL;
	caps[0].handler = (struct krux_handler){ .kind = KRUX_HANDLER_COMMAND, .name = { program, strlen(program) },
		                                 .sha256 = { digest, 64 }, .argv = path_argv, .nargv = 1 };
	caps[0].effect = reads_writes;
	caps[0].neffects = changes ? 2 : 1;
	caps[0].rank = changes ? 2 : 1;
	return caps;
}

/* The groups of who waits for a command, as kruxc has them. */
static unsigned groups_of_command(const struct krux_capability *cap)
{
	return CALLS_RUN | (cap->rank > 1 ? CALLS_LOOK | CALLS_WALK | CALLS_CHANGE : 0);
}

/* As kruxc says what the kernel is told. */
static bool layers_write(struct arena *a, const struct krux_capability *caps, struct krux_str *out, struct krux_refusal *why)
{
	static const struct krux_str everything = { "", 0 };
	static const struct krux_reach reach = { &everything, 1 };
	struct krux_layer layer[TINY_CAPS] = { { .filter = NULL } };
	const struct krux_layers layers = { layer, TINY_CAPS };
	unsigned groups;

	for (size_t i = 0; i < TINY_CAPS; i++) {
		struct filter *f = ARENA_NEW(a, struct filter), *program = ARENA_NEW(a, struct filter);
		const bool command = caps[i].handler.kind == KRUX_HANDLER_COMMAND;
		const char *text;

		if (command)
			groups = groups_of_command(&caps[i]);
		else if (!builtin_groups(caps[i].handler.name, &groups))
			continue;
		if (!filter_make(a, groups, f, &text) || (command && !filter_make(a, CALLS_COMMAND, program, &text)))
			return krux_refuse(why, "", text);
		layer[i] = (struct krux_layer){ .filter = f->program, .command = command ? program->program : NULL,
			                        .rights = command && caps[i].rank < 2 ? 3 : 31, .reach = &reach, .nreach = 1 };
	}
	return krux_layers_write(arena_pool(a), &layers, out, why);
}

bool tiny_bundle(const char *path, const struct krux_secret_key *key, uint64_t serial, const char *zone,
                 struct krux_str object, const struct krux_capability *caps)
{
	struct arena *a = arena_new();
	struct krux_pool *pool = arena_pool(a);
	struct krux_refusal why = { "", "" };
	struct krux_bundle_file layers = { KRUX_STR(KRUX_LAYERS_FILE), { NULL, 0 } };
	struct krux_bundle b = {
		.policy = KRUX_STR("tiny"), .serial = serial, .engine = KRUX_STR("tests"), .object = object,
		.zone = { zone, strlen(zone) },
		.file = &layers, .nfiles = 1,
	};
	struct krux_str out = { NULL, 0 };
	FILE *f;
	bool ok;

	ok = layers_write(a, caps, &layers.data, &why) && krux_schema_write(pool, caps, TINY_CAPS, &b.schema, &why) && krux_bundle_write(pool, &b, key, &out, &why);
	if (!ok)
		fprintf(stderr, "tiny bundle: %s: %s\n", why.where, why.why);
	f = ok ? fopen(path, "we") : NULL;
	ok = f && fwrite(out.p, 1, out.n, f) == out.n;
	if (f)
		fclose(f);
	arena_free(a);
	return ok;
}
