/* Commands in the background as the spawner knows them: the last of what they wrote, as text, and the table of them. */
#include "runtime/spawn/jobs.h"
#include "runtime/spawn/ring.h"
#include "runtime/spawn/shown.h"

#include "capspec/schema.h"
#include "runtime/base/err.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ring ---- */

static void ring_is(const struct ring *r, uint64_t from, size_t n, uint64_t begins, const char *text)
{
	uint8_t out[64];
	uint64_t at = from;
	const size_t got = ring_copy(r, &at, out, n);

	ck_assert_uint_eq(at, begins);
	ck_assert_uint_eq(got, strlen(text));
	ck_assert_mem_eq(out, text, got);
}

static void ring_put(struct ring *r, const char *text)
{
	ck_assert(ring_add(r, (const uint8_t *)text, strlen(text)));
}

START_TEST(the_last_bytes_stay)
{
	struct ring r;

	ring_init(&r, 8);
	ring_is(&r, 0, 9, 0, "");
	ring_put(&r, "abc");
	ring_is(&r, 0, 9, 0, "abc");
	ring_is(&r, 1, 1, 1, "b");
	ring_is(&r, 3, 9, 3, "");
	ring_is(&r, 99, 9, 3, "");
	ring_is(&r, UINT64_MAX, 9, 3, "");
	ring_put(&r, "defgh");
	ck_assert_uint_eq(ring_first(&r), 0);
	ring_put(&r, "ij");
	ck_assert_uint_eq(ring_first(&r), 2);
	ring_is(&r, 0, 64, 2, "cdefghij");
	ring_is(&r, 5, 3, 5, "fgh");
	/* More than there is room for at once. */
	ring_put(&r, "0123456789");
	ring_is(&r, 0, 64, 12, "23456789");
	ck_assert_uint_eq(r.total, 20);
	ring_close(&r);
	ring_is(&r, 0, 9, 0, "");
}
END_TEST

/* What was lost is not said to be there when memory is to be had again. */
START_TEST(without_memory_nothing_is_kept)
{
	struct ring r = { .room = 8, .total = 3 };

	ck_assert(!ring_add(&r, (const uint8_t *)"ab", 2));
	ck_assert_uint_eq(ring_first(&r), 5);
	ring_is(&r, 0, 9, 5, "");
	ring_close(&r);
}
END_TEST

/* Whatever the pieces: what is there is the end of what was added. */
START_TEST(pieces_of_any_length)
{
	char all[4096];
	struct ring r;
	size_t n = 0;

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)('a' + i * 7 % 23);
	for (size_t room = 1; room < 20; room++) {
		ring_init(&r, room);
		for (n = 0; n + 40 < sizeof all; n += n % 37 + 1) {
			const size_t k = n % 37 + 1, first = n + k > room ? n + k - room : 0;
			uint8_t out[20];
			uint64_t at = 0;

			ck_assert(ring_add(&r, (uint8_t *)all + n, k));
			ck_assert_uint_eq(ring_copy(&r, &at, out, sizeof out), n + k - first);
			ck_assert_uint_eq(at, first);
			ck_assert_mem_eq(out, all + first, n + k - first);
		}
		ring_close(&r);
	}
}
END_TEST

/* ---- text ---- */

