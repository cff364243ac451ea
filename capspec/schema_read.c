/* Schema CBOR to capabilities. Nothing of the bytes is believed: kinds, ranges, names, places
 * and defaults are checked, types only hold types before them, and in the end what was read is
 * written again and has to be the same bytes. */
#include "capspec/schema.h"

#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

struct reader {
	struct krux_pool *pool;
	struct krux_refusal *refusal;
	const struct krux_type *type;
	unsigned char *depth;         /* of each type */
	size_t ntypes;
	const char *part;             /* "types" or "capabilities" */
	size_t index;                 /* in it */
	const char *key;              /* at hand; NULL: none */
};

static bool read_refuse(struct reader *r, const char *why)
{
	char where[96] = "";

	if (r->part)
		snprintf(where, sizeof where, "%s[%zu]%s%s", r->part, r->index, r->key ? "." : "",
		         r->key ? r->key : "");
	return krux_refuse(r->refusal, where, why);
}

static bool memory_refuse(struct reader *r)
{
	return read_refuse(r, "out of memory");
}

/* ---- members ---- */

static const struct krux_value *get(struct reader *r, const struct krux_value *map, const char *key,
                                    enum krux_vkind kind)
{
	const struct krux_value *v = krux_value_get(map, key);

	r->key = key;
	if (v && v->kind == kind)
		return v;
	read_refuse(r, v ? "is of another kind" : "is missing");
	return NULL;
}

/* Optional flags are written only when they are true. */
static bool flag_get(struct reader *r, const struct krux_value *map, const char *key, bool *out)
{
	const struct krux_value *v = krux_value_get(map, key);

	r->key = key;
	*out = v != NULL;
	return !v || (v->kind == KRUX_V_BOOL && v->b) || read_refuse(r, "is true or left out");
}

static bool text_get(struct reader *r, const struct krux_value *map, const char *key, struct krux_str *out)
{
	const struct krux_value *v = get(r, map, key, KRUX_V_TEXT);

	if (!v)
		return false;
	if (v->str.n && memchr(v->str.p, 0, v->str.n))
		return read_refuse(r, "holds a NUL");
	*out = v->str;
	return true;
}

static bool uint_get(struct reader *r, const struct krux_value *map, const char *key, uint64_t max,
                     uint64_t *out)
{
	const struct krux_value *v = get(r, map, key, KRUX_V_UINT);

	if (!v)
		return false;
	*out = v->u;
	return v->u <= max || read_refuse(r, "is too large");
}

