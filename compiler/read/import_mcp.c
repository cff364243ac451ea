/* A saved answer to tools/list of an MCP server to capabilities: the tools, their names and
 * annotations. Their schemas are import_mcp_schema.c's. */
#include <string.h>

#include "compiler/read/import_mcp.h"

enum { TOOL_COST = 256 };

static const struct krux_value *member(const struct krux_value *map, const char *key, enum krux_vkind kind)
{
	const struct krux_value *v = map && map->kind == KRUX_V_MAP ? krux_value_get(map, key) : NULL;

	return v && v->kind == kind ? v : NULL;
}

static struct krux_str text_member(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = member(map, key, KRUX_V_TEXT);

	return v ? v->str : (struct krux_str){ 0 };
}

static bool hint(const struct krux_value *tool, const char *key, bool *given)
{
	const struct krux_value *v = member(member(tool, "annotations", KRUX_V_MAP), key, KRUX_V_BOOL);

	*given = v != NULL;
	return v && v->b;
}

static void reach_put(struct buf *b, const struct draft_reach *r, bool deletes)
{
	if (r->kind == DRAFT_URL)
		buf_printf(b, "connects(%.*s), ", STR_ARG(r->place));
	else
		buf_printf(b, "reads(%.*s), writes(%.*s), ", STR_ARG(r->place), STR_ARG(r->place));
	if (r->kind == DRAFT_PATH && deletes)
		buf_printf(b, "deletes(%.*s), ", STR_ARG(r->place));
}

