/* Path globs and agent globs: text to components, and does a text match. */
#include "compiler/model/pattern.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/model/model.h"

static bool refuse(const char **why, size_t *at, const char *text, size_t where)
{
	*why = text;
	*at = where;
	return false;
}

/* ---- parsing ---- */

static const struct glob_part *parts(struct arena *a, struct krux_str s, size_t *n)
{
	struct glob_part *part = NULL, p;
	size_t cap = 0, from = 0;

	*n = 0;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '*' && s.p[i] != '?')
			continue;
		if (i > from) {
			p = (struct glob_part){ GLOB_TEXT, { s.p + from, i - from } };
			ARENA_PUSH(a, part, *n, cap, p);
		}
		if (i < s.n) {
			p = (struct glob_part){ s.p[i] == '*' ? GLOB_RUN : GLOB_ONE,
				                { s.p + i, 1 } };
			ARENA_PUSH(a, part, *n, cap, p);
		}
		from = i + 1;
	}
	return part;
}

static bool component_check(struct krux_str s, size_t from, const char **why, size_t *at)
{
	const char *wrong = NULL;
	size_t where = from;

	if (!s.n)
		wrong = "a component is empty: no // and no / at the end";
	else if ((s.n == 1 && s.p[0] == '.') || (s.n == 2 && !memcmp(s.p, "..", 2)))
		wrong = "no path has a component . or ..";
	for (size_t i = 0; i < s.n && !wrong; i++) {
		where = from + i;
		if (s.p[i] == '[' || s.p[i] == ']' || s.p[i] == '{' || s.p[i] == '}' || s.p[i] == '\\')
			wrong = "[ ] { } and \\ are reserved in globs";
		else if (s.p[i] == '*' && i + 1 < s.n && s.p[i + 1] == '*' && s.n != 2)
			wrong = "** is a whole component, with nothing beside it";
	}
	if (wrong)
		refuse(why, at, wrong, where);
	return !wrong;
}

/* The component from `from` on; moves *from behind it and its slash. */
static struct krux_str component_next(struct krux_str text, size_t *from)
{
	const char *slash = *from < text.n ? memchr(text.p + *from, '/', text.n - *from) : NULL;
	struct krux_str s = { text.p + *from, (slash ? (size_t)(slash - text.p) : text.n) - *from };

	*from += s.n + 1;
	return s;
}

bool glob_check(struct krux_str text, const char **why, size_t *at)
{
	if (!krux_utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
		return refuse(why, at, "the glob is not valid UTF-8 without NUL", 0);
	if (!(text.n && text.p[0] == '/') && !(text.n > 2 && !memcmp(text.p, "**/", 3)))
		return refuse(why, at, "a glob starts with / or **/", 0);
	for (size_t from = text.p[0] == '/'; from <= text.n;) {
		size_t start = from;

		if (!component_check(component_next(text, &from), start, why, at))
			return false;
	}
	return true;
}

const struct glob *glob_parse(struct arena *a, struct krux_str text, const char **why, size_t *at)
{
	struct glob_component *component = NULL, c;
	size_t n = 0, cap = 0;
	struct glob *g;

	if (!glob_check(text, why, at))
		return NULL;
	for (size_t from = text.p[0] == '/'; from <= text.n;) {
		struct krux_str s = component_next(text, &from);

		c = (struct glob_component){ .any_depth = s.n == 2 && !memcmp(s.p, "**", 2) };
		if (!c.any_depth)
			c.part = parts(a, s, &c.nparts);
		ARENA_PUSH(a, component, n, cap, c);
	}
	g = ARENA_NEW(a, struct glob);
	*g = (struct glob){ component, n };
	return g;
}

/* ---- matching ---- */

/* One part at s[*i]; moves *i behind it. */
static bool part_match(const struct glob_part *part, struct krux_str s, size_t *i)
{
	unsigned len;

	if (part->kind == GLOB_TEXT) {
		if (s.n - *i < part->text.n || memcmp(s.p + *i, part->text.p, part->text.n) != 0)
			return false;
		*i += part->text.n;
		return true;
	}
	if (*i == s.n)
		return false;
	krux_utf8_get(s.p + *i, s.n - *i, &len);
	*i += len;
	return true;
}

/* Going back to the last `*` alone is enough: an earlier one could only take less. */
static bool component_match(const struct glob_component *c, struct krux_str s)
{
	size_t p = 0, i = 0, run = SIZE_MAX, tried = 0;

	for (;;) {
		if (p < c->nparts && c->part[p].kind == GLOB_RUN) {
			run = p++;
			tried = i;
		} else if (p < c->nparts && part_match(&c->part[p], s, &i)) {
			p++;
		} else if (p == c->nparts && i == s.n) {
			return true;
		} else if (run == SIZE_MAX || tried == s.n) {
			return false;
		} else {
			unsigned len;

			krux_utf8_get(s.p + tried, s.n - tried, &len);
			tried += len;
			p = run + 1;
			i = tried;
		}
	}
}

bool glob_match(const struct glob *g, struct krux_str path)
{
	size_t c = 0, i = 1, deep = SIZE_MAX, tried = 0;

	/* i is behind the slash that a component starts after; path.n + 1 is the end. */
	if (path.n == 1)
		i = 2;
	for (;;) {
		const char *slash = i < path.n ? memchr(path.p + i, '/', path.n - i) : NULL;
		size_t end = slash ? (size_t)(slash - path.p) : path.n;
		bool more = i <= path.n;

		if (c < g->n && g->component[c].any_depth) {
			deep = c++;
			tried = i;
		} else if (more && c < g->n &&
		           component_match(&g->component[c],
		                           (struct krux_str){ path.p + i, end - i })) {
			c++;
			i = end + 1;
		} else if (!more && c == g->n) {
			return true;
		} else if (deep == SIZE_MAX || tried > path.n) {
			return false;
		} else {
			slash = memchr(path.p + tried, '/', path.n - tried);
			tried = slash ? (size_t)(slash - path.p) + 1 : path.n + 1;
			c = deep + 1;
			i = tried;
		}
	}
}

/* ---- agents ---- */

bool agent_glob_check(struct krux_str s, const char **why)
{
	size_t letters = 0;

	*why = "an agent pattern is 1 to 64 of a-z 0-9 . _ - and * for any run";
	if (!s.n || s.n > 2 * KRUX_MAX_AGENT)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '*')
			continue;
		letters++;
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return letters <= KRUX_MAX_AGENT;
}

bool agent_match(struct krux_str pattern, struct krux_str agent)
{
	size_t p = 0, i = 0, run = SIZE_MAX, tried = 0;

	for (;;) {
		if (p < pattern.n && pattern.p[p] == '*') {
			run = p++;
			tried = i;
		} else if (p < pattern.n && i < agent.n && pattern.p[p] == agent.p[i]) {
			p++;
			i++;
		} else if (p == pattern.n && i == agent.n) {
			return true;
		} else if (run == SIZE_MAX || tried == agent.n) {
			return false;
		} else {
			p = run + 1;
			i = ++tried;
		}
	}
}
