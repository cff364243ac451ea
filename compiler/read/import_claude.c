/* Settings with permissions.allow, ask and deny, lists of texts such as Read(./src), to a policy. Denied
 * before asked before allowed, as there. What denies or asks is stated on effects, so that it
 * holds for every capability that could do the same; what allows, on the capabilities alone. */
#include <string.h>

#include "compiler/read/import_draft.h"

enum order { ORDER_DENY, ORDER_ASK, ORDER_ALLOW, ORDER_MODE, ORDER_READ };
enum { RULE_COST = 64 };

struct settings {
	struct importer *im;
	struct draft_policy policy;
};

/* One entry of a list: Tool or Tool(what). */
struct grant {
	struct settings *s;
	enum order order;
	struct krux_str text, tool, what;
	struct span at;
	bool bare;
};

static bool is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

static bool begins(struct krux_str s, const char *word)
{
	return s.n >= strlen(word) && !memcmp(s.p, word, strlen(word));
}

static const char *const reading[] = { "filesystem.read", "filesystem.list", "filesystem.stat", "filesystem.search",
	"filesystem.search_content", "filesystem.watch", NULL };
static const char *const searching[] = { "filesystem.search", NULL };
static const char *const searching_text[] = { "filesystem.search_content", NULL };
static const char *const listing[] = { "filesystem.list", NULL };
static const char *const writing[] = { "filesystem.write", "filesystem.append", "filesystem.edit", NULL };

static const struct {
	const char *tool, *id;
	const char *const *allows;
	const char *effect[3];          /* what is denied or asked for */
} tools[] = {
	{ "Read", "read", reading, { "reads", "lists" } },
	{ "Glob", "search", searching, { "lists" } },
	{ "Grep", "search-content", searching_text, { "reads" } },
	{ "LS", "list", listing, { "lists" } },
	{ "Edit", "write", writing, { "writes", "creates", "deletes" } },
	{ "Write", "write", writing, { "writes", "creates", "deletes" } },
	{ "MultiEdit", "write", writing, { "writes", "creates", "deletes" } },
	{ "NotebookEdit", "write", writing, { "writes", "creates", "deletes" } },
};

static const struct { enum krux_verdict verdict; const char *word; } kinds[] = {
	[ORDER_DENY] = { KRUX_BLOCKED, "deny" }, [ORDER_ASK] = { KRUX_APPROVAL, "ask" },
	[ORDER_ALLOW] = { KRUX_AUTONOMOUS, "allow" }, [ORDER_MODE] = { KRUX_AUTONOMOUS, "mode" },
	[ORDER_READ] = { KRUX_AUTONOMOUS, "default" },
};

static void lost(struct grant *g, const char *why)
{
	import_note(g->s->im, &g->s->policy.notes, IMPORT_LOST, g->at, "%s %.*s: %s", kinds[g->order].word,
	            STR_ARG(g->text), why);
}

static struct draft_rule *rule_add(struct settings *s, enum order order, struct krux_str id)
{
	struct draft_rule *rule = draft_rule(s->im, &s->policy,
	                                     arena_printf(s->im->arena, "%s.%.*s", kinds[order].word, STR_ARG(id)));

	rule->order = order;
	rule->verdict = kinds[order].verdict;
	return rule;
}

