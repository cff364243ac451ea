/* Requests near the edges of what the conditions say: their literals, the values next to them,
 * other spellings of the same, absent, empty, too long. */
#include <stdio.h>
#include <string.h>

#include "tests/oracle/gen.h"

struct making { struct arena *a; struct g_rng *r; const struct g_hints *hints; };

/* s in the place of '@'. */
static struct krux_str fmt(struct making *m, const char *f, struct krux_str s)
{
	const char *at = strchr(f, '@');
	size_t before = (size_t)(at - f), after = strlen(at + 1);
	char *p = arena_get(m->a, before + s.n + after + 1);

	memcpy(p, f, before);
	memcpy(p + before, s.p, s.n);
	memcpy(p + before + s.n, at + 1, after);
	return (struct krux_str){ p, before + s.n + after };
}

static struct krux_value text(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = s };
}

static void collect(struct arena *a, const struct o_bound *b, struct g_hints *out, size_t *cap)
{
	if (b->a)
		collect(a, b->a, out, cap);
	if (b->b)
		collect(a, b->b, out, cap);
	for (size_t i = 0; i < b->ncons && b->kind == C_TEST; i++) {
		struct g_hint h = { b, &b->con[i], b->place.type };
		if (h.type->kind == O_LIST && b->op == W_CONTAINS)
			h.type = h.type->elem;
		ARENA_PUSH(a, out->hint, out->n, *cap, h);
	}
}

void g_hints_collect(struct arena *a, const struct o_build *b, size_t c, struct g_hints *out)
{
	size_t cap = 0;

	*out = (struct g_hints){ 0 };
	for (size_t p = 0; p < b->npolicies; p++)
		for (size_t r = 0; r < b->policy[p].nrules; r++)
			if (b->policy[p].rule[r].bound[c])
				collect(a, b->policy[p].rule[r].bound[c], out, &cap);
}

/* A hint for a kind of value, or for its size; NULL: none found. */
static const struct g_hint *hint(struct making *m, enum o_kind kind, bool size)
{
	for (int tries = 0; m->hints->n && tries < 12; tries++) {
		const struct g_hint *h = &m->hints->hint[g_below(m->r, (uint32_t)m->hints->n)];
		if (h->type->kind == kind && h->test->place.size == size)
			return h;
	}
	return NULL;
}

static o_int near(struct making *m, const struct g_hint *h, o_int otherwise)
{
	o_int v = otherwise;

	if (h)
		v = (g_one_in(m->r, 2) ? h->con->lo : h->con->hi) + (o_int)g_below(m->r, 3) - 1;
	return v;
}

static struct krux_str digits(struct making *m, o_int v, unsigned scale)
{
	char out[80];
	size_t n = sizeof out;
	bool minus = v < 0;

	if (minus)
		v = -v;
	for (unsigned k = 0; v || k <= scale; k++) {
		if (k == scale && scale)
			out[--n] = '.';
		out[--n] = (char)('0' + (int)(v % 10));
		v /= 10;
	}
	if (minus)
		out[--n] = '-';
	return arena_str(m->a, (struct krux_str){ out + n, sizeof out - n });
}

static struct krux_str stamp(struct making *m, o_int ns)
{
	int64_t s = (int64_t)(ns / 1000000000), f = (int64_t)(ns % 1000000000);
	int64_t days, y, doe, yoe, doy, mp;

	if (f < 0) {
		f += 1000000000;
		s--;
	}
	days = s / 86400;
	s %= 86400;
	if (s < 0) {
		s += 86400;
		days--;
	}
	/* days to a civil date: eras of 400 years from 0000-03-01 */
	days += 719468;
	doe = days % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	y = yoe + days / 146097 * 400;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	return arena_printf(m->a, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", (int)(y + (mp >= 10)), (int)(mp < 10 ? mp + 3 : mp - 9),
	                    (int)(doy - (153 * mp + 2) / 5 + 1), (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60), (int)f);
}

static struct krux_value number(struct making *m, const struct o_type *t)
{
	o_int span = t->hi - t->lo, v = t->lo + (span > 100 ? g_below(m->r, 100) : g_below(m->r, (uint32_t)span + 1));
	struct krux_str s;

