/* JSON Schema to types. Every type here has a bound, so what a schema leaves open is bounded and
 * marked for review; what it says beyond our types is a warning, with a wider type in its place. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/read/import_mcp.h"

enum { MOST_REFERENCES = 8, TYPE_COST = 32 };

static struct made make(struct maker *, const struct krux_value *schema, unsigned depth);

/* ---- lists, maps, records ---- */

static struct made make_array(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	struct made elem = make(m, json_get(schema, "items"), depth + 1), out = { .kind = DRAFT_OTHER };
	krux_i128 most = 0, least = 0;

	if (elem.nullable)
		maker_changed(m, "its elements are never null here");
	if (json_whole(json_get(schema, "minItems"), &least) && least > 0)
		maker_changed(m, "its least number of elements is not checked");
	if (!json_whole(json_get(schema, "maxItems"), &most) || most < 1 || most > KRUX_MAX_ELEMENTS) {
		most = depth ? 16 : 64;
		import_review(m->im, m->notes, "number of elements");
	}
	out.type = arena_printf(m->im->arena, "list<%.*s> max %lld", STR_ARG(elem.type), (long long)most);
	out.sample = KRUX_STR("[]");
	return out;
}

static bool is_required(const struct krux_value *schema, struct krux_str name)
{
	const struct krux_value *list = json_get(schema, "required");

	for (size_t i = 0; list && list->kind == KRUX_V_LIST && i < list->list.n; i++)
		if (list->list.item[i].kind == KRUX_V_TEXT && krux_str_eq(list->list.item[i].str, name))
			return true;
	return false;
}

static struct made make_map(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	const struct krux_value *more = json_get(schema, "additionalProperties");
	struct made elem = more && more->kind == KRUX_V_MAP ? make(m, more, depth + 1)
	                                                   : made_of("string max 4096", "\"example\"");
	struct made out = made_of("", "{}");

	if (!more || more->kind != KRUX_V_MAP)
		maker_changed(m, "an object of anything is a map of strings here");
	import_review(m->im, m->notes, "number of members");
	out.type = arena_printf(m->im->arena, "map<string, %.*s> max 16", STR_ARG(elem.type));
	return out;
}

static struct made make_record(struct maker *m, const struct krux_value *properties, const struct krux_value *schema,
                               unsigned depth)
{
	struct buf type = { 0 }, sample = { 0 };
	struct name_set taken = { 0 };
	struct made out = made_of("", "");
	size_t n = 0;

	buf_puts(&type, "record {");
	buf_puts(&sample, "{");
	for (size_t i = 0; i < properties->map.n && n < KRUX_MAX_FIELDS; i++, n++) {
		const struct krux_member *p = &properties->map.member[i];
		struct krux_str name = name_set_unique(m->im->arena, &taken, import_identifier(m->im->arena, p->key), '_');
		struct krux_str doc = import_line(m->im->arena, json_text(&p->value, "description"));
		struct made f = make(m, &p->value, depth + 1);
		bool optional = f.nullable || !is_required(schema, p->key);

		if (!krux_str_eq(name, p->key))
			import_note(m->im, m->notes, IMPORT_RENAMED, import_json_at(m->im, p->key),
			            "the field `%.*s` is %.*s here", STR_ARG(p->key), STR_ARG(name));
		buf_printf(&type, " %.*s : %s%.*s", STR_ARG(name), optional ? "optional " : "", STR_ARG(f.type));
		if (doc.n)
			buf_printf(&type, " %.*s", STR_ARG(import_quoted(m->im->arena, doc)));
		buf_putc(&type, ';');
		if (!optional)
			buf_printf(&sample, "%s%.*s: %.*s", sample.n > 1 ? ", " : " ", STR_ARG(name), STR_ARG(f.sample));
	}
	if (n < properties->map.n)
		maker_changed(m, "a record has at most 64 fields; the rest is left out");
	buf_puts(&type, " }");
	buf_puts(&sample, " }");
	out.type = arena_str(m->im->arena, (struct krux_str){ type.p, type.n });
	out.sample = arena_str(m->im->arena, (struct krux_str){ sample.p, sample.n });
	buf_free(&type);
	buf_free(&sample);
	return out;
}

/* ---- schemas ---- */

/* #/a/b/c within the tool's schema; NULL after a note. */
static const struct krux_value *follow(struct maker *m, const struct krux_value *schema)
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

/* The type's word, from `type` as a text or as one of two with "null". */
static struct krux_str type_word(const struct krux_value *schema, bool *nullable, bool *several)
{
	const struct krux_value *type = json_get(schema, "type");
	struct krux_str word = { 0 };

	if (type && type->kind == KRUX_V_TEXT)
		return type->str;
	for (size_t i = 0; type && type->kind == KRUX_V_LIST && i < type->list.n; i++) {
		struct krux_str one = type->list.item[i].kind == KRUX_V_TEXT ? type->list.item[i].str : (struct krux_str){ 0 };

		if (json_is(one, "null")) {
			*nullable = true;
			continue;
		}
		*several |= word.n != 0;
		word = one;
	}
	return word;
}

