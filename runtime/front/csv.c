/* Text to cells. */
#include "runtime/front/csv.h"

#include "runtime/base/screen.h"

#include <stdlib.h>
#include <string.h>

static bool computes(struct krux_str s)
{
	return s.n && memchr("=+-@\t\r", s.p[0], 6);
}

void csv_put(FILE *f, struct krux_str s, bool first)
{
	bool quoted = computes(s);

	if (!first)
		fputc(',', f);
	for (size_t i = 0; i < s.n && !quoted; i++)
		quoted = memchr(",\"\r\n", s.p[i], 4) || (!i && s.p[i] == ' ');
	if (!quoted) {
		fwrite(s.p, 1, s.n, f);
		return;
	}
	fputs(computes(s) ? "\"'" : "\"", f);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			fputc('"', f);
		fputc(s.p[i], f);
	}
	fputc('"', f);
}

void csv_screen(FILE *f, struct krux_str s)
{
	char *text = NULL;
	size_t n;
	FILE *mem = open_memstream(&text, &n);

	if (mem) {
		screen_put(mem, s);
		fclose(mem);
	}
	csv_put(f, text ? (struct krux_str){ text, n } : KRUX_STR("(out of memory)"), false);
	free(text);
}

void csv_end(FILE *f)
{
	fputs("\r\n", f);
}
