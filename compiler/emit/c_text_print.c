/* The table of automata in C: a line an instruction with what it does beside it, or, beyond
 * what anybody reads, full lines. */
#include "compiler/base/escape.h"
#include "compiler/emit/c_text.h"

enum { PAD = 8 };            /* the engine loads eight bytes at a time */
enum { READABLE = 128 * 1024, LINE = 48 };

static uint32_t three(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static size_t length(const uint8_t *i)
{
	switch (i[0]) {
	case C_OP_RUN:
		return 8 + (size_t)i[1];
	case C_OP_UNDER:
		return 12 + (size_t)i[1];
	case C_OP_BELOW:
		return 2 + (size_t)i[1];
	case C_OP_LEAF:
		return 6 + (size_t)i[1];
	case C_OP_PICK:
	case C_OP_STEP:
	case C_OP_SKIP:
		return 8 + 4 * (size_t)i[1];
	case C_OP_SPAN:
	case C_OP_STRIDE:
		return 9 + 3 * ((size_t)i[8] + 1);
	case C_OP_WIDE:
		return 8 + 6 * (size_t)three(i + 5);
	case C_OP_PAIR:
		return 13;
	default:
		return 8;
	}
}

static void put_target(struct buf *b, uint32_t t)
{
	if (t == C_HOLD)
		buf_puts(b, "hold");
	else if (t == C_HOLD_END)
		buf_puts(b, "as held");
	else if (t >= C_CLASS)
		buf_printf(b, "class %u", t - C_CLASS);
	else
		buf_printf(b, "%x", t);
}

static void put_chars(struct buf *b, const uint8_t *p, size_t n)
{
	buf_putc(b, '\'');
	escape_comment(b, (struct krux_str){ (const char *)p, n });
	buf_putc(b, '\'');
}

/* " 'x' 4a" for each of n bytes and their targets, equal neighbours together. */
static void put_cases(struct buf *b, const uint8_t *byte, const uint8_t *target, size_t n)
{
	for (size_t i = 0, from; i < n; i++) {
		from = i;
		while (i + 1 < n && three(target + 3 * i) == three(target + 3 * (i + 1)))
			i++;
		buf_putc(b, ' ');
		put_chars(b, byte + from, i - from + 1);
		buf_putc(b, ' ');
		put_target(b, three(target + 3 * i));
		buf_putc(b, ',');
	}
}

static void put_span(struct buf *b, const uint8_t *i)
{
	uint8_t byte[256];

	for (unsigned c = 0; c <= i[8]; c++)
		byte[c] = (uint8_t)(i[1] + c);
	put_cases(b, byte, i + 9, (size_t)i[8] + 1);
}

static void put_wide(struct buf *b, const uint8_t *i)
{
	for (uint32_t k = 0; k < three(i + 5); k++) {
		buf_printf(b, " U+%04X.. ", three(i + 8 + 6 * k));
		put_target(b, three(i + 11 + 6 * k));
		buf_putc(b, ',');
	}
}

/* A run of bytes and where it leads; `under` looks at the byte after it, too. */
static void put_run(struct buf *b, const uint8_t *i, uint32_t found, uint32_t not_found)
{
	bool under = i[0] == C_OP_UNDER;

	buf_putc(b, ' ');
	put_chars(b, i + (under ? 12 : 8), i[1]);
	if (under) {
		buf_puts(b, " end ");
		put_target(b, three(i + 8));
		buf_puts(b, ", at ");
		put_chars(b, i + 11, 1);
	}
	buf_putc(b, ' ');
	put_target(b, found);
	buf_puts(b, ", else ");
	put_target(b, not_found);
}

static void put_words(struct buf *b, const uint8_t *i)
{
	static const char *const name[] = { "run", "under", "pick", "step", "span", "stride", "wide", "enter",
	                                    "find", "pair", "skip", "here", "below", "leaf" };
	uint32_t end, other;

	buf_puts(b, name[i[0]]);
	if (i[0] == C_OP_BELOW) {
		buf_putc(b, ' ');
		put_chars(b, i + 2, i[1]);
		return;
	}
	other = three(i + 2);
	if (i[0] == C_OP_LEAF) {
		buf_putc(b, ' ');
		put_chars(b, i + 6, i[1]);
		buf_printf(b, " end class %u, at '/' ", i[5]);
		put_target(b, other);
		return;
	}
	end = three(i + 5);
	switch (i[0]) {
	case C_OP_RUN:
	case C_OP_UNDER:
		put_run(b, i, other, end);
		return;
	case C_OP_WIDE:
		put_wide(b, i);
		buf_puts(b, " else ");
		put_target(b, other);
		return;
	case C_OP_ENTER:
		buf_printf(b, " %x holding %x", other, end);
		return;
	case C_OP_PICK:
	case C_OP_STEP:
		put_cases(b, i + 8, i + 8 + i[1], i[1]);
		break;
	case C_OP_SPAN:
	case C_OP_STRIDE:
		put_span(b, i);
		break;
	case C_OP_FIND:
	case C_OP_PAIR:
		buf_putc(b, ' ');
		put_chars(b, i + 1, 1);
		if (i[0] == C_OP_PAIR) {
			buf_puts(b, " then ");
			put_chars(b, i + 8, 1);
		}
		buf_putc(b, ' ');
		put_target(b, other);
		if (i[0] == C_OP_PAIR && i[9] != i[8]) {
			buf_puts(b, " or ");
			put_chars(b, i + 9, 1);
			buf_putc(b, ' ');
			put_target(b, three(i + 10));
		}
		buf_putc(b, ',');
		break;
	case C_OP_SKIP:
		put_cases(b, i + 8, i + 8 + i[1], i[1]);
		break;
	default:
		buf_putc(b, ' ');
		put_target(b, other);
		buf_putc(b, ',');
	}
	buf_puts(b, " end ");
	put_target(b, end);
	if (i[0] < C_OP_WIDE) {
		buf_puts(b, ", else ");
		put_target(b, other);
	}
}

static void put_bytes(struct buf *b, const uint8_t *p, size_t n)
{
	/* Octal is the shortest; three digits where a digit follows. */
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= ' ' && p[i] < 0x7F && p[i] != '"' && p[i] != '\\' && p[i] != '?')
			buf_putc(b, (char)p[i]);
		else
			buf_printf(b, i + 1 < n && p[i + 1] >= '0' && p[i + 1] <= '9' ? "\\%03o" : "\\%o", p[i]);
	}
}

