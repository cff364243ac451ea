/* Bytes that were read before to fields, by comparing them. */
#include "runtime/record/record_known.h"

#include "runtime/record/record_part.h"

#include "capspec/item.h"

#include <endian.h>
#include <string.h>

/* The numbers of seq and of the times vary in length; these follow each other at fixed places:
 *   02 58 20 prev  03 kind  04 50 epoch  05 50 boot  06 1b wall  07 1b mono
 * Before seq an intent may have 00 81 1a runs-as. */
enum {
	AT_PREV = 3, AT_KIND = AT_PREV + HASH_LEN + 1, AT_EPOCH = AT_KIND + 3, AT_BOOT = AT_EPOCH + 16 + 2,
	AT_WALL = AT_BOOT + 16 + 2, AT_MONO = AT_WALL + 8 + 2, AT_REST = AT_MONO + 8
};
enum { AT_RUNS_AS = 3, RUNS_AS = AT_RUNS_AS + 4 };
/* The head of a map and a number of seq take at most 11 bytes. */
enum { HEAD_MOST = 11 + RUNS_AS + AT_REST };

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static bool is_pair(const uint8_t *p, uint8_t key, uint8_t head)
{
	return p[0] == key && p[1] == head;
}

/* Of an intent as root, whose uid has more than 16 bits; RUNS_AS bytes can be read at p. What stands behind it, which is p
 * where there is none; NULL: it has another form. */
static const uint8_t *runs_as_take(const uint8_t *p, struct record *r, uint64_t *count)
{
	if (p[0] != AUDIT_RUNS_AS)
		return p;
	/* Smaller ones have a shorter form. */
	if (!*count || !is_pair(p + 1, ITEM_LIST << 5 | 1, ITEM_UINT << 5 | 26) || !(p[AT_RUNS_AS] | p[AT_RUNS_AS + 1]))
		return NULL;
	r->have |= RECORD_BIT(RUNS_AS);
	r->field[AUDIT_RUNS_AS].s = (struct krux_str){ (const char *)p + 1, RUNS_AS - 1 };
	--*count;
	return p + RUNS_AS;
}

const uint8_t *known_head_take(const uint8_t *p, const uint8_t *end, struct record *r, uint64_t *count)
{
	struct item_in in = { p, end, NULL };
	struct item_at map, seq;
	uint64_t wall, mono;

	if (end - p < HEAD_MOST + 9)
		return NULL;
	map = item_head_take(p, ITEM_MAP, &in);
	if (!map.next || map.v < 8 || map.v > AUDIT_FIELDS)
		return NULL;
	*count = map.v - 7;
	r->have = 0;
	p = runs_as_take(map.next, r, count);
	if (!p || *p != AUDIT_SEQ)
		return NULL;
	seq = item_head_take(p + 1, ITEM_UINT, &in);
	p = seq.next;
	if (!p || !is_pair(p, AUDIT_PREV, ITEM_BYTES << 5 | 24) || p[2] != HASH_LEN || p[AT_KIND - 1] != AUDIT_KIND ||
	    p[AT_KIND] >= KNOWN_KINDS || (r->have && p[AT_KIND] != AUDIT_KIND_INTENT) || !is_pair(p + AT_EPOCH - 2, AUDIT_EPOCH, ITEM_BYTES << 5 | 16) ||
	    !is_pair(p + AT_BOOT - 2, AUDIT_BOOT, ITEM_BYTES << 5 | 16) ||
	    !is_pair(p + AT_WALL - 2, AUDIT_WALL, ITEM_UINT << 5 | 27) ||
	    !is_pair(p + AT_MONO - 2, AUDIT_MONO, ITEM_UINT << 5 | 27))
		return NULL;
	wall = be64toh(word_at(p + AT_WALL));
	mono = be64toh(word_at(p + AT_MONO));
	/* Smaller ones have a shorter form. */
	if (!(wall >> 32) || !(mono >> 32))
		return NULL;
	r->have |= RECORD_OWN & ~RECORD_BIT(CHECK);
	r->field[AUDIT_SEQ].u = seq.v;
	r->field[AUDIT_PREV].s = (struct krux_str){ (const char *)p + AT_PREV, HASH_LEN };
	r->field[AUDIT_KIND].u = p[AT_KIND];
	r->field[AUDIT_EPOCH].s = (struct krux_str){ (const char *)p + AT_EPOCH, 16 };
	r->field[AUDIT_BOOT].s = (struct krux_str){ (const char *)p + AT_BOOT, 16 };
	r->field[AUDIT_WALL].u = wall;
	r->field[AUDIT_MONO].u = mono;
	return p + AT_REST;
}

