/* Capabilities to schema CBOR. Types go into one table, each after those that it holds, and are
 * named by their index there. Equal types are one row, wherever they were declared. */
#include "capspec/schema.h"

#include <string.h>

#include "capspec/limits.h"

/* The types met so far: an open hash from their address to their index, and one from what is written of
 * them, which is how equal ones are known. */
struct types {
	const struct krux_type **slot;
	uint32_t *index;
	size_t nslots, used;
	struct krux_value *row;
	struct krux_str *bytes;          /* of each row */
	size_t n, cap;
	uint32_t *same;                  /* by bytes: row + 1; twice cap of them */
};

struct writer {
	struct krux_pool *pool;
	struct types types;
	const char *why;
};

static bool write_refuse(struct writer *w, const char *why)
{
	w->why = why;
	return false;
}

static bool memory_refuse(struct writer *w)
{
	return write_refuse(w, "out of memory");
}

/* A map under construction; room is the greatest number of members it will have. */
struct map {
	struct krux_member *m;
	size_t n;
};

static bool map_open(struct writer *w, struct map *map, size_t room)
{
	map->m = krux_pool_get(w->pool, room * sizeof *map->m);
	map->n = 0;
	return map->m || memory_refuse(w);
}

static void map_put(struct map *map, const char *key, struct krux_value v)
{
	map->m[map->n].key = (struct krux_str){ key, strlen(key) };
	map->m[map->n++].value = v;
}

static struct krux_value map_close(struct map *map)
{
	krux_members_sort(map->m, map->n);
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { map->m, map->n } };
}

static struct krux_value text(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = s };
}

static struct krux_value word(const char *s)
{
	return text((struct krux_str){ s, strlen(s) });
}

static struct krux_value boolean(bool b)
{
	return (struct krux_value){ .kind = KRUX_V_BOOL, .b = b };
}

static struct krux_value number(krux_i128 v)
{
	return v < 0 ? (struct krux_value){ .kind = KRUX_V_NINT, .u = (uint64_t)(-1 - v) }
	             : (struct krux_value){ .kind = KRUX_V_UINT, .u = (uint64_t)v };
}

static void map_put_text(struct map *map, const char *key, struct krux_str s)
{
	map_put(map, key, text(s));
}

/* ---- types ---- */

static size_t slot_find(const struct types *t, const struct krux_type *type)
{
	size_t i = (size_t)((uintptr_t)type / 16 * 0x9E3779B97F4A7C15u) & (t->nslots - 1);

	while (t->slot[i] && t->slot[i] != type)
		i = (i + 1) & (t->nslots - 1);
	return i;
}

static bool slots_grow(struct writer *w)
{
	struct types *t = &w->types, old = *t;

	if (2 * (t->used + 1) <= t->nslots)
		return true;
	t->nslots = old.nslots ? 2 * old.nslots : 256;
	t->slot = krux_pool_get(w->pool, t->nslots * sizeof *t->slot);
	t->index = krux_pool_get(w->pool, t->nslots * sizeof *t->index);
	if (!t->slot || !t->index)
		return memory_refuse(w);
	for (size_t i = 0; i < old.nslots; i++) {
		size_t to;

		if (!old.slot[i])
			continue;
		to = slot_find(t, old.slot[i]);
		t->slot[to] = old.slot[i];
		t->index[to] = old.index[i];
	}
	return true;
}

/* ---- rows, each once ---- */

static uint32_t *same_find(const struct types *t, struct krux_str bytes)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < bytes.n; i++)
		h = (h ^ (unsigned char)bytes.p[i]) * 0x100000001B3u;
	for (h ^= h >> 32;; h++) {
		uint32_t *at = &t->same[h & (2 * t->cap - 1)];

		if (!*at || krux_str_eq(t->bytes[*at - 1], bytes))
			return at;
	}
}

