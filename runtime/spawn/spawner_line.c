/* Calls that connect: what their effects say to lines between child and egress. The child is told nothing that it
 * could change: it asks by number, and host and port are those that were decided. */
#include "runtime/spawn/spawner_part.h"

#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/spawn/targets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Builtins of the process that has libcurl. */
static bool is_web(const struct krux_capability *c)
{
	static const char *const names[] = {
#define WEB(name, calls, ...) #name,
#define BUILTIN(name, calls, ...)
#include "capspec/builtins.def"
#undef BUILTIN
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (c->handler.kind == KRUX_HANDLER_BUILTIN &&
		    krux_str_eq(c->handler.name, (struct krux_str){ names[i], strlen(names[i]) }))
			return true;
	return false;
}

static void below_leave(struct spawner *s, struct end *e)
{
	if (!e->on)
		return;
	e->on = false;
	end_gone(s, e);
	channel_close(&e->channel);
	e->channel.fd = -1;
}

/* by: a capability that needs it, or NULL. */
static int below_keep(struct spawner *s, struct end *e, const struct krux_capability *by, const char *program,
                      struct krux_err *err)
{
	if (!by) {
		below_leave(s, e);
		return 0;
	}
	if (e->on)
		return 0;
	return err_set(err, 0, "the bundle lets calls of %.*s through, and %s is not among kruxrt's programs (kruxrt doctor "
	               "says more)", (int)by->name.n, by->name.p, program);
}

int below_settle(struct spawner *s, struct krux_err *err)
{
	const struct krux_capability *connects = NULL, *web = NULL;

	for (size_t i = 0; i < s->policy->ncaps; i++) {
		const struct krux_capability *c = &s->policy->cap[i];
		const struct krux_layer *layer = loaded_layer(s->policy, c);

		if (!layer || !layer->filter)
			continue;
		connects = connects || !capability_connects(c) ? connects : c;
		web = web || !is_web(c) ? web : c;
	}
	return below_keep(s, &s->egress, connects, "krux-egress", err) || below_keep(s, &s->web, web, "krux-web", err) ? -1 : 0;
}

struct end *below_find(struct spawner *s, const struct krux_capability *c, struct krux_err *err)
{
	if (!is_web(c))
		return &s->handler;
	if (s->web.on)
		return &s->web;
	err_set(err, 0, "there is no process for handlers of the web");
	return NULL;
}

int connects_find(const struct spawner *s, const struct warrant *w, struct connects *out, struct krux_err *err)
{
	int n;

	*out = (struct connects){ .n = 0 };
	n = targets_find(w->cap, &w->value, out->target);
	if (n < 0)
		return err_set(err, 0, "what the call connects to is no host and port");
	out->n = (unsigned)n;
	if (out->n && !s->egress.on)
		return err_set(err, 0, "there is no egress process, so no call connects");
	return 0;
}

int line_make(struct spawner *s, uint64_t seq, const struct connects *c, int *child, struct krux_err *err)
{
	const struct part part = { c->target, c->n * sizeof *c->target };
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_set(err, errno, "make a line for the call");
	rc = channel_put_fds(&s->egress.channel, MESSAGE_LINE, seq, &part, 1, &pair[1], 1, err);
	close(pair[1]);
	if (rc) {
		close(pair[0]);
		return -1;
	}
	*child = pair[0];
	return 0;
}

void egress_take(struct spawner *s, struct message *m)
{
	if (m->kind == MESSAGE_LINED) {
		call_lined(s, m);
	} else {
		spawner_say("the egress process said what it does not say", "");
		end_gone(s, &s->egress);
	}
}
