/* String automata: every short text against the naive matcher, domains against the
 * canonicaliser, canonical forms, growth and limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "tests/unit/diagrams.h"

/* ---- walking an automaton as callers see it ---- */

static uint32_t automaton_walk(const struct dd_automaton *fa, struct krux_str s)
{
	uint32_t q = 0;

	for (size_t i = 0; i < s.n;) {
		const struct dd_state *st = &fa->state[q];
		unsigned len;
		uint32_t c = krux_utf8_get(s.p + i, s.n - i, &len), k = st->first;

		while (fa->range[k].hi < c)
			k++;
		ck_assert(k < st->first + st->n && fa->range[k].lo <= c);
		q = fa->range[k].to;
		i += len;
	}
	return fa->state[q].out;
}

/* The output for a text that may be no value. */
static uint32_t out_of(uint32_t f, struct krux_str s)
{
	const struct dd_node *n = dd_get(m, f);

	return n->kind == DD_STRING ? automaton_walk(n->fa, s) : n->value;
}

typedef void each_fn(void *ctx, struct krux_str);

/* Every text of up to n of the letters. */
static void texts_each(const char *const *letter, size_t nletters, size_t n, each_fn *fn, void *ctx)
{
	size_t at[16] = { 0 }, len = 0;
	char s[64];

	for (;;) {
		size_t bytes = 0;

		for (size_t i = 0; i < len; i++) {
			memcpy(s + bytes, letter[at[i]], strlen(letter[at[i]]));
			bytes += strlen(letter[at[i]]);
		}
		fn(ctx, (struct krux_str){ s, bytes });
		for (size_t i = len; i-- > 0;) {
			if (++at[i] < nletters)
				goto next;
			at[i] = 0;
		}
		if (len++ == n)
			return;
	next:;
	}
}

struct against {
	const struct cond *c;
	uint32_t f;
	enum { AS_PATH, AS_TEXT, AS_HOST } as;
};

static void one_against(void *ctx, struct krux_str s)
{
	const struct against *x = ctx;
	char canon[64];
	const char *why;
	int n = (int)s.n;
	bool value = true;

	if (x->as == AS_PATH)
		n = krux_canon_path(s, canon, sizeof canon, &why);
	else if (x->as == AS_HOST)
		n = krux_canon_host(s, canon, sizeof canon, &why);
	if (x->as != AS_TEXT)
		value = n == (int)s.n && !memcmp(canon, s.p, s.n);
	if (value)
		ck_assert_msg(out_of(x->f, s) == (naive_text(&x->c->set, s) ? DD_TRUE : DD_FALSE), "%.*s: %.*s",
		              (int)x->c->set.text[0].n, x->c->set.text[0].p, (int)s.n, s.p);
	else if (dd_get(m, x->f)->kind == DD_STRING)
		ck_assert_msg(out_of(x->f, s) == DD_IMPOSSIBLE, "%.*s", (int)s.n, s.p);
}

static void all_against(const struct cond *c, int as, const char *const *letter, size_t nletters, size_t n)
{
	struct against x = { c, dd_cond(m, c), as };

	dd_check(m, x.f);
	texts_each(letter, nletters, n, one_against, &x);
}

static const struct { enum language_kind kind; const char *text; } of_paths[] = {
	{ LANG_UNDER_PATH, "/" }, { LANG_UNDER_PATH, "/a" }, { LANG_UNDER_PATH, "/a/b" }, { LANG_GLOB, "/a/**" },
	{ LANG_GLOB, "**/a/**" }, { LANG_GLOB, "**/*b" }, { LANG_GLOB, "/a/*/b" }, { LANG_GLOB, "/**" },
	{ LANG_GLOB, "/a/?" }, { LANG_GLOB, "**/a*b?" }, { LANG_GLOB, "/**/a/**/b" }, { LANG_GLOB, "**/.*" },
	{ LANG_GLOB, "/*/**/*" }, { LANG_GLOB, "/*" }, { LANG_GLOB, "**/*" }, { LANG_GLOB, "**/**/a/*" }, { LANG_REGEX, "/a.*" }, { LANG_REGEX, "(/[ab]+)*" },
	{ LANG_REGEX, ".*/b" }, { LANG_PREFIX, "/a/" }, { LANG_PREFIX, "/" }, { LANG_PREFIX, "b" },
	{ LANG_SUFFIX, "a" }, { LANG_SUFFIX, "/a/b" }, { LANG_SUFFIX, "aba" }, { LANG_SUBSTRING, "a/a" },
	{ LANG_SUBSTRING, "aab" }, { LANG_SUBSTRING, ".." }, { LANG_LITERALS, "/a/b" }, { LANG_LITERALS, "/" },
};