static struct krux_str words(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- paths ---- */

/* The components of a pattern as a glob of ours; n 0 where it has none. */
static bool components_put(struct buf *b, struct krux_str p)
{
	struct krux_str last = { 0 };

	while (p.n) {
		const char *slash = memchr(p.p, '/', p.n);
		struct krux_str c = { p.p, slash ? (size_t)(slash - p.p) : p.n };

		p.p += c.n + (slash != NULL);
		p.n -= c.n + (slash != NULL);
		if (!c.n || is(c, "."))
			continue;
		if (is(c, "..") || (memmem(c.p, c.n, "**", 2) && !is(c, "**")))
			return false;
		for (size_t i = 0; i < c.n; i++)
			if ((unsigned char)c.p[i] < 0x20 || memchr("[]{}\\", c.p[i], 5))
				return false;
		if (is(last, "**") && is(c, "**"))
			continue;
		buf_putc(b, '/');
		buf_str(b, c);
		last = c;
	}
	/* A folder stands for all that is in it; a file for itself. */
	if (!is(last, "**"))
		buf_puts(b, "/**");
	return true;
}

/* Patterns are those of .gitignore; the project is the workspace. */
static struct krux_str glob_of(struct grant *g)
{
	struct krux_str p = g->what, out = { 0 };
	const char *slash = memchr(p.p, '/', p.n);
	struct buf b = { 0 };

	if (begins(p, "~") || begins(p, "//")) {
		lost(g, "agents see their workspace only");
		return out;
	}
	if (begins(p, "!")) {
		lost(g, "a negated pattern");
		return out;
	}
	buf_puts(&b, "/workspace");
	if (!slash || (size_t)(slash - p.p) == p.n - 1)
		buf_puts(&b, is(p, "**") || is(p, "*") ? "" : "/**");
	if (components_put(&b, p) && b.n < 4096)
		out = import_quoted(g->s->im->arena, arena_str(g->s->im->arena, (struct krux_str){ b.p, b.n }));
	else if (g->order == ORDER_ALLOW)
		lost(g, "there is no such pattern here");
	buf_free(&b);
	return out;
}

/* ---- grants ---- */

static void file_grant(struct grant *g, size_t tool)
{
	struct importer *im = g->s->im;
	struct krux_str glob = { 0 };
	struct draft_rule *rule;
	size_t notes = g->s->policy.notes.n;

	if (!g->bare) {
		glob = glob_of(g);
		if (!glob.n && (g->order == ORDER_ALLOW || g->s->policy.notes.n != notes))
			return;
	}
	rule = rule_add(g->s, g->order, words(tools[tool].id));
	rule->reason = arena_printf(im->arena, "%s %.*s", kinds[g->order].word, STR_ARG(g->text));
	if (!g->bare && !glob.n)
		import_note(im, &rule->notes, IMPORT_DENIED, g->at, "%.*s: there is no such pattern here, so it holds for "
		            "every path", STR_ARG(g->text));
	if (g->order == ORDER_ALLOW) {
		for (const char *const *on = tools[tool].allows; *on; on++)
			draft_on(im, rule, words(*on));
		if (glob.n)
			rule->when = arena_printf(im->arena, "path matches %.*s", STR_ARG(glob));
		return;
	}
	draft_on(im, rule, KRUX_STR("filesystem.*"));
	for (size_t i = 0; i < 3 && tools[tool].effect[i]; i++)
		rule->when = arena_printf(im->arena, "%.*s%sany(%s, %s%.*s)", STR_ARG(rule->when), i ? " or " : "",
		                          tools[tool].effect[i], glob.n ? "it matches " : "true", STR_ARG(glob));
}

static void web_grant(struct grant *g)
{
	struct importer *im = g->s->im;
	struct draft_rule *rule;
	struct krux_str host = { 0 };

	if (!g->bare) {
		if (!begins(g->what, "domain:") || g->what.n == 7) {
			lost(g, "only domain: is known");
			return;
		}
		host = (struct krux_str){ g->what.p + 7, g->what.n - 7 };
	}
	for (size_t i = 0; i < host.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", host.p[i], 65)) {
			lost(g, "this is no host name");
			return;
		}
	rule = rule_add(g->s, g->order, KRUX_STR("web"));
	draft_on(im, rule, KRUX_STR("network.http_request"));
	import_review(im, &rule->notes, "the capability that fetches, with a field url");
	rule->reason = arena_printf(im->arena, "%s %.*s", kinds[g->order].word, STR_ARG(g->text));
	/* Allowed is the host alone; denied and asked for, what is below it too. */
	if (host.n)
		rule->when = arena_printf(im->arena, "url.host %s %.*s", g->order == ORDER_ALLOW ? "==" : "under",
		                          STR_ARG(import_quoted(im->arena, host)));
}

/* mcp__server and mcp__server__tool. */
static void mcp_grant(struct grant *g)
{
	struct importer *im = g->s->im;
	struct krux_str server = { g->tool.p + 5, g->tool.n - 5 }, tool = { 0 }, on;
	const char *mark = memmem(server.p, server.n, "__", 2);
	struct draft_rule *rule;

	if (mark) {
		tool = (struct krux_str){ mark + 2, server.n - (size_t)(mark + 2 - server.p) };
		server.n = (size_t)(mark - server.p);
	}
	if (!server.n || !g->bare || (memchr(tool.p ? tool.p : "", '*', tool.n) && !is(tool, "*"))) {
		lost(g, "there is no such pattern here");
		return;
	}
	if (!tool.n || is(tool, "*"))
		on = arena_printf(im->arena, "%.*s.*", STR_ARG(import_identifier(im->arena, server)));
	else
		on = arena_printf(im->arena, "%.*s.%.*s", STR_ARG(import_identifier(im->arena, server)),
		                  STR_ARG(import_identifier(im->arena, tool)));
	rule = rule_add(g->s, g->order, import_id(im->arena, on));
	draft_on(im, rule, on);
	rule->reason = arena_printf(im->arena, "%s %.*s", kinds[g->order].word, STR_ARG(g->text));
	import_review(im, &rule->notes, "a capability of that name has to be in the build");
}

static void grant_read(struct settings *s, enum order order, struct krux_str text)
{
	struct grant g = { .s = s, .order = order, .text = import_line(s->im->arena, text), .bare = true };
	const char *open;

	g.at = import_json_at(s->im, text);
	open = memchr(g.text.p, '(', g.text.n);
	g.tool = (struct krux_str){ g.text.p, open ? (size_t)(open - g.text.p) : g.text.n };
	if (open && g.text.p[g.text.n - 1] == ')') {
		g.what = (struct krux_str){ open + 1, g.text.n - g.tool.n - 2 };
		g.bare = !g.what.n || is(g.what, "*") || is(g.what, "**");
	} else if (open) {
		lost(&g, "its bracket is not closed");
		return;
	}
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (is(g.tool, tools[i].tool)) {
			file_grant(&g, i);
			return;
		}
	if (is(g.tool, "Bash"))
		lost(&g, order == ORDER_DENY ? "no shell runs here, so there is nothing to deny"
		     : "no shell runs here; define a capability with `handler command` for the program");
	else if (is(g.tool, "WebFetch"))
		web_grant(&g);
	else if (begins(g.tool, "mcp__"))
		mcp_grant(&g);
	else
		lost(&g, "there is no such tool here");
}

static void list_read(struct settings *s, enum order order, const struct krux_value *list)
{
	for (size_t i = 0; list->kind == KRUX_V_LIST && i < list->list.n && import_afford(s->im, RULE_COST); i++)
		if (list->list.item[i].kind == KRUX_V_TEXT && list->list.item[i].str.n)
			grant_read(s, order, list->list.item[i].str);
}

/* ---- the file ---- */

static void mode_read(struct settings *s, struct krux_str mode)
{
	struct span at = import_json_at(s->im, mode);
	struct draft_rule *rule;

	if (is(mode, "default")) {
		return;
	} else if (is(mode, "acceptEdits")) {
		rule = rule_add(s, ORDER_MODE, KRUX_STR("accept-edits"));
		for (const char *const *on = writing; *on; on++)
			draft_on(s->im, rule, words(*on));
	} else if (is(mode, "plan") || is(mode, "dontAsk")) {
		s->policy.deflt = KRUX_BLOCKED;
	} else {
		import_note(s->im, &s->policy.default_notes, IMPORT_DENIED, at, "defaultMode %.*s: what is not allowed by a "
		            "rule is asked for", STR_ARG(mode));
	}
}

static void permissions_read(struct settings *s, const struct krux_value *map)
{
	for (size_t i = 0; i < map->map.n; i++) {
		struct krux_str key = map->map.member[i].key;
		const struct krux_value *v = &map->map.member[i].value;

		if (is(key, "deny"))
			list_read(s, ORDER_DENY, v);
		else if (is(key, "ask"))
			list_read(s, ORDER_ASK, v);
		else if (is(key, "allow"))
			list_read(s, ORDER_ALLOW, v);
		else if (is(key, "defaultMode") && v->kind == KRUX_V_TEXT)
			mode_read(s, v->str);
		else
			import_note(s->im, &s->policy.notes, IMPORT_LOST, import_json_at(s->im, key),
			            "permissions.%.*s has no counterpart", STR_ARG(key));
	}
}

void import_claude(struct importer *im)
{
	struct settings s = { .im = im, .policy = { .has_default = true, .deflt = KRUX_APPROVAL } };
	const struct krux_value *root = import_json(im, (struct krux_str){ 0 }), *permissions;
	struct draft_rule *rule;

	if (!root)
		return;
	permissions = root->kind == KRUX_V_MAP ? krux_value_get(root, "permissions") : NULL;
	if (!permissions || permissions->kind != KRUX_V_MAP) {
		diag_error(im->diags, IMPORT_NO_SHAPE, ((struct span){ im->src, 0, 1 }), "there are no permissions in it")->expected =
			KRUX_STR("settings with \"permissions\": { \"allow\": [ ... ], \"ask\": [ ... ], \"deny\": [ ... ] }");
		return;
	}
	s.policy.name = import_stem(im->src);
	import_say(im, &s.policy.notes, KRUX_STR("Imported from permissions of settings. What is marked `review:` was invented."));
	import_review(im, &s.policy.notes, "the project of the settings is /workspace here");
	for (size_t i = 0; i < root->map.n; i++)
		if (!is(root->map.member[i].key, "permissions") && !is(root->map.member[i].key, "$schema"))
			import_note(im, &s.policy.notes, IMPORT_LOST, import_json_at(im, root->map.member[i].key),
			            "`%.*s` has no counterpart", STR_ARG(root->map.member[i].key));
	permissions_read(&s, permissions);
	if (s.policy.deflt != KRUX_BLOCKED || permissions->map.n) {
		rule = rule_add(&s, ORDER_READ, KRUX_STR("read"));
		for (const char *const *on = reading; *on; on++)
			draft_on(im, rule, words(*on));
		import_review(im, &rule->notes, "reading needs no permission there");
	}
	draft_policy_add(im, &s.policy);
}
