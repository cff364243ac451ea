/* Capability files: each capability takes some of the fields of one pool, so that one condition
 * means something in many of them. */
#include <string.h>

#include "tests/oracle/gen.h"

uint64_t g_next(struct g_rng *r)
{
	uint64_t z = r->s += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

uint32_t g_below(struct g_rng *r, uint32_t n)
{
	return (uint32_t)(g_next(r) >> 33) % n;
}

bool g_one_in(struct g_rng *r, uint32_t n)
{
	return !g_below(r, n);
}

/* What a field may be: its types, one literal that fits all of them, the kind of resource. */
struct pool_field {
	const char *name;
	const char *type[4];
	const char *literal;
	enum { PLAIN, PATH, PATHS, OPTIONAL_PATH, URL, HOST, PORT, UNUSED } use;
};
static const struct pool_field pool[] = {
	{ "flag", { "bool" }, "true", PLAIN },
	{ "n", { "uint", "uint 1..100", "uint 0..3", "uint 10..18446744073709551615" }, "1", PLAIN },
	{ "level", { "int", "int -5..5", "int -9223372036854775808..-1", "int 0..10" }, "0", PLAIN },
	{ "price", { "decimal 2", "decimal 0", "decimal 3 -1..1.5", "decimal 1 0..9.9" }, "1", PLAIN },
	{ "text", { "string", "string max 8", "string max 12 pattern \"[a-c]*\"", "string max 40 pattern \".*(a|é).*\"" }, "\"a\"", PLAIN },
	{ "word", { "string max 20", "string max 3", "string max 6 pattern \"[^/]+\"", "string" }, "\"ab\"", PLAIN },
	{ "data", { "bytes max 16", "bytes max 3", "bytes", "bytes max 64" }, "\"AA==\"", PLAIN },
	{ "mode", { "enum { one, two, three }", "enum { one, two }", "enum { one, a, b, c, d, e }", "enum { x, one }" }, "one", PLAIN },
	{ "path", { "path", "path max 255", "path max 16", "path max 40" }, "\"/workspace/a\"", PATH },
	{ "source", { "path", "path max 100", "path max 14", "path max 20" }, "\"/workspace/a\"", PATH },
	{ "target", { "path", "path max 30", "path", "path" }, "\"/workspace/a\"", OPTIONAL_PATH },
	{ "paths", { "list<path> max 3", "list<path max 40> max 4", "list<path> max 1", "list<path> max 8" }, "[ \"/workspace/a\" ]", PATHS },
	{ "url", { "url", "url max 60", "url", "url" }, "\"https://example.com/\"", URL },
	{ "host", { "host", "host max 20", "host", "host" }, "\"example.com\"", HOST },
	{ "port", { "port", "port 1..1024", "port", "port 80..443" }, "443", PORT },
	{ "ip", { "ip" }, "\"10.0.0.1\"", PLAIN },
	{ "block", { "cidr" }, "\"10.0.0.0/8\"", PLAIN },
	{ "at", { "datetime" }, "\"2026-01-31T12:00:00Z\"", PLAIN },
	{ "wait", { "duration", "duration 0s..1h", "duration 1ns..10d", "duration" }, "\"90s\"", PLAIN },
	{ "amount", { "size", "size 0..1MiB", "size 1..10", "size" }, "1", PLAIN },
	{ "size", { "size", "uint 0..1000", "uint", "size 0..10KiB" }, "1", PLAIN },
	{ "sum", { "digest" }, "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"", PLAIN },
	{ "key", { "secret" }, "\"api-key\"", PLAIN },
	{ "tags", { "list<string max 10> max 4", "list<string> max 2", "list<string max 5> max 1", "list<string max 20> max 16" }, "[ \"a\" ]", PLAIN },
	{ "nums", { "list<uint 0..20> max 5", "list<int> max 3", "list<uint> max 2", "list<int -3..3> max 8" }, "[ 1, 2 ]", PLAIN },
	{ "modes", { "list<enum { one, two, three }> max 3", "list<bool> max 2", "list<enum { one, two }> max 6", "list<bool> max 3" }, "[]", PLAIN },
	{ "hosts", { "list<host> max 3", "list<host> max 2", "list<ip> max 3", "list<port> max 4" }, "[]", UNUSED },
	{ "mixed", { "list<secret> max 2", "list<duration> max 3", "list<cidr> max 2", "list<decimal 1> max 3" }, "[]", PLAIN },
	{ "stamps", { "list<datetime> max 2", "list<size> max 3", "list<digest> max 2", "list<bytes max 4> max 2" }, "[]", PLAIN },
	{ "items", { "list<record { name : string max 12; n : optional uint; sub : list<uint 0..9> max 3; }> max 3",
	             "list<record { name : string max 6; kind : enum { p, q }; on : bool; }> max 4",
	             "list<record { ip : ip; level : int -2..2; }> max 2",
	             "list<record { sub : list<string max 4> max 2; price : optional decimal 1; }> max 3" }, "[]", PLAIN },
	{ "place", { "record { x : int; y : optional int; }", "record { x : uint 0..5; word : string max 5; }",
	             "record { x : int; deep : record { n : uint 0..7; s : string max 4; }; }",
	             "record { x : decimal 1; tags : list<string max 3> max 2; }" }, NULL, PLAIN },
	{ "notes", { "map<string, string max 5> max 3", "map<string, uint> max 2", "map<string, bool> max 4", "map<string, string max 5> max 1" }, "{}", PLAIN },
};
enum { POOL = sizeof pool / sizeof *pool };
static const char *const place_literal[] = { "{ x: 0 }", "{ x: 0, word: \"a\" }", "{ x: 0, deep: { n: 1, s: \"a\" } }",
	"{ x: 0, tags: [] }" };

struct effects { struct buf *b; unsigned n; };

static void effect(struct effects *e, const char *word, const char *before, const char *name, const char *after)
{
	buf_puts(e->b, e->n++ ? ", " : "  effect ");
	buf_puts(e->b, word);
	buf_puts(e->b, "(");
	buf_puts(e->b, before);
	buf_puts(e->b, name);
	buf_puts(e->b, after);
	buf_puts(e->b, ")");
}

static void use(struct g_rng *r, const struct pool_field *f, const uint8_t *has, bool optional, bool *tree, struct effects *e,
                bool *unused)
{
	static const char *const words[] = { "reads", "writes", "creates", "deletes", "lists", "executes" };

	*unused = false;
	if (f->use == UNUSED || (f->use == HOST && (!has[14] || optional)) || (f->use == URL && optional)) {
		*unused = true;
	} else if (f->use == URL) {
		effect(e, "connects", "", f->name, "");
	} else if (f->use == HOST) {
		effect(e, "connects", "", "host, port", "");
	} else if (f->use == PATH || f->use == PATHS || f->use == OPTIONAL_PATH) {
		const char *word = G_PICK(r, words);
		if (g_one_in(r, 6)) {
			*unused = true;
		} else if (f->use == PATH && !optional && !*tree && g_one_in(r, 2)) {
			*tree = true;
			effect(e, G_PICK(r, words), "tree ", f->name, g_one_in(r, 3) ? " prunes" : "");
		} else {
			effect(e, word, "", f->name, "");
			const char *more = words[(size_t)(word[0] + 1) % 3 + 3];
			if (g_one_in(r, 4) && strcmp(more, word))
				effect(e, more, "", f->name, "");
		}
	}
}

static void input(struct g_build *g, struct buf *b, const uint8_t *kind, const uint8_t *has, bool tree_ok, struct effects *e,
                  struct buf *example)
{
	struct g_rng *r = &g->rng;
	bool tree = !tree_ok;

	buf_puts(b, "  input {\n");
	for (size_t i = 0; i < POOL; i++) {
		const struct pool_field *f = &pool[i];
		const char *literal = f->literal ? f->literal : place_literal[kind[i]];
		const char *type = f->type[kind[i]] ? f->type[kind[i]] : f->type[0];
		/* Optional or not is said by the pool too: conditions count on it. */
		bool optional = (g->seed >> (i % 60) & 3) == 0 && f->use != PORT && f->use != HOST && f->use != URL;
		bool unused;
		if (f->use == PATH || f->use == PATHS)
			optional = false;
		if (f->use == OPTIONAL_PATH)
			optional = true;
		if (!has[i])
			continue;
		use(r, f, has, optional, &tree, e, &unused);
		buf_printf(b, "    %s : %s%s%s", f->name, optional ? "optional " : "", type, unused ? " unused" : "");
		if (!optional && g_one_in(r, 5))
			buf_printf(b, " = %s", literal);
		else if (!optional || g_one_in(r, 3))
			buf_printf(example, "%s%s: %s", example->n ? ", " : "", f->name, literal);
		buf_printf(b, " \"Field %s.\";\n", f->name);
	}
	buf_puts(b, "  }\n");
}

/* Some literals fit only some of the types. */
static bool fits(size_t i, unsigned k)
{
	if (!strcmp(pool[i].name, "n"))
		return k != 3;
	if (!strcmp(pool[i].name, "level"))
		return k != 2;
	return pool[i].type[k] || !k;
}

void g_caps_text(struct g_build *g, struct buf *out)
{
	struct g_rng *r = &g->rng;
	uint8_t kind[POOL];
	uint32_t ncaps = 6 + g_below(r, 5);

	for (size_t i = 0; i < POOL; i++)
		do {
			kind[i] = (uint8_t)g_below(r, 4);
			if (!pool[i].type[kind[i]])
				kind[i] = 0;
		} while (!fits(i, kind[i]));
	buf_puts(out, "namespace ns \"Generated.\";\n");
	for (uint32_t c = 0; c < ncaps; c++) {
		uint8_t has[POOL] = { 0 };
		struct buf in = { 0 }, eff = { 0 }, example = { 0 };
		struct effects e = { &eff, 0 };
		uint32_t nfields = 1 + g_below(r, 5);
		for (uint32_t k = 0; k < nfields; k++)
			has[g_below(r, POOL)] = 1;
		if (g_one_in(r, 3))
			has[8] = 1;
		/* Octets, and lists of what has few fields of its own. */
		if (g_one_in(r, 4))
			has[6] = 1;
		if (g_one_in(r, 3))
			has[25 + g_below(r, 4)] = 1;
		if (has[13])
			has[14] = 1;
		input(g, &in, kind, has, g_one_in(r, 2), &e, &example);
		if (g_one_in(r, 5))
			effect(&e, "reads", "\"", "/workspace/ab", "\"");
		if (g_one_in(r, 10))
			effect(&e, "state", "\"", "counter", "\"");
		/* c0@1.0 and c0@1.1, now and then */
		bool twin = c && g_one_in(r, 8);
		buf_printf(out, "/// Does something.\n/// use: in tests.\ncapability c%u @1.%d {\n", twin ? c - 1 : c, twin ? 9 - (int)(c % 8) : 0);
		buf_put(out, in.p, in.n);
		buf_puts(out, "  output { ok : bool; }\n  error Failed \"It failed.\" recover stop \"Give up.\";\n");
		if (e.n)
			buf_put(out, eff.p, eff.n);
		else
			buf_puts(out, "  effect none");
		buf_printf(out, ";\n  labels lab-%c;\n  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n", 'a' + (char)(c % 3));
		buf_printf(out, "  handler builtin \"ns_c%u\";\n  example \"one\" { ", c);
		buf_put(out, example.p ? example.p : "", example.n);
		buf_puts(out, " } -> { ok: true };\n}\n");
		buf_free(&in);
		buf_free(&eff);
		buf_free(&example);
	}
}
