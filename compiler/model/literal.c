/* Literals to values: which kinds of literal a type takes, and where in a record one is wrong. */
#include "compiler/model/literal.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/kinds.h"

#define BIT(kind) (1u << (kind))

const char *literal_words(enum literal_kind kind)
{
	static const char *const words[] = {
		[LIT_STRING] = "a string", [LIT_NUMBER] = "a number", [LIT_WORD] = "a word",
		[LIT_ADDRESS] = "an address", [LIT_TIME] = "a time of day", [LIT_LIST] = "a list",
		[LIT_RANGE] = "a range", [LIT_RECORD] = "a record",
	};

	return words[kind];
}

static unsigned literals_of(enum krux_tkind kind)
{
	static const unsigned takes[KRUX_T_COUNT] = {
		[KRUX_T_BOOL] = BIT(LIT_WORD),
		[KRUX_T_INT] = BIT(LIT_NUMBER),
		[KRUX_T_UINT] = BIT(LIT_NUMBER),
		[KRUX_T_DECIMAL] = BIT(LIT_NUMBER),
		[KRUX_T_STRING] = BIT(LIT_STRING),
		[KRUX_T_BYTES] = BIT(LIT_STRING),
		[KRUX_T_ENUM] = BIT(LIT_WORD) | BIT(LIT_STRING),
		[KRUX_T_PATH] = BIT(LIT_STRING),
		[KRUX_T_URL] = BIT(LIT_STRING) | BIT(LIT_RECORD),
		[KRUX_T_HOST] = BIT(LIT_STRING) | BIT(LIT_ADDRESS),
		[KRUX_T_IP] = BIT(LIT_STRING) | BIT(LIT_ADDRESS),
		[KRUX_T_CIDR] = BIT(LIT_STRING) | BIT(LIT_ADDRESS),
		[KRUX_T_PORT] = BIT(LIT_NUMBER),
		[KRUX_T_DATETIME] = BIT(LIT_STRING),
		[KRUX_T_DURATION] = BIT(LIT_NUMBER) | BIT(LIT_STRING),
		[KRUX_T_SIZE] = BIT(LIT_NUMBER) | BIT(LIT_STRING),
		[KRUX_T_DIGEST] = BIT(LIT_STRING),
		[KRUX_T_SECRET] = BIT(LIT_STRING),
		[KRUX_T_LIST] = BIT(LIT_LIST),
		[KRUX_T_MAP] = BIT(LIT_RECORD),
		[KRUX_T_RECORD] = BIT(LIT_RECORD),
	};

	return takes[kind];
}

static const struct krux_field *field_of(const struct krux_type *t, struct krux_str name)
{
	const struct krux_field *field = t->kind == KRUX_T_URL ? url_part : t->field;
	size_t n = t->kind == KRUX_T_URL ? (size_t)URL_PARTS : t->nfields;

	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(field[i].name, name))
			return &field[i];
	return NULL;
}

static struct krux_str fields_words(struct arena *a, const struct krux_type *t)
{
	struct krux_str s = t->nfields ? KRUX_STR("") : KRUX_STR("no field at all");

	for (size_t i = 0; i < t->nfields; i++)
		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s), i ? ", " : "",
		                 STR_ARG(t->field[i].name));
	return s;
}

static bool members_value(struct arena *a, const struct krux_type *t, const struct literal *l,
                          struct krux_value *out, struct literal_fault *f)
{
	struct krux_member *m = ARENA_ARRAY(a, struct krux_member, l->nitems);

	f->expected = (struct krux_str){ 0 };
	for (size_t i = 0; i < l->nitems; i++) {
		const struct literal *item = &l->item[i];
		const struct krux_type *type = t->elem;

		if (t->kind != KRUX_T_MAP) {
			const struct krux_field *field = field_of(t, item->name);

			if (!field) {
				f->at = item->name_at.src ? item->name_at : item->at;
				f->text = arena_printf(a, "there is no field `%.*s`",
				                       STR_ARG(item->name));
				f->expected = t->kind == KRUX_T_URL
				                      ? KRUX_STR("scheme, host, port, path, query")
				                      : fields_words(a, t);
				return false;
			}
			type = field->type;
			for (size_t k = 0; k < i; k++)
				if (krux_str_eq(l->item[k].name, item->name)) {
					f->at = item->name_at.src ? item->name_at : item->at;
					f->text = arena_printf(a, "the field `%.*s` is given twice",
					                       STR_ARG(item->name));
					return false;
				}
		}
		m[i].key = item->name;
		if (!literal_value(a, type, item, &m[i].value, f))
			return false;
	}
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, l->nitems } };
	return true;
}

