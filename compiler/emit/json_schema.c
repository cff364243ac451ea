/* Types as JSON Schema (draft 2020-12, and nothing in it that draft-07 does not know). */
#include "compiler/emit/json_schema.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/escape.h"

static void string_put(struct buf *b, struct krux_str s)
{
	buf_putc(b, '"');
	escape_json(b, s);
	buf_putc(b, '"');
}

/* Our expressions as ECMA ones: whole value, and '.' takes line ends. */
static void pattern_put(struct buf *b, struct krux_str p)
{
	struct buf re = { 0 };
	bool in_class = false;

	buf_puts(&re, "^(?:");
	for (size_t i = 0; i < p.n; i++) {
		char c = p.p[i];

		if (c == '\\' && i + 1 < p.n) {
			buf_put(&re, p.p + i++, 2);
			continue;
		}
		in_class = c == '[' ? true : c == ']' ? false : in_class;
		if (c == '.' && !in_class)
			buf_puts(&re, "[\\s\\S]");
		else
			buf_putc(&re, c);
	}
	buf_puts(&re, ")$");
	buf_puts(b, ",\"pattern\":");
	string_put(b, (struct krux_str){ re.p, re.n });
	buf_free(&re);
}

static void i128_put(struct buf *b, krux_i128 v)
{
	if (v < 0)
		buf_printf(b, "%lld", (long long)v);
	else
		buf_printf(b, "%llu", (unsigned long long)v);
}

static void integer_put(struct buf *b, const struct krux_type *t)
{
	buf_puts(b, "\"type\":\"integer\",\"minimum\":");
	i128_put(b, t->lo);
	buf_puts(b, ",\"maximum\":");
	i128_put(b, t->hi);
}

static void decimal_put(struct buf *b, const struct krux_type *t)
{
	char text[48];

	buf_puts(b, "\"type\":\"number\"");
	buf_puts(b, ",\"minimum\":");
	buf_put(b, text, (size_t)krux_decimal_text((int64_t)t->lo, t->scale, text, sizeof text));
	buf_puts(b, ",\"maximum\":");
	buf_put(b, text, (size_t)krux_decimal_text((int64_t)t->hi, t->scale, text, sizeof text));
}

static void enum_put(struct buf *b, const struct krux_type *t)
{
	buf_puts(b, "\"type\":\"string\",\"enum\":[");
	for (size_t i = 0; i < t->nnames; i++) {
		buf_puts(b, i ? "," : "");
		string_put(b, t->name[i]);
	}
	buf_putc(b, ']');
}

static void default_put(struct buf *b, const struct krux_field *f)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;

	if (pool && krux_uncanon(pool, f->type, f->deflt, &v)) {
		size_t n = krux_json_write(&v, NULL, 0);
		char *text = krux_pool_get(pool, n + 1);

		if (text) {
			buf_puts(b, ",\"default\":");
			buf_put(b, text, krux_json_write(&v, text, n + 1));
		}
	}
	krux_pool_free(pool);
}

static void members_put(struct buf *b, const struct krux_type *t);

static void record_put(struct buf *b, const struct krux_type *t)
{
	const char *comma = "";

	buf_puts(b, "\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < t->nfields; i++) {
		const struct krux_field *f = &t->field[i];

		buf_puts(b, i ? "," : "");
		string_put(b, f->name);
		buf_puts(b, ":{");
		members_put(b, f->type);
		if (f->doc.n) {
			buf_puts(b, ",\"description\":");
			string_put(b, f->doc);
		}
		if (f->deflt)
			default_put(b, f);
		buf_putc(b, '}');
	}
	buf_puts(b, "},\"required\":[");
	for (size_t i = 0; i < t->nfields; i++) {
		if (t->field[i].optional || t->field[i].deflt)
			continue;
		buf_puts(b, comma);
		string_put(b, t->field[i].name);
		comma = ",";
	}
	buf_puts(b, "],\"additionalProperties\":false");
}

static void members_put(struct buf *b, const struct krux_type *t)
{
	switch (t->kind) {
	case KRUX_T_BOOL:
		buf_puts(b, "\"type\":\"boolean\"");
		break;
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_PORT:
		integer_put(b, t);
		break;
	case KRUX_T_SIZE:
		buf_puts(b, "\"type\":[\"integer\",\"string\"],\"minimum\":");
		i128_put(b, t->lo);
		buf_puts(b, ",\"maximum\":");
		i128_put(b, t->hi);
		buf_puts(b, ",\"pattern\":\"^[0-9][0-9_]*([KMG]iB)?$\"");
		break;
	case KRUX_T_DECIMAL:
		decimal_put(b, t);
		break;
	case KRUX_T_STRING:
		buf_printf(b, "\"type\":\"string\",\"maxLength\":%llu", (unsigned long long)t->max);
		if (t->pattern.n)
			pattern_put(b, t->pattern);
		break;
	case KRUX_T_BYTES:
		buf_printf(b, "\"type\":\"string\",\"contentEncoding\":\"base64\",\"maxLength\":%llu",
		           (unsigned long long)(t->max + 2) / 3 * 4);
		break;
	case KRUX_T_ENUM:
		enum_put(b, t);
		break;
	case KRUX_T_PATH:
		buf_puts(b, "\"type\":\"string\",\"pattern\":\"^/\"");
		break;
	case KRUX_T_URL:
		buf_puts(b, "\"type\":\"string\",\"format\":\"uri\",\"pattern\":\"^[Hh][Tt][Tt][Pp][Ss]?://\"");
		break;
	case KRUX_T_DATETIME:
		buf_puts(b, "\"type\":\"string\",\"format\":\"date-time\"");
		break;
	case KRUX_T_DURATION:
		buf_puts(b, "\"type\":\"string\",\"pattern\":\"^[0-9][0-9_]*(ns|us|ms|s|m|h|d)$\"");
		break;
	case KRUX_T_DIGEST:
		buf_puts(b, "\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"");
		break;
	case KRUX_T_SECRET:
		buf_puts(b, "\"type\":\"string\",\"pattern\":\"^[a-z0-9._-]{1,64}$\"");
		break;
	case KRUX_T_HOST:
	case KRUX_T_IP:
	case KRUX_T_CIDR:
		buf_puts(b, "\"type\":\"string\"");
		break;
	case KRUX_T_LIST:
		buf_printf(b, "\"type\":\"array\",\"maxItems\":%llu,\"items\":{", (unsigned long long)t->max);
		members_put(b, t->elem);
		buf_putc(b, '}');
		break;
	case KRUX_T_MAP:
		buf_printf(b, "\"type\":\"object\",\"maxProperties\":%llu,\"additionalProperties\":{",
		           (unsigned long long)t->max);
		members_put(b, t->elem);
		buf_putc(b, '}');
		break;
	case KRUX_T_RECORD:
		record_put(b, t);
		break;
	case KRUX_T_COUNT:
		break;
	}
}

void json_schema_type(struct buf *b, const struct krux_type *t)
{
	buf_putc(b, '{');
	members_put(b, t);
	buf_putc(b, '}');
}
