/* What the standard capabilities say of the system: time, and figures of the machine. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stdlib-caps/system/zone.h"
#include "tests/unit/handler_calls.h"

#define SETUP(ns) do { if (!calls_setup(_i, ns)) return; } while (0)

START_TEST(time_zones)
{
	static const struct { const char *zone; int64_t second; int32_t offset; } cases[] = {
		{ "America/New_York", 1767225600, -18000 },        /* 2026-01-01 */
		{ "America/New_York", 1782864000, -14400 },        /* 2026-07-01 */
		{ "America/New_York", 4118169600, -14400 },        /* 2100-07-02, by the rule */
		{ "Europe/London", 1774745999, 0 },                /* the second before summer time 2026 */
		{ "Europe/London", 1774746000, 3600 },
		{ "Asia/Kathmandu", 1767225600, 20700 },
		{ "Australia/Lord_Howe", 1767225600, 39600 },
		{ "Europe/Dublin", 1767225600, 0 },
	};
	static uint8_t file[ZONE_MAX];

	(void)_i;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[128];
		int32_t offset;
		ssize_t n;
		int fd;

		snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", cases[i].zone);
		fd = open(path, O_RDONLY);
		ck_assert_int_ge(fd, 0);
		n = read(fd, file, sizeof file);
		close(fd);
		ck_assert(zone_offset(file, (size_t)n, cases[i].second, &offset));
		ck_assert_msg(offset == cases[i].offset, "%s %lld: %d", cases[i].zone, (long long)cases[i].second, offset);
		/* Cut anywhere, it is refused or still answers, and never read past its end. */
		for (ssize_t k = 0; k < n; k += 7) {
			uint8_t *cut = malloc((size_t)k + 1);

			memcpy(cut, file, (size_t)k);
			zone_offset(cut, (size_t)k, cases[i].second, &offset);
			free(cut);
		}
	}
}
END_TEST

START_TEST(time_refuses)
{
	SETUP("system");
	calls_fail("system.time", "{\"timezone\":\"Europe\"}", "InvalidTimezone");
	calls_fail("system.time", "{\"timezone\":\"Etc\"}", "InvalidTimezone");
	calls_fail("system.time", "{\"timezone\":\"tzdata-none\"}", "InvalidTimezone");
	calls_ok("system.time", "{\"timezone\":\"Asia/Tokyo\"}", "+09:00\"", "\"offset\":32400", NULL);
	calls_teardown();
}
END_TEST

START_TEST(system_figures)
{
	SETUP("system");
	calls_ok("system.info", "{}", "\"os_version\":\"Linux ", NULL);
	ck_assert_int_ge(atoi(calls_member("cpu_count")), 1);
	ck_assert(strtoull(calls_member("memory_total_bytes"), NULL, 10) >
	          strtoull(calls_member("memory_available_bytes"), NULL, 10));
	calls_ok("system.health", "{}", "\"name\":\"sandbox\",\"status\":\"healthy\"", "seccomp", NULL);
	calls_ok("system.metrics", "{\"window\":\"200ms\"}", "\"window\":\"200ms\"", "\"average_percent\":", NULL);
	ck_assert_uint_ge(calls_result.wall_ns, 200000000);
	calls_teardown();
}
END_TEST

static Suite *system_suite(void)
{
	Suite *s = suite_create("handlers: system");
	TCase *tc = tcase_create("handlers: system");

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
#define ADD(test) tcase_add_loop_test(tc, test, 0, WAYS)
	ADD(time_refuses);
	ADD(system_figures);
#undef ADD
	tcase_add_test(tc, time_zones);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(system_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
