/* Arguments to a condition that nothing else fulfils: one comparison a field. Texts are literals of
 * the condition language inside a single-quoted YAML scalar; everything that is not printable
 * ASCII is escaped. */
#include "runtime/approve/propose.h"

#include "capspec/canon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *p;                       /* NULL: only the length is counted */
	size_t n, room;
	unsigned nconditions;
	bool inexact;
};

static void put_n(struct text *t, const char *s, size_t n)
{
	if (t->p && t->n + n <= t->room)
		memcpy(t->p + t->n, s, n);
	t->n += n;
}

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n > 0)
		put_n(t, buf, (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1);
}

/* ---- literals ---- */

/* In a single-quoted YAML scalar a quote is written twice. */
static void literal_put(struct text *t, struct krux_str s)
{
	put(t, "\"");
	for (size_t i = 0; i < s.n;) {
		unsigned len = 1;
		uint32_t c = krux_utf8_get(s.p + i, s.n - i, &len);

		if (c == '"' || c == '\\')
			put(t, "\\%c", (int)c);
		else if (c == '\'')
			put(t, "''");
		else if (c >= ' ' && c < 0x7F)
			put(t, "%c", (int)c);
		else
			put(t, "\\u{%X}", (unsigned)c);
		i += len;
	}
	put(t, "\"");
}

static void condition_begin(struct text *t, const char *place)
{
	put(t, "%s%s", t->nconditions++ ? " and " : "", place);
}

static void scalar_put(struct text *t, const struct krux_value *shown, const char *place, bool is_name)
{
	condition_begin(t, place);
	switch (shown->kind) {
	case KRUX_V_BOOL:
		put(t, " == %s", shown->b ? "true" : "false");
		return;
	case KRUX_V_UINT:
		put(t, " == %llu", (unsigned long long)shown->u);
		return;
	case KRUX_V_NINT:
		put(t, " == -%llu", (unsigned long long)shown->u + 1);
		return;
	case KRUX_V_NUMBER:
		put(t, " == ");
		put_n(t, shown->str.p, shown->str.n);
		return;
	default:
		put(t, " == ");
		if (is_name)
			put_n(t, shown->str.p, shown->str.n);
		else
			literal_put(t, shown->str);
	}
}

static void inexact(struct text *t, const char *place)
{
	condition_begin(t, "false");
	(void)place;
	t->inexact = true;
}

/* ---- fields ---- */

static void field_put(struct krux_pool *pool, struct text *t, const struct krux_type *type, const struct krux_value *v,
                      const char *place);

static void record_put(struct krux_pool *pool, struct text *t, const struct krux_type *type,
                       const struct krux_value *v, const char *prefix)
{
	for (size_t i = 0; i < type->nfields; i++) {
		const struct krux_field *f = &type->field[i];
		const struct krux_value *value = NULL;
		char place[300];

		snprintf(place, sizeof place, "%s%.*s", prefix, (int)f->name.n, f->name.p);
		for (size_t k = 0; k < v->map.n; k++)
			if (krux_str_eq(v->map.member[k].key, f->name))
				value = &v->map.member[k].value;
		if (!value) {
			condition_begin(t, "not has ");
			put(t, "%s", place);
			continue;
		}
		if (f->optional) {
			condition_begin(t, "has ");
			put(t, "%s", place);
		}
		field_put(pool, t, f->type, value, place);
	}
}

static void field_put(struct krux_pool *pool, struct text *t, const struct krux_type *type, const struct krux_value *v,
                      const char *place)
{
	char inner[310];
	struct krux_value shown;

	switch (type->kind) {
	case KRUX_T_RECORD:
		snprintf(inner, sizeof inner, "%s.", place);
		record_put(pool, t, type, v, inner);
		return;
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		condition_begin(t, "size(");
		put(t, "%s) == %zu", place, type->kind == KRUX_T_LIST ? v->list.n : v->map.n);
		if (type->kind == KRUX_T_LIST ? v->list.n : v->map.n)
			inexact(t, place);
		return;
	case KRUX_T_BYTES:
		inexact(t, place);
		return;
	default:
		if (krux_uncanon(pool, type, v, &shown))
			scalar_put(t, &shown, place, type->kind == KRUX_T_ENUM || type->kind == KRUX_T_DURATION ||
			                             type->kind == KRUX_T_DATETIME || type->kind == KRUX_T_SIZE ||
			                             type->kind == KRUX_T_DECIMAL);
		else
			inexact(t, place);
	}
}

static void rule_put(struct krux_pool *pool, struct text *t, const struct propose *p)
{
	char hex[17];

	krux_hex_write(p->ticket, 8, hex);
	hex[16] = 0;
	t->n = t->nconditions = 0;
	put(t, "# Would allow what ticket %s... asks. It grants nothing until it stands before the rule that asks", hex);
	put(t, "\n# (%.*s), and the policy is built, signed and loaded.\n", (int)(p->rule.n < 200 ? p->rule.n : 200), p->rule.p);
	if (t->inexact)
		put(t, "# An argument is a list or bytes, which a condition cannot compare as a whole: `false` stands for it.\n");
	put(t, "+  - id: allow-%.8s\n", hex);
	put(t, "+    on: %.*s@%u\n", (int)p->cap->name.n, p->cap->name.p, p->cap->major);
	put(t, "+    agent: \"%.*s\"\n", (int)p->agent.n, p->agent.p);
	if (p->cap->input->nfields) {
		put(t, "+    when: '");
		record_put(pool, t, p->cap->input, p->args, "");
		put(t, "'\n");
	}
	put(t, "+    verdict: autonomous\n");
}

struct krux_str propose_text(struct krux_pool *pool, const struct propose *p)
{
	struct text t = { .p = NULL };

	/* Once to learn whether it is exact, once to count, once to write. */
	rule_put(pool, &t, p);
	rule_put(pool, &t, p);
	t.room = t.n;
	t.p = krux_pool_get(pool, t.room);
	if (!t.p)
		return (struct krux_str){ NULL, 0 };
	rule_put(pool, &t, p);
	return (struct krux_str){ t.p, t.n };
}
