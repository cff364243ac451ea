/* A decision table to what one agent may do. Each row says when it holds, together with the lines it
 * stands under; here only what they say of `agent` is known, everything else may be either way, so a row
 * counts unless it is surely false. */
#include "runtime/front/rights.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include "capspec/bundle.h"
#include "capspec/canon.h"

#include <string.h>

enum { DEPTH = 200, MOST_INDENT = 128 };
enum truth { SURELY_NOT, PERHAPS, SURELY };

struct table {
	struct krux_str agent;
	struct krux_pool *pool;
	struct krux_str defines;       /* lines "  name: condition" */
};

struct scan {
	const struct table *t;
	const char *p, *end;
	unsigned depth;
};

static enum truth least(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

static bool word_is(const struct scan *s, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(s->end - s->p) >= n && !memcmp(s->p, word, n);
}

static bool take(struct scan *s, const char *word)
{
	if (!word_is(s, word))
		return false;
	s->p += strlen(word);
	return true;
}

/* ---- what is said of the agent ---- */

/* A literal at p, unescaped into the pool. */
static bool literal_take(struct scan *s, struct krux_str *out)
{
	char *to;
	size_t n = 0;

	if (!take(s, "\""))
		return false;
	to = krux_pool_get(s->t->pool, (size_t)(s->end - s->p) + 1);
	while (to && s->p < s->end && *s->p != '"') {
		s->p += *s->p == '\\' && s->end - s->p > 1;
		to[n++] = *s->p++;
	}
	*out = (struct krux_str){ to, n };
	return to && take(s, "\"");
}

static bool glob(struct krux_str pattern, struct krux_str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.n) {
		if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t]) && pattern.p[p] != '*') {
			p++;
			t++;
		} else if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = t;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static enum truth like(const struct table *t, struct krux_str regex)
{
	const char *why;
	struct krux_pattern *p = krux_pattern_compile(t->pool, regex, &why);

	return !p ? PERHAPS : krux_pattern_match(p, t->agent) ? SURELY : SURELY_NOT;
}

static enum truth listed(struct scan *s)
{
	enum truth found = SURELY_NOT;
	struct krux_str name;

	do {
		take(s, " ");
		if (!literal_take(s, &name))
			return PERHAPS;
		if (krux_str_eq(name, s->t->agent))
			found = SURELY;
	} while (take(s, ","));
	take(s, " ");
	return take(s, "]") && s->p == s->end ? found : PERHAPS;
}

/* An atom after its word "agent ". */
static enum truth agent_test(struct scan s)
{
	const struct krux_str a = s.t->agent;
	struct krux_str v;
	bool holds;

	if (take(&s, "in ["))
		return listed(&s);
	if (take(&s, "like "))
		return literal_take(&s, &v) && s.p == s.end ? like(s.t, v) : PERHAPS;
	if (take(&s, "== ") && literal_take(&s, &v))
		holds = krux_str_eq(a, v);
	else if (take(&s, "!= ") && literal_take(&s, &v))
		holds = !krux_str_eq(a, v);
	else if (take(&s, "matches ") && literal_take(&s, &v))
		holds = glob(v, a);
	else if (take(&s, "starts with ") && literal_take(&s, &v))
		holds = v.n <= a.n && !memcmp(a.p, v.p, v.n);
	else if (take(&s, "ends with ") && literal_take(&s, &v))
		holds = v.n <= a.n && !memcmp(a.p + a.n - v.n, v.p, v.n);
	else
		return PERHAPS;
	if (s.p != s.end)
		return PERHAPS;
	return holds ? SURELY : SURELY_NOT;
}

/* ---- conditions ---- */

static enum truth either(struct scan *);

/* The condition of a name that the table defines. */
static bool define_find(const struct table *t, struct krux_str name, struct krux_str *out)
{
	const char *p = t->defines.p, *end = p + t->defines.n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);

		if (n > name.n + 4 && !memcmp(p, "  ", 2) && !memcmp(p + 2, name.p, name.n) && p[2 + name.n] == ':') {
			*out = (struct krux_str){ p + name.n + 4, n - name.n - 4 };
			return true;
		}
		p += n + 1;
	}
	return false;
}

/* The end of the atom that begins here: what joins conditions stands outside of its brackets. */
static const char *atom_end(const struct scan *s)
{
	struct scan at = *s;
	unsigned depth = 0;

	for (; at.p < at.end; at.p++) {
		if (*at.p == '"') {
			for (at.p++; at.p < at.end && *at.p != '"'; at.p++)
				at.p += *at.p == '\\' && at.end - at.p > 1;
			continue;
		}
		if (!depth && (*at.p == ')' || word_is(&at, " and ") || word_is(&at, " or ")))
			break;
		depth += *at.p == '(' || *at.p == '[';
		depth -= *at.p == ')' || *at.p == ']';
	}
	return at.p;
}

static enum truth atom(struct scan *s)
{
	struct scan in = { s->t, s->p, atom_end(s), s->depth + 1 };
	struct krux_str text = { in.p, (size_t)(in.end - in.p) }, defined;

	s->p = in.end;
	if (krux_str_eq(text, KRUX_STR("always")))
		return SURELY;
	if (take(&in, "agent "))
		return agent_test(in);
	if (in.depth < DEPTH && define_find(s->t, text, &defined)) {
		in.p = defined.p;
		in.end = defined.p + defined.n;
		return either(&in);
	}
	return PERHAPS;
}

static enum truth one(struct scan *s)
{
	enum truth v;

