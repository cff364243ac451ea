/* Types as written to types with every bound set. */
#include "compiler/model/cap_resolve.h"

#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"
#include "compiler/model/literal.h"
#include "compiler/model/pattern.h"

/* Values are at most 64 deep with the map of the arguments around them. */
enum { DEEPEST = KRUX_MAX_DEPTH - 2, MOST_PLACES = 1024, MOST_PLACES_OF_ALL = 1 << 21 };

#define BIT(kind) (1u << (kind))
#define RANGED (BIT(KRUX_T_INT) | BIT(KRUX_T_UINT) | BIT(KRUX_T_DECIMAL) | BIT(KRUX_T_PORT) | \
                BIT(KRUX_T_DATETIME) | BIT(KRUX_T_DURATION) | BIT(KRUX_T_SIZE))
#define BOUNDED (BIT(KRUX_T_STRING) | BIT(KRUX_T_BYTES) | BIT(KRUX_T_PATH) | BIT(KRUX_T_URL) | \
                 BIT(KRUX_T_HOST) | BIT(KRUX_T_LIST) | BIT(KRUX_T_MAP))
#define RESOURCE (BIT(KRUX_T_PATH) | BIT(KRUX_T_URL) | BIT(KRUX_T_HOST) | BIT(KRUX_T_LIST) | \
                  BIT(KRUX_T_MAP) | BIT(KRUX_T_RECORD))

/* ---- bounds ---- */

/* One end of a range, in the widest type of its kind. */
static bool end_read(struct cap_ctx *c, struct krux_type *t, const struct literal *l,
                     krux_i128 *out)
{
	struct krux_type widest = type_widest(t);
	struct literal_fault f;
	struct krux_value v;
	struct diag *d;

	if (!literal_canon(c->arena, &widest, l, &v, &f)) {
		d = diag_error(c->diags, 1006, f.at, "this bound is no value of %s: %.*s",
		               krux_type_word(t->kind), STR_ARG(f.text));
		d->expected = f.expected;
		return false;
	}
	*out = value_number(&v);
	return true;
}

static bool range_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	struct diag *d;

	if (!ast->lo)
		return true;
	if (!(RANGED & BIT(t->kind))) {
		d = diag_error(c->diags, 1005, span_join(ast->lo->at, ast->hi->at),
		               "%s has no range", kind_words(t->kind));
		d->expected = KRUX_STR(
			"a range only on int, uint, decimal, port, datetime, duration and size");
		return false;
	}
	if (!end_read(c, t, ast->lo, &t->lo) || !end_read(c, t, ast->hi, &t->hi))
		return false;
	if (t->lo > t->hi) {
		d = diag_error(c->diags, 1006, span_join(ast->lo->at, ast->hi->at),
		               "the range holds no value");
		d->expected = KRUX_STR("the lower end first; both ends are in the range");
		return false;
	}
	return true;
}

static uint64_t max_most(const struct krux_type *t)
{
	if (t->kind == KRUX_T_LIST || t->kind == KRUX_T_MAP)
		return KRUX_MAX_ELEMENTS;
	return kind_widest(t->kind)->max;
}

static bool max_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	struct literal_fault f;
	struct diag *d;

	if (!ast->max) {
		if (t->kind == KRUX_T_LIST || t->kind == KRUX_T_MAP) {
			d = diag_error(c->diags, 1004, ast->at, "a %s has no bound of its own",
			               krux_type_word(t->kind));
			d->expected = KRUX_STR("`max N`, N at most 65536");
			d->fix = arena_printf(c->arena, "write `max 100` behind the %s",
			                      krux_type_word(t->kind));
			return false;
		}
		if (t->kind == KRUX_T_STRING || t->kind == KRUX_T_BYTES)
			t->max = c->string_max;
		return true;
	}
	if (!(BOUNDED & BIT(t->kind))) {
		d = diag_error(c->diags, 1005, ast->max->at, "%s has no max", kind_words(t->kind));
		d->expected =
			KRUX_STR("`max` only on string, bytes, path, url, host, list and map");
		return false;
	}
	if (!literal_count(c->arena, ast->max, &t->max, &f)) {
		diag_error(c->diags, 1006, f.at, "this bound is no number: %.*s", STR_ARG(f.text));
		return false;
	}
	if (!t->max || t->max > max_most(t)) {
		d = diag_error(c->diags, 1006, ast->max->at, "`max` of a %s is out of range",
		               krux_type_word(t->kind));
		d->expected = arena_printf(c->arena, "1..%llu", (unsigned long long)max_most(t));
		return false;
	}
	return true;
}