START_TEST(paths)
{
	static const char *const letter[] = { "/", "a", "b", "." };

	all_against(text_in(on_field(F_PATH), of_paths[_i].kind, of_paths[_i].text), AS_PATH, letter, 4, 6);
}
END_TEST

static const struct { enum language_kind kind; const char *text; } of_texts[] = {
	{ LANG_REGEX, "" }, { LANG_REGEX, "a*" }, { LANG_REGEX, "(a|b)*a" }, { LANG_REGEX, "(ab|ba)*" }, { LANG_REGEX, "a{2,4}b?" },
	{ LANG_REGEX, "((a|ab)(ba|a))*" }, { LANG_REGEX, "[^a]{2}" }, { LANG_REGEX, ".{3}" }, { LANG_REGEX, "(a*b*)*" },
	{ LANG_REGEX, "(a?){4}" }, { LANG_REGEX, "(|a)(b|)" }, { LANG_REGEX, "(aa|aaa)+" }, { LANG_REGEX, "[\xC3\xA9-\xC3\xBF]b*" },
	{ LANG_REGEX, "(a(b(\xC3\xA9)?)?)?" }, { LANG_REGEX, ".*a.b" }, { LANG_REGEX, "a{0}" }, { LANG_REGEX, "(ab{2,}){1,2}" },
	{ LANG_REGEX, "\\w+" }, { LANG_REGEX, "[^\\d]*" }, { LANG_PREFIX, "ab" }, { LANG_PREFIX, "\xC3\xA9" }, { LANG_SUFFIX, "abab" },
	{ LANG_SUFFIX, "aa" }, { LANG_SUBSTRING, "abaab" }, { LANG_SUBSTRING, "a\xC3\xA9" }, { LANG_LITERALS, "ab" }, { LANG_LITERALS, "" },
};

START_TEST(texts)
{
	static const char *const letter[] = { "a", "b", "\xC3\xA9", "c" };

	all_against(text_in(on_field(F_TEXT), of_texts[_i].kind, of_texts[_i].text), AS_TEXT, letter, 4, 6);
}
END_TEST

static const struct { enum language_kind kind; const char *text; } of_hosts[] = {
	{ LANG_UNDER_HOST, "a" }, { LANG_UNDER_HOST, "a.0x" }, { LANG_REGEX, "[0-9.]+" }, { LANG_REGEX, ".*:.*" },
	{ LANG_SUFFIX, ".1" }, { LANG_SUBSTRING, "0x" },
};

START_TEST(hosts)
{
	static const char *const letter[] = { "0", "1", "a", "x", "-", ".", ":" };

	all_against(text_in(on_field(F_HOST), of_hosts[_i].kind, of_hosts[_i].text), AS_HOST, letter, 7, 5);
}
END_TEST

/* A test that no value decides, so that its automaton is the domain's. */
static uint32_t some_host(void)
{
	return dd_cond(m, text_in(on_field(F_HOST), LANG_PREFIX, "zzz"));
}

