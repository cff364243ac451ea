/* network.check_port: a host and a port to whether a connection came about. */
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/network/line.h"

#include <unistd.h>

bool network_check_port_open(struct handler_call *c)
{
	(void)c;
	return true;
}

/* How it is called in the answer; NULL: it is an error. */
static const char *state_word(uint32_t status)
{
	switch (status) {
	case LINE_OK:
		return "open";
	case LINE_CLOSED:
		return "closed";
	case LINE_UNREACHABLE:
		return "unreachable";
	case LINE_TIMEOUT:
		return "timeout";
	default:
		return NULL;
	}
}

bool network_check_port_run(struct handler_call *c)
{
	const struct line_ask ask = { .kind = LINE_CONNECT, .timeout_ms = (uint32_t)arg_uint(c, "timeout_ms") };
	struct line_reply *r = krux_pool_get(c->pool, sizeof *r);
	struct answer a;
	int fd;

	if (!r)
		return handler_memory(c, "NoAnswer");
	if (!line_call(c, &ask, r, &fd))
		return false;
	if (fd >= 0)
		close(fd);
	if (!state_word(r->status))
		return line_failed(c, r->status, arg_text(c, "host"));
	answer_begin(&a, c->pool);
	answer_word(&a, "state", state_word(r->status));
	if (r->status == LINE_OK && r->n)
		answer_value(&a, "address",
		             (struct krux_value){ .kind = KRUX_V_BYTES, .str = { (char *)r->address[0], 16 } });
	answer_uint(&a, "took_us", r->status == LINE_OK ? r->took_ns / 1000 : 0);
	return answer_give(&a, c, "NoAnswer");
}
