/* Settings with permissions.allow, ask and deny, lists of texts such as Read(./src), to a policy. Denied
 * before asked before allowed, as there. What denies or asks is stated on effects, so that it
 * holds for every capability that could do the same; what allows, on the capabilities alone. What is not
 * understood allows nothing, and denies all that it could mean. */
#include <string.h>
#include <strings.h>

#include "capspec/canon.h"
#include "compiler/read/import_claude.h"

enum { RULE_COST = 64 };

/* One entry of a list: Tool or Tool(what). */
struct grant {
	struct settings *s;
	enum order order;
	struct krux_str text, tool, what;
	struct span at;
	bool bare;
	bool several;                   /* it can be several entries in one text, of other tools too */
	const char *doubt;              /* why what is in brackets is not understood; NULL: it is */
};

static bool is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

static bool begins(struct krux_str s, const char *word)
{
	return s.n >= strlen(word) && !memcmp(s.p, word, strlen(word));
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *const reading[] = { "filesystem.read", "filesystem.list", "filesystem.stat", "filesystem.search",
	"filesystem.search_content", "filesystem.watch", NULL };
static const char *const searching[] = { "filesystem.search", NULL };
static const char *const searching_text[] = { "filesystem.search_content", NULL };
static const char *const listing[] = { "filesystem.list", NULL };
static const char *const writing[] = { "filesystem.write", "filesystem.append", "filesystem.edit", NULL };
static const char *const editing[] = { "filesystem.edit", NULL };

static const struct {
	const char *tool, *id;
	const char *const *allows;
	const char *effect[3];          /* what is denied or asked for */
	const char *only;               /* the files that it is for; NULL: all */
} tools[] = {
	{ "Read", "read", reading, { "reads", "lists" }, NULL },
	{ "Glob", "search", searching, { "lists" }, NULL },
	{ "Grep", "search-content", searching_text, { "reads" }, NULL },
	{ "LS", "list", listing, { "lists" }, NULL },
	{ "Edit", "write", writing, { "writes", "creates", "deletes" }, NULL },
	{ "Write", "write", writing, { "writes", "creates", "deletes" }, NULL },
	{ "MultiEdit", "write", editing, { "writes", "creates", "deletes" }, NULL },
	{ "NotebookEdit", "write", editing, { "writes", "creates", "deletes" }, "**/*.ipynb" },
	{ "NotebookRead", "read", reading, { "reads", "lists" }, "**/*.ipynb" },
};

/* Tools of an agent with itself: they reach nothing that a capability does. */
static const char *const inner[] = { "Task", "TodoWrite", "TodoRead", "ExitPlanMode", "BashOutput", "KillShell" };

static const struct { enum krux_verdict verdict; const char *word; } kinds[] = {
	[ORDER_DENY] = { KRUX_BLOCKED, "deny" }, [ORDER_ASK] = { KRUX_APPROVAL, "ask" },
	[ORDER_ALLOW] = { KRUX_AUTONOMOUS, "allow" }, [ORDER_MODE] = { KRUX_AUTONOMOUS, "mode" },
	[ORDER_READ] = { KRUX_AUTONOMOUS, "default" },
};

static bool restricts(const struct grant *g)
{
	return g->order == ORDER_DENY || g->order == ORDER_ASK;
}

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

/* One that is for more than was understood says so. */
static struct draft_rule *grant_rule(struct grant *g, struct krux_str id, const char *wide)
{
	struct draft_rule *rule = rule_add(g->s, g->order, id);

	rule->reason = arena_printf(g->s->im->arena, "%s %.*s", kinds[g->order].word, STR_ARG(g->text));
	if (g->doubt)
		import_note(g->s->im, &rule->notes, IMPORT_DENIED, g->at, "%.*s: %s, so it holds for %s", STR_ARG(g->text),
		            g->doubt, wide);
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

/* A pattern that more than paths is written into: field:path, a text in quotes, a variable, a list. */
static const char *path_doubt(struct krux_str p)
{
	size_t n = 0;

	while (n < p.n && (p.p[n] == '_' || p.p[n] == '-' || is_letter(p.p[n])))
		n++;
	if (n && n < p.n && (p.p[n] == ':' || p.p[n] == '='))
		return "only a pattern of paths is known";
	if (begins(p, "~") || begins(p, "//"))
		return "agents see their workspace only, which can be in there";
	if (begins(p, "!"))
		return "a negated pattern";
	if (memchr(p.p, '(', p.n) || memchr(p.p, ')', p.n))
		return "there are brackets within its brackets";
	if (memchr(p.p, ',', p.n))
		return "it could be several patterns";
	if (memchr("# $\"'`", p.p[0], 6) || p.p[p.n - 1] == ' ')
		return "there is no such pattern here";
	return NULL;
}

/* Patterns are those of .gitignore; the project is the workspace. n 0, and g->doubt, where it is not known
 * which paths of the workspace are meant: what lies outside it there can be the folder that is /workspace here. */
static struct krux_str glob_of(struct grant *g)
{
	struct krux_str p = g->what, out = { 0 };
	const char *slash = memchr(p.p, '/', p.n);
	struct buf b = { 0 };

	g->doubt = path_doubt(p);
	if (g->doubt)
		return out;
	buf_puts(&b, "/workspace");
	if (!slash || (size_t)(slash - p.p) == p.n - 1)
		buf_puts(&b, is(p, "**") || is(p, "*") ? "" : "/**");
	if (components_put(&b, p) && b.n < 4096)
		out = import_quoted(g->s->im->arena, arena_str(g->s->im->arena, (struct krux_str){ b.p, b.n }));
	else
		g->doubt = "there is no such pattern here";
	buf_free(&b);
	return out;
}

/* ---- grants ---- */

static void file_grant(struct grant *g, size_t tool)
{
	struct importer *im = g->s->im;
	struct krux_str glob = { 0 };
	struct draft_rule *rule;

	if (!g->bare)
		glob = glob_of(g);
	if (g->doubt && !restricts(g)) {
		lost(g, g->doubt);
		return;
	}
	rule = grant_rule(g, words(tools[tool].id), "every path");
	if (!restricts(g)) {
		for (const char *const *on = tools[tool].allows; *on; on++)
			draft_on(im, rule, words(*on));
		if (glob.n)
			rule->when = arena_printf(im->arena, "path matches %.*s", STR_ARG(glob));
		if (tools[tool].only)
			rule->when = arena_printf(im->arena, "%.*s%spath matches \"%s\"", STR_ARG(rule->when), glob.n ? " and " : "",
			                          tools[tool].only);
		return;
	}
	draft_on(im, rule, KRUX_STR("*"));
	for (size_t i = 0; i < 3 && tools[tool].effect[i]; i++)
		rule->when = arena_printf(im->arena, "%.*s%sany(%s, %s%.*s)", STR_ARG(rule->when), i ? " or " : "",
		                          tools[tool].effect[i], glob.n ? "it matches " : "true", STR_ARG(glob));
}

/* domain:HOST as a condition; allowed is the host alone; denied and asked for, what is below it too. */
static struct krux_str host_condition(struct grant *g)
{
	struct krux_str host = { 0 };
	char text[256];
	const char *why;
	uint8_t ip[16];
	bool v4;
	int n;

	if (begins(g->what, "domain:"))
		host = (struct krux_str){ g->what.p + 7, g->what.n - 7 };
	if (restricts(g) && begins(host, "*."))
		host = (struct krux_str){ host.p + 2, host.n - 2 };
	n = host.n && host.n < 254 ? krux_canon_host(host, text, sizeof text, &why) : -1;
	if (n < 0) {
		g->doubt = begins(g->what, "domain:") ? "this is no host name" : "only domain: is known";
		return (struct krux_str){ 0 };
	}
	host = (struct krux_str){ text, (size_t)n };
	return arena_printf(g->s->im->arena, "%s.host %s %.*s", restricts(g) ? "it" : "url",
	                    restricts(g) && !krux_canon_ip(host, ip, &v4, &why) ? "under" : "==",
	                    STR_ARG(import_quoted(g->s->im->arena, host)));
}

/* A tool that is denied or asked for is known in any case. */
static bool grant_is(const struct grant *g, const char *tool)
{
	return is(g->tool, tool) || (restricts(g) && g->tool.n == strlen(tool) && !strncasecmp(g->tool.p, tool, g->tool.n));
}

static void web_grant(struct grant *g)
{
	struct importer *im = g->s->im;
	struct krux_str when = { 0 };
	struct draft_rule *rule;

	if (!g->bare)
		when = host_condition(g);
	if (!g->bare && !grant_is(g, "WebFetch")) {
		g->doubt = "a search is of no address";
		when = (struct krux_str){ 0 };
	}
	if (g->doubt && !restricts(g)) {
		lost(g, g->doubt);
		return;
	}
	rule = grant_rule(g, KRUX_STR("web"), "every address");
	draft_on(im, rule, restricts(g) ? KRUX_STR("*") : KRUX_STR("network.fetch"));
	if (restricts(g))
		rule->when = arena_printf(im->arena, "any(connects, %.*s)", STR_ARG(when.n ? when : KRUX_STR("true")));
	else
		rule->when = arena_printf(im->arena, "%.*s%smethod == get and not has headers and not has body", STR_ARG(when),
		                          when.n ? " and " : "");
}

/* A shell line says what runs; an effect says which program, and of a shell not what it is given. */
static void shell_grant(struct grant *g)
{
	struct importer *im = g->s->im;
	struct draft_rule *rule;

	if (!restricts(g)) {
		lost(g, "no shell runs here; define a capability with `handler command` for the program");
		return;
	}
	if (!g->bare)
		g->doubt = "what a program is given is no part of an effect";
	rule = grant_rule(g, KRUX_STR("programs"), "every program");
	draft_on(im, rule, KRUX_STR("*"));
	rule->when = KRUX_STR("any(executes, true)");
	import_review(im, &rule->notes, "the program of a `handler command` is no effect: deny that capability by its name");
}

/* Every capability. */
static void all_grant(struct grant *g, const char *why)
{
	if (!restricts(g)) {
		lost(g, why);
		return;
	}
	g->doubt = why;
	draft_on(g->s->im, grant_rule(g, KRUX_STR("everything"), "everything"), KRUX_STR("*"));
}

static bool has_letter(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_letter(s.p[i]))
			return true;
	return false;
}

/* server__tool in its parts; the tool is empty where there is none. False where it is not known which server is meant:
 * a name of signs alone, a star, or signs that part it in more than one way. */
static bool server_split(struct krux_str s, struct krux_str *server, struct krux_str *tool)
{
	const char *mark = memmem(s.p, s.n, "__", 2);

	*server = s;
	*tool = (struct krux_str){ 0 };
	if (mark) {
		*tool = (struct krux_str){ mark + 2, s.n - (size_t)(mark + 2 - s.p) };
		server->n = (size_t)(mark - s.p);
		if (!tool->n || memmem(mark + 1, tool->n + 1, "__", 2))
			return false;
	}
	return has_letter(*server) && !memchr(server->p, '*', server->n);
}

/* mcp__server and mcp__server__tool. What import mcp made of a name that cannot stay here is not known, as it
 * depends on the other tools: denied is all of the server, allowed nothing. */
static void mcp_grant(struct grant *g)
{
	struct krux_str server, tool, on, ns;
	struct importer *im = g->s->im;
	struct draft_rule *rule;
	bool all, alone;

	if (!server_split((struct krux_str){ g->tool.p + 5, g->tool.n - 5 }, &server, &tool)) {
		all_grant(g, "it is not known which server is meant");
		return;
	}
	all = !tool.n || is(tool, "*");
	alone = import_server(im->arena, server, &ns);
	if (!g->doubt && !g->bare)
		g->doubt = "there is no such pattern here";
	if (!g->doubt && !all && !import_is_identifier(tool))
		g->doubt = memchr(tool.p, '*', tool.n) ? "there is no such pattern here"
		           : "the tool has another name here, which can be that of another tool";
	if (!g->doubt && !restricts(g) && !alone)
		g->doubt = "the server has another name here, which can be that of another server";
	if (g->doubt && !restricts(g)) {
		lost(g, g->doubt);
		return;
	}
	all |= !import_is_identifier(tool);
	on = all ? arena_printf(im->arena, "%.*s.*", STR_ARG(ns))
	     : arena_printf(im->arena, "%.*s.%.*s", STR_ARG(ns), STR_ARG(tool));
	rule = grant_rule(g, import_id(im->arena, on), all ? "all of the server" : "every call");
	draft_on(im, rule, on);
	import_review(im, &rule->notes, "a capability of that name has to be in the build");
}

/* The bracket that is opened first is closed before the end, as in Read(a),Edit(b); or what is in it has a sign
 * that parts entries, and a name with a bracket or none that closes it, as in Read(a, Edit(b). */
static bool is_several(struct krux_str t, const char *open)
{
	bool parted = false, named = false;
	size_t depth = 0;

	for (const char *p = open; p < t.p + t.n; p++) {
		const char *before = p > open ? p - 1 : open;

		parted |= memchr(",;| ", *p, 4) != NULL;
		while (before > open && *before == ' ')
			before--;
		named |= *p == '(' && before > open && is_letter(*before);
		depth += *p == '(';
		if (*p == ')' && --depth == 0 && p + 1 < t.p + t.n)
			return true;
	}
	return parted && (named || t.p[t.n - 1] != ')');
}

/* Tool, or Tool(what). */
static void grant_split(struct grant *g)
{
	struct krux_str t = g->text;
	const char *open = memchr(t.p, '(', t.n);

	g->tool = (struct krux_str){ t.p, open ? (size_t)(open - t.p) : t.n };
	g->bare = !open;
	g->several = open && is_several(t, open);
	if (open && t.p[t.n - 1] == ')') {
		g->what = (struct krux_str){ open + 1, t.n - g->tool.n - 2 };
		g->bare = is(g->what, "*") || is(g->what, "**");
		if (!g->what.n)
			g->doubt = "its brackets are empty";
	} else if (open) {
		g->doubt = "its bracket is not closed";
	}
	g->bare |= g->doubt != NULL;
	while (restricts(g) && g->tool.n && g->tool.p[g->tool.n - 1] == ' ')
		g->tool.n--;
}

static bool is_inner(const struct grant *g)
{
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		if (grant_is(g, inner[i]))
			return true;
	return false;
}

static bool is_name(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", s.p[i], 63))
			return false;
	return s.n;
}

bool claude_is_entry(struct settings *s, struct krux_str text)
{
	struct grant g = { .s = s, .order = ORDER_DENY, .text = text };
	bool known;

	if (!text.n)
		return false;
	grant_split(&g);
	known = grant_is(&g, "Bash") || grant_is(&g, "WebFetch") || grant_is(&g, "WebSearch") ||
	        (g.tool.n >= 5 && !strncasecmp(g.tool.p, "mcp__", 5));
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		known |= grant_is(&g, tools[i].tool);
	return known;
}

void claude_entry(struct settings *s, enum order order, struct krux_str text)
{
	struct grant g = { .s = s, .order = order };

	if (!import_afford(s->im, RULE_COST))
		return;
	g.text = import_line(s->im->arena, text);
	g.at = import_json_at(s->im, text);
	/* Two blanks are another name than one. */
	g.doubt = krux_str_eq(g.text, text) ? NULL : "there are other blanks in it than single ones";
	grant_split(&g);
	if (g.several) {
		all_grant(&g, "it could be several, of any tool");
		return;
	}
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (grant_is(&g, tools[i].tool)) {
			file_grant(&g, i);
			return;
		}
	if (grant_is(&g, "Bash"))
		shell_grant(&g);
	else if (grant_is(&g, "WebFetch") || (restricts(&g) && grant_is(&g, "WebSearch")))
		web_grant(&g);
	else if (begins(g.tool, "mcp__") || (restricts(&g) && g.tool.n >= 5 && !strncasecmp(g.tool.p, "mcp__", 5)))
		mcp_grant(&g);
	else if (is_inner(&g))
		lost(&g, "what an agent does with itself reaches nothing here");
	else
		all_grant(&g, is_name(g.tool) ? "there is no such tool here" : "this is no name of a tool");
}

/* What is denied in another form than this is not guessed at. */
static void list_read(struct settings *s, enum order order, const struct krux_member *m)
{
	const struct krux_value *list = &m->value;
	bool fine = list->kind == KRUX_V_LIST;

	for (size_t i = 0; fine && i < list->list.n; i++)
		fine = list->list.item[i].kind == KRUX_V_TEXT && list->list.item[i].str.n;
	if (!fine)
		diag_error(s->im->diags, IMPORT_NO_SHAPE, import_json_at(s->im, m->key), "permissions.%.*s is no list of texts",
		           STR_ARG(m->key))->expected = KRUX_STR("[ \"Read(./secrets/**)\", \"Edit\" ]");
	for (size_t i = 0; fine && i < list->list.n; i++)
		claude_entry(s, order, list->list.item[i].str);
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
		s->plans = is(mode, "plan");
		s->asks_none = !s->plans;
		import_note(s->im, &s->policy.default_notes, IMPORT_CHANGED, at, "defaultMode %.*s: %s", STR_ARG(mode),
		            s->plans ? "nothing but reading is allowed" : "what would be asked for is denied");
	} else {
		s->capped |= mode.n == 4 && !strncasecmp(mode.p, "plan", 4);
		import_note(s->im, &s->policy.default_notes, IMPORT_DENIED, at, "defaultMode %.*s: what is not allowed by a "
		            "rule is asked for", STR_ARG(mode));
	}
}

