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

/* Fences become indentation; what a block is stands above it. */
static void text_print(struct buf *b, struct krux_str s)
{
	bool inside = false;

	while (s.n) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t n = lf ? (size_t)(lf - s.p) : s.n;

		if (n >= 3 && !memcmp(s.p, "```", 3)) {
			if (!inside)
				buf_printf(b, "Example (%.*s):\n\n", (int)(n - 3), s.p + 3);
			inside = !inside;
		} else {
			if (inside && n)
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
