#include "tests/unit/diagrams.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"

struct arena *arena;
struct dd *m;

/* ---- the capability ---- */

#define S(lit) { lit, sizeof(lit) - 1 }

static const struct krux_str letters[] = { S("a"), S("b"), S("c") };
static const struct krux_type t_path = { .kind = KRUX_T_PATH, .max = 4096 };
static const struct krux_type t_text = { .kind = KRUX_T_STRING, .max = 6 };
static const struct krux_type t_host = { .kind = KRUX_T_HOST, .max = 253 };
static const struct krux_type t_number = { .kind = KRUX_T_UINT, .lo = 0, .hi = 20 };
static const struct krux_type t_int = { .kind = KRUX_T_INT, .lo = -2, .hi = 2 };
static const struct krux_type t_short = { .kind = KRUX_T_STRING, .max = 3 };
static const struct krux_type t_items = { .kind = KRUX_T_LIST, .max = 3, .elem = &t_short };
static const struct krux_field f_parts[] = {
	{ .name = S("p"), .type = &t_path }, { .name = S("n"), .type = &t_int },
	{ .name = S("o"), .type = &t_short, .optional = true },
};
static const struct krux_type t_record = { .kind = KRUX_T_RECORD, .field = f_parts, .nfields = 3 };
static const struct krux_type t_records = { .kind = KRUX_T_LIST, .max = 2, .elem = &t_record };
static const struct krux_type t_url = { .kind = KRUX_T_URL, .max = 8192 };
static const struct krux_type t_bytes = { .kind = KRUX_T_BYTES, .max = 3 };
static const struct krux_type t_enum = { .kind = KRUX_T_ENUM, .hi = 2, .name = letters, .nnames = 3, .max = 1 };
static const struct krux_type t_ip = { .kind = KRUX_T_IP, .max = 16 };
static const struct krux_type t_word = { .kind = KRUX_T_STRING, .max = 8, .pattern = S("(ab)*c?") };
static const struct krux_type t_map = { .kind = KRUX_T_MAP, .max = 3, .elem = &t_number };
static const struct krux_type t_enums = { .kind = KRUX_T_LIST, .max = 2, .elem = &t_enum };
static const struct krux_type t_nested = { .kind = KRUX_T_LIST, .max = 2, .elem = &t_enums };
static const struct krux_type t_digest = { .kind = KRUX_T_DIGEST, .max = 64 };
static const struct krux_type t_secret = { .kind = KRUX_T_SECRET, .max = 64 };
static const struct krux_type t_cidr = { .kind = KRUX_T_CIDR, .max = 43 };
static const struct krux_field fields[] = {
	[F_PATH] = { .name = S("path"), .type = &t_path },
	[F_TEXT] = { .name = S("text"), .type = &t_text },
	[F_HOST] = { .name = S("host"), .type = &t_host },
	[F_NUMBER] = { .name = S("number"), .type = &t_number },
	[F_MAYBE] = { .name = S("maybe"), .type = &t_short, .optional = true },
	[F_ITEMS] = { .name = S("items"), .type = &t_items },
	[F_RECORDS] = { .name = S("records"), .type = &t_records },
	[F_URL] = { .name = S("url"), .type = &t_url },
	[F_BYTES] = { .name = S("bytes"), .type = &t_bytes },
	[F_ENUM] = { .name = S("letter"), .type = &t_enum },
	[F_IP] = { .name = S("ip"), .type = &t_ip },
	[F_WORD] = { .name = S("word"), .type = &t_word },
	[F_MAP] = { .name = S("map"), .type = &t_map },
	[F_NESTED] = { .name = S("nested"), .type = &t_nested },
	[F_DIGEST] = { .name = S("digest"), .type = &t_digest },
	[F_INT] = { .name = S("int"), .type = &t_int },
	[F_SECRET] = { .name = S("secret"), .type = &t_secret },
	[F_CIDR] = { .name = S("cidr"), .type = &t_cidr },
};
static const struct krux_type t_input = { .kind = KRUX_T_RECORD, .field = fields, .nfields = F_FIELDS };
const struct capability every_kind = { .name = S("test.every"), .input = &t_input };

void diagrams_start(void)
{
	arena = arena_new();
	m = dd_new(&every_kind);
}