static bool rows_grow(struct writer *w)
{
	struct types *t = &w->types, old = *t;

	if (t->n < t->cap)
		return true;
	t->cap = old.cap ? 2 * old.cap : 256;
	t->row = krux_pool_get(w->pool, t->cap * sizeof *t->row);
	t->bytes = krux_pool_get(w->pool, t->cap * sizeof *t->bytes);
	t->same = krux_pool_get(w->pool, 2 * t->cap * sizeof *t->same);
	if (!t->row || !t->bytes || !t->same)
		return memory_refuse(w);
	for (size_t i = 0; i < t->n; i++) {
		t->row[i] = old.row[i];
		t->bytes[i] = old.bytes[i];
		*same_find(t, t->bytes[i]) = (uint32_t)i + 1;
	}
	return true;
}

/* The row that is written as v is; it is put there where there is none. */
static bool row_intern(struct writer *w, struct krux_value v, uint32_t *index)
{
	struct types *t = &w->types;
	size_t n = krux_cbor_write(&v, NULL, 0);
	uint8_t *bytes = krux_pool_get(w->pool, n);
	uint32_t *same;

	if (!bytes || !rows_grow(w))
		return memory_refuse(w);
	krux_cbor_write(&v, bytes, n);
	same = same_find(t, (struct krux_str){ (const char *)bytes, n });
	if (!*same) {
		t->bytes[t->n] = (struct krux_str){ (const char *)bytes, n };
		t->row[t->n++] = v;
		*same = (uint32_t)t->n;
	}
	*index = *same - 1;
	return true;
}

static bool type_write(struct writer *, const struct krux_type *, unsigned depth, struct krux_value *ref);

static bool names_write(struct writer *w, const struct krux_type *t, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, t->nnames * sizeof *item);

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < t->nnames; i++)
		item[i] = text(t->name[i]);
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, t->nnames } };
	return true;
}

static bool fields_write(struct writer *w, const struct krux_type *t, unsigned depth,
                         struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, t->nfields * sizeof *item), ref;

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < t->nfields; i++) {
		const struct krux_field *f = &t->field[i];
		struct map map;

		if (!type_write(w, f->type, depth, &ref) || !map_open(w, &map, 5))
			return false;
		map_put_text(&map, "name", f->name);
		map_put_text(&map, "doc", f->doc);
		map_put(&map, "type", ref);
		if (f->optional)
			map_put(&map, "optional", boolean(true));
		if (f->deflt)
			map_put(&map, "default", *f->deflt);
		item[i] = map_close(&map);
	}
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, t->nfields } };
	return true;
}

/* What the kind of a type has besides. */
static bool details_write(struct writer *w, const struct krux_type *t, unsigned depth, struct map *map)
{
	struct krux_value v;

	switch (t->kind) {
	case KRUX_T_DECIMAL:
		map_put(map, "scale", number(t->scale));
		/* fallthrough */
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_PORT:
	case KRUX_T_DATETIME:
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		map_put(map, "lo", number(t->lo));
		map_put(map, "hi", number(t->hi));
		return true;
	case KRUX_T_STRING:
		if (t->pattern.n)
			map_put_text(map, "pattern", t->pattern);
		/* fallthrough */
	case KRUX_T_BYTES:
	case KRUX_T_PATH:
	case KRUX_T_URL:
	case KRUX_T_HOST:
		map_put(map, "max", number(t->max));
		return true;
	case KRUX_T_ENUM:
		if (!names_write(w, t, &v))
			return false;
		map_put(map, "names", v);
		return true;
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		if (!type_write(w, t->elem, depth, &v))
			return false;
		map_put(map, "elem", v);
		map_put(map, "max", number(t->max));
		return true;
	case KRUX_T_RECORD:
		if (!fields_write(w, t, depth, &v))
			return false;
		map_put(map, "fields", v);
		return true;
	default:
		return true;
	}
}

