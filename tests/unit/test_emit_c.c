/* Compiled policies against the diagrams that they were made from, and as objects: what they
 * hold, what they refuse, the same bytes every time. */
#include "tests/unit/compiled.h"
#include "tests/unit/demo.h"
#include "tests/unit/requests.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/krux_abi.h"
#include "compiler/emit/cc.h"
#include "compiler/emit/emit_c.h"

/* Compiled once for all tests that only look at it. */
static struct compiled all;

static void setup(void)
{
	compiled_decide(&all, caps, policies, 3);
	compiled_load(&all);
}

static void teardown(void)
{
	compiled_free(&all);
}

/* ---- facts ---- */

struct facts {
	uint64_t value[64];
	bool known;
	struct compiled *c;                  /* for answers by variable */
	const struct dd *m;
	const struct krux_value *wire;
};

static bool fact_of(void *ctx, uint32_t id, uint64_t *answer)
{
	const struct facts *f = ctx;

	ck_assert_uint_lt(id, 64);
	*answer = f->value[id];
	return f->known;
}

/* What a budget adds: the size of a field at the top. */
static uint64_t amount(const struct krux_value *wire, const struct subject *s)
{
	char name[64];
	const struct krux_value *v;

	snprintf(name, sizeof name, "%.*s", (int)s->access.text.n, s->access.text.p);
	v = krux_value_get(wire, name);
	ck_assert_ptr_nonnull(v);
	return s->kind == SUBJECT_SIZE ? v->str.n : v->u;
}

static bool variable_of(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct facts *f = ctx;
	const struct dd_var *v = dd_variable(f->m, var);
	uint64_t x = f->value[decisions_fact(f->c->decisions, v)];

	*answer = v->fact == KRUX_FACT_BUDGET ? x + amount(f->wire, &v->budget) > v->max : x;
	return true;
}

static void facts_make(struct facts *f, struct compiled *c, struct requests *r)
{
	const struct fact *list;
	uint32_t n = decisions_facts(c->decisions, &list);

	f->known = true;
	f->c = c;
	for (uint32_t i = 0; i < n; i++)
		switch (list[i].kind) {
		case KRUX_FACT_TIME:
			f->value[i] = requests_below(r, 86400);
			break;
		case KRUX_FACT_WEEKDAY:
			f->value[i] = requests_below(r, 7);
			break;
		case KRUX_FACT_LABEL:
			f->value[i] = requests_below(r, 2);
			break;
		default:
			f->value[i] = requests_below(r, (uint32_t)list[i].max + 8);
		}
}

/* ---- deciding ---- */

static const char *const agents[] = { "ci-1", "root", "other", "c", "ci-" };

static void obligation_same(const struct compiled *c, uint32_t index, uint32_t interned)
{
	const struct obligation *list, *want;
	const struct krux_obligation *o = &c->abi->obligations[index];

	decisions_obligations(c->decisions, &list);
	want = &list[interned];
	ck_assert_uint_eq(o->ttl, want->ttl);
	ck_assert_uint_eq(o->notify, want->notify);
	ck_assert_uint_eq(o->napprovals, want->napprovals);
	ck_assert_uint_eq(o->ncounters, want->ncounters);
	for (uint32_t i = 0; i < o->napprovals; i++) {
		ck_assert_uint_eq(o->approval[i].quorum, want->approval[i].quorum);
		ck_assert_uint_eq(o->approval[i].nfrom, want->approval[i].nfrom);
		for (uint32_t k = 0; k < o->approval[i].nfrom; k++)
			ck_assert(krux_str_eq((struct krux_str){ o->approval[i].from[k], strlen(o->approval[i].from[k]) },
			                      want->approval[i].from[k]));
	}
	for (uint32_t i = 0; i < o->ncounters; i++)
		ck_assert_uint_eq(o->counter[i], want->counter[i]);
}

