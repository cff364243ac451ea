/* A text to one block of fixed codes: of what stands before within 32 KiB, the longest that begins as the rest
 * does. Not the smallest that could be had; the same on every machine, and read without tables. */
#include "compiler/emit/gzip.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/gzip.h"

enum { WINDOW = 32768, SLOTS = 65536, LOOKS = 64, SHORTEST = 4, LONGEST = 258 };

struct writer {
	struct buf *b;
	uint64_t held;                 /* bits that are no byte yet, the first lowest */
	unsigned n;
	const uint8_t *p;
	size_t size;
	uint32_t *first, *before;      /* by hash, the last place; of each place, the one before: all + 1 */
};

/* ---- bits ---- */

static void bits_put(struct writer *w, unsigned v, unsigned n)
{
	w->held |= (uint64_t)v << w->n;
	for (w->n += n; w->n >= 8; w->n -= 8) {
		buf_putc(w->b, (char)(w->held & 0xFF));
		w->held >>= 8;
	}
}

static void code_put(struct writer *w, unsigned code, unsigned n)
{
	while (n--)
		bits_put(w, code >> n & 1, 1);
}

static void symbol_put(struct writer *w, unsigned s)
{
	if (s < 144)
		code_put(w, 0x30 + s, 8);
	else if (s < 256)
		code_put(w, 0x190 + s - 144, 9);
	else if (s < 280)
		code_put(w, s - 256, 7);
	else
		code_put(w, 0xC0 + s - 280, 8);
}

static void copy_put(struct writer *w, unsigned length, unsigned distance)
{
	unsigned code = 28;
	struct krux_deflate_code c;

	while (krux_deflate_length(code).least > length)
		code--;
	c = krux_deflate_length(code);
	symbol_put(w, 257 + code);
	bits_put(w, length - c.least, c.bits);
	code = 29;
	while (krux_deflate_distance(code).least > distance)
		code--;
	c = krux_deflate_distance(code);
	code_put(w, code, 5);
	bits_put(w, distance - c.least, c.bits);
}

/* ---- what was there before ---- */

static uint32_t hash_at(const uint8_t *p)
{
	uint32_t x = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

	return x * 0x9E3779B1u >> 16;
}

static void place_add(struct writer *w, size_t at)
{
	uint32_t *first;

	if (at + SHORTEST > w->size)
		return;
	first = &w->first[hash_at(w->p + at)];
	w->before[at % WINDOW] = *first;
	*first = (uint32_t)at + 1;
}

static size_t same(const struct writer *w, size_t a, size_t b)
{
	size_t n = 0;

	while (n < LONGEST && b + n < w->size && w->p[a + n] == w->p[b + n])
		n++;
	return n;
}

/* The length of the longest, 0 for none of use; *back: how far back it is. */
static size_t longest(const struct writer *w, size_t at, size_t *back)
{
	size_t best = SHORTEST - 1;
	uint32_t from;

	if (at + SHORTEST > w->size)
		return 0;
	from = w->first[hash_at(w->p + at)];
	for (int i = 0; from && at - (from - 1) < WINDOW && i < LOOKS; i++) {
		size_t n = same(w, from - 1, at);

		if (n > best) {
			best = n;
			*back = at - (from - 1);
		}
		from = w->before[(from - 1) % WINDOW];
	}
	return best < SHORTEST ? 0 : best;
}

static void word_put(struct buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_putc(b, (char)(v >> 8 * i & 0xFF));
}

void gzip_write(struct buf *b, struct krux_str text)
{
	/* No name, no time, no system: only the text. */
	static const char head[10] = { 0x1F, (char)0x8B, 8, 0, 0, 0, 0, 0, 0, (char)0xFF };
	struct writer w = { .b = b, .p = (const uint8_t *)text.p, .size = text.n };

	w.first = calloc(SLOTS, sizeof *w.first);
	w.before = calloc(WINDOW, sizeof *w.before);
	if (!w.first || !w.before)
		abort();
	buf_put(b, head, sizeof head);
	bits_put(&w, 1 | 1 << 1, 3);           /* the last block, of fixed codes */
	for (size_t at = 0, n, back = 0; at < text.n; at += n) {
		n = longest(&w, at, &back);
		if (n) {
			copy_put(&w, (unsigned)n, (unsigned)back);
		} else {
			symbol_put(&w, w.p[at]);
			n = 1;
		}
		for (size_t i = 0; i < n; i++)
			place_add(&w, at + i);
	}
	symbol_put(&w, 256);
	bits_put(&w, 0, 7);
	word_put(b, krux_crc32(text));
	word_put(b, (uint32_t)text.n);
	free(w.first);
	free(w.before);
}
