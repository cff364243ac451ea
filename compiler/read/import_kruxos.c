/* KruxOS YAML: which of the published shapes a file has; capabilities by their namespaces. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/read/import_kruxos.h"

enum { CAP_COST = 256 };

/* ---- texts ---- */

bool text_is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

bool text_is_any_case(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !strncasecmp(s.p, word, s.n);
}

bool text_has(struct krux_str s, const char *part)
{
	return s.n && memmem(s.p, s.n, part, strlen(part));
}

struct krux_str text_of(const struct yaml_node *v)
{
	if (!v || v->kind != YAML_SCALAR ||
	    (v->style == YAML_PLAIN && (text_is(v->text, "~") || text_is(v->text, "null") || text_is(v->text, "None"))))
		return (struct krux_str){ 0 };
	return v->text;
}

const struct yaml_node *first_of(const struct yaml_node *list)
{
	return list && list->kind == YAML_SEQUENCE ? list->child : NULL;
}

/* ---- capabilities ---- */

struct named_item {
	struct krux_str ns;
	const struct yaml_node *item;
};

static int named_order(const void *pa, const void *pb)
{
	const struct named_item *a = pa, *b = pb;
	int c = memcmp(a->ns.p, b->ns.p, a->ns.n < b->ns.n ? a->ns.n : b->ns.n);

	if (c || a->ns.n != b->ns.n)
		return c ? c : a->ns.n < b->ns.n ? -1 : 1;
	return a->item->at.at < b->item->at.at ? -1 : 1;
}

/* The name that a capability will have; n 0: none. */
static struct krux_str name_of(struct importer *im, const struct yaml_node *item)
{
	struct krux_str name = text_of(yaml_get(item, "name")), ours = { 0 };

	if (name.n)
		ours = import_capability_name(im->arena, name);
	return ours.n && !memchr(ours.p, '*', ours.n) ? ours : (struct krux_str){ 0 };
}

static void namespace_import(struct importer *im, const struct named_item *list, size_t n)
{
	struct draft_file f = { .ns = list->ns };
	struct name_set taken = { 0 };

	f.doc = arena_printf(im->arena, "Imported from %.*s.", STR_ARG(import_stem(im->src)));
	import_say(im, &f.notes, KRUX_STR("Imported from KruxOS. What is marked `review:` was invented."));
	for (size_t i = 0; i < n && import_afford(im, CAP_COST); i++) {
		struct draft_cap c = { .ns = f.ns };

		import_kruxos_cap(im, &c, list[i].item);
		if (!name_set_add(im->arena, &taken,
		                  arena_printf(im->arena, "%.*s@%u.%u", STR_ARG(c.name), c.major, c.minor))) {
			import_note(im, &f.notes, IMPORT_LOST, list[i].item->child->at,
			            "%.*s.%.*s @%u.%u is there twice; the first stands", STR_ARG(f.ns), STR_ARG(c.name),
			            c.major, c.minor);
			continue;
		}
		ARENA_PUSH(im->arena, f.cap, f.ncaps, f.caps_cap, c);
	}
	draft_file_add(im, &f);
}

static void capabilities_import(struct importer *im, const struct yaml_node *first, size_t most)
{
	struct named_item *list = ARENA_ARRAY(im->arena, struct named_item, most);
	size_t n = 0, from = 0;

	for (const struct yaml_node *i = first; i && n < most; i = i->next) {
		struct krux_str name = name_of(im, i);
		const char *dot = name.n ? memchr(name.p, '.', name.n) : NULL;

		if (dot)
			list[n++] = (struct named_item){ { name.p, (size_t)(dot - name.p) }, i };
		else
			diag_error(im->diags, IMPORT_NO_SHAPE, i->child ? i->child->at : i->at,
			           "a capability without a name such as `files.read`");
	}
	qsort(list, n, sizeof *list, named_order);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && krux_str_eq(list[i].ns, list[from].ns))
			continue;
		namespace_import(im, list + from, i - from);
		from = i;
	}
}

static bool is_capability(const struct yaml_node *item)
{
	return item && yaml_get(item, "name") &&
	       (yaml_get(item, "purpose") || yaml_get(item, "inputs") || yaml_get(item, "permission_tier"));
}

/* An answer to tools/list, or its list alone: JSON is YAML. */
static bool are_tools(const struct yaml_node *root)
{
	const struct yaml_node *result = yaml_get(root, "result"), *list = yaml_get(result ? result : root, "tools");

	list = root->kind == YAML_SEQUENCE ? root : list;
	return list && list->kind == YAML_SEQUENCE && list->child && yaml_get(list->child, "name") &&
	       yaml_get(list->child, "inputSchema");
}

/* ---- files ---- */

void import_kruxos_names(struct importer *im, const struct source *src)
{
	const struct yaml_doc *doc = yaml_read(im->arena, diags_new(im->arena), src);
	const struct yaml_node *first = doc ? doc->root->kind == YAML_SEQUENCE ? doc->root->child : doc->root : NULL;

	for (; is_capability(first); first = first->next)
		if (name_of(im, first).n)
			name_set_add(im->arena, &im->known, name_of(im, first));
}

void import_kruxos(struct importer *im)
{
	size_t errors = im->diags->errors;
	const struct yaml_doc *doc = yaml_read(im->arena, im->diags, im->src);
	const struct yaml_node *root = doc ? doc->root : NULL, *first;

	if (!root || im->diags->errors != errors)
		return;
	first = root->kind == YAML_SEQUENCE ? root->child : root;
	if (are_tools(root))
		diag_error(im->diags, IMPORT_NO_SHAPE, ((struct span){ im->src, 0, 1 }), "these are tools of an MCP server")->fix =
			KRUX_STR("`kruxc import mcp`");
	else if (is_capability(first))
		capabilities_import(im, first, first == root ? 1 : root->n);
	else if (root->kind != YAML_SCALAR && root->n)
		import_kruxos_policy(im, root);
	else
		diag_error(im->diags, IMPORT_NO_SHAPE, root->at, "neither capabilities nor a policy")->expected =
			KRUX_STR("a list of capabilities, or one of the six shapes of a KruxOS policy");
}
