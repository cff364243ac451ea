/* JSON Schema to types. Every type here has a bound, so what a schema leaves open is bounded and
 * marked for review; what it says beyond our types is a warning, with a wider type in its place. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/base/escape.h"
#include "compiler/read/import_mcp.h"

enum { DEEPEST = 8, MOST_REFERENCES = 8, TYPE_COST = 32 };

struct made {                           /* a type, and a literal of it */
	struct krux_str type, sample;
	enum draft_kind kind;
	bool nullable;
};

struct maker {
	struct importer *im;
	const struct krux_value *root;  /* what $ref looks into */
	struct notes *notes;            /* of the field at hand */
	struct krux_str field;
	struct span at;
	bool too_deep;                  /* said of the field at hand */
};

static struct made make(struct maker *, const struct krux_value *schema, unsigned depth);

static bool is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

static const struct krux_value *get(const struct krux_value *map, const char *key)
{
	return map && map->kind == KRUX_V_MAP ? krux_value_get(map, key) : NULL;
}

static struct krux_str text(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = get(map, key);

	return v && v->kind == KRUX_V_TEXT ? v->str : (struct krux_str){ 0 };
}

/* A whole number within 64 bits; the text of a JSON number is its own. */
static bool whole(const struct krux_value *v, krux_i128 *out)
{
	const char *why;

	return v && v->kind == KRUX_V_NUMBER && krux_read_integer(v->str, out, &why) &&
	       *out >= INT64_MIN && *out <= INT64_MAX;
}

static void changed(struct maker *m, const char *what)
{
	import_note(m->im, m->notes, IMPORT_CHANGED, m->at, "%.*s: %s", STR_ARG(m->field), what);
}

static struct made of(const char *type, const char *sample)
{
	return (struct made){ .type = { type, strlen(type) }, .sample = { sample, strlen(sample) } };
}

/* ---- strings ---- */

/* An expression in their notation, found anywhere, as one in ours, of the whole; n 0: none. */
static struct krux_str pattern_of(struct maker *m, struct krux_str theirs)
{
	struct krux_str p = theirs, ours;
	bool from = p.n && p.p[0] == '^', to;
	const char *why;

	if (from) {
		p.p++;
		p.n--;
	}
	to = p.n && p.p[p.n - 1] == '$' && !(p.n > 1 && p.p[p.n - 2] == '\\');
	p.n -= to;
	/* Anchors bind tighter than `|`, and .* is not what a pattern with it would mean. */
	if (memchr(p.p, '|', p.n) && !(from && to && p.n > 1 && p.p[0] == '(' && !memchr(p.p + 1, '(', p.n - 1) &&
	                               p.p[p.n - 1] == ')'))
		return (struct krux_str){ 0 };
	/* Groups that do not capture are ours without the sign. */
	if (memmem(p.p, p.n, "(?", 2))
		return (struct krux_str){ 0 };
	ours = arena_printf(m->im->arena, "%s%.*s%s", from ? "" : ".*", STR_ARG(p), to ? "" : ".*");
	return krux_pattern_compile(arena_pool(m->im->arena), ours, &why) ? ours : (struct krux_str){ 0 };
}

/* Does the sample match; if not, the type goes without the pattern rather than the example
 * without a value. */
static bool matches(struct maker *m, struct krux_str pattern, struct krux_str sample)
{
	const char *why;
	struct krux_pattern *p = krux_pattern_compile(arena_pool(m->im->arena), pattern, &why);

	return p && krux_pattern_match(p, sample);
}

