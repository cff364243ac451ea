/* Capability files to types and effects; what a verdict does not depend on is passed over. */
#include <string.h>

#include "tests/oracle/oracle.h"

const char *const o_kind_word[OK_COUNT] = {
	"bool", "int", "uint", "decimal", "string", "bytes", "enum", "path", "url", "host", "ip", "cidr", "port",
	"datetime", "duration", "size", "digest", "secret", "list", "map", "record", "agent", "time", "weekday", "count",
};

struct reader {
	struct o_lex x;
	struct { struct krux_str name; struct o_type *type; } named[64];
	size_t nnamed;
	struct krux_str namespace;
};

static struct krux_str http[] = { { "http", 4 }, { "https", 5 } };
static struct o_type scheme_type = { .kind = O_ENUM, .hi = 1, .name = http, .n = 2 };
static struct o_type part_type = { .kind = O_STRING, .max = 8192 };
static struct o_type host_type = { .kind = O_HOST, .max = 253 };
static struct o_type port_type = { .kind = O_PORT, .lo = 1, .hi = 65535 };
static struct o_field url_fields[] = {
	{ .name = { "scheme", 6 }, .type = &scheme_type }, { .name = { "host", 4 }, .type = &host_type },
	{ .name = { "port", 4 }, .type = &port_type }, { .name = { "path", 4 }, .type = &part_type },
	{ .name = { "query", 5 }, .type = &part_type },
};
static struct o_type connects_type = { .kind = O_RECORD, .field = &url_fields[1], .nfields = 2 };

static struct krux_str day_names[] = { { "mon", 3 }, { "tue", 3 }, { "wed", 3 }, { "thu", 3 }, { "fri", 3 },
	{ "sat", 3 }, { "sun", 3 } };
static struct o_type plain_type[OK_COUNT] = {
	[O_UINT] = { .kind = O_UINT, .hi = UINT64_MAX },
	[O_PATH] = { .kind = O_PATH, .max = 4096 }, [O_AGENT] = { .kind = O_AGENT, .max = 64 },
	[O_TIME] = { .kind = O_TIME, .hi = 86399 }, [O_WEEKDAY] = { .kind = O_WEEKDAY, .hi = 6, .name = day_names, .n = 7 },
	[O_COUNT] = { .kind = O_COUNT, .hi = UINT64_MAX },
};

const struct o_type *o_type_plain(enum o_kind k)
{
	return &plain_type[k];
}

const struct o_type *o_type_connects(void)
{
	return &connects_type;
}

static void bounds(struct o_type *t)
{
	const o_int big = (o_int)1 << 63;

	switch (t->kind) {
	case O_BOOL: t->hi = 1; break;
	case O_INT: case O_DECIMAL: case O_DATETIME: t->lo = -big; t->hi = big - 1; break;
	case O_UINT: t->hi = 2 * big - 1; break;
	case O_DURATION: case O_SIZE: t->hi = big - 1; break;
	case O_PORT: t->lo = 1; t->hi = 65535; break;
	case O_STRING: case O_BYTES: t->max = 65536; break;
	case O_PATH: t->max = 4096; break;
	case O_URL: t->max = 8192; t->field = url_fields; t->nfields = 5; break;
	case O_HOST: t->max = 253; break;
	case O_SECRET: t->max = 64; break;
	default: break;
	}
}

static bool number_of(const struct o_type *t, struct krux_str text, bool quoted, o_int *out)
{
	switch (t->kind) {
	case O_DECIMAL: return o_norm_decimal(text, t->scale, out);
	case O_DURATION: return o_norm_duration(text, out);
	case O_DATETIME: return quoted && o_norm_datetime(text, out);
	default: return o_norm_integer(text, true, out);
	}
}

static struct o_type *type(struct reader *r);

static void fields(struct reader *r, struct o_type *t)
{
	struct o_lex *x = &r->x;
	size_t cap = 0;

	t->kind = O_RECORD;
	o_lex_want(x, "{");
	while (!x->failed && !o_lex_take(x, "}")) {
		struct o_field f = { .name = x->text };
		o_lex_next(x);
		o_lex_want(x, ":");
		f.optional = o_lex_take(x, "optional");
		f.type = type(r);
		o_lex_take(x, "unused");
		if (o_lex_take(x, "=")) {
			f.deflt = ARENA_NEW(x->a, struct o_lit);
			o_lit_read(x, f.deflt);
		}
		if (x->tok == OT_STRING)
			o_lex_next(x);
		o_lex_want(x, ";");
		ARENA_PUSH(x->a, t->field, t->nfields, cap, f);
	}
}