static bool scale_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	struct literal_fault f;
	uint64_t n = 0;
	struct diag *d;

	if (t->kind != KRUX_T_DECIMAL) {
		if (!ast->scale)
			return true;
		d = diag_error(c->diags, 1005, ast->scale->at, "%s has no number of digits",
		               kind_words(t->kind));
		d->expected = KRUX_STR("digits after the point only on decimal");
		return false;
	}
	if (!ast->scale || !literal_count(c->arena, ast->scale, &n, &f) || n > KRUX_MAX_SCALE) {
		d = diag_error(c->diags, 1008, ast->scale ? ast->scale->at : ast->at,
		               "a decimal says how many digits it has after the point");
		d->expected = KRUX_STR("`decimal N` with N of 0..18, such as `decimal 2`");
		return false;
	}
	t->scale = (uint8_t)n;
	return true;
}

static bool pattern_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	const char *why;
	struct diag *d;
	size_t at;

	if (!ast->pattern)
		return true;
	if (t->kind != KRUX_T_STRING) {
		d = diag_error(c->diags, 1005, ast->pattern->at, "%s has no pattern",
		               kind_words(t->kind));
		d->expected = KRUX_STR("`pattern` only on string");
		return false;
	}
	if (!regex_check(ast->pattern->text, &why, &at)) {
		if (why == regex_large)
			diag_error(c->diags, 9015, ast->pattern->at, "%s", why)->expected =
				KRUX_STR(REGEX_LARGEST);
		else
			diag_error(c->diags, 1015, literal_byte(ast->pattern, at),
			           "the pattern is wrong at byte %zu: %s", at + 1, why);
		return false;
	}
	t->pattern = ast->pattern->text;
	return true;
}

/* ---- kinds with parts ---- */

static bool enum_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, ast->nnames);
	struct names names;
	struct diag *d;

	if (!ast->nnames || ast->nnames > KRUX_MAX_ENUM) {
		d = diag_error(c->diags, 1009, ast->at, "an enum has %zu names", ast->nnames);
		d->expected = KRUX_STR("1 to 256 names");
		return false;
	}
	for (size_t i = 0; i < ast->nnames; i++) {
		name[i] = ast->names[i].text;
		if (name[i].n > t->max)
			t->max = name[i].n;
	}
	names_make(&names, c->arena, name, ast->nnames);
	for (uint32_t i = 0; i < ast->nnames; i++)
		if (names_first(&names, i) != i) {
			d = diag_error(c->diags, 1009, ast->names[i].at,
			               "the name `%.*s` is in the enum twice", STR_ARG(name[i]));
			d->other = ast->names[names_first(&names, i)].at;
			d->other_text = KRUX_STR("first here");
			return false;
		}
	t->name = name;
	t->nnames = ast->nnames;
	t->hi = (krux_i128)ast->nnames - 1;
	return true;
}

static const struct krux_type *element_resolve(struct cap_ctx *c, const struct ast_type *ast)
{
	if (ast->optional) {
		diag_error(c->diags, 1012, ast->at, "an element is never absent")->fix =
			KRUX_STR("leave `optional` out");
		return NULL;
	}
	return type_resolve(c, ast);
}

static bool fields_resolve(struct cap_ctx *c, const struct ast_field *ast, size_t n,
                           struct krux_type *t, bool documented);

static bool parts_resolve(struct cap_ctx *c, const struct ast_type *ast, struct krux_type *t)
{
	struct diag *d;

	switch (t->kind) {
	case KRUX_T_ENUM:
		return enum_resolve(c, ast, t);
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		t->elem = element_resolve(c, ast->elem);
		return t->elem != NULL;
	case KRUX_T_RECORD:
		if (ast->nfields && ast->nfields <= KRUX_MAX_FIELDS)
			return fields_resolve(c, ast->field, ast->nfields, t, false);
		d = diag_error(c->diags, 1011, ast->at, "a record has %zu fields", ast->nfields);
		d->expected = KRUX_STR("1 to 64 fields");
		return false;
	default:
		return true;
	}
}

/* ---- named types ---- */