static struct made make_string(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	struct krux_str format = text(schema, "format"), theirs = text(schema, "pattern"), ours = { 0 };
	struct krux_str word = KRUX_STR("example");
	krux_i128 longest = 0, least = 0;
	struct made out = { .kind = DRAFT_OTHER };

	if (is(format, "uri") || is(format, "url")) {
		changed(m, "a url here is http or https, without user and fragment");
		out = of("url", "\"https://example.com/\"");
		out.kind = DRAFT_URL;
		return out;
	}
	if (is(format, "date-time"))
		return of("datetime", "\"2026-01-01T00:00:00Z\"");
	if (is(format, "ipv4") || is(format, "ipv6")) {
		changed(m, "an address here is of either version");
		return of("ip", is(format, "ipv4") ? "\"192.0.2.1\"" : "\"2001:db8::1\"");
	}
	if (format.n)
		changed(m, "its format is not checked");
	if (whole(get(schema, "minLength"), &least) && least > 0)
		changed(m, "its least length is not checked");
	if (theirs.n) {
		ours = pattern_of(m, theirs);
		if (ours.n && !matches(m, ours, word))
			word = (struct krux_str){ 0 };
		if (ours.n && !word.n && matches(m, ours, (struct krux_str){ 0 }))
			word = KRUX_STR("");
		else if (!ours.n || !word.n)
			changed(m, "its pattern is not carried over");
		if (!word.p) {
			ours = (struct krux_str){ 0 };
			word = KRUX_STR("example");
		}
	}
	if (whole(get(schema, "maxLength"), &longest) && longest > 0 && longest <= (4 << 20)) {
		/* Theirs counts characters, ours counts bytes. */
		changed(m, "its bound counts bytes here, four for each character");
		longest *= 4;
		if (longest < (krux_i128)word.n)
			word.n = (size_t)longest;
	} else {
		longest = depth ? 4096 : 65536;
		import_review(m->im, m->notes, "bound");
	}
	out.type = arena_printf(m->im->arena, "string max %lld%s%.*s", (long long)longest, ours.n ? " pattern " : "",
	                        STR_ARG(ours.n ? import_quoted(m->im->arena, ours) : ours));
	out.sample = import_quoted(m->im->arena, word);
	return out;
}

/* ---- enums ---- */

static bool is_word(struct krux_str s)
{
	bool fine = s.n && s.n <= KRUX_MAX_NAME && s.p[0] >= 'a' && s.p[0] <= 'z';

	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
	return fine;
}

static void put_escaped(struct buf *b, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (memchr(".[](){}|*+?\\^$-/\"", s.p[i], 17))
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
}

/* Names that an enum can have; other texts are alternatives of a pattern, which is the same set. */
static struct made make_enum(struct maker *m, const struct krux_value *list)
{
	struct buf names = { 0 }, pattern = { 0 };
	struct name_set seen = { 0 };
	struct made out;
	size_t longest = 1;
	bool words = true, texts = list->list.n > 0 && list->list.n <= KRUX_MAX_ENUM;

	for (size_t i = 0; i < list->list.n && texts; i++) {
		const struct krux_value *v = &list->list.item[i];

		texts = v->kind == KRUX_V_TEXT;
		if (!texts || !name_set_add(m->im->arena, &seen, v->str))
			continue;
		words &= is_word(v->str);
		longest = v->str.n > longest ? v->str.n : longest;
		buf_puts(&names, names.n ? ", " : "enum { ");
		buf_str(&names, v->str);
		buf_puts(&pattern, i ? "|" : "");
		put_escaped(&pattern, v->str);
	}
	if (!texts) {
		changed(m, "its values are not all texts, or too many; they are not checked");
		out = of("string max 65536", "\"example\"");
	} else if (words) {
		buf_puts(&names, " }");
		out.type = arena_str(m->im->arena, (struct krux_str){ names.p, names.n });
		out.sample = list->list.item[0].str;
		out.kind = DRAFT_OTHER;
		out.nullable = false;
	} else {
		struct krux_str p = arena_str(m->im->arena, (struct krux_str){ pattern.p, pattern.n });

		out = of("", "");
		out.type = arena_printf(m->im->arena, "string max %zu pattern %.*s", longest,
		                        STR_ARG(import_quoted(m->im->arena, p)));
		out.sample = import_quoted(m->im->arena, list->list.item[0].str);
	}
	buf_free(&names);
	buf_free(&pattern);
	return out;
}

/* ---- numbers ---- */

static struct made make_integer(struct maker *m, const struct krux_value *schema)
{
	krux_i128 lo = INT64_MIN, hi = INT64_MAX, n, sample;
	const char *const other[] = { "multipleOf" };
	struct made out = { .kind = DRAFT_OTHER };

	if (whole(get(schema, "minimum"), &n))
		lo = n;
	if (whole(get(schema, "exclusiveMinimum"), &n) && n < INT64_MAX && n + 1 > lo)
		lo = n + 1;
	if (whole(get(schema, "maximum"), &n))
		hi = n;
	if (whole(get(schema, "exclusiveMaximum"), &n) && n > INT64_MIN && n - 1 < hi)
		hi = n - 1;
	if (get(schema, other[0]))
		changed(m, "multipleOf is not checked");
	if (lo > hi) {
		changed(m, "its range is empty; it is not checked");
		lo = INT64_MIN;
		hi = INT64_MAX;
	}
	sample = lo <= 1 && hi >= 1 ? 1 : lo;
	if (lo == INT64_MIN && hi == INT64_MAX)
		out.type = KRUX_STR("int");
	else
		out.type = arena_printf(m->im->arena, "int %lld..%lld", (long long)lo, (long long)hi);
	out.sample = arena_printf(m->im->arena, "%lld", (long long)sample);
	return out;
}

