/* A glob and a path to yes or no: a set of positions in the pattern, one bit each, is carried
 * over the path's components, so the time is bounded by the product of the two lengths. */
#include "stdlib-caps/common/pathglob.h"

#include <string.h>

static bool is_any_depth(struct krux_str c)
{
	return c.n == 2 && c.p[0] == '*' && c.p[1] == '*';
}

static const char *component_check(struct krux_str c)
{
	if (is_any_depth(c))
		return NULL;
	if (!c.n || (c.n == 1 && c.p[0] == '.') || (c.n == 2 && !memcmp(c.p, "..", 2)))
		return "A component is empty, . or ...";
	for (size_t i = 0; i < c.n; i++) {
		if (memchr("[]{}\\", c.p[i], 5))
			return "The characters [ ] { } and backslash are not allowed.";
		if (c.p[i] == '*' && i + 1 < c.n && c.p[i + 1] == '*')
			return "** stands alone between slashes.";
	}
	return NULL;
}

const char *pathglob_read(struct pathglob *g, struct krux_str pattern)
{
	static const struct krux_str any_depth = { "**", 2 };

	memset(g, 0, sizeof *g);
	g->absolute = pattern.n && pattern.p[0] == '/';
	if (g->absolute) {
		pattern.p++;
		pattern.n--;
	} else if (!memchr(pattern.p, '/', pattern.n)) {
		g->component[g->n++] = any_depth;
	}
	for (;;) {
		const char *slash = pattern.n ? memchr(pattern.p, '/', pattern.n) : NULL;
		struct krux_str c = { pattern.p, slash ? (size_t)(slash - pattern.p) : pattern.n };
		const char *why = component_check(c);

		if (why)
			return why;
		if (g->n == GLOB_COMPONENTS)
			return "It has more than 63 components.";
		g->component[g->n++] = c;
		if (!slash)
			return NULL;
		pattern.n -= c.n + 1;
		pattern.p = slash + 1;
	}
}

static size_t scalar_length(struct krux_str s, size_t i)
{
	size_t n = 1;

	while (i + n < s.n && ((uint8_t)s.p[i + n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* `*` is retried from the last one only: what an earlier one could take, the last can too. */
static bool component_match(struct krux_str pat, struct krux_str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.n) {
		if (p < pat.n && pat.p[p] == '*') {
			star = p++;
			from = i;
		} else if (p < pat.n && pat.p[p] == '?') {
			p++;
			i += scalar_length(s, i);
		} else if (p < pat.n && pat.p[p] == s.p[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			from += scalar_length(s, from);
			i = from;
		} else {
			return false;
		}
	}
	while (p < pat.n && pat.p[p] == '*')
		p++;
	return p == pat.n;
}

/* `**` may also stand for nothing. */
static uint64_t skip_any_depth(const struct krux_str *component, unsigned n, uint64_t at)
{
	for (unsigned i = 0; i < n; i++)
		if (at >> i & 1 && is_any_depth(component[i]))
			at |= UINT64_C(1) << (i + 1);
	return at;
}

bool pathglob_match_components(const struct krux_str *component, unsigned n, struct krux_str path)
{
	uint64_t at = skip_any_depth(component, n, 1);

	if (path.n && path.p[0] == '/') {
		path.p++;
		path.n--;
	}
	while (path.n && at) {
		const char *slash = memchr(path.p, '/', path.n);
		struct krux_str c = { path.p, slash ? (size_t)(slash - path.p) : path.n };
		uint64_t next = 0;

		for (unsigned i = 0; i < n; i++) {
			if (!(at >> i & 1))
				continue;
			if (is_any_depth(component[i]))
				next |= UINT64_C(1) << i;
			else if (component_match(component[i], c))
				next |= UINT64_C(1) << (i + 1);
		}
		at = skip_any_depth(component, n, next);
		path.n -= c.n + (slash ? 1 : 0);
		path.p += c.n + (slash ? 1 : 0);
	}
	return at >> n & 1;
}

bool pathglob_match(const struct pathglob *g, struct krux_str path)
{
	return pathglob_match_components(g->component, g->n, path);
}