	if (g_one_in(m->r, 6))
		v = g_one_in(m->r, 2) ? t->lo - g_below(m->r, 2) : t->hi + g_below(m->r, 2);
	if (!g_one_in(m->r, 4))
		v = near(m, hint(m, t->kind, false), v);
	if (t->kind == O_DATETIME && (v < INT64_MIN || v > INT64_MAX))
		v = g_below(m->r, 1000);
	switch (t->kind) {
	case O_DATETIME:
		return text(stamp(m, v));
	case O_DURATION:
		s = digits(m, v, 0);
		if (v > 0 && v % 1000000000 == 0 && g_one_in(m->r, 2))
			return text(fmt(m, "@s", digits(m, v / 1000000000, 0)));
		return text(fmt(m, "@ns", s));
	case O_PORT:
		return (struct krux_value){ .kind = KRUX_V_NUMBER, .str = digits(m, v, 0) };
	default:
		s = digits(m, v, t->kind == O_DECIMAL ? t->scale : 0);
		return (struct krux_value){ .kind = g_one_in(m->r, 4) ? KRUX_V_TEXT : KRUX_V_NUMBER, .str = s };
	}
}

static struct krux_str glob_sample(struct making *m, struct krux_str g)
{
	static const char *const runs[] = { "", "a", "b.c", "é", ".", "xx" }, *const one[] = { "a", "é", ".", "b" };
	static const char *const deep[] = { "", "a/", "a/b/", ".git/", "é/x/" };
	struct buf b = { 0 };
	struct krux_str out;

	for (size_t i = 0; i < g.n; i++) {
		if (g.p[i] == '*' && i + 1 < g.n && g.p[i + 1] == '*') {
			const char *d = G_PICK(m->r, deep);
			if (!b.n || b.p[b.n - 1] != '/')
				buf_putc(&b, '/');
			buf_puts(&b, d);
			i += 2;
		} else if (g.p[i] == '*') {
			buf_puts(&b, G_PICK(m->r, runs));
		} else if (g.p[i] == '?') {
			buf_puts(&b, G_PICK(m->r, one));
		} else {
			buf_putc(&b, g.p[i]);
		}
	}
	out = arena_str(m->a, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return out;
}

/* One byte or scalar more or less, somewhere. */
static struct krux_str nudge(struct making *m, struct krux_str s)
{
	static const char *const ends[] = { "a", "é", "/", "b", ".", "\n", "/a", "x", "0", "\xF0\x9F\x98\x80" };

	switch (g_below(m->r, 5)) {
	case 0: return fmt(m, arena_printf(m->a, "@%s", G_PICK(m->r, ends)).p, s);
	case 1: return fmt(m, arena_printf(m->a, "%s@", G_PICK(m->r, ends)).p, s);
	case 2:
		while (s.n && ((unsigned char)s.p[s.n - 1] & 0xC0) == 0x80)
			s.n--;
		s.n -= s.n > 0;
		return s;
	default: return s;
	}
}

/* Scalars of each width, at its ends. */
static const char *const scalars[] = {
	"\x7F", "é", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
};

/* s behind a beginning of itself: what looks for s has to begin again. */
static struct krux_str restart(struct making *m, struct krux_str s)
{
	size_t n = g_below(m->r, (uint32_t)s.n + 1);

	while (n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n++;
	return arena_printf(m->a, "%.*s%.*s", (int)n, s.p, (int)s.n, s.p);
}

/* s cut or filled up to so many bytes. */
static struct krux_str resize(struct making *m, struct krux_str s, size_t want)
{
	struct buf b = { 0 };

