/* KruxOS inputs and outputs to fields: their types, what those are here, and their defaults. */
#include <string.h>

#include "compiler/read/import_kruxos.h"

/* ---- types ---- */

/* What their types are here. `review`: what of it was invented. */
static const struct {
	const char *theirs, *ours, *sample, *review;
	enum draft_kind kind;
} types[] = {
	{ "String", "string max 64KiB", "\"example\"", "bound", DRAFT_OTHER },
	{ "Integer", "int", "1", NULL, DRAFT_OTHER },
	{ "Float", "decimal 6", "1", "six digits after the point", DRAFT_OTHER },
	{ "Number", "decimal 6", "1", "six digits after the point", DRAFT_OTHER },
	{ "Boolean", "bool", "false", NULL, DRAFT_OTHER },
	{ "FilesystemPath", "path", "\"/workspace/example\"", NULL, DRAFT_PATH },
	{ "URL", "url", "\"https://example.com/\"", NULL, DRAFT_URL },
	{ "DateTime", "datetime", "\"2026-01-01T00:00:00Z\"", NULL, DRAFT_OTHER },
	{ "SHA256", "digest", "\"0000000000000000000000000000000000000000000000000000000000000000\"", NULL,
	  DRAFT_OTHER },
	{ "AgentId", "string max 64 pattern \"[a-z0-9._\\\\-]+\"", "\"example\"", NULL, DRAFT_OTHER },
	{ "SessionId", "string max 128", "\"example\"", "bound", DRAFT_OTHER },
	{ "GlobPattern", "string max 4096", "\"*\"", "bound", DRAFT_OTHER },
	{ "CronExpression", "string max 256", "\"0 * * * *\"", "bound", DRAFT_OTHER },
	{ "Signal", "string max 32", "\"TERM\"", "bound", DRAFT_OTHER },
	{ "Array", "list<string max 4KiB> max 256", "[]", "type of the elements, and bounds", DRAFT_OTHER },
	{ "Object", "map<string, string max 4KiB> max 32", "{}", "type of the values, and bounds", DRAFT_OTHER },
};

/* Contents of files and the like are larger than other texts. */
static bool is_content(struct krux_str name)
{
	return text_is(name, "content") || text_is(name, "body") || text_is(name, "data") || text_is(name, "stdin") ||
	       text_is(name, "stdout") || text_is(name, "stderr");
}

static void type_read(struct importer *im, struct draft_field *f, const struct yaml_node *map, bool input)
{
	const struct yaml_node *type = yaml_get(map, "type");
	struct krux_str theirs = text_of(type);
	size_t i = 0, n = 0;

	while (n < sizeof types / sizeof *types && !text_is(theirs, types[n].theirs))
		n++;
	if (n < sizeof types / sizeof *types) {
		i = n;
	} else {
		import_note(im, &f->notes, IMPORT_CHANGED, type ? type->at : map->child->at,
		            "the type %.*s is unknown; it is a string here",
		            STR_ARG(theirs.n ? theirs : KRUX_STR("that was left out")));
	}
	f->type = (struct krux_str){ types[i].ours, strlen(types[i].ours) };
	f->sample = (struct krux_str){ types[i].sample, strlen(types[i].sample) };
	f->kind = types[i].kind;
	if (!strcmp(types[i].theirs, "Array") || !strcmp(types[i].theirs, "Object"))
		import_note(im, &f->notes, IMPORT_CHANGED, type->at, "%s of anything is %s of strings here: every "
		            "type has a bound", types[i].theirs, i && types[i].theirs[0] == 'A' ? "a list" : "a map");
	if (i == 0 && !input)
		f->type = KRUX_STR("string");
	else if (i == 0 && is_content(f->name))
		f->type = KRUX_STR("string max 1MiB");
	if (types[i].review && (input || i))
		import_review(im, &f->notes, "%s", types[i].review);
}

/* A default as a literal of the field's type; n 0 after a note where it is none. */
static struct krux_str default_literal(struct importer *im, struct draft_field *f, const struct yaml_node *v)
{
	struct krux_str s = v->text;
	bool digits = s.n != 0;

	for (size_t i = 0; i < s.n; i++)
		digits &= (s.p[i] >= '0' && s.p[i] <= '9') || (!i && s.p[i] == '-' && s.n > 1) ||
		          (i && s.p[i] == '.' && i + 1 < s.n && text_has(f->type, "decimal"));
	if (text_is(f->type, "bool")) {
		if (text_is_any_case(s, "true"))
			return KRUX_STR("true");
		if (text_is_any_case(s, "false"))
			return KRUX_STR("false");
	} else if (text_is(f->type, "int") || text_is(f->type, "decimal 6")) {
		if (digits && s.n <= 18)
			return s;
	} else if (f->type.n >= 6 && !memcmp(f->type.p, "string", 6)) {
		if (s.n <= 32)
			return import_quoted(im->arena, s);
	} else if (text_is(s, "[]") || text_is(s, "{}")) {
		return s;
	}
	import_note(im, &f->notes, IMPORT_LOST, v->at, "the default %.*s is no value of type %.*s", STR_ARG(import_line(im->arena, s)),
	            STR_ARG(f->type));
	return (struct krux_str){ 0 };
}

static void field_unknown_keys(struct importer *im, struct draft_field *f, const struct yaml_node *map)
{
	static const char *const known[] = { "name", "type", "required", "default", "description" };

	for (const struct yaml_node *k = map->child; k; k = k->next->next) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found |= text_is(k->text, known[i]);
		if (!found)
			import_note(im, &f->notes, IMPORT_LOST, k->at, "`%.*s` of the field %.*s has no counterpart",
			            STR_ARG(k->text), STR_ARG(f->name));
	}
}

static void field_read(struct importer *im, struct draft_cap *c, const struct yaml_node *map, bool input)
{
	const struct yaml_node *deflt, *name = map->kind == YAML_MAPPING ? yaml_get(map, "name") : NULL;
	struct draft_field *f;

	if (!name || name->kind != YAML_SCALAR || !name->text.n) {
		import_note(im, &c->notes, IMPORT_LOST, map->at, "%s without a name", input ? "an input" : "an output");
		return;
	}
	f = input ? draft_input(im, c, name->text, name->at) : draft_output(im, c, name->text, name->at);
	if (!f) {
		import_note(im, &c->notes, IMPORT_LOST, name->at, "%.*s: a capability has at most 64 fields",
		            STR_ARG(name->text));
		return;
	}
	type_read(im, f, map, input);
	f->doc = import_line(im->arena, text_of(yaml_get(map, "description")));
	deflt = yaml_get(map, "default");
	if (input && deflt && text_of(deflt).p)
		f->deflt = default_literal(im, f, deflt);
	if (input && !f->deflt.n) {
		struct krux_str required = text_of(yaml_get(map, "required"));

		f->optional = !(text_is_any_case(required, "true"));
	}
	field_unknown_keys(im, f, map);
}

void import_kruxos_fields(struct importer *im, struct draft_cap *c, const struct yaml_node *list, bool input)
{
	if (!list || (list->kind == YAML_SCALAR && !list->text.n))
		return;
	if (list->kind != YAML_SEQUENCE) {
		import_note(im, &c->notes, IMPORT_LOST, list->at, "%s is no list", input ? "inputs" : "outputs");
		return;
	}
	for (const struct yaml_node *i = list->child; i; i = i->next)
		field_read(im, c, i, input);
}
