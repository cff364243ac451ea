/* The examples and tables of capspec/LANG.md hold: every line of its `values` and `cond` blocks, and
 * each table beside its .def file. Run from the root of the tree. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/dd/dd.h"
#include "tests/unit/modeling.h"

static char *text;
static struct krux_pool *pool;

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *s = calloc(1, 1 << 20);
	size_t n;

	ck_assert_msg(f != NULL, "run from the root of the tree");
	ck_assert_ptr_nonnull(s);
	n = fread(s, 1, (1 << 20) - 1, f);
	ck_assert_uint_gt(n, 1000);
	fclose(f);
	return s;
}

static void setup(void)
{
	text = file_text("capspec/LANG.md");
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
	free(text);
}

/* ---- values ---- */

static const char *spaces(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* A quoted text, a number, a word or a record of these. */
static const char *value_parse(const char *p, struct krux_value *out)
{
	const char *from = p = spaces(p);
	struct krux_member *m;

	if (*p == '"') {
		p = strchr(p + 1, '"');
		ck_assert_ptr_nonnull(p);
		*out = (struct krux_value){ .kind = KRUX_V_TEXT,
		                            .str = { from + 1, (size_t)(p - from - 1) } };
		return p + 1;
	}
	if (*p != '{') {
		p += strcspn(p, ",} \n");
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = { from, (size_t)(p - from) } };
		if (*from >= '0' && *from <= '9')
			*out = (struct krux_value){ .kind = KRUX_V_UINT, .u = strtoull(from, NULL, 10) };
		return p;
	}
	m = krux_pool_get(pool, 16 * sizeof *m);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 0 } };
	do {
		from = p = spaces(p + 1);
		p += strcspn(p, ":");
		m[out->map.n].key = (struct krux_str){ from, (size_t)(p - from) };
		p = spaces(value_parse(p + 1, &m[out->map.n++].value));
	} while (*p == ',');
	ck_assert_int_eq(*p, '}');
	krux_members_sort(m, out->map.n);
	return p + 1;
}

static struct krux_type type_named(const char *word, size_t n)
{
	struct krux_type t = { .kind = KRUX_T_COUNT, .lo = INT64_MIN, .hi = INT64_MAX, .max = 65536 };

	for (int k = 0; k < KRUX_T_COUNT; k++)
		if (strlen(krux_type_word(k)) == n && memcmp(krux_type_word(k), word, n) == 0)
			t.kind = k;
	return t;
}

static void line_check(const struct krux_type *type, const char *line, size_t n)
{
	struct krux_value in, want, got, back, again;
	struct krux_refusal why = { "", "" };
	const char *arrow = spaces(value_parse(line, &in));
	bool ok = krux_canon(pool, type, &in, &got, &why);

	ck_assert_msg(memcmp(arrow, "->", 2) == 0, "no arrow: %.*s", (int)n, line);
	value_parse(arrow + 2, &want);
	if (want.kind == KRUX_V_TEXT && krux_str_eq(want.str, KRUX_STR("invalid")) &&
	    arrow[3] != '"') {
		ck_assert_msg(!ok, "is not refused: %.*s", (int)n, line);
		ck_assert_msg(why.why[0] != 0, "no reason: %.*s", (int)n, line);
		return;
	}
	ck_assert_msg(ok, "refused with '%s': %.*s", why.why, (int)n, line);
	ck_assert_msg(krux_value_eq(&want, &got), "another value: %.*s", (int)n, line);
	/* Canonical values stay as they are, and so does what their JSON form means. */
	ck_assert(krux_canon(pool, type, &got, &again, &why) && krux_value_eq(&got, &again));
	ck_assert(krux_uncanon(pool, type, &got, &back));
	ck_assert(krux_canon(pool, type, &back, &again, &why) && krux_value_eq(&got, &again));
}

START_TEST(values)
{
	unsigned lines = 0, blocks = 0;

	for (const char *p = text; (p = strstr(p, "\n```values ")) != NULL; blocks++) {
		const char *word = p + strlen("\n```values "), *end = strchr(word, '\n');
		struct krux_type type = type_named(word, (size_t)(end - word));

		ck_assert_int_ne(type.kind, KRUX_T_COUNT);
		for (p = end + 1; strncmp(p, "```", 3) != 0; p = end + 1, lines++) {
			end = strchr(p, '\n');
			line_check(&type, p, (size_t)(end - p));
		}
	}
	ck_assert_uint_ge(blocks, 4);
	ck_assert_uint_ge(lines, 30);
}
END_TEST

