/* network.fetch through the real sandbox, an egress process, and servers that answer well or badly. */
#include "tests/unit/handler_calls.h"
#include "tests/unit/outside.h"
#include "tests/unit/web_server.h"

#include "stdlib-caps/network/web.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint16_t port;
static char json[8192];

static bool begin(int way, int kind)
{
	if (!calls_setup(way, "system"))
		return false;
	calls_find = builtin_web;
	port = server_start(kind);
	outside_start("127.0.0.0/8");
	return true;
}

static void end(void)
{
	/* Servers that were started later hold its channel open. */
	server_stop();
	outside_stop();
	calls_teardown();
}

/* more: further members, each with a comma before it. */
static const char *asking(const char *scheme, const char *host, const char *path, const char *more)
{
	snprintf(json, sizeof json, "{\"url\":\"%s://%s:%u%s\",\"timeout_ms\":5000%s}", scheme, host, port, path, more);
	return json;
}

static const char *page(const char *path, const char *more)
{
	return asking("http", "here.test", path, more);
}

START_TEST(answers_are_told)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_ok("network.fetch", page("/ok", ""), "\"status\":200", "\"content\":\"hello\"", "\"size\":5",
	         "\"truncated\":false", "\"x-a\":\"1, 2\"", "\"content-length\":\"5\"",
	         "\"sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"", NULL);
	calls_ok("network.fetch", page("/until-the-end", ""), "\"content\":\"as long as it takes\"", NULL);
	calls_ok("network.fetch", page("/chunks", ""), "\"content\":\"abcde\"", NULL);
	calls_ok("network.fetch", page("/not-there", ""), "\"status\":404", "\"content\":\"none\"", NULL);
	calls_ok("network.fetch", page("/ok", ",\"method\":\"head\""), "\"content\":\"\"", "\"size\":0",
	         "\"content-length\":\"5\"", NULL);
	calls_ok("network.fetch", page("/odd-headers", ""), "\"headers\":{\"x-good\":\"yes\",\"content-length\":\"0\"}", NULL);
	calls_ok("network.fetch", asking("http", "127.0.0.1", "/ok", ""), "\"status\":200", NULL);
	end();
}
END_TEST

START_TEST(redirects_are_told_and_not_followed)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_ok("network.fetch", page("/redirect", ""), "\"status\":302", "\"redirect\":\"https://example.com/there?a=b\"", NULL);
	calls_ok("network.fetch", page("/relative", ""), "\"redirect\":\"http://here.test:", "/other\"", NULL);
	calls_ok("network.fetch", page("/loop", ""), "\"status\":302", "/loop\"", NULL);
	ck_assert_ptr_null(strstr(calls_json("network.fetch", page("/to-a-file", "")), "\"redirect\""));
	ck_assert_ptr_null(strstr(calls_json("network.fetch", page("/with-a-password", "")), "\"redirect\""));
	end();
}
END_TEST

START_TEST(requests_are_sent)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_ok("network.fetch", page("/echo", ",\"method\":\"post\",\"body\":\"a=b\""), "\"content\":\"a=b\"", NULL);
	calls_ok("network.fetch", page("/echo", ",\"method\":\"post\""), "\"content\":\"\"", NULL);
	calls_ok("network.fetch", page("/echo", ",\"method\":\"post\",\"body\":\"AAEC\",\"body_encoding\":\"base64\",\"encoding\":"
	                               "\"base64\""), "\"content\":\"AAEC\"", NULL);
	calls_ok("network.fetch", page("/request", ",\"headers\":[\"Accept: text/plain\",\"X-B:1\"]"),
	         "GET /request HTTP/1.1", "Accept: text/plain", "X-B:1", NULL);
	ck_assert_ptr_null(strstr(calls_json("network.fetch", page("/request", ",\"headers\":[\"Accept: text/plain\"]")), "*/*"));
	calls_fail("network.fetch", page("/ok", ",\"body\":\"x\""), "BadRequest");
	calls_fail("network.fetch", page("/ok", ",\"method\":\"post\",\"body\":\"?\",\"body_encoding\":\"base64\""), "BadRequest");
	calls_fail("network.fetch", page("/ok", ",\"headers\":[\"HOST: other.test\"]"), "BadRequest");
	calls_fail("network.fetch", page("/ok", ",\"headers\":[\"Content-Length: 5\"]"), "BadRequest");
	calls_fail("network.fetch", page("/ok", ",\"headers\":[\"transfer-encoding: chunked\"]"), "BadRequest");
	end();
}
END_TEST