static struct made make_number(struct maker *m, const struct krux_value *schema)
{
	static const char *const bounds[] = { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum" };

	import_review(m->im, m->notes, "six digits after the point");
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (get(schema, bounds[i])) {
			changed(m, "the range of a number that is not whole is not checked");
			break;
		}
	return of("decimal 6", "1");
}

/* ---- lists, maps, records ---- */

static struct made make_array(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	struct made elem = make(m, get(schema, "items"), depth + 1), out = { .kind = DRAFT_OTHER };
	krux_i128 most = 0, least = 0;

	if (elem.nullable)
		changed(m, "its elements are never null here");
	if (whole(get(schema, "minItems"), &least) && least > 0)
		changed(m, "its least number of elements is not checked");
	if (!whole(get(schema, "maxItems"), &most) || most < 1 || most > KRUX_MAX_ELEMENTS) {
		most = depth ? 16 : 64;
		import_review(m->im, m->notes, "number of elements");
	}
	out.type = arena_printf(m->im->arena, "list<%.*s> max %lld", STR_ARG(elem.type), (long long)most);
	out.sample = KRUX_STR("[]");
	return out;
}

static bool is_required(const struct krux_value *schema, struct krux_str name)
{
	const struct krux_value *list = get(schema, "required");

	for (size_t i = 0; list && list->kind == KRUX_V_LIST && i < list->list.n; i++)
		if (list->list.item[i].kind == KRUX_V_TEXT && krux_str_eq(list->list.item[i].str, name))
			return true;
	return false;
}

static struct made make_map(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	const struct krux_value *more = get(schema, "additionalProperties");
	struct made elem = more && more->kind == KRUX_V_MAP ? make(m, more, depth + 1)
	                                                   : of("string max 4096", "\"example\"");
	struct made out = of("", "{}");

	if (!more || more->kind != KRUX_V_MAP)
		changed(m, "an object of anything is a map of strings here");
	import_review(m->im, m->notes, "number of members");
	out.type = arena_printf(m->im->arena, "map<string, %.*s> max 16", STR_ARG(elem.type));
	return out;
}

static struct made make_record(struct maker *m, const struct krux_value *properties, const struct krux_value *schema,
                               unsigned depth)
{
	struct buf type = { 0 }, sample = { 0 };
	struct name_set taken = { 0 };
	struct made out = of("", "");
	size_t n = 0;

	buf_puts(&type, "record {");
	buf_puts(&sample, "{");
	for (size_t i = 0; i < properties->map.n && n < KRUX_MAX_FIELDS; i++, n++) {
		const struct krux_member *p = &properties->map.member[i];
		struct krux_str name = name_set_unique(m->im->arena, &taken, import_identifier(m->im->arena, p->key), '_');
		struct krux_str doc = import_line(m->im->arena, text(&p->value, "description"));
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
		changed(m, "a record has at most 64 fields; the rest is left out");
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
		struct krux_str ref = text(schema, "$ref");
		const struct krux_value *v = m->root;
		char key[128];

		if (!ref.n)
			return schema;
		for (size_t from = 2; v && ref.n >= 2 && from <= ref.n;) {
			const char *slash = memchr(ref.p + from, '/', ref.n - from);
			size_t to = slash ? (size_t)(slash - ref.p) : ref.n;

			v = to - from < sizeof key && (memcpy(key, ref.p + from, to - from), key[to - from] = 0, true)
				? get(v, key) : NULL;
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
	const struct krux_value *type = get(schema, "type");
	struct krux_str word = { 0 };

	if (type && type->kind == KRUX_V_TEXT)
		return type->str;
	for (size_t i = 0; type && type->kind == KRUX_V_LIST && i < type->list.n; i++) {
		struct krux_str one = type->list.item[i].kind == KRUX_V_TEXT ? type->list.item[i].str : (struct krux_str){ 0 };

		if (is(one, "null")) {
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
	const struct krux_value *list = get(schema, "anyOf"), *only = NULL;

	list = list ? list : get(schema, "oneOf");
	for (size_t i = 0; list && list->kind == KRUX_V_LIST && i < list->list.n; i++) {
		if (is(text(&list->list.item[i], "type"), "null")) {
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
	bool nullable = false, several = false;
	struct krux_str word;
	struct made out;

	schema = follow(m, schema);
	if (!schema || depth > DEEPEST || !import_afford(m->im, TYPE_COST)) {
		if (!m->too_deep)
			changed(m, schema ? "its type is nested too deep; it is text here" : "its type refers to nothing; it is text here");
		m->too_deep = true;
		return of("string max 4096", "\"example\"");
	}
	choice = only_choice(schema, &nullable);
	if (choice) {
		out = make(m, choice, depth + 1);
		out.nullable |= nullable;
		return out;
	}
	word = type_word(schema, &nullable, &several);
	properties = get(schema, "properties");
	if (several || get(schema, "anyOf") || get(schema, "oneOf") || get(schema, "allOf") || get(schema, "not")) {
		changed(m, "it is one of several types, or all of them; it is text here");
		out = of("string max 65536", "\"example\"");
	} else if (get(schema, "enum") && get(schema, "enum")->kind == KRUX_V_LIST && !is(word, "integer") &&
	           !is(word, "number")) {
		out = make_enum(m, get(schema, "enum"));
	} else if (is(word, "string")) {
		out = make_string(m, schema, depth);
	} else if (is(word, "integer")) {
		if (get(schema, "enum"))
			changed(m, "its values are not checked");
		out = make_integer(m, schema);
	} else if (is(word, "number")) {
		out = make_number(m, schema);
	} else if (is(word, "boolean")) {
		out = of("bool", "false");
	} else if (is(word, "array")) {
		out = make_array(m, schema, depth);
	} else if (properties && properties->kind == KRUX_V_MAP && properties->map.n) {
		out = make_record(m, properties, schema, depth);
	} else if (is(word, "object")) {
		out = make_map(m, schema, depth);
	} else {
		changed(m, "its type is not known; it is text here");
		out = of("string max 65536", "\"example\"");
	}
	out.nullable |= nullable;
	return out;
}

/* ---- fields ---- */

static struct krux_str default_of(struct maker *m, const struct krux_value *v, struct krux_str type)
{
	krux_i128 n;

	if (v->kind == KRUX_V_BOOL && is(type, "bool"))
		return v->b ? KRUX_STR("true") : KRUX_STR("false");
	if (v->kind == KRUX_V_TEXT && type.n > 4 && !memcmp(type.p, "enum", 4) && is_word(v->str) &&
	    memmem(type.p, type.n, v->str.p, v->str.n))
		return v->str;
	if (v->kind == KRUX_V_TEXT && type.n > 6 && !memcmp(type.p, "string", 6) && v->str.n <= 64 &&
	    !memmem(type.p, type.n, "pattern", 7))
		return import_quoted(m->im->arena, v->str);
	if (whole(v, &n) && type.n >= 3 && !memcmp(type.p, "int", 3)) {
		const char *dots = memmem(type.p, type.n, "..", 2);

		if (!dots || (n >= strtoll(type.p + 4, NULL, 10) && n <= strtoll(dots + 2, NULL, 10)))
			return arena_printf(m->im->arena, "%lld", (long long)n);
	}
	if (v->kind == KRUX_V_LIST && !v->list.n && type.n > 4 && !memcmp(type.p, "list", 4))
		return KRUX_STR("[]");
	changed(m, "its default is not carried over");
	return (struct krux_str){ 0 };
}

void import_mcp_fields(struct importer *im, struct draft_cap *c, const struct krux_value *schema, bool input)
{
	const struct krux_value *properties = get(schema, "properties"), *more = get(schema, "additionalProperties");
	struct maker m = { .im = im, .root = schema };

	if (more && input && !(more->kind == KRUX_V_BOOL && !more->b))
		import_note(im, &c->notes, IMPORT_CHANGED, ((struct span){ im->src, 0, 1 }),
		            "%.*s takes further arguments there, and none here", STR_ARG(c->name));
	for (size_t i = 0; properties && properties->kind == KRUX_V_MAP && i < properties->map.n; i++) {
		const struct krux_member *p = &properties->map.member[i];
		const struct krux_value *deflt = get(&p->value, "default");
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
		f->doc = import_line(im->arena, text(&p->value, "description"));
		if (input && deflt && deflt->kind != KRUX_V_NULL)
			f->deflt = default_of(&m, deflt, f->type);
		f->optional = !f->deflt.n && (made.nullable || !is_required(schema, p->key));
		if (f->kind == DRAFT_URL && f->optional) {
			f->type = KRUX_STR("string max 8192");
			f->kind = DRAFT_OTHER;
			changed(&m, "an optional url cannot be bound to an effect; it is a string here");
		}
	}
}
