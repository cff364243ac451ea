/* The schema of capabilities: written, read, and no bytes are read that would not be written. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "capspec/schema.h"

static struct krux_pool *pool;
static struct krux_refusal why;

static void setup(void)
{
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
}

#define S(lit) { (lit), sizeof(lit) - 1 }

static const struct krux_str names[] = { S("utf8"), S("base64") };
static const struct krux_type t_path = { .kind = KRUX_T_PATH, .max = 4096 };
static const struct krux_type t_url = { .kind = KRUX_T_URL, .max = 8192, .type_name = S("Place") };
static const struct krux_type t_uint = { .kind = KRUX_T_UINT, .lo = 1, .hi = UINT64_MAX };
static const struct krux_type t_int = { .kind = KRUX_T_INT, .lo = INT64_MIN, .hi = -1 };
static const struct krux_type t_price = { .kind = KRUX_T_DECIMAL, .scale = 2, .lo = -5, .hi = 500 };
static const struct krux_type t_enum = { .kind = KRUX_T_ENUM, .hi = 1, .name = names, .nnames = 2 };
static const struct krux_type t_word = { .kind = KRUX_T_STRING, .max = 9, .pattern = S("[a-z]+"), .unused = true };
static const struct krux_type t_list = { .kind = KRUX_T_LIST, .elem = &t_path, .max = 100 };
static const struct krux_type t_map = { .kind = KRUX_T_MAP, .elem = &t_price, .max = 3 };
static const struct krux_value one = { .kind = KRUX_V_UINT, .u = 1 };
static const struct krux_value utf8 = { .kind = KRUX_V_TEXT, .str = S("utf8") };
static const struct krux_field inner[] = { { .name = S("dir"), .type = &t_path }, { .name = S("n"), .type = &t_int } };
static const struct krux_type t_record = { .kind = KRUX_T_RECORD, .field = inner, .nfields = 2 };
static const struct krux_field in[] = {
	{ .name = S("path"), .doc = S("Where."), .type = &t_path },
	{ .name = S("limit"), .type = &t_uint, .deflt = &one },
	{ .name = S("encoding"), .type = &t_enum, .deflt = &utf8 },
	{ .name = S("target"), .type = &t_record, .optional = true },
	{ .name = S("url"), .type = &t_url }, { .name = S("paths"), .type = &t_list },
	{ .name = S("word"), .type = &t_word }, { .name = S("prices"), .type = &t_map },
};
static const struct krux_type input = { .kind = KRUX_T_RECORD, .field = in, .nfields = 8 };
static const struct krux_type output = { .kind = KRUX_T_RECORD };
static const struct krux_error_def errors[] = {
	{ S("NotFound"), S("No file there."), S("filesystem.list"), S("List the folder.") },
};
static const struct krux_effect effects[] = {
	{ KRUX_EFFECT_READS, { { .access = S("path"), .tree = true, .prunes = true } }, 1 },
	{ KRUX_EFFECT_WRITES, { { .is_constant = true, .constant = S("/tmp/x") } }, 1 },
	{ KRUX_EFFECT_WRITES, { { .access = S("target.dir") } }, 1 },
	{ KRUX_EFFECT_CONNECTS, { { .access = S("url.host") }, { .access = S("url.port") } }, 2 },
};
static const struct krux_effect none[] = { { KRUX_EFFECT_NONE, { { 0 } }, 0 } };
static const struct krux_str labels[] = { S("file-content"), S("seen") };
static const struct krux_argv argv[] = {
	{ KRUX_ARGV_CONST, S("status"), { 0 } }, { KRUX_ARGV_JOINED, S("--n="), S("limit") },
	{ KRUX_ARGV_FIELD, { 0 }, S("path") }, { KRUX_ARGV_OPTIONAL, { 0 }, S("target.dir") },
	{ KRUX_ARGV_EACH, { 0 }, S("paths") },
};

#define CAP(n, maj, min, ...) { .name = S(n), .major = maj, .minor = min, .summary = S("Does."), \
	.doc = S("Does.\nMore."), .use = S("always"), .input = &input, .output = &output, .error = errors, \
	.nerrors = 1, .limit = { 1 << 26, 1000, 2000, 3, 4, 5 }, .durable = true, .max_args = 9000, __VA_ARGS__ }

static const struct krux_capability caps[] = {
	CAP("filesystem.read", 1, 0, .effect = effects, .neffects = 4, .rank = 4, .label = labels, .nlabels = 2,
	    .handler = { .kind = KRUX_HANDLER_BUILTIN, .name = S("filesystem_read") }),
	CAP("filesystem.read", 1, 1, .effect = none, .neffects = 1,
	    .handler = { .kind = KRUX_HANDLER_MCP, .name = S("server"), .tool = S("read") }),
	CAP("git.status", 0, 9, .effect = effects, .neffects = 1, .rank = 1, .approves_changes = true,
	    .handler = { .kind = KRUX_HANDLER_COMMAND, .name = S("/usr/bin/git"),
	                 .sha256 = S("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
	                 .argv = argv, .nargv = 5 }),
};

static struct krux_str written(const struct krux_capability *c, size_t n)
{
	struct krux_str out;

	ck_assert_msg(krux_schema_write(pool, c, n, &out, &why), "%s: %s", why.where, why.why);
	return out;
}

static void text_same(struct krux_str a, struct krux_str b)
{
	ck_assert_msg(krux_str_eq(a, b), "'%.*s' is not '%.*s'", (int)a.n, a.p, (int)b.n, b.p);
}

static void type_same(const struct krux_type *a, const struct krux_type *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->scale, b->scale);
	ck_assert_int_eq(a->unused, b->unused);
	ck_assert(a->lo == b->lo && a->hi == b->hi);
	ck_assert_uint_eq(a->max, b->max);
	text_same(a->pattern, b->pattern);
	text_same(a->type_name, b->type_name);
	ck_assert_uint_eq(a->nnames, b->nnames);
	for (size_t i = 0; i < a->nnames; i++)
		text_same(a->name[i], b->name[i]);
	ck_assert_int_eq(!a->elem, !b->elem);
	if (a->elem)
		type_same(a->elem, b->elem);
	ck_assert_uint_eq(a->nfields, b->nfields);
	for (size_t i = 0; i < a->nfields; i++) {
		text_same(a->field[i].name, b->field[i].name);
		text_same(a->field[i].doc, b->field[i].doc);
		ck_assert_int_eq(a->field[i].optional, b->field[i].optional);
		ck_assert_int_eq(!a->field[i].deflt, !b->field[i].deflt);
		if (a->field[i].deflt)
			ck_assert(krux_value_eq(a->field[i].deflt, b->field[i].deflt));
		type_same(a->field[i].type, b->field[i].type);
	}
}

static void capability_same(const struct krux_capability *a, const struct krux_capability *b)
{
	text_same(a->name, b->name);
	ck_assert(a->major == b->major && a->minor == b->minor && a->rank == b->rank);
	ck_assert(a->durable == b->durable && a->approves_changes == b->approves_changes && a->max_args == b->max_args);
	ck_assert_mem_eq(a->limit, b->limit, sizeof a->limit);
	text_same(a->summary, b->summary);
	text_same(a->doc, b->doc);
	text_same(a->use, b->use);
	type_same(a->input, b->input);
	type_same(a->output, b->output);
	ck_assert(a->nerrors == b->nerrors && a->neffects == b->neffects && a->nlabels == b->nlabels);
	text_same(a->error[0].recover, b->error[0].recover);
	text_same(a->error[0].hint, b->error[0].hint);
	for (size_t i = 0; i < a->neffects; i++) {
		ck_assert_int_eq(a->effect[i].kind, b->effect[i].kind);
		ck_assert_uint_eq(a->effect[i].nargs, b->effect[i].nargs);
		for (size_t k = 0; k < a->effect[i].nargs; k++) {
			const struct krux_effect_arg *p = &a->effect[i].arg[k], *q = &b->effect[i].arg[k];

			ck_assert(p->tree == q->tree && p->prunes == q->prunes && p->is_constant == q->is_constant);
			text_same(p->access, q->access);
			text_same(p->constant, q->constant);
		}
	}
	for (size_t i = 0; i < a->nlabels; i++)
		text_same(a->label[i], b->label[i]);
	ck_assert_int_eq(a->handler.kind, b->handler.kind);
	text_same(a->handler.name, b->handler.name);
	text_same(a->handler.tool, b->handler.tool);
	text_same(a->handler.sha256, b->handler.sha256);
	ck_assert_uint_eq(a->handler.nargv, b->handler.nargv);
	for (size_t i = 0; i < a->handler.nargv; i++) {
		ck_assert_int_eq(a->handler.argv[i].kind, b->handler.argv[i].kind);
		text_same(a->handler.argv[i].text, b->handler.argv[i].text);
		text_same(a->handler.argv[i].access, b->handler.argv[i].access);
	}
}

START_TEST(round_trip)
{
	struct krux_str cbor = written(caps, 3), again;
	const struct krux_capability *back;
	size_t n;

	ck_assert_msg(krux_schema_read(pool, cbor, &back, &n, &why), "%s", why.why);
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < n; i++)
		capability_same(&caps[i], &back[i]);
	again = written(back, n);
	ck_assert(krux_str_eq(cbor, again));
	/* Types that are used twice are there once. */
	ck_assert_ptr_eq(back[0].input, back[2].input);
	written(NULL, 0);
}
END_TEST

