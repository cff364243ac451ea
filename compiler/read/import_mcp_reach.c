/* What arguments reach, by their formats and names, to effects: a path as written, a url or a host as connected
 * to, a command as executed. An effect names a field, or a field of a record; what a list, a map or a text
 * of several forms holds it cannot name, and such an argument is taken for the strongest thing: a command. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/read/import_mcp.h"

enum {
	MOST_REFERENCES = 8, LOOK_COST = 8,
	MOST_SEEN = 64,                 /* schemas that references lead to */
	MOST_REACHES = 80,              /* of a capability: each is up to three effects of 256 */
};

/* What the last word of a name says that a text is. */
static enum draft_kind kind_by_name(const struct draft_cap *c, struct krux_str name)
{
	/* By what it is to a tool of files, where that is another. */
	static const struct { const char *word; enum draft_kind kind, of_files; } words[] = {
		{ "path", DRAFT_PATH, DRAFT_PATH }, { "paths", DRAFT_PATH, DRAFT_PATH },
		{ "filepath", DRAFT_PATH, DRAFT_PATH }, { "file", DRAFT_PATH, DRAFT_PATH },
		{ "files", DRAFT_PATH, DRAFT_PATH }, { "filename", DRAFT_PATH, DRAFT_PATH },
		{ "dir", DRAFT_PATH, DRAFT_PATH }, { "directory", DRAFT_PATH, DRAFT_PATH },
		{ "folder", DRAFT_PATH, DRAFT_PATH }, { "src", DRAFT_PATH, DRAFT_PATH },
		{ "dst", DRAFT_PATH, DRAFT_PATH }, { "cwd", DRAFT_PATH, DRAFT_PATH }, { "root", DRAFT_PATH, DRAFT_PATH },
		{ "workdir", DRAFT_PATH, DRAFT_PATH },
		{ "source", DRAFT_OTHER, DRAFT_PATH }, { "to", DRAFT_OTHER, DRAFT_PATH },
		{ "destination", DRAFT_CODE, DRAFT_PATH }, { "dest", DRAFT_CODE, DRAFT_PATH },
		{ "target", DRAFT_CODE, DRAFT_PATH },
		{ "url", DRAFT_URL, DRAFT_URL }, { "uri", DRAFT_URL, DRAFT_URL }, { "urls", DRAFT_URL, DRAFT_URL },
		{ "uris", DRAFT_URL, DRAFT_URL }, { "endpoint", DRAFT_URL, DRAFT_URL },
		{ "webhook", DRAFT_URL, DRAFT_URL }, { "link", DRAFT_URL, DRAFT_URL }, { "href", DRAFT_URL, DRAFT_URL },
		{ "host", DRAFT_HOST, DRAFT_HOST }, { "hosts", DRAFT_HOST, DRAFT_HOST },
		{ "hostname", DRAFT_HOST, DRAFT_HOST }, { "hostnames", DRAFT_HOST, DRAFT_HOST },
		{ "domain", DRAFT_HOST, DRAFT_HOST }, { "domains", DRAFT_HOST, DRAFT_HOST },
		{ "server", DRAFT_HOST, DRAFT_HOST }, { "servers", DRAFT_HOST, DRAFT_HOST },
		{ "ip", DRAFT_HOST, DRAFT_HOST },
		{ "command", DRAFT_CODE, DRAFT_CODE }, { "commands", DRAFT_CODE, DRAFT_CODE },
		{ "cmd", DRAFT_CODE, DRAFT_CODE }, { "script", DRAFT_CODE, DRAFT_CODE },
		{ "code", DRAFT_CODE, DRAFT_CODE }, { "shell", DRAFT_CODE, DRAFT_CODE },
		{ "program", DRAFT_CODE, DRAFT_CODE }, { "executable", DRAFT_CODE, DRAFT_CODE },
		{ "argv", DRAFT_CODE, DRAFT_CODE }, { "sql", DRAFT_CODE, DRAFT_CODE },
		{ "javascript", DRAFT_CODE, DRAFT_CODE }, { "expression", DRAFT_CODE, DRAFT_CODE },
		{ "exec", DRAFT_CODE, DRAFT_CODE }, { "js", DRAFT_CODE, DRAFT_CODE },
		{ "python", DRAFT_CODE, DRAFT_CODE }, { "args", DRAFT_CODE, DRAFT_CODE },
		{ "arguments", DRAFT_CODE, DRAFT_CODE }, { "binary", DRAFT_CODE, DRAFT_CODE },
		{ "plugin", DRAFT_CODE, DRAFT_CODE }, { "plugins", DRAFT_CODE, DRAFT_CODE },
		{ "template", DRAFT_CODE, DRAFT_CODE }, { "glob", DRAFT_CODE, DRAFT_CODE },
		{ "eval", DRAFT_CODE, DRAFT_CODE }, { "repl", DRAFT_CODE, DRAFT_CODE },
	};
	const char *sign = memrchr(name.p, '_', name.n);
	bool files = memmem(c->name.p, c->name.n, "file", 4) || memmem(c->name.p, c->name.n, "dir", 3) ||
	             memmem(c->name.p, c->name.n, "folder", 6);

