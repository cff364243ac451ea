/* Calls of commands in the background: answered when their program runs, and under way until their outcome is recorded.
 * What is asked about them meanwhile are calls like all others, which the spawner answers. */
#include "runtime/gate/gate_part.h"

#include <stdio.h>
#include <string.h>

static bool is_background(const struct call *c)
{
	return c->request.cap && c->request.cap->handler.background;
}

/* The spawner counts once more, also those that a ticket lets run. */
bool background_admit(struct gate *g, struct call *c)
{
	char why[96];

	if (!is_background(c) || c->release || !c->session)
		return true;
	if (g->options.agent) {
		tell_error(c->session, true, c->id, FRAME_ERROR_CALLS,
		           "a command in the background needs a daemon that stays (kruxrt serve); nothing was done", 0);
		return false;
	}
	if (c->agent->nruns < RUNS_AGENT && g->nruns < RUNS_ALL)
		return true;
	snprintf(why, sizeof why, "%s %d runs in the background, which is the most; nothing was done",
	         c->agent->nruns < RUNS_AGENT ? "there are" : "this agent has", c->agent->nruns < RUNS_AGENT ? RUNS_ALL : RUNS_AGENT);
	tell_error(c->session, true, c->id, FRAME_ERROR_CALLS, why, 1000);
	return false;
}

void background_count(struct gate *g, struct call *c)
{
	if (!is_background(c) || c->counted)
		return;
	c->counted = true;
	g->nruns++;
	c->agent->nruns++;
}

void background_uncount(struct gate *g, struct call *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	g->nruns--;
	c->agent->nruns--;
}

/* From here on it is nobody's. */
static void background_answer(struct gate *g, struct call *c)
{
	tell_result(g, c);
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	c->early = false;
	call_leave(c);
	c->release = false;
	c->runs = true;
}

/* As with a result, what the spawner says has to come together with the record of it. */
void background_started(struct gate *g, struct call *c, const struct message *m)
{
	if (c->stage != CALL_RUNNING || c->held || c->runs || c->lost || c->recorded || !is_background(c))
		return;
	c->held = lend_take(&g->lend, m->n, &c->held_room);
	if (!c->held) {
		c->lost = true;                /* its outcome is what it is answered with */
		return;
	}
	memcpy(c->held, m->body, m->n);
	c->held_n = m->n;
	c->early = true;
	if (c->begun)
		background_answer(g, c);
}

void background_begun(struct gate *g, struct call *c)
{
	c->begun = true;
	if (c->early)
		background_answer(g, c);
}

/* One that has ended by then is answered with how it did. */
void background_result(struct gate *g, struct call *c)
{
	if (!c->early)
		return;
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	c->early = false;
}

/* This gate goes, and with it those that its calls belong to. */
void background_end(struct gate *g)
{
	for (unsigned i = 0; i < GATE_SEQS && g->nruns; i++)
		for (struct call *c = g->by_seq[i]; c; c = c->same_slot)
			if (is_background(c) && !c->cancelled) {
				spawner_cancel(g, c, CANCEL_GENERATION);
				c->cancelled = true;
			}
}