void diagrams_end(void)
{
	dd_free(m);
	arena_free(arena);
}

/* ---- conditions ---- */

struct subject on_field(enum field f)
{
	return (struct subject){ .kind = SUBJECT_FIELD, .access = access_field(&t_input, f), .type = fields[f].type };
}

struct subject on_part(struct subject s, unsigned part)
{
	s.access = access_part(arena, &s.access, part);
	s.type = s.access.type;
	return s;
}

struct subject on_it(struct subject of)
{
	const struct krux_type *t = of.type->kind == KRUX_T_LIST ? of.type->elem : of.type;

	return (struct subject){ .kind = SUBJECT_FIELD, .depth = 1, .access = { NULL, 0, t, { 0 } }, .type = t };
}

struct subject on_it_part(struct subject of, unsigned part)
{
	return on_part(on_it(of), part);
}

struct subject on_size(struct subject s)
{
	s.kind = SUBJECT_SIZE;
	s.type = &type_count;
	return s;
}

struct subject on_has(struct subject s)
{
	s.kind = SUBJECT_HAS;
	s.type = &type_flag;
	return s;
}

struct subject on_fact(enum subject_kind kind, const char *name)
{
	return (struct subject){ .kind = kind, .name = { name, strlen(name) }, .type = &type_count };
}

static struct cond *cond_new(enum cond_kind kind, const struct cond *a, const struct cond *b)
{
	struct cond *c = ARENA_NEW(arena, struct cond);

	c->kind = kind;
	c->a = a;
	c->b = b;
	return c;
}

const struct cond *texts_in(struct subject s, const char *const *texts)
{
	struct cond *c = cond_new(COND_TEST, NULL, NULL);
	struct krux_str *t = ARENA_ARRAY(arena, struct krux_str, 64);
	size_t n = 0;

	for (; texts[n]; n++)
		t[n] = (struct krux_str){ texts[n], strlen(texts[n]) };
	c->subject = s;
	c->set = (struct value_set){ .language = LANG_LITERALS, .text = t, .ntexts = n };
	return c;
}

const struct cond *text_in(struct subject s, enum language_kind kind, const char *text_)
{
	const char *const one[] = { text_, NULL };
	struct cond *c = (struct cond *)(uintptr_t)texts_in(s, one);

	c->set.language = kind;
	return c;
}

static bool is_signed(const struct subject *s)
{
	return s->kind == SUBJECT_FIELD && s->type->kind == KRUX_T_INT;
}

const struct cond *number_in(struct subject s, uint64_t lo, uint64_t hi)
{
	struct cond *c = cond_new(COND_TEST, NULL, NULL);
	struct interval *x = ARENA_NEW(arena, struct interval);
	krux_u128 bias = is_signed(&s) ? (krux_u128)1 << 63 : 0;

	*x = (struct interval){ bias ? bias + (krux_u128)(krux_i128)(int64_t)lo : lo,
	                        bias ? bias + (krux_u128)(krux_i128)(int64_t)hi : hi };
	c->subject = s;
	c->set = (struct value_set){ .numeric = true, .interval = x, .nintervals = 1 };
	return c;
}

const struct cond *c_not(const struct cond *a)
{
	return cond_new(COND_NOT, a, NULL);
}

const struct cond *c_and(const struct cond *a, const struct cond *b)
{
	return cond_new(COND_AND, a, b);
}

const struct cond *c_or(const struct cond *a, const struct cond *b)
{
	return cond_new(COND_OR, a, b);
}

const struct cond *c_any(struct subject of, const struct cond *a)
{
	struct cond *c = cond_new(COND_ANY, a, NULL);

	c->list = of;
	return c;
}

const struct cond *c_any_tree(struct subject of, const struct cond *a)
{
	struct cond *c = cond_new(COND_ANY_TREE, a, NULL);

	c->list = of;
	return c;
}

const struct cond *c_any_below(const char *path, const struct cond *a)
{
	return c_any_tree((struct subject){ .kind = SUBJECT_CONSTANT, .name = { path, strlen(path) },
	                                    .type = &type_any_path }, a);
}

/* ---- requests ---- */

struct krux_value text(const char *s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { s, strlen(s) } };
}

