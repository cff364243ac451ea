/* Bytes to records. A field's schema is a row of capspec/audit.def. */
#include "runtime/record/record_part.h"

#include "capspec/canon.h"
#include "capspec/item.h"
#include "capspec/krux_abi.h"

#include <string.h>

/* The loop over a record's fields is one function: places stay in registers. */
#define INLINE inline __attribute__((always_inline))

/* "32" */
static size_t schema_size(const char *digits)
{
	return digits[1] >= '0' && digits[1] <= '9' ? (size_t)(digits[0] - '0') * 10 + (size_t)(digits[1] - '0')
	                                           : (size_t)(digits[0] - '0');
}

static const uint8_t *refuse(struct item_in *in, const uint8_t *at, const char *why)
{
	in->p = at;
	in->why = why;
	return NULL;
}

/* Each returns the place behind the field at p, or NULL with in->why and in->p. */
static inline const uint8_t *number_take(const uint8_t *p, uint64_t most, union record_field *out, struct item_in *in)
{
	struct item_at at = item_head_take(p, ITEM_UINT, in);

	out->u = at.v;
	return !at.next || at.v <= most ? at.next : refuse(in, p, "a number that is out of range");
}

/* The head of a string, and room for what it says. */
static inline const uint8_t *string_take(const uint8_t *p, enum item_major major, union record_field *out,
                                         struct item_in *in)
{
	struct item_at at = item_head_take(p, major, in);

	if (!at.next)
		return NULL;
	if (at.v > (size_t)(in->end - at.next))
		return refuse(in, p, "it ends too early");
	out->s = (struct krux_str){ (const char *)at.next, (size_t)at.v };
	return at.next + at.v;
}

static inline const uint8_t *bytes_take(const uint8_t *p, size_t n, union record_field *out, struct item_in *in)
{
	const uint8_t *next = string_take(p, ITEM_BYTES, out, in);

	return !next || out->s.n == n ? next : refuse(in, p, "bytes of the wrong length");
}

static INLINE const uint8_t *field_decode(const uint8_t *p, const char *schema, union record_field *out,
                                          struct item_in *in)
{
	const uint8_t *next;

	switch (*schema) {
	case 'u':
	case 'k':
		return number_take(p, UINT64_MAX, out, in);
	case 'v':
		return number_take(p, KRUX_AUTONOMOUS, out, in);
	case 't':
		return item_text_take(p, &out->s, in);
	case 'b':
		return bytes_take(p, schema_size(schema + 1), out, in);
	case 'c':
		next = string_take(p, ITEM_BYTES, out, in);
		return !next || krux_cbor_valid((const uint8_t *)out->s.p, out->s.n) ?
		               next : refuse(in, p, "bytes that are not canonical CBOR");
	default:
		next = item_check_at(p, schema, in);
		if (next)
			out->s = (struct krux_str){ (const char *)p, (size_t)(next - p) };
		return next;
	}
}

/* What is inside of it was checked before it was written. */
static INLINE const uint8_t *field_take(const uint8_t *p, const char *schema, union record_field *out,
                                        struct item_in *in)
{
	size_t n;

	switch (*schema) {
	case 't':
		return string_take(p, ITEM_TEXT, out, in);
	case 'c':
		return string_take(p, ITEM_BYTES, out, in);
	case '[':
	case '(':
		n = item_length(p, (size_t)(in->end - p));
		if (!n)
			return refuse(in, p, "it ends too early");
		out->s = (struct krux_str){ (const char *)p, n };
		return p + n;
	default:
		return field_decode(p, schema, out, in);
	}
}

/* A map of fields; *at_check is where the key of the check stands. */
static INLINE bool fields_read(struct item_in *in, struct record *r, const uint8_t **at_check, bool form_only)
{
	struct item_at count = item_head_take(in->p, ITEM_MAP, in), key;
	uint64_t last = 0, have = 0;
	const uint8_t *p = count.next;

	r->have = 0;
	for (; p && count.v; count.v--) {
		key = item_head_take(p, ITEM_UINT, in);
		if (!key.next)
			return false;
		if (key.v >= AUDIT_FIELDS || !record_fields[key.v].schema || key.v <= last) {
			refuse(in, p, key.v <= last ? "keys that are not in order"
			                            : "a key that this version does not know");
			return false;
		}
		last = key.v;
		if (key.v == AUDIT_CHECK)
			*at_check = p;
		have |= 1ull << key.v;
		p = form_only ? field_take(key.next, record_fields[key.v].schema, &r->field[key.v], in)
		              : field_decode(key.next, record_fields[key.v].schema, &r->field[key.v], in);
	}
	if (!p)
		return false;
	in->p = p;
	r->have = have;
	return true;
}

static bool fields_decode(struct item_in *in, struct record *r, const uint8_t **at_check)
{
	return fields_read(in, r, at_check, false);
}

static bool fields_take(struct item_in *in, struct record *r, const uint8_t **at_check)
{
	return fields_read(in, r, at_check, true);
}

static bool decode(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why,
                   bool checked)
{
	struct item_in in = { p, p + (n < RECORD_MAX ? n : RECORD_MAX),
		              "it is longer than 65,535 bytes" };
	uint8_t check[RECORD_CHECK];
	const uint8_t *at_check = p;

	if (!(checked ? fields_decode : fields_take)(&in, r, &at_check))
		goto refuse;
	in.why = record_kind_check(r, RECORD_OWN);
	if (!in.why && checked) {
		record_check(p, (size_t)(at_check - p), check);
		if (memcmp(r->field[AUDIT_CHECK].s.p, check, sizeof check) != 0)
			in.why = "it does not add up to its own check";
	}
	if (in.why) {
		in.p = p;
		goto refuse;
	}
	*used = (size_t)(in.p - p);
	return true;
refuse:
	if (n > RECORD_MAX && in.p == in.end)
		in.why = "it is longer than 65,535 bytes";
	*used = (size_t)(in.p - p);
	*why = in.why;
	return false;
}

bool record_decode(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why)
{
	return decode(p, n, r, used, why, true);
}

bool record_decode_hashed(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why)
{
	return decode(p, n, r, used, why, false);
}

bool record_body(const uint8_t *p, size_t n, struct record *r, const char **why)
{
	struct item_in in = { p, p + n, NULL };
	const uint8_t *at_check;

	*why = NULL;
	if (n > RECORD_MAX - RECORD_HEAD)
		*why = "it is too long for a record";
	else if (!fields_decode(&in, r, &at_check))
		*why = in.why;
	else if (in.p != in.end)
		*why = "bytes after it";
	else
		*why = record_kind_check(r, RECORD_BIT(KIND));
	return !*why;
}