	while (s.n > want && s.n > 1) {
		while (s.n > 1 && ((unsigned char)s.p[s.n - 1] & 0xC0) == 0x80)
			s.n--;
		s.n--;
	}
	buf_put(&b, s.p, s.n);
	while (b.n < want) {
		const char *c = g_one_in(m->r, 3) ? G_PICK(m->r, scalars) : "a";
		buf_puts(&b, b.n + strlen(c) <= want ? c : "a");
	}
	s = arena_str(m->a, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return s;
}

/* A text that has something to do with a hint of that kind. */
static struct krux_str texty(struct making *m, enum o_kind kind, const char *const *often, size_t n)
{
	const struct g_hint *h = g_one_in(m->r, 5) ? NULL : hint(m, kind, false);
	struct krux_str s = o_str(often[g_below(m->r, (uint32_t)n)]);

	if (h) {
		switch (h->test->op) {
		case W_LIKE:
			s = o_nfa_sample(m->a, h->con->nfa, (uint64_t (*)(void *))g_next, m->r);
			break;
		case W_MATCHES:
			s = glob_sample(m, h->con->val.s);
			break;
		default:
			s = h->con->val.s;
			if (g_one_in(m->r, 5))
				s = restart(m, s);
			break;
		}
		if (g_one_in(m->r, 2))
			s = nudge(m, s);
		if (g_one_in(m->r, 4))
			s = nudge(m, s);
	}
	h = g_one_in(m->r, 3) ? hint(m, kind, true) : NULL;
	if (h && h->con->lo < 200) {
		o_int want = near(m, h, 1);
		/* A tree may begin a little above what a size is about. */
		if (kind == O_PATH && g_one_in(m->r, 3))
			want -= 1 + g_below(m->r, 3);
		if (want >= 0)
			s = resize(m, s, (size_t)want);
	}
	return s;
}

static struct krux_str path(struct making *m)
{
	static const char *const often[] = { "/workspace", "/workspace/a", "/workspace/a/b/c", "/", "/workspace/.git/config",
		"/workspace/x.pem", "/etc/passwd", "/workspace/é", "/workspace/...", "/workspacex" };
	static const char *const odd[] = { "@/", "/@", "@/.", "@//a", "@/./b", "/./@", "@/..", "@/../x", "x@" };
	struct krux_str s = texty(m, O_PATH, often, sizeof often / sizeof *often);

	if (g_one_in(m->r, 4) && s.n > 1) {   /* a child, a parent, a sibling */
		size_t n = s.n;
		switch (g_below(m->r, 3)) {
		case 0: s = fmt(m, "@/b", s); break;
		case 1:
			while (n && s.p[n - 1] != '/')
				n--;
			s.n = n > 1 ? n - 1 : n;
			break;
		default: s = fmt(m, "@x", s); break;
		}
	}
	if (g_one_in(m->r, 6))
		s = fmt(m, G_PICK(m->r, odd), s);
	return s;
}

static struct krux_str host(struct making *m)
{
	static const char *const often[] = { "example.com", "api.example.com", "com", "10.0.0.1", "::1", "badexample.com", "a.b.co",
		"EXAMPLE.com.", "0x7f.1", "127.1", "0177.0.0.1", "[::1]", "::FFFF:10.0.0.1", "2001:DB8:0:0:0:0:0:1", "256.1.1.1",
		"a..b", "-a.b", "a-.b", "a_b.c", "1.2.3.4.5", "4294967296", "bücher.example", "a.1", "0xg", "08.1", "fe80::1%eth0" };
	struct krux_str s = texty(m, O_HOST, often, sizeof often / sizeof *often);

	switch (g_below(m->r, 8)) {
	case 0: return fmt(m, "x.@", s);
	case 1: return fmt(m, "x@", s);
	case 2: return fmt(m, "@.", s);
	case 3: {
		char *p = arena_copy(m->a, s.p, s.n);
		for (size_t i = 0; i < s.n; i++)
			if (p[i] >= 'a' && p[i] <= 'z' && g_one_in(m->r, 2))
				p[i] = (char)(p[i] - 32);
		return (struct krux_str){ p, s.n };
	}
	default: return s;
	}
}

static struct krux_str address(struct making *m)
{
	static const char *const often[] = { "10.0.0.1", "::1", "::", "0.0.0.0", "255.255.255.255", "2001:db8::", "1.2.3", "01.2.3.4",
		"::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1::2::3", "1:2:3:4:5:6:7::", "::1:0:0:1", "12345::" };
	const struct g_hint *h = hint(m, O_IP, false);
	struct o_val v;

