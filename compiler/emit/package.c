/* From what was emitted to a signed bundle: the schema, the manifest, the list of files. */
#include "compiler/emit/package.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/digest.h"
#include "capspec/relay.h"
#include "capspec/schema.h"
#include "capspec/version.h"
#include "compiler/emit/gzip.h"
#include "compiler/emit/layers.h"
#include "compiler/emit/nft.h"
#include "compiler/emit/policyschema.h"
#include "compiler/emit/reference.h"
#include "compiler/emit/tools.h"
#include "compiler/plan/reach.h"

struct files {
	struct arena *arena;
	struct krux_bundle_file *list;
	size_t n, cap;
};

static void file_add(struct files *f, struct krux_str name, struct krux_str data)
{
	ARENA_PUSH(f->arena, f->list, f->n, f->cap, ((struct krux_bundle_file){ name, data }));
}

static void buf_add(struct files *f, struct krux_str name, struct buf *b)
{
	file_add(f, name, arena_str(f->arena, (struct krux_str){ b->p, b->n }));
	buf_free(b);
}

/* ---- the schema ---- */

static void effect_convert(const struct effect *e, struct krux_effect *out)
{
	*out = (struct krux_effect){ .kind = (enum krux_effect_kind)e->kind, .nargs = e->nargs };
	for (size_t i = 0; i < e->nargs; i++) {
		const struct effect_arg *a = &e->arg[i];

		out->arg[i] = (struct krux_effect_arg){ .is_constant = a->is_constant, .constant = a->constant,
			.access = a->is_constant ? (struct krux_str){ 0 } : a->access.text, .tree = a->tree,
			.prunes = a->prunes };
	}
}

static struct krux_handler handler_convert(struct arena *a, const struct handler *h)
{
	struct krux_argv *argv = ARENA_ARRAY(a, struct krux_argv, h->nargv + 1);
	struct krux_handler out = { .name = h->name, .sha256 = h->sha256, .tool = h->tool, .argv = argv,
	                            .nargv = h->nargv, .background = h->background };

	out.kind = h->kind == HANDLER_COMMAND ? KRUX_HANDLER_COMMAND
	           : h->kind == HANDLER_MCP ? KRUX_HANDLER_MCP : KRUX_HANDLER_BUILTIN;
	for (size_t i = 0; i < h->nargv; i++)
		argv[i] = (struct krux_argv){ (enum krux_argv_kind)h->argv[i].kind, h->argv[i].text,
		                              h->argv[i].access.text };
	return out;
}

static void capability_convert(struct arena *a, const struct capability *c, struct krux_capability *out)
{
	struct krux_error_def *error = ARENA_ARRAY(a, struct krux_error_def, c->nerrors + 1);
	struct krux_effect *effect = ARENA_ARRAY(a, struct krux_effect, c->neffects + 1);

	for (size_t i = 0; i < c->nerrors; i++)
		error[i] = (struct krux_error_def){ c->error[i].name, c->error[i].doc, c->error[i].recover,
		                                    c->error[i].hint };
	for (size_t i = 0; i < c->neffects; i++)
		effect_convert(&c->effect[i], &effect[i]);
	*out = (struct krux_capability){ .name = c->name, .major = c->major, .minor = c->minor,
		.summary = c->summary, .doc = c->doc, .use = c->use, .input = c->input, .output = c->output,
		.error = error, .nerrors = c->nerrors, .effect = effect, .neffects = c->neffects, .label = c->label,
		.nlabels = c->nlabels, .handler = handler_convert(a, &c->handler), .durable = c->durable,
		.approves_changes = c->approves_changes,
		.rank = c->rank, .max_args = c->max_args };
	for (int i = 0; i < LIMIT_COUNT; i++)
		out->limit[i] = c->limit[i];
}

static bool cannot_write(struct diags *ds, const struct krux_refusal *why)
{
	diag_error(ds, 6002, (struct span){ 0 }, "the bundle cannot be written: %s: %s", why->where, why->why);
	return false;
}

static bool schema_make(struct arena *a, struct diags *ds, const struct capability_set *set, struct krux_str *out)
{
	struct krux_capability *list = ARENA_ARRAY(a, struct krux_capability, set->n + 1);
	struct krux_refusal why = { { 0 }, { 0 } };

	for (size_t i = 0; i < set->n; i++)
		capability_convert(a, set->cap[i], &list[i]);
	return krux_schema_encode(arena_pool(a), list, set->n, out, &why) || cannot_write(ds, &why);
}

/* ---- files ---- */