START_TEST(text_of_bytes)
{
	static const struct { const char *bytes; size_t n; const char *text; size_t begun; } rows[] = {
		{ "", 0, "", 0 }, { "abc\n", 4, "abc\n", 0 }, { "a\0b", 3, "a\xEF\xBF\xBD" "b", 0 }, { "\xC3\xA9", 2, "\xC3\xA9", 0 },
		{ "x\xC3", 2, "x\xEF\xBF\xBD", 1 }, { "\xE2\x82", 2, "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
		{ "\xF0\x9F\x98", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3 }, { "\xF0\x9F\x98\x80", 4, "\xF0\x9F\x98\x80", 0 },
		{ "\xFF", 1, "\xEF\xBF\xBD", 0 }, { "\x80\x80\x80\x80", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 0 },
		{ "\xC3z", 2, "\xEF\xBF\xBDz", 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct krux_pool *pool = krux_pool_new(0);
		bool cut = false;
		struct krux_str text = shown_text(pool, rows[i].bytes, rows[i].n, 64, &cut);

		ck_assert(!cut);
		ck_assert_uint_eq(text.n, strlen(rows[i].text));
		ck_assert_mem_eq(text.p, rows[i].text, text.n);
		ck_assert_uint_eq(shown_begun(rows[i].bytes, rows[i].n), rows[i].begun);
		krux_pool_free(pool);
	}
}
END_TEST

/* ---- the table ---- */

static struct jobs *jobs;
static struct krux_capability cap;
static struct krux_err err;

static void setup(void)
{
	cap = (struct krux_capability){ .name = KRUX_STR("demo.serve") };
	jobs = calloc(1, sizeof *jobs);
	ck_assert_ptr_nonnull(jobs);
}

static void teardown(void)
{
	jobs_close(jobs);
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static struct job *started(const char *agent, uint64_t seq)
{
	struct job *j = jobs_begin(jobs, agent, seq, &cap, &err);

	ck_assert_msg(j != NULL, "%s", err.text);
	job_started(j);
	return j;
}

static void ended(struct job *j)
{
	job_ended(j, &(struct spawn_result){ .end = SPAWN_KILLED, .why = "wall 1s" });
}

START_TEST(each_agent_has_its_own)
{
	struct job *j = jobs_begin(jobs, "one", 7, &cap, &err);

	/* Nobody knows of it before its program runs. */
	ck_assert_ptr_null(jobs_find(jobs, str("one"), 7));
	job_started(j);
	ck_assert_ptr_eq(jobs_find(jobs, str("one"), 7), j);
	ck_assert_ptr_null(jobs_find(jobs, str("two"), 7));
	ck_assert_ptr_null(jobs_find(jobs, str("on"), 7));
	ck_assert_ptr_null(jobs_find(jobs, str("one1"), 7));
	ck_assert_ptr_null(jobs_find(jobs, str(""), 0));
	ck_assert_ptr_null(jobs_find(jobs, str("one"), 8));
	ended(j);
	ck_assert_ptr_eq(jobs_find(jobs, str("one"), 7), j);
	ck_assert_str_eq(j->why, "wall 1s");
	/* One whose program never ran is none. */
	j = jobs_begin(jobs, "one", 9, &cap, &err);
	ended(j);
	ck_assert_ptr_null(jobs_find(jobs, str("one"), 9));
}
END_TEST

START_TEST(who_comes_by_that_name_has_none)
{
	struct job *begins = jobs_begin(jobs, "one", 1, &cap, &err), *runs = started("one", 2);

	ended(started("one", 3));
	ended(started("two", 4));
	jobs_disown(jobs, str("one"));
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_ptr_null(jobs_find(jobs, str("one"), i));
	ck_assert_ptr_nonnull(jobs_find(jobs, str("two"), 4));
	/* What went on then is not the next one's, whenever it starts or ends. */
	job_started(begins);
	ended(begins);
	ended(runs);
	for (uint64_t i = 1; i <= 3; i++) {
		ck_assert_ptr_null(jobs_find(jobs, str("one"), i));
		ck_assert_ptr_null(jobs_find(jobs, str(""), i));
	}
	ck_assert_int_eq(begins->state, JOB_NONE);
	ck_assert_int_eq(runs->state, JOB_NONE);
	for (uint64_t i = 0; i < RUNS_AGENT; i++)
		started("one", 10 + i);
	ck_assert_ptr_nonnull(jobs_find(jobs, str("one"), 10));
}
END_TEST

/* Of a long answer some paths are told, and always with what the program ended. */
START_TEST(a_long_answer_is_cut)
{
	static const struct { size_t paths, length, kept; bool less; } rows[] = {
		{ 3, 10, 3, false }, { 200, 100, 200, false }, { 201, 100, 200, true }, { 1000, 100, 200, true },
		{ 1000, 400, 100, true }, { 15, 4096, 15, false }, { 200, 4096, 12, true }, { 1, 70000, 0, true },
	};
	static struct krux_value item[1000];
	static char path[70000];

	memset(path, 'a', sizeof path);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct krux_member member[] = {
			{ KRUX_STR("run"), { .kind = KRUX_V_UINT, .u = i } }, { KRUX_STR("status"), { .kind = KRUX_V_UINT, .u = 7 } },
			{ KRUX_STR("changed"), { .kind = KRUX_V_LIST, .list = { item, rows[i].paths } } },
		};
		struct krux_pool *pool = krux_pool_new(0);
		struct job *j = started("one", i);
		struct krux_refusal why;
		struct krux_value v;

		for (size_t k = 0; k < rows[i].paths; k++)
			item[k] = (struct krux_value){ .kind = KRUX_V_TEXT, .str = { path, rows[i].length } };
		job_ended(j, &(struct spawn_result){ .end = SPAWN_DONE, .output = { .kind = KRUX_V_MAP, .map = { member, 3 } } });
		ck_assert(j->result && j->nresult <= JOB_RESULT);
		ck_assert_int_eq(j->less, rows[i].less);
		ck_assert(krux_cbor_read(pool, j->result, j->nresult, &v, &why));
		ck_assert_uint_eq(krux_value_get(&v, "status")->u, 7);
		ck_assert_uint_eq(krux_value_get(&v, "changed")->list.n, rows[i].kept);
		ck_assert_ptr_null(krux_value_get(&v, "run"));
		krux_pool_free(pool);
	}
}
END_TEST

START_TEST(so_many_go_on)
{
	char name[8];
	struct job *j = NULL;

	for (uint64_t i = 0; i < RUNS_AGENT; i++)
		j = started("one", i);
	ck_assert_ptr_null(jobs_begin(jobs, "one", 100, &cap, &err));
	ck_assert_str_eq(err.text, "this agent has 8 runs in the background, which is the most");
	ended(j);
	started("one", 100);
	for (uint64_t i = RUNS_AGENT; i < RUNS_ALL; i++) {
		snprintf(name, sizeof name, "a%d", (int)i / 4);
		started(name, 1000 + i);
	}
	ck_assert_ptr_null(jobs_begin(jobs, "last", 5000, &cap, &err));
	ck_assert_str_eq(err.text, "there are 32 runs in the background, which is the most");
}
END_TEST

START_TEST(who_has_most_makes_place)
{
	for (uint64_t i = 1; i <= 3; i++)
		ended(started("few", i));
	for (uint64_t i = 100; i < 300; i++) {
		ended(started("many", i));
		for (uint64_t k = 1; k <= 3; k++)
			ck_assert_ptr_nonnull(jobs_find(jobs, str("few"), k));
	}
	/* The eldest have gone. */
	ck_assert_ptr_null(jobs_find(jobs, str("many"), 299 - (JOBS_MOST - 3)));
	ck_assert_ptr_nonnull(jobs_find(jobs, str("many"), 300 - (JOBS_MOST - 3)));
	ck_assert_ptr_nonnull(jobs_find(jobs, str("many"), 299));
}
END_TEST

START_TEST(only_four_builtins_are_about_runs)
{
	static const char *const names[] = { "process_list", "process_status", "process_output", "process_signal" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		cap.handler = (struct krux_handler){ .kind = KRUX_HANDLER_BUILTIN, .name = str(names[i]) };
		ck_assert(jobs_asked(&cap));
		cap.handler.kind = KRUX_HANDLER_COMMAND;
		ck_assert(!jobs_asked(&cap));
	}
	cap.handler = (struct krux_handler){ .kind = KRUX_HANDLER_BUILTIN, .name = KRUX_STR("filesystem_read") };
	ck_assert(!jobs_asked(&cap));
	cap.handler.name = KRUX_STR("process_lis");
	ck_assert(!jobs_asked(&cap));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jobs");
	TCase *t = tcase_create("jobs");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_last_bytes_stay);
	tcase_add_test(t, without_memory_nothing_is_kept);
	tcase_add_test(t, pieces_of_any_length);
	tcase_add_test(t, text_of_bytes);
	tcase_add_test(t, each_agent_has_its_own);
	tcase_add_test(t, who_comes_by_that_name_has_none);
	tcase_add_test(t, a_long_answer_is_cut);
	tcase_add_test(t, so_many_go_on);
	tcase_add_test(t, who_has_most_makes_place);
	tcase_add_test(t, only_four_builtins_are_about_runs);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