/* Every bit turned: refused, or read as something that is written just so. */
START_TEST(mutations)
{
	struct krux_str good = written(caps, 3);
	unsigned accepted = 0;

	for (size_t i = 0; i < good.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct krux_pool *own = krux_pool_new(1 << 22);
			char *bad = malloc(good.n);
			const struct krux_capability *back;
			struct krux_str again;
			size_t n;

			memcpy(bad, good.p, good.n);
			bad[i] = (char)(bad[i] ^ 1 << bit);
			why.why[0] = 0;
			if (krux_schema_read(own, (struct krux_str){ bad, good.n }, &back, &n, &why)) {
				ck_assert(krux_schema_encode(own, back, n, &again, &why));
				ck_assert(again.n == good.n && memcmp(again.p, bad, good.n) == 0);
				accepted++;
			} else {
				ck_assert_int_ne(why.why[0], 0);
			}
			free(bad);
			krux_pool_free(own);
		}
	}
	ck_assert_uint_gt(accepted, 100);
}
END_TEST

static void refused(const struct krux_capability *c, size_t n, const char *where, const char *reason)
{
	struct krux_str out;

	ck_assert(!krux_schema_write(pool, c, n, &out, &why));
	ck_assert_str_eq(why.why, reason);
	ck_assert_str_eq(why.where, where);
}

