/* Schema CBOR to capabilities. Nothing of the bytes is believed: kinds, ranges, names, places
 * and defaults are checked, types only hold types before them, and in the end what was read is
 * written again and has to be the same bytes. */
#include "capspec/schema_part.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

/* Two or more words with '.' between them. */
static bool capability_name_valid(struct krux_str s)
{
	unsigned words = 0;

	for (size_t from = 0; from <= s.n; words++) {
		const char *dot = from < s.n ? memchr(s.p + from, '.', s.n - from) : NULL;
		size_t to = dot ? (size_t)(dot - s.p) : s.n;

		if (!schema_word_valid((struct krux_str){ s.p + from, to - from }))
			return false;
		from = to + 1;
	}
	return words >= 2 && s.n <= 4 * KRUX_MAX_NAME;
}

static bool errors_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v;
	struct krux_error_def *e = schema_list(r, map, "errors", sizeof *e, &v);

	if (!e)
		return false;
	for (size_t i = 0; i < v->list.n; i++) {
		const struct krux_value *item = &v->list.item[i];

		if (item->kind != KRUX_V_MAP)
			return schema_refuse(r, "an error is a map");
		if (!schema_text(r, item, "name", &e[i].name) || !schema_text(r, item, "doc", &e[i].doc) ||
		    !schema_text(r, item, "recover", &e[i].recover) || !schema_text(r, item, "hint", &e[i].hint))
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
		return schema_refuse(r, "an argument of an effect is a map");
	a->is_constant = krux_value_get(map, "constant") != NULL;
	if (!schema_flag(r, map, "tree", &a->tree) || !schema_flag(r, map, "prunes", &a->prunes))
		return false;
	if (a->is_constant)
		return schema_text(r, map, "constant", &a->constant);
	return schema_text(r, map, "access", &a->access) &&
	       ((a->access.n && krux_access_type(input, a->access)) ||
	        schema_refuse(r, "is no place in the input"));
}

static bool effect_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                        struct krux_effect *e)
{
	const struct krux_value *args;
	struct krux_str word;

	r->key = "effects";
	if (map->kind != KRUX_V_MAP)
		return schema_refuse(r, "an effect is a map");
	if (!schema_text(r, map, "kind", &word))
		return false;
	while (e->kind < KRUX_EFFECT_COUNT &&
	       !krux_str_eq(word, (struct krux_str){ krux_effect_word(e->kind), strlen(krux_effect_word(e->kind)) }))
		e->kind++;
	if (e->kind == KRUX_EFFECT_COUNT)
		return schema_refuse(r, "is no kind of effect");
	args = schema_get(r, map, "args", KRUX_V_LIST);
	if (!args)
		return false;
	e->nargs = e->kind == KRUX_EFFECT_NONE ? 0 : e->kind == KRUX_EFFECT_CONNECTS ? 2 : 1;
	if (args->list.n != e->nargs)
		return schema_refuse(r, "are too many or too few for the effect");
	for (size_t i = 0; i < e->nargs; i++)
		if (!arg_read(r, &args->list.item[i], input, &e->arg[i]))
			return false;
	return true;
}

static bool effects_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v;
	struct krux_effect *e = schema_list(r, map, "effects", sizeof *e, &v);

	if (!e)
		return false;
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
	const struct krux_value *v;
	struct krux_str *label = schema_list(r, map, "labels", sizeof *label, &v);

	if (!label)
		return false;
	for (size_t i = 0; i < v->list.n; i++) {
		if (v->list.item[i].kind != KRUX_V_TEXT || !schema_word_valid(v->list.item[i].str))
			return schema_refuse(r, "is no label");
		label[i] = v->list.item[i].str;
	}
	c->label = label;
	c->nlabels = v->list.n;
	return true;
}

static bool limits_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v = schema_get(r, map, "limits", KRUX_V_MAP);

	if (!v)
		return false;
	for (int i = 0; i < KRUX_LIMIT_COUNT; i++)
		if (!schema_uint(r, v, krux_limit_word(i), INT64_MAX, &c->limit[i]))
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
		return schema_refuse(r, "an item is a map");
	if (!schema_text(r, map, "kind", &word))
		return false;
	kind = word_index(word, words, 5);
	if (kind == 5)
		return schema_refuse(r, "is no kind of argv item");
	a->kind = (enum krux_argv_kind)kind;
	if ((a->kind == KRUX_ARGV_CONST || a->kind == KRUX_ARGV_JOINED) &&
	    !schema_text(r, map, "text", &a->text))
		return false;
	if (a->kind == KRUX_ARGV_CONST)
		return true;
	return schema_text(r, map, "access", &a->access) &&
	       ((a->access.n && krux_access_type(input, a->access)) ||
	        schema_refuse(r, "is no place in the input"));
}

static bool command_read(struct reader *r, const struct krux_value *map, const struct krux_type *input,
                         struct krux_handler *h)
{
	const struct krux_value *v;
	struct krux_argv *argv;
	uint8_t digest[32];

