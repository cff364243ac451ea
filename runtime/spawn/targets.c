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

/* Of a URL whose host that is: its scheme. Of a host and a port alone: the port of http. */
static bool is_plain(const struct krux_capability *c, const struct krux_value *args, struct krux_str access, uint64_t port)
{
	const char *dot = memrchr(access.p, '.', access.n);
	const struct krux_str url = { access.p, dot ? (size_t)(dot - access.p) : 0 };
	const struct krux_type *type = dot ? krux_access_type(c->input, url) : NULL;
	const struct krux_value *scheme, *value;

	if (!type || type->kind != KRUX_T_URL)
		return port == 80;
	value = krux_access_value(args, url);
	scheme = value ? krux_value_get(value, "scheme") : NULL;
	return scheme && scheme->kind == KRUX_V_TEXT && krux_str_eq(scheme->str, KRUX_STR("http"));
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
		out[n].plain = is_plain(c, args, e->arg[0].access, out[n].port);
		n++;
	}
	return n;
}