/* Leaves of a type, written out; its parts have passed size_check, so this ends soon. */
static size_t places_of(const struct krux_type *t)
{
	size_t n = 1;

	if (t->elem)
		n += places_of(t->elem);
	for (size_t i = 0; i < t->nfields && n <= MOST_PLACES; i++)
		n += places_of(t->field[i].type);
	return n;
}

static size_t depth_of(const struct krux_type *t)
{
	size_t deepest = t->elem ? depth_of(t->elem) : 0;

	for (size_t i = 0; i < t->nfields; i++) {
		size_t d = depth_of(t->field[i].type);

		deepest = d > deepest ? d : deepest;
	}
	return deepest + 1;
}

static bool size_check(struct cap_ctx *c, const struct krux_type *t, struct span at)
{
	struct diag *d;

	if (places_of(t) <= MOST_PLACES && depth_of(t) <= DEEPEST)
		return true;
	d = diag_error(c->diags, 1014, at, "the type is too large once its names are written out");
	d->expected = arena_printf(c->arena, "at most %d places, nested at most %d deep",
	                           MOST_PLACES, DEEPEST);
	return false;
}

static const struct krux_type *named_resolve(struct cap_ctx *c, const struct ast_type *ast)
{
	uint32_t i = names_find(&c->ns->types, ast->word);
	struct named_type *n;
	struct diag *d;

	if (i == NAMES_NONE) {
		struct krux_str near =
			name_near(c->diags, ast->word, c->ns->types.name, c->ns->types.n);

		d = diag_error(c->diags, 1001, ast->at, "there is no type `%.*s`",
		               STR_ARG(ast->word));
		d->expected = KRUX_STR(
			"a type of the language, or one that a file of this namespace declares");
		if (!near.n)
			near = kind_near(ast->word);
		if (near.n)
			d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
		return NULL;
	}
	n = &c->ns->type[i];
	if (n->failed || (n->made && n->bound == c->string_max))
		return n->type;
	if (n->busy) {
		d = diag_error(c->diags, 1003, ast->at, "the type `%.*s` contains itself",
		               STR_ARG(ast->word));
		d->other = n->ast->at;
		d->other_text = KRUX_STR("declared here");
		n->failed = true;
		return n->type = NULL;
	}
	n->busy = true;
	n->type = element_resolve(c, n->ast->type);
	n->busy = false;
	n->made = true;
	n->bound = c->string_max;
	n->failed = n->failed || !n->type || !size_check(c, n->type, n->ast->at);
	if (n->failed)
		n->type = NULL;
	if (n->type && !n->type->type_name.n) {
		struct krux_type *t = ARENA_NEW(c->arena, struct krux_type);

		*t = *n->type;
		t->type_name = n->ast->name;
		n->type = t;
	}
	return n->type;
}

static bool bounds_absent(struct cap_ctx *c, const struct ast_type *ast)
{
	const struct literal *l = ast->lo      ? ast->lo
	                          : ast->max   ? ast->max
	                          : ast->scale ? ast->scale
	                                       : ast->pattern;

	if (l)
		diag_error(c->diags, 1005, l->at, "the declared type `%.*s` has its own bounds",
		           STR_ARG(ast->word))
			->fix = KRUX_STR("put the bound where the type is declared");
	return !l;
}

static const struct krux_type *unused_mark(struct cap_ctx *c, const struct ast_type *ast,
                                           const struct krux_type *t)
{
	struct krux_type *u;

	if (!ast->unused || !t)
		return t;
	if (!(RESOURCE & BIT(t->kind))) {
		diag_error(c->diags, 1013, ast->at,
		           "%s names no resource, so `unused` says nothing", kind_words(t->kind))
			->fix = KRUX_STR("leave `unused` out");
		return NULL;
	}
	u = ARENA_NEW(c->arena, struct krux_type);
	*u = *t;
	u->unused = true;
	return u;
}

static const struct krux_type *kind_resolve(struct cap_ctx *c, enum krux_tkind kind,
                                            const struct ast_type *ast)
{
	struct krux_type *t = ARENA_NEW(c->arena, struct krux_type);

	*t = *kind_widest(kind);
	t->kind = kind;
	return scale_resolve(c, ast, t) && range_resolve(c, ast, t) && max_resolve(c, ast, t) &&
	       pattern_resolve(c, ast, t) && parts_resolve(c, ast, t) ? t : NULL;
}

