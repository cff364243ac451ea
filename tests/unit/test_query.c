/* What query prints: cells that no spreadsheet computes, text that moves no cursor, and a log that is
 * read while it is written or where it is damaged. */
#include "tests/unit/audited.h"
#include "tests/unit/records.h"

#include "runtime/base/file.h"
#include "runtime/front/csv.h"
#include "runtime/record/log.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *cells(const char *const *text)
{
	static char *out;
	size_t n;
	FILE *f;

	free(out);
	f = open_memstream(&out, &n);
	for (size_t i = 0; text[i]; i++)
		csv_put(f, (struct krux_str){ text[i], strlen(text[i]) }, !i);
	csv_end(f);
	fclose(f);
	return out;
}

START_TEST(cells_are_quoted)
{
	ck_assert_str_eq(cells((const char *[]){ "a", "", "b c", NULL }), "a,,b c\r\n");
	ck_assert_str_eq(cells((const char *[]){ "a,b", "c\"d", "e\nf", " g", NULL }),
	                 "\"a,b\",\"c\"\"d\",\"e\nf\",\" g\"\r\n");
	ck_assert_str_eq(cells((const char *[]){ "=1+1", "+1", "-1", "@x", "\tx", "a=1", NULL }),
	                 "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",a=1\r\n");
	ck_assert_str_eq(cells((const char *[]){ "=HYPERLINK(\"x\",\"y\")", NULL }),
	                 "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"\r\n");
}
END_TEST

START_TEST(cells_move_no_cursor)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	csv_put(f, KRUX_STR("a"), true);
	csv_screen(f, KRUX_STR("b,\x1b[2J\u202E\xC2\x9B\\"));
	csv_end(f);
	fclose(f);
	ck_assert_str_eq(text, "a,\"b,\\x1B[2J\\u{202E}\\u{9B}\\\\\"\r\n");
	free(text);
}
END_TEST

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *p = audited_out; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

START_TEST(a_log_of_several_segments_that_is_being_written)
{
	audited_grow(3000);
	ck_assert_int_eq(audited_run("query --state @ --kind intent --format json"), 0);
	ck_assert_uint_eq(lines(), 1499);
	audited_grow(3002);
	ck_assert_int_eq(audited_run("query --state @ --agent builder --format json"), 0);
	ck_assert_uint_eq(lines(), 3000);
	ck_assert_int_eq(audited_run("query --state @ --arg a=1 --kind intent --limit 5 --format json"), 0);
	ck_assert_uint_eq(lines(), 5);
	ck_assert_int_eq(audited_run("query --state @ --arg a=2"), 1);
	ck_assert_int_eq(audited_run("query --state @ --arg a[0]=1"), 1);
	ck_assert_int_eq(audited_run("query --state @ --arg .=1"), 1);
}
END_TEST

START_TEST(every_line_is_json)
{
	static const char *const commands[] = { "query --state @ --format json", "export --state @ --format jsonl",
		"export --state @ --format ocsf" };

	audited_grow(40);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		char *at = audited_out, *line;

		ck_assert_int_eq(audited_run("%s", commands[i]), 0);
		while ((line = strsep(&at, "\n")) && *line && *line == '{') {
			json_error_t why;
			json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, &why);

			ck_assert_msg(v != NULL, "%s: %s", line, why.text);
			json_decref(v);
		}
	}
	/* OCSF: an intent whose end is still to come is an event too. */
	audited_grow(43);
	ck_assert_int_eq(audited_run("export --state @ --format ocsf"), 0);
	ck_assert_ptr_nonnull(strstr(audited_out, "\"status_id\":0"));
}
END_TEST

/* Words of another version are not those of an event. */
START_TEST(what_a_call_used_is_told)
{
	static const uint8_t usage[] = "\x85\x01\x02\x03\x80\x83\x82\x66memory\x0b\x82\x66memory\x0c\x82\x65other\x0d";
	struct record r;

	audited_grow(3);
	r = records_outcome(2);
	record_bytes(&r, AUDIT_USAGE, usage, sizeof usage - 1);
	ck_assert_int_eq(log_append(audited_log, &r, NULL, NULL, &audited_err), 0);
	ck_assert_int_eq(audited_run("export --state @ --format ocsf"), 0);
	audited_says("\"usage\":{\"cpu\":1,\"wall\":2,\"rss\":3,\"memory\":11}");
	audited_says_not("\"network\"");
	ck_assert_int_eq(audited_run("export --state @ --format jsonl"), 0);
	audited_says("\"usage\":[1,2,3,[],[[\"memory\",11],[\"memory\",12],[\"other\",13]]]");
}
END_TEST