START_TEST(refuses)
{
	struct krux_capability c[2] = { caps[0], caps[0] };
	struct krux_effect e[4];
	struct krux_type t;
	struct krux_field f;
	struct krux_value v = { .kind = KRUX_V_UINT, .u = 0 };
	struct krux_type deep[70];
	struct krux_argv many[KRUX_MAX_ARGV + 1];

	refused(c, 2, "capabilities[1]", "is not sorted by name and version");
	c[0] = caps[2];
	refused(c, 2, "capabilities[1]", "is not sorted by name and version");
	c[0] = caps[0];
	c[0].name = KRUX_STR("read");
	refused(c, 1, "capabilities[0].name", "is no name of a capability");
	c[0] = caps[0];
	c[0].rank = 3;
	refused(c, 1, "capabilities[0].rank", "is not that of its effects");
	c[0] = caps[0];
	c[0].input = &t_path;
	refused(c, 1, "capabilities[0].input", "is no record");
	c[0] = caps[0];
	memcpy(e, effects, sizeof e);
	e[3].arg[0].access = KRUX_STR("url.hose");
	c[0].effect = e;
	refused(c, 1, "capabilities[0].access", "is no place in the input");
	e[3] = effects[3];
	e[3].nargs = 1;
	refused(c, 1, "capabilities[0].args", "are too many or too few for the effect");
	c[0] = caps[2];
	c[0].handler.sha256 = KRUX_STR("00");
	refused(c, 1, "capabilities[0].sha256", "is 64 lower-case hex digits");
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		many[i] = argv[0];
	c[0] = caps[2];
	c[0].handler.argv = many;
	c[0].handler.nargv = KRUX_MAX_ARGV + 1;
	refused(c, 1, "capabilities[0].argv", "are too many arguments");
	c[0] = caps[1];
	f = (struct krux_field){ .name = S("n"), .type = &t_uint, .deflt = &v };
	t = (struct krux_type){ .kind = KRUX_T_RECORD, .field = &f, .nfields = 1 };
	c[0].input = &t;
	refused(c, 1, "types[1].default", "is no canonical value of its type");
	f.deflt = NULL;
	f.name = KRUX_STR("N");
	refused(c, 1, "types[1].name", "is no name of a field");
	for (unsigned i = 0; i < 70; i++)
		deep[i] = (struct krux_type){ .kind = KRUX_T_LIST, .max = 1, .elem = i ? &deep[i - 1] : &t_path };
	f = (struct krux_field){ .name = S("n"), .type = &deep[69] };
	refused(c, 1, "", "a type is nested more than 64 deep");
	f.type = &deep[61];
	written(c, 1);
}
END_TEST