static bool type_write(struct writer *w, const struct krux_type *t, unsigned depth, struct krux_value *ref)
{
	struct map map;
	uint32_t index;
	size_t slot;

	if (depth == KRUX_MAX_DEPTH)
		return write_refuse(w, "a type is nested more than 64 deep");
	if (w->types.nslots) {
		slot = slot_find(&w->types, t);
		if (w->types.slot[slot]) {
			*ref = number(w->types.index[slot]);
			return true;
		}
	}
	if (!map_open(w, &map, 8))
		return false;
	map_put(&map, "kind", word(krux_type_word(t->kind)));
	if (t->type_name.n)
		map_put_text(&map, "name", t->type_name);
	if (t->unused)
		map_put(&map, "unused", boolean(true));
	if (!details_write(w, t, depth + 1, &map) || !row_intern(w, map_close(&map), &index) || !slots_grow(w))
		return false;
	slot = slot_find(&w->types, t);
	w->types.slot[slot] = t;
	w->types.index[slot] = index;
	w->types.used++;
	*ref = number(index);
	return true;
}

/* ---- capabilities ---- */

static bool errors_write(struct writer *w, const struct krux_capability *c, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, c->nerrors * sizeof *item);
	struct map map;

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < c->nerrors; i++) {
		if (!map_open(w, &map, 4))
			return false;
		map_put_text(&map, "name", c->error[i].name);
		map_put_text(&map, "doc", c->error[i].doc);
		map_put_text(&map, "recover", c->error[i].recover);
		map_put_text(&map, "hint", c->error[i].hint);
		item[i] = map_close(&map);
	}
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, c->nerrors } };
	return true;
}

static bool effect_write(struct writer *w, const struct krux_effect *e, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, e->nargs * sizeof *item);
	struct map map;

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < e->nargs; i++) {
		if (!map_open(w, &map, 3))
			return false;
		if (e->arg[i].is_constant)
			map_put_text(&map, "constant", e->arg[i].constant);
		else
			map_put_text(&map, "access", e->arg[i].access);
		if (e->arg[i].tree)
			map_put(&map, "tree", boolean(true));
		if (e->arg[i].prunes)
			map_put(&map, "prunes", boolean(true));
		item[i] = map_close(&map);
	}
	if (!map_open(w, &map, 2))
		return false;
	map_put(&map, "kind", word(krux_effect_word(e->kind)));
	map_put(&map, "args", (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, e->nargs } });
	*out = map_close(&map);
	return true;
}

static bool effects_write(struct writer *w, const struct krux_capability *c, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, c->neffects * sizeof *item);

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < c->neffects; i++)
		if (!effect_write(w, &c->effect[i], &item[i]))
			return false;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, c->neffects } };
	return true;
}

static bool labels_write(struct writer *w, const struct krux_capability *c, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, c->nlabels * sizeof *item);

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < c->nlabels; i++)
		item[i] = text(c->label[i]);
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, c->nlabels } };
	return true;
}

static bool limits_write(struct writer *w, const struct krux_capability *c, struct krux_value *out)
{
	struct map map;

	if (!map_open(w, &map, KRUX_LIMIT_COUNT))
		return false;
	for (int i = 0; i < KRUX_LIMIT_COUNT; i++)
		map_put(&map, krux_limit_word(i), number(c->limit[i]));
	*out = map_close(&map);
	return true;
}

static bool argv_write(struct writer *w, const struct krux_handler *h, struct krux_value *out)
{
	static const char *const words[] = { "const", "field", "joined", "optional", "each" };
	struct krux_value *item = krux_pool_get(w->pool, h->nargv * sizeof *item);
	struct map map;

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < h->nargv; i++) {
		const struct krux_argv *a = &h->argv[i];

		if (!map_open(w, &map, 3))
			return false;
		map_put(&map, "kind", word(words[a->kind]));
		if (a->kind == KRUX_ARGV_CONST || a->kind == KRUX_ARGV_JOINED)
			map_put_text(&map, "text", a->text);
		if (a->kind != KRUX_ARGV_CONST)
			map_put_text(&map, "access", a->access);
		item[i] = map_close(&map);
	}
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, h->nargv } };
	return true;
}