/* ---- conditions ---- */

/* What a condition is asked about: a path, or a time of day. */
struct subject_value {
	const struct dd *m;
	uint64_t time;
};

static bool fact_of(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct subject_value *v = ctx;

	*answer = dd_variable(v->m, var)->subject.kind == SUBJECT_TIME ? v->time : 0;
	return true;
}

static uint32_t asked(struct dd *m, const struct world *w, uint32_t f, bool time, struct krux_str value)
{
	struct krux_member arg[] = {
		{ KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = time ? KRUX_STR("/a") : value } },
		{ KRUX_STR("count"), { .kind = KRUX_V_UINT, .u = 1 } },
	};
	struct krux_value given = { .kind = KRUX_V_MAP, .map = { arg, 2 } }, args;
	struct krux_refusal why = { "", "" };
	struct subject_value v = { m, 0 };
	unsigned h = 0, min = 0, s = 0;

	if (time && sscanf(value.p, "%2u:%2u:%2u", &h, &min, &s) >= 2)
		v.time = h * 3600 + min * 60 + s;
	ck_assert_msg(krux_canon(pool, w->set.cap[0]->input, &given, &args, &why), "%s: %s", why.where, why.why);
	return dd_eval(m, f, &(struct dd_request){ KRUX_STR("a"), &args, fact_of, &v });
}

/* CONDITION : "value" yes, "value" no ... */
static unsigned condition_check(const char *line, const char *end, bool time)
{
	const char *colon = memmem(line, (size_t)(end - line), " : ", 3), *p;
	char cond[256];
	struct world w;
	struct dd *m;
	uint32_t f;
	unsigned n = 0;

	ck_assert_msg(colon && colon - line < (int)sizeof cond, "no values: %.*s", (int)(end - line), line);
	snprintf(cond, sizeof cond, "%.*s", (int)(colon - line), line);
	world_start(&w);
	world_condition(&w, cond);
	world_clean(&w);
	m = dd_new(w.set.cap[0]);
	f = dd_cond(m, w.build.policy[w.build.npolicies - 1].rule[0].on[0].when);
	for (p = spaces(colon + 3); p < end && *p == '"'; n++) {
		const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
		struct krux_str value = { p + 1, close ? (size_t)(close - p - 1) : 0 };
		bool yes;

		ck_assert_ptr_nonnull(close);
		p = spaces(close + 1);
		yes = !strncmp(p, "yes", 3);
		ck_assert_msg(yes || !strncmp(p, "no", 2), "neither yes nor no: %.*s", (int)(end - line), line);
		ck_assert_msg((asked(m, &w, f, time, value) == DD_TRUE) == yes, "'%.*s' of: %s", (int)value.n, value.p, cond);
		p += yes ? 3 : 2;
		p = *p == ',' ? spaces(p + 1) : p;
	}
	ck_assert_msg(p == end && n, "what is this: %.*s", (int)(end - p), p);
	dd_free(m);
	world_end(&w);
	return n;
}

START_TEST(conditions)
{
	unsigned asked_for = 0, blocks = 0;

	for (const char *p = text; (p = strstr(p, "\n```cond ")) != NULL; blocks++) {
		const char *word = p + strlen("\n```cond "), *end = strchr(word, '\n');
		bool time = !strncmp(word, "time\n", 5);

		ck_assert_msg(time || !strncmp(word, "path\n", 5), "a block about %.*s", (int)(end - word), word);
		for (p = end + 1; strncmp(p, "```", 3) != 0; p = end + 1) {
			end = strchr(p, '\n');
			asked_for += condition_check(p, end, time);
		}
	}
	ck_assert_uint_ge(blocks, 2);
	ck_assert_uint_ge(asked_for, 30);
}
END_TEST

/* ---- tables ---- */

struct table {
	const char *p;
};

/* Past the heading and the rule of a table. */
static struct table table_open(const char *name)
{
	struct table t;
	char mark[64];

	snprintf(mark, sizeof mark, "<!-- table: %s -->\n", name);
	t.p = strstr(text, mark);
	ck_assert_msg(t.p != NULL, "no table %s", name);
	for (int i = 0; i < 3; i++)
		t.p = strchr(t.p, '\n') + 1;
	return t;
}

