/* JSON Schema to types. Every type here has a bound, so what a schema leaves open is bounded and
 * marked for review; what it says beyond our types is a warning, with a wider type in its place. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/read/import_mcp.h"

enum {
	MOST_REFERENCES = 8, TYPE_COST = 32,
	MOST_BYTES = 16 << 20,          /* of a call, without the names of its fields */
	LEAST_BUDGET = 64,
	SHARE = 8,                      /* a list or map is for so many elements of the largest kind */
};

static struct made make(struct maker *, const struct krux_value *schema, unsigned depth);
static struct made make_member(struct maker *, struct krux_str name, const struct krux_value *schema, bool optional,
                               unsigned depth);

/* What is in a list or map: no effect can name it. */
static struct made make_inner(struct maker *m, const struct krux_value *schema, uint64_t share, unsigned depth)
{
	struct maker outer = *m;
	struct made made;

	m->place = (struct krux_str){ 0 };
	m->budget = outer.budget / share > LEAST_BUDGET ? outer.budget / share : LEAST_BUDGET;
	made = make(m, schema, depth + 1);
	m->place = outer.place;
	m->budget = outer.budget;
	return made;
}

/* How many of that size there can be, of those that are wanted. */
static uint64_t number_fit(struct maker *m, uint64_t want, uint64_t each)
{
	uint64_t fit = m->budget / each;

	if (want <= fit)
		return want;
	maker_changed(m, "its number of elements is smaller here, so that calls have a bound");
	return fit ? fit : 1;
}

/* ---- lists, maps, records ---- */