START_TEST(addresses)
{
	uint32_t f = some_host();

	random_start((uint64_t)_i + 1);
	for (int i = 0; i < 4000; i++) {
		uint8_t ip[16] = { 0 };
		char s[64], canon[64];
		const char *why;
		int n, k;

		for (int j = 0; j < 16; j += 2)
			if (random_below(2)) {
				ip[j] = (uint8_t)(random_below(2) * random_below(256));
				ip[j + 1] = (uint8_t)random_below(256);
			}
		if (random_below(4) == 0)
			memcpy(ip, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12);
		n = krux_ip_text(ip, s, sizeof s);
		ck_assert_uint_eq(out_of(f, (struct krux_str){ s, (size_t)n }), DD_FALSE);
		/* One character changed, added or taken away. */
		k = (int)random_below((uint32_t)n);
		switch (random_below(3)) {
		case 0:
			s[k] = "0123456789abcdef:.xg"[random_below(20)];
			break;
		case 1:
			memmove(s + k, s + k + 1, (size_t)(n - k - 1));
			n--;
			break;
		default:
			memmove(s + k + 1, s + k, (size_t)(n - k));
			s[k] = "01a:."[random_below(5)];
			n++;
			break;
		}
		k = krux_canon_host((struct krux_str){ s, (size_t)n }, canon, sizeof canon, &why);
		ck_assert_msg((out_of(f, (struct krux_str){ s, (size_t)n }) != DD_IMPOSSIBLE) == (k == n && !memcmp(s, canon, (size_t)n)),
		              "%.*s", n, s);
	}
}
END_TEST

START_TEST(labels_have_63_letters)
{
	struct dd_witness w;
	uint32_t f = dd_cond(m, text_in(on_field(F_HOST), LANG_REGEX, "[a-z]{64}\\.com"));

	ck_assert_uint_eq(f, DD_FALSE);
	f = dd_cond(m, text_in(on_field(F_HOST), LANG_REGEX, "[a-z]{63}\\.com"));
	ck_assert(dd_satisfiable(m, f));
	ck_assert(dd_witness(m, arena, f, DD_TRUE, &w));
	ask_witness(&w);
	/* Long ones have several labels, and 253 letters at most. */
	f = dd_cond(m, text_in(on_field(F_HOST), LANG_REGEX, "[a-z.]{253}"));
	ck_assert(dd_witness(m, arena, f, DD_TRUE, &w));
	ask_witness(&w);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_HOST), LANG_REGEX, "[a-z.]{254}")), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_HOST), LANG_REGEX, "[a-z]{100}")), DD_FALSE);
}
END_TEST

START_TEST(lengths_bound_domains)
{
	char long_path[4200] = "/";

	/* 6 bytes at most. */
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_TEXT), LANG_REGEX, ".{7}")), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_TEXT), LANG_REGEX, "[\xC3\xA9]{4}")), DD_FALSE);
	ck_assert_uint_ne(dd_cond(m, text_in(on_field(F_TEXT), LANG_REGEX, "[\xC3\xA9]{3}")), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_TEXT), LANG_REGEX, ".{0,6}")), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_SECRET), LANG_REGEX, ".{65}")), DD_FALSE);
	ck_assert_uint_ne(dd_cond(m, text_in(on_field(F_SECRET), LANG_REGEX, ".{64}")), DD_FALSE);
	memset(long_path + 1, 'a', 4095);
	ck_assert_uint_ne(dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, long_path)), DD_FALSE);
	long_path[4096] = 'a';
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, long_path)), DD_FALSE);
	/* A pattern is the domain. */
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_WORD), LANG_SUBSTRING, "ca")), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_WORD), LANG_REGEX, "[abc]*")), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, text_in(on_field(F_WORD), LANG_REGEX, "(ab)*c")),
	                  dd_cond(m, text_in(on_field(F_WORD), LANG_SUFFIX, "c")));
}
END_TEST

/* ---- canonical forms ---- */

static void same(struct subject s, enum language_kind ka, const char *a, enum language_kind kb, const char *b)
{
	ck_assert_msg(dd_cond(m, text_in(s, ka, a)) == dd_cond(m, text_in(s, kb, b)), "%s, %s", a, b);
}