static bool decode_into(struct compiled *c, uint32_t cap, const uint8_t *p, size_t n, struct krux_decode_error *err)
{
	uint8_t *exact = malloc(n + 1);
	bool ok;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, p, n);
	ok = c->abi->decode(cap, exact, (uint32_t)n, c->scratch, err);
	free(exact);
	/* The scratch borrows from the arguments: again from bytes that stay. */
	return ok && c->abi->decode(cap, p, (uint32_t)n, c->scratch, err);
}

static void decide_same(struct compiled *c, uint32_t cap, struct requests *r, unsigned *seen)
{
	static uint8_t bytes[1 << 16];
	struct facts f = { 0 };
	struct krux_decode_error err = { 0 };
	struct krux_value wire;
	const char *agent = agents[requests_below(r, 5)];
	const struct outcome *want;
	struct krux_answer got;
	struct dd_request q = { .args = &wire, .fact_of = variable_of, .ctx = &f };
	size_t n;

	if (!requests_value(r, c->build.caps.cap[cap]->input, &wire))
		return;
	n = krux_cbor_write(&wire, bytes, sizeof bytes);
	ck_assert_uint_le(n, sizeof bytes);
	ck_assert_msg(decode_into(c, cap, bytes, n, &err), "%s %s at %u", err.field, err.why, err.offset);
	facts_make(&f, c, r);
	f.m = c->manager[cap];
	f.wire = &wire;
	q.agent = (struct krux_str){ agent, strlen(agent) };
	want = decisions_outcome(c->decisions, dd_eval(c->manager[cap], c->root[cap], &q));
	got = c->abi->decide(cap, agent, (uint32_t)q.agent.n, c->scratch, fact_of, &f);
	ck_assert_uint_eq(got.failed, 0);
	ck_assert_uint_eq(got.verdict, want->verdict);
	ck_assert_uint_eq(got.would, want->would);
	obligation_same(c, got.obligation, want->obligation);
	seen[got.verdict]++;
}

static void all_same(struct compiled *c, const char *const *policy, size_t n, unsigned rounds)
{
	struct requests r = { .pool = krux_pool_new(0), .seed = 7 };

	for (size_t i = 0; i < n; i++)
		requests_learn(&r, policy[i]);
	for (uint32_t cap = 0; cap < c->build.caps.n; cap++) {
		unsigned seen[4] = { 0 };

		for (unsigned i = 0; i < rounds; i++)
			decide_same(c, cap, &r, seen);
		ck_assert_uint_gt(seen[0] + seen[1] + seen[2] + seen[3], rounds / 2);
	}
	krux_pool_free(r.pool);
}

START_TEST(decides_as_the_diagram)
{
	all_same(&all, policies, 3, 2500);
}
END_TEST

START_TEST(no_policy_blocks)
{
	static const char empty[] = "krux: policy/1\nname: empty\nlayer: organization\ndefault: blocked\n";
	static const char *const list[] = { empty };
	struct compiled c;

	compiled_decide(&c, caps, list, 1);
	compiled_load(&c);
	all_same(&c, list, 1, 50);
	compiled_free(&c);
}
END_TEST

/* What stands behind a folder's slash is not read as if it were the slash. */
START_TEST(one_scalar_below_a_folder)
{
	static const char one[] = "krux: policy/1\nname: one\nlayer: organization\nrules:\n  - id: one\n    on: demo.read\n"
		"    when: path matches \"/workspace/?\"\n    verdict: approval-required\n"
		"  - id: all\n    on: demo.read\n    when: path under \"/workspace\"\n    verdict: autonomous\ndefault: blocked\n";
	static const char *const list[] = { one };
	struct compiled c;

	compiled_decide(&c, caps, list, 1);
	compiled_load(&c);
	all_same(&c, list, 1, 500);
	compiled_free(&c);
}
END_TEST

