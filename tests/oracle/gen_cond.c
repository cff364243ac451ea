/* Conditions that mean something in all of some capabilities: every operator on every kind of
 * operand that LANG.md 5 lets it take. */
#include <stdio.h>
#include <string.h>

#include "tests/oracle/gen.h"

static const char *const paths[] = {
	"/workspace", "/workspace/a", "/workspace/a/b", "/workspace/.git", "/workspace/x.pem", "/", "/a", "/workspace/é",
	"/workspace/a b", "/workspace/..b",
};
static const char *const globs[] = {
	"/workspace/**", "**/.git/**", "**/*.pem", "/workspace/*/b", "/**", "/workspace/?", "**/a/**", "/*/a*", "**/?b*",
	"/workspace/**/b", "**/x", "/workspace/a/**/.g*", "**/*é*", "/*", "/workspace/a?b",
};
static const char *const texts[] = {
	"", "a", "ab", "abc", "é", "b", "x y", "a\\\"b", "b/c", ".", "aa", "ba", "abab", "\\u{1F600}", "e\\u{301}", "\\n", "c", "/",
	"aab", "\\u{7FF}", "\\u{800}", "\\u{FFFF}", "\\u{10000}", "\\u{10FFFF}",
};
static const char *const regexes[] = {
	"[a-z]+", "a.*", ".*b", "(ab|c)*", "[^/]*", "a{2,3}", "\\\\d+|x", "/workspace(/.*)?", "(a|b)?c?", ".{1,3}", "\\\\w*", "é|a",
	"(a*b)+", ".*a.{2}", "(\\\\.b)*", "[^b]{3}|ab", "[a-c]{0,2}", "|a", ".*/b(/.*)?",
	"(a(b(bc)?)?)?[^b]*", "(a(/(/b)?)?)?[^/]*", "(a(b(bc)?)?)?[^b]*b?", "[\\u{800}-\\u{FFFF}]*", "[^\\u{80}-\\u{7FF}]{1,2}", "[\\u{10000}-\\u{10FFFF}]|a+",
};
static const char *const hosts[] = { "example.com", "api.example.com", "com", "10.0.0.1", "::1", "b.co", "x-y.example.com" };
static const char *const ips[] = { "10.0.0.1", "\"10.255.255.255\"", "\"::1\"", "192.168.0.1", "\"2001:db8::1\"", "0.0.0.0", "\"::\"" };
static const char *const blocks[] = { "10.0.0.0/8", "\"192.168.0.0/16\"", "\"2001:db8::/32\"", "10.0.0.0/31", "\"::/0\"", "0.0.0.0/0", "10.0.0.1/32" };
/* Several that touch begin in no block as large as they are. */
static const char *const block_sets[] = { "10.0.0.0/8", "[ 192.167.255.255, \"192.168.0.0/16\" ]", "\"2001:db8::/32\"", "[ 10.0.0.1, 10.0.0.2/31 ]", "\"::/0\"", "[ 9.255.255.255, 10.0.0.0/8 ]", "10.0.0.1/32" };
static const char *const cidrs[] = { "\"10.0.0.0/8\"", "\"::/0\"", "\"2001:db8::/32\"", "\"10.0.0.1/32\"" };
static const char *const urls[] = { "https://example.com/", "http://example.com/a?b=c", "https://api.example.com:8443/v1/a/b/c", "http://10.0.0.1/" };
static const char *const url_bits[] = { "/", "/a", "/v1", "b=c", "a", "", "?", "%20" };
static const char *const stamps[] = { "2026-01-31T12:00:00Z", "1970-01-01T00:00:00Z", "2026-01-31T13:00:00.5+01:00", "1969-12-31T23:59:59.999999999Z" };
static const char *const spans[] = { "1s", "90s", "5m", "1h", "1ms", "10ns", "1d" };
static const char *const digests[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
static const char *const secrets[] = { "api-key", "a", "db.password", "a.b" };
static const char *const octets[] = { "", "AA==", "AAE=", "aGVsbG8=", "/w==" };
static const char *const agents[] = { "builder", "ci-1", "ops", "a", "ci-", "x.y_z-9" };
static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
const char *const g_agent_patterns[] = { "builder", "ci-*", "*", "*-1", "o*s", "a", "*.*", "ops" };

struct making { struct g_build *g; const struct o_cap *const *cap; size_t ncaps; bool permits; unsigned lists; };

static struct g_cond *node(struct making *m, int kind, const char *text, struct g_cond *a, struct g_cond *b)
{
	struct g_cond *c = ARENA_NEW(m->g->a, struct g_cond);

	c->kind = kind;
	c->text = text;
	c->a = a;
	c->b = b;
	return c;
}

static struct g_cond *leaf(struct making *m, struct krux_str s)
{
	return node(m, G_LEAF, s.p, NULL, NULL);
}

static const char *quoted(struct making *m, const char *s)
{
	return arena_printf(m->g->a, "\"%s\"", s).p;
}

/* A number inside of the type's range, near its ends or small. */
static o_int number(struct making *m, const struct o_type *t)
{
	static const int64_t often[] = { 0, 1, 2, 3, 5, 10, 100, 1024, -1, -3, 443, 80, 8080, 4096, 15 };
	struct g_rng *r = &m->g->rng;
	o_int v = G_PICK(r, often);

	if (g_one_in(r, 6))
		v = t->lo + g_below(r, 3);
	if (g_one_in(r, 6))
		v = t->hi - g_below(r, 3);
	return v < t->lo ? t->lo : v > t->hi ? t->hi : v;
}

static const char *decimal(struct making *m, o_int v, unsigned scale)
{
	char digits[64];
	size_t n = 0;
	bool minus = v < 0;

	if (minus)
		v = -v;
	while (v || n <= scale) {
		if (n == scale && scale)
			digits[n++] = '.', scale = 99;
		digits[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
		if (scale == 99 && !v)
			break;
	}
	char out[66];
	size_t k = 0;
	if (minus)
		out[k++] = '-';
	while (n)
		out[k++] = digits[--n];
	return arena_str(m->g->a, (struct krux_str){ out, k }).p;
}

static const char *number_text(struct making *m, const struct o_type *t, o_int v)
{
	struct g_rng *r = &m->g->rng;

	switch (t->kind) {
	case O_DURATION: {
		o_int ns;
		for (int i = 0; i < 20; i++) {
			const char *s = G_PICK(r, spans);
			o_norm_duration(o_str(s), &ns);
			if (ns > t->lo && ns < t->hi)
				return s;
		}
		return "1s";
	}
	case O_DATETIME: return quoted(m, G_PICK(r, stamps));
	case O_DECIMAL: return decimal(m, v, t->scale);
	default:
		if (v && v % 1024 == 0 && t->kind != O_PORT && v < (o_int)1 << 30 && v > 0)
			return arena_printf(m->g->a, "%lldKiB", (long long)(v / 1024)).p;
		return decimal(m, v, 0);
	}
}

/* A literal for == and in; NULL: none comes to mind. */
static const char *literal(struct making *m, const struct o_type *t)
{
	struct g_rng *r = &m->g->rng;

	switch (t->kind) {
	case O_BOOL: return g_one_in(r, 2) ? "true" : "false";
	case O_STRING:
		if (t->nfa) {
			struct krux_str s = o_nfa_sample(m->g->a, t->nfa, (uint64_t (*)(void *))g_next, r);
			if (s.n <= t->max && !memchr(s.p, '"', s.n) && !memchr(s.p, '\\', s.n) && !memchr(s.p, '\n', s.n))
				return quoted(m, arena_str(m->g->a, s).p);
			return NULL;
		}
		return quoted(m, G_PICK(r, texts));
	case O_BYTES: return quoted(m, G_PICK(r, octets));
	case O_ENUM: return arena_str(m->g->a, t->name[g_below(r, (uint32_t)t->n)]).p;
	case O_PATH: return quoted(m, G_PICK(r, paths));
	case O_URL: return quoted(m, G_PICK(r, urls));
	case O_HOST: return quoted(m, G_PICK(r, hosts));
	case O_IP: return G_PICK(r, ips);
	case O_CIDR: return G_PICK(r, cidrs);
	case O_DIGEST: return quoted(m, G_PICK(r, digests));
	case O_SECRET: return quoted(m, G_PICK(r, secrets));
	case O_AGENT: return quoted(m, G_PICK(r, agents));
	case O_WEEKDAY: return G_PICK(r, days);
	default: return number_text(m, t, number(m, t));
	}
}

static struct g_cond *ordered(struct making *m, const char *name, const struct o_type *t)
{
	static const char *const words[] = { "==", "!=", "<", "<=", ">", ">=" };
	struct g_rng *r = &m->g->rng;
	o_int a = number(m, t), b = number(m, t);

	if (g_one_in(r, 4) && t->kind != O_DURATION && t->kind != O_DATETIME) {
		if (a > b) {
			o_int swap = a;
			a = b;
			b = swap;
		}
		if (g_one_in(r, 2) && a != b)
			return leaf(m, arena_printf(m->g->a, "%s in %s..%s", name, number_text(m, t, a), number_text(m, t, b)));
		return leaf(m, arena_printf(m->g->a, "%s in [ %s, %s ]", name, number_text(m, t, a), number_text(m, t, b)));
	}
	if (g_one_in(r, 5) && t->kind == O_DURATION)
		return leaf(m, arena_printf(m->g->a, "%s in %s", name, g_one_in(r, 2) ? "1ms..2m" : "[ 1s, 5m, 1h ]"));
	if (g_one_in(r, 5) && t->kind == O_DATETIME)
		return leaf(m, arena_printf(m->g->a, "%s in \"1970-01-01T00:00:00Z\"..\"2026-01-31T12:00:00Z\"", name));
	return leaf(m, arena_printf(m->g->a, "%s %s %s", name, G_PICK(r, words), number_text(m, t, a)));
}

static struct g_cond *sized(struct making *m, const char *name, uint64_t max)
{
	static const char *const words[] = { "==", "==", "!=", "<", "<=", ">", ">=" };
	static const unsigned often[] = { 0, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20 };
	const struct o_type range = { .kind = O_COUNT, .hi = (o_int)max };
	struct g_rng *r = &m->g->rng;
	const char *size = arena_printf(m->g->a, "size(%s)", name).p;
	unsigned n = G_PICK(r, often);

	if (n >= max || g_one_in(r, 3))
		return ordered(m, size, &range);
	if (g_one_in(r, 4))
		return leaf(m, arena_printf(m->g->a, "%s in %u..%u", size, n, n + 1));
	return leaf(m, arena_printf(m->g->a, "%s %s %u", size, G_PICK(r, words), n));
}

static struct g_cond *equal(struct making *m, const char *name, const struct o_type *t)
{
	struct g_rng *r = &m->g->rng;
	const char *a = literal(m, t), *b = literal(m, t);

	if (!a || !b)
		return node(m, G_LEAF, "true", NULL, NULL);
	if (g_one_in(r, 3) && t->kind != O_BYTES)
		return leaf(m, arena_printf(m->g->a, "%s in [ %s, %s ]", name, a, b));
	return leaf(m, arena_printf(m->g->a, "%s %s %s", name, g_one_in(r, 3) ? "!=" : "==", a));
}

static struct g_cond *texty(struct making *m, const char *name, const struct o_type *t, bool part_of_url)
{
	static const char *const words[] = { "starts with", "ends with", "contains" };
	static const char *const pieces[] = { "/workspace/", "/a", "b", ".git", "é", "/", "exam", ".com", "e", "a", "-", "ab", "1" };
	/* Found behind a beginning of themselves. */
	static const char *const again[] = { "aaa", "aaab", "abab", "ababc" };
	struct g_rng *r = &m->g->rng;

	if (g_one_in(r, 3))
		return equal(m, name, t);
	if (g_one_in(r, 3))
		return leaf(m, arena_printf(m->g->a, "%s like \"%s\"", name, G_PICK(r, regexes)));
	if (!part_of_url && g_one_in(r, 4))
		return leaf(m, arena_printf(m->g->a, "%s %s \"%s\"", name, words[1 + g_below(r, 2)], G_PICK(r, again)));
	return leaf(m, arena_printf(m->g->a, "%s %s \"%s\"", name, G_PICK(r, words),
	            part_of_url ? G_PICK(r, url_bits) : t->kind == O_STRING && !t->nfa ? G_PICK(r, texts) : G_PICK(r, pieces)));
}

/* What a text is, and how long. */
static struct g_cond *text_and_size(struct making *m, const char *name, const struct o_type *t)
{
	/* Each has texts of several lengths: a size tells them apart. */
	static const struct { const char *test; unsigned bytes; } wide[] = {
		{ "[\\u{7F}-\\u{7FF}]", 1 }, { "\\u{7FF}|\\u{800}", 2 }, { "\\u{FFFF}|\\u{10000}", 3 },
		{ "[\\u{800}-\\u{FFFF}]|[\\u{10000}-\\u{10FFFF}]", 3 }, { "([\\u{800}-\\u{FFFF}]|\\u{10FFFF}){2}", 6 },
	};
	static const char *const words[] = { "==", "<", "<=", ">", ">=" };
	struct g_rng *r = &m->g->rng;
	size_t i = g_below(r, sizeof wide / sizeof *wide);
	struct g_cond *is, *size;

	if (t->kind == O_STRING && !t->nfa && wide[i].bytes < t->max && !g_one_in(r, 4)) {
		is = leaf(m, arena_printf(m->g->a, "%s like \"%s\"", name, wide[i].test));
		size = leaf(m, arena_printf(m->g->a, "size(%s) %s %u", name, G_PICK(r, words), wide[i].bytes + g_below(r, 2)));
	} else {
		is = texty(m, name, t, false);
		size = sized(m, name, t->max);
	}
	return node(m, g_one_in(r, 3) ? G_OR : G_AND, NULL, is, size);
}

static struct g_cond *any_test(struct making *m, const char *name, const struct o_type *t);

static struct g_cond *quantified(struct making *m, const char *name, const struct o_type *elem, unsigned can_be_empty)
{
	struct g_rng *r = &m->g->rng;
	struct g_cond *body, *c;
	int kind = g_one_in(r, 3) ? G_ALL : G_ANY;

	m->lists++;
	body = any_test(m, "it", elem);
	if (g_one_in(r, 4))
		body = node(m, g_one_in(r, 2) ? G_AND : G_OR, NULL, body, any_test(m, "it", elem));
	if (g_one_in(r, 6))
		body = node(m, G_NOT, NULL, body, NULL);
	if (g_one_in(r, 10))
		body = node(m, g_one_in(r, 2) ? G_AND : G_OR, NULL, body, node(m, G_LEAF, "weekday in mon..wed", NULL, NULL));
	m->lists--;
	c = node(m, kind, name, body, NULL);
	if (kind == G_ALL && m->permits && can_be_empty)
		c = node(m, G_AND, NULL, node(m, G_ANY, name, node(m, G_LEAF, "true", NULL, NULL), NULL), c);
	return c;
}

static struct g_cond *listy(struct making *m, const char *name, const struct o_type *t)
{
	static const struct o_type count = { .kind = O_COUNT };
	struct g_rng *r = &m->g->rng;
	struct o_type range = count;

	range.hi = (o_int)t->max;
	if (t->kind == O_MAP || g_one_in(r, 4))
		return ordered(m, arena_printf(m->g->a, "size(%s)", name).p, &range);
	if (g_one_in(r, 3) && t->elem->kind != O_RECORD && t->elem->kind != O_LIST && t->elem->kind != O_BYTES) {
		const char *l = literal(m, t->elem);
		if (l)
			return leaf(m, arena_printf(m->g->a, "%s contains %s", name, l));
	}
	return quantified(m, name, t->elem, 1);
}

static struct g_cond *record(struct making *m, const char *name, const struct o_type *t)
{
	struct g_rng *r = &m->g->rng;
	const struct o_field *f = &t->field[g_below(r, (uint32_t)t->nfields)];
	const char *inner = arena_printf(m->g->a, "%s.%.*s", name, (int)f->name.n, f->name.p).p;
	struct g_cond *c;

	if (t->kind == O_URL && f->type->kind == O_STRING)
		return texty(m, inner, f->type, true);
	c = any_test(m, inner, f->type);
	if (!f->optional)
		return c;
	c = g_one_in(r, 2) ? node(m, G_AND, NULL, leaf(m, arena_printf(m->g->a, "has %s", inner)), c)
	                   : node(m, G_OR, NULL, node(m, G_NOT, NULL, leaf(m, arena_printf(m->g->a, "has %s", inner)), NULL), c);
	return c;
}

/* Sizes of paths multiply what can lie below a tree. */
static bool trees(const struct making *m)
{
	for (size_t i = 0; i < m->ncaps; i++)
		if (m->cap[i]->tree >= 0)
			return true;
	return false;
}

static struct g_cond *any_test(struct making *m, const char *name, const struct o_type *t)
{
	struct g_rng *r = &m->g->rng;
	bool text = t->kind == O_STRING || t->kind == O_PATH;

	if ((t->kind == O_BYTES && g_one_in(r, 2)) ||
	    (t->kind == O_STRING && g_one_in(r, 4)) || (t->kind == O_PATH && g_one_in(r, trees(m) ? 12 : 8)))
		return sized(m, name, t->max);
	if (text && g_one_in(r, t->kind == O_PATH ? 16 : 3))
		return text_and_size(m, name, t);
	switch (t->kind) {
	case O_BOOL:
		return g_one_in(r, 2) ? leaf(m, arena_printf(m->g->a, "%s", name)) : equal(m, name, t);
	case O_LIST: case O_MAP:
		return listy(m, name, t);
	case O_RECORD:
		return record(m, name, t);
	case O_URL:
		return g_one_in(r, 3) ? equal(m, name, t) : record(m, name, t);
	case O_PATH:
		if (g_one_in(r, 3))
			return leaf(m, arena_printf(m->g->a, "%s under \"%s\"", name, G_PICK(r, paths)));
		if (g_one_in(r, 2))
			return leaf(m, arena_printf(m->g->a, "%s matches \"%s\"", name, G_PICK(r, globs)));
		return texty(m, name, t, false);
	case O_HOST:
		if (g_one_in(r, 2))
			return leaf(m, arena_printf(m->g->a, "%s under \"%s\"", name, hosts[g_below(r, 3)]));
		return texty(m, name, t, false);
	case O_IP:
		if (g_one_in(r, 2))
			return leaf(m, arena_printf(m->g->a, "%s in %s", name, G_PICK(r, block_sets)));
		if (g_one_in(r, 3))
			return leaf(m, arena_printf(m->g->a, "%s in [ %s, %s ]", name, G_PICK(r, blocks), G_PICK(r, ips)));
		return equal(m, name, t);
	case O_STRING: case O_SECRET:
		return texty(m, name, t, false);
	case O_ENUM: case O_CIDR: case O_DIGEST: case O_BYTES:
		return equal(m, name, t);
	default:
		return ordered(m, name, t);
	}
}

static struct g_cond *fact(struct making *m)
{
	static const char *const times[] = { "time < 09:00", "time >= 17:30", "time in 09:00..17:30", "time in 22:00..06:00",
		"time <= 12:00:01", "time > 00:00:01", "time in 12:00..12:00:01", "time in 00:00..23:59:59" };
	static const char *const week[] = { "weekday == mon", "weekday != sun", "weekday in mon..fri", "weekday in [ sat, sun ]",
		"weekday in [ mon, wed..thu ]" };
	static const char *const agent[] = { "agent == \"builder\"", "agent in [ \"ci-*\", \"ops\" ]", "agent matches \"*-1\"",
		"agent like \"[a-z]+\"", "agent starts with \"ci\"", "agent in [ \"a*\", crew ]", "agent in crew", "agent != \"ops\"", "agent contains \".\"",
		"agent ends with \".y_z-9\"", "not agent in crew", "known", "not office" };
	static const char *const labels[] = { "workspace has \"lab-a\"", "workspace has \"lab-b\"" };
	static const char *const calls[] = { "workspace.calls(ns.c0) > 3", "workspace.calls(ns.c0) == 0", "workspace.calls(ns.c0) in 1..5",
		"workspace.calls(ns.c0) <= 2", "workspace.calls(ns.c0) != 7", "workspace.calls(ns.c0) in [ 2, 4 ]",
		"workspace.calls(ns.c0) < 5", "workspace.calls(ns.c0) >= 1" };
	struct g_rng *r = &m->g->rng;

	switch (g_below(r, 5)) {
	case 0: return node(m, G_LEAF, G_PICK(r, times), NULL, NULL);
	case 1: return node(m, G_LEAF, G_PICK(r, week), NULL, NULL);
	case 2: return node(m, G_LEAF, G_PICK(r, labels), NULL, NULL);
	case 3: return node(m, G_LEAF, G_PICK(r, calls), NULL, NULL);
	default: return node(m, G_LEAF, G_PICK(r, agent), NULL, NULL);
	}
}

static struct g_cond *effect_word(struct making *m)
{
	static const char *const words[] = { "reads", "writes", "creates", "deletes", "lists", "executes", "connects" };
	struct g_rng *r = &m->g->rng;
	const char *w = G_PICK(r, words);

	if (m->cap[0]->neffects && !g_one_in(r, 5))
		w = arena_str(m->g->a, m->cap[0]->effect[g_below(r, (uint32_t)m->cap[0]->neffects)].word).p;
	if (!strcmp(w, "state") || !strcmp(w, "none"))
		w = "reads";
	return quantified(m, w, strcmp(w, "connects") ? o_type_plain(O_PATH) : o_type_connects(), 1);
}

static struct g_cond *test(struct making *m)
{
	struct g_rng *r = &m->g->rng;
	const struct o_type *t = m->cap[0]->input;
	uint32_t start = t->nfields ? g_below(r, (uint32_t)t->nfields) : 0;

	if (g_one_in(r, 6))
		return fact(m);
	if (g_one_in(r, 6))
		return effect_word(m);
	for (uint32_t i = 0; i < t->nfields; i++) {
		const struct o_field *f = &t->field[(start + i) % t->nfields];
		size_t in = 0;
		const char *name = arena_str(m->g->a, f->name).p;
		for (size_t c = 0; c < m->ncaps; c++)
			for (size_t k = 0; k < m->cap[c]->input->nfields; k++)
				in += krux_str_eq(m->cap[c]->input->field[k].name, f->name);
		if (in < m->ncaps)
			continue;
		struct g_cond *c = any_test(m, name, f->type), *has;
		if (!f->optional)
			return c;
		has = leaf(m, arena_printf(m->g->a, "has %s", name));
		return g_one_in(r, 3) ? node(m, G_OR, NULL, node(m, G_NOT, NULL, has, NULL), c) : node(m, G_AND, NULL, has, c);
	}
	return fact(m);
}

static struct g_cond *cond(struct making *m, unsigned depth)
{
	struct g_rng *r = &m->g->rng;

	if (!depth || g_one_in(r, 3))
		return test(m);
	switch (g_below(r, 5)) {
	case 0: return node(m, G_NOT, NULL, cond(m, depth - 1), NULL);
	case 1: case 2: return node(m, G_AND, NULL, cond(m, depth - 1), cond(m, depth - 1));
	default: return node(m, G_OR, NULL, cond(m, depth - 1), cond(m, depth - 1));
	}
}

struct g_cond *g_cond_make(struct g_build *g, const struct o_cap *const *cap, size_t n, unsigned depth, bool permits)
{
	struct making m = { g, cap, n, permits, 0 };

	return cond(&m, depth);
}

void g_cond_print(struct buf *b, const struct g_cond *c)
{
	switch (c->kind) {
	case G_LEAF:
		buf_puts(b, c->text);
		break;
	case G_NOT:
		buf_puts(b, "not ");
		if (c->a->kind == G_AND || c->a->kind == G_OR)
			buf_putc(b, '(');
		g_cond_print(b, c->a);
		if (c->a->kind == G_AND || c->a->kind == G_OR)
			buf_putc(b, ')');
		break;
	case G_AND: case G_OR:
		for (int side = 0; side < 2; side++) {
			const struct g_cond *k = side ? c->b : c->a;
			bool open = c->kind == G_AND && k->kind == G_OR;
			if (side)
				buf_puts(b, c->kind == G_AND ? " and " : " or ");
			if (open)
				buf_putc(b, '(');
			g_cond_print(b, k);
			if (open)
				buf_putc(b, ')');
		}
		break;
	default:
		buf_puts(b, c->kind == G_ANY ? "any(" : "all(");
		buf_puts(b, c->text);
		buf_puts(b, ", ");
		g_cond_print(b, c->a);
		buf_putc(b, ')');
		break;
	}
}