static void put_block(struct buf *b, const struct c_texts *v, size_t from, size_t to)
{
	size_t at = from, n;

	for (; at < to; at += n) {
		n = length(v->code + at);
		buf_printf(b, "\t/* %zx: ", at);
		put_words(b, v->code + at);
		buf_puts(b, " */\n");
		for (size_t i = 0; i < n; i += LINE) {
			buf_puts(b, "\t\"");
			put_bytes(b, v->code + at + i, n - i < LINE ? n - i : LINE);
			buf_puts(b, "\"\n");
		}
	}
}

static void put_packed(struct buf *b, const struct c_texts *v)
{
	for (size_t at = 0; at < v->n; at += LINE) {
		buf_puts(b, "\t\"");
		put_bytes(b, v->code + at, v->n - at < LINE ? v->n - at : LINE);
		buf_puts(b, "\"\n");
	}
}

size_t c_texts_size(const struct c_texts *t)
{
	return t->n + PAD;
}

void c_texts_print(struct buf *b, const struct c_texts *v)
{
	buf_printf(b, "static const uint8_t texts[%zu] =\n", c_texts_size(v));
	if (v->n > READABLE)
		put_packed(b, v);
	for (size_t i = 0; v->n <= READABLE && i < v->nblocks; i++) {
		buf_puts(b, "\n\t/* ---- ");
		escape_comment(b, v->block[i].what);
		buf_puts(b, " ---- */\n");
		put_block(b, v, v->block[i].at, i + 1 < v->nblocks ? v->block[i + 1].at : v->n);
	}
	buf_puts(b, "\t\"\";\n\n");
}
