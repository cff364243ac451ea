/* Records to bytes. What a kind must and may have is a row of capspec/audit.def. */
#include "runtime/record/record_part.h"

#include "capspec/crc.h"
#include "capspec/digest.h"
#include "capspec/item.h"

#include <endian.h>
#include <string.h>

const struct record_field_row record_fields[AUDIT_FIELDS] = {
#define AUDIT_FIELD(id, key, w, s) [key] = { w, s },
#include "capspec/audit.def"
};

const char *record_field_word(enum audit_field f)
{
	return record_fields[f].word;
}

const char *record_field_schema(enum audit_field f)
{
	return record_fields[f].schema;
}

void record_set(struct record *r, enum audit_field f, uint64_t u)
{
	r->have |= 1ull << f;
	r->field[f].u = u;
}

void record_str(struct record *r, enum audit_field f, struct krux_str s)
{
	r->have |= 1ull << f;
	r->field[f].s = s;
}

void record_text(struct record *r, enum audit_field f, const char *s)
{
	if (s && *s)
		record_str(r, f, (struct krux_str){ s, strlen(s) });
}

void record_bytes(struct record *r, enum audit_field f, const void *p, size_t n)
{
	record_str(r, f, (struct krux_str){ p, n });
}

void record_check(const uint8_t *p, size_t n, uint8_t out[static RECORD_CHECK])
{
	uint32_t crc = htobe32(krux_crc32c(p, n));

	memcpy(out, &crc, sizeof crc);
}

/* The map of the fields in `which`, with a head for `more` further ones. False: no such field. */
static bool fields_encode(const struct record *r, uint64_t which, unsigned more, struct item_out *o)
{
	item_head(o, ITEM_MAP, (uint64_t)__builtin_popcountll(which) + more);
	for (; which; which &= which - 1) {
		unsigned f = (unsigned)__builtin_ctzll(which);
		const char *schema = record_fields[f].schema;

		if (!schema)
			return false;
		item_head(o, ITEM_UINT, f);
		if (record_is_number(*schema))
			item_head(o, ITEM_UINT, r->field[f].u);
		else if (*schema == 't')
			item_str(o, ITEM_TEXT, r->field[f].s);
		else if (*schema == 'b' || *schema == 'c')
			item_str(o, ITEM_BYTES, r->field[f].s);
		else
			item_raw(o, r->field[f].s);
	}
	return o->n <= o->cap;
}

size_t record_encode_body(const struct record *r, uint8_t *out, size_t cap)
{
	struct item_out o = { out, cap < RECORD_MAX ? cap : RECORD_MAX, 0 };

	return fields_encode(r, r->have & ~(RECORD_OWN & ~RECORD_BIT(KIND)), 0, &o) ? o.n : 0;
}

size_t record_encode(const struct record *r, uint8_t *out, size_t cap)
{
	struct item_out o = { out, cap < RECORD_MAX ? cap : RECORD_MAX, 0 };
	uint8_t check[RECORD_CHECK];
	struct record back;
	const char *why;
	size_t used;

	if (!fields_encode(r, r->have & ~RECORD_BIT(CHECK), 1, &o))
		return 0;
	record_check(out, o.n, check);
	item_head(&o, ITEM_UINT, AUDIT_CHECK);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)check, sizeof check });
	/* Nobody is to write what nobody could read. */
	if (o.n > o.cap || !record_decode(out, o.n, &back, &used, &why) || used != o.n)
		return 0;
	return o.n;
}

/* The writer's own fields go to where RECORD_HEAD bytes are free; each returns the place behind it. */
static inline uint8_t *bytes_put(uint8_t *p, enum audit_field f, const uint8_t *bytes, size_t n)
{
	struct item_out o = { p, 2 * sizeof(uint64_t), 0 };

	item_head(&o, ITEM_UINT, f);
	item_head(&o, ITEM_BYTES, n);
	memcpy(p + o.n, bytes, n);
	return p + o.n + n;
}