static bool items_value(struct arena *a, const struct krux_type *t, const struct literal *l,
                        struct krux_value *out, struct literal_fault *f)
{
	struct krux_value *item = ARENA_ARRAY(a, struct krux_value, l->nitems);

	for (size_t i = 0; i < l->nitems; i++)
		if (!literal_value(a, t->elem, &l->item[i], &item[i], f))
			return false;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, l->nitems } };
	return true;
}

bool literal_value(struct arena *a, const struct krux_type *t, const struct literal *l,
                   struct krux_value *out, struct literal_fault *f)
{
	bool yes = krux_str_eq(l->text, KRUX_STR("true"));

	if (!(literals_of(t->kind) & BIT(l->kind)) ||
	    (t->kind == KRUX_T_BOOL && !yes && !krux_str_eq(l->text, KRUX_STR("false")))) {
		f->at = l->at;
		f->text = arena_printf(a, "%s is not %s", literal_words(l->kind),
		                       kind_words(t->kind));
		f->expected = t->kind == KRUX_T_BOOL ? KRUX_STR("true or false") : type_words(a, t);
		return false;
	}
	switch (l->kind) {
	case LIT_LIST:
		return items_value(a, t, l, out, f);
	case LIT_RECORD:
		return members_value(a, t, l, out, f);
	case LIT_NUMBER:
		*out = (struct krux_value){ .kind = KRUX_V_NUMBER, .str = l->text };
		return true;
	default:
		if (t->kind == KRUX_T_BOOL)
			*out = (struct krux_value){ .kind = KRUX_V_BOOL, .b = yes };
		else
			*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = l->text };
		return true;
	}
}

/* The part of a literal that a refusal speaks of: "a.b[3]". */
static const struct literal *literal_at(const struct literal *l, const char *where)
{
	while (*where) {
		const struct literal *next = NULL;
		size_t n, index = 0;

		if (*where == '[' && where[1] != '"') {
			for (where++; *where >= '0' && *where <= '9'; where++)
				index = index * 10 + (size_t)(*where - '0');
			where += *where == ']';
			if (l->kind == LIT_LIST && index < l->nitems)
				next = &l->item[index];
		} else {
			where += *where == '.';
			n = strcspn(where, ".[");
			for (size_t i = 0; n && l->kind == LIT_RECORD && i < l->nitems; i++)
				if (l->item[i].name.n == n && !memcmp(l->item[i].name.p, where, n))
					next = &l->item[i];
			where += n;
		}
		if (!next)
			break;
		l = next;
	}
	return l;
}

bool literal_canon(struct arena *a, const struct krux_type *t, const struct literal *l,
                   struct krux_value *out, struct literal_fault *f)
{
	struct krux_refusal r;
	struct krux_value raw;

	if (!literal_value(a, t, l, &raw, f))
		return false;
	if (krux_canon(arena_pool(a), t, &raw, out, &r))
		return true;
	f->at = literal_at(l, r.where)->at;
	f->text = r.where[0] ? arena_printf(a, "%s: %s", r.where, r.why)
	                     : arena_printf(a, "%s", r.why);
	f->expected = t->kind == KRUX_T_RECORD ? KRUX_STR("") : type_words(a, t);
	return false;
}

krux_i128 value_number(const struct krux_value *v)
{
	return v->kind == KRUX_V_NINT ? -1 - (krux_i128)v->u : (krux_i128)v->u;
}

bool literal_count(struct arena *a, const struct literal *l, uint64_t *out, struct literal_fault *f)
{
	struct krux_value v;

	if (!literal_canon(a, kind_widest(KRUX_T_UINT), l, &v, f))
		return false;
	*out = v.u;
	return true;
}

static bool two_digits(const char *p, unsigned most, unsigned *out)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	return *out <= most;
}

bool time_read(struct krux_str s, uint32_t *out)
{
	unsigned h, m, sec = 0;

	if ((s.n != 5 && s.n != 8) || s.p[2] != ':' || !two_digits(s.p, 23, &h) ||
	    !two_digits(s.p + 3, 59, &m) ||
	    (s.n == 8 && (s.p[5] != ':' || !two_digits(s.p + 6, 59, &sec))))
		return false;
	*out = h * 3600 + m * 60 + sec;
	return true;
}

struct span literal_byte(const struct literal *l, size_t at)
{
	struct span s = l->at;

	/* The quotes are part of the literal's place. */
	if (s.src && s.n == l->text.n + 2 && at < l->text.n)
		s = (struct span){ s.src, s.at + 1 + (uint32_t)at, 1 };
	return s;
}
