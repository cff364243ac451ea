/* Bytes to records. A field's schema is a row of capspec/audit.def. */
#include "runtime/record/record_known.h"
#include "runtime/record/record_part.h"

#include "capspec/canon.h"
#include "capspec/crc.h"
#include "capspec/item.h"
#include "capspec/krux_abi.h"

#include <endian.h>
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

struct fields {
	struct item_in in;
	const uint8_t *p;                    /* NULL: refused */
	uint64_t left;                       /* fields that are still to come */
	uint64_t least;                      /* key that may come next */
};

/* The next field to its place. */
static INLINE void field_next(struct fields *f, struct record *r, bool form_only)
{
	struct item_at key = item_head_take(f->p, ITEM_UINT, &f->in);
	const char *schema;

	if (!key.next) {
		f->p = NULL;
		return;
	}
	if (key.v >= AUDIT_FIELDS || !record_fields[key.v].schema || key.v < f->least) {
		f->p = refuse(&f->in, f->p, key.v < f->least ? "keys that are not in order"
		                                             : "a key that this version does not know");
		return;
	}
	f->least = key.v + 1;
	f->left--;
	r->have |= 1ull << key.v;
	schema = record_fields[key.v].schema;
	f->p = form_only ? field_take(key.next, schema, &r->field[key.v], &f->in)
	                 : field_decode(key.next, schema, &r->field[key.v], &f->in);
}

/* A map of fields. */
static INLINE bool fields_read(struct fields *f, struct record *r, bool form_only)
{
	struct item_at count = item_head_take(f->in.p, ITEM_MAP, &f->in);

	r->have = 0;
	f->p = count.next;
	f->left = count.v;
	f->least = 0;
	while (f->p && f->left)
		field_next(f, r, form_only);
	if (!f->p)
		return false;
	f->in.p = f->p;
	return true;
}

static bool fields_decode(struct fields *f, struct record *r)
{
	return fields_read(f, r, false);
}

static bool fields_take(struct fields *f, struct record *r)
{
	return fields_read(f, r, true);
}

/* Of a record that was read by what is known: */
struct told {
	struct known *known;
	uint64_t read;                       /* fields that are others than the known ones */
};

/* The same from `rest` on, behind a head that was taken, where most of it is known. False also where it has another
 * form: then it is read the usual way. */
static INLINE bool fields_known(struct fields *f, const uint8_t *rest, struct record *r, struct record_known *known,
                                bool form_only, struct told *told)
{
	struct known *k = &known->kind[r->field[AUDIT_KIND].u];
	size_t i = 0, n, nread = 0, ntaken = 0;
	const uint8_t *next;
	uint64_t read = 0;

	f->p = rest;
	/* Fields of the log's writer in a body are out of order here: it is refused the usual way. */
	f->least = AUDIT_MONO + 1;
	while (f->left) {
		if (i < k->n) {
			n = known_take(k, i, f->left, f->p, f->in.end, r, &f->p);
			i += n;
			ntaken += n;
			f->left -= n;
			if (n)
				f->least = k->field[i - 1].key + 1u;
			if (!f->left)
				break;
		}
		next = f->left == 1 && f->least <= AUDIT_CHECK ? known_check_take(f->p, f->in.end, r) : NULL;
		if (next) {
			f->p = next;
			read |= RECORD_BIT(CHECK);
			break;
		}
		field_next(f, r, form_only);
		if (!f->p)
			return false;
		nread++;
		read |= 1ull << (f->least - 1);
		while (i < k->n && k->field[i].key < f->least)
			i++;
	}
	f->in.p = f->p;
	/* More of it is new than was known. */
	if (nread > ntaken + 2) {
		known_keep(k, r, rest, f->p);
		read = 0;
	}
	*told = (struct told){ k, read };
	return true;
}

static bool fields_decode_known(struct fields *f, struct record *r, struct record_known *known, struct told *told)
{
	const uint8_t *rest = known_head_take(f->in.p, f->in.end, r, &f->left);

	return rest && fields_known(f, rest, r, known, false, told);
}

static bool fields_take_known(struct fields *f, struct record *r, struct record_known *known, struct told *told)
{
	const uint8_t *rest = known_head_take(f->in.p, f->in.end, r, &f->left);

	return rest && fields_known(f, rest, r, known, true, told);
}