/* What words say and no effect shows: the word for it, or NULL. */
static const char *unshown(unsigned says, unsigned shown)
{
	static const struct { unsigned says; const char *word; } kinds[] = {
		{ MCP_RUNS, "run something" }, { MCP_DELETES, "delete or move something" },
		{ MCP_WRITES, "change something" }, { MCP_CONNECTS, "connect to something" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (says & kinds[i].says & ~shown)
			return kinds[i].word;
	return NULL;
}

/* By the types of the arguments, the stronger where in doubt: a path is written, a url connected
 * to, a command run. The server has state of its own besides. Where words say that there is more, it is all. */
static void effects_infer(struct importer *im, struct draft_cap *c, const struct krux_value *tool, struct span at)
{
	bool said, reads = hint(tool, "readOnlyHint", &said), runs = false;
	const struct krux_value *notes = member(tool, "annotations", KRUX_V_MAP);
	unsigned says = c->says | mcp_name_says(im, c->name) | mcp_name_says(im, text_member(tool, "name")), shown = 0;
	const char *more;
	struct buf b = { 0 };

	says |= mcp_text_says(im, text_member(tool, "title")) | mcp_text_says(im, text_member(tool, "description")) |
	        mcp_text_says(im, text_member(notes, "title")) | (hint(tool, "destructiveHint", &said) ? MCP_WRITES : 0) |
	        (hint(tool, "openWorldHint", &said) ? MCP_CONNECTS : 0);
	for (size_t i = 0; i < c->ninput; i++) {
		runs |= c->input[i].kind == DRAFT_CODE;
		for (size_t k = 0; k < c->input[i].nreach; k++) {
			reach_put(&b, &c->input[i].reach[k], says & MCP_DELETES);
			shown |= c->input[i].reach[k].kind == DRAFT_URL ? MCP_CONNECTS : MCP_DELETES | MCP_WRITES;
		}
		if (c->input[i].kind == DRAFT_HOST) {
			buf_printf(&b, "connects(%.*s, port), ", STR_ARG(c->input[i].name));
			shown |= MCP_CONNECTS;
		}
	}
	more = runs ? NULL : unshown(says, shown);
	runs |= more != NULL;
	buf_printf(&b, "state(\"%.*s\")%s", STR_ARG(c->ns), runs ? ", executes(\"/bin/sh\")" : "");
	c->effect = arena_str(im->arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	if (reads)
		import_note(im, &c->effect_notes, IMPORT_CHANGED, at, "readOnlyHint is the server's own word, and binds it to "
		            "nothing: %.*s is taken as one that changes things", STR_ARG(c->name));
	import_review(im, &c->effect_notes, "effects inferred from names, types and descriptions");
	if (more)
		import_review(im, &c->effect_notes, "by its words it can %s, and no argument says what", more);
	else if (runs)
		import_review(im, &c->effect_notes, "it runs or reaches what its arguments say, which can be anything");
}

static void unknown_members(struct importer *im, struct draft_cap *c, const struct krux_value *tool)
{
	static const char *const known[] = { "name", "title", "description", "inputSchema", "outputSchema",
		"annotations" };

	for (size_t i = 0; i < tool->map.n; i++) {
		struct krux_str key = tool->map.member[i].key;
		bool found = false;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			found |= key.n == strlen(known[k]) && !memcmp(key.p, known[k], key.n);
		if (!found)
			import_note(im, &c->notes, IMPORT_LOST, import_json_at(im, key), "`%.*s` of %.*s has no counterpart",
			            STR_ARG(key), STR_ARG(c->name));
	}
}

static void tool_read(struct importer *im, struct draft_cap *c, const struct krux_value *tool, struct krux_str server,
                      struct name_set *names)
{
	struct krux_str raw = text_member(tool, "name"), about = text_member(tool, "description"), called;
	const struct krux_value *output = member(tool, "outputSchema", KRUX_V_MAP);
	struct draft_field *f;

	if (!krux_str_eq(c->name, raw))
		import_note(im, &c->notes, IMPORT_RENAMED, import_json_at(im, raw), "the tool `%.*s` is %.*s.%.*s here",
		            STR_ARG(raw), STR_ARG(c->ns), STR_ARG(c->name));
	c->major = 1;
	import_review(im, &c->notes, "version: the protocol has none");
	draft_describe(im, c, about.n ? about : text_member(tool, "title"));
	import_mcp_fields(im, c, member(tool, "inputSchema", KRUX_V_MAP), true);
	if (output) {
		import_mcp_fields(im, c, output, false);
	} else {
		f = draft_output(im, c, KRUX_STR("content"), import_json_at(im, raw));
		f->type = KRUX_STR("string");
		f->doc = KRUX_STR("What the tool answered, as text.");
		import_review(im, &f->notes, "the server states no output");
	}
	effects_infer(im, c, tool, import_json_at(im, raw));
	unknown_members(im, c, tool);
	called = import_quoted(im->arena, import_tool_name(im, &c->handler_notes, names, raw, import_json_at(im, raw)));
	c->handler = arena_printf(im->arena, "mcp \"%.*s\" tool %.*s resident", STR_ARG(server), STR_ARG(called));
	import_review(im, &c->handler_notes, "the name under which the server is registered");
	draft_complete(im, c);
}

/* {"tools": [...]}, the same within "result", or the list alone. */
static const struct krux_value *tools_of(const struct krux_value *root)
{
	const struct krux_value *result = member(root, "result", KRUX_V_MAP);

	return root->kind == KRUX_V_LIST ? root : member(result ? result : root, "tools", KRUX_V_LIST);
}

/* A capability of KruxOS, of which JSON is one form. */
static bool is_capability(const struct krux_value *item)
{
	return !krux_value_get(item, "inputSchema") &&
	       (krux_value_get(item, "purpose") || krux_value_get(item, "permission_tier"));
}

/* A tool whose name can stay has it, wherever it is in the list: who denies it has denied no other. False, after an
 * error, where two have one. */
static bool names_take(struct importer *im, const struct krux_value *tools, struct name_set *names, struct name_set *taken)
{
	for (size_t i = 0; i < tools->list.n; i++) {
		struct krux_str raw = text_member(&tools->list.item[i], "name");

		if (!raw.n)
			continue;
		if (!name_set_add(im->arena, names, raw)) {
			diag_error(im->diags, IMPORT_NO_SHAPE, import_json_at(im, raw), "there are two tools `%.*s`",
			           STR_ARG(raw))->expected = KRUX_STR("tools of different names, as a call says no more");
			return false;
		}
		if (import_is_identifier(raw))
			name_set_add(im->arena, taken, raw);
	}
	return true;
}

void import_mcp(struct importer *im)
{
	const struct krux_str other = KRUX_STR("`kruxc import kruxos` for capabilities and policies of KruxOS");
	const struct krux_value *root = import_json(im, other), *tools = root ? tools_of(root) : NULL;
	struct krux_str server = import_identifier(im->arena, import_stem(im->src));
	struct draft_file f = { 0 };
	struct name_set taken = { 0 }, names = { 0 };
	struct diag *d;

	if (!root)
		return;
	if (!tools || !tools->list.n || is_capability(&tools->list.item[0])) {
		d = diag_error(im->diags, IMPORT_NO_SHAPE, ((struct span){ im->src, 0, 1 }), "there are no tools in it");
		d->expected = KRUX_STR("a saved answer to tools/list: {\"tools\": [ ... ]}");
		d->fix = other;
		return;
	}
	import_server(im->arena, server, &f.ns);
	f.doc = arena_printf(im->arena, "Tools of the MCP server %.*s.", STR_ARG(server));
	import_say(im, &f.notes, KRUX_STR("Imported from a list of MCP tools. What is marked `review:` was invented."));
	if (!krux_str_eq(server, f.ns))
		import_note(im, &f.notes, IMPORT_RENAMED, ((struct span){ im->src, 0, 1 }), "the server %.*s is the namespace %.*s "
		            "here: the other is of the standard library", STR_ARG(server), STR_ARG(f.ns));
	if (member(root, "nextCursor", KRUX_V_TEXT) || member(member(root, "result", KRUX_V_MAP), "nextCursor", KRUX_V_TEXT))
		import_note(im, &f.notes, IMPORT_LOST, ((struct span){ im->src, 0, 1 }),
		            "there are more tools than this answer holds (nextCursor)");
	if (!names_take(im, tools, &names, &taken))
		return;
	for (size_t i = 0; i < tools->list.n && import_afford(im, TOOL_COST); i++) {
		const struct krux_value *tool = &tools->list.item[i];
		struct krux_str raw = text_member(tool, "name");
		struct draft_cap c = { .ns = f.ns };

		if (!raw.n) {
			import_note(im, &f.notes, IMPORT_LOST, ((struct span){ im->src, 0, 1 }), "tool %zu has no name", i + 1);
			continue;
		}
		c.name = import_is_identifier(raw) ? raw
		         : name_set_unique(im->arena, &taken, import_identifier(im->arena, raw), '_');
		tool_read(im, &c, tool, server, &names);
		ARENA_PUSH(im->arena, f.cap, f.ncaps, f.caps_cap, c);
	}
	draft_file_add(im, &f);
}