/* Each of many folders has its own limit: more nodes than are read as code. */
START_TEST(large_diagram_by_table)
{
	enum { FOLDERS = 1200 };
	static char policy[FOLDERS * 200];
	static const char *const list[] = { policy };
	size_t n = (size_t)snprintf(policy, sizeof policy, "krux: policy/1\nname: large\nlayer: organization\nrules:\n");
	struct compiled c;

	for (unsigned i = 0; i < FOLDERS; i++)
		n += (size_t)snprintf(policy + n, sizeof policy - n, "  - id: f%u\n    on: demo.read@1.0\n    when: path under "
		                      "\"/workspace/f%u\" and size <= %u\n    verdict: autonomous\n", i, i, 100 + i);
	n += (size_t)snprintf(policy + n, sizeof policy - n,
	                      "  - id: list\n    on: demo.move\n    when: any(paths, it under \"/etc\")\n    verdict: blocked\n"
	                      "default: notify\n");
	compiled_decide(&c, caps, list, 1);
	compiled_load(&c);
	all_same(&c, list, 1, 1500);
	ck_assert_ptr_nonnull(memmem(c.c_text.p, c.c_text.n, "diagram_of[", 11));
	compiled_free(&c);
}
END_TEST

START_TEST(fact_without_answer_blocks)
{
	struct compiled *c = &all;
	struct facts f = { .known = false };
	struct krux_decode_error err;
	struct krux_value wire;
	struct krux_answer a;
	uint8_t bytes[256];
	size_t n;
	int cap;

	cap = c->abi->find("demo.read@1.0", 13);
	ck_assert_int_ge(cap, 0);
	n = compiled_args(c, c->build.caps.cap[cap], "{\"path\":\"/workspace/q\"}", &wire, bytes, sizeof bytes);
	ck_assert(c->abi->decode((uint32_t)cap, bytes, (uint32_t)n, c->scratch, &err));
	a = c->abi->decide((uint32_t)cap, "a", 1, c->scratch, fact_of, &f);
	ck_assert_uint_eq(a.failed, 1);
	ck_assert_uint_eq(a.verdict, KRUX_BLOCKED);
	a = c->abi->decide((uint32_t)cap, "a", 1, c->scratch, NULL, NULL);
	ck_assert_uint_eq(a.failed, 1);
	n = compiled_args(c, c->build.caps.cap[cap], "{\"path\":\"/workspace/.git/x\"}", &wire, bytes, sizeof bytes);
	ck_assert(c->abi->decode((uint32_t)cap, bytes, (uint32_t)n, c->scratch, &err));
	a = c->abi->decide((uint32_t)cap, "a", 1, c->scratch, fact_of, &f);
	ck_assert_uint_eq(a.failed, 0);          /* decided before any fact is asked for */
	ck_assert_uint_eq(a.verdict, KRUX_BLOCKED);
	a = c->abi->decide(99, "a", 1, c->scratch, fact_of, &f);
	ck_assert_uint_eq(a.verdict, KRUX_BLOCKED);
}
END_TEST

/* ---- citing ---- */

static void cites(struct compiled *c, const char *cap, const char *json, const char *agent, struct facts *f,
                  const char *want)
{
	struct krux_cite out[8];
	struct krux_decode_error err;
	struct krux_value wire;
	uint8_t bytes[512];
	char text[512];
	size_t n = 0, len;
	int index = c->abi->find(cap, (uint32_t)strlen(cap));
	uint32_t count;

	ck_assert_int_ge(index, 0);
	len = compiled_args(c, c->build.caps.cap[index], json, &wire, bytes, sizeof bytes);
	ck_assert(c->abi->decode((uint32_t)index, bytes, (uint32_t)len, c->scratch, &err));
	count = c->abi->cite((uint32_t)index, agent, (uint32_t)strlen(agent), c->scratch, fact_of, f, out, 8);
	for (uint32_t i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s/%s %u%s", i ? ", " : "", out[i].policy, out[i].rule,
		                      out[i].verdict, out[i].observe ? " observed" : "");
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(c->abi->cite((uint32_t)index, agent, (uint32_t)strlen(agent), c->scratch, fact_of, f, out, 0),
	                  count);
}