START_TEST(content_is_bounded_and_text)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_ok("network.fetch", page("/ok", ",\"limit\":3"), "\"content\":\"hel\"", "\"truncated\":true", NULL);
	calls_ok("network.fetch", page("/ok", ",\"limit\":5"), "\"content\":\"hello\"", "\"truncated\":false", NULL);
	calls_ok("network.fetch", page("/endless", ",\"limit\":100000"), "\"size\":100000", "\"truncated\":true", NULL);
	calls_fail("network.fetch", page("/binary", ""), "NotUtf8");
	calls_ok("network.fetch", page("/binary", ",\"encoding\":\"base64\""), "\"content\":\"//79\"", NULL);
	calls_ok("network.fetch", page("/accents", ",\"limit\":5"), "\"content\":\"\xC3\xA9\xC3\xA9\"", NULL);
	end();
}
END_TEST

static const struct {
	const char *path, *error;
} hostile[] = {
	{ "/silent", "Timeout" }, { "/slow", "Timeout" }, { "/slow-headers", "Timeout" }, { "/endless-header", "BadAnswer" },
	{ "/endless-headers", "BadAnswer" }, { "/continue", "BadAnswer" }, { "/cut", "BadAnswer" }, { "/no-http", "BadAnswer" },
	{ "/nothing", "BadAnswer" }, { "/bad-chunks", "BadAnswer" }, { "/two-lengths", "BadAnswer" },
};

START_TEST(hostile_servers_get_nowhere)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		snprintf(json, sizeof json, "{\"url\":\"http://here.test:%u%s\",\"timeout_ms\":%u}", port, hostile[i].path,
		         strcmp(hostile[i].error, "Timeout") != 0 ? 20000u : 300u);
		calls_fail("network.fetch", json, hostile[i].error);
	}
	end();
}
END_TEST

START_TEST(there_may_be_no_connection)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_fail("network.fetch", asking("http", "none.test", "/", ""), "NotFound");
	calls_fail("network.fetch", asking("http", "other.test", "/", ""), "NoAnswer");
	calls_fail("network.fetch", asking("http", "inside.test", "/", ""), "Refused");
	calls_fail("network.fetch", asking("http", "169.254.169.254", "/", ""), "Refused");
	calls_fail("network.fetch", asking("http", "[::1]", "/", ""), "Refused");
	/* A name is waited for no longer than for all of it: else these are not over before the time of the test is. */
	snprintf(json, sizeof json, "{\"url\":\"http://silent.test:%u/\",\"timeout_ms\":300}", port);
	for (int i = 0; i < 5; i++)
		calls_fail("network.fetch", json, "NoAnswer");
	server_stop();
	calls_fail("network.fetch", page("/ok", ""), "NoConnection");
	end();
}
END_TEST

START_TEST(certificates_are_checked)
{
	if (!begin(_i, SERVER_TLS))
		return;
	calls_ok("network.fetch", asking("https", "here.test", "/ok", ""), "\"status\":200", "\"content\":\"hello\"", NULL);
	calls_ok("network.fetch", asking("https", "here.test", "/echo", ",\"method\":\"post\",\"body\":\"a\""), "\"content\":\"a\"", NULL);
	/* Of another name. */
	calls_fail("network.fetch", asking("https", "127.0.0.1", "/ok", ""), "Untrusted");
	calls_fail("network.fetch", asking("http", "here.test", "/ok", ""), "BadAnswer");
	server_stop();
	port = server_start(SERVER_STRANGER);
	calls_fail("network.fetch", asking("https", "here.test", "/ok", ""), "Untrusted");
	/* Who speaks no TLS waits for more of what he takes for a request. */
	port = server_start(SERVER_PLAIN);
	snprintf(json, sizeof json, "{\"url\":\"https://here.test:%u/ok\",\"timeout_ms\":300}", port);
	calls_fail("network.fetch", json, "Timeout");
	end();
}
END_TEST