struct krux_value number(int64_t n)
{
	return n < 0 ? (struct krux_value){ .kind = KRUX_V_NINT, .u = (uint64_t)(-1 - n) }
	             : (struct krux_value){ .kind = KRUX_V_UINT, .u = (uint64_t)n };
}

struct krux_value list(size_t n, ...)
{
	struct krux_value *item = ARENA_ARRAY(arena, struct krux_value, n + 1);
	va_list ap;

	va_start(ap, n);
	for (size_t i = 0; i < n; i++)
		item[i] = va_arg(ap, struct krux_value);
	va_end(ap);
	return (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
}

static struct krux_value octets(const char *s, size_t n)
{
	return (struct krux_value){ .kind = KRUX_V_BYTES, .str = { s, n } };
}

static struct krux_value map(struct krux_member *member, size_t n)
{
	krux_members_sort(member, n);
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, n } };
}

void ask_set(struct ask *q, enum field f, struct krux_value v)
{
	struct krux_member *member = ARENA_ARRAY(arena, struct krux_member, q->args.map.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < q->args.map.n; i++)
		if (!krux_str_eq(q->args.map.member[i].key, fields[f].name))
			member[n++] = q->args.map.member[i];
	if (v.kind != KRUX_V_NULL)
		member[n++] = (struct krux_member){ fields[f].name, v };
	q->args = map(member, n);
}

static struct krux_value url(bool https, const char *host, uint16_t port, const char *path, const char *query)
{
	struct krux_member *member = ARENA_ARRAY(arena, struct krux_member, 5);

	member[0] = (struct krux_member){ KRUX_STR("scheme"), text(https ? "https" : "http") };
	member[1] = (struct krux_member){ KRUX_STR("host"), text(host) };
	member[2] = (struct krux_member){ KRUX_STR("port"), number(port) };
	member[3] = (struct krux_member){ KRUX_STR("path"), text(path) };
	member[4] = (struct krux_member){ KRUX_STR("query"), text(query) };
	return map(member, 5);
}

static struct krux_value record(const char *path, int64_t n, const char *maybe)
{
	struct krux_member *member = ARENA_ARRAY(arena, struct krux_member, 3);

	member[0] = (struct krux_member){ KRUX_STR("p"), text(path) };
	member[1] = (struct krux_member){ KRUX_STR("n"), number(n) };
	if (maybe)
		member[2] = (struct krux_member){ KRUX_STR("o"), text(maybe) };
	return map(member, maybe ? 3 : 2);
}

static const char zeros[32];

struct ask ask_plain(void)
{
	struct ask q = { .agent = KRUX_STR("a"), .args = map(NULL, 0) };

	ask_set(&q, F_PATH, text("/a"));
	ask_set(&q, F_TEXT, text(""));
	ask_set(&q, F_HOST, text("example.com"));
	ask_set(&q, F_NUMBER, number(0));
	ask_set(&q, F_ITEMS, list(0));
	ask_set(&q, F_RECORDS, list(0));
	ask_set(&q, F_URL, url(true, "example.com", 443, "/", ""));
	ask_set(&q, F_BYTES, octets("", 0));
	ask_set(&q, F_ENUM, text("a"));
	ask_set(&q, F_IP, octets("\x0a\0\0\1", 4));
	ask_set(&q, F_WORD, text(""));
	ask_set(&q, F_MAP, map(NULL, 0));
	ask_set(&q, F_NESTED, list(0));
	ask_set(&q, F_DIGEST, octets(zeros, 32));
	ask_set(&q, F_INT, number(0));
	ask_set(&q, F_SECRET, text("token"));
	ask_set(&q, F_CIDR, text("10.0.0.0/8"));
	return q;
}

static bool fact_of(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct facts *f = ctx;

	switch (dd_variable(m, var)->fact) {
	case KRUX_FACT_TIME:
		*answer = f->time;
		break;
	case KRUX_FACT_WEEKDAY:
		*answer = f->weekday;
		break;
	case KRUX_FACT_LABEL:
		*answer = f->label;
		break;
	default:
		*answer = f->calls;
		break;
	}
	return true;
}