	if (name.n >= 9 && !memcmp(name.p + name.n - 9, "file_name", 9))
		return DRAFT_PATH;
	if (sign) {
		name.n -= (size_t)(sign + 1 - name.p);
		name.p = sign + 1;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (json_is(name, words[i].word))
			return files ? words[i].of_files : words[i].kind;
	return DRAFT_OTHER;
}

const struct krux_value *schema_follow(struct maker *m, const struct krux_value *schema)
{
	for (unsigned i = 0; i < MOST_REFERENCES; i++) {
		struct krux_str ref = json_text(schema, "$ref");
		const struct krux_value *v = m->root;
		char key[128];

		if (!ref.n)
			return schema;
		for (size_t from = 2; v && ref.n >= 2 && from <= ref.n;) {
			const char *slash = memchr(ref.p + from, '/', ref.n - from);
			size_t to = slash ? (size_t)(slash - ref.p) : ref.n;

			v = to - from < sizeof key && (memcpy(key, ref.p + from, to - from), key[to - from] = 0, true)
				? json_get(v, key) : NULL;
			from = to + 1;
		}
		if (!v || ref.p[0] != '#')
			break;
		schema = v;
	}
	return NULL;
}

/* ---- what a schema holds ---- */

struct look {
	struct maker *m;
	const struct krux_value *self, *item;   /* their descriptions are read by made_described */
	const struct krux_value *seen[MOST_SEEN];
	size_t nseen;
};

static bool value_reaches(struct look *, const struct krux_value *);

/* Numbers reach nothing, whatever their name. */
static bool is_number(const struct krux_value *schema)
{
	struct krux_str type = json_text(schema, "type");

	return json_is(type, "integer") || json_is(type, "number") || json_is(type, "boolean");
}

static bool description_reaches(struct look *l, const struct krux_value *schema, struct krux_str about)
{
	l->m->cap->says |= mcp_text_says(l->m->im, about);
	return !is_number(schema) && mcp_thing_says(l->m->im, about);
}

static bool property_reaches(struct look *l, const struct krux_member *p)
{
	return !is_number(&p->value) &&
	       kind_by_name(l->m->cap, import_identifier(l->m->im->arena, p->key)) != DRAFT_OTHER;
}

/* What is too large to be looked through could hold anything. */
static bool reference_reaches(struct look *l, const struct krux_value *schema)
{
	const struct krux_value *to = schema_follow(l->m, schema);

	for (size_t i = 0; i < l->nseen; i++)
		if (l->seen[i] == to)
			return false;
	if (!to || l->nseen == MOST_SEEN)
		return to != NULL;
	l->seen[l->nseen++] = to;
	return value_reaches(l, to);
}

static bool member_reaches(struct look *l, const struct krux_value *map, const struct krux_member *p)
{
	static const char *const data[] = { "default", "const", "enum", "examples", "description", "title", "required",
		"$defs", "definitions" };

	if (json_is(p->key, "$ref"))
		return reference_reaches(l, map);
	if (json_is(p->key, "format") && p->value.kind == KRUX_V_TEXT)
		return format_reaches(p->value.str);
	if (json_is(p->key, "description") && p->value.kind == KRUX_V_TEXT && map != l->self && map != l->item)
		return description_reaches(l, map, p->value.str);
	for (size_t i = 0; i < sizeof data / sizeof *data; i++)
		if (json_is(p->key, data[i]))
			return false;
	if (json_is(p->key, "properties") && p->value.kind == KRUX_V_MAP)
		for (size_t i = 0; i < p->value.map.n; i++)
			if (property_reaches(l, &p->value.map.member[i]) || value_reaches(l, &p->value.map.member[i].value))
				return true;
	return !json_is(p->key, "properties") && value_reaches(l, &p->value);
}

static bool value_reaches(struct look *l, const struct krux_value *v)
{
	if (!import_afford(l->m->im, LOOK_COST))
		return true;
	for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++)
		if (value_reaches(l, &v->list.item[i]))
			return true;
	for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++)
		if (member_reaches(l, v, &v->map.member[i]))
			return true;
	return false;
}

bool schema_reaches(struct maker *m, const struct krux_value *schema)
{
	struct look l = { .m = m, .self = schema, .item = json_get(schema, "items") };

	return m->input && schema && value_reaches(&l, schema);
}

/* ---- places ---- */

static bool begins(struct krux_str s, const char *word)
{
	return s.n >= strlen(word) && !memcmp(s.p, word, strlen(word));
}

static bool reach_add(struct maker *m, enum draft_kind kind)
{
	if (!m->place.n || m->reaches == MOST_REACHES)
		return false;
	m->reaches++;
	ARENA_PUSH(m->im->arena, m->into->reach, m->into->nreach, m->into->reach_cap,
	           ((struct draft_reach){ kind, m->place }));
	return true;
}