static uint32_t fact_find(const struct compiled *c, enum krux_fact_kind kind)
{
	for (uint32_t i = 0; i < c->abi->nfacts; i++)
		if (c->abi->facts[i].kind == kind)
			return i;
	ck_abort_msg("no such fact");
}

START_TEST(cites_the_rule_that_matched)
{
	struct compiled *c = &all;
	struct facts f = { .known = true };
	struct krux_cite out;
	struct krux_decode_error err;
	struct krux_value wire;
	uint8_t bytes[256];
	size_t n;
	const struct krux_fact_def *budget;

	f.value[fact_find(c, KRUX_FACT_TIME)] = 43200;
	cites(c, "demo.read@1.0", "{\"path\":\"/workspace/.git\"}", "x", &f, "plain/secret 0");
	cites(c, "demo.read@1.0", "{\"path\":\"/workspace/q\"}", "x", &f, "plain/calls 3");
	cites(c, "demo.read@1.0", "{\"path\":\"/q\"}", "x", &f, "plain/ 0");
	cites(c, "demo.read", "{\"path\":\"/workspace/x\"}", "x", &f, "trial/try 0 observed, plain/calls 3");
	cites(c, "demo.read", "{\"path\":\"/workspace/a.c\"}", "ci-1", &f, "plain/calls 3, watched/strict 0 observed");
	cites(c, "demo.none", "{}", "ci-1", &f, "plain/agents 3, watched/ 2 observed");
	cites(c, "demo.send", "{\"to\":\"https://a.example.com/\"}", "x", &f, "plain/rated 3");
	f.value[fact_find(c, KRUX_FACT_RATE)] = 3;
	cites(c, "demo.send", "{\"to\":\"https://a.example.com/\"}", "x", &f, "plain/rated 1");
	cites(c, "demo.send", "{\"to\":\"http://q/\",\"raw\":\"AAAA\"}", "x", &f, "plain/cheap 2");
	f.value[fact_find(c, KRUX_FACT_BUDGET)] = 18;
	cites(c, "demo.send", "{\"to\":\"http://q/\",\"raw\":\"AAAA\"}", "x", &f, "plain/cheap 0");
	budget = &c->abi->facts[fact_find(c, KRUX_FACT_BUDGET)];
	ck_assert_str_eq(budget->sum, "size(raw)");
	ck_assert_uint_eq(budget->max, 20);
	n = compiled_args(c, c->build.caps.cap[c->abi->find("demo.read@1.0", 13)], "{\"path\":\"/workspace/secret\"}", &wire,
	                  bytes, sizeof bytes);
	ck_assert(c->abi->decode((uint32_t)c->abi->find("demo.read@1.0", 13), bytes, (uint32_t)n, c->scratch, &err));
	ck_assert_uint_eq(c->abi->cite((uint32_t)c->abi->find("demo.read@1.0", 13), "x", 1, c->scratch, fact_of, &f, &out, 1), 1);
	ck_assert_str_eq(out.reason, "Nobody \"needs\" */ this");
	ck_assert_str_eq(out.file, "0.yaml");
	ck_assert_uint_eq(out.line, 5);
	ck_assert_uint_eq(out.layer, 1);
	f.known = false;
	cites(c, "demo.read@1.0", "{\"path\":\"/workspace/q\"}", "x", &f, "plain/night 0");
}
END_TEST

/* ---- names ---- */

