/* kruxc build: a signed bundle and its readable parts; nothing is written when anything is wrong. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/guard.h"
#include "compiler/base/buf.h"
#include "compiler/command/command.h"
#include "compiler/command/package_write.h"
#include "compiler/command/verify.h"
#include "compiler/emit/cc.h"
#include "compiler/emit/emit_c.h"
#include "compiler/emit/layers.h"
#include "compiler/emit/package.h"
#include "compiler/emit/sandbox_plan.h"
#include "compiler/emit/table.h"
#include "compiler/plan/coverage.h"

static bool key_read(const struct options *o, struct krux_secret_key *key)
{
	struct krux_refusal why = { { 0 }, { 0 } };

	if (!o->key) {
		krux_key_development(key);
		return true;
	}
	if (krux_guard(&why) && krux_key_secret_read(o->key, key, &why))
		return true;
	command_say("kruxc build: %s: %s", o->key, why.why);
	return false;
}

/* One plan a capability, and what they share. Names of long sets say by a hash what they are, so no
 * plan depends on another. */
static struct reach *plans_make(struct pipeline *p, struct package_input *in)
{
	struct reach *reach = ARENA_ARRAY(p->arena, struct reach, p->caps.n + 1);
	struct krux_str *plan = ARENA_ARRAY(p->arena, struct krux_str, p->caps.n + 1);
	struct words *words = words_new(p->arena);
	struct buf common = { 0 };

	for (size_t i = 0; i < p->caps.n; i++) {
		struct buf b = { 0 };

		reach_find(p->arena, words, p->manager[i], p->decisions, p->root[i], p->caps.cap[i], &reach[i]);
		sandbox_plan_write(&b, &reach[i], words);
		plan[i] = arena_str(p->arena, (struct krux_str){ b.p, b.n });
		buf_free(&b);
	}
	sandbox_common_write(&common, words);
	in->plan = plan;
	in->common = arena_str(p->arena, (struct krux_str){ common.p, common.n });
	buf_free(&common);
	return reach;
}

/* Diagrams to everything that a bundle holds. */
static bool emit(const struct options *o, struct pipeline *p, const struct krux_secret_key *key, struct package *pkg)
{
	struct package_input in = { .serial = o->serial, .key = key, .source = p->source, .nsources = p->nsources,
	                            .build = &p->build };
	const struct cc_allowed allowed = { o->compiler_reads, o->allow_missing };
	struct buf c = { 0 }, table = { 0 };
	struct layers layers;
	bool fine;

	in.policy_id = o->id ? (struct krux_str){ o->id, strlen(o->id) } : KRUX_STR("default");
	tables_write(&table, p->diags, p->decisions, p->manager, p->root, &p->caps);
	in.layers = &layers;
	fine = !p->diags->errors && layers_make(p->arena, p->diags, &p->caps, plans_make(p, &in), &layers) &&
	       emit_c(p->arena, p->diags, &p->build, p->decisions, p->manager, p->root, EMIT_READABLE, &c);
	in.decide_c = arena_str(p->arena, (struct krux_str){ c.p ? c.p : "", c.n });
	in.table = arena_str(p->arena, (struct krux_str){ table.p ? table.p : "", table.n });
	fine = fine && cc_shared_object(p->arena, p->diags, &allowed, in.decide_c, &in.object, &in.compiler) &&
	       package_make(p->arena, p->diags, &in, pkg);
	buf_free(&c);
	buf_free(&table);
	return fine;
}

/* What nobody shall find out later: what did not confine the compiler, and a key that anybody has. */
static void built_say(const struct options *o)
{
	const char *lacks = cc_lacks();

	if (lacks)
		command_say("kruxc build: the C compiler ran without %s, which the kernel lacks and --allow-missing waives", lacks);
	if (!o->key && o->format == DIAG_TEXT)
		command_say("kruxc build: signed with the development key, which kruxrt accepts with --dev alone; --key is for your own");
}

/* Before anything is read or asked of the compiler. */
static int options_wrong(const struct options *o)
{
	struct krux_str name = cc_missing_wrong(&(struct cc_allowed){ .missing = o->allow_missing });

	if (!o->output)
		return command_usage(o, "-o is missing: where shall the bundle go?");
	if (o->id && !krux_agent_valid((struct krux_str){ o->id, strlen(o->id) }))
		return command_usage(o, "'%s' is no policy id: 1 to 64 of a-z, 0-9, '.', '_', '-'", o->id);
	if (name.p)
		return command_usage(o, "--allow-missing takes landlock and seccomp, not '%.*s'", STR_ARG(name));
	return EXIT_YES;
}

int command_build(const struct options *o)
{
	struct krux_secret_key key;
	struct package pkg;
	struct pipeline *p;
	struct buf failed = { 0 };
	bool ok;
	int code = EXIT_USAGE;

	if (options_wrong(o) != EXIT_YES)
		return EXIT_USAGE;
	if (!key_read(o, &key))
		return EXIT_USAGE;
	p = command_load(o, 0, o->nargs, &ok);
	if (ok) {
		coverage_report(p->decisions, p->manager, p->diags, &p->build);
		/* What is a build by its diagrams is not refused for what is read off them. */
		dd_allow(2);
	}
	if (ok && !policies_verify(p, &failed)) {
		if (failed.n)
			fwrite(failed.p, 1, failed.n, stderr);
		ok = false;
		code = p->diags->errors ? EXIT_USAGE : EXIT_NO;
	}
	if (ok && !(o->strict && p->diags->n) && emit(o, p, &key, &pkg))
		code = package_write(p->arena, o->output, &pkg) ? EXIT_YES : EXIT_SYSTEM;
	if (code == EXIT_YES)
		built_say(o);
	krux_key_wipe(&key);
	buf_free(&failed);
	return command_end(p, o, code);
}