static bool word_start(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool word_char(char c)
{
	return word_start(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Identifiers, labels. */
static bool word_valid(struct krux_str s)
{
	if (s.n < 1 || s.n > KRUX_MAX_NAME || !word_start(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!word_char(s.p[i]))
			return false;
	return true;
}

/* Two or more words with '.' between them. */
static bool capability_name_valid(struct krux_str s)
{
	unsigned words = 0;

	for (size_t from = 0; from <= s.n; words++) {
		const char *dot = from < s.n ? memchr(s.p + from, '.', s.n - from) : NULL;
		size_t to = dot ? (size_t)(dot - s.p) : s.n;

		if (!word_valid((struct krux_str){ s.p + from, to - from }))
			return false;
		from = to + 1;
	}
	return words >= 2 && s.n <= 4 * KRUX_MAX_NAME;
}

/* ---- types ---- */

static bool type_ref(struct reader *r, const struct krux_value *map, const char *key,
                     const struct krux_type **out, unsigned *depth)
{
	uint64_t i;

	if (!uint_get(r, map, key, UINT32_MAX, &i))
		return false;
	if (i >= r->ntypes)
		return read_refuse(r, "names a type that is not before it");
	*out = &r->type[i];
	if (r->depth[i] + 1u > *depth)
		*depth = r->depth[i] + 1u;
	return true;
}

static bool range_read(struct reader *r, const struct krux_value *map, struct krux_type *t, krux_i128 lo,
                       krux_i128 hi)
{
	krux_i128 *const bound[] = { &t->lo, &t->hi };
	static const char *const keys[] = { "lo", "hi" };

	for (int i = 0; i < 2; i++) {
		const struct krux_value *v = krux_value_get(map, keys[i]);

		r->key = keys[i];
		if (!v || (v->kind != KRUX_V_UINT && v->kind != KRUX_V_NINT))
			return read_refuse(r, "is a number");
		*bound[i] = v->kind == KRUX_V_UINT ? (krux_i128)v->u : -1 - (krux_i128)v->u;
		if (*bound[i] < lo || *bound[i] > hi)
			return read_refuse(r, "is beyond the type");
	}
	return t->lo <= t->hi || read_refuse(r, "is below lo");
}

static bool names_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	const struct krux_value *v = get(r, map, "names", KRUX_V_LIST);
	struct krux_str *name;

	if (!v)
		return false;
	if (v->list.n < 1 || v->list.n > KRUX_MAX_ENUM)
		return read_refuse(r, "an enum has 1 to 256 names");
	name = krux_pool_get(r->pool, v->list.n * sizeof *name);
	if (!name)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		const struct krux_value *item = &v->list.item[i];

		if (item->kind != KRUX_V_TEXT || item->str.n < 1 || item->str.n > KRUX_MAX_NAME)
			return read_refuse(r, "a name has 1 to 63 bytes");
		name[i] = item->str;
		for (size_t k = 0; k < i; k++)
			if (krux_str_eq(name[i], name[k]))
				return read_refuse(r, "a name is there twice");
	}
	t->name = name;
	t->nnames = v->list.n;
	t->lo = 0;
	t->hi = (krux_i128)v->list.n - 1;
	return true;
}

static bool default_read(struct reader *r, const struct krux_value *map, struct krux_field *f)
{
	const struct krux_value *v = krux_value_get(map, "default");
	struct krux_value canonical;

	if (!v)
		return true;
	r->key = "default";
	if (!krux_canon(r->pool, f->type, v, &canonical, NULL) || !krux_value_eq(v, &canonical))
		return read_refuse(r, "is no canonical value of its type");
	f->deflt = v;
	return !f->optional || read_refuse(r, "belongs to a field that is not optional");
}

static bool field_read(struct reader *r, const struct krux_value *map, struct krux_field *f, unsigned *depth)
{
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "a field is a map");
	if (!text_get(r, map, "name", &f->name))
		return false;
	if (!word_valid(f->name))
		return read_refuse(r, "is no name of a field");
	return text_get(r, map, "doc", &f->doc) && type_ref(r, map, "type", &f->type, depth) &&
	       flag_get(r, map, "optional", &f->optional) && default_read(r, map, f);
}

static bool fields_read(struct reader *r, const struct krux_value *map, struct krux_type *t, unsigned *depth)
{
	const struct krux_value *v = get(r, map, "fields", KRUX_V_LIST);
	struct krux_field *field;

	if (!v)
		return false;
	if (v->list.n > KRUX_MAX_FIELDS)
		return read_refuse(r, "a record has at most 64 fields");
	field = krux_pool_get(r->pool, v->list.n * sizeof *field);
	if (!field)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		if (!field_read(r, &v->list.item[i], &field[i], depth))
			return false;
		for (size_t k = 0; k < i; k++)
			if (krux_str_eq(field[i].name, field[k].name))
				return read_refuse(r, "a field is there twice");
	}
	t->field = field;
	t->nfields = v->list.n;
	return true;
}

static bool kind_read(struct reader *r, const struct krux_value *map, enum krux_tkind *kind)
{
	struct krux_str word;

	if (!text_get(r, map, "kind", &word))
		return false;
	for (*kind = 0; *kind < KRUX_T_COUNT; ++*kind) {
		const char *w = krux_type_word(*kind);

		if (krux_str_eq(word, (struct krux_str){ w, strlen(w) }))
			return true;
	}
	return read_refuse(r, "is no kind of type");
}

static bool pattern_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	const char *why;

	if (!krux_value_get(map, "pattern"))
		return true;
	if (!text_get(r, map, "pattern", &t->pattern))
		return false;
	if (!t->pattern.n)
		return read_refuse(r, "is left out when it is empty");
	return krux_pattern_compile(r->pool, t->pattern, &why) || read_refuse(r, why);
}

