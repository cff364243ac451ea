/* Messages to bytes and back. What a message must and may have is its rows in capspec/frame.def:
 * both ways walk them. */
#include "capspec/frame.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <string.h>

enum row_type { ROW_ID, ROW_VERSION, ROW_UINT, ROW_BOOL, ROW_TEXT, ROW_BYTES, ROW_HASH, ROW_TRIPLE, ROW_PAIR };

struct row {
	uint8_t key, other;             /* PAIR: both keys */
	uint8_t type;
	bool optional;                  /* PAIR: neither may be there */
	uint16_t at, has;               /* offsets in struct frame; has 0: the pointer tells */
	uint64_t least, most;
};

#define AT_ID(f, m) offsetof(struct frame, id)
#define AT_VERSION(f, m) offsetof(struct frame, f.m)
#define AT_UINT(f, m) offsetof(struct frame, f.m)
#define AT_BOOL(f, m) offsetof(struct frame, f.m)
#define AT_TEXT(f, m) offsetof(struct frame, f.m)
#define AT_BYTES(f, m) offsetof(struct frame, f.m)
#define AT_HASH(f, m) offsetof(struct frame, f.m)
#define AT_TRIPLE(f, m) offsetof(struct frame, f.m)
#define HAS_ID(f, m) offsetof(struct frame, has_id)
#define HAS_UINT(f, m) offsetof(struct frame, f.has_##m)
#define HAS_BOOL(f, m) offsetof(struct frame, f.has_##m)
#define HAS_TEXT(f, m) 0
#define HAS_BYTES(f, m) 0
#define HAS_HASH(f, m) 0

