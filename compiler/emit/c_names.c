/* Names and literals of C. */
#include "compiler/emit/c.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/escape.h"

struct c_words {
	struct arena *a;
	struct word { struct krux_str text; uint32_t value; bool used; } *slot;
	size_t nslots, used;
};

struct c_words *c_words_new(struct arena *a)
{
	struct c_words *w = ARENA_NEW(a, struct c_words);

	w->a = a;
	w->nslots = 64;
	w->slot = ARENA_ARRAY(a, struct word, w->nslots);
	return w;
}

static struct word *slot_of(struct word *slot, size_t nslots, struct krux_str text)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 0x100000001B3u;
	for (h ^= h >> 32;; h++) {
		struct word *s = &slot[h & (nslots - 1)];

		if (!s->used || krux_str_eq(s->text, text))
			return s;
	}
}

static void words_grow(struct c_words *w)
{
	struct word *bigger = ARENA_ARRAY(w->a, struct word, w->nslots * 2);

	for (size_t i = 0; i < w->nslots; i++)
		if (w->slot[i].used)
			*slot_of(bigger, w->nslots * 2, w->slot[i].text) = w->slot[i];
	w->slot = bigger;
	w->nslots *= 2;
}

uint32_t *c_word(struct c_words *w, struct krux_str text, bool *known)
{
	struct word *s;

	if (w->used * 2 >= w->nslots)
		words_grow(w);
	s = slot_of(w->slot, w->nslots, text);
	*known = s->used;
	if (!s->used) {
		*s = (struct word){ .text = arena_str(w->a, text), .used = true };
		w->used++;
	}
	return &s->value;
}

/* Reserved words of C11 and of its common extensions, and what the prelude defines. */
static bool is_reserved(struct krux_str s)
{
	static const char *const word[] = {
		"asm", "auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double",
		"else", "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int", "linux", "long",
		"register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch",
		"true", "typedef", "typeof", "union", "unix", "unsigned", "void", "volatile", "while",
	};

	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (s.n == strlen(word[i]) && !memcmp(word[i], s.p, s.n))
			return true;
	return false;
}

struct krux_str c_name(struct c_words *w, struct krux_str wanted)
{
	char *p = arena_copy(w->a, wanted.p, wanted.n);
	struct krux_str name = { p, wanted.n };
	bool known;

	for (size_t i = 0; i < wanted.n; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= '0' && p[i] <= '9')))
			p[i] = '_';
	if (!name.n || (p[0] >= '0' && p[0] <= '9') || is_reserved(name))
		name = arena_printf(w->a, "%.*s_", STR_ARG(name));
	for (c_word(w, name, &known); known; c_word(w, name, &known)) {
		uint32_t *last = c_word(w, (struct krux_str){ p, wanted.n }, &known);

		name = arena_printf(w->a, "%s_%u", p, *last = *last ? *last + 1 : 2);
	}
	return name;
}

struct krux_str c_capability(const struct c_file *f, const struct capability *cap)
{
	const struct capability_set *set = &f->build->caps;
	bool alone = true;
	char *p;

	for (uint32_t i = cap->index ? cap->index - 1 : 0; i <= cap->index + 1 && i < set->n; i++)
		alone &= i == cap->index || !krux_str_eq(set->cap[i]->name, cap->name);
	p = arena_copy(f->a, cap->name.p, cap->name.n);
	for (size_t i = 0; i < cap->name.n; i++)
		if (p[i] == '.' || p[i] == '-')
			p[i] = '_';
	if (alone)
		return (struct krux_str){ p, cap->name.n };
	return arena_printf(f->a, "%s_v%u_%u", p, cap->major, cap->minor);
}

struct krux_str c_place(struct arena *a, struct span at)
{
	if (!at.src)
		return (struct krux_str){ "", 0 };
	return arena_printf(a, "%.*s:%" PRIu32, STR_ARG(at.src->name), span_line(at));
}

void c_signed(struct buf *b, int64_t v)
{
	if (v == INT64_MIN)
		buf_puts(b, "INT64_MIN");
	else
		buf_printf(b, "%" PRId64, v);
}

void c_unsigned(struct buf *b, uint64_t v)
{
	buf_printf(b, v > INT64_MAX ? "%" PRIu64 "u" : "%" PRIu64, v);
}

void c_string(struct buf *b, struct krux_str s)
{
	buf_putc(b, '"');
	escape_c(b, s);
	buf_putc(b, '"');
}

void c_item(struct buf *b, size_t *line, bool tight, struct krux_str text)
{
	enum { WIDTH = 116 };

	if (!*line || b->n + text.n > *line + WIDTH) {
		buf_puts(b, "\n\t");
		*line = b->n;
	} else if (!tight) {
		buf_putc(b, ' ');
	}
	buf_str(b, text);
	buf_putc(b, ',');
}

struct krux_str c_row(struct arena *a, bool tight, const uint32_t *number, size_t n)
{
	struct buf b = { 0 };
	struct krux_str row;

	buf_puts(&b, tight ? "{" : "{ ");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%" PRIu32, i ? tight ? "," : ", " : "", number[i]);
	buf_puts(&b, tight ? "}" : " }");
	row = arena_str(a, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return row;
}