	if (s->depth >= DEPTH) {
		s->p = s->end;
		return PERHAPS;
	}
	if (take(s, "not ")) {
		s->depth++;
		v = one(s);
		s->depth--;
		return SURELY - v;
	}
	if (!take(s, "("))
		return atom(s);
	s->depth++;
	v = either(s);
	s->depth--;
	return take(s, ")") ? v : PERHAPS;
}

static enum truth all(struct scan *s)
{
	enum truth v = one(s);

	while (take(s, " and "))
		v = least(v, one(s));
	return v;
}

static enum truth either(struct scan *s)
{
	enum truth v = all(s);

	while (take(s, " or "))
		v = SURELY - least(SURELY - v, SURELY - all(s));
	return v;
}

/* ---- the table ---- */

static const char *const verdicts[] = {
#define VERDICT(id, value, word) [value] = (word),
#include "capspec/verdicts.def"
#undef VERDICT
};

/* May a condition that stands in a line by itself, or behind a bar, be true. */
static bool may_hold(const struct table *t, const char *from, const char *to)
{
	struct scan s = { t, from, to, 0 };

	return either(&s) != SURELY_NOT || s.p != s.end;
}

/* "VERDICT and what is owed | CONDITION": the verdict, where the row can be this agent's; -1 else. */
static int row_verdict(const struct table *t, struct krux_str line)
{
	const char *bar = memmem(line.p, line.n, " | ", 3);

	if (!bar || !may_hold(t, bar + 3, line.p + line.n))
		return -1;
	for (int v = 0; v < RIGHTS_VERDICTS; v++) {
		size_t n = strlen(verdicts[v]);

		if ((size_t)(bar - line.p) >= n && !memcmp(line.p, verdicts[v], n) && strchr(" ,(", line.p[n]))
			return v;
	}
	return -1;
}

/* Of each indentation: is what stands further in surely not this agent's. */
struct above {
	bool no[MOST_INDENT + 1];
};

/* What is said there holds for all that is further in, until something else is said. */
static void above_set(struct above *above, size_t depth, bool no)
{
	for (size_t i = depth; i <= MOST_INDENT; i++)
		above->no[i] = no;
}

/* A line of a capability: "CONDITION:" of what is indented further, or a row; its verdict, or -1. */
static int line_verdict(const struct table *t, struct above *above, struct krux_str line)
{
	size_t depth = 0;
	bool no;

	while (line.n >= 2 && !memcmp(line.p, "  ", 2)) {
		line.p += 2;
		line.n -= 2;
		depth++;
	}
	no = depth && above->no[depth <= MOST_INDENT ? depth - 1 : MOST_INDENT];
	if (!line.n || line.p[line.n - 1] != ':')
		return no || !line.n ? -1 : row_verdict(t, line);
	above_set(above, depth, no || (depth && !may_hold(t, line.p, line.p + line.n - 1)));
	return -1;
}

static struct krux_str line_take(struct krux_str *text)
{
	const char *stop = memchr(text->p, '\n', text->n);
	struct krux_str line = { text->p, stop ? (size_t)(stop - text->p) : text->n };

	text->p += line.n + (stop != NULL);
	text->n -= line.n + (stop != NULL);
	return line;
}

static void right_add(struct rights *r, int verdict, struct krux_str cap)
{
	if (cap.n && verdict >= 0)
		r->cap[verdict][r->n[verdict]++] = cap;
}

bool rights_of_table(struct krux_str text, struct krux_str agent, struct krux_pool *pool, struct rights *out)
{
	struct table t = { .agent = agent, .pool = pool, .defines = { text.p, 0 } };
	struct above above;
	struct krux_str cap = { NULL, 0 };
	size_t lines = 1;
	int best = -1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	for (int v = 0; v < RIGHTS_VERDICTS; v++) {
		out->n[v] = 0;
		out->cap[v] = krux_pool_get(pool, lines * sizeof **out->cap);
		if (!out->cap[v])
			return false;
	}
	while (text.n) {
		struct krux_str line = line_take(&text);

		if (!line.n)
			continue;
		if (line.p[0] != ' ') {
			right_add(out, best, cap);
			best = krux_str_eq(line, KRUX_STR("define:")) ? -1 : KRUX_BLOCKED;
			cap = best < 0 ? (struct krux_str){ NULL, 0 } : line;
			above_set(&above, 0, false);
		} else if (!cap.n) {
			t.defines.n = (size_t)(line.p + line.n - t.defines.p);
		} else {
			int v = line_verdict(&t, &above, line);

			best = v > best ? v : best;
		}
	}
	right_add(out, best, cap);
	return true;
}

int rights_read(const char *path, struct krux_str agent, struct krux_pool *pool, struct rights *out,
                struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	CLEAN_FREE uint8_t *bytes = NULL;
	struct krux_bundle b;
	struct krux_str table, copy;
	size_t n;

	*out = (struct rights){ .serial = 0 };
	bytes = file_read_path(path, KRUX_MAX_BUNDLE, &n, err);
	if (!bytes)
		return -1;
	copy = (struct krux_str){ krux_pool_copy(pool, bytes, n), n };
	if (!copy.p)
		return err_set(err, 0, "out of memory");
	if (!krux_bundle_look(pool, copy, &b, &why))
		return err_set(err, 0, "%s: %s", path, why.why);
	table = krux_bundle_file(&b, "table.txt");
	if (!table.p)
		return err_set(err, 0, "%s: there is no table.txt in it", path);
	out->policy = b.policy;
	out->serial = b.serial;
	out->dev = b.key.dev;
	memcpy(out->digest, b.digest, sizeof out->digest);
	return rights_of_table(table, agent, pool, out) ? 0 : err_set(err, 0, "out of memory");
}