/* Of anyOf and oneOf: the one alternative beside null, or NULL. */
static const struct krux_value *only_choice(const struct krux_value *schema, bool *nullable)
{
	const struct krux_value *list = json_get(schema, "anyOf"), *only = NULL;

	list = list ? list : json_get(schema, "oneOf");
	for (size_t i = 0; list && list->kind == KRUX_V_LIST && i < list->list.n; i++) {
		if (json_is(json_text(&list->list.item[i], "type"), "null")) {
			*nullable = true;
			continue;
		}
		if (only)
			return NULL;
		only = &list->list.item[i];
	}
	return only;
}

static struct made make(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	const struct krux_value *choice, *properties;
	bool nullable = false, several = false, again = false;
	struct krux_str word;
	struct made out;

	schema = follow(m, schema);
	for (unsigned i = 0; i < depth && i <= MCP_DEEPEST; i++)
		again |= m->above[i] == schema;
	if (!schema || again || depth > MCP_DEEPEST || !import_afford(m->im, TYPE_COST)) {
		if (!m->too_deep)
			maker_changed(m, !schema ? "its type refers to nothing; it is text here"
			        : again ? "its type contains itself; the inner one is text here"
			        : "its type is nested too deep; it is text here");
		m->too_deep = true;
		return made_of("string max 4096", "\"example\"");
	}
	m->above[depth] = schema;
	choice = only_choice(schema, &nullable);
	if (choice) {
		out = make(m, choice, depth + 1);
		out.nullable |= nullable;
		return out;
	}
	word = type_word(schema, &nullable, &several);
	properties = json_get(schema, "properties");
	if (several || json_get(schema, "anyOf") || json_get(schema, "oneOf") || json_get(schema, "allOf") || json_get(schema, "not")) {
		maker_changed(m, "it is one of several types, or all of them; it is text here");
		out = made_of("string max 65536", "\"example\"");
	} else if (json_get(schema, "enum") && json_get(schema, "enum")->kind == KRUX_V_LIST && !json_is(word, "integer") &&
	           !json_is(word, "number")) {
		out = made_enum(m, json_get(schema, "enum"));
	} else if (json_is(word, "string")) {
		out = made_string(m, schema, depth);
	} else if (json_is(word, "integer")) {
		if (json_get(schema, "enum"))
			maker_changed(m, "its values are not checked");
		out = made_integer(m, schema);
	} else if (json_is(word, "number")) {
		out = made_number(m, schema);
	} else if (json_is(word, "boolean")) {
		out = made_of("bool", "false");
	} else if (json_is(word, "array")) {
		out = make_array(m, schema, depth);
	} else if (properties && properties->kind == KRUX_V_MAP && properties->map.n) {
		out = make_record(m, properties, schema, depth);
	} else if (json_is(word, "object")) {
		out = make_map(m, schema, depth);
	} else {
		maker_changed(m, "its type is not known; it is text here");
		out = made_of("string max 65536", "\"example\"");
	}
	out.nullable |= nullable;
	return out;
}

/* ---- fields ---- */

static struct krux_str default_of(struct maker *m, const struct krux_value *v, struct krux_str type)
{
	krux_i128 n;

	if (v->kind == KRUX_V_BOOL && json_is(type, "bool"))
		return v->b ? KRUX_STR("true") : KRUX_STR("false");
	if (v->kind == KRUX_V_TEXT && type.n > 4 && !memcmp(type.p, "enum", 4) && json_is_word(v->str) &&
	    memmem(type.p, type.n, v->str.p, v->str.n))
		return v->str;
	if (v->kind == KRUX_V_TEXT && type.n > 6 && !memcmp(type.p, "string", 6) && v->str.n <= 64 &&
	    !memmem(type.p, type.n, "pattern", 7))
		return import_quoted(m->im->arena, v->str);
	if (json_whole(v, &n) && type.n >= 3 && !memcmp(type.p, "int", 3)) {
		const char *dots = memmem(type.p, type.n, "..", 2);

		if (!dots || (n >= strtoll(type.p + 4, NULL, 10) && n <= strtoll(dots + 2, NULL, 10)))
			return arena_printf(m->im->arena, "%lld", (long long)n);
	}
	if (v->kind == KRUX_V_LIST && !v->list.n && type.n > 4 && !memcmp(type.p, "list", 4))
		return KRUX_STR("[]");
	maker_changed(m, "its default is not carried over");
	return (struct krux_str){ 0 };
}