/* Bounds and parts that belong to the kind. */
static bool details_read(struct reader *r, const struct krux_value *map, struct krux_type *t, unsigned *depth)
{
	uint64_t scale;

	switch (t->kind) {
	case KRUX_T_BOOL:
		t->hi = 1;
		return true;
	case KRUX_T_UINT:
		return range_read(r, map, t, 0, UINT64_MAX);
	case KRUX_T_DECIMAL:
		if (!uint_get(r, map, "scale", KRUX_MAX_SCALE, &scale))
			return false;
		t->scale = (uint8_t)scale;
		/* fallthrough */
	case KRUX_T_INT:
	case KRUX_T_DATETIME:
		return range_read(r, map, t, INT64_MIN, INT64_MAX);
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		return range_read(r, map, t, 0, INT64_MAX);
	case KRUX_T_PORT:
		return range_read(r, map, t, 1, 65535);
	case KRUX_T_STRING:
		return uint_get(r, map, "max", UINT32_MAX, &t->max) && pattern_read(r, map, t);
	case KRUX_T_BYTES:
		return uint_get(r, map, "max", UINT32_MAX, &t->max);
	case KRUX_T_PATH:
		return uint_get(r, map, "max", KRUX_MAX_PATH, &t->max);
	case KRUX_T_URL:
		return uint_get(r, map, "max", KRUX_MAX_URL, &t->max);
	case KRUX_T_HOST:
		return uint_get(r, map, "max", KRUX_MAX_HOST, &t->max);
	case KRUX_T_IP:
	case KRUX_T_CIDR:
	case KRUX_T_DIGEST:
	case KRUX_T_SECRET:
		t->max = t->kind == KRUX_T_IP ? 16 : t->kind == KRUX_T_CIDR ? KRUX_MAX_CIDR : 64;
		return true;
	case KRUX_T_ENUM:
		return names_read(r, map, t);
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		return type_ref(r, map, "elem", &t->elem, depth) &&
		       uint_get(r, map, "max", KRUX_MAX_ELEMENTS, &t->max);
	case KRUX_T_RECORD:
		return fields_read(r, map, t, depth);
	case KRUX_T_COUNT:
		break;
	}
	return read_refuse(r, "is no kind of type");
}

static bool type_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	unsigned depth = 0;

	r->key = NULL;
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "a type is a map");
	if (!kind_read(r, map, &t->kind) || !flag_get(r, map, "unused", &t->unused) ||
	    (krux_value_get(map, "name") && !text_get(r, map, "name", &t->type_name)) ||
	    !details_read(r, map, t, &depth))
		return false;
	r->key = NULL;
	if (depth >= KRUX_MAX_DEPTH)
		return read_refuse(r, "nested more than 64 deep");
	r->depth[r->ntypes] = (unsigned char)depth;
	return true;
}

static bool types_read(struct reader *r, const struct krux_value *list)
{
	struct krux_type *type = krux_pool_get(r->pool, list->list.n * sizeof *type);

	r->depth = krux_pool_get(r->pool, list->list.n);
	if (!type || !r->depth)
		return memory_refuse(r);
	r->type = type;
	r->part = "types";
	for (r->index = 0; r->index < list->list.n; r->index++, r->ntypes++)
		if (!type_read(r, &list->list.item[r->index], &type[r->index]))
			return false;
	return true;
}

/* ---- capabilities ---- */

static bool errors_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v = get(r, map, "errors", KRUX_V_LIST);
	struct krux_error_def *e;

	if (!v)
		return false;
	e = krux_pool_get(r->pool, v->list.n * sizeof *e);
	if (!e)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		const struct krux_value *item = &v->list.item[i];

		if (item->kind != KRUX_V_MAP)
			return read_refuse(r, "an error is a map");
		if (!text_get(r, item, "name", &e[i].name) || !text_get(r, item, "doc", &e[i].doc) ||
		    !text_get(r, item, "recover", &e[i].recover) || !text_get(r, item, "hint", &e[i].hint))
			return false;
	}
	c->error = e;
	c->nerrors = v->list.n;
	return true;
}

static bool arg_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                     struct krux_effect_arg *a)
{
	r->key = "effects";
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "an argument of an effect is a map");
	a->is_constant = krux_value_get(map, "constant") != NULL;
	if (!flag_get(r, map, "tree", &a->tree) || !flag_get(r, map, "prunes", &a->prunes))
		return false;
	if (a->is_constant)
		return text_get(r, map, "constant", &a->constant);
	return text_get(r, map, "access", &a->access) &&
	       ((a->access.n && krux_access_type(input, a->access)) ||
	        read_refuse(r, "is no place in the input"));
}

static bool effect_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                        struct krux_effect *e)
{
	const struct krux_value *args;
	struct krux_str word;

	r->key = "effects";
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "an effect is a map");
	if (!text_get(r, map, "kind", &word))
		return false;
	while (e->kind < KRUX_EFFECT_COUNT &&
	       !krux_str_eq(word, (struct krux_str){ krux_effect_word(e->kind), strlen(krux_effect_word(e->kind)) }))
		e->kind++;
	if (e->kind == KRUX_EFFECT_COUNT)
		return read_refuse(r, "is no kind of effect");
	args = get(r, map, "args", KRUX_V_LIST);
	if (!args)
		return false;
	e->nargs = e->kind == KRUX_EFFECT_NONE ? 0 : e->kind == KRUX_EFFECT_CONNECTS ? 2 : 1;
	if (args->list.n != e->nargs)
		return read_refuse(r, "are too many or too few for the effect");
	for (size_t i = 0; i < e->nargs; i++)
		if (!arg_read(r, &args->list.item[i], input, &e->arg[i]))
			return false;
	return true;
}