START_TEST(finds_capabilities)
{
	static const struct { const char *name, *want; } row[] = {
		{ "demo.read", "demo.read@1.1" }, { "demo.read@1", "demo.read@1.1" }, { "demo.read@1.0", "demo.read@1.0" },
		{ "demo.read@1.1", "demo.read@1.1" }, { "demo.move@2.3", "demo.move@2.3" }, { "demo.none", "demo.none@1.0" },
		{ "demo.move@2", "demo.move@2.3" }, { "demo.move@1", NULL }, { "demo.read@2", NULL }, { "demo.read@1.2", NULL },
		{ "demo.read@", NULL }, { "demo.read@1.", NULL }, { "demo.read@01", NULL }, { "demo.read@1.00", NULL },
		{ "demo.read@65536", NULL }, { "demo.read@4294967297", NULL }, { "demo.rea", NULL }, { "demo.readd", NULL },
		{ "", NULL }, { "@1.0", NULL }, { "@", NULL }, { "demo.read@@1", NULL }, { "demo.read@1.0 ", NULL },
	};
	struct compiled *c = &all;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int at = c->abi->find(row[i].name, (uint32_t)strlen(row[i].name));
		char name[80] = "none";

		if (at >= 0)
			snprintf(name, sizeof name, "%s@%u.%u", c->abi->caps[at].name, c->abi->caps[at].major, c->abi->caps[at].minor);
		ck_assert_str_eq(name, row[i].want ? row[i].want : "none");
	}
}
END_TEST

/* ---- decoding ---- */

/* Is it what the encoder would write of a canonical value. */
static bool canonical(struct krux_pool *pool, const struct krux_type *t, const uint8_t *p, size_t n)
{
	struct krux_refusal why;
	struct krux_value v, again;

	return krux_cbor_read(pool, p, n, &v, &why) && krux_canon(pool, t, &v, &again, &why) && krux_value_eq(&v, &again);
}

static void bend(struct requests *r, uint8_t *p, size_t *n, size_t room)
{
	static const uint8_t byte[] = { 0, 1, 0x17, 0x18, 0x19, 0x1B, 0x20, 0x2E, 0x2F, 0x3A, 0x41, 0x5F, 0x60, 0x61, 0x78,
	                                0x7F, 0x80, 0x9F, 0xA0, 0xA1, 0xBF, 0xC3, 0xED, 0xF4, 0xF5, 0xF6, 0xFF };
	size_t at = requests_below(r, (uint32_t)*n);

	switch (requests_below(r, 5)) {
	case 0:
		p[at] = byte[requests_below(r, sizeof byte)];
		break;
	case 1:
		p[at] = (uint8_t)(p[at] + requests_below(r, 3) - 1);
		break;
	case 2:
		memmove(p + at, p + at + 1, *n - at - 1);
		--*n;
		break;
	case 3:
		if (*n < room) {
			memmove(p + at + 1, p + at, *n - at);
			p[at] = byte[requests_below(r, sizeof byte)];
			++*n;
		}
		break;
	default:
		*n = at;
	}
}

START_TEST(decodes_what_is_canonical)
{
	static uint8_t bytes[1 << 16];
	struct compiled *c = &all;
	struct requests r = { .pool = krux_pool_new(0), .seed = 11 };
	unsigned accepted = 0, refused = 0;

	requests_learn(&r, plain);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t cap = i % (uint32_t)c->build.caps.n;
		struct krux_decode_error err = { 0 };
		struct krux_value wire;
		size_t n;
		bool want;

		if (i % 1000 == 999) {
			krux_pool_free(r.pool);
			r = (struct requests){ .pool = krux_pool_new(0), .seed = r.seed };
			requests_learn(&r, plain);
		}
		if (!requests_value(&r, c->build.caps.cap[cap]->input, &wire))
			continue;
		n = krux_cbor_write(&wire, bytes, sizeof bytes);
		for (uint32_t k = requests_below(&r, 3); k > 0 && n; k--)
			bend(&r, bytes, &n, sizeof bytes);
		want = canonical(r.pool, c->build.caps.cap[cap]->input, bytes, n);
		ck_assert_msg(decode_into(c, cap, bytes, n, &err) == want, "capability %u, %zu bytes: %s %s at %u", cap, n,
		              want ? err.field : "accepted", want ? err.why : "", err.offset);
		if (!want)
			ck_assert(err.field && err.why && err.offset <= n);
		accepted += want;
		refused += !want;
	}
	ck_assert_uint_gt(accepted, 3000);
	ck_assert_uint_gt(refused, 3000);
	krux_pool_free(r.pool);
}
END_TEST