static bool body_decode_known(struct fields *f, struct record *r, struct record_known *known, struct told *told)
{
	const uint8_t *rest = known_body_take(f->in.p, f->in.end, r, &f->left);

	return rest && fields_known(f, rest, r, known, false, told);
}

/* What the kind says of these fields is known where all that it looks at is. */
static const char *told_check(const struct record *r, uint64_t own, const struct told *told)
{
	bool all = told->known && !(told->read & ~RECORD_FREE);
	const char *why;

	if (all && told->known->checked == r->have)
		return NULL;
	why = record_kind_check(r, own);
	if (all && !why)
		told->known->checked = r->have;
	return why;
}

/* A record but for its check. */
static bool form_decode(const uint8_t *p, size_t n, struct record *r, struct record_known *known, bool hashed,
                        size_t *used, const char **why)
{
	struct fields f = { .in = { p, p + (n < RECORD_MAX ? n : RECORD_MAX), "it is longer than 65,535 bytes" } };
	const struct item_in start = f.in;
	struct told told = { 0 };

	if (!known || !(hashed ? fields_take_known : fields_decode_known)(&f, r, known, &told)) {
		f.in = start;
		if (!(hashed ? fields_take : fields_decode)(&f, r))
			goto refuse;
	}
	f.in.why = told_check(r, RECORD_OWN, &told);
	if (!f.in.why) {
		*used = (size_t)(f.in.p - p);
		return true;
	}
	f.in.p = p;
refuse:
	if (n > RECORD_MAX && f.in.p == f.in.end)
		f.in.why = "it is longer than 65,535 bytes";
	*used = (size_t)(f.in.p - p);
	*why = f.in.why;
	return false;
}

const char record_adds_not_up[] = "it does not add up to its own check";

static bool adds_up(struct krux_str bytes, uint32_t crc)
{
	uint32_t check;

	memcpy(&check, bytes.p + bytes.n - RECORD_CHECK, sizeof check);
	return be32toh(check) == crc;
}

bool record_decode(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why)
{
	if (!form_decode(p, n, r, NULL, false, used, why))
		return false;
	if (adds_up((struct krux_str){ (const char *)p, *used }, krux_crc32c(p, *used - RECORD_CHECK_WHOLE)))
		return true;
	*used = 0;
	*why = record_adds_not_up;
	return false;
}

bool record_decode_known(const uint8_t *p, size_t n, struct record_known *known, struct record *r, size_t *used,
                         const char **why)
{
	return form_decode(p, n, r, known, false, used, why);
}

bool record_decode_hashed(const uint8_t *p, size_t n, struct record_known *known, struct record *r, size_t *used,
                          const char **why)
{
	return form_decode(p, n, r, known, true, used, why);
}

/* The check is the last field of each, and its key the greatest: where it stands is known. */
size_t record_add_up(const struct krux_str *bytes, size_t n)
{
	struct krux_str part[RECORD_MANY] = { { NULL, 0 } };
	uint32_t crc[RECORD_MANY];
	size_t i = 0;

	for (; i < n; i++)
		part[i] = (struct krux_str){ bytes[i].p, bytes[i].n - RECORD_CHECK_WHOLE };
	krux_crc32c_many(part, n, crc);
	for (i = 0; i < n && adds_up(bytes[i], crc[i]); i++)
		;
	return i;
}

bool record_body_known(const uint8_t *p, size_t n, struct record_known *known, struct record *r, const char **why)
{
	struct fields f = { .in = { p, p + n, NULL } };
	const struct item_in start = f.in;
	struct told told = { 0 };

	*why = NULL;
	if (n > RECORD_MAX - RECORD_HEAD) {
		*why = "it is too long for a record";
		return false;
	}
	if (!known || !body_decode_known(&f, r, known, &told)) {
		f.in = start;
		if (!fields_decode(&f, r)) {
			*why = f.in.why;
			return false;
		}
	}
	*why = f.in.p != f.in.end ? "bytes after it" : told_check(r, RECORD_BIT(KIND), &told);
	return !*why;
}

bool record_body(const uint8_t *p, size_t n, struct record *r, const char **why)
{
	return record_body_known(p, n, NULL, r, why);
}