static bool effects_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v = get(r, map, "effects", KRUX_V_LIST);
	struct krux_effect *e;

	if (!v)
		return false;
	e = krux_pool_get(r->pool, v->list.n * sizeof *e);
	if (!e)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		if (!effect_read(r, &v->list.item[i], c->input, &e[i]))
			return false;
		if (krux_effect_rank(e[i].kind) > c->rank)
			c->rank = krux_effect_rank(e[i].kind);
	}
	c->effect = e;
	c->neffects = v->list.n;
	return true;
}

static bool labels_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v = get(r, map, "labels", KRUX_V_LIST);
	struct krux_str *label;

	if (!v)
		return false;
	label = krux_pool_get(r->pool, v->list.n * sizeof *label);
	if (!label)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		if (v->list.item[i].kind != KRUX_V_TEXT || !word_valid(v->list.item[i].str))
			return read_refuse(r, "is no label");
		label[i] = v->list.item[i].str;
	}
	c->label = label;
	c->nlabels = v->list.n;
	return true;
}

static bool limits_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v = get(r, map, "limits", KRUX_V_MAP);

	if (!v)
		return false;
	for (int i = 0; i < KRUX_LIMIT_COUNT; i++)
		if (!uint_get(r, v, krux_limit_word(i), INT64_MAX, &c->limit[i]))
			return false;
	return true;
}

/* The index of a word in words[0..n); n when it is none of them. */
static size_t word_index(struct krux_str s, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !krux_str_eq(s, (struct krux_str){ words[i], strlen(words[i]) }))
		i++;
	return i;
}

static bool argv_item_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                           struct krux_argv *a)
{
	static const char *const words[] = { "const", "field", "joined", "optional", "each" };
	struct krux_str word;
	size_t kind;

	r->key = "argv";
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "an item is a map");
	if (!text_get(r, map, "kind", &word))
		return false;
	kind = word_index(word, words, 5);
	if (kind == 5)
		return read_refuse(r, "is no kind of argv item");
	a->kind = (enum krux_argv_kind)kind;
	if ((a->kind == KRUX_ARGV_CONST || a->kind == KRUX_ARGV_JOINED) &&
	    !text_get(r, map, "text", &a->text))
		return false;
	if (a->kind == KRUX_ARGV_CONST)
		return true;
	return text_get(r, map, "access", &a->access) &&
	       ((a->access.n && krux_access_type(input, a->access)) ||
	        read_refuse(r, "is no place in the input"));
}

static bool command_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                         struct krux_handler *h)
{
	const struct krux_value *v;
	struct krux_argv *argv;
	uint8_t digest[32];

	if (!text_get(r, map, "sha256", &h->sha256))
		return false;
	if (!krux_hex_read(h->sha256, digest, sizeof digest))
		return read_refuse(r, "is 64 lower-case hex digits");
	v = get(r, map, "argv", KRUX_V_LIST);
	if (!v)
		return false;
	argv = krux_pool_get(r->pool, v->list.n * sizeof *argv);
	if (!argv)
		return memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++)
		if (!argv_item_read(r, &v->list.item[i], input, &argv[i]))
			return false;
	h->argv = argv;
	h->nargv = v->list.n;
	return true;
}

static bool handler_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	static const char *const words[] = { "builtin", "command", "mcp" };
	const struct krux_value *v = get(r, map, "handler", KRUX_V_MAP);
	struct krux_handler *h = &c->handler;
	struct krux_str word;
	size_t kind;

	if (!v || !text_get(r, v, "kind", &word))
		return false;
	kind = word_index(word, words, 3);
	if (kind == 3)
		return read_refuse(r, "is no kind of handler");
	h->kind = (enum krux_handler_kind)kind;
	if (!text_get(r, v, "name", &h->name))
		return false;
	if (h->kind == KRUX_HANDLER_MCP)
		return text_get(r, v, "tool", &h->tool);
	return h->kind == KRUX_HANDLER_BUILTIN || command_read(r, v, c->input, h);
}