static struct made make_array(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	krux_i128 most = 0, least = 0;
	bool stated = json_whole(json_get(schema, "maxItems"), &most) && most >= 1 && most <= KRUX_MAX_ELEMENTS;
	uint64_t want = stated ? (uint64_t)most : depth ? 16 : 64;
	struct made elem = make_inner(m, json_get(schema, "items"), want < SHARE ? want : SHARE, depth);
	struct made out = { .kind = schema_reaches(m, schema) ? DRAFT_CODE : DRAFT_OTHER };

	if (elem.nullable)
		maker_changed(m, "its elements are never null here");
	if (json_whole(json_get(schema, "minItems"), &least) && least > 0)
		maker_changed(m, "its least number of elements is not checked");
	if (!stated && json_get(schema, "maxItems"))
		maker_changed(m, "its most elements are another number here");
	if (!stated)
		import_review(m->im, m->notes, "number of elements");
	out.most = number_fit(m, want, elem.wire);
	out.wire = 5 + out.most * elem.wire;
	out.type = arena_printf(m->im->arena, "list<%.*s> max %llu", STR_ARG(elem.type), (unsigned long long)out.most);
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

/* What is required and has no schema cannot be given here. */
static void required_check(struct maker *m, const struct krux_value *schema, struct notes *notes)
{
	const struct krux_value *list = json_get(schema, "required"), *properties = json_get(schema, "properties");

	for (size_t i = 0; list && list->kind == KRUX_V_LIST && i < list->list.n; i++) {
		struct krux_str name = list->list.item[i].kind == KRUX_V_TEXT ? list->list.item[i].str : (struct krux_str){ 0 };
		size_t n = properties && properties->kind == KRUX_V_MAP ? properties->map.n : 0;
		bool found = false;

		if (!name.n || !import_afford(m->im, 1 + n / 8))
			continue;
		for (size_t k = 0; k < n && !found; k++)
			found = krux_str_eq(properties->map.member[k].key, name);
		if (!found)
			import_note(m->im, notes, IMPORT_LOST, import_json_at(m->im, name), "`%.*s` is required, and nothing says what "
			            "it is", STR_ARG(name));
	}
}

static struct made make_map(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	const struct krux_value *more = json_get(schema, "additionalProperties");
	struct made elem = more && more->kind == KRUX_V_MAP ? make_inner(m, more, SHARE, depth)
	                                                   : made_of("string max 4096", "\"example\"");
	struct made out = made_of("", "{}");

	elem.wire = (elem.wire ? elem.wire : scalar_wire(elem.type)) + KRUX_MAX_STRING + 5;
	if (!more || more->kind != KRUX_V_MAP)
		maker_changed(m, "an object of anything is a map of strings here");
	import_review(m->im, m->notes, "number of members");
	out.most = number_fit(m, 16, elem.wire);
	out.wire = 5 + out.most * elem.wire;
	out.kind = schema_reaches(m, schema) ? DRAFT_CODE : DRAFT_OTHER;
	out.type = arena_printf(m->im->arena, "map<string, %.*s> max %llu", STR_ARG(elem.type),
	                        (unsigned long long)out.most);
	out.most = 0;
	return out;
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

static bool may_be_null(struct maker *m, const struct krux_value *schema)
{
	bool nullable = false, several;

	for (unsigned i = 0; i <= MCP_DEEPEST && schema && !nullable; i++) {
		schema = schema_follow(m, schema);
		type_word(schema, &nullable, &several);
		schema = only_choice(schema, &nullable);
	}
	return nullable;
}

static struct made make_record(struct maker *m, const struct krux_value *properties, const struct krux_value *schema,
                               unsigned depth)
{
	struct buf type = { 0 }, sample = { 0 };
	struct name_set taken = { 0 };
	struct made out = made_of("", "");
	uint64_t budget = m->budget, share = properties->map.n < KRUX_MAX_FIELDS ? properties->map.n : KRUX_MAX_FIELDS;
	size_t n = 0;

	share = budget / share;
	required_check(m, schema, m->notes);
	m->budget = share > KRUX_MAX_NAME + 5 + LEAST_BUDGET ? share - KRUX_MAX_NAME - 5 : LEAST_BUDGET;
	out.wire = 5;
	buf_puts(&type, "record {");
	buf_puts(&sample, "{");
	for (size_t i = 0; i < properties->map.n && n < KRUX_MAX_FIELDS; i++, n++) {
		const struct krux_member *p = &properties->map.member[i];
		struct krux_str name = name_set_unique(m->im->arena, &taken, import_identifier(m->im->arena, p->key), '_');
		struct krux_str doc = import_line(m->im->arena, json_text(&p->value, "description"));
		bool optional = may_be_null(m, &p->value) || !is_required(schema, p->key);
		struct made f = make_member(m, name, &p->value, optional, depth);

		if (!krux_str_eq(name, p->key))
			import_note(m->im, m->notes, IMPORT_RENAMED, import_json_at(m->im, p->key),
			            "the field `%.*s` is %.*s here", STR_ARG(p->key), STR_ARG(name));
		buf_printf(&type, " %.*s : %s%.*s", STR_ARG(name), optional ? "optional " : "", STR_ARG(f.type));
		if (doc.n)
			buf_printf(&type, " %.*s", STR_ARG(import_quoted(m->im->arena, doc)));
		buf_putc(&type, ';');
		out.kind = f.kind == DRAFT_CODE ? DRAFT_CODE : out.kind;
		out.wire += name.n + 5 + f.wire;
		if (!optional)
			buf_printf(&sample, "%s%.*s: %.*s", sample.n > 1 ? ", " : " ", STR_ARG(name), STR_ARG(f.sample));
	}
	m->budget = budget;
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

/* What can be one thing or another. */
static struct made made_text(struct maker *m, const struct krux_value *schema)
{
	struct made out = made_of("string max 65536", "\"example\"");

	out.kind = schema_reaches(m, schema) ? DRAFT_CODE : DRAFT_OTHER;
	return out;
}

/* A text is no longer than there is room for; where no effect can name it, it is text whatever it reaches. */
static struct made made_bound(struct maker *m, struct made out)
{
	if (m->input && !m->place.n && (out.kind == DRAFT_URL || out.kind == DRAFT_HOST || out.kind == DRAFT_PATH)) {
		if (out.kind == DRAFT_URL)
			out = made_of("string max 8192", "\"https://example.com/\"");
		out.kind = DRAFT_CODE;
	}
	if (!out.wire)
		out.wire = scalar_wire(out.type);
	if (out.wire > m->budget && json_is(out.type, "string max 65536")) {
		out.type = arena_printf(m->im->arena, "string max %llu", (unsigned long long)m->budget - 5);
		out.wire = m->budget;
	}
	return out;
}

static struct made make(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	const struct krux_value *choice, *properties;
	bool nullable = false, several = false, again = false;
	struct krux_str word;
	struct made out;

	schema = schema_follow(m, schema);
	for (unsigned i = 0; i < depth && i <= MCP_DEEPEST; i++)
		again |= m->above[i] == schema;
	if (!schema || again || depth > MCP_DEEPEST || !import_afford(m->im, TYPE_COST)) {
		if (!m->too_deep)
			maker_changed(m, !schema ? "its type refers to nothing; it is text here"
			        : again ? "its type contains itself; the inner one is text here"
			        : "its type is nested too deep; it is text here");
		m->too_deep = true;
		out = made_of("string max 4096", "\"example\"");
		out.kind = m->input && schema && schema_reaches(m, schema) ? DRAFT_CODE : DRAFT_OTHER;
		return made_bound(m, out);
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
		out = made_text(m, schema);
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
		out = made_text(m, schema);
	}
	out.nullable |= nullable;
	return made_bound(m, out);
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

static bool type_begins(const struct draft_field *f, const char *word)
{
	return f->type.n >= strlen(word) && !memcmp(f->type.p, word, strlen(word));
}

/* A field of an object. */
static struct made make_member(struct maker *m, struct krux_str name, const struct krux_value *schema, bool optional,
                               unsigned depth)
{
	struct krux_str place = m->place;
	bool maybe = m->maybe;
	struct made made;

	if (place.n)
		m->place = arena_printf(m->im->arena, "%.*s.%.*s", STR_ARG(place), STR_ARG(name));
	m->maybe |= optional;
	made = make(m, schema, depth + 1);
	if (m->input) {
		made_reach(m, name, &made, m->maybe, false);
		made_described(m, schema, &made);
	}
	m->place = place;
	m->maybe = maybe;
	return made;
}

void import_mcp_fields(struct importer *im, struct draft_cap *c, const struct krux_value *schema, bool input)
{
	const struct krux_value *properties = json_get(schema, "properties"), *more = json_get(schema, "additionalProperties");
	size_t n = properties && properties->kind == KRUX_V_MAP ? properties->map.n : 0;
	struct maker m = { .im = im, .root = schema, .input = input, .cap = c };

	if (more && input && !(more->kind == KRUX_V_BOOL && !more->b))
		import_note(im, &c->notes, IMPORT_CHANGED, ((struct span){ im->src, 0, 1 }),
		            "%.*s takes further arguments there, and none here", STR_ARG(c->name));
	required_check(&m, schema, &c->notes);
	m.budget = !input ? UINT64_MAX / KRUX_MAX_ELEMENTS : n ? MOST_BYTES / (n < KRUX_MAX_FIELDS ? n : KRUX_MAX_FIELDS) : 0;
	for (size_t i = 0; i < n; i++) {
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
		m.into = f;
		m.place = f->name;
		m.maybe = !is_required(schema, p->key) || may_be_null(&m, &p->value);
		made = make(&m, &p->value, 0);
		if (input) {
			made_reach(&m, f->name, &made, m.maybe, true);
			made_described(&m, &p->value, &made);
		}
		f->type = made.type;
		f->sample = made.sample;
		f->kind = made.kind;
		f->doc = import_line(im->arena, json_text(&p->value, "description"));
		if (input && deflt && deflt->kind != KRUX_V_NULL)
			f->deflt = default_of(&m, deflt, f->type);
		f->optional = !f->deflt.n && m.maybe;
		if (f->kind == DRAFT_PATH && f->optional && type_begins(f, "list")) {
			f->deflt = KRUX_STR("[]");
			f->optional = false;
			maker_changed(&m, "an optional list of paths cannot be bound to an effect; it is empty where absent");
		}
	}
	if (input)
		import_mcp_hosts(im, c);
}