	if (!h || g_one_in(m->r, 4))
		return o_str(G_PICK(m->r, often));
	v = h->con->val;
	if (h->con->cidr && g_one_in(m->r, 2)) {      /* the last of the block */
		unsigned width = v.v4 ? 32 : 128;
		o_uint rest = width == h->con->prefix ? 0 : (~(o_uint)0) >> (128 - width + h->con->prefix);
		v.num = (o_int)((o_uint)v.num | rest);
	}
	v.num += (o_int)g_below(m->r, 3) - 1;
	if (v.v4)
		v.num &= UINT32_MAX;
	return o_ip_text(m->a, &v);
}

static struct krux_str url(struct making *m)
{
	static const char *const often[] = { "https://example.com/", "HTTP://Example.com", "https://example.com:8443/a%7Eb?x=%20y",
		"https://u@example.com/", "https://example.com/a%2fb", "https://example.com/%2e%2e/x", "https://example.com/#f",
		"ftp://example.com/", "https://[::ffff:127.0.0.1]/", "http://a:80/", "http://a:0/", "http://a:65536/", "http:///a",
		"http://a?x", "http://a//b/c/d/e/f/g/h/i", "http://a/b c", "http://a/%zz", "http://127.1/a", "https://a:443", "http://a/./b",
		"http://a/?a?b", "http://a/%c3%a9", "http://a/b?c%2Fd", "http://a/b@c" };
	const struct g_hint *h = hint(m, O_URL, false), *name = hint(m, O_HOST, false), *part = hint(m, O_STRING, false), *port = hint(m, O_PORT, false);
	struct krux_str hs = host(m), ps = { "a", 1 };

	(void)name;
	if (g_one_in(m->r, 3))
		return o_str(G_PICK(m->r, often));
	if (h && g_one_in(m->r, 2)) {
		const struct o_val *p = h->con->val.item;
		return arena_printf(m->a, "%s://%.*s:%d%.*s%s%.*s", p[0].num ? "https" : "http", (int)p[1].s.n, p[1].s.p,
		                    (int)near(m, g_one_in(m->r, 4) ? port : NULL, p[2].num), (int)p[3].s.n, p[3].s.p, p[4].s.n ? "?" : "",
		                    (int)p[4].s.n, p[4].s.p);
	}
	if (memchr(hs.p, ':', hs.n))
		hs = fmt(m, "[@]", hs);
	if (part)
		ps = part->test->op == W_LIKE ? o_nfa_sample(m->a, part->con->nfa, (uint64_t (*)(void *))g_next, m->r) : part->con->val.s;
	return arena_printf(m->a, "http%s://%.*s:%u/%.*s%s%.*s", g_one_in(m->r, 2) ? "s" : "", (int)hs.n, hs.p,
	                    (unsigned)near(m, port, 80 + g_below(m->r, 2) * 363), (int)ps.n, ps.p, g_one_in(m->r, 2) ? "?" : "", (int)ps.n, ps.p);
}

static struct krux_value value(struct making *m, const struct o_type *t);

static struct krux_str base64(struct making *m, struct krux_str in)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *p = arena_get(m->a, in.n * 2 + 8);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i += 3) {
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < in.n ? (unsigned char)in.p[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			p[n++] = k > in.n - i ? '=' : set[v >> (18 - 6 * k) & 63];
	}
	return (struct krux_str){ p, n };
}

static struct krux_value list(struct making *m, const struct o_type *t)
{
	const struct g_hint *h = hint(m, t->kind, true);
	size_t most = t->max > 6 ? 6 : (size_t)t->max, n = g_below(m->r, (uint32_t)most + 2);
	bool map = t->kind == O_MAP;
	struct krux_value *v;
	struct krux_member *member;