#define FRAME_OPEN(ID, frame, number, to) static const struct row rows_##frame[] = {
#define FRAME_ROW(frame, member, key, type, least, most, cddl) \
	{ key, 0, ROW_##type, false, AT_##type(frame, member), ROW_##type ? 0 : HAS_ID(, ), least, most },
#define FRAME_OPT(frame, member, key, type, least, most, cddl) \
	{ key, 0, ROW_##type, true, AT_##type(frame, member), HAS_##type(frame, member), least, most },
#define FRAME_PAIR(frame, a, b, need) { a, b, ROW_PAIR, !(need), 0, 0, 0, 0 },
#define FRAME_CLOSE(frame) };
#include "capspec/frame.def"

static const struct shape {
	const char *word;
	const struct row *row;
	uint8_t nrows, to;
} shapes[FRAME_KINDS] = {
#define FRAME_OPEN(ID, frame, number, to) \
	[number] = { #frame, rows_##frame, sizeof rows_##frame / sizeof *rows_##frame, to },
#define FRAME_CLOSE(frame)
#include "capspec/frame.def"
};

const char *frame_kind_word(unsigned kind)
{
	return kind < FRAME_KINDS ? shapes[kind].word : NULL;
}

const char *frame_end_word(unsigned end)
{
	static const char *const word[] = {
#define FRAME_END(ID, number, text) [number] = (text),
#include "capspec/frame.def"
	};

	return end < FRAME_ENDS ? word[end] : NULL;
}

const char *frame_error_word(unsigned code)
{
	static const char *const word[] = {
#define FRAME_ERROR(ID, number, text) [number] = (text),
#include "capspec/frame.def"
	};

	return code < FRAME_ERRORS ? word[code] : NULL;
}

/* ---- decoding ---- */

struct decoder {
	struct item_in in;
	char *out;                      /* struct frame, by offset */
	bool version;                   /* another one is spoken */
};

static bool refuse(struct decoder *d, const char *why)
{
	d->in.why = why;
	return false;
}

static bool number_take(struct decoder *d, const struct row *r, uint64_t *out)
{
	uint64_t v;

	if (!item_take(&d->in, ITEM_UINT, &v))
		return false;
	if (v < r->least || v > r->most) {
		d->version = r->type == ROW_VERSION;
		return refuse(d, d->version ? "another version of the protocol" : "a number out of range");
	}
	*out = v;
	return true;
}

static bool bool_take(struct decoder *d, bool *out)
{
	uint64_t v;

	if (!item_take(&d->in, ITEM_SIMPLE, &v))
		return false;
	if (v != ITEM_FALSE && v != ITEM_TRUE)
		return refuse(d, "neither true nor false");
	*out = v == ITEM_TRUE;
	return true;
}

static bool string_take(struct decoder *d, const struct row *r, struct krux_str *out)
{
	if (!item_take_str(&d->in, r->type == ROW_TEXT ? ITEM_TEXT : ITEM_BYTES, out))
		return false;
	return (out->n >= r->least && out->n <= r->most) || refuse(d, "a text or bytes of a wrong length");
}

static bool triple_take(struct decoder *d, uint64_t out[static 3])
{
	uint64_t n;

	if (!item_take(&d->in, ITEM_LIST, &n))
		return false;
	if (n != 3)
		return refuse(d, "a list of a wrong length");
	for (unsigned i = 0; i < 3; i++)
		if (!item_take(&d->in, ITEM_UINT, &out[i]))
			return false;
	return true;
}

static bool field_take(struct decoder *d, const struct row *r)
{
	char *at = d->out + r->at;
	struct krux_str s;

	if (r->has)
		*(bool *)(d->out + r->has) = true;
	switch ((enum row_type)r->type) {
	case ROW_ID:
	case ROW_UINT:
	case ROW_VERSION:
		return number_take(d, r, (uint64_t *)(void *)at);
	case ROW_BOOL:
		return bool_take(d, (bool *)at);
	case ROW_TEXT:
	case ROW_BYTES:
		return string_take(d, r, (struct krux_str *)(void *)at);
	case ROW_HASH:
		if (!string_take(d, r, &s))
			return false;
		*(const uint8_t **)(void *)at = (const uint8_t *)s.p;
		return true;
	case ROW_TRIPLE:
		return triple_take(d, (uint64_t *)(void *)at);
	case ROW_PAIR:
		break;
	}
	return refuse(d, "a field without a type");
}

static const struct row *row_find(const struct shape *s, uint64_t key)
{
	for (unsigned i = 0; i < s->nrows; i++)
		if (s->row[i].key == key && s->row[i].type != ROW_PAIR)
			return &s->row[i];
	return NULL;
}

/* The rows that a message of these keys, a bit each, breaks. */
static bool keys_check(const struct shape *s, uint32_t keys, const char **why)
{
	uint32_t paired = 0;

	for (unsigned i = 0; i < s->nrows; i++) {
		const struct row *r = &s->row[i];
		uint32_t a = 1u << r->key, b = 1u << r->other;

		if (r->type == ROW_PAIR) {
			paired = a | b;
			if ((keys & paired) == paired || (!r->optional && !(keys & paired))) {
				*why = "not exactly one of two fields";
				return false;
			}
		} else if (!r->optional && !(keys & a)) {
			*why = "a field is missing";
			return false;
		}
	}
	return true;
}

/* The head of the map and key 0. */
static const struct shape *kind_take(struct decoder *d, unsigned to, struct frame *out, uint64_t *left)
{
	uint64_t key, kind;

	if (!item_take(&d->in, ITEM_MAP, left))
		return NULL;
	if (!*left || !item_take(&d->in, ITEM_UINT, &key) || key || !item_take(&d->in, ITEM_UINT, &kind)) {
		refuse(d, "a message without a kind");
		return NULL;
	}
	--*left;
	if (kind >= FRAME_KINDS || !shapes[kind].word) {
		refuse(d, "a message of an unknown kind");
		return NULL;
	}
	out->kind = (enum frame_kind)kind;
	if (!(shapes[kind].to & to)) {
		refuse(d, "a message that is not sent this way");
		return NULL;
	}
	return &shapes[kind];
}

static bool fields_take(struct decoder *d, const struct shape *s, uint64_t left)
{
	uint32_t keys = 0;
	uint64_t key, last = 0;
	const char *why = NULL;

	for (; left; left--, last = key) {
		const struct row *r;

		if (!item_take(&d->in, ITEM_UINT, &key))
			return false;
		if (key <= last)
			return refuse(d, "a key that is out of order or there twice");
		r = row_find(s, key);
		if (!r)
			return refuse(d, "a key that this message does not have");
		keys |= 1u << key;
		if (!field_take(d, r))
			return false;
	}
	if (d->in.p != d->in.end)
		return refuse(d, "bytes after the message");
	return keys_check(s, keys, &why) || refuse(d, why);
}

enum frame_error frame_decode(unsigned to, struct krux_str body, struct frame *out, const char **why)
{
	const uint8_t *p = (const uint8_t *)body.p;
	struct decoder d = { .out = (char *)out };
	const struct shape *s;
	uint64_t left;

	*out = (struct frame){ .kind = FRAME_NONE };
	d.in = (struct item_in){ .p = p, .end = p + body.n };
	s = kind_take(&d, to, out, &left);
	if (s && fields_take(&d, s, left))
		return FRAME_ERROR_NONE;
	*why = d.in.why;
	return d.version ? FRAME_ERROR_VERSION : FRAME_ERROR_MALFORMED;
}

/* ---- encoding ---- */

static bool field_there(const char *frame, const struct row *r)
{
	if (!r->optional)
		return true;
	if (r->has)
		return *(const bool *)(frame + r->has);
	return *(const void *const *)(const void *)(frame + r->at) != NULL;
}

static bool field_put(struct item_out *o, const char *frame, const struct row *r)
{
	const char *at = frame + r->at;
	const uint64_t *u = (const void *)at;
	struct krux_str s;

	switch ((enum row_type)r->type) {
	case ROW_ID:
	case ROW_UINT:
	case ROW_VERSION:
		item_head(o, ITEM_UINT, *u);
		return *u >= r->least && *u <= r->most;
	case ROW_BOOL:
		item_head(o, ITEM_SIMPLE, *(const bool *)at ? ITEM_TRUE : ITEM_FALSE);
		return true;
	case ROW_TEXT:
	case ROW_BYTES:
		s = *(const struct krux_str *)(const void *)at;
		item_str(o, r->type == ROW_TEXT ? ITEM_TEXT : ITEM_BYTES, s);
		return s.n >= r->least && s.n <= r->most && (r->type == ROW_BYTES || krux_utf8_valid(s));
	case ROW_HASH:
		s = (struct krux_str){ *(const char *const *)(const void *)at, (size_t)r->most };
		if (s.p)
			item_str(o, ITEM_BYTES, s);
		return s.p != NULL;
	case ROW_TRIPLE:
		item_head(o, ITEM_LIST, 3);
		for (unsigned i = 0; i < 3; i++)
			item_head(o, ITEM_UINT, u[i]);
		return true;
	case ROW_PAIR:
		break;
	}
	return false;
}

size_t frame_encode(const struct frame *f, uint8_t *buf, size_t cap)
{
	struct item_out o = { buf, cap, FRAME_HEAD };
	const char *frame = (const char *)f, *why;
	const struct shape *s;
	uint32_t keys = 0;
	size_t n;

	if (f->kind >= FRAME_KINDS || !shapes[f->kind].word)
		return 0;
	s = &shapes[f->kind];
	for (unsigned i = 0; i < s->nrows; i++)
		if (s->row[i].type != ROW_PAIR && field_there(frame, &s->row[i]))
			keys |= 1u << s->row[i].key;
	if (!keys_check(s, keys, &why))
		return 0;
	item_head(&o, ITEM_MAP, 1 + (unsigned)__builtin_popcount(keys));
	item_head(&o, ITEM_UINT, 0);
	item_head(&o, ITEM_UINT, f->kind);
	for (unsigned i = 0; i < s->nrows; i++) {
		if (s->row[i].type == ROW_PAIR || !(keys & 1u << s->row[i].key))
			continue;
		item_head(&o, ITEM_UINT, s->row[i].key);
		if (!field_put(&o, frame, &s->row[i]))
			return 0;
	}
	n = o.n - FRAME_HEAD;
	if (n > FRAME_MAX)
		return 0;
	for (unsigned i = 0; i < FRAME_HEAD && FRAME_HEAD <= cap; i++)
		buf[i] = (uint8_t)(n >> 8 * (FRAME_HEAD - 1 - i));
	return o.n;
}

/* ---- bytes as they come ---- */

bool frame_reader_midway(const struct frame_reader *r)
{
	return r->length || r->have;
}

static void reader_copy(struct frame_reader *r, uint8_t *to, size_t most, const uint8_t **p, size_t *n)
{
	size_t k = *n < most - r->have ? *n : most - r->have;

	if (k)
		memcpy(to + r->have, *p, k);
	r->have += k;
	*p += k;
	*n -= k;
}

static enum frame_take reader_whole(struct frame_reader *r, const void *p, struct krux_str *body)
{
	*body = (struct krux_str){ p, r->length };
	r->length = r->have = 0;
	return FRAME_WHOLE;
}

enum frame_take frame_reader_take(struct frame_reader *r, const uint8_t **p, size_t *n,
                                  struct krux_str *body)
{
	if (!r->length) {
		size_t length = 0;

		reader_copy(r, r->head, FRAME_HEAD, p, n);
		if (r->have < FRAME_HEAD)
			return FRAME_MORE;
		for (unsigned i = 0; i < FRAME_HEAD; i++)
			length = length << 8 | r->head[i];
		if (!length || length > r->max || length > FRAME_MAX)
			return FRAME_TOO_LONG;
		r->length = length;
		r->have = 0;
	}
	if (!r->have && *n >= r->length) {
		const uint8_t *at = *p;

		*p += r->length;
		*n -= r->length;
		return reader_whole(r, at, body);
	}
	if (!*n)
		return FRAME_MORE;
	if (!r->body || r->room < r->length)
		return FRAME_ROOM;
	reader_copy(r, r->body, r->length, p, n);
	return r->have == r->length ? reader_whole(r, r->body, body) : FRAME_MORE;
}