/* Is cell `column` (from 0) of the next row `want`; then on to the next row when `last`. */
static void cell_check(struct table *t, unsigned column, const char *want, bool last)
{
	const char *p = t->p, *end;

	ck_assert_msg(*p == '|', "the table ends before %s", want);
	for (unsigned i = 0; i <= column; i++)
		p = strchr(p, '|') + 1;
	p = spaces(p);
	end = strchr(p, '|');
	while (end > p && end[-1] == ' ')
		end--;
	ck_assert_msg((size_t)(end - p) == strlen(want) && memcmp(p, want, strlen(want)) == 0,
	              "the table has '%.*s', the .def file '%s'", (int)(end - p), p, want);
	if (last)
		t->p = strchr(t->p, '\n') + 1;
}

static void table_close(const struct table *t)
{
	ck_assert_msg(strncmp(t->p, "<!-- end -->", 12) == 0, "a row without a .def line: %.40s", t->p);
}

/* "65,536" or "16 MiB", and perhaps more words. */
static uint64_t shown_value(const char *p)
{
	uint64_t n = 0;

	for (; (*p >= '0' && *p <= '9') || *p == ','; p++)
		n = *p == ',' ? n : 10 * n + (uint64_t)(*p - '0');
	return n << (!strncmp(p, " KiB", 4) ? 10 : !strncmp(p, " MiB", 4) ? 20 : 0);
}

START_TEST(table_limits)
{
	struct table t = table_open("limits");

#define LIMIT(id, value, words, shown) cell_check(&t, 0, words, false); cell_check(&t, 1, shown, true); \
	ck_assert_uint_eq(shown_value(shown), value);
#include "capspec/limits.def"
#undef LIMIT
	table_close(&t);
}
END_TEST

/* The file, with one space for every end of a line. */
static char *lines_joined(const char *path)
{
	char *s = file_text(path);

	for (char *p = s; (p = strchr(p, '\n'));)
		*p = ' ';
	return s;
}

/* What `kruxc explain` says of a limit is the limit. */
START_TEST(explained_limits)
{
	static const struct { const char *before, *shown, *behind; } says[] = {
		{ "one automaton at most ", KRUX_SHOWN(STATES), " states" },
		{ "diagram of a capability has at most ", KRUX_SHOWN(NODES), " nodes" },
		{ "making all diagrams of a build takes at most ", KRUX_SHOWN(STEPS), " steps" },
		{ "table of a capability has at most ", KRUX_SHOWN(ROWS), " rows" },
		{ "A build reads at most ", KRUX_SHOWN(FILES), " files" },
		{ "A build has at most ", KRUX_SHOWN(RULES), " rules" },
		{ "A build has at most ", KRUX_SHOWN(CAPABILITIES), " capabilities" },
		{ "A condition has at most ", KRUX_SHOWN(COND_TESTS), " tests" },
		{ "the conditions of a build ", KRUX_SHOWN(ALL_COND_TESTS), " tests" },
		{ "The rules of a build match at most ", KRUX_SHOWN(MATCHES), " capabilities" },
		{ "A list of agent patterns has at most ", KRUX_SHOWN(IN_ITEMS), " of them" },
		{ "The `argv` of a command has at most ", KRUX_SHOWN(ARGV), " items" },
	};
	char *codes = lines_joined("capspec/codes/9-resolving.md"), sentence[128];

	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		snprintf(sentence, sizeof sentence, "%s%s%s", says[i].before, says[i].shown, says[i].behind);
		ck_assert_msg(strstr(codes, sentence) != NULL, "no text of a code says: %s", sentence);
	}
	free(codes);
}
END_TEST

START_TEST(table_usages)
{
	static const struct { const char *names, *before, *line, *behind; } rows[] = {
#define USAGE(names, line) { names, "`", line, "`" },
#define CODE_USAGE(names, line) { names, "`", line, "`, with the label" },
#define RUNS_CODE(names) { names, "", "", "constants, with the label" },
#define NO_USAGE(names) { names, "", "", "none" },
#include "compiler/model/usages.def"
#undef USAGE
#undef CODE_USAGE
#undef RUNS_CODE
#undef NO_USAGE
	};
	struct table t = table_open("usages");
	char cell[2048];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(cell, sizeof cell, "`%s`", rows[i].names);
		cell_check(&t, 0, cell, false);
		snprintf(cell, sizeof cell, "%s%s%s", rows[i].before, rows[i].line, rows[i].behind);
		cell_check(&t, 1, cell, true);
	}
	table_close(&t);
}
END_TEST

START_TEST(table_dashes)
{
	static const char *const rows[] = {
#define DASHES(name) name,
#include "compiler/model/dashes.def"
#undef DASHES
	};
	struct table t = table_open("dashes");
	char names[4096];
	size_t n = 0;

	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? " " : "`", rows[k]);
	snprintf(names + n, sizeof names - n, "`");
	cell_check(&t, 0, names, true);
	table_close(&t);
}
END_TEST