static bool is_reading(const struct draft_rule *rule)
{
	bool all = true;

	for (size_t i = 0; i < rule->non; i++) {
		bool found = false;

		for (const char *const *on = reading; *on; on++)
			found |= is(rule->on[i], *on);
		all &= found;
	}
	return all;
}

/* What holds for all rules: the mode, and what could be a restriction of anything. */
static void rules_narrow(struct settings *s)
{
	for (size_t i = 0; i < s->policy.nrules; i++) {
		struct draft_rule *rule = &s->policy.rule[i];

		if (s->plans && !is_reading(rule))
			rule->verdict = KRUX_BLOCKED;
		else if (s->asks_none && rule->verdict == KRUX_APPROVAL)
			rule->verdict = KRUX_BLOCKED;
		else if (s->capped && rule->verdict == KRUX_AUTONOMOUS)
			rule->verdict = s->asks_none ? KRUX_BLOCKED : KRUX_APPROVAL;
	}
}

/* It could deny anything. */
void claude_unknown(struct settings *s, const char *where, struct krux_str key)
{
	struct draft_rule *rule = rule_add(s, ORDER_DENY, KRUX_STR("doubt"));

	draft_on(s->im, rule, KRUX_STR("*"));
	import_note(s->im, &rule->notes, IMPORT_DENIED, import_json_at(s->im, key),
	            "%s%.*s is not known, and could be a restriction of anything", where, STR_ARG(key));
}

