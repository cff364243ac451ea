/* system.ping: a note to the same note and the time. */
#include <time.h>

#include "stdlib-caps/common/answer.h"

bool system_ping_open(struct handler_call *c)
{
	(void)c;
	return true;
}

bool system_ping_run(struct handler_call *c)
{
	struct timespec now;
	struct answer a;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return handler_fail(c, "Unavailable", "There is no clock.");
	answer_begin(&a, c->pool);
	answer_text(&a, "note", arg_text(c, "note"));
	answer_time(&a, "utc", now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	return answer_give(&a, c, "Unavailable");
}
