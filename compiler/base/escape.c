/* Escapers: user text into other languages. */
#include "compiler/base/escape.h"

#include <string.h>

/* One scalar of possibly invalid UTF-8; *n bytes were used. Invalid: UINT32_MAX and one byte. */
static uint32_t scalar_at(struct krux_str s, size_t i, size_t *n)
{
	const unsigned char *p = (const unsigned char *)s.p + i;
	size_t left = s.n - i, len;
	uint32_t c;

	*n = 1;
	if (*p < 0x80)
		return *p;
	len = *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC2 ? 2 : 0;
	if (!len || len > left || *p > 0xF4)
		return UINT32_MAX;
	c = *p & (0x7Fu >> len);
	for (size_t k = 1; k < len; k++) {
		if ((p[k] & 0xC0) != 0x80)
			return UINT32_MAX;
		c = c << 6 | (p[k] & 0x3F);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10FFFF)) ||
	    (c >= 0xD800 && c < 0xE000))
		return UINT32_MAX;
	*n = len;
	return c;
}

/* Characters that do not show as themselves: C0, C1, DEL, soft hyphen, zero width, line and
 * paragraph separators, bidirectional controls, invisible operators, byte-order mark, tags,
 * variation selectors. */
static bool invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E ||
	       (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F) ||
	       (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

static void put_screen(struct buf *b, struct krux_str s, bool comment)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = scalar_at(s, i, &n);

		if (c == UINT32_MAX)
			buf_printf(b, "\\x%02X", (unsigned char)s.p[i]);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (invisible(c))
			buf_printf(b, "\\u{%X}", c);
		else if (comment && ((c == '/' && i && s.p[i - 1] == '*') || (c == '*' && i && s.p[i - 1] == '/')))
			buf_printf(b, "\\x%02X", c);
		else if (comment && c == '\\')
			buf_puts(b, "\\\\");
		else
			buf_put(b, s.p + i, n);
	}
}

void escape_screen(struct buf *b, struct krux_str s)
{
	put_screen(b, s, false);
}

void escape_comment(struct buf *b, struct krux_str s)
{
	put_screen(b, s, true);
}

/* Inside "...", where `coded` writes what does not show, and U+FFFD for what is no UTF-8. */
static void put_quoted(struct buf *b, struct krux_str s, void (*coded)(struct buf *, uint32_t))
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = scalar_at(s, i, &n);

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", (int)c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c == UINT32_MAX)
			coded(b, 0xFFFD);
		else if (invisible(c))
			coded(b, c);
		else
			buf_put(b, s.p + i, n);
	}
}

static void put_utf16(struct buf *b, uint32_t c)
{
	if (c > 0xFFFF)
		buf_printf(b, "\\u%04X\\u%04X", 0xD7C0 + (c >> 10), 0xDC00 + (c & 0x3FF));
	else
		buf_printf(b, "\\u%04X", c);
}

static void put_scalar(struct buf *b, uint32_t c)
{
	buf_printf(b, "\\u{%X}", c);
}

void escape_json(struct buf *b, struct krux_str s)
{
	put_quoted(b, s, put_utf16);
}

void escape_cap(struct buf *b, struct krux_str s)
{
	put_quoted(b, s, put_scalar);
}

void escape_c(struct buf *b, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\' || c == '?')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c < 0x20 || c >= 0x7F)
			buf_printf(b, "\\%03o", c);
		else
			buf_putc(b, (char)c);
	}
}

/* Plain where nothing in it could mean anything else to a YAML reader. */
static bool yaml_plain(struct krux_str s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@-";
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };

	if (!s.n || s.p[0] == '-' || s.p[0] == '@' || s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(safe, s.p[i], sizeof safe - 1))
			return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == s.n && !strncasecmp(words[i], s.p, s.n))
			return false;
	return true;
}

void escape_yaml(struct buf *b, struct krux_str s)
{
	size_t n;

	if (yaml_plain(s)) {
		buf_str(b, s);
		return;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = scalar_at(s, i, &n);

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", (int)c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c == UINT32_MAX)
			buf_puts(b, "\\uFFFD");
		else if (invisible(c))
			buf_printf(b, c > 0xFFFF ? "\\U%08X" : "\\u%04X", c);
		else
			buf_put(b, s.p + i, n);
	}
	buf_putc(b, '"');
}

void escape_uri(struct buf *b, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (c && strchr("-._~/", c)))
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void escape_markdown(struct buf *b, struct krux_str s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = scalar_at(s, i, &n);

		if (c == UINT32_MAX)
			buf_puts(b, "\xEF\xBF\xBD");
		else if (c == '\n')
			buf_putc(b, '\n');
		else if (c == '<')
			buf_puts(b, "&lt;");
		else if (c == '&')
			buf_puts(b, "&amp;");
		else if (c < 0x80 && c && strchr("\\`*_[]|#~!", (int)c))
			buf_printf(b, "\\%c", (int)c);
		else if (invisible(c))
			buf_printf(b, "&#x%X;", c);
		else
			buf_put(b, s.p + i, n);
	}
}