static void enumeration(struct reader *r, struct o_type *t)
{
	size_t cap = 0;

	o_lex_want(&r->x, "{");
	while (!r->x.failed && !o_lex_take(&r->x, "}")) {
		ARENA_PUSH(r->x.a, t->name, t->n, cap, r->x.text);
		o_lex_next(&r->x);
		o_lex_take(&r->x, ",");
	}
	t->hi = (o_int)t->n - 1;
}

static void collection(struct reader *r, struct o_type *t)
{
	o_lex_want(&r->x, "<");
	if (t->kind == O_MAP) {
		o_lex_want(&r->x, "string");
		o_lex_want(&r->x, ",");
	}
	t->elem = type(r);
	o_lex_want(&r->x, ">");
}

static void refine(struct reader *r, struct o_type *t)
{
	struct o_lex *x = &r->x;
	o_int n;

	if (x->tok == OT_NUMBER || (x->tok == OT_STRING && t->kind == O_DATETIME && x->p[0] == '.')) {
		bool quoted = x->tok == OT_STRING;
		if (!number_of(t, x->text, quoted, &t->lo))
			x->failed = true;
		o_lex_next(x);
		o_lex_want(x, "..");
		if (!number_of(t, x->text, x->tok == OT_STRING, &t->hi))
			x->failed = true;
		o_lex_next(x);
	}
	if (o_lex_take(x, "max")) {
		if (!o_norm_integer(x->text, true, &n))
			x->failed = true;
		t->max = (uint64_t)n;
		o_lex_next(x);
	}
	if (o_lex_take(x, "pattern")) {
		t->pattern = x->text;
		t->nfa = o_nfa_regex(x->a, x->text);
		if (!t->nfa)
			x->failed = true;
		o_lex_next(x);
	}
}

static struct o_type *type(struct reader *r)
{
	struct o_lex *x = &r->x;
	struct o_type *t = ARENA_NEW(x->a, struct o_type);
	struct krux_str word = x->text;
	size_t k;

	for (size_t i = 0; i < r->nnamed; i++)
		if (krux_str_eq(r->named[i].name, word)) {
			o_lex_next(x);
			return r->named[i].type;
		}
	for (k = 0; k <= O_RECORD && !o_is(word, o_kind_word[k]); k++)
		;
	if (k > O_RECORD) {
		x->failed = true;
		return t;
	}
	t->kind = (enum o_kind)k;
	o_lex_next(x);
	if (k == O_DECIMAL) {
		o_int scale = 0;
		o_norm_integer(x->text, false, &scale);
		t->scale = (unsigned)scale;
		o_lex_next(x);
	}
	bounds(t);
	if (k == O_ENUM)
		enumeration(r, t);
	else if (k == O_LIST || k == O_MAP)
		collection(r, t);
	else if (k == O_RECORD)
		fields(r, t);
	refine(r, t);
	return t;
}

/* Everything up to the ';' or '}' that ends a clause. */
static void skip(struct o_lex *x)
{
	int depth = 0;

	for (; x->tok != OT_END; o_lex_next(x)) {
		if (o_lex_is(x, "{") || o_lex_is(x, "["))
			depth++;
		if (o_lex_is(x, "}") || o_lex_is(x, "]"))
			depth--;
		if (!depth && o_lex_take(x, ";"))
			return;
		if (!depth && o_lex_is(x, "}")) {
			o_lex_next(x);
			o_lex_take(x, ";");
			return;
		}
	}
}

static unsigned rank(struct krux_str w)
{
	static const struct { const char *word; unsigned rank; } ranks[] = {
		{ "lists", 1 }, { "reads", 1 }, { "creates", 2 }, { "writes", 2 }, { "state", 2 }, { "deletes", 3 },
		{ "connects", 4 }, { "executes", 5 },
	};

	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
		if (o_is(w, ranks[i].word))
			return ranks[i].rank;
	return 0;
}