	if (!schema_text(r, map, "sha256", &h->sha256))
		return false;
	if (!krux_hex_read(h->sha256, digest, sizeof digest))
		return schema_refuse(r, "is 64 lower-case hex digits");
	argv = schema_list(r, map, "argv", sizeof *argv, &v);
	if (!argv)
		return false;
	if (v->list.n > KRUX_MAX_ARGV)
		return schema_refuse(r, "are too many arguments");
	for (size_t i = 0; i < v->list.n; i++)
		if (!argv_item_read(r, &v->list.item[i], input, &argv[i]))
			return false;
	h->argv = argv;
	h->nargv = v->list.n;
	return schema_flag(r, map, "background", &h->background);
}

static bool handler_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	static const char *const words[] = { "builtin", "command", "mcp" };
	const struct krux_value *v = schema_get(r, map, "handler", KRUX_V_MAP);
	struct krux_handler *h = &c->handler;
	struct krux_str word;
	size_t kind;

	if (!v || !schema_text(r, v, "kind", &word))
		return false;
	kind = word_index(word, words, 3);
	if (kind == 3)
		return schema_refuse(r, "is no kind of handler");
	h->kind = (enum krux_handler_kind)kind;
	if (!schema_text(r, v, "name", &h->name))
		return false;
	if (h->kind == KRUX_HANDLER_MCP)
		return schema_text(r, v, "tool", &h->tool);
	return h->kind == KRUX_HANDLER_BUILTIN || command_read(r, v, c->input, h);
}

static bool head_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	uint64_t major, minor, max_args;
	unsigned depth = 0;

	if (!schema_text(r, map, "name", &c->name))
		return false;
	if (!capability_name_valid(c->name))
		return schema_refuse(r, "is no name of a capability");
	if (!schema_uint(r, map, "major", UINT16_MAX, &major) || !schema_uint(r, map, "minor", UINT16_MAX, &minor) ||
	    !schema_uint(r, map, "max_args", KRUX_MAX_ARGS_BYTES_HARD, &max_args) ||
	    !schema_text(r, map, "summary", &c->summary) || !schema_text(r, map, "doc", &c->doc) ||
	    !schema_text(r, map, "use", &c->use) || !schema_type_ref(r, map, "input", &c->input, &depth))
		return false;
	if (c->input->kind != KRUX_T_RECORD)
		return schema_refuse(r, "is no record");
	if (!schema_type_ref(r, map, "output", &c->output, &depth))
		return false;
	c->major = (uint16_t)major;
	c->minor = (uint16_t)minor;
	c->max_args = (uint32_t)max_args;
	return c->output->kind == KRUX_T_RECORD || schema_refuse(r, "is no record");
}

static bool capability_read(struct reader *r, const struct krux_value *map, struct krux_capability *c)
{
	const struct krux_value *v;
	uint64_t rank;

	r->key = NULL;
	if (map->kind != KRUX_V_MAP)
		return schema_refuse(r, "a capability is a map");
	if (!head_read(r, map, c) || !errors_read(r, map, c) || !effects_read(r, map, c) ||
	    !labels_read(r, map, c) || !limits_read(r, map, c) || !handler_read(r, map, c) ||
	    !schema_uint(r, map, "rank", UINT32_MAX, &rank))
		return false;
	if (rank != c->rank)
		return schema_refuse(r, "is not that of its effects");
	v = schema_get(r, map, "durable", KRUX_V_BOOL);
	c->durable = v && v->b;
	if (!v || !schema_flag(r, map, "approves_changes", &c->approves_changes))
		return false;
	/* Whoever would wait for a person in the background is not there yet. */
	return !c->approves_changes || (c->handler.kind == KRUX_HANDLER_COMMAND && !c->handler.background) ||
	       schema_refuse(r, "is for commands that are not in the background");
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
			return schema_refuse(r, "is not sorted by name and version");
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
	return ok || schema_refuse(r, "holds what a schema does not have");
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
		return schema_refuse(&r, "a schema is a map");
	if (!schema_text(&r, &v, "format", &format))
		return false;
	if (!krux_str_eq(format, KRUX_STR("krux-schema/1")))
		return schema_refuse(&r, "the format is not krux-schema/1");
	types = schema_get(&r, &v, "types", KRUX_V_LIST);
	list = types ? schema_get(&r, &v, "capabilities", KRUX_V_LIST) : NULL;
	if (!list)
		return false;
	if (list->list.n > KRUX_MAX_CAPABILITIES)
		return schema_refuse(&r, "more capabilities than a build has");
	c = krux_pool_get(pool, list->list.n * sizeof *c);
	if (!c)
		return schema_memory_refuse(&r);
	if (!schema_types(&r, types) || !capabilities_read(&r, list, c) ||
	    !same_again(&r, cbor, c, list->list.n))
		return false;
	*out = c;
	*n = list->list.n;
	return true;
}
