/* Runs whose changes wait for a person to tickets. The run has an intent and an outcome of its own; the ticket's record is about
 * it, and names the change set. What the ticket lets run puts that in place. Both are decided with the facts of their time, but
 * for rates and budgets, which the run has counted in: they are for what is run, and nothing is run again. */
#include "runtime/gate/gate_part.h"

#include "runtime/base/changeset.h"
#include "runtime/record/blob.h"

#include <string.h>
#include <unistd.h>

/* Of one agent, or of all (NULL): those that wait, and those that may come to. */
static unsigned changes_count(const struct gate *g, const struct agent *a)
{
	unsigned n = a ? a->nkeeping : g->nkeeping;

	for (const struct card *k = g->cards; k; k = k->next)
		n += k->about && (!a || k->agent == a);
	return n;
}

const char *changes_full(const struct gate *g, const struct agent *a)
{
	if (changes_count(g, a) >= g->limits.changes)
		return "too many change sets of this agent wait for a person; nothing was done";
	return changes_count(g, NULL) >= g->limits.all_changes ? "too many change sets of all agents wait for a person; nothing was done" :
	       NULL;
}

bool changes_expect(struct gate *g, struct call *c)
{
	if (!c->request.cap->approves_changes || c->about)
		return true;
	c->kept = lend_take(&g->lend, c->request.cbor.n, &c->kept_room);
	if (!c->kept)
		return false;
	memcpy(c->kept, c->request.cbor.p, c->request.cbor.n);
	c->kept_n = c->request.cbor.n;
	c->keeps = true;
	c->agent->nkeeping++;
	g->nkeeping++;
	return true;
}

void changes_forget(struct gate *g, struct call *c)
{
	if (c->keeps) {
		c->agent->nkeeping--;
		g->nkeeping--;
	}
	c->keeps = false;
	lend_give(&g->lend, c->kept, c->kept_room);
	c->kept = NULL;
	if (c->changes >= 0)
		close(c->changes);
	c->changes = -1;
}

void changes_judged(struct call *c)
{
	c->own = *judge_approvals(&c->judgement);
	c->own.ncounters = 0;
	c->judgement.obligation = &c->own;
}

const uint8_t *changes_map(const struct call *c, size_t *n, struct krux_str *content)
{
	const size_t salt = c->salted ? BLOB_SALT : 0;
	struct krux_err err = { 0 };
	const uint8_t *p = c->changes < 0 ? NULL : memory_map(c->changes, CHANGESET_BYTES + BLOB_SALT, n, &err);

	if (p && *n <= salt) {
		memory_unmap(p, *n);
		return NULL;
	}
	if (p)
		*content = (struct krux_str){ (const char *)p + salt, *n - salt };
	return p;
}

void changes_salted(struct call *c, struct entry_memory *m)
{
	if (!m->n)
		return;
	close(c->changes);
	c->changes = m->fd[--m->n];
	c->salted = true;
}

static void changes_lost(struct gate *g, struct call *c, enum frame_end end, const char *why)
{
	tell_end(g, c, end, why);
	call_free(g, c);
}

void changes_defer(struct gate *g, struct call *c)
{
	struct request_refusal refusal;
	struct krux_str args = { krux_pool_copy(g->pool, c->kept, c->kept_n), c->kept_n };

	call_over(g, c);
	if (c->cancelled) {
		changes_lost(g, c, FRAME_END_KILLED, "cancelled: its program has run, and nothing that it changed was kept");
		return;
	}
	c->about = c->seq;
	c->request.cbor = (struct krux_str){ NULL, 0 };
	memset(c->same, 0, sizeof c->same);
	if (!args.p || !call_args(g, c, args, &refusal)) {
		changes_lost(g, c, FRAME_END_BROKEN, "its program has run; nothing that it changed was kept, since there is no memory");
		return;
	}
	call_decide(g, c);
	call_record(g, c, c->judgement.verdict == KRUX_BLOCKED ? AUDIT_KIND_DENIED : AUDIT_KIND_DEFERRED, NULL);
}

void changes_denied(struct gate *g, struct call *c)
{
	tell_end(g, c, FRAME_END_DENIED, "its program has run; the policy denies what it has changed, and nothing of it was kept");
}

void changes_unrecorded(struct gate *g, struct call *c)
{
	tell_end(g, c, FRAME_END_BROKEN, "its program has run; what it changed cannot be recorded, and nothing of it was kept");
}

void changes_deferred(struct gate *g, struct call *c, struct card *k)
{
	/* Who waits for the ticket that has let it run waits for this one from now on. */
	if (c->release) {
		ended_keep(c->agent, c->ticket, c->about, NULL);
		c->release = false;
		c->renewal = true;
	}
	if (k) {
		k->about = c->about;
		k->changes = c->changes;
		memcpy(c->same, k->leaf, sizeof c->same);
		c->changes = -1;
	}
	changes_forget(g, c);
}