static bool handler_write(struct writer *w, const struct krux_handler *h, struct krux_value *out)
{
	static const char *const words[] = { "builtin", "command", "mcp" };
	struct krux_value argv;
	struct map map;

	if (!map_open(w, &map, 5))
		return false;
	map_put(&map, "kind", word(words[h->kind]));
	map_put_text(&map, "name", h->name);
	if (h->kind == KRUX_HANDLER_MCP)
		map_put_text(&map, "tool", h->tool);
	if (h->kind == KRUX_HANDLER_COMMAND) {
		if (!argv_write(w, h, &argv))
			return false;
		map_put_text(&map, "sha256", h->sha256);
		map_put(&map, "argv", argv);
		if (h->background)
			map_put(&map, "background", boolean(true));
	}
	*out = map_close(&map);
	return true;
}

static bool capability_write(struct writer *w, const struct krux_capability *c, struct krux_value *out)
{
	struct krux_value input, output, errors, effects, labels, limits, handler;
	struct map map;

	if (!type_write(w, c->input, 0, &input) || !type_write(w, c->output, 0, &output) ||
	    !errors_write(w, c, &errors) || !effects_write(w, c, &effects) ||
	    !labels_write(w, c, &labels) || !limits_write(w, c, &limits) ||
	    !handler_write(w, &c->handler, &handler) || !map_open(w, &map, 17))
		return false;
	map_put_text(&map, "name", c->name);
	map_put(&map, "major", number(c->major));
	map_put(&map, "minor", number(c->minor));
	map_put_text(&map, "summary", c->summary);
	map_put_text(&map, "doc", c->doc);
	map_put_text(&map, "use", c->use);
	map_put(&map, "input", input);
	map_put(&map, "output", output);
	map_put(&map, "errors", errors);
	map_put(&map, "effects", effects);
	map_put(&map, "labels", labels);
	map_put(&map, "limits", limits);
	map_put(&map, "handler", handler);
	map_put(&map, "durable", boolean(c->durable));
	/* Left out where it is not so: bundles that know nothing of it say the same. */
	if (c->approves_changes)
		map_put(&map, "approves_changes", boolean(true));
	map_put(&map, "rank", number(c->rank));
	map_put(&map, "max_args", number(c->max_args));
	*out = map_close(&map);
	return true;
}

static bool all_write(struct writer *w, const struct krux_capability *caps, size_t n, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(w->pool, n * sizeof *item);
	struct map map;

	if (!item)
		return memory_refuse(w);
	for (size_t i = 0; i < n; i++)
		if (!capability_write(w, &caps[i], &item[i]))
			return false;
	if (!map_open(w, &map, 3))
		return false;
	map_put(&map, "format", word("krux-schema/1"));
	map_put(&map, "types", (struct krux_value){ .kind = KRUX_V_LIST, .list = { w->types.row, w->types.n } });
	map_put(&map, "capabilities", (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } });
	*out = map_close(&map);
	return true;
}

bool krux_schema_encode(struct krux_pool *pool, const struct krux_capability *caps, size_t n,
                        struct krux_str *out, struct krux_refusal *refusal)
{
	struct writer w = { .pool = pool };
	struct krux_value v;
	uint8_t *p = NULL;
	size_t len;

	if (!all_write(&w, caps, n, &v))
		return krux_refuse(refusal, "", w.why);
	len = krux_cbor_write(&v, NULL, 0);
	if (len)
		p = krux_pool_get(pool, len);
	if (!p)
		return krux_refuse(refusal, "", len ? "out of memory" : "a default has no encoding");
	krux_cbor_write(&v, p, len);
	*out = (struct krux_str){ (const char *)p, len };
	return true;
}

bool krux_schema_write(struct krux_pool *pool, const struct krux_capability *caps, size_t n,
                       struct krux_str *out, struct krux_refusal *refusal)
{
	const struct krux_capability *back;
	struct krux_pool *check;
	size_t nback;
	bool ok;

	if (!krux_schema_encode(pool, caps, n, out, refusal))
		return false;
	check = krux_pool_new(0);
	if (!check)
		return krux_refuse(refusal, "", "out of memory");
	ok = krux_schema_read(check, *out, &back, &nback, refusal);
	krux_pool_free(check);
	return ok;
}