/* The word of a row begins its first cell: "`uint`", "`list<T> max N`". */
static void word_check(struct table *t, const char *word)
{
	ck_assert_msg(strncmp(t->p, "| `", 3) == 0, "the table ends before %s", word);
	ck_assert_msg(strncmp(t->p + 3, word, strlen(word)) == 0 && strchr("`<( ", t->p[3 + strlen(word)]),
	              "'%.20s' stands where the .def file has %s", t->p, word);
	t->p = strchr(t->p, '\n') + 1;
}

/* The column JSON says what the schema says: a number may be a string of digits too. */
static void json_check(const struct table *t, const char *json)
{
	const char *p = t->p, *end;

	for (int i = 0; i < 4; i++)
		p = strchr(p, '|') + 1;
	end = strchr(p, '|');
	json = !strcmp(json, "integer") ? "number" : json;
	ck_assert_msg(memmem(p, (size_t)(end - p), json, strlen(json)) != NULL, "the table has '%.*s', the .def file '%s'",
	              (int)(end - p), p, json);
}

START_TEST(table_outputs)
{
	struct table t = table_open("outputs");

#define OUTPUT(name, kind, words, what) { struct table row = t; \
	word_check(&row, #name); cell_check(&t, 1, words, false); cell_check(&t, 2, what, true); }
#include "capspec/command_outputs.def"
	table_close(&t);
}
END_TEST

START_TEST(table_types)
{
	struct table t = table_open("types");

#define TYPE(id, word, json, numeric, texty) json_check(&t, json); word_check(&t, word);
#include "capspec/types.def"
#undef TYPE
	table_close(&t);
}
END_TEST

START_TEST(table_effects)
{
	static const char *const rank[] = { "none", "reads", "writes", "deletes", "connects", "executes" };
	struct table t = table_open("effects");
	unsigned rows = 0;

#define EFFECT(id, word, r) { struct table row = t; unsigned found = 0; \
	for (; *row.p == '|'; row.p = strchr(row.p, '\n') + 1) { \
		if (strncmp(row.p + 3, word, strlen(word)) != 0 || !strchr("`(", row.p[3 + strlen(word)])) \
			continue; \
		cell_check(&(struct table){ row.p }, 2, rank[r], false); \
		found++; \
	} \
	ck_assert_msg(found == 1, "%u rows for %s", found, word); \
	rows++; }
#include "capspec/effects.def"
#undef EFFECT
	for (; *t.p == '|'; t.p = strchr(t.p, '\n') + 1)
		rows--;
	ck_assert_uint_eq(rows, 0);
}
END_TEST

/* An operator, or what the grammar has besides. */
static void operator_known(const char *word, size_t n)
{
	static const char *const known[] = {
#define OPERATOR(id, words) words,
#include "capspec/operators.def"
#undef OPERATOR
		"has", "workspace has", "any", "all",
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == n && !memcmp(known[i], word, n))
			return;
	ck_abort_msg("the table has '%.*s', operators.def has not", (int)n, word);
}

/* Every operator is in the first column, between backquotes, and nothing else. */
START_TEST(table_operators)
{
	struct table t = table_open("operators");
	const char *end = strstr(t.p, "<!-- end -->");

#define OPERATOR(id, words) { bool found = false; \
	for (const char *row = t.p; row < end && !found; row = strchr(row, '\n') + 1) { \
		const char *cell = strchr(row + 1, '|'), *hit = strstr(row, "`" words "`"); \
		found = hit && hit < cell; \
	} \
	ck_assert_msg(found, "no row for %s", words); }
#include "capspec/operators.def"
#undef OPERATOR
	for (const char *row = t.p; row < end; row = strchr(row, '\n') + 1)
		for (const char *cell = strchr(row + 1, '|'), *p = strchr(row, '`'); p && p < cell;) {
			const char *close = strchr(p + 1, '`');

			operator_known(p + 1, (size_t)(close - p - 1));
			p = strchr(close + 1, '`');
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lang");
	TCase *t = tcase_create("LANG.md");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, values);
	tcase_add_test(t, conditions);
	tcase_add_test(t, table_limits);
	tcase_add_test(t, explained_limits);
	tcase_add_test(t, table_usages);
	tcase_add_test(t, table_dashes);
	tcase_add_test(t, table_outputs);
	tcase_add_test(t, table_types);
	tcase_add_test(t, table_effects);
	tcase_add_test(t, table_operators);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