/* What the last word of a name says that a text is. */
static enum draft_kind kind_by_name(const struct draft_cap *c, struct krux_str name)
{
	static const struct { const char *word; enum draft_kind kind; bool of_files; } words[] = {
		{ "path", DRAFT_PATH, false }, { "paths", DRAFT_PATH, false }, { "filepath", DRAFT_PATH, false },
		{ "file", DRAFT_PATH, false }, { "files", DRAFT_PATH, false }, { "filename", DRAFT_PATH, false },
		{ "dir", DRAFT_PATH, false }, { "directory", DRAFT_PATH, false }, { "folder", DRAFT_PATH, false },
		{ "source", DRAFT_PATH, true }, { "destination", DRAFT_PATH, true }, { "target", DRAFT_PATH, true },
		{ "url", DRAFT_URL, false }, { "uri", DRAFT_URL, false }, { "urls", DRAFT_URL, false },
		{ "uris", DRAFT_URL, false }, { "endpoint", DRAFT_URL, false }, { "webhook", DRAFT_URL, false },
		{ "command", DRAFT_CODE, false }, { "commands", DRAFT_CODE, false }, { "cmd", DRAFT_CODE, false },
		{ "script", DRAFT_CODE, false }, { "code", DRAFT_CODE, false }, { "shell", DRAFT_CODE, false },
		{ "program", DRAFT_CODE, false }, { "executable", DRAFT_CODE, false }, { "argv", DRAFT_CODE, false },
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
		if (json_is(name, words[i].word) && (files || !words[i].of_files))
			return words[i].kind;
	return DRAFT_OTHER;
}

static bool type_begins(const struct draft_field *f, const char *word)
{
	return f->type.n >= strlen(word) && !memcmp(f->type.p, word, strlen(word));
}

/* A plain text, or a list of such, that by its name is a path, a url or a command. */
static void field_name_read(struct maker *m, const struct draft_cap *c, struct draft_field *f)
{
	bool list = type_begins(f, "list<string");
	enum draft_kind kind = kind_by_name(c, f->name);

	if (kind == DRAFT_OTHER || !(list || type_begins(f, "string")))
		return;
	f->kind = kind;
	if (kind == DRAFT_PATH) {
		const char *max = memrchr(f->type.p, '>', f->type.n);

		f->type = list && max ? arena_printf(m->im->arena, "list<path%.*s", (int)(f->type.p + f->type.n - max), max)
		                      : KRUX_STR("path");
		f->sample = list ? f->sample : KRUX_STR("\"/workspace/example\"");
		maker_changed(m, "by its name it is a path; only an absolute one is taken here");
	} else if (kind == DRAFT_URL && !list) {
		f->type = KRUX_STR("url");
		f->sample = KRUX_STR("\"https://example.com/\"");
		maker_changed(m, "by its name it is a url; here that is http or https, without user and fragment");
	} else {
		f->kind = DRAFT_CODE;
	}
}

void import_mcp_fields(struct importer *im, struct draft_cap *c, const struct krux_value *schema, bool input)
{
	const struct krux_value *properties = json_get(schema, "properties"), *more = json_get(schema, "additionalProperties");
	struct maker m = { .im = im, .root = schema };

	if (more && input && !(more->kind == KRUX_V_BOOL && !more->b))
		import_note(im, &c->notes, IMPORT_CHANGED, ((struct span){ im->src, 0, 1 }),
		            "%.*s takes further arguments there, and none here", STR_ARG(c->name));
	for (size_t i = 0; properties && properties->kind == KRUX_V_MAP && i < properties->map.n; i++) {
		const struct krux_member *p = &properties->map.member[i];
		const struct krux_value *deflt = json_get(&p->value, "default");
		struct span at = import_json_at(im, p->key);
		struct draft_field *f = input ? draft_input(im, c, p->key, at) : draft_output(im, c, p->key, at);
		struct made made;

		if (!f) {
			import_note(im, &c->notes, IMPORT_LOST, at, "%.*s: a capability has at most 64 fields", STR_ARG(p->key));
			continue;
		}
		m.notes = &f->notes;
		m.field = f->name;
		m.at = at;
		m.too_deep = false;
		made = make(&m, &p->value, 0);
		f->type = made.type;
		f->sample = made.sample;
		f->kind = made.kind;
		f->doc = import_line(im->arena, json_text(&p->value, "description"));
		if (input)
			field_name_read(&m, c, f);
		if (input && deflt && deflt->kind != KRUX_V_NULL)
			f->deflt = default_of(&m, deflt, f->type);
		f->optional = !f->deflt.n && (made.nullable || !is_required(schema, p->key));
		if (f->kind == DRAFT_PATH && f->optional && type_begins(f, "list")) {
			f->deflt = KRUX_STR("[]");
			f->optional = false;
			maker_changed(&m, "an optional list of paths cannot be bound to an effect; it is empty where absent");
		}
		if (f->kind == DRAFT_URL && f->optional) {
			f->type = KRUX_STR("string max 8192");
			f->kind = DRAFT_CODE;
			maker_changed(&m, "an optional url cannot be bound to an effect; it is a string here");
		}
	}
}
