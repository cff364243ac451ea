/* network.dns_lookup: a name to the addresses that egress has found and would connect to. */
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/network/line.h"

bool network_dns_lookup_open(struct handler_call *c)
{
	(void)c;
	return true;
}

bool network_dns_lookup_run(struct handler_call *c)
{
	const struct line_ask ask = { .kind = LINE_LOOKUP };
	struct krux_value address[LINE_ADDRESSES];
	struct line_reply *r = krux_pool_get(c->pool, sizeof *r);
	struct answer a;

	if (!r)
		return handler_memory(c, "NoAnswer");
	if (!line_call(c, &ask, r, NULL))
		return false;
	if (r->status != LINE_OK)
		return line_failed(c, r->status, arg_text(c, "host"));
	for (uint32_t i = 0; i < r->n; i++)
		address[i] = (struct krux_value){ .kind = KRUX_V_BYTES, .str = { (char *)r->address[i], 16 } };
	answer_begin(&a, c->pool);
	answer_text(&a, "host", arg_text(c, "host"));
	answer_list(&a, "addresses", address, r->n);
	answer_uint(&a, "refused", r->refused);
	return answer_give(&a, c, "NoAnswer");
}