START_TEST(equal_languages)
{
	struct subject p = on_field(F_PATH), t = on_field(F_TEXT);
	const char *const three[] = { "a", "aa", "aaa", NULL };

	same(p, LANG_GLOB, "/a/**", LANG_UNDER_PATH, "/a");
	same(p, LANG_GLOB, "**/**/x", LANG_GLOB, "**/x");
	same(p, LANG_GLOB, "**/x", LANG_REGEX, ".*/x");
	same(p, LANG_GLOB, "**/*.pem", LANG_SUFFIX, ".pem");
	same(p, LANG_GLOB, "/*", LANG_REGEX, "/[^/]+");
	same(t, LANG_REGEX, "(a|b)*", LANG_REGEX, "(a*b*)*");
	same(t, LANG_REGEX, "(aa)*a?", LANG_REGEX, "a*");
	same(t, LANG_REGEX, "a(ba)*", LANG_REGEX, "(ab)*a");
	same(t, LANG_REGEX, "(a{2})*|(a{3})*|(a{5})*", LANG_REGEX, "(a{5})*|(a{3})*|(a{2})*");
	same(t, LANG_REGEX, ".*ab.*", LANG_SUBSTRING, "ab");
	ck_assert_uint_eq(dd_cond(m, texts_in(t, three)), dd_cond(m, text_in(t, LANG_REGEX, "a{1,3}")));
	ck_assert_uint_eq(dd_cond(m, text_in(t, LANG_REGEX, ".*")), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, text_in(p, LANG_UNDER_PATH, "/")), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, text_in(p, LANG_SUBSTRING, "//")), DD_FALSE);
}
END_TEST

/* Loops that unroll into ones that are known, from both sides: equal functions, equal nodes. */
START_TEST(unrolled_loops)
{
	static const char *const piece[] = { "a", "b", "(a|b)", "(ab)*", "(ba)*", "a*", "b*", "(aab|b)*", "(a|bb)*", ".*" };

	random_start((uint64_t)_i + 100);
	for (int i = 0; i < 200; i++) {
		char x[300] = "", y[128] = "";
		uint32_t f, g, h;

		for (uint32_t k = 0, n = 1 + random_below(4); k < n; k++)
			strcat(x, piece[random_below(10)]);
		for (uint32_t k = 0, n = 1 + random_below(4); k < n; k++)
			strcat(y, piece[random_below(10)]);
		f = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, x));
		g = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, y));
		f = dd_cond(m, text_in(on_field(F_SECRET), LANG_REGEX, x));
		g = dd_cond(m, text_in(on_field(F_SECRET), LANG_REGEX, y));
		dd_check(m, f);
		/* The same union by different ways. */
		h = dd_or(m, f, g);
		dd_check(m, h);
		ck_assert_uint_eq(h, dd_not(m, dd_and(m, dd_not(m, g), dd_not(m, f))));
		ck_assert_uint_eq(f, dd_or(m, dd_and(m, f, g), dd_and(m, f, dd_not(m, g))));
		strcat(strcat(x, "|"), y);
		ck_assert_uint_eq(h, dd_cond(m, text_in(on_field(F_SECRET), LANG_REGEX, x)));
		ck_assert_uint_eq(f == g, !dd_differ(m, f, g));
	}
}
END_TEST

START_TEST(scalars_at_the_borders)
{
	struct subject t = on_field(F_TEXT);
	uint32_t f = dd_cond(m, text_in(t, LANG_REGEX, "[\xED\x9F\xBF-\xEE\x80\x80]"));

	ck_assert_uint_eq(out_of(f, KRUX_STR("\xED\x9F\xBF")), DD_TRUE);
	ck_assert_uint_eq(out_of(f, KRUX_STR("\xEE\x80\x80")), DD_TRUE);
	ck_assert_uint_eq(out_of(f, KRUX_STR("\xEE\x80\x81")), DD_FALSE);
	ck_assert_uint_eq(out_of(f, KRUX_STR("\xED\x9F\xBE")), DD_FALSE);
	/* No scalar lies between these two, so nothing tells them apart. */
	same(t, LANG_REGEX, "[a-\xED\x9F\xBF]|[\xEE\x80\x80-\xF4\x8F\xBF\xBF]", LANG_REGEX, "[a-\xF4\x8F\xBF\xBF]");
	f = dd_cond(m, text_in(t, LANG_REGEX, "\xF4\x8F\xBF\xBF"));
	ck_assert_uint_eq(out_of(f, KRUX_STR("\xF4\x8F\xBF\xBF")), DD_TRUE);
	ck_assert_uint_eq(out_of(f, KRUX_STR("\xF4\x8F\xBF\xBE")), DD_FALSE);
	same(t, LANG_REGEX, "[^a]|a", LANG_REGEX, ".");
}
END_TEST

/* ---- growth ---- */

static uint32_t voice_first(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a != DD_FALSE ? a : b;
}