static int by_name(const void *pa, const void *pb)
{
	const struct krux_bundle_file *a = pa, *b = pb;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c = memcmp(a->name.p, b->name.p, n);

	return c ? c : (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

static void hex_print(struct buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%02x", p[i]);
}

/* manifest.txt: what is in it, by digest, for people to compare. */
static void manifest_write(struct buf *b, const struct package_input *in, const struct files *f,
                           struct krux_str schema)
{
	struct krux_public_key pub;
	uint8_t digest[32];

	krux_key_public(in->key, &pub);
	buf_printf(b, "policy    %.*s\nserial    %llu\nengine    krux %s\ncompiler  %.*s\nzone      %.*s\nkey       ",
	           STR_ARG(in->policy_id), (unsigned long long)in->serial, KRUX_VERSION, STR_ARG(in->compiler),
	           STR_ARG(in->build->zone));
	hex_print(b, pub.id, sizeof pub.id);
	buf_printf(b, " %s%s\n\npolicies\n", pub.name, pub.dev ? " (development key)" : "");
	for (size_t i = 0; i < in->build->npolicies; i++)
		buf_printf(b, "  %.*s\n", STR_ARG(in->build->policy[i].name));
	buf_puts(b, "\ncapabilities\n");
	for (size_t i = 0; i < in->build->caps.n; i++)
		buf_printf(b, "  %.*s@%u.%u\n", STR_ARG(in->build->caps.cap[i]->name), in->build->caps.cap[i]->major,
		           in->build->caps.cap[i]->minor);
	buf_puts(b, "\nsha256\n  ");
	krux_sha256(in->object, digest);
	hex_print(b, digest, sizeof digest);
	buf_puts(b, "  decide.so\n  ");
	krux_sha256(schema, digest);
	hex_print(b, digest, sizeof digest);
	buf_puts(b, "  schema\n");
	for (size_t i = 0; i < f->n; i++) {
		krux_sha256(f->list[i].data, digest);
		buf_puts(b, "  ");
		hex_print(b, digest, sizeof digest);
		buf_printf(b, "  %.*s\n", STR_ARG(f->list[i].name));
	}
}

/* Where a source goes in the bundle: its shown name below src/, which never climbs out. */
static struct krux_str source_name(struct arena *a, struct krux_str shown, size_t number)
{
	const char *slash = memrchr(shown.p, '/', shown.n);
	struct krux_str base = slash ? (struct krux_str){ slash + 1, shown.n - (size_t)(slash + 1 - shown.p) } : shown;

	return arena_printf(a, "src/%03zu-%.*s.gz", number, STR_ARG(base));
}

static void capability_collect(struct files *f, const struct package_input *in, size_t i)
{
	const struct capability *c = in->build->caps.cap[i];
	struct krux_str name = arena_printf(f->arena, "%.*s@%u.%u", STR_ARG(c->name), c->major, c->minor);
	struct buf b = { 0 };

	reference_write(&b, c);
	buf_add(f, arena_printf(f->arena, "docs/%.*s.md", STR_ARG(name)), &b);
	file_add(f, arena_printf(f->arena, "sandbox/%.*s.plan", STR_ARG(name)), in->plan[i]);
	if (capability_has_network(c)) {
		buf_printf(&b, "# %.*s: of the network namespace of each call, before its program starts.\n",
		           STR_ARG(name));
		nft_text_write(&b);
		buf_add(f, arena_printf(f->arena, "sandbox/%.*s.nft", STR_ARG(name)), &b);
	}
	if (!in->layers->filter[i])
		return;
	filter_text_write(&b, c, in->layers->filter[i]);
	buf_add(f, arena_printf(f->arena, "sandbox/%.*s.seccomp.txt", STR_ARG(name)), &b);
	if (in->layers->program[i]) {
		filter_text_write(&b, c, in->layers->program[i]);
		buf_add(f, arena_printf(f->arena, "sandbox/%.*s.program.seccomp.txt", STR_ARG(name)), &b);
	}
	landlock_text_write(&b, c, &in->layers->kernel.list[i], &in->layers->reach[i]);
	buf_add(f, arena_printf(f->arena, "sandbox/%.*s.landlock.txt", STR_ARG(name)), &b);
}

/* One batch for all that connect. */
static void network_collect(struct files *f, const struct capability_set *set)
{
	struct buf b = { 0 };
	size_t i = 0;

	while (i < set->n && !capability_has_network(set->cap[i]))
		i++;
	if (i == set->n)
		return;
	nft_batch_write(&b);
	buf_add(f, KRUX_STR(RELAY_FILE), &b);
}

static void files_collect(struct files *f, const struct package_input *in, struct krux_str layers)
{
	struct buf b = { 0 };

	file_add(f, KRUX_STR("decide.c"), in->decide_c);
	file_add(f, KRUX_STR("table.txt"), in->table);
	tools_write(&b, &in->build->caps);
	buf_add(f, KRUX_STR("mcp/tools.json"), &b);
	policyschema_write(&b);
	buf_add(f, KRUX_STR("krux-policy.schema.json"), &b);
	file_add(f, KRUX_STR("sandbox/common.txt"), in->common);
	file_add(f, KRUX_STR(KRUX_LAYERS_FILE), layers);
	for (size_t i = 0; i < in->build->caps.n; i++)
		capability_collect(f, in, i);
	network_collect(f, &in->build->caps);
	for (size_t i = 0; i < in->nsources; i++) {
		gzip_write(&b, in->source[i]->text);
		buf_add(f, source_name(f->arena, in->source[i]->name, i), &b);
	}
}

bool package_make(struct arena *a, struct diags *ds, const struct package_input *in, struct package *out)
{
	struct files f = { .arena = a };
	struct krux_refusal why = { { 0 }, { 0 } };
	struct krux_bundle bundle = { .policy = in->policy_id, .serial = in->serial, .engine = KRUX_STR(KRUX_VERSION),
	                              .zone = in->build->zone, .object = in->object };
	struct buf manifest = { 0 };
	struct krux_str layers;

	if (!schema_make(a, ds, &in->build->caps, &bundle.schema))
		return false;
	if (!krux_layers_write(arena_pool(a), &in->layers->kernel, &layers, &why))
		return cannot_write(ds, &why);
	files_collect(&f, in, layers);
	qsort(f.list, f.n, sizeof *f.list, by_name);
	manifest_write(&manifest, in, &f, bundle.schema);
	buf_add(&f, KRUX_STR("manifest.txt"), &manifest);
	qsort(f.list, f.n, sizeof *f.list, by_name);
	bundle.file = f.list;
	bundle.nfiles = f.n;
	*out = (struct package){ .file = f.list, .nfiles = f.n };
	return krux_bundle_write(arena_pool(a), &bundle, in->key, &out->bundle, &why) || cannot_write(ds, &why);
}