uint32_t ask_eval(uint32_t f, const struct ask *q)
{
	struct facts facts = q->facts;
	struct dd_request r = { q->agent, &q->args, fact_of, &facts };

	return dd_eval(m, f, &r);
}

/* ---- at random ---- */

static uint64_t state;

void random_start(uint64_t seed)
{
	state = seed * 2654435769u + 1;
}

uint32_t random_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

#define PICK(list) (list)[random_below(sizeof(list) / sizeof *(list))]

static const char *const some_paths[] = {
	"/", "/a", "/b", "/a/b", "/a/b/a", "/aa", "/ab/a", "/a/.b", "/b/a/b/a", "/\xC3\xA9", "/a/\xC3\xA9z", "/...", "/b/b",
};
static const char *const some_texts[] = { "", "a", "b", "ab", "ba", "aab", "abab", "\xC3\xA9", "a\xC3\xA9", "aaaaaa" };
static const char *const some_short[] = { "", "a", "b", "ab", "aa", "bb", "\xC3\xA9", "abc" };
static const char *const some_hosts[] = {
	"example.com", "a.example.com", "aexample.com", "com", "10.0.0.1", "::1", "2001:db8::1", "0x", "a.b", "1.a",
};
static const char *const some_agents[] = { "a", "b", "ci-1", "ci-ab", "builder", "a.b_c-d" };
static const char *const some_globs[] = {
	"/a/**", "**/a/**", "**/b", "/a/*", "/*/b", "/a?", "**/*a", "/**", "**/a/**/b", "/a/**/b", "**/?", "/a/*b*", "**/a/b/**",
	"/**/**/a",
};
static const char *const some_regexes[] = {
	"a*", "(a|b)*", ".*b", "[^a]*", "a{2,3}", "(ab|a)*b?", "a.", "\xC3\xA9|b+", "(a|ab)(c|bcd)?", ".{2}", "(aa|aab)*", "/.*a.*",
	".*\\.com", "[0-9.]+", "[a-f0-9:]+", "(a?){3}b", "|a", ".*[^b]",
};
static const char *const some_words[] = { "", "c", "ab", "abc", "abab", "ababc", "abababab" };
static const char *const some_pieces[] = { "a", "b", "ab", "aba", "/a", "\xC3\xA9", "aa", "." };

static const struct cond *random_text_test(struct subject s, const char *const *values, size_t nvalues)
{
	bool path = s.type->kind == KRUX_T_PATH, host = s.type->kind == KRUX_T_HOST;
	const char *some[4] = { 0 };

	switch (random_below(7)) {
	case 0:
		return text_in(s, LANG_REGEX, PICK(some_regexes));
	case 1:
		return text_in(s, LANG_PREFIX, PICK(some_pieces));
	case 2:
		return text_in(s, LANG_SUFFIX, PICK(some_pieces));
	case 3:
		return text_in(s, LANG_SUBSTRING, PICK(some_pieces));
	case 4:
		if (path)
			return text_in(s, LANG_GLOB, PICK(some_globs));
		if (host)
			return text_in(s, LANG_UNDER_HOST, random_below(2) ? "example.com" : "com");
		break;
	case 5:
		if (path)
			return text_in(s, LANG_UNDER_PATH, values[random_below((uint32_t)nvalues)]);
		break;
	default:
		break;
	}
	for (uint32_t i = 0, n = 1 + random_below(3); i < n; i++)
		some[i] = values[random_below((uint32_t)nvalues)];
	return texts_in(s, some);
}

#define TEXT_TEST(s, values) random_text_test(s, values, sizeof(values) / sizeof *(values))

static const struct cond *random_range(struct subject s, uint32_t most)
{
	uint32_t a = random_below(most + 1), b = random_below(most + 1);

	return number_in(s, a < b ? a : b, a < b ? b : a);
}