	if (h && g_one_in(m->r, 2) && h->con->lo < 20) {
		o_int want = near(m, h, 1);
		n = want < 0 ? 0 : (size_t)want;
	}
	if (g_one_in(m->r, 12) && t->max < 20)
		n = (size_t)t->max + g_below(m->r, 2);
	v = ARENA_ARRAY(m->a, struct krux_value, n + 1);
	member = ARENA_ARRAY(m->a, struct krux_member, n + 1);
	for (size_t i = 0; i < n; i++) {
		v[i] = i && g_one_in(m->r, 4) ? v[i - 1] : value(m, t->elem);
		member[i] = (struct krux_member){ arena_printf(m->a, "%c%.*s", 'z' - (char)i, (int)g_below(m->r, 3), "yx"), v[i] };
	}
	if (map)
		return (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, n } };
	return (struct krux_value){ .kind = KRUX_V_LIST, .list = { v, n } };
}

static struct krux_value record(struct making *m, const struct o_type *t)
{
	struct krux_member *v = ARENA_ARRAY(m->a, struct krux_member, t->nfields + 2);
	size_t n = 0, start = t->nfields ? g_below(m->r, (uint32_t)t->nfields) : 0;

	for (size_t i = 0; i < t->nfields; i++) {
		const struct o_field *f = &t->field[(start + i) % t->nfields];
		if ((f->optional || f->deflt) ? g_one_in(m->r, 3) : g_one_in(m->r, 300))
			continue;
		v[n].key = f->name;
		v[n++].value = value(m, f->type);
	}
	if (g_one_in(m->r, 300)) {
		v[n].key = o_str("unheard-of");
		v[n++].value = text(o_str("x"));
	}
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { v, n } };
}