START_TEST(bytes)
{
	const struct krux_capability *back;
	struct krux_str good = written(caps, 3);
	size_t n;

	for (size_t cut = 0; cut < good.n; cut++)
		ck_assert(!krux_schema_read(pool, (struct krux_str){ good.p, cut }, &back, &n, &why));
	ck_assert(!krux_schema_read(pool, KRUX_STR("\x80"), &back, &n, &why));
	ck_assert_str_eq(why.why, "a schema is a map");
	ck_assert(!krux_schema_read(pool, KRUX_STR("\xa0"), &back, &n, &why));
	ck_assert_str_eq(why.why, "is missing");
	ck_assert(!krux_schema_read(pool, KRUX_STR("\xa3\x65types\x81\xa1\x64kind\x64" "bool\x66" "format\x6dkrux-schema/1"
	                                           "\x6c" "capabilities\x80"), &back, &n, &why));
	ck_assert_str_eq(why.why, "holds what a schema does not have");
	ck_assert(krux_schema_read(pool, KRUX_STR("\xa3\x65types\x80\x66" "format\x6dkrux-schema/1"
	                                          "\x6c" "capabilities\x80"), &back, &n, &why));
}
END_TEST

START_TEST(places)
{
	static const char text[] = "{\"path\":\"/a\",\"target\":{\"dir\":\"/b\",\"n\":-1},\"url\":\"http://h:81/p\","
	                           "\"paths\":[],\"word\":\"w\",\"prices\":{}}";
	struct krux_value args;

	ck_assert(krux_json_read(pool, KRUX_STR(text), &args, &why));
	ck_assert_msg(krux_canon(pool, &input, &args, &args, &why), "%s %s", why.where, why.why);
	ck_assert_ptr_eq(krux_access_type(&input, KRUX_STR("path")), &t_path);
	ck_assert_ptr_eq(krux_access_type(&input, KRUX_STR("target.dir")), &t_path);
	ck_assert_int_eq(krux_access_type(&input, KRUX_STR("url.host"))->kind, KRUX_T_HOST);
	ck_assert_int_eq(krux_access_type(&input, KRUX_STR("url.query"))->kind, KRUX_T_STRING);
	ck_assert_ptr_null(krux_access_type(&input, KRUX_STR("")));
	ck_assert_ptr_null(krux_access_type(&input, KRUX_STR("path.")));
	ck_assert_ptr_null(krux_access_type(&input, KRUX_STR("paths.x")));
	ck_assert_ptr_null(krux_access_type(&input, KRUX_STR("target.x")));
	text_same(krux_access_value(&args, KRUX_STR("target.dir"))->str, KRUX_STR("/b"));
	ck_assert_uint_eq(krux_access_value(&args, KRUX_STR("url.port"))->u, 81);
	ck_assert_ptr_null(krux_access_value(&args, KRUX_STR("target.x")));
	ck_assert_ptr_null(krux_access_value(&args, KRUX_STR("path.x")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema");
	TCase *t = tcase_create("schema");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, mutations);
	tcase_add_test(t, refuses);
	tcase_add_test(t, bytes);
	tcase_add_test(t, places);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