static uint32_t fold(const uint32_t *leaf, size_t n)
{
	return n == 1 ? leaf[0] : dd_apply(m, 1, voice_first, NULL, fold(leaf, n / 2), fold(leaf + n / 2, n - n / 2));
}

/* k rules `**` / d_i / `**` with `verdicts` verdicts in turn. */
static size_t globs_count(uint32_t k, uint32_t verdicts)
{
	uint32_t leaf[64];

	for (uint32_t i = 0; i < k; i++) {
		char glob[32];

		/* Names of equal length over one letter more each: none is part of another. */
		snprintf(glob, sizeof glob, "**/%c%c/**", 'a' + (int)(i / 8), 'a' + (int)(i % 8));
		leaf[i] = dd_ite(m, dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, arena_copy(arena, glob, strlen(glob)))),
		                 dd_terminal(m, 3 + i % verdicts), DD_FALSE);
	}
	return dd_count(m, fold(leaf, k));
}

START_TEST(overlapping_globs_of_one_verdict)
{
	size_t at8 = globs_count(8, 1), at64 = globs_count(64, 1);

	ck_assert_uint_le(at8, 40);
	ck_assert_uint_le(at64, 2 * at8);
}
END_TEST

START_TEST(overlapping_globs_of_two_verdicts)
{
	size_t at16 = globs_count(16, 2), at32 = globs_count(32, 2), at64 = globs_count(64, 2);

	/* Polynomial: what was seen first wins, so a state is the first rule that may still match. */
	ck_assert_uint_le(at32, 4 * at16);
	ck_assert_uint_le(at64, 4 * at32);
	ck_assert_uint_le(at64, 20000);
}
END_TEST

START_TEST(many_folders)
{
	enum { MANY = 2000 };
	uint32_t *leaf = ARENA_ARRAY(arena, uint32_t, MANY);
	uint32_t f;

	random_start(5);
	for (uint32_t i = 0; i < MANY; i++) {
		char path[64];

		snprintf(path, sizeof path, "/workspace/%08x", random_below(UINT32_MAX));
		leaf[i] = dd_ite(m, dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, arena_copy(arena, path, strlen(path)))),
		                 dd_terminal(m, 3 + i % 2), DD_FALSE);
	}
	f = fold(leaf, MANY);
	/* A trie: no more than a state a letter. */
	ck_assert_uint_le(dd_count(m, f), MANY * 8 + 100);
	dd_check(m, f);
}
END_TEST

/* ---- two nodes told apart ---- */

static uint32_t merged(void *ctx, uint32_t value)
{
	(void)ctx;
	return value == 6 ? 5 : value;
}

static uint32_t swapped(void *ctx, uint32_t value)
{
	(void)ctx;
	return value == 5 ? 7 : value == 7 ? 5 : value;
}

static uint32_t least(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a < b ? a : b;
}

/* However it is come to, a function of two nodes is one node. */
START_TEST(pairs_are_canonical)
{
	static const char *const glob[] = { "**/a/**", "**/.ssh/**", "/w/**/b*", "**/*.pem", "/a/?/b", "/x" };

	for (size_t i = 0; i < sizeof glob / sizeof *glob; i++)
		for (size_t k = 0; k < sizeof glob / sizeof *glob; k++) {
			uint32_t a = dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, glob[i])), f, g,
			         b = dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, glob[k])), five = dd_terminal(m, 5);

			f = dd_ite(m, a, five, dd_terminal(m, 7));
			ck_assert_uint_eq(f, dd_ite(m, dd_not(m, a), dd_terminal(m, 7), five));
			ck_assert_uint_eq(dd_map(m, swapped, NULL, f), dd_ite(m, a, dd_terminal(m, 7), five));
			ck_assert_uint_eq(dd_map(m, swapped, NULL, dd_map(m, swapped, NULL, f)), f);
			g = dd_ite(m, dd_or(m, a, b), five, dd_terminal(m, 7));
			ck_assert_uint_eq(dd_map(m, merged, NULL, dd_ite(m, a, five, dd_ite(m, b, dd_terminal(m, 6), dd_terminal(m, 7)))), g);
			ck_assert_uint_eq(dd_apply(m, 300, least, NULL, f, dd_ite(m, b, five, dd_terminal(m, 9))),
			                  dd_ite(m, dd_or(m, a, b), five, dd_terminal(m, 7)));
			dd_check(m, f);
			dd_check(m, g);
		}
	ck_assert_ptr_null(dd_overflow(m));
}
END_TEST

