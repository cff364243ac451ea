/* Tickets that no longer wait, and what became of them, for those who poll. Each agent has its own, in a
 * ring: the newest takes the place of the oldest, and nobody's answers go for the sake of another's. */
#include "runtime/gate/gate_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ended_open(const struct gate *g, struct agent *a)
{
	if (!a->ended)
		a->ended = calloc(g->limits.answers, sizeof *a->ended);
	a->ended_room = a->ended ? g->limits.answers : 0;
	return a->ended;
}

static void frame_drop(struct agent *a, struct ended *e)
{
	free(e->frame);
	a->ended_bytes -= e->n;
	e->frame = NULL;
	e->n = 0;
}

void ended_close(struct agent *a)
{
	for (size_t i = 0; i < a->ended_room; i++)
		frame_drop(a, &a->ended[i]);
	free(a->ended);
	a->ended = NULL;
	a->ended_room = 0;
}

struct ended *ended_find(const struct agent *a, const uint8_t leaf[static TICKET_LEN])
{
	for (size_t i = 0; i < a->ended_room; i++)
		if (a->ended[i].used && !memcmp(a->ended[i].leaf, leaf, TICKET_LEN))
			return &a->ended[i];
	return NULL;
}

struct ended *ended_keep(struct agent *a, const uint8_t leaf[static TICKET_LEN], uint64_t seq, const char *why)
{
	struct ended *e = ended_find(a, leaf);

	if (!e)
		e = &a->ended[a->ended_next++ % a->ended_room];
	frame_drop(a, e);
	*e = (struct ended){ .used = true, .end = FRAME_END_WITHDRAWN, .seq = seq };
	memcpy(e->leaf, leaf, TICKET_LEN);
	if (why)
		snprintf(e->why, sizeof e->why, "%s", why);
	else
		snprintf(e->why, sizeof e->why, "it ran; what it answered is in the log, record %llu", (unsigned long long)seq);
	return e;
}

void ended_answer(const struct gate *g, struct agent *a, struct ended *e, const struct krux_capability *cap,
                  struct frame *f)
{
	size_t n;

	e->end = (enum frame_end)f->answer.end;
	f->id = 0;
	n = frame_encode(f, NULL, 0);
	/* What came as a file went to those who waited. */
	if (!n || n > LEND_MIDDLE + 512 || f->answer.has_size)
		return;
	/* The oldest answers go first; that they ran is still known. */
	for (size_t i = 0; i < a->ended_room && a->ended_bytes + n > g->limits.answer_bytes; i++)
		frame_drop(a, &a->ended[(a->ended_next + i) % a->ended_room]);
	e->frame = a->ended_bytes + n > g->limits.answer_bytes ? NULL : malloc(n);
	if (!e->frame)
		return;
	e->n = frame_encode(f, e->frame, n);
	a->ended_bytes += n;
	e->cap = cap;
}
