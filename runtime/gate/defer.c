/* Calls that a person has to approve to tickets: which files they name, what the spawner sees of them, and the record; or
 * to the card of the same call, where it waits already. */
#include "runtime/gate/gate_part.h"

#include "capspec/item.h"
#include "runtime/record/carry.h"

#include <stdio.h>
#include <string.h>

static const char too_many[] = "it names more than 16 places in the workspace, which no approval can be bound to";
_Static_assert(TICKET_PATHS == 16, "too_many says how many");

/* One more, with so many slashes at its end. One: the root of a tree, all below it is seen to be the same, too. Two: with its
 * contents, of a call that will run from them. What lies elsewhere, and what other effects name too, is none more. */
static size_t path_add(struct gate *g, struct krux_str *path, size_t n, struct krux_str p, bool tree, bool whole)
{
	static const char workspace[] = "/workspace";
	const size_t nroot = sizeof workspace - 1, slashes = whole ? 2 : tree;
	char *marked;

	if (p.n < nroot || memcmp(p.p, workspace, nroot) != 0 || (p.n == nroot ? !tree : p.p[nroot] != '/'))
		return n;
	marked = slashes ? krux_pool_get(g->pool, p.n + slashes) : NULL;
	if (slashes && !marked)
		return TICKET_PATHS + 1;
	if (marked) {
		memcpy(marked, p.p, p.n);
		memset(marked + p.n, '/', slashes);
		p = (struct krux_str){ marked, p.n + slashes };
	}
	for (size_t i = 0; i < n && i < TICKET_PATHS; i++)
		if (krux_str_eq(path[i], p))
			return n;
	if (n < TICKET_PATHS)
		path[n] = p;
	return n + 1;
}

size_t ticket_paths(struct gate *g, const struct request *q, struct krux_str path[static TICKET_PATHS])
{
	const bool whole = capability_runs_workspace(q->cap);
	size_t n = 0;

	for (size_t i = 0; i < q->cap->neffects && n <= TICKET_PATHS; i++) {
		const struct krux_effect *e = &q->cap->effect[i];
		const bool tree = e->nargs && e->arg[0].tree;
		const struct krux_value *v;

		if (e->kind == KRUX_EFFECT_CONNECTS || e->kind == KRUX_EFFECT_STATE || !e->nargs)
			continue;
		v = e->arg[0].is_constant ? NULL : krux_access_value(&q->args, e->arg[0].access);
		if (e->arg[0].is_constant)
			n = path_add(g, path, n, e->arg[0].constant, tree, whole);
		else if (v && v->kind == KRUX_V_TEXT)
			n = path_add(g, path, n, v->str, tree, whole);
		for (size_t k = 0; v && v->kind == KRUX_V_LIST && k < v->list.n && n <= TICKET_PATHS; k++)
			n = path_add(g, path, n, v->list.item[k].str, tree, whole);
	}
	return n < TICKET_PATHS + 1 ? n : TICKET_PATHS + 1;
}

/* Nobody is asked about files that nobody could look at. */
static void call_unseen(struct gate *g, struct call *c, struct krux_str why)
{
	char text[128];

	snprintf(text, sizeof text, "%.*s; nothing was done", (int)(why.n < 100 ? why.n : 100), why.p);
	tell_error(c->session, true, c->id, FRAME_ERROR_UNRECORDED, why.n ? text :
	           "the files that the call is about cannot be looked at, or a tree has more than 65536 entries or 64 folders in "
	           "one another; nothing was done", 0);
	call_free(g, c);
}

/* The answer waits in the call until the spawner has looked. False: there is nothing to look at; or,
 * with *failed, which says why or nothing, it cannot. */
static bool call_looks(struct gate *g, struct call *c, const char **failed)
{
	struct krux_str workspace = { c->agent->workspace, strlen(c->agent->workspace) }, path[TICKET_PATHS];
	size_t n = ticket_paths(g, &c->request, path);

	if (!n)
		return false;
	if (n > TICKET_PATHS) {
		*failed = too_many;
		return false;
	}
	c->held = lend_take(&g->lend, c->request.cbor.n, &c->held_room);
	if (!c->held || !spawner_look(g, c->cookie, workspace, path, n)) {
		lend_give(&g->lend, c->held, c->held_room);
		c->held = NULL;
		*failed = "";
		return false;
	}
	memcpy(c->held, c->request.cbor.p, c->request.cbor.n);
	c->held_n = c->request.cbor.n;
	c->stage = CALL_LOOKING;
	return true;
}

