/* Effects that connect to what their operands say. */
#include "runtime/spawn/targets.h"

#include <string.h>

bool capability_connects(const struct krux_capability *c)
{
	for (size_t i = 0; i < c->neffects; i++)
		if (c->effect[i].kind == KRUX_EFFECT_CONNECTS)
			return true;
	return false;
}

static bool target_set(const struct krux_value *host, const struct krux_value *port, struct message_target *out)
{
	if (!host || host->kind != KRUX_V_TEXT || !host->str.n || host->str.n >= sizeof out->host ||
	    memchr(host->str.p, 0, host->str.n) || !port || port->kind != KRUX_V_UINT || !port->u || port->u > UINT16_MAX)
		return false;
	*out = (struct message_target){ .port = (uint16_t)port->u };
	memcpy(out->host, host->str.p, host->str.n);
	return true;
}

int targets_find(const struct krux_capability *c, const struct krux_value *args, struct message_target out[static LINE_TARGETS])
{
	int n = 0;

	for (size_t i = 0; i < c->neffects; i++) {
		const struct krux_effect *e = &c->effect[i];

		if (e->kind != KRUX_EFFECT_CONNECTS)
			continue;
		if (n == LINE_TARGETS || e->nargs != 2 ||
		    !target_set(krux_access_value(args, e->arg[0].access), krux_access_value(args, e->arg[1].access), &out[n]))
			return -1;
		n++;
	}
	return n;
}
