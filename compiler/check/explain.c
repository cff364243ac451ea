/* Codes to titles and texts. */
#include "compiler/check/explain.h"

#include <string.h>

static const struct {
	unsigned code;
	const char *title;
} titles[] = {
#define CODE(number, title) { number, title },
#include "capspec/codes.def"
#undef CODE
};

const char *code_title(unsigned code)
{
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		if (titles[i].code == code)
			return titles[i].title;
	return NULL;
}

struct krux_str code_text(unsigned code)
{
	for (unsigned i = 0; i < code_nrows; i++)
		if (code_rows[i].code == code)
			return (struct krux_str){ code_rows[i].text, strlen(code_rows[i].text) };
	return (struct krux_str){ 0 };
}

/* Row 0 is the text before the first code: the capability of conditions, in a block. */
struct krux_str code_example_cap(void)
{
	static const char open[] = "```cap\n", close[] = "\n```";
	struct krux_str s = code_text(0);
	const char *from = s.n ? strstr(s.p, open) : NULL, *to = from ? strstr(from, close) : NULL;

	if (!to)
		return (struct krux_str){ 0 };
	from += sizeof open - 1;
	return (struct krux_str){ from, (size_t)(to + 1 - from) };
}

/* ---- for a screen ---- */

static const struct { const char *fence, *words; } blocks[] = {
	{ "cap", "This capability file gets it:" },
	{ "cond", "This condition gets it, in a rule that permits:" },
	{ "policy", "This policy gets it:" },
	{ "sh", "These commands get it:" },
};

static void block_begin(struct buf *b, struct krux_str fence)
{
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
		if (krux_str_eq(fence, (struct krux_str){ blocks[i].fence, strlen(blocks[i].fence) }))
			buf_puts(b, blocks[i].words);
	buf_puts(b, "\n\n");
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

static bool names(struct krux_str text, struct krux_str word)
{
	for (size_t i = 0; i + word.n <= text.n; i++)
		if (!memcmp(text.p + i, word.p, word.n) && (!i || (!is_letter(text.p[i - 1]) && text.p[i - 1] != '.')) &&
		    (i + word.n == text.n || !is_letter(text.p[i + word.n])))
			return true;
	return false;
}

/* The fields of the examples' capability that a condition names. */
static void fields_print(struct buf *b, struct krux_str cond)
{
	struct krux_str cap = code_example_cap(), line;
	const char *lf;
	bool inside = false, any = false;

	for (; cap.n; cap.p += line.n + 1, cap.n -= line.n + 1) {
		lf = memchr(cap.p, '\n', cap.n);
		line = (struct krux_str){ cap.p, lf ? (size_t)(lf - cap.p) : cap.n };
		inside = inside ? strncmp(line.p, "  }", 3) != 0 : !strncmp(line.p, "  input {", 9);
		if (inside && line.n > 4 && names(cond, (struct krux_str){ line.p + 4, strcspn(line.p + 4, " ") })) {
			buf_puts(b, any ? "" : "\nof a capability with\n\n");
			buf_put(b, line.p, line.n);
			buf_putc(b, '\n');
			any = true;
		}
		if (!lf)
			break;
	}
}

/* Fences become indentation; what a block is stands above it. */
static void text_print(struct buf *b, struct krux_str s)
{
	struct krux_str block = { 0 };
	bool cond = false;

	while (s.n) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t n = lf ? (size_t)(lf - s.p) : s.n;

		if (n >= 3 && !memcmp(s.p, "```", 3)) {
			if (!block.p)
				block_begin(b, (struct krux_str){ s.p + 3, n - 3 });
			else if (cond)
				fields_print(b, (struct krux_str){ block.p, (size_t)(s.p - block.p) });
			cond = !block.p && krux_str_eq((struct krux_str){ s.p + 3, n - 3 }, KRUX_STR("cond"));
			block.p = block.p || !lf ? NULL : lf + 1;
		} else {
			if (block.p && n)
				buf_puts(b, "    ");
			buf_put(b, s.p, n);
			buf_putc(b, '\n');
		}
		s.p += n + (lf != NULL);
		s.n -= n + (lf != NULL);
	}
}

bool code_explain(struct buf *b, unsigned code)
{
	const char *title = code_title(code);

	if (!title)
		return false;
	buf_printf(b, "K%04u: %s\n\n", code, title);
	text_print(b, code_text(code));
	return true;
}