const struct krux_type *type_resolve(struct cap_ctx *c, const struct ast_type *ast)
{
	enum krux_tkind kind = kind_find(ast->word);
	const struct krux_type *t = NULL;

	if (c->depth == DEEPEST) {
		diag_error(c->diags, 1014, ast->at, "the type is nested more than %d deep",
		           DEEPEST);
		return NULL;
	}
	if (++*c->places > MOST_PLACES_OF_ALL) {
		diag_error(c->diags, 1014, ast->at,
		           "the types of this build are too large together");
		return NULL;
	}
	c->depth++;
	if (kind != KRUX_T_COUNT)
		t = kind_resolve(c, kind, ast);
	else if (bounds_absent(c, ast))
		t = named_resolve(c, ast);
	c->depth--;
	return unused_mark(c, ast, t);
}

/* ---- fields ---- */

static bool default_resolve(struct cap_ctx *c, const struct ast_field *ast, struct krux_field *f)
{
	struct krux_value *v = ARENA_NEW(c->arena, struct krux_value);
	struct literal_fault fault;
	struct diag *d;

	if (!ast->deflt)
		return true;
	if (f->optional) {
		d = diag_error(c->diags, 1012, ast->type->at,
		               "`%.*s` has a default, so it is never absent", STR_ARG(ast->name));
		d->fix = KRUX_STR("leave out `optional`, or the default");
		return false;
	}
	if (!literal_canon(c->arena, f->type, ast->deflt, v, &fault)) {
		d = diag_error(c->diags, 1007, fault.at,
		               "the default of `%.*s` is not a value of its type: %.*s",
		               STR_ARG(ast->name), STR_ARG(fault.text));
		d->expected = fault.expected;
		return false;
	}
	f->deflt = v;
	return true;
}

static bool field_resolve(struct cap_ctx *c, const struct ast_field *ast, struct krux_field *f,
                          bool documented)
{
	struct diag *d;

	*f = (struct krux_field){ .name = ast->name,
		                  .doc = ast->doc,
		                  .optional = ast->type->optional };
	f->type = type_resolve(c, ast->type);
	if (documented && !ast->doc.n) {
		d = diag_error(c->diags, 1026, ast->at,
		               "the input field `%.*s` has no documentation", STR_ARG(ast->name));
		d->expected = KRUX_STR("a sentence in quotes before the semicolon");
		return false;
	}
	return f->type && default_resolve(c, ast, f);
}

static bool fields_resolve(struct cap_ctx *c, const struct ast_field *ast, size_t n,
                           struct krux_type *t, bool documented)
{
	struct krux_field *field = ARENA_ARRAY(c->arena, struct krux_field, n);
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		ok = field_resolve(c, &ast[i], &field[i], documented) && ok;
		for (size_t k = 0; k < i; k++)
			if (krux_str_eq(ast[k].name, ast[i].name)) {
				struct diag *d = diag_error(c->diags, 1010, ast[i].at,
				                            "the field `%.*s` is declared twice",
				                            STR_ARG(ast[i].name));

				d->other = ast[k].at;
				d->other_text = KRUX_STR("first declared here");
				ok = false;
				break;
			}
	}
	t->field = field;
	t->nfields = n;
	return ok && size_check(c, t, ast[0].at);
}

static bool effect_words_free(struct cap_ctx *c, const struct ast_field *ast, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < EFFECT_COUNT; k++) {
			const char *word = effect_word(k);

			if (k == EFFECT_NONE || k == EFFECT_STATE ||
			    strlen(word) != ast[i].name.n ||
			    memcmp(word, ast[i].name.p, ast[i].name.n) != 0)
				continue;
			diag_error(c->diags, 1016, ast[i].at,
			           "a field `%s` would hide the effect word in every condition", word)
				->fix = KRUX_STR("choose another name");
			ok = false;
		}
	return ok;
}

const struct krux_type *record_resolve(struct cap_ctx *c, const struct ast_field *ast, size_t n,
                                       struct span at, bool input)
{
	struct krux_type *t = ARENA_NEW(c->arena, struct krux_type);
	struct diag *d;

	t->kind = KRUX_T_RECORD;
	if (n > KRUX_MAX_FIELDS) {
		d = diag_error(c->diags, 1011, at, "the %s has %zu fields",
		               input ? "input" : "output", n);
		d->expected = arena_printf(c->arena, "at most %s fields", KRUX_SHOWN(FIELDS));
		return NULL;
	}
	if (!n)
		return t;
	return fields_resolve(c, ast, n, t, input) && (!input || effect_words_free(c, ast, n))
	               ? t
	               : NULL;
}
