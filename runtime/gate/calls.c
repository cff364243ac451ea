/* The calls that are under way: made in advance, found by cookie, by id, and by the seq of their
 * intent. */
#include "runtime/gate/gate_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOT_BITS = 13 };             /* of a cookie; above them how often the slot was used */
_Static_assert(GATE_CALLS == 1 << SLOT_BITS, "a cookie names every slot");

static struct call *slot(struct gate *g, size_t i)
{
	return (struct call *)(void *)(g->call_memory + i * g->call_size);
}

int calls_open(struct gate *g, struct krux_err *err)
{
	g->call_size = (sizeof(struct call) + tally_amounts(g->tally) * sizeof(uint64_t) + 15) & ~(size_t)15;
	g->call_memory = calloc(GATE_CALLS, g->call_size);
	if (!g->call_memory)
		return err_set(err, ENOMEM, "make room for calls");
	/* The first slots are used first, so that memory is touched as it is needed. */
	for (size_t i = GATE_CALLS; i--;) {
		struct call *c = slot(g, i);

		c->cookie = (uint64_t)COOKIE_CALL << COOKIE_SHIFT | i;
		c->next = g->call_free;
		g->call_free = c;
	}
	return 0;
}

struct call *call_at(struct gate *g, uint64_t cookie)
{
	struct call *c = slot(g, cookie & (GATE_CALLS - 1));

	return c->cookie == cookie && c->stage != CALL_FREE ? c : NULL;
}

void calls_each(struct gate *g, const struct agent *a, void (*each)(struct gate *, struct call *))
{
	unsigned left = a->ncalls;

	for (size_t i = 0; i < GATE_CALLS && left; i++) {
		struct call *c = slot(g, i);

		if (c->stage == CALL_FREE || c->agent != a)
			continue;
		left--;
		each(g, c);
	}
}

struct call *call_find(const struct session *s, uint64_t id)
{
	for (struct call *c = s->first; c; c = c->next)
		if (c->id == id)
			return c;
	return NULL;
}

struct call *call_of_seq(struct gate *g, uint64_t seq)
{
	struct call *c = g->by_seq[seq % GATE_SEQS];

	while (c && c->seq != seq)
		c = c->same_slot;
	return c;
}

struct call *call_new(struct gate *g, struct session *s, struct agent *a, uint64_t id, unsigned flags)
{
	struct call *c = g->call_free;
	uint64_t cookie;

	if (!c)
		return NULL;
	g->call_free = c->next;
	cookie = c->cookie + GATE_CALLS;
	cookie = (cookie & (((uint64_t)1 << COOKIE_SHIFT) - 1)) | (uint64_t)COOKIE_CALL << COOKIE_SHIFT;
	*c = (struct call){ .cookie = cookie, .session = s, .agent = a, .id = id, .flags = flags,
		            .stage = CALL_RECORDING, .blob = -1, .changes = -1, .held_fd = -1 };
	g->ncalls++;
	a->ncalls++;
	if (!s)
		return c;
	c->auth = s->auth;
	c->uid = s->uid;
	c->connection = s->number;
	c->next = s->first;
	if (s->first)
		s->first->prev = c;
	s->first = c;
	s->ncalls++;
	return c;
}

void call_leave(struct call *c)
{
	struct session *s = c->session;

	if (!s)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else
		s->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next = c->prev = NULL;
	c->session = NULL;
	s->ncalls--;
}

static void seq_drop(struct gate *g, struct call *c)
{
	struct call **at = &g->by_seq[c->seq % GATE_SEQS];

	while (*at && *at != c)
		at = &(*at)->same_slot;
	if (*at)
		*at = c->same_slot;
}

void call_over(struct gate *g, struct call *c)
{
	if (c->stage == CALL_RUNNING)
		seq_drop(g, c);
	c->stage = CALL_RECORDING;
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	if (c->held_fd >= 0)
		close(c->held_fd);
	c->held_fd = -1;
}

void call_told(struct gate *g, struct call *c)
{
	c->stage = CALL_TOLD;
	g->ntold++;
	c->agent->ntold++;
	call_leave(c);
}

/* Half of the room is for calls that wait for their record. */
bool calls_owed(const struct gate *g, const struct agent *a)
{
	return a->ntold >= GATE_TOLD || (g->ntold >= GATE_CALLS / 2 && a->ntold >= 8);
}

void call_waits(struct gate *g, struct call *c)
{
	c->stage = CALL_WAITING;
	c->same_slot = g->waiting;
	g->waiting = c;
	g->nwaiting++;
}

static void waiting_drop(struct gate *g, struct call *c)
{
	struct call **at = &g->waiting;

	while (*at && *at != c)
		at = &(*at)->same_slot;
	if (*at)
		*at = c->same_slot;
	g->nwaiting--;
}

void call_free(struct gate *g, struct call *c)
{
	if (c->stage == CALL_RUNNING)
		seq_drop(g, c);
	if (c->stage == CALL_WAITING)
		waiting_drop(g, c);
	if (c->stage == CALL_TOLD) {
		g->ntold--;
		c->agent->ntold--;
	}
	background_uncount(g, c);
	changes_forget(g, c);
	c->agent->ncalls--;
	call_leave(c);
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	if (c->held_fd >= 0)
		close(c->held_fd);
	if (c->blob >= 0)
		close(c->blob);
	c->held_fd = c->blob = -1;
	c->stage = CALL_FREE;
	c->next = g->call_free;
	g->call_free = c;
	g->ncalls--;
}

void calls_close(struct gate *g)
{
	for (size_t i = 0; g->call_memory && i < GATE_CALLS; i++) {
		struct call *c = slot(g, i);

		if (c->stage == CALL_FREE)
			continue;
		lend_give(&g->lend, c->held, c->held_room);
		if (c->held_fd >= 0)
			close(c->held_fd);
		if (c->blob >= 0)
			close(c->blob);
		changes_forget(g, c);
	}
	free(g->call_memory);
	g->call_memory = NULL;
}