static struct krux_value value(struct making *m, const struct o_type *t)
{
	static const char *const words[] = { "", "a", "ab", "abc", "é", "aaa", "b/c", "cab", "hello world", "ababab", "e\xCC\x81" };
	static const char *const secrets[] = { "api-key", "a", "A", "", "a.b", "db.password", "a b", "x_y" };
	static const char *const cidrs[] = { "10.0.0.0/8", "::/0", "2001:DB8::/32", "10.0.0.1/32", "10.0.0.1/8", "0.0.0.0/0", "1.2.3.4",
		"::1/129", "10.0.0.0/08", "2001:db8:0::/48" };
	static const char *const sums[] = { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"0000000000000000000000000000000000000000000000000000000000000000", "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "abc", "0000000000000000000000000000000000000000000000000000000000000001" };

	if (g_one_in(m->r, 400))
		return G_PICK(m->r, ((const struct krux_value[]){ { .kind = KRUX_V_NULL }, { .kind = KRUX_V_BOOL, .b = true },
			{ .kind = KRUX_V_LIST }, { .kind = KRUX_V_MAP }, { .kind = KRUX_V_TEXT, .str = { "\xC3", 1 } }, { .kind = KRUX_V_NUMBER, .str = { "7", 1 } } }));
	switch (t->kind) {
	case O_BOOL: return (struct krux_value){ .kind = KRUX_V_BOOL, .b = g_one_in(m->r, 2) };
	case O_ENUM: return text(g_one_in(m->r, 60) ? o_str("none-of-them") : t->name[g_below(m->r, (uint32_t)t->n)]);
	case O_STRING:
		if (t->nfa && !g_one_in(m->r, 5))
			return text(o_nfa_sample(m->a, t->nfa, (uint64_t (*)(void *))g_next, m->r));
		return text(texty(m, O_STRING, words, sizeof words / sizeof *words));
	case O_BYTES: {
		const struct g_hint *h = hint(m, O_BYTES, false);
		struct krux_str s = h && g_one_in(m->r, 2) ? h->con->val.s : o_str(G_PICK(m->r, words));
		h = hint(m, O_BYTES, true);
		if (h && g_one_in(m->r, 3) && h->con->lo < 60 && h->con->lo >= 0)
			s = (struct krux_str){ arena_get(m->a, 80), (size_t)(h->con->lo + g_below(m->r, 2)) };
		return text(g_one_in(m->r, 30) ? o_str("A=B=") : base64(m, s));
	}
	case O_PATH: return text(path(m));
	case O_HOST: return text(host(m));
	case O_URL: return text(url(m));
	case O_IP: return text(address(m));
	case O_CIDR: return text(g_one_in(m->r, 2) ? texty(m, O_CIDR, cidrs, 2) : o_str(G_PICK(m->r, cidrs)));
	case O_DIGEST: return text(texty(m, O_DIGEST, sums, g_one_in(m->r, 6) ? 6 : 2));
	case O_SECRET: return text(texty(m, O_SECRET, secrets, 8));
	case O_LIST: case O_MAP: return list(m, t);
	case O_RECORD: return record(m, t);
	default: return number(m, t);
	}
}

static void facts(struct making *m, const struct o_build *b, struct o_facts *f)
{
	static const char *const labels[] = { "lab-a", "lab-b", "lab-c" };
	const struct g_hint *h = hint(m, O_TIME, false);
	size_t cap = 0, rules = 0;

	f->time = (unsigned)((near(m, h, g_below(m->r, 86400)) + 86400) % 86400);
	f->weekday = g_below(m->r, 7);
	for (size_t i = 0; i < 3; i++)
		if (g_one_in(m->r, 2))
			ARENA_PUSH(m->a, f->labels.name, f->labels.n, cap, o_str(labels[i]));
	h = hint(m, O_COUNT, false);
	o_int calls = near(m, h, g_below(m->r, 8));
	f->calls = ARENA_NEW(m->a, struct o_count);
	f->calls[f->ncalls++] = (struct o_count){ .name = o_str("ns.c0"), .n = calls < 0 ? 0 : (uint64_t)calls };
	for (size_t p = 0; p < b->npolicies; p++)
		rules += b->policy[p].nrules;
	f->rates = ARENA_ARRAY(m->a, struct o_count, rules + 1);
	f->budgets = ARENA_ARRAY(m->a, struct o_count, rules + 1);
	for (size_t p = 0; p < b->npolicies; p++)
		for (size_t r = 0; r < b->policy[p].nrules; r++) {
			const struct o_rule *rule = &b->policy[p].rule[r];
			struct o_count c = { .policy = b->policy[p].name, .name = rule->id };
			c.n = g_one_in(m->r, 3) ? 0 : rule->rate.max + g_below(m->r, 3) - 1;
			if (rule->rate.given)
				f->rates[f->nrates++] = c;
			c.n = g_one_in(m->r, 8) ? UINT64_MAX : g_below(m->r, (uint32_t)rule->budget.max + 3);
			if (rule->budget.given)
				f->budgets[f->nbudgets++] = c;
		}
}

static struct krux_str agent(struct making *m, const struct o_build *b)
{
	static const char *const often[] = { "builder", "ci-1", "ops", "a", "ci-", "x.y_z-9", "ci", "others",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	const struct o_policy *p = &b->policy[g_below(m->r, (uint32_t)b->npolicies)];
	struct krux_str s = o_str(G_PICK(m->r, often));

	if (p->agents.n && g_one_in(m->r, 2)) {
		char *out = arena_get(m->a, 70);
		const struct krux_str g = p->agents.name[g_below(m->r, (uint32_t)p->agents.n)];
		size_t n = 0;
		for (size_t i = 0; i < g.n && n < 60; i++) {
			if (g.p[i] != '*')
				out[n++] = g.p[i];
			else if (g_one_in(m->r, 2))
				out[n++] = "a1.-s"[g_below(m->r, 5)];
		}
		if (n)
			s = (struct krux_str){ out, n };
	}
	return s;
}

void g_request_make(struct arena *a, struct g_rng *r, const struct o_build *b, size_t cap, const struct g_hints *hints,
                    struct g_request *out)
{
	struct making m = { a, r, hints };
	struct o_val val;

	*out = (struct g_request){ .agent = agent(&m, b), .args = record(&m, b->caps.cap[cap].input) };
	/* What nobody accepts says little; some of it is kept. */
	for (int tries = 0; tries < 6 && !g_one_in(r, 8) && !o_norm(a, b->caps.cap[cap].input, &out->args, &val); tries++)
		out->args = record(&m, b->caps.cap[cap].input);
	facts(&m, b, &out->facts);
}