const uint8_t *known_body_take(const uint8_t *p, const uint8_t *end, struct record *r, uint64_t *count)
{
	struct item_in in = { p, end, NULL };
	struct item_at map = item_head_take(p, ITEM_MAP, &in);

	if (!map.next || !map.v || map.v > AUDIT_FIELDS || end - map.next < RUNS_AS + 2)
		return NULL;
	*count = map.v - 1;
	r->have = 0;
	p = runs_as_take(map.next, r, count);
	if (!p || p[0] != AUDIT_KIND || p[1] >= KNOWN_KINDS || (r->have && p[1] != AUDIT_KIND_INTENT))
		return NULL;
	r->have |= RECORD_BIT(KIND);
	r->field[AUDIT_KIND].u = p[1];
	return p + 2;
}

const uint8_t *known_check_take(const uint8_t *p, const uint8_t *end, struct record *r)
{
	static const uint8_t head[] = { ITEM_UINT << 5 | 24, AUDIT_CHECK, ITEM_BYTES << 5 | RECORD_CHECK };

	if (end - p < RECORD_CHECK_WHOLE || memcmp(p, head, sizeof head) != 0)
		return NULL;
	r->have |= RECORD_BIT(CHECK);
	r->field[AUDIT_CHECK].s = (struct krux_str){ (const char *)p + sizeof head, RECORD_CHECK };
	return p + RECORD_CHECK_WHOLE;
}

static inline uint64_t differ(const uint8_t *p, const uint8_t *known)
{
	return word_at(p) ^ word_at(known);
}

/* How many bytes are the same, of n. */
static inline size_t same(const uint8_t *p, const uint8_t *known, size_t n)
{
	enum { WORD = sizeof(uint64_t) };
	size_t i = 0;

	for (; i + 4 * WORD <= n; i += 4 * WORD)
		if (differ(p + i, known + i) | differ(p + i + WORD, known + i + WORD) |
		    differ(p + i + 2 * WORD, known + i + 2 * WORD) | differ(p + i + 3 * WORD, known + i + 3 * WORD))
			break;
	for (; i + WORD <= n; i += WORD) {
		uint64_t x = differ(p + i, known + i);

		if (x)
			return i + (size_t)__builtin_ctzll(le64toh(x)) / 8;
	}
	while (i < n && p[i] == known[i])
		i++;
	return i;
}

size_t known_take(const struct known *k, size_t i, size_t most, const uint8_t *p, const uint8_t *end,
                  struct record *r, const uint8_t **next)
{
	const struct known_field *f = &k->field[i];
	size_t start = f->at, left = k->nbytes - start, here = (size_t)(end - p), n = 0, until;
	uint64_t have = r->have;

	/* Mostly it is all the same. */
	if (left <= here && !memcmp(p, k->bytes + start, left))
		until = k->nbytes;
	else
		until = start + same(p, k->bytes + start, here < left ? here : left);
	p -= start;
	if (most > k->n - i)
		most = k->n - i;
	for (; n < most && f->end <= until; n++, f++) {
		union record_field *out = &r->field[f->key];

		have |= 1ull << f->key;
		if (f->borrows)
			out->s = (struct krux_str){ (const char *)p + f->content, f->value.s.n };
		else
			out->u = f->value.u;
	}
	r->have = have;
	*next = p + (n ? f[-1].end : start);
	return n;
}

void known_keep(struct known *k, const struct record *r, const uint8_t *at, const uint8_t *end)
{
	uint64_t left = r->have & ~(RECORD_OWN | RECORD_BIT(RUNS_AS));
	const uint8_t *p = at;

	k->checked = 0;
	k->n = 0;
	if (end - at > KNOWN_BYTES)
		return;
	for (; left; left &= left - 1) {
		unsigned key = (unsigned)__builtin_ctzll(left), nkey = key < 24 ? 1 : 2;
		struct known_field *f = &k->field[k->n++];

		*f = (struct known_field){ .at = (uint16_t)(p - at), .key = (uint8_t)key,
			                   .borrows = !record_is_number(record_fields[key].schema[0]),
			                   .value = r->field[key] };
		p += nkey + item_length(p + nkey, (size_t)(end - p) - nkey);
		f->end = (uint16_t)(p - at);
		if (f->borrows)
			f->content = (uint16_t)((const uint8_t *)f->value.s.p - at);
	}
	k->nbytes = (size_t)(p - at);
	memcpy(k->bytes, at, k->nbytes);
}
