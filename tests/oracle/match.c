/* Does a text match: the plainest code there is for each operator. */
#include <string.h>

#include "tests/oracle/oracle.h"

bool o_starts(struct krux_str s, struct krux_str with)
{
	return s.n >= with.n && !memcmp(s.p, with.p, with.n);
}

bool o_ends(struct krux_str s, struct krux_str with)
{
	return s.n >= with.n && !memcmp(s.p + s.n - with.n, with.p, with.n);
}

bool o_contains(struct krux_str s, struct krux_str with)
{
	for (size_t i = 0; i + with.n <= s.n; i++)
		if (!memcmp(s.p + i, with.p, with.n))
			return true;
	return false;
}

bool o_under_path(struct krux_str base, struct krux_str path)
{
	if (base.n == 1)
		return true;
	return o_starts(path, base) && (path.n == base.n || path.p[base.n] == '/');
}

bool o_under_host(struct krux_str base, struct krux_str host)
{
	return o_ends(host, base) && (host.n == base.n || host.p[host.n - base.n - 1] == '.');
}

/* '*' any run, '?' one scalar where `scalars`. */
static bool wild(struct krux_str g, struct krux_str s, bool scalars)
{
	size_t at = 0;

	if (!g.n)
		return !s.n;
	if (g.p[0] == '*') {
		for (size_t i = 0; i <= s.n; i++)
			if (wild((struct krux_str){ g.p + 1, g.n - 1 }, (struct krux_str){ s.p + i, s.n - i }, scalars))
				return true;
		return false;
	}
	if (!s.n)
		return false;
	if (scalars && g.p[0] == '?') {
		o_scalar(s, &at);
		return wild((struct krux_str){ g.p + 1, g.n - 1 }, (struct krux_str){ s.p + at, s.n - at }, scalars);
	}
	return g.p[0] == s.p[0] &&
	       wild((struct krux_str){ g.p + 1, g.n - 1 }, (struct krux_str){ s.p + 1, s.n - 1 }, scalars);
}

bool o_agent_glob(struct krux_str glob, struct krux_str agent)
{
	return wild(glob, agent, false);
}

static size_t split(struct krux_str s, struct krux_str *part, size_t most)
{
	size_t n = 0;

	if (s.n && s.p[0] == '/')
		s = (struct krux_str){ s.p + 1, s.n - 1 };
	while (s.n && n < most) {
		const char *slash = memchr(s.p, '/', s.n);
		size_t len = slash ? (size_t)(slash - s.p) : s.n;
		part[n++] = (struct krux_str){ s.p, len };
		len += slash != NULL;
		s = (struct krux_str){ s.p + len, s.n - len };
	}
	return n;
}

static bool components(const struct krux_str *g, size_t ng, const struct krux_str *s, size_t ns)
{
	if (!ng)
		return !ns;
	if (o_is(*g, "**"))
		return components(g + 1, ng - 1, s, ns) || (ns && components(g, ng, s + 1, ns - 1));
	return ns && wild(*g, *s, true) && components(g + 1, ng - 1, s + 1, ns - 1);
}

bool o_glob(struct krux_str glob, struct krux_str path)
{
	struct krux_str g[64], s[2100];

	return components(g, split(glob, g, 64), s, split(path, s, 2100));
}
