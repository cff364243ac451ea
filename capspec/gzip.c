/* A gzip file to its text: blocks of fixed codes and stored ones (RFC 1951, 3.2.4 and 3.2.6). Every read and
 * every copy is checked against what there is. */
#include "gzip.h"

#include <string.h>

enum { HEAD = 10, TAIL = 8, END_OF_BLOCK = 256, LENGTHS = 29, DISTANCES = 30 };

uint32_t krux_crc32(struct krux_str s)
{
	uint32_t table[16], crc = 0xFFFFFFFFu;

	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i;
		for (int k = 0; k < 4; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
	}
	for (size_t i = 0; i < s.n; i++) {
		crc ^= (unsigned char)s.p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

struct krux_deflate_code krux_deflate_length(unsigned code)
{
	unsigned bits = code < 8 ? 0 : code / 4 - 1;

	if (code == LENGTHS - 1)
		return (struct krux_deflate_code){ 258, 0 };
	if (code < 8)
		return (struct krux_deflate_code){ (uint16_t)(3 + code), 0 };
	return (struct krux_deflate_code){ (uint16_t)((4 + code % 4) << bits) + 3, (uint16_t)bits };
}

struct krux_deflate_code krux_deflate_distance(unsigned code)
{
	unsigned bits = code < 4 ? 0 : code / 2 - 1;

	if (code < 4)
		return (struct krux_deflate_code){ (uint16_t)(1 + code), 0 };
	return (struct krux_deflate_code){ (uint16_t)((2 + code % 2) << bits) + 1, (uint16_t)bits };
}

/* ---- bits, the lowest of each byte first ---- */

struct reader {
	const uint8_t *p, *end;
	unsigned bit;                  /* of *p */
	bool short_of;                 /* asked for more than there is */
	char *out;
	size_t n, most;
};

static unsigned bit_take(struct reader *r)
{
	unsigned bit;

	if (r->p == r->end) {
		r->short_of = true;
		return 0;
	}
	bit = *r->p >> r->bit & 1;
	r->bit = (r->bit + 1) & 7;
	r->p += !r->bit;
	return bit;
}

static unsigned bits_take(struct reader *r, unsigned n)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= bit_take(r) << i;
	return v;
}

/* Codes come with their highest bit first. */
static unsigned code_take(struct reader *r, unsigned code, unsigned n)
{
	while (n--)
		code = code << 1 | bit_take(r);
	return code;
}

static unsigned symbol_take(struct reader *r)
{
	unsigned code = code_take(r, 0, 7);

	if (code < 0x18)
		return END_OF_BLOCK + code;
	code = code_take(r, code, 1);
	if (code < 0xC0)
		return code - 0x30;
	if (code < 0xC8)
		return 280 + code - 0xC0;
	return 144 + code_take(r, code, 1) - 0x190;
}

/* ---- blocks ---- */

static bool copy(struct reader *r, unsigned symbol)
{
	struct krux_deflate_code length, distance;
	size_t n, back;
	unsigned code;

	if (symbol >= END_OF_BLOCK + 1 + LENGTHS)
		return false;
	length = krux_deflate_length(symbol - END_OF_BLOCK - 1);
	n = length.least + bits_take(r, length.bits);
	code = code_take(r, 0, 5);
	if (code >= DISTANCES)
		return false;
	distance = krux_deflate_distance(code);
	back = distance.least + bits_take(r, distance.bits);
	if (r->short_of || back > r->n || n > r->most - r->n)
		return false;
	for (; n; n--, r->n++)
		r->out[r->n] = r->out[r->n - back];
	return true;
}

static bool fixed_block(struct reader *r)
{
	for (;;) {
		unsigned symbol = symbol_take(r);

		if (r->short_of)
			return false;
		if (symbol == END_OF_BLOCK)
			return true;
		if (symbol > END_OF_BLOCK) {
			if (!copy(r, symbol))
				return false;
			continue;
		}
		if (r->n == r->most)
			return false;
		r->out[r->n++] = (char)symbol;
	}
}

static bool stored_block(struct reader *r)
{
	unsigned n, not_n;

	r->p += r->bit != 0;
	r->bit = 0;
	n = bits_take(r, 16);
	not_n = bits_take(r, 16);
	if (r->short_of || (n ^ not_n) != 0xFFFF || n > (size_t)(r->end - r->p) || n > r->most - r->n)
		return false;
	memcpy(r->out + r->n, r->p, n);
	r->p += n;
	r->n += n;
	return true;
}

static bool blocks_read(struct reader *r)
{
	bool last;

	do {
		unsigned kind;

		last = bit_take(r);
		kind = bits_take(r, 2);
		if (r->short_of || kind > 1 || !(kind ? fixed_block : stored_block)(r))
			return false;
	} while (!last);
	r->p += r->bit != 0;
	return r->p == r->end;
}

static uint32_t word_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct krux_str krux_gzip_read(struct krux_pool *pool, struct krux_str file, size_t most)
{
	static const uint8_t head[4] = { 0x1F, 0x8B, 8, 0 };
	const uint8_t *p = (const uint8_t *)file.p, *tail;
	struct krux_str none = { NULL, 0 }, text;
	struct reader r = { .bit = 0 };

	if (file.n < HEAD + TAIL || memcmp(p, head, sizeof head) != 0)
		return none;
	tail = p + file.n - TAIL;
	r.p = p + HEAD;
	r.end = tail;
	r.most = word_at(tail + 4);
	if (r.most > most)
		return none;
	r.out = krux_pool_get(pool, r.most + 1);
	if (!r.out || !blocks_read(&r))
		return none;
	text = (struct krux_str){ r.out, r.n };
	return r.n == r.most && krux_crc32(text) == word_at(tail) ? text : none;
}
