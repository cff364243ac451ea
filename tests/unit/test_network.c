/* Capabilities that connect, through the real sandbox and an egress process of the test's. */
#include "tests/unit/handler_calls.h"
#include "tests/unit/outside.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Egress first: as a user the test could not bring it down again otherwise. */
static bool begin(int way, const char *named)
{
	if (!calls_setup(way, "system"))
		return false;
	outside_start(named);
	return true;
}

static void end(void)
{
	outside_stop();
	calls_teardown();
}

static const char *arguments(const char *host, unsigned port)
{
	static char json[256];

	snprintf(json, sizeof json, "{\"host\":\"%s\",\"port\":%u,\"timeout_ms\":2000}", host, port);
	return json;
}

START_TEST(check_port_tells_open_from_closed)
{
	uint16_t port, shut;
	int listener, gone;
	char byte;

	if (!begin(_i, "127.0.0.0/8"))
		return;
	listener = outside_listen(&port);
	gone = outside_listen(&shut);
	close(gone);
	calls_ok("network.check_port", arguments("here.test", port), "\"state\":\"open\"", "\"address\":\"127.0.0.1\"", NULL);
	gone = accept(listener, NULL, NULL);
	/* Nothing was sent. */
	ck_assert_int_eq(read(gone, &byte, 1), 0);
	close(gone);
	calls_ok("network.check_port", arguments("127.0.0.1", port), "\"state\":\"open\"", NULL);
	calls_ok("network.check_port", arguments("here.test", shut), "\"state\":\"closed\",\"took_us\":0", NULL);
	calls_fail("network.check_port", arguments("none.test", port), "NotFound");
	calls_fail("network.check_port", arguments("inside.test", port), "Refused");
	calls_fail("network.check_port", arguments("other.test", port), "NoAnswer");
	calls_fail("network.check_port", "{\"host\":\"silent.test\",\"port\":1,\"timeout_ms\":100}", "NoAnswer");
	close(listener);
	end();
}
END_TEST

START_TEST(dns_lookup_lists_what_may_be_reached)
{
	if (!begin(_i, "127.0.0.0/8"))
		return;
	calls_ok("network.dns_lookup", "{\"host\":\"here.test\"}", "\"addresses\":[\"127.0.0.1\"]", "\"refused\":0", NULL);
	calls_ok("network.dns_lookup", "{\"host\":\"mixed.test\"}", "\"addresses\":[\"127.0.0.1\"]", "\"refused\":1", NULL);
	calls_ok("network.dns_lookup", "{\"host\":\"9.9.9.9\"}", "\"addresses\":[\"9.9.9.9\"]", NULL);
	calls_fail("network.dns_lookup", "{\"host\":\"inside.test\"}", "Refused");
	calls_fail("network.dns_lookup", "{\"host\":\"none.test\"}", "NotFound");
	calls_fail("network.dns_lookup", "{\"host\":\"other.test\"}", "NoAnswer");
	end();
}
END_TEST

/* A call without a line, which no daemon starts, says so. */
START_TEST(without_a_line_there_is_no_network)
{
	if (!calls_setup(_i, "system"))
		return;
	calls_fail("network.check_port", arguments("127.0.0.1", 80), "NoAnswer");
	calls_fail("network.dns_lookup", "{\"host\":\"127.0.0.1\"}", "NoAnswer");
	calls_teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("network");
	TCase *c = tcase_create("network");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, check_port_tells_open_from_closed, 0, WAYS);
	tcase_add_loop_test(c, dns_lookup_lists_what_may_be_reached, 0, WAYS);
	tcase_add_loop_test(c, without_a_line_there_is_no_network, 0, WAYS);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