static void effect_arg(struct o_lex *x, struct o_cap *c, struct o_arg *a)
{
	const struct o_type *t = c->input;

	a->tree = o_lex_take(x, "tree");
	if (x->tok == OT_STRING) {
		a->constant = true;
		if (!o_norm_path(x->a, x->text, 4096, &a->text))
			a->text = x->text;     /* a key of `state` */
		o_lex_next(x);
	} else {
		do {
			size_t i = 0;
			while (i < t->nfields && !krux_str_eq(t->field[i].name, x->text))
				i++;
			if (i == t->nfields || a->nsteps == 4) {
				x->failed = true;
				return;
			}
			a->step[a->nsteps++] = (uint16_t)i;
			t = t->field[i].type;
			o_lex_next(x);
		} while (o_lex_take(x, "."));
	}
	a->prunes = o_lex_take(x, "prunes");
	if (a->tree && !a->prunes)
		c->tree = a->step[0];
}

static void effects(struct o_lex *x, struct o_cap *c)
{
	size_t cap = 0;

	do {
		struct o_effect e = { .word = x->text };
		o_lex_next(x);
		if (rank(e.word) > c->rank)
			c->rank = rank(e.word);
		if (o_lex_take(x, "(")) {
			do {
				effect_arg(x, c, &e.arg[e.nargs < 2 ? e.nargs : 1]);
				e.nargs++;
			} while (!x->failed && o_lex_take(x, ","));
			o_lex_want(x, ")");
		}
		ARENA_PUSH(x->a, c->effect, c->neffects, cap, e);
	} while (!x->failed && o_lex_take(x, ","));
	o_lex_want(x, ";");
}

static void labels(struct o_lex *x, struct o_cap *c)
{
	size_t cap = 0;

	do {
		ARENA_PUSH(x->a, c->label.name, c->label.n, cap, x->text);
		o_lex_next(x);
	} while (!x->failed && o_lex_take(x, ","));
	o_lex_want(x, ";");
}

static void capability(struct reader *r, struct o_cap *c)
{
	struct o_lex *x = &r->x;

	*c = (struct o_cap){ .tree = -1 };
	c->name = arena_printf(x->a, "%.*s.%.*s", (int)r->namespace.n, r->namespace.p, (int)x->text.n, x->text.p);
	o_lex_next(x);
	o_lex_want(x, "@");
	for (size_t i = 0, dot = 0; i < x->text.n; i++) {
		if (x->text.p[i] == '.')
			dot = 1;
		else if (dot)
			c->minor = c->minor * 10 + (unsigned)(x->text.p[i] - '0');
		else
			c->major = c->major * 10 + (unsigned)(x->text.p[i] - '0');
	}
	o_lex_next(x);
	o_lex_want(x, "{");
	c->input = ARENA_NEW(x->a, struct o_type);
	c->input->kind = O_RECORD;
	while (!x->failed && x->tok != OT_END && !o_lex_take(x, "}")) {
		if (o_lex_take(x, "input"))
			fields(r, c->input);
		else if (o_lex_take(x, "effect"))
			effects(x, c);
		else if (o_lex_take(x, "labels"))
			labels(x, c);
		else
			skip(x);
	}
}

bool o_caps_read(struct arena *a, struct krux_str text, struct o_caps *out)
{
	struct reader r = { 0 };
	size_t room = out->n;

	o_lex_begin(&r.x, a, text);
	r.x.cap = true;
	o_lex_next(&r.x);
	o_lex_want(&r.x, "namespace");
	r.namespace = r.x.text;
	o_lex_next(&r.x);
	o_lex_next(&r.x);
	o_lex_want(&r.x, ";");
	while (!r.x.failed && r.x.tok != OT_END) {
		if (o_lex_take(&r.x, "type")) {
			struct krux_str name = r.x.text;
			o_lex_next(&r.x);
			o_lex_want(&r.x, "=");
			r.named[r.nnamed].type = type(&r);
			r.named[r.nnamed++].name = name;
			o_lex_want(&r.x, ";");
		} else {
			struct o_cap c;
			o_lex_want(&r.x, "capability");
			capability(&r, &c);
			if (!room || !(room & (room - 1))) {
				struct o_cap *more = ARENA_ARRAY(a, struct o_cap, room ? room * 2 : 1);
				if (room)
					memcpy(more, out->cap, room * sizeof *more);
				out->cap = more;
			}
			out->cap[room++] = c;
			out->n = room;
		}
	}
	return !r.x.failed;
}