static void refuses(struct compiled *c, const char *cap, const char *bytes, size_t n, const char *field, const char *why)
{
	struct krux_decode_error err = { 0 };
	int index = c->abi->find(cap, (uint32_t)strlen(cap));

	ck_assert_int_ge(index, 0);
	ck_assert(!decode_into(c, (uint32_t)index, (const uint8_t *)bytes, n, &err));
	ck_assert_str_eq(err.field, field);
	ck_assert_str_eq(err.why, why);
}
#define REFUSES(c, cap, bytes, field, why) refuses(c, cap, bytes, sizeof bytes - 1, field, why)

START_TEST(says_why_it_refuses)
{
	struct compiled *c = &all;

	REFUSES(c, "demo.none", "", "arguments", "is not a map in shortest form");
	REFUSES(c, "demo.none", "\xA1\x61" "a\x01", "arguments", "has an unknown, repeated or unsorted key");
	REFUSES(c, "demo.none", "\xB8\x00", "arguments", "is not a map in shortest form");
	REFUSES(c, "demo.none", "\xBF\xFF", "arguments", "is not a map in shortest form");
	REFUSES(c, "demo.none", "\xA0\x00", "arguments", "are followed by more bytes");
	REFUSES(c, "demo.read@1.1", "\xA0", "path", "is missing");
	REFUSES(c, "demo.read@1.1", "\xA1\x64path\x01", "path", "is not text");
	REFUSES(c, "demo.read@1.1", "\xA1\x64path\x63/a/", "path", "is not a canonical path");
	REFUSES(c, "demo.read@1.1", "\xA1\x64path\x62/\xFF", "path", "is not valid UTF-8 without NUL");
	REFUSES(c, "demo.read@1.1", "\xA1\x64path\x62/\0", "path", "is not valid UTF-8 without NUL");
	REFUSES(c, "demo.read@1.1", "\xA1\x64path\x65/a", "path", "ends too early");
	REFUSES(c, "demo.read@1.1", "\xA2\x64path\x62/a\x64path\x62/a", "default",
	        "is missing, or an unknown, repeated or unsorted key stands before it");
	REFUSES(c, "demo.read@1.1", "\xA4\x64note\x18\x65\x64path\x62/a\x67" "default\xF4\x68has_note\x00", "note",
	        "is outside its range");
	REFUSES(c, "demo.read@1.1", "\xA3\x64path\x62/a\x67" "default\xF6\x68has_note\x00", "default", "is not a bool");
	REFUSES(c, "demo.read@1.1", "\xA3\x64path\x62/a\x67" "default\xF5\x68has_note\x18\x17", "has_note",
	        "is not an unsigned integer in shortest form");
	REFUSES(c, "demo.move", "\xA3\x65" "extra\xA0\x65items\x81\xA2\x64" "file\x62/a\x64tags\x81\x01\x65paths\x80",
	        "items[].tags[]", "is not text");
	REFUSES(c, "demo.move", "\xA3\x65" "extra\xA2\x61" "b\x01\x61" "a\x01\x65items\x80\x65paths\x80", "extra",
	        "has a repeated or unsorted key");
	REFUSES(c, "demo.move", "\xA3\x65" "extra\xA0\x65items\x86", "items", "has more elements than its type allows");
}
END_TEST

/* ---- the object ---- */