/* ---- files ---- */

static const char *fetching(const char *path, const char *file, const char *more)
{
	snprintf(json, sizeof json, "{\"url\":\"http://here.test:%u%s\",\"path\":\"/workspace/%s\"%s}", port, path, file, more);
	return json;
}

START_TEST(downloads_are_whole_or_not_there)
{
	static const struct {
		const char *path, *more, *error;
	} failing[] = {
		{ "/not-there", "", "NotGiven" }, { "/redirect", "", "NotGiven" }, { "/cut", "", "BadAnswer" },
		{ "/endless", ",\"limit\":100000", "TooLarge" }, { "/slow", ",\"timeout_ms\":300", "Timeout" },
		{ "/ok", ",\"limit\":4", "TooLarge" }, { "/no-http", "", "BadAnswer" },
	};
	char over[128];

	if (!begin(_i, SERVER_PLAIN))
		return;
	calls_ok("network.download", fetching("/ok", "a", ""), "\"size\":5", "\"created\":true", "\"status\":200",
	         "\"sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"", NULL);
	ck_assert(file_is("workspace/a", "hello"));
	calls_fail("network.download", fetching("/ok", "a", ""), "Exists");
	for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
		calls_fail("network.download", fetching(failing[i].path, "b", failing[i].more), failing[i].error);
		ck_assert_msg(!there("workspace/b"), "%s", failing[i].path);
		snprintf(over, sizeof over, "%s,\"mode\":\"overwrite\"", failing[i].more);
		calls_fail("network.download", fetching(failing[i].path, "a", over), failing[i].error);
		ck_assert(file_is("workspace/a", "hello"));
	}
	calls_ok("network.download", fetching("/binary", "a", ",\"mode\":\"overwrite\""), "\"size\":3", "\"created\":false", NULL);
	ck_assert(file_is("workspace/a", "\xFF\xFE\xFD"));
	calls_fail("network.download", fetching("/ok", ".git/hooks/post-commit", ""), "Protected");
	calls_fail("network.download", fetching("/ok", "none/b", ""), "ParentNotFound");
	calls_fail("network.download", "{\"url\":\"http://here.test/\",\"path\":\"/etc/b\"}", "PathOutOfScope");
	end();
}
END_TEST

/* ---- every example ---- */

START_TEST(examples_hold)
{
	if (!begin(_i, SERVER_PLAIN))
		return;
	outside_stop();
	outside_start(NULL);
	ck_assert_uint_ge(calls_examples(builtin_web), 7);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web");
	TCase *c = tcase_create("web");
	char path[] = "/tmp/krux-web-XXXXXX";
	SRunner *r;
	int failed;

	close(mkstemp(path));
	server_certify(path);
	web_ready(path);
	unlink(path);
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, answers_are_told, 0, WAYS);
	tcase_add_loop_test(c, redirects_are_told_and_not_followed, 0, WAYS);
	tcase_add_loop_test(c, requests_are_sent, 0, WAYS);
	tcase_add_loop_test(c, content_is_bounded_and_text, 0, WAYS);
	tcase_add_loop_test(c, hostile_servers_get_nowhere, 0, WAYS);
	tcase_add_loop_test(c, there_may_be_no_connection, 0, WAYS);
	tcase_add_loop_test(c, certificates_are_checked, 0, WAYS);
	tcase_add_loop_test(c, downloads_are_whole_or_not_there, 0, WAYS);
	tcase_add_loop_test(c, examples_hold, 0, WAYS);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