/* ---- limits ---- */

START_TEST(too_many_states)
{
	uint32_t f = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, ".*a.{20}"));

	ck_assert_uint_eq(f, DD_IMPOSSIBLE);
	ck_assert_str_eq(dd_overflow(m), "states");
	ck_assert_uint_eq(dd_or(m, DD_TRUE, DD_FALSE), DD_IMPOSSIBLE);
	ck_assert_uint_eq(dd_count(m, f), 0);
	ck_assert_int_eq(dd_get(m, 1 << 25)->kind, DD_TERMINAL);
	ck_assert(!dd_satisfiable(m, 1 << 25));
	/* The next manager has all the room. */
	dd_free(m);
	m = dd_new(&every_kind);
	f = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, ".*a.{8}"));
	ck_assert_ptr_null(dd_overflow(m));
	ck_assert_uint_ge(dd_count(m, f), 500);
}
END_TEST

START_TEST(products_overflow)
{
	struct dd *other = dd_new(&every_kind);
	uint32_t f, g;

	ck_assert_uint_eq(dd_cond(other, text_in(on_field(F_PATH), LANG_UNDER_PATH, "/a")) == DD_FALSE, false);
	f = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, ".*a.{13}"));
	g = dd_cond(m, text_in(on_field(F_PATH), LANG_REGEX, ".*b.{13}"));
	ck_assert_ptr_null(dd_overflow(m));
	f = dd_or(m, f, g);
	ck_assert_ptr_nonnull(dd_overflow(m));
	ck_assert_uint_eq(f, DD_IMPOSSIBLE);
	/* Others go on. */
	f = dd_cond(other, text_in(on_field(F_PATH), LANG_GLOB, "/a/**"));
	ck_assert_uint_eq(f, dd_cond(other, text_in(on_field(F_PATH), LANG_UNDER_PATH, "/a")));
	dd_free(other);
}
END_TEST

/* In both orders of death, and with the newest out of room. */
START_TEST(managers_share)
{
	struct dd *a = dd_new(&every_kind), *b;
	uint32_t f, g;

	f = dd_cond(a, text_in(on_field(F_PATH), LANG_GLOB, "**/x/**"));
	b = dd_new(&every_kind);
	dd_cond(b, text_in(on_field(F_PATH), LANG_REGEX, ".*a.{20}"));
	ck_assert_ptr_nonnull(dd_overflow(b));
	ck_assert_uint_eq(f, dd_cond(a, text_in(on_field(F_PATH), LANG_GLOB, "**/x/**")));
	g = dd_cond(a, text_in(on_field(F_PATH), LANG_GLOB, "**/y/**"));
	dd_check(a, dd_or(a, f, g));
	dd_free(b);
	b = dd_new(&every_kind);
	dd_free(a);
	f = dd_cond(b, text_in(on_field(F_PATH), LANG_GLOB, "**/x/**"));
	dd_check(b, f);
	dd_free(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("automaton");
	TCase *t = tcase_create("automaton");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, paths, 0, sizeof of_paths / sizeof *of_paths);
	tcase_add_loop_test(t, texts, 0, sizeof of_texts / sizeof *of_texts);
	tcase_add_loop_test(t, hosts, 0, sizeof of_hosts / sizeof *of_hosts);
	tcase_add_loop_test(t, addresses, 0, 2);
	tcase_add_test(t, labels_have_63_letters);
	tcase_add_test(t, lengths_bound_domains);
	tcase_add_test(t, equal_languages);
	tcase_add_test(t, pairs_are_canonical);
	tcase_add_loop_test(t, unrolled_loops, 0, 3);
	tcase_add_test(t, scalars_at_the_borders);
	tcase_add_test(t, overlapping_globs_of_one_verdict);
	tcase_add_test(t, overlapping_globs_of_two_verdicts);
	tcase_add_test(t, many_folders);
	tcase_add_test(t, too_many_states);
	tcase_add_test(t, products_overflow);
	tcase_add_test(t, managers_share);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