START_TEST(same_bytes_every_time)
{
	char one[] = "/tmp/krux-one-XXXXXX", other[] = "/tmp/krux-the-other-XXXXXX";
	const char *was = getenv("TMPDIR");
	struct compiled c, again;
	struct krux_str first, second, version;
	char old[1024] = "";

	if (was)
		snprintf(old, sizeof old, "%s", was);
	compiled_decide(&c, caps, policies, 3);
	compiled_emit(&c);
	compiled_decide(&again, caps, policies, 3);
	compiled_emit(&again);
	ck_assert(krux_str_eq(c.c_text, again.c_text));
	ck_assert(mkdtemp(one) && mkdtemp(other));
	setenv("TMPDIR", one, 1);
	ck_assert(cc_shared_object(c.arena, c.diags, &(struct cc_allowed){ 0 }, c.c_text, &first, &version));
	ck_assert_int_eq(rmdir(one), 0);         /* nothing is left behind */
	setenv("TMPDIR", other, 1);
	ck_assert(cc_shared_object(c.arena, c.diags, &(struct cc_allowed){ 0 }, c.c_text, &second, &version));
	ck_assert_int_eq(rmdir(other), 0);
	if (was)
		setenv("TMPDIR", old, 1);
	else
		unsetenv("TMPDIR");
	ck_assert(krux_str_eq(first, second));
	ck_assert_uint_gt(version.n, 5);
	compiled_free(&c);
	compiled_free(&again);
}
END_TEST

START_TEST(compiler_failures_are_said)
{
	struct arena *a = arena_new();
	struct diags *ds = diags_new(a);
	const char *was = getenv("CC");
	struct krux_str so, version;
	char old[1024] = "";

	if (was)
		snprintf(old, sizeof old, "%s", was);
	ck_assert(!cc_shared_object(a, ds, &(struct cc_allowed){ 0 }, KRUX_STR("this is no C"), &so, &version));
	ck_assert_uint_eq(ds->n, 1);
	ck_assert_uint_eq(ds->list[0]->code, 6003);
	ck_assert_ptr_nonnull(memmem(ds->list[0]->text.p, ds->list[0]->text.n, "decide.c:1", 10));
	setenv("CC", "/nonexistent/cc", 1);
	ck_assert(!cc_shared_object(a, ds, &(struct cc_allowed){ 0 }, KRUX_STR("int x;"), &so, &version));
	setenv("CC", "false", 1);
	ck_assert(!cc_shared_object(a, ds, &(struct cc_allowed){ 0 }, KRUX_STR("int x;"), &so, &version));
	ck_assert_uint_eq(ds->n, 3);
	if (was)
		setenv("CC", old, 1);
	else
		unsetenv("CC");
	arena_free(a);
}
END_TEST

/* What a reader of the C sees: names of the source, places, no warnings. */
START_TEST(reads_as_written_by_hand)
{
	static const char *const words[] = {
		"struct demo_read_v1_0_args {", "struct text path;", "/* 0 red, 1 green, 2 blue */", "bool has_note;",
		"bool has_note_2;", "bool default_;", "decide_demo_read_v1_0(", "decide_demo_none(", "0.yaml:5  plain/secret: blocked",
		"CALLS_demo_read", "RATE_plain_rated", "(a->size > 10240)",
	};
	struct compiled c;

	compiled_decide(&c, caps, policies, 3);
	compiled_emit(&c);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		ck_assert_msg(memmem(c.c_text.p, c.c_text.n, words[i], strlen(words[i])) != NULL, "%s", words[i]);
	ck_assert_ptr_null(memmem(c.c_text.p, c.c_text.n, "#include", 8));
	compiled_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emit_c");
	TCase *t = tcase_create("compiled");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_add_test(t, decides_as_the_diagram);
	tcase_add_test(t, no_policy_blocks);
	tcase_add_test(t, one_scalar_below_a_folder);
	tcase_add_test(t, large_diagram_by_table);
	tcase_add_test(t, fact_without_answer_blocks);
	tcase_add_test(t, cites_the_rule_that_matched);
	tcase_add_test(t, finds_capabilities);
	tcase_add_test(t, decodes_what_is_canonical);
	tcase_add_test(t, says_why_it_refuses);
	tcase_add_test(t, same_bytes_every_time);
	tcase_add_test(t, compiler_failures_are_said);
	tcase_add_test(t, reads_as_written_by_hand);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