static const struct cond *random_it(unsigned depth, enum field f)
{
	struct subject of = on_field(f);

	if (depth && random_below(2)) {
		const struct cond *a = random_it(depth - 1, f);

		switch (random_below(4)) {
		case 0:
			return c_not(a);
		case 1:
			return c_and(a, random_it(depth - 1, f));
		case 2:
			return c_or(a, random_it(depth - 1, f));
		default:
			return c_or(a, random_cond(0));
		}
	}
	if (f == F_PATH)
		return random_below(6) ? TEXT_TEST(on_it(of), some_paths) : random_range(on_size(on_it(of)), 8);
	if (f == F_ITEMS)
		return random_below(4) ? TEXT_TEST(on_it(of), some_short) : random_range(on_size(on_it(of)), 3);
	if (f == F_NESTED) {
		struct subject inner = on_it(of);

		if (random_below(3) == 0)
			return random_range(on_size(inner), 2);
		return c_any(inner, random_range(on_it(inner), 2));
	}
	switch (random_below(3)) {
	case 0:
		return TEXT_TEST(on_it_part(of, P_PATH), some_paths);
	case 1: {
		int a = (int)random_below(5) - 2, b = (int)random_below(5) - 2;

		return number_in(on_it_part(of, P_INT), (uint64_t)(a < b ? a : b), (uint64_t)(a < b ? b : a));
	}
	default:
		return c_and(number_in(on_has(on_it_part(of, P_MAYBE)), 1, 1), TEXT_TEST(on_it_part(of, P_MAYBE), some_short));
	}
}

static const struct cond *random_url_test(void)
{
	struct subject s = on_field(F_URL);

	switch (random_below(4)) {
	case 0:
		return number_in(on_part(s, URL_SCHEME), 1, 1);
	case 1:
		return TEXT_TEST(on_part(s, URL_HOST), some_hosts);
	case 2:
		return number_in(on_part(s, URL_PORT), 1, 100 + random_below(400));
	default:
		return text_in(on_part(s, URL_PATH), LANG_PREFIX, "/a");
	}
}

static const struct cond *random_test(void)
{
	static const char *const digests[] = { "0000000000000000000000000000000000000000000000000000000000000000",
		"a000000000000000000000000000000000000000000000000000000000000000" };
	static const char *const secrets[] = { "token", "a", "b.c" }, *const blocks[] = { "10.0.0.0/8", "::/0", "10.1.0.0/16" };

	switch (random_below(24)) {
	case 0: case 1: case 2:
		return TEXT_TEST(on_field(F_PATH), some_paths);
	case 3: case 4:
		return TEXT_TEST(on_field(F_TEXT), some_texts);
	case 5:
		return TEXT_TEST(on_field(F_HOST), some_hosts);
	case 6:
		return random_range(on_field(F_NUMBER), 20);
	case 7:
		return c_and(number_in(on_has(on_field(F_MAYBE)), 1, 1), TEXT_TEST(on_field(F_MAYBE), some_short));
	case 8:
		return c_or(c_not(number_in(on_has(on_field(F_MAYBE)), 1, 1)), random_range(on_size(on_field(F_MAYBE)), 3));
	case 9:
		return random_url_test();
	case 10:
		return random_below(2) ? texts_in(on_field(F_BYTES), (const char *const[]){ random_below(2) ? "a" : "\xFFz", NULL })
		                       : random_range(on_size(on_field(F_BYTES)), 3);
	case 11:
		return random_range(on_field(F_ENUM), 2);
	case 12: {
		uint64_t lo = 0xFFFF0A000000 + random_below(3);

		return number_in(on_field(F_IP), lo, lo + random_below(5));
	}
	case 13:
		return random_below(2) ? TEXT_TEST(on_field(F_WORD), some_words) : random_range(on_size(on_field(F_WORD)), 8);
	case 14:
		return random_range(on_size(on_field(F_MAP)), 3);
	case 15:
		return text_in((struct subject){ .kind = SUBJECT_AGENT, .type = &type_agent }, LANG_AGENT_GLOB,
		               random_below(2) ? "ci-*" : "*b*");
	case 16:
		return number_in(on_fact(SUBJECT_LABEL, "l"), 1, 1);
	case 17:
		return random_range(on_fact(SUBJECT_CALLS, "x.y"), 5);
	case 18:
		return random_below(2) ? number_in(on_fact(SUBJECT_TIME, ""), 3600, 7200) : random_range(on_fact(SUBJECT_WEEKDAY, ""), 6);
	case 19:
		return random_range(on_size(on_field(random_below(2) ? F_TEXT : F_PATH)), 7);
	case 20:
		return random_range(on_size(on_field(random_below(2) ? F_ITEMS : F_RECORDS)), 3);
	case 21:
		return TEXT_TEST(on_field(F_DIGEST), digests);
	case 22:
		return TEXT_TEST(on_field(F_SECRET), secrets);
	default:
		return texts_in(on_field(F_CIDR), (const char *const[]){ PICK(blocks), NULL });
	}
}

