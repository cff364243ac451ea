/* Any bytes to printable ASCII. Letters beyond ASCII are shown by number: a Cyrillic letter
 * that looks like a Latin one must not pass for it. */
#include "runtime/base/screen.h"

#include "capspec/canon.h"

#include <string.h>

/* Length of the valid UTF-8 sequence at p, 0 for none. */
static unsigned scalar_length(const char *p, size_t n)
{
	for (unsigned len = 2; len <= 4 && len <= n; len++)
		if (krux_utf8_valid((struct krux_str){ p, len }))
			return len;
	return 0;
}

static void put(FILE *f, struct krux_str s, bool backslash)
{
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned len;

		if (c == '\n' || c == '\t' || (c == '\\' && backslash)) {
			fprintf(f, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : c);
			i++;
		} else if (c >= 0x20 && c < 0x7F) {
			fputc(c, f);
			i++;
		} else if (c >= 0x80 && (len = scalar_length(s.p + i, s.n - i))) {
			fprintf(f, "\\u{%X}", krux_utf8_get(s.p + i, s.n - i, &len));
			i += len;
		} else {
			fprintf(f, "\\x%02X", c);
			i++;
		}
	}
}

void screen_put(FILE *f, struct krux_str s)
{
	put(f, s, true);
}

void screen_json(FILE *f, struct krux_str s)
{
	put(f, s, false);
}

void screen_puts(FILE *f, const char *s)
{
	screen_put(f, (struct krux_str){ s, strlen(s) });
}