static inline uint8_t *number_put(uint8_t *p, enum audit_field f, uint64_t v)
{
	struct item_out o = { p, 2 * sizeof(uint64_t), 0 };

	item_head(&o, ITEM_UINT, f);
	item_head(&o, ITEM_UINT, v);
	return p + o.n;
}

void record_moment(struct record_moment *m, const uint8_t *epoch, const uint8_t *boot, uint64_t wall, uint64_t mono)
{
	uint8_t *p = m->bytes;

	m->wall = wall;
	m->mono = mono;
	p = bytes_put(p, AUDIT_EPOCH, epoch, 16);
	p = bytes_put(p, AUDIT_BOOT, boot, 16);
	p = number_put(p, AUDIT_WALL, wall);
	m->n = (uint8_t)(number_put(p, AUDIT_MONO, mono) - m->bytes);
}

/* Returns the place behind it. */
static uint8_t *moment_put(uint8_t *p, struct record *r, const struct record_moment *m)
{
	memcpy(p, m->bytes, sizeof m->bytes);
	record_bytes(r, AUDIT_EPOCH, p + 2, 16);
	record_bytes(r, AUDIT_BOOT, p + 2 + 16 + 2, 16);
	record_set(r, AUDIT_WALL, m->wall);
	record_set(r, AUDIT_MONO, m->mono);
	return p + m->n;
}

/* What was borrowed from where the fields were is borrowed from where they are. */
static void fields_move(struct record *r, uint64_t which, const uint8_t *from, const uint8_t *to)
{
	for (; which; which &= which - 1) {
		struct krux_str *s = &r->field[__builtin_ctzll(which)].s;

		if (s->p)
			s->p = (const char *)to + (s->p - (const char *)from);
	}
}

size_t record_whole(const struct record_head *h, const uint8_t *body, size_t n, struct record *r,
                    uint8_t *out, size_t cap)
{
	uint64_t count = (uint64_t)__builtin_popcountll(r->have), borrowed = r->have & ~record_numbers();
	struct item_out map = { out, RECORD_HEAD, 0 };
	/* Behind the map's head, what a call runs as comes before all fields of the writer; the kind is the next, and the
	 * others come behind the writer's. */
	size_t nmap = count < 24 ? 1 : 2, first = record_has(r, AUDIT_RUNS_AS) ? 1 + r->field[AUDIT_RUNS_AS].s.n : 0;
	size_t skip = nmap + first + 1 + (r->field[AUDIT_KIND].u < 24 ? 1 : 2);
	uint8_t *p, check[RECORD_CHECK];

	if (n + RECORD_HEAD > cap || n + RECORD_HEAD > RECORD_MAX)
		return 0;
	item_head(&map, ITEM_MAP, count + 7);
	p = out + map.n;
	memcpy(p, body + nmap, first);
	fields_move(r, borrowed & RECORD_BIT(RUNS_AS), body + nmap, p);
	record_set(r, AUDIT_SEQ, h->seq);
	p = number_put(p + first, AUDIT_SEQ, h->seq);
	p = bytes_put(p, AUDIT_PREV, h->prev, HASH_LEN);
	record_bytes(r, AUDIT_PREV, p - HASH_LEN, HASH_LEN);
	p = number_put(p, AUDIT_KIND, r->field[AUDIT_KIND].u);
	p = moment_put(p, r, h->moment);
	fields_move(r, borrowed & ~RECORD_BIT(RUNS_AS), body + skip, p);
	memcpy(p, body + skip, n - skip);
	p += n - skip;
	record_check(out, (size_t)(p - out), check);
	p = bytes_put(p, AUDIT_CHECK, check, sizeof check);
	record_bytes(r, AUDIT_CHECK, p - sizeof check, sizeof check);
	return (size_t)(p - out);
}

void record_leaf(const uint8_t *p, size_t n, uint8_t leaf[static HASH_LEN])
{
	krux_sha256_tagged(0, &(struct krux_str){ (const char *)p, n }, 1, (uint8_t (*)[HASH_LEN])leaf);
}

void record_leaves(const struct krux_str *record, size_t n, uint8_t (*leaf)[HASH_LEN])
{
	krux_sha256_tagged(0, record, n, leaf);
}