const struct cond *random_cond(unsigned depth)
{
	static const enum field of[] = { F_ITEMS, F_RECORDS, F_NESTED };
	const struct cond *a;
	enum field f;

	if (!depth || random_below(5) == 0)
		return random_test();
	switch (random_below(6)) {
	case 0:
		return c_not(random_cond(depth - 1));
	case 1:
		f = PICK(of);
		return c_any(on_field(f), random_it(depth - 1, f));
	case 2:
		f = PICK(of);
		return c_not(c_any(on_field(f), random_it(depth - 1, f)));
	case 3: case 4:
		a = random_cond(depth - 1);
		return c_or(a, random_cond(depth - 1));
	default:
		a = random_cond(depth - 1);
		return c_and(a, random_cond(depth - 1));
	}
}

struct ask random_ask(void)
{
	static const char *const bytes[] = { "", "a", "\xFFz", "\0\0\0" };
	static const size_t nbytes[] = { 0, 1, 2, 3 };
	static const char *const addresses[] = { "\x0a\0\0\0", "\x0a\0\0\1", "\x0a\0\0\3", "\x7f\0\0\1" };
	struct ask q = ask_plain();
	uint32_t n = random_below(4), k = random_below(4);
	struct krux_value item[3];
	struct krux_member *member = ARENA_ARRAY(arena, struct krux_member, 3);

	q.agent.p = PICK(some_agents);
	q.agent.n = strlen(q.agent.p);
	ask_set(&q, F_PATH, text(PICK(some_paths)));
	ask_set(&q, F_TEXT, text(PICK(some_texts)));
	ask_set(&q, F_HOST, text(PICK(some_hosts)));
	ask_set(&q, F_NUMBER, number(random_below(21)));
	if (random_below(2))
		ask_set(&q, F_MAYBE, text(PICK(some_short)));
	for (uint32_t i = 0; i < 3; i++)
		item[i] = text(PICK(some_short));
	ask_set(&q, F_ITEMS, n == 0 ? list(0) : n == 1 ? list(1, item[0]) : n == 2 ? list(2, item[0], item[1])
	                     : list(3, item[0], item[1], item[2]));
	for (uint32_t i = 0; i < 2; i++)
		item[i] = record(PICK(some_paths), (int)random_below(5) - 2, random_below(2) ? PICK(some_short) : NULL);
	n = random_below(3);
	ask_set(&q, F_RECORDS, n == 0 ? list(0) : n == 1 ? list(1, item[0]) : list(2, item[0], item[1]));
	ask_set(&q, F_URL, url(random_below(2), PICK(some_hosts), (uint16_t)(1 + random_below(500)), random_below(2) ? "/a" : "/", ""));
	ask_set(&q, F_BYTES, octets(bytes[k], nbytes[k]));
	ask_set(&q, F_ENUM, text(letters[random_below(3)].p));
	ask_set(&q, F_IP, octets(PICK(addresses), 4));
	ask_set(&q, F_WORD, text(PICK(some_words)));
	n = random_below(4);
	for (uint32_t i = 0; i < n; i++)
		member[i] = (struct krux_member){ letters[i], number(1) };
	ask_set(&q, F_MAP, map(member, n));
	for (uint32_t i = 0; i < 2; i++) {
		struct krux_value x = text(letters[random_below(3)].p), y = text(letters[random_below(3)].p);

		n = random_below(3);
		item[i] = n == 0 ? list(0) : n == 1 ? list(1, x) : list(2, x, y);
	}
	n = random_below(3);
	ask_set(&q, F_NESTED, n == 0 ? list(0) : n == 1 ? list(1, item[0]) : list(2, item[0], item[1]));
	ask_set(&q, F_INT, number((int)random_below(5) - 2));
	q.facts = (struct facts){ random_below(24) * 1800, random_below(7), random_below(2), random_below(7) };
	return q;
}