/* Waiting, no cancel can reach a call before it is told so: one that came earlier counts now. */
static void call_defers(struct gate *g, struct call *c)
{
	tell_refusal(c);
	if (!c->session || !(c->flags & FRAME_FLAG_WAIT)) {
		call_free(g, c);
		return;
	}
	call_waits(g, c);
	if (c->cancelled)
		ticket_unwait(g, c);
}

static void call_joins(struct gate *g, struct call *c, const struct card *k)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);

	memcpy(c->ticket, k->leaf, TICKET_LEN);
	c->has_ticket = true;
	c->seq = t ? t->seq : 0;
	call_defers(g, c);
}

void ticket_defer(struct gate *g, struct call *c, const struct krux_str *shown)
{
	struct entry_ticket e = { .ticket = NULL };
	const char *failed = NULL;
	struct card *k;

	card_same(c->agent, c->request.cap->name, c->request.cap->major, c->request.cap->minor, c->request.cbor, c->same);
	k = card_of_same(g, c->agent, c->same);
	if (k) {
		call_joins(g, c, k);
		return;
	}
	if (c->agent->ntickets >= g->limits.tickets) {
		tell_error(c->session, true, c->id, FRAME_ERROR_CALLS,
		             "too many calls of this agent wait for a person; nothing was done", 0);
		call_free(g, c);
		return;
	}
	if (!shown && call_looks(g, c, &failed))
		return;
	if (failed) {
		call_unseen(g, c, (struct krux_str){ failed, strlen(failed) });
		return;
	}
	if (shown)
		e.shown = *shown;
	call_record(g, c, AUDIT_KIND_DEFERRED, &e);
}

/* A list of the field `shown`, n 0 where it is empty; p NULL: it is none, the look has failed. */
static struct krux_str shown_read(struct krux_str s)
{
	struct item_in in = { (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
	const char *schema = "[(t?b32?u?u)]";

	if (!s.n || s.n > 16384 || !item_check(&in, &schema) || in.p != in.end)
		return (struct krux_str){ NULL, 0 };
	return (struct krux_str){ s.p, s.n > 1 ? s.n : 0 };
}

/* Why the look has failed, n 0 where nobody said. */
static struct krux_str shown_why(struct krux_str s)
{
	struct item_in in = { (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
	struct krux_str why;

	return s.n && item_take_str(&in, ITEM_TEXT, &why) && in.p == in.end ? why : (struct krux_str){ NULL, 0 };
}

void ticket_looked(struct gate *g, uint64_t cookie, struct krux_str shown)
{
	struct card *k = cookie >> COOKIE_SHIFT == COOKIE_CARD ? card_at(g, cookie) : NULL;
	struct call *c = cookie >> COOKIE_SHIFT == COOKIE_CALL ? call_at(g, cookie) : NULL;
	struct request_refusal refusal;
	struct krux_str seen = shown_read(shown), args;

	if (k)
		ticket_seen(g, k, seen);
	if (!c || c->stage != CALL_LOOKING)
		return;
	/* The facts may be others by now, and it is decided again. */
	args = (struct krux_str){ krux_pool_copy(g->pool, c->held, c->held_n), c->held_n };
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	c->stage = CALL_RECORDING;
	c->request.cbor = (struct krux_str){ NULL, 0 };
	if (!seen.p) {
		call_unseen(g, c, shown_why(shown));
		return;
	}
	if (!args.p || !call_args(g, c, args, &refusal)) {
		tell_error(c->session, true, c->id, FRAME_ERROR_UNRECORDED, "out of memory; nothing was done", 0);
		call_free(g, c);
		return;
	}
	call_settle(g, c, &seen);
}

void ticket_deferred(struct gate *g, struct call *c, const struct message_ack *a)
{
	struct card *k = card_of_same(g, c->agent, c->same), *mine = card_new(g, a->leaf, c->agent);

	if (c->about)
		changes_deferred(g, c, mine);
	if (c->renewal)
		ticket_renewed(g, c->agent, c->ticket, a->leaf);
	memcpy(c->ticket, a->leaf, TICKET_LEN);
	c->has_ticket = true;
	if (mine) {
		mine->blob = c->blob;
		c->blob = -1;
		memcpy(mine->same, c->same, sizeof mine->same);
		mine->ready = true;
	}
	/* The same was asked twice before the first was recorded: the first stays. */
	if (mine && k) {
		ticket_end(g, mine, AUDIT_KIND_WITHDRAWN, "the same call waits already");
		call_joins(g, c, k);
		return;
	}
	call_defers(g, c);
}
