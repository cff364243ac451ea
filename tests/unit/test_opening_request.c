/* A program's request without TLS, as its relay takes it and passes it on. */
#include <check.h>
#include <string.h>

#include "runtime/spawn/opening.h"

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

static enum opening head_of(const char *text, struct opening_head *out)
{
	*out = (struct opening_head){ .n = 0 };
	return opening_head((struct krux_str){ text, strlen(text) }, out);
}

static const struct {
	const char *text, *host, *request;
	uint16_t port;
	uint64_t body;
} requests[] = {
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\nmore", "a.test",
	  "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", 80, 0 },
	{ "GET http://A.Test.:80?q=1 HTTP/1.1\r\nhost: a.TEST:80\r\n\r\n", "a.test",
	  "GET /?q=1 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", 80, 0 },
	{ "GET http://a.test HTTP/1.0\r\n\r\n", "a.test", "GET / HTTP/1.0\r\nHost: a.test\r\nConnection: close\r\n\r\n", 80, 0 },
	{ "POST http://[FD00::1]:8080/a?b=http://c.test/ HTTP/1.1\r\nAccept: x\r\nHost:\t[fd00::1]:8080 \r\nContent-Length: 12\r\n\r\n",
	  "fd00::1", "POST /a?b=http://c.test/ HTTP/1.1\r\nHost: [fd00::1]:8080\r\nConnection: close\r\nAccept: x\r\n"
	  "Content-Length: 12\r\n\r\n", 8080, 12 },
	{ "PUT http://0x7f.1/%2f HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\nproxy-connection: keep-alive\r\n"
	  "Keep-Alive: 5\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nTE: trailers\r\nTrailer: x\r\nProxy-Authorization: Basic eA==\r\n"
	  "X-Proxy-Authorization: y\r\ncontent-length: 0\r\nExpect: 100-continue\r\n\r\n", "127.0.0.1",
	  "PUT /%2f HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Proxy-Authorization: y\r\ncontent-length: 0\r\n"
	  "Expect: 100-continue\r\n\r\n", 80, 0 },
	{ "POST http://a.test/ HTTP/1.1\r\nX-One: 1\r\nX-On: 1\r\nConnection: x-one , ,content-length\r\nConnection:\r\nHost: a.test\r\n"
	  "X-Two: 2\r\nConnection: Host,\tX-TWO\r\nContent-Length: 1\r\nX-Twos: 2\r\n\r\n", "a.test",
	  "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nX-On: 1\r\nContent-Length: 1\r\nX-Twos: 2\r\n\r\n", 80, 1 },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 999999999999999\r\n\r\n", "a.test",
	  "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 999999999999999\r\n\r\n", 80, 999999999999999 },
};

START_TEST(a_request_is_written_anew)
{
	struct opening_head h;

	ck_assert_int_eq(head_of(requests[_i].text, &h), OPENING_WHOLE);
	ck_assert(h.plain);
	ck_assert_str_eq(h.host, requests[_i].host);
	ck_assert_uint_eq(h.port, requests[_i].port);
	ck_assert_uint_eq(h.body, requests[_i].body);
	ck_assert_uint_eq(h.n, (size_t)(strstr(requests[_i].text, "\r\n\r\n") - requests[_i].text) + 4);
	h.request[h.nrequest] = 0;
	ck_assert_str_eq(h.request, requests[_i].request);
}
END_TEST

/* Two ways to see where a request ends, or whose it is, are one too many. */
static const struct { const char *text, *why; } no_requests[] = {
	{ "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes CONNECT, and requests to http://HOST in full, and nothing else." },
	{ "GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET HTTP://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "PRI * HTTP/2.0\r\n\r\n", "The relay takes" },
	{ "get http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET  http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test/ a HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test/\t HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test/# HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test/\xc3\xa4 HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://me@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test:x/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test:/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test:0/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://fd00::1/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http:///a HTTP/1.1\r\nHost: a.test\r\n\r\n", "The relay takes" },
	{ "GET http://a.test/ HTTP/1.1\r\n\r\n", "The request says no Host." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n", "The Host of the request is another than its target." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n", "The Host of the request" },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n", "The Host of the request" },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", "The Host of the request" },
	{ "GET http://a.test/ HTTP/1.1\r\nHost:\r\n\r\n", "The Host of the request" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n", "A request without TLS says its length" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: identity\r\nContent-Length: 1\r\n\r\n", "A request without TLS" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "The length of the request is none." },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1, 1\r\n\r\n", "The length" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: +1\r\n\r\n", "The length" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length:\r\n\r\n", "The length" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000000000000\r\n\r\n", "The length" },
	{ "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length : 1\r\n\r\n", "A line of the head is no field." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: a\r\n Content-Length: 1\r\n\r\n", "A line of the head is no field." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: a\r\nConnection: b\r\nConnection: c\r\nConnection: d\r\nConnection: e\r\n\r\n",
	  "The request has too many fields named Connection." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\nX: a\r\n\r\n", "A line of the head does not end with CR LF." },
	{ "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: a\rContent-Length: 1\r\n\r\n", "A line of the head does not end with CR LF." },
};

START_TEST(what_is_no_request_says_why)
{
	struct opening_head h;

	ck_assert_int_eq(head_of(no_requests[_i].text, &h), OPENING_NONE);
	ck_assert_msg(!strncmp(h.why, no_requests[_i].why, strlen(no_requests[_i].why)), "%s", h.why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("requests");
	TCase *t = tcase_create("requests");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, a_request_is_written_anew, 0, COUNT(requests));
	tcase_add_loop_test(t, what_is_no_request_says_why, 0, COUNT(no_requests));
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