static bool path_reach(struct maker *m, struct made *made, bool list)
{
	uint64_t each = KRUX_MAX_PATH + 5, fit = m->budget / each;
	bool by_name = made->kind != DRAFT_PATH;

	if ((list && !fit) || !reach_add(m, DRAFT_PATH))
		return false;
	made->kind = DRAFT_PATH;
	if (list) {
		made->most = made->most < fit ? made->most : fit;
		made->wire = 5 + made->most * each;
		made->type = arena_printf(m->im->arena, "list<path> max %llu", (unsigned long long)made->most);
	} else {
		made->wire = each;
		made->type = KRUX_STR("path");
		made->sample = KRUX_STR("\"/workspace/example\"");
	}
	maker_changed(m, by_name ? "by its name it is a path; only an absolute one is taken here"
	              : "only an absolute path is taken here");
	return true;
}

static bool url_reach(struct maker *m, struct made *made)
{
	bool by_name = made->kind != DRAFT_URL;

	if (!reach_add(m, DRAFT_URL))
		return false;
	*made = (struct made){ .type = KRUX_STR("url"), .sample = KRUX_STR("\"https://example.com/\""), .kind = DRAFT_URL,
	                       .nullable = made->nullable, .wire = scalar_wire(KRUX_STR("url")) };
	if (by_name)
		maker_changed(m, "by its name it is a url; here that is http or https, without user and fragment");
	return true;
}

void made_described(struct maker *m, const struct krux_value *schema, struct made *made)
{
	static const struct { enum draft_kind kind; unsigned says; } shows[] = {
		{ DRAFT_PATH, MCP_WRITES | MCP_DELETES }, { DRAFT_URL, MCP_CONNECTS }, { DRAFT_HOST, MCP_CONNECTS },
	};
	const struct krux_value *of[] = { schema, schema_follow(m, schema), json_get(schema, "items") };
	unsigned says = 0;

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		struct krux_str about = json_text(of[i], "description"), title = json_text(of[i], "title");

		m->cap->says |= mcp_text_says(m->im, about);
		says |= mcp_thing_says(m->im, about) | mcp_thing_says(m->im, title);
	}
	if (!begins(made->type, "string") && !begins(made->type, "list<string"))
		return;
	for (size_t i = 0; i < sizeof shows / sizeof *shows; i++)
		if (made->kind == shows[i].kind)
			says &= ~shows[i].says;
	if (!says || made->kind == DRAFT_CODE)
		return;
	import_review(m->im, m->notes, "by its description it reaches or runs something");
	made->kind = DRAFT_CODE;
}

void made_reach(struct maker *m, struct krux_str name, struct made *made, bool optional, bool top)
{
	bool text = begins(made->type, "string"), list = begins(made->type, "list<string"), url = made->kind == DRAFT_URL;
	enum draft_kind kind = made->kind == DRAFT_OTHER ? kind_by_name(m->cap, name) : made->kind;
	bool holds = text || begins(made->type, "list<") || begins(made->type, "map<") || begins(made->type, "record ") ||
	             made->kind != DRAFT_OTHER;

	/* Of a list of commands one is chosen, and run as any other. */
	holds |= kind == DRAFT_CODE && begins(made->type, "enum ");
	if (kind == DRAFT_OTHER || !holds)
		return;
	if (kind == DRAFT_PATH && (text || (list && (top || !optional))) && path_reach(m, made, list))
		return;
	if (kind == DRAFT_URL && (text || url) && !optional && url_reach(m, made))
		return;
	if (kind == DRAFT_HOST && top && text && !optional) {
		made->kind = DRAFT_HOST;
		return;
	}
	if (url) {
		made->type = KRUX_STR("string max 8192");
		made->wire = scalar_wire(made->type);
		maker_changed(m, "an optional url cannot be bound to an effect; it is a string here");
	} else if (kind != DRAFT_CODE) {
		maker_changed(m, "what it reaches cannot be bound to an effect");
	}
	made->kind = DRAFT_CODE;
}

/* ---- hosts ---- */

static bool port_fits(const struct draft_field *f)
{
	long long deflt = f->deflt.n ? strtoll(f->deflt.p, NULL, 10) : 1;

	return begins(f->type, "int") && !f->optional && deflt >= 1 && deflt <= 65535;
}

void import_mcp_hosts(struct importer *im, struct draft_cap *c)
{
	struct draft_field *port = NULL;

	for (size_t i = 0; i < c->ninput; i++)
		if (json_is(c->input[i].name, "port") && port_fits(&c->input[i]))
			port = &c->input[i];
	for (size_t i = 0; i < c->ninput; i++) {
		struct draft_field *f = &c->input[i];

		if (f->kind != DRAFT_HOST)
			continue;
		if (!port || f->deflt.n) {
			f->kind = DRAFT_CODE;
			import_note(im, &f->notes, IMPORT_CHANGED, f->at, "%.*s: it is a host, which without a port cannot be bound "
			            "to an effect", STR_ARG(f->name));
			continue;
		}
		f->type = KRUX_STR("host");
		f->sample = KRUX_STR("\"example.com\"");
		port->type = KRUX_STR("port");
		port->sample = KRUX_STR("443");
		port->kind = DRAFT_PORT;
	}
}