static void permissions_read(struct settings *s, const struct krux_value *map)
{
	for (size_t i = 0; i < map->map.n; i++) {
		struct krux_str key = map->map.member[i].key;
		const struct krux_value *v = &map->map.member[i].value;

		if (is(key, "deny"))
			list_read(s, ORDER_DENY, &map->map.member[i]);
		else if (is(key, "ask"))
			list_read(s, ORDER_ASK, &map->map.member[i]);
		else if (is(key, "allow"))
			list_read(s, ORDER_ALLOW, &map->map.member[i]);
		else if (is(key, "defaultMode") && v->kind == KRUX_V_TEXT)
			mode_read(s, v->str);
		else if (is(key, "additionalDirectories") || is(key, "disableBypassPermissionsMode"))
			import_note(s->im, &s->policy.notes, IMPORT_LOST, import_json_at(s->im, key),
			            "permissions.%.*s has no counterpart", STR_ARG(key));
		else
			claude_unknown(s, "permissions.", key);
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
			claude_beside(&s, &root->map.member[i]);
	permissions_read(&s, permissions);
	if (s.policy.deflt != KRUX_BLOCKED || permissions->map.n) {
		rule = rule_add(&s, ORDER_READ, KRUX_STR("read"));
		for (const char *const *on = reading; *on; on++)
			draft_on(im, rule, words(*on));
		import_review(im, &rule->notes, "reading needs no permission there");
	}
	rules_narrow(&s);
	draft_policy_add(im, &s.policy);
}