START_TEST(what_cannot_be_read_is_said)
{
	int fd;

	audited_grow(20);
	fd = openat(audited.log, "00000000.seg", O_RDWR);
	ck_assert_int_eq(pwrite(fd, "xxxx", 4, 1500), 4);
	close(fd);
	ck_assert_int_eq(audited_run("query --state @ --format json"), 3);
	ck_assert_ptr_nonnull(strstr(audited_out, "the log cannot be read behind record "));
	ck_assert_int_eq(audited_run("export --state @ --format ocsf"), 3);
	ck_assert_int_eq(audited_run("replay --state @"), 3);
	ck_assert_int_eq(audited_run("query --state @ --limit 1"), 0);
}
END_TEST

/* The same answer with an index, without one, and with one that was damaged. */
static void same_answers(void)
{
	static const struct {
		const char *filter;
		int code;
		unsigned lines;
	} row[] = {
		{ "--agent nobody", 1, 0 }, { "--agent builder", 0, 7998 }, { "--capability files.*", 1, 0 },
		{ "--capability filesystem.* --kind intent", 0, 3999 }, { "--verdict blocked", 1, 0 },
	};
	char line[256];

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		snprintf(line, sizeof line, "query --state @ --format json %s", row[i].filter);
		ck_assert_msg(audited_run("%s", line) == row[i].code, "%s", line);
		ck_assert_msg(lines() == row[i].lines, "%s: %u", line, lines());
		strcat(line, " --no-index");
		ck_assert_int_eq(audited_run("%s", line), row[i].code);
		ck_assert_uint_eq(lines(), row[i].lines);
	}
}

/* What is wrong with an index costs the time to make it again, and no answer. */
static void index_becomes(const char *bytes, size_t n, const char *good, size_t ngood)
{
	char *now;
	size_t nnow;

	ck_assert(!file_replace(audited.fd, "index/00000000", 0600, bytes, n, &audited_err));
	ck_assert_int_eq(audited_run("query --state @ --format json --agent builder"), 0);
	ck_assert_uint_eq(lines(), 7998);
	now = audited_file("index/00000000", &nnow);
	ck_assert(nnow == ngood && !memcmp(now, good, ngood));
	free(now);
}

START_TEST(an_index_changes_no_answer)
{
	char *good, *bad;
	size_t n;

	audited_grow(8000);
	ck_assert_msg(!faccessat(audited.log, "00000001.seg", F_OK, 0), "one segment only");
	same_answers();
	good = audited_file("index/00000000", &n);
	bad = calloc(1, n + 1);
	memcpy(bad, good, n);
	index_becomes(bad, 0, good, n);
	index_becomes(bad, n - 1, good, n);
	index_becomes(bad, n + 1, good, n);
	for (size_t at = 0; at < n; at += at < 64 || at > n - 40 ? 1 : n / 16) {
		bad[at] ^= 0x10;
		index_becomes(bad, n, good, n);
		bad[at] ^= 0x10;
	}
	/* All of it zeros: nothing would be in there. */
	memset(bad, 0, n);
	index_becomes(bad, n, good, n);
	ck_assert(!unlinkat(audited.fd, "index/00000000", 0));
	same_answers();
	ck_assert(!faccessat(audited.fd, "index/00000000", R_OK, 0));
	/* What is no file is left alone. */
	ck_assert(!unlinkat(audited.fd, "index/00000000", 0) && !mkdirat(audited.fd, "index/00000000", 0700));
	same_answers();
	free(good), free(bad);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("query");
	TCase *t = tcase_create("query");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, audited_setup, audited_teardown);
	tcase_set_timeout(t, 240);
	tcase_add_test(t, cells_are_quoted);
	tcase_add_test(t, cells_move_no_cursor);
	tcase_add_test(t, a_log_of_several_segments_that_is_being_written);
	tcase_add_test(t, every_line_is_json);
	tcase_add_test(t, what_a_call_used_is_told);
	tcase_add_test(t, what_cannot_be_read_is_said);
	tcase_add_test(t, an_index_changes_no_answer);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
