/* Patterns of paths in KruxOS rules to globs of ours. Nobody says whether a star there stops at a
 * slash, so a pattern with one is read twice: with all it could mean, and with the least. */
#include <string.h>

#include "compiler/read/import_kruxos_rule.h"

enum { LONGEST_GLOB = 4096 };

struct glob_draft {
	struct buf text;
	bool deep;                      /* it ends with a component ** */
};

static void component_put(struct glob_draft *g, struct krux_str s)
{
	bool deep = text_is(s, "**");

	if (!deep || !g->deep) {
		buf_putc(&g->text, '/');
		buf_str(&g->text, s);
	}
	g->deep = deep;
}

static bool is_wild(char c)
{
	return c == '*' || c == '?';
}

/* A component whose stars and marks may stand for slashes too: what begins with its first text,
 * or else ends with its last, or else has one within. */
static void component_put_wide(struct arena *a, struct glob_draft *g, struct krux_str s)
{
	size_t head = 0, tail = 0, from = 0, n = 0;

	while (!is_wild(s.p[head]))
		head++;
	while (!is_wild(s.p[s.n - 1 - tail]))
		tail++;
	for (size_t i = 0; i < s.n && !n; i += n + 1)
		for (from = i, n = 0; i + n < s.n && !is_wild(s.p[i + n]);)
			n++;
	if (head) {
		component_put(g, arena_printf(a, "%.*s*", (int)head, s.p));
		component_put(g, KRUX_STR("**"));
	} else if (tail) {
		component_put(g, KRUX_STR("**"));
		component_put(g, arena_printf(a, "*%.*s", (int)tail, s.p + s.n - tail));
	} else {
		if (n) {
			component_put(g, KRUX_STR("**"));
			component_put(g, arena_printf(a, "*%.*s*", (int)n, s.p + from));
		}
		component_put(g, KRUX_STR("**"));
	}
}

static bool is_strange(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || memchr("[]{}\\", s.p[i], 5))
			return true;
	return text_is(s, ".") || text_is(s, "..");
}

static struct krux_str glob_take(struct arena *a, struct glob_draft *g)
{
	struct krux_str out = { 0 };

	if (g->text.n && g->text.n <= LONGEST_GLOB)
		out = import_quoted(a, arena_str(a, (struct krux_str){ g->text.p, g->text.n }));
	buf_free(&g->text);
	return out;
}

void entry_glob(struct arena *a, struct krux_str p, struct krux_str *wide, struct krux_str *narrow)
{
	struct glob_draft w = { 0 }, n = { 0 };
	bool strange = p.n && (p.p[0] == '~' || p.p[0] == '!'), least = true;

	if (p.n && p.p[0] != '/') {
		/* Below some folder: which one is not said. */
		least = p.n > 3 && !memcmp(p.p, "**/", 3);
		component_put(&w, KRUX_STR("**"));
	}
	while (p.n && !strange) {
		const char *slash = memchr(p.p, '/', p.n);
		struct krux_str c = { p.p, slash ? (size_t)(slash - p.p) : p.n };

		p.p += c.n + (slash != NULL);
		p.n -= c.n + (slash != NULL);
		if (!c.n)
			continue;
		strange = is_strange(c);
		if (text_is(c, "**") || !(memchr(c.p, '*', c.n) || memchr(c.p, '?', c.n)))
			component_put(&w, c);
		else
			component_put_wide(a, &w, c);
		least &= text_is(c, "**") || !memmem(c.p, c.n, "**", 2);
		component_put(&n, c);
	}
	*wide = glob_take(a, &w);
	*narrow = glob_take(a, &n);
	if (strange)
		*wide = (struct krux_str){ 0 };
	if (strange || !least)
		*narrow = (struct krux_str){ 0 };
}
