/* Finding capabilities by name and pattern. The set is sorted, so every pattern is a run of it. */
#include "compiler/model/lookup.h"

#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/names.h"

/* ---- reading patterns ---- */

static bool identifier(const char **p, const char *end)
{
	const char *from = *p;

	if (*p == end || **p < 'a' || **p > 'z')
		return false;
	while (*p < end && ((**p >= 'a' && **p <= 'z') || (**p >= '0' && **p <= '9') || **p == '_'))
		(*p)++;
	return *p - from <= KRUX_MAX_NAME;
}

static bool number(const char **p, const char *end, int32_t *out)
{
	const char *from = *p;

	*out = 0;
	while (*p < end && **p >= '0' && **p <= '9' && *out <= UINT16_MAX)
		*out = *out * 10 + (*(*p)++ - '0');
	return *p > from && *out <= UINT16_MAX && (*from != '0' || *p - from == 1);
}

bool pattern_read(struct krux_str s, struct cap_pattern *out)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t dots = 0;

	*out = (struct cap_pattern){ .major = -1, .minor = -1 };
	if (s.n == 1 && s.p[0] == '*') {
		out->wildcard = true;
		return true;
	}
	while (identifier(&p, end)) {
		if (p == end || *p != '.')
			break;
		dots++;
		if (end - p == 2 && p[1] == '*') {
			out->wildcard = true;
			out->name = (struct krux_str){ s.p, s.n - 1 };
			return true;
		}
		p++;
	}
	if (!dots || p == s.p || p[-1] == '.')
		return false;
	out->name = (struct krux_str){ s.p, (size_t)(p - s.p) };
	if (p == end)
		return true;
	if (*p++ != '@' || !number(&p, end, &out->major))
		return false;
	if (p < end && (*p++ != '.' || !number(&p, end, &out->minor)))
		return false;
	return p == end;
}

/* ---- the run of a pattern ---- */

/* -1, 0, 1: the capability is before, in, behind the run. */
static int run_order(const struct capability *cap, const struct cap_pattern *p)
{
	struct krux_str head = cap->name;
	int c;

	if (p->wildcard) {
		if (head.n > p->name.n)
			head.n = p->name.n;
		return p->name.n ? name_order(head, p->name) : 0;
	}
	c = name_order(cap->name, p->name);
	if (!c && p->major >= 0)
		c = (cap->major > p->major) - (cap->major < p->major);
	if (!c && p->minor >= 0)
		c = (cap->minor > p->minor) - (cap->minor < p->minor);
	return c;
}

/* The first index whose order is at least `order`. */
static size_t run_edge(const struct capability_set *set, const struct cap_pattern *p, int order)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (run_order(set->cap[mid], p) < order)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void pattern_run(const struct capability_set *set, const struct cap_pattern *p, size_t *from,
                 size_t *to)
{
	*from = run_edge(set, p, 0);
	*to = run_edge(set, p, 1);
}

size_t capability_match(const struct capability_set *set, struct krux_str pattern,
                        const struct capability **out)
{
	struct cap_pattern p;
	size_t from, to;

	if (!pattern_read(pattern, &p))
		return 0;
	pattern_run(set, &p, &from, &to);
	for (size_t i = from; i < to; i++)
		out[i - from] = set->cap[i];
	return to - from;
}

const struct capability *capability_find(const struct capability_set *set, struct krux_str name)
{
	struct cap_pattern p;
	size_t from, to;

	if (!pattern_read(name, &p) || p.wildcard)
		return NULL;
	pattern_run(set, &p, &from, &to);
	return from < to ? set->cap[to - 1] : NULL;
}