static bool head_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	uint64_t major, minor, max_args;
	unsigned depth = 0;

	if (!text_get(r, map, "name", &c->name))
		return false;
	if (!capability_name_valid(c->name))
		return read_refuse(r, "is no name of a capability");
	if (!uint_get(r, map, "major", UINT16_MAX, &major) || !uint_get(r, map, "minor", UINT16_MAX, &minor) ||
	    !uint_get(r, map, "max_args", KRUX_MAX_ARGS_BYTES_HARD, &max_args) ||
	    !text_get(r, map, "summary", &c->summary) || !text_get(r, map, "doc", &c->doc) ||
	    !text_get(r, map, "use", &c->use) || !type_ref(r, map, "input", &c->input, &depth))
		return false;
	if (c->input->kind != KRUX_T_RECORD)
		return read_refuse(r, "is no record");
	if (!type_ref(r, map, "output", &c->output, &depth))
		return false;
	c->major = (uint16_t)major;
	c->minor = (uint16_t)minor;
	c->max_args = (uint32_t)max_args;
	return c->output->kind == KRUX_T_RECORD || read_refuse(r, "is no record");
}

static bool capability_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v;
	uint64_t rank;

	r->key = NULL;
	if (map->kind != KRUX_V_MAP)
		return read_refuse(r, "a capability is a map");
	if (!head_read(r, map, c) || !errors_read(r, map, c) || !effects_read(r, map, c) ||
	    !labels_read(r, map, c) || !limits_read(r, map, c) || !handler_read(r, map, c) ||
	    !uint_get(r, map, "rank", UINT32_MAX, &rank))
		return false;
	if (rank != c->rank)
		return read_refuse(r, "is not that of its effects");
	v = get(r, map, "durable", KRUX_V_BOOL);
	c->durable = v && v->b;
	return v != NULL;
}

static int version_cmp(const struct krux_capability *a, const struct krux_capability *b)
{
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int order = memcmp(a->name.p, b->name.p, n);

	if (order)
		return order;
	if (a->name.n != b->name.n)
		return a->name.n < b->name.n ? -1 : 1;
	return a->major != b->major ? (int)a->major - (int)b->major : (int)a->minor - (int)b->minor;
}

static bool capabilities_read(struct reader *r, const struct krux_value *list, struct krux_capability *c)
{
	r->part = "capabilities";
	for (r->index = 0; r->index < list->list.n; r->index++) {
		if (!capability_read(r, &list->list.item[r->index], &c[r->index]))
			return false;
		r->key = NULL;
		if (r->index && version_cmp(&c[r->index - 1], &c[r->index]) >= 0)
			return read_refuse(r, "is not sorted by name and version");
	}
	return true;
}

/* What is unknown, unused or in another order than written shows here. */
static bool same_again(struct reader *r, struct krux_str cbor, const struct krux_capability *c, size_t n)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_str again = { NULL, 0 };
	bool ok = pool && krux_schema_encode(pool, c, n, &again, r->refusal) && krux_str_eq(cbor, again);

	krux_pool_free(pool);
	r->part = NULL;
	return ok || read_refuse(r, "holds what a schema does not have");
}

bool krux_schema_read(struct krux_pool *pool, struct krux_str cbor, const struct krux_capability **out,
                      size_t *n, struct krux_refusal *refusal)
{
	struct reader r = { .pool = pool, .refusal = refusal };
	const struct krux_value *types, *list;
	struct krux_capability *c;
	struct krux_str format;
	struct krux_value v;

	if (!krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &v, refusal))
		return false;
	if (v.kind != KRUX_V_MAP)
		return read_refuse(&r, "a schema is a map");
	if (!text_get(&r, &v, "format", &format))
		return false;
	if (!krux_str_eq(format, KRUX_STR("krux-schema/1")))
		return read_refuse(&r, "the format is not krux-schema/1");
	types = get(&r, &v, "types", KRUX_V_LIST);
	list = types ? get(&r, &v, "capabilities", KRUX_V_LIST) : NULL;
	if (!list)
		return false;
	if (list->list.n > KRUX_MAX_CAPABILITIES)
		return read_refuse(&r, "more than 16,384 capabilities");
	c = krux_pool_get(pool, list->list.n * sizeof *c);
	if (!c)
		return memory_refuse(&r);
	if (!types_read(&r, types) || !capabilities_read(&r, list, c) ||
	    !same_again(&r, cbor, c, list->list.n))
		return false;
	*out = c;
	*n = list->list.n;
	return true;
}
